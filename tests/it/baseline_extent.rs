//! What an entry of a baseline speaks of, and what it leaves alone.

use crate::common::project::{Project, findings, with_excess, without};
use crate::common::table::each;
use serde_json::{Value, json};

const FILE: &str = "pcluster-iam-baseline.json";
const ROLE: [&str; 4] = ["--role", "instance", "--scheduler", "torque"];

fn with<'a>(command: &'a str, files: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    let file = ["--baseline", FILE];
    [&[command], files, &ROLE[..], &file[..], more].concat()
}

fn entries(project: &Project) -> Vec<Value> {
    serde_json::from_str(&project.read(FILE)).unwrap()
}

#[test]
fn an_entry_of_one_file_hides_nothing_of_another() {
    let lacks = without(&["sqs:GetQueueUrl"]);
    let project = Project::new(&[
        ("a.json", &lacks),
        ("b.json", &lacks),
        ("c.json", r#"{"Version": "2012-10-17", "Statement": []}"#),
    ]);
    assert_eq!(project.run(&with("baseline", &["a.json"], &[])).code, 0);
    assert_eq!(project.run(&with("lint", &["a.json"], &[])).code, 0);
    let other = project.run(&with("lint", &["b.json"], &["-f", "json"]));
    assert_eq!(other.code, 1, "{}", other.out);
    assert!(
        findings(&other.json())
            .iter()
            .all(|(_, hidden)| hidden.is_none())
    );
    // It is no dead entry of that run either: its file was not judged.
    assert_eq!(other.json()["findings"], json!([]));
    // Among the files of one role the place may move.
    assert_eq!(
        project.run(&with("lint", &["b.json", "a.json"], &[])).code,
        0
    );
    // Both have an entry with the same fingerprint.
    let run = project.run(&with("baseline", &["b.json"], &[]));
    assert_eq!(
        run.out,
        format!("{FILE}: 2 entries, 1 of them kept: not judged now\n"),
        "{}",
        run.err
    );
    let all = entries(&project);
    assert_eq!(all[0]["fingerprint"], all[1]["fingerprint"]);
    each(["a.json", "b.json"], |file| {
        let run = project.run(&with("lint", &[file], &["-f", "json"]));
        assert_eq!((run.code, &run.json()["findings"]), (0, &json!([])));
    });
    // An entry of a file that is gone is dead.
    std::fs::remove_file(project.path("a.json")).unwrap();
    let run = project.run(&with("baseline", &["b.json"], &["--prune"]));
    assert_eq!(run.out, format!("{FILE}: 1 entry, 1 removed\n"));
}

/// A reference that asks for little, and a policy as long as it is told to be.
fn long(denied: usize) -> String {
    let arn = |i: usize| format!("arn:aws:ec2:us-east-1:123456789012:instance/i-{i:0100}");
    let arns: Vec<String> = (0..denied).map(arn).collect();
    let allow = json!({"Sid": "Q", "Effect": "Allow", "Action": "sqs:SendMessage",
        "Resource": "arn:aws:sqs:us-east-1:123456789012:q*"});
    let deny = json!({"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": arns});
    json!({"Version": "2012-10-17", "Statement": [allow, deny]}).to_string()
}

const QUEUE: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage",
    "Resource": "arn:aws:sqs:us-east-1:123456789012:q*"}}"#;

#[test]
fn what_was_accepted_as_a_warning_is_not_accepted_as_an_error() {
    let project = Project::new(&[("p.json", &long(60)), ("ref.json", QUEUE)]);
    let run = |command: &str, more: &[&str]| {
        let first = [command, "p.json", "--reference", "ref.json"];
        project.run(&[&first, &["--baseline", FILE][..], more].concat())
    };
    assert_eq!(run("baseline", &[]).code, 0);
    let of_size = |entries: Vec<Value>| -> Vec<Value> {
        let size = entries.into_iter().filter(|e| e["lint"] == "policy-size");
        size.map(|e| e["severity"].clone()).collect()
    };
    assert_eq!(of_size(entries(&project)), ["warning"]);
    assert_eq!(run("lint", &["--fail-on", "warning"]).code, 0);
    // To raise the lint by hand does not bring back what was accepted, whenever it was accepted.
    let raised = ["--error", "policy-size"];
    assert_eq!(run("lint", &raised).code, 0);
    assert_eq!(run("baseline", &raised).code, 0);
    assert_eq!(of_size(entries(&project)), ["warning"]);
    project.write("p.json", &long(400));
    let worse = run("lint", &["-f", "concise"]);
    assert_eq!(worse.code, 1, "{}", worse.out);
    assert!(
        worse.out.contains("(a warning in the baseline)"),
        "{}",
        worse.out
    );
    // What is less bad than accepted is hidden.
    assert_eq!(run("baseline", &[]).code, 0);
    assert_eq!(of_size(entries(&project)), ["error"]);
    project.write("p.json", &long(60));
    let better = run("lint", &["--fail-on", "error", "-f", "concise"]);
    assert_eq!(better.code, 0, "{}", better.out);
}

