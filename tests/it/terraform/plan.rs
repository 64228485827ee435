//! Plans, judged like the module that they are made from.

use super::{ARN, case, encoded, judged, role_with};
use crate::common::case::verdict;
use crate::common::table::each;

#[test]
fn a_plan_is_judged_like_its_module() {
    let document = format!(
        "{{\\\"Version\\\": \\\"2012-10-17\\\", \\\"Statement\\\": [{{\\\"Effect\\\": \\\"Allow\\\", \\\"Action\\\": \\\"sqs:SendMessage\\\", \
         \\\"Resource\\\": \\\"{ARN}:queue-a\\\"}}]}}"
    );
    let of = |inline: &str, unknown: &str| {
        format!(
            r#"{{"format_version": "1.2", "planned_values": {{"root_module": {{"resources": [
 {{"address": "aws_iam_role.node", "mode": "managed", "type": "aws_iam_role", "name": "node",
   "values": {{"name": "node", "assume_role_policy": "{{}}"}}}},
 {{"address": "aws_iam_role_policy.p", "mode": "managed", "type": "aws_iam_role_policy", "name": "p", "values": {{"name": "p"{inline}}}}}]}}}},
 "resource_changes": [{{"address": "aws_iam_role_policy.p", "change": {{"after_unknown": {{"id": true{unknown}}}}}}}],
 "configuration": {{"root_module": {{"resources": [
 {{"address": "aws_iam_role_policy.p", "expressions": {{"role": {{"references": ["aws_iam_role.node.id", "aws_iam_role.node"]}}}}}}]}}}}}}"#
        )
    };
    let known = of(
        &format!(", \"role\": \"node\", \"policy\": \"{document}\""),
        "",
    );
    let by_reference = of(&format!(", \"policy\": \"{document}\""), ", \"role\": true");
    let unknown = of(", \"role\": \"node\"", ", \"policy\": true");
    each(
        [
            (&known, "covered"),
            (&by_reference, "covered"),
            (&unknown, "depends and exit 2"),
        ],
        |(text, expected)| {
            let case = case(&[("plan.json", text)]);
            let (run, value) = case.lint("plan.json", &[]);
            let is = verdict(&value);
            let is = if run.code == 2 {
                format!("{is} and exit 2")
            } else {
                is
            };
            assert_eq!(is, expected, "{text}\n{}{}", run.out, run.err);
        },
    );
    // A finding is in the text of the plan.
    let misspelled = known.replace("sqs:SendMessage", "sqs:SendMesage");
    let case = case(&[("plan.json", &misspelled)]);
    let (_, value) = case.lint("plan.json", &[]);
    let findings = value["results"][0]["findings"].as_array().unwrap();
    let region = &findings
        .iter()
        .find(|f| f["lint"] == "unknown-action")
        .unwrap()["region"];
    let at = |key: &str| region[key].as_u64().unwrap() as usize;
    assert_eq!(
        &misspelled[at("start_byte")..at("end_byte")],
        "sqs:SendMesage"
    );
}

#[test]
fn a_plan_fills_in_what_the_code_leaves_open() {
    let by_variable = role_with(&encoded(
        "Allow",
        "\"sqs:SendMessage\"",
        "\"ARN:${var.open}\"",
    ));
    let by_name = role_with(&encoded(
        "Allow",
        "\"sqs:SendMessage\"",
        "\"ARN:${aws_sqs_queue.made.name}\"",
    ));
    let plan = r#"{"format_version": "1.2", "variables": {"open": {"value": "queue-a"}}, "planned_values": {"root_module": {"resources": [
 {"address": "aws_sqs_queue.made", "mode": "managed", "type": "aws_sqs_queue", "name": "made", "values": {"name": "queue-a"}}]}}}"#;
    each([&by_variable, &by_name], |code| {
        let files = [("main.tf", code.as_str()), ("plan.out.json", plan)];
        assert_eq!(judged(&files, &[]), "depends");
        assert_eq!(judged(&files, &["--plan", "plan.out.json"]), "covered");
        assert_eq!(
            judged(&[("main.tf", code)], &["--plan", "gone.json"])
                .split(':')
                .next(),
            Some("exit 2")
        );
    });
}
