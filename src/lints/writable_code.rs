//! Permission to write the templates, scripts and artifacts that others run.

use super::{Context, Lint, escalation};
use crate::finding::{Finding, Severity};

/// Metadata; the page is `rules/lints/writable-code.md`.
pub(super) static LINT: Lint = Lint {
    id: "writable-code",
    severity: Severity::Warning,
    summary: "the role can replace code that others run",
    doc: include_str!("../../rules/lints/writable-code.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let gain = |count| format!("opens {count} ways to replace code that others run");
    escalation::check(&LINT, context, gain, out);
}
