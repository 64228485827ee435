//! What the cases of `fixtures/cases` cannot tell: words that differ in their case, and how often a lint reports something.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::common::case::Case;
use crate::common::program::run;
use crate::common::table::each;

const REFERENCE: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}}"#;

fn policy(statements: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// A template with a role that has this policy, and with a parameter `P`.
fn template(statements: &Value) -> String {
    json!({
        "Parameters": {"P": {"Type": "String"}},
        "Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": trust("ec2.amazonaws.com"),
            "Policies": [{"PolicyName": "a", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
        }}},
    })
    .to_string()
}

fn trust(service: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement":
        [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]})
}

/// A cluster configuration with these settings of IAM for the head node and for the queue.
fn configuration(iam: &Value) -> Value {
    let subnet = "subnet-0123456789abcdef0";
    json!({
        "Region": "us-east-1",
        "Image": {"Os": "alinux2023"},
        "HeadNode": {"InstanceType": "c5.large", "Networking": {"SubnetId": subnet}, "Iam": iam},
        "Scheduling": {"Scheduler": "slurm", "SlurmQueues": [{"Name": "a", "Networking": {"SubnetIds": [subnet]}, "Iam": iam,
            "ComputeResources": [{"Name": "ca", "InstanceType": "c5.large"}]}]},
    })
}

/// The findings of a lint in all results.
fn of_lint(report: &Value, lint: &str) -> Vec<Value> {
    let results = report["results"].as_array().unwrap().iter();
    let findings = results.flat_map(|result| result["findings"].as_array().unwrap());
    findings.filter(|f| f["lint"] == lint).cloned().collect()
}

#[test]
fn a_message_names_fields_and_values_by_their_usual_words() {
    let queue = |fields: &str| json!([{"Effect": "Allow", "Action": "sqs:*", "Resource": format!("arn:aws:sqs:{fields}:a")}]);
    let two = |one: &str, other: &str| {
        let resources = [one, other].map(|fields| format!("arn:aws:sqs:{fields}:a"));
        json!([{"Effect": "Allow", "Action": "sqs:*", "Resource": resources}])
    };
    each(
        [
            (
                queue("${AWS::AccountId}:${AWS::Region}"),
                "invalid-arn",
                "in the place of the Region in",
            ),
            (
                queue("us-east-1:${AWS::Partition}"),
                "invalid-arn",
                "in the place of the account in",
            ),
            (
                two("us-east-1:111111111111", "us-east-1:222222222222"),
                "mixed-scope",
                "two values for the account: `111111111111` and `222222222222`",
            ),
            (
                two("us-east-1:111111111111", "us-east-2:111111111111"),
                "mixed-scope",
                "two values for the Region: `us-east-1` and `us-east-2`",
            ),
        ],
        |(statements, lint, expected)| {
            let case = Case::new(&[("p.json", &policy(&statements))], REFERENCE);
            let role = ["--role", "head-node", "--scheduler", "slurm"];
            let (_, report) = case.lint("p.json", &role);
            let found = of_lint(&report, lint);
            let message = found[0]["message"].as_str().unwrap();
            assert!(message.contains(expected), "{message}");
        },
    );
}

#[test]
fn a_file_that_is_a_policy_and_a_limit_is_reported_once() {
    let text =
        policy(&json!([{"Effect": "Allow", "Action": ["sqs:*", "s3:GetObjet"], "Resource": "*"}]));
    let case = Case::new(&[("p.json", &text)], REFERENCE);
    each(
        [&["--boundary", "p.json"][..], &["--scp", "p.json"]],
        |limits| {
            let (_, report) = case.lint("p.json", limits);
            let found = of_lint(&report, "unknown-action");
            assert_eq!(found.len(), 1, "{found:#?}");
        },
    );
}

#[test]
fn a_name_of_another_release_is_drawn_once_beside_an_unknown_value() {
    let statements = json!([
        {"Effect": "Allow", "Action": "iam:PassRole",
            "Resource": ["arn:aws:iam::123456789012:role/parallelcluster/x", {"Ref": "P"}]},
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
    ]);
    let case = Case::new(&[("t.json", &template(&statements))], REFERENCE);
    let user = [
        "--role",
        "user",
        "--scheduler",
        "slurm",
        "--pcluster-version",
        "2.11.9",
    ];
    let (_, report) = case.lint("t.json", &user);
    let found = of_lint(&report, "release-mismatch");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["related"], json!([]));
}

