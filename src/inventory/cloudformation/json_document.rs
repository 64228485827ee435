//! Policies that a template has as a text with JSON in it.
//!
//! The schemas that CloudFormation publishes give the documents of IAM the types object and string, and
//! <https://github.com/localstack/localstack/pull/13735> has tests of such texts that ran against AWS.

use super::evaluate::Template;
use crate::inventory::json_text::{self, Flat, HOLE, Json, Text, Token};
use crate::inventory::{Node as Made, Piece, Value};
use crate::parser::{HoleKind, Problem, Span};

impl Template<'_> {
    /// A policy, read from the JSON of a text where it is one. `None` for a text that is not JSON, which is reported.
    pub(super) fn document(&mut self, value: Value) -> Option<Value> {
        let span = value.span;
        match value.node {
            Made::Text(pieces) => {
                if let [Piece::Hole { hole, .. }] = pieces.as_slice() {
                    return Some(self.whole_hole(*hole, span));
                }
                self.decode(&pieces, span)
            }
            Made::Choice(hole, of) => {
                let of = of.into_iter().map(|value| self.document(value));
                let node = Made::Choice(hole, of.collect::<Option<_>>()?);
                Some(Value { node, span })
            }
            _ => Some(value),
        }
    }

    fn decode(&mut self, pieces: &[Piece], span: Span) -> Option<Value> {
        let flat = flat(pieces, span);
        let starts = |c: &u8| matches!(c, b',' | b'[' | b'{');
        if !self.work.spend(flat.text.bytes().filter(starts).count()) {
            return Some(self.too_large(span, span));
        }
        match json_text::parse(&flat) {
            Ok(json) => Some(self.of_json(&json)),
            Err((message, at)) => {
                let place = Span { start: at, end: at };
                if !flat.holes.is_empty() {
                    return Some(self.unread("PolicyDocument", &message, place, span));
                }
                let message = format!("the policy is a text that is not JSON: {message}");
                let problem = Problem::invalid_policy("PolicyDocument", message, place);
                self.report(problem.with_help("write the policy as a map, or as JSON"));
                None
            }
        }
    }

    fn of_json(&mut self, json: &Json) -> Value {
        let span = Span {
            start: json.start,
            end: json.end,
        };
        let node = match &json.token {
            Token::Null => Made::Null,
            Token::Boolean(value) => Made::Boolean(*value),
            Token::Number(text) => Made::Number(text.clone()),
            Token::Text(text) => Made::Text(pieces(text)),
            Token::Array(all) => Made::List(all.iter().map(|one| self.of_json(one)).collect()),
            Token::Object(members) => {
                let mut read: Vec<(Value, Value)> = Vec::with_capacity(members.len());
                for (key, value) in members {
                    let key = self.of_json(key);
                    let value = self.of_json(value);
                    let text = key.text();
                    let mut known = read.iter_mut();
                    match text.and_then(|text| known.find(|(k, _)| k.is_text(&text))) {
                        Some(known) => {
                            let name = key.text().unwrap_or_default();
                            let problem = Problem::duplicate_key(&name, key.span, known.0.span);
                            self.report(problem);
                            *known = (key, value);
                        }
                        None => read.push((key, value)),
                    }
                }
                Made::Map(read)
            }
            Token::Hole(hole) => return self.whole_hole(*hole, span),
        };
        Value { node, span }
    }

    /// A value that is not known and may be a list or a map.
    fn whole_hole(&mut self, hole: usize, span: Span) -> Value {
        match self.holes.get(hole).cloned() {
            // A name or an account is one text.
            Some(of) if of.kind < HoleKind::Text => Value {
                node: Made::Text(vec![Piece::Hole { hole, span }]),
                span,
            },
            Some(mut of) => {
                of.kind = of.kind.max(HoleKind::List);
                self.holes.add(of);
                Value::hole(hole, span)
            }
            None => Value::hole(hole, span),
        }
    }
}

/// The bytes of a text, each with its place.
fn flat(pieces: &[Piece], whole: Span) -> Flat {
    let mut flat = Flat::default();
    let mut end = whole.end;
    for piece in pieces {
        let span = piece.span();
        match piece {
            Piece::Plain { text, start } => {
                flat.text.push_str(text);
                flat.offsets.extend(*start..*start + text.len() as u32);
            }
            Piece::Mapped { text, offsets } => {
                flat.text.push_str(text);
                flat.offsets.extend(offsets.iter().take(text.len()));
            }
            Piece::Bound { text, .. } => {
                flat.text.push_str(text);
                let own = std::iter::repeat_n(span.start, text.len());
                flat.offsets.extend(own);
            }
            Piece::Hole { hole, .. } => {
                flat.holes.push((flat.text.len(), *hole, span));
                flat.text.push(HOLE);
                flat.offsets.push(span.start);
            }
        }
        end = span.end;
    }
    flat.offsets.push(end);
    flat
}

/// The pieces of a string.
fn pieces(text: &Text) -> Vec<Piece> {
    let mut all = Vec::new();
    let mut done = 0;
    let put = |range: std::ops::Range<usize>, all: &mut Vec<Piece>| {
        let offsets = text.offsets.get(range.start..=range.end);
        all.push(Piece::Mapped {
            text: text.value.get(range).unwrap_or_default().to_owned(),
            offsets: offsets.unwrap_or_default().to_vec(),
        });
    };
    for (at, hole, span) in &text.holes {
        if done < *at {
            put(done..*at, &mut all);
        }
        all.push(Piece::Hole {
            hole: *hole,
            span: *span,
        });
        done = at + HOLE.len_utf8();
    }
    if done < text.value.len() || all.is_empty() {
        put(done..text.value.len(), &mut all);
    }
    all
}
