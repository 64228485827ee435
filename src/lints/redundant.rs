//! What the lints about repetition share: which strings of a policy say what others say already.

use crate::diff::statement::{Action, Resource};
use crate::matcher::action::wildcard_matches;
use crate::matcher::{ActionPattern, Pattern, Piece, Reading, Variables};

/// Steps of one run: a pair of strings takes as many as their characters could be paired. Beyond them nothing more is
/// called redundant; a policy that AWS takes needs far fewer.
const MOST_STEPS: usize = 20_000_000;

/// What is left of the steps of a run.
pub(super) struct Steps(usize);

impl Steps {
    pub(super) fn new() -> Self {
        Steps(MOST_STEPS)
    }

    /// Whether any are left.
    pub(super) fn are_left(&self) -> bool {
        self.0 > 0
    }

    fn take(&mut self, steps: usize) -> bool {
        self.0 = self.0.saturating_sub(steps);
        self.are_left()
    }
}

/// Whether one string of `Action` matches all that another one matches.
pub(super) fn action_covers(wide: &Action, narrow: &Action, steps: &mut Steps) -> bool {
    use ActionPattern as P;
    let pairs = if wide.pattern.is_wildcard() {
        wide.text.len() * narrow.text.len()
    } else {
        1
    };
    if !steps.take(pairs) {
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
        ) => service == other && name.covers(own),
        _ => false,
    }
}

/// Whether one string of `Resource` matches all that another one matches, however AWS reads both.
pub(super) fn resource_covers(wide: &Resource, narrow: &Resource, steps: &mut Steps) -> bool {
    if !steps.take(1 + wide.text.len()) {
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
    if !steps.take(6 * wide.text.len() * narrow.text.len()) {
        return false;
    }
    let covers = |reading| {
        let wide = wide.patterns(reading, Variables::Any);
        let narrow: &[Pattern] = narrow.patterns(reading, Variables::Any);
        !narrow.is_empty() && narrow.iter().all(|n| wide.iter().any(|w| w.covers(n)))
    };
    covers(Reading::Strict) && covers(Reading::Loose) && covers(Reading::Wide)
}
