//! The INI dialect of `ParallelCluster` 2.x, with places.
//!
//! `ParallelCluster` reads its file with Python's `configparser`, `#` and `;` also starting comments within a line, so
//! its rules are followed here to the letter: `=` or `:` ends a key, deeper indented lines continue a value, keys are
//! case-insensitive, `[DEFAULT]` is inherited, `%(name)s` inserts another value. The INI crates follow other dialects
//! or keep no places. `fixtures/cluster-config/dialect.json` holds what Python reads from some texts.
//!
//! <https://docs.python.org/3/library/configparser.html#supported-ini-file-structure>

use std::collections::BTreeMap;
use std::ops::Range;

use super::ConfigProblem;
use crate::bytes;
use crate::parser::{Span, Spanned, shorten};

/// The section whose keys all others inherit.
const DEFAULT: &str = "DEFAULT";
/// How deep values may insert values; the depth of `configparser`.
const DEEPEST: usize = 10;
/// How many values one may insert.
const MOST: usize = 1000;
/// How long a value may become by that.
const LONGEST: usize = 64 * 1024;

/// A file in sections.
pub(super) struct File<'a> {
    text: &'a str,
    start: usize,
    sections: BTreeMap<String, Section>,
    /// Names in the order of the file.
    order: Vec<Spanned<String>>,
}

/// One section, header and keys.
#[derive(Default)]
struct Section {
    header: Span,
    /// By lower-case key.
    entries: BTreeMap<String, Entry>,
}

/// `key = value`.
struct Entry {
    key: Span,
    /// Lines joined by `\n`, before `%(name)s` is filled in.
    value: String,
    /// From the first to the last byte of the value; of the key where there is none.
    place: Span,
}

/// The sections that a file of 2.x has, which no YAML has at the start of a line.
const KNOWN: [&str; 4] = ["global", "aws", "cluster", "aliases"];

/// Whether this is a file of sections rather than YAML or JSON.
pub(super) fn has_sections(text: &str) -> bool {
    let mut first = true;
    lines(text).any(|range| {
        let line = text.get(range).unwrap_or_default();
        let trimmed = trim(line);
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            return false;
        }
        let is_first = std::mem::take(&mut first);
        let Some(name) = header(trimmed) else {
            return false;
        };
        let known = name
            .split_whitespace()
            .next()
            .is_some_and(|word| KNOWN.contains(&word));
        // The first line of a JSON list starts with a bracket as well.
        known && line.starts_with('[')
            || is_first
                && name.starts_with(|c: char| c.is_alphabetic())
                && !name.contains(['"', '\'', '{', ','])
    })
}

/// The name between the brackets of a section's first line.
fn header(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('[')?;
    rest.get(..rest.find(']')?)
}

/// Reads a whole file; `start` is where `text` starts in it.
pub(super) fn parse(text: &str, start: usize) -> Result<File<'_>, Vec<ConfigProblem>> {
    let mut reader = Reader {
        file: File {
            text,
            start,
            sections: BTreeMap::new(),
            order: Vec::new(),
        },
        section: None,
        key: None,
        indent: 0,
        blank: 0,
        problems: Vec::new(),
    };
    for range in lines(text) {
        reader.line(range);
    }
    if reader.problems.is_empty() {
        Ok(reader.file)
    } else {
        Err(reader.problems)
    }
}

struct Reader<'a> {
    file: File<'a>,
    section: Option<String>,
    /// The key whose value a deeper line continues.
    key: Option<String>,
    indent: usize,
    /// Empty lines since the last line of the value; they count only when the value goes on.
    blank: usize,
    problems: Vec<ConfigProblem>,
}

