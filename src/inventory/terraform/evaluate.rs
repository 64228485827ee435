//! Expressions to values.
//!
//! What the code says is followed as far as it goes; what it leaves open becomes a hole that is named as it is written.
//! Work is bounded in steps, bytes and depth: past a bound everything is a hole, and the module is reported as not read.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::files::Files;
use super::scope::{Code, Frame, Instance, Module, Placed, Scope};
use super::syntax::{Expression, For, Node as Syntax, Operator, Part, Step};
use super::value::{Node, Piece, Place, Value};
use crate::inventory::Holes;
use crate::parser::{HoleKind, Span};

/// The most expressions and elements that are evaluated.
const MOST_STEPS: u64 = 4_000_000;
/// The most bytes of text that are made.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// The deepest chain of expressions and references.
const DEEPEST: u32 = 400;
/// The longest name of a hole, in characters.
const LONGEST_NAME: usize = 100;

/// A part of the code that could not be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Unread {
    pub(super) place: Place,
    pub(super) message: String,
    pub(super) help: String,
}

/// Evaluates the modules of a run.
pub(super) struct Machine<'a> {
    pub(super) files: Files<'a>,
    pub(super) modules: Vec<Module>,
    pub(super) codes: FxHashMap<std::path::PathBuf, Rc<Code>>,
    pub(super) holes: Holes,
    pub(super) unread: Vec<Unread>,
    /// Modules whose code is not here, with their sources.
    pub(super) elsewhere: std::collections::BTreeSet<String>,
    /// Values so far; `None` while one is being evaluated.
    memo: FxHashMap<(usize, String), Option<Evaluated>>,
    /// How often an expression was one that Terraform refuses.
    pub(super) failures: u64,
    steps: u64,
    bytes: u64,
    depth: u32,
    pub(super) is_exhausted: bool,
    /// Keys that an object of JSON has twice.
    pub(super) repeated_keys: Vec<(String, Place, Place)>,
    /// Variables that have their default: the name, the value, its place.
    pub(super) defaults: Vec<(String, String, Place)>,
    /// The ones used since this was emptied.
    pub(super) taken: Vec<usize>,
    /// The plan beside the code.
    pub(super) plan: super::plan::Known,
    /// True where a plan is judged as a module: the labels of its blocks have their addresses.
    pub(super) is_plan: bool,
}

impl<'a> Machine<'a> {
    pub(super) fn new(files: Files<'a>) -> Self {
        Machine {
            files,
            modules: Vec::new(),
            codes: FxHashMap::default(),
            holes: Holes::default(),
            unread: Vec::new(),
            elsewhere: std::collections::BTreeSet::new(),
            memo: FxHashMap::default(),
            failures: 0,
            steps: 0,
            bytes: 0,
            depth: 0,
            is_exhausted: false,
            repeated_keys: Vec::new(),
            defaults: Vec::new(),
            taken: Vec::new(),
            plan: super::plan::Known::default(),
            is_plan: false,
        }
    }

    /// Reports a part that could not be read.
    pub(super) fn unread(&mut self, place: Place, message: impl Into<String>, help: &str) {
        let unread = Unread {
            place,
            message: message.into(),
            help: help.to_owned(),
        };
        if !self.unread.contains(&unread) {
            self.unread.push(unread);
        }
    }

    /// Counts work; false where there was too much of it.
    pub(super) fn spend(&mut self, steps: usize, bytes: usize, place: Place) -> bool {
        self.steps += steps as u64;
        self.bytes += bytes as u64;
        if self.steps <= MOST_STEPS && self.bytes <= MOST_BYTES {
            return !self.is_exhausted;
        }
        self.exhaust(place, "the module takes too much work to evaluate");
        false
    }

    fn exhaust(&mut self, place: Place, message: &str) {
        if !self.is_exhausted {
            self.is_exhausted = true;
            self.unread(
                place,
                message,
                "give the policies as JSON, or a smaller module",
            );
        }
    }

