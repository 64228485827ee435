//! Every place that a report names is the token it speaks of: on every fixture, and on each of them
//! written with CRLF, tabs, a byte order mark, escapes and multi-byte text.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::role;
use pcluster_iam::finding::Finding;
use pcluster_iam::report::{self, Report};
use serde_json::Value;

fn fixtures(folder: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if ["cluster-config", "managed"]
            .iter()
            .any(|n| path.ends_with(n))
        {
            // These are no policies of a role.
        } else if path.is_dir() {
            fixtures(&path, out);
        } else if path.extension().is_some_and(|e| e == "json") {
            out.push(path);
        }
    }
}

/// The same policy in other bytes.
fn variants(text: &str) -> Vec<(&'static str, String)> {
    vec![
        ("as it is", text.to_owned()),
        ("CRLF", text.replace('\n', "\r\n")),
        ("tabs", text.replace("  ", "\t")),
        ("byte order mark", format!("\u{feff}{text}")),
        (
            "escapes",
            text.replace(":table/", ":t\\u0061ble\\/")
                .replace("sqs:", "sq\\u0073:"),
        ),
        (
            "multi-byte text",
            text.replace("parallelcluster-", "parallelclüster-é-"),
        ),
        ("one line", text.replace('\n', " ")),
    ]
}

/// Decodes the escapes of a string's bytes.
fn decoded(bytes: &str) -> String {
    serde_json::from_str(&format!("\"{bytes}\"")).unwrap_or_else(|_| bytes.to_owned())
}

/// What the primary place of a finding must be.
fn check_token(finding: &Finding, token: &str, what: &str) {
    let token = decoded(token);
    let is_subject = || finding.subject.as_deref() == Some(token.as_str());
    let ok = match finding.lint {
        "over-broad-action" | "over-broad-resource" => {
            is_subject() || ["NotAction", "NotResource"].contains(&token.as_str())
        }
        id if id.starts_with("excess-") => is_subject() || ["NotAction"].contains(&token.as_str()),
        "unneeded-action" => finding.actions[0].eq_ignore_ascii_case(&token),
        "unknown-action" | "unreplaced-placeholder" | "duplicate-key" => is_subject(),
        "mixed-scope" => finding.message.contains(&format!("`{token}`")),
        "known-gap" => token == "Statement",
        "missing-action" => {
            // An ARN that a template joins is written in parts.
            ["Action", "NotAction", "Statement"].contains(&token.as_str())
                || token.starts_with("arn")
                || token == "*"
                // The string that allows it, in a policy that IAM rejects.
                || token.contains(':')
        }
        "undecided" => token.contains(':') || token == "*",
        "partial-resource" => {
            token.contains(':') || ["*", "Resource", "NotResource"].contains(&token.as_str())
        }
        // A Deny of all but what `NotAction` lists denies by that element.
        "denied-action" => token.contains(':') || ["*", "NotAction"].contains(&token.as_str()),
        "conditional-grant" => {
            token.starts_with('{')
                || token.contains(':')
                || ["*", "NotAction"].contains(&token.as_str())
        }
        _ => true,
    };
    assert!(
        ok,
        "{what}: {} points at `{token}`: {}",
        finding.lint, finding.message
    );
}

/// Line and column of every byte, 1-based, in code points, counted anew.
fn lines_and_columns(text: &str) -> Vec<(u64, u64)> {
    let (mut line, mut column) = (1, 1);
    let mut all = Vec::with_capacity(text.len() + 1);
    for letter in text.chars() {
        all.extend(std::iter::repeat_n((line, column), letter.len_utf8()));
        if letter == '\n' {
            (line, column) = (line + 1, 1);
        } else {
            column += 1;
        }
    }
    all.push((line, column));
    all
}

