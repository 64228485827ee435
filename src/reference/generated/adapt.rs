//! What a cluster configuration changes in the policies of AWS's pages, from `rules/generated.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::labels::{Releases, Setting};
use crate::reference::{RefList, RefStatement, Reference, Release, Standing};

static IDLE: LazyLock<Vec<Idle>> = LazyLock::new(|| {
    serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/idle.json"))).unwrap_or_default()
});

static MOVED: LazyLock<Vec<Moved>> = LazyLock::new(|| {
    serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/moved.json"))).unwrap_or_default()
});

static ABSENT: LazyLock<Vec<Absent>> = LazyLock::new(|| {
    serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/absent.json"))).unwrap_or_default()
});

/// The clusters that something holds for.
#[derive(Deserialize)]
struct Rule {
    role: String,
    releases: Releases,
    when: String,
}

impl Rule {
    fn applies(&self, role: &str, release: Release, setting: &Setting) -> bool {
        !setting.is_open
            && self.role == role
            && self.releases.hold(release)
            && setting.holds(&self.when)
    }
}

/// A resource of AWS's policy that is elsewhere in some configurations.
#[derive(Deserialize)]
struct Moved {
    #[serde(flatten)]
    rule: Rule,
    of: String,
    to: Vec<String>,
}

/// Actions that a role does not need in some configurations.
#[derive(Deserialize)]
struct Idle {
    #[serde(flatten)]
    rule: Rule,
    actions: Vec<String>,
    /// Only with these resources; empty for all.
    resources: Vec<String>,
}

/// A condition key that the requests for some actions do not have in some configurations.
#[derive(Deserialize)]
struct Absent {
    #[serde(flatten)]
    rule: Rule,
    actions: Vec<String>,
    key: String,
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

impl Absent {
    /// Marks the statements that ask for such requests alone.
    fn mark(&self, statements: &mut [RefStatement]) {
        let of = |list: &RefList| {
            !list.negated
                && list
                    .values
                    .iter()
                    .all(|action| self.actions.contains(action))
        };
        for statement in statements.iter_mut().filter(|s| of(&s.action)) {
            statement.lacks.push(self.key.to_ascii_lowercase());
        }
    }
}

/// Adapts a reference to a cluster configuration.
pub(super) fn adapt(reference: &mut Reference, setting: &Setting) {
    let Some((role, release)) = reference.role.clone().zip(reference.release()) else {
        return;
    };
    let applies = |rule: &Rule| rule.applies(&role, release, setting);
    for idle in IDLE.iter().filter(|i| applies(&i.rule)) {
        if idle.resources.is_empty() {
            reference.idle.extend(idle.actions.iter().cloned());
        } else {
            idle.mark(&mut reference.statements);
        }
    }
    for absent in ABSENT.iter().filter(|a| applies(&a.rule)) {
        absent.mark(&mut reference.statements);
        for gap in &mut reference.gaps {
            absent.mark(&mut gap.statements);
        }
    }
    for moved in MOVED.iter().filter(|m| applies(&m.rule)) {
        moved.apply(setting, &mut reference.statements);
        for gap in &mut reference.gaps {
            moved.apply(setting, &mut gap.statements);
        }
    }
}
