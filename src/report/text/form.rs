//! [`Forms`]: how much of each finding the text output shows, so that a long report fits two screens.

use std::{io, ptr};

use codespan_reporting::diagnostic::Diagnostic;
use codespan_reporting::term::termcolor::NoColor;
use codespan_reporting::term::{Config, DisplayStyle};
use rustc_hash::FxHashMap;

use super::{Screen, severity_of, write_finding};
use crate::finding::{Finding, Severity};
use crate::parser::Sources;
use crate::report::{Region, words};

/// Rows of two screens, the lines before and after the findings included.
const ROWS: usize = 96;
/// Rows that the findings get in any case.
const LEAST_ROWS: usize = 40;
/// Characters of a row; longer lines wrap.
const COLUMNS: usize = 100;
/// Findings that the line of a lint names.
const NAMED: usize = 5;

/// How one finding is shown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Form {
    /// Everything, with the lines of the file.
    Full,
    /// The line of the file, two notes, and the help on as few lines as possible.
    Compact,
    /// The message, its place, one note, and the help.
    Short,
    /// The message and its place.
    Line,
    /// Together with all findings of its lint and severity.
    Group,
}

/// The form for each severity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Forms {
    error: Form,
    warning: Form,
    note: Form,
}

/// From the most to the least that is shown. Notes become short before warnings, and warnings before errors.
const LADDER: [Forms; 9] = [
    Forms::new(Form::Full, Form::Full, Form::Full),
    Forms::new(Form::Full, Form::Full, Form::Line),
    Forms::new(Form::Full, Form::Short, Form::Line),
    Forms::new(Form::Full, Form::Short, Form::Group),
    Forms::new(Form::Compact, Form::Short, Form::Group),
    Forms::new(Form::Compact, Form::Line, Form::Group),
    Forms::new(Form::Compact, Form::Group, Form::Group),
    Forms::new(Form::Short, Form::Group, Form::Group),
    Forms::new(Form::Line, Form::Group, Form::Group),
];

impl Forms {
    /// Every finding with all of its lines.
    pub(super) const FULL: Forms = Forms::new(Form::Full, Form::Full, Form::Full);

    const fn new(error: Form, warning: Form, note: Form) -> Self {
        Forms {
            error,
            warning,
            note,
        }
    }

    /// The form of a finding of this severity.
    pub(super) fn of(self, severity: Severity) -> Form {
        match severity {
            Severity::Error => self.error,
            Severity::Warning => self.warning,
            Severity::Note => self.note,
        }
    }

    /// The first forms of the ladder in which the findings fit two screens, `around` being the rows of all other lines.
    pub(super) fn fitting(
        sources: &Sources,
        findings: &[&Finding],
        around: usize,
        config: &Config,
    ) -> io::Result<(Self, Drawn)> {
        let most = ROWS.saturating_sub(around).max(LEAST_ROWS);
        let mut drawn = Drawn::default();
        let mut fitting = LADDER.last().copied().unwrap_or(Forms::FULL);
        for forms in LADDER {
            if forms.fit(sources, findings, most, config, &mut drawn)? {
                fitting = forms;
                break;
            }
        }
        Ok((fitting, drawn))
    }

