//! A statement that allows or denies nothing.

use super::{Context, Lint, effect, enumerate};
use crate::diff::effect::Extent;
use crate::diff::statement::Prepared;
use crate::finding::{Finding, Severity};
use crate::matcher::ActionPattern;

/// Metadata; the page is `rules/lints/ineffective-statement.md`.
pub(super) static LINT: Lint = Lint {
    id: "ineffective-statement",
    severity: Severity::Warning,
    summary: "a statement allows or denies nothing",
    doc: include_str!("../../rules/lints/ineffective-statement.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    for (statement, found) in effect::of(compared) {
        let nothing = format!(
            "the statement likely {} nothing",
            effect::verb(statement.effect)
        );
        let finding = match &found.extent {
            Extent::Strings { .. } => continue,
            Extent::NoAction => {
                let all = statement
                    .actions
                    .iter()
                    .find(|a| a.pattern == ActionPattern::Everything);
                let span = all.map_or(statement.action_key, |a| a.span);
                let message = format!("{nothing}: its `NotAction` leaves no action");
                let mut finding = effect::finding(context, &LINT, statement, message, &[span], &[]);
                finding.help = Some("name the actions in `Action`, or remove it".to_owned());
                finding.subject = Some("NotAction".to_owned());
                finding
            }
            Extent::NoResource => {
                let mut all = statement.resources.iter();
                let all = all.find(|r| r.pattern.is_everything());
                let span = all.map_or(statement.resource_key, |r| r.span);
                let message = format!("{nothing}: its `NotResource` leaves no resource");
                let mut finding = effect::finding(context, &LINT, statement, message, &[span], &[]);
                finding.help = Some("name the resources in `Resource`, or remove it".to_owned());
                finding.subject = Some("NotResource".to_owned());
                finding
            }
            Extent::NoPair(unmet) => {
                let (actions, mut spans) = effect::strings(statement, unmet);
                let (what, verb) = match actions.len() {
                    0 => (
                        "no action that its `NotAction` leaves".to_owned(),
                        "applies",
                    ),
                    1 => (enumerate(&actions), "does not apply"),
                    _ => (enumerate(&actions), "do not apply"),
                };
                if actions.is_empty() {
                    spans.push(statement.action_key);
                }
                let message = format!("{nothing}: {what} {verb} to {}", resources(statement));
                let mut finding =
                    effect::finding(context, &LINT, statement, message, &spans, unmet);
                if !statement.not_resource {
                    let faults = effect::faults(context, statement.resources.iter());
                    finding.notes.extend(faults);
                }
                if actions.is_empty() {
                    finding.help = Some("correct its resources, or remove it".to_owned());
                    finding.subject = Some("NotAction".to_owned());
                }
                finding.actions = actions;
                finding
            }
        };
        out.push(finding);
    }
}

fn resources(statement: &Prepared) -> String {
    if statement.not_resource {
        return "what its `NotResource` leaves".to_owned();
    }
    let listed: Vec<String> = statement.resources.iter().map(|r| r.text.clone()).collect();
    enumerate(&listed)
}
