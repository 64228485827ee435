//! The contexts that the Conditions of some statements tell apart, with a value of each key that shows it.
//!
//! The values of a key are divided into cells: two values of a cell are alike to every line about the key. One value of
//! each cell, and the absence of the key, are tried. Lines whose operator AWS does not know may hold or not.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::opaque;
use crate::diff::statement::{Conditions, Line};
use crate::matcher::condition::{Comparison, KeyValue, Quantifier, Test, Truth, date, network};
use crate::matcher::search::{self, Alphabet, Answer, Budget, Clause, Union, Wanted};
use crate::matcher::template::Placeholders;
use crate::matcher::{
    Class, Pattern, Piece, Pieces, Reading, ResourcePattern, Symbol, Token, Variables,
};

/// Contexts that are tried for one action.
const MOST_WORLDS: usize = 2_048;

/// Cells of one key, and combinations of them.
const MOST_CELLS: usize = 256;

/// Values that the lines about one key list.
const MOST_VALUES: usize = 200;

/// The values of a condition key in a request.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Value {
    /// The request does not have the key.
    Absent,
    /// It has these.
    Texts(Vec<String>),
    /// A line that AWS does not explain holds, or does not.
    Line(bool),
}

/// A context.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// Whether the Condition of each statement holds.
    pub(super) truths: Vec<bool>,
    /// The keys that decide it.
    pub(super) stated: Vec<(String, Value)>,
}

/// A value of a key, and whether each line about the key holds.
type Cell = (Value, Vec<bool>);

/// The contexts that Conditions tell apart; `None` where there are too many, or some cannot be told apart for certain.
pub(super) fn worlds(
    statements: &[&Conditions],
    fact: &dyn Fn(&str) -> KeyValue,
    several: &dyn Fn(&str) -> bool,
    placeholders: &Placeholders,
    budget: &mut Budget,
) -> Option<Vec<World>> {
    worlds_with(
        statements,
        fact,
        several,
        &|_, _| true,
        placeholders,
        budget,
    )
}

/// The same with the values alone that `may_be` leaves.
pub(super) fn worlds_with(
    statements: &[&Conditions],
    fact: &dyn Fn(&str) -> KeyValue,
    several: &dyn Fn(&str) -> bool,
    may_be: &dyn Fn(&str, &Value) -> bool,
    placeholders: &Placeholders,
    budget: &mut Budget,
) -> Option<Vec<World>> {
    let mut lines: BTreeMap<&str, Vec<(usize, &Line)>> = BTreeMap::new();
    let mut open: BTreeMap<&str, Vec<(usize, &Line)>> = BTreeMap::new();
    for (at, conditions) in statements.iter().enumerate() {
        if conditions.unreadable {
            return None;
        }
        for line in &conditions.lines {
            let by = if line.test.operator.is_none() || line.test.values.is_empty() {
                open.entry(line.normal.as_str())
            } else {
                lines.entry(line.test.key.as_str())
            };
            by.or_default().push((at, line));
        }
    }
    let mut worlds = vec![World {
        truths: vec![true; statements.len()],
        stated: Vec::new(),
    }];
    for (key, lines) in &lines {
        let tests: Vec<&Test> = lines.iter().map(|(_, line)| &line.test).collect();
        let mut cells = cells(&tests, &fact(key), several(key), placeholders, budget)?;
        cells.retain(|(value, _)| may_be(key, value));
        let name = lines.first().map_or(*key, |(_, line)| line.key.as_str());
        worlds = product(&worlds, name, lines, &cells)?;
    }
    for lines in open.values() {
        let cells = [true, false].map(|holds| (Value::Line(holds), vec![holds; lines.len()]));
        let name = lines.first().map_or_else(String::new, |(_, line)| {
            format!("{} {} {:?}", line.operator, line.key, line.values)
        });
        worlds = product(&worlds, &name, lines, &cells)?;
    }
    Some(worlds)
}

