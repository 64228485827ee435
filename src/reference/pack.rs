//! The policy texts of `rules/reference`, and what is put together from them.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::data::{PACKS, PackEntry, Text};
use super::wanted::{Wanted, list};
use super::{Feature, Gap, Part, RefCondition, RefStatement, Reference, Release, erratum};
use crate::parser::Effect;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct PackData {
    pub(super) policy: String,
    pub(super) managed_policies: Vec<String>,
    pub(super) digest: String,
    #[serde(rename = "known-gap")]
    pub(super) gaps: Vec<GapData>,
    #[serde(rename = "statement")]
    pub(super) statements: Vec<StatementData>,
}

#[derive(Deserialize)]
pub(super) struct GapData {
    policy: String,
    name: String,
    except: Vec<String>,
    reason: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct StatementData {
    pub(super) sid: Option<String>,
    pub(super) effect: String,
    pub(super) actions: Vec<String>,
    pub(super) not_actions: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) not_resources: Vec<String>,
    pub(super) condition: Map<String, Value>,
    pub(super) feature: Option<String>,
}

/// The AWS managed policies that some role must have besides, with placeholders.
pub fn managed_policies() -> BTreeSet<String> {
    let packs = PACKS.iter();
    let data = packs.filter_map(|pack| serde_json::from_str::<PackData>(pack.json.get()).ok());
    data.flat_map(|data| data.managed_policies).collect()
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

    pub(super) fn data(&self) -> PackData {
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
    let is_without = |entry: &&&PackEntry| {
        let statements = entry.data().statements;
        !statements.iter().flat_map(|s| &s.actions).any(|a| {
            let is_wild = || {
                let prefix = a.split('*').next().unwrap_or_default();
                a.ends_with('*') && action.starts_with(prefix)
            };
            a.eq_ignore_ascii_case(action) || is_wild()
        })
    };
    neighbors.peek().is_some() && neighbors.all(|entry| is_without(&entry))
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
            id: entry.id.get(),
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
            contexts: Vec::new(),
        }
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
