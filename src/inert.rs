//! The one escaper: keeps text from files, names, arguments and the environment from acting on what shows it.
//!
//! Such text cannot end a line, steer a terminal, hide or reorder its neighbours, or be read as a command by the service
//! that keeps the log (`::add-mask::`, `##vso[task.setvariable]`).

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character must not be printed as it is: controls but for the tab, and characters without width or that
/// reorder their neighbours.
pub(crate) fn is_unsafe(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether text begins with a command that services find anywhere in a line: `##[group]`, `##vso[…]`.
pub(crate) fn begins_command(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("##") else {
        return false;
    };
    let rest = rest.trim_start_matches('#');
    rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric())
        .starts_with('[')
}

/// Whether a line begins with a command of a GitHub workflow.
fn begins_workflow_command(line: &str) -> bool {
    line.trim_start().starts_with("::")
}

/// Whether a text has only printable characters of ASCII, and none that begins a command in the middle of a line.
fn is_plain(text: &str) -> bool {
    // Without a way out of the loop several bytes are looked at at once.
    let is_other = |b: u8| !(b' '..=b'~').contains(&b) || b == b'#';
    !text.bytes().fold(false, |found, b| found | is_other(b))
}

/// Appends `text` with unsafe characters written as `\n`, `\u{1b}` …
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    if is_plain(text) && !(text.contains('[') && out.contains('#')) {
        out.push_str(text);
        return;
    }
    for (at, c) in text.char_indices() {
        let begins = c == '#' && text.get(at..).is_some_and(begins_command);
        if begins || (c == '[' && ends_like_command(out)) {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else if is_unsafe(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
}

/// Whether what was written would become a command with a bracket behind it: text that comes in pieces.
fn ends_like_command(out: &str) -> bool {
    let head = out.trim_end_matches(|c: char| c.is_ascii_alphanumeric());
    head.ends_with("##")
}

/// One line of text, made safe.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    let acts = |c: char| is_unsafe(c) || c == '\t';
    let is_command = begins_workflow_command(text);
    if !is_command && (is_plain(text) || !text.contains(acts) && !text.contains("##")) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    if is_command && let Some((blank, command)) = text.split_once(':') {
        push_escaped(&mut out, blank);
        out.push_str("\\u{3a}");
        rest = command;
    }
    push_escaped(&mut out, rest);
    if out.contains('\t') {
        out = out.replace('\t', "\\t");
    }
    Cow::Owned(out)
}

/// Text of several lines, made safe; line ends, tabs and indentation stay.
pub(crate) fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        if begins_workflow_command(line)
            && let Some((blank, command)) = line.split_once(':')
        {
            push_escaped(&mut out, blank);
            out.push_str("\\u{3a}");
            push_escaped(&mut out, command);
        } else {
            push_escaped(&mut out, line);
        }
    }
    out
}

/// JSON that holds nothing unsafe outside of its strings, with JSON's own escapes for what is unsafe in them.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    if !text.contains(is_json_unsafe) && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        let begins = c == '#' && text.get(at..).is_some_and(begins_command);
        if begins || is_json_unsafe(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Line ends stand between the values of JSON: within strings they are escaped already.
fn is_json_unsafe(c: char) -> bool {
    is_unsafe(c) && c != '\n'
}

/// The reason why a text cannot be shown as it is, with its line: an unsafe character or a command of a service.
/// Line ends of Windows and a byte order mark at the start do not.
pub(crate) fn first_unsafe(text: &str) -> Option<(usize, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split('\n').enumerate().find_map(|(index, line)| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let character = line.chars().find(|c| is_unsafe(*c));
        let found = character.map(|c| format!("the character U+{:04X}", u32::from(c)));
        let is_command = || {
            line.match_indices("##")
                .any(|(at, _)| line.get(at..).is_some_and(begins_command))
        };
        let found =
            found.or_else(|| is_command().then(|| "a command to CI services (`##`)".to_owned()))?;
        Some((index + 1, found))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_spelled_out() {
        assert_eq!(line("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(line("a\u{202e}b\rc\u{9b}"), "a\\u{202e}b\\rc\\u{9b}");
        assert_eq!(line("a\nb\tc"), "a\\nb\\tc");
        assert_eq!(line("a\u{e0041}\u{fe0f}"), "a\\u{e0041}\\u{fe0f}");
    }

    #[test]
    fn commands_of_services_are_text() {
        for (text, shown) in [
            ("::add-mask::x", "\\u{3a}:add-mask::x"),
            ("  ::error::x", "  \\u{3a}:error::x"),
            ("\t::error::x", "\\t\\u{3a}:error::x"),
            ("a ##[error]x", "a \\u{23}#[error]x"),
            ("##vso[task.complete]", "\\u{23}#vso[task.complete]"),
            ("###[x]", "\\u{23}\\u{23}#[x]"),
        ] {
            assert_eq!(line(text), shown);
        }
        for text in ["## What it checks", "arn:aws:s3:::x", "a::b", "#[x]"] {
            assert_eq!(line(text), text);
        }
        assert_eq!(lines("a\n::b"), "a\n\\u{3a}:b");
        let mut pieces = String::new();
        for piece in ["#", "#", "vso", "[x]"] {
            push_escaped(&mut pieces, piece);
        }
        assert_eq!(pieces, "##vso\\u{5b}x]");
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({"a\u{9b}": "##[x]\u{202e}\u{e0041}\n"});
        let text = value.to_string();
        let safe = json(&text);
        assert!(!safe.contains(is_unsafe) && !safe.contains("##["), "{safe}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&safe).unwrap(),
            value
        );
    }

    #[test]
    fn ordinary_text_stays() {
        assert!(matches!(line("q ü 字 …"), Cow::Borrowed("q ü 字 …")));
        assert_eq!(lines("{\r\n    \"a\": 1\n}"), "{\n    \"a\": 1\n}");
        assert_eq!(first_unsafe("\u{feff}{\r\n}\r\n"), None);
        let found = |text: &str| first_unsafe(text).unwrap();
        assert_eq!(
            found("{\r\n\"a\rb\"}"),
            (2, "the character U+000D".to_owned())
        );
        assert_eq!(found("\n\n\"##[x]").0, 3);
    }
}
