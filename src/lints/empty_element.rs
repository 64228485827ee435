//! An element that is there and says nothing.

use super::{Context, Lint};
use crate::finding::{Finding, Label, Severity};

/// Metadata; the page is `rules/lints/empty-element.md`.
pub(super) static LINT: Lint = Lint {
    id: "empty-element",
    severity: Severity::Note,
    summary: "a `Sid` or a `Condition` is empty",
    doc: include_str!("../../rules/lints/empty-element.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    for policy in context.policies() {
        for statement in &policy.statements {
            let mut report = |span, element: &str, message: &str, help: &str| {
                let label = Label::at(policy.source, span);
                let mut finding = LINT.finding(Severity::Note, message.to_owned(), label);
                finding.help = Some(help.to_owned());
                finding.subject = Some(element.to_owned());
                out.push(finding);
            };
            if let Some(sid) = statement.sid.as_ref().filter(|s| s.value.is_empty()) {
                let help = "name the statement, or leave `Sid` out";
                report(sid.span, "Sid", "the `Sid` is empty", help);
            }
            if let Some(span) = statement.empty_condition {
                let message = "this part of the `Condition` is empty and restricts nothing";
                let help = "write the condition that was meant, or remove it";
                report(span, "Condition", message, help);
            }
        }
    }
}
