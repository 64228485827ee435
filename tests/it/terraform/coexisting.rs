//! Roles with a `count` or `for_each` that is not known, and the policies that exist with them.

use super::{HEAD, POLICY, TRUST, failures, judged};

const MORE: &str = "variable \"flag\" { type = bool }\nvariable \"other_flag\" { type = bool }\nvariable \"number\" { type = number }\n\
                    variable \"map\" { type = map(string) }\nlocals {\n made = var.flag && var.open != \"\"\n}\n";

/// A `count` or `for_each`, and the index of the one resource that there may be.
const COUNTS: &[(&str, &str)] = &[
    ("count = var.flag ? 1 : 0", "[0]"),
    ("count = var.flag ? 0 : 1", "[0]"),
    ("count = !var.flag ? 1 : 0", "[0]"),
    ("count = local.made ? 1 : 0", "[0]"),
    ("count = var.flag && var.number > 0 ? 1 : 0", "[0]"),
    ("count = var.flag && var.is_on ? 1 : 0", "[0]"),
    ("count = var.flag ? (var.number > 1 ? 1 : 0) : 0", "[0]"),
    ("count = contains(var.open_list, \"iam\") ? 1 : 0", "[0]"),
    ("count = var.open != \"\" ? 1 : 0", "[0]"),
    ("for_each = var.flag ? { a = 1 } : {}", "[\"a\"]"),
    (
        "for_each = var.flag ? toset([\"a\"]) : toset([])",
        "[\"a\"]",
    ),
];

/// The blocks beside the role `node`; COUNT is its `count`, and AT the index of it.
const BESIDE: &[&str] = &[
    "resource \"aws_iam_role_policy\" \"p\" {\n COUNT\n role = aws_iam_role.nodeAT.name\n policy = POLICY\n}",
    "resource \"aws_iam_role_policy\" \"p\" {\n COUNT\n role = aws_iam_role.nodeAT.id\n policy = POLICY\n}",
    "resource \"aws_iam_role_policy\" \"p\" {\n role = aws_iam_role.nodeAT.name\n policy = POLICY\n}",
    "resource \"aws_iam_role_policy\" \"p\" {\n COUNT\n role = try(aws_iam_role.nodeAT.name, \"\")\n policy = POLICY\n}",
    "resource \"aws_iam_role_policy\" \"p\" {\n COUNT\n role = \"node\"\n policy = POLICY\n}",
    "resource \"aws_iam_policy\" \"p\" {\n COUNT\n policy = POLICY\n}\nresource \"aws_iam_role_policy_attachment\" \"p\" {\n COUNT\n \
     role = aws_iam_role.nodeAT.name\n policy_arn = aws_iam_policy.pAT.arn\n}",
    "data \"aws_iam_policy_document\" \"d\" {\n COUNT\n statement {\n actions = [\"sqs:SendMessage\"]\n resources = [\"ARN:queue-a\"]\n }\n}\n\
     resource \"aws_iam_role_policy\" \"p\" {\n COUNT\n role = aws_iam_role.nodeAT.name\n \
     policy = data.aws_iam_policy_document.dAT.json\n}",
    "module \"m\" {\n source = \"./m\"\n COUNT\n role = aws_iam_role.nodeAT.name\n}",
];

const INNER: &str = "variable \"role\" { type = string }\n\
                     resource \"aws_iam_role_policy\" \"p\" {\n role = var.role\n policy = POLICY\n}\n";

fn verdict_of(arguments: &str, beside: &str) -> String {
    let code = format!(
        "{HEAD}{MORE}resource \"aws_iam_role\" \"node\" {{\n {arguments}\n assume_role_policy = {TRUST}\n}}\n{}\n",
        beside.replace("POLICY", POLICY)
    );
    let inner = INNER.replace("POLICY", POLICY);
    let files = [("main.tf", code.as_str()), ("m/main.tf", &inner)];
    judged(&files, &["--select", "aws_iam_role.node*"])
}

