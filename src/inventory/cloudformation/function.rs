//! The functions of CloudFormation that policies use.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>

use std::ops::Range;
use std::rc::Rc;

use super::evaluate::{Call, Template, bound, of_pieces};
use super::template_condition::Truth;
use super::{not_defined, types, unresolved, work};
use crate::inventory::{Node as Made, Piece, Value};
use crate::parser::tree::{Node, Tree};
use crate::parser::{HoleKind, Span, shorten};

impl Template<'_> {
    /// Evaluates a call.
    pub(super) fn call(&mut self, call: &Call<'_>) -> Value {
        let value = match call.name.as_str() {
            "Ref" => self.ref_of(call),
            "Fn::GetAtt" => self.attribute(call),
            "Fn::Sub" => self.sub(call),
            "Fn::Join" => self.join(call),
            "Fn::Select" => self.select(call),
            "Fn::Split" => self.split(call),
            "Fn::If" => self.branch(call),
            "Fn::FindInMap" => self.find_in_map(call),
            "Fn::ImportValue" => Some(self.import(call)),
            "Fn::Length" => self.length(call),
            "Fn::ToJsonString" => Some(self.json_of(call)),
            _ => None,
        };
        match value {
            Some(value) => self.counted(value, call.at),
            None if !self.work.is_left() => self.too_large(call.at, call.span),
            None => {
                let message = format!("`{}` could not be read", shorten(&call.name));
                self.unread(&call.name, &message, call.at, call.span)
            }
        }
    }

    /// Counts a value that was made, and drops it if it is too large.
    pub(super) fn counted(&mut self, value: Value, at: Span) -> Value {
        if self.work.spend(work::of_value(&value)) {
            return value;
        }
        self.too_large(at, value.span)
    }

    /// Stands for a value that is too large to be made. It is reported once for each property.
    pub(super) fn too_large(&mut self, at: Span, span: Span) -> Value {
        if self.work.is_new() {
            let message = "the template is too large to be read";
            self.unread("references", message, at, span)
        } else {
            self.unknown("references", span)
        }
    }

    /// The elements of the argument of a call, not evaluated.
    fn parts(call: &Call<'_>) -> Option<Vec<Rc<Tree>>> {
        match &call.argument.node {
            Node::List(elements) => Some(elements.clone()),
            _ => None,
        }
    }

    fn ref_of(&mut self, call: &Call<'_>) -> Option<Value> {
        let name = call.argument.text()?.to_owned();
        Some(self.reference(&name, call.argument.span))
    }

    fn attribute(&mut self, call: &Call<'_>) -> Option<Value> {
        let (logical, attribute) = match &call.argument.node {
            Node::Text(text, _) => {
                let (logical, attribute) = text.split_once('.')?;
                (logical.to_owned(), attribute.to_owned())
            }
            Node::List(elements) => match elements.as_slice() {
                [logical, attribute] => {
                    (logical.text()?.to_owned(), self.evaluate(attribute).text()?)
                }
                _ => return None,
            },
            _ => return None,
        };
        Some(self.attribute_of(&logical, &attribute, call.argument.span))
    }

    /// An attribute of a resource.
    fn attribute_of(&mut self, logical: &str, attribute: &str, span: Span) -> Value {
        let Some(kind) = self.kind_of(logical).map(str::to_owned) else {
            let message = not_defined("", logical);
            return self.unread(logical, &message, span, span);
        };
        let known = types::find(&kind);
        if let Some(form) = known.and_then(|t| t.attributes.get(attribute)) {
            let value = self.form(form, logical, &kind, span);
            return self.counted(value, span);
        }
        let name = format!("{logical}.{attribute}");
        if let Some(of) = known.filter(|of| !of.has_attribute(attribute)) {
            let message = format!("{kind} has no attribute `{}`", shorten(attribute));
            let all = of.all_attributes();
            let help = match of.attribute_like(attribute) {
                Some(meant) => format!("write `{}.{meant}`", shorten(logical)),
                None if all.is_empty() => "it has no attribute".to_owned(),
                None => format!("its attributes are: {}", all.join(", ")),
            };
            self.report(unresolved(&name, &message, span).with_help(help));
            return self.unknown(&name, span);
        }
        let hole = self.hole(&name, HoleKind::Text, span, None);
        of_pieces(vec![Piece::Hole { hole, span }], span)
    }

    fn sub(&mut self, call: &Call<'_>) -> Option<Value> {
        let (text, map) = match &call.argument.node {
            Node::List(elements) => match elements.as_slice() {
                [text] => (Rc::clone(text), None),
                [text, map] => (Rc::clone(text), Some(Rc::clone(map))),
                _ => return None,
            },
            _ => (Rc::clone(call.argument), None),
        };
        let (written, offsets) = match &text.node {
            Node::Text(written, offsets) => (written.clone(), offsets.clone()),
            _ => return None,
        };
        let whole = super::evaluate::piece(&written, offsets.as_deref(), text.span);
        let mut pieces: Vec<Piece> = Vec::new();
        let mut done = 0;
        while let Some(Variable { range, name }) = next_variable(&written, done) {
            if !self.work.spend(1) {
                return None;
            }
            if range.start > done {
                let literal = whole.part(done..range.start);
                pieces.extend(self.dynamic(literal));
            }
            let span = whole.part(range.clone()).span();
            let mapped = map.as_ref().and_then(|m| m.get(&name));
            if let Some(literal) = name.strip_prefix('!') {
                // `${!aws:username}` is written `${aws:username}`.
                pieces.push(whole.part(range.start..range.start + 2));
                let from = range.end - 1 - literal.len();
                pieces.push(whole.part(from..range.end));
            } else if let Some(mapped) = mapped {
                let value = self.evaluate(mapped);
                pieces.extend(as_text(&value, span)?);
            } else {
                let value = match name.split_once('.') {
                    Some((logical, attribute)) => self.attribute_of(logical, attribute, span),
                    None => self.reference(&name, span),
                };
                pieces.extend(as_text(&value, span)?);
            }
            done = range.end;
        }
        if done < written.len() || pieces.is_empty() {
            let literal = whole.part(done..written.len());
            pieces.extend(self.dynamic(literal));
        }
        Some(of_pieces(pieces, text.span))
    }

    fn join(&mut self, call: &Call<'_>) -> Option<Value> {
        let parts = Self::parts(call)?;
        let [delimiter, list] = parts.as_slice() else {
            return None;
        };
        let delimiter = self.evaluate(delimiter).text()?;
        let list = self.evaluate(list);
        if let Made::Hole(hole) = list.node {
            let span = call.span;
            return Some(of_pieces(vec![Piece::Hole { hole, span }], span));
        }
        let Made::List(elements) = list.node else {
            return None;
        };
        let mut pieces: Vec<Piece> = Vec::new();
        let elements = elements.into_iter().filter(|e| e.node != Made::Absent);
        for (at, element) in elements.enumerate() {
            let own = element.pieces()?;
            if at > 0 && !delimiter.is_empty() {
                if !self.work.spend(work::of_text(delimiter.len())) {
                    return None;
                }
                let end = pieces.last().map_or(call.span.start, |p| p.span().end);
                let span = Span { start: end, end };
                pieces.push(bound(&delimiter, span));
            }
            pieces.extend(own);
        }
        Some(of_pieces(pieces, call.span))
    }

    fn select(&mut self, call: &Call<'_>) -> Option<Value> {
        let parts = Self::parts(call)?;
        let [index, list] = parts.as_slice() else {
            return None;
        };
        let index: Option<usize> = self.evaluate(index).text().and_then(|t| t.parse().ok());
        let list = self.evaluate(list);
        match list.node {
            Made::List(elements) => {
                if let Some(index) = index {
                    return elements.into_iter().nth(index);
                }
                let hole = self.hole("Fn::Select", HoleKind::Text, call.span, None);
                Some(text_hole(hole, call.span))
            }
            Made::Hole(hole) | Made::Choice(hole, _) => Some(text_hole(hole, call.span)),
            _ => None,
        }
    }

    fn split(&mut self, call: &Call<'_>) -> Option<Value> {
        let parts = Self::parts(call)?;
        let [delimiter, text] = parts.as_slice() else {
            return None;
        };
        let delimiter = self.evaluate(delimiter).text()?;
        let pieces = self.evaluate(text).pieces()?;
        if delimiter.is_empty() {
            return None;
        }
        Some(self.cut(pieces, &delimiter, call.span))
    }

    /// The parts of a text between delimiters.
    pub(super) fn cut(&mut self, pieces: Vec<Piece>, delimiter: &str, span: Span) -> Value {
        // A value that is not known may hold the delimiter.
        let is_safe = |hole: usize| {
            let hole = self.holes.get(hole);
            hole.is_some_and(|h| !h.kind.may_hold(delimiter))
        };
        for piece in &pieces {
            if let Piece::Hole { hole, .. } = piece
                && !is_safe(*hole)
            {
                return Value::hole(*hole, span);
            }
        }
        let texts = pieces.iter().filter_map(Piece::text);
        let cuts = texts.map(|text| text.matches(delimiter).count());
        if !self.work.spend(cuts.sum()) {
            return self.too_large(span, span);
        }
        let mut elements: Vec<Vec<Piece>> = vec![Vec::new()];
        for piece in pieces {
            let Some(text) = piece.text() else {
                if let Some(last) = elements.last_mut() {
                    last.push(piece);
                }
                continue;
            };
            let mut at = 0;
            for (nth, part) in text.split(delimiter).enumerate() {
                if nth > 0 {
                    elements.push(Vec::new());
                }
                if let Some(last) = elements.last_mut().filter(|_| !part.is_empty()) {
                    last.push(piece.part(at..at + part.len()));
                }
                at += part.len() + delimiter.len();
            }
        }
        let elements = elements.into_iter();
        let elements = elements.map(|pieces| of_pieces(pieces, span));
        Value {
            node: Made::List(elements.collect()),
            span,
        }
    }

    fn branch(&mut self, call: &Call<'_>) -> Option<Value> {
        let parts = Self::parts(call)?;
        let [name, yes, no] = parts.as_slice() else {
            return None;
        };
        let text = name.text()?.to_owned();
        match self.condition(&text, name.span) {
            Truth::True => Some(self.evaluate(yes)),
            Truth::False => Some(self.evaluate(no)),
            Truth::Open(option) => {
                let hole = self.condition_hole(&text, name.span, option);
                let branches = vec![self.evaluate(yes), self.evaluate(no)];
                Some(Value {
                    node: Made::Choice(hole, branches),
                    span: call.span,
                })
            }
        }
    }

    fn find_in_map(&mut self, call: &Call<'_>) -> Option<Value> {
        let parts = Self::parts(call)?;
        let (keys, default) = match parts.as_slice() {
            [map, first, second] => ([map, first, second], None),
            [map, first, second, options] => (
                [map, first, second],
                options.get("DefaultValue").map(Rc::clone),
            ),
            _ => return None,
        };
        let keys = keys.map(|key| self.evaluate(key));
        let texts: Option<Vec<String>> = keys.iter().map(Value::text).collect();
        let Some(texts) = texts else {
            // The index is not known, so any entry may be meant.
            let mut option = None;
            for key in &keys {
                key.each_hole(&mut |hole| {
                    let of = self.holes.get(hole).and_then(|h| h.option.clone());
                    option = option.take().or(of);
                });
            }
            let map = keys.first().and_then(Value::text);
            let name = format!("Fn::FindInMap {}", map.unwrap_or_default());
            let hole = self.hole(&name, HoleKind::List, call.span, option);
            return Some(Value::hole(hole, call.span));
        };
        let mappings = self.tree.get("Mappings").map(Rc::clone);
        let mut found = mappings;
        for key in &texts {
            found = found.and_then(|tree| tree.get(key).map(Rc::clone));
        }
        let found = found.or(default)?;
        Some(self.evaluate(&found).bound_at(call.span))
    }

    fn import(&mut self, call: &Call<'_>) -> Value {
        let value = self.argument(call);
        let name = match value.text() {
            Some(name) => format!("Fn::ImportValue {name}"),
            None => "Fn::ImportValue".to_owned(),
        };
        let hole = self.hole(&name, HoleKind::Text, call.span, None);
        text_hole(hole, call.span)
    }

    fn length(&mut self, call: &Call<'_>) -> Option<Value> {
        let value = self.argument(call);
        let node = match &value.node {
            Made::List(elements) => Made::Number(elements.len().to_string()),
            Made::Hole(hole) => return Some(text_hole(*hole, call.span)),
            _ => return None,
        };
        Some(Value {
            node,
            span: call.span,
        })
    }

    fn json_of(&mut self, call: &Call<'_>) -> Value {
        let value = self.argument(call);
        let mut pieces = Vec::new();
        json(&value, call.span, &mut pieces);
        of_pieces(pieces, call.span)
    }
}

