//! TOML with spans: values of the wrong kind and keys that do not exist become problems, and reading goes on.

use std::collections::BTreeSet;
use std::ops::Range;

use glob::Pattern as PathPattern;
use toml::de::{DeString, DeTable, DeValue};

use super::MOST_PROBLEMS;
use crate::cluster::ConfigProblem;
use crate::nearest::hint;
use crate::parser::{Span, Spanned, shorten, with_article};

/// A value with its place.
pub(super) type Value<'i> = toml::Spanned<DeValue<'i>>;

/// A key with its place.
pub(super) type Key<'i> = toml::Spanned<DeString<'i>>;

/// Collects what is wrong.
#[derive(Default)]
pub(super) struct Reader {
    problems: Vec<ConfigProblem>,
}

/// The document, or what is wrong with the syntax.
pub(super) fn parse(text: &str) -> Result<DeTable<'_>, Vec<ConfigProblem>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(document.into_inner());
    }
    let mut problems: Vec<ConfigProblem> = Vec::new();
    let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
    let mut reported = BTreeSet::new();
    for error in &errors {
        let at = error.span().unwrap_or(0..0);
        // Later errors of a line are mostly consequences of the first.
        if !reported.insert(ends.partition_point(|end| *end < at.start)) {
            continue;
        }
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        let problem = ConfigProblem::new(message, span(at));
        problems.push(problem.with_help("the file is TOML: https://toml.io"));
        if problems.len() == MOST_PROBLEMS {
            break;
        }
    }
    Err(problems)
}

pub(super) fn span(range: Range<usize>) -> Span {
    Span::new(range.start, range.end)
}

/// The keys that what is read knows under other names.
const OTHER_NAMES: [(&str, &str); 12] = [
    ("set", "bindings"),
    ("placeholders", "bindings"),
    ("files", "policies"),
    ("policy", "policies"),
    ("paths", "policies"),
    ("version", "pcluster-version"),
    ("release", "pcluster-version"),
    ("feature", "features"),
    ("ignores", "ignore"),
    ("targets", "target"),
    ("file", "path"),
    ("permissions-boundary", "boundary"),
];

impl Reader {
    pub(super) fn into_problems(self) -> Vec<ConfigProblem> {
        self.problems
    }

    pub(super) fn report(&mut self, problem: ConfigProblem) {
        self.problems.push(problem);
    }

    /// Something wrong at a place, and what to do.
    pub(super) fn wrong(&mut self, span: Span, message: impl Into<String>, help: String) {
        self.report(ConfigProblem::new(message, span).with_help(help));
    }

    /// A key that `what` does not have.
    pub(super) fn unknown(&mut self, key: &Key<'_>, what: &str, known: &[&str]) {
        let name = key.get_ref();
        let other = OTHER_NAMES
            .iter()
            .find(|(other, meant)| other == name && known.contains(meant));
        let help = match other {
            Some((_, meant)) => format!("did you mean `{meant}`?"),
            None => hint(name, known),
        };
        let message = format!("`{}` is not a key of {what}", shorten(name));
        self.wrong(span(key.span()), message, help);
    }

    fn kind(&mut self, key: &str, wanted: &str, value: &Value<'_>) {
        let found = value.get_ref();
        let mut problem = ConfigProblem::new(
            format!("`{key}` must be {wanted}, not {}", article(found)),
            span(value.span()),
        );
        let written = match found {
            DeValue::Integer(number) => Some(number.as_str().to_owned()),
            DeValue::Float(number) => Some(number.as_str().to_owned()),
            DeValue::Boolean(truth) => Some(truth.to_string()),
            _ => None,
        };
        if let Some(written) = written.filter(|_| wanted.starts_with("a string")) {
            problem = problem.with_help(format!("write it in quotes: \"{written}\""));
        }
        self.report(problem);
    }

    /// A string that is not empty.
    pub(super) fn text(&mut self, key: &str, value: &Value<'_>) -> Option<Spanned<String>> {
        let at = span(value.span());
        match value.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => {
                let message = format!("`{key}` is empty");
                self.wrong(at, message, "give a value, or leave the key out".to_owned());
                None
            }
            DeValue::String(text) => Some(Spanned {
                value: text.clone().into_owned(),
                span: at,
            }),
            _ => {
                self.kind(key, "a string", value);
                None
            }
        }
    }

    /// Strings: an array of them, or one.
    pub(super) fn texts(&mut self, key: &str, value: &Value<'_>) -> Option<Vec<Spanned<String>>> {
        match value.get_ref() {
            DeValue::String(_) => self.text(key, value).map(|one| vec![one]),
            DeValue::Array(items) => Some(items.iter().filter_map(|i| self.text(key, i)).collect()),
            _ => {
                self.kind(key, "a string or an array of strings", value);
                None
            }
        }
    }

    pub(super) fn array<'v, 'i>(
        &mut self,
        key: &str,
        wanted: &str,
        value: &'v Value<'i>,
    ) -> &'v [Value<'i>] {
        if let DeValue::Array(items) = value.get_ref() {
            return items;
        }
        self.kind(key, wanted, value);
        &[]
    }

    pub(super) fn table<'v, 'i>(
        &mut self,
        key: &str,
        value: &'v Value<'i>,
    ) -> Option<&'v DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.kind(key, "a table", value);
        }
        table
    }

    /// The tables of `[[key]]`, each with the place of its head.
    pub(super) fn tables<'v, 'i>(
        &mut self,
        key: &str,
        value: &'v Value<'i>,
    ) -> Vec<(Span, &'v DeTable<'i>)> {
        if value.get_ref().is_table() {
            let message = format!("`{key}` is a list of tables");
            self.wrong(
                span(value.span()),
                message,
                format!("write its head as [[{key}]]"),
            );
            return Vec::new();
        }
        let items = self.array(key, "a list of tables", value);
        let tables = items.iter().filter_map(|item| {
            let table = self.table(key, item)?;
            Some((span(item.span()), table))
        });
        tables.collect()
    }
}

fn article(value: &DeValue<'_>) -> String {
    with_article(value.type_str())
}

pub(super) fn path_pattern(reader: &mut Reader, pattern: &Spanned<String>) {
    if let Err(error) = PathPattern::new(&pattern.value) {
        let message = format!(
            "`{}` is not a pattern of file names: {}",
            shorten(&pattern.value),
            error.msg
        );
        let help =
            "`*` stands for a part of a name, `**` for folders, `?` and `[abc]` for one character";
        reader.wrong(pattern.span, message, help.to_owned());
    }
}
