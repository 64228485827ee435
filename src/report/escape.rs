//! Keeps text from files and arguments from steering the reader's terminal.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

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

/// Writes JSON on one line with a line end. Unsafe characters are written as JSON's own escapes, so that decoding the
/// text restores them.
pub(super) fn json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Ascii))?;
    out.write_all(b"\n")
}

/// Compact JSON without unsafe characters.
struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        if !fragment.contains(is_unsafe) {
            return writer.write_all(fragment.as_bytes());
        }
        for c in fragment.chars() {
            let mut buffer = [0; 4];
            if is_unsafe(c) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                writer.write_all(c.encode_utf8(&mut buffer).as_bytes())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_decodes_to_the_same_and_has_nothing_unsafe() {
        let value = serde_json::json!({
            "a\u{2028}b": ["\u{1b}[31m\u{9b}", "\u{7f}\u{202e}\u{feff}", "q\t\"\\字\u{e0001}"],
            "empty": [{}, []],
        });
        let mut bytes = Vec::new();
        json(&value, &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.lines().any(|line| line.contains(is_unsafe)), "{text}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
        let plain = serde_json::json!({"a": [1, {"b": "ü"}], "c": {}});
        let mut bytes = Vec::new();
        json(&plain, &mut bytes).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), format!("{plain}\n"));
    }

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
