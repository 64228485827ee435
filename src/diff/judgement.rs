//! One requirement judged: the questions it asks, one per kind of resource, and what their answers
//! say together.

mod asked;

use std::sync::Arc;

use super::Verdict;
use super::comparison::{Comparison, Named};
use super::context::Stated;
use super::decide::{Filter, Found, Question, Sides, Stance, shows};
use super::scope::Universe;
use super::statement::{Applies, Prepared, Resource};
use crate::matcher::condition::Truth;
use crate::matcher::search::Budget;
use crate::matcher::{Pattern, Reading, Variables};
use crate::parser::Effect;
use asked::Asked;

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
    /// Index into `Asked::sides`.
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
    /// The layers that certainly do not allow the request that shows the verdict.
    pub(super) refused_by: Vec<usize>,
    /// The statements whose Condition is not resolved for that request.
    pub(super) unresolved: Vec<usize>,
    /// The condition keys of that request, if the requirement leaves several cases open.
    pub(super) stated: Stated,
    /// The statement on which the verdict depends, if a more generous reading of what AWS's pages leave open would
    /// cover the requirement.
    pub(super) contested: Option<usize>,
    /// Resource types that are granted in this account only, though resources of other accounts may be shared with it.
    pub(super) foreign: Vec<String>,
}

/// Whether the answer is plain: the requirement is on `"*"`, no Deny of the reference narrows it, and every statement that
/// applies is an unconditional Allow on `"*"`, at least one in each layer.
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
            // Name the statement whose generous reading alone covers the requirement, else the first.
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
