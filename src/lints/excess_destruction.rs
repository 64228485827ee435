//! A permission to delete is granted, but not required.

use super::{Lint, danger};
use crate::finding::Severity;

/// Metadata; the page is `rules/lints/excess-destruction.md`.
pub(super) static LINT: Lint = Lint {
    id: "excess-destruction",
    severity: Severity::Warning,
    summary: "a permission to delete is granted, but not required",
    doc: include_str!("../../rules/lints/excess-destruction.md"),
    since: "0.1.0",
    check: |context, out| danger::check(&LINT, context, out),
};
