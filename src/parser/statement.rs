//! One statement of a policy.

use super::decoded::Text;
use super::element::{STATEMENT_KEYS, refuse_function_among, unknown, wrong_kind};
use super::hole::{Hole, HoleKind};
use super::json::{Kind, Member, Value};
use super::keyword::Effect;
use super::policy::{Element, Problem, Statement};
use super::problem::Reader;
use super::quote::{named, nearest, shorten};
use super::source::Spanned;
use super::{condition, pattern};
use crate::rejection::answer;
use crate::vocabulary::canonical_placeholder;

/// Reads a statement, which is an object; none where it is a function that is refused.
pub(super) fn read(reader: &mut Reader, object: Value<'_>) -> Option<Statement> {
    let members = object.last_members();
    if refuse_function_among(reader, &members) {
        return None;
    }
    let mut statement = blank(object);
    // Elements that are there, though perhaps misspelt or unusable, are not called missing.
    let (mut effect_given, mut action_key, mut resource_key) = (false, None, None);
    for Member { key, value } in members {
        match key.value.as_str() {
            "Sid" => statement.sid = sid(reader, value),
            "Effect" => {
                effect_given = true;
                statement.effect = effect(reader, value);
            }
            "Action" | "NotAction" => {
                let element = element(reader, &key, value, pattern::action);
                only_one(
                    reader,
                    &mut action_key,
                    &key,
                    element,
                    &mut statement.action,
                );
            }
            "Resource" | "NotResource" => {
                let element = element(reader, &key, value, pattern::resource);
                only_one(
                    reader,
                    &mut resource_key,
                    &key,
                    element,
                    &mut statement.resource,
                );
            }
            "Condition" => condition::read(reader, value, &mut statement),
            "Principal" | "NotPrincipal" => {
                // A trust policy has no `Resource`: to ask for one would lead astray.
                resource_key.get_or_insert_with(|| key.clone());
                reader.report(
                    Problem::invalid_policy(
                        &key.value,
                        format!("`{}` is an element of trust and resource policies", key.value),
                        key.span,
                    )
                    .with_help(
                        "a policy attached to a role says what the role may do, not who may use it: remove this element, \
                         or, if this is the role's trust policy, give the policies attached to the role instead",
                    ),
                );
            }
            _ => {
                let meant = nearest(&key.value, &STATEMENT_KEYS);
                match meant {
                    Some("Effect") => effect_given = true,
                    Some("Action" | "NotAction") => {
                        action_key.get_or_insert_with(|| key.clone());
                    }
                    Some("Resource" | "NotResource") => {
                        resource_key.get_or_insert_with(|| key.clone());
                    }
                    _ => {}
                }
                unknown(reader, &key, meant, "a statement");
            }
        }
    }
    for (given, element, help) in [
        (
            effect_given,
            "Effect",
            "write `\"Effect\": \"Allow\"` or `\"Effect\": \"Deny\"`",
        ),
        (
            action_key.is_some(),
            "Action",
            "write `\"Action\": […]` with the actions, or `NotAction`",
        ),
        (
            resource_key.is_some(),
            "Resource",
            "write `\"Resource\": […]` with ARNs, or `\"Resource\": \"*\"`",
        ),
    ] {
        if !given {
            reader.report(
                Problem::invalid_policy(
                    element,
                    format!("the statement has no `{element}`"),
                    object.opening(),
                )
                .with_help(help),
            );
        }
    }
    Some(statement)
}

/// A statement without elements.
pub(super) fn blank(object: Value<'_>) -> Statement {
    Statement {
        span: object.span(),
        sid: None,
        effect: None,
        action: None,
        resource: None,
        conditions: Vec::new(),
        condition_span: None,
        condition_unreadable: false,
        empty_condition: None,
        is_absent: false,
        may_allow: false,
        holes: Vec::new(),
        canonical: object.is_decoded().then(|| object.raw().into()),
    }
}

