//! Code that the schemas of the providers refuse is never passed.

use super::{case, encoded, refuses, role_with};
use crate::common::program::run;
use crate::common::table::each;

const RESOURCE: &str = "\"ARN:queue-a\"";

/// The exit code, and the report as text.
fn linted(code: &str) -> (i32, String) {
    let case = case(&[("main.tf", code)]);
    let (run, _) = case.lint(".", &[]);
    (run.code, run.out)
}

/// A statement of the data source beside the one that grants, or another argument of it; what is reported.
const STATEMENTS: &[(&str, &str)] = &[
    (
        "statement {\n condition = { test = \"Bool\", variable = \"aws:SecureTransport\", values = [\"true\"] }\n }",
        "`condition` is a block of `statement`, and this is an argument",
    ),
    (
        "statement {\n conditions {\n test = \"Bool\"\n }\n }",
        "`conditions` is not a block of `statement`",
    ),
    (
        "statement {\n foo = 1\n }",
        "`foo` is not an argument of `statement`",
    ),
    (
        "statements {\n }",
        "`statements` is not a block of `aws_iam_policy_document`",
    ),
    (
        "dynamic \"statements\" {\n for_each = []\n content {}\n }",
        "`statements` is not a block of `aws_iam_policy_document`",
    ),
    (
        "statement {\n condition {\n test = \"Bool\"\n variable = \"aws:SecureTransport\"\n }\n }",
        "no `values` in `condition`",
    ),
    (
        "statement {\n principals {\n type = \"AWS\"\n }\n }",
        "no `identifiers` in `principals`",
    ),
    (
        "dynamic \"statement\" {\n for_each = [1]\n content {\n sids = \"x\"\n }\n }",
        "`sids` is not an argument of `statement`",
    ),
    // The content of none is never looked at.
    (
        "dynamic \"statement\" {\n for_each = []\n content {\n sids = \"x\"\n }\n }",
        "",
    ),
    (
        "policy_id = \"x\"\n version = \"2012-10-17\"\n depends_on = [aws_sqs_queue.sent]\n lifecycle {\n }",
        "",
    ),
];

/// Arguments of the role, and what is reported.
const ROLES: &[(&str, &str)] = &[
    ("", "no `assume_role_policy` in `aws_iam_role`"),
    (
        "assume_role_policy = TRUST\n role_name = \"x\"",
        "`role_name` is not an argument of `aws_iam_role`",
    ),
    (
        "assume_role_policy = TRUST\n polices {\n }",
        "`polices` is not a block of `aws_iam_role`",
    ),
    (
        "assume_role_policy = TRUST\n count = 1\n provider = aws\n tags = {}\n inline_policy {}\n lifecycle {\n }\n depends_on = []",
        "",
    ),
    ("assume_role_policy = TRUST\n inline_policy = []", ""),
];

#[test]
fn arguments_that_terraform_does_not_know_are_unresolved() {
    let holds = |code: &str, expected: &str| refuses(&[("main.tf", code)], code, expected);
    let granting =
        "statement {\n actions = [\"sqs:SendMessage\"]\n resources = [\"ARN:queue-a\"]\n }";
    each(STATEMENTS, |(more, expected)| {
        let code = role_with("data.aws_iam_policy_document.all.json");
        let code = format!(
            "{code}data \"aws_iam_policy_document\" \"all\" {{\n {granting}\n {more}\n}}\n"
        );
        holds(&code, expected);
    });
    let node = role_with(&encoded("Allow", "\"sqs:SendMessage\"", RESOURCE));
    each(ROLES, |(arguments, expected)| {
        let arguments = arguments.replace("TRUST", super::TRUST);
        let role = format!("resource \"aws_iam_role\" \"x\" {{\n {arguments}\n}}\n");
        holds(&format!("{node}{role}"), expected);
    });
    let role = "resource \"aws_iam_role_policy\" \"x\" {\n policy = \"{}\"\n}\n";
    holds(
        &format!("{node}{role}"),
        "no `role` in `aws_iam_role_policy`",
    );
}

#[test]
fn blocks_in_json_are_no_arguments() {
    let json = |statement: &str| {
        format!(
            r#"{{"data": {{"aws_iam_policy_document": {{"all": {{"//": "x", "statement": {statement}}}}}}}}}"#
        )
    };
    let is_refused = |statement: &str| {
        let case = case(&[
            (
                "main.tf",
                &role_with("data.aws_iam_policy_document.all.json"),
            ),
            ("all.tf.json", &json(statement)),
        ]);
        case.lint(".", &[]).0.out.contains("Terraform refuses")
    };
    let whole = r#""actions": ["sqs:SendMessage"], "resources": ["ARN:queue-a"]"#;
    let condition =
        r#""condition": {"test": "Bool", "variable": "aws:SecureTransport", "values": ["true"]}"#;
    assert!(!is_refused(&format!("{{{whole}, {condition}}}")));
    assert!(!is_refused(&format!("[{{{whole}, \"//\": \"x\"}}]")));
    assert!(is_refused(&format!("{{{whole}, \"resource\": []}}")));
}

