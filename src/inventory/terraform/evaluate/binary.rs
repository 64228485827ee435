//! Operators, and values that Terraform refuses where an expression takes others.
//!
//! <https://developer.hashicorp.com/terraform/language/expressions/operators>

use super::{Machine, equal};
use crate::inventory::terraform::surroundings::Scope;
use crate::inventory::terraform::syntax_tree::{Expression, Operator};
use crate::inventory::terraform::value::{Node, Place, Value};
use crate::parser::HoleKind;

impl Machine<'_> {
    /// Counts a failure, and reports it where Terraform surely evaluates the expression, and nothing catches it.
    pub(in crate::inventory::terraform) fn refuse(
        &mut self,
        place: Place,
        scope: &Scope<'_>,
        message: impl Into<String>,
    ) {
        self.failures += 1;
        let is_there = scope.each.optional.is_none() && self.is_there(scope.module);
        if is_there && self.tries == 0 && self.unsure == 0 && !self.is_plan {
            let help = "correct the expression: Terraform refuses it";
            self.unread(place, message, help);
        }
    }

    /// Whether a module is surely there, with those that call it.
    pub(in crate::inventory::terraform) fn is_there(&self, module: usize) -> bool {
        let mut next = Some(module);
        while let Some(module) = next.and_then(|at| self.modules.get(at)) {
            if module.each.optional.is_some() {
                return false;
            }
            next = module.caller.as_ref().map(|(by, _)| *by);
        }
        true
    }

    /// Refuses a condition that is no Boolean.
    pub(super) fn require_boolean(&mut self, value: &Value, place: Place, scope: &Scope<'_>) {
        // `"1"` is true and `"0"` false.
        let is_other = match &value.node {
            Node::Text(_) => value
                .text()
                .is_some_and(|t| !["1", "0"].contains(&t.as_str())),
            Node::Number(_) | Node::List(_) | Node::Map(_) => true,
            _ => false,
        };
        if is_other && value.boolean().is_none() {
            self.refuse(place, scope, "a condition is neither true nor false");
        }
    }

    fn require_number(&mut self, value: &Value, place: Place, scope: &Scope<'_>) {
        let is_other = match &value.node {
            Node::Text(_) => value.text().is_some_and(|_| value.number().is_none()),
            Node::Boolean(_) | Node::List(_) | Node::Map(_) => true,
            _ => false,
        };
        if is_other {
            self.refuse(place, scope, "an operand is not a number");
        }
    }

    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: &Expression,
        right: &Expression,
        scope: &Scope<'_>,
        place: Place,
    ) -> Value {
        let (left_span, right_span) = (left.span, right.span);
        let left = self.evaluate(left, scope);
        let is_logical = matches!(operator, Operator::And | Operator::Or);
        // Later releases leave the right side out where the left one decides.
        let right = self.unsure_if(is_logical, |machine| machine.evaluate(right, scope));
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
        if let Some(node) = node {
            return Value::new(node, place);
        }
        if is_logical {
            self.require_boolean(&left, place, scope);
            let neutral = Some(operator == Operator::And);
            for (known, other) in [(&left, &right), (&right, &left)] {
                if known.boolean() == neutral && matches!(other.node, Node::Hole(_)) {
                    return other.clone();
                }
            }
        } else if !matches!(operator, Operator::Equal | Operator::NotEqual) {
            self.require_number(&left, place, scope);
            self.require_number(&right, place, scope);
        }
        let open = self.open(HoleKind::Text, place, scope.module);
        let parts = match (operator, &left.node, &right.node) {
            (Operator::And, Node::Hole(a), Node::Hole(b)) => Some(vec![(*a, true), (*b, true)]),
            (Operator::NotEqual, ..) => {
                let [left, right] = [left_span, right_span].map(|span| Place { span, ..place });
                let equal = format!("{} == {}", self.written(left), self.written(right));
                let equal = self.within(scope.module, &equal);
                match self.named(equal, HoleKind::Text, place).node {
                    Node::Hole(equal) => Some(vec![(equal, false)]),
                    _ => None,
                }
            }
            _ => None,
        };
        if let (Node::Hole(hole), Some(parts)) = (&open.node, parts) {
            self.note_condition(*hole, parts, true);
        }
        open
    }
}
