//! What actions open that nothing requires: `rules/dangers.toml`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::input::{self, fail, read, write_json};

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
    #[serde(skip_serializing)]
    group: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    actions: Vec<String>,
    #[serde(default)]
    access: Vec<String>,
    #[serde(rename = "source")]
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

/// The dangers as one text, and their actions as another, a line for each; read where a permission is not required.
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
                Some((service, _)) if service.bytes().any(|b| b.is_ascii_uppercase()) => {
                    fail(&path, &format!("`{action}`: services are in lower case"));
                }
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
    input::write(out, "dangerous.txt", lines(&dangers));
}

/// A line for each service, with its actions: of each the name, the levels of access that it counts for, and the indexes
/// of its danger and of itself among the actions of that.
fn lines(dangers: &Dangers) -> String {
    let mut services: Vec<(&str, Vec<String>)> = Vec::new();
    for (danger, found) in dangers.danger.iter().enumerate() {
        let groups = found.group.iter();
        let actions = groups.flat_map(|group| group.actions.iter().map(move |a| (group, a)));
        for (place, (group, action)) in actions.enumerate() {
            let (service, name) = action.split_once(':').unwrap_or_default();
            let access = group.access.join(",");
            let named = format!("{name}|{access}|{danger}|{place}");
            match services.iter_mut().find(|(known, _)| *known == service) {
                Some((_, all)) => all.push(named),
                None => services.push((service, vec![named])),
            }
        }
    }
    let line = |(service, all): &(&str, Vec<String>)| format!("{service}\t{}\n", all.join(";"));
    services.iter().map(line).collect()
}
