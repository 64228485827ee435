//! The service, the Region and the account of the ARNs of a policy.

use crate::common::role::lint_against;
use crate::common::table::each;
use serde_json::json;

/// Each field that is reported, as it is written in the policy, with the beginning of the message.
fn faults(resources: &[String]) -> Vec<(String, String)> {
    let statement = json!({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": resources});
    let policy = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
    let findings = lint_against(&policy, &policy).findings;
    let found = findings.iter().filter(|f| f.lint == "invalid-arn");
    found
        .map(|f| {
            let span = f.label.span;
            let written = &policy[span.start as usize..span.end as usize];
            let (what, _) = f.message.split_once(" in `").unwrap();
            (written.to_owned(), what.to_owned())
        })
        .collect()
}

#[test]
fn a_field_that_no_arn_has_is_reported() {
    each(
        [
            ("sqs:us-east-1:123456789012", ""),
            ("sqs::", ""),
            ("sqs:us-*:1234*", ""),
            ("sqs:us-east-?:12345678901?", ""),
            ("sqs:us-east-9:123456789012", ""),
            ("sqs:<REGION>:123456789012", ""),
            ("sqs:us-east-1:<ACCOUNT>", ""),
            ("ec2:us-east-1:amazon", ""),
            ("catalog:us-east-1:123456789012", ""),
            (
                "SQS:us-east-1:123456789012",
                "the service `SQS` with capital letters",
            ),
            ("sqss:us-east-1:123456789012", "`sqss` is not a service"),
            ("NOSUCH:us-east-1:123456789012", "`NOSUCH` is not a service"),
            ("sqs:us-east:123456789012", "`us-east` is not a Region"),
            (
                "sqs:us-east-1a:123456789012",
                "`us-east-1a` is not a Region",
            ),
            ("sqs:US-EAST-1:123456789012", "`US-EAST-1` is not a Region"),
            (
                "sqs:us-east-1:12345678901",
                "`12345678901` is not an account",
            ),
            (
                "sqs:us-east-1:1234567890123",
                "`1234567890123` is not an account",
            ),
            (
                "sqs:us-east-1:12345678901a",
                "`12345678901a` is not an account",
            ),
            // The first of several.
            ("sqss:us-east:1", "`sqss` is not a service"),
        ],
        |(fields, expected)| {
            let found = faults(&[format!("arn:aws:{fields}:q")]);
            let messages: Vec<&str> = found.iter().map(|(_, message)| message.as_str()).collect();
            assert_eq!(messages.join("\n"), expected, "{fields}");
            for (written, message) in &found {
                assert!(
                    message.contains(&format!("`{written}`")),
                    "{written}: {message}"
                );
            }
        },
    );
}

#[test]
fn each_arn_with_a_wrong_field_is_reported() {
    let arn = |fields: &str| format!("arn:aws:{fields}:q");
    let right = "sqs:us-east-1:123456789012";
    let wrong = [
        "sqs:us-east:123456789012",
        "sqs:us-east-1:1",
        "sqss:us-east-1:123456789012",
    ];
    let all = [
        right, wrong[0], wrong[0], wrong[1], right, wrong[1], wrong[2], wrong[2],
    ]
    .map(arn);
    let found = faults(&all);
    let written: Vec<&str> = found.iter().map(|(written, _)| written.as_str()).collect();
    assert_eq!(written, ["us-east", "us-east", "1", "1", "sqss", "sqss"]);
}
