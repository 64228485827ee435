//! The roles, users, groups and policies of a module, and what is attached to which.

mod attachment;
mod boundary;
mod exclusive;
mod gathered;
pub(super) mod shape;
mod unowned;

use std::rc::Rc;

use super::evaluate::Machine;
use super::export::About;
use super::managed::Managed;
use super::membership::Membership;
use super::names::{Names, Target, require_name};
use super::presence::Step;
use super::surroundings::{Frame, Scope};
use super::value::{Instance, Node, Piece, Place, Value};
use crate::inventory::leaves::leaves;
use crate::inventory::{self, Document, Kind, Principal, Trust};
use crate::parser::{Attachment, Owner, Problem, Spanned, Tags, open_role_arn, shorten, user_arn};
use exclusive::at_name;
use gathered::Gathered;
use shape::{SHAPES, Shape, What};

/// The most roles, users, groups, policies and attachments of a module: more than an account may have roles.
const MOST: usize = 5_000;

/// A policy, or the ARN of one, and what has it.
struct Link {
    instance: Rc<Instance>,
    shape: &'static Shape,
    target: Target,
    kind: Kind,
    optional: Option<usize>,
    /// The principals that it may be, where that is not known.
    maybe: Vec<String>,
    place: Place,
}

/// Lists what the modules define.
pub(super) fn principals(machine: &mut Machine<'_>) -> Vec<Principal> {
    machine.open_all();
    let mut all: Vec<(&'static Shape, Rc<Instance>)> = Vec::new();
    let mut memberships = Vec::new();
    let mut module = 0;
    while let Some(code) = machine.modules.get(module).map(|m| Rc::clone(&m.code)) {
        for block in code.resources.values().filter(|b| b.it.kind == "resource") {
            let kind = block.it.label(0).unwrap_or_default();
            if Membership::is_type(kind) {
                memberships.extend(machine.instances(module, block));
            }
            let Some(shape) = SHAPES.iter().find(|s| s.kind == kind) else {
                continue;
            };
            for instance in machine.instances(module, block) {
                all.push((shape, instance));
            }
        }
        module += 1;
    }
    if let Some((_, first)) = all.get(MOST) {
        let place = Place {
            source: first.source(),
            span: first.name_span(),
        };
        let message = format!("the module has more than {MOST} roles, policies and attachments");
        machine.unread(place, message, "judge parts of it by themselves");
        all.truncate(MOST);
    }
    let mut names = Names::default();
    for (shape, instance) in &all {
        if let What::Principal(kind) = shape.what {
            names.add(machine, kind, instance, shape.name);
        }
    }
    let memberships = { memberships.iter() }
        .map(|instance| Membership::of(machine, instance, &names))
        .collect();
    let mut links = Vec::new();
    for (shape, instance) in &all {
        machine.require_limits(instance);
        machine.require_one(instance);
        links_of(machine, shape, instance, &names, &mut links);
    }
    let mut managed = Managed::default();
    let mut profiles = Vec::new();
    let mut principals = Vec::new();
    for (shape, instance) in &all {
        match shape.what {
            What::Managed => managed.add(machine, instance),
            What::Profile => {
                if let Some(role) = machine.argument(instance, shape.content) {
                    let roles = leaves(role, instance.each.optional).into_iter();
                    let roles = roles.filter(|(_, optional)| optional.is_none());
                    roles.for_each(|(role, _)| require_name(machine, &role, Kind::Role));
                }
                profiles.push(Rc::clone(instance));
            }
            What::Principal(_) => principals.push(Rc::clone(instance)),
            _ => {}
        }
    }
    let mut reader = Reader {
        names,
        links,
        memberships,
        managed,
        principals,
        profiles,
        used: Vec::new(),
    };
    let mut found = Vec::new();
    for (shape, instance) in &all {
        if let What::Principal(kind) = shape.what {
            machine.taken.clear();
            found.push(reader.principal(machine, shape, instance, kind));
        }
    }
    found.extend(reader.others(machine));
    for (shape, instance) in &all {
        if shape.what == What::Managed && !reader.used.contains(&instance.address) {
            machine.taken.clear();
            found.push(Reader::alone(machine, shape, instance));
        }
    }
    found
}

/// The target of a policy or an attachment.
fn links_of(
    machine: &mut Machine<'_>,
    shape: &'static Shape,
    instance: &Rc<Instance>,
    names: &Names,
    links: &mut Vec<Link>,
) {
    for (argument, kind) in shape.targets {
        let Some(value) = machine.argument(instance, argument) else {
            continue;
        };
        let path = machine.choices_of(instance);
        let found = names.find(machine, &value, *kind, (&path, &[]));
        links.extend(found.into_iter().map(|named| Link {
            instance: Rc::clone(instance),
            shape,
            target: named.target,
            kind: *kind,
            optional: named.optional,
            maybe: named.maybe,
            place: named.place,
        }));
    }
}

fn trust_document(machine: &mut Machine<'_>, instance: &Rc<Instance>) -> Option<Value> {
    let document = machine
        .argument(instance, "assume_role_policy")
        .or_else(|| machine.argument(instance, "assume_role_policy_document"))?;
    Some(machine.settled(document, &machine.facts_of(instance, &[])))
}

/// The trust policy of a role. A trust policy that is not understood leaves it open.
fn trust_policy(machine: &mut Machine<'_>, instance: &Rc<Instance>, all: &mut Gathered) {
    let Some(document) = trust_document(machine, instance) else {
        return;
    };
    machine.require_policy(instance.kind(), "assume_role_policy", &document);
    let Some((source, value)) = machine.placed_content(&document) else {
        all.of(instance.source()).name("trust-policy".to_owned());
        return;
    };
    let read = inventory::trust(&value, source, &machine.holes.shared());
    let into = all.of(source);
    read.named.into_iter().for_each(|name| into.name(name));
    into.worst.trusts.extend(read.trusts);
    read.problems.into_iter().for_each(|p| into.report(p));
}

impl Machine<'_> {
    /// A text with `*` for each part that is not known.
    fn pattern(&mut self, value: &Value) -> String {
        let text = self.as_text(value, 0);
        let Node::Text(pieces) = &text.node else {
            return String::new();
        };
        let parts = pieces.iter().map(|piece| piece.text().unwrap_or("*"));
        parts.collect()
    }

    /// A text with its holes as they are written; the partition, where it is not known, is that of most accounts.
    pub(super) fn shown(&mut self, value: &Value) -> String {
        let text = self.as_text(value, 0);
        let Node::Text(pieces) = &text.node else {
            return String::new();
        };
        let shown = pieces.iter().map(|piece| match piece {
            Piece::Hole { hole, .. } => match self.holes.get(*hole) {
                Some(hole) if hole.name == "Partition" => "aws".to_owned(),
                Some(hole) => hole.marker(),
                None => String::new(),
            },
            piece => piece.text().unwrap_or_default().to_owned(),
        });
        shown.collect()
    }
}

