//! Policies that resources of their own attach to a principal.

use std::rc::Rc;

use super::shape::What;
use super::{Gathered, Reader, policy};
use crate::inventory::Kind;
use crate::inventory::leaves::leaves;
use crate::inventory::terraform::evaluate::Machine;
use crate::inventory::terraform::export::About;
use crate::inventory::terraform::membership::{Match, doubtful};
use crate::inventory::terraform::names::{Named, Target};
use crate::inventory::terraform::value::Instance;
use crate::inventory::terraform::value::{Node, Piece, Place, Value};
use crate::parser::{Attachment, HoleKind, SourceId, shorten};

impl Reader {
    /// The list `policies` of a role: objects with a name and a document.
    pub(super) fn listed(
        machine: &mut Machine<'_>,
        (kind, policies): (&str, &Value),
        optional: Option<usize>,
        all: &mut Gathered,
    ) {
        let kind = format!("{kind}.policies");
        for (policy, optional) in leaves(policies.clone(), optional) {
            if let Some(name) = policy.get("policy_name") {
                machine.require_within_limits(&kind, "policy_name", name, optional);
            }
            let about = About {
                name: policy.get("policy_name").and_then(|v| v.text()),
                attachment: Attachment::Inline,
                optional,
            };
            let value = policy.get("policy_document");
            let read = machine.document(value.as_ref().unwrap_or(&policy), &about);
            all.add(&about, policy.place, None, read);
        }
    }

    /// The policies that are resources of their own and name the principal.
    pub(super) fn linked(
        &mut self,
        machine: &mut Machine<'_>,
        target: &Target,
        kind: Kind,
        within: Option<usize>,
        all: &mut Gathered,
    ) {
        let of: Vec<usize> = { self.links.iter().enumerate() }
            .filter(|(_, l)| l.target == *target && l.kind == kind)
            .map(|(at, _)| at)
            .collect();
        for at in of {
            let Some(link) = self.links.get(at) else {
                continue;
            };
            let (instance, shape, optional) = (
                Rc::clone(&link.instance),
                link.shape,
                link.optional.or(within),
            );
            match shape.what {
                What::Managed if all.holds(&instance, optional) => {}
                What::Inline | What::Managed => {
                    let attachment = match shape.what {
                        What::Inline => Attachment::Inline,
                        _ => Attachment::Managed,
                    };
                    policy(machine, &instance, shape, attachment, optional, all);
                    self.used.push(instance.address.clone());
                }
                What::Attachment => {
                    if let Some(arn) = machine.argument(&instance, shape.content) {
                        machine.require_arn(shape.content, &arn, false);
                        self.managed(machine, &arn, optional, &instance, all);
                    }
                }
                What::Principal(_) | What::Profile | What::Exclusive => {}
            }
        }
    }

    /// The policies that a user has from the groups that memberships give it.
    pub(super) fn groups(
        &mut self,
        machine: &mut Machine<'_>,
        user: &Target,
        source: SourceId,
        all: &mut Gathered,
    ) {
        let memberships = std::mem::take(&mut self.memberships);
        for membership in &memberships {
            let instance = &membership.instance;
            let place = Place {
                source: instance.source(),
                span: instance.name_span(),
            };
            match membership.is_of(user) {
                Match::No => {}
                Match::Maybe => {
                    all.report(place, doubtful(instance, "may add this user to a group"));
                }
                Match::Yes(optional) => {
                    let groups = membership.groups.iter();
                    self.in_groups(machine, groups, instance, optional, all);
                }
            }
        }
        self.memberships = memberships;
        all.of(source);
    }

    /// The policies that a user has from groups.
    pub(super) fn in_groups<'n>(
        &mut self,
        machine: &mut Machine<'_>,
        groups: impl Iterator<Item = &'n Named>,
        from: &Rc<Instance>,
        optional: Option<usize>,
        all: &mut Gathered,
    ) {
        for group in groups {
            let optional = group.optional.or(optional);
            all.of(from.source()).worst.has_group_policies = true;
            // The policies of a group are not those of the user.
            let held = std::mem::take(&mut all.held);
            let names = std::mem::take(&mut all.names);
            self.linked(machine, &group.target, Kind::Group, optional, all);
            match &group.target {
                Target::Here(address) => {
                    if let Some(instance) = self.instance(address) {
                        self.own(machine, &instance, optional.or(instance.each.optional), all);
                    }
                }
                Target::Elsewhere(_) if !group.maybe.is_empty() => {
                    let place = Place {
                        source: from.source(),
                        span: from.name_span(),
                    };
                    all.report(place, doubtful(from, "may be about a group of the module"));
                }
                Target::Elsewhere(name) => {
                    let what = format!("group:{}", shorten(name));
                    let document = all.of(group.place.source);
                    document.name_at(what, group.place.span);
                }
            }
            (all.held, all.names) = (held, names);
        }
    }

    /// Managed policies by their ARNs, which the block of `holder` has.
    pub(super) fn managed(
        &mut self,
        machine: &mut Machine<'_>,
        arns: &Value,
        optional: Option<usize>,
        holder: &Rc<Instance>,
        all: &mut Gathered,
    ) {
        let source = holder.source();
        let facts = machine.facts_of(holder, &all.facts);
        for (value, mut path) in machine.paths(arns.clone(), &[], &mut |_, _| false) {
            if let Some((instance, shape)) = self.here(machine, &value) {
                path.splice(..0, machine.choices_of(&instance));
                let optional = machine.left_open(&path, &facts).or(optional);
                if all.holds(&instance, optional) {
                    continue;
                }
                let attachment = Attachment::Managed;
                policy(machine, &instance, shape, attachment, optional, all);
                self.used.push(instance.address.clone());
            } else {
                let optional = machine.left_open(&path, &facts).or(optional);
                let arn = machine.shown(&value);
                // Of variables, several may have one value.
                let is_known = |piece: &Piece| match piece {
                    Piece::Hole { hole, .. } => {
                        let kind = machine.holes.get(*hole).map(|hole| hole.kind);
                        kind == Some(HoleKind::Reference)
                    }
                    _ => true,
                };
                let is_sure = optional.is_none()
                    && matches!(&value.node, Node::Text(pieces) if pieces.iter().all(is_known));
                let document = all.of(source);
                let what = format!("attached-policy:{arn}");
                if value.place.source == source {
                    document.name_at(what, value.place.span);
                } else {
                    document.name(what);
                }
                if is_sure {
                    document.worst.attach_for_sure(arn.clone());
                }
                if !document.attached.contains(&arn) {
                    document.attached.push(arn);
                }
            }
        }
    }
}
