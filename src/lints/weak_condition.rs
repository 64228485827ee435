//! A Condition that the caller can get around.

use super::condition::{self, Line};
use super::variable::{self, Variable};
use super::{Context, Lint};
use crate::catalog::ConditionKeyType as Kind;
use crate::finding::{Finding, Severity};
use crate::matcher::condition::{Comparison, fold_key};
use crate::matcher::template;
use crate::parser::{Effect, shorten};

/// Metadata; the page is `rules/lints/weak-condition.md`.
pub(super) static LINT: Lint = Lint {
    id: "weak-condition",
    severity: Severity::Note,
    summary: "a condition can be met by requests that it was not meant for",
    doc: include_str!("../../rules/lints/weak-condition.md"),
    since: "0.1.0",
    check,
};

/// Keys, folded, that say whose request or resource it is.
const OWNERS: [&str; 12] = [
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:principalarn",
];

/// Characters before the first wildcard or variable that tell one owner from another.
const ENOUGH: usize = 6;

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    for line in condition::lines(context) {
        if line.operator.comparison == Comparison::Null {
            continue;
        }
        let found = forged(&line)
            .or_else(|| arn_as_text(&line))
            .or_else(|| lonely(&line))
            .or_else(|| forbidden_prefix(&line))
            .or_else(|| open_owner(&line));
        out.extend(found);
    }
}

fn note(line: &Line<'_>, message: String, help: &str) -> Finding {
    let span = line.condition.key.span;
    line.finding(&LINT, Severity::Note, span, message, help)
}

/// Keys that the caller chooses.
fn forged(line: &Line<'_>) -> Option<Finding> {
    let is_free = matches!(line.folded().as_str(), "aws:referer" | "aws:useragent");
    if !is_free {
        return None;
    }
    let message = format!("callers choose `{}` as they like", line.key());
    Some(note(
        line,
        message,
        "do not let permissions depend on it alone",
    ))
}

/// `*` of a text crosses the colons of an ARN.
fn arn_as_text(line: &Line<'_>) -> Option<Finding> {
    let of_arns = matches!(line.kind(), Some(Kind::Arn | Kind::ArrayOfArn));
    let mut values = line.condition.values.iter();
    let wild = line.operator.comparison == Comparison::Like && of_arns;
    // A pattern that ends in its only wildcard matches the same with both operators.
    let crosses = |value: &str| {
        let inner = value.trim_end_matches('*');
        variable::wildcard(inner).is_some()
    };
    let value = values.find(|v| wild && crosses(&v.value))?;
    let message = format!(
        "`{}` lets the wildcards of `{}` cross the colons of an ARN",
        line.operator(),
        shorten(&value.value)
    );
    let operator = if line.operator.negated {
        "ArnNotLike"
    } else {
        "ArnLike"
    };
    Some(note(
        line,
        message,
        &format!("use `{operator}`, which compares field by field"),
    ))
}

/// A key that means little without another one.
fn lonely(line: &Line<'_>) -> Option<Finding> {
    let partners: &[&str] = match line.folded().as_str() {
        "dynamodb:attributes" => &["dynamodb:select"],
        "aws:vpcsourceip" => &["aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce"],
        _ => return None,
    };
    let mut others = line.statement.conditions.iter();
    if others.any(|c| partners.contains(&fold_key(&c.key.value).as_str())) {
        return None;
    }
    let (why, help) = if partners.len() == 1 {
        (
            "does not limit requests for all attributes",
            "compare `dynamodb:Select` with `SPECIFIC_ATTRIBUTES` as well",
        )
    } else {
        (
            "is an address that every VPC can use",
            "compare `aws:SourceVpc` as well",
        )
    };
    Some(note(line, format!("`{}` alone {why}", line.key()), help))
}

/// A request for a shorter prefix lists what a longer one was to hide.
fn forbidden_prefix(line: &Line<'_>) -> Option<Finding> {
    let negative = line.is(Effect::Deny) != line.operator.negated;
    let like = line.operator.comparison == Comparison::Like;
    if line.folded() != "s3:prefix" || !like || !negative {
        return None;
    }
    let message = "a request for a shorter prefix gets around this".to_owned();
    Some(note(
        line,
        message,
        "name the prefixes that may be listed, in an Allow",
    ))
}

/// Whether a value is nothing but a variable that says whose request or resource it is.
fn names_owner(value: &str) -> bool {
    let whole = variable::all(value)
        .next()
        .filter(|v| v.range == (0..value.len()));
    let inner = whole.and_then(|v| v.inner);
    let key = inner.map(|inner| fold_key(template::variable_parts(inner).0));
    key.is_some_and(|key| OWNERS.contains(&key.as_str()))
}

/// A wildcard or a variable where the owner's name should stand.
fn open_owner(line: &Line<'_>) -> Option<Finding> {
    let comparison = line.operator.comparison;
    if !OWNERS.contains(&line.folded().as_str()) {
        return None;
    }
    let is_open = |value: &str| {
        // `${aws:PrincipalAccount}` names one owner: the caller's own account.
        if names_owner(value) {
            return false;
        }
        let wild = condition::takes_wildcards(comparison);
        let named = value.strip_prefix("arn:").unwrap_or(value);
        let variable = variable::all(named).next();
        let variable = variable.filter(Variable::is_policy_variable);
        let variable = variable.map(|v| v.range.start);
        let wildcard = variable::wildcard(named).filter(|_| wild);
        let first = [variable, wildcard].into_iter().flatten().min();
        // `*` alone asks whether the key is there, which another lint says.
        first.is_some_and(|at| at < ENOUGH) && value != "*"
    };
    let mut values = line.condition.values.iter();
    let value = values.find(|v| is_open(&v.value))?;
    let message = format!(
        "`{}` matches the `{}` of others too",
        shorten(&value.value),
        line.key()
    );
    Some(note(
        line,
        message,
        "write the whole value, or more of its beginning",
    ))
}
