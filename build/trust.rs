//! Who may assume a role: `rules/trust.toml`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::input::{fail, one_of, read, write_json};
use super::vocabulary::Roles;

/// `rules/trust.toml`
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Trust {
    service: Vec<Service>,
    passed: Vec<Passed>,
    key: Vec<Key>,
    provider: Vec<Provider>,
    audience: Audience,
    programs: Programs,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Programs {
    services: Vec<String>,
    source: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Service {
    principal: String,
    title: String,
    name: String,
    #[serde(default)]
    china: Option<String>,
    failure: String,
    source: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Passed {
    name: String,
    partitions: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
    names: Vec<String>,
    source: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Key {
    names: Vec<String>,
    form: String,
    #[serde(default)]
    caller: bool,
    #[serde(default)]
    present: bool,
    #[serde(default)]
    vouches: bool,
    #[serde(default = "yes")]
    service: bool,
    source: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    hosts: Vec<String>,
    claim: String,
    #[serde(default)]
    starts: Vec<String>,
    #[serde(default)]
    until: Vec<String>,
    source: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Audience {
    common: Vec<String>,
    source: String,
}

fn yes() -> bool {
    true
}

/// Writes them as one text that is read where a file has a trust policy.
pub(super) fn write(rules: &Path, out: &Path) {
    const FORMS: [&str; 7] = [
        "value",
        "organization",
        "account",
        "arn",
        "network",
        "true",
        "nothing",
    ];
    let path = rules.join("trust.toml");
    let trust: Trust = read(&path);
    let roles: Roles = read(&rules.join("roles.toml"));
    let principals: Vec<&str> = { roles.role.iter() }
        .filter_map(|r| r.principal.as_deref())
        .collect();
    for service in &trust.service {
        one_of(
            &path,
            "principal of roles.toml",
            &service.principal,
            &principals,
        );
    }
    for principal in &principals {
        if !trust.service.iter().any(|s| s.principal == *principal) {
            fail(
                &path,
                &format!("no service assumes the roles of `{principal}`"),
            );
        }
    }
    let names: Vec<&str> = roles.role.iter().map(|r| r.name.as_str()).collect();
    for role in trust.passed.iter().flat_map(|p| &p.roles) {
        one_of(&path, "role of roles.toml", role, &names);
    }
    for key in &trust.key {
        one_of(&path, "form", &key.form, &FORMS);
    }
    write_json(out, "trust.json", &trust);
}
