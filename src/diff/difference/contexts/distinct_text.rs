//! Texts that distinguish the patterns of conditions.

use super::{MOST_CELLS, pattern};
use crate::diff::difference::opaque;
use crate::matcher::condition::{Comparison, KeyValue, Test};
use crate::matcher::search::{self, Alphabet, Answer, Budget, Clause, Goal, Union};
use crate::matcher::template::Placeholders;
use crate::matcher::{Class, Pattern, Piece, Pieces, Symbol, Token};

/// The word in lower case.
fn fold(word: &[Symbol]) -> Vec<Symbol> {
    let lower = |symbol: &Symbol| -> Vec<Symbol> {
        match symbol.as_char() {
            Some(c) => c.to_lowercase().map(Symbol::char).collect(),
            None => vec![*symbol],
        }
    };
    word.iter().flat_map(lower).collect()
}

fn literal(value: &Pieces) -> Vec<Symbol> {
    let one = |(piece, _): &(Piece, _)| match piece {
        Piece::Char(c) => Symbol::char(*c),
        Piece::Star | Piece::Word => Symbol::char('*'),
        Piece::Question => Symbol::char('?'),
        Piece::Variable { name, .. } | Piece::Placeholder(name) => Symbol::placeholder(*name),
    };
    value.iter().map(one).collect()
}

/// A text of each cell, and which of the lines list it. A key that is Boolean is true or false.
pub(super) fn texts(
    tests: &[&Test],
    fact: &KeyValue,
    is_boolean: bool,
    placeholders: &Placeholders,
    budget: &mut Budget,
) -> Option<Vec<(Vec<String>, Vec<bool>)>> {
    let comparison = |test: &Test| test.operator.map(|o| o.comparison);
    let folds = |test: &&&Test| {
        matches!(
            comparison(test),
            Some(Comparison::EqualsIgnoreCase | Comparison::Bool)
        )
    };
    let exact: Vec<(usize, Vec<Pattern>)> = { tests.iter().enumerate() }
        .filter_map(|(at, test)| {
            let comparison = comparison(test)?;
            let is_exact = matches!(
                comparison,
                Comparison::Equals | Comparison::Like | Comparison::Arn
            );
            let values = test.values.iter();
            is_exact.then(|| (at, values.filter_map(|v| pattern(comparison, v)).collect()))
        })
        .collect();
    let folded: Vec<&&Test> = tests.iter().filter(folds).collect();
    let is_wild = |p: &Pattern| !p.is_literal();
    let has_wild = exact
        .iter()
        .any(|(_, patterns)| patterns.iter().any(is_wild));
    if !folded.is_empty() && has_wild {
        return None;
    }
    let base = match fact {
        KeyValue::Values(values) => values.first().cloned().unwrap_or_else(Pattern::everything),
        _ => Pattern::everything(),
    };
    let mut words = divide(&exact, &base, budget)?;
    words.extend(spellings(&folded, &exact));
    words.push(Vec::new());
    words.retain(|word| base.matches(word));
    let are_bool = { tests.iter() }
        .all(|t| matches!(comparison(t), Some(Comparison::Bool | Comparison::Null)));
    if is_boolean && are_bool {
        words = ["true", "false"]
            .map(|t| t.chars().map(Symbol::char).collect())
            .to_vec();
        words.retain(|word| base.matches(word));
    }
    let held = words.into_iter().map(|word| {
        let lower = fold(&word);
        let truths = tests.iter().enumerate().map(|(at, test)| {
            if folds(&test) {
                let mut values = test.values.iter();
                return values.any(|v| fold(&literal(&opaque(v))) == lower);
            }
            let mut own = exact.iter().filter(|(of, _)| *of == at);
            own.any(|(_, patterns)| patterns.iter().any(|p| p.matches(&word)))
        });
        (vec![spell(&word, placeholders)], truths.collect())
    });
    Some(held.collect())
}

