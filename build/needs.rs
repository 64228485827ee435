//! What is needed, generated and called: `rules/needs.toml`, `generated.toml` and `calls.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::input::{Names, Releases, check_action, one_of, read, write, write_json, write_lines};

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
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    values: BTreeMap<String, Vec<String>>,
    when: String,
    failure: String,
}

/// A need with its position in the file.
#[derive(Serialize)]
struct Numbered<'n> {
    nth: usize,
    #[serde(flatten)]
    need: &'n Need,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Needs {
    need: Vec<Need>,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllGenerated {
    statement: Vec<Generated>,
    idle: Vec<Idle>,
    moved: Vec<Moved>,
    context: Vec<Context>,
    stand_in: Vec<StandIn>,
}

/// Names of a resource in a template that is read without being deployed.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StandIn {
    of: String,
    names: Vec<String>,
    source: String,
}

/// Resources that lie elsewhere in some configurations.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Moved {
    role: String,
    of: String,
    to: Vec<String>,
    releases: Releases,
    when: String,
    #[serde(rename = "source", skip_serializing)]
    _source: String,
}

/// Condition keys of the requests for some actions.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Context {
    role: String,
    actions: Vec<String>,
    #[serde(default)]
    without_features: bool,
    cases: Vec<BTreeMap<String, Vec<String>>>,
    releases: Releases,
    when: String,
    #[serde(rename = "source", skip_serializing)]
    _source: String,
}

/// What a role does not need in some configurations.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Idle {
    role: String,
    actions: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    releases: Releases,
    when: String,
    #[serde(rename = "source", skip_serializing)]
    _source: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Call {
    role: String,
    action: String,
    #[serde(default)]
    schedulers: Vec<String>,
    releases: Releases,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Calls {
    call: Vec<Call>,
}

/// Why each action is needed, and what ParallelCluster does with it.
pub(super) fn write_needs(rules: &Path, names: &Names, out: &Path) {
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
    // A line for each role: a run reads those of few.
    let mut of_roles: Vec<(&str, Vec<Numbered<'_>>)> = Vec::new();
    for (nth, need) in needs.need.iter().enumerate() {
        let numbered = Numbered { nth, need };
        match of_roles.iter_mut().find(|(role, _)| *role == need.role) {
            Some((_, of_role)) => of_role.push(numbered),
            None => of_roles.push((&need.role, vec![numbered])),
        }
    }
    let lines = of_roles.iter().map(|(role, needs)| {
        let needs = serde_json::to_string(needs).expect("JSON");
        format!("{role}\t{needs}\n")
    });
    write(out, "needs.txt", lines.collect::<String>());

    let divided = { needs.need.iter().enumerate() }
        .filter(|(_, need)| !need.resources.is_empty() || !need.values.is_empty())
        .map(|(nth, need)| (&*need.role, &need.releases, Numbered { nth, need }));
    write_lines(out, "divided.txt", divided);
}

/// The statements of the policies that ParallelCluster makes by itself.
pub(super) fn write_generated(rules: &Path, names: &Names, out: &Path) {
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
            statement.required || statement.failure.is_some(),
            statement.source.is_some() && statement.reason.is_some(),
            "{}: `required` or `failure` needs `source` and `reason`",
            path.display()
        );
        let actions = statement.actions.iter();
        actions.for_each(|a| check_action(&path, a));
    }
    let statements = { generated.statement.iter() }.map(|s| (&*s.role, &s.releases, s));
    write_lines(out, "generated.txt", statements);
    for idle in &generated.idle {
        names.check_releases(&path, &idle.releases);
        one_of(&path, "role in rules/roles.toml", &idle.role, &names.roles);
        idle.actions.iter().for_each(|a| check_action(&path, a));
    }
    let idle = generated.idle.iter().map(|i| (&*i.role, &i.releases, i));
    write_lines(out, "idle.txt", idle);
    for moved in &generated.moved {
        names.check_releases(&path, &moved.releases);
        one_of(&path, "role in rules/roles.toml", &moved.role, &names.roles);
    }
    let moved = generated.moved.iter().map(|m| (&*m.role, &m.releases, m));
    write_lines(out, "moved.txt", moved);
    for context in &generated.context {
        names.check_releases(&path, &context.releases);
        one_of(
            &path,
            "role in rules/roles.toml",
            &context.role,
            &names.roles,
        );
        context.actions.iter().for_each(|a| check_action(&path, a));
        let values = context.cases.iter().flat_map(BTreeMap::values);
        for values in values {
            assert!(values.len() < 2, "{}: one value each", path.display());
        }
    }
    let contexts = generated.context.iter().map(|c| (&*c.role, &c.releases, c));
    write_lines(out, "contexts.txt", contexts);
    for stand_in in &generated.stand_in {
        let mut statements = generated.statement.iter();
        assert!(
            statements.any(|s| s.resources.contains(&stand_in.of)),
            "{}: no statement has {}",
            path.display(),
            stand_in.of
        );
    }
    write_json(out, "stand_ins.json", &generated.stand_in);
}

/// The calls found in ParallelCluster's code.
pub(super) fn write_calls(rules: &Path, names: &Names, out: &Path) {
    let path = rules.join("calls.toml");
    let calls: Calls = read(&path);
    for call in &calls.call {
        names.check_releases(&path, &call.releases);
        one_of(&path, "role in rules/roles.toml", &call.role, &names.roles);
        check_action(&path, &call.action);
    }
    write_json(out, "calls.json", &calls.call);
}
