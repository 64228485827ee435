//! One part of the judgement alone, without findings.

use super::Settings;
use super::trial::Trial;
use crate::catalog::Catalog;
use crate::diff::Row;
use crate::diff::coverage::Requirement;
use crate::diff::escalation::{self, OpenPath};
use crate::diff::excess::{self, ExcessReport};
use crate::diff::narrow::{self, Narrowings};
use crate::diff::unconditional;
use crate::parser::Policy;
use crate::reference::Reference;

/// The rows of a reference alone, without findings: what [`check`](super::check()) judges first.
pub fn coverage(
    catalog: &Catalog,
    policies: &[Policy],
    reference: &Reference,
    settings: &Settings,
) -> Vec<Requirement> {
    let policies: Vec<&Policy> = policies.iter().collect();
    let (trial, _) = Trial::new(&policies, reference, settings);
    let stored = trial.stored(catalog).filter(|_| !settings.once_repaired);
    let mut rows = trial.rows(&stored.unwrap_or_else(|| trial.comparison(catalog)));
    trial.settle(&mut rows);
    rows
}

/// The rows of what is needed besides a reference, known gaps aside: what ParallelCluster generates for the configuration,
/// AWS managed policies, and what the configuration keeps.
pub fn also_needed(
    catalog: &Catalog,
    policies: &[Policy],
    reference: &Reference,
    settings: &Settings,
) -> Vec<Vec<Row>> {
    let policies: Vec<&Policy> = policies.iter().collect();
    let (trial, _) = Trial::new(&policies, reference, settings);
    let comparison = trial.comparison(catalog);
    let beside = trial.beside();
    let lists = [&beside.generated, &beside.managed, &beside.kept];
    let lists = lists.map(|s| comparison.coverage(s));
    let rows = |list: Vec<Requirement>| list.into_iter().map(|r| r.row).collect();
    lists.into_iter().map(rows).collect()
}

/// Whether a reference requires any request at all, with the values that `settings` give.
pub fn requires_anything(catalog: &Catalog, reference: &Reference, settings: &Settings) -> bool {
    let (trial, _) = Trial::new(&[], reference, settings);
    trial.comparison(catalog).requires_anything(&trial.required)
}

/// The excess of policies over a reference, without findings.
pub fn excess(
    catalog: &Catalog,
    policies: &[Policy],
    reference: &Reference,
    settings: &Settings,
) -> ExcessReport {
    let policies: Vec<&Policy> = policies.iter().collect();
    let (trial, _) = Trial::new(&policies, reference, settings);
    excess::excess(&trial.comparison(catalog), &trial.needed())
}

/// For each statement of a reference that has a Condition, by index, and each action of it: in how many places policies allow
/// it without one. Alone, without findings.
pub fn unconditional(
    catalog: &Catalog,
    policies: &[Policy],
    reference: &Reference,
    settings: &Settings,
) -> Vec<(usize, String, usize)> {
    let policies: Vec<&Policy> = policies.iter().collect();
    let (trial, _) = Trial::new(&policies, reference, settings);
    let comparison = trial.comparison(catalog);
    let mut search = unconditional::Search::new(&comparison, &trial.required);
    let mut found = Vec::new();
    for requirement in trial.rows(&comparison) {
        let mut statements = trial.required.iter();
        let statement = statements.find(|s| s.index == requirement.row.statement);
        let Some(statement) = statement.filter(|s| !s.conditions.is_empty()) else {
            continue;
        };
        let places = search.grants(statement, &requirement).len();
        found.push((statement.index, requirement.row.action, places));
    }
    found
}

/// The ways to more permissions that policies open, without findings.
pub fn open_paths(
    catalog: &Catalog,
    policies: &[Policy],
    reference: &Reference,
    settings: &Settings,
) -> Vec<OpenPath> {
    let policies: Vec<&Policy> = policies.iter().collect();
    let (trial, _) = Trial::new(&policies, reference, settings);
    escalation::open_paths(&trial.comparison(catalog), &trial.required, &trial.bindings)
}

/// The narrowed forms of overly broad statements that keep all requirements of the reference.
pub fn narrowed(
    catalog: &Catalog,
    policies: &[Policy],
    reference: &Reference,
    settings: &Settings,
) -> Narrowings {
    let policies: Vec<&Policy> = policies.iter().collect();
    let (trial, _) = Trial::new(&policies, reference, settings);
    let comparison = trial.comparison(catalog);
    let needed = trial.needed();
    let excess = trial.excess(&comparison, None);
    narrow::narrow(&comparison, &needed, &excess)
}
