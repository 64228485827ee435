//! The texts of `rules/reference/`: one file each, checked by itself and against the others.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::input::{Names, check_action, fail, one_of, read, release, release_code};
use super::texts::Texts;

/// One policy text: `rules/reference/ROLE/PART-FIRST.toml`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Pack {
    pub(super) policy: String,
    #[serde(skip_serializing)]
    pub(super) role: String,
    #[serde(skip_serializing)]
    pub(super) feature: Option<String>,
    #[serde(default)]
    pub(super) managed_policies: Vec<String>,
    pub(super) digest: String,
    #[serde(rename = "release", skip_serializing)]
    releases: Vec<Published>,
    #[serde(default, rename = "known-gap")]
    gaps: Vec<Gap>,
    #[serde(rename = "statement")]
    pub(super) statements: Vec<Statement>,
}

/// Where and for which releases a text was published.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    /// Where it is another role's too.
    role: Option<String>,
    /// Left out: all of them.
    #[serde(default)]
    schedulers: Vec<String>,
    first: String,
    last: String,
    kind: String,
    source: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Gap {
    pub(super) policy: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) except: Vec<String>,
    pub(super) reason: String,
    pub(super) source: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Statement {
    pub(super) sid: Option<String>,
    #[serde(default = "allow")]
    pub(super) effect: String,
    #[serde(default)]
    pub(super) actions: Vec<String>,
    #[serde(default)]
    pub(super) not_actions: Vec<String>,
    #[serde(default)]
    pub(super) resources: Vec<String>,
    #[serde(default)]
    pub(super) not_resources: Vec<String>,
    #[serde(default)]
    pub(super) condition: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    pub(super) feature: Option<String>,
}

fn allow() -> String {
    "Allow".to_owned()
}

const KINDS: [&str; 5] = [
    "documented",
    "published-template",
    "api-template",
    "aws-tested",
    "generated",
];

fn check_pack(path: &Path, pack: &Pack, names: &Names) {
    one_of(path, "role in rules/roles.toml", &pack.role, &names.roles);
    names.check_feature(path, pack.feature.as_ref());
    if pack.releases.is_empty() {
        fail(path, "it has no [[release]]");
    }
    for published in &pack.releases {
        names.check_range(path, &published.first, &published.last);
        one_of(path, "kind", &published.kind, &KINDS);
        names.check_schedulers(path, &published.schedulers);
        if let Some(role) = &published.role {
            one_of(path, "role in rules/roles.toml", role, &names.roles);
        }
    }
    if pack.statements.is_empty() {
        fail(path, "it has no [[statement]]");
    }
    for (i, statement) in pack.statements.iter().enumerate() {
        let at = |message: &str| -> ! { fail(path, &format!("statement {i}: {message}")) };
        one_of(path, "effect", &statement.effect, &["Allow", "Deny"]);
        names.check_feature(path, statement.feature.as_ref());
        if statement.actions.is_empty() == statement.not_actions.is_empty() {
            at("give either actions or not-actions");
        }
        if statement.resources.is_empty() == statement.not_resources.is_empty() {
            at("give either resources or not-resources");
        }
        for action in statement.actions.iter().chain(&statement.not_actions) {
            check_action(path, action);
        }
        for resource in statement.resources.iter().chain(&statement.not_resources) {
            let whole = resource == "*" || resource.splitn(6, ':').count() == 6;
            if !whole && !resource.starts_with("${") {
                at(&format!(
                    "`{resource}` is neither `*` nor an ARN of six fields"
                ));
            }
        }
    }
}

