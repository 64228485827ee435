//! `lint --cluster-config`, `--also-version`, `--attached` and `reference`, through the program.

mod upgrade;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::common::program::{Run, run};
use crate::common::table::each;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A reference with example values, as a file in a new folder.
fn policy(arguments: &[&str]) -> (tempfile::TempDir, String) {
    let mut all = vec!["reference", "show", "--format", "json"];
    all.extend(arguments);
    let shown = run(&root(), &all);
    assert_eq!(shown.code, 0, "{}", shown.err);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("policy.json"), &shown.out).unwrap();
    (folder, shown.out)
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {} {}", run.out, run.err))
}

fn configuration(name: &str) -> String {
    root()
        .join("fixtures/cluster-config")
        .join(name)
        .to_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_configuration_chooses_the_reference() {
    // file, release asked for, role, then what must be found: release, policy, a feature on, one that is off
    each(
        [
            (
                "torque-2.4.1.ini",
                None,
                "user",
                "2.4.1",
                "ParallelClusterUserPolicy",
                "fsx",
                "efs",
            ),
            (
                "sge-2.11.4.ini",
                Some("2.11.4"),
                "instance",
                "2.11.4",
                "ParallelClusterInstancePolicy",
                "",
                "fsx",
            ),
            (
                "awsbatch-2.10.0.ini",
                Some("2.10"),
                "user",
                "2.10.4",
                "ParallelClusterUserPolicy",
                "",
                "fsx",
            ),
            (
                "slurm-fsx-3.1.yaml",
                Some("3.1"),
                "user",
                "3.1.5",
                "Base pcluster user policy",
                "fsx",
                "login-nodes",
            ),
            (
                "slurm-login-nodes-3.7.yaml",
                Some("3.7"),
                "user",
                "3.7.2",
                "ParallelClusterClusterPolicy",
                "login-nodes",
                "fsx",
            ),
            (
                "awsbatch-3.14.yaml",
                Some("3.14.0"),
                "user",
                "3.14.0",
                "Base pcluster user policy",
                "",
                "fsx",
            ),
            (
                "awsbatch-3.14.yaml",
                None,
                "head-node",
                "3.15.1",
                "Head node IAM role (AWS Batch)",
                "",
                "fsx",
            ),
        ],
        |(file, asked, role, release, policies, on, off)| {
            let file = configuration(file);
            let folder = tempfile::tempdir().unwrap();
            let everything = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
            fs::write(folder.path().join("policy.json"), everything).unwrap();
            let mut arguments = vec![
                "lint",
                "policy.json",
                "--cluster-config",
                &file,
                "--role",
                role,
            ];
            arguments.extend(["--format", "json"]);
            if let Some(asked) = asked {
                arguments.extend(["--pcluster-version", asked]);
            }
            let run = run(folder.path(), &arguments);
            let report = json(&run);
            let result = &report["results"][0];
            let reference = &result["reference"];
            assert_eq!(reference["pcluster_version"], release, "{file}");
            assert_eq!(reference["policy"], policies, "{file}");
            let features: Vec<&str> = reference["features"]
                .as_array()
                .unwrap()
                .iter()
                .map(|f| f.as_str().unwrap())
                .collect();
            assert!(
                on.is_empty() || features.contains(&on),
                "{file}: {features:?}"
            );
            assert!(!features.contains(&off), "{file}: {features:?}");
            let rows = result["requirements"].as_array().unwrap();
            let of = |name: &str| rows.iter().filter(|r| r["feature"] == name).count();
            assert!(on.is_empty() || of(on) > 0, "{file}: no row needs {on}");
            assert_eq!(of(off), 0, "{file}: rows for {off}");
            assert!(rows.iter().all(|r| r["verdict"] == "covered"), "{file}");
            let taken = result["cluster_config"]["taken"].as_array().unwrap();
            assert!(
                taken
                    .iter()
                    .any(|t| t["what"] == "scheduler" && t["value"] == reference["scheduler"]),
                "{file}: {taken:?}"
            );
            for fact in taken {
                let from = fact["from"].as_str().unwrap();
                assert!(from.starts_with(file.as_str()), "{from}");
            }
        },
    );
}

#[test]
fn another_role_or_bucket_than_the_policy_allows_is_found() {
    let region = ["--region", "eu-west-3", "--account", "123456789012"];
    let mut show = vec![
        "--role",
        "user",
        "--scheduler",
        "slurm",
        "--pcluster-version",
        "3.6.0",
    ];
    show.extend(["--feature", "iam-restricted"]);
    show.extend(region);
    let role = "CustomIamRoleArns=arn:aws:iam::123456789012:role/hpc/head,arn:aws:iam::123456789012:role/hpc/compute,arn:aws:iam::123456789012:role/hpc/functions";
    show.extend(["--set", role]);
    let (folder, text) = policy(&show);
    assert!(text.contains("role/hpc/functions"), "{text}");
    let file = configuration("iam-restricted.yaml");
    let lint = [
        "lint",
        "policy.json",
        "--cluster-config",
        &file,
        "--role",
        "user",
        "--pcluster-version",
        "3.6.0",
        "--format",
        "json",
    ];
    let good = run(folder.path(), &lint);
    assert_eq!(good.code, 0, "{}{}", good.out, good.err);
    let renamed = text.replace("role/hpc/functions", "role/hpc/function");
    fs::write(folder.path().join("policy.json"), renamed).unwrap();
    let bad = run(folder.path(), &lint);
    assert_eq!(bad.code, 1, "{}{}", bad.out, bad.err);
    let witness = "arn:aws:iam::123456789012:role/hpc/functions";
    let findings = &json(&bad)["results"][0]["findings"];
    let found = findings
        .as_array()
        .unwrap()
        .iter()
        .any(|f| f["witness"]["resource"] == witness);
    assert!(found, "{findings:#}");

    let show = [
        "--role",
        "instance",
        "--scheduler",
        "awsbatch",
        "--pcluster-version",
        "2.10.0",
        "--region",
        "cn-north-1",
        "--account",
        "123456789012",
        "--set",
        "ResourcesS3Bucket=render-frame",
        "--set",
        "StackName=parallelcluster-render",
    ];
    let (folder, _) = policy(&show);
    let file = configuration("awsbatch-2.10.0.ini");
    let lint = [
        "lint",
        "policy.json",
        "--cluster-config",
        &file,
        "--role",
        "instance",
        "--pcluster-version",
        "2.10.0",
        "--format",
        "json",
    ];
    let bad = run(folder.path(), &lint);
    let findings = &json(&bad)["results"][0]["findings"];
    let found = findings.as_array().unwrap().iter().any(|f| {
        f["witness"]["resource"]
            .as_str()
            .is_some_and(|r| r.starts_with("arn:aws-cn:s3:::render-frames/"))
    });
    assert!(bad.code == 1 && found, "{findings:#}");
}

#[test]
fn a_configuration_that_cannot_be_read_is_drawn_where_it_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::write(
        at.join("policy.json"),
        r#"{"Version":"2012-10-17","Statement":[]}"#,
    )
    .unwrap();
    fs::write(
        at.join("bad.yaml"),
        "Region: eu-west-1\nScheduling:\n  Scheduler: [slurm\n",
    )
    .unwrap();
    fs::write(
        at.join("pbs.yaml"),
        "Region: eu-west-1\nScheduling:\n  Scheduler: pbs\n",
    )
    .unwrap();
    each(
        [
            ("bad.yaml", "bad.yaml:"),
            ("pbs.yaml", "pbs.yaml:3:14"),
            ("none.yaml", "there is no such file"),
            (".", "directory"),
        ],
        |(file, words)| {
            let run = run(at, &["lint", "policy.json", "--cluster-config", file]);
            assert_eq!(run.code, 2, "{file}: {}{}", run.out, run.err);
            assert!(run.err.contains(words), "{file}: {}", run.err);
            assert_eq!(run.out, "");
        },
    );
}

