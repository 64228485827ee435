//! One requirement judged: the questions it asks, one per kind of resource, and what their answers
//! say together.

use std::rc::Rc;
use std::sync::Arc;

use super::coverage::{Comparison, Named};
use super::decide::{self, Filter, Question, Sides, shows};
use super::scope::{Scope, Universe};
use super::statement::{Applies, Prepared, Resource};
use super::{Verdict, witness};
use crate::catalog::ResourceType;
use crate::matcher::search::{Budget, Found};
use crate::matcher::{Pattern, Reading, Symbol, Variables};
use crate::parser::Effect;
use crate::reference;

/// A resource type that a requirement touches, and whether it has a gap there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypeOutcome {
    /// e.g. `security-group`.
    pub name: String,
    /// Whether every call needs one, or ParallelCluster is known to use it.
    pub needed: bool,
    /// Some request on it cannot succeed.
    pub gap: bool,
}

/// What the requests on one kind of resource show.
struct Part<'c> {
    /// The type and whether it is needed; `None` for actions without types and unknown actions.
    kind: Option<(&'c str, bool)>,
    /// The ARNs that exist; `None` for the request on `*`.
    universe: Option<Universe>,
    /// Indexes of the required resources that lie here.
    resources: Vec<usize>,
    bits: u32,
    found: Option<Found>,
}

impl Part<'_> {
    fn is_needed(&self) -> bool {
        self.kind.is_none_or(|(_, needed)| needed)
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
    /// Which of the statements that apply allow some of it.
    pub(super) allowed_by: Vec<usize>,
    /// Which of them take some of it.
    pub(super) denied_by: Vec<usize>,
}

/// What a statement of the reference requires for one action.
struct Wanted<'a> {
    resources: Vec<(usize, &'a Pattern)>,
    /// Whether the request on `*` is required.
    star: bool,
    filters: Vec<Filter<'a>>,
}

/// The reference is read strictly; what matches nothing that way is read widely, so that no
/// requirement is lost.
fn required_patterns(resource: &Resource) -> &[Pattern] {
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
            .flat_map(|(i, r)| required_patterns(r).iter().take(1).map(move |p| (i, p)))
            .collect();
        let lists_star = statement
            .resources
            .iter()
            .any(|r| r.pattern.is_everything());
        let mut filters = Vec::new();
        let mut star = lists_star != statement.not_resource;
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
            let denies_star = deny
                .statement
                .resources
                .iter()
                .any(|r| r.pattern.is_everything());
            star &= denies_star == deny.statement.not_resource;
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
    budget: &mut Budget,
) -> Judgement {
    let everything = Pattern::everything();
    let wanted = Wanted::new(statement, denies, &everything);
    let sides = Sides::new(applies, &statement.conditions);
    let typed = named.known.is_some_and(|a| a.has_resource_types());

    let mut parts = Vec::new();
    // The ordinary case of `"Resource": "*"` on both sides: no type needs a look.
    if typed
        && wanted.filters.is_empty()
        && wanted.resources.iter().any(|(_, p)| p.is_everything())
        && sides.allow_everything_alike()
    {
        let resources = wanted.resources.iter().map(|(i, _)| *i).collect();
        parts.push(Part {
            kind: None,
            universe: None,
            resources,
            bits: 0,
            found: None,
        });
        return judgement(
            comparison, statement, &wanted, &sides, applies, parts, budget,
        );
    }
    match named.known {
        Some(action) if typed => {
            for kind in action.resource_types() {
                typed_parts(comparison, named, &kind, &wanted, &mut parts);
            }
        }
        Some(_) => star_part(&wanted, &mut parts),
        None => {
            star_part(&wanted, &mut parts);
            let resources: Vec<usize> = wanted.resources.iter().map(|(i, _)| *i).collect();
            if !resources.is_empty() {
                let universe = Some(Universe {
                    all: Rc::new(Pattern::glob("arn:*:*:*:*:*")),
                    plain: Rc::new(Pattern::everything()),
                });
                parts.push(Part {
                    kind: None,
                    universe,
                    resources,
                    bits: 0,
                    found: None,
                });
            }
        }
    }

    judgement(
        comparison, statement, &wanted, &sides, applies, parts, budget,
    )
}