/// Each context with each of the cells; contexts in which the same statements hold count once.
fn product(
    worlds: &[World],
    key: &str,
    lines: &[(usize, &Line)],
    cells: &[Cell],
) -> Option<Vec<World>> {
    let mut seen: BTreeMap<Vec<bool>, usize> = BTreeMap::new();
    let mut all: Vec<World> = Vec::new();
    for world in worlds {
        for (value, truths) in cells {
            let mut next = world.clone();
            for ((at, _), holds) in lines.iter().zip(truths) {
                if let Some(truth) = next.truths.get_mut(*at) {
                    *truth &= *holds;
                }
            }
            if seen.contains_key(&next.truths) {
                continue;
            }
            if all.len() == MOST_WORLDS {
                return None;
            }
            next.stated.push((key.to_owned(), value.clone()));
            seen.insert(next.truths.clone(), all.len());
            all.push(next);
        }
    }
    Some(all)
}

/// The kind of values that lines compare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Family {
    Text,
    Bool,
    Numeric,
    Date,
    IpAddress,
    Binary,
}

fn family(comparison: Comparison) -> Option<Family> {
    Some(match comparison {
        Comparison::Equals | Comparison::EqualsIgnoreCase | Comparison::Like | Comparison::Arn => {
            Family::Text
        }
        Comparison::Bool => Family::Bool,
        Comparison::Numeric(_) => Family::Numeric,
        Comparison::Date(_) => Family::Date,
        Comparison::IpAddress => Family::IpAddress,
        Comparison::Binary => Family::Binary,
        Comparison::Null => return None,
    })
}

fn cells(
    tests: &[&Test],
    fact: &KeyValue,
    several: bool,
    placeholders: &Placeholders,
    budget: &mut Budget,
) -> Option<Vec<Cell>> {
    if tests.iter().map(|t| t.values.len()).sum::<usize>() > MOST_VALUES {
        return None;
    }
    let mut families = tests.iter().filter_map(|t| family(t.operator?.comparison));
    let first = families.next();
    let is_text = |f: Family| matches!(f, Family::Text | Family::Bool);
    if families.any(|f| first.is_some_and(|first| f != first && !(is_text(f) && is_text(first)))) {
        return None;
    }
    let mut all: Vec<Cell> = Vec::new();
    let mut add = |cell: Cell| {
        if !all.iter().any(|(_, truths)| *truths == cell.1) {
            all.push(cell);
        }
    };
    let may_be_absent = matches!(fact, KeyValue::Unknown | KeyValue::Absent);
    if *fact != KeyValue::Absent {
        let singles = match first {
            None => vec![(vec!["a".to_owned()], vec![true; tests.len()])],
            Some(family) if is_text(family) => texts(tests, fact, placeholders, budget)?,
            Some(family) => scalars(family, tests)?,
        };
        let mut singles: Vec<(Vec<String>, Vec<bool>)> = { singles.into_iter() }
            .map(|(texts, base)| (texts, single(tests, &base)))
            .collect();
        let mut seen: Vec<Vec<bool>> = Vec::new();
        singles.retain(|(_, truths)| {
            let is_new = !seen.contains(truths);
            if is_new {
                seen.push(truths.clone());
            }
            is_new
        });
        let is_one = matches!(fact, KeyValue::Values(_));
        let on_sets = tests
            .iter()
            .any(|t| t.operator.is_some_and(|o| o.quantifier.is_some()));
        if several && on_sets && !is_one {
            combine(tests, &mut singles)?;
            singles.extend(empty(tests).map(|truths| (Vec::new(), truths)));
        }
        for (texts, truths) in singles {
            add((Value::Texts(texts), truths));
        }
    }
    if may_be_absent {
        for reading in [true, false] {
            let truths = tests.iter().map(|t| absent(t, reading));
            add((Value::Absent, truths.collect()));
        }
    }
    Some(all)
}

/// Whether each line holds for a request with one value; `base` says which lines list the value.
fn single(tests: &[&Test], base: &[bool]) -> Vec<bool> {
    let holds = |(test, base): (&&Test, &bool)| {
        let Some(operator) = test.operator else {
            return *base;
        };
        if operator.comparison == Comparison::Null {
            match operator.quantifier {
                Some(Quantifier::All) => true,
                Some(Quantifier::Any) => false,
                None => lists(test, "false"),
            }
        } else {
            *base != operator.negated
        }
    };
    tests.iter().zip(base).map(holds).collect()
}

