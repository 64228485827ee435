//! The events of the YAML reader to a tree.

use std::cell::{Cell, OnceCell};
use std::collections::HashMap;

use rustc_hash::FxBuildHasher;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::{DEEPEST, Id, Kind, Limits, MERGE, Node, Style, Tree, flow};
use crate::parser::Problem;
use crate::parser::{shorten, shorten_to, with_article};

/// Reads a whole file; `start` is where `text` starts in it.
pub(crate) fn parse(text: &str, start: usize, limits: Limits) -> Result<Tree<'_>, Vec<Problem>> {
    let (first, mut refused) = match read(text, text, start, limits) {
        Ok(tree) => return Ok(tree),
        Err(failure) => failure,
    };
    let mut chars = Vec::new();
    let mut steps = 0;
    while let Some(refusal) = refused
        && steps <= flow::MOST
    {
        if chars.is_empty() {
            chars.extend(text.chars());
        }
        steps += chars.len();
        let start_of_flow = flow::start(&chars, refusal.open.into_iter(), refusal.place);
        if !start_of_flow.is_some_and(|at| flow::join(&mut chars, at)) {
            break;
        }
        let joined: String = chars.iter().collect();
        match read(text, &joined, start, limits) {
            Ok(tree) => return Ok(tree),
            Err((problems, None)) => return Err(problems),
            Err((_, again)) => refused = again,
        }
    }
    Err(first)
}

/// A line in brackets that the reader refuses for its indentation.
struct Refusal {
    /// The end of what was read, and the place of the line.
    place: (usize, usize),
    /// The starts of the lists and maps that are open there.
    open: Vec<usize>,
}

/// Reads the characters of `read`; each stands for the character of `text` at the same place.
fn read<'t>(
    text: &'t str,
    read: &str,
    start: usize,
    limits: Limits,
) -> Result<Tree<'t>, (Vec<Problem>, Option<Refusal>)> {
    let mut builder = Builder {
        tree: Tree {
            text,
            start,
            nodes: Vec::new(),
            root: Id(0),
            aliases: (None, 0),
            visits: Cell::new(0),
            most: limits.most,
            blocks: OnceCell::new(),
        },
        open: Vec::new(),
        anchors: HashMap::default(),
        documents: 0,
        problems: Vec::new(),
        limits,
    };
    let mut end = 0;
    for event in Parser::new_from_str(read) {
        let step = match event {
            Ok((event, span)) => {
                end = end.max(span.end.index());
                builder.event(event, (span.start.index(), span.end.index()))
            }
            Err(error) => {
                let refusal = flow::REFUSALS.contains(&error.info()).then(|| Refusal {
                    place: (end, error.marker().index()),
                    open: builder.starts(),
                });
                return Err((vec![builder.syntax(&error)], refusal));
            }
        };
        if let Err(problem) = step {
            return Err((vec![*problem], None));
        }
    }
    if builder.problems.is_empty() {
        Ok(builder.tree)
    } else {
        Err((builder.problems, None))
    }
}

/// A list or a map whose end has not come yet.
struct Open {
    id: Id,
    anchor: usize,
    /// The key that waits for its value, in a map.
    key: Option<Id>,
    /// Keys of a map, to find those given twice.
    keys: HashMap<String, Id>,
}

struct Builder<'a> {
    tree: Tree<'a>,
    open: Vec<Open>,
    anchors: HashMap<usize, Id, FxBuildHasher>,
    documents: usize,
    problems: Vec<Problem>,
    limits: Limits,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, place: (usize, usize)) -> Result<(), Box<Problem>> {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Box::new(
                        Problem::invalid_json(
                            "syntax",
                            "a second document starts here",
                            self.tree.bytes(place),
                        )
                        .with_help(format!(
                            "{} is one document: remove the `---` and what it separates",
                            with_article(self.limits.what)
                        )),
                    ));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                let kind = Kind::Scalar {
                    text: text.into_owned(),
                    style,
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
                    return Err(Box::new(
                        Problem::invalid_json(
                            "syntax",
                            "this alias is inside its own value",
                            self.tree.bytes(place),
                        )
                        .with_help("write the value out"),
                    ));
                };
                self.add(id);
                let (first, count) = self.tree.aliases;
                self.tree.aliases = (first.or(Some(place)), count + 1);
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn node(
        &mut self,
        kind: Kind,
        place: (usize, usize),
        tag: Option<&Tag>,
    ) -> Result<Id, Box<Problem>> {
        let Limits { most, what, .. } = self.limits;
        if self.tree.nodes.len() >= most {
            return Err(Box::new(
                Problem::invalid_json(
                    "syntax",
                    format!("the file holds more than {most} values"),
                    self.tree.bytes(place),
                )
                .with_help(format!("no {what} is that large: is this the right file?")),
            ));
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
        tag: Option<&Tag>,
    ) -> Result<(), Box<Problem>> {
        if self.open.len() >= DEEPEST {
            return Err(Box::new(
                Problem::invalid_json(
                    "syntax",
                    format!("the file nests more than {DEEPEST} levels deep"),
                    self.tree.bytes(place),
                )
                .with_help(format!(
                    "no {} nests that deep: is this the right file?",
                    self.limits.what
                )),
            ));
        }
        let id = self.node(kind, place, tag)?;
        self.add(id);
        self.open.push(Open {
            id,
            anchor,
            key: None,
            keys: HashMap::new(),
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
        let Some(Kind::Scalar { text, style }) = self.tree.nodes.get(key.0).map(|node| &node.kind)
        else {
            return;
        };
        // Readers take several merges into one map.
        if *style == Style::Plain && text == MERGE {
            return;
        }
        let text = text.clone();
        let Some(open) = self.open.last_mut() else {
            return;
        };
        if let Some(first) = open.keys.insert(text.clone(), key)
            && self.limits.has_unique_keys
        {
            let message = format!("the key `{}` is given twice in one map", shorten(&text));
            self.problems.push(
                Problem::invalid_json("syntax", message, self.tree.span(key))
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

    /// The starts of the lists and maps that are open.
    fn starts(&self) -> Vec<usize> {
        let nodes = self.open.iter().map(|open| self.tree.nodes.get(open.id.0));
        nodes.flatten().map(|node| node.place.0).collect()
    }

    fn syntax(&self, error: &ScanError) -> Problem {
        let at = error.marker().index();
        let span = self.tree.bytes((at, at + 1));
        let line = line_around(
            self.tree.text,
            (span.start as usize).saturating_sub(self.tree.start),
        );
        let help = if line.contains("{{") || line.contains("{%") {
            "render the template and pass the resulting file"
        } else if line.trim_start_matches(' ').starts_with('\t') {
            "indent with spaces: YAML takes no tabs there"
        } else {
            "check the indentation and the quotes of this line and the one above it"
        };
        let reason = shorten_to(&lower_first(error.info()), 200);
        Problem::invalid_json("syntax", format!("this is not YAML: {reason}"), span).with_help(help)
    }
}

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
