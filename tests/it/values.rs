//! Placeholders that stand for several values, layers that are not at fault, and roles that no ARN can be.

use std::fs;
use std::time::{Duration, Instant};

use crate::common::program::{Run, run};
use crate::common::role;
use crate::common::table::each;
use serde_json::{Value, json};

/// Judges an Allow on some resources, with options.
fn lint(allow: &[&str], resources: &Value, options: &[&str]) -> (Run, Value) {
    let folder = tempfile::tempdir().unwrap();
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": allow, "Resource": resources},
    ]});
    fs::write(folder.path().join("p.json"), policy.to_string()).unwrap();
    let all = [&["lint", "p.json", "--format", "json"], options].concat();
    let run = run(folder.path(), &all);
    let report = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{}", run.err));
    (run, report)
}

fn findings<'r>(report: &'r Value, lint: &str) -> Vec<&'r Value> {
    let all = report["results"][0]["findings"].as_array().unwrap();
    all.iter().filter(|f| f["lint"] == lint).collect()
}

const FSX: [&str; 8] = [
    "--role",
    "user",
    "--scheduler",
    "slurm",
    "--pcluster-version",
    "3.6.1",
    "--feature",
    "fsx-s3",
];

#[test]
fn a_placeholder_has_one_value_at_a_time_wherever_it_stands() {
    let resource = format!("arn:aws:s3:::{}", "${Region}x".repeat(18));
    let begun = Instant::now();
    let options = [
        "--role",
        "instance",
        "--scheduler",
        "torque",
        "--set",
        "Region=us-east-1,us-east-2",
    ];
    lint(&["s3:GetObject"], &json!(resource), &options);
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn more_strings_than_are_judged_are_undecided_by_their_values() {
    let values: Vec<String> = (0..150).map(|n| format!("arn:aws:s3:::b{n}")).collect();
    let values = format!("FsxS3BucketArns={}", values.join(","));
    let regions: Vec<String> = (0..150).map(|n| format!("r-{n}")).collect();
    let regions = format!("Region={}", regions.join(","));
    let options = [&FSX[..], &["--set", &values, "--set", &regions]].concat();
    let begun = Instant::now();
    let resource = json!("${FsxS3BucketArns}/${Region}/*");
    let (run, report) = lint(&["s3:GetObject"], &resource, &options);
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(run.code, 2);
    let found = findings(&report, "undecided");
    assert_eq!(found.len(), 1, "{report:#}");
    let message = found[0]["message"].as_str().unwrap();
    assert!(message.contains("combination"), "{message}");
}

#[test]
fn a_string_with_several_values_is_one_string() {
    let set = "FsxS3BucketArns=arn:aws:s3:::a,arn:aws:s3:::b";
    let options = [&FSX[..], &["--set", set]].concat();
    let (_, report) = lint(
        &["s3:GetObject"],
        &json!(["${FsxS3BucketArns}/*", "arn:aws:s3:::c"]),
        &options,
    );
    assert!(
        findings(&report, "redundant-entry").is_empty(),
        "{report:#}"
    );
    // One of two values is covered by the other string, and with it not all.
    let (_, report) = lint(
        &["s3:GetObject"],
        &json!(["${FsxS3BucketArns}/*", "arn:aws:s3:::a/*"]),
        &options,
    );
    let found = findings(&report, "redundant-entry");
    assert_eq!(found.len(), 1, "{report:#}");
    let text = found[0].to_string();
    assert!(text.contains("arn:aws:s3:::a/*"), "{text}");
    // No one string can be put in its place.
    let left = findings(&report, "unreplaced-placeholder");
    assert!(!left.is_empty());
    assert!(
        left.iter()
            .all(|f| f["fixes"].as_array().is_none_or(Vec::is_empty)),
        "{left:?}"
    );
}

#[test]
fn missing_permissions_of_a_role_are_reported_in_its_own_policy() {
    let folder = tempfile::tempdir().unwrap();
    let everything = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    fs::write(folder.path().join("boundary.json"), everything).unwrap();
    let text = role::fixture("examples/head-node.json");
    fs::write(folder.path().join("p.json"), text).unwrap();
    let options = [
        "lint",
        "p.json",
        "--role",
        "instance",
        "--scheduler",
        "torque",
        "--format",
        "json",
        "--boundary",
        "boundary.json",
        "--scp",
        "boundary.json",
    ];
    let report: Value = serde_json::from_str(&run(folder.path(), &options).out).unwrap();
    let found = findings(&report, "missing-action");
    assert!(!found.is_empty());
    for finding in found {
        let text = finding.to_string();
        assert!(!text.contains("boundary.json"), "{text}");
    }
}

#[test]
fn no_role_is_reached_by_arns_of_other_services() {
    let options = ["--role", "instance", "--scheduler", "torque"];
    let reached = |resources: Value| {
        let (_, report) = lint(&["iam:PassRole", "s3:GetObject"], &resources, &options);
        findings(&report, "privilege-escalation").len()
    };
    assert_eq!(
        reached(json!([
            "arn:aws:s3:::*",
            "arn:aws:iam::123456789012:role/parallelcluster-*"
        ])),
        0
    );
    assert_eq!(reached(json!(["arn:aws:sqs:us-east-1:123456789012:*"])), 0);
    each(
        [
            "*",
            "arn:aws:iam::123456789012:role/*",
            "arn:aws:iam::*:*",
            "arn:aws:*:*:*:*",
        ],
        |every| {
            assert_eq!(reached(json!(["arn:aws:s3:::*", every])), 1, "{every}");
        },
    );
}
