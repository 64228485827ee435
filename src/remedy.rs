//! From a judged role to texts: the policy with the missing permissions, and the policies narrowed to what is required.
//!
//! Both are judged by the engine before anyone sees them: what was covered stays covered.

mod missing;
mod tighten;

pub use missing::{Missing, OF_THE_RUN, missing, missing_of_any};
pub use tighten::{
    Held, Input, Left, Narrowed, Objection, Place, Read, Refusal, Replaced, Tightened, Why,
    read_policy, tighten,
};

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::diff::{Row, Verdict};

/// A row whose verdict is worse than before, and the verdict now.
#[derive(Clone, Copy, Debug)]
pub struct Lost<'r> {
    /// As it was.
    pub before: &'r Row,
    /// `None` where it is not judged any more.
    pub after: Option<Verdict>,
}

/// The first row of one reference whose verdict is worse than before.
pub fn lost<'r>(
    before: impl IntoIterator<Item = &'r Row>,
    after: impl IntoIterator<Item = &'r Row>,
) -> Option<Lost<'r>> {
    let key = |row: &'r Row| (row.statement, &*row.declared_as, row.action.as_str());
    // Rows with the same key come in the same order.
    let mut verdicts: FxHashMap<_, VecDeque<Verdict>> = FxHashMap::default();
    for row in after {
        verdicts.entry(key(row)).or_default().push_back(row.verdict);
    }
    before.into_iter().find_map(|row| {
        let all = verdicts.get_mut(&key(row));
        let now = all.and_then(VecDeque::pop_front);
        let is_lost = match (row.verdict, now) {
            // Some of its values may be covered.
            (Verdict::Depends, Some(now)) => {
                now != Verdict::Depends && rank(now) < rank(Verdict::Conditional)
            }
            (before, now) => now.map_or(0, rank) < rank(before),
        };
        is_lost.then_some(Lost {
            before: row,
            after: now,
        })
    })
}

fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Undecided => 0,
        Verdict::Missing | Verdict::Denied | Verdict::Depends => 1,
        Verdict::Partial => 2,
        Verdict::Conditional => 3,
        Verdict::Covered => 4,
    }
}
