//! Shared by the lints on missing permissions: contents of the AWS managed policies of a role that a Deny, a permissions
//! boundary or an SCP refuses.

use super::coverage::{deciding_layer, place};
use super::{Compared, Context, Lacking, Lint, count, enumerate, layer};
use crate::diff::Verdict;
use crate::diff::comparison::Layer;
use crate::diff::coverage::Requirement;
use crate::finding::{Finding, Severity};
use crate::parser::name_in;

/// Reports the rows with this verdict, one finding for each policy and what refuses it.
pub(super) fn report(
    lint: &'static Lint,
    verdict: Verdict,
    context: &Context<'_>,
    out: &mut Vec<Finding>,
) {
    let Some(compared) = &context.compared else {
        return;
    };
    // A finding on the requirement itself says it closer.
    let is_reported = |row: &&Requirement| {
        let mut requirements = compared.requirements.iter();
        requirements.any(|r| r.row.verdict.fails() && r.row.action == row.row.action)
    };
    for lacking in compared.lacking.iter().filter(|l| !l.is_detached) {
        let rows = lacking.rows.iter().filter(|r| r.row.verdict == verdict);
        let mut groups: Vec<(Option<&Layer<'_>>, Vec<&Requirement>)> = Vec::new();
        for requirement in rows.filter(|r| !is_reported(r)) {
            let by = deciding_layer(compared, requirement);
            let sources = |layer: Option<&Layer<'_>>| layer.map(|l| l.sources.clone());
            match { groups.iter_mut() }.find(|(other, _)| sources(*other) == sources(by)) {
                Some((_, rows)) => rows.push(requirement),
                None => groups.push((by, vec![requirement])),
            }
        }
        let findings = groups
            .iter()
            .filter_map(|(by, rows)| finding(lint, (context, compared), lacking, *by, rows));
        out.extend(findings);
    }
}

fn finding<'c>(
    lint: &'static Lint,
    (context, compared): (&Context<'_>, &'c Compared<'_>),
    lacking: &Lacking,
    by: Option<&'c Layer<'c>>,
    rows: &[&Requirement],
) -> Option<Finding> {
    let first = &rows.first()?.row;
    let mut actions: Vec<String> = Vec::new();
    for Requirement { row, .. } in rows {
        if !actions.contains(&row.action) {
            actions.push(row.action.clone());
        }
    }
    let name = name_in(&lacking.arn);
    let limit = by.and_then(|layer| layer::name(context, layer));
    let verb = if actions.len() == 1 { "is" } else { "are" };
    let (how, help) = match (first.verdict, &limit) {
        (Verdict::Denied, limit) => {
            let by = limit.as_ref().map(|l| format!(" by {l}"));
            (
                format!("{verb} denied{}", by.unwrap_or_default()),
                "narrow or remove the Deny: it wins over every Allow".to_owned(),
            )
        }
        (_, Some(limit)) => (
            format!("{verb} not allowed by {limit}"),
            format!("allow {} in {limit}", enumerate(&actions)),
        ),
        (_, None) => return None,
    };
    let message = format!(
        "{} of `{name}` {how}: {}",
        count(actions.len(), "action"),
        enumerate(&actions)
    );
    let (label, related) = place(context, compared, by, rows)?;
    let mut finding = lint.finding(Severity::Warning, message, label);
    finding.related = related;
    finding.notes.push(format!(
        "ParallelCluster attaches `{name}` to the roles that it creates; without these actions functions of the node are lost, such as its logs"
    ));
    finding.help = Some(help);
    finding.witness.clone_from(&first.witness);
    finding.subject = Some(lacking.arn.clone());
    finding.actions = actions;
    Some(finding)
}
