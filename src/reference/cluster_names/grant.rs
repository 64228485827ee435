//! What policies grant, as far as names are looked for in it.

use crate::matcher::template;
use crate::parser::{SourceId, Span};
use crate::reference::value_shape::glob;

/// A string in a policy, and its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// The string, leftover placeholders as `${Name}`.
    pub text: String,
    /// The file of the string.
    pub source: SourceId,
    /// The bytes of the string in the file.
    pub span: Span,
}

/// An Allow statement of a policy.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The strings of `Action` or `NotAction`, in lower case.
    pub actions: Vec<String>,
    /// Whether it is `NotAction`.
    pub not_action: bool,
    /// The strings of `Resource`; `None` for `NotResource`.
    pub resources: Option<Vec<Written>>,
}

/// What policies grant.
#[derive(Debug, Default)]
pub struct Grants {
    /// For certain.
    pub certain: Vec<Grant>,
    /// For some values of what is not known.
    pub perhaps: Vec<Grant>,
}

impl Grant {
    /// Whether the strings of `Action` or `NotAction` name all that an action, in lower case, stands for.
    pub(super) fn is_for_all(&self, action: &str) -> bool {
        let mut actions = self.actions.iter();
        let matches = |a: &String| glob(a, action) || self.not_action && glob(action, a);
        actions.any(matches) != self.not_action
    }

    /// Whether the strings of `Action` or `NotAction` may name an action, in lower case.
    pub(super) fn is_for(&self, action: &str) -> bool {
        let mut actions = self.actions.iter();
        let matches = |a: &String| glob(a, action) || !self.not_action && glob(action, a);
        actions.any(matches) != self.not_action
    }
}

impl Grants {
    /// Whether a policy keeps a placeholder.
    pub(super) fn keep(&self, name: &str) -> bool {
        let grants = self.certain.iter().chain(&self.perhaps);
        let mut written = grants.filter_map(|g| g.resources.as_ref()).flatten();
        written.any(|w| template::names(&w.text).any(|own| own == name))
    }
}
