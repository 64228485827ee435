//! Roles that every account may assume.

use super::trust::{self, Limited};
use super::{Context, Lint};
use crate::finding::{Finding, Severity};

/// Metadata; the page is `rules/lints/open-trust.md`.
pub(super) static LINT: Lint = Lint {
    id: "open-trust",
    severity: Severity::Warning,
    summary: "every AWS account can assume the role",
    doc: include_str!("../../rules/lints/open-trust.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    for trusted in trust::trusted(context).iter().filter(|t| t.is_everyone()) {
        if trusted.limits().limited != Limited::No {
            continue;
        }
        let message = "every AWS account can assume this role".to_owned();
        let mut finding = trusted.finding(&LINT, Severity::Warning, message);
        if let Some(condition) = trusted.statement.rest.conditions.first() {
            let key = crate::parser::shorten(&condition.key.value);
            let note = format!(
                "the condition on `{key}` does not limit who: a caller of any account can meet it"
            );
            finding.notes.push(note);
        }
        finding.help = Some(
            "name the service, account or role that assumes it, or compare `aws:PrincipalOrgID` with your organization"
                .to_owned(),
        );
        out.push(finding);
    }
}
