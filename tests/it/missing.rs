//! `pcluster-iam missing`: what it prints grants what lacks, nothing else, and nothing twice.

use std::cell::Cell;
use std::fs;

use crate::common::program::run;
use crate::common::world::{self, Case};
use crate::common::{engine, remedy as texts, role};
use pcluster_iam::catalog::Catalog;
use pcluster_iam::check::{Against, Settings};
use pcluster_iam::diff::Verdict;
use pcluster_iam::finding::Severity;
use pcluster_iam::lints;
use pcluster_iam::parser::{self, Source, SourceId};
use pcluster_iam::reference::{self, Reference};
use pcluster_iam::remedy::{self, Missing};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

const EMPTY: &str = r#"{"Version": "2012-10-17", "Statement": []}"#;

/// What lacks, and the texts with it.
fn filled(start: &str, reference: &Reference, settings: &mut Settings) -> (Missing, Vec<String>) {
    let mut files = vec![start.to_owned()];
    let chosen = texts::choose(&files, reference, settings);
    let policies = texts::policies(&files);
    let missing = remedy::missing(Catalog::embedded(), &policies, &chosen, settings);
    files.extend(missing.documents.iter().cloned());
    let again = remedy::missing(
        Catalog::embedded(),
        &texts::policies(&files),
        &chosen,
        settings,
    );
    assert!(again.documents.is_empty(), "{:#?}", again.documents);
    (missing, files)
}

/// A reference with its placeholders filled in.
fn whole(reference: &Reference, values: &[(String, String)]) -> Value {
    let bind = |name: &str| {
        let mut all = values.iter();
        all.find(|(n, _)| n == name).map(|(_, v)| v.clone())
    };
    serde_json::from_str(&reference::render(reference, &bind)).unwrap()
}

/// The whole policy, every second statement of it, and one action less.
fn starts(whole: &Value) -> Vec<String> {
    let statements = whole["Statement"].as_array().unwrap();
    let half: Vec<&Value> = statements.iter().step_by(2).collect();
    let mut one_less = whole.clone();
    let first = &mut one_less["Statement"][0];
    match first["Action"].as_array_mut() {
        Some(actions) if actions.len() > 1 => {
            actions.remove(0);
        }
        _ => {
            one_less["Statement"].as_array_mut().unwrap().remove(0);
        }
    }
    vec![
        EMPTY.to_owned(),
        json!({ "Version": "2012-10-17", "Statement": half }).to_string(),
        one_less.to_string(),
    ]
}

#[test]
fn with_the_missing_permissions_every_reference_lints_clean() {
    let references = texts::references(6);
    for reference in &references {
        let values = texts::values(reference);
        let given: Vec<(&str, &str)> = values
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let against = Against::role(reference.clone());
        for (at, start) in starts(&whole(reference, &values)).iter().enumerate() {
            let mut settings = texts::settings(&values);
            let (missing, files) = filled(start, reference, &mut settings);
            let what = format!("{:?} {:?}, start {at}", reference.role, reference.policy);
            assert!(missing.left.is_empty(), "{what}: {:#?}", missing.left);
            assert!(missing.unbound.is_empty(), "{what}: {:?}", missing.unbound);
            assert!(!missing.documents.is_empty(), "{what}");
            let lint = |files: &[&str]| {
                let files: Vec<(&str, &str)> = files.iter().map(|f| ("p.json", *f)).collect();
                role::report_against(&files, &against, &given)
                    .results
                    .remove(0)
            };
            // An empty policy has a finding of its own, and a reference what it says in vain.
            let before = lint(&[start]);
            let documents: Vec<&str> = files.iter().skip(1).map(String::as_str).collect();
            let after = if at == 0 {
                lint(&documents)
            } else {
                lint(&files.iter().map(String::as_str).collect::<Vec<_>>())
            };
            let old =
                |message: &str| at > 0 && before.findings.iter().any(|f| f.message == message);
            let new: Vec<String> = after
                .findings
                .iter()
                .filter(|f| !old(&f.message))
                // What AWS's own text says twice or too widely is no gap.
                .filter(|f| {
                    f.severity == Severity::Error
                        || f.lint == "known-gap"
                        || lints::is_about_coverage(f.lint)
                })
                .map(|f| format!("{} {}", f.lint, f.message))
                .collect();
            assert!(new.is_empty(), "{what}: {new:#?}\n{documents:#?}");
            let covered = after
                .requirements
                .iter()
                .all(|r| r.verdict == Verdict::Covered);
            assert!(covered, "{what}");
            for document in &documents {
                let size = document.chars().filter(|c| !c.is_whitespace()).count();
                assert!(size <= 6144, "{what}: {size}");
            }
        }
    }
    println!("{} references", references.len());
}

