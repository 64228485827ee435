//! The spellings of the placeholders of the reference in templates. From `rules/placeholders.toml`.

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
