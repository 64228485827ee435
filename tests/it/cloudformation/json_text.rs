//! Policies that a template has as a text with JSON in it.

use super::{ARN, HEAD};
use crate::common::case::{Case, verdict};
use crate::common::table::each;

const TRUST: &str = "{Version: 2012-10-17, Statement: {Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: 'sts:AssumeRole'}}";

fn template(trust: &str, document: &str) -> String {
    let document = document.replace('\n', "\n            ");
    format!(
        "{HEAD}Resources:
  Node:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {trust}
      Policies:
        - PolicyName: p
          PolicyDocument: {document}
"
    )
}

fn json(action: &str, queue: &str) -> String {
    format!(
        "{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{{\"Effect\": \"Allow\", \"Action\": \"{action}\", \"Resource\": \"{ARN}:{queue}\"}}]\n}}"
    )
}

/// What is before a text and its quotes, the name of the queue, and the verdict.
const FORMS: &[(&str, &str, &str)] = &[
    ("|\n", "queue-a", "covered"),
    (">-\n", "queue-a", "covered"),
    ("!Sub |\n", "${Queue}", "covered"),
    ("!Sub |\n", "${Other}", "missing"),
    ("!Sub |\n", "${Open}", "depends"),
    ("|\n", "${Queue}", "missing"),
    ("'", "queue-a", "covered"),
    ("!Sub '", "${Queue}", "covered"),
    ("\"", "queue-a", "covered"),
    ("!ToJsonString\n", "queue-a", "covered"),
];

#[test]
fn a_text_with_json_is_read_as_the_policy() {
    each(FORMS, |(form, queue, expected)| {
        let json = json("sqs:SendMessage", queue);
        let document = match *form {
            "\"" => format!("\"{}\"", json.replace('"', "\\\"").replace('\n', "")),
            form if form.ends_with('\'') => format!("{form}{}'", json.replace('\n', "")),
            form => format!("{form}{json}"),
        };
        let case = Case::new(&[("t.yaml", &template(TRUST, &document))], super::REFERENCE);
        let (run, result) = case.lint("t.yaml", &[]);
        assert_eq!(verdict(&result), *expected, "{document}: {}", run.err);
        assert_ne!(run.code, 2, "{document}: {}", run.out);
    });
    let case = Case::new(
        &[("t.yaml", &template(TRUST, "!Ref Open"))],
        super::REFERENCE,
    );
    assert_eq!(verdict(&case.lint("t.yaml", &[]).1), "depends");
    let given = format!("Open={}", json("sqs:SendMessage", "queue-a"));
    let (_, result) = case.lint("t.yaml", &["--parameter", &given]);
    assert_eq!(verdict(&result), "covered");
}

/// A policy, the lint that reports it, and the text at its place.
const FAULTS: &[(&str, &str, &str)] = &[
    (
        "|\n{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sqs:SendMesage\", \"Resource\": \"*\"}]}",
        "unknown-action",
        "sqs:SendMesage",
    ),
    (
        "'{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sqs:SendMesage\", \"Resource\": \"*\"}]}'",
        "unknown-action",
        "sqs:SendMesage",
    ),
    (
        "|\n{\"Statement\": [{\"Effect\": \"Allow\", \"Effect\": \"Deny\", \"Action\": \"sqs:*\", \"Resource\": \"*\"}]}",
        "duplicate-key",
        "Effect\": \"Deny",
    ),
    ("|\n{\"Statement\": }", "invalid-policy", "}"),
];

#[test]
fn what_is_wrong_in_a_text_has_its_place() {
    each(FAULTS, |(document, lint, place)| {
        let text = template(TRUST, document);
        let case = Case::new(&[("t.yaml", &text)], super::REFERENCE);
        let (run, result) = case.lint("t.yaml", &[]);
        let findings = result["results"][0]["findings"].as_array().unwrap();
        let finding = findings.iter().find(|f| f["lint"] == *lint);
        let finding = finding.unwrap_or_else(|| panic!("{document}: {}{}", run.out, run.err));
        let start = finding["region"]["start_byte"].as_u64().unwrap() as usize;
        let found = text[start..].trim_start_matches('"');
        assert!(found.starts_with(place), "{document}: {found}");
    });
}

#[test]
fn a_trust_policy_may_be_a_text() {
    let trust = |principal: &str| {
        format!(
            "'{{\"Version\": \"2012-10-17\", \"Statement\": [{{\"Effect\": \"Allow\", \"Principal\": {principal}, \"Action\": \"sts:AssumeRole\"}}]}}'"
        )
    };
    let document = format!("|\n{}", json("sqs:SendMessage", "queue-a"));
    each(
        [
            (r#"{"Service": "ec2.amazonaws.com"}"#, false),
            (r#"{"AWS": "*"}"#, true),
        ],
        |(principal, is_open)| {
            let text = template(&trust(principal), &document);
            let case = Case::new(&[("t.yaml", &text)], super::REFERENCE);
            let (run, result) = case.lint("t.yaml", &[]);
            let findings = result["results"][0]["findings"].as_array().unwrap();
            let found = findings.iter().any(|f| f["lint"] == "open-trust");
            assert_eq!(found, is_open, "{principal}: {}", run.out);
        },
    );
}
