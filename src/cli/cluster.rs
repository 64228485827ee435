//! `--cluster-config FILE`: values from a cluster configuration in place of options.

use std::path::Path;

use super::input::{self, Content};
use super::{Error, Selection, drawn};
use crate::check;
use crate::cluster::{self, Cluster, Generation, Use};
use crate::parser::{self, SourceId, Sources, Spanned};
use crate::reference::bindings::is_account;
use crate::reference::{self, DEFAULT_RELEASE, Feature, Features};
use crate::report::TakenFrom;

/// A configuration that was read.
pub(super) struct Configured {
    cluster: Cluster,
    /// Values read from it, for the report.
    taken: TakenFrom,
    source: SourceId,
}

impl Configured {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// [`Error::Drawn`] with every problem at its place.
    pub(super) fn read(path: &Path, sources: &mut Sources) -> Result<Self, Error> {
        let name = path.to_string_lossy().into_owned();
        let cannot = |problem: &parser::Problem| Error::BadFile {
            option: "--cluster-config",
            path: name.clone(),
            reason: problem.message.clone(),
            help: problem.help.clone().unwrap_or_default(),
        };
        let bytes = input::read(path, Content::Other).map_err(|problem| cannot(&problem))?;
        let (source, problem) = parser::decode(&name, bytes);
        if let Some(problem) = problem {
            return Err(cannot(&problem));
        }
        let id = sources.add(source);
        let source = sources.get(id);
        match cluster::read(source) {
            Ok(cluster) => {
                let taken = cluster.taken().into_iter().map(|taken| {
                    let at = source.location(taken.place.start);
                    let from = format!("{name}:{}:{}", at.line, at.column);
                    (taken.what, taken.value, from)
                });
                let taken = TakenFrom {
                    path: name.clone(),
                    facts: taken.collect(),
                };
                Ok(Configured {
                    cluster,
                    taken,
                    source: id,
                })
            }
            Err(problems) => Err(drawn::error(
                sources,
                id,
                "cluster-config",
                problems,
                format!("`{name}` is not a cluster configuration that can be read"),
            )),
        }
    }

    /// The options, completed with the values of the configuration.
    ///
    /// # Errors
    ///
    /// Fails if an option contradicts the configuration's generation.
    pub(super) fn complete(&self, selection: &Selection) -> Result<Selection, Error> {
        let mut selection = selection.clone();
        let (generation, default) = match self.cluster.generation {
            Generation::V2 => (2, DEFAULT_RELEASE),
            Generation::V3 => (3, "3"),
        };
        if self.cluster.is_image {
            if let Some(role) = selection.role()
                && !reference::has_no_scheduler(role)
            {
                return Err(Error::BadValue {
                    option: "--role",
                    value: role.to_owned(),
                    reason: format!("`{}` is the configuration of an image", self.taken.path),
                    help: format!(
                        "give one of: {}; or the configuration of the cluster",
                        reference::roles_without_scheduler().join(", ")
                    ),
                });
            }
            selection.image = true;
        }
        if selection.scheduler.is_none() {
            selection.scheduler = self.cluster.scheduler.as_ref().map(|s| s.value.clone());
        }
        let release = selection
            .pcluster_version
            .get_or_insert_with(|| default.to_owned());
        let asked = release
            .split(['.', '-'])
            .next()
            .and_then(|n| n.parse().ok());
        if asked.is_some_and(|asked: u32| asked != generation) {
            return Err(Error::BadValue {
                option: "--pcluster-version",
                value: release.clone(),
                reason: format!(
                    "`{}` is a configuration of ParallelCluster {generation}.x",
                    self.taken.path
                ),
                help: format!(
                    "give a release of {generation}.x, or the configuration of that release"
                ),
            });
        }
        Ok(selection)
    }

    /// Warnings about a scheduler and a Region that are not those of the file.
    pub(super) fn contradictions(
        &self,
        selection: &Selection,
        given: &[Given],
        sources: &Sources,
    ) -> Vec<String> {
        let mut all = Vec::new();
        let mut compare = |what: &str, judged: Option<&str>, own: Option<&Spanned<String>>| {
            let Some((judged, own)) = judged.zip(own) else {
                return;
            };
            if judged != own.value && judged != "*" {
                let place = self.place(sources, own.span);
                let own = &own.value;
                all.push(format!(
                    "the {what} `{judged}` is judged, but the cluster configuration has `{own}` ({place})"
                ));
            }
        };
        let scheduler = selection.scheduler.as_deref();
        compare("scheduler", scheduler, self.cluster.scheduler.as_ref());
        let mut given = given.iter().rev();
        let region = given.find(|(name, ..)| name == "Region");
        let region = region.map(|(_, value, _)| value.as_str());
        compare("Region", region, self.cluster.region.as_ref());
        all
    }

    /// Why a release is chosen where none is asked for.
    pub(super) fn release_reason(&self) -> String {
        let generation = match self.cluster.generation {
            Generation::V2 => 2,
            Generation::V3 => 3,
        };
        format!("{} is a configuration of {generation}.x", self.path())
    }

