//! YAML as a tree with places. JSON is YAML.
//!
//! The tree is flat: an alias is one more reference to a node that stands once, so aliases of aliases take no
//! memory, and what may be walked through is counted.

use std::cell::{Cell, OnceCell};
use std::collections::HashMap;

use rustc_hash::FxBuildHasher;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};

use super::ConfigProblem;
use crate::parser::{Span, shorten};

/// How deep a file may nest. A configuration of a cluster nests 10 deep.
const DEEPEST: usize = 128;
/// How many values a file may hold. The largest cluster has some thousands.
const MOST: usize = 200_000;
/// How many values may be visited, aliases followed.
const LONGEST_WALK: usize = 4 * MOST;

/// A whole document.
pub(super) struct Tree<'a> {
    text: &'a str,
    /// Where `text` starts in the file.
    start: usize,
    nodes: Vec<Node>,
    root: Id,
    visits: Cell<usize>,
    blocks: OnceCell<Vec<u32>>,
}

/// One value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Id(usize);

struct Node {
    kind: Kind,
    /// Code points from the start of `text`; bytes are counted only for places that are asked for.
    place: (usize, usize),
    /// The tag, where it is none of YAML's own.
    tag: Option<String>,
}

enum Kind {
    Scalar { text: String, plain: bool },
    List(Vec<Id>),
    Map(Vec<(Id, Id)>),
}

/// What a node is, for its readers.
pub(super) enum Value<'t> {
    /// Nothing: `~`, `null`, or no text at all.
    Null,
    Scalar(&'t str),
    List(&'t [Id]),
    Map,
}

/// Reads a whole file; `start` is where `text` starts in it.
pub(super) fn parse(text: &str, start: usize) -> Result<Tree<'_>, Vec<ConfigProblem>> {
    let mut builder = Builder {
        tree: Tree {
            text,
            start,
            nodes: Vec::new(),
            root: Id(0),
            visits: Cell::new(0),
            blocks: OnceCell::new(),
        },
        open: Vec::new(),
        anchors: HashMap::default(),
        documents: 0,
        problems: Vec::new(),
    };
    for event in Parser::new_from_str(text) {
        let step = match event {
            Ok((event, span)) => builder.event(event, (span.start.index(), span.end.index())),
            Err(error) => Err(builder.syntax(&error)),
        };
        if let Err(problem) = step {
            return Err(vec![problem]);
        }
    }
    if builder.problems.is_empty() {
        Ok(builder.tree)
    } else {
        Err(builder.problems)
    }
}

/// A list or a map whose end has not come yet.
struct Open {
    id: Id,
    anchor: usize,
    /// The key that waits for its value, in a map.
    key: Option<Id>,
    /// Keys of a map, to find those given twice.
    keys: HashMap<String, Id, FxBuildHasher>,
}

struct Builder<'a> {
    tree: Tree<'a>,
    open: Vec<Open>,
    anchors: HashMap<usize, Id, FxBuildHasher>,
    documents: usize,
    problems: Vec<ConfigProblem>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, place: (usize, usize)) -> Result<(), ConfigProblem> {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(ConfigProblem::new(
                        "a second document starts here",
                        self.tree.bytes(place),
                    )
                    .with_help(
                        "a configuration is one document: remove the `---` and what it separates",
                    ));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let kind = Kind::Scalar {
                    text: text.into_owned(),
                    plain,
                };
                let id = self.node(kind, place, tag.as_deref())?;
                self.add(id);
                self.name(anchor, id);
            }
            Event::SequenceStart(anchor, tag) => {
                self.start(Kind::List(Vec::new()), anchor, place, tag.as_deref())?;
            }
            Event::MappingStart(anchor, tag) => {
                self.start(Kind::Map(Vec::new()), anchor, place, tag.as_deref())?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    if let Some(node) = self.tree.nodes.get_mut(open.id.0) {
                        node.place.1 = place.1.max(node.place.0);
                    }
                    self.name(open.anchor, open.id);
                }
            }
            Event::Alias(anchor) => {
                let Some(id) = self.anchors.get(&anchor).copied() else {
                    return Err(ConfigProblem::new(
                        "this alias stands within the value that it stands for",
                        self.tree.bytes(place),
                    )
                    .with_help("write the value out"));
                };
                self.add(id);
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn node(
        &mut self,
        kind: Kind,
        place: (usize, usize),
        tag: Option<&saphyr_parser::Tag>,
    ) -> Result<Id, ConfigProblem> {
        if self.tree.nodes.len() >= MOST {
            return Err(ConfigProblem::new(
                format!("the file holds more than {MOST} values"),
                self.tree.bytes(place),
            )
            .with_help("no configuration of a cluster is that large: is this the right file?"));
        }
        let tag = tag
            .filter(|tag| !tag.is_yaml_core_schema())
            .map(ToString::to_string);
        self.tree.nodes.push(Node { kind, place, tag });
        Ok(Id(self.tree.nodes.len() - 1))
    }

    fn start(
        &mut self,
        kind: Kind,
        anchor: usize,
        place: (usize, usize),
        tag: Option<&saphyr_parser::Tag>,
    ) -> Result<(), ConfigProblem> {
        if self.open.len() >= DEEPEST {
            return Err(ConfigProblem::new(
                format!("the file nests more than {DEEPEST} levels deep"),
                self.tree.bytes(place),
            )
            .with_help("no configuration of a cluster nests that deep: is this the right file?"));
        }
        let id = self.node(kind, place, tag)?;
        self.add(id);
        self.open.push(Open {
            id,
            anchor,
            key: None,
            keys: HashMap::default(),
        });
        Ok(())
    }

    /// Puts a node into the list or the map that is open.
    fn add(&mut self, id: Id) {
        let Some(open) = self.open.last_mut() else {
            self.tree.root = id;
            return;
        };
        let parent = open.id;
        match self.tree.nodes.get_mut(parent.0).map(|node| &mut node.kind) {
            Some(Kind::List(items)) => items.push(id),
            Some(Kind::Map(entries)) => {
                if let Some(key) = open.key.take() {
                    entries.push((key, id));
                } else {
                    open.key = Some(id);
                    self.check_key(id);
                }
            }
            _ => {}
        }
    }

    fn check_key(&mut self, key: Id) {
        let Some(Kind::Scalar { text, plain }) = self.tree.nodes.get(key.0).map(|node| &node.kind)
        else {
            return;
        };
        // Readers take several merges into one map.
        if *plain && text == MERGE {
            return;
        }
        let text = text.clone();
        let Some(open) = self.open.last_mut() else {
            return;
        };
        if let Some(first) = open.keys.insert(text.clone(), key) {
            let message = format!("the key `{}` is given twice in one map", shorten(&text));
            self.problems.push(
                ConfigProblem::new(message, self.tree.span(key))
                    .with_help("keep one of them")
                    .with_related(self.tree.span(first), "first given here"),
            );
        }
    }

    fn name(&mut self, anchor: usize, id: Id) {
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
    }

    fn syntax(&self, error: &ScanError) -> ConfigProblem {
        let at = error.marker().index();
        let span = self.tree.bytes((at, at + 1));
        let line = line_around(
            self.tree.text,
            (span.start as usize).saturating_sub(self.tree.start),
        );
        let help = if line.contains("{{") || line.contains("{%") {
            "fill in the template and give the file that comes out of it"
        } else if line.trim_start_matches(' ').starts_with('\t') || line.starts_with('\t') {
            "indent with spaces: YAML takes no tabs there"
        } else {
            "check the indentation and the quotes of this line and the one above it"
        };
        ConfigProblem::new(
            format!("this is not YAML: {}", lower_first(error.info())),
            span,
        )
        .with_help(help)
    }
}

