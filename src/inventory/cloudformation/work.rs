//! How much is made of a template: every value counts, and a text by its length.
//!
//! A few lines can stand for more values than memory holds, whichever function writes them. So the size of each value is
//! counted where it is made, and a property that is too large is not read.

use crate::inventory::{Node as Made, Piece, Value};

/// How many values are made of one template, aliases and parameters followed.
const MOST: usize = 2_000_000;
/// How many of them one property or condition may take. A policy has 10,240 characters.
const MOST_OF_ONE: usize = 50_000;
/// So many bytes of a text count as a value.
const BYTES: usize = 32;

/// The count for one template.
#[derive(Default)]
pub(super) struct Work {
    done: usize,
    /// The count at which the property or condition that is being worked out is too large.
    limit: usize,
    /// Whether that was reported.
    is_reported: bool,
}

/// The count of a text.
pub(super) fn of_text(length: usize) -> usize {
    length / BYTES
}

/// The count of a value with everything in it.
pub(super) fn of_value(value: &Value) -> usize {
    let parts = match &value.node {
        Made::Text(pieces) => pieces.iter().map(of_piece).sum(),
        Made::Number(text) => of_text(text.len()),
        Made::List(all) | Made::Choice(_, all) => all.iter().map(of_value).sum(),
        Made::Map(members) => { members.iter() }
            .map(|(key, value)| of_value(key) + of_value(value))
            .sum(),
        Made::Null | Made::Boolean(_) | Made::Hole(_) | Made::Absent => 0,
    };
    1 + parts
}

fn of_piece(piece: &Piece) -> usize {
    1 + of_text(piece.text().unwrap_or_default().len())
}

impl Work {
    /// Begins to work out a property or a condition.
    pub(super) fn begin(&mut self) {
        self.limit = self.done.saturating_add(MOST_OF_ONE);
        self.is_reported = false;
    }

    /// Counts what is made next. False where it is too much.
    pub(super) fn spend(&mut self, count: usize) -> bool {
        self.done = self.done.saturating_add(count);
        self.is_left()
    }

    /// Whether more may be made.
    pub(super) fn is_left(&self) -> bool {
        self.done <= self.limit.min(MOST)
    }

    /// Whether it is yet to be reported that a property or a condition is too large.
    pub(super) fn is_new(&mut self) -> bool {
        !std::mem::replace(&mut self.is_reported, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parser::Span;

    #[test]
    fn a_value_counts_with_all_that_is_in_it() {
        let text = |length: usize| Value::plain("x".repeat(length), Span::default());
        assert_eq!(of_value(&text(3)), 2);
        assert_eq!(of_value(&text(64)), 4);
        let list = Value {
            node: Made::List(vec![text(3), text(64)]),
            span: Span::default(),
        };
        assert_eq!(of_value(&list), 7);
        let mut work = Work::default();
        work.begin();
        assert!(work.spend(MOST_OF_ONE) && work.is_left());
        assert!(!work.spend(1) && !work.is_left());
        assert!(work.is_new() && !work.is_new());
        work.begin();
        assert!(work.spend(1) && work.is_new());
    }
}
