//! A condition key that the catalogue does not list.

use super::condition::{self, Line};
use super::{Context, Lint};
use crate::catalog::{KnownKey, suggest_global};
use crate::finding::{Finding, Severity};

/// Metadata; the page is `rules/lints/unknown-condition-key.md`.
pub(super) static LINT: Lint = Lint {
    id: "unknown-condition-key",
    severity: Severity::Warning,
    summary: "a condition key is not one of AWS's",
    doc: include_str!("../../rules/lints/unknown-condition-key.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    for line in condition::lines(context) {
        if !line.condition.key.value.contains(['<', '{']) {
            out.extend(finding(context, &line));
        }
    }
}

fn finding(context: &Context<'_>, line: &Line<'_>) -> Option<Finding> {
    let key = line.key();
    let date = context.catalog.date();
    let (message, help) = match line.known {
        KnownKey::Type(_) | KnownKey::Foreign => return None,
        KnownKey::WithoutTag => (
            format!("`{key}` has no tag key"),
            format!("write `{}/TAG`", key.trim_end_matches('/')),
        ),
        KnownKey::WithoutService => (
            format!("`{key}` does not have the form of a condition key"),
            "write `service:Key`, or `aws:Key` for a key of all services".to_owned(),
        ),
        KnownKey::NoGlobal if line.folded() == "aws:arn" => (
            format!("`{key}` is an old name of `aws:PrincipalArn`"),
            "write `aws:PrincipalArn`".to_owned(),
        ),
        KnownKey::NoGlobal => (
            format!("`{key}` is not one of AWS's global condition keys"),
            suggest_global(&line.condition.key.value).map_or_else(
                || "check the spelling".to_owned(),
                |meant| format!("did you mean `{meant}`?"),
            ),
        ),
        KnownKey::NoneOfService => (
            format!("`{key}` is not in the catalogue of {date}"),
            "check the spelling".to_owned(),
        ),
        KnownKey::NoService => {
            let service = key.split(':').next().unwrap_or_default();
            // The actions of a service that the catalogue does not have are reported already.
            if has_actions_of(line, service) {
                return None;
            }
            let help = match context.catalog.suggest_service(service) {
                Some(meant) => format!("did you mean the service `{meant}`?"),
                None => "check the spelling".to_owned(),
            };
            (
                format!("the service of `{key}` is not in the catalogue of {date}"),
                help,
            )
        }
    };
    let span = line.condition.key.span;
    let mut finding = line.finding(&LINT, Severity::Warning, span, message, help);
    finding.notes.push(
        "a request never has a key that does not exist; a key newer than the catalogue is judged by its name".to_owned(),
    );
    Some(finding)
}

/// Whether the statement names actions of a service.
fn has_actions_of(line: &Line<'_>, service: &str) -> bool {
    let mut named = line.statement.action.iter().flat_map(|a| &a.values);
    named.any(|text| {
        let prefix = text.value.split_once(':').map(|(prefix, _)| prefix);
        prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(service))
    })
}
