//! A single action that nothing requires.

use std::fmt::Write as _;

use super::{Context, Lint, count, enumerate, excess, fix};
use crate::diff::excess::{Excess, ExcessKind};
use crate::finding::{Finding, Severity};

/// Metadata; the page is `rules/lints/unneeded-action.md`.
pub(super) static LINT: Lint = Lint {
    id: "unneeded-action",
    severity: Severity::Warning,
    summary: "an action is granted that ParallelCluster does not require",
    doc: include_str!("../../rules/lints/unneeded-action.md"),
    since: "0.1.0",
    check,
};

/// Further places drawn per finding.
const RELATED: usize = 8;

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    if compared.may_do_everything() {
        return;
    }
    let mut groups: Vec<(usize, Vec<&Excess>)> = Vec::new();
    // Dangerous actions have lints of their own.
    let harmless = |e: &&Excess| e.kind == ExcessKind::Unneeded && e.examples.is_empty();
    for found in compared.excess.found.iter().filter(harmless) {
        match groups.last_mut() {
            Some((statement, list)) if *statement == found.statement => list.push(found),
            _ => groups.push((found.statement, vec![found])),
        }
    }
    for (index, mut group) in groups {
        let Some(statement) = compared.comparison.granted.get(index) else {
            continue;
        };
        let severity = |e: &Excess| excess::severity(&e.actions);
        // Write actions come first.
        group.sort_by_key(|e| std::cmp::Reverse(severity(e)));
        let Some((first, rest)) = group.split_first() else {
            continue;
        };
        let (label, _) = excess::action_label(statement, first);
        let all: Vec<_> = group.iter().flat_map(|e| e.actions.iter()).collect();
        let actions: Vec<String> = all.iter().map(|a| a.spelled.clone()).collect();
        let verb = if actions.len() == 1 { "is" } else { "are" };
        let message = format!(
            "{} {verb} granted, but {}",
            by_service(&actions),
            compared.not_required()
        );
        let mut finding = LINT.finding(severity(first), message, label);
        finding.related = rest
            .iter()
            .take(RELATED)
            .map(|e| excess::action_label(statement, e).0)
            .collect();
        finding
            .notes
            .push(format!("by access level: {}", excess::by_level(&all)));
        finding.notes.push(format!(
            "allowed, for example: `{}` on `{}`",
            first.witness.action, first.witness.resource
        ));
        finding.help = Some(format!(
            "remove {} unless something else on this role needs {}",
            count(actions.len(), "action"),
            if actions.len() == 1 { "it" } else { "them" }
        ));
        finding.witness = Some(first.witness.clone());
        let spans = group
            .iter()
            .map(|e| excess::action_label(statement, e).0.span);
        let spans: Vec<_> = spans.collect();
        let what = format!("remove {}", enumerate(&actions));
        finding.fixes = fix::removal(context, statement.source, &spans, what, false);
        finding.actions = actions;
        out.push(finding);
    }
}

/// So many actions are named one by one.
const NAMED: usize = 4;

/// The actions by name, or many of several services by service: `12 actions of ec2, 3 of sqs`.
fn by_service(actions: &[String]) -> String {
    let mut services: Vec<(&str, usize)> = Vec::new();
    for action in actions {
        let service = action.split_once(':').map_or("", |(service, _)| service);
        match services.iter_mut().find(|(known, _)| *known == service) {
            Some((_, count)) => *count += 1,
            None => services.push((service, 1)),
        }
    }
    if services.len() < 2 || actions.len() <= NAMED {
        return enumerate(actions);
    }
    services.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let more = services.split_off(services.len().min(NAMED));
    let named = services
        .iter()
        .enumerate()
        .map(|(at, (service, number))| match at {
            0 => format!("{} of `{service}`", count(*number, "action")),
            _ => format!("{number} of `{service}`"),
        });
    let mut text = named.collect::<Vec<_>>().join(", ");
    if !more.is_empty() {
        let rest: usize = more.iter().map(|(_, number)| number).sum();
        let others = count(more.len(), "other service");
        let _ = write!(text, " and {rest} of {others}");
    }
    text
}
