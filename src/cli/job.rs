//! One role to judge, resolved.

use std::sync::Arc;

use super::chosen::Chosen;
use crate::check::{Against, Settings};
use crate::lints::File;
use crate::parser::SourceId;
use crate::reference::Features;
use crate::result::RoleResult;

/// One role to judge.
pub(super) struct Job {
    /// Indices into [`Jobs::files`].
    pub(super) files: Vec<usize>,
    pub(super) against: Arc<Against>,
    /// The candidates before the trust policy narrowed them, where it did.
    pub(super) wide: Option<Arc<Against>>,
    /// True where nobody can assume the role for whom there is a role of a cluster.
    pub(super) is_excluded: bool,
    /// True for a role that ParallelCluster created and that is none of those that customers write policies for, and for a
    /// policy that nobody has.
    pub(super) is_other: bool,
    /// True for a role that a cluster configuration names, and that the dump does not have.
    pub(super) is_absent: bool,
    /// Without the layers, which are the next two.
    pub(super) settings: Settings,
    pub(super) boundary: Option<usize>,
    pub(super) scps: Vec<Vec<usize>>,
    /// The texts of AWS managed policies that the role has.
    pub(super) attached: Vec<usize>,
    pub(super) features: Features,
    /// The principal of a template that is judged; its file is the first one.
    pub(super) principal: Option<Chosen>,
    /// Results that fixing found out.
    pub(super) known: Vec<Known>,
}

/// The result for files of a job, found out while they were fixed.
pub(super) struct Known {
    pub(super) files: Vec<SourceId>,
    pub(super) result: RoleResult,
}

impl Job {
    /// The files of the layers that limit the role.
    pub(super) fn limits(&self) -> impl Iterator<Item = &usize> {
        let named = self.principal.iter().flat_map(|p| &p.limits);
        let own = self.boundary.iter().chain(self.scps.iter().flatten());
        own.chain(named.map(|(_, at)| at))
    }

    /// The result for these files, if it is known.
    pub(super) fn known(&self, files: &[&File]) -> Option<&RoleResult> {
        let sources = || files.iter().map(|file| file.source);
        let known = self
            .known
            .iter()
            .find(|k| k.files.iter().copied().eq(sources()));
        known.map(|known| &known.result)
    }
}
