//! What is decided while values are left open is decided for each value: binding a parameter of a random policy to each
//! value of a small world never turns `covered` or `missing` into anything else, and no other verdict is better than the
//! best or worse than the worst that was said to be possible. Which part of a requirement is missing, and whether a Deny takes it, may
//! differ from value to value.
//!
//! ```text
//! PCLUSTER_IAM_CASES=50 cargo test --release --test it cloudformation_law:: -- --nocapture
//! ```

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::common::case::Case;
use crate::common::chance::Chance;

/// Roles of one template, which are judged in one run.
const ROLES: usize = 20;
/// Pairs of values that are tried for each template.
const PAIRS: usize = 24;
const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012";

/// Values of both parameters.
const WORLD: &[&str] = &[
    "a",
    "b",
    "*",
    "queue-a",
    "queue-b",
    "queue-*",
    "q?eue-a",
    "SendMessage",
    "Send*",
    "sqs",
    "Allow",
    "Deny",
    "us-east-1",
    "vpc-1",
    "sqs:SendMessage",
    "sqs:*",
    "arn:aws:sqs:us-east-1:123456789012:queue-a",
    "arn:aws:sqs:*:*:*",
];

fn sub(text: &str) -> Value {
    json!({"Fn::Sub": text})
}

fn reference(name: &str) -> Value {
    json!({"Ref": name})
}

fn actions() -> Vec<Value> {
    let mut all: Vec<Value> = [
        "sqs:SendMessage",
        "sqs:*",
        "sqs:Send*",
        "*",
        "sqs:ReceiveMessage",
    ]
    .map(Value::from)
    .into();
    all.extend([
        reference("P"),
        sub("sqs:${P}"),
        sub("${Q}:SendMessage"),
        sub("sqs:${P}Message"),
    ]);
    all
}

fn resources() -> Vec<Value> {
    let mut all = vec![json!("*"), reference("P"), reference("Q")];
    all.extend(["queue-a", "queue-b", "queue-*"].map(|name| json!(format!("{QUEUE}:{name}"))));
    all.extend(
        ["${P}", "queue-${Q}", "${Q}-a", "${P}${Q}"].map(|name| sub(&format!("{QUEUE}:{name}"))),
    );
    all.push(sub("arn:aws:sqs:${P}:123456789012:queue-a"));
    all.push(sub("arn:aws:${Q}:us-east-1:123456789012:queue-a"));
    all
}

fn list(chance: &mut Chance, of: &[Value]) -> Value {
    match chance.below(3) {
        0 => chance.one(of).clone(),
        1 => json!([chance.one(of)]),
        _ => json!([chance.one(of), chance.one(of)]),
    }
}

fn statement(chance: &mut Chance) -> Value {
    let mut statement = serde_json::Map::new();
    let effect = match chance.below(12) {
        0 => reference("P"),
        1..4 => json!("Deny"),
        _ => json!("Allow"),
    };
    statement.insert("Effect".to_owned(), effect);
    let action = if chance.rarely(8) {
        "NotAction"
    } else {
        "Action"
    };
    statement.insert(action.to_owned(), list(chance, &actions()));
    let resource = if chance.rarely(8) {
        "NotResource"
    } else {
        "Resource"
    };
    statement.insert(resource.to_owned(), list(chance, &resources()));
    if chance.rarely(4) {
        let operator = *chance.one(&["StringEquals", "StringLike", "StringNotEquals", "ArnLike"]);
        let key = *chance.one(&["aws:SourceVpc", "aws:PrincipalTag/team", "aws:SourceArn"]);
        let value = match chance.below(3) {
            0 => reference("P"),
            1 => sub("${Q}-1"),
            _ => json!("vpc-1"),
        };
        statement.insert("Condition".to_owned(), json!({operator: {key: value}}));
    }
    let statement = Value::Object(statement);
    if chance.rarely(8) {
        json!({"Fn::If": ["IsA", statement, {"Ref": "AWS::NoValue"}]})
    } else {
        statement
    }
}

