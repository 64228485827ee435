//! The `Condition` of a statement, in three values: true, false, or unknown.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

mod arn_values;
mod domain;
mod key_name;
mod last_answers;
mod scalar;
mod texts;
mod together;

pub use crate::operator::{Comparison, Operator, Order, Quantifier, UnknownOperator};
pub use domain::{Domain, domain};
pub use key_name::{fold_key, is_key};
pub use last_answers::LastAnswers;
pub(crate) use scalar::{Decimal, date, network};
pub use together::{exclude_each_other, exclude_each_other_for};

use std::cell::OnceCell;
use std::slice;

use super::arn::{Piece, Pieces, Reading, ResourcePattern, Variables};
use super::class::Class;
use super::pattern::{Pattern, Token};
use super::symbol::Symbol;
use arn_values::Arn;
use scalar::scalars;

/// The known result of a statement's Condition, or of one line of it, for some requests.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Truth {
    /// The Condition holds for none of the requests.
    False,
    /// The Condition may hold or not.
    Unknown,
    /// The Condition holds for all of the requests.
    True,
}

impl Truth {
    pub(crate) fn of(value: bool) -> Self {
        if value { Truth::True } else { Truth::False }
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// One of them holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    fn negate_if(self, negated: bool) -> Self {
        match self {
            Truth::True if negated => Truth::False,
            Truth::False if negated => Truth::True,
            same => same,
        }
    }

    /// The known result if either of two cases may apply.
    #[must_use]
    pub fn either(self, other: Self) -> Self {
        if self == other { self } else { Truth::Unknown }
    }
}

/// The known values of a condition key in some requests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeyValue {
    /// Nothing: the key may be absent or have any value.
    Unknown,
    /// The request does not have the key.
    Absent,
    /// It has the key, with at least one value. A key with an empty value counts as absent: `Null` with `false` excludes
    /// both, and `ForAllValues` and `ForAnyValue` take both alike.
    Present,
    /// It has the key with these values, one for each pattern: a text that the pattern matches.
    Values(Vec<Pattern>),
}

impl KeyValue {
    /// A key with one value.
    pub fn one(text: &str) -> Self {
        KeyValue::Values(vec![literal(text)])
    }

