//! AWS managed policies that a role needs and surely does not have: the input lists all policies of the role.

use super::Settings;
use super::elsewhere::Elsewhere;
use super::metadata::NEEDED;
use super::trial::Trial;
use crate::diff::Verdict;
use crate::diff::comparison::Comparison;
use crate::lints::Lacking;

/// The policies that were not checked, with the contents that nothing grants. They are taken out of that list.
pub(super) fn lacking(
    trial: &Trial<'_>,
    comparison: &Comparison<'_>,
    (elsewhere, settings): (&Elsewhere, &Settings),
    not_checked: &mut Vec<String>,
) -> Vec<Lacking> {
    let mut all = Vec::new();
    if !settings.has_all_policies {
        return all;
    }
    let managed = trial.managed_rows(
        comparison,
        |arn| not_checked.contains(&format!("{NEEDED}{arn}")),
        |rows| elsewhere.settle(comparison, rows),
    );
    for (arn, rows) in managed {
        let is_open = rows.iter().any(|r| r.row.verdict == Verdict::Depends);
        if rows.is_empty() || is_open {
            continue;
        }
        let what = format!("{NEEDED}{arn}");
        not_checked.retain(|other| *other != what);
        if trial.reference.does_without(&arn) {
            continue;
        }
        let rows = rows.into_iter().filter(|r| r.row.verdict.fails());
        let rows = rows.map(|r| r.row).collect::<Vec<_>>();
        if !rows.is_empty() {
            all.push(Lacking { arn, rows });
        }
    }
    all
}
