//! A condition key that requests of the statement's actions do not have.

use super::condition::{self, Line};
use super::{Context, Lint, enumerate};
use crate::catalog::KnownKey;
use crate::finding::{Finding, Severity};
use crate::matcher::ActionPattern;
use crate::matcher::action::wildcard_matches;
use crate::matcher::condition::Truth;
use crate::parser::{Effect, Text};
use crate::reference;

/// Metadata; the page is `rules/lints/unsupported-condition-key.md`.
pub(super) static LINT: Lint = Lint {
    id: "unsupported-condition-key",
    severity: Severity::Note,
    summary: "an action is not known to support the key of its condition",
    doc: include_str!("../../rules/lints/unsupported-condition-key.md"),
    since: "0.1.0",
    check,
};

/// Pairs of a key and an action that are looked up in one run; a policy that AWS takes has far fewer.
const MOST_PAIRS: usize = 20_000;

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let mut left = MOST_PAIRS;
    for line in condition::lines(context) {
        let actions = line.statement.action.as_ref();
        let Some(rest) = actions.and_then(|a| usize::checked_sub(left, a.values.len())) else {
            continue;
        };
        left = rest;
        out.extend(finding(context, &line));
    }
}

/// Global keys that the catalogue lists by action; the others come with most requests, and a few keys of services with
/// those of some principals.
fn is_listed_by_action(key: &str) -> bool {
    let by_tag = ["aws:resourcetag/", "aws:requesttag/"];
    if reference::comes_with_principal(key) {
        return false;
    }
    !key.starts_with("aws:") || key == "aws:tagkeys" || by_tag.iter().any(|k| key.starts_with(k))
}

fn finding(context: &Context<'_>, line: &Line<'_>) -> Option<Finding> {
    let key = line.folded();
    let known = matches!(line.known, KnownKey::Type(_));
    if !known || !is_listed_by_action(&key) {
        return None;
    }
    // A line that holds without the key does not change the requests.
    if line.truths().0 != Truth::False {
        return None;
    }
    let action = line.statement.action.as_ref()?;
    let unlisted: Vec<String> = if action.negated {
        Vec::new()
    } else {
        let values = action.values.iter();
        let without_key = values.filter(|text| never_has(context, text, &key));
        without_key.map(|t| t.value.clone()).collect()
    };
    let (verb, done) = if line.is(Effect::Deny) {
        ("deny", "denied")
    } else {
        ("allow", "allowed")
    };
    let key = line.key();
    let message = match unlisted.as_slice() {
        // A service's own key is only expected in requests of that service.
        [] if !action.negated || !line.folded().starts_with("aws:") => return None,
        [] => format!(
            "some services that this `NotAction` covers do not send `{key}`; their requests are not {done}"
        ),
        [one] => format!("`{one}` is not known to support `{key}`: this may not {verb} it"),
        several => format!(
            "{} are not known to support `{key}`: this may not {verb} them",
            enumerate(several)
        ),
    };
    let help = "put actions without the key into a statement without this condition";
    let span = line.condition.key.span;
    let mut finding = line.finding(&LINT, Severity::Note, span, message, help);
    finding.notes.push(format!(
        "according to the catalogue of {}, which can be incomplete",
        context.catalog.date()
    ));
    finding.actions = unlisted;
    Some(finding)
}

/// Whether no action that a string stands for is listed with a key.
fn never_has(context: &Context<'_>, text: &Text, key: &str) -> bool {
    match ActionPattern::parse(&text.value) {
        ActionPattern::Literal { service, name } => {
            let service = context.catalog.service(&service);
            let action = service.and_then(|s| s.action(&name));
            action.is_some_and(|a| !a.lists(key))
        }
        ActionPattern::Wildcard {
            service,
            name,
            prefix,
        } => {
            let Some(service) = context.catalog.service(&service) else {
                return false;
            };
            let mut matched = service
                .actions_with_prefix(&prefix)
                .filter(|a| wildcard_matches(&name, &prefix, &a.name.to_ascii_lowercase()))
                .peekable();
            matched.peek().is_some() && !matched.any(|a| a.lists(key))
        }
        _ => false,
    }
}
