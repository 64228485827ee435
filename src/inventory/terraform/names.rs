//! The roles, users and groups of a module by their names, and which of them a value names.

use std::rc::Rc;

use super::evaluate::Machine;
use super::value::Instance;
use super::value::{Node, Piece, Place, Value};
use crate::inventory::Kind;
use crate::inventory::leaves::leaves;
use crate::inventory::names::{Key, mark, may_be};
use crate::parser::{HoleKind, shorten};

/// A principal that a policy or a membership names: by its address, or by what is written where it is not in the module.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Target {
    Here(String),
    Elsewhere(String),
}

/// A principal as a list names it.
pub(super) struct Named {
    pub(super) target: Target,
    /// The hole that decides whether it is in the list.
    pub(super) optional: Option<usize>,
    /// The addresses of the principals that it may be, where that is not known.
    pub(super) maybe: Vec<String>,
    pub(super) place: Place,
}

/// The name of a principal.
struct Name {
    kind: Kind,
    address: String,
    key: Key,
    /// Whether it may be any text.
    is_open: bool,
}

/// The names of the principals of the modules.
#[derive(Default)]
pub(super) struct Names {
    all: Vec<Name>,
}

impl Names {
    /// Adds a principal, by the value of its argument.
    pub(super) fn add(
        &mut self,
        machine: &mut Machine<'_>,
        kind: Kind,
        instance: &Rc<Instance>,
        argument: &str,
    ) {
        let given = machine.argument(instance, argument);
        let given = given.filter(|v| !matches!(v.node, Node::Null | Node::Absent));
        let (key, is_open) = match given {
            Some(value) => key(machine, &value),
            // The provider makes one.
            None => (mark(usize::MAX - self.all.len()), false),
        };
        self.all.push(Name {
            kind,
            address: instance.address.clone(),
            key,
            is_open,
        });
    }

    /// The principals of a kind that a value names: a name, a list of names, or one of several.
    pub(super) fn find(
        &self,
        machine: &mut Machine<'_>,
        value: &Value,
        kind: Kind,
        optional: Option<usize>,
    ) -> Vec<Named> {
        let mut found = Vec::new();
        for (value, optional) in leaves(value.clone(), optional) {
            if optional.is_none() {
                require_name(machine, &value, kind);
            }
            let subject = value.subject.as_ref().filter(|s| !s.is_data());
            let (key, is_open) = key(machine, &value);
            let of_kind = || self.all.iter().filter(|n| n.kind == kind);
            let here: Vec<String> = match subject {
                Some(subject) => vec![subject.address.clone()],
                None => { of_kind() }
                    .filter(|n| n.key == key)
                    .map(|n| n.address.clone())
                    .collect(),
            };
            let is_here = !here.is_empty();
            let named = |target, maybe| Named {
                target,
                optional,
                maybe,
                place: value.place,
            };
            found.extend(here.into_iter().map(|a| named(Target::Here(a), Vec::new())));
            if !is_here {
                let maybe = of_kind()
                    .filter(|n| (is_open || n.is_open) && may_be(&n.key, &key))
                    .map(|n| n.address.clone())
                    .collect();
                let shown = machine.shown(&value);
                found.push(named(Target::Elsewhere(shown), maybe));
            }
        }
        found
    }
}

/// Reports an ARN or a path in the place of a name, which AWS refuses. A plan does not say what becomes of a reference
/// in it.
///
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html>
pub(super) fn require_name(machine: &mut Machine<'_>, value: &Value, kind: Kind) {
    let Node::Text(pieces) = &value.node else {
        return;
    };
    let is_part = |text: &str| text.contains([':', '/']);
    let is_name = !pieces.iter().filter_map(Piece::text).any(is_part);
    if is_name || machine.is_plan && value.subject.is_some() {
        return;
    }
    let (shown, kind) = (machine.shown(value), kind.name());
    let message = format!("`{}` is not the name of a {kind}", shorten(&shown));
    let help = format!("write the name (`aws_iam_{kind}.NAME.name`): AWS refuses an ARN or a path");
    machine.unread(value.place, message, &help);
}

/// A text as a key, and whether it may be any text.
fn key(machine: &mut Machine<'_>, value: &Value) -> (Key, bool) {
    let text = machine.as_text(value, 0);
    let Node::Text(pieces) = &text.node else {
        return (String::new(), false);
    };
    let mut is_open = false;
    let parts = pieces.iter().map(|piece| match piece {
        Piece::Hole { hole, .. } => {
            let kind = machine.holes.get(*hole).map(|h| h.kind);
            is_open |= kind.is_some_and(|k| k >= HoleKind::Text);
            mark(*hole)
        }
        piece => piece.text().unwrap_or_default().to_owned(),
    });
    let key = parts.collect();
    (key, is_open)
}
