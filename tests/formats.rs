//! Every format says the same of every fixture: the findings of the report, each at its place, in words that
//! whoever reads the format gets back unharmed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::role;
use pcluster_iam::finding::Finding;
use pcluster_iam::report::{self, Region, Report, Repository, TextOptions};
use serde_json::Value;

const FORMATS: [&str; 7] = [
    "text", "concise", "json", "sarif", "github", "gitlab", "junit",
];

fn fixtures(folder: &Path, out: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap();
    let mut entries: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            fixtures(&path, out);
        } else if path.extension().is_some_and(|e| e == "json") {
            out.push(path);
        }
    }
}

fn every_fixture() -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    fixtures(&root, &mut paths);
    assert!(paths.len() >= 40);
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path, text)
    };
    paths.into_iter().map(read).collect()
}

/// A report in a format, as the program writes it when it ends with 1.
fn written(report: &Report, format: &str) -> String {
    let mut out = Vec::new();
    let repository = Repository::around(&std::env::temp_dir());
    match format {
        "text" => report::text(report, TextOptions::default(), &mut out),
        "concise" => report::concise(report, false, &mut out),
        "json" => report::json(report, &mut out),
        "sarif" => report::sarif(report, &repository, 1, &mut out),
        "github" => report::github(report, &repository, false, &mut out),
        "gitlab" => report::gitlab(report, &repository, &mut out),
        "junit" => report::junit(report, &mut out),
        other => panic!("{other}"),
    }
    .unwrap();
    String::from_utf8(out).unwrap()
}

/// What a format says of a finding.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Said {
    lint: String,
    line: u32,
    severity: Option<String>,
    message: String,
}

fn said(report: &Report, with_severity: bool) -> Vec<Said> {
    let all = report.findings().map(|finding| Said {
        lint: finding.lint.to_owned(),
        line: region(report, finding).start_line,
        severity: with_severity.then(|| finding.severity.name().to_owned()),
        message: finding.message.clone(),
    });
    let mut all: Vec<Said> = all.collect();
    all.sort();
    all
}

fn region(report: &Report, finding: &Finding) -> Region {
    Region::new(report.sources.get(finding.label.source), finding.label.span)
}

/// Reads `path:line:column: severity[lint]: message`.
fn from_concise(text: &str, path: &str) -> Vec<Said> {
    let read = |line: &str| {
        let rest = line.strip_prefix(path).unwrap().strip_prefix(':').unwrap();
        let (line, rest) = rest.split_once(':').unwrap();
        let (column, rest) = rest.split_once(": ").unwrap();
        assert!(column.parse::<u32>().unwrap() >= 1);
        let (severity, rest) = rest.split_once('[').unwrap();
        let (lint, message) = rest.split_once("]: ").unwrap();
        Said {
            lint: lint.to_owned(),
            line: line.parse().unwrap(),
            severity: Some(severity.to_owned()),
            message: message.to_owned(),
        }
    };
    text.lines().map(read).collect()
}

struct Annotation {
    command: String,
    properties: Vec<(String, String)>,
    message: String,
}

