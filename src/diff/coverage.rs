//! What is missing: one row per requirement, with its verdict and a request that shows it.

use std::cell::RefCell;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Row;
use super::judgement::{self, Judgement, TypeOutcome};
use super::scope::{Scope, Universe};
use super::statement::{Action, Applies, Prepared};
use crate::catalog::{self, Catalog, ResourceType};
use crate::finding::Witness;
use crate::matcher::ActionPattern;
use crate::matcher::action::wildcard_matches;
use crate::matcher::search::Budget;
use crate::matcher::template::Placeholders;
use crate::parser::Effect;
use crate::reference;

/// Steps of the decision procedure for one requirement on one resource type.
const STEPS_PER_QUESTION: u64 = 20_000_000;
/// Steps for a whole comparison.
const STEPS_PER_RUN: u64 = 200_000_000;

/// The customer's side of a comparison and what is known around it.
pub struct Comparison<'a> {
    /// AWS's services.
    pub catalog: &'a Catalog,
    /// The statements of all policies of the role.
    pub granted: &'a [Prepared],
    /// Where the cluster runs.
    pub scope: Scope,
    /// Names of placeholders, for witnesses.
    pub placeholders: &'a Placeholders,
    by_service: FxHashMap<&'a str, Vec<usize>>,
    everywhere: Vec<usize>,
    known: RefCell<Known<'a>>,
    universes: RefCell<Universes<'a>>,
}

/// The services asked for, and their actions asked for, both by names in lower case.
type Known<'a> = FxHashMap<String, KnownService<'a>>;

struct KnownService<'a> {
    service: Option<catalog::Service<'a>>,
    actions: FxHashMap<String, Option<catalog::Action<'a>>>,
}

/// By service, name and ARN format of the type.
type Universes<'a> = FxHashMap<(String, &'a str, &'a str), Rc<[Universe]>>;

/// A row and what the lints need beside it.
#[derive(Clone, Debug)]
pub struct Requirement {
    /// The row as reported.
    pub row: Row,
    /// True when the reference declares the action with a wildcard or by `NotAction`.
    pub from_wildcard: bool,
    judged: Rc<Judgement>,
}

impl Requirement {
    /// The resource types it touches.
    pub fn types(&self) -> &[TypeOutcome] {
        &self.judged.types
    }

    /// True when every gap lies in types that a call may do without.
    pub fn gap_is_optional(&self) -> bool {
        let mut gaps = self.types().iter().filter(|t| t.gap).peekable();
        gaps.peek().is_some() && gaps.all(|t| !t.needed)
    }
}

/// The judging of one reference, statement by statement.
struct Run<'r, 'a> {
    comparison: &'r Comparison<'a>,
    denies: Vec<&'r Prepared>,
    budget: Budget,
    rows: Vec<Requirement>,
    /// What is judged already of the statement at hand: actions with the same resource types that
    /// the same statements match fare alike.
    judged: FxHashMap<Alike<'a>, Rc<Judgement>>,
}

/// What the judgement of an action depends on, for one statement of the reference.
#[derive(PartialEq, Eq, Hash)]
struct Alike<'a> {
    service: String,
    types: Option<&'a str>,
    needed: &'static [&'static str],
    applies: Vec<(*const Prepared, bool)>,
}

/// An action by name, with what the catalogue knows of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'n, 'a> {
    pub(super) service: &'n str,
    pub(super) name: &'n str,
    pub(super) known: Option<catalog::Action<'a>>,
}

impl<'a> Comparison<'a> {
    /// Lays out a comparison.
    pub fn new(
        catalog: &'a Catalog,
        granted: &'a [Prepared],
        scope: Scope,
        placeholders: &'a Placeholders,
    ) -> Self {
        let mut by_service: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
        let mut everywhere = Vec::new();
        for (i, statement) in granted.iter().enumerate() {
            if statement.not_action {
                everywhere.push(i);
                continue;
            }
            for action in &statement.actions {
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
        Comparison {
            catalog,
            granted,
            scope,
            placeholders,
            by_service,
            everywhere,
            known: RefCell::default(),
            universes: RefCell::default(),
        }
    }

    /// What the catalogue knows of an action (in lower case); each is looked up once.
    pub fn known(&self, service: &str, name: &str) -> Option<catalog::Action<'a>> {
        let mut known = self.known.borrow_mut();
        if !known.contains_key(service) {
            let asked = KnownService {
                service: self.catalog.service(service),
                actions: FxHashMap::default(),
            };
            known.insert(service.to_owned(), asked);
        }
        let asked = known.get_mut(service)?;
        if let Some(found) = asked.actions.get(name) {
            return *found;
        }
        let found = asked.service.and_then(|s| s.action(name));
        asked.actions.insert(name.to_owned(), found);
        found
    }

    /// The ARNs of a resource type in the scope, and those in whose names no `:` occurs; made once.
    pub(super) fn universes(&self, service: &str, kind: &ResourceType<'a>) -> Rc<[Universe]> {
        let mut universes = self.universes.borrow_mut();
        let key = (service.to_owned(), kind.name, kind.arn);
        let make = || {
            self.scope
                .universes(service, kind)
                .into_iter()
                .map(Universe::of(kind))
                .collect()
        };
        Rc::clone(universes.entry(key).or_insert_with(make))
    }

    /// The customer's statements that match an action (in lower case).
    pub(super) fn applying(&self, service: &str, name: &str) -> Vec<Applies<'a>> {
        let here = self.by_service.get(service).map_or(&[][..], Vec::as_slice);
        let elsewhere = self.everywhere.iter().filter(|i| !here.contains(i));
        here.iter()
            .chain(elsewhere)
            .filter_map(|i| self.granted.get(*i)?.applies(service, name))
            .collect()
    }

