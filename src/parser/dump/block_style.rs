//! A dump as `--output yaml` and `yaml-stream` of the AWS CLI print it.
//!
//! The lists are found line by line, without reading their elements as YAML: everything inside an element is indented more
//! than the dash before it. Each element is read by itself, and written as JSON whose bytes know their places.

use std::fmt::Write as _;

use super::{MOST_PARTS, NEXT, POLICY, PRINCIPALS, Pages, Part, PartKind, TRUNCATED};
use crate::parser::policy::Problem;
use crate::parser::source::{Source, Span};
use crate::parser::tree::{self, Node, Tree};

/// What the lines that follow belong to.
enum Within {
    Nothing,
    /// A list, the column of its key, and the column of its dashes once there is one.
    List(PartKind, usize, Option<usize>),
    /// The value of another key at a column.
    Other(usize),
}

/// Cuts a text at the elements of its lists. `None` where it is not a dump.
pub(super) fn pages(text: &str, start: usize) -> Option<Result<Pages, Box<Problem>>> {
    let is_list = |line: &str| {
        let key = line.strip_prefix("- ").or(line.strip_prefix("  "));
        let key = key.unwrap_or(line);
        PRINCIPALS.iter().any(|list| {
            let rest = key.strip_prefix(list);
            rest.is_some_and(|rest| rest.starts_with(':'))
        })
    };
    // A template may have a parameter of such a name.
    if !text.lines().any(is_list) || text.lines().any(|l| l.starts_with("Resources:")) {
        return None;
    }
    let mut lines = Cutter {
        pages: Pages::default(),
        within: Within::Nothing,
        top: None,
        open: None,
    };
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Err(message) = lines.line(line, start + at) {
            let content = line.trim();
            let indent = line.len() - line.trim_start().len();
            let from = start + at + indent;
            let problem =
                Problem::invalid_json("document", message, Span::new(from, from + content.len()));
            let help = "give the output of the AWS CLI as it is, or that of `--output json`";
            return Some(Err(Box::new(problem.with_help(help))));
        }
        at += line.len();
    }
    lines.close(start + text.len());
    Some(Ok(lines.pages))
}

struct Cutter {
    pages: Pages,
    within: Within,
    /// The column of the keys of a page.
    top: Option<usize>,
    /// The element that has begun, and where its last line that is not blank ends.
    open: Option<(PartKind, usize, usize)>,
}

impl Cutter {
    fn close(&mut self, end: usize) {
        if let Some((kind, start, _)) = self.open.take() {
            let span = Span::new(start, end);
            self.pages.parts.push(Part {
                kind,
                span,
                is_yaml: true,
            });
        }
    }

    fn line(&mut self, line: &str, at: usize) -> Result<(), &'static str> {
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            return Ok(());
        }
        let indent = line.len() - line.trim_start_matches(' ').len();
        let is_dash = content == "-" || content.starts_with("- ");
        if indent == 0 && (content == "---" || content == "...") {
            self.close(at);
            self.within = Within::Nothing;
            self.top = None;
            return Ok(());
        }
        match &mut self.within {
            Within::List(kind, column, dashes) => {
                let is_element = is_dash && dashes.map_or(indent >= *column, |d| indent == d);
                if is_element {
                    let kind = *kind;
                    *dashes = Some(indent);
                    self.close(at);
                    if self.pages.parts.len() >= MOST_PARTS {
                        return Err(
                            "more users, groups, roles and policies than an account can have",
                        );
                    }
                    self.open = Some((kind, at, at + line.len()));
                    return Ok(());
                }
                if dashes.is_some_and(|d| indent > d) {
                    return Ok(());
                }
            }
            Within::Other(column) => {
                let is_inside = indent > *column || is_dash && indent == *column && *column > 0;
                let is_list = is_dash && indent == *column && self.top == Some(0);
                if is_inside || is_list {
                    return if content.contains(POLICY) {
                        Err("a policy is beside the lists of the dump")
                    } else {
                        Ok(())
                    };
                }
            }
            Within::Nothing => {}
        }
        self.close(at);
        self.key(content, indent)
    }

    /// A key of a page.
    fn key(&mut self, content: &str, indent: usize) -> Result<(), &'static str> {
        const FORM: &str = "this is not the form in which the AWS CLI prints a dump";
        let key = content.trim_start_matches(['-', ' ']);
        let column = indent + content.len() - key.len();
        let is_page = key.len() < content.len();
        let is_first = self.top.is_none();
        if *self.top.get_or_insert(column) != column || is_page && indent > 0 {
            return Err(FORM);
        }
        // Every page of a stream begins with a dash.
        if is_first && (column > 0) != is_page {
            return Err(FORM);
        }
        let (key, value) = key.split_once(':').ok_or(FORM)?;
        let value = value.trim();
        if is_first || is_page {
            self.pages.is_truncated = false;
        }
        let kind = match key {
            "UserDetailList" => PartKind::User,
            "GroupDetailList" => PartKind::Group,
            "RoleDetailList" => PartKind::Role,
            "Policies" => PartKind::Policy,
            _ => {
                self.pages.is_truncated |= match key {
                    TRUNCATED => value == "true",
                    NEXT => !["", "null", "~"].contains(&value),
                    _ => false,
                };
                if key == POLICY {
                    return Err("a policy is beside the lists of the dump");
                }
                self.within = Within::Other(column);
                return Ok(());
            }
        };
        self.pages.lists_roles |= kind == PartKind::Role;
        self.within = match value {
            "" => Within::List(kind, column, None),
            "[]" => Within::Other(column),
            _ => return Err(FORM),
        };
        Ok(())
    }
}

