//! Shared by the lints on missing permissions: names the permissions boundary or service control policy that limits a
//! role.

use super::{Compared, Context, enumerate, nearest_of};
use crate::diff::comparison::{Layer, LayerKind};
use crate::diff::coverage::Requirement;
use crate::diff::statement::Prepared;
use crate::finding::Label;
use crate::parser::{SourceId, Span};
use crate::reference::FULL_ACCESS;

/// The layer whose file this is; `None` for the role's own policies.
pub(super) fn of<'c>(compared: &'c Compared<'_>, source: SourceId) -> Option<&'c Layer<'c>> {
    let mut layers = compared.comparison.layers.iter();
    layers.find(|l| l.sources.contains(&source))
}

/// `the permissions boundary`, or ``the SCP `root.json` ``.
pub(super) fn name(context: &Context<'_>, layer: &Layer<'_>) -> Option<String> {
    let names = layer.sources.iter();
    let names: Vec<String> = names
        .map(|s| context.sources.get(*s).name().to_owned())
        .filter(|name| name != FULL_ACCESS.0)
        .collect();
    Some(match layer.kind {
        LayerKind::Identity => return None,
        LayerKind::Boundary => "the permissions boundary".to_owned(),
        LayerKind::Scp if names.len() == 1 => format!("the SCP {}", enumerate(&names)),
        LayerKind::Scp => format!("the SCP level {}", enumerate(&names)),
    })
}

/// The first layer that refuses, unless it is the role's own policies.
pub(super) fn refusing<'c>(
    compared: &'c Compared<'_>,
    requirement: &Requirement,
) -> Option<&'c Layer<'c>> {
    let first = requirement.refused_by().first()?;
    let layers = &compared.comparison.layers;
    layers.get(*first).filter(|l| l.kind != LayerKind::Identity)
}

/// The statement, of any layer, that a place lies in.
pub(super) fn statement_at<'c>(
    compared: &'c Compared<'_>,
    (source, span): (SourceId, Span),
) -> Option<&'c Prepared> {
    let mut layers = compared.comparison.layers.iter();
    layers.find_map(|layer| {
        // Statements are in the order of their files and of their places there.
        let until = |s: &Prepared| (s.source, s.span.start) <= (source, span.start);
        let encloses = |s: &&Prepared| {
            s.source == source && s.span.start <= span.start && span.end <= s.span.end
        };
        let at = layer.statements.partition_point(until).checked_sub(1);
        let enclosing = { at.and_then(|at| layer.statements.get(at)) }.filter(encloses);
        let has = |s: &Prepared| s.not_action || s.actions.iter().any(|a| a.span == span);
        if enclosing.is_some_and(has) {
            return enclosing;
        }
        // Those of a template are not always in that order, and an alias in YAML may be the actions of another statement.
        let aliased = |s: &&Prepared| s.source == source && !s.not_action && has(s);
        let mut statements = layer.statements.iter();
        statements
            .find(aliased)
            .or(enclosing)
            .or_else(|| layer.statements.iter().find(encloses))
    })
}

/// The place in a layer for what it does not allow: the nearest statement, else the `Statement` key.
pub(super) fn nearest(context: &Context<'_>, layer: &Layer<'_>, service: &str) -> Option<Label> {
    let policies = context.policies();
    let policies = policies.filter(|p| layer.sources.contains(&p.source));
    nearest_of(layer.statements, policies, service)
}