    /// Judges every requirement of a reference, in its order.
    pub fn coverage(&self, required: &[Prepared]) -> Vec<Requirement> {
        let denies = required.iter().filter(|s| s.effect == Effect::Deny);
        let mut run = Run {
            comparison: self,
            denies: denies.collect(),
            budget: Budget::steps(STEPS_PER_RUN),
            rows: Vec::new(),
            judged: FxHashMap::default(),
        };
        for statement in required.iter().filter(|s| s.effect == Effect::Allow) {
            run.judged.clear();
            if statement.not_action {
                run.not_action(statement);
                continue;
            }
            for action in &statement.actions {
                run.action(statement, action);
            }
        }
        run.rows
    }

    /// Calls `visit` for every action of the catalogue that a pattern matches for certain.
    pub(super) fn each_match(
        &self,
        pattern: &ActionPattern,
        mut visit: impl FnMut(catalog::Action<'a>),
    ) {
        match pattern {
            ActionPattern::Everything => {
                for service in self.catalog.services() {
                    service.actions().for_each(&mut visit);
                }
            }
            ActionPattern::Wildcard {
                service,
                name,
                prefix,
            } => {
                if let Some(service) = self.catalog.service(service) {
                    for action in service.actions_with_prefix(prefix) {
                        if wildcard_matches(name, prefix, &action.name.to_ascii_lowercase()) {
                            visit(action);
                        }
                    }
                }
            }
            ActionPattern::Literal { service, name } => {
                if let Some(action) = self.known(service, name) {
                    visit(action);
                }
            }
            ActionPattern::ContestedPrefix(_) | ActionPattern::Nothing => {}
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

impl<'a> Run<'_, 'a> {
    fn action(&mut self, statement: &Prepared, action: &Action) {
        match &action.pattern {
            ActionPattern::Literal { service, name } => {
                let known = self.comparison.known(service, name);
                let named = Named {
                    service,
                    name,
                    known,
                };
                let row = self.row(statement, named, &action.text, false);
                self.rows.push(row);
            }
            pattern => self.comparison.each_match(pattern, |known| {
                self.expanded(statement, known, &action.text);
            }),
        }
    }

    fn not_action(&mut self, statement: &Prepared) {
        let everything: Arc<str> = Arc::from("*");
        for service in self.comparison.catalog.services() {
            for known in service.actions() {
                let name = known.name.to_ascii_lowercase();
                if statement.applies(known.service, &name).is_some() {
                    self.expanded(statement, known, &everything);
                }
            }
        }
    }

    /// Adds the row of an action that a wildcard stands for, if it requires anything there.
    fn expanded(
        &mut self,
        statement: &Prepared,
        known: catalog::Action<'a>,
        declared_as: &Arc<str>,
    ) {
        let name = known.name.to_ascii_lowercase();
        let named = Named {
            service: known.service,
            name: &name,
            known: Some(known),
        };
        let row = self.row(statement, named, declared_as, true);
        if !row.row.vacuous {
            self.rows.push(row);
        }
    }

    fn row(
        &mut self,
        statement: &Prepared,
        named: Named<'_, 'a>,
        declared_as: &Arc<str>,
        from_wildcard: bool,
    ) -> Requirement {
        let applies = self.comparison.applying(named.service, named.name);
        let judged = self.judgement(statement, named, &applies);
        let spelled = match named.known {
            Some(known) => known.spelled(),
            None => declared_as.to_string(),
        };
        let places = |list: &[usize]| -> Vec<_> {
            let applies = list.iter().filter_map(|i| applies.get(*i));
            applies.map(Applies::place).collect()
        };
        Requirement {
            row: Row {
                statement: statement.index,
                sid: statement.sid.clone(),
                declared_as: Arc::clone(declared_as),
                resources: Arc::clone(&judged.resources),
                verdict: judged.verdict,
                vacuous: judged.vacuous,
                witness: judged.witness.as_ref().map(|resource| Witness {
                    action: spelled.clone(),
                    resource: resource.clone(),
                }),
                action: spelled,
                allowed_by: places(&judged.allowed_by),
                denied_by: places(&judged.denied_by),
            },
            from_wildcard,
            judged,
        }
    }

    fn judgement(
        &mut self,
        statement: &Prepared,
        named: Named<'_, 'a>,
        applies: &[Applies<'_>],
    ) -> Rc<Judgement> {
        let denies = self.denies.iter();
        let denies: Vec<Applies<'_>> = denies
            .filter_map(|s| s.applies(named.service, named.name))
            .collect();
        let needed = reference::needed_types(named.service, named.name);
        let side = applies.iter().chain(&denies);
        let alike = Alike {
            service: named.service.to_owned(),
            types: named.known.map(|action| action.types()),
            needed,
            applies: side
                .map(|a| (ptr::from_ref(a.statement), a.certain))
                .collect(),
        };
        if let Some(judged) = self.judged.get(&alike) {
            return Rc::clone(judged);
        }
        let judged = Rc::new(judgement::judge(
            self.comparison,
            statement,
            &denies,
            named,
            applies,
            &mut self.budget,
        ));
        self.judged.insert(alike, Rc::clone(&judged));
        judged
    }
}
