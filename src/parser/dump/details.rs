//! Elements of the lists of a dump in a list of their own, or one after the other: `jq .RoleDetailList account.json`.
//!
//! Each of them is judged by itself, as in the dump. One element alone is read as the policies of one role.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{Elements, MOST_PARTS, Pages, Part, PartKind};
use crate::parser::policy::Problem;
use crate::parser::source::Span;

/// The lists by which an element is known, and the name and the lists that it has with it.
const KINDS: [(PartKind, &str, &str, &[&str]); 4] = [
    (PartKind::Role, "RolePolicyList", "RoleName", &[ATTACHED]),
    (
        PartKind::User,
        "UserPolicyList",
        "UserName",
        &[ATTACHED, "GroupList"],
    ),
    (PartKind::Group, "GroupPolicyList", "GroupName", &[ATTACHED]),
    (PartKind::Policy, "PolicyVersionList", "PolicyName", &[]),
];

const ATTACHED: &str = "AttachedManagedPolicies";

/// The elements of a text. `None` where it has fewer than two, or others.
pub(super) fn pages(body: &str, start: usize) -> Option<Result<Pages, Box<Problem>>> {
    if !KINDS.iter().any(|(_, list, ..)| body.contains(list)) {
        return None;
    }
    let elements = if body.trim_start().starts_with('[') {
        let all: Elements<'_> = serde_json::from_str(body).ok()?;
        all.0
    } else {
        let stream = serde_json::Deserializer::from_str(body).into_iter::<&RawValue>();
        let all: Result<Vec<&RawValue>, _> = stream.take(MOST_PARTS + 1).collect();
        all.ok()?
    };
    let kinds: Vec<Option<PartKind>> = elements.iter().map(|raw| kind(raw)).collect();
    let has = |is: fn(PartKind) -> bool| kinds.iter().flatten().any(|kind| is(*kind));
    let has_other = kinds.contains(&None);
    // Policies beside other ones are those of one role.
    let is_mixed = has_other && !has(|kind| kind != PartKind::Policy);
    if elements.len() < 2 || is_mixed {
        return None;
    }
    let mut pages = Pages::default();
    for (raw, kind) in elements.iter().zip(kinds) {
        let from = start + (raw.get().as_ptr() as usize - body.as_ptr() as usize);
        let refused = |message: &str, help: &str| {
            let problem = Problem::invalid_json("document", message, Span::new(from, from + 1));
            Some(Err(Box::new(problem.with_help(help))))
        };
        if pages.parts.len() >= MOST_PARTS {
            let message = "more users, groups, roles and policies than an account can have";
            return refused(message, "give a part of them");
        }
        let Some(kind) = kind else {
            let message =
                "this is beside the details of users, groups and roles, and is none of them";
            return refused(message, "put it into a file of its own");
        };
        pages.parts.push(Part {
            kind,
            span: Span::new(from, from + raw.get().len()),
            is_yaml: false,
        });
    }
    Some(Ok(pages))
}

/// What an element describes, by its keys.
#[allow(
    clippy::zero_sized_map_values,
    reason = "serde reads a map as a map, and only its keys are needed"
)]
fn kind(raw: &RawValue) -> Option<PartKind> {
    let members: BTreeMap<String, IgnoredAny> = serde_json::from_str(raw.get()).ok()?;
    let has = |key: &str| members.contains_key(key);
    let is_it = |(_, list, name, others): &&(PartKind, &str, &str, &[&str])| {
        has(list) || has(name) && others.iter().any(|other| has(other))
    };
    KINDS.iter().find(is_it).map(|(kind, ..)| *kind)
}
