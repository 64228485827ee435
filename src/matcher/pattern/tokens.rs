//! Rows of tokens: their normal form, their fields, and whether two match a word together or one takes up the other.

use std::mem;

use crate::matcher::class::Class;
use crate::matcher::symbol::Symbol;

/// One element of a [`Pattern`](super::Pattern).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Token {
    /// Exactly this symbol.
    Symbol(Symbol),
    /// Exactly one symbol of the class: `?`.
    One(Class),
    /// Any number of symbols of the class, also none: `*`.
    Run(Class),
}

/// Between the fields of an ARN.
pub(super) const COLON: Symbol = Symbol::char(':');

/// The positions of the first five colons of a pattern in which no wildcard before the last of them accepts a colon: the
/// fields of an ARN. Two such patterns match a word together only field by field.
pub(super) type Fields = [u16; 5];

/// The positions of the colons between the fields of an ARN.
pub(super) fn fields(tokens: &[Token]) -> Option<Fields> {
    let mut fields = Fields::default();
    let mut open = fields.iter_mut();
    let mut next = open.next()?;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Symbol(symbol) if *symbol == COLON => {
                *next = u16::try_from(at).ok()?;
                match open.next() {
                    Some(field) => next = field,
                    None => return Some(fields),
                }
            }
            Token::One(class) | Token::Run(class) if class.accepts(COLON) => return None,
            Token::Symbol(_) | Token::One(_) | Token::Run(_) => {}
        }
    }
    None
}

/// Brings tokens into normal form where they stand.
pub(super) fn normalize(tokens: &mut Vec<Token>) {
    tokens.dedup_by(|token, last| match (*last, *token) {
        (Token::Run(a), Token::Run(b)) => a == b,
        (Token::Run(a), Token::One(b)) if a == b => {
            mem::swap(token, last);
            false
        }
        _ => false,
    });
}

/// Whether some word is matched by both: walks both side by side, pair of positions by pair of positions.
pub(super) fn meet(ours: &[Token], theirs: &[Token]) -> bool {
    let alike = |(a, b): &(&Token, &Token)| a == b && matches!(a, Token::Symbol(_));
    let head = ours.iter().zip(theirs).take_while(alike).count();
    let (ours, theirs) = (
        ours.get(head..).unwrap_or_default(),
        theirs.get(head..).unwrap_or_default(),
    );
    match (ours, theirs) {
        ([], []) => return true,
        ([Token::Symbol(a), ..], [Token::Symbol(b), ..]) if a != b => return false,
        ([], [Token::Symbol(_) | Token::One(_), ..])
        | ([Token::Symbol(_) | Token::One(_), ..], []) => {
            return false;
        }
        _ => {}
    }
    let width = theirs.len() + 1;
    let pairs = (ours.len() + 1) * width;
    // One bit for each pair; those of ordinary patterns need no memory of their own.
    let mut few = [0_u64; 64];
    let mut many = Vec::new();
    let seen = if pairs <= 64 * few.len() {
        few.as_mut_slice()
    } else {
        many.resize(pairs.div_ceil(64), 0_u64);
        many.as_mut_slice()
    };
    let mut open = Vec::with_capacity(16);
    open.push((0, 0));
    while let Some((i, j)) = open.pop() {
        let pair = i * width + j;
        match seen.get_mut(pair / 64) {
            Some(seen) if *seen >> (pair % 64) & 1 == 0 => *seen |= 1 << (pair % 64),
            _ => continue,
        }
        let (here, there) = (ours.get(i), theirs.get(j));
        if let Some(Token::Run(_)) = here {
            open.push((i + 1, j));
        }
        if let Some(Token::Run(_)) = there {
            open.push((i, j + 1));
        }
        match (here, there) {
            (None, None) => return true,
            (Some(Token::Symbol(s)), _) => {
                open.extend(after(theirs, j, *s).map(|next| (i + 1, next)));
            }
            (_, Some(Token::Symbol(s))) => {
                open.extend(after(ours, i, *s).map(|next| (next, j + 1)));
            }
            // Two wildcards that share a character.
            (Some(Token::One(a)), Some(Token::One(b))) if a.meets(*b) => {
                open.push((i + 1, j + 1));
            }
            (Some(Token::One(a)), Some(Token::Run(b))) if a.meets(*b) => open.push((i + 1, j)),
            (Some(Token::Run(a)), Some(Token::One(b))) if a.meets(*b) => open.push((i, j + 1)),
            // One has ended, or both wait for the other: the empty runs above lead on.
            _ => {}
        }
    }
    false
}

/// The position after one symbol from position `i`, in a pattern that is not loose.
pub(super) fn after(tokens: &[Token], i: usize, symbol: Symbol) -> Option<usize> {
    match *tokens.get(i)? {
        Token::Symbol(s) => (s == symbol).then_some(i + 1),
        Token::Run(class) => class.accepts(symbol).then_some(i),
        // A placeholder stands for several characters: `?` alone does not match every value, `?*` does.
        Token::One(class) if symbol.as_placeholder().is_some() => {
            (tokens.get(i + 1) == Some(&Token::Run(class))).then_some(i + 1)
        }
        Token::One(class) => class.accepts(symbol).then_some(i + 1),
    }
}

/// Whether each token of the other row is taken up whole by tokens of ours, one after the other.
pub(super) fn absorb(ours: &[Token], theirs: &[Token]) -> bool {
    if ours == theirs {
        return true;
    }
    let is_literal = |tokens: &[Token]| tokens.iter().all(|t| matches!(t, Token::Symbol(_)));
    if is_literal(ours) {
        return false;
    }
    let mut state = Vec::with_capacity(8);
    let mut next = Vec::with_capacity(8);
    enter(ours, 0, &mut state);
    for token in theirs {
        next.clear();
        for i in state.drain(..) {
            let after = match (*token, ours.get(i)) {
                (Token::Symbol(symbol), _) => after(ours, i, symbol),
                (Token::One(class), Some(Token::One(c))) if c.includes(class) => Some(i + 1),
                (Token::One(class) | Token::Run(class), Some(Token::Run(c)))
                    if c.includes(class) =>
                {
                    Some(i)
                }
                _ => None,
            };
            if let Some(after) = after {
                enter(ours, after, &mut next);
            }
        }
        mem::swap(&mut state, &mut next);
        if state.is_empty() {
            return false;
        }
    }
    state.contains(&ours.len())
}

/// Adds a position, and those behind it that an empty run reaches. Positions come in order.
fn enter(tokens: &[Token], position: usize, state: &mut Vec<usize>) {
    for i in position..=tokens.len() {
        if state.last().is_none_or(|last| *last < i) {
            state.push(i);
        }
        if !matches!(tokens.get(i), Some(Token::Run(_))) {
            return;
        }
    }
}
