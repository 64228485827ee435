//! One requirement judged: the questions it asks, one per kind of resource, and what their answers
//! say together.

use std::sync::Arc;

use super::context::Stated;
use super::coverage::{Comparison, Named};
use super::decide::{Decision, Filter, Found, Question, Sides, Stance, shows};
use super::scope::{Scope, Universe, Universes};
use super::statement::{Applies, Prepared, Resource};
use super::{Verdict, witness};
use crate::catalog::{Action, ResourceType};
use crate::matcher::condition::Truth;
use crate::matcher::search::Budget;
use crate::matcher::{Pattern, Reading, Symbol, Variables};
use crate::parser::Effect;
use crate::reference;

/// A resource type that a requirement touches, and whether it has a gap there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypeOutcome {
    /// e.g. `security-group`.
    pub name: String,
    /// Whether every call needs one, or ParallelCluster is known to use it, or nothing else is asked for.
    pub needed: bool,
    /// Some request on it cannot succeed.
    pub gap: bool,
}

/// The facts that the requests on one kind of resource show.
struct Part<'c> {
    /// The type and whether it is needed; `None` for actions without types and unknown actions.
    kind: Option<(&'c str, bool)>,
    /// The ARNs that exist; `None` for the request on `*`.
    universe: Option<Universe>,
    /// Indexes of the required resources that lie here.
    resources: Vec<usize>,
    /// Index of what is known of the Conditions.
    sides: usize,
    bits: u32,
    found: Option<Found>,
}

impl Part<'_> {
    fn is_needed(&self) -> bool {
        self.kind.is_none_or(|(_, needed)| needed)
    }
}

/// A case that the Condition of the requirement leaves open.
pub(super) struct Case<'s> {
    /// The condition keys that the requirement states.
    pub(super) stated: &'s Stated,
    /// The known results of the Conditions of the statements that apply, each list once.
    pub(super) truths: Vec<Vec<Truth>>,
    /// Indexes of these lists: first for a resource of any type, then for each resource type of the action where the
    /// types differ in their condition keys; for ARNs that do not carry the bound account and for those that do.
    by_type: Vec<[usize; 2]>,
}

impl<'s> Case<'s> {
    /// A case of which nothing is known yet.
    pub(super) fn new(stated: &'s Stated) -> Self {
        Case {
            stated,
            truths: Vec::new(),
            by_type: Vec::new(),
        }
    }

    /// Adds what is known for the next resource type.
    pub(super) fn add(&mut self, truths: [Vec<Truth>; 2]) {
        let indexes = truths.map(|list| {
            let known = self.truths.iter().position(|other| *other == list);
            known.unwrap_or_else(|| {
                self.truths.push(list);
                self.truths.len() - 1
            })
        });
        self.by_type.push(indexes);
    }

    /// The known result of each statement, for each resource type in turn.
    pub(super) fn each(&self) -> impl Iterator<Item = &Vec<Truth>> {
        let indexes = self.by_type.iter().flatten();
        indexes.filter_map(|at| self.truths.get(*at))
    }

    /// The indexes of the lists, for each resource type in turn.
    pub(super) fn indexes(&self) -> impl Iterator<Item = usize> {
        self.by_type.iter().flatten().copied()
    }

    /// The index of the list for a resource type, by its position among those of the action.
    fn index(&self, position: Option<usize>, own_account: bool) -> usize {
        let typed = position.and_then(|at| self.by_type.get(at + 1));
        let indexes = typed.or(self.by_type.first()).copied();
        let [other, own] = indexes.unwrap_or_default();
        if own_account { own } else { other }
    }
}

