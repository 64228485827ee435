//! A string of a list that another string of the list covers.

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::redundant::{action_covers, budget};
use super::{Context, Lint, condition, enumerate, fix};
use crate::diff::statement::{Prepared, Resource};
use crate::finding::{Finding, Label, Severity};
use crate::matcher::ActionPattern;
use crate::matcher::condition::{Comparison, Decimal, Order};
use crate::matcher::search::Budget;
use crate::parser::Span;

/// Metadata; the page is `rules/lints/redundant-entry.md`.
pub(super) static LINT: Lint = Lint {
    id: "redundant-entry",
    severity: Severity::Note,
    summary: "a string of a list is covered by another one of the list",
    doc: include_str!("../../rules/lints/redundant-entry.md"),
    since: "0.1.0",
    check,
};

/// Further places drawn.
const RELATED: usize = 8;

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    if let Some(compared) = &context.compared {
        let mut budget = budget();
        for statement in compared.comparison.layers.iter().flat_map(|l| l.statements) {
            let stay = |one: Span, other: Span| {
                let [one, other] = [one, other].map(|span| (span, statement.span));
                fix::stay_equal(context, statement.source, one, other)
            };
            out.extend(actions(statement, &stay, &mut budget));
            out.extend(resources(statement, &stay, &mut budget));
        }
    }
    for line in condition::lines(context) {
        out.extend(numbers(&line));
    }
}

/// A string that is covered, where it stands, and the string that covers it.
type Entry = (String, Span, String);

fn report(statement: &Prepared, found: &[Entry]) -> Option<Finding> {
    let (_, span, by) = found.first()?;
    let names: Vec<String> = found.iter().map(|(text, ..)| text.clone()).collect();
    let one = found.len() == 1;
    let is = if one { "is" } else { "are" };
    let same = found.iter().all(|(.., other)| other == by);
    let message = if same && names.iter().all(|n| n == by) {
        format!("`{by}` is listed more than once")
    } else if same {
        format!("{} {is} part of `{by}`", enumerate(&names))
    } else {
        format!(
            "{} {is} part of other strings of the list",
            enumerate(&names)
        )
    };
    let mut finding = LINT.finding(Severity::Note, message, Label::at(statement.source, *span));
    let others = found.iter().skip(1).take(RELATED);
    finding.related = others
        .map(|(_, span, _)| Label::at(statement.source, *span))
        .collect();
    finding.help = Some(format!("remove {}", if one { "it" } else { "them" }));
    finding.subject = Some(names.join(" "));
    Some(finding)
}

/// Whether the strings at two places compare so for every value of the parameters of a template.
type Stay<'s> = dyn Fn(Span, Span) -> bool + 's;

fn actions(statement: &Prepared, stay: &Stay<'_>, budget: &mut Budget) -> Option<Finding> {
    let listed = &statement.actions;
    if listed.len() < 2 {
        return None;
    }
    let wildcards: Vec<usize> = listed
        .iter()
        .enumerate()
        .filter(|(_, a)| a.pattern.is_wildcard())
        .map(|(i, _)| i)
        .collect();
    let mut seen: FxHashMap<(&str, &str), Span> =
        FxHashMap::with_capacity_and_hasher(listed.len(), FxBuildHasher);
    let mut found: Vec<Entry> = Vec::new();
    for (i, action) in listed.iter().enumerate() {
        let again = match &action.pattern {
            ActionPattern::Literal { service, name } => {
                let first = seen.insert((service, name), action.span);
                first.is_some_and(|first| stay(first, action.span))
            }
            _ => false,
        };
        if again {
            found.push((
                action.text.to_string(),
                action.span,
                action.text.to_string(),
            ));
            continue;
        }
        let mut others = wildcards.iter().filter(|w| **w != i);
        let by = others.find_map(|w| {
            let other = listed.get(*w)?;
            // If both are the same, the first one stays.
            let covers = action_covers(other, action, budget)
                && stay(other.span, action.span)
                && (*w < i || !action_covers(action, other, budget));
            covers.then_some(other)
        });
        if let Some(by) = by {
            found.push((action.text.to_string(), action.span, by.text.to_string()));
        }
    }
    let mut finding = report(statement, &found).filter(|_| budget.left() > 0)?;
    finding.actions = found.into_iter().map(|(text, ..)| text).collect();
    Some(finding)
}

/// Whether AWS asks for the one beside the other: a resource by itself, and the ARN of what is in it
/// (`log-group:X` and `log-group:X:*`).
fn are_both_forms(inner: &Resource, outer: &Resource) -> bool {
    inner
        .named()
        .is_some_and(|(named, _)| named.text == outer.text)
}

fn resources(statement: &Prepared, stay: &Stay<'_>, budget: &mut Budget) -> Option<Finding> {
    let listed = &statement.resources;
    if listed.len() < 2 {
        return None;
    }
    let mut found: Vec<Entry> = Vec::new();
    let all: Vec<(usize, &Resource)> = listed.iter().enumerate().collect();
    // One string is several resources where its placeholder has several values: each of them must be covered.
    for own in all.chunk_by(|(_, a), (_, b)| a.nth == b.nth) {
        let mut covering = own.iter().map(|(i, resource)| {
            let mut others = all.iter().filter(|(_, other)| other.nth != resource.nth);
            others.find(|(w, other)| {
                !are_both_forms(resource, other)
                    && other.covers_within(resource, budget)
                    && stay(other.span, resource.span)
                    && (w < i || !resource.covers_within(other, budget))
            })
        });
        let Some(first) = covering.next().flatten() else {
            continue;
        };
        if covering.all(|by| by.is_some())
            && let Some((_, resource)) = own.first()
        {
            let (_, by) = first;
            found.push((resource.text.clone(), resource.span, by.text.clone()));
        }
    }
    report(statement, &found).filter(|_| budget.left() > 0)
}

/// Several limits of a number. Only one counts, because the values of a key are alternatives.
fn numbers(line: &condition::Line<'_>) -> Option<Finding> {
    let Comparison::Numeric(order) = line.operator.comparison else {
        return None;
    };
    let values = &line.condition.values;
    if order == Order::Equal || values.len() < 2 {
        return None;
    }
    let numbers: Option<Vec<_>> = values
        .iter()
        .map(|v| Some((Decimal::parse(&v.value)?, v)))
        .collect();
    let numbers = numbers?;
    let less = matches!(order, Order::Less | Order::LessOrEqual);
    let (_, widest) = if less {
        numbers.iter().max_by(|a, b| a.0.cmp(&b.0))?
    } else {
        numbers.iter().min_by(|a, b| a.0.cmp(&b.0))?
    };
    let (_, other) = numbers.iter().find(|(_, v)| !std::ptr::eq(*v, *widest))?;
    let message = format!(
        "only `{}` has an effect, because one matching value of `{}` is enough",
        widest.value,
        line.key()
    );
    let help = format!("keep `{}`", widest.value);
    Some(line.finding(&LINT, Severity::Note, other.span, message, help))
}