impl Reader<'_> {
    fn line(&mut self, range: Range<usize>) {
        let line = self.file.text.get(range.clone()).unwrap_or_default();
        let comment = comment(line);
        let content = line
            .get(..comment.unwrap_or(line.len()))
            .unwrap_or_default();
        let value = trim(content);
        if value.is_empty() {
            if comment.is_none() {
                self.blank += 1;
            }
            return;
        }
        let at = range.start + (content.len() - content.trim_start_matches(is_space).len());
        let place = self.span(at, at + value.len());
        let indent = line.chars().take_while(|c| is_space(*c)).count();
        let open = match (&self.section, &self.key) {
            (Some(section), Some(key)) if indent > self.indent => self
                .file
                .sections
                .get_mut(section)
                .and_then(|section| section.entries.get_mut(key)),
            _ => None,
        };
        if let Some(entry) = open {
            entry
                .value
                .extend(std::iter::repeat_n('\n', self.blank + 1));
            entry.value.push_str(value);
            if entry.place == entry.key {
                entry.place.start = place.start;
            }
            entry.place.end = place.end;
            self.blank = 0;
            return;
        }
        self.blank = 0;
        self.indent = indent;
        match header(value) {
            Some(name) if !name.is_empty() => self.open_section(name, at + 1),
            _ => self.open_entry(value, at, place),
        }
    }

    fn open_section(&mut self, name: &str, at: usize) {
        let header = self.span(at, at + name.len());
        self.key = None;
        self.section = Some(name.to_owned());
        if let Some(first) = self.file.sections.get(name) {
            if name != DEFAULT {
                let message = format!("the section `[{}]` is given twice", shorten(name));
                self.problems.push(
                    ConfigProblem::new(message, header)
                        .with_help("keep one of them: ParallelCluster rejects the file")
                        .with_related(first.header, "first given here"),
                );
            }
            return;
        }
        self.file.order.push(Spanned {
            value: name.to_owned(),
            span: header,
        });
        self.file.sections.insert(
            name.to_owned(),
            Section {
                header,
                entries: BTreeMap::new(),
            },
        );
    }

    fn open_entry(&mut self, line: &str, at: usize, place: Span) {
        self.key = None;
        let Some(section) = self
            .section
            .as_ref()
            .and_then(|name| self.file.sections.get_mut(name))
        else {
            // One such line is enough to say it.
            if self.problems.is_empty() {
                self.problems.push(
                    ConfigProblem::new("this line is before the first section", place)
                        .with_help("start the file with a section such as `[global]`"),
                );
            }
            return;
        };
        let Some((name, value)) = line
            .split_once(['=', ':'])
            .filter(|(n, _)| !trim(n).is_empty())
        else {
            self.problems.push(
                ConfigProblem::new(
                    format!("`{}` is neither a section nor `key = value`", shorten(line)),
                    place,
                )
                .with_help(
                    "write `key = value`, or indent the line if it continues the value above",
                ),
            );
            return;
        };
        let name = trim(name);
        let value_start = at + line.len() - value.trim_start_matches(is_space).len();
        let value = trim(value);
        let start = self.file.start;
        let span = |from: usize, to: usize| Span::new(start + from, start + to);
        let key = span(at, at + name.len());
        let entry = Entry {
            key,
            value: value.to_owned(),
            place: if value.is_empty() {
                key
            } else {
                span(value_start, value_start + value.len())
            },
        };
        let lower = name.to_lowercase();
        if let Some(first) = section.entries.get(&lower) {
            self.problems.push(
                ConfigProblem::new(
                    format!(
                        "the key `{}` is given twice in one section",
                        shorten(&lower)
                    ),
                    key,
                )
                .with_help("keep one of them: ParallelCluster rejects the file")
                .with_related(first.key, "first given here"),
            );
            return;
        }
        section.entries.insert(lower.clone(), entry);
        self.key = Some(lower);
    }

    fn span(&self, from: usize, to: usize) -> Span {
        Span::new(self.file.start + from, self.file.start + to)
    }
}

/// Byte ranges of the lines, without their ends: `\n`, `\r\n` or `\r`.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let bytes = text.as_bytes();
    let mut next = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(next..).filter(|rest| !rest.is_empty())?;
        let start = next;
        let end = bytes::find_either(b'\n', b'\r', rest);
        let end = end.map_or(bytes.len(), |i| start + i);
        next = match (bytes.get(end), bytes.get(end + 1)) {
            (Some(b'\r'), Some(b'\n')) => end + 2,
            _ => end + 1,
        };
        Some(start..end)
    })
}

