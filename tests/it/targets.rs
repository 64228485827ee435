//! Many targets in one run.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::common::formats::FORMATS;
use crate::common::project::{Project, with_excess, without};
use crate::common::table::each;
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
    each(["1", "2", "7"], |threads| {
        let again = project.run_with(
            "",
            &["lint", "-f", "json"],
            &[("RAYON_NUM_THREADS", threads)],
        );
        assert!(again.out == first.out, "{threads} threads");
    });
}

/// The message of each finding, after the target where a format puts it before.
fn messages(format: &str, out: &str) -> Vec<String> {
    match format {
        "concise" => out
            .lines()
            .filter_map(|line| line.split_once("]: "))
            .map(|(_, message)| message.to_owned())
            .collect(),
        "github" => crate::common::formats::annotations(out)
            .iter()
            .map(|a| {
                let line = a.message.lines().next().unwrap();
                line.splitn(4, ':').nth(3).unwrap().trim_start().to_owned()
            })
            .collect(),
        "gitlab" => {
            let issues: Value = serde_json::from_str(out).unwrap();
            let issues = issues.as_array().unwrap().iter();
            issues
                .map(|i| {
                    let text = i["description"].as_str().unwrap();
                    text.split_once(": ").unwrap().1.to_owned()
                })
                .collect()
        }
        "sarif" => {
            let log: Value = serde_json::from_str(out).unwrap();
            let results = log["runs"][0]["results"].as_array().unwrap().iter();
            results
                .map(|r| {
                    let text = r["message"]["text"].as_str().unwrap();
                    text.split_once(". ").unwrap().0.to_owned()
                })
                .collect()
        }
        "junit" => {
            let xml = roxmltree::Document::parse(out).unwrap();
            let failed = xml.descendants().filter(|n| n.has_tag_name("failure"));
            failed
                .map(|n| {
                    let case = n.parent().unwrap();
                    let suite = case.parent().unwrap();
                    assert_eq!(case.attribute("classname"), suite.attribute("name"));
                    let (target, path) = suite.attribute("name").unwrap().split_once(": ").unwrap();
                    assert_eq!(case.attribute("file"), Some(path));
                    format!("{target}: {}", n.attribute("message").unwrap())
                })
                .collect()
        }
        other => panic!("{other}: how does it say which target it is?"),
    }
}

#[test]
fn every_format_says_which_target_a_finding_is_about() {
    let project = many(4);
    let json = project.run(&["lint", "-f", "json"]).json();
    let mut wanted = Vec::new();
    for result in json["results"].as_array().unwrap() {
        let target = result["target"].as_str().unwrap();
        for finding in result["findings"].as_array().unwrap() {
            wanted.push(format!(
                "{target}: {}",
                finding["message"].as_str().unwrap()
            ));
        }
    }
    assert!(wanted.len() >= 2, "{wanted:?}");
    each(FORMATS, |format| {
        let run = project.run(&["lint", "-f", format]);
        assert_eq!(run.code, 1, "{format}");
        if ["text", "sarif", "github", "junit"].contains(&format) {
            let opening = "t3: judged iam/3/0.json, iam/3/1.json, iam/3/2.json against";
            assert!(run.out.contains(opening), "{format}: {}", run.out);
        }
        if !["text", "json"].contains(&format) {
            assert_eq!(messages(format, &run.out), wanted, "{format}");
        }
    });
}

#[test]
fn fingerprints_are_unique_and_those_of_a_target_stay_the_same() {
    let project = many(4);
    let gitlab =
        || -> Value { serde_json::from_str(&project.run(&["lint", "-f", "gitlab"]).out).unwrap() };
    let issues = gitlab();
    let prints: BTreeSet<&str> = issues
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["fingerprint"].as_str().unwrap())
        .collect();
    assert_eq!(prints.len(), issues.as_array().unwrap().len());
    // Whatever else is judged.
    let text = project.read("pcluster-iam.toml");
    let alone = text
        .split("[[target]]")
        .take(2)
        .collect::<Vec<_>>()
        .join("[[target]]");
    project.write("pcluster-iam.toml", &alone);
    assert_eq!(gitlab()[0]["fingerprint"], issues[0]["fingerprint"]);
}

