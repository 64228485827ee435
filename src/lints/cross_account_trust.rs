//! Roles that another account may assume.

use super::trust::{self, Limited};
use super::{Context, Lint};
use crate::finding::{Finding, Severity};

/// Metadata; the page is `rules/lints/cross-account-trust.md`.
pub(super) static LINT: Lint = Lint {
    id: "cross-account-trust",
    severity: Severity::Warning,
    summary: "another account can assume the role without an external id or an organization",
    doc: include_str!("../../rules/lints/cross-account-trust.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    for trusted in trust::trusted(context) {
        let limits = trusted.limits();
        if limits.vouched != Limited::No {
            continue;
        }
        for account in trusted.accounts(&limits) {
            let is_own = trusted.is_own(&account, context);
            let (severity, message) = match is_own {
                Some(true) => continue,
                Some(false) => (
                    Severity::Warning,
                    format!(
                        "account {account} can assume this role without an external id or an organization"
                    ),
                ),
                None => (
                    Severity::Note,
                    format!(
                        "account {account} can assume this role: whether it is the account of the role is not known"
                    ),
                ),
            };
            let mut finding = trusted.finding(&LINT, severity, message);
            finding.help = Some(match is_own {
                None => "pass --account with the account of the role".to_owned(),
                Some(_) => {
                    "compare `aws:PrincipalOrgID` with your organization, or `sts:ExternalId` with a value that you agreed on with \
                     the other account; if no one there needs the role, remove the principal"
                        .to_owned()
                }
            });
            finding.subject = Some(account);
            out.push(finding);
        }
    }
}
