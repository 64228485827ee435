//! Attachments of a plan that does not know the ARN yet: its configuration says of which policy it is.

use serde_json::{Value, json};

use super::{ARN, case};
use crate::common::case::verdict;
use crate::common::table::each;

fn policy(resource: &str) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "{ARN}:{resource}"}}}}"#
    )
}

/// A planned resource: its type, its name, its key, and its values.
fn resource(module: &str, kind: &str, (name, key): (&str, &str), values: &Value) -> Value {
    let address = format!("{module}{kind}.{name}{key}");
    json!({ "address": address, "mode": "managed", "type": kind, "name": name, "values": values })
}

/// A policy that grants what is required, or nothing of it.
fn made(module: &str, of: (&str, &str), grants: bool) -> Value {
    let policy = policy(if grants { "queue-a" } else { "queue-b" });
    let name = format!("{}{}", of.0, grants);
    resource(
        module,
        "aws_iam_policy",
        of,
        &json!({ "name": name, "policy": policy }),
    )
}

fn attachment(module: &str, key: &str) -> Value {
    resource(
        module,
        "aws_iam_role_policy_attachment",
        ("a", key),
        &json!({ "role": "r" }),
    )
}

/// The configuration of the attachment.
fn configured(arn: &[&str], over: &[&str]) -> Value {
    json!({ "address": "aws_iam_role_policy_attachment.a",
        "expressions": { "policy_arn": { "references": arn }, "role": { "references": ["aws_iam_role.r.name", "aws_iam_role.r"] } },
        "for_each_expression": { "references": over } })
}

#[test]
fn an_attachment_is_followed_to_the_policy_of_its_configuration() {
    let this = || {
        vec![
            made("", ("this", "[\"a\"]"), false),
            made("", ("this", "[\"b\"]"), true),
        ]
    };
    let with = |mut policies: Vec<Value>, keys: &[&str]| {
        policies.extend(keys.iter().map(|key| attachment("", key)));
        (policies, Vec::new())
    };
    let inside = |key: &str, mut all: Vec<Value>, more: &[Value]| {
        all.extend(more.iter().cloned());
        let address = format!("module.m{key}");
        json!({ "address": address, "resources": all })
    };
    let root = |resource: Value| json!({ "resources": [resource] });
    let each_value = root(configured(
        &["each.value.arn", "each.value"],
        &["aws_iam_policy.this"],
    ));
    let by_key = root(configured(
        &["aws_iam_policy.this", "each.key"],
        &["local.keys"],
    ));
    let written = |key: &str| {
        let this = format!("aws_iam_policy.this[\"{key}\"]");
        let arn = format!("{this}.arn");
        root(configured(&[&arn, &this, "aws_iam_policy.this"], &[]))
    };
    let splat = root(configured(&["aws_iam_policy.this", "count.index"], &[]));
    let local = root(configured(&["local.arn"], &[]));
    let output = json!({ "arn": { "expression": { "references": ["aws_iam_policy.p.arn", "aws_iam_policy.p"] } } });
    let of_output = |refers: &str| {
        json!({ "resources": [configured(&[&format!("module.m{refers}.arn"), "module.m"], &[])],
            "module_calls": { "m": { "module": { "outputs": output } } } })
    };
    let variable = json!({ "module_calls": { "m": {
        "expressions": { "arn": { "references": ["aws_iam_policy.this[\"b\"].arn", "aws_iam_policy.this[\"b\"]"] } },
        "module": { "resources": [configured(&["var.arn"], &[])] } } } });
    let of_module = |key: &str, grants: bool| {
        inside(
            key,
            vec![made(&format!("module.m{key}."), ("p", ""), grants)],
            &[],
        )
    };
    each(
        [
            (
                "each value",
                with(this(), &["[\"a\"]", "[\"b\"]"]),
                &each_value,
                "covered",
            ),
            (
                "another value",
                with(this(), &["[\"a\"]"]),
                &each_value,
                "missing",
            ),
            ("each key", with(this(), &["[\"b\"]"]), &by_key, "covered"),
            (
                "another key",
                with(this(), &["[\"a\"]"]),
                &by_key,
                "missing",
            ),
            ("written b", with(this(), &[""]), &written("b"), "covered"),
            (
                "written a",
                with(this(), &["[\"b\"]"]),
                &written("a"),
                "missing",
            ),
            // Which of them is attached is not known; none is a policy of nobody.
            ("splat", with(this(), &["[0]"]), &splat, "depends"),
            ("local", with(this(), &[""]), &local, "depends"),
            (
                "output",
                (vec![attachment("", "")], vec![of_module("", true)]),
                &of_output(""),
                "covered",
            ),
            (
                "output of one",
                (
                    vec![attachment("", "")],
                    vec![of_module("[\"x\"]", true), of_module("[\"y\"]", false)],
                ),
                &of_output("[\"x\"]"),
                "covered",
            ),
            (
                "output of another",
                (
                    vec![attachment("", "")],
                    vec![of_module("[\"x\"]", true), of_module("[\"y\"]", false)],
                ),
                &of_output("[\"y\"]"),
                "missing",
            ),
            (
                "variable",
                (
                    this(),
                    vec![inside("", vec![], &[attachment("module.m.", "")])],
                ),
                &variable,
                "covered",
            ),
        ],
        |(name, (mut resources, modules), configuration, expected)| {
            let role = json!({ "name": "r", "assume_role_policy": "{}" });
            resources.push(resource("", "aws_iam_role", ("r", ""), &role));
            let inner = modules
                .iter()
                .flat_map(|m| m["resources"].as_array().unwrap());
            let changes: Vec<Value> = { resources.iter().chain(inner) }
                .map(|r| json!({ "address": r["address"], "change": { "after_unknown": { "policy_arn": true, "arn": true } } }))
                .collect();
            let plan = json!({
                "format_version": "1.2",
                "planned_values": { "root_module": { "resources": resources, "child_modules": modules } },
                "resource_changes": changes,
                "configuration": { "root_module": configuration },
            });
            let case = case(&[("plan.json", &plan.to_string())]);
            let (run, value) = case.lint("plan.json", &["--select", "aws_iam_role.r"]);
            assert_eq!(
                verdict(&value),
                expected,
                "{name}: {plan}\n{}{}",
                run.out,
                run.err
            );
            let (_, value) = case.lint("plan.json", &[]);
            let all = value["results"].as_array().unwrap();
            let alone = all
                .iter()
                .filter(|r| r["principal"]["kind"] == "policy")
                .count();
            if expected == "depends" {
                assert_eq!(alone, 0, "{name}: {plan}");
            }
        },
    );
}
