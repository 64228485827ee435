//! A principal of a file, chosen to be judged.

use std::sync::Arc;

use crate::lints::{File, PrincipalName};

/// One setting of the parameters that a role depends on.
#[derive(Clone)]
pub(super) struct Setting {
    /// Values of parameters that may have several.
    pub(super) values: Vec<(String, String)>,
    /// Index of its file, and of the others that have policies of it.
    pub(super) files: Vec<usize>,
    /// Index of its boundary.
    pub(super) boundary: Option<usize>,
    pub(super) parameters: Vec<(String, String, String)>,
}

/// The principal that a job is about.
#[derive(Clone)]
pub(super) struct Chosen {
    pub(super) name: Arc<PrincipalName>,
    pub(super) settings: Vec<Setting>,
    /// True where it was asked for by name, so that it is judged whatever it is.
    pub(super) is_named: bool,
    /// True for a part of the dump of an account, which is not a file to edit.
    pub(super) in_dump: bool,
    /// True where the dump lists all managed policies that it has.
    pub(super) has_all_policies: bool,
    /// The index of its file among those that define roles, and its own in that; `None` until it is chosen.
    pub(super) defined: Option<(usize, usize)>,
    /// Managed policies that it has, by ARN, each with the index of the file beside the input that bears the policy's name.
    pub(super) beside: Vec<(String, usize)>,
    /// The same for permissions boundaries.
    pub(super) limits: Vec<(String, usize)>,
}

impl Chosen {
    /// The file of the permissions boundary under one setting, where it bears the name of the boundary.
    pub(super) fn limit(&self, setting: &Setting, files: &[File]) -> Option<usize> {
        let own = setting.files.iter().filter_map(|at| files.get(*at));
        let arn = own.flat_map(|f| f.document.boundaries()).next()?;
        let found = self.limits.iter().find(|(other, _)| other == arn);
        found.map(|(_, at)| *at)
    }

    /// Whether a file counts under one setting. One that bears the name of a managed policy does where that is attached.
    pub(super) fn has(&self, file: usize, setting: &Setting, files: &[File]) -> bool {
        // A dump has one setting.
        if self.in_dump {
            return true;
        }
        let mut policies = { self.beside.iter() }
            .filter(|(_, at)| *at == file)
            .peekable();
        let is_attached = |(arn, _): &(String, usize)| {
            let own = setting.files.iter().filter_map(|at| files.get(*at));
            { own.flat_map(|f| f.document.attached()) }.any(|other| other == arn)
        };
        policies.peek().is_none() || policies.any(is_attached)
    }
}
