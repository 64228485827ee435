//! Condition operators.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::str::FromStr;

/// `ForAllValues:` and `ForAnyValue:`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quantifier {
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

/// How a value of the request is compared with one of the policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// Texts, to the letter.
    Equals,
    /// Texts, without regard to case.
    EqualsIgnoreCase,
    /// Texts with wildcards.
    Like,
    /// Numbers.
    Numeric(Order),
    /// Points in time.
    Date(Order),
    /// True or false.
    Bool,
    /// Bytes in base64.
    Binary,
    /// An address within a network.
    IpAddress,
    /// ARNs, field by field.
    Arn,
    /// Whether the key is absent.
    Null,
}

impl Comparison {
    /// Whether AWS reads policy variables in the values: those of texts and of ARNs.
    pub fn reads_variables(self) -> bool {
        matches!(
            self,
            Comparison::Equals | Comparison::EqualsIgnoreCase | Comparison::Like | Comparison::Arn
        )
    }
}

/// How numbers and points in time are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// `Equals`
    Equal,
    /// `LessThan`
    Less,
    /// `LessThanEquals`
    LessOrEqual,
    /// `GreaterThan`
    Greater,
    /// `GreaterThanEquals`
    GreaterOrEqual,
}

impl Order {
    pub(super) fn holds(self, found: std::cmp::Ordering) -> bool {
        match self {
            Order::Equal => found.is_eq(),
            Order::Less => found.is_lt(),
            Order::LessOrEqual => found.is_le(),
            Order::Greater => found.is_gt(),
            Order::GreaterOrEqual => found.is_ge(),
        }
    }
}

/// A condition operator: `ForAnyValue:StringNotLikeIfExists`. Names are read without regard to case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operator {
    /// The set prefix, where there is one.
    pub quantifier: Option<Quantifier>,
    /// The type of the compared values, and the comparison.
    pub comparison: Comparison,
    /// True for `Not…`.
    pub negated: bool,
    /// True with the suffix `IfExists`.
    pub if_exists: bool,
}

/// Every operator without prefix and suffix, what it compares, and whether it negates.
const BARE: [(&str, Comparison, bool); 27] = {
    use Comparison as C;
    [
        ("StringEquals", C::Equals, false),
        ("StringNotEquals", C::Equals, true),
        ("StringEqualsIgnoreCase", C::EqualsIgnoreCase, false),
        ("StringNotEqualsIgnoreCase", C::EqualsIgnoreCase, true),
        ("StringLike", C::Like, false),
        ("StringNotLike", C::Like, true),
        ("NumericEquals", C::Numeric(Order::Equal), false),
        ("NumericNotEquals", C::Numeric(Order::Equal), true),
        ("NumericLessThan", C::Numeric(Order::Less), false),
        (
            "NumericLessThanEquals",
            C::Numeric(Order::LessOrEqual),
            false,
        ),
        ("NumericGreaterThan", C::Numeric(Order::Greater), false),
        (
            "NumericGreaterThanEquals",
            C::Numeric(Order::GreaterOrEqual),
            false,
        ),
        ("DateEquals", C::Date(Order::Equal), false),
        ("DateNotEquals", C::Date(Order::Equal), true),
        ("DateLessThan", C::Date(Order::Less), false),
        ("DateLessThanEquals", C::Date(Order::LessOrEqual), false),
        ("DateGreaterThan", C::Date(Order::Greater), false),
        (
            "DateGreaterThanEquals",
            C::Date(Order::GreaterOrEqual),
            false,
        ),
        ("Bool", C::Bool, false),
        ("BinaryEquals", C::Binary, false),
        ("IpAddress", C::IpAddress, false),
        ("NotIpAddress", C::IpAddress, true),
        ("ArnEquals", C::Arn, false),
        ("ArnNotEquals", C::Arn, true),
        ("ArnLike", C::Arn, false),
        ("ArnNotLike", C::Arn, true),
        ("Null", C::Null, false),
    ]
};

const IF_EXISTS: &str = "IfExists";

impl Quantifier {
    /// The prefix as AWS writes it.
    pub fn prefix(self) -> &'static str {
        match self {
            Quantifier::All => "ForAllValues:",
            Quantifier::Any => "ForAnyValue:",
        }
    }
}

/// Takes the prefix and the suffix off a name.
fn affixes(name: &str) -> (Option<Quantifier>, &str, bool) {
    let (quantifier, rest) = [Quantifier::All, Quantifier::Any]
        .into_iter()
        .find_map(|q| {
            let (prefix, rest) = name.split_at_checked(q.prefix().len())?;
            prefix
                .eq_ignore_ascii_case(q.prefix())
                .then_some((Some(q), rest))
        })
        .unwrap_or((None, name));
    let bare = rest.len().checked_sub(IF_EXISTS.len()).and_then(|at| {
        let (bare, suffix) = rest.split_at_checked(at)?;
        suffix.eq_ignore_ascii_case(IF_EXISTS).then_some(bare)
    });
    (quantifier, bare.unwrap_or(rest), bare.is_some())
}

impl FromStr for Operator {
    type Err = UnknownOperator;

    fn from_str(name: &str) -> Result<Self, UnknownOperator> {
        let (quantifier, bare, if_exists) = affixes(name);
        BARE.iter()
            .find(|(known, ..)| known.eq_ignore_ascii_case(bare))
            .filter(|(_, comparison, _)| *comparison != Comparison::Null || !if_exists)
            .map(|(_, comparison, negated)| Operator {
                quantifier,
                comparison: *comparison,
                negated: *negated,
                if_exists,
            })
            .ok_or(UnknownOperator)
    }
}

/// The operator that was probably meant by a name that is none, with the prefix and the suffix of that name.
/// `closest` picks one of the names without them.
pub fn meant<'a>(
    name: &str,
    closest: impl FnOnce(&str, &[&'a str]) -> Option<&'a str>,
) -> Option<String> {
    let (quantifier, bare, if_exists) = affixes(name);
    let fits = |comparison: Comparison| comparison != Comparison::Null || !if_exists;
    let names: Vec<&str> = BARE
        .iter()
        .filter(|(_, comparison, _)| fits(*comparison))
        .map(|(name, ..)| *name)
        .collect();
    let bare = closest(bare, &names)?;
    let prefix = quantifier.map_or("", Quantifier::prefix);
    let suffix = if if_exists { IF_EXISTS } else { "" };
    Some(format!("{prefix}{bare}{suffix}"))
}

/// Not one of AWS's condition operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a condition operator")]
pub struct UnknownOperator;
