//! The lines of a Condition that compare texts, as sets of texts: whether some text fulfils several of them, and whether
//! a line holds for every text of a pattern.

use super::{
    Class, Comparison, KeyValue, Pattern, Pieces, Quantifier, Reading, ResourcePattern, Test,
    Token, Variables, is_truth, literal, lower, pattern, plain, spellings, verbatim,
};
use crate::matcher::search::{self, Alphabet, Answer, Budget, Clause, Goal, Union};

/// A limit on the steps for one question: lines of ordinary policies take some hundred.
const STEPS: u64 = 200_000;

/// The most letters of a value that is compared without regard to case: every spelling of it is a text of its own.
const MOST_LETTERS: usize = 10;

/// Whether no text is as all of these lines require, for a key that a request has with some value. `value` is what is
/// known of that value. `several` says that a request may have more than one.
///
/// The answer is no where it is not certain: lines that compare something else are left out.
pub(super) fn leave_no_text(tests: &[&Test], value: &KeyValue, several: bool) -> bool {
    let domain = tests.first().and_then(|test| test.domain);
    let universe = match value {
        KeyValue::Unknown | KeyValue::Present => match domain {
            Some(domain) => domain.forms().to_vec(),
            None => vec![Pattern::everything()],
        },
        KeyValue::Values(values) => match values.as_slice() {
            [one] => vec![opened(one)],
            _ => return false,
        },
        KeyValue::Absent => return false,
    };
    let lines: Vec<Line> = tests.iter().filter_map(|test| Line::new(test)).collect();
    if has_no_text(&lines, &universe, several) {
        return true;
    }
    // In small letters a text fulfils what it fulfilled before, or more.
    tests.iter().any(|test| has_too_many_spellings(test)) && {
        let has_capitals = universe.iter().any(may_have_capitals);
        let lines = tests.iter();
        let lines = lines.filter_map(|test| Line::in_small_letters(test, has_capitals));
        let universe: Vec<Pattern> = universe.iter().map(lower).collect();
        has_no_text(&lines.collect::<Vec<_>>(), &universe, several)
    }
}

fn has_no_text(lines: &[Line], universe: &[Pattern], several: bool) -> bool {
    // The lines that each value must fulfil, and the lines that at least one value must fulfil.
    let (each, one): (Vec<&Line>, Vec<&Line>) = if several {
        let of = |wanted| lines.iter().filter(move |l| l.quantifier == Some(wanted));
        (of(Quantifier::All).collect(), of(Quantifier::Any).collect())
    } else {
        (lines.iter().collect(), Vec::new())
    };
    let holds_for_none = |also: Option<&Line>| {
        let lines = || each.iter().copied().chain(also);
        let mut clause = Clause::default();
        clause.required.push(Union::of(universe.iter().collect()));
        for line in lines() {
            let union = Union::of(line.patterns.iter().collect());
            if line.negated {
                clause.forbidden.push(union);
            } else {
                clause.required.push(union);
            }
        }
        let patterns = || lines().flat_map(|line| &line.patterns);
        let alphabet = || Alphabet::of(patterns().chain(universe));
        is_empty(clause, &alphabet)
    };
    if one.is_empty() {
        each.len() > 1 && holds_for_none(None)
    } else {
        one.iter().any(|line| holds_for_none(Some(line)))
    }
}

/// Whether a text of the pattern may change where it is written in small letters.
fn may_have_capitals(pattern: &Pattern) -> bool {
    pattern.tokens().iter().any(|token| match token {
        Token::Symbol(symbol) => symbol
            .as_char()
            .is_none_or(|c| !c.to_lowercase().eq(std::iter::once(c))),
        Token::One(class) | Token::Run(class) => !Class::NO_CAPITAL.includes(*class),
    })
}

/// Whether a line compares without regard to case with a value whose spellings are too many to list.
fn has_too_many_spellings(test: &Test) -> bool {
    test.operator
        .is_some_and(|o| o.comparison == Comparison::EqualsIgnoreCase)
        && test
            .values
            .iter()
            .filter_map(verbatim)
            .any(|v| spelled(&v).is_none())
}

