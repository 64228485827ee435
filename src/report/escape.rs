//! Keeps text from files and arguments from acting on what shows a report.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use crate::inert;
#[cfg(test)]
use crate::inert::is_unsafe;
pub(super) use crate::inert::{line, lines, push_escaped};

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
        writer.write_all(inert::json(fragment).as_bytes())
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
}
