//! What is granted beyond need: allowed for certain, and not required.

use std::ptr;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::coverage::{Comparison, Named};
use super::decide::{self, Filter, Question, Sides, Stance};
use super::scope::{Scope, Universe};
use super::statement::{Conditions, Prepared, Resource};
use super::witness;
use crate::catalog::{self, AccessLevel};
use crate::finding::Witness;
use crate::matcher::condition::Truth;
use crate::matcher::search::Budget;
use crate::matcher::{ActionPattern, Pattern, Reading, Symbol, Variables};
use crate::parser::Effect;

/// Steps of the decision procedure for all of it.
const STEPS_PER_RUN: u64 = 50_000_000;

/// Actions that all patterns together may stand for, each time they are met.
const MOST_VISITS: u64 = 2_500_000;

/// Actions that are listed for all patterns together; equal lists count once.
const MOST_LISTED: u64 = 60_000;

/// Why a grant goes too far.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ExcessKind {
    /// A pattern of actions allows some that nothing requires.
    Action,
    /// A required action is allowed on more than required.
    Resource,
    /// A single action that nothing requires.
    Unneeded,
}

/// Actions in AWS's spelling, and their access levels.
pub type Listed = Rc<[(String, AccessLevel)]>;

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
    /// The actions that go too far, in AWS's spelling, and their access levels.
    /// The same list where another grant goes too far by the same actions.
    pub actions: Listed,
    /// A request that is allowed and not required.
    pub witness: Witness,
}

/// All excess, and the grants for which the bound was reached.
#[derive(Debug, Default)]
pub struct ExcessReport {
    /// In the order of the statements and their actions.
    pub found: Vec<Excess>,
    /// Statement and action string.
    pub undecided: Vec<(usize, Option<usize>)>,
    /// How many grants after the last undecided one were not looked at: the bound on all of them was reached.
    pub unasked: usize,
}

/// What one action of one statement grants beyond need.
enum Beyond {
    Nothing,
    /// A request, and the index of the resource string that grants it.
    Something(Witness, Option<usize>),
    Undecided,
}

/// The statements of the reference that name an action, by its service and AWS's spelling.
type Required<'a> = FxHashMap<(&'a str, &'a str), Vec<&'a Prepared>>;

struct Search<'a> {
    comparison: &'a Comparison<'a>,
    scope: Scope,
    required: Required<'a>,
    /// Whether anything but its own statement bears on what a grant allows.
    has_limits: bool,
    budget: Budget,
    /// The last answer of [`Search::within`]: actions of one string mostly ask the same.
    last_within: Option<(*const Prepared, Vec<*const Prepared>, bool)>,
    /// What is left of [`MOST_VISITS`] and of [`MOST_LISTED`].
    visits: Budget,
    listed: Budget,
    lists: FxHashSet<Listed>,
}

/// Finds what the granted statements allow for certain beyond `needed`: the statements of the
/// reference, and of what is known to lack in it.
pub fn excess<'a>(comparison: &'a Comparison<'a>, needed: &[&'a [Prepared]]) -> ExcessReport {
    let mut required: Required<'_> = FxHashMap::default();
    for statement in needed
        .iter()
        .copied()
        .flatten()
        .filter(|s| s.effect == Effect::Allow)
    {
        let mut add = |action: catalog::Action<'a>| {
            required
                .entry((action.service, action.name))
                .or_default()
                .push(statement);
        };
        if statement.not_action {
            comparison.each_match(&ActionPattern::Everything, |action| {
                if statement
                    .applies(action.service, &action.name.to_ascii_lowercase())
                    .is_some()
                {
                    add(action);
                }
            });
        }
        for action in statement.actions.iter().filter(|_| !statement.not_action) {
            comparison.each_match(&action.pattern, &mut add);
        }
    }
    let mut search = Search {
        comparison,
        scope: comparison.scope.in_every_region(),
        required,
        has_limits: comparison.layers.len() > 1
            || comparison.granted.iter().any(|s| s.effect == Effect::Deny),
        budget: Budget::steps(STEPS_PER_RUN),
        last_within: None,
        visits: Budget::steps(MOST_VISITS),
        listed: Budget::steps(MOST_LISTED),
        lists: FxHashSet::default(),
    };
    let mut report = ExcessReport::default();
    for (index, statement) in comparison.granted.iter().enumerate() {
        if statement.effect != Effect::Allow {
            continue;
        }
        if statement.not_action {
            search.bounded_pattern(index, statement, None, &mut report);
            continue;
        }
        for (at, action) in statement.actions.iter().enumerate() {
            match &action.pattern {
                ActionPattern::Literal { service, name } => {
                    let known = comparison.known(service, name);
                    if let Some(known) = known {
                        search.literal(index, statement, at, known, &mut report);
                    }
                }
                _ => search.bounded_pattern(index, statement, Some(at), &mut report),
            }
        }
    }
    report
}

