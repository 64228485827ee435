//! A reference as an IAM policy document.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{
    Names, RefCondition, RefList, RefStatement, Reference, all_texts, expand, value_of, whole_arn,
};
use crate::matcher::template;

/// Gives the value of a placeholder, if it has one.
pub type Bind<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The names of all placeholders in a reference.
pub fn placeholders(reference: &Reference) -> Names {
    names(&reference.statements)
}

/// The same, with those that only its known gaps name.
pub fn all_placeholders(reference: &Reference) -> Names {
    let gaps = reference.gaps.iter().flat_map(|g| names(&g.statements));
    gaps.chain(placeholders(reference)).collect()
}

fn names(statements: &[RefStatement]) -> Names {
    let texts = all_texts(statements);
    texts
        .flat_map(|text| template::names(text))
        .map(str::to_owned)
        .collect()
}

/// The reference as one policy document, placeholders replaced where `bind` has a value for them.
pub fn render(reference: &Reference, bind: Bind<'_>) -> String {
    let mut out = String::from("{\n    \"Version\": \"2012-10-17\",\n    \"Statement\": [");
    let mut sids: BTreeSet<String> = BTreeSet::new();
    let reference = reference.in_partition(bind("Partition").as_deref());
    for (i, statement) in reference.statements.iter().enumerate() {
        let effect = match statement.effect {
            crate::parser::Effect::Allow => "Allow",
            crate::parser::Effect::Deny => "Deny",
        };
        let key = |negated: bool, name: &str| {
            if negated {
                format!("Not{name}")
            } else {
                name.into()
            }
        };
        let mut members: Vec<(String, Value)> = Vec::new();
        if let Some(sid) = &statement.sid {
            // The policies that a reference is put together from may use the same one.
            let mut unique = sid.clone();
            let mut n = 2;
            while !sids.insert(unique.clone()) {
                unique = format!("{sid}{n}");
                n += 1;
            }
            members.push(("Sid".to_owned(), json!(unique)));
        }
        members.push(("Effect".to_owned(), json!(effect)));
        members.push((
            key(statement.action.negated, "Action"),
            value_of(&statement.action),
        ));
        members.push((
            key(statement.resource.negated, "Resource"),
            value_of(&all_of(&statement.resource, bind)),
        ));
        if let Some(condition) = condition(&statement.conditions) {
            members.push(("Condition".to_owned(), condition));
        }
        out.push_str(if i == 0 {
            "\n        {"
        } else {
            ",\n        {"
        });
        for (j, (name, value)) in members.iter().enumerate() {
            out.push_str(if j == 0 { "\n" } else { ",\n" });
            let value = indented(&replace(value, bind), 12);
            let _ = write!(out, "            \"{name}\": {value}");
        }
        out.push_str("\n        }");
    }
    out.push_str("\n    ]\n}\n");
    out
}

/// The resources, one for each value of a placeholder that has several.
fn all_of(list: &RefList, bind: Bind<'_>) -> RefList {
    let values = list.values.iter().flat_map(|text| several(text, bind));
    RefList {
        negated: list.negated,
        values: values.collect(),
    }
}

/// A resource, once for each value of a placeholder that has several.
pub fn several(text: &str, bind: Bind<'_>) -> Vec<String> {
    // A placeholder for a whole ARN is shown as it is while it has no value.
    let open = template::names(text).any(|n| whole_arn(n).is_some() && bind(n).is_none());
    if open {
        vec![text.to_owned()]
    } else {
        expand(text, bind)
    }
}

/// JSON in lines that are indented by so many blanks, but for the first one.
pub fn indented(value: &Value, by: usize) -> String {
    let pad = " ".repeat(by);
    match value {
        Value::Array(items) => {
            let lines: Vec<String> = items
                .iter()
                .map(|v| format!("{pad}    {}", indented(v, by + 4)))
                .collect();
            format!("[\n{}\n{pad}]", lines.join(",\n"))
        }
        Value::Object(members) => {
            let lines: Vec<String> = members
                .iter()
                .map(|(k, v)| format!("{pad}    {}: {}", json!(k), indented(v, by + 4)))
                .collect();
            format!("{{\n{}\n{pad}}}", lines.join(",\n"))
        }
        other => other.to_string(),
    }
}

pub(super) fn replace(value: &Value, bind: Bind<'_>) -> Value {
    match value {
        Value::String(text) => Value::String(template::fill(text, bind)),
        Value::Array(items) => items.iter().map(|v| replace(v, bind)).collect(),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(k, v)| (k.clone(), replace(v, bind)))
                .collect(),
        ),
        other => other.clone(),
    }
}

/// The `Condition` element, or `None` where there is none.
pub(super) fn condition(lines: &[RefCondition]) -> Option<Value> {
    let mut operators: Map<String, Value> = Map::new();
    for line in lines {
        let value = match line.values.as_slice() {
            [one] => json!(one),
            many => json!(many),
        };
        if let Value::Object(keys) = operators
            .entry(line.operator.clone())
            .or_insert_with(|| json!({}))
        {
            keys.insert(line.key.clone(), value);
        }
    }
    (!operators.is_empty()).then_some(Value::Object(operators))
}

/// Each line of a `Condition` as text: `if StringEquals aws:RequestedRegion = us-east-1`.
pub fn condition_lines(lines: &[RefCondition], bind: Bind<'_>) -> Vec<String> {
    let line = |line: &RefCondition| {
        let values: Vec<String> = { line.values.iter() }
            .map(|value| template::fill(value, bind))
            .collect();
        format!(
            "if {} {} = {}",
            line.operator,
            line.key,
            values.join(" or ")
        )
    };
    lines.iter().map(line).collect()
}

/// Spells the placeholders of a policy that a user gives as reference as `${Name}`.
pub(super) fn normal_placeholders(text: &str) -> String {
    template::normalize(text)
}
