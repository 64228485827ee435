//! The states of a search, packed.

use std::hash::BuildHasher;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::Budget;
use crate::matcher::symbol::Symbol;

/// Bound on the memory of one search, in machine words.
const MEMORY: usize = 1 << 21;

/// The size of a state without its positions, in machine words.
const STATE_OVERHEAD: usize = 12;

/// From more `u64`s than this on, only those that are not zero are stored: most patterns soon have no position left.
const DENSE: usize = 16;

/// A state that was reached: how, and where its positions are kept.
pub(super) struct Node {
    pub(super) from: u32,
    pub(super) symbol: Symbol,
    pub(super) depth: u32,
    pub(super) start: usize,
    pub(super) end: usize,
    /// The one before it whose positions of what is required have the same hash.
    pub(super) alike: u32,
}

/// No node.
const NONE: u32 = u32::MAX;

/// The states reached so far, in the order in which they were reached.
#[derive(Default)]
pub(super) struct States {
    pub(super) nodes: Vec<Node>,
    /// The positions of each node: those of required patterns one `u64` after another, then those of forbidden
    /// patterns, packed.
    pub(super) words: Vec<u64>,
    /// The last node for each hash of the positions of what is required.
    pub(super) known: FxHashMap<u64, u32>,
}

impl States {
    /// Adds a state unless a known one is as good. Returns whether it was added.
    pub(super) fn add(
        &mut self,
        state: &[u64],
        split: usize,
        from: Option<(usize, Symbol)>,
        budget: &mut Budget,
    ) -> bool {
        let (required, forbidden) = state.split_at_checked(split).unwrap_or((state, &[]));
        let start = self.words.len();
        self.words.extend_from_slice(required);
        pack(forbidden, &mut self.words);
        let end = self.words.len();
        let dense = forbidden.len() <= DENSE;
        let index = self.nodes.len() as u32;
        let hash = FxBuildHasher.hash_one(required);
        let alike = self.known.insert(hash, index).unwrap_or(NONE);
        let new = self.words.get(start + split..end).unwrap_or_default();
        let mut compared = 0;
        let mut other = self.nodes.get(alike as usize);
        while let Some(node) = other {
            let old = self.words.get(node.start..node.end).unwrap_or_default();
            if let Some((_, old)) = old.split_at_checked(split).filter(|(r, _)| *r == required) {
                compared += 1 + new.len() as u64 / 8;
                if is_subset(old, new, dense) {
                    break;
                }
            }
            other = self.nodes.get(node.alike as usize);
        }
        let is_known = other.is_some();
        budget.pay(compared / 2);
        if is_known {
            self.known.insert(hash, alike);
            self.words.truncate(start);
            return false;
        }
        let (from, symbol) = from.map_or((NONE, Symbol::char('\0')), |(f, s)| (f as u32, s));
        let depth = self.nodes.get(from as usize).map_or(0, |n| n.depth + 1);
        self.nodes.push(Node {
            from,
            symbol,
            depth,
            start,
            end,
            alike,
        });
        true
    }

    pub(super) fn is_full(&self) -> bool {
        self.words.len() + STATE_OVERHEAD * self.nodes.len() > MEMORY
    }

    pub(super) fn depth(&self, at: usize) -> usize {
        self.nodes.get(at).map_or(0, |n| n.depth as usize)
    }

    /// The state with this index, written over another; false where there is none.
    pub(super) fn read(&self, at: usize, split: usize, state: &mut [u64]) -> bool {
        let Some(words) = self
            .nodes
            .get(at)
            .and_then(|n| self.words.get(n.start..n.end))
        else {
            return false;
        };
        let (Some((required, packed)), Some((to_required, to_forbidden))) = (
            words.split_at_checked(split),
            state.split_at_mut_checked(split),
        ) else {
            return false;
        };
        to_required.copy_from_slice(required);
        unpack(packed, to_forbidden);
        true
    }

    pub(super) fn spell(&self, at: usize) -> Vec<Symbol> {
        let mut word = Vec::new();
        let mut node = self.nodes.get(at);
        while let Some(here) = node.filter(|n| n.from != NONE) {
            word.push(here.symbol);
            node = self.nodes.get(here.from as usize);
        }
        word.reverse();
        word
    }
}

/// Positions as they are kept: word by word, or each word that is not zero behind its index.
fn pack(state: &[u64], packed: &mut Vec<u64>) {
    if state.len() <= DENSE {
        packed.extend_from_slice(state);
        return;
    }
    let words = state.iter().enumerate().filter(|(_, word)| **word != 0);
    packed.extend(words.flat_map(|(at, word)| [at as u64, *word]));
}

fn unpack(packed: &[u64], state: &mut [u64]) {
    if state.len() <= DENSE {
        state.copy_from_slice(packed);
        return;
    }
    state.fill(0);
    for pair in packed.chunks_exact(2) {
        if let [at, word] = pair
            && let Some(slot) = state.get_mut(*at as usize)
        {
            *slot = *word;
        }
    }
}

/// Whether all positions of one packed list are in another.
fn is_subset(one: &[u64], other: &[u64], dense: bool) -> bool {
    if dense {
        return one.iter().zip(other).all(|(a, b)| a & !b == 0);
    }
    let mut others = other.chunks_exact(2);
    one.chunks_exact(2).all(|pair| {
        let [at, word] = pair else { return false };
        let found = others.find(|o| o.first() >= Some(at));
        matches!(found, Some([a, w]) if a == at && word & !w == 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_compared_word_by_word() {
        for (one, other, expected) in [
            (&[][..], &[][..], true),
            (&[], &[3, 1], true),
            (&[3, 1], &[], false),
            (&[3, 1], &[3, 1], true),
            (&[3, 1], &[3, 0b11], true),
            (&[3, 0b11], &[3, 1], false),
            (&[3, 1], &[1, 1, 3, 1, 4, 1], true),
            (&[1, 1, 4, 1], &[1, 1, 3, 1, 4, 1], true),
            (&[3, 1], &[1, 1, 4, 1], false),
        ] {
            assert_eq!(is_subset(one, other, false), expected, "{one:?} {other:?}");
        }
    }
}
