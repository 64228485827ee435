//! The `for` expressions of lists and objects.

use std::rc::Rc;

use super::{Machine, insert};
use crate::inventory::terraform::surroundings::{Frame, Scope};
use crate::inventory::terraform::syntax_tree::For;
use crate::inventory::terraform::value::{Node, Place, Value};
use crate::parser::HoleKind;

impl Machine<'_> {
    /// The keys and values that a `for` goes through, where each is one.
    pub(in crate::inventory::terraform) fn items(
        &self,
        over: &Value,
    ) -> Option<Vec<(Value, Value)>> {
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

    pub(super) fn for_expression(&mut self, of: &For, scope: &Scope<'_>, place: Place) -> Value {
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
            // Each key is compared with those before it.
            if !self.spend(1 + map.len() / 32, 0, place) {
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
            let is_open = optional.is_some() || decider.is_some();
            let result = self.unsure_if(is_open, |machine| machine.evaluate(&of.result, &inner));
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
}
