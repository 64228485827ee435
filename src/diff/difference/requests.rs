//! A resource on which one side allows an action and the other does not, in one context.

use super::contexts::{Value, World};
use super::{Of, Ready};
use crate::diff::comparison::Comparison;
use crate::diff::scope::Universe;
use crate::diff::witness;
use crate::matcher::search::{self, Alphabet, Answer, Budget, Clause, Goal, Union};
use crate::matcher::{Pattern, Symbol};
use crate::parser::{Effect, SourceId, Span};

/// Steps for one question.
const STEPS_PER_QUESTION: u64 = 2_000_000;

/// Ways in which the layers of both sides can answer, each a clause of the question.
const MOST_CLAUSES: usize = 2_000;

/// A statement that matches the action.
pub(super) struct Applying<'s> {
    pub(super) ready: &'s Ready<'s>,
    /// Index of the string that matches; `None` for `NotAction`.
    pub(super) action: Option<usize>,
    /// The patterns of its resources in the reading at hand.
    pub(super) patterns: &'s [Pattern],
    /// Whether a variable in it has no value.
    pub(super) is_void: bool,
}

impl Applying<'_> {
    pub(super) fn place(&self) -> (SourceId, Span) {
        let prepared = self.ready.prepared;
        let action = self.action.and_then(|at| prepared.actions.get(at));
        (
            prepared.source,
            action.map_or(prepared.action_key, |a| a.span),
        )
    }

    /// Whether it matches the request on `*` of an action without resource types.
    fn is_on_star(&self) -> bool {
        self.ready.prepared.is_on_star()
    }

    fn allows(&self) -> bool {
        self.ready.prepared.effect == Effect::Allow
    }

    fn union(&self) -> Union<'_> {
        Union::of(self.patterns.iter().collect())
    }

    fn has(&self, word: &[Symbol]) -> bool {
        let mut patterns = self.patterns.iter();
        patterns.any(|p| p.matches(word)) != self.ready.prepared.not_resource
    }
}

/// A request that one side alone allows.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) resource: String,
    pub(super) context: Vec<(String, Value)>,
    /// For each matching statement of the side that allows it, whether it does.
    pub(super) by: Vec<bool>,
}

/// The answer for one action and one direction.
#[derive(Clone, Debug)]
pub(super) enum Found {
    Nothing,
    Undecided,
    Request(Request),
}

impl Found {
    /// Takes in the answer on other requests: one that shows a difference counts more than one that is open.
    pub(super) fn or(&mut self, other: Found) {
        let rank = |found: &Found| match found {
            Found::Nothing => 0,
            Found::Undecided => 1,
            Found::Request(_) => 2,
        };
        if rank(&other) > rank(self) {
            *self = other;
        }
    }
}

/// What the new side allows and the old does not, and the other way round; on `*` without a universe.
///
/// Where a variable has no value, AWS may drop its string or the whole statement: what either shows alone is undecided.
pub(super) fn differ(
    applying: &[Applying<'_>],
    layers: (usize, usize),
    universe: Option<&Universe>,
    worlds: &[&World],
    comparison: &Comparison<'_>,
    budget: &mut Budget,
) -> [Found; 2] {
    let mut ask = |is_sure: bool| {
        let asked = (universe, worlds);
        differ_if(applying, layers, asked, comparison, is_sure, budget)
    };
    let mut found = ask(true);
    if applying.iter().any(|a| a.is_void) {
        for (found, possible) in found.iter_mut().zip(ask(false)) {
            if !matches!(possible, Found::Nothing) {
                found.or(Found::Undecided);
            }
        }
    }
    found
}

fn differ_if(
    applying: &[Applying<'_>],
    (old, new): (usize, usize),
    (universe, worlds): (Option<&Universe>, &[&World]),
    comparison: &Comparison<'_>,
    is_sure: bool,
    budget: &mut Budget,
) -> [Found; 2] {
    let directions = [(Of::New, new, old), (Of::Old, old, new)];
    directions.map(|(of, layers, others)| {
        let mut found = Found::Nothing;
        for world in worlds {
            let question = Question {
                applying,
                world,
                of,
                layers,
                others,
                is_sure,
            };
            let more = match universe {
                None if question.star() => {
                    let word: Vec<Symbol> = vec![Symbol::char('*')];
                    Found::Request(question.request("*".to_owned(), &word, true))
                }
                None => Found::Nothing,
                Some(universe) => question.ask(universe, comparison, budget),
            };
            found.or(more);
            if matches!(found, Found::Request(_)) {
                break;
            }
        }
        found
    })
}

/// One direction in one context.
struct Question<'q> {
    applying: &'q [Applying<'q>],
    world: &'q World,
    /// The side that allows.
    of: Of,
    /// How many layers it has.
    layers: usize,
    /// How many layers the other side has.
    others: usize,
    /// Whether statements with a variable that has no value are read so that less is shown.
    is_sure: bool,
}

