//! The formula of the verdicts, run by the decision procedure for one kind of resource at a time.
//!
//! With R the required requests, `sure = R ∩ A \ (D ∪ Dᶜ)` and `possible = R ∩ (A ∪ Aᶜ) \ D`, where A
//! and D are what statements allow and deny for certain, Aᶜ and Dᶜ what they might: under a Condition
//! that is not resolved, through a policy variable, or (a Deny only) under a contested reading. A and Aᶜ
//! are what every layer allows, D and Dᶜ what any layer denies.

use rustc_hash::FxHashMap;

use super::scope::Plain;
use super::statement::{Applies, Resource};
use crate::matcher::condition::Truth;
use crate::matcher::search::{self, Accepted, Budget, Found};
use crate::matcher::{Pattern, Reading, Symbol, Variables};
use crate::parser::Effect;

/// What a word can show; see the module's formula.
pub mod shows {
    /// It is required.
    pub const NEEDED: u32 = 1;
    /// It is required and does not succeed for certain.
    pub const UNSURE: u32 = 2;
    /// It is required and may succeed.
    pub const POSSIBLE: u32 = 4;
    /// It is required and cannot succeed.
    pub const IMPOSSIBLE: u32 = 8;
    /// It is required and not denied for certain.
    pub const UNDENIED: u32 = 16;
    /// All of these.
    pub const ALL: u32 = 31;
}

/// What one layer allows: the identity policies together, the permissions boundary, or one level of SCPs.
#[derive(Default, Debug)]
struct Grants<'a> {
    /// A: resource lists of Allow statements that hold for certain.
    sure: Vec<List<'a>>,
    /// A ∪ Aᶜ
    possible: Vec<List<'a>>,
}

/// The sets of statements that the formula needs, for one action. A request needs an Allow in every layer; a Deny in
/// any layer takes it.
#[derive(Default, Debug)]
pub struct Sides<'a> {
    layers: Vec<Grants<'a>>,
    /// D
    deny: Vec<List<'a>>,
    /// D ∪ Dᶜ
    deny_possible: Vec<List<'a>>,
}

/// How to count what AWS's pages leave open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stance {
    /// As the reading that grants less: the verdicts.
    Cautious,
    /// As the reading that grants more: for telling that the verdict hangs on it.
    Generous,
}

/// A `Resource` or `NotResource` list under one reading.
#[derive(Clone, Copy, Debug)]
struct List<'a> {
    negated: bool,
    resources: &'a [Resource],
    /// True for everything that the strings might match, false for what they match for certain.
    most: bool,
    variables: Variables,
}

impl<'a> List<'a> {
    fn patterns(&self) -> impl Iterator<Item = &'a Pattern> + use<'a> {
        let reading = if self.most {
            Reading::Loose
        } else {
            Reading::Strict
        };
        let variables = self.variables;
        self.resources
            .iter()
            .flat_map(move |r| r.patterns(reading, variables))
    }

    /// What the list matches beyond that under a contested reading.
    fn contested(&self) -> impl Iterator<Item = &'a Pattern> + use<'a> {
        let (most, variables) = (self.most, self.variables);
        self.resources
            .iter()
            .filter(move |r| most && r.pattern.is_contested())
            .flat_map(move |r| r.patterns(Reading::Wide, variables))
    }

    fn matches_star(&self) -> bool {
        self.resources.iter().any(|r| r.pattern.is_everything()) != self.negated
    }
}

