//! Patterns run side by side over one string.

use super::Alphabet;
use crate::matcher::pattern::Pattern;
use crate::matcher::symbol::Symbol;

/// Patterns side by side: those required first, then those forbidden, and the guards of some of these.
pub(super) struct Machine<'p> {
    pub(super) patterns: Vec<&'p Pattern>,
    pub(super) offsets: Vec<usize>,
    pub(super) width: usize,
    /// The number of required patterns.
    pub(super) required: usize,
    /// The number of `u64`s that the positions of the required patterns take.
    pub(super) split: usize,
    /// The index of the first guard or guarded pattern: the number of required and forbidden ones.
    pub(super) members: usize,
    /// Guard and pattern.
    pub(super) guarded: Vec<(usize, usize)>,
}

impl<'p> Machine<'p> {
    pub(super) fn new(
        required: &[&'p Pattern],
        members: &[&'p Pattern],
        guarded: &[(&'p Pattern, &'p Pattern)],
    ) -> Self {
        let mut machine = Machine {
            patterns: Vec::with_capacity(required.len() + members.len()),
            offsets: Vec::with_capacity(required.len() + members.len()),
            width: 0,
            required: required.len(),
            split: 0,
            members: required.len() + members.len(),
            guarded: Vec::new(),
        };
        for p in required {
            machine.add(p);
        }
        machine.split = machine.width;
        for p in members {
            machine.add(p);
        }
        let mut guards: Vec<(&Pattern, usize)> = Vec::new();
        for (guard, pattern) in guarded {
            let known = guards.iter().find(|(g, _)| g == guard).map(|(_, at)| *at);
            let by = known.unwrap_or_else(|| {
                machine.add(guard);
                guards.push((guard, machine.patterns.len() - 1));
                machine.patterns.len() - 1
            });
            machine.add(pattern);
            machine.guarded.push((by, machine.patterns.len() - 1));
        }
        machine
    }

    pub(super) fn add(&mut self, pattern: &'p Pattern) {
        self.patterns.push(pattern);
        self.offsets.push(self.width);
        self.width += pattern.state_words();
    }

    pub(super) fn part<'s>(
        &self,
        pattern: usize,
        state: &'s [u64],
    ) -> Option<(&'p Pattern, &'s [u64])> {
        let (pattern, at) = (*self.patterns.get(pattern)?, *self.offsets.get(pattern)?);
        Some((pattern, state.get(at..at + pattern.state_words())?))
    }

    pub(super) fn is(&self, pattern: usize, state: &[u64]) -> bool {
        self.part(pattern, state).is_some_and(|(p, s)| p.accepts(s))
    }

    /// Whether the word is an answer.
    pub(super) fn accepts(&self, state: &[u64]) -> bool {
        (0..self.required).all(|p| self.is(p, state))
            && !(self.required..self.members).any(|p| self.is(p, state))
            && !{ self.guarded.iter() }.any(|(g, p)| self.is(*g, state) && self.is(*p, state))
    }

    /// Whether the word may become one.
    pub(super) fn is_open(&self, state: &[u64]) -> bool {
        let lives = |p| {
            self.part(p, state)
                .is_some_and(|(_, s)| s.iter().any(|w| *w != 0))
        };
        let takes_all = |p| self.part(p, state).is_some_and(|(p, s)| p.takes_all(s));
        (0..self.required).all(lives) && !(self.required..self.members).any(takes_all)
    }

    /// The patterns that may still match.
    pub(super) fn live(&self, state: &[u64], live: &mut Vec<usize>) {
        live.clear();
        let lives = |p: &usize| {
            self.part(*p, state)
                .is_some_and(|(_, s)| s.iter().any(|w| *w != 0))
        };
        live.extend((0..self.patterns.len()).filter(lives));
    }

    pub(super) fn step(&self, state: &[u64], symbol: Symbol, live: &[usize], next: &mut [u64]) {
        next.fill(0);
        for index in live {
            let (Some((pattern, from)), Some(at)) =
                (self.part(*index, state), self.offsets.get(*index))
            else {
                continue;
            };
            if let Some(to) = next.get_mut(*at..at + pattern.state_words()) {
                pattern.step(from, symbol, to);
                pattern.trim(to);
            }
        }
    }

    /// The symbols to go on with. What only a forbidden pattern names is no better than `fresh`.
    pub(super) fn symbols(&self, state: &[u64], alphabet: &Alphabet, symbols: &mut Vec<Symbol>) {
        symbols.clear();
        let parts = || (0..self.required).filter_map(|p| self.part(p, state));
        if let Some(literal) = parts().find_map(|(p, s)| p.literal_symbols(s)) {
            symbols.extend(literal);
        } else {
            symbols.push(alphabet.fresh);
            symbols.extend(&alphabet.special);
            for (pattern, state) in parts() {
                pattern.add_next(state, symbols);
            }
        }
        symbols.sort_unstable_by_key(|s| alphabet.rank(*s));
        symbols.dedup();
    }
}
