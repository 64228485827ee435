//! A Condition whose operator, key and values do not fit together.

use super::condition::{self, Line};
use super::{Context, Lint, problem};
use crate::catalog::ConditionKeyType as Kind;
use crate::finding::{Finding, Severity};
use crate::matcher::condition::{Comparison, Decimal, date, domain, network};
use crate::matcher::template::Placeholders;
use crate::parser::{ProblemKind, Span, shorten};
use crate::reference::bindings;

/// Metadata; the page is `rules/lints/invalid-condition.md`.
pub(super) static LINT: Lint = Lint {
    id: "invalid-condition",
    severity: Severity::Error,
    summary: "the operator, the key and the values of a condition do not fit together",
    doc: include_str!("../../rules/lints/invalid-condition.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    problem::report(&LINT, ProblemKind::InvalidCondition, context, out);
    let faults = context.problems();
    let refused: Vec<Span> = faults
        .filter(|(_, p)| p.kind == ProblemKind::InvalidCondition)
        .map(|(_, p)| p.span)
        .collect();
    for line in condition::lines(context) {
        let mut values = line.condition.values.iter();
        if values.any(|v| refused.contains(&v.span)) {
            continue;
        }
        // One finding for a line: what is wrong with the operator explains the values.
        let found = operator(&line)
            .or_else(|| several(&line))
            .or_else(|| value(&line))
            .or_else(|| value_of_key(&line));
        out.extend(found);
    }
}

/// The operator against the type of the key.
fn operator(line: &Line<'_>) -> Option<Finding> {
    let kind = line.kind()?;
    let operator = line.operator;
    let span = line.condition.operator.span;
    if operator.comparison == Comparison::Null {
        return None;
    }
    let texts = matches!(
        operator.comparison,
        Comparison::Equals | Comparison::EqualsIgnoreCase | Comparison::Like
    );
    let fits = match (kind, operator.comparison) {
        (Kind::String | Kind::ArrayOfString | Kind::Arn | Kind::ArrayOfArn, _) if texts => true,
        (Kind::Arn | Kind::ArrayOfArn, Comparison::Arn)
        | (Kind::Bool | Kind::ArrayOfBool, Comparison::Bool)
        | (Kind::Numeric, Comparison::Numeric(_))
        | (Kind::Date, Comparison::Date(_))
        | (Kind::IpAddress, Comparison::IpAddress) => true,
        // Keys of ARNs that the catalogue calls texts, the one that holds an ARN or a name, and tags, which hold anything.
        (Kind::String | Kind::ArrayOfString, Comparison::Arn) => {
            let key = line.folded();
            key.contains("arn") || key.contains("tag/") || key == "aws:federatedprovider"
        }
        // Seconds since 1970.
        (Kind::Date, Comparison::Numeric(_)) => line.folded() == "aws:epochtime",
        _ => false,
    };
    if !fits {
        let wanted = match kind {
            Kind::String | Kind::ArrayOfString => "String",
            Kind::Arn | Kind::ArrayOfArn => "Arn",
            Kind::Bool | Kind::ArrayOfBool => "Bool",
            Kind::Numeric => "Numeric",
            Kind::Date => "Date",
            Kind::IpAddress => "IpAddress",
        };
        // A text can be compared with any value, as long as both are spelled alike.
        let severity = if texts {
            Severity::Note
        } else {
            Severity::Warning
        };
        let message = format!(
            "`{}` compares `{}`, which holds a value of type `{}`",
            line.operator(),
            line.key(),
            kind.name()
        );
        let help = format!("use an operator of the family `{wanted}`");
        return Some(line.finding(&LINT, severity, span, message, help));
    }
    if kind.is_array() && operator.quantifier.is_none() {
        let message = format!(
            "`{}` can have several values, and `{}` does not say how many must fit",
            line.key(),
            line.operator()
        );
        let help = format!(
            "write `ForAnyValue:{0}`, or `ForAllValues:{0}` together with `Null`",
            line.operator()
        );
        return Some(line.finding(&LINT, Severity::Warning, span, message, help));
    }
    None
}

/// A Boolean that is compared with several values.
fn several(line: &Line<'_>) -> Option<Finding> {
    let second = line.condition.values.get(1)?;
    if line.operator.comparison != Comparison::Bool || line.kind().is_some_and(Kind::is_array) {
        return None;
    }
    let message = format!(
        "`{}` has {} values, and a Boolean has one",
        line.key(),
        line.condition.values.len()
    );
    let help = "keep `true` or `false`; with both, the condition says nothing";
    Some(line.finding(&LINT, Severity::Warning, second.span, message, help))
}

/// The first value that is none of the operator's family.
fn value(line: &Line<'_>) -> Option<Finding> {
    let comparison = line.operator.comparison;
    let found = |span: Span, value: &str, what: &str, help: &str| {
        let message = format!("`{}` is not {what}", shorten(value));
        Some(line.finding(&LINT, Severity::Warning, span, message, help))
    };
    for (text, value) in line.literals() {
        let span = text.span;
        let bad = match comparison {
            Comparison::Numeric(_) if Decimal::parse(value).is_none() => {
                found(span, value, "a number", "write digits: `3600`")
            }
            Comparison::Date(_) if date(value).is_none() => found(
                span,
                value,
                "a point in time",
                "write it in ISO 8601 form: `2026-01-31T00:00:00Z`",
            ),
            Comparison::Date(_) if value.bytes().all(|b| b.is_ascii_digit()) => {
                let message = format!("`{}` counts seconds since 1970", shorten(value));
                let help = "write it in ISO 8601 form: `2026-01-31T00:00:00Z`";
                Some(line.finding(&LINT, Severity::Warning, span, message, help))
            }
            Comparison::Bool | Comparison::Null if !is_boolean(value) => {
                found(span, value, "a Boolean", "write `true` or `false`")
            }
            Comparison::Binary if !is_base64(value) => {
                found(span, value, "base64", "encode the bytes as base64")
            }
            Comparison::IpAddress => match network(value) {
                None => found(
                    span,
                    value,
                    "an IP address or a range of them",
                    "write `203.0.113.0/24`, `203.0.113.7` or `2001:db8::/32`",
                ),
                Some(network) => has_host_bits(network).then(|| {
                    let message =
                        format!("`{}` has bits set beyond its prefix length", shorten(value));
                    let help = "write the first address of the range: the other bits do not count";
                    line.finding(&LINT, Severity::Note, span, message, help)
                }),
            },
            Comparison::Arn if !may_be_arn(value) => found(
                span,
                value,
                "an ARN",
                "write `arn:partition:service:region:account:resource`, with wildcards where needed",
            ),
            _ => None,
        };
        if bad.is_some() {
            return bad;
        }
    }
    None
}

/// The first value that the key never has.
fn value_of_key(line: &Line<'_>) -> Option<Finding> {
    if line.operator.comparison == Comparison::Null {
        return None;
    }
    let key = line.folded();
    let wild = condition::takes_wildcards(line.operator.comparison);
    let domain = domain(&key).filter(|domain| !domain.title.is_empty());
    let of_kms = line.kind() == Some(Kind::Arn) && key.contains("kms") && key.contains("key");
    for (text, value) in line.literals() {
        let has_wildcard = wild && value.contains(['*', '?']);
        let pieces = line.pieces(text, &mut Placeholders::default());
        let excluding = domain.filter(|d| d.excludes(line.operator.comparison, &pieces));
        let of_key = || match key.as_str() {
            _ if has_wildcard => None,
            "aws:requestedregion" if !bindings::is_region(value) => {
                Some(("a Region", "write its code: `us-east-1`"))
            }
            "iam:passedtoservice"
            | "iam:awsservicename"
            | "aws:principalservicename"
            | "aws:calledvia"
            | "aws:calledviafirst"
            | "aws:calledvialast"
                if !is_service_principal(value) =>
            {
                Some((
                    "the name of a service",
                    "write it in full: `ec2.amazonaws.com`",
                ))
            }
            _ if of_kms && !is_kms_key(value) => Some((
                "the ARN of a KMS key",
                "write `arn:aws:kms:REGION:ACCOUNT:key/ID`: aliases and bare ids do not match",
            )),
            _ => None,
        };
        let wrong = excluding.map(|domain| (domain.title, domain.help));
        if let Some((what, help)) = wrong.or_else(of_key) {
            let message = format!(
                "`{}` compares with `{}`, which is not {what}",
                line.key(),
                shorten(value)
            );
            return Some(line.finding(&LINT, Severity::Warning, text.span, message, help));
        }
    }
    None
}

fn is_boolean(value: &str) -> bool {
    ["true", "false"]
        .iter()
        .any(|b| b.eq_ignore_ascii_case(value))
}

fn is_base64(value: &str) -> bool {
    let digits = value.trim_end_matches('=');
    let padding = value.len() - digits.len();
    let digit = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    value.len().is_multiple_of(4) && padding <= 2 && digits.bytes().all(digit)
}

fn has_host_bits((address, bits): (std::net::IpAddr, u32)) -> bool {
    let (number, width) = match address {
        std::net::IpAddr::V4(a) => (u128::from(a.to_bits()), 32),
        std::net::IpAddr::V6(a) => (a.to_bits(), 128),
    };
    number.trailing_zeros() < width - bits && number != 0
}

/// Whether some ARN can match: wildcards may stand for several fields.
fn may_be_arn(value: &str) -> bool {
    let wild = value.contains(['*', '?']);
    let start = value.split(['*', '?']).next().unwrap_or_default();
    if wild && start.len() < "arn:".len() {
        return "arn:".starts_with(start);
    }
    value.starts_with("arn:") && (wild || value.split(':').count() >= 6)
}

fn is_service_principal(value: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    value.contains(".amazon") && !value.starts_with('.') && value.bytes().all(word)
}

fn is_kms_key(value: &str) -> bool {
    let fields: Vec<&str> = value.splitn(6, ':').collect();
    matches!(fields.as_slice(), ["arn", _, "kms", _, _, key] if key.starts_with("key/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_values() {
        for (value, expected) in [
            ("", true),
            ("aGVsbG8=", true),
            ("QQ==", true),
            ("Q===", false),
            ("a", false),
            ("a*==", false),
        ] {
            assert_eq!(is_base64(value), expected, "{value}");
        }
        assert!(has_host_bits(network("10.0.0.1/24").unwrap()));
        assert!(!has_host_bits(network("10.0.0.0/24").unwrap()));
        assert!(!has_host_bits(network("10.0.0.1").unwrap()));
        assert!(!has_host_bits(network("0.0.0.0/0").unwrap()));
        assert!(has_host_bits(network("2001:db8::1/32").unwrap()));
        for arn in [
            "*",
            "a*",
            "arn:*",
            "arn:aws:s3:::b",
            "arn:aws:iam::*:role/x",
        ] {
            assert!(may_be_arn(arn), "{arn}");
        }
        for no in ["", "role/x", "arn:aws:s3", "x*", "role*"] {
            assert!(!may_be_arn(no), "{no}");
        }
        assert!(is_service_principal("ec2.amazonaws.com.cn") && !is_service_principal("ec2"));
        assert!(is_kms_key("arn:aws:kms:us-east-1:1:key/a") && !is_kms_key("alias/a"));
    }
}
