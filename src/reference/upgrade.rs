//! The differences between two references, to read before an upgrade.

use std::collections::{BTreeMap, BTreeSet};

use super::{RefStatement, Reference, policy_text};
use crate::matcher::{ActionMatch, ActionPattern};
use crate::parser::Effect;

/// The resources and the Condition of a required action.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Scope {
    /// A string of `Resource`.
    pub resource: String,
    /// The `Condition` as JSON text.
    pub condition: Option<String>,
}

/// One action, as the references write it, whose requirement differs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// `service:Action`, possibly with wildcards.
    pub action: String,
    /// Requirements of the second reference only, sorted.
    pub added: Vec<Scope>,
    /// Requirements of the first only, sorted.
    pub removed: Vec<Scope>,
    /// Requirements of both.
    pub kept: usize,
    /// The feature that needs it, where a cluster without it does not.
    pub feature: Option<&'static str>,
    /// The reason why ParallelCluster needs it, from the second reference if that requires it, or else from the first.
    pub needed_for: Option<String>,
    /// True where the second reference has nothing at all for that feature: what it needs there is not known.
    pub unknown: bool,
    /// For an action that the second reference does not name: the wildcard there that matches it.
    pub within: Option<String>,
}

struct Required {
    spelled: String,
    scopes: BTreeSet<Scope>,
    feature: Option<&'static str>,
}

/// Actions by name in lower case: IAM ignores case there.
fn required(reference: &Reference) -> BTreeMap<String, Required> {
    let mut all: BTreeMap<String, Required> = BTreeMap::new();
    let plain = |s: &&RefStatement| s.effect == Effect::Allow && !s.action.negated;
    for statement in reference.statements.iter().filter(plain) {
        let condition = policy_text::condition(&statement.conditions).map(|c| c.to_string());
        for action in &statement.action.values {
            let entry = all
                .entry(action.to_ascii_lowercase())
                .or_insert_with(|| Required {
                    spelled: action.clone(),
                    scopes: BTreeSet::new(),
                    feature: statement.feature,
                });
            if statement.feature.is_none() {
                entry.feature = None;
            }
            for resource in &statement.resource.values {
                entry.scopes.insert(Scope {
                    resource: resource.clone(),
                    condition: condition.clone(),
                });
            }
        }
    }
    all
}

/// The differences, sorted by action. Actions and resources are compared as they are written.
pub fn changes(from: &Reference, to: &Reference) -> Vec<Change> {
    let (before, after) = (required(from), required(to));
    let none = BTreeSet::new();
    let mut names: BTreeSet<&String> = before.keys().collect();
    names.extend(after.keys());
    names
        .into_iter()
        .filter_map(|name| {
            let (old, new) = (before.get(name), after.get(name));
            let old_scopes = old.map_or(&none, |r| &r.scopes);
            let new_scopes = new.map_or(&none, |r| &r.scopes);
            if old_scopes == new_scopes {
                return None;
            }
            let either = new.or(old)?;
            let missing = |in_: &BTreeSet<Scope>, of: &BTreeSet<Scope>| -> Vec<Scope> {
                of.difference(in_).cloned().collect()
            };
            let covers = |feature: &str| to.statements.iter().any(|s| s.feature == Some(feature));
            Some(Change {
                unknown: new.is_none() && either.feature.is_some_and(|f| !covers(f)),
                action: either.spelled.clone(),
                added: missing(old_scopes, new_scopes),
                removed: missing(new_scopes, old_scopes),
                kept: old_scopes.intersection(new_scopes).count(),
                feature: either.feature,
                // The reason of the reference that asks for it: the other's may be of another use.
                needed_for: (if new.is_some() { to } else { from })
                    .need(&either.spelled, either.feature, &[])
                    .map(|need| need.text.clone()),
                within: new.is_none().then(|| wider(name, &after)).flatten(),
            })
        })
        .collect()
}

/// A wildcard that matches an action.
fn wider(name: &str, among: &BTreeMap<String, Required>) -> Option<String> {
    let (service, action) = name.split_once(':')?;
    let mut others = among.values();
    let matching = |r: &&Required| {
        ActionPattern::parse(&r.spelled).matches(service, action) == ActionMatch::Yes
    };
    others.find(matching).map(|r| r.spelled.clone())
}