fn template(chance: &mut Chance) -> String {
    let mut roles = serde_json::Map::new();
    for nth in 0..ROLES {
        let count = 1 + chance.below(3);
        let mut statements: Vec<Value> = (0..count).map(|_| statement(chance)).collect();
        if chance.rarely(2) {
            let resource = format!("{QUEUE}:*");
            statements.push(json!({"Effect": "Allow", "Action": "sqs:*", "Resource": resource}));
        }
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        let policies = json!([{"PolicyName": "p", "PolicyDocument": policy}]);
        let role = json!({"Type": "AWS::IAM::Role", "Properties": {"Policies": policies}});
        roles.insert(format!("R{nth}"), role);
    }
    let parameter = json!({"Type": "String"});
    json!({
        "Parameters": {"P": parameter, "Q": parameter},
        "Conditions": {"IsA": {"Fn::Equals": [{"Ref": "Q"}, "a"]}},
        "Resources": roles,
    })
    .to_string()
}

const REQUIRED: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:123456789012:queue-a"},
    {"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": "arn:aws:sqs:us-east-1:123456789012:queue-*"},
    {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"},
    {"Effect": "Allow", "Action": "sqs:DeleteMessage", "NotResource": "arn:aws:sqs:us-east-1:123456789012:queue-b"}]}"#;

/// The rows of each role, none where a policy of it is rejected: the stack then fails.
fn rows(case: &Case, given: &[&str]) -> BTreeMap<String, Vec<Value>> {
    let (run, report) = case.lint("t.json", &[&["--unresolved", "warn"], given].concat());
    let results = report["results"].as_array();
    let results = results.unwrap_or_else(|| panic!("{given:?}: {}{}", run.out, run.err));
    let by_name = results.iter().map(|result| {
        let name = result["principal"]["name"].as_str().unwrap();
        let findings = result["findings"].as_array().unwrap().iter();
        let mut messages = findings.map(|f| f["message"].as_str().unwrap_or_default());
        let is_rejected = messages.any(|message| message.contains("IAM rejects"));
        let rows = result["requirements"].as_array().filter(|_| !is_rejected);
        (name.to_owned(), rows.cloned().unwrap_or_default())
    });
    by_name.collect()
}

/// How far a verdict is from `covered`.
fn rank(verdict: &Value) -> usize {
    match verdict.as_str().unwrap() {
        "covered" => 0,
        "conditional" => 1,
        "partial" | "missing" | "denied" => 2,
        other => panic!("{other}"),
    }
}

/// Whether a row may have this verdict once every value is known.
fn allows(open: &Value, bound: &Value) -> bool {
    let bound = &bound["verdict"];
    match open["verdict"].as_str().unwrap() {
        "undecided" => true,
        "depends" => (rank(&open["at_best"])..=rank(&open["at_worst"])).contains(&rank(bound)),
        "missing" => *bound == "missing" || *bound == open["at_worst"],
        _ => rank(&open["verdict"]) == rank(bound),
    }
}

#[test]
fn what_is_decided_stays_decided_for_each_value() {
    let templates = std::env::var("PCLUSTER_IAM_CASES").ok();
    let templates: u64 = templates.and_then(|n| n.parse().ok()).unwrap_or(1);
    let mut wrong = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for nth in 0..templates {
        let mut chance = Chance(nth + 1);
        let text = template(&mut chance);
        let case = Case::new(&[("t.json", &text)], REQUIRED);
        let open = rows(&case, &[]);
        for row in open.values().flatten() {
            *seen.entry(row["verdict"].to_string()).or_default() += 1;
        }
        for _ in 0..PAIRS {
            let (p, q) = (chance.one(WORLD), chance.one(WORLD));
            let (given_p, given_q) = (format!("P={p}"), format!("Q={q}"));
            let given = ["--parameter", &given_p, "--parameter", &given_q];
            for (name, bound) in rows(&case, &given) {
                for (open, bound) in open[&name].iter().zip(&bound) {
                    if !allows(open, bound) {
                        let of = open["action"].as_str().unwrap();
                        wrong.push(format!(
                            "template {nth}, {name}, P={p}, Q={q}, {of} of statement {}: {} ({} to {}), then {}",
                            open["statement"], open["verdict"], open["at_worst"], open["at_best"], bound["verdict"]
                        ));
                    }
                }
            }
        }
        if !wrong.is_empty() {
            fs::write(std::env::temp_dir().join("law.json"), &text).unwrap();
            break;
        }
    }
    println!("{templates} templates of {ROLES} roles, {PAIRS} pairs of values each: {seen:?}");
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(seen.len() > 3, "{seen:?}");
}
