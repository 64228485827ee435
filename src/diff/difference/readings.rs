//! The readings of policy variables: what each of them stands for in a request.
//!
//! A variable is the value of a condition key, the same wherever it stands. Values are tried that show how it meets the
//! other strings: one that equals nothing else, those that Conditions list, and those that make a string with the variable
//! meet another one. Whether other values could show more is asked with the variable opened: each string with a variable
//! then matches all that it may match, or nothing.

mod interplay;
mod substitution;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use super::contexts;
use super::requests::Found;
use crate::catalog::KnownKey;
use crate::diff::statement::{Conditions, Line, Prepared, has_variable};
use crate::matcher::condition::{Comparison, KeyValue, Operator, fold_key};
use crate::matcher::search::Budget;
use crate::matcher::template::{self, Placeholders};
use crate::matcher::{Pattern, Piece, Pieces, Symbol, Token};
use interplay::{Meetings, Place};
pub(super) use substitution::Substituted;
use substitution::{Opened, Unwritten, Values, fresh, substitute};
use written::{fields, has_dollar, literals};

/// Readings that are tried for one action.
const MOST_READINGS: usize = 256;

/// Values of one variable that are tried.
const MOST_VALUES: usize = 24;

/// Strings that are opened: each doubles the readings. Of more strings none is, and the readings are cut.
const MOST_OPENED: usize = 5;

/// The value of a variable.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Given {
    /// A text that equals nothing but itself, written as the variable.
    Own,
    Text(String),
    Absent,
}

/// A condition key that a variable names.
#[derive(Clone, Debug)]
struct Variable {
    folded: String,
    /// As written.
    key: String,
    /// The number of the first variable that names it.
    number: u32,
    /// Whether a Condition compares with the variable.
    is_compared: bool,
    /// Whether a Condition tests the key.
    is_tested: bool,
    may_be_empty: bool,
    has_default: bool,
}

/// What the variables stand for in some requests.
pub(super) struct Reading {
    /// Its number among those of the same statements.
    pub(super) id: usize,
    /// The statements, in their order.
    pub(super) statements: Vec<Substituted>,
    values: Vec<(Variable, Given)>,
}

impl Reading {
    /// Whether no string with a variable matches one of these resources, and every variable has a value.
    pub(super) fn is_apart_from(&self, resources: Option<&Pattern>) -> bool {
        let is_apart = |s: &Substituted| {
            let mut patterns = s.patterns.iter().flatten();
            !s.is_void && resources.is_none_or(|r| !patterns.any(|p| p.overlaps(r)))
        };
        self.statements.iter().all(is_apart)
    }

    /// The Condition of one of the statements.
    pub(super) fn conditions<'c>(&'c self, at: usize, written: &'c Prepared) -> &'c Conditions {
        let own = self.statements.get(at).and_then(|s| s.conditions.as_ref());
        own.unwrap_or(&written.conditions)
    }

    /// What is known of a key (folded) that a variable names.
    pub(super) fn fact(&self, key: &str) -> Option<KeyValue> {
        let (variable, given) = self.values.iter().find(|(v, _)| v.folded == key)?;
        Some(match given {
            Given::Own => {
                let own = Token::Symbol(Symbol::placeholder(variable.number));
                KeyValue::Values(vec![Pattern::new(vec![own])])
            }
            Given::Text(text) => KeyValue::one(text),
            Given::Absent => KeyValue::Absent,
        })
    }

    /// Whether the values can be as something else says of the keys.
    pub(super) fn fits(&self, known: &dyn Fn(&str) -> KeyValue) -> bool {
        self.values
            .iter()
            .all(|(variable, given)| match (known(&variable.folded), given) {
                (KeyValue::Unknown, Given::Absent) => variable.is_tested || variable.has_default,
                (KeyValue::Unknown, _) | (KeyValue::Absent, Given::Absent) => true,
                (KeyValue::Present, given) => *given != Given::Absent,
                (KeyValue::Values(patterns), Given::Text(text)) => {
                    matches!(patterns.as_slice(), [one] if one.matches_text(text))
                }
                (KeyValue::Values(patterns), Given::Own) => {
                    let own = [Symbol::placeholder(variable.number)];
                    matches!(patterns.as_slice(), [one] if one.matches(&own) || !one.is_literal())
                }
                (KeyValue::Values(_), Given::Absent) | (KeyValue::Absent, _) => false,
            })
    }

