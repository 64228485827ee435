//! Why ParallelCluster needs an action. The data is read only when something is to be explained.

use std::sync::LazyLock;

use serde::Deserialize;

use super::Release;
use super::standing::{Failure, When};
use crate::matcher::{ActionMatch, ActionPattern};

static NEEDS: LazyLock<Vec<Need>> = LazyLock::new(|| {
    serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/needs.json"))).unwrap_or_default()
});

static CALLS: LazyLock<Vec<Call>> = LazyLock::new(|| {
    serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/calls.json"))).unwrap_or_default()
});

/// A reason, with its source.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Need {
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
    /// When it is needed.
    pub when: When,
    /// The failure without it.
    pub failure: Failure,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
struct Range {
    first: String,
    last: String,
}

impl Range {
    fn holds(&self, release: Release) -> bool {
        Release::parse(&self.first).is_some_and(|first| first <= release)
            && Release::parse(&self.last).is_some_and(|last| release <= last)
    }
}

/// The needs of single resources, which are few. Every run looks for them.
static DIVIDED: LazyLock<Vec<Need>> = LazyLock::new(|| {
    serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/divided.json")))
        .unwrap_or_default()
});

#[derive(Deserialize)]
struct Call {
    role: String,
    action: String,
    releases: Range,
}

impl Need {
    fn applies(&self, role: &str, scheduler: &str, release: Release) -> bool {
        self.role == role
            && (self.schedulers.is_empty() || self.schedulers.iter().any(|s| s == scheduler))
            && self.releases.holds(release)
    }

    fn names(&self, action: &str) -> bool {
        self.actions.iter().any(|a| a.eq_ignore_ascii_case(action))
    }

    fn matches(&self, action: &str) -> bool {
        // An action without a wildcard is compared by its name. Most wildcards differ before the first `*`.
        let may_match = |a: &&String| {
            let start = a.find(['*', '?']).and_then(|end| a.get(..end));
            let same = |start: &str| {
                action
                    .get(..start.len())
                    .map(|s| s.eq_ignore_ascii_case(start))
            };
            start.and_then(same) == Some(true)
        };
        self.names(action) || { self.actions.iter() }.filter(may_match).any(|a| {
            action.split_once(':').is_some_and(|(service, name)| {
                let service = service.to_ascii_lowercase();
                let name = name.to_ascii_lowercase();
                ActionPattern::parse(a).matches(&service, &name) == ActionMatch::Yes
            })
        })
    }

    /// Whether no use of the actions is known: AWS's policies ask for them all the same.
    pub fn is_unused(&self) -> bool {
        matches!(self.when, When::UnknownUse | When::Never)
    }

    /// First and last release it holds for.
    pub fn releases(&self) -> (&str, &str) {
        (&self.releases.first, &self.releases.last)
    }
}

/// The reason for an action that a statement of some feature asks for: one of that feature before any other, and one
/// that names the action before one that matches it by a wildcard.
pub(super) fn why(
    role: &str,
    scheduler: &str,
    release: Release,
    action: &str,
    feature: Option<&str>,
) -> Option<&'static Need> {
    let of_feature = |n: &Need| feature.is_some() && n.feature.as_deref() == feature;
    // Few reasons name an action: compare that first.
    let applies = |n: &&Need| n.applies(role, scheduler, release);
    let named = |n: &&Need| n.names(action) && applies(n);
    let matched = |n: &&Need| applies(n) && n.matches(action);
    let same = || NEEDS.iter().filter(|n| of_feature(n));
    same()
        .find(named)
        .or_else(|| same().find(matched))
        .or_else(|| NEEDS.iter().find(named))
        .or_else(|| NEEDS.iter().find(matched))
}

/// The reasons for an action, those of single resources aside.
pub(super) fn reasons<'n>(
    role: &'n str,
    scheduler: &'n str,
    release: Release,
    action: &'n str,
) -> impl Iterator<Item = &'static Need> + 'n {
    // The role decides for most of them, and is cheap to compare.
    NEEDS.iter().filter(move |n| {
        n.role == role
            && n.resources.is_empty()
            && n.matches(action)
            && n.applies(role, scheduler, release)
    })
}

/// The reasons that are about single resources.
pub(super) fn divided<'n>(
    role: &'n str,
    scheduler: &'n str,
    release: Release,
) -> impl Iterator<Item = &'static Need> + 'n {
    DIVIDED
        .iter()
        .filter(move |n| n.applies(role, scheduler, release))
}

/// The newest release whose calls were examined; it stands for later ones.
const NEWEST_EXAMINED: &str = "3.15.1";

/// Whether a call by this role was found in ParallelCluster's code.
pub(super) fn is_called(role: &str, release: Release, action: &str) -> bool {
    let newest = Release::parse(NEWEST_EXAMINED);
    let examined = newest.map_or(release, |newest| newest.min(release));
    CALLS.iter().any(|c| {
        c.role == role && c.action.eq_ignore_ascii_case(action) && c.releases.holds(examined)
    })
}

/// Whether ParallelCluster is known to call an action: a call was found, or a reason names it.
pub(super) fn is_known(role: &str, scheduler: &str, release: Release, action: &str) -> bool {
    let named = NEEDS
        .iter()
        .any(|n| n.names(action) && !n.is_unused() && n.applies(role, scheduler, release));
    named || is_called(role, release, action)
}

/// Whether a role needs something for a feature in any release.
pub(super) fn concerns(role: &str, scheduler: &str, feature: &str) -> bool {
    NEEDS.iter().any(|n| {
        n.role == role
            && n.feature.as_deref() == Some(feature)
            && (n.schedulers.is_empty() || n.schedulers.iter().any(|s| s == scheduler))
    })
}

/// The actions that a role needs for a feature.
pub(super) fn of_feature<'n>(
    role: &'n str,
    scheduler: &'n str,
    release: Release,
    feature: &'n str,
) -> impl Iterator<Item = &'static Need> + 'n {
    NEEDS
        .iter()
        .filter(move |n| n.feature.as_deref() == Some(feature))
        .filter(move |n| n.applies(role, scheduler, release))
}

/// Every reason that names or matches an action, for all roles and releases.
pub fn needs_of(action: &str) -> Vec<&'static Need> {
    let named: Vec<&Need> = NEEDS.iter().filter(|n| n.names(action)).collect();
    if named.is_empty() {
        NEEDS.iter().filter(|n| n.matches(action)).collect()
    } else {
        named
    }
}