    /// The code of a span, on one line.
    pub(super) fn written(&self, place: Place) -> String {
        let text = self.files.sources.get(place.source).slice(place.span);
        let head: String = text.chars().take(4 * LONGEST_NAME).collect();
        let words: Vec<&str> = head.split_whitespace().collect();
        let line = words.join(" ");
        if line.chars().count() <= LONGEST_NAME {
            return line;
        }
        let cut: String = line.chars().take(LONGEST_NAME - 1).collect();
        format!("{cut}…")
    }

    /// Notes that a variable has its default.
    pub(super) fn note_default(&mut self, name: &str, value: &Value) {
        let known = self.defaults.iter().position(|(known, ..)| known == name);
        let at = known.unwrap_or_else(|| {
            let text = value.text().unwrap_or_else(|| self.written(value.place));
            self.defaults.push((name.to_owned(), text, value.place));
            self.defaults.len() - 1
        });
        if !self.taken.contains(&at) {
            self.taken.push(at);
        }
    }

    /// A hole that is named as it is written.
    pub(super) fn open(&mut self, kind: HoleKind, place: Place, module: usize) -> Value {
        let written = self.written(place);
        let name = match self.modules.get(module).map(|m| m.address.as_str()) {
            Some("") | None => written,
            Some(address) => format!("{address}.{written}"),
        };
        self.named(name, kind, place)
    }

    /// A hole of a name.
    pub(super) fn named(&mut self, name: impl Into<String>, kind: HoleKind, place: Place) -> Value {
        let at = (place.source, place.span);
        let hole = self.holes.make(name, kind, at, None);
        Value::new(Node::Hole(hole), place)
    }

    /// Lets a hole stand for any number of values.
    pub(super) fn as_list(&mut self, value: &Value) -> Value {
        if let Node::Hole(hole) = value.node
            && let Some(known) = self.holes.get(hole).cloned()
            && known.kind == HoleKind::Text
        {
            let kind = HoleKind::List;
            self.holes.add(crate::parser::Hole { kind, ..known });
        }
        value.clone()
    }

    /// Whether an element of a list stands for an unknown number of elements.
    pub(super) fn is_splice(&self, value: &Value) -> bool {
        match &value.node {
            Node::Hole(hole) => {
                let kind = self.holes.get(*hole).map(|h| h.kind);
                kind == Some(HoleKind::List)
            }
            Node::Choice(_, of) => of
                .iter()
                .any(|v| matches!(v.node, Node::List(_) | Node::Absent) || self.is_splice(v)),
            _ => false,
        }
    }

    /// The elements of a list, each of which is one.
    pub(super) fn plain_list(&self, value: &Value) -> Option<Vec<Value>> {
        let elements = value.elements()?;
        (!elements.iter().any(|e| self.is_splice(e))).then_some(elements)
    }

    /// Evaluates something once.
    pub(super) fn once(
        &mut self,
        key: (usize, String),
        place: Place,
        make: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        match self.memo.get(&key) {
            Some(Some((value, defaults))) => {
                let (value, defaults) = (value.clone(), Rc::clone(defaults));
                let new = { defaults.iter() }.filter(|at| !self.taken.contains(at));
                let new: Vec<usize> = new.copied().collect();
                self.taken.extend(new);
                return value;
            }
            Some(None) => {
                self.unread(
                    place,
                    format!("`{}` refers to itself", key.1),
                    "break the cycle: Terraform refuses it too",
                );
                return self.open(HoleKind::List, place, key.0);
            }
            None => {}
        }
        self.memo.insert(key.clone(), None);
        let before = std::mem::take(&mut self.taken);
        let value = make(self);
        let defaults: Rc<[usize]> = self.taken.as_slice().into();
        let own = std::mem::replace(&mut self.taken, before);
        for at in own {
            if !self.taken.contains(&at) {
                self.taken.push(at);
            }
        }
        self.memo.insert(key, Some((value.clone(), defaults)));
        value
    }

