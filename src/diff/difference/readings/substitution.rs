//! Statements with values in the place of their policy variables.

use std::collections::BTreeSet;

use super::Place;
use super::interplay::{Meeting, of_arn, open, with_wildcards};
use crate::diff::difference::contexts::NOTHING;
use crate::diff::prepare::normal_value;
use crate::diff::statement::{Conditions, Line, Prepared, Resource, has_variable};
use crate::matcher::condition::{Comparison, Operator, Test};
use crate::matcher::{Pattern, Piece, Pieces, Reading, Variables};

/// A statement with a value for each variable.
pub(in crate::diff::difference) struct Substituted {
    /// The patterns of its resources, where they have a variable.
    pub(in crate::diff::difference) patterns: Option<Vec<Pattern>>,
    /// Its Condition, where that has one.
    pub(in crate::diff::difference) conditions: Option<Conditions>,
    /// Whether a variable in it has no value. AWS says that the string then matches nothing, and that the whole statement
    /// may be invalid.
    pub(in crate::diff::difference) is_void: bool,
}

/// Strings that match all that they may match, or nothing.
#[derive(Default)]
pub(super) struct Opened<'m>(pub(super) Vec<(&'m Meeting, bool)>);

impl Opened<'_> {
    fn is_wide(&self, place: &Place, pieces: &Pieces) -> Option<bool> {
        if self.0.is_empty() {
            return None;
        }
        let normal = normal_value(pieces);
        let mut all = self.0.iter();
        let own = all.find(|(m, _)| m.place == *place && m.normal == normal);
        own.map(|(_, wide)| *wide)
    }
}

/// A variable that stands for no known text.
#[derive(PartialEq, Eq)]
pub(super) enum Unwritten {
    /// A value like no other, as this piece.
    Own(Piece),
    /// It has no value.
    Absent,
}

/// The values of the variables, by their numbers.
pub(super) struct Values<'v> {
    /// The text, where there is one.
    pub(super) text: &'v dyn Fn(u32) -> Option<String>,
    /// The same for a variable without a text.
    pub(super) unwritten: &'v dyn Fn(u32) -> Option<Unwritten>,
}

impl Values<'_> {
    /// Whether no variable of a string has a value in the request, so that what it matches is known.
    fn are_absent(&self, pieces: &Pieces) -> bool {
        let mut pieces = pieces.iter();
        pieces.all(|(piece, _)| match piece {
            Piece::Variable { name, .. } => (self.unwritten)(*name) == Some(Unwritten::Absent),
            _ => true,
        })
    }

    /// A text that a string with variables matches.
    pub(super) fn sample(&self, pieces: &Pieces) -> Option<String> {
        if !has_variable(pieces) {
            return None;
        }
        let filled = self.fill(pieces)?;
        let mut text = String::new();
        for (piece, _) in filled.iter() {
            match piece {
                Piece::Char(c) => text.push(*c),
                Piece::Question => text.push('x'),
                Piece::Star | Piece::Word => {}
                Piece::Variable { .. } | Piece::Placeholder(_) => return None,
            }
        }
        Some(text)
    }

    /// A string with its values. `None` for one that matches nothing.
    fn fill(&self, pieces: &Pieces) -> Option<Pieces> {
        let mut out = Vec::with_capacity(pieces.len() + 16);
        for (piece, span) in pieces.iter().copied() {
            let Piece::Variable { name, .. } = piece else {
                out.push((piece, span));
                continue;
            };
            match ((self.text)(name), (self.unwritten)(name)) {
                (Some(text), _) => out.extend(text.chars().map(|c| (Piece::Char(c), span))),
                (None, Some(Unwritten::Own(piece))) => out.push((piece, span)),
                (None, Some(Unwritten::Absent)) => return None,
                (None, None) => out.push((Piece::Placeholder(name), span)),
            }
        }
        Some(out.into())
    }
}

