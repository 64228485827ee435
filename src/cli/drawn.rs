//! Problems of files that are not policies, drawn at their places.

use super::Error;
use super::conceal::{self, Content};
use crate::cluster::ConfigProblem;
use crate::finding::{Finding, Label, Severity};
use crate::fingerprint::Fingerprint;
use crate::parser::{SourceId, Sources};
use crate::report;

/// All problems of a file as one error; `kind` stands where findings have their lint.
pub(super) fn error(
    sources: &Sources,
    source: SourceId,
    kind: &'static str,
    problems: Vec<ConfigProblem>,
    reason: String,
) -> Error {
    let original = sources.get(source);
    let (shown, is_hidden) = conceal::for_drawing(Content::named(kind), original);
    let mut sources = Sources::new();
    let source = sources.add(shown);
    let mut text = String::new();
    for mut problem in problems {
        if is_hidden {
            let related = problem.related.iter_mut().map(|(_, words)| words);
            let messages = related.chain(problem.help.iter_mut());
            for message in messages.chain([&mut problem.message]) {
                conceal::words(message, original.text());
            }
        }
        text.push_str(&report::draw(&sources, &finding(source, kind, problem)));
    }
    Error::Drawn { text, reason }
}

/// A problem of a file, for drawing it.
fn finding(source: SourceId, kind: &'static str, problem: ConfigProblem) -> Finding {
    let label = |span, message: String| Label {
        source,
        span,
        message,
    };
    let related = problem.related.into_iter();
    Finding {
        lint: kind,
        severity: Severity::Error,
        own_severity: Severity::Error,
        message: problem.message,
        notes: Vec::new(),
        help: problem.help,
        actions: Vec::new(),
        subject: None,
        sid: None,
        reference_statement: None,
        reference_sid: None,
        witness: None,
        label: label(problem.span, String::new()),
        related: related.map(|(span, words)| label(span, words)).collect(),
        fixes: Vec::new(),
        fingerprint: Fingerprint::default(),
        suppressed: None,
    }
}
