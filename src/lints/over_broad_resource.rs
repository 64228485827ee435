//! A required action that is allowed on more than it is required on.

use rustc_hash::FxHashSet;

use super::{Context, Lint, enumerate, excess};
use crate::diff::excess::{Excess, ExcessKind};
use crate::finding::{Finding, Severity};

/// Metadata; the page is `rules/lints/over-broad-resource.md`.
pub(super) static LINT: Lint = Lint {
    id: "over-broad-resource",
    severity: Severity::Warning,
    summary: "a required action is allowed on more resources than required",
    doc: include_str!("../../rules/lints/over-broad-resource.md"),
    since: "0.1.0",
    check,
};

/// Statement, resource string, severity: what one finding is about.
type Key = (usize, Option<usize>, Severity);

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    if compared.may_do_everything() {
        return;
    }
    let mut groups: Vec<(Key, Vec<&Excess>)> = Vec::new();
    for found in compared
        .excess
        .found
        .iter()
        .filter(|e| e.kind == ExcessKind::Resource)
    {
        let severity = excess::severity(&found.actions);
        let key = (found.statement, found.resource, severity);
        match groups.iter_mut().find(|(k, _)| *k == key) {
            Some((_, list)) => list.push(found),
            None => groups.push((key, vec![found])),
        }
    }
    for ((index, resource, severity), group) in groups {
        let Some(statement) = compared.comparison.granted.get(index) else {
            continue;
        };
        let Some(first) = group.first() else { continue };
        let (label, subject) = excess::resource_label(statement, resource);
        let mut seen = FxHashSet::default();
        let all: Vec<_> = { group.iter().flat_map(|e| e.actions.iter()) }
            .filter(|action| seen.insert(action.spelled.as_str()))
            .collect();
        let actions: Vec<String> = all.iter().map(|a| a.spelled.clone()).collect();
        let verb = if actions.len() == 1 { "is" } else { "are" };
        let message = format!(
            "{} {verb} allowed on more than is required",
            enumerate(&actions)
        );
        let mut finding = LINT.finding(severity, message, label);
        finding
            .notes
            .push(format!("by access level: {}", excess::by_level(&all)));
        finding.notes.push(format!(
            "allowed and not required, for example: `{}` on `{}`",
            first.witness.action, first.witness.resource
        ));
        let mut needed: Vec<String> = Vec::new();
        for action in &actions {
            for resource in excess::required_resources(compared, action) {
                let resource = format!("\"{resource}\"");
                if !needed.contains(&resource) {
                    needed.push(resource);
                }
            }
        }
        if !needed.is_empty() {
            finding.help = Some(format!(
                "only this is required: \"Resource\": {}",
                match needed.as_slice() {
                    [one] => one.clone(),
                    many => format!("[{}]", many.join(", ")),
                }
            ));
        }
        finding.subject = Some(subject);
        finding.witness = Some(first.witness.clone());
        finding.actions = actions;
        out.push(finding);
    }
}