/// A word for each combination of lines that can list it.
fn divide(
    lines: &[(usize, Vec<Pattern>)],
    base: &Pattern,
    budget: &mut Budget,
) -> Option<Vec<Vec<Symbol>>> {
    let some = Pattern::new(vec![Token::One(Class::ANY), Token::Run(Class::ANY)]);
    let all = lines.iter().flat_map(|(_, patterns)| patterns);
    let known: Vec<&Pattern> = all.chain([base, &some]).collect();
    let alphabet = || Alphabet::of(known.iter().copied());
    let start = Clause {
        required: vec![Union::of(vec![base]), Union::of(vec![&some])],
        forbidden: Vec::new(),
    };
    let mut clauses = vec![(start, Vec::new())];
    for (_, patterns) in lines {
        let union = Union::of(patterns.iter().collect());
        let mut next = Vec::new();
        for (clause, _) in clauses {
            let mut inside = clause.clone();
            inside.required.push(union.clone());
            let mut outside = clause;
            outside.forbidden.push(union.clone());
            for clause in [inside, outside] {
                let found = search::find(
                    std::slice::from_ref(&clause),
                    &alphabet,
                    Goal::Shortest,
                    budget,
                );
                match found {
                    Answer::Nothing => {}
                    Answer::Undecided => return None,
                    Answer::Word(word) => next.push((clause, word)),
                }
            }
            if next.len() > MOST_CELLS {
                return None;
            }
        }
        clauses = next;
    }
    Some(clauses.into_iter().map(|(_, word)| word).collect())
}

/// Texts that lines without regard to case list, in spellings that other lines tell apart, and one that none lists.
fn spellings(folded: &[&&Test], exact: &[(usize, Vec<Pattern>)]) -> Vec<Vec<Symbol>> {
    if folded.is_empty() {
        return Vec::new();
    }
    let mut words: Vec<Vec<Symbol>> = Vec::new();
    for value in folded.iter().flat_map(|test| &test.values) {
        let word = literal(&opaque(value));
        let flip = |at: usize| -> Vec<Symbol> {
            let one = word
                .iter()
                .enumerate()
                .map(|(i, symbol)| match symbol.as_char() {
                    Some(c) if i == at && c.is_ascii_lowercase() => {
                        Symbol::char(c.to_ascii_uppercase())
                    }
                    Some(c) if i == at => Symbol::char(c.to_ascii_lowercase()),
                    _ => *symbol,
                });
            one.collect()
        };
        // More spellings than the other lines list: one of them is left.
        let lower = fold(&word);
        words.push(word.clone());
        words.push(lower);
        words.extend((0..word.len()).map(flip));
        if let Some(first) = word.first().filter(|_| word.len() > 1) {
            let mut rest: Vec<Symbol> = vec![*first];
            rest.extend(word.iter().skip(1).map(|s| match s.as_char() {
                Some(c) => Symbol::char(c.to_ascii_uppercase()),
                None => *s,
            }));
            words.push(rest);
        }
    }
    let listed: Vec<Vec<Symbol>> = words.iter().map(|w| fold(w)).collect();
    let mut others =
        (0..).map(|n| -> Vec<Symbol> { format!("other-{n}").chars().map(Symbol::char).collect() });
    let is_free = |word: &Vec<Symbol>| {
        !listed.contains(word)
            && !exact
                .iter()
                .any(|(_, patterns)| patterns.iter().any(|p| p.matches(word)))
    };
    words.extend(others.find(is_free));
    words
}

fn spell(word: &[Symbol], placeholders: &Placeholders) -> String {
    let mut out = String::with_capacity(word.len());
    for symbol in word {
        match (symbol.as_char(), symbol.as_placeholder()) {
            (Some(c), _) => out.push(c),
            (None, Some(n)) => out.extend(["${", placeholders.name(n), "}"]),
            (None, None) => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
    out
}
