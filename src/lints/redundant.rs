//! What the lints about repetition share: which strings of a policy say what others say already.

use crate::diff::statement::{Action, Resource};
use crate::matcher::action::wildcard_matches;
use crate::matcher::search::Budget;
use crate::matcher::{ActionPattern, Pattern, Piece, Reading, Variables};

/// Steps of one run for all pairs of strings; a policy that AWS takes needs far fewer. Past them nothing more is called
/// redundant.
const STEPS: u64 = 5_000_000;

/// The steps of one run.
pub(super) fn budget() -> Budget {
    Budget::steps(STEPS)
}

/// Steps of comparing two texts of these lengths without search.
fn pairs(one: usize, other: usize) -> u64 {
    (one * other / 64 + 1) as u64
}

/// Whether one string of `Action` matches all that another one matches.
pub(super) fn action_covers(wide: &Action, narrow: &Action, budget: &mut Budget) -> bool {
    use ActionPattern as P;
    let steps = if wide.pattern.is_wildcard() {
        pairs(wide.text.len(), narrow.text.len())
    } else {
        1
    };
    if !budget.pay(steps) {
        return false;
    }
    match (&wide.pattern, &narrow.pattern) {
        (P::Everything, P::Everything | P::Literal { .. } | P::Wildcard { .. }) => true,
        (
            P::Literal { service, name },
            P::Literal {
                service: other,
                name: own,
            },
        ) => name == own && service == other,
        (
            P::Wildcard {
                service,
                name,
                prefix,
            },
            P::Literal {
                service: other,
                name: own,
            },
        ) => service == other && wildcard_matches(name, prefix, own),
        (
            P::Wildcard { service, name, .. },
            P::Wildcard {
                service: other,
                name: own,
                ..
            },
        ) => service == other && name.covers_within(own, budget),
        _ => false,
    }
}

/// Whether one string of `Resource` matches all that another one matches, however AWS reads both.
pub(super) fn resource_covers(wide: &Resource, narrow: &Resource, budget: &mut Budget) -> bool {
    if !budget.pay(1 + (wide.text.len() / 8) as u64) {
        return false;
    }
    if wide.text == narrow.text || wide.pattern.is_everything() {
        return true;
    }
    // The beginning up to the first wildcard must be the same; most pairs end here.
    let pieces = wide.pattern.pieces().iter();
    let literal = pieces.take_while(|(p, _)| matches!(p, Piece::Char(_)));
    let mut starts = literal.zip(narrow.pattern.pieces().iter());
    if starts.any(|((a, _), (b, _))| matches!(b, Piece::Char(_)) && a != b) {
        return false;
    }
    // What a variable or a placeholder stands for is not known.
    let open = |(p, _): &(Piece, _)| matches!(p, Piece::Variable { .. } | Piece::Placeholder(_));
    if wide.pattern.pieces().iter().any(open) {
        return false;
    }
    if !budget.pay(6 * pairs(wide.text.len(), narrow.text.len())) {
        return false;
    }
    [Reading::Strict, Reading::Loose, Reading::Wide]
        .into_iter()
        .all(|reading| {
            let wide = wide.patterns(reading, Variables::Any);
            let narrow: &[Pattern] = narrow.patterns(reading, Variables::Any);
            let mut covers = |n: &Pattern| {
                let mut wide = wide.iter().filter(|w| !w.is_apart_from(n));
                wide.any(|w| w.covers_within(n, budget))
            };
            !narrow.is_empty() && narrow.iter().all(&mut covers)
        })
}