    pub(super) fn evaluate(&mut self, of: &Expression, scope: &Scope<'_>) -> Value {
        let place = Place {
            source: scope.source,
            span: of.span,
        };
        if self.depth >= DEEPEST {
            self.exhaust(place, "the expressions are nested too deeply");
        }
        if !self.spend(1, 0, place) {
            return self.open(HoleKind::List, place, scope.module);
        }
        self.depth += 1;
        let value = self.expression(of, scope, place);
        self.depth -= 1;
        value
    }

    fn expression(&mut self, of: &Expression, scope: &Scope<'_>, place: Place) -> Value {
        match &of.node {
            Syntax::Null => Value::new(Node::Null, place),
            Syntax::Boolean(value) => Value::new(Node::Boolean(*value), place),
            Syntax::Number(text) => match text.parse() {
                Ok(number) => Value::new(Node::Number(number), place),
                Err(_) => self.open(HoleKind::Text, place, scope.module),
            },
            Syntax::Template(parts) => {
                if let [Part::Value(only, _)] = parts.as_slice() {
                    self.evaluate(only, scope)
                } else {
                    let mut pieces = Vec::new();
                    self.template(parts, scope, &mut pieces);
                    Value::pieces_of(pieces, place)
                }
            }
            Syntax::Tuple(elements) => {
                let elements = elements.iter().map(|e| self.evaluate(e, scope)).collect();
                Value::list(elements, place)
            }
            Syntax::Object(members) => {
                let mut read: Vec<(Value, Value)> = Vec::new();
                for (key, value) in members {
                    let key = self.evaluate(key, scope);
                    let key = self.as_text(&key, scope.module);
                    let value = self.evaluate(value, scope);
                    insert(&mut read, key, value);
                }
                Value::map(read, place)
            }
            Syntax::Name(name) => match scope.local(name) {
                Some(value) => value.referred(place),
                None => self.open(HoleKind::Text, place, scope.module),
            },
            Syntax::Traversal(base, steps) => self.traversal(base, steps, scope, place),
            Syntax::Call(call) => self.call(call, scope, place),
            Syntax::Conditional(parts) => {
                let [condition, then, otherwise] = &**parts;
                let known = self.evaluate(condition, scope);
                match known.boolean() {
                    Some(true) => self.evaluate(then, scope),
                    Some(false) => self.evaluate(otherwise, scope),
                    None => {
                        let at = Place {
                            span: condition.span,
                            ..place
                        };
                        let hole = self.decider(&known, at, scope.module);
                        let then = self.evaluate(then, scope);
                        let otherwise = self.evaluate(otherwise, scope);
                        if equal(&then, &otherwise) == Some(true) {
                            return then;
                        }
                        Value::new(Node::Choice(hole, Rc::new(vec![then, otherwise])), place)
                    }
                }
            }
            Syntax::Not(inner) => {
                let value = self.evaluate(inner, scope);
                match value.boolean() {
                    Some(value) => Value::new(Node::Boolean(!value), place),
                    None => self.open(HoleKind::Text, place, scope.module),
                }
            }
            Syntax::Negative(inner) => match self.evaluate(inner, scope).number() {
                Some(number) => Value::new(Node::Number(-number), place),
                None => self.open(HoleKind::Text, place, scope.module),
            },
            Syntax::Binary(operator, sides) => {
                let [left, right] = &**sides;
                self.binary(*operator, left, right, scope, place)
            }
            Syntax::For(of) => self.for_expression(of, scope, place),
        }
    }

    /// The hole by which a condition is not known.
    pub(super) fn decider(&mut self, value: &Value, place: Place, module: usize) -> usize {
        if let Node::Hole(hole) = value.node {
            let kind = self.holes.get(hole).map(|h| h.kind);
            // The condition is not a name.
            if !matches!(kind, Some(HoleKind::Reference | HoleKind::Name)) {
                return hole;
            }
        }
        match self.open(HoleKind::Text, place, module).node {
            Node::Hole(hole) => hole,
            _ => 0,
        }
    }

