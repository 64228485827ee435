//! The policies of the reference that allow an action.

use std::collections::BTreeMap;

use super::data::{PACKS, Text};
use super::{Feature, Release, pack, policy_text};

/// One policy text, for listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// The file of the policy below `rules/reference`, without the ending.
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

/// The file of a policy text in the project.
pub fn file(id: &str) -> String {
    format!("rules/reference/{id}.toml")
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
    /// The lines of the `Condition` under which it is required.
    pub conditions: Vec<String>,
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
            let condition = statement.condition.iter();
            let conditions: Vec<_> = condition
                .flat_map(|(operator, keys)| pack::conditions(operator, keys))
                .collect();
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
                conditions: policy_text::condition_lines(&conditions, &|_| None),
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
