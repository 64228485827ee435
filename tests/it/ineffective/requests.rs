//! A dead statement matches no request of a small world, and the references have few.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::{REFERENCE, ineffective};
use crate::common::evaluator::Statement;
use crate::common::role;
use crate::common::table::each;
use crate::common::world::{self, Case};

/// The references are dead in two places, both of the policy for users of AWS Batch.
#[test]
fn the_references_have_no_other_dead_entries_than_these() {
    each(
        [
            ("instance", "traditional"),
            ("instance", "awsbatch"),
            ("user", "traditional"),
            ("user", "awsbatch"),
        ],
        |(role, variant)| {
            let scheduler = if variant == "awsbatch" {
                "awsbatch"
            } else {
                "torque"
            };
            for form in ["filled", "published", "aws-cn", "aws-us-gov"] {
                let text = role::fixture(&format!("reference/{role}-{variant}-{form}.json"));
                let result = role::lint(&text, role, scheduler, &[]);
                let found =
                    { result.findings.iter() }.filter(|f| f.lint.starts_with("ineffective"));
                let found: Vec<(&str, &[String])> =
                    found.map(|f| (f.lint, f.actions.as_slice())).collect();
                let expected: &[(&str, &[String])] = if (role, variant) == ("user", "awsbatch") {
                    &[
                        (
                            "ineffective-resource",
                            &["cloudformation:ListStacks".to_owned()],
                        ),
                        ("ineffective-resource", &["iam:PassRole".to_owned()]),
                    ]
                } else {
                    &[]
                };
                assert_eq!(found, expected, "{role} {variant} {form}");
            }
        },
    );
}

/// A statement with `Resource`, without a Condition, and one action of the world.
fn simple() -> impl Strategy<Value = Statement> {
    let action = prop::sample::select(world::actions().collect::<Vec<_>>());
    (world::customer_statement(), action).prop_map(|(statement, action)| Statement {
        not_action: false,
        not_resource: false,
        actions: vec![action.to_owned()],
        conditions: Vec::new(),
        ..statement
    })
}

#[test]
fn a_statement_without_effect_matches_no_request_and_one_with_effect_does() {
    let mut runner = TestRunner::new(Config {
        cases: 2_000,
        failure_persistence: None,
        ..Config::default()
    });
    let (mut dead, mut alive) = (0, 0);
    let mut seen = |found: bool| if found { dead += 1 } else { alive += 1 };
    let strategy = simple();
    for _ in 0..2_000 {
        let statement = strategy.new_tree(&mut runner).unwrap().current();
        let action = statement.actions[0].clone();
        let case = Case {
            reference: Vec::new(),
            policies: vec![vec![statement.clone()]],
            boundary: None,
            scps: Vec::new(),
            principal: "any",
        };
        let text = case.policies_json().remove(0);
        // `variable-misuse` says that such a string matches nothing.
        if text.contains(":${aws:PrincipalAccount}:") {
            continue;
        }
        let found = ineffective(&text);
        let whole = found.iter().any(|f| f.lint == "ineffective-statement");
        seen(whole);
        // Longer names are tried where the short ones show nothing.
        let matched = [false, true].map(|large| world::touches(&statement, &action, large));
        assert_eq!(whole, matched == [false, false], "{text}\n{found:?}");
    }
    assert!(dead > 100 && alive > 100, "{dead} dead, {alive} alive");
}

#[test]
fn a_dead_statement_among_others_leaves_the_verdicts_alone() {
    let alive = json!({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"});
    let dead = json!({"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "arn:aws:s3:::b"});
    let rows = |statements: &[&Value]| {
        let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let rows = role::lint_against(&text, REFERENCE).requirements;
        rows.iter().map(|r| r.verdict.name()).collect::<Vec<_>>()
    };
    assert_eq!(rows(&[&alive]), ["covered"]);
    assert_eq!(rows(&[&alive, &dead]), ["covered"]);
}
