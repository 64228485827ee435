//! How strings with a variable meet other strings.

use crate::diff::difference::contexts;
use crate::diff::prepare::normal_value;
use crate::diff::statement::{Prepared, has_variable};
use crate::matcher::condition::Comparison;
use crate::matcher::search::{self, Alphabet, Answer, Budget, Clause, Goal, Union};
use crate::matcher::{Pattern, Piece, Pieces, Reading, ResourcePattern, Symbol, Token, Variables};
use crate::parser::Span;

/// An ARN in which variables stand for values behind the fifth colon alone: before it AWS reads none.
pub(super) fn of_arn(pieces: &Pieces) -> Pieces {
    let mut colons = 0;
    let one = |(piece, span): &(Piece, Span)| {
        colons += usize::from(*piece == Piece::Char(':'));
        match piece {
            Piece::Variable { name, .. } if colons < 5 => (Piece::Placeholder(*name), *span),
            piece => (*piece, *span),
        }
    };
    pieces.iter().map(one).collect()
}

/// A string in which variables may be any text.
pub(super) fn open(pieces: &Pieces) -> Pieces {
    let mut out = Vec::with_capacity(pieces.len() + 4);
    for (piece, span) in pieces.iter().copied() {
        match piece {
            Piece::Variable { may_be_empty, .. } => {
                if !may_be_empty {
                    out.push((Piece::Question, span));
                }
                out.push((Piece::Star, span));
            }
            piece => out.push((piece, span)),
        }
    }
    out.into()
}

/// A string of an operator without wildcards as one of an operator with them.
pub(super) fn with_wildcards(comparison: Comparison, pieces: &Pieces) -> Pieces {
    if matches!(comparison, Comparison::Like | Comparison::Arn) {
        return Pieces::clone(pieces);
    }
    let literal = |(piece, span): &(Piece, Span)| match piece {
        Piece::Star | Piece::Word => (Piece::Char('*'), *span),
        Piece::Question => (Piece::Char('?'), *span),
        piece => (*piece, *span),
    };
    pieces.iter().map(literal).collect()
}

/// The steps of the budget that one pair of strings takes.
const COST: u64 = 100;

/// The first number of placeholders that stand for keys.
const OF_KEY: u32 = 1 << 18;

/// Steps for finding a word of two strings, and the texts of the variables in it.
const STEPS: u64 = 50_000;

/// The place of a string: in a resource element, or among the values of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Resource,
    Value(Comparison, String),
}

/// A string with a variable that meets other strings.
#[derive(Clone, Debug)]
pub(super) struct Meeting {
    pub(super) place: Place,
    /// In the form in which equal strings are equal.
    pub(super) normal: String,
}

/// The strings with a variable that meet others.
#[derive(Default)]
pub(super) struct Meetings {
    pub(super) meeting: Vec<Meeting>,
    /// Pairs of them of which the second matches all that the first does, whatever the values are.
    pub(super) within: Vec<(usize, usize)>,
    /// Values with which they meet, by the number of the variable.
    pub(super) texts: Vec<(usize, String)>,
    /// Whether some could not be looked at.
    pub(super) is_cut: bool,
}

/// One string of the statements.
struct Part<'p> {
    place: Place,
    normal: String,
    pieces: &'p Pieces,
    has_variable: bool,
    /// What it may match.
    widest: Vec<Pattern>,
    /// What it matches where each variable is a value of its own.
    own: Vec<Pattern>,
}

impl Part<'_> {
    /// Whether both are compared with the same texts.
    fn is_beside(&self, other: &Part<'_>) -> bool {
        match (&self.place, &other.place) {
            (Place::Resource, Place::Resource) => true,
            (Place::Value(_, key), Place::Value(_, other)) => key == other,
            _ => false,
        }
    }

    /// Whether it matches all that another string does, whatever the variables are.
    fn takes_up(&self, other: &Part<'_>) -> bool {
        // A value may be longer than one character.
        let mut pieces = self.pieces.iter();
        let has_question = pieces.any(|(piece, _)| *piece == Piece::Question);
        let covers = |narrow: &Pattern| self.own.iter().any(|wide| wide.covers(narrow));
        self.is_beside(other) && !has_question && other.own.iter().all(covers)
    }

    fn is(&self, other: &Part<'_>) -> bool {
        self.place == other.place && self.normal == other.normal
    }
}

