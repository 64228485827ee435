//! Actions that only clusters with a certain feature need, if it is unknown whether the cluster has it.

use super::{Compared, Context, Lint, count, coverage, enumerate};
use crate::diff::Verdict;
use crate::diff::coverage::Requirement;
use crate::finding::{Finding, Severity};
use crate::reference::{Feature, Standing};

/// Metadata; the page is `rules/lints/feature-gap.md`.
pub(super) static LINT: Lint = Lint {
    id: "feature-gap",
    severity: Severity::Warning,
    summary: "an action that only clusters with a certain feature need is not granted",
    doc: include_str!("../../rules/lints/feature-gap.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    let mut groups: Vec<(Feature, Vec<&Requirement>)> = Vec::new();
    let gaps = compared.gaps.iter().filter(|rows| {
        let gap = compared.reference.gaps.get(rows.gap);
        gap.is_some_and(|g| g.open)
    });
    let of_gaps = gaps.flat_map(|rows| {
        let feature = compared
            .reference
            .gaps
            .get(rows.gap)
            .and_then(|g| g.feature);
        rows.requirements.iter().map(move |r| (r, feature))
    });
    let own = compared
        .requirements
        .iter()
        .filter(|r| r.row.open && r.standing != Standing::Enough)
        .map(|r| (r, r.row.feature));
    for (requirement, feature) in own.chain(of_gaps) {
        let row = &requirement.row;
        if matches!(row.verdict, Verdict::Covered | Verdict::Depends) {
            continue;
        }
        let Some(feature) = feature.and_then(Feature::find) else {
            continue;
        };
        match groups.iter_mut().find(|(f, _)| f.name() == feature.name()) {
            Some((_, rows)) => rows.push(requirement),
            None => groups.push((feature, vec![requirement])),
        }
    }
    for (feature, rows) in groups {
        out.extend(finding(context, compared, feature, &rows));
    }
}

fn finding(
    context: &Context<'_>,
    compared: &Compared<'_>,
    feature: Feature,
    rows: &[&Requirement],
) -> Option<Finding> {
    let first = rows.first()?;
    let mut actions: Vec<String> = Vec::new();
    for requirement in rows {
        if !actions.contains(&requirement.row.action) {
            actions.push(requirement.row.action.clone());
        }
    }
    let service = first.row.action.split(':').next().unwrap_or_default();
    let label = context.nearest(compared.comparison, service);
    let verb = if actions.len() == 1 { "is" } else { "are" };
    let message = format!(
        "{} needed only with {} {verb} not fully granted: {}",
        count(actions.len(), "action"),
        feature.title(),
        enumerate(&actions)
    );
    let mut finding = LINT.finding(Severity::Warning, message, label);
    finding.notes.push(format!(
        "in the cluster configuration: {}",
        feature.meaning()
    ));
    for rows in compared.gaps {
        let Some(gap) = compared.reference.gaps.get(rows.gap) else {
            continue;
        };
        let is_here = gap.open && gap.feature == Some(feature.name());
        if !is_here
            || rows
                .requirements
                .iter()
                .all(|r| r.row.verdict == Verdict::Covered)
        {
            continue;
        }
        let of_gap = rows.requirements.iter().map(|r| r.row.action.clone());
        let of_gap: Vec<String> = of_gap.collect();
        // The message names the actions where they are all of the finding's.
        let is_whole =
            of_gap.len() == actions.len() && of_gap.iter().all(|action| actions.contains(action));
        let why = format!("{} (source: {})", gap.reason, gap.source);
        finding.notes.push(if is_whole {
            why
        } else {
            format!("{}: {why}", enumerate(&of_gap))
        });
    }
    if let Some(witness) = &first.row.witness {
        finding.notes.push(format!(
            "fails, for example: `{}` on `{}`",
            witness.action, witness.resource
        ));
    }
    let is_own = |row: &&&Requirement| {
        let mut own = compared.requirements.iter();
        own.any(|r| std::ptr::eq(r, **row))
    };
    let mut statements: Vec<usize> = rows
        .iter()
        .filter(is_own)
        .map(|r| r.row.statement)
        .collect();
    statements.dedup();
    for statement in statements {
        finding.notes.push(format!(
            "required by {}",
            compared.reference.describe_statement(statement)
        ));
    }
    finding.help = Some(format!(
        "pass --feature {} if your clusters use it (then this is an error), or --feature none if not (then it is left out)\n{}\
         to grant it, add this statement:\n{}",
        feature.name(),
        coverage::unbound(&first.row.resources),
        coverage::statement_of(compared, rows)
    ));
    finding.witness.clone_from(&first.row.witness);
    finding.subject = Some(feature.name().to_owned());
    finding.actions = actions;
    Some(finding)
}
