//! The paths from a permission to more: `rules/escalation.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::input::{self, check_action, fail, read};

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

/// The paths from a permission to more, a line for each: the actions of its steps and, after a tab, the path itself. It is
/// read where a policy may open it.
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
    let lines = escalation.path.iter().map(|entry| {
        let steps: Vec<String> = entry.step.iter().map(|s| s.actions.join(",")).collect();
        let text = serde_json::to_string(entry).expect("JSON");
        format!("{}\t{text}\n", steps.join(";").to_ascii_lowercase())
    });
    input::write(out, "escalation.txt", lines.collect::<String>());
}