/// The outcome for one requirement.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    /// The reference itself grants nothing here.
    pub(super) vacuous: bool,
    /// The resource of a request that shows the verdict.
    pub(super) witness: Option<String>,
    /// The resources of the reference's statement that the action can apply to.
    pub(super) resources: Arc<[String]>,
    pub(super) types: Vec<TypeOutcome>,
    /// The applying statements that allow some of it.
    pub(super) allowed_by: Vec<usize>,
    /// The applying statements that deny some of it.
    pub(super) denied_by: Vec<usize>,
    /// The layers in which nothing may allow the request that shows the verdict.
    pub(super) refused_by: Vec<usize>,
    /// The statements whose Condition is not resolved for that request.
    pub(super) unresolved: Vec<usize>,
    /// The condition keys of that request, if the requirement leaves several cases open.
    pub(super) stated: Stated,
    /// The statement on which the verdict hangs, where a more generous reading of what AWS's pages leave open would
    /// cover the requirement.
    pub(super) contested: Option<usize>,
    /// Types of which resources of other accounts, which may be shared with this one, are left out.
    pub(super) foreign: Vec<String>,
}

/// Whether a requirement and all that bears on it are `"Resource": "*"` without more: one statement of the reference,
/// which no Deny of it narrows, and Allows without a Condition, of which each layer has one.
pub(super) fn is_everywhere(
    statement: &Prepared,
    denies: &[&Prepared],
    applies: &[Applies<'_>],
    layers: usize,
) -> bool {
    let allows = |a: &Applies<'_>| {
        let s = a.statement;
        a.certain && s.effect == Effect::Allow && s.conditions.is_empty() && s.is_on_everything()
    };
    denies.is_empty()
        && statement.resources.len() == 1
        && statement.is_on_everything()
        && applies.iter().all(allows)
        && (0..layers).all(|layer| applies.iter().any(|a| a.layer == layer))
}

impl Judgement {
    /// The result of [`judge`] if [`is_everywhere`] holds, whatever the action and its resource types: every request
    /// is allowed for certain, by each of so many statements.
    pub(super) fn everywhere(statement: &Prepared, allowed_by: usize) -> Self {
        Judgement {
            verdict: Verdict::Covered,
            vacuous: false,
            witness: None,
            resources: statement.resources.iter().map(|r| r.text.clone()).collect(),
            types: Vec::new(),
            allowed_by: (0..allowed_by).collect(),
            denied_by: Vec::new(),
            refused_by: Vec::new(),
            unresolved: Vec::new(),
            stated: Stated::new(),
            contested: None,
            foreign: Vec::new(),
        }
    }

    /// The judgement of an action that needs no permission: nothing is required of the policies.
    pub(super) fn free(statement: &Prepared) -> Self {
        Judgement {
            vacuous: true,
            ..Judgement::everywhere(statement, 0)
        }
    }
}

/// The requirement of a statement of the reference for one action.
struct Wanted<'a> {
    resources: Vec<(usize, &'a Pattern)>,
    /// Whether the request on `*` is required.
    star: bool,
    filters: Vec<Filter<'a>>,
}

/// The reference is read strictly; what matches nothing that way is read widely, so that no
/// requirement is lost.
pub(super) fn required_patterns(resource: &Resource) -> &[Pattern] {
    match resource.patterns(Reading::Strict, Variables::Any) {
        [] => resource.patterns(Reading::Wide, Variables::Any),
        some => some,
    }
}

impl<'a> Wanted<'a> {
    fn new(statement: &'a Prepared, denies: &[Applies<'a>], everything: &'a Pattern) -> Self {
        let listed: Vec<(usize, &Pattern)> = statement
            .resources
            .iter()
            .enumerate()
            .flat_map(|(i, r)| required_patterns(r).iter().map(move |p| (i, p)))
            .collect();
        let mut filters = Vec::new();
        let mut star = statement.is_on_star();
        let resources = if statement.not_resource {
            filters.push(Filter {
                negated: true,
                patterns: listed.iter().map(|(_, p)| *p).collect(),
            });
            vec![(0, everything)]
        } else {
            listed
        };
        for deny in denies
            .iter()
            .filter(|d| d.certain && d.statement.conditions.is_empty())
        {
            let patterns = deny
                .statement
                .resources
                .iter()
                .flat_map(|r| r.patterns(Reading::Strict, Variables::Unset))
                .collect();
            star &= !deny.statement.is_on_star();
            filters.push(Filter {
                negated: !deny.statement.not_resource,
                patterns,
            });
        }
        Wanted {
            resources,
            star,
            filters,
        }
    }

    fn question<'q>(&self, universe: &'q Universe, resources: &[usize]) -> Question<'q>
    where
        'a: 'q,
    {
        Question {
            universe: &universe.all,
            plain: &universe.plain,
            wanted: self
                .resources
                .iter()
                .filter(|(i, _)| resources.contains(i))
                .map(|(_, p)| *p)
                .collect(),
            filters: self.filters.clone(),
        }
    }
}

