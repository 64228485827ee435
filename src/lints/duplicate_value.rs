//! Duplicates in a policy.

use std::borrow::Cow;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::{Context, Lint, fix};
use crate::finding::{Finding, Label, Severity};
use crate::parser::{Element, Policy, Span, Statement};

/// Metadata; the page is `rules/lints/duplicate-value.md`.
pub(super) static LINT: Lint = Lint {
    id: "duplicate-value",
    severity: Severity::Note,
    summary: "a value or a statement is repeated",
    doc: include_str!("../../rules/lints/duplicate-value.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    for policy in context.policies() {
        let repeated = statements(context, policy, out);
        for (at, statement) in policy.statements.iter().enumerate() {
            // A finding on the whole is not repeated for its parts.
            if repeated.contains(&at) {
                continue;
            }
            for element in [&statement.action, &statement.resource]
                .into_iter()
                .flatten()
            {
                values(context, policy, (statement, element), out);
            }
        }
    }
}

/// Reports the statements that equal an earlier one, whatever their white space.
fn statements(context: &Context<'_>, policy: &Policy, out: &mut Vec<Finding>) -> Vec<usize> {
    let mut repeated = Vec::new();
    let mut first: FxHashMap<(&str, usize), Vec<&Statement>> = FxHashMap::default();
    for (at, statement) in policy.statements.iter().enumerate() {
        let Some(action) = &statement.action else {
            continue;
        };
        let value = action.values.first().map_or("", |v| v.value.as_str());
        let alike = first.entry((value, action.values.len())).or_default();
        let stay = |other: &Statement| {
            let [one, other] = [other.span, statement.span].map(|span| (policy.source, span));
            fix::stay_as_they_are(context, one, other)
        };
        let mut equal = { alike.iter() }.filter(|other| are_equal(other, statement));
        let Some(before) = equal.find(|other| stay(other)) else {
            alike.push(statement);
            continue;
        };
        repeated.push(at);
        let message = "the statement equals an earlier one".to_owned();
        let places = (statement.span, before.span);
        report(context, policy, places, message, "statement", out);
    }
    repeated
}

/// Whether two statements are equal. False if a part of one could not be read.
fn are_equal(one: &Statement, other: &Statement) -> bool {
    let list = |e: &'_ Option<Element>| e.as_ref().map(|e| (e.negated, e.values.clone()));
    one.effect.is_some()
        && one.effect == other.effect
        && list(&one.resource).is_some()
        && list(&one.action) == list(&other.action)
        && list(&one.resource) == list(&other.resource)
        && one.conditions == other.conditions
        && one.sid == other.sid
        && !one.condition_unreadable
        && !other.condition_unreadable
}

/// Reports the values of a list that equal an earlier one. The names of actions are the same in any case.
fn values(
    context: &Context<'_>,
    policy: &Policy,
    (statement, element): (&Statement, &Element),
    out: &mut Vec<Finding>,
) {
    let is_action = element.key.value.ends_with("Action");
    if element.values.len() < 2 {
        return;
    }
    let mut first: FxHashMap<Cow<'_, str>, Span> =
        FxHashMap::with_capacity_and_hasher(element.values.len(), FxBuildHasher);
    for text in &element.values {
        let value = if is_action {
            Cow::Owned(text.value.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text.value.as_str())
        };
        match first.get(&value) {
            None => {
                first.insert(value, text.span);
            }
            Some(before) => {
                let [one, other] = [text.span, *before].map(|span| (span, statement.span));
                if !fix::stay_equal(context, policy.source, one, other) {
                    first.insert(value, text.span);
                    continue;
                }
                let key = &element.key.value;
                let message = format!("`{}` is listed twice in `{key}`", text.value);
                report(
                    context,
                    policy,
                    (text.span, *before),
                    message,
                    &text.value,
                    out,
                );
            }
        }
    }
}

fn report(
    context: &Context<'_>,
    policy: &Policy,
    (span, before): (Span, Span),
    message: String,
    subject: &str,
    out: &mut Vec<Finding>,
) {
    let label = |span: Span, message: &str| Label {
        source: policy.source,
        span,
        message: message.to_owned(),
    };
    let mut finding = LINT.finding(Severity::Note, message, label(span, ""));
    finding.related = vec![label(before, "first given here")];
    finding.help = Some("remove it: it changes nothing".to_owned());
    finding.subject = Some(subject.to_owned());
    let what = "remove the second one".to_owned();
    finding.fixes = fix::removal(context, policy.source, &[span], what, false);
    out.push(finding);
}
