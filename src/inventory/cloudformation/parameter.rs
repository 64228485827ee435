//! Parameters of a template: given, by default, one of a few, or not known.

mod allowed_pattern;

use std::collections::BTreeMap;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::passed::{self, Passed};
use super::{Given, unresolved};
use crate::inventory::Written;
use crate::parser::tree::{Node, Tree};
use crate::parser::{Problem, SourceId, Span, shorten};

/// How many values of a parameter are judged one by one.
const MOST_VALUES: usize = 8;

/// How many allowed values a message lists.
const SHOWN: usize = 8;

/// A parameter.
#[derive(Debug)]
pub(super) struct Parameter {
    /// The place of the parameter's name in the template.
    pub(super) span: Span,
    /// The known value or values of the parameter.
    pub(super) known: Known,
    /// Whether it is a list.
    pub(super) is_list: bool,
    /// Whether what is given is the name of a parameter in Systems Manager, which has the value.
    pub(super) is_stored: bool,
}

/// The known value or values of a parameter.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Known {
    /// The command line gives it.
    Given(String),
    /// The default of the parameter, with its place.
    Default(String, Span),
    /// One of these; the first is the default where there is one.
    OneOf(Vec<String>),
    /// The templates give it that this one is nested in.
    Passed(Passed),
    /// Nothing.
    Open,
}

/// The parameters of a template.
pub(super) fn all(tree: &Tree, id: SourceId, given: &Given) -> Vec<(String, Parameter)> {
    let Some(parameters) = tree.get("Parameters") else {
        return Vec::new();
    };
    let entries = parameters.entries().iter();
    let read = |(name, value): &(Rc<Tree>, Rc<Tree>)| {
        let name_text = name.text()?.to_owned();
        let kind = value.get("Type").and_then(|t| t.text()).unwrap_or("String");
        let stored = stored(kind);
        let is_list = is_list(stored.unwrap_or(kind));
        let known = match given_to(&name_text, given) {
            _ if stored.is_some() => Known::Open,
            Some(Some(text)) => Known::Given(text.clone()),
            Some(None) => match of(value, is_list) {
                one @ Known::OneOf(_) => one,
                _ => Known::Open,
            },
            None => {
                let own = of(value, is_list);
                let passed = passed::passed(&name_text, &given.nested, own.default(id));
                let is_known = |p: &Passed| !(p.is_open() && matches!(own, Known::OneOf(_)));
                passed.filter(is_known).map_or(own.clone(), Known::Passed)
            }
        };
        let parameter = Parameter {
            span: name.span,
            known,
            is_list,
            is_stored: stored.is_some(),
        };
        Some((name_text, parameter))
    };
    entries.filter_map(read).collect()
}

/// The values that parameters have together, for each setting of the templates that this one is nested in.
pub(super) fn together(
    parameters: &FxHashMap<String, Parameter>,
    given: &Given,
) -> Vec<BTreeMap<String, String>> {
    let passed = { parameters.iter() }.filter_map(|(name, of)| match &of.known {
        Known::Passed(passed) => Some((name, passed)),
        _ => None,
    });
    passed::together(passed, &given.nested)
}

/// The value that the command line gives, unless it is for a template that passes another one on.
fn given_to<'g>(name: &str, given: &'g Given) -> Option<&'g Option<String>> {
    let is_of_parent = passed::is_of_parent(name, &given.nested);
    { given.parameters.get(name) }.filter(|_| !is_of_parent)
}

impl Known {
    /// The default, where it is the only value.
    fn default(&self, id: SourceId) -> Option<(&str, Written)> {
        match self {
            Known::Default(text, span) => Some((text, (id, *span))),
            _ => None,
        }
    }
}

/// Whether `AllowedPattern` is for parameters of a type.
fn takes_pattern(kind: &str) -> bool {
    ["String", "CommaDelimitedList"].contains(&kind)
}

fn is_list(kind: &str) -> bool {
    kind == "CommaDelimitedList" || kind.starts_with("List<")
}

/// The type of a value that is a parameter in Systems Manager.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html>
fn stored(kind: &str) -> Option<&str> {
    let inner = kind.strip_prefix("AWS::SSM::Parameter::Value<")?;
    inner.strip_suffix('>')
}

