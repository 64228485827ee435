//! The texts of templates: escapes, the indentation of heredocs, blanks beside `~`.

use super::syntax_tree::{Literal, Part};

/// The form of a text, which decides what is an escape in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Style {
    /// Between quotes.
    Quoted,
    /// In a heredoc, line by line.
    Heredoc,
    /// A file of its own, or a string of a `.tf.json` file.
    Bare,
}

/// Reads the bytes of a text as they are in the file; `place` says where each is.
pub(super) fn decode(raw: &str, style: Style, place: impl Fn(usize) -> u32) -> Literal {
    let mut literal = Literal::default();
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        let at = raw.len() - rest.len();
        let mut put = |text: &str, width: usize| {
            literal.text.push_str(text);
            // The bytes of an escape all stand where it starts.
            let same = width == text.len();
            let offsets = (0..text.len()).map(|i| place(if same { at + i } else { at }));
            literal.offsets.extend(offsets);
            width
        };
        let width = if rest.starts_with("$${") || rest.starts_with("%%{") {
            put(rest.get(1..3).unwrap_or_default(), 3)
        } else if c == '\\' && style == Style::Quoted {
            let (decoded, width) = escape(rest);
            let mut buffer = [0; 4];
            put(decoded.encode_utf8(&mut buffer), width)
        } else {
            put(rest.get(..c.len_utf8()).unwrap_or_default(), c.len_utf8())
        };
        rest = rest.get(width..).unwrap_or_default();
    }
    literal.offsets.push(place(raw.len()));
    literal
}

/// A character behind a backslash, and how many bytes it takes; a text that was read has no others than these.
fn escape(rest: &str) -> (char, usize) {
    let code = |digits: usize| {
        let hex = rest.get(2..2 + digits).unwrap_or_default();
        let number = u32::from_str_radix(hex, 16).unwrap_or_default();
        char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER)
    };
    match rest.as_bytes().get(1) {
        Some(b'n') => ('\n', 2),
        Some(b'r') => ('\r', 2),
        Some(b't') => ('\t', 2),
        Some(b'u') => (code(4), 6),
        Some(b'U') => (code(8), 10),
        Some(c) if c.is_ascii() => (char::from(*c), 2),
        _ => ('\\', 1),
    }
}

/// Takes away blanks at the start, up to the end of the line unless the text is between quotes.
pub(super) fn strip_start(literal: &mut Literal, style: Style) {
    let line = match style {
        Style::Heredoc | Style::Bare => literal
            .text
            .find('\n')
            .map_or(literal.text.len(), |at| at + 1),
        Style::Quoted => literal.text.len(),
    };
    let head = literal.text.get(..line).unwrap_or_default();
    let blank = head.len() - head.trim_start().len();
    literal.cut(blank..literal.text.len());
}

/// Takes away blanks at the end, back to the start of the line unless the text is between quotes.
pub(super) fn strip_end(literal: &mut Literal, style: Style) {
    let line = match style {
        Style::Heredoc | Style::Bare => literal.text.rfind('\n').map_or(0, |at| at + 1),
        Style::Quoted => 0,
    };
    let tail = literal.text.get(line..).unwrap_or_default();
    literal.cut(0..line + tail.trim_end().len());
}

/// Takes the indentation that all lines share from each of them.
pub(super) fn dedent(parts: &mut [Part]) {
    let mut least = usize::MAX;
    indents(parts, &mut true, &mut |spaces| least = least.min(spaces));
    if least > 0 && least < usize::MAX {
        cut(parts, &mut true, least);
    }
}

/// Calls `see` with the indentation of each line that is not blank.
fn indents(parts: &[Part], starts_line: &mut bool, see: &mut impl FnMut(usize)) {
    for part in parts {
        match part {
            Part::Literal(literal) => {
                for line in literal.text.split_inclusive('\n') {
                    if *starts_line {
                        let trimmed = line.trim_start();
                        if !(trimmed.is_empty() && line.ends_with('\n')) {
                            see(line.chars().count() - trimmed.chars().count());
                        }
                    }
                    *starts_line = line.ends_with('\n');
                }
            }
            Part::Value(..) => at_value(starts_line, see),
            Part::If {
                then, otherwise, ..
            } => {
                at_value(starts_line, see);
                indents(then, starts_line, see);
                at_value(starts_line, see);
                if !otherwise.is_empty() {
                    indents(otherwise, starts_line, see);
                    at_value(starts_line, see);
                }
            }
            Part::For { body, .. } => {
                at_value(starts_line, see);
                indents(body, starts_line, see);
                at_value(starts_line, see);
            }
        }
    }
}

fn at_value(starts_line: &mut bool, see: &mut impl FnMut(usize)) {
    if std::mem::take(starts_line) {
        see(0);
    }
}

/// Takes this much indentation from each line.
fn cut(parts: &mut [Part], starts_line: &mut bool, spaces: usize) {
    for part in parts {
        match part {
            Part::Literal(literal) => {
                let mut kept = Literal::default();
                let mut at = 0;
                for line in literal.text.split_inclusive('\n') {
                    let mut skip = 0;
                    if *starts_line {
                        let trimmed = line.trim_start();
                        if !(trimmed.is_empty() && line.ends_with('\n')) {
                            skip = line.chars().take(spaces).map(char::len_utf8).sum();
                        }
                    }
                    kept.text.push_str(line.get(skip..).unwrap_or_default());
                    let offsets = literal.offsets.get(at + skip..at + line.len());
                    kept.offsets.extend(offsets.unwrap_or_default());
                    at += line.len();
                    *starts_line = line.ends_with('\n');
                }
                kept.offsets.extend(literal.offsets.last());
                *literal = kept;
            }
            Part::Value(..) => *starts_line = false,
            Part::If {
                then, otherwise, ..
            } => {
                *starts_line = false;
                cut(then, starts_line, spaces);
                *starts_line = false;
                cut(otherwise, starts_line, spaces);
                *starts_line = false;
            }
            Part::For { body, .. } => {
                *starts_line = false;
                cut(body, starts_line, spaces);
                *starts_line = false;
            }
        }
    }
}
