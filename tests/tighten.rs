//! `pcluster-iam tighten`: what was covered stays covered, nothing becomes wider, and a second time changes nothing.

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

use std::cell::Cell;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::world::{self, Case};
use common::{engine, remedy as texts, role};
use pcluster_iam::catalog::Catalog;
use pcluster_iam::check::{self, Chosen, Settings};
use pcluster_iam::diff::Verdict;
use pcluster_iam::edit;
use pcluster_iam::parser::{self, Source, SourceId};
use pcluster_iam::reference::{self, Reference};
use pcluster_iam::remedy;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn run(folder: &Path, arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_pcluster-iam"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn narrowed(files: &[String], chosen: &Chosen, settings: &Settings) -> Vec<String> {
    let names = vec!["p.json"; files.len()];
    let catalog = Catalog::embedded();
    remedy::tighten(catalog, &names, files.to_vec(), chosen, settings).texts
}

/// What must hold whatever the policies are. Gives how many files changed.
fn holds(files: &[String], chosen: &Chosen, settings: &Settings) -> Result<usize, String> {
    let after = narrowed(files, chosen, settings);
    let rows = |files: &[String]| -> Vec<_> {
        let rows = texts::rows(files, chosen, settings).into_iter();
        rows.map(|r| r.row).collect()
    };
    if let Some(lost) = remedy::lost(&rows(files), &rows(&after)) {
        return Err(format!("lost {lost:?}\n{files:#?}\n{after:#?}"));
    }
    let again = narrowed(&after, chosen, settings);
    if again != after {
        return Err(format!("a second time\n{files:#?}\n{after:#?}\n{again:#?}"));
    }
    let excess = |files: &[String]| {
        let policies = texts::policies(files);
        check::excess(Catalog::embedded(), &policies, &chosen.reference, settings)
    };
    // A wildcard can become several actions, each too broad: fewer actions go too far all the same.
    let count =
        |files: &[String]| -> usize { excess(files).found.iter().map(|e| e.actions.len()).sum() };
    let changed = files.iter().zip(&after).filter(|(a, b)| a != b).count();
    if changed == 0 && count(files) != count(&after) {
        return Err("nothing changed but the excess".to_owned());
    }
    wider(files, &after)?;
    Ok(changed)
}

/// Takes the narrowed Allow statements as what is required: the old ones must cover it. Policy variables and
/// placeholders mean something else in a reference; policies with them are not asked.
fn wider(before: &[String], after: &[String]) -> Result<(), String> {
    for (old, new) in before.iter().zip(after) {
        if old.contains("${") || old == new {
            continue;
        }
        let allows = |text: &str| -> String {
            let mut value: Value = serde_json::from_str(text).unwrap();
            if let Some(statements) = value["Statement"].as_array_mut() {
                statements.retain(|s| s["Effect"] == "Allow");
            }
            value.to_string()
        };
        let settings = Settings {
            given: [("Region", "*"), ("Account", "*"), ("Partition", "*")]
                .map(|(n, v)| (n.to_owned(), v.to_owned(), "test".to_owned()))
                .to_vec(),
            ..Settings::default()
        };
        let source = Source::new("new", allows(new));
        let reference = reference::from_policies(&parser::parse(SourceId(0), &source).policies);
        let policies = texts::policies(&[allows(old)]);
        for row in check::coverage(Catalog::embedded(), &policies, &reference, &settings) {
            if row.row.verdict != Verdict::Covered && row.contested.is_none() {
                return Err(format!("wider: {:?}\n{old}\n{new}", row.row));
            }
        }
    }
    Ok(())
}

fn all_json(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all_json(&path, out);
        } else if path.extension().is_some_and(|e| e == "json") {
            out.push(path);
        }
    }
}

#[test]
fn every_fixture_keeps_what_it_covers() {
    let mut paths = Vec::new();
    all_json(
        &PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures"),
        &mut paths,
    );
    paths.sort();
    let mut changed = 0;
    let mut tried = 0;
    for path in &paths {
        let Ok(text) = fs::read_to_string(path) else {
            continue;
        };
        let files = vec![text];
        if texts::policies(&files).is_empty() {
            continue;
        }
        for (role, scheduler) in [("instance", "torque"), ("user", "awsbatch")] {
            let reference = reference::select(role, scheduler, "2.4.1").unwrap();
            let mut settings = Settings::default();
            let chosen = texts::choose(&files, &reference, &mut settings);
            tried += 1;
            changed += holds(&files, &chosen, &settings)
                .unwrap_or_else(|e| panic!("{} {role}: {e}", path.display()));
        }
    }
    println!("{tried} tried, {changed} changed");
    assert!(tried > 60 && changed > 30, "{tried} {changed}");
}

/// A reference made broader: every action a wildcard of its service, or every resource `*`, or both.
fn broader(reference: &Reference, values: &[(String, String)]) -> Vec<String> {
    let bind = |name: &str| {
        let mut all = values.iter();
        all.find(|(n, _)| n == name).map(|(_, v)| v.clone())
    };
    let whole: Value = serde_json::from_str(&reference::render(reference, &bind)).unwrap();
    let mut all = vec![
        whole.to_string(),
        json!({"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"}]}).to_string(),
    ];
    for (actions, resources) in [(true, false), (false, true), (true, true)] {
        let mut policy = whole.clone();
        for statement in policy["Statement"].as_array_mut().unwrap() {
            if statement["Effect"] != "Allow" {
                continue;
            }
            if actions && statement.get("Action").is_some() {
                let first = statement["Action"]
                    .as_str()
                    .or(statement["Action"][0].as_str());
                let service = first.unwrap().split(':').next().unwrap().to_owned();
                statement["Action"] = json!(format!("{service}:*"));
            }
            if resources && statement.get("Resource").is_some() {
                statement["Resource"] = json!("*");
            }
        }
        all.push(serde_json::to_string_pretty(&policy).unwrap());
    }
    all
}

