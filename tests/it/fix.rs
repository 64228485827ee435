//! `pcluster-iam lint --fix`: edits that cannot widen access, byte for byte, or none.

use std::cell::Cell;
use std::fs;

use crate::common::formats::every_fixture;
use crate::common::program::{NODE, Run, run};
use crate::common::table::each;
use crate::common::world::{self, Case};
use crate::common::{remedy as texts, role};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rayon::prelude::*;
use serde_json::{Value, json};

/// Fixes a text in a file of its own: how the program ended, and what the file holds then.
fn fix(text: &str, more: &[&str]) -> (Run, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.json"), text).unwrap();
    let found = run(
        folder.path(),
        &[&["lint", "p.json", "--fix"][..], &NODE, more].concat(),
    );
    let after = fs::read_to_string(folder.path().join("p.json")).unwrap();
    (found, after)
}

/// Statements of the reference among which the one under test stands.
fn among(statement: &str) -> String {
    format!(
        "{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {{\"Sid\": \"Keep\", \"Effect\": \"Allow\", \"Action\": \"sqs:ListQueues\", \"Resource\": \"*\"}},\n    {statement}\n  ]\n}}\n"
    )
}

#[test]
fn the_rest_of_the_file_stays_byte_for_byte() {
    let queue = "arn:aws:sqs:us-east-1:123456789012:parallelcluster-*";
    each(
        [
            // A duplicate, whatever its case, and what nothing requires.
            (
                r#"["sqs:SendMessage", "sqs:sendmessage"]"#,
                r#"["sqs:SendMessage"]"#,
            ),
            (
                r#"[ "sqs:DeleteQueue" , "sqs:SendMessage"]"#,
                r#"[ "sqs:SendMessage"]"#,
            ),
            (
                "[\n\t\"sqs:SendMessage\",\r\n\t\"sqs:DeleteQueue\"\r\n]",
                "[\n\t\"sqs:SendMessage\"\r\n]",
            ),
            (
                r#"["s\u0071s:SendMessage","sqs:DeleteQueue","sqs:PurgeQueue" ]"#,
                r#"["s\u0071s:SendMessage" ]"#,
            ),
            // All of these edits clash with one another.
            (
                r#"["sqs:DeleteQueue","sqs:DeleteQueue","sqs:PurgeQueue","sqs:SendMessage"]"#,
                r#"["sqs:SendMessage"]"#,
            ),
        ],
        |(before, after)| {
            let statement = |actions: &str| {
                among(&format!(
                    r#"{{"Sid":"Queue", "Effect":"Allow","Action" :{actions},"Resource":"{queue}"}}"#
                ))
            };
            for bom in ["", "\u{feff}"] {
                let text = format!("{bom}{}", statement(before));
                let (found, fixed) = fix(&text, &[]);
                assert_eq!(fixed, format!("{bom}{}", statement(after)), "{}", found.err);
                let (again, twice) = fix(&fixed, &[]);
                assert_eq!(twice, fixed);
                assert!(again.err.contains("nothing to fix"), "{}", again.err);
            }
        },
    );
}

#[test]
fn a_statement_that_would_be_empty_goes() {
    let gone =
        r#"{"Effect": "Allow", "Action": ["iam:CreateUser", "s3:DeleteBucket"], "Resource": "*"}"#;
    let (found, fixed) = fix(&among(gone), &[]);
    let start = among("").find(",\n    \n").unwrap();
    let expected = format!("{}\n  ]\n}}\n", &among("")[..start]);
    assert_eq!(fixed, expected, "{}", found.err);
    assert!(
        found.err.starts_with("fixed 2 findings in p.json\n"),
        "{}",
        found.err
    );
    // The last statement stays: a policy without one cannot be attached.
    let alone =
        r#"{"Statement": [{"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*"}]}"#;
    let (found, fixed) = fix(alone, &[]);
    assert_eq!(fixed, alone);
    assert!(found.err.contains("nothing to fix"), "{}", found.err);
}

