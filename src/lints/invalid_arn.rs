//! An ARN with a field that no ARN has.

use std::cell::OnceCell;

use rustc_hash::FxHashSet;

use super::{Context, Lint, problem};
use crate::catalog::Catalog;
use crate::finding::{Finding, Label, Severity};
use crate::matcher::template::{self, Misplaced};
use crate::parser::{ProblemKind, SourceId, Text, shorten};
use crate::reference::{self, bindings};
use crate::vocabulary;

/// Metadata; the page is `rules/lints/invalid-arn.md`.
pub(super) static LINT: Lint = Lint {
    id: "invalid-arn",
    severity: Severity::Error,
    summary: "a field of an ARN has a value that AWS does not have",
    doc: include_str!("../../rules/lints/invalid-arn.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    if context.oversize.is_some() {
        return;
    }
    problem::report(&LINT, ProblemKind::InvalidArn, context, out);
    let faults = context.problems();
    let refused: FxHashSet<&str> = faults
        .filter(|(_, p)| p.kind == ProblemKind::InvalidArn)
        .map(|(_, p)| p.subject.as_str())
        .collect();
    out.extend(context.named_policies().filter_map(attached));
    let mut seen = Seen::default();
    for policy in context.policies() {
        for statement in &policy.statements {
            let texts = statement.resource.iter().flat_map(|r| &r.values);
            for text in texts.filter(|t| !refused.contains(t.value.as_str())) {
                out.extend(finding(context.catalog, policy.source, text, &mut seen));
            }
        }
    }
}

/// A managed policy of AWS with another path than its own.
fn attached((arn, label): (&str, Label)) -> Option<Finding> {
    let right = reference::managed_elsewhere(arn)?;
    let message = format!("no managed policy has the ARN `{}`", shorten(arn));
    let mut finding = LINT.finding(Severity::Error, message, label);
    finding.help = Some(format!(
        "write `{right}`; AWS answers `Policy {} does not exist or is not attachable.`",
        shorten(arn)
    ));
    finding.subject = Some(arn.to_owned());
    Some(finding)
}

/// Fields that most ARNs of a policy share, looked up once.
#[derive(Default)]
struct Seen<'t> {
    services: Vec<&'t str>,
    /// Services of the ARNs of the catalogue, once one is not found by the prefix of its actions.
    in_arns: OnceCell<FxHashSet<&'t str>>,
    region: &'t str,
    account: &'t str,
}

/// The fields before the resource part that are written in full: what follows a placeholder may hold any colons.
fn fields(value: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = value.find(['$', '<', '{', '%']).unwrap_or(value.len());
    let named = vocabulary::placeholders(value).next();
    let end = named.map_or(end, |found| found.range.start.min(end));
    let head = value.get(..end).unwrap_or_default();
    let mut at = 0;
    let whole = head
        .rfind(':')
        .map_or("", |end| head.get(..end).unwrap_or_default());
    whole.split(':').take(5).map(move |field| {
        let start = at;
        at += field.len() + 1;
        (start, field)
    })
}

fn finding<'t>(
    catalog: &'t Catalog,
    source: SourceId,
    text: &'t Text,
    seen: &mut Seen<'t>,
) -> Option<Finding> {
    if !text.value.starts_with("arn:") {
        return None;
    }
    if let Some(found) = template::misplaced(&text.value) {
        return Some(swapped(source, text, &found));
    }
    for (index, (start, field)) in fields(&text.value).enumerate() {
        let found = match index {
            2 => service(catalog, field, seen),
            3 if field == seen.region || field.is_empty() => None,
            3 => {
                let found = region(field);
                if found.is_none() {
                    seen.region = field;
                }
                found
            }
            4 if field == seen.account || field.is_empty() => None,
            4 => {
                let found = account(field);
                if found.is_none() {
                    seen.account = field;
                }
                found
            }
            _ => None,
        };
        if let Some((severity, what, help)) = found {
            let span = text.part(start..start + field.len());
            // An empty field has no bytes to point at.
            let span = if field.is_empty() { text.span } else { span };
            let message = format!("{what} in `{}`", shorten(&text.value));
            let mut finding = LINT.finding(severity, message, Label::at(source, span));
            finding.help = Some(help);
            finding.subject = Some(text.value.clone());
            return Some(finding);
        }
    }
    None
}

