//! A permission to read credentials or to decrypt is granted, but not required.

use super::{Lint, danger};
use crate::finding::Severity;

/// Metadata; the page is `rules/lints/excess-credentials.md`.
pub(super) static LINT: Lint = Lint {
    id: "excess-credentials",
    severity: Severity::Warning,
    summary: "a permission to read credentials or to decrypt is granted, but not required",
    doc: include_str!("../../rules/lints/excess-credentials.md"),
    since: "0.1.0",
    check: |context, out| danger::check(&LINT, context, out),
};