/// Takes an element, unless the statement has its opposite as well: then neither can be judged.
pub(super) fn only_one(
    reader: &mut Reader,
    first: &mut Option<Text>,
    key: &Text,
    element: Option<Element>,
    taken: &mut Option<Element>,
) {
    const ELEMENTS: [&str; 4] = ["Action", "NotAction", "Resource", "NotResource"];
    match first {
        Some(first) if ELEMENTS.contains(&first.value.as_str()) => {
            *taken = None;
            reader.report(
                Problem::invalid_policy(
                    &key.value,
                    format!("the statement has `{}` and `{}`", first.value, key.value),
                    key.span,
                )
                .with_help("keep one of them, or make two statements")
                .with_related(first.span, "first given here"),
            );
        }
        _ => {
            *first = Some(key.clone());
            *taken = element;
        }
    }
}

pub(super) fn effect(reader: &mut Reader, value: Value<'_>) -> Option<Spanned<Effect>> {
    let Some(text) = value.string() else {
        wrong_kind(reader, "Effect", value, "the string `Allow` or `Deny`");
        return None;
    };
    let effect = match text.value.as_str() {
        "Allow" => Effect::Allow,
        "Deny" => Effect::Deny,
        other => {
            let problem = Problem::invalid_policy(
                "Effect",
                format!(
                    "`Effect` must be `Allow` or `Deny`, found `{}`",
                    shorten(other)
                ),
                text.span,
            );
            reader.report(match nearest(other, &["Allow", "Deny"]) {
                Some(meant) if meant.eq_ignore_ascii_case(other) => {
                    problem.with_help(format!("write `{meant}`: the value is case-sensitive"))
                }
                Some(meant) => problem.with_help(format!("did you mean `{meant}`?")),
                None => problem,
            });
            return None;
        }
    };
    Some(Spanned {
        value: effect,
        span: text.span,
    })
}

pub(super) fn sid(reader: &mut Reader, value: Value<'_>) -> Option<Text> {
    let Some(text) = value.string() else {
        wrong_kind(reader, "Sid", value, "a string");
        return None;
    };
    // A value that is not known is shown by its code. Each Region has a hyphen.
    let may_be_word = |at: usize| {
        let mut holes = text.holes.iter().flat_map(|holes| holes.iter());
        let hole = holes.find(|hole| hole.range.contains(&at));
        let is_region = |hole: &Hole| {
            hole.kind == HoleKind::Reference && canonical_placeholder(&hole.name) == Some("Region")
        };
        hole.is_some_and(|part| !reader.holes.get(part.hole).is_some_and(is_region))
    };
    let mut all = text.value.char_indices();
    if let Some((_, c)) = all.find(|(at, c)| !c.is_ascii_alphanumeric() && !may_be_word(*at)) {
        let shown = named(c);
        reader.report(
            Problem::invalid_policy(
                "Sid",
                format!("the `Sid` `{}` contains {shown}", shorten(&text.value)),
                text.span,
            )
            .with_help("a `Sid` takes the letters A-Z and a-z and the digits 0-9 only"),
        );
    }
    Some(text)
}

/// Reads a string or a list of strings; those of a list that are none are reported and left out.
pub(super) fn element(
    reader: &mut Reader,
    key: &Text,
    value: Value<'_>,
    check: fn(&mut Reader, &str, &Text),
) -> Option<Element> {
    const EXPECTED: &str = "a string or an array of strings";
    let name = key.value.as_str();
    let mut values = Vec::new();
    match value.kind() {
        Kind::String => values.extend(value.string()),
        Kind::Array => {
            let elements = value.elements();
            if elements.is_empty() {
                let kind = if name.ends_with("Action") {
                    "empty-actions"
                } else {
                    "empty-resources"
                };
                reader.report(
                    Problem::invalid_policy(
                        name,
                        format!("`{name}` is an empty list"),
                        value.span(),
                    )
                    .with_help(format!(
                        "write what the statement is about, or remove the statement; {}",
                        answer(kind)
                    )),
                );
            }
            for element in &elements {
                match element.string() {
                    Some(text) => values.push(text),
                    None => wrong_kind(reader, name, *element, EXPECTED),
                }
            }
            if values.is_empty() && !elements.is_empty() {
                return None;
            }
        }
        _ => {
            wrong_kind(reader, name, value, EXPECTED);
            return None;
        }
    }
    for text in &values {
        check(reader, name, text);
    }
    Some(Element {
        negated: name.starts_with("Not"),
        key: Spanned {
            value: key.value.clone(),
            span: key.span,
        },
        values,
        value_span: value.label(),
    })
}
