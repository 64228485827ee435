//! Permission to read every secret or parameter, or to use every key.

use super::{Context, Lint, escalation};
use crate::finding::{Finding, Severity};

/// Metadata; the page is `rules/lints/exposed-credentials.md`.
pub(super) static LINT: Lint = Lint {
    id: "exposed-credentials",
    severity: Severity::Warning,
    summary: "the role can read the secrets or use the keys of others",
    doc: include_str!("../../rules/lints/exposed-credentials.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let gain = |count| format!("exposes {count} kinds of credentials of the account");
    escalation::check(&LINT, context, gain, out);
}