impl Annotation {
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.properties.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads workflow commands as the runner does: a line that begins with `::`, properties up to the next `::`, and
/// escapes taken back in the order opposite to that of writing.
fn annotations(text: &str) -> Vec<Annotation> {
    let data = |text: &str| {
        text.replace("%0D", "\r")
            .replace("%0A", "\n")
            .replace("%25", "%")
    };
    let property = |text: &str| {
        text.replace("%0D", "\r")
            .replace("%0A", "\n")
            .replace("%3A", ":")
            .replace("%2C", ",")
            .replace("%25", "%")
    };
    let read = |line: &str| {
        let (head, message) = line.strip_prefix("::")?.split_once("::").unwrap();
        let (command, properties) = head.split_once(' ').unwrap();
        let pairs = properties.split(',').map(|p| p.split_once('=').unwrap());
        Some(Annotation {
            command: command.to_owned(),
            properties: pairs.map(|(n, v)| (n.to_owned(), property(v))).collect(),
            message: data(message),
        })
    };
    text.lines().filter_map(read).collect()
}

fn from_github(text: &str, path: &str) -> Vec<Said> {
    let read = |annotation: Annotation| {
        let get = |name: &str| annotation.get(name).unwrap();
        assert_eq!(get("file"), path);
        let line: u32 = get("line").parse().unwrap();
        let same_line = get("line") == get("endLine");
        assert_eq!(annotation.get("col").is_some(), same_line);
        assert_eq!(annotation.get("endColumn").is_some(), same_line);
        let (first, _) = annotation
            .message
            .split_once('\n')
            .unwrap_or((&annotation.message, ""));
        let rest = first.strip_prefix(&format!("{path}:{line}:")).unwrap();
        let (column, message) = rest.split_once(": ").unwrap();
        assert!(annotation.get("col").is_none_or(|c| c == column));
        Said {
            lint: get("title").to_owned(),
            line,
            severity: Some(annotation.command.replace("notice", "note")),
            message: message.to_owned(),
        }
    };
    annotations(text).into_iter().map(read).collect()
}

fn from_gitlab(text: &str, path: &str) -> Vec<Said> {
    let issues: Value = serde_json::from_str(text).unwrap();
    let mut prints = BTreeSet::new();
    let mut read = |issue: &Value| {
        let get = |at: &str| issue.pointer(at).unwrap().as_str().unwrap().to_owned();
        assert_eq!(get("/location/path"), path);
        assert!(!get("/fingerprint").is_empty());
        assert!(prints.insert(get("/fingerprint")), "two alike");
        let lint = get("/check_name");
        let description = get("/description");
        let message = description.strip_prefix(&format!("{lint}: ")).unwrap();
        let line = issue.pointer("/location/lines/begin").unwrap();
        Said {
            line: u32::try_from(line.as_u64().unwrap()).unwrap(),
            severity: Some(
                match get("/severity").as_str() {
                    "info" => "note",
                    "minor" => "warning",
                    "major" => "error",
                    other => panic!("{other}"),
                }
                .to_owned(),
            ),
            message: message.to_owned(),
            lint,
        }
    };
    issues.as_array().unwrap().iter().map(&mut read).collect()
}

fn from_junit(text: &str, path: &str) -> Vec<Said> {
    let xml = roxmltree::Document::parse(text).unwrap();
    let root = xml.root_element();
    let elements = |name: &str| {
        let all = root.descendants().filter(|n| n.has_tag_name(name));
        all.collect::<Vec<_>>()
    };
    let cases = elements("testcase");
    let failures = elements("failure");
    assert_eq!(root.attribute("tests").unwrap(), cases.len().to_string());
    assert_eq!(
        root.attribute("failures").unwrap(),
        failures.len().to_string()
    );
    assert!(!cases.is_empty(), "an empty report counts as an error");
    let names: BTreeSet<_> = cases.iter().map(|c| c.attribute("name")).collect();
    assert_eq!(names.len(), cases.len(), "two tests of one name");
    for suite in elements("testsuite") {
        assert_eq!(suite.attribute("name"), Some(path));
    }
    let read = |failure: &roxmltree::Node<'_, '_>| {
        let case = failure.parent().unwrap();
        assert_eq!(case.attribute("classname"), Some(path));
        Said {
            lint: failure.attribute("type").unwrap().to_owned(),
            line: case.attribute("line").unwrap().parse().unwrap(),
            severity: None,
            message: failure.attribute("message").unwrap().to_owned(),
        }
    };
    failures.iter().map(read).collect()
}

#[test]
fn every_format_says_what_the_report_says_of_every_fixture() {
    let schema = compiled_schema();
    let mut findings = 0;
    for (path, text) in every_fixture() {
        for (role, scheduler) in [("instance", "torque"), ("user", "awsbatch")] {
            let what = format!("{} ({role})", path.display());
            let report = role::report(&[("policy.json", &text)], role, scheduler, &[]);
            findings += report.findings().count();
            // Its search runs to the bound each time.
            let again = if path.ends_with("undecided/bad.json") {
                None
            } else {
                Some(role::report(
                    &[("policy.json", &text)],
                    role,
                    scheduler,
                    &[],
                ))
            };
            for format in FORMATS {
                let output = written(&report, format);
                if let Some(again) = &again {
                    assert_eq!(output, written(again, format), "{what}: {format}");
                }
                let mut found = match format {
                    "concise" => from_concise(&output, "policy.json"),
                    "github" => from_github(&output, "policy.json"),
                    "gitlab" => from_gitlab(&output, "policy.json"),
                    "junit" => from_junit(&output, "policy.json"),
                    "json" => {
                        let value: Value = serde_json::from_str(&output).unwrap();
                        schema.check(&value, &what);
                        continue;
                    }
                    _ => continue,
                };
                found.sort();
                assert_eq!(found, said(&report, format != "junit"), "{what}: {format}");
            }
        }
    }
    assert!(findings > 200, "{findings}");
}

struct Schema {
    schemas: boon::Schemas,
    index: boon::SchemaIndex,
}

impl Schema {
    fn check(&self, value: &Value, what: &str) {
        if let Err(error) = self.schemas.validate(value, self.index) {
            panic!("{what}: {error:#}");
        }
    }
}

fn compiled_schema() -> Schema {
    let schema: Value = serde_json::from_str(report::SCHEMA).unwrap();
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("output.json", schema).unwrap();
    let index = compiler.compile("output.json", &mut schemas).unwrap();
    Schema { schemas, index }
}

#[test]
fn the_schema_refuses_what_the_program_would_never_print() {
    let schema = compiled_schema();
    let report = role::report(
        &[("p.json", &role::fixture("lints/missing-action/bad.json"))],
        "instance",
        "torque",
        &[],
    );
    let good: Value = serde_json::from_str(&written(&report, "json")).unwrap();
    schema.check(&good, "as it is");
    for (at, wrong) in [
        ("/version", serde_json::json!(2)),
        ("/results/0/findings/0/severity", serde_json::json!("fatal")),
        ("/results/0/requirements/0/verdict", serde_json::json!("ok")),
        ("/results/0/findings/0/region", Value::Null),
        ("/summary/error", serde_json::json!("1")),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(at).unwrap() = wrong;
        assert!(schema.schemas.validate(&bad, schema.index).is_err(), "{at}");
    }
}

/// Text that ends lines, begins commands, opens tags and steers terminals, in a path and in a policy.
#[test]
fn nothing_of_a_policy_or_a_path_breaks_a_format() {
    let path = "a,b:c%0A%d\n<e> & \"f\" 'g'.json";
    let text = role::fixture("lints/unneeded-action/bad.json");
    let mut report = role::report(&[(path, &text)], "instance", "torque", &[]);
    let hostile = "`s3:Get%0A,x:y::z` %25 <b>&'\"\u{0}\u{1b}[31m\n::error::x\u{fffe}\u{202e}]]>";
    report.results[0].findings[0].message = hostile.to_owned();
    report.results[0].findings[0].notes = vec![hostile.to_owned()];
    report.results[0].findings[0].help = Some(hostile.to_owned());
    let wanted: Vec<&Finding> = report.findings().collect();
    let spelled = hostile
        .replace('\u{0}', "\\u{0}")
        .replace('\u{1b}', "\\u{1b}")
        .replace('\u{202e}', "\\u{202e}");

    let output = written(&report, "github");
    let got = annotations(&output);
    assert_eq!(got.len(), wanted.len());
    let mut sorted = wanted.clone();
    sorted.sort_by_key(|f| std::cmp::Reverse(f.severity));
    for (annotation, finding) in got.iter().zip(sorted) {
        assert_eq!(annotation.get("file"), Some(path));
        if finding.message == hostile {
            let times = annotation.message.matches(&spelled).count();
            assert_eq!(times, 3, "{}", annotation.message);
        }
    }

    let output = written(&report, "concise");
    assert_eq!(output.lines().count(), wanted.len());
    let controls = |c: char| c.is_control() && c != '\n';
    assert!(!output.contains(controls));

    let output = written(&report, "junit");
    let xml = roxmltree::Document::parse(&output).unwrap();
    let failures = xml.descendants().filter(|n| n.has_tag_name("failure"));
    let messages: Vec<&str> = failures.map(|n| n.attribute("message").unwrap()).collect();
    assert_eq!(messages.len(), wanted.len());
    let spelled = spelled.replace('\u{fffe}', "\\u{fffe}");
    let one_line = spelled.replace('\n', "\\n");
    assert!(messages.contains(&one_line.as_str()), "{messages:#?}");
    let ours = |n: &roxmltree::Node<'_, '_>| n.attribute("message") == Some(one_line.as_str());
    let body = xml.descendants().find(ours).unwrap().text().unwrap();
    assert!(
        body.ends_with(&format!("\n{spelled}\nhelp: {spelled}")),
        "{body}"
    );
    let suite = xml.descendants().find(|n| n.has_tag_name("testsuite"));
    let name = path.replace('\n', "\\n");
    assert_eq!(suite.unwrap().attribute("name"), Some(name.as_str()));

    let issues: Value = serde_json::from_str(&written(&report, "gitlab")).unwrap();
    assert_eq!(issues[0]["location"]["path"], path);
}

#[test]
fn suppressed_findings_are_counted_and_not_shown() {
    let text = role::fixture("lints/missing-action/bad.json");
    let mut report = role::report(&[("p.json", &text)], "instance", "torque", &[]);
    let before = report.findings().count();
    let reason = "reviewed in SEC-142";
    report.results[0].findings[0].suppressed = Some(reason.into());
    let hidden = report.results[0].findings[0].message.clone();
    assert_eq!(report.findings().count(), before - 1);
    for format in ["text", "concise", "github", "gitlab", "junit"] {
        let output = written(&report, format);
        assert!(!output.contains(&hidden), "{format}: {output}");
    }
    assert!(written(&report, "text").contains("findings: 9 errors (1 suppressed)\n"));
    assert!(written(&report, "github").ends_with("findings: 9 errors (1 suppressed)\n"));
    assert!(written(&report, "junit").contains("name=\"suppressed\" value=\"1\""));
    let json: Value = serde_json::from_str(&written(&report, "json")).unwrap();
    compiled_schema().check(&json, "suppressed");
    assert_eq!(json["results"][0]["findings"][0]["suppressed"], reason);
    assert_eq!(json["summary"]["suppressed"], 1);
    assert_eq!(json["summary"]["error"], 9);
    // Nothing is left to show, but nobody is told that all is covered.
    for finding in &mut report.results[0].findings {
        finding.suppressed = Some(reason.into());
    }
    let text = written(&report, "text");
    assert!(text.contains("no findings (10 suppressed)\n"), "{text}");
    assert!(text.contains(" of 29 requirements covered\n"), "{text}");
    assert_eq!(written(&report, "concise"), "");
    assert_eq!(written(&report, "gitlab"), "[]\n");
    from_junit(&written(&report, "junit"), "p.json");
}

fn prints(report: &Report) -> BTreeSet<String> {
    let issues: Value = serde_json::from_str(&written(report, "gitlab")).unwrap();
    let issues = issues.as_array().unwrap();
    let prints: BTreeSet<String> = issues
        .iter()
        .map(|i| i["fingerprint"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(prints.len(), issues.len(), "two alike");
    prints
}

#[test]
fn fingerprints_tell_roles_apart_and_survive_edits_elsewhere() {
    let text = role::fixture("examples/head-node.json");
    let one = |name: &str, text: &str| role::report(&[(name, text)], "instance", "torque", &[]);
    let single = one("a.json", &text);
    assert_eq!(
        prints(&single),
        prints(&one("a.json", &text.replace('\n', "\n    ")))
    );
    let above = text.replacen(
        "\"Statement\": [",
        "\"Statement\": [{\"Sid\": \"New\", \"Effect\": \"Allow\", \"Action\": \"sqs:ListQueues\", \"Resource\": \"*\"},",
        1,
    );
    assert_eq!(prints(&single), prints(&one("a.json", &above)));
    let ours: BTreeSet<String> = single.findings().map(|f| f.fingerprint.clone()).collect();
    assert_eq!(
        prints(&single),
        ours,
        "one result has those of the JSON output"
    );

    // Files judged one by one lack the same, and each keeps its findings when another joins.
    let folder = tempfile::tempdir().unwrap();
    let judge = |names: &[&str]| -> BTreeSet<(String, String)> {
        for name in names {
            fs::write(folder.path().join(name), &text).unwrap();
        }
        let mut arguments = vec![
            "lint",
            "--each",
            "--scheduler",
            "torque",
            "--role",
            "instance",
        ];
        arguments.extend(["--format", "gitlab"]);
        arguments.extend(names);
        let run = run_in(folder.path(), &arguments);
        let issues: Value = serde_json::from_str(&run.out).unwrap();
        let issues = issues.as_array().unwrap();
        let both: BTreeSet<(String, String)> = issues
            .iter()
            .map(|i| {
                let get = |at: &str| i.pointer(at).unwrap().as_str().unwrap().to_owned();
                (get("/fingerprint"), get("/location/path"))
            })
            .collect();
        let prints: BTreeSet<&str> = both.iter().map(|(print, _)| print.as_str()).collect();
        assert_eq!(prints.len(), issues.len(), "two alike");
        both
    };
    let two = judge(&["b.json", "c.json"]);
    let three = judge(&["a.json", "b.json", "c.json"]);
    assert!(two.len() == 10 && three.len() == 15 && two.is_subset(&three));
}

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn run_in(folder: &Path, arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_pcluster-iam"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Run {
        code: output.status.code().expect("an exit code"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

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
    for (file, codes) in [
        ("clean.json", [0, 0, 0, 0]),
        ("warning.json", [0, 1, 1, 0]),
        ("error.json", [1, 1, 1, 0]),
        ("unreadable.json", [2, 2, 2, 2]),
    ] {
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
    }
    // 2 beats 1 beats 0, whatever the order.
    for (files, expected) in [
        (&["error.json", "clean.json"][..], 1),
        (&["clean.json", "error.json", "unreadable.json"], 2),
        (&["unreadable.json", "error.json"], 2),
    ] {
        for format in FORMATS {
            let more = ["--each", "-f", format];
            let run = run_in(folder.path(), &[&base[..], files, &more].concat());
            assert_eq!(run.code, expected, "{files:?} {format}");
        }
    }
}

#[test]
fn what_cannot_be_read_stands_in_every_format_with_its_place() {
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
        "2 findings: 2 errors; not all could be judged\n"
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
    for (at, lines) in [(0, 1), (1, 2)] {
        let place = &notes[at]["locations"][0]["physicalLocation"];
        assert_eq!(place["region"]["startLine"], lines);
        assert_eq!(
            log["runs"][0]["results"][at]["locations"][0]["physicalLocation"],
            *place
        );
    }
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
    for format in FORMATS {
        let single = run_in(folder.path(), &[&base[..], &["-f", format]].concat());
        assert_eq!(single.out, file(&format!("{format}.out")), "{format}");
    }
    assert_eq!(
        file("plain.out"),
        file("gitlab.out"),
        "a file without a format has that of --format"
    );
    assert_eq!(all.out, file("junit.out"));

    for (outputs, says) in [
        (&["sariff:x.out"][..], "there is no format `sariff`"),
        (&["sarif:"], "it names no file"),
        (
            &["json:x.out", "sarif:x.out"],
            "something else goes there already",
        ),
        (&["json:-", "-"], "something else goes there already"),
    ] {
        let mut arguments = base.to_vec();
        outputs.iter().for_each(|o| arguments.extend(["-o", o]));
        let run = run_in(folder.path(), &arguments);
        assert_eq!(run.code, 2, "{outputs:?}");
        assert!(run.err.contains(says) && run.out.is_empty(), "{}", run.err);
        assert!(!folder.path().join("x.out").exists());
    }
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
    for format in FORMATS {
        let loud = run_in(folder.path(), &[&base[..], &["-f", format]].concat());
        let quiet = run_in(folder.path(), &[&base[..], &["-q", "-f", format]].concat());
        assert!(
            loud.out.contains("unneeded-action"),
            "{format}: {}",
            loud.out
        );
        if ["text", "concise", "github"].contains(&format) {
            assert!(!quiet.out.contains("unneeded-action"), "{format}");
            assert_eq!(quiet.err, "");
        } else {
            assert_eq!(quiet.out, loud.out, "{format}");
        }
    }
}

/// The fenced blocks of a page: language and text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = page.split("```").collect();
    let inside = parts.iter().skip(1).step_by(2);
    inside
        .map(|block| block.split_once('\n').unwrap())
        .collect()
}

#[test]
fn the_page_on_output_shows_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/output.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    let blocks = blocks(&page);
    let files = blocks.iter().filter(|(language, _)| *language == "json");
    for (name, (_, text)) in ["policy.json", "minimum.json"].iter().zip(files) {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mut shown = BTreeSet::new();
    for (_, block) in &blocks {
        let Some((command, expected)) = block
            .strip_prefix("$ pcluster-iam ")
            .and_then(|b| b.split_once('\n'))
        else {
            continue;
        };
        let arguments: Vec<&str> = command.split_whitespace().collect();
        shown.insert(*arguments.last().unwrap());
        let printed = run_in(folder.path(), &arguments).out;
        // What is left out stands for whole lines.
        let mut rest = printed.as_str();
        for part in expected.split("...\n") {
            let at = rest.find(part);
            let at = at.unwrap_or_else(|| panic!("{command}:\n{part}\nis not in\n{printed}"));
            rest = &rest[at + part.len()..];
        }
        assert!(
            expected.ends_with("...\n") || rest.is_empty(),
            "{command}: {rest}"
        );
    }
    assert_eq!(shown, BTreeSet::from(FORMATS));
}
