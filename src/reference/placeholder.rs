//! The meanings of placeholders. From `rules/placeholders.toml`.

use super::data::{ARNS, MEANINGS};
use crate::matcher::template;

/// The meaning of a placeholder, and an example.
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

/// The text with an ARN of known form replaced by its placeholder, as the reference writes it: `${FsxS3BucketArns}/*`
/// for `arn:aws:s3:::${FsxS3BucketArns}/*`.
pub fn as_written(text: String) -> String {
    let Some((before, rest)) = text.split_once("${").filter(|_| text.starts_with("arn:")) else {
        return text;
    };
    // Region and account may be placeholders too.
    let mut at = before.len();
    for (name, rest) in rest.split("${").filter_map(|part| part.split_once('}')) {
        let placeholder = format!("${{{name}}}");
        let resource = |arn: &str| arn.splitn(6, ':').nth(5).map(str::to_owned);
        let form = whole_arn(name).and_then(resource);
        let is_it = form.is_some_and(|form| {
            let head = text.get(..at + placeholder.len()).and_then(resource);
            head.is_some_and(|head| head == form)
        });
        if is_it {
            return text.get(at..).unwrap_or_default().to_owned();
        }
        at += placeholder.len() + rest.len();
    }
    text
}

/// Whether several values of a placeholder may be inferred from the policies at once; otherwise they must agree, and of
/// one that stands for a whole ARN nothing is inferred.
pub fn is_list(name: &str) -> bool {
    ARNS.iter().any(|(n, _, infer)| *n == name && *infer)
}

/// The values of a placeholder that has several, with commas.
pub fn values(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|v| !v.is_empty())
}

/// Whether [`expand`] gives the text itself.
pub fn stands_for_itself<'v>(text: &str, value: impl Fn(&str) -> Option<&'v str>) -> bool {
    let first = text.strip_prefix("${");
    template::names(text).all(|name| {
        let rest = first.and_then(|first| first.strip_prefix(name));
        let is_first = rest.is_some_and(|rest| rest.starts_with('}'));
        let is_whole = is_first && whole_arn(name).is_some();
        !is_whole && !value(name).is_some_and(|v| v.contains(','))
    })
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
        let found: Vec<String> = match (value(name), arn) {
            (Some(given), _) if arn.is_some() || given.contains(',') => values(&given)
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
            .flat_map(|text| found.iter().map(|v| text.replacen(&placeholder, v, 1)))
            .collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_which_only_the_form_is_known_are_written_as_the_reference_does() {
        for (arn, written) in [
            ("arn:aws:s3:::${FsxS3BucketArns}", "${FsxS3BucketArns}"),
            ("arn:aws:s3:::${FsxS3BucketArns}/*", "${FsxS3BucketArns}/*"),
            (
                "arn:${Partition}:iam::${Account}:role/${CustomIamRoleArns}",
                "${CustomIamRoleArns}",
            ),
        ] {
            assert_eq!(as_written(arn.to_owned()), written);
        }
        for same in [
            "arn:aws:iam::123456789012:role/${Ec2RoleName}",
            "arn:aws:s3:::my-${FsxS3BucketArns}",
            "arn:aws:iam::${Account}:policy/${CustomIamRoleArns}",
            "arn:aws:s3:::${Region}-aws-parallelcluster/*",
            "${FsxS3BucketArns}",
            "arn:aws:s3:::${",
            "*",
        ] {
            assert_eq!(as_written(same.to_owned()), same);
        }
    }
}
