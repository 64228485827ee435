//! Policies, boundaries and groups of a template are followed in any spelling of their names.

use std::fs;

use crate::common::case::{Case, verdict};
use crate::common::program::run;
use crate::common::table::each;

const REFERENCE: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage",
    "Resource": "arn:aws:sqs:us-east-1:123456789012:queue-a"}}"#;

/// A role, a user and a group that are allowed everything, and a policy that denies it.
const HEAD: &str = "
Parameters:
  Open: {Type: String}
  OpenNames: {Type: CommaDelimitedList}
  One: {Type: String, Default: 'n'}
  Names: {Type: CommaDelimitedList, Default: 'other, n'}
  Arns: {Type: CommaDelimitedList, Default: 'arn:aws:iam::aws:policy/x,arn:aws:iam::123456789012:policy/p/lim'}
Conditions:
  Yes: !Equals [a, a]
  No: !Equals [a, b]
  Maybe: !Equals [!Ref Open, a]
Resources:
  G:
    Type: AWS::IAM::Group
    Properties:
      GroupName: n
      Policies: [{PolicyName: d, PolicyDocument: {Version: 2012-10-17, Statement: {Effect: EFFECT, Action: '*', Resource: '*'}}}]
  B:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      ManagedPolicyName: lim
      Path: /p/
      PolicyDocument: {Version: 2012-10-17, Statement: {Effect: EFFECT, Action: '*', Resource: '*'}}
";

const MADE: &str = "Policies: [{PolicyName: p, PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: '*', Resource: '*'}}}]";

/// The exit code and whether `unresolved` is found, for a principal with this property and these resources.
fn judge(kind: &str, property: &str, resources: &str, effect: &str) -> (i32, bool) {
    let own = match kind {
        "Role" => {
            "RoleName: n\n      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, \
             Principal: {Service: ec2.amazonaws.com}, Action: sts:AssumeRole}}"
        }
        _ => "UserName: n",
    };
    let text = format!(
        "{HEAD}  Me:\n    Type: AWS::IAM::{kind}\n    Properties:\n      {own}\n      {MADE}\n      {property}\n{resources}\n"
    )
    .replace("EFFECT", effect);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.yaml"), text).unwrap();
    fs::write(folder.path().join("r.json"), REFERENCE).unwrap();
    let arguments = "lint t.yaml --no-config -f json --reference r.json --select Me --region us-east-1 --account 123456789012";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let run = run(folder.path(), &arguments);
    (run.code, run.out.contains("\"unresolved\""))
}

