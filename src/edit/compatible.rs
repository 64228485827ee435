//! Fixes that are made together.

use std::collections::BTreeSet;

use super::{Edit, Fix};
use crate::parser::{Source, Span};

impl Edit {
    /// Whether both change the same bytes.
    fn overlaps(&self, other: &Edit) -> bool {
        self.source == other.source
            && (self.span == other.span
                || self.span.start < other.span.end && other.span.start < self.span.end)
    }
}

/// The fixes that can be made together: if two change the same bytes, the first.
pub fn compatible<'f>(fixes: impl IntoIterator<Item = &'f Fix>) -> Vec<&'f Fix> {
    let mut taken: Vec<&Fix> = Vec::new();
    for fix in fixes {
        let clashes = |other: &&Fix| {
            let mut edits = fix.edits.iter();
            edits.any(|edit| other.edits.iter().any(|o| edit.overlaps(o)))
        };
        if !taken.iter().any(clashes) {
            taken.push(fix);
        }
    }
    taken
}

/// The fixes of a template that leave an element in each list. A later round removes the whole statement for the
/// others.
pub fn without_last_elements<'f>(source: &Source, fixes: Vec<&'f Fix>) -> Vec<&'f Fix> {
    let Some(layout) = source.layout() else {
        return fixes;
    };
    let edits = fixes.iter().enumerate();
    let edits = edits.flat_map(|(fix, f)| f.edits.iter().map(move |e| (e.span, fix, e)));
    let edits = edits.filter(|(.., edit)| edit.strings.is_empty());
    let mut gone: Vec<(Span, usize)> = edits.map(|(span, fix, _)| (span, fix)).collect();
    gone.sort_unstable();
    let fix_of = |token: Span| {
        let at = gone.partition_point(|(span, _)| span.start <= token.start);
        let (span, fix) = gone.get(at.checked_sub(1)?)?;
        (token.start < span.end).then_some(*fix)
    };
    let mut held = BTreeSet::new();
    for list in layout.lists() {
        let of_elements = layout.elements(list).iter();
        let of_elements = of_elements.map(|at| fix_of(layout.part(*at)?.token));
        let fixes: Option<Vec<usize>> = of_elements.collect();
        let whole = layout.part(list).and_then(|part| fix_of(part.token));
        if let Some(last) = fixes.as_ref().and_then(|fixes| fixes.last())
            && whole != Some(*last)
        {
            held.insert(*last);
        }
    }
    let kept = fixes.into_iter().enumerate();
    let kept = kept.filter(|(at, _)| !held.contains(at));
    kept.map(|(_, fix)| fix).collect()
}
