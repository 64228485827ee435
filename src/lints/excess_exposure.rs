//! A permission that opens resources to others is granted, but not required.

use super::{Lint, danger};
use crate::finding::Severity;

/// Metadata; the page is `rules/lints/excess-exposure.md`.
pub(super) static LINT: Lint = Lint {
    id: "excess-exposure",
    severity: Severity::Warning,
    summary: "a permission that opens resources to others is granted, but not required",
    doc: include_str!("../../rules/lints/excess-exposure.md"),
    since: "0.1.0",
    check: |context, out| danger::check(&LINT, context, out),
};
