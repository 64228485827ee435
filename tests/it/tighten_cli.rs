//! `pcluster-iam tighten` as users call it: what it prints, writes and says, and what it leaves alone.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::role;
use crate::common::table::each;
use serde_json::{Value, json};
use tempfile::TempDir;

struct Run {
    code: i32,
    out: String,
    err: String,
}

const GIVEN: [&str; 4] = ["--role", "instance", "--scheduler", "torque"];
const PLACE: [&str; 4] = ["--region", "us-east-1", "--account", "123456789012"];

fn run(folder: &Path, arguments: &[&str], input: &str) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pcluster-iam"))
        .arg("tighten")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// One policy written to `p.json` and narrowed with `--write`: what it says, and the file afterwards.
struct Written {
    folder: TempDir,
    said: String,
    text: String,
}

fn write(policy: &str, more: &[&str]) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.json");
    fs::write(&file, policy).unwrap();
    let arguments = [&["p.json", "--write"][..], more].concat();
    let found = run(folder.path(), &arguments, "");
    assert_eq!((found.code, found.out.as_str()), (0, ""), "{}", found.err);
    let text = fs::read_to_string(&file).unwrap();
    Written {
        folder,
        said: found.err,
        text,
    }
}

fn narrow(policy: &str) -> Written {
    write(policy, &[&GIVEN[..], &PLACE].concat())
}

/// A policy of these statements on one line each.
fn policy(statements: &[Value]) -> String {
    let lines: Vec<String> = statements.iter().map(Value::to_string).collect();
    format!(
        "{{\n\"Version\": \"2012-10-17\",\n\"Statement\": [\n{}\n]\n}}\n",
        lines.join(",\n")
    )
}

fn allow(action: &Value, resource: &Value) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

const QUEUES: &str = "arn:aws:sqs:us-east-1:123456789012:parallelcluster-*";

/// What narrows, so that a file never stays the same only because nothing happens at all.
fn broad() -> Value {
    allow(&json!("sqs:SendMessage"), &json!("*"))
}

fn stays(statement: &Value, why: &str) {
    let text = policy(&[statement.clone(), broad()]);
    let found = narrow(&text);
    let kept = text.replace(
        &broad().to_string(),
        &allow(&json!("sqs:SendMessage"), &json!(QUEUES)).to_string(),
    );
    assert_eq!(found.text, kept, "{}", found.said);
    let mut lines = found.said.lines();
    let told = lines.find(|l| l.starts_with("p.json:4: "));
    if why.is_empty() {
        assert_eq!(told, None);
    } else {
        assert!(told.is_some_and(|l| l.ends_with(why)), "{}", found.said);
    }
}

