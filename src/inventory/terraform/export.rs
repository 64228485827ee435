//! Documents as the inventory has them: all of one in one file, texts with holes.

use super::encode::{self, place_in};
use super::evaluate::Machine;
use super::value::{Node, Piece, Place, Value, number_text};
use crate::inventory::{self, Attached, Reading, document};
use crate::parser::{
    self, Attachment, Extreme, HoleKind, Problem, SourceId, Span, Unknowns, Written,
};

/// A policy document that was read, and the file of its places.
pub(super) struct Read {
    pub(super) source: SourceId,
    pub(super) reading: Reading,
    /// Parts of it that could not be read.
    pub(super) problems: Vec<Problem>,
}

/// Facts on a policy beside its content.
pub(super) struct About {
    pub(super) name: Option<String>,
    pub(super) attachment: Attachment,
    pub(super) optional: Option<usize>,
}

impl Machine<'_> {
    /// Reads a value as the text of a policy document.
    pub(super) fn document(&mut self, value: &Value, about: &About) -> Read {
        let tree = match (self.tree(value), about.optional) {
            // A part that may be absent is read at both extremes.
            (Tree::Known(..), Some(_)) => match encode::decode(self, value) {
                Ok(tree) => Tree::Value(tree),
                Err((message, place)) => Tree::Unread(message, place),
            },
            (tree, _) => tree,
        };
        match tree {
            Tree::Value(tree) => {
                let source = tree.place.source;
                let exported = self.export(&tree, source, tree.place.span);
                let mut problems = Vec::new();
                for (key, place, first) in std::mem::take(&mut self.repeated_keys) {
                    if place.source == source {
                        problems.push(Problem::duplicate_key(&key, place.span, first.span));
                    }
                }
                let attached = Attached {
                    source,
                    name: about.name.clone(),
                    attachment: about.attachment,
                    optional: about.optional,
                    joins_lists: true,
                };
                Read {
                    source,
                    reading: document(&exported, &attached, &self.holes.shared()),
                    problems,
                }
            }
            Tree::Known(source, written) => {
                let unknowns = Unknowns {
                    extreme: Extreme::Worst,
                    holes: self.holes.shared(),
                    statements: Vec::new(),
                    optional: None,
                };
                let (name, attachment) = (about.name.clone(), about.attachment);
                let worst =
                    parser::parse_written(source, &written, name, attachment, &[], &unknowns);
                Read {
                    source,
                    reading: Reading {
                        worst,
                        best: None,
                        texts: None,
                    },
                    problems: Vec::new(),
                }
            }
            Tree::Unread(message, place) => {
                let message = format!("the policy could not be read: {message}");
                let problem = Problem::unresolved("policy", message, place.span).with_help(
                    "write the policy so that its JSON is whole without the values that are not known",
                );
                // It may say anything.
                let open = self.open(HoleKind::List, value.place, 0);
                let open = self.export(&open, place.source, place.span);
                let attached = Attached {
                    source: place.source,
                    name: about.name.clone(),
                    attachment: about.attachment,
                    optional: about.optional,
                    joins_lists: true,
                };
                Read {
                    source: place.source,
                    reading: document(&open, &attached, &self.holes.shared()),
                    problems: vec![problem],
                }
            }
        }
    }

    /// The object that a text contains.
    pub(super) fn content(&mut self, value: &Value) -> Option<inventory::Value> {
        Some(self.placed_content(value)?.1)
    }

    /// The same, with the file that its places are in.
    pub(super) fn placed_content(&mut self, value: &Value) -> Option<(SourceId, inventory::Value)> {
        let tree = match &value.node {
            Node::Text(_) => encode::decode(self, value).ok()?,
            _ => match self.tree(value) {
                Tree::Value(tree) => tree,
                _ => return None,
            },
        };
        let source = tree.place.source;
        Some((source, self.export(&tree, source, tree.place.span)))
    }

    fn tree(&mut self, value: &Value) -> Tree {
        match &value.node {
            Node::Json(inner) => Tree::Value((**inner).clone().inherit(&value.via)),
            Node::Text(pieces) => {
                let is_known = pieces.iter().all(|p| p.text().is_some());
                let (source, flat) = encode::flat(pieces, value.place, &value.via);
                if is_known {
                    return Tree::Known(
                        source,
                        Written {
                            text: flat.text,
                            offsets: flat.offsets,
                            holes: Vec::new(),
                            ends: Vec::new(),
                        },
                    );
                }
                if let [Piece::Hole { hole, place, via }] = pieces.as_slice() {
                    let hole = Value::new(Node::Hole(*hole), *place).inherit(via);
                    return Tree::Value(hole);
                }
                match encode::decode(self, value) {
                    Ok(tree) => Tree::Value(tree),
                    Err((message, place)) => Tree::Unread(message, place),
                }
            }
            Node::Choice(hole, of) => {
                let mut all = Vec::new();
                for alternative in of.iter() {
                    let alternative = alternative.clone().inherit(&value.via);
                    match &alternative.node {
                        Node::Null | Node::Absent => {
                            all.push(Value::new(Node::Absent, alternative.place));
                        }
                        Node::Text(_) => match encode::decode(self, &alternative) {
                            Ok(tree) => all.push(tree),
                            Err((message, place)) => return Tree::Unread(message, place),
                        },
                        _ => match self.tree(&alternative) {
                            Tree::Value(tree) => all.push(tree),
                            other => return other,
                        },
                    }
                }
                let node = Node::Choice(*hole, std::rc::Rc::new(all));
                Tree::Value(value.with(node))
            }
            // Anything else is not a text: an object where the provider takes one, or a hole.
            _ => Tree::Value(value.clone()),
        }
    }

    /// A value with all its places in one file.
    pub(super) fn export(
        &mut self,
        value: &Value,
        home: SourceId,
        fallback: Span,
    ) -> inventory::Value {
        let span = place_in(home, value.place, &value.via).unwrap_or(fallback);
        let node = match &value.node {
            Node::Null => inventory::Node::Null,
            Node::Absent => inventory::Node::Absent,
            Node::Boolean(value) => inventory::Node::Boolean(*value),
            Node::Number(number) => inventory::Node::Number(number_text(*number)),
            Node::Text(pieces) => {
                let span = self.without_quotes(home, span);
                let pieces = pieces.iter().map(|piece| {
                    let piece = piece.clone().inherit(&value.via);
                    export_piece(piece, home, span)
                });
                inventory::Node::Text(in_order(pieces.collect(), span))
            }
            Node::Json(_) => {
                let text = self.as_text(value, 0);
                return self.export(&text, home, fallback);
            }
            Node::List(_) => {
                let elements = value.elements().unwrap_or_default();
                let elements = elements.iter().map(|e| self.export(e, home, span));
                inventory::Node::List(elements.collect())
            }
            Node::Map(_) => {
                let members = value.members().unwrap_or_default();
                let mut exported = Vec::with_capacity(members.len());
                for (key, value) in &members {
                    let key = self.export(key, home, span);
                    exported.push((key, self.export(value, home, span)));
                }
                inventory::Node::Map(exported)
            }
            Node::Choice(hole, of) => {
                let of = of.iter().map(|alternative| {
                    let alternative = alternative.clone().inherit(&value.via);
                    self.export(&alternative, home, span)
                });
                inventory::Node::Choice(*hole, of.collect())
            }
            Node::Hole(hole) => inventory::Node::Hole(*hole),
            Node::Resource(_) | Node::Module(_) => {
                let open = self.open(HoleKind::List, value.place, 0);
                match open.node {
                    Node::Hole(hole) => inventory::Node::Hole(hole),
                    _ => inventory::Node::Null,
                }
            }
        };
        let span = match node {
            inventory::Node::Text(_) => self.without_quotes(home, span),
            _ => span,
        };
        inventory::Value { node, span }
    }

    /// The place of a text: between its quotes.
    fn without_quotes(&self, home: SourceId, span: Span) -> Span {
        let code = self.files.sources.get(home).slice(span).as_bytes();
        match code {
            [b'"', .., b'"'] => Span {
                start: span.start + 1,
                end: span.end - 1,
            },
            _ => span,
        }
    }
}

