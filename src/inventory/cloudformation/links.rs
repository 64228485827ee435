//! The names in a template's lists, and what is attached to which principal, for each value of the parameters that decide it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::evaluate::{Template, call};
use super::names::{Names, Target};
use super::settings::{Setting, settings};
use crate::inventory::{Node as Made, Value};
use crate::parser::Span;
use crate::parser::tree::{Node, Tree};

/// A resource of the template.
pub(super) struct Resource {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) kind: String,
    pub(super) tree: Rc<Tree>,
}

/// The principal that a list names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whose {
    /// The logical id of a resource.
    Here(String),
    /// A name that no resource of the template has.
    Elsewhere(String),
}

/// A policy of the template, and one principal that it is attached to.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Link {
    /// Index of the policy among the resources.
    pub(super) policy: usize,
    pub(super) principal: Whose,
    /// The type of the principal.
    pub(super) kind: &'static str,
    /// The hole that decides whether it is attached.
    pub(super) optional: Option<usize>,
    /// The place of the list where it may name the principal or another one.
    pub(super) doubt: Option<Span>,
}

impl Link {
    /// Whether it is, or may be, of a resource of the template.
    pub(super) fn is_of(&self, logical: &str) -> bool {
        matches!(&self.principal, Whose::Here(name) if name == logical)
    }
}

/// What the resources of a template say of each other.
pub(super) struct Book {
    pub(super) names: Names,
    /// The policies of principals.
    pub(super) links: Vec<Link>,
    /// The groups of users, by resources of their own: `policy` is the index of the resource.
    pub(super) additions: Vec<Link>,
}

/// The same for each setting of the parameters that may have several values and that names or lists depend on.
pub(super) struct Books {
    all: Vec<(Setting, Book)>,
    asked: BTreeSet<String>,
    /// The managed policies that principals name in any setting, as policies or as boundaries.
    pub(super) used: BTreeSet<String>,
}

impl Books {
    pub(super) fn of(template: &mut Template<'_>, resources: &[Resource]) -> Self {
        let mut asked = BTreeSet::new();
        loop {
            let (settings, left_open) = settings(template, &asked);
            template.left_open = left_open;
            template.asked.clear();
            let mut all = Vec::with_capacity(settings.len());
            let mut used = BTreeSet::new();
            for setting in settings {
                template.chosen = setting.iter().cloned().collect();
                let named = resources.iter();
                let named = named.map(|r| (r.name.as_str(), r.kind.as_str()));
                let names = Names::of(template, named);
                let book = Book {
                    links: links(template, resources, &names),
                    additions: additions(template, resources, &names),
                    names,
                };
                all.push((setting, book));
            }
            let more: BTreeSet<String> = template.asked.difference(&asked).cloned().collect();
            for (setting, book) in &all {
                template.chosen = setting.iter().cloned().collect();
                used.extend(used_policies(template, resources, &book.names));
            }
            template.chosen.clear();
            template.asked.clear();
            template.taken.clear();
            if more.is_empty() {
                template.left_open.clear();
                return Books { all, asked, used };
            }
            asked.extend(more);
        }
    }

    /// Whether a policy is attached to a principal of the template.
    pub(super) fn is_linked(&self, policy: usize) -> bool {
        let mut links = self.all.iter().flat_map(|(_, book)| &book.links);
        links.any(|l| {
            l.policy == policy && l.doubt.is_none() && matches!(l.principal, Whose::Here(_))
        })
    }

    /// Whether names and lists are the same for all values of the parameters.
    pub(super) fn is_one(&self) -> bool {
        self.all.len() == 1
    }

    /// The type and name of the one role or user that a policy is attached to, if the template does not define it.
    pub(super) fn only_elsewhere(&self, policy: usize) -> Option<(&'static str, &str)> {
        let [(_, book)] = self.all.as_slice() else {
            return None;
        };
        let mut links = book.links.iter().filter(|link| link.policy == policy);
        let (link, None) = (links.next()?, links.next()) else {
            return None;
        };
        let is_principal = link.kind != "AWS::IAM::Group" && link.optional.is_none();
        match &link.principal {
            Whose::Elsewhere(name) if is_principal => Some((link.kind, name)),
            _ => None,
        }
    }

    /// Whether a policy of its own is attached to a resource, or may be.
    pub(super) fn has_policies(&self, logical: &str) -> bool {
        let mut links = self.all.iter().flat_map(|(_, book)| &book.links);
        links.any(|link| link.is_of(logical))
    }

