//! A placeholder of a template that was not replaced.

use super::{Context, Lint, fix};
use crate::diff::prepare::LeftoverPlace;
use crate::finding::{Finding, Label, Severity};
use crate::inventory::terraform;
use crate::reference;

/// Metadata; the page is `rules/lints/unreplaced-placeholder.md`.
pub(super) static LINT: Lint = Lint {
    id: "unreplaced-placeholder",
    severity: Severity::Warning,
    summary: "a placeholder was not replaced by a value",
    doc: include_str!("../../rules/lints/unreplaced-placeholder.md"),
    since: "0.1.0",
    check,
};

/// Further places drawn per placeholder.
const RELATED: usize = 4;

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let mut first: Vec<usize> = Vec::new();
    for leftover in context.leftovers {
        let label = Label {
            source: leftover.source,
            span: leftover.span,
            message: String::new(),
        };
        let known = first.iter().copied().find(|i| {
            let found: Option<&Finding> = out.get(*i);
            found.is_some_and(|f| f.subject.as_ref() == Some(&leftover.text))
        });
        if let Some(finding) = known.and_then(|i| out.get_mut(i)) {
            let is_same = (finding.label.source, finding.label.span) == (label.source, label.span);
            if finding.related.len() < RELATED && !is_same {
                finding.related.push(label);
            }
            continue;
        }
        let text = &leftover.text;
        let mut finding = if leftover.is_final {
            let message = format!("`{text}` is plain text here, and nothing replaces it");
            LINT.finding(Severity::Error, message, label)
        } else {
            let message = format!("`{text}` is a placeholder that was not replaced");
            LINT.finding(Severity::Warning, message, label)
        };
        let in_terraform = leftover.is_final && is_of_terraform(context, leftover);
        finding.notes.push(if in_terraform {
            "only CloudFormation has this name: Terraform passes the text on, and it matches nothing"
                .to_owned()
        } else if leftover.is_final {
            "CloudFormation replaces it only in the text of `!Sub`; as it is, it matches nothing"
                .to_owned()
        } else if leftover.known {
            format!(
                "judged as the `${{{}}}` of the reference; AWS takes it as plain text, which matches nothing there",
                leftover.name
            )
        } else {
            "its value is not known; AWS takes it as plain text, which matches nothing there".to_owned()
        });
        finding.help = Some(if in_terraform {
            "write the value, or refer to a data source: `aws_region`, `aws_caller_identity`, `aws_partition`"
                .to_owned()
        } else if leftover.is_final {
            "write `!Sub` before the text (`Fn::Sub` in JSON)".to_owned()
        } else {
            format!("replace `{text}` by its value before you attach the policy")
        });
        finding.subject = Some(text.clone());
        finding.sid.clone_from(&leftover.sid);
        if let Some(value) = value(context, leftover) {
            let same = context.leftovers.iter();
            let same = same.filter(|l| l.text == *text);
            let places: Vec<_> = same.map(|l| (l.source, l.span)).collect();
            let what = format!("replace `{text}` by `{value}`");
            // It matches nothing as it stands.
            finding.fixes = fix::replacement(context, &places, &value, what, true);
        }
        first.push(out.len());
        out.push(finding);
    }
}

/// Whether code or a plan of Terraform has it.
fn is_of_terraform(context: &Context<'_>, leftover: &LeftoverPlace) -> bool {
    let source = context.sources.get(leftover.source);
    terraform::is_code(source.name()) || terraform::may_be_plan(source.text())
}

/// The value that the policies are judged with.
fn value(context: &Context<'_>, leftover: &LeftoverPlace) -> Option<String> {
    let bindings = context.compared.as_ref()?.bindings;
    let known = leftover.known && !reference::is_list(&leftover.name);
    let value = known.then(|| bindings.one(&leftover.name))??;
    // One string cannot say several values.
    (reference::values(value).count() == 1).then(|| value.to_owned())
}
