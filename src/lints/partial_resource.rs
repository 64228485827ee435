//! A required action that is granted on some of the required resources only.

use super::{Context, Lint, coverage, enumerate};
use crate::diff::Verdict;
use crate::finding::{Finding, Severity};

/// See the page.
pub(super) static LINT: Lint = Lint {
    id: "partial-resource",
    severity: Severity::Error,
    summary: "a required action is granted on only a part of what it is required on",
    doc: include_str!("../../rules/lints/partial-resource.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    coverage::report(
        &LINT,
        Verdict::Partial,
        context,
        out,
        |actions, resources| {
            let on = match resources {
                [one] => format!("`{one}`"),
                _ => "the required resources".to_owned(),
            };
            let verb = if actions.len() == 1 { "is" } else { "are" };
            format!(
                "{} {verb} granted on only a part of {on}",
                enumerate(actions)
            )
        },
    );
}
