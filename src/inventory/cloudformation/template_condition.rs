//! The conditions of a template: true, false, or left open.

use std::rc::Rc;

use super::evaluate::{Template, call};
use super::{not_defined, unresolved};
use crate::inventory::{Node as Made, Value};
use crate::parser::tree::{Node, Tree};
use crate::parser::{HoleKind, Span, shorten};

/// Whether a condition holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Truth {
    True,
    False,
    /// Not known; with what decides it: `--parameter NAME=VALUE`.
    Open(Option<String>),
}

impl Truth {
    fn not(self) -> Self {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            open @ Truth::Open(_) => open,
        }
    }
}

/// Whether a resource is made.
pub(super) fn condition_of(template: &mut Template<'_>, tree: &Tree) -> Truth {
    match tree
        .get("Condition")
        .and_then(|c| Some((c.text()?.to_owned(), c.span)))
    {
        Some((name, span)) => template.condition(&name, span),
        None => Truth::True,
    }
}

/// The condition that a part of a condition names, and where: `!Condition NAME`, or an object with the key `Condition`.
pub(super) fn named_condition(tree: &Rc<Tree>) -> Option<(&str, Span)> {
    let name = match (tree.tag.as_deref(), tree.entries()) {
        (Some("!Condition"), _) => tree,
        (None, [(key, name)]) if key.text() == Some("Condition") => name,
        _ => return None,
    };
    Some((name.text()?, name.span))
}

impl Template<'_> {
    /// A condition by name.
    pub(super) fn condition(&mut self, name: &str, span: Span) -> Truth {
        let conditions = self.tree.get("Conditions").map(Rc::clone);
        let Some(condition) = conditions.as_ref().and_then(|c| c.get(name)) else {
            let message = not_defined("the condition ", name);
            self.report(unresolved(name, &message, span));
            return Truth::Open(None);
        };
        match self.assumed.get(name) {
            Some(true) => return Truth::True,
            Some(false) => return Truth::False,
            None => {}
        }
        let mark = format!("condition {name}");
        if self.open.contains(&mark) {
            let message = format!("the condition `{}` refers to itself", shorten(name));
            self.report(unresolved(name, &message, condition.span));
            return Truth::Open(None);
        }
        self.begin();
        self.open.push(mark);
        let truth = self.truth(condition);
        self.open.pop();
        truth
    }

    /// Takes for granted that a condition holds, with what follows for those that it names.
    pub(super) fn assume(&mut self, name: &str) {
        let conditions = self.tree.get("Conditions").map(Rc::clone);
        let named = |name: &str| conditions.as_ref()?.get(name).map(Rc::clone);
        let mut certain: Vec<(Rc<Tree>, bool)> = Vec::new();
        self.assumed.insert(name.to_owned(), true);
        certain.extend(named(name).map(|tree| (tree, true)));
        while let Some((tree, holds)) = certain.pop() {
            if let Some((name, _)) = named_condition(&tree) {
                if self.assumed.insert(name.to_owned(), holds).is_none() {
                    certain.extend(named(name).map(|tree| (tree, holds)));
                }
                continue;
            }
            let call = call(&tree);
            let function = call.as_ref().map_or("", |call| call.name.as_str());
            let argument = call.as_ref().map(|call| call.argument);
            let parts = argument.map(|a| a.elements()).unwrap_or_default().iter();
            match (function, holds) {
                ("Fn::Not", _) => certain.extend(parts.map(|part| (Rc::clone(part), !holds))),
                ("Fn::And", true) | ("Fn::Or", false) => {
                    certain.extend(parts.map(|part| (Rc::clone(part), holds)));
                }
                _ => {}
            }
        }
    }

    /// The hole that an open condition is.
    pub(super) fn condition_hole(
        &mut self,
        name: &str,
        span: Span,
        option: Option<String>,
    ) -> usize {
        self.hole(&format!("condition {name}"), HoleKind::Text, span, option)
    }

    fn truth(&mut self, tree: &Rc<Tree>) -> Truth {
        if !self.step(tree) {
            let message = "the conditions are too large to be read";
            self.report(unresolved("Conditions", message, tree.span));
            return Truth::Open(None);
        }
        if let Some((name, span)) = named_condition(tree) {
            return self.condition(name, span);
        }
        let Some(call) = call(tree) else {
            return match tree.text() {
                Some("true") => Truth::True,
                Some("false") => Truth::False,
                _ => self.unread_condition("condition", tree.span),
            };
        };
        let parts: Vec<Rc<Tree>> = match &call.argument.node {
            Node::List(elements) => elements.clone(),
            _ => Vec::new(),
        };
        match call.name.as_str() {
            "Fn::Equals" => match parts.as_slice() {
                [one, other] => {
                    let one = self.evaluate(one);
                    let other = self.evaluate(other);
                    self.equal(&one, &other)
                }
                _ => self.unread_condition("Fn::Equals", call.at),
            },
            "Fn::Not" => match parts.as_slice() {
                [one] => self.truth(one).not(),
                _ => self.unread_condition("Fn::Not", call.at),
            },
            "Fn::And" => self.all(&parts, Truth::False),
            "Fn::Or" => self.all(&parts, Truth::True),
            name => {
                let name = name.to_owned();
                self.unread_condition(&name, call.at)
            }
        }
    }

    /// `Fn::And`, which one false part decides, or `Fn::Or`, which one true part decides.
    fn all(&mut self, parts: &[Rc<Tree>], decisive: Truth) -> Truth {
        let mut open = None;
        for part in parts {
            let truth = self.truth(part);
            if truth == decisive {
                return decisive;
            }
            if let Truth::Open(_) = truth {
                open.get_or_insert(truth);
            }
        }
        open.unwrap_or_else(|| decisive.not())
    }

    fn equal(&mut self, one: &Value, other: &Value) -> Truth {
        if let (Some(one), Some(other)) = (one.text(), other.text()) {
            return if one == other {
                Truth::True
            } else {
                Truth::False
            };
        }
        let texts = |value: &Value| -> Option<Vec<String>> {
            match &value.node {
                Made::List(elements) => elements.iter().map(Value::text).collect(),
                _ => None,
            }
        };
        if let (Some(one), Some(other)) = (texts(one), texts(other)) {
            return if one == other {
                Truth::True
            } else {
                Truth::False
            };
        }
        let mut option = None;
        for value in [one, other] {
            value.each_hole(&mut |hole| {
                let of = self.holes.get(hole);
                let found = of.and_then(|h| {
                    let by_name = match h.name.as_str() {
                        "AWS::Region" => Some("--region VALUE".to_owned()),
                        "AWS::AccountId" => Some("--account VALUE".to_owned()),
                        "AWS::Partition" => Some("--partition VALUE".to_owned()),
                        _ => None,
                    };
                    h.option.clone().or(by_name)
                });
                if option.is_none() {
                    option = found;
                }
            });
        }
        Truth::Open(option)
    }

    fn unread_condition(&mut self, name: &str, span: Span) -> Truth {
        let message = format!("the condition could not be read: `{}`", shorten(name));
        self.report(unresolved(name, &message, span));
        Truth::Open(None)
    }
}
