//! Connectors of SAM, which give the role of a resource policies that SAM writes.
//!
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/managing-permissions-connectors.html>

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::evaluate::call;
use super::links::Resource;
use crate::parser::Span;
use crate::parser::tree::Tree;

/// The properties that name the role of a resource.
const ROLES: [&str; 3] = ["Role", "RoleArn", "RoleName"];

/// A connector: its name and place.
type Connector = (String, Span);

/// The connectors of a template.
pub(super) struct Connectors {
    /// By the resources that they connect.
    of: BTreeMap<String, Vec<Connector>>,
    /// The resources that have a role, by the role.
    users: BTreeMap<String, Vec<String>>,
}

impl Connectors {
    pub(super) fn new(resources: &[Resource]) -> Self {
        let mut all = Connectors {
            of: BTreeMap::new(),
            users: BTreeMap::new(),
        };
        for resource in resources {
            let properties = resource.tree.get("Properties");
            if resource.kind == "AWS::Serverless::Connector"
                && let Some(properties) = properties
            {
                all.add(names(properties), &(resource.name.clone(), resource.span));
            }
            let embedded = resource.tree.get("Connectors");
            for (key, connector) in embedded.iter().flat_map(|c| c.entries()) {
                let name = format!("{}{}", resource.name, key.text().unwrap_or_default());
                let mut ends = names(connector);
                ends.insert(resource.name.clone());
                all.add(ends, &(name, key.span));
            }
        }
        if all.of.is_empty() {
            return all;
        }
        for resource in resources {
            let properties = resource.tree.get("Properties");
            let roles = { ROLES.iter() }.filter_map(|name| properties?.get(name));
            for role in roles.flat_map(names) {
                all.users
                    .entry(role)
                    .or_default()
                    .push(resource.name.clone());
            }
        }
        all
    }

    fn add(&mut self, ends: BTreeSet<String>, connector: &Connector) {
        for end in ends {
            self.of.entry(end).or_default().push(connector.clone());
        }
    }

    /// The connectors that may give a policy to a role, or to the role that SAM makes for a resource.
    pub(super) fn of(&self, role: &str) -> BTreeSet<&Connector> {
        let users = self.users.get(role).into_iter().flatten();
        let ends = users.map(String::as_str).chain([role]);
        ends.filter_map(|end| self.of.get(end)).flatten().collect()
    }
}

/// The logical ids that a tree names: by `Ref` and `Fn::GetAtt`, and as the `Id` of an end of a connector.
fn names(tree: &Rc<Tree>) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    tree.visit(&mut |key, part| {
        if key == Some("Id") {
            all.extend(part.text().map(str::to_owned));
        }
        if let Some(call) = call(part) {
            let argument = call.argument;
            let first = argument.elements().first();
            let text = argument.text().or(first.and_then(|t| t.text()));
            let is_name = ["Ref", "Fn::GetAtt"].contains(&call.name.as_str());
            if let Some(text) = text.filter(|_| is_name) {
                let name = text.split('.').next().unwrap_or_default();
                all.insert(name.to_owned());
            }
        }
        true
    });
    all
}
