//! Answers about pairs of patterns, kept: questions about one kind of resource compare the same patterns again and again.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use rustc_hash::FxHashMap;

/// So many pairs are kept; then all are forgotten.
const MOST_PAIRS: usize = 1 << 16;

/// The number of a pattern. Patterns with the same are equal.
pub(super) type Number = u64;

/// A number that no pattern has yet.
pub(super) fn number() -> Number {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A question about two patterns.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    /// Whether they meet.
    Meets,
    /// Whether the first one includes the second.
    Includes,
}

thread_local! {
    /// For each pair, the smaller number first, two bits for each question: whether it was asked, and the answer.
    static KNOWN: RefCell<FxHashMap<(Number, Number), u8>> = RefCell::default();
}

/// The answer for two patterns, found once.
pub(super) fn once(asked: Asked, one: Number, other: Number, find: impl FnOnce() -> bool) -> bool {
    let shift = match asked {
        Asked::Meets => 0,
        Asked::Includes if one < other => 2,
        Asked::Includes => 4,
    };
    let pair = (one.min(other), one.max(other));
    let known = KNOWN.with_borrow(|known| known.get(&pair).map_or(0, |bits| bits >> shift));
    if known & 1 == 1 {
        return known & 2 == 2;
    }
    let answer = find();
    KNOWN.with_borrow_mut(|known| {
        if known.len() >= MOST_PAIRS {
            known.clear();
        }
        *known.entry(pair).or_default() |= (1 | u8::from(answer) << 1) << shift;
    });
    answer
}