/// Whether each text of a pattern is as one of the values of a line that is not negated.
pub(super) fn hold_all(test: &Test, value: &Pattern) -> bool {
    let Some(comparison) = test.operator.map(|o| o.comparison) else {
        return false;
    };
    let values = test.values.iter().filter_map(|v| narrow(comparison, v));
    let values: Vec<Pattern> = values.flatten().collect();
    let is_open = |p: &Pattern| p.tokens().iter().all(|t| !matches!(t, Token::Symbol(_)));
    let has_run = value.tokens().contains(&Token::Run(Class::ANY));
    if values.len() < 2 || has_run && !values.iter().any(is_open) && !names_a_character(value) {
        return false;
    }
    let clause = Clause {
        required: vec![Union::of(vec![value])],
        forbidden: vec![Union::of(values.iter().collect())],
    };
    is_empty(clause, &|| Alphabet::of(values.iter().chain([value])))
}

/// Whether the pattern contains a literal character.
fn names_a_character(value: &Pattern) -> bool {
    value.tokens().iter().any(|t| matches!(t, Token::Symbol(_)))
}

fn is_empty(clause: Clause<'_>, alphabet: &dyn Fn() -> Alphabet) -> bool {
    let mut budget = Budget::steps(STEPS);
    search::find(&[clause], alphabet, Goal::Any, &mut budget) == Answer::Nothing
}

/// A line as a set of texts: those that match one of the patterns, or the others.
struct Line {
    quantifier: Option<Quantifier>,
    negated: bool,
    patterns: Vec<Pattern>,
}

impl Line {
    /// The widest set of a line; `None` where it does not compare texts.
    fn new(test: &Test) -> Option<Self> {
        let operator = test.operator.filter(|_| !test.values.is_empty())?;
        let mut patterns = Vec::new();
        for value in &test.values {
            let read = if operator.negated {
                // A value that cannot be read excludes nothing.
                narrow(operator.comparison, value).unwrap_or_default()
            } else {
                wide(operator.comparison, value)?
            };
            patterns.extend(read);
        }
        (!operator.negated || !patterns.is_empty()).then_some(Line {
            quantifier: operator.quantifier,
            negated: operator.negated,
            patterns,
        })
    }

    /// The widest set of texts in small letters that stand for texts of the line. `has_capitals` is false where all texts
    /// are in small letters already.
    fn in_small_letters(test: &Test, has_capitals: bool) -> Option<Self> {
        let operator = test.operator.filter(|_| !test.values.is_empty())?;
        let mut patterns = Vec::new();
        for value in &test.values {
            if operator.comparison == Comparison::EqualsIgnoreCase {
                let text = verbatim(value).filter(|text| text.is_ascii());
                match text {
                    Some(text) => patterns.push(literal(&text.to_ascii_lowercase())),
                    None if operator.negated => {}
                    None => return None,
                }
            } else if operator.negated {
                // The capital spelling of an excluded text is not excluded.
                let has_letters = |p: &Pattern| {
                    let mut tokens = p.tokens().iter();
                    tokens.any(|t| matches!(t, Token::Symbol(s) if s.as_char().is_none_or(char::is_alphabetic)))
                };
                let read = narrow(operator.comparison, value).unwrap_or_default();
                let read = read.into_iter();
                patterns.extend(read.filter(|p| !has_capitals || !has_letters(p)));
            } else {
                let read = wide(operator.comparison, value)?;
                let read = read.into_iter();
                patterns.extend(read.map(|p| if has_capitals { lower(&p) } else { p }));
            }
        }
        (!operator.negated || !patterns.is_empty()).then_some(Line {
            quantifier: operator.quantifier,
            negated: operator.negated,
            patterns,
        })
    }
}

/// At least the texts that a value matches, as patterns; `None` where it is not a text that is compared.
fn wide(comparison: Comparison, value: &Pieces) -> Option<Vec<Pattern>> {
    match comparison {
        Comparison::Equals => Some(vec![opened(&pattern(value, false, false))]),
        Comparison::Like => Some(vec![opened(&pattern(value, true, false))]),
        Comparison::EqualsIgnoreCase => spelled(&verbatim(value)?),
        Comparison::Bool => {
            let text = plain(value)?;
            if is_truth(&text) {
                spelled(&text)
            } else {
                Some(Vec::new())
            }
        }
        Comparison::Arn => {
            let wanted = ResourcePattern::new(Pieces::clone(value));
            let reading = match wanted.field_count() {
                _ if wanted.is_everything() => return Some(vec![Pattern::everything()]),
                6 => Reading::Loose,
                _ => Reading::Wide,
            };
            let widest = wanted.pattern(reading, Variables::Any);
            Some(widest.iter().map(opened).collect())
        }
        _ => None,
    }
}

