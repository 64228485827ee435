//! Actions that a statement surely allows, by a look at the services of its resources and of what limits it.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::catalog::{self, TypesKey};
use crate::diff::comparison::Comparison;
use crate::diff::statement::Prepared;
use crate::matcher::{ActionPattern, Piece};
use crate::parser::Effect;

/// The statements that limit the grants of the role.
pub(super) struct Limits<'a> {
    denies: Vec<&'a Prepared>,
    /// Whether each layer that limits the role allows everything by one statement.
    are_open: bool,
}

impl<'a> Limits<'a> {
    pub(super) fn new(comparison: &Comparison<'a>) -> Self {
        let statements = comparison.layers.iter().flat_map(|l| l.statements);
        let is_open = |s: &Prepared| {
            let mut actions = s.actions.iter();
            allows_whole(s)
                && s.is_on_everything()
                && !s.not_action
                && actions.any(|a| a.pattern == ActionPattern::Everything)
        };
        let mut outer = comparison.layers.iter().skip(1);
        Limits {
            denies: statements.filter(|s| s.effect == Effect::Deny).collect(),
            are_open: outer.all(|layer| {
                let mut everywhere = layer.everywhere.iter();
                everywhere.any(|at| layer.statements.get(*at).is_some_and(is_open))
            }),
        }
    }

    /// A look at the actions of one Allow statement.
    pub(super) fn of<'s>(&'s self, statement: &'s Prepared) -> Whole<'s, 'a> {
        Whole {
            limits: self,
            statement,
            granted: FxHashMap::default(),
            looks: FxHashMap::default(),
        }
    }
}

/// Whether a statement allows what it lists for certain.
fn allows_whole(statement: &Prepared) -> bool {
    statement.effect == Effect::Allow && statement.conditions.is_empty() && !statement.may_be_void
}

/// A resource type, as far as a look needs it: the service in its ARNs, and how many colons these have.
type Look<'a> = (&'a str, usize);

/// Whether some string of a statement may match the ARN of a resource. Yes is no proof.
fn may_reach(statement: &Prepared, (service, colons): Look<'_>) -> bool {
    let mut resources = statement.resources.iter();
    resources.any(|resource| {
        // Names without `:` leave a string with as many colons no fields but their own.
        let is_across = || {
            let pieces = resource.pattern.pieces().iter();
            let own = pieces.filter(|(piece, _)| *piece == Piece::Char(':'));
            resource.pattern.is_contested() && own.count() < colons && resource.may_reach(service)
        };
        resource.may_name(service) || is_across()
    })
}

/// A look at the actions of one Allow statement, one after another.
pub(super) struct Whole<'s, 'a> {
    limits: &'s Limits<'a>,
    statement: &'s Prepared,
    /// By resource types: the Deny statements that may be on some resource of a type, for each type of which the statement
    /// is on all.
    granted: FxHashMap<TypesKey<'a>, Rc<[Denies<'s>]>>,
    looks: FxHashMap<Look<'a>, Option<Denies<'s>>>,
}

/// The Deny statements that may be on some resource of a type.
type Denies<'s> = Rc<[&'s Prepared]>;

impl<'s, 'a> Whole<'s, 'a> {
    /// Whether the statement allows every request on one of the resource types of an action, or the one on `*` of an
    /// action without them. No is no proof.
    pub(super) fn allows(&mut self, action: &catalog::Action<'a>) -> bool {
        if !self.limits.are_open || !allows_whole(self.statement) {
            return false;
        }
        let is_denied = |deny: &Prepared| {
            let name = action.name.to_ascii_lowercase();
            deny.applies(action.service, &name).is_some()
        };
        if !action.has_resource_types() {
            let denies = self.limits.denies.iter();
            let mut denies = denies.filter(|deny| deny.is_on_star());
            return self.statement.is_on_star() && !denies.any(|deny| is_denied(deny));
        }
        let key = action.types_key();
        let granted = if let Some(known) = self.granted.get(&key) {
            Rc::clone(known)
        } else {
            let looks = action.resource_types().filter_map(|kind| {
                let colons = kind.arn.matches(':').count() + kind.suffix.matches(':').count();
                Some((kind.service()?, colons))
            });
            let granted: Rc<[_]> = looks.filter_map(|look| self.look(look)).collect();
            self.granted.insert(key, Rc::clone(&granted));
            granted
        };
        granted
            .iter()
            .any(|denies| !denies.iter().any(|deny| is_denied(deny)))
    }

    /// The Deny statements that may be on some resource, if the statement is on all of them.
    fn look(&mut self, look: Look<'a>) -> Option<Denies<'s>> {
        let (statement, limits) = (self.statement, self.limits);
        let find = || {
            let is_granted = statement.is_on_everything()
                || statement.not_resource && !may_reach(statement, look);
            let denies = limits.denies.iter().copied();
            let bearing = denies.filter(|d| d.not_resource || may_reach(d, look));
            is_granted.then(|| bearing.collect())
        };
        self.looks.entry(look).or_insert_with(find).clone()
    }
}
