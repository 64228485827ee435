//! Actions that a statement surely allows, by a look at the services of its resources and of what limits it.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::answers::Universes;
use crate::catalog::{self, ArnShape, Catalog, TypesKey};
use crate::diff::comparison::{Comparison, Layer};
use crate::diff::statement::Prepared;
use crate::matcher::ActionPattern;
use crate::parser::Effect;

/// The statements that limit the grants of the role.
pub(super) struct Limits<'a> {
    catalog: &'a Catalog,
    layers: &'a [Layer<'a>],
    /// Whether each layer that limits the role allows everything by one statement.
    are_open: bool,
    services: RefCell<FxHashMap<&'a str, Rc<Limited<'a>>>>,
}

/// The statements that limit what the role can do in one service.
struct Limited<'a> {
    service: &'a str,
    shapes: Vec<ArnShape<'a>>,
    /// The Deny statements that may deny one of its actions.
    denies: Vec<&'a Prepared>,
    /// Whether none of the statements distinguishes its actions, by strings or by a Condition.
    are_alike: bool,
}

impl<'a> Limits<'a> {
    pub(super) fn new(comparison: &'a Comparison<'a>) -> Self {
        let is_open = |s: &Prepared| {
            let mut actions = s.actions.iter();
            allows_whole(s)
                && s.is_on_everything()
                && !s.not_action
                && actions.any(|a| a.pattern == ActionPattern::Everything)
        };
        let mut outer = comparison.layers.iter().skip(1);
        Limits {
            catalog: comparison.catalog,
            layers: &comparison.layers,
            are_open: outer.all(|layer| {
                let mut everywhere = layer.everywhere.iter();
                everywhere.any(|at| layer.statements.get(*at).is_some_and(is_open))
            }),
            services: RefCell::default(),
        }
    }

    /// A look at the actions of one Allow statement.
    pub(super) fn of<'s>(&'s self, statement: &'s Prepared) -> Whole<'s, 'a> {
        Whole {
            limits: self,
            statement,
            is_open: self.are_open && allows_whole(statement),
            is_on_star: statement.is_on_star(),
            is_on_everything: statement.is_on_everything(),
            of_service: None,
            granted: FxHashMap::default(),
            looks: FxHashMap::default(),
            answers: FxHashMap::default(),
        }
    }

    /// Whether each layer that limits the role has an Allow statement that may allow an action of a service.
    pub(super) fn may_allow(&self, service: &str) -> bool {
        self.layers.iter().skip(1).all(|layer| {
            let mut statements = layer.of_service(service);
            statements.any(|s| s.effect == Effect::Allow)
        })
    }

    fn limited(&self, service: &'a str) -> Rc<Limited<'a>> {
        let find = || {
            let of = self.catalog.service(service);
            let shapes = of.map(|service| service.arn_shapes()).unwrap_or_default();
            let layers = self.layers.iter().enumerate();
            let statements = layers.flat_map(|(at, layer)| {
                let statements = layer.of_service(service);
                statements.filter(move |s| at > 0 || s.effect == Effect::Deny)
            });
            let are_alike =
                |s: &Prepared| s.conditions.is_empty() && !s.distinguishes_actions_of(service);
            let (mut denies, mut all_alike) = (Vec::new(), true);
            for statement in statements {
                all_alike &= are_alike(statement);
                denies.extend((statement.effect == Effect::Deny).then_some(statement));
            }
            Rc::new(Limited {
                service,
                shapes,
                denies,
                are_alike: all_alike,
            })
        };
        let mut services = self.services.borrow_mut();
        Rc::clone(services.entry(service).or_insert_with(find))
    }
}

impl Limited<'_> {
    /// Whether some string of a statement may match the ARN of a resource of the service. False is certain, true is not.
    fn reached_by(&self, statement: &Prepared) -> bool {
        { self.shapes.iter() }.any(|shape| may_reach(statement, *shape))
    }

    /// Whether a Deny takes every request of the service, if the actions are alike for it.
    fn is_taken_by(&self, deny: &Prepared) -> bool {
        let is_everywhere = if deny.not_resource {
            deny.is_on_star() && !self.reached_by(deny)
        } else {
            deny.is_on_everything()
        };
        is_everywhere && !deny.may_be_void
    }
}

/// Whether a statement allows what it lists for certain.
fn allows_whole(statement: &Prepared) -> bool {
    statement.effect == Effect::Allow && statement.conditions.is_empty() && !statement.may_be_void
}

/// Whether some string of a statement may match an ARN of a shape. False is certain, true is not.
fn may_reach(statement: &Prepared, shape: ArnShape<'_>) -> bool {
    let mut resources = statement.resources.iter();
    resources.any(|resource| resource.may_be_of(shape).contains(&true))
}

/// A look at the actions of one Allow statement, one after another.
pub(super) struct Whole<'s, 'a> {
    limits: &'s Limits<'a>,
    statement: &'s Prepared,
    /// Whether nothing but Deny statements bears on what the statement allows.
    is_open: bool,
    is_on_star: bool,
    is_on_everything: bool,
    /// The service of the last action: actions come service by service.
    of_service: Option<Rc<OfService<'a>>>,
    /// By the resource types of an action. For each type that the statement allows in full: the Deny statements that
    /// may apply to it.
    granted: FxHashMap<TypesKey<'a>, Rc<[Denies<'a>]>>,
    /// The same for one type, by the service of the actions.
    looks: FxHashMap<(&'a str, ArnShape<'a>), Option<Denies<'a>>>,
    /// Whether the statement grants more than is required of an action that nothing requires, by its resource types.
    answers: FxHashMap<TypesKey<'a>, bool>,
}

