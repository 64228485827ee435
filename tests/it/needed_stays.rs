//! `--fix` and `tighten` keep everything that the program itself calls needed, for every reference and feature: rows,
//! known gaps, features that nobody named; and what `[[keep]]` and `[[ignore]]` name, and what attached policies of AWS
//! grant. A sample; `PCLUSTER_IAM_REFERENCES=0` tries all references that differ, in each of these ways. Then
//! `PCLUSTER_IAM_SHARE=0/2` and `1/2` are the halves.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use crate::common::program::run;
use crate::common::table::each;
use pcluster_iam::reference::{self, Feature, Features, Query, Release};
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

/// What a team grants on purpose.
const PURPOSE: &str = r#"
[[keep]]
actions = "states:StartExecution"
resources = "arn:aws:states:us-east-1:123456789012:stateMachine:jobs"
reason = "the jobs start it"
[[ignore]]
lint = "unneeded-action"
sid = "Ignored"
reason = "the jobs query"
"#;

/// What a role has besides its own policies.
const ATTACHED: [&str; 3] = [
    "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy",
    "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
    "arn:aws:iam::aws:policy/AWSBatchFullAccess",
];

/// The ways of a run, each tried for every reference.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Way {
    Plain,
    Purpose,
    Attached,
}

const WAYS: [Way; 3] = [Way::Plain, Way::Purpose, Way::Attached];

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

/// Tries a policy of all that is needed, each action a wildcard of its service, or on everything.
fn holds(options: &[&str], all_resources: bool, way: Way, shown: &str) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let attached: Vec<&str> = ATTACHED
        .iter()
        .flat_map(|arn| ["--attached", arn])
        .collect();
    let of_way: &[&str] = match way {
        Way::Plain => &["--no-config"],
        Way::Purpose => &[],
        Way::Attached => &attached,
    };
    let options = &[options, of_way].concat();
    if way == Way::Purpose {
        fs::write(folder.join("pcluster-iam.toml"), PURPOSE).unwrap();
    }
    write(
        folder,
        &[json!({"Effect": "Allow", "Action": "sqs:PurgeQueue", "Resource": "*"})],
    );
    let needed: BTreeSet<String> = missing(folder, options)
        .iter()
        .filter_map(|one| one.rsplit(' ').next())
        .map(|action| action.trim_matches('"').to_owned())
        .collect();
    let mut kept: Vec<&str> = needed.iter().take(1).map(String::as_str).collect();
    let mut ignored: Vec<&str> = needed.iter().skip(1).take(1).map(String::as_str).collect();
    kept.push("sqs:PurgeQueue");
    if way == Way::Purpose {
        kept.push("states:StartExecution");
        ignored.push("athena:StartQueryExecution");
    }
    let mut statements = vec![
        json!({"Effect": "Allow", "Action": kept, "Resource": "*"}),
        json!({"Sid": "Ignored", "Effect": "Allow", "Action": ignored, "Resource": "*"}),
    ];
    statements.retain(|s| s["Action"] != json!([]));
    for (at, action) in needed.iter().skip(2).enumerate() {
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
            let run = run(folder, &[command, &["p.json"], options].concat());
            let lost: Vec<String> = missing(folder, options)
                .difference(&before)
                .cloned()
                .collect();
            assert!(lost.is_empty(), "{shown} {way:?} {command:?}: {lost:?}");
            let left = fs::read_to_string(folder.join("p.json")).unwrap();
            // If nothing becomes narrower, the run says of each statement why.
            let is_said = run.err.contains("is still broader than required: ");
            let is_done = needed.is_empty() || command[0] == "lint" || left != text || is_said;
            assert!(is_done, "{shown} {way:?} {command:?} changes nothing");
            if way == Way::Purpose {
                for action in ["states:StartExecution", "athena:StartQueryExecution"] {
                    assert!(left.contains(action), "{shown} {command:?}: {action}");
                }
            }
        },
    );
}

/// Whether this is the first reference with these needs.
fn is_new(known: &mut HashSet<String>, query: Query<'_>) -> bool {
    let Ok(all) = reference::candidates(query) else {
        return false;
    };
    let needs = all.iter().map(|reference| {
        let rows = (&reference.statements, &reference.gaps, &reference.idle);
        let role = (&reference.role, &reference.scheduler, reference.assumed);
        format!("{role:?} {rows:?} {:?}", reference.managed_policies)
    });
    known.insert(needs.collect())
}

#[test]
fn what_is_needed_stays_for_every_reference_and_feature() {
    let sample = std::env::var("PCLUSTER_IAM_REFERENCES").ok();
    let step = match sample.as_deref() {
        Some("0") => 1,
        _ => 1499,
    };
    let share = std::env::var("PCLUSTER_IAM_SHARE").unwrap_or_else(|_| "0/1".to_owned());
    let (mine, shares) = share.split_once('/').unwrap();
    let (mine, shares): (usize, usize) = (mine.parse().unwrap(), shares.parse().unwrap());
    let mut known = HashSet::new();
    let (mut tried, mut at) = (0, 0);
    let mut rows = Vec::new();
    for release in Release::all().map(|r| r.to_string()) {
        for scheduler in reference::schedulers_in(&release) {
            for role in reference::roles_for(scheduler, &release).unwrap() {
                let named = Feature::all().map(Feature::name);
                for feature in named.chain(["none", ""]) {
                    at += 1;
                    if at % step != 0 {
                        continue;
                    }
                    let names = Some(feature).filter(|f| !f.is_empty());
                    let query = Query {
                        role: Some(role),
                        scheduler,
                        release: &release,
                        features: &Features::from_names(names).unwrap(),
                    };
                    if step == 1 && !is_new(&mut known, query) {
                        continue;
                    }
                    tried += 1;
                    if tried % shares == mine {
                        rows.push((release.clone(), scheduler, role, feature, tried));
                    }
                }
            }
        }
    }
    assert!(tried >= 3, "{tried} of {at}");
    eprintln!("{} of {tried} that differ, of {at} in all", rows.len());
    each(rows, |(release, scheduler, role, feature, number)| {
        let place = ["--region", "us-east-1", "--account", "123456789012"];
        let chosen = ["--role", role, "--scheduler", scheduler];
        let release = ["--pcluster-version", &release];
        let feature_option = ["--feature", feature];
        let feature_option: &[&str] = match feature {
            "" => &[],
            _ => &feature_option,
        };
        let options = [&place[..], &chosen, &release, feature_option].concat();
        let shown = format!("{role} {scheduler} {} {feature}", release[1]);
        let ways: &[Way] = match step {
            1 => &WAYS,
            _ => &[WAYS[number % 3]],
        };
        for way in ways {
            holds(&options, number % 2 == 0, *way, &shown);
        }
    });
}
