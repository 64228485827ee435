//! The result for one role: what it was compared with, the rows, and the findings.

use std::collections::BTreeSet;

use crate::diff::Row;
use std::sync::Arc;

use crate::finding::Finding;
use crate::lints::PrincipalName;

/// The reference that the policies were compared with. All `None` for `--reference FILE`, but for `file`.
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
    /// The features that the cluster has according to the options and its configuration.
    pub features: Vec<String>,
    /// The feature of its group that fits best, where it is not known which the cluster has.
    pub assumed: Option<String>,
    /// The path given with `--reference`.
    pub file: Option<String>,
    /// True when the role was chosen by `--role auto`.
    pub role_was_chosen: bool,
    /// True when the release is the default rather than asked for.
    pub version_is_default: bool,
    /// Why it was chosen; completes "because …".
    pub version_reason: Option<String>,
    /// Why the role was chosen where it is not the one that fits best; completes "because …".
    pub role_reason: Option<String>,
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
    /// The name of the role in the configuration; `None` for files of the command line.
    pub target: Option<String>,
    /// The principal of a template or an account dump; `None` for files that are one role.
    pub principal: Option<Arc<PrincipalName>>,
    /// Parameters of the template that it depends on: name, value, and what gave it.
    pub parameters: Vec<(String, String, String)>,
    /// In how many settings of parameters that may have several values it was judged; the one that is reported is the
    /// worst.
    pub settings: usize,
    /// The files, as the user gave them.
    pub policies: Vec<String>,
    /// The reference that they were compared with.
    pub reference: ReferenceName,
    /// Placeholders of the reference, sorted by name.
    pub bindings: Vec<Binding>,
    /// The file of the permissions boundary.
    pub boundary: Option<String>,
    /// The files of service control policies, level by level.
    pub scps: Vec<Vec<String>>,
    /// Inputs that were not given: the layers `permissions-boundary` and `scp`, and AWS managed policies that the role
    /// must have besides, as `managed-policy:ARN`. Also `feature:NAME` for a feature without data for this role and
    /// release, and `value:NAME` for a value that a template leaves open and that decides no requirement.
    pub not_checked: Vec<String>,
    /// One row per requirement; empty where a file could not be read.
    pub requirements: Vec<Row>,
    /// Other needs, list by list: known gaps, what ParallelCluster generates for the configuration, and AWS
    /// managed policies. Only where files are to be fixed; no output shows it.
    pub also_needed: Vec<Vec<Row>>,
    /// True where policies that AWS rejects count as if they were repaired. Only where files are to be fixed.
    pub once_repaired: bool,
    /// The statements of the `[[keep]]` settings that are granted in part or in full, by their index.
    pub kept: BTreeSet<usize>,
    /// Sorted by path, line, column, lint id.
    pub findings: Vec<Finding>,
    /// Values read from the cluster configuration.
    pub cluster_config: Option<TakenFrom>,
    /// Permissions missing for another release.
    pub upgrade: Option<Upgrade>,
    /// True where policies have placeholders: they are judged as what these stand for, and grant less as they are.
    pub is_template: bool,
    /// True when the role could not be judged (a file unreadable, a verdict undecided): exit 2.
    pub failed: bool,
}

/// Values read from a cluster configuration.
#[derive(Clone, Debug, Default)]
pub struct TakenFrom {
    /// The file.
    pub path: String,
    /// Name, value and place: `scheduler`, `slurm`, `cluster.yaml:12:14`.
    pub facts: Vec<(String, String, String)>,
}

/// Permissions that are only missing for another release.
#[derive(Clone, Debug)]
pub struct Upgrade {
    /// The reference that they were compared with.
    pub reference: ReferenceName,
    /// The findings on coverage and on gaps of AWS's policies. They count neither in the summary nor for the exit
    /// code.
    pub findings: Vec<Finding>,
    /// The same for formats that have one list of findings: the release is in the message, and nothing is an error.
    pub warnings: Vec<Finding>,
}

impl RoleResult {
    /// The findings of the role, and then those of an upgrade as warnings.
    pub fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        let upgrade = self.upgrade.iter().flat_map(|u| &u.warnings);
        self.findings.iter().chain(upgrade)
    }
}
