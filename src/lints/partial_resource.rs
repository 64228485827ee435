//! A required action that is granted on some of the required resources only.

use super::{Context, Lint, coverage, enumerate};
use crate::diff::Verdict;
use crate::finding::{Finding, Label, Severity};

/// Metadata; the page is `rules/lints/partial-resource.md`.
pub(super) static LINT: Lint = Lint {
    id: "partial-resource",
    severity: Severity::Error,
    summary: "a required action is granted on some of the required resources only",
    doc: include_str!("../../rules/lints/partial-resource.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    coverage::report(
        &LINT,
        Verdict::Partial,
        context,
        out,
        |actions, resources| {
            let on = match resources {
                [one] => format!("`{one}`"),
                _ => "the required resources".to_owned(),
            };
            let verb = if actions.len() == 1 { "is" } else { "are" };
            format!("{} {verb} not granted on all of {on}", enumerate(actions))
        },
    );
    shared(context, out);
}

/// Resources of other accounts that may be shared with this one: a cluster can do without them.
fn shared(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    let mut actions: Vec<String> = Vec::new();
    let mut types: Vec<String> = Vec::new();
    let mut places = Vec::new();
    let rows = compared.requirements.iter();
    for requirement in rows.filter(|r| !r.foreign().is_empty()) {
        if !actions.contains(&requirement.row.action) {
            actions.push(requirement.row.action.clone());
        }
        for kind in requirement.foreign() {
            if !types.contains(kind) {
                types.push(kind.clone());
            }
        }
        places.extend(requirement.row.allowed_by.first().copied());
    }
    let (Some((source, span)), Some(account)) =
        (places.first().copied(), compared.bindings.one("Account"))
    else {
        return;
    };
    let label = Label {
        source,
        span,
        message: String::new(),
    };
    let message = format!(
        "{} {} granted on resources of account {account} only",
        enumerate(&actions),
        if actions.len() == 1 { "is" } else { "are" }
    );
    let mut finding = LINT.finding(Severity::Note, message, label);
    finding.notes.push(format!(
        "other accounts can share resources of the {} {}",
        if types.len() == 1 { "type" } else { "types" },
        enumerate(&types)
    ));
    finding.help = Some(
        "nothing to do unless the cluster uses a resource that another account shares: then allow its ARN too".to_owned(),
    );
    finding.subject = Some("shared".to_owned());
    finding.actions = actions;
    out.push(finding);
}
