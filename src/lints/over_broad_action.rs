//! A pattern of actions that allows some that nothing requires.

use std::collections::hash_map::Entry;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::{Context, Lint, count, enumerate, excess, fix};
use crate::diff::excess::ExcessKind;
use crate::finding::{Finding, Severity};

/// Metadata; the page is `rules/lints/over-broad-action.md`.
pub(super) static LINT: Lint = Lint {
    id: "over-broad-action",
    severity: Severity::Warning,
    summary: "a wildcard allows actions that ParallelCluster does not require",
    doc: include_str!("../../rules/lints/over-broad-action.md"),
    since: "0.1.0",
    check,
};

/// Up to so many actions are worth writing out in place of a wildcard.
const WRITTEN_OUT: usize = 12;

/// One finding has a list of more actions than this; others with the same list have its start.
const LISTED_AGAIN: usize = 100;

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    if compared.may_do_everything() {
        return;
    }
    let mut listed = FxHashMap::default();
    for found in compared
        .excess
        .found
        .iter()
        .filter(|e| e.kind == ExcessKind::Action)
    {
        let Some(statement) = compared.comparison.granted.get(found.statement) else {
            continue;
        };
        let (label, subject) = excess::action_label(statement, found);
        let severity = excess::severity(&found.actions);
        let message = format!(
            "`{subject}` allows {} that {} {}",
            count(found.actions.len(), "action"),
            if found.actions.len() == 1 {
                "is"
            } else {
                "are"
            },
            compared.not_required()
        );
        let mut finding = LINT.finding(severity, message, label);
        finding.notes.push(format!(
            "by access level: {}",
            excess::by_level(&found.actions.iter().collect::<Vec<_>>())
        ));
        finding.notes.push(format!(
            "allowed, for example: `{}` on `{}`",
            found.witness.action, found.witness.resource
        ));
        let required = excess::required_under(compared, statement, found);
        if required.is_empty() && found.action.is_some() {
            let what = format!("remove `{subject}`");
            let span = finding.label.span;
            finding.fixes = fix::removal(context, statement.source, &[span], what, false);
        }
        finding.help = Some(match required.len() {
            0 => "remove it: nothing required matches it".to_owned(),
            n if n <= WRITTEN_OUT => {
                format!(
                    "replace it with the {}: {}",
                    count(n, "required action"),
                    list(&required)
                )
            }
            n => format!(
                "replace it with the {} ({}; `pcluster-iam reference show` prints them)",
                count(n, "required action"),
                enumerate(&required)
            ),
        });
        let same = listed.entry(Rc::as_ptr(&found.actions));
        let most = match same {
            Entry::Vacant(new) => {
                let at = context.sources.get(finding.label.source);
                new.insert(format!(
                    "{}:{}",
                    at.name(),
                    at.location(finding.label.span.start).line
                ));
                usize::MAX
            }
            Entry::Occupied(first) if found.actions.len() > LISTED_AGAIN => {
                finding.notes.push(format!(
                    "the same {} actions as in line {}",
                    found.actions.len(),
                    first.get()
                ));
                LISTED_AGAIN
            }
            Entry::Occupied(_) => usize::MAX,
        };
        let actions = found.actions.iter().take(most);
        finding.actions = actions.map(|a| a.spelled.clone()).collect();
        finding.subject = Some(subject);
        finding.witness = Some(found.witness.clone());
        out.push(finding);
    }
}

fn list(actions: &[String]) -> String {
    let quoted: Vec<String> = actions.iter().map(|a| format!("\"{a}\"")).collect();
    format!("[{}]", quoted.join(", "))
}
