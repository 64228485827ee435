//! Checks an edited template: parsed again, it may differ from the original only in the edits.

use rustc_hash::FxHashSet;

use super::Edit;
use crate::parser::{Layout, LayoutKind as Kind, Source, Span};

/// Whether a template differs from an earlier text of it by these edits alone.
pub fn is_as_edited(old: &Source, new: &Source, edits: &[&Edit]) -> bool {
    let (Some(before), Some(after)) = (old.layout(), new.layout()) else {
        return false;
    };
    let mut edits: Vec<&Edit> = edits.to_vec();
    edits.sort();
    let mut comparison = Comparison {
        before,
        after,
        edits,
        seen: FxHashSet::default(),
    };
    before.is_json == after.is_json && comparison.same(Layout::ROOT, Layout::ROOT)
}

struct Comparison<'a> {
    before: &'a Layout,
    after: &'a Layout,
    /// In the order of their places.
    edits: Vec<&'a Edit>,
    /// Pairs that aliases lead to, compared once.
    seen: FxHashSet<(usize, usize)>,
}

impl<'a> Comparison<'a> {
    /// The edit of the part at a place.
    fn edit(&self, span: Span) -> Option<&'a Edit> {
        let at = self.edits.partition_point(|e| e.span.start <= span.start);
        let edit = *self.edits.get(at.checked_sub(1)?)?;
        (span.start < edit.span.end).then_some(edit)
    }

    /// The edit within the part at a place.
    fn edit_within(&self, span: Span) -> Option<&'a Edit> {
        let at = self.edits.partition_point(|e| e.span.start < span.start);
        let edit = *self.edits.get(at)?;
        (edit.span.end <= span.end).then_some(edit)
    }

    fn same(&mut self, before: usize, after: usize) -> bool {
        let (Some(old), Some(new)) = (self.before.part(before), self.after.part(after)) else {
            return false;
        };
        if old.is_shared && !self.seen.insert((before, after)) {
            return true;
        }
        if old.tag != new.tag || old.is_shared != new.is_shared {
            return false;
        }
        match (&old.kind, &new.kind) {
            (Kind::Text(text, places), _) => {
                self.same_text(old.token, old.span, text, places.is_none(), after)
            }
            (Kind::Scalar(one), Kind::Scalar(other)) => one == other,
            (Kind::List(old), Kind::List(new)) => self.same_list(old, new),
            (Kind::Map(old), Kind::Map(new)) => {
                old.len() == new.len()
                    && old
                        .iter()
                        .zip(new)
                        .all(|((key, value), (new_key, new_value))| {
                            self.same(*key, *new_key) && self.same(*value, *new_value)
                        })
            }
            _ => false,
        }
    }

    fn same_text(&self, token: Span, span: Span, text: &str, is_plain: bool, after: usize) -> bool {
        if let Some(edit) = self.edit(token) {
            return match edit.strings.as_slice() {
                [one] => self.is_text(after, one),
                [] => false,
                several => {
                    let elements = self.after.elements(after);
                    elements.len() == several.len() && { elements.iter().zip(several) }
                        .all(|(at, text)| self.is_text(*at, text))
                }
            };
        }
        match self.edit_within(token) {
            None => self.is_text(after, text),
            Some(edit) if is_plain => {
                let start = (edit.span.start - span.start) as usize;
                let end = (edit.span.end - span.start) as usize;
                let parts = (text.get(..start), text.get(end..), edit.strings.as_slice());
                let (Some(head), Some(tail), [one]) = parts else {
                    return false;
                };
                self.is_text(after, &format!("{head}{one}{tail}"))
            }
            Some(_) => false,
        }
    }

    fn is_text(&self, at: usize, text: &str) -> bool {
        let part = self.after.part(at);
        part.is_some_and(|part| matches!(&part.kind, Kind::Text(is, _) if is == text))
    }

    fn same_list(&mut self, old: &[usize], new: &[usize]) -> bool {
        let mut new = new.iter();
        for at in old {
            let Some(part) = self.before.part(*at) else {
                return false;
            };
            match self.edit(part.token) {
                None => match new.next() {
                    Some(after) if self.same(*at, *after) => {}
                    _ => return false,
                },
                Some(edit) => {
                    for text in &edit.strings {
                        match new.next() {
                            Some(after) if self.is_text(*after, text) => {}
                            _ => return false,
                        }
                    }
                }
            }
        }
        new.next().is_none()
    }
}
