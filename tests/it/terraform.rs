//! Modules of Terraform: what each construct stands for, and the roles that a module defines.

mod attached;
mod coexisting;
mod modules;
mod objects;
mod plan;
mod plan_references;
mod refused;
mod schema;
mod unknown_names;
mod validate;
mod values;

use crate::common::case::{Case, verdict};

/// What the role must be able to do.
const REFERENCE: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage",
    "Resource": "arn:aws:sqs:us-east-1:123456789012:queue-a"}}"#;

const ARN: &str = "arn:aws:sqs:us-east-1:123456789012";

/// The trust policy of a node.
pub(crate) const TRUST: &str = "jsonencode({ Version = \"2012-10-17\", Statement = [{ Effect = \"Allow\", Principal = { Service = \"ec2.amazonaws.com\" }, Action = \"sts:AssumeRole\" }] })";

const HEAD: &str = r#"
variable "open" { type = string }
variable "open_list" { type = list(string) }
variable "queue" { default = "queue-a" }
variable "other" { default = "queue-b" }
variable "names" { default = ["queue-b", "queue-a"] }
variable "is_on" { default = true }
data "aws_caller_identity" "me" {}
data "aws_partition" "here" {}
data "aws_region" "here" {}
locals {
  arn   = "ARN"
  map   = { main = "queue-a", other = "queue-b" }
  deep  = { list = [{ name = "queue-b" }, { name = "queue-a" }] }
}
resource "aws_sqs_queue" "sent" { name = "queue-a" }
resource "aws_sqs_queue" "made" {}
resource "aws_sqs_queue" "prefixed" { name_prefix = "queue-" }
resource "random_id" "x" { byte_length = 4 }
resource "aws_db_instance" "made" {}
data "external" "x" { program = ["true"] }
"#;

pub(crate) fn case(files: &[(&str, &str)]) -> Case {
    let texts: Vec<(&str, String)> = { files.iter() }
        .map(|(name, text)| (*name, text.replace("ARN", ARN)))
        .collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(n, t)| (*n, t.as_str())).collect();
    Case::new(&files, REFERENCE)
}

/// The verdict, or the exit code where there is none.
fn judged(files: &[(&str, &str)], more: &[&str]) -> String {
    let case = case(files);
    let (run, value) = case.lint(".", more);
    match verdict(&value).as_str() {
        "none" => format!("exit {}: {}{}", run.code, run.out, run.err),
        verdict if run.code == 2 => format!("{verdict} and exit 2"),
        verdict => verdict.to_owned(),
    }
}

/// Terraform refuses the files with this text, or takes them where there is none.
fn refuses(files: &[(&str, &str)], row: &str, expected: &str) {
    let (run, report) = case(files).lint(".", &[]);
    let is = report.to_string();
    if expected.is_empty() {
        assert!(!is.contains("Terraform refuses"), "{row}\n{is}");
        assert_ne!(run.code, 2, "{row}\n{is}");
    } else {
        assert!(is.contains(expected), "{expected}\n{row}\n{is}");
        assert_eq!(run.code, 2, "{row}\n{is}");
    }
}

/// Every row of a table that is not as it says.
fn failures(rows: impl IntoIterator<Item = (String, String, String)>) {
    let wrong: Vec<String> = { rows.into_iter() }
        .filter(|(_, expected, is)| expected != is)
        .map(|(row, expected, is)| format!("{row}\n  expected {expected}, is {is}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn role_with(policy: &str) -> String {
    format!(
        "{HEAD}
resource \"aws_iam_role\" \"node\" {{
  name               = \"node\"
  assume_role_policy = \"{{}}\"
}}
resource \"aws_iam_role_policy\" \"node\" {{
  role   = aws_iam_role.node.id
  policy = {policy}
}}
"
    )
}

fn encoded(effect: &str, action: &str, resource: &str) -> String {
    format!(
        "jsonencode({{\n    Version = \"2012-10-17\"\n    Statement = [{{ Effect = \"{effect}\", Action = {action}, \
         Resource = {resource} }}]\n  }})"
    )
}

const POLICY: &str = r#"jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sqs:SendMessage", Resource = "ARN:queue-a" }] })"#;
