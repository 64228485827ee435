//! The formats as a user has them: exit codes, files, several at once, and the page that describes them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::common::formats::{FORMATS, annotations};
use crate::common::program::run as run_in;
use crate::common::table::each;
use crate::common::{page, role};
use pcluster_iam::report;
use serde_json::Value;

/// Policies of which the worst is nothing, a warning, an error; and what cannot be read.
fn inputs(folder: &Path) {
    let clean = role::fixture("reference/instance-traditional-filled.json");
    let warning = role::fixture("reference/instance-traditional-published.json");
    let error = role::fixture("lints/missing-action/bad.json");
    fs::write(folder.join("clean.json"), clean).unwrap();
    fs::write(folder.join("warning.json"), warning).unwrap();
    fs::write(folder.join("error.json"), error).unwrap();
    fs::write(folder.join("unreadable.json"), "{\n  \"Version\": ,\n}\n").unwrap();
}

#[test]
fn the_exit_code_depends_on_the_threshold_and_never_on_the_format() {
    let folder = tempfile::tempdir().unwrap();
    inputs(folder.path());
    let base = ["lint", "--scheduler", "torque", "--role", "instance"];
    each(
        [
            ("clean.json", [0, 0, 0, 0]),
            ("warning.json", [0, 1, 1, 0]),
            ("error.json", [1, 1, 1, 0]),
            ("unreadable.json", [2, 2, 2, 2]),
        ],
        |(file, codes)| {
            for (threshold, expected) in ["error", "warning", "note", "never"].iter().zip(codes) {
                for format in FORMATS {
                    let more = [file, "--fail-on", threshold, "-f", format];
                    let run = run_in(folder.path(), &[&base[..], &more].concat());
                    assert_eq!(
                        run.code, expected,
                        "{file} {threshold} {format}: {}",
                        run.err
                    );
                    if format == "sarif" {
                        let log: Value = serde_json::from_str(&run.out).unwrap();
                        let invocation = &log["runs"][0]["invocations"][0];
                        assert_eq!(invocation["exitCode"], expected);
                        assert_eq!(invocation["executionSuccessful"], expected != 2);
                    }
                }
            }
        },
    );
    // 2 beats 1 beats 0, whatever the order.
    each(
        [
            (&["error.json", "clean.json"][..], 1),
            (&["clean.json", "error.json", "unreadable.json"], 2),
            (&["unreadable.json", "error.json"], 2),
        ],
        |(files, expected)| {
            for format in FORMATS {
                let more = ["--each", "-f", format];
                let run = run_in(folder.path(), &[&base[..], files, &more].concat());
                assert_eq!(run.code, expected, "{files:?} {format}");
            }
        },
    );
}

