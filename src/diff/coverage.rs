//! Missing permissions: one row per requirement, with its verdict and a request that shows it.

use std::cell::{OnceCell, RefCell};
use std::mem;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::context::{self, Context, Situation, Stated, Target};
use super::judgement::{self, Case, Judgement, TypeOutcome};
use super::memo;
use super::scope::{Scope, Universe, Universes};
use super::statement::{Action, Applies, Conditions, Line, Prepared};
use super::{Places, Row};
use crate::catalog::{self, Catalog, ResourceType};
use crate::finding::Witness;
use crate::matcher::ActionPattern;
use crate::matcher::action::is_only_prefix;
use crate::matcher::condition::{KeyValue, Truth};
use crate::matcher::search::Budget;
use crate::matcher::template::Placeholders;
use crate::parser::{Effect, SourceId, Span};
use crate::reference::{self, Standing};

/// Steps of the decision procedure for one question about grants.
const STEPS_PER_QUESTION: u64 = 8_000_000;
/// Steps for one requirement, on all of its resource types.
const STEPS_PER_ROW: u64 = 8_000_000;
/// Steps for a whole comparison.
const STEPS_PER_RUN: u64 = 50_000_000;
/// Steps for one requirement once those for the whole comparison are used up: a hard one leaves the others enough.
const STEPS_AT_LEAST: u64 = 100_000;

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
    /// Policies that AWS stores. Of the others the Deny statements count, for what they do once they are repaired.
    Stored,
    /// All of them, as they will be once those that AWS refuses are repaired.
    Repaired,
}

/// Statements that allow and deny together. A request needs an Allow in each layer.
pub struct Layer<'a> {
    /// Its kind.
    pub kind: LayerKind,
    /// Its files; those of the role's policies are not listed.
    pub sources: Vec<SourceId>,
    /// Its statements.
    pub statements: &'a [Prepared],
    by_service: FxHashMap<&'a str, Vec<usize>>,
    everywhere: Vec<usize>,
}

/// The customer's side of a comparison and what is known around it.
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
    known: RefCell<Known<'a>>,
    universes: Rc<Universes>,
    number: OnceCell<memo::Number>,
}

/// The services asked for, by their names.
type Known<'a> = FxHashMap<String, Option<catalog::Service<'a>>>;

/// A row and what the lints need beside it.
#[derive(Clone, Debug)]
pub struct Requirement {
    /// The row as reported.
    pub row: Row,
    /// True when the reference declares the action with a wildcard or by `NotAction`.
    pub from_wildcard: bool,
    /// The position of the statement in the list that was judged.
    pub position: usize,
    /// How much a gap in it matters.
    pub standing: Standing,
    /// The statements whose Condition is not resolved for the request that shows the verdict.
    pub unresolved: Places,
    /// The statement that the verdict depends on, if a more generous reading of what AWS's pages leave
    /// open would cover the requirement.
    pub contested: Option<(SourceId, Span)>,
    judged: Rc<Judgement>,
}

impl Requirement {
    /// The layers, as indexes, in which nothing may allow the request that shows the verdict.
    pub fn refused_by(&self) -> &[usize] {
        &self.judged.refused_by
    }

    /// The condition keys of that request, if the requirement leaves several cases open.
    pub fn stated(&self) -> &[(String, KeyValue)] {
        &self.judged.stated
    }

    /// The resource types it touches.
    pub fn types(&self) -> &[TypeOutcome] {
        &self.judged.types
    }

    /// Types of which resources of other accounts, which may be shared with this one, are left out.
    pub fn foreign(&self) -> &[String] {
        &self.judged.foreign
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
    /// The open parts of the Condition of the current statement.
    cases: Vec<Stated>,
    /// Earlier judgements of the current statement: actions with the same resource types that
    /// the same statements match have the same verdict.
    judged: FxHashMap<JudgedBy<'a>, Vec<(Alike, Rc<Judgement>)>>,
    /// The judgements of `"Resource": "*"` on both sides, by how many statements match.
    everywhere: Vec<Rc<Judgement>>,
    /// The statements that match the action at hand, and its name in lower case. Kept for their memory.
    applies: Vec<Applies<'a>>,
    name: String,
    /// The places that were listed last: a wildcard stands for many rows with the same ones.
    places: Places,
}

/// The resource types of an action, and the first statement that matches it.
type JudgedBy<'a> = (Option<&'a str>, Option<*const Prepared>);

