//! What a cluster configuration changes in the policies of AWS's pages, from `rules/generated.toml`.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use super::labels::Setting;
use crate::reference::on_demand::{OnDemand, of_release};
use crate::reference::{KnownContext, RefList, RefStatement, Reference, Standing};

static IDLE: LazyLock<Vec<OnDemand<Option<Idle>>>> =
    LazyLock::new(|| OnDemand::lines(include_str!(concat!(env!("OUT_DIR"), "/idle.txt"))));

static MOVED: LazyLock<Vec<OnDemand<Option<Moved>>>> =
    LazyLock::new(|| OnDemand::lines(include_str!(concat!(env!("OUT_DIR"), "/moved.txt"))));

static CONTEXTS: LazyLock<Vec<OnDemand<Option<Context>>>> =
    LazyLock::new(|| OnDemand::lines(include_str!(concat!(env!("OUT_DIR"), "/contexts.txt"))));

/// A resource of AWS's policy that is elsewhere in some configurations.
#[derive(Deserialize)]
struct Moved {
    /// The clusters that it holds for.
    when: String,
    of: String,
    to: Vec<String>,
}

/// Actions that a role does not need in some configurations.
#[derive(Deserialize)]
struct Idle {
    /// The clusters that it holds for.
    when: String,
    actions: Vec<String>,
    /// Only with these resources; empty for all.
    resources: Vec<String>,
}

/// Condition keys in the requests for some actions.
#[derive(Deserialize)]
struct Context {
    /// The clusters that it holds for.
    when: String,
    actions: Vec<String>,
    /// True where other callers make the requests that a feature requires.
    without_features: bool,
    /// Keys with one value, or none where a request does not have the key.
    cases: Vec<BTreeMap<String, Vec<String>>>,
}

impl Idle {
    /// Marks the statements that ask for nothing else.
    fn mark(&self, statements: &mut [RefStatement]) {
        let is_all = |list: &RefList, of: &[String]| {
            !list.negated && list.values.iter().all(|value| of.contains(value))
        };
        for statement in statements {
            if is_all(&statement.action, &self.actions)
                && is_all(&statement.resource, &self.resources)
            {
                statement.is_divided = true;
                statement.standing = Standing::NotInConfiguration;
            }
        }
    }
}

impl Moved {
    /// Replaces the resource in the statements that have it.
    fn apply(&self, setting: &Setting, statements: &mut [RefStatement]) {
        for list in statements.iter_mut().map(|s| &mut s.resource) {
            if list.values.contains(&self.of) {
                let to: Vec<String> = self.to.iter().flat_map(|t| setting.expand(t)).collect();
                let values = std::mem::take(&mut list.values).into_iter();
                list.values = values
                    .flat_map(|v| if v == self.of { to.clone() } else { vec![v] })
                    .collect();
            }
        }
    }
}

impl Context {
    /// Adds it to the statements that may ask for such requests.
    fn mark(&self, statements: &mut [RefStatement]) {
        let key = |(key, values): (&String, &Vec<String>)| {
            (key.to_ascii_lowercase(), values.first().cloned())
        };
        let cases = self.cases.iter().map(|keys| keys.iter().map(key).collect());
        let known = Arc::new(KnownContext {
            actions: self
                .actions
                .iter()
                .map(|a| a.to_ascii_lowercase())
                .collect(),
            cases: cases.collect(),
        });
        let may_be = |action: &String| action.contains('*') || self.actions.contains(action);
        for statement in statements {
            let is_other = self.without_features && statement.feature.is_some();
            if !is_other && !statement.action.negated && statement.action.values.iter().any(may_be)
            {
                statement.contexts.push(Arc::clone(&known));
            }
        }
    }
}

/// Adapts a reference to a cluster configuration.
pub(super) fn adapt(reference: &mut Reference, setting: &Setting) {
    let Some((role, release)) = reference.role.clone().zip(reference.release()) else {
        return;
    };
    for idle in of_release(&IDLE, &role, release).filter(|i| setting.holds(&i.when)) {
        if idle.resources.is_empty() {
            reference.idle.extend(idle.actions.iter().cloned());
        } else {
            idle.mark(&mut reference.statements);
        }
    }
    for context in of_release(&CONTEXTS, &role, release).filter(|c| setting.holds(&c.when)) {
        context.mark(&mut reference.statements);
        for gap in &mut reference.gaps {
            context.mark(&mut gap.statements);
        }
    }
    for moved in of_release(&MOVED, &role, release).filter(|m| setting.holds(&m.when)) {
        moved.apply(setting, &mut reference.statements);
        for gap in &mut reference.gaps {
            moved.apply(setting, &mut gap.statements);
        }
    }
}
