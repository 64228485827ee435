//! Permissions that are allowed for certain and not required.

mod answers;
mod before;
mod beyond;
mod examples;
mod limits;
mod needs;
mod outcome;

pub use before::Before;
pub(super) use outcome::Outcome;

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::comparison::Comparison;
use super::statement::Prepared;
use crate::catalog::{self, AccessLevel};
use crate::finding::Witness;
use crate::matcher::ActionPattern;
use crate::matcher::search::Budget;
use crate::parser::Effect;
use crate::reference::{Rank, danger_of};
use answers::{Answers, Universes};
use examples::Examples;
use limits::Limits;
use needs::Naming;

/// Steps of the decision procedure for all of it. Past them the rest is not looked at, which is a note.
const STEPS_PER_RUN: u64 = 20_000_000;

/// Actions that all patterns together may stand for, each time they are met.
const MOST_VISITS: u64 = 1_000_000;

/// Actions that are listed for all patterns together; equal lists count once.
const MOST_LISTED: u64 = 80_000;

/// Why a grant goes too far.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ExcessKind {
    /// A pattern of actions allows some that nothing requires. The required ones that it allows on more than required
    /// come in an [`Excess`] of their own.
    Action,
    /// A required action is allowed on more than required.
    Resource,
    /// A single action that nothing requires.
    Unneeded,
}

/// Actions in AWS's spelling.
pub type Listed = Rc<[ListedAction]>;

/// One of the actions that a grant goes too far by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedAction {
    /// In AWS's spelling: `sqs:GetQueueUrl`.
    pub spelled: String,
    /// The access level of the action.
    pub access: AccessLevel,
    /// How dangerous it is.
    pub rank: Option<Rank>,
}

/// One string of one statement that grants more than is required.
#[derive(Clone, Debug)]
pub struct Excess {
    /// Why.
    pub kind: ExcessKind,
    /// Index into the granted statements.
    pub statement: usize,
    /// Index of the action string; `None` for `NotAction`.
    pub action: Option<usize>,
    /// Index of the resource string that the witness matches; `None` for `NotResource`.
    pub resource: Option<usize>,
    /// The actions that go too far. The same list where another grant goes too far by the same actions.
    pub actions: Listed,
    /// A request that is allowed and not required: the most dangerous one.
    pub witness: Witness,
    /// One for each danger that the actions of a pattern are, the worst first.
    pub examples: Vec<(Rank, Witness)>,
}

/// All excess, and the grants for which the limit was reached.
#[derive(Debug, Default)]
pub struct ExcessReport {
    /// In the order of the statements and their actions.
    pub found: Vec<Excess>,
    /// Statement and action string.
    pub undecided: Vec<(usize, Option<usize>)>,
    /// How many grants after the last undecided one were not looked at, because the limit on all of them was reached.
    pub unasked: usize,
}

impl ExcessReport {
    fn add(
        &mut self,
        kind: ExcessKind,
        (statement, action): (usize, Option<usize>),
        actions: Listed,
        examples: Examples,
    ) {
        let Some((witness, resource, examples)) = examples.all() else {
            return;
        };
        self.found.push(Excess {
            kind,
            statement,
            action,
            resource,
            actions,
            witness,
            examples,
        });
    }

    /// Notes a grant that is not looked at, because a limit on all of them is reached.
    fn leave_out(&mut self, statement: usize, action: Option<usize>) {
        if self.undecided.is_empty() {
            self.undecided.push((statement, action));
        } else {
            self.unasked += 1;
        }
    }
}

struct Search<'a> {
    comparison: &'a Comparison<'a>,
    naming: Naming<'a>,
    /// The Deny statements of the reference that hold for every request.
    denies: Vec<&'a Prepared>,
    /// Whether anything but its own statement bears on what a grant allows.
    has_limits: bool,
    limits: Rc<Limits<'a>>,
    budget: Budget,
    /// The last answer of [`Search::is_within`]: actions of one string mostly ask the same.
    last_within: Option<(*const Prepared, Vec<*const Prepared>, bool)>,
    /// What is left of [`MOST_VISITS`] and of [`MOST_LISTED`].
    visits: Budget,
    listed: Budget,
    /// By the places of the actions in the catalogue.
    lists: FxHashMap<Box<[*const u8]>, Listed>,
    universes: Universes<'a>,
    answers: Answers,
    /// Whether any request of an action is required, by its place in the catalogue.
    required: FxHashMap<*const u8, bool>,
    /// How dangerous an action is, by its place in the catalogue.
    ranks: FxHashMap<*const u8, Option<Rank>>,
}

