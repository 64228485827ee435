//! Actions that the role generated for the cluster configuration has, and the policies do not grant.

use super::{Compared, Context, Lint, coverage, enumerate};
use crate::diff::Verdict;
use crate::diff::coverage::Requirement;
use crate::finding::{Finding, Severity};
use crate::parser::SourceId;
use crate::reference::{Failure, Need, Standing};

/// Metadata; the page is `rules/lints/generated-gap.md`.
pub(super) static LINT: Lint = Lint {
    id: "generated-gap",
    severity: Severity::Error,
    summary: "your policies do not grant an action of the role that ParallelCluster would create",
    doc: include_str!("../../rules/lints/generated-gap.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    let mut groups: Vec<(usize, Severity, Vec<&Requirement>)> = Vec::new();
    for requirement in compared.generated {
        let row = &requirement.row;
        if !row.verdict.fails() || row.vacuous {
            continue;
        }
        let severity = severity(compared, requirement);
        // The documented row or the known gap has a finding of its own.
        if reported(compared, &row.action) >= Some(severity) {
            continue;
        }
        let key = (row.statement, severity);
        match groups.iter_mut().find(|(s, v, _)| (*s, *v) == key) {
            Some((.., rows)) => rows.push(requirement),
            None => groups.push((key.0, key.1, vec![requirement])),
        }
    }
    for (statement, severity, rows) in groups {
        out.extend(finding(context, compared, statement, severity, &rows));
    }
    out.extend(by_managed(context, compared));
}

/// What the generated role grants itself, and this one has from attached AWS managed policies alone.
fn by_managed(context: &Context<'_>, compared: &Compared<'_>) -> Option<Finding> {
    let is_given = |source: SourceId| context.files.iter().any(|f| f.source == source);
    let rows = compared.generated.iter().filter(|r| {
        let row = &r.row;
        row.verdict == Verdict::Covered
            && !row.vacuous
            && !row.allowed_by.is_empty()
            && row.allowed_by.iter().all(|(source, _)| !is_given(*source))
    });
    let mut actions: Vec<String> = Vec::new();
    let mut policies: Vec<String> = Vec::new();
    for requirement in rows {
        let row = &requirement.row;
        if !actions.contains(&row.action) {
            actions.push(row.action.clone());
        }
        for (source, _) in row.allowed_by.iter() {
            let arn = context.sources.get(*source).name();
            let name = arn.rsplit('/').next().unwrap_or(arn).to_owned();
            if !policies.contains(&name) {
                policies.push(name);
            }
        }
    }
    let first = actions.first()?;
    let service = first.split(':').next().unwrap_or_default();
    let label = context.nearest(compared.comparison, service);
    let them = if actions.len() == 1 { "it" } else { "them" };
    let (word, grant) = match policies.len() {
        1 => ("policy", "grants"),
        _ => ("policies", "grant"),
    };
    let message = format!(
        "only the attached AWS managed {word} {} {grant} {}; the role that ParallelCluster creates has {them} in an inline policy",
        enumerate(&policies),
        enumerate(&actions)
    );
    let mut finding = LINT.finding(Severity::Note, message, label);
    let stay = if policies.len() == 1 { "stays" } else { "stay" };
    finding.notes.push(format!(
        "nothing fails as long as the {word} {stay} attached"
    ));
    finding.subject = Some("managed".to_owned());
    finding.actions = actions;
    Some(finding)
}

/// An error where the documentation asks for the action, too; a warning where only a call is known.
fn severity(compared: &Compared<'_>, requirement: &Requirement) -> Severity {
    let action = &requirement.row.action;
    if compared.reference.is_idle(action) {
        return Severity::Note;
    }
    let is_optional = requirement.row.verdict == Verdict::Partial && requirement.gap_is_optional();
    if is_optional || compared.reference.is_only_generated(action) {
        return Severity::Warning;
    }
    let mut documented = compared.requirements.iter();
    let is_documented = documented.any(|r| {
        r.row.action == *action
            && !r.row.vacuous
            && !r.row.open
            && matches!(r.standing, Standing::Needed | Standing::Enough)
            && !r.from_wildcard
    });
    if is_documented || compared.reference.surely_fails_without(action) {
        Severity::Error
    } else if compared.reference.is_known_needed(action) {
        Severity::Warning
    } else {
        Severity::Note
    }
}

/// The severity with which an action is reported as missing from the documented policy, or as a known gap of it.
fn reported(compared: &Compared<'_>, action: &str) -> Option<Severity> {
    let is_missing = |r: &&Requirement| {
        r.row.action == action
            && !r.row.open
            && matches!(r.row.verdict, Verdict::Missing | Verdict::Denied)
    };
    let documented = compared.requirements.iter().filter(is_missing);
    let documented = documented.filter_map(|r| match r.standing {
        Standing::Enough => None,
        _ => Some(coverage::severity(r, compared)),
    });
    let gaps = compared.gaps.iter().filter_map(|rows| {
        let gap = compared.reference.gaps.get(rows.gap)?;
        rows.requirements.iter().find(is_missing)?;
        let severity = match gap.failure {
            Failure::Certain | Failure::Ungranted => Severity::Error,
            Failure::FirstUse | Failure::Function => Severity::Warning,
        };
        (!gap.open).then_some(severity)
    });
    documented.chain(gaps).max()
}

fn finding(
    context: &Context<'_>,
    compared: &Compared<'_>,
    statement: usize,
    severity: Severity,
    rows: &[&Requirement],
) -> Option<Finding> {
    let first = rows.first()?;
    let mut actions: Vec<String> = Vec::new();
    let mut resources: Vec<String> = Vec::new();
    for requirement in rows {
        if !actions.contains(&requirement.row.action) {
            actions.push(requirement.row.action.clone());
        }
        for resource in requirement.row.resources.iter() {
            if !resources.contains(resource) {
                resources.push(resource.clone());
            }
        }
    }
    let service = first.row.action.split(':').next().unwrap_or_default();
    let label = context.nearest(compared.comparison, service);
    let verb = if actions.len() == 1 { "is" } else { "are" };
    let message = format!(
        "{} {verb} not fully granted, but the role that ParallelCluster creates for this configuration has it",
        enumerate(&actions)
    );
    let mut finding = LINT.finding(severity, message, label);
    if let Some(witness) = &first.row.witness {
        finding.notes.push(format!(
            "fails, for example: `{}` on `{}`",
            witness.action, witness.resource
        ));
    }
    let need = compared
        .reference
        .need(&first.row.action, None, &first.row.resources);
    let is_unused = need.is_some_and(Need::is_unused);
    if let Some(need) = need {
        let word = if is_unused {
            "no use of it is known"
        } else {
            "why"
        };
        finding.notes.push(format!("{word}: {}", need.text));
    }
    if severity == Severity::Note && compared.reference.is_idle(&first.row.action) {
        let reason = "no resource of this cluster needs it";
        finding.notes.push(reason.to_owned());
    } else if severity == Severity::Note && !is_unused {
        let reason = "ParallelCluster is not known to call it";
        finding.notes.push(reason.to_owned());
    }
    finding.help = Some(format!(
        "add this statement:\n{}",
        coverage::allow(&actions, &resources)
    ));
    finding.witness.clone_from(&first.row.witness);
    finding.subject = Some(format!("{statement} {}", actions.join(" ")));
    finding.actions = actions;
    Some(finding)
}
