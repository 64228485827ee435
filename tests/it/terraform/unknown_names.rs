//! Roles and policies whose names are not known, and conditions on the ARN of such a role.

use super::{HEAD, POLICY, TRUST, case, failures, judged};
use crate::common::case::verdict;

/// Arguments of a resource that leave its name or its path open.
const NAMES: &[&str] = &[
    "name = var.flag ? \"a\" : \"b\"",
    "name = var.flag ? var.open : \"b\"",
    "name = var.flag ? null : \"x\"\n name_prefix = var.flag ? \"x-\" : null",
    "name = var.flag ? null : var.open\n name_prefix = var.flag ? \"${var.open}-\" : null",
    "name = var.flag ? (var.is_on ? var.open : \"c\") : null",
    "name = try(var.any.name, \"x\")",
    "name = coalesce(var.open, \"x\")",
    "name = var.open",
    "name = local.unknown",
    "name = \"x-${terraform.workspace}\"",
    "name = \"x%{if var.flag}-y%{endif}\"",
    "name = random_id.x.hex",
    "name_prefix = var.open",
    "name = \"x\"\n path = var.open",
    "name = \"x\"\n path = var.flag ? \"/a/\" : \"/b/\"",
    "",
];

const MORE: &str = "variable \"flag\" { type = bool }\nvariable \"any\" { type = any }\n\
                    locals {\n unknown = var.flag ? var.open : \"y\"\n}\n";

fn role(arguments: &str) -> String {
    format!(
        "resource \"aws_iam_role\" \"node\" {{\n {arguments}\n assume_role_policy = {TRUST}\n}}\n"
    )
}

fn inline(role: &str) -> String {
    format!("resource \"aws_iam_role_policy\" \"p\" {{\n role = {role}\n policy = {POLICY}\n}}\n")
}

fn managed(arguments: &str) -> String {
    format!("resource \"aws_iam_policy\" \"p\" {{\n {arguments}\n policy = {POLICY}\n}}\n")
}

fn attached(role: &str, arn: &str) -> String {
    format!(
        "resource \"aws_iam_role_policy_attachment\" \"a\" {{\n role = {role}\n policy_arn = {arn}\n}}\n"
    )
}

#[test]
fn a_reference_is_to_its_resource_whatever_the_name_is() {
    let named = role("name = \"node\"");
    let mut rows = Vec::new();
    for name in NAMES {
        let role = role(name);
        let codes = [
            format!("{role}{}", inline("aws_iam_role.node.name")),
            format!("{role}{}", inline("aws_iam_role.node.id")),
            format!("{role}{}", inline("\"${aws_iam_role.node.name}\"")),
            format!(
                "{role}{}",
                inline("coalesce(aws_iam_role.node.name, \"none\")")
            ),
            format!("{role}{}", inline("one([aws_iam_role.node.name])")),
            format!(
                "data \"aws_iam_role\" \"d\" {{\n name = aws_iam_role.node.name\n}}\n{role}{}",
                inline("data.aws_iam_role.d.name")
            ),
            format!(
                "{named}{}{}",
                managed(name),
                attached("aws_iam_role.node.name", "aws_iam_policy.p.arn")
            ),
            format!(
                "{role}{}{}",
                managed(name),
                attached("aws_iam_role.node.name", "aws_iam_policy.p.id")
            ),
        ];
        for code in codes {
            let whole = format!("{HEAD}{MORE}{code}");
            let is = judged(&[("main.tf", &whole)], &["--select", "aws_iam_role.node"]);
            rows.push((code, "covered".to_owned(), is));
        }
    }
    failures(rows);
}

#[test]
fn a_role_of_a_module_is_known_by_its_output() {
    let mut rows = Vec::new();
    for name in NAMES {
        let inner = format!(
            "variable \"open\" {{ type = string }}\nvariable \"is_on\" {{ default = true }}\n{MORE}\
             resource \"random_id\" \"x\" {{ byte_length = 4 }}\n{}output \"name\" {{ value = aws_iam_role.node.name }}\n",
            role(name)
        );
        let code = format!(
            "{HEAD}{MORE}module \"m\" {{\n source = \"./m\"\n open = var.open\n flag = var.flag\n any = var.any\n}}\n{}",
            inline("module.m.name")
        );
        let files = [("main.tf", code.as_str()), ("m/main.tf", &inner)];
        let is = judged(&files, &["--select", "module.m.aws_iam_role.node"]);
        rows.push(((*name).to_owned(), "covered".to_owned(), is));
    }
    failures(rows);
}

