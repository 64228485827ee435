//! The candidate that the policies fit best.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use super::candidates::{Candidate, Candidates};
use super::meeting::Meeting;
use super::trial::Trial;
use super::{Against, NoRoleFits};
use crate::catalog::Catalog;
use crate::diff::comparison::Comparison;
use crate::diff::coverage::Requirement;
use crate::diff::prepare;
use crate::diff::statement::Prepared;
use crate::diff::{Row, Verdict};
use crate::matcher::{ActionPattern, Reading, Variables};
use crate::parser::{Effect, SourceId, Span};
use crate::reference;

/// If the policies grant less than a fifth of the requirements of the role that fits best, no role is chosen.
const ONE_IN: usize = 5;

/// How well policies fit a reference, by the literal rows of what every cluster has.
#[derive(Clone, Copy, Default)]
pub(super) struct Fit {
    covered: usize,
    pub(super) granted: usize,
    pub(super) all: usize,
    /// Strings of the policies that grant some row, and all of them.
    used: usize,
    strings: usize,
}

impl Fit {
    /// What policies that several roles have (`common`) grant does not count.
    pub(super) fn of(rows: &[Requirement], granted: &[Prepared], common: &[SourceId]) -> Self {
        let literal: Vec<_> = rows
            .iter()
            .filter(|r| !r.from_wildcard && !r.row.vacuous && !r.row.open)
            .collect();
        let is_own = |(source, _): &&(SourceId, Span)| !common.contains(source);
        let has_own = |row: &Row| {
            common.is_empty()
                || row.allowed_by.is_empty()
                || row.allowed_by.iter().any(|p| is_own(&p))
        };
        let count = |of: fn(&Row) -> bool| {
            let rows = literal.iter().map(|r| &r.row);
            rows.filter(|row| of(row) && has_own(row)).count()
        };
        Fit {
            covered: count(|row| row.verdict == Verdict::Covered),
            granted: count(is_granted),
            all: literal.len(),
            used: rows
                .iter()
                .flat_map(|r| r.row.allowed_by.iter().filter(is_own))
                .collect::<BTreeSet<_>>()
                .len(),
            strings: strings(granted, common),
        }
    }

    /// Whether it is the better one of two roles: by the harmonic mean of the share of the role's rows that is granted
    /// and the share of the policies' strings that the role has a use for, then by its size. By the first share alone,
    /// a small role that the policies happen to cover would beat a large role with a single gap. Of roles that the
    /// policies grant about as much of, the one that is granted whole is better.
    fn is_better_role(self, than: Fit) -> bool {
        if self.is_whole_instead(than) != than.is_whole_instead(self) {
            return self.is_whole_instead(than);
        }
        match self.mean_order(than) {
            Ordering::Equal => (self.granted, self.all) > (than.granted, than.all),
            order => order == Ordering::Greater,
        }
    }

    /// Whether all of the role is granted, and not all of another one, for which not much more is granted.
    fn is_whole_instead(self, of: Fit) -> bool {
        let is_whole = |f: Fit| f.granted > 0 && f.granted == f.all;
        let is_as_large = self.granted.saturating_mul(4) >= of.granted.saturating_mul(3);
        is_whole(self) && !is_whole(of) && is_as_large
    }

    /// Compares the harmonic means: 2/(1/p + 1/r), as fractions, without division.
    fn mean_order(self, than: Fit) -> Ordering {
        let mean = |f: Fit| {
            let (granted, all) = (f.granted as u128, f.all as u128);
            let (used, strings) = (f.used as u128, f.strings as u128);
            (granted * used, granted * strings + used * all)
        };
        let ((a, b), (c, d)) = (mean(self), mean(than));
        // With nothing granted the mean is 0; `max(1)` avoids a denominator of 0.
        (a * d.max(1)).cmp(&(c * b.max(1)))
    }

    /// The most that is possible where so many strings are used: each requirement granted.
    fn meeting(meeting: Meeting) -> Fit {
        Fit {
            covered: 1,
            granted: usize::from(meeting.meets),
            all: 1,
            used: meeting.used,
            strings: meeting.strings,
        }
    }

    /// The most that is possible where so many requirements are granted at most, and so many missing at least.
    fn counts(meeting: Meeting, (granted, missing): (usize, usize)) -> Fit {
        Fit {
            covered: granted,
            granted,
            all: granted + missing,
            used: meeting.used,
            strings: meeting.strings,
        }
    }

