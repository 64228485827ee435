//! Policies inside the output of the AWS CLI, strings and templates.

use pcluster_iam::parser::{Document, ProblemKind, Source, Text};

use super::{only, read, with_statement};
use crate::common::table::each;

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":["s3:Get*","s3:Büro"],"Resource":"*"}]}"#;

/// The texts of the only statement's actions, and what the file holds at their places.
fn actions<'a>(source: &'a Source, document: &'a Document) -> Vec<(&'a Text, &'a str)> {
    assert_eq!(document.problems, []);
    assert_eq!(document.policies.len(), 1);
    let element = document.policies[0].statements[0].action.as_ref().unwrap();
    element
        .values
        .iter()
        .map(|text| (text, source.slice(text.span)))
        .collect()
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

#[test]
fn documents_in_what_the_cli_prints() {
    each(
        [
            format!(r#"{{"PolicyVersion": {{"Document": {POLICY}, "VersionId": "v1"}}}}"#),
            format!(r#"{{"Document": {POLICY}, "VersionId": "v1"}}"#),
            format!(r#"{{"RoleName": "R", "PolicyName": "P", "PolicyDocument": {POLICY}}}"#),
            format!(r#"[{{"PolicyName": "P", "PolicyDocument": {POLICY}}}]"#),
            format!(r#"{{"Policies": [{{"PolicyName": "P", "PolicyDocument": {POLICY}}}]}}"#),
            format!(r#"{{"RolePolicyList": [{{"PolicyName": "P", "PolicyDocument": {POLICY}}}]}}"#),
        ],
        |text| {
            let (source, document) = read(&text);
            let actions = actions(&source, &document);
            assert_eq!(actions[0].0.value, actions[0].1);
            let name = document.policies[0].name.as_deref();
            assert_eq!(name, text.contains("PolicyName").then_some("P"));
            assert_eq!(source.slice(document.policies[0].span), POLICY);
        },
    );
}

#[test]
fn documents_in_strings() {
    let string = serde_json::to_string(POLICY).unwrap();
    let (source, document) = read(&format!(
        r#"{{"PolicyName": "P", "PolicyDocument": {string}}}"#
    ));
    let found = actions(&source, &document);
    assert_eq!(found[0].1, "s3:Get*");
    assert_eq!(source.slice(found[0].0.part(6..7)), "*");
    assert_eq!(
        (found[1].0.value.as_str(), found[1].1),
        ("s3:Büro", "s3:Büro")
    );

    let escaped = string.replace('ü', "\\u00fc").replace('*', "\\u002a");
    let (source, document) = read(&format!(r#"{{"PolicyDocument": {escaped}}}"#));
    let found = actions(&source, &document);
    assert_eq!(
        (found[0].0.value.as_str(), found[0].1),
        ("s3:Get*", r"s3:Get\u002a")
    );
    assert_eq!(source.slice(found[0].0.part(6..7)), r"\u002a");
    assert_eq!(source.slice(found[1].0.part(4..6)), r"\u00fc");

    let encoded = percent_encoded(POLICY);
    each(
        [
            format!(r#"{{"PolicyDocument": "{encoded}"}}"#),
            format!("{encoded}\n"),
        ],
        |text| {
            let (source, document) = read(&text);
            let found = actions(&source, &document);
            assert_eq!(
                (found[0].0.value.as_str(), found[0].1),
                ("s3:Get*", "s3%3AGet%2A")
            );
            assert_eq!(source.slice(found[0].0.part(6..7)), "%2A");
            assert_eq!(source.slice(found[1].0.part(4..6)), "%C3%BC");
            assert_eq!(
                source.slice(document.policies[0].statement_key),
                "Statement"
            );
        },
    );
}

#[test]
fn faults_in_strings_have_their_place() {
    let (source, document) = read(r#"{"PolicyDocument": "{\"Statement\": [],}"}"#);
    let problem = only(&document);
    assert!(problem.message.contains("trailing comma"));
    assert_eq!(source.text().as_bytes()[problem.span.start as usize], b',');
    let (source, document) = read(r#"{"PolicyDocument": "%7B%22Statement%22%3A%20[%5D%2C}"}"#);
    assert_eq!(source.slice(only(&document).span), "%2C");
    let (_, document) = read(r#"{"PolicyDocument": "%7B%22%FF"}"#);
    assert!(only(&document).message.contains("UTF-8"));
    let (source, document) = read(
        r#"{"PolicyDocument": "{\"Statement\":[{\"Effect\":\"x\\u0041\",\"Action\":\"*\",\"Resource\":\"*\"}]}"}"#,
    );
    assert_eq!(source.slice(only(&document).span), r"x\\u0041");
}

#[test]
fn files_without_a_policy() {
    each(
        [
            ("7", "no IAM policy in this file: it contains a number", "7"),
            ("[1, 2]", "no IAM policy in this file", "["),
            ("[]", "no IAM policy", "["),
            ("\"x\"", "no IAM policy", "x"),
            ("null", "no IAM policy", "null"),
            (r#"[{"Effect": "Allow"}]"#, "list of statements", "["),
            (r#"[{"Statement": []}]"#, "list of policies", "["),
            (
                r#"{"PolicyDocument": 5}"#,
                "no policy document in `PolicyDocument`",
                "5",
            ),
            (
                r#"{"PolicyDocument": "x"}"#,
                "no policy document in `PolicyDocument`",
                "x",
            ),
            (
                r#"{"PolicyVersion": {"VersionId": "v1"}}"#,
                "no policy document in `PolicyVersion`",
                "{",
            ),
            (
                r#"{"Policies": []}"#,
                "no policy document in `Policies`",
                "[",
            ),
            (
                r#"{"Policies": [{"Arn": "a"}]}"#,
                "no policy document in `Policies`",
                "{",
            ),
        ],
        |(text, message, underlined)| {
            let (source, document) = read(text);
            assert!(document.policies.is_empty());
            let problem = only(&document);
            assert_eq!(problem.kind, ProblemKind::InvalidJson);
            assert!(
                problem.message.contains(message),
                "{text}: {}",
                problem.message
            );
            assert_eq!(source.slice(problem.span), underlined, "{text}");
        },
    );
}

#[test]
fn functions_of_a_template_are_never_half_read() {
    each(
        [
            r#""Effect": "Allow", "Action": "*", "Resource": {"Fn::Sub": "arn:aws:s3:::${B}"}"#,
            r#""Effect": "Allow", "Action": "*", "Resource": [{"Ref": "A"}, {"Ref": "B"}], "Comment": 1"#,
            r#""Effect": {"Ref": "A"}, "Action": "*", "Resource": "*""#,
            r#""Effect": "Allow", "Action": {"Fn::Join": ["", []]}, "Resource": "*""#,
            r#""Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Fn::If": []}"#,
            r#""Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"Ref": "A"}}"#,
            r#""Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"a": {"Ref": "A"}}}"#,
            r#""Fn::Transform": {}"#,
        ],
        |members| {
            let (source, document) = read(&with_statement(&format!("{{{members}}}")));
            assert!(document.policies.is_empty());
            let problem = only(&document);
            assert_eq!(problem.kind, ProblemKind::InvalidJson);
            assert!(problem.message.contains("CloudFormation template"));
            let name = source.slice(problem.span);
            assert!(name == "Ref" || name.starts_with("Fn::"), "{name}");
            assert!(problem.message.contains(name));
        },
    );
}

#[test]
fn layout_does_not_matter() {
    let pretty: serde_json::Value = serde_json::from_str(POLICY).unwrap();
    let pretty = serde_json::to_string_pretty(&pretty).unwrap();
    each(
        [
            POLICY.to_owned(),
            pretty.replace('\n', "\r\n"),
            pretty.replace("  ", "\t"),
            format!("\n\n{pretty}\n\n"),
        ],
        |text| {
            let (source, document) = read(&text);
            for (text, shown) in actions(&source, &document) {
                assert_eq!(text.value, shown);
            }
        },
    );
}
