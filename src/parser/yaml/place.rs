//! Where the characters of a YAML scalar stand: the text that YAML makes of it, beside how it is written.

use super::{Id, Style, Tree};

/// The text of a scalar with its places.
pub(crate) enum Scalar {
    /// The file has it byte for byte, at the place of the value.
    Plain(String),
    /// With the place of each byte, and of the end.
    Mapped(String, Vec<u32>),
}

impl Tree<'_> {
    /// The text of a scalar with the place of each of its bytes.
    pub(crate) fn scalar(&self, id: Id) -> Option<Scalar> {
        let text = self.text_of(id)?;
        let span = self.span(id);
        let written = self.slice(span);
        if written == text {
            return Some(Scalar::Plain(text.to_owned()));
        }
        let style = self.style(id)?;
        let mut offsets = aligned(text, written, style)?;
        for offset in &mut offsets {
            *offset += span.start;
        }
        Some(Scalar::Mapped(text.to_owned(), offsets))
    }
}

/// The place in `written` of each byte of `text`, and of its end. What YAML drops is white space, quotes and
/// backslashes, so that every other character is found again in its order; `None` where one is not.
fn aligned(text: &str, written: &str, style: Style) -> Option<Vec<u32>> {
    let mut offsets = Vec::with_capacity(text.len() + 1);
    let mut at = match style {
        // The line of the indicator.
        Style::Block if written.starts_with(['|', '>']) => {
            written.find('\n').map_or(written.len(), |i| i + 1)
        }
        _ => 0,
    };
    for c in text.chars() {
        let (start, end) = match style {
            Style::Double => double(c, written, at)?,
            Style::Single if c == '\'' => {
                let start = skip(written, at, '\'');
                (start, (start + 2).min(written.len()))
            }
            _ => {
                let start = skip(written, at, c);
                let found = written.get(start..).and_then(|rest| rest.chars().next());
                (start, start + found.map_or(0, char::len_utf8))
            }
        };
        let is_here = written
            .get(start..)
            .is_some_and(|rest| rest.starts_with(c) || rest.starts_with('\\') || c.is_whitespace());
        if !is_here {
            return None;
        }
        // A character that is written as it is has its own bytes.
        let is_plain = written.get(start..).is_some_and(|rest| rest.starts_with(c));
        let places = (0..c.len_utf8()).map(|i| (start + if is_plain { i } else { 0 }) as u32);
        offsets.extend(places);
        at = end;
    }
    let end = match offsets.last() {
        None => written.len(),
        Some(_) => at.min(written.len()),
    };
    offsets.push(end as u32);
    Some(offsets)
}

/// The place from `at` on of a character, past the white space before it. White space is the next that there is.
fn skip(written: &str, at: usize, c: char) -> usize {
    let rest = written.get(at..).unwrap_or_default();
    if c.is_whitespace() {
        let same = rest.starts_with(c);
        let next = rest.find(char::is_whitespace).unwrap_or(rest.len());
        return if same { at } else { at + next };
    }
    let blank = rest.len() - rest.trim_start().len();
    at + blank
}

/// The place and the end of a character of a text in double quotes.
fn double(c: char, written: &str, at: usize) -> Option<(usize, usize)> {
    let mut at = at;
    loop {
        let rest = written.get(at..)?;
        let mut chars = rest.chars();
        match chars.next()? {
            '\\' => {
                let next = chars.next()?;
                // The end of a line that is continued stands for nothing.
                if matches!(next, '\n' | '\r') {
                    at += 1 + (rest.len() - 1 - rest.get(1..)?.trim_start().len());
                    continue;
                }
                let length = match next {
                    'x' => 4,
                    'u' => 6,
                    'U' => 10,
                    other => 1 + other.len_utf8(),
                };
                return Some((at, (at + length).min(written.len())));
            }
            found if found == c => return Some((at, at + c.len_utf8())),
            found if found.is_whitespace() => {
                if c.is_whitespace() {
                    return Some((at, at + found.len_utf8()));
                }
                at += found.len_utf8();
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, parse};
    use super::*;
    use crate::parser::Span;

    /// A document, and what stands at the places of each character of its value but white space.
    #[test]
    fn characters_are_found_where_they_are_written() {
        for text in [
            "a: plain text",
            "a: 'single ''quoted'' text'",
            "a: \"double \\\"quoted\\\" text \\u0041\\x42 é\"",
            "a: |\n  first line\n    more: é\n  last\n",
            "a: >-\n  folded text\n  goes on\n\n  after a blank\n",
            "a: plain text\n  on two lines\n",
            "a: \"double text\n  on two \\\n  lines\"",
            "a: 'single text\n  on two\n\n  lines'",
            "a: !Sub |\n  arn:${X}\n",
            "a: &x !Sub \"arn:${X}\\n\"",
        ] {
            let limits = Limits {
                most: 100,
                what: "test",
                has_unique_keys: true,
            };
            let tree = parse(text, 0, limits).unwrap();
            let (_, value) = tree.get(tree.root(), "a").unwrap();
            let (decoded, offsets) = match tree.scalar(value).expect(text) {
                Scalar::Plain(decoded) => {
                    let start = tree.span(value).start;
                    let end = start + decoded.len() as u32;
                    (decoded, (start..=end).collect::<Vec<u32>>())
                }
                Scalar::Mapped(decoded, offsets) => (decoded, offsets),
            };
            assert_eq!(offsets.len(), decoded.len() + 1, "{text}");
            for (at, c) in decoded.char_indices().filter(|(_, c)| !c.is_whitespace()) {
                let rest = text.get(offsets[at] as usize..).unwrap();
                let escaped = rest.starts_with("\\u0041") && c == 'A'
                    || rest.starts_with("\\x42") && c == 'B'
                    || rest.starts_with("\\\"") && c == '"';
                assert!(rest.starts_with(c) || escaped, "{text}: {c} at {rest}");
            }
        }
    }
    #[test]
    fn places_are_right_in_long_texts_with_characters_of_several_bytes() {
        for wide in [0, 1, 700, 1023, 1024, 1500, 2047, 4000] {
            let line = |line: usize| {
                let is_wide = (line * 7..(line + 1) * 7).contains(&wide);
                let c = if is_wide { 'é' } else { 'e' };
                format!("k{line:03}{c}: {line}\n")
            };
            let text: String = (0..600).map(line).collect();
            let limits = Limits {
                most: 10_000,
                what: "test",
                has_unique_keys: true,
            };
            let tree = parse(&text, 0, limits).unwrap();
            for (key, value) in tree.entries(tree.root()) {
                let [key, value] = [*key, *value].map(|id| tree.span(id));
                let of = |s: Span| text.get(s.start as usize..s.end as usize).unwrap();
                let number: usize = of(value).parse().unwrap();
                assert!(of(key).starts_with(&format!("k{number:03}")), "{}", of(key));
            }
        }
    }
}
