//! Why something is required, through the program: reasons by feature, what AWS's policies lack, buckets of the nodes.

use std::fs;
use std::path::Path;

use crate::common::program::{Run, run};
use crate::common::role::statement_with;
use crate::common::table::each;
use serde_json::{Value, json};

fn in_folder(files: &[(&str, &str)], arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    run(folder.path(), arguments)
}

fn here(arguments: &[&str]) -> Run {
    run(Path::new(env!("CARGO_MANIFEST_DIR")), arguments)
}

fn findings(run: &Run) -> Vec<Value> {
    let report: Value =
        serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {} {}", run.out, run.err));
    let results = report["results"].as_array().unwrap().iter();
    results
        .flat_map(|result| result["findings"].as_array().unwrap().clone())
        .collect()
}

const ALL: &str = r#"{"Version":"2012-10-17","Statement":[
  {"Effect":"Allow","NotAction":"s3:*","Resource":"*"},
  {"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::BUCKET*"},
  {"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::*-aws-parallelcluster/*","arn:aws:s3:::dcv-license.*/*","arn:aws:s3:::parallelcluster-*/*"]}
]}"#;

const BUCKETS: &str = "\
Region: eu-north-1
HeadNode:
  Iam:
    S3Access:
      - BucketName: ocean-models
        KeyName: inputs/*
      - BucketName: ocean-results
        EnableWriteAccess: true
Scheduling:
  Scheduler: slurm
";

#[test]
fn buckets_of_a_3x_head_node_are_required() {
    let lint = |bucket: &str, configuration: &str| {
        in_folder(
            &[
                ("policy.json", &ALL.replace("BUCKET", bucket)),
                ("cluster.yaml", configuration),
            ],
            &[
                "lint",
                "policy.json",
                "--cluster-config",
                "cluster.yaml",
                "--pcluster-version",
                "3.14.0",
                "--role",
                "head-node",
                "--format",
                "json",
            ],
        )
    };
    let of_buckets = |run: &Run| -> Vec<String> {
        let missing = findings(run).into_iter().filter(|f| {
            let sid = f["reference_sid"].as_str().unwrap_or_default();
            ["missing-action", "partial-resource"].contains(&f["lint"].as_str().unwrap())
                && ["S3Read", "S3ReadWrite"].contains(&sid)
        });
        missing
            .map(|f| f["witness"]["resource"].to_string())
            .collect()
    };
    let other = lint("another", BUCKETS);
    let refused = of_buckets(&other).concat();
    assert!(refused.contains("ocean-models/inputs/"), "{}", other.out);
    assert!(refused.contains("ocean-results"), "{}", other.out);
    // Granted, and with no such entries, nothing of it is asked for.
    let same = lint("ocean-", BUCKETS);
    assert_eq!(of_buckets(&same), Vec::<String>::new(), "{}", same.out);
    let none = lint("another", &BUCKETS.replace("Iam:", "Unread:"));
    assert_eq!(of_buckets(&none), Vec::<String>::new(), "{}", none.out);
    // Only one of the two: the other bucket is not asked for.
    let read = lint(
        "another",
        &BUCKETS.replace("EnableWriteAccess: true", "KeyName: a/*"),
    );
    let of_read = findings(&read).into_iter();
    let writing = of_read.filter(|f| f["reference_sid"] == "S3ReadWrite");
    assert_eq!(writing.count(), 0, "{}", read.out);
    assert!(
        of_buckets(&read).concat().contains("ocean-"),
        "{}",
        read.out
    );
}

#[test]
fn the_reason_is_that_of_the_feature() {
    let shown = |feature: &str, role: &str, release: &str| {
        let shown = here(&[
            "reference",
            "show",
            "--scheduler",
            "slurm",
            "--role",
            role,
            "--pcluster-version",
            release,
            "--feature",
            feature,
        ]);
        assert_eq!(shown.code, 0, "{}", shown.err);
        shown.out
    };
    each(
        [
            (
                "instance",
                "2.11.3",
                "the nodes read the bucket that `s3_read_resource` names",
                "the nodes read and write the bucket that `s3_read_write_resource` names",
            ),
            (
                "head-node",
                "3.11.1",
                "the head node reads the buckets that the configuration lists under `Iam/S3Access`",
                "with `EnableWriteAccess`",
            ),
        ],
        |(role, release, read, write)| {
            let reading = shown("s3-read-access", role, release);
            assert!(reading.contains(read), "{reading}");
            assert!(!reading.contains(write), "{reading}");
            let writing = shown("s3-write-access", role, release);
            assert!(writing.contains(write), "{writing}");
            assert!(!writing.contains(read), "{writing}");
        },
    );
}

#[test]
fn what_is_no_longer_required_was_needed_for_what_the_first_release_says() {
    let diff = here(&[
        "reference",
        "diff",
        "2.11.4",
        "3.0.0",
        "--role",
        "head-node",
        "--format",
        "json",
    ]);
    let diff: Value = serde_json::from_str(&diff.out).unwrap();
    let changes = diff["changes"].as_array().unwrap();
    let reason = |action: &str| {
        let change = changes.iter().find(|c| c["action"] == action).unwrap();
        change["needed_for"].as_str().unwrap().to_owned()
    };
    // The head node of 3.0.0 does not ask for it; its own reason speaks of custom actions.
    let stacks = reason("cloudformation:DescribeStacks");
    assert!(stacks.contains("nothing that runs on a node"), "{stacks}");
    assert!(!reason("dynamodb:DeleteItem").contains("3.0.x"));
    // What both ask for has the second release's reason.
    assert!(reason("iam:PassRole").contains("passes their role to the compute nodes"));
}

#[test]
fn explain_tells_what_policies_lack() {
    each(
        [
            (
                "iam:ListAttachedRolePolicies",
                "also needed for role image-build-lambda, releases 3.0.0 to 3.13.2",
            ),
            (
                "logs:PutLogEvents",
                "also needed for role instance (awsbatch), releases 2.6.0 to 2.11.9\n  only with CloudWatch Logs",
            ),
            (
                "tag:GetResources",
                "also needed for role user (slurm), releases 3.16.0 to 3.16.3",
            ),
            (
                "lambda:TagResource",
                "releases 3.0.0 to 3.1.3\n  on arn:${Partition}:lambda",
            ),
        ],
        |(action, wanted)| {
            let explained = here(&["explain", action]);
            assert_eq!(explained.code, 0, "{action}: {}", explained.err);
            assert!(explained.out.contains(wanted), "{}", explained.out);
            assert!(
                explained.out.contains("source: https://"),
                "{}",
                explained.out
            );
        },
    );
    assert_eq!(here(&["explain", "ec2:Nonsense"]).code, 2);
}

/// The policy that AWS publishes has these two only under a Condition that no longer holds.
#[test]
fn a_permission_missing_without_its_condition_is_granted_without_one() {
    let shown = here(&[
        "reference",
        "show",
        "--scheduler",
        "slurm",
        "--role",
        "user",
        "--pcluster-version",
        "3.11.1",
        "--feature",
        "login-nodes",
        "--region",
        "us-east-1",
        "--account",
        "123456789012",
        "--format",
        "json",
    ]);
    let mut policy: Value = serde_json::from_str(&shown.out).unwrap();
    let two = json!([
        "elasticloadbalancing:CreateListener",
        "elasticloadbalancing:CreateTargetGroup"
    ]);
    let about = |policy: &Value| {
        let lint = in_folder(
            &[("policy.json", &policy.to_string())],
            &[
                "lint",
                "policy.json",
                "--scheduler",
                "slurm",
                "--role",
                "user",
                "--pcluster-version",
                "3.11.1",
                "--feature",
                "login-nodes",
                "--format",
                "json",
            ],
        );
        let all = findings(&lint).into_iter();
        let about = all.filter(|f| f["actions"] == two);
        about
            .map(|f| (f["lint"].to_string(), f["message"].to_string()))
            .collect::<Vec<_>>()
    };
    let published = about(&policy);
    assert_eq!(published.len(), 1, "{published:?}");
    assert_eq!(published[0].0, "\"known-gap\"");
    assert!(
        published[0].1.contains("granted only under a Condition"),
        "{published:?}"
    );
    let statements = policy["Statement"].as_array_mut().unwrap();
    statements.push(json!({"Sid": "Gap", "Effect": "Allow", "Action": two, "Resource": "*"}));
    assert_eq!(about(&policy), []);
}

#[test]
fn help_for_a_dropped_scheduler_names_only_options_of_the_command() {
    each(
        [
            ["reference", "diff", "3.14.0", "3.16.0"].as_slice(),
            &["reference", "show", "--pcluster-version", "3.16.0"],
        ],
        |arguments| {
            let mut all = arguments.to_vec();
            all.extend(["--role", "head-node", "--scheduler", "awsbatch"]);
            let asked = here(&all);
            assert_eq!(asked.code, 2);
            let said = "`awsbatch` was dropped in 3.16.0; the last release with it is 3.15.1";
            assert!(asked.err.contains(said), "{}", asked.err);
            let help = "ParallelCluster 3.16.0 has: slurm; with `awsbatch` ask for 3.15.1 or older";
            assert!(asked.err.contains(help), "{}", asked.err);
        },
    );
}

/// The documented policies of 3.15 and 3.16 are the same, and one call of 3.16 is in neither.
#[test]
fn an_upgrade_tells_what_the_policies_lack() {
    let diff = |more: &[&str]| {
        let mut all = vec!["reference", "diff", "3.15.0", "3.16.0", "--role", "user"];
        all.extend(more);
        here(&all)
    };
    let text = diff(&[]).out;
    assert!(
        text.contains("nothing changes in the policies that AWS publishes\n"),
        "{text}"
    );
    assert!(
        text.contains("second release:\n  tag:GetResources (only with login nodes)\n    + on *\n"),
        "{text}"
    );
    let none = diff(&["--feature", "none"]).out;
    assert!(none.ends_with("\nnothing changes\n"), "{none}");
    let read = diff(&["--format", "json"]).out;
    let read: Value = serde_json::from_str(&read).unwrap();
    assert_eq!(read["changes"], json!([]));
    assert_eq!(read["known_gaps"][0]["action"], "tag:GetResources");

    let with = [
        "--scheduler",
        "slurm",
        "--role",
        "user",
        "--pcluster-version",
        "3.15.0",
        "--feature",
        "login-nodes",
        "--region",
        "us-east-1",
        "--account",
        "123456789012",
    ];
    let mut show = vec!["reference", "show", "--format", "json"];
    show.extend(with);
    let policy = here(&show).out;
    let upgrade = |more: &[&str]| {
        let mut lint = vec!["lint", "policy.json", "--also-version", "3.16.0"];
        lint.extend(["--format", "json"]);
        lint.extend(with);
        lint.extend(more);
        let report = in_folder(&[("policy.json", &policy)], &lint);
        assert_eq!(report.code, 0, "{}{}", report.out, report.err);
        let report: Value = serde_json::from_str(&report.out).unwrap();
        report["results"][0]["upgrade"]["findings"].clone()
    };
    let found = upgrade(&[]);
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found[0]["lint"], "known-gap");
    assert_eq!(found[0]["actions"], json!(["tag:GetResources"]));
    assert_eq!(upgrade(&["--off", "known-gap"]), json!([]));
    assert_eq!(upgrade(&["--note", "known-gap"])[0]["severity"], "note");
}

/// What has the Condition is lacking in the releases that have the statement, and in no other.
#[test]
fn a_gap_is_reported_for_the_releases_that_have_it() {
    let gaps = |release: &str| {
        let lint = in_folder(
            &[("policy.json", r#"{"Version":"2012-10-17","Statement":[]}"#)],
            &[
                "lint",
                "policy.json",
                "--scheduler",
                "slurm",
                "--role",
                "user",
                "--pcluster-version",
                release,
                "--feature",
                "login-nodes",
                "--format",
                "json",
            ],
        );
        let all = findings(&lint).into_iter();
        all.filter(|f| {
            f["lint"] == "known-gap" && f["actions"][0] == "elasticloadbalancing:CreateListener"
        })
        .count()
    };
    each(
        [
            ("3.6.1", 0),
            ("3.7.0", 1),
            ("3.12.0", 1),
            ("3.14.2", 1),
            ("3.15.0", 1),
        ],
        |(release, count)| {
            assert_eq!(gaps(release), count, "{release}");
        },
    );
}

/// A known gap says how much of it is missing: all, a part, or what a Condition or a Deny takes.
#[test]
fn a_gap_says_which_part_is_missing() {
    let volumes = "arn:aws:ec2:us-east-1:123456789012:volume/*";
    let instances = "arn:aws:ec2:us-east-1:123456789012:instance/*";
    let allow = |more: Value| {
        let mut statement = statement_with(&more);
        statement["Action"] = json!("ec2:DetachVolume");
        statement
    };
    let other = json!({"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"});
    let vpc = json!({"StringEquals": {"aws:SourceVpc": "vpc-0123abcd"}});
    let part = "is not granted on all required resources (gap on";
    let (no_instance, no_volume) = (format!("{part} `instance`)"), format!("{part} `volume`)"));
    let table = [
        (json!([other]), Some("is not granted")),
        (
            json!([allow(json!({"Resource": volumes}))]),
            Some(no_instance.as_str()),
        ),
        (
            json!([allow(json!({"Resource": instances}))]),
            Some(no_volume.as_str()),
        ),
        (
            json!([allow(json!({"Condition": vpc}))]),
            Some("is granted only under a Condition"),
        ),
        (
            json!([allow(json!({})), allow(json!({"Effect": "Deny"}))]),
            Some("is denied"),
        ),
        (
            json!([allow(json!({"Resource": [volumes, instances]}))]),
            None,
        ),
    ];
    for (statements, words) in table {
        let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let options = ["--region", "us-east-1", "--account", "123456789012"];
        let fixed = [
            "lint",
            "p.json",
            "--role",
            "head-node",
            "--scheduler",
            "slurm",
            "--pcluster-version",
            "3.14.0",
            "-f",
            "json",
        ];
        let got = in_folder(&[("p.json", &policy)], &[&fixed[..], &options].concat());
        let all = findings(&got).into_iter();
        let mut gaps =
            all.filter(|f| f["lint"] == "known-gap" && f["actions"] == json!(["ec2:DetachVolume"]));
        let gap = gaps.next();
        let message = gap.as_ref().map(|f| f["message"].as_str().unwrap());
        let expected = words.map(|words| format!("`ec2:DetachVolume` {words}"));
        assert_eq!(message, expected.as_deref(), "{policy}");
    }
}