#[test]
fn what_has_the_count_of_the_role_is_there_with_it() {
    let mut rows = Vec::new();
    for (count, at) in COUNTS {
        for beside in BESIDE {
            let beside = beside.replace("COUNT", count).replace("AT", at);
            let is = verdict_of(&format!("{count}\n name = \"node\""), &beside);
            rows.push((beside, "covered".to_owned(), is));
        }
        let of_unconditional = BESIDE[0].replace("COUNT", count).replace("AT", "");
        let is = verdict_of("name = \"node\"", &of_unconditional);
        rows.push((of_unconditional, "depends".to_owned(), is));
        let other = BESIDE[0]
            .replace("COUNT", "count = var.other_flag ? 1 : 0")
            .replace("AT", at);
        let is = verdict_of(&format!("{count}\n name = \"node\""), &other);
        rows.push((format!("{count}: {other}"), "depends".to_owned(), is));
    }
    failures(rows);
}

/// Arguments of the role, those of its policy, and the verdict.
const ROWS: &[(&str, &str, &str)] = &[
    (
        "count = var.flag ? 1 : 0",
        "count = var.flag ? 1 : 0\n role = aws_iam_role.node[1].name",
        "depends",
    ),
    (
        "for_each = var.flag ? { a = 1 } : {}",
        "count = var.flag ? 1 : 0\n role = aws_iam_role.node[\"b\"].name",
        "depends",
    ),
    (
        "for_each = var.flag ? { a = 1 } : { b = 1 }",
        "role = aws_iam_role.node[\"a\"].name",
        "depends",
    ),
    (
        "for_each = var.flag ? { a = 1 } : { b = 1 }",
        "role = try(aws_iam_role.node[\"a\"].name, \"other\")",
        "depends",
    ),
    (
        "count = var.flag ? 1 : 0",
        "count = var.flag ? 1 : 0\n role = one(aws_iam_role.node[*].name)",
        "covered",
    ),
    (
        "count = var.flag ? 1 : 0",
        "count = var.flag ? 1 : 0\n role = join(\"\", aws_iam_role.node.*.name)",
        "covered",
    ),
    (
        "count = var.flag ? 1 : 0",
        "count = var.flag ? 1 : 0\n role = element(concat(aws_iam_role.node.*.name, [\"\"]), 0)",
        "covered",
    ),
    (
        "count = var.flag ? 1 : 0",
        "count = var.flag ? 1 : 0\n role = element(aws_iam_role.node.*.name, count.index)",
        "covered",
    ),
    (
        "count = var.flag ? 1 : 0",
        "role = var.flag ? aws_iam_role.node[0].name : var.open",
        "covered",
    ),
    (
        "count = var.flag ? 0 : 1",
        "role = var.flag ? var.open : aws_iam_role.node[0].name",
        "covered",
    ),
    (
        "count = var.open == \"\" ? 1 : 0",
        "role = var.open != \"\" ? var.open : aws_iam_role.node[0].name",
        "covered",
    ),
    (
        "count = var.flag && var.other_flag ? 1 : 0",
        "count = var.flag ? 1 : 0\n role = one(aws_iam_role.node[*].name)",
        "covered",
    ),
    (
        "count = var.flag ? 1 : 0",
        "count = var.flag && var.other_flag ? 1 : 0\n role = aws_iam_role.node[0].name",
        "depends",
    ),
    (
        "count = var.flag ? 1 : 0\n name = \"node\"",
        "count = var.flag ? 0 : 1\n role = \"node\"",
        "depends",
    ),
    // Which of several it is for is known where both have the same index.
    (
        "count = var.number",
        "count = var.number\n role = aws_iam_role.node[count.index].name",
        "covered",
    ),
    (
        "count = var.number",
        "count = var.number\n role = element(aws_iam_role.node.*.name, count.index)",
        "covered",
    ),
    (
        "count = var.flag ? 3 : 0",
        "count = var.flag ? 3 : 0\n role = aws_iam_role.node[count.index].name",
        "covered",
    ),
    (
        "count = var.flag ? 3 : 0",
        "count = var.flag ? 2 : 0\n role = aws_iam_role.node[count.index].name",
        "depends",
    ),
    (
        "count = var.flag ? 1 : 2",
        "count = var.flag ? 2 : 1\n role = aws_iam_role.node[count.index].name",
        "depends",
    ),
    (
        "count = var.number",
        "count = var.number\n role = aws_iam_role.node[0].name",
        "depends",
    ),
    (
        "count = var.number",
        "role = element(aws_iam_role.node[*].name, 0)",
        "depends",
    ),
    (
        "for_each = var.map\n name = each.key",
        "for_each = var.map\n role = aws_iam_role.node[each.key].name",
        "covered",
    ),
    (
        "for_each = var.map\n name = each.key",
        "for_each = aws_iam_role.node\n role = each.value.name",
        "covered",
    ),
    (
        "for_each = var.map\n name = each.key",
        "for_each = var.map\n role = aws_iam_role.node[\"a\"].name",
        "depends",
    ),
    (
        "for_each = var.map\n name = each.key",
        "for_each = var.map\n role = aws_iam_role.node[each.value].name",
        "depends",
    ),
    (
        "for_each = var.map\n name = each.key",
        "for_each = { for k, v in var.map : k => v if k != \"z\" }\n role = aws_iam_role.node[each.key].name",
        "depends",
    ),
];

