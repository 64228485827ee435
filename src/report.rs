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
pub use text::{TextOptions, text};
pub use words::summary;

use crate::diff::Row;
use crate::finding::Finding;
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
    /// Features that were asked for.
    pub features: Vec<String>,
    /// The path given with `--reference`.
    pub file: Option<String>,
    /// True when the role was chosen by `--role auto`.
    pub role_was_chosen: bool,
    /// True when the release is the default rather than asked for.
    pub version_is_default: bool,
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
    /// Layers that were not given: `permissions-boundary`, `scp`.
    pub not_checked: Vec<&'static str>,
    /// One row per requirement; empty where a file could not be read.
    pub requirements: Vec<Row>,
    /// Sorted by path, line, column, lint id.
    pub findings: Vec<Finding>,
    /// True when the role could not be judged (a file unreadable, a verdict undecided): exit 2.
    pub failed: bool,
}

/// Everything a run found.
pub struct Report {
    /// The files that places point into.
    pub sources: Sources,
    /// Day of the catalogue: `2026-09-26`.
    pub catalog_date: String,
    /// One entry per role; one per file with `--each`.
    pub results: Vec<RoleResult>,
}
