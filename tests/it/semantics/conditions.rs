//! Conditions (7): what is known of their keys, what a reference states, and what follows from the Region and account.

use serde_json::{Value, json};

use super::{Case, OBJECTS, allow, deny, judge, verdict, when};
use crate::common::table::each;

#[test]
fn conditions_7() {
    let needed = || allow("s3:GetObject", OBJECTS);
    let some = |operator: &str, key: &str, value: Value| when(needed(), operator, key, value);
    let vpc = |operator: &str, value: Value| some(operator, "aws:Referer", value);
    let mut both = vpc("StringEquals", json!("a"));
    both["Condition"]["Bool"] = json!({"aws:SecureTransport": "true"});
    each(
        [
            // `value` is what the requests are known to have: nothing known, no such key, or a text.
            (
                "7.2 all lines must hold",
                both,
                Some(Some("a")),
                "conditional",
            ),
            (
                "7.2 one of several values",
                vpc("StringEquals", json!(["b", "a"])),
                Some(Some("a")),
                "covered",
            ),
            (
                "7.2 none of several, when negated",
                vpc("StringNotEquals", json!(["b", "a"])),
                Some(Some("a")),
                "missing",
            ),
            (
                "7.3 missing, positive",
                vpc("StringEquals", json!("a")),
                Some(None),
                "missing",
            ),
            (
                "7.3 missing, negated",
                vpc("StringNotEquals", json!("a")),
                Some(None),
                "covered",
            ),
            (
                "7.3 missing, IfExists",
                vpc("StringEqualsIfExists", json!("a")),
                Some(None),
                "covered",
            ),
            (
                "7.3 missing, ForAllValues",
                vpc("ForAllValues:StringEquals", json!("a")),
                Some(None),
                "covered",
            ),
            (
                "7.3 missing, ForAnyValue",
                vpc("ForAnyValue:StringEquals", json!("a")),
                Some(None),
                "missing",
            ),
            (
                "7.3 Null true",
                vpc("Null", json!("true")),
                Some(None),
                "covered",
            ),
            (
                "7.3 Null false",
                vpc("Null", json!(false)),
                Some(None),
                "missing",
            ),
            (
                "7.3 Null true, and there",
                vpc("Null", json!(true)),
                Some(Some("a")),
                "missing",
            ),
            (
                "7.3 ForAllValues:Null",
                vpc("ForAllValues:Null", json!("true")),
                Some(Some("a")),
                "covered",
            ),
            (
                "7.3 ForAnyValue:Null",
                vpc("ForAnyValue:Null", json!("true")),
                None,
                "missing",
            ),
            (
                "an empty list matches no value",
                vpc("StringEquals", json!([])),
                Some(Some("a")),
                "missing",
            ),
            (
                "an empty list, nothing known",
                vpc("StringEquals", json!([])),
                None,
                "missing",
            ),
            (
                "an empty list in a set",
                vpc("ForAnyValue:StringEquals", json!([])),
                None,
                "missing",
            ),
            (
                "an empty list matches an absent key, ForAllValues",
                vpc("ForAllValues:StringEquals", json!([])),
                Some(None),
                "covered",
            ),
            (
                "an empty list and a key, ForAllValues",
                vpc("ForAllValues:StringEquals", json!([])),
                Some(Some("a")),
                "missing",
            ),
            (
                "an empty list matches an absent key, IfExists",
                vpc("StringEqualsIfExists", json!([])),
                Some(None),
                "covered",
            ),
            (
                "an empty list and a key, IfExists",
                vpc("StringEqualsIfExists", json!([])),
                Some(Some("a")),
                "missing",
            ),
            (
                "an empty list, IfExists, nothing known",
                vpc("StringEqualsIfExists", json!([])),
                None,
                "conditional",
            ),
            (
                "an empty list, negated, is left open",
                vpc("StringNotEquals", json!([])),
                Some(Some("a")),
                "conditional",
            ),
            (
                "an empty list of dates",
                vpc("DateLessThan", json!([])),
                None,
                "missing",
            ),
            (
                "7.4 StringEquals takes `*` literally",
                vpc("StringEquals", json!("*")),
                Some(Some("a")),
                "missing",
            ),
            (
                "7.4 StringLike does not",
                vpc("StringLike", json!("*")),
                Some(Some("a")),
                "covered",
            ),
            (
                "7.5 an address without mask",
                some("IpAddress", "aws:Referer", json!("10.0.0.1")),
                Some(Some("10.0.0.1")),
                "covered",
            ),
            (
                "7.5 bare numbers",
                some("NumericEquals", "aws:Referer", json!(1)),
                Some(Some("1.0")),
                "covered",
            ),
            (
                "7.6 nothing known",
                vpc("StringEquals", json!("a")),
                None,
                "conditional",
            ),
            (
                "7.6 no condition",
                {
                    let mut s = needed();
                    s["Condition"] = json!({});
                    s
                },
                None,
                "covered",
            ),
            (
                "7.7 what always holds",
                vpc("StringLikeIfExists", json!("*")),
                None,
                "covered",
            ),
            (
                "7.7 the catalogue's list is no proof of absence",
                some("StringNotEquals", "ec2:SourceInstanceArn", json!("x")),
                None,
                "conditional",
            ),
            (
                "7.7 no clock",
                some(
                    "DateGreaterThan",
                    "aws:CurrentTime",
                    json!("2000-01-01T00:00:00Z"),
                ),
                None,
                "conditional",
            ),
        ],
        |(rule, policy, value, expected)| {
            let found = judge(&Case {
                reference: vec![needed()],
                policies: vec![policy],
                context: value
                    .map(|value| ("aws:Referer", value))
                    .into_iter()
                    .collect(),
                ..Case::default()
            });
            assert_eq!(found, expected, "{rule}");
        },
    );
    each(
        [
            (
                "7.6 a Deny that may hold",
                when(
                    deny("s3:*", "*"),
                    "Bool",
                    "aws:SecureTransport",
                    json!("false"),
                ),
                None,
                "conditional",
            ),
            (
                "7.6 one that holds",
                when(
                    deny("s3:*", "*"),
                    "Bool",
                    "aws:SecureTransport",
                    json!("false"),
                ),
                Some("false"),
                "denied",
            ),
            (
                "7.6 one that does not",
                when(
                    deny("s3:*", "*"),
                    "Bool",
                    "aws:SecureTransport",
                    json!("false"),
                ),
                Some("true"),
                "covered",
            ),
        ],
        |(rule, deny, value, expected)| {
            let found = judge(&Case {
                reference: vec![needed()],
                policies: vec![allow("*", "*"), deny],
                context: value
                    .map(|value| ("aws:SecureTransport", Some(value)))
                    .into_iter()
                    .collect(),
                ..Case::default()
            });
            assert_eq!(found, expected, "{rule}");
        },
    );
}

