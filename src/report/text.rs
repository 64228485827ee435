//! The text output: what was judged, every finding drawn in its file, and the totals.

mod form;

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use codespan_reporting::diagnostic::{self, Diagnostic, Label, LabelStyle};
use codespan_reporting::files::Error;
use codespan_reporting::term::termcolor::{Ansi, NoColor, WriteColor};
use codespan_reporting::term::{self, Chars, Config};
use rayon::prelude::*;

use super::escape;
use super::excerpt::Excerpts;
use super::{Report, words};
use crate::finding::{Finding, Severity};
use crate::parser::Sources;
use crate::result::RoleResult;
use form::{Drawn, Form, Forms};

/// The medium of a report.
type Screen<'s> = dyn WriteColor + 's;

/// So many roles are drawn side by side, and held in memory.
const AT_ONCE: usize = 64;

/// At most this many findings of one lint are drawn per role.
const FINDINGS_PER_LINT: usize = 100;

/// The options of the reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TextOptions {
    /// Colour the output with ANSI escape sequences.
    pub color: bool,
    /// Leave out findings of severity `note`. Errors, warnings, the closing lines and what weakens the run stay.
    pub quiet: bool,
    /// Draw every finding in full, however long the report becomes.
    pub verbose: bool,
}

/// Writes the report for people: for each role errors first, then warnings, then notes. What does not fit two screens is
/// shortened, unless all of it is asked for; the closing lines say so. Apart from colours it is the same on every terminal and in every log:
/// frames are ASCII, and characters of the files that could steer a terminal are spelled out.
///
/// # Errors
/// The result of `out`.
pub fn text(report: &Report, options: TextOptions, out: &mut dyn Write) -> io::Result<()> {
    let out = BufWriter::new(out);
    if options.color {
        write_report(report, options, &mut Ansi::new(out))
    } else {
        write_report(report, options, &mut NoColor::new(out))
    }
}

/// One problem drawn in its file, without colours.
pub fn draw(sources: &Sources, problem: &Finding) -> String {
    let config = ascii();
    let mut bytes = Vec::new();
    let mut out = NoColor::new(&mut bytes);
    let drawn = write_finding(sources, problem, Form::Full, &config, &mut out);
    match drawn {
        Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => format!("error: {}\n", escape::line(&problem.message)),
    }
}

fn ascii() -> Config {
    Config {
        chars: Chars::ascii(),
        ..Config::default()
    }
}

fn write_report(report: &Report, options: TextOptions, out: &mut Screen<'_>) -> io::Result<()> {
    let config = ascii();
    let quiet = options.quiet;
    match report.results.as_slice() {
        [one] => write_role(report, one, options, &config, out)?,
        several => {
            for some in several.chunks(AT_ONCE) {
                let drawn: Vec<io::Result<Vec<u8>>> = { some.par_iter() }
                    .map(|result| drawn_role(report, result, options, &config))
                    .collect();
                for bytes in drawn {
                    out.write_all(&bytes?)?;
                }
            }
        }
    }
    let list = List::new(&report.configuration, options);
    list.write(&report.sources, 0, &config, out)?;
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

/// What [`write_role`] writes.
fn drawn_role(
    report: &Report,
    result: &RoleResult,
    options: TextOptions,
    config: &Config,
) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if options.color {
        write_role(report, result, options, config, &mut Ansi::new(&mut bytes))?;
    } else {
        write_role(
            report,
            result,
            options,
            config,
            &mut NoColor::new(&mut bytes),
        )?;
    }
    Ok(bytes)
}

fn write_role(
    report: &Report,
    result: &RoleResult,
    options: TextOptions,
    config: &Config,
    out: &mut Screen<'_>,
) -> io::Result<()> {
    let opening = words::opening(result);
    let closing = words::closing(report, result);
    let around = opening.iter().chain(&closing);
    let around: usize = around.map(|line| form::rows_of(line)).sum();
    for line in opening {
        writeln!(out, "{}", escape::line(&line))?;
    }
    writeln!(out)?;
    let list = List::new(&result.findings, options);
    let shortened = list.write(&report.sources, around + 1, config, out)?;
    for line in closing {
        writeln!(out, "{}", escape::line(&line))?;
    }
    for line in shortened {
        writeln!(out, "{}", escape::line(&line))?;
    }
    if let Some(upgrade) = &result.upgrade {
        writeln!(out, "\n{}\n", escape::line(&words::upgrade(upgrade)))?;
        let list = List::new(&upgrade.findings, options);
        let shortened = list.write(&report.sources, around, config, out)?;
        for line in shortened {
            writeln!(out, "{}", escape::line(&line))?;
        }
    }
    if !options.quiet && report.results.len() > 1 {
        writeln!(out)?;
    }
    Ok(())
}

