//! Reuses the excess of another reading of the policies for statements that are the same in both.

use super::{Excess, ExcessReport};
use crate::diff::comparison::Comparison;
use crate::diff::statement::{Conditions, Prepared};
use crate::parser::Effect;

/// The excess of another reading of the same policies.
#[derive(Clone, Copy)]
pub struct Before<'b> {
    /// That reading.
    pub comparison: &'b Comparison<'b>,
    /// The excess of that reading over the same requirements.
    pub report: &'b ExcessReport,
}

impl<'b> Before<'b> {
    /// Whether every grant of it was decided.
    pub(super) fn is_complete(&self) -> bool {
        self.report.undecided.is_empty() && self.report.unasked == 0
    }

    /// Whether the statements that limit the grants are the same in another reading.
    pub(super) fn limits_as(&self, other: &Comparison<'_>) -> bool {
        let (own, others) = (&self.comparison.layers, &other.layers);
        let mut layers = own.iter().zip(others).enumerate();
        own.len() == others.len()
            && layers.all(|(at, (own, other))| {
                let limits = |s: &&Prepared| at > 0 || s.effect == Effect::Deny;
                let own = own.statements.iter().filter(limits);
                let other = other.statements.iter().filter(limits);
                own.clone().count() == other.clone().count()
                    && own.zip(other).all(|(own, other)| says_the_same(own, other))
            })
    }

    /// The excess of a statement that is the same in both readings.
    pub(super) fn of(
        self,
        index: usize,
        statement: &Prepared,
    ) -> Option<impl Iterator<Item = &'b Excess>> {
        let own = self.comparison.granted.get(index)?;
        // They are in the order of the statements.
        let found = &self.report.found;
        let from = found.partition_point(|e| e.statement < index);
        let found = found.get(from..).unwrap_or_default().iter();
        says_the_same(own, statement).then(|| found.take_while(move |e| e.statement == index))
    }
}

fn says_the_same(one: &Prepared, other: &Prepared) -> bool {
    let flags = |s: &Prepared| {
        let negated = [s.not_action, s.not_resource];
        (
            s.effect,
            negated,
            [s.has_void_resource, s.is_rejected, s.may_be_void],
        )
    };
    let (actions, resources) = (one.actions.iter(), one.resources.iter());
    flags(one) == flags(other)
        && one.actions.len() == other.actions.len()
        && one.resources.len() == other.resources.len()
        && actions
            .zip(other.actions.iter())
            .all(|(a, b)| a.text == b.text)
        && resources
            .zip(&other.resources)
            .all(|(a, b)| a.pattern == b.pattern && a.text == b.text && a.nth == b.nth)
        && hold_alike(&one.conditions, &other.conditions)
}

fn hold_alike(one: &Conditions, other: &Conditions) -> bool {
    let mut lines = one.lines.iter().zip(&other.lines);
    one.lines.len() == other.lines.len()
        && one.unreadable == other.unreadable
        && lines.all(|(a, b)| {
            a.test.values == b.test.values
                && a.values == b.values
                && a.operator == b.operator
                && a.key == b.key
        })
}