    /// The values to take from the file: all that are not set nearer.
    pub(super) fn used(&self, selection: &Selection, given: &[Given]) -> TakenFrom {
        let by_option = |what: &str| match what {
            "scheduler" => selection.scheduler.is_some(),
            _ if what.starts_with("feature ") => !selection.feature.is_empty(),
            name => given.iter().any(|(other, ..)| other == name),
        };
        let facts = self.taken.facts.iter();
        TakenFrom {
            path: self.taken.path.clone(),
            facts: facts
                .filter(|(what, ..)| !by_option(what))
                .cloned()
                .collect(),
        }
    }

    /// The Region of the cluster.
    pub(super) fn region(&self) -> Option<&str> {
        self.cluster.region.as_ref().map(|r| r.value.as_str())
    }

    /// The account of the cluster, where the ARNs of its roles agree on one.
    pub(super) fn account(&self) -> Option<Spanned<String>> {
        let account = |value: &Spanned<String>| {
            let account = value.value.split(':').nth(4)?;
            is_account(account).then(|| Spanned {
                value: account.to_owned(),
                span: value.span,
            })
        };
        let roles = self.cluster.roles.iter().map(|role| &role.value);
        let boundaries = self.cluster.named("PermissionsBoundaryArn");
        let mut all = roles.chain(boundaries).filter_map(account);
        let first = all.next()?;
        all.all(|other| other.value == first.value).then_some(first)
    }

    /// The ARNs of permissions boundaries that it names.
    pub(super) fn boundaries(&self) -> impl Iterator<Item = &str> {
        let named = self.cluster.named("PermissionsBoundaryArn");
        named.iter().map(|arn| arn.value.as_str())
    }

    /// The roles that it names.
    pub(super) fn roles(&self) -> &[cluster::Role] {
        &self.cluster.roles
    }

    /// The file, as it was named.
    pub(super) fn path(&self) -> &str {
        &self.taken.path
    }

    /// The text of the file.
    pub(super) fn source(&self) -> SourceId {
        self.source
    }

    /// A place in it, as `cluster.yaml:12:14`.
    pub(super) fn place(&self, sources: &Sources, span: parser::Span) -> String {
        check::place(sources, self.source, span)
    }

    /// Its settings that decide the policies that ParallelCluster generates.
    pub(super) fn setting(&self) -> &reference::Setting {
        &self.cluster.setting
    }

    /// Says which features the cluster has, unless `--feature` does.
    pub(super) fn features(&self, features: &mut Features) {
        if features.is_complete() {
            return;
        }
        for (name, found) in &self.cluster.features {
            // The default features depend on the release, which is not in the file.
            let by_default = found.used == Use::On && found.place.is_none();
            if by_default && !name.starts_with("iam-") && !self.cluster.is_image {
                continue;
            }
            let on = match found.used {
                Use::On => true,
                Use::Off => false,
                Use::Open => continue,
            };
            let said = if *name == "s3-access" {
                // Two placeholders in either format, each with a policy of its own.
                let bound = self.cluster.bindings("");
                let has =
                    |names: [&str; 2]| on && names.iter().any(|name| bound.contains_key(name));
                vec![
                    (
                        "s3-read-access",
                        has(["S3ReadResource", "S3AccessReadOnlyResource"]),
                    ),
                    (
                        "s3-write-access",
                        has(["S3ReadWriteResource", "S3AccessReadWriteResource"]),
                    ),
                ]
            } else {
                vec![(*name, on)]
            };
            for (name, on) in said {
                if let Some(feature) = Feature::find(name) {
                    features.say(feature, on, found.roles.iter().copied());
                    if found.is_open_elsewhere {
                        features.leave_open(feature);
                    }
                }
            }
        }
    }

    /// Values of placeholders with their places, for a partition.
    pub(super) fn bindings(
        &self,
        sources: &Sources,
        partition: &str,
    ) -> Vec<(String, String, String)> {
        let source = sources.get(self.source);
        let place = |span: parser::Span| {
            let at = source.location(span.start);
            format!("{}:{}:{}", self.taken.path, at.line, at.column)
        };
        let mut given = Vec::new();
        if let Some(region) = &self.cluster.region {
            given.push((
                "Region".to_owned(),
                region.value.clone(),
                place(region.span),
            ));
        }
        if let Some(account) = self.account() {
            given.push((
                "Account".to_owned(),
                account.value.clone(),
                place(account.span),
            ));
        }
        for (name, values) in self.cluster.bindings(partition) {
            let Some(first) = values.first().filter(|_| name != "Partition") else {
                continue;
            };
            let mut all: Vec<&str> = values.iter().map(|v| v.value.as_str()).collect();
            all.sort_unstable();
            all.dedup();
            given.push((name.to_owned(), all.join(","), place(first.span)));
        }
        given
    }
}

/// The name of a placeholder, its value, and what gave it.
pub(super) type Given = (String, String, String);
