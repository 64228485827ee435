//! Policies that are attached in AWS today and stay, although the code that a plan is made from does not contain them.
//!
//! A role has its policies as arguments, too. Where the code sets none, the plan has those of today: policies that
//! resources of their own manage, or that something else attached. What the plan deletes is among them, and a policy that
//! the plan forgets (`removed` with `destroy = false`) is in no planned value.
//!
//! <https://developer.hashicorp.com/terraform/language/resources/syntax#removing-resources>

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::json::{elements, member, members, span, word};
use super::{Planned, block, expression};
use crate::inventory::Kind;
use crate::inventory::json_text::{Json, Token};
use crate::inventory::terraform::principals::shape::{SHAPES, Shape, What};
use crate::inventory::terraform::surroundings::Code;
use crate::inventory::terraform::syntax_tree::{
    Attribute, Block, Expression, Node as Syntax, Step,
};
use crate::inventory::terraform::value::Placed;
use crate::parser::SourceId;

/// An address without the keys of instances: `module.a["x"].` is `module.a.`.
pub(super) fn without_keys(address: &str) -> String {
    let mut plain = String::new();
    let (mut is_key, mut is_text, mut is_escaped) = (false, false, false);
    for c in address.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_text => is_escaped = true,
            '"' if is_key => is_text = !is_text,
            ']' if is_key && !is_text => is_key = false,
            '[' if !is_key => is_key = true,
            _ if is_key => {}
            c => plain.push(c),
        }
    }
    plain
}

/// The principal that has a policy, whether the policy is its own, and the name or the ARN of the policy.
type Attached = (Kind, String, bool, String);

/// Policies that resources of their own attach, or attached before the plan.
#[derive(Default)]
pub(super) struct Managed {
    all: FxHashSet<Attached>,
}

