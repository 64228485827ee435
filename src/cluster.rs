//! The facts in a cluster configuration: its scheduler, its Region, the features that it uses,
//! and the names that bind placeholders.
//!
//! [`read`] takes the INI files of `ParallelCluster` 2.x and the YAML files of 3.x and decides by the text which of
//! the two it has. Everything that is taken keeps its place in the file. Keys that say nothing about
//! permissions are passed over: `ParallelCluster` itself validates the file.
//!
//! ```
//! use pcluster_iam::cluster::{self, Generation};
//! use pcluster_iam::parser::Source;
//!
//! let source = Source::new(
//!     "cluster.yaml",
//!     "Region: eu-west-1\nScheduling:\n  Scheduler: slurm\n",
//! );
//! let cluster = cluster::read(&source).unwrap();
//! assert_eq!(cluster.generation, Generation::V3);
//! assert_eq!(cluster.uses("fsx", "user"), Some(false));
//! assert_eq!(
//!     cluster.taken()[1].line(&source),
//!     "took scheduler `slurm` from cluster.yaml:3:14"
//! );
//! ```

mod fact;
mod ini;
mod v2;
mod v3;

use std::collections::{BTreeMap, BTreeSet};

use crate::parser::{Problem, Source, Span, Spanned, shorten, shorten_to, yaml};
use crate::reference::Setting;

/// The format of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Generation {
    /// INI, of `ParallelCluster` 2.x.
    V2,
    /// YAML, of `ParallelCluster` 3.x.
    V3,
}

/// The setting of one feature in a configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// The cluster uses it.
    On,
    /// The cluster does without.
    Off,
    /// The file touches it and yet does not decide it: no configuration says whether a custom AMI is encrypted.
    Open,
}

/// One feature, and where the file decides about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Feature {
    /// Whether the cluster uses it.
    pub used: Use,
    /// The key that decides it; `None` if the absence of a key does.
    pub place: Option<Span>,
    /// The roles whose nodes use it (`head-node`, `compute-node`, `login-node`); empty when it concerns the whole
    /// cluster.
    pub roles: BTreeSet<&'static str>,
    /// Whether the file touches it elsewhere and does not decide it there: the other roles may use it, too.
    pub is_open_elsewhere: bool,
}

/// A role, or an instance profile, that the configuration names.
#[derive(Clone, PartialEq, Debug)]
pub struct Role {
    /// The role: `instance` and `lambda` in 2.x; `head-node`, `compute-node`, `login-node`, `lambda` in 3.x.
    pub role: &'static str,
    /// The queue or the pool of login nodes, where the role is for one of them.
    pub group: Option<String>,
    /// True for the ARN of an instance profile, whose role the file does not name.
    pub is_profile: bool,
    /// The name (2.x) or the ARN (3.x).
    pub value: Spanned<String>,
}

/// The content of one file.
#[derive(Clone, PartialEq, Debug)]
pub struct Cluster {
    /// The format of the file.
    pub generation: Generation,
    /// True for the configuration of an image, for `pcluster build-image`.
    pub is_image: bool,
    /// The section `[cluster NAME]` that was read, by its name; `None` in 3.x, where the file holds no name.
    pub section: Option<Spanned<String>>,
    /// `sge`, `slurm`, `torque` or `awsbatch`.
    pub scheduler: Option<Spanned<String>>,
    /// The AWS Region.
    pub region: Option<Spanned<String>>,
    /// The features about which the file decides, by name. One that no configuration can decide is absent.
    pub features: BTreeMap<&'static str, Feature>,
    /// Values of placeholders; use [`Cluster::bindings`].
    names: BTreeMap<&'static str, Vec<Spanned<String>>>,
    /// Its settings that decide the policies of the roles.
    pub setting: Setting,
    /// Roles that the file gives instead of those that `ParallelCluster` would make.
    pub roles: Vec<Role>,
}

/// One thing that was taken from the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// e.g. `scheduler`, `feature fsx`, `KeyName`.
    pub what: String,
    /// The value in the file: a value, `on`, `off`, or `undecided`.
    pub value: String,
    /// The place of the setting in the file.
    pub place: Span,
}

impl Taken {
    /// The sentence that reports it, with file, line and column.
    pub fn line(&self, source: &Source) -> String {
        let at = source.location(self.place.start);
        format!(
            "took {} `{}` from {}:{}:{}",
            self.what,
            self.value,
            source.name(),
            at.line,
            at.column
        )
    }
}

/// Why a configuration cannot be used, with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigProblem {
    /// Lower case, no full stop.
    pub message: String,
    /// The help.
    pub help: Option<String>,
    /// The offending text.
    pub span: Span,
    /// Other places worth showing, each with its words.
    pub related: Vec<(Span, String)>,
}

impl Cluster {
    /// Whether nodes or users of this role meet the feature; `None` where the file does not decide it.
    pub fn uses(&self, feature: &str, role: &str) -> Option<bool> {
        let feature = self.features.get(feature)?;
        // A role without nodes of its own (a user, a function) meets what any node uses.
        let concerned = feature.roles.is_empty()
            || feature.roles.contains(role)
            || !fact::NODES.contains(&role);
        match feature.used {
            Use::On if !concerned && feature.is_open_elsewhere => None,
            Use::On => Some(concerned),
            Use::Off => Some(false),
            Use::Open => None,
        }
    }

