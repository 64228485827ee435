//! The contexts that the Conditions of some statements tell apart, with a value of each key that shows it.
//!
//! The values of a key are divided into cells: two values of a cell are alike to every line about the key. One value of
//! each cell, and the absence of the key, are tried. Lines whose operator AWS does not know may hold or not.

mod distinct_text;
mod quantity;
mod repeated_field;
mod usual_value;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::KnownKey;
use crate::diff::statement::{Conditions, Line};
use crate::matcher::condition::{Comparison, KeyValue, Quantifier, Test};
use crate::matcher::search::Budget;
use crate::matcher::template::Placeholders;
use crate::matcher::{
    Class, Pattern, Piece, Pieces, Reading, ResourcePattern, Symbol, Token, Variables,
};
use distinct_text::texts;
pub(super) use distinct_text::{NOTHING, samples};
use quantity::scalars;
pub(super) use repeated_field::Place;
pub(super) use usual_value::{of_forms, usual};

/// Contexts that are tried for one action.
const MOST_WORLDS: usize = 2_048;

/// Cells of one key, and combinations of them.
const MOST_CELLS: usize = 256;

/// Values that the lines about one key list.
const MOST_VALUES: usize = 200;

/// The fields of the Region and of the account in an ARN.
pub(super) const REGION: usize = 3;
const ACCOUNT: usize = 4;

/// The field of an ARN that is the value of a key (folded) where the requests have one.
pub(super) fn field_of(key: &str) -> Option<usize> {
    match key {
        "aws:requestedregion" => Some(REGION),
        "aws:resourceaccount" => Some(ACCOUNT),
        _ => None,
    }
}

/// The values of a condition key in a request.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Value {
    /// The request does not have the key.
    Absent,
    /// It has these, at least one.
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
    /// The parts of the ARN that some of the keys repeat, each with the number of the cell.
    pub(super) places: Vec<(usize, Place)>,
}

impl World {
    /// Adds the values of keys, and what the ARN repeats of them: `field` knows the field of a key (folded).
    pub(super) fn add<'k>(
        &mut self,
        stated: impl Iterator<Item = (String, Value)>,
        texts: impl Iterator<Item = (&'k str, &'k str)>,
        field: &dyn Fn(&str) -> Option<usize>,
    ) {
        self.stated.extend(stated);
        for (key, text) in texts {
            if let Some(field) = field(key) {
                self.places.push((0, Place::of_text(field, key, text)));
            }
        }
    }

    /// Lists of patterns, and whether the ARN is as one of the list, or as none of them.
    pub(super) fn lists(&self) -> impl Iterator<Item = &(Vec<Pattern>, bool)> {
        self.places.iter().flat_map(|(_, place)| &place.lists)
    }
}

/// What is known of condition keys (folded).
pub(super) struct Keys<'k> {
    pub(super) fact: &'k dyn Fn(&str) -> KeyValue,
    pub(super) kind: &'k dyn Fn(&str) -> KnownKey,
    /// Whether a request can have this value.
    pub(super) may_be: &'k dyn Fn(&str, &Value) -> bool,
    /// The field of the ARN that the key repeats.
    pub(super) field: &'k dyn Fn(&str) -> Option<usize>,
}

/// A value of a key, and whether each line about the key holds.
type Cell = (Value, Vec<bool>);