#[test]
fn some_statements_are_left_alone() {
    let all = json!("*");
    stays(
        &json!({"Effect": "Deny", "Action": "sqs:*", "Resource": "arn:aws:sqs:*:*:other"}),
        "",
    );
    stays(
        &json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
        "statement is still broader than required: `NotAction` allows everything that it does not list; write what is required",
    );
    stays(
        &json!({"Effect": "Allow", "Action": "sqs:SendMessage", "NotResource": "arn:aws:sqs:*:*:other"}),
        "`NotResource` allows everything that it does not list; write what is required",
    );
    stays(
        &allow(
            &json!(["lambda:*", "route53:ChangeResourceRecordSets"]),
            &all,
        ),
        "nothing that it allows is required; remove it unless something else on this role needs it",
    );
    // On a bucket of its own, not on those of ParallelCluster.
    stays(
        &allow(&json!("s3:*"), &json!("arn:aws:s3:::results/*")),
        "nothing that it allows is required; remove it unless something else on this role needs it",
    );
    stays(
        &allow(&json!(["sqs:SendMessage", "sqs:SendMesage"]), &all),
        "the catalogue has no action `sqs:SendMesage`, and what it needs is not known",
    );
    stays(
        &allow(&json!(["sqs:SendMessage", "*:*"]), &all),
        "AWS rejects `*:*`; correct it first",
    );
    // A Condition that nobody can say to hold: what it allows is not sure, and so no finding either.
    stays(
        &json!({"Effect": "Allow", "Action": "sqs:*", "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}),
        "",
    );
    // What is granted on too few fields of an ARN is granted under some readings only.
    stays(&allow(&json!("sqs:SendMessage"), &json!("arn:aws:sqs")), "");
    stays(
        &allow(&json!(["sqs:SendMessage", "ec2:DescribeInstances"]), &all),
        "`ec2:DescribeInstances` can only be allowed on `*`, and all actions of a statement share its resources; split it",
    );
}

#[test]
fn a_condition_that_holds_stays_with_its_statement() {
    let statement = |action: &str, resource: &str| {
        json!({"Effect": "Allow", "Action": action, "Resource": resource,
            "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}})
    };
    let text = policy(&[statement("sqs:SendMessage", "*")]);
    let given = [&GIVEN[..], &PLACE, &["--context", "aws:SourceVpc=vpc-1"]].concat();
    let found = write(&text, &given);
    assert_eq!(found.text, policy(&[statement("sqs:SendMessage", QUEUES)]));
}

#[test]
fn what_has_no_value_is_not_written() {
    let text = policy(&[broad()]);
    let found = write(&text, &GIVEN);
    assert_eq!(found.text, text);
    let told =
        "what is required has a placeholder without a value; give --region REGION --account ID";
    assert!(found.said.contains(told), "{}", found.said);
    assert!(found.said.contains("nothing to narrow\n"), "{}", found.said);
}

#[test]
fn placeholders_of_a_template_stay() {
    let arn = "arn:aws:sqs:${AWS::Region}:<ACCOUNT_ID>:*";
    let text = policy(&[allow(&json!("sqs:SendMessage"), &json!(arn)), broad()]);
    let found = narrow(&text);
    assert!(found.text.contains(arn), "{}", found.text);
    let told = format!("`{arn}` contains a placeholder or a variable, which stays as it is");
    assert!(found.said.contains(&told), "{}", found.said);
}

#[test]
fn unneeded_strings_go_and_the_rest_of_the_text_stays() {
    each([("\n", ""), ("\r\n", "\u{feff}")], |(end, bom)| {
        let text = [
            "{ \"Statement\":",
            "  [ { \"Sid\" : \"A\\u0042\",\t\"Effect\": \"Allow\",",
            "    \"Action\" : [ \"lambda:*\", \"\\u0073qs:SendMessage\",\"sqs:Delete*\"",
            "       , \"iam:CreateUser\" ],  \"Resource\": \"*\" },",
            "    {\"Effect\": \"Deny\", \"Action\": \"sqs:*\", \"Resource\": \"arn:aws:sqs:*:*:not-\\u0061\"} ]",
            "}",
        ];
        let text = format!("{bom}{}", text.join(end));
        let found = narrow(&text);
        let now = text
            .replace("\"lambda:*\", ", "")
            .replace("\"sqs:Delete*\"", "\"sqs:DeleteMessage\"")
            .replace(&format!("{end}       , \"iam:CreateUser\""), "")
            .replace("\"*\" },", &format!("\"{QUEUES}\" }},"));
        assert_eq!(found.text, now, "{}", found.said);
        assert!(
            found.said.contains("p.json:2: statement `AB` narrowed: "),
            "{}",
            found.said
        );
    });
}

#[test]
fn lists_are_written_as_they_were() {
    let both = r#"["sqs:SendMessage","sqs:DeleteMessage"]"#;
    each(
        [
            // Dense, with blanks, in lines.
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"QUEUES"}]}"#,
                r#""Action":["sqs:SendMessage","sqs:"#,
            ),
            (
                r#"{"Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "QUEUES"}]}"#,
                r#""Action": ["sqs:SendMessage", "sqs:"#,
            ),
            (
                "{\n\"Statement\": {\n\t\"Effect\": \"Allow\",\n\t\"Action\": [\"sqs:*\"],\n\t\"Resource\": \"QUEUES\"\n}}",
                "\"Action\": [\n\t\t\"sqs:SendMessage\",\n\t\t\"sqs:",
            ),
            (
                "{\n    \"Statement\": {\n        \"Effect\": \"Allow\",\n        \"Action\": [\n            \"sqs:*\"\n        ],\n        \"Resource\": \"QUEUES\"\n    }\n}",
                "[\n            \"sqs:SendMessage\",\n            \"sqs:",
            ),
        ],
        |(old, new)| {
            let text = old.replace("QUEUES", QUEUES);
            let found = narrow(&text);
            assert!(found.text.contains(new), "{}", found.text);
            let value: Value = serde_json::from_str(&found.text).unwrap();
            assert!(value["Statement"].is_array() || value["Statement"].is_object());
        },
    );
    let text = format!(r#"{{"Statement":[{{"Effect":"Allow","Action":{both},"Resource":"*"}}]}}"#);
    let found = narrow(&text);
    assert_eq!(found.text, text.replace("\"*\"", &format!("\"{QUEUES}\"")));
}

#[test]
fn what_some_clusters_need_stays_by_default() {
    let given = [
        "--role",
        "user",
        "--scheduler",
        "slurm",
        "--pcluster-version",
        "3.11.1",
    ];
    let given = [&given[..], &PLACE].concat();
    let text = policy(&[allow(&json!("s3:*"), &json!("arn:aws:s3:::data/*"))]);
    let none = write(&text, &[&given[..], &["--feature", "none"]].concat());
    assert!(
        none.said.contains("nothing that it allows is required"),
        "{}",
        none.said
    );
    // Of the feature fsx-s3, which nobody speaks of here, and which the first call rules out.
    let given = [&given[..], &["--set", "FsxS3BucketArns=arn:aws:s3:::data"]].concat();
    let open = write(&text, &given);
    let kept = r#"["s3:PutObject","s3:Get*","s3:List*"]"#;
    assert!(open.text.contains(kept), "{}\n{}", open.text, open.said);
}

#[test]
fn another_release_is_kept_too() {
    let text = policy(&[allow(&json!("*"), &json!("*"))]);
    let given = [
        "--role",
        "instance",
        "--scheduler",
        "slurm",
        "--pcluster-version",
        "2.4.1",
    ];
    let given = [&given[..], &PLACE].concat();
    let only = write(&text, &given);
    let both = write(&text, &[&given[..], &["--also-version", "2.11.0"]].concat());
    assert!(
        both.said.contains("and for ParallelCluster 2.11.0\n"),
        "{}",
        both.said
    );
    assert!(
        !only.text.contains("dynamodb:BatchWriteItem"),
        "{}",
        only.text
    );
    assert!(
        both.text.contains("dynamodb:BatchWriteItem"),
        "{}",
        both.text
    );
    let mut lint = Command::new(env!("CARGO_BIN_EXE_pcluster-iam"));
    let lint = lint
        .args([
            "lint",
            "p.json",
            "--role",
            "instance",
            "--scheduler",
            "slurm",
        ])
        .args(["--pcluster-version", "2.11.0"])
        .args(PLACE)
        .current_dir(both.folder.path())
        .output()
        .unwrap();
    let report = String::from_utf8(lint.stdout).unwrap();
    assert_eq!(lint.status.code(), Some(0), "{report}");
}

#[test]
fn the_diff_applies() {
    let text = role::fixture("examples/head-node.json");
    let minified: Value = serde_json::from_str(&text).unwrap();
    for text in [
        text.clone(),
        text.replace('\n', "\r\n"),
        text.trim_end().replace("  ", "\t"),
        minified.to_string(),
        format!("\u{feff}{text}"),
    ] {
        for tool in [
            &["git", "apply", "-p1", "-"][..],
            &["patch", "-p1", "--binary", "-s"],
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path();
            fs::create_dir(path.join("iam")).unwrap();
            let name = "iam/my policy.json";
            let file = path.join(name);
            fs::write(&file, &text).unwrap();
            let arguments = [&[name][..], &GIVEN].concat();
            let found = run(path, &arguments, "");
            assert_eq!(found.code, 0, "{}", found.err);
            assert_eq!(
                fs::read_to_string(&file).unwrap(),
                text,
                "it writes nothing"
            );
            let Ok(mut child) = Command::new(tool[0])
                .args(&tool[1..])
                .current_dir(path)
                .stdin(Stdio::piped())
                .spawn()
            else {
                continue;
            };
            let diff = found.out.as_bytes();
            child.stdin.take().unwrap().write_all(diff).unwrap();
            assert!(child.wait().unwrap().success(), "{tool:?}\n{}", found.out);
            let after = fs::read_to_string(&file).unwrap();
            assert!(after != text && !after.contains("s3:*"), "{after}");
            let again = run(path, &arguments, "");
            assert_eq!((again.code, again.out.as_str()), (0, ""), "{}", again.err);
            assert!(again.err.ends_with("nothing to narrow\n"), "{}", again.err);
            // Written at once, it is the same.
            fs::write(&file, &text).unwrap();
            let written = run(path, &[&arguments[..], &["--write"]].concat(), "");
            assert_eq!((written.code, written.out.as_str()), (0, ""));
            assert_eq!(fs::read_to_string(&file).unwrap(), after);
            assert_eq!(written.err, found.err);
        }
    }
}

#[test]
fn what_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let inner = r#"{"Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}"#;
    let given = [&GIVEN[..], &PLACE].concat();
    let found = run(
        folder.path(),
        &[&["-", "--write"][..], &given].concat(),
        inner,
    );
    assert_eq!((found.code, found.out.as_str()), (2, ""));
    assert!(
        found.err.contains("it comes from standard input"),
        "{}",
        found.err
    );
    let found = run(folder.path(), &[&["-"][..], &given].concat(), inner);
    assert_eq!(found.code, 0, "{}", found.err);
    assert!(found.out.starts_with("--- a/"), "{}", found.out);

    let text = json!({ "PolicyDocument": inner }).to_string();
    fs::write(folder.path().join("p.json"), &text).unwrap();
    let found = run(
        folder.path(),
        &[&["p.json", "--write"][..], &given].concat(),
        "",
    );
    assert_eq!((found.code, found.out.as_str()), (2, ""));
    assert!(found.err.contains("encoded in a string"), "{}", found.err);
    assert_eq!(
        fs::read_to_string(folder.path().join("p.json")).unwrap(),
        text
    );
}

/// Dropping the one string that the Region is read off would change what all others are judged for.
#[test]
fn what_the_values_are_read_off_stays() {
    let resources = [
        "arn:aws:sqs:eu-west-1:123456789012:jobs",
        "arn:aws:sqs:*:*:p*-x",
    ];
    let text = policy(&[allow(&json!("sqs:SendMessage"), &json!(resources))]);
    let found = write(&text, &GIVEN);
    assert!(
        found.text.contains("eu-west-1:123456789012:jobs"),
        "{}",
        found.text
    );
    assert!(
        found.said.contains("judged for other values"),
        "{}",
        found.said
    );
}