struct Reader {
    names: Names,
    links: Vec<Link>,
    memberships: Vec<Membership>,
    managed: Managed,
    principals: Vec<Rc<Instance>>,
    /// The instance profiles.
    profiles: Vec<Rc<Instance>>,
    /// The managed policies that something has.
    used: Vec<String>,
}

impl Reader {
    fn principal(
        &mut self,
        machine: &mut Machine<'_>,
        shape: &Shape,
        instance: &Rc<Instance>,
        kind: Kind,
    ) -> Principal {
        let mut all = Gathered {
            facts: machine.facts_of(instance, &[]),
            ..Gathered::default()
        };
        all.of(instance.source());
        self.own(machine, instance, None, &mut all);
        let target = Target::Here(instance.address.clone());
        self.linked(machine, &target, kind, None, &mut all);
        if kind == Kind::User {
            let own = Membership::own(machine, instance, &self.names);
            self.in_groups(machine, own.iter(), instance, None, &mut all);
            self.groups(machine, &target, instance.source(), &mut all);
        }
        for link in &self.links {
            if link.maybe.contains(&instance.address) && link.kind == kind {
                let message = format!(
                    "`{}` may be attached to this {}: which one it is for is not known",
                    shorten(&link.instance.address),
                    kind.name()
                );
                let problem = Problem::unresolved("role", message, link.place.span).with_help(
                    "refer to the resource (`role = aws_iam_role.NAME.name`), or give the variable a value: --parameter",
                );
                all.report(link.place, problem);
            }
        }
        self.exclusive(machine, instance, kind, &mut all);
        let name = machine
            .argument(instance, shape.name)
            .and_then(|v| v.text());
        let mut trust = None;
        if kind == Kind::Role {
            trust_policy(machine, instance, &mut all);
            trust = Self::trust(machine, instance);
            let owner = self.owner(machine, instance, name.clone());
            all.of(instance.source()).worst.owners.extend(owner);
        }
        let user = name.as_ref().filter(|_| kind == Kind::User);
        let full_arn = user.and_then(|name| {
            let path = machine.argument(instance, "path");
            let path = path.map_or(Some("/".to_owned()), |p| p.text());
            user_arn(path.as_deref(), name)
        });
        finish(
            machine,
            Principal {
                name: instance.address.clone(),
                aliases: name.into_iter().collect(),
                full_arn,
                kind,
                source: instance.source(),
                span: instance.name_span(),
                trust,
                documents: Vec::new(),
            },
            all,
        )
    }

