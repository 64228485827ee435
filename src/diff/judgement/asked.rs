//! One requirement asked of all layers, resource type by resource type.

use super::{Case, Judgement, Part, Wanted, shown_by, types, verdict};
use crate::catalog::{Action, ResourceType};
use crate::diff::comparison::{Comparison, Named};
use crate::diff::context::Stated;
use crate::diff::decide::{Decision, Sides, shows};
use crate::diff::scope::{Scope, Universe, Universes};
use crate::diff::statement::{Applies, Prepared, Resource};
use crate::diff::witness;
use crate::matcher::condition::Truth;
use crate::matcher::search::Budget;
use crate::matcher::{Pattern, Reading, Symbol, Variables};
use crate::parser::Effect;
use crate::reference;

/// A requirement with the questions that it asks.
pub(super) struct Asked<'s, 'c> {
    pub(super) comparison: &'s Comparison<'c>,
    pub(super) statement: &'s Prepared,
    pub(super) wanted: Wanted<'s>,
    pub(super) applies: &'s [Applies<'s>],
    pub(super) cases: &'s [Case<'s>],
    /// One for each list of each case.
    pub(super) sides: Vec<Sides<'s>>,
    pub(super) parts: Vec<Part<'c>>,
}

impl<'s, 'c> Asked<'s, 'c> {
    /// Finds the kinds of resources to ask about.
    pub(super) fn lay_out(&mut self, named: Named<'_, 'c>) {
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

    /// The resource types that the requirement covers in other accounts too, and that are granted in this account only.
    pub(super) fn foreign(&self, named: Named<'_, 'c>, budget: &mut Budget) -> Vec<String> {
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

    pub(super) fn judge(&mut self, budget: &mut Budget) -> Judgement {
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
    pub(super) fn unresolved(&self, sides: usize) -> Vec<usize> {
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
