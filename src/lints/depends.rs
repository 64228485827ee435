//! A required action whose grant depends on an unknown value.

use super::{Compared, Context, Lint, enumerate};
use crate::diff::coverage::Requirement;
use crate::diff::{Open, OpenValue, Verdict};
use crate::finding::{Finding, Label, Severity};
use crate::parser::HoleKind;
use crate::reference::Standing;

/// Metadata; the page is `rules/lints/depends.md`.
pub(super) static LINT: Lint = Lint {
    id: "depends",
    severity: Severity::Warning,
    summary: "an unknown value of the input decides whether a required action is granted",
    doc: include_str!("../../rules/lints/depends.md"),
    since: "0.1.0",
    check,
};

/// How to judge a policy that is not in the input.
pub(super) const GIVE_DOCUMENT: &str = "give the file of its document too, named after the policy; `aws iam get-policy-version` prints it";

/// Places drawn beside the primary one.
const RELATED: usize = 8;

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    let of_gaps = compared.gaps.iter().flat_map(|rows| &rows.requirements);
    report(context, compared, compared.requirements, true, out);
    let of_gaps: Vec<Requirement> = of_gaps.cloned().collect();
    report(context, compared, &of_gaps, false, out);
    let is_reported = |r: &&Requirement| {
        let mut own = compared.requirements.iter().chain(&of_gaps);
        own.any(|o| o.row.action == r.row.action && o.row.verdict == Verdict::Depends)
    };
    let generated = compared.generated.iter().filter(|r| !is_reported(r));
    let generated: Vec<Requirement> = generated.cloned().collect();
    report(context, compared, &generated, false, out);
}

/// One finding for the rows of each statement of the reference that depend on the same values.
fn report(
    context: &Context<'_>,
    compared: &Compared<'_>,
    rows: &[Requirement],
    is_own: bool,
    out: &mut Vec<Finding>,
) {
    type Group<'r> = (usize, Vec<&'r str>, Vec<(&'r Requirement, &'r Open)>);
    let mut groups: Vec<Group<'_>> = Vec::new();
    for requirement in rows {
        let row = &requirement.row;
        let (Verdict::Depends, Some(open)) = (row.verdict, &row.depends) else {
            continue;
        };
        if requirement.standing == Standing::Enough {
            continue;
        }
        let names: Vec<&str> = open.values.iter().map(|v| v.name.as_str()).collect();
        match groups
            .iter_mut()
            .find(|(statement, of, _)| *statement == row.statement && *of == names)
        {
            Some((.., rows)) => rows.push((requirement, open)),
            None => groups.push((row.statement, names, vec![(requirement, open)])),
        }
    }
    for (statement, names, rows) in groups {
        let statement = is_own.then_some(statement);
        out.extend(finding(context, compared, statement, &names, &rows));
    }
}

fn finding(
    context: &Context<'_>,
    compared: &Compared<'_>,
    statement: Option<usize>,
    names: &[&str],
    rows: &[(&Requirement, &Open)],
) -> Option<Finding> {
    let (first, open) = rows.first()?;
    let mut actions: Vec<String> = Vec::new();
    for (requirement, _) in rows {
        if !actions.contains(&requirement.row.action) {
            actions.push(requirement.row.action.clone());
        }
    }
    let label_of = |value: &OpenValue| Label {
        source: value.place.0,
        span: value.place.1,
        message: match value.kind {
            HoleKind::Document => "its policies are not in the input".to_owned(),
            _ => "not known before deployment".to_owned(),
        },
    };
    let mut labels = open.values.iter().map(label_of);
    let label = if let Some(label) = labels.next() {
        label
    } else {
        let service = first.row.action.split(':').next().unwrap_or_default();
        context.nearest(compared.comparison, service)
    };
    let quoted: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let verb = if actions.len() == 1 {
        "is granted depends"
    } else {
        "are granted depends"
    };
    let message = match quoted.as_slice() {
        [] => format!(
            "whether {} {verb} on a value that is not known",
            enumerate(&actions)
        ),
        _ => format!(
            "whether {} {verb} on {}",
            enumerate(&actions),
            enumerate(&quoted)
        ),
    };
    let mut standings = rows.iter().map(|(requirement, _)| requirement.standing);
    let severity = if standings.all(|s| s == Standing::NotGenerated) {
        Severity::Note
    } else {
        Severity::Warning
    };
    let mut finding = LINT.finding(severity, message, label);
    finding.related = labels.take(RELATED).collect();
    finding.notes = notes(open);
    if let Some(witness) = &first.row.witness {
        finding.notes.push(format!(
            "fails for some values, for example: `{}` on `{}`",
            witness.action, witness.resource
        ));
    }
    if let Some(statement) = statement {
        finding.notes.push(format!(
            "required by {}",
            compared.reference.describe_statement(statement)
        ));
        finding.reference_statement = Some(statement);
        finding.reference_sid = first.row.sid.as_deref().map(str::to_owned);
    }
    finding.help = Some(help(open));
    finding.witness.clone_from(&first.row.witness);
    finding.subject = Some(names.join(" "));
    finding.actions = actions;
    Some(finding)
}

fn notes(open: &Open) -> Vec<String> {
    let (worst, best) = (open.at_worst.name(), open.at_best.name());
    let mut notes = vec![format!("{worst} at worst, {best} at best")];
    for value in &open.values {
        let stands_for = match value.kind {
            HoleKind::Word | HoleKind::Name => "a name that is not known before deployment",
            HoleKind::List => "an unknown number of values",
            HoleKind::Document => "policies that are not in the input",
            HoleKind::Text | HoleKind::Reference => "any text",
        };
        notes.push(match &value.value {
            Some(wanted) => format!("{best} if `{}` is `{wanted}`", value.name),
            None => format!("`{}` stands for {stands_for}", value.name),
        });
    }
    notes
}

fn help(open: &Open) -> String {
    let options = open.values.iter().filter_map(|value| {
        let option = value.option.as_deref()?;
        Some(match &value.value {
            Some(wanted) => option.replace("VALUE", &format!("'{wanted}'")),
            None => option.to_owned(),
        })
    });
    let options: Vec<String> = options.collect();
    if open.values.iter().any(|v| v.kind == HoleKind::Document) {
        GIVE_DOCUMENT.to_owned()
    } else if options.is_empty() {
        "write the value in the policy, or a pattern that holds for every value".to_owned()
    } else {
        format!("pass {}", options.join(" "))
    }
}
