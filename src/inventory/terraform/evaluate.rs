//! Expressions to values.
//!
//! Every expression with a known value is evaluated. An unknown value becomes a hole with the name that the code has
//! for it. Steps, bytes and depth are limited: beyond a limit everything is a hole, and the module is reported as not
//! read.

mod binary;
mod comprehension;
mod interpolation;
mod traversal;

pub(super) use traversal::{first_there, perhaps};

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::files::Files;
use super::surroundings::{Code, Module, Scope};
use super::syntax_tree::{Expression, Node as Syntax, Part};
use super::value::{Node, Place, Value};
use crate::inventory::Holes;
use crate::parser::HoleKind;

/// The most expressions and elements that are evaluated.
const MOST_STEPS: u64 = 4_000_000;
/// The most bytes of text that are made.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// The largest value, in bytes as [`Value::size`] counts them.
const LARGEST: u64 = 32 * 1024 * 1024;
/// The bytes of all values that expressions have, together.
const MOST_SIZE: u64 = 512 * 1024 * 1024;
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
    /// How many calls of `try` and `can` the expression is in.
    pub(super) tries: u32,
    /// How many parts the expression is in that may not be evaluated, such as the branches of an unknown condition.
    unsure: u32,
    steps: u64,
    bytes: u64,
    size: u64,
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
    /// The partition, where it is known.
    pub(super) partition: Option<String>,
    /// The conditions that are not known.
    pub(super) conditions: super::condition_parts::Conditions,
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
            tries: 0,
            unsure: 0,
            steps: 0,
            bytes: 0,
            size: 0,
            depth: 0,
            is_exhausted: false,
            repeated_keys: Vec::new(),
            defaults: Vec::new(),
            taken: Vec::new(),
            plan: super::plan::Known::default(),
            is_plan: false,
            partition: None,
            conditions: super::condition_parts::Conditions::default(),
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

    /// Counts the size of a value; false where it is too large. Values share their parts, so a short text of code may
    /// have values that no memory holds once they are written out.
    fn weigh(&mut self, value: &Value, place: Place) -> bool {
        self.size = self.size.saturating_add(value.size());
        if value.size() > LARGEST || self.size > MOST_SIZE {
            self.exhaust(place, "the values of the module are too large to evaluate");
        }
        !self.is_exhausted
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

    /// The elements of a list if none of them may stand for several.
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
        let around = (
            std::mem::take(&mut self.tries),
            std::mem::take(&mut self.unsure),
        );
        let value = make(self);
        (self.tries, self.unsure) = around;
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

    /// Evaluates a part that may not be evaluated, if it `is` one.
    pub(super) fn unsure_if<T>(&mut self, is: bool, make: impl FnOnce(&mut Self) -> T) -> T {
        self.unsure += u32::from(is);
        let made = make(self);
        self.unsure -= u32::from(is);
        made
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
        if self.weigh(&value, place) {
            value
        } else {
            self.open(HoleKind::List, place, scope.module)
        }
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
                        self.require_boolean(&known, at, scope);
                        let [then, otherwise] = self.unsure_if(true, |machine| {
                            [then, otherwise].map(|branch| machine.evaluate(branch, scope))
                        });
                        if equal(&then, &otherwise) == Some(true) {
                            return then;
                        }
                        Value::new(Node::Choice(hole, Rc::new(vec![then, otherwise])), place)
                    }
                }
            }
            Syntax::Not(inner) => {
                let value = self.evaluate(inner, scope);
                if let Some(value) = value.boolean() {
                    return Value::new(Node::Boolean(!value), place);
                }
                let open = self.open(HoleKind::Text, place, scope.module);
                if let (Node::Hole(of), Node::Hole(not)) = (&value.node, &open.node) {
                    self.note_condition(*not, vec![(*of, false)], true);
                }
                open
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
            if kind.is_some_and(|kind| kind != HoleKind::Reference && !kind.is_name()) {
                return hole;
            }
        }
        match self.open(HoleKind::Text, place, module).node {
            Node::Hole(hole) => hole,
            _ => 0,
        }
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
pub(super) fn position(number: f64) -> Option<usize> {
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
