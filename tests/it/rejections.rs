//! What IAM rejects, kind by kind: the table of `rules/rejections.toml`, judged.

use std::fs;
use std::path::Path;

use pcluster_iam::parser::{Source, SourceId, parse};

use crate::common::project::{Project, Run};
use crate::common::table::each;

const REFERENCE: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}}"#;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run_with(files: &[(&str, &str)], arguments: &[&str]) -> Run {
    Project::new(files).run(arguments)
}

fn kinds() -> Vec<toml::Value> {
    let text = fs::read_to_string(root().join("rules/rejections.toml")).unwrap();
    let table: toml::Table = toml::from_str(&text).unwrap();
    table["kind"].as_array().unwrap().clone()
}

/// A document with a statement more, which would grant what is required.
fn with_grant(document: &str) -> String {
    let grant = r#"{"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}"#;
    if let Some(at) = document.find(r#""Statement": ["#) {
        let at = at + r#""Statement": ["#.len();
        let comma = if document[at..].starts_with(']') {
            ""
        } else {
            ", "
        };
        // An empty list stays empty.
        if comma.is_empty() {
            return document.to_owned();
        }
        return format!("{}{grant}{comma}{}", &document[..at], &document[at..]);
    }
    let at = document.find(r#""Statement": "#).unwrap() + r#""Statement": "#.len();
    // The braces that close the document, and what it came in.
    let closing = if document.starts_with("{\"PolicyVersion") {
        3
    } else {
        1
    };
    let end = document.len() - closing;
    format!(
        "{}[{}, {grant}]{}",
        &document[..at],
        &document[at..end],
        &document[end..]
    )
}

#[test]
fn each_kind_is_an_error_and_loses_the_whole_policy() {
    let kinds = kinds();
    assert!(kinds.len() > 30);
    for kind in kinds {
        let id = kind["id"].as_str().unwrap();
        let lint = kind["lint"].as_str().unwrap();
        let policy = with_grant(kind["document"].as_str().unwrap());
        let files = [("p.json", policy.as_str()), ("r.json", REFERENCE)];
        let lint_as = |format: &str| {
            let place = ["--region", "us-east-1", "-f", format];
            let fixed = ["lint", "p.json", "--reference", "r.json"];
            run_with(&files, &[fixed, place].concat())
        };
        // The reason comes before what is missing for it.
        for format in ["text", "github"] {
            let shown = lint_as(format).out;
            let missing = shown.find("sqs:ListQueues` is not granted");
            let reason = shown.find("IAM rejects this policy");
            assert!(reason.is_some() && reason < missing, "{id}: {shown}");
        }
        let run = lint_as("json");
        assert_eq!(run.code, 1, "{id}: {}{}", run.out, run.err);
        let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        let result = &report["results"][0];
        let findings = result["findings"].as_array().unwrap();
        let found = findings.iter().find(|f| {
            f["severity"] == "error"
                && f["lint"] == lint
                && f["message"]
                    .as_str()
                    .unwrap()
                    .contains("IAM rejects this policy")
        });
        assert!(found.is_some(), "{id}: {findings:#?}");
        assert_eq!(result["requirements"][0]["verdict"], "missing", "{id}");
    }
}

#[test]
fn other_policies_of_the_role_count() {
    let bad = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "arn:aws:iam:*:*:role/x"}}"#;
    let files = [
        ("bad.json", bad),
        ("good.json", REFERENCE),
        ("r.json", REFERENCE),
    ];
    let args = [
        "lint",
        "bad.json",
        "good.json",
        "--reference",
        "r.json",
        "-f",
        "json",
    ];
    let run = run_with(&files, &args);
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(run.code, 1);
    assert_eq!(
        report["results"][0]["requirements"][0]["verdict"],
        "covered"
    );
}

