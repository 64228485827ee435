//! The decision procedure: which combinations of patterns some word is matched by.
//!
//! All patterns are run side by side over one word (the subset construction, made lazily, over the
//! symbols of the patterns at hand plus one that none of them names). Breadth first, so the first
//! word that shows an answer is a shortest one. A [`Budget`] bounds the work.

use std::hash::{BuildHasherDefault, Hasher};

use indexmap::IndexMap;

use super::class::alphabet;
use super::pattern::{Pattern, Symbol};

/// A bound on the work of [`search`], in steps of single patterns. What is left carries over from
/// one search to the next.
#[derive(Clone, Debug)]
pub struct Budget {
    left: u64,
}

impl Budget {
    /// A bound of this many steps; a million take some ten milliseconds.
    pub fn steps(steps: u64) -> Self {
        Budget { left: steps }
    }

    /// Takes at most `steps` from this budget for one question.
    #[must_use]
    pub fn share(&self, steps: u64) -> Self {
        Budget {
            left: self.left.min(steps),
        }
    }

    /// Takes steps away; false where so many are not left.
    pub fn pay(&mut self, steps: u64) -> bool {
        let enough = self.left >= steps;
        self.left = self.left.saturating_sub(steps);
        enough
    }

    /// Pays for what a share of this budget used.
    pub fn settle(&mut self, before: u64, share: &Budget) {
        self.left = self.left.saturating_sub(before.saturating_sub(share.left));
    }

    /// Steps left.
    pub fn left(&self) -> u64 {
        self.left
    }
}

/// Which patterns match the word at hand.
pub struct Accepted<'a> {
    patterns: &'a [&'a Pattern],
    offsets: &'a [usize],
    state: &'a [u64],
}

impl Accepted<'_> {
    /// Whether the pattern with this index matches the word.
    pub fn is(&self, pattern: usize) -> bool {
        let (Some(p), Some(at)) = (self.patterns.get(pattern), self.offsets.get(pattern)) else {
            return false;
        };
        self.state
            .get(*at..at + p.state_words())
            .is_some_and(|s| p.accepts(s))
    }

    /// Whether any of these patterns matches the word.
    pub fn any(&self, patterns: &[usize]) -> bool {
        patterns.iter().any(|p| self.is(*p))
    }
}

/// What a search found: for each bit asked for, a shortest word that shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    words: Vec<(u32, Vec<Symbol>)>,
    /// False when the budget ended before every word was considered.
    pub complete: bool,
}

impl Found {
    /// Nothing was found, and there is nothing to find.
    pub fn none() -> Self {
        Found {
            words: Vec::new(),
            complete: true,
        }
    }

    /// All bits that were shown.
    pub fn bits(&self) -> u32 {
        self.words.iter().fold(0, |all, (bits, _)| all | bits)
    }

    /// A shortest word for this bit.
    pub fn word(&self, bit: u32) -> Option<&[Symbol]> {
        self.words
            .iter()
            .find(|(bits, _)| bits & bit != 0)
            .map(|(_, word)| word.as_slice())
    }

    /// Whether a word for this bit was found.
    pub fn has(&self, bit: u32) -> bool {
        self.word(bit).is_some()
    }
}

/// A multiplicative hash of machine words: the keys are bit sets made here, never input.
#[derive(Default)]
struct WordHasher(u64);

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let word = chunk.iter().fold(0u64, |w, b| w << 8 | u64::from(*b));
            self.write_u64(word);
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 29;
    }
}

/// The states reached so far, in the order in which they were reached, each with the one that it was reached from and
/// by which symbol.
type States = IndexMap<Box<[u64]>, (u32, Symbol), BuildHasherDefault<WordHasher>>;

/// States of more words than this are kept without the words that are zero: of many patterns most are soon out.
const DENSE: usize = 16;

