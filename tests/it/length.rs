//! Reports on complete roles: they fit two screens, and nothing that is shortened is lost.

use std::fs;

use crate::common::program::run;
use serde_json::{Value, json};

/// Rows of two screens, and some for lines that cannot be shortened.
const ROWS: usize = 120;
const COLUMNS: usize = 100;

fn rows(text: &str) -> usize {
    let rows = |line: &str| line.chars().count().div_ceil(COLUMNS).max(1);
    text.lines().map(rows).sum()
}

/// The policy that a role needs, with values for all placeholders.
fn reference(role: &str, scheduler: &str, release: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let shown = run(
        folder.path(),
        &[
            "reference",
            "show",
            "--role",
            role,
            "--scheduler",
            scheduler,
            "--pcluster-version",
            release,
            "--region",
            "us-east-1",
            "--account",
            "123456789012",
            "--format",
            "json",
        ],
    );
    assert_eq!(shown.code, 0, "{}", shown.err);
    let mut text = shown.out;
    while let Some((before, rest)) = text.split_once("${") {
        let (_, after) = rest.split_once('}').unwrap();
        // Some placeholders are whole ARNs.
        let is_arn = before.ends_with('"');
        let value = if is_arn {
            "arn:aws:s3:::name-1"
        } else {
            "name-1"
        };
        text = format!("{before}{value}{after}");
    }
    let policy: Value = serde_json::from_str(&text).unwrap();
    policy["Statement"].as_array().unwrap().clone()
}

fn allow(actions: &[&str], resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

/// A role as people have it: its name, release and scheduler, and the statements of each of its files.
type Role = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Vec<Vec<Value>>,
);

