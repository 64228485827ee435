//! The policies that are checked, and what is known around them.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::context::{Context, OfPrincipal, Situation, Target};
use super::scope::{Scope, Universe, Universes};
use super::statement::{Applies, Prepared};
use crate::catalog::{self, Catalog, ResourceType};
use crate::matcher::ActionPattern;
use crate::matcher::action::is_only_prefix;
use crate::matcher::condition::KeyValue;
use crate::matcher::search::Budget;
use crate::matcher::template::Placeholders;
use crate::parser::{Effect, SourceId};

/// Steps of the decision procedure for one question about grants.
const STEPS_PER_QUESTION: u64 = 8_000_000;

/// The kind of a layer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LayerKind {
    /// The policies of the role together.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// The service control policies of one level: root, organizational unit, account.
    Scp,
}

/// The policies that count in a comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum View {
    /// Policies that AWS stores, and the Deny statements of those that it rejects, because they will apply once
    /// repaired.
    Stored,
    /// All of them, as they will be once those that AWS rejects are repaired.
    Repaired,
}

/// Statements that allow and deny together. A request needs an Allow in each layer.
pub struct Layer<'a> {
    /// The kind of the layer.
    pub kind: LayerKind,
    /// The files of the layer; those of the role's policies are not listed.
    pub sources: Vec<SourceId>,
    /// The statements of the layer.
    pub statements: &'a [Prepared],
    pub(super) by_service: FxHashMap<&'a str, Vec<usize>>,
    pub(super) everywhere: Vec<usize>,
}

/// The policies that are checked, and what is known around them.
pub struct Comparison<'a> {
    /// AWS's services.
    pub catalog: &'a Catalog,
    /// The statements of all policies of the role.
    pub granted: &'a [Prepared],
    /// The role's policies first, then what limits them.
    pub layers: Vec<Layer<'a>>,
    /// The context that all requests share.
    pub context: &'a Context,
    /// The location of the cluster.
    pub scope: Scope,
    /// Names of placeholders, for witnesses.
    pub placeholders: &'a Placeholders,
    pub(super) known: RefCell<Known<'a>>,
    of_principal: OfPrincipal,
    last_service: RefCell<LastService<'a>>,
    pub(super) universes: Rc<Universes>,
    pub(super) number: OnceCell<u64>,
}

/// The service of the last action that was asked for: actions mostly come service by service.
#[derive(Default)]
struct LastService<'a> {
    name: String,
    /// The statements that may match its actions, once a second action is asked for.
    statements: Option<Vec<OfService<'a>>>,
}

/// A statement that may match actions of a service.
struct OfService<'a> {
    layer: usize,
    statement: &'a Prepared,
    strings: Option<Vec<usize>>,
}

impl<'a> LastService<'a> {
    fn fill(&mut self, layers: &[Layer<'a>]) -> &[OfService<'a>] {
        let service = &self.name;
        self.statements.get_or_insert_with(|| {
            let mut all = Vec::new();
            for (at, layer) in layers.iter().enumerate() {
                all.extend(layer.of_service(service).map(|statement| OfService {
                    layer: at,
                    statement,
                    strings: statement.strings_of(service),
                }));
            }
            all
        })
    }
}

/// The services asked for, by their names.
type Known<'a> = FxHashMap<String, Option<catalog::Service<'a>>>;

/// An action by name, with what the catalogue knows of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'n, 'a> {
    pub(super) service: &'n str,
    pub(super) name: &'n str,
    pub(super) known: Option<catalog::Action<'a>>,
}

impl<'a> Layer<'a> {
    pub(super) fn new(
        kind: LayerKind,
        sources: Vec<SourceId>,
        statements: &'a [Prepared],
        view: View,
    ) -> Self {
        let mut by_service: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
        let mut everywhere = Vec::new();
        for (i, statement) in statements.iter().enumerate() {
            if view == View::Stored && statement.is_rejected && statement.effect == Effect::Allow {
                continue;
            }
            if statement.not_action {
                everywhere.push(i);
                continue;
            }
            for action in statement.actions.iter() {
                match &action.pattern {
                    ActionPattern::Literal { service, .. }
                    | ActionPattern::Wildcard { service, .. } => {
                        let list = by_service.entry(service.as_str()).or_default();
                        if list.last() != Some(&i) {
                            list.push(i);
                        }
                    }
                    ActionPattern::Everything | ActionPattern::ContestedPrefix(_) => {
                        if everywhere.last() != Some(&i) {
                            everywhere.push(i);
                        }
                    }
                    ActionPattern::Nothing => {}
                }
            }
        }
        Layer {
            kind,
            sources,
            statements,
            by_service,
            everywhere,
        }
    }

    /// The statements that may match an action of a service: those that name it first.
    pub(super) fn of_service(&self, service: &str) -> impl Iterator<Item = &'a Prepared> {
        let here = self.by_service.get(service).map_or(&[][..], Vec::as_slice);
        let elsewhere = self.everywhere.iter();
        let elsewhere = elsewhere.filter(|i| here.binary_search(i).is_err());
        let all = here.iter().chain(elsewhere);
        all.filter_map(|i| self.statements.get(*i))
    }
}

