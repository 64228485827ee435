//! Another role than the one that was asked for, whose policies these are.

use super::Settings;
use super::fit::{Fit, at_most};
use super::meeting::Named;
use super::trial::{Read, Trial};
use crate::catalog::Catalog;
use crate::diff::Verdict;
use crate::diff::comparison::Comparison;
use crate::diff::statement::Prepared;
use crate::lints::OtherRole;
use crate::parser::Policy;
use crate::reference::{self, Reference};

/// The number of rows that a [`Fit`] counts, if none of them is missing. They are judged until one is.
fn count_if_all_granted(trial: &Trial<'_>, comparison: &Comparison<'_>) -> Option<usize> {
    let counts = |statement: &Prepared| {
        let of = trial.statements.get(statement.position);
        of.is_none_or(|of| !of.open && !of.is_off)
    };
    let mut all = 0;
    let granted = comparison.each_literal(&trial.required, counts, |row| {
        all += usize::from(!row.vacuous);
        row.vacuous || row.verdict != Verdict::Missing
    });
    granted.then_some(all)
}

/// The role that these policies grant everything for, where they grant less than half for the one that was asked for.
pub(super) fn other_role(
    catalog: &Catalog,
    policies: &[&Policy],
    asked: &Reference,
    settings: &Settings,
    fit: Fit,
) -> Option<OtherRole> {
    let release = asked.pcluster_version.as_deref()?;
    let scheduler = asked.scheduler.as_deref();
    let scheduler =
        scheduler.or_else(|| reference::only_scheduler(asked.role.as_deref(), release))?;
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
    let named = Named::of(policies, settings);
    let read = Read::new(policies);
    let others = others.filter(|r| named.may_grant_all(r));
    let fits = others.filter_map(|reference| {
        let (trial, _) = Trial::of(&read, reference, settings);
        let comparison = trial.comparison(catalog);
        let most = at_most(&trial, &comparison);
        if most.granted < most.all {
            return None;
        }
        let all = count_if_all_granted(&trial, &comparison)?;
        Some((all, reference.role.clone()?))
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
