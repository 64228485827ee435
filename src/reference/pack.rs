//! The policy texts of `rules/reference`, and what is put together from them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::data::{PACKS, PackEntry, Text};
use super::{
    Feature, Features, Gap, Part, RefCondition, RefList, RefStatement, Reference, Release, erratum,
};
use crate::parser::Effect;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct PackData {
    policy: String,
    managed_policies: Vec<String>,
    digest: String,
    #[serde(rename = "known-gap")]
    gaps: Vec<GapData>,
    #[serde(rename = "statement")]
    statements: Vec<StatementData>,
}

#[derive(Deserialize)]
struct GapData {
    policy: String,
    name: String,
    except: Vec<String>,
    reason: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct StatementData {
    sid: Option<String>,
    effect: String,
    actions: Vec<String>,
    not_actions: Vec<String>,
    resources: Vec<String>,
    not_resources: Vec<String>,
    condition: Map<String, Value>,
    feature: Option<String>,
}

/// The AWS managed policies that some role must have besides, with placeholders.
pub fn managed_policies() -> BTreeSet<String> {
    let packs = PACKS.iter();
    let data = packs.filter_map(|pack| serde_json::from_str::<PackData>(pack.json.get()).ok());
    data.flat_map(|data| data.managed_policies).collect()
}

/// The role, release and scheduler of a reference, and the known features.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'w> {
    pub(super) role: &'w str,
    pub(super) scheduler: &'w str,
    pub(super) release: Release,
    pub(super) features: &'w Features,
    /// The feature of its group to compare with; the others of the group are off.
    pub(super) mode: Option<Feature>,
}

impl Wanted<'_> {
    /// Whether what a feature needs is required: `None` where that is not known.
    pub(super) fn requires(&self, feature: Option<Feature>) -> Option<bool> {
        let Some(feature) = feature else {
            return Some(true);
        };
        match (feature.group(), self.mode) {
            (Some(group), Some(mode)) if mode.group() == Some(group) => {
                Some(mode.name() == feature.name())
            }
            _ => self
                .features
                .has(feature, self.role, self.scheduler, self.release),
        }
    }
}

impl PackEntry {
    pub(super) fn covers(&self, release: Release) -> bool {
        self.first <= release && release <= self.last
    }

    pub(super) fn is_for(&self, scheduler: &str) -> bool {
        self.schedulers.include(scheduler)
    }

    pub(super) fn feature(&self) -> Option<Feature> {
        self.feature.map(Text::get).and_then(Feature::find)
    }

    fn data(&self) -> PackData {
        let read = serde_json::from_str(self.json.get());
        #[expect(
            clippy::expect_used,
            reason = "the build script wrote it from the same fields; every pack is read by a test"
        )]
        read.expect("the build script wrote it")
    }
}

/// The texts that count for a role, release and scheduler: those of every cluster, then those of features.
pub(super) fn entries(
    role: &str,
    scheduler: &str,
    release: Release,
) -> impl Iterator<Item = &'static PackEntry> {
    let fits = move |p: &&'static PackEntry, with_feature: bool| {
        p.feature.is_some() == with_feature
            && p.role.get() == role
            && p.covers(release)
            && p.is_for(scheduler)
    };
    let mut always: Vec<_> = PACKS.iter().filter(|p| fits(p, false)).collect();
    always.sort_by_key(|p| !p.part.get().starts_with("base"));
    let optional: Vec<_> = PACKS.iter().filter(|p| fits(p, true)).collect();
    always.into_iter().chain(optional)
}

/// Whether no documented text of a neighboring release has an action; false where there is no such text.
pub(super) fn neighbors_do_without(wanted: Wanted<'_>, action: &str) -> bool {
    let documented = PACKS.iter().filter(|p| {
        p.role.get() == wanted.role
            && p.is_for(wanted.scheduler)
            && p.feature.is_none()
            && p.kind.get() != "generated"
            && p.first.major() == wanted.release.major()
    });
    let documented: Vec<&PackEntry> = documented.collect();
    let before = documented.iter().filter(|p| p.last < wanted.release);
    let before = before.max_by_key(|p| p.last);
    let after = documented.iter().filter(|p| wanted.release < p.first);
    let after = after.min_by_key(|p| p.first);
    let mut neighbors = before.into_iter().chain(after).peekable();
    let lacks = |entry: &&&PackEntry| {
        let statements = entry.data().statements;
        !statements.iter().flat_map(|s| &s.actions).any(|a| {
            let is_wild = || {
                let prefix = a.split('*').next().unwrap_or_default();
                a.ends_with('*') && action.starts_with(prefix)
            };
            a.eq_ignore_ascii_case(action) || is_wild()
        })
    };
    neighbors.peek().is_some() && neighbors.all(|entry| lacks(&entry))
}

