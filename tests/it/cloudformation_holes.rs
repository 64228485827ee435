//! What a template leaves open silences nothing, and what is decided for every value of it is decided for each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::program::{JUDGED, run};

fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok().and_then(|c| c.parse().ok())
}

/// Judges roles of one template, each with one policy: the results by logical id, with the place of each policy.
fn judge(roles: &[(String, Value)]) -> BTreeMap<String, (Value, usize)> {
    let mut text = String::from(r#"{"Parameters":{"Open":{"Type":"String"}},"Resources":{"#);
    let mut starts = BTreeMap::new();
    for (nth, (name, policy)) in roles.iter().enumerate() {
        if nth > 0 {
            text.push(',');
        }
        text.push_str(&format!(
            r#""{name}":{{"Type":"AWS::IAM::Role","Properties":{{"Policies":[{{"PolicyName":"p","PolicyDocument":"#
        ));
        starts.insert(name.clone(), text.len());
        text.push_str(&policy.to_string());
        text.push_str("}]}}");
    }
    text.push_str("}}");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.json"), text).unwrap();
    let run = run(folder.path(), &[&["lint", "t.json"], &JUDGED[..]].concat());
    let value: Value =
        serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {}{}", run.out, run.err));
    let results = value["results"].as_array().unwrap().iter();
    let by_name = results.map(|result| {
        let name = result["principal"]["name"].as_str().unwrap().to_owned();
        let start = starts[&name];
        (name, (result.clone(), start))
    });
    by_name.collect()
}

/// Every policy in the fixtures, with the file it comes from.
fn policies() -> Vec<(String, Value)> {
    fn files(folder: &Path, out: &mut Vec<PathBuf>) {
        let mut all: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        all.sort();
        for path in all {
            if path.is_dir() {
                files(&path, out);
            } else if path.extension().is_some_and(|e| e == "json") {
                out.push(path);
            }
        }
    }
    fn documents(value: &Value, out: &mut Vec<Value>) {
        match value {
            // A trust policy has no resources.
            Value::Object(members)
                if members.contains_key("Statement")
                    && value.to_string().contains("\"Principal\"") => {}
            Value::Object(members) if members.contains_key("Statement") => out.push(value.clone()),
            Value::Object(members) => members.values().for_each(|v| documents(v, out)),
            Value::Array(all) => all.iter().for_each(|v| documents(v, out)),
            _ => {}
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    let mut all = Vec::new();
    for path in paths {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let text = fs::read_to_string(&path).unwrap();
        let Ok(value) = serde_json::from_str::<Value>(&text) else {
            continue;
        };
        let mut found = Vec::new();
        documents(&value, &mut found);
        let of_file = found.into_iter().enumerate();
        all.extend(of_file.map(|(nth, policy)| (format!("{name} {nth}"), policy)));
    }
    all
}

/// The pointers of the literals of a policy: effects, actions, resources and values of Conditions.
fn literals(policy: &Value) -> Vec<String> {
    fn within(value: &Value, at: &str, out: &mut Vec<String>) {
        match value {
            Value::String(_) => out.push(at.to_owned()),
            Value::Array(all) => {
                for (nth, value) in all.iter().enumerate() {
                    within(value, &format!("{at}/{nth}"), out);
                }
            }
            Value::Object(members) => {
                for (key, value) in members {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    within(value, &format!("{at}/{key}"), out);
                }
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    let statements = match &policy["Statement"] {
        Value::Array(all) => { 0..all.len() }
            .map(|nth| format!("/Statement/{nth}"))
            .collect(),
        _ => vec!["/Statement".to_owned()],
    };
    for at in statements {
        let names = [
            "Effect",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ];
        for name in names {
            if let Some(value) = policy.pointer(&at).and_then(|s| s.get(name)) {
                within(value, &format!("{at}/{name}"), &mut all);
            }
        }
    }
    all
}

fn verdicts(result: &Value) -> Vec<(String, String)> {
    let rows = result["requirements"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    rows.map(|r| {
        (
            format!("{} {}", r["statement"], r["action"]),
            text(&r["verdict"]),
        )
    })
    .collect()
}

const ROWS: [&str; 4] = [
    "missing-action",
    "partial-resource",
    "denied-action",
    "wrong-role",
];

/// The lints that find something, of the parts of a policy other than a range of it.
fn lints_beside(
    result: &Value,
    start: usize,
    literal: &std::ops::Range<usize>,
) -> BTreeSet<String> {
    let findings = result["findings"].as_array().unwrap().iter();
    let is_beside = |f: &&Value| {
        let byte = |key: &str| f["region"][key].as_u64().unwrap() as usize;
        let is_at =
            byte("start_byte") < start + literal.end && start + literal.start < byte("end_byte");
        // Rows are compared themselves; which role fits is less certain where less is known.
        let is_of_rows = ROWS.iter().any(|lint| f["lint"] == *lint);
        f["severity"] != "note" && !is_at && !is_of_rows
    };
    findings
        .filter(is_beside)
        .map(|f| f["lint"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn no_literal_that_is_left_open_silences_a_row() {
    // One of so many; all of them by hand.
    let sample = number("PCLUSTER_IAM_SAMPLE").unwrap_or(97);
    let mut wrong = Vec::new();
    let mut nth = 0;
    let mut tried = 0;
    for (file, policy) in policies() {
        let mut roles = vec![("Base".to_owned(), policy.clone())];
        let mut chosen = Vec::new();
        for at in literals(&policy) {
            nth += 1;
            if nth % sample == 0 {
                let mut changed = policy.clone();
                *changed.pointer_mut(&at).unwrap() = json!({"Ref": "Open"});
                roles.push((format!("R{}", chosen.len()), changed));
                chosen.push(at);
            }
        }
        if chosen.is_empty() {
            continue;
        }
        let results = judge(&roles);
        let (base, start) = &results["Base"];
        let before = verdicts(base);
        for (nth, at) in chosen.iter().enumerate() {
            tried += 1;
            let (result, _) = &results[&format!("R{nth}")];
            let after = verdicts(result);
            let rows_before: Vec<&String> = before.iter().map(|(row, _)| row).collect();
            let rows_after: Vec<&String> = after.iter().map(|(row, _)| row).collect();
            assert_eq!(rows_before, rows_after, "{file} {at}");
            for ((row, was), (_, is)) in before.iter().zip(&after) {
                let is_silent = was != "covered" && is == "covered";
                // At worst the part is absent, at best it may be what it was.
                let is_certain = was == "covered" && !["covered", "depends"].contains(&is.as_str());
                if is_silent || is_certain {
                    wrong.push(format!("{file} {at}: {row}: {was} → {is}"));
                }
            }
            // The literal in the text of the policy.
            let mut marked = policy.clone();
            *marked.pointer_mut(at).unwrap() = json!("\u{1}");
            let from = marked.to_string().find("\"\\u0001\"").unwrap();
            let literal = from..from + policy.pointer(at).unwrap().to_string().len();
            let lints = lints_beside(base, *start, &literal);
            let all: BTreeSet<String> = { result["findings"].as_array().unwrap().iter() }
                .map(|f| f["lint"].as_str().unwrap().to_owned())
                .collect();
            let is_said = all.contains("depends") || all.contains("unresolved");
            let lost: Vec<&String> = lints.difference(&all).collect();
            if !lost.is_empty() && !is_said {
                wrong.push(format!("{file} {at}: lost {lost:?}"));
            }
        }
    }
    assert!(tried > 10, "{tried}");
    assert!(
        wrong.is_empty(),
        "{} wrong of {tried}\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
