//! Permissions boundaries that the template defines.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::{Reader, add, policy, shown};
use crate::inventory::cloudformation::evaluate::Template;
use crate::inventory::cloudformation::links::{Resource, each_alternative};
use crate::inventory::cloudformation::unresolved;
use crate::inventory::{Document, Node as Made, Value, no_boundary};
use crate::parser::tree::Tree;
use crate::parser::{Attachment, Span};

impl Reader<'_> {
    /// The permissions boundary of a principal.
    pub(super) fn boundary(
        &self,
        template: &mut Template<'_>,
        tree: &Rc<Tree>,
        all: &mut Document,
    ) {
        let value = template.evaluate(tree);
        let mut here: BTreeSet<&str> = BTreeSet::new();
        let (mut is_open, mut is_elsewhere, mut may_be_none) = (false, false, false);
        each_alternative(&value, &mut |one| {
            is_open |= self.book.names.may_be_policy(template, one);
            match self.book.names.policy(one) {
                Some(logical) => _ = here.insert(logical),
                None if one.node == Made::Absent => may_be_none = true,
                None => is_elsewhere = true,
            }
        });
        if !here.is_empty() && !is_open && !is_elsewhere {
            let policies: Vec<&Resource> = { here.iter() }
                .filter_map(|logical| self.managed_here(logical))
                .collect();
            let boundary = match value.node {
                Made::Choice(hole, _) if may_be_none || policies.len() > 1 => {
                    let none = may_be_none.then_some(value.span);
                    one_of(template, &policies, none, hole)
                }
                _ => certain(template, &policies),
            };
            all.boundary = Some(Box::new(boundary));
            return;
        }
        if !here.is_empty() || is_open {
            let message =
                "which permissions boundary applies depends on a condition that is not known";
            template.report(unresolved("PermissionsBoundary", message, tree.span));
        }
        if value.node != Made::Absent {
            let arn = shown(template, &value);
            all.name_at(format!("permissions-boundary:{arn}"), value.span);
        }
    }
}

/// A boundary that is one policy.
fn certain(template: &mut Template<'_>, policies: &[&Resource]) -> Document {
    let mut boundary = Document::default();
    for of in policies {
        policy(template, of, None, &mut boundary);
    }
    boundary
}

/// A boundary that is one of several policies, or none at all at the place `none`. The hole decides.
fn one_of(
    template: &mut Template<'_>,
    policies: &[&Resource],
    none: Option<Span>,
    hole: usize,
) -> Document {
    let Some(span) = none else {
        let mut boundary = Document::default();
        for of in policies {
            policy(template, of, Some(hole), &mut boundary);
        }
        return boundary;
    };
    let mut boundary = Document::default();
    let lone = matches!(policies, [_]);
    for of in policies {
        policy(template, of, Some(hole).filter(|_| !lone), &mut boundary);
    }
    // Whether it applies or not, the boundary lets pass what its only policy allows.
    for unread in boundary.unread.iter_mut().filter(|_| lone) {
        let value = &mut unread.value;
        if let Made::Map(members) = &mut value.node {
            for (_, list) in members.iter_mut().filter(|(k, _)| k.is_text("Statement")) {
                let elements = list.elements().iter();
                let elements = elements.map(|one| unless_allow(one, hole)).collect();
                list.node = Made::List(elements);
            }
        }
    }
    let document = no_boundary(span);
    let attachment = Attachment::Managed;
    add(
        template,
        &document,
        None,
        attachment,
        Some(hole),
        &mut boundary,
    );
    boundary
}

/// The statement, which does not apply for some values of the hole unless it is an Allow.
fn unless_allow(statement: &Value, hole: usize) -> Value {
    if { statement.get("Effect") }.is_some_and(|effect| effect.is_text("Allow")) {
        return statement.clone();
    }
    let span = statement.span;
    Value {
        node: Made::Choice(hole, vec![statement.clone(), Value::absent(span)]),
        span,
    }
}
