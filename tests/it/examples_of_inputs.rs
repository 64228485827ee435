//! Templates and modules of `fixtures/`, judged row by row: what each function, attachment and hole makes of the policies.

use std::fs;

use serde_json::Value;

use crate::common::program::run;

/// Input, principal, action, resource, verdict.
const ROWS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "templates/head-node.yaml",
        "HeadRole",
        "dynamodb:PutItem",
        "dynamodb:us-east-1:123456789012:table/parallelcluster-x",
        "covered",
    ),
    (
        "templates/head-node.yaml",
        "HeadRole",
        "dynamodb:PutItem",
        "dynamodb:us-east-1:123456789012:table/other",
        "missing",
    ),
    // Granted for one value of `Stage` only, and for some bucket.
    (
        "templates/head-node.yaml",
        "HeadRole",
        "s3:GetObject",
        "s3:::data/a",
        "missing",
    ),
    (
        "templates/head-node.yaml",
        "HeadRole",
        "sqs:SendMessage",
        "sqs:us-east-1:123456789012:parallelcluster-jobs",
        "covered",
    ),
    (
        "templates/head-node.yaml",
        "HeadRole",
        "sns:Subscribe",
        "sns:us-east-1:123456789012:parallelcluster-events",
        "covered",
    ),
    (
        "templates/head-node.yaml",
        "HeadRole",
        "ec2:DescribeInstances",
        "*",
        "covered",
    ),
    // A role has no user name.
    (
        "templates/head-node.yaml",
        "HeadRole",
        "s3:ListBucket",
        "s3:::home-a",
        "missing",
    ),
    (
        "templates/head-node.yaml",
        "HeadRole",
        "cloudwatch:PutMetricData",
        "*",
        "covered",
    ),
    (
        "templates/joined.json",
        "Send",
        "sqs:SendMessage",
        "sqs:us-east-1:123456789012:parallelcluster-a",
        "covered",
    ),
    (
        "templates/joined.json",
        "Send",
        "sqs:SendMessage",
        "sqs:us-east-1:123456789012:other",
        "missing",
    ),
    (
        "templates/function.yaml",
        "Cleanup",
        "sqs:SendMessage",
        "sqs:us-east-1:123456789012:parallelcluster-a",
        "covered",
    ),
    (
        "terraform/modules/nodes",
        "aws_iam_role.node",
        "dynamodb:GetItem",
        "dynamodb:us-east-1:123456789012:table/parallelcluster-demo",
        "covered",
    ),
    (
        "terraform/modules/nodes",
        "aws_iam_role.node",
        "dynamodb:GetItem",
        "dynamodb:us-east-1:123456789012:table/parallelcluster-x",
        "missing",
    ),
    (
        "terraform/modules/nodes",
        "aws_iam_role.node",
        "s3:PutObject",
        "s3:::data-demo/a",
        "covered",
    ),
    (
        "terraform/modules/nodes",
        "aws_iam_role.node",
        "s3:PutObject",
        "s3:::data/a",
        "missing",
    ),
    (
        "terraform/modules/heredoc",
        "aws_iam_policy.send*",
        "sqs:SendMessage",
        "sqs:us-east-1:123456789012:parallelcluster-c",
        "missing",
    ),
];

#[test]
fn templates_and_modules_are_judged_row_by_row() {
    let folder = tempfile::tempdir().unwrap();
    let fixtures = format!("{}/fixtures", env!("CARGO_MANIFEST_DIR"));
    let mut inputs: Vec<(&str, &str)> = ROWS.iter().map(|row| (row.0, row.1)).collect();
    inputs.dedup();
    let mut wrong = Vec::new();
    for (input, principal) in inputs {
        let rows: Vec<_> = ROWS
            .iter()
            .filter(|row| (row.0, row.1) == (input, principal))
            .collect();
        let statements = rows.iter().map(|(.., action, resource, _)| {
            let resource = match *resource {
                "*" => "*".to_owned(),
                rest => format!("arn:aws:{rest}"),
            };
            serde_json::json!({"Effect": "Allow", "Action": action, "Resource": resource})
        });
        let statements: Vec<Value> = statements.collect();
        let reference = serde_json::json!({"Version": "2012-10-17", "Statement": statements});
        fs::write(folder.path().join("r.json"), reference.to_string()).unwrap();
        let path = format!("{fixtures}/{input}");
        let line = [
            "lint",
            &path,
            "--no-config",
            "-f",
            "json",
            "--reference",
            "r.json",
            "--select",
            principal,
        ];
        let more = ["--region", "us-east-1", "--account", "123456789012"];
        let run = run(folder.path(), &[&line[..], &more[..]].concat());
        let value: Value =
            serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{input}: {}", run.err));
        let found = value["results"][0]["requirements"].as_array().unwrap();
        for (nth, (.., action, resource, expected)) in rows.iter().enumerate() {
            let is_it = |r: &&Value| r["statement"] == nth;
            let is = found.iter().find(is_it).map(|r| &r["verdict"]);
            if is.is_none_or(|is| is != expected) {
                wrong.push(format!(
                    "{input} {action} {resource}: {is:?}, not {expected}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
