//! Condition keys that repeat a part of the ARN: the Region of the request, and the account of the resource.

use super::{Cell, Value, pattern};
use crate::matcher::condition::{Comparison, Test, literal};
use crate::matcher::{Class, Pattern, Symbol, Token};

/// The ARNs of the requests in which a key that repeats a field of the ARN has a value of one cell.
#[derive(Clone, Debug)]
pub(in crate::diff::difference) struct Place {
    /// The key, as written.
    pub(in crate::diff::difference) key: String,
    /// The field of the ARN.
    pub(in crate::diff::difference) field: usize,
    /// Lists of patterns, and whether the ARN is as one of the list, or as none of them.
    pub(in crate::diff::difference) lists: Vec<(Vec<Pattern>, bool)>,
}

impl Place {
    /// `None` for a request without the key.
    pub(super) fn new(
        field: usize,
        key: &str,
        tests: &[&Test],
        (value, truths): &Cell,
    ) -> Option<Place> {
        let Value::Texts(texts) = value else {
            return None;
        };
        let mut lists = Vec::new();
        for (test, holds) in tests.iter().zip(truths) {
            let Some(operator) = test.operator else {
                continue;
            };
            match operator.comparison {
                Comparison::Null => {}
                Comparison::Equals | Comparison::Like | Comparison::Arn => {
                    let values = test.values.iter();
                    let patterns = values.filter_map(|v| pattern(operator.comparison, v));
                    let lifted = patterns.map(|p| lifted(field, p.tokens()));
                    lists.push((lifted.collect(), *holds != operator.negated));
                }
                // Other ways to compare are no patterns: the value of the cell stands for all.
                _ => {
                    let text = texts.first().map_or("", String::as_str);
                    lists.push((vec![lifted(field, literal(text).tokens())], true));
                }
            }
        }
        Some(Place {
            key: key.to_owned(),
            field,
            lists,
        })
    }
}

impl Place {
    /// The ARNs in which the field is this text.
    pub(super) fn of_text(field: usize, key: &str, text: &str) -> Place {
        Place {
            key: key.to_owned(),
            field,
            lists: vec![(vec![lifted(field, literal(text).tokens())], true)],
        }
    }
}

/// The ARNs with this field.
fn lifted(field: usize, tokens: &[Token]) -> Pattern {
    let colon = Token::Symbol(Symbol::char(':'));
    let mut out: Vec<Token> = literal("arn").tokens().to_vec();
    for at in 1..6 {
        out.push(colon);
        if at == field {
            out.extend(tokens.iter().map(|token| match token {
                Token::One(class) => Token::One(class.and(Class::NO_COLON)),
                Token::Run(class) => Token::Run(class.and(Class::NO_COLON)),
                symbol @ Token::Symbol(_) => *symbol,
            }));
        } else {
            out.push(Token::Run(if at == 5 {
                Class::ANY
            } else {
                Class::NO_COLON
            }));
        }
    }
    Pattern::new(out)
}
