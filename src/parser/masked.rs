//! Placeholders in the strings of a policy: policy variables, and what templates leave behind.

use std::borrow::Cow;
use std::ops::Range;

use super::decoded::Text;
use super::hole::Hole;
use super::policy::Characters;
use crate::quota;
use crate::rejection::{PARTITIONS, REGION_LENGTHS};
use crate::vocabulary::{self, canonical_placeholder, is_policy_variable, may_have_placeholders};

/// Digits of an account.
const ACCOUNT: usize = 12;

/// The text with what stands inside placeholders made invisible to a search for colons and wildcards. Of equal length.
/// A policy variable stays as it is: it has no value yet when IAM reads the colons.
pub(super) fn masked(text: &Text) -> Cow<'_, str> {
    let mut placeholders = placeholders(&text.value);
    let holes = text.holes.as_deref().unwrap_or_default();
    let text = text.value.as_str();
    placeholders.retain(|range| {
        let is_hole = || holes.iter().any(|hole| hole.range.start == range.start);
        !is_variable(text.get(range.clone()).unwrap_or_default()) || is_hole()
    });
    if placeholders.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for range in placeholders {
        masked.push_str(text.get(at..range.start).unwrap_or(""));
        masked.extend(range.clone().map(|_| '_'));
        at = range.end;
    }
    masked.push_str(text.get(at..).unwrap_or(""));
    Cow::Owned(masked)
}

/// Whether a placeholder is masked at a byte of a text.
pub(super) fn is_masked_at(masked: &str, text: &str, at: usize) -> bool {
    masked.as_bytes().get(at) != text.as_bytes().get(at)
}

/// Whether a placeholder is a policy variable, `${aws:username}`.
fn is_variable(placeholder: &str) -> bool {
    let inner = placeholder
        .strip_prefix("${")
        .and_then(|p| p.strip_suffix('}'));
    inner.is_some_and(is_policy_variable)
}

/// Whether a text has a placeholder, which may stand for any text, beside policy variables.
pub(super) fn is_open(text: &Text) -> bool {
    masked(text) != text.value
}

/// The places of policy variables and of what templates leave behind, also where it is no name that stands between `<` and `>`
/// or between braces.
fn placeholders(text: &str) -> Vec<Range<usize>> {
    const FORMS: [(&str, &str); 5] = [
        ("${{", "}}"),
        ("${", "}"),
        ("{{", "}}"),
        ("<", ">"),
        ("%(", ")s"),
    ];
    let mut found: Vec<Range<usize>> = Vec::new();
    if !may_have_placeholders(text) {
        return found;
    }
    // A form whose closing was not found once is not looked for again, or the search would be quadratic.
    let mut unclosed = [false; FORMS.len()];
    let mut at = 0;
    while let Some((start, rest)) = vocabulary::next_mark(text, at) {
        let form = || {
            let mut forms = FORMS.iter().zip(&mut unclosed);
            let ((open, close), unclosed) =
                forms.find(|((open, _), unclosed)| !**unclosed && rest.starts_with(open))?;
            let end = rest.get(open.len()..)?.find(close);
            *unclosed = end.is_none();
            Some(open.len() + end? + close.len())
        };
        let named = vocabulary::placeholder(rest).map(|(length, _)| length);
        let length = named.or_else(form);
        at = start + length.unwrap_or(1);
        found.extend(length.map(|_| start..at));
    }
    found
}

/// How many characters of a policy AWS counts. `holes` are those of its file.
pub(super) fn characters(text: &str, holes: &[Hole]) -> Characters {
    let written = quota::size(text);
    let mut found = Characters {
        fewest: written,
        most: written,
    };
    for range in placeholders(text) {
        let placeholder = text.get(range).unwrap_or_default();
        let inner = placeholder.trim_start_matches(['$', '{', '<', '%', '(']);
        let inner = inner.trim_end_matches(['}', '>', ')', 's']);
        let written = quota::size(placeholder);
        let partitions = || PARTITIONS.iter().map(|name| name.len());
        let (fewest, most) = match canonical_placeholder(inner) {
            Some("Account") => (ACCOUNT, ACCOUNT),
            Some("Region") => REGION_LENGTHS,
            Some("Partition") => (
                partitions().min().unwrap_or_default(),
                partitions().max().unwrap_or_default(),
            ),
            _ if holes.iter().any(|hole| hole.marker() == placeholder) => (0, written),
            // A name has no colon, and a policy variable one.
            Some(_) => (0, written),
            None if placeholder.starts_with("${")
                && inner.starts_with(char::is_alphabetic)
                && !inner.contains(':') =>
            {
                (0, written)
            }
            None => continue,
        };
        found.fewest = (found.fewest + fewest).saturating_sub(written);
        found.most = (found.most + most).saturating_sub(written);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unclosed_placeholders_cost_no_time() {
        let text = "${<{{%(".repeat(100_000);
        assert!(placeholders(&text).is_empty());
    }
}
