//! A single action that nothing requires.

use super::{Context, Lint, count, enumerate, excess, fix};
use crate::diff::excess::{Excess, ExcessKind};
use crate::finding::{Finding, Severity};

/// See the page.
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
    let mut groups: Vec<(usize, Severity, Vec<&Excess>)> = Vec::new();
    for found in compared
        .excess
        .found
        .iter()
        .filter(|e| e.kind == ExcessKind::Unneeded)
    {
        let severity = excess::severity(found.actions.iter().map(|(_, l)| l));
        match groups
            .iter_mut()
            .find(|(s, v, _)| (*s, *v) == (found.statement, severity))
        {
            Some((_, _, list)) => list.push(found),
            None => groups.push((found.statement, severity, vec![found])),
        }
    }
    for (index, severity, group) in groups {
        let Some(statement) = compared.comparison.granted.get(index) else {
            continue;
        };
        let Some((first, rest)) = group.split_first() else {
            continue;
        };
        let (label, _) = excess::action_label(statement, first);
        let all: Vec<_> = group
            .iter()
            .flat_map(|e| e.actions.iter().cloned())
            .collect();
        let actions: Vec<String> = all.iter().map(|(a, _)| a.clone()).collect();
        let verb = if actions.len() == 1 { "is" } else { "are" };
        let message = format!(
            "{} {verb} granted, but ParallelCluster does not require {}",
            enumerate(&actions),
            if actions.len() == 1 { "it" } else { "them" }
        );
        let mut finding = LINT.finding(severity, message, label);
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
