//! Recognises files that are not policies (Markdown, Go, YAML …) and names their kind in the error.

use super::fault::Fault;
use super::json::{Kind, Value};
use super::policy::Problem;
use super::printed;
use super::source::Span;

const EXPORT: &str = "export the policy itself as JSON: `aws iam get-role-policy --role-name ROLE --policy-name POLICY`, \
    or `aws iam get-policy-version --policy-arn ARN --version-id v1` for a managed policy";

/// Names the format of a text that is not JSON.
pub(super) fn text(text: &str) -> Option<Fault> {
    let mut lines = Lines { text, at: 0 };
    let (start, first) = lines.by_ref().find(|(_, l)| {
        !l.is_empty() && !l.starts_with('#') && !l.starts_with("//") && !l.starts_with("---")
    })?;
    let range = start..start + first.len();
    let fault = |what: &str, help: &str| {
        Fault::new(
            range.clone(),
            format!("this is {what}, not an IAM policy in JSON"),
        )
        .about("document")
        .with_help(help)
    };
    let lower = first.to_ascii_lowercase();
    if ["<!doctype", "<html", "<head", "<?xml"]
        .iter()
        .any(|tag| lower.starts_with(tag))
    {
        return Some(fault(
            "an HTML or XML page",
            "save the JSON text itself, for example with the page's \"raw\" link or its copy button",
        ));
    }
    if let Some(format) = printed::format(text, first) {
        return Some(fault(
            &format!("the output of the AWS CLI as {format}"),
            "run the command again with `--output json`, and give that",
        ));
    }
    if first.starts_with("An error occurred (") {
        return Some(fault(
            "an error message of the AWS CLI",
            "fix the error that the command reports and run it again, then save its output",
        ));
    }
    if first.starts_with('[') {
        return is_ini(first, lines).then(|| {
            fault(
                "an INI file (such as a ParallelCluster 2 configuration)",
                "give the JSON file of the policy",
            )
        });
    }
    if first.starts_with("{%") || first.starts_with("{#") || text.contains("{%") {
        return Some(fault(
            "a Jinja template",
            "render it first, and pass the resulting JSON file",
        ));
    }
    if first.starts_with(['{', '"']) {
        return None;
    }
    if let Some((what, help)) = program(text) {
        return Some(fault(what, help));
    }
    if is_terraform(text) {
        return Some(fault(
            "Terraform code",
            "name the folder of the module or its `.tf` files; or export the policy that Terraform made: \
             `aws iam get-role-policy --role-name ROLE --policy-name POLICY`",
        ));
    }
    if is_yaml_key(first) || first.starts_with("- ") {
        let template = text.lines().any(|l| {
            l.starts_with("AWSTemplateFormatVersion:") || l.trim().starts_with("Type: AWS::")
        });
        if template {
            return Some(fault("a CloudFormation template in YAML", EXPORT));
        }
        return Some(fault(
            "YAML",
            "IAM takes JSON only: convert it, for example with `yq -o=json . FILE`",
        ));
    }
    None
}

