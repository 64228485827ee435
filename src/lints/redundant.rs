//! What the lints about repetition share: which strings of a policy say what others say already.

use crate::diff::statement::{Action, Resource};
use crate::matcher::action::wildcard_matches;
use crate::matcher::{ActionPattern, Pattern, Piece, Reading, Variables};

/// Pairs of strings that are compared in one run. Beyond them nothing is called redundant: a policy that AWS takes has
/// far fewer.
pub(super) const MOST_PAIRS: usize = 200_000;

/// Whether one string of `Action` matches all that another one matches.
pub(super) fn action_covers(wide: &Action, narrow: &Action) -> bool {
    use ActionPattern as P;
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
pub(super) fn resource_covers(wide: &Resource, narrow: &Resource) -> bool {
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
    let covers = |reading| {
        let wide = wide.patterns(reading, Variables::Any);
        let narrow: &[Pattern] = narrow.patterns(reading, Variables::Any);
        !narrow.is_empty() && narrow.iter().all(|n| wide.iter().any(|w| w.covers(n)))
    };
    covers(Reading::Strict) && covers(Reading::Loose) && covers(Reading::Wide)
}
