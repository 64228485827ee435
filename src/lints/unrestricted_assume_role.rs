//! Permission to assume every role.

use super::{Context, Lint, escalation};
use crate::finding::{Finding, Severity};

/// Metadata; the page is `rules/lints/unrestricted-assume-role.md`.
pub(super) static LINT: Lint = Lint {
    id: "unrestricted-assume-role",
    severity: Severity::Warning,
    summary: "the role can assume every role whose trust policy allows it",
    doc: include_str!("../../rules/lints/unrestricted-assume-role.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let gain = |count| format!("opens {count} ways to assume other roles");
    escalation::check(&LINT, context, gain, out);
}