/// The parameters with values that CloudFormation refuses: the name, the value, and why.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>
pub(super) fn refused(tree: &Tree, given: &Given) -> Vec<(String, String, String)> {
    let parameters = tree.get("Parameters");
    let entries = parameters.iter().flat_map(|p| p.entries());
    let refused = entries.filter_map(|(name, value)| {
        let name = name.text()?;
        let text = given_to(name, given)?.as_ref()?;
        Some((name.to_owned(), text.clone(), refusal(value, text)?))
    });
    refused.collect()
}

/// The same for the values that other templates pass, if they pass no other one, and for those that they do not pass.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stack.html>
pub(super) fn refused_of_parents(tree: &Tree, given: &Given) -> Vec<Problem> {
    let parameters = tree.get("Parameters");
    let entries = || parameters.iter().flat_map(|p| p.entries());
    let problem = |message: String, help: &str, span: Span| {
        let help = format!("{help}: CloudFormation refuses the stack");
        unresolved("Parameters", &message, span).with_help(help)
    };
    let is_own = |name: &str| entries().any(|(own, _)| own.text() == Some(name));
    let unknown = passed::names(&given.nested).into_iter();
    let unknown = unknown.filter(|name| !is_own(name)).map(|name| {
        let message = format!(
            "the template of the parent gives `{}`, which is not a parameter",
            shorten(name)
        );
        let span = parameters.map_or(tree.span, |p| p.span);
        problem(message, "pass only the parameters of the template", span)
    });
    let missing = entries().filter_map(|(name, value)| {
        let text = name.text()?;
        let is_given = given.parameters.contains_key(text) || value.get("Default").is_some();
        if is_given || !passed::is_left_out(text, &given.nested) {
            return None;
        }
        let message = format!(
            "the template of the parent gives no value for `{}`, which has no default",
            shorten(text)
        );
        Some(problem(message, "pass a value", name.span))
    });
    let refused = entries().filter_map(|(name, value)| {
        let text = name.text()?;
        let passed = passed::passed(text, &given.nested, None)?;
        let all = passed.all.iter().map(|one| refusal(value, one));
        let reasons: Option<Vec<String>> = all.collect();
        let reason = reasons?.into_iter().next().filter(|_| !passed.is_open())?;
        let message = format!(
            "the template of the parent gives `{}`: {reason}",
            shorten(text)
        );
        Some(problem(
            message,
            "pass a value that the parameter allows",
            name.span,
        ))
    });
    unknown.chain(missing).chain(refused).collect()
}

/// Defaults that the constraints of their parameters do not allow, where no other value is given: CloudFormation refuses
/// the template.
pub(super) fn refused_defaults(tree: &Tree, given: &Given) -> Vec<Problem> {
    let parameters = tree.get("Parameters");
    let entries = parameters.iter().flat_map(|p| p.entries());
    let refused = entries.filter_map(|(name, value)| {
        let name = name.text()?;
        let default = value.get("Default").filter(|d| d.tag.is_none())?;
        // YAML has several words for true and false.
        let is_passed = passed::passed(name, &given.nested, None).is_some();
        let is_given = is_passed || given_to(name, given).is_some();
        if is_given || matches!(default.node, Node::Boolean(_)) {
            return None;
        }
        let reason = refusal(value, default.text()?)?;
        let message = format!(
            "the default of the parameter `{}` is not allowed: {reason}",
            shorten(name)
        );
        let help = format!(
            "write a default that the parameter allows, or pass --parameter {}=VALUE",
            shorten(name)
        );
        Some(Problem::unresolved("Parameters", message, default.span).with_help(help))
    });
    refused.collect()
}

