//! `pcluster-iam merge`: several results are one, complete and in order, or refused.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::program::{Run, run};
use crate::common::table::each;

const REFERENCE: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage",
    "Resource": "arn:aws:sqs:us-east-1:123456789012:queue-a"}}"#;

fn policy(action: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action,
        "Resource": "arn:aws:sqs:us-east-1:123456789012:queue-a"}})
    .to_string()
}

/// Judges a file, and keeps the result in both formats.
fn judge(folder: &Path, name: &str, text: &str) -> i32 {
    fs::write(folder.join(name), text).unwrap();
    let line = format!(
        "lint {name} --no-config --reference reference.json -o json:{name}.out.json -o jsonl:{name}.out.jsonl"
    );
    let arguments: Vec<&str> = line.split(' ').collect();
    run(folder, &arguments).code
}

fn merge(folder: &Path, files: &str) -> Run {
    let line = format!("merge {files}");
    let arguments: Vec<&str> = line.split(' ').collect();
    run(folder, &arguments)
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("reference.json"), REFERENCE).unwrap();
    each(
        [
            ("good.json", policy("sqs:SendMessage"), 0),
            ("bad.json", policy("sqs:ReceiveMessage"), 1),
            ("broken.json", "{".to_owned(), 2),
        ],
        |(name, text, code)| {
            assert_eq!(judge(folder.path(), name, &text), code, "{name}");
        },
    );
    folder
}

#[test]
fn results_are_put_together_in_order_and_the_worst_decides() {
    let folder = folder();
    let folder = folder.path();
    let read = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    let of = |name: &str| read(&fs::read_to_string(folder.join(name)).unwrap());
    let parts = [of("good.json.out.json"), of("bad.json.out.json")];
    let mut expected = parts[0].clone();
    for list in ["results", "findings"] {
        let all = parts
            .iter()
            .flat_map(|p| p[list].as_array().unwrap().clone());
        expected[list] = all.collect();
    }
    for count in ["error", "warning", "note", "suppressed"] {
        let all = parts.iter().map(|p| p["summary"][count].as_u64().unwrap());
        expected["summary"][count] = all.sum::<u64>().into();
    }
    expected["exit_code"] = 1.into();
    let wrong: Vec<String> = [
        "good.json.out.json bad.json.out.json",
        "good.json.out.jsonl bad.json.out.jsonl",
        "good.json.out.json bad.json.out.jsonl",
        // A file that was given before counts once.
        "good.json.out.json bad.json.out.json ./good.json.out.json",
    ]
    .into_iter()
    .filter_map(|files| {
        let run = merge(folder, files);
        let is_it = (run.code, run.err.as_str(), read(&run.out)) == (1, "", expected.clone());
        (!is_it).then(|| format!("{files}: {} {}\n{}", run.code, run.err, run.out))
    })
    .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Lines are results, and then the rest; they can be merged again.
    let lines = merge(
        folder,
        "good.json.out.json bad.json.out.json --format jsonl",
    );
    assert_eq!(lines.out.lines().count(), 3);
    fs::write(folder.join("all.jsonl"), &lines.out).unwrap();
    assert_eq!(read(&merge(folder, "all.jsonl").out), expected);
    // One after the other in one file, and formatted by a person.
    let both = fs::read_to_string(folder.join("good.json.out.jsonl")).unwrap()
        + &serde_json::to_string_pretty(&parts[1]).unwrap();
    fs::write(folder.join("both.jsonl"), both).unwrap();
    let run = merge(folder, "both.jsonl");
    assert_eq!((run.code, read(&run.out)), (1, expected));
    assert_eq!(run.out.lines().count(), 1);
    let failed = merge(
        folder,
        "good.json.out.json broken.json.out.json bad.json.out.json",
    );
    assert_eq!(
        (failed.code, &read(&failed.out)["exit_code"]),
        (2, &json!(2))
    );
    // The schema of `lint` holds for it.
    let schema = read(&run_schema(folder));
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("output.json", schema).unwrap();
    let index = compiler.compile("output.json", &mut schemas).unwrap();
    if let Err(error) = schemas.validate(&read(&failed.out), index) {
        panic!("{error:#}");
    }
}

fn run_schema(folder: &Path) -> String {
    run(folder, &["schema", "output"]).out
}

#[test]
fn an_incomplete_result_is_refused_with_its_place() {
    let folder = folder();
    let folder = folder.path();
    let lines = fs::read_to_string(folder.join("bad.json.out.jsonl")).unwrap();
    let (result, document) = lines.split_once('\n').unwrap();
    let cases: Vec<(&str, String, &str)> = vec![
        ("cut", format!("{result}\n"), "ends before the last line"),
        ("empty", String::new(), "ends before the last line"),
        (
            "half",
            format!("{result}\n{}", &document[..40]),
            "half.jsonl:2:40` is not JSON",
        ),
        (
            "version",
            lines.replace("\"version\":1,", "\"version\":2,"),
            "version.jsonl:2:1` has version 2 of the format; expected 1",
        ),
        (
            "other",
            format!("{result}\n{{\"a\": 1}}\n"),
            "other.jsonl:2:1` is not a result",
        ),
        (
            "policy",
            policy("sqs:SendMessage"),
            "policy.jsonl:1:1` is not a result",
        ),
        (
            "old",
            document.replace("\"exit_code\":1,", ""),
            "old.jsonl:1:1` is not a result",
        ),
        ("list", "[1]".to_owned(), "list.jsonl:1:1` is not a result"),
    ];
    let mut wrong = Vec::new();
    for (name, text, expected) in &cases {
        let file = format!("{name}.jsonl");
        fs::write(folder.join(&file), text).unwrap();
        let run = merge(folder, &format!("good.json.out.json {file}"));
        if run.code != 2 || !run.out.is_empty() || !run.err.contains(expected) {
            wrong.push(format!("{name}: {} {}{}", run.code, run.out, run.err));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    each(["none.jsonl", "*.none"], |missing| {
        assert_eq!(merge(folder, missing).code, 2);
    });
    // Another release is taken, with a word.
    let other = lines.replace("\"catalog_date\":\"", "\"catalog_date\":\"x");
    fs::write(folder.join("other.jsonl"), other).unwrap();
    let run = merge(folder, "good.json.out.json other.jsonl");
    assert_eq!(run.code, 1);
    assert!(
        run.err
            .contains("other.jsonl was written by another release"),
        "{}",
        run.err
    );
}
