//! Resources that exist together: conditions that are not known, and those that hold once a resource is there.
//!
//! `count = var.create ? 1 : 0` leaves open whether a resource is there. Once it is, `var.create` is true, and so each resource
//! and each value that depends on the same condition is there too.
//!
//! A *hole* is a value that is not known, a *choice* a value that is one of several, and the hole of the choice decides which.
//! A *step* is a choice on the way to a value, a *fact* a condition of which it is known whether it holds.

use std::rc::Rc;

use super::condition_parts::Fact;
use super::evaluate::{Machine, equal};
use super::principals::shape::{SHAPES, What};
use super::value::{Each, Instance, Node, Place, Value};
use crate::inventory::leaves::{Branch, Branching};
use crate::parser::HoleKind;

/// A choice on the way to a value: the hole that decides, and what the condition has to be. `None` where no condition decides it.
pub(super) type Step = (usize, Option<bool>);

impl Machine<'_> {
    /// Whether a choice surely is made like this.
    fn is_made(&self, facts: &[Fact], (hole, needed): Step) -> bool {
        needed.is_some_and(|needed| self.conditions.holds(facts, (hole, needed)))
    }

    /// The choices by which a resource is there: its own, and those of the modules that it is in.
    pub(super) fn choices_of(&self, instance: &Instance) -> Vec<Step> {
        let mut all = Vec::new();
        let mut next = Some(instance.module);
        while let Some(module) = next.and_then(|at| self.modules.get(at)) {
            all.extend(module.each.optional);
            next = module.caller.as_ref().map(|(by, _)| *by);
        }
        all.reverse();
        all.extend(instance.each.optional);
        let all = all.into_iter().map(|hole| self.step(hole, Some(true)));
        all.collect()
    }

    /// The conditions that hold where a resource exists, and those that follow from others.
    pub(super) fn facts_of(&self, instance: &Instance, others: &[Fact]) -> Vec<Fact> {
        let own = self.choices_of(instance).into_iter();
        let own = own.filter_map(|(hole, needed)| Some((hole, needed?)));
        self.conditions.follow(own.chain(others.iter().copied()))
    }

    /// The hole that leaves open whether all choices are made like this: that of the last one for which it is not certain.
    pub(super) fn left_open(&self, path: &[Step], facts: &[Fact]) -> Option<usize> {
        let mut open = path
            .iter()
            .rev()
            .filter(|step| !self.is_made(facts, **step));
        open.next().map(|(hole, _)| *hole)
    }

    /// Whether a choice is surely made otherwise.
    pub(super) fn is_excluded(&self, path: &[Step], facts: &[Fact]) -> bool {
        let mut otherwise = path
            .iter()
            .map(|(hole, needed)| (*hole, needed.map(|n| !n)));
        otherwise.any(|step| self.is_made(facts, step))
    }

    /// The choice of one of several alternatives. The first is there where the condition holds.
    fn choice(&self, hole: usize, at: usize, count: usize) -> Step {
        let needed = match (at, count) {
            (0, _) => Some(true),
            (1, 2) => Some(false),
            _ => None,
        };
        self.step(hole, needed)
    }

    fn step(&self, hole: usize, needed: Option<bool>) -> Step {
        (hole, needed.filter(|_| !self.is_cut(hole)))
    }

    /// Whether the name of a hole was shortened: several expressions may have it, so it says nothing of a condition.
    fn is_cut(&self, hole: usize) -> bool {
        { self.holes.get(hole) }.is_none_or(|hole| hole.name.ends_with('…'))
    }

    /// Notes what a condition consists of; `are_all` is true where it holds whenever all of that does.
    pub(super) fn note_condition(&mut self, hole: usize, parts: Vec<Fact>, are_all: bool) {
        if !self.is_cut(hole) && parts.iter().all(|(part, _)| !self.is_cut(*part)) {
            self.conditions.note(hole, parts, are_all);
        }
    }

    /// The values of a list in order, each with the choices by which it is there. A choice for which `stops` is true is
    /// kept whole.
    pub(super) fn paths(
        &mut self,
        value: Value,
        path: &[Step],
        stops: &mut dyn FnMut(&mut Self, &Value) -> bool,
    ) -> Vec<(Value, Vec<Step>)> {
        if matches!(value.node, Node::Choice(..)) && stops(self, &value) {
            return vec![(value, path.to_vec())];
        }
        let mut all = Vec::new();
        match value.branch() {
            Branch::List(elements) => {
                for element in elements {
                    all.extend(self.paths(element, path, stops));
                }
            }
            Branch::Choice(hole, alternatives) => {
                let count = alternatives.len();
                for (at, alternative) in alternatives.into_iter().enumerate() {
                    let mut path = path.to_vec();
                    path.push(self.choice(hole, at, count));
                    all.extend(self.paths(alternative, &path, stops));
                }
            }
            Branch::Nothing => {}
            Branch::Leaf(value) => all.push((value, path.to_vec())),
        }
        all
    }

    /// A value where these facts hold.
    pub(super) fn settled(&self, value: Value, facts: &[Fact]) -> Value {
        if facts.is_empty() || value.is_known() {
            return value;
        }
        let inner = |v: &Value| self.settled(v.clone(), facts);
        let node = match &value.node {
            Node::Choice(hole, of) => {
                let is_it = |at: &usize| self.is_made(facts, self.choice(*hole, *at, of.len()));
                if let Some(one) = { 0..of.len() }.find(is_it).and_then(|at| of.get(at)) {
                    return self.settled(one.clone().inherit(&value.via), facts);
                }
                Node::Choice(*hole, Rc::new(of.iter().map(inner).collect()))
            }
            Node::List(all) => Node::List(Rc::new(all.iter().map(inner).collect())),
            Node::Map(all) => {
                let members = all.iter().map(|(k, v)| (k.clone(), inner(v)));
                Node::Map(Rc::new(members.collect()))
            }
            Node::Json(of) => Node::Json(Rc::new(inner(of))),
            _ => return value,
        };
        value.with(node)
    }

    /// The hole that decides whether a block with this `count` or `for_each` is there, which is not known.
    pub(super) fn decider_of_count(&mut self, value: &Value, place: Place, module: usize) -> usize {
        let parts = self.parts_of_count(value);
        let are_all = self.is_condition(value);
        if let Some([(hole, true)]) = parts.as_deref().filter(|_| are_all) {
            let at = Value::new(Node::Hole(*hole), place);
            return self.decider(&at, place, module);
        }
        let first = match &value.node {
            Node::Choice(hole, _) => Some(*hole),
            _ => None,
        };
        let hole = self.decider(value, place, module);
        if let Some(first) = first {
            self.holes.share_option(first, hole);
        }
        if let Some(parts) = parts {
            self.note_condition(hole, parts, are_all);
        }
        hole
    }

    /// The conditions all of which hold where a block with this `count` or `for_each` is there; `None` where they are not known.
    fn parts_of_count(&self, value: &Value) -> Option<Vec<Fact>> {
        match &value.node {
            Node::Hole(hole) => Some(vec![(*hole, true)]),
            Node::Choice(hole, of) => match of.as_slice() {
                [_] => Some(vec![(*hole, true)]),
                [then, otherwise] => {
                    let (first, last) = (self.makes_any(then), self.makes_any(otherwise));
                    let (own, rest) = match (first, last) {
                        (Some(true), Some(true)) => return Some(Vec::new()),
                        (_, Some(false)) => ((*hole, true), Some(then).filter(|_| first.is_none())),
                        (Some(false), _) => {
                            ((*hole, false), Some(otherwise).filter(|_| last.is_none()))
                        }
                        _ => return None,
                    };
                    let mut all = vec![own];
                    if let Some(rest) = rest {
                        all.extend(self.parts_of_count(rest)?);
                    }
                    Some(all)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a `count` or `for_each` decides only if the block is there, and not also how many of it there are.
    fn is_condition(&self, value: &Value) -> bool {
        match &value.node {
            Node::Hole(_) | Node::Resource(_) | Node::Module(_) => true,
            Node::Choice(_, of) => of.iter().all(|of| self.is_condition(of)),
            _ => self.is_single(value),
        }
    }

    /// Whether a known `count` or `for_each` makes anything.
    fn makes_any(&self, value: &Value) -> Option<bool> {
        match &value.node {
            Node::Null => Some(false),
            Node::Number(number) => Some(*number > 0.0),
            Node::List(_) | Node::Map(_) => Some(!self.plain_list(value)?.is_empty()),
            _ => None,
        }
    }

    /// Whether a block with this `count` or `for_each` is there once at most.
    pub(super) fn is_single(&self, value: &Value) -> bool {
        match &value.node {
            Node::Null => true,
            Node::Number(number) => *number <= 1.0,
            Node::List(_) | Node::Map(_) => {
                { self.plain_list(value) }.is_some_and(|all| all.len() <= 1)
            }
            Node::Choice(_, of) => of.iter().all(|of| self.is_single(of)),
            Node::Resource(of) => of.each.optional.is_some() && of.each.is_single,
            _ => false,
        }
    }

    /// A resource or module that stands for an unknown number of them, at an index: a choice if it may be another one.
    pub(super) fn one_of_several(
        &mut self,
        value: &Value,
        index: &Value,
        place: Place,
        module: usize,
    ) -> Value {
        let each: Option<Each> = match &value.node {
            Node::Resource(of) if is_of_iam(of) => Some(of.each.clone()),
            Node::Module(at) => self.modules.get(*at).map(|m| m.each.clone()),
            _ => None,
        };
        let Some(each) = each.filter(|each| each.optional.is_some()) else {
            return value.clone();
        };
        // Each of several roles is judged. Of several policies, the first is there where any is.
        let is_policy = matches!(&value.node, Node::Resource(of) if !is_principal(of));
        let is_first = is_policy && each.key.is_none() && index.number() == Some(0.0);
        let is_own = each.key.or(each.index).is_some_and(|own| {
            let is_same =
                matches!((&own.node, &index.node), (Node::Hole(a), Node::Hole(b)) if a == b);
            is_same || equal(&own, index) == Some(true)
        });
        if is_own || is_first {
            value.clone()
        } else {
            self.doubtful(vec![value.clone()], place, module)
        }
    }

    /// One of these values, or none of them: nothing that is known decides it.
    pub(super) fn doubtful(&mut self, of: Vec<Value>, place: Place, module: usize) -> Value {
        let hole = match self.open(HoleKind::Text, place, module).node {
            Node::Hole(hole) => hole,
            _ => 0,
        };
        Value::new(Node::Choice(hole, Rc::new(of)), place)
    }
}

/// The element of a list that stands for an unknown number of resources, at the index of the same one.
pub(super) fn at_own_index(elements: &[Value], index: &Value) -> Option<Value> {
    let [one] = elements else {
        return None;
    };
    let Node::Choice(_, of) = &one.node else {
        return None;
    };
    let own = match of.as_slice() {
        [
            Value {
                node: Node::Resource(of),
                ..
            },
        ] => Some(of),
        [of] => of.subject.as_ref(),
        _ => None,
    };
    let is_own = match (&own?.each.index.as_ref()?.node, &index.node) {
        (Node::Hole(a), Node::Hole(b)) => a == b,
        _ => false,
    };
    is_own.then(|| one.clone())
}

fn is_of_iam(of: &Instance) -> bool {
    SHAPES.iter().any(|shape| shape.kind == of.kind())
}

/// Whether a resource is a role, a user or a group.
fn is_principal(of: &Instance) -> bool {
    let is_it = |what: &What| matches!(what, What::Principal(_));
    { SHAPES.iter() }.any(|shape| shape.kind == of.kind() && is_it(&shape.what))
}

/// Whether a value may be the name, the id or the ARN of a principal of which there are several.
pub(super) fn is_of_several(value: &Value) -> bool {
    let subject = value.subject.as_ref().filter(|of| is_principal(of));
    subject.is_some_and(|of| of.each.optional.is_some() && !of.each.is_single)
}
