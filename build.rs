//! Reads the rules that people write (TOML), checks them, and writes what the program embeds.
//!
//! Each policy becomes one JSON text that is parsed only when it is selected; so do the needs and
//! the placeholders. A mistake in a file ends the build with the file's name and what to do.
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a build script says what is wrong by ending"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize, Clone)]
#[serde(deny_unknown_fields)]
struct Releases {
    first: String,
    last: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Pack {
    policy: String,
    role: String,
    schedulers: Vec<String>,
    releases: Releases,
    kind: String,
    source: String,
    #[serde(default = "yes", skip_serializing)]
    selectable: bool,
    #[serde(default, rename = "known-gap")]
    gaps: Vec<Gap>,
    #[serde(rename = "statement")]
    statements: Vec<Statement>,
}

fn yes() -> bool {
    true
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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Placeholders {
    placeholder: Vec<Placeholder>,
}

/// `rules/regions.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Regions {
    us_east_1: RequestRegions,
    unknown: RequestRegions,
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
    shared: Vec<SharedTypes>,
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

const SCHEDULERS: [&str; 4] = ["sge", "slurm", "torque", "awsbatch"];
const ROLES: [&str; 3] = ["instance", "user", "batch-user"];

fn fail(path: &Path, message: &str) -> ! {
    panic!("{}: {message}", path.display());
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|e| fail(path, &e.to_string()));
    toml::from_str(&text).unwrap_or_else(|e| fail(path, &e.to_string()))
}

fn release(path: &Path, text: &str) -> Vec<u32> {
    let parts: Option<Vec<u32>> = text.split('.').map(|p| p.parse().ok()).collect();
    match parts {
        Some(parts) if parts.len() == 3 => parts,
        _ => fail(
            path,
            &format!("`{text}` is no release: write three numbers, such as 2.4.1"),
        ),
    }
}

fn check_releases(path: &Path, releases: &Releases) {
    if release(path, &releases.first) > release(path, &releases.last) {
        fail(path, "the first release is later than the last");
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

fn one_of(path: &Path, what: &str, value: &str, legal: &[&str]) {
    if !legal.contains(&value) {
        fail(
            path,
            &format!("`{value}` is no {what}: one of {}", legal.join(", ")),
        );
    }
}

fn check_pack(path: &Path, pack: &Pack) {
    check_releases(path, &pack.releases);
    one_of(path, "role", &pack.role, &ROLES);
    one_of(path, "kind", &pack.kind, &["documented", "generated"]);
    for scheduler in &pack.schedulers {
        one_of(path, "scheduler", scheduler, &SCHEDULERS);
    }
    if pack.statements.is_empty() {
        fail(path, "it has no [[statement]]");
    }
    for (i, statement) in pack.statements.iter().enumerate() {
        let at = |message: &str| -> ! { fail(path, &format!("statement {i}: {message}")) };
        one_of(path, "effect", &statement.effect, &["Allow", "Deny"]);
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

fn packs(rules: &Path) -> BTreeMap<String, (PathBuf, Pack)> {
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
            check_pack(&path, &pack);
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

/// No two selectable packs may answer the same question, and every gap must find its policy.
fn check_together(packs: &BTreeMap<String, (PathBuf, Pack)>) {
    let variant = |id: &str| {
        id.rsplit_once('-')
            .map_or(id.to_owned(), |(v, _)| v.to_owned())
    };
    let overlap = |path: &Path, a: &Releases, b: &Releases| {
        release(path, &a.first) <= release(path, &b.last)
            && release(path, &b.first) <= release(path, &a.last)
    };
    for (id, (path, pack)) in packs {
        for (other_id, (_, other)) in packs.range(id.clone()..).skip(1) {
            let shared = pack.schedulers.iter().any(|s| other.schedulers.contains(s));
            if pack.role == other.role
                && shared
                && pack.selectable
                && other.selectable
                && overlap(path, &pack.releases, &other.releases)
            {
                fail(
                    path,
                    &format!("it answers for the same role, scheduler and release as {other_id}"),
                );
            }
        }
        for gap in &pack.gaps {
            let found = packs.iter().any(|(i, (_, p))| {
                variant(i) == gap.policy && overlap(path, &pack.releases, &p.releases)
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

fn main() {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=build.rs");
    let rules = Path::new("rules");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("OUT_DIR"));
    let packs = packs(rules);
    check_together(&packs);

    let mut code = String::from("static PACKS: &[PackEntry] = &[\n");
    for (n, (id, (_, pack))) in packs.iter().enumerate() {
        let file = format!("pack{n}.json");
        let json = serde_json::to_string(pack).expect("a pack is JSON");
        fs::write(out.join(&file), json).expect("OUT_DIR is writable");
        let variant = id.rsplit_once('-').map_or(id.as_str(), |(v, _)| v);
        let _ = writeln!(
            code,
            "    PackEntry {{ variant: {variant:?}, schedulers: {:?}, first: {:?}, last: {:?}, selectable: {}, \
             json: include_str!(concat!(env!(\"OUT_DIR\"), {:?})) }},",
            pack.schedulers.join(","),
            pack.releases.first,
            pack.releases.last,
            pack.selectable,
            format!("/{file}"),
        );
    }
    code.push_str("];\n");

    let types: ResourceTypes = read(&rules.join("resource-types.toml"));
    code.push_str("static NEEDED_TYPES: &[(&str, &[&str])] = &[\n");
    for needed in &types.needed {
        let _ = writeln!(
            code,
            "    ({:?}, &{:?}),",
            needed.action.to_ascii_lowercase(),
            needed.types
        );
    }
    code.push_str("];\nstatic OUTSIDE: &[(&str, &str, &[&str])] = &[\n");
    for outside in &types.outside {
        let _ = writeln!(
            code,
            "    ({:?}, {:?}, &{:?}),",
            outside.service, outside.r#type, outside.accounts
        );
    }
    code.push_str("];\n");

    code.push_str("static SHARED: &[(&str, &[&str])] = &[\n");
    for shared in &types.shared {
        let _ = writeln!(code, "    ({:?}, &{:?}),", shared.service, shared.types);
    }
    code.push_str("];\n");

    let path = rules.join("regions.toml");
    let regions: Regions = read(&path);
    for (name, list) in [
        ("US_EAST_1", &regions.us_east_1),
        ("REGION_UNKNOWN", &regions.unknown),
    ] {
        list.actions.iter().for_each(|a| check_action(&path, a));
        let actions = list.actions.iter().map(|a| a.to_ascii_lowercase());
        let names: Vec<String> = list.services.iter().cloned().chain(actions).collect();
        let _ = writeln!(code, "static {name}: &[&str] = &{names:?};");
    }

    let path = rules.join("needs.toml");
    let needs: Needs = read(&path);
    for need in &needs.need {
        check_releases(&path, &need.releases);
        one_of(&path, "role", &need.role, &ROLES);
        one_of(
            &path,
            "confidence",
            &need.confidence,
            &["code", "stated", "template", "inferred", "unused"],
        );
        need.actions.iter().for_each(|a| check_action(&path, a));
    }
    fs::write(
        out.join("needs.json"),
        serde_json::to_string(&needs.need).expect("JSON"),
    )
    .expect("OUT_DIR is writable");

    let path = rules.join("calls.toml");
    let calls: Calls = read(&path);
    for call in &calls.call {
        check_releases(&path, &call.releases);
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
    code.push_str("static SPELLINGS: &[(&str, &str)] = &[\n");
    for (spelling, name) in &spelled {
        let _ = writeln!(code, "    ({spelling:?}, {name:?}),");
    }
    code.push_str("];\nstatic MEANINGS: &[(&str, &str, &str)] = &[\n");
    for p in &placeholders.placeholder {
        let _ = writeln!(
            code,
            "    ({:?}, {:?}, {:?}),",
            p.name, p.meaning, p.example
        );
    }
    code.push_str("];\n");
    fs::write(out.join("reference.rs"), code).expect("OUT_DIR is writable");
}
