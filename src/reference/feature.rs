//! Optional parts of a cluster, from `rules/features.toml`. The requirements depend on which of them the cluster has.

use std::collections::{BTreeMap, BTreeSet};

use super::data::{FEATURES, FeatureEntry};
use super::{Release, SelectError};
use crate::nearest::hint;

/// A feature that some requirement names.
#[derive(Clone, Copy)]
pub struct Feature(&'static FeatureEntry);

impl Feature {
    /// Every feature, sorted by name.
    pub fn all() -> impl Iterator<Item = Feature> {
        FEATURES.iter().map(Feature)
    }

    /// The feature of this name.
    pub fn find(name: &str) -> Option<Feature> {
        Feature::all().find(|f| f.0.name == name)
    }

    /// e.g. `fsx`.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The name of the AWS managed policy that nodes need for it.
    pub fn managed_policy(self) -> Option<&'static str> {
        self.0.managed_policy
    }

    /// Completes "needed only with …".
    pub fn title(self) -> &'static str {
        self.0.title
    }

    /// The setting in a cluster configuration that turns it on.
    pub fn meaning(self) -> &'static str {
        self.0.meaning
    }

    /// The first release whose clusters can have it; `None` where every release has it.
    pub fn first(self) -> Option<Release> {
        self.0.first
    }

    /// Features of one group exclude each other, and a cluster has one of them.
    pub fn group(self) -> Option<&'static str> {
        self.0.group
    }

    /// Whether a cluster has it unless its configuration says otherwise.
    pub fn is_default(self, scheduler: &str, release: Release) -> bool {
        let default = self.0.default;
        default
            .is_some_and(|(schedulers, since)| schedulers.contains(&scheduler) && since <= release)
    }
}

/// The known features of a cluster.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Features {
    said: BTreeMap<&'static str, Said>,
    /// True where a feature that is not said is off, unless clusters have it by default.
    complete: bool,
}

/// The state of a feature.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Said {
    on: bool,
    /// The roles of nodes that have it, where not all have.
    nodes: BTreeSet<&'static str>,
    /// True where it is not known whether the other nodes have it.
    open_elsewhere: bool,
}

/// The roles of nodes: what concerns some of them does not concern the others, but those who run `pcluster`.
const NODES: [&str; 4] = ["instance", "head-node", "compute-node", "login-node"];

impl Features {
    /// From names as `--feature` takes them: those named are on and all others off; `no-NAME` turns one off that a
    /// cluster has by default, and `none` alone means no other. Nothing at all says nothing.
    ///
    /// # Errors
    ///
    /// [`SelectError::UnknownFeature`], and two names that cannot both hold.
    pub fn from_names<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, SelectError> {
        let mut features = Features::default();
        let mut none = false;
        for name in names {
            features.complete = true;
            if name == "none" {
                none = true;
                continue;
            }
            let (plain, on) = match name.strip_prefix("no-") {
                Some(plain) => (plain, false),
                None => (name, true),
            };
            let found = Feature::find(plain).ok_or_else(|| {
                let all: Vec<&str> = Feature::all().map(Feature::name).collect();
                SelectError::UnknownFeature {
                    name: name.to_owned(),
                    help: hint(plain, &all),
                }
            })?;
            let said = Said {
                on,
                nodes: BTreeSet::new(),
                open_elsewhere: false,
            };
            let before = features.said.insert(found.name(), said);
            if before.is_some_and(|before| before.on != on) {
                return Err(SelectError::Contradiction {
                    one: plain.to_owned(),
                    other: format!("no-{plain}"),
                });
            }
        }
        let on: Vec<Feature> = features.on().collect();
        if none && let Some(feature) = on.first() {
            return Err(SelectError::Contradiction {
                one: feature.name().to_owned(),
                other: "none".to_owned(),
            });
        }
        for feature in &on {
            let rival = on.iter().find(|o| {
                o.name() > feature.name() && o.group().is_some() && o.group() == feature.group()
            });
            if let Some(rival) = rival {
                return Err(SelectError::Exclusive {
                    one: feature.name().to_owned(),
                    other: rival.name().to_owned(),
                });
            }
        }
        Ok(features)
    }

    /// Whether every feature is known to be on or off, as with `--feature`.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Records whether a cluster has a feature, on the nodes of these roles if there are any. An earlier record stays.
    pub fn say(
        &mut self,
        feature: Feature,
        on: bool,
        nodes: impl IntoIterator<Item = &'static str>,
    ) {
        let nodes = nodes.into_iter().collect();
        self.said.entry(feature.name()).or_insert(Said {
            on,
            nodes,
            open_elsewhere: false,
        });
    }

    /// Records that it is not known whether the other nodes have a feature.
    pub fn leave_open(&mut self, feature: Feature) {
        if let Some(said) = self.said.get_mut(feature.name()) {
            said.open_elsewhere = true;
        }
    }

    /// Whether a feature is known to be off.
    pub(super) fn is_off(&self, feature: Feature) -> bool {
        self.said.get(feature.name()).is_some_and(|said| !said.on)
    }

    /// The features known to be on, sorted by name.
    pub fn on(&self) -> impl Iterator<Item = Feature> {
        self.said
            .iter()
            .filter(|(_, said)| said.on)
            .filter_map(|(name, _)| Feature::find(name))
    }

    /// Whether a cluster is known to have another feature of the same group.
    fn rival(&self, feature: Feature) -> bool {
        let mut on = self.on();
        feature.group().is_some() && on.any(|f| f.group() == feature.group())
    }

    /// Whether a cluster has a feature as far as a role is concerned; `None` where that is not known.
    pub(super) fn has(
        &self,
        feature: Feature,
        role: &str,
        scheduler: &str,
        release: Release,
    ) -> Option<bool> {
        let default = feature.is_default(scheduler, release);
        match self.said.get(feature.name()) {
            Some(said) => {
                let here =
                    said.nodes.is_empty() || said.nodes.contains(role) || !NODES.contains(&role);
                if said.on && !here && said.open_elsewhere {
                    return None;
                }
                Some(said.on && here)
            }
            None if self.rival(feature) => Some(false),
            None if default => Some(true),
            None => self.complete.then_some(false),
        }
    }
}