    fn fit(
        self,
        sources: &Sources,
        findings: &[&Finding],
        most: usize,
        config: &Config,
        drawn: &mut Drawn,
    ) -> io::Result<bool> {
        let mut rows = 0;
        for block in blocks(findings, self) {
            let key = Drawn::key(&block, self);
            rows += if let Some((rows, _)) = key.and_then(|key| drawn.0.get(&key)) {
                *rows
            } else {
                let mut bytes = Vec::with_capacity(1024);
                write_block(sources, &block, self, config, &mut NoColor::new(&mut bytes))?;
                let rows = rows_of(&String::from_utf8_lossy(&bytes));
                drawn.0.extend(key.map(|key| (key, (rows, bytes))));
                rows
            };
            if rows > most {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Findings as they are drawn without colours, and their rows.
#[derive(Default)]
pub(super) struct Drawn(FxHashMap<(*const Finding, Form), (usize, Vec<u8>)>);

impl Drawn {
    /// What a block of one finding is found by.
    fn key(block: &Block<'_>, forms: Forms) -> Option<(*const Finding, Form)> {
        match block.as_slice() {
            [one] => Some((ptr::from_ref(*one), forms.of(one.severity))),
            _ => None,
        }
    }

    /// A block, if it was drawn.
    pub(super) fn get(&self, block: &Block<'_>, forms: Forms) -> Option<&[u8]> {
        let (_, bytes) = self.0.get(&Self::key(block, forms)?)?;
        Some(bytes)
    }
}

/// The rows that some lines take on a screen.
pub(super) fn rows_of(text: &str) -> usize {
    let rows = |line: &str| line.chars().count().div_ceil(COLUMNS).max(1);
    text.lines().map(rows).sum()
}

/// The unit of drawing: one finding, or all of a lint and severity.
pub(super) type Block<'f> = Vec<&'f Finding>;

/// The blocks of some findings, in their order. A group stands where its first finding does.
pub(super) fn blocks<'f>(findings: &[&'f Finding], forms: Forms) -> Vec<Block<'f>> {
    let mut blocks: Vec<Block<'f>> = Vec::new();
    for finding in findings {
        let same = |block: &&mut Block<'f>| {
            let first = block.first();
            first.is_some_and(|f| (f.severity, f.lint) == (finding.severity, finding.lint))
        };
        let is_grouped = forms.of(finding.severity) == Form::Group;
        match blocks.iter_mut().find(|block| is_grouped && same(block)) {
            Some(block) => block.push(finding),
            None => blocks.push(vec![finding]),
        }
    }
    blocks
}

/// Draws a block.
pub(super) fn write_block(
    sources: &Sources,
    block: &Block<'_>,
    forms: Forms,
    config: &Config,
    out: &mut Screen<'_>,
) -> io::Result<()> {
    match block.as_slice() {
        [] => Ok(()),
        [one] => write_finding(sources, one, forms.of(one.severity), config, out),
        [first, ..] => {
            let mut names: Vec<String> = Vec::new();
            let mut path = String::new();
            for finding in block.iter().take(NAMED) {
                names.push(name(sources, finding, &mut path));
            }
            if let Some(more @ 1..) = block.len().checked_sub(NAMED) {
                names.push(format!("and {more} more"));
            }
            let diagnostic: Diagnostic<usize> = Diagnostic::new(severity_of(first))
                .with_code(first.lint)
                .with_message(words::of_lint(first.lint, block.len()));
            let config = Config {
                display_style: DisplayStyle::Short,
                ..config.clone()
            };
            super::emit(&super::Excerpts::default(), &diagnostic, &config, out)?;
            writeln!(out, "  = {}", names.join(", "))
        }
    }
}

/// Draws a finding without the lines of its file.
pub(super) fn write_without_snippet(
    sources: &Sources,
    finding: &Finding,
    form: Form,
    config: &Config,
    out: &mut Screen<'_>,
) -> io::Result<()> {
    let region = Region::of_label(sources, &finding.label);
    let place = format!(
        "{}:{}:{}",
        region.path, region.start_line, region.start_column
    );
    let diagnostic: Diagnostic<usize> = Diagnostic::new(severity_of(finding))
        .with_code(finding.lint)
        .with_message(super::escape::line(&finding.message));
    let config = Config {
        display_style: DisplayStyle::Short,
        ..config.clone()
    };
    super::emit(&super::Excerpts::default(), &diagnostic, &config, out)?;
    let is_error = finding.severity == Severity::Error;
    let label = Some(&finding.label.message).filter(|label| is_error && !label.is_empty());
    let label = label.map_or_else(String::new, |label| format!(": {label}"));
    writeln!(
        out,
        "  --> {}",
        super::escape::line(&format!("{place}{label}"))
    )?;
    if form != Form::Short {
        return Ok(());
    }
    if let Some(note) = finding.notes.first() {
        writeln!(out, "  = {}", super::escape::line(note))?;
    }
    let help = finding.help.as_deref();
    let help = help.map(|help| {
        if is_error {
            folded(help)
        } else {
            beginning(help)
        }
    });
    if let Some(help) = help {
        let help = super::escape::lines(&help).replace('\n', "\n    ");
        writeln!(out, "  = help: {help}")?;
    }
    Ok(())
}

