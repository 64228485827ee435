//! The policies that AWS publishes, written as a template for each release, cover what the release requires, role by role.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::common::program::run;
use crate::common::table::each;

/// Releases, and their roles with the schedulers.
const RELEASES: &[(&str, &[(&str, &str)])] = &[
    ("2.11.9", &[("instance", "slurm"), ("user", "awsbatch")]),
    (
        "3.6.1",
        &[
            ("user", "slurm"),
            ("user", "awsbatch"),
            ("image-build-user", ""),
        ],
    ),
    (
        "3.12.0",
        &[
            ("user", "slurm"),
            ("head-node", "slurm"),
            ("compute-node", "slurm"),
            ("image-build-user", ""),
        ],
    ),
    (
        "3.15.0",
        &[
            ("user", "slurm"),
            ("head-node", "awsbatch"),
            ("compute-node", "slurm"),
            ("lambda", "slurm"),
        ],
    ),
];

/// The texts that a template takes from the stack.
fn with_functions(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let mut written = text.replace("${", "${!");
            for (literal, name) in [
                ("arn:aws:", "arn:${AWS::Partition}:"),
                ("us-east-1", "${AWS::Region}"),
                ("123456789012", "${AWS::AccountId}"),
            ] {
                written = written.replace(literal, name);
            }
            if written == *text {
                json!(text)
            } else {
                json!({"Fn::Sub": written})
            }
        }
        Value::Array(all) => all.iter().map(with_functions).collect(),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(k, v)| (k.clone(), with_functions(v)))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn options<'a>(release: &'a str, role: &'a str, scheduler: &'a str) -> Vec<&'a str> {
    let mut all = vec![
        "--pcluster-version",
        release,
        "--role",
        role,
        "--region",
        "us-east-1",
    ];
    all.extend(["--account", "123456789012", "-f", "json"]);
    if !scheduler.is_empty() {
        all.extend(["--scheduler", scheduler]);
    }
    all
}

#[test]
fn the_published_policies_as_templates_are_covered_role_by_role() {
    each(RELEASES, |(release, roles)| {
        let folder = tempfile::tempdir().unwrap();
        let mut resources = Map::new();
        for (nth, (role, scheduler)) in roles.iter().enumerate() {
            let show = [vec!["reference", "show"], options(release, role, scheduler)].concat();
            let shown = run(folder.path(), &show);
            assert_eq!(shown.code, 0, "{}", shown.err);
            let policy: Value = serde_json::from_str(&shown.out).unwrap();
            // One managed policy would be too long.
            let statements = policy["Statement"].as_array().unwrap();
            let documents: Vec<Value> = { statements.chunks(4) }
                .map(|part| json!({"Version": "2012-10-17", "Statement": part}))
                .collect();
            let mut attached = Vec::new();
            for (part, document) in documents.iter().enumerate() {
                let name = format!("Policy{nth}x{part}");
                attached.push(json!({"Ref": name}));
                let document = with_functions(document);
                resources.insert(
                    name,
                    json!({"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}),
                );
            }
            resources.insert(
                format!("Role{nth}"),
                json!({"Type": "AWS::IAM::Role", "Properties": {"ManagedPolicyArns": attached}}),
            );
        }
        let template = json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources});
        fs::write(folder.path().join("policies.json"), template.to_string()).unwrap();
        for (nth, (role, scheduler)) in roles.iter().enumerate() {
            let name = format!("Role{nth}");
            let lint = vec!["lint", "policies.json", "--no-config", "--select", &name];
            let judged = run(
                folder.path(),
                &[lint, options(release, role, scheduler)].concat(),
            );
            let value: Value = serde_json::from_str(&judged.out).unwrap();
            let results = value["results"].as_array().unwrap();
            assert_eq!(results.len(), 1, "{release} {role}: {}", judged.err);
            assert_eq!(results[0]["principal"]["name"], *name);
            let rows = results[0]["requirements"].as_array().unwrap();
            assert!(rows.len() > 5, "{release} {role}");
            let open: Vec<&Value> = { rows.iter() }
                .filter(|row| row["verdict"] != "covered" && row["vacuous"] != true)
                // A name that neither the reference nor the template gives: `${Hash}`.
                .filter(|row| !row["resources"].to_string().contains("${"))
                .collect();
            assert!(open.is_empty(), "{release} {role} {scheduler}: {open:#?}");
        }
    });
}

/// Templates that AWS publishes for a release whose documented policies differ from them: role and scheduler, and the actions
/// that are known to fail without AWS's template granting them.
const PUBLISHED: &[(&str, &str, &str, &[&str])] = &[
    (
        "3.1.3",
        "user",
        "slurm",
        &["lambda:TagResource", "logs:TagResource"],
    ),
    (
        "3.1.3",
        "image-build-user",
        "",
        &["lambda:TagResource", "logs:TagResource"],
    ),
    ("3.5.1", "user", "slurm", &[]),
    ("3.5.1", "user", "awsbatch", &[]),
    ("3.5.1", "image-build-user", "", &[]),
    // The template grants it on stacks only, and AWS lists no resource type for it: `pcluster list-clusters` fails.
    ("3.6.0", "user", "slurm", &["cloudformation:ListStacks"]),
    ("3.6.0", "image-build-user", "", &[]),
    ("3.8.0", "user", "slurm", &["cloudwatch:TagResource"]),
];

#[test]
fn the_templates_that_aws_publishes_have_no_error_but_known_gaps() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/templates");
    let mut wrong = Vec::new();
    for (release, role, scheduler, known) in PUBLISHED {
        let name = if *role == "user" {
            "ClusterUser"
        } else {
            "ImageUser"
        };
        let file = format!("published-{release}.json");
        let mut arguments = vec!["lint", &file, "--no-config", "--select", name];
        arguments.extend(options(release, role, scheduler));
        if *role == "user" {
            arguments.extend(["--feature", "iam-privileged"]);
        }
        let judged = run(&folder, &arguments);
        let value: Value =
            serde_json::from_str(&judged.out).unwrap_or_else(|_| panic!("{}", judged.err));
        let findings = value["results"][0]["findings"].as_array().unwrap();
        let errors = findings.iter().filter(|f| f["severity"] == "error");
        let actions: BTreeSet<&str> = { errors.clone() }
            .flat_map(|f| f["actions"].as_array().into_iter().flatten())
            .filter_map(Value::as_str)
            .collect();
        let is_known = actions == known.iter().copied().collect();
        let of_actions = errors.filter(|f| f["actions"].is_array()).count();
        if !is_known || judged.code != i32::from(of_actions > 0) {
            wrong.push(format!(
                "{release} {role} {scheduler}: exit {}, {actions:?}",
                judged.code
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
