//! Holds the program against a sample of the policies that ParallelCluster's own code makes for cluster configurations.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::common::program::run;
use serde_json::{Value, json};

/// The roles of a configuration with their statements; the functions share one role.
fn roles(record: &Value) -> Vec<(&'static str, Vec<Value>)> {
    let kinds = [
        ("head-node", "head-node"),
        ("compute-node", "compute-node"),
        ("login-node", "login-nodes"),
        ("lambda", "lambda"),
    ];
    let mut all = Vec::new();
    for role in record["roles"].as_array().unwrap() {
        let (name, called) = { kinds.iter() }.find(|(n, _)| role["role"] == *n).unwrap();
        let statements = role["statements"].as_array().unwrap().clone();
        match { all.iter_mut() }.find(|(c, _): &&mut (&str, Vec<Value>)| c == called) {
            Some((_, of_functions)) if *name == "lambda" => of_functions.extend(statements),
            Some(_) => {}
            None => all.push((*called, statements)),
        }
    }
    all
}

fn actions(statement: &Value) -> Vec<String> {
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    match &statement["Action"] {
        Value::Array(all) => all.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

/// The exit code, and for each finding its lint, severity and actions.
fn judge(record: &Value, role: &str, statements: &[Value], name: &str) -> (i32, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let numbered = statements.iter().enumerate().map(|(index, statement)| {
        let mut statement = statement.clone();
        statement["Sid"] = json!(format!("S{index}"));
        statement
    });
    let policy = json!({"Version": "2012-10-17", "Statement": numbered.collect::<Vec<_>>()});
    let text = |key: &str| record[key].as_str().unwrap();
    fs::write(folder.path().join("role.json"), policy.to_string()).unwrap();
    fs::write(folder.path().join("config.yaml"), text("config")).unwrap();
    let fixed = ["lint", "role.json", "--no-config", "-f", "json"];
    let options = [
        ("--cluster-config", "config.yaml"),
        ("--pcluster-version", text("release")),
        ("--role", role),
        ("--account", text("account")),
        ("--partition", text("partition")),
        ("--cluster-name", name),
    ];
    let mut arguments = fixed.to_vec();
    arguments.extend(options.iter().flat_map(|(option, value)| [*option, *value]));
    let got = run(folder.path(), &arguments);
    let report: Value = serde_json::from_str(&got.out)
        .unwrap_or_else(|e| panic!("{} {role}: {e}: {}", record["id"], got.err));
    let results = report["results"].as_array().unwrap().iter();
    let findings = results.flat_map(|r| r["findings"].as_array().unwrap().clone());
    (got.code, findings.collect())
}

/// What is reported of an action, excess aside.
fn said(findings: &[Value], action: &str) -> BTreeSet<String> {
    let excess = [
        "unneeded-action",
        "over-broad-action",
        "over-broad-resource",
        "unconditional-grant",
    ];
    let (service, wanted) = action.split_once(':').unwrap();
    let names = |a: &Value| {
        let a = a.as_str().unwrap();
        let stem = wanted.strip_suffix('*');
        a.eq_ignore_ascii_case(action)
            || stem.is_some_and(|stem| a.starts_with(&format!("{service}:{stem}")))
    };
    let here = findings.iter().filter(|f| {
        let lint = f["lint"].as_str().unwrap();
        !excess.contains(&lint)
            && !lint.starts_with("excess-")
            && f["actions"].as_array().unwrap().iter().any(names)
    });
    here.map(|f| format!("{} {}", f["lint"], f["severity"]))
        .collect()
}

#[test]
fn generated_roles_are_enough_and_each_deletion_is_reported() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/generated/configurations.jsonl");
    let text = fs::read_to_string(path).unwrap();
    let (mut judged, mut deleted) = (0, 0);
    for (number, line) in text.lines().enumerate() {
        let record: Value = serde_json::from_str(line).unwrap();
        let name = record["cluster_name"].as_str().unwrap();
        for (role, statements) in roles(&record) {
            let shown = format!("{} {role}", record["id"]);
            let (code, before) = judge(&record, role, &statements, name);
            let errors = before.iter().filter(|f| f["severity"] == "error");
            let errors: Vec<&Value> = errors.collect();
            assert!(
                errors.iter().all(|f| f["lint"] == "known-gap"),
                "{shown}: {errors:?}"
            );
            assert_eq!(code, i32::from(!errors.is_empty()), "{shown}");
            judged += 1;
            let all: BTreeSet<String> = statements.iter().flat_map(actions).collect();
            let action = all.iter().nth(number * 7 % all.len()).unwrap();
            let mut left = statements.clone();
            for statement in &mut left {
                let kept = actions(statement).into_iter().filter(|a| a != action);
                statement["Action"] = json!(kept.collect::<Vec<_>>());
            }
            left.retain(|s| s["Action"] != json!([]));
            let grants = |pattern: &String| {
                let stem = pattern.strip_suffix('*');
                stem.is_some_and(|stem| action.starts_with(stem))
            };
            if left.is_empty() || left.iter().flat_map(actions).any(|a| grants(&a)) {
                continue;
            }
            let (_, after) = judge(&record, role, &left, name);
            let (before, after) = (said(&before, action), said(&after, action));
            assert!(
                !after.is_subset(&before),
                "{shown}: {action} is missing, and nothing says so"
            );
            deleted += 1;
        }
    }
    assert!(judged > 80 && deleted > 60, "{judged} {deleted}");
}

#[test]
fn the_role_of_another_cluster_is_refused() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/generated/configurations.jsonl");
    let text = fs::read_to_string(path).unwrap();
    for line in text.lines().step_by(4) {
        let record: Value = serde_json::from_str(line).unwrap();
        for (role, statements) in roles(&record) {
            if ["head-node", "compute-node"].contains(&role) {
                let (code, _) = judge(&record, role, &statements, "another-one");
                assert_eq!(code, 1, "{} {role}", record["id"]);
            }
        }
    }
}
