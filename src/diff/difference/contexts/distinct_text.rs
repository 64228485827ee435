//! Texts that distinguish the patterns of conditions.

use std::collections::{BTreeMap, BTreeSet};

use super::usual_value::{shapes, usual};
use super::{MOST_CELLS, pattern};
use crate::catalog::ConditionKeyType;
use crate::matcher::condition::{Comparison, Domain, KeyValue, Test, domain};
use crate::matcher::search::{self, Alphabet, Answer, Budget, Clause, Goal, Union};
use crate::matcher::template::Placeholders;
use crate::matcher::{Class, Pattern, Piece, Pieces, Symbol, Token};

/// The number of a placeholder that no request has.
pub(in crate::diff::difference) const NOTHING: u32 = 1 << 19;

/// How often texts are looked for that no line without regard to case lists.
const MOST_ROUNDS: usize = 8;

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

/// A text of each cell, and which of the lines list it.
pub(super) fn texts(
    tests: &[&Test],
    fact: &KeyValue,
    kind: Option<ConditionKeyType>,
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
    let folded: Vec<Option<Vec<Vec<Symbol>>>> = { tests.iter() }
        .map(|test| {
            let values = test.values.iter();
            folds(&test).then(|| values.map(|v| fold(&literal(v))).collect())
        })
        .collect();
    let base = match fact {
        KeyValue::Values(values) => values.first().cloned().unwrap_or_else(Pattern::everything),
        _ => Pattern::everything(),
    };
    let key = tests.first().map_or("", |test| test.key.as_str());
    // Values that the key cannot have may be those of variables: then all lines are taken as they are.
    let patterns = || exact.iter().flat_map(|(_, patterns)| patterns);
    let is_open = |p: &&Pattern| p.tokens().iter().any(is_placeholder);
    let has_forms = |domain: &&Domain| {
        let forms = domain.forms();
        let fits = |p: &Pattern| is_open(&p) || forms.iter().any(|form| form.overlaps(p));
        let is_one = |word: &Vec<Symbol>| forms.iter().any(|form| form.matches(word));
        domain.has_forms()
            && !matches!(fact, KeyValue::Values(_))
            && patterns().all(fits)
            && folded.iter().flatten().flatten().all(is_one)
    };
    let shapes = match domain(key).filter(has_forms) {
        // A placeholder may stand for a value of the key.
        Some(domain) => {
            let open = patterns().filter(is_open);
            domain.forms().iter().chain(open).cloned().collect()
        }
        None => shapes(key, kind),
    };
    let usual = usual(kind).iter().filter(|text| text.len() > 1);
    let mut words: Vec<Vec<Symbol>> = { usual }
        .map(|text| text.chars().map(Symbol::char).collect())
        .collect();
    words.extend(beside(&folded, &exact, (&base, &shapes), budget)?);
    for value in tests.iter().filter(folds).flat_map(|test| &test.values) {
        words.extend(spellings(&literal(value), &exact)?);
    }
    words.push(Vec::new());
    let nothing = Symbol::placeholder(NOTHING);
    words.retain(|word| {
        let has_shape = shapes.is_empty() || shapes.iter().any(|p| p.matches(word));
        has_shape && base.matches(word) && !word.contains(&nothing)
    });
    let held = words.into_iter().map(|word| {
        let lower = fold(&word);
        let truths = folded.iter().enumerate().map(|(at, folded)| {
            if let Some(values) = folded {
                return values.contains(&lower);
            }
            let mut own = exact.iter().filter(|(of, _)| *of == at);
            own.any(|(_, patterns)| patterns.iter().any(|p| p.matches(&word)))
        });
        (vec![spell(&word, placeholders)], truths.collect())
    });
    Some(held.collect())
}

/// Texts that tell these values apart, up to so many of each kind.
pub(in crate::diff::difference) fn samples(
    values: &[(Comparison, &Pieces)],
    count: usize,
    placeholders: &Placeholders,
    budget: &mut Budget,
) -> Option<Vec<String>> {
    let is_folded = |c: Comparison| c == Comparison::EqualsIgnoreCase;
    let lines: Vec<(usize, Vec<Pattern>)> = { values.iter().enumerate() }
        .filter(|(_, (comparison, _))| comparison.reads_variables() && !is_folded(*comparison))
        .filter_map(|(at, (comparison, value))| Some((at, vec![pattern(*comparison, value)?])))
        .collect();
    let mut words: Vec<Vec<Symbol>> = Vec::new();
    for _ in 0..count.min(3) {
        let without: Vec<Pattern> = words.iter().map(|word| only(word)).collect();
        words.extend(divide(
            &lines,
            (&Pattern::everything(), &[]),
            &without,
            budget,
        )?);
    }
    let folded = values
        .iter()
        .filter(|(comparison, _)| is_folded(*comparison));
    for (_, value) in folded {
        words.extend(spellings(&literal(value), &lines)?);
    }
    words.retain(|word| word.iter().all(|s| s.as_char().is_some()));
    Some(words.iter().map(|word| spell(word, placeholders)).collect())
}

