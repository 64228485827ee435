//! Code that the schemas of the providers refuse is never passed.

use super::{case, encoded, role_with};
use crate::common::program::run;

const RESOURCE: &str = "\"ARN:queue-a\"";

 that are written with the type `*`.
#[test]
fn a_principal_of_type_star_is_the_star() {
    let of = |effect: &str, kind: &str| {
        let condition = match effect {
            "Deny" => {
                "condition {\n test = \"Bool\"\n variable = \"aws:SecureTransport\"\n values = [\"false\"]\n }"
            }
            _ => "",
        };
        let node = role_with(&encoded("Allow", "\"sqs:SendMessage\"", RESOURCE));
        let node = node.replace("\"{}\"", "data.aws_iam_policy_document.trust.json");
        let ec2 = "statement {\n actions = [\"sts:AssumeRole\"]\n principals {\n type = \"Service\"\n identifiers = [\"ec2.amazonaws.com\"]\n }\n }";
        let star = format!(
            "statement {{\n effect = \"{effect}\"\n actions = [\"sts:AssumeRole\"]\n principals {{\n type = \"{kind}\"\n identifiers = [\"*\"]\n }}\n {condition}\n }}"
        );
        let data = format!("data \"aws_iam_policy_document\" \"trust\" {{\n {ec2}\n {star}\n}}\n");
        let case = case(&[("main.tf", &format!("{node}{data}"))]);
        run(
            case.path(),
            &[
                "lint",
                ".",
                "--no-config",
                "--reference",
                "reference.json",
                "--region",
                "us-east-1",
                "--account",
                "123456789012",
                "-f",
                "concise",
            ],
        )
        .out
    };
    let open = of("Allow", "*");
    assert!(open.contains("[open-trust]"), "{open}");
    assert!(!open.contains("invalid-policy"), "{open}");
    let denied = of("Deny", "*");
    assert!(!denied.contains("invalid-policy"), "{denied}");
    assert!(!denied.contains("[open-trust]"), "{denied}");
    assert!(of("Allow", "AWS").contains("[open-trust]"));
}
