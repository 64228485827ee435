//! Words of a pattern that need no search.

use super::{Pattern, Token};
use crate::matcher::class::Class;
use crate::matcher::symbol::Symbol;

impl Pattern {
    /// The first of its shortest words, where `fresh` comes before all other symbols and nothing names it; `None` where
    /// that takes a search.
    pub(in crate::matcher) fn first_word(&self, fresh: Symbol) -> Option<Vec<Symbol>> {
        self.word(false, |class| class.accepts(fresh).then_some(fresh))
    }

    /// Words of it, if it is not loose: with nothing and with one character in the place of each `*`.
    pub(crate) fn some_words(&self) -> [Option<Vec<Symbol>>; 2] {
        let first = |class: Class| class.first(|_| true).map(Symbol::char);
        [false, true].map(|filled| self.word(filled, first))
    }

    /// Whether a look at two of its words shows that another pattern does not match all of them: with nothing and with
    /// one character in the place of each `*`, characters that the other one does not name. True is certain, false is
    /// not.
    pub(super) fn shows_more_than(&self, other: &Pattern) -> bool {
        let named = |c: char| {
            1_u128
                .checked_shl(c as u32)
                .is_some_and(|bit| other.ascii & bit != 0)
        };
        let pick = |class: Class| {
            let unnamed = class.first(|c| c.is_ascii() && !named(c));
            unnamed.or_else(|| class.first(|_| true)).map(Symbol::char)
        };
        [true, false].into_iter().any(|filled| {
            let word = self.word(filled, pick);
            word.is_some_and(|word| !other.matches(&word))
        })
    }

    /// A word with characters that `pick` takes from the classes of wildcards, and with one in the place of each `*` or
    /// none.
    fn word(&self, filled: bool, pick: impl Fn(Class) -> Option<Symbol>) -> Option<Vec<Symbol>> {
        if self.loose {
            return None;
        }
        let mut word = Vec::with_capacity(self.tokens.len());
        for token in &*self.tokens {
            match token {
                Token::Symbol(symbol) => word.push(*symbol),
                Token::One(class) => word.push(pick(*class)?),
                Token::Run(class) if filled => word.push(pick(*class)?),
                Token::Run(_) => {}
            }
        }
        Some(word)
    }
}