/// No more than the texts that a value matches for certain, as patterns.
fn narrow(comparison: Comparison, value: &Pieces) -> Option<Vec<Pattern>> {
    let is_known = |p: &Pattern| {
        let mut tokens = p.tokens().iter();
        tokens.all(|t| !matches!(t, Token::Symbol(symbol) if symbol.as_char().is_none()))
    };
    let found = match comparison {
        Comparison::Equals => vec![pattern(value, false, false)],
        Comparison::Like => vec![pattern(value, true, false)],
        Comparison::EqualsIgnoreCase => spelled(&verbatim(value)?)?,
        Comparison::Arn => {
            let wanted = ResourcePattern::new(Pieces::clone(value));
            if wanted.has_variable() {
                return None;
            }
            vec![wanted.pattern(Reading::Strict, Variables::Any)?]
        }
        _ => return None,
    };
    found.iter().all(is_known).then_some(found)
}

/// A pattern in which what has no value yet may be any text.
pub(super) fn opened(of: &Pattern) -> Pattern {
    let any = |token: &Token| match token {
        Token::Symbol(symbol) if symbol.as_char().is_none() => Token::Run(Class::ANY),
        other => *other,
    };
    Pattern::new(of.tokens().iter().map(any).collect())
}

/// A text in every mix of small and capital letters; `None` where these are too many.
fn spelled(text: &str) -> Option<Vec<Pattern>> {
    let letters = text.chars().filter(char::is_ascii_alphabetic).count();
    let few = text.is_ascii() && letters <= MOST_LETTERS;
    few.then(|| spellings(text).map(|s| literal(&s)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matcher::template::{Placeholders, customer};
    use crate::parser::Version;

    fn tests(lines: &[(&str, &[&str])]) -> Vec<Test> {
        tests_on("k", lines)
    }

    fn tests_on(key: &str, lines: &[(&str, &[&str])]) -> Vec<Test> {
        let mut names = Placeholders::default();
        let line = |(operator, values): &(&str, &[&str])| {
            let values = values.iter();
            let values = values.map(|v| customer(v, Version::V2012, &mut names).0);
            Test::new(operator.parse().ok(), key.to_owned(), values.collect())
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn lines_that_no_text_fulfils() {
        use KeyValue::{Present, Unknown};
        let like = |text: &str| KeyValue::Values(vec![Pattern::glob(text)]);
        for (lines, value, several, expected) in [
            (
                &[("StringLike", &["a*"][..]), ("StringLike", &["*b"])][..],
                Unknown,
                false,
                false,
            ),
            (
                &[
                    ("StringLike", &["a*"]),
                    ("StringLike", &["*b"]),
                    ("StringNotLike", &["a*b"]),
                ],
                Unknown,
                false,
                true,
            ),
            (
                &[
                    ("StringEqualsIgnoreCase", &["Ab"]),
                    ("StringNotEquals", &["ab", "aB", "AB"]),
                ],
                Present,
                false,
                false,
            ),
            (
                &[
                    ("StringEqualsIgnoreCase", &["Ab"]),
                    ("StringNotEquals", &["ab", "aB", "AB", "Ab"]),
                ],
                Present,
                false,
                true,
            ),
            (
                &[
                    ("StringEqualsIgnoreCase", &["*"]),
                    ("StringNotEquals", &["*"]),
                ],
                Present,
                false,
                true,
            ),
            (
                &[("Bool", &["true"]), ("StringNotEquals", &["true"])],
                Present,
                false,
                false,
            ),
            (
                &[("Bool", &["true"]), ("StringLike", &["T???E", "f*"])],
                Present,
                false,
                true,
            ),
            (
                &[
                    ("StringLike", &["AROA*"]),
                    ("StringNotLike", &["*:i-*", "x*"]),
                ],
                like("AROA*:i-*"),
                false,
                true,
            ),
            (
                &[
                    ("ArnLike", &["arn:aws:iam::1:*"]),
                    ("ArnNotLike", &["arn:aws:iam::1:role/*"]),
                ],
                like("arn:aws:iam::1:role/*"),
                false,
                true,
            ),
            (
                &[
                    ("StringEquals", &["${aws:username}"]),
                    ("StringNotEquals", &["a"]),
                ],
                Present,
                false,
                false,
            ),
            // More spellings than are listed one by one.
            (
                &[
                    ("ForAllValues:StringEquals", &["a"]),
                    ("StringEqualsIgnoreCase", &["AssumedRole"]),
                ],
                Unknown,
                false,
                true,
            ),
            (
                &[
                    ("StringLike", &["assumed?ole"]),
                    ("StringEqualsIgnoreCase", &["AssumedRole", "x"]),
                ],
                Unknown,
                false,
                false,
            ),
            (
                &[
                    ("StringNotEquals", &["assumedrole"]),
                    ("StringEqualsIgnoreCase", &["AssumedRole"]),
                ],
                Unknown,
                false,
                false,
            ),
            (
                &[
                    ("StringNotEqualsIgnoreCase", &["ASSUMEDROLE"]),
                    ("StringEqualsIgnoreCase", &["AssumedRole"]),
                ],
                Unknown,
                false,
                true,
            ),
            // Texts that cannot be read, or not be written in small letters, may be any.
            (
                &[
                    ("StringEqualsIgnoreCase", &["${aws:username}"]),
                    ("StringEqualsIgnoreCase", &["AssumedRole"]),
                ],
                Unknown,
                false,
                false,
            ),
            (
                &[
                    ("StringEqualsIgnoreCase", &["\u{212a}"]),
                    ("StringEqualsIgnoreCase", &["AssumedRole"]),
                    ("StringNotEqualsIgnoreCase", &["\u{212a}", "AssumedRole"]),
                ],
                Unknown,
                false,
                true,
            ),
            (
                &[
                    ("Bool", &["yes"]),
                    ("StringEqualsIgnoreCase", &["AssumedRole"]),
                ],
                Unknown,
                false,
                true,
            ),
            // A request with both values fulfils both lines.
            (
                &[
                    ("ForAnyValue:StringEquals", &["a"]),
                    ("ForAnyValue:StringEquals", &["b"]),
                ],
                Present,
                true,
                false,
            ),
            (
                &[
                    ("ForAnyValue:StringEquals", &["a"]),
                    ("ForAnyValue:StringEquals", &["b"]),
                ],
                Present,
                false,
                true,
            ),
            (
                &[
                    ("ForAllValues:StringLike", &["a*", "b"]),
                    ("ForAnyValue:StringLike", &["b?*"]),
                ],
                Present,
                true,
                true,
            ),
        ] {
            let tests = tests(lines);
            let tests: Vec<&Test> = tests.iter().collect();
            let found = leave_no_text(&tests, &value, several);
            assert_eq!(found, expected, "{lines:?} on {value:?}");
        }
    }

    #[test]
    fn ids_are_in_small_letters() {
        // More spellings than are listed one by one.
        for (key, id, expected) in [
            ("aws:sourcevpc", "vpc-aaaaaaaa", true),
            ("aws:principalorgid", "o-abcdefghijkl", true),
            ("aws:principaltag/team", "abcdefghijkl", false),
        ] {
            let capitals = id.to_uppercase();
            let lines: &[(&str, &[&str])] = &[
                ("StringEqualsIgnoreCase", &[&capitals]),
                ("StringNotEquals", &[id]),
            ];
            let tests = tests_on(key, lines);
            let tests: Vec<&Test> = tests.iter().collect();
            let found = leave_no_text(&tests, &KeyValue::Unknown, false);
            assert_eq!(found, expected, "{key}");
        }
    }

    #[test]
    fn values_that_together_match_everything() {
        for (values, value, expected) in [
            (&["?*", ""][..], "*", true),
            (&["?*", "a"], "*", false),
            (&["a*", "*b"], "*", false),
            (&["AROAa*", "AROA?*", "AROA"], "AROA*", true),
        ] {
            let tests = tests(&[("StringLike", values)]);
            let found = hold_all(&tests[0], &Pattern::glob(value));
            assert_eq!(found, expected, "{values:?} on {value}");
        }
    }
}
