//! Values that do not fit the type of their variable, so that Terraform refuses them.
//!
//! <https://developer.hashicorp.com/terraform/language/expressions/type-constraints#conversion-of-complex-types>

use std::rc::Rc;

use super::optional::{optional, type_of};
use crate::inventory::terraform::evaluate::{Machine, Unread};
use crate::inventory::terraform::surroundings::Code;
use crate::inventory::terraform::syntax_tree::{Block, Call, Expression, Node as Syntax, Part};
use crate::inventory::terraform::value::{Node, Place, Placed, Value};
use crate::parser::shorten;

/// The texts that are a Boolean.
const BOOLEANS: [&str; 4] = ["true", "false", "1", "0"];

impl Machine<'_> {
    /// The defaults of variables, and the arguments of modules, that do not fit the type of their variable.
    pub(in crate::inventory::terraform) fn misfits(
        &mut self,
        codes: &[(String, Rc<Code>)],
    ) -> Vec<Unread> {
        let mut found = Vec::new();
        // What else is wrong with a value that nothing uses is not reported.
        let known = self.unread.len();
        for (_, code) in codes {
            for (name, variable) in &code.variables {
                if let Some(default) = variable.it.body.get("default") {
                    let (source, it) = (variable.source, default.clone());
                    // It refers to nothing.
                    let value = self.at_module(0, &Placed { source, it });
                    let value = self.with_defaults(value, Some(&**variable));
                    let span = default.span;
                    found.extend(self.misfit(name, variable, &value, Place { source, span }));
                }
            }
        }
        for module in 0..self.modules.len() {
            let Some((code, Some((_, call)))) =
                { self.modules.get(module) }.map(|m| (Rc::clone(&m.code), m.caller.clone()))
            else {
                continue;
            };
            if !self.is_there(module) {
                continue;
            }
            for (name, variable) in &code.variables {
                let Some(given) = call.it.body.get(name) else {
                    continue;
                };
                let (source, span) = (call.source, given.span);
                if let Some(value) = self.variable(module, name, Place { source, span }) {
                    found.extend(self.misfit(name, variable, &value, Place { source, span }));
                }
            }
        }
        self.unread.truncate(known);
        found
    }

    /// The problem with the value of a variable that does not fit its type.
    fn misfit(
        &self,
        name: &str,
        variable: &Placed<Block>,
        value: &Value,
        place: Place,
    ) -> Option<Unread> {
        let kind = type_of(&variable.it)?;
        let is = misfit(value, &kind)?;
        let takes = self.written(Place {
            source: variable.source,
            span: variable.it.body.get("type")?.span,
        });
        Some(Unread {
            place,
            message: format!("`{}` takes `{takes}`, and this {is}", shorten(name)),
            help: "write a value of the type: Terraform refuses this one".to_owned(),
        })
    }
}

/// What a value is, if it surely does not fit a type.
fn misfit(value: &Value, kind: &Expression) -> Option<String> {
    if let Some(call) = optional(kind) {
        return misfit(value, call.arguments.first()?);
    }
    let (name, call) = match &kind.node {
        Syntax::Name(name) => (name.as_str(), None),
        Syntax::Call(call) => (call.name.as_str(), Some(&**call)),
        _ => return None,
    };
    let is = named(value)?;
    let fits = match name {
        "string" => !matches!(value.node, Node::List(_) | Node::Map(_)),
        "number" => match &value.node {
            Node::Text(_) => value.text().is_none_or(|t| t.trim().parse::<f64>().is_ok()),
            node => matches!(node, Node::Number(_)),
        },
        "bool" => match &value.node {
            Node::Text(_) => value.text().is_none_or(|t| BOOLEANS.contains(&t.as_str())),
            node => matches!(node, Node::Boolean(_)),
        },
        "list" | "set" | "tuple" => matches!(value.node, Node::List(_)),
        "map" | "object" => matches!(value.node, Node::Map(_)),
        _ => true,
    };
    if !fits {
        return Some(format!("is {is}"));
    }
    parts(value, call?)
}

/// The same for the elements and attributes of a value of the right kind.
fn parts(value: &Value, kind: &Call) -> Option<String> {
    let first = kind.arguments.first()?;
    let inner = |value: &Value, kind: &Expression| {
        misfit(value, kind).map(|is| format!("has a part that {is}"))
    };
    match (kind.name.as_str(), &value.node, &first.node) {
        ("list" | "set", Node::List(all), _) => all.iter().find_map(|v| inner(v, first)),
        ("map", Node::Map(all), _) => all.iter().find_map(|(_, v)| inner(v, first)),
        ("object", Node::Map(all), Syntax::Object(attributes))
            if all.iter().all(|(key, _)| key.is_known_text()) =>
        {
            attributes.iter().find_map(|(key, kind)| {
                let name = word(key)?;
                match value.get(name) {
                    Some(value) => inner(&value, kind),
                    None if optional(kind).is_some() => None,
                    None => Some(format!("has no `{}`", shorten(name))),
                }
            })
        }
        _ => None,
    }
}

/// The key of an attribute in a type.
fn word(key: &Expression) -> Option<&str> {
    match &key.node {
        Syntax::Name(name) => Some(name),
        Syntax::Template(parts) => match parts.as_slice() {
            [Part::Literal(literal)] => Some(&literal.text),
            _ => None,
        },
        _ => None,
    }
}

/// The kind of a value; `None` where it is not known.
fn named(value: &Value) -> Option<&'static str> {
    match &value.node {
        Node::Boolean(_) => Some("a Boolean"),
        Node::Number(_) => Some("a number"),
        Node::Text(_) => Some("a string"),
        Node::List(_) => Some("a list"),
        Node::Map(_) => Some("an object"),
        _ => None,
    }
}
