//! The roles, users, groups and policies of a module, and what is attached to which.

use std::rc::Rc;

use super::evaluate::Machine;
use super::export::{About, Read};
use super::managed::Managed;
use super::membership::{Match, Membership, doubtful};
use super::names::{Named, Names, Target, targets_of};
use super::scope::{Frame, Instance, Scope};
use super::value::{Node, Piece, Place, Value};
use crate::inventory::{self, Document, Kind, Principal, Trust};
use crate::parser::{Attachment, Owner, Problem, SourceId, Spanned, shorten};

/// How a type of resource names its arguments.
struct Shape {
    kind: &'static str,
    what: What,
    /// Arguments with the principals: of roles, users and groups.
    targets: &'static [(&'static str, Kind)],
    /// The argument with the document, or with the ARN of a managed policy.
    content: &'static str,
    /// The argument with its name.
    name: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Principal(Kind),
    /// A policy of a principal's own.
    Inline,
    /// A policy of its own.
    Managed,
    /// Attaches a managed policy.
    Attachment,
    /// An instance profile.
    Profile,
}

const ROLE: (&str, Kind) = ("role", Kind::Role);

/// The types of resources that are read.
const SHAPES: [Shape; 20] = [
    shape("aws_iam_role", What::Principal(Kind::Role), &[], "", "name"),
    shape(
        "awscc_iam_role",
        What::Principal(Kind::Role),
        &[],
        "",
        "role_name",
    ),
    shape("aws_iam_user", What::Principal(Kind::User), &[], "", "name"),
    shape(
        "awscc_iam_user",
        What::Principal(Kind::User),
        &[],
        "",
        "user_name",
    ),
    shape(
        "aws_iam_group",
        What::Principal(Kind::Group),
        &[],
        "",
        "name",
    ),
    shape(
        "awscc_iam_group",
        What::Principal(Kind::Group),
        &[],
        "",
        "group_name",
    ),
    shape(
        "aws_iam_role_policy",
        What::Inline,
        &[ROLE],
        "policy",
        "name",
    ),
    shape(
        "awscc_iam_role_policy",
        What::Inline,
        &[("role_name", Kind::Role)],
        "policy_document",
        "policy_name",
    ),
    shape(
        "aws_iam_user_policy",
        What::Inline,
        &[("user", Kind::User)],
        "policy",
        "name",
    ),
    shape(
        "aws_iam_group_policy",
        What::Inline,
        &[("group", Kind::Group)],
        "policy",
        "name",
    ),
    shape(
        "aws_iam_instance_profile",
        What::Profile,
        &[],
        "role",
        "name",
    ),
    shape(
        "awscc_iam_instance_profile",
        What::Profile,
        &[],
        "roles",
        "instance_profile_name",
    ),
    shape("aws_iam_policy", What::Managed, &[], "policy", "name"),
    shape(
        "awscc_iam_managed_policy",
        What::Managed,
        &[
            ("roles", Kind::Role),
            ("users", Kind::User),
            ("groups", Kind::Group),
        ],
        "policy_document",
        "managed_policy_name",
    ),
    shape(
        "aws_iam_role_policy_attachment",
        What::Attachment,
        &[ROLE],
        "policy_arn",
        "",
    ),
    shape(
        "aws_iam_role_policy_attachments_exclusive",
        What::Attachment,
        &[("role_name", Kind::Role)],
        "policy_arns",
        "",
    ),
    shape(
        "aws_iam_user_policy_attachment",
        What::Attachment,
        &[("user", Kind::User)],
        "policy_arn",
        "",
    ),
    shape(
        "aws_iam_user_policy_attachments_exclusive",
        What::Attachment,
        &[("user_name", Kind::User)],
        "policy_arns",
        "",
    ),
    shape(
        "aws_iam_group_policy_attachment",
        What::Attachment,
        &[("group", Kind::Group)],
        "policy_arn",
        "",
    ),
    shape(
        "aws_iam_policy_attachment",
        What::Attachment,
        &[
            ("roles", Kind::Role),
            ("users", Kind::User),
            ("groups", Kind::Group),
        ],
        "policy_arn",
        "",
    ),
];

const fn shape(
    kind: &'static str,
    what: What,
    targets: &'static [(&'static str, Kind)],
    content: &'static str,
    name: &'static str,
) -> Shape {
    Shape {
        kind,
        what,
        targets,
        content,
        name,
    }
}

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

/// Policies of one principal, in the files that have them.
#[derive(Default)]
struct Gathered {
    files: Vec<(SourceId, Document)>,
}

impl Gathered {
    fn of(&mut self, source: SourceId) -> &mut Document {
        let known = self.files.iter().position(|(s, _)| *s == source);
        let at = known.unwrap_or(self.files.len());
        if known.is_none() {
            self.files.push((source, Document::default()));
        }
        // The element is there: it was found or pushed.
        #[expect(clippy::indexing_slicing, reason = "the index was found or pushed")]
        &mut self.files[at].1
    }