/// A placeholder in the place of another one.
fn swapped(source: SourceId, text: &Text, found: &Misplaced) -> Finding {
    let written = text.value.get(found.range.clone()).unwrap_or_default();
    let name = |name: &'static str| match name {
        "Region" => name.to_owned(),
        name => name.to_ascii_lowercase(),
    };
    let message = format!(
        "`{written}` in the place of the {} in `{}`",
        name(found.field),
        shorten(&text.value)
    );
    let label = Label::at(source, text.part(found.range.clone()));
    let mut finding = LINT.finding(Severity::Warning, message, label);
    finding.help =
        Some("the fields of an ARN are `arn:partition:service:region:account:resource`".to_owned());
    finding.subject = Some(text.value.clone());
    finding
}

/// How bad it is, what it is, and what to write.
type Fault = (Severity, String, String);

fn service<'t>(catalog: &'t Catalog, field: &'t str, seen: &mut Seen<'t>) -> Option<Fault> {
    if seen.services.contains(&field) {
        return None;
    }
    let fault = if field.is_empty() || field.contains(['*', '?']) {
        // Reported by the parser.
        return None;
    } else if is_service(catalog, field, &seen.in_arns) {
        seen.services.push(field);
        return None;
    } else if field.bytes().any(|b| b.is_ascii_uppercase())
        && is_service(catalog, &field.to_ascii_lowercase(), &seen.in_arns)
    {
        let what = format!("the service `{field}` with capital letters");
        let help = format!("write `{}`", field.to_ascii_lowercase());
        (Severity::Warning, what, help)
    } else {
        let what = format!("`{}` is not a service", shorten(field));
        let help = match catalog.suggest_service(field) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!(
                "check the spelling; no ARN of the catalogue of {} has it",
                catalog.date()
            ),
        };
        (Severity::Warning, what, help)
    };
    Some(fault)
}

/// Whether ARNs have this service: most name it as actions do, some otherwise (`catalog` of `servicecatalog`).
fn is_service<'t>(
    catalog: &'t Catalog,
    field: &str,
    in_arns: &OnceCell<FxHashSet<&'t str>>,
) -> bool {
    let all = || {
        let types = catalog.services().flat_map(|s| s.resource_types());
        types.filter_map(|t| t.arn.split(':').nth(2)).collect()
    };
    let named = catalog.service(field).is_some_and(|s| s.prefix() == field);
    named || in_arns.get_or_init(all).contains(field)
}

fn region(field: &str) -> Option<Fault> {
    if field.contains(['*', '?']) || bindings::is_region(field) {
        return None;
    }
    let what = format!("`{}` is not a Region", shorten(field));
    let help = "write its code, such as `us-east-1`, or `*` for every Region".to_owned();
    Some((Severity::Warning, what, help))
}

fn account(field: &str) -> Option<Fault> {
    // AWS's own resources have words there: `aws`, `cloudfront`.
    let word = |b: u8| b.is_ascii_lowercase() || b == b'-';
    if field.contains(['*', '?']) || bindings::is_account(field) || field.bytes().all(word) {
        return None;
    }
    let what = format!("`{}` is not an account", shorten(field));
    let help = "an account id has 12 digits; write `*` for every account".to_owned();
    Some((Severity::Warning, what, help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_end_where_a_placeholder_begins() {
        let of = |value| fields(value).map(|(_, f)| f).collect::<Vec<_>>();
        assert_eq!(of("arn:aws:s3:::b"), ["arn", "aws", "s3", "", ""]);
        assert_eq!(of("arn:aws:sqs:${AWS::Region}:1:q"), ["arn", "aws", "sqs"]);
        assert_eq!(of("arn:aws:sqs:r:1:q:x:y"), ["arn", "aws", "sqs", "r", "1"]);
        assert_eq!(of("arn"), [""]);
    }
}
