//! The `Condition` of a statement: operator, key, values.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>

use std::collections::HashMap;

use super::date;
use super::decoded::Text;
use super::element::{refuse_function, wrong_kind};
use super::json::{Kind, Member, Value};
use super::masked::is_open;
use super::policy::{Condition, Problem, Statement};
use super::problem::Reader;
use super::quote::{nearest, shorten};
use crate::operator::{self, Comparison, Operator};
use crate::rejection::answer;

/// The longest known one, `ForAllValues:StringNotEqualsIgnoreCaseIfExists`, has 46 bytes.
const LONGEST_OPERATOR: usize = 64;

/// Reads the value of `Condition` into its statement.
pub(super) fn read(reader: &mut Reader, value: Value<'_>, statement: &mut Statement) {
    if value.kind() != Kind::Object {
        wrong_kind(reader, "Condition", value, "an object");
        statement.condition_span = Some(value.label());
        statement.condition_unreadable = true;
        return;
    }
    let operators = value.last_members();
    if operators.is_empty() {
        statement.empty_condition = Some(value.span());
        return;
    }
    statement.condition_span = Some(value.span());
    if refuse_function(reader, value) {
        statement.condition_unreadable = true;
        return;
    }
    for Member { key, value } in operators {
        // AWS accepts an unknown operator that has no keys.
        let members = (value.kind() == Kind::Object).then(|| value.last_members());
        let is_empty = members.as_ref().is_some_and(Vec::is_empty);
        // An unknown operator never holds for certain; a long one is not copied to each of its keys.
        let operator = check_operator(reader, &key, is_empty);
        if operator.is_none() && key.value.len() > LONGEST_OPERATOR && !is_empty {
            statement.condition_unreadable = true;
            continue;
        }
        let members = members.filter(|_| !refuse_function(reader, value));
        let Some(members) = members else {
            wrong_kind(reader, &key.value, value, "an object of condition keys");
            statement.condition_unreadable = true;
            continue;
        };
        same_but_for_case(reader, value);
        if is_empty {
            statement.empty_condition.get_or_insert(value.span());
        }
        for member in members {
            let (values, complete) = values(reader, &member);
            if operator.is_some_and(|o| matches!(o.comparison, Comparison::Date(_))) {
                dates(reader, &values);
            }
            statement.condition_unreadable |= !complete;
            if complete {
                statement.conditions.push(Condition {
                    operator: key.clone(),
                    key: member.key,
                    values,
                });
            }
        }
    }
}

/// The values of a condition key, and whether all of them could be read.
fn values(reader: &mut Reader, member: &Member<'_>) -> (Vec<Text>, bool) {
    const EXPECTED: &str = "a string, number or Boolean, or an array of these";
    let name = member.key.value.as_str();
    let given = if member.value.kind() == Kind::Array {
        member.value.elements()
    } else {
        vec![member.value]
    };
    if given.is_empty() {
        reader.report(
            Problem::invalid_policy(
                name,
                format!("the condition key `{}` has no values", shorten(name)),
                member.value.span(),
            )
            .accepted()
            .with_help("write the values to compare with, or remove the key"),
        );
    }
    let scalar = |v: &&Value<'_>| matches!(v.kind(), Kind::String | Kind::Number | Kind::Boolean);
    let mut scalars = given.iter().filter(scalar);
    if let Some(first) = scalars.next()
        && let Some(other) = scalars.find(|v| v.kind() != first.kind())
    {
        reader.report(
            Problem::invalid_policy(
                name,
                format!(
                    "the values of the condition key `{}` mix {} and {}",
                    shorten(name),
                    first.kind(),
                    other.kind()
                ),
                other.label(),
            )
            .accepted()
            .with_help("write all values of one key as strings"),
        );
    }
    let mut complete = true;
    let mut values = Vec::with_capacity(given.len());
    for value in given {
        match value.kind() {
            Kind::String => values.extend(value.string()),
            Kind::Number | Kind::Boolean => values.push(value.literal()),
            Kind::Object | Kind::Array | Kind::Null => {
                complete = false;
                wrong_kind(reader, name, value, EXPECTED);
            }
        }
    }
    (values, complete)
}

fn same_but_for_case(reader: &mut Reader, operator: Value<'_>) {
    let mut first: HashMap<String, Text> = HashMap::new();
    for Member { key, .. } in operator.last_members() {
        let folded = key.value.to_lowercase();
        match first.get(&folded) {
            None => {
                first.insert(folded, key);
            }
            Some(other) => reader.report(
                Problem::invalid_policy(
                    &key.value,
                    format!(
                        "the condition keys `{}` and `{}` differ in case only",
                        shorten(&other.value),
                        shorten(&key.value)
                    ),
                    key.span,
                )
                .with_help("condition keys are case-insensitive: give all values under one key")
                .with_related(other.span, "first given here"),
            ),
        }
    }
}

/// Reports the first value of a date operator that is no date. A placeholder may stand for one; a policy variable does not,
/// because AWS reads none in dates.
fn dates(reader: &mut Reader, values: &[Text]) {
    let mut wrong = { values.iter() }.filter(|t| !date::is_accepted(&t.value) && !is_open(t));
    if let Some(text) = wrong.next() {
        reader.report(
            Problem::invalid_condition(
                &text.value,
                format!("`{}` is not a point in time", shorten(&text.value)),
                text.span,
            )
            .with_help(format!(
                "write it in ISO 8601: `2026-01-31T00:00:00Z`; {}",
                answer("condition-date")
            )),
        );
    }
}

/// The operator that a text is. What is none is reported.
fn check_operator(reader: &mut Reader, operator: &Text, is_empty: bool) -> Option<Operator> {
    if let Ok(operator) = operator.value.parse::<Operator>() {
        return Some(operator);
    }
    let problem = Problem::invalid_policy(
        &operator.value,
        format!("`{}` is not a condition operator", shorten(&operator.value)),
        operator.span,
    );
    let problem = if is_empty {
        problem.accepted()
    } else {
        problem
    };
    reader.report(match operator::meant(&operator.value, nearest) {
        Some(meant) => problem.with_help(format!("did you mean `{meant}`?")),
        None if operator.value.contains(':') => problem.with_help(
            "put condition keys inside an operator: `{\"StringEquals\": {\"aws:RequestedRegion\": \"us-east-1\"}}`",
        ),
        None => problem,
    });
    None
}
