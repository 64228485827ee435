//! Conditions that are not known, and the conditions that follow from one of them.

use rustc_hash::FxHashMap;

/// The most facts that follow from others.
const MOST: usize = 100;
/// The deepest condition that is taken apart.
const DEEPEST: u8 = 8;

/// A condition by its hole, and whether it holds.
pub(super) type Fact = (usize, bool);

/// The conditions that consist of others: the parts of each hold where it holds.
#[derive(Default)]
pub(super) struct Conditions {
    /// With whether nothing else decides.
    parts: FxHashMap<usize, (Vec<Fact>, bool)>,
}

impl Conditions {
    /// Notes what a condition consists of; `are_all` is true where it holds whenever all of that does.
    pub(super) fn note(&mut self, hole: usize, parts: Vec<Fact>, are_all: bool) {
        if parts.iter().all(|(part, _)| *part != hole) {
            self.parts.insert(hole, (parts, are_all));
        }
    }

    /// These facts, and those that follow from them.
    pub(super) fn follow(&self, facts: impl IntoIterator<Item = Fact>) -> Vec<Fact> {
        let mut all: Vec<Fact> = facts.into_iter().collect();
        let mut at = 0;
        while let Some((hole, is_true)) = all.get(at).copied()
            && all.len() < MOST
        {
            at += 1;
            let new: Vec<Fact> = match (is_true, self.parts.get(&hole)) {
                (true, Some((parts, _))) => parts.clone(),
                (false, Some((parts, true))) => match parts.as_slice() {
                    [(part, value)] => vec![(*part, !value)],
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            };
            for fact in new {
                if !all.contains(&fact) {
                    all.push(fact);
                }
            }
        }
        all
    }

    /// Whether a condition surely is what it has to be.
    pub(super) fn holds(&self, facts: &[Fact], need: Fact) -> bool {
        self.holds_within(facts, need, DEEPEST)
    }

    fn holds_within(&self, facts: &[Fact], need: Fact, depth: u8) -> bool {
        if facts.contains(&need) {
            return true;
        }
        let (hole, is_true) = need;
        let Some((parts, are_all)) = self.parts.get(&hole).filter(|_| depth > 0) else {
            return false;
        };
        if is_true {
            *are_all && { parts.iter() }.all(|part| self.holds_within(facts, *part, depth - 1))
        } else {
            { parts.iter() }
                .any(|(part, value)| self.holds_within(facts, (*part, !value), depth - 1))
        }
    }
}