/// The findings of one role that are shown, the worst first.
struct List<'f> {
    shown: Vec<&'f Finding>,
    /// Lints with more findings than are shown, and how many more.
    cut: Vec<(&'static str, usize)>,
    verbose: bool,
}

impl<'f> List<'f> {
    fn new(findings: &'f [Finding], options: TextOptions) -> Self {
        let mut seen: BTreeMap<&'static str, usize> = BTreeMap::new();
        let counts = |f: &&Finding| {
            f.suppressed.is_none() && !(options.quiet && f.severity == Severity::Note)
        };
        let mut sorted: Vec<&Finding> = findings.iter().filter(counts).collect();
        sorted.sort_by_key(|f| words::rank(f));
        sorted.retain(|finding| {
            let count = seen.entry(finding.lint).or_default();
            *count += 1;
            *count <= FINDINGS_PER_LINT
        });
        let cut = seen.into_iter().filter_map(|(lint, count)| {
            let hidden = count.checked_sub(FINDINGS_PER_LINT)?;
            (hidden > 0).then_some((lint, hidden))
        });
        List {
            cut: cut.collect(),
            shown: sorted,
            verbose: options.verbose,
        }
    }

    /// Draws the excerpts. Returns the line to print at the end if some were shortened.
    fn write(
        &self,
        sources: &Sources,
        around: usize,
        config: &Config,
        out: &mut Screen<'_>,
    ) -> io::Result<Vec<String>> {
        let (forms, drawn) = if self.verbose {
            (Forms::FULL, Drawn::default())
        } else {
            Forms::fitting(sources, &self.shown, around, config)?
        };
        let mut is_apart = true;
        for block in form::blocks(&self.shown, forms) {
            match drawn.get(&block, forms).filter(|_| !out.supports_color()) {
                Some(bytes) => out.write_all(bytes)?,
                None => form::write_block(sources, &block, forms, config, out)?,
            }
            is_apart = block.first().is_none_or(|f| has_end(forms.of(f.severity)));
        }
        for (lint, hidden) in &self.cut {
            writeln!(out, "{}", words::hidden(lint, *hidden))?;
        }
        if !is_apart || !self.cut.is_empty() {
            writeln!(out)?;
        }
        let is_short = |f: &&&Finding| forms.of(f.severity) != Form::Full;
        let short: Vec<&Finding> = self.shown.iter().filter(is_short).copied().collect();
        Ok(words::closing_of_short(&short))
    }
}

/// Whether an empty line follows what is drawn in this form.
fn has_end(form: Form) -> bool {
    matches!(form, Form::Full | Form::Compact)
}

fn write_finding(
    sources: &Sources,
    finding: &Finding,
    form: Form,
    config: &Config,
    out: &mut Screen<'_>,
) -> io::Result<()> {
    let (most, help) = match form {
        Form::Full => (usize::MAX, finding.help.clone()),
        Form::Compact => (2, finding.help.as_deref().map(form::folded)),
        Form::Short | Form::Line | Form::Group => {
            return form::write_without_snippet(sources, finding, form, config, out);
        }
    };
    let related: &[_] = if form == Form::Full {
        &finding.related
    } else {
        &[]
    };
    let places: Vec<_> = std::iter::once(&finding.label).chain(related).collect();
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

    let shown = finding.notes.iter().take(most);
    notes.extend(shown.map(|note| escape::line(note).into_owned()));
    notes.extend(help.map(|help| format!("help: {}", escape::lines(&help))));

    let diagnostic = Diagnostic::new(severity_of(finding))
        .with_code(finding.lint)
        .with_message(escape::line(&finding.message))
        .with_labels(labels)
        .with_notes(notes);
    emit(&excerpts, &diagnostic, config, out)
}

fn severity_of(finding: &Finding) -> diagnostic::Severity {
    match finding.severity {
        Severity::Error => diagnostic::Severity::Error,
        Severity::Warning => diagnostic::Severity::Warning,
        Severity::Note => diagnostic::Severity::Note,
    }
}

fn emit(
    excerpts: &Excerpts<'_>,
    diagnostic: &Diagnostic<usize>,
    config: &Config,
    out: &mut Screen<'_>,
) -> io::Result<()> {
    term::emit_to_write_style(out, config, excerpts, diagnostic).map_err(|error| match error {
        Error::Io(error) => error,
        other => io::Error::other(other),
    })
}

#[cfg(test)]
mod tests;
