//! `pcluster-iam tighten`: what was covered stays covered, nothing becomes wider, and a second time changes nothing.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::evaluator::{self, Statement};
use crate::common::world::{self, Case};
use crate::common::{engine, remedy as texts};
use pcluster_iam::catalog::Catalog;
use pcluster_iam::check::{self, Chosen, Settings};
use pcluster_iam::diff::excess::ExcessReport;
use pcluster_iam::parser::{self, Effect, Source, SourceId};
use pcluster_iam::reference::{self, Reference};
use pcluster_iam::remedy::{self, Tightened};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

fn tighten(files: &[String], chosen: &Chosen, settings: &Settings) -> Option<Tightened> {
    let names = vec!["p.json"; files.len()];
    let catalog = Catalog::embedded();
    let input = remedy::Input {
        names: &names,
        read: &remedy::read_policy,
    };
    remedy::tighten(catalog, input, files.to_vec(), chosen, settings, vec![]).ok()
}

/// What must hold whatever the policies are. `None` where they are refused.
fn holds(
    files: &[String],
    chosen: &Chosen,
    settings: &Settings,
) -> Result<Option<Tightened>, String> {
    let Some(found) = tighten(files, chosen, settings) else {
        return Ok(None);
    };
    let after = &found.texts;
    let rows = |files: &[String]| -> Vec<_> {
        let rows = texts::rows(files, chosen, settings).into_iter();
        rows.map(|r| r.row).collect()
    };
    if let Some(lost) = remedy::lost(&rows(files), &rows(after)) {
        return Err(format!("lost {lost:?}\n{files:#?}\n{after:#?}"));
    }
    if !found.narrowed.is_empty() {
        let again = tighten(after, chosen, settings).ok_or("a second time is refused")?;
        if again.texts != *after || again.left.len() != found.left.len() {
            return Err(format!("a second time\n{files:#?}\n{after:#?}\n{again:#?}"));
        }
    }
    for (old, new) in files.iter().zip(after) {
        narrower(old, new)?;
    }
    if found.narrowed.is_empty() != (files == after.as_slice()) {
        return Err(format!("{:?} does not say what changed", found.narrowed));
    }
    told(files, &found, chosen, settings)?;
    Ok(Some(found))
}

/// The statements that go too far afterwards went too far before, and each is told with a reason.
fn told(
    files: &[String],
    found: &Tightened,
    chosen: &Chosen,
    settings: &Settings,
) -> Result<(), String> {
    let excess = |files: &[String]| {
        let policies = texts::policies(files);
        check::excess(Catalog::embedded(), &policies, &chosen.reference, settings)
    };
    let (before, after) = (excess(files), excess(&found.texts));
    let statements = |report: &ExcessReport| -> BTreeSet<usize> {
        let undecided = report.undecided.iter().map(|(s, _)| *s);
        report
            .found
            .iter()
            .map(|e| e.statement)
            .chain(undecided)
            .collect()
    };
    let (before, after) = (statements(&before), statements(&after));
    if !after.is_subset(&before) {
        return Err(format!("{after:?} go too far, before only {before:?}"));
    }
    if after.len() != found.left.len() {
        return Err(format!("{after:?} go too far, told {:?}", found.left));
    }
    Ok(())
}

/// Only strings of `Action` and `Resource` of Allow statements may differ, and each that is new lies within an old one of
/// its list. No list is empty, no statement goes.
fn narrower(old: &str, new: &str) -> Result<(), String> {
    let parse = |text: &str| parser::parse(SourceId(0), &Source::new("p", text)).policies;
    let (before, after) = (parse(old), parse(new));
    let flaw = |what: &str| Err(format!("{what}\n{old}\n{new}"));
    if before.len() != after.len() {
        return flaw("a policy came or went");
    }
    for (before, after) in before.iter().zip(&after) {
        if before.statements.len() != after.statements.len() {
            return flaw("a statement came or went");
        }
        for (b, a) in before.statements.iter().zip(&after.statements) {
            let same = b.sid == a.sid
                && b.effect == a.effect
                && b.conditions == a.conditions
                && b.action.as_ref().map(|e| e.negated) == a.action.as_ref().map(|e| e.negated)
                && b.resource.as_ref().map(|e| e.negated) == a.resource.as_ref().map(|e| e.negated);
            if !same {
                return flaw("more than strings changed");
            }
            let lists = [(&b.action, &a.action), (&b.resource, &a.resource)];
            for (at, (b, a)) in lists.into_iter().enumerate() {
                let (Some(b), Some(a)) = (b, a) else { continue };
                if a.values == b.values {
                    continue;
                }
                if b.negated || before_is_deny(&before.statements, b) || a.values.is_empty() {
                    return flaw("a list changed that must not");
                }
                let within = |text: &str| {
                    b.values.iter().any(|b| {
                        if at == 0 {
                            b.value == text || evaluator::action_matches(&b.value, text)
                        } else {
                            b.value == text || evaluator::resource_matches(&b.value, text)
                        }
                    })
                };
                if let Some(wider) = a.values.iter().find(|a| !within(&a.value)) {
                    return flaw(&format!("{} is wider", wider.value));
                }
            }
        }
    }
    Ok(())
}

