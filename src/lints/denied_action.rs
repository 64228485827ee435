//! A required action that an explicit Deny takes away.

use super::{Context, Lint, attached_policy, coverage, enumerate};
use crate::diff::Verdict;
use crate::finding::{Finding, Severity};

/// Metadata; the page is `rules/lints/denied-action.md`.
pub(super) static LINT: Lint = Lint {
    id: "denied-action",
    severity: Severity::Error,
    summary: "a required action is explicitly denied",
    doc: include_str!("../../rules/lints/denied-action.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    coverage::report(&LINT, Verdict::Denied, context, out, |actions, _| {
        let verb = if actions.len() == 1 { "is" } else { "are" };
        format!("{} {verb} required, but denied", enumerate(actions))
    });
    attached_policy::report(&LINT, Verdict::Denied, context, out);
}
