//! Findings about many things: some are named, the others are counted.

use crate::common::role::{lint_against, statement_with};
use crate::common::table::each;
use pcluster_iam::finding::Finding;
use serde_json::{Value, json};

/// The finding of a lint on one statement, judged against `sqs:SendMessage`.
fn finding(lint: &str, part: &Value) -> Finding {
    let policy = |part: &Value| {
        json!({"Version": "2012-10-17", "Statement": statement_with(part)}).to_string()
    };
    let findings = lint_against(&policy(part), &policy(&json!({}))).findings;
    let mut of_lint = findings.into_iter().filter(|f| f.lint == lint);
    let found = of_lint.next().unwrap_or_else(|| panic!("{part}"));
    assert!(of_lint.next().is_none(), "{part}");
    found
}

#[test]
fn actions_are_counted_by_service_where_there_are_many() {
    each(
        [
            ("sns:ListTopics", "`sns:ListTopics` is"),
            (
                "ec2:DescribeTags ec2:DescribeVpcs sns:ListTopics kms:ListKeys",
                "`ec2:DescribeTags`, `ec2:DescribeVpcs`, `sns:ListTopics` and `kms:ListKeys` are",
            ),
            (
                "sns:ListTopics ec2:DescribeTags ec2:DescribeVpcs ec2:DescribeImages kms:ListKeys",
                "3 actions of `ec2`, 1 of `sns`, 1 of `kms` are",
            ),
            (
                "ec2:DescribeTags ec2:DescribeVpcs ec2:DescribeImages ec2:DescribeSubnets ec2:DescribeRegions",
                "`ec2:DescribeTags`, `ec2:DescribeVpcs`, `ec2:DescribeImages`, `ec2:DescribeSubnets` and 1 more are",
            ),
            (
                "ec2:DescribeTags ec2:DescribeVpcs sns:ListTopics kms:ListKeys batch:DescribeJobs fsx:DescribeVolumes fsx:DescribeBackups",
                "2 actions of `ec2`, 2 of `fsx`, 1 of `sns`, 1 of `kms` and 1 of 1 other service are",
            ),
        ],
        |(actions, start)| {
            let actions: Vec<&str> = actions.split(' ').collect();
            let count = actions.len();
            let part: Vec<&str> = [&["sqs:SendMessage"], actions.as_slice()].concat();
            let found = finding("unneeded-action", &json!({"Action": part}));
            assert!(
                found.message.starts_with(&format!("{start} granted")),
                "{}",
                found.message
            );
            assert_eq!(found.related.len(), count - 1, "{actions:?}");
            let (what, whom) = if count == 1 {
                ("1 action".to_owned(), "it")
            } else {
                (format!("{count} actions"), "them")
            };
            let help = format!("remove {what} unless something else on this role needs {whom}");
            assert_eq!(found.help.as_deref(), Some(help.as_str()));
        },
    );
}

#[test]
fn only_the_first_places_are_drawn() {
    let arn = |n: usize| format!("arn:aws-cn:sqs:us-east-1:123456789012:q{n}");
    let placeholder = |n: usize| format!("arn:aws:sqs:us-east-1:123456789012:<QUEUE>{n}");
    let cases: [(&str, &dyn Fn(usize) -> String, usize, usize); 6] = [
        ("wrong-partition", &arn, 1, 0),
        ("wrong-partition", &arn, 9, 8),
        ("wrong-partition", &arn, 10, 8),
        ("unreplaced-placeholder", &placeholder, 1, 0),
        ("unreplaced-placeholder", &placeholder, 5, 4),
        ("unreplaced-placeholder", &placeholder, 6, 4),
    ];
    each(cases, |(lint, resource, count, drawn)| {
        let resources: Vec<String> = (0..count).map(resource).collect();
        let found = finding(lint, &json!({"Resource": resources}));
        assert_eq!(found.related.len(), drawn, "{lint} {count}");
    });
}

#[test]
fn up_to_twelve_required_actions_are_written_out_in_place_of_a_wildcard() {
    let actions = [
        "AddPermission",
        "CancelMessageMoveTask",
        "ChangeMessageVisibility",
        "CreateQueue",
        "DeleteMessage",
        "DeleteQueue",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "ListMessageMoveTasks",
        "ListQueueTags",
        "ListQueues",
        "PurgeQueue",
    ];
    each([12, 13], |count| {
        let required: Vec<String> = { actions.iter() }
            .take(count)
            .map(|a| format!("sqs:{a}"))
            .collect();
        let policy = |actions: &Value| {
            let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
            json!({"Version": "2012-10-17", "Statement": statement}).to_string()
        };
        let findings = lint_against(&policy(&json!("sqs:*")), &policy(&json!(required))).findings;
        let broad = findings
            .iter()
            .find(|f| f.lint == "over-broad-action")
            .unwrap();
        let help = broad.help.as_deref().unwrap();
        assert!(
            help.starts_with(&format!("replace it with the {count} required actions")),
            "{help}"
        );
        assert_eq!(help.contains("\"sqs:ListQueues\""), count == 12, "{help}");
        assert_eq!(help.contains("reference show"), count == 13, "{help}");
    });
}
