//! The GitLab output: a Code Quality report, which merge requests show.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/>

use std::io::{self, BufWriter, Write};

use serde::Serialize;

use super::repository::Repository;
use super::{Region, Report, escape, identity, words};
use crate::finding::Severity;

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
/// What `out` returns.
pub fn gitlab(report: &Report, repository: &Repository, out: &mut dyn Write) -> io::Result<()> {
    let mut issues = Vec::new();
    let fingerprints = identity::fingerprints(report);
    for ((target, list), prints) in report.lists_by_target().zip(fingerprints) {
        for (finding, fingerprint) in list.iter().zip(prints) {
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
    let mut out = BufWriter::new(out);
    serde_json::to_writer_pretty(&mut out, &issues)?;
    out.write_all(b"\n")?;
    out.flush()
}