#[test]
fn an_action_that_depends_on_an_attached_policy_is_reported_once() {
    let mut role: Value = serde_json::from_str(&template(
        &json!([{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]),
    ))
    .unwrap();
    role["Resources"]["Role"]["Properties"]["ManagedPolicyArns"] =
        json!(["arn:aws:iam::123456789012:policy/mine"]);
    let configuration = configuration(&json!({})).to_string();
    let case = Case::new(
        &[("t.json", &role.to_string()), ("c.yaml", &configuration)],
        REFERENCE,
    );
    let arguments = [
        "lint",
        "t.json",
        "--no-config",
        "-f",
        "json",
        "--cluster-config",
        "c.yaml",
    ];
    let more = ["--role", "head-node", "--pcluster-version", "3.14.1"];
    let report = run(case.path(), &[&arguments[..], &more].concat()).json();
    let found = of_lint(&report, "depends");
    each(
        ["dynamodb:GetItem", "route53:ChangeResourceRecordSets"],
        |action| {
            let of_action = found
                .iter()
                .filter(|f| f["actions"].as_array().unwrap().contains(&json!(action)));
            assert_eq!(of_action.count(), 1, "{action}");
        },
    );
}

#[test]
fn a_finding_at_a_statement_has_its_sid() {
    let queue = |sid: &str| json!({"Sid": sid, "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"});
    let mut wide = queue("Wide");
    wide["Action"] = json!("sqs:*");
    let case = Case::new(
        &[("p.json", &policy(&json!([queue("Narrow"), wide])))],
        REFERENCE,
    );
    let (_, report) = case.lint("p.json", &[]);
    let found = of_lint(&report, "redundant-statement");
    assert_eq!(found[0]["sid"], "Narrow");
}

/// One IAM role for the head node, the compute nodes and the functions must be assumed by the services of all.
#[test]
fn a_role_of_several_needs_the_services_of_each_once() {
    const ARN: &str = "arn:aws:iam::123456789012:role/x";
    let dump = json!({"RoleDetailList": [{
        "Path": "/", "RoleName": "x", "RoleId": "AROAAAAAAAAAAAAAAAAAA", "Arn": ARN,
        "AssumeRolePolicyDocument": trust("batch.amazonaws.com"),
        "RolePolicyList": [{"PolicyName": "a", "PolicyDocument": {"Version": "2012-10-17", "Statement":
            [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}],
        "AttachedManagedPolicies": [],
    }]});
    let mut configuration = configuration(&json!({"InstanceRole": ARN}));
    configuration["Iam"] = json!({"Roles": {"LambdaFunctionsRole": ARN}});
    let (dump, configuration) = (dump.to_string(), configuration.to_string());
    let case = Case::new(&[("d.json", &dump), ("c.yaml", &configuration)], REFERENCE);
    let arguments = [
        "lint",
        "d.json",
        "--no-config",
        "-f",
        "json",
        "--cluster-config",
        "c.yaml",
    ];
    let got = run(
        case.path(),
        &[&arguments[..], &["--pcluster-version", "3.14.1"]].concat(),
    );
    let report = got.json();
    let results = report["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    each(results, |result| {
        let one = json!({"results": [result]});
        let found = of_lint(&one, "missing-trust");
        let mut services: Vec<&str> = found
            .iter()
            .map(|f| f["subject"].as_str().unwrap())
            .collect();
        services.sort_unstable();
        assert_eq!(services, ["ec2.amazonaws.com", "lambda.amazonaws.com"]);
    });
}

/// With more and more statements, the limit on all of them is reached by the last one first, and then by more.
#[test]
fn grants_after_the_limit_are_counted() {
    let show = |statements: usize| {
        let mut text = String::new();
        for at in 0..statements {
            let comma = if at > 0 { "," } else { "" };
            let resource = format!("arn:aws:s3:::b{at}/*");
            write!(
                text,
                r#"{comma}{{"Effect": "Allow", "Action": "*", "NotResource": "{resource}"}}"#
            )
            .unwrap();
        }
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{text}]}}"#);
        let case = Case::new(&[("p.json", &text)], REFERENCE);
        let arguments = [
            "lint",
            "p.json",
            "--no-config",
            "--reference",
            "reference.json",
        ];
        run(
            case.path(),
            &[&arguments[..], &["-f", "text", "--verbose"]].concat(),
        )
        .out
    };
    let is_undecided = |out: &str| out.contains("could not decide whether `*` grants more");
    let (mut decided, mut undecided) = (1, 200);
    while undecided - decided > 1 {
        let middle = usize::midpoint(decided, undecided);
        if is_undecided(&show(middle)) {
            undecided = middle;
        } else {
            decided = middle;
        }
    }
    each(
        [
            (0, None),
            (1, Some("1 grant after it")),
            (2, Some("2 grants after it")),
        ],
        |(more, expected)| {
            let out = show(undecided + more);
            assert!(is_undecided(&out), "{out}");
            assert_eq!(
                out.contains("after it could not be looked at"),
                expected.is_some()
            );
            assert!(out.contains(expected.unwrap_or_default()), "{out}");
        },
    );
}

#[test]
fn a_variable_that_decides_is_marked_where_it_stands() {
    let queue = "arn:aws:sqs:us-east-1:123456789012:${aws:PrincipalTag/queue}";
    each(
        [
            (
                json!([{"Effect": "Allow", "Action": "sqs:*", "Resource": queue}]),
                "allowed only if the variable in its Resource matches",
            ),
            (
                json!([{"Effect": "Allow", "Action": "sqs:*", "NotResource": queue}]),
                "allowed only if the variable in its NotResource does not exclude it",
            ),
        ],
        |(statements, said)| {
            let one_queue = REFERENCE.replace(
                r#""Resource": "*""#,
                r#""Resource": "arn:aws:sqs:us-east-1:123456789012:a""#,
            );
            let case = Case::new(&[("p.json", &policy(&statements))], &one_queue);
            let arguments = [
                "lint",
                "p.json",
                "--no-config",
                "--reference",
                "reference.json",
                "--verbose",
            ];
            let text = run(case.path(), &arguments).out;
            assert!(text.contains(said), "{text}");
        },
    );
}
