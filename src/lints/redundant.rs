//! Shared by the lints on repetition: strings of a policy that others already cover.

use crate::diff::statement::{Action, pairs};
use crate::matcher::search::Budget;

/// Steps of one run for all pairs of strings; a policy that AWS takes needs far fewer. Past them nothing more is called
/// redundant.
const STEPS: u64 = 5_000_000;

/// The steps of one run.
pub(super) fn budget() -> Budget {
    Budget::steps(STEPS)
}

/// Whether one string of `Action` matches all that another one matches.
pub(super) fn action_covers(wide: &Action, narrow: &Action, budget: &mut Budget) -> bool {
    let steps = if wide.pattern.is_wildcard() {
        pairs(wide.text.len(), narrow.text.len())
    } else {
        1
    };
    budget.pay(steps) && wide.pattern.covers_within(&narrow.pattern, budget)
}
