//! The permissions boundaries of principals.

use std::rc::Rc;

use super::gathered::Gathered;
use super::shape::Shape;
use super::{Reader, policy};
use crate::inventory::leaves::leaves;
use crate::inventory::terraform::evaluate::{Machine, perhaps};
use crate::inventory::terraform::value::{Instance, Node, Value};
use crate::inventory::{Attached, Document, document, no_boundary};
use crate::parser::{Attachment, Problem, SourceId};

/// A policy of the module.
type Policy = (Rc<Instance>, &'static Shape);

impl Reader {
    pub(super) fn boundary(
        &mut self,
        machine: &mut Machine<'_>,
        arn: &Value,
        source: SourceId,
        all: &mut Gathered,
    ) {
        if matches!(arn.node, Node::Null | Node::Absent) {
            return;
        }
        let is_known = !matches!(arn.node, Node::Choice(..));
        if let Some(one) = self.here(machine, arn).filter(|_| is_known) {
            self.used.push(one.0.address.clone());
            apply(boundary_of(machine, &[one], None), all);
            return;
        }
        if let Some((policies, hole, may_be_none)) = self.one_of(machine, arn) {
            let names = policies
                .iter()
                .map(|(instance, _)| instance.address.clone());
            self.used.extend(names);
            let mut found = boundary_of(
                machine,
                &policies,
                Some(hole).filter(|_| policies.len() > 1),
            );
            if let Some((file, boundary)) = found.as_mut().filter(|_| may_be_none) {
                // At best there is none.
                let span = policies.first().map(|(instance, _)| instance.name_span());
                let attached = Attached {
                    source: *file,
                    name: None,
                    attachment: Attachment::Managed,
                    optional: Some(hole),
                    joins_lists: true,
                };
                let none = no_boundary(span.unwrap_or_default());
                let none = document(&none, &attached, &machine.holes.shared());
                boundary.texts = boundary.texts.take().and_then(|_| none.best.clone());
                boundary.best = none.best;
            }
            if found.is_some() {
                apply(found, all);
                return;
            }
        }
        let values = leaves(arn.clone(), None);
        if values.iter().any(|(_, optional)| optional.is_some()) {
            let mut is_here = |(value, _): &(Value, _)| self.here(machine, value).is_some();
            if values.iter().any(&mut is_here) {
                let message = "which permissions boundary applies is not known";
                let problem = Problem::unresolved("boundary", message, arn.place.span)
                    .with_help("give the variable that decides it a value: --parameter");
                all.report(arn.place, problem);
            }
        }
        let what = format!("permissions-boundary:{}", machine.shown(arn));
        let document = all.of(source);
        if arn.place.source == source {
            document.name_at(what, arn.place.span);
        } else {
            document.name(what);
        }
    }

    /// The policies of the module of which one is the boundary, the hole that decides, and whether there may be none. There is
    /// none of several policies: what they have in common is not computed.
    fn one_of(&self, machine: &mut Machine<'_>, arn: &Value) -> Option<(Vec<Policy>, usize, bool)> {
        let Node::Choice(hole, of) = &arn.node else {
            return None;
        };
        let mut policies: Vec<Policy> = Vec::new();
        // One that may be absent is the only one of a choice.
        let mut may_be_none = of.len() == 1;
        for one in of.iter() {
            let inner = perhaps(one).and_then(|(_, of)| of.into_iter().next());
            may_be_none |= inner.is_some();
            let one = inner.as_ref().unwrap_or(one);
            if matches!(one.node, Node::Null | Node::Absent) {
                may_be_none = true;
                continue;
            }
            let found = self.here(machine, &one.clone().inherit(&arn.via))?;
            let is_it = |(known, _): &Policy| known.address == found.0.address;
            if !policies.iter().any(is_it) {
                policies.push(found);
            }
        }
        let is_understood = matches!((policies.len(), may_be_none), (1, _) | (2.., false));
        is_understood.then_some((policies, *hole, may_be_none))
    }
}

fn apply(found: Option<(SourceId, Document)>, all: &mut Gathered) {
    if let Some((file, boundary)) = found {
        all.of(file).boundary = Some(Box::new(boundary));
    }
}

/// A boundary that is one of some policies, if all are in one file.
fn boundary_of(
    machine: &mut Machine<'_>,
    policies: &[Policy],
    optional: Option<usize>,
) -> Option<(SourceId, Document)> {
    let mut own = Gathered::default();
    for (instance, shape) in policies {
        let managed = Attachment::Managed;
        policy(machine, instance, shape, managed, optional, &mut own);
    }
    let mut files = own.files.into_iter();
    let one = files.next()?;
    files.next().is_none().then_some(one)
}