pub(super) fn read_packs(rules: &Path, names: &Names) -> BTreeMap<String, (PathBuf, Pack)> {
    let root = rules.join("reference");
    let mut packs = BTreeMap::new();
    let mut folders: Vec<PathBuf> = fs::read_dir(&root)
        .expect("rules/reference")
        .map(|e| e.expect("an entry").path())
        .collect();
    folders.sort();
    for folder in folders {
        let mut files: Vec<PathBuf> = fs::read_dir(&folder)
            .expect("a folder")
            .map(|e| e.expect("an entry").path())
            .collect();
        files.sort();
        for path in files {
            let pack: Pack = read(&path);
            check_pack(&path, &pack, names);
            let role = folder
                .file_name()
                .and_then(|n| n.to_str())
                .unwrap_or_default();
            if role != pack.role {
                fail(
                    &path,
                    &format!("role `{}` belongs into rules/reference/{0}/", pack.role),
                );
            }
            let stem = path
                .file_stem()
                .and_then(|n| n.to_str())
                .unwrap_or_default();
            packs.insert(format!("{role}/{stem}"), (path, pack));
        }
    }
    packs
}

/// `user/base-3.0.0` without the release.
fn part(id: &str) -> &str {
    let name = id.split_once('/').map_or(id, |(_, name)| name);
    name.rsplit_once('-').map_or(name, |(part, _)| part)
}

/// Every gap must find its policy, and no part of a role may have two texts for one release and scheduler.
pub(super) fn check_together(packs: &BTreeMap<String, (PathBuf, Pack)>) {
    let overlap = |path: &Path, a: &Published, b: &Published| {
        release(path, &a.first) <= release(path, &b.last)
            && release(path, &b.first) <= release(path, &a.last)
    };
    let shared = |a: &Published, b: &Published| {
        a.schedulers.is_empty()
            || b.schedulers.is_empty()
            || a.schedulers.iter().any(|s| b.schedulers.contains(s))
    };
    for (id, (path, pack)) in packs {
        for (other_id, (_, other)) in packs.range(id.clone()..).skip(1) {
            if pack.digest == other.digest
                && pack.feature == other.feature
                && pack.role == other.role
            {
                fail(
                    path,
                    &format!("it is the same text as {other_id}: list the releases in one file"),
                );
            }
            let same = part(id) == part(other_id) && pack.role == other.role;
            for a in pack.releases.iter().filter(|_| same) {
                for b in &other.releases {
                    if overlap(path, a, b) && shared(a, b) {
                        fail(
                            path,
                            &format!(
                                "it answers for the same role, scheduler and release as {other_id}"
                            ),
                        );
                    }
                }
            }
        }
        for gap in &pack.gaps {
            let mut others = packs.iter();
            let found = others.any(|(i, (_, p))| {
                let here = format!("{}/{}", p.role, part(i)) == gap.policy;
                here && pack
                    .releases
                    .iter()
                    .any(|a| p.releases.iter().any(|b| overlap(path, a, b)))
            });
            if !found {
                fail(
                    path,
                    &format!(
                        "known-gap: no policy `{}` covers these releases",
                        gap.policy
                    ),
                );
            }
        }
    }
}

/// The policies: their texts, and where each counts.
pub(super) fn write(
    packs: &BTreeMap<String, (PathBuf, Pack)>,
    texts: &mut Texts,
    code: &mut String,
) {
    code.push_str("pub(super) static PACKS: &[PackEntry] = &[\n");
    for (id, (path, pack)) in packs {
        let json = serde_json::to_string(pack).expect("a pack is JSON");
        for published in &pack.releases {
            let _ = writeln!(
                code,
                "    PackEntry {{ id: {}, role: {}, part: {}, feature: {}, schedulers: {}, first: {}, last: {}, \
                 kind: {}, source: {}, json: {} }},",
                texts.text(id),
                texts.text(published.role.as_ref().unwrap_or(&pack.role)),
                texts.text(part(id)),
                texts.optional(pack.feature.as_ref()),
                texts.schedulers(&published.schedulers),
                release_code(path, &published.first),
                release_code(path, &published.last),
                texts.text(&published.kind),
                texts.text(&published.source),
                texts.text(&json),
            );
        }
    }
    code.push_str("];\n");
}
