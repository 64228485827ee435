//! Every format says the same of every fixture: the findings of the report, each at its place, in words that
//! whoever reads the format gets back unharmed.

use std::collections::BTreeSet;
use std::fs;

use crate::common::formats::{Annotation, FORMATS, annotations, every_fixture};
use crate::common::program::run as run_in;
use crate::common::role;
use crate::common::table::each;
use pcluster_iam::finding::Finding;
use pcluster_iam::report::{self, Region, Report, Repository, TextOptions};
use serde_json::Value;

/// A report in a format, as the program writes it when it ends with 1.
fn written(report: &Report, format: &str) -> String {
    let mut out = Vec::new();
    let repository = Repository::around(&std::env::temp_dir());
    match format {
        "text" => report::text(report, TextOptions::default(), &mut out),
        "concise" => report::concise(report, false, &mut out),
        "json" => report::json(report, 0, &mut out),
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
        let (number, rest) = rest.split_once(':').unwrap();
        let (column, rest) = rest.split_once(": ").unwrap();
        assert!(column.parse::<u32>().unwrap() >= 1);
        let (severity, rest) = rest.split_once('[').unwrap();
        let (lint, message) = rest.split_once("]: ").unwrap();
        Said {
            lint: lint.to_owned(),
            line: number.parse().unwrap(),
            severity: Some(severity.to_owned()),
            message: message.to_owned(),
        }
    };
    text.lines().map(read).collect()
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
        let begin = issue.pointer("/location/lines/begin").unwrap();
        Said {
            line: u32::try_from(begin.as_u64().unwrap()).unwrap(),
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
                    // Read by tests of their own.
                    "text" | "sarif" => continue,
                    other => panic!("nothing reads {other}"),
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
    each(
        [
            ("/version", serde_json::json!(2)),
            ("/results/0/findings/0/severity", serde_json::json!("fatal")),
            ("/results/0/requirements/0/verdict", serde_json::json!("ok")),
            ("/results/0/findings/0/region", Value::Null),
            ("/summary/error", serde_json::json!("1")),
        ],
        |(at, wrong)| {
            let mut bad = good.clone();
            *bad.pointer_mut(at).unwrap() = wrong;
            assert!(schema.schemas.validate(&bad, schema.index).is_err(), "{at}");
        },
    );
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
    let one_line = spelled.replace('\n', "\\n");
    let several_lines = spelled.replace("\n::", "\n\\u{3a}:");

    let output = written(&report, "github");
    let got = annotations(&output);
    assert_eq!(got.len(), wanted.len());
    let mut sorted = wanted.clone();
    sorted.sort_by_key(|f| std::cmp::Reverse(f.severity));
    for (annotation, finding) in got.iter().zip(sorted) {
        assert_eq!(annotation.get("file"), Some(path));
        if finding.message == hostile {
            let times = |text: &str| annotation.message.matches(text).count();
            assert_eq!(times(&one_line), 2, "{}", annotation.message);
            assert_eq!(times(&several_lines), 1, "{}", annotation.message);
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
    let one_line = one_line.replace('\u{fffe}', "\\u{fffe}");
    let several_lines = several_lines.replace('\u{fffe}', "\\u{fffe}");
    assert!(messages.contains(&one_line.as_str()), "{messages:#?}");
    let ours = |n: &roxmltree::Node<'_, '_>| n.attribute("message") == Some(one_line.as_str());
    let body = xml.descendants().find(ours).unwrap().text().unwrap();
    assert!(
        body.ends_with(&format!("\n{one_line}\nhelp: {several_lines}")),
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
    each(["text", "concise", "github", "gitlab", "junit"], |format| {
        let output = written(&report, format);
        assert!(!output.contains(&hidden), "{format}: {output}");
    });
    assert!(written(&report, "text").contains("findings: 7 errors, 3 warnings (1 suppressed)\n"));
    assert!(
        written(&report, "github").contains("\n10 findings: 7 errors, 3 warnings (1 suppressed)\n")
    );
    assert!(written(&report, "junit").contains("name=\"suppressed\" value=\"1\""));
    let json: Value = serde_json::from_str(&written(&report, "json")).unwrap();
    compiled_schema().check(&json, "suppressed");
    assert_eq!(json["results"][0]["findings"][0]["suppressed"], reason);
    assert_eq!(json["summary"]["suppressed"], 1);
    assert_eq!(json["summary"]["error"], 7);
    // Nothing is left to show, but nobody is told that all is covered.
    for finding in &mut report.results[0].findings {
        finding.suppressed = Some(reason.into());
    }
    let text = written(&report, "text");
    let sum = format!("no findings ({before} suppressed)\n");
    assert!(text.contains(&sum), "{text}");
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
        "\"Statement\": [{\"Sid\": \"New\", \"Effect\": \"Deny\", \"Action\": \"glacier:ListVaults\", \"Resource\": \"*\"},",
        1,
    );
    assert_eq!(prints(&single), prints(&one("a.json", &above)));
    let ours: BTreeSet<String> = single
        .findings()
        .map(|f| f.fingerprint.to_string())
        .collect();
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
    assert!(!two.is_empty() && three.len() * 2 == two.len() * 3 && two.is_subset(&three));
}