/// The contexts that Conditions distinguish; `None` where there are too many, or some cannot be distinguished for
/// certain.
pub(super) fn worlds(
    statements: &[&Conditions],
    keys: &Keys<'_>,
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
        places: Vec::new(),
    }];
    for (key, lines) in &lines {
        let tests: Vec<&Test> = lines.iter().map(|(_, line)| &line.test).collect();
        let (fact, kind) = ((keys.fact)(key), (keys.kind)(key));
        let mut cells = cells(&tests, &fact, kind, placeholders, budget)?;
        let field = (keys.field)(key);
        cells.retain(|(value, _)| {
            // A request has what its ARN repeats.
            (keys.may_be)(key, value) && (field.is_none() || *value != Value::Absent)
        });
        let name = lines.first().map_or(*key, |(_, line)| line.key.as_str());
        let place = |cell: &Cell| Place::new(field?, name, &tests, cell);
        worlds = product(&worlds, name, lines, &cells, &place)?;
    }
    for lines in open.values() {
        let cells = [true, false].map(|holds| (Value::Line(holds), vec![holds; lines.len()]));
        let name = lines.first().map_or_else(String::new, |(_, line)| {
            format!("{} {} {:?}", line.operator, line.key, line.values)
        });
        worlds = product(&worlds, &name, lines, &cells, &|_| None)?;
    }
    Some(worlds)
}

/// Each context with each of the cells; contexts in which the same statements hold count once for each place.
fn product(
    worlds: &[World],
    key: &str,
    lines: &[(usize, &Line)],
    cells: &[Cell],
    place: &dyn Fn(&Cell) -> Option<Place>,
) -> Option<Vec<World>> {
    let mut seen: BTreeSet<(Vec<bool>, Vec<usize>)> = BTreeSet::new();
    let mut all: Vec<World> = Vec::new();
    let places: Vec<Option<Place>> = cells.iter().map(place).collect();
    for world in worlds {
        for (at, ((value, truths), place)) in cells.iter().zip(&places).enumerate() {
            let mut next = world.clone();
            next.places.extend(place.clone().map(|p| (at, p)));
            for ((at, _), holds) in lines.iter().zip(truths) {
                if let Some(truth) = next.truths.get_mut(*at) {
                    *truth &= *holds;
                }
            }
            let cells = next.places.iter().map(|(cell, _)| *cell).collect();
            if !seen.insert((next.truths.clone(), cells)) {
                continue;
            }
            if all.len() == MOST_WORLDS {
                return None;
            }
            next.stated.push((key.to_owned(), value.clone()));
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
    kind: KnownKey,
    placeholders: &Placeholders,
    budget: &mut Budget,
) -> Option<Vec<Cell>> {
    let (several, kind) = match kind {
        KnownKey::Type(kind) => (kind.is_array(), Some(kind)),
        _ => (true, None),
    };
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
            Some(family) if !is_text(family) => scalars(family, tests)?,
            _ => texts(tests, fact, kind, placeholders, budget)?,
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
        }
        for (texts, truths) in singles {
            add((Value::Texts(texts), truths));
        }
    }
    // A key without a value counts as absent.
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
        Piece::Star | Piece::Word => Some('*'),
        Piece::Question => Some('?'),
        Piece::Variable { .. } | Piece::Placeholder(_) => None,
    };
    pieces.iter().map(one).collect()
}

/// The pattern of a value without variables that is compared as text; `None` where it matches nothing.
pub(super) fn pattern(comparison: Comparison, value: &Pieces) -> Option<Pattern> {
    if comparison == Comparison::Arn {
        return ResourcePattern::new(Pieces::clone(value)).pattern(Reading::Strict, Variables::Any);
    }
    let wild = comparison == Comparison::Like;
    let tokens = value.iter().map(|(piece, _)| token(*piece, wild));
    Some(Pattern::new(tokens.collect()))
}

/// The token of a piece of a text, in which wildcards may stand for themselves.
pub(super) fn token(piece: Piece, wild: bool) -> Token {
    match piece {
        Piece::Star | Piece::Word if wild => Token::Run(Class::ANY),
        Piece::Question if wild => Token::One(Class::ANY),
        Piece::Star | Piece::Word => Token::Symbol(Symbol::char('*')),
        Piece::Question => Token::Symbol(Symbol::char('?')),
        Piece::Char(c) => Token::Symbol(Symbol::char(c)),
        Piece::Variable { name: n, .. } | Piece::Placeholder(n) => {
            Token::Symbol(Symbol::placeholder(n))
        }
    }
}
