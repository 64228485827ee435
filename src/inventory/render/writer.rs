//! The text of a rendered policy, and the place in the file of each byte of it.

use super::Draft;
use crate::inventory::value::{Node, Piece, Value};
use crate::parser::{Hole, HolePart, PartEnd, Span};

impl Draft<'_> {
    fn put(&mut self, text: &str, at: u32) {
        self.written.text.push_str(text);
        let offsets = std::iter::repeat_n(at, text.len());
        self.written.offsets.extend(offsets);
    }

    /// Writes a bracket and a space, so that the end of the bracket has a position of its own.
    pub(super) fn open(&mut self, bracket: char, span: Span) {
        let mut buffer = [0; 4];
        self.put(bracket.encode_utf8(&mut buffer), span.start);
        self.put(" ", (span.start + 1).min(span.end.max(span.start)));
    }

    pub(super) fn close(&mut self, bracket: char, span: Span) {
        // The last value has no comma behind it.
        if self.written.text.ends_with(',') {
            self.written.text.pop();
            self.written.offsets.pop();
        }
        let mut buffer = [0; 4];
        let last = span.end.saturating_sub(1).max(span.start);
        self.put(bracket.encode_utf8(&mut buffer), last);
        self.put(" ", span.end);
    }

    pub(super) fn separate(&mut self) {
        let at = self.written.offsets.last().copied().unwrap_or_default();
        self.put(",", at);
    }

    pub(super) fn key(&mut self, key: &Value) {
        self.value(key);
        let at = self.written.offsets.last().copied().unwrap_or_default();
        self.put(":", at);
    }

    pub(super) fn value(&mut self, value: &Value) {
        let span = value.span;
        match &value.node {
            Node::Null | Node::Absent => self.scalar("null", span),
            Node::Boolean(true) => self.scalar("true", span),
            Node::Boolean(false) => self.scalar("false", span),
            Node::Number(text) => self.scalar(text, span),
            Node::Text(pieces) => self.text(pieces, span),
            Node::Hole(hole) | Node::Choice(hole, _) => {
                let piece = Piece::Hole { hole: *hole, span };
                self.text(&[piece], span);
            }
            Node::List(elements) => {
                self.open('[', span);
                for element in elements.iter().filter(|e| e.node != Node::Absent) {
                    self.value(element);
                    self.separate();
                }
                self.close(']', span);
            }
            Node::Map(members) => {
                self.open('{', span);
                for (key, value) in members.iter().filter(|(_, v)| v.node != Node::Absent) {
                    self.key(key);
                    self.value(value);
                    self.separate();
                }
                self.close('}', span);
            }
        }
    }

    fn scalar(&mut self, text: &str, span: Span) {
        self.put(text, span.start);
        self.put(" ", span.end);
    }

    pub(super) fn text(&mut self, pieces: &[Piece], span: Span) {
        let first = pieces.first().map_or(span.start, |p| p.span().start);
        self.put("\"", first);
        for piece in pieces {
            match piece {
                Piece::Plain { text, start } => {
                    self.characters(text, |at| *start + at as u32);
                }
                Piece::Mapped { text, offsets } => {
                    let at = |at: usize| offsets.get(at).copied().unwrap_or(span.end);
                    self.characters(text, at);
                }
                Piece::Bound { text, span } => self.characters(text, |_| span.start),
                Piece::Hole { hole, span } => {
                    let marker = self.holes.get(*hole).map(Hole::marker);
                    let marker = marker.unwrap_or_else(|| "${value}".to_owned());
                    let start = self.written.text.len();
                    self.put(&marker, span.start);
                    self.written.holes.push(HolePart {
                        range: start..start + marker.len(),
                        hole: *hole,
                    });
                }
            }
            self.written.ends.push(PartEnd {
                at: self.written.text.len(),
                place: piece.span().end,
            });
        }
        let end = pieces.last().map_or(span.end, |p| p.span().end);
        let end = if pieces.is_empty() { span.end } else { end };
        self.put("\"", end);
        self.put(" ", span.end.max(end));
    }

    /// Writes the characters of a text, escaped as JSON wants them; all bytes of an escape have one place.
    pub(super) fn characters(&mut self, text: &str, place: impl Fn(usize) -> u32) {
        for (at, c) in text.char_indices() {
            let escaped = match c {
                '"' => "\\\"".to_owned(),
                '\\' => "\\\\".to_owned(),
                c if c < ' ' => format!("\\u{:04x}", u32::from(c)),
                c => {
                    let mut buffer = [0; 4];
                    let bytes = c.encode_utf8(&mut buffer);
                    self.written.text.push_str(bytes);
                    let offsets = (0..bytes.len()).map(|i| place(at + i));
                    self.written.offsets.extend(offsets);
                    continue;
                }
            };
            self.put(&escaped, place(at));
        }
    }
}
