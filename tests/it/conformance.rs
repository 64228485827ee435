//! 300 policy sets whose verdicts were made by an independent program and checked against a public
//! IAM simulator: no false `covered`, no false alarm, every witness real.
//!
//! Each line of `fixtures/conformance/cases.jsonl` holds a reference, the documents of a role, and
//! for each statement and action as declared there the verdict, judged for every Region and account.
//! `contested` lists verdicts that another reading of AWS's pages gives.

use std::collections::BTreeMap;

use crate::common::evaluator::{self, Known, Sure};

use pcluster_iam::catalog::Catalog;
use pcluster_iam::check::{self, Settings};
use pcluster_iam::diff::{Row, Verdict};
use pcluster_iam::lints::File;
use pcluster_iam::parser::{self, Policy, Source, Sources};
use pcluster_iam::reference;
use serde_json::Value;

fn judge(case: &Value) -> Vec<Row> {
    let mut sources = Sources::new();
    let mut load = |document: &Value| {
        let source = sources.add(Source::new("policy.json", document.to_string()));
        let document = parser::parse(source, sources.get(source));
        File::new(source, document)
    };
    let reference = reference::from_policies(&load(&case["reference"]).document.policies);
    let documents = case["policies"].as_array().unwrap();
    let policies: Vec<Policy> = documents
        .iter()
        .flat_map(|d| load(d).document.policies)
        .collect();
    let boundary = Some(&case["boundary"]).filter(|b| !b.is_null());
    let scps = case["scps"].as_array().unwrap();
    let given = [("Region", "*"), ("Account", "*"), ("Partition", "aws")];
    let settings = Settings {
        given: given
            .map(|(n, v)| (n.to_owned(), v.to_owned(), "test".to_owned()))
            .to_vec(),
        boundary: boundary.map(&mut load),
        scps: scps.iter().map(|level| vec![load(level)]).collect(),
        // The evaluators know nothing of what IAM rejects.
        once_repaired: true,
        ..Settings::default()
    };
    let found = check::coverage(Catalog::embedded(), &policies, &reference, &settings);
    found.into_iter().map(|r| r.row).collect()
}

/// The verdict of an action as declared, from those of the actions that it stands for.
fn fold(rows: &[&Row]) -> &'static str {
    let all = |allowed: &[Verdict]| rows.iter().all(|r| allowed.contains(&r.verdict));
    if all(&[Verdict::Covered]) {
        "covered"
    } else if all(&[Verdict::Covered, Verdict::Conditional]) {
        "conditional"
    } else if all(&[Verdict::Denied]) {
        "denied"
    } else if all(&[Verdict::Missing, Verdict::Denied]) {
        "missing"
    } else {
        "partial"
    }
}

#[test]
fn every_verdict_is_the_expected_one() {
    let text = include_str!("../../fixtures/conformance/cases.jsonl");
    let (mut cases, mut verdicts, mut witnesses, mut contested) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        cases += 1;
        let rows = judge(&case);
        let known = Known::default();
        let needed = evaluator::statements(&case["reference"]);
        let documents = case["policies"].as_array().unwrap();
        let granted: Vec<_> = documents.iter().flat_map(evaluator::statements).collect();
        let limits = Some(&case["boundary"]).filter(|b| !b.is_null());
        let limits = limits.into_iter().chain(case["scps"].as_array().unwrap());
        let mut layers = vec![granted];
        layers.extend(limits.map(evaluator::statements));
        for row in &rows {
            let Some(witness) = &row.witness else {
                continue;
            };
            witnesses += 1;
            let (action, resource) = (&witness.action, &witness.resource);
            let required = needed[row.statement].applies(action, resource, &known) == Sure::Yes;
            let (sure, possible, denied) = evaluator::layered(&layers, action, resource, &known);
            let shown = match row.verdict {
                Verdict::Conditional => !sure && possible,
                Verdict::Denied => denied,
                _ => !possible,
            };
            if !(required && shown) {
                wrong.push(format!(
                    "{}: {witness:?} does not show {:?}",
                    case["id"], row.verdict
                ));
            }
        }
        let mut by_action: BTreeMap<(usize, &str), Vec<&Row>> = BTreeMap::new();
        for row in &rows {
            by_action
                .entry((row.statement, &row.declared_as))
                .or_default()
                .push(row);
        }
        for expected in case["expected"].as_array().unwrap() {
            verdicts += 1;
            let statement = usize::try_from(expected["statement"].as_u64().unwrap()).unwrap();
            let action = expected["action"].as_str().unwrap();
            let rows = by_action
                .get(&(statement, action))
                .map_or(&[][..], Vec::as_slice);
            let found = if rows.is_empty() {
                "no row"
            } else {
                fold(rows)
            };
            let others = expected["contested"].as_array();
            let accepted = others.is_some_and(|o| o.iter().any(|v| v == found));
            if expected["verdict"] == found {
                continue;
            }
            if accepted {
                contested += 1;
                continue;
            }
            wrong.push(format!(
                "{} {statement} {action}: {found}, expected {expected}",
                case["id"]
            ));
        }
    }
    println!(
        "{cases} cases, {verdicts} verdicts ({contested} by another reading), {witnesses} witnesses"
    );
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(cases, 300);
    assert!(verdicts > 5_000);
}
