//! The SARIF output holds what GitHub's code scanning requires, points where the JSON output points, and links what it
//! names. `tests/sarif-multitool.sh` asks the validator of SARIF's own authors.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::common::formats::every_fixture;
use crate::common::program::run as run_in;
use crate::common::role;
use crate::common::table::each;
use pcluster_iam::lints;
use pcluster_iam::report::{self, Report, Repository};
use serde_json::Value;

fn log_of(report: &Report) -> Value {
    let mut out = Vec::new();
    let repository = Repository::around(&std::env::temp_dir());
    report::sarif(report, &repository, 1, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn json_of(report: &Report) -> Value {
    let mut out = Vec::new();
    report::json(report, 0, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

/// A text that is there and says something.
fn words<'v>(value: &'v Value, at: &str) -> &'v str {
    let text = value.pointer(at).and_then(Value::as_str);
    let text = text.unwrap_or_else(|| panic!("no {at} in {value:#}"));
    assert!(!text.trim().is_empty(), "{at} is empty");
    text
}

fn list<'v>(value: &'v Value, at: &str) -> &'v Vec<Value> {
    let list = value.pointer(at).and_then(Value::as_array);
    list.unwrap_or_else(|| panic!("no {at}"))
}

/// Every property that GitHub's page on SARIF marks as required, and the limits that it states.
fn check_what_is_required(log: &Value) {
    assert!(words(log, "/$schema").contains("sarif-2.1.0"));
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(list(log, "/runs").len(), 1);
    let run = &log["runs"][0];
    for at in ["name", "semanticVersion", "informationUri"] {
        words(run, &format!("/tool/driver/{at}"));
    }
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    for rule in list(run, "/tool/driver/rules") {
        let id = words(rule, "/id");
        assert!(words(rule, "/shortDescription/text").chars().count() <= 1024);
        assert!(
            words(rule, "/fullDescription/text").chars().count() <= 1024,
            "{id}"
        );
        words(rule, "/help/text");
        assert_eq!(words(rule, "/help/markdown"), lints::find(id).unwrap().doc);
        assert!(words(rule, "/helpUri").starts_with("https://"));
        let level = words(rule, "/defaultConfiguration/level");
        assert!(["error", "warning", "note"].contains(&level));
        assert_eq!(words(rule, "/properties/precision"), "very-high");
        let severity = rule["properties"]["problem.severity"].as_str().unwrap();
        assert!(["error", "warning", "recommendation"].contains(&severity));
        let tags = list(rule, "/properties/tags");
        assert!(tags.len() <= 10 && tags.contains(&"security".into()));
        // Excess without danger is none.
        let rated = [
            ("excess-cost", "5.0"),
            ("excess-credentials", "8.6"),
            ("excess-data-access", "7.5"),
            ("excess-destruction", "6.5"),
            ("excess-exposure", "7.2"),
            ("excess-privileges", "9.1"),
            ("exposed-credentials", "8.6"),
            ("privilege-escalation", "9.3"),
            ("unconditional-grant", "5.0"),
            ("unrestricted-assume-role", "9.0"),
            ("writable-code", "8.0"),
            ("open-trust", "9.8"),
            ("federated-trust", "9.0"),
            ("cross-account-trust", "7.0"),
            ("unneeded-trust", "5.0"),
        ];
        let score = rule["properties"]
            .get("security-severity")
            .and_then(Value::as_str);
        let expected = rated.iter().find(|(lint, _)| *lint == id);
        assert_eq!(score, expected.map(|(_, score)| *score), "{id}");
    }
    let invocation = &run["invocations"][0];
    assert!(invocation["executionSuccessful"].is_boolean());
    assert!(invocation["exitCode"].is_u64());
    let mut before = 0;
    for result in list(run, "/results") {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(
            run["tool"]["driver"]["rules"][index]["id"],
            result["ruleId"]
        );
        let level = words(result, "/level");
        let rank = ["error", "warning", "note"]
            .iter()
            .position(|l| *l == level);
        assert!(rank.unwrap() >= before, "errors first");
        before = rank.unwrap();
        words(result, "/message/text");
        assert_eq!(list(result, "/locations").len(), 1);
        assert!(result["suppressions"].is_array());
        words(result, "/partialFingerprints/pclusterIam~1v1");
        check_location(&result["locations"][0]);
        check_links(result);
    }
}