    /// The book for a setting. What it does not set has its first value.
    pub(super) fn book(
        &self,
        template: &Template<'_>,
        setting: &[(String, String)],
    ) -> Option<&Book> {
        let fits = |own: &Setting| {
            own.iter().all(|(name, value)| {
                let given = setting.iter().find(|(n, _)| n == name).map(|(_, v)| v);
                given.or(template.values_of(name).first()) == Some(value)
            })
        };
        let found = self.all.iter().find(|(own, _)| fits(own));
        found.or(self.all.first()).map(|(_, book)| book)
    }

    /// The parameters that decide what a principal has.
    pub(super) fn decisive(&self, resource: &Resource) -> BTreeSet<String> {
        if self.all.len() < 2 {
            return BTreeSet::new();
        }
        let is_user = resource.kind == "AWS::IAM::User";
        let properties = resource.tree.get("Properties");
        let lists = [
            "ManagedPolicyArns",
            "PermissionsBoundary",
            "Groups",
            "Policies",
        ];
        let reads_names = is_user
            || lists
                .iter()
                .any(|l| properties.is_some_and(|p| p.get(l).is_some()));
        let seen = |book: &Book| {
            let own =
                |l: &&Link| l.is_of(&resource.name) || (is_user && l.kind == "AWS::IAM::Group");
            let links: Vec<Link> = book.links.iter().filter(own).cloned().collect();
            let additions: Vec<Link> = book.additions.iter().filter(own).cloned().collect();
            let names = reads_names.then(|| book.names.of_policies_and_groups());
            (links, additions, names)
        };
        let seen: Vec<_> = { self.all.iter() }
            .map(|(setting, book)| (setting, seen(book)))
            .collect();
        let decides = |parameter: &&String| {
            let mut groups = BTreeMap::new();
            seen.iter().any(|(setting, what)| {
                let others: Vec<&(String, String)> = setting
                    .iter()
                    .filter(|(name, _)| name != *parameter)
                    .collect();
                *groups.entry(others).or_insert(what) != what
            })
        };
        self.asked.iter().filter(decides).cloned().collect()
    }

