//! The roles, users and groups of a module by their names, and which of them a value names.

use std::rc::Rc;

use super::condition_parts::Fact;
use super::evaluate::Machine;
use super::presence::Step;
use super::value::Instance;
use super::value::{Node, Piece, Place, Value};
use crate::inventory::Kind;
use crate::inventory::names::{CLOSE, Key, OPEN, mark, may_be};
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
    /// Its possible values, each with whether it may be any text.
    alternatives: Vec<(Key, bool)>,
    /// The conditions that hold where the principal exists.
    facts: Vec<Fact>,
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
        // The provider makes one.
        let made = || mark(usize::MAX - self.all.len());
        let (key, alternatives) = match given {
            Some(value) => {
                let mut all = Vec::new();
                for (one, _) in machine.paths(value.clone(), &[], &mut |_, _| false) {
                    all.push(key(machine, &one));
                }
                (key(machine, &value).0, all)
            }
            None => (made(), vec![(made(), false)]),
        };
        self.all.push(Name {
            kind,
            address: instance.address.clone(),
            key,
            alternatives,
            facts: machine.facts_of(instance, &[]),
        });
    }

    /// The principals of a kind that a value names: a name, a list of names, or one of several. `path` has the choices by which the
    /// value is there, and `given` what is known beside the facts of each principal.
    pub(super) fn find(
        &self,
        machine: &mut Machine<'_>,
        value: &Value,
        kind: Kind,
        (path, given): (&[Step], &[Fact]),
    ) -> Vec<Named> {
        let of_kind = || self.all.iter().filter(|n| n.kind == kind);
        let mut is_name = |machine: &mut Machine<'_>, value: &Value| {
            let (key, _) = key(machine, value);
            of_kind().any(|n| n.key == key)
        };
        let mut found = Vec::new();
        for (value, path) in machine.paths(value.clone(), path, &mut is_name) {
            if path.is_empty() {
                require_name(machine, &value, kind);
            }
            let (key, is_open) = key(machine, &value);
            let subject = value.subject.as_ref().filter(|s| !s.is_data());
            let subject = subject.and_then(|s| of_kind().find(|n| n.address == s.address));
            let here: Vec<&Name> = match subject {
                Some(subject) => vec![subject],
                None => of_kind().filter(|n| n.key == key).collect(),
            };
            let named = |target, optional, maybe| Named {
                target,
                optional,
                maybe,
                place: value.place,
            };
            for name in &here {
                let facts = [name.facts.as_slice(), given].concat();
                let optional = machine.left_open(&path, &machine.conditions.follow(facts));
                let target = Target::Here(name.address.clone());
                found.push(named(target, optional, Vec::new()));
            }
            if here.is_empty() {
                let is_it = |n: &&Name| {
                    let mut all = n.alternatives.iter();
                    let is_one = n.alternatives.len() == 1;
                    all.any(|(own, own_is_open)| {
                        (is_open || *own_is_open || !is_one && *own == key) && may_be(own, &key)
                    })
                };
                let maybe = { of_kind().filter(is_it) }
                    .filter(|n| !machine.is_excluded(&path, &n.facts))
                    .map(|n| n.address.clone())
                    .collect();
                let shown = machine.shown(&value);
                let optional = path.last().map(|(hole, _)| *hole);
                found.push(named(Target::Elsewhere(shown), optional, maybe));
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
    if let Node::Choice(hole, of) = &value.node {
        // One of several is the same as one of the same several.
        let all = of.iter().map(|one| key(machine, one).0);
        let all: Vec<String> = all.collect();
        return (format!("{OPEN}{hole} {}{CLOSE}", all.join(" ")), true);
    }
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
