//! The groups of users, which are resources of their own.

use std::rc::Rc;

use super::evaluate::Machine;
use super::names::{Named, Names, Target};
use super::value::Instance;
use crate::inventory::Kind;
use crate::parser::{Problem, shorten};

/// The types of resources, with their arguments for users and for groups.
const TYPES: [(&str, &str, &str); 3] = [
    ("aws_iam_user_group_membership", "user", "groups"),
    ("aws_iam_group_membership", "users", "group"),
    ("awscc_iam_user_to_group_addition", "users", "group_name"),
];

/// Users and the groups that they are in.
pub(super) struct Membership {
    pub(super) instance: Rc<Instance>,
    users: Vec<Named>,
    pub(super) groups: Vec<Named>,
}

/// A user and a membership.
pub(super) enum Match {
    No,
    /// With the hole that decides.
    Yes(Option<usize>),
    Maybe,
}

impl Membership {
    /// Whether resources of a type are memberships.
    pub(super) fn is_type(kind: &str) -> bool {
        TYPES.iter().any(|(own, ..)| *own == kind)
    }

    pub(super) fn of(machine: &mut Machine<'_>, instance: &Rc<Instance>, names: &Names) -> Self {
        let mut sides = [Vec::new(), Vec::new()];
        let path = machine.choices_of(instance);
        let facts = machine.facts_of(instance, &[]);
        if let Some((_, users, groups)) = TYPES.iter().find(|(k, ..)| *k == instance.kind()) {
            // Whether it is there decides which users it is about; of its groups that is known.
            let kinds = [
                (users, Kind::User, (path.as_slice(), &[][..])),
                (groups, Kind::Group, (&[][..], facts.as_slice())),
            ];
            for (side, (argument, kind, given)) in sides.iter_mut().zip(kinds) {
                if let Some(value) = machine.argument(instance, argument) {
                    *side = names.find(machine, &value, kind, given);
                }
            }
        }
        let [users, groups] = sides;
        Membership {
            instance: Rc::clone(instance),
            users,
            groups,
        }
    }

    /// The groups of a user that its own block names (`awscc_iam_user`).
    pub(super) fn own(machine: &mut Machine<'_>, user: &Rc<Instance>, names: &Names) -> Vec<Named> {
        let own = machine
            .argument(user, "groups")
            .filter(|_| user.kind().starts_with("awscc"));
        let facts = machine.facts_of(user, &[]);
        let found = own.map(|value| names.find(machine, &value, Kind::Group, (&[], &facts)));
        found.unwrap_or_default()
    }

    /// Whether it is of a user.
    pub(super) fn is_of(&self, user: &Target) -> Match {
        if let Some(found) = self.users.iter().find(|u| u.target == *user) {
            return Match::Yes(found.optional);
        }
        let is_it = |u: &Named| match user {
            Target::Here(address) => u.maybe.contains(address),
            Target::Elsewhere(_) => false,
        };
        if self.users.iter().any(is_it) {
            Match::Maybe
        } else {
            Match::No
        }
    }
}

/// A user or a group that is not known by name.
pub(super) fn doubtful(from: &Instance, what: &str) -> Problem {
    let message = format!(
        "`{}` {what}: a name in it is not known",
        shorten(&from.address)
    );
    Problem::unresolved("group", message, from.name_span()).with_help(
        "refer to the resource (`aws_iam_group.NAME.name`), or give the variable a value: --parameter",
    )
}
