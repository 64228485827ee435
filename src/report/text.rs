//! The text output: what was judged, every finding drawn in its file, and what it comes to.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use codespan_reporting::diagnostic::{self, Diagnostic, Label, LabelStyle};
use codespan_reporting::files::Error;
use codespan_reporting::term::termcolor::{Ansi, NoColor, WriteColor};
use codespan_reporting::term::{self, Chars, Config};

use super::escape;
use super::excerpt::Excerpts;
use super::{Report, words};
use crate::finding::{Finding, Severity};
use crate::parser::{SourceId, Sources};

/// At most this many findings of one lint are drawn per file.
const FINDINGS_PER_LINT: usize = 100;

/// What the reader asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TextOptions {
    /// Colour the output with ANSI escape sequences.
    pub color: bool,
    /// Leave out findings of severity `note`. Errors, warnings, the closing lines and what weakens the run stay.
    pub quiet: bool,
}

/// Writes the report for people. Apart from colours it is the same on every terminal and in every log:
/// frames are ASCII, and characters of the files that could steer a terminal are spelled out.
///
/// # Errors
/// What `out` returns.
pub fn text(report: &Report, options: TextOptions, out: &mut dyn Write) -> io::Result<()> {
    let out = BufWriter::new(out);
    if options.color {
        write_report(report, options.quiet, &mut Ansi::new(out))
    } else {
        write_report(report, options.quiet, &mut NoColor::new(out))
    }
}

/// One problem drawn in its file, without colours.
pub fn draw(sources: &Sources, problem: &Finding) -> String {
    let config = Config {
        chars: Chars::ascii(),
        ..Config::default()
    };
    let mut bytes = Vec::new();
    let drawn = write_finding(sources, problem, &config, &mut NoColor::new(&mut bytes));
    match drawn {
        Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => format!("error: {}\n", escape::line(&problem.message)),
    }
}

fn write_report(report: &Report, quiet: bool, out: &mut dyn WriteColor) -> io::Result<()> {
    let config = Config {
        chars: Chars::ascii(),
        ..Config::default()
    };
    for result in &report.results {
        for line in words::opening(result) {
            writeln!(out, "{}", escape::line(&line))?;
        }
        writeln!(out)?;
        write_findings(&report.sources, &result.findings, quiet, &config, out)?;
        for line in words::closing(report, result) {
            writeln!(out, "{}", escape::line(&line))?;
        }
        if let Some(upgrade) = &result.upgrade {
            writeln!(out, "\n{}\n", escape::line(&words::upgrade(upgrade)))?;
            write_findings(&report.sources, &upgrade.findings, quiet, &config, out)?;
        }
        if !quiet && report.results.len() > 1 {
            writeln!(out)?;
        }
    }
    write_findings(&report.sources, &report.configuration, quiet, &config, out)?;
    if report.results.len() > 1 || !report.configuration.is_empty() {
        writeln!(out, "{}", words::total(report))?;
    }
    if let Some(line) = words::others(report) {
        writeln!(out, "{}", escape::line(&line))?;
    }
    for weakening in &report.weakened {
        writeln!(out, "{}", weakening.line())?;
    }
    if !quiet {
        writeln!(out, "AWS's actions as of {}", report.catalog_date)?;
    }
    out.flush()
}

fn write_findings(
    sources: &Sources,
    findings: &[Finding],
    quiet: bool,
    config: &Config,
    out: &mut dyn WriteColor,
) -> io::Result<()> {
    let mut seen: BTreeMap<(&str, SourceId), usize> = BTreeMap::new();
    for finding in findings {
        if finding.suppressed.is_some() || (quiet && finding.severity == Severity::Note) {
            continue;
        }
        let count = seen
            .entry((finding.lint, finding.label.source))
            .or_default();
        *count += 1;
        if *count <= FINDINGS_PER_LINT {
            write_finding(sources, finding, config, out)?;
        }
    }
    let mut cut = false;
    for ((lint, source), count) in seen {
        if let Some(hidden @ 1..) = count.checked_sub(FINDINGS_PER_LINT) {
            let line = words::hidden(lint, hidden, sources.get(source).name());
            writeln!(out, "{}", escape::line(&line))?;
            cut = true;
        }
    }
    if cut {
        writeln!(out)?;
    }
    Ok(())
}

fn write_finding(
    sources: &Sources,
    finding: &Finding,
    config: &Config,
    out: &mut dyn WriteColor,
) -> io::Result<()> {
    let places: Vec<_> = std::iter::once(&finding.label)
        .chain(&finding.related)
        .collect();
    let (excerpts, drawn) = Excerpts::new(sources, &places);
    let mut notes: Vec<String> = Vec::new();
    if let Some(hidden @ 1..) = places.len().checked_sub(drawn.len()) {
        notes.push(words::hidden_places(hidden));
    }
    let labels = drawn
        .into_iter()
        .map(|drawn| {
            let style = match drawn.label {
                0 => LabelStyle::Primary,
                _ => LabelStyle::Secondary,
            };
            let message = places.get(drawn.label).map_or("", |place| &place.message);
            Label::new(style, drawn.file, drawn.range).with_message(escape::line(message))
        })
        .collect();

    notes.extend(
        finding
            .notes
            .iter()
            .map(|note| escape::line(note).into_owned()),
    );
    notes.extend(
        finding
            .help
            .iter()
            .map(|help| format!("help: {}", escape::lines(help))),
    );

    let severity = match finding.severity {
        Severity::Error => diagnostic::Severity::Error,
        Severity::Warning => diagnostic::Severity::Warning,
        Severity::Note => diagnostic::Severity::Note,
    };
    let diagnostic = Diagnostic::new(severity)
        .with_code(finding.lint)
        .with_message(escape::line(&finding.message))
        .with_labels(labels)
        .with_notes(notes);
    term::emit_to_write_style(out, config, &excerpts, &diagnostic).map_err(|error| match error {
        Error::Io(error) => error,
        other => io::Error::other(other),
    })
}

#[cfg(test)]
mod tests;