/// The reference for a role, release and scheduler.
pub(super) fn compose(wanted: Wanted<'_>) -> Reference {
    let mut reference = Reference {
        role: Some(wanted.role.to_owned()),
        scheduler: Some(wanted.scheduler.to_owned()),
        pcluster_version: Some(wanted.release.to_string()),
        features: wanted.features.on().map(Feature::name).collect(),
        known_features: wanted.features.clone(),
        mode: wanted.mode.map(Feature::name),
        ..Reference::default()
    };
    if let Some(mode) = wanted
        .mode
        .filter(|m| !reference.features.contains(&m.name()))
    {
        reference.assumed = Some(mode.name());
    }
    for entry in entries(wanted.role, wanted.scheduler, wanted.release) {
        let whole = entry.feature();
        let Some(whole_is_open) = wanted
            .requires(whole)
            .map_or(Some(true), |on| on.then_some(false))
        else {
            continue;
        };
        // Permissions that ParallelCluster adds to its own roles are not reported for unnamed features.
        if whole_is_open && entry.kind.get() == "generated" {
            continue;
        }
        let data = entry.data();
        let part = reference.parts.len();
        for (own_index, statement) in data.statements.into_iter().enumerate() {
            let feature = statement.feature.as_deref().and_then(Feature::find);
            let open = match wanted.requires(feature) {
                Some(false) => continue,
                Some(true) => whole_is_open,
                None => true,
            };
            let mut read = statement.read(&[]);
            read.index = reference.statements.len();
            read.part = part;
            read.own_index = own_index;
            read.feature = feature.or(whole).map(Feature::name);
            read.open = open;
            reference.statements.push(read);
        }
        reference
            .gaps
            .extend(data.gaps.iter().filter_map(|gap| gap.read(wanted.release)));
        for managed in data.managed_policies {
            if !reference.managed_policies.contains(&managed) {
                reference.managed_policies.push(managed);
            }
        }
        reference.policy.get_or_insert_with(|| data.policy.clone());
        reference.parts.push(Part {
            policy: data.policy,
            feature: entry.feature.map(Text::get),
            kind: entry.kind.get(),
            source: entry.source.get(),
            digest: data.digest,
        });
    }
    reference.gaps.extend(erratum::gaps(wanted));
    let elsewhere = |feature: &&str| {
        let mut packs = PACKS.iter();
        packs.any(|p| p.role.get() == wanted.role && p.feature.map(Text::get) == Some(*feature))
            || super::need::concerns(wanted.role, wanted.scheduler, feature)
    };
    let here = |feature: &&str| {
        let mut statements = reference.statements.iter();
        let names = |action: &str| {
            let mut statements = reference.statements.iter();
            statements.any(|s| s.action.negated || s.action.values.iter().any(|a| a == action))
        };
        statements.any(|s| s.feature == Some(*feature))
            || reference.gaps.iter().any(|g| g.feature == Some(*feature))
            || super::need::of_feature(wanted.role, wanted.scheduler, wanted.release, feature)
                .any(|need| need.actions.is_empty() || need.actions.iter().any(|a| names(a)))
    };
    let features = reference.features.iter().copied();
    reference.unknown_features = features.filter(|f| elsewhere(f) && !here(f)).collect();
    reference
}

impl GapData {
    fn read(&self, release: Release) -> Option<Gap> {
        let (role, part) = self.policy.split_once('/')?;
        let mut entries = PACKS.iter();
        let entry =
            entries.find(|p| p.role.get() == role && p.part.get() == part && p.covers(release))?;
        let statements = entry.data().statements;
        Some(Gap {
            policy: Some(self.name.clone()),
            reason: format!(
                "it is missing from AWS's documented policy too: {}",
                self.reason
            ),
            source: self.source.clone(),
            of_configuration: false,
            failure: super::Failure::Function,
            feature: None,
            open: false,
            statements: statements
                .into_iter()
                .enumerate()
                .map(|(index, statement)| RefStatement {
                    index,
                    own_index: index,
                    ..statement.read(&self.except)
                })
                .filter(|s| !s.action.values.is_empty())
                .collect(),
        })
    }
}

