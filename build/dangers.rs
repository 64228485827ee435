//! What actions open that nothing requires: `rules/dangers.toml`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::input::{fail, read, write_json};

/// `rules/dangers.toml`
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Dangers {
    danger: Vec<Danger>,
    rating: Vec<Rating>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Danger {
    lint: String,
    effect: String,
    #[serde(rename = "security-severity")]
    security_severity: String,
    group: Vec<Group>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Group {
    actions: Vec<String>,
    #[serde(default)]
    access: Vec<String>,
    #[serde(rename = "source", skip_serializing)]
    _source: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Rating {
    lint: String,
    #[serde(rename = "security-severity")]
    security_severity: String,
}

const LEVELS: [&str; 5] = ["List", "Read", "Write", "Permissions management", "Tagging"];

/// The dangers, as one text that is read where a permission is not required.
pub(super) fn write(rules: &Path, out: &Path) {
    let path = rules.join("dangers.toml");
    let dangers: Dangers = read(&path);
    let rated = dangers
        .danger
        .iter()
        .map(|d| (&d.lint, &d.security_severity));
    let rated = rated.chain(
        dangers
            .rating
            .iter()
            .map(|r| (&r.lint, &r.security_severity)),
    );
    for (lint, severity) in rated {
        let score = severity.parse::<f64>();
        if !score.is_ok_and(|score| (0.0..=10.0).contains(&score)) {
            fail(
                &path,
                &format!("`{severity}` of `{lint}` is not between 0.0 and 10.0"),
            );
        }
    }
    for group in dangers.danger.iter().flat_map(|d| &d.group) {
        for action in &group.actions {
            let is_pattern = |text: &str| text.strip_suffix('*').unwrap_or(text).contains('*');
            match action.split_once(':') {
                Some((service, name)) if service == "*" || !service.contains('*') => {
                    if name.is_empty() || is_pattern(name) {
                        fail(&path, &format!("`{action}`: a `*` ends the name"));
                    }
                }
                _ => fail(&path, &format!("`{action}` is not `service:Name`")),
            }
        }
        for level in &group.access {
            if !LEVELS.contains(&level.as_str()) {
                fail(
                    &path,
                    &format!("`{level}` is not an access level: {}", LEVELS.join(", ")),
                );
            }
        }
    }
    write_json(out, "dangers.json", &dangers);
}
