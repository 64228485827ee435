//! A file that cannot be read.

use super::{Context, Lint, problem};
use crate::finding::{Finding, Severity};
use crate::parser::ProblemKind;

/// Metadata; the page is `rules/lints/invalid-json.md`.
pub(super) static LINT: Lint = Lint {
    id: "invalid-json",
    severity: Severity::Error,
    summary: "the file cannot be read as an IAM policy",
    doc: include_str!("../../rules/lints/invalid-json.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    problem::report(&LINT, ProblemKind::InvalidJson, context, out);
}