fn grants(case: &Case, granted: &Cell<usize>) -> Result<(), TestCaseError> {
    // Statements of a reference that IAM rejects are refused, too.
    let text = Source::new("r.json", case.reference_json());
    let problems = parser::parse(SourceId(0), &text).problems;
    if problems.iter().any(|p| p.rejected) {
        return Ok(());
    }
    let (reference, mut settings) = engine::settings(case);
    let mut files = case.policies_json();
    let chosen = texts::choose(&files, &reference, &mut settings);
    let policies = texts::policies(&files);
    let before = texts::rows(&files, &chosen, &settings);
    let missing = remedy::missing(Catalog::embedded(), &policies, &chosen, &settings);
    files.extend(missing.documents.iter().cloned());
    let after = texts::rows(&files, &chosen, &settings);
    let told = || format!("{}\n{files:#?}", case.reference_json());
    let rows = |all: &[pcluster_iam::diff::coverage::Requirement]| -> Vec<_> {
        all.iter().map(|r| r.row.clone()).collect()
    };
    let (before, after) = (rows(&before), rows(&after));
    prop_assert!(remedy::lost(&before, &after).is_none(), "{}", told());
    granted.set(granted.get() + missing.documents.len());
    let limited = case.boundary.is_some() || !case.scps.is_empty();
    for row in &after {
        let excused = limited || !row.denied_by.is_empty();
        prop_assert!(
            row.verdict == Verdict::Covered || excused,
            "{} is {:?}: {}",
            row.action,
            row.verdict,
            told()
        );
    }
    let policies = texts::policies(&files);
    let again = remedy::missing(Catalog::embedded(), &policies, &chosen, &settings);
    prop_assert!(
        again.documents.is_empty(),
        "{:#?}\n{}",
        again.documents,
        told()
    );
    Ok(())
}

#[test]
fn random_policies_have_no_gaps_afterwards_but_denied_actions() {
    let mut runner = TestRunner::new(Config {
        cases: texts::cases(400),
        failure_persistence: None,
        max_shrink_iters: 300,
        ..Config::default()
    });
    let granted = Cell::new(0);
    if let Err(error) = runner.run(&world::case(), |case| grants(&case, &granted)) {
        panic!("{error}");
    }
    println!("{} documents", granted.get());
    assert!(granted.get() > 50);
}

#[test]
fn a_policy_is_printed_ready_to_attach() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("p.json"), EMPTY).unwrap();
    let arguments = [
        "missing",
        "p.json",
        "--role",
        "instance",
        "--scheduler",
        "torque",
    ];
    let unbound = run(path, &arguments);
    assert_eq!(unbound.code, 0, "{}", unbound.err);
    assert!(
        unbound
            .out
            .contains("arn:aws:sqs:${Region}:${Account}:parallelcluster-*")
    );
    assert!(
        unbound.err.contains("no value is given for ${Account}"),
        "{}",
        unbound.err
    );
    let bound = [
        &arguments[..],
        &["--region", "us-east-1", "--account", "123456789012"],
    ]
    .concat();
    let found = run(path, &bound);
    let document: Value = serde_json::from_str(&found.out).unwrap();
    assert!(document["Statement"].as_array().unwrap().len() > 5);
    assert!(!found.out.contains("${"), "{}", found.out);
    fs::write(path.join("m.json"), &found.out).unwrap();
    let lint = run(
        path,
        &[
            "lint",
            "m.json",
            "--role",
            "instance",
            "--scheduler",
            "torque",
            "--fail-on",
            "note",
        ],
    );
    assert_eq!(lint.code, 0, "{}", lint.out);
    let mut nothing = bound.clone();
    nothing[1] = "m.json";
    let nothing = run(path, &nothing);
    assert_eq!(nothing.code, 0);
    assert!(
        nothing.err.contains("nothing is missing"),
        "{}",
        nothing.err
    );
    // AWS rejects a policy without statements.
    assert_eq!(nothing.out, "");
}

