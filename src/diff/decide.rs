//! The formula of the verdicts, run by the decision procedure for one kind of resource at a time.
//!
//! With R the required requests, `sure = R ∩ A \ (D ∪ D?)` and `possible = R ∩ (A ∪ A?) \ D`. A and D are the requests
//! that statements allow and deny for certain. A? and D? are those that they perhaps allow or deny: under a Condition
//! that is not resolved, through a policy variable, or (a Deny only) under a contested reading. With several layers,
//! every layer must allow the request; one layer's Deny is enough to refuse it.

mod layout;

use super::scope::Plain;
use super::statement::{Applies, Resource};
use crate::matcher::condition::Truth;
use crate::matcher::search::{Answer, Budget, Clause, Goal};
use crate::matcher::{Pattern, Reading, Symbol, Variables};
use crate::parser::Effect;
use layout::{Layout, Lists, both, failing, passing};

/// The facts that a word can show; see the module's formula.
pub mod shows {
    /// The request is required.
    pub const NEEDED: u32 = 1;
    /// The request is required and does not succeed for certain.
    pub const UNSURE: u32 = 2;
    /// The request is required and may succeed.
    pub const POSSIBLE: u32 = 4;
    /// The request is required and cannot succeed.
    pub const IMPOSSIBLE: u32 = 8;
    /// The request is required and not denied for certain.
    pub const UNDENIED: u32 = 16;
    /// All of these.
    pub const ALL: u32 = 31;
}

/// The grants of one layer: the identity policies together, the permissions boundary, or one level of SCPs.
#[derive(Default, Debug)]
struct Grants<'a> {
    /// A: resource lists of Allow statements that hold for certain.
    sure: Vec<List<'a>>,
    /// A ∪ A?: resource lists of Allow statements that hold, or may hold.
    possible: Vec<List<'a>>,
}

/// The sets of statements that the formula needs, for one action. A request needs an Allow in every layer; a Deny in
/// any layer takes it.
#[derive(Default, Debug)]
pub struct Sides<'a> {
    layers: Vec<Grants<'a>>,
    /// D: resource lists of Deny statements that hold for certain.
    deny: Vec<List<'a>>,
    /// D ∪ D?: resource lists of Deny statements that hold, or may hold.
    deny_possible: Vec<List<'a>>,
}

/// How to count what AWS's pages leave open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stance {
    /// As the reading that grants less: the verdicts.
    Cautious,
    /// As the reading that grants more: used only to find out whether the verdict depends on it.
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
    /// The patterns of the list that may match ARNs of a service.
    fn patterns<'s>(
        &self,
        service: Option<&'s str>,
    ) -> impl Iterator<Item = &'a Pattern> + use<'a, 's> {
        let reading = if self.most {
            Reading::Loose
        } else {
            Reading::Strict
        };
        let variables = self.variables;
        self.resources
            .iter()
            .filter(move |r| service.is_none_or(|service| r.may_name(service)))
            .flat_map(move |r| r.patterns(reading, variables))
    }

    /// Further matches of the list under a contested reading.
    fn contested<'s>(
        &self,
        service: Option<&'s str>,
    ) -> impl Iterator<Item = &'a Pattern> + use<'a, 's> {
        let (most, variables) = (self.most, self.variables);
        self.resources
            .iter()
            .filter(move |r| most && r.pattern.is_contested())
            .filter(move |r| service.is_none_or(|service| r.may_reach(service)))
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
            // For `NotResource` the wider reading of the list excludes more, so the statement reaches less.
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

    /// The result for the request on `*` of an action without resource types.
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

    /// The layers that certainly do not allow the request on `*`.
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

/// The requests of one action on one kind of resource to decide: those in `universe` that match one of `wanted` and
/// satisfy all `filters`.
#[derive(Debug)]
pub struct Question<'a> {
    /// The ARNs that exist.
    pub universe: &'a Pattern,
    /// Resources without `:` in their names.
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

/// The result of a search: the facts that words show, and for some a shortest word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    bits: u32,
    words: Vec<(u32, Vec<Symbol>)>,
    /// False when the budget ended before every word was considered.
    pub complete: bool,
}

impl Found {
    /// Nothing was found, and there is nothing to find.
    pub fn none() -> Self {
        Found {
            bits: 0,
            words: Vec::new(),
            complete: true,
        }
    }

    /// All bits that were shown.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// A word for this bit.
    pub fn word(&self, bit: u32) -> Option<&[Symbol]> {
        let mut words = self.words.iter();
        words
            .find(|(bits, _)| bits & bit != 0)
            .map(|(_, word)| word.as_slice())
    }

    /// Whether a word for this bit was found.
    pub fn has(&self, bit: u32) -> bool {
        self.bits & bit != 0
    }

    fn add(&mut self, bits: u32, answer: &Answer) {
        match answer {
            Answer::Nothing => {}
            Answer::Undecided => self.complete = false,
            Answer::Word(word) => {
                self.bits |= bits;
                self.words.push((bits, word.clone()));
            }
        }
    }
}

/// The cost of a pattern before the first symbol.
const STEPS_PER_PATTERN: u64 = 8;

/// So many clauses are asked for one question; past them it is not decided.
const MOST_CLAUSES: usize = 4096;

/// A question and what statements say about it.
pub struct Decision<'a> {
    layout: Layout<'a>,
    /// The certain and the possible grants of each layer.
    sure: Vec<Lists<'a>>,
    possible: Vec<Lists<'a>>,
    deny: Lists<'a>,
    deny_possible: Lists<'a>,
}

