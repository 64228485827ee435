use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::{Judged, best, fitting, judged};
use crate::catalog::Catalog;
use crate::check::candidates::Candidates;
use crate::check::{Against, Settings};
use crate::parser::{self, Policy, Source, SourceId};
use crate::reference::{self, Features, Query};

fn against(scheduler: &str, release: &str) -> Against {
    let references = reference::candidates(Query {
        role: None,
        scheduler,
        release,
        features: &Features::default(),
    });
    Against::BestOf(references.unwrap())
}

/// The role, how many requirements are granted, and of how many.
type Outcome = Option<(String, usize, usize)>;

fn outcome((_, judged): (usize, Judged<'_>)) -> (String, usize, usize) {
    let role = judged.trial.reference.role.clone().unwrap_or_default();
    (role, judged.fit.granted, judged.fit.all)
}

/// Each candidate judged in full, and the best of the best alternatives of each role; and what the program finds, with the
/// number of candidates that it did not look at.
fn both(text: &str, against: &Against) -> (Outcome, Outcome, usize) {
    let document = parser::parse(SourceId(0), &Source::new("p.json", text));
    let policies: Vec<&Policy> = document.policies.iter().collect();
    let settings = Settings::default();
    let catalog = Catalog::embedded();
    let all = Candidates::new(&policies, against, &settings);
    let mut of_roles: Vec<(usize, Judged<'_>)> = Vec::new();
    for at in 0..all.all.len() {
        let new = judged(&all, at, catalog).unwrap();
        let same = { of_roles.last_mut() }
            .filter(|(_, old)| old.trial.reference.role == new.trial.reference.role);
        match same {
            Some(old) if new.fit.is_better_alternative(old.1.fit) => *old = (at, new),
            Some(_) => {}
            None => of_roles.push((at, new)),
        }
    }
    let by_hand = of_roles.into_iter().reduce(|old, new| {
        if new.1.fit.is_better_role(old.1.fit) {
            new
        } else {
            old
        }
    });
    let by_hand = by_hand.map(outcome).filter(|(_, granted, _)| *granted > 0);
    let some = Candidates::new(&policies, against, &settings);
    let found = best(&some, catalog).map(outcome);
    let found = found.filter(|(_, granted, _)| *granted > 0);
    (by_hand, found, all.all.len() - some.ready_count())
}

fn document(statements: &[String]) -> String {
    let statements = statements.join(", ");
    format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#)
}

#[test]
fn what_is_left_out_never_fits() {
    let against = against("slurm", "3.16.3");
    let all = against.references().len();
    let mut left_out = 0;
    let wrong: Vec<String> = [
        ("Allow", "Action", "braket:*"),
        ("Allow", "Action", "sqs:SendMessage"),
        ("Allow", "Action", "S3:get*"),
        ("Allow", "Action", "dynamodb:Query"),
        ("Allow", "Action", "iam:Pass????"),
        ("Allow", "Action", "*:Describe*"),
        ("Allow", "NotAction", "iam:*"),
        ("Deny", "Action", "ec2:RunInstances"),
    ]
    .into_iter()
    .filter_map(|(effect, element, action)| {
        let one = format!(r#"{{"Effect": "{effect}", "{element}": "{action}", "Resource": "*"}}"#);
        let (by_hand, found, unseen) = both(&document(&[one]), &against);
        left_out += unseen;
        (by_hand != found).then(|| format!("{action}: {by_hand:?} {found:?}"))
    })
    .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(left_out > all, "{left_out} of {all}");
}

/// Part of what some role requires, with actions of others, wildcards and denials.
#[test]
fn the_role_that_fits_best_is_the_best_of_all() {
    let given = std::env::var("PCLUSTER_IAM_CASES").ok();
    let given = given.and_then(|n| n.parse().ok());
    let config = Config {
        cases: given.unwrap_or(150),
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = if given.is_some() {
        TestRunner::new(config)
    } else {
        let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        TestRunner::new_with_rng(config, random)
    };
    let all: Vec<Against> = [
        ("slurm", "3.16.3"),
        ("slurm", "3.0.0"),
        ("awsbatch", "3.8.0"),
        ("torque", "2.4.1"),
        ("awsbatch", "2.11.9"),
    ]
    .map(|(scheduler, release)| against(scheduler, release))
    .into();
    let index = any::<prop::sample::Index>;
    // Which statement of a role, how many of its actions, and in which form.
    let statement = (index(), 1..30_usize, 0..8_u8);
    let policy = prop::collection::vec((index(), prop::collection::vec(statement, 1..12)), 1..3);
    let mut left_out = std::cell::Cell::new(0);
    let result = runner.run(&(index(), policy), |(against, policy)| {
        let against = &all[against.index(all.len())];
        let mut written = Vec::new();
        for (role, statements) in policy {
            let references = against.references();
            let own = &references[role.index(references.len())].statements;
            for (of, count, form) in statements {
                let of = &own[of.index(own.len())];
                let actions: Vec<String> = { of.action.values.iter().take(count) }
                    .map(|action| match form {
                        1 => format!(
                            "{}*",
                            action
                                .get(..action.len().saturating_sub(4))
                                .unwrap_or(action)
                        ),
                        _ => action.clone(),
                    })
                    .collect();
                let effect = if form == 2 { "Deny" } else { "Allow" };
                let resources = match form {
                    3 | 4 => vec!["*".to_owned()],
                    _ => of.resource.values.clone(),
                };
                let one =
                    serde_json::json!({"Effect": effect, "Action": actions, "Resource": resources});
                written.push(one.to_string());
            }
        }
        let text = document(&written);
        let (by_hand, found, unseen) = both(&text, against);
        left_out.set(left_out.get() + unseen);
        prop_assert_eq!(by_hand, found, "{}", text);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(*left_out.get_mut() > 500, "{left_out:?}");
}

#[test]
fn a_policy_that_grants_nothing_fits_no_role() {
    let against = against("slurm", "3.16.3");
    let text =
        document(&[r#"{"Effect": "Allow", "Action": "braket:*", "Resource": "*"}"#.to_owned()]);
    let parsed = parser::parse(SourceId(0), &Source::new("p.json", text));
    let policies: Vec<&Policy> = parsed.policies.iter().collect();
    let settings = Settings::default();
    let candidates = Candidates::new(&policies, &against, &settings);
    let fitting = fitting(&candidates, Catalog::embedded(), &against);
    assert!(fitting.is_err_and(|none| none.part.is_none()));
}