/// Adds the requests with several values: each line on sets holds for all of them, or for one.
fn combine(tests: &[&Test], singles: &mut Vec<(Vec<String>, Vec<bool>)>) -> Option<()> {
    let count = singles.len();
    let mut at = 0;
    while let Some((texts, truths)) = singles.get(at).cloned() {
        for one in 0..count {
            let Some((more, others)) = singles.get(one).cloned() else {
                continue;
            };
            let both = tests.iter().zip(truths.iter().zip(&others));
            let joined = both.map(|(test, (a, b))| {
                match test.operator.and_then(|o| o.quantifier) {
                    Some(Quantifier::All) => Some(*a && *b),
                    Some(Quantifier::Any) => Some(*a || *b),
                    // AWS does not say how a plain operator takes several values.
                    None => (a == b).then_some(*a),
                }
            });
            let Some(joined) = joined.collect::<Option<Vec<bool>>>() else {
                continue;
            };
            if singles.iter().any(|(_, known)| *known == joined) {
                continue;
            }
            if singles.len() == MOST_CELLS {
                return None;
            }
            singles.push(([texts.clone(), more].concat(), joined));
        }
        at += 1;
    }
    Some(())
}

/// Whether each line holds for a request that has the key without a value; `None` where AWS does not say.
fn empty(tests: &[&Test]) -> Option<Vec<bool>> {
    let holds = |test: &&Test| match test.operator?.quantifier {
        Some(quantifier) => Some(quantifier == Quantifier::All),
        None if test.operator?.comparison == Comparison::Null => Some(lists(test, "false")),
        None => None,
    };
    tests.iter().map(holds).collect()
}

fn lists(test: &Test, truth: &str) -> bool {
    test.values
        .iter()
        .any(|v| text_of(v).is_some_and(|t| t.eq_ignore_ascii_case(truth)))
}

/// Whether a line holds for a request without the key. `reading` decides where AWS's pages contradict each other.
fn absent(test: &Test, reading: bool) -> bool {
    let Some(operator) = test.operator else {
        return reading;
    };
    match operator.quantifier {
        Some(Quantifier::All) => true,
        Some(Quantifier::Any) => operator.if_exists && reading,
        None if operator.comparison == Comparison::Null => lists(test, "true"),
        None => operator.if_exists || operator.negated,
    }
}

/// The text of a value without wildcards, variables and placeholders.
fn text_of(pieces: &Pieces) -> Option<String> {
    let one = |(piece, _): &(Piece, _)| match piece {
        Piece::Char(c) => Some(*c),
        Piece::Star => Some('*'),
        Piece::Question => Some('?'),
        Piece::Variable { .. } | Piece::Placeholder(_) => None,
    };
    pieces.iter().map(one).collect()
}

/// The pattern of a value that is compared as text; `None` where it matches nothing.
fn pattern(comparison: Comparison, value: &Pieces) -> Option<Pattern> {
    let value = opaque(value);
    if comparison == Comparison::Arn {
        return ResourcePattern::new(value).pattern(Reading::Strict, Variables::Any);
    }
    let wild = comparison == Comparison::Like;
    let mut tokens = Vec::with_capacity(value.len());
    for (piece, _) in value.iter() {
        tokens.push(match piece {
            Piece::Star if wild => Token::Run(Class::ANY),
            Piece::Question if wild => Token::One(Class::ANY),
            Piece::Star => Token::Symbol(Symbol::char('*')),
            Piece::Question => Token::Symbol(Symbol::char('?')),
            Piece::Char(c) => Token::Symbol(Symbol::char(*c)),
            Piece::Variable { name: n, .. } | Piece::Placeholder(n) => {
                Token::Symbol(Symbol::placeholder(*n))
            }
        });
    }
    Some(Pattern::new(tokens))
}

/// Whether two texts are the same but for the case of letters.
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
        Piece::Star => Symbol::char('*'),
        Piece::Question => Symbol::char('?'),
        Piece::Variable { name, .. } | Piece::Placeholder(name) => Symbol::placeholder(*name),
    };
    value.iter().map(one).collect()
}