/// Why a parameter cannot have a value.
fn refusal(parameter: &Tree, text: &str) -> Option<String> {
    let kind = parameter.get("Type").and_then(|t| t.text());
    let kind = kind.unwrap_or("String");
    if stored(kind).is_some() {
        return None;
    }
    let items: Vec<&str> = if is_list(kind) {
        text.split(',').map(str::trim).collect()
    } else {
        vec![text]
    };
    let is_number = matches!(kind, "Number" | "List<Number>");
    let number = |text: &str| -> Option<f64> {
        let number = text.trim().parse().ok();
        number.filter(|n: &f64| n.is_finite())
    };
    let limit = |name: &str| parameter.get(name).and_then(|v| number(v.text()?));
    if is_number && let Some(item) = items.iter().find(|item| number(item).is_none()) {
        return Some(format!("`{}` is not a number", shorten(item)));
    }
    let allowed = parameter.get("AllowedValues").map(|list| list.elements());
    if let Some(allowed) = allowed.filter(|all| all.iter().all(|v| v.text().is_some())) {
        let is_same = |item: &str, one: &Tree| {
            // YAML has several words for true and false.
            let is_word = matches!(one.node, Node::Boolean(_));
            let one = one.text().unwrap_or_default();
            is_word && one.eq_ignore_ascii_case(item)
                || one == item
                || is_number && number(one) == number(item)
        };
        let is_allowed = |item: &&&str| allowed.iter().any(|one| is_same(item, one));
        if let Some(item) = items.iter().find(|item| !is_allowed(item)) {
            let names = allowed.iter().take(SHOWN).filter_map(|v| v.text());
            let names = names.collect::<Vec<_>>().join(", ");
            let more = if allowed.len() > SHOWN { ", …" } else { "" };
            return Some(format!(
                "`{}` is not one of: {}{more}",
                shorten(item),
                shorten(&names)
            ));
        }
    }
    let pattern = parameter
        .get("AllowedPattern")
        .filter(|p| p.tag.is_none() && takes_pattern(kind));
    // Whether an empty list has an element that must match is not documented.
    let is_judged = !(is_list(kind) && text.trim().is_empty());
    if let Some(pattern) = pattern.and_then(|p| p.text()).filter(|_| is_judged)
        && let Some(item) = { items.iter() }.find(|item| allowed_pattern::excludes(pattern, item))
    {
        return Some(format!(
            "`{}` does not match `AllowedPattern`, `{}`",
            shorten(item),
            shorten(pattern)
        ));
    }
    let length = u32::try_from(text.chars().count()).map_or(f64::INFINITY, f64::from);
    let values = items.iter().filter_map(|item| number(item));
    let (sizes, [least, most], what): (Vec<f64>, _, _) = match kind {
        "String" => (vec![length], ["MinLength", "MaxLength"], "its length"),
        _ if is_number => (values.collect(), ["MinValue", "MaxValue"], "it"),
        _ => return None,
    };
    let is_below = |name: &str| limit(name).is_some_and(|limit| sizes.iter().any(|s| *s < limit));
    let is_above = |name: &str| limit(name).is_some_and(|limit| sizes.iter().any(|s| *s > limit));
    let written = |name: &str| {
        parameter
            .get(name)
            .and_then(|v| v.text())
            .unwrap_or_default()
    };
    if is_below(least) {
        return Some(format!(
            "{what} is below `{least}`, {}",
            shorten(written(least))
        ));
    }
    is_above(most).then(|| format!("{what} is above `{most}`, {}", shorten(written(most))))
}

/// The lists that are judged for a parameter whose items are all among the allowed values: the default, each item alone,
/// which grants the least, and all of them, which deny the most. An item is repeated to be as long as the default, because
/// a template may select the second one.
fn lists(default: Option<&str>, allowed: &[&str]) -> Vec<String> {
    let items = |text: &str| -> Vec<String> {
        text.split(',').map(|item| item.trim().to_owned()).collect()
    };
    let own = default.map(items).unwrap_or_default();
    let is_allowed = own.iter().all(|item| allowed.contains(&item.as_str()));
    let own = own.into_iter().filter(|_| is_allowed).collect::<Vec<_>>();
    let length = own.len().max(1);
    let alone = allowed.iter().map(|item| vec![*item; length].join(","));
    let first = Some(own.join(",")).filter(|own| !own.is_empty());
    first
        .into_iter()
        .chain(alone)
        .chain([allowed.join(",")])
        .collect()
}

/// The value that the template itself gives.
fn of(value: &Tree, is_list: bool) -> Known {
    let default = value.get("Default").filter(|d| d.tag.is_none());
    let text = default.and_then(|d| d.text());
    let allowed = value.get("AllowedValues");
    let allowed: Vec<&str> = { allowed.iter() }
        .flat_map(|list| list.elements())
        .filter_map(|v| v.text())
        .collect();
    if (1..=MOST_VALUES).contains(&allowed.len()) {
        let candidates = if is_list {
            lists(text, &allowed)
        } else {
            let own = text.filter(|one| allowed.contains(one));
            let all = own.into_iter().chain(allowed.iter().copied());
            all.map(str::to_owned).collect()
        };
        let mut all: Vec<String> = Vec::new();
        for one in candidates {
            if !all.contains(&one) {
                all.push(one);
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