/// Judges what `statement` of the reference requires for one action.
pub(super) fn judge<'c>(
    comparison: &Comparison<'c>,
    statement: &Prepared,
    denies: &[Applies<'_>],
    named: Named<'_, 'c>,
    applies: &[Applies<'_>],
    cases: &[Case<'_>],
    budget: &mut Budget,
) -> Judgement {
    let everything = Pattern::everything();
    let wanted = Wanted::new(statement, denies, &everything);
    let layers = comparison.layers.len();
    let sides = |stance: &dyn Fn(usize) -> Stance| -> Vec<Sides<'_>> {
        let truths = cases.iter().flat_map(|case| &case.truths);
        truths
            .map(|truths| Sides::new(applies, truths, layers, stance))
            .collect()
    };
    let mut asked = Asked {
        comparison,
        statement,
        wanted,
        applies,
        cases,
        sides: sides(&|_| Stance::Cautious),
        parts: Vec::new(),
    };
    asked.lay_out(named);
    let mut judgement = asked.judge(budget);
    if matches!(judgement.verdict, Verdict::Covered | Verdict::Partial) && !judgement.vacuous {
        let gap = |name: &str| judgement.types.iter().any(|t| t.gap && t.name == name);
        judgement.foreign = asked.foreign(named, budget);
        judgement.foreign.retain(|name| !gap(name));
    }
    let hangs = |a: &Applies<'_>| {
        !a.certain
            || a.statement
                .resources
                .iter()
                .any(|r| r.pattern.is_contested())
    };
    let hanging: Vec<usize> = (0..applies.len())
        .filter(|at| applies.get(*at).is_some_and(hangs))
        .collect();
    if judgement.verdict != Verdict::Covered && !hanging.is_empty() {
        let mut covers = |stance: &dyn Fn(usize) -> Stance| {
            asked.sides = sides(stance);
            asked.judge(budget).verdict == Verdict::Covered
        };
        if covers(&|_| Stance::Generous) {
            // Of several, the one that does it alone.
            let alone = hanging.iter().copied().find(|at| {
                covers(&|other| {
                    if other == *at {
                        Stance::Generous
                    } else {
                        Stance::Cautious
                    }
                })
            });
            judgement.contested = alone.or_else(|| hanging.first().copied());
        }
    }
    judgement
}

/// A requirement with the questions that it asks.
struct Asked<'s, 'c> {
    comparison: &'s Comparison<'c>,
    statement: &'s Prepared,
    wanted: Wanted<'s>,
    applies: &'s [Applies<'s>],
    cases: &'s [Case<'s>],
    /// One for each list of each case.
    sides: Vec<Sides<'s>>,
    parts: Vec<Part<'c>>,
}

