//! Changes that SAM makes to a template before CloudFormation reads it: properties of `Globals`, and the roles of functions.
//!
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html>

use std::rc::Rc;

use super::evaluate::{Template, call};
use super::links::Resource;
use super::types;
use crate::inventory::Document;
use crate::parser::tree::{Node, Tree};

/// The section with properties of several resources.
const GLOBALS: &str = "Globals";

/// The template with the properties of `Globals` in each resource that they apply to.
pub(super) fn with_globals(tree: Rc<Tree>) -> Rc<Tree> {
    let Some(globals) = tree.get(GLOBALS) else {
        return tree;
    };
    let entries = tree.entries().iter();
    let entries = entries.map(|(key, value)| match key.text() {
        Some("Resources") => {
            let resources = value.entries().iter();
            let resources =
                resources.map(|(name, resource)| (Rc::clone(name), in_resource(resource, globals)));
            (Rc::clone(key), map(value, resources.collect()))
        }
        _ => (Rc::clone(key), Rc::clone(value)),
    });
    map(&tree, entries.collect())
}

/// A resource with the properties of `Globals`.
fn in_resource(resource: &Rc<Tree>, globals: &Tree) -> Rc<Tree> {
    let kind = resource.get("Type").and_then(|kind| kind.text());
    let kind = kind.and_then(|kind| Some((types::find(kind)?, kind.rsplit("::").next()?)));
    let Some((of, section)) = kind.filter(|(of, _)| !of.globals.is_empty()) else {
        return Rc::clone(resource);
    };
    let Some(section) = globals.get(section) else {
        return Rc::clone(resource);
    };
    let applies = |name: &str| of.globals.iter().any(|g| g == name) && !ignores(resource, name);
    let all = section.entries().iter();
    let all: Vec<_> = { all }
        .filter(|(key, _)| key.text().is_some_and(applies))
        .collect();
    if all.is_empty() {
        return Rc::clone(resource);
    }
    let properties = resource.get("Properties");
    let mut merged: Vec<(Rc<Tree>, Rc<Tree>)> = properties
        .map(|own| own.entries().to_vec())
        .unwrap_or_default();
    for (key, global) in all {
        let own = merged.iter_mut().find(|(k, _)| k.text() == key.text());
        match own {
            Some((_, own)) => *own = merge(global, own),
            None => merged.push((Rc::clone(key), Rc::clone(global))),
        }
    }
    let mut entries = resource.entries().to_vec();
    match entries
        .iter_mut()
        .find(|(key, _)| key.text() == Some("Properties"))
    {
        // A function in the place of the properties is reported where they are read.
        Some((_, own)) if call(own).is_some() => return Rc::clone(resource),
        Some((_, own)) => *own = map(own, merged),
        None => {
            let name = Tree {
                node: Node::Text("Properties".to_owned(), None),
                span: section.span,
                tag: None,
            };
            entries.push((Rc::new(name), map(section, merged)));
        }
    }
    map(resource, entries)
}

/// Whether a resource says that a property of `Globals` is not for it.
fn ignores(resource: &Tree, property: &str) -> bool {
    let Some(ignored) = resource.get("IgnoreGlobals") else {
        return false;
    };
    let mut names = ignored.elements().iter().filter_map(|name| name.text());
    ignored.text() == Some("*") || names.any(|name| name == property)
}

/// The value of a property that both have: maps are merged, lists joined, and anything else is that of the resource.
fn merge(global: &Rc<Tree>, own: &Rc<Tree>) -> Rc<Tree> {
    if call(global).is_some() || call(own).is_some() {
        return Rc::clone(own);
    }
    match (&global.node, &own.node) {
        (Node::Map(globals), Node::Map(owns)) => {
            let mut merged = globals.clone();
            for (key, value) in owns {
                let same = merged.iter_mut().find(|(k, _)| k.text() == key.text());
                match same {
                    Some((_, global)) => *global = merge(global, value),
                    None => merged.push((Rc::clone(key), Rc::clone(value))),
                }
            }
            map(own, merged)
        }
        (Node::List(globals), Node::List(owns)) => Rc::new(Tree {
            node: Node::List(globals.iter().chain(owns).map(Rc::clone).collect()),
            span: own.span,
            tag: None,
        }),
        _ => Rc::clone(own),
    }
}

