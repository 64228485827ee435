//! Wildcard patterns as token sequences: matching, covering, overlapping.
//!
//! ```
//! use pcluster_iam::matcher::Pattern;
//!
//! let queues = Pattern::glob("parallelcluster-*");
//! assert!(queues.matches_text("parallelcluster-a"));
//! assert!(queues.covers(&Pattern::glob("parallelcluster-?*-queue")));
//! assert!(!Pattern::glob("?*").covers(&Pattern::glob("*")));
//! ```
//!
//! Two patterns are compared in several ways. The fast ones need no search:
//!
//! | method | question | answer |
//! | --- | --- | --- |
//! | `covers` | is every word of the other one matched? | exact; no if the steps run out |
//! | `absorbs` | the same | fast; may say no where the answer is yes |
//! | `includes` | the same | as `absorbs`, also if the other pattern is loose |
//! | `overlaps` | do both match some word? | exact; may say yes if the steps run out |
//! | `may_meet` | the same | fast; may say yes where the answer is no |
//! | `is_apart_from` | do they match no common word? | fast; may say no where the answer is yes |

mod pairs;
mod shortest;
mod tokens;

use std::hash::{Hash, Hasher};
use std::mem;

use super::class::Class;
use super::search::{self, Alphabet, Answer, Budget, Clause, Union};
use super::symbol::Symbol;
use pairs::{Asked, Number};
pub use tokens::Token;
use tokens::{COLON, Fields};

/// Steps of the decision procedure for a question about two patterns.
const STEPS: u64 = 1_000_000;

/// A wildcard pattern in normal form: in a row of wildcards of one class the `?` come first and
/// there is at most one `*`.
#[derive(Clone, Debug)]
pub struct Pattern {
    number: Number,
    tokens: Box<[Token]>,
    loose: bool,
    /// The ASCII characters among the tokens, a bit for each.
    ascii: u128,
    /// Whether other symbols are among them.
    has_others: bool,
    fields: Option<Fields>,
    /// How many colons it names.
    colons: usize,
    /// Whether a wildcard accepts a colon.
    has_wide_wildcard: bool,
}

impl Pattern {
    /// A pattern from its tokens.
    pub fn new(mut tokens: Vec<Token>) -> Self {
        tokens::normalize(&mut tokens);
        let mut pattern = Pattern {
            number: pairs::number(),
            tokens: tokens.into(),
            loose: false,
            ascii: 0,
            has_others: false,
            fields: None,
            colons: 0,
            has_wide_wildcard: false,
        };
        pattern.fields = tokens::fields(&pattern.tokens);
        for token in &*pattern.tokens {
            match token {
                Token::Symbol(symbol) => {
                    pattern.colons += usize::from(*symbol == COLON);
                    match 1_u128.checked_shl(symbol.0) {
                        Some(bit) => pattern.ascii |= bit,
                        None => pattern.has_others = true,
                    }
                }
                Token::One(class) | Token::Run(class) => {
                    pattern.has_wide_wildcard |= class.accepts(COLON);
                }
            }
        }
        pattern
    }

    /// The same pattern, but a placeholder in the text is matched by whatever *might* equal its
    /// value. A pattern that is not loose matches a placeholder only where every value would match.
    #[must_use]
    pub fn loose(mut self) -> Self {
        self.number = pairs::number();
        self.loose = true;
        self
    }

    /// A pattern from text in which `*` and `?` are wildcards that match any character.
    pub fn glob(text: &str) -> Self {
        Pattern::new(
            text.chars()
                .map(|c| match c {
                    '*' => Token::Run(Class::ANY),
                    '?' => Token::One(Class::ANY),
                    c => Token::Symbol(Symbol::char(c)),
                })
                .collect(),
        )
    }

    /// The pattern that matches everything.
    pub fn everything() -> Self {
        Pattern {
            number: 0,
            tokens: Box::new([Token::Run(Class::ANY)]),
            loose: false,
            ascii: 0,
            has_others: false,
            fields: None,
            colons: 0,
            has_wide_wildcard: true,
        }
    }

    /// The tokens in normal form.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// True when the pattern is `*`.
    pub fn is_everything(&self) -> bool {
        matches!(&*self.tokens, [Token::Run(Class::ANY)])
    }

    /// True when the pattern holds no wildcard.
    pub fn is_literal(&self) -> bool {
        self.tokens.iter().all(|t| matches!(t, Token::Symbol(_)))
    }