/// A value as a part of a text, at the place of its reference.
fn as_text(value: &Value, span: Span) -> Option<Vec<Piece>> {
    let pieces = value.pieces()?;
    Some(pieces.into_iter().map(|p| p.bound_at(span)).collect())
}

/// An unknown text.
fn text_hole(hole: usize, span: Span) -> Value {
    of_pieces(vec![Piece::Hole { hole, span }], span)
}

/// Writes a value as JSON.
fn json(value: &Value, span: Span, out: &mut Vec<Piece>) {
    let mut put = |text: &str| out.push(bound(text, span));
    match &value.node {
        Made::Null | Made::Absent => put("null"),
        Made::Boolean(value) => put(if *value { "true" } else { "false" }),
        Made::Number(text) => put(text),
        Made::Text(pieces) => {
            put("\"");
            for piece in pieces {
                match piece.text() {
                    Some(text) => {
                        let quoted = serde_json::to_string(text).unwrap_or_default();
                        let inner = quoted.trim_start_matches('"');
                        out.push(bound(inner.strip_suffix('"').unwrap_or(inner), span));
                    }
                    None => out.push(piece.clone().bound_at(span)),
                }
            }
            out.push(bound("\"", span));
        }
        Made::Hole(hole) | Made::Choice(hole, _) => out.push(Piece::Hole { hole: *hole, span }),
        Made::List(elements) => {
            put("[");
            for (at, element) in elements.iter().enumerate() {
                if at > 0 {
                    out.push(bound(",", span));
                }
                json(element, span, out);
            }
            out.push(bound("]", span));
        }
        Made::Map(members) => {
            put("{");
            for (at, (key, value)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(bound(",", span));
                }
                json(key, span, out);
                out.push(bound(":", span));
                json(value, span, out);
            }
            out.push(bound("}", span));
        }
    }
}

/// A `${…}` in the text of `Fn::Sub`.
pub(super) struct Variable {
    pub(super) range: Range<usize>,
    pub(super) name: String,
}

/// The first one from a byte on.
pub(super) fn next_variable(text: &str, from: usize) -> Option<Variable> {
    let mut at = from;
    loop {
        let start = at + text.get(at..)?.find("${")?;
        let end = start + text.get(start..)?.find('}')? + 1;
        let name = text.get(start + 2..end - 1)?;
        // A text that contains another beginning is not one itself.
        if name.contains("${") {
            at = start + 2;
            continue;
        }
        return Some(Variable {
            range: start..end,
            name: name.trim().to_owned(),
        });
    }
}
