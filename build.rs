//! Reads the rules that people write (TOML), checks them, and writes what the program embeds.
//!
//! Each policy becomes one JSON text that is parsed only when it is selected; so do the needs and
//! the placeholders. A mistake in a file ends the build with the file's name and what to do.
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a build script says what is wrong by ending"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde::{Deserialize, Serialize};

#[path = "src/catalog/slots.rs"]
#[expect(dead_code, reason = "looking up is the program's part")]
mod slots;

#[derive(Deserialize, Serialize, Clone)]
#[serde(deny_unknown_fields)]
struct Releases {
    first: String,
    last: String,
}

/// One policy text: `rules/reference/ROLE/PART-FIRST.toml`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Pack {
    policy: String,
    #[serde(skip_serializing)]
    role: String,
    #[serde(skip_serializing)]
    feature: Option<String>,
    #[serde(default)]
    managed_policies: Vec<String>,
    digest: String,
    #[serde(rename = "release", skip_serializing)]
    releases: Vec<Published>,
    #[serde(default, rename = "known-gap")]
    gaps: Vec<Gap>,
    #[serde(rename = "statement")]
    statements: Vec<Statement>,
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
    policy: String,
    name: String,
    #[serde(default)]
    except: Vec<String>,
    reason: String,
    source: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Statement {
    sid: Option<String>,
    #[serde(default = "allow")]
    effect: String,
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    not_actions: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    not_resources: Vec<String>,
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    feature: Option<String>,
}

/// `rules/errata.toml`
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Erratum {
    #[serde(skip_serializing)]
    role: String,
    #[serde(default, skip_serializing)]
    schedulers: Vec<String>,
    #[serde(skip_serializing)]
    feature: Option<String>,
    #[serde(skip_serializing)]
    releases: Releases,
    actions: Vec<String>,
    resources: Vec<String>,
    cause: String,
    failure: String,
    since: Option<String>,
    reason: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Errata {
    erratum: Vec<Erratum>,
}

/// `rules/features.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Feature {
    name: String,
    title: String,
    meaning: String,
    /// The first release whose clusters can have it.
    first: Option<String>,
    /// Features of one group exclude each other, and a cluster has one of them.
    group: Option<String>,
    /// The schedulers whose clusters have it unless their configuration turns it off.
    #[serde(default)]
    default: Vec<String>,
    /// The first release in which that is so.
    since: Option<String>,
    #[serde(rename = "source")]
    _source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Features {
    feature: Vec<Feature>,
}

/// `rules/roles.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    name: String,
    title: String,
    #[serde(default)]
    principal: Option<String>,
    aliases: Vec<String>,
}

/// `rules/principals.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrincipalKeys {
    key: Vec<PrincipalKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrincipalKey {
    principals: Vec<String>,
    keys: Vec<String>,
    #[serde(default)]
    absent: bool,
    #[serde(default)]
    present: bool,
    #[serde(default)]
    like: Option<String>,
    #[serde(default)]
    services: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Roles {
    role: Vec<Role>,
}

/// `rules/releases.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct History {
    scheduler: Vec<Scheduler>,
    mark: Vec<Mark>,
    dates: BTreeMap<String, String>,
}

/// A text in policies of one generation only.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    text: String,
    generation: u32,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scheduler {
    name: String,
    first: String,
    last: String,
}