impl Meetings {
    pub(super) fn of(
        statements: &[&Prepared],
        number: &dyn Fn(u32) -> Option<usize>,
        is_variable: &dyn Fn(&str) -> bool,
        budget: &mut Budget,
    ) -> Self {
        let mut found = Meetings::default();
        let parts = parts(statements, number, &mut found.is_cut);
        let mut meeting: Vec<&Part<'_>> = Vec::new();
        for own in parts.iter().filter(|s| s.has_variable) {
            // The values of a key that a variable names are few.
            let mut meets = matches!(&own.place, Place::Value(_, key) if is_variable(key));
            for other in parts.iter().filter(|o| own.is_beside(o) && !own.is(o)) {
                if !budget.pay(COST) {
                    found.is_cut = true;
                    return found;
                }
                for wide in &own.widest {
                    let met = other.widest.iter();
                    let meets_it = |p: &&Pattern| {
                        // What matches all of it whatever the value is makes no difference.
                        p.overlaps(wide) && (other.has_variable || !p.covers(wide))
                    };
                    for met in met.filter(meets_it) {
                        meets = true;
                        let Some(word) = common(wide, met, budget) else {
                            continue;
                        };
                        for part in [own, other].into_iter().filter(|s| s.has_variable) {
                            found.texts.extend(texts(part, &word, number));
                        }
                    }
                }
            }
            if meets {
                meeting.push(own);
            }
        }
        for (at, narrow) in meeting.iter().enumerate() {
            let wide = meeting.iter().enumerate();
            let wide = wide.filter(|(other, wide)| *other != at && wide.takes_up(narrow));
            found.within.extend(wide.map(|(other, _)| (at, other)));
            found.meeting.push(Meeting {
                place: narrow.place.clone(),
                normal: narrow.normal.clone(),
            });
        }
        found.texts.sort();
        found.texts.dedup();
        found
    }
}

/// A text that both match.
fn common(one: &Pattern, other: &Pattern, budget: &mut Budget) -> Option<Vec<Symbol>> {
    let clause = Clause {
        required: vec![Union::of(vec![one]), Union::of(vec![other])],
        forbidden: Vec::new(),
    };
    let alphabet = || Alphabet::of([one, other].into_iter());
    let mut share = budget.share(STEPS);
    let before = share.left();
    let answer = search::find(&[clause], &alphabet, Goal::Shortest, &mut share);
    budget.settle(before, &share);
    match answer {
        Answer::Word(word) => Some(word),
        Answer::Nothing | Answer::Undecided => None,
    }
}

/// All strings, equal ones once. A value that is a variable alone is compared exactly, and does not count.
fn parts<'p>(
    statements: &[&'p Prepared],
    number: &dyn Fn(u32) -> Option<usize>,
    is_cut: &mut bool,
) -> Vec<Part<'p>> {
    let mut all: Vec<Part<'p>> = Vec::new();
    let mut add = |place: Place, pieces: &'p Pieces, widest: Vec<Pattern>| {
        let named = of_one_key(pieces, number).unwrap_or_else(|| opaque(pieces));
        let own = match &place {
            Place::Resource => ResourcePattern::new(named).pattern(Reading::Strict, Variables::Any),
            Place::Value(comparison, _) => contexts::pattern(*comparison, &named),
        };
        let part = Part {
            place,
            normal: normal_value(pieces),
            pieces,
            has_variable: has_variable(pieces),
            widest,
            own: own.into_iter().collect(),
        };
        if !all.iter().any(|known| known.is(&part)) {
            all.push(part);
        }
    };
    for statement in statements {
        for resource in &statement.resources {
            let pieces = resource.pattern.pieces();
            let wide = if has_variable(pieces) {
                let wide = ResourcePattern::new(open(&of_arn(pieces)));
                let wide = wide.pattern(Reading::Strict, Variables::Any);
                wide.into_iter().collect()
            } else {
                resource.patterns(Reading::Strict, Variables::Any).to_vec()
            };
            add(Place::Resource, pieces, wide);
        }
        for line in &statement.conditions.lines {
            let Some(comparison) = line.test.operator.map(|o| o.comparison) else {
                continue;
            };
            for value in &line.test.values {
                let is_alone = matches!(&**value, [(Piece::Variable { .. }, _)]);
                let is_text = comparison.reads_variables();
                let is_arn = comparison == Comparison::Arn;
                if !is_text || is_alone && !is_arn {
                    continue;
                }
                if comparison == Comparison::EqualsIgnoreCase && has_variable(value) {
                    *is_cut = true;
                    continue;
                }
                let wide = if is_arn {
                    contexts::pattern(comparison, &open(&of_arn(value)))
                } else {
                    let value = open(&with_wildcards(comparison, value));
                    contexts::pattern(Comparison::Like, &value)
                };
                let place = Place::Value(comparison, line.test.key.clone());
                add(place, value, wide.into_iter().collect());
            }
        }
    }
    all
}