/// The policy of the role, and what is reported.
const POLICIES: &[(&str, &str)] = &[
    (
        "{ Version = \"2012-10-17\", Statement = [STATEMENT] }",
        "`policy` is an object, and the provider takes a string only",
    ),
    (
        "[STATEMENT]",
        "`policy` is a list, and the provider takes a string only",
    ),
    (
        "data.aws_iam_policy_document.all",
        "`policy` is a data source, and the provider takes a string only",
    ),
    ("data.aws_iam_policy_document.all.json", ""),
    (
        "<<EOF\n  {\"Statement\": [JSON]}\nEOF\n",
        "the policy of `policy` begins with white space",
    ),
    (
        "<<EOF\n\n{\"Statement\": [JSON]}\nEOF\n",
        "the policy of `policy` begins with white space",
    ),
    (
        "<<EOF\n  {\"Statement\": [JSON], \"Id\": \"${var.open}\"}\nEOF\n",
        "the policy of `policy` begins with white space",
    ),
    ("<<-EOF\n  {\"Statement\": [JSON]}\n  EOF\n", ""),
    ("<<EOF\n{\"Statement\": [JSON]}\nEOF\n", ""),
    ("trimspace(\" {}\")", ""),
];

#[test]
fn a_policy_is_a_string_that_begins_with_a_brace() {
    let data = "data \"aws_iam_policy_document\" \"all\" {\n statement {\n actions = [\"sqs:SendMessage\"]\n resources = [\"ARN:queue-a\"]\n }\n}\n";
    let statement =
        "{ Effect = \"Allow\", Action = \"sqs:SendMessage\", Resource = \"ARN:queue-a\" }";
    let json = r#"{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "ARN:queue-a"}"#;
    each(POLICIES, |(policy, expected)| {
        let policy = policy.replace("STATEMENT", statement).replace("JSON", json);
        let node = role_with(&policy);
        let inline = format!(
            "resource \"aws_iam_role\" \"x\" {{\n assume_role_policy = {}\n inline_policy {{\n name = \"x\"\n policy = {policy}\n }}\n}}\n",
            super::TRUST
        );
        for code in [node, inline] {
            let (exit, out) = linted(&format!(
                "{data}{}",
                code.replace(
                    "resource \"aws_iam_role\" \"x\"",
                    "variable \"open\" {}\nresource \"aws_iam_role\" \"x\""
                )
            ));
            assert_eq!(
                out.contains("the provider"),
                !expected.is_empty(),
                "{policy}\n{out}"
            );
            assert!(out.contains(expected), "{expected}\n{policy}\n{out}");
            assert!(expected.is_empty() || exit == 2, "{policy}\n{out}");
        }
        let trust = format!(
            "{data}variable \"open\" {{}}\nresource \"aws_iam_role\" \"x\" {{\n assume_role_policy = {policy}\n}}\n"
        );
        let (_, out) = linted(&trust);
        let expected = expected.replace("`policy`", "`assume_role_policy`");
        assert!(out.contains(&expected), "{expected}\n{policy}\n{out}");
    });
}

/// Arguments of the role or resources beside it, and what is reported.
const ARNS: &[(&str, &str, &str)] = &[
    (
        "permissions_boundary = \"limit\"",
        "",
        "`limit` in `permissions_boundary` is not an ARN",
    ),
    ("permissions_boundary = \"\"", "", ""),
    ("permissions_boundary = null", "", ""),
    (
        "permissions_boundary = \"arn:aws:iam::123456789012:policy/limit\"",
        "",
        "",
    ),
    ("permissions_boundary = var.open", "", ""),
    ("permissions_boundary = \"${var.open}policy\"", "", ""),
    (
        "managed_policy_arns = [\"AmazonS3ReadOnlyAccess\"]",
        "",
        "`AmazonS3ReadOnlyAccess` in `managed_policy_arns` is not an ARN",
    ),
    (
        "",
        "policy_arn = \"AmazonS3ReadOnlyAccess\"",
        "`AmazonS3ReadOnlyAccess` in `policy_arn` is not an ARN",
    ),
    ("", "policy_arn = \"\"", "`` in `policy_arn` is not an ARN"),
    (
        "",
        "policy_arn = \"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess\"",
        "",
    ),
    (
        "",
        "policy_arn = \"arn:${data.aws_partition.here.partition}:iam::aws:policy/AmazonS3ReadOnlyAccess\"",
        "",
    ),
    ("", "policy_arn = aws_iam_policy.made.arn", ""),
    (
        "",
        "policy_arn = aws_iam_policy.made.name",
        "`made` in `policy_arn` is not an ARN",
    ),
];

