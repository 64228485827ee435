//! Policies and references on the edge of a verdict: what differs in one part is judged differently.

use serde_json::{Value, json};

use crate::common::case::Case;
use crate::common::program::run;
use crate::common::role;
use crate::common::table::each;

const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:q";

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn document(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// The result of `lint` with a policy and a reference.
fn judged(policy: &[Value], reference: &[Value]) -> Value {
    let policy = document(policy);
    let files = [("p.json", policy.as_str())];
    let (_, mut report) = Case::new(&files, &document(reference)).lint("p.json", &[]);
    report["results"][0].take()
}

fn of_lint<'r>(result: &'r Value, lint: &str) -> Vec<&'r Value> {
    let findings = result["findings"].as_array().unwrap().iter();
    findings.filter(|f| f["lint"] == lint).collect()
}

#[test]
fn what_is_required_outside_of_the_region_of_the_cluster_is_still_required() {
    let elsewhere = "arn:aws:sqs:eu-west-1:123456789012:q";
    each(
        [(QUEUE, "missing"), (elsewhere, "covered")],
        |(granted, verdict)| {
            let reference = [allow("sqs:SendMessage", elsewhere)];
            let result = judged(&[allow("sqs:SendMessage", granted)], &reference);
            let row = &result["requirements"][0];
            assert_eq!(row["verdict"], verdict, "{granted}");
            assert_eq!(row["vacuous"], false, "{granted}");
        },
    );
}

#[test]
fn the_closest_grant_is_no_denial() {
    let far = allow(
        "sqs:SendMessage",
        "arn:aws:sqs:eu-west-1:111111111111:other",
    );
    let mut near = allow("sqs:SendMessage", &format!("{QUEUE}2"));
    near["Effect"] = json!("Deny");
    let policy = [far, near];
    let result = judged(&policy, &[allow("sqs:SendMessage", QUEUE)]);
    let found = of_lint(&result, "missing-action");
    let [missing] = found.as_slice() else {
        panic!("{result}");
    };
    let resource = r#""arn:aws:sqs:eu-west-1:111111111111:other""#;
    let at = document(&policy).find(resource).unwrap() + 1;
    assert_eq!(missing["region"]["start_byte"], at, "{result}");
}

#[test]
fn a_grant_without_a_condition_is_named_for_its_own_statement_alone() {
    let conditional = |action: &str| {
        let mut all = allow(action, QUEUE);
        all["Condition"] = json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}});
        all
    };
    let reference = [
        conditional("sqs:SendMessage"),
        conditional("sqs:ReceiveMessage"),
    ];
    let policy = [
        conditional("sqs:SendMessage"),
        allow("sqs:ReceiveMessage", QUEUE),
    ];
    let result = judged(&policy, &reference);
    let found = of_lint(&result, "unconditional-grant");
    let statements: Vec<_> = found.iter().map(|f| &f["reference_statement"]).collect();
    assert_eq!(statements, [&json!(1)], "{result}");
}

#[test]
fn an_action_that_is_required_on_nothing_is_not_required() {
    let bucket = "arn:aws:s3:::b/*";
    // The second statement names no object, so that it requires no request for one.
    for (required, expected) in [(QUEUE, 0), ("arn:aws:s3:::other/*", 1)] {
        let reference = [
            allow("sqs:SendMessage", QUEUE),
            allow("s3:GetObject", required),
        ];
        let policy = [
            allow("sqs:SendMessage", QUEUE),
            allow("s3:GetObject", bucket),
        ];
        let result = judged(&policy, &reference);
        let wide = of_lint(&result, "over-broad-resource");
        assert_eq!(wide.len(), expected, "{required}: {result}");
    }
}

