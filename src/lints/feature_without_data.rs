//! A feature that the cluster has, and of which nothing is known for the role and release.

use super::{Context, Lint};
use crate::finding::{Finding, Label, Severity};
use crate::reference::Feature;

/// See the page.
pub(super) static LINT: Lint = Lint {
    id: "feature-without-data",
    severity: Severity::Warning,
    summary: "the program has no data on what a feature needs for this role and release",
    doc: include_str!("../../rules/lints/feature-without-data.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    let reference = compared.reference;
    let unknown = reference.unknown_features.iter();
    for feature in unknown.filter_map(|name| Feature::find(name)) {
        let Some(policy) = context.policies().next() else {
            continue;
        };
        let label = Label {
            source: policy.source,
            span: policy.statement_key,
            message: "not judged for this feature".to_owned(),
        };
        let message = format!(
            "no data on what {} (`{}`) needs for role `{}` in ParallelCluster {}",
            feature.title(),
            feature.name(),
            reference.role.as_deref().unwrap_or_default(),
            reference.pcluster_version.as_deref().unwrap_or_default()
        );
        let mut finding = LINT.finding(Severity::Warning, message, label);
        finding.notes.push(
            "other releases have data for it: `pcluster-iam reference list` shows which".to_owned(),
        );
        finding.help = Some(format!(
            "compare with a release that has data: `pcluster-iam lint --pcluster-version` with `--feature {}`",
            feature.name()
        ));
        finding.subject = Some(feature.name().to_owned());
        out.push(finding);
    }
}