impl<'q> Question<'q> {
    /// The statements of a side whose Conditions hold.
    fn holding(&self, of: Of) -> impl Iterator<Item = &'q Applying<'q>> + use<'q> {
        let all = self.applying.iter().zip(&self.world.truths);
        let (is_own, is_sure) = (of == self.of, self.is_sure);
        all.filter(move |(a, holds)| {
            let is_dropped = a.is_void && (a.allows() == is_own) == is_sure;
            **holds && a.ready.of == of && !is_dropped
        })
        .map(|(a, _)| a)
    }

    fn other(&self) -> Of {
        match self.of {
            Of::Old => Of::New,
            Of::New => Of::Old,
        }
    }

    /// Whether the request on `*` is allowed by the one side alone.
    fn star(&self) -> bool {
        let allows = |of: Of, layers: usize| {
            (0..layers).all(|layer| {
                let here = || self.holding(of).filter(|a| a.ready.layer == layer);
                here().any(|a| a.allows() && a.is_on_star())
                    && !here().any(|a| !a.allows() && a.is_on_star())
            })
        };
        allows(self.of, self.layers) && !allows(self.other(), self.others)
    }

    fn request(&self, resource: String, word: &[Symbol], is_star: bool) -> Request {
        let all = self.applying.iter().zip(&self.world.truths);
        let by = all
            .filter(|(a, _)| a.ready.of == self.of)
            .map(|(a, holds)| {
                let matches = if is_star { a.is_on_star() } else { a.has(word) };
                *holds && a.allows() && matches
            });
        let mut context = self.world.stated.clone();
        for (_, place) in &self.world.places {
            let text = resource.split(':').nth(place.field);
            let stated = context.iter_mut().find(|(key, _)| *key == place.key);
            if let (Some(text), Some((_, value))) = (text, stated) {
                *value = Value::Texts(vec![text.to_owned()]);
            }
        }
        Request {
            resource,
            context,
            by: by.collect(),
        }
    }

    fn ask(&self, universe: &Universe, comparison: &Comparison<'_>, budget: &mut Budget) -> Found {
        let Some(clauses) = self.clauses(&universe.all) else {
            return Found::Undecided;
        };
        if clauses.is_empty() {
            return Found::Nothing;
        }
        let patterns = || {
            let own = self.applying.iter().flat_map(|a| a.patterns);
            let lists = self.world.lists();
            own.chain(lists.flat_map(|(patterns, _)| patterns))
                .chain([&*universe.all])
        };
        let alphabet = || Alphabet::of(patterns());
        let before = budget.share(STEPS_PER_QUESTION);
        let mut share = before.clone();
        let answer = search::find(&clauses, &alphabet, Goal::Shortest, &mut share);
        budget.settle(before.left(), &share);
        match answer {
            Answer::Nothing => Found::Nothing,
            Answer::Undecided => Found::Undecided,
            Answer::Word(word) => {
                let holds = |word: &[Symbol]| {
                    clauses.iter().any(|clause| {
                        clause.required.iter().all(|u| u.has(word))
                            && !clause.forbidden.iter().any(|u| u.has(word))
                    })
                };
                let word = in_partition(word, holds);
                let resource = witness::readable(
                    &word,
                    &comparison.scope,
                    comparison.placeholders,
                    &[],
                    holds,
                );
                Found::Request(self.request(resource, &word, false))
            }
        }
    }

    /// The requests within the universe that the one side allows and the other does not; `None` for too many cases.
    fn clauses(&self, universe: &'q Pattern) -> Option<Vec<Clause<'q>>> {
        let mut start = Clause {
            required: vec![Union::of(vec![universe])],
            forbidden: Vec::new(),
        };
        for (patterns, is_one) in self.world.lists() {
            let union = Union::of(patterns.iter().collect());
            if *is_one {
                start.required.push(union);
            } else {
                start.forbidden.push(union);
            }
        }
        let mut cases = vec![start];
        for deny in self.holding(self.of).filter(|a| !a.allows()) {
            let list = |clause: &mut Clause<'q>| {
                if deny.ready.prepared.not_resource {
                    clause.required.push(deny.union());
                } else {
                    clause.forbidden.push(deny.union());
                }
            };
            cases.iter_mut().for_each(list);
        }
        for layer in 0..self.layers {
            let allows = || {
                let here = self.holding(self.of).filter(|a| a.ready.layer == layer);
                here.filter(|a| a.allows())
            };
            let listed = allows().filter(|a| !a.ready.prepared.not_resource);
            let listed: Vec<&Pattern> = listed.flat_map(|a| a.patterns).collect();
            let mut ways: Vec<Way<'q>> = Vec::new();
            if !listed.is_empty() {
                ways.push(Way::In(Union::of(listed)));
            }
            let excepting = allows().filter(|a| a.ready.prepared.not_resource);
            ways.extend(excepting.map(|a| Way::Out(a.union())));
            cases = each(&cases, &ways)?;
        }
        let mut refusals: Vec<Vec<Way<'q>>> = Vec::new();
        for layer in 0..self.others {
            let here = self
                .holding(self.other())
                .filter(|a| a.ready.layer == layer);
            let allows = here.filter(|a| a.allows());
            let refusal = allows.map(|a| {
                if a.ready.prepared.not_resource {
                    Way::In(a.union())
                } else {
                    Way::Out(a.union())
                }
            });
            refusals.push(refusal.collect());
        }
        for deny in self.holding(self.other()).filter(|a| !a.allows()) {
            refusals.push(vec![if deny.ready.prepared.not_resource {
                Way::Out(deny.union())
            } else {
                Way::In(deny.union())
            }]);
        }
        if cases.len() * refusals.len() > MOST_CLAUSES {
            return None;
        }
        let with = |case: &Clause<'q>, refusal: &Vec<Way<'q>>| {
            let mut case = case.clone();
            for way in refusal {
                way.add(&mut case);
            }
            case
        };
        let all = cases.iter();
        let all = all.flat_map(|case| refusals.iter().map(move |refusal| with(case, refusal)));
        Some(all.collect())
    }
}