fn check_location(location: &Value) {
    let uri = words(location, "/physicalLocation/artifactLocation/uri");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/%:".contains(c);
    assert!(uri.chars().all(plain), "{uri}");
    let relative = location["physicalLocation"]["artifactLocation"]["uriBaseId"] == "%SRCROOT%";
    assert_eq!(relative, !uri.starts_with("file:///"));
    assert!(!relative || !(uri.starts_with('/') || uri.contains("..") || uri.contains(':')));
    let region = &location["physicalLocation"]["region"];
    let number = |key: &str| region[key].as_u64().unwrap();
    let start = (number("startLine"), number("startColumn"));
    let end = (number("endLine"), number("endColumn"));
    assert!(start.0 >= 1 && start.1 >= 1 && start <= end);
}

/// Each related location is linked by its id, and nothing else is a link.
fn check_links(result: &Value) {
    let text = result["message"]["text"].as_str().unwrap();
    let empty = Vec::new();
    let related = result["relatedLocations"].as_array().unwrap_or(&empty);
    for (index, location) in related.iter().enumerate() {
        assert_eq!(location["id"], index + 1);
        assert!(text.contains(&format!("[here]({})", index + 1)), "{text}");
        check_location(location);
    }
    let mut bytes = text.bytes();
    let mut links = 0;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => assert!(matches!(bytes.next(), Some(b'[' | b']' | b'\\')), "{text}"),
            b'[' => links += 1,
            _ => {}
        }
    }
    assert_eq!(links, related.len(), "{text}");
}

/// The bytes of a region, counted anew from its lines and columns.
fn bytes_of(text: &str, region: &Value) -> (usize, usize) {
    let at = |line: &str, column: &str| {
        let number = |key: &str| usize::try_from(region[key].as_u64().unwrap()).unwrap();
        let lines = text.split_inclusive('\n').take(number(line) - 1);
        let start: usize = lines.map(str::len).sum();
        let columns = text[start..].chars().take(number(column) - 1);
        start + columns.map(char::len_utf8).sum::<usize>()
    };
    (at("startLine", "startColumn"), at("endLine", "endColumn"))
}

#[test]
fn every_fixture_gives_a_log_that_github_takes_and_that_agrees_with_the_json_output() {
    let (mut results, mut linked) = (0, 0);
    for (path, original) in every_fixture() {
        let wide = original.replace("parallelcluster-", "parallelclüster-字-");
        for text in [original, wide] {
            if path.ends_with("undecided/bad.json") && text.contains('字') {
                continue;
            }
            for (role, scheduler) in [("instance", "torque"), ("user", "awsbatch")] {
                let report = role::report(&[("iam/policy.json", &text)], role, scheduler, &[]);
                let log = log_of(&report);
                check_what_is_required(&log);
                let json = json_of(&report);
                let findings = list(&json, "/results/0/findings");
                let found = list(&log, "/runs/0/results");
                assert_eq!(found.len(), findings.len());
                for result in found {
                    let print = &result["partialFingerprints"]["pclusterIam/v1"];
                    let finding = findings.iter().find(|f| f["fingerprint"] == *print);
                    let finding = finding.expect("the fingerprint of the JSON output");
                    assert_eq!(result["ruleId"], finding["lint"]);
                    assert_eq!(result["level"], finding["severity"]);
                    let region = &result["locations"][0]["physicalLocation"]["region"];
                    let (start, end) = bytes_of(&text, region);
                    assert_eq!(finding["region"]["start_byte"], start);
                    assert_eq!(finding["region"]["end_byte"], end);
                    let message = finding["message"].as_str().unwrap();
                    let escaped = message.replace('[', "\\[").replace(']', "\\]");
                    let shown = words(result, "/message/text");
                    assert!(shown.starts_with(&format!("{escaped}.")), "{shown}");
                    linked += usize::from(result["relatedLocations"].is_array());
                    let minified = result["partialFingerprints"].get("primaryLocationLineHash");
                    assert_eq!(minified.is_some(), !text.trim().contains('\n'));
                }
                results += found.len();
            }
        }
    }
    assert!(
        results > 400 && linked > 5,
        "{results} results, {linked} linked"
    );
}

