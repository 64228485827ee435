//! A question that the decision procedure could not answer within its bound.

use super::{Context, Lint, coverage, enumerate};
use crate::diff::Verdict;
use crate::finding::{Finding, Label, Severity};

/// See the page.
pub(super) static LINT: Lint = Lint {
    id: "undecided",
    severity: Severity::Error,
    summary: "the patterns are too entangled to be decided within the bound",
    doc: include_str!("../../rules/lints/undecided.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    coverage::report(&LINT, Verdict::Undecided, context, out, |actions, _| {
        format!("could not decide whether {} is granted", enumerate(actions))
    });
    let Some(compared) = &context.compared else {
        return;
    };
    for (index, action) in &compared.excess.undecided {
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
        let message = format!("could not decide whether `{name}` grants more than is required");
        let mut finding = LINT.finding(Severity::Error, message, label);
        finding.subject = Some(name);
        finding.help = Some("split the statement, or write fewer `*` in one Resource".to_owned());
        out.push(finding);
    }
}
