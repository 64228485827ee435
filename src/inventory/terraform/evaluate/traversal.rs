//! The steps of a reference: attributes, indexes and splats.

use std::rc::Rc;

use super::{Machine, position};
use crate::inventory::terraform::presence::{at_own_index, is_of_several};
use crate::inventory::terraform::surroundings::Scope;
use crate::inventory::terraform::syntax_tree::{Expression, Node as Syntax, Step};
use crate::inventory::terraform::value::Instance;
use crate::inventory::terraform::value::Placed;
use crate::inventory::terraform::value::{Node, Place, Value, number_text};
use crate::parser::{HoleKind, shorten};

impl Machine<'_> {
    pub(super) fn traversal(
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
    pub(super) fn steps(
        &mut self,
        value: Value,
        steps: &[Step],
        scope: &Scope<'_>,
        place: Place,
    ) -> Value {
        let Some((step, rest)) = steps.split_first() else {
            return value;
        };
        if let Node::Choice(hole, alternatives) = &value.node
            && !matches!(step, Step::Attributes | Step::Elements)
        {
            let all: Vec<Value> = self.unsure_if(true, |machine| {
                let all = alternatives.iter().map(|alternative| {
                    let alternative = alternative.clone().inherit(&value.via);
                    machine.steps(alternative, steps, scope, place)
                });
                all.collect()
            });
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
    pub(super) fn member(
        &mut self,
        value: &Value,
        name: &str,
        scope: &Scope<'_>,
        place: Place,
    ) -> Option<Value> {
        match &value.node {
            Node::Map(_) => {
                let found = value.get(name);
                let is_open = { value.members()? }.iter().any(|(k, _)| !k.is_known_text());
                if found.is_none() && !is_open {
                    let message = format!("there is no `{}` in the object", shorten(name));
                    self.refuse(place, scope, message);
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
    pub(in crate::inventory::terraform) fn element(
        &mut self,
        value: &Value,
        index: &Value,
        scope: &Scope<'_>,
        place: Place,
    ) -> Option<Value> {
        match &value.node {
            // The one that stands for an unknown number of resources.
            Node::Resource(_) | Node::Module(_) => {
                Some(self.one_of_several(value, index, place, scope.module))
            }
            Node::List(_) => {
                let elements = value.elements()?;
                if let Some(one) = at_own_index(&elements, index) {
                    return Some(one);
                }
                let at = index.number()?;
                let own_place = (place, scope.module);
                if let Some(one) = self.indexed(&elements, position(at)?, own_place) {
                    return Some(one);
                }
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
                    let (at, count) = (number_text(at), elements.len());
                    let message = format!("the list of {count} has no element {at}");
                    self.refuse(place, scope, message);
                }
                found.map(|(_, e)| e.clone())
            }
            Node::Map(_) => {
                let key = index.text()?;
                let members = value.members()?;
                let found = value.get(&key);
                let is_open = members.iter().any(|(k, _)| !k.is_known_text());
                if found.is_none() && !is_open {
                    let message = format!("there is no `{}` in the object", shorten(&key));
                    self.refuse(place, scope, message);
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

    /// As [`first_there`], for the elements of a list: which of them is at the index may not be known.
    pub(in crate::inventory::terraform) fn indexed(
        &mut self,
        elements: &[Value],
        at: usize,
        (place, module): (Place, usize),
    ) -> Option<Value> {
        let one = first_there(elements, at)?;
        let Node::Choice(_, of) = &one.node else {
            return Some(one);
        };
        let mut before = elements.iter().take(at);
        if before.any(|e| perhaps(e).is_some()) || of.iter().any(is_of_several) {
            return Some(self.doubtful(of.to_vec(), place, module));
        }
        Some(one)
    }

    /// The value of a part of the code of a module, evaluated there.
    pub(in crate::inventory::terraform) fn at_module(
        &mut self,
        module: usize,
        of: &Placed<Expression>,
    ) -> Value {
        let each = crate::inventory::terraform::value::Each::default();
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
    pub(in crate::inventory::terraform) fn argument(
        &mut self,
        of: &Instance,
        name: &str,
    ) -> Option<Value> {
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

/// The value that may be absent, if an element is one: the resource of a `count` that is not known. Its hole, and its values.
pub(in crate::inventory::terraform) fn perhaps(value: &Value) -> Option<(usize, Vec<Value>)> {
    match &value.node {
        Node::Choice(hole, of) if of.len() == 1 => {
            let of = of.iter().map(|v| v.clone().inherit(&value.via));
            Some((*hole, of.collect()))
        }
        _ => None,
    }
}

/// The element at an index, where it or one before it may be absent: one of several. `None` where it is the one that is
/// written there. An empty text is what a list ends with where nothing else is there.
pub(in crate::inventory::terraform) fn first_there(elements: &[Value], at: usize) -> Option<Value> {
    let before = elements.get(..at)?;
    let is_moved = before.iter().any(|e| perhaps(e).is_some());
    let rest = elements.get(if is_moved { 0 } else { at }..)?;
    if !is_moved && rest.first().and_then(perhaps).is_none() {
        return None;
    }
    let (hole, _) = rest.iter().find_map(perhaps)?;
    let mut all = Vec::new();
    for element in rest {
        match (perhaps(element), &element.node) {
            (Some((_, of)), _) => all.extend(of),
            (None, Node::Hole(_) | Node::Choice(..)) => break,
            (None, Node::Null) => {}
            (None, _) if element.text().as_deref() == Some("") => {}
            (None, _) => {
                all.push(element.clone());
                if !is_moved {
                    break;
                }
            }
        }
    }
    let place = rest.first()?.place;
    Some(Value::new(Node::Choice(hole, Rc::new(all)), place))
}