/// A word of the base, and of one of the shapes where there are any, for each combination of lines that can list it, but
/// for those of `without`.
fn divide(
    lines: &[(usize, Vec<Pattern>)],
    (base, shapes): (&Pattern, &[Pattern]),
    without: &[Pattern],
    budget: &mut Budget,
) -> Option<Vec<Vec<Symbol>>> {
    let some = Pattern::new(vec![Token::One(Class::ANY), Token::Run(Class::ANY)]);
    let all = lines.iter().flat_map(|(_, patterns)| patterns);
    let known: Vec<&Pattern> = { all.chain([base, &some]) }
        .chain(shapes)
        .chain(without)
        .collect();
    let alphabet = || Alphabet::of(known.iter().copied());
    let mut start = Clause {
        required: vec![Union::of(vec![base]), Union::of(vec![&some])],
        forbidden: vec![Union::of(without.iter().collect())],
    };
    if !shapes.is_empty() {
        start.required.push(Union::of(shapes.iter().collect()));
    }
    let mut find = |clause: &Clause<'_>| {
        let clause = std::slice::from_ref(clause);
        match search::find(clause, &alphabet, Goal::Shortest, budget) {
            Answer::Nothing => Some(None),
            Answer::Undecided => None,
            Answer::Word(word) => Some(Some(word)),
        }
    };
    let first = find(&start)?;
    let mut clauses: Vec<_> = first.map(|word| (start, word)).into_iter().collect();
    for (_, patterns) in lines {
        let union = Union::of(patterns.iter().collect());
        let mut next = Vec::new();
        for (clause, _) in clauses {
            let mut inside = clause.clone();
            inside.required.push(union.clone());
            let mut outside = clause;
            outside.forbidden.push(union.clone());
            for clause in [inside, outside] {
                if let Some(word) = find(&clause)? {
                    next.push((clause, word));
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

/// A word for each combination of exact lines, where it is none that lines without regard to case list.
fn beside(
    folded: &[Option<Vec<Vec<Symbol>>>],
    exact: &[(usize, Vec<Pattern>)],
    base: (&Pattern, &[Pattern]),
    budget: &mut Budget,
) -> Option<Vec<Vec<Symbol>>> {
    let is_listed = |word: &Vec<Symbol>| {
        let lower = fold(word);
        { folded.iter().flatten() }.any(|values| values.contains(&lower))
    };
    let mut words: Vec<Vec<Symbol>> = Vec::new();
    let mut without: Vec<Pattern> = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let more = divide(exact, base, &without, budget)?;
        let (known, free): (Vec<_>, Vec<_>) = more.into_iter().partition(is_listed);
        words.extend(free);
        if known.is_empty() {
            return Some(words);
        }
        without.extend(known.iter().map(|word| only(word)));
    }
    None
}

fn is_placeholder(token: &Token) -> bool {
    matches!(token, Token::Symbol(symbol) if symbol.as_placeholder().is_some_and(|n| n != NOTHING))
}

/// The pattern of one word.
fn only(word: &[Symbol]) -> Pattern {
    Pattern::new(word.iter().copied().map(Token::Symbol).collect())
}

/// The spellings of a text in small and capital letters that lines tell apart; `None` where these are too many.
fn spellings(word: &[Symbol], lines: &[(usize, Vec<Pattern>)]) -> Option<Vec<Vec<Symbol>>> {
    let patterns: Vec<&Pattern> = lines.iter().flat_map(|(_, patterns)| patterns).collect();
    let start = patterns.iter().map(|p| reached(p, [0].into()));
    let start: Vec<BTreeSet<usize>> = start.collect();
    let mut states: BTreeMap<_, Vec<Symbol>> = BTreeMap::from([(start, Vec::new())]);
    for symbol in word {
        let cases = match symbol.as_char().filter(char::is_ascii_alphabetic) {
            Some(c) => vec![
                Symbol::char(c.to_ascii_lowercase()),
                Symbol::char(c.to_ascii_uppercase()),
            ],
            None => vec![*symbol],
        };
        let mut next = BTreeMap::new();
        for (state, before) in &states {
            for case in &cases {
                let after = patterns.iter().zip(state);
                let after: Vec<_> = after.map(|(p, at)| step(p, at, *case)).collect();
                next.entry(after)
                    .or_insert_with(|| [before.as_slice(), &[*case]].concat());
            }
        }
        if next.len() > MOST_CELLS {
            return None;
        }
        states = next;
    }
    Some(states.into_values().collect())
}

/// The positions of a pattern that one symbol leads to.
fn step(pattern: &Pattern, at: &BTreeSet<usize>, symbol: Symbol) -> BTreeSet<usize> {
    let next = at.iter().filter_map(|at| match pattern.tokens().get(*at)? {
        Token::Symbol(own) => (*own == symbol).then_some(at + 1),
        Token::One(class) => class.accepts(symbol).then_some(at + 1),
        Token::Run(class) => class.accepts(symbol).then_some(*at),
    });
    reached(pattern, next.collect())
}

/// With the positions behind wildcards that may match nothing.
fn reached(pattern: &Pattern, mut at: BTreeSet<usize>) -> BTreeSet<usize> {
    for (position, token) in pattern.tokens().iter().enumerate() {
        if matches!(token, Token::Run(_)) && at.contains(&position) {
            at.insert(position + 1);
        }
    }
    at
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