#[test]
fn a_managed_policy_is_an_arn() {
    each(ARNS, |(argument, attachment, expected)| {
        let node = role_with(&encoded("Allow", "\"sqs:SendMessage\"", RESOURCE));
        let node = node.replace("= \"{}\"\n", &format!("= \"{{}}\"\n {argument}\n"));
        let made = format!(
            "resource \"aws_iam_policy\" \"made\" {{\n name = \"made\"\n policy = {}\n}}\n",
            encoded("Allow", "\"sqs:SendMessage\"", RESOURCE)
        );
        let attached = match *attachment {
            "" => String::new(),
            attachment => format!(
                "resource \"aws_iam_role_policy_attachment\" \"x\" {{\n role = aws_iam_role.node.name\n {attachment}\n}}\n"
            ),
        };
        let (exit, out) = linted(&format!("{node}{made}{attached}"));
        assert_eq!(
            out.contains("is not an ARN"),
            !expected.is_empty(),
            "{argument}{attachment}\n{out}"
        );
        assert!(
            out.contains(expected),
            "{expected}\n{argument}{attachment}\n{out}"
        );
        assert!(
            expected.is_empty() || exit == 2,
            "{argument}{attachment}\n{out}"
        );
    });
}

#[test]
fn for_each_takes_no_list() {
    each(
        [
            ("[\"a\"]", true),
            ("[]", true),
            ("[for name in toset([\"a\"]) : name]", true),
            ("concat([\"a\"])", true),
            ("local.list", true),
            ("var.listed", true),
            ("toset([\"a\"])", false),
            ("{ for name in [\"a\"] : name => name }", false),
            ("local.map", false),
            ("var.open", false),
        ],
        |(value, is_refused)| {
            let node = role_with(&encoded("Allow", "\"sqs:SendMessage\"", RESOURCE));
            let made = format!(
                "locals {{\n list = [\"a\"]\n}}\nvariable \"listed\" {{\n type = list(string)\n}}\n\
                 resource \"aws_iam_role\" \"x\" {{\n for_each = {value}\n assume_role_policy = \"{{}}\"\n}}\n"
            );
            let (_, out) = linted(&format!("{node}{made}"));
            assert_eq!(
                out.contains("`for_each` is a list"),
                is_refused,
                "{value}\n{out}"
            );
        },
    );
}

/// Statements of a trust policy that are written with the type `*`.
#[test]
fn a_principal_of_type_star_is_the_star() {
    let of = |effect: &str, kind: &str| {
        let condition = match effect {
            "Deny" => {
                "condition {\n test = \"Bool\"\n variable = \"aws:SecureTransport\"\n values = [\"false\"]\n }"
            }
            _ => "",
        };
        let node = role_with(&encoded("Allow", "\"sqs:SendMessage\"", RESOURCE));
        let node = node.replace("\"{}\"", "data.aws_iam_policy_document.trust.json");
        let ec2 = "statement {\n actions = [\"sts:AssumeRole\"]\n principals {\n type = \"Service\"\n identifiers = [\"ec2.amazonaws.com\"]\n }\n }";
        let star = format!(
            "statement {{\n effect = \"{effect}\"\n actions = [\"sts:AssumeRole\"]\n principals {{\n type = \"{kind}\"\n identifiers = [\"*\"]\n }}\n {condition}\n }}"
        );
        let data = format!("data \"aws_iam_policy_document\" \"trust\" {{\n {ec2}\n {star}\n}}\n");
        let case = case(&[("main.tf", &format!("{node}{data}"))]);
        run(
            case.path(),
            &[
                "lint",
                ".",
                "--no-config",
                "--reference",
                "reference.json",
                "--region",
                "us-east-1",
                "--account",
                "123456789012",
                "-f",
                "concise",
            ],
        )
        .out
    };
    let open = of("Allow", "*");
    assert!(open.contains("[open-trust]"), "{open}");
    assert!(!open.contains("invalid-policy"), "{open}");
    let denied = of("Deny", "*");
    assert!(!denied.contains("invalid-policy"), "{denied}");
    assert!(!denied.contains("[open-trust]"), "{denied}");
    assert!(of("Allow", "AWS").contains("[open-trust]"));
}

#[test]
fn the_suffix_of_the_partition_is_known() {
    let of = |partition: &str| {
        let node = role_with(&encoded("Allow", "\"sqs:SendMessage\"", "\"*\""));
        let trust = super::TRUST.replace(
            "ec2.amazonaws.com",
            "lambda.${data.aws_partition.here.dns_suffix}",
        );
        let code = node.replace("\"{}\"", &trust);
        let case = case(&[("main.tf", &code)]);
        run(
            case.path(),
            &[
                "lint",
                ".",
                "--no-config",
                "--role",
                "compute-node",
                "--scheduler",
                "slurm",
                "--pcluster-version",
                "3.14.0",
                "--partition",
                partition,
                "-f",
                "concise",
            ],
        )
        .out
    };
    let out = of("aws");
    assert!(out.contains("lambda.amazonaws.com"), "{out}");
    assert!(!out.contains("dns_suffix"), "{out}");
    let out = of("aws-cn");
    assert!(out.contains("lambda.amazonaws.com.cn"), "{out}");
}
