//! Policies of one role that name two Regions, accounts or clusters.

use super::{Compared, Context, Lint};
use crate::finding::{Finding, Label, Severity};
use crate::reference::bindings::{Dissent, option_for};
use crate::reference::cluster_names;

/// Metadata; the page is `rules/lints/mixed-scope.md`.
pub(super) static LINT: Lint = Lint {
    id: "mixed-scope",
    severity: Severity::Warning,
    summary: "the policies are for two Regions, accounts or clusters",
    doc: include_str!("../../rules/lints/mixed-scope.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    for dissent in compared.dissents {
        if dissent.first.1 == dissent.other.1 && dissent.first.2 == dissent.other.2 {
            out.push(contradiction(dissent, compared));
            continue;
        }
        let name = match dissent.name.as_str() {
            "Region" => "Region",
            "Account" => "account",
            cluster_names::CLUSTER => "cluster name",
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

/// The policies are those of another cluster than the given one: an error where they are not enough for that one. A role of
/// another account serves no cluster of the given one, whatever it grants.
fn contradiction(dissent: &Dissent, compared: &Compared<'_>) -> Finding {
    let (given, source, span) = &dissent.first;
    let (named, ..) = &dissent.other;
    let mut rows = compared.requirements.iter();
    let fails = rows.any(|r| r.row.verdict.fails());
    let is_of_home = ["Account", "Partition"].contains(&dissent.name.as_str());
    let severity = if fails || is_of_home {
        Severity::Error
    } else {
        Severity::Warning
    };
    let (message, option) = match dissent.name.as_str() {
        "Account" => (
            format!("the policies are of the account `{named}`, not of `{given}`"),
            "--account",
        ),
        "Partition" => (
            format!("the policies are of the partition `{named}`, not of `{given}`"),
            "--partition",
        ),
        _ => (
            format!("the policies are for the cluster `{named}`, not for `{given}`"),
            "--cluster-name",
        ),
    };
    let label = Label {
        source: *source,
        span: *span,
        message: format!("this names `{named}`"),
    };
    let mut finding = LINT.finding(severity, message, label);
    finding.help = Some(format!(
        "pass the policies of `{given}`, or {option} {named}"
    ));
    finding.subject = Some(dissent.name.clone());
    finding
}