#[test]
fn every_reference_made_broader_keeps_what_it_covers() {
    let references = texts::references(9);
    let mut changed = 0;
    for reference in &references {
        let values = texts::values(reference);
        for (at, text) in broader(reference, &values).into_iter().enumerate() {
            let mut settings = texts::settings(&values);
            let files = vec![text];
            let chosen = texts::choose(&files, reference, &mut settings);
            let now = holds(&files, &chosen, &settings)
                .unwrap_or_else(|e| panic!("{:?} {at}: {e}", reference.role));
            assert!(now == 1 || at != 1, "{:?}: `*` stays", reference.role);
            changed += now;
        }
    }
    println!("{} references, {changed} changed", references.len());
}

#[test]
fn random_policies_keep_what_they_cover() {
    let mut runner = TestRunner::new(Config {
        cases: texts::cases(300),
        failure_persistence: None,
        max_shrink_iters: 300,
        ..Config::default()
    });
    let changed = Cell::new(0);
    let try_it = |case: Case| {
        let (reference, mut settings) = engine::settings(&case);
        let files = case.policies_json();
        let chosen = texts::choose(&files, &reference, &mut settings);
        match holds(&files, &chosen, &settings) {
            Ok(now) => {
                changed.set(changed.get() + now);
                Ok(())
            }
            Err(problem) => {
                prop_assert!(false, "{}\n{problem}", case.reference_json());
                Ok(())
            }
        }
    };
    if let Err(error) = runner.run(&world::case(), try_it) {
        panic!("{error}");
    }
    println!("{} files changed", changed.get());
    assert!(changed.get() > 50);
}

#[test]
fn nothing_stays_too_broad_where_statements_can_say_it() {
    let reference = reference::select("instance", "torque", "2.4.1").unwrap();
    let values = texts::values(&reference);
    let mut settings = texts::settings(&values);
    let files = vec![role::fixture("examples/head-node.json")];
    let chosen = texts::choose(&files, &reference, &mut settings);
    let after = narrowed(&files, &chosen, &settings);
    assert!(!after[0].contains("s3:*"), "{}", after[0]);
    assert!(!after[0].contains(r#""Resource": "*"\n    },\n    {\n      "Sid": "S3Put"#));
    let diff = edit::unified("p.json", &files[0], &after[0]);
    let removed: Vec<&str> = diff.lines().filter(|l| l.starts_with("-  ")).collect();
    assert_eq!(
        removed,
        ["-      \"Action\": \"s3:*\",", "-      \"Resource\": \"*\""],
        "{diff}"
    );
}

#[test]
fn the_diff_applies() {
    let text = role::fixture("examples/head-node.json");
    let minified: Value = serde_json::from_str(&text).unwrap();
    let given = ["--role", "instance", "--scheduler", "torque"];
    for text in [
        text.clone(),
        text.replace('\n', "\r\n"),
        text.trim_end().replace("  ", "\t"),
        minified.to_string(),
        format!("\u{feff}{text}"),
    ] {
        for tool in [
            &["git", "apply", "-p1", "-"][..],
            &["patch", "-p1", "--binary", "-s"],
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path();
            fs::create_dir(path.join("iam")).unwrap();
            let file = path.join("iam/my policy.json");
            fs::write(&file, &text).unwrap();
            let name = "iam/my policy.json";
            let arguments = [&["tighten", name][..], &given].concat();
            let found = run(path, &arguments);
            assert_eq!(found.code, 0, "{}", found.err);
            assert_eq!(
                fs::read_to_string(&file).unwrap(),
                text,
                "it writes nothing"
            );
            let Ok(mut child) = Command::new(tool[0])
                .args(&tool[1..])
                .current_dir(path)
                .stdin(Stdio::piped())
                .spawn()
            else {
                continue;
            };
            child
                .stdin
                .take()
                .unwrap()
                .write_all(found.out.as_bytes())
                .unwrap();
            assert!(child.wait().unwrap().success(), "{tool:?}\n{}", found.out);
            let after = fs::read_to_string(&file).unwrap();
            assert!(after != text && !after.contains("s3:*"), "{after}");
            let again = run(path, &arguments);
            assert_eq!((again.code, again.out.as_str()), (0, ""), "{}", again.err);
        }
    }
}

#[test]
fn an_encoded_policy_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let policy = r#"{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"#;
    let text = json!({ "PolicyDocument": policy }).to_string();
    fs::write(folder.path().join("p.json"), text).unwrap();
    let found = run(
        folder.path(),
        &[
            "tighten",
            "p.json",
            "--role",
            "instance",
            "--scheduler",
            "torque",
        ],
    );
    assert_eq!((found.code, found.out.as_str()), (2, ""));
    assert!(found.err.contains("encoded in a string"), "{}", found.err);
}
