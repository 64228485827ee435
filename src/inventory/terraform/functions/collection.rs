//! Functions of lists and objects. An element that stands for an unknown number of elements stays what it is.

use std::rc::Rc;

use super::super::evaluate::{Machine, equal, first_there, insert, position};
use super::super::presence::at_own_index;
use super::super::surroundings::Scope;
use super::super::value::{Node, Place, Value};
use crate::parser::shorten;

/// How many comparisons count as one step.
const COMPARED: usize = 32;

impl Machine<'_> {
    pub(super) fn collection(
        &mut self,
        name: &str,
        arguments: &[Value],
        scope: &Scope<'_>,
        place: Place,
    ) -> Option<Value> {
        let first = arguments.first();
        let list = |all| Some(Value::list(all, place));
        match name {
            "concat" => {
                let mut all = Vec::new();
                for argument in arguments {
                    self.splice(argument, &mut all);
                }
                list(all)
            }
            "flatten" => {
                let mut all = Vec::new();
                self.flatten(first?, &mut all);
                list(all)
            }
            "toset" | "distinct" | "setunion" => {
                let mut elements = Vec::new();
                for argument in arguments {
                    self.splice(argument, &mut elements);
                }
                if elements.len() > 1
                    && matches!(first?.node, Node::Hole(_))
                    && arguments.len() == 1
                {
                    return None;
                }
                let mut all: Vec<Value> = Vec::new();
                for element in elements {
                    // Each is compared with those before it.
                    if !self.spend(all.len() / COMPARED, 0, place) {
                        return None;
                    }
                    let known = all.iter().any(|a| equal(a, &element) == Some(true));
                    if !known {
                        all.push(element);
                    }
                }
                if name != "distinct" && all.iter().all(Value::is_known_text) {
                    all.sort_by_key(Value::text);
                }
                list(all)
            }
            "compact" => {
                let mut all = first?.elements()?;
                all.retain(|v| !matches!(v.node, Node::Null) && !v.is_text("") && !is_empty(v));
                list(all)
            }
            "merge" => {
                let mut all: Vec<(Value, Value)> = Vec::new();
                for argument in arguments {
                    match &argument.node {
                        Node::Map(_) => {
                            for (key, value) in argument.members()? {
                                if !key.is_known_text() {
                                    return None;
                                }
                                if !self.spend(all.len() / COMPARED, 0, place) {
                                    return None;
                                }
                                insert(&mut all, key, value);
                            }
                        }
                        Node::Null => {}
                        _ => return None,
                    }
                }
                Some(Value::map(all, place))
            }
            "lookup" => {
                let key = arguments.get(1)?.text()?;
                let members = first?.members()?;
                if members.iter().any(|(k, _)| !k.is_known_text()) {
                    return None;
                }
                match (first?.get(&key), arguments.get(2)) {
                    (Some(value), _) => Some(value),
                    (None, Some(default)) => Some(default.clone()),
                    (None, None) => {
                        let message =
                            format!("`lookup` finds no `{}`, and has no default", shorten(&key));
                        self.refuse(place, scope, message);
                        None
                    }
                }
            }
            "keys" | "values" => {
                let members = self.items(first?)?;
                if !matches!(first?.node, Node::Map(_)) {
                    return None;
                }
                let pick = |(k, v)| if name == "keys" { k } else { v };
                list(members.into_iter().map(pick).collect())
            }
            "length" => {
                let count = match &first?.node {
                    Node::List(_) => self.plain_list(first?)?.len(),
                    Node::Map(all) => all.len(),
                    Node::Text(_) => characters(&first?.text()?)?,
                    _ => return None,
                };
                #[expect(clippy::cast_precision_loss, reason = "lists are short")]
                let number = count as f64;
                Some(Value::new(Node::Number(number), place))
            }
            "sort" => {
                let mut all = self.plain_list(first?)?;
                if !all.iter().all(Value::is_known_text) {
                    return None;
                }
                all.sort_by_key(Value::text);
                list(all)
            }
            "reverse" => {
                let mut all = first?.elements()?;
                all.reverse();
                list(all)
            }
            "contains" => {
                let all = self.plain_list(first?)?;
                let found = super::is_in(&all, arguments.get(1)?)?;
                Some(Value::new(Node::Boolean(found), place))
            }
            "element" => {
                let all = self.plain_list(first?)?;
                if let Some(one) = at_own_index(&all, arguments.get(1)?) {
                    return Some(one);
                }
                let at = arguments.get(1)?.number()?;
                if all.is_empty() || at.fract() != 0.0 {
                    self.failures += 1;
                    return None;
                }
                if let Some(one) =
                    position(at).and_then(|at| self.indexed(&all, at, (place, scope.module)))
                {
                    return Some(one);
                }
                #[expect(clippy::cast_possible_truncation, reason = "it is whole")]
                let at = (at as i64).rem_euclid(i64::try_from(all.len()).ok()?);
                all.get(usize::try_from(at).ok()?).cloned()
            }
            "slice" => {
                let all = self.plain_list(first?)?;
                let (from, to) = (arguments.get(1)?.number()?, arguments.get(2)?.number()?);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a cast of a float saturates"
                )]
                let part = all.get(from as usize..to as usize);
                if part.is_none() {
                    self.failures += 1;
                }
                list(part?.to_vec())
            }
            "one" => match self.plain_list(first?)?.as_slice() {
                [] => Some(Value::new(Node::Null, place)),
                [one] => Some(one.clone()),
                all => first_there(all, 0).or_else(|| {
                    self.failures += 1;
                    None
                }),
            },
            "setproduct" => {
                let mut all: Vec<Vec<Value>> = vec![Vec::new()];
                for argument in arguments {
                    let elements = self.plain_list(argument)?;
                    if !self.spend(all.len() * elements.len(), 0, place) {
                        return None;
                    }
                    let mut next = Vec::new();
                    for head in &all {
                        for element in &elements {
                            let mut one = head.clone();
                            one.push(element.clone());
                            next.push(one);
                        }
                    }
                    all = next;
                }
                list(all.into_iter().map(|one| Value::list(one, place)).collect())
            }
            "zipmap" => {
                let keys = self.plain_list(first?)?;
                let values = self.plain_list(arguments.get(1)?)?;
                if keys.len() != values.len() || !keys.iter().all(Value::is_known_text) {
                    return None;
                }
                let mut all = Vec::new();
                for (key, value) in keys.into_iter().zip(values) {
                    if !self.spend(all.len() / COMPARED, 0, place) {
                        return None;
                    }
                    insert(&mut all, key, value);
                }
                let _ = scope;
                Some(Value::map(all, place))
            }
            _ => None,
        }
    }

    /// Appends the elements of a list, or what stands for them.
    fn splice(&mut self, value: &Value, all: &mut Vec<Value>) {
        match &value.node {
            Node::List(_) => {
                let elements = value.elements().unwrap_or_default();
                if self.spend(elements.len(), 0, value.place) {
                    all.extend(elements);
                }
            }
            Node::Hole(_) => all.push(self.as_list(value)),
            Node::Null => {}
            _ => all.push(value.clone()),
        }
    }

    fn flatten(&mut self, value: &Value, all: &mut Vec<Value>) {
        match &value.node {
            Node::List(_) => {
                let elements = value.elements().unwrap_or_default();
                if self.spend(elements.len(), 0, value.place) {
                    for element in &elements {
                        self.flatten(element, all);
                    }
                }
            }
            Node::Hole(_) => all.push(self.as_list(value)),
            Node::Choice(hole, of) => {
                let mut alternatives = Vec::new();
                for alternative in of.iter() {
                    let mut inner = Vec::new();
                    self.flatten(&alternative.clone().inherit(&value.via), &mut inner);
                    alternatives.push(Value::list(inner, value.place));
                }
                let node = Node::Choice(*hole, Rc::new(alternatives));
                all.push(Value::new(node, value.place));
            }
            _ => all.push(value.clone()),
        }
    }
}

/// Whether a value is the empty text.
fn is_empty(value: &Value) -> bool {
    matches!(&value.node, Node::Text(pieces) if pieces.iter().all(|p| p.text() == Some("")))
}

/// How many characters a reader sees: a line ending is one. `None` where characters may be put together.
fn characters(text: &str) -> Option<usize> {
    let is_alone = |c: char| c < '\u{300}';
    let all = text.chars().count() - text.matches("\r\n").count();
    text.chars().all(is_alone).then_some(all)
}
