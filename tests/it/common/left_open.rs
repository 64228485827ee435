//! Policies of the fixtures of which one literal is left open: what was found before must still be found, or said to depend.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Every policy in the fixtures, with the file it comes from.
pub fn policies() -> Vec<(String, Value)> {
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
pub fn literals(policy: &Value) -> Vec<String> {
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

/// The lints on rows that are not covered, one for each verdict.
const ROWS: [&str; 5] = [
    "missing-action",
    "partial-resource",
    "denied-action",
    "conditional-grant",
    "wrong-role",
];

/// The lints that find something, of the parts of a file other than a range of it.
fn lints_beside(result: &Value, literal: &Range<usize>) -> BTreeSet<String> {
    let findings = result["findings"].as_array().unwrap().iter();
    let is_beside = |f: &&Value| {
        let byte = |key: &str| f["region"][key].as_u64().unwrap() as usize;
        let is_at = byte("start_byte") < literal.end && literal.start < byte("end_byte");
        // Rows are compared themselves; which role fits is less certain where less is known.
        let is_of_rows = ROWS.iter().any(|lint| f["lint"] == *lint);
        f["severity"] != "note" && !is_at && !is_of_rows
    };
    findings
        .filter(is_beside)
        .map(|f| f["lint"].as_str().unwrap().to_owned())
        .collect()
}

/// Whether a string without effect may have one for some values of another one: then the report names the value.
fn is_uncertain(lint: &str) -> bool {
    lint.starts_with("ineffective-")
}

/// What is silenced by the replacement of the literal at a range by something that is not known.
pub fn silenced(before: &Value, literal: &Range<usize>, after: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let (rows, rows_after) = (verdicts(before), verdicts(after));
    let names = |rows: &[(String, String)]| -> Vec<String> {
        rows.iter().map(|(row, _)| row.clone()).collect()
    };
    if names(&rows) != names(&rows_after) {
        return vec!["other rows".to_owned()];
    }
    for ((row, was), (_, is)) in rows.iter().zip(&rows_after) {
        if was != "covered" && is == "covered" {
            wrong.push(format!("{row}: {was} → {is}"));
        }
    }
    let lints = lints_beside(before, literal);
    let all: BTreeSet<String> = { after["findings"].as_array().unwrap().iter() }
        .map(|f| f["lint"].as_str().unwrap().to_owned())
        .collect();
    let decides = all.contains("depends") || all.contains("unresolved");
    let not_checked = after["not_checked"].as_array().unwrap().iter();
    let is_named = not_checked
        .filter_map(Value::as_str)
        .any(|what| what.starts_with("value:"));
    let lost = lints.difference(&all).filter(|lint| {
        let is_said = decides || is_named && is_uncertain(lint);
        !is_said
    });
    wrong.extend(lost.map(|lint| format!("lost {lint}")));
    wrong
}

/// Rows that were granted for certain and now fail for certain: at best a part that is not known is what it was.
pub fn refused(before: &Value, after: &Value) -> Vec<String> {
    let (rows, rows_after) = (verdicts(before), verdicts(after));
    let pairs = rows.iter().zip(&rows_after);
    let failing = pairs.filter(|((_, was), (_, is))| {
        was == "covered" && !["covered", "depends"].contains(&is.as_str())
    });
    failing
        .map(|((row, was), (_, is))| format!("{row}: {was} → {is}"))
        .collect()
}
