//! The tags of a cluster's resources that have its name, as condition keys of requests.

use std::sync::Arc;

use super::{CLUSTER, has, release_of};
use crate::matcher::condition::fold_key;
use crate::reference::bindings::Bindings;
use crate::reference::data::NAME_TAGS;
use crate::reference::{KnownContext, RefStatement, Reference};

/// With more names than this, nothing is said of the tag.
const MOST_NAMES: usize = 32;

/// States the tags with the name of the cluster that the resources of requests have.
pub fn state_tags(reference: &Reference, statements: &mut [RefStatement], bindings: &Bindings) {
    let (Some(release), Some(names)) = (release_of(reference), bindings.one(CLUSTER)) else {
        return;
    };
    let names: Vec<&str> = crate::reference::values(names).collect();
    if names.len() > MOST_NAMES {
        return;
    }
    let tags = NAME_TAGS.iter().filter(|tag| {
        tag.first <= release && release <= tag.last && has(tag.roles, reference.role.as_deref())
    });
    for tag in tags {
        let key = fold_key(tag.key);
        let case = |name: &&str| vec![(key.clone(), Some(tag.value.replace("${Cluster}", name)))];
        let actions = tag.actions.iter();
        let known = Arc::new(KnownContext {
            actions: actions.map(|a| a.to_ascii_lowercase()).collect(),
            cases: names.iter().map(case).collect(),
        });
        let is_its = |statement: &&mut RefStatement| {
            let actions = &statement.action;
            let known = |a: &String| tag.actions.iter().any(|t| t.eq_ignore_ascii_case(a));
            !actions.negated && actions.values.iter().any(known)
        };
        for statement in statements.iter_mut().filter(is_its) {
            statement.contexts.push(Arc::clone(&known));
        }
    }
}
