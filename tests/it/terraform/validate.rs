//! Code that `terraform validate` or `terraform plan` refuses is never passed, in whatever part of the module it is.

use super::{case, encoded};
use crate::common::table::each;

const RESOURCE: &str = "\"ARN:queue-a\"";

/// The name of the role of a policy, where there is one of two.
const WHICHEVER: &[&str] = &[
    "concat(aws_iam_role.h[*].name, aws_iam_role.g[*].name)[0]",
    "element(concat(aws_iam_role.h[*].name, aws_iam_role.g[*].name), 0)",
    "element(concat(aws_iam_role.h.*.name, aws_iam_role.g.*.name, [\"\"]), 0)",
    "one(concat(aws_iam_role.h[*].name, aws_iam_role.g[*].name))",
    "coalesce(one(aws_iam_role.h[*].name), one(aws_iam_role.g[*].name))",
    "try(aws_iam_role.h[0].name, aws_iam_role.g[0].name)",
];

#[test]
fn a_policy_may_be_for_whichever_role_exists() {
    let policy = encoded("Allow", "\"sqs:SendMessage\"", RESOURCE);
    let roles = |name: &str, count: &str| {
        format!(
            "resource \"aws_iam_role\" \"{name}\" {{\n count = {count}\n name = \"{name}\"\n assume_role_policy = {}\n}}\n",
            super::TRUST
        )
    };
    let with = |role: &str, more: &str| {
        format!(
            "variable \"on\" {{\n type = bool\n}}\n{}{}resource \"aws_iam_role_policy\" \"p\" {{\n {more}\n role = {role}\n policy = {policy}\n}}\n",
            roles("h", "var.on ? 1 : 0"),
            roles("g", "var.on ? 0 : 1")
        )
    };
    let verdicts = |code: &str| {
        let (run, report) = case(&[("main.tf", code)]).lint(".", &[]);
        let all = report.to_string();
        let depends = all.matches("\"verdict\":\"depends\"").count();
        assert_eq!(run.code, 0, "{code}\n{all}");
        depends
    };
    each(WHICHEVER, |role| {
        assert_eq!(verdicts(&with(role, "")), 2, "{role}");
        for (value, left) in [("true", "h"), ("false", "g")] {
            let on = format!("on={value}");
            let case = case(&[("main.tf", &with(role, ""))]);
            let (run, report) = case.lint(".", &["--parameter", &on]);
            assert_eq!(run.code, 0, "{role} of {left}\n{report}");
        }
    });
    // Of one role: the join of at most one name, and each of the roles.
    let only = |code: String| code.replace(&roles("g", "var.on ? 0 : 1"), "");
    let join = with(
        "join(\"\", aws_iam_role.h[*].name)",
        "count = var.on ? 1 : 0",
    );
    assert_eq!(verdicts(&only(join)), 1);
    let each_of = with("each.value.name", "for_each = aws_iam_role.h");
    let set = "for_each = var.on ? toset([\"a\"]) : toset([])";
    let each_of = only(each_of).replace("count = var.on ? 1 : 0", set);
    assert_eq!(verdicts(&each_of), 1);
}