/// Finds what the granted statements allow for certain beyond `needed`: the statements of the
/// reference, and of what is known to be missing from it.
pub fn excess<'a>(comparison: &'a Comparison<'a>, needed: &[&'a [Prepared]]) -> ExcessReport {
    excess_of(comparison, needed, comparison.granted.len(), None)
}

/// The excess of the first `own` statements. Statements that are the same in both readings are judged once.
pub fn excess_of<'a>(
    comparison: &'a Comparison<'a>,
    needed: &[&'a [Prepared]],
    own: usize,
    before: Option<Before<'_>>,
) -> ExcessReport {
    let before = before.filter(|before| before.is_complete() && before.limits_as(comparison));
    let denies = needed.iter().copied().flatten();
    let denies = denies.filter(|s| s.effect == Effect::Deny && s.conditions.is_empty());
    let mut search = Search {
        comparison,
        naming: needs::naming(comparison, needed),
        denies: denies.collect(),
        has_limits: comparison.layers.len() > 1
            || comparison.granted.iter().any(|s| s.effect == Effect::Deny),
        limits: Rc::new(Limits::new(comparison)),
        budget: Budget::steps(STEPS_PER_RUN),
        last_within: None,
        visits: Budget::steps(MOST_VISITS),
        listed: Budget::steps(MOST_LISTED),
        lists: FxHashMap::default(),
        universes: Universes::new(&comparison.scope.in_every_region()),
        answers: Answers::default(),
        required: FxHashMap::default(),
        ranks: FxHashMap::default(),
    };
    let mut report = ExcessReport::default();
    for (index, statement) in comparison.granted.iter().enumerate().take(own) {
        if statement.effect != Effect::Allow {
            continue;
        }
        if let Some(same) = before.and_then(|before| before.of(index, statement)) {
            report.found.extend(same.cloned());
            continue;
        }
        search.answers.clear();
        if statement.not_action {
            search.bounded_pattern(index, statement, None, &mut report);
            continue;
        }
        for (at, action) in statement.actions.iter().enumerate() {
            match &action.pattern {
                ActionPattern::Literal { service, name } => {
                    let known = comparison.known(service, name);
                    if let Some(known) = known {
                        search.bounded_literal(index, statement, at, known, &mut report);
                    }
                }
                _ => search.bounded_pattern(index, statement, Some(at), &mut report),
            }
        }
    }
    report
}

impl<'a> Search<'a> {
    /// Whether all that can be granted of an action is required.
    fn is_wanted_everywhere(&self, action: &catalog::Action<'a>) -> bool {
        self.denies.is_empty()
            && self
                .naming
                .get(&action.place())
                .is_some_and(|named| named.everywhere)
    }

    /// Looks at a single action until the limit on all grants is reached; then it only counts it.
    fn bounded_literal(
        &mut self,
        index: usize,
        statement: &Prepared,
        at: usize,
        action: catalog::Action<'a>,
        report: &mut ExcessReport,
    ) {
        if self.is_wanted_everywhere(&action) {
            return;
        }
        if self.budget.left() == 0 {
            report.leave_out(index, Some(at));
        } else {
            self.literal(index, statement, at, action, report);
        }
    }

    fn literal(
        &mut self,
        index: usize,
        statement: &Prepared,
        at: usize,
        action: catalog::Action<'a>,
        report: &mut ExcessReport,
    ) {
        let needs = self.needs(&action);
        match self.beyond(statement, action, &needs, true) {
            Outcome::Nothing | Outcome::Something(None) => {}
            Outcome::Undecided => report.undecided.push((index, Some(at))),
            Outcome::Something(Some(example)) => {
                let kind = if self.is_required(action, &needs) {
                    ExcessKind::Resource
                } else {
                    ExcessKind::Unneeded
                };
                let mut examples = Examples::default();
                examples.add(self.rank(&action), &action, &example);
                let actions = Rc::new([self.listed_action(&action)]);
                report.add(kind, (index, Some(at)), actions, examples);
            }
        }
    }

    /// How dangerous an action is.
    fn rank(&mut self, action: &catalog::Action<'_>) -> Option<Rank> {
        let find = || danger_of(action.service, action.name, action.access);
        *self.ranks.entry(action.place()).or_insert_with(find)
    }

    fn listed_action(&mut self, action: &catalog::Action<'_>) -> ListedAction {
        ListedAction {
            spelled: action.spelled(),
            access: action.access,
            rank: self.rank(action),
        }
    }

    /// Looks at a pattern of actions until a limit on all of them is reached; then it only counts the rest.
    fn bounded_pattern(
        &mut self,
        index: usize,
        statement: &Prepared,
        at: Option<usize>,
        report: &mut ExcessReport,
    ) {
        let budgets = [&self.budget, &self.visits, &self.listed];
        if budgets.iter().any(|b| b.left() == 0) {
            report.leave_out(index, at);
        } else {
            self.pattern(index, statement, at, report);
        }
    }

