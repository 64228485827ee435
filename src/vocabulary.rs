//! `${…}`: policy variables, and the spellings of the placeholders of the reference in templates, which are from
//! `rules/placeholders.toml`.

include!(concat!(env!("OUT_DIR"), "/spellings.rs"));

/// The name that the reference uses for a placeholder of a template, given the text between its
/// delimiters (`AWS::Region`, `AWS ACCOUNT ID`).
pub fn canonical_placeholder(inner: &str) -> Option<&'static str> {
    let normal: String = inner
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let found = SPELLINGS
        .binary_search_by(|(spelling, _)| spelling.cmp(&normal.as_str()))
        .ok()?;
    SPELLINGS.get(found).map(|(_, name)| *name)
}

/// Whether `inner` of `${inner}` names a condition key (`aws:username`) rather than a value that
/// some template engine should have filled in (`AWS::Region`, `account_id`).
pub(crate) fn is_policy_variable(inner: &str) -> bool {
    let name = inner.split_once(',').map_or(inner, |(name, _)| name);
    name.split_once(':').is_some_and(|(prefix, key)| {
        !key.is_empty()
            && !key.starts_with(':')
            && prefix.starts_with(|c: char| c.is_ascii_alphabetic())
            && prefix
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/'))
    })
}
