//! Access to the JSON of a plan.

use crate::inventory::json_text::{self, Json, Token};
use crate::inventory::terraform::hcl::Fault;
use crate::parser::Span;

pub(super) fn read(text: &str) -> Result<Json, Fault> {
    json_text::parse(&json_text::of_file(text)).map_err(|(message, at)| Fault {
        message,
        span: Span { start: at, end: at },
    })
}

pub(in crate::inventory::terraform) fn span(json: &Json) -> Span {
    Span {
        start: json.start,
        end: json.end,
    }
}

pub(in crate::inventory::terraform) fn members(json: &Json) -> &[(Json, Json)] {
    match &json.token {
        Token::Object(all) => all,
        _ => &[],
    }
}

pub(in crate::inventory::terraform) fn member<'j>(json: &'j Json, name: &str) -> Option<&'j Json> {
    let found = members(json)
        .iter()
        .rev()
        .find(|(k, _)| word(k) == Some(name));
    found.map(|(_, value)| value)
}

pub(in crate::inventory::terraform) fn elements(json: &Json) -> &[Json] {
    match &json.token {
        Token::Array(all) => all,
        _ => &[],
    }
}

pub(in crate::inventory::terraform) fn word(json: &Json) -> Option<&str> {
    match &json.token {
        Token::Text(text) => Some(&text.value),
        _ => None,
    }
}

pub(super) fn scalar(json: &Json) -> Option<String> {
    match &json.token {
        Token::Text(text) => Some(text.value.clone()),
        Token::Number(text) => Some(text.clone()),
        Token::Boolean(value) => Some(value.to_string()),
        _ => None,
    }
}
