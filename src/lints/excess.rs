//! What the lints about grants beyond need share.

use super::Compared;
use crate::catalog::AccessLevel;
use crate::diff::excess::Excess;
use crate::diff::statement::{Prepared, Resource};
use crate::finding::{Label, Severity};

/// Writing, changing permissions or tagging is a risk; listing and reading is worth knowing.
pub(super) fn severity<'e>(levels: impl Iterator<Item = &'e AccessLevel>) -> Severity {
    let mut levels = levels;
    if levels.all(|l| matches!(l, AccessLevel::List | AccessLevel::Read)) {
        Severity::Note
    } else {
        Severity::Warning
    }
}

/// `12 Write, 3 Permissions management`: how many actions of each access level.
pub(super) fn by_level(actions: &[(String, AccessLevel)]) -> String {
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
                actions.iter().filter(|(_, l)| l == level).count(),
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

/// The required actions that an action pattern matches: what to write in its place.
pub(super) fn required_under(
    compared: &Compared<'_>,
    statement: &Prepared,
    excess: &Excess,
) -> Vec<String> {
    let mut required: Vec<String> = Vec::new();
    for requirement in compared.requirements.iter().filter(|r| !r.row.vacuous) {
        let row = &requirement.row;
        let Some((service, name)) = row.action.split_once(':') else {
            continue;
        };
        let (service, name) = (service.to_ascii_lowercase(), name.to_ascii_lowercase());
        let matches = match excess.action.and_then(|a| statement.actions.get(a)) {
            Some(action) => {
                action.pattern.matches(&service, &name) != crate::matcher::ActionMatch::No
            }
            None => statement.applies(&service, &name).is_some(),
        };
        if matches && !required.contains(&row.action) {
            required.push(row.action.clone());
        }
    }
    required
}

/// The resources on which the reference requires an action.
pub(super) fn required_resources<'c>(compared: &'c Compared<'_>, action: &str) -> Vec<&'c str> {
    let mut resources: Vec<&str> = Vec::new();
    for row in compared
        .requirements
        .iter()
        .map(|r| &r.row)
        .filter(|r| !r.vacuous)
    {
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