fn before_is_deny(statements: &[parser::Statement], element: &parser::Element) -> bool {
    statements.iter().any(|s| {
        let own = [&s.action, &s.resource];
        let holds = own
            .into_iter()
            .flatten()
            .any(|e| e.value_span == element.value_span);
        holds && s.effect.as_ref().is_none_or(|e| e.value == Effect::Deny)
    })
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
            let found = holds(&files, &chosen, &settings)
                .unwrap_or_else(|e| panic!("{} {role}: {e}", path.display()));
            // Of policies that are encoded or undecided none is narrowed.
            let Some(found) = found else { continue };
            tried += 1;
            changed += usize::from(!found.narrowed.is_empty());
        }
    }
    println!("{tried} tried, {changed} changed");
    assert!(tried > 60 && changed > 30, "{tried} {changed}");
}

/// A reference made broader: every action a wildcard of its service, or every resource `*`, or both; and all in one
/// statement.
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
    let references = texts::references(24);
    let mut changed = 0;
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for reference in &references {
        let values = texts::values(reference);
        for (at, text) in broader(reference, &values).into_iter().enumerate() {
            let mut settings = texts::settings(&values);
            let files = vec![text];
            let chosen = texts::choose(&files, reference, &mut settings);
            let found = holds(&files, &chosen, &settings)
                .unwrap_or_else(|e| panic!("{:?} {at}: {e}", reference.role))
                .unwrap();
            assert!(
                !found.narrowed.is_empty() || at != 1,
                "{:?}: `*` stays: {:?}",
                reference.role,
                found.left
            );
            changed += found.narrowed.len();
            for left in &found.left {
                let why = format!("{:?}", left.why);
                let kind = why.split(['"', '[']).next().unwrap().to_owned();
                *reasons.entry(format!("{at} {kind}")).or_default() += 1;
            }
        }
    }
    println!(
        "{} references, {changed} statements changed",
        references.len()
    );
    println!("{reasons:#?}");
}

/// Several files are one role: each is narrowed by what the reference requires, none by what another one grants.
#[test]
fn no_file_relies_on_another() {
    for reference in texts::references(50) {
        let values = texts::values(&reference);
        let broad = broader(&reference, &values);
        let settings = || texts::settings(&values);
        let alone = |text: &String| {
            let mut settings = settings();
            let files = vec![text.clone()];
            let chosen = texts::choose(&files, &reference, &mut settings);
            tighten(&files, &chosen, &settings).unwrap().texts.remove(0)
        };
        // The same broad policy twice, and beside the exact one.
        let files = vec![
            broad[1].clone(),
            broad[4].clone(),
            broad[1].clone(),
            broad[0].clone(),
        ];
        let mut settings = settings();
        let chosen = texts::choose(&files, &reference, &mut settings);
        let found = holds(&files, &chosen, &settings).unwrap().unwrap();
        let each: Vec<String> = files.iter().map(alone).collect();
        assert_eq!(found.texts, each, "{:?}", reference.role);
    }
}

#[test]
fn random_policies_keep_what_they_cover() {
    let mut runner = TestRunner::new(Config {
        cases: texts::cases(48),
        failure_persistence: None,
        max_shrink_iters: 100,
        max_shrink_time: 20_000,
        ..Config::default()
    });
    let [changed, left, refused] = [(); 3].map(|()| Cell::new(0));
    let try_it = |case: Case| {
        let (reference, mut settings) = engine::settings(&case);
        let files = case.policies_json();
        let chosen = texts::choose(&files, &reference, &mut settings);
        let found = holds(&files, &chosen, &settings);
        let found = found.and_then(|found| {
            let Some(found) = found else {
                refused.set(refused.get() + 1);
                return Ok(());
            };
            changed.set(changed.get() + found.narrowed.len());
            left.set(left.get() + found.left.len());
            if found.narrowed.is_empty() {
                return Ok(());
            }
            let after: Vec<Vec<Statement>> = { found.texts.iter() }
                .map(|text| evaluator::statements(&serde_json::from_str(text).unwrap()))
                .collect();
            match world::flaw(&case, &after) {
                None => Ok(()),
                Some((action, resource, what)) => {
                    let after = found.texts;
                    Err(format!(
                        "{action} on {resource} {what}\n{files:#?}\n{after:#?}"
                    ))
                }
            }
        });
        prop_assert!(
            found.is_ok(),
            "{}\n{}",
            case.reference_json(),
            found.unwrap_err()
        );
        Ok(())
    };
    // Beside random policies one that is meant for the reference and allows too much.
    let cases = world::case().prop_flat_map(|case| {
        world::broader(case.reference.clone()).prop_map(move |broad| {
            let mut case = case.clone();
            case.policies.push(broad);
            case
        })
    });
    if let Err(error) = runner.run(&cases, try_it) {
        panic!("{error}");
    }
    let [changed, left, refused] = [changed, left, refused].map(|c| c.get());
    println!("{changed} statements changed, {left} left, {refused} cases refused");
    assert!(changed > 10 && left > 10 && refused < 10);
}
