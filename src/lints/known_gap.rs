//! Permissions known to be missing from the documented reference itself.

use std::fmt::Write as _;

use super::{Context, Lint, count, coverage, enumerate};
use crate::diff::Verdict;
use crate::finding::{Finding, Label, Severity};
use crate::reference::{Failure, Feature, Standing};

/// See the page.
pub(super) static LINT: Lint = Lint {
    id: "known-gap",
    severity: Severity::Warning,
    summary: "the documented policy is known not to be enough by itself",
    doc: include_str!("../../rules/lints/known-gap.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    for rows in compared.gaps {
        let Some(gap) = compared.reference.gaps.get(rows.gap) else {
            continue;
        };
        if gap.open {
            continue;
        }
        let lacking: Vec<_> = rows
            .requirements
            .iter()
            .filter(|r| !matches!(r.row.verdict, Verdict::Covered | Verdict::Depends))
            .collect();
        let Some(first) = lacking.first() else {
            continue;
        };
        let mut actions: Vec<String> = Vec::new();
        for requirement in &lacking {
            if !actions.contains(&requirement.row.action) {
                actions.push(requirement.row.action.clone());
            }
        }
        let Some(policy) = context.policies().next() else {
            continue;
        };
        let label = Label {
            source: policy.source,
            span: policy.statement_key,
            message: "no statement here grants all of this".to_owned(),
        };
        let conditional = lacking
            .iter()
            .all(|r| r.row.verdict == Verdict::Conditional);
        let verb = if actions.len() == 1 { "is" } else { "are" };
        let message = match &gap.policy {
            Some(policy) => format!(
                "{} of {policy} {verb} not granted: {}",
                count(actions.len(), "action"),
                enumerate(&actions)
            ),
            None if conditional => {
                format!(
                    "{} {verb} granted only under a Condition",
                    enumerate(&actions)
                )
            }
            None => format!("{} {verb} not granted", enumerate(&actions)),
        };
        let conditions = gap.statements.iter().flat_map(|s| &s.conditions);
        let stated: Vec<String> = conditions
            .map(|c| format!("`{}` {}", c.key, enumerate(&c.values)))
            .collect();
        let message = match (gap.of_configuration, stated.first()) {
            (true, Some(stated)) => format!("{message} for requests with {stated}"),
            (true, None) => format!("{message} on {}", enumerate(&first.row.resources)),
            _ => message,
        };
        let certain = lacking.iter().any(|r| {
            matches!(r.row.verdict, Verdict::Missing | Verdict::Denied)
                || r.row.verdict == Verdict::Partial && !r.gap_is_optional()
        });
        let severity = if gap.failure == Failure::Certain && certain {
            Severity::Error
        } else {
            Severity::Warning
        };
        let mut finding = LINT.finding(severity, message, label);
        finding.notes.push(gap.reason.clone());
        if let Some(feature) = gap.feature.and_then(Feature::find) {
            finding.notes.push(format!(
                "needed only with {} (the feature `{}`)",
                feature.title(),
                feature.name()
            ));
        }
        if gap.failure == Failure::FirstUse {
            finding
                .notes
                .extend(Standing::FirstUse.reason().map(str::to_owned));
        }
        finding.notes.push(format!("source: {}", gap.source));
        if let Some(witness) = &first.row.witness {
            let word = if conditional { "may fail" } else { "fails" };
            finding.notes.push(format!(
                "{word}, for example: `{}` on `{}`",
                witness.action, witness.resource
            ));
        }
        finding.help = Some(if let Some(policy) = &gap.policy {
            format!(
                "attach {policy} to the same role, and name its file too: all files given are judged together"
            )
        } else {
            format!(
                "add this statement ({}):\n{}",
                count(actions.len(), "action"),
                coverage::allow(&actions, &first.row.resources)
            )
        });
        if let (Some(feature), Some(help)) = (gap.feature, &mut finding.help) {
            let _ = write!(
                help,
                "\nor pass `--feature no-{feature}` if the cluster does not use it"
            );
        }
        finding.witness.clone_from(&first.row.witness);
        finding.subject = Some(gap.policy.clone().unwrap_or_else(|| actions.join(" ")));
        finding.actions = actions;
        out.push(finding);
    }
}