/// A part as JSON, with the place of each byte and of the end.
pub(super) struct Written {
    pub(super) text: String,
    pub(super) offsets: Vec<u32>,
}

/// Writes an element of a list as JSON.
///
/// # Errors
///
/// What makes it no YAML, or not of the form of a dump.
pub(super) fn json(source: &Source, part: Part) -> Result<Written, Box<Problem>> {
    let mut problems = Vec::new();
    let start = part.span.start as usize;
    let tree = tree::of_yaml(
        source.slice(part.span),
        start,
        "part of a dump",
        &mut problems,
    )?;
    if !problems.is_empty() {
        return Err(Box::new(problems.swap_remove(0)));
    }
    let [element] = tree.elements() else {
        let message = "an element of a dump must be a list of one";
        return Err(Box::new(Problem::invalid_json(
            "document", message, tree.span,
        )));
    };
    let mut writer = Writer {
        written: Written {
            text: String::new(),
            offsets: Vec::new(),
        },
        most: 8 * part.span.range().len() + 64,
    };
    writer.value(element)?;
    writer.written.offsets.push(element.span.end);
    Ok(writer.written)
}

struct Writer {
    written: Written,
    /// Aliases written out may be longer than memory holds.
    most: usize,
}

impl Writer {
    fn put(&mut self, text: &str, at: u32) {
        self.written.text.push_str(text);
        let bytes = std::iter::repeat_n(at, text.len());
        self.written.offsets.extend(bytes);
    }

    fn value(&mut self, value: &Tree) -> Result<(), Box<Problem>> {
        let refused = |message: &str| {
            let problem = Problem::invalid_json("document", message, value.span);
            Err(Box::new(problem))
        };
        if self.written.text.len() > self.most {
            return refused("the aliases of this part stand for too much");
        }
        if value.tag.is_some() {
            return refused("a dump has no tags");
        }
        let (start, end) = (value.span.start, value.span.end);
        match &value.node {
            Node::Null => self.put("null", start),
            Node::Boolean(value) => self.put(if *value { "true" } else { "false" }, start),
            Node::Number(number) => self.put(number, start),
            Node::Text(text, offsets) => self.text(text, offsets.as_deref(), value.span),
            Node::List(elements) => {
                self.put("[", start);
                self.put(" ", (start + 1).min(end));
                for (nth, element) in elements.iter().enumerate() {
                    if nth > 0 {
                        self.put(",", element.span.start);
                    }
                    self.value(element)?;
                }
                self.put("]", end);
            }
            Node::Map(entries) => {
                self.put("{", start);
                self.put(" ", (start + 1).min(end));
                for (nth, (key, value)) in entries.iter().enumerate() {
                    if nth > 0 {
                        self.put(",", key.span.start);
                    }
                    match &key.node {
                        Node::Text(text, offsets) => {
                            self.text(text, offsets.as_deref(), key.span);
                        }
                        _ => self.text(key.text().unwrap_or_default(), None, key.span),
                    }
                    self.put(":", key.span.end);
                    self.value(value)?;
                }
                self.put("}", end);
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str, offsets: Option<&[u32]>, span: Span) {
        let place = |at: usize| match offsets {
            Some(offsets) => offsets.get(at).copied().unwrap_or(span.end),
            None => (span.start + at as u32).min(span.end),
        };
        self.put("\"", place(0));
        for (at, c) in text.char_indices() {
            let mut escaped = String::new();
            match c {
                '"' => escaped.push_str("\\\""),
                '\\' => escaped.push_str("\\\\"),
                c if c < ' ' => {
                    let _ = write!(escaped, "\\u{:04x}", u32::from(c));
                }
                c => escaped.push(c),
            }
            if escaped.len() == c.len_utf8() {
                self.written.text.push_str(&escaped);
                let bytes = (at..at + escaped.len()).map(place);
                self.written.offsets.extend(bytes);
            } else {
                self.put(&escaped, place(at));
            }
        }
        self.put("\"", place(text.len()));
    }
}
