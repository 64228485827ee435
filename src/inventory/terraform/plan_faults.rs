//! Plans that do not say everything: what keeps a plan from being the whole module.

use std::collections::BTreeSet;

use super::plan::{elements, member, members, span, word};
use crate::inventory::json_text::{Json, Token};
use crate::parser::{Span, shorten};

/// The most faults that are reported.
const MOST: usize = 100;

/// The parts of a plan that could not be read, each with the reason. `planned` are the addresses of its planned values.
pub(super) fn faults(json: &Json, planned: &BTreeSet<&str>) -> Vec<(Span, String)> {
    let mut found = Vec::new();
    repeated(json, &mut found);
    let is = |name: &str, wanted: bool| {
        member(json, name).filter(|v| matches!(v.token, Token::Boolean(value) if value == wanted))
    };
    if let Some(value) = is("errored", true) {
        found.push((
            span(value),
            "the plan ended with an error, so resources are missing".to_owned(),
        ));
    }
    if let Some(value) = is("complete", false) {
        found.push((span(value), "the plan is not complete".to_owned()));
    }
    let deferred = member(json, "deferred_changes").filter(|v| !elements(v).is_empty());
    if let Some(value) = deferred {
        found.push((
            span(value),
            "the plan leaves changes to a later plan".to_owned(),
        ));
    }
    let changes = member(json, "resource_changes").map(elements);
    for change in changes.unwrap_or_default() {
        if found.len() >= MOST {
            break;
        }
        let text = |name: &str| member(change, name).and_then(word);
        let is_made = member(change, "change").and_then(|c| member(c, "after"));
        let is_made = is_made.is_some_and(|after| matches!(after.token, Token::Object(_)));
        let (Some(address), Some(kind)) = (text("address"), text("type")) else {
            continue;
        };
        if is_made
            && kind.contains("iam_")
            && text("mode") != Some("data")
            && !planned.contains(address)
        {
            let message = format!("the planned values do not have `{}`", shorten(address));
            found.push((span(change), message));
        }
    }
    found
}

/// Keys that an object has twice: Terraform writes none.
fn repeated(json: &Json, found: &mut Vec<(Span, String)>) {
    if found.len() >= MOST {
        return;
    }
    let mut names = BTreeSet::new();
    for (key, value) in members(json) {
        if let Some(name) = word(key).filter(|name| !names.insert(*name) && found.len() < MOST) {
            let message = format!(
                "the plan has the key `{}` twice in one object",
                shorten(name)
            );
            found.push((span(key), message));
        }
        repeated(value, found);
    }
    for of in elements(json) {
        repeated(of, found);
    }
}
