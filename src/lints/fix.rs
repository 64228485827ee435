//! Shared by the lints with fixes: edits that remove or replace elements of a statement.

use super::Context;
use crate::edit::{self, Edit, Fix, Obstacle};
use crate::parser::{Layout, Policy, SourceId, Span};

/// The policy of a file in which a place lies.
fn policy_at<'c>(context: &'c Context<'_>, source: SourceId, span: Span) -> Option<&'c Policy> {
    let holds =
        |p: &&Policy| p.source == source && p.span.start <= span.start && span.end <= p.span.end;
    context.policies().find(holds)
}

/// Whether two values of statements that are equal now are so for every value of the parameters of a template. Each has
/// the span of its statement beside it.
pub(super) fn stay_equal(
    context: &Context<'_>,
    source: SourceId,
    one: (Span, Span),
    other: (Span, Span),
) -> bool {
    template(context, source, one.1).is_none_or(|layout| {
        let text = context.sources.get(source).text();
        layout.stay_equal(text, one, other)
    })
}

/// Whether values of a statement are the same for every value of the parameters of a template.
pub(super) fn are_fixed(
    context: &Context<'_>,
    source: SourceId,
    statement: Span,
    mut values: impl Iterator<Item = Span>,
) -> bool {
    let layout = template(context, source, statement);
    layout.is_none_or(|layout| values.all(|span| layout.is_fixed(span, statement)))
}

/// Whether two statements that are compared as they are now compare so for every value of the parameters of a template.
pub(super) fn stay_as_they_are(
    context: &Context<'_>,
    one: (SourceId, Span),
    other: (SourceId, Span),
) -> bool {
    let is_fixed = |(source, span): (SourceId, Span)| {
        let policy = policy_at(context, source, span).map(|policy| policy.span);
        let layout = template(context, source, span);
        layout.is_none_or(|layout| policy.is_some_and(|policy| layout.is_fixed(span, policy)))
    };
    let calls = |(source, span): (SourceId, Span)| {
        let text = context.sources.get(source).text();
        let layout = template(context, source, span);
        layout
            .map(|layout| layout.calls(text, span))
            .unwrap_or_default()
    };
    is_fixed(one) && is_fixed(other) && calls(one) == calls(other)
}

/// How the file of a policy at a place is written, where it is a template.
fn template<'c>(context: &'c Context<'_>, source: SourceId, span: Span) -> Option<&'c Layout> {
    let policy = policy_at(context, source, span)?;
    edit::layout(context.sources.get(source), policy)
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
