//! Values of a resource and whole policy documents, as expressions and data sources make them.

use serde_json::Value;

use super::{TRUST, case, encoded, failures, judged, role_with};
use crate::common::case::Case;

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
    // The last of the values of one key counts.
    (
        r#"{ a = "ARN:queue-b", a = "ARN:queue-c", a = "ARN:queue-a" }.a"#,
        "covered",
    ),
    (
        r#"{ a = "ARN:queue-a", (var.queue) = "", "a" = "", "a" = "ARN:queue-b" }.a"#,
        "missing",
    ),
    (
        r#"{ "${var.queue}=": "", "${var.queue}=": "ARN:queue-a" }["queue-a="]"#,
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
    ("aws_db_instance.made.arn", "depends"),
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
        "<<-EOT\n    {\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"sqs:SendMessage\",\n    \
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
    ("templatefile(\"policy.tpl\", {})", "exit 2"),
    ("templatefile(\"policy.tpl\", var.open)", "depends"),
    ("jsonencode(jsondecode(file(\"policy.json\")))", "covered"),
    (
        "jsonencode(merge(jsondecode(file(\"policy.json\")), {Id = \"x\"}))",
        "covered",
    ),
    ("jsonencode(yamldecode(file(\"policy.yaml\")))", "covered"),
    ("data.aws_iam_policy_document.node.json", "covered"),
    ("data.aws_iam_policy_document.merged.json", "covered"),
    ("data.aws_iam_policy_document.over.json", "missing"),
    ("data.aws_iam_policy_document.open.json", "depends"),
    ("data.aws_iam_policy_document.dynamic.json", "covered"),
    ("data.aws_iam_policy_document.dynamic_open.json", "depends"),
    ("data.aws_iam_policy_document.dynamic_off.json", "missing"),
    (
        "data.aws_iam_policy_document.none.json",
        "depends and exit 2",
    ),
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

/// An open `Effect` or `Version`, and whether AWS may take it.
const WORDS: &[(&str, &str, bool)] = &[
    ("Effect", "var.open", true),
    ("Effect", "\"${var.open}llow\"", true),
    ("Effect", "var.open == \"x\" ? \"Allow\" : \"Deny\"", true),
    ("Effect", "\"Al${var.open}l${var.open}ow\"", true),
    (
        "Effect",
        "\"Al${var.open}l${var.open}l${var.open}ow\"",
        false,
    ),
    ("Effect", "\"allo${var.open}\"", false),
    ("Effect", "aws_sqs_queue.made.arn", false),
    ("Version", "var.open", true),
    ("Version", "\"20${var.open}-10-17\"", true),
    ("Version", "\"v${var.open}\"", false),
];

#[test]
fn a_word_that_no_value_makes_valid_is_refused() {
    failures(WORDS.iter().map(|(element, value, is_valid)| {
        let [effect, version] = [("Effect", "\"Allow\""), ("Version", "\"2012-10-17\"")]
            .map(|(name, usual)| if name == *element { *value } else { usual });
        let code = role_with(&format!(
            "jsonencode({{ Version = {version}, Statement = [\n\
             {{ Effect = {effect}, Action = \"sqs:SendMessage\", Resource = \"*\" }}] }})"
        ))
        .replace("\"{}\"", TRUST);
        let (_, report) = case(&[("main.tf", &code)]).lint(".", &[]);
        let findings = report["results"][0]["findings"].as_array().unwrap();
        let is_refused = |f: &Value| f["lint"] == "invalid-policy" && f["severity"] == "error";
        (
            format!("{element} = {value}"),
            is_valid.to_string(),
            (!findings.iter().any(is_refused)).to_string(),
        )
    }));
}

/// A value of `Action`, and whether AWS may take it.
const ACTIONS: &[(&str, bool)] = &[
    ("aws_sqs_queue.made.arn", false),
    ("\"sqs:Send:${var.open}\"", false),
    ("\"sqs:Send${var.open}\"", true),
    ("\"${var.open}:SendMessage\"", true),
    ("random_id.x.hex", true),
];

#[test]
fn an_action_that_no_value_makes_valid_is_refused() {
    let all = ACTIONS.iter();
    let all = all.flat_map(|row| ["Allow", "Deny"].map(|effect| (effect, row)));
    failures(all.map(|(effect, (value, is_valid))| {
        let code = role_with(&encoded(effect, value, "\"*\"")).replace("\"{}\"", TRUST);
        let (_, report) = case(&[("main.tf", &code)]).lint(".", &[]);
        let is_refused = has(&report, |f| {
            f["lint"] == "invalid-policy" && f["severity"] == "error"
        });
        let row = format!("{effect} {value}");
        (row, is_valid.to_string(), (!is_refused).to_string())
    }));
}

fn has(report: &Value, is_it: impl Fn(&Value) -> bool) -> bool {
    let findings = report["results"][0]["findings"].as_array().unwrap();
    findings.iter().any(is_it)
}

#[test]
fn what_a_name_as_effect_may_allow_is_judged() {
    let code = role_with(
        &encoded("EFFECT", "\"sqs:*\"", "\"*\"").replace("\"EFFECT\"", "random_id.x.hex"),
    );
    let (_, report) = case(&[("main.tf", &code)]).lint(".", &[]);
    assert!(
        has(&report, |f| f["lint"] == "over-broad-action"),
        "{report}"
    );
}

/// What decides whether a statement allows anything.
const OPEN_STATEMENTS: &[(&str, &str)] = &[
    ("Effect = \"Allow\"", "covered"),
    ("Effect = var.open", "depends"),
    (
        "Effect = \"Allow\", Condition = { StringEquals = { \"aws:username\" = var.open } }",
        "depends",
    ),
];

#[test]
fn the_cluster_and_the_account_are_those_of_what_may_be_allowed() {
    failures(OPEN_STATEMENTS.iter().map(|(open, expected)| {
        let code = role_with(&format!(
            "jsonencode({{ Version = \"2012-10-17\", Statement = [{{ {open}, Action = \"cloudformation:DescribeStacks\",\n\
             Resource = \"arn:aws:cloudformation:us-east-1:123456789012:stack/parallelcluster-hpc/*\" }}] }})"
        ))
        .replace("\"{}\"", TRUST);
        let judged_as = ["--scheduler", "awsbatch", "--role", "instance"];
        let (_, report) = case(&[("main.tf", &code)])
            .lint(".", &[&judged_as[..], &["--pcluster-version", "2.4.1"]].concat());
        let rows = report["results"][0]["requirements"].as_array().unwrap();
        let row = { rows.iter() }.find(|r| r["action"] == "cloudformation:DescribeStacks" && !r["resources"].to_string().contains("\"*\""));
        let is = row.map_or("no row", |row| row["verdict"].as_str().unwrap());
        ((*open).to_owned(), (*expected).to_owned(), is.to_owned())
    }));
}

/// An object of a bucket.
const OBJECT: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::bucket/key"}}"#;

/// A resource, the verdict, and whether the statement has an effect for some value.
const BUCKETS: &[(&str, &str, bool)] = &[
    ("aws_s3_bucket.made.arn", "missing", false),
    (
        "\"arn:aws:s3:::${aws_s3_bucket.made.id}\"",
        "missing",
        false,
    ),
    ("\"${aws_s3_bucket.made.arn}/*\"", "depends", true),
    ("\"${aws_s3_bucket.made.arn}/key\"", "depends", true),
    // An attribute of which nothing is known may have a slash.
    ("\"arn:aws:s3:::${aws_s3_object.made.id}\"", "depends", true),
    ("\"arn:aws:s3:::${var.open}\"", "depends", true),
];

#[test]
fn the_arn_of_a_bucket_names_no_object() {
    failures(BUCKETS.iter().map(|(resource, verdict, has_effect)| {
        let policy = encoded("Allow", "\"s3:GetObject\"", resource);
        let code = role_with(&policy).replace("\"{}\"", TRUST)
            + "resource \"aws_s3_bucket\" \"made\" {}\nresource \"aws_s3_object\" \"made\" {}\n";
        let case = Case::new(&[("main.tf", code.as_str())], OBJECT);
        let (_, report) = case.lint(".", &[]);
        let is_lost = has(&report, |f| f["lint"] == "ineffective-statement");
        let row = report["results"][0]["requirements"][0]["verdict"].as_str();
        (
            (*resource).to_owned(),
            format!("{verdict} {has_effect}"),
            format!("{} {}", row.unwrap_or("none"), !is_lost),
        )
    }));
}
