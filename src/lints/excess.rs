//! Shared by the lints on overly broad permissions.

use super::Compared;
use crate::catalog::{self, AccessLevel};
use crate::diff::Row;
use crate::diff::excess::{Excess, ListedAction};
use crate::diff::statement::{Prepared, Resource};
use crate::finding::{Label, Severity};

/// The lints on permissions that nothing requires, besides those on a danger.
pub(super) const LINTS: [&str; 6] = [
    "allow-not-action",
    "over-broad-action",
    "over-broad-resource",
    "privilege-escalation",
    "unneeded-action",
    "writable-code",
];

/// Writing, changing permissions or tagging is a risk; listing and reading is worth knowing.
pub(super) fn severity(actions: &[ListedAction]) -> Severity {
    let mut levels = actions.iter().map(|a| a.access);
    if levels.all(|l| matches!(l, AccessLevel::List | AccessLevel::Read)) {
        Severity::Note
    } else {
        Severity::Warning
    }
}

/// `12 Write, 3 Permissions management`: how many actions of each access level.
pub(super) fn by_level(actions: &[&ListedAction]) -> String {
    let levels = [
        AccessLevel::PermissionsManagement,
        AccessLevel::Write,
        AccessLevel::Tagging,
        AccessLevel::Read,
        AccessLevel::List,
    ];
    let counts: Vec<String> = levels
        .iter()
        .map(|level| {
            (
                actions.iter().filter(|a| a.access == *level).count(),
                level.name(),
            )
        })
        .filter(|(n, _)| *n > 0)
        .map(|(n, name)| format!("{n} {name}"))
        .collect();
    counts.join(", ")
}

/// The action string, or the `NotAction` key.
pub(super) fn action_label(statement: &Prepared, excess: &Excess) -> (Label, String) {
    let action = excess.action.and_then(|a| statement.actions.get(a));
    let label = Label {
        source: statement.source,
        span: action.map_or(statement.action_key, |a| a.span),
        message: String::new(),
    };
    (
        label,
        action.map_or_else(|| "NotAction".to_owned(), |a| a.text.to_string()),
    )
}

/// The resource string that grants too much, or the `NotResource` key.
pub(super) fn resource_label(statement: &Prepared, resource: Option<usize>) -> (Label, String) {
    let listed: Option<&Resource> = resource.and_then(|r| statement.resources.get(r));
    let label = Label {
        source: statement.source,
        span: listed.map_or(statement.resource_key, |r| r.span),
        message: String::new(),
    };
    (
        label,
        listed.map_or_else(|| "NotResource".to_owned(), |r| r.text.clone()),
    )
}

/// The rows of all that is required: by the reference, by its known gaps, and by the role that ParallelCluster generates.
fn rows<'c>(compared: &'c Compared<'_>) -> impl Iterator<Item = &'c Row> {
    let gaps = compared.gaps.iter().flat_map(|gap| &gap.requirements);
    let own = compared.requirements.iter();
    let all = own
        .chain(gaps)
        .chain(compared.generated)
        .chain(compared.kept);
    all.map(|r| &r.row).filter(|row| !row.vacuous)
}

/// The required actions that an action pattern matches: what to write in its place.
pub(super) fn required_under(
    compared: &Compared<'_>,
    statement: &Prepared,
    excess: &Excess,
) -> Vec<String> {
    let mut required: Vec<String> = Vec::new();
    let mut add = |action: &str| {
        let Some((service, name)) = action.split_once(':') else {
            return;
        };
        let (service, name) = (service.to_ascii_lowercase(), name.to_ascii_lowercase());
        let matches = match excess.action.and_then(|a| statement.actions.get(a)) {
            Some(action) => {
                action.pattern.matches(&service, &name) != crate::matcher::ActionMatch::No
            }
            None => statement.applies(&service, &name).is_some(),
        };
        if matches && !required.iter().any(|r| r == action) {
            required.push(action.to_owned());
        }
    };
    rows(compared).for_each(|row| add(&row.action));
    let managed = compared.managed.iter();
    for action in { managed }.flat_map(|s| s.actions.iter()) {
        let each = |action: catalog::Action<'_>| add(&action.spelled());
        compared.comparison.each_match(&action.pattern, each);
    }
    required
}

/// The resources on which the reference requires an action.
pub(super) fn required_resources<'c>(compared: &'c Compared<'_>, action: &str) -> Vec<&'c str> {
    let mut resources: Vec<&str> = Vec::new();
    for row in rows(compared) {
        if row.action.eq_ignore_ascii_case(action) {
            for resource in row.resources.iter() {
                if !resources.contains(&resource.as_str()) {
                    resources.push(resource);
                }
            }
        }
    }
    resources
}
