//! The unknown lines of a Condition on which a verdict depends, and the context that would decide them.

use super::{Compared, layer};
use crate::diff::coverage::Requirement;
use crate::diff::statement::Line;
use crate::matcher::condition::KeyValue;
use crate::parser::Effect;

/// Lines of Conditions that are spoken of in one finding.
const SHOWN: usize = 4;

/// Notes on the Conditions that are not resolved for a requirement.
pub(super) fn notes(compared: &Compared<'_>, requirement: &Requirement) -> Vec<String> {
    let row = &requirement.row;
    let mut notes = Vec::new();
    let assumed = compared.required.iter().find(|s| s.index == row.statement);
    let Some(assumed) = assumed.map(|s| &s.conditions) else {
        return notes;
    };
    for place in requirement.unresolved.iter() {
        let Some(statement) = layer::statement_at(compared, *place) else {
            continue;
        };
        if statement.conditions.unreadable {
            notes.push("a part of the condition could not be read".to_owned());
        }
        for line in compared
            .comparison
            .open_lines(requirement, statement, assumed)
        {
            let note = note(compared, requirement, statement.effect, line);
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    notes.truncate(SHOWN);
    notes
}

/// The common context of the requests that show the verdict, if the reference leaves several cases open.
pub(super) fn stated(compared: &Compared<'_>, requirement: &Requirement) -> Option<String> {
    let row = &requirement.row;
    let assumed = compared.required.iter().find(|s| s.index == row.statement);
    // What is known beside the reference is shown of keys that the role's own policies have.
    let layers = compared.comparison.layers.iter();
    let own = layers.flat_map(|layer| layer.statements.iter());
    let own: Vec<_> = assumed.into_iter().chain(own).collect();
    let as_written = |key: &str| {
        let mut lines = own.iter().flat_map(|s| &s.conditions.lines);
        let line = lines.find(|l| l.test.key == key);
        line.map(|l| l.key.clone())
    };
    let stated = requirement.stated().iter().filter_map(|(key, value)| {
        let key = as_written(key)?;
        Some(match value {
            KeyValue::Absent => format!("without `{key}`"),
            value => match value.text() {
                Some(text) => format!("with `{key}` `{text}`"),
                None => format!("with some `{key}`"),
            },
        })
    });
    let stated: Vec<String> = stated.collect();
    (!stated.is_empty()).then(|| format!("in requests {}", stated.join(" and ")))
}

fn note(compared: &Compared<'_>, requirement: &Requirement, effect: Effect, line: &Line) -> String {
    let key = &line.key;
    let quoted: Vec<String> = line.values.iter().map(|v| format!("`{v}`")).collect();
    let quoted = format!("`{}` `{key}` {}", line.operator, quoted.join(", "));
    if !is_listed(compared, requirement, &line.test.key) {
        let action = &requirement.row.action;
        return format!(
            "not decided: {quoted}; the catalogue does not list `{key}` for `{action}`, so AWS may not send it"
        );
    }
    let holds = match (effect, decisive(line)) {
        (Effect::Allow, Some(value)) => {
            format!("it holds with --context {key}={value}, if the requests have that value")
        }
        _ => format!("pass the real value with --context {key}=VALUE"),
    };
    format!("not decided: {quoted}; {holds}")
}

/// A value with which a line holds, where one is plain to see.
fn decisive(line: &Line) -> Option<&str> {
    let operator = line.operator.to_ascii_lowercase();
    let operator = operator.strip_suffix("ifexists").unwrap_or(&operator);
    let operator = operator.rsplit(':').next()?;
    let positive = matches!(
        operator,
        "stringequals"
            | "stringequalsignorecase"
            | "stringlike"
            | "arnequals"
            | "arnlike"
            | "bool"
            | "numericequals"
            | "dateequals"
            | "ipaddress"
    );
    let plain = |v: &&String| !v.contains(['*', '?', '$', '<', '{', '%', '/', ' ']);
    let value = line.values.iter().find(plain).filter(|_| positive);
    value.map(String::as_str)
}

/// Whether the requests of an action can have a key, as far as the catalogue says. It does not list AWS's global keys.
fn is_listed(compared: &Compared<'_>, requirement: &Requirement, key: &str) -> bool {
    let action = requirement.row.action.to_ascii_lowercase();
    let (service, name) = action.split_once(':').unwrap_or_default();
    key.starts_with("aws:")
        || match compared.comparison.known(service, name) {
            Some(action) => action.lists(key),
            None => true,
        }
}
