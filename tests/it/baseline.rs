//! The baseline: what was there is hidden, what is new is not, and what is mended is told.

use crate::common::project::{Project, findings, with_excess, without};
use crate::common::table::each;
use serde_json::Value;

const CONFIG: &str = "[[target]]\nname = \"node\"\nrole = \"instance\"\nscheduler = \"torque\"\npolicies = [\"iam/*.json\"]\n";
const FILE: &str = "pcluster-iam-baseline.json";

fn project(policy: &str) -> Project {
    Project::new(&[("pcluster-iam.toml", CONFIG), ("iam/a.json", policy)])
}

fn lint(project: &Project) -> (i32, Value) {
    let run = project.run(&["lint", "--baseline", FILE, "-f", "json"]);
    (run.code, run.json())
}

/// The actions of findings on coverage that count.
fn lacking(json: &Value) -> Vec<String> {
    let all = json["results"][0]["findings"].as_array().unwrap().iter();
    let counting = all.filter(|f| f["suppressed"].is_null() && f["lint"] == "missing-action");
    let actions = counting.flat_map(|f| f["actions"].as_array().unwrap().clone());
    actions.map(|a| a.as_str().unwrap().to_owned()).collect()
}

fn unused(json: &Value) -> Vec<String> {
    let all = json["findings"].as_array().unwrap().iter();
    all.map(|f| f["message"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_is_accepted_is_hidden_and_nothing_else() {
    let both = ["sqs:GetQueueUrl", "sqs:DeleteMessage"];
    let project = project(&without(&both));
    assert_eq!(project.run(&["lint"]).code, 1);
    let run = project.run(&["baseline"]);
    let to_use = format!(
        "lint reads it only if it is named: add `baseline = \"{FILE}\"` to pcluster-iam.toml, or pass --baseline {FILE}\n"
    );
    assert_eq!((run.code, run.err), (0, to_use));
    assert_eq!(run.out, format!("{FILE}: 1 entry\n"));
    let entries: Value = serde_json::from_str(&project.read(FILE)).unwrap();
    assert_eq!(entries[0]["lint"], "missing-action");
    assert_eq!(entries[0]["target"], "node");
    assert_eq!(entries[0]["path"], "iam/a.json");
    assert_eq!(
        entries[0]["actions"],
        serde_json::json!(["sqs:DeleteMessage", "sqs:GetQueueUrl"])
    );
    let (code, json) = lint(&project);
    assert_eq!(code, 0);
    assert_eq!(
        findings(&json),
        [(
            "missing-action".to_owned(),
            Some("in the baseline".to_owned())
        )]
    );
    assert!(unused(&json).is_empty());
    // A newly lacking action does not hide behind those that lacked before.
    project.write(
        "iam/a.json",
        &without(&["sqs:GetQueueUrl", "sqs:DeleteMessage", "sqs:SendMessage"]),
    );
    let (code, json) = lint(&project);
    assert_eq!(
        (code, lacking(&json)),
        (1, vec!["sqs:SendMessage".to_owned()])
    );
    let finding = &json["results"][0]["findings"][0];
    assert_eq!(finding["witness"]["action"], "sqs:SendMessage");
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.ends_with("(`sqs:DeleteMessage` and `sqs:GetQueueUrl` are in the baseline)"),
        "{message}"
    );
    // To mend one of them does not bring the other back, and is told.
    project.write("iam/a.json", &without(&["sqs:GetQueueUrl"]));
    let (code, json) = lint(&project);
    assert_eq!((code, lacking(&json)), (0, Vec::new()));
    assert_eq!(
        unused(&json),
        [
            "this baseline entry on `missing-action` lists actions that are already fixed: `sqs:DeleteMessage`"
        ]
    );
    let text = project.run(&["lint", "--baseline", FILE]).out;
    assert!(text.contains(&format!("--> {FILE}:2:3\n")), "{text}");
    // Pruned, what was mended is new when it comes back.
    let run = project.run(&["baseline", "--prune"]);
    assert_eq!(run.out, format!("{FILE}: 1 entry, 0 removed\n"));
    assert!(unused(&lint(&project).1).is_empty());
    project.write("iam/a.json", &without(&both));
    let (code, json) = lint(&project);
    assert_eq!(
        (code, lacking(&json)),
        (1, vec!["sqs:DeleteMessage".to_owned()])
    );
}

#[test]
fn dead_entries_are_reported_and_pruned_and_nothing_new_is_accepted() {
    let project = project(&without(&["sqs:GetQueueUrl"]));
    assert_eq!(project.run(&["baseline"]).code, 0);
    project.write("iam/a.json", &without(&["dynamodb:PutItem"]));
    let (code, json) = lint(&project);
    assert_eq!(code, 1);
    assert_eq!(
        unused(&json),
        [
            "no finding matches this entry on `missing-action` any more (fixed, or judged differently)"
        ]
    );
    let run = project.run(&["baseline", "--prune"]);
    assert_eq!(run.out, format!("{FILE}: 0 entries, 1 removed\n"));
    assert_eq!(project.read(FILE), "[]\n");
    let (code, json) = lint(&project);
    assert_eq!((code, unused(&json).len()), (1, 0));
}

#[test]
fn it_survives_indentation_statements_added_above_and_another_folder() {
    let project = project(&with_excess("More", "s3:PutBucketLogging"));
    project.write("iam/b.json", &without(&["sqs:GetQueueUrl"]));
    std::fs::remove_file(project.path("iam/a.json")).unwrap();
    project.write("iam/c.json", r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutBucketLogging", "Resource": "*"}]}"#);
    assert_eq!(project.run(&["baseline"]).code, 0);
    let entries: Value = serde_json::from_str(&project.read(FILE)).unwrap();
    assert_eq!(entries.as_array().unwrap().len(), 2);
    let clean = |json: &Value| {
        // What is granted twice for the sake of the test is told, too.
        let mut all = findings(json);
        all.retain(|(lint, _)| lint != "redundant-statement");
        assert_eq!(all.len(), 2, "{json}");
        assert!(all.iter().all(|(_, hidden)| hidden.is_some()), "{json}");
        assert!(unused(json).is_empty(), "{json}");
    };
    clean(&lint(&project).1);
    project.write(
        "iam/c.json",
        "{\n\n\"Version\":\"2012-10-17\",\"Statement\": [ {\"Effect\": \"Allow\", \"Action\": \"sqs:DeleteMessage\", \"Resource\": \"arn:aws:sqs:us-east-1:123456789012:parallelcluster-*\"},\n\
         {\"Effect\":\t\"Allow\",\n\"Action\": \"s3:PutBucketLogging\", \"Resource\": \"*\" } ] }",
    );
    clean(&lint(&project).1);
    let below = project.run_with(
        "iam",
        &["lint", "--baseline", &format!("../{FILE}"), "-f", "json"],
        &[],
    );
    clean(&below.json());
    // The file is the same wherever it is written from.
    assert_eq!(project.run(&["baseline"]).code, 0);
    let text = project.read(FILE);
    assert_eq!(project.run_with("iam", &["baseline"], &[]).code, 0);
    assert_eq!(project.read(FILE), text);
}

#[test]
fn targets_and_files_have_entries_of_their_own() {
    let two = format!(
        "{CONFIG}{}",
        CONFIG.replace("node", "other").replace("iam/*", "other/*")
    );
    let project = Project::new(&[
        ("pcluster-iam.toml", &two),
        ("iam/a.json", &without(&["sqs:GetQueueUrl"])),
        ("other/a.json", &without(&[])),
    ]);
    assert_eq!(project.run(&["baseline"]).out, format!("{FILE}: 1 entry\n"));
    assert_eq!(lint(&project).0, 0);
    project.write("other/a.json", &without(&["sqs:GetQueueUrl"]));
    let (code, json) = lint(&project);
    assert_eq!(code, 1);
    assert!(json["results"][0]["findings"][0]["suppressed"].is_string());
    assert!(json["results"][1]["findings"][0]["suppressed"].is_null());
    // The same with files of their own.
    let each = [
        "iam/a.json",
        "other/a.json",
        "--each",
        "--role",
        "instance",
        "--scheduler",
        "torque",
        "--baseline",
        "each.json",
    ];
    let run = project.run(&[&["baseline"], &each[..]].concat());
    assert_eq!(run.out, "each.json: 2 entries\n");
    let to_use = "lint reads it only if it is named: pass --baseline each.json\n";
    assert_eq!(run.err, to_use);
    assert_eq!(project.run(&[&["lint"], &each[..]].concat()).code, 0);
}

#[test]
fn the_configuration_can_name_it_and_no_ignores_leaves_it_aside() {
    let config = format!("baseline = \"conf/accepted.json\"\n{CONFIG}");
    let project = Project::new(&[
        ("pcluster-iam.toml", &config),
        ("iam/a.json", &without(&["sqs:GetQueueUrl"])),
    ]);
    let gone = project.run(&["lint"]);
    assert_eq!(gone.code, 2);
    assert!(
        gone.err.contains("the baseline `conf/accepted.json`"),
        "{}",
        gone.err
    );
    std::fs::create_dir(project.path("conf")).unwrap();
    let run = project.run(&["baseline"]);
    let said = (run.out.as_str(), run.err.as_str());
    assert_eq!(said, ("conf/accepted.json: 1 entry\n", ""));
    assert_eq!(project.run(&["lint"]).code, 0);
    assert_eq!(project.run(&["lint", "--no-ignores"]).code, 1);
}

#[test]
fn a_file_that_is_not_a_baseline_is_reported_with_its_place() {
    let project = project(&without(&[]));
    let entry = r#"{"target": null, "path": "a", "lint": "b", "severity": "error", "sid": null, "subject": null, "actions": [], "fingerprint": "c"}"#;
    each(
        [
            ("{}", "1:1", "a baseline is an array of entries"),
            (
                "[\n  {\"lint\": 1, \"fingerprint\": \"c\"}\n]",
                "2:12",
                "invalid type: integer `1`, expected a string",
            ),
            ("[1]", "1:2", "invalid type: integer `…`, expected an entry"),
            ("[", "1:1", "EOF while parsing a list"),
            (
                &format!("[{entry},\n{entry}]"),
                "2:1",
                "two entries have the same target and fingerprint",
            ),
        ],
        |(text, place, message)| {
            project.write(FILE, text);
            let run = project.run(&["lint", "--baseline", FILE]);
            assert_eq!(run.code, 2, "{text}");
            assert!(run.err.contains(message), "{text}: {}", run.err);
            assert!(
                run.err.contains(&format!("--> {FILE}:{place}\n")),
                "{text}: {}",
                run.err
            );
        },
    );
}

#[test]
fn the_actions_of_an_entry_may_stand_in_any_order() {
    let project = project(&without(&["sqs:GetQueueUrl", "sqs:DeleteMessage"]));
    assert_eq!(project.run(&["baseline"]).code, 0);
    let mut entries: Value = serde_json::from_str(&project.read(FILE)).unwrap();
    for entry in entries.as_array_mut().unwrap() {
        entry["actions"].as_array_mut().unwrap().reverse();
    }
    project.write(FILE, &entries.to_string());
    let (code, json) = lint(&project);
    assert_eq!(code, 0, "{json}");
    assert_eq!(unused(&json), Vec::<String>::new());
}

#[test]
fn a_missing_baseline_is_reported_where_it_is_named() {
    let config = format!("baseline = \"gone.json\"\n{CONFIG}");
    let project = Project::new(&[
        ("pcluster-iam.toml", &config),
        ("iam/a.json", &without(&[])),
    ]);
    let said = "the baseline `gone.json`: cannot read the file: there is no such file\n";
    each([&["lint"][..], &["baseline", "--prune"]], |arguments| {
        let run = project.run(arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""));
        let drawn = format!("error[configuration]: {said}  --> pcluster-iam.toml:1:12\n");
        assert!(run.err.starts_with(&drawn), "{}", run.err);
    });
    let run = project.run(&["lint", "--baseline", "gone.json"]);
    assert!(
        run.err.starts_with(&format!("error: {said}")),
        "{}",
        run.err
    );
    let run = project.run(&["lint", "--baseline", "iam"]);
    assert!(
        run.err.contains("the baseline `iam`: it is a folder\n"),
        "{}",
        run.err
    );
    assert_eq!(project.run(&["lint", "--no-ignores"]).code, 0);
    // What is named is what is written.
    assert_eq!(project.run(&["baseline"]).out, "gone.json: 0 entries\n");
    assert_eq!(project.run(&["lint"]).code, 0);
}