/// The content of a document.
enum Tree {
    Value(Value),
    /// A text that is known in full.
    Known(SourceId, Written),
    Unread(String, Place),
}

/// Lets the pieces of a text follow one another in its file: what comes from elsewhere is behind the piece before it.
fn in_order(mut pieces: Vec<inventory::Piece>, whole: Span) -> Vec<inventory::Piece> {
    let is_within = |span: Span| whole.start <= span.start && span.end <= whole.end;
    let has_own = pieces.iter().any(|p| is_within(p.span()));
    if !has_own && pieces.len() == 1 {
        return pieces;
    }
    let mut end = whole.start;
    for piece in &mut pieces {
        let span = piece.span();
        if span.start < end || !is_within(span) {
            let here = Span { start: end, end };
            let is_hole = matches!(piece, inventory::Piece::Hole { .. });
            *piece = piece.clone().bound_at(if is_hole { whole } else { here });
        } else {
            end = span.end;
        }
    }
    pieces
}

fn export_piece(piece: Piece, home: SourceId, fallback: Span) -> inventory::Piece {
    match piece {
        Piece::Literal {
            text,
            source,
            offsets,
            via,
        } => {
            if source == home {
                let start = offsets.first().copied().unwrap_or_default();
                let straight = { offsets.iter().zip(start..) }.all(|(at, plain)| *at == plain);
                return if straight {
                    inventory::Piece::Plain { text, start }
                } else {
                    inventory::Piece::Mapped { text, offsets }
                };
            }
            let place = Place {
                source,
                span: Span::default(),
            };
            let span = place_in(home, place, &via).unwrap_or(fallback);
            inventory::Piece::Bound { text, span }
        }
        Piece::Bound { text, place, via } => inventory::Piece::Bound {
            text,
            span: place_in(home, place, &via).unwrap_or(fallback),
        },
        Piece::Hole { hole, place, via } => inventory::Piece::Hole {
            hole,
            span: place_in(home, place, &via).unwrap_or(fallback),
        },
    }
}
