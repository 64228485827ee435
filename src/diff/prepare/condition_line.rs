//! One line of a Condition, made ready for deciding.

use std::fmt::Write as _;

use crate::diff::statement::Line;
use crate::matcher::condition::{Comparison, Operator, Test, fold_key};
use crate::matcher::{Piece, Pieces};

/// The placeholder that values of a condition key stand for.
pub(super) fn value_of(key: &str) -> Option<&'static str> {
    let is = |name: &str| key.eq_ignore_ascii_case(name);
    let account = [
        "aws:PrincipalAccount",
        "aws:ResourceAccount",
        "aws:SourceAccount",
    ];
    match () {
        () if is("aws:RequestedRegion") => Some("Region"),
        () if account.into_iter().any(is) => Some("Account"),
        () => None,
    }
}

/// Whether AWS reads policy variables in the values of an operator: those of texts and ARNs. Of an unknown operator
/// nothing is known.
pub(super) fn reads_variables(operator: &str) -> bool {
    let operator: Option<Operator> = operator.parse().ok();
    operator.is_none_or(|o| o.comparison.reads_variables())
}

pub(super) fn is_arn_operator(operator: &str) -> bool {
    let operator: Option<Operator> = operator.parse().ok();
    operator.is_some_and(|o| o.comparison == Comparison::Arn)
}

/// A line of a Condition; `bound` are its values but for those with a policy variable that has no value, if it `has_void`
/// ones.
pub(super) fn line(
    operator: &str,
    key: &str,
    values: Vec<String>,
    bound: Vec<Pieces>,
    has_void: bool,
) -> Line {
    let key_folded = fold_key(key);
    let mut normal: Vec<String> = bound.iter().map(normal_value).collect();
    normal.sort_unstable();
    normal.dedup();
    let void = if has_void { " void" } else { "" };
    let test = Test::new(operator.parse().ok(), key_folded, bound);
    Line {
        normal: format!(
            "{} {} {normal:?}{void}",
            operator.to_ascii_lowercase(),
            test.key
        ),
        test: if has_void { test.with_void() } else { test },
        operator: operator.to_owned(),
        key: key.to_owned(),
        values,
    }
}

/// A form of a value in which equal values are equal texts.
pub(in crate::diff) fn normal_value(pieces: &Pieces) -> String {
    let mut text = String::with_capacity(pieces.len());
    for (piece, _) in pieces.iter() {
        // Writing to a string cannot fail.
        let _ = match piece {
            Piece::Char(c @ ('*' | '?' | '$')) => write!(text, "${{{c}}}"),
            Piece::Char(c) => text.write_char(*c),
            Piece::Star | Piece::Word => text.write_char('*'),
            Piece::Question => text.write_char('?'),
            Piece::Variable { name, .. } => write!(text, "${{v{name}}}"),
            Piece::Placeholder(n) => write!(text, "${{p{n}}}"),
        };
    }
    text
}
