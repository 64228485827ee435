//! The names of condition keys.

/// Whether a text has the form of a condition key: `service:Name`.
pub fn is_key(text: &str) -> bool {
    // The key of a tag, behind the `/`, may contain spaces.
    let name = text.split_once('/').map_or(text, |(name, _)| name);
    text.split_once(':')
        .is_some_and(|(prefix, name)| !prefix.is_empty() && !name.is_empty())
        && !name.contains(char::is_whitespace)
}

/// A condition key in the form in which equal keys are equal texts. Keys are compared without regard to case, what
/// follows `/` (the key of a tag) is not.
pub fn fold_key(key: &str) -> String {
    match key.split_once('/') {
        Some((name, tag)) => format!("{}/{tag}", name.to_ascii_lowercase()),
        None => key.to_ascii_lowercase(),
    }
}
