//! The policies of one principal, while they are collected.

use crate::inventory::Document;
use crate::inventory::terraform::condition_parts::Fact;
use crate::inventory::terraform::export::{About, Read};
use crate::inventory::terraform::value::{Instance, Place};
use crate::parser::{Attachment, Problem, SourceId, shorten};

/// Policies of one principal, in the files that have them.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) files: Vec<(SourceId, Document)>,
    /// The conditions that hold where the principal exists.
    pub(super) facts: Vec<Fact>,
    /// The managed policies so far, each with the hole that decides whether it is there: one that is attached twice is
    /// attached once.
    pub(super) held: Vec<(String, Option<usize>)>,
    /// The names of the inline policies so far that are there for certain, each with the address of one that is a resource.
    pub(super) names: Vec<(String, Option<String>)>,
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

    /// Adds a policy, whose block or object is at a place; `of` is the address of one that is a resource. IAM keeps one inline policy of each name.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html>
    pub(super) fn add(&mut self, about: &About, place: Place, of: Option<&str>, read: Read) {
        if let (Attachment::Inline, None, Some(name)) =
            (about.attachment, about.optional, &about.name)
        {
            // A resource that names its role twice is one policy.
            let is_other = |(known, by): &(String, Option<String>)| {
                known == name && (of.is_none() || by.as_deref() != of)
            };
            if self.names.iter().any(is_other) {
                let name = shorten(name);
                let message = format!(
                    "`{name}` is also the name of another inline policy of the same principal"
                );
                let problem = Problem::unresolved("name", message, place.span)
                    .with_help("give it another name: IAM keeps one inline policy of each name");
                self.report(place, problem);
            }
            self.names.push((name.clone(), of.map(str::to_owned)));
        }
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