    /// The service in the ARNs that it matches, where it is one.
    pub fn service(&self) -> Option<String> {
        let [_, before, end, ..] = self.fields?;
        let field = self.tokens.get(usize::from(before) + 1..usize::from(end))?;
        let char = |token: &Token| match token {
            Token::Symbol(symbol) => symbol.as_char(),
            Token::One(_) | Token::Run(_) => None,
        };
        field.iter().map(char).collect()
    }

    fn has_placeholder(&self) -> bool {
        let is_placeholder = |t: &Token| matches!(t, Token::Symbol(s) if s.as_char().is_none());
        self.has_others && self.tokens.iter().any(is_placeholder)
    }

    /// The ASCII characters that it names, a bit for each.
    pub(super) fn named_ascii(&self) -> u128 {
        self.ascii
    }

    /// The other symbols that it names.
    pub(super) fn named_others(&self) -> impl Iterator<Item = Symbol> + '_ {
        let tokens = self.tokens.iter().filter(|_| self.has_others);
        tokens.filter_map(|t| match t {
            Token::Symbol(s) if s.0 >= u128::BITS => Some(*s),
            _ => None,
        })
    }

    /// Whether the pattern matches a text.
    pub fn matches_text(&self, text: &str) -> bool {
        let word: Vec<Symbol> = text.chars().map(Symbol::char).collect();
        self.matches(&word)
    }

    /// Whether the pattern matches a word.
    pub fn matches(&self, word: &[Symbol]) -> bool {
        let words = self.state_words();
        let mut state = vec![0u64; words];
        let mut next = vec![0u64; words];
        // In front of the first wildcard there is nothing to choose.
        let same = |(token, symbol): &(&Token, &Symbol)| **token == Token::Symbol(**symbol);
        let start = if self.loose {
            0
        } else {
            self.tokens.iter().zip(word).take_while(same).count()
        };
        self.enter(start, &mut state);
        for symbol in word.iter().skip(start) {
            next.fill(0);
            self.step(&state, *symbol, &mut next);
            mem::swap(&mut state, &mut next);
            if state.iter().all(|w| *w == 0) {
                return false;
            }
        }
        self.accepts(&state)
    }

    /// Whether every word that `other` matches is matched by this pattern. Exact, but for hostile patterns, for which
    /// it may say no where the answer is yes.
    pub fn covers(&self, other: &Pattern) -> bool {
        self.covers_within(other, &mut Budget::steps(STEPS))
    }

    /// As [`covers`](Self::covers), with steps that several questions share: no where none are left.
    pub fn covers_within(&self, other: &Pattern, budget: &mut Budget) -> bool {
        // `other` matches at least one word, so patterns without a common word do not cover each other.
        self.absorbs(other)
            || self.may_meet(other) && !other.shows_more_than(self) && {
                let [required, forbidden] = [other, self].map(|p| vec![Union::of(vec![p])]);
                ask(required, forbidden, budget) == Answer::Nothing
            }
    }

    /// Whether some word is matched by both patterns. Exact, but for hostile patterns with loose placeholders, for
    /// which it may say yes where the answer is no.
    pub fn overlaps(&self, other: &Pattern) -> bool {
        if self.is_everything() || other.is_everything() {
            return true;
        }
        if self.is_apart_from(other) {
            return false;
        }
        if self.is_open_to(other) {
            let required = [self, other].map(|p| Union::of(vec![p])).into();
            return ask(required, Vec::new(), &mut Budget::steps(STEPS)) != Answer::Nothing;
        }
        self.meets(other)
    }

    /// Whether one pattern is loose and the other has a placeholder: then only a search can tell whether they overlap.
    pub(crate) fn is_open_to(&self, other: &Pattern) -> bool {
        self.loose && other.has_placeholder() || other.loose && self.has_placeholder()
    }

    /// Whether some word may be matched by both: as [`overlaps`](Self::overlaps), without a search.
    pub(crate) fn may_meet(&self, other: &Pattern) -> bool {
        self.is_everything()
            || other.is_everything()
            || !self.is_apart_from(other) && (self.is_open_to(other) || self.meets(other))
    }

    /// As [`absorbs`](Self::absorbs), also where the other pattern is loose.
    pub(crate) fn includes(&self, other: &Pattern) -> bool {
        self.is_everything()
            || (self.loose || !other.loose)
                && pairs::once(Asked::Includes, self.number, other.number, || {
                    self.absorbs(other)
                })
    }

    /// Whether some word is matched by both, where a placeholder equals nothing but itself.
    fn meets(&self, other: &Pattern) -> bool {
        pairs::once(Asked::Meets, self.number, other.number, || {
            self.find_meeting(other)
        })
    }

    fn find_meeting(&self, other: &Pattern) -> bool {
        if let Some(mut fields) = self.by_field(other) {
            return fields.all(|(here, there)| tokens::meet(here, there));
        }
        // The words of a pattern whose wildcards accept no colon have as many as it names.
        let too_many =
            |some: &Pattern, all: &Pattern| !all.has_wide_wildcard && some.colons > all.colons;
        if too_many(self, other) || too_many(other, self) {
            return false;
        }
        if self.colons == other.colons && !(self.has_wide_wildcard && other.has_wide_wildcard) {
            let parts = |tokens| <[Token]>::split(tokens, |t| *t == Token::Symbol(COLON));
            let mut pairs = parts(&self.tokens).zip(parts(&other.tokens));
            return pairs.all(|(here, there)| tokens::meet(here, there));
        }
        tokens::meet(&self.tokens, &other.tokens)
    }

    /// The ARN fields of both patterns in pairs, the most distinctive first; `None` if one of them is not split into fields.
    fn by_field<'p>(
        &'p self,
        other: &'p Pattern,
    ) -> Option<impl Iterator<Item = (&'p [Token], &'p [Token])>> {
        let (ours, theirs) = (self.fields?, other.fields?);
        let part = |tokens: &'p [Token], colons: &Fields, field: usize| -> &'p [Token] {
            let before = field.checked_sub(1).and_then(|before| colons.get(before));
            let start = before.map_or(0, |colon| usize::from(*colon) + 1);
            let end = { colons.get(field) }.map_or(tokens.len(), |colon| usize::from(*colon));
            tokens.get(start..end).unwrap_or_default()
        };
        let both = move |field| {
            let ours = part(&self.tokens, &ours, field);
            (ours, part(&other.tokens, &theirs, field))
        };
        Some([2, 3, 4, 5, 1, 0].into_iter().map(both))
    }

    /// A sound, fast test that no word is matched by both: they begin or end with different characters.
    /// False does not mean that some word is.
    pub fn is_apart_from(&self, other: &Pattern) -> bool {
        fn differ<'t>(
            a: impl Iterator<Item = &'t Token>,
            b: impl Iterator<Item = &'t Token>,
        ) -> bool {
            for (a, b) in a.zip(b) {
                match (a, b) {
                    (Token::Symbol(a), Token::Symbol(b)) if a == b => {}
                    (Token::Symbol(a), Token::Symbol(b)) => {
                        return a.as_char().is_some() && b.as_char().is_some();
                    }
                    _ => return false,
                }
            }
            false
        }
        differ(self.tokens.iter(), other.tokens.iter())
            || differ(self.tokens.iter().rev(), other.tokens.iter().rev())
    }

    /// A sound, fast test of [`covers`](Self::covers): each wildcard of `other` is taken up whole by
    /// one wildcard of this pattern. False does not mean that the pattern does not cover.
    pub fn absorbs(&self, other: &Pattern) -> bool {
        if self.is_everything() || self == other {
            return true;
        }
        // In a loose pattern a placeholder of the other may be matched across fields.
        if !(self.loose && other.has_others)
            && let Some(mut fields) = self.by_field(other)
        {
            return fields.all(|(here, there)| tokens::absorb(here, there));
        }
        let words = self.state_words();
        let mut state = vec![0u64; words];
        let mut next = vec![0u64; words];
        self.start(&mut state);
        for token in &*other.tokens {
            next.fill(0);
            match *token {
                Token::Symbol(symbol) => self.step(&state, symbol, &mut next),
                Token::One(class) => self.for_each(&state, |i, here| match here {
                    Token::One(c) if c.includes(class) => self.enter(i + 1, &mut next),
                    Token::Run(c) if c.includes(class) => self.enter(i, &mut next),
                    _ => {}
                }),
                Token::Run(class) => self.for_each(&state, |i, here| match here {
                    Token::Run(c) if c.includes(class) => self.enter(i, &mut next),
                    _ => {}
                }),
            }
            mem::swap(&mut state, &mut next);
            if state.iter().all(|w| *w == 0) {
                return false;
            }
        }
        self.accepts(&state)
    }

    /// How many `u64` hold a set of positions.
    pub(super) fn state_words(&self) -> usize {
        self.tokens.len() / 64 + 1
    }

    /// Adds the positions before the first symbol.
    pub(super) fn start(&self, state: &mut [u64]) {
        self.enter(0, state);
    }

    /// True when the set holds the position after the last token.
    pub(super) fn accepts(&self, state: &[u64]) -> bool {
        let end = self.tokens.len();
        state
            .get(end / 64)
            .is_some_and(|w| w >> (end % 64) & 1 == 1)
    }

    /// True when the set holds a position from which every word is matched.
    pub(super) fn takes_all(&self, state: &[u64]) -> bool {
        let last = self.tokens.len().wrapping_sub(1);
        self.tokens.last() == Some(&Token::Run(Class::ANY))
            && state
                .get(last / 64)
                .is_some_and(|w| w >> (last % 64) & 1 == 1)
    }

    /// Drops the positions before the last `*` of the set that takes any symbol: from there at least as much is
    /// matched.
    pub(super) fn trim(&self, state: &mut [u64]) {
        let mut last = None;
        self.for_each(state, |i, token| {
            if token == Token::Run(Class::ANY) {
                last = Some(i);
            }
        });
        let Some(last) = last else { return };
        for word in state.iter_mut().take(last / 64) {
            *word = 0;
        }
        if let Some(word) = state.get_mut(last / 64) {
            *word &= u64::MAX << (last % 64);
        }
    }

    /// Adds the symbols that tokens at these positions name.
    pub(super) fn add_next(&self, state: &[u64], symbols: &mut Vec<Symbol>) {
        self.for_each(state, |_, token| {
            if let Token::Symbol(s) = token {
                symbols.push(s);
            }
        });
    }

    /// The symbols that lead on from a set of positions, when nothing but these can stand there; else `None`.
    pub(super) fn literal_symbols(&self, state: &[u64]) -> Option<Vec<Symbol>> {
        let mut symbols = Vec::new();
        // In a loose pattern a placeholder may match this part.
        let mut wild = self.loose;
        self.for_each(state, |_, token| match token {
            Token::Symbol(s) if !symbols.contains(&s) => symbols.push(s),
            Token::Symbol(_) => {}
            _ => wild = true,
        });
        (!wild).then_some(symbols)
    }

    /// Adds the positions reached from `state` by one symbol to `next`.
    pub(super) fn step(&self, state: &[u64], symbol: Symbol, next: &mut [u64]) {
        let unknown = symbol.as_placeholder().is_some();
        self.for_each(state, |i, _| {
            if let Some(after) = tokens::after(&self.tokens, i, symbol) {
                self.enter(after, next);
            }
            if unknown && self.loose {
                for later in i + 1..=self.tokens.len() {
                    self.enter(later, next);
                }
            }
        });
    }

    fn for_each(&self, state: &[u64], mut visit: impl FnMut(usize, Token)) {
        for (word, bits) in state.iter().enumerate() {
            let mut bits = *bits;
            while bits != 0 {
                let i = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                if let Some(token) = self.tokens.get(i) {
                    visit(i, *token);
                }
            }
        }
    }

    /// Adds a position, and those behind it that an empty run reaches.
    fn enter(&self, position: usize, state: &mut [u64]) {
        let mut i = position;
        loop {
            if let Some(word) = state.get_mut(i / 64) {
                *word |= 1 << (i % 64);
            }
            if !matches!(self.tokens.get(i), Some(Token::Run(_))) {
                return;
            }
            i += 1;
        }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number || self.loose == other.loose && self.tokens == other.tokens
    }
}

impl Eq for Pattern {}

impl Hash for Pattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.tokens.hash(state);
    }
}

/// Looks for a word of a clause.
fn ask<'a>(required: Vec<Union<'a>>, forbidden: Vec<Union<'a>>, budget: &mut Budget) -> Answer {
    let unions = required.iter().chain(&forbidden);
    let patterns: Vec<&Pattern> = unions.flat_map(|u| &u.members).copied().collect();
    let alphabet = || Alphabet::of(patterns.iter().copied());
    let clause = Clause {
        required,
        forbidden,
    };
    search::find(&[clause], &alphabet, search::Goal::Any, budget)
}