/// A string in which each variable is a value of its own.
fn opaque(pieces: &Pieces) -> Pieces {
    let one = |(piece, span): &(Piece, Span)| match piece {
        Piece::Variable { name, .. } => (Piece::Placeholder(*name), *span),
        piece => (*piece, *span),
    };
    pieces.iter().map(one).collect()
}

/// A string whose variables name one key: with any default they are the same text wherever the key is there.
fn of_one_key(pieces: &Pieces, number: &dyn Fn(u32) -> Option<usize>) -> Option<Pieces> {
    let mut keys = pieces.iter().filter_map(|(piece, _)| match piece {
        Piece::Variable { name, .. } => Some(number(*name)),
        _ => None,
    });
    let first = keys.next()??;
    let key = keys.all(|key| key == Some(first)).then_some(first)?;
    let own = u32::try_from(key).ok()?;
    let one = |(piece, span): &(Piece, Span)| match piece {
        Piece::Variable { .. } => (Piece::Placeholder(OF_KEY + own), *span),
        piece => (*piece, *span),
    };
    Some(pieces.iter().map(one).collect())
}

/// The texts that the variables of a string have in a word that it matches.
fn texts(
    part: &Part<'_>,
    word: &[Symbol],
    number: &dyn Fn(u32) -> Option<usize>,
) -> Vec<(usize, String)> {
    let mut taking = Taking {
        wild: !matches!(part.place, Place::Value(Comparison::Equals, _)),
        steps: STEPS,
        taken: Vec::new(),
    };
    if !taking.take(part.pieces, word) {
        return Vec::new();
    }
    let text = |symbols: &[Symbol]| -> Option<String> {
        symbols.iter().map(|symbol| symbol.as_char()).collect()
    };
    let found = taking.taken.into_iter();
    let found = found.filter_map(|(name, symbols)| Some((number(name)?, text(&symbols)?)));
    found.collect()
}

/// Matches pieces with a word, and takes down what the variables stand for.
struct Taking {
    wild: bool,
    steps: u64,
    taken: Vec<(u32, Vec<Symbol>)>,
}

impl Taking {
    fn take(&mut self, pieces: &[(Piece, Span)], word: &[Symbol]) -> bool {
        let Some(left) = self.steps.checked_sub(1) else {
            return false;
        };
        self.steps = left;
        let Some(((piece, _), rest)) = pieces.split_first() else {
            return word.is_empty();
        };
        let least = match piece {
            Piece::Variable { may_be_empty, .. } => usize::from(!may_be_empty),
            Piece::Star | Piece::Word if self.wild => 0,
            piece => {
                let Some((first, after)) = word.split_first() else {
                    return false;
                };
                let fits = match contexts::token(*piece, self.wild) {
                    Token::Symbol(symbol) => symbol == *first,
                    Token::One(_) | Token::Run(_) => true,
                };
                return fits && self.take(rest, after);
            }
        };
        for length in least..=word.len() {
            let Some((own, after)) = word.split_at_checked(length) else {
                return false;
            };
            let before = self.taken.len();
            if let Piece::Variable { name, .. } = piece {
                // Two uses of a variable have one value.
                let mut known = self.taken.iter();
                if known.any(|(of, text)| of == name && text != own) {
                    continue;
                }
                self.taken.push((*name, own.to_vec()));
            }
            if self.take(rest, after) {
                return true;
            }
            self.taken.truncate(before);
        }
        false
    }
}
