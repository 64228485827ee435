//! Settings that weaken a run, as every format shows them.

use super::{Report, escape};
use crate::diff::Verdict;
use crate::parser::{SourceId, Span};

/// A setting that hides findings, lowers them, or takes something for granted; and the configuration that was used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Weakening {
    /// `configuration`, `replaced-configuration`, `lint`, `fail-on`, `context`, `features`, `attached`, `ignore`,
    /// `keep`, `select`, `baseline` or `unresolved`.
    pub kind: &'static str,
    /// One line.
    pub message: String,
    /// The option, or the place in the configuration (`pcluster-iam.toml:3:10`).
    pub from: String,
    /// The region of the setting, if it is in a file that was read.
    pub place: Option<(SourceId, Span)>,
}

impl Weakening {
    /// The message with its origin, safe to print.
    pub(super) fn line(&self) -> String {
        let name = match self.kind {
            "configuration" | "replaced-configuration" => String::new(),
            kind => format!("weakened ({kind}): "),
        };
        escape::line(&format!("{name}{} ({})", self.message, self.from)).into_owned()
    }
}

/// Rows of one verdict that no finding reports, because its lint is off.
pub(super) struct HiddenRows {
    pub(super) lint: &'static str,
    pub(super) count: usize,
}

impl Report {
    /// The rows of a result whose lint is off, by lint.
    pub(super) fn hidden_rows(&self, result: &super::RoleResult) -> Vec<HiddenRows> {
        let verdicts = [
            ("conditional-grant", Verdict::Conditional),
            ("denied-action", Verdict::Denied),
            ("missing-action", Verdict::Missing),
            ("partial-resource", Verdict::Partial),
        ];
        let off = verdicts
            .into_iter()
            .filter(|(lint, _)| self.off.contains(lint));
        off.map(|(lint, verdict)| {
            let rows = result.requirements.iter();
            let rows = rows.filter(|row| !row.vacuous && !row.open && row.verdict == verdict);
            HiddenRows {
                lint,
                count: rows.count(),
            }
        })
        .filter(|hidden| hidden.count > 0)
        .collect()
    }
}
