//! The paths from a permission to more: `rules/escalation.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::input::{check_action, fail, read, write_json};

/// `rules/escalation.toml`
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct EscalationPath {
    id: String,
    lint: String,
    title: String,
    tight: String,
    #[serde(default)]
    general: Option<String>,
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

/// The paths from a permission to more, as one text that is read where a policy may open one.
pub(super) fn write(rules: &Path, out: &Path) {
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
    write_json(out, "escalation.json", &escalation.path);
}
