//! The rules that narrow a reference.

use crate::reference::data::{NARROWINGS, Narrowing};
use crate::reference::value_shape::glob;
use crate::reference::{RefStatement, Reference, Release};

/// Whether a list, empty for all, has a name.
pub(super) fn has(list: &[&str], name: Option<&str>) -> bool {
    list.is_empty() || name.is_some_and(|name| list.contains(&name))
}

/// The rules for a reference of this release.
pub(super) fn of(reference: &Reference, release: Release) -> Vec<&'static Narrowing> {
    let setting = reference.setting.as_ref();
    NARROWINGS
        .iter()
        .filter(|n| n.first <= release && release <= n.last)
        .filter(|n| has(n.roles, reference.role.as_deref()))
        .filter(|n| has(n.schedulers, reference.scheduler.as_deref()))
        .filter(|n| !n.unless.iter().any(|f| reference.features.contains(f)))
        .filter(|n| !n.unconfigured || setting.is_none())
        .filter(|n| n.when.is_empty() || setting.is_some_and(|setting| setting.holds(n.when)))
        .collect()
}

/// Whether a rule is for an action of a reference; `lower` is the action in lower case.
pub(super) fn is_for(rule: &Narrowing, action: &str, lower: &str) -> bool {
    let mut actions = rule.actions.iter();
    rule.actions.is_empty()
        || actions.any(|a| a.eq_ignore_ascii_case(action))
        || is_wild(rule, lower)
}

/// Whether an action has wildcards and stands for all actions of a rule.
pub(super) fn is_wild(rule: &Narrowing, action: &str) -> bool {
    let mut actions = rule.actions.iter();
    !rule.actions.is_empty()
        && action.contains('*')
        && actions.all(|a| glob(action, &a.to_ascii_lowercase()))
}

/// Actions, and the resources that they need.
pub(super) type Parts = Vec<(Vec<String>, Vec<String>)>;

/// The actions of a statement with the resources that each needs; those with the same ones stay together. `narrower` has
/// for each action and each resource what is enough in its place.
pub(super) fn together(statement: &RefStatement, narrower: Vec<Option<Vec<String>>>) -> Parts {
    let mut parts = Parts::new();
    let mut narrower = narrower.into_iter();
    for action in &statement.action.values {
        let mut wanted = Vec::new();
        for resource in &statement.resource.values {
            let of_resource = narrower.next().flatten();
            for one in of_resource.unwrap_or_else(|| vec![resource.clone()]) {
                if !wanted.contains(&one) {
                    wanted.push(one);
                }
            }
        }
        match parts.iter_mut().find(|(_, of)| *of == wanted) {
            Some((actions, _)) => actions.push(action.clone()),
            None => parts.push((vec![action.clone()], wanted)),
        }
    }
    parts
}
