//! Roles, users and groups of a module are found by their names, however a policy or a membership spells them.

use std::fs;

use serde_json::Value;

use crate::common::program::run;

/// Resources of each row, and the verdict for its principal `me#`, or `unresolved`. `#` is the number of the row; `ALLOW` and
/// `DENY` are documents, `ROLE` and `USER` resources that are allowed what is required.
const ROWS: &[(&str, &str)] = &[
    (
        "USER(\"u-#\") GROUP(\"g-#\")\nresource \"aws_iam_user_group_membership\" \"m#\" {\n user = \"u-#\"\n groups = [\"g-#\"]\n}",
        "denied",
    ),
    (
        "USER(\"u-#\") GROUP(\"g-#\")\nresource \"aws_iam_group_membership\" \"m#\" {\n name = \"x\"\n users = [\"other\", \"u-#\"]\n group = \"g-#\"\n}",
        "denied",
    ),
    (
        "USER(\"u-#\") GROUP(\"g-#\")\nresource \"aws_iam_group_membership\" \"m#\" {\n name = \"x\"\n users = [\"other\"]\n group = \"g-#\"\n}",
        "covered",
    ),
    (
        "USER(\"u-#\") GROUP(\"g-#\")\nresource \"aws_iam_user_group_membership\" \"m#\" {\n user = aws_iam_user.me#.name\n groups = [for g in [aws_iam_group.g#] : g.id]\n}",
        "denied",
    ),
    (
        "USER(\"u-#\") GROUP(\"g-#\")\nresource \"aws_iam_user_group_membership\" \"m#\" {\n user = var.open\n groups = [\"g-#\"]\n}",
        "unresolved",
    ),
    (
        "USER(\"u-#\") GROUP(\"g-#\")\nresource \"aws_iam_user_group_membership\" \"m#\" {\n user = \"u-#\"\n groups = [\"g-${var.open}\"]\n}",
        "unresolved",
    ),
    (
        "USER(\"u-#\") GROUP(\"g-#\")\nresource \"aws_iam_user_group_membership\" \"m#\" {\n user = \"z-${var.open}\"\n groups = [\"g-#\"]\n}",
        "covered",
    ),
    (
        "USER(\"u-#\") GROUP(\"g-#\")\nresource \"aws_iam_user_group_membership\" \"m#\" {\n count = var.open == \"\" ? 1 : 0\n user = \"u-#\"\n groups = [\"g-#\"]\n}",
        "depends",
    ),
    // A group that is not in the module, and its policy.
    (
        "USER(\"u-#\")\nresource \"aws_iam_user_group_membership\" \"m#\" {\n user = \"u-#\"\n groups = [\"there-#\"]\n}\nresource \"aws_iam_group_policy\" \"d#\" {\n group = \"there-#\"\n policy = DENY\n}",
        "denied",
    ),
    (
        "USER(\"u-#\") GROUP(\"g-#\")\nresource \"awscc_iam_user_to_group_addition\" \"m#\" {\n group_name = \"g-#\"\n users = [\"u-#\"]\n}",
        "denied",
    ),
    // Names of which a part is not known.
    (
        "ROLE(\"x-${random_id.a.hex}\")\nresource \"aws_iam_role_policy\" \"d#\" {\n role = \"x-${random_id.a.hex}\"\n policy = DENY\n}",
        "denied",
    ),
    (
        "ROLE(\"#-${var.open}\")\nresource \"aws_iam_role_policy\" \"d#\" {\n role = \"#-${var.open}\"\n policy = DENY\n}",
        "denied",
    ),
    (
        "ROLE(\"#-${var.open}\")\nresource \"aws_iam_role_policy\" \"d#\" {\n role = \"#-a\"\n policy = DENY\n}",
        "unresolved",
    ),
    (
        "ROLE(\"#-${var.open}\")\nresource \"aws_iam_role_policy\" \"d#\" {\n role = \"b-#\"\n policy = DENY\n}",
        "covered",
    ),
    (
        "ROLE(\"r-#\")\nresource \"aws_iam_role_policy\" \"d#\" {\n role = \"r-${var.open}\"\n policy = DENY\n}",
        "unresolved",
    ),
    // The name, cut out of the ARN.
    (
        "ROLE(\"r-#\")\nresource \"aws_iam_role_policy\" \"d#\" {\n role = split(\"/\", aws_iam_role.me#.arn)[1]\n policy = DENY\n}",
        "denied",
    ),
    (
        "ROLE(\"r-#\")\nresource \"aws_iam_role_policy\" \"d#\" {\n role = element(split(\"/\", aws_iam_role.me#.arn), 1)\n policy = DENY\n}",
        "denied",
    ),
    // A role without policies of its own.
    (
        "resource \"aws_iam_role\" \"me#\" {\n name = \"r-#\"\n assume_role_policy = TRUST\n}",
        "missing",
    ),
    (
        "resource \"aws_iam_role\" \"me#\" {\n name = \"r-#\"\n assume_role_policy = TRUST\n managed_policy_arns = [\"arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy\"]\n}",
        "missing",
    ),
];

