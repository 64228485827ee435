//! Which candidate the policies fit best.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::trial::Trial;
use super::{Against, NoRoleFits, Settings};
use crate::catalog::Catalog;
use crate::diff::Verdict;
use crate::diff::coverage::{Comparison, Requirement};
use crate::diff::prepare;
use crate::diff::statement::Prepared;
use crate::lints::OtherRole;
use crate::parser::{Effect, Policy};
use crate::reference::{self, Reference};

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
    pub(super) fn of(rows: &[Requirement], granted: &[Prepared]) -> Self {
        let literal: Vec<_> = rows
            .iter()
            .filter(|r| !r.from_wildcard && !r.row.vacuous && !r.row.open)
            .collect();
        let count = |of: fn(Verdict) -> bool| literal.iter().filter(|r| of(r.row.verdict)).count();
        Fit {
            covered: count(|v| v == Verdict::Covered),
            granted: count(|v| v != Verdict::Missing),
            all: literal.len(),
            used: rows
                .iter()
                .flat_map(|r| r.row.allowed_by.iter())
                .collect::<BTreeSet<_>>()
                .len(),
            strings: granted
                .iter()
                .filter(|s| s.effect == Effect::Allow)
                .map(|s| if s.not_action { 1 } else { s.actions.len() })
                .sum(),
        }
    }

    /// Whether it is the better one of two roles: by the harmonic mean of the share of the role's rows that is granted
    /// and the share of the policies' strings that the role has a use for, then by its size. The first share alone would
    /// take a small role that a policy happens to cover, for a large one of which a single row lacks.
    fn is_better_role(self, than: Fit) -> bool {
        // 2/(1/p + 1/r), as a fraction, compared without division.
        let mean = |f: Fit| {
            let (granted, all) = (f.granted as u128, f.all as u128);
            let (used, strings) = (f.used as u128, f.strings as u128);
            (granted * used, granted * strings + used * all)
        };
        let ((a, b), (c, d)) = (mean(self), mean(than));
        match (a * d).cmp(&(c * b)) {
            Ordering::Equal => (self.granted, self.all) > (than.granted, than.all),
            order => order == Ordering::Greater,
        }
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

/// One candidate, judged.
pub(super) struct Judged<'t> {
    pub(super) trial: &'t Trial<'t>,
    pub(super) leftovers: &'t [prepare::LeftoverPlace],
    pub(super) comparison: Comparison<'t>,
    pub(super) rows: Vec<Requirement>,
    pub(super) fit: Fit,
}

/// The candidate that fits best.
pub(super) fn best<'t>(
    trials: &'t [(Trial<'t>, Vec<prepare::LeftoverPlace>)],
    catalog: &'t Catalog,
) -> Option<Judged<'t>> {
    let mut best: Option<Judged<'_>> = None;
    for of_role in trials.chunk_by(|(a, _), (b, _)| a.reference.role == b.reference.role) {
        let mut of_this: Option<Judged<'_>> = None;
        for (trial, leftovers) in of_role {
            let comparison = trial.comparison(catalog);
            let rows = trial.rows(&comparison);
            let fit = Fit::of(&rows, &trial.granted);
            if of_this
                .as_ref()
                .is_none_or(|old| fit.is_better_alternative(old.fit))
            {
                of_this = Some(Judged {
                    trial,
                    leftovers,
                    comparison,
                    rows,
                    fit,
                });
            }
        }
        if let Some(new) = of_this
            && best
                .as_ref()
                .is_none_or(|old| new.fit.is_better_role(old.fit))
        {
            best = Some(new);
        }
    }
    best
}

/// The candidate that fits best, if any does.
pub(super) fn fitting<'t>(
    trials: &'t [(Trial<'t>, Vec<prepare::LeftoverPlace>)],
    catalog: &'t Catalog,
    against: &Against,
) -> Result<Judged<'t>, NoRoleFits> {
    match best(trials, catalog) {
        None => Err(NoRoleFits { roles: Vec::new() }),
        Some(judged) if matches!(against, Against::BestOf(_)) && judged.fit.granted == 0 => {
            let candidates = against.references().iter();
            let mut roles: Vec<String> = candidates.filter_map(|r| r.role.clone()).collect();
            roles.dedup();
            Err(NoRoleFits { roles })
        }
        Some(judged) => Ok(judged),
    }
}

/// The role that these policies grant everything for, where they grant less than half for the one that was asked for.
pub(super) fn other_role(
    catalog: &Catalog,
    policies: &[&Policy],
    asked: &Reference,
    settings: &Settings,
    fit: Fit,
) -> Option<OtherRole> {
    let (scheduler, release) = (
        asked.scheduler.as_deref()?,
        asked.pcluster_version.as_deref()?,
    );
    if fit.granted * 2 >= fit.all {
        return None;
    }
    let others = reference::candidates(reference::Query {
        role: None,
        scheduler,
        release,
        features: &reference::Features::default(),
    });
    let others = others.ok()?;
    let others = others.iter().filter(|r| r.role != asked.role);
    let fits = others.filter_map(|reference| {
        let (trial, _) = Trial::new(policies, reference, settings);
        let theirs = Fit::of(&trial.rows(&trial.comparison(catalog)), &trial.granted);
        (theirs.granted == theirs.all).then_some((theirs.all, reference.role.clone()?))
    });
    // A small role is granted by chance; the first of the largest says most.
    let (_, role) = fits
        .filter(|(all, _)| *all > 0)
        .reduce(|best, other| if other.0 > best.0 { other } else { best })?;
    Some(OtherRole {
        role,
        granted: fit.granted,
        all: fit.all,
    })
}