fn roles() -> Vec<Role> {
    let extra = [
        allow(
            &["s3:Get*", "s3:List*", "s3:PutObject"],
            "arn:aws:s3:::our-data*",
        ),
        allow(
            &[
                "logs:CreateLogGroup",
                "logs:PutLogEvents",
                "logs:GetLogEvents",
            ],
            "*",
        ),
        allow(
            &["secretsmanager:GetSecretValue"],
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:our/*",
        ),
        allow(
            &[
                "ssm:UpdateInstanceInformation",
                "ssmmessages:OpenDataChannel",
            ],
            "*",
        ),
    ];
    let mut head = reference("head-node", "slurm", "3.14.1");
    head.extend(extra.clone());
    let user = reference("user", "slurm", "3.11.1");
    let third = user.len().div_ceil(3);
    let split: Vec<Vec<Value>> = user.chunks(third).map(<[Value]>::to_vec).collect();
    let gaps = user.iter().enumerate().filter(|(at, _)| at % 4 != 2);
    let gaps: Vec<Value> = gaps.map(|(_, s)| s.clone()).collect();
    let old = reference("instance", "sge", "2.4.1");
    let mut broad = vec![
        allow(
            &[
                "ec2:*",
                "autoscaling:*",
                "elasticloadbalancing:*",
                "sns:*",
                "route53:*",
                "secretsmanager:*",
            ],
            "*",
        ),
        allow(
            &[
                "iam:List*",
                "iam:Get*",
                "iam:Create*",
                "iam:AttachRolePolicy",
                "iam:PutRolePolicy",
                "iam:DeleteRole*",
            ],
            "*",
        ),
        allow(&["iam:PassRole"], "arn:aws:iam::123456789012:role/*"),
        allow(
            &[
                "lambda:*",
                "cloudformation:*",
                "fsx:*",
                "s3:*",
                "cloudwatch:*",
                "logs:*",
                "imagebuilder:*",
                "tag:*",
                "ssm:*",
            ],
            "*",
        ),
        allow(
            &["dynamodb:*"],
            "arn:aws:dynamodb:*:123456789012:table/parallelcluster-*",
        ),
    ];
    broad.extend(extra.clone());
    let template = |statement: &Value| -> Value {
        let text = statement.to_string();
        let text = text.replace("123456789012", "<AWS ACCOUNT ID>");
        serde_json::from_str(&text.replace("us-east-1", "<REGION>")).unwrap()
    };
    let templates: Vec<Vec<Value>> = split
        .iter()
        .map(|statements| statements.iter().map(template).collect())
        .collect();
    vec![
        (
            "a head node with grants of its own",
            "head-node",
            "slurm",
            "3.14.1",
            vec![head],
        ),
        (
            "a user policy over three files",
            "user",
            "slurm",
            "3.11.1",
            split,
        ),
        (
            "a user policy with gaps",
            "user",
            "slurm",
            "3.14.1",
            gaps.chunks(third).map(<[Value]>::to_vec).collect(),
        ),
        (
            "a template over three files",
            "user",
            "slurm",
            "3.11.1",
            templates,
        ),
        (
            "an old role for a newer release",
            "instance",
            "slurm",
            "2.11.9",
            vec![old],
        ),
        (
            "an old head node for the newest release",
            "head-node",
            "slurm",
            "3.16.3",
            vec![reference("head-node", "slurm", "3.0.0")],
        ),
        (
            "broad grants of whole services",
            "user",
            "slurm",
            "3.14.1",
            vec![broad],
        ),
        (
            "hardly anything",
            "user",
            "slurm",
            "3.14.1",
            vec![vec![allow(&["ec2:Describe*", "s3:GetObject"], "*")]],
        ),
        (
            "a user of AWS Batch",
            "user",
            "awsbatch",
            "3.14.1",
            vec![reference("user", "awsbatch", "3.9.0")],
        ),
        (
            "the user who builds images",
            "image-build-user",
            "slurm",
            "3.14.1",
            vec![reference("image-build-user", "slurm", "3.9.0")],
        ),
    ]
}

#[test]
fn reports_on_complete_roles_fit_two_screens() {
    for (what, role, scheduler, release, files) in roles() {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<String> = (1..=files.len())
            .map(|n| format!("policy-{n}.json"))
            .collect();
        for (name, statements) in names.iter().zip(&files) {
            let policy = json!({ "Version": "2012-10-17", "Statement": statements });
            let text = serde_json::to_string_pretty(&policy).unwrap();
            fs::write(folder.path().join(name), text).unwrap();
        }
        let lint = |more: &[&str]| {
            let mut arguments = vec!["lint", "--no-config", "--role", role];
            if role != "image-build-user" {
                arguments.extend(["--scheduler", scheduler]);
            }
            arguments.extend(["--pcluster-version", release]);
            arguments.extend(names.iter().map(String::as_str));
            arguments.extend(more);
            run(folder.path(), &arguments)
        };
        let (short, long) = (lint(&[]), lint(&["--verbose"]));
        assert_eq!(short.code, long.code, "{what}");
        assert!(
            rows(&short.out) <= ROWS,
            "{what}: {} rows\n{}",
            rows(&short.out),
            short.out
        );
        assert!(!long.out.contains("shortened"), "{what}\n{}", long.out);
        let json = lint(&["--format", "json"]);
        let report: Value = serde_json::from_str(&json.out).unwrap();
        let findings = report["results"][0]["findings"].as_array().unwrap();
        for finding in findings {
            let start = format!(
                "{}[{}]: ",
                finding["severity"].as_str().unwrap(),
                finding["lint"].as_str().unwrap()
            );
            assert!(short.out.contains(&start), "{what}: {start}\n{}", short.out);
            let whole = start + finding["message"].as_str().unwrap();
            assert!(long.out.contains(&whole), "{what}: {whole}\n{}", long.out);
        }
        // Errors are told one by one, and again at the end.
        let errors = findings.iter().filter(|f| f["severity"] == "error");
        let shown = short.out.lines().filter(|l| l.starts_with("error["));
        let errors = errors.count();
        assert_eq!(shown.count(), errors, "{what}\n{}", short.out);
        if errors > 0 && findings.len() > 1 {
            let noun = if errors == 1 { "error" } else { "errors" };
            let blocked = format!("\nblocked by {errors} {noun}:\n");
            assert!(short.out.contains(&blocked), "{what}\n{}", short.out);
        }
        let order = |text: &str, one: &str, other: &str| {
            let (last, first) = (
                text.rfind(&format!("\n{one}[")),
                text.find(&format!("\n{other}[")),
            );
            last.zip(first).is_none_or(|(last, first)| last < first)
        };
        for text in [&short.out, &long.out] {
            assert!(order(text, "error", "warning"), "{what}\n{text}");
            assert!(order(text, "warning", "note"), "{what}\n{text}");
        }
        let size = "with all the statements that this report says to add";
        assert!(
            long.out.matches(size).count() <= names.len(),
            "{what}\n{}",
            long.out
        );
        let quiet = lint(&["-q"]);
        assert_eq!(quiet.code, short.code, "{what}");
        assert!(!quiet.out.contains("\nnote["), "{what}\n{}", quiet.out);
        let summary = findings.len();
        let closing = if summary == 1 {
            "1 finding: ".to_owned()
        } else {
            format!("{summary} findings: ")
        };
        assert!(
            summary == 0 || quiet.out.contains(&closing),
            "{what}\n{}",
            quiet.out
        );
    }
}

#[test]
fn a_placeholder_is_reported_once_for_all_files() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.json", "b.json"] {
        let statement = allow(
            &["sqs:SendMessage"],
            "arn:aws:sqs:<REGION>:<ACCOUNT>:parallelcluster-*",
        );
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
        fs::write(folder.path().join(name), policy.to_string()).unwrap();
    }
    let arguments = [
        "lint",
        "a.json",
        "b.json",
        "--no-config",
        "--role",
        "instance",
        "--scheduler",
        "torque",
        "--format",
        "json",
    ];
    let linted = run(folder.path(), &arguments);
    let report: Value = serde_json::from_str(&linted.out).unwrap();
    let findings = report["results"][0]["findings"].as_array().unwrap().iter();
    let found = findings.filter(|f| f["lint"] == "unreplaced-placeholder");
    let found: Vec<&Value> = found.collect();
    assert_eq!(found.len(), 2, "{found:#?}");
    for finding in found {
        assert_eq!(finding["region"]["path"], "a.json");
        assert_eq!(finding["related"][0]["region"]["path"], "b.json");
    }
}

#[test]
fn statements_to_add_have_the_wildcards_of_the_documentation() {
    let folder = tempfile::tempdir().unwrap();
    let policy = json!({ "Version": "2012-10-17", "Statement": [allow(&["s3:GetObject"], "*")] });
    fs::write(folder.path().join("p.json"), policy.to_string()).unwrap();
    let arguments = [
        "p.json",
        "--no-config",
        "--role",
        "user",
        "--scheduler",
        "slurm",
        "--pcluster-version",
        "3.14.1",
        "--account",
        "123456789012",
        "--region",
        "us-east-1",
        "--feature",
        "none",
    ];
    let linted = run(
        folder.path(),
        &[&["lint"], &arguments[..], &["--format", "json"]].concat(),
    );
    let report: Value = serde_json::from_str(&linted.out).unwrap();
    let findings = report["results"][0]["findings"].as_array().unwrap();
    let help = |action: &str| {
        let about = findings.iter().find(|f| {
            f["lint"] == "missing-action"
                && f["actions"].as_array().unwrap().iter().any(|a| a == action)
        });
        about.unwrap()["help"].as_str().unwrap().to_owned()
    };
    let describe = help("ec2:DescribeAccountAttributes");
    assert!(describe.contains("\"ec2:Describe*\""), "{describe}");
    assert!(describe.lines().count() < 12, "{describe}");
    let missing = run(folder.path(), &[&["missing"], &arguments[..]].concat());
    assert!(missing.out.contains("\"ec2:Describe*\""), "{}", missing.out);
    assert!(
        !missing.out.contains("ec2:DescribeAccountAttributes"),
        "{}",
        missing.out
    );
}
