//! The principals of a template, and what is attached to which.

mod attachment;
mod boundary;
mod document;
mod tags;

use std::collections::BTreeSet;
use std::rc::Rc;

use rayon::prelude::*;

use super::connectors::Connectors;
use super::evaluate::{Template, call};
use super::links::{Book, Books, Resource, is_policy};
use super::sam::{has_own_role, made_policies};
use super::settings::{PropertyText, Setting, settings, text, texts, unset};
use super::template_condition::{Truth, condition_of};
use super::types::is_of_iam;
use super::{nested, outside, refused, unresolved};
use crate::inventory::{Document, Inventory, Kind, Node as Made, Principal, Trust};
use crate::parser::{Owner, Problem, Span, Spanned, shorten};
use document::{
    add, attach, condition_hole_of, doubtful, inline, name_property, policy, same_names, shown,
    too_many, trust_policy,
};

/// Lists what a template defines.
pub(super) fn inventory(mut template: Template<'_>, mut problems: Vec<Problem>) -> Inventory {
    let resources = resources(&template, &mut problems);
    let made: Vec<&Resource> = { resources.iter() }
        .filter(|r| condition_of(&mut template, &r.tree) == Truth::True)
        .collect();
    let refused = refused::references(&mut template, &made);
    let books = Books::of(&mut template, &resources);
    let elsewhere = books.elsewhere();
    let Some(first) = books.book(&template, &[]) else {
        return Inventory::default();
    };
    let connectors = Connectors::new(&resources);
    let mut inventory = Inventory::default();
    let mut judge = |resource: usize, kind: Kind, beside: Option<(&str, &[usize])>| {
        template.problems.clear();
        let reader = Reader {
            resources: &resources,
            books: &books,
            connectors: &connectors,
            book: first,
            resource,
            kind,
            beside,
        };
        let principal = reader.principal(&mut template);
        if principal.documents.is_empty() {
            inventory.unmade.push(principal.name);
        } else {
            inventory.principals.push(principal);
        }
    };
    for (at, resource) in resources.iter().enumerate() {
        let kind = match resource.kind.as_str() {
            "AWS::IAM::Role" => Kind::Role,
            "AWS::IAM::User" => Kind::User,
            "AWS::IAM::Group" => Kind::Group,
            "AWS::Serverless::Function"
                if has_own_role(&resource.tree) || books.has_policies(&resource.name) =>
            {
                Kind::Function
            }
            "AWS::Serverless::StateMachine"
                if has_own_role(&resource.tree) || books.has_policies(&resource.name) =>
            {
                Kind::Role
            }
            _ if is_policy(&resource.kind) => {
                let is_used = books.is_linked(at) || books.used.contains(&resource.name);
                let mut of = elsewhere.values().filter(|policies| policies.contains(&at));
                let is_beside = of.next().is_some_and(|p| p.len() > 1) && of.all(|p| p.len() > 1);
                if is_used || is_beside {
                    continue;
                }
                Kind::Policy
            }
            _ => continue,
        };
        judge(at, kind, None);
    }
    // Several policies of a principal that is not in the template are judged together.
    for ((kind, name), policies) in &elsewhere {
        let kind = match *kind {
            "AWS::IAM::Role" => Kind::Role,
            "AWS::IAM::User" => Kind::User,
            _ => Kind::Group,
        };
        if let ([first, _, ..], false) = (policies.as_slice(), name.is_empty()) {
            judge(*first, kind, Some((name, policies)));
        }
    }
    let read = |principal: &mut Principal| principal.documents.iter_mut().for_each(Document::read);
    // Threads take longer to start than the policies of one role to read.
    match inventory.principals.as_mut_slice() {
        [one] => read(one),
        several => several.par_iter_mut().for_each(read),
    }
    inventory.nested = nested::stacks(&mut template, &resources);
    let unchecked = outside::unchecked(&resources);
    let documents = { inventory.principals.iter_mut() }.flat_map(|p| &mut p.documents);
    for document in documents {
        for what in &unchecked {
            document.name(what.clone());
        }
    }
    // A repeated key is a fault of the principals that it can change.
    for problem in problems {
        let is_within = |p: &Principal| {
            let own = resources.iter().find(|r| r.name == p.name);
            own.is_some_and(|r| encloses(r, problem.span))
        };
        let of_other = resources.iter().any(|r| encloses(r, problem.span));
        let mut found = false;
        for principal in inventory.principals.iter_mut().filter(|p| is_within(p)) {
            found = true;
            for document in &mut principal.documents {
                document.report(problem.clone());
            }
        }
        let is_of_iam = |r: &&Resource| is_of_iam(&r.kind) && !is_principal(&r.kind);
        let is_of_policy = { resources.iter() }
            .filter(is_of_iam)
            .any(|r| encloses(r, problem.span));
        if !found && (!of_other || is_of_policy) {
            inventory.problems.push(problem);
        }
    }
    // Without the stack there is none of its roles.
    inventory.problems.extend(refused);
    let unknown = template.given.parameters.keys();
    let unknown: Vec<String> = { unknown }
        .filter(|name| !template.parameter_names().any(|n| n == name.as_str()))
        .cloned()
        .collect();
    inventory.unknown_parameters = unknown;
    inventory.parameters = template.parameter_names().map(str::to_owned).collect();
    inventory
}

