//! A decoded text, with the place in the file of each of its bytes.

use std::ops::Range;

use super::source::Span;

/// A JSON string of a policy: the decoded text and where each part of it stands.
#[derive(Clone, Debug)]
pub struct Text {
    /// The decoded text.
    pub value: String,
    /// Bytes between the quotes (of the whole token, quotes included, when the string is empty).
    pub span: Span,
    /// File offset of each byte of `value`, plus one for its end; `None` when the bytes in the file equal `value`.
    pub(crate) offsets: Option<Box<[u32]>>,
    /// Parts of `value` whose text is not known, in order; `None` for a text that is known in full.
    pub(crate) holes: Option<Box<[HolePart]>>,
    /// The ends of the parts that a template joins into the text, in order; `None` if it is one part.
    pub(crate) ends: Option<Box<[PartEnd]>>,
}

/// The end of a part of a text. The next part may be anywhere else in the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PartEnd {
    /// The byte of the text behind the part.
    pub(crate) at: usize,
    /// The end of the part in the file.
    pub(crate) place: u32,
}

/// A part of a text that stands for a value that is not known. In the text it is written `${name}`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct HolePart {
    /// The bytes of the text.
    pub(crate) range: Range<usize>,
    /// Index into [`Unknowns::holes`] of the policy.
    pub(crate) hole: usize,
}

impl Text {
    /// The place in the file of a range of bytes of `value`.
    pub fn part(&self, range: Range<usize>) -> Span {
        if self.value.is_empty() {
            return self.span;
        }
        match &self.offsets {
            None => Span {
                start: self.span.start + range.start as u32,
                end: self.span.start + range.end as u32,
            },
            Some(map) => {
                let at = |i: usize| map.get(i).copied().unwrap_or(self.span.end);
                let (start, mut end) = (at(range.start), at(range.end));
                let ends = self.ends.as_deref().unwrap_or_default();
                // All bytes of what a reference stands for are at its beginning: the part reaches to its end.
                let before = range.end.checked_sub(1).map(at);
                let is_bound = before.is_some_and(|before| before >= end);
                let of_end = ends.iter().find(|e| e.at >= range.end);
                if let Some(part) = of_end.filter(|e| e.at == range.end || is_bound) {
                    end = part.place;
                } else if range.start < range.end && is_bound {
                    let mut rest = map.iter().skip(range.end).copied();
                    let start = before.unwrap_or(start);
                    end = rest.find(|next| *next > start).unwrap_or(self.span.end);
                }
                // Where the last part stands before the first, the first is shown.
                if start > end
                    && let Some(first) = ends.iter().find(|e| e.at > range.start)
                {
                    end = first.place;
                }
                Span {
                    start: start.min(end),
                    end,
                }
            }
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
