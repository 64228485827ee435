//! The promises of `SECURITY.md` for templates, Terraform code, plans, account dumps, `diff` and `merge`.

mod read;
mod shown;

use serde_json::{Value, json};

use crate::common::program::{Run, run};
use crate::common::project::Project;

const REFERENCE: &str = r#"{"Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:123456789012:q"}}"#;

fn allow() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:123456789012:q"}]})
}

fn trust() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]})
}

fn role() -> Value {
    json!({"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": trust(),
        "Policies": [{"PolicyName": "a", "PolicyDocument": allow()}]}})
}

/// A template with a role that has all that it needs, changed.
fn template(change: impl Fn(&mut Value)) -> String {
    let mut template =
        json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"R": role()}});
    change(&mut template);
    template.to_string()
}

fn dump(change: impl Fn(&mut Value)) -> String {
    let mut dump = json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [{"RoleName": "r",
        "Arn": "arn:aws:iam::123456789012:role/r", "Path": "/", "AssumeRolePolicyDocument": trust(),
        "RolePolicyList": [{"PolicyName": "a", "PolicyDocument": allow()}], "AttachedManagedPolicies": [],
        "InstanceProfileList": [], "Tags": []}]});
    change(&mut dump);
    dump.to_string()
}

fn plan(change: impl Fn(&mut Value)) -> String {
    let mut plan = json!({"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": [],
        "planned_values": {"root_module": {"resources": [{"address": "aws_iam_role.r", "mode": "managed",
            "type": "aws_iam_role", "name": "r", "values": {"name": "r", "assume_role_policy": trust().to_string(),
            "inline_policy": [{"name": "a", "policy": allow().to_string()}]}}]}}});
    change(&mut plan);
    plan.to_string()
}

/// A role in Terraform code with a policy.
fn code(policy: &str) -> String {
    format!(
        "resource \"aws_iam_role\" \"r\" {{\n  name = \"r\"\n  assume_role_policy = jsonencode({})\n}}\n\
         resource \"aws_iam_role_policy\" \"p\" {{\n  role = aws_iam_role.r.id\n  policy = {policy}\n}}\n",
        trust()
    )
}

fn covered() -> String {
    code(&format!("jsonencode({})", allow()))
}

fn lint(project: &Project, arguments: &[&str]) -> Run {
    let all = [
        &["lint"],
        arguments,
        &["--no-config", "--reference", "r.json"],
    ]
    .concat();
    run(&project.path(""), &all)
}
