//! What policies grant, as far as names are looked for in it.

use crate::bytes::find_either;
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
    /// The actions that are listed as they are, in order, each with the position of its grant.
    listed: Vec<(&'a str, usize)>,
    /// The positions of all other grants: of those with a wildcard or `NotAction`.
    others: Vec<usize>,
}

impl<'a> ByAction<'a> {
    pub(super) fn new(grants: &'a [Grant]) -> Self {
        let is_other = |g: &Grant| g.not_action || g.actions.iter().any(|a| has_wildcard(a));
        let positions = grants.iter().enumerate();
        let others = positions.filter(|(_, g)| is_other(g));
        let others: Vec<usize> = others.map(|(at, _)| at).collect();
        let mut listed = Vec::with_capacity(grants.iter().map(|g| g.actions.len()).sum());
        for (at, grant) in grants.iter().enumerate() {
            if others.binary_search(&at).is_err() {
                listed.extend(grant.actions.iter().map(|a| (a.as_str(), at)));
            }
        }
        listed.sort_unstable();
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
        let first = self.listed.partition_point(|(listed, _)| *listed < action);
        let listed = self.listed.iter().skip(first);
        let listed = listed.take_while(|(listed, _)| *listed == action);
        let others = self.others.iter().copied();
        let others = others.filter(|at| self.grants.get(*at).is_some_and(|g| g.is_for(action)));
        let mut found: Vec<usize> = listed.map(|(_, at)| *at).chain(others).collect();
        found.sort_unstable();
        found.dedup();
        found
            .into_iter()
            .filter_map(|at| self.grants.get(at))
            .collect()
    }
}

fn has_wildcard(action: &str) -> bool {
    find_either(b'*', b'?', action.as_bytes()).is_some()
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