/// A state as it is kept: word by word, or each word that is not zero behind its index.
fn pack(state: &[u64], packed: &mut Vec<u64>) {
    packed.clear();
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

/// Bound on the memory of one search, in machine words.
const MEMORY: usize = 1 << 21;
/// What a state takes beside its positions, in machine words.
const STATE_OVERHEAD: usize = 8;

/// Looks for words that at least one pattern of every group in `alive` can match, and asks `observe`
/// for the bits that each such word shows. Ends when all `wanted` bits were seen, when no word is
/// left, or when the budget is spent. `observe` is asked about every word that is distinguishable
/// by the patterns, whether the groups match it or not.
pub fn search(
    patterns: &[&Pattern],
    alive: &[&[usize]],
    wanted: u32,
    budget: &mut Budget,
    mut observe: impl FnMut(&Accepted<'_>) -> u32,
) -> Found {
    let mut offsets = Vec::with_capacity(patterns.len());
    let mut width = 0;
    for pattern in patterns {
        offsets.push(width);
        width += pattern.state_words();
    }
    let alphabet = alphabet(patterns);
    // The group whose wildcards decide which symbols can come next.
    let guide = alive
        .iter()
        .find(|group| group.len() == 1)
        .and_then(|group| group.first())
        .copied();

    let mut first = vec![0u64; width];
    for (pattern, at) in patterns.iter().zip(&offsets) {
        if let Some(state) = first.get_mut(*at..at + pattern.state_words()) {
            pattern.start(state);
        }
    }
    let mut found = Found {
        words: Vec::new(),
        complete: true,
    };
    let mut missing = wanted;
    let mut states = States::default();
    let mut packed = Vec::with_capacity(width);
    pack(&first, &mut packed);
    states.insert(packed.as_slice().into(), (u32::MAX, Symbol::char('\0')));
    let mut memory = 0;

    let mut at = 0;
    let mut state = first;
    let mut next = vec![0u64; width];
    while let Some((found_state, _)) = states.get_index(at) {
        unpack(found_state, &mut state);
        let bits = observe(&Accepted {
            patterns,
            offsets: &offsets,
            state: &state,
        }) & missing;
        if bits != 0 {
            found.words.push((bits, spell(&states, at)));
            missing &= !bits;
            if missing == 0 {
                return found;
            }
        }
        // Patterns that are out cost next to nothing.
        let live = state.iter().filter(|w| **w != 0).count();
        let cost = (live + width / 16 + 1) as u64;
        let narrowed = guide.and_then(|g| {
            let pattern = patterns.get(g)?;
            let at = *offsets.get(g)?;
            pattern.literal_symbols(state.get(at..at + pattern.state_words())?)
        });
        for symbol in narrowed.as_deref().unwrap_or(&alphabet) {
            if budget.left < cost || memory > MEMORY {
                budget.left = 0;
                found.complete = false;
                return found;
            }
            budget.left -= cost;
            next.fill(0);
            for (pattern, at) in patterns.iter().zip(&offsets) {
                let range = *at..at + pattern.state_words();
                if let (Some(from), Some(to)) = (state.get(range.clone()), next.get_mut(range))
                    && from.iter().any(|w| *w != 0)
                {
                    pattern.step(from, *symbol, to);
                }
            }
            let lives = |p: &usize| {
                patterns
                    .get(*p)
                    .zip(offsets.get(*p))
                    .is_some_and(|(pattern, at)| {
                        next.get(*at..at + pattern.state_words())
                            .is_some_and(|s| s.iter().any(|w| *w != 0))
                    })
            };
            if alive.iter().all(|group| group.iter().any(lives)) {
                pack(&next, &mut packed);
                if !states.contains_key(packed.as_slice()) {
                    memory += packed.len() + STATE_OVERHEAD;
                    states.insert(packed.as_slice().into(), (at as u32, *symbol));
                }
            }
        }
        at += 1;
    }
    found
}

/// Runs every pattern over one word.
pub fn judge(
    patterns: &[&Pattern],
    word: &[Symbol],
    mut observe: impl FnMut(&Accepted<'_>) -> u32,
) -> u32 {
    let mut offsets = Vec::with_capacity(patterns.len());
    let mut state = Vec::new();
    for pattern in patterns {
        offsets.push(state.len());
        let mut now = vec![0u64; pattern.state_words()];
        pattern.start(&mut now);
        for symbol in word {
            let mut next = vec![0u64; pattern.state_words()];
            pattern.step(&now, *symbol, &mut next);
            now = next;
        }
        state.extend(now);
    }
    observe(&Accepted {
        patterns,
        offsets: &offsets,
        state: &state,
    })
}

fn spell(states: &States, at: usize) -> Vec<Symbol> {
    let mut word = Vec::new();
    let mut at = at;
    while let Some((_, (parent, symbol))) = states.get_index(at) {
        if *parent == u32::MAX {
            break;
        }
        word.push(*symbol);
        at = *parent as usize;
    }
    word.reverse();
    word
}