#[test]
fn a_deny_of_a_rejected_policy_counts_and_its_excess_is_reported() {
    let bad = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sqs:ListQueues", "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "arn:aws:iam:*:*:user/x"},
        {"Effect": "Allow", "Action": "s3:DeleteBucket", "Resource": "*"}]}"#;
    let files = [
        ("bad.json", bad),
        ("good.json", REFERENCE),
        ("r.json", REFERENCE),
    ];
    let args = [
        "lint",
        "bad.json",
        "good.json",
        "--reference",
        "r.json",
        "-f",
        "json",
    ];
    let run = run_with(&files, &args);
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["results"][0]["requirements"][0]["verdict"], "denied");
    assert!(run.out.contains("s3:DeleteBucket"), "{}", run.out);
}

#[test]
fn the_page_has_every_kind() {
    let page = fs::read_to_string(root().join("docs/rejected-policies.md")).unwrap();
    for kind in kinds() {
        let lint = kind["lint"].as_str().unwrap();
        let what = kind["what"].as_str().unwrap();
        assert!(page.contains(&format!("| {what} | [{lint}]")), "{what}");
    }
}

#[test]
fn every_document_of_a_file_is_read_or_the_file_is_refused() {
    let document = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}}"#;
    let versions = |flags: &[bool]| {
        let all = flags
            .iter()
            .map(|f| format!(r#"{{"Document": DOC, "VersionId": "v1", "IsDefaultVersion": {f}}}"#));
        format!(
            r#"{{"Policies": [{{"PolicyName": "a", "PolicyVersionList": [{}]}}]}}"#,
            all.collect::<Vec<_>>().join(", ")
        )
    };
    each([
        (r#"{"PolicyVersion": {"Document": DOC}, "PolicyDocument": DOC}"#.to_owned(), 0),
        (r#"{"PolicyDocument": DOC, "Document": DOC}"#.to_owned(), 0),
        (r#"{"Statement": [], "PolicyDocument": DOC}"#.to_owned(), 0),
        (r#"{"PolicyDocument": DOC, "Statement": []}"#.to_owned(), 0),
        (r#"{"PolicyDocument": DOC, "Effect": "Deny", "Action": "*"}"#.to_owned(), 0),
        (r#"{"PolicyDocument": DOC, "statement": 1}"#.to_owned(), 0),
        (r#"{"PolicyDocument": DOC, "policyDocument": DOC}"#.to_owned(), 0),
        (r#"{"PolicyDocument": DOC, "Other": {"x": DOC}}"#.to_owned(), 0),
        (r#"{"PolicyDocument": DOC, "Other": [DOC]}"#.to_owned(), 0),
        (r#"{"PolicyVersion": {"Document": DOC, "IsDefaultVersion": false}}"#.to_owned(), 0),
        (r#"{"PolicyVersion": {"Document": DOC, "PolicyDocument": DOC}}"#.to_owned(), 0),
        (r#"{"RolePolicyList": [{"PolicyName": "a", "PolicyDocument": DOC}, null]}"#.to_owned(), 0),
        (r#"{"RolePolicyList": [{"PolicyName": "a", "PolicyDocument": DOC}], "PolicyDocument": DOC}"#.to_owned(), 0),
        (r#"{"RolePolicyList": [], "RoleName": "r"}"#.to_owned(), 0),
        (r#"{"RolePolicyList": [{"PolicyName": "a", "PolicyDocument": DOC}], "Policies": [{"PolicyDocument": DOC}]}"#.to_owned(), 2),
        (r#"[{"PolicyDocument": DOC}, DOC]"#.to_owned(), 0),
        (r#"[[{"PolicyDocument": DOC}]]"#.to_owned(), 0),
        (r#"[{"PolicyDocument": DOC}, {"PolicyDocument": DOC}]"#.to_owned(), 2),
        ("DOC\nDOC\n".to_owned(), 0),
        (versions(&[true, false]), 1),
        (versions(&[false, false]), 0),
        (versions(&[true, true]), 0),
        (r#"{"RoleDetailList": [], "Policies": [{"PolicyDocument": DOC}]}"#.to_owned(), 0),
        (r#"{"PolicyDocument": DOC, "AttachedManagedPolicies": [{"PolicyArn": 1}]}"#.to_owned(), 0),
        (r#"{"RoleName": "r", "PolicyName": "a", "PolicyDocument": DOC, "Tags": []}"#.to_owned(), 1),
    ], |(form, policies)| {
        let text = form.replace("DOC", document);
        let source = Source::new("p.json", text.as_str());
        let read = parse(SourceId(0), &source);
        assert_eq!(read.policies.len(), policies, "{form}: {:?}", read.problems);
        assert_eq!(read.problems.is_empty(), policies > 0, "{form}: {:?}", read.problems);
    });
}

#[test]
fn what_a_role_has_besides_is_named() {
    let detail = format!(
        r#"{{"RoleName": "r", "AssumeRolePolicyDocument": {{"Statement": {{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {{"Service": "ec2.amazonaws.com"}}}}}}, "RolePolicyList": [{{"PolicyName": "a", "PolicyDocument": {REFERENCE}}}],
        "PermissionsBoundary": {{"PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/limit"}},
        "AttachedManagedPolicies": [{{"PolicyName": "site", "PolicyArn": "arn:aws:iam::123456789012:policy/site"}}]}}"#
    );
    let files = [("p.json", detail.as_str()), ("r.json", REFERENCE)];
    let run = run_with(
        &files,
        &["lint", "p.json", "--reference", "r.json", "-f", "json"],
    );
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let not_checked = report["results"][0]["not_checked"].to_string();
    each(
        [
            "permissions-boundary:arn:aws:iam::123456789012:policy/limit",
            "attached-policy:arn:aws:iam::123456789012:policy/site",
        ],
        |part| {
            assert!(not_checked.contains(part), "{not_checked}");
        },
    );
    // It was read.
    assert!(!not_checked.contains("trust-policy"), "{not_checked}");
    let files = [("p.json", REFERENCE), ("r.json", detail.as_str())];
    let run = run_with(&files, &["lint", "p.json", "--reference", "r.json"]);
    assert_eq!(run.code, 2, "{}{}", run.out, run.err);
}

#[test]
fn each_type_of_iam_in_the_catalogue_may_be_in_an_arn() {
    let table = fs::read_to_string(root().join("rules/rejections.toml")).unwrap();
    let table: toml::Table = toml::from_str(&table).unwrap();
    let accepted = table["iam"]["types"].as_array().unwrap();
    let catalog = fs::read_to_string(root().join("rules/catalog.txt")).unwrap();
    let formats = { catalog.lines() }.filter_map(|line| {
        let (_, format) = line.split_once("\tarn:${Partition}:iam:")?;
        format.split('\t').next()?.splitn(3, ':').nth(2)
    });
    let mut refused: Vec<&str> = formats
        .filter(|path| {
            *path != "root"
                && !accepted
                    .iter()
                    .any(|kind| path.starts_with(kind.as_str().unwrap()))
        })
        .collect();
    refused.dedup();
    // AWS's answer does not list it.
    assert_eq!(refused, ["assumed-role/${RoleName}/${RoleSessionName}"]);
}

#[test]
fn a_service_control_policy_is_rejected_by_its_own_service() {
    let scp = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Permit", "Action": "*", "Resource": "*"}}"#;
    let files = [
        ("p.json", REFERENCE),
        ("r.json", REFERENCE),
        ("scp.json", scp),
    ];
    let args = [
        "lint",
        "p.json",
        "--reference",
        "r.json",
        "--scp",
        "scp.json",
    ];
    let run = run_with(&files, &args);
    assert!(
        run.out.contains("AWS Organizations rejects this policy"),
        "{}",
        run.out
    );
    assert!(!run.out.contains("IAM rejects this policy"), "{}", run.out);
}
