//! Names that another major release of ParallelCluster gives its resources.

use super::{Context, Lint, enumerate, left_open};
use crate::diff::Verdict;
use crate::finding::{Finding, Label, Severity};
use crate::parser::{Effect, SourceId, Span, Statement};

/// Metadata; the page is `rules/lints/release-mismatch.md`.
pub(super) static LINT: Lint = Lint {
    id: "release-mismatch",
    severity: Severity::Warning,
    summary: "resource names are those of another major release (2.x or 3.x)",
    doc: include_str!("../../rules/lints/release-mismatch.md"),
    since: "0.1.0",
    check,
};

/// Beginnings of resources that only one major release uses: the release, the service of the actions on them, the
/// beginning, and what the other release does.
const NAMES: [(u32, &str, &str, &str); 3] = [
    (
        2,
        "cloudformation",
        ":stack/parallelcluster-",
        "stacks of 3.x are named after the cluster alone",
    ),
    (
        3,
        "iam",
        ":role/parallelcluster/",
        "roles of 2.x have no path: their names begin with `parallelcluster-`",
    ),
    (
        3,
        "iam",
        ":instance-profile/parallelcluster/",
        "instance profiles of 2.x have no path",
    ),
];

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    let Some(release) = compared.reference.pcluster_version.as_deref() else {
        return;
    };
    let major = if release.starts_with("2.") { 2 } else { 3 };
    for (of, service, beginning, instead) in NAMES {
        let is_of_service = |action: &str| {
            action
                .split_once(':')
                .is_some_and(|(s, _)| s.eq_ignore_ascii_case(service))
        };
        // Such a name is not a fault where all that is required is granted.
        let missing = compared
            .requirements
            .iter()
            .filter(|r| {
                matches!(r.row.verdict, Verdict::Missing | Verdict::Partial)
                    && is_of_service(&r.row.action)
            })
            .count();
        if of == major || missing == 0 {
            continue;
        }
        let allows = compared.comparison.granted.iter();
        let allows = allows.filter(|s| s.effect == Effect::Allow && !s.not_resource);
        let resources = allows.flat_map(|s| s.resources.iter().map(move |r| (s.source, r)));
        let mut named: Vec<(SourceId, Span, &str)> = { resources }
            .filter(|(_, r)| r.text.contains(beginning))
            .map(|(source, r)| (source, r.span, r.text.as_str()))
            .collect();
        let is_certain = !named.is_empty();
        for (source, span, text) in open_resources(context) {
            if text.contains(beginning) && !named.iter().any(|n| (n.0, n.1) == (source, span)) {
                named.push((source, span, text));
            }
        }
        let Some(((source, span, first), more)) = named.split_first() else {
            continue;
        };
        let message = format!(
            "{} has a name of ParallelCluster {of}.x, but the given release is {release}: {instead}",
            enumerate(&[(*first).to_owned()])
        );
        let mut finding = LINT.finding(Severity::Warning, message, Label::at(*source, *span));
        let more = more.iter().take(RELATED);
        finding.related = more.map(|(s, span, _)| Label::at(*s, *span)).collect();
        if !is_certain {
            finding
                .notes
                .push(left_open::only_for(context, (*source, *span)));
        }
        finding.help = Some(
            "write the names of your release, or say which one you use: --pcluster-version"
                .to_owned(),
        );
        finding.subject = Some(beginning.trim_start_matches(':').to_owned());
        out.push(finding);
    }
}

/// Further places drawn.
const RELATED: usize = 4;

/// The resources of statements that allow something for some unknown values.
fn open_resources<'c>(context: &'c Context<'_>) -> impl Iterator<Item = (SourceId, Span, &'c str)> {
    let extremes = context.files.iter().filter_map(|f| f.extremes.as_deref());
    let policies = extremes.flat_map(|e| &e.best.policies);
    let is_open = |s: &&Statement| {
        let allows = s.effect.as_ref().is_some_and(|e| e.value == Effect::Allow);
        allows && !s.holes.is_empty()
    };
    policies.flat_map(move |policy| {
        let statements = policy.statements.iter().filter(is_open);
        let resources = statements
            .filter_map(|s| s.resource.as_ref())
            .filter(|r| !r.negated);
        let texts = resources.flat_map(|r| &r.values);
        texts.map(|text| (policy.source, text.span, text.value.as_str()))
    })
}
