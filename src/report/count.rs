//! Summaries: the number of findings, and the covered requirements.

use rustc_hash::FxHashSet;

use super::{Report, RoleResult};
use crate::diff::Verdict;
use crate::finding::{Finding, Severity};

/// Findings by severity, and apart from them those that do not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Of [`Severity::Error`].
    pub error: usize,
    /// Of [`Severity::Warning`].
    pub warning: usize,
    /// Of [`Severity::Note`].
    pub note: usize,
    /// Accepted, of any severity.
    pub suppressed: usize,
}

impl Counts {
    /// Counts some findings.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut counts = Counts::default();
        for finding in findings {
            match finding.severity {
                _ if finding.suppressed.is_some() => counts.suppressed += 1,
                Severity::Error => counts.error += 1,
                Severity::Warning => counts.warning += 1,
                Severity::Note => counts.note += 1,
            }
        }
        counts
    }

    /// Findings that count, of every severity.
    pub fn total(self) -> usize {
        self.error + self.warning + self.note
    }
}

/// How much of what is required is granted. Rows that require nothing do not count, nor do those of features of
/// which it is not known whether the cluster has them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Coverage {
    /// Rows with verdict `covered`.
    pub covered: usize,
    /// All rows.
    pub required: usize,
    /// Distinct actions among the rows.
    pub actions: usize,
}

impl RoleResult {
    /// The number of the findings by severity.
    pub fn counts(&self) -> Counts {
        Counts::of(&self.findings)
    }

    /// The number of the requirements by verdict.
    pub fn coverage(&self) -> Coverage {
        let rows = || {
            self.requirements
                .iter()
                .filter(|row| !row.vacuous && !row.open)
        };
        let actions: FxHashSet<&str> = rows().map(|row| row.action.as_str()).collect();
        Coverage {
            covered: rows().filter(|r| r.verdict == Verdict::Covered).count(),
            required: rows().count(),
            actions: actions.len(),
        }
    }
}

impl Report {
    /// The findings of all results, and those on the configuration.
    fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        let of_results = self.results.iter().flat_map(|result| &result.findings);
        of_results.chain(&self.configuration)
    }

    /// The findings of each result with those of its upgrade, and last those on the configuration.
    pub(super) fn lists(&self) -> impl Iterator<Item = Vec<&Finding>> {
        let of_results = self
            .results
            .iter()
            .map(|result| result.all_findings().collect());
        of_results.chain([self.configuration.iter().collect()])
    }

    /// [`Report::lists`], each with the target that it is about.
    pub(super) fn lists_by_target(&self) -> impl Iterator<Item = (Option<&str>, Vec<&Finding>)> {
        let targets = self.results.iter().map(|r| r.target.as_deref());
        targets.chain([None]).zip(self.lists())
    }

    /// The findings that count and those of upgrades, each with the target that it is about.
    pub(super) fn findings_by_target(&self) -> impl Iterator<Item = (Option<&str>, &Finding)> {
        self.lists_by_target()
            .flat_map(|(target, list)| list.into_iter().map(move |finding| (target, finding)))
            .filter(|(_, finding)| finding.suppressed.is_none())
    }

    /// The findings that count, and those of upgrades.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings_by_target().map(|(_, finding)| finding)
    }

    /// The findings, counted.
    pub fn counts(&self) -> Counts {
        Counts::of(self.all_findings())
    }
}
