//! Actions and resources of a statement that nothing else in it fits.

use super::{Context, Lint, effect, enumerate, fix};
use crate::diff::effect::Extent;
use crate::finding::{Finding, Severity};
use crate::parser::Effect;

/// Metadata; the page is `rules/lints/ineffective-resource.md`.
pub(super) static LINT: Lint = Lint {
    id: "ineffective-resource",
    severity: Severity::Warning,
    summary: "an action and the resources of its statement do not fit together",
    doc: include_str!("../../rules/lints/ineffective-resource.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    for (statement, found) in effect::of(compared) {
        let Extent::Strings { actions, resources } = &found.extent else {
            continue;
        };
        let (names, mut spans) = effect::strings(statement, actions);
        let listed = resources.iter().filter_map(|r| statement.resources.get(*r));
        let (arns, places): (Vec<String>, Vec<_>) =
            listed.map(|r| (r.text.clone(), r.span)).unzip();
        spans.extend(places);
        let all = [names.clone(), arns.clone()].concat();
        let one = all.len() == 1;
        let why = match (names.is_empty(), arns.is_empty()) {
            (false, true) if one => "it applies to no resource of the statement",
            (false, true) => "they apply to no resource of the statement",
            (true, _) if one => "no action of the statement applies to it",
            (true, _) => "no action of the statement applies to them",
            (false, false) => "nothing else in the statement fits them",
        };
        let message = format!(
            "{} likely {} no effect: {why}",
            enumerate(&all),
            if one { "has" } else { "have" }
        );
        let mut finding = effect::finding(context, &LINT, statement, message, &spans, actions);
        if actions.is_empty() {
            // As far as the catalogue knows a Deny loses nothing; it can be incomplete.
            let can_widen = statement.effect == Effect::Deny;
            let what = format!("remove {}", enumerate(&arns));
            // Other values of the parameters of a template may be actions that apply to it.
            let known = statement.actions.iter().map(|a| a.span);
            if fix::are_fixed(context, statement.source, statement.span, known) {
                finding.fixes = fix::removal(context, statement.source, &spans, what, can_widen);
            }
            finding.help = Some(if one {
                "remove it, or add the actions that it was meant for".to_owned()
            } else {
                "remove them, or add the actions that they were meant for".to_owned()
            });
        }
        let listed = resources.iter().filter_map(|r| statement.resources.get(*r));
        finding.notes.extend(effect::faults(context, listed));
        finding.actions = names;
        finding.subject = (!arns.is_empty()).then(|| all.join(" "));
        out.push(finding);
    }
}
