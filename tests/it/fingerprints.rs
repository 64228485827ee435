//! Fingerprints are for ever: those that a baseline or a code scanning service has stored name the same findings.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::common::program::run;
use crate::common::role;

/// The options of each run that is pinned; every one names its release.
const RUNS: [(&str, &[&str]); 2] = [
    (
        "examples/head-node.json",
        &[
            "--role",
            "instance",
            "--scheduler",
            "torque",
            "--pcluster-version",
            "2.4.1",
        ],
    ),
    (
        "examples/slurm-head-node.json",
        &[
            "--role",
            "head-node",
            "--scheduler",
            "slurm",
            "--pcluster-version",
            "3.11.1",
            "--feature",
            "none",
        ],
    ),
];

/// The run (2 is the first without any `Sid`), the lint, the first action, and the fingerprint.
const PINNED: &[(usize, &str, &str, &str)] = &[
    (0, "missing-action", "sqs:GetQueueUrl", "2091dc6425810856"),
    (
        0,
        "excess-data-access",
        "dynamodb:GetItem",
        "4748c4f71485448e",
    ),
    (
        0,
        "excess-destruction",
        "dynamodb:DeleteItem",
        "185a899dcdd14ac2",
    ),
    (0, "missing-action", "dynamodb:PutItem", "e3db96ed9a857e08"),
    (
        0,
        "over-broad-resource",
        "dynamodb:PutItem",
        "eb4ccb960fce2111",
    ),
    (
        0,
        "over-broad-resource",
        "dynamodb:Query",
        "7628369f96631ef0",
    ),
    (0, "excess-data-access", "s3:GetObject", "2d899c3401c6bd46"),
    (
        0,
        "excess-destruction",
        "s3:PutLifecycleConfiguration",
        "dbd58fd77a688a4e",
    ),
    (
        0,
        "excess-exposure",
        "s3:PutBucketPolicy",
        "ffd87531b8ee3dc1",
    ),
    (
        0,
        "over-broad-action",
        "s3:AbortMultipartUpload",
        "e47d1ee2abac5877",
    ),
    (0, "writable-code", "s3:PutObject", "ab18520f5458c4aa"),
    (
        1,
        "missing-action",
        "dynamodb:BatchWriteItem",
        "52778577313613d7",
    ),
    (
        1,
        "over-broad-action",
        "ec2:DescribeAccountAttributes",
        "025adef1e42c00dd",
    ),
    (
        1,
        "excess-data-access",
        "ec2:GetConsoleOutput",
        "3cd845f23b395b24",
    ),
    (
        1,
        "over-broad-resource",
        "ec2:GetConsoleOutput",
        "480aa2bbd54f0b3c",
    ),
    (
        1,
        "excess-destruction",
        "route53:DeleteCidrCollection",
        "b58946e4a12db736",
    ),
    (2, "missing-action", "sqs:GetQueueUrl", "2091dc6425810856"),
    (
        2,
        "excess-data-access",
        "dynamodb:GetItem",
        "dd42221459dc86d3",
    ),
    (
        2,
        "excess-destruction",
        "dynamodb:DeleteItem",
        "3d88fd9b56c48c71",
    ),
    (2, "missing-action", "dynamodb:PutItem", "e3db96ed9a857e08"),
    (
        2,
        "over-broad-resource",
        "dynamodb:PutItem",
        "5d3df91bdaa34a17",
    ),
    (
        2,
        "over-broad-resource",
        "dynamodb:Query",
        "f20888fdb076ac51",
    ),
];

/// A policy whose statements are identified by their text.
fn without_sids(text: &str) -> Value {
    let mut value: Value = serde_json::from_str(text).unwrap();
    for statement in value["Statement"].as_array_mut().unwrap() {
        statement.as_object_mut().unwrap().remove("Sid");
    }
    value
}

