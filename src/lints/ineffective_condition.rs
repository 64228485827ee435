//! A Condition that always holds, never holds, or compares with a value that is not meant literally (`*`).

use std::collections::BTreeMap;
use std::ptr;

use super::condition::{self, Line};
use super::{Context, Lint, enumerate};
use crate::catalog::ConditionKeyType;
use crate::finding::{Finding, Severity};
use crate::matcher::condition::{
    Comparison, Quantifier, Test, Truth, domain, exclude_each_other, network,
};
use crate::matcher::template::Placeholders;
use crate::parser::{Effect, shorten};

/// Metadata; the page is `rules/lints/ineffective-condition.md`.
pub(super) static LINT: Lint = Lint {
    id: "ineffective-condition",
    severity: Severity::Warning,
    summary: "a condition always holds, never holds, or does not compare what it seems to",
    doc: include_str!("../../rules/lints/ineffective-condition.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    together(context, out);
    for line in condition::lines(context) {
        if line.condition.values.is_empty() {
            continue;
        }
        let found = null(&line)
            .or_else(|| wildcard(&line))
            .or_else(|| addresses(&line))
            .or_else(|| constant(&line))
            .or_else(|| all_of_one(&line));
        out.extend(found);
    }
}

/// Lines on one key that no request fulfils together.
fn together(context: &Context<'_>, out: &mut Vec<Finding>) {
    let lines: Vec<Line<'_>> = condition::lines(context).collect();
    let statements = lines.chunk_by(|a, b| ptr::eq(a.statement, b.statement));
    for lines in statements.filter(|lines| lines.len() > 1) {
        let mut by_key: BTreeMap<String, Vec<&Line<'_>>> = BTreeMap::new();
        for line in lines {
            by_key.entry(line.folded()).or_default().push(line);
        }
        for lines in by_key.values() {
            let [first, .., last] = lines.as_slice() else {
                continue;
            };
            let mut names = Placeholders::default();
            let tests: Vec<Test> = lines.iter().map(|line| line.test(&mut names)).collect();
            let tests: Vec<&Test> = tests.iter().collect();
            let several = context.catalog.may_have_several(&first.key());
            if !exclude_each_other(&tests, several) {
                continue;
            }
            let operators: Vec<String> = lines.iter().map(|line| line.operator()).collect();
            let message = format!(
                "{} on `{}` never hold together: the statement has no effect",
                enumerate(&operators),
                first.key()
            );
            let help = "remove one of them, or use one statement for each";
            let span = last.condition.key.span;
            out.push(last.finding(&LINT, Severity::Warning, span, message, help));
        }
    }
}

/// `Null` says whether a key is there: a set of values makes no difference to that.
fn null(line: &Line<'_>) -> Option<Finding> {
    if line.operator.comparison != Comparison::Null {
        return None;
    }
    let always = match line.operator.quantifier? {
        Quantifier::All => "always holds",
        Quantifier::Any => "never holds",
    };
    let message = format!(
        "`{}` {always}, whatever `{}` is",
        line.operator(),
        line.key()
    );
    let span = line.condition.operator.span;
    Some(line.finding(&LINT, Severity::Warning, span, message, "write `Null`"))
}

/// A wildcard that matches only its own character.
fn wildcard(line: &Line<'_>) -> Option<Finding> {
    let (with, without) = match line.operator.comparison {
        Comparison::Equals | Comparison::EqualsIgnoreCase if line.operator.negated => {
            ("StringNotLike", "StringNotEquals")
        }
        Comparison::Equals | Comparison::EqualsIgnoreCase => ("StringLike", "StringEquals"),
        _ => return None,
    };
    let mut names = Placeholders::default();
    let mut values = line.condition.values.iter();
    let value = values.find(|v| {
        v.value.contains(['*', '?']) && condition::has_wildcard(&line.pieces(v, &mut names))
    })?;
    let message = format!(
        "`{}` does not treat the wildcards in `{}` as wildcards",
        line.operator(),
        shorten(&value.value)
    );
    // `StringLike` lets a wildcard cross the colons of an ARN.
    let of_arns = [ConditionKeyType::Arn, ConditionKeyType::ArrayOfArn];
    let is_arn = line.kind().is_some_and(|kind| of_arns.contains(&kind))
        && value.value.matches(':').count() > 4;
    let with = if is_arn {
        with.replace("String", "Arn")
    } else {
        with.to_owned()
    };
    let help =
        format!("use `{with}` if they are meant as wildcards; `{without}` is for whole values");
    Some(line.finding(&LINT, Severity::Warning, value.span, message, help))
}

/// Private addresses, which `aws:SourceIp` never has: it is the public address of the caller.
fn addresses(line: &Line<'_>) -> Option<Finding> {
    if line.operator.comparison != Comparison::IpAddress {
        return None;
    }
    let domain = domain(&line.folded())?;
    let networks = line.literals();
    let (private, public): (Vec<_>, Vec<_>) = networks
        .filter_map(|(text, value)| Some((text, network(value)?)))
        .partition(|(_, network)| domain.never_has(*network));
    let (first, _) = private.first()?;
    let all = public.is_empty() && private.len() == line.condition.values.len();
    let severity = if all {
        Severity::Warning
    } else {
        Severity::Note
    };
    let message = if all {
        let holds = match (line.operator.negated, line.operator.if_exists) {
            (true, _) => "always holds".to_owned(),
            (false, true) => format!("holds only in requests without `{}`", line.key()),
            (false, false) => "never holds".to_owned(),
        };
        format!(
            "this {holds}: `{}` is always a public address, which `{}` is not",
            line.key(),
            shorten(&first.value)
        )
    } else {
        format!(
            "`{}` is not a public address, and `{}` always is",
            shorten(&first.value),
            line.key()
        )
    };
    let help = "for requests through a VPC endpoint compare `aws:VpcSourceIp` and `aws:SourceVpc`";
    Some(line.finding(&LINT, severity, first.span, message, help))
}

/// Conditions that the engine decides for any value.
fn constant(line: &Line<'_>) -> Option<Finding> {
    if line.operator.comparison == Comparison::Null {
        return None;
    }
    let span = line.condition.values.first()?.span;
    let key = line.key();
    let (severity, message, help) = match line.truths() {
        (Truth::True, Truth::True) => (
            Severity::Warning,
            format!("this always holds, whatever `{key}` is"),
            "remove it, or name the values that are meant",
        ),
        (Truth::False, Truth::False) => (
            Severity::Warning,
            format!("this never holds, whatever `{key}` is: the statement has no effect"),
            "name the values that are meant, or remove the statement",
        ),
        (Truth::False, Truth::True) => (
            Severity::Note,
            format!("this only checks that the request has `{key}`"),
            "say so: `\"Null\": {\"KEY\": \"false\"}`",
        ),
        (Truth::True, Truth::False) => (
            Severity::Note,
            format!("this only checks that the request has no `{key}`"),
            "say so: `\"Null\": {\"KEY\": \"true\"}`",
        ),
        _ => return None,
    };
    let help = help.replace("KEY", &key);
    Some(line.finding(&LINT, severity, span, message, help))
}

/// `ForAllValues` holds for a request without the key, which an Allow rarely means.
fn all_of_one(line: &Line<'_>) -> Option<Finding> {
    let kind = line.kind()?;
    if line.operator.quantifier != Some(Quantifier::All)
        || kind.is_array()
        || !line.is(Effect::Allow)
    {
        return None;
    }
    let message = format!(
        "`{}` has one value, and `{}` also holds if a request has no such key",
        line.key(),
        line.operator()
    );
    let help = "leave out `ForAllValues:`, which is for keys with several values";
    let span = line.condition.operator.span;
    Some(line.finding(&LINT, Severity::Warning, span, message, help))
}