#[test]
fn every_lint_is_a_rule_in_every_run() {
    let clean = role::fixture("reference/instance-traditional-filled.json");
    let report = role::report(&[("p.json", &clean)], "instance", "torque", &[]);
    let log = log_of(&report);
    assert!(list(&log, "/runs/0/results").is_empty());
    check_what_is_required(&log);
    let rules = list(&log, "/runs/0/tool/driver/rules");
    let ids: Vec<&str> = rules.iter().map(|r| words(r, "/id")).collect();
    let all: Vec<&str> = lints::ALL.iter().map(|l| l.id).collect();
    assert_eq!(ids, all);
    let names: BTreeSet<&str> = rules.iter().map(|r| words(r, "/name")).collect();
    assert_eq!(names.len(), ids.len());
}

#[test]
fn a_policy_on_one_line_has_a_hash_for_each_finding() {
    let text = role::fixture("examples/head-node.json");
    let value: Value = serde_json::from_str(&text).unwrap();
    let hashes = |text: &str| -> Vec<Value> {
        let report = role::report(&[("p.json", text)], "instance", "torque", &[]);
        let log = log_of(&report);
        let results = list(&log, "/runs/0/results").iter();
        let prints = results.map(|r| &r["partialFingerprints"]);
        prints
            .filter_map(|p| {
                let hash = p.get("primaryLocationLineHash")?;
                assert_eq!(hash, &p["pclusterIam/v1"]);
                Some(hash.clone())
            })
            .collect()
    };
    assert!(hashes(&text).is_empty());
    let mut minified = hashes(&format!("\u{feff}{value}\n"));
    minified.sort_by_key(Value::to_string);
    minified.dedup();
    // The byte order mark is a finding of its own, and IAM rejects the policy for it.
    assert_eq!(minified.len(), 23);
}

#[test]
fn a_suppressed_finding_stays_a_result() {
    let text = role::fixture("lints/unneeded-action/bad.json");
    let mut report = role::report(&[("p.json", &text)], "instance", "torque", &[]);
    report.results[0].findings[0].suppressed = Some("reviewed in SEC-142".into());
    let print = report.results[0].findings[0].fingerprint.to_string();
    let log = log_of(&report);
    check_what_is_required(&log);
    for result in list(&log, "/runs/0/results") {
        if result["partialFingerprints"]["pclusterIam/v1"] == print.as_str() {
            let expected =
                serde_json::json!([{"kind": "external", "justification": "reviewed in SEC-142"}]);
            assert_eq!(result["suppressions"], expected);
        } else {
            assert_eq!(result["suppressions"], serde_json::json!([]));
        }
    }
}

#[test]
fn brackets_of_a_policy_make_no_links() {
    let text = role::fixture("lints/unneeded-action/bad.json");
    let mut report = role::report(&[("p.json", &text)], "instance", "torque", &[]);
    let finding = &mut report.results[0].findings[0];
    finding.message = "`[here](1)` \\ [x](https://example.com)".to_owned();
    finding.notes = vec!["[1](2)".to_owned()];
    finding.help = Some("a\n[b](3)".to_owned());
    finding.related = vec![finding.label.clone(); 3];
    finding.related[0].message.clear();
    finding.related[1].message = "the [first](9)".to_owned();
    let log = log_of(&report);
    check_what_is_required(&log);
    let text = log["runs"][0]["results"].to_string();
    assert!(text.contains("See also [here](1)."), "{text}");
    assert!(text.contains("The \\\\[first\\\\](9) [here](2)."), "{text}");
}