#[test]
fn a_policy_is_there_where_its_condition_follows_from_that_of_the_role() {
    failures(ROWS.iter().map(|(role, policy, expected)| {
        let beside =
            format!("resource \"aws_iam_role_policy\" \"p\" {{\n {policy}\n policy = POLICY\n}}");
        let is = verdict_of(role, &beside);
        (format!("{role}\n{policy}"), (*expected).to_owned(), is)
    }));
}

#[test]
fn a_policy_in_a_module_that_may_be_absent_may_be_absent() {
    let beside = "module \"m\" {\n source = \"./m\"\n count = var.flag ? 1 : 0\n role = aws_iam_role.node.name\n}";
    assert_eq!(verdict_of("name = \"node\"", beside), "depends");
}

/// A policy under one key is not the one under another, also where one of the two is there, and the key of a module is
/// not that of a resource in it.
#[test]
fn another_key_is_of_another_resource() {
    let role = format!(
        "resource \"aws_iam_role\" \"node\" {{\n ROLE\n assume_role_policy = {TRUST}\n}}\n"
    );
    let attached = "resource \"aws_iam_policy\" \"p\" {\n EACH\n policy = POLICY\n}\n\
         resource \"aws_iam_role_policy_attachment\" \"p\" {\n role = aws_iam_role.node.name\n policy_arn = AT\n}\n";
    let mut rows = Vec::new();
    for (each, at, verdict) in [
        ("{ a = 1 }", "aws_iam_policy.p[\"a\"].arn", "covered"),
        (
            "var.flag ? { a = 1 } : { b = 1 }",
            "try(aws_iam_policy.p[\"a\"].arn, \"arn:aws:iam::aws:policy/ReadOnlyAccess\")",
            "depends",
        ),
        (
            "var.flag ? { a = 1, c = 1 } : { b = 1 }",
            "aws_iam_policy.p[\"a\"].arn",
            "depends",
        ),
    ] {
        let beside = attached
            .replace("EACH", &format!("for_each = {each}"))
            .replace("AT", at)
            .replace("POLICY", POLICY);
        let code = format!(
            "{HEAD}{MORE}{}{beside}",
            role.replace("ROLE", "name = \"node\"")
        );
        let is = judged(&[("main.tf", &code)], &["--select", "aws_iam_role.node*"]);
        rows.push((format!("{each}: {at}"), verdict.to_owned(), is));
    }
    let inner = "variable \"given\" { type = string }\nvariable \"keys\" { type = set(string) }\n"
        .to_owned()
        + &role.replace("ROLE", "for_each = var.keys\n name = each.key")
        + "resource \"aws_iam_role_policy\" \"p\" {\n EACH\n role = aws_iam_role.node[AT].name\n policy = POLICY\n}\n";
    let code = format!(
        "{HEAD}{MORE}variable \"keys\" {{ type = set(string) }}\nvariable \"others\" {{ type = set(string) }}\n\
         module \"m\" {{\n source = \"./m\"\n for_each = var.others\n given = each.key\n keys = var.keys\n}}\n"
    );
    for (each, at, verdict) in [
        ("for_each = var.keys", "each.key", "covered"),
        ("", "var.given", "depends"),
    ] {
        let inner = inner
            .replace("EACH", each)
            .replace("AT", at)
            .replace("POLICY", POLICY);
        let files = [("main.tf", code.as_str()), ("m/main.tf", &inner)];
        let is = judged(&files, &["--select", "module.m*"]);
        rows.push((format!("in a module, {at}"), verdict.to_owned(), is));
    }
    failures(rows);
}
