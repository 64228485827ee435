//! A required action whose grant depends on something that is not known here.

use super::{Context, Lint, coverage, enumerate};
use crate::diff::Verdict;
use crate::finding::{Finding, Severity};

/// Metadata; the page is `rules/lints/conditional-grant.md`.
pub(super) static LINT: Lint = Lint {
    id: "conditional-grant",
    severity: Severity::Warning,
    summary: "a required action is granted only under a condition that is not known to hold",
    doc: include_str!("../../rules/lints/conditional-grant.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    coverage::report(&LINT, Verdict::Conditional, context, out, |actions, _| {
        let verb = if actions.len() == 1 {
            "depends"
        } else {
            "depend"
        };
        format!(
            "{} {verb} on a condition that is not known to hold",
            enumerate(actions)
        )
    });
}