/// GitHub would make one alert of what two targets lack on one line of a file that they share.
#[test]
fn what_targets_share_stays_apart_in_sarif() {
    let target = |name: &str| {
        format!(
            "[[target]]\nname = \"{name}\"\nrole = \"instance\"\nscheduler = \"torque\"\npolicies = \"p.json\"\n"
        )
    };
    let both = target("a") + &target("b");
    let project = Project::new(&[
        ("pcluster-iam.toml", &both),
        ("p.json", &without(&["sqs:GetQueueUrl"])),
    ]);
    let prints = || -> Vec<(Value, Value)> {
        let log: Value = serde_json::from_str(&project.run(&["lint", "-f", "sarif"]).out).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().iter();
        let prints = results.map(|r| r["partialFingerprints"].clone());
        prints
            .map(|p| {
                (
                    p["pclusterIam/v1"].clone(),
                    p["primaryLocationLineHash"].clone(),
                )
            })
            .collect()
    };
    let shared = prints();
    assert_eq!(shared.len(), 2);
    assert_ne!(shared[0].0, shared[1].0);
    assert!(shared.iter().all(|(own, line)| own == line), "{shared:?}");
    project.write("pcluster-iam.toml", &target("a"));
    assert_eq!(prints(), [(shared[0].0.clone(), Value::Null)]);
}

#[test]
fn the_worst_of_the_targets_decides_and_no_format_changes_it() {
    // What is covered, what has a warning, what lacks something, and what cannot be read.
    let files = [
        ("covered.json", without(&[])),
        ("warned.json", with_excess("Extra", "sns:Publish")),
        ("lacking.json", without(&["sqs:GetQueueUrl"])),
        ("broken.json", "{".to_owned()),
    ];
    let codes: [(&[usize], [i32; 4]); 7] = [
        (&[0], [0, 0, 0, 0]),
        (&[1], [0, 1, 1, 0]),
        (&[0, 2], [1, 1, 1, 0]),
        (&[1, 0], [0, 1, 1, 0]),
        (&[2, 1, 0], [1, 1, 1, 0]),
        (&[3], [2, 2, 2, 2]),
        (&[0, 3, 2], [2, 2, 2, 2]),
    ];
    for (of, codes) in codes {
        for (threshold, code) in ["error", "warning", "note", "never"].iter().zip(codes) {
            let mut config = format!("fail-on = \"{threshold}\"\nscheduler = \"torque\"\n");
            for at in of {
                let name = files[*at].0;
                let _ = write!(
                    config,
                    "[[target]]\nname = \"{name}\"\nrole = \"instance\"\npolicies = \"{name}\"\n"
                );
            }
            let project = Project::new(&[("pcluster-iam.toml", &config)]);
            for (name, text) in &files {
                project.write(name, text);
            }
            for format in FORMATS {
                let run = project.run(&["lint", "-f", format]);
                assert_eq!(run.code, code, "{of:?} {threshold} {format}: {}", run.out);
                assert!(format == "concise" || !run.out.is_empty(), "{format}");
                let tells = run.out.contains("broken.json");
                assert_eq!(tells, of.contains(&3), "{of:?} {format}: {}", run.out);
            }
        }
    }
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

/// What one role has no need of may be what another one has from the same file.
#[test]
fn a_file_that_targets_share_is_not_fixed() {
    let config = "[[target]]\nname = \"a\"\nrole = \"instance\"\nscheduler = \"torque\"\npolicies = [\"a.json\", \"both.json\"]\n\
        [[target]]\nname = \"b\"\nreference = \"ours.json\"\npolicies = [\"b.json\", \"./both.json\"]\n";
    let both = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["sqs:ListQueues", "sns:CreateTopic"], "Resource": "*"}}"#;
    let ours = both.replace("\"sqs:ListQueues\", ", "");
    let alone = ours.replace("CreateTopic\"", "CreateTopic\", \"sns:ListTopics\"");
    let project = Project::new(&[
        ("pcluster-iam.toml", config),
        ("a.json", &without(&["sqs:ListQueues"])),
        ("b.json", &alone),
        ("both.json", both),
        ("ours.json", &ours),
    ]);
    let run = project.run(&["lint", "--fix", "-f", "concise"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert_eq!(project.read("both.json"), both);
    assert!(!project.read("b.json").contains("ListTopics"));
    assert!(
        run.err.contains("fixed 1 finding in b.json\n"),
        "{}",
        run.err
    );
    let left = "left to you, another target has this file too: ";
    assert!(run.err.contains(left), "{}", run.err);
    assert!(!run.err.contains("nothing to fix"), "{}", run.err);
    let again = project.run(&["lint", "--fix", "-f", "concise"]);
    assert_eq!(again.err.matches("nothing to fix\n").count(), 1);
    assert_eq!(again.out, run.out);
}
