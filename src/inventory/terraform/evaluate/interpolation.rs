//! Strings with `${…}` and `%{…}` in them.

use std::rc::Rc;

use super::Machine;
use crate::inventory::terraform::surroundings::{Frame, Scope};
use crate::inventory::terraform::syntax_tree::Part;
use crate::inventory::terraform::value::{Node, Piece, Place, Value};
use crate::parser::{HoleKind, Span};

impl Machine<'_> {
    /// A value as the text that a template makes of it.
    pub(in crate::inventory::terraform) fn as_text(
        &mut self,
        value: &Value,
        module: usize,
    ) -> Value {
        if let Node::Text(_) = &value.node {
            value.clone()
        } else {
            let mut pieces = Vec::new();
            self.put(value, &mut pieces, module);
            value.with(Node::Text(Rc::new(pieces)))
        }
    }

    /// Appends what a template makes of a value.
    pub(in crate::inventory::terraform) fn put(
        &mut self,
        value: &Value,
        pieces: &mut Vec<Piece>,
        module: usize,
    ) {
        let (place, via) = (value.place, value.via.clone());
        match &value.node {
            Node::Text(own) => {
                let bytes = own.iter().filter_map(Piece::text).map(str::len).sum();
                if self.spend(own.len(), bytes, place) {
                    pieces.extend(own.iter().map(|p| p.clone().inherit(&via)));
                }
            }
            Node::Number(_) | Node::Boolean(_) => pieces.push(Piece::Bound {
                text: value.text().unwrap_or_default(),
                place,
                via,
            }),
            Node::Hole(hole) | Node::Choice(hole, _) => pieces.push(Piece::Hole {
                hole: *hole,
                place,
                via,
            }),
            Node::Json(inner) => {
                let start = pieces.len();
                crate::inventory::terraform::encode::json(self, inner, pieces, module);
                for piece in pieces.get_mut(start..).unwrap_or_default() {
                    let own = piece.clone();
                    *piece = own.inherit(&via);
                }
            }
            Node::Null
            | Node::Absent
            | Node::List(_)
            | Node::Map(_)
            | Node::Resource(_)
            | Node::Module(_) => {
                self.failures += 1;
                if let Node::Hole(hole) = self.open(HoleKind::Text, place, module).node {
                    pieces.push(Piece::Hole { hole, place, via });
                }
            }
        }
    }

    pub(in crate::inventory::terraform) fn template(
        &mut self,
        parts: &[Part],
        scope: &Scope<'_>,
        pieces: &mut Vec<Piece>,
    ) {
        let source = scope.source;
        for part in parts {
            match part {
                Part::Literal(literal) => {
                    let place = Place {
                        source,
                        span: Span::default(),
                    };
                    if self.spend(1, literal.text.len(), place) {
                        pieces.push(Piece::Literal {
                            text: literal.text.clone(),
                            source,
                            offsets: literal.offsets.clone(),
                            via: None,
                        });
                    }
                }
                Part::Value(of, span) => {
                    let value = self.evaluate(of, scope);
                    let start = pieces.len();
                    self.put(&value, pieces, scope.module);
                    // What comes from elsewhere is at what is between the braces.
                    let span = *span;
                    let place = Place { source, span };
                    for piece in pieces.get_mut(start..).unwrap_or_default() {
                        if !piece.is_within(place) {
                            piece.bind(place);
                        }
                    }
                }
                Part::If {
                    condition,
                    then,
                    otherwise,
                    span,
                } => match self.evaluate(condition, scope).boolean() {
                    Some(true) => self.template(then, scope, pieces),
                    Some(false) => self.template(otherwise, scope, pieces),
                    None => self.unknown_part(*span, scope, pieces),
                },
                Part::For {
                    key,
                    value,
                    over,
                    body,
                    span,
                } => {
                    let over = self.evaluate(over, scope);
                    let Some(items) = self.items(&over) else {
                        self.unknown_part(*span, scope, pieces);
                        continue;
                    };
                    for (own_key, own_value) in items {
                        let outer = scope.frame;
                        let key_frame = key.as_deref().map(|name| Frame {
                            name,
                            value: &own_key,
                            outer,
                        });
                        let frame = Frame {
                            name: value,
                            value: &own_value,
                            outer: key_frame.as_ref().or(outer),
                        };
                        let inner = Scope {
                            frame: Some(&frame),
                            ..*scope
                        };
                        self.template(body, &inner, pieces);
                        if self.is_exhausted {
                            return;
                        }
                    }
                }
            }
        }
    }

    fn unknown_part(&mut self, span: Span, scope: &Scope<'_>, pieces: &mut Vec<Piece>) {
        let source = scope.source;
        let place = Place { source, span };
        if let Node::Hole(hole) = self.open(HoleKind::List, place, scope.module).node {
            let via = None;
            pieces.push(Piece::Hole { hole, place, via });
        }
    }
}
