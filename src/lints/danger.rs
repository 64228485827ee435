//! Shared by the lints on dangerous grants: one finding for each statement and danger.

use super::{Context, Lint, count, enumerate, excess, fix};
use crate::diff::excess::{Excess, ExcessKind};
use crate::diff::statement::Prepared;
use crate::finding::{Finding, Severity, Witness};
use crate::reference::{Rank, dangers};

/// Further places drawn per finding.
const RELATED: usize = 8;

/// The dangerous part of what one string of a statement grants.
struct Part<'e> {
    excess: &'e Excess,
    actions: Vec<(Rank, String)>,
    example: (Rank, Witness),
}

pub(super) fn check(lint: &Lint, context: &Context<'_>, out: &mut Vec<Finding>) {
    let Some(compared) = &context.compared else {
        return;
    };
    let danger = dangers().iter().position(|d| d.lint == lint.id);
    let Some((at, danger)) = danger.and_then(|at| Some((at, dangers().get(at)?))) else {
        return;
    };
    if compared.may_do_everything() {
        return;
    }
    let mut groups: Vec<(usize, Vec<Part<'_>>)> = Vec::new();
    for found in &compared.excess.found {
        let Some(part) = Part::of(found, at) else {
            continue;
        };
        match groups.last_mut() {
            Some((statement, parts)) if *statement == found.statement => parts.push(part),
            _ => groups.push((found.statement, vec![part])),
        }
    }
    for (index, mut parts) in groups {
        let Some(statement) = compared.comparison.granted.get(index) else {
            continue;
        };
        // The most dangerous example first.
        parts.sort_by_key(|part| part.example.0);
        let Some(first) = parts.first() else { continue };
        let (label, subject) = excess::action_label(statement, first.excess);
        let mut all: Vec<&(Rank, String)> = parts.iter().flat_map(|p| &p.actions).collect();
        all.sort();
        all.dedup();
        let actions: Vec<String> = all.iter().map(|(_, action)| action.clone()).collect();
        let verb = if actions.len() == 1 { "is" } else { "are" };
        let all_are = |kinds: &[ExcessKind]| parts.iter().all(|p| kinds.contains(&p.excess.kind));
        let extent = if all_are(&[ExcessKind::Resource]) {
            format!(
                "on more resources than {}",
                compared.requirer().trim_start_matches("what ")
            )
        } else if all_are(&[ExcessKind::Unneeded, ExcessKind::Action]) {
            format!("and {}", compared.not_required())
        } else {
            format!("beyond {}", compared.requirer())
        };
        let message = format!(
            "the role can {}: {} {verb} allowed {extent}",
            danger.effect,
            enumerate(&actions),
        );
        let mut finding = lint.finding(Severity::Warning, message, label);
        let related = parts.iter().skip(1).take(RELATED);
        finding.related = { related.map(|part| excess::action_label(statement, part.excess).0) }
            .filter(|other| other.span != finding.label.span)
            .collect();
        let (_, witness) = &first.example;
        finding.notes.push(format!(
            "allowed, for example: `{}` on `{}`",
            witness.action, witness.resource
        ));
        finding.help = Some(help(statement, &parts));
        finding.subject = Some(subject);
        finding.witness = Some(witness.clone());
        // What is listed action by action can be taken out; a pattern may have required actions under it.
        let literal = parts
            .iter()
            .filter(|p| p.excess.kind == ExcessKind::Unneeded);
        let spans = { literal.clone() }.map(|p| excess::action_label(statement, p.excess).0.span);
        let spans: Vec<_> = spans.collect();
        if !spans.is_empty() {
            let names = literal
                .flat_map(|p| &p.actions)
                .map(|(_, name)| name.clone());
            let what = format!("remove {}", enumerate(&names.collect::<Vec<_>>()));
            finding.fixes = fix::removal(context, statement.source, &spans, what, false);
        }
        finding.actions = actions;
        out.push(finding);
    }
}

impl<'e> Part<'e> {
    fn of(excess: &'e Excess, danger: usize) -> Option<Self> {
        let mut examples = excess.examples.iter();
        let example = examples.find(|(rank, _)| rank.danger == danger)?.clone();
        let actions = excess.actions.iter().filter_map(|action| {
            let rank = action.rank.filter(|rank| rank.danger == danger)?;
            Some((rank, action.spelled.clone()))
        });
        Some(Part {
            excess,
            actions: actions.collect(),
            example,
        })
    }
}

fn help(statement: &Prepared, parts: &[Part<'_>]) -> String {
    let of = |kind| parts.iter().filter(move |part| part.excess.kind == kind);
    let mut help: Vec<String> = Vec::new();
    let unneeded: usize = of(ExcessKind::Unneeded).map(|p| p.actions.len()).sum();
    if unneeded > 0 {
        let them = if unneeded == 1 { "it" } else { "them" };
        help.push(format!(
            "remove {} unless something else on this role needs {them}",
            count(unneeded, "action")
        ));
    }
    let mut patterns: Vec<String> = Vec::new();
    for part in of(ExcessKind::Action) {
        let (_, text) = excess::action_label(statement, part.excess);
        let text = format!("`{text}`");
        if !patterns.contains(&text) {
            patterns.push(text);
        }
    }
    if !patterns.is_empty() {
        help.push(format!(
            "name the required actions instead of {}",
            patterns.join(", ")
        ));
    }
    if of(ExcessKind::Resource).next().is_some() {
        help.push(
            "use the resources in the `over-broad-resource` finding on this statement".to_owned(),
        );
    }
    help.join("; ")
}
