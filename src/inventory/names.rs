//! Names of principals in which parts may not be known.

/// A text in which each part that is not known is its own mark between these two characters.
pub(super) type Key = String;

pub(super) const OPEN: char = '\u{0}';
pub(super) const CLOSE: char = '\u{1}';

/// The mark of a hole in a key.
pub(super) fn mark(hole: usize) -> String {
    format!("{OPEN}{hole}{CLOSE}")
}

/// Whether two texts can be equal for some value of their holes.
pub(super) fn may_be(one: &str, other: &str) -> bool {
    if !one.contains(OPEN) && !other.contains(OPEN) {
        return one == other;
    }
    let start = |text: &str| text.split(OPEN).next().unwrap_or_default().to_owned();
    let end = |text: &str| {
        if text.contains(OPEN) {
            text.rsplit(CLOSE).next().unwrap_or_default().to_owned()
        } else {
            text.to_owned()
        }
    };
    let (first, second) = (start(one), start(other));
    let starts = first.starts_with(&second) || second.starts_with(&first);
    let (first, second) = (end(one), end(other));
    starts && (first.ends_with(&second) || second.ends_with(&first))
}