    /// The name of a role and of the instance profiles that contain it, as far as the code gives them.
    fn owner(
        &self,
        machine: &mut Machine<'_>,
        role: &Rc<Instance>,
        name: Option<String>,
    ) -> Option<Owner> {
        let mut profiles = Vec::new();
        for profile in &self.profiles {
            let Some(shape) = SHAPES.iter().find(|s| s.kind == profile.kind()) else {
                continue;
            };
            let roles = { machine.argument(profile, shape.content) }
                .map_or_else(Vec::new, |value| leaves(value, None));
            let is_of_role = roles.iter().any(|(value, _)| match &value.subject {
                Some(subject) if !subject.is_data() => subject.address == role.address,
                _ => name.is_some() && value.text() == name,
            });
            let own = { machine.argument(profile, shape.name) }.and_then(|v| v.text());
            let span = profile.name_span();
            profiles.extend({ own.filter(|_| is_of_role) }.map(|value| Spanned { value, span }));
        }
        let span = role.name_span();
        let full_arn = Self::open_arn(machine, role);
        (name.is_some() || !profiles.is_empty() || full_arn.is_some()).then(|| Owner {
            full_arn,
            name: name.map(|value| Spanned { value, span }),
            arn: None,
            profiles,
            tags: Tags::default(),
        })
    }

    /// The ARN of a role, with `*` for the parts that are not known.
    fn open_arn(machine: &mut Machine<'_>, role: &Rc<Instance>) -> Option<String> {
        let shape = SHAPES.iter().find(|s| s.kind == role.kind())?;
        let name = machine.attribute(role, shape.name, at_name(role));
        let path = machine.argument(role, "path");
        let path = path.filter(|path| !matches!(path.node, Node::Null));
        let path = path.map_or("/".to_owned(), |path| machine.pattern(&path));
        open_role_arn(&path, &machine.pattern(&name))
    }

    /// The policies in a principal's own block.
    fn own(
        &mut self,
        machine: &mut Machine<'_>,
        instance: &Rc<Instance>,
        optional: Option<usize>,
        all: &mut Gathered,
    ) {
        let block = Rc::clone(&instance.block);
        let source = block.source;
        let scope = Machine::scope(instance.module, source, &instance.each);
        for inner in machine.blocks(&block.it.body, "inline_policy", &scope) {
            let frame = inner.iterator.as_ref().map(|(name, value)| Frame {
                name,
                value,
                outer: None,
            });
            let scope = Scope {
                frame: frame.as_ref(),
                ..scope
            };
            let name = { inner.body.get("name") }.map(|n| machine.evaluate(n, &scope));
            if let Some(name) = name.clone() {
                let kind = "aws_iam_role.inline_policy";
                machine.require_within_limits(kind, "name", name, inner.optional);
            }
            let name = name.and_then(|v| v.text());
            // An empty block says that there is no policy.
            let Some(policy) = inner.body.get("policy") else {
                continue;
            };
            let is_open = inner.optional.is_some();
            let value = machine.unsure_if(is_open, |machine| machine.evaluate(policy, &scope));
            if inner.optional.is_none() {
                machine.require_policy("aws_iam_role", "policy", &value);
            }
            let value = machine.settled(value, &all.facts);
            let path: Vec<Step> = { inner.optional.into_iter() }
                .map(|hole| (hole, (inner.before == 0).then_some(true)))
                .collect();
            let about = About {
                name,
                attachment: Attachment::Inline,
                optional: machine.left_open(&path, &all.facts).or(optional),
            };
            let span = inner.block.header;
            let read = machine.document(&value, &about);
            all.add(&about, Place { source, span }, None, read);
        }
        if let Some(policies) = machine.argument(instance, "policies") {
            Self::listed(machine, (instance.kind(), &policies), optional, all);
        }
        let is_aws = instance.kind().starts_with("aws_");
        if let Some(arns) = machine.argument(instance, "managed_policy_arns") {
            machine.require_arn("managed_policy_arns", &arns, is_aws);
            self.managed(machine, &arns, optional, instance, all);
        }
        let boundary = machine.argument(instance, "permissions_boundary");
        if let Some(boundary) = boundary.filter(|arn| !(is_aws && arn.is_text(""))) {
            machine.require_arn("permissions_boundary", &boundary, false);
            let boundary = machine.settled(boundary, &machine.facts_of(instance, &[]));
            self.boundary(machine, &boundary, source, all);
        }
    }

