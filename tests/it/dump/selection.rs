//! The roles of a dump: selected, named by a cluster, counted, in order.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{DESCRIBE, SEND, arn, document, dump, encoded, lint, lint_files, managed, of, role};
use crate::common::program::run;
use crate::common::table::each;

#[test]
fn roles_are_selected_by_name_pattern_and_arn() {
    let covered = || [document(&[SEND, DESCRIBE])];
    let all = dump(
        &[],
        &[],
        &[
            role("HpcHead", &covered(), &[]),
            role("HpcNode", &covered(), &[]),
            role("Web", &covered(), &[]),
        ],
        &[],
    );
    let arn = arn("role/Web");
    each(
        [
            ("HpcHead", &["HpcHead"][..]),
            ("Hpc*", &["HpcHead", "HpcNode"]),
            ("Web,HpcNode", &["HpcNode", "Web"]),
            (arn.as_str(), &["Web"]),
        ],
        |(select, expected)| {
            let (run, output) = lint(&all, &["--select", select]);
            assert_eq!(run.code, 0, "{}", run.err);
            let names: Vec<&str> = { output["results"].as_array().unwrap().iter() }
                .map(|r| r["principal"]["name"].as_str().unwrap())
                .collect();
            assert_eq!(names, expected, "{select}");
        },
    );
    let (run, _) = lint(&all, &["--select", "Nobody"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("HpcHead, HpcNode, Web"), "{}", run.err);
}

#[test]
fn other_roles_are_counted_and_nothing_judged_is_no_success() {
    let other = || role("Web", &[document(&["s3:GetObject"])], &[]);
    let options = ["--scheduler", "slurm", "--pcluster-version", "3.14.0"];
    let (run, _) = lint(&dump(&[], &[], &[other()], &[]), &options);
    assert_eq!(run.code, 2, "{}", run.out);
    assert!(run.err.contains("Web"), "{}", run.err);
    let (run, _) = lint(&dump(&[], &[], &[], &[]), &options);
    assert_eq!(run.code, 2, "{}", run.out);
    let head = role(
        "Head",
        &[document(&[
            "ec2:*",
            "s3:*",
            "dynamodb:*",
            "route53:*",
            "cloudformation:*",
            "logs:*",
        ])],
        &[],
    );
    let (_, output) = lint(&dump(&[], &[], &[other(), head], &[]), &options);
    assert_eq!(output["other_roles"][0]["name"], "Web");
    assert!(of(&output, "Head")["reference"]["role"].is_string());
}

#[test]
fn the_configuration_of_a_cluster_names_its_roles() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = "Region: us-east-1
Image: {Os: alinux2023}
HeadNode:
  InstanceType: c5.large
  Networking: {SubnetId: subnet-0123456789abcdef0}
  Iam: {InstanceRole: 'arn:aws:iam::123456789012:role/Named'}
Scheduling:
  Scheduler: slurm
  SlurmQueues:
    - Name: one
      ComputeResources: [{Name: c, InstanceType: c5.large}]
      Networking: {SubnetIds: [subnet-0123456789abcdef0]}
";
    // It grants nothing that a head node needs, and is judged all the same.
    let all = dump(
        &[],
        &[],
        &[
            role("Named", &[document(&["s3:ListAllMyBuckets"])], &[]),
            role("Web", &[document(&["s3:ListAllMyBuckets"])], &[]),
        ],
        &[],
    );
    fs::write(folder.path().join("c.yaml"), cluster).unwrap();
    fs::write(folder.path().join("dump.json"), all.to_string()).unwrap();
    let run = run(
        folder.path(),
        &[
            "lint",
            "--no-config",
            "dump.json",
            "--cluster-config",
            "c.yaml",
            "-f",
            "json",
        ],
    );
    let output: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(run.code, 1, "{}", run.err);
    assert_eq!(of(&output, "Named")["reference"]["role"], "head-node");
    assert_eq!(output["other_roles"][0]["name"], "Web");
}

#[test]
fn lines_are_the_results_in_the_order_of_the_dump() {
    let roles: Vec<Value> = (0..30)
        .map(|at| role(&format!("R{at}"), &[document(&[SEND])], &[]))
        .collect();
    let text = dump(&[], &[], &roles, &[]).to_string();
    let lines = lint_files(&[("dump.json", text.clone())], &["-f", "jsonl"]);
    let whole = lint_files(&[("dump.json", text.clone())], &["-f", "json"]);
    assert_eq!((lines.code, whole.code), (1, 1));
    let read = |line: &str| -> Value { serde_json::from_str(line).unwrap() };
    let mut all: Vec<Value> = lines.out.lines().map(read).collect();
    let mut last = all.pop().unwrap();
    assert_eq!(last["results"], json!([]));
    for (at, line) in all.iter().enumerate() {
        assert_eq!(line["principal"]["name"], format!("R{at}"));
    }
    last["results"] = all.into();
    assert_eq!(last, read(&whole.out), "both formats say the same");
    assert_eq!(
        lines.out,
        lint_files(&[("dump.json", text)], &["-f", "jsonl"]).out
    );
}

#[test]
fn some_hundred_roles_take_seconds() {
    let filler: Vec<String> = (0..40).map(|at| format!("app{at}:Do")).collect();
    let filler: Vec<&str> = filler.iter().map(String::as_str).collect();
    let roles: Vec<Value> = (0..200)
        .map(|at| {
            let own = if at % 2 == 0 {
                document(&filler)
            } else {
                encoded(&document(&filler))
            };
            role(&format!("R{at}"), &[own], &["Shared"])
        })
        .collect();
    let all = dump(
        &[],
        &[],
        &roles,
        &[managed("Shared", &[document(&[SEND, DESCRIBE])])],
    );
    let start = Instant::now();
    let run = lint_files(&[("dump.json", all.to_string())], &["-f", "jsonl"]);
    let took = start.elapsed();
    assert_eq!(run.out.lines().count(), 201, "{}", run.err);
    assert!(took < Duration::from_secs(60), "{took:?}");
}
