//! Many targets in one run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

mod common;

use std::fmt::Write as _;

use common::formats::FORMATS;
use common::project::{Project, without};
use serde_json::Value;

/// Targets of three policies each, of which every third lacks something.
fn many(count: usize) -> Project {
    let mut config = String::from("scheduler = \"torque\"\n");
    let project = Project::new(&[]);
    for i in 0..count {
        let lacks: &[&str] = if i % 3 == 0 {
            &["sqs:GetQueueUrl"]
        } else {
            &[]
        };
        let text = without(lacks);
        let policy: Value = serde_json::from_str(&text).unwrap();
        let statements = policy["Statement"].as_array().unwrap();
        for (part, statements) in statements.chunks(statements.len().div_ceil(3)).enumerate() {
            let policy = serde_json::json!({"Version": "2012-10-17", "Statement": statements});
            project.write(&format!("iam/{i}/{part}.json"), &policy.to_string());
        }
        let _ = write!(
            config,
            "[[target]]\nname = \"t{i}\"\nrole = \"instance\"\npolicies = \"iam/{i}/*.json\"\n"
        );
    }
    project.write("pcluster-iam.toml", &config);
    project
}

#[test]
fn five_hundred_are_judged_in_the_order_of_the_file_and_always_the_same() {
    let project = many(500);
    let first = project.run(&["lint", "-f", "json"]);
    assert_eq!(first.code, 1);
    let json = first.json();
    let results = json["results"].as_array().unwrap();
    assert_eq!(results.len(), 500);
    for (i, result) in results.iter().enumerate() {
        assert_eq!(result["target"], format!("t{i}"));
        assert_eq!(result["policies"].as_array().unwrap().len(), 3);
        let lacks = i % 3 == 0;
        assert_eq!(
            result["findings"].as_array().unwrap().len(),
            usize::from(lacks),
            "{i}"
        );
    }
    for threads in ["1", "2", "7"] {
        let again = project.run_with(
            "",
            &["lint", "-f", "json"],
            &[("RAYON_NUM_THREADS", threads)],
        );
        assert!(again.out == first.out, "{threads} threads");
    }
}

#[test]
fn every_format_says_which_target_it_is_or_has_fingerprints_of_its_own() {
    let project = many(4);
    for format in FORMATS {
        let run = project.run(&["lint", "-f", format]);
        assert_eq!(run.code, 1, "{format}");
        if ["text", "sarif", "github", "junit"].contains(&format) {
            assert!(
                run.out
                    .contains("t3: judged iam/3/0.json, iam/3/1.json, iam/3/2.json against"),
                "{format}: {}",
                run.out
            );
        }
    }
    let issues: Value = serde_json::from_str(&project.run(&["lint", "-f", "gitlab"]).out).unwrap();
    let prints: std::collections::BTreeSet<&str> = issues
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["fingerprint"].as_str().unwrap())
        .collect();
    assert_eq!(prints.len(), issues.as_array().unwrap().len());
    // Those of one target are the same whatever else is judged.
    let text = project.read("pcluster-iam.toml");
    let alone = text
        .split("[[target]]")
        .take(2)
        .collect::<Vec<_>>()
        .join("[[target]]");
    project.write("pcluster-iam.toml", &alone);
    let one: Value = serde_json::from_str(&project.run(&["lint", "-f", "gitlab"]).out).unwrap();
    assert_eq!(one[0]["fingerprint"], issues[0]["fingerprint"]);
}

#[test]
fn a_file_that_several_name_is_read_once_and_judged_for_each() {
    let config = "scheduler = \"torque\"\n[[target]]\nname = \"a\"\nrole = \"instance\"\npolicies = [\"p.json\", \"./p.json\", \"*.json\"]\nboundary = \"p.json\"\n\
        [[target]]\nname = \"b\"\nrole = \"user\"\npolicies = \"p.json\"\n";
    let project = Project::new(&[("pcluster-iam.toml", config), ("p.json", &without(&[]))]);
    let json = project.run(&["lint", "-f", "json"]).json();
    assert_eq!(
        json["results"][0]["policies"],
        serde_json::json!(["p.json"])
    );
    assert_eq!(json["results"][0]["boundary"], "p.json");
    assert_eq!(json["results"][0]["reference"]["role"], "instance");
    assert_eq!(json["results"][1]["reference"]["role"], "user");
}

#[test]
fn one_that_cannot_be_judged_does_not_keep_the_others_from_it() {
    let project = many(3);
    project.write("iam/1/0.json", "{");
    let run = project.run(&["lint", "-f", "json"]);
    assert_eq!(run.code, 2);
    let json = run.json();
    assert_eq!(json["results"][1]["findings"][0]["lint"], "invalid-json");
    assert_eq!(json["results"][0]["findings"][0]["lint"], "missing-action");
    // One whose role is not to be told is named on standard error.
    let config = "scheduler = \"torque\"\n[[target]]\nname = \"a\"\npolicies = \"x.json\"\n[[target]]\nname = \"b\"\npolicies = \"iam/0/*.json\"\n";
    project.write("pcluster-iam.toml", config);
    project.write(
        "x.json",
        r#"{"Statement": {"Effect": "Allow", "Action": "kms:Sign", "Resource": "*"}}"#,
    );
    let run = project.run(&["lint", "-f", "json"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("x.json"), "{}", run.err);
    assert_eq!(run.json()["results"][0]["target"], "b");
}

#[test]
fn each_judges_the_files_of_a_target_by_themselves() {
    let project = many(1);
    let json = project.run(&["lint", "--each", "-f", "json"]).json();
    let results = json["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    assert!(results.iter().all(|r| r["target"] == "t0"));
}
