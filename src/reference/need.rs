//! Why ParallelCluster needs an action. The data is read only when something is to be explained.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::Release;
use super::on_demand::{OnDemand, of_release};
use super::standing::{Failure, When};
use crate::matcher::{ActionMatch, ActionPattern, Pattern, template};

/// The reasons of each role.
static ROLES: LazyLock<Vec<OnDemand<Index>>> =
    LazyLock::new(|| OnDemand::lines(include_str!(concat!(env!("OUT_DIR"), "/needs.txt"))));

/// The reasons of a role; `None` where it has none.
fn of_role(role: &str) -> Option<&'static Index> {
    let of_role = ROLES.iter().find(|of| of.key == role)?;
    Some(of_role.get(Index::read))
}

/// The calls by their actions, in lower case.
static CALLED: LazyLock<FxHashMap<String, Vec<Call>>> = LazyLock::new(|| {
    let calls = include_str!(concat!(env!("OUT_DIR"), "/calls.json"));
    let calls: Vec<Call> = serde_json::from_str(calls).unwrap_or_default();
    let mut called: FxHashMap<String, Vec<Call>> = FxHashMap::default();
    for call in calls {
        let of_action = called.entry(call.action.to_ascii_lowercase()).or_default();
        of_action.push(call);
    }
    called
});

/// Reasons, and these by the actions that they name.
struct Index {
    needs: Vec<Need>,
    /// Positions in `needs` by action, in lower case.
    named: FxHashMap<String, Vec<usize>>,
    /// Positions, and the patterns of actions, by service.
    matched: FxHashMap<String, Vec<(usize, ActionPattern)>>,
}

impl Index {
    fn read(text: &str) -> Self {
        Index::new(serde_json::from_str(text).unwrap_or_default())
    }

    fn new(needs: Vec<Need>) -> Self {
        let mut index = Index {
            needs: Vec::new(),
            named: FxHashMap::default(),
            matched: FxHashMap::default(),
        };
        for (at, need) in needs.iter().enumerate() {
            for action in &need.actions {
                let lower = action.to_ascii_lowercase();
                match lower.split_once(':') {
                    Some((service, name)) if name.contains(['*', '?']) => {
                        let of_service = index.matched.entry(service.to_owned()).or_default();
                        of_service.push((at, ActionPattern::parse(action)));
                    }
                    _ => index.named.entry(lower).or_default().push(at),
                }
            }
        }
        index.needs = needs;
        index
    }

    /// The reasons that name an action, or also those that match it by a wildcard, in the order of the data.
    fn of(&self, action: &str, by_wildcard: bool) -> Vec<&Need> {
        let action = action.to_ascii_lowercase();
        let mut all = self.named.get(&action).cloned().unwrap_or_default();
        if by_wildcard && let Some((service, name)) = action.split_once(':') {
            let matched = self.matched.get(service).into_iter().flatten();
            let matched =
                matched.filter(|(_, pattern)| pattern.matches(service, name) == ActionMatch::Yes);
            all.extend(matched.map(|(at, _)| *at));
            all.sort_unstable();
        }
        all.dedup();
        all.into_iter()
            .filter_map(|at| self.needs.get(at))
            .collect()
    }

    fn named(&self, action: &str) -> Vec<&Need> {
        self.of(action, false)
    }

    fn all(&self, action: &str) -> Vec<&Need> {
        self.of(action, true)
    }
}

/// A reason, with its source.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Need {
    /// The position in the data.
    nth: usize,
    /// The role that needs it.
    pub role: String,
    /// The actions, possibly with wildcards.
    pub actions: Vec<String>,
    /// Who does what with it.
    pub text: String,
    /// The schedulers it holds for; empty for all.
    pub schedulers: Vec<String>,
    /// The feature that needs it; `None` for every cluster.
    pub feature: Option<String>,
    /// The releases it holds for.
    releases: Range,
    /// The public source.
    pub source: String,
    /// How it is known: `code`, `stated`, `template`, `inferred`, or `unused`.
    pub confidence: String,
    /// The resources of a statement that it is about; empty for all.
    pub resources: Vec<String>,
    /// The values of a key of the Condition of a statement that it is about; empty for all.
    #[serde(default)]
    pub values: BTreeMap<String, Vec<String>>,
    /// When it is needed.
    pub when: When,
    /// The failure without it.
    pub failure: Failure,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(from = "Written")]
struct Range {
    written: Written,
    /// First and last release; `None` holds for no release.
    bounds: Option<(Release, Release)>,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
struct Written {
    first: String,
    last: String,
}

impl From<Written> for Range {
    fn from(written: Written) -> Self {
        let first = Release::parse(&written.first);
        let bounds = first.zip(Release::parse(&written.last));
        Range { written, bounds }
    }
}

impl Range {
    fn holds(&self, release: Release) -> bool {
        self.bounds
            .is_some_and(|(first, last)| first <= release && release <= last)
    }
}

/// The needs of single resources and values, which are few. Every run looks for them.
static DIVIDED: LazyLock<Vec<OnDemand<Option<Need>>>> =
    LazyLock::new(|| OnDemand::lines(include_str!(concat!(env!("OUT_DIR"), "/divided.txt"))));

#[derive(Deserialize)]
struct Call {
    role: String,
    action: String,
    /// The schedulers with which the call is made; empty for all.
    schedulers: Vec<String>,
    releases: Range,
}

/// Whether a list of schedulers, empty for all, has this one.
fn holds_for(schedulers: &[String], scheduler: &str) -> bool {
    schedulers.is_empty() || schedulers.iter().any(|s| s == scheduler)
}

impl Need {
    fn applies(&self, role: &str, scheduler: &str, release: Release) -> bool {
        self.role == role && holds_for(&self.schedulers, scheduler) && self.releases.holds(release)
    }