    /// The principals elsewhere to which several policies of the template are attached, with those policies.
    pub(super) fn elsewhere(&self) -> BTreeMap<(&'static str, String), Vec<usize>> {
        let mut all: BTreeMap<(&'static str, String), Vec<usize>> = BTreeMap::new();
        let links = self.all.first().map(|(_, book)| book.links.as_slice());
        for link in links.unwrap_or_default() {
            if let Whose::Elsewhere(name) = &link.principal {
                let policies = all.entry((link.kind, name.clone())).or_default();
                if !policies.contains(&link.policy) {
                    policies.push(link.policy);
                }
            }
        }
        all
    }
}

/// The policies attached to each principal.
fn links(template: &mut Template<'_>, resources: &[Resource], names: &Names) -> Vec<Link> {
    let mut links = Vec::new();
    for (policy, resource) in resources.iter().enumerate() {
        if !is_policy(&resource.kind) {
            continue;
        }
        let lists = [
            ("Roles", "AWS::IAM::Role"),
            ("Users", "AWS::IAM::User"),
            ("Groups", "AWS::IAM::Group"),
            ("RoleName", "AWS::IAM::Role"),
            ("UserName", "AWS::IAM::User"),
            ("GroupName", "AWS::IAM::Group"),
        ];
        for (list, kind) in lists {
            linked_by(
                template,
                (policy, resource),
                (list, kind),
                names,
                &mut links,
            );
        }
    }
    links
}

/// The users that resources of their own add to groups.
fn additions(template: &mut Template<'_>, resources: &[Resource], names: &Names) -> Vec<Link> {
    let mut links = Vec::new();
    for (at, resource) in resources.iter().enumerate() {
        if resource.kind == "AWS::IAM::UserToGroupAddition" {
            let list = ("Users", "AWS::IAM::User");
            linked_by(template, (at, resource), list, names, &mut links);
        }
    }
    links
}

/// Adds the principals that a property of a resource names.
fn linked_by(
    template: &mut Template<'_>,
    (policy, resource): (usize, &Resource),
    (list, kind): (&str, &'static str),
    names: &Names,
    links: &mut Vec<Link>,
) {
    let Some(properties) = resource.tree.get("Properties") else {
        return;
    };
    let Some(list) = properties.get(list) else {
        return;
    };
    let mut found = Vec::new();
    targets(template, list, None, (names, kind), &mut found);
    for (target, optional) in found {
        let (principals, doubt) = match target {
            Target::Here(principal) => (vec![Whose::Here(principal)], None),
            Target::Maybe(all) => (all.into_iter().map(Whose::Here).collect(), Some(list.span)),
            Target::Elsewhere(name) => (vec![Whose::Elsewhere(name)], None),
        };
        let each = principals.into_iter().map(|principal| Link {
            policy,
            principal,
            kind,
            optional,
            doubt,
        });
        links.extend(each);
    }
    template.problems.clear();
}

/// The principals that a list names, or a single name.
pub(super) fn targets(
    template: &mut Template<'_>,
    tree: &Rc<Tree>,
    optional: Option<usize>,
    (names, kind): (&Names, &str),
    out: &mut Vec<(Target, Option<usize>)>,
) {
    if let Some(call) = call(tree) {
        if call.name == "Ref"
            && let Some(name) = call.argument.text()
            && template.kind_of(name).is_some()
        {
            let name = template.made_for(name).unwrap_or(name);
            out.push((Target::Here(name.to_owned()), optional));
            return;
        }
    } else if let Node::List(elements) = &tree.node {
        for element in elements {
            targets(template, element, optional, (names, kind), out);
        }
        return;
    }
    let value = template.evaluate(tree);
    named(template, &value, optional, (names, kind), out);
}

/// The principals that a value names.
fn named(
    template: &Template<'_>,
    value: &Value,
    optional: Option<usize>,
    (names, kind): (&Names, &str),
    out: &mut Vec<(Target, Option<usize>)>,
) {
    match &value.node {
        Made::List(elements) => {
            for element in elements {
                named(template, element, optional, (names, kind), out);
            }
        }
        Made::Choice(hole, of) => {
            for value in of {
                named(template, value, Some(*hole), (names, kind), out);
            }
        }
        _ => {
            let found = names.principals(template, value, kind);
            out.extend(found.into_iter().map(|target| (target, optional)));
        }
    }
}

/// The managed policies that principals name, as policies or as boundaries.
fn used_policies(
    template: &mut Template<'_>,
    resources: &[Resource],
    names: &Names,
) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for resource in resources {
        let is_of_sam = resource.kind.starts_with("AWS::Serverless::");
        let is_reader = resource.kind.starts_with("AWS::IAM::") || is_of_sam;
        let Some(properties) = resource.tree.get("Properties") else {
            continue;
        };
        let lists = ["ManagedPolicyArns", "PermissionsBoundary", "Policies"];
        for (list, tree) in lists.iter().filter_map(|n| Some((n, properties.get(n)?))) {
            // The documents of inline policies refer to other things.
            references(tree, &mut |name| {
                if template.kind_of(name) == Some("AWS::IAM::ManagedPolicy") {
                    used.insert(name.to_owned());
                }
            });
            if is_reader && (*list != "Policies" || is_of_sam) {
                let value = template.evaluate(tree);
                each_alternative(&value, &mut |one| {
                    used.extend(names.policy(one).map(str::to_owned));
                });
            }
        }
    }
    template.problems.clear();
    used
}

/// Calls `see` with each value that a list may have, or that a choice may be.
pub(super) fn each_alternative(value: &Value, see: &mut impl FnMut(&Value)) {
    match &value.node {
        Made::List(of) | Made::Choice(_, of) => of.iter().for_each(|v| each_alternative(v, see)),
        _ => see(value),
    }
}

/// Calls `see` with each name that `Ref` refers to, outside of policies.
pub(super) fn references(tree: &Rc<Tree>, see: &mut impl FnMut(&str)) {
    tree.visit(&mut |key, part| {
        if key.is_some_and(|k| ["PolicyDocument", "Statement"].contains(&k)) {
            return false;
        }
        let name = call(part).filter(|call| call.name == "Ref");
        let name = name.and_then(|call| call.argument.text());
        if let Some(name) = name {
            see(name);
        }
        name.is_none()
    });
}

/// Whether a type is a policy of its own.
pub(super) fn is_policy(kind: &str) -> bool {
    [
        "AWS::IAM::Policy",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::RolePolicy",
        "AWS::IAM::UserPolicy",
        "AWS::IAM::GroupPolicy",
    ]
    .contains(&kind)
}
