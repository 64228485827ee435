//! Roles that the service that needs them cannot assume.

use super::{Context, Lint, trust};
use crate::finding::{Finding, Label, Severity};

/// Metadata; the page is `rules/lints/missing-trust.md`.
pub(super) static LINT: Lint = Lint {
    id: "missing-trust",
    severity: Severity::Error,
    summary: "the service that needs the role cannot assume it",
    doc: include_str!("../../rules/lints/missing-trust.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    let partition = compared.bindings.one("Partition");
    let severity = if compared.role_is_chosen {
        Severity::Warning
    } else {
        Severity::Error
    };
    for service in trust::required(context) {
        for policy in trust::policies(context) {
            let is_open = policy.is_open && !policy.has_all_principals;
            if policy.is_rejected || is_open || trust::may_assume(policy, service, partition) {
                continue;
            }
            let name = service.name_in(partition);
            let message = format!(
                "{} cannot assume this role: {}",
                service.title, service.failure
            );
            let label = Label::at(policy.source, policy.statement_key);
            let mut finding = LINT.finding(severity, message, label);
            finding.help = Some(format!(
                "allow it: {{\"Effect\": \"Allow\", \"Principal\": {{\"Service\": \"{name}\"}}, \"Action\": \"sts:AssumeRole\"}}"
            ));
            finding.subject = Some(name.to_owned());
            out.push(finding);
        }
    }
}