fn allow() -> String {
    "Allow".to_owned()
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Need {
    role: String,
    actions: Vec<String>,
    text: String,
    #[serde(default)]
    schedulers: Vec<String>,
    feature: Option<String>,
    releases: Releases,
    source: String,
    confidence: String,
    #[serde(default)]
    resources: Vec<String>,
    when: String,
    failure: String,
}

/// `rules/generated.toml`
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Generated {
    role: String,
    sid: Option<String>,
    actions: Vec<String>,
    resources: Vec<String>,
    releases: Releases,
    when: String,
    #[serde(default)]
    required: bool,
    failure: Option<String>,
    source: Option<String>,
    reason: Option<String>,
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// What a role does not need in some configurations.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Idle {
    role: String,
    actions: Vec<String>,
    releases: Releases,
    when: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllGenerated {
    statement: Vec<Generated>,
    idle: Vec<Idle>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Needs {
    need: Vec<Need>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Call {
    role: String,
    action: String,
    releases: Releases,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Calls {
    call: Vec<Call>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Placeholder {
    name: String,
    meaning: String,
    example: String,
    spellings: Vec<String>,
    arn: Option<String>,
    shape: Option<String>,
    #[serde(default)]
    infer: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Placeholders {
    placeholder: Vec<Placeholder>,
}

/// `rules/escalation.toml`
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct EscalationPath {
    id: String,
    lint: String,
    title: String,
    tight: String,
    source: String,
    #[serde(default)]
    subsumes: bool,
    step: Vec<EscalationStep>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct EscalationStep {
    actions: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    requests: Vec<BTreeMap<String, BTreeMap<String, Vec<String>>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Escalation {
    path: Vec<EscalationPath>,
}

/// `rules/names.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameRules {
    taken: Vec<String>,
    single: Vec<String>,
    vote: Vec<NameVote>,
    derived: Vec<NameDerived>,
    narrowing: Vec<NameNarrowing>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameVote {
    resources: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
    first: Option<String>,
    last: Option<String>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameDerived {
    name: String,
    value: String,
    first: Option<String>,
    last: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameNarrowing {
    of: String,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    schedulers: Vec<String>,
    #[serde(default)]
    actions: Vec<String>,
    first: Option<String>,
    last: Option<String>,
    to: Vec<Vec<String>>,
    #[serde(rename = "source")]
    _source: String,
}

/// `rules/rejections.toml`
#[derive(Deserialize)]
struct Rejections {
    iam: IamArns,
    s3: S3Arns,
    kind: Vec<Rejection>,
}

#[derive(Deserialize)]
struct IamArns {
    types: Vec<String>,
}

#[derive(Deserialize)]
struct S3Arns {
    regional: Vec<String>,
}

#[derive(Deserialize)]
struct Rejection {
    id: String,
    answer: Option<String>,
}

/// `rules/regions.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Regions {
    known: KnownRegions,
    us_east_1: RequestRegions,
    unknown: RequestRegions,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownRegions {
    names: Vec<String>,
    directions: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestRegions {
    services: Vec<String>,
    #[serde(default)]
    actions: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourceTypes {
    needed: Vec<NeededTypes>,
    outside: Vec<Outside>,
    checked: Vec<CheckedType>,
    shared: Vec<SharedTypes>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckedType {
    service: String,
    r#type: String,
    suffix: String,
    except: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    ends: String,
    ends_source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionFacts {
    free: Vec<FreeAction>,
    absent: Vec<AbsentKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AbsentKey {
    action: String,
    key: String,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FreeAction {
    actions: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameClasses {
    name: Vec<NameClass>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameClass {
    service: String,
    names: Vec<String>,
    characters: String,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SharedTypes {
    service: String,
    types: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NeededTypes {
    action: String,
    types: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outside {
    service: String,
    r#type: String,
    accounts: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

/// The names that the other files may use.
struct Names {
    roles: Vec<String>,
    features: Vec<String>,
    schedulers: Vec<String>,
    releases: Vec<String>,
}

fn fail(path: &Path, message: &str) -> ! {
    panic!("{}: {message}", path.display());
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|e| fail(path, &e.to_string()));
    toml::from_str(&text).unwrap_or_else(|e| fail(path, &e.to_string()))
}

/// The three numbers of a release.
fn release(path: &Path, text: &str) -> [u32; 3] {
    let parts: Option<Vec<u32>> = text.split('.').map(|p| p.parse().ok()).collect();
    parts
        .and_then(|parts| parts.try_into().ok())
        .unwrap_or_else(|| {
            fail(
                path,
                &format!("`{text}` is no release: write three numbers, such as 2.4.1"),
            )
        })
}

/// As code.
fn release_code(path: &Path, text: &str) -> String {
    let [x, y, z] = release(path, text);
    format!("Release::new({x}, {y}, {z})")
}

impl Names {
    fn check_range(&self, path: &Path, first: &str, last: &str) {
        for text in [first, last] {
            one_of(path, "release in rules/releases.toml", text, &self.releases);
        }
        if release(path, first) > release(path, last) {
            fail(path, "the first release is later than the last");
        }
    }

    fn check_releases(&self, path: &Path, releases: &Releases) {
        self.check_range(path, &releases.first, &releases.last);
    }

    fn check_feature(&self, path: &Path, feature: Option<&String>) {
        if let Some(feature) = feature {
            one_of(
                path,
                "feature in rules/features.toml",
                feature,
                &self.features,
            );
        }
    }

    fn check_schedulers(&self, path: &Path, schedulers: &[String]) {
        for scheduler in schedulers {
            one_of(path, "scheduler", scheduler, &self.schedulers);
        }
    }
}

fn check_action(path: &Path, action: &str) {
    let named = action
        .split_once(':')
        .is_some_and(|(s, n)| !s.is_empty() && !n.contains(':'));
    if !named && action != "*" {
        fail(
            path,
            &format!("`{action}` is no action: write service:Name"),
        );
    }
}

fn one_of<L: AsRef<str>>(path: &Path, what: &str, value: &str, legal: &[L]) {
    let legal: Vec<&str> = legal.iter().map(AsRef::as_ref).collect();
    if !legal.contains(&value) {
        fail(
            path,
            &format!("`{value}` is no {what}: one of {}", legal.join(", ")),
        );
    }
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

fn packs(rules: &Path, names: &Names) -> BTreeMap<String, (PathBuf, Pack)> {
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
fn check_together(packs: &BTreeMap<String, (PathBuf, Pack)>) {
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

/// Reads what the other files refer to, and writes it as code.
fn names(folder: &Path, code: &mut String) -> Names {
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
            "    RoleEntry {{ name: {:?}, title: {:?}, principal: {:?}, aliases: &{:?} }},",
            role.name,
            role.title,
            role.principal.as_deref().unwrap_or_default(),
            role.aliases
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
            "    FeatureEntry {{ name: {:?}, title: {:?}, meaning: {:?}, first: {first}, group: {:?}, default: {default} }},",
            feature.name, feature.title, feature.meaning, feature.group
        );
    }
    code.push_str("];\n");
    Names {
        features: features.feature.into_iter().map(|f| f.name).collect(),
        ..names
    }
}

/// What the large tables speak of by its place.
#[derive(Default)]
struct Texts {
    all: String,
    places: BTreeMap<String, std::ops::Range<usize>>,
    scheduler_lists: Vec<Vec<String>>,
}

impl Texts {
    /// The code that stands for a text.
    fn text(&mut self, text: &str) -> String {
        let place = self.places.entry(text.to_owned()).or_insert_with(|| {
            let start = self.all.len();
            self.all.push_str(text);
            start..self.all.len()
        });
        format!("Text {{ start: {}, end: {} }}", place.start, place.end)
    }

    fn optional(&mut self, text: Option<&String>) -> String {
        text.map_or("None".to_owned(), |text| {
            format!("Some({})", self.text(text))
        })
    }

    fn schedulers(&mut self, schedulers: &[String]) -> String {
        let known = self
            .scheduler_lists
            .iter()
            .position(|list| list == schedulers);
        let at = known.unwrap_or_else(|| {
            self.scheduler_lists.push(schedulers.to_vec());
            self.scheduler_lists.len() - 1
        });
        format!("Schedulers({at})")
    }

    fn write(&self, out: &Path, code: &mut String) {
        fs::write(out.join("texts.txt"), &self.all).expect("OUT_DIR is writable");
        code.push_str("static SCHEDULER_LISTS: &[&[&str]] = &[\n");
        for list in &self.scheduler_lists {
            let _ = writeln!(code, "    &{list:?},");
        }
        code.push_str("];\n");
    }
}

/// The policies: their texts, and where each counts.
fn write_packs(packs: &BTreeMap<String, (PathBuf, Pack)>, texts: &mut Texts, code: &mut String) {
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

/// The names of one cluster and how they narrow the wildcards of a reference.
fn write_names(rules: &Path, names: &Names, code: &mut String) {
    let path = rules.join("names.toml");
    let rules: NameRules = read(&path);
    let range = |first: Option<&String>, last: Option<&String>| {
        let known = || names.releases.iter();
        let first = first.or(known().min_by_key(|r| release(&path, r)));
        let last = last.or(known().max_by_key(|r| release(&path, r)));
        let (Some(first), Some(last)) = (first, last) else {
            fail(&path, "there are no releases");
        };
        names.check_range(&path, first, last);
        let (first, last) = (release_code(&path, first), release_code(&path, last));
        format!("first: {first}, last: {last}")
    };
    let known_roles = |roles: &[String]| {
        for role in roles {
            one_of(&path, "role in rules/roles.toml", role, &names.roles);
        }
    };
    let _ = writeln!(
        code,
        "pub(super) static TAKEN: &[&str] = &{:?};\npub(super) static SINGLE: &[&str] = &{:?};",
        rules.taken, rules.single
    );
    code.push_str("pub(super) static NAME_VOTES: &[NameVote] = &[\n");
    for vote in &rules.vote {
        known_roles(&vote.roles);
        let _ = writeln!(
            code,
            "    NameVote {{ resources: &{:?}, roles: &{:?}, {} }},",
            vote.resources,
            vote.roles,
            range(vote.first.as_ref(), vote.last.as_ref())
        );
    }
    code.push_str("];\npub(super) static DERIVED: &[NameDerived] = &[\n");
    for d in &rules.derived {
        let _ = writeln!(
            code,
            "    NameDerived {{ name: {:?}, value: {:?}, {} }},",
            d.name,
            d.value,
            range(d.first.as_ref(), d.last.as_ref())
        );
    }
    code.push_str("];\npub(super) static NARROWINGS: &[Narrowing] = &[\n");
    for n in &rules.narrowing {
        known_roles(&n.roles);
        names.check_schedulers(&path, &n.schedulers);
        n.actions.iter().for_each(|a| check_action(&path, a));
        let to: Vec<String> = n.to.iter().map(|group| format!("&{group:?}")).collect();
        let _ = writeln!(
            code,
            "    Narrowing {{ of: {:?}, roles: &{:?}, schedulers: &{:?}, actions: &{:?}, {}, to: &[{}] }},",
            n.of,
            n.roles,
            n.schedulers,
            n.actions,
            range(n.first.as_ref(), n.last.as_ref()),
            to.join(", ")
        );
    }
    code.push_str("];\n");
}

/// What AWS's documented policies lack: one text each, read only where it applies.
fn write_errata(rules: &Path, names: &Names, texts: &mut Texts, code: &mut String) {
    let path = rules.join("errata.toml");
    let errata: Errata = read(&path);
    code.push_str("pub(super) static ERRATA: &[ErratumEntry] = &[\n");
    for erratum in &errata.erratum {
        one_of(
            &path,
            "role in rules/roles.toml",
            &erratum.role,
            &names.roles,
        );
        one_of(
            &path,
            "cause",
            &erratum.cause,
            &["documentation", "aws", "template", "condition", "neighbor"],
        );
        one_of(
            &path,
            "failure",
            &erratum.failure,
            &["certain", "function", "first-use"],
        );
        names.check_releases(&path, &erratum.releases);
        names.check_schedulers(&path, &erratum.schedulers);
        names.check_feature(&path, erratum.feature.as_ref());
        erratum.actions.iter().for_each(|a| check_action(&path, a));
        let _ = writeln!(
            code,
            "    ErratumEntry {{ role: {}, schedulers: {}, feature: {}, first: {}, last: {}, json: {} }},",
            texts.text(&erratum.role),
            texts.schedulers(&erratum.schedulers),
            texts.optional(erratum.feature.as_ref()),
            release_code(&path, &erratum.releases.first),
            release_code(&path, &erratum.releases.last),
            texts.text(&serde_json::to_string(erratum).expect("an erratum is JSON")),
        );
    }
    code.push_str("];\n");
}

/// The catalogue as it is embedded, and the table of where its services and actions stand.
fn write_catalog(rules: &Path, packs: &BTreeMap<String, (PathBuf, Pack)>, out: &Path) {
    let path = rules.join("catalog.txt");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| fail(&path, &e.to_string()));
    let statements = packs.values().flat_map(|(_, pack)| &pack.statements);
    let named = statements.flat_map(|s| &s.actions);
    let named = named.filter_map(|action| action.split_once(':'));
    let named = named
        .map(|(service, _)| service.to_ascii_lowercase())
        .collect();
    let text = together(&text, &named).unwrap_or_else(|| fail(&path, "this is no catalogue"));
    fs::write(out.join("catalog.txt"), &text).expect("OUT_DIR is writable");
    write_slots(&text, out);
}

/// A catalogue in which the sections of some services come first. Of the others a run reads little, and memory is read
/// in pages.
fn together(text: &str, first: &BTreeSet<String>) -> Option<String> {
    let (head, rest) = text.split_once("\n\nprefix\t")?;
    let (columns, rest) = rest.split_once('\n')?;
    // The first section starts with the blank line.
    let (index, sections) = rest.split_once("\n\n")?;
    let sections = format!("\n{sections}");
    let column = |row: &str, n| row.split('\t').nth(n).map(str::to_owned);
    let starts = index.lines().map(|row| column(row, 3)?.parse().ok());
    let starts: Vec<usize> = starts.collect::<Option<_>>()?;
    let ends = starts.iter().skip(1).copied().chain([sections.len()]);
    let mut starts_now = vec![0; starts.len()];
    let mut moved = String::new();
    for is_first in [true, false] {
        let places = starts.iter().zip(ends.clone()).zip(&mut starts_now);
        for (row, ((start, end), now)) in index.lines().zip(places) {
            if first.contains(&column(row, 0)?) == is_first {
                *now = moved.len();
                moved.push_str(sections.get(*start..end)?);
            }
        }
    }
    let mut rows = String::new();
    for (row, start) in index.lines().zip(starts_now) {
        let start = start.to_string();
        let columns = row.split('\t').enumerate();
        let columns = columns.map(|(n, column)| if n == 3 { &start } else { column });
        rows += &columns.collect::<Vec<_>>().join("\t");
        rows.push('\n');
    }
    let (head, size) = head.rsplit_once(' ')?;
    size.parse::<usize>().ok()?;
    Some(format!(
        "{head} {}\n\nprefix\t{columns}\n{rows}{moved}",
        rows.len()
    ))
}

/// The table of where the services and actions of a catalogue stand.
fn write_slots(text: &str, out: &Path) {
    let mut rows = Vec::new();
    // A service's head, and how many blank lines ago it was: the actions come after two. Before the first one, the
    // services stand behind one blank line and the head of their columns.
    let (mut service, mut blank) = ("", 0);
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let row = line.trim_end_matches('\n');
        let name = row.split('\t').next().unwrap_or_default();
        let at = u32::try_from(start).expect("the catalogue has less than 4 GiB");
        if let Some(prefix) = row.strip_prefix('[').and_then(|r| r.strip_suffix(']')) {
            (service, blank) = (prefix, 0);
        } else if row.is_empty() {
            blank += 1;
        } else if service.is_empty() && blank == 1 && !row.starts_with("prefix\tname\t") {
            rows.push((slots::hash(name, ""), at));
        } else if !service.is_empty() && blank == 2 {
            rows.push((slots::hash(service, name), at));
        }
        start += line.len();
    }
    fs::write(out.join("slots.bin"), slots::table(&rows)).expect("OUT_DIR is writable");
}

/// What is known of condition keys by whose policy it is.
fn write_principal_keys(rules: &Path, code: &mut String) {
    let path = rules.join("principals.toml");
    let list: PrincipalKeys = read(&path);
    let roles: Roles = read(&rules.join("roles.toml"));
    let principals = roles.role.iter().filter_map(|r| r.principal.as_deref());
    let principals: BTreeSet<&str> = principals.chain(["any"]).collect();
    code.push_str("pub(super) static PRINCIPAL_KEYS: &[PrincipalKeyEntry] = &[\n");
    for entry in &list.key {
        let value = match (entry.absent, entry.present, &entry.like) {
            (true, false, None) => "PrincipalValue::Absent".to_owned(),
            (false, true, None) => "PrincipalValue::Present".to_owned(),
            (false, false, Some(like)) => format!("PrincipalValue::Like({like:?})"),
            _ => fail(&path, "a key is one of absent, present and like"),
        };
        let unknown = entry
            .principals
            .iter()
            .find(|p| !principals.contains(p.as_str()));
        if let Some(unknown) = unknown {
            fail(&path, &format!("`{unknown}` is no principal of roles.toml"));
        }
        let keys: Vec<String> = entry.keys.iter().map(|k| k.to_ascii_lowercase()).collect();
        let _ = writeln!(
            code,
            "    PrincipalKeyEntry {{ principals: &{:?}, keys: &{keys:?}, value: {value}, services: &{:?} }},",
            entry.principals, entry.services
        );
    }
    code.push_str("];\n");
}

/// Links the C compiler's unwinder into the program, where there is a static one, in place of the shared `libgcc_s`: to
/// find, map and bind that takes a good part of the time of a run, and not every container has it.
fn link_unwinder() {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let linux = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if !linux || env::var("TARGET") != env::var("HOST") {
        return;
    }
    let linker = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let mut ask = Command::new(linker);
    let Ok(answer) = ask.arg("-print-file-name=libgcc_eh.a").output() else {
        return;
    };
    // A compiler that has none prints the bare name.
    let answer = String::from_utf8_lossy(&answer.stdout);
    let library = Path::new(answer.trim());
    if let Some(folder) = library
        .parent()
        .filter(|_| library.is_absolute() && library.is_file())
    {
        println!("cargo::rustc-link-search=native={}", folder.display());
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}

/// The paths from a permission to more, as one text that is read where a policy may open one.
fn write_escalation(rules: &Path, out: &Path) {
    let path = rules.join("escalation.toml");
    let escalation: Escalation = read(&path);
    let mut ids = BTreeSet::new();
    for entry in &escalation.path {
        if !ids.insert(&entry.id) {
            fail(&path, &format!("two paths have the id `{}`", entry.id));
        }
        if entry.step.is_empty() {
            fail(&path, &format!("`{}` has no [[path.step]]", entry.id));
        }
        let actions = entry.step.iter().flat_map(|s| &s.actions);
        actions.for_each(|a| check_action(&path, a));
    }
    fs::write(
        out.join("escalation.json"),
        serde_json::to_string(&escalation.path).expect("JSON"),
    )
    .expect("OUT_DIR is writable");
}

/// Writes what IAM refuses to store.
fn write_rejections(rules: &Path, out: &Path) {
    let path = rules.join("rejections.toml");
    let rejections: Rejections = read(&path);
    let mut code = String::new();
    let _ = writeln!(
        code,
        "pub(crate) static IAM_TYPES: &[&str] = &{:?};",
        rejections.iam.types
    );
    let _ = writeln!(
        code,
        "pub(crate) static S3_REGIONAL: &[&str] = &{:?};",
        rejections.s3.regional
    );
    code.push_str("static ANSWERS: &[(&str, &str)] = &[\n");
    for kind in &rejections.kind {
        if let Some(answer) = &kind.answer {
            let _ = writeln!(code, "    ({:?}, {answer:?}),", kind.id);
        }
    }
    code.push_str("];\n");
    fs::write(out.join("rejections.rs"), code).expect("OUT_DIR is writable");
}

fn main() {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/catalog/slots.rs");
    let rules = Path::new("rules");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("OUT_DIR"));
    let mut code = String::new();
    let names = names(rules, &mut code);
    let packs = packs(rules, &names);
    check_together(&packs);
    let mut texts = Texts::default();
    write_packs(&packs, &mut texts, &mut code);
    write_errata(rules, &names, &mut texts, &mut code);
    write_names(rules, &names, &mut code);
    texts.write(&out, &mut code);
    write_principal_keys(rules, &mut code);
    write_catalog(rules, &packs, &out);
    write_escalation(rules, &out);
    link_unwinder();

    write_rejections(rules, &out);

    let types: ResourceTypes = read(&rules.join("resource-types.toml"));
    code.push_str("pub(super) static NEEDED_TYPES: &[(&str, &[&str])] = &[\n");
    for needed in &types.needed {
        let _ = writeln!(
            code,
            "    ({:?}, &{:?}),",
            needed.action.to_ascii_lowercase(),
            needed.types
        );
    }
    code.push_str("];\npub(super) static OUTSIDE: &[(&str, &str, &[&str])] = &[\n");
    for outside in &types.outside {
        let _ = writeln!(
            code,
            "    ({:?}, {:?}, &{:?}),",
            outside.service, outside.r#type, outside.accounts
        );
    }
    code.push_str("];\n");

    let mut checked = String::from("pub(super) static CHECKED: &[Checked] = &[\n");
    for kind in &types.checked {
        kind.except
            .iter()
            .for_each(|a| check_action(&rules.join("resource-types.toml"), a));
        let except: Vec<&str> = { kind.except.iter() }
            .filter_map(|a| a.split_once(':'))
            .map(|(_, name)| name)
            .collect();
        let _ = writeln!(
            checked,
            "    Checked {{ service: {:?}, kind: {:?}, suffix: {:?}, except: &{except:?}, ends: {:?}, ends_source: {:?} }},",
            kind.service, kind.r#type, kind.suffix, kind.ends, kind.ends_source
        );
    }
    checked.push_str("];\n");
    fs::write(out.join("checked.rs"), checked).expect("OUT_DIR is writable");

    code.push_str("pub(super) static SHARED: &[(&str, &[&str])] = &[\n");
    for shared in &types.shared {
        let _ = writeln!(code, "    ({:?}, &{:?}),", shared.service, shared.types);
    }
    code.push_str("];\n");

    let path = rules.join("actions.toml");
    let actions: ActionFacts = read(&path);
    let free: Vec<String> = { actions.free.iter().flat_map(|f| &f.actions) }
        .inspect(|a| check_action(&path, a))
        .map(|a| a.to_ascii_lowercase())
        .collect();
    let _ = writeln!(code, "pub(super) static FREE_ACTIONS: &[&str] = &{free:?};");
    let absent: Vec<(String, String)> = { actions.absent.iter() }
        .inspect(|a| check_action(&path, &a.action))
        .map(|a| (a.action.to_ascii_lowercase(), a.key.to_ascii_lowercase()))
        .collect();
    let _ = writeln!(
        code,
        "pub(super) static ABSENT_KEYS: &[(&str, &str)] = &{absent:?};"
    );

    let path = rules.join("name-characters.toml");
    let classes: NameClasses = read(&path);
    let mut listed: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for class in &classes.name {
        for name in &class.names {
            if listed
                .insert((&class.service, name), &class.characters)
                .is_some()
            {
                fail(
                    &path,
                    &format!("`{name}` of {} stands twice", class.service),
                );
            }
        }
    }
    code.push_str("pub(super) static NAMES: &[(&str, &str, &str)] = &[\n");
    for ((service, name), characters) in &listed {
        let _ = writeln!(code, "    ({service:?}, {name:?}, {characters:?}),");
    }
    code.push_str("];\n");

    let path = rules.join("regions.toml");
    let regions: Regions = read(&path);
    let known = &regions.known;
    for (name, list) in [("REGIONS", &known.names), ("DIRECTIONS", &known.directions)] {
        let _ = writeln!(code, "pub(super) static {name}: &[&str] = &{list:?};");
    }
    for (name, list) in [
        ("US_EAST_1", &regions.us_east_1),
        ("REGION_UNKNOWN", &regions.unknown),
    ] {
        list.actions.iter().for_each(|a| check_action(&path, a));
        let actions = list.actions.iter().map(|a| a.to_ascii_lowercase());
        let names: Vec<String> = list.services.iter().cloned().chain(actions).collect();
        let _ = writeln!(code, "pub(super) static {name}: &[&str] = &{names:?};");
    }

    let path = rules.join("needs.toml");
    let needs: Needs = read(&path);
    for need in &needs.need {
        names.check_releases(&path, &need.releases);
        names.check_feature(&path, need.feature.as_ref());
        one_of(&path, "role in rules/roles.toml", &need.role, &names.roles);
        one_of(
            &path,
            "confidence",
            &need.confidence,
            &["code", "stated", "template", "inferred", "unused"],
        );
        one_of(
            &path,
            "when",
            &need.when,
            &["always", "feature", "first-use", "unknown-use", "never"],
        );
        one_of(&path, "failure", &need.failure, &["certain", "function"]);
        need.actions.iter().for_each(|a| check_action(&path, a));
    }
    fs::write(
        out.join("needs.json"),
        serde_json::to_string(&needs.need).expect("JSON"),
    )
    .expect("OUT_DIR is writable");

    let divided: Vec<&Need> = needs
        .need
        .iter()
        .filter(|n| !n.resources.is_empty())
        .collect();
    fs::write(
        out.join("divided.json"),
        serde_json::to_string(&divided).expect("JSON"),
    )
    .expect("OUT_DIR is writable");

    let path = rules.join("generated.toml");
    let generated: AllGenerated = read(&path);
    for statement in &generated.statement {
        names.check_releases(&path, &statement.releases);
        one_of(
            &path,
            "role in rules/roles.toml",
            &statement.role,
            &names.roles,
        );
        assert_eq!(
            statement.required,
            statement.source.is_some() && statement.reason.is_some(),
            "{}: `required` needs `source` and `reason`",
            path.display()
        );
        let actions = statement.actions.iter();
        actions.for_each(|a| check_action(&path, a));
    }
    fs::write(
        out.join("generated.json"),
        serde_json::to_string(&generated.statement).expect("JSON"),
    )
    .expect("OUT_DIR is writable");
    for idle in &generated.idle {
        names.check_releases(&path, &idle.releases);
        one_of(
            &path,
            "role in rules/roles.toml",
            &idle.role,
            &names.roles,
        );
        idle.actions.iter().for_each(|a| check_action(&path, a));
    }
    fs::write(
        out.join("idle.json"),
        serde_json::to_string(&generated.idle).expect("JSON"),
    )
    .expect("OUT_DIR is writable");

    let path = rules.join("calls.toml");
    let calls: Calls = read(&path);
    for call in &calls.call {
        names.check_releases(&path, &call.releases);
        one_of(&path, "role in rules/roles.toml", &call.role, &names.roles);
        check_action(&path, &call.action);
    }
    fs::write(
        out.join("calls.json"),
        serde_json::to_string(&calls.call).expect("JSON"),
    )
    .expect("OUT_DIR is writable");

    let path = rules.join("placeholders.toml");
    let placeholders: Placeholders = read(&path);
    let mut spelled: BTreeMap<&str, &str> = BTreeMap::new();
    for placeholder in &placeholders.placeholder {
        for spelling in &placeholder.spellings {
            let normal = spelling
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            if !normal || spelled.insert(spelling, &placeholder.name).is_some() {
                fail(
                    &path,
                    &format!("`{spelling}` is not in normal form, or stands twice"),
                );
            }
        }
    }
    code.push_str("pub(super) static SPELLINGS: &[(&str, &str)] = &[\n");
    for (spelling, name) in &spelled {
        let _ = writeln!(code, "    ({spelling:?}, {name:?}),");
    }
    code.push_str("];\npub(super) static MEANINGS: &[(&str, &str, &str)] = &[\n");
    for p in &placeholders.placeholder {
        let _ = writeln!(
            code,
            "    ({:?}, {:?}, {:?}),",
            p.name, p.meaning, p.example
        );
    }
    code.push_str("];\npub(super) static ARNS: &[(&str, &str, bool)] = &[\n");
    for p in &placeholders.placeholder {
        if let Some(arn) = &p.arn {
            let _ = writeln!(code, "    ({:?}, {arn:?}, {}),", p.name, p.infer);
        }
    }
    code.push_str("];\npub(super) static SHAPES: &[(&str, &str)] = &[\n");
    for p in &placeholders.placeholder {
        if let Some(shape) = &p.shape {
            let _ = writeln!(code, "    ({:?}, {shape:?}),", p.name);
        }
    }
    code.push_str("];\n");
    let known: Vec<&str> = placeholders
        .placeholder
        .iter()
        .map(|p| p.name.as_str())
        .collect();
    for (path, pack) in packs.values() {
        let values = pack.statements.iter().flat_map(|s| {
            let values = s.condition.values().flat_map(BTreeMap::values).flatten();
            s.resources.iter().chain(&s.not_resources).chain(values)
        });
        for rest in values.flat_map(|v| v.split("${").skip(1)) {
            let name = rest.split('}').next().unwrap_or_default();
            one_of(path, "placeholder in rules/placeholders.toml", name, &known);
        }
    }
    fs::write(out.join("reference.rs"), code).expect("OUT_DIR is writable");
}
