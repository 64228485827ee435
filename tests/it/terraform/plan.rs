//! Plans, judged like the module that they are made from.

use serde_json::{Value, json};

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

#[test]
fn policies_of_today_that_the_code_does_not_set_are_not_its_list() {
    let allow = format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "{ARN}:queue-a"}}}}"#
    );
    let deny = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}}"#;
    let inline = |name: &str, policy: &str| json!({ "name": name, "policy": policy, "role": "r" });
    let listed = |name: &str, policy: &str| json!({ "name": name, "policy": policy });
    let arn = "arn:aws:iam::123456789012:policy/m";
    let own = ("aws_iam_role_policy", "p", inline("p", &allow));
    let managed = (
        "aws_iam_policy",
        "m",
        json!({ "name": "m", "arn": arn, "policy": allow }),
    );
    let attached = (
        "aws_iam_role_policy_attachment",
        "m",
        json!({ "role": "r", "policy_arn": arn }),
    );
    let gone = |kind: &'static str, name: &'static str, before: Value, action: &'static str| {
        vec![(kind, name, before, action)]
    };
    let none = Vec::new;
    let role_policy = "aws_iam_role_policy";
    each(
        [
            // Today's list has what a resource of its own attaches.
            (
                json!({ "inline_policy": [listed("p", &allow)] }),
                vec![own.clone()],
                none(),
                "covered",
            ),
            (
                json!({ "inline_policy": [] , "managed_policy_arns": [] }),
                vec![own.clone()],
                none(),
                "covered",
            ),
            (
                json!({ "managed_policy_arns": [] }),
                vec![managed.clone(), attached.clone()],
                none(),
                "covered",
            ),
            (
                json!({ "managed_policy_arns": [arn] }),
                vec![managed.clone(), attached.clone()],
                none(),
                "covered",
            ),
            // What the plan deletes is gone.
            (
                json!({ "inline_policy": [listed("p", &allow)] }),
                vec![],
                gone(role_policy, "p", inline("p", &allow), "delete"),
                "none",
            ),
            (
                json!({ "managed_policy_arns": [arn] }),
                vec![managed.clone()],
                gone(
                    "aws_iam_role_policy_attachment",
                    "m",
                    attached.2.clone(),
                    "delete",
                ),
                "none",
            ),
            (
                json!({ "inline_policy": [listed("d", deny), listed("p", &allow)] }),
                vec![own.clone()],
                gone(role_policy, "d", inline("d", deny), "delete"),
                "covered",
            ),
            // What nothing of the plan manages stays attached.
            (
                json!({ "inline_policy": [listed("d", deny)] }),
                vec![own.clone()],
                none(),
                "denied",
            ),
            (
                json!({ "inline_policy": [listed("p", &allow)] }),
                vec![],
                none(),
                "covered",
            ),
            (
                json!({ "managed_policy_arns": [arn] }),
                vec![managed.clone()],
                none(),
                "covered",
            ),
            // What the plan forgets, too.
            (
                json!({}),
                vec![own.clone()],
                gone(role_policy, "d", inline("d", deny), "forget"),
                "denied",
            ),
            (
                json!({}),
                vec![own.clone()],
                gone(
                    role_policy,
                    "d",
                    json!({ "name": "d", "policy": deny, "role": "other" }),
                    "forget",
                ),
                "covered",
            ),
        ],
        |(role, resources, changes, expected)| {
            let mut values = json!({ "name": "r", "assume_role_policy": "{}" });
            for (key, value) in role.as_object().unwrap() {
                values[key] = value.clone();
            }
            let mut all = vec![("aws_iam_role", "r", values)];
            all.extend(resources);
            let planned: Vec<Value> = { all.iter() }
                .map(|(kind, name, values)| {
                    json!({ "address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name, "values": values })
                })
                .collect();
            let changed: Vec<Value> = { changes.iter() }
                .map(|(kind, name, before, action)| {
                    json!({ "address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
                        "change": { "actions": [action], "before": before, "after": null } })
                })
                .collect();
            let plan = json!({
                "format_version": "1.2",
                "planned_values": { "root_module": { "resources": planned } },
                "resource_changes": changed,
                "configuration": { "root_module": { "resources": [
                    { "address": "aws_iam_role.r", "expressions": { "name": { "constant_value": "r" } } }] } },
            });
            let case = case(&[("plan.json", &plan.to_string())]);
            let (run, value) = case.lint("plan.json", &["--select", "aws_iam_role.r"]);
            let is = verdict(&value);
            let is = if is == "missing" {
                "none".to_owned()
            } else {
                is
            };
            assert_eq!(is, expected, "{plan}\n{}{}", run.out, run.err);
        },
    );
}
