//! The policies of one principal, while they are collected.

use crate::inventory::Document;
use crate::inventory::terraform::export::Read;
use crate::inventory::terraform::value::{Instance, Place};
use crate::parser::{Problem, SourceId};

/// Policies of one principal, in the files that have them.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) files: Vec<(SourceId, Document)>,
    /// The managed policies so far, each with the hole that decides whether it is there: one that is attached twice is
    /// attached once.
    pub(super) held: Vec<(String, Option<usize>)>,
}

impl Gathered {
    pub(super) fn of(&mut self, source: SourceId) -> &mut Document {
        let known = self.files.iter().position(|(s, _)| *s == source);
        let at = known.unwrap_or(self.files.len());
        if known.is_none() {
            self.files.push((source, Document::default()));
        }
        // The element is there: it was found or pushed.
        #[expect(clippy::indexing_slicing, reason = "the index was found or pushed")]
        &mut self.files[at].1
    }

    /// Whether a managed policy is there already; from now on it is.
    pub(super) fn holds(&mut self, policy: &Instance, optional: Option<usize>) -> bool {
        let is_known = |(address, of): &(String, Option<usize>)| {
            *address == policy.address && (of.is_none() || *of == optional)
        };
        let is_held = self.held.iter().any(is_known);
        self.held.push((policy.address.clone(), optional));
        if optional.is_none() {
            let document = self.of(policy.source());
            document.worst.attach_for_sure(policy.address.clone());
        }
        is_held
    }

    pub(super) fn add(&mut self, read: Read) {
        let document = self.of(read.source);
        document.add(read.reading);
        for problem in read.problems {
            document.report(problem);
        }
    }

    pub(super) fn report(&mut self, place: Place, problem: Problem) {
        self.of(place.source).report(problem);
    }
}
