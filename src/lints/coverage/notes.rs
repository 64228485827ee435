//! The notes of a finding: why a requirement is not covered.

use super::key_values::Values;
use super::{needed_only, writes_out_gap};
use crate::diff::Verdict;
use crate::diff::coverage::Requirement;
use crate::finding::Label;
use crate::lints::{Compared, Context, enumerate, layer, open_condition};
use crate::parser::{Effect, SourceId, Span};
use crate::reference::{Feature, Need, Standing};

/// The resources of a grant that does not reach far enough; `None` where its Condition is what narrows.
pub(super) fn too_narrow(
    context: &Context<'_>,
    compared: &Compared<'_>,
    (source, span): (SourceId, Span),
) -> Option<Label> {
    let statement = layer::statement_at(compared, (source, span))?;
    if !statement.conditions.is_empty() {
        return None;
    }
    let first = statement.resources.first()?;
    let is_one = statement.resources.iter().all(|r| r.nth == first.nth);
    let (span, words) = match (statement.not_resource, is_one) {
        (true, _) => (statement.resource_key, "allowed on all but what this lists"),
        (false, true) => (first.span, "allowed on this only"),
        (false, false) => (statement.resource_key, "allowed on these only"),
    };
    Some(Label {
        source,
        span,
        message: with_limit(context, compared, source, words),
    })
}

/// A text on a statement, followed by the name of what limits the role if the statement is of that.
fn with_limit(
    context: &Context<'_>,
    compared: &Compared<'_>,
    source: SourceId,
    words: &str,
) -> String {
    let limit = layer::of(compared, source).and_then(|l| layer::name(context, l));
    match limit {
        Some(limit) => format!("{words} ({limit})"),
        None => words.to_owned(),
    }
}

/// The effect of a statement on a requirement, beside the token that decides: its Condition if that is unknown.
pub(super) fn deciding(
    context: &Context<'_>,
    compared: &Compared<'_>,
    (source, span): (SourceId, Span),
    verdict: Verdict,
    deny: bool,
) -> Label {
    let statement = layer::statement_at(compared, (source, span));
    let condition = statement.and_then(|s| s.conditions.span);
    let variable = statement.filter(|s| s.resources.iter().any(|r| r.pattern.has_variable()));
    let (span, words) = match (verdict, deny, condition) {
        (Verdict::Conditional, true, Some(condition)) => {
            (condition, "a Deny blocks it if this condition holds")
        }
        (Verdict::Conditional, true, None) => {
            (span, "AWS's pages leave open whether this Deny blocks it")
        }
        (Verdict::Conditional, false, None) if variable.is_some_and(|s| s.not_resource) => (
            span,
            "allowed only if the variable in its NotResource does not exclude it",
        ),
        (Verdict::Conditional, false, None) if variable.is_some() => {
            (span, "allowed only if the variable in its Resource matches")
        }
        (Verdict::Partial | Verdict::Conditional, false, Some(condition)) => {
            (condition, "allowed only if this condition holds")
        }
        (Verdict::Partial, true, _) => (span, "this Deny blocks part of it"),
        (_, true, _) => (span, "this Deny blocks it"),
        (Verdict::Undecided, false, _) => (span, "this may allow it"),
        (_, false, _) => (span, "this allows part of it"),
    };
    Label {
        source,
        span,
        message: with_limit(context, compared, source, words),
    }
}

/// Whether all that a grant depends on is the variables in its resources: no Condition and no Deny matters.
pub(super) fn depends_on_variable(compared: &Compared<'_>, rows: &[&Requirement]) -> bool {
    let by_variable = |place: &(SourceId, Span)| {
        layer::statement_at(compared, *place).is_some_and(|s| {
            s.conditions.is_empty() && s.resources.iter().any(|r| r.pattern.has_variable())
        })
    };
    rows.iter().all(|r| {
        let row = &r.row;
        let is_only_granted = row.denied_by.is_empty() && !row.allowed_by.is_empty();
        row.verdict == Verdict::Conditional
            && is_only_granted
            && row.allowed_by.iter().all(by_variable)
    })
}

/// Reasons shown in one finding.
const REASONS: usize = 4;