#[test]
fn so_many_more_are_not_accepted_for_more_of_them() {
    let arn = |i: usize| format!("arn:aws:sqs:us-east-1:123456789012:q{i:04}");
    let asks = |i: usize| json!({"Sid": format!("S{i}"), "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn(i)});
    let reference: Vec<Value> = (0..1100).map(asks).collect();
    let grants = |from: usize| {
        let arns: Vec<String> = (from..1100).map(arn).collect();
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arns}]})
            .to_string()
    };
    let reference = json!({"Version": "2012-10-17", "Statement": reference}).to_string();
    let project = Project::new(&[("ref.json", &reference), ("p.json", &grants(1010))]);
    let run = |command: &str| {
        project.run(&[
            command,
            "p.json",
            "--reference",
            "ref.json",
            "--baseline",
            FILE,
        ])
    };
    assert_eq!(run("baseline").code, 0);
    let same = run("lint");
    assert_eq!(same.code, 0, "{}", same.out);
    project.write("p.json", &grants(1080));
    let more = run("lint");
    assert_eq!(more.code, 1);
    assert!(
        more.out.contains("79 more findings from here on"),
        "{}",
        more.out
    );
    // The same of what the parser counts by itself.
    let statement =
        r#"{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*", "Oops": 1}"#;
    let broken = |n: usize| {
        format!(
            "{{\"Version\": \"2012-10-17\", \"Statement\": [{}]}}",
            vec![statement; n].join(",")
        )
    };
    project.write("p.json", &broken(1010));
    project.write("ref.json", QUEUE);
    std::fs::remove_file(project.path(FILE)).unwrap();
    assert_eq!(run("baseline").code, 0);
    assert_eq!(run("lint").code, 0);
    project.write("p.json", &broken(1020));
    let more = run("lint");
    assert_eq!(more.code, 1);
    assert!(
        more.out.contains("20 more faults of this kind"),
        "{}",
        more.out
    );
}

#[test]
fn files_of_the_command_line_leave_the_entries_of_targets_alone() {
    let config = "scheduler = \"torque\"\n[[target]]\nname = \"node\"\nrole = \"instance\"\npolicies = [\"iam/*.json\"]\n";
    let project = Project::new(&[
        ("pcluster-iam.toml", config),
        ("iam/a.json", &without(&["sqs:GetQueueUrl"])),
        ("more.json", &without(&["sqs:DeleteMessage"])),
    ]);
    assert_eq!(project.run(&["baseline"]).out, format!("{FILE}: 1 entry\n"));
    let run = project.run(&["baseline", "more.json", "--role", "instance"]);
    assert_eq!(
        run.out,
        format!("{FILE}: 2 entries, 1 of them kept: not judged now\n")
    );
    let lint = |arguments: &[&str]| {
        let run = project.run(&[arguments, &["--baseline", FILE, "-f", "json"][..]].concat());
        (run.code, run.json()["findings"].as_array().unwrap().len())
    };
    assert_eq!(lint(&["lint"]), (0, 0));
    assert_eq!(lint(&["lint", "more.json", "--role", "instance"]), (0, 0));
    // And the other way round.
    project.write(
        "iam/a.json",
        &without(&["sqs:GetQueueUrl", "sqs:SendMessage"]),
    );
    let run = project.run(&["baseline"]);
    assert_eq!(
        run.out,
        format!("{FILE}: 2 entries, 1 of them kept: not judged now\n")
    );
    assert_eq!(lint(&["lint"]), (0, 0));
}

#[test]
fn a_lint_that_is_off_leaves_its_entries_alone() {
    let mut policy: Value = serde_json::from_str(&without(&["sqs:GetQueueUrl"])).unwrap();
    let extra: Value = serde_json::from_str(&with_excess("More", "s3:PutBucketLogging")).unwrap();
    let extra = extra["Statement"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    policy["Statement"].as_array_mut().unwrap().push(extra);
    let project = Project::new(&[("a.json", &policy.to_string())]);
    let off = ["--off", "missing-action"];
    assert_eq!(project.run(&with("baseline", &["a.json"], &[])).code, 0);
    let all = entries(&project);
    assert!(all.len() > 1 && all.iter().any(|e| e["lint"] == "missing-action"));
    let lint = project.run(&with(
        "lint",
        &["a.json"],
        &["--off", "missing-action", "-f", "json"],
    ));
    assert_eq!(lint.json()["findings"], json!([]));
    let run = project.run(&with(
        "baseline",
        &["a.json"],
        &[&["--prune"][..], &off].concat(),
    ));
    assert!(run.out.ends_with(", 0 removed\n"), "{}", run.out);
    assert_eq!(entries(&project), all);
    let run = project.run(&with("baseline", &["a.json"], &off));
    assert!(
        run.out.ends_with(", 1 of them kept: not judged now\n"),
        "{}",
        run.out
    );
    assert_eq!(entries(&project), all);
}

#[test]
fn a_file_that_is_not_a_baseline_is_not_overwritten() {
    let project = Project::new(&[
        ("a.json", &without(&[])),
        (FILE, "{\"mine\": 1}"),
        ("empty.json", ""),
    ]);
    let run = project.run(&with("baseline", &["a.json"], &[]));
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(
        run.err.contains("a baseline is an array of entries"),
        "{}",
        run.err
    );
    assert!(run.err.contains("or remove it"), "{}", run.err);
    assert_eq!(project.read(FILE), "{\"mine\": 1}");
    let empty = ["baseline", "a.json", "--baseline", "empty.json"];
    let run = project.run(&[&empty[..], &ROLE].concat());
    assert_eq!((run.code, run.out.as_str()), (0, "empty.json: 0 entries\n"));
}
