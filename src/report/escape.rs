//! Keeps text from files and arguments from acting on what shows a report.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{Formatter, PrettyFormatter};

use crate::inert;
#[cfg(test)]
use crate::inert::is_unsafe;
pub(super) use crate::inert::{line, lines, push_escaped};

/// Writes JSON with a line end. Unsafe characters are written as JSON's own escapes, so that whoever decodes the text has
/// them back.
pub(super) fn json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Ascii::default()))?;
    out.write_all(b"\n")
}

/// JSON over several lines without unsafe characters.
#[derive(Default)]
struct Ascii(PrettyFormatter<'static>);

impl Formatter for Ascii {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        writer.write_all(inert::json(fragment).as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
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
        assert_eq!(String::from_utf8(bytes).unwrap(), format!("{plain:#}\n"));
    }
}