impl<'a> Search<'a> {
    fn requiring(&self, action: &catalog::Action<'a>) -> &[&'a Prepared] {
        self.required
            .get(&(action.service, action.name))
            .map_or(&[], Vec::as_slice)
    }

    fn literal(
        &mut self,
        index: usize,
        statement: &Prepared,
        at: usize,
        action: catalog::Action<'a>,
        report: &mut ExcessReport,
    ) {
        let required = self.requiring(&action).to_vec();
        let kind = if required.is_empty() {
            ExcessKind::Unneeded
        } else {
            ExcessKind::Resource
        };
        match self.beyond(statement, action, &required) {
            Beyond::Nothing => {}
            Beyond::Undecided => report.undecided.push((index, Some(at))),
            Beyond::Something(witness, resource) => report.found.push(Excess {
                kind,
                statement: index,
                action: Some(at),
                resource,
                actions: Rc::new([(action.spelled(), action.access)]),
                witness,
            }),
        }
    }

    /// Looks at a pattern of actions while the bounds on all of them last; then the rest is counted.
    fn bounded_pattern(
        &mut self,
        index: usize,
        statement: &Prepared,
        at: Option<usize>,
        report: &mut ExcessReport,
    ) {
        if self.visits.left() == 0 || self.listed.left() == 0 {
            report.unasked += 1;
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
        let mut matched = Vec::new();
        match at {
            Some(at) => {
                let Some(action) = statement.actions.get(at) else {
                    return;
                };
                // What AWS rejects is counted by its widest reading here: better narrow it now.
                if let ActionPattern::ContestedPrefix(pattern) = &action.pattern {
                    self.comparison.each_match(&ActionPattern::Everything, |a| {
                        if pattern.matches_text(&a.spelled().to_ascii_lowercase()) {
                            matched.push(a);
                        }
                    });
                } else {
                    self.comparison
                        .each_match(&action.pattern, |a| matched.push(a));
                }
            }
            None => self.comparison.each_match(&ActionPattern::Everything, |a| {
                if statement
                    .applies(a.service, &a.name.to_ascii_lowercase())
                    .is_some_and(|m| m.certain)
                {
                    matched.push(a);
                }
            }),
        }
        if !self.visits.pay(matched.len() as u64) {
            report.undecided.push((index, at));
            return;
        }
        let mut unneeded = Vec::new();
        let mut too_wide = Vec::new();
        let mut first: [Option<(Witness, Option<usize>)>; 2] = [None, None];
        let unlimited = !self.has_limits
            && statement.conditions.is_empty()
            && !statement.not_resource
            && statement
                .resources
                .iter()
                .any(|r| r.pattern.is_everything());
        for action in matched {
            let required = self.requiring(&action).to_vec();
            let (list, slot) = if required.is_empty() {
                (&mut unneeded, &mut first[0])
            } else {
                (&mut too_wide, &mut first[1])
            };
            // With `"Resource": "*"` and no Deny every action takes effect; one witness will do.
            if required.is_empty() && unlimited && slot.is_some() {
                list.push((action.spelled(), action.access));
                continue;
            }
            match self.beyond(statement, action, &required) {
                Beyond::Nothing => {}
                Beyond::Undecided => {
                    report.undecided.push((index, at));
                    return;
                }
                Beyond::Something(witness, resource) => {
                    list.push((action.spelled(), action.access));
                    slot.get_or_insert((witness, resource));
                }
            }
        }
        let [of_unneeded, of_too_wide] = first;
        let (kind, actions, example) = match (of_unneeded, of_too_wide) {
            (Some(example), _) => (ExcessKind::Action, unneeded, example),
            (None, Some(example)) => (ExcessKind::Resource, too_wide, example),
            (None, None) => return,
        };
        let (witness, resource) = example;
        let Some(actions) = self.shared(actions) else {
            report.undecided.push((index, at));
            return;
        };
        report.found.push(Excess {
            kind,
            statement: index,
            action: at,
            resource,
            actions,
            witness,
        });
    }

    /// One list for equal ones; none where the bound on all lists is reached.
    fn shared(&mut self, actions: Vec<(String, AccessLevel)>) -> Option<Listed> {
        if let Some(known) = self.lists.get(actions.as_slice()) {
            return Some(Rc::clone(known));
        }
        if !self.listed.pay(actions.len() as u64) {
            return None;
        }
        let list: Listed = actions.into();
        self.lists.insert(Rc::clone(&list));
        Some(list)
    }

    /// Whether each resource of a statement lies within one that is required, by a test that needs no search and may
    /// say no where the answer is yes.
    fn within(&mut self, statement: &Prepared, required: &[&Prepared]) -> bool {
        let of: *const Prepared = statement;
        let by: Vec<*const Prepared> = required.iter().map(|s| ptr::from_ref(*s)).collect();
        match &self.last_within {
            Some((last, others, answer)) if *last == of && *others == by => return *answer,
            _ => {}
        }
        let needed = || {
            let lists = required.iter().filter(|s| !s.not_resource);
            lists
                .flat_map(|s| &s.resources)
                .flat_map(|r| r.patterns(Reading::Wide, Variables::Any))
        };
        let mut granted = statement
            .resources
            .iter()
            .flat_map(|r| r.patterns(Reading::Strict, Variables::Unset));
        let answer = !statement.not_resource && granted.all(|g| needed().any(|n| n.absorbs(g)));
        self.last_within = Some((of, by, answer));
        answer
    }

    /// What `statement` allows for `action` beyond what `required` asks for.
    fn beyond(
        &mut self,
        statement: &Prepared,
        action: catalog::Action<'a>,
        required: &[&Prepared],
    ) -> Beyond {
        if statement.conditions.is_empty() && self.within(statement, required) {
            return Beyond::Nothing;
        }
        let name = action.name.to_ascii_lowercase();
        let named = Named {
            service: action.service,
            name: &name,
            known: Some(action),
        };
        let situation = self.comparison.situation(named, &[], false);
        let nothing = Conditions::default();
        if situation.holds(&statement.conditions, &nothing) != Truth::True {
            return Beyond::Nothing;
        }
        let applies = if self.has_limits {
            self.comparison.applying(action.service, &name)
        } else {
            Vec::new()
        };
        let truths: Vec<Truth> = applies
            .iter()
            .map(|a| situation.holds(&a.statement.conditions, &nothing))
            .collect();
        let layers = self.comparison.layers.len();
        let sides = Sides::new(&applies, &truths, layers, &|_| Stance::Cautious);
        if !action.has_resource_types() {
            let granted = statement
                .resources
                .iter()
                .any(|r| r.pattern.is_everything())
                != statement.not_resource;
            // An action that the reference names is not excess here, whatever the reference's resource.
            if !granted || !required.is_empty() || !sides.star_passes() {
                return Beyond::Nothing;
            }
            let witness = Witness {
                action: action.spelled(),
                resource: "*".to_owned(),
            };
            let by = statement
                .resources
                .iter()
                .position(|r| r.pattern.is_everything());
            return Beyond::Something(witness, by);
        }
        let everything = Pattern::everything();
        let everywhere = required
            .iter()
            .any(|s| !s.not_resource && s.resources.iter().any(|r| r.pattern.is_everything()));
        if everywhere {
            return Beyond::Nothing;
        }
        let list = |reading, variables| -> Vec<&Pattern> {
            statement
                .resources
                .iter()
                .flat_map(|r| r.patterns(reading, variables))
                .collect()
        };
        let (granted, filters) = if statement.not_resource {
            let excluded = list(Reading::Wide, Variables::Any);
            (
                vec![&everything],
                vec![Filter {
                    negated: true,
                    patterns: excluded,
                }],
            )
        } else {
            (list(Reading::Strict, Variables::Unset), Vec::new())
        };
        let needed: Vec<&Pattern> = required
            .iter()
            .filter(|s| !s.not_resource)
            .flat_map(|s| &s.resources)
            .flat_map(|r| r.patterns(Reading::Wide, Variables::Any))
            .collect();
        // Required through NotResource: only what each such statement excludes can be excess.
        let mut filters = filters;
        for statement in required.iter().filter(|s| s.not_resource) {
            let excluded = statement.resources.iter();
            filters.push(Filter {
                negated: false,
                patterns: excluded
                    .flat_map(|r| r.patterns(Reading::Strict, Variables::Any))
                    .collect(),
            });
        }
        // A type that every call needs makes the better example.
        let mut kinds: Vec<_> = action.resource_types().collect();
        kinds.sort_by_key(|k| !k.required);
        for kind in kinds {
            let make = Universe::of(&kind);
            for universe in self
                .scope
                .universes(action.service, &kind)
                .into_iter()
                .map(&make)
            {
                let wanted = granted.clone();
                let question = Question {
                    universe: &universe.all,
                    plain: &universe.plain,
                    wanted,
                    filters: filters.clone(),
                };
                let found = Comparison::spend(&mut self.budget, |b| {
                    decide::beyond(&question, &sides, &needed, b)
                });
                if let Some(word) = found.word(1) {
                    let holds = |w: &[Symbol]| decide::is_beyond(&question, &sides, &needed, w);
                    let placeholders = self.comparison.placeholders;
                    let by = grants(&statement.resources, word);
                    let resource =
                        witness::readable(word, &self.comparison.scope, placeholders, holds);
                    return Beyond::Something(
                        Witness {
                            action: action.spelled(),
                            resource,
                        },
                        by,
                    );
                }
                if !found.complete {
                    return Beyond::Undecided;
                }
            }
        }
        Beyond::Nothing
    }
}

fn grants(resources: &[Resource], word: &[Symbol]) -> Option<usize> {
    resources.iter().position(|r| {
        r.patterns(Reading::Strict, Variables::Unset)
            .iter()
            .any(|p| p.matches(word))
    })
}