#[test]
fn denied_actions_are_reported_and_not_granted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let reference = r#"{"Statement": {"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"], "Resource": "arn:aws:sqs:us-east-1:123456789012:q"}}"#;
    fs::write(path.join("r.json"), reference).unwrap();
    let policy = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"},
        {"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "*"}]}"#;
    fs::write(path.join("p.json"), policy).unwrap();
    let found = run(path, &["missing", "p.json", "--reference", "r.json"]);
    assert_eq!(found.code, 0, "{}", found.err);
    assert!(!found.out.contains("SendMessage"), "{}", found.out);
    assert!(found.out.contains("sqs:ReceiveMessage"), "{}", found.out);
    let told = "still not covered: sqs:SendMessage on arn:aws:sqs:us-east-1:123456789012:q: a Deny blocks it";
    assert!(found.err.contains(told), "{}", found.err);
}

#[test]
fn conditions_come_along() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let reference = r#"{"Statement": {"Sid": "Pass", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::${Account}:role/x", "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}}"#;
    fs::write(path.join("r.json"), reference).unwrap();
    fs::write(path.join("p.json"), EMPTY).unwrap();
    let found = run(
        path,
        &[
            "missing",
            "p.json",
            "--reference",
            "r.json",
            "--account",
            "123456789012",
        ],
    );
    let document: Value = serde_json::from_str(&found.out).unwrap();
    assert_eq!(
        document["Statement"],
        json!([{
            "Sid": "Pass", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::123456789012:role/x",
            "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
        }])
    );
}

#[test]
fn what_is_too_large_for_one_policy_becomes_several() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let queue = |i: usize| format!("arn:aws:sqs:us-east-1:123456789012:{i}{}", "q".repeat(70));
    let queues: Vec<String> = (0..200).map(queue).collect();
    let reference = json!({"Statement": [{"Sid": "Q", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queues}]});
    fs::write(path.join("r.json"), reference.to_string()).unwrap();
    fs::write(path.join("p.json"), EMPTY).unwrap();
    let found = run(path, &["missing", "p.json", "--reference", "r.json"]);
    assert_eq!(found.code, 0, "{}", found.err);
    let documents: Vec<Value> = serde_json::from_str(&found.out).unwrap();
    assert!(documents.len() > 3);
    let mut names = Vec::new();
    for (at, document) in documents.iter().enumerate() {
        let text = document.to_string();
        assert!(text.len() <= 6144 && !text.contains(' '), "{}", text.len());
        let name = format!("m{at}.json");
        fs::write(path.join(&name), text).unwrap();
        names.push(name);
    }
    let files = names.iter().map(String::as_str);
    let arguments: Vec<&str> = ["lint"].into_iter().chain(files).collect();
    let lint = run(
        path,
        &[
            &arguments[..],
            &["--reference", "r.json", "--fail-on", "note"],
        ]
        .concat(),
    );
    assert_eq!(lint.code, 0, "{}", lint.out);
}

#[test]
fn what_cannot_be_judged_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("p.json"), "{").unwrap();
    let commands = ["missing", "tighten"];
    for command in commands {
        let found = run(
            path,
            &[
                command,
                "p.json",
                "--role",
                "instance",
                "--scheduler",
                "torque",
            ],
        );
        assert_eq!(found.code, 2);
        assert!(found.out.is_empty(), "{}", found.out);
        assert!(found.err.starts_with("error: p.json:1:"), "{}", found.err);
        let found = run(
            path,
            &[
                command,
                "no.json",
                "--role",
                "instance",
                "--scheduler",
                "torque",
            ],
        );
        assert_eq!(found.code, 2);
        assert!(found.err.contains("no.json"), "{}", found.err);
    }
}
