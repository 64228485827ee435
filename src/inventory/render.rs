//! Reads a [`Value`] as a policy: writes it as JSON whose bytes know their places, at each extreme of its holes.
//!
//! A statement grants least where its Allow is not known to reach further, and takes least where its Deny is not:
//!
//! | where the hole is | reaches least | reaches most |
//! | --- | --- | --- |
//! | a string of `Action` | names no action | `*` in its place |
//! | a string of `NotAction` | names every action: the statement is absent | names no action |
//! | a string of `Resource` or `NotResource` | decided by [`crate::diff::prepare`], by the same rule | |
//! | a value of a Condition | the line does not hold for it | the line holds |
//! | a whole statement, a branch | absent | present |

use std::sync::Arc;

use super::value::{Node, Piece, Value};
use crate::parser::{
    self, Attachment, Document, Effect, Extreme, Flags, Hole, HoleKind, HolePart, PartEnd,
    SourceId, Span, Written,
};

/// A policy of a template as it is read at each extreme.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Holes of an Allow grant as little as they can, those of a Deny take as much as they can.
    pub worst: Document,
    /// The other way round; `None` where nothing is left open.
    pub best: Option<Document>,
    /// As `best`, but names are names of their own; `None` where no hole is a name.
    pub texts: Option<Document>,
}

/// Facts on a document beside its content.
#[derive(Clone, Debug)]
pub struct Attached {
    /// The file of its bytes.
    pub source: SourceId,
    /// The name of the policy.
    pub name: Option<String>,
    /// The way it is attached.
    pub attachment: Attachment,
    /// The hole that decides whether the document is there at all.
    pub optional: Option<usize>,
}

/// Reads a value as a policy document.
pub fn document(value: &Value, attached: &Attached, holes: &Arc<[Hole]>) -> Reading {
    let mut kinds = attached.optional.map(|_| HoleKind::Text);
    let mut has_name = false;
    value.each_hole(&mut |hole| {
        let kind = holes.get(hole).map(|h| h.kind);
        let kind = kind.filter(|k| *k != HoleKind::Reference);
        has_name |= kind == Some(HoleKind::Name);
        kinds = kinds.max(kind);
    });
    let read = |extreme| Draft::new(holes, extreme).read(value, attached);
    let worst = read(Extreme::Worst);
    // Whether AWS stores the policy does not depend on the reading.
    let as_worst = |mut document: Document| {
        for (policy, worst) in document.policies.iter_mut().zip(&worst.policies) {
            policy.breaks_grammar = worst.breaks_grammar;
            policy.has_refused_arn = worst.has_refused_arn;
            policy.characters = worst.characters;
        }
        document
    };
    Reading {
        best: kinds.map(|_| as_worst(read(Extreme::Best))),
        texts: has_name.then(|| as_worst(read(Extreme::BestOfTexts))),
        worst,
    }
}

/// Reads a value as the trust policy of a role. A part of which a template leaves open whether it is there is read as if it
/// were; a part that is not known is left out, and the policy is open.
pub fn trust(value: &Value, source: SourceId, holes: &Arc<[Hole]>) -> Document {
    let mut is_open = false;
    let known = Draft::new(holes, Extreme::Worst).known(value, &mut is_open);
    let mut document = Document::default();
    for value in flattened(known.into_iter().collect()) {
        if !matches!(value.node, Node::Map(_)) {
            is_open = true;
            continue;
        }
        let mut draft = Draft::new(holes, Extreme::Worst);
        draft.value(&value);
        let read = parser::parse_trust(source, &draft.written);
        document.trusts.extend(read.trusts);
        document.problems.extend(read.problems);
        document.named.extend(read.named);
    }
    for trust in &mut document.trusts {
        trust.is_open = is_open;
    }
    if is_open {
        document.named.push("trust-policy".to_owned());
    }
    document
}

/// A document as JSON, while it is written.
pub(crate) struct Draft<'h> {
    holes: &'h Arc<[Hole]>,
    extreme: Extreme,
    written: Written,
    statements: Vec<Flags>,
    /// Holes in the place of whole statements.
    unknown: Vec<usize>,
}

/// A string of a list, or what may be one.
struct Item<'v> {
    value: &'v Value,
    /// The hole that decides whether it is in the list.
    within: Option<usize>,
}