    /// The keys with their values, but for those that a Condition tests.
    pub(super) fn stated(&self) -> impl Iterator<Item = (String, contexts::Value)> {
        let shown = self.values.iter().filter(|(v, _)| !v.is_tested);
        shown.filter_map(|(variable, given)| {
            let value = match given {
                Given::Own => return None,
                Given::Text(text) => contexts::Value::Texts(vec![text.clone()]),
                Given::Absent => contexts::Value::Absent,
            };
            Some((variable.key.clone(), value))
        })
    }

    /// The texts of the keys (folded).
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values
            .iter()
            .filter_map(|(variable, given)| match given {
                Given::Text(text) => Some((variable.folded.as_str(), text.as_str())),
                Given::Own | Given::Absent => None,
            })
    }
}

/// The readings of some statements.
pub(super) struct Readings {
    /// In each of them every variable has a value: what they show is true.
    exact: Vec<Reading>,
    /// They allow whatever some value allows, and more.
    open: Vec<Reading>,
    /// Whether the readings leave out values that may show more.
    is_cut: bool,
}

impl Readings {
    /// The readings, where the statements have variables.
    pub(super) fn of_variables(
        statements: &[&Prepared],
        kind: &dyn Fn(&str) -> KnownKey,
        placeholders: &Placeholders,
        budget: &mut Budget,
    ) -> Option<Self> {
        let has_variable = statements.iter().any(|s| s.has_variable());
        has_variable.then(|| Readings::of(statements, kind, placeholders, budget))
    }

