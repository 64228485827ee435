//! Services that may assume a role and do not need it.

use super::{Context, Lint, trust};
use crate::finding::{Finding, Severity};

/// Metadata; the page is `rules/lints/unneeded-trust.md`.
pub(super) static LINT: Lint = Lint {
    id: "unneeded-trust",
    severity: Severity::Warning,
    summary: "a service that does not need the role can assume it",
    doc: include_str!("../../rules/lints/unneeded-trust.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let required = trust::required(context);
    let is_required = |name: &str| {
        let mut all = required.iter();
        all.any(|s| s.name.split('.').next() == Some(name))
    };
    let titles: Vec<&str> = required.iter().map(|s| s.title.as_str()).collect();
    if titles.is_empty() {
        return;
    }
    for trusted in trust::trusted(context) {
        let Some(service) = trusted.service().filter(|s| !is_required(s)) else {
            continue;
        };
        let message = format!("the service `{}` can assume this role", trusted.shown());
        let mut finding = trusted.finding(&LINT, Severity::Warning, message);
        finding.subject = Some(service.to_owned());
        finding.help = Some(format!(
            "remove it: ParallelCluster needs the role for {} only",
            titles.join(" and ")
        ));
        out.push(finding);
    }
}