impl<'s, 'c> Asked<'s, 'c> {
    /// Finds the kinds of resources to ask about.
    fn lay_out(&mut self, named: Named<'_, 'c>) {
        let typed = named.known.is_some_and(|a| a.has_resource_types());
        let everything = self.wanted.resources.iter().any(|(_, p)| p.is_everything());
        let alike = self.sides.iter().all(Sides::allow_everything_alike);
        // The ordinary case of `"Resource": "*"` on both sides: no type needs a look.
        if typed && self.wanted.filters.is_empty() && everything && alike {
            let resources = self.wanted.resources.iter().map(|(i, _)| *i).collect();
            self.parts.push(Part {
                kind: None,
                universe: None,
                resources,
                sides: 0,
                bits: 0,
                found: None,
            });
            return;
        }
        for (case, first) in self.firsts() {
            let untyped = first + case.index(None, false);
            match named.known {
                Some(action) if typed => {
                    for (at, kind) in action.resource_types().enumerate() {
                        let sides = [false, true].map(|own| first + case.index(Some(at), own));
                        self.typed_parts(named, &kind, sides);
                    }
                }
                Some(_) => self.star_part(untyped),
                None => {
                    self.star_part(untyped);
                    let resources: Vec<usize> =
                        self.wanted.resources.iter().map(|(i, _)| *i).collect();
                    if !resources.is_empty() {
                        let universe = Some(Universe::unknown());
                        self.parts.push(Part {
                            kind: None,
                            universe,
                            resources,
                            sides: untyped,
                            bits: 0,
                            found: None,
                        });
                    }
                }
            }
        }
        if let Some(action) = named.known.filter(|_| typed && !everything) {
            self.need_the_only_type(&action);
        }
    }

    /// The catalogue calls `object` and `accesspointobject` both optional for `s3:GetObject`, since a call is on one or
    /// the other. Where the reference names the ARNs of one of them alone, its calls are on that one.
    fn need_the_only_type(&mut self, action: &Action<'c>) {
        if action.resource_types().any(|kind| kind.required) {
            return;
        }
        let mut kinds = self.parts.iter().filter_map(|part| part.kind);
        let Some((only, _)) = kinds.next() else {
            return;
        };
        if kinds.all(|(name, _)| name == only) {
            for part in &mut self.parts {
                part.kind = part.kind.map(|(name, _)| (name, true));
            }
        }
    }

    fn star_part(&mut self, sides: usize) {
        if self.wanted.star {
            let resources = self.wanted.resources.iter().map(|(i, _)| *i).collect();
            self.parts.push(Part {
                kind: None,
                universe: None,
                resources,
                sides,
                bits: 0,
                found: None,
            });
        }
    }

    /// The questions about one resource type: one per universe of the scope, and one for required
    /// resources that lie outside the scope, so that a scope never hides a requirement.
    fn typed_parts(
        &mut self,
        named: Named<'_, 'c>,
        kind: &ResourceType<'c>,
        [sides, own_sides]: [usize; 2],
    ) {
        let Asked {
            comparison,
            wanted,
            parts,
            ..
        } = self;
        let needed = kind.required
            || reference::needed_types(named.service, named.name).contains(&kind.name);
        let mut outside: Vec<usize> = wanted.resources.iter().map(|(i, _)| *i).collect();
        let mut add = |universe: Universe, among: &[usize]| -> Vec<usize> {
            let inside: Vec<usize> = wanted
                .resources
                .iter()
                .filter(|(i, p)| among.contains(i) && p.overlaps(&universe.all))
                .map(|(i, _)| *i)
                .collect();
            if !inside.is_empty() {
                parts.push(Part {
                    kind: Some((kind.name, needed)),
                    sides: if universe.own_account {
                        own_sides
                    } else {
                        sides
                    },
                    universe: Some(universe),
                    resources: inside.clone(),
                    bits: 0,
                    found: None,
                });
            }
            inside
        };
        let all = outside.clone();
        for universe in comparison.universes(named.service, kind).iter() {
            let inside = add(universe.clone(), &all);
            outside.retain(|i| !inside.contains(i));
        }
        if !outside.is_empty() && comparison.scope.is_narrow() {
            let wide = Universes::of(&Scope::default());
            for universe in wide.get(named.service, kind).iter() {
                add(universe.clone(), &outside);
            }
        }
    }

