//! What policies grant, as far as names are looked for in it.

use std::cell::OnceCell;

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
    pub certain: ByAction,
    /// For some values of what is not known.
    pub perhaps: ByAction,
}

/// Grants, to be found by an action.
#[derive(Debug, Default)]
pub struct ByAction {
    grants: Vec<Grant>,
    order: OnceCell<Order>,
}

#[derive(Debug)]
struct Order {
    /// The actions that are listed as they are, the short ones first: the positions of their grants and their own there.
    listed: Vec<(usize, usize)>,
    /// The positions of all other grants: of those with a wildcard or `NotAction`.
    others: Vec<usize>,
}

impl ByAction {
    /// These grants.
    pub fn new(grants: Vec<Grant>) -> Self {
        ByAction {
            grants,
            order: OnceCell::new(),
        }
    }

    /// All of them.
    pub fn all(&self) -> &[Grant] {
        &self.grants
    }

    /// A listed action after its length, by which most differ.
    fn listed(&self, (at, nth): (usize, usize)) -> (usize, &str) {
        let action = self.grants.get(at).and_then(|g| g.actions.get(nth));
        action.map_or((0, ""), |action| (action.len(), action))
    }

    fn order(&self) -> &Order {
        self.order.get_or_init(|| {
            let is_other = |g: &Grant| g.not_action || g.actions.iter().any(|a| has_wildcard(a));
            let (mut listed, mut others) = (Vec::new(), Vec::new());
            for (at, grant) in self.grants.iter().enumerate() {
                if is_other(grant) {
                    others.push(at);
                } else {
                    listed.extend((0..grant.actions.len()).map(|nth| (at, nth)));
                }
            }
            listed.sort_unstable_by_key(|place| self.listed(*place));
            Order { listed, others }
        })
    }

    /// The grants that may name an action, in lower case.
    pub(super) fn of(&self, action: &str) -> Vec<&Grant> {
        if has_wildcard(action) {
            return { self.grants.iter() }
                .filter(|g| g.is_for(action))
                .collect();
        }
        let Order { listed, others } = self.order();
        let wanted = (action.len(), action);
        let first = listed.partition_point(|place| self.listed(*place) < wanted);
        let listed = listed.iter().skip(first);
        let listed = listed.take_while(|place| self.listed(**place) == wanted);
        let others = others.iter().copied();
        let others = others.filter(|at| self.grants.get(*at).is_some_and(|g| g.is_for(action)));
        let mut found: Vec<usize> = listed.map(|(at, _)| *at).chain(others).collect();
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
        let grants = [&self.certain, &self.perhaps]
            .into_iter()
            .flat_map(ByAction::all);
        let mut written = grants.filter_map(|g| g.resources.as_ref()).flatten();
        written.any(|w| template::names(&w.text).any(|own| own == name))
    }
}