#[test]
fn statements_that_repeat_go() {
    let one = r#"{"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": "arn:aws:sqs:us-east-1:123456789012:parallelcluster-*"}"#;
    let other = one.replace(": ", ":");
    let (_, fixed) = fix(&among(&format!("{one},\n    {other}")), &[]);
    assert_eq!(fixed, among(one));
    let deny = r#"{"Effect": "Deny", "Action": ["iam:CreateUser"], "Resource": "*"}"#;
    let (_, fixed) = fix(&among(&format!("{deny},\n    {deny}")), &[]);
    assert_eq!(fixed, among(deny));
}

#[test]
fn a_change_that_may_widen_a_policy_is_not_made_but_reported() {
    let text = among(
        r#"{"Effect": "Allow", "Action": ["sqs:SendMessages", "sqs:SendMessage"], "Resource": "arn:aws:sqs:<REGION>:123456789012:parallelcluster-*"}"#,
    );
    let (found, fixed) = fix(&text, &["-f", "json"]);
    assert_eq!(fixed, text);
    assert!(
        found
            .err
            .contains("left to you, it may widen access: write `sqs:SendMessage`"),
        "{}",
        found.err
    );
    assert!(
        found.err.contains("replace `<REGION>` by `us-east-1`"),
        "{}",
        found.err
    );
    let report: Value = serde_json::from_str(&found.out).unwrap();
    let findings = report["results"][0]["findings"].as_array().unwrap();
    let fixes = findings.iter().flat_map(|f| f["fixes"].as_array().unwrap());
    let fixes: Vec<&Value> = fixes.collect();
    assert_eq!(fixes.len(), 2);
    for fix in fixes {
        assert_eq!(fix["can_widen"], true);
        for edit in fix["edits"].as_array().unwrap() {
            let at = |key: &str| usize::try_from(edit["region"][key].as_u64().unwrap()).unwrap();
            let quoted = &text[at("start_byte")..at("end_byte")];
            assert!(
                ["sqs:SendMessages", "<REGION>"].contains(&quoted),
                "{quoted}"
            );
        }
    }
}

#[test]
fn a_deny_keeps_its_resources() {
    let text = among(
        r#"{"Effect": "Deny", "Action": ["sqs:PurgeQueue"], "Resource": ["arn:aws:sqs:*:*:*", "arn:aws:s3:::b"]}"#,
    );
    let (_, fixed) = fix(&text, &[]);
    assert_eq!(fixed, text);
    let (_, fixed) = fix(
        &text
            .replace("Deny", "Allow")
            .replace("Purge", "GetQueueUrl\", \"sqs:Purge"),
        &[],
    );
    assert!(
        !fixed.contains("s3:::b") && fixed.contains("GetQueueUrl"),
        "{fixed}"
    );
}