impl<'a> Decision<'a> {
    /// Narrows all that bears on the requests of `question`.
    pub fn new(question: &Question<'a>, sides: &Sides<'a>) -> Self {
        let mut layout = Layout::new(question);
        let layers = sides.layers.iter();
        let (sure, possible) = layers
            .map(|layer| (layout.lists(&layer.sure), layout.lists(&layer.possible)))
            .unzip();
        let deny = layout.lists(&sides.deny);
        let deny_possible = layout.lists(&sides.deny_possible);
        Decision {
            layout,
            sure,
            possible,
            deny,
            deny_possible,
        }
    }

    /// The facts that the requests show. That some request succeeds is shown without a word where no search is needed for
    /// it.
    pub fn decide(&self, budget: &mut Budget) -> Found {
        let mut found = Found::none();
        let layout = &self.layout;
        budget.pay(STEPS_PER_PATTERN * layout.looked);
        let mut find = |clauses: &[Clause<'a>], goal| layout.find(clauses, goal, budget);
        let everything = [Clause::default()];
        let unsure = if self.certainly_allows() {
            Answer::Nothing
        } else {
            find(
                &failing(self.sure.iter(), &self.deny_possible),
                Goal::Shortest,
            )
        };
        found.add(shows::NEEDED | shows::UNSURE, &unsure);
        if unsure == Answer::Nothing {
            let shown = shows::NEEDED | shows::POSSIBLE | shows::UNDENIED;
            if layout.certainly_asks() {
                found.bits |= shown;
            } else {
                found.add(shown, &find(&everything, Goal::Any));
            }
            return found;
        }
        let impossible = if self.sure == self.possible && self.deny == self.deny_possible {
            unsure.clone()
        } else {
            find(&failing(self.possible.iter(), &self.deny), Goal::Shortest)
        };
        found.add(shows::NEEDED | shows::IMPOSSIBLE, &impossible);
        let possible = if impossible == Answer::Nothing {
            find(&everything, Goal::Any)
        } else {
            find(&passing(self.possible.iter(), &self.deny), Goal::Any)
        };
        found.add(shows::NEEDED | shows::POSSIBLE | shows::UNDENIED, &possible);
        if !found.has(shows::UNDENIED) {
            let undenied = if self.deny.is_never() {
                unsure
            } else {
                find(&passing([].into_iter(), &self.deny), Goal::Any)
            };
            found.add(shows::NEEDED | shows::UNDENIED, &undenied);
        }
        found
    }

    /// Whether every request is allowed for certain, by a test that needs no search and may say no where the answer is yes.
    fn certainly_allows(&self) -> bool {
        let allows = |lists: &Lists<'a>| lists.always || self.layout.lies_within(&lists.any);
        self.deny_possible.is_never() && self.sure.iter().all(allows)
    }

    /// The facts that one word shows.
    pub fn judge(&self, word: &[Symbol]) -> u32 {
        shown(
            self.layout.asks(word),
            self.sure.iter().all(|l| l.has(word)),
            self.possible.iter().all(|l| l.has(word)),
            self.deny.has(word),
            self.deny_possible.has(word),
        )
    }

    /// The layers that certainly do not allow one word.
    pub fn refused_by(&self, word: &[Symbol]) -> Vec<usize> {
        refusing(&self.possible, |lists| lists.has(word))
    }
}

/// The requirement of a reference for one action: the requests on which one of its Allow statements agrees and no Deny.
#[derive(Default, Debug)]
pub struct Required<'a> {
    /// The resource lists of its Allow statements.
    pub allowed: Vec<Filter<'a>>,
    /// The requests of its Deny statements.
    pub denied: Vec<Filter<'a>>,
}

/// Requests beyond what is required: those of a question that nothing denies, that every layer allows, and that are not
/// required. The first layer is that of one statement alone.
pub struct Beyond<'a> {
    layout: Layout<'a>,
    denied: Lists<'a>,
    allowing: Vec<Lists<'a>>,
    required: Lists<'a>,
    taken: Lists<'a>,
}

impl<'a> Beyond<'a> {
    /// `own` is the one layer of the statement that grants them, in the place of the first of `sides`.
    pub fn new(
        question: &Question<'a>,
        own: &Sides<'a>,
        sides: &Sides<'a>,
        required: &Required<'a>,
    ) -> Self {
        let mut layout = Layout::new(question);
        let outer = sides.layers.iter().skip(1);
        let allowing: Vec<Lists<'a>> = { own.layers.iter().chain(outer) }
            .map(|layer| layout.lists(&layer.sure))
            .collect();
        Beyond {
            denied: layout.lists(&sides.deny_possible),
            required: layout.filters(&required.allowed),
            taken: layout.filters(&required.denied),
            allowing,
            layout,
        }
    }

    /// Such a request.
    pub fn find(&self, goal: Goal, budget: &mut Budget) -> Answer {
        budget.pay(STEPS_PER_PATTERN * self.layout.looked);
        let allowed = passing(self.allowing.iter(), &self.denied);
        let beyond = failing([&self.required].into_iter(), &self.taken);
        let each = allowed
            .iter()
            .flat_map(|a| beyond.iter().map(move |b| both(a, b)));
        let clauses: Vec<Clause<'a>> = each.take(MOST_CLAUSES + 1).collect();
        self.layout.find(&clauses, goal, budget)
    }

    /// Whether one word is such a request.
    pub fn has(&self, word: &[Symbol]) -> bool {
        self.layout.asks(word)
            && !self.denied.has(word)
            && self.allowing.iter().all(|l| l.has(word))
            && (!self.required.has(word) || self.taken.has(word))
    }
}