    fn pattern(
        &mut self,
        index: usize,
        statement: &Prepared,
        at: Option<usize>,
        report: &mut ExcessReport,
    ) {
        // ARNs of some services grant nothing in the others, and neither does a role that limits keep from them.
        let named = statement.services_of_resources();
        let limits = Rc::clone(&self.limits);
        let services = self.comparison.catalog.services();
        let services = services.filter(|s| {
            limits.may_allow(s.prefix()) && named.as_ref().is_none_or(|n| n.may_fit(*s))
        });
        let mut matched: Vec<catalog::Action<'a>> = Vec::new();
        let left = |service: &str, name: &str| {
            let applies = statement.applies(service, name);
            applies.is_some_and(|a| a.certain)
        };
        match at.map(|at| statement.actions.get(at)) {
            None => {
                for service in services {
                    if statement.distinguishes_actions_of(service.prefix()) {
                        matched.extend(service.actions().filter(|action| {
                            left(action.service, &action.name.to_ascii_lowercase())
                        }));
                    } else if left(service.prefix(), "") {
                        matched.extend(service.actions());
                    }
                }
            }
            Some(None) => return,
            Some(Some(action)) => match &action.pattern {
                // What AWS rejects is counted by its widest reading here: better narrow it now.
                ActionPattern::ContestedPrefix(pattern) => {
                    let is_matched = |a: &catalog::Action<'_>| {
                        pattern.matches_text(&a.spelled().to_ascii_lowercase())
                    };
                    matched.extend(services.flat_map(|s| s.actions()).filter(is_matched));
                }
                ActionPattern::Everything => matched.extend(services.flat_map(|s| s.actions())),
                pattern => self.comparison.each_match(pattern, |a| matched.push(a)),
            },
        }
        if !self.visits.pay(matched.len() as u64) {
            report.undecided.push((index, at));
            return;
        }
        let mut unneeded = Vec::new();
        let mut too_wide = Vec::new();
        let mut first = [Examples::default(), Examples::default()];
        let mut whole = limits.of(statement);
        for action in matched {
            if self.is_wanted_everywhere(&action) {
                continue;
            }
            let needs = self.needs(&action);
            let is_unnamed = needs.allows.is_empty();
            if !is_unnamed && action.has_resource_types() && self.is_within(statement, &needs) {
                continue;
            }
            let answer = is_unnamed.then(|| whole.answer(&action)).flatten();
            if answer == Some(false) {
                continue;
            }
            let rank = self.rank(&action);
            // An action that `whole` shows to be allowed needs no search, once there are enough witnesses.
            let is_example = first[0].is_empty() || first[0].wants(rank);
            if is_unnamed && !is_example {
                let goes_beyond = || whole.allows(&action, &mut self.universes);
                if answer.unwrap_or_else(goes_beyond) {
                    whole.keep(&action, true);
                    unneeded.push(action);
                    continue;
                }
            }
            let (list, examples) = if self.is_required(action, &needs) {
                (&mut too_wide, &mut first[1])
            } else {
                (&mut unneeded, &mut first[0])
            };
            let outcome = self.beyond(statement, action, &needs, examples.wants(rank));
            if is_unnamed {
                whole.keep(&action, matches!(outcome, Outcome::Something(_)));
            }
            match outcome {
                Outcome::Nothing => {}
                Outcome::Undecided => {
                    report.undecided.push((index, at));
                    return;
                }
                Outcome::Something(example) => {
                    list.push(action);
                    if let Some(example) = example {
                        examples.add(rank, &action, &example);
                    }
                }
            }
        }
        let [of_unneeded, of_too_wide] = first;
        for (kind, actions, examples) in [
            (ExcessKind::Action, unneeded, of_unneeded),
            (ExcessKind::Resource, too_wide, of_too_wide),
        ] {
            if actions.is_empty() {
                continue;
            }
            let Some(listed) = self.shared(&actions) else {
                report.undecided.push((index, at));
                return;
            };
            report.add(kind, (index, at), listed, examples);
        }
    }

    /// One list, shared by equal ones; none if the limit on all lists is reached.
    fn shared(&mut self, actions: &[catalog::Action<'_>]) -> Option<Listed> {
        let places: Box<[*const u8]> = actions.iter().map(catalog::Action::place).collect();
        if let Some(known) = self.lists.get(&places) {
            return Some(Rc::clone(known));
        }
        if !self.listed.pay(actions.len() as u64) {
            return None;
        }
        let list = actions.iter().map(|action| self.listed_action(action));
        let list: Listed = list.collect();
        self.lists.insert(places, Rc::clone(&list));
        Some(list)
    }
}
