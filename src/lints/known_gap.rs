//! Permissions known to be missing from the documented reference itself.

use std::fmt::Write as _;

use super::{Compared, Context, Lint, count, coverage, enumerate};
use crate::diff::Verdict;
use crate::diff::coverage::Requirement;
use crate::finding::{Finding, Label, Severity};
use crate::matcher::ActionMatch;
use crate::parser::Effect;
use crate::reference::{Failure, Feature, Standing};

/// Metadata; the page is `rules/lints/known-gap.md`.
pub(super) static LINT: Lint = Lint {
    id: "known-gap",
    severity: Severity::Warning,
    summary: "the documented policy is known not to be enough by itself",
    doc: include_str!("../../rules/lints/known-gap.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    for rows in compared.gaps {
        let Some(gap) = compared.reference.gaps.get(rows.gap) else {
            continue;
        };
        if gap.open {
            continue;
        }
        let missing: Vec<_> = rows
            .requirements
            .iter()
            .filter(|r| !matches!(r.row.verdict, Verdict::Covered | Verdict::Depends))
            .collect();
        let Some(first) = missing.first() else {
            continue;
        };
        let mut actions: Vec<String> = Vec::new();
        for requirement in &missing {
            if !actions.contains(&requirement.row.action) {
                actions.push(requirement.row.action.clone());
            }
        }
        let Some(policy) = context.policies().next() else {
            continue;
        };
        let label = Label {
            source: policy.source,
            span: policy.statement_key,
            message: "no statement here grants all of this".to_owned(),
        };
        let conditional = missing
            .iter()
            .all(|r| r.row.verdict == Verdict::Conditional);
        let message = if let Some(policy) = &gap.policy {
            format!(
                "{} of {policy} {} not granted{}: {}",
                count(actions.len(), "action"),
                be(actions.len()),
                if is_all_missing(&missing) {
                    ""
                } else {
                    " in full"
                },
                enumerate(&actions)
            )
        } else {
            let conditions = gap.statements.iter().flat_map(|s| &s.conditions);
            let mut stated = conditions.map(|c| format!("`{}` {}", c.key, enumerate(&c.values)));
            let named = match stated.next() {
                _ if !gap.of_configuration => Named::Nothing,
                Some(stated) => Named::Requests(stated),
                None => Named::Resources(enumerate(&first.row.resources)),
            };
            by_verdict(&missing, &named)
        };
        let certain = missing.iter().any(|r| {
            matches!(r.row.verdict, Verdict::Missing | Verdict::Denied)
                || r.row.verdict == Verdict::Partial && !r.gap_is_optional()
        });
        let on_arns = |r: &&&Requirement| {
            r.row.verdict != Verdict::Denied && is_on_arns(compared, &r.row.action)
        };
        let fails = match gap.failure {
            Failure::Certain => true,
            Failure::Ungranted => !missing.iter().all(|r| on_arns(&r)),
            Failure::FirstUse | Failure::Function => false,
        };
        let severity = if fails && certain {
            Severity::Error
        } else {
            Severity::Warning
        };
        let mut finding = LINT.finding(severity, message, label);
        finding.notes.push(gap.reason.clone());
        if gap.failure == Failure::Ungranted && !fails && gap.of_configuration {
            finding.notes.push(
                "it is granted on ARNs, but AWS lists no resource types for it, so only `*` surely works".to_owned(),
            );
        }
        if let Some(feature) = gap.feature.and_then(Feature::find) {
            finding.notes.push(coverage::needed_only(compared, feature));
        }
        if gap.failure == Failure::FirstUse {
            finding
                .notes
                .extend(Standing::FirstUse.reason().map(str::to_owned));
        }
        finding.notes.push(format!("source: {}", gap.source));
        if let Some(witness) = &first.row.witness {
            let word = if conditional { "may fail" } else { "fails" };
            finding.notes.push(format!(
                "{word}, for example: `{}` on `{}`",
                witness.action, witness.resource
            ));
        }
        finding.help = Some(if let Some(policy) = &gap.policy {
            format!(
                "attach {policy} to the same role, and name its file too: all files given are judged together"
            )
        } else {
            format!(
                "add this statement ({}):\n{}",
                count(actions.len(), "action"),
                coverage::allow(&actions, &first.row.resources)
            )
        });
        if let (Some(feature), Some(help)) = (gap.feature, &mut finding.help) {
            let _ = write!(
                help,
                "\nor pass `--feature no-{feature}` if the cluster does not use it"
            );
        }
        finding.witness.clone_from(&first.row.witness);
        finding.subject = Some(gap.policy.clone().unwrap_or_else(|| actions.join(" ")));
        finding.actions = actions;
        out.push(finding);
    }
}

/// Whether a statement allows an action on ARNs of the action's service.
fn is_on_arns(compared: &Compared<'_>, action: &str) -> bool {
    let lower = action.to_ascii_lowercase();
    let Some((service, name)) = lower.split_once(':') else {
        return false;
    };
    let mut allowing = { compared.comparison.granted.iter() }
        .filter(|s| s.effect == Effect::Allow && !s.is_rejected && !s.not_action)
        .filter(|s| {
            let mut actions = s.actions.iter();
            actions.any(|a| a.pattern.matches(service, name) == ActionMatch::Yes)
        });
    allowing.any(|s| {
        let mut resources = s.resources.iter();
        resources.any(|r| r.text.split(':').nth(2) == Some(service))
    })
}

/// `is` or `are`.
fn be(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

fn is_all_missing(missing: &[&Requirement]) -> bool {
    let mut verdicts = missing.iter().map(|r| r.row.verdict);
    verdicts.all(|v| v == Verdict::Missing)
}

/// What a gap of the cluster configuration is about.
enum Named {
    Nothing,
    Requests(String),
    Resources(String),
}

/// The actions by what is wrong with them.
fn by_verdict(missing: &[&Requirement], named: &Named) -> String {
    let partial = match named {
        Named::Resources(resources) => format!("not granted on all of {resources}"),
        _ => "not granted on all required resources".to_owned(),
    };
    let on = |words: &str| match named {
        Named::Resources(resources) => format!("{words} on {resources}"),
        _ => words.to_owned(),
    };
    let kinds: [(&[Verdict], String); 4] = [
        (&[Verdict::Missing, Verdict::Undecided], on("not granted")),
        (&[Verdict::Denied], on("denied")),
        (&[Verdict::Partial], partial),
        (
            &[Verdict::Conditional],
            on("granted only under a Condition"),
        ),
    ];
    let parts = kinds.iter().filter_map(|(verdicts, words)| {
        let these = missing.iter().filter(|r| verdicts.contains(&r.row.verdict));
        let these: Vec<&Requirement> = these.copied().collect();
        let mut actions: Vec<String> = Vec::new();
        for requirement in &these {
            if !actions.contains(&requirement.row.action) {
                actions.push(requirement.row.action.clone());
            }
        }
        let types = match verdicts {
            [Verdict::Partial] => coverage::missing_types(&these),
            _ => Vec::new(),
        };
        let types = match types.as_slice() {
            [] => String::new(),
            types => format!(" (gap on {})", enumerate(types)),
        };
        let verb = be(actions.len());
        (!actions.is_empty()).then(|| format!("{} {verb} {words}{types}", enumerate(&actions)))
    });
    let message = parts.collect::<Vec<String>>().join(", and ");
    match named {
        Named::Requests(stated) => format!("{message} for requests with {stated}"),
        _ => message,
    }
}