fn check_regions(value: &Value, places: &[(u64, u64)], what: &str, count: &mut usize) {
    match value {
        // A table of places has a list for each member.
        Value::Object(members) if members.get("start_byte").is_some_and(Value::is_array) => {
            let rows = members["start_byte"].as_array().unwrap().len();
            for at in 0..rows {
                let of_row = members.iter().filter(|(key, _)| *key != "paths");
                let row = of_row.map(|(key, column)| (key.clone(), column[at].clone()));
                check_regions(&Value::Object(row.collect()), places, what, count);
            }
        }
        Value::Object(members) => {
            if members.contains_key("start_byte") {
                let number = |key: &str| members[key].as_u64().unwrap();
                let (start, end) = (number("start_byte") as usize, number("end_byte") as usize);
                assert!(start <= end && end < places.len(), "{what}: {start}..{end}");
                let (starts, ends) = (places[start], places[end]);
                assert_eq!(
                    (number("start_line"), number("start_column")),
                    starts,
                    "{what}"
                );
                assert_eq!((number("end_line"), number("end_column")), ends, "{what}");
                *count += 1;
            }
            members
                .values()
                .for_each(|v| check_regions(v, places, what, count));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|v| check_regions(v, places, what, count)),
        _ => {}
    }
}

fn json(report: &Report) -> Vec<u8> {
    let mut out = Vec::new();
    report::json(report, 0, &mut out).unwrap();
    out
}

#[test]
fn every_place_of_every_finding_on_every_fixture() {
    let mut paths = Vec::new();
    fixtures(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"),
        &mut paths,
    );
    assert!(paths.len() >= 40);
    let (mut findings, mut regions) = (0, 0);
    let mut turn = 0;
    for path in &paths {
        let original = fs::read_to_string(path).unwrap();
        // Its search runs to the bound each time; the bytes around it do not matter.
        let forms = if path.ends_with("undecided/bad.json") {
            1
        } else {
            usize::MAX
        };
        for (form, text) in variants(&original).into_iter().take(forms) {
            let places = lines_and_columns(&text);
            let roles = [("instance", "torque"), ("user", "awsbatch")].into_iter();
            // Other bytes are looked at as one of the roles, in turn.
            turn += 1;
            let roles = roles.enumerate();
            let roles = roles.filter(|(nth, _)| form == "as it is" || nth % 2 == turn % 2);
            for (_, (role, scheduler)) in roles {
                let what = format!("{} ({form}, {role})", path.display());
                let report = role::report(&[("policy.json", &text)], role, scheduler, &[]);
                let result = &report.results[0];
                let mut prints = BTreeSet::new();
                for finding in &result.findings {
                    findings += 1;
                    let source = report.sources.get(finding.label.source);
                    let span = finding.label.span;
                    check_token(
                        finding,
                        &source.text()[span.start as usize..span.end as usize],
                        &what,
                    );
                    assert!(
                        prints.insert(finding.fingerprint.to_string()),
                        "{what}: two alike"
                    );
                    assert_eq!(finding.fingerprint.to_string().len(), 16, "{what}");
                    assert!(
                        !finding.message.ends_with('.'),
                        "{what}: {}",
                        finding.message
                    );
                    for label in &finding.related {
                        let range = label.span.start as usize..label.span.end as usize;
                        assert!(source.text().get(range).is_some(), "{what}");
                    }
                }
                let bytes = json(&report);
                if form == "as it is" {
                    let again = role::report(&[("policy.json", &text)], role, scheduler, &[]);
                    assert_eq!(bytes, json(&again), "{what}: two runs differ");
                }
                let value: Value = serde_json::from_slice(&bytes).unwrap();
                check_regions(&value, &places, &what, &mut regions);
            }
        }
    }
    assert!(
        findings > 2_000 && regions > 5_000,
        "{findings} findings, {regions} regions"
    );
}

/// Findings stay the same ones when the file is indented anew or a statement is added above.
#[test]
fn fingerprints_survive_edits_elsewhere() {
    let text = role::fixture("examples/head-node.json");
    let prints = |text: &str| -> BTreeSet<String> {
        let result = role::lint(text, "instance", "torque", &[]);
        result
            .findings
            .iter()
            .map(|f| f.fingerprint.to_string())
            .collect()
    };
    let before = prints(&text);
    assert!(before.len() > 4);
    assert_eq!(
        before,
        prints(&text.replace("  ", "      ").replace('\n', "\n\n"))
    );
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(before, prints(&value.to_string()));
    let above = text.replacen(
        "\"Statement\": [",
        "\"Statement\": [{\"Sid\": \"New\", \"Effect\": \"Allow\", \"Action\": \"sqs:ListQueues\", \"Resource\": \"*\"},",
        1,
    );
    // What is new may be a finding of its own.
    assert!(before.is_subset(&prints(&above)));
}
