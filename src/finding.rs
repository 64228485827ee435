//! [`Finding`]: what a lint reports, the one type that every output format reads.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::edit::Fix;
use crate::fingerprint::Fingerprint;
use crate::parser::{SourceId, Span};

/// How bad a finding is; ordered, `Note` lowest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// A risk.
    Warning,
    /// ParallelCluster will fail, or AWS rejects the policy.
    Error,
}

impl Severity {
    /// `error`, `warning` or `note`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// A concrete request that shows a finding: this action on this resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Witness {
    /// `service:Action`.
    pub action: String,
    /// An ARN, or `*` where the action has no resource type; `${Name}` stands for a value that is not known.
    pub resource: String,
}

/// A place in a file, with the words drawn beside it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// The file.
    pub source: SourceId,
    /// The bytes.
    pub span: Span,
    /// Drawn beside the snippet; may be empty.
    pub message: String,
}

impl Label {
    /// A place without words.
    pub fn at(source: SourceId, span: Span) -> Self {
        Label {
            source,
            span,
            message: String::new(),
        }
    }
}

/// One reported problem. Its primary place is [`Finding::label`]; there is always exactly one.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    /// Id of the lint.
    pub lint: &'static str,
    /// How bad.
    pub severity: Severity,
    /// How bad the lint finds it, whatever severity the user gives to the lint.
    pub own_severity: Severity,
    /// One line: lower case, no full stop, user input in backticks.
    pub message: String,
    /// Further facts, one line each ("needed for …", "fails for example: …").
    pub notes: Vec<String>,
    /// The help, possibly with a statement ready to paste.
    pub help: Option<String>,
    /// All actions it is about, in the reference's or AWS's spelling.
    pub actions: Vec<String>,
    /// The element, pattern or placeholder it is about, where that is not an action.
    pub subject: Option<String>,
    /// `Sid` of the statement at the primary place.
    pub sid: Option<String>,
    /// Index of the statement of the reference.
    pub reference_statement: Option<usize>,
    /// The `Sid` of that statement of the reference.
    pub reference_sid: Option<String>,
    /// A request that proves it.
    pub witness: Option<Witness>,
    /// The exact token.
    pub label: Label,
    /// Other places.
    pub related: Vec<Label>,
    /// Fixes, if the right text is known.
    pub fixes: Vec<Fix>,
    /// Stable across re-indenting and unrelated edits; set by [`crate::lints::run`].
    pub fingerprint: Fingerprint,
    /// Why it does not count, for a finding that was accepted; `None` for one that counts.
    pub suppressed: Option<Arc<str>>,
}
