//! Resources and arguments that own all policies of a principal: Terraform removes those that they do not list.
//!
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role_policies_exclusive>

use std::rc::Rc;

use super::shape::What;
use super::{Gathered, Link, Reader};
use crate::inventory::Kind;
use crate::inventory::leaves::leaves;
use crate::inventory::terraform::condition_parts::Fact;
use crate::inventory::terraform::evaluate::Machine;
use crate::inventory::terraform::names::Target;
use crate::inventory::terraform::presence::Step;
use crate::inventory::terraform::value::{Instance, Node, Place, Value};
use crate::parser::{Problem, shorten};

/// The blocks of a role.
const BLOCKS: [&str; 6] = [
    "connection",
    "dynamic",
    "inline_policy",
    "lifecycle",
    "provisioner",
    "timeouts",
];

/// The end of the types that own all policies of one kind.
const EXCLUSIVE: &str = "_exclusive";

/// What is kept of a list of names or ARNs.
struct Listed {
    /// Each with the choices by which it is listed.
    keys: Vec<(String, Vec<Step>)>,
    /// Whether an element is not known.
    is_open: bool,
}

impl Listed {
    /// Whether one of these keys is listed for certain where these facts hold.
    fn has(&self, machine: &Machine<'_>, keys: &[String], facts: &[Fact]) -> bool {
        let listed = self.keys.iter().filter(|(key, _)| keys.contains(key));
        let listed = listed.filter(|(_, path)| !machine.is_excluded(path, facts));
        let mut either: Vec<Step> = Vec::new();
        for (_, path) in listed {
            match path.as_slice() {
                _ if machine.left_open(path, facts).is_none() => return true,
                // It is listed whatever a condition is.
                [(hole, Some(needed))] if either.contains(&(*hole, Some(!needed))) => return true,
                [step] => either.push(*step),
                _ => {}
            }
        }
        false
    }
}

impl Reader {
    /// Reports the policies that Terraform removes from a principal again, and the blocks of it that are not read.
    pub(super) fn exclusive(
        &self,
        machine: &mut Machine<'_>,
        principal: &Rc<Instance>,
        kind: Kind,
        all: &mut Gathered,
    ) {
        let target = Target::Here(principal.address.clone());
        let own: Vec<&Link> = { self.links.iter() }
            .filter(|l| l.target == target && l.kind == kind)
            .collect();
        for link in own.iter().filter(|l| l.shape.kind.ends_with(EXCLUSIVE)) {
            let Some(value) = machine.argument(&link.instance, link.shape.content) else {
                continue;
            };
            let listed = self.listed_keys(machine, &value);
            let place = at_name(&link.instance);
            for other in &own {
                self.removed(
                    machine,
                    other,
                    link.shape.what,
                    &listed,
                    &link.instance,
                    place,
                    all,
                );
            }
        }
        let block = Rc::clone(&principal.block);
        let place = at_name(principal);
        let scope = Machine::scope(principal.module, block.source, &principal.each);
        if !machine
            .blocks(&block.it.body, "inline_policy", &scope)
            .is_empty()
        {
            // A role lists its policies by their texts.
            let none = Listed {
                keys: Vec::new(),
                is_open: false,
            };
            for other in &own {
                self.removed(
                    machine,
                    other,
                    What::Exclusive,
                    &none,
                    principal,
                    place,
                    all,
                );
            }
        }
        let arns = machine.argument(principal, "managed_policy_arns");
        let is_given = |value: &Value| !matches!(value.node, Node::Null | Node::Absent);
        if let Some(arns) = arns.filter(is_given) {
            let listed = self.listed_keys(machine, &arns);
            for other in &own {
                self.removed(
                    machine,
                    other,
                    What::Attachment,
                    &listed,
                    principal,
                    place,
                    all,
                );
            }
        }
        if principal.kind() == "aws_iam_role" {
            for unknown in block
                .it
                .body
                .blocks
                .iter()
                .filter(|b| !BLOCKS.contains(&b.kind.as_str()))
            {
                let name = shorten(&unknown.kind);
                let message =
                    format!("`{name}` is not a block of `aws_iam_role`, so it was not read");
                let problem = Problem::unresolved("block", message, unknown.span).with_help(
                    "remove it, or write what it stands for in a block that the resource has",
                );
                let place = Place {
                    source: block.source,
                    span: unknown.span,
                };
                all.report(place, problem);
            }
        }
    }

    /// Reports a policy that what owns all policies of its kind does not list.
    #[expect(
        clippy::too_many_arguments,
        reason = "the policy, its owner and the report"
    )]
    fn removed(
        &self,
        machine: &mut Machine<'_>,
        other: &Link,
        owned: What,
        listed: &Listed,
        owner: &Rc<Instance>,
        place: Place,
        all: &mut Gathered,
    ) {
        let is_owned = match owned {
            What::Exclusive => other.shape.what == What::Inline,
            _ => other.shape.what == What::Attachment && other.instance.address != owner.address,
        };
        if !is_owned {
            return;
        }
        let keys = if owned == What::Exclusive {
            let name = machine.argument(&other.instance, other.shape.name);
            let address = &other.instance.address;
            // A name that Terraform makes is a value of the resource.
            let made = format!("${{{address}.{}}}", other.shape.name);
            let mut keys = vec![address.clone(), made];
            keys.extend(name.and_then(|n| n.text()));
            vec![keys]
        } else {
            let arns = machine.argument(&other.instance, other.shape.content);
            let arns = arns.map_or_else(Vec::new, |value| leaves(value, None));
            let of = |(arn, _): &(Value, _)| vec![self.key(machine, arn)];
            arns.iter().map(of).collect()
        };
        // Without the owner, nothing is removed.
        let facts = machine.facts_of(owner, &[]);
        let facts = machine.facts_of(&other.instance, &facts);
        if { keys.iter() }.all(|keys| listed.has(machine, keys, &facts)) {
            return;
        }
        let (owner, policy) = (shorten(&owner.address), shorten(&other.instance.address));
        let message = if listed.is_open {
            format!("whether `{owner}` lists the policy of `{policy}` is not known")
        } else {
            format!(
                "`{owner}` does not list the policy of `{policy}`, so Terraform removes it again"
            )
        };
        let problem = Problem::unresolved("policies", message, place.span)
            .with_help("list every policy in one place: resources of their own, or the list of the one that owns all");
        all.report(place, problem);
    }

    fn listed_keys(&self, machine: &mut Machine<'_>, value: &Value) -> Listed {
        let mut listed = Listed {
            keys: Vec::new(),
            is_open: false,
        };
        for (value, path) in machine.paths(value.clone(), &[], &mut |_, _| false) {
            listed.is_open |= !path.is_empty() || value.text().is_none() && value.subject.is_none();
            let address = value.subject.as_ref().map(|s| s.address.clone());
            let keys = [self.key(machine, &value)].into_iter();
            let keys = keys.chain(value.text()).chain(address);
            listed.keys.extend(keys.map(|key| (key, path.clone())));
        }
        listed
    }

    /// A form in which the ARNs of one policy are equal: the address of what defines it, or the ARN.
    fn key(&self, machine: &mut Machine<'_>, arn: &Value) -> String {
        match self.here(machine, arn) {
            Some((instance, _)) => instance.address.clone(),
            None => machine.shown(arn),
        }
    }
}

/// The place of the name of a block.
pub(super) fn at_name(instance: &Instance) -> Place {
    Place {
        source: instance.source(),
        span: instance.name_span(),
    }
}
