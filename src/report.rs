//! Renders results. Reporters read [`Report`] and decide nothing.
//!
//! [`text()`] and [`concise()`] are for people, [`json()`] for programs, [`sarif()`], [`github()`], [`gitlab()`] and
//! [`junit()`] for what shows a run to others. [`Region`] is the one place where a span of a file becomes lines and
//! columns, [`Repository`] the one where a path becomes that of a file in its repository, [`Counts`] and [`Coverage`]
//! the only places where anything is counted.

mod concise;
mod count;
mod difference;
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
pub use difference::{
    ComparedRole, DifferenceReport, difference_json, difference_markdown, difference_text,
};
pub use github::github;
pub use gitlab::gitlab;
pub use json::{SCHEMA, json, jsonl};
pub use junit::junit;
pub use region::Region;
pub use repository::Repository;
pub use sarif::sarif;
pub use text::{TextOptions, draw, text};
pub use weakened::Weakening;
pub use words::{summary, unchecked_lines, unnamed_and_unchecked};

pub use crate::result::{Binding, ReferenceName, RoleResult, TakenFrom, Upgrade};

use std::sync::Arc;

use crate::finding::{Finding, Severity};
use crate::lints::PrincipalName;
use crate::parser::Sources;

/// Everything a run found.
pub struct Report {
    /// The files that places point into.
    pub sources: Sources,
    /// Day of the catalogue: `2026-09-26`.
    pub catalog_date: String,
    /// One entry per role; one per file with `--each`.
    pub results: Vec<RoleResult>,
    /// Roles of templates that resemble no role of ParallelCluster, and were not judged.
    pub others: Vec<Arc<PrincipalName>>,
    /// Findings on ignores and entries of the baseline.
    pub configuration: Vec<Finding>,
    /// The configuration that was used, and what makes the run report less or fail less.
    pub weakened: Vec<Weakening>,
    /// The lints that are off.
    pub off: Vec<&'static str>,
    /// The lowest severity that makes the exit code 1; `None` where none does.
    pub fail_on: Option<Severity>,
}