#[test]
fn a_diff_writes_nothing_and_ends_as_the_fix_would() {
    let text = among(r#"{"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*"}"#);
    let (shown, same) = fix(&text, &["--diff"]);
    assert_eq!(same, text);
    assert!(
        shown.out.starts_with("--- a/p.json\n+++ b/p.json\n@@ "),
        "{}",
        shown.out
    );
    assert!(
        shown.err.starts_with("would fix 1 finding in p.json\n"),
        "{}",
        shown.err
    );
    let (done, _) = fix(&text, &[]);
    assert_eq!(shown.code, done.code);
    // What remains decides: a policy that lacks nothing ends with 0.
    let whole: Value =
        serde_json::from_str(&role::fixture("reference/instance-traditional-filled.json")).unwrap();
    let mut more = whole.clone();
    let extra = json!({"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*"});
    more["Statement"].as_array_mut().unwrap().push(extra);
    let (found, fixed) = fix(&more.to_string(), &["--fail-on", "warning"]);
    assert_eq!(serde_json::from_str::<Value>(&fixed).unwrap(), whole);
    assert_eq!(found.code, 0, "{}", found.out);
}

#[test]
fn standard_input_is_not_fixed() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [&["lint", "-", "--fix"][..], &NODE].concat();
    let found = run(folder.path(), &arguments);
    assert_eq!((found.code, found.out.as_str()), (2, ""));
    assert!(
        found.err.contains("it comes from standard input"),
        "{}",
        found.err
    );
    let found = run(
        folder.path(),
        &["lint", "p.json", "--diff", "--scheduler", "torque"],
    );
    assert_eq!(found.code, 2);
    let encoded = json!({ "PolicyDocument": among(r#"{"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*"}"#) }).to_string();
    let (found, same) = fix(&encoded, &[]);
    assert_eq!(same, encoded);
    assert!(found.err.contains("encoded in a string"), "{}", found.err);
    let (found, same) = fix("{\"Statement\": [", &[]);
    assert_eq!((found.code, same.as_str()), (2, "{\"Statement\": ["));
}

#[test]
fn an_envelope_is_edited_in_place() {
    let policy = |actions: &str| {
        format!(
            r#"[{{"PolicyName": "a", "PolicyDocument": {}}}, {{"PolicyName": "b", "PolicyDocument": {}}}]"#,
            among(&format!(
                r#"{{"Effect": "Allow", "Action": {actions}, "Resource": "*"}}"#
            )),
            among(r#"{"Effect": "Allow", "Action": "dynamodb:ListTables", "Resource": "*"}"#)
        )
    };
    let (_, fixed) = fix(&policy(r#"["iam:CreateUser", "ec2:DescribeRegions"]"#), &[]);
    assert_eq!(fixed, policy(r#"["ec2:DescribeRegions"]"#));
}

#[test]
fn sarif_carries_the_fixes() {
    let text = among(
        r#"{"Effect": "Allow", "Action": ["iam:CreateUser", "sqs:GetQueueUrl"], "Resource": "*"}"#,
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.json"), &text).unwrap();
    let found = run(
        folder.path(),
        &[&["lint", "p.json", "-f", "sarif"][..], &NODE].concat(),
    );
    let log: Value = serde_json::from_str(&found.out).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let with: Vec<&Value> = results
        .iter()
        .filter(|r| r.get("fixes").is_some())
        .collect();
    assert_eq!(with.len(), 1);
    let change = &with[0]["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], "p.json");
    let region = &change["replacements"][0]["deletedRegion"];
    let line = text.lines().nth(4).unwrap();
    assert_eq!(region["startLine"], 5);
    let column = |key: &str| usize::try_from(region[key].as_u64().unwrap()).unwrap() - 1;
    assert_eq!(
        &line[column("startColumn")..column("endColumn")],
        r#""iam:CreateUser", "#
    );
    assert!(change["replacements"][0].get("insertedContent").is_none());
}

/// Verdicts by row.
fn verdicts(report: &str) -> Vec<(String, String)> {
    let report: Value = serde_json::from_str(report).unwrap();
    let rows = report["results"][0]["requirements"].as_array().unwrap();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    // A short row leaves out `declared_as` where it is the action.
    let declared = |r: &Value| r.get("declared_as").unwrap_or(&r["action"]).clone();
    let key = |r: &Value| format!("{} {} {}", r["statement"], declared(r), r["action"]);
    rows.iter().map(|r| (key(r), text(&r["verdict"]))).collect()
}

fn keeps(case: &Case, fixed: &Cell<usize>) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("r.json"), case.reference_json()).unwrap();
    let mut arguments = vec!["lint".to_owned()];
    for (at, text) in case.policies_json().iter().enumerate() {
        // Something to mend in each.
        let mut policy: Value = serde_json::from_str(text).unwrap();
        let statements = policy["Statement"].as_array_mut().unwrap();
        if at % 2 == 0 {
            statements.push(statements[0].clone());
        }
        let name = format!("p{at}.json");
        fs::write(
            path.join(&name),
            serde_json::to_string_pretty(&policy).unwrap(),
        )
        .unwrap();
        arguments.push(name);
    }
    let options = [
        "--reference",
        "r.json",
        "--region",
        "*",
        "--account",
        "123456789012",
        "-f",
        "json",
    ];
    arguments.extend(options.map(str::to_owned));
    let mut write = |option: &str, name: String, text: String| {
        fs::write(path.join(&name), text).unwrap();
        arguments.extend([option.to_owned(), name]);
    };
    if let Some(text) = case.boundary_json() {
        write("--boundary", "boundary.json".to_owned(), text);
    }
    for (at, text) in case.scps_json().into_iter().enumerate() {
        write("--scp", format!("scp{at}.json"), text);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let before = run(path, &arguments);
    // A reference that requires nothing is refused.
    if before.out.is_empty() && before.err.contains("cannot be the reference") {
        return Ok(());
    }
    let with_fix = [&arguments[..], &["--fix"]].concat();
    let first = run(path, &with_fix);
    prop_assert!(
        !first.err.contains("nothing was changed"),
        "{}\n{}",
        first.err,
        case.reference_json()
    );
    if before.out.contains("IAM rejects this policy") {
        // A fix may remove what IAM rejects: the policy then grants what it says, and covered rows stay covered.
        for (before, after) in verdicts(&before.out).iter().zip(verdicts(&first.out)) {
            prop_assert_eq!(&before.0, &after.0, "{:?}", case);
            let stays = before == &after || before.1 != "covered";
            prop_assert!(stays, "{:?}\n{:?}", after, case);
        }
    } else {
        prop_assert_eq!(verdicts(&before.out), verdicts(&first.out), "{:?}", case);
    }
    fixed.set(fixed.get() + usize::from(first.err.contains("fixed ")));
    let alone = run(path, &arguments);
    prop_assert_eq!(&first.out, &alone.out, "{:?}", case);
    let second = run(path, &with_fix);
    prop_assert!(
        second.err.contains("nothing to fix"),
        "{}\n{:?}",
        second.err,
        case
    );
    prop_assert_eq!(first.out, second.out);
    Ok(())
}

#[test]
fn random_policies_keep_their_verdicts_and_are_fixed_once() {
    let mut runner = TestRunner::new(Config {
        cases: texts::cases(60),
        failure_persistence: None,
        max_shrink_iters: 60,
        ..Config::default()
    });
    let fixed = Cell::new(0);
    if let Err(error) = runner.run(&world::case(), |case| keeps(&case, &fixed)) {
        panic!("{error}");
    }
    println!("{} fixed", fixed.get());
    assert!(fixed.get() > 10);
}

#[test]
fn the_report_is_that_of_the_fixed_file() {
    let roles: [&[&str]; 3] = [
        &["--role", "instance", "--scheduler", "torque"],
        &["--role", "head-node", "--pcluster-version", "3.14.0"],
        &["--each", "--scheduler", "slurm", "--also-version", "3.14.0"],
    ];
    let outcomes = every_fixture().into_par_iter().map(|(path, text)| {
        let mut fixed = 0;
        for role in roles {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("p.json"), &text).unwrap();
            let lint = [&["lint", "p.json", "-f", "json", "--no-config"], role].concat();
            let with_fix = run(folder.path(), &[&lint[..], &["--fix"]].concat());
            let after = run(folder.path(), &lint);
            fixed += usize::from(with_fix.err.contains("fixed "));
            let expected = (with_fix.code, &with_fix.out) == (after.code, &after.out);
            assert!(expected, "{} {role:?}\n{}", path.display(), with_fix.err);
        }
        fixed
    });
    assert!(outcomes.sum::<usize>() > 10);
}

/// A cluster whose head node reads the password of a directory.
const DIRECTORY: &str = "Region: us-east-1
Image: {Os: alinux2023}
HeadNode:
  InstanceType: c5.large
  Networking: {SubnetId: subnet-0123456789abcdef0}
DirectoryService:
  DomainName: corp.example
  DomainAddr: ldaps://corp.example
  PasswordSecretArn: arn:aws:secretsmanager:us-east-1:123456789012:secret:ad-AbCdEf
  DomainReadOnlyUser: cn=r
Scheduling:
  Scheduler: slurm
  SlurmQueues:
    - Name: q
      ComputeResources: [{Name: c, InstanceType: c5.large}]
      Networking: {SubnetIds: [subnet-0123456789abcdef0]}
";

#[test]
fn what_the_program_calls_needed_stays() {
    let configured = ["--cluster-config", "c.yaml"];
    let plain = ["--scheduler", "slurm"];
    let tables: &[(&str, &str, &[&str], &[(&str, &str)])] = &[
        // A known gap, certain by the configuration, and one of a feature that nobody named.
        (
            "head-node",
            "3.9",
            &configured,
            &[
                ("secretsmanager:*", "secretsmanager:GetSecretValue"),
                ("secretsmanager:Get*", "secretsmanager:GetSecretValue"),
            ],
        ),
        (
            "head-node",
            "3.9",
            &plain,
            &[("secretsmanager:G*", "secretsmanager:GetSecretValue")],
        ),
        // A row of a feature that nobody named.
        ("user", "3.9", &plain, &[("fsx:*", "fsx:CreateFileSystem")]),
        // The contents of AWS managed policies that the role must have.
        (
            "compute-node",
            "3.9",
            &plain,
            &[
                ("logs:*", "logs:PutLogEvents"),
                ("ssmmessages:*", "ssmmessages:OpenDataChannel"),
                ("ssm:UpdateInstance*", "ssm:UpdateInstanceInformation"),
                ("cloudwatch:PutMetricData", "cloudwatch:PutMetricData"),
            ],
        ),
        // What the generated role of the configuration has.
        (
            "head-node",
            "3.16",
            &configured,
            &[("secretsmanager:*", "secretsmanager:GetSecretValue")],
        ),
    ];
    for (role, release, options, rows) in tables {
        for (granted, kept) in *rows {
            for command in [&["lint", "--fix"][..], &["tighten", "--write"]] {
                let folder = tempfile::tempdir().unwrap();
                let statement =
                    |actions: Value| json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
                let policy = json!({"Version": "2012-10-17", "Statement": [
                    statement(json!(["ec2:DescribeInstanceAttribute"])),
                    statement(json!([granted, "sqs:PurgeQueue"])),
                ]});
                fs::write(folder.path().join("p.json"), policy.to_string()).unwrap();
                fs::write(folder.path().join("c.yaml"), DIRECTORY).unwrap();
                let fixed = ["p.json", "--no-config", "--role", role, "--account"];
                let release = [
                    "123456789012",
                    "--region",
                    "us-east-1",
                    "--pcluster-version",
                    release,
                ];
                let found = run(
                    folder.path(),
                    &[command, &fixed, &release, options].concat(),
                );
                let after = fs::read_to_string(folder.path().join("p.json")).unwrap();
                assert!(
                    !after.contains("PurgeQueue"),
                    "{command:?} {granted}: {}",
                    found.err
                );
                let after: Value = serde_json::from_str(&after).unwrap();
                let statements = after["Statement"].as_array().unwrap().iter();
                let texts = statements.flat_map(|s| s["Action"].as_array().unwrap());
                let mut texts = texts.map(|a| a.as_str().unwrap());
                assert!(
                    texts.any(|a| a == *granted || a == *kept),
                    "{command:?} {role} {granted}: {after}\n{}",
                    found.err
                );
            }
        }
    }
}