/// The start of the comment of a line. A sign within a line starts one only after white space.
fn comment(line: &str) -> Option<usize> {
    if trim(line).starts_with(['#', ';']) {
        return Some(0);
    }
    // `configparser` looks at the first `#` and the first `;`, then at the second ones, and so on.
    let mut signs: Vec<_> = ['#', ';']
        .into_iter()
        .map(|sign| line.match_indices(sign).map(|(at, _)| at))
        .collect();
    loop {
        let round: Vec<usize> = signs.iter_mut().filter_map(Iterator::next).collect();
        if round.is_empty() {
            return None;
        }
        let spaced = |at: &usize| {
            line.get(..*at)
                .is_some_and(|before| before.is_empty() || before.ends_with(is_space))
        };
        if let Some(at) = round.into_iter().filter(spaced).min() {
            return Some(at);
        }
    }
}

/// White space as Python's `str.strip` has it.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

impl File<'_> {
    /// The names of all sections, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.order.iter()
    }

    pub(super) fn has(&self, section: &str) -> bool {
        section != DEFAULT && self.sections.contains_key(section)
    }

    /// The value of a key, `%(name)s` filled in. `NONE` and an empty value are none, as they are to `ParallelCluster`.
    pub(super) fn get(
        &self,
        section: &str,
        key: &str,
    ) -> Result<Option<Spanned<String>>, ConfigProblem> {
        let Some(mut value) = self.filled(section, key).transpose()? else {
            return Ok(None);
        };
        value.value = trim(&value.value).into();
        Ok(Some(value).filter(|value| !value.value.is_empty() && value.value != "NONE"))
    }

    /// The value of a key as `configparser` has it.
    fn filled(&self, section: &str, key: &str) -> Option<Result<Spanned<String>, ConfigProblem>> {
        let entry = self.entry(section, key)?;
        let mut filled = Filled::default();
        let result = self.fill_in(section, &entry.value, entry.place, &mut filled);
        Some(result.map(|()| Spanned {
            value: filled.text,
            span: entry.place,
        }))
    }

    fn entry(&self, section: &str, key: &str) -> Option<&Entry> {
        [section, DEFAULT]
            .iter()
            .find_map(|name| self.sections.get(*name)?.entries.get(key))
    }

    /// The place of the value, if it is there byte for byte: in one line, with nothing inserted.
    pub(super) fn literal(&self, value: &Spanned<String>) -> Option<Span> {
        let from = (value.span.start as usize).checked_sub(self.start)?;
        let to = (value.span.end as usize).checked_sub(self.start)?;
        (self.text.get(from..to) == Some(value.value.as_str())).then_some(value.span)
    }

    fn fill_in(
        &self,
        section: &str,
        raw: &str,
        place: Span,
        filled: &mut Filled,
    ) -> Result<(), ConfigProblem> {
        let mut rest = raw;
        while let Some((before, after)) = rest.split_once('%') {
            filled.text.push_str(before);
            if let Some(next) = after.strip_prefix('%') {
                filled.text.push('%');
                rest = next;
                continue;
            }
            let inserted = after
                .strip_prefix('(')
                .and_then(|name| name.split_once(")s"))
                .filter(|(name, _)| !name.contains(')'));
            let Some((name, next)) = inserted else {
                return Err(ConfigProblem::new(
                    "`%` inserts the value of another key, and none is named here",
                    place,
                )
                .with_help("write `%(key)s` to insert a value, or `%%` for the sign itself"));
            };
            let Some(entry) = self.entry(section, &name.to_lowercase()) else {
                let message = format!("there is no key `{}` to insert here", shorten(name));
                return Err(ConfigProblem::new(message, place)
                    .with_help("`%(key)s` inserts a key of the same section or of `[DEFAULT]`"));
            };
            filled.depth += 1;
            filled.inserted += 1;
            if filled.depth > DEEPEST || filled.inserted > MOST || filled.text.len() > LONGEST {
                let message = format!("`{}` is inserted into itself or too often", shorten(name));
                return Err(ConfigProblem::new(message, place).with_help("write the value out"));
            }
            self.fill_in(section, &entry.value, place, filled)?;
            filled.depth -= 1;
            rest = next;
        }
        filled.text.push_str(rest);
        Ok(())
    }
}

/// A value in which others are being inserted.
#[derive(Default)]
struct Filled {
    text: String,
    depth: usize,
    inserted: usize,
}

#[cfg(test)]
mod tests;
