//! The GitLab output: a Code Quality report, which merge requests show.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/>

use std::io::{self, BufWriter, Write};

use serde::Serialize;

use super::repository::Repository;
use super::{Region, Report, Weakening, escape, identity, words};
use crate::finding::Severity;
use crate::fingerprint::Fingerprint;

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// Writes one array of issues; an empty one where there is no finding.
///
/// # Errors
/// The result of `out`.
pub fn gitlab(report: &Report, repository: &Repository, out: &mut dyn Write) -> io::Result<()> {
    let mut issues = Vec::new();
    let fingerprints = identity::fingerprints(report);
    for ((target, list), prints) in report.lists_by_target().zip(fingerprints) {
        for (finding, fingerprint) in list.into_iter().zip(prints) {
            if finding.suppressed.is_some() {
                continue;
            }
            let source = report.sources.get(finding.label.source);
            let region = Region::of_label(&report.sources, &finding.label);
            issues.push(Issue {
                // GitLab does not show `check_name`.
                description: format!(
                    "{}: {}",
                    finding.lint,
                    escape::line(&words::titled(target, &finding.message))
                ),
                check_name: finding.lint,
                fingerprint,
                severity: match finding.severity {
                    Severity::Error => "major",
                    Severity::Warning => "minor",
                    Severity::Note => "info",
                },
                location: Location {
                    path: repository.path(source.name()).as_str().to_owned(),
                    lines: Lines {
                        begin: region.start_line,
                        end: region.end_line,
                    },
                },
            });
        }
    }
    for weakening in report.weakened.iter().filter(|w| w.kind != "configuration") {
        issues.push(weakened(report, repository, weakening));
    }
    for result in &report.results {
        let hidden = words::hidden_of(report, result).into_iter();
        let hidden = hidden.map(|line| ("hidden-requirements", line));
        let named = words::named_and_unchecked(result).map(|line| ("not-checked", line));
        issues.extend(hidden.chain(named).map(|(kind, line)| Issue {
            fingerprint: {
                let files = result.policies.join("\u{1f}");
                Fingerprint::of_text(format!("{kind}\u{1f}{files}\u{1f}{line}")).to_string()
            },
            description: line,
            check_name: kind,
            severity: "info",
            location: Location {
                path: { result.policies.first() }.map_or(String::new(), |name| {
                    repository.path(name).as_str().to_owned()
                }),
                lines: Lines { begin: 1, end: 1 },
            },
        }));
    }
    let mut out = BufWriter::new(out);
    escape::json(&issues, &mut out)?;
    out.flush()
}

/// An issue for what weakens the run: the report has no other part to say it in.
fn weakened<'r>(report: &Report, repository: &Repository, weakening: &'r Weakening) -> Issue<'r> {
    let region = weakening
        .place
        .map(|(source, span)| Region::new(report.sources.get(source), span));
    let policies = report.results.iter().flat_map(|result| &result.policies);
    let name = match weakening.place {
        Some((source, _)) => report.sources.get(source).name(),
        None => policies.map(String::as_str).next().unwrap_or_default(),
    };
    let (begin, end) = region.map_or((1, 1), |region| (region.start_line, region.end_line));
    let identity = format!(
        "weakened\u{1f}{}\u{1f}{}\u{1f}{}",
        weakening.kind, weakening.message, weakening.from
    );
    Issue {
        description: weakening.line(),
        check_name: weakening.kind,
        fingerprint: Fingerprint::of_text(identity).to_string(),
        severity: "info",
        location: Location {
            path: repository.path(name).as_str().to_owned(),
            lines: Lines { begin, end },
        },
    }
}
