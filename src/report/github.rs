//! The GitHub output: workflow commands, which the runner turns into annotations of the changed files.
//!
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};

use super::repository::Repository;
use super::{Region, Report, escape, words};
use crate::finding::{Finding, Severity};

/// The runner shows this many annotations of each severity per step; the log has all.
const SHOWN: usize = 10;

/// Writes what was judged, one workflow command per finding with errors first, and a line that counts them. `quiet`
/// leaves out findings of severity `note` and the opening lines.
///
/// # Errors
/// The result of `out`.
pub fn github(
    report: &Report,
    repository: &Repository,
    quiet: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    if !quiet {
        for line in report.results.iter().flat_map(words::opening) {
            writeln!(out, "{}", escape::line(&line))?;
        }
    }
    let mut findings: Vec<_> = report.findings_by_target().collect();
    if quiet {
        findings.retain(|(_, f)| f.severity != Severity::Note);
    }
    findings.sort_by_key(|(_, f)| words::rank(f));
    for (target, finding) in findings {
        writeln!(out, "{}", command(report, repository, target, finding))?;
    }
    let mut more = String::new();
    if !quiet {
        let counts = report.counts();
        let counts = [counts.error, counts.warning, counts.note];
        if counts.iter().any(|n| *n > SHOWN) {
            more = format!(
                "; GitHub shows the first {SHOWN} of each severity as annotations, this log has all"
            );
        }
    }
    writeln!(out, "{}{more}", words::summary(report))?;
    for line in words::hidden_lines(report) {
        writeln!(out, "{line}")?;
    }
    for line in words::unchecked_lines(report) {
        writeln!(out, "{line}")?;
    }
    for weakening in &report.weakened {
        writeln!(out, "{}", weakening.line())?;
    }
    if !quiet {
        for upgrade in report.results.iter().filter_map(|r| r.upgrade.as_ref()) {
            writeln!(out, "{}", escape::line(&words::upgrade(upgrade)))?;
        }
    }
    out.flush()
}

fn command(
    report: &Report,
    repository: &Repository,
    target: Option<&str>,
    finding: &Finding,
) -> String {
    let name = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let region = Region::of_label(&report.sources, &finding.label);
    let path = repository.path(report.sources.get(finding.label.source).name());
    let (line, column) = (region.start_line, region.start_column);
    let mut command = format!(
        "::{name} file={},line={line},endLine={}",
        property(&safe(path.as_str())),
        region.end_line
    );
    // Columns of an annotation over several lines are refused.
    if line == region.end_line {
        let _ = write!(command, ",col={column},endColumn={}", region.end_column);
    }
    // The log shows the text alone, so the text has the place too.
    let text = format!(
        "{}:{line}:{column}: {}{}",
        escape::line(path.as_str()),
        escape::line(&words::titled(target, &finding.message)),
        words::details(finding)
    );
    format!(
        "{command},title={}::{}",
        property(finding.lint),
        data(&text)
    )
}

/// A path without characters that steer a terminal. Line ends stay: a command has a way to write them.
fn safe(path: &str) -> String {
    let parts = path.split_inclusive(['\n', '\r']);
    let escaped = parts.map(|part| {
        let plain = part.trim_end_matches(['\n', '\r']);
        let end = part.get(plain.len()..).unwrap_or_default();
        escape::line(plain).into_owned() + end
    });
    escaped.collect()
}

/// The text of a command, which ends at the line end.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property, which ends at a comma or colon too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