/// CloudFormation passes each of them with the permissions of the user.
#[test]
fn the_user_passes_each_role_that_the_configuration_names() {
    let show = [
        "--role",
        "user",
        "--scheduler",
        "slurm",
        "--pcluster-version",
        "3.15.0",
        "--region",
        "us-east-1",
        "--account",
        "123456789012",
        "--feature",
        "iam-privileged",
    ];
    let (folder, text) = policy(&show);
    let own = "InstanceRole: arn:aws:iam::123456789012:role/own";
    each(
        [
            ("head node", own, "", "", ""),
            ("queue", "", own, "", ""),
            ("pool of login nodes", "", "", own, ""),
            (
                "functions",
                "",
                "",
                "",
                "LambdaFunctionsRole: arn:aws:iam::123456789012:role/own",
            ),
        ],
        |(place, head, queue, pool, functions)| {
            let configuration = format!(
                r"
Region: us-east-1
Image: {{Os: alinux2023}}
HeadNode:
  InstanceType: c5.large
  Networking: {{SubnetId: subnet-0123456789abcdef0}}
  Iam: {{{head}}}
Scheduling:
  Scheduler: slurm
  SlurmQueues:
    - Name: a
      ComputeResources: [{{Name: ca, InstanceType: c5.large}}]
      Networking: {{SubnetIds: [subnet-0123456789abcdef0]}}
      Iam: {{{queue}}}
LoginNodes:
  Pools:
    - Name: p
      Count: 1
      InstanceType: c5.large
      Networking: {{SubnetIds: [subnet-0123456789abcdef0]}}
      Iam: {{{pool}}}
Iam:
  Roles: {{{functions}}}
"
            );
            fs::write(folder.path().join("cluster.yaml"), configuration).unwrap();
            let passed = |role: &str| {
                let more = format!(
                    r#""Statement": [{{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::123456789012:role/{role}"}},"#
                );
                let text = text.replacen("\"Statement\": [", &more, 1);
                fs::write(folder.path().join("policy.json"), text).unwrap();
                let lint = [
                    "lint",
                    "policy.json",
                    "--cluster-config",
                    "cluster.yaml",
                    "--role",
                    "user",
                    "--pcluster-version",
                    "3.15.0",
                    "--account",
                    "123456789012",
                    "--format",
                    "json",
                ];
                let run = run(folder.path(), &lint);
                assert!(run.err.is_empty(), "{place}: {}", run.err);
                let findings = json(&run)["results"][0]["findings"].clone();
                findings.as_array().unwrap().iter().any(|f| {
                    f["severity"] == "error"
                        && f["witness"]["action"] == "iam:PassRole"
                        && f["witness"]["resource"] == "arn:aws:iam::123456789012:role/own"
                })
            };
            assert!(passed("other"), "{place}");
            assert!(!passed("own"), "{place}");
        },
    );
}