/// The name of the role, the text that a policy names it by, and the exit code: whether the policy may be the role's is not known
/// where it is 2.
const TEXTS: &[(&str, &str, &str)] = &[
    ("var.flag ? \"a\" : \"b\"", "\"a\"", "2"),
    ("var.flag ? \"a\" : \"b\"", "\"c\"", "missing"),
    (
        "var.flag ? \"a\" : \"b\"",
        "var.flag ? \"a\" : \"b\"",
        "covered",
    ),
    (
        "var.flag ? \"a\" : \"b\"",
        "var.flag ? \"c\" : \"d\"",
        "missing",
    ),
    ("local.unknown", "local.unknown", "covered"),
    ("var.open", "\"a\"", "2"),
];

#[test]
fn a_text_is_a_role_where_it_is_its_name() {
    let rows = TEXTS.iter().map(|(name, text, expected)| {
        let code = format!(
            "{HEAD}{MORE}{}{}",
            role(&format!("name = {name}")),
            inline(text)
        );
        let (run, report) =
            case(&[("main.tf", &code)]).lint(".", &["--select", "aws_iam_role.node"]);
        let is = match run.code {
            2 => "2".to_owned(),
            _ => verdict(&report),
        };
        (format!("{name} = {text}"), (*expected).to_owned(), is)
    });
    failures(rows);
}

/// Arguments of a role, a pattern of `aws:PrincipalArn` behind `role`, and the verdict of a statement with it.
const ARNS: &[(&str, &str, &str)] = &[
    (
        "name_prefix = \"x-\"\n path = \"/app/\"",
        "/app/x-*",
        "covered",
    ),
    ("name_prefix = \"x-\"\n path = \"/app/\"", "/*", "covered"),
    (
        "name_prefix = \"x-\"\n path = \"/app/\"",
        "/app/*",
        "covered",
    ),
    (
        "name_prefix = \"x-\"\n path = \"/app/\"",
        "/app/x-1*",
        "conditional",
    ),
    (
        "name_prefix = \"x-\"\n path = \"/app/\"",
        "/app/y-*",
        "missing",
    ),
    (
        "name_prefix = \"x-\"\n path = \"/app/\"",
        "/other/*",
        "missing",
    ),
    ("name_prefix = \"x-\"\n path = \"/app/\"", "/x-*", "missing"),
    ("path = \"/app/\"", "/app/*", "covered"),
    ("path = \"/app/\"", "/app/x-*", "conditional"),
    (
        "name = \"x-${random_id.x.hex}\"\n path = \"/app/\"",
        "/app/x-*",
        "covered",
    ),
    (
        "name = var.flag ? \"x-1\" : \"x-2\"\n path = \"/app/\"",
        "/app/*",
        "covered",
    ),
    (
        "name_prefix = \"x-\"\n path = \"/app/${var.open}/\"",
        "/app/*/x-*",
        "covered",
    ),
    ("name = \"x\"\n path = var.open", "/*x", "covered"),
    ("name = \"x\"\n path = var.open", "/app/x", "conditional"),
];

#[test]
fn a_condition_on_the_arn_holds_for_every_name_or_for_none() {
    let rows = ARNS.iter().map(|(arguments, pattern, expected)| {
        let statement = format!(
            "{{ Effect = \"Allow\", Action = \"sqs:SendMessage\", Resource = \"ARN:queue-a\", Condition = {{ ArnLike = {{ \
             \"aws:PrincipalArn\" = \"arn:aws:iam::123456789012:role{pattern}\" }} }} }}"
        );
        let code = format!(
            "{HEAD}{MORE}{}resource \"aws_iam_role_policy\" \"p\" {{\n role = aws_iam_role.node.id\n policy = jsonencode({{ \
             Version = \"2012-10-17\", Statement = [{statement}] }})\n}}\n",
            role(arguments)
        );
        let is = judged(&[("main.tf", &code)], &["--select", "aws_iam_role.node"]);
        (
            format!("{arguments}: {pattern}"),
            (*expected).to_owned(),
            is,
        )
    });
    failures(rows);
}
