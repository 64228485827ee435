//! A policy of the older version of the policy language.

use super::variable::{self, Variable};
use super::{Context, Lint};
use crate::finding::{Finding, Label, Severity};
use crate::parser::{Attachment, Policy, Text, Version, shorten};
use crate::rejection::{CONSEQUENCE, answer};

/// Metadata; the page is `rules/lints/old-version.md`.
pub(super) static LINT: Lint = Lint {
    id: "old-version",
    severity: Severity::Error,
    summary: "a policy has no `Version`, or the older one, under which variables are plain text",
    doc: include_str!("../../rules/lints/old-version.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    for policy in context.policies() {
        if policy.version == Version::V2012 {
            continue;
        }
        let opening = context.sources.get(policy.source).opening(policy.span);
        let span = policy.version_span.unwrap_or(opening);
        let version = if policy.version_span.is_some() {
            "`Version` is `2008-10-17`"
        } else {
            "the policy has no `Version`"
        };
        let first = variable::may_hold(context, policy)
            .then(|| first_variable(policy))
            .flatten();
        let is_managed = policy.attachment == Attachment::Managed;
        let mut finding = match first {
            _ if is_managed => {
                let message =
                    format!("{version}, and a managed policy needs `2012-10-17`: {CONSEQUENCE}");
                LINT.finding(Severity::Error, message, Label::at(policy.source, span))
            }
            Some((text, variable)) => {
                let written = text.value.get(variable.range.clone()).unwrap_or_default();
                let message = format!("{version}, so `{}` is plain text", shorten(written));
                let label = Label::at(policy.source, text.part(variable.range.clone()));
                let mut finding = LINT.finding(Severity::Warning, message, label);
                finding.related.push(Label::at(policy.source, span));
                finding
            }
            None if policy.attachment == Attachment::Inline => continue,
            None if policy.attachment == Attachment::Scp => LINT.finding(
                Severity::Note,
                version.to_owned(),
                Label::at(policy.source, span),
            ),
            None => LINT.finding(
                Severity::Warning,
                format!("{version}: IAM accepts it only as an inline policy"),
                Label::at(policy.source, span),
            ),
        };
        finding.notes.push(
            "without `Version` AWS reads a policy as `2008-10-17`, which has no policy variables"
                .to_owned(),
        );
        let answer = match policy.attachment {
            Attachment::Unknown | Attachment::Managed => {
                format!("; of a managed policy {}", answer("old-version"))
            }
            Attachment::Inline | Attachment::Scp => String::new(),
        };
        finding.help = Some(format!("write `\"Version\": \"2012-10-17\"`{answer}"));
        finding.subject = Some("Version".to_owned());
        out.push(finding);
    }
}

/// The first variable in a Resource or in a value of a Condition.
fn first_variable(policy: &Policy) -> Option<(&Text, Variable<'_>)> {
    policy.statements.iter().find_map(|statement| {
        let resources = statement.resource.iter().flat_map(|r| &r.values);
        let values = statement.conditions.iter().flat_map(|c| &c.values);
        resources.chain(values).find_map(|text| {
            let is_it = |v: &Variable<'_>| v.is_policy_variable() || v.is_escape();
            Some((text, variable::all(&text.value).find(is_it)?))
        })
    })
}