    /// Whether at least half of the role's rows are granted.
    pub(super) fn is_most(self) -> bool {
        self.granted > 0 && self.granted * 2 >= self.all
    }

    /// Whether so little of the role's rows is granted that the policies are not those of it.
    pub(super) fn is_least(self) -> bool {
        self.granted * ONE_IN < self.all
    }

    pub(super) fn mean_is_above(self, than: Fit) -> bool {
        self.mean_order(than) == Ordering::Greater
    }

    /// Whether it is the better one of two alternatives for a role: by what is covered and granted, then by the share.
    fn is_better_alternative(self, than: Fit) -> bool {
        let counts = |f: Fit| (f.covered, f.granted);
        match counts(self).cmp(&counts(than)) {
            Ordering::Equal => self.all < than.all,
            order => order == Ordering::Greater,
        }
    }
}

/// How many strings of actions statements allow by.
fn strings(granted: &[Prepared], common: &[SourceId]) -> usize {
    let allows =
        { granted.iter() }.filter(|s| s.effect == Effect::Allow && !common.contains(&s.source));
    let count = |s: &Prepared| if s.not_action { 1 } else { s.actions.len() };
    allows.map(count).sum()
}

/// One candidate, judged.
pub(super) struct Judged<'t> {
    pub(super) trial: &'t Trial<'t>,
    pub(super) leftovers: &'t [prepare::LeftoverPlace],
    pub(super) comparison: Comparison<'t>,
    pub(super) rows: Vec<Requirement>,
    pub(super) fit: Fit,
}

impl Judged<'_> {
    /// Whether more is granted than what all roles of such a principal have: of a function's own requirements, so many as
    /// of all requirements of another role.
    fn tells_of_role(&self) -> bool {
        let role = self.trial.reference.role.as_deref().unwrap_or_default();
        let is_common = |r: &&Requirement| reference::is_common(role, &r.row.action);
        let own = self.rows.iter().filter(|r| !is_common(r));
        let granted = own.clone().filter(|r| is_granted(&r.row)).count();
        let is_of_function = self.rows.iter().any(|r| is_common(&r));
        granted > 0 && (!is_of_function || granted * ONE_IN >= own.count())
    }
}

/// Whether something of a row is granted. A Deny alone says nothing of the role.
fn is_granted(row: &Row) -> bool {
    match row.verdict {
        Verdict::Missing => false,
        Verdict::Denied => !row.allowed_by.is_empty(),
        _ => true,
    }
}

/// Whether a statement of the reference requires some request of an action, by a look that may say no where it does.
fn requires(comparison: &Comparison<'_>, statement: &Prepared, service: &str, name: &str) -> bool {
    let Some(action) = comparison.known(service, name) else {
        return statement.is_on_star();
    };
    if !action.has_resource_types() || statement.is_on_everything() {
        return statement.is_on_star();
    }
    let patterns = || {
        let resources = statement.resources.iter();
        resources.flat_map(|r| r.patterns(Reading::Strict, Variables::Any))
    };
    !statement.not_resource
        && action.resource_types().any(|kind| {
            let universes = comparison.universes(service, &kind);
            universes
                .iter()
                .any(|u| patterns().any(|p| p.overlaps(&u.all)))
        })
}

/// The patterns of the actions that a statement of the reference names or, negated, may mean.
fn patterns(statement: &Prepared) -> impl Iterator<Item = &ActionPattern> {
    let listed = statement.actions.iter().filter(|_| !statement.not_action);
    let rest = statement.not_action.then_some(&ActionPattern::Everything);
    listed.map(|action| &action.pattern).chain(rest)
}

/// An upper bound for a candidate, from its actions alone: rows whose action no statement names are missing.
pub(super) fn at_most(trial: &Trial<'_>, comparison: &Comparison<'_>) -> Fit {
    let mut all = 0;
    let mut granted = 0;
    let mut used: FxHashSet<(*const Prepared, Option<usize>)> = FxHashSet::default();
    let narrowed = trial.required.iter().any(|s| s.effect == Effect::Deny);
    for statement in trial.required.iter().filter(|s| s.effect == Effect::Allow) {
        let of = trial.statements.get(statement.position);
        let counts = of.is_none_or(|of| !of.open && !of.is_off);
        for action in patterns(statement) {
            let ActionPattern::Literal { service, name } = action else {
                used.extend(comparison.may_allow(action));
                continue;
            };
            let applies = comparison.applying(service, name);
            // A row that may require nothing may not count at all.
            let is_granted = !applies.is_empty();
            if counts && (is_granted || !narrowed && requires(comparison, statement, service, name))
            {
                all += 1;
                granted += usize::from(is_granted);
            }
            let allows = applies
                .iter()
                .filter(|a| a.statement.effect == Effect::Allow);
            used.extend(allows.map(|a| (std::ptr::from_ref(a.statement), a.action)));
        }
    }
    Fit {
        covered: granted,
        granted,
        all,
        used: used.len(),
        strings: strings(&trial.granted, trial.common),
    }
}