/// Names the language of a program or a page that a policy can be written in, and what to do.
fn program(text: &str) -> Option<(&'static str, &'static str)> {
    const PRINT: &str = "pass the policy that the program generates, as JSON, or export the deployed policy: \
        `aws iam get-role-policy --role-name ROLE --policy-name POLICY`";
    const SYNTH: &str = "export the deployed policy: `aws iam get-role-policy --role-name ROLE --policy-name POLICY`; \
        for CDK code, `cdk synth` prints the template";
    let shebang = text.lines().next().filter(|l| l.starts_with("#!"));
    let starts = |beginnings: &[&str]| {
        let mut lines = text.lines();
        lines.any(|l| beginnings.iter().any(|b| l.starts_with(b)))
    };
    let names = |word: &str| shebang.is_some_and(|l| l.contains(word));
    if text.lines().any(|l| l.trim_start().starts_with("```")) {
        let help = "save the JSON of the block in a file of its own";
        return Some(("a Markdown page", help));
    }
    if starts(&["package "]) && starts(&["import ", "func ", "type ", "var ", "const "]) {
        return Some(("Go code", SYNTH));
    }
    let scripted = starts(&[
        "import ",
        "export ",
        "const ",
        "let ",
        "var ",
        "'use strict'",
        "\"use strict\"",
    ]);
    let is_script = text.lines().any(|l| {
        let line = l.trim_end();
        line.ends_with(';')
            || l.contains(" from '")
            || l.contains(" from \"")
            || l.contains("require(")
    });
    if names("node") || scripted && is_script {
        return Some(("JavaScript or TypeScript code", SYNTH));
    }
    let is_python =
        starts(&["from ", "import ", "def ", "class "]) && !starts(&["import \"", "import '"]);
    if names("python") || is_python {
        return Some(("Python code", PRINT));
    }
    let has_heredoc = text.lines().any(|l| {
        let after = l.split_once("<<").map(|(_, rest)| rest);
        let word = after.map(|rest| rest.trim_start_matches(['-', ' ', '\'', '"', '\\']));
        let is_command = l.starts_with("cat ") || l.starts_with("aws ") || l.contains("$(cat ");
        is_command && word.is_some_and(|w| w.starts_with(|c: char| c.is_ascii_alphabetic()))
    });
    if names("sh") || has_heredoc {
        let help = "save what is between the two marks of the here document as a JSON file, with its variables replaced";
        return Some(("a shell script", help));
    }
    None
}

/// The lines of a text, trimmed, with the offset of each.
struct Lines<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.at..).filter(|t| !t.is_empty())?;
        let line = rest.split_inclusive('\n').next()?;
        let start = self.at + line.len() - line.trim_start().len();
        self.at += line.len();
        Some((start, line.trim()))
    }
}

fn is_ini<'a>(first: &str, mut rest: impl Iterator<Item = (usize, &'a str)>) -> bool {
    let name = first.strip_prefix('[').and_then(|l| l.strip_suffix(']'));
    name.is_some_and(|name| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.'))
    }) && rest.any(|(_, l)| l.contains('=') && !l.starts_with(['"', '{']))
}

fn is_terraform(text: &str) -> bool {
    text.lines().map(str::trim).any(|l| {
        [
            "resource \"",
            "data \"",
            "module \"",
            "variable \"",
            "provider \"",
            "output \"",
            "locals {",
            "terraform {",
        ]
        .iter()
        .any(|block| l.starts_with(block))
            || l.contains("jsonencode(")
            || l.contains("policy = <<")
    })
}

fn is_yaml_key(line: &str) -> bool {
    line.split_once(':').is_some_and(|(key, rest)| {
        !key.is_empty()
            && key
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
            && (rest.is_empty() || rest.starts_with(' '))
    })
}

/// Refuses files that contain the roles of an account in a form that is not read.
pub(super) fn account(value: Value<'_>) -> Option<Problem> {
    const LISTS: [&str; 3] = ["RoleDetailList", "UserDetailList", "GroupDetailList"];
    let members = value.members();
    let member = members
        .iter()
        .find(|m| LISTS.contains(&m.key.value.as_str()))?;
    let message = "this is the output of `aws iam get-account-authorization-details`, not a policy";
    Some(
        Problem::invalid_json("document", message, member.key.span).with_help(
            "it has every role of the account: \
             pick one with `jq '.RoleDetailList[] | select(.RoleName == \"ROLE\").RolePolicyList'`",
        ),
    )
}

