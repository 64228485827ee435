//! The candidates for the reference of a role. Only those that may fit are made ready for the policies.

use std::cell::OnceCell;

use super::MOST_PARTS;
use super::meeting::{Meeting, Named};
use super::trial::{Read, Trial};
use super::{Against, Settings};
use crate::diff::prepare::LeftoverPlace;
use crate::lints::Oversize;
use crate::parser::Policy;
use crate::reference::Reference;

/// One candidate.
pub(super) struct Candidate<'t> {
    pub(super) reference: &'t Reference,
    /// How well the policies may fit it at most.
    pub(super) meeting: Meeting,
    ready: OnceCell<(Trial<'t>, Vec<LeftoverPlace>)>,
}

/// The candidates, in their order, and the policies that are compared with them.
pub(super) struct Candidates<'t> {
    read: Read<'t>,
    settings: &'t Settings,
    /// The actions that the policies name; `None` where nothing is to be chosen.
    pub(super) named: Option<Named<'t>>,
    pub(super) all: Vec<Candidate<'t>>,
}

impl<'t> Candidates<'t> {
    pub(super) fn new(
        policies: &'t [&'t Policy],
        against: &'t Against,
        settings: &'t Settings,
    ) -> Self {
        let named = match against {
            Against::OneOf(_) => None,
            Against::BestOf(_) => Some(Named::of(policies, settings)),
        };
        Candidates::with(policies, against, settings, named)
    }

    /// For policies whose candidate another reading has chosen.
    pub(super) fn chosen_elsewhere(
        policies: &'t [&'t Policy],
        against: &'t Against,
        settings: &'t Settings,
    ) -> Self {
        Candidates::with(policies, against, settings, None)
    }

    fn with(
        policies: &'t [&'t Policy],
        against: &'t Against,
        settings: &'t Settings,
        named: Option<Named<'t>>,
    ) -> Self {
        let candidate = |reference| Candidate {
            reference,
            meeting: named
                .as_ref()
                .map_or(Meeting::OPEN, |n| n.meeting(reference)),
            ready: OnceCell::new(),
        };
        Candidates {
            read: Read::new(policies),
            settings,
            all: against.references().iter().map(candidate).collect(),
            named,
        }
    }

    /// Makes a candidate ready for the policies.
    pub(super) fn ready<'c>(
        &self,
        candidate: &'c Candidate<'t>,
    ) -> &'c (Trial<'t>, Vec<LeftoverPlace>) {
        let new = || Trial::of(&self.read, candidate.reference, self.settings);
        candidate.ready.get_or_init(new)
    }

    #[cfg(test)]
    pub(super) fn ready_count(&self) -> usize {
        self.all.iter().filter(|c| c.ready.get().is_some()).count()
    }

    /// A problem if the values of placeholders expand the policies to too many strings, for a candidate that is ready.
    pub(super) fn beyond(&self) -> Option<Oversize> {
        let mut ready = self.all.iter().filter_map(|c| c.ready.get());
        let (source, span) = ready.find_map(|(trial, _)| trial.beyond)?;
        Some(Oversize {
            source,
            span,
            message: format!(
                "more than {MOST_PARTS} strings in the policies of one role, one for each combination of values of their placeholders"
            ),
        })
    }
}
