//! YAML as a tree with places. JSON is YAML.
//!
//! The tree is flat: an alias is one more reference to a node that stands once, so aliases of aliases take no
//! memory, and what may be walked through is counted.

mod build;
mod flow;
mod place;
pub(crate) mod version_1_1;

use std::cell::{Cell, OnceCell};

use crate::parser::Span;

pub(crate) use build::parse;
pub(crate) use place::Scalar;

/// How deep a file may nest. A configuration of a cluster nests 10 deep.
const DEEPEST: usize = 128;

/// What a file may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How many values. Four times as many may be visited, aliases followed.
    pub(crate) most: usize,
    /// What the file is, for the words when it is larger.
    pub(crate) what: &'static str,
    /// True where a key that a map gives twice is a fault; else the tree has both.
    pub(crate) has_unique_keys: bool,
}

/// A whole document.
pub(crate) struct Tree<'a> {
    text: &'a str,
    /// The start of `text` in the file.
    start: usize,
    nodes: Vec<Node>,
    root: Id,
    /// The place of the first alias, and how many there are.
    aliases: (Option<(usize, usize)>, usize),
    visits: Cell<usize>,
    most: usize,
    blocks: OnceCell<Vec<u32>>,
}

/// One value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Id(usize);

struct Node {
    kind: Kind,
    /// Code points from the start of `text`; bytes are counted only for places that are asked for.
    place: (usize, usize),
    /// The tag, where it is none of YAML's own.
    tag: Option<String>,
}

enum Kind {
    Scalar { text: String, style: Style },
    List(Vec<Id>),
    Map(Vec<(Id, Id)>),
}

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Style {
    Plain,
    Single,
    Double,
    /// Below a `|` or a `>`.
    Block,
}