impl<'h> Draft<'h> {
    fn new(holes: &'h Arc<[Hole]>, extreme: Extreme) -> Self {
        Draft {
            holes,
            extreme,
            written: Written::default(),
            statements: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// A value without the parts that are not known. Lists take in the alternatives of a choice.
    fn known(&self, value: &Value, is_open: &mut bool) -> Option<Value> {
        let span = value.span;
        let node = match &value.node {
            Node::Absent => return None,
            Node::Hole(hole) if !self.is_reference(*hole) => {
                *is_open = true;
                return None;
            }
            Node::Choice(_, of) => {
                *is_open = true;
                let all: Vec<Value> = of.iter().filter_map(|v| self.known(v, is_open)).collect();
                match all.as_slice() {
                    [] => return None,
                    [one] => return Some(one.clone()),
                    _ => Node::List(flattened(all)),
                }
            }
            Node::List(elements) => {
                let of = elements.iter().map(|v| (v, self.known(v, is_open)));
                let mut kept = Vec::new();
                for (before, after) in of {
                    match (&before.node, after) {
                        (Node::Choice(..), Some(after)) => kept.extend(flattened(vec![after])),
                        (_, after) => kept.extend(after),
                    }
                }
                if kept.is_empty() && !elements.is_empty() {
                    return None;
                }
                Node::List(kept)
            }
            Node::Map(members) => {
                let mut kept = Vec::with_capacity(members.len());
                for (key, value) in members {
                    let name = key.text();
                    let is_condition = name.as_deref() == Some("Condition");
                    let is_word =
                        matches!(name.as_deref(), Some("Statement" | "Effect" | "Version"));
                    if is_word
                        && matches!(value.node, Node::Text(_))
                        && self.first_unknown(value).is_some()
                    {
                        *is_open = true;
                        return None;
                    }
                    let known = if is_condition && has_choice(value) {
                        *is_open = true;
                        None
                    } else {
                        self.known(value, is_open)
                    };
                    match known {
                        Some(value) => kept.push((key.clone(), value)),
                        None if value.node == Node::Absent => {}
                        // Without it the statement is another one.
                        None if name.as_deref().is_some_and(|n| PARTS.contains(&n)) => return None,
                        None => {}
                    }
                }
                if kept.is_empty() && !members.is_empty() {
                    return None;
                }
                Node::Map(kept)
            }
            Node::Text(_) => {
                *is_open |= self.first_unknown(value).is_some();
                return Some(value.clone());
            }
            Node::Null | Node::Boolean(_) | Node::Number(_) | Node::Hole(_) => {
                return Some(value.clone());
            }
        };
        Some(Value { node, span })
    }

    fn read(mut self, value: &Value, attached: &Attached) -> Document {
        self.policy(value, attached.optional);
        let unknowns = parser::Unknowns {
            extreme: self.extreme,
            holes: Arc::clone(self.holes),
            statements: self.unknown,
        };
        parser::parse_written(
            attached.source,
            &self.written,
            attached.name.clone(),
            attached.attachment,
            &self.statements,
            &unknowns,
        )
    }

    fn policy(&mut self, value: &Value, optional: Option<usize>) {
        match &value.node {
            Node::Map(members) => {
                self.open('{', value.span);
                for (key, value) in members {
                    match key.text().as_deref() {
                        Some("Statement") => {
                            self.key(key);
                            let mut all = Vec::new();
                            statements(value, optional, &mut all);
                            self.list_of_statements(value, &all);
                        }
                        Some("Version") if self.first_unknown(value).is_some() => {
                            // It decides what the variables of every statement are.
                            self.unknown.extend(self.first_unknown(value));
                            self.key(key);
                            self.value(&Value::bound("2012-10-17", value.span));
                        }
                        _ if value.node == Node::Absent => continue,
                        _ => {
                            self.key(key);
                            self.value(value);
                        }
                    }
                    self.separate();
                }
                self.close('}', value.span);
            }
            Node::Choice(..) | Node::Hole(_) => {
                let mut all = Vec::new();
                documents(value, optional, &mut all);
                let word = |text: &str| Value::bound(text, value.span);
                self.open('{', value.span);
                self.key(&word("Version"));
                self.value(&word("2012-10-17"));
                self.separate();
                self.key(&word("Statement"));
                self.list_of_statements(value, &all);
                self.separate();
                self.close('}', value.span);
            }
            _ => self.value(value),
        }
    }

    fn list_of_statements(&mut self, list: &Value, all: &[Item<'_>]) {
        self.open('[', list.span);
        for item in all {
            match &item.value.node {
                Node::Map(members) => self.statement(item.value, members, item.within),
                Node::Hole(hole) => self.any_statement(item.value, *hole),
                _ => self.value(item.value),
            }
            self.separate();
        }
        self.close(']', list.span);
    }

    /// A statement of which nothing is known may allow and deny everything.
    fn any_statement(&mut self, value: &Value, hole: usize) {
        let word = |text: &str| Value::bound(text, value.span);
        self.unknown.push(hole);
        let members = [("Effect", "Allow"), ("Action", "*"), ("Resource", "*")];
        self.open('{', value.span);
        for (key, text) in members {
            self.key(&word(key));
            self.value(&word(text));
            self.separate();
        }
        self.close('}', value.span);
        self.statements.push(Flags {
            is_absent: self.extreme == Extreme::Worst,
            holes: vec![hole],
        });
    }

    fn statement(&mut self, whole: &Value, members: &[(Value, Value)], optional: Option<usize>) {
        let effect = { members.iter() }.find(|(k, _)| k.is_text("Effect"));
        let effect = effect.map(|(_, value)| value);
        let effect_hole = effect.and_then(|value| self.first_unknown(value));
        let is_deny = match effect_hole {
            Some(hole) => !self.reaches_most(hole, Effect::Allow),
            None => effect.is_some_and(|e| e.is_text("Deny")),
        };
        let effect_of = if is_deny { Effect::Deny } else { Effect::Allow };
        let mut holes = Vec::new();
        whole.each_hole(&mut |hole| holes.push(hole));
        holes.extend(optional);
        holes.retain(|hole| !self.is_reference(*hole));
        holes.sort_unstable();
        holes.dedup();
        let mut is_absent = optional.is_some_and(|hole| !self.reaches_most(hole, effect_of));
        self.open('{', whole.span);
        for (key, value) in members {
            if value.node == Node::Absent {
                continue;
            }
            let name = key.text();
            match name.as_deref() {
                Some("Effect") if effect_hole.is_some() => {
                    self.key(key);
                    let word = if is_deny { "Deny" } else { "Allow" };
                    self.value(&Value::bound(word, value.span));
                }
                Some("Sid") if self.first_unknown(value).is_some() => continue,
                Some(name @ ("Action" | "NotAction" | "Resource" | "NotResource")) => {
                    is_absent |= self.element(key, name, value, effect_of);
                }
                Some("Condition") => {
                    let (written, absent) = self.condition(key, value, effect_of);
                    is_absent |= absent;
                    if !written {
                        continue;
                    }
                }
                _ => {
                    self.key(key);
                    self.value(value);
                }
            }
            self.separate();
        }
        self.close('}', whole.span);
        self.statements.push(Flags { is_absent, holes });
    }

    /// Writes a list of actions or resources. True where the statement then is as good as absent.
    fn element(&mut self, key: &Value, name: &str, value: &Value, effect: Effect) -> bool {
        let negated = name.starts_with("Not");
        let of_actions = name.ends_with("Action");
        let mut items = Vec::new();
        flat(value, None, &mut items);
        let mut kept: Vec<Value> = Vec::new();
        let mut is_absent = false;
        for Item { value, within } in &items {
            if let Some(hole) = within
                && self.reaches_most(*hole, effect) == negated
            {
                continue;
            }
            let unknown = self.unknown_in(value);
            if unknown.is_empty() || !of_actions {
                kept.push((*value).clone());
                continue;
            }
            let most = unknown.iter().all(|h| self.reaches_most(*h, effect));
            match (most, negated) {
                (true, true) => {}
                (true, false) => kept.push(any_action(value)),
                (false, _) => {
                    is_absent |= negated;
                    kept.push((*value).clone());
                }
            }
        }
        if kept.is_empty() && !items.is_empty() {
            if negated {
                // The excluded part may be nothing.
                let word = if of_actions { "Action" } else { "Resource" };
                self.key(&Value::bound(word, key.span));
                self.value(&Value::bound("*", value.span));
                return is_absent;
            }
            is_absent = true;
            kept.extend(items.iter().map(|item| item.value.clone()));
        }
        self.key(key);
        match kept.as_slice() {
            [one] if !matches!(value.node, Node::List(_)) => self.value(one),
            _ => self.value(&Value {
                node: Node::List(kept),
                span: value.span,
            }),
        }
        is_absent
    }

    /// Writes a Condition, unless nothing of it remains. Whether it is written, and whether it does not hold.
    fn condition(&mut self, key: &Value, value: &Value, effect: Effect) -> (bool, bool) {
        let Node::Map(operators) = &value.node else {
            return if let Some(hole) = self.first_unknown(value) {
                (false, !self.reaches_most(hole, effect))
            } else {
                self.key(key);
                self.value(value);
                (true, false)
            };
        };
        let mut is_absent = false;
        let mut kept: Vec<(Value, Value)> = Vec::new();
        for (operator, keys) in operators {
            let unknown = self.first_unknown(operator).or(match keys.node {
                Node::Map(_) => None,
                _ => self.first_unknown(keys),
            });
            if let Some(hole) = unknown {
                is_absent |= !self.reaches_most(hole, effect);
                continue;
            }
            let Node::Map(lines) = &keys.node else {
                if keys.node != Node::Absent {
                    kept.push((operator.clone(), keys.clone()));
                }
                continue;
            };
            let negated = operator.text().is_some_and(|o| o.contains("Not"));
            let mut lines_kept: Vec<(Value, Value)> = Vec::new();
            for (name, values) in lines {
                if values.node == Node::Absent {
                    continue;
                }
                if let Some(hole) = self.first_unknown(name) {
                    is_absent |= !self.reaches_most(hole, effect);
                    continue;
                }
                let (line, absent) = self.line(values, negated, effect);
                is_absent |= absent;
                lines_kept.extend(line.map(|line| (name.clone(), line)));
            }
            if !lines_kept.is_empty() || lines.is_empty() {
                let node = Node::Map(lines_kept);
                let span = keys.span;
                kept.push((operator.clone(), Value { node, span }));
            }
        }
        if kept.is_empty() && !operators.is_empty() {
            return (false, is_absent);
        }
        self.key(key);
        self.value(&Value {
            node: Node::Map(kept),
            span: value.span,
        });
        (true, is_absent)
    }

    /// The values of one line of a Condition, as far as they restrict, and whether the line does not hold.
    fn line(&self, values: &Value, negated: bool, effect: Effect) -> (Option<Value>, bool) {
        let mut items = Vec::new();
        flat(values, None, &mut items);
        let unknown_of = |item: &Item<'_>| {
            let mut all = self.unknown_in(item.value);
            all.extend(item.within);
            all
        };
        let unknown: Vec<usize> = items.iter().flat_map(unknown_of).collect();
        if unknown.is_empty() {
            return (Some(values.clone()), false);
        }
        let most = unknown.iter().all(|h| self.reaches_most(*h, effect));
        let known: Vec<Value> = { items.iter() }
            .filter(|item| unknown_of(item).is_empty())
            .map(|item| item.value.clone())
            .collect();
        let list = |all: Vec<Value>| Value {
            node: Node::List(all),
            span: values.span,
        };
        match (most, negated) {
            // Any of the known values must match, or none of them.
            (true, true) | (false, false) if !known.is_empty() => (Some(list(known)), false),
            (true, _) => (None, false),
            (false, _) => {
                let all = items.iter().map(|item| item.value.clone()).collect();
                (Some(list(all)), true)
            }
        }
    }

    /// Whether a hole of a statement reaches as far as it can.
    fn reaches_most(&self, hole: usize, effect: Effect) -> bool {
        let kind = self.holes.get(hole).map_or(HoleKind::Text, |h| h.kind);
        self.extreme.reaches_most(kind, effect)
    }

    fn is_reference(&self, hole: usize) -> bool {
        let kind = self.holes.get(hole).map(|h| h.kind);
        kind == Some(HoleKind::Reference)
    }

    /// The holes in a value that decide something.
    fn unknown_in(&self, value: &Value) -> Vec<usize> {
        let mut all = Vec::new();
        value.each_hole(&mut |hole| all.push(hole));
        all.retain(|hole| !self.is_reference(*hole));
        all
    }

    fn first_unknown(&self, value: &Value) -> Option<usize> {
        self.unknown_in(value).first().copied()
    }

    fn put(&mut self, text: &str, at: u32) {
        self.written.text.push_str(text);
        let offsets = std::iter::repeat_n(at, text.len());
        self.written.offsets.extend(offsets);
    }

    /// Writes a bracket, and a blank by which it has an end of its own.
    fn open(&mut self, bracket: char, span: Span) {
        let mut buffer = [0; 4];
        self.put(bracket.encode_utf8(&mut buffer), span.start);
        self.put(" ", (span.start + 1).min(span.end.max(span.start)));
    }

    fn close(&mut self, bracket: char, span: Span) {
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

    fn separate(&mut self) {
        let at = self.written.offsets.last().copied().unwrap_or_default();
        self.put(",", at);
    }

    fn key(&mut self, key: &Value) {
        self.value(key);
        let at = self.written.offsets.last().copied().unwrap_or_default();
        self.put(":", at);
    }

    fn value(&mut self, value: &Value) {
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

    fn text(&mut self, pieces: &[Piece], span: Span) {
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
    fn characters(&mut self, text: &str, place: impl Fn(usize) -> u32) {
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

/// Elements without which a trust policy, or a statement of it, is another one.
const PARTS: [&str; 5] = ["Statement", "Effect", "Principal", "Action", "Condition"];

/// The elements of lists, and what is no list.
fn flattened(all: Vec<Value>) -> Vec<Value> {
    let mut out = Vec::with_capacity(all.len());
    for value in all {
        match value.node {
            Node::List(elements) => out.extend(elements),
            _ => out.push(value),
        }
    }
    out
}

/// Whether anything in a value is a choice or is not known at all.
fn has_choice(value: &Value) -> bool {
    match &value.node {
        Node::Choice(..) | Node::Hole(_) => true,
        Node::List(elements) => elements.iter().any(has_choice),
        Node::Map(members) => members.iter().any(|(_, v)| has_choice(v)),
        _ => false,
    }
}

/// The statements of the value of `Statement`, each with the hole that decides whether it is there.
fn statements<'v>(value: &'v Value, within: Option<usize>, out: &mut Vec<Item<'v>>) {
    match &value.node {
        Node::List(elements) => elements.iter().for_each(|e| statements(e, within, out)),
        Node::Choice(hole, of) => of.iter().for_each(|v| statements(v, Some(*hole), out)),
        Node::Absent => {}
        _ => out.push(Item { value, within }),
    }
}

/// The statements of a document of which the template leaves open which it is.
fn documents<'v>(value: &'v Value, within: Option<usize>, out: &mut Vec<Item<'v>>) {
    match &value.node {
        Node::Choice(hole, of) => of.iter().for_each(|v| documents(v, Some(*hole), out)),
        Node::Map(_) => {
            if let Some(list) = value.get("Statement") {
                statements(list, within, out);
            }
        }
        Node::Absent => {}
        _ => out.push(Item { value, within }),
    }
}

/// The strings of a list, each with the hole that decides whether it is there.
fn flat<'v>(value: &'v Value, within: Option<usize>, out: &mut Vec<Item<'v>>) {
    match &value.node {
        Node::List(elements) => elements.iter().for_each(|e| flat(e, within, out)),
        Node::Choice(hole, of) => of.iter().for_each(|v| flat(v, Some(*hole), out)),
        Node::Absent => {}
        _ => out.push(Item { value, within }),
    }
}

/// An action whose holes stand for whatever they can: `sqs:*` for `sqs:${Action}`, else `*`.
fn any_action(value: &Value) -> Value {
    let pieces = value.pieces().unwrap_or_default();
    let known = pieces.iter().map_while(Piece::text);
    let known: String = known.collect();
    let text = match known.split_once(':') {
        Some((service, name)) if !service.contains(['*', '?']) => {
            // What is known of the end of the name stays out: to say less grants more.
            format!("{service}:{name}*")
        }
        _ => "*".to_owned(),
    };
    Value::bound(text, value.span)
}
