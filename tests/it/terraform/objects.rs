//! Values that a type or a text in YAML gives, and values that are not evaluated.

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

/// Statements in YAML, and the verdict.
const YAML: &[(&str, &str)] = &[
    (
        "- Effect: Allow\n  Action: sqs:SendMessage\n  Resource: '*'\n",
        "covered",
    ),
    (
        "- Effect: Allow\n  Action: [sqs:SendMessage]\n  Resource:\n    - ARN:queue-b\n    - \"ARN:queue-a\"\n",
        "covered",
    ),
    (
        "- Effect: Allow\n  Action: sqs:SendMessage\n  Resource: ARN:queue-b\n",
        "missing",
    ),
    (
        "- {Effect: Allow, Action: \"*\", Resource: \"*\"}\n- Effect: Deny\n  Action: >-\n    sqs:SendMessage\n  Resource: \"*\"\n",
        "denied",
    ),
    (
        "- &all {Effect: Allow, Action: \"*\", Resource: \"*\"}\n- *all\n",
        "covered",
    ),
    // Terraform reads `yes` as true, which is no action.
    (
        "- {Effect: Allow, Action: yes, Resource: \"*\"}\n",
        "missing",
    ),
    // What is not read stays open.
    (
        "- {Effect: Allow, Action: !!str sqs:SendMessage, Resource: \"*\"}\n",
        "depends",
    ),
    (
        "- &a {Effect: Allow, Action: \"*\"}\n- {<<: *a, Resource: \"*\"}\n",
        "depends",
    ),
];

#[test]
fn yaml_is_read_as_json_is() {
    failures({ YAML.iter() }.flat_map(|(yaml, expected)| {
        let of = |statements: &str| {
            role_with(&format!(
                "jsonencode({{ Version = \"2012-10-17\", Statement = yamldecode({statements}) }})"
            ))
        };
        let quoted = serde_json::to_string(yaml).unwrap();
        let heredoc = format!("<<-EOT\n{yaml}EOT\n  ");
        let file = "file(\"${path.module}/s.yaml\")";
        let row = |code: String| {
            let files = [("main.tf", code.as_str()), ("s.yaml", *yaml)];
            (
                (*yaml).to_owned(),
                (*expected).to_owned(),
                judged(&files, &[]),
            )
        };
        [row(of(&quoted)), row(of(&heredoc)), row(of(file))]
    }));
    // A day without quotes is a time for Terraform, which is no version of a policy.
    let of = |version: &str| {
        let statement = "Statement: {Effect: Allow, Action: sqs:SendMessage, Resource: '*'}";
        let code = role_with("jsonencode(yamldecode(file(\"p.yaml\")))");
        let yaml = format!("Version: {version}\n{statement}\n");
        let (run, _) = case(&[("main.tf", &code), ("p.yaml", &yaml)]).lint(".", &[]);
        run.out
    };
    assert!(
        of("2012-10-17").contains("2012-10-17T00:00:00Z"),
        "{}",
        of("2012-10-17")
    );
    assert!(!of("'2012-10-17'").contains("T00:00:00Z"));
    // A finding is at the word in the text.
    let yaml = "Statement:\n- Effect: Allow\n  Action: sqs:SendMesage\n  Resource: '*'\n";
    let code = role_with("jsonencode(yamldecode(file(\"s.yaml\")))");
    let (_, value) = case(&[("main.tf", &code), ("s.yaml", yaml)]).lint(".", &[]);
    let findings = value["results"][0]["findings"].as_array().unwrap();
    let found = findings
        .iter()
        .find(|f| f["lint"] == "unknown-action")
        .unwrap();
    let at = |key: &str| found["region"][key].as_u64().unwrap() as usize;
    assert_eq!(&yaml[at("start_byte")..at("end_byte")], "sqs:SendMesage");
}
