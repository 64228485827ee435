//! How resources match (3), and which types of resource an action has (5).

use serde_json::{Value, json};

use super::{OBJECTS, QUEUE, allow, deny, verdict};
use crate::common::table::each;

#[test]
fn resources_3() {
    let queues = || allow("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:p*");
    let not =
        |effect: &str, list: Value| json!({"Effect": effect, "Action": "*", "NotResource": list});
    each(
        [
            (
                "3.1 `?` is one character",
                queues(),
                vec![allow("*", "arn:aws:sqs:us-east-1:123456789012:p?*")],
                "partial",
            ),
            (
                "3.2 `*` crosses `/` and `:`",
                allow("s3:GetObject", OBJECTS),
                vec![allow("*", "arn:aws:s3:::b*")],
                "covered",
            ),
            (
                "3.3 field by field",
                queues(),
                vec![allow("*", "arn:aws:sqs:*:p*")],
                "missing",
            ),
            (
                "3.3 the wider reading of a Deny",
                queues(),
                vec![allow("*", "*"), deny("*", "arn:aws:sqs:*:p*")],
                "conditional",
            ),
            (
                "3.4 short ARNs",
                queues(),
                vec![allow("*", "arn:aws:sqs")],
                "missing",
            ),
            (
                "3.4 that end in `*`",
                queues(),
                vec![allow("*", "arn:aws:sqs:*")],
                "covered",
            ),
            (
                "3.5 wildcards in partition and service",
                queues(),
                vec![allow("*", "arn:*:s*:*:*:*")],
                "covered",
            ),
            (
                "3.6 wildcards in the type",
                allow(
                    "ec2:CreateTags",
                    "arn:aws:ec2:us-east-1:123456789012:volume/v",
                ),
                vec![allow("*", "arn:aws:ec2:*:*:*/*")],
                "covered",
            ),
            (
                "3.7 the request on `*`",
                allow("sqs:ListQueues", "*"),
                vec![allow("*", "arn:*")],
                "missing",
            ),
            (
                "3.8 `**` is `*`",
                allow("sqs:ListQueues", "*"),
                vec![allow("*", "**")],
                "covered",
            ),
            (
                "3.8 an empty list matches nothing",
                queues(),
                vec![json!({"Effect": "Allow", "Action": "*", "Resource": []})],
                "missing",
            ),
            (
                "3.9 NotResource, other services too",
                queues(),
                vec![not("Allow", json!(["arn:aws:s3:::*"]))],
                "covered",
            ),
            (
                "3.9 the request on `*` as well",
                allow("sqs:ListQueues", "*"),
                vec![allow("*", "*"), not("Deny", json!(["arn:aws:s3:::*"]))],
                "denied",
            ),
            (
                "3.9 unless it lists `*`",
                allow("sqs:ListQueues", "*"),
                vec![not("Allow", json!(["*"]))],
                "missing",
            ),
            (
                "3.10 the union counts",
                queues(),
                vec![
                    allow("*", "arn:aws:sqs:us-east-1:123456789012:p?*"),
                    allow("*", "arn:aws:sqs:us-east-1:123456789012:p"),
                ],
                "covered",
            ),
            (
                "3.10 also of complements",
                queues(),
                vec![
                    not("Allow", json!("arn:aws:sqs:*:*:pq")),
                    allow("*", "arn:aws:sqs:*:*:pq"),
                ],
                "covered",
            ),
        ],
        |(rule, reference, policies, expected)| {
            assert_eq!(verdict(reference, &policies), expected, "{rule}");
        },
    );
}

#[test]
fn resource_types_5() {
    let run = |resource: &str| allow("ec2:RunInstances", resource);
    each(
        [
            (
                "5.1 no resource types: only `*` grants",
                allow("ec2:DescribeInstances", "*"),
                vec![allow("*", "arn:aws:ec2:*:*:*")],
                "missing",
            ),
            (
                "5.1 nor does a Deny on an ARN take it",
                allow("ec2:DescribeInstances", "*"),
                vec![allow("*", "*"), deny("*", "arn:aws:ec2:*:*:*")],
                "covered",
            ),
            (
                "5.1 a reference that grants nothing",
                allow(
                    "cloudformation:ListStacks",
                    "arn:aws:cloudformation:*:*:stack/x/*",
                ),
                vec![],
                "covered",
            ),
            (
                "5.2 every type of the call",
                run("*"),
                vec![run("arn:aws:ec2:*:*:instance/*")],
                "partial",
            ),
            (
                "5.3 pairs that cannot be",
                json!({
                    "Effect": "Allow", "Action": ["sqs:SendMessage", "s3:GetObject"], "Resource": [QUEUE, OBJECTS]
                }),
                vec![
                    allow("sqs:SendMessage", QUEUE),
                    allow("s3:GetObject", OBJECTS),
                ],
                "covered",
            ),
            (
                "5.3 a type that does not fit",
                allow(
                    "iam:PassRole",
                    "arn:aws:iam::123456789012:instance-profile/x",
                ),
                vec![],
                "covered",
            ),
            (
                "5.4 other ARNs of the list still count",
                allow("sqs:SendMessage", QUEUE),
                vec![json!({
                    "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": ["arn:aws:s3:::b", QUEUE]
                })],
                "covered",
            ),
            (
                "5.5 what else AWS asks for is another request",
                run("arn:aws:ec2:us-east-1:123456789012:instance/i"),
                vec![
                    run("arn:aws:ec2:us-east-1:123456789012:instance/i"),
                    deny("iam:PassRole", "*"),
                ],
                "covered",
            ),
            (
                "5.6 `*` is every Region and account",
                allow("dynamodb:DescribeTable", "*"),
                vec![allow("*", "arn:aws:dynamodb:*:*:*")],
                "covered",
            ),
            (
                "5.6 not one",
                allow("dynamodb:DescribeTable", "*"),
                vec![allow("*", "arn:aws:dynamodb:us-east-1:*:*")],
                "partial",
            ),
            (
                "5.7 a bucket is no object",
                allow("s3:GetObject", OBJECTS),
                vec![allow("*", "arn:aws:s3:::b")],
                "missing",
            ),
            (
                "5.7 images have no account",
                allow("ec2:RunInstances", "arn:aws:ec2:us-east-1::image/ami-1"),
                vec![allow("*", "arn:aws:ec2:us-east-1:123456789012:*")],
                "missing",
            ),
            (
                "5.7 log groups end in `:*`",
                allow(
                    "logs:CreateLogGroup",
                    "arn:aws:logs:us-east-1:123456789012:log-group:g",
                ),
                vec![allow(
                    "*",
                    "arn:aws:logs:us-east-1:123456789012:log-group:g:*",
                )],
                "covered",
            ),
        ],
        |(rule, reference, policies, expected)| {
            assert_eq!(verdict(reference, &policies), expected, "{rule}");
        },
    );
}
