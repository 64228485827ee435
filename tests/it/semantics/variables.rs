//! Policy variables (4): their values, and where they have a meaning.

use serde_json::{Value, json};

use super::{Case, QUEUE, allow, deny, judge, when};
use crate::common::table::each;

#[test]
fn variables_4() {
    let needed = || allow("sqs:SendMessage", QUEUE);
    let named = |name: &str| allow("*", &format!("arn:aws:sqs:us-east-1:123456789012:{name}"));
    each(
        [
            (
                "4.1 with Version 2012-10-17",
                "2012-10-17",
                vec![named("${aws:username}")],
                None,
                "conditional",
            ),
            (
                "4.1 literal without a Version",
                "",
                vec![named("${aws:username}")],
                None,
                "missing",
            ),
            (
                "4.1 literal with the old one",
                "2008-10-17",
                vec![named("${aws:username}")],
                None,
                "missing",
            ),
            (
                "4.1 with a value that is known",
                "2012-10-17",
                vec![named("${aws:Referer}")],
                Some(Some("q")),
                "covered",
            ),
            (
                "4.1 with another",
                "2012-10-17",
                vec![named("${AWS:referer}")],
                Some(Some("r")),
                "missing",
            ),
            (
                "4.3 escapes",
                "2012-10-17",
                vec![named("${*}")],
                None,
                "missing",
            ),
            (
                "4.3 plain text before",
                "2008-10-17",
                vec![named("${*}")],
                None,
                "missing",
            ),
            (
                "4.4 a default",
                "2012-10-17",
                vec![named("${aws:Referer, 'q'}")],
                Some(None),
                "covered",
            ),
            (
                "4.4 another default",
                "2012-10-17",
                vec![named("${aws:Referer, 'r'}")],
                Some(None),
                "missing",
            ),
            (
                "4.5 without value",
                "2012-10-17",
                vec![named("${aws:Referer}")],
                Some(None),
                "missing",
            ),
            (
                "4.5 in a Deny",
                "2012-10-17",
                vec![
                    allow("*", "*"),
                    deny("*", "arn:aws:sqs:us-east-1:123456789012:${aws:Referer}"),
                ],
                Some(None),
                "covered",
            ),
            (
                "4.5 in the NotResource of a Deny",
                "2012-10-17",
                vec![
                    allow("*", "*"),
                    json!({
                        "Effect": "Deny", "Action": "*", "NotResource": "arn:aws:sqs:us-east-1:123456789012:${aws:Referer}"
                    }),
                ],
                Some(None),
                "conditional",
            ),
            (
                "4.5 in the NotResource of a Deny, elsewhere",
                "2012-10-17",
                vec![
                    allow("*", "*"),
                    json!({"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::${aws:username}"}),
                ],
                None,
                "conditional",
            ),
            (
                "4.5 in the NotResource of an Allow, elsewhere",
                "2012-10-17",
                vec![
                    json!({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::${aws:username}"}),
                ],
                None,
                "conditional",
            ),
            (
                "4.5 not with a default",
                "2012-10-17",
                vec![
                    json!({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::${aws:username, 'x'}"}),
                ],
                None,
                "covered",
            ),
            (
                "4.6 may deny",
                "2012-10-17",
                vec![
                    allow("*", "*"),
                    deny("*", "arn:aws:sqs:*:*:${aws:username}"),
                ],
                None,
                "conditional",
            ),
            (
                "4.6 any text, but a whole one",
                "2012-10-17",
                vec![named("q${aws:username}")],
                None,
                "missing",
            ),
            (
                "4.6 of a tag also none",
                "2012-10-17",
                vec![named("q${aws:PrincipalTag/x}")],
                None,
                "conditional",
            ),
            (
                "4.6 and of an empty default",
                "2012-10-17",
                vec![named("q${aws:username, ''}")],
                None,
                "conditional",
            ),
            (
                "4.7 wildcards of a value are text",
                "2012-10-17",
                vec![named("${aws:Referer}")],
                Some(Some("*")),
                "missing",
            ),
        ],
        |(rule, version, policies, context, expected)| {
            let found = judge(&Case {
                reference: vec![needed()],
                policies,
                version: Some(version),
                context: context
                    .map(|value| ("aws:Referer", value))
                    .into_iter()
                    .collect(),
                ..Case::default()
            });
            assert_eq!(found, expected, "{rule}");
        },
    );
}

#[test]
fn where_variables_stand_4_2_and_4_8() {
    let on = |operator: &str, value: &str| {
        when(
            allow("*", "*"),
            operator,
            "aws:PrincipalTag/a",
            json!(value),
        )
    };
    let known: [(&'static str, &'static str); 3] = [
        ("aws:PrincipalTag/a", "x"),
        ("aws:PrincipalTag/b", "x"),
        ("aws:PrincipalTag/c", "123456789012"),
    ];
    each(
        [
            (
                "4.2 in a text of a Condition",
                QUEUE,
                on("StringLike", "${aws:PrincipalTag/b}*"),
                "covered",
            ),
            (
                "4.2 in no number",
                QUEUE,
                on("NumericEquals", "${aws:PrincipalTag/b}"),
                "conditional",
            ),
            (
                "4.2 nor before the fifth colon",
                QUEUE,
                allow("*", "arn:aws:sqs:*:${aws:PrincipalTag/c}:q"),
                "missing",
            ),
            (
                "4.2 nor in an action",
                QUEUE,
                allow("sqs:${aws:PrincipalTag/b}", "*"),
                "missing",
            ),
            (
                "4.8 the colon of a variable separates no type",
                "arn:aws:sqs:us-east-2:*:x-queue",
                allow("*", "arn:aws:sqs:us-east-2:*:${aws:PrincipalTag/b}-queue"),
                "covered",
            ),
        ],
        |(rule, resource, policy, expected)| {
            let found = judge(&Case {
                reference: vec![allow("sqs:SendMessage", resource)],
                policies: vec![policy],
                context: known.map(|(key, value)| (key, Some(value))).to_vec(),
                ..Case::default()
            });
            assert_eq!(found, expected, "{rule}");
        },
    );
}

#[test]
fn values_of_conditions_without_value_4_5() {
    let on = |mut statement: Value, operator: &str, values: Value| {
        statement["Condition"] = json!({operator: {"aws:PrincipalTag/a": values}});
        statement
    };
    let granted = || allow("sqs:SendMessage", QUEUE);
    let unset = "${aws:username}";
    each(
        [
            (
                "it matches nothing",
                vec![on(granted(), "StringEquals", json!(unset))],
                "missing",
            ),
            (
                "nor as a part of a text",
                vec![on(granted(), "StringLike", json!("*${aws:username}"))],
                "missing",
            ),
            (
                "nor without regard to case",
                vec![on(granted(), "StringEqualsIgnoreCase", json!(unset))],
                "missing",
            ),
            (
                "nor in a set",
                vec![on(granted(), "ForAnyValue:StringEquals", json!(unset))],
                "missing",
            ),
            (
                "the whole statement may be invalid",
                vec![on(granted(), "StringNotEquals", json!(unset))],
                "conditional",
            ),
            (
                "also beside a value that fits",
                vec![on(granted(), "StringEquals", json!([unset, "x"]))],
                "conditional",
            ),
            (
                "beside one that does not",
                vec![on(granted(), "StringEquals", json!([unset, "y"]))],
                "missing",
            ),
            (
                "a default is a value",
                vec![on(granted(), "StringEquals", json!("${aws:username, 'x'}"))],
                "covered",
            ),
            (
                "a Deny takes nothing",
                vec![granted(), on(deny("*", "*"), "StringEquals", json!(unset))],
                "covered",
            ),
            (
                "a negated Deny may take all",
                vec![
                    granted(),
                    on(deny("*", "*"), "StringNotEquals", json!(unset)),
                ],
                "conditional",
            ),
        ],
        |(rule, policies, expected)| {
            let found = judge(&Case {
                reference: vec![granted()],
                policies,
                context: vec![("aws:PrincipalTag/a", Some("x")), ("aws:username", None)],
                ..Case::default()
            });
            assert_eq!(found, expected, "{rule}");
        },
    );
}
