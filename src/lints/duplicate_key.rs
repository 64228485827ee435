//! A key that is given twice in one object.

use super::{Context, Lint, problem};
use crate::finding::{Finding, Severity};
use crate::parser::ProblemKind;

/// Metadata; the page is `rules/lints/duplicate-key.md`.
pub(super) static LINT: Lint = Lint {
    id: "duplicate-key",
    severity: Severity::Error,
    summary: "a key is given twice in one object",
    doc: include_str!("../../rules/lints/duplicate-key.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    problem::report(&LINT, ProblemKind::DuplicateKey, context, out);
}
