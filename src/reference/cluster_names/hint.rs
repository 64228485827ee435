//! The resources of policies that name a cluster.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::instance::instance;
use super::{CLUSTER, Grant, Written, has, release_of};
use crate::reference::Reference;
use crate::reference::data::NAME_VOTES;

/// A resource of a grant that may name a cluster: its service and its last field.
#[derive(Debug)]
pub struct Hint {
    text: String,
    written: Written,
}

/// The templates in which a cluster's name occurs, in whatever role and release, by service: the literal parts of each.
static LITERALS: LazyLock<FxHashMap<&str, Vec<Vec<&str>>>> = LazyLock::new(|| {
    let mut all: FxHashMap<&str, Vec<Vec<&str>>> = FxHashMap::default();
    for template in NAME_VOTES.iter().flat_map(|vote| vote.resources) {
        let Some((service, resource)) = template.split_once(':') else {
            continue;
        };
        all.entry(service).or_default().push(literals(resource));
    }
    for of_service in all.values_mut() {
        of_service.sort_unstable();
        of_service.dedup();
    }
    all
});

/// The texts before, between and behind the placeholders of a template.
fn literals(template: &'static str) -> Vec<&'static str> {
    let parts = template.split("${").enumerate();
    let literal = |(nth, part): (usize, &'static str)| match nth {
        0 => part,
        _ => part.split_once('}').map_or("", |(_, literal)| literal),
    };
    parts.map(literal).collect()
}

/// The resources of the grants that may name a cluster, for [`clusters`].
pub fn hints(grants: &[Grant]) -> Vec<Hint> {
    let mut found = Vec::new();
    for written in grants.iter().filter_map(|g| g.resources.as_ref()).flatten() {
        let mut fields = written.text.splitn(6, ':');
        let (service, resource) = (fields.nth(2), fields.nth(2));
        let (Some(service), Some(resource)) = (service, resource) else {
            continue;
        };
        // What is written in a template occurs in the text, in this order.
        let may_be = |literals: &Vec<&str>| {
            let mut literals = literals.iter();
            let start = literals.next();
            let mut left = start.and_then(|start| resource.strip_prefix(*start));
            for literal in literals {
                let rest = left.and_then(|l| l.find(literal).and_then(|at| l.get(at..)));
                left = rest.and_then(|rest| rest.get(literal.len()..));
            }
            left.is_some()
        };
        let of_service = LITERALS.get(service);
        if of_service.is_some_and(|all| all.iter().any(may_be)) {
            found.push(Hint {
                text: format!("{service}:{resource}"),
                written: written.clone(),
            });
        }
    }
    found
}

/// Each resource that names a cluster in what a reference asks for, with that name.
pub fn clusters(hints: &[Hint], reference: &Reference) -> Vec<Written> {
    let Some(release) = release_of(reference) else {
        return Vec::new();
    };
    let votes = NAME_VOTES.iter().filter(|vote| {
        vote.first <= release && release <= vote.last && has(vote.roles, reference.role.as_deref())
    });
    let templates: Vec<&str> = votes.flat_map(|v| v.resources.iter().copied()).collect();
    let named = hints.iter().filter_map(|hint| {
        let name = templates.iter().find_map(|template| {
            let values = instance(template, &hint.text)?;
            let (_, name) = values.into_iter().find(|(name, _)| *name == CLUSTER)?;
            Some(name)
        })?;
        Some(Written {
            text: name,
            ..hint.written.clone()
        })
    });
    named.collect()
}
