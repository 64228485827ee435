//! What must hold for every text in every format and for every kind of input that goes into a report.

use std::panic::{self, AssertUnwindSafe};

use pcluster_iam::catalog::Catalog;
use pcluster_iam::check::{self, Against, Settings};
use pcluster_iam::lints::File;
use pcluster_iam::parser::{self, Sources};
use pcluster_iam::reference;
use pcluster_iam::report::{self, Report, Repository, TextOptions};

use crate::common::formats;

/// A file whose name and text are the input: no format holds a raw character that acts, and each is what its readers
/// take.
pub(super) fn output(bytes: &[u8]) {
    let end = bytes
        .iter()
        .position(|b| *b == b'\n')
        .unwrap_or(bytes.len());
    let name = String::from_utf8_lossy(&bytes[..end.min(60)]).into_owned();
    let text = bytes.get(end + 1..).unwrap_or_default();
    let report = judged(&name, text);
    let repository = Repository::around(std::path::Path::new("/"));
    let written = |format: &str| -> String {
        let mut out = Vec::new();
        match format {
            "text" => report::text(&report, TextOptions::default(), &mut out),
            "concise" => report::concise(&report, false, &mut out),
            "json" => report::json(&report, 0, &mut out),
            "sarif" => report::sarif(&report, &repository, 1, &mut out),
            "github" => report::github(&report, &repository, false, &mut out),
            "gitlab" => report::gitlab(&report, &repository, &mut out),
            _ => report::junit(&report, &mut out),
        }
        .unwrap();
        String::from_utf8(out).unwrap()
    };
    for format in formats::FORMATS {
        let out = written(format);
        let raw = out
            .chars()
            .find(|c| (c.is_control() && *c != '\n') || is_unseen(*c));
        // The tab of an excerpt is drawn as it is.
        assert!(
            raw.is_none_or(|c| format == "text" && c == '\t'),
            "{format}: {raw:?}"
        );
        assert!(
            !out.contains("##[") && !out.contains("##vso["),
            "{format}: {out}"
        );
        let acts = |line: &str| {
            let command = line.trim_start().strip_prefix("::");
            command.is_some_and(|rest| {
                let findings = ["error ", "warning ", "notice "];
                format != "github" || !findings.iter().any(|name| rest.starts_with(name))
            })
        };
        assert_eq!(out.lines().find(|line| acts(line)), None, "{format}");
        match format {
            "json" | "sarif" | "gitlab" => {
                let value: serde_json::Value = serde_json::from_str(&out).unwrap();
                if format == "sarif" {
                    let results = value["runs"][0]["results"].as_array().unwrap();
                    let is_complete = |r: &serde_json::Value| {
                        let place = &r["locations"][0]["physicalLocation"]["region"];
                        r["message"]["text"].is_string() && place["startLine"].as_u64() >= Some(1)
                    };
                    assert!(results.iter().all(is_complete), "{out}");
                }
            }
            "github" => {
                let read = panic::catch_unwind(AssertUnwindSafe(|| formats::annotations(&out)));
                let count = read
                    .unwrap_or_else(|_| panic!("no workflow commands: {out}"))
                    .len();
                assert_eq!(count, report.findings().count());
            }
            "junit" => {
                roxmltree::Document::parse(&out).unwrap();
            }
            _ => {}
        }
    }
}

fn judged(name: &str, bytes: &[u8]) -> Report {
    let (source, problem) = parser::decode(name, bytes.to_vec());
    let mut sources = Sources::new();
    let source = sources.add(source);
    let mut document = parser::parse(source, sources.get(source));
    document.problems.extend(problem);
    let against = Against::role(reference::select("instance", "torque", "2.4.1").unwrap());
    let catalog = Catalog::embedded();
    let files = [File::new(source, document)];
    let result = check::check(&sources, catalog, &files, &against, &Settings::default()).unwrap();
    crate::common::role::report_of(sources, result)
}

fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// What the AWS CLI prints around documents: every document is judged, or the file is refused.
pub(super) fn envelope(bytes: &[u8]) {
    let (source, problem) = parser::decode("envelope.json", bytes.to_vec());
    if problem.is_some() {
        return;
    }
    let mut sources = Sources::new();
    let id = sources.add(source);
    let document = parser::parse(id, sources.get(id));
    let text = sources.get(id).text();
    for problem in &document.problems {
        assert!(text.get(problem.span.range()).is_some(), "{problem:?}");
    }
    let is_refused = document
        .problems
        .iter()
        .any(|p| p.kind == parser::ProblemKind::InvalidJson);
    assert!(!is_refused || document.policies.is_empty());
    let Ok(value) = serde_json::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}'))
    else {
        return;
    };
    // What is reported as an error is not passed over.
    let is_faulty = document
        .problems
        .iter()
        .any(|p| p.rejected || p.kind == parser::ProblemKind::DuplicateKey);
    if is_refused || is_faulty {
        return;
    }
    let mut statements = 0;
    count(&value, &mut statements);
    let read: usize = document.policies.iter().map(|p| p.statements.len()).sum();
    assert!(
        read >= statements,
        "{read} of {statements} statements are judged: {text}"
    );
}

/// How many statements a value has that grant or deny something, outside of trust policies and of versions that are not
/// in force.
fn count(value: &serde_json::Value, statements: &mut usize) {
    match value {
        serde_json::Value::Object(members) => {
            let has = |key: &str| members.contains_key(key);
            let is_trust = has("Principal") || has("NotPrincipal");
            if has("Effect") && (has("Action") || has("NotAction")) && !is_trust {
                *statements += 1;
                return;
            }
            let is_default =
                |v: &serde_json::Value| v.get("IsDefaultVersion") == Some(&true.into());
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("AssumeRolePolicyDocument" | "Condition", _) => {}
                    ("PolicyVersionList", serde_json::Value::Array(versions)) => {
                        versions
                            .iter()
                            .filter(|v| is_default(v))
                            .for_each(|v| count(v, statements));
                    }
                    _ => count(value, statements),
                }
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|v| count(v, statements)),
        _ => {}
    }
}

/// A configuration and, behind a line of dashes, a policy: the same verdicts whatever the configuration says of lints.
pub(super) fn pair(bytes: &[u8]) {
    const LINE: &[u8] = b"\n---\n";
    let at = bytes
        .windows(LINE.len())
        .position(|w| w == LINE)
        .unwrap_or(bytes.len());
    let (configuration, policy) = (
        &bytes[..at],
        bytes.get(at + LINE.len()..).unwrap_or_default(),
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pcluster-iam.toml"), configuration).unwrap();
    std::fs::write(folder.path().join("p.json"), policy).unwrap();
    let base = [
        "lint",
        "p.json",
        "--role",
        "instance",
        "--scheduler",
        "torque",
        "-f",
        "json",
    ];
    let with = crate::common::program::run(folder.path(), &base);
    assert!(matches!(with.code, 0..=2), "{}: {}", with.code, with.err);
    if with.code == 2 && with.out.is_empty() {
        assert!(!with.err.is_empty());
        return;
    }
    let value: serde_json::Value = serde_json::from_str(&with.out).unwrap();
    let weakened = value["weakened"].as_array().unwrap();
    assert!(
        weakened.iter().any(|w| w["kind"] == "configuration"),
        "{}",
        with.out
    );
    let strict = crate::common::program::run(
        folder.path(),
        &[&base[..], &["--strict", "--no-ignores"]].concat(),
    );
    // No setting lowers what `--strict` finds.
    assert!(
        strict.code >= with.code || with.code == 2,
        "{} {}",
        strict.code,
        strict.err
    );
}
