//! An Allow of everything but a list.

use super::{Context, Lint, layer};
use crate::finding::{Finding, Label, Severity};
use crate::parser::Effect;

/// Metadata; the page is `rules/lints/allow-not-action.md`.
pub(super) static LINT: Lint = Lint {
    id: "allow-not-action",
    severity: Severity::Warning,
    summary: "an Allow with `NotAction` grants everything that it does not list",
    doc: include_str!("../../rules/lints/allow-not-action.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    for policy in context.policies() {
        for statement in &policy.statements {
            let Some(action) = statement.action.as_ref().filter(|a| a.negated) else {
                continue;
            };
            let allows = statement
                .effect
                .as_ref()
                .is_some_and(|e| e.value == Effect::Allow);
            // A boundary or an SCP grants nothing: there it is the usual way to leave services out.
            let compared = context.compared.as_ref();
            let limits = compared.is_some_and(|c| layer::of(c, policy.source).is_some());
            if !allows || limits {
                continue;
            }
            let message =
                "the statement allows every action that it does not list, also those that AWS adds later".to_owned();
            let label = Label::at(policy.source, action.key.span);
            let mut finding = LINT.finding(Severity::Warning, message, label);
            finding.help = Some(
                "list in `Action` what the role needs; to forbid something, write a Deny"
                    .to_owned(),
            );
            finding.subject = Some("NotAction".to_owned());
            out.push(finding);
        }
    }
}
