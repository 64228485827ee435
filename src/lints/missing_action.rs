//! A required action that nothing grants.

use super::{Compared, Context, Lacking, Lint, attached_policy, count, coverage, enumerate};
use crate::diff::Verdict;
use crate::diff::coverage::Requirement;
use crate::finding::{Finding, Severity};
use crate::parser::name_in;

/// Metadata; the page is `rules/lints/missing-action.md`.
pub(super) static LINT: Lint = Lint {
    id: "missing-action",
    severity: Severity::Error,
    summary: "an action that ParallelCluster requires is not granted",
    doc: include_str!("../../rules/lints/missing-action.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    coverage::report(
        &LINT,
        Verdict::Missing,
        context,
        out,
        |actions, resources| match (actions, resources) {
            ([action], [resource]) => format!("`{action}` is not granted on `{resource}`"),
            ([action], _) => format!("`{action}` is not granted on any of the required resources"),
            _ => format!(
                "{} {} not granted: {}",
                count(actions.len(), "required action"),
                if actions.len() == 1 { "is" } else { "are" },
                enumerate(actions)
            ),
        },
    );
    let compared = context.compared.iter();
    let detached = compared.flat_map(|c| c.lacking.iter().map(move |lacking| (c, lacking)));
    let detached = detached.filter(|(_, lacking)| lacking.is_detached);
    out.extend(detached.filter_map(|(c, lacking)| managed(context, c, lacking)));
    attached_policy::report(&LINT, Verdict::Missing, context, out);
}

/// An AWS managed policy that the role surely does not have. Without it only functions of the nodes are lost.
fn managed(context: &Context<'_>, compared: &Compared<'_>, lacking: &Lacking) -> Option<Finding> {
    let first = lacking.rows.first()?;
    let first = &first.row;
    let service = first.action.split(':').next().unwrap_or_default();
    let mut actions: Vec<String> = Vec::new();
    for Requirement { row, .. } in &lacking.rows {
        if !actions.contains(&row.action) {
            actions.push(row.action.clone());
        }
    }
    let name = name_in(&lacking.arn);
    let message = format!(
        "{} of `{name}` {} not granted, and the policy is not attached: {}",
        count(actions.len(), "action"),
        if actions.len() == 1 { "is" } else { "are" },
        enumerate(&actions)
    );
    let label = context.nearest(compared.comparison, service);
    let mut finding = LINT.finding(Severity::Warning, message, label);
    finding.notes.push(format!(
        "ParallelCluster attaches `{name}` to the roles that it creates; without it functions of the node are lost, such as its logs"
    ));
    finding.help = Some(format!("attach `{}` to the role", lacking.arn));
    finding.witness.clone_from(&first.witness);
    finding.subject = Some(lacking.arn.clone());
    finding.actions = actions;
    Some(finding)
}
