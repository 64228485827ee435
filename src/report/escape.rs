//! Keeps text from files and arguments from steering the reader's terminal.

use std::borrow::Cow;

/// Whether a character must not be printed as it is: controls but for the tab, and characters without
/// width or that reorder their neighbours.
fn is_unsafe(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Appends `text` with unsafe characters written as `\n`, `\u{1b}` …
pub(super) fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        if is_unsafe(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
}

/// One line of text, made safe.
pub(super) fn line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    push_escaped(&mut out, text);
    Cow::Owned(out)
}

/// Text of several lines, made safe; line ends and indentation stay.
pub(super) fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        push_escaped(&mut out, line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_spelled_out() {
        assert_eq!(line("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(line("a\u{202e}b\rc\u{9b}"), "a\\u{202e}b\\rc\\u{9b}");
        assert_eq!(line("a\nb"), "a\\nb");
    }

    #[test]
    fn ordinary_text_stays() {
        assert!(matches!(line("q\tü 字 …"), Cow::Borrowed("q\tü 字 …")));
        assert_eq!(lines("{\r\n    \"a\": 1\n}"), "{\n    \"a\": 1\n}");
    }
}
