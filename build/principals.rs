//! The condition keys that a kind of principal always or never has: `rules/principals.toml`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use super::input::{fail, read};
use super::vocabulary::Roles;

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

/// What is known of condition keys by whose policy it is.
pub(super) fn write(rules: &Path, code: &mut String) {
    let path = rules.join("principals.toml");
    let list: PrincipalKeys = read(&path);
    let roles: Roles = read(&rules.join("roles.toml"));
    let principals = roles.role.iter().filter_map(|r| r.principal.as_deref());
    let principals: BTreeSet<&str> = principals
        .chain(["any", "role", "service", "user"])
        .collect();
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
