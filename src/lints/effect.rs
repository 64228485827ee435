//! Shared by the lints on statements without effect.

use super::{Compared, Context, Lint, arn, enumerate};
use crate::diff::effect::{Ineffective, Unmet};
use crate::diff::statement::{Prepared, Resource};
use crate::finding::{Finding, Label, Severity};
use crate::parser::{Effect, Span};

/// Further places drawn per finding.
const RELATED: usize = 8;
/// Notes on what single actions apply to.
const NOTES: usize = 4;

/// Entries without effect, each with its statement.
pub(super) fn of<'c>(
    compared: &'c Compared<'_>,
) -> impl Iterator<Item = (&'c Prepared, &'c Ineffective)> {
    compared.ineffective.iter().filter_map(|found| {
        let layer = compared.comparison.layers.get(found.layer)?;
        Some((layer.statements.get(found.statement)?, found))
    })
}

/// `allows` or `denies`.
pub(super) fn verb(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allows",
        Effect::Deny => "denies",
    }
}

/// The texts and the places of actions of a statement.
pub(super) fn strings(statement: &Prepared, unmet: &[Unmet]) -> (Vec<String>, Vec<Span>) {
    let actions = unmet.iter().filter_map(|u| statement.actions.get(u.action));
    actions.map(|a| (a.text.to_string(), a.span)).unzip()
}

/// Faults of the ARNs themselves.
pub(super) fn faults<'c>(
    context: &Context<'_>,
    resources: impl Iterator<Item = &'c Resource>,
) -> Vec<String> {
    let faults = resources.filter_map(|r| arn::fault(context.catalog, r));
    faults.take(NOTES).collect()
}

/// A finding at the first of some places of a statement, with notes on what its actions apply to.
pub(super) fn finding(
    context: &Context<'_>,
    lint: &'static Lint,
    statement: &Prepared,
    message: String,
    spans: &[Span],
    unmet: &[Unmet],
) -> Finding {
    let label = |span: Span| Label {
        source: statement.source,
        span,
        message: String::new(),
    };
    let first = spans.first().copied().unwrap_or(statement.span);
    let mut finding = lint.finding(Severity::Warning, message, label(first));
    let others = spans.iter().skip(1).take(RELATED);
    finding.related = others.map(|span| label(*span)).collect();
    let applies = unmet.iter().filter_map(|u| {
        let action = statement.actions.get(u.action)?;
        Some((&*action.text, u))
    });
    let star = |u: &Unmet| matches!(u.formats.as_slice(), [one] if one == "*");
    let (alone, typed): (Vec<_>, Vec<_>) = applies.partition(|(_, u)| star(u));
    let alone: Vec<String> = alone.iter().map(|(text, _)| (*text).to_owned()).collect();
    if !alone.is_empty() {
        finding.notes.push(format!(
            "{} {} no resource-level permissions: AWS checks {} against `*`, which no ARN matches",
            enumerate(&alone),
            if alone.len() == 1 { "has" } else { "have" },
            if alone.len() == 1 { "it" } else { "them" },
        ));
    }
    let shown = typed.iter().take(NOTES);
    let shown = shown.map(|(text, u)| format!("`{text}` applies to {}", enumerate(&u.formats)));
    finding.notes.extend(shown);
    finding.notes.push(format!(
        "according to the catalogue of {}, which can be incomplete",
        context.catalog.date()
    ));
    let own = "in a statement of its own, with \"Resource\": \"*\"";
    finding.help = match (alone.is_empty(), typed.is_empty()) {
        (false, true) => Some(format!("list {} {own}", enumerate(&alone))),
        (false, false) => Some(format!(
            "list {} {own}; name resources that the other actions apply to, or remove them",
            enumerate(&alone)
        )),
        (true, false) if typed.len() == 1 => {
            Some("name a resource that the action applies to, or remove it".to_owned())
        }
        (true, false) => {
            Some("name resources that the actions apply to, or remove them".to_owned())
        }
        (true, true) => None,
    };
    finding
}