    /// The types of which a requirement reaches into other accounts, where the grants do not follow.
    fn foreign(&self, named: Named<'_, 'c>, budget: &mut Budget) -> Vec<String> {
        let scope = &self.comparison.scope;
        let (Some(action), Some(case)) = (named.known, self.cases.first()) else {
            return Vec::new();
        };
        if scope.account.is_none() || !reference::shares(named.service) || { self.sides.first() }
            .is_some_and(Sides::allow_everything_alike)
        {
            return Vec::new();
        }
        let all: Vec<usize> = self.wanted.resources.iter().map(|(i, _)| *i).collect();
        let mut foreign: Vec<String> = Vec::new();
        for (at, kind) in action.resource_types().enumerate() {
            if !reference::is_shared(named.service, kind.name) || !scope.puts_account(&kind) {
                continue;
            }
            let Some(sides) = self.sides.get(case.index(Some(at), false)) else {
                continue;
            };
            let anywhere = Universes::of(&scope.in_every_account());
            let gap = anywhere.get(named.service, &kind).iter().any(|universe| {
                let question = self.wanted.question(universe, &all);
                let found = Decision::new(&question, sides).decide(budget);
                found.has(shows::IMPOSSIBLE)
            });
            if gap {
                foreign.push(kind.name.to_owned());
            }
        }
        foreign
    }

    fn judge(&mut self, budget: &mut Budget) -> Judgement {
        let mut complete = true;
        for part in &mut self.parts {
            let Some(sides) = self.sides.get(part.sides) else {
                continue;
            };
            let Some(universe) = &part.universe else {
                part.bits = sides.star();
                continue;
            };
            let question = self.wanted.question(universe, &part.resources);
            let found = Decision::new(&question, sides).decide(budget);
            part.bits = found.bits();
            complete &= found.complete;
            part.found = Some(found);
        }
        let parts = &self.parts;
        let vacuous = complete && parts.iter().all(|p| p.bits & shows::NEEDED == 0);
        let verdict = verdict(parts.iter().fold(0, |bits, p| bits | p.bits), complete);
        let (allowed_by, denied_by) = if vacuous {
            Default::default()
        } else {
            self.places()
        };
        let shown = shown_by(verdict).and_then(|bit| self.shown(bit));
        let (witness, refused_by, case) = shown.unwrap_or_default();
        let resources = self.statement.resources.iter().enumerate();
        Judgement {
            verdict,
            vacuous,
            witness,
            resources: resources
                .filter(|(i, _)| vacuous || parts.iter().any(|p| p.resources.contains(i)))
                .map(|(_, r)| r.text.clone())
                .collect(),
            types: types(parts),
            allowed_by,
            denied_by,
            refused_by,
            unresolved: self.unresolved(case),
            stated: match self.case_of(case) {
                Some((case, _)) if self.cases.len() > 1 => case.stated.clone(),
                _ => Stated::new(),
            },
            contested: None,
            foreign: Vec::new(),
        }
    }

    /// Each case with the index of its first sides.
    fn firsts(&self) -> impl Iterator<Item = (&'s Case<'s>, usize)> + use<'s, 'c> {
        let cases = self.cases;
        cases.iter().scan(0, |next, case| {
            let first = *next;
            *next += case.truths.len();
            Some((case, first))
        })
    }

    /// The case that these sides belong to, and their place among its own.
    fn case_of(&self, sides: usize) -> Option<(&'s Case<'s>, usize)> {
        let cases = self.firsts();
        let mut with = cases.filter_map(|(case, first)| {
            let at = sides.checked_sub(first)?;
            (at < case.truths.len()).then_some((case, at))
        });
        with.next()
    }

    /// A request that shows something, the layers that refuse it, and the index of its sides.
    fn shown(&self, bit: u32) -> Option<(Option<String>, Vec<usize>, usize)> {
        // A type that every call needs makes the better example.
        let showing = || self.parts.iter().filter(|p| p.bits & bit != 0);
        let part = showing()
            .find(|p| p.is_needed())
            .or_else(|| showing().next())?;
        let sides = self.sides.get(part.sides)?;
        let (Some(universe), Some(found)) = (&part.universe, &part.found) else {
            let refused_by = sides.star_refused_by();
            return Some((Some("*".to_owned()), refused_by, part.sides));
        };
        let question = self.wanted.question(universe, &part.resources);
        let decision = Decision::new(&question, sides);
        let holds = |w: &[Symbol]| decision.judge(w) & bit != 0;
        let word = found.word(bit)?;
        let refused_by = decision.refused_by(word);
        let Comparison {
            scope,
            placeholders,
            ..
        } = self.comparison;
        let witness = witness::readable(word, scope, placeholders, &question.wanted, holds);
        Some((Some(witness), refused_by, part.sides))
    }

