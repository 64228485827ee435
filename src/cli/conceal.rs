//! Keeps the content of files that are not policies or configurations out of reports, because a path may lead to a
//! secret.

use std::path::Path;

use crate::config::NAMES;
use crate::lints::File;
use crate::matcher::condition;
use crate::parser::{Problem, Source, Sources};

/// Longer texts (in bytes) are not searched: everything quoted counts as theirs.
const LONG: usize = 64 * 1024;

/// The expected kind of a file.
#[derive(Clone, Copy)]
pub(super) enum Content {
    Policy,
    Configuration,
    ClusterConfiguration,
    Baseline,
    Context,
}

impl Content {
    /// The content that goes by this name in errors.
    pub(super) fn named(kind: &str) -> Self {
        match kind {
            "configuration" => Content::Configuration,
            "cluster-config" => Content::ClusterConfiguration,
            _ => Content::Baseline,
        }
    }

    /// Every file of this kind contains one of these texts, however broken it is.
    fn marks(self) -> &'static [&'static str] {
        match self {
            Content::Policy => &[
                "Statement",
                "statement",
                "PolicyDocument",
                "\"Effect\"",
                "\"Action\"",
            ],
            Content::Configuration => &[
                "[[target]]",
                "[[ignore]]",
                "[[keep]]",
                "[lints]",
                "[context]",
                "[bindings]",
                "account",
                "attached",
                "baseline",
                "boundary",
                "cluster-",
                "fail-on",
                "features",
                "pcluster-",
                "policies",
                "region",
                "role",
                "scheduler",
                "scps",
            ],
            Content::ClusterConfiguration => &[
                "[cluster ",
                "[global]",
                "HeadNode",
                "Scheduling",
                "MasterInstance",
            ],
            Content::Baseline => &["\"fingerprint\""],
            Content::Context => &[],
        }
    }

    /// Whether a text was meant to be of this kind.
    fn is_meant(self, text: &str) -> bool {
        match self {
            Content::Context => text.split('"').any(condition::is_key),
            // JSON, percent-encoded JSON, or JSON after a comment.
            Content::Policy
                if !text
                    .trim_start_matches('\u{feff}')
                    .trim_start()
                    .starts_with(['{', '[', '"', '%', '/']) =>
            {
                false
            }
            Content::Configuration => text.lines().any(|line| {
                let line = line.trim_start();
                self.marks().iter().any(|mark| line.starts_with(mark))
            }),
            _ => self.marks().iter().any(|mark| text.contains(mark)),
        }
    }
}

/// The file with its words hidden where reports show them, unless it is a policy or was meant to be one. Places stay.
pub(super) fn conceal(mut file: File, sources: &mut Sources) -> File {
    let source = sources.get(file.source);
    let text = source.text();
    let document = &mut file.document;
    let mut policies = document.policies.iter();
    let is_policy =
        policies.any(|policy| !policy.statements.is_empty()) || { document.trusts.iter() }
            .any(|trust| !trust.statements.is_empty());
    let is_meant = !document.is_foreign && Content::Policy.is_meant(text);
    if is_policy || is_meant || text.is_empty() {
        return file;
    }
    for problem in &mut document.problems {
        conceal_words(problem, text);
    }
    let veil = veil(text);
    sources.veil(file.source, veil);
    file
}

/// A source to draw problems in, with its words hidden unless it was meant to be of that kind; and whether they are.
pub(super) fn for_drawing(content: Content, source: &Source) -> (Source, bool) {
    let text = source.text();
    let copy = Source::new(source.name(), text);
    let is_named_so = || {
        NAMES
            .iter()
            .any(|name| Path::new(source.name()).ends_with(name))
    };
    let is_meant = match content {
        Content::Configuration => is_named_so() || content.is_meant(text),
        _ => content.is_meant(text),
    };
    if is_meant {
        (copy, false)
    } else {
        (copy.veiled(veil(text)), true)
    }
}

/// A message on a file, without what it quotes of the file unless that was meant to be of this kind.
pub(super) fn message(content: Content, text: &str, mut message: String) -> String {
    if !content.is_meant(text) {
        words(&mut message, text);
    }
    message
}

fn veil(text: &str) -> String {
    text.chars().map(stand_in).collect()
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

fn conceal_words(problem: &mut Problem, text: &str) {
    if text.len() > LONG || text.contains(&problem.subject) {
        "\u{2026}".clone_into(&mut problem.subject);
    }
    let related = problem.related.iter_mut().map(|(_, words)| words);
    let help = problem.help.iter_mut();
    for message in help.chain(related).chain([&mut problem.message]) {
        words(message, text);
    }
}

/// Replaces what a message quotes of a text, between backticks or double quotes.
pub(super) fn words(message: &mut String, text: &str) {
    let is_mark = |c: char| matches!(c, '`' | '"');
    let mut out = String::with_capacity(message.len());
    for (at, part) in message.split_inclusive(is_mark).enumerate() {
        let word = part.trim_end_matches(is_mark);
        let start = word.trim_end_matches('\u{2026}').trim();
        let has_letters = start.chars().any(char::is_alphanumeric);
        // Whatever follows a mark is taken for quoted: words of the message itself are no loss.
        if at > 0 && has_letters && (text.len() > LONG || text.contains(start)) {
            out.push('\u{2026}');
            out.push_str(part.get(word.len()..).unwrap_or_default());
        } else {
            out.push_str(part);
        }
    }
    *message = out;
}
