//! Strings of a list that others of the list include.

use crate::common::role::{lint_against, statement_with};
use crate::common::table::each;
use serde_json::{Value, json};

/// The message about a statement with this part and the number of further places, or nothing.
fn redundant(part: &Value) -> Option<(String, usize)> {
    let statement = statement_with(part);
    let policy = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
    let findings = lint_against(&policy, &policy).findings;
    let mut found = findings.into_iter().filter(|f| f.lint == "redundant-entry");
    let first = found.next();
    assert!(found.next().is_none(), "{part}");
    first.map(|f| {
        (
            f.message.replace("arn:aws:sqs:us-east-1:123456789012:", ""),
            f.related.len(),
        )
    })
}

fn check<const N: usize>(rows: [(Value, Option<(&str, usize)>); N]) {
    each(rows, |(part, expected)| {
        let expected = expected.map(|(message, places)| (message.to_owned(), places));
        assert_eq!(redundant(&part), expected, "{part}");
    });
}

#[test]
fn of_two_actions_the_narrower_one_is_redundant() {
    let of = |actions: &str| json!({"Action": actions.split(' ').collect::<Vec<_>>()});
    check([
        (of("sqs:Send*"), None),
        (of("sqs:SendMessage sqs:Get*"), None),
        (of("sqs:Send* sqs:*Message"), None),
        (
            of("sqs:Send* sqs:SendMessage"),
            Some(("`sqs:SendMessage` is part of `sqs:Send*`", 0)),
        ),
        (
            of("sqs:SendMessage sqs:Send*"),
            Some(("`sqs:SendMessage` is part of `sqs:Send*`", 0)),
        ),
        (
            of("sqs:Send* sqs:Send?*"),
            Some(("`sqs:Send?*` is part of `sqs:Send*`", 0)),
        ),
        (
            of("sqs:SendMessage *"),
            Some(("`sqs:SendMessage` is part of `*`", 0)),
        ),
        (
            of("SQS:SendMessage sqs:sendmessage"),
            Some(("`sqs:sendmessage` is listed more than once", 0)),
        ),
        (
            of("sqs:SendMessage sqs:Send* sqs:SendMessageBatch"),
            Some((
                "`sqs:SendMessage` and `sqs:SendMessageBatch` are part of `sqs:Send*`",
                1,
            )),
        ),
        (
            of("sqs:Send* sqs:SendMessage sqs:Get* sqs:GetQueueUrl"),
            Some((
                "`sqs:SendMessage` and `sqs:GetQueueUrl` are part of other strings of the list",
                1,
            )),
        ),
    ]);
}

#[test]
fn of_two_resources_the_narrower_one_is_redundant() {
    let of = |names: &str| {
        let arn = |name: &str| match name {
            "*" => "*".to_owned(),
            _ => format!("arn:aws:sqs:us-east-1:123456789012:{name}"),
        };
        json!({"Resource": names.split(' ').map(arn).collect::<Vec<_>>()})
    };
    check([
        (of("q*"), None),
        (of("q* *q"), None),
        (of("q* q"), Some(("`q` is part of `q*`", 0))),
        (of("q q*"), Some(("`q` is part of `q*`", 0))),
        (of("q *"), Some(("`q` is part of `*`", 0))),
        (of("q q"), Some(("`q` is listed more than once", 0))),
        (of("q? qa"), Some(("`qa` is part of `q?`", 0))),
        (of("q? qab"), None),
        (of("${aws:username} q*"), None),
        (
            of("q${aws:username} q*"),
            Some(("`q${aws:username}` is part of `q*`", 0)),
        ),
        (of("q q* r s"), Some(("`q` is part of `q*`", 0))),
        (of("q q* qr s"), Some(("`q` and `qr` are part of `q*`", 1))),
        (
            of("a* ab b* bc"),
            Some(("`ab` and `bc` are part of other strings of the list", 1)),
        ),
    ]);
}

#[test]
fn of_two_numbers_the_wider_one_counts() {
    let of = |operator: &str, values: &[&str]| json!({"Condition": {operator: {"aws:MultiFactorAuthAge": values}}});
    let only = |value: &'static str| match value {
        "60" => Some((
            "only `60` has an effect, because one matching value of `aws:MultiFactorAuthAge` is enough",
            0,
        )),
        _ => Some((
            "only `3600` has an effect, because one matching value of `aws:MultiFactorAuthAge` is enough",
            0,
        )),
    };
    check([
        (of("NumericLessThan", &["3600"]), None),
        (of("NumericLessThan", &["60", "3600"]), only("3600")),
        (of("NumericLessThan", &["3600", "60"]), only("3600")),
        (of("NumericLessThanEquals", &["60", "3600"]), only("3600")),
        (of("NumericGreaterThan", &["60", "3600"]), only("60")),
        (of("NumericGreaterThanEquals", &["3600", "60"]), only("60")),
        (of("NumericEquals", &["60", "3600"]), None),
        (of("NumericLessThan", &["60", "1h"]), None),
    ]);
}