/// The statement with these values.
pub(super) fn substitute(
    statement: &Prepared,
    values: &Values<'_>,
    opened: &Opened<'_>,
) -> Substituted {
    let mut is_void = false;
    let resources = &statement.resources;
    let has_any = resources.iter().any(|r| r.pattern.has_variable());
    let mut patterns = None;
    if has_any {
        let mut all = Vec::new();
        for resource in resources {
            let pieces = resource.pattern.pieces();
            if !has_variable(pieces) {
                all.extend_from_slice(resource.patterns(Reading::Strict, Variables::Any));
                continue;
            }
            let wide = opened.is_wide(&Place::Resource, pieces);
            let filled = match wide.filter(|_| !values.are_absent(pieces)) {
                Some(true) => Some(open(&of_arn(pieces))),
                Some(false) => None,
                None => {
                    let filled = values.fill(&of_arn(pieces));
                    is_void |= filled.is_none();
                    filled
                }
            };
            if let Some(pieces) = filled {
                let of = Resource::new(pieces, resource.text.clone(), resource.span);
                all.extend_from_slice(of.patterns(Reading::Strict, Variables::Any));
            }
        }
        patterns = Some(all);
    }
    let lines = &statement.conditions.lines;
    let compares = |line: &Line| line.test.values.iter().any(|v| has_variable(v));
    let mut conditions = None;
    if lines.iter().any(compares) {
        let lines = lines.iter().map(|line| {
            let (line, has_void) = filled_line(line, values, opened);
            is_void |= has_void;
            line
        });
        conditions = Some(Conditions::new(
            lines.collect(),
            statement.conditions.unreadable,
            statement.conditions.span,
        ));
    }
    Substituted {
        patterns,
        conditions,
        is_void,
    }
}

/// A line with these values, and whether one of them has a variable without a value.
fn filled_line(line: &Line, values: &Values<'_>, opened: &Opened<'_>) -> (Line, bool) {
    let mut operator = line.test.operator;
    let comparison = operator.map_or(Comparison::Null, |o| o.comparison);
    let place = Place::Value(comparison, line.test.key.clone());
    let written = &line.test.values;
    let is_opened = written.iter().any(|v| opened.is_wide(&place, v).is_some());
    let mut has_void = false;
    let mut filled: Vec<Pieces> = Vec::new();
    for value in written {
        let wide = opened.is_wide(&place, value);
        let wide = wide.filter(|_| !values.are_absent(value));
        let value = &match comparison {
            Comparison::Arn => of_arn(value),
            _ => Pieces::clone(value),
        };
        let found = match wide {
            Some(true) => Some(open(&with_wildcards(comparison, value))),
            Some(false) => None,
            None => {
                let found = values.fill(value);
                has_void |= found.is_none();
                match found {
                    Some(found) if is_opened => Some(with_wildcards(comparison, &found)),
                    found => found,
                }
            }
        };
        filled.extend(found);
    }
    if is_opened && comparison == Comparison::Equals {
        operator = operator.map(|o| Operator {
            comparison: Comparison::Like,
            ..o
        });
    }
    if filled.is_empty() {
        let span = written.first().and_then(|v| v.first());
        let span = span.map(|(_, span)| *span).unwrap_or_default();
        filled.push([(Piece::Placeholder(NOTHING), span)].into());
    }
    let line = Line {
        test: Test::new(operator, line.test.key.clone(), filled),
        normal: line.normal.clone(),
        operator: line.operator.clone(),
        key: line.key.clone(),
        values: line.values.clone(),
    };
    (line, has_void)
}

/// A short text that none of these is.
pub(super) fn fresh(taken: &BTreeSet<String>) -> Option<String> {
    let letters = || ('a'..='z').map(String::from);
    let longer = letters().flat_map(|a| letters().map(move |b| format!("{a}{b}")));
    let mut all = letters().chain(longer);
    all.find(|text| !taken.contains(text))
}
