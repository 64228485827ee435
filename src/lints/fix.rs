//! Fixes that lints share.

use super::Context;
use crate::edit::{self, Edit, Fix};
use crate::parser::{Policy, SourceId, Span};

/// The policy of a file in which a place lies, if it can be edited.
fn policy_at<'c>(context: &'c Context<'_>, source: SourceId, span: Span) -> Option<&'c Policy> {
    let holds =
        |p: &&Policy| p.source == source && p.span.start <= span.start && span.end <= p.span.end;
    let policy = context.policies().find(holds)?;
    let lists = &context.lists;
    lists
        .is_plain(context.sources.get(source), policy)
        .then_some(policy)
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
    let edits = || {
        let policy = policy_at(context, source, *spans.first()?)?;
        edit::remove(&context.lists, context.sources.get(source), policy, spans)
    };
    let fix = |edits| Fix {
        message,
        edits,
        can_widen,
    };
    edits().map(fix).into_iter().collect()
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
        policy_at(context, *source, *span)?;
        Some(Edit {
            source: *source,
            span: *span,
            text: edit::escaped(text),
        })
    };
    let edits: Option<Vec<Edit>> = places.iter().map(edit).collect();
    let Some(mut edits) = edits else {
        return Vec::new();
    };
    edits.sort();
    edits.dedup();
    vec![Fix {
        message,
        edits,
        can_widen,
    }]
}
