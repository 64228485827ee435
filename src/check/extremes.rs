//! Verdicts where values are not known: each requirement is judged at both extremes, and the verdicts put together.

mod one_value;

use std::ptr;

use rustc_hash::FxHashMap;

use super::Settings;
use super::reading::Policies;
use super::trial::{Again, Trial};
use crate::catalog::Catalog;
use crate::diff::comparison::Comparison;
use crate::diff::coverage::Requirement;
use crate::diff::statement::Prepared;
use crate::diff::{Open, OpenValue, Row, Verdict};
use crate::lints::{Extremes, File};
use crate::parser::{Document, Effect, Policy, SourceId, Span, Statement, Text};

/// Which of the generous readings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Which {
    Best,
    Texts,
}

/// The readings `best`, `worst` and `texts` of a role's policies, where something is not known.
pub(super) struct Readings<'f> {
    pub(super) best: Policies<'f>,
    texts: Option<Policies<'f>>,
    worst: Policies<'f>,
}

impl<'f> Readings<'f> {
    /// `None` where everything is known.
    pub(super) fn new(files: &[&'f File], settings: &'f Settings) -> Option<Self> {
        let limits = settings.limits().flat_map(|(_, files)| files);
        let all = files.iter().copied().chain(limits);
        let extremes: Vec<&Extremes> = all.filter_map(|f| f.extremes.as_deref()).collect();
        if extremes.is_empty() {
            return None;
        }
        let has_names = extremes.iter().any(|e| e.texts.is_some());
        let read = |which: Option<Which>| Policies {
            own: files.iter().flat_map(|f| policies(f, which)).collect(),
            limits: { settings.limits() }
                .map(|(kind, files)| {
                    let own = files.iter().flat_map(|f| policies(f, which));
                    (
                        kind,
                        files.iter().map(|f| f.source).collect(),
                        own.collect(),
                    )
                })
                .collect(),
        };
        Some(Readings {
            best: read(Some(Which::Best)),
            texts: has_names.then(|| read(Some(Which::Texts))),
            worst: read(None),
        })
    }

    /// Makes the candidate ready for the generous readings.
    pub(super) fn again<'t>(&self, trial: &'t Trial<'t>) -> Wider<'t> {
        Wider {
            trial,
            best: trial.again(&self.best),
            texts: self.texts.as_ref().map(|texts| trial.again(texts)),
        }
    }

    /// The holes that stand for whole statements, each with its policy.
    fn unknown_statements(&self) -> Vec<(&'f Policy, usize)> {
        let limits = self.worst.limits.iter().flat_map(|(.., policies)| policies);
        let all = self.worst.own.iter().chain(limits);
        all.flat_map(|policy| {
            let unknowns = policy.unknowns.iter();
            let holes = unknowns.flat_map(|u| u.statements.iter().copied());
            holes.map(|hole| (*policy, hole))
        })
        .collect()
    }
}

fn policies(file: &File, which: Option<Which>) -> &[Policy] {
    let extremes = file.extremes.as_deref();
    let document: &Document = match (which, extremes) {
        (Some(Which::Texts), Some(e)) => e.texts.as_ref().unwrap_or(&e.best),
        (Some(Which::Best), Some(e)) => &e.best,
        _ => &file.document,
    };
    &document.policies
}

/// A candidate with the generous readings.
pub(super) struct Wider<'t> {
    trial: &'t Trial<'t>,
    best: Again,
    texts: Option<Again>,
}