#[test]
fn what_a_reference_states_7_8() {
    const ROLE: &str = "arn:aws:iam::123456789012:role/x";
    let pass = |values: Value| {
        when(
            allow("iam:PassRole", ROLE),
            "StringEquals",
            "iam:PassedToService",
            values,
        )
    };
    each(
        [
            (
                "the same condition",
                pass(json!("a")),
                pass(json!(["a"])),
                "covered",
            ),
            (
                "a wider one",
                pass(json!("a")),
                pass(json!(["b", "a"])),
                "covered",
            ),
            (
                "in another way",
                pass(json!("a")),
                when(
                    allow("iam:*", "*"),
                    "StringLike",
                    "iam:PassedToService",
                    json!("?"),
                ),
                "covered",
            ),
            (
                "a narrower one",
                pass(json!(["a", "b"])),
                pass(json!("a")),
                "partial",
            ),
            ("another one", pass(json!("a")), pass(json!("b")), "missing"),
            ("none", pass(json!("a")), allow("iam:*", "*"), "covered"),
            (
                "one more line",
                pass(json!("a")),
                {
                    let mut s = pass(json!("a"));
                    s["Condition"]["Bool"] = json!({"aws:SecureTransport": "true"});
                    s
                },
                "conditional",
            ),
            (
                "a key that is absent",
                when(
                    allow("iam:PassRole", ROLE),
                    "Null",
                    "aws:Referer",
                    json!("true"),
                ),
                when(
                    allow("iam:PassRole", ROLE),
                    "StringNotEquals",
                    "aws:Referer",
                    json!("v"),
                ),
                "covered",
            ),
        ],
        |(rule, reference, policy, expected)| {
            assert_eq!(verdict(reference, &[policy]), expected, "7.8 {rule}");
        },
    );
}

#[test]
fn what_follows_from_the_region_and_the_account() {
    let on = |key: &str, value: &str, action: &str, resource: &str| {
        (
            when(allow(action, resource), "StringEquals", key, json!(value)),
            allow(action, resource),
        )
    };
    each(
        [
            (
                "the cluster's Region",
                on("aws:RequestedRegion", "eu-west-1", "s3:GetObject", OBJECTS),
                "covered",
            ),
            (
                "another Region",
                on("aws:RequestedRegion", "us-east-1", "s3:GetObject", OBJECTS),
                "missing",
            ),
            (
                "IAM has one endpoint",
                on(
                    "aws:RequestedRegion",
                    "us-east-1",
                    "iam:GetRole",
                    "arn:aws:iam::123456789012:role/x",
                ),
                "covered",
            ),
            (
                "services with several",
                on(
                    "aws:RequestedRegion",
                    "eu-west-1",
                    "sts:AssumeRole",
                    "arn:aws:iam::123456789012:role/x",
                ),
                "conditional",
            ),
            (
                "the caller's account",
                on(
                    "aws:PrincipalAccount",
                    "123456789012",
                    "s3:GetObject",
                    OBJECTS,
                ),
                "covered",
            ),
            (
                "the account of an ARN",
                on(
                    "aws:ResourceAccount",
                    "123456789012",
                    "sqs:SendMessage",
                    "arn:aws:sqs:eu-west-1:123456789012:q",
                ),
                "covered",
            ),
            (
                "ARNs without one",
                on(
                    "aws:ResourceAccount",
                    "123456789012",
                    "s3:GetObject",
                    OBJECTS,
                ),
                "conditional",
            ),
            (
                "nothing else",
                on(
                    "aws:PrincipalOrgID",
                    "o-a1b2c3d4e5",
                    "s3:GetObject",
                    OBJECTS,
                ),
                "conditional",
            ),
        ],
        |(rule, (policy, reference), expected)| {
            let found = judge(&Case {
                reference: vec![reference],
                policies: vec![policy],
                region: Some("eu-west-1"),
                account: Some("123456789012"),
                ..Case::default()
            });
            assert_eq!(found, expected, "{rule}");
        },
    );
}
