//! Ways to more permissions: every path of the data is found in a policy that opens it, also in pieces, and not in one
//! that does not.

use std::collections::BTreeSet;

use pcluster_iam::catalog::Catalog;
use pcluster_iam::check::{self, Settings};
use pcluster_iam::finding::Severity;
use pcluster_iam::lints;
use pcluster_iam::parser::{self, Policy, Source, SourceId};
use pcluster_iam::reference::{
    self, EscalationPath, EscalationStep, RefStatement, escalation_paths,
};
use serde_json::{Value, json};

use crate::common::role::lint;
use crate::common::table::each;

/// Gives most permissions away, and is a path of its own.
const EVERYTHING: &str = "administrator";

/// The first form of each step.
fn requests(path: &EscalationPath) -> Vec<RefStatement> {
    let steps = path.steps.iter();
    steps
        .map(|s| s.requests().next().unwrap().statement())
        .collect()
}

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

/// The ids of the paths that the policies of one role open.
fn paths(policies: &[Vec<Value>]) -> Vec<String> {
    let policies: Vec<Policy> = policies
        .iter()
        .flat_map(|statements| {
            let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
            parser::parse(SourceId(0), &Source::new("policy.json", text)).policies
        })
        .collect();
    let reference = reference::select("instance", "torque", "2.4.1").unwrap();
    let given = [("Account", "123456789012"), ("Region", "us-east-1")];
    let settings = Settings {
        given: given
            .iter()
            .map(|(n, v)| ((*n).into(), (*v).into(), "test".into()))
            .collect(),
        ..Settings::default()
    };
    let open = check::open_paths(Catalog::embedded(), &policies, &reference, &settings);
    open.iter().map(|p| p.path.id.clone()).collect()
}

#[test]
fn every_path_names_a_lint_and_actions_of_the_catalogue() {
    let mut unknown = Vec::new();
    for path in escalation_paths() {
        assert!(lints::find(&path.lint).is_some(), "{}", path.id);
        for action in path.steps.iter().flat_map(|s| &s.actions) {
            let (service, name) = action.split_once(':').unwrap();
            let service = Catalog::embedded().service(service);
            if service.is_none_or(|s| s.action(name).is_none()) {
                unknown.push(format!("{}: {action}", path.id));
            }
        }
    }
    assert!(escalation_paths().count() > 50);
    assert_eq!(unknown, Vec::<String>::new());
}

