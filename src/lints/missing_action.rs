//! A required action that nothing grants.

use super::{Context, Lint, count, coverage, enumerate};
use crate::diff::Verdict;
use crate::finding::{Finding, Severity};

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
}
