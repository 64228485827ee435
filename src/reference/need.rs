//! Why ParallelCluster needs an action. The data is read only when something is to be explained.

use std::sync::LazyLock;

use serde::Deserialize;

use super::Release;
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
    /// Whose right it is.
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
        let Some((service, name)) = action.split_once(':') else {
            return false;
        };
        let (service, name) = (service.to_ascii_lowercase(), name.to_ascii_lowercase());
        self.actions
            .iter()
            .any(|a| ActionPattern::parse(a).matches(&service, &name) == ActionMatch::Yes)
    }

    /// Whether no use of the actions is known: AWS's policies ask for them all the same.
    pub fn is_unused(&self) -> bool {
        self.confidence == "unused"
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
    let applying = || NEEDS.iter().filter(|n| n.applies(role, scheduler, release));
    let same = || applying().filter(|n| feature.is_some() && n.feature.as_deref() == feature);
    same()
        .find(|n| n.names(action))
        .or_else(|| same().find(|n| n.matches(action)))
        .or_else(|| applying().find(|n| n.names(action)))
        .or_else(|| applying().find(|n| n.matches(action)))
}

/// Whether ParallelCluster is known to call an action: a call was found, or a reason names it.
pub(super) fn is_known(role: &str, scheduler: &str, release: Release, action: &str) -> bool {
    let named = NEEDS
        .iter()
        .filter(|n| !n.is_unused() && n.applies(role, scheduler, release))
        .any(|n| n.names(action));
    named
        || CALLS.iter().any(|c| {
            c.role == role && c.action.eq_ignore_ascii_case(action) && c.releases.holds(release)
        })
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
