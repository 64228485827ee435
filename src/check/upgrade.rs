//! The difference that another release makes.

use std::collections::BTreeSet;

use crate::diff::{Row, Verdict};
use crate::finding::{Finding, Severity};
use crate::fingerprint::Fingerprint;
use crate::lints;
use crate::result::{RoleResult, Upgrade};

/// Gaps for `then` that are not gaps for `now`.
pub fn upgrade(now: &RoleResult, then: RoleResult) -> Upgrade {
    let is_uncovered = |row: &&Row| row.verdict != Verdict::Covered;
    let already: BTreeSet<(&str, &[String])> = now
        .requirements
        .iter()
        .filter(is_uncovered)
        .map(|row| (row.action.as_str(), &*row.resources))
        .collect();
    let new: BTreeSet<&str> = then
        .requirements
        .iter()
        .filter(is_uncovered)
        .filter(|row| !already.contains(&(row.action.as_str(), &*row.resources)))
        .map(|row| row.action.as_str())
        .collect();
    // Known gaps have no rows: compare their findings.
    let gaps = now.findings.iter().filter(|f| lints::is_about_gaps(f.lint));
    let known: BTreeSet<&str> = gaps
        .flat_map(|f| f.actions.iter().map(String::as_str))
        .chain(already.iter().map(|(action, _)| *action))
        .collect();
    let findings = then.findings.into_iter().filter(|finding| {
        let mut actions = finding.actions.iter().map(String::as_str);
        if lints::is_about_gaps(finding.lint) {
            actions.any(|a| !known.contains(a))
        } else {
            lints::is_about_coverage(finding.lint) && actions.any(|a| new.contains(a))
        }
    });
    let findings: Vec<Finding> = findings.collect();
    let release = then.reference.pcluster_version.as_deref();
    let release = release.unwrap_or_default();
    Upgrade {
        warnings: findings.iter().map(|f| warning(f, release)).collect(),
        reference: then.reference,
        findings,
    }
}

/// A finding of another release, for those who read it beside the findings of this one.
fn warning(finding: &Finding, release: &str) -> Finding {
    let message = &finding.message;
    Finding {
        severity: finding.severity.min(Severity::Warning),
        message: format!("after an upgrade to ParallelCluster {release}: {message}"),
        fingerprint: Fingerprint::of_text(format!("{release}\u{1f}{}", finding.fingerprint)),
        ..finding.clone()
    }
}
