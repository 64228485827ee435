//! `pcluster-iam.toml`: what is judged, how severe each lint is, and what was accepted.
//!
//! [`read`] turns the text into a [`Config`] whose every value knows its place, or into all mistakes of the file at
//! once, each at its place.
//!
//! ```
//! use pcluster_iam::config;
//! use pcluster_iam::parser::Source;
//!
//! let text = "[[target]]\nname = \"head-node\"\nrole = \"instance\"\nschedular = \"slurm\"\npolicies = [\"iam/*.json\"]\n";
//! let source = Source::new("pcluster-iam.toml", text);
//! let problems = config::read(&source).unwrap_err();
//! assert_eq!(problems[0].message, "`schedular` is not a key of a target");
//! assert_eq!(source.slice(problems[0].span), "schedular");
//! ```

mod accepted;
mod ignore;
mod keep;
mod reader;
mod schema;
mod section;
mod single_value;

pub(crate) use ignore::plain;
pub use ignore::{Ignore, Subject, today};
pub use keep::Keep;
pub use schema::SCHEMA;
pub(crate) use single_value::{
    Fault, account, doubtful_context, doubtful_partition, doubtful_policy, doubtful_region, lint,
    partition, policy_arn, region,
};

use std::collections::BTreeMap;

use time::Date;

use crate::cluster::ConfigProblem;
use crate::finding::Severity;
use crate::matcher::condition::KeyValue;
use crate::parser::{Source, Span, Spanned};

/// Names of the file that are looked for, the first found being taken.
pub const NAMES: [&str; 2] = ["pcluster-iam.toml", ".pcluster-iam.toml"];

/// Larger files are refused: a target takes some two hundred bytes.
pub const LARGEST: usize = 1024 * 1024;

/// More targets than these are refused: what is found out of all of them is kept until it is written.
pub const MOST_TARGETS: usize = 1_000;

/// As many mistakes of a file are shown.
pub const MOST_PROBLEMS: usize = 100;

/// The content of a configuration.
#[derive(Clone, Default, Debug)]
pub struct Config {
    /// For everything that is judged, where nothing nearer says otherwise.
    pub defaults: Options,
    /// The lowest severity that makes the exit code 1.
    pub fail_on: Option<Threshold>,
    /// The place of `fail-on`.
    pub fail_on_span: Span,
    /// The file of the baseline, relative to the configuration.
    pub baseline: Option<Spanned<String>>,
    /// The roles to judge if no file is named.
    pub targets: Vec<Target>,
    /// Severities of lints by id.
    pub lints: BTreeMap<&'static str, Level>,
    /// The place of each severity.
    pub lint_spans: BTreeMap<&'static str, Span>,
    /// Findings that were accepted.
    pub ignores: Vec<Ignore>,
    /// What is granted on purpose.
    pub keeps: Vec<Keep>,
}

/// Settings of a cluster and its roles, for one target or for all.
#[derive(Clone, Default, Debug)]
pub struct Options {
    /// As `--scheduler`.
    pub scheduler: Option<Spanned<String>>,
    /// As `--pcluster-version`.
    pub pcluster_version: Option<Spanned<String>>,
    /// As `--feature`.
    pub features: Option<Vec<Spanned<String>>>,
    /// As `--region`.
    pub region: Option<Spanned<String>>,
    /// As `--account`.
    pub account: Option<Spanned<String>>,
    /// As `--partition`.
    pub partition: Option<Spanned<String>>,
    /// As `--cluster-name`.
    pub cluster_name: Option<Vec<Spanned<String>>>,
    /// As `--set`: values of placeholders by name.
    pub bindings: BTreeMap<String, Spanned<String>>,
    /// As `--context`: condition keys, folded, and their values.
    pub context: BTreeMap<String, KeyValue>,
    /// As `--cluster-config`, relative to the configuration.
    pub cluster_config: Option<Spanned<String>>,
    /// As `--boundary`, relative to the configuration.
    pub boundary: Option<Spanned<String>>,
    /// As `--scp`: the files of each level, relative to the configuration.
    pub scps: Option<Vec<Vec<Spanned<String>>>>,
    /// As `--attached`.
    pub attached: Option<Vec<Spanned<String>>>,
}

/// One role: the policies attached to it, and what they are compared with.
#[derive(Clone, Debug)]
pub struct Target {
    /// The name of the target in the report.
    pub name: Spanned<String>,
    /// As `--role`.
    pub role: Option<Spanned<String>>,
    /// As `--reference`, relative to the configuration; in place of a role.
    pub reference: Option<Spanned<String>>,
    /// Files and patterns, relative to the configuration.
    pub policies: Vec<Spanned<String>>,
    /// The roles of a template that are judged, by logical id, name or pattern; empty for all.
    pub select: Vec<Spanned<String>>,
    /// The settings of this target.
    pub options: Options,
}

/// The lowest severity that makes the exit code 1; `None` for none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Threshold(pub Option<Severity>);

/// The treatment of the findings of a lint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// The findings get this severity.
    As(Severity),
    /// The findings are left out.
    Off,
}

impl Level {
    /// `error`, `warning`, `note` or `off`.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "error" => Level::As(Severity::Error),
            "warning" => Level::As(Severity::Warning),
            "note" => Level::As(Severity::Note),
            "off" => Level::Off,
            _ => return None,
        })
    }
}

/// The lints that say that something could not be judged. No configuration makes that a pass.
pub const FIXED: [&str; 3] = ["invalid-json", "undecided", "unresolved"];

/// Reads a configuration.
///
/// # Errors
///
/// Every mistake of the file in the order of their places, 100 at most.
pub fn read(source: &Source) -> Result<Config, Vec<ConfigProblem>> {
    let text = source.text();
    if text.len() > LARGEST {
        let message = format!("the file is larger than {} KiB", LARGEST / 1024);
        return Err(vec![ConfigProblem::new(message, Span::new(0, 0))]);
    }
    let mut reader = reader::Reader::default();
    let config = match reader::parse(text) {
        Ok(document) => section::config(&mut reader, &document),
        Err(problems) => return Err(sorted(problems)),
    };
    let problems = sorted(reader.into_problems());
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(problems)
    }
}

fn sorted(mut problems: Vec<ConfigProblem>) -> Vec<ConfigProblem> {
    problems.sort_by_key(|problem| problem.span);
    problems.truncate(MOST_PROBLEMS);
    problems
}

/// A day, as `until` gives it.
pub type Day = Date;
