//! AWS managed policies that a role needs and surely does not have, because the input lists all policies of the role, and
//! contents of the others that a Deny, a permissions boundary or an SCP refuses.

use super::Settings;
use super::elsewhere::Elsewhere;
use super::extremes::Generous;
use super::metadata::NEEDED;
use super::trial::Trial;
use crate::diff::Verdict;
use crate::diff::comparison::{Comparison, LayerKind};
use crate::diff::coverage::Requirement;
use crate::lints::Lacking;
use crate::parser::Effect;

/// The policies with the contents that the role does not have. Those that it surely does not have are taken out of the
/// list of what was not checked.
pub(super) fn lacking(
    trial: &Trial<'_>,
    comparison: &Comparison<'_>,
    (elsewhere, generous): (&Elsewhere, Option<&Generous<'_, '_>>),
    settings: &Settings,
    not_checked: &mut Vec<String>,
) -> Vec<Lacking> {
    let is_unlisted = |arn: &str, not_checked: &[String]| {
        let what = format!("{NEEDED}{arn}");
        not_checked.contains(&what)
    };
    let is_limited = refuses(comparison);
    let managed = trial.managed_rows(
        comparison,
        |arn| is_limited || settings.has_all_policies && is_unlisted(arn, not_checked),
        |rows, statements| {
            if let Some(generous) = generous {
                generous.settle(comparison, rows, |c| c.coverage(statements));
            }
            elsewhere.settle(comparison, rows);
        },
    );
    let mut all = Vec::new();
    for (arn, rows) in managed {
        let is_detached = settings.has_all_policies && is_unlisted(&arn, not_checked);
        let is_open = rows.iter().any(|r| r.row.verdict == Verdict::Depends);
        if is_detached && (rows.is_empty() || is_open) {
            continue;
        }
        let is_attached = !is_unlisted(&arn, not_checked);
        if is_detached {
            let what = format!("{NEEDED}{arn}");
            not_checked.retain(|other| *other != what);
        }
        if trial.reference.does_without(&arn) {
            continue;
        }
        let fails = |r: &Requirement| match r.row.verdict {
            _ if is_detached => r.row.verdict.fails(),
            Verdict::Denied => true,
            Verdict::Missing => is_attached && is_refused(comparison, r),
            _ => false,
        };
        let rows: Vec<Requirement> = rows.into_iter().filter(fails).collect();
        if !rows.is_empty() {
            all.push(Lacking {
                arn,
                rows,
                is_detached,
            });
        }
    }
    all
}

/// Whether something may refuse what a policy allows.
fn refuses(comparison: &Comparison<'_>) -> bool {
    let mut layers = comparison.layers.iter();
    layers.any(|layer| {
        let mut statements = layer.statements.iter();
        layer.kind != LayerKind::Identity || statements.any(|s| s.effect == Effect::Deny)
    })
}

/// Whether a layer that limits the role is what does not allow a row.
fn is_refused(comparison: &Comparison<'_>, requirement: &Requirement) -> bool {
    let first = requirement.refused_by().first();
    let layer = first.and_then(|at| comparison.layers.get(*at));
    layer.is_some_and(|layer| layer.kind != LayerKind::Identity)
}