impl<'a> Sides<'a> {
    /// Sorts the statements that apply to an action, each with what is known of its Condition, by `layers` layers.
    /// `stance` says how to count each of them.
    pub fn new(
        applies: &[Applies<'a>],
        truths: &[Truth],
        layers: usize,
        stance: &dyn Fn(usize) -> Stance,
    ) -> Self {
        use Variables::{Any, Unset};
        let mut sides = Sides::default();
        sides.layers.resize_with(layers, Grants::default);
        for (at, (entry, truth)) in applies.iter().zip(truths).enumerate() {
            let generous = stance(at) == Stance::Generous;
            if *truth == Truth::False {
                continue;
            }
            let statement = entry.statement;
            let negated = statement.not_resource;
            let list = |most, variables| {
                let resources = &statement.resources;
                List {
                    negated,
                    resources,
                    most,
                    variables,
                }
            };
            // A complement is small where its list is read widely.
            let (least, with_variables, most) = if negated {
                (list(true, Any), list(true, Unset), list(false, Unset))
            } else {
                (list(false, Unset), list(false, Any), list(true, Any))
            };
            let holds = *truth == Truth::True && !statement.may_be_void;
            match statement.effect {
                Effect::Allow if entry.certain || generous => {
                    let Some(layer) = sides.layers.get_mut(entry.layer) else {
                        continue;
                    };
                    let (sure, possible) = match (generous, negated) {
                        (false, _) => (least, with_variables),
                        (true, false) => (list(true, Unset), most),
                        (true, true) => (list(false, Any), most),
                    };
                    if holds {
                        layer.sure.push(sure);
                    }
                    layer.possible.push(possible);
                }
                Effect::Allow => {}
                Effect::Deny => {
                    if holds && entry.certain {
                        sides.deny.push(least);
                    }
                    match (generous, negated) {
                        (false, _) => sides.deny_possible.push(most),
                        (true, _) if !entry.certain => {}
                        (true, false) => sides.deny_possible.push(with_variables),
                        (true, true) => sides.deny_possible.push(list(true, Unset)),
                    }
                }
            }
        }
        sides
    }

    /// What the request on `*` of an action without resource types shows.
    pub fn star(&self) -> u32 {
        let any = |lists: &[List<'_>]| lists.iter().any(List::matches_star);
        shown(
            true,
            self.layers.iter().all(|l| any(&l.sure)),
            self.layers.iter().all(|l| any(&l.possible)),
            any(&self.deny),
            any(&self.deny_possible),
        )
    }

    /// The layers in which nothing may allow the request on `*`.
    pub fn star_refused_by(&self) -> Vec<usize> {
        refusing(&self.layers, |l| l.possible.iter().any(List::matches_star))
    }

    /// Whether every layer but the first allows the request on `*` for certain, and nothing may deny it.
    pub fn star_passes(&self) -> bool {
        let outer = self.layers.iter().skip(1);
        !self.deny_possible.iter().any(List::matches_star) && { outer }
            .all(|l| l.sure.iter().any(List::matches_star))
    }

    /// Whether every statement is an unconditional Allow on `*`, and there is one in each layer.
    pub fn allow_everything_alike(&self) -> bool {
        let everything =
            |l: &List<'_>| !l.negated && l.resources.iter().any(|r| r.pattern.is_everything());
        self.deny_possible.is_empty()
            && self.layers.iter().all(|layer| {
                !layer.sure.is_empty()
                    && layer.sure.len() == layer.possible.len()
                    && layer.sure.iter().all(everything)
            })
    }
}

/// The layers for which `allows` says no.
fn refusing<T>(layers: &[T], allows: impl Fn(&T) -> bool) -> Vec<usize> {
    let layers = layers.iter().enumerate();
    layers
        .filter(|(_, layer)| !allows(layer))
        .map(|(at, _)| at)
        .collect()
}

#[expect(clippy::fn_params_excessive_bools, reason = "the sets of the formula")]
fn shown(needed: bool, allow: bool, allow_possible: bool, deny: bool, deny_possible: bool) -> u32 {
    if !needed {
        return 0;
    }
    let sure = allow && !deny_possible;
    let possible = allow_possible && !deny;
    shows::NEEDED
        | if sure { 0 } else { shows::UNSURE }
        | if possible {
            shows::POSSIBLE
        } else {
            shows::IMPOSSIBLE
        }
        | if deny { 0 } else { shows::UNDENIED }
}

/// The requests of one action on one kind of resource that are asked about: in `universe`, matched
/// by one of `wanted`, by none of `unwanted`.
#[derive(Debug)]
pub struct Question<'a> {
    /// The ARNs that exist.
    pub universe: &'a Pattern,
    /// Those in whose names no `:` occurs.
    pub plain: &'a Plain,
    /// Positive patterns; a request matches at least one.
    pub wanted: Vec<&'a Pattern>,
    /// Further lists that a request satisfies, every one of them.
    pub filters: Vec<Filter<'a>>,
}

/// A list that a request matches, or, when negated, does not match.
#[derive(Clone, Debug)]
pub struct Filter<'a> {
    /// True where the request must match none of the patterns.
    pub negated: bool,
    /// The list.
    pub patterns: Vec<&'a Pattern>,
}

/// Pattern lists by index, for evaluation.
struct Group {
    negated: bool,
    members: Vec<usize>,
    /// Counted only for ARNs in whose names no `:` occurs (the index of their pattern): no source
    /// means a wildcard in the Region field to reach into a name.
    contested: Option<(usize, Vec<usize>)>,
}

