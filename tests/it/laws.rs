//! What must not change, or change in one direction only, whatever the policies are.

use crate::common::engine;
use crate::common::evaluator::Statement;
use crate::common::world::{self, Case};
use pcluster_iam::diff::Row;
use proptest::prelude::*;
use proptest::sample::Index;

fn rows(case: &Case) -> Vec<Row> {
    engine::rows(&case.reference_json(), &case.policies_json(), case)
}

fn verdicts(case: &Case) -> Vec<(usize, String, &'static str, bool)> {
    let row = |r: Row| (r.statement, r.action, r.verdict.name(), r.vacuous);
    rows(case).into_iter().map(row).collect()
}

/// Whether a requirement may go from one verdict to another when more is allowed.
fn may_gain(before: &str, after: &str) -> bool {
    match before {
        "covered" | "denied" => after == before,
        "conditional" => matches!(after, "conditional" | "covered"),
        "partial" => !matches!(after, "missing" | "denied"),
        _ => after != "denied",
    }
}

/// Whether a requirement may go from one verdict to another when more is denied.
fn may_lose(before: &str, after: &str) -> bool {
    match before {
        "covered" => true,
        "conditional" => after != "covered",
        "partial" => !matches!(after, "covered" | "conditional"),
        other => matches!(after, "missing" | "denied") && (other != "denied" || after == "denied"),
    }
}

/// `sqs:sENDmESSAGE`
fn recased(text: &str) -> String {
    let swap = |c: char| {
        if c.is_ascii_uppercase() {
            c.to_ascii_lowercase()
        } else {
            c.to_ascii_uppercase()
        }
    };
    text.chars().map(swap).collect()
}

/// One statement for each action or each resource, where that means the same.
fn split(statement: &Statement) -> Vec<Statement> {
    if !statement.not_action {
        let one = |action: &String| Statement {
            actions: vec![action.clone()],
            ..statement.clone()
        };
        return statement.actions.iter().map(one).collect();
    }
    if !statement.not_resource {
        let one = |resource: &String| Statement {
            resources: vec![resource.clone()],
            ..statement.clone()
        };
        return statement.resources.iter().map(one).collect();
    }
    vec![statement.clone()]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn an_allow_never_loses_and_a_deny_never_gains(case in world::case(), added in world::customer_statement()) {
        let before = verdicts(&case);
        for allow in [true, false] {
            let mut more = case.clone();
            more.policies.push(vec![Statement { allow, ..added.clone() }]);
            for (before, after) in before.iter().zip(verdicts(&more)) {
                let direction = if allow { may_gain } else { may_lose };
                prop_assert!(
                    before.3 || direction(before.2, after.2),
                    "{before:?} -> {after:?} with {:?}", more.policies_json()
                );
            }
        }
    }

    #[test]
    fn a_limit_never_gains(case in world::case(), limit in world::limit()) {
        let before = verdicts(&case);
        let mut limited = case;
        limited.scps.push(limit);
        for (before, after) in before.iter().zip(verdicts(&limited)) {
            prop_assert!(before.3 || may_lose(before.2, after.2), "{before:?} -> {after:?}");
        }
    }

    #[test]
    fn splitting_ordering_and_spelling_change_nothing(case in world::case(), at in any::<Index>()) {
        let before = verdicts(&case);
        let mut other = case.clone();
        for document in &mut other.policies {
            *document = document.iter().flat_map(split).collect();
            document.reverse();
            for statement in document.iter_mut() {
                statement.actions.reverse();
                statement.resources.reverse();
                statement.conditions.reverse();
                for action in &mut statement.actions {
                    *action = recased(action);
                }
                for line in &mut statement.conditions {
                    line.values.reverse();
                }
            }
        }
        let middle = at.index(other.policies.len());
        other.policies.rotate_left(middle);
        prop_assert_eq!(&verdicts(&other), &before);

        let mut twice = case.clone();
        twice.policies.extend(case.policies.clone());
        prop_assert_eq!(&verdicts(&twice), &before);

        let pretty = |text: &String| {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            serde_json::to_string_pretty(&value).unwrap().replace('\n', "\r\n")
        };
        let policies: Vec<String> = case.policies_json().iter().map(pretty).collect();
        let found = engine::rows(&case.reference_json(), &policies, &case);
        let found: Vec<_> = found.into_iter().map(|r| (r.statement, r.action, r.verdict.name(), r.vacuous)).collect();
        prop_assert_eq!(&found, &before);
    }
}