impl<'a> Comparison<'a> {
    /// Lays out a comparison. `limits` are the permissions boundary and the levels of SCPs.
    pub fn new(
        catalog: &'a Catalog,
        granted: &'a [Prepared],
        limits: impl IntoIterator<Item = (LayerKind, Vec<SourceId>, &'a [Prepared])>,
        context: &'a Context,
        scope: Scope,
        placeholders: &'a Placeholders,
        view: View,
    ) -> Self {
        let limits = limits.into_iter();
        let limits = limits.map(|(kind, sources, s)| Layer::new(kind, sources, s, view));
        let identity = Layer::new(LayerKind::Identity, Vec::new(), granted, view);
        Comparison {
            catalog,
            granted,
            layers: [identity].into_iter().chain(limits).collect(),
            context,
            universes: Universes::of(&scope),
            scope,
            placeholders,
            known: RefCell::default(),
            of_principal: OfPrincipal::default(),
            last_service: RefCell::default(),
            number: OnceCell::new(),
        }
    }

    /// The service with this prefix, in any case; each is looked up once for each way of writing it.
    pub fn service(&self, prefix: &str) -> Option<catalog::Service<'a>> {
        let mut known = self.known.borrow_mut();
        let asked = known.get(prefix).copied();
        asked.unwrap_or_else(|| {
            let found = self.catalog.service(prefix);
            known.insert(prefix.to_owned(), found);
            found
        })
    }

    /// The catalogue's entry of an action.
    pub fn known(&self, service: &str, name: &str) -> Option<catalog::Action<'a>> {
        self.service(service)?.action(name)
    }

    /// The ARNs of a resource type in the scope, and those in whose names no `:` occurs; made once.
    pub(crate) fn universes(&self, service: &str, kind: &ResourceType<'_>) -> Rc<[Universe]> {
        self.universes.get(service, kind)
    }

    /// The statements of all layers that match an action (in lower case).
    pub(crate) fn applying(&self, service: &str, name: &str) -> Vec<Applies<'a>> {
        let mut applying = Vec::new();
        self.add_applying(service, name, &mut applying);
        applying
    }

    pub(super) fn add_applying(&self, service: &str, name: &str, applying: &mut Vec<Applies<'a>>) {
        let mut last = self.last_service.borrow_mut();
        if last.name == service {
            for of_service in last.fill(&self.layers) {
                let OfService {
                    layer,
                    statement,
                    strings,
                } = of_service;
                let applies = match strings {
                    Some(strings) => statement.applies_by_one_of(strings, service, name),
                    None => statement.applies(service, name),
                };
                applying.extend(applies.map(|applies| Applies {
                    layer: *layer,
                    ..applies
                }));
            }
            return;
        }
        last.statements = None;
        last.name.clear();
        last.name.push_str(service);
        for (at, layer) in self.layers.iter().enumerate() {
            for statement in layer.of_service(service) {
                if let Some(applies) = statement.applies(service, name) {
                    applying.push(Applies {
                        layer: at,
                        ..applies
                    });
                }
            }
        }
    }

    /// The strings of all layers that may allow an action that a pattern matches; of `NotAction`, the statement.
    pub(crate) fn may_allow(
        &self,
        pattern: &ActionPattern,
    ) -> impl Iterator<Item = (*const Prepared, Option<usize>)> {
        let statements = self.layers.iter().flat_map(|layer| layer.statements);
        let allows = statements.filter(|s| s.effect == Effect::Allow);
        allows.flat_map(move |statement| {
            let listed = statement.actions.iter().enumerate();
            let meets = listed.filter(|(_, action)| action.pattern.may_meet(pattern));
            let meets = meets
                .map(|(at, _)| Some(at))
                .filter(|_| !statement.not_action);
            let rest = statement.not_action.then_some(None);
            let at = std::ptr::from_ref(statement);
            meets.chain(rest).map(move |string| (at, string))
        })
    }

    /// The known context of requests for an action, unless `stated` and the resource say more.
    pub(super) fn situation<'s>(
        &'s self,
        named: Named<'s, 's>,
        stated: &'s [(String, KeyValue)],
        target: Target<'s>,
    ) -> Situation<'s> {
        Situation {
            context: self.context,
            of_principal: &self.of_principal,
            scope: &self.scope,
            stated,
            service: named.service,
            name: named.name,
            known: named.known,
            target,
            catalog: self.catalog,
        }
    }

    /// Calls `visit` for every action of the catalogue that a pattern matches for certain.
    pub(crate) fn each_match(
        &self,
        pattern: &ActionPattern,
        mut visit: impl FnMut(catalog::Action<'a>),
    ) {
        self.any_match(pattern, |action| {
            visit(action);
            false
        });
    }

    /// The same, until `visit` says yes. Returns whether it said yes.
    pub(super) fn any_match(
        &self,
        pattern: &ActionPattern,
        mut visit: impl FnMut(catalog::Action<'a>) -> bool,
    ) -> bool {
        match pattern {
            ActionPattern::Everything => {
                let mut services = self.catalog.services();
                services.any(|service| service.actions().any(&mut visit))
            }
            ActionPattern::Wildcard {
                service,
                name,
                prefix,
            } => self.service(service).is_some_and(|service| {
                let all = is_only_prefix(name, prefix);
                service.actions_with_prefix(prefix).any(|action| {
                    (all || name.matches_text(&action.name.to_ascii_lowercase())) && visit(action)
                })
            }),
            ActionPattern::Literal { service, name } => {
                self.known(service, name).is_some_and(visit)
            }
            ActionPattern::ContestedPrefix(_) | ActionPattern::Nothing => false,
        }
    }

    /// One question's share of the budget for the whole comparison.
    pub(super) fn spend<T>(budget: &mut Budget, ask: impl FnOnce(&mut Budget) -> T) -> T {
        let before = budget.share(STEPS_PER_QUESTION);
        let mut share = before.clone();
        let answer = ask(&mut share);
        budget.settle(before.left(), &share);
        answer
    }
}
