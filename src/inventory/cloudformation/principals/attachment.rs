//! Policies that a template attaches to a principal.

use std::rc::Rc;

use super::{
    Reader, add, attach, condition_hole_of, condition_of, doubtful, inline, policy, shown,
};
use crate::inventory::cloudformation::evaluate::{Template, call};
use crate::inventory::cloudformation::links::{Resource, Whose, targets};
use crate::inventory::cloudformation::names::Target;
use crate::inventory::cloudformation::sam::managed_arn;
use crate::inventory::cloudformation::sam_policy;
use crate::inventory::cloudformation::template_condition::Truth;
use crate::inventory::cloudformation::unresolved;
use crate::inventory::leaves::leaves;
use crate::inventory::{Document, Kind, Node as Made, Value};
use crate::parser::tree::{Node, Tree};
use crate::parser::{Attachment, HoleKind, Spanned, shorten};

impl Reader<'_> {
    /// The names of the instance profiles that contain a role, as far as the template gives them.
    pub(super) fn profiles(&self, template: &mut Template<'_>, role: &str) -> Vec<Spanned<String>> {
        let is_profile = |r: &&Resource| r.kind == "AWS::IAM::InstanceProfile";
        let mut profiles = Vec::new();
        for resource in self.resources.iter().filter(is_profile) {
            let properties = resource.tree.get("Properties").map(Rc::clone);
            let Some(roles) = properties.as_ref().and_then(|p| p.get("Roles")) else {
                continue;
            };
            let mut found = Vec::new();
            let names = (&self.book.names, "AWS::IAM::Role");
            targets(template, roles, None, names, &mut found);
            let is_role = |target: &Target| matches!(target, Target::Here(name) if name == role);
            let is_of_role = found.iter().any(|(target, _)| is_role(target));
            let name = template.property(&resource.name, "InstanceProfileName");
            if let Some(value) = name.and_then(|v| v.text()).filter(|_| is_of_role) {
                let span = resource.span;
                profiles.push(Spanned { value, span });
            }
        }
        template.problems.clear();
        profiles
    }

    /// The ARN of the one role or user that an inline policy is for, if the template does not define it.
    pub(super) fn only_elsewhere(&self) -> Option<String> {
        let own = self.resources.get(self.resource)?;
        let (kind, name) = self.books.only_elsewhere(self.resource)?;
        match kind {
            _ if own.kind == "AWS::IAM::ManagedPolicy" => None,
            "AWS::IAM::User" => Kind::User.arn(None, name),
            _ => Kind::Role.arn(None, name),
        }
    }

    /// The policies that are resources of their own and name the principal.
    pub(super) fn linked(
        &self,
        template: &mut Template<'_>,
        principal: &str,
        optional: Option<usize>,
        all: &mut Document,
    ) {
        for link in self.book.links.iter().filter(|l| l.is_of(principal)) {
            let Some(of) = self.resources.get(link.policy) else {
                continue;
            };
            match link.doubt {
                Some(_) if condition_of(template, &of.tree) == Truth::False => {}
                Some(span) => {
                    template.report(doubtful(&of.name, "be attached to", principal, span));
                }
                None => policy(template, of, link.optional.or(optional), all),
            }
        }
    }

    /// The groups that a list of a user names, or the name of a group.
    pub(super) fn groups(
        &self,
        template: &mut Template<'_>,
        list: &Rc<Tree>,
        optional: Option<usize>,
        all: &mut Document,
    ) {
        let mut found = Vec::new();
        let names = (&self.book.names, "AWS::IAM::Group");
        targets(template, list, optional, names, &mut found);
        for (target, optional) in found {
            match target {
                Target::Here(group) => self.group(template, &group, optional, all),
                Target::Maybe(groups) => {
                    for group in groups {
                        let user = self.resources.get(self.resource).map(|r| r.name.as_str());
                        let user = user.unwrap_or_default();
                        template.report(doubtful(user, "be in", &group, list.span));
                    }
                }
                Target::Elsewhere(group) => {
                    all.name_at(format!("group:{}", shorten(&group)), list.span);
                    self.of_other(template, &group, optional, all);
                }
            }
        }
    }

    /// The policies of the template that a group elsewhere has.
    pub(super) fn of_other(
        &self,
        template: &mut Template<'_>,
        group: &str,
        optional: Option<usize>,
        all: &mut Document,
    ) {
        for link in &self.book.links {
            let is_it = matches!(&link.principal, Whose::Elsewhere(name) if name == group);
            if let Some(of) = self.resources.get(link.policy)
                && is_it
                && link.kind == "AWS::IAM::Group"
            {
                all.worst.has_group_policies = true;
                policy(template, of, link.optional.or(optional), all);
            }
        }
    }

    /// The groups to which resources of their own add a user.
    pub(super) fn added(&self, template: &mut Template<'_>, user: &str, all: &mut Document) {
        for link in self.book.additions.iter().filter(|l| l.is_of(user)) {
            let Some(addition) = self.resources.get(link.policy) else {
                continue;
            };
            let Some(optional) = condition_hole_of(template, addition, link.optional) else {
                continue;
            };
            let properties = addition.tree.get("Properties");
            let Some(group) = properties.and_then(|p| p.get("GroupName")).map(Rc::clone) else {
                continue;
            };
            match link.doubt {
                Some(span) => {
                    template.report(doubtful(&addition.name, "add a group to", user, span));
                }
                None => self.groups(template, &group, optional, all),
            }
        }
    }

    /// The policies that a user has from a group.
    fn group(
        &self,
        template: &mut Template<'_>,
        group: &str,
        optional: Option<usize>,
        all: &mut Document,
    ) {
        let Some(of) = self.resources.iter().find(|r| r.name == group) else {
            return;
        };
        let Some(optional) = condition_hole_of(template, of, optional) else {
            return;
        };
        all.worst.has_group_policies = true;
        if let Some(policies) = template.property(group, "Policies") {
            inline(template, &policies, optional, all);
        }
        self.linked(template, group, optional, all);
        let properties = of.tree.get("Properties");
        if let Some(arns) = properties
            .and_then(|p| p.get("ManagedPolicyArns"))
            .map(Rc::clone)
        {
            self.managed(template, &arns, optional, all);
        }
    }

    /// The managed policies that a principal names.
    pub(super) fn managed(
        &self,
        template: &mut Template<'_>,
        tree: &Rc<Tree>,
        optional: Option<usize>,
        all: &mut Document,
    ) {
        if let Some(call) = call(tree) {
            if call.name == "Ref"
                && let Some(name) = call.argument.text()
                && let Some(of) = self.managed_here(name)
            {
                policy(template, of, optional, all);
                return;
            }
            if call.name == "Fn::If"
                && let Node::List(parts) = &call.argument.node
                && let [name, yes, no] = parts.as_slice()
                && let Some(text) = name.text()
            {
                match template.condition(text, name.span) {
                    Truth::True => self.managed(template, yes, optional, all),
                    Truth::False => self.managed(template, no, optional, all),
                    Truth::Open(option) => {
                        let hole = Some(template.condition_hole(text, name.span, option));
                        self.managed(template, yes, hole, all);
                        self.managed(template, no, hole, all);
                    }
                }
                return;
            }
        } else if let Node::List(elements) = &tree.node {
            for element in elements {
                self.managed(template, element, optional, all);
            }
            return;
        }
        let value = template.evaluate(tree);
        for (value, optional) in leaves(&value, optional) {
            self.managed_policy(template, value, shown(template, value), optional, all);
        }
    }

    /// The managed policy whose ARN a value is.
    fn managed_policy(
        &self,
        template: &mut Template<'_>,
        value: &Value,
        arn: String,
        optional: Option<usize>,
        all: &mut Document,
    ) {
        let here = self.book.names.policy(value);
        if let Some(of) = here.and_then(|logical| self.managed_here(logical)) {
            policy(template, of, optional, all);
            return;
        }
        if self.book.names.may_be_policy(template, value) {
            let message = "which managed policy this is depends on a condition that is not known";
            template.report(unresolved("ManagedPolicyArns", message, value.span));
        }
        // Of parameters, several may have one value.
        let mut is_sure = optional.is_none() && value.node != Made::Absent;
        value.each_hole(&mut |hole| {
            let kind = template.holes.get(hole).map(|hole| hole.kind);
            is_sure &= kind == Some(HoleKind::Reference);
        });
        attach(arn, value.span, is_sure, all);
    }

    /// The `Policies` of a function of SAM: documents, names and ARNs of managed policies, and policy templates of SAM.
    pub(super) fn sam_policies(
        &self,
        template: &mut Template<'_>,
        policies: &Value,
        optional: Option<usize>,
        all: &mut Document,
    ) {
        for (policy, optional) in leaves(policies, optional) {
            match &policy.node {
                Made::Map(members) if policy.get("Statement").is_none() => {
                    for (key, parameters) in members {
                        let name = key.text().unwrap_or_default();
                        let refused = sam_policy::refused(key, parameters);
                        if let Some(problem) = refused.filter(|_| optional.is_none()) {
                            template.report(problem);
                        }
                        all.name_at(format!("sam-policy:{}", shorten(&name)), key.span);
                    }
                }
                Made::Map(_) | Made::Hole(_) => {
                    add(template, policy, None, Attachment::Inline, optional, all);
                }
                _ => {
                    let text = shown(template, policy);
                    let arn = if text.starts_with("arn:") {
                        text
                    } else {
                        managed_arn(template, &text)
                    };
                    self.managed_policy(template, policy, arn, optional, all);
                }
            }
        }
    }

    pub(super) fn managed_here(&self, logical: &str) -> Option<&Resource> {
        let is_it = |r: &&Resource| r.name == logical && r.kind == "AWS::IAM::ManagedPolicy";
        self.resources.iter().find(is_it)
    }
}
