//! The texts that values of a condition key are, by the type of the key.

use crate::catalog::{self, ConditionKeyType};
use crate::matcher::condition::{domain, literal};
use crate::matcher::{Class, Pattern, Symbol, Token, arn};

/// Ordinary values, which are tried first.
pub(in crate::diff::difference) fn usual(
    kind: Option<ConditionKeyType>,
) -> &'static [&'static str] {
    match kind {
        Some(ConditionKeyType::Bool | ConditionKeyType::ArrayOfBool) => &["true", "false"],
        Some(ConditionKeyType::Numeric) => &["1"],
        Some(ConditionKeyType::Date) => &["2030-01-01T00:00:00Z"],
        Some(ConditionKeyType::IpAddress) => &["203.0.113.9", "2001:db8::9"],
        Some(ConditionKeyType::Arn | ConditionKeyType::ArrayOfArn) => &[
            "arn:aws:iam::123456789012:role/a",
            "arn:aws:iam::123456789012:user/a",
            "arn:aws:sts::123456789012:assumed-role/a/b",
        ],
        Some(ConditionKeyType::String | ConditionKeyType::ArrayOfString) | None => &["a"],
    }
}

/// For a key whose values are of a few forms, or of a type that is no text, a text of each.
pub(in crate::diff::difference) fn of_forms(
    key: &str,
    kind: Option<ConditionKeyType>,
) -> Vec<String> {
    if let Some(domain) = domain(key).filter(|domain| domain.has_forms()) {
        let forms = domain.forms().iter();
        let words = forms.filter_map(|form| form.some_words().into_iter().flatten().next());
        return words
            .map(|word| word.iter().filter_map(|s| s.as_char()).collect())
            .collect();
    }
    let texts = match (catalog::values_of_key(key), kind) {
        ([], None | Some(ConditionKeyType::String | ConditionKeyType::ArrayOfString)) => &[],
        ([], kind) => usual(kind),
        (listed, _) => listed,
    };
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// Patterns of which each value matches one; none where any text may be a value.
pub(super) fn shapes(key: &str, kind: Option<ConditionKeyType>) -> Vec<Pattern> {
    let listed = catalog::values_of_key(key);
    if !listed.is_empty() {
        return listed.iter().map(|text| literal(text)).collect();
    }
    match kind {
        Some(kind) if kind.is_boolean() => ["true", "false"].map(literal).to_vec(),
        Some(ConditionKeyType::Numeric) => vec![row(&["0-9"])],
        Some(ConditionKeyType::IpAddress) => vec![
            row(&["0-9", ".", "0-9", ".", "0-9", ".", "0-9"]),
            row(&["0-9a-f", ":", "0-9a-f:"]),
        ],
        Some(ConditionKeyType::Arn | ConditionKeyType::ArrayOfArn) => vec![arn()],
        _ => Vec::new(),
    }
}

/// One or more characters of each of these in a row.
fn row(parts: &[&str]) -> Pattern {
    let mut tokens = Vec::new();
    for part in parts {
        let mut characters = part.chars();
        match (characters.next(), characters.next(), Class::of(part)) {
            (Some(c), None, _) => tokens.push(Token::Symbol(Symbol::char(c))),
            (_, _, Some(class)) => tokens.extend([Token::One(class), Token::Run(class)]),
            _ => {}
        }
    }
    Pattern::new(tokens)
}

/// An ARN with a partition, a service and a name.
fn arn() -> Pattern {
    let any = arn::Field::Any;
    let format = "arn:${Partition}:${Service}:*:*:${Name}";
    arn::format(format, any, any, any, &|_| Class::ANY)
}