#[test]
fn every_format_reports_unreadable_input_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    inputs(folder.path());
    let base = ["lint", "clean.json", "unreadable.json", "gone.json"];
    let base = [&base[..], &["--scheduler", "torque", "--role", "instance"]].concat();
    let of = |format: &str| {
        let run = run_in(folder.path(), &[&base[..], &["-f", format]].concat());
        assert_eq!(run.code, 2, "{format}");
        run
    };
    let concise = of("concise");
    assert!(
        concise
            .out
            .contains("unreadable.json:2:14: error[invalid-json]: ")
    );
    assert!(
        concise
            .out
            .contains("gone.json:1:1: error[invalid-json]: cannot read the file")
    );
    assert_eq!(concise.out.lines().count(), 2);
    assert_eq!(
        concise.err,
        "2 findings: 2 errors; not all could be judged\n\
         not checked: permissions boundary, service control policies (SCP)\n"
    );
    let text = of("text").out;
    assert!(text.contains("--> unreadable.json:2:14") && text.contains("--> gone.json:1:1"));
    let places: Vec<_> = annotations(&of("github").out)
        .iter()
        .map(|a| {
            format!(
                "{} {} {}",
                a.command,
                a.get("file").unwrap(),
                a.get("line").unwrap()
            )
        })
        .collect();
    assert_eq!(places, ["error gone.json 1", "error unreadable.json 2"]);
    let issues: Value = serde_json::from_str(&of("gitlab").out).unwrap();
    assert_eq!(issues[1]["location"]["path"], "unreadable.json");
    assert_eq!(issues[1]["location"]["lines"]["begin"], 2);
    let junit = of("junit").out;
    let xml = roxmltree::Document::parse(&junit).unwrap();
    let suites = xml.descendants().filter(|n| n.has_tag_name("testsuite"));
    let outcomes: Vec<_> = suites
        .map(|suite| {
            let case = suite
                .children()
                .find(|n| n.has_tag_name("testcase"))
                .unwrap();
            let outcome = case.children().find(roxmltree::Node::is_element).unwrap();
            (suite.attribute("name").unwrap(), outcome.tag_name().name())
        })
        .collect();
    // Nobody is told that the file which can be read passed.
    assert_eq!(
        outcomes,
        [
            ("clean.json", "skipped"),
            ("unreadable.json", "failure"),
            ("gone.json", "failure")
        ]
    );
    let log: Value = serde_json::from_str(&of("sarif").out).unwrap();
    let notes = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    assert_eq!(notes.as_array().unwrap().len(), 2);
    each([(0, 1), (1, 2)], |(at, lines)| {
        let place = &notes[at]["locations"][0]["physicalLocation"];
        assert_eq!(place["region"]["startLine"], lines);
        assert_eq!(
            log["runs"][0]["results"][at]["locations"][0]["physicalLocation"],
            *place
        );
    });
}

#[test]
fn several_outputs_at_once_are_those_of_single_runs() {
    let folder = tempfile::tempdir().unwrap();
    inputs(folder.path());
    let base = [
        "lint",
        "error.json",
        "--scheduler",
        "torque",
        "--role",
        "instance",
    ];
    let mut many: Vec<String> = base.map(str::to_owned).to_vec();
    for format in FORMATS {
        many.extend(["-o".to_owned(), format!("{format}:{format}.out")]);
    }
    many.extend(["-o", "plain.out", "-f", "gitlab", "-o", "junit:-"].map(str::to_owned));
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let all = run_in(folder.path(), &many);
    assert_eq!((all.code, all.err.as_str()), (1, ""));
    let file = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    each(FORMATS, |format| {
        let single = run_in(folder.path(), &[&base[..], &["-f", format]].concat());
        assert_eq!(single.out, file(&format!("{format}.out")), "{format}");
    });
    assert_eq!(
        file("plain.out"),
        file("gitlab.out"),
        "a file without a format has that of --format"
    );
    assert_eq!(all.out, file("junit.out"));

    each(
        [
            (&["sariff:x.out"][..], "there is no format `sariff`"),
            (&["sarif:"], "it names no file"),
            (
                &["json:x.out", "sarif:x.out"],
                "something else goes there already",
            ),
            (&["json:-", "-"], "something else goes there already"),
        ],
        |(outputs, says)| {
            let mut arguments = base.to_vec();
            for output in outputs {
                arguments.extend(["-o", output]);
            }
            let run = run_in(folder.path(), &arguments);
            assert_eq!(run.code, 2, "{outputs:?}");
            assert!(run.err.contains(says) && run.out.is_empty(), "{}", run.err);
            assert!(!folder.path().join("x.out").exists());
        },
    );
    let run = run_in(
        folder.path(),
        &[&base[..], &["-o", "./sariff:x.out"]].concat(),
    );
    assert_eq!(run.code, 1);
    assert!(folder.path().join("sariff:x.out").exists());
}

#[test]
fn the_schema_is_printed() {
    let run = run_in(Path::new("."), &["schema", "output"]);
    assert_eq!((run.code, run.out.as_str()), (0, report::SCHEMA));
}

