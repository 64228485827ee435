//! Policies that no role, user or group of the module holds.

use std::rc::Rc;

use super::shape::Shape;
use super::{Gathered, Reader, finish, policy};
use crate::inventory::terraform::evaluate::Machine;
use crate::inventory::terraform::names::Target;
use crate::inventory::terraform::value::Instance;
use crate::inventory::terraform::value::Place;
use crate::inventory::{Kind, Principal};
use crate::parser::Attachment;

impl Reader {
    /// The principals that the policies name and the module does not define.
    pub(super) fn others(&mut self, machine: &mut Machine<'_>) -> Vec<Principal> {
        let mut targets: Vec<(Target, Kind, Place)> = Vec::new();
        for link in &self.links {
            let is_elsewhere = matches!(link.target, Target::Elsewhere(_));
            let known = targets
                .iter()
                .any(|(t, k, _)| *t == link.target && *k == link.kind);
            if is_elsewhere && !known {
                let place = Place {
                    source: link.instance.source(),
                    span: link.instance.name_span(),
                };
                targets.push((link.target.clone(), link.kind, place));
            }
        }
        let mut found = Vec::new();
        for (target, kind, place) in targets {
            machine.taken.clear();
            let mut all = Gathered::default();
            all.of(place.source);
            self.linked(machine, &target, kind, None, &mut all);
            if kind == Kind::User {
                self.groups(machine, &target, place.source, &mut all);
            }
            let has_policies = { all.files.iter() }.any(|(_, d)| {
                !d.worst.policies.is_empty() || !d.worst.problems.is_empty() || d.best.is_some()
            });
            if !has_policies {
                // Only policies of AWS are attached to it: there is nothing of it here.
                continue;
            }
            let Target::Elsewhere(name) = target else {
                continue;
            };
            let document = all.of(place.source);
            document.name(format!("{}:{name}", kind.name()));
            found.push(finish(
                machine,
                Principal {
                    full_arn: kind.arn(None, &name),
                    name,
                    aliases: Vec::new(),
                    kind,
                    source: place.source,
                    span: place.span,
                    trust: None,
                    documents: Vec::new(),
                },
                all,
            ));
        }
        found
    }

    /// A managed policy that nothing of the module has.
    pub(super) fn alone(
        machine: &mut Machine<'_>,
        shape: &'static Shape,
        instance: &Rc<Instance>,
    ) -> Principal {
        let mut all = Gathered::default();
        all.of(instance.source());
        policy(
            machine,
            instance,
            shape,
            Attachment::Managed,
            None,
            &mut all,
        );
        let name = machine
            .argument(instance, shape.name)
            .and_then(|v| v.text());
        finish(
            machine,
            Principal {
                name: instance.address.clone(),
                aliases: name.into_iter().collect(),
                full_arn: None,
                kind: Kind::Policy,
                source: instance.source(),
                span: instance.name_span(),
                trust: None,
                documents: Vec::new(),
            },
            all,
        )
    }
}
