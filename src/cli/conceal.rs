//! Keeps the content of files that are no policies out of reports: a path may have been made to lead to a secret.

use crate::lints::File;
use crate::parser::{Problem, ProblemKind, Source, Sources};

/// One of these is in every text that was meant to hold a policy.
const MARKS: [&str; 7] = [
    "Statement",
    "statement",
    "Effect",
    "PolicyDocument",
    "Resources",
    "AWSTemplateFormatVersion",
    "aws_iam_",
];

/// The file with its words replaced, unless it was read or was meant to hold a policy. Places stay.
pub(super) fn conceal(file: File, sources: &mut Sources) -> File {
    let source = sources.get(file.source);
    let text = source.text();
    let mut problems = file.document.problems.iter();
    let is_broken = problems.any(|p| p.kind == ProblemKind::InvalidJson);
    if !is_broken || text.is_empty() || MARKS.iter().any(|mark| text.contains(mark)) {
        return file;
    }
    let mut document = file.document;
    for problem in &mut document.problems {
        conceal_words(problem, text);
    }
    let hidden: String = text.chars().map(stand_in).collect();
    let identity = source.identity().to_owned();
    let hidden = Source::new(source.name(), hidden).known_as(Some(identity));
    File::new(sources.add(hidden), document)
}

/// A character of as many bytes that says nothing. What JSON is structured by stays.
fn stand_in(c: char) -> char {
    match c.len_utf8() {
        _ if c.is_whitespace() || matches!(c, '{' | '}' | '[' | ']' | ',' | ':' | '"') => c,
        1 => 'x',
        2 => '\u{d7}',
        3 => '\u{2026}',
        _ => '\u{1d431}',
    }
}

/// Replaces what a message quotes of the text.
fn conceal_words(problem: &mut Problem, text: &str) {
    let related = problem.related.iter_mut().map(|(_, words)| words);
    let help = problem.help.iter_mut();
    for message in help.chain(related).chain([&mut problem.message]) {
        let parts = message.split('`').enumerate();
        let parts = parts.map(|(at, part)| {
            let is_quoted = at % 2 == 1;
            let start = part.trim_end_matches('\u{2026}');
            let is_word = start.chars().any(char::is_alphanumeric);
            if is_quoted && is_word && text.contains(start) {
                "\u{2026}"
            } else {
                part
            }
        });
        let concealed: Vec<&str> = parts.collect();
        *message = concealed.join("`");
    }
}
