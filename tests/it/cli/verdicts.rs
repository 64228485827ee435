//! What a run reports of a policy: missing parts of ARNs, limits, conditions.

use std::fs;

use serde_json::{Value, json};

use super::references::COMBINATIONS;
use super::{QUEUES, lint, run, run_with};
use crate::common::program::HERE;
use crate::common::program::run as run_in;
use crate::common::role;
use crate::common::table::each;

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
            let run = lint(&text, &HERE);
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
            "allowed only if this condition holds",
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
    // A condition of a statement that would not do anyway is no reason.
    let other = policy.replace(
        r#""Resource": "*""#,
        r#""Resource": "arn:aws:sqs:*:*:other""#,
    );
    let one = QUEUES.replace(r#""Resource": "*""#, r#""Resource": "arn:aws:sqs:*:*:q""#);
    let files = [("p.json", other.as_str()), ("r.json", one.as_str())];
    let vpc = ["--context", "aws:SourceVpc=vpc-22222222"];
    let fails = run_with(&files, &[&lint[..], &vpc].concat());
    let reason = "this condition does not hold";
    assert!(!fails.out.contains(reason), "{}", fails.out);
    // A key that the requests may not have is decided by no value.
    let foreign = policy.replace("aws:SourceVpc", "ec2:InstanceType");
    let files = [("p.json", foreign.as_str()), ("r.json", QUEUES)];
    let open = run_with(&files, &lint);
    let listed = "the catalogue does not list `ec2:InstanceType` for";
    assert!(open.out.contains(listed), "{}", open.out);
}

#[test]
fn a_verdict_that_depends_on_a_parameter_is_given_at_its_extremes() {
    let template = r#"{"Parameters": {"Name": {"Type": "String"}}, "Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {
        "Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "sqs:*", "Resource": {"Fn::Sub": "arn:aws:sqs:*:*:${Name}"}}}}]}}}}"#;
    let one = QUEUES.replace(r#""Resource": "*""#, r#""Resource": "arn:aws:sqs:*:*:q""#);
    let files = [("t.json", template), ("r.json", one.as_str())];
    let run = run_with(&files, &["lint", "t.json", "--reference", "r.json"]);
    each(
        [
            "= missing at worst, covered at best",
            "= covered if `Name` is `q`",
        ],
        |part| assert!(run.out.contains(part), "{part}\n{}", run.out),
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

#[test]
fn a_deny_does_not_show_the_account_of_the_cluster() {
    let on = |effect: &str, action: &str, account: &str| {
        format!(
            r#"{{"Effect": "{effect}", "Action": "{action}", "Resource": "arn:aws:sqs:us-east-1:{account}:q"}}"#
        )
    };
    let document =
        |statements: &str| format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    let allow = on("Allow", "sqs:SendMessage", "123456789012");
    let deny = on("Deny", "sqs:ReceiveMessage", "210987654321");
    let policy = document(&[allow, deny].join(","));
    let reference = document(&on("Allow", "sqs:SendMessage", "<ACCOUNT>"));
    let files = [("p.json", policy.as_str()), ("r.json", reference.as_str())];
    let run = run_with(&files, &["lint", "p.json", "--reference", "r.json"]);
    let account = "Account = 123456789012, inferred from p.json:1";
    assert!(run.out.contains(account), "{}", run.out);
}

#[test]
fn wildcards_are_tightened_to_what_the_reference_lists() {
    let document = |actions: &str| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": [{actions}], "Resource": "*"}}}}"#
        )
    };
    each(
        [
            // A wildcard of the reference that matches nothing is not written.
            (
                r#""sqs:*""#,
                r#""sqs:Nosuch*", "sqs:Send*""#,
                r#""sqs:Send*""#,
            ),
            // An action that two wildcards become is written once.
            (
                r#""sqs:*", "sqs:S*""#,
                r#""sqs:SendMessage""#,
                r#""sqs:SendMessage""#,
            ),
        ],
        |(policy, reference, expected)| {
            let (policy, reference) = (document(policy), document(reference));
            let files = [("p.json", policy.as_str()), ("r.json", reference.as_str())];
            let run = run_with(&files, &["tighten", "p.json", "--reference", "r.json"]);
            assert!(
                run.out.contains(&format!("+{}", document(expected))),
                "{}",
                run.out
            );
        },
    );
}
