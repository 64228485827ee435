//! Upgrades, features and managed policies of a configured cluster.

use std::fs;

use super::{json, policy, root};
use crate::common::program::run;
use crate::common::table::each;

#[test]
fn an_upgrade_says_what_will_lack_and_changes_no_exit_code() {
    let (folder, _) = policy(&[
        "--role",
        "head-node",
        "--scheduler",
        "slurm",
        "--pcluster-version",
        "3.2.0",
        "--region",
        "us-east-1",
        "--account",
        "123456789012",
        "--set",
        "SecretId=s",
    ]);
    let lint = [
        "lint",
        "policy.json",
        "--role",
        "head-node",
        "--scheduler",
        "slurm",
        "--pcluster-version",
        "3.2.0",
        "--set",
        "SecretId=s",
        "--feature",
        "directory-service",
        "--also-version",
        "3.16",
    ];
    let text = run(folder.path(), &lint);
    assert_eq!(text.code, 0, "{}{}", text.out, text.err);
    assert!(
        text.out
            .contains("after an upgrade, these permissions are missing too"),
        "{}",
        text.out
    );
    let mut with_json = lint.to_vec();
    with_json.extend(["--format", "json"]);
    let run_json = run(folder.path(), &with_json);
    let upgrade = &json(&run_json)["results"][0]["upgrade"];
    assert_eq!(upgrade["reference"]["pcluster_version"], "3.16.3");
    let lacking: Vec<&str> = upgrade["findings"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|f| f["actions"].as_array().unwrap())
        .map(|a| a.as_str().unwrap())
        .collect();
    assert!(lacking.contains(&"dynamodb:BatchGetItem"), "{lacking:?}");
}

#[test]
fn managed_policies_are_named_until_they_are_given() {
    let (folder, _) = policy(&[
        "--role",
        "compute-node",
        "--scheduler",
        "slurm",
        "--pcluster-version",
        "3.14.0",
        "--region",
        "us-gov-east-1",
        "--account",
        "123456789012",
    ]);
    let lint = |more: &[&str]| {
        let mut all = vec![
            "lint",
            "policy.json",
            "--role",
            "compute-node",
            "--scheduler",
            "slurm",
            "--pcluster-version",
            "3.14.0",
            "--region",
            "us-gov-east-1",
            "--format",
            "json",
        ];
        all.extend(more);
        json(&run(folder.path(), &all))["results"][0]["not_checked"].to_string()
    };
    let agent = "managed-policy:arn:aws-us-gov:iam::aws:policy/CloudWatchAgentServerPolicy";
    assert!(lint(&[]).contains(agent), "{}", lint(&[]));
    let attached = "arn:aws-us-gov:iam::aws:policy/CloudWatchAgentServerPolicy";
    assert!(!lint(&["--attached", attached]).contains(agent));
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":"*"}}"#;
    fs::write(folder.path().join("CloudWatchAgentServerPolicy.json"), text).unwrap();
    assert!(!lint(&["CloudWatchAgentServerPolicy.json"]).contains(agent));
    let bad = run(
        folder.path(),
        &[
            "lint",
            "policy.json",
            "--scheduler",
            "slurm",
            "--attached",
            "CloudWatchAgentServerPolicy",
        ],
    );
    assert!(
        bad.code == 2 && bad.err.contains("--attached"),
        "{}",
        bad.err
    );
}

#[test]
fn features_decide_what_is_required() {
    let file = root().join("fixtures/lints/feature-gap/bad.json");
    let lint = |feature: &[&str]| {
        let mut all = vec![
            "lint",
            file.to_str().unwrap(),
            "--role",
            "user",
            "--scheduler",
            "slurm",
        ];
        all.extend(["--format", "json"]);
        all.extend(feature);
        let run = run(&root(), &all);
        let report = json(&run);
        let findings = report["results"][0]["findings"].as_array().unwrap().clone();
        let lints: Vec<String> = findings
            .iter()
            .map(|f| f["lint"].as_str().unwrap().to_owned())
            .collect();
        (run.code, lints)
    };
    let (code, lints) = lint(&[]);
    assert!(
        code == 0 && lints.contains(&"feature-gap".to_owned()),
        "{code} {lints:?}"
    );
    let (code, lints) = lint(&["--feature", "fsx"]);
    assert!(
        code == 1 && lints.contains(&"missing-action".to_owned()),
        "{code} {lints:?}"
    );
    let (code, lints) = lint(&["--feature", "none"]);
    assert!(
        code == 0 && !lints.contains(&"feature-gap".to_owned()),
        "{code} {lints:?}"
    );
    each(
        [
            ("fxs", "did you mean `fsx`"),
            (
                "iam-privileged,iam-restricted",
                "either `iam-privileged` or `iam-restricted`",
            ),
        ],
        |(feature, words)| {
            let bad = run(
                &root(),
                &[
                    "lint",
                    file.to_str().unwrap(),
                    "--scheduler",
                    "slurm",
                    "--feature",
                    feature,
                ],
            );
            assert!(bad.code == 2 && bad.err.contains(words), "{}", bad.err);
        },
    );
}

#[test]
fn the_policies_are_listed_and_compared() {
    let list = run(&root(), &["reference", "list", "--format", "json"]);
    let list = json(&list);
    let policies = list["policies"].as_array().unwrap();
    assert!(policies.len() > 130, "{}", policies.len());
    for policy in policies {
        let file = root().join(policy["file"].as_str().unwrap());
        assert!(file.exists(), "{}", file.display());
    }
    let of = run(
        &root(),
        &[
            "reference",
            "list",
            "--pcluster-version",
            "3.6.0",
            "--role",
            "user",
        ],
    );
    assert!(
        of.out.contains("Base pcluster user policy") || of.out.contains("user:"),
        "{}",
        of.out
    );
    let diff = run(
        &root(),
        &["reference", "diff", "3.2.0", "3.3.0", "--role", "head-node"],
    );
    assert!(diff.out.contains("ec2:CreateFleet"), "{}", diff.out);
    let same = run(
        &root(),
        &["reference", "diff", "3.2.0", "3.2.1", "--role", "head-node"],
    );
    assert!(same.out.contains("nothing changes"), "{}", same.out);
    let explain = run(&root(), &["explain", "ec2:AttachVolume"]);
    assert!(
        explain.out.contains("required for role head-node"),
        "{}",
        explain.out
    );
    assert!(
        explain.out.contains("required for role instance"),
        "{}",
        explain.out
    );
}