/// Other entries at the place of a map.
fn map(of: &Tree, entries: Vec<(Rc<Tree>, Rc<Tree>)>) -> Rc<Tree> {
    Rc::new(Tree {
        node: Node::Map(entries),
        span: of.span,
        tag: None,
    })
}

impl Template<'_> {
    /// The resource for which SAM makes a role.
    pub(super) fn made_for(&self, role: &str) -> Option<&str> {
        let made = self.made_roles.iter().find(|(name, _)| name == role);
        made.map(|(_, of)| of.as_str())
    }
}

/// The roles that SAM makes: the logical id of each, and that of the resource that it is for.
pub(super) fn roles(template: &Tree) -> Vec<(String, String)> {
    let Some(resources) = template.get("Resources") else {
        return Vec::new();
    };
    let made = resources.entries().iter().filter_map(|(name, resource)| {
        let kind = resource.get("Type").and_then(|kind| kind.text())?;
        let suffix = types::find(kind)?.role.as_deref()?;
        let properties = resource.get("Properties");
        let has_other = properties.is_some_and(|p| p.get("Role").is_some());
        let role = format!("{}{suffix}", name.text()?);
        let is_made = !has_other && resources.get(&role).is_none();
        is_made.then(|| Some((role, name.text()?.to_owned())))?
    });
    made.collect()
}

/// Whether SAM makes a role for a function, or for a state machine with policies.
pub(super) fn has_own_role(tree: &Tree) -> bool {
    let kind = tree.get("Type").and_then(|kind| kind.text());
    let is_with_policies = kind
        .and_then(types::find)
        .is_some_and(|of| !of.made.is_empty());
    let has = |name: &str| {
        tree.get("Properties")
            .is_some_and(|p| p.get(name).is_some())
    };
    !has("Role") && (is_with_policies || has("Policies"))
}

/// Adds the AWS managed policies of the role that SAM makes for a function.
pub(super) fn made_policies(template: &Template<'_>, of: &Resource, all: &mut Document) {
    let made = types::find(&of.kind).map_or(&[] as &[_], |kind| kind.made.as_slice());
    let property = |name: &str| of.tree.get("Properties")?.get(name);
    if property("Role").is_some() {
        return;
    }
    let partition = partition(template);
    let has = |name: &String| property(name).is_some_and(|value| !is_empty(value));
    for policy in made {
        let value = policy.with.as_deref().and_then(property);
        let is_off = value.is_some_and(|v| {
            v.text()
                .is_some_and(|t| policy.except.as_deref() == Some(t))
        });
        let is_here =
            policy.partitions.is_empty() || policy.partitions.iter().any(|p| p == partition);
        if is_here
            && !is_off
            && policy.with.as_ref().is_none_or(has)
            && !policy.without.as_ref().is_some_and(has)
        {
            let arn = format!("arn:{partition}:iam::aws:policy/{}", policy.policy);
            all.name_at(format!("attached-policy:{arn}"), of.span);
            all.attached.push(arn);
        }
    }
}

/// The partition of the account; where it is not known, that of most accounts.
fn partition<'t>(template: &'t Template<'_>) -> &'t str {
    template.given.partition.as_deref().unwrap_or("aws")
}

/// Whether a value is none for SAM.
fn is_empty(value: &Tree) -> bool {
    match &value.node {
        Node::Map(entries) => entries.is_empty(),
        Node::List(elements) => elements.is_empty(),
        _ => value.text() == Some(""),
    }
}

/// The ARN of the AWS managed policy that the `Policies` of a function name.
pub(super) fn managed_arn(template: &Template<'_>, name: &str) -> String {
    let path = types::path_of_managed(name);
    format!("arn:{}:iam::aws:policy/{path}{name}", partition(template))
}