impl Group {
    fn holds(&self, accepted: &Accepted<'_>) -> bool {
        let contested =
            |(plain, list): &(usize, Vec<usize>)| accepted.is(*plain) && accepted.any(list);
        (accepted.any(&self.members) || self.contested.as_ref().is_some_and(contested))
            != self.negated
    }
}

/// What a pattern costs before the first symbol is looked at.
const STEPS_PER_PATTERN: u64 = 8;

/// All patterns of one question, each once.
#[derive(Default)]
struct Table<'a> {
    patterns: Vec<&'a Pattern>,
    indexes: FxHashMap<&'a Pattern, usize>,
}

impl<'a> Table<'a> {
    /// The index of a pattern.
    fn add(&mut self, pattern: &'a Pattern) -> usize {
        let next = self.patterns.len();
        let index = *self.indexes.entry(pattern).or_insert(next);
        if index == next {
            self.patterns.push(pattern);
        }
        index
    }

    /// The group of a list, without the patterns that match nothing of the universe.
    fn filter(&mut self, filter: &Filter<'a>, universe: &Pattern) -> Group {
        let bearing = filter.patterns.iter();
        let bearing = bearing.filter(|p| !p.is_apart_from(universe));
        Group {
            negated: filter.negated,
            members: bearing.map(|p| self.add(p)).collect(),
            contested: None,
        }
    }

    /// Groups of the lists that can bear on the question.
    fn groups(&mut self, lists: &[List<'a>], question: &Question<'a>) -> Vec<Group> {
        let mut groups = Vec::new();
        let bears = |p: &&Pattern| !p.is_apart_from(question.universe);
        for list in lists {
            let members: Vec<usize> = list.patterns().filter(bears).map(|p| self.add(p)).collect();
            let contested: Vec<usize> = list
                .contested()
                .filter(bears)
                .map(|p| self.add(p))
                .collect();
            let contested =
                (!contested.is_empty()).then(|| (self.add(question.plain.pattern()), contested));
            if list.negated || !members.is_empty() || contested.is_some() {
                groups.push(Group {
                    negated: list.negated,
                    members,
                    contested,
                });
            }
        }
        groups
    }
}

/// A question laid out over one table of patterns.
struct Layout<'a> {
    table: Table<'a>,
    universe: usize,
    wanted: Vec<usize>,
    filters: Vec<Group>,
}

impl<'a> Layout<'a> {
    fn new(question: &Question<'a>) -> Self {
        let mut table = Table::default();
        let universe = table.add(question.universe);
        let wanted = question
            .wanted
            .iter()
            .filter(|p| !p.is_apart_from(question.universe))
            .map(|p| table.add(p))
            .collect();
        let filters = question
            .filters
            .iter()
            .map(|f| table.filter(f, question.universe))
            .collect();
        Layout {
            table,
            universe,
            wanted,
            filters,
        }
    }

    fn asked(&self, accepted: &Accepted<'_>) -> bool {
        accepted.is(self.universe)
            && accepted.any(&self.wanted)
            && self.filters.iter().all(|f| f.holds(accepted))
    }

    fn search(
        &self,
        bits: u32,
        budget: &mut Budget,
        observe: impl FnMut(&Accepted<'_>) -> u32,
    ) -> Found {
        if self.wanted.is_empty() {
            return Found::none();
        }
        // Laying the question out is work as well.
        budget.pay(STEPS_PER_PATTERN * self.table.patterns.len() as u64);
        let alive: [&[usize]; 2] = [&[self.universe], &self.wanted];
        search::search(&self.table.patterns, &alive, bits, budget, observe)
    }
}

/// Decides what the requests of `question` show under `sides`.
pub fn decide(question: &Question<'_>, sides: &Sides<'_>, budget: &mut Budget) -> Found {
    with_observer(question, sides, |layout, observe| {
        layout.search(shows::ALL, budget, observe)
    })
}

/// What one word shows.
pub fn judge(question: &Question<'_>, sides: &Sides<'_>, word: &[Symbol]) -> u32 {
    with_observer(question, sides, |layout, observe| {
        search::judge(&layout.table.patterns, word, observe)
    })
}

fn with_observer<'a, T>(
    question: &Question<'a>,
    sides: &Sides<'a>,
    run: impl FnOnce(&Layout<'a>, &mut dyn FnMut(&Accepted<'_>) -> u32) -> T,
) -> T {
    let mut layout = Layout::new(question);
    let layers: Vec<[Vec<Group>; 2]> = sides
        .layers
        .iter()
        .map(|layer| {
            [&layer.sure, &layer.possible].map(|lists| layout.table.groups(lists, question))
        })
        .collect();
    let deny = layout.table.groups(&sides.deny, question);
    let deny_possible = layout.table.groups(&sides.deny_possible, question);
    run(&layout, &mut |accepted| {
        shown(
            layout.asked(accepted),
            layers.iter().all(|[sure, _]| any(sure, accepted)),
            layers.iter().all(|[_, possible]| any(possible, accepted)),
            any(&deny, accepted),
            any(&deny_possible, accepted),
        )
    })
}