    /// The values of placeholders, by name; more than one where the cluster has several of the kind (subnets, queues).
    /// A placeholder is absent if one of its values is not known from the file.
    ///
    /// `partition` completes the ARNs of buckets that the file gives by name.
    pub fn bindings(&self, partition: &str) -> BTreeMap<&'static str, Vec<Spanned<String>>> {
        let mut bindings = self.names.clone();
        if let Some(buckets) = self.names.get("FsxS3BucketName") {
            let arns = buckets.iter().map(|bucket| Spanned {
                value: format!("arn:{partition}:s3:::{}", bucket.value),
                span: bucket.span,
            });
            bindings.insert("FsxS3BucketArns", arns.collect());
        }
        bindings
    }

    /// The values of one placeholder that come from the file as they are.
    pub(crate) fn named(&self, placeholder: &str) -> &[Spanned<String>] {
        self.names.get(placeholder).map_or(&[], Vec::as_slice)
    }

    /// Everything that was taken from the file, in the order of its places.
    pub fn taken(&self) -> Vec<Taken> {
        let mut taken = Vec::new();
        let mut take = |what: String, value: &str, place: Span| {
            taken.push(Taken {
                what,
                value: shorten_to(value, LONGEST_SHOWN),
                place,
            });
        };
        if let Some(section) = &self.section {
            take("section".to_owned(), &section.value, section.span);
        }
        if let Some(scheduler) = &self.scheduler {
            take("scheduler".to_owned(), &scheduler.value, scheduler.span);
        }
        for (name, feature) in &self.features {
            if let Some(place) = feature.place {
                let value = match feature.used {
                    Use::On => "on",
                    Use::Off => "off",
                    Use::Open => "undecided",
                };
                take(format!("feature {name}"), value, place);
            }
        }
        for (name, values) in &self.names {
            // The partition follows from the Region and is not written anywhere.
            for value in values.iter().filter(|_| *name != "Partition") {
                take((*name).to_owned(), &value.value, value.span);
            }
        }
        for role in &self.roles {
            let kind = if role.is_profile {
                "instance profile"
            } else {
                "role"
            };
            let whose = match &role.group {
                Some(group) => format!(" of {}", shorten(group)),
                None => String::new(),
            };
            take(
                format!("{} {kind}{whose}", role.role),
                &role.value.value,
                role.value.span,
            );
        }
        taken.sort_by(|a, b| (a.place, &a.what).cmp(&(b.place, &b.what)));
        taken
    }
}

/// The largest cluster has some thousands of values.
const LIMITS: yaml::Limits = yaml::Limits {
    most: 200_000,
    what: "configuration of a cluster",
    has_unique_keys: true,
};

impl From<Problem> for ConfigProblem {
    fn from(problem: Problem) -> Self {
        ConfigProblem {
            message: problem.message,
            help: problem.help,
            span: problem.span,
            related: problem.related,
        }
    }
}

impl ConfigProblem {
    pub(crate) fn new(message: impl Into<String>, span: Span) -> Self {
        ConfigProblem {
            message: message.into(),
            help: None,
            span,
            related: Vec::new(),
        }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn with_related(mut self, span: Span, words: impl Into<String>) -> Self {
        self.related.push((span, words.into()));
        self
    }
}

/// Reads one configuration.
///
/// # Errors
///
/// The problems of the file, in the order of their places, 100 at most: text that neither format has, and keys of the
/// wrong kind among those that are read.
pub fn read(source: &Source) -> Result<Cluster, Vec<ConfigProblem>> {
    let text = source.text();
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.len() - body.len();
    let result = if body.trim().is_empty() {
        let problem = ConfigProblem::new("the file is empty", Span::new(start, start));
        Err(vec![problem.with_help(WHAT_TO_GIVE)])
    } else if ini::has_sections(body) {
        ini::parse(body, start).and_then(|file| v2::read(&file))
    } else {
        let tree = yaml::parse(body, start, LIMITS);
        let tree = tree.map_err(|problems| problems.into_iter().map(Into::into).collect());
        tree.and_then(|tree: yaml::Tree<'_>| v3::read(&tree))
    };
    result.map_err(|mut problems| {
        problems.sort_by_key(|problem| problem.span);
        // An alias can lead to one problem from several places.
        problems.dedup();
        problems.truncate(MOST_PROBLEMS);
        problems
    })
}

/// Code points of a value that are shown; the ARN of a secret has some hundred.
const LONGEST_SHOWN: usize = 200;

/// As many of a file are shown as of a policy.
const MOST_PROBLEMS: usize = 100;

/// The expected content of the option, for the help on another file.
const WHAT_TO_GIVE: &str = "pass the file of `pcluster create` (2.x: INI with `[global]` and `[cluster NAME]`) \
     or of `pcluster create-cluster` (3.x: YAML with `HeadNode` and `Scheduling`)";
