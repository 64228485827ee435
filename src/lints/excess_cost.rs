//! A permission that causes costs is granted, but not required.

use super::{Lint, danger};
use crate::finding::Severity;

/// Metadata; the page is `rules/lints/excess-cost.md`.
pub(super) static LINT: Lint = Lint {
    id: "excess-cost",
    severity: Severity::Warning,
    summary: "a permission that causes costs is granted, but not required",
    doc: include_str!("../../rules/lints/excess-cost.md"),
    since: "0.1.0",
    check: |context, out| danger::check(&LINT, context, out),
};
