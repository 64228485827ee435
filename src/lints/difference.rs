//! The note on which part of an ARN or action differs between a grant and a requirement.

use super::Compared;
use crate::diff::coverage::Requirement;
use crate::diff::statement::{Prepared, Resource};
use crate::finding::Label;
use crate::matcher::arn::FIELD_NAMES;
use crate::matcher::condition::{KeyValue, Truth};
use crate::matcher::{Pattern, Reading, Variables};
use crate::parser::Effect;

/// The grant that comes closest to a requirement that is missing, and how it differs: an Allow for
/// the same action on another resource.
pub(super) fn difference(
    compared: &Compared<'_>,
    requirement: &Requirement,
) -> Option<(Label, String)> {
    let (service, name) = requirement.row.action.split_once(':')?;
    let (service, name) = (service.to_ascii_lowercase(), name.to_ascii_lowercase());
    let required = compared
        .required
        .iter()
        .find(|s| s.index == requirement.row.statement)?;
    if let Some(found) = condition(compared, requirement, required, (&service, &name)) {
        return Some(found);
    }
    let mut best: Option<(usize, Label, String)> = None;
    for statement in compared.comparison.granted {
        let certain = statement
            .applies(&service, &name)
            .is_some_and(|a| a.certain);
        if statement.effect != Effect::Allow || !certain || statement.not_resource {
            continue;
        }
        for granted in &statement.resources {
            for wanted in &required.resources {
                let Some((distance, words)) = compare(requirement, granted, wanted, statement)
                else {
                    continue;
                };
                if best.as_ref().is_none_or(|(d, ..)| distance < *d) {
                    let label = Label {
                        source: statement.source,
                        span: granted.span,
                        message: String::new(),
                    };
                    best = Some((distance, label, words));
                }
            }
        }
    }
    best.map(|(_, label, words)| (label, words))
}

/// Whether some resource is listed by both statements.
fn share_resources(one: &Prepared, other: &Prepared) -> bool {
    let patterns = |statement: &'_ Prepared| -> Vec<Pattern> {
        let listed = statement.resources.iter();
        listed
            .flat_map(|r| r.patterns(Reading::Wide, Variables::Any))
            .cloned()
            .collect()
    };
    let (ours, theirs) = (patterns(one), patterns(other));
    one.not_resource
        || other.not_resource
        || ours.iter().any(|p| theirs.iter().any(|q| p.overlaps(q)))
}

/// An Allow that would do if its Condition held, and why it does not.
fn condition(
    compared: &Compared<'_>,
    requirement: &Requirement,
    required: &Prepared,
    (service, name): (&str, &str),
) -> Option<(Label, String)> {
    let comparison = compared.comparison;
    comparison.granted.iter().find_map(|statement| {
        let applies = statement.applies(service, name)?;
        let span = statement.conditions.span?;
        let fits = statement.effect == Effect::Allow
            && applies.certain
            && share_resources(statement, required);
        if !fits {
            return None;
        }
        let lines = comparison.open_lines(requirement, statement, &required.conditions);
        let (line, known) = lines.into_iter().find_map(|line| {
            let known = match comparison.value_for(requirement, &line.test.key) {
                KeyValue::Unknown => {
                    let stated = values_of(required, &line.test.key);
                    Some(stated).filter(|s| !s.is_empty())
                }
                known => Some(vec![known]),
            };
            // Without knowledge of the requests, a line may still exclude all of them.
            let known = known.unwrap_or_else(|| vec![KeyValue::Unknown]);
            let holds = |known: &KeyValue| line.test.evaluate(known) != Truth::False;
            (!known.iter().any(holds)).then_some((line, known))
        })?;
        let texts: Option<Vec<String>> = known.iter().map(KeyValue::text).collect();
        let known = match texts {
            Some(texts) => format!(
                "the requests have `{}` `{}`",
                line.key,
                texts.join("` or `")
            ),
            None if known == [KeyValue::Unknown] => {
                format!("`{}` never has such a value", line.key)
            }
            None if known == [KeyValue::Absent] => format!("the requests have no `{}`", line.key),
            None => format!("`{}` does not fit the requests", line.key),
        };
        let label = Label {
            source: statement.source,
            span,
            message: String::new(),
        };
        Some((label, format!("this condition does not hold: {known}")))
    })
}

