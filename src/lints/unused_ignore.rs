//! Ignores and baseline entries that match nothing or have expired.

use super::{Context, Lint};
use crate::finding::{Finding, Severity};

/// Metadata; the page is `rules/lints/unused-ignore.md`.
pub(crate) static LINT: Lint = Lint {
    id: "unused-ignore",
    severity: Severity::Warning,
    summary: "an ignore or an entry of the baseline hides nothing",
    doc: include_str!("../../rules/lints/unused-ignore.md"),
    since: "0.1.0",
    check,
};

/// Found once for a run, not for each role: [`crate::unused`].
fn check(_: &Context<'_>, _: &mut Vec<Finding>) {}
