//! Lints on the edge of what they report: two policies that differ in one part, of which one fires the lint.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::common::case::Case;
use crate::common::table::each;

const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:q";

fn statement(more: &Value) -> Value {
    let mut all =
        json!({"Sid": "A", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE});
    for (key, value) in more.as_object().unwrap() {
        all[key] = value.clone();
    }
    all
}

fn document(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// The severities of the findings of a lint.
fn severities(file: &str, lint: &str, more: &[&str]) -> Vec<String> {
    let files = [("p.json", file)];
    let (_, report) = Case::new(&files, &document(&[statement(&json!({}))])).lint("p.json", more);
    let findings = report["results"][0]["findings"].as_array().unwrap();
    let of_lint = findings.iter().filter(|f| f["lint"] == lint);
    of_lint
        .map(|f| f["severity"].as_str().unwrap().to_owned())
        .collect()
}

const ALL: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;

#[test]
fn statements_are_equal_in_every_part_or_not_at_all() {
    let condition = json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}});
    each(
        [
            (json!({}), true),
            (json!({"Sid": "B"}), false),
            (json!({"Effect": "Deny"}), false),
            (json!({"Action": "sqs:ReceiveMessage"}), false),
            (json!({"Resource": format!("{QUEUE}2")}), false),
            (json!({"Condition": condition}), false),
            (json!({"Condition": "none"}), false),
        ],
        |(more, is_equal)| {
            let policy = document(&[statement(&json!({})), statement(&more)]);
            let found = severities(&policy, "duplicate-value", &[]);
            assert_eq!(!found.is_empty(), is_equal, "{more}");
        },
    );
}

#[test]
fn a_statement_is_redundant_beside_one_that_holds_wherever_it_does() {
    let vpc = json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}});
    each(
        [
            (json!({}), json!({}), true),
            (json!({}), json!({"Condition": vpc}), true),
            (json!({"Condition": vpc}), json!({"Condition": vpc}), true),
            (json!({"Condition": vpc}), json!({}), false),
            (json!({"Condition": "none"}), json!({}), false),
        ],
        |(wide, narrow, is_redundant)| {
            let mut wide = statement(&wide);
            wide["Sid"] = json!("Wide");
            wide["Action"] = json!("sqs:*");
            let policy = document(&[wide.clone(), statement(&narrow)]);
            let found = severities(&policy, "redundant-statement", &[]);
            assert_eq!(!found.is_empty(), is_redundant, "{wide} {narrow}");
        },
    );
}

#[test]
fn conditions_are_reported_by_their_values() {
    each(
        [
            (
                "NumericLessThan",
                "aws:MultiFactorAuthAge",
                "3600",
                "invalid-condition",
                false,
            ),
            (
                "NumericLessThan",
                "aws:MultiFactorAuthAge",
                "1h",
                "invalid-condition",
                true,
            ),
            (
                "StringEquals",
                "aws:PrincipalTag/team",
                "a*",
                "ineffective-condition",
                true,
            ),
            (
                "StringEquals",
                "aws:PrincipalTag/team",
                "a",
                "ineffective-condition",
                false,
            ),
            (
                "StringLike",
                "aws:PrincipalAccount",
                "1*",
                "weak-condition",
                true,
            ),
            (
                "StringLike",
                "aws:PrincipalAccount",
                "12345678901?",
                "weak-condition",
                false,
            ),
        ],
        |(operator, key, value, lint, is_reported)| {
            let condition = json!({"Condition": {operator: {key: value}}});
            let policy = document(&[statement(&condition)]);
            let found = severities(&policy, lint, &[]);
            assert_eq!(
                !found.is_empty(),
                is_reported,
                "{operator} {key} {value}: {found:?}"
            );
        },
    );
}

#[test]
fn a_wrong_partition_is_an_error_where_iam_is_known_to_refuse_it() {
    let wrong = json!({"Resource": ["arn:aws-cn:sqs:us-east-1:123456789012:q", QUEUE]});
    let wrong = document(&[statement(&wrong)]);
    assert_eq!(severities(&wrong, "wrong-partition", &[]), ["error"]);
    let folder = Case::new(&[("p.json", ALL), ("scp.json", &wrong)], ALL);
    let (_, report) = folder.lint("p.json", &["--scp", "scp.json"]);
    let findings = report["results"][0]["findings"].as_array().unwrap();
    let found: Vec<&Value> = { findings.iter() }
        .filter(|f| f["lint"] == "wrong-partition")
        .map(|f| &f["severity"])
        .collect();
    assert_eq!(found, ["warning"]);
}

#[test]
fn a_variable_of_an_encoded_policy_is_plain_text_without_a_version() {
    let policy = |resource: &str| {
        let policy = json!({"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}});
        let encoded = utf8_percent_encode(&policy.to_string(), NON_ALPHANUMERIC).to_string();
        json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": encoded}).to_string()
    };
    let with = policy("arn:aws:s3:::home/${aws:username}/*");
    assert_eq!(severities(&with, "old-version", &[]), ["warning"]);
    let without = policy("arn:aws:s3:::home/*");
    assert!(severities(&without, "old-version", &[]).is_empty());
}
