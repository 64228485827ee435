//! [`Region`]: a span as lines, columns and bytes, the way JSON and SARIF give it.

use std::path::MAIN_SEPARATOR;

use serde::Serialize;

use crate::finding::Label;
use crate::parser::{Source, Sources, Span};

/// A place in a file. Lines and columns are 1-based, columns count Unicode code points and the end is exclusive;
/// bytes are 0-based and half-open.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Region {
    /// The path as the user gave it, with forward slashes.
    pub path: String,
    /// Line of the first character.
    pub start_line: u32,
    /// Column of the first character.
    pub start_column: u32,
    /// Line of the place just after the last character.
    pub end_line: u32,
    /// Column of the place just after the last character.
    pub end_column: u32,
    /// Offset of the first byte.
    pub start_byte: u32,
    /// Offset just after the last byte.
    pub end_byte: u32,
}

impl Region {
    /// The region of a span; a span that reaches past the end of the file is cut there.
    pub fn new(source: &Source, span: Span) -> Self {
        let length = source.text().len() as u32;
        let start_byte = span.start.min(length);
        let end_byte = span.end.clamp(start_byte, length);
        let start = source.location(start_byte);
        let end = source.location(end_byte);
        Region {
            path: forward_slashes(source.name()),
            start_line: start.line,
            start_column: start.column,
            end_line: end.line,
            end_column: end.column,
            start_byte,
            end_byte,
        }
    }

    /// The region of a label.
    pub fn of_label(sources: &Sources, label: &Label) -> Self {
        Region::new(sources.get(label.source), label.span)
    }
}

/// A path as every format writes it.
pub(super) fn forward_slashes(path: &str) -> String {
    if MAIN_SEPARATOR == '\\' {
        path.replace('\\', "/")
    } else {
        path.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn source(text: &str) -> Source {
        Source::new("iam/head-node.json", text)
    }

    #[test]
    fn columns_count_code_points() {
        let region = Region::new(&source("{\r\n\t\"ü字\": 1}"), Span::new(4, 11));
        assert_eq!((region.start_line, region.start_column), (2, 2));
        assert_eq!((region.end_line, region.end_column), (2, 6));
        assert_eq!((region.start_byte, region.end_byte), (4, 11));
    }

    #[test]
    fn the_end_of_the_file_is_a_place() {
        let region = Region::new(&source("{}\n"), Span::new(3, 3));
        assert_eq!((region.start_line, region.start_column), (2, 1));
        let beyond = Region::new(&source("{}\n"), Span::new(2, 99));
        assert_eq!((beyond.end_line, beyond.end_byte), (2, 3));
    }

    /// Counts from the start, one character at a time.
    fn walk(text: &str, offset: usize) -> (u32, u32) {
        let (mut line, mut column) = (1, 1);
        for (at, c) in text.char_indices() {
            if at >= offset {
                break;
            }
            if c == '\n' {
                line += 1;
                column = 1;
            } else {
                column += 1;
            }
        }
        (line, column)
    }

    fn boundaries(text: &str) -> Vec<usize> {
        (0..=text.len())
            .filter(|at| text.is_char_boundary(*at))
            .collect()
    }

    proptest! {
        #[test]
        fn agrees_with_a_walk_through_the_text(
            text in "([a-z\"{}\\t\u{1b}üé字😀]|\r\n|\n|\r){0,60}",
            from: prop::sample::Index,
            to: prop::sample::Index,
        ) {
            let places = boundaries(&text);
            let (a, b) = (*from.get(&places), *to.get(&places));
            let (start, end) = (a.min(b), a.max(b));
            let region = Region::new(&source(&text), Span::new(start, end));
            prop_assert_eq!((region.start_line, region.start_column), walk(&text, start));
            prop_assert_eq!((region.end_line, region.end_column), walk(&text, end));
            prop_assert_eq!(region.start_byte as usize..region.end_byte as usize, start..end);
        }

        #[test]
        fn agrees_on_long_lines(unit in "[a-ü字😀\\n]{1,9}", times in 1usize..3000, at: prop::sample::Index) {
            let text = format!("{}\n{}", "é".repeat(times), unit.repeat(times));
            let places = boundaries(&text);
            let offset = *at.get(&places);
            let region = Region::new(&source(&text), Span::new(offset, offset));
            prop_assert_eq!((region.start_line, region.start_column), walk(&text, offset));
        }
    }
}
