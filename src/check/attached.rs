//! Findings on AWS managed policies that a role has.

use super::Settings;
use super::elsewhere::place;
use crate::diff::escalation::OpenPath;
use crate::finding::{Finding, Label};
use crate::lints::File;
use crate::parser::Sources;

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
