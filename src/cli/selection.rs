//! Turns the options for role, release, scheduler and features into references, and the other options into values of
//! placeholders.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::cluster::Configured;
use super::cluster::Given;
use super::{Error, Selection, input};
use crate::catalog::Catalog;
use crate::check::{self, Against};
use crate::config::{self, Fault};
use crate::matcher::condition::KeyValue;
use crate::nearest::{hint, nearest_word};
use crate::parser::{ProblemKind, Sources};
use crate::reference::bindings::partition_of;
use crate::reference::cluster_names;
use crate::reference::{self, Features, Query, Reference, Release};

/// Says why a value cannot be.
type Check = fn(&str) -> Result<(), Fault>;

pub(super) fn catalog(path: &Path) -> Result<Catalog, Error> {
    Catalog::from_package(path).map_err(|source| Error::BadCatalog {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

impl Selection {
    /// The release that was asked for, as text.
    pub(super) fn release(&self) -> &str {
        self.pcluster_version
            .as_deref()
            .unwrap_or(reference::DEFAULT_RELEASE)
    }

    /// The schedulers of the release that was asked for, or of every release.
    pub(super) fn schedulers(&self) -> Vec<&'static str> {
        let release = self.pcluster_version.as_deref();
        let of = release.map(reference::schedulers_in).unwrap_or_default();
        if of.is_empty() {
            reference::schedulers()
        } else {
            of
        }
    }

    /// The role that was asked for; `None` for whichever fits.
    pub(super) fn role(&self) -> Option<&str> {
        self.role.as_deref().filter(|role| *role != "auto")
    }
}

impl Against {
    pub(super) fn select(selection: &Selection, features: &Features) -> Result<Self, Error> {
        if selection.image && selection.role().is_none() {
            return Self::of_image(selection, features);
        }
        let role = selection.role();
        let only = reference::only_scheduler(role, selection.release());
        let given = selection.scheduler.as_deref();
        let Some(scheduler) = given.or(only) else {
            // A release that never was has no scheduler to choose from.
            reference::resolve(selection.release(), None).map_err(Error::or_own_reference)?;
            if let Some(role) = role.filter(|role| reference::roles_called(role).is_empty()) {
                return Err(Error::BadValue {
                    option: "--role",
                    value: role.to_owned(),
                    reason: "ParallelCluster has no role of that name".to_owned(),
                    help: hint(role, &reference::roles().collect::<Vec<_>>()),
                });
            }
            return Err(Error::NoScheduler {
                schedulers: selection.schedulers().join(", "),
            });
        };
        let is_open = given.is_none() && role.is_some_and(reference::has_no_scheduler);
        let mut found = reference::candidates(Query {
            role,
            scheduler,
            release: selection.release(),
            features,
        })
        .map_err(Error::or_own_reference)?;
        for reference in found.iter_mut().filter(|_| is_open) {
            reference.scheduler = None;
        }
        Ok(match role {
            None => Against::BestOf(found),
            Some(_) => Against::OneOf(found),
        })
    }
}

impl Against {
    /// The roles of an image build.
    fn of_image(selection: &Selection, features: &Features) -> Result<Self, Error> {
        let mut all = Vec::new();
        let mut last = None;
        for role in reference::roles_without_scheduler() {
            let one = Selection {
                role: Some(role.to_owned()),
                ..selection.clone()
            };
            // A release may have no policy of some role.
            match Against::select(&one, features) {
                Ok(against) => all.extend(against.references().iter().cloned()),
                Err(error) => last = Some(error),
            }
        }
        match last {
            Some(error) if all.is_empty() => Err(error),
            _ => Ok(Against::BestOf(all)),
        }
    }
}

/// Any IAM policy as the reference.
pub(super) fn from_file(path: &Path, sources: &mut Sources) -> Result<Against, Error> {
    let name = path.to_string_lossy().into_owned();
    let file = input::load(&name, sources);
    let fatal = file
        .document
        .problems
        .iter()
        .find(|p| p.kind == ProblemKind::InvalidJson || p.rejected);
    if let Some(problem) = fatal {
        let place = check::place(sources, file.source, problem.span);
        return Err(Error::BadReference {
            path: name,
            reason: format!("{place}: {}", problem.message),
            help: problem
                .help
                .clone()
                .unwrap_or_else(|| "fix the file".to_owned()),
        });
    }
    let named = file.document.named.iter();
    if let Some(other) = { named }.find(|n| n.as_str() != "trust-policy") {
        return Err(Error::BadReference {
            path: name,
            reason: format!("it names {other}, and does not contain it"),
            help: "give a file with every policy that the role must have".to_owned(),
        });
    }
    if let Some(oversize) = check::oversize(&file.document.policies) {
        let place = check::place(sources, oversize.source, oversize.span);
        return Err(Error::BadReference {
            path: name,
            reason: format!("{place}: {}", oversize.message),
            help: "give a policy that allows what the role must be able to do".to_owned(),
        });
    }
    let mut reference = reference::from_policies(&file.document.policies);
    let first = file.document.policies.first();
    reference.place = first.map(|p| check::place(sources, p.source, p.statement_key));
    if reference.statements.is_empty() {
        return Err(Error::BadReference {
            path: name,
            reason: "it has no statement, so it requires nothing".to_owned(),
            help: "give a policy that allows what the role must be able to do".to_owned(),
        });
    }
    Ok(Against::role(reference))
}

/// The values of the cluster configuration, and then those that are given, which replace them.
pub(super) fn all_given(
    given: Vec<Given>,
    configured: Option<&Configured>,
    sources: &Sources,
) -> Vec<Given> {
    let Some(configured) = configured else {
        return given;
    };
    let last = |all: &[Given], name: &str| {
        let found = all.iter().rev().find(|(n, ..)| n == name);
        found.map(|(_, value, _)| value.clone())
    };
    let mut all = configured.bindings(sources, "aws");
    let region = last(&given, "Region").or_else(|| last(&all, "Region"));
    let partition = last(&given, "Partition")
        .unwrap_or_else(|| partition_of(&region.unwrap_or_default()).to_owned());
    if partition != "aws" {
        all = configured.bindings(sources, &partition);
    }
    all.extend(given);
    all
}

/// The Region, the account and the partition, each with the option that gave it.
pub(super) fn of_run(selection: &Selection) -> Result<Vec<Given>, Error> {
    let mut given = Vec::new();
    let options: [(&str, &'static str, &Option<String>, Check); 3] = [
        ("Region", "--region", &selection.region, config::region),
        ("Account", "--account", &selection.account, config::account),
        (
            "Partition",
            "--partition",
            &selection.partition,
            config::partition,
        ),
    ];
    for (name, option, value, check) in options {
        let Some(value) = value else { continue };
        if let Err((reason, help)) = check(value) {
            return Err(Error::BadValue {
                option,
                value: value.clone(),
                reason: reason.to_owned(),
                help,
            });
        }
        given.push((name.to_owned(), value.clone(), option.to_owned()));
    }
    Ok(given)
}

/// Values for placeholders, each with the option that gave it.
pub(super) fn given(selection: &Selection, against: &Against) -> Result<Vec<Given>, Error> {
    let mut given = of_run(selection)?;
    if !selection.cluster_name.is_empty() {
        let bad = |name: &&String| *name != "*" && !cluster_names::is_cluster_name(name);
        if let Some(bad) = selection.cluster_name.iter().find(bad) {
            return Err(Error::BadValue {
                option: "--cluster-name",
                value: bad.clone(),
                reason: "it is not the name of a cluster".to_owned(),
                help: "a name begins with a letter and has letters, digits and hyphens, at most 60 characters"
                    .to_owned(),
            });
        }
        let all = selection.cluster_name.join(",");
        given.push((
            cluster_names::CLUSTER.to_owned(),
            all,
            "--cluster-name".to_owned(),
        ));
    }
    let known = (!selection.set.is_empty()).then(|| known_placeholders(against));
    let known = known.unwrap_or_default();
    for set in &selection.set {
        let bad = |reason: &str, help: String| Error::BadValue {
            option: "--set",
            value: set.clone(),
            reason: reason.to_owned(),
            help,
        };
        let Some((name, value)) = set.split_once('=') else {
            return Err(bad("it has no `=`", "write --set NAME=VALUE".to_owned()));
        };
        if !known.iter().any(|k| k == name) {
            let help = placeholder_hint(name, &known);
            return Err(bad(
                &format!("the reference has no placeholder `{name}`"),
                help,
            ));
        }
        if value.is_empty() {
            return Err(bad(
                "the value is empty",
                "write --set NAME=VALUE".to_owned(),
            ));
        }
        given.push((name.to_owned(), value.to_owned(), "--set".to_owned()));
    }
    Ok(given)
}

/// A warning if a later patch release is judged as the newest known one of its minor.
pub(super) fn later_patch(selection: &Selection) -> Option<String> {
    let text = selection.pcluster_version.as_deref()?.trim();
    let asked = Release::parse(text.strip_prefix(['v', 'V']).unwrap_or(text))?;
    let known = asked.known_patch()?;
    Release::all().all(|r| r != asked).then(|| {
        format!("ParallelCluster {asked} is not known to this program: judged as {known}, the newest known patch release")
    })
}

/// The placeholders that can have a value, sorted.
pub(super) fn known_placeholders(against: &Against) -> Vec<String> {
    let mut known: BTreeSet<String> = ["Account", "Partition", "Region"].map(str::to_owned).into();
    for reference in against.references() {
        if reference.role.is_some() {
            known.extend(cluster_names::known().map(str::to_owned));
        }
        known.extend(reference::all_placeholders(reference));
    }
    known.into_iter().collect()
}

/// A suggestion for a placeholder that does not exist.
pub(super) fn placeholder_hint(name: &str, known: &[String]) -> String {
    match nearest_word(name, known.iter().map(String::as_str), 3) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the reference has: {}", known.join(", ")),
    }
}

/// Given values that contradict each other.
pub(super) fn contradictions(given: &[Given], context: &BTreeMap<String, KeyValue>) -> Vec<String> {
    let last = |name: &str| {
        let found = given.iter().rev().find(|(other, ..)| other == name);
        found.map(|(_, value, _)| value.as_str())
    };
    let Some(region) = last("Region") else {
        return Vec::new();
    };
    let partition = last("Partition").and_then(|p| config::doubtful_partition(p, region));
    let context = config::doubtful_context(context, region);
    partition.into_iter().chain(context).collect()
}

/// The values of `reference show`, which has no policies to infer from.
pub(super) fn given_for(selection: &Selection, reference: &Reference) -> Result<Vec<Given>, Error> {
    if let Some(doubt) = selection
        .region
        .as_deref()
        .and_then(config::doubtful_region)
    {
        super::warn(&doubt);
    }
    let given = given(selection, &Against::role(reference.clone()))?;
    for doubt in contradictions(&given, &BTreeMap::new()) {
        super::warn(&doubt);
    }
    Ok(given)
}
