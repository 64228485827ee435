//! A principal of a file, chosen to be judged.

use std::sync::Arc;

use crate::lints::PrincipalName;

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
    /// The index of its file among those that define roles, and its own in that; `None` until it is chosen.
    pub(super) defined: Option<(usize, usize)>,
}
