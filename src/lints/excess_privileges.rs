//! A permission that changes what identities may do is granted, but not required.

use super::{Lint, danger};
use crate::finding::Severity;

/// Metadata; the page is `rules/lints/excess-privileges.md`.
pub(super) static LINT: Lint = Lint {
    id: "excess-privileges",
    severity: Severity::Warning,
    summary: "a permission that changes what identities may do is granted, but not required",
    doc: include_str!("../../rules/lints/excess-privileges.md"),
    since: "0.1.0",
    check: |context, out| danger::check(&LINT, context, out),
};
