//! A policy that breaks the grammar.

use super::{Context, Lint, problem};
use crate::finding::{Finding, Severity};
use crate::parser::ProblemKind;

/// Metadata; the page is `rules/lints/invalid-policy.md`.
pub(super) static LINT: Lint = Lint {
    id: "invalid-policy",
    severity: Severity::Error,
    summary: "the policy breaks the grammar of identity-based policies",
    doc: include_str!("../../rules/lints/invalid-policy.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    problem::report(&LINT, ProblemKind::InvalidPolicy, context, out);
}