    /// A value as the text that a template makes of it.
    pub(super) fn as_text(&mut self, value: &Value, module: usize) -> Value {
        if let Node::Text(_) = &value.node {
            value.clone()
        } else {
            let mut pieces = Vec::new();
            self.put(value, &mut pieces, module);
            Value {
                node: Node::Text(Rc::new(pieces)),
                ..value.clone()
            }
        }
    }

    /// Appends what a template makes of a value.
    pub(super) fn put(&mut self, value: &Value, pieces: &mut Vec<Piece>, module: usize) {
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
                super::encode::json(self, inner, pieces, module);
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

    pub(super) fn template(&mut self, parts: &[Part], scope: &Scope<'_>, pieces: &mut Vec<Piece>) {
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

    /// The keys and values that a `for` goes through, where each is one.
    pub(super) fn items(&self, over: &Value) -> Option<Vec<(Value, Value)>> {
        match &over.node {
            Node::Map(_) => {
                let mut members = over.members()?;
                if members.iter().any(|(k, _)| !k.is_known_text()) {
                    return None;
                }
                members.sort_by_key(|(k, _)| k.text());
                Some(members)
            }
            Node::List(_) => {
                let elements = self.plain_list(over)?;
                let numbered = elements.into_iter().enumerate();
                #[expect(clippy::cast_precision_loss, reason = "lists are short")]
                let key = |at: usize| Node::Number(at as f64);
                Some(
                    numbered
                        .map(|(at, value)| (Value::new(key(at), value.place), value))
                        .collect(),
                )
            }
            _ => None,
        }
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &Expression,
        right: &Expression,
        scope: &Scope<'_>,
        place: Place,
    ) -> Value {
        let left = self.evaluate(left, scope);
        let right = self.evaluate(right, scope);
        let boolean = |value: bool| Some(Node::Boolean(value));
        let numbers = || Some((left.number()?, right.number()?));
        let of_numbers =
            |decide: fn(f64, f64) -> bool| numbers().map(|(a, b)| Node::Boolean(decide(a, b)));
        let number = |compute: fn(f64, f64) -> f64| {
            let result = numbers().map(|(a, b)| compute(a, b));
            // A value that is not exact stays open.
            let exact = result.filter(|r| r.is_finite() && r.abs() < 1e15);
            exact.filter(|r| r.fract() == 0.0).map(Node::Number)
        };
        let node = match operator {
            Operator::Equal => equal(&left, &right).map(Node::Boolean),
            Operator::NotEqual => equal(&left, &right).map(|e| Node::Boolean(!e)),
            Operator::Less => of_numbers(|a, b| a < b),
            Operator::LessOrEqual => of_numbers(|a, b| a <= b),
            Operator::Greater => of_numbers(|a, b| a > b),
            Operator::GreaterOrEqual => of_numbers(|a, b| a >= b),
            Operator::Add => number(|a, b| a + b),
            Operator::Subtract => number(|a, b| a - b),
            Operator::Multiply => number(|a, b| a * b),
            Operator::Divide => number(|a, b| a / b),
            Operator::Remainder => number(|a, b| a % b),
            Operator::And => match (left.boolean(), right.boolean()) {
                (Some(false), _) | (_, Some(false)) => boolean(false),
                (Some(true), Some(true)) => boolean(true),
                _ => None,
            },
            Operator::Or => match (left.boolean(), right.boolean()) {
                (Some(true), _) | (_, Some(true)) => boolean(true),
                (Some(false), Some(false)) => boolean(false),
                _ => None,
            },
        };
        match node {
            Some(node) => Value::new(node, place),
            None => self.open(HoleKind::Text, place, scope.module),
        }
    }

    fn for_expression(&mut self, of: &For, scope: &Scope<'_>, place: Place) -> Value {
        let over = self.evaluate(&of.over, scope);
        let (over, decider) = match &over.node {
            // Present or not: so is what becomes of it.
            Node::Choice(hole, alternatives) => match alternatives.as_slice() {
                [one] => (one.clone().inherit(&over.via), Some(*hole)),
                _ => return self.open(HoleKind::List, place, scope.module),
            },
            _ => (over, None),
        };
        let items = match self.items(&over) {
            Some(items) => items,
            None if of.name.is_none() => match over.elements() {
                Some(elements) => {
                    let numbered = elements.into_iter().map(|v| (v.clone(), v));
                    numbered.collect()
                }
                None => return self.open(HoleKind::List, place, scope.module),
            },
            None => return self.open(HoleKind::List, place, scope.module),
        };
        let mut list = Vec::new();
        let mut map: Vec<(Value, Value)> = Vec::new();
        for (key, value) in items {
            if !self.spend(1, 0, place) {
                return self.open(HoleKind::List, place, scope.module);
            }
            if self.is_splice(&value) {
                // What becomes of an unknown number of elements is as many.
                list.push(self.open(HoleKind::List, place, scope.module));
                continue;
            }
            let key_frame = of.key.as_deref().map(|name| Frame {
                name,
                value: &key,
                outer: scope.frame,
            });
            let frame = Frame {
                name: &of.value,
                value: &value,
                outer: key_frame.as_ref().or(scope.frame),
            };
            let inner = Scope {
                frame: Some(&frame),
                ..*scope
            };
            let mut optional = None;
            if let Some(condition) = &of.condition {
                let known = self.evaluate(condition, &inner);
                match known.boolean() {
                    Some(true) => {}
                    Some(false) => continue,
                    None => {
                        let span = condition.span;
                        let at = Place { span, ..place };
                        optional = Some(self.decider(&known, at, scope.module));
                    }
                }
            }
            let result = self.evaluate(&of.result, &inner);
            let Some(name) = &of.name else {
                list.push(match optional {
                    Some(hole) => {
                        let absent = Value::new(Node::Absent, place);
                        Value::new(Node::Choice(hole, Rc::new(vec![result, absent])), place)
                    }
                    None => result,
                });
                continue;
            };
            let name = self.evaluate(name, &inner);
            if optional.is_some() || !name.is_known() {
                return self.open(HoleKind::List, place, scope.module);
            }
            let name = self.as_text(&name, scope.module);
            if of.groups {
                let text = name.text().unwrap_or_default();
                match map.iter_mut().find(|(k, _)| k.is_text(&text)) {
                    Some((_, group)) => {
                        let mut all = group.elements().unwrap_or_default();
                        all.push(result);
                        *group = Value::list(all, place);
                    }
                    None => map.push((name, Value::list(vec![result], place))),
                }
            } else {
                insert(&mut map, name, result);
            }
        }
        let value = match of.name {
            Some(_) => Value::map(map, place),
            None => Value::list(list, place),
        };
        match decider {
            Some(hole) if of.name.is_none() => Value::list(
                vec![Value::new(Node::Choice(hole, Rc::new(vec![value])), place)],
                place,
            ),
            Some(_) => self.open(HoleKind::List, place, scope.module),
            None => value,
        }
    }

    fn traversal(
        &mut self,
        base: &Expression,
        steps: &[Step],
        scope: &Scope<'_>,
        place: Place,
    ) -> Value {
        let (value, rest) = match &base.node {
            Syntax::Name(name) if scope.local(name).is_none() => {
                match self.reference(name, steps, scope, place) {
                    Some((value, used)) => {
                        let value = value.referred(place);
                        (value, steps.get(used..).unwrap_or_default())
                    }
                    None => return self.open(HoleKind::Text, place, scope.module),
                }
            }
            _ => (self.evaluate(base, scope), steps),
        };
        self.steps(value, rest, scope, place).referred(place)
    }

    /// Follows what stands behind an expression.
    fn steps(&mut self, value: Value, steps: &[Step], scope: &Scope<'_>, place: Place) -> Value {
        let Some((step, rest)) = steps.split_first() else {
            return value;
        };
        if let Node::Choice(hole, alternatives) = &value.node
            && !matches!(step, Step::Attributes | Step::Elements)
        {
            let all = alternatives.iter().map(|alternative| {
                let alternative = alternative.clone().inherit(&value.via);
                self.steps(alternative, steps, scope, place)
            });
            let all: Vec<Value> = all.collect();
            return Value::new(Node::Choice(*hole, Rc::new(all)), place);
        }
        let next = match step {
            Step::Attribute(name) => self.member(&value, name, scope, place),
            Step::Index(index) => {
                let index = self.evaluate(index, scope);
                self.element(&value, &index, scope, place)
            }
            Step::Attributes | Step::Elements => {
                let used = match step {
                    Step::Attributes => {
                        let attributes = rest.iter();
                        attributes
                            .take_while(|s| matches!(s, Step::Attribute(_)))
                            .count()
                    }
                    _ => rest.len(),
                };
                let (inner, rest) = rest.split_at_checked(used).unwrap_or((rest, &[]));
                let splat = self.splat(&value, inner, scope, place);
                return self.steps(splat, rest, scope, place);
            }
        };
        match next {
            Some(next) => self.steps(next, rest, scope, place),
            None => self.open(HoleKind::Text, place, scope.module),
        }
    }

    fn splat(&mut self, value: &Value, steps: &[Step], scope: &Scope<'_>, place: Place) -> Value {
        let elements = match &value.node {
            Node::Null => Vec::new(),
            Node::List(_) => value.elements().unwrap_or_default(),
            Node::Hole(_) => return self.open(HoleKind::List, place, scope.module),
            _ => vec![value.clone()],
        };
        let mut all = Vec::with_capacity(elements.len());
        for element in elements {
            let is_hole = matches!(element.node, Node::Hole(_)) && self.is_splice(&element);
            all.push(if is_hole {
                self.open(HoleKind::List, place, scope.module)
            } else {
                self.steps(element, steps, scope, place)
            });
        }
        Value::list(all, place)
    }

    /// An attribute of a value; `None` where it is not known.
    fn member(
        &mut self,
        value: &Value,
        name: &str,
        scope: &Scope<'_>,
        place: Place,
    ) -> Option<Value> {
        match &value.node {
            Node::Map(_) => {
                let found = value.get(name);
                if found.is_none() {
                    self.failures += 1;
                }
                found
            }
            Node::Resource(instance) => Some(self.attribute(instance, name, place)),
            Node::Module(module) => self.output(*module, name, place),
            Node::List(_) if name.bytes().all(|b| b.is_ascii_digit()) => {
                let index = Value::bound(name, place);
                self.element(value, &index, scope, place)
            }
            Node::Hole(_) => None,
            _ => {
                self.failures += 1;
                None
            }
        }
    }

    /// An element of a list or object.
    pub(super) fn element(
        &mut self,
        value: &Value,
        index: &Value,
        _scope: &Scope<'_>,
        _place: Place,
    ) -> Option<Value> {
        match &value.node {
            // The one that stands for an unknown number of resources.
            Node::Resource(_) | Node::Module(_) => Some(value.clone()),
            Node::List(_) => {
                let at = index.number()?;
                let elements = value.elements()?;
                let found = elements
                    .iter()
                    .enumerate()
                    .find(|(i, _)| position(at) == Some(*i));
                let before = elements.iter().enumerate();
                #[expect(clippy::cast_precision_loss, reason = "lists are short")]
                let mut before = before.take_while(|(i, _)| *i as f64 <= at);
                if before.any(|(_, e)| self.is_splice(e)) {
                    return None;
                }
                if found.is_none() {
                    self.failures += 1;
                }
                found.map(|(_, e)| e.clone())
            }
            Node::Map(_) => {
                let key = index.text()?;
                let members = value.members()?;
                let found = value.get(&key);
                let is_open = members.iter().any(|(k, _)| !k.is_known_text());
                if found.is_none() && !is_open {
                    self.failures += 1;
                }
                found
            }
            Node::Hole(_) => None,
            _ => {
                self.failures += 1;
                None
            }
        }
    }

    /// The value of a part of the code of a module, evaluated there.
    pub(super) fn at_module(&mut self, module: usize, of: &Placed<Expression>) -> Value {
        let each = super::scope::Each::default();
        let scope = Scope {
            module,
            source: of.source,
            each: &each,
            frame: None,
            is_template: false,
        };
        self.evaluate(&of.it, &scope)
    }

    /// The value of an argument of a resource.
    pub(super) fn argument(&mut self, of: &Instance, name: &str) -> Option<Value> {
        let block = Rc::clone(&of.block);
        let value = block.it.body.get(name)?;
        let scope = Scope {
            module: of.module,
            source: of.block.source,
            each: &of.each,
            frame: None,
            is_template: false,
        };
        Some(self.evaluate(value, &scope))
    }
}

/// Puts a member in, in the place of one of the same name.
pub(super) fn insert(members: &mut Vec<(Value, Value)>, key: Value, value: Value) {
    let text = key.text();
    let same = |k: &Value| text.as_deref().is_some_and(|text| k.is_text(text));
    match members.iter_mut().find(|(k, _)| same(k)) {
        Some(old) => *old = (key, value),
        None => members.push((key, value)),
    }
}

/// A value, and the parameters that it depends on.
type Evaluated = (Value, Rc<[usize]>);

/// Whether the text or number of a value is not known.
fn is_open(node: &Node) -> bool {
    matches!(
        node,
        Node::Hole(_) | Node::Choice(..) | Node::Resource(_) | Node::Module(_)
    )
}

/// A number as an index.
fn position(number: f64) -> Option<usize> {
    (number.fract() == 0.0)
        .then(|| format!("{number}").parse().ok())
        .flatten()
}

/// Whether two values are equal, where that is known.
pub(super) fn equal(a: &Value, b: &Value) -> Option<bool> {
    match (&a.node, &b.node) {
        (Node::Null, Node::Null) => Some(true),
        (a, b) if is_open(a) || is_open(b) => None,
        (Node::Null, _) | (_, Node::Null) => {
            // A text with holes is not null.
            Some(false)
        }
        (Node::Text(_), Node::Text(_)) => Some(a.text()? == b.text()?),
        (Node::Number(a), Node::Number(b)) => {
            Some(a.partial_cmp(b) == Some(std::cmp::Ordering::Equal))
        }
        (Node::Boolean(a), Node::Boolean(b)) => Some(a == b),
        (Node::List(x), Node::List(y)) => {
            if !a.is_known() || !b.is_known() {
                return None;
            }
            if x.len() != y.len() {
                return Some(false);
            }
            let mut all = x.iter().zip(y.iter()).map(|(a, b)| equal(a, b));
            all.try_fold(true, |all, one| Some(all && one?))
        }
        (Node::Map(x), Node::Map(y)) => {
            if !a.is_known() || !b.is_known() {
                return None;
            }
            if x.len() != y.len() {
                return Some(false);
            }
            x.iter().try_fold(true, |all, (key, value)| {
                let other = b.get(&key.text()?);
                Some(all && other.map_or(Some(false), |other| equal(value, &other))?)
            })
        }
        (Node::Json(a), Node::Json(b)) if a.is_known() && b.is_known() => equal(a, b),
        (Node::Json(_), _) | (_, Node::Json(_)) => None,
        _ => Some(false),
    }
}