    /// Whether other values may show more.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The readings that fit what is `known` of the keys, each with whether what it shows is true. Without variables, one
    /// reading that changes nothing.
    pub(super) fn each<'r>(
        readings: Option<&'r Readings>,
        known: &dyn Fn(&str) -> KeyValue,
    ) -> Vec<(Option<&'r Reading>, bool)> {
        let Some(readings) = readings else {
            return vec![(None, true)];
        };
        let exact = readings.exact.iter();
        let exact = exact.map(|r| (r, !r.statements.iter().any(|s| s.is_void)));
        let open = readings.open.iter().map(|r| (r, false));
        let all = exact.chain(open).filter(|(r, _)| r.fits(known));
        all.map(|(r, is_proof)| (Some(r), is_proof)).collect()
    }

    /// The condition keys (folded) that variables of statements name.
    pub(super) fn keys(statements: &[&Prepared], placeholders: &Placeholders) -> Vec<String> {
        if !statements.iter().any(|s| s.has_variable()) {
            return Vec::new();
        }
        let named = variables(statements, placeholders).into_iter();
        named.map(|variable| variable.folded).collect()
    }

    /// What all readings show together that fit what is `known` of the keys.
    pub(super) fn all(
        &self,
        known: &dyn Fn(&str) -> KeyValue,
        ask: &mut dyn FnMut(Option<&Reading>) -> [Found; 2],
    ) -> [Found; 2] {
        let mut found = [Found::Nothing, Found::Nothing];
        let is_request = |found: &Found| matches!(found, Found::Request(_));
        let add = |found: &mut [Found; 2], more: [Found; 2]| {
            for (found, more) in found.iter_mut().zip(more) {
                found.or(more);
            }
        };
        let mut has_any = false;
        for reading in self.exact.iter().filter(|r| r.fits(known)) {
            has_any = true;
            add(&mut found, ask(Some(reading)));
            if found.iter().all(is_request) {
                return found;
            }
        }
        if self.is_cut || !has_any {
            add(&mut found, [Found::Undecided, Found::Undecided]);
            return found;
        }
        for reading in self.open.iter().filter(|r| r.fits(known)) {
            for (found, more) in found.iter_mut().zip(ask(Some(reading))) {
                // What is shown here may be possible with no value.
                if !matches!(more, Found::Nothing) {
                    found.or(Found::Undecided);
                }
            }
        }
        found
    }

    /// The readings of statements that match an action together.
    fn of(
        statements: &[&Prepared],
        kind: &dyn Fn(&str) -> KnownKey,
        placeholders: &Placeholders,
        budget: &mut Budget,
    ) -> Self {
        let variables = variables(statements, placeholders);
        let mut all = Readings {
            exact: Vec::new(),
            open: Vec::new(),
            is_cut: false,
        };
        let number = |name: u32| {
            let (key, _) = template::variable_parts(placeholders.name(name));
            let folded = fold_key(key);
            variables.iter().position(|v| v.folded == folded)
        };
        let is_variable = |key: &str| variables.iter().any(|v| v.folded == key);
        let meetings = Meetings::of(statements, &number, &is_variable, budget);
        all.is_cut |= meetings.is_cut || meetings.meeting.len() > MOST_OPENED;
        let mut choices: Vec<Vec<Given>> = Vec::new();
        let has_dollar = statements.iter().any(|s| has_dollar(s));
        let mut taken: BTreeSet<String> = literals(statements);
        let fresh: Vec<Given> = { variables.iter() }
            .map(|_| match fresh(&taken) {
                Some(text) => {
                    taken.insert(text.clone());
                    Given::Text(text)
                }
                None => Given::Own,
            })
            .collect();
        let has_conditions = |v: &Variable| v.is_compared || v.is_tested;
        let listed = { variables.iter().any(has_conditions) }
            .then(|| listed(statements, &variables, placeholders, budget));
        all.is_cut |= matches!(listed, Some(None));
        let listed = listed.flatten().unwrap_or_default();
        let compared = lines(statements).filter(|l| l.test.values.iter().any(|v| has_variable(v)));
        let compared: BTreeSet<&str> = compared.map(|line| line.test.key.as_str()).collect();
        let keys = { variables.iter() }.map(|v| v.folded.as_str());
        let (fields, is_part) = fields(statements, keys.chain(compared.iter().copied()));
        all.is_cut |= is_part && variables.iter().any(has_conditions);
        let of_forms = compared.iter().flat_map(|key| match kind(key) {
            KnownKey::Type(kind) => contexts::of_forms(key, Some(kind)),
            _ => contexts::of_forms(key, None),
        });
        let of_forms: BTreeSet<String> = of_forms.collect();
        for (at, variable) in variables.iter().enumerate() {
            let mut texts: Vec<String> = Vec::new();
            if let Some(Given::Text(fresh)) = fresh.get(at) {
                texts.push(fresh.clone());
            }
            let mut choice = Vec::new();
            if !has_conditions(variable) && !has_dollar {
                choice.push(Given::Own);
                texts.clear();
            }
            if has_conditions(variable) {
                texts.extend(fields.iter().chain(&of_forms).cloned());
                if let KnownKey::Type(kind) = kind(&variable.folded) {
                    let usual = contexts::usual(Some(kind)).iter();
                    texts.extend(usual.map(|&text| text.to_owned()));
                }
                texts.extend(listed.iter().cloned());
            }
            let own = Values {
                text: &|name| text(name, &fresh, &number, placeholders),
                unwritten: &|name| unwritten(name, &fresh, &number, &variables),
            };
            let compared = || lines(statements).filter(|l| l.test.key == variable.folded);
            let is_boolean = |o: Operator| o.comparison == Comparison::Bool;
            if compared().any(|line| line.test.operator.is_some_and(is_boolean)) {
                texts.extend(["true", "false"].map(str::to_owned));
            }
            let values = compared().flat_map(|line| &line.test.values);
            texts.extend(values.filter_map(|value| own.sample(value)));
            let met = meetings.texts.iter().filter(|(of, _)| *of == at);
            texts.extend(met.map(|(_, text)| text.clone()));
            if variable.may_be_empty {
                texts.push(String::new());
            }
            let mut seen = BTreeSet::new();
            texts.retain(|text| {
                let fits = !text.is_empty() || variable.may_be_empty;
                fits && seen.insert(text.clone())
            });
            all.is_cut |= texts.len() > MOST_VALUES;
            texts.truncate(MOST_VALUES);
            choice.extend(texts.into_iter().map(Given::Text));
            choice.push(Given::Absent);
            choices.push(choice);
        }
        let mut chosen: Vec<Vec<Given>> = vec![Vec::new()];
        for choice in &choices {
            let with = |values: &Vec<Given>| -> Vec<Vec<Given>> {
                let each = choice.iter();
                each.map(|one| [values.clone(), vec![one.clone()]].concat())
                    .collect()
            };
            chosen = chosen.iter().flat_map(with).collect();
            all.is_cut |= chosen.len() > MOST_READINGS;
            chosen.truncate(MOST_READINGS);
        }
        let reading = |values: &Vec<Given>, opened: &Opened<'_>| {
            let of = Values {
                text: &|name| text(name, values, &number, placeholders),
                unwritten: &|name| unwritten(name, values, &number, &variables),
            };
            Reading {
                id: 0,
                statements: { statements.iter() }
                    .map(|s| substitute(s, &of, opened))
                    .collect(),
                values: { variables.iter().cloned() }
                    .zip(values.iter().cloned())
                    .collect(),
            }
        };
        let cost: usize = statements.iter().map(|s| s.length()).sum();
        let mut add = |list: &mut Vec<Reading>, values: &Vec<Given>, opened: &Opened<'_>| {
            let fits = list.len() < MOST_READINGS && budget.pay(1 + cost as u64);
            if fits {
                list.push(reading(values, opened));
            }
            !fits
        };
        let none = Opened::default();
        for values in &chosen {
            all.is_cut |= add(&mut all.exact, values, &none);
        }
        let opened = meetings.meeting.len();
        let is_opened = (1..=MOST_OPENED).contains(&opened);
        for values in chosen.iter().filter(|_| is_opened) {
            for wide in 0..1_u32 << opened {
                let is_wide = |at: usize| wide >> at & 1 == 1;
                let mut within = meetings.within.iter();
                if within.any(|(narrow, other)| is_wide(*narrow) && !is_wide(*other)) {
                    continue;
                }
                let strings = meetings.meeting.iter().enumerate();
                let strings = strings.map(|(at, string)| (string, is_wide(at)));
                all.is_cut |= add(&mut all.open, values, &Opened(strings.collect()));
            }
        }
        let each = all.exact.iter_mut().chain(&mut all.open);
        for (id, reading) in each.enumerate() {
            reading.id = id;
        }
        all
    }
}

