//! References between resources that AWS refuses: the stack is never made.

use std::fs;

use crate::common::program::{NODE, run};
use crate::common::table::each;

const TRUST: &str = "AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: sts:AssumeRole}]}";

const ALL: &str = "PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: '*', Resource: '*'}]}";

#[test]
fn what_aws_refuses_is_unresolved() {
    let arn = "takes names, and this is an ARN";
    let name = "takes ARNs";
    let circle = "circular dependency between `P`, `R`";
    each(
        [
            // A property of the role, another resource, and what is said.
            (
                "",
                "IP: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!GetAtt R.Arn]}}",
                arn,
            ),
            (
                "",
                "IP: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Sub '${R.Arn}']}}",
                arn,
            ),
            (
                "",
                "IP: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: ['arn:aws:iam::123456789012:role/x']}}",
                arn,
            ),
            (
                "",
                "IP: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref R]}}",
                "",
            ),
            (
                "",
                "IP: {Type: AWS::IAM::InstanceProfile, Condition: No, Properties: {Roles: [!GetAtt R.Arn]}}",
                "",
            ),
            (
                "",
                "P: {Type: AWS::IAM::ManagedPolicy, Properties: {Roles: [!GetAtt R.Arn], DOC}}",
                arn,
            ),
            (
                "ManagedPolicyArns: [!Ref P]",
                "P: {Type: AWS::IAM::Policy, Properties: {PolicyName: x, Roles: [other], DOC}}",
                name,
            ),
            (
                "ManagedPolicyArns: [AmazonSSMManagedInstanceCore]",
                "",
                name,
            ),
            ("ManagedPolicyArns: ['']", "", name),
            ("ManagedPolicyArns: ''", "", name),
            ("PermissionsBoundary: limit", "", "takes an ARN"),
            ("PermissionsBoundary: ''", "", "takes an ARN"),
            (
                "PermissionsBoundary: !Ref R2",
                "R2: {Type: AWS::IAM::Role, Properties: {TRUST}}",
                "takes an ARN",
            ),
            (
                "PermissionsBoundary: arn:aws:iam::123456789012:policy/limit",
                "",
                "",
            ),
            (
                "ManagedPolicyArns: [!Sub 'arn:${AWS::Partition}:iam::aws:policy/AmazonSSMManagedInstanceCore']",
                "",
                "",
            ),
            (
                "ManagedPolicyArns: [!If [No, name, !Ref P]]",
                "P: {Type: AWS::IAM::ManagedPolicy, Properties: {DOC}}",
                "",
            ),
            (
                "ManagedPolicyArns: [!Ref P]",
                "P: {Type: AWS::IAM::ManagedPolicy, Properties: {Roles: [!Ref R], DOC}}",
                circle,
            ),
            (
                "ManagedPolicyArns: [!Ref P]",
                "P: {Type: AWS::IAM::ManagedPolicy, DependsOn: R, Properties: {DOC}}",
                circle,
            ),
            (
                "ManagedPolicyArns: [!Ref P]",
                "P: {Type: AWS::IAM::ManagedPolicy, Properties: {Path: !Sub '/${R}/', DOC}}",
                circle,
            ),
            (
                "PermissionsBoundary: !If [No, !Ref P, !Ref AWS::NoValue]",
                "P: {Type: AWS::IAM::ManagedPolicy, Properties: {Roles: [!Ref R], DOC}}",
                "",
            ),
            (
                "",
                "P: {Type: AWS::IAM::ManagedPolicy, Properties: {Roles: [!Ref R], DOC}}",
                "",
            ),
        ],
        |(property, resource, expected)| {
            let resource = resource.replace("DOC", ALL).replace("TRUST", TRUST);
            let text = format!(
                "Conditions: {{No: !Equals [a, b]}}\nResources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      {TRUST}\n      Policies: [{{PolicyName: p, {ALL}}}]\n      {property}\n  {resource}\n"
            );
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("t.yaml"), &text).unwrap();
            let command = [
                &["lint", "t.yaml", "--no-config", "-f", "concise"][..],
                &NODE,
            ]
            .concat();
            let found = run(folder.path(), &command);
            let mut says = { found.out.lines() }.filter(|line| line.contains("[unresolved]"));
            let is_said = says.any(|line| !expected.is_empty() && line.contains(expected));
            assert_eq!(is_said, !expected.is_empty(), "{text}: {}", found.out);
            assert_eq!(
                found.code,
                if expected.is_empty() { 0 } else { 2 },
                "{text}: {}",
                found.out
            );
        },
    );
}
