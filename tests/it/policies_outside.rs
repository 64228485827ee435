//! Policies and boundaries that a role has and the input does not contain are never taken for granted.

use std::fs;

use serde_json::{Value, json};

use crate::common::program::{Run, run};
use crate::common::table::each;
use crate::dump::{document, dump, managed, role};

/// The role of each result, its exit code, and its findings.
fn lint(dump: &Value, more: &[&str]) -> (Run, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("d.json"), dump.to_string()).unwrap();
    let command = "lint d.json --no-config --scheduler slurm --pcluster-version 3.14.0 --feature none -f json";
    let command: Vec<&str> = command.split(' ').chain(more.iter().copied()).collect();
    let found = run(folder.path(), &command);
    let results = found.json()["results"].as_array().unwrap().clone();
    (found, results)
}

fn unresolved(results: &[Value]) -> Vec<String> {
    let findings = results
        .iter()
        .flat_map(|r| r["findings"].as_array().unwrap());
    let own = findings.filter(|f| f["lint"] == "unresolved" && f["severity"] == "error");
    own.map(|f| f["message"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_role_of_a_dump_whose_policies_are_elsewhere_is_unresolved() {
    let all = document(&["*"]);
    let trusting = |mut role: Value, service: &str| {
        let principal = &mut role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"];
        *principal = json!({ "Service": service });
        role
    };
    let head = || role("head", &[], &["hn"]);
    each(
        [
            (head(), 1),
            // Its name alone says nothing, and neither does a little that is known.
            (role("head", &[document(&["sqs:SendMessage"])], &["hn"]), 1),
            (trusting(head(), "lambda.amazonaws.com"), 1),
            // Neither nodes nor functions have such a role.
            (trusting(head(), "codebuild.amazonaws.com"), 0),
            // AWS's own policies are not written for ParallelCluster.
            (
                role(
                    "head",
                    &[],
                    &["arn:aws:iam::aws:policy/AmazonEMRReadOnlyAccessPolicy_v2"],
                ),
                0,
            ),
            (role("head", &[document(&["sqs:SendMessage"])], &[]), 0),
        ],
        |(role_of_dump, expected)| {
            let fine = role("fine", std::slice::from_ref(&all), &[]);
            let (found, results) = lint(&dump(&[], &[], &[fine, role_of_dump], &[]), &[]);
            let unresolved = unresolved(&results);
            assert_eq!(unresolved.len(), expected, "{unresolved:?}");
            assert_eq!(
                found.code,
                if expected == 0 { 0 } else { 2 },
                "{}",
                found.err
            );
            for message in unresolved {
                assert!(message.contains("policy/hn` was not given"), "{message}");
            }
        },
    );
}

#[test]
fn a_boundary_that_a_dump_does_not_contain_may_refuse_everything() {
    let mut limited = role("limited", &[document(&["*"])], &[]);
    limited["PermissionsBoundary"] = json!({
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/limit"
    });
    let node = ["--role", "compute-node"];
    let (found, results) = lint(&dump(&[], &[], &[limited.clone()], &[]), &node);
    let messages = unresolved(&results);
    assert_eq!((found.code, messages.len()), (2, 1), "{messages:?}");
    assert!(
        messages[0].starts_with(
            "the permissions boundary `arn:aws:iam::123456789012:policy/limit` was not given"
        ),
        "{messages:?}"
    );
    let verdicts = results[0]["requirements"].as_array().unwrap();
    assert!(
        verdicts
            .iter()
            .all(|r| r["verdict"] != "covered" || r["vacuous"] == true)
    );
    let (found, _) = lint(
        &dump(&[], &[], &[limited.clone()], &[]),
        &[&node[..], &["--unresolved", "warn"]].concat(),
    );
    assert_eq!(found.code, 0, "{}", found.out);
    // The same with its text.
    let limit = managed("limit", &[document(&["*"])]);
    let (found, results) = lint(&dump(&[], &[], &[limited.clone()], &[limit]), &node);
    assert_eq!(
        (found.code, unresolved(&results).len()),
        (0, 0),
        "{}",
        found.out
    );
    let limit = managed("limit", &[document(&["sqs:*"])]);
    let (found, _) = lint(&dump(&[], &[], &[limited], &[limit]), &node);
    assert_eq!(found.code, 1, "{}", found.out);
}

#[test]
fn a_certain_gap_that_such_a_policy_may_fill_is_unresolved_too() {
    let but = |action: &str| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": action, "Resource": "*"}]});
    each(
        [
            ("cloudwatch:TagResource", &["site"][..], 2),
            ("iam:PassRole", &["site"], 2),
            ("cloudwatch:TagResource", &[], 1),
            ("sqs:SendMessage", &["site"], 0),
        ],
        |(action, attached, code)| {
            let user = role("user", &[but(action)], attached);
            let command = ["--role", "user", "--pcluster-version", "3.14.1"];
            let folder = tempfile::tempdir().unwrap();
            fs::write(
                folder.path().join("d.json"),
                dump(&[], &[], &[user], &[]).to_string(),
            )
            .unwrap();
            let common = [
                "lint",
                "d.json",
                "--no-config",
                "--scheduler",
                "slurm",
                "-f",
                "concise",
            ];
            let found = run(folder.path(), &[&common[..], &command].concat());
            assert_eq!(found.code, code, "{action}: {}", found.out);
        },
    );
}

#[test]
fn a_policy_of_aws_with_which_a_role_can_do_everything_is_named() {
    let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
    for (attached, expected) in [
        (administrator, 1),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", 0),
    ] {
        let head = role("head", &[document(&["*"])], &[attached]);
        let head = if expected == 1 {
            role("head", &[], &[attached])
        } else {
            head
        };
        let (_, results) = lint(
            &dump(&[], &[], &[head], &[]),
            &["--role", "head-node", "--strict"],
        );
        let findings = results[0]["findings"].as_array().unwrap();
        let named = findings.iter().filter(|f| {
            let help = f["help"].as_str().unwrap_or_default();
            f["lint"] == "privilege-escalation" && help.starts_with("attach only what is required")
        });
        let named: Vec<&Value> = named.collect();
        assert_eq!(named.len(), expected, "{findings:?}");
        for finding in named {
            assert_eq!(finding["severity"], "error");
            assert_eq!(finding["region"]["path"], "d.json");
        }
    }
}
