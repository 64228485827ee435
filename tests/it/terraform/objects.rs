//! Values that a type gives, and values that are not evaluated.

use super::{case, encoded, role_with};
use crate::common::case::verdict;
use crate::common::table::each;

#[test]
fn the_code_of_a_value_that_is_not_known_is_no_text_of_the_policy() {
    let long = "setsubtract([\"sqs:SendMessage\", \"sqs:GetQueueUrl\", \"sqs:GetQueueAttributes\", \"sqs:ListQueues\"], [\"sqs:GetQueueUrl\"])";
    each([long, "md5(\"\u{4e2d}\")"], |value| {
        for code in [
            encoded("Allow", value, "\"ARN:queue-a\""),
            encoded("Allow", "\"sqs:SendMessage\"", &format!("[{value}]")),
        ] {
            let (run, value) = case(&[("main.tf", &role_with(&code))]).lint(".", &[]);
            assert_eq!(verdict(&value), "depends", "{code}\n{}", run.out);
            assert!(
                !run.out.contains("is not allowed in a policy"),
                "{code}\n{}",
                run.out
            );
        }
    });
}