    /// Whether no use of the actions is known: AWS's policies ask for them all the same.
    pub fn is_unused(&self) -> bool {
        matches!(self.when, When::UnknownUse | When::Never)
    }

    /// Whether it is not about single resources or values.
    fn is_whole(&self) -> bool {
        self.resources.is_empty() && self.values.is_empty()
    }

    /// Whether it is about these resources, with or without values of their placeholders.
    fn is_of(&self, resources: &[String]) -> bool {
        if resources.is_empty() {
            return false;
        }
        let open = |resource: &String| template::fill(resource, |_| Some("*".to_owned()));
        let own: Vec<Pattern> = { self.resources.iter() }
            .map(|resource| Pattern::glob(&open(resource)))
            .collect();
        let is_its = |resource: &String| own.iter().any(|own| own.matches_text(resource));
        resources.iter().all(is_its)
    }

    /// First and last release it holds for.
    pub fn releases(&self) -> (&str, &str) {
        (&self.releases.written.first, &self.releases.written.last)
    }
}

/// The reason for an action that a statement of some feature asks for: one of that feature before any other, one of just
/// these resources before one of all, and one that names the action before one that matches it by a wildcard.
pub(super) fn why(
    (role, scheduler, release): (&str, &str, Release),
    action: &str,
    feature: Option<&str>,
    resources: &[String],
) -> Option<&'static Need> {
    let of_feature = |n: &&Need| feature.is_some() && n.feature.as_deref() == feature;
    let applies = |n: &&Need| n.applies(role, scheduler, release);
    let index = of_role(role)?;
    let lists = [index.named(action), index.all(action)];
    // Reasons of other resources or of values come last.
    let order = |n: &&Need| match n.is_whole() {
        true => 1,
        false if n.is_of(resources) => 0,
        false => 2,
    };
    let own = || {
        lists
            .iter()
            .map(|list| list.iter().copied().filter(applies))
    };
    let of_its_feature = own().map(|list| list.filter(of_feature).min_by_key(order));
    let any = own().map(|list| list.min_by_key(order));
    of_its_feature.chain(any).flatten().next()
}

/// The reasons for an action, those of single resources and values aside.
pub(super) fn reasons<'n>(
    role: &'n str,
    scheduler: &'n str,
    release: Release,
    action: &str,
) -> impl Iterator<Item = &'static Need> + use<'n> {
    let of_action = of_role(role).map(|index| index.all(action));
    let of_action = of_action.into_iter().flatten();
    let of_action = of_action.filter(|n| n.is_whole());
    of_action.filter(move |n| n.applies(role, scheduler, release))
}

/// The reasons that are about single resources or values.
pub(super) fn divided<'n>(
    role: &'n str,
    scheduler: &'n str,
    release: Release,
) -> impl Iterator<Item = &'static Need> + 'n {
    let needs = of_release(&DIVIDED, role, release);
    needs.filter(move |n| n.applies(role, scheduler, release))
}

/// The newest release whose calls were examined; it stands for later ones.
const NEWEST_EXAMINED: &str = "3.15.1";

/// Whether a call by this role was found in ParallelCluster's code.
pub(super) fn is_called(role: &str, scheduler: &str, release: Release, action: &str) -> bool {
    let newest = Release::parse(NEWEST_EXAMINED);
    let examined = newest.map_or(release, |newest| newest.min(release));
    let calls = CALLED.get(&action.to_ascii_lowercase());
    let mut calls = calls.into_iter().flatten();
    calls.any(|c| {
        c.role == role && holds_for(&c.schedulers, scheduler) && c.releases.holds(examined)
    })
}

/// Whether ParallelCluster is known to call an action on any resource: a call was found, or a reason names it that is not about
/// single ones.
pub(super) fn is_known(role: &str, scheduler: &str, release: Release, action: &str) -> bool {
    let named = of_role(role).map(|index| index.named(action));
    let is_it = |n: &&Need| !n.is_unused() && n.is_whole() && n.applies(role, scheduler, release);
    { named.iter().flatten() }.any(is_it) || is_called(role, scheduler, release, action)
}

/// Whether a role needs something for a feature in any release.
pub(super) fn concerns(role: &str, scheduler: &str, feature: &str) -> bool {
    let mut needs = of_role(role).into_iter().flat_map(|index| &index.needs);
    needs.any(|n| n.feature.as_deref() == Some(feature) && holds_for(&n.schedulers, scheduler))
}

/// The actions that a role needs for a feature.
pub(super) fn of_feature<'n>(
    role: &'n str,
    scheduler: &'n str,
    release: Release,
    feature: &'n str,
) -> impl Iterator<Item = &'static Need> + 'n {
    let needs = of_role(role).into_iter().flat_map(|index| &index.needs);
    needs
        .filter(move |n| n.feature.as_deref() == Some(feature))
        .filter(move |n| n.applies(role, scheduler, release))
}

/// Every reason that names or matches an action, for all roles and releases.
pub fn needs_of(action: &str) -> Vec<&'static Need> {
    let of = |by_wildcard: bool| {
        let roles = ROLES.iter().map(|of| of.get(Index::read));
        let mut all: Vec<_> = roles.flat_map(|r| r.of(action, by_wildcard)).collect();
        all.sort_by_key(|need| need.nth);
        all
    };
    let named = of(false);
    if named.is_empty() { of(true) } else { named }
}
