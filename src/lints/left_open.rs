//! Grants that depend on an unknown value of a template: those that exist for some values, and those without effect for
//! any value.

use std::sync::Arc;

use super::bounded::of_lints;
use super::{
    Context, Lint, excess_cost, excess_credentials, excess_data_access, excess_destruction,
    excess_exposure, excess_privileges, exposed_credentials, ineffective_resource,
    ineffective_statement, over_broad_action, over_broad_resource, privilege_escalation,
    unneeded_action, unrestricted_assume_role, writable_code,
};
use crate::finding::{Finding, Severity};
use crate::parser::{self, Hole, SourceId, Span};

/// The lints on permissions that are not required.
static OF_GRANTS: [&Lint; 13] = [
    &excess_cost::LINT,
    &excess_credentials::LINT,
    &excess_data_access::LINT,
    &excess_destruction::LINT,
    &excess_exposure::LINT,
    &excess_privileges::LINT,
    &exposed_credentials::LINT,
    &over_broad_action::LINT,
    &over_broad_resource::LINT,
    &privilege_escalation::LINT,
    &unneeded_action::LINT,
    &unrestricted_assume_role::LINT,
    &writable_code::LINT,
];

/// Finds what the generous reading of the policies allows beside what was found already.
pub(super) fn dangers(generous: &Context<'_>, known: &[Finding]) -> Vec<Finding> {
    let mut all = of_lints(&OF_GRANTS, generous);
    // Every value that is not known may be a wildcard.
    let is_open = |f: &Finding| {
        let statement = generous.statement_at(f.label.source, f.label.span);
        let resource = statement.and_then(|s| s.resource.as_ref());
        let mut values = resource.iter().flat_map(|r| &r.values);
        f.lint == over_broad_resource::LINT.id
            && values.any(|text| text.holes.is_some() && text.span == f.label.span)
    };
    all.retain(|f| !is_known(known, f) && !is_open(f));
    for finding in &mut all {
        finding.severity = Severity::Note;
        finding.own_severity = Severity::Note;
        finding.fixes.clear();
        let note = only_for(generous, (finding.label.source, finding.label.span));
        finding.notes.push(note);
    }
    all
}

/// Finds what has no effect for any unknown value, beside what was found already.
pub(super) fn without_effect(best: &Context<'_>, known: &[Finding]) -> Vec<Finding> {
    let lints = [&ineffective_resource::LINT, &ineffective_statement::LINT];
    let mut all = of_lints(&lints, best);
    all.retain(|f| !is_known(known, f));
    all
}

/// Whether a lint found something at the same place.
fn is_known(known: &[Finding], finding: &Finding) -> bool {
    known.iter().any(|k| {
        let (place, own) = (&k.label, &finding.label);
        k.lint == finding.lint && (place.source, place.span) == (own.source, own.span)
    })
}

/// The note on a finding that values which are not known decide: those of the statement at its place.
pub(super) fn only_for(context: &Context<'_>, place: (SourceId, Span)) -> String {
    match names(context, place).as_slice() {
        [] => "only if a value that is not known lets it".to_owned(),
        names => format!("only for some values of {}", super::enumerate(names)),
    }
}

/// The names of unknown values in the statement at a place.
fn names(context: &Context<'_>, (source, span): (SourceId, Span)) -> Vec<String> {
    let Some(statement) = context.statement_at(source, span) else {
        return Vec::new();
    };
    let mut policies = context.policies().filter(|p| p.source == source);
    let holes = policies.find_map(|policy| {
        let mut statements = policy.statements.iter();
        statements.find(|s| std::ptr::eq(*s, statement))?;
        Some(Arc::clone(&policy.unknowns.as_ref()?.holes))
    });
    let holes: Arc<[Hole]> = holes.unwrap_or_default();
    let of = statement.holes.iter().filter_map(|hole| holes.get(*hole));
    of.map(|hole| parser::shorten(&hole.name)).collect()
}
