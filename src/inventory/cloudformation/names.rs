//! The names by which a template can name its own principals and policies, however a value spells them.

use super::evaluate::Template;
use crate::inventory::names::{Key, OPEN, mark, may_be};
use crate::inventory::{Node as Made, Piece, Value};
use crate::parser::{Hole, Span};

/// What `Ref` of a resource gives.
struct Name {
    logical: String,
    kind: String,
    key: Key,
    /// Whether CloudFormation makes it, so that no value from outside of the template can be it.
    is_made: bool,
}

/// A place at which a list names a principal.
pub(super) enum Target {
    /// The logical id of a resource of the template.
    Here(String),
    /// Any of these, or none of the template.
    Maybe(Vec<String>),
    /// Another one, as it is written.
    Elsewhere(String),
}

/// The names of the principals and the managed policies of a template.
pub(super) struct Names {
    all: Vec<Name>,
}

impl Names {
    /// Works the names out.
    pub(super) fn of<'n>(
        template: &mut Template<'_>,
        resources: impl Iterator<Item = (&'n str, &'n str)>,
    ) -> Self {
        let mut all = Vec::new();
        for (logical, kind) in resources {
            let property = match kind {
                "AWS::IAM::Role" => "RoleName",
                "AWS::IAM::User" => "UserName",
                "AWS::IAM::Group" => "GroupName",
                "AWS::IAM::ManagedPolicy" => "ManagedPolicyName",
                _ => continue,
            };
            let is_made = template.property(logical, property).is_none();
            let span = template.resource(logical).map(|r| r.span);
            let value = template.reference(logical, span.unwrap_or_default());
            if let Some(key) = key(&value) {
                all.push(Name {
                    logical: logical.to_owned(),
                    kind: kind.to_owned(),
                    key,
                    is_made,
                });
            }
        }
        // A role that SAM makes counts as the resource that it is for.
        for (role, of) in template.made_roles.clone() {
            let value = template.reference(&role, Span::default());
            all.extend(key(&value).map(|key| Name {
                logical: of,
                kind: "AWS::IAM::Role".to_owned(),
                key,
                is_made: true,
            }));
        }
        template.problems.clear();
        template.taken.clear();
        Names { all }
    }

    /// The names of groups and managed policies: what the lists of a principal may refer to.
    pub(super) fn of_policies_and_groups(&self) -> Vec<(String, String)> {
        let kinds = ["AWS::IAM::ManagedPolicy", "AWS::IAM::Group"];
        let own = { self.all.iter() }.filter(|n| kinds.contains(&n.kind.as_str()));
        own.map(|n| (n.logical.clone(), n.key.clone())).collect()
    }

    /// The managed policy of the template whose ARN a value is.
    pub(super) fn policy(&self, value: &Value) -> Option<&str> {
        let arn = key(value)?;
        let mut policies = { self.all.iter() }.filter(|n| n.kind == "AWS::IAM::ManagedPolicy");
        let found = policies.find(|name| is_same_policy(&name.key, &arn));
        found.map(|name| name.logical.as_str())
    }

    /// Whether a condition that is not known decides a part of an ARN that may be one of a policy of the template.
    pub(super) fn may_be_policy(&self, template: &Template<'_>, value: &Value) -> bool {
        let mut is_open = false;
        value.each_hole(&mut |hole| {
            let hole = template.holes.get(hole);
            is_open |= hole.is_some_and(|h| h.name.starts_with("condition "));
        });
        is_open && { self.all.iter() }.any(|n| n.kind == "AWS::IAM::ManagedPolicy")
    }

    /// The principals of a kind that a value which is not a list names.
    pub(super) fn principals(
        &self,
        template: &Template<'_>,
        value: &Value,
        kind: &str,
    ) -> Vec<Target> {
        let Some(text) = key(value) else {
            return Vec::new();
        };
        let of_kind = || self.all.iter().filter(move |name| name.kind == kind);
        let same: Vec<Target> = of_kind()
            .filter(|name| name.key == text)
            .map(|name| Target::Here(name.logical.clone()))
            .collect();
        if !same.is_empty() {
            return same;
        }
        let mut is_from_outside = true;
        value.each_hole(&mut |hole| {
            let name = template.holes.get(hole).map(|h| h.name.clone());
            let name = name.unwrap_or_default();
            let is_parameter = template.parameter_names().any(|p| p == name);
            let is_outside = ["Fn::ImportValue", "resolve:", "AWS::"];
            is_from_outside &= is_parameter
                || template.from_parents.contains(&hole)
                || is_outside.iter().any(|o| name.starts_with(o));
        });
        let maybe: Vec<String> = of_kind()
            .filter(|name| !(name.is_made && is_from_outside) && may_be(&text, &name.key))
            .map(|name| name.logical.clone())
            .collect();
        if maybe.is_empty() {
            let pieces = value.pieces().unwrap_or_default();
            let written = pieces.iter().map(|piece| match piece {
                Piece::Hole { hole, .. } => template.holes.get(*hole).map(Hole::marker),
                piece => piece.text().map(str::to_owned),
            });
            vec![Target::Elsewhere(written.flatten().collect())]
        } else {
            vec![Target::Maybe(maybe)]
        }
    }
}

/// A text as a key; nothing where it is none.
fn key(value: &Value) -> Option<Key> {
    if value.node == Made::Absent {
        return None;
    }
    let pieces = value.pieces()?;
    let texts = pieces.iter().map(|piece| match piece {
        Piece::Hole { hole, .. } => mark(*hole),
        piece => piece.text().unwrap_or_default().to_owned(),
    });
    Some(texts.collect())
}

/// Whether two ARNs are of one policy. The account of the one may be written where that of the other is not known.
fn is_same_policy(own: &str, other: &str) -> bool {
    if own == other {
        return true;
    }
    let parts = |arn: &str| {
        let (head, tail) = arn.split_once(":policy/")?;
        let account = head.rsplit(':').next()?;
        let is_policy = arn.starts_with("arn:") && head.contains(":iam:");
        is_policy.then(|| (account.to_owned(), tail.to_owned()))
    };
    let (Some((account, tail)), Some((other_account, other_tail))) = (parts(own), parts(other))
    else {
        return false;
    };
    let is_known = |account: &str| !account.contains(OPEN);
    tail == other_tail
        && other_account != "aws"
        && (account == other_account || !is_known(&account) || !is_known(&other_account))
}