/// The values that the Condition of the reference gives a key, each in some request; none where it does not say.
fn values_of(required: &Prepared, key: &str) -> Vec<KeyValue> {
    let mut lines = required.conditions.lines.iter();
    let line = lines.find(|line| line.test.key == key);
    line.map(|line| line.test.stated()).unwrap_or_default()
}

fn compare(
    requirement: &Requirement,
    granted: &Resource,
    wanted: &Resource,
    statement: &Prepared,
) -> Option<(usize, String)> {
    if !requirement.row.resources.contains(&wanted.text) {
        return None;
    }
    if requirement.types().is_empty() && !granted.pattern.is_everything() {
        let action = &requirement.row.action;
        return Some((
            3,
            format!("`{action}` cannot be limited to a resource: AWS checks it against `*` alone"),
        ));
    }
    if granted.pattern.has_variable() {
        return None;
    }
    let unreadable = granted.pattern.field_count() < 6
        && granted.patterns(Reading::Strict, Variables::Any).is_empty();
    if unreadable {
        let words =
            "an ARN has six fields separated by `:`; this one has fewer and may match nothing";
        return Some((4, words.to_owned()));
    }
    if wanted.pattern.is_everything() || statement.resources.is_empty() {
        return None;
    }
    let mut differing = Vec::new();
    for field in 1..5 {
        let (Some(have), Some(want)) = (
            granted.pattern.field_pattern(field),
            wanted.pattern.field_pattern(field),
        ) else {
            return None;
        };
        if !have.covers(&want) {
            differing.push(field);
        }
    }
    let (have, want) = (
        granted.pattern.field_pattern(5)?,
        wanted.pattern.field_pattern(5)?,
    );
    let fields = |is_open: bool| -> Vec<String> {
        let named = differing.iter().filter_map(|f| {
            let name = FIELD_NAMES.get(*f)?;
            let wanted = wanted.text.split(':').nth(*f)?;
            (wanted.starts_with("${") == is_open).then(|| format!("the {name}"))
        });
        named.collect()
    };
    // A field that nobody gave a value, and that the policies do not agree on.
    let (mut parts, open) = (fields(false), fields(true));
    let mut distance = differing.len() * 2;
    if differing.contains(&2) {
        distance += 10;
    }
    if !have.covers(&want) {
        let (a, b) = (kind(&granted.text), kind(&wanted.text));
        if a.is_some() && b.is_some() && a != b {
            parts.push("the resource type".to_owned());
            distance += 3;
        } else {
            parts.push("the name".to_owned());
            distance += 1 + usize::from(!overlap(&have, &want));
        }
    }
    let (parts, one, several) = if parts.is_empty() {
        (open, "is not known", "are not known")
    } else {
        (parts, "differs", "differ")
    };
    let verb = if parts.len() > 1 { several } else { one };
    let parts = match parts.split_last()? {
        (last, []) => last.clone(),
        (last, rest) => format!("{} and {last}", rest.join(", ")),
    };
    Some((
        distance,
        format!(
            "this has the action, but {parts} {verb}: `{}` is required",
            wanted.text
        ),
    ))
}

fn overlap(a: &Pattern, b: &Pattern) -> bool {
    a.overlaps(b)
}

/// The literal word before the first `/` or `:` of the resource part: `table`, `stack`. The word of a bucket is its name.
fn kind(arn: &str) -> Option<&str> {
    let mut fields = arn.splitn(6, ':').skip(2);
    let is_bucket = fields.next()? == "s3" && fields.next()?.is_empty();
    let resource = arn.splitn(6, ':').nth(5).filter(|_| !is_bucket)?;
    let (kind, _) = resource.split_once(['/', ':'])?;
    (!kind.contains(['*', '?', '$', '<'])).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::kind;

    #[test]
    fn a_bucket_is_no_resource_type() {
        assert_eq!(
            kind("arn:aws:dynamodb:us-east-1:123456789012:table/a"),
            Some("table")
        );
        assert_eq!(kind("arn:aws:route53:::hostedzone/Z"), Some("hostedzone"));
        assert_eq!(
            kind("arn:aws:s3:us-east-1:123456789012:accesspoint/a"),
            Some("accesspoint")
        );
        assert_eq!(kind("arn:aws:s3:::my-bucket/*"), None);
        assert_eq!(kind("arn:aws:sqs:*:*:a"), None);
    }
}
