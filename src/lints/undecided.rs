//! A question that the decision procedure could not answer within its limit.

use super::{Context, Lint, count, coverage, enumerate};
use crate::diff::Verdict;
use crate::finding::{Finding, Label, Severity};

/// Metadata; the page is `rules/lints/undecided.md`.
pub(super) static LINT: Lint = Lint {
    id: "undecided",
    severity: Severity::Error,
    summary: "the patterns are too complex to be decided within the limit",
    doc: include_str!("../../rules/lints/undecided.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    coverage::report(&LINT, Verdict::Undecided, context, out, |actions, _| {
        format!("could not decide whether {} is granted", enumerate(actions))
    });
    if let Some(oversize) = &context.oversize {
        let label = Label {
            source: oversize.source,
            span: oversize.span,
            message: "the limit is reached here".to_owned(),
        };
        let mut finding = LINT.finding(Severity::Error, oversize.message.clone(), label);
        finding.subject = Some("size".to_owned());
        finding.help = Some(
            "give the policies of one role only; AWS takes at most 6,144 characters in a managed policy and 10,240 in \
             all inline policies of a role"
                .to_owned(),
        );
        out.push(finding);
    }
    let Some(compared) = &context.compared else {
        return;
    };
    let unasked = compared.excess.unasked;
    let last = compared.excess.undecided.len().wrapping_sub(1);
    for (at, (index, action)) in compared.excess.undecided.iter().enumerate() {
        let Some(statement) = compared.comparison.granted.get(*index) else {
            continue;
        };
        let text = action.and_then(|a| statement.actions.get(a));
        let name = text.map_or("NotAction", |a| &*a.text).to_owned();
        let label = Label {
            source: statement.source,
            span: text.map_or(statement.action_key, |a| a.span),
            message: "the Resource patterns of this statement and of the Deny statements".into(),
        };
        let message = format!("could not decide whether `{name}` grants more than required");
        let mut finding = LINT.finding(Severity::Note, message, label);
        finding.subject = Some(name);
        if at == last && unasked > 0 {
            let more = count(unasked, "grant");
            finding
                .notes
                .push(format!("{more} after it could not be looked at"));
        }
        finding.help =
            Some("split the statement, or write fewer `*` and `?` in one Resource".to_owned());
        out.push(finding);
    }
}
