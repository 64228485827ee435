//! The policy of another role than the one that was asked for.

use super::{Context, Lint};
use crate::finding::{Finding, Label, Severity};

/// Metadata; the page is `rules/lints/wrong-role.md`.
pub(super) static LINT: Lint = Lint {
    id: "wrong-role",
    severity: Severity::Warning,
    summary: "the policies fit another role than the given one",
    doc: include_str!("../../rules/lints/wrong-role.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    let (Some(other), Some(asked)) = (&compared.other_role, &compared.reference.role) else {
        return;
    };
    let Some(policy) = context.policies().next() else {
        return;
    };
    let message = format!(
        "these policies grant all that the role `{}` needs, but of what `{asked}` needs only {} of {} actions",
        other.role, other.granted, other.all
    );
    let label = Label::at(policy.source, policy.statement_key);
    let mut finding = LINT.finding(Severity::Warning, message, label);
    finding.help = Some(format!("did you mean --role {}?", other.role));
    finding.subject = Some(other.role.clone());
    out.push(finding);
}
