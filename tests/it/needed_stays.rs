//! `--fix` and `tighten` keep everything that the program itself calls needed, for every reference and feature: rows,
//! known gaps, features that nobody named. A sample; `PCLUSTER_IAM_REFERENCES=0` tries all.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::common::program::run;
use crate::common::table::each;
use pcluster_iam::reference::{self, Feature, Release};
use serde_json::{Value, json};

/// The lints on what is missing.
const COVERAGE: [&str; 8] = [
    "conditional-grant",
    "denied-action",
    "feature-gap",
    "generated-gap",
    "known-gap",
    "missing-action",
    "partial-resource",
    "undecided",
];

/// What is missing, by lint, severity and action.
fn missing(folder: &Path, options: &[&str]) -> BTreeSet<String> {
    let got = run(
        folder,
        &[&["lint", "p.json", "-f", "json"], options].concat(),
    );
    let report: Value =
        serde_json::from_str(&got.out).unwrap_or_else(|e| panic!("{e}: {}", got.err));
    let results = report["results"].as_array().unwrap().iter();
    let findings = results.flat_map(|r| r["findings"].as_array().unwrap());
    findings
        .filter(|f| COVERAGE.contains(&f["lint"].as_str().unwrap()))
        .flat_map(|f| {
            let actions = f["actions"].as_array().unwrap().iter();
            actions.map(|a| format!("{} {} {a}", f["lint"], f["severity"]))
        })
        .collect()
}

fn write(folder: &Path, statements: &[Value]) {
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    fs::write(folder.join("p.json"), policy.to_string()).unwrap();
}

/// Whether anything was tried: a policy of all that is needed, each action a wildcard of its service, or on everything.
fn holds(options: &[&str], all_resources: bool, shown: &str) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let other = json!({"Effect": "Allow", "Action": "sqs:PurgeQueue", "Resource": "*"});
    write(folder, std::slice::from_ref(&other));
    let needed: BTreeSet<String> = missing(folder, options)
        .iter()
        .filter_map(|one| one.rsplit(' ').next())
        .map(|action| action.trim_matches('"').to_owned())
        .collect();
    let mut statements = vec![other];
    for (at, action) in needed.iter().enumerate() {
        let service = action.split(':').next().unwrap();
        let (action, resource) = match (all_resources, at % 2) {
            (true, _) => (action.clone(), "*"),
            (false, 0) => (format!("{service}:*"), "*"),
            (false, _) => (action.clone(), "arn:aws:*:*:*:*"),
        };
        statements.push(json!({"Effect": "Allow", "Action": action, "Resource": resource}));
    }
    write(folder, &statements);
    let text = fs::read_to_string(folder.join("p.json")).unwrap();
    let before = missing(folder, options);
    each(
        [&["tighten", "--write"][..], &["lint", "--fix"]],
        |command| {
            fs::write(folder.join("p.json"), &text).unwrap();
            run(folder, &[command, &["p.json"], options].concat());
            let lost: Vec<String> = missing(folder, options)
                .difference(&before)
                .cloned()
                .collect();
            assert!(lost.is_empty(), "{shown} {command:?}: {lost:?}");
        },
    );
}

#[test]
fn what_is_needed_stays_for_every_reference_and_feature() {
    let sample = std::env::var("PCLUSTER_IAM_REFERENCES").ok();
    let step = match sample.as_deref() {
        Some("0") => 1,
        _ => 1499,
    };
    let mut tried = 0;
    let mut at = 0;
    for release in Release::all().map(|r| r.to_string()) {
        for scheduler in reference::schedulers_in(&release) {
            for role in reference::roles_for(scheduler, &release).unwrap() {
                let named = Feature::all().map(Feature::name);
                for feature in named.chain(["none", ""]) {
                    at += 1;
                    if at % step != 0 {
                        continue;
                    }
                    let place = [
                        "--no-config",
                        "--region",
                        "us-east-1",
                        "--account",
                        "123456789012",
                    ];
                    let chosen = [
                        "--role",
                        role,
                        "--scheduler",
                        scheduler,
                        "--pcluster-version",
                        &release,
                    ];
                    let feature_option = ["--feature", feature];
                    let feature_option: &[&str] = match feature {
                        "" => &[],
                        _ => &feature_option,
                    };
                    let options = [&place[..], &chosen, feature_option].concat();
                    let shown = format!("{role} {scheduler} {release} {feature}");
                    holds(&options, at % 2 == 0, &shown);
                    tried += 1;
                }
            }
        }
    }
    assert!(tried >= 3, "{tried} of {at}");
}
