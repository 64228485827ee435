//! Bytes of a file to text.

use super::policy::Problem;
use super::source::{Source, Span};

/// Turns the bytes of a file into a [`Source`] under the name the user gave.
///
/// Bytes that are not UTF-8 give a problem of kind [`InvalidJson`](super::ProblemKind::InvalidJson) with the place of
/// the first bad byte. The source then holds the text before that place only: offsets in it are true, but there is
/// nothing to [`parse`](super::parse).
pub fn decode(name: &str, bytes: Vec<u8>) -> (Source, Option<Problem>) {
    if let Some(encoding) = other_encoding(&bytes) {
        let problem = Problem::invalid_json(
            "encoding",
            format!("the file is {encoding}, not UTF-8"),
            Span::new(0, 0),
        )
        .with_help(
            "save it as UTF-8 without a byte order mark; Windows PowerShell's `>` writes UTF-16, \
             use `| Out-File -Encoding ascii policy.json` instead",
        );
        return (Source::new(name, ""), Some(problem));
    }
    match String::from_utf8(bytes) {
        Ok(text) => (Source::new(name, text), None),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            let bad = bytes.get(good).copied().unwrap_or_default();
            let text = String::from_utf8_lossy(bytes.get(..good).unwrap_or_default()).into_owned();
            let problem = Problem::invalid_json(
                "encoding",
                format!("the file is not UTF-8: byte 0x{bad:02X} at offset {good}"),
                Span::new(good, good),
            )
            .with_help(
                "save it as UTF-8; letters with accents and curly quotes are often stored in another encoding",
            );
            (Source::new(name, text), Some(problem))
        }
    }
}

/// UTF-32 or UTF-16, by a byte order mark or by the NUL bytes beside ASCII, which would pass for UTF-8.
fn other_encoding(bytes: &[u8]) -> Option<&'static str> {
    let [a, b, ..] = *bytes else { return None };
    let start = bytes.get(..4).unwrap_or_default();
    let nul: Vec<bool> = start.iter().map(|byte| *byte == 0).collect();
    match (start, nul.as_slice()) {
        ([0xFF, 0xFE, 0, 0] | [0, 0, 0xFE, 0xFF], _)
        | (_, [false, true, true, true] | [true, true, true, false]) => Some("UTF-32"),
        (_, [false, true, false, true] | [true, false, true, false]) => Some("UTF-16"),
        _ if matches!([a, b], [0xFF, 0xFE] | [0xFE, 0xFF]) => Some("UTF-16"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ProblemKind, parse};
    use super::*;
    use crate::parser::SourceId;

    #[test]
    fn utf8_is_kept_byte_for_byte() {
        let text = "\u{feff}{\"é\": 1}\r\n";
        let (source, problem) = decode("a", text.as_bytes().to_vec());
        assert_eq!(source.text(), text);
        assert_eq!(problem, None);
    }

    #[test]
    fn latin1_is_placed() {
        let (source, problem) = decode("a", b"{\"caf\xE9\": 1}".to_vec());
        let problem = problem.unwrap();
        assert_eq!(problem.kind, ProblemKind::InvalidJson);
        assert!(problem.message.contains("not UTF-8"), "{}", problem.message);
        assert!(problem.message.contains("0xE9"));
        assert_eq!(problem.span, Span::new(5, 5));
        assert_eq!(source.text(), "{\"caf");
    }

    #[test]
    fn utf16_has_its_own_words() {
        let little: Vec<u8> = "{\"a\": 1}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let big: Vec<u8> = "{\"a\": 1}"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        let marked = [&[0xFF, 0xFE], little.as_slice()].concat();
        for bytes in [little, big, marked, vec![0xFE, 0xFF]] {
            let (source, problem) = decode("a", bytes);
            let problem = problem.unwrap();
            assert!(problem.message.contains("UTF-16"));
            assert!(problem.help.unwrap().contains("UTF-8"));
            assert_eq!(source.text(), "");
        }
    }

    #[test]
    fn utf32_has_its_name() {
        let units = |order: fn(u32) -> [u8; 4]| -> Vec<u8> {
            let text = "{\"a\": 1}".chars();
            text.flat_map(|c| order(u32::from(c))).collect()
        };
        let (little, big) = (units(u32::to_le_bytes), units(u32::to_be_bytes));
        let marked = [&[0xFF, 0xFE, 0, 0], little.as_slice()].concat();
        for bytes in [little, big, marked, vec![0, 0, 0xFE, 0xFF]] {
            let (_, problem) = decode("a", bytes);
            assert_eq!(problem.unwrap().message, "the file is UTF-32, not UTF-8");
        }
    }

    #[test]
    fn empty_file_is_text() {
        let (source, problem) = decode("a", Vec::new());
        assert_eq!(problem, None);
        let document = parse(SourceId(0), &source);
        assert!(document.problems[0].message.contains("empty"));
    }
}