/// The comparisons of the generous readings, and what is needed to name the unknown values.
pub(super) struct Generous<'w, 'f> {
    best: Comparison<'w>,
    texts: Option<Comparison<'w>>,
    unknown: Vec<(&'f Policy, usize)>,
    /// The statements with holes, by their places, of the best and of the worst reading.
    open: FxHashMap<(SourceId, Span), Vec<(&'f Policy, &'f Statement)>>,
}

impl Wider<'_> {
    /// Lays out the comparisons with the policies that AWS stores, or with all of them.
    pub(super) fn compare<'w, 'f>(
        &'w self,
        catalog: &'w Catalog,
        readings: &Readings<'f>,
        as_stored: bool,
    ) -> Generous<'w, 'f> {
        let compare = |again: &'w Again| self.trial.wider(again, catalog, as_stored);
        let mut open: FxHashMap<_, Vec<_>> = FxHashMap::default();
        for policies in [&readings.best, &readings.worst] {
            let limits = policies.limits.iter().flat_map(|(.., policies)| policies);
            for policy in policies.own.iter().chain(limits).copied() {
                for statement in policy.statements.iter().filter(|s| !s.holes.is_empty()) {
                    let place = (policy.source, statement.span);
                    open.entry(place).or_default().push((policy, statement));
                }
            }
        }
        Generous {
            best: compare(&self.best),
            texts: self.texts.as_ref().map(compare),
            unknown: readings.unknown_statements(),
            open,
        }
    }
}

impl<'w> Generous<'w, '_> {
    /// As much as every value that is not known can let the policies grant.
    pub(super) fn best(&self) -> &Comparison<'w> {
        &self.best
    }

    /// Whether it is an Allow with something that is not known.
    pub(super) fn is_open_grant(&self, statement: &Prepared) -> bool {
        let place = (statement.source, statement.span);
        statement.effect == Effect::Allow && self.open.contains_key(&place)
    }

    /// Whether it is an Allow that excludes something unknown in `NotResource`, which at the worst is everything.
    pub(super) fn excludes_unknown(&self, statement: &Prepared) -> bool {
        statement.not_resource && self.is_open_grant(statement)
    }

    /// As `best`, but an unknown name counts as one fixed name that equals no other, not as `*`.
    pub(super) fn most(&self) -> &Comparison<'w> {
        self.texts.as_ref().unwrap_or(&self.best)
    }

    /// Puts the verdicts at both extremes together. `judge` gives the rows of one comparison, always in the same order.
    pub(super) fn settle(
        &self,
        worst: &Comparison<'_>,
        rows: &mut [Requirement],
        judge: impl Fn(&Comparison<'_>) -> Vec<Requirement>,
    ) {
        let is_open = |row: &Row| {
            !row.vacuous && (row.verdict != Verdict::Covered || !self.unknown.is_empty())
        };
        if !rows.iter().any(|r| is_open(&r.row)) {
            return;
        }
        let best = judge(&self.best);
        let texts = self.texts.as_ref().map(judge);
        for (at, requirement) in rows.iter_mut().enumerate() {
            let Some(best) = best.get(at) else { continue };
            if !is_open(&requirement.row) {
                continue;
            }
            let texts = texts.as_ref().and_then(|t| t.get(at));
            self.one(worst, requirement, best, texts);
        }
    }

    fn one(
        &self,
        worst: &Comparison<'_>,
        requirement: &mut Requirement,
        best: &Requirement,
        texts: Option<&Requirement>,
    ) {
        let at_worst = match requirement.row.verdict {
            verdict @ (Verdict::Missing | Verdict::Denied | Verdict::Undecided) => verdict,
            // A statement that is not known may be a Deny of everything.
            _ if !self.unknown.is_empty() => Verdict::Denied,
            verdict => verdict,
        };
        let at_best = best.row.verdict;
        if at_worst == Verdict::Undecided || at_best == Verdict::Undecided {
            requirement.row.verdict = Verdict::Undecided;
            return;
        }
        // If the reference requires a wildcard, one unknown name can cover only a part of it.
        let as_names = texts.filter(|texts| {
            at_best == Verdict::Covered
                && texts.row.verdict.fails()
                && asks_for_many(&requirement.row)
                && !self.has_one_value(&requirement.row)
        });
        let (at_best, taken) = match as_names {
            Some(texts) => (Verdict::Partial, texts),
            None => (at_best, best),
        };
        if at_best == at_worst {
            return;
        }
        let values = self.values(worst, &requirement.row);
        if matches!(at_best, Verdict::Covered | Verdict::Conditional) {
            requirement.row.verdict = Verdict::Depends;
        } else {
            // What fails for every value.
            let witness = requirement.row.witness.clone();
            *requirement = taken.clone();
            let row = &mut requirement.row;
            row.verdict = at_best;
            if row.witness.is_none() {
                row.witness = witness;
            }
        }
        requirement.row.depends = Some(Box::new(Open {
            at_worst,
            at_best,
            values,
        }));
    }

    /// What is not known in the statements that bear on a requirement.
    fn values(&self, worst: &Comparison<'_>, row: &Row) -> Vec<OpenValue> {
        let action = row.action.to_ascii_lowercase();
        let (service, name) = action.split_once(':').unwrap_or_default();
        let mut values: Vec<OpenValue> = Vec::new();
        let mut add = |value: OpenValue| {
            let known = values.iter_mut().find(|v| v.name == value.name);
            match known {
                Some(old) if old.value.is_none() && value.value.is_some() => *old = value,
                Some(_) => {}
                None => values.push(value),
            }
        };
        let best = places(&self.best, service, name);
        for place in best.into_iter().chain(places(worst, service, name)) {
            for (policy, statement) in self.open.get(&place).into_iter().flatten() {
                for hole in &statement.holes {
                    if let Some(value) = value_of(policy, statement, *hole, row) {
                        add(value);
                    }
                }
            }
        }
        for (policy, hole) in &self.unknown {
            let mut unknowns = policy.unknowns.iter();
            let hole = unknowns.find_map(|u| u.holes.get(*hole));
            if let Some(hole) = hole {
                add(OpenValue {
                    name: hole.name.clone(),
                    kind: hole.kind,
                    place: (hole.source, hole.span),
                    value: None,
                    option: hole.option.clone(),
                });
            }
        }
        values
    }
}