impl Managed {
    /// The policies of the planned resources, and those that the plan deletes.
    pub(super) fn of(json: &Json, planned: &[Planned<'_>]) -> Self {
        let mut managed = Managed::default();
        for resource in planned {
            managed.add(&resource.kind, resource.values);
        }
        for (change, actions, before) in changes(json) {
            let kind = member(change, "type").and_then(word);
            if let Some(kind) = kind.filter(|_| actions.contains(&"delete")) {
                managed.add(kind, before);
            }
        }
        managed
    }

    fn add(&mut self, kind: &str, values: &Json) {
        let Some(shape) = shape(kind) else { return };
        self.all.extend(attached(shape, values));
    }

    /// Adds to the code what stays attached of an argument of a role that the code does not set.
    pub(super) fn stay(
        &self,
        role: &Planned<'_>,
        (argument, value, open): (&str, &Json, &Json),
        kind: &str,
        source: SourceId,
        code: &mut Code,
    ) {
        let own = shape(&role.kind).and_then(|of| member(role.values, of.name));
        let (Some(name), Some(shape)) = (own.and_then(word), shape(kind)) else {
            return;
        };
        let Some((target, of)) = shape.targets.first() else {
            return;
        };
        for (at, one) in elements(value).iter().enumerate() {
            let inline = shape.what == What::Inline;
            let key = if inline {
                member(one, shape.name)
            } else {
                Some(one)
            };
            let key = key.and_then(word).unwrap_or_default();
            let attached = (*of, name.to_owned(), inline, key.to_owned());
            if self.all.contains(&attached) {
                continue;
            }
            let open = elements(open).get(at).unwrap_or(one);
            let mut made = if inline {
                block("resource", one, open)
            } else {
                let mut made = block("resource", one, one);
                made.body.attributes.push(Attribute {
                    name: shape.content.to_owned(),
                    name_span: span(one),
                    value: expression(one, open),
                });
                made
            };
            made.body.attributes.push(Attribute {
                name: (*target).to_owned(),
                name_span: span(one),
                value: name_of(role),
            });
            let address = format!("{}.{argument}[\"{key}\"]", role.address);
            made.labels = vec![(kind.to_owned(), span(one)), (address.clone(), span(one))];
            let it: Block = made;
            let key = format!("{kind}.{address}");
            code.resources.insert(key, Rc::new(Placed { source, it }));
        }
    }
}

/// A reference to the name of a resource.
fn name_of(resource: &Planned<'_>) -> Expression {
    let steps = vec![
        Step::Attribute(resource.address.clone()),
        Step::Attribute("id".to_owned()),
    ];
    let base = Expression {
        node: Syntax::Name(resource.kind.clone()),
        span: resource.place,
    };
    Expression {
        node: Syntax::Traversal(Box::new(base), steps),
        span: resource.place,
    }
}

/// The policies and attachments that the plan forgets, of principals that it keeps.
pub(super) fn forgotten<'j>(json: &'j Json, planned: &[Planned<'j>]) -> Vec<Planned<'j>> {
    let principals: FxHashSet<(Kind, &str)> = { planned.iter() }
        .filter_map(|of| {
            let shape = shape(&of.kind)?;
            let What::Principal(kind) = shape.what else {
                return None;
            };
            Some((kind, member(of.values, shape.name).and_then(word)?))
        })
        .collect();
    let mut arns: FxHashSet<String> = FxHashSet::default();
    for of in planned {
        let all = { shape(&of.kind).into_iter() }.flat_map(|shape| attached(shape, of.values));
        arns.extend(all.map(|(_, _, _, key)| key));
    }
    let mut policies = Vec::new();
    let mut found = Vec::new();
    for (change, actions, before) in changes(json) {
        let text = |name: &str| member(change, name).and_then(word);
        let (Some(address), Some(kind)) = (text("address"), text("type")) else {
            continue;
        };
        let Some(shape) = shape(kind).filter(|_| actions == ["forget"]) else {
            continue;
        };
        let one = Planned {
            address: address.to_owned(),
            kind: kind.to_owned(),
            name: String::new(),
            module: String::new(),
            values: before,
            place: member(change, "address").map_or(span(change), span),
        };
        if shape.what == What::Managed {
            policies.push(one);
            continue;
        }
        let all = attached(shape, before);
        let is_kept = |(kind, name, ..): &Attached| principals.contains(&(*kind, name.as_str()));
        if all.iter().any(is_kept) {
            arns.extend(all.into_iter().map(|(_, _, _, key)| key));
            found.push(one);
        }
    }
    let is_attached = |of: &Planned<'_>| {
        let arn = member(of.values, "arn").and_then(word);
        arn.is_some_and(|arn| arns.contains(arn))
    };
    found.extend(policies.into_iter().filter(is_attached));
    found
}

/// Each change of a resource, its actions, and the values before it.
fn changes(json: &Json) -> impl Iterator<Item = (&Json, Vec<&str>, &Json)> {
    let all = member(json, "resource_changes").map(elements);
    all.unwrap_or_default().iter().filter_map(|of| {
        let change = member(of, "change")?;
        let actions = member(change, "actions").map(elements)?;
        let before = member(change, "before")?;
        if members(before).is_empty() {
            return None;
        }
        Some((of, actions.iter().filter_map(word).collect(), before))
    })
}

fn shape(kind: &str) -> Option<&'static Shape> {
    SHAPES.iter().find(|s| s.kind == kind)
}

/// What a resource attaches to which principals.
fn attached(shape: &Shape, values: &Json) -> Vec<Attached> {
    let key = match shape.what {
        What::Inline => shape.name,
        What::Attachment => shape.content,
        _ => return Vec::new(),
    };
    let texts = |name: &str| -> Vec<&str> {
        let value = member(values, name);
        match value.map(|v| &v.token) {
            Some(Token::Array(all)) => all.iter().filter_map(word).collect(),
            _ => value.and_then(word).into_iter().collect(),
        }
    };
    let mut all = Vec::new();
    for (argument, kind) in shape.targets {
        for name in texts(argument) {
            for key in texts(key) {
                let inline = shape.what == What::Inline;
                all.push((*kind, name.to_owned(), inline, key.to_owned()));
            }
        }
    }
    all
}
