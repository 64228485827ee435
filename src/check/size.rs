//! Limits on the size of the policies of a role and of references.

use std::cell::OnceCell;

use super::candidates::Candidates;
use super::{Against, MOST_PARTS, Settings};
use crate::catalog::Catalog;
use crate::lints::Oversize;
use crate::matcher::ActionPattern;
use crate::parser::{Effect, Policy, Span};
use crate::reference::Reference;

/// A problem if the values of placeholders expand the policies to too many strings.
pub fn too_many_strings(
    policies: &[&Policy],
    against: &Against,
    settings: &Settings,
) -> Option<Oversize> {
    let candidates = Candidates::new(policies, against, settings);
    for candidate in &candidates.all {
        candidates.ready(candidate);
    }
    candidates.beyond()
}

/// Actions with a wildcard before the colon that are judged: AWS takes none, and each is compared with every action.
pub(super) const MOST_CONTESTED: usize = 50;

/// Bytes of the strings of a role that are judged.
pub(super) const MOST_TEXT: usize = 512 * 1024;

/// A problem if the policies of a role and its layers exceed the limits.
pub fn oversize<'p>(policies: impl IntoIterator<Item = &'p Policy>) -> Option<Oversize> {
    let (mut parts, mut bytes, mut contested) = (0, 0, 0);
    for policy in policies {
        for statement in &policy.statements {
            let elements = [&statement.action, &statement.resource];
            let lists = elements.into_iter().flatten().flat_map(|e| &e.values);
            let conditions = statement.conditions.iter();
            let conditions =
                conditions.flat_map(|c| [&c.operator, &c.key].into_iter().chain(&c.values));
            parts += 1;
            for text in lists.chain(conditions).map(|t| t.value.as_str()) {
                let marks = |b: &u8| matches!(b, b'$' | b'<' | b'{' | b'%');
                parts += 1 + text.bytes().filter(|b| marks(b)).count();
                bytes += text.len();
            }
            let actions = statement.action.iter().flat_map(|a| &a.values);
            contested += actions.filter(|t| is_contested(&t.value)).count();
            let message = if contested > MOST_CONTESTED {
                format!(
                    "more than {MOST_CONTESTED} actions with a wildcard before the colon in the policies of one role"
                )
            } else if parts > MOST_PARTS {
                format!(
                    "more than {MOST_PARTS} statements, strings and placeholders in the policies of one role"
                )
            } else if bytes > MOST_TEXT {
                format!("more than {MOST_TEXT} bytes of strings in the policies of one role")
            } else {
                continue;
            };
            return Some(Oversize {
                source: policy.source,
                span: Span {
                    start: statement.span.start,
                    end: statement.span.start + 1,
                },
                message,
            });
        }
    }
    None
}

pub(super) fn is_contested(action: &str) -> bool {
    let service = action.split_once(':').map(|(service, _)| service);
    service.is_some_and(|service| service.contains(['*', '?']))
}

/// Rows that a reference may have: all actions of AWS, and room for those to come.
pub(super) const MOST_ROWS: usize = 25_000;

/// Whether a reference asks for more than is judged.
pub fn asks_too_much(catalog: &Catalog, reference: &Reference) -> bool {
    let everything = OnceCell::new();
    let all = || *everything.get_or_init(|| catalog.services().map(|s| s.actions().count()).sum());
    let rows_of = |text: &String| match ActionPattern::parse(text) {
        ActionPattern::Everything => all(),
        ActionPattern::Wildcard {
            service, prefix, ..
        } => catalog
            .service(&service)
            .map_or(0, |s| s.actions_with_prefix(&prefix).count()),
        _ => 1,
    };
    let mut rows = 0;
    let allows = reference.statements.iter();
    allows
        .filter(|s| s.effect == Effect::Allow)
        .flat_map(|s| {
            let negated = s.action.negated.then(&all);
            let listed = s.action.values.iter().filter(|_| !s.action.negated);
            negated.into_iter().chain(listed.map(rows_of))
        })
        .any(|more| {
            rows += more;
            rows > MOST_ROWS
        })
}
