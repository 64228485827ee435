//! What a grant beyond need opens: one lint for each danger, the worst example first, and the words of the reference.

use serde_json::{Value, json};

use crate::common::program::{NODE, Run, run};
use crate::common::project::Project;
use crate::common::table::each;

fn policy(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn allow(action: Value) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": "*"})
}

fn lint(statements: &[Value], more: &[&str]) -> Run {
    let project = Project::new(&[("p.json", &policy(statements))]);
    run(
        &project.path(""),
        &[&["lint", "p.json", "--no-config"], &NODE[..], more].concat(),
    )
}

/// The findings about what is granted beyond need: lint, severity, message, actions, action of the witness.
fn excess(statements: &[Value]) -> Vec<(String, String, String, Vec<String>, String)> {
    let found = lint(statements, &["-f", "json"]);
    let value: Value = serde_json::from_str(&found.out).unwrap();
    let findings = value["results"][0]["findings"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let about = |f: &&Value| {
        let lint = f["lint"].as_str().unwrap();
        lint.starts_with("excess-") || lint.starts_with("over-broad") || lint == "unneeded-action"
    };
    let of = |f: &Value| {
        let actions = f["actions"].as_array().unwrap().iter().map(text).collect();
        let witness = text(&f["witness"]["action"]);
        (
            text(&f["lint"]),
            text(&f["severity"]),
            text(&f["message"]),
            actions,
            witness,
        )
    };
    findings.iter().filter(about).map(of).collect()
}

#[test]
fn each_danger_has_its_lint() {
    each(
        [
            ("iam:AttachUserPolicy", "excess-privileges"),
            ("iam:CreateAccessKey", "excess-privileges"),
            ("sso:PutPermissionsPolicy", "excess-privileges"),
            ("secretsmanager:GetSecretValue", "excess-credentials"),
            ("kms:Decrypt", "excess-credentials"),
            ("dynamodb:Scan", "excess-data-access"),
            ("sqs:PurgeQueue", "excess-destruction"),
            ("rds:DeleteDBInstance", "excess-destruction"),
            ("sns:AddPermission", "excess-exposure"),
            ("ec2:AuthorizeSecurityGroupIngress", "excess-exposure"),
            ("ec2:RunInstances", "excess-cost"),
            ("ec2:PurchaseReservedInstancesOffering", "excess-cost"),
            ("sqs:CreateQueue", "unneeded-action"),
            ("s3:ListBucket", "unneeded-action"),
        ],
        |(action, lint)| {
            let found = excess(&[allow(json!(action))]);
            let lints: Vec<&str> = found.iter().map(|f| f.0.as_str()).collect();
            assert_eq!(lints, [lint], "{action}");
            let expected = if action == "s3:ListBucket" {
                "note"
            } else {
                "warning"
            };
            assert_eq!(found[0].1, expected, "{action}");
            assert_eq!(found[0].3, [action]);
        },
    );
}

#[test]
fn a_wildcard_has_one_finding_for_each_danger_and_its_whole_list() {
    let found = excess(&[allow(json!(["sqs:*", "sns:DeleteTopic"]))]);
    let lints: Vec<&str> = found.iter().map(|f| f.0.as_str()).collect();
    let wanted = [
        "excess-data-access",
        "excess-destruction",
        "excess-exposure",
        "over-broad-action",
        "over-broad-resource",
    ];
    for lint in wanted {
        assert_eq!(lints.iter().filter(|l| **l == lint).count(), 1, "{lints:?}");
    }
    let of = |lint: &str| found.iter().find(|f| f.0 == lint).unwrap();
    let destruction = of("excess-destruction");
    // The worst first, in the list, in the message and as the example.
    assert_eq!(destruction.3[..2], ["sqs:DeleteQueue", "sqs:PurgeQueue"]);
    assert_eq!(destruction.4, "sqs:DeleteQueue");
    assert!(destruction.3.contains(&"sns:DeleteTopic".to_owned()));
    let whole = of("over-broad-action");
    assert!(whole.3.contains(&"sqs:DeleteQueue".to_owned()));
    assert!(whole.3.contains(&"sqs:CreateQueue".to_owned()));
    // The example is never the first by name where another one is dangerous.
    assert_eq!(whole.4, "sqs:AddPermission");
    let found = excess(&[allow(json!("s3:*"))]);
    let whole = found.iter().find(|f| f.0 == "over-broad-action").unwrap();
    assert_ne!(whole.4, "s3:AbortMultipartUpload");
}

#[test]
fn harmless_actions_of_a_statement_are_one_finding_by_service() {
    let actions = json!([
        "sns:Publish",
        "sns:Subscribe",
        "sns:ListTopics",
        "sqs:CreateQueue",
        "ec2:CreateTags",
        "iam:PutRolePolicy"
    ]);
    let found = excess(&[allow(actions), allow(json!("sqs:TagQueue"))]);
    let harmless: Vec<_> = found.iter().filter(|f| f.0 == "unneeded-action").collect();
    assert_eq!(harmless.len(), 2, "{found:?}");
    assert_eq!(
        harmless[0].2,
        "3 actions of `sns`, 1 of `sqs`, 1 of `ec2` are granted, but not required by ParallelCluster"
    );
    assert!(!harmless[0].3.contains(&"iam:PutRolePolicy".to_owned()));
}

#[test]
fn a_role_that_may_do_everything_has_one_warning() {
    let everything = allow(json!("*"));
    let found = lint(
        &[everything.clone(), allow(json!("s3:*"))],
        &["-f", "concise"],
    );
    let about: Vec<&str> = found
        .out
        .lines()
        .filter(|l| l.contains("warning["))
        .collect();
    assert_eq!(about.len(), 1, "{}", found.out);
    assert!(
        about[0].contains("privilege-escalation]: the role can do everything"),
        "{about:?}"
    );
    assert_eq!(
        lint(std::slice::from_ref(&everything), &["--strict"]).code,
        1
    );
    // What a Deny or a Condition limits is not everything.
    let deny = json!({"Effect": "Deny", "Action": "sqs:DeleteQueue", "Resource": "*"});
    assert!(!excess(&[everything, deny]).is_empty());
    let limited = json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:sqs:*:*:*"});
    assert!(
        excess(&[limited])
            .iter()
            .any(|f| f.0 == "over-broad-action")
    );
}

#[test]
fn with_a_reference_the_advice_is_not_that_for_clusters() {
    let wide = policy(&[allow(json!([
        "iam:PassRole",
        "lambda:CreateFunction",
        "lambda:InvokeFunction",
        "iam:UpdateSAMLProvider",
        "iam:PutRolePolicy",
    ]))]);
    let minimum = policy(&[allow(json!(["sqs:SendMessage"]))]);
    let project = Project::new(&[("p.json", &wide), ("our-minimum.json", &minimum)]);
    let lint = |more: &[&str]| {
        let arguments = [&["lint", "p.json", "--no-config", "--verbose"], more].concat();
        run(&project.path(""), &arguments).out
    };
    let own = lint(&["--reference", "our-minimum.json"]);
    assert!(own.contains("the role can"), "{own}");
    assert!(!own.contains("cluster"), "{own}");
    let user = [
        "--role",
        "user",
        "--scheduler",
        "slurm",
        "--pcluster-version",
        "3.14.0",
    ];
    let user = lint(&user);
    assert!(
        user.contains("no cluster federates") || user.contains("reference show"),
        "{user}"
    );
}

#[test]
fn with_a_reference_the_words_are_those_of_the_reference() {
    let wide = policy(&[
        allow(json!([
            "s3:*",
            "sqs:CreateQueue",
            "dynamodb:Scan",
            "sqs:SendMessage",
            "sns:Publish"
        ])),
        json!({"Effect": "Allow", "Action": "sns:Subscribe", "Resource": "*",
               "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}),
    ]);
    let minimum = policy(&[
        json!({"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:GetQueueUrl", "sns:Subscribe"],
               "Resource": ["arn:aws:sqs:us-east-1:123456789012:jobs", "arn:aws:sns:us-east-1:123456789012:jobs"]}),
    ]);
    let project = Project::new(&[("p.json", &wide), ("our-minimum.json", &minimum)]);
    let lint = |format: &str| {
        let reference = ["--reference", "our-minimum.json", "-f", format];
        let arguments = [&["lint", "p.json", "--no-config"][..], &reference].concat();
        run(&project.path(""), &arguments).out
    };
    each(
        ["text", "concise", "json", "github", "gitlab", "junit"],
        |format| {
            let out = lint(format);
            assert!(out.contains("not in our-minimum.json"), "{format}: {out}");
            assert!(!out.contains("ParallelCluster"), "{format}: {out}");
        },
    );
    // SARIF describes all lints, whatever a run is about.
    let log: Value = serde_json::from_str(&lint("sarif")).unwrap();
    let results = log["runs"][0]["results"].to_string();
    assert!(
        results.contains("our-minimum.json") && !results.contains("ParallelCluster"),
        "{results}"
    );
    each(["missing", "tighten"], |command| {
        let arguments = [
            command,
            "p.json",
            "--no-config",
            "--reference",
            "our-minimum.json",
        ];
        let found = run(&project.path(""), &arguments);
        assert!(
            !(found.out + &found.err).contains("ParallelCluster"),
            "{command}"
        );
    });
}
