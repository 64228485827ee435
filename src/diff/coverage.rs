//! Missing permissions: one row per requirement, with its verdict and a request that shows it.

mod row;
mod situation;

use std::mem;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::comparison::{Comparison, Named};
use super::context::{self, Stated, Target};
use super::judgement::{self, Case, Judgement};
use super::memo;
use super::statement::{Action, Applies, Prepared};
use super::{Places, Row};
use crate::catalog::{self};
use crate::finding::Witness;
use crate::matcher::ActionPattern;
use crate::matcher::condition::Truth;
use crate::matcher::search::Budget;
use crate::parser::Effect;
use crate::reference::{self, Standing};
pub use row::Requirement;

/// Steps for one requirement, on all of its resource types.
const STEPS_PER_ROW: u64 = 8_000_000;
/// Steps for a whole comparison.
const STEPS_PER_RUN: u64 = 50_000_000;
/// Steps for one requirement once those for the whole comparison are used up: a hard one leaves the others enough.
const STEPS_AT_LEAST: u64 = 100_000;

/// The judging of one reference, statement by statement.
struct Run<'r, 'a> {
    comparison: &'r Comparison<'a>,
    denies: Vec<&'r Prepared>,
    budget: Budget,
    rows: Vec<Requirement>,
    /// The open parts of the Condition of the current statement.
    cases: Vec<Stated>,
    /// Earlier judgements of the current statement: actions for which the key and [`Alike`] are equal have the same.
    judged: FxHashMap<JudgedBy<'a>, Vec<(Alike, Rc<Judgement>)>>,
    /// The judgements of `"Resource": "*"` on both sides, by how many statements match.
    everywhere: Vec<Rc<Judgement>>,
    /// The statements that match the action at hand. Reused, to save an allocation.
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

impl<'a> Comparison<'a> {
    /// Judges every requirement of a reference, in its order.
    pub fn coverage(&self, required: &[Prepared]) -> Vec<Requirement> {
        let mut run = self.run(required);
        for statement in required.iter().filter(|s| s.effect == Effect::Allow) {
            run.start(statement);
            if statement.not_action {
                run.not_action(statement);
                continue;
            }
            for action in statement.actions.iter() {
                run.action(statement, action);
            }
        }
        run.rows
    }

    /// Judges the requirements whose actions are spelled out, in their order.
    pub fn coverage_of_literals(&self, required: &[Prepared]) -> Vec<Requirement> {
        let mut run = self.run(required);
        let allows = required.iter().filter(|s| s.effect == Effect::Allow);
        for statement in allows.filter(|s| !s.not_action) {
            run.start(statement);
            for action in statement.actions.iter().filter(|a| a.is_literal()) {
                run.action(statement, action);
            }
        }
        run.rows
    }

    /// Judges the actions without wildcard of the statements that `counts` accepts, until `visit` returns false. Returns
    /// whether it never did.
    pub fn each_literal(
        &self,
        required: &[Prepared],
        counts: impl Fn(&Prepared) -> bool,
        mut visit: impl FnMut(&Row) -> bool,
    ) -> bool {
        let mut run = self.run(required);
        let allows = required.iter().filter(|s| s.effect == Effect::Allow);
        let mut listed = allows.filter(|s| !s.not_action && counts(s));
        listed.all(|statement| {
            run.start(statement);
            statement.actions.iter().all(|action| {
                if action.is_literal() {
                    run.action(statement, action);
                }
                run.rows
                    .drain(..)
                    .all(|requirement| visit(&requirement.row))
            })
        })
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
}

impl<'a> Run<'_, 'a> {
    /// Turns to a statement of the reference.
    fn start(&mut self, statement: &Prepared) {
        self.judged.clear();
        self.everywhere.clear();
        self.cases = context::cases(&statement.conditions);
    }

    /// Whether a statement requires any request: asks for one action after another, until one does.
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
                && self.row(statement, named, &everything, true).is_some()
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
                self.rows.extend(row);
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
        self.rows.extend(row);
        self.name = name;
    }

    /// The row of an action; none where a wildcard stands for it and nothing is required there.
    fn row(
        &mut self,
        statement: &Prepared,
        named: Named<'_, 'a>,
        declared_as: &Arc<str>,
        from_wildcard: bool,
    ) -> Option<Requirement> {
        let mut applies = mem::take(&mut self.applies);
        applies.clear();
        self.comparison
            .add_applying(named.service, named.name, &mut applies);
        // If the lines of the Condition exclude each other, no request satisfies them, so nothing is required.
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
        if from_wildcard && judged.vacuous {
            self.applies = applies;
            return None;
        }
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
        Some(requirement)
    }

    fn layers(&self) -> usize {
        self.comparison.layers.len()
    }

    /// The judgement of `"Resource": "*"` on both sides, which depends only on the number of statements.
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
        let context = self.comparison.context;
        // Statements without a Condition hold for every action.
        let simple = applies.iter().all(|a| a.statement.conditions.is_empty());
        let of_action =
            || context.cases_of(&stated, &statement.contexts, named.service, named.name);
        let of_action = if simple { None } else { of_action() };
        let of_action = of_action.as_deref().unwrap_or(&stated);
        let cases = || truths(self.comparison, of_action, statement, named, applies);
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
            // Do not keep a judgement that ran out of steps: with more steps it could differ.
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