    fn add(&mut self, read: Read) {
        let document = self.of(read.source);
        document.add(read.reading);
        for problem in read.problems {
            document.report(problem);
        }
    }

    fn report(&mut self, place: Place, problem: Problem) {
        self.of(place.source).report(problem);
    }
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
        links_of(machine, shape, instance, &names, &mut links);
    }
    let mut managed = Managed::default();
    let mut profiles = Vec::new();
    let mut principals = Vec::new();
    for (shape, instance) in &all {
        match shape.what {
            What::Managed => managed.add(machine, instance),
            What::Profile => profiles.push(Rc::clone(instance)),
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
        let found = names.find(machine, &value, *kind, instance.each.optional);
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
    machine
        .argument(instance, "assume_role_policy")
        .or_else(|| machine.argument(instance, "assume_role_policy_document"))
}

/// The trust policy of a role. A trust policy that is not understood leaves it open.
fn trust_policy(machine: &mut Machine<'_>, instance: &Rc<Instance>, all: &mut Gathered) {
    let Some(document) = trust_document(machine, instance) else {
        return;
    };
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
        let mut all = Gathered::default();
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
        let name = machine
            .argument(instance, shape.name)
            .and_then(|v| v.text());
        let trust = (kind == Kind::Role)
            .then(|| {
                trust_policy(machine, instance, &mut all);
                Self::trust(machine, instance)
            })
            .flatten();
        if let Some(name) = name.clone().filter(|_| kind == Kind::Role) {
            let owner = self.owner(machine, instance, name);
            all.of(instance.source()).worst.owners.push(owner);
        }
        finish(
            machine,
            Principal {
                name: instance.address.clone(),
                aliases: name.into_iter().collect(),
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
    fn owner(&self, machine: &mut Machine<'_>, role: &Rc<Instance>, name: String) -> Owner {
        let mut profiles = Vec::new();
        for profile in &self.profiles {
            let Some(shape) = SHAPES.iter().find(|s| s.kind == profile.kind()) else {
                continue;
            };
            let mut roles = Vec::new();
            if let Some(value) = machine.argument(profile, shape.content) {
                targets_of(&value, None, &mut roles);
            }
            let is_of_role = roles.iter().any(|(value, _)| match &value.subject {
                Some(subject) if !subject.is_data() => subject.address == role.address,
                _ => value.text().as_ref() == Some(&name),
            });
            let own = { machine.argument(profile, shape.name) }.and_then(|v| v.text());
            if let Some(value) = own.filter(|_| is_of_role) {
                let span = profile.name_span();
                profiles.push(Spanned { value, span });
            }
        }
        let span = role.name_span();
        Owner {
            name: Some(Spanned { value: name, span }),
            arn: None,
            profiles,
        }
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
            let name = { inner.body.get("name") }
                .map(|n| machine.evaluate(n, &scope))
                .and_then(|v| v.text());
            // An empty block says that there is no policy.
            let Some(policy) = inner.body.get("policy") else {
                continue;
            };
            let value = machine.evaluate(policy, &scope);
            let about = About {
                name,
                attachment: Attachment::Inline,
                optional: inner.optional.or(optional),
            };
            all.add(machine.document(&value, &about));
        }
        if let Some(policies) = machine.argument(instance, "policies") {
            Self::listed(machine, &policies, optional, all);
        }
        if let Some(arns) = machine.argument(instance, "managed_policy_arns") {
            self.managed(machine, &arns, optional, source, all);
        }
        if let Some(boundary) = machine.argument(instance, "permissions_boundary") {
            self.boundary(machine, &boundary, source, all);
        }
    }

    /// The list `policies` of a role: objects with a name and a document.
    fn listed(
        machine: &mut Machine<'_>,
        policies: &Value,
        optional: Option<usize>,
        all: &mut Gathered,
    ) {
        match &policies.node {
            Node::List(_) => {
                for element in policies.elements().unwrap_or_default() {
                    Self::listed(machine, &element, optional, all);
                }
            }
            Node::Choice(hole, of) => {
                for alternative in of.iter() {
                    let alternative = alternative.clone().inherit(&policies.via);
                    Self::listed(machine, &alternative, Some(*hole), all);
                }
            }
            Node::Null | Node::Absent => {}
            _ => {
                let name = policies.get("policy_name").and_then(|v| v.text());
                let value = policies.get("policy_document");
                let about = About {
                    name,
                    attachment: Attachment::Inline,
                    optional,
                };
                all.add(machine.document(value.as_ref().unwrap_or(policies), &about));
            }
        }
    }

    /// The policies that are resources of their own and name the principal.
    fn linked(
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
                        let source = instance.source();
                        self.managed(machine, &arn, optional, source, all);
                    }
                }
                What::Principal(_) | What::Profile => {}
            }
        }
    }

    /// The policies that a user has from the groups that memberships give it.
    fn groups(
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
    fn in_groups<'n>(
        &mut self,
        machine: &mut Machine<'_>,
        groups: impl Iterator<Item = &'n Named>,
        from: &Rc<Instance>,
        optional: Option<usize>,
        all: &mut Gathered,
    ) {
        for group in groups {
            let optional = group.optional.or(optional);
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
        }
    }

    /// A principal by its address.
    fn instance(&self, address: &str) -> Option<Rc<Instance>> {
        let mut principals = self.principals.iter();
        principals.find(|i| i.address == address).map(Rc::clone)
    }

    /// Managed policies by their ARNs.
    fn managed(
        &mut self,
        machine: &mut Machine<'_>,
        arns: &Value,
        optional: Option<usize>,
        source: SourceId,
        all: &mut Gathered,
    ) {
        let mut values = Vec::new();
        targets_of(arns, optional, &mut values);
        for (value, optional) in values {
            if let Some((instance, shape)) = self.here(machine, &value) {
                let optional = optional.or(instance.each.optional);
                let attachment = Attachment::Managed;
                policy(machine, &instance, shape, attachment, optional, all);
                self.used.push(instance.address.clone());
            } else {
                let arn = machine.shown(&value);
                let document = all.of(source);
                let what = format!("attached-policy:{arn}");
                if value.place.source == source {
                    document.name_at(what, value.place.span);
                } else {
                    document.name(what);
                }
                if !document.attached.contains(&arn) {
                    document.attached.push(arn);
                }
            }
        }
    }

    /// The policy of the module of which a value is the ARN.
    fn here(
        &self,
        machine: &mut Machine<'_>,
        arn: &Value,
    ) -> Option<(Rc<Instance>, &'static Shape)> {
        let instance = self.managed.find(machine, arn)?;
        let shape = SHAPES.iter().find(|s| s.kind == instance.kind())?;
        Some((instance, shape))
    }

    fn boundary(
        &mut self,
        machine: &mut Machine<'_>,
        arn: &Value,
        source: SourceId,
        all: &mut Gathered,
    ) {
        if matches!(arn.node, Node::Null | Node::Absent) {
            return;
        }
        let mut values = Vec::new();
        targets_of(arn, None, &mut values);
        if values.iter().any(|(_, optional)| optional.is_some()) {
            let mut is_here = |(value, _): &(Value, _)| self.here(machine, value).is_some();
            if values.iter().any(&mut is_here) {
                let message = "which permissions boundary applies is not known";
                let problem = Problem::unresolved("boundary", message, arn.place.span)
                    .with_help("give the variable that decides it a value: --parameter");
                all.report(arn.place, problem);
            }
        }
        if let Some((instance, shape)) = self.here(machine, arn) {
            let mut own = Gathered::default();
            policy(
                machine,
                &instance,
                shape,
                Attachment::Managed,
                None,
                &mut own,
            );
            self.used.push(instance.address.clone());
            // A boundary is one document, in one file.
            if let Some((file, boundary)) = own.files.into_iter().next() {
                all.of(file).boundary = Some(Box::new(boundary));
            }
            return;
        }
        let arn = machine.shown(arn);
        all.of(source).name(format!("permissions-boundary:{arn}"));
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
                        let is_service = key.is_text("Service");
                        for value in value.elements() {
                            let pieces = value.pieces().unwrap_or_default();
                            // `ec2.${data.aws_partition.x.dns_suffix}` is the domain of the partition.
                            let head: String =
                                pieces.iter().map_while(inventory::Piece::text).collect();
                            match head.split_once('.') {
                                Some((service, _)) if is_service => {
                                    trust.services.push(service.to_owned());
                                }
                                _ => trust.is_open = true,
                            }
                        }
                    }
                }
                _ => trust.is_open = true,
            }
        }
        Some(trust)
    }

    /// The principals that the policies name and the module does not define.
    fn others(&mut self, machine: &mut Machine<'_>) -> Vec<Principal> {
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
    fn alone(
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

/// Reads a policy that is a resource of its own.
fn policy(
    machine: &mut Machine<'_>,
    instance: &Rc<Instance>,
    shape: &Shape,
    attachment: Attachment,
    optional: Option<usize>,
    all: &mut Gathered,
) {
    let name = machine
        .argument(instance, shape.name)
        .and_then(|v| v.text());
    let name = name.or_else(|| Some(instance.address.clone()));
    let about = About {
        name,
        attachment,
        optional,
    };
    if let Some(value) = machine.argument(instance, shape.content) {
        all.add(machine.document(&value, &about));
    } else {
        let place = Place {
            source: instance.source(),
            span: instance.name_span(),
        };
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
