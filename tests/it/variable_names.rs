//! Names of policy variables and of global condition keys that do not exist.

use pcluster_iam::matcher::template::variable_parts;
use serde_json::json;

use crate::common::role::{lint_against, statement_with};
use crate::common::table::each;

#[test]
fn a_misspelled_variable_is_reported_with_the_key_that_is_meant() {
    each(
        [
            ("aws:usernam", "did you mean `${aws:username}`?"),
            ("aws:userNmae, 'x'", "did you mean `${aws:username, 'x'}`?"),
            ("aws:NoSuchKeyAtAll", "check the spelling"),
            ("s3:prefx", "check the spelling"),
            ("aws:username", ""),
            ("AWS:UserName", ""),
            ("aws:PrincipalTag/team", ""),
            ("ec2:SourceInstanceARN", ""),
            ("saml:sub", ""),
        ],
        |(name, help)| {
            let variable = format!("${{{name}}}");
            let of = |action: &str, resource: &str, condition| {
                let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition});
                json!({"Version": "2012-10-17", "Statement": statement}).to_string()
            };
            let bucket = format!("arn:aws:s3:::b/{variable}/*");
            let prefix = json!({"StringLike": {"s3:prefix": format!("{variable}/*")}});
            let of_resource = of("s3:GetObject", &bucket, json!({}));
            let of_condition = of("s3:ListBucket", "*", prefix);
            for policy in [&of_resource, &of_condition] {
                let findings = lint_against(policy, policy).findings;
                let misused = findings.iter().filter(|f| f.lint == "variable-misuse");
                let said: Vec<&str> = misused.map(|f| f.help.as_deref().unwrap()).collect();
                let expected: &[&str] = if help.is_empty() { &[] } else { &[help] };
                assert_eq!(said, expected, "{policy}");
            }
            let findings = lint_against(&of_resource, &of_resource).findings;
            let granted = { findings.iter() }.find(|f| f.lint == "conditional-grant");
            let granted = granted.unwrap();
            assert_eq!(
                granted.message,
                "`s3:GetObject` is granted only if a policy variable matches"
            );
            // A policy variable is no placeholder that could be given.
            assert!(
                !granted.help.as_ref().unwrap().contains("--set"),
                "{granted:?}"
            );
        },
    );
}

#[test]
fn a_misspelled_global_key_is_reported_with_the_key_that_is_meant() {
    let policy = |key: &str| {
        let condition = json!({"StringEquals": {key: "us-east-1"}});
        let statement = json!({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*", "Condition": condition});
        json!({"Version": "2012-10-17", "Statement": statement}).to_string()
    };
    let findings =
        lint_against(&policy("aws:RequestRegion"), &policy("aws:RequestedRegion")).findings;
    let found = findings.iter().find(|f| f.lint == "unknown-condition-key");
    let help = found.unwrap().help.as_deref();
    assert_eq!(help, Some("did you mean `aws:RequestedRegion`?"));
}

#[test]
fn a_variable_is_reported_where_aws_reads_none() {
    let queue =
        |name: &str| json!({"Resource": format!("arn:aws:sqs:us-east-1:123456789012:{name}")});
    let arn = |fields: &str| json!({"Resource": format!("arn:aws:sqs:{fields}:q")});
    let condition =
        |operator: &str, key: &str, value: &str| json!({"Condition": {operator: {key: value}}});
    let early = "is before the fifth colon of an ARN, where AWS reads no variables";
    let unquoted = "has a default without single quotes";
    let unread = "is in a value that is not a string, where AWS reads no variables";
    each(
        [
            (queue("${aws:username}"), "", ""),
            (
                arn("us-east-1:${aws:PrincipalAccount}"),
                "${aws:PrincipalAccount}",
                early,
            ),
            (
                arn("us-east-1:123456789012${aws:username}"),
                "${aws:username}",
                early,
            ),
            (arn("us-east-1:${*}"), "", ""),
            (arn("us-east-1:${Account}"), "", ""),
            (json!({"Resource": "${aws:username}:q"}), "", ""),
            (
                queue("${aws:user name}"),
                "${aws:user name}",
                "has a space in the name of a variable",
            ),
            (queue("${User Name}"), "", ""),
            (
                queue("a-${aws:username"),
                "${aws:username",
                "has no closing brace",
            ),
            (queue("${aws:username,'x'}"), "", ""),
            (
                queue("${aws:username, x'}"),
                "${aws:username, x'}",
                unquoted,
            ),
            (
                queue("${aws:username, 'x}"),
                "${aws:username, 'x}",
                unquoted,
            ),
            (
                queue("${aws:username}${aws:nosuch}"),
                "${aws:nosuch}",
                "is not one of AWS's global condition keys",
            ),
            (
                queue("${sqs:nosuch}"),
                "${sqs:nosuch}",
                "is not in the catalogue of AWS's condition keys",
            ),
            (queue("${nosuch:key}"), "", ""),
            (
                condition("StringEquals", "aws:PrincipalTag/t", "${aws:username}"),
                "",
                "",
            ),
            (
                condition("StringEquals", "aws:PrincipalTag/t", "${aws:username"),
                "${aws:username",
                "has no closing brace",
            ),
            (
                condition(
                    "ArnLike",
                    "aws:PrincipalArn",
                    "arn:aws:iam::${aws:PrincipalAccount}:role/x",
                ),
                "",
                "",
            ),
            (
                condition(
                    "NumericEquals",
                    "aws:MultiFactorAuthAge",
                    "1${aws:username}",
                ),
                "${aws:username}",
                unread,
            ),
            (
                condition("NumericEquals", "aws:MultiFactorAuthAge", "${Age}"),
                "",
                "",
            ),
        ],
        |(part, variable, what)| {
            let statement = statement_with(&part);
            let policy = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
            let findings = lint_against(&policy, &policy).findings;
            let misused: Vec<_> = { findings.iter() }
                .filter(|f| f.lint == "variable-misuse")
                .collect();
            let messages: Vec<&str> = misused.iter().map(|f| f.message.as_str()).collect();
            if what.is_empty() {
                assert_eq!(messages, [""; 0], "{part}");
                return;
            }
            assert_eq!(messages, [format!("`{variable}` {what}")], "{part}");
            let span = misused[0].label.span;
            assert_eq!(
                &policy[span.start as usize..span.end as usize],
                variable,
                "{part}"
            );
        },
    );
}

#[test]
fn the_default_of_a_variable_is_quoted() {
    for (inner, expected) in [
        ("aws:username", ("aws:username", None)),
        ("aws:username, 'x'", ("aws:username", Some("x"))),
        ("aws:username,'x'", ("aws:username", Some("x"))),
        ("aws:username , 'a, b'", ("aws:username", Some("a, b"))),
        ("aws:username, ''", ("aws:username", Some(""))),
        ("aws:username, x", ("aws:username", None)),
        ("aws:username, 'x", ("aws:username", None)),
        ("aws:username, '", ("aws:username", None)),
    ] {
        assert_eq!(variable_parts(inner), expected, "{inner}");
    }
}