#[test]
fn a_run_holds_no_more_than_github_takes_and_says_so() {
    let text = role::fixture("lints/unneeded-action/bad.json");
    let mut report = role::report(&[("p.json", &text)], "instance", "torque", &[]);
    let count = report.results[0].findings.len();
    let note = report.results[0].findings[0].clone();
    let more = std::iter::repeat_n(note, 25_010 - count);
    report.results[0].findings.extend(more);
    for words in [
        "10 more results are left out.",
        "1 more result is left out.",
    ] {
        let log = log_of(&report);
        check_what_is_required(&log);
        assert_eq!(list(&log, "/runs/0/results").len(), 25_000);
        let told = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
        assert_eq!(told["message"]["text"], words);
        assert_eq!(told["descriptor"]["id"], "results-left-out");
        report.results[0].findings.truncate(25_001);
    }
}

#[test]
fn what_is_undecided_is_a_notification_too() {
    let text = role::fixture("lints/undecided/bad.json");
    let report = role::report(&[("p.json", &text)], "instance", "torque", &[]);
    let log = log_of(&report);
    let run = &log["runs"][0];
    let undecided = list(run, "/results").iter();
    let undecided: Vec<_> = undecided.filter(|r| r["ruleId"] == "undecided").collect();
    let told = list(run, "/invocations/0/toolExecutionNotifications");
    assert!(!told.is_empty() && told.len() == undecided.len());
    for notification in told {
        let index = notification["descriptor"]["index"].as_u64().unwrap();
        let kinds = list(run, "/tool/driver/notifications");
        let kind = &kinds[usize::try_from(index).unwrap()];
        assert_eq!(kind["id"], notification["descriptor"]["id"]);
        assert_eq!(kind["id"], "undecided-verdict");
        assert_eq!(notification["associatedRule"]["id"], "undecided");
    }
}

fn program(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&run_in(folder, arguments).out).unwrap()
}

#[cfg(unix)]
#[test]
fn uris_count_from_the_root_of_the_repository() {
    let folder = tempfile::tempdir().unwrap();
    let repo = folder.path().join("repo");
    fs::create_dir_all(repo.join(".git")).unwrap();
    fs::create_dir_all(repo.join("iam/a b")).unwrap();
    let text = role::fixture("lints/missing-action/bad.json");
    fs::write(repo.join("iam/a b/ü#?.json"), &text).unwrap();
    std::os::unix::fs::symlink("a b/ü#?.json", repo.join("iam/link.json")).unwrap();
    std::os::unix::fs::symlink(&repo, folder.path().join("alias")).unwrap();
    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    let outside = folder.path().join("outside.json");
    fs::write(&outside, &text).unwrap();
    let encoded = "iam/a%20b/%C3%BC%23%3F.json";
    each(
        [
            ("repo", "iam/a b/ü#?.json"),
            ("repo/iam", "a b/ü#?.json"),
            ("repo/iam", "link.json"),
            ("repo/iam/a b", "../link.json"),
            ("alias/iam", "./link.json"),
            ("elsewhere", "../repo/iam/link.json"),
        ],
        |(from, file)| {
            let more = ["--scheduler", "torque", "--role", "instance", "-f", "sarif"];
            let arguments = [&["lint", file][..], &more].concat();
            let log = program(&folder.path().join(from), &arguments);
            check_what_is_required(&log);
            for result in list(&log, "/runs/0/results") {
                let place = &result["locations"][0]["physicalLocation"]["artifactLocation"];
                assert_eq!(place["uri"], encoded, "{from} {file}");
                assert_eq!(place["uriBaseId"], "%SRCROOT%");
            }
        },
    );
    let more = ["--scheduler", "torque", "--role", "instance", "-f", "sarif"];
    let arguments = [&["lint", outside.to_str().unwrap()][..], &more].concat();
    let log = program(&repo, &arguments);
    check_what_is_required(&log);
    let uri = words(
        &log,
        "/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri",
    );
    assert!(
        uri.starts_with("file:///") && uri.ends_with("/outside.json"),
        "{uri}"
    );
}