/// Where the statements are that match an action.
fn places(comparison: &Comparison<'_>, service: &str, name: &str) -> Vec<(SourceId, Span)> {
    let applying = comparison.applying(service, name).into_iter();
    let mut places: Vec<_> = applying
        .map(|a| (a.statement.source, a.statement.span))
        .collect();
    places.dedup();
    places
}

/// A hole of a statement as a value that is not known.
fn value_of(policy: &Policy, statement: &Statement, hole: usize, row: &Row) -> Option<OpenValue> {
    let of = policy.unknowns.as_ref()?.holes.get(hole)?;
    let elements = statement.action.iter().chain(&statement.resource);
    let of_conditions = statement.conditions.iter().flat_map(|c| &c.values);
    let texts = elements.flat_map(|e| &e.values).chain(of_conditions);
    // A string that is to name what is required, not one that is to leave it alone.
    let is_deny = { statement.effect.as_ref() }.is_some_and(|e| e.value == Effect::Deny);
    let resource = statement.resource.as_ref().filter(|r| r.negated == is_deny);
    let names = |text: &Text| resource.is_some_and(|r| r.values.iter().any(|t| ptr::eq(t, text)));
    let mut place = None;
    let mut value = None;
    for text in texts {
        let parts = text.holes.as_deref().unwrap_or_default();
        let Some(part) = parts.iter().find(|p| p.hole == hole) else {
            continue;
        };
        place.get_or_insert((policy.source, text.part(part.range.clone())));
        if value.is_none() && parts.len() == 1 && names(text) {
            let mut required = row.resources.iter();
            value = required.find_map(|r| crate::diff::partly_known::value_for(&text.value, of, r));
        }
    }
    Some(OpenValue {
        name: of.name.clone(),
        kind: of.kind,
        place: place.unwrap_or((of.source, of.span)),
        value,
        option: of.option.clone(),
    })
}

/// Whether a requirement is on more resources than one name can be.
fn asks_for_many(row: &Row) -> bool {
    let is_wide = |resource: &String| {
        let name = resource.splitn(6, ':').nth(5);
        name.unwrap_or(resource).contains(['*', '?'])
    };
    row.not_resource || row.resources.iter().any(is_wide)
}