/// The inputs of the judgement of an action, for one statement of the reference, beside its resource types.
struct Alike {
    service: String,
    needed: &'static [&'static str],
    applies: Vec<(*const Prepared, bool)>,
    truths: Vec<Truth>,
}

/// An action by name, with what the catalogue knows of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'n, 'a> {
    pub(super) service: &'n str,
    pub(super) name: &'n str,
    pub(super) known: Option<catalog::Action<'a>>,
}

impl<'a> Layer<'a> {
    fn new(
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
        Layer {
            kind,
            sources,
            statements,
            by_service,
            everywhere,
        }
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
            number: OnceCell::new(),
        }
    }

    /// The number of its scope and its layers.
    pub(super) fn number(&self) -> memo::Number {
        let find = || memo::of_place(&self.scope, self.layers.len());
        *self.number.get_or_init(find)
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

    fn add_applying(&self, service: &str, name: &str, applying: &mut Vec<Applies<'a>>) {
        for (at, layer) in self.layers.iter().enumerate() {
            let here = layer.by_service.get(service).map_or(&[][..], Vec::as_slice);
            let elsewhere = layer.everywhere.iter();
            let elsewhere = elsewhere.filter(|i| here.binary_search(i).is_err());
            for i in here.iter().chain(elsewhere) {
                let statement = layer.statements.get(*i);
                if let Some(applies) = statement.and_then(|s| s.applies(service, name)) {
                    applying.push(Applies {
                        layer: at,
                        ..applies
                    });
                }
            }
        }
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
            scope: &self.scope,
            stated,
            service: named.service,
            name: named.name,
            known: named.known,
            target,
            catalog: self.catalog,
        }
    }

    /// The lines of a statement's Condition that are not known to hold for a requirement; `assumed` is the Condition of
    /// the requirement's own statement.
    pub fn open_lines<'s>(
        &self,
        requirement: &Requirement,
        statement: &'s Prepared,
        assumed: &Conditions,
    ) -> Vec<&'s Line> {
        let action = requirement.row.action.to_ascii_lowercase();
        let (service, name) = action.split_once(':').unwrap_or_default();
        let named = Named {
            service,
            name,
            known: self.known(service, name),
        };
        let situation = self.situation(named, requirement.stated(), Target::default());
        let lines = statement.conditions.lines.iter();
        lines
            .filter(|line| situation.line_holds(line, assumed) != Truth::True)
            .collect()
    }

    /// The known values of a condition key (folded) in the requests of a requirement.
    pub fn value_for(&self, requirement: &Requirement, key: &str) -> KeyValue {
        let action = requirement.row.action.to_ascii_lowercase();
        let (service, name) = action.split_once(':').unwrap_or_default();
        let named = Named {
            service,
            name,
            known: self.known(service, name),
        };
        let situation = self.situation(named, requirement.stated(), Target::default());
        situation.value(key).into_owned()
    }

    /// Judges every requirement of a reference, in its order.
    pub fn coverage(&self, required: &[Prepared]) -> Vec<Requirement> {
        let mut run = self.run(required);
        for statement in required.iter().filter(|s| s.effect == Effect::Allow) {
            run.start(statement);
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

    /// Whether a reference requires any request.
    pub fn requires_anything(&self, required: &[Prepared]) -> bool {
        let mut run = self.run(required);
        let mut allows = required.iter().filter(|s| s.effect == Effect::Allow);
        allows.any(|statement| {
            run.start(statement);
            run.requires_any(statement)
        })
    }

    fn run<'r>(&'r self, required: &'r [Prepared]) -> Run<'r, 'a> {
        let denies = required.iter().filter(|s| s.effect == Effect::Deny);
        let listed = required.iter().map(|s| s.actions.len());
        Run {
            comparison: self,
            denies: denies.collect(),
            budget: Budget::steps(STEPS_PER_RUN),
            // Wildcards stand for several actions; to grow costs more than room that is not used.
            rows: Vec::with_capacity(3 * listed.sum::<usize>()),
            cases: Vec::new(),
            judged: FxHashMap::default(),
            everywhere: Vec::new(),
            applies: Vec::new(),
            name: String::new(),
            places: Places::default(),
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

    /// The same, until `visit` says yes; whether it did.
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

impl<'a> Run<'_, 'a> {
    /// Turns to a statement of the reference.
    fn start(&mut self, statement: &Prepared) {
        self.judged.clear();
        self.everywhere.clear();
        self.cases = context::cases(&statement.conditions);
    }

    /// Whether a statement requires any request, asked until an action says so.
    fn requires_any(&mut self, statement: &Prepared) -> bool {
        let comparison = self.comparison;
        let everything: Arc<str> = Arc::from("*");
        let mut requires = |known: catalog::Action<'a>| {
            let name = known.name.to_ascii_lowercase();
            let named = Named {
                service: known.service,
                name: &name,
                known: Some(known),
            };
            statement.applies(known.service, &name).is_some()
                && !self.row(statement, named, &everything, true).row.vacuous
        };
        if statement.not_action {
            return comparison.any_match(&ActionPattern::Everything, requires);
        }
        statement
            .actions
            .iter()
            .any(|action| match &action.pattern {
                // Actions outside the catalogue may exist.
                ActionPattern::Literal { service, name }
                    if comparison.known(service, name).is_none() =>
                {
                    true
                }
                pattern => comparison.any_match(pattern, &mut requires),
            })
    }

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
        let mut name = mem::take(&mut self.name);
        name.clear();
        name.push_str(known.name);
        name.make_ascii_lowercase();
        let named = Named {
            service: known.service,
            name: &name,
            known: Some(known),
        };
        let row = self.row(statement, named, declared_as, true);
        if !row.row.vacuous {
            self.rows.push(row);
        }
        self.name = name;
    }

    fn row(
        &mut self,
        statement: &Prepared,
        named: Named<'_, 'a>,
        declared_as: &Arc<str>,
        from_wildcard: bool,
    ) -> Requirement {
        let mut applies = mem::take(&mut self.applies);
        applies.clear();
        self.comparison
            .add_applying(named.service, named.name, &mut applies);
        // No request can be as lines that exclude each other say.
        let is_free = reference::needs_no_permission(named.service, named.name)
            || statement
                .conditions
                .exclude_each_other(self.comparison.catalog);
        let judged = if is_free {
            Rc::new(Judgement::free(statement))
        } else if judgement::is_everywhere(statement, &self.denies, &applies, self.layers()) {
            self.everywhere(statement, &applies)
        } else {
            self.judgement(statement, named, &applies)
        };
        let spelled = match named.known {
            Some(known) => known.spelled(),
            None => declared_as.to_string(),
        };
        let mut places = |list: &[usize]| -> Places {
            let places = list.iter().filter_map(|i| applies.get(*i));
            let places = places.map(Applies::place);
            if list.is_empty() {
                Places::default()
            } else if self.places.iter().copied().eq(places.clone()) {
                Places::clone(&self.places)
            } else {
                self.places = places.collect();
                Places::clone(&self.places)
            }
        };
        let requirement = Requirement {
            row: Row {
                feature: None,
                open: false,
                statement: statement.index,
                sid: statement.sid.clone(),
                declared_as: Arc::clone(declared_as),
                resources: Arc::clone(&judged.resources),
                not_resource: statement.not_resource,
                verdict: judged.verdict,
                vacuous: judged.vacuous,
                witness: judged.witness.as_ref().map(|resource| Witness {
                    action: spelled.clone(),
                    resource: resource.clone(),
                }),
                action: spelled,
                allowed_by: places(&judged.allowed_by),
                denied_by: places(&judged.denied_by),
                depends: None,
            },
            from_wildcard,
            position: statement.position,
            standing: Standing::default(),
            unresolved: places(&judged.unresolved),
            contested: judged
                .contested
                .and_then(|i| applies.get(i))
                .map(Applies::place),
            judged,
        };
        self.applies = applies;
        requirement
    }

    fn layers(&self) -> usize {
        self.comparison.layers.len()
    }

    /// The judgement of `"Resource": "*"` on both sides, which hangs on nothing but the number of statements.
    fn everywhere(&mut self, statement: &Prepared, applies: &[Applies<'_>]) -> Rc<Judgement> {
        let mut known = self.everywhere.iter();
        if let Some(judged) = known.find(|j| j.allowed_by.len() == applies.len()) {
            return Rc::clone(judged);
        }
        let judged = Rc::new(Judgement::everywhere(statement, applies.len()));
        self.everywhere.push(Rc::clone(&judged));
        judged
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
        let stated = mem::take(&mut self.cases);
        let cases = || truths(self.comparison, &stated, statement, named, applies);
        // Statements without a Condition hold for every action.
        let simple = applies.iter().all(|a| a.statement.conditions.is_empty());
        let known = if simple { None } else { Some(cases()) };
        let side = || {
            let side = applies.iter().chain(&denies);
            side.map(|a| (ptr::from_ref(a.statement), a.certain))
        };
        let truths_of = || {
            let truths = known.iter().flatten().flat_map(Case::each);
            truths.flatten().copied()
        };
        let first = applies.first().map(|a| ptr::from_ref(a.statement));
        let key = (named.known.map(|action| action.types()), first);
        let alike = self.judged.get(&key).into_iter().flatten();
        let alike = { alike }.find(|(alike, _)| {
            alike.service == named.service
                && alike.needed == needed
                && alike.applies.iter().copied().eq(side())
                && alike.truths.iter().copied().eq(truths_of())
        });
        if let Some((_, judged)) = alike {
            let judged = Rc::clone(judged);
            drop(known);
            self.cases = stated;
            return judged;
        }
        let alike = Alike {
            service: named.service.to_owned(),
            needed,
            applies: side().collect(),
            truths: truths_of().collect(),
        };
        let cases = known.unwrap_or_else(cases);
        let before = Budget::steps(self.budget.left().clamp(STEPS_AT_LEAST, STEPS_PER_ROW));
        let mut budget = before.clone();
        let question = memo::question(
            self.comparison,
            statement,
            &denies,
            named,
            needed,
            applies,
            &cases,
        );
        let earlier = question.as_ref().and_then(|q| memo::judged(q, &mut budget));
        let judged = earlier.unwrap_or_else(|| {
            let judged = Rc::new(judgement::judge(
                self.comparison,
                statement,
                &denies,
                named,
                applies,
                &cases,
                &mut budget,
            ));
            // A judgement that used up the steps would be another one with more.
            if let Some(question) = question.filter(|_| budget.left() > 0) {
                memo::keep_judged(question, &judged, before.left() - budget.left());
            }
            judged
        });
        self.budget.settle(before.left(), &budget);
        drop(cases);
        self.cases = stated;
        let same = self.judged.entry(key).or_default();
        same.push((alike, Rc::clone(&judged)));
        judged
    }
}

/// The known results of the Conditions of the statements that apply, case by case; one case if they have none.
fn truths<'s>(
    comparison: &'s Comparison<'_>,
    cases: &'s [Stated],
    statement: &Prepared,
    named: Named<'_, '_>,
    applies: &[Applies<'_>],
) -> Vec<Case<'s>> {
    let simple = applies.iter().all(|a| a.statement.conditions.is_empty());
    let cases = cases.get(..1).filter(|_| simple).unwrap_or(cases).iter();
    let truths = |stated: &Stated, target: Target<'_>| -> Vec<Truth> {
        let situation = comparison.situation(named, stated, target);
        let holds = |a: &Applies<'_>| {
            let conditions = &a.statement.conditions;
            if conditions.is_empty() {
                Truth::True
            } else {
                situation.holds(conditions, &statement.conditions)
            }
        };
        applies.iter().map(holds).collect()
    };
    let by_type = named.known.filter(|a| !simple && a.has_keys_by_type());
    let mut all = Vec::with_capacity(cases.len());
    for stated in cases {
        let mut case = Case::new(stated);
        let kinds = by_type.iter().flat_map(catalog::Action::resource_types);
        for kind in [None].into_iter().chain(kinds.map(Some)) {
            let target = |own_account| Target { kind, own_account };
            case.add([false, true].map(|own_account| truths(stated, target(own_account))));
        }
        all.push(case);
    }
    all
}