/// A look at all actions of a service.
struct OfService<'a> {
    service: &'a str,
    limited: Rc<Limited<'a>>,
    /// The Deny statements that may be on some resource of one of its types, if the statement is on all of them.
    bearing: Option<Vec<&'a Prepared>>,
    /// Whether the actions that nothing requires get the same answer if they have the same resource types.
    are_alike: bool,
    /// Whether the statement grants more than is required of each of them, where all get the same answer.
    answer: Option<bool>,
}

/// The Deny statements that may apply to some resource of a type.
type Denies<'a> = Rc<[&'a Prepared]>;

impl<'a> Whole<'_, 'a> {
    /// Whether the statement allows every request on one of the resource types of an action, or the one on `*` of an
    /// action without them. True is certain, false is not.
    pub(super) fn allows(
        &mut self,
        action: &catalog::Action<'a>,
        universes: &mut Universes<'a>,
    ) -> bool {
        // A statement on some resources of a type is not on all of them.
        let is_typed = action.has_resource_types();
        let may_allow = if is_typed {
            self.is_on_everything || self.statement.not_resource
        } else {
            self.is_on_star
        };
        if !self.is_open || !may_allow {
            return false;
        }
        let of_service = self.of_service(action.service);
        let denies = &of_service.limited.denies;
        if denies.is_empty() && !self.statement.not_resource {
            return true;
        }
        let name = action.name.to_ascii_lowercase();
        let is_denied = |deny: &Prepared| deny.applies(action.service, &name).is_some();
        if !is_typed {
            let mut denies = denies.iter().filter(|deny| deny.is_on_star());
            return !denies.any(|deny| is_denied(deny));
        }
        let bearing = of_service.bearing.as_ref();
        if bearing.is_some_and(|denies| !denies.iter().any(|deny| is_denied(deny))) {
            return true;
        }
        let key = action.types_key();
        let granted = if let Some(known) = self.granted.get(&key) {
            Rc::clone(known)
        } else {
            let kinds = universes.kinds(action);
            let shapes = kinds.iter().filter_map(|kind| universes.shape(*kind));
            let granted = shapes.filter_map(|shape| self.look(action.service, shape));
            let granted: Rc<[_]> = granted.collect();
            self.granted.insert(key, Rc::clone(&granted));
            granted
        };
        granted
            .iter()
            .any(|denies| !denies.iter().any(|deny| is_denied(deny)))
    }

    /// Whether the statement grants more than is required of an action that nothing requires, where that is known of
    /// another one.
    pub(super) fn answer(&mut self, action: &catalog::Action<'a>) -> Option<bool> {
        let of_service = self.of_service(action.service);
        if !of_service.are_alike {
            return None;
        }
        let known = || self.answers.get(&action.types_key()).copied();
        of_service.answer.or_else(known)
    }

    /// Keeps that answer for others.
    pub(super) fn keep(&mut self, action: &catalog::Action<'a>, goes_beyond: bool) {
        let of_service = self.of_service(action.service);
        if of_service.are_alike && of_service.answer.is_none() {
            self.answers.insert(action.types_key(), goes_beyond);
        }
    }

    fn of_service(&mut self, service: &'a str) -> Rc<OfService<'a>> {
        if let Some(last) = &self.of_service
            && last.service == service
        {
            return Rc::clone(last);
        }
        let statement = self.statement;
        let limited = self.limits.limited(service);
        let is_on_all = self.is_on_everything || !limited.reached_by(statement);
        let denies = limited.denies.iter().copied();
        let bearing = denies.filter(|deny| deny.not_resource || limited.reached_by(deny));
        let bearing = is_on_all.then(|| bearing.collect());
        let are_alike = limited.are_alike && statement.conditions.is_empty();
        let of_service = Rc::new(OfService {
            service,
            answer: are_alike
                .then(|| self.answer_of_all(&limited, is_on_all))
                .flatten(),
            limited,
            bearing,
            are_alike,
        });
        self.of_service = Some(Rc::clone(&of_service));
        of_service
    }

    /// The answer for all actions of a service that are alike.
    fn answer_of_all(&self, limited: &Limited<'a>, is_on_all: bool) -> Option<bool> {
        let denies =
            { limited.denies.iter() }.filter(|deny| deny.applies(limited.service, "").is_some());
        if denies.clone().any(|deny| limited.is_taken_by(deny)) {
            return Some(false);
        }
        let is_on_none = |deny: &&Prepared| {
            !deny.not_resource && !deny.is_on_star() && !limited.reached_by(deny)
        };
        let is_whole = self.is_open && is_on_all && self.is_on_star;
        (is_whole && denies.copied().all(|deny| is_on_none(&deny))).then_some(true)
    }

    /// The Deny statements that may be on some resource and deny an action of a service, if the statement is on all of
    /// them.
    fn look(&mut self, service: &'a str, shape: ArnShape<'a>) -> Option<Denies<'a>> {
        let (statement, limits) = (self.statement, self.limits);
        let find = || {
            let is_granted = statement.is_on_everything()
                || statement.not_resource && !may_reach(statement, shape);
            let limited = limits.limited(service);
            let denies = limited.denies.iter().copied();
            let bearing = denies.filter(|d| d.not_resource || may_reach(d, shape));
            is_granted.then(|| bearing.collect())
        };
        self.looks
            .entry((service, shape))
            .or_insert_with(find)
            .clone()
    }
}
