//! What is granted without the reference's Condition, against an obvious evaluator, on random small policies.
//!
//! As in `verdicts.rs`, the evaluator asks of every concrete request of a small world whether it is required, and whether it
//! is allowed for certain when no data on what the Condition asks for.

use std::cell::Cell;

use crate::common::engine;
use crate::common::table::each;
use crate::common::world::{self, Case, Judge};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// How often statements were found, and how often none was.
#[derive(Default)]
struct Seen {
    some: Cell<usize>,
    none: Cell<usize>,
    limited: Cell<usize>,
}

fn bump(count: &Cell<usize>) {
    count.set(count.get() + 1);
}

fn agrees(case: &Case, seen: &Seen) -> Result<(), TestCaseError> {
    let judge = Judge::new(case);
    let granted = case.policies.concat();
    for (statement, action, found) in engine::unconditional(case) {
        let count = |judge: &Judge<'_>, large| {
            let by = granted.iter();
            by.filter(|by| judge.unconditional(by, statement, &action, large))
                .count()
        };
        let mut expected = count(&judge, false);
        if expected != found {
            expected = count(&judge, true);
        }
        prop_assert_eq!(
            found,
            expected,
            "{} of statement {}\n{}\n{:#?}\n{:?}",
            action,
            statement,
            case.reference_json(),
            case.policies_json(),
            (case.boundary_json(), case.scps_json())
        );
        bump(if found > 0 { &seen.some } else { &seen.none });
        if found == 0 {
            // Without Deny statements and limits some of these would be found.
            let mut free = case.clone();
            free.boundary = None;
            free.scps = Vec::new();
            for policy in &mut free.policies {
                policy.retain(|s| s.allow);
            }
            if count(&Judge::new(&free), false) > 0 {
                bump(&seen.limited);
            }
        }
    }
    Ok(())
}

#[test]
fn unconditional_grants_agree_with_trying_every_request() {
    let cases: u32 = std::env::var("PCLUSTER_IAM_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1_000);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..Config::default()
    });
    let seen = Seen::default();
    if let Err(error) = runner.run(&world::case(), |case| agrees(&case, &seen)) {
        panic!("{error}");
    }
    let [some, none, limited] = [&seen.some, &seen.none, &seen.limited].map(Cell::get);
    println!(
        "{cases} random policy sets, {some} actions granted without the reference's condition, {none} not, {limited} of \
         them for a Deny or a limit, no disagreement"
    );
    each([some, none, limited], |met| {
        assert!(met > 0, "{met} of {cases}");
    });
}