fn is_principal(kind: &str) -> bool {
    ["AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"].contains(&kind)
}

fn encloses(resource: &Resource, span: Span) -> bool {
    let whole = resource.tree.span;
    whole.start <= span.start && span.end <= whole.end.max(whole.start)
}

fn resources(template: &Template<'_>, problems: &mut Vec<Problem>) -> Vec<Resource> {
    let Some(all) = template.tree.get("Resources") else {
        return Vec::new();
    };
    if call(all).is_some() && all.entries().len() == 1 {
        problems.push(unresolved(
            "Resources",
            "the resources could not be read",
            all.span,
        ));
    }
    let mut resources = Vec::new();
    for (key, tree) in all.entries() {
        let Some(name) = key.text() else { continue };
        if name.starts_with("Fn::") {
            let message = format!("`{}` could not be read", shorten(name));
            problems.push(unresolved(name, &message, key.span));
            continue;
        }
        let kind = tree.get("Type").and_then(|t| t.text());
        let Some(kind) = kind else {
            if let Some(call) = call(tree) {
                let message = format!("`{}` could not be read", shorten(&call.name));
                problems.push(unresolved(&call.name, &message, call.at));
            } else if !tree.entries().is_empty() {
                let message = format!("the resource `{}` has no type", shorten(name));
                problems.push(unresolved(name, &message, key.span));
            }
            continue;
        };
        let resource = Resource {
            name: name.to_owned(),
            span: key.span,
            kind: kind.to_owned(),
            tree: Rc::clone(tree),
        };
        outside::attributes(&resource, problems);
        resources.push(resource);
    }
    resources
}

/// Reads one principal.
struct Reader<'r> {
    resources: &'r [Resource],
    books: &'r Books,
    connectors: &'r Connectors,
    /// The book for the setting that is judged.
    book: &'r Book,
    resource: usize,
    kind: Kind,
    /// The name of a principal that is not in the template, and its policies.
    beside: Option<(&'r str, &'r [usize])>,
}

