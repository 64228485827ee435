//! Parameters of a template: given, by default, one of a few, or not known.

use std::rc::Rc;

use super::Given;
use crate::parser::Span;
use crate::parser::tree::{Node, Tree};

/// How many values of a parameter are judged one by one.
const MOST_VALUES: usize = 8;

/// A parameter.
#[derive(Debug)]
pub(super) struct Parameter {
    /// Its name in the template.
    pub(super) span: Span,
    /// Its known value or values.
    pub(super) known: Known,
    /// Whether it is a list.
    pub(super) is_list: bool,
}

/// The known value or values of a parameter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Known {
    /// The command line gives it.
    Given(String),
    /// Its default, with the place.
    Default(String, Span),
    /// One of these; the first is the default where there is one.
    OneOf(Vec<String>),
    /// Nothing.
    Open,
}

/// The parameters of a template.
pub(super) fn all(tree: &Tree, given: &Given) -> Vec<(String, Parameter)> {
    let Some(parameters) = tree.get("Parameters") else {
        return Vec::new();
    };
    let entries = parameters.entries().iter();
    let read = |(name, value): &(Rc<Tree>, Rc<Tree>)| {
        let name_text = name.text()?.to_owned();
        let kind = value.get("Type").and_then(|t| t.text()).unwrap_or("String");
        let is_list = kind == "CommaDelimitedList" || kind.starts_with("List<");
        let known = match given.parameters.get(&name_text) {
            Some(text) => Known::Given(text.clone()),
            // Its values are names of parameters in Systems Manager.
            None if kind.starts_with("AWS::SSM::") => Known::Open,
            None => of(value),
        };
        let parameter = Parameter {
            span: name.span,
            known,
            is_list,
        };
        Some((name_text, parameter))
    };
    entries.filter_map(read).collect()
}

/// The value that the template itself gives.
fn of(value: &Tree) -> Known {
    let default = value.get("Default").filter(|d| d.tag.is_none());
    let text = default.and_then(|d| d.text());
    let allowed = value.get("AllowedValues");
    let allowed: Vec<&str> = { allowed.iter() }
        .flat_map(|list| list.elements())
        .filter_map(|v| v.text())
        .collect();
    if (1..=MOST_VALUES).contains(&allowed.len()) {
        let mut all: Vec<String> = Vec::new();
        for one in text.into_iter().chain(allowed.iter().copied()) {
            if allowed.contains(&one) && !all.iter().any(|known| known == one) {
                all.push(one.to_owned());
            }
        }
        return match all.as_slice() {
            [one] => Known::Default(one.clone(), default.map_or(value.span, |d| d.span)),
            _ => Known::OneOf(all),
        };
    }
    match (text, default.map(|d| (&d.node, d.span))) {
        (Some(text), Some((_, span))) => Known::Default(text.to_owned(), span),
        (None, Some((Node::Null, span))) => Known::Default(String::new(), span),
        _ => Known::Open,
    }
}