/// Names the kind of a JSON object that contains no policy.
pub(super) fn object(value: Value<'_>) -> Option<Problem> {
    let members = value.members();
    let key = |name: &str| members.iter().find(|m| m.key.value == name);
    let refused = |span: Span, what: &str, help: &str| {
        Some(
            Problem::invalid_json("document", format!("this is {what}, not a policy"), span)
                .with_help(help),
        )
    };
    if let Some(member) = key("AWSTemplateFormatVersion") {
        return refused(member.key.span, "a CloudFormation template", EXPORT);
    }
    if let Some(member) = key("Resources") {
        let resources = member.value.members();
        let typed = resources
            .iter()
            .any(|r| r.value.kind() == Kind::Object && r.value.member("Type").is_some());
        if typed {
            return refused(member.key.span, "a CloudFormation template", EXPORT);
        }
    }
    let resource_type = key("Type").filter(|m| m.value.raw().starts_with("\"AWS::"));
    if let Some(member) = resource_type {
        return refused(
            member.key.span,
            "a resource of a CloudFormation template",
            EXPORT,
        );
    }
    let terraform_blocks = key("resource").or(key("data")).filter(|m| {
        let types = m.value.members();
        types.iter().any(|t| t.key.value.starts_with("aws_"))
    });
    if let Some(member) = terraform_blocks {
        return refused(
            member.key.span,
            "Terraform code in JSON",
            "export the policy that Terraform created: `aws iam get-role-policy --role-name ROLE --policy-name POLICY`",
        );
    }
    if let Some(member) = key("planned_values").or(key("terraform_version")) {
        return refused(
            member.key.span,
            "a plan or state of Terraform",
            "export the policy that Terraform created: `aws iam get-role-policy --role-name ROLE --policy-name POLICY`",
        );
    }
    printed::command(value)
}

#[cfg(test)]
mod tests {
    use super::super::{ProblemKind, Source, SourceId, parse};