const ALLOW: &str = r#"jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sqs:SendMessage", Resource = "*" }] })"#;
const DENY: &str = r#"jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Deny", Action = "*", Resource = "*" }] })"#;
const TRUST: &str = r#"jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }] })"#;

/// The code of a row: `WHAT(name)` is a principal of that name.
fn code(row: &str, nth: usize) -> String {
    let mut text = row.to_owned();
    for (what, made) in [
        (
            "USER",
            "resource \"aws_iam_user\" \"me#\" {\n name = NAME\n}\nresource \"aws_iam_user_policy\" \"own#\" {\n user = aws_iam_user.me#.name\n policy = ALLOW\n}\n",
        ),
        (
            "GROUP",
            "resource \"aws_iam_group\" \"g#\" {\n name = NAME\n}\nresource \"aws_iam_group_policy\" \"g#\" {\n group = aws_iam_group.g#.name\n policy = DENY\n}\n",
        ),
        (
            "ROLE",
            "resource \"aws_iam_role\" \"me#\" {\n name = NAME\n assume_role_policy = TRUST\n}\nresource \"aws_iam_role_policy\" \"own#\" {\n role = aws_iam_role.me#.id\n policy = ALLOW\n}\n",
        ),
    ] {
        let call = format!("{what}(");
        if let Some((before, rest)) = text.split_once(&call) {
            let (name, after) = rest.split_once(')').unwrap();
            text = format!("{before}\n{}{after}", made.replace("NAME", name));
        }
    }
    { text.replace("ALLOW", ALLOW).replace("DENY", DENY) }
        .replace("TRUST", TRUST)
        .replace('#', &nth.to_string())
}

/// The verdict for `me0` and how many errors there are; `unresolved` where that is found.
fn judge(row: &str) -> (String, usize) {
    let folder = tempfile::tempdir().unwrap();
    let head = "variable \"open\" {}\nresource \"random_id\" \"a\" {\n byte_length = 4\n}\n";
    fs::write(
        folder.path().join("main.tf"),
        head.to_owned() + &code(row, 0),
    )
    .unwrap();
    let reference = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage",
        "Resource": "arn:aws:sqs:us-east-1:123456789012:parallelcluster-q"}}"#;
    fs::write(folder.path().join("r.json"), reference).unwrap();
    let line = "lint . --no-config -f json --reference r.json --select *.me0 --region us-east-1 --account 123456789012";
    let arguments: Vec<&str> = line.split(' ').collect();
    let run = run(folder.path(), &arguments);
    let value: Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{}", run.err));
    let result = &value["results"][0];
    let findings = result["findings"].as_array().unwrap();
    let is_unresolved = findings.iter().any(|f| f["lint"] == "unresolved");
    let errors = findings.iter().filter(|f| f["severity"] == "error").count();
    let verdict = result["requirements"][0]["verdict"].as_str().unwrap();
    let is = if is_unresolved { "unresolved" } else { verdict };
    (is.to_owned(), errors)
}

#[test]
fn principals_are_found_by_their_names() {
    let mut wrong = Vec::new();
    for (row, expected) in ROWS {
        let (is, errors) = judge(row);
        // What is not covered is never without a finding.
        if is != *expected || (errors == 0) != ["covered", "depends"].contains(expected) {
            wrong.push(format!(
                "{row}\n  {is} with {errors} errors, not {expected}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
