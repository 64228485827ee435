//! IAM's rules, one by one, each by the number it has in the table below: what the policies of a role, its boundary
//! and its SCPs decide for one required action.
//!
//! Rules and numbers follow the sections of AWS's IAM User Guide on policy evaluation: 1 case, 2 actions, 3 resources,
//! 4 policy variables, 5 resource types, 6 how statements combine, 7 conditions.

mod actions;
mod combination;
mod conditions;
mod operators;
mod resources;
mod variables;

use std::collections::BTreeMap;

use pcluster_iam::catalog::Catalog;
use pcluster_iam::check::{self, Settings};
use pcluster_iam::lints::File;
use pcluster_iam::matcher::condition::{self, KeyValue};
use pcluster_iam::parser::{self, Source, Sources};
use pcluster_iam::reference;
use serde_json::{Value, json};

#[derive(Default)]
struct Case {
    reference: Vec<Value>,
    policies: Vec<Value>,
    version: Option<&'static str>,
    boundary: Option<Value>,
    scps: Vec<Value>,
    context: Vec<(&'static str, Option<&'static str>)>,
    region: Option<&'static str>,
    account: Option<&'static str>,
}

fn document(version: Option<&str>, statements: &[Value]) -> String {
    let mut document = json!({ "Statement": statements });
    if let Some(version) = version {
        document["Version"] = json!(version);
    }
    document.to_string()
}

/// The verdicts of all rows, each once.
fn judge(case: &Case) -> String {
    let mut sources = Sources::new();
    let mut load = |text: String| {
        let source = sources.add(Source::new("policy.json", text));
        let document = parser::parse(source, sources.get(source));
        File::new(source, document)
    };
    let version = case.version.unwrap_or("2012-10-17");
    let version = Some(version).filter(|v| !v.is_empty());
    let reference = load(document(Some("2012-10-17"), &case.reference));
    let reference = reference::from_policies(&reference.document.policies);
    let policies = load(document(version, &case.policies)).document.policies;
    let mut one = |statement: &Value| {
        load(document(
            Some("2012-10-17"),
            std::slice::from_ref(statement),
        ))
    };
    let context: BTreeMap<String, KeyValue> = case
        .context
        .iter()
        .map(|(key, value)| {
            let value = value.map_or(KeyValue::Absent, KeyValue::one);
            (condition::fold_key(key), value)
        })
        .collect();
    let settings = Settings {
        given: [
            ("Region", case.region.unwrap_or("*")),
            ("Account", case.account.unwrap_or("*")),
            ("Partition", "aws"),
        ]
        .map(|(n, v)| (n.to_owned(), v.to_owned(), "test".to_owned()))
        .to_vec(),
        context,
        boundary: case.boundary.as_ref().map(&mut one),
        scps: case.scps.iter().map(|s| vec![one(s)]).collect(),
        // The evaluators know nothing of what IAM rejects.
        once_repaired: true,
        ..Settings::default()
    };
    let rows = check::coverage(Catalog::embedded(), &policies, &reference, &settings);
    let mut found: Vec<&str> = rows.iter().map(|r| r.row.verdict.name()).collect();
    found.dedup();
    found.join(" ")
}

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

fn deny(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Deny", "Action": action, "Resource": resource })
}

/// `when` adds a Condition.
fn when(mut statement: Value, operator: &str, key: &str, value: Value) -> Value {
    statement["Condition"] = json!({ operator: { key: value } });
    statement
}

const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:q";

const OBJECTS: &str = "arn:aws:s3:::b/*";

/// One statement of the reference against some of the policy.
fn verdict(reference: Value, policies: &[Value]) -> String {
    judge(&Case {
        reference: vec![reference],
        policies: policies.to_vec(),
        ..Case::default()
    })
}
