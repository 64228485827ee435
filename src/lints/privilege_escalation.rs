//! Permissions with which a role can gain more permissions.

use super::{Context, Lint, escalation};
use crate::finding::{Finding, Severity};

/// Metadata; the page is `rules/lints/privilege-escalation.md`.
pub(super) static LINT: Lint = Lint {
    id: "privilege-escalation",
    severity: Severity::Warning,
    summary: "the role can gain more permissions than its policies grant",
    doc: include_str!("../../rules/lints/privilege-escalation.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let gain = |count| format!("opens {count} ways to more permissions");
    escalation::check(&LINT, context, gain, out);
}
