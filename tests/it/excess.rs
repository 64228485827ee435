//! What is granted beyond need, against an obvious evaluator, on random small policies.
//!
//! As in `verdicts.rs`, the evaluator asks of every concrete request of a small world whether it is allowed for certain
//! and whether the reference requires it.

use std::cell::Cell;

use crate::common::engine;
use crate::common::evaluator::{self, Statement};
use crate::common::table::each;
use crate::common::world::{self, Case, Judge};
use pcluster_iam::diff::excess::{Excess, ExcessKind};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// How often each of these was met, so that no case goes untried.
#[derive(Default)]
struct Seen {
    witnesses: Cell<usize>,
    actions: Cell<usize>,
    resources: Cell<usize>,
    unneeded: Cell<usize>,
    nothing: Cell<usize>,
    undecided: Cell<usize>,
}

fn bump(count: &Cell<usize>) {
    count.set(count.get() + 1);
}

fn agrees(case: &Case, seen: &Seen) -> Result<(), TestCaseError> {
    let judge = Judge::new(case);
    let report = engine::excess(case);
    let told = || {
        let limits = (case.boundary_json(), case.scps_json());
        let found = report.found.iter();
        let found: Vec<_> = found
            .map(|e| (e.kind, e.statement, e.action, &e.witness))
            .collect();
        format!(
            "{}\n{:#?}\n{limits:?}\n{found:?}",
            case.reference_json(),
            case.policies_json(),
        )
    };
    if !report.undecided.is_empty() {
        // A `NotAction` with a `NotResource` asks a question for every action of AWS, which the bound can end: it says so.
        bump(&seen.undecided);
        return Ok(());
    }
    for (index, statement) in case.policies.concat().iter().enumerate() {
        let of = |action: Option<usize>| -> Vec<&Excess> {
            let found = report.found.iter();
            let found = found.filter(|e| e.statement == index && e.action == action);
            found.collect()
        };
        if !statement.allow {
            let any = report.found.iter().any(|e| e.statement == index);
            prop_assert!(!any, "a Deny goes too far: {}", told());
            continue;
        }
        let strings: Vec<Option<usize>> = if statement.not_action {
            vec![None]
        } else {
            (0..statement.actions.len()).map(Some).collect()
        };
        for string in strings {
            let found = of(string);
            if found.is_empty() {
                bump(&seen.nothing);
            }
            for found in &found {
                let witness = &found.witness;
                bump(&seen.witnesses);
                prop_assert!(
                    judge.is_excess(statement, &witness.action, &witness.resource),
                    "{} on {} is no excess of statement {index}: {}",
                    witness.action,
                    witness.resource,
                    told()
                );
                bump(match found.kind {
                    ExcessKind::Action => &seen.actions,
                    ExcessKind::Resource => &seen.resources,
                    ExcessKind::Unneeded => &seen.unneeded,
                });
            }
            if let Err(problem) = string_agrees(&judge, statement, string, &found) {
                prop_assert!(false, "statement {index} {string:?}: {problem}: {}", told());
            }
        }
    }
    Ok(())
}

/// The definition of each kind, for one string of `Action` or the whole of `NotAction`.
fn string_agrees(
    judge: &Judge<'_>,
    statement: &Statement,
    string: Option<usize>,
    found: &[&Excess],
) -> Result<(), String> {
    let text = string.map(|s| statement.actions[s].as_str());
    let literal = text.is_some_and(|t| !t.contains('*') && !t.contains('?'));
    let matches = |action: &&str| match text {
        Some(text) => evaluator::action_matches(text, action),
        None => !{ statement.actions.iter() }.any(|t| evaluator::action_matches(t, action)),
    };
    let foreign = if literal {
        ExcessKind::Action
    } else {
        ExcessKind::Unneeded
    };
    if let Some(found) = found.iter().find(|f| f.kind == foreign) {
        return Err(format!("{:?} for {text:?}", found.kind));
    }
    for action in world::actions().filter(matches) {
        // Each action is named once, with what makes it go too far.
        let mut naming =
            { found.iter() }.filter(|f| f.actions.iter().any(|a| a.spelled == *action));
        let (listed, again) = (naming.next(), naming.next());
        if again.is_some() {
            return Err(format!("{action} is named twice"));
        }
        let as_told = |(beyond, required): (bool, bool)| match (listed.map(|f| f.kind), beyond) {
            (None, false) => true,
            (None, true) | (Some(_), false) => false,
            (Some(kind), true) => required == (kind == ExcessKind::Resource),
        };
        let small = judge.excess(statement, action, false);
        if !as_told(small) {
            let large = judge.excess(statement, action, true);
            if !as_told(large) {
                return Err(format!(
                    "{action} goes too far and is required: {large:?}, told as {:?}",
                    listed.map(|f| f.kind)
                ));
            }
        }
    }
    Ok(())
}

#[test]
fn excess_agrees_with_trying_every_request() {
    let cases: u32 = std::env::var("PCLUSTER_IAM_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(300);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 300,
        ..Config::default()
    });
    let seen = Seen::default();
    if let Err(error) = runner.run(&world::case(), |case| agrees(&case, &seen)) {
        panic!("{error}");
    }
    println!(
        "{cases} random policy sets, {} witnesses: {} over-broad actions, {} over-broad resources, {} unneeded \
         actions, {} strings without excess, {} sets undecided, no disagreement",
        seen.witnesses.get(),
        seen.actions.get(),
        seen.resources.get(),
        seen.unneeded.get(),
        seen.nothing.get(),
        seen.undecided.get()
    );
    assert!(seen.undecided.get() <= 1 + cases as usize / 200);
    let least = cases as usize / 1000;
    each(
        [seen.actions, seen.resources, seen.unneeded, seen.nothing],
        |met| {
            assert!(met.get() > least, "{} of {cases}", met.get());
        },
    );
}
