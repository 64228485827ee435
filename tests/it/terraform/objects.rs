//! Values that a type gives, and values that are not evaluated.

use super::{case, encoded, failures, judged, role_with};
use crate::common::case::verdict;
use crate::common::table::each;

/// The type of a variable, its value, an expression of it, and the verdict.
const TYPES: &[(&str, &str, &str, &str)] = &[
    (
        "object({ arn = optional(string, \"ARN:queue-a\") })",
        "{}",
        "var.x.arn",
        "covered",
    ),
    (
        "object({ arn = optional(string, \"ARN:queue-a\") })",
        "{ arn = null }",
        "var.x.arn",
        "covered",
    ),
    (
        "object({ arn = optional(string, \"ARN:queue-a\") })",
        "{ arn = \"ARN:queue-b\" }",
        "var.x.arn",
        "missing",
    ),
    (
        "map(object({ arns = optional(list(string), [\"ARN:queue-b\", \"ARN:queue-a\"]) }))",
        "{ a = {} }",
        "flatten([for k, v in var.x : v.arns])",
        "covered",
    ),
    (
        "list(object({ inner = optional(object({ arn = optional(string, \"ARN:queue-a\") }), {}) }))",
        "[{}]",
        "var.x[*].inner.arn",
        "covered",
    ),
    (
        "tuple([string, object({ arn = optional(string, \"ARN:queue-a\") })])",
        "[\"\", {}]",
        "var.x[1].arn",
        "covered",
    ),
    // Without a default it is null.
    (
        "object({ arn = optional(string) })",
        "{}",
        "var.x.arn == null ? \"ARN:queue-a\" : \"ARN:queue-b\"",
        "covered",
    ),
    // What the type does not have is gone.
    (
        "object({ arn = optional(string, \"ARN:queue-a\") })",
        "{ other = \"\" }",
        "[for k, v in var.x : v]",
        "covered",
    ),
];

#[test]
fn the_type_of_a_variable_adds_its_defaults() {
    failures({ TYPES.iter() }.map(|(kind, value, of, expected)| {
        let code = role_with(&encoded("Allow", "\"sqs:SendMessage\"", of));
        let declared = format!("variable \"x\" {{\n type = {kind}\n default = {value}\n}}\n");
        let is = judged(&[("main.tf", &format!("{code}{declared}"))], &[]);
        (format!("{kind} {value} {of}"), (*expected).to_owned(), is)
    }));
    let code = role_with(&encoded("Allow", "\"sqs:SendMessage\"", "var.x.arn"));
    let kind = "object({ arn = optional(string, \"ARN:queue-a\"), other = string })";
    let declared = format!("variable \"x\" {{\n type = {kind}\n}}\n");
    let inner = format!("{code}{declared}");
    let values = "x = { other = \"\" }\n";
    let files = [("main.tf", inner.as_str()), ("terraform.tfvars", values)];
    assert_eq!(judged(&files, &[]), "covered");
    // The argument of a module, and a type in JSON.
    let call = "module \"m\" {\n source = \"./m\"\n open = \"\"\n open_list = []\n x = { other = \"\" }\n}\n";
    assert_eq!(
        judged(&[("main.tf", call), ("m/main.tf", &inner)], &[]),
        "covered"
    );
    let json =
        serde_json::json!({ "variable": { "x": { "type": kind, "default": { "other": "" } } } });
    let files = [("main.tf", code.as_str()), ("x.tf.json", &json.to_string())];
    assert_eq!(judged(&files, &[]), "covered");
}

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
