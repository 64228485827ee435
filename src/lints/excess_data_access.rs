//! A permission to read or use data is granted, but not required.

use super::{Lint, danger};
use crate::finding::Severity;

/// Metadata; the page is `rules/lints/excess-data-access.md`.
pub(super) static LINT: Lint = Lint {
    id: "excess-data-access",
    severity: Severity::Warning,
    summary: "a permission to read or use data is granted, but not required",
    doc: include_str!("../../rules/lints/excess-data-access.md"),
    since: "0.1.0",
    check: |context, out| danger::check(&LINT, context, out),
};
