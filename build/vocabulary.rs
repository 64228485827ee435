//! Releases, schedulers, roles and features: the names that the other files may use.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use super::input::{Names, fail, read, release, release_code};

/// `rules/roles.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) title: String,
    #[serde(default)]
    pub(super) principal: Option<String>,
    pub(super) aliases: Vec<String>,
    #[serde(default)]
    pub(super) common: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Roles {
    pub(super) role: Vec<Role>,
}

/// `rules/releases.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct History {
    pub(super) scheduler: Vec<Scheduler>,
    pub(super) mark: Vec<Mark>,
    pub(super) dates: BTreeMap<String, String>,
}

/// A text in policies of one generation only.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    pub(super) text: String,
    pub(super) generation: u32,
    #[serde(rename = "source")]
    pub(super) _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scheduler {
    pub(super) name: String,
    pub(super) first: String,
    pub(super) last: String,
}

/// `rules/features.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Feature {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) meaning: String,
    /// The first release whose clusters can have it.
    pub(super) first: Option<String>,
    /// Features of one group exclude each other, and a cluster has one of them.
    pub(super) group: Option<String>,
    /// The schedulers whose clusters have it unless their configuration turns it off.
    #[serde(default)]
    pub(super) default: Vec<String>,
    /// The first release in which that is so.
    pub(super) since: Option<String>,
    #[serde(rename = "source")]
    pub(super) _source: Option<String>,
    /// The AWS managed policy that it needs.
    #[serde(rename = "managed-policy")]
    pub(super) managed_policy: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Features {
    pub(super) feature: Vec<Feature>,
}

/// Reads what the other files refer to, and writes it as code.
pub(super) fn write(folder: &Path, code: &mut String) -> Names {
    let path = folder.join("releases.toml");
    let history: History = read(&path);
    let mut releases: Vec<(&String, &String)> = history.dates.iter().collect();
    releases.sort_by_key(|(version, _)| release(&path, version));
    code.push_str("pub(super) static RELEASES: &[(Release, &str)] = &[\n");
    for (version, date) in &releases {
        let _ = writeln!(code, "    ({}, {date:?}),", release_code(&path, version));
    }
    code.push_str("];\npub(super) static SCHEDULERS: &[(&str, Release, Release)] = &[\n");
    for s in &history.scheduler {
        let (first, last) = (release_code(&path, &s.first), release_code(&path, &s.last));
        let _ = writeln!(code, "    ({:?}, {first}, {last}),", s.name);
    }
    code.push_str("];\npub(super) static MARKS: &[(&str, u32)] = &[\n");
    for mark in &history.mark {
        let _ = writeln!(code, "    ({:?}, {}),", mark.text, mark.generation);
    }
    code.push_str("];\npub(super) static ROLES: &[RoleEntry] = &[\n");
    let list: Roles = read(&folder.join("roles.toml"));
    for role in &list.role {
        let _ = writeln!(
            code,
            "    RoleEntry {{ name: {:?}, title: {:?}, principal: {:?}, aliases: &{:?}, common: &{:?} }},",
            role.name,
            role.title,
            role.principal.as_deref().unwrap_or_default(),
            role.aliases,
            role.common
        );
    }
    let names = Names {
        roles: list.role.into_iter().map(|r| r.name).collect(),
        features: Vec::new(),
        schedulers: history.scheduler.into_iter().map(|s| s.name).collect(),
        releases: history.dates.into_keys().collect(),
    };
    code.push_str("];\npub(super) static FEATURES: &[FeatureEntry] = &[\n");
    let path = folder.join("features.toml");
    let features: Features = read(&path);
    for feature in &features.feature {
        names.check_schedulers(&path, &feature.default);
        let default = match (&feature.since, feature.default.as_slice()) {
            (None, []) => "None".to_owned(),
            (Some(since), [_, ..]) => format!(
                "Some((&{:?}, {}))",
                feature.default,
                release_code(&path, since)
            ),
            _ => fail(&path, "default and since go together"),
        };
        let first = feature.first.as_ref().map_or_else(
            || "None".to_owned(),
            |first| format!("Some({})", release_code(&path, first)),
        );
        let _ = writeln!(
            code,
            "    FeatureEntry {{ name: {:?}, title: {:?}, meaning: {:?}, first: {first}, group: {:?}, default: {default}, managed_policy: {:?} }},",
            feature.name, feature.title, feature.meaning, feature.group, feature.managed_policy
        );
    }
    code.push_str("];\n");
    Names {
        features: features.feature.into_iter().map(|f| f.name).collect(),
        ..names
    }
}
