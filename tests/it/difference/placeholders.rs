//! The partition, the Region and the account of both sides, and placeholders that the policies have.

use serde_json::json;

use super::{actions, allow, diff, policy};
use crate::common::project::Project;
use crate::common::table::each;

/// A template with a role that may send to a queue, written with its functions.
fn template(arn: &str, principal: &str) -> String {
    format!(
        "Resources:\n  Node:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: node\n      AssumeRolePolicyDocument:\n        \
         Version: '2012-10-17'\n        Statement: [{{Effect: Allow, Principal: {{AWS: !Sub '{principal}'}}, Action: 'sts:AssumeRole'}}]\n      \
         Policies: [{{PolicyName: p, PolicyDocument: {{Version: '2012-10-17', Statement: [{{Effect: Allow, Action: 'sqs:SendMessage', \
         Resource: !Sub '{arn}'}}]}}}}]\n"
    )
}

/// The two sides, the options, and what is lost: a list, or the error.
const ROWS: &[(&str, &str, &[&str], &str)] = &[
    ("aws.json", "partition.yaml", &[], ""),
    ("aws.json", "module", &[], ""),
    ("module", "partition.yaml", &[], ""),
    ("china.json", "partition.yaml", &[], ""),
    // The policies name two of them.
    ("both.json", "partition.yaml", &[], "sqs:SendMessage"),
    (
        "aws.json",
        "partition.yaml",
        &["--partition", "aws-cn"],
        "sqs:SendMessage",
    ),
    ("china.json", "module", &["--region", "cn-north-1"], ""),
    ("china.json", "module", &["--partition", "aws-cn"], ""),
    (
        "aws.json",
        "module",
        &["--region", "cn-north-1"],
        "sqs:SendMessage",
    ),
    ("literal.json", "all.yaml", &[], "sqs:SendMessage"),
    (
        "literal.json",
        "all.yaml",
        &["--region", "us-east-1", "--account", "123456789012"],
        "",
    ),
    ("literal.json", "angle.json", &[], "sqs:SendMessage"),
    (
        "literal.json",
        "angle.json",
        &["--account", "123456789012", "--set", "QUEUE=q-a"],
        "",
    ),
    (
        "literal.json",
        "angle.json",
        &["--set", "Queues=q-a"],
        "cannot use `Queues=q-a` for --set: the policies have no placeholder `Queues`",
    ),
    (
        "literal.json",
        "angle.json",
        &["--set", "QUEUE"],
        "it has no `=`",
    ),
    (
        "literal.json",
        "angle.json",
        &["--partition", "earth"],
        "it is not an AWS partition",
    ),
    (
        "literal.json",
        "angle.json",
        &["--parameter", "QUEUE=q-a"],
        "no side is a template or a Terraform module",
    ),
    // Who may assume the role, in a template and with its partition written out.
    (
        "trusted.yaml",
        "all.yaml",
        &["--region", "us-east-1", "--account", "123456789012"],
        "",
    ),
    (
        "trusted.yaml",
        "all.yaml",
        &["--region", "cn-north-1", "--account", "123456789012"],
        "sqs:SendMessage",
    ),
];

#[test]
fn the_partition_and_placeholders_have_the_values_of_the_options() {
    let one = |arn: &str| policy(json!([allow(&["sqs:SendMessage"], arn)]));
    let arn = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:q-a";
    let user = "arn:${AWS::Partition}:iam::${AWS::AccountId}:user/a";
    let module = "data \"aws_partition\" \"here\" {}\n\
        resource \"aws_iam_policy\" \"p\" {\n policy = jsonencode({ Version = \"2012-10-17\", Statement = [{ Effect = \"Allow\", \
        Action = \"sqs:SendMessage\", Resource = \"arn:${data.aws_partition.here.partition}:sqs:*:*:q-a\" }] })\n}\n";
    let both = policy(json!([
        allow(&["sqs:SendMessage"], "arn:aws:sqs:*:*:q-a"),
        allow(&["sqs:SendMessage"], "arn:aws-cn:sqs:*:*:q-a")
    ]));
    let project = Project::new(&[
        ("aws.json", &one("arn:aws:sqs:*:*:q-a")),
        ("china.json", &one("arn:aws-cn:sqs:*:*:q-a")),
        ("both.json", &both),
        (
            "literal.json",
            &one("arn:aws:sqs:us-east-1:123456789012:q-a"),
        ),
        (
            "angle.json",
            &one("arn:aws:sqs:us-east-1:<ACCOUNT_ID>:<QUEUE>"),
        ),
        (
            "partition.yaml",
            &template("arn:${AWS::Partition}:sqs:*:*:q-a", user),
        ),
        ("all.yaml", &template(arn, user)),
        (
            "trusted.yaml",
            &template(
                "arn:aws:sqs:us-east-1:123456789012:q-a",
                "arn:aws:iam::123456789012:user/a",
            ),
        ),
        ("module/main.tf", module),
    ]);
    each(ROWS, |(old, new, options, expected)| {
        let run = diff(&project, &[&[*old, *new, "-f", "json"], *options].concat());
        let shown = format!("{old} {new} {options:?}: {}{}", run.out, run.err);
        if run.out.is_empty() {
            assert_eq!(run.code, 2, "{shown}");
            assert!(
                !expected.is_empty() && run.err.contains(expected),
                "{shown}"
            );
        } else {
            assert_eq!(actions(&run, "lost").join(" "), *expected, "{shown}");
            // A grant in another partition is only lost.
            if *old != "both.json" {
                assert_eq!(actions(&run, "gained").join(" "), *expected, "{shown}");
            }
        }
    });
    let options = ["--region", "us-east-1", "--account", "123456789012"];
    let run = diff(
        &project,
        &[&["trusted.yaml", "all.yaml"][..], &options].concat(),
    );
    assert!(
        run.out.contains("1 role without a difference"),
        "{}",
        run.out
    );
}