    /// The text of a key with exactly one value, known to the letter.
    pub fn text(&self) -> Option<String> {
        match self {
            KeyValue::Values(values) => match values.as_slice() {
                [one] => text_of(one),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The pattern that matches this text alone; `*` and `?` in it stand for themselves.
pub fn literal(text: &str) -> Pattern {
    let symbols = text.chars().map(|c| Token::Symbol(Symbol::char(c)));
    Pattern::new(symbols.collect())
}

fn text_of(pattern: &Pattern) -> Option<String> {
    pattern
        .tokens()
        .iter()
        .map(|token| match token {
            Token::Symbol(symbol) => symbol.as_char(),
            _ => None,
        })
        .collect()
}
/// One line of a Condition: an operator, a key and the values to compare with.
#[derive(Clone, Debug)]
pub struct Test {
    /// The operator; `None` if AWS does not have it, and then the line is unknown.
    pub operator: Option<Operator>,
    /// In the form of [`fold_key`].
    pub key: String,
    /// The values to compare with, with placeholders replaced.
    pub values: Vec<Pieces>,
    /// Whether `values` leaves out one with a policy variable that has no value. AWS says that it matches nothing, and that
    /// the whole statement may be invalid.
    has_void: bool,
    /// The values that the key can have; `None` where they may be any.
    domain: Option<&'static Domain>,
    /// What the values match, once it is asked for.
    read: OnceCell<Vec<Wanted>>,
    answers: LastAnswers<Truth>,
}

/// A value of a line, made ready for comparisons.
#[derive(Clone, Debug)]
enum Wanted {
    Text(Pattern),
    Arn(Box<Arn>),
    /// A value that is compared as it is written.
    Scalar,
}

impl Test {
    /// From the folded key, and values whose placeholders are replaced.
    pub fn new(operator: Option<Operator>, key: String, values: Vec<Pieces>) -> Self {
        Test {
            operator,
            domain: domain(&key),
            key,
            values,
            has_void: false,
            read: OnceCell::new(),
            answers: LastAnswers::default(),
        }
    }

    /// The same line with a value more that matches nothing.
    #[must_use]
    pub fn with_void(self) -> Self {
        Test {
            has_void: true,
            ..self
        }
    }

    fn read(&self, comparison: Comparison) -> &[Wanted] {
        let read = |wanted: &Pieces| match comparison {
            Comparison::Equals => Wanted::Text(pattern(wanted, false, false)),
            Comparison::EqualsIgnoreCase => Wanted::Text(pattern(wanted, false, true)),
            Comparison::Like => Wanted::Text(pattern(wanted, true, false)),
            Comparison::Arn => Wanted::Arn(Box::new(Arn::new(wanted))),
            _ => Wanted::Scalar,
        };
        self.read
            .get_or_init(|| self.values.iter().map(read).collect())
    }

    /// Whether the line may hold for each of the values that it [states](Self::stated).
    pub fn may_hold_as_stated(&self, stated: &[KeyValue]) -> bool {
        let compares_texts = |o: Operator| {
            matches!(
                o.comparison,
                Comparison::Equals | Comparison::Like | Comparison::Arn
            )
        };
        self.operator.is_some_and(compares_texts)
            && stated.iter().all(|v| matches!(v, KeyValue::Values(_)))
    }

    /// Whether the line holds for requests in which the key is as `value` says.
    pub fn evaluate(&self, value: &KeyValue) -> Truth {
        let Some(operator) = self.operator else {
            return Truth::Unknown;
        };
        let found = self.evaluate_values(operator, value);
        if self.has_void {
            found.and(Truth::Unknown)
        } else {
            found
        }
    }

    fn evaluate_values(&self, operator: Operator, value: &KeyValue) -> Truth {
        if operator.comparison == Comparison::Null {
            return self.null(operator, value);
        }
        match value {
            _ if self.values.is_empty() => without_values(operator, value),
            KeyValue::Unknown => self
                .evaluate(&KeyValue::Absent)
                .either(self.evaluate(&KeyValue::Present)),
            KeyValue::Absent => absent(operator),
            KeyValue::Present => self.answers.get(value, || self.present(operator)),
            KeyValue::Values(values) => {
                let found = || self.values(operator, values);
                self.answers.get(value, found)
            }
        }
    }

    /// The values that the key can have if the line holds. Empty if the line does not restrict them.
    pub fn stated(&self) -> Vec<KeyValue> {
        let Some(operator) = self.operator else {
            return Vec::new();
        };
        if operator.negated || operator.if_exists || self.values.is_empty() {
            return Vec::new();
        }
        let one = |pattern: Pattern| KeyValue::Values(vec![pattern]);
        match (operator.quantifier, operator.comparison) {
            (Some(Quantifier::All), _) | (Some(Quantifier::Any), Comparison::Null) => Vec::new(),
            (None, Comparison::Null) => match self.values.as_slice() {
                [value] => match plain(value).map(|t| t.to_ascii_lowercase()).as_deref() {
                    Some("true") => vec![KeyValue::Absent],
                    Some("false") => vec![KeyValue::Present],
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            },
            (None, Comparison::Equals | Comparison::Like | Comparison::Bool) => {
                let wildcards = operator.comparison == Comparison::Like;
                let patterns = self.values.iter().map(|v| pattern(v, wildcards, false));
                patterns.map(one).collect()
            }
            (None, Comparison::Arn) => self
                .values
                .iter()
                .map(|value| {
                    let wanted = ResourcePattern::new(Pieces::clone(value));
                    wanted
                        .pattern(Reading::Strict, Variables::Any)
                        .map_or(KeyValue::Present, one)
                })
                .collect(),
            _ => vec![KeyValue::Present],
        }
    }

    fn null(&self, operator: Operator, value: &KeyValue) -> Truth {
        match operator.quantifier {
            Some(Quantifier::All) => return Truth::True,
            Some(Quantifier::Any) => return Truth::False,
            None => {}
        }
        let absent = match value {
            KeyValue::Unknown => Truth::Unknown,
            KeyValue::Absent => Truth::True,
            KeyValue::Present | KeyValue::Values(_) => Truth::False,
        };
        let wanted = self.values.iter().map(|pieces| match plain(pieces) {
            Some(text) if text.eq_ignore_ascii_case("true") => absent,
            Some(text) if text.eq_ignore_ascii_case("false") => absent.negate_if(true),
            _ => Truth::Unknown,
        });
        // `["true", "false"]` holds whatever the key is.
        let both = |text: &str| {
            let is = |p: &Pieces| plain(p).is_some_and(|t| t.eq_ignore_ascii_case(text));
            self.values.iter().any(is)
        };
        if both("true") && both("false") {
            return Truth::True;
        }
        wanted.fold(Truth::False, Truth::or)
    }

    /// The result for a request that has the key, with any value that the key can have.
    fn present(&self, operator: Operator) -> Truth {
        let found = |form: &Pattern| self.values(operator, slice::from_ref(form));
        let Some(domain) = self.domain else {
            return found(&Pattern::everything());
        };
        let each = domain.forms().iter().map(found);
        each.reduce(Truth::either).unwrap_or(Truth::Unknown)
    }

    fn values(&self, operator: Operator, values: &[Pattern]) -> Truth {
        let comparison = operator.comparison;
        let is_never = |wanted: &Pieces| {
            let domain = self.domain;
            domain.is_some_and(|domain| domain.excludes(comparison, wanted))
        };
        let each = values.iter().map(|value| {
            let one = { self.values.iter().zip(self.read(comparison)) }
                .map(
                    |(written, wanted)| match compare(comparison, value, written, wanted) {
                        Truth::Unknown if !value.is_literal() && is_never(written) => Truth::False,
                        found => found,
                    },
                )
                .fold(Truth::False, Truth::or);
            let found = if one == Truth::Unknown && texts::hold_all(self, value) {
                Truth::True
            } else {
                one
            };
            found.negate_if(operator.negated)
        });
        match operator.quantifier {
            Some(Quantifier::All) => each.fold(Truth::True, Truth::and),
            Some(Quantifier::Any) => each.fold(Truth::False, Truth::or),
            // AWS does not say how a plain operator takes several values.
            None => each.reduce(Truth::either).unwrap_or(Truth::Unknown),
        }
    }
}

/// The result of an operator for a request without the key.
fn absent(operator: Operator) -> Truth {
    match operator.quantifier {
        Some(Quantifier::All) => Truth::True,
        // `IfExists` says true, the quantifier says false, AWS says nothing.
        Some(Quantifier::Any) if operator.if_exists => Truth::Unknown,
        Some(Quantifier::Any) => Truth::False,
        None => Truth::of(operator.if_exists || operator.negated),
    }
}

/// The result of an operator with an empty list of values, of which nothing matches. AWS does not say whether a negated
/// operator then holds.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html> (empty array condition)
fn without_values(operator: Operator, value: &KeyValue) -> Truth {
    let is_contested = operator.negated && operator.quantifier.is_none() && !operator.if_exists;
    match value {
        KeyValue::Unknown => without_values(operator, &KeyValue::Absent)
            .either(without_values(operator, &KeyValue::Present)),
        KeyValue::Absent if !is_contested => absent(operator),
        KeyValue::Present | KeyValue::Values(_) if !operator.negated => Truth::False,
        _ => Truth::Unknown,
    }
}

/// The text of pieces without wildcards, variables and placeholders.
fn plain(pieces: &Pieces) -> Option<String> {
    pieces
        .iter()
        .map(|(piece, _)| match piece {
            Piece::Char(c) => Some(*c),
            _ => None,
        })
        .collect()
}

/// The text of pieces for operators that take no wildcards: `*` and `?` are characters.
fn verbatim(pieces: &Pieces) -> Option<String> {
    pieces
        .iter()
        .map(|(piece, _)| match piece {
            Piece::Char(c) => Some(*c),
            Piece::Star | Piece::Word => Some('*'),
            Piece::Question => Some('?'),
            Piece::Variable { .. } | Piece::Placeholder(_) => None,
        })
        .collect()
}

/// How a value of the request, known as a pattern, compares with a value of the policy.
fn compare(comparison: Comparison, value: &Pattern, wanted: &Pieces, read: &Wanted) -> Truth {
    match (comparison, read) {
        (Comparison::EqualsIgnoreCase, Wanted::Text(read)) => return texts(&lower(value), read),
        (_, Wanted::Text(read)) => return texts(value, read),
        (_, Wanted::Arn(read)) => return read.compare(value),
        _ => {}
    }
    match comparison {
        // Neither true nor false: `${aws:SecureTransport}` is literal text here.
        Comparison::Bool if plain(wanted).is_some_and(|text| !is_truth(&text)) => Truth::False,
        Comparison::Bool if text_of(value).is_none() => match plain(wanted) {
            Some(wanted) if !spellings(&wanted).any(|s| value.matches_text(&s)) => Truth::False,
            _ => Truth::Unknown,
        },
        Comparison::Numeric(_)
        | Comparison::Date(_)
        | Comparison::Bool
        | Comparison::Binary
        | Comparison::IpAddress => match (text_of(value), plain(wanted)) {
            (Some(value), Some(wanted)) => scalars(comparison, &value, &wanted),
            _ => Truth::Unknown,
        },
        _ => Truth::Unknown,
    }
}

fn is_truth(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

/// A text in every mix of small and capital letters: for some operators they are equal.
fn spellings(text: &str) -> impl Iterator<Item = String> {
    let letters = text.chars().filter(char::is_ascii_alphabetic).count();
    (0..1_u32 << letters).map(move |mask| {
        let mut rest = mask;
        let spelled = text.chars().map(|c| {
            if !c.is_ascii_alphabetic() {
                return c;
            }
            let capital = rest & 1 == 1;
            rest >>= 1;
            if capital {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            }
        });
        spelled.collect()
    })
}

/// The pattern of a policy's value.
fn pattern(wanted: &Pieces, wildcards: bool, fold: bool) -> Pattern {
    let mut tokens = Vec::with_capacity(wanted.len());
    for (piece, _) in wanted.iter() {
        match piece {
            Piece::Char(c) if fold => tokens.extend(folded(*c)),
            Piece::Char(c) => tokens.push(Token::Symbol(Symbol::char(*c))),
            Piece::Star | Piece::Word if wildcards => tokens.push(Token::Run(Class::ANY)),
            Piece::Star | Piece::Word => tokens.push(Token::Symbol(Symbol::char('*'))),
            Piece::Question if wildcards => tokens.push(Token::One(Class::ANY)),
            Piece::Question => tokens.push(Token::Symbol(Symbol::char('?'))),
            Piece::Variable { name, .. } => {
                tokens.push(Token::Symbol(Symbol::placeholder(
                    name.wrapping_add(1 << 20),
                )));
            }
            Piece::Placeholder(n) => tokens.push(Token::Symbol(Symbol::placeholder(*n))),
        }
    }
    Pattern::new(tokens)
}

fn folded(c: char) -> impl Iterator<Item = Token> {
    c.to_lowercase().map(|c| Token::Symbol(Symbol::char(c)))
}

fn lower(pattern: &Pattern) -> Pattern {
    let mut tokens = Vec::with_capacity(pattern.tokens().len());
    for token in pattern.tokens() {
        match token {
            Token::Symbol(symbol) => match symbol.as_char() {
                Some(c) => tokens.extend(folded(c)),
                None => tokens.push(*token),
            },
            other => tokens.push(*other),
        }
    }
    Pattern::new(tokens)
}

/// True where every text of `value` matches, false where none does. Values that are not known, in either, may turn
/// out to be any text.
fn texts(value: &Pattern, wanted: &Pattern) -> Truth {
    if wanted.covers(value) {
        return Truth::True;
    }
    let open = |pattern: &Pattern| {
        let tokens = pattern.tokens().iter().map(|token| match token {
            Token::Symbol(symbol) if symbol.as_char().is_none() => Token::Run(Class::ANY),
            other => *other,
        });
        Pattern::new(tokens.collect())
    };
    if open(wanted).overlaps(&open(value)) {
        Truth::Unknown
    } else {
        Truth::False
    }
}

#[cfg(test)]
mod tests;
