//! A part of a template that could not be read.

use super::depends::GIVE_DOCUMENT;
use super::{Context, Lint, Unread, count, problem};
use crate::finding::{Finding, Label, Severity};
use crate::parser::ProblemKind;

/// Metadata; the page is `rules/lints/unresolved.md`.
pub(super) static LINT: Lint = Lint {
    id: "unresolved",
    severity: Severity::Error,
    summary: "a part of a template could not be read, and may change what a policy grants",
    doc: include_str!("../../rules/lints/unresolved.md"),
    since: "0.1.0",
    check,
};

/// A policy that is elsewhere and decides whether the role has what it surely needs.
fn elsewhere(unread: &Unread) -> Option<Finding> {
    if !unread.decides() {
        return None;
    }
    let actions = count(unread.actions, "required action");
    let message = if unread.is_boundary {
        format!(
            "the permissions boundary `{}` was not given, and may refuse {actions}",
            unread.name
        )
    } else {
        format!(
            "`{}` was not given, and no other policy grants {actions}",
            unread.name
        )
    };
    let (source, span) = unread.place;
    let label = Label {
        source,
        span,
        message: String::new(),
    };
    let mut finding = LINT.finding(Severity::Error, message, label);
    finding.subject = Some(unread.name.clone());
    finding.help = Some(GIVE_DOCUMENT.to_owned());
    Some(finding)
}

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let before = out.len();
    problem::report(&LINT, ProblemKind::Unresolved, context, out);
    for unread in context.compared.iter().flat_map(|c| c.unread) {
        out.extend(elsewhere(unread));
    }
    if context.accepts_unresolved {
        for finding in out.iter_mut().skip(before) {
            finding.severity = Severity::Warning;
            finding.own_severity = Severity::Warning;
        }
    }
}
