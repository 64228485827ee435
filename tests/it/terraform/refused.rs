//! Code that Terraform or IAM refuses is never passed.

use super::{case, encoded, role_with};
use crate::common::table::each;

const RESOURCE: &str = "\"ARN:queue-a\"";

#[test]
fn a_list_in_a_list_of_a_policy_is_an_error() {
    let statement =
        "{ Effect = \"Allow\", Action = \"sqs:SendMessage\", Resource = \"ARN:queue-a\" }";
    each(
        [
            encoded(
                "Allow",
                "[\"sqs:GetQueueUrl\", [\"sqs:SendMessage\"]]",
                RESOURCE,
            ),
            encoded("Allow", "\"sqs:SendMessage\"", "[[\"ARN:queue-a\"]]"),
            format!("jsonencode({{ Version = \"2012-10-17\", Statement = [[{statement}]] }})"),
        ],
        |policy| {
            let case = case(&[("main.tf", &role_with(&policy))]);
            let (run, _) = case.lint(".", &[]);
            assert_eq!(run.code, 1, "{policy}\n{}{}", run.out, run.err);
            assert!(run.out.contains("found an array"), "{policy}\n{}", run.out);
        },
    );
    // `concat` and alternatives make one list.
    let parts = "concat([\"sqs:GetQueueUrl\"], var.open == \"\" ? [\"sqs:SendMessage\"] : [\"sqs:SendMessage\", \"sqs:PurgeQueue\"])";
    let code = role_with(&encoded("Allow", parts, RESOURCE));
    let (run, _) = case(&[("main.tf", &code)]).lint(".", &[]);
    assert!(!run.out.contains("found an array"), "{}", run.out);
}
