//! The role, release and features that a reference is selected for.

use super::{Feature, Features, RefList, Release};

/// The role, release and scheduler of a reference, and the known features.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'w> {
    pub(super) role: &'w str,
    pub(super) scheduler: &'w str,
    pub(super) release: Release,
    pub(super) features: &'w Features,
    /// The feature of its group to compare with; the others of the group are off.
    pub(super) mode: Option<Feature>,
}

impl Wanted<'_> {
    /// Whether what a feature needs is required: `None` where that is not known.
    pub(super) fn requires(&self, feature: Option<Feature>) -> Option<bool> {
        let Some(feature) = feature else {
            return Some(true);
        };
        match (feature.group(), self.mode) {
            (Some(group), Some(mode)) if mode.group() == Some(group) => {
                Some(mode.name() == feature.name())
            }
            _ => self
                .features
                .has(feature, self.role, self.scheduler, self.release),
        }
    }
}

pub(super) fn list(plain: Vec<String>, negated: Vec<String>, except: &[String]) -> RefList {
    let is_negated = !negated.is_empty();
    let mut values = if is_negated { negated } else { plain };
    values.retain(|v| !except.contains(v));
    RefList {
        negated: is_negated,
        values,
    }
}