#[test]
fn a_denial_of_prefixes_is_weak_where_it_compares_the_prefix_by_pattern() {
    let deny = |operator: &str, key: &str| {
        json!({"Effect": "Deny", "Action": "s3:ListBucket", "Resource": "*",
            "Condition": {operator: {key: "home/*"}}})
    };
    each(
        [
            ("StringLike", "s3:prefix", 1),
            ("StringLike", "s3:delimiter", 0),
            ("StringEquals", "s3:prefix", 0),
            ("StringNotLike", "s3:prefix", 0),
        ],
        |(operator, key, expected)| {
            let policy = [allow("sqs:SendMessage", QUEUE), deny(operator, key)];
            let result = judged(&policy, &[allow("sqs:SendMessage", QUEUE)]);
            let found = of_lint(&result, "weak-condition").len();
            assert_eq!(found, expected, "{operator} {key}: {result}");
        },
    );
}

#[test]
fn a_narrowed_statement_names_only_resources_that_its_actions_are_for() {
    let bucket = "arn:aws:s3:::b/*";
    let reference = document(&[json!({"Effect": "Allow",
        "Action": ["sqs:SendMessage", "s3:GetObject"], "Resource": [QUEUE, bucket]})]);
    let policy = document(&[allow("sqs:*", "*"), allow("s3:GetObject", "*")]);
    let case = Case::new(&[("p.json", &policy)], &reference);
    let arguments = "tighten p.json --no-config --reference reference.json --region us-east-1 --account 123456789012 --write";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    run(case.path(), &arguments);
    let text = std::fs::read_to_string(case.path().join("p.json")).unwrap();
    let tightened: Value = serde_json::from_str(&text).unwrap();
    let resources: Vec<_> = { tightened["Statement"].as_array().unwrap().iter() }
        .map(|s| s["Resource"].clone())
        .collect();
    assert_eq!(resources, [json!(QUEUE), json!(bucket)], "{text}");
}

#[test]
fn a_log_group_that_another_string_names_is_not_granted_on_streams_only() {
    let group = |name: &str| format!("arn:aws:logs:us-east-1:123456789012:log-group:{name}");
    let put = |name: &str| allow("logs:PutRetentionPolicy", &group(name));
    let reference = [put("/aws/parallelcluster/*:*")];
    let (streams, named) = (put("/aws/*:*"), put("/aws/parallelcluster/*"));
    for (policy, expected) in [(vec![streams.clone()], 1), (vec![streams, named], 0)] {
        let result = judged(&policy, &reference);
        let found = of_lint(&result, "log-stream-arn").len();
        assert_eq!(found, expected, "{result}");
    }
}

#[test]
fn a_resource_type_that_the_reference_writes_out_is_needed() {
    let resource = |name: &str| format!("arn:aws:ec2:us-east-1:123456789012:{name}");
    let policy = [allow("ec2:CreateTags", &resource("instance/*"))];
    for (required, severity) in [
        (
            json!([resource("instance/*"), resource("volume/*")]),
            "error",
        ),
        (json!(resource("*")), "warning"),
    ] {
        let mut reference = allow("ec2:CreateTags", "");
        reference["Resource"] = required;
        let result = judged(&policy, &[reference]);
        let found = of_lint(&result, "partial-resource");
        let severities: Vec<_> = found.iter().map(|f| &f["severity"]).collect();
        assert_eq!(severities, [severity], "{result}");
    }
}

#[test]
fn many_actions_that_only_a_wildcard_asks_for_are_named_by_it() {
    let policy = role::fixture("reference/instance-traditional-filled.json");
    let case = Case::new(&[("p.json", &policy)], "{}");
    let as_user = [
        "--role",
        "user",
        "--scheduler",
        "torque",
        "--pcluster-version",
        "2.4.1",
    ];
    let (_, report) = case.lint("p.json", &as_user);
    let result = &report["results"][0];
    let found = of_lint(result, "missing-action").into_iter();
    let messages: Vec<_> = found.map(|f| f["message"].as_str().unwrap()).collect();
    let of_wildcards = |m: &&str| m.contains("actions of `s3:Get*` and `s3:List*` are not granted");
    assert!(messages.iter().any(of_wildcards), "{messages:?}");
}