/// The key that merges another map into this one.
const MERGE: &str = "<<";

fn line_around(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    let rest = text.get(start..).unwrap_or_default();
    rest.lines().next().unwrap_or_default()
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

impl Tree<'_> {
    pub(super) fn root(&self) -> Id {
        self.root
    }

    pub(super) fn value(&self, id: Id) -> Value<'_> {
        match self.nodes.get(id.0).map(|node| &node.kind) {
            Some(Kind::Scalar { text, plain }) if *plain && is_null(text) => Value::Null,
            Some(Kind::Scalar { text, .. }) => Value::Scalar(text),
            Some(Kind::List(items)) => Value::List(items),
            Some(Kind::Map(_)) => Value::Map,
            None => Value::Null,
        }
    }

    /// The tag of a value, where it is none of YAML's own (`!Ref`).
    pub(super) fn tag(&self, id: Id) -> Option<&str> {
        self.nodes.get(id.0)?.tag.as_deref()
    }

    /// The keys of a map that are texts.
    pub(super) fn keys(&self, id: Id) -> impl Iterator<Item = &str> {
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

    fn is_merge(&self, key: Id) -> bool {
        let kind = self.nodes.get(key.0).map(|node| &node.kind);
        matches!(kind, Some(Kind::Scalar { text, plain: true }) if text == MERGE)
    }

    /// Key and value of a map, by the key. What is merged in counts where the map itself has no such key.
    pub(super) fn get(&self, map: Id, key: &str) -> Option<(Id, Id)> {
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
            self.count(LONGEST_WALK);
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
    pub(super) fn count(&self, visited: usize) {
        self.visits.set(self.visits.get().saturating_add(visited));
    }

    /// Whether aliases lead through more than is followed; what was read then is not all there is.
    pub(super) fn is_exhausted(&self) -> bool {
        self.visits.get() > LONGEST_WALK
    }

    /// Where a value stands: a scalar without its tag, its anchor and (unless it is empty) its quotes.
    pub(super) fn span(&self, id: Id) -> Span {
        let Some(node) = self.nodes.get(id.0) else {
            return Span::new(self.start, self.start);
        };
        let mut span = self.bytes(node.place);
        let Kind::Scalar { text, plain } = &node.kind else {
            return span;
        };
        while self.slice(span).starts_with(['!', '&']) {
            let property = self.slice(span);
            let end = property.find(char::is_whitespace);
            let rest = property.get(end.unwrap_or(property.len())..);
            let rest = rest.unwrap_or_default().trim_start();
            span.start = span.end - rest.len() as u32;
        }
        let quoted = !plain && self.slice(span).starts_with(['"', '\'']);
        if quoted && !text.is_empty() {
            span.start += 1;
            span.end -= 1;
        }
        span
    }

    /// Where a scalar stands, when it stands there byte for byte.
    pub(super) fn literal(&self, id: Id) -> Option<Span> {
        let span = self.span(id);
        (self.text_of(id) == Some(self.slice(span))).then_some(span)
    }

    /// The text of a value that is a template's `{{ name }}`, which YAML takes for a map in a map.
    pub(super) fn template(&self, id: Id) -> Option<&str> {
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
        let block = blocks.get(point / BLOCK).map(|at| *at as usize);
        block
            .and_then(|block| {
                let rest = self.text.get(block..)?;
                let (at, _) = rest.char_indices().nth(point % BLOCK)?;
                Some(block + at)
            })
            .unwrap_or(self.text.len())
    }
}

/// The byte of one code point in so many is kept.
const BLOCK: usize = 1024;

/// How YAML 1.1, which `ParallelCluster` reads, writes nothing.
fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}
