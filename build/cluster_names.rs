//! The names of one cluster and how they narrow a reference's wildcards: `rules/names.toml`.

use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use super::input::{Names, check_action, fail, one_of, read, release, release_code};

/// `rules/names.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameRules {
    taken: Vec<String>,
    single: Vec<String>,
    vote: Vec<NameVote>,
    derived: Vec<NameDerived>,
    tag: Vec<NameTag>,
    value: Vec<NameValue>,
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
struct NameTag {
    key: String,
    #[serde(default = "cluster")]
    value: String,
    roles: Vec<String>,
    actions: Vec<String>,
    first: Option<String>,
    last: Option<String>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameValue {
    name: String,
    #[serde(default = "any")]
    shape: String,
    #[serde(default)]
    except: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

fn any() -> String {
    "*".to_owned()
}

fn cluster() -> String {
    "${Cluster}".to_owned()
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
    #[serde(default)]
    when: String,
    #[serde(default)]
    unless: Vec<String>,
    #[serde(default)]
    unconfigured: bool,
    #[serde(default)]
    elsewhere: bool,
    to: Vec<Vec<String>>,
    #[serde(rename = "source")]
    _source: String,
}

/// The names of one cluster and how they narrow the wildcards of a reference.
pub(super) fn write(rules: &Path, names: &Names, code: &mut String) {
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
    code.push_str("pub(super) static NAME_VALUES: &[(&str, &str, &[&str])] = &[\n");
    for value in &rules.value {
        let _ = writeln!(
            code,
            "    ({:?}, {:?}, &{:?}),",
            value.name, value.shape, value.except
        );
    }
    code.push_str("];\npub(super) static NAME_VOTES: &[NameVote] = &[\n");
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
    code.push_str("];\npub(super) static NAME_TAGS: &[NameTag] = &[\n");
    for tag in &rules.tag {
        known_roles(&tag.roles);
        tag.actions.iter().for_each(|a| check_action(&path, a));
        let _ = writeln!(
            code,
            "    NameTag {{ key: {:?}, value: {:?}, roles: &{:?}, actions: &{:?}, {} }},",
            tag.key,
            tag.value,
            tag.roles,
            tag.actions,
            range(tag.first.as_ref(), tag.last.as_ref())
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
            "    Narrowing {{ of: {:?}, roles: &{:?}, schedulers: &{:?}, actions: &{:?}, {}, when: {:?}, unless: &{:?}, unconfigured: {}, elsewhere: {}, to: &[{}] }},",
            n.of,
            n.roles,
            n.schedulers,
            n.actions,
            range(n.first.as_ref(), n.last.as_ref()),
            n.when,
            n.unless,
            n.unconfigured,
            n.elsewhere,
            to.join(", ")
        );
    }
    code.push_str("];\n");
}
