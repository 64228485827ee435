//! A missing action is an error only for the schedulers, releases and settings with which something is known to need it.

use std::fs;

use serde_json::Value;

use super::{documented, lint};
use crate::common::table::each;

/// The severity of the finding on a documented policy without an action, and the report.
fn without(action: &str, arguments: &[&str], configuration: &str) -> (String, String) {
    let here = ["--region", "us-east-1", "--account", "123456789012"];
    let mut all = [arguments, &here].concat();
    let folder = documented(&all);
    let text = fs::read_to_string(folder.path().join("p.json")).unwrap();
    let mut policy: Value = serde_json::from_str(&text).unwrap();
    for statement in policy["Statement"].as_array_mut().unwrap() {
        if let Some(actions) = statement["Action"].as_array_mut() {
            actions.retain(|of_statement| of_statement != action);
        } else if statement["Action"] == action {
            statement["Action"] = "sts:GetCallerIdentity".into();
        }
    }
    fs::write(folder.path().join("p.json"), policy.to_string()).unwrap();
    if !configuration.is_empty() {
        fs::write(folder.path().join("cluster"), configuration).unwrap();
        all.extend(["--cluster-config", "cluster"]);
    }
    let found = lint(folder.path(), &[&all[..], &["--format", "json"]].concat()).json();
    let findings = found["results"][0]["findings"].as_array().unwrap();
    let names = |finding: &&Value| {
        let actions = finding["actions"].as_array().unwrap();
        actions.iter().any(|named| named == action)
    };
    let finding = findings.iter().find(names);
    let finding = finding.unwrap_or_else(|| panic!("nothing names {action}"));
    let severity = finding["severity"].as_str().unwrap().to_owned();
    all.push("--verbose");
    (severity, lint(folder.path(), &all).out)
}

/// The letters and digits of a text, however its lines are wrapped.
fn words(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[test]
fn an_action_is_missed_by_those_who_are_known_to_need_it() {
    const TEXT: [&str; 2] = [
        "reject a role given as `ec2_iam_role`",
        "nothing that runs on a node is known to call it",
    ];
    let rows = [
        // What the check of the role asks for is an error as long as there is that check.
        (
            "instance",
            "torque",
            "2.4.1",
            "dynamodb:Query",
            "error",
            TEXT[0],
        ),
        (
            "instance",
            "torque",
            "2.4.1",
            "dynamodb:DescribeTable",
            "error",
            TEXT[0],
        ),
        (
            "instance",
            "sge",
            "2.8.0",
            "dynamodb:ListTables",
            "error",
            TEXT[0],
        ),
        (
            "instance",
            "slurm",
            "2.4.1",
            "ec2:DescribeInstances",
            "error",
            TEXT[0],
        ),
        (
            "instance",
            "torque",
            "2.11.0",
            "dynamodb:Query",
            "warning",
            TEXT[1],
        ),
        (
            "instance",
            "sge",
            "2.10.4",
            "dynamodb:ListTables",
            "warning",
            TEXT[1],
        ),
        (
            "instance",
            "sge",
            "2.11.2",
            "ec2:DescribeInstanceStatus",
            "warning",
            TEXT[1],
        ),
        (
            "instance",
            "slurm",
            "2.11.9",
            "dynamodb:DeleteItem",
            "warning",
            TEXT[1],
        ),
        (
            "instance",
            "slurm",
            "2.11.9",
            "cloudformation:DescribeStacks",
            "warning",
            TEXT[1],
        ),
        // What a scheduler calls.
        (
            "instance",
            "torque",
            "2.4.1",
            "dynamodb:ListTables",
            "error",
            "look for the cluster's table",
        ),
        (
            "instance",
            "torque",
            "2.11.0",
            "dynamodb:DescribeTable",
            "error",
            "look for the cluster's table",
        ),
        (
            "instance",
            "slurm",
            "2.11.9",
            "dynamodb:Query",
            "error",
            "looks up its own name",
        ),
        (
            "instance",
            "slurm",
            "2.9.1",
            "ec2:DescribeInstances",
            "error",
            "lists the compute nodes",
        ),
        (
            "instance",
            "awsbatch",
            "2.11.0",
            "ec2:DescribeInstances",
            "error",
            "`awsbhosts` lists",
        ),
        (
            "batch-user",
            "awsbatch",
            "2.3.1",
            "batch:RegisterJobDefinition",
            "error",
            "registered a job definition",
        ),
        (
            "instance",
            "awsbatch",
            "2.11.0",
            "batch:RegisterJobDefinition",
            "warning",
            "since 2.4.0",
        ),
        // What some releases call.
        (
            "user",
            "slurm",
            "2.10.4",
            "ssm:GetParametersByPath",
            "error",
            "dry run",
        ),
        (
            "user",
            "slurm",
            "2.11.9",
            "ssm:GetParametersByPath",
            "warning",
            "no release since 2.11.0",
        ),
        (
            "compute-node",
            "slurm",
            "3.8.0",
            "ec2:DescribeInstanceAttribute",
            "error",
            "finds the EBS volume",
        ),
        (
            "compute-node",
            "slurm",
            "3.9.0",
            "ec2:DescribeInstanceAttribute",
            "warning",
            "no release since 3.9.0",
        ),
    ];
    each(
        rows,
        |(role, scheduler, release, action, expected, text)| {
            let arguments = [
                "--role",
                role,
                "--scheduler",
                scheduler,
                "--pcluster-version",
                release,
            ];
            let (severity, report) = without(action, &arguments, "");
            let what = format!("{role} {scheduler} {release} {action}: {report}");
            assert_eq!(severity, expected, "{what}");
            assert!(words(&report).contains(&words(text)), "{what}");
        },
    );
}

#[test]
fn a_setting_that_needs_an_action_makes_its_lack_an_error() {
    let of = |role: &'static str, scheduler: &'static str, release: &'static str| {
        let pairs = [
            ["--role", role],
            ["--scheduler", scheduler],
            ["--pcluster-version", release],
        ];
        pairs.concat()
    };
    let user = of("user", "torque", "2.4.1");
    let head = of("head-node", "slurm", "3.11.1");
    let v2 = |more: &str| format!("[cluster default]\nscheduler = torque\n{more}");
    let v3 = |hook: &str| {
        format!(
            "Scheduling: {{Scheduler: slurm}}\nHeadNode: {{CustomActions: {{{hook}: {{Script: https://example.com/a.sh}}}}}}\n"
        )
    };
    let simulate = "iam:SimulatePrincipalPolicy";
    let stacks = "cloudformation:DescribeStacks";
    let rows = [
        (&user, String::new(), simulate, "warning"),
        (&user, v2("ec2_iam_role = own\n"), simulate, "error"),
        (&head, String::new(), stacks, "warning"),
        (&head, v3("OnNodeUpdated"), stacks, "error"),
        // The role that ParallelCluster makes has it all the same.
        (&head, v3("OnNodeStart"), stacks, "warning"),
    ];
    each(rows, |(arguments, configuration, action, expected)| {
        let (severity, report) = without(action, arguments, &configuration);
        assert_eq!(severity, expected, "{configuration}: {report}");
    });
}
