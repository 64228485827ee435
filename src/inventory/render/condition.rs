//! The `Condition` element.

use super::{Draft, Item};
use crate::inventory::value::{Node, Value};
use crate::parser::{Effect, Extreme, HoleKind};

impl Draft<'_> {
    /// Writes a Condition, unless nothing of it remains. Returns whether it is written, and whether it never holds.
    pub(super) fn condition(&mut self, key: &Value, value: &Value, effect: Effect) -> (bool, bool) {
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
    pub(super) fn line(
        &self,
        values: &Value,
        negated: bool,
        effect: Effect,
    ) -> (Option<Value>, bool) {
        let items = self.items(values, None);
        let unknown_of = |item: &Item<'_>| {
            let mut all = self.unknown_in(item.value);
            all.extend(item.within);
            all
        };
        let unknown: Vec<usize> = items.iter().flat_map(unknown_of).collect();
        // A name is one value: the line holds for the requests with that value.
        let is_name = |hole: &usize| self.holes.get(*hole).is_some_and(|h| h.kind.is_name());
        let is_read = self.extreme == Extreme::BestOfTexts && unknown.iter().all(is_name);
        if unknown.is_empty() || is_read {
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
    pub(super) fn reaches_most(&self, hole: usize, effect: Effect) -> bool {
        let kind = self.holes.get(hole).map_or(HoleKind::Text, |h| h.kind);
        self.extreme.reaches_most(kind, effect)
    }

    pub(super) fn is_reference(&self, hole: usize) -> bool {
        let kind = self.holes.get(hole).map(|h| h.kind);
        kind == Some(HoleKind::Reference)
    }
}