    /// A principal by its address.
    fn instance(&self, address: &str) -> Option<Rc<Instance>> {
        let mut principals = self.principals.iter();
        principals.find(|i| i.address == address).map(Rc::clone)
    }

    /// The policy of the module whose ARN a value is.
    fn here(
        &self,
        machine: &mut Machine<'_>,
        arn: &Value,
    ) -> Option<(Rc<Instance>, &'static Shape)> {
        let instance = self.managed.find(machine, arn)?;
        let shape = SHAPES.iter().find(|s| s.kind == instance.kind())?;
        Some((instance, shape))
    }

    /// Who may assume a role.
    fn trust(machine: &mut Machine<'_>, instance: &Rc<Instance>) -> Option<Trust> {
        let document = trust_document(machine, instance)?;
        let document = machine.content(&document)?;
        let mut trust = Trust::default();
        for statement in document.get("Statement")?.elements() {
            match statement.get("Principal").map(|p| &p.node) {
                Some(inventory::Node::Map(members)) => {
                    for (key, value) in members {
                        let kind = key.text();
                        for value in value.elements() {
                            let pieces = value.pieces().unwrap_or_default();
                            // `ec2.${data.aws_partition.x.dns_suffix}` is the domain of the partition.
                            let head: String =
                                pieces.iter().map_while(inventory::Piece::text).collect();
                            let service = head.split_once('.').map(|(service, _)| service);
                            trust.add(kind.as_deref(), service);
                        }
                    }
                }
                _ => trust.is_open = true,
            }
        }
        Some(trust)
    }
}

/// Reads a policy that is a resource of its own.
fn policy(
    machine: &mut Machine<'_>,
    instance: &Rc<Instance>,
    shape: &Shape,
    attachment: Attachment,
    optional: Option<usize>,
    all: &mut Gathered,
) {
    let name = { machine.argument(instance, shape.name) }.and_then(|v| v.text());
    let name = name.or_else(|| Some(instance.address.clone()));
    let about = About {
        name,
        attachment,
        optional,
    };
    let place = at_name(instance);
    if let Some(value) = machine.argument(instance, shape.content) {
        machine.require_policy(instance.kind(), shape.content, &value);
        let facts = machine.facts_of(instance, &all.facts);
        let value = machine.settled(value, &facts);
        let read = machine.document(&value, &about);
        all.add(&about, place, Some(&instance.address), read);
    } else {
        let message = format!("no `{}` in `{}`", shape.content, shorten(&instance.address));
        all.report(place, Problem::unresolved("policy", message, place.span));
    }
}

/// Puts together what is in the file of a principal and in others.
fn finish(machine: &Machine<'_>, mut principal: Principal, all: Gathered) -> Principal {
    let (own, elsewhere): (Vec<_>, Vec<_>) =
        { all.files.into_iter() }.partition(|(source, _)| *source == principal.source);
    let own = own.into_iter().next().map(|(_, document)| document);
    let taken = machine
        .taken
        .iter()
        .filter_map(|at| machine.defaults.get(*at));
    let parameters = taken.map(|(name, value, place)| {
        let at = (place.source, place.span);
        (name.clone(), value.clone(), Some(at))
    });
    principal.documents.push(Document {
        parameters: parameters.collect(),
        elsewhere,
        ..own.unwrap_or_default()
    });
    principal
}
