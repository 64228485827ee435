//! Actions that the reference allows under a Condition and the policy without one.

use super::{Compared, Context, Lint, enumerate};
use crate::diff::statement::Prepared;
use crate::diff::unconditional::Search;
use crate::finding::{Finding, Label, Severity};
use crate::parser::Effect;

/// Metadata; the page is `rules/lints/unconditional-grant.md`.
pub(super) static LINT: Lint = Lint {
    id: "unconditional-grant",
    severity: Severity::Note,
    summary: "an action is allowed without the condition that the reference has",
    doc: include_str!("../../rules/lints/unconditional-grant.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    let mut search = Search::new(compared.comparison, compared.required);
    for required in compared.required {
        if required.effect != Effect::Allow || required.conditions.lines.is_empty() {
            continue;
        }
        let rows = compared.requirements.iter();
        let rows = rows.filter(|r| r.row.statement == required.index && !r.row.vacuous);
        let mut found: Option<Finding> = None;
        for requirement in rows.filter(|r| !is_known_gap(compared, &r.row.action)) {
            for place in search.grants(required, requirement) {
                let label = Label {
                    source: place.0,
                    span: place.1,
                    message: "allowed without a condition".to_owned(),
                };
                let finding = found.get_or_insert_with(|| {
                    let mut finding = LINT.finding(Severity::Note, String::new(), label.clone());
                    finding.reference_statement = Some(required.index);
                    finding.reference_sid = required.sid.as_deref().map(str::to_owned);
                    finding
                });
                let action = &requirement.row.action;
                if !finding.actions.contains(action) {
                    finding.actions.push(action.clone());
                }
                if finding.label != label && !finding.related.contains(&label) {
                    finding.related.push(label);
                }
            }
        }
        if let Some(mut finding) = found {
            finding.message = format!(
                "{} {} allowed without the reference's condition",
                enumerate(&finding.actions),
                if finding.actions.len() == 1 {
                    "is"
                } else {
                    "are"
                }
            );
            finding.help = Some(help(compared, required));
            out.push(finding);
        }
    }
}

/// Whether the action without its Condition is known to be missing from the reference: then the policy does well to
/// have none.
fn is_known_gap(compared: &Compared<'_>, action: &str) -> bool {
    let mut rows = compared.gaps.iter().filter(|rows| {
        let gap = compared.reference.gaps.get(rows.gap);
        gap.is_some_and(|gap| gap.statements.iter().all(|s| s.conditions.is_empty()))
    });
    rows.any(|rows| rows.requirements.iter().any(|r| r.row.action == action))
}

fn help(compared: &Compared<'_>, required: &Prepared) -> String {
    let condition = compared.condition_of(required.index);
    let text = condition.and_then(|c| serde_json::to_string_pretty(&c).ok());
    format!(
        "add to the statement:\n  \"Condition\": {}",
        text.unwrap_or_default().replace('\n', "\n  ")
    )
}