/// The candidate that fits best, with its position. Those that cannot are not judged in full, nor made ready.
pub(super) fn best<'c, 't: 'c>(
    candidates: &'c Candidates<'t>,
    catalog: &'c Catalog,
) -> Option<(usize, Judged<'c>)> {
    let mut roles = OfRole::all(candidates);
    let is_only = roles.len() == 1;
    let mut best: Option<(usize, Judged<'_>)> = None;
    // The role that may fit best is looked at again, closer, until it is judged in full.
    while let Some(next) = OfRole::most_promising(&roles) {
        let mut role = roles.swap_remove(next);
        let is_worse = |(_, b): &(usize, Judged<'_>)| {
            b.fit.mean_is_above(role.most) && !(role.may_be_whole_instead(b.fit))
        };
        if best.as_ref().is_some_and(is_worse) {
            continue;
        }
        if !role.is_counted && !is_only {
            role.count(candidates);
            roles.push(role);
            continue;
        }
        if role.ready.is_empty() {
            role.make_ready(candidates, catalog);
            if !is_only {
                role.look_closer();
            }
            roles.push(role);
            continue;
        }
        let Some((at, new)) = role.judge() else {
            continue;
        };
        // Among equal roles, the first in the order of the candidates.
        let is_better = best.as_ref().is_none_or(|(old_at, old)| {
            new.fit.is_better_role(old.fit) || at < *old_at && !old.fit.is_better_role(new.fit)
        });
        if is_better {
            best = Some((at, new));
        }
    }
    best
}

/// The candidates of one role.
struct OfRole<'c, 't> {
    /// The position of the first.
    at: usize,
    candidates: &'c [Candidate<'t>],
    /// How well the best of them may fit.
    most: Fit,
    /// Whether that is known by the names of the actions.
    is_counted: bool,
    /// The most requirements that are granted of a candidate of which none is missing by these names; 0 where there is none.
    whole: usize,
    /// Each of them, once they are ready.
    ready: Vec<(&'c Trial<'c>, &'c [prepare::LeftoverPlace], Comparison<'c>)>,
}

