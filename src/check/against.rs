//! The reference to compare with: one, or the best of several.

use crate::reference::{Created, Reference, Setting};

/// The reference to compare with.
#[derive(Clone, Debug)]
pub enum Against {
    /// This one, or whichever of these alternatives for one role fits best.
    OneOf(Vec<Reference>),
    /// Whichever of these fits best (`--role auto`); those of one role follow one another.
    BestOf(Vec<Reference>),
}

impl Against {
    /// One reference.
    pub fn role(reference: Reference) -> Self {
        Against::OneOf(vec![reference])
    }

    /// Narrows each reference to a cluster configuration.
    #[must_use]
    pub fn for_setting(&self, setting: &Setting) -> Self {
        let all = self.references().iter();
        let all = all.map(|r| r.for_setting(setting)).collect();
        match self {
            Against::OneOf(_) => Against::OneOf(all),
            Against::BestOf(_) => Against::BestOf(all),
        }
    }

    /// Adapts each reference to what is known without a cluster configuration.
    #[must_use]
    pub fn without_setting(&self) -> Self {
        let all = self.references().iter();
        let all = all.map(Reference::without_setting).collect();
        match self {
            Against::OneOf(_) => Against::OneOf(all),
            Against::BestOf(_) => Against::BestOf(all),
        }
    }

    /// Narrows each reference to a role that ParallelCluster created.
    #[must_use]
    pub fn as_created(&self, created: &'static Created, is_configured: bool) -> Self {
        let all = self.references().iter();
        let all = all.map(|r| r.as_created(created, is_configured)).collect();
        match self {
            Against::OneOf(_) => Against::OneOf(all),
            Against::BestOf(_) => Against::BestOf(all),
        }
    }

    /// Whether a managed policy is one that several of the roles to choose from have.
    pub fn is_common(&self, arn: &str) -> bool {
        let Against::BestOf(all) = self else {
            return false;
        };
        let name = |arn: &str| arn.rsplit('/').next().map(str::to_owned);
        let has = |r: &&Reference| r.managed_policies.iter().any(|own| name(own) == name(arn));
        let mut roles = all.iter().filter(has).map(|r| &r.role);
        let first = roles.next();
        roles.any(|role| Some(role) != first)
    }

    /// All of them.
    pub fn references(&self) -> &[Reference] {
        let (Against::OneOf(references) | Against::BestOf(references)) = self;
        references
    }
}
