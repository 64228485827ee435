//! How actions match: case 1 (the case of an action) and 2 (lists, wildcards, exclusions).

use serde_json::json;

use super::{Case, OBJECTS, QUEUE, allow, deny, judge, verdict, when};
use crate::common::table::each;

#[test]
fn case_1() {
    let needed = || allow("sqs:SendMessage", QUEUE);
    each(
        [
            (
                "actions do not mind case",
                allow("SQS:sENDmessage", QUEUE),
                "covered",
            ),
            (
                "the name of a resource does",
                allow("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:Q"),
                "missing",
            ),
            (
                "so do the first five fields",
                allow("sqs:SendMessage", "arn:aws:sqs:US-EAST-1:123456789012:q"),
                "missing",
            ),
            (
                "`allow` is no effect",
                json!({"Effect": "allow", "Action": "*", "Resource": "*"}),
                "missing",
            ),
            (
                "`action` is no element",
                json!({"Effect": "Allow", "action": "*", "Resource": "*"}),
                "missing",
            ),
            (
                "keys of conditions do not mind case",
                when(
                    needed(),
                    "StringEquals",
                    "AWS:principalACCOUNT",
                    json!("123456789012"),
                ),
                "covered",
            ),
            (
                "values do, with StringEquals",
                when(needed(), "StringEquals", "aws:Referer", json!("VPC")),
                "missing",
            ),
            (
                "values do not, with IgnoreCase",
                when(
                    needed(),
                    "StringEqualsIgnoreCase",
                    "aws:Referer",
                    json!("VPC"),
                ),
                "covered",
            ),
            (
                "nor do operators",
                when(needed(), "stringequals", "aws:Referer", json!("vpc")),
                "covered",
            ),
        ],
        |(rule, policy, expected)| {
            let found = judge(&Case {
                reference: vec![needed()],
                policies: vec![policy],
                context: vec![("aws:Referer", Some("vpc"))],
                account: Some("123456789012"),
                ..Case::default()
            });
            assert_eq!(found, expected, "1: {rule}");
        },
    );
}

#[test]
fn actions_2() {
    let needed = allow("s3:GetObject", OBJECTS);
    each(
        [
            (
                "2.1 exactly one colon",
                vec![allow("s3:Get:Object", "*")],
                "missing",
            ),
            (
                "2.2 `*` and `?` anywhere in the name",
                vec![allow("s3:*t?bject", "*")],
                "covered",
            ),
            (
                "2.2 `?` is one character",
                vec![allow("s3:GetObject?", "*")],
                "missing",
            ),
            (
                "2.3 no wildcard in the prefix of an Allow",
                vec![allow("s*:GetObject", "*")],
                "missing",
            ),
            (
                "2.3 but perhaps in that of a Deny",
                vec![allow("*", "*"), deny("s*:GetObject", "*")],
                "conditional",
            ),
            (
                "2.4 `*` does not cross the colon",
                vec![allow("s3-object-lambda:*", "*")],
                "missing",
            ),
            (
                "2.5 blanks count",
                vec![allow("s3:GetObject ", "*")],
                "missing",
            ),
            (
                "2.6 unknown names match nothing",
                vec![allow("s3:GetObjekt", "*")],
                "missing",
            ),
            (
                "2.7 NotAction grants the rest",
                vec![json!({"Effect": "Allow", "NotAction": "s3:PutObject", "Resource": "*"})],
                "covered",
            ),
            (
                "2.7 and not what it lists",
                vec![json!({"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"})],
                "missing",
            ),
            (
                "2.7 denied by NotAction",
                vec![
                    allow("*", "*"),
                    json!({"Effect": "Deny", "NotAction": "sqs:*", "Resource": "*"}),
                ],
                "denied",
            ),
            (
                "2.7 a Deny grants nothing",
                vec![json!({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"})],
                "missing",
            ),
        ],
        |(rule, policies, expected)| {
            assert_eq!(verdict(needed.clone(), &policies), expected, "{rule}");
        },
    );
    let found = verdict(
        allow("sqs:SendMessage*", QUEUE),
        &[
            allow("sqs:SendMessage", QUEUE),
            allow("sqs:SendMessageBatch", QUEUE),
        ],
    );
    assert_eq!(
        found, "covered",
        "2.8 a wildcard of the reference is what it stands for today"
    );
}
