//! Names that another major release of ParallelCluster gives its resources.

use super::{Context, Lint, enumerate};
use crate::diff::Verdict;
use crate::finding::{Finding, Label, Severity};
use crate::parser::Effect;

/// See the page.
pub(super) static LINT: Lint = Lint {
    id: "release-mismatch",
    severity: Severity::Warning,
    summary: "a resource has the name that another major release of ParallelCluster gives it, and the name of this one is missing",
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
        // Such a name is no fault where all that is required is granted.
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
        let named = allows.flat_map(|s| s.resources.iter().map(move |r| (s.source, r)));
        let mut named = named.filter(|(_, r)| r.text.contains(beginning));
        let Some((source, first)) = named.next() else {
            continue;
        };
        let message = format!(
            "{} has a name of ParallelCluster {of}.x, but the given release is {release}: {instead}",
            enumerate(std::slice::from_ref(&first.text))
        );
        let mut finding = LINT.finding(Severity::Warning, message, Label::at(source, first.span));
        let more = named.take(RELATED);
        finding.related = more.map(|(s, r)| Label::at(s, r.span)).collect();
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
