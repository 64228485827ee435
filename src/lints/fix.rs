//! Fixes that lints share.

use super::Context;
use crate::edit::{self, Edit, Fix, Obstacle};
use crate::parser::{Policy, SourceId, Span};

/// The policy of a file in which a place lies.
fn policy_at<'c>(context: &'c Context<'_>, source: SourceId, span: Span) -> Option<&'c Policy> {
    let holds =
        |p: &&Policy| p.source == source && p.span.start <= span.start && span.end <= p.span.end;
    context.policies().find(holds)
}

/// A fix, or the obstacle to it where the report names that.
fn fix(made: Result<Vec<Edit>, Obstacle>, message: String, can_widen: bool) -> Vec<Fix> {
    let (edits, obstacle) = match made {
        Ok(edits) => (edits, None),
        Err(obstacle) if obstacle.words().is_some() => (Vec::new(), Some(obstacle)),
        Err(_) => return Vec::new(),
    };
    vec![Fix {
        message,
        edits,
        can_widen,
        obstacle,
    }]
}

/// The fix that takes strings or statements out of one policy; none where it cannot be edited, or where nothing would
/// be left of it.
pub(super) fn removal(
    context: &Context<'_>,
    source: SourceId,
    spans: &[Span],
    message: String,
    can_widen: bool,
) -> Vec<Fix> {
    let policy = spans
        .first()
        .and_then(|span| policy_at(context, source, *span));
    let Some(policy) = policy else {
        return Vec::new();
    };
    let made = edit::remove(&context.lists, context.sources.get(source), policy, spans);
    fix(made, message, can_widen)
}

/// The fix that puts a text in the place of parts of strings.
pub(super) fn replacement(
    context: &Context<'_>,
    places: &[(SourceId, Span)],
    text: &str,
    message: String,
    can_widen: bool,
) -> Vec<Fix> {
    let edit = |(source, span): &(SourceId, Span)| {
        let policy = policy_at(context, *source, *span).ok_or(Obstacle::Last)?;
        let source = context.sources.get(*source);
        edit::replace(&context.lists, source, policy, *span, text)
    };
    let edits: Result<Vec<Edit>, Obstacle> = places.iter().map(edit).collect();
    let sorted = edits.map(|mut edits| {
        edits.sort();
        edits.dedup();
        edits
    });
    fix(sorted, message, can_widen)
}