/// The word with a partition of AWS, where it shows the same then.
fn in_partition(word: Vec<Symbol>, holds: impl Fn(&[Symbol]) -> bool) -> Vec<Symbol> {
    let colon = Symbol::char(':');
    let fields: Vec<&[Symbol]> = word.splitn(3, |s| *s == colon).collect();
    let [arn, _, rest] = fields.as_slice() else {
        return word;
    };
    let mut tried = ["aws", "aws-cn", "aws-us-gov"]
        .into_iter()
        .map(|partition| {
            let partition: Vec<Symbol> = partition.chars().map(Symbol::char).collect();
            [*arn, &partition, *rest].join(&colon)
        });
    tried.find(|word| holds(word)).unwrap_or(word)
}

/// Where a resource lies.
enum Way<'q> {
    In(Union<'q>),
    Out(Union<'q>),
}

impl<'q> Way<'q> {
    fn add(&self, clause: &mut Clause<'q>) {
        match self {
            Way::In(union) => clause.required.push(union.clone()),
            Way::Out(union) => clause.forbidden.push(union.clone()),
        }
    }
}

/// Each case in each of the ways; `None` for too many.
fn each<'q>(cases: &[Clause<'q>], ways: &[Way<'q>]) -> Option<Vec<Clause<'q>>> {
    if cases.len() * ways.len() > MOST_CLAUSES {
        return None;
    }
    let with = |case: &Clause<'q>, way: &Way<'q>| {
        let mut case = case.clone();
        way.add(&mut case);
        case
    };
    let all = cases.iter();
    Some(
        all.flat_map(|case| ways.iter().map(move |way| with(case, way)))
            .collect(),
    )
}