fn any(groups: &[Group], accepted: &Accepted<'_>) -> bool {
    groups.iter().any(|g| g.holds(accepted))
}

/// The layers in which nothing may allow one word.
pub fn refused_by(question: &Question<'_>, sides: &Sides<'_>, word: &[Symbol]) -> Vec<usize> {
    let mut layout = Layout::new(question);
    let layers: Vec<Vec<Group>> = sides
        .layers
        .iter()
        .map(|layer| layout.table.groups(&layer.possible, question))
        .collect();
    let mut refused = Vec::new();
    search::judge(&layout.table.patterns, word, |accepted| {
        refused = refusing(&layers, |groups| any(groups, accepted));
        0
    });
    refused
}

/// Whether every request of the question is allowed for certain, by a test that needs no search and
/// may say no where the answer is yes.
pub fn plainly_covered(question: &Question<'_>, sides: &Sides<'_>) -> bool {
    let universe = question.universe;
    let denied = sides.deny_possible.iter().any(|l| {
        l.negated
            || l.patterns()
                .chain(l.contested())
                .any(|p| !p.is_apart_from(universe))
    });
    if denied {
        return false;
    }
    sides.layers.iter().all(|layer| {
        let grants = || {
            layer
                .sure
                .iter()
                .filter(|l| !l.negated)
                .flat_map(List::patterns)
                .filter(|p| !p.is_apart_from(universe))
        };
        grants().any(|p| p.absorbs(universe))
            || question
                .wanted
                .iter()
                .all(|w| w.is_apart_from(universe) || grants().any(|p| p.absorbs(w)))
    })
}

/// What a reference requires of one action: the requests on which one of its Allow statements agrees and no Deny.
#[derive(Default, Debug)]
pub struct Required<'a> {
    /// The resource lists of its Allow statements.
    pub allowed: Vec<Filter<'a>>,
    /// Those of its Deny statements.
    pub denied: Vec<Filter<'a>>,
}

/// Looks for a request that the question asks about, that nothing denies, that every layer but the first allows, and
/// that is not required: a right beyond what is required. `own` is the one layer of the statement that grants it.
pub fn beyond(
    question: &Question<'_>,
    own: &Sides<'_>,
    sides: &Sides<'_>,
    required: &Required<'_>,
    budget: &mut Budget,
) -> Found {
    beyond_observer(question, own, sides, required, |layout, observe| {
        layout.search(1, budget, observe)
    })
}

/// Whether one word is such a request.
pub fn is_beyond(
    question: &Question<'_>,
    own: &Sides<'_>,
    sides: &Sides<'_>,
    required: &Required<'_>,
    word: &[Symbol],
) -> bool {
    beyond_observer(question, own, sides, required, |layout, observe| {
        search::judge(&layout.table.patterns, word, observe) != 0
    })
}

fn beyond_observer<'a, T>(
    question: &Question<'a>,
    own: &Sides<'a>,
    sides: &Sides<'a>,
    required: &Required<'a>,
    run: impl FnOnce(&Layout<'a>, &mut dyn FnMut(&Accepted<'_>) -> u32) -> T,
) -> T {
    let mut layout = Layout::new(question);
    let [allowed, taken] = [&required.allowed, &required.denied].map(|filters| {
        let filters = filters.iter();
        let groups = filters.map(|f| layout.table.filter(f, question.universe));
        groups.collect::<Vec<Group>>()
    });
    let denied = layout.table.groups(&sides.deny_possible, question);
    let outer = sides.layers.iter().skip(1);
    let allowing: Vec<Vec<Group>> = { own.layers.iter().chain(outer) }
        .map(|layer| layout.table.groups(&layer.sure, question))
        .collect();
    // A layer without a grant on this kind of resource: no request is worth a look.
    if allowing.iter().any(Vec::is_empty) {
        layout.wanted.clear();
    }
    run(&layout, &mut |accepted| {
        u32::from(
            layout.asked(accepted)
                && !any(&denied, accepted)
                && allowing.iter().all(|groups| any(groups, accepted))
                && (!any(&allowed, accepted) || any(&taken, accepted)),
        )
    })
}
