//! What policies grant, as far as names are looked for in it.

use rustc_hash::FxHashMap;

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

/// Grants, to be found by an action.
pub(super) struct ByAction<'a> {
    grants: &'a [Grant],
    /// The positions of those that list an action as it is.
    listed: FxHashMap<&'a str, Vec<usize>>,
    /// The positions of all others: of those with a wildcard, a placeholder, or `NotAction`.
    others: Vec<usize>,
}

impl<'a> ByAction<'a> {
    pub(super) fn new(grants: &'a [Grant]) -> Self {
        let mut listed: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
        let mut others = Vec::new();
        for (at, grant) in grants.iter().enumerate() {
            if grant.not_action || grant.actions.iter().any(|a| has_wildcard(a)) {
                others.push(at);
                continue;
            }
            for action in &grant.actions {
                listed.entry(action).or_default().push(at);
            }
        }
        ByAction {
            grants,
            listed,
            others,
        }
    }

    /// The grants that may name an action, in lower case.
    pub(super) fn of(&self, action: &str) -> Vec<&'a Grant> {
        if has_wildcard(action) {
            return { self.grants.iter() }
                .filter(|g| g.is_for(action))
                .collect();
        }
        let listed = self.listed.get(action).into_iter().flatten();
        let mut found: Vec<usize> = listed.chain(&self.others).copied().collect();
        found.sort_unstable();
        found.dedup();
        let found = found.into_iter().filter_map(|at| self.grants.get(at));
        found.filter(|g| g.is_for(action)).collect()
    }
}

fn has_wildcard(action: &str) -> bool {
    action.contains(['*', '?'])
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
