//! A feature of the cluster without data for the role and release.

use super::{Context, Lint};
use crate::finding::{Finding, Label, Severity};
use crate::reference::{Feature, Release};

/// Metadata; the page is `rules/lints/feature-without-data.md`.
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
        let release = reference.pcluster_version.as_deref().unwrap_or_default();
        let before = feature.first();
        let before = before.filter(|first| Release::parse(release).is_some_and(|r| r < *first));
        if let Some(first) = before {
            let message = format!(
                "ParallelCluster {release} does not have {} (`{}`): {first} is the first release with it",
                feature.title(),
                feature.name()
            );
            let mut finding = LINT.finding(Severity::Warning, message, label);
            finding.help = Some(format!(
                "pass the release of your cluster with `--pcluster-version`, or leave out `--feature {}`",
                feature.name()
            ));
            finding.subject = Some(feature.name().to_owned());
            out.push(finding);
            continue;
        }
        let message = format!(
            "no data on what {} (`{}`) needs for role `{}` in ParallelCluster {}",
            feature.title(),
            feature.name(),
            reference.role.as_deref().unwrap_or_default(),
            release
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