    /// Text, part of the message, underlined text, part of the help.
    const FOREIGN: &[(&str, &str, &str, &str)] = &[
        (
            "#!/usr/bin/env python3\nimport json\nprint(json.dumps({}))\n",
            "Python code",
            "import json",
            "as JSON",
        ),
        (
            "import * as iam from 'aws-cdk-lib/aws-iam';\nnew iam.PolicyStatement({});\n",
            "JavaScript or TypeScript code",
            "import * as iam from 'aws-cdk-lib/aws-iam';",
            "cdk synth",
        ),
        (
            "package main\n\nimport \"fmt\"\nfunc main() {}\n",
            "Go code",
            "package main",
            "get-role-policy",
        ),
        (
            "#!/bin/bash\nset -e\ncat > p.json <<EOF\n{}\nEOF\n",
            "a shell script",
            "set -e",
            "here document",
        ),
        (
            "cat <<'EOF' > p.json\n{}\nEOF\n",
            "a shell script",
            "cat <<'EOF' > p.json",
            "here document",
        ),
        (
            "# Policies\n\nAttach this:\n\n```json\n{}\n```\n",
            "a Markdown page",
            "Attach this:",
            "file of its own",
        ),
        (
            "{% if batch %}\n{\"Version\": \"2012-10-17\"}\n{% endif %}\n",
            "a Jinja template",
            "{% if batch %}",
            "render it",
        ),
        (
            "# head node\nresource \"aws_iam_role_policy\" \"head\" {\n  policy = jsonencode({\n  })\n}\n",
            "Terraform code",
            "resource \"aws_iam_role_policy\" \"head\" {",
            "get-role-policy",
        ),
        (
            "data \"aws_iam_policy_document\" \"a\" {\n}\n",
            "Terraform code",
            "data \"aws_iam_policy_document\" \"a\" {",
            "name the folder of the module",
        ),
        (
            "  policy = jsonencode({\n  })\n",
            "Terraform code",
            "policy = jsonencode({",
            "",
        ),
        (
            "---\nAWSTemplateFormatVersion: '2010-09-09'\nResources:\n",
            "CloudFormation template",
            "AWSTemplateFormatVersion: '2010-09-09'",
            "get-role-policy",
        ),
        (
            "Resources:\n  Role:\n    Type: AWS::IAM::Role\n",
            "CloudFormation template",
            "Resources:",
            "as JSON",
        ),
        (
            "Version: 2012-10-17\nStatement:\n- Effect: Allow\n",
            "YAML",
            "Version: 2012-10-17",
            "convert",
        ),
        (
            "\n<!DOCTYPE html>\n<html>",
            "HTML",
            "<!DOCTYPE html>",
            "raw",
        ),
        (
            "[cluster default]\nscheduler = slurm\n",
            "INI",
            "[cluster default]",
            "JSON",
        ),
        (
            "An error occurred (NoSuchEntity) when calling",
            "AWS CLI",
            "An error occurred (NoSuchEntity) when calling",
            "again",
        ),
        (
            r#"{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}}"#,
            "CloudFormation template",
            "AWSTemplateFormatVersion",
            "get-role-policy",
        ),
        (
            r#"{"Resources": {"A": {"Type": "AWS::IAM::Policy"}}}"#,
            "CloudFormation template",
            "Resources",
            "",
        ),
        (
            r#"{"format_version": "1", "planned_values": {}}"#,
            "Terraform",
            "planned_values",
            "",
        ),
        (
            r#"{"Type": "AWS::IAM::Policy", "Properties": {}}"#,
            "CloudFormation template",
            "Type",
            "",
        ),
        (
            r#"{"resource": {"aws_iam_policy": {}}}"#,
            "Terraform",
            "resource",
            "",
        ),
        (
            r#"{"AttachedPolicies": []}"#,
            "list-attached-role-policies",
            "AttachedPolicies",
            "get-policy-version",
        ),
        (
            r#"{"Roles": [{"RoleName": "a", "AssumeRolePolicyDocument": {}}]}"#,
            "`aws iam list-roles`",
            "Roles",
            "get-account-authorization-details",
        ),
        (
            r#"{"InstanceProfile": {"Roles": []}}"#,
            "`aws iam get-instance-profile`",
            "InstanceProfile",
            "get-role-policy",
        ),
        (
            r#"{"Users": []}"#,
            "`aws iam list-users`",
            "Users",
            "get-account-authorization-details",
        ),
        (
            r#"{"User": {"UserName": "a"}}"#,
            "`aws iam get-user`",
            "User",
            "get-user-policy",
        ),
        (
            r#"{"Groups": []}"#,
            "`aws iam list-groups`",
            "Groups",
            "get-account-authorization-details",
        ),
        (
            r#"{"Users": [], "Group": {"GroupName": "a"}}"#,
            "`aws iam get-group`",
            "Group",
            "get-group-policy",
        ),
        (
            r#"{"UserId": "A", "Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/a"}"#,
            "`aws sts get-caller-identity`",
            "UserId",
            "get-role-policy",
        ),
        (
            r#"{"Policies": [{"PolicyName": "m", "Arn": "a", "DefaultVersionId": "v1", "Tags": [{"Key": "k", "Value": "v"}]}]}"#,
            "`aws iam list-policies`",
            "Policies",
            "get-policy-version",
        ),
        (
            r#"{"Policy": {"PolicyName": "a"}}"#,
            "get-policy",
            "Policy",
            "get-policy-version",
        ),
    ];

    #[test]
    fn foreign_files_are_refused_by_name() {
        for (text, message, underlined, help) in FOREIGN {
            let source = Source::new("a", *text);
            let document = parse(SourceId(0), &source);
            assert!(document.policies.is_empty());
            assert_eq!(document.problems.len(), 1, "{text}");
            let problem = &document.problems[0];
            assert_eq!(problem.kind, ProblemKind::InvalidJson);
            assert!(problem.message.contains(message), "{}", problem.message);
            assert_eq!(source.slice(problem.span), *underlined);
            assert!(problem.help.as_ref().unwrap().contains(help), "{text}");
        }
    }

    #[test]
    fn broken_json_is_not_taken_for_another_format() {
        for text in [
            "// Version: 1\n{\"a\": 1",
            "[\n  {\"a\" = 1}",
            "{\n  Version: 1\n}",
        ] {
            assert!(super::text(text).is_none(), "{text}");
        }
    }
}