fn judgement(
    comparison: &Comparison<'_>,
    statement: &Prepared,
    wanted: &Wanted<'_>,
    sides: &Sides<'_>,
    applies: &[Applies<'_>],
    mut parts: Vec<Part<'_>>,
    budget: &mut Budget,
) -> Judgement {
    let mut complete = true;
    for part in &mut parts {
        let Some(universe) = &part.universe else {
            part.bits = sides.star();
            continue;
        };
        let question = wanted.question(universe, &part.resources);
        if question.filters.is_empty() && decide::plainly_covered(&question, sides) {
            part.bits = ALLOWED;
            continue;
        }
        let found = Comparison::spend(budget, |b| decide::decide(&question, sides, b));
        part.bits = found.bits();
        complete &= found.complete;
        part.found = Some(found);
    }
    let vacuous = complete && parts.iter().all(|p| p.bits & shows::NEEDED == 0);
    let verdict = verdict(parts.iter().fold(0, |bits, p| bits | p.bits), complete);
    let (allowed_by, denied_by) = if vacuous {
        Default::default()
    } else {
        places(applies, &parts, wanted)
    };
    Judgement {
        verdict,
        vacuous,
        witness: shown_by(verdict).and_then(|bit| {
            // A type that every call needs makes the better example.
            let showing = || parts.iter().filter(|p| p.bits & bit != 0);
            let part = showing()
                .find(|p| p.is_needed())
                .or_else(|| showing().next())?;
            let (Some(universe), Some(found)) = (&part.universe, &part.found) else {
                return Some("*".to_owned());
            };
            let question = wanted.question(universe, &part.resources);
            let holds = |w: &[Symbol]| decide::judge(&question, sides, w) & bit != 0;
            let scope = &comparison.scope;
            Some(witness::readable(
                found.word(bit)?,
                scope,
                comparison.placeholders,
                holds,
            ))
        }),
        resources: statement
            .resources
            .iter()
            .enumerate()
            .filter(|(i, _)| vacuous || parts.iter().any(|p| p.resources.contains(i)))
            .map(|(_, r)| r.text.clone())
            .collect(),
        types: types(&parts),
        allowed_by,
        denied_by,
    }
}

/// What a part shows when everything it asks about is allowed for certain.
const ALLOWED: u32 = shows::NEEDED | shows::POSSIBLE | shows::UNDENIED;

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

/// Which requests show a verdict.
fn shown_by(verdict: Verdict) -> Option<u32> {
    match verdict {
        Verdict::Covered | Verdict::Undecided => None,
        Verdict::Missing | Verdict::Partial | Verdict::Denied => Some(shows::IMPOSSIBLE),
        Verdict::Conditional => Some(shows::UNSURE),
    }
}

fn star_part(wanted: &Wanted<'_>, parts: &mut Vec<Part<'_>>) {
    if wanted.star {
        let resources = wanted.resources.iter().map(|(i, _)| *i).collect();
        parts.push(Part {
            kind: None,
            universe: None,
            resources,
            bits: 0,
            found: None,
        });
    }
}

/// The questions about one resource type: one per universe of the scope, and one for required
/// resources that lie outside the scope, so that a scope never hides a requirement.
fn typed_parts<'c>(
    comparison: &Comparison<'c>,
    named: Named<'_, 'c>,
    kind: &ResourceType<'c>,
    wanted: &Wanted<'_>,
    parts: &mut Vec<Part<'c>>,
) {
    let needed =
        kind.required || reference::needed_types(named.service, named.name).contains(&kind.name);
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
        let wide = Universe::of(kind);
        for universe in Scope::default().universes(named.service, kind) {
            add(wide(universe), &outside);
        }
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

/// Which statements allow some of the requirement, and which deny some of it.
fn places(
    applies: &[Applies<'_>],
    parts: &[Part<'_>],
    wanted: &Wanted<'_>,
) -> (Vec<usize>, Vec<usize>) {
    let mut allowed = Vec::new();
    let mut denied = Vec::new();
    for (index, entry) in applies.iter().enumerate() {
        let statement = entry.statement;
        let (list, reading) = match statement.effect {
            Effect::Allow if entry.certain => (&mut allowed, Reading::Strict),
            Effect::Allow => continue,
            Effect::Deny => (&mut denied, Reading::Wide),
        };
        let bears = statement.not_resource
            || statement.resources.iter().any(|r| {
                r.pattern.is_everything()
                    || parts.iter().any(|part| {
                        part.universe.as_ref().is_some_and(|universe| {
                            r.patterns(reading, Variables::Any).iter().any(|p| {
                                p.overlaps(&universe.all)
                                    && wanted
                                        .resources
                                        .iter()
                                        .any(|(i, w)| part.resources.contains(i) && p.overlaps(w))
                            })
                        })
                    })
            });
        if bears {
            list.push(index);
        }
    }
    (allowed, denied)
}
