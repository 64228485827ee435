//! Statements of a CloudFormation template.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html>

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::part::{Part, conditions, lists, parts};
use crate::parser::Effect;
use crate::reference::bindings::PARTITIONS;
use crate::reference::{self, RefStatement};

/// The name that a placeholder has in a template: a pseudo parameter, or a parameter.
fn parameter(name: &str) -> String {
    match name {
        "Region" => "AWS::Region".to_owned(),
        "Account" => "AWS::AccountId".to_owned(),
        "Partition" => "AWS::Partition".to_owned(),
        other => other.chars().filter(char::is_ascii_alphanumeric).collect(),
    }
}

/// A text, and whether it is one for `Fn::Sub`.
fn substituted(text: &str) -> (String, bool) {
    let parts = parts(text);
    if !{ parts.iter() }.any(|part| matches!(part, Part::Placeholder(_))) {
        return (text.to_owned(), false);
    }
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Literal(text) => out.push_str(text),
            Part::Placeholder(name) => {
                let _ = write!(out, "${{{}}}", parameter(name));
            }
            Part::Variable(name) => {
                let _ = write!(out, "${{!{name}}}");
            }
        }
    }
    (out, true)
}

/// Leaves the partition of the ARNs to CloudFormation: a template that does so is for several partitions.
pub(super) fn leave_partition_open(statement: &mut RefStatement) {
    let conditions = statement.conditions.iter_mut().flat_map(|c| &mut c.values);
    for text in statement.resource.values.iter_mut().chain(conditions) {
        let rest = text
            .strip_prefix("arn:")
            .and_then(|rest| rest.split_once(':'));
        if let Some((_, rest)) = rest.filter(|(partition, _)| PARTITIONS.contains(partition)) {
            *text = format!("arn:${{Partition}}:{rest}");
        }
    }
}

/// The statements as a YAML list, a comment between those of different documents.
pub(super) fn yaml(documents: &[Vec<RefStatement>]) -> String {
    let mut out = String::new();
    for (at, document) in documents.iter().enumerate() {
        if documents.len() > 1 {
            let _ = writeln!(out, "# policy {} of {}", at + 1, documents.len());
        }
        for statement in document {
            write_yaml(&mut out, statement);
        }
    }
    out
}

fn write_yaml(out: &mut String, statement: &RefStatement) {
    let mut lead = "- ";
    if let Some(sid) = &statement.sid {
        let _ = writeln!(out, "{lead}Sid: {}", scalar(sid));
        lead = "  ";
    }
    let _ = writeln!(out, "{lead}Effect: {}", effect(statement));
    for (name, values) in lists(statement) {
        write_values(out, "  ", name, values);
    }
    let operators = conditions(statement);
    if operators.is_empty() {
        return;
    }
    out.push_str("  Condition:\n");
    for (operator, keys) in operators {
        let _ = writeln!(out, "    {}:", scalar(operator));
        for (key, values) in keys {
            write_values(out, "      ", &scalar(key), values);
        }
    }
}

fn write_values(out: &mut String, indent: &str, name: &str, values: &[String]) {
    match values {
        [one] => {
            let _ = writeln!(out, "{indent}{name}: {}", tagged(one));
        }
        several => {
            let _ = writeln!(out, "{indent}{name}:");
            for value in several {
                let _ = writeln!(out, "{indent}  - {}", tagged(value));
            }
        }
    }
}

fn effect(statement: &RefStatement) -> &'static str {
    match statement.effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    }
}

/// A text as a scalar, with `!Sub` where it needs that.
fn tagged(text: &str) -> String {
    match substituted(text) {
        (text, true) => format!("!Sub {}", scalar(&text)),
        (text, false) => scalar(&text),
    }
}

/// A plain scalar where YAML reads it as this text, else one in quotes.
fn scalar(text: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_./:*${}!+".contains(c);
    let is_word = |word: &str| text.eq_ignore_ascii_case(word);
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(is_safe)
        && !text.ends_with(':')
        && !["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
            .into_iter()
            .any(is_word);
    if is_plain {
        return text.to_owned();
    }
    if text.chars().any(char::is_control) {
        // JSON texts are scalars of YAML in double quotes.
        return json!(text).to_string();
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// The statements as a JSON list.
pub(super) fn json(documents: &[Vec<RefStatement>]) -> String {
    let mut out = String::from("[");
    for (at, statement) in documents.iter().flatten().enumerate() {
        out.push_str(if at == 0 { "\n    {" } else { ",\n    {" });
        let mut members: Vec<(&str, Value)> = Vec::new();
        if let Some(sid) = &statement.sid {
            members.push(("Sid", json!(sid)));
        }
        members.push(("Effect", json!(effect(statement))));
        for (name, texts) in lists(statement) {
            members.push((name, values(texts)));
        }
        let operators = conditions(statement);
        if !operators.is_empty() {
            let mut condition = serde_json::Map::new();
            for (operator, keys) in operators {
                let keys = keys.into_iter().map(|(k, v)| (k.to_owned(), values(v)));
                condition.insert(operator.to_owned(), Value::Object(keys.collect()));
            }
            members.push(("Condition", Value::Object(condition)));
        }
        for (at, (name, value)) in members.iter().enumerate() {
            out.push_str(if at == 0 { "\n" } else { ",\n" });
            let value = reference::indented(value, 8);
            let _ = write!(out, "        {}: {value}", json!(name));
        }
        out.push_str("\n    }");
    }
    out.push_str("\n]\n");
    out
}

fn values(texts: &[String]) -> Value {
    let value = |text: &String| match substituted(text) {
        (text, true) => json!({ "Fn::Sub": text }),
        (text, false) => json!(text),
    };
    match texts {
        [one] => value(one),
        several => several.iter().map(value).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{scalar, tagged};

    #[test]
    fn scalars_are_quoted_where_yaml_would_read_something_else() {
        for (text, expected) in [
            ("sqs:SendMessage", "sqs:SendMessage"),
            ("s3:Get*", "s3:Get*"),
            ("*", "'*'"),
            ("true", "'true'"),
            ("No", "'No'"),
            ("12", "'12'"),
            ("", "''"),
            ("it's", "'it''s'"),
            ("a: b", "'a: b'"),
            ("a #b", "'a #b'"),
            ("name:", "'name:'"),
            ("a\nb", "\"a\\nb\""),
        ] {
            assert_eq!(scalar(text), expected);
        }
    }

    #[test]
    fn only_texts_with_placeholders_are_substituted() {
        for (text, expected) in [
            (
                "arn:${Partition}:sqs:${Region}:${Account}:q-*",
                "!Sub arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:q-*",
            ),
            (
                "arn:aws:iam::1:user/${aws:username}",
                "arn:aws:iam::1:user/${aws:username}",
            ),
            (
                "arn:aws:iam::${Account}:user/${aws:username}",
                "!Sub arn:aws:iam::${AWS::AccountId}:user/${!aws:username}",
            ),
            ("${StackId}/*", "!Sub '${StackId}/*'"),
        ] {
            assert_eq!(tagged(text), expected);
        }
    }
}