impl StatementData {
    /// The statement without its place in a reference, and without the actions of `except`.
    fn read(self, except: &[String]) -> RefStatement {
        RefStatement {
            index: 0,
            part: 0,
            own_index: 0,
            sid: self.sid,
            effect: if self.effect == "Deny" {
                Effect::Deny
            } else {
                Effect::Allow
            },
            action: list(self.actions, self.not_actions, except),
            resource: list(self.resources, self.not_resources, &[]),
            conditions: self
                .condition
                .iter()
                .flat_map(|(op, keys)| conditions(op, keys))
                .collect(),
            feature: None,
            open: false,
            standing: super::Standing::default(),
            is_divided: false,
            is_off: false,
        }
    }
}

pub(super) fn list(plain: Vec<String>, negated: Vec<String>, except: &[String]) -> RefList {
    let is_negated = !negated.is_empty();
    let mut values = if is_negated { negated } else { plain };
    values.retain(|v| !except.contains(v));
    RefList {
        negated: is_negated,
        values,
    }
}

pub(super) fn conditions(operator: &str, keys: &Value) -> Vec<RefCondition> {
    let Value::Object(keys) = keys else {
        return Vec::new();
    };
    keys.iter()
        .map(|(key, values)| RefCondition {
            operator: operator.to_owned(),
            key: key.clone(),
            values: values
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|v| v.as_str().map(str::to_owned))
                .collect(),
        })
        .collect()
}

/// One policy text, for listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its file below `rules/reference`, without the ending.
    pub id: &'static str,
    /// e.g. `user`.
    pub role: &'static str,
    /// The schedulers it is for; empty for all.
    pub schedulers: &'static [&'static str],
    /// The feature that needs all of it.
    pub feature: Option<&'static str>,
    /// First and last release.
    pub releases: (Release, Release),
    /// e.g. `documented`.
    pub kind: &'static str,
    /// The place of publication.
    pub source: &'static str,
}

/// Every policy text with the releases that it counts for, by role and release.
pub fn listed() -> Vec<Listed> {
    let by_role: BTreeMap<&str, usize> = super::roles().enumerate().map(|(i, r)| (r, i)).collect();
    let mut all: Vec<Listed> = PACKS
        .iter()
        .map(|p| Listed {
            id: p.id.get(),
            role: p.role.get(),
            schedulers: p.schedulers.list(),
            feature: p.feature.map(Text::get),
            releases: (p.first, p.last),
            kind: p.kind.get(),
            source: p.source.get(),
        })
        .collect();
    all.sort_by_key(|l| (by_role.get(l.role), l.feature, l.releases, l.id));
    all
}

/// Statements that require an action, of texts that are alike but for their releases.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Use {
    /// e.g. `user`.
    pub role: &'static str,
    /// The schedulers it is for; empty for all.
    pub schedulers: &'static [&'static str],
    /// The feature that needs it.
    pub feature: Option<&'static str>,
    /// As the texts write the action.
    pub declared: String,
    /// The required resources.
    pub resources: Vec<String>,
    /// The releases, oldest first: `3.0.0 to 3.6.0, 3.14.0`.
    pub releases: String,
}

/// Roles, releases and features that require an action accepted by `matches`.
pub fn uses(matches: impl Fn(&str) -> bool) -> Vec<Use> {
    let mut found: Vec<(Use, Vec<Release>)> = Vec::new();
    for listed in listed() {
        let Some(entry) = PACKS.iter().find(|p| {
            (p.id.get(), p.role.get(), p.first, p.schedulers.list())
                == (listed.id, listed.role, listed.releases.0, listed.schedulers)
        }) else {
            continue;
        };
        for statement in entry.data().statements {
            let Some(declared) = statement.actions.iter().find(|a| matches(a)) else {
                continue;
            };
            let here = Use {
                role: entry.role.get(),
                schedulers: entry.schedulers.list(),
                feature: statement
                    .feature
                    .as_deref()
                    .and_then(Feature::find)
                    .map(Feature::name)
                    .or(entry.feature.map(Text::get)),
                declared: declared.clone(),
                resources: statement.resources.clone(),
                releases: String::new(),
            };
            let covered = Release::all().filter(|r| entry.covers(*r));
            match found.iter_mut().find(|(u, _)| *u == here) {
                Some((_, releases)) => releases.extend(covered),
                None => found.push((here, covered.collect())),
            }
        }
    }
    found
        .into_iter()
        .map(|(mut found, mut releases)| {
            releases.sort_unstable();
            releases.dedup();
            found.releases = super::select::ranges(&releases);
            found
        })
        .collect()
}
