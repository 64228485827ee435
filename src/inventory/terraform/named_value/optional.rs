//! The defaults of the attributes of objects, which the type of a variable gives.
//!
//! <https://developer.hashicorp.com/terraform/language/expressions/type-constraints#optional-object-type-attributes>

use std::borrow::Cow;
use std::rc::Rc;

use crate::inventory::terraform::evaluate::Machine;
use crate::inventory::terraform::hcl;
use crate::inventory::terraform::syntax_tree::{Block, Call, Expression, Node as Syntax, Part};
use crate::inventory::terraform::value::{Node, Place, Placed, Value};
use crate::parser::SourceId;

/// The function that marks an attribute as optional.
const OPTIONAL: &str = "optional";

impl Machine<'_> {
    /// The value of a variable with the attributes that its type adds.
    pub(super) fn with_defaults(&mut self, value: Value, of: Option<&Placed<Block>>) -> Value {
        let Some((of, kind)) = of.and_then(|of| Some((of, type_of(&of.it)?))) else {
            return value;
        };
        if !has_optional(&kind) {
            return value;
        }
        let source = matches!(kind, Cow::Borrowed(_)).then_some(of.source);
        self.converted(value, &kind, source)
    }

    /// `source` has the places of the type, where they are known.
    fn converted(&mut self, value: Value, kind: &Expression, source: Option<SourceId>) -> Value {
        let Syntax::Call(call) = &kind.node else {
            return value;
        };
        let first = call.arguments.first();
        let node = match (call.name.as_str(), &value.node, first.map(|a| &a.node)) {
            (_, Node::Choice(hole, of), _) => {
                let of = of.iter().map(|v| self.converted(v.clone(), kind, source));
                Node::Choice(*hole, Rc::new(of.collect()))
            }
            ("list" | "set", Node::List(all), Some(_)) => {
                let all = all.iter().zip(first.into_iter().cycle());
                let all = all.map(|(v, kind)| self.converted(v.clone(), kind, source));
                Node::List(Rc::new(all.collect()))
            }
            ("tuple", Node::List(all), Some(Syntax::Tuple(kinds))) => {
                let all = all.iter().zip(kinds);
                let all = all.map(|(v, kind)| self.converted(v.clone(), kind, source));
                Node::List(Rc::new(all.collect()))
            }
            ("map", Node::Map(all), Some(_)) => {
                let all = all.iter().zip(first.into_iter().cycle());
                let all = all.map(|((key, v), kind)| {
                    let value = self.converted(v.clone(), kind, source);
                    (key.clone(), value)
                });
                Node::Map(Rc::new(all.collect()))
            }
            ("object", Node::Map(own), Some(Syntax::Object(attributes)))
                if own.iter().all(|(key, _)| key.is_known_text()) =>
            {
                let mut all = Vec::with_capacity(attributes.len());
                for (key, kind) in attributes {
                    let key = self.constant(key, value.place, source);
                    let given = own.iter().find(|(k, _)| k.text() == key.text());
                    let (key, given) = match given {
                        Some((key, given)) => (key.clone(), Some(given.clone())),
                        None => (key, None),
                    };
                    if let Some(value) = self.of_attribute(given, value.place, kind, source) {
                        all.push((key, value));
                    }
                }
                Node::Map(Rc::new(all))
            }
            _ => return value,
        };
        value.with(node)
    }

    /// The value of an attribute, or its default; `None` where a value is required.
    fn of_attribute(
        &mut self,
        given: Option<Value>,
        object: Place,
        kind: &Expression,
        source: Option<SourceId>,
    ) -> Option<Value> {
        let Some(call) = optional(kind) else {
            return given.map(|value| self.converted(value, kind, source));
        };
        let kind = call.arguments.first()?;
        let value = match given.filter(|v| !matches!(v.node, Node::Null)) {
            Some(value) => value,
            None => match call.arguments.get(1) {
                Some(default) => self.constant(default, object, source),
                None => return Some(Value::new(Node::Null, object)),
            },
        };
        Some(self.converted(value, kind, source))
    }

    /// A part of a type, which refers to nothing. One in another file than the object is at the object.
    fn constant(&mut self, of: &Expression, object: Place, source: Option<SourceId>) -> Value {
        let (own, it) = (object.source, of.clone());
        let value = self.at_module(0, &Placed { source: own, it });
        if source == Some(own) {
            value
        } else {
            value.bound_at(object)
        }
    }
}

/// The type of a variable: as it is written, or read from the text that it is in JSON.
pub(super) fn type_of(of: &Block) -> Option<Cow<'_, Expression>> {
    let kind = of.body.get("type")?;
    let Syntax::Template(parts) = &kind.node else {
        return Some(Cow::Borrowed(kind));
    };
    let [Part::Literal(literal)] = parts.as_slice() else {
        return None;
    };
    let body = hcl::body(&format!("type = {}\n", literal.text)).ok()?;
    let read = body.attributes.into_iter().next()?;
    Some(Cow::Owned(read.value))
}

/// The call of `optional`, if a type is one.
pub(super) fn optional(kind: &Expression) -> Option<&Call> {
    match &kind.node {
        Syntax::Call(call) if call.name == OPTIONAL => Some(call),
        _ => None,
    }
}

/// Whether an attribute in a type is optional.
fn has_optional(kind: &Expression) -> bool {
    match &kind.node {
        Syntax::Call(call) => call.name == OPTIONAL || call.arguments.iter().any(has_optional),
        Syntax::Tuple(all) => all.iter().any(has_optional),
        Syntax::Object(members) => members.iter().any(|(_, kind)| has_optional(kind)),
        _ => false,
    }
}
