//! What placeholders stand for, and how templates spell them. From `rules/placeholders.toml`.

use crate::matcher::template;

use super::data::{ARNS, MEANINGS, SPELLINGS};

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

/// What a placeholder stands for, and an example.
pub fn meaning(name: &str) -> Option<(&'static str, &'static str)> {
    MEANINGS
        .iter()
        .find(|(n, ..)| *n == name)
        .map(|(_, meaning, example)| (*meaning, *example))
}

/// For a placeholder that stands for a whole ARN: what is known of the ARN while it has no value.
pub fn whole_arn(name: &str) -> Option<&'static str> {
    ARNS.iter()
        .find(|(n, ..)| *n == name)
        .map(|(_, arn, _)| *arn)
}

/// Whether several values of a placeholder may be read off the policies at once; otherwise they must agree, and of one
/// that stands for a whole ARN nothing is inferred.
pub fn is_list(name: &str) -> bool {
    ARNS.iter().any(|(n, _, infer)| *n == name && *infer)
}

/// A string of a reference with the placeholders replaced that stand for several values or for a whole ARN: one string
/// for each value, and where there is none, what is known of the ARN.
pub fn expand(text: &str, value: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut all = vec![text.to_owned()];
    let mut names: Vec<&str> = template::names(text).collect();
    names.dedup();
    for name in names {
        let placeholder = format!("${{{name}}}");
        let arn = whole_arn(name).filter(|_| text.starts_with(&placeholder));
        let values: Vec<String> = match (value(name), arn) {
            (Some(given), _) if arn.is_some() || given.contains(',') => given
                .split(',')
                .map(str::trim)
                .filter(|v| !v.is_empty())
                .map(|v| match arn {
                    // A name that was inferred rather than given as an ARN.
                    Some(arn) if !v.starts_with("arn:") => arn.replace(&placeholder, v),
                    _ => v.to_owned(),
                })
                .collect(),
            (None, Some(arn)) => vec![arn.to_owned()],
            _ => continue,
        };
        all = all
            .iter()
            .flat_map(|text| values.iter().map(|v| text.replacen(&placeholder, v, 1)))
            .collect();
    }
    all
}