impl<'c, 't: 'c> OfRole<'c, 't> {
    /// Those of each role whose requirements the policies may grant.
    fn all(candidates: &'c Candidates<'t>) -> Vec<Self> {
        let mut at = 0;
        let mut all = Vec::new();
        let roles = candidates
            .all
            .chunk_by(|a, b| a.reference.role == b.reference.role);
        for of_role in roles {
            if of_role.iter().any(|c| c.meeting.meets) {
                all.push(OfRole {
                    at,
                    candidates: of_role,
                    most: best_of(of_role.iter().map(|c| Fit::meeting(c.meeting))),
                    is_counted: false,
                    whole: 0,
                    ready: Vec::new(),
                });
            }
            at += of_role.len();
        }
        all
    }

    /// Whether all of some candidate may be granted, where not all is granted of what fits better.
    fn may_be_whole_instead(&self, of: Fit) -> bool {
        if !self.is_counted {
            return of.granted < of.all;
        }
        let whole = Fit {
            all: self.whole,
            granted: self.whole,
            ..Fit::default()
        };
        whole.is_whole_instead(of)
    }

    /// The position of the role that may fit best, the first of equal ones.
    fn most_promising(roles: &[Self]) -> Option<usize> {
        let roles = roles.iter().enumerate();
        let best = roles.reduce(|a, b| match b.1.most.mean_order(a.1.most) {
            Ordering::Greater => b,
            Ordering::Equal if b.1.at < a.1.at => b,
            _ => a,
        });
        best.map(|(at, _)| at)
    }

    /// Looks at the requirements one by one, by their names alone.
    fn count(&mut self, candidates: &Candidates<'t>) {
        self.is_counted = true;
        let Some(named) = &candidates.named else {
            self.whole = usize::MAX;
            return;
        };
        let most = |candidate: &Candidate<'_>| {
            // Values fill resources, which are not looked at.
            let statements = candidate.reference.divided(|_| true);
            let counts = named.counts(&statements);
            let whole = match counts {
                None => usize::MAX,
                Some((granted, 0)) => granted,
                Some(_) => 0,
            };
            let meeting = candidate.meeting;
            let fit = counts.map_or(Fit::meeting(meeting), |counts| Fit::counts(meeting, counts));
            (fit, whole)
        };
        let each: Vec<(Fit, usize)> = self.candidates.iter().map(most).collect();
        self.whole = each
            .iter()
            .map(|(_, whole)| *whole)
            .max()
            .unwrap_or_default();
        self.most = best_of(each.into_iter().map(|(fit, _)| fit));
    }

    fn make_ready(&mut self, candidates: &'c Candidates<'t>, catalog: &'c Catalog) {
        let ready = self.candidates.iter().map(|c| candidates.ready(c));
        let ready = ready.map(|(trial, leftovers)| {
            let leftovers = leftovers.as_slice();
            (trial, leftovers, trial.comparison(catalog))
        });
        self.ready = ready.collect();
    }

    fn look_closer(&mut self) {
        let each = self.ready.iter();
        self.most = best_of(each.map(|(trial, _, comparison)| at_most(trial, comparison)));
    }

    /// The candidate that fits best, with its position. Actions that the reference spells out decide which one that is.
    fn judge(mut self) -> Option<(usize, Judged<'c>)> {
        let mut best: Option<(usize, Fit)> = None;
        for (nth, (trial, _, comparison)) in self.ready.iter().enumerate() {
            let fit = match self.ready.len() {
                1 => Fit::default(),
                _ => Fit::of(
                    &trial.literal_rows(comparison),
                    &trial.granted,
                    trial.common,
                ),
            };
            if best.is_none_or(|(_, old)| fit.is_better_alternative(old)) {
                best = Some((nth, fit));
            }
        }
        let (nth, _) = best?;
        let (trial, leftovers, comparison) = self.ready.swap_remove(nth);
        let rows = trial.rows(&comparison);
        let fit = Fit::of(&rows, &trial.granted, trial.common);
        let judged = Judged {
            trial,
            leftovers,
            comparison,
            rows,
            fit,
        };
        Some((self.at + nth, judged))
    }
}

/// The best of several upper bounds.
fn best_of(fits: impl Iterator<Item = Fit>) -> Fit {
    let best = fits.reduce(|a, b| if b.mean_is_above(a) { b } else { a });
    best.unwrap_or_default()
}

/// One candidate, judged, whichever fits best.
pub(super) fn judged<'c, 't: 'c>(
    candidates: &'c Candidates<'t>,
    at: usize,
    catalog: &'c Catalog,
) -> Option<Judged<'c>> {
    let (trial, leftovers) = candidates.ready(candidates.all.get(at)?);
    let comparison = trial.comparison(catalog);
    let rows = trial.rows(&comparison);
    let fit = Fit::of(&rows, &trial.granted, trial.common);
    Some(Judged {
        trial,
        leftovers,
        comparison,
        rows,
        fit,
    })
}

/// The candidate that fits best, with its position, if any does.
pub(super) fn fitting<'c, 't: 'c>(
    candidates: &'c Candidates<'t>,
    catalog: &'c Catalog,
    against: &Against,
) -> Result<(usize, Judged<'c>), NoRoleFits> {
    let references = || against.references().iter();
    let none = |part| {
        let mut roles: Vec<String> = references().filter_map(|r| r.role.clone()).collect();
        roles.dedup();
        let release = references().find_map(|r| r.pcluster_version.clone());
        Err(NoRoleFits {
            roles,
            release,
            part,
        })
    };
    match best(candidates, catalog) {
        None => none(None),
        Some((at, judged)) if matches!(against, Against::BestOf(_)) => {
            let fit = judged.fit;
            if fit.granted == 0 {
                none(None)
            } else if fit.is_least() || !judged.tells_of_role() {
                let role = judged.trial.reference.role.clone();
                none(role.map(|role| (role, fit.granted, fit.all)))
            } else {
                Ok((at, judged))
            }
        }
        Some(of) => Ok(of),
    }
}

#[cfg(test)]
mod tests;