/// Every row with a denial that is attached, and the same with what allows everything instead.
fn check(rows: Vec<(&'static str, String, String, i32)>) {
    let mut wrong = Vec::new();
    for (kind, property, resources, code) in rows {
        let found = judge(kind, &property, &resources, "Deny");
        if found != (code, code == 2) {
            wrong.push(format!(
                "{kind} {property} {resources}: {found:?}, not {code}"
            ));
        }
        let found = judge(kind, &property, &resources, "Allow");
        if code == 1 && found.0 != 0 {
            wrong.push(format!(
                "{kind} {property} {resources}: {found:?} with Allow"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_policy_of_the_template_counts_in_any_spelling() {
    let mut rows = Vec::new();
    for (arn, code) in [
        ("!Ref B", 1),
        ("!Sub '${B}'", 1),
        ("!GetAtt B.PolicyArn", 1),
        ("!Sub '${B.PolicyArn}'", 1),
        ("arn:aws:iam::123456789012:policy/p/lim", 1),
        (
            "!Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/p/lim'",
            1,
        ),
        ("!If [Yes, !Sub '${B}', !Ref 'AWS::NoValue']", 1),
        ("!If [Yes, !Ref B, !Ref 'AWS::NoValue']", 1),
        ("!If [Maybe, !Sub '${B}', !GetAtt B.PolicyArn]", 1),
        ("!Join ['', [!Ref B]]", 1),
        ("!Select [1, !Ref Arns]", 1),
        ("!Select [0, !Split [',', !Ref B]]", 1),
        ("!If [No, !Sub '${B}', !Ref 'AWS::NoValue']", 0),
        ("arn:aws:iam::123456789012:policy/other", 0),
        ("arn:aws:iam::aws:policy/p/lim", 0),
    ] {
        // Which branch is taken decides for a list of policies, whose elements are judged one by one.
        if !arn.contains("Maybe") {
            let property = format!("ManagedPolicyArns: [{arn}]");
            rows.push(("Role", property, String::new(), code));
        }
        let property = format!("PermissionsBoundary: {arn}");
        rows.push(("Role", property.clone(), String::new(), code));
        rows.push(("User", property, String::new(), code));
    }
    for list in [
        "!Split [',', !Ref B]",
        "!Ref Arns",
        "!If [Yes, [!Sub '${B}'], []]",
    ] {
        let property = format!("ManagedPolicyArns: {list}");
        rows.push(("Role", property, String::new(), 1));
    }
    let open = "PermissionsBoundary: !If [Maybe, !Sub '${B}', !Ref 'AWS::NoValue']";
    rows.push(("Role", open.to_owned(), String::new(), 0));
    check(rows);
}

/// Lists that name `n`, and the exit code where that is denied everything.
const LISTS: &[(&str, i32)] = &[
    ("[n]", 1),
    ("!Ref Names", 1),
    ("[!Ref One]", 1),
    ("!Split [',', 'other,n']", 1),
    ("!If [Yes, [n], [other]]", 1),
    ("!If [Yes, !Ref Names, []]", 1),
    ("[!Select [1, !Ref Names]]", 1),
    ("[other]", 0),
    ("!If [No, [n], [other]]", 0),
    ("[!Ref Open]", 2),
    ("!Ref OpenNames", 2),
    ("!Split [',', !Ref Open]", 2),
    ("[!Sub '${Open}n']", 2),
    ("[!Sub '${Open}x']", 0),
];

#[test]
fn lists_of_principals_are_followed_element_by_element() {
    let mut rows = Vec::new();
    for (list, code) in LISTS {
        for (kind, property) in [("Role", "Roles"), ("User", "Users")] {
            for policy in ["Policy", "ManagedPolicy"] {
                let name = if policy == "Policy" {
                    "      PolicyName: d\n"
                } else {
                    ""
                };
                let resource = format!(
                    "  D:\n    Type: AWS::IAM::{policy}\n    Properties:\n{name}      {property}: {list}\n      PolicyDocument: \
                     {{Version: 2012-10-17, Statement: {{Effect: EFFECT, Action: '*', Resource: '*'}}}}"
                );
                rows.push((kind, String::new(), resource, *code));
            }
        }
        rows.push(("User", format!("Groups: {list}"), String::new(), *code));
    }
    check(rows);
}

#[test]
fn a_user_has_the_policies_of_a_group_that_it_is_added_to() {
    let addition = |group: &str, users: &str, more: &str| {
        format!(
            "  A:\n    Type: AWS::IAM::UserToGroupAddition\n{more}    Properties:\n      GroupName: {group}\n      Users: {users}"
        )
    };
    let mut rows = Vec::new();
    for (list, code) in LISTS {
        let resource = addition("!Ref G", list, "");
        rows.push(("User", String::new(), resource, *code));
    }
    for (group, code) in [("n", 1), ("!Ref One", 1), ("other", 0), ("!Ref Open", 2)] {
        let resource = addition(group, "[!Ref Me]", "");
        rows.push(("User", String::new(), resource, code));
    }
    let never = addition("n", "[n]", "    Condition: No\n");
    rows.push(("User", String::new(), never, 0));
    check(rows);
}

#[test]
fn an_attached_policy_of_aws_grants_only_for_the_values_that_attach_it() {
    let text = "
Parameters:
  Stage: {Type: String, AllowedValues: [VALUES]}
Conditions:
  Wide: !Equals [!Ref Stage, wide]
Resources:
  Me:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: 'sts:AssumeRole'}}
      ManagedPolicyArns: [!If [Wide, 'arn:aws:iam::aws:policy/AmazonS3FullAccess', !Ref 'AWS::NoValue']]
      Policies:
        - {PolicyName: p, PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: 'sqs:*', Resource: '*'}}}
";
    let reference = REFERENCE.replace("sqs:SendMessage", "s3:GetObject");
    let queue = "arn:aws:sqs:us-east-1:123456789012:queue-a";
    let reference = reference.replace(queue, "arn:aws:s3:::data/*");
    each(
        [
            ("wide, narrow", "missing"),
            ("narrow, wide", "missing"),
            ("wide", "covered"),
        ],
        |(values, expected)| {
            let text = text.replace("VALUES", values);
            let case = Case::new(&[("t.yaml", &text)], &reference);
            let (run, result) = case.lint("t.yaml", &[]);
            assert_eq!(verdict(&result), expected, "{values}: {}", run.err);
        },
    );
}

#[test]
fn what_an_attached_policy_of_aws_grants_counts_for_every_value_of_what_is_not_known() {
    // The Deny may be on the bucket or not.
    let text = "
Parameters:
  Open: {Type: String}
Resources:
  Me:
    Type: AWS::IAM::Role
    Properties:
      ManagedPolicyArns: [arn:aws:iam::aws:policy/AmazonS3FullAccess]
      Policies:
        - PolicyName: p
          PolicyDocument:
            Version: 2012-10-17
            Statement: {Effect: Deny, Action: 's3:*', Resource: !Sub 'arn:aws:s3:::${Open}/*'}
";
    let reference = REFERENCE.replace("sqs:SendMessage", "s3:GetObject");
    let queue = "arn:aws:sqs:us-east-1:123456789012:queue-a";
    let case = Case::new(
        &[("t.yaml", text)],
        &reference.replace(queue, "arn:aws:s3:::data/*"),
    );
    let judged = |open: &[&str]| verdict(&case.lint("t.yaml", open).1);
    assert_eq!(judged(&[]), "depends");
    assert_eq!(judged(&["--parameter", "Open=data"]), "denied");
    assert_eq!(judged(&["--parameter", "Open=other"]), "covered");
}

#[test]
fn a_grant_that_goes_too_far_for_each_value_of_a_parameter_is_reported_once() {
    let text = "
Parameters:
  Queue: {Type: String, AllowedValues: [b, c, d]}
Resources:
  Me:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: p
          PolicyDocument:
            Version: 2012-10-17
            Statement:
              - {Effect: Allow, Action: 'sqs:SendMessage', Resource: 'arn:aws:sqs:us-east-1:123456789012:queue-a'}
              - {Effect: Allow, Action: 'sqs:ReceiveMessage', Resource: !Sub 'arn:aws:sqs:us-east-1:123456789012:${Queue}'}
";
    let (_, report) = Case::new(&[("t.yaml", text)], REFERENCE).lint("t.yaml", &[]);
    let found = report["results"][0]["findings"].as_array().unwrap();
    let of_grant = found
        .iter()
        .filter(|f| f["subject"] == "sqs:ReceiveMessage");
    let lints: Vec<_> = of_grant.map(|f| f["lint"].as_str().unwrap()).collect();
    assert_eq!(lints, ["excess-data-access"], "{found:?}");
}
