//! Shared by the lints on policy variables: the places of `${…}` in the strings of a policy.

use std::ops::Range;

use super::Context;
use crate::bytes;
use crate::parser::Policy;
use crate::vocabulary;

/// Whether a policy may hold a `${…}` at all.
pub(super) fn may_hold(context: &Context<'_>, policy: &Policy) -> bool {
    // The strings of a template may be written elsewhere: in a mapping, a parameter, a variable.
    if policy.unknowns.is_some() {
        return true;
    }
    let text = context.sources.get(policy.source).slice(policy.span);
    // `$` can be written as an escape, and a policy inside a string has other bytes than its own.
    bytes::find_either(b'$', b'\\', text.as_bytes()).is_some() || !text.starts_with('{')
}

/// `${…}` in a string, up to its brace; to the end where there is none.
pub(super) struct Variable<'t> {
    pub(super) range: Range<usize>,
    /// The text between the braces; `None` without a closing one.
    pub(super) inner: Option<&'t str>,
}

/// Each `${…}` of a string.
pub(super) fn all(text: &str) -> impl Iterator<Item = Variable<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find("${")?;
        let rest = text.get(start + 2..)?;
        let (inner, end) = match rest.find('}') {
            Some(length) => (rest.get(..length), start + 2 + length + 1),
            None => (None, text.len()),
        };
        at = end;
        Some(Variable {
            range: start..end,
            inner,
        })
    })
}

impl Variable<'_> {
    /// Whether AWS reads it as a policy variable, not a template's placeholder.
    pub(super) fn is_policy_variable(&self) -> bool {
        self.inner.is_some_and(vocabulary::is_policy_variable)
    }

    /// Whether it stands for a character: `${*}`.
    pub(super) fn is_escape(&self) -> bool {
        matches!(self.inner, Some("*" | "?" | "$"))
    }
}

/// The first wildcard of a string outside its variables.
pub(super) fn wildcard(text: &str) -> Option<usize> {
    let inside: Vec<Range<usize>> = all(text).map(|v| v.range).collect();
    let is_outside = |at: &usize| !inside.iter().any(|range| range.contains(at));
    text.match_indices(['*', '?'])
        .map(|(at, _)| at)
        .find(is_outside)
}
