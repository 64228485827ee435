//! Policies of one role that speak of two Regions, accounts or names.

use super::{Context, Lint};
use crate::finding::{Finding, Label, Severity};
use crate::reference::bindings::option_for;

/// See the page.
pub(super) static LINT: Lint = Lint {
    id: "mixed-scope",
    severity: Severity::Warning,
    summary: "the policies name two Regions, accounts or names where the cluster has one",
    doc: include_str!("../../rules/lints/mixed-scope.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    for dissent in compared.dissents {
        let name = match dissent.name.as_str() {
            "Region" => "Region",
            "Account" => "account",
            other => other,
        };
        let option = option_for(&dissent.name);
        let (first, source, span) = &dissent.first;
        let (other, other_source, other_span) = &dissent.other;
        let message =
            format!("the policies name two values for the {name}: `{first}` and `{other}`");
        let label = Label {
            source: *source,
            span: *span,
            message: "one here".to_owned(),
        };
        let mut finding = LINT.finding(Severity::Warning, message, label);
        finding.related.push(Label {
            source: *other_source,
            span: *other_span,
            message: "another here".to_owned(),
        });
        finding.notes.push(format!(
            "the {name} was not inferred, so requirements that name it are not covered"
        ));
        finding.help = Some(format!("say which one the cluster has: {option}"));
        finding.subject = Some(dissent.name.clone());
        out.push(finding);
    }
}