impl Reader<'_> {
    fn principal(&self, template: &mut Template<'_>) -> Principal {
        let resource = self.resources.get(self.resource);
        let (name, span) = resource.map_or((String::new(), Span::default()), |r| {
            (r.name.clone(), r.span)
        });
        template.chosen.clear();
        template.asked.clear();
        if let Some((other, policies)) = self.beside {
            let ids = policies.iter().filter_map(|at| self.resources.get(*at));
            return Principal {
                aliases: ids.map(|r| r.name.clone()).collect(),
                full_arn: { self.kind.arn(None, other) }.filter(|_| self.books.is_one()),
                kind: self.kind,
                source: template.id,
                span,
                trust: None,
                documents: self.documents(template),
                name: other.to_owned(),
            };
        }
        let names = texts(template, &name, name_property(self.kind));
        let mut aliases: Vec<String> = Vec::new();
        for name in &names {
            if let PropertyText::Is(alias) = name
                && !aliases.contains(alias)
            {
                aliases.push(alias.clone());
            }
        }
        let alias = aliases.first().cloned();
        let trust = self.trust(template, &name);
        let mut documents = self.documents(template);
        let only = aliases.len() == 1 && names.iter().all(|n| matches!(n, PropertyText::Is(_)));
        let full_arn = match alias.as_ref().filter(|_| only) {
            // The path of a principal without one is `/`.
            Some(alias) => match text(template, &name, "Path") {
                Some(PropertyText::Absent) => self.kind.arn(Some("/"), alias),
                Some(PropertyText::Is(path)) => self.kind.arn(Some(&path), alias),
                Some(PropertyText::Open) | None => self.kind.arn(None, alias),
            },
            None => None,
        };
        let tags = tags::tags(template, &name);
        let profiles = match self.kind {
            Kind::Role => self.profiles(template, &name),
            _ => Vec::new(),
        };
        let is_owner = alias.is_some() || !tags.known.is_empty() || !profiles.is_empty();
        if is_owner && self.kind == Kind::Role {
            for document in &mut documents {
                document.worst.owners.push(Owner {
                    name: alias.clone().map(|value| Spanned { value, span }),
                    full_arn: full_arn.clone(),
                    arn: None,
                    profiles: profiles.clone(),
                    tags: tags.clone(),
                });
            }
        }
        let full_arn = match self.kind {
            Kind::User => full_arn,
            Kind::Policy => self.only_elsewhere(),
            _ => None,
        };
        Principal {
            aliases,
            full_arn,
            kind: self.kind,
            source: template.id,
            span,
            trust,
            documents,
            name,
        }
    }

    /// The policies, once for each setting of the parameters that they depend on and that may have several values. None where
    /// the principal is never made.
    fn documents(&self, template: &mut Template<'_>) -> Vec<Document> {
        let decisive = match (self.resources.get(self.resource), self.beside) {
            (Some(resource), None) => self.books.decisive(resource),
            _ => BTreeSet::new(),
        };
        let mut asked = decisive.clone();
        template.left_open.clear();
        loop {
            let (settings, left_open) = settings(template, &asked);
            template.left_open = left_open;
            let (mut documents, mut empty) = (Vec::with_capacity(settings.len()), Vec::new());
            template.asked.clear();
            for setting in &settings {
                template.empty.clear();
                documents.push(self.in_setting(template, setting, &decisive));
                empty.push(std::mem::take(&mut template.empty));
            }
            let more: Vec<String> = { template.asked.iter() }
                .filter(|name| !asked.contains(*name))
                .cloned()
                .collect();
            if more.is_empty() {
                let unset = unset(template, &settings, &empty).into_iter();
                let again = settings.iter().zip(&mut documents).zip(unset);
                for ((setting, document), unset) in again.filter(|(_, unset)| !unset.is_empty()) {
                    template.unset = unset;
                    *document = self.in_setting(template, setting, &decisive);
                }
                template.unset.clear();
                template.chosen.clear();
                return documents.into_iter().flatten().collect();
            }
            asked.extend(more);
        }
    }

    /// The policies in one setting. None where the principal is not made in it.
    fn in_setting(
        &self,
        template: &mut Template<'_>,
        setting: &Setting,
        decisive: &BTreeSet<String>,
    ) -> Option<Document> {
        template.chosen = setting.iter().cloned().collect();
        template.problems.clear();
        template.taken.clear();
        let reader = Reader {
            book: self.books.book(template, setting).unwrap_or(self.book),
            ..*self
        };
        let mut document = reader.made(template)?;
        for name in template.left_open.intersection(decisive) {
            let span = self.resources.get(self.resource).map(|r| r.span);
            document.report(too_many(name, span.unwrap_or_default()));
        }
        let taken = std::mem::take(&mut template.taken).into_iter();
        document.parameters = taken.map(|(n, (v, at))| (n, v, at)).collect();
        document.values.clone_from(setting);
        for problem in std::mem::take(&mut template.problems) {
            document.report(problem);
        }
        Some(document)
    }

    /// The policies of a principal that is made in this setting.
    fn made(&self, template: &mut Template<'_>) -> Option<Document> {
        let resource = self.resources.get(self.resource)?;
        let Some((name, policies)) = self.beside else {
            let condition = resource.tree.get("Condition").and_then(|c| c.text());
            match (condition_of(template, &resource.tree), condition) {
                (Truth::False, _) => return None,
                (Truth::Open(_), Some(name)) => template.assume(name),
                _ => {}
            }
            let document = self.document(template);
            template.assumed.clear();
            return Some(document);
        };
        let mut all = Document::default();
        for at in policies {
            if let Some(of) = self.resources.get(*at) {
                policy(template, of, None, &mut all);
            }
        }
        all.name(format!("{}:{}", self.kind.name(), shorten(name)));
        Some(all)
    }

    fn document(&self, template: &mut Template<'_>) -> Document {
        let mut all = Document::default();
        let Some(resource) = self.resources.get(self.resource) else {
            return all;
        };
        let properties = resource.tree.get("Properties").map(Rc::clone);
        if let Some(call) = properties
            .as_ref()
            .and_then(|p| call(p).map(|c| (c.name, c.at)))
        {
            let (name, at) = call;
            let message = format!("`{}` could not be read", shorten(&name));
            template.report(unresolved(&name, &message, at));
        }
        if self.kind == Kind::Policy {
            policy(template, resource, None, &mut all);
            return all;
        }
        if let Some(policies) = template.property(&resource.name, "Policies") {
            if resource.kind.starts_with("AWS::Serverless::") {
                self.sam_policies(template, &policies, None, &mut all);
            } else {
                inline(template, &policies, None, &mut all);
            }
        }
        made_policies(template, resource, &mut all);
        if matches!(self.kind, Kind::Role | Kind::Function) {
            trust_policy(template, &resource.name, &mut all);
            for (name, span) in self.connectors.of(&resource.name) {
                all.name_at(format!("sam-connector:{}", shorten(name)), *span);
            }
        }
        let embedded = all.unread.len();
        self.linked(template, &resource.name, None, &mut all);
        for problem in same_names(&all.unread, embedded) {
            template.report(problem);
        }
        if let Some(properties) = &properties {
            if let Some(arns) = properties.get("ManagedPolicyArns").map(Rc::clone) {
                self.managed(template, &arns, None, &mut all);
            }
            if let Some(boundary) = properties.get("PermissionsBoundary").map(Rc::clone) {
                self.boundary(template, &boundary, &mut all);
            }
            if let Some(groups) = properties.get("Groups").filter(|_| self.kind == Kind::User) {
                self.groups(template, groups, None, &mut all);
            }
        }
        if self.kind == Kind::User {
            self.added(template, &resource.name, &mut all);
        }
        all
    }

    /// Who may assume a role.
    fn trust(&self, template: &mut Template<'_>, name: &str) -> Option<Trust> {
        if self.kind == Kind::Function {
            return Some(Trust {
                services: vec!["lambda".to_owned()],
                ..Trust::default()
            });
        }
        if self.kind != Kind::Role {
            return None;
        }
        let document = template.property(name, "AssumeRolePolicyDocument");
        let document = document.and_then(|value| template.document(value));
        template.problems.clear();
        let mut trust = Trust::default();
        let statements = document.as_ref().and_then(|d| d.get("Statement"))?;
        for statement in statements.elements() {
            let principal = statement.get("Principal");
            match principal.map(|p| &p.node) {
                Some(Made::Map(members)) => {
                    for (key, value) in members {
                        let kind = key.text();
                        for value in value.elements() {
                            // `ec2.${AWS::URLSuffix}` is the domain of the partition.
                            let service = shown(template, value);
                            let service = service.split('.').next().unwrap_or_default();
                            let known = Some(service).filter(|s| !s.contains('$'));
                            trust.add(kind.as_deref(), known);
                        }
                    }
                }
                _ => trust.is_open = true,
            }
        }
        Some(trust)
    }
}
