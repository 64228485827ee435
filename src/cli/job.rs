//! One role to judge, resolved.

use std::sync::Arc;

use super::chosen::Chosen;
use crate::check::{Against, Settings};
use crate::reference::Features;

/// One role to judge.
pub(super) struct Job {
    /// Indices into [`Jobs::files`].
    pub(super) files: Vec<usize>,
    pub(super) against: Arc<Against>,
    /// Without the layers, which are the next two.
    pub(super) settings: Settings,
    pub(super) boundary: Option<usize>,
    pub(super) scps: Vec<Vec<usize>>,
    /// The texts of AWS managed policies that the role has.
    pub(super) attached: Vec<usize>,
    pub(super) features: Features,
    /// The principal of a template that is judged; its file is the first one.
    pub(super) principal: Option<Chosen>,
}

impl Job {
    /// The files of the layers that limit the role.
    pub(super) fn limits(&self) -> impl Iterator<Item = &usize> {
        self.boundary.iter().chain(self.scps.iter().flatten())
    }
}