    /// The statements whose Condition is not resolved, in the case with these sides.
    fn unresolved(&self, sides: usize) -> Vec<usize> {
        let truths = { self.case_of(sides) }.and_then(|(case, at)| case.truths.get(at));
        let truths = truths.into_iter().flatten().enumerate();
        truths
            .filter(|(_, truth)| **truth == Truth::Unknown)
            .map(|(at, _)| at)
            .collect()
    }

    /// Statements that allow some of the requirement, and statements that deny some of it.
    fn places(&self) -> (Vec<usize>, Vec<usize>) {
        let mut allowed = Vec::new();
        let mut denied = Vec::new();
        for (index, entry) in self.applies.iter().enumerate() {
            let statement = entry.statement;
            let may_hold = |truths: &Vec<Truth>| truths.get(index) != Some(&Truth::False);
            if !self.cases.iter().flat_map(|c| &c.truths).any(may_hold) {
                continue;
            }
            let (list, reading) = match statement.effect {
                Effect::Allow if entry.certain => (&mut allowed, Reading::Strict),
                Effect::Allow => continue,
                Effect::Deny => (&mut denied, Reading::Wide),
            };
            let excluded = |p: &Pattern| {
                let filters = self.wanted.filters.iter().filter(|f| f.negated);
                filters
                    .flat_map(|f| &f.patterns)
                    .any(|filter| filter.absorbs(p))
            };
            let bears = |part: &Part<'_>, resource: &Resource| {
                part.universe.as_ref().is_some_and(|universe| {
                    resource.patterns(reading, Variables::Any).iter().any(|p| {
                        !excluded(p)
                            && p.overlaps(&universe.all)
                            && self
                                .wanted
                                .resources
                                .iter()
                                .any(|(i, w)| part.resources.contains(i) && p.overlaps(w))
                    })
                })
            };
            let bears = statement.not_resource
                || statement.resources.iter().any(|r| {
                    r.pattern.is_everything() || self.parts.iter().any(|part| bears(part, r))
                });
            if bears {
                list.push(index);
            }
        }
        (allowed, denied)
    }
}

fn verdict(bits: u32, complete: bool) -> Verdict {
    let has = |bit| bits & bit != 0;
    if has(shows::POSSIBLE) && has(shows::IMPOSSIBLE) {
        Verdict::Partial
    } else if !complete {
        Verdict::Undecided
    } else if !has(shows::UNSURE) {
        Verdict::Covered
    } else if !has(shows::UNDENIED) {
        Verdict::Denied
    } else if !has(shows::POSSIBLE) {
        Verdict::Missing
    } else {
        Verdict::Conditional
    }
}

/// The requests that show a verdict.
fn shown_by(verdict: Verdict) -> Option<u32> {
    match verdict {
        Verdict::Covered | Verdict::Undecided | Verdict::Depends => None,
        Verdict::Missing | Verdict::Partial | Verdict::Denied => Some(shows::IMPOSSIBLE),
        Verdict::Conditional => Some(shows::UNSURE),
    }
}

fn types(parts: &[Part<'_>]) -> Vec<TypeOutcome> {
    let mut types: Vec<TypeOutcome> = Vec::new();
    for part in parts.iter().filter(|p| p.bits & shows::NEEDED != 0) {
        let Some((name, needed)) = part.kind else {
            continue;
        };
        let gap = part.bits & shows::IMPOSSIBLE != 0;
        match types.iter_mut().find(|t| t.name == name) {
            Some(known) => known.gap |= gap,
            None => types.push(TypeOutcome {
                name: name.to_owned(),
                needed,
                gap,
            }),
        }
    }
    types
}
