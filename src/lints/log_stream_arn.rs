//! Log group actions that depend on the ARN of a log stream.

use super::{Compared, Context, Lint, enumerate};
use crate::catalog::Checked;
use crate::diff::Verdict;
use crate::diff::statement::{Prepared, Resource};
use crate::finding::{Finding, Label, Severity};
use crate::matcher::search::Budget;
use crate::matcher::{Reading, Variables};
use crate::parser::Effect;

/// Metadata; the page is `rules/lints/log-stream-arn.md`.
pub(super) static LINT: Lint = Lint {
    id: "log-stream-arn",
    severity: Severity::Warning,
    summary: "a required log group action is granted on the ARN of a log stream alone, which AWS will stop accepting",
    doc: include_str!("../../rules/lints/log-stream-arn.md"),
    since: "0.1.0",
    check,
};

/// Steps for comparing the strings of a role.
const STEPS: u64 = 2_000_000;

/// A string that does not name the resource itself, the part of it that does, and the type.
struct Stream<'c> {
    resource: &'c Resource,
    named: Resource,
    kind: &'static Checked,
}

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    let mut budget = Budget::steps(STEPS);
    for statement in compared.comparison.granted {
        if statement.effect != Effect::Allow || statement.not_resource {
            continue;
        }
        let streams: Vec<Stream<'_>> = { statement.resources.iter() }
            .filter_map(|resource| {
                let (named, kind) = resource.named()?;
                Some(Stream {
                    resource,
                    named,
                    kind,
                })
            })
            .collect();
        let mut actions: Vec<String> = Vec::new();
        let mut used: Vec<&Stream<'_>> = Vec::new();
        for stream in &streams {
            for action in required(compared, statement, stream, &mut budget) {
                if !actions.contains(&action) {
                    actions.push(action);
                }
                if !used.iter().any(|u| std::ptr::eq(*u, stream)) {
                    used.push(stream);
                }
            }
        }
        out.extend(finding(statement, actions, &used));
    }
}

/// The required actions that the statement grants through a string and no statement grants on the resource itself.
fn required(
    compared: &Compared<'_>,
    statement: &Prepared,
    stream: &Stream<'_>,
    budget: &mut Budget,
) -> Vec<String> {
    let comparison = compared.comparison;
    let mut found = Vec::new();
    for requirement in compared.requirements {
        let row = &requirement.row;
        let granted = !row.vacuous
            && matches!(
                row.verdict,
                Verdict::Covered | Verdict::Conditional | Verdict::Partial
            );
        let Some((service, name)) = row.action.split_once(':').filter(|_| granted) else {
            continue;
        };
        let name = name.to_ascii_lowercase();
        if service != stream.kind.service || statement.applies(service, &name).is_none() {
            continue;
        }
        let known = comparison.known(service, &name);
        let on_type = known.is_some_and(|action| {
            let mut types = action.resource_types();
            types.any(|t| t.name == stream.kind.kind && !t.suffix.is_empty())
        });
        if !on_type {
            continue;
        }
        let mut wanted = compared.required.iter();
        let wanted = wanted.find(|s| s.index == row.statement);
        let wanted: Vec<&Resource> = match wanted {
            Some(wanted) if !wanted.not_resource => wanted.resources.iter().collect(),
            _ => Vec::new(),
        };
        let overlaps = |a: &Resource, b: &Resource| {
            let [a, b] = [a, b].map(|r| r.patterns(Reading::Loose, Variables::Any));
            a.iter().any(|a| b.iter().any(|b| a.overlaps(b)))
        };
        let reached: Vec<&Resource> = { wanted.iter().copied() }
            .filter(|w| overlaps(w, stream.resource))
            .collect();
        if reached.is_empty() && !wanted.is_empty() {
            continue;
        }
        // Patterns that name the resources themselves still grant the action.
        let lasting = comparison.granted.iter().filter(|s| {
            s.effect == Effect::Allow
                && !s.not_resource
                && s.conditions.lines.is_empty()
                && s.applies(service, &name).is_some()
        });
        let lasting: Vec<&Resource> = { lasting.flat_map(|s| &s.resources) }
            .filter(|r| r.named().is_none())
            .collect();
        let mut lasts = |of: &Resource| {
            let mut others = lasting.iter();
            others.any(|r| r.covers_within(of, budget))
        };
        let all_last = !reached.is_empty()
            && reached.iter().all(|w| match w.named() {
                Some((named, _)) => lasts(&named),
                None => lasts(w),
            });
        if !all_last && !lasts(&stream.named) {
            found.push(row.action.clone());
        }
    }
    found
}

fn finding(
    statement: &Prepared,
    mut actions: Vec<String>,
    used: &[&Stream<'_>],
) -> Option<Finding> {
    let first = used.first()?;
    actions.sort_unstable();
    let texts: Vec<String> = used.iter().map(|s| s.resource.text.clone()).collect();
    let message = format!(
        "{} {} granted on {} only, which names log streams, not the log group",
        enumerate(&actions),
        if actions.len() == 1 { "is" } else { "are" },
        enumerate(&texts),
    );
    let label = |stream: &Stream<'_>| Label {
        source: statement.source,
        span: stream.resource.span,
        message: String::new(),
    };
    let mut finding = LINT.finding(Severity::Warning, message, label(first));
    finding.related = used.iter().skip(1).map(|s| label(s)).collect();
    finding.notes.push(format!(
        "it still works; {}: {}",
        first.kind.ends, first.kind.ends_source
    ));
    let named: Vec<String> = used.iter().map(|s| s.named.text.clone()).collect();
    finding.help = Some(format!(
        "add {} to the resources; keep the present ARN for actions on log streams",
        enumerate(&named)
    ));
    finding.subject = Some(texts.join(" "));
    finding.actions = actions;
    finding.sid = statement.sid.as_ref().map(ToString::to_string);
    Some(finding)
}