/// The findings of a policy file: lint, first action and fingerprint.
fn findings(text: &str, options: &[&str]) -> BTreeSet<(String, String, String)> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("policy.json"), text).unwrap();
    let fixed = ["lint", "policy.json", "--no-config", "-f", "json"];
    let found = run(folder.path(), &[&fixed[..], options].concat());
    let report: Value =
        serde_json::from_str(&found.out).unwrap_or_else(|_| panic!("{}", found.err));
    let findings = report["results"][0]["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    findings
        .map(|f| {
            (
                text(&f["lint"]),
                text(&f["actions"][0]),
                text(&f["fingerprint"]),
            )
        })
        .collect()
}

#[test]
fn twenty_fingerprints_stay_the_same() {
    let mut found = RUNS
        .map(|(file, options)| findings(&role::fixture(file), options))
        .to_vec();
    let without = without_sids(&role::fixture(RUNS[0].0));
    found.push(findings(&without.to_string(), RUNS[0].1));
    let mut wrong = Vec::new();
    for (run, lint, action, fingerprint) in PINNED {
        let pinned = (
            (*lint).to_owned(),
            (*action).to_owned(),
            (*fingerprint).to_owned(),
        );
        if !found[*run].contains(&pinned) {
            let now = found[*run]
                .iter()
                .filter(|(l, a, _)| l == lint && a == action);
            let now: Vec<&str> = now.map(|(.., print)| print.as_str()).collect();
            wrong.push(format!(
                "{lint} {action} of run {run}: {fingerprint} is now {now:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(PINNED.len() >= 20);
}

/// The ways in which the AWS CLI and other programs wrap a policy text.
fn encoded(text: &str) -> [(&'static str, String); 3] {
    let percent: String = text
        .bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    [
        (
            "a JSON string",
            json!({"PolicyName": "p", "PolicyDocument": text}).to_string(),
        ),
        (
            "URL-encoded",
            json!({"PolicyName": "p", "PolicyDocument": percent}).to_string(),
        ),
        (
            "URL-encoded version",
            json!({"PolicyVersion": {"Document": percent}}).to_string(),
        ),
    ]
}

#[test]
fn an_encoded_policy_keeps_its_fingerprints_when_it_is_indented_anew() {
    let (file, options) = RUNS[0];
    let text = role::fixture(file);
    let value = without_sids(&text);
    let close = encoded(&value.to_string());
    let wide = encoded(&serde_json::to_string_pretty(&value).unwrap());
    let plain = findings(&value.to_string(), options);
    let mut wrong = Vec::new();
    for ((way, close), (_, wide)) in close.into_iter().zip(wide) {
        let (close, wide) = (findings(&close, options), findings(&wide, options));
        if close != wide {
            wrong.push(format!("{way}: {close:?}\n{wide:?}"));
        }
        let missing = plain
            .iter()
            .filter(|f| f.0 != "policy-size" && !close.contains(*f));
        wrong.extend(missing.map(|f| format!("{way}: {f:?} of the plain policy is another one")));
    }
    assert!(plain.len() > 5);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_file_as_policy_and_as_boundary_has_both_size_findings() {
    let resources: Vec<String> = (0..400)
        .map(|n| format!("arn:aws:sqs:us-east-1:123456789012:queue-{n}"))
        .collect();
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": resources},
    ]});
    let folder = tempfile::tempdir().unwrap();
    let file = json!({"PolicyName": "p", "PolicyDocument": policy}).to_string();
    fs::write(folder.path().join("p.json"), file).unwrap();
    let options = [
        "lint",
        "p.json",
        "--boundary",
        "p.json",
        "--no-config",
        "-f",
        "json",
        "--role",
        "instance",
        "--scheduler",
        "torque",
        "--pcluster-version",
        "2.4.1",
    ];
    let found = run(folder.path(), &options);
    let report: Value = serde_json::from_str(&found.out).unwrap();
    let findings = report["results"][0]["findings"].as_array().unwrap().iter();
    let sizes = findings.filter(|f| f["lint"] == "policy-size" && f["severity"] == "error");
    let messages: Vec<&str> = sizes.map(|f| f["message"].as_str().unwrap()).collect();
    let has = |quota: &str| messages.iter().filter(|m| m.contains(quota)).count();
    assert_eq!((has("10,240"), has("6,144")), (1, 1), "{messages:#?}");
}