#[test]
fn every_path_is_found_in_one_statement_and_in_pieces() {
    let mut wrong = Vec::new();
    for path in escalation_paths() {
        let alone: Vec<Value> = requests(path)
            .iter()
            .map(|r| allow(&r.action.values[0], "*"))
            .collect();
        let actions: Vec<&String> = { alone.iter() }
            .filter_map(|s| match &s["Action"] {
                Value::String(action) => Some(action),
                _ => None,
            })
            .collect();
        let together = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
        let apart: Vec<Vec<Value>> = alone.iter().map(|s| vec![s.clone()]).collect();
        for (form, policies) in [
            ("together", vec![vec![together]]),
            ("statements", vec![alone.clone()]),
            ("documents", apart),
        ] {
            if !paths(&policies).contains(&path.id) {
                wrong.push(format!("{} in {form}", path.id));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn no_path_is_open_where_a_step_is_denied_missing_or_on_one_name() {
    let mut wrong = Vec::new();
    for path in escalation_paths() {
        let requests = requests(path);
        let alone: Vec<Value> = { requests.iter() }
            .map(|r| allow(&r.action.values[0], "*"))
            .collect();
        for (at, step) in path.steps.iter().enumerate() {
            let mut denied = alone.clone();
            denied.push(json!({ "Effect": "Deny", "Action": step.actions, "Resource": "*" }));
            let mut missing = alone.clone();
            missing.remove(at);
            let mut forms = vec![("denied", denied), ("missing", missing)];
            if step.is_on_any_name() {
                let mut narrow = alone.clone();
                let resource = &requests[at].resource.values[0];
                let named = ["${AnyName}", "${AnyId}"].iter().fold(
                    resource
                        .replace("${Partition}", "aws")
                        .replace("${Region}", "us-east-1")
                        .replace("${Account}", "123456789012"),
                    |text, name| text.replace(name, "one"),
                );
                narrow[at] = allow(&requests[at].action.values[0], &named);
                forms.push(("on one name", narrow));
            }
            for (form, statements) in forms {
                let other_action = path.steps.iter().filter(|s| s.actions == step.actions);
                if other_action.count() == 1 && paths(&[statements]).contains(&path.id) {
                    wrong.push(format!("{}: step {at} {form}", path.id));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn conditions_close_a_path_or_do_not() {
    let pass = |condition: Value| {
        vec![vec![
            json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", "Condition": condition }),
            allow("lambda:*", "*"),
        ]]
    };
    let attach = |condition: Value| {
        vec![vec![
            json!({ "Effect": "Allow", "Action": "iam:AttachRolePolicy", "Resource": "*", "Condition": condition }),
        ]]
    };
    let linked = |condition: Value| {
        vec![vec![
            json!({ "Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": "*", "Condition": condition }),
        ]]
    };
    let service = "iam:PassedToService";
    let boundary = "arn:aws:iam::123456789012:policy/boundary";
    each(
        [
            (
                pass(json!({ "StringEquals": { service: "ec2.amazonaws.com" } })),
                "pass-role-to-lambda",
                false,
            ),
            (
                pass(json!({ "StringEquals": { service: "lambda.amazonaws.com" } })),
                "pass-role-to-lambda",
                true,
            ),
            (
                pass(json!({ "StringLike": { service: "*.amazonaws.com" } })),
                "pass-role-to-lambda",
                true,
            ),
            // A request without the key passes.
            (
                pass(json!({ "StringEqualsIfExists": { service: "ec2.amazonaws.com" } })),
                "pass-role-to-lambda",
                true,
            ),
            (
                attach(
                    json!({ "ArnEquals": { "iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" } }),
                ),
                "attach-policy-to-role",
                false,
            ),
            (
                attach(json!({ "ArnLike": { "iam:PolicyARN": "arn:aws:iam::aws:policy/*" } })),
                "attach-policy-to-role",
                true,
            ),
            (
                attach(json!({ "StringEquals": { "iam:PermissionsBoundary": boundary } })),
                "attach-policy-to-role",
                false,
            ),
            // A role without a boundary has no such key.
            (
                attach(json!({ "StringEqualsIfExists": { "iam:PermissionsBoundary": boundary } })),
                "attach-policy-to-role",
                true,
            ),
            (
                linked(json!({ "StringEquals": { "iam:AWSServiceName": "spot.amazonaws.com" } })),
                "service-linked-role",
                false,
            ),
            (
                linked(json!({ "StringLike": { "iam:AWSServiceName": "*.amazonaws.com" } })),
                "service-linked-role",
                true,
            ),
        ],
        |(policies, path, open)| {
            assert_eq!(
                paths(&policies).contains(&path.to_owned()),
                open,
                "{policies:?}"
            );
        },
    );
}

#[test]
fn a_role_that_can_do_everything_has_one_finding() {
    each(["*", "iam:*"], |action| {
        let found = paths(&[vec![allow(action, "*")]]);
        assert_eq!(found, [EVERYTHING], "{action}");
    });
}

#[test]
fn several_paths_are_those_of_an_action_only_where_each_begins_with_it() {
    let statement = |key: &str, action: &str| {
        let statement = json!({ "Effect": "Allow", key: action, "Resource": "*" });
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    };
    each(
        [
            (
                statement("NotAction", "iam:*"),
                "privilege-escalation",
                "the statement opens ",
            ),
            (
                statement("NotAction", "iam:*"),
                "exposed-credentials",
                "the statement exposes 3 kinds of credentials of the account",
            ),
            (
                json!({ "Version": "2012-10-17", "Statement": [
                    allow("iam:PassRole", "*"), allow("ec2:RunInstances", "*"),
                    allow("lambda:CreateFunction", "*"), allow("lambda:InvokeFunction", "*"),
                ] })
                .to_string(),
                "privilege-escalation",
                "`iam:PassRole` opens 3 ways to more permissions",
            ),
        ],
        |(policy, id, message)| {
            let result = lint(&policy, "instance", "torque", &[]);
            let found = result.findings.iter().find(|f| f.lint == id).unwrap();
            assert!(found.message.starts_with(message), "{}", found.message);
        },
    );
}

#[test]
fn a_path_is_a_warning_and_a_note_where_the_reference_opens_it() {
    let policy = |action: &str| {
        json!({ "Version": "2012-10-17", "Statement": [allow(action, "*")] }).to_string()
    };
    each(
        [
            (
                "sts:AssumeRole",
                "instance",
                "unrestricted-assume-role",
                Severity::Warning,
            ),
            (
                "secretsmanager:GetSecretValue",
                "instance",
                "exposed-credentials",
                Severity::Warning,
            ),
            (
                "iam:AttachRolePolicy",
                "instance",
                "privilege-escalation",
                Severity::Warning,
            ),
            (
                "iam:AttachRolePolicy",
                "user",
                "privilege-escalation",
                Severity::Note,
            ),
        ],
        |(action, role, id, severity)| {
            let result = lint(&policy(action), role, "torque", &[]);
            let found: Vec<_> = { result.findings.iter() }
                .filter(|f| f.lint == id)
                .collect();
            let [found] = found.as_slice() else {
                panic!("{action} of {role}: {found:?}")
            };
            assert_eq!(found.severity, severity, "{action} of {role}");
            assert_eq!(found.actions, [action]);
            let with = format!("with: `{action}` on `");
            assert!(found.notes[0].starts_with(&with), "{:?}", found.notes);
        },
    );
}

/// What the requests of a step have for a condition key, for each of them; nothing where one does not say.
fn values_of(step: &EscalationStep, key: &str) -> Option<Vec<bool>> {
    let requests = step.requests().map(|request| request.statement());
    let mut all = Vec::new();
    for request in requests {
        let line = request.conditions.iter().find(|c| c.key == key)?;
        all.push(line.operator != "Null" || line.values != ["true"]);
    }
    Some(all)
}

/// For every path and every condition key that its requests have or lack: the forms that close it, and those that do not.
#[test]
fn each_condition_on_a_path_closes_it_or_does_not() {
    const HARMLESS: &str = "arn:aws:iam::123456789012:policy/harmless";
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for path in escalation_paths() {
        for (at, step) in path.steps.iter().enumerate() {
            let same = path.steps.iter().filter(|s| s.actions == step.actions);
            if same.count() > 1 {
                continue;
            }
            let requests: Vec<_> = step.requests().map(|r| r.statement()).collect();
            let keys: BTreeSet<&str> = { requests.iter() }
                .flat_map(|r| r.conditions.iter().map(|c| c.key.as_str()))
                .collect();
            for key in keys {
                let Some(has) = values_of(step, key) else {
                    continue;
                };
                let (some_with, some_without) = (has.contains(&true), has.contains(&false));
                for (operator, value, open) in [
                    ("StringEquals", HARMLESS, false),
                    ("StringEqualsIfExists", HARMLESS, some_without),
                    ("StringLike", "*", some_with),
                    ("StringLikeIfExists", "*", true),
                    ("Null", "true", some_without),
                    ("Null", "false", some_with),
                ] {
                    let mut statements: Vec<Value> = { path.steps.iter() }
                        .map(|s| allow(&s.actions[0], "*"))
                        .collect();
                    statements[at]["Condition"] = json!({ operator: { key: value } });
                    tried += 1;
                    if paths(&[statements]).contains(&path.id) != open {
                        wrong.push(format!(
                            "{}: step {at} with {operator} {key} {value}, expected open: {open}",
                            path.id
                        ));
                    }
                }
            }
        }
    }
    println!("{tried} conditions on steps of paths");
    assert!(tried > 100, "{tried}");
    assert_eq!(wrong, Vec::<String>::new());
}

/// Random grants and denials of the steps of several paths, in several policies: a path is open if each of its steps has an
/// action that is allowed and not denied.
#[test]
fn combinations_agree_with_looking_at_each_step() {
    let cases: usize = std::env::var("PCLUSTER_IAM_CASES")
        .ok()
        .and_then(|c| c.parse().ok())
        .unwrap_or(60);
    let mut state = 9_u64;
    let mut below = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let all: Vec<&EscalationPath> = escalation_paths().collect();
    let (mut opened, mut wrong) = (0, Vec::new());
    for case in 0..cases {
        let mut policies = vec![Vec::new(); 1 + below(3)];
        let (mut allowed, mut denied) = (BTreeSet::new(), BTreeSet::new());
        for _ in 0..=below(4) {
            let path = all[below(all.len())];
            for step in &path.steps {
                let action = step.actions[below(step.actions.len())].clone();
                let at = below(policies.len());
                match below(8) {
                    0 => {
                        policies[at]
                            .push(json!({ "Effect": "Deny", "Action": action, "Resource": "*" }));
                        denied.insert(action);
                    }
                    1 => {}
                    _ => {
                        policies[at].push(allow(&action, "*"));
                        allowed.insert(action);
                    }
                }
            }
        }
        policies.retain(|statements| !statements.is_empty());
        let is_open = |path: &&&EscalationPath| {
            path.steps.iter().all(|step| {
                step.actions
                    .iter()
                    .any(|a| allowed.contains(a) && !denied.contains(a))
            })
        };
        let mut expected: BTreeSet<String> = { all.iter() }
            .filter(is_open)
            .map(|p| p.id.clone())
            .collect();
        if expected.contains(EVERYTHING) {
            expected = BTreeSet::from([EVERYTHING.to_owned()]);
        }
        let found: BTreeSet<String> = if policies.is_empty() {
            BTreeSet::new()
        } else {
            paths(&policies).into_iter().collect()
        };
        opened += expected.len();
        if found != expected {
            wrong.push(format!(
                "case {case}: found {found:?}, expected {expected:?}\n{policies:?}"
            ));
        }
    }
    println!(
        "{cases} combinations: {opened} paths open, {} disagree",
        wrong.len()
    );
    wrong.truncate(3);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(opened > cases / 2, "{opened}");
}
