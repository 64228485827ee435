//! The engine against an obvious evaluator, on random small policies.
//!
//! The evaluator shares nothing with the engine: it asks of every concrete request of a small world
//! whether it is required, allowed, denied, and reads the verdict off the definition.

use crate::common::engine::rows;
use crate::common::world::{self, Case, Judge};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

fn agrees(case: &Case) -> Result<usize, TestCaseError> {
    let judge = Judge::new(case);
    let rows = rows(&case.reference_json(), &case.policies_json(), case);
    for row in &rows {
        let found = (row.verdict.name(), row.vacuous);
        let mut tried = judge.verdict(row.statement, &row.action, false);
        if tried != found {
            tried = judge.verdict(row.statement, &row.action, true);
        }
        let (expected, vacuous) = tried;
        prop_assert_eq!(
            (row.verdict.name(), row.vacuous),
            (expected, vacuous),
            "{} of statement {}\n{}\n{:#?}",
            row.action,
            row.statement,
            case.reference_json(),
            case.policies_json()
        );
        match &row.witness {
            None => prop_assert!(expected == "covered"),
            Some(witness) => prop_assert!(
                judge.shows(row.statement, &witness.action, &witness.resource, expected),
                "{} on {} does not show {}\n{}\n{:#?}",
                witness.action,
                witness.resource,
                expected,
                case.reference_json(),
                case.policies_json()
            ),
        }
    }
    Ok(rows.len())
}

#[test]
fn verdicts_and_witnesses_agree_with_trying_every_request() {
    let cases: u32 = std::env::var("PCLUSTER_IAM_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(10_000);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    });
    let judged = std::cell::Cell::new(0usize);
    // What is known of each kind of principal has a table of its own: `condition_keys.rs`.
    let any = world::case().prop_map(|case| Case {
        principal: "any",
        ..case
    });
    let result = runner.run(&any, |case| {
        judged.set(judged.get() + agrees(&case)?);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    println!(
        "{cases} random policy sets, {} verdicts, no disagreement",
        judged.get()
    );
    assert!(judged.get() > cases as usize);
}
