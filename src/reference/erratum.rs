//! Permissions missing from AWS's policies, from `rules/errata.toml`.

use serde::Deserialize;

use super::data::{ERRATA, ErratumEntry, Text};
use super::wanted::Wanted;
use super::{Failure, Feature, Features, Gap, RefStatement, Reference, Release};

#[derive(Deserialize)]
struct ErratumData {
    actions: Vec<String>,
    resources: Vec<String>,
    cause: String,
    failure: Failure,
    since: Option<String>,
    reason: String,
    source: String,
}

/// An action missing from the policies of some releases.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownGap {
    /// e.g. `user`.
    pub role: &'static str,
    /// The schedulers from whose policies it is missing; empty for all.
    pub schedulers: &'static [&'static str],
    /// The feature that needs it.
    pub feature: Option<&'static str>,
    /// First and last release from whose policy it is missing.
    pub releases: (Release, Release),
    /// The resources that need it.
    pub resources: Vec<String>,
    /// Why it is missing, and what fails without it.
    pub reason: String,
    /// The public source of that.
    pub source: String,
}

impl ErratumEntry {
    fn data(&self) -> Option<ErratumData> {
        serde_json::from_str(self.json.get()).ok()
    }
}

impl ErratumData {
    fn reason(&self) -> String {
        let since = self.since.as_ref();
        let since = since.map_or_else(String::new, |s| format!(" in {s}"));
        let cause = match self.cause.as_str() {
            "aws" => {
                format!("AWS began to require this{since}, after these releases were documented")
            }
            "template" => "missing from ParallelCluster's own template too".to_owned(),
            "neighbor" => "AWS documents this for other releases, but not for this one".to_owned(),
            "condition" => {
                "AWS's policy allows this only under a condition that does not hold".to_owned()
            }
            "resource" => {
                "AWS's policy has this on an ARN, but AWS lists no resource types for the action, so only `*` surely works".to_owned()
            }
            _ => "missing from AWS's documented policy too".to_owned(),
        };
        format!("{cause}: {}", self.reason)
    }
}

/// Errata of the role, release and scheduler.
fn fitting(wanted: Wanted<'_>) -> impl Iterator<Item = &'static ErratumEntry> {
    ERRATA.iter().filter(move |e| {
        e.role.get() == wanted.role
            && e.first <= wanted.release
            && wanted.release <= e.last
            && e.schedulers.include(wanted.scheduler)
    })
}

/// Permissions known to be missing from AWS's published policies.
pub(super) fn gaps(wanted: Wanted<'_>) -> impl Iterator<Item = Gap> {
    fitting(wanted).filter_map(move |entry| {
        let feature = entry.feature.map(Text::get).and_then(Feature::find);
        let required = wanted.requires(feature);
        if required == Some(false) {
            return None;
        }
        let data = entry.data()?;
        Some(Gap {
            policy: None,
            reason: data.reason(),
            source: data.source,
            of_configuration: false,
            failure: data.failure,
            feature: feature.map(Feature::name),
            open: required.is_none(),
            statements: vec![RefStatement {
                feature: feature.map(Feature::name),
                open: required.is_none(),
                ..RefStatement::allow(0, data.actions, data.resources)
            }],
        })
    })
}

impl KnownGap {
    fn read(entry: &ErratumEntry) -> Option<(Vec<String>, KnownGap)> {
        let data = entry.data()?;
        let gap = KnownGap {
            role: entry.role.get(),
            schedulers: entry.schedulers.list(),
            feature: entry.feature.map(Text::get),
            releases: (entry.first, entry.last),
            reason: data.reason(),
            resources: data.resources,
            source: data.source,
        };
        Some((data.actions, gap))
    }
}

/// Policies without an action that `matches` accepts, in the order of the data.
pub fn known_gaps(matches: impl Fn(&str) -> bool) -> Vec<KnownGap> {
    let read = ERRATA.iter().filter_map(KnownGap::read);
    read.filter(|(actions, _)| actions.iter().any(|a| matches(a)))
        .map(|(_, gap)| gap)
        .collect()
}

/// Actions missing from the policies of a reference, each by itself, in the order of the data. Includes those that are
/// only needed for features that may be on or off.
pub fn known_gaps_of(reference: &Reference, features: &Features) -> Vec<(String, KnownGap)> {
    let name = reference
        .role
        .as_deref()
        .zip(reference.scheduler.as_deref());
    let Some(((role, scheduler), release)) = name.zip(reference.release()) else {
        return Vec::new();
    };
    let wanted = Wanted {
        role,
        scheduler,
        release,
        features,
        mode: reference.assumed.and_then(Feature::find),
    };
    let is_needed = |entry: &&ErratumEntry| {
        wanted.requires(entry.feature.map(Text::get).and_then(Feature::find)) != Some(false)
    };
    let read = fitting(wanted).filter(is_needed).filter_map(KnownGap::read);
    read.flat_map(|(actions, gap)| actions.into_iter().map(move |a| (a, gap.clone())))
        .collect()
}