/// A text of each cell, and which of the lines list it.
fn texts(
    tests: &[&Test],
    fact: &KeyValue,
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
    let is_only_bool = tests
        .iter()
        .all(|t| matches!(comparison(t), Some(Comparison::Bool | Comparison::Null)));
    if is_only_bool {
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
                    Wanted::First,
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

/// A value of each cell that is no text, and which of the lines list it; `None` where a value cannot be read.
fn scalars(family: Family, tests: &[&Test]) -> Option<Vec<(Vec<String>, Vec<bool>)>> {
    let is_own = |t: &&&Test| t.operator.is_some_and(|o| o.comparison != Comparison::Null);
    let listed = tests.iter().filter(is_own).flat_map(|t| &t.values);
    let listed: Vec<String> = listed.map(text_of).collect::<Option<_>>()?;
    let mut tried: Vec<String> = Vec::new();
    match family {
        Family::Numeric => tried.extend(numbers(&listed)?),
        Family::Date => {
            for text in &listed {
                let seconds = date(text)?.unix_timestamp();
                for near in [0, -1, 1] {
                    let time = OffsetDateTime::from_unix_timestamp(seconds.checked_add(near)?);
                    tried.push(written(time.ok()?));
                }
            }
        }
        Family::IpAddress => tried.extend(addresses(&listed)?),
        _ => {
            tried.clone_from(&listed);
            tried.push("b3RoZXI=".to_owned());
        }
    }
    let held = tried.into_iter().map(|text| {
        let truths = tests.iter().map(|test| {
            let operator = test.operator?;
            if operator.comparison == Comparison::Null {
                return Some(true);
            }
            // Of one value a line without its negation and its prefix says whether it lists the value.
            let plain = Test {
                operator: Some(crate::matcher::condition::Operator {
                    quantifier: None,
                    negated: false,
                    ..operator
                }),
                ..(*test).clone()
            };
            match plain.evaluate(&KeyValue::one(&text)) {
                Truth::True => Some(true),
                Truth::False => Some(false),
                Truth::Unknown => (family == Family::Binary).then_some(false),
            }
        });
        let truths = truths.collect::<Option<Vec<bool>>>()?;
        Some((vec![text.clone()], truths))
    });
    held.collect()
}

/// A point in time as conditions write it.
fn written(time: OffsetDateTime) -> String {
    let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The listed numbers, and numbers next to each and between two of them.
fn numbers(listed: &[String]) -> Option<Vec<String>> {
    let parts = |text: &String| -> Option<(bool, String, String)> {
        let text = text.trim();
        let digits = text.trim_start_matches(['-', '+']);
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let only_digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
        let fits = whole.len() <= 18 && part.len() <= 12 && whole.len() + part.len() > 0;
        (fits && only_digits(whole) && only_digits(part))
            .then(|| (text.starts_with('-'), whole.to_owned(), part.to_owned()))
    };
    let read: Vec<(bool, String, String)> = listed.iter().map(parts).collect::<Option<_>>()?;
    let longest = read
        .iter()
        .map(|(_, _, part)| part.len())
        .max()
        .unwrap_or(0)
        + 1;
    let mut units: Vec<i128> = Vec::new();
    for (negative, whole, part) in read {
        let number: i128 = format!("0{whole}{part:0<longest$}").parse().ok()?;
        units.push(if negative { -number } else { number });
    }
    let one = 10_i128.pow(longest as u32);
    let write = |number: i128| {
        let size = number.abs();
        let (whole, part) = (size / one, size % one);
        let sign = if number < 0 { "-" } else { "" };
        let part = format!("{part:0>longest$}");
        match part.trim_end_matches('0') {
            "" => format!("{sign}{whole}"),
            part => format!("{sign}{whole}.{part}"),
        }
    };
    let near = units
        .iter()
        .flat_map(|n| [*n, n - one, n + one, n - 1, n + 1]);
    Some(near.map(write).collect())
}

/// The first and the last address of each network, and those next to it.
fn addresses(listed: &[String]) -> Option<Vec<String>> {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    let mut found = Vec::new();
    for text in listed {
        let (address, bits) = network(text)?;
        match address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
                let (first, last) = (address.to_bits() & mask, address.to_bits() | !mask);
                let near = [
                    Some(first),
                    Some(last),
                    first.checked_sub(1),
                    last.checked_add(1),
                ];
                let near = near.into_iter().flatten();
                found.extend(near.map(|bits| Ipv4Addr::from_bits(bits).to_string()));
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
                let (first, last) = (address.to_bits() & mask, address.to_bits() | !mask);
                let near = [
                    Some(first),
                    Some(last),
                    first.checked_sub(1),
                    last.checked_add(1),
                ];
                let near = near.into_iter().flatten();
                found.extend(near.map(|bits| Ipv6Addr::from_bits(bits).to_string()));
            }
        }
    }
    found.extend(["203.0.113.9".to_owned(), "2001:db8::9".to_owned()]);
    Some(found)
}
