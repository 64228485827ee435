//! Findings on AWS managed policies that a role has.

use super::Settings;
use super::elsewhere::place;
use crate::diff::escalation::OpenPath;
use crate::finding::{Finding, Label};
use crate::lints::File;
use crate::parser::Sources;
use crate::reference;

/// Moves what the text of a boundary of AWS does not allow to where the input names the boundary: the text is in no file of
/// the user, and nothing is to be changed in it.
pub(super) fn at_boundary(
    findings: &mut Vec<Finding>,
    files: &[&File],
    (sources, settings): (&Sources, &Settings),
) {
    let Some(boundary) = settings.boundary.as_ref().map(|file| file.source) else {
        return;
    };
    let arn = sources.get(boundary).name();
    if reference::managed_text(arn).is_none() {
        return;
    }
    let (source, span) = place(files, &format!("permissions-boundary:{arn}"));
    findings.retain_mut(|finding| {
        finding.related.retain(|label| label.source != boundary);
        if finding.label.source != boundary {
            return true;
        }
        finding.label = Label {
            message: "this policy of AWS does not allow it".to_owned(),
            ..Label::at(source, span)
        };
        finding.sid = None;
        finding.fixes.clear();
        finding.help = finding.help.take().map(|help| {
            help.replace(
                "add this statement to the permissions boundary",
                "name a policy of your own as the permissions boundary, with this statement",
            )
        });
        finding.reference_statement.is_some() || OF_REQUIREMENTS.contains(&finding.lint)
    });
}

/// Lints on requirements whose findings do not name the statement of a reference.
const OF_REQUIREMENTS: [&str; 5] = [
    "depends",
    "feature-gap",
    "generated-gap",
    "known-gap",
    "unresolved",
];

/// Drops the findings on the texts of attached policies: they are AWS's, and users cannot change them. A policy with
/// which the role can do everything is reported where the input names it.
pub(super) fn without_texts(
    findings: &mut Vec<Finding>,
    files: &[&File],
    (sources, settings): (&Sources, &Settings),
    paths: &[OpenPath],
) {
    let everything = { paths.iter() }.find(|open| open.path.subsumes && !open.in_reference);
    let everything = everything.map(|open| open.path.id.as_str());
    findings.retain_mut(|finding| {
        let is_its = |label: &Label| {
            let mut attached = settings.attached_policies.iter();
            attached.any(|file| file.source == label.source)
        };
        if !is_its(&finding.label) {
            return true;
        }
        if everything.is_none() || finding.subject.as_deref() != everything {
            return false;
        }
        let arn = sources.get(finding.label.source).name();
        let (source, span) = place(files, &format!("attached-policy:{arn}"));
        finding.label = Label::at(source, span);
        finding.related.retain(|label| !is_its(label));
        finding
            .notes
            .insert(0, format!("`{arn}` is attached to it"));
        finding.help = Some(
            "attach only what is required instead; `pcluster-iam reference show` prints it"
                .to_owned(),
        );
        true
    });
}
