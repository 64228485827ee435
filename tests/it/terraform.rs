//! Modules of Terraform: what each construct stands for, and the roles that a module defines.

use std::fs;

use serde_json::Value;

use crate::common::case::{Case, verdict};
use crate::common::program::run;
use crate::common::table::each;

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

/// Every row of a table that is not as it says.
fn failures(rows: impl IntoIterator<Item = (String, String, String)>) {
    let wrong: Vec<String> = { rows.into_iter() }
        .filter(|(_, expected, is)| expected != is)
        .map(|(row, expected, is)| format!("{row}\n  expected {expected}, is {is}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A value of `Resource`, and the verdict.
const VALUES: &[(&str, &str)] = &[
    (r#""ARN:queue-a""#, "covered"),
    (r#"["ARN:queue-b", "ARN:queue-a"]"#, "covered"),
    (r#""ARN:queue-b""#, "missing"),
    (
        r#""\u0061rn:aws:sqs:us-east-1:123456789012:queue-a""#,
        "covered",
    ),
    (r#""${local.arn}:queue-a""#, "covered"),
    (r#""ARN:${var.queue}""#, "covered"),
    (r#""ARN:${var.other}""#, "missing"),
    (r#""ARN:${var.open}""#, "depends"),
    ("var.open", "depends"),
    ("var.open_list", "depends"),
    (r#"concat(["ARN:queue-a"], var.open_list)"#, "covered"),
    (r#"concat(["ARN:queue-b"], var.open_list)"#, "depends"),
    (r#"[for n in var.names : "ARN:${n}"]"#, "covered"),
    (
        r#"[for n in var.names : "ARN:${n}" if n != "queue-a"]"#,
        "missing",
    ),
    (r#"[for n in var.open_list : "ARN:${n}"]"#, "depends"),
    (r#"formatlist("ARN:%s", var.names)"#, "covered"),
    (r#"format("ARN:%s", var.queue)"#, "covered"),
    (r#"join(":", ["ARN", var.queue])"#, "covered"),
    (r#"replace("ARN:queue-x", "x", "a")"#, "covered"),
    (r#""ARN:${local.map.main}""#, "covered"),
    (r#""ARN:${local.map["other"]}""#, "missing"),
    (r#""ARN:${lookup(local.map, "main", "x")}""#, "covered"),
    (r#""ARN:${local.deep.list[1].name}""#, "covered"),
    (
        r#"[for n in local.deep.list[*].name : "ARN:${n}"]"#,
        "covered",
    ),
    (r#"var.is_on ? "ARN:queue-a" : "ARN:queue-b""#, "covered"),
    (
        r#"var.open == "x" ? "ARN:queue-a" : "ARN:queue-b""#,
        "depends",
    ),
    (
        r#"var.open == "x" ? "ARN:queue-c" : "ARN:queue-b""#,
        "missing",
    ),
    (
        r#"var.open == "x" ? "ARN:queue-a" : "ARN:queue-a""#,
        "covered",
    ),
    ("aws_sqs_queue.sent.arn", "covered"),
    (r#""ARN:${aws_sqs_queue.sent.name}""#, "covered"),
    ("aws_sqs_queue.made.arn", "depends"),
    (r#""ARN:${aws_sqs_queue.made.name}""#, "depends"),
    ("aws_sqs_queue.prefixed.arn", "depends"),
    (r#""ARN:queue-${random_id.x.hex}""#, "depends"),
    ("aws_db_instance.none.arn", "depends"),
    ("data.external.x.result.arn", "depends"),
    (r#""ARN:queue-${substr(var.queue, 6, 1)}""#, "depends"),
    (
        r#""arn:${data.aws_partition.here.partition}:sqs:${data.aws_region.here.name}:${data.aws_caller_identity.me.account_id}:queue-a""#,
        "covered",
    ),
    (r#"jsondecode("[\"ARN:queue-a\"]")"#, "covered"),
    (r#"try(local.map.none, "ARN:queue-a")"#, "covered"),
    (r#"coalesce("", "ARN:queue-a")"#, "covered"),
    (r#"flatten([["ARN:queue-a"], []])"#, "covered"),
    (r#""%{ if var.is_on }ARN:queue-a%{ endif }""#, "covered"),
    (r#""ARN:${terraform.workspace}""#, "depends"),
    ("null", "exit"),
];

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

#[test]
fn a_value_of_a_resource_is_what_its_expression_makes_of_it() {
    failures(VALUES.iter().map(|(value, expected)| {
        let code = role_with(&encoded("Allow", "\"sqs:SendMessage\"", value));
        let mut is = judged(&[("main.tf", &code)], &[]);
        if *expected == "exit" && (is == "missing" || is.starts_with("exit")) {
            // A refused policy grants nothing.
            is = (*expected).to_owned();
        }
        ((*value).to_owned(), (*expected).to_owned(), is)
    }));
}

/// The whole document, and the verdict.
const DOCUMENTS: &[(&str, &str)] = &[
    (
        "<<EOT\n{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"sqs:SendMessage\",\n\
         \"Resource\": \"ARN:${var.queue}\"}}\nEOT",
        "covered",
    ),
    (
        "<<-EOT\n    {\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"sqs:SendMessage\",\n\
         \"Resource\": \"ARN:${var.open}\"}}\n    EOT",
        "depends",
    ),
    (
        "<<EOT\n{\"Statement\": {\"Effect\": \"Allow\", \"Action\": ${jsonencode(var.open_list)}, \"Resource\": \"*\"}}\nEOT",
        "depends",
    ),
    (
        "<<EOT\n{\"Statement\": {\"Effect\": \"Allow\", \"Action\": [\"sqs:SendMessage\"%{ for n in var.open_list }, \"${n}\"%{ endfor }], \
         \"Resource\": \"*\"}}\nEOT",
        "depends and exit 2",
    ),
    ("<<EOT\n{\"Statement\": {\"Effect\": \"Allow\"\nEOT", "none"),
    ("var.open", "depends"),
    ("file(\"policy.json\")", "covered"),
    ("file(\"${path.module}/policy.json\")", "covered"),
    ("file(\"none.json\")", "exit 2"),
    ("file(\"/etc/hostname\")", "exit 2"),
    (
        "templatefile(\"policy.tpl\", { name = var.queue })",
        "covered",
    ),
    (
        "templatefile(\"policy.tpl\", { name = var.other })",
        "missing",
    ),
    (
        "templatefile(\"policy.tpl\", { name = var.open })",
        "depends",
    ),
    ("templatefile(\"policy.tpl\", {})", "depends"),
    ("templatefile(\"policy.tpl\", var.open)", "depends"),
    ("jsonencode(jsondecode(file(\"policy.json\")))", "covered"),
    (
        "jsonencode(merge(jsondecode(file(\"policy.json\")), {Id = \"x\"}))",
        "covered",
    ),
    ("jsonencode(yamldecode(file(\"policy.yaml\")))", "depends"),
    ("data.aws_iam_policy_document.node.json", "covered"),
    ("data.aws_iam_policy_document.merged.json", "covered"),
    ("data.aws_iam_policy_document.over.json", "missing"),
    ("data.aws_iam_policy_document.open.json", "depends"),
    ("data.aws_iam_policy_document.dynamic.json", "covered"),
    ("data.aws_iam_policy_document.dynamic_open.json", "depends"),
    ("data.aws_iam_policy_document.dynamic_off.json", "missing"),
    ("data.aws_iam_policy_document.none.json", "depends"),
    ("module.policy.json", "covered"),
    ("module.policies[\"a\"].json", "covered"),
    ("module.policies[\"b\"].json", "missing"),
    ("module.registry.json", "depends"),
    (
        "var.open == \"x\" ? data.aws_iam_policy_document.node.json : data.aws_iam_policy_document.over.json",
        "depends",
    ),
    ("data.template_file.node.rendered", "covered"),
];

const DATA: &str = r#"
data "aws_iam_policy_document" "node" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["ARN:queue-a"]
  }
}
data "aws_iam_policy_document" "merged" {
  source_policy_documents = [data.aws_iam_policy_document.node.json]
  statement {
    sid       = "Own"
    actions   = ["sqs:ReceiveMessage"]
    resources = ["*"]
  }
}
data "aws_iam_policy_document" "named" {
  statement {
    sid       = "Send"
    actions   = ["sqs:SendMessage"]
    resources = ["ARN:queue-a"]
  }
}
data "aws_iam_policy_document" "other" {
  statement {
    sid       = "Send"
    actions   = ["sqs:SendMessage"]
    resources = ["ARN:queue-b"]
  }
}
data "aws_iam_policy_document" "over" {
  source_policy_documents   = [data.aws_iam_policy_document.named.json]
  override_policy_documents = [data.aws_iam_policy_document.other.json]
}
data "aws_iam_policy_document" "open" {
  source_policy_documents = [var.open]
}
data "aws_iam_policy_document" "dynamic" {
  dynamic "statement" {
    for_each = var.names
    content {
      actions   = ["sqs:SendMessage"]
      resources = ["ARN:${statement.value}"]
    }
  }
}
data "aws_iam_policy_document" "dynamic_open" {
  dynamic "statement" {
    for_each = var.open_list
    iterator = name
    content {
      actions   = ["sqs:SendMessage"]
      resources = ["ARN:${name.value}"]
    }
  }
}
data "aws_iam_policy_document" "dynamic_off" {
  dynamic "statement" {
    for_each = var.is_on ? [] : [1]
    content {
      actions   = ["sqs:SendMessage"]
      resources = ["ARN:queue-a"]
    }
  }
}
module "policy" {
  source = "./policy"
  name   = var.queue
}
module "policies" {
  source   = "./policy"
  for_each = { a = "queue-a", b = "queue-b" }
  name     = each.value
}
module "registry" {
  source = "terraform-aws-modules/iam/aws"
}
data "template_file" "node" {
  template = file("policy.tpl")
  vars     = { name = "queue-a" }
}
"#;

#[test]
fn a_document_is_what_its_expression_makes_of_it() {
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "ARN:queue-a"}]}"#;
    let template = policy.replace("queue-a", "${name}");
    let module = r#"
variable "name" {}
output "json" {
  value = jsonencode({ Statement = [{ Effect = "Allow", Action = "sqs:SendMessage", Resource = "ARN:${var.name}" }] })
}
"#;
    failures(DOCUMENTS.iter().map(|(document, expected)| {
        let code = role_with(document) + DATA;
        let is = judged(
            &[
                ("main.tf", &code),
                ("policy.json", policy),
                ("policy.tpl", &template),
                ("policy.yaml", "Statement: {Effect: Allow, Action: 'sqs:SendMessage', Resource: 'ARN:queue-a'}"),
                ("policy/main.tf", module),
            ],
            &[],
        );
        let is = match *expected {
            "exit 2" if is.ends_with("and exit 2") || is.starts_with("exit 2") => "exit 2".to_owned(),
            "none" if is.starts_with("exit 2") => "none".to_owned(),
            _ => is,
        };
        ((*document).to_owned(), (*expected).to_owned(), is)
    }));
}

/// What may be a hole in a statement, and the verdicts for it in an Allow and beside an Allow in a Deny.
const HOLES: &[(&str, &str, &str, &str)] = &[
    (r#""sqs:${var.open}""#, r#""*""#, "depends", "depends"),
    ("var.open_list", r#""*""#, "depends", "depends"),
    (r#""sqs:SendMessage""#, "var.open", "depends", "depends"),
    (
        r#""sqs:SendMessage""#,
        r#""ARN:${var.open}""#,
        "depends",
        "depends",
    ),
    (r#""sqs:ReceiveMessage""#, "var.open", "missing", "covered"),
    (
        r#""sqs:SendMessage""#,
        r#""ARN:x-${random_id.x.hex}""#,
        "missing",
        "covered",
    ),
    (
        r#""sqs:SendMessage""#,
        r#""arn:aws:sqs:eu-west-1:123456789012:${var.open}""#,
        "missing",
        "covered",
    ),
];

#[test]
fn a_hole_reaches_by_the_effect_of_its_statement() {
    failures(HOLES.iter().flat_map(|(action, resource, allow, deny)| {
        let allowed = role_with(&encoded("Allow", action, resource));
        let denied = role_with(&format!(
            "jsonencode({{ Version = \"2012-10-17\", Statement = [\n\
             {{ Effect = \"Allow\", Action = \"sqs:SendMessage\", Resource = \"*\" }},\n\
             {{ Effect = \"Deny\", Action = {action}, Resource = {resource} }}] }})"
        ));
        [("Allow", allowed, allow), ("Deny", denied, deny)].map(|(effect, code, expected)| {
            let is = judged(&[("main.tf", &code)], &[]);
            (
                format!("{effect} {action} {resource}"),
                (*expected).to_owned(),
                is,
            )
        })
    }));
}

const POLICY: &str = r#"jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sqs:SendMessage", Resource = "ARN:queue-a" }] })"#;

/// How a policy is attached to the role `node`, and the verdict of that role.
const ATTACHED: &[(&str, &str)] = &[
    (
        "resource \"aws_iam_role_policy\" \"p\" {\n role = aws_iam_role.node.name\n policy = POLICY\n}",
        "covered",
    ),
    (
        "resource \"aws_iam_role_policy\" \"p\" {\n role = aws_iam_role.node.id\n policy = POLICY\n}",
        "covered",
    ),
    (
        "resource \"aws_iam_role_policy\" \"p\" {\n role = \"node\"\n policy = POLICY\n}",
        "covered",
    ),
    (
        "resource \"aws_iam_role_policy\" \"p\" {\n role = \"other\"\n policy = POLICY\n}",
        "missing",
    ),
    (
        "resource \"aws_iam_role_policy\" \"p\" {\n count = 1\n role = aws_iam_role.node.name\n policy = POLICY\n}",
        "covered",
    ),
    (
        "resource \"aws_iam_role_policy\" \"p\" {\n count = 0\n role = aws_iam_role.node.name\n policy = POLICY\n}",
        "missing",
    ),
    (
        "resource \"aws_iam_role_policy\" \"p\" {\n count = var.open == \"x\" ? 1 : 0\n role = aws_iam_role.node.name\n policy = POLICY\n}",
        "depends",
    ),
    (
        "resource \"aws_iam_policy\" \"p\" {\n policy = POLICY\n}\nresource \"aws_iam_role_policy_attachment\" \"p\" {\n \
         role = aws_iam_role.node.name\n policy_arn = aws_iam_policy.p.arn\n}",
        "covered",
    ),
    (
        "resource \"aws_iam_policy\" \"p\" {\n count = 1\n policy = POLICY\n}\nresource \"aws_iam_role_policy_attachment\" \"p\" {\n \
         role = aws_iam_role.node.name\n policy_arn = aws_iam_policy.p[0].arn\n}",
        "covered",
    ),
    (
        "resource \"aws_iam_policy\" \"p\" {\n for_each = toset([\"a\"])\n policy = POLICY\n}\n\
         resource \"aws_iam_role_policy_attachment\" \"p\" {\n for_each = aws_iam_policy.p\n role = aws_iam_role.node.name\n \
         policy_arn = each.value.arn\n}",
        "covered",
    ),
    (
        "resource \"aws_iam_policy\" \"p\" {\n policy = POLICY\n}\nresource \"aws_iam_policy_attachment\" \"p\" {\n name = \"x\"\n \
         roles = [aws_iam_role.node.name]\n policy_arn = aws_iam_policy.p.arn\n}",
        "covered",
    ),
    (
        "resource \"aws_iam_policy\" \"p\" {\n policy = POLICY\n}\n\
         resource \"aws_iam_role_policy_attachments_exclusive\" \"p\" {\n role_name = aws_iam_role.node.name\n \
         policy_arns = [aws_iam_policy.p.arn]\n}",
        "covered",
    ),
];

#[test]
fn policies_are_attached_by_reference_and_by_name() {
    let rows = ATTACHED.iter().map(|(code, expected)| {
        let code = format!(
            "{HEAD}\nresource \"aws_iam_role\" \"node\" {{\n  name = \"node\"\n  assume_role_policy = \"{{}}\"\n}}\n{}\n",
            code.replace("POLICY", POLICY)
        );
        let is = judged(&[("main.tf", &code)], &["--select", "aws_iam_role.node"]);
        ((*code).to_owned(), (*expected).to_owned(), is)
    });
    failures(rows);
}

/// What the block of the role itself says, and the verdict.
const OWN: &[(&str, &str)] = &[
    (
        "inline_policy {\n name = \"x\"\n policy = POLICY\n}",
        "covered",
    ),
    (
        "dynamic \"inline_policy\" {\n for_each = [\"queue-a\"]\n content {\n name = inline_policy.value\n policy = POLICY\n}\n}",
        "covered",
    ),
    ("managed_policy_arns = [aws_iam_policy.p.arn]", "covered"),
    (
        "managed_policy_arns = concat([], aws_iam_policy.p[*].arn)",
        "covered",
    ),
    (
        "managed_policy_arns = [\"arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy\"]",
        "missing",
    ),
    (
        "permissions_boundary = aws_iam_policy.p.arn\n inline_policy {\n name = \"x\"\n policy = POLICY\n}",
        "covered",
    ),
    (
        "permissions_boundary = aws_iam_policy.none.arn\n inline_policy {\n name = \"x\"\n policy = POLICY\n}",
        "missing",
    ),
];

#[test]
fn a_role_has_what_its_block_says() {
    failures(OWN.iter().map(|(own, expected)| {
        let code = format!(
            "{HEAD}\nresource \"aws_iam_policy\" \"p\" {{\n policy = {POLICY}\n}}\n\
             resource \"aws_iam_policy\" \"none\" {{\n policy = jsonencode({{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", \
             Action = \"s3:*\", Resource = \"*\" }}] }})\n}}\n\
             resource \"aws_iam_role\" \"node\" {{\n  name = \"node\"\n  assume_role_policy = \"{{}}\"\n  {}\n}}\n",
            own.replace("POLICY", POLICY)
        );
        let is = judged(&[("main.tf", &code)], &["--select", "aws_iam_role.node"]);
        ((*own).to_owned(), (*expected).to_owned(), is)
    }));
}

/// Spellings of the ARN of the policy `NAME` of the module, called `lim-NAME` at the path `/team/`.
const ARNS: &[&str] = &[
    "aws_iam_policy.NAME.arn",
    "aws_iam_policy.NAME.id",
    "\"${aws_iam_policy.NAME.id}\"",
    "\"arn:aws:iam::123456789012:policy/team/lim-NAME\"",
    "\"arn:aws:iam::${data.aws_caller_identity.me.account_id}:policy/team/lim-NAME\"",
    "\"arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.me.id}:policy/team/${aws_iam_policy.NAME.name}\"",
    "\"arn:aws:iam::${var.open}:policy${aws_iam_policy.NAME.path}${aws_iam_policy.NAME.name}\"",
    "format(\"arn:aws:iam::%s:policy/team/%s\", data.aws_caller_identity.me.account_id, \"lim-NAME\")",
    "join(\"/\", [\"arn:aws:iam::123456789012:policy\", \"team\", \"lim-NAME\"])",
    "local.arns.NAME",
    "local.ids[\"NAME\"]",
    "trimspace(<<EOT\narn:aws:iam::123456789012:policy/team/lim-NAME\nEOT\n)",
    "data.aws_iam_policy.NAME.arn",
    "try(aws_iam_policy.NAME.id, null)",
    "one([aws_iam_policy.NAME.id])",
];

/// ARNs of other policies.
const OTHER_ARNS: &[&str] = &[
    "\"arn:aws:iam::123456789012:policy/lim-NAME\"",
    "\"arn:aws:iam::123456789012:policy/team/other\"",
    "\"arn:aws:iam::aws:policy/team/lim-NAME\"",
];

/// How the policy of an ARN comes to the role: outside the role, in it, and which policy it is.
const PLACES: &[(&str, &str, &str)] = &[
    ("", "permissions_boundary = VALUE", "s3"),
    ("", "managed_policy_arns = [VALUE]", "deny"),
    (
        "resource \"aws_iam_role_policy_attachment\" \"a\" {\n role = aws_iam_role.node.name\n policy_arn = VALUE\n}",
        "",
        "deny",
    ),
    (
        "resource \"aws_iam_role_policy_attachments_exclusive\" \"a\" {\n role_name = \"node\"\n policy_arns = [VALUE]\n}",
        "",
        "deny",
    ),
    (
        "resource \"aws_iam_policy_attachment\" \"a\" {\n name = \"a\"\n roles = [\"node\"]\n policy_arn = VALUE\n}",
        "",
        "deny",
    ),
];

#[test]
fn a_policy_of_the_module_is_attached_by_any_spelling_of_its_arn() {
    let spellings =
        { ARNS.iter().map(|arn| (arn, true)) }.chain(OTHER_ARNS.iter().map(|arn| (arn, false)));
    let mut rows = Vec::new();
    for (at, (arn, is_it)) in spellings.enumerate() {
        // As a boundary, and at one of the other places in turn.
        let others = PLACES.len() - 1;
        for (beside, own, policy) in [PLACES[0], PLACES[1 + at % others]] {
            let value = arn.replace("NAME", policy);
            let code = format!(
                "{}\nlocals {{\n arns = {{ s3 = aws_iam_policy.s3.arn, deny = aws_iam_policy.deny.arn }}\n \
                 ids = {{ for k, p in {{ s3 = aws_iam_policy.s3, deny = aws_iam_policy.deny }} : k => p.id }}\n}}\n\
                 data \"aws_iam_policy\" \"s3\" {{\n arn = aws_iam_policy.s3.arn\n}}\n\
                 data \"aws_iam_policy\" \"deny\" {{\n arn = aws_iam_policy.deny.id\n}}\n\
                 resource \"aws_iam_policy\" \"s3\" {{\n name = \"lim-s3\"\n path = \"/team/\"\n policy = {}\n}}\n\
                 resource \"aws_iam_policy\" \"deny\" {{\n name = \"lim-deny\"\n path = \"/team/\"\n policy = {}\n}}\n\
                 resource \"aws_iam_role\" \"node\" {{\n name = \"node\"\n assume_role_policy = {TRUST}\n {}\n \
                 inline_policy {{\n name = \"x\"\n policy = {POLICY}\n }}\n}}\n{}\n",
                HEAD,
                encoded("Allow", "\"s3:*\"", "\"*\""),
                encoded("Deny", "\"*\"", "\"*\""),
                own.replace("VALUE", &value),
                beside.replace("VALUE", &value),
            );
            let is = judged(&[("main.tf", &code)], &["--select", "aws_iam_role.node"]);
            let expected = match (is_it, policy) {
                (false, _) => "covered",
                (true, "s3") => "missing",
                (true, _) => "denied",
            };
            rows.push((format!("{own}{beside}: {arn}"), expected.to_owned(), is));
        }
    }
    failures(rows);
}

#[test]
fn a_boundary_that_may_apply_is_not_read() {
    let code = format!(
        "{HEAD}\nresource \"aws_iam_policy\" \"b\" {{\n policy = {POLICY}\n}}\n\
         resource \"aws_iam_role\" \"node\" {{\n name = \"node\"\n assume_role_policy = {TRUST}\n \
         permissions_boundary = var.open == \"x\" ? aws_iam_policy.b.arn : null\n \
         inline_policy {{\n name = \"x\"\n policy = {POLICY}\n }}\n}}\n"
    );
    let case = case(&[("main.tf", &code)]);
    let (run, _) = case.lint(".", &["--select", "aws_iam_role.node"]);
    assert_eq!(run.code, 2, "{}", run.out);
    assert!(run.out.contains("which permissions boundary applies"));
}

/// How the role is called in the code, what the configuration names, and the role of the cluster that it is judged as.
const CALLED: &[(&str, &str, &str)] = &[
    (
        "name = \"HpcHeadNode\"",
        "InstanceRole: arn:aws:iam::123456789012:role/HpcHeadNode",
        "head-node",
    ),
    (
        "name = \"HpcHeadNode\"\n path = \"/hpc/\"",
        "InstanceRole: arn:aws:iam::123456789012:role/hpc/HpcHeadNode",
        "head-node",
    ),
    (
        "name = \"Hpc${local.head}\"",
        "InstanceRole: arn:aws:iam::123456789012:role/HpcHeadNode",
        "head-node",
    ),
    (
        "name = \"Other\"",
        "InstanceProfile: arn:aws:iam::123456789012:instance-profile/hpc-profile",
        "head-node",
    ),
    (
        "name = \"Other\"",
        "InstanceRole: arn:aws:iam::123456789012:role/HpcHeadNode",
        "compute-node",
    ),
];

#[test]
fn the_name_of_a_role_is_that_of_the_cluster_configuration() {
    let statement = "[{ Effect = \"Allow\", Action = [\"dynamodb:Query\", \"dynamodb:UpdateItem\", \"dynamodb:PutItem\", \
                     \"dynamodb:GetItem\"], Resource = \"arn:aws:dynamodb:us-east-1:123456789012:table/parallelcluster-*\" }]";
    let mut rows = Vec::new();
    for (name, given, expected) in CALLED {
        let code = format!(
            "locals {{ head = \"HeadNode\" }}\n\
             resource \"aws_iam_role\" \"c\" {{\n {name}\n assume_role_policy = {TRUST}\n}}\n\
             resource \"aws_iam_instance_profile\" \"c\" {{\n name = \"hpc-profile\"\n role = aws_iam_role.c.name\n}}\n\
             resource \"aws_iam_role_policy\" \"p\" {{\n role = aws_iam_role.c.id\n policy = jsonencode({{ \
             Version = \"2012-10-17\", Statement = {statement} }})\n}}\n"
        );
        let plan = format!(
            r#"{{"format_version": "1.2", "planned_values": {{"root_module": {{"resources": [
 {{"address": "aws_iam_role.c", "mode": "managed", "type": "aws_iam_role", "name": "c", "values": {{"name": "{}"}}}},
 {{"address": "aws_iam_instance_profile.c", "mode": "managed", "type": "aws_iam_instance_profile", "name": "c",
   "values": {{"name": "hpc-profile", "role": "{0}"}}}},
 {{"address": "aws_iam_role_policy.p", "mode": "managed", "type": "aws_iam_role_policy", "name": "p",
   "values": {{"role": "{0}", "policy": "{{\"Version\": \"2012-10-17\", \"Statement\": [{{\"Effect\": \"Allow\", \"Action\": [\"dynamodb:Query\", \"dynamodb:UpdateItem\", \"dynamodb:PutItem\", \"dynamodb:GetItem\"], \"Resource\": \"arn:aws:dynamodb:us-east-1:123456789012:table/parallelcluster-*\"}}]}}"}}}}]}}}}}}"#,
            if name.contains("Other") {
                "Other"
            } else {
                "HpcHeadNode"
            }
        );
        let cluster = format!(
            "Region: us-east-1\nImage: {{Os: alinux2023}}\nHeadNode:\n  InstanceType: c5.large\n  \
             Networking: {{SubnetId: subnet-0123456789abcdef0}}\n  Iam:\n    {given}\nScheduling:\n  Scheduler: slurm\n  \
             SlurmQueues:\n    - Name: q\n      ComputeResources: [{{Name: c, InstanceType: c5.large}}]\n      \
             Networking: {{SubnetIds: [subnet-0123456789abcdef0]}}\n"
        );
        for (file, text) in [("main.tf", &code), ("plan.json", &plan)] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(file), text).unwrap();
            fs::write(folder.path().join("c.yaml"), &cluster).unwrap();
            let run = run(
                folder.path(),
                &[
                    "lint",
                    file,
                    "--no-config",
                    "-f",
                    "json",
                    "--cluster-config",
                    "c.yaml",
                    "--pcluster-version",
                    "3.16",
                    "--account",
                    "123456789012",
                ],
            );
            let value: Value = serde_json::from_str(&run.out).unwrap_or(Value::Null);
            let is = value["results"][0]["reference"]["role"].as_str();
            let is = is.map_or_else(|| format!("{}{}", run.out, run.err), str::to_owned);
            rows.push((
                format!("{file}: {name}, {given}"),
                (*expected).to_owned(),
                is,
            ));
        }
    }
    failures(rows);
}

/// What was not read ends with exit code 2, whatever the rest says.
const UNREAD: &[(&str, &str)] = &[
    ("resource \"aws_iam_role\" {", "is not Terraform code"),
    (
        "locals {\n a = local.b\n b = local.a\n}\nresource \"aws_iam_role_policy\" \"q\" {\n role = aws_iam_role.node.name\n policy = local.a\n}",
        "refers to itself",
    ),
    ("module \"self\" {\n source = \"./\"\n}", "calls itself"),
    (
        "module \"gone\" {\n source = \"./gone\"\n}",
        "cannot read the module",
    ),
    (
        "module \"up\" {\n source = \"../../..\"\n}",
        "cannot read the module",
    ),
    (
        "resource \"aws_iam_role_policy\" \"q\" {\n role = aws_iam_role.node.name\n policy = file(\"gone.json\")\n}",
        "cannot read the file",
    ),
    (
        "resource \"aws_iam_role_policy\" \"q\" {\n role = var.open\n policy = POLICY\n}",
        "may be attached to this role",
    ),
    ("resource \"aws_iam_role\" \"node\" {\n}", "defined twice"),
];

#[test]
fn what_is_not_read_is_said_and_ends_with_2() {
    failures(UNREAD.iter().map(|(code, words)| {
        let role = role_with(POLICY);
        let case = case(&[
            ("main.tf", &role),
            ("more.tf", &code.replace("POLICY", POLICY)),
        ]);
        let (run, value) = case.lint(".", &["--select", "aws_iam_role.node"]);
        let findings = value["results"][0]["findings"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let said = findings
            .iter()
            .any(|f| f["lint"] == "unresolved" && f["message"].as_str().unwrap().contains(words));
        let is = format!("{} {said}", run.code);
        let (accepted, _) = case.lint(
            ".",
            &["--select", "aws_iam_role.node", "--unresolved", "warn"],
        );
        let is = format!("{is} {}", accepted.code == 2);
        ((*code).to_owned(), "2 true false".to_owned(), is)
    }));
}

#[test]
fn values_of_variables_come_from_files_and_from_the_command_line() {
    let code = role_with(&encoded(
        "Allow",
        "\"sqs:SendMessage\"",
        "\"ARN:${var.open}\"",
    ));
    let given =
        |name: &str, text: &str, more: &[&str]| judged(&[("main.tf", &code), (name, text)], more);
    assert_eq!(
        given("terraform.tfvars", "open = \"queue-a\"", &[]),
        "covered"
    );
    assert_eq!(given("x.auto.tfvars", "open = \"queue-a\"", &[]), "covered");
    assert_eq!(
        given("terraform.tfvars.json", "{\"open\": \"queue-a\"}", &[]),
        "covered"
    );
    assert_eq!(given("x.tfvars", "open = \"queue-a\"", &[]), "depends");
    assert_eq!(
        given(
            "x.tfvars",
            "open = \"queue-a\"",
            &["--parameters", "x.tfvars"]
        ),
        "covered"
    );
    assert_eq!(
        given("x.tfvars", "", &["--parameter", "open=queue-a"]),
        "covered"
    );
    assert_eq!(
        given("x.tfvars", "", &["--parameter", "open=queue-b"]),
        "missing"
    );
    assert_eq!(
        given(
            "terraform.tfvars",
            "open = \"queue-b\"",
            &["--parameter", "open=queue-a"]
        ),
        "covered"
    );
    let case = case(&[("main.tf", &code)]);
    let (run, _) = case.lint(".", &["--parameter", "opne=queue-a"]);
    assert!(run.err.contains("has no parameter `opne`"), "{}", run.err);
}

#[test]
fn the_same_module_in_json() {
    let code = r#"{
  "variable": {"queue": {"default": "queue-a"}, "open": {}},
  "locals": {"arn": "ARN"},
  "resource": {
    "aws_iam_role": {"node": {"name": "node", "assume_role_policy": "{}"}},
    "aws_iam_role_policy": {"node": [{"role": "${aws_iam_role.node.id}", "policy": "${data.aws_iam_policy_document.node.json}"}]}
  },
  "data": {"aws_iam_policy_document": {"node": {"statement": {"actions": ["sqs:SendMessage"], "resources": ["${local.arn}:${var.NAME}"]}}}}
}"#;
    each(
        [("queue", "covered"), ("open", "depends")],
        |(name, expected)| {
            let code = code.replace("NAME", name);
            assert_eq!(judged(&[("main.tf.json", &code)], &[]), expected, "{name}");
        },
    );
}

#[test]
fn files_of_a_module_are_judged_with_the_rest_of_it() {
    let role = |name: &str, queue: &str| {
        format!(
            "resource \"aws_iam_role\" \"{name}\" {{\n  name = \"{name}\"\n  assume_role_policy = {TRUST}\n  inline_policy {{\n    name = \"x\"\n    \
             policy = {}\n  }}\n}}\n",
            encoded("Allow", "\"sqs:SendMessage\"", queue)
        )
    };
    let case = case(&[
        ("m/a.tf", &role("a", "local.queue")),
        ("m/b.tf", &role("b", "\"ARN:queue-b\"")),
        ("m/locals.tf", "locals {\n  queue = \"ARN:queue-a\"\n}\n"),
    ]);
    let names = |value: &Value| -> Vec<String> {
        let results = value["results"].as_array().cloned().unwrap_or_default();
        results
            .iter()
            .map(|r| {
                r["principal"]["name"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    };
    let (_, all) = case.lint("m", &[]);
    assert_eq!(names(&all), ["aws_iam_role.a", "aws_iam_role.b"]);
    let (run, one) = case.lint("m/a.tf", &[]);
    assert_eq!(names(&one), ["aws_iam_role.a"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    // A file without a role belongs to all of them.
    let (_, all) = case.lint("m/locals.tf", &[]);
    assert_eq!(names(&all), ["aws_iam_role.a", "aws_iam_role.b"]);
}

#[test]
fn a_finding_is_at_its_token() {
    let code = role_with(
        "jsonencode({\n    Version = \"2012-10-17\"\n    Statement = [{\n      Effect = \"Allow\"\n      \
         Action = [\"sqs:SendMessage\", \"sqs:SendMesage\"]\n      Resource = \"ARN:queue-a\"\n    }]\n  })",
    );
    let case = case(&[("main.tf", &code)]);
    let (_, value) = case.lint(".", &[]);
    let findings = value["results"][0]["findings"].as_array().unwrap();
    let finding = findings
        .iter()
        .find(|f| f["lint"] == "unknown-action")
        .unwrap();
    let region = &finding["region"];
    let at = |key: &str| region[key].as_u64().unwrap() as usize;
    let text = code.replace("ARN", ARN);
    assert_eq!(&text[at("start_byte")..at("end_byte")], "sqs:SendMesage");
    assert!(region["path"].as_str().unwrap().ends_with("main.tf"));
}

#[test]
fn a_plan_is_judged_like_its_module() {
    let document = format!(
        "{{\\\"Version\\\": \\\"2012-10-17\\\", \\\"Statement\\\": [{{\\\"Effect\\\": \\\"Allow\\\", \\\"Action\\\": \\\"sqs:SendMessage\\\", \
         \\\"Resource\\\": \\\"{ARN}:queue-a\\\"}}]}}"
    );
    let of = |inline: &str, unknown: &str| {
        format!(
            r#"{{"format_version": "1.2", "planned_values": {{"root_module": {{"resources": [
 {{"address": "aws_iam_role.node", "mode": "managed", "type": "aws_iam_role", "name": "node",
   "values": {{"name": "node", "assume_role_policy": "{{}}"}}}},
 {{"address": "aws_iam_role_policy.p", "mode": "managed", "type": "aws_iam_role_policy", "name": "p", "values": {{"name": "p"{inline}}}}}]}}}},
 "resource_changes": [{{"address": "aws_iam_role_policy.p", "change": {{"after_unknown": {{"id": true{unknown}}}}}}}],
 "configuration": {{"root_module": {{"resources": [
 {{"address": "aws_iam_role_policy.p", "expressions": {{"role": {{"references": ["aws_iam_role.node.id", "aws_iam_role.node"]}}}}}}]}}}}}}"#
        )
    };
    let known = of(
        &format!(", \"role\": \"node\", \"policy\": \"{document}\""),
        "",
    );
    let by_reference = of(&format!(", \"policy\": \"{document}\""), ", \"role\": true");
    let unknown = of(", \"role\": \"node\"", ", \"policy\": true");
    each(
        [
            (&known, "covered"),
            (&by_reference, "covered"),
            (&unknown, "depends and exit 2"),
        ],
        |(text, expected)| {
            let case = case(&[("plan.json", text)]);
            let (run, value) = case.lint("plan.json", &[]);
            let is = verdict(&value);
            let is = if run.code == 2 {
                format!("{is} and exit 2")
            } else {
                is
            };
            assert_eq!(is, expected, "{text}\n{}{}", run.out, run.err);
        },
    );
    // A finding is in the text of the plan.
    let misspelled = known.replace("sqs:SendMessage", "sqs:SendMesage");
    let case = case(&[("plan.json", &misspelled)]);
    let (_, value) = case.lint("plan.json", &[]);
    let findings = value["results"][0]["findings"].as_array().unwrap();
    let region = &findings
        .iter()
        .find(|f| f["lint"] == "unknown-action")
        .unwrap()["region"];
    let at = |key: &str| region[key].as_u64().unwrap() as usize;
    assert_eq!(
        &misspelled[at("start_byte")..at("end_byte")],
        "sqs:SendMesage"
    );
}

#[test]
fn a_plan_fills_in_what_the_code_leaves_open() {
    let by_variable = role_with(&encoded(
        "Allow",
        "\"sqs:SendMessage\"",
        "\"ARN:${var.open}\"",
    ));
    let by_name = role_with(&encoded(
        "Allow",
        "\"sqs:SendMessage\"",
        "\"ARN:${aws_sqs_queue.made.name}\"",
    ));
    let plan = r#"{"format_version": "1.2", "variables": {"open": {"value": "queue-a"}}, "planned_values": {"root_module": {"resources": [
 {"address": "aws_sqs_queue.made", "mode": "managed", "type": "aws_sqs_queue", "name": "made", "values": {"name": "queue-a"}}]}}}"#;
    each([&by_variable, &by_name], |code| {
        let files = [("main.tf", code.as_str()), ("plan.out.json", plan)];
        assert_eq!(judged(&files, &[]), "depends");
        assert_eq!(judged(&files, &["--plan", "plan.out.json"]), "covered");
        assert_eq!(
            judged(&[("main.tf", code)], &["--plan", "gone.json"])
                .split(':')
                .next(),
            Some("exit 2")
        );
    });
}