#[test]
fn quiet_hides_notes_from_people_and_changes_no_report_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let file = "note.json";
    let text = role::fixture("reference/instance-traditional-filled.json");
    let text = text.replace(
        "\"sqs:ListQueues\"",
        "[\"sqs:ListQueues\", \"s3:ListBucket\"]",
    );
    fs::write(folder.path().join(file), text).unwrap();
    let base = ["lint", file, "--scheduler", "torque", "--role", "instance"];
    each(FORMATS, |format| {
        let loud = run_in(folder.path(), &[&base[..], &["-f", format]].concat());
        let quiet = run_in(folder.path(), &[&base[..], &["-q", "-f", format]].concat());
        assert!(
            loud.out.contains("unneeded-action"),
            "{format}: {}",
            loud.out
        );
        if ["text", "concise", "github"].contains(&format) {
            assert!(!quiet.out.contains("unneeded-action"), "{format}");
            // The sum stays, beside the findings.
            let sum = "1 finding: 1 note\nnot checked: permissions boundary, service control policies (SCP)\n";
            let err = if format == "concise" { sum } else { "" };
            assert_eq!(quiet.err, err, "{format}");
        } else {
            assert_eq!(quiet.out, loud.out, "{format}");
        }
    });
}

#[test]
fn concise_lists_once_what_was_not_checked() {
    let shown = "fixtures/examples/slurm-head-node.json";
    let options = ["--scheduler", "slurm", "--role", "head-node", "-f"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = |format| run_in(root, &[&["lint", shown], &options[..], &[format]].concat());
    let of_text = run("text").out;
    let line = |text: &str| {
        let mut lines = text.lines().filter_map(|l| l.strip_prefix("not checked: "));
        let line = lines.next().unwrap().to_owned();
        assert_eq!(lines.next(), None, "{text}");
        line
    };
    let concise = run("concise");
    let (named, others) = (line(&concise.out), line(&concise.err));
    assert!(named.contains("CloudWatchAgentServerPolicy"), "{named}");
    assert_eq!(line(&of_text), format!("{others}, {named}"));
}

#[test]
fn the_page_on_output_shows_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/output.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    let blocks = page::blocks(&page);
    let files = blocks.iter().filter(|(language, _)| *language == "json");
    for (name, (_, text)) in ["policy.json", "minimum.json"].iter().zip(files) {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let commands = page::run(&blocks, folder.path());
    let shown: BTreeSet<&str> = commands
        .iter()
        .filter_map(|command| command.rsplit_once("--format ").map(|(_, format)| format))
        .map(|format| format.trim_end_matches(" | jq"))
        .collect();
    assert_eq!(shown, BTreeSet::from(FORMATS));

    let pattern = blocks.iter().find(|(language, _)| *language == "regex");
    let pattern = regex::Regex::new(pattern.unwrap().1.trim()).unwrap();
    let arguments = [
        "lint",
        "policy.json",
        "--reference",
        "minimum.json",
        "-f",
        "concise",
    ];
    let printed = run_in(folder.path(), &arguments).out;
    let read: Vec<[&str; 6]> = printed
        .lines()
        .map(|line| pattern.captures(line).unwrap().extract().1)
        .collect();
    assert_eq!(
        read[1][..5],
        ["policy.json", "7", "38", "warning", "unneeded-action"]
    );
}

#[test]
fn the_json_of_a_clean_policy_is_short() {
    let folder = tempfile::tempdir().unwrap();
    let policy = role::fixture("reference/user-traditional-filled.json");
    fs::write(folder.path().join("user.json"), policy).unwrap();
    let options = ["--role", "user", "--scheduler", "torque", "-f", "json"];
    let run = run_in(
        folder.path(),
        &[&["lint", "user.json"], &options[..]].concat(),
    );
    let output: Value = serde_json::from_str(&run.out).unwrap();
    let rows = output["results"][0]["requirements"].as_array().unwrap();
    assert!(rows.len() >= 200, "{} rows", rows.len());
    assert!(run.out.len() <= 40_000, "{} bytes", run.out.len());
}