/// The content of a node, for its readers.
pub(crate) enum Value<'t> {
    /// Nothing: `~`, `null`, or no text at all.
    Null,
    Scalar(&'t str),
    List(&'t [Id]),
    Map,
}

/// The key that merges another map into this one.
const MERGE: &str = "<<";

impl Tree<'_> {
    pub(crate) fn root(&self) -> Id {
        self.root
    }

    pub(crate) fn value(&self, id: Id) -> Value<'_> {
        match self.nodes.get(id.0).map(|node| &node.kind) {
            Some(Kind::Scalar { text, style }) if *style == Style::Plain && is_null(text) => {
                Value::Null
            }
            Some(Kind::Scalar { text, .. }) => Value::Scalar(text),
            Some(Kind::List(items)) => Value::List(items),
            Some(Kind::Map(_)) => Value::Map,
            None => Value::Null,
        }
    }

    /// The place of the first alias, and how many there are.
    pub(crate) fn aliases(&self) -> Option<(Span, usize)> {
        let (first, count) = self.aliases;
        Some((self.bytes(first?), count))
    }

    /// The tag of a value, where it is none of YAML's own (`!Ref`).
    pub(crate) fn tag(&self, id: Id) -> Option<&str> {
        self.nodes.get(id.0)?.tag.as_deref()
    }

    /// The entries of a map as they are written.
    pub(crate) fn entries(&self, id: Id) -> &[(Id, Id)] {
        match self.nodes.get(id.0).map(|node| &node.kind) {
            Some(Kind::Map(entries)) => entries,
            _ => &[],
        }
    }

    /// How a scalar is written.
    pub(crate) fn style(&self, id: Id) -> Option<Style> {
        match self.nodes.get(id.0).map(|node| &node.kind) {
            Some(Kind::Scalar { style, .. }) => Some(*style),
            _ => None,
        }
    }

    /// The keys of a map that are texts.
    pub(crate) fn keys(&self, id: Id) -> impl Iterator<Item = &str> {
        let entries = match self.nodes.get(id.0).map(|node| &node.kind) {
            Some(Kind::Map(entries)) => entries.as_slice(),
            _ => &[],
        };
        entries.iter().filter_map(|(key, _)| self.text_of(*key))
    }

    fn text_of(&self, id: Id) -> Option<&str> {
        match self.nodes.get(id.0).map(|node| &node.kind) {
            Some(Kind::Scalar { text, .. }) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_merge(&self, key: Id) -> bool {
        let kind = self.nodes.get(key.0).map(|node| &node.kind);
        matches!(kind, Some(Kind::Scalar { text, style: Style::Plain }) if text == MERGE)
    }

    /// Key and value of a map, by the key. What is merged in counts where the map itself has no such key.
    pub(crate) fn get(&self, map: Id, key: &str) -> Option<(Id, Id)> {
        self.find(map, key, 0)
    }

    fn find(&self, map: Id, key: &str, depth: usize) -> Option<(Id, Id)> {
        let Some(Kind::Map(entries)) = self.nodes.get(map.0).map(|node| &node.kind) else {
            return None;
        };
        self.count(entries.len() + 1);
        let own = entries.iter().find(|(k, _)| self.text_of(*k) == Some(key));
        if let Some(own) = own {
            return Some(*own);
        }
        if depth >= DEEPEST {
            self.count(4 * self.most);
        }
        let merged = entries.iter().filter(|(k, _)| self.is_merge(*k));
        for (_, value) in merged {
            if self.is_exhausted() {
                return None;
            }
            let found = match self.nodes.get(value.0).map(|node| &node.kind) {
                Some(Kind::List(maps)) => {
                    self.count(maps.len());
                    maps.iter()
                        .take_while(|_| !self.is_exhausted())
                        .find_map(|map| self.find(*map, key, depth + 1))
                }
                _ => self.find(*value, key, depth + 1),
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Counts values that were visited.
    pub(crate) fn count(&self, visited: usize) {
        self.visits.set(self.visits.get().saturating_add(visited));
    }

    /// Whether aliases lead through more than is followed; what was read then is not all there is.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.visits.get() > 4 * self.most
    }

    /// The place of a value without its anchor: a scalar without its tag and (unless it is empty) its quotes too.
    pub(crate) fn span(&self, id: Id) -> Span {
        let Some(node) = self.nodes.get(id.0) else {
            return Span::new(self.start, self.start);
        };
        let mut span = self.bytes(node.place);
        let Kind::Scalar { text, style } = &node.kind else {
            // A block ends where the next one starts.
            let written = self.slice(span).trim_end();
            span.end = span.start + written.len() as u32;
            if written.starts_with('&') {
                let rest = written.trim_start_matches(|c: char| !c.is_whitespace());
                span.start = span.end - rest.trim_start().len() as u32;
            }
            return span;
        };
        while self.slice(span).starts_with(['!', '&']) {
            let property = self.slice(span);
            let end = property.find(char::is_whitespace);
            let rest = property.get(end.unwrap_or(property.len())..);
            let rest = rest.unwrap_or_default().trim_start();
            span.start = span.end - rest.len() as u32;
        }
        if *style == Style::Block {
            // The reader counts the lines behind a block to it.
            let written = self.slice(span);
            let kept = written.trim_end();
            let is_kept = text.ends_with('\n');
            let end = written.get(kept.len()..).and_then(|rest| rest.find('\n'));
            let end = end.filter(|_| is_kept).map_or(0, |at| at + 1);
            span.end = span.start + (kept.len() + end) as u32;
        }
        let is_quoted = matches!(style, Style::Single | Style::Double);
        if is_quoted && let Some(inside) = inside_quotes(self.slice(span)) {
            let quotes = u32::from(!text.is_empty());
            span = Span {
                start: span.start + quotes,
                end: span.start + 2 - quotes + inside as u32,
            };
        }
        span
    }

    /// The place of a scalar, if it is there byte for byte.
    pub(crate) fn literal(&self, id: Id) -> Option<Span> {
        let span = self.span(id);
        (self.text_of(id) == Some(self.slice(span))).then_some(span)
    }

    /// The text of a value that is a template's `{{ name }}`, which YAML takes for a map in a map.
    pub(crate) fn template(&self, id: Id) -> Option<&str> {
        Some(self.slice(self.span(id))).filter(|text| text.starts_with("{{"))
    }

    fn slice(&self, span: Span) -> &str {
        let range = span.range();
        let from = range.start.checked_sub(self.start);
        let to = range.end.checked_sub(self.start);
        match (from, to) {
            (Some(from), Some(to)) => self.text.get(from..to).unwrap_or_default(),
            _ => "",
        }
    }

    /// Code points of the text to bytes of the file.
    fn bytes(&self, place: (usize, usize)) -> Span {
        Span::new(
            self.start + self.byte(place.0),
            self.start + self.byte(place.1.max(place.0)),
        )
    }

    /// The byte of `text` at which a code point starts.
    fn byte(&self, point: usize) -> usize {
        let blocks = self.blocks.get_or_init(|| {
            let starts = self.text.char_indices().map(|(at, _)| at as u32);
            starts.step_by(BLOCK).collect()
        });
        let start = |block: usize| blocks.get(block).map(|at| *at as usize);
        let (block, offset) = (point / BLOCK, point % BLOCK);
        let byte = start(block).and_then(|from| {
            // So many code points in as many bytes: each is one byte.
            if start(block + 1) == Some(from + BLOCK) {
                return Some(from + offset);
            }
            let (at, _) = self.text.get(from..)?.char_indices().nth(offset)?;
            Some(from + at)
        });
        byte.unwrap_or(self.text.len())
    }
}

/// How many bytes stand between the quotes that a text starts with. The reader counts what follows them to the scalar.
fn inside_quotes(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inside = text.get(1..)?;
    let mut chars = inside.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            chars.next();
        } else if c == quote {
            if quote == '"' || chars.peek().is_none_or(|(_, next)| *next != quote) {
                return Some(at);
            }
            chars.next();
        }
    }
    None
}

/// The byte of one code point in so many is kept.
const BLOCK: usize = 1024;

/// How YAML 1.1, which `ParallelCluster` reads, writes nothing.
fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}