/// A variable that stands for no text, as far as its value is known.
fn unwritten(
    name: u32,
    values: &[Given],
    number: &dyn Fn(u32) -> Option<usize>,
    variables: &[Variable],
) -> Option<Unwritten> {
    let at = number(name)?;
    let own = || Some(Piece::Placeholder(variables.get(at)?.number));
    match values.get(at)? {
        Given::Own => own().map(Unwritten::Own),
        Given::Text(_) => None,
        Given::Absent => Some(Unwritten::Absent),
    }
}

/// The text that stands for a variable: its value, or the default of one without a value.
fn text(
    name: u32,
    values: &[Given],
    number: &dyn Fn(u32) -> Option<usize>,
    placeholders: &Placeholders,
) -> Option<String> {
    match values.get(number(name)?)? {
        Given::Own => None,
        Given::Text(text) => Some(text.clone()),
        Given::Absent => {
            let (_, default) = template::variable_parts(placeholders.name(name));
            default.map(str::to_owned)
        }
    }
}

fn lines<'s>(statements: &'s [&Prepared]) -> impl Iterator<Item = &'s Line> {
    statements.iter().flat_map(|s| &s.conditions.lines)
}

/// The condition keys that variables of statements name.
fn variables(statements: &[&Prepared], placeholders: &Placeholders) -> Vec<Variable> {
    let mut all: BTreeMap<String, Variable> = BTreeMap::new();
    let mut add = |pieces: &Pieces, is_compared: bool| {
        for (piece, _) in pieces.iter() {
            let Piece::Variable { name, may_be_empty } = piece else {
                continue;
            };
            let (key, default) = template::variable_parts(placeholders.name(*name));
            let folded = fold_key(key);
            let variable = all.entry(folded.clone()).or_insert_with(|| Variable {
                is_tested: lines(statements).any(|line| line.test.key == folded),
                folded,
                key: key.to_owned(),
                number: *name,
                is_compared: false,
                may_be_empty: false,
                has_default: false,
            });
            variable.is_compared |= is_compared;
            variable.may_be_empty |= may_be_empty;
            variable.has_default |= default.is_some();
        }
    };
    for statement in statements {
        for resource in &statement.resources {
            add(resource.pattern.pieces(), false);
        }
        for value in statement
            .conditions
            .lines
            .iter()
            .flat_map(|l| &l.test.values)
        {
            add(value, true);
        }
    }
    all.into_values().collect()
}

/// Texts that tell the lines apart which test the keys of variables, or compare with variables: so many of each kind that
/// the variables can differ.
fn listed(
    statements: &[&Prepared],
    variables: &[Variable],
    placeholders: &Placeholders,
    budget: &mut Budget,
) -> Option<Vec<String>> {
    let bears = |line: &&Line| {
        let mut values = line.test.values.iter();
        let names = |v: &Variable| v.folded == line.test.key;
        variables.iter().any(names) || values.any(|v| has_variable(v))
    };
    let keys: BTreeSet<&str> = lines(statements)
        .filter(bears)
        .map(|line| line.test.key.as_str())
        .collect();
    let mut constants: Vec<(Comparison, &Pieces)> = Vec::new();
    for line in lines(statements).filter(|l| keys.contains(l.test.key.as_str())) {
        let Some(operator) = line.test.operator else {
            continue;
        };
        let values = line.test.values.iter();
        let values = values.filter(|v| !has_variable(v));
        constants.extend(values.map(|value| (operator.comparison, value)));
    }
    contexts::samples(&constants, variables.len(), placeholders, budget)
}
