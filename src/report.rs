//! Renders results. Reporters read [`Report`] and decide nothing.
//!
//! [`text()`] and [`concise()`] are for people, [`json()`] for programs, [`sarif()`], [`github()`], [`gitlab()`] and
//! [`junit()`] for what shows a run to others. [`Region`] is the one place where a span of a file becomes lines and
//! columns, [`Repository`] the one where a path becomes that of a file in its repository, [`Counts`] and [`Coverage`]
//! the only places where anything is counted.

mod concise;
mod count;
mod escape;
mod excerpt;
mod github;
mod gitlab;
mod identity;
mod json;
mod junit;
mod region;
mod repository;
#[cfg(test)]
mod sample;
mod sarif;
mod text;
mod weakened;
mod words;

pub use concise::concise;
pub use count::{Counts, Coverage};
pub use github::github;
pub use gitlab::gitlab;
pub use json::{SCHEMA, json};
pub use junit::junit;
pub use region::Region;
pub use repository::Repository;
pub use sarif::sarif;
pub use text::{TextOptions, draw, text};
pub use weakened::Weakening;
pub use words::summary;

use std::collections::BTreeSet;

use crate::diff::{Row, Verdict};
use crate::finding::{Finding, Severity};
use crate::fingerprint::Fingerprint;
use crate::lints;
use crate::parser::Sources;

/// What the policies were compared with. All `None` for `--reference FILE`, but for `file`.
#[derive(Clone, Debug, Default)]
pub struct ReferenceName {
    /// e.g. `ParallelClusterInstancePolicy`.
    pub policy: Option<String>,
    /// e.g. `instance`.
    pub role: Option<String>,
    /// e.g. `torque`.
    pub scheduler: Option<String>,
    /// e.g. `2.4.1`.
    pub pcluster_version: Option<String>,
    /// Features that the cluster is said to have.
    pub features: Vec<String>,
    /// The feature of its group that fits best, where nobody said which the cluster has.
    pub assumed: Option<String>,
    /// The path given with `--reference`.
    pub file: Option<String>,
    /// True when the role was chosen by `--role auto`.
    pub role_was_chosen: bool,
    /// True when the release is the default rather than asked for.
    pub version_is_default: bool,
    /// Why it was chosen; completes "because …".
    pub version_reason: Option<String>,
}

/// The value of one placeholder and where it came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Binding {
    /// e.g. `Region`.
    pub name: String,
    /// e.g. `us-east-1`; `None` when nothing binds it.
    pub value: Option<String>,
    /// `default`, `--region`, or the place it was inferred from (`head-node.json:12:14`); empty when unbound.
    pub from: String,
    /// True when the value was inferred from the policies.
    pub inferred: bool,
}

/// The result for one role: one reference against the union of some files.
#[derive(Clone, Debug)]
pub struct RoleResult {
    /// What the configuration calls the role; `None` for files of the command line.
    pub target: Option<String>,
    /// The files, as the user gave them.
    pub policies: Vec<String>,
    /// What they were compared with.
    pub reference: ReferenceName,
    /// Placeholders of the reference, sorted by name.
    pub bindings: Vec<Binding>,
    /// The file of the permissions boundary.
    pub boundary: Option<String>,
    /// The files of service control policies, level by level.
    pub scps: Vec<Vec<String>>,
    /// What was not given: the layers `permissions-boundary` and `scp`, and AWS managed policies that the role must
    /// have besides, as `managed-policy:ARN`. Also `feature:NAME` for a feature of which nothing is known for this role and release.
    pub not_checked: Vec<String>,
    /// One row per requirement; empty where a file could not be read.
    pub requirements: Vec<Row>,
    /// What is needed besides, list by list: known gaps, what ParallelCluster generates for the configuration, and AWS
    /// managed policies. Only where files are to be fixed; no output shows it.
    pub also_needed: Vec<Vec<Row>>,
    /// Sorted by path, line, column, lint id.
    pub findings: Vec<Finding>,
    /// What was taken from the cluster's configuration.
    pub cluster_config: Option<TakenFrom>,
    /// What the same policies lack for another release.
    pub upgrade: Option<Upgrade>,
    /// True where policies have placeholders: they are judged as what these stand for, and grant less as they are.
    pub is_template: bool,
    /// True when the role could not be judged (a file unreadable, a verdict undecided): exit 2.
    pub failed: bool,
}

/// What was taken from a cluster configuration.
#[derive(Clone, Debug, Default)]
pub struct TakenFrom {
    /// The file.
    pub path: String,
    /// What, its value, and its place: `scheduler`, `slurm`, `cluster.yaml:12:14`.
    pub facts: Vec<(String, String, String)>,
}

/// What policies lack for another release, beyond what they lack already.
#[derive(Clone, Debug)]
pub struct Upgrade {
    /// What they were compared with.
    pub reference: ReferenceName,
    /// The findings on coverage and on what AWS's policies lack. They count neither in the summary nor for the exit code.
    pub findings: Vec<Finding>,
    /// The same for formats that have one list of findings: the release is in the message, and nothing is an error.
    pub warnings: Vec<Finding>,
}

impl Upgrade {
    /// What `then` lacks that `now` does not.
    pub fn between(now: &RoleResult, then: RoleResult) -> Self {
        let lacking = |row: &&Row| row.verdict != Verdict::Covered;
        let already: BTreeSet<(&str, &[String])> = now
            .requirements
            .iter()
            .filter(lacking)
            .map(|row| (row.action.as_str(), &*row.resources))
            .collect();
        let new: BTreeSet<&str> = then
            .requirements
            .iter()
            .filter(lacking)
            .filter(|row| !already.contains(&(row.action.as_str(), &*row.resources)))
            .map(|row| row.action.as_str())
            .collect();
        // What AWS's policies lack has no rows: its findings are compared.
        let gaps = now.findings.iter().filter(|f| lints::is_about_gaps(f.lint));
        let told: BTreeSet<&str> = gaps
            .flat_map(|f| f.actions.iter().map(String::as_str))
            .chain(already.iter().map(|(action, _)| *action))
            .collect();
        let findings = then.findings.into_iter().filter(|finding| {
            let mut actions = finding.actions.iter().map(String::as_str);
            if lints::is_about_gaps(finding.lint) {
                actions.any(|a| !told.contains(a))
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

impl RoleResult {
    /// Its findings, and then those of an upgrade as warnings.
    pub fn told(&self) -> impl Iterator<Item = &Finding> {
        let upgrade = self.upgrade.iter().flat_map(|u| &u.warnings);
        self.findings.iter().chain(upgrade)
    }
}

/// Everything a run found.
pub struct Report {
    /// The files that places point into.
    pub sources: Sources,
    /// Day of the catalogue: `2026-09-26`.
    pub catalog_date: String,
    /// One entry per role; one per file with `--each`.
    pub results: Vec<RoleResult>,
    /// Findings on what is said beside the policies: ignores and entries of the baseline.
    pub configuration: Vec<Finding>,
    /// The configuration that was used, and what makes the run report less or fail less.
    pub weakened: Vec<Weakening>,
    /// The lints that are off.
    pub off: Vec<&'static str>,
    /// The lowest severity that makes the exit code 1; `None` where none does.
    pub fail_on: Option<Severity>,
}