/// A finding in a few words: what it is about, and its place, with the file where that is not `path`, which becomes it.
fn name(sources: &Sources, finding: &Finding, path: &mut String) -> String {
    let region = Region::of_label(sources, &finding.label);
    let mut place = format!("{}:{}", region.start_line, region.start_column);
    if *path != region.path {
        place = format!("{}:{place}", region.path);
        path.clone_from(&region.path);
    }
    super::escape::line(&format!("{} ({place})", words::topic(finding))).into_owned()
}

/// The help in as few lines as possible: a statement to paste is written on one line, and left out where that is long.
pub(super) fn folded(help: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut is_open = false;
    // The report's first lines name the placeholders without a value.
    for line in help.lines().filter(|line| !line.starts_with("`${")) {
        let text = line.trim();
        let closes = text.starts_with(['}', ']']);
        match lines.last_mut() {
            Some(last) if is_open || closes => {
                if !closes && !last.ends_with(['{', '[']) {
                    last.push(' ');
                }
                last.push_str(text);
            }
            _ => lines.push(text.to_owned()),
        }
        let depth = lines.last().map_or(0, |l| depth(l));
        is_open = depth > 0;
    }
    let mut joined: Vec<String> = Vec::new();
    for line in lines {
        let is_json = line.starts_with(['{', '"']);
        let text = if is_json && line.chars().count() > LONGEST {
            words::left_out()
        } else {
            &line
        };
        match joined
            .last_mut()
            .filter(|last| is_json && last.ends_with(':'))
        {
            Some(last) => {
                last.push(' ');
                last.push_str(text);
            }
            None => joined.push(text.to_owned()),
        }
    }
    joined.join("\n")
}

/// The first line of the help in as few lines as possible.
pub(super) fn beginning(help: &str) -> String {
    let folded = folded(help);
    folded.lines().next().unwrap_or_default().to_owned()
}

/// Characters of the longest statement that a compact form shows.
const LONGEST: usize = 4 * COLUMNS;

/// How many braces and brackets a line leaves open, outside of strings.
fn depth(line: &str) -> usize {
    let (mut open, mut quoted, mut escaped) = (0_usize, false, false);
    if !line.starts_with(['{', '"']) {
        return 0;
    }
    for c in line.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => open += 1,
            '}' | ']' if !quoted => open = open.saturating_sub(1),
            _ => {}
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_folded_into_one_line() {
        let help = "add this statement (2 actions):\n{\n  \"Effect\": \"Allow\",\n  \"Action\": [\n    \"a:B\",\n    \
                    \"a:C{\"\n  ],\n  \"Resource\": \"*\"\n}\nor turn it off";
        assert_eq!(
            folded(help),
            "add this statement (2 actions): {\"Effect\": \"Allow\", \"Action\": [\"a:B\", \"a:C{\"], \"Resource\": \
             \"*\"}\nor turn it off"
        );
        assert_eq!(folded("one line"), "one line");
        let help = "add to the statement:\n\"Condition\": {\n  \"A\": {\n    \"b\": \"c\"\n  }\n}";
        assert_eq!(
            folded(help),
            "add to the statement: \"Condition\": {\"A\": {\"b\": \"c\"}}"
        );
    }

    #[test]
    fn a_long_statement_is_left_out() {
        let names: Vec<String> = (0..60).map(|n| format!("    \"ec2:Action{n}\"")).collect();
        let help = format!("add:\n{{\n  \"Action\": [\n{}\n  ]\n}}", names.join(",\n"));
        assert_eq!(folded(&help), format!("add: {}", words::left_out()));
    }

    #[test]
    fn long_lines_take_several_rows() {
        assert_eq!(rows_of(""), 0);
        assert_eq!(rows_of("a\n\nb\n"), 3);
        assert_eq!(rows_of(&"x".repeat(COLUMNS)), 1);
        assert_eq!(rows_of(&"x".repeat(COLUMNS + 1)), 2);
    }
}
