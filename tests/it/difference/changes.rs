//! The changes that a comparison reports.

use pcluster_iam::diff::difference::{Change, Difference};
use serde_json::{Value as Json, json};

use super::{actions, allow, compare, diff, policy};
use crate::common::project::Project;
use crate::common::table::each;

#[test]
fn changes_of_each_element_are_found() {
    let queue = "arn:aws:sqs:us-east-1:123456789012:";
    let base = policy(json!([allow(&["sqs:SendMessage"], "*")]));
    let with = |extra: Json| policy(json!([allow(&["sqs:SendMessage"], "*"), extra]));
    let condition = |operator: &str, key: &str, values: Json| {
        policy(
            json!([{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*",
            "Condition": {operator: {key: values}}}]),
        )
    };
    let home = |path: &str| {
        let resource = format!("arn:aws:s3:::b/{path}");
        policy(json!([allow(&["s3:GetObject"], &resource)]))
    };
    let vpc = |operator: &str, values: Json| condition(operator, "aws:SourceVpc", values);
    each(
        [
            (
                base.clone(),
                with(allow(&["sqs:GetQueueUrl"], "*")),
                vec!["sqs:GetQueueUrl"],
                vec![],
            ),
            (
                base.clone(),
                with(allow(&["future:Read", "future:List*"], "*")),
                vec!["future:List", "future:Read"],
                vec![],
            ),
            (
                base.clone(),
                with(allow(&["sqs:send*"], &format!("{queue}a"))),
                vec![],
                vec![],
            ),
            (
                base.clone(),
                with(
                    json!({"Effect": "Deny", "Action": "sqs:*", "Resource": format!("{queue}a*")}),
                ),
                vec![],
                vec!["sqs:SendMessage"],
            ),
            (
                policy(
                    json!([{"Effect": "Allow", "Action": "sqs:SendMessage", "NotResource": format!("{queue}a")}]),
                ),
                base.clone(),
                vec!["sqs:SendMessage"],
                vec![],
            ),
            (
                base.clone(),
                vpc("StringEquals", json!("vpc-00000001")),
                vec![],
                vec!["sqs:SendMessage"],
            ),
            (
                vpc("StringEquals", json!(["vpc-00000001", "vpc-00000002"])),
                vpc("StringLike", json!("vpc-0000000?")),
                vec!["sqs:SendMessage"],
                vec![],
            ),
            (
                vpc("StringEquals", json!("vpc-00000001")),
                vpc("StringEqualsIfExists", json!("vpc-00000001")),
                vec!["sqs:SendMessage"],
                vec![],
            ),
            (
                condition("StringEquals", "aws:PrincipalTag/x", json!(["abc", "ABC"])),
                condition("StringEqualsIgnoreCase", "aws:PrincipalTag/x", json!("abc")),
                vec!["sqs:SendMessage"],
                vec![],
            ),
            (
                condition("NumericLessThan", "aws:MultiFactorAuthAge", json!("300")),
                condition(
                    "NumericLessThanEquals",
                    "aws:MultiFactorAuthAge",
                    json!("300.0"),
                ),
                vec!["sqs:SendMessage"],
                vec![],
            ),
            (
                condition(
                    "IpAddress",
                    "aws:SourceIp",
                    json!(["10.0.0.0/9", "10.128.0.0/9"]),
                ),
                condition("IpAddress", "aws:SourceIp", json!("10.0.0.0/8")),
                vec![],
                vec![],
            ),
            (
                condition(
                    "DateLessThan",
                    "aws:CurrentTime",
                    json!("2030-01-01T00:00:00Z"),
                ),
                condition(
                    "DateLessThan",
                    "aws:CurrentTime",
                    json!("2031-01-01T00:00:00Z"),
                ),
                vec!["sqs:SendMessage"],
                vec![],
            ),
            (
                policy(
                    json!([{"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}]),
                ),
                policy(
                    json!([{"Effect": "Allow", "NotAction": ["IAM:*", "sts:*"], "Resource": "*"}]),
                ),
                vec![],
                vec![],
            ),
            // Not of the catalogue.
            (
                base.clone(),
                with(allow(&["newservice:*"], "*")),
                vec!["newservice:any"],
                vec![],
            ),
            // A variable is text under the older version, its key has no case, and an escape is no wildcard.
            (
                home("${aws:username}/*"),
                home("${aws:username}/*").replace("2012-10-17", "2008-10-17"),
                vec!["s3:GetObject"],
                vec!["s3:GetObject"],
            ),
            (
                home("${aws:username}/*"),
                home("${aws:UserName}/*"),
                vec![],
                vec![],
            ),
            (home("${*}"), home("*"), vec!["s3:GetObject"], vec![]),
            (
                policy(json!([allow(
                    &["s3:GetObject"],
                    "arn:aws:s3:::b/${aws:username}/*"
                )])),
                policy(json!([allow(&["s3:GetObject"], "arn:aws:s3:::b/*")])),
                vec!["s3:GetObject"],
                vec![],
            ),
        ],
        |(old, new, gained, lost)| {
            let found = compare(std::slice::from_ref(&old), std::slice::from_ref(&new));
            let names = |list: &[Change]| -> Vec<String> {
                list.iter().map(|c| c.witness.action.clone()).collect()
            };
            assert!(found.undecided.is_empty(), "{old}\n{new}");
            assert_eq!(names(&found.gained), gained, "{old}\n{new}");
            assert_eq!(names(&found.lost), lost, "{old}\n{new}");
            let changes = || found.gained.iter().chain(&found.lost);
            assert!(changes().all(|c| !c.places.is_empty()), "{old}\n{new}");
        },
    );
}

#[test]
fn a_path_of_escalation_is_reported_and_fails_on_demand() {
    let old = policy(json!([allow(
        &["iam:PassRole"],
        "arn:aws:iam::123456789012:role/*"
    )]));
    let new = policy(json!([
        allow(&["iam:PassRole"], "arn:aws:iam::123456789012:role/*"),
        allow(&["lambda:CreateFunction", "lambda:InvokeFunction"], "*"),
    ]));
    let project = Project::new(&[("old.json", &old), ("new.json", &new)]);
    let run = diff(&project, &["old.json", "new.json", "-f", "json"]);
    assert_eq!(run.code, 0);
    let opened = actions(&run, "opened");
    assert!(
        opened.contains(&"pass-role-to-lambda".to_owned()),
        "{opened:?}"
    );
    each(
        [
            (&["--fail-on", "escalation"][..], 1),
            (&["--fail-on", "gained"], 1),
            (&["--fail-on", "lost"], 0),
            (&["--fail-on", "lost,escalation"], 1),
            (&["--fail-on", "lost", "--fail-on", "gained"], 1),
        ],
        |(options, code)| {
            let run = diff(&project, &[&["old.json", "new.json"], options].concat());
            assert_eq!(run.code, code, "{options:?}");
            let run = diff(&project, &[&["new.json", "new.json"], options].concat());
            assert_eq!(run.code, 0, "{options:?}");
        },
    );
    let back = diff(&project, &["new.json", "old.json", "-f", "json"]);
    assert!(actions(&back, "closed").contains(&"pass-role-to-lambda".to_owned()));
    assert!(actions(&back, "opened").is_empty());
    // The most dangerous first.
    let more = policy(json!([allow(
        &["ec2:DescribeVpcs", "s3:GetObject", "iam:PutRolePolicy"],
        "*"
    )]));
    project.write("more.json", &more);
    let run = diff(&project, &["old.json", "more.json", "-f", "json"]);
    let gained = ["iam:PutRolePolicy", "s3:GetObject", "ec2:DescribeVpcs"];
    assert_eq!(actions(&run, "gained"), gained);
}

/// Whoever can assume the role now gains all that it may do.
#[test]
fn a_changed_trust_policy_is_compared() {
    let service = json!({"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]},
        "Action": "sts:AssumeRole"});
    let same = json!({"Sid": "New", "Action": ["STS:assumerole"], "Effect": "Allow",
        "Principal": {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}});
    let limited = json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}});
    let open = json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"});
    let document = |statements: &[Json]| json!({"Version": "2012-10-17", "Statement": statements});
    let grants = document(&[allow(&["sqs:SendMessage"], "*")]);
    let detail = |statements: &[Json]| {
        json!({"RoleName": "r", "AssumeRolePolicyDocument": document(statements),
            "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": grants}]})
    };
    let template = |statements: &[Json]| {
        json!({"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": document(statements),
            "Policies": [{"PolicyName": "p", "PolicyDocument": grants}]}}}})
    };
    each(
        [
            (std::slice::from_ref(&service), &[same][..], false),
            (
                std::slice::from_ref(&service),
                &[service.clone(), open.clone()],
                true,
            ),
            (std::slice::from_ref(&limited), &[open], true),
            (
                &[limited.clone(), service.clone()],
                &[service.clone(), limited.clone()],
                false,
            ),
        ],
        |(old, new, changes)| {
            for (form, old, new) in [
                ("role detail", detail(old), detail(new)),
                ("template", template(old), template(new)),
            ] {
                let project = Project::new(&[
                    ("old.json", &old.to_string()),
                    ("new.json", &new.to_string()),
                ]);
                let run = diff(
                    &project,
                    &["old.json", "new.json", "--fail-on", "escalation"],
                );
                assert_eq!(run.code, i32::from(changes), "{form}: {new}\n{}", run.out);
                assert_eq!(
                    run.out
                        .contains("gained (trust): sts:AssumeRole by any AWS account"),
                    changes,
                    "{form}: {}",
                    run.out
                );
                let back = diff(
                    &project,
                    &[
                        "new.json",
                        "old.json",
                        "-f",
                        "markdown",
                        "--fail-on",
                        "lost",
                    ],
                );
                assert_eq!(back.code, i32::from(changes), "{form}: {}", back.out);
                assert_eq!(
                    back.out.contains("| lost | trust |"),
                    changes,
                    "{form}: {}",
                    back.out
                );
                let run = diff(&project, &["old.json", "new.json", "-f", "json"]);
                let count = run.json()["summary"]["trust_gained"].as_u64().unwrap();
                assert_eq!(count > 0, changes, "{form}: {}", run.out);
            }
        },
    );
    // A policy alone says nothing of who has it.
    let project = Project::new(&[
        ("old.json", &grants.to_string()),
        ("new.json", &detail(&[service]).to_string()),
    ]);
    let run = diff(&project, &["old.json", "new.json"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
}

/// Readings of one template are joined: what several of them show is listed once.
#[test]
fn joined_differences_list_each_path_once() {
    let none = policy(json!([]));
    let opened = |action: &str| {
        let new = policy(json!([allow(&[action], "*")]));
        compare(std::slice::from_ref(&none), &[new])
    };
    let mut all = Difference::default();
    for action in [
        "iam:CreateAccessKey",
        "iam:CreatePolicyVersion",
        "iam:CreateAccessKey",
    ] {
        all.join(opened(action));
    }
    let ids = |of: &Difference| -> Vec<String> {
        let paths = of.opened.iter();
        paths.map(|path| path.open.path.id.clone()).collect()
    };
    let each = ["iam:CreateAccessKey", "iam:CreatePolicyVersion"].map(|a| ids(&opened(a)));
    assert!(each.iter().all(|ids| !ids.is_empty()), "{each:?}");
    assert_eq!(ids(&all), each.concat());
    // The most dangerous first.
    let gained = all.gained.iter().map(|c| c.witness.action.as_str());
    assert_eq!(
        gained.collect::<Vec<_>>(),
        ["iam:CreatePolicyVersion", "iam:CreateAccessKey"]
    );
}
