//! What the reference allows under a Condition and the policy without one.

use super::difference::share_resources;
use super::{Compared, Context, Lint, enumerate, layer};
use crate::diff::coverage::Requirement;
use crate::diff::statement::Prepared;
use crate::finding::{Finding, Label, Severity};
use crate::parser::Effect;

/// See the page.
pub(super) static LINT: Lint = Lint {
    id: "unconditional-grant",
    severity: Severity::Note,
    summary: "the reference allows an action under a condition, the policy without one",
    doc: include_str!("../../rules/lints/unconditional-grant.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    for required in compared.required {
        if required.effect != Effect::Allow || required.conditions.lines.is_empty() {
            continue;
        }
        let rows = compared.requirements.iter();
        let rows = rows.filter(|r| r.row.statement == required.index && !r.row.vacuous);
        let mut found: Option<Finding> = None;
        let rows = rows.filter(|r| !lacks_without(compared, &r.row.action));
        for requirement in rows.filter(|r| !is_required_anyway(compared, required, r)) {
            for place in requirement.row.allowed_by.iter() {
                let Some(statement) = layer::statement_at(compared, *place) else {
                    continue;
                };
                let limits = layer::of(compared, place.0).is_some();
                if limits || !statement.conditions.is_empty() {
                    continue;
                }
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

/// Whether the reference is known to lack the action without its Condition: then the policy does well to have none.
fn lacks_without(compared: &Compared<'_>, action: &str) -> bool {
    let mut rows = compared.gaps.iter().filter(|rows| {
        let gap = compared.reference.gaps.get(rows.gap);
        gap.is_some_and(|gap| gap.statements.iter().all(|s| s.conditions.is_empty()))
    });
    rows.any(|rows| rows.requirements.iter().any(|r| r.row.action == action))
}

/// Whether another statement of the reference requires the action on such resources without a Condition.
fn is_required_anyway(
    compared: &Compared<'_>,
    required: &Prepared,
    requirement: &Requirement,
) -> bool {
    let action = requirement.row.action.to_ascii_lowercase();
    let (service, name) = action.split_once(':').unwrap_or_default();
    compared.required.iter().any(|s| {
        s.effect == Effect::Allow
            && s.conditions.is_empty()
            && s.applies(service, name).is_some()
            && share_resources(s, required)
    })
}

fn help(compared: &Compared<'_>, required: &Prepared) -> String {
    let condition = compared.condition_of(required.index);
    let text = condition.and_then(|c| serde_json::to_string_pretty(&c).ok());
    format!(
        "add to the statement:\n  \"Condition\": {}",
        text.unwrap_or_default().replace('\n', "\n  ")
    )
}
