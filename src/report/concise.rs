//! The concise output: one line per finding, as compilers write it, for `grep`, editors and problem matchers.

use std::io::{self, BufWriter, Write};

use super::{Region, Report, escape, words};
use crate::finding::Severity;

/// Writes `path:line:column: severity[lint]: message` for each finding, and nothing where there is none; then
/// a line for each setting that weakens the run, and for what files name and do not contain. The
/// message of a target begins with its name. No character
/// of a path or of a policy can end a line or steer a terminal. `quiet` leaves out findings of severity `note`.
///
/// # Errors
/// The result of `out`.
pub fn concise(report: &Report, quiet: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    for (target, finding) in report.findings_by_target() {
        if quiet && finding.severity == Severity::Note {
            continue;
        }
        let region = Region::of_label(&report.sources, &finding.label);
        let line = format!(
            "{}:{}:{}: {}[{}]: {}",
            region.path,
            region.start_line,
            region.start_column,
            finding.severity.name(),
            finding.lint,
            words::titled(target, &finding.message)
        );
        writeln!(out, "{}", escape::line(&line))?;
    }
    for weakening in &report.weakened {
        let place = weakening
            .place
            .map(|(source, span)| Region::new(report.sources.get(source), span));
        let place = place.map_or_else(
            || weakening.from.clone(),
            |at| format!("{}:{}:{}", at.path, at.start_line, at.start_column),
        );
        let line = format!("{place}: {}: {}", weakening.kind, weakening.message);
        writeln!(out, "{}", escape::line(&line))?;
    }
    let named = report.results.iter().filter_map(words::named_and_unchecked);
    for line in words::hidden_lines(report).into_iter().chain(named) {
        writeln!(out, "{line}")?;
    }
    out.flush()
}