/// The notes of a finding on these rows.
pub(super) fn notes(
    context: &Context<'_>,
    compared: &Compared<'_>,
    statement: usize,
    rows: &[&Requirement],
    actions: &[String],
) -> Vec<String> {
    let reference = compared.reference;
    let verdict = rows.first().map(|r| r.row.verdict);
    let is_open = verdict == Some(Verdict::Conditional);
    // An unknown on which the verdict depends comes first, then the purpose of the action.
    let mut notes = Vec::new();
    if is_open {
        notes.extend(failing(context, compared, rows));
    }
    let feature = reference.statement(statement).and_then(|s| s.feature);
    let mut reasons: Vec<(&Need, Vec<String>)> = Vec::new();
    let values = Values::of(compared, rows);
    for need in values.iter().flat_map(|v| v.needs(compared, actions)) {
        reasons.push((need, actions.to_vec()));
    }
    let of_values = !reasons.is_empty();
    for action in actions.iter().filter(|_| !of_values) {
        let of_action = rows.iter().filter(|r| r.row.action == *action);
        let resources = of_action.flat_map(|r| r.row.resources.iter().cloned());
        let resources: Vec<String> = resources.collect();
        if let Some(need) = reference.need(action, feature, &resources) {
            match reasons.iter_mut().find(|(same, _)| same.text == need.text) {
                Some((_, list)) => list.push(action.clone()),
                None => reasons.push((need, vec![action.clone()])),
            }
        }
    }
    let mut standings: Vec<Standing> = rows.iter().map(|r| r.standing).collect();
    standings.dedup();
    if of_values {
        standings.clear();
    }
    // The reason says it closer.
    let is_explained = |action: &String| {
        let mut reasons = reasons.iter().take(REASONS);
        reasons.any(|(need, of)| need.is_unused() && of.contains(action))
    };
    if actions.iter().all(is_explained) {
        standings.retain(|standing| *standing != Standing::UnknownUse);
    }
    notes.extend(
        standings
            .iter()
            .filter_map(|s| s.reason())
            .map(str::to_owned),
    );
    let only_one = reasons.len() == 1;
    for (need, of) in reasons.iter().take(REASONS) {
        let text = &need.text;
        let is_called = || of.iter().any(|action| reference.is_known_needed(action));
        let is_known = !need.is_unused() || !of_values && is_called();
        notes.push(match (is_known, only_one || of_values) {
            (true, true) => format!("why: {text}"),
            (true, false) => format!("why {}: {text}", enumerate(of)),
            (false, true) => format!("no use of it is known: {text}"),
            (false, false) => format!("no use of {} is known: {text}", enumerate(of)),
        });
    }
    let named = rows
        .iter()
        .find_map(|r| r.row.feature)
        .and_then(Feature::find);
    if let Some(feature) = named {
        notes.push(needed_only(compared, feature));
    }
    if !is_open {
        notes.extend(failing(context, compared, rows));
    }
    let types = missing_types(rows);
    if !types.is_empty() {
        notes.push(format!(
            "not granted in full for the resource {}",
            type_list(&types)
        ));
        if rows
            .iter()
            .all(|r| r.gap_is_optional() && !writes_out_gap(r))
        {
            notes.push(
                "not every call needs these types: check whether your clusters use them".into(),
            );
        }
    }
    if rows
        .iter()
        .any(|r| r.from_wildcard && !reference.is_known_needed(&r.row.action))
    {
        let declared = rows
            .first()
            .map(|r| r.row.declared_as.clone())
            .unwrap_or_default();
        notes.push(format!(
            "the reference writes `{declared}`; ParallelCluster is not known to use {}",
            if actions.len() == 1 {
                "this action"
            } else {
                "these actions"
            }
        ));
    }
    notes.push(format!(
        "required by {}",
        reference.describe_statement(statement)
    ));
    notes
}

/// The resource types on which an action is granted only in part.
pub(in crate::lints) fn missing_types(rows: &[&Requirement]) -> Vec<String> {
    // A gap in some values of a condition key is a gap in every type.
    let by_context = rows.iter().any(|r| !r.stated().is_empty());
    let partial = rows.iter().any(|r| r.row.verdict == Verdict::Partial);
    let mut types: Vec<String> = Vec::new();
    if !partial || by_context {
        return types;
    }
    for t in rows.iter().flat_map(|r| r.types()).filter(|t| t.gap) {
        if !types.contains(&t.name) {
            types.push(t.name.clone());
        }
    }
    types
}

/// A request that fails, and what that depends on.
fn failing(context: &Context<'_>, compared: &Compared<'_>, rows: &[&Requirement]) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(witness) = rows.first().and_then(|r| r.row.witness.as_ref()) {
        let word = match rows.first().map(|r| r.row.verdict) {
            Some(Verdict::Conditional) => "may fail",
            _ => "fails",
        };
        let stated = rows
            .first()
            .and_then(|r| open_condition::stated(compared, r));
        let stated = stated.map_or_else(String::new, |s| format!(", {s}"));
        notes.push(format!(
            "{word}, for example: `{}` on `{}`{stated}",
            witness.action, witness.resource
        ));
    }
    if let Some(first) = rows.first() {
        if first.row.verdict == Verdict::Conditional {
            notes.extend(open_condition::notes(compared, first));
        }
        let others = first.refused_by().iter().skip(1);
        let others = others.filter_map(|at| compared.comparison.layers.get(*at));
        for limit in others.filter_map(|l| layer::name(context, l)) {
            notes.push(format!("{limit} does not allow it either"));
        }
        notes.extend(contested(compared, first));
    }
    notes
}

/// The message where AWS's pages leave the verdict open.
pub(super) fn left_open(
    compared: &Compared<'_>,
    requirement: &Requirement,
    actions: &[String],
) -> String {
    let place = requirement.contested;
    let statement = place.and_then(|place| layer::statement_at(compared, place));
    let verb = if actions.len() == 1 { "is" } else { "are" };
    let denied = statement.is_none_or(|s| s.effect == Effect::Deny);
    let what = if denied { "denied" } else { "allowed" };
    format!(
        "AWS's pages leave open whether {} {verb} {what} for some of the required requests",
        enumerate(actions)
    )
}

/// The open reading of AWS's documentation that the verdict depends on, and an unambiguous way to write it.
pub(super) fn contested(compared: &Compared<'_>, requirement: &Requirement) -> Option<String> {
    let place = requirement.contested?;
    let statement = layer::statement_at(compared, place)?;
    let mut resources = statement.resources.iter();
    let effect = match statement.effect {
        Effect::Allow => "allows this only",
        Effect::Deny => "denies this",
    };
    Some(match resources.find(|r| r.pattern.is_contested()) {
        Some(resource) => format!(
            "AWS does not document how far `{}` reaches: it {effect} if a wildcard can match the colons of an ARN, or if \
             missing fields match anything; write all six fields of the ARN, each with its own wildcard",
            resource.text
        ),
        None => format!(
            "AWS documents wildcards before the colon of an action as invalid: the statement {effect} if AWS accepts \
             them; name the services"
        ),
    })
}

fn type_list(types: &[String]) -> String {
    format!(
        "{} {}",
        if types.len() == 1 { "type" } else { "types" },
        enumerate(types)
    )
}
