//! A part of a template that could not be read.

use super::{Context, Lint, problem};
use crate::finding::{Finding, Severity};
use crate::parser::ProblemKind;

/// See the page.
pub(super) static LINT: Lint = Lint {
    id: "unresolved",
    severity: Severity::Error,
    summary: "a part of a template could not be read, and may change what a policy grants",
    doc: include_str!("../../rules/lints/unresolved.md"),
    since: "0.2.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let before = out.len();
    problem::report(&LINT, ProblemKind::Unresolved, context, out);
    if context.accepts_unresolved {
        for finding in out.iter_mut().skip(before) {
            finding.severity = Severity::Warning;
            finding.own_severity = Severity::Warning;
        }
    }
}
