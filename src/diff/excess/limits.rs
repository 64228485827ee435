//! Actions that a statement surely allows, by a look at the services of its resources and of what limits it.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::catalog::{self, Catalog, TypesKey};
use crate::diff::comparison::{Comparison, Layer};
use crate::diff::statement::Prepared;
use crate::matcher::{ActionPattern, Piece};
use crate::parser::Effect;

/// The statements that limit the grants of the role.
pub(super) struct Limits<'a> {
    catalog: &'a Catalog,
    layers: &'a [Layer<'a>],
    /// Whether each layer that limits the role allows everything by one statement.
    are_open: bool,
    /// By the resource types of an action.
    looks: RefCell<FxHashMap<TypesKey<'a>, Rc<[Look<'a>]>>>,
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
            looks: RefCell::default(),
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
        }
    }

    /// Whether each layer that limits the role has an Allow statement that may allow an action of a service.
    pub(super) fn may_allow(&self, service: &str) -> bool {
        self.layers.iter().skip(1).all(|layer| {
            let mut statements = layer.of_service(service);
            statements.any(|s| s.effect == Effect::Allow)
        })
    }

    /// The resource types of an action.
    fn looks(&self, action: &catalog::Action<'a>) -> Rc<[Look<'a>]> {
        let mut known = self.looks.borrow_mut();
        let find = || {
            let looks = action.resource_types().filter_map(|kind| {
                let colons = kind.arn.matches(':').count() + kind.suffix.matches(':').count();
                Some((kind.service()?, colons))
            });
            looks.collect()
        };
        Rc::clone(known.entry(action.types_key()).or_insert_with(find))
    }

    /// The Deny statements that may deny an action of a service.
    fn denies(&self, service: &str) -> Vec<&'a Prepared> {
        let denies = { self.layers.iter() }.flat_map(|layer| layer.of_service(service));
        denies.filter(|s| s.effect == Effect::Deny).collect()
    }
}

/// Whether a statement allows what it lists for certain.
fn allows_whole(statement: &Prepared) -> bool {
    statement.effect == Effect::Allow && statement.conditions.is_empty() && !statement.may_be_void
}

/// A resource type, as far as a look needs it: the service in its ARNs, and how many colons these have.
type Look<'a> = (&'a str, usize);

/// Whether some string of a statement may match the ARN of a resource. False is certain, true is not.
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
    looks: FxHashMap<(&'a str, Look<'a>), Option<Denies<'a>>>,
}

/// A look at all actions of a service.
struct OfService<'a> {
    service: &'a str,
    /// The Deny statements that may deny one of them.
    denies: Vec<&'a Prepared>,
    /// The ones that may be on some resource of one of its types, if the statement is on all of them.
    bearing: Option<Vec<&'a Prepared>>,
}

/// The Deny statements that may apply to some resource of a type.
type Denies<'a> = Rc<[&'a Prepared]>;

impl<'a> Whole<'_, 'a> {
    /// Whether the statement allows every request on one of the resource types of an action, or the one on `*` of an
    /// action without them. True is certain, false is not.
    pub(super) fn allows(&mut self, action: &catalog::Action<'a>) -> bool {
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
        let denies = &of_service.denies;
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
            let looks = self.limits.looks(action);
            let granted = looks.iter();
            let granted = granted.filter_map(|look| self.look(action.service, *look));
            let granted: Rc<[_]> = granted.collect();
            self.granted.insert(key, Rc::clone(&granted));
            granted
        };
        granted
            .iter()
            .any(|denies| !denies.iter().any(|deny| is_denied(deny)))
    }

    fn of_service(&mut self, service: &'a str) -> Rc<OfService<'a>> {
        if let Some(last) = &self.of_service
            && last.service == service
        {
            return Rc::clone(last);
        }
        let denies = self.limits.denies(service);
        let types = self.limits.catalog.service(service);
        let types = types
            .into_iter()
            .flat_map(|service| service.resource_types());
        let mut named: Vec<Option<&str>> = types.map(|kind| kind.service()).collect();
        named.sort_unstable();
        named.dedup();
        // ARNs of a type may have more colons than its format.
        let reaches = |statement: &Prepared| {
            let mut named = named.iter();
            named.any(|named| named.is_none_or(|named| may_reach(statement, (named, usize::MAX))))
        };
        let is_on_all = self.is_on_everything || !reaches(self.statement);
        let bearing = denies.iter().copied();
        let bearing = bearing.filter(|deny| deny.not_resource || reaches(deny));
        let of_service = Rc::new(OfService {
            service,
            bearing: is_on_all.then(|| bearing.collect()),
            denies,
        });
        self.of_service = Some(Rc::clone(&of_service));
        of_service
    }

    /// The Deny statements that may be on some resource and deny an action of a service, if the statement is on all of
    /// them.
    fn look(&mut self, service: &'a str, look: Look<'a>) -> Option<Denies<'a>> {
        let (statement, limits) = (self.statement, self.limits);
        let find = || {
            let is_granted = statement.is_on_everything()
                || statement.not_resource && !may_reach(statement, look);
            let denies = limits.denies(service).into_iter();
            let bearing = denies.filter(|d| d.not_resource || may_reach(d, look));
            is_granted.then(|| bearing.collect())
        };
        self.looks
            .entry((service, look))
            .or_insert_with(find)
            .clone()
    }
}
