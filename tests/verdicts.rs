//! The engine against an obvious evaluator, on random small policies.
//!
//! The evaluator shares nothing with the engine: it asks of every concrete request of a small world
//! whether it is required, allowed, denied, and reads the verdict off the definition.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    unreachable_pub,
    missing_docs,
    reason = "a test may panic and print"
)]

mod common;

use common::world::{self, Case, Judge};
use pcluster_iam::catalog::Catalog;
use pcluster_iam::check::{self, Settings};
use pcluster_iam::diff::Row;
use pcluster_iam::lints::File;
use pcluster_iam::matcher::condition::{self, KeyValue};
use pcluster_iam::parser::{self, Policy, Source, Sources};
use pcluster_iam::reference;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

fn rows(case: &Case) -> Vec<Row> {
    let mut sources = Sources::new();
    let mut load = |text: String| {
        let source = sources.add(Source::new("policy.json", text));
        let document = parser::parse(source, sources.get(source));
        File { source, document }
    };
    let reference = reference::from_policies(&load(case.reference_json()).document.policies);
    let policies = case.policies_json().into_iter();
    let policies: Vec<Policy> = policies.flat_map(|p| load(p).document.policies).collect();
    let context = world::given().into_iter().map(|(key, values)| {
        let literals = |v: Vec<&str>| v.into_iter().map(condition::literal).collect();
        let value = values.map_or(KeyValue::Absent, |v| KeyValue::Values(literals(v)));
        (key.to_owned(), value)
    });
    let given = [
        ("Region", "*"),
        ("Account", "123456789012"),
        ("Partition", "aws"),
    ];
    let settings = Settings {
        given: given
            .map(|(n, v)| (n.to_owned(), v.to_owned(), "test".to_owned()))
            .to_vec(),
        context: context.collect(),
        boundary: case.boundary_json().map(&mut load),
        scps: case.scps_json().into_iter().map(load).collect(),
        ..Settings::default()
    };
    let found = check::coverage(Catalog::embedded(), &policies, &reference, &settings);
    found.into_iter().map(|r| r.row).collect()
}

fn agrees(case: &Case) -> Result<usize, TestCaseError> {
    let judge = Judge::new(case);
    let rows = rows(case);
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
        .unwrap_or(100_000);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    });
    let judged = std::cell::Cell::new(0usize);
    let result = runner.run(&world::case(), |case| {
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
