//! An action that the catalogue does not list.

use super::{Context, Lint, fix};
use crate::bytes;
use crate::finding::{Finding, Label, Severity};
use crate::matcher::ActionPattern;
use crate::matcher::action::wildcard_matches;
use crate::parser::Effect;

/// Metadata; the page is `rules/lints/unknown-action.md`.
pub(super) static LINT: Lint = Lint {
    id: "unknown-action",
    severity: Severity::Warning,
    summary: "an action is not in the catalogue of AWS's actions",
    doc: include_str!("../../rules/lints/unknown-action.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let catalog = context.catalog;
    let date = catalog.date();
    let is_known = |value: &str| {
        let compared = context.compared.as_ref();
        let colon = bytes::find(b':', value.as_bytes()).unwrap_or(value.len());
        let (service, name) = value.split_at_checked(colon).unwrap_or_default();
        let name = name.get(1..).unwrap_or_default();
        compared.is_some_and(|c| c.comparison.known(service, name).is_some())
    };
    let (mut count, mut last) = (0, None);
    for policy in context.policies() {
        for statement in &policy.statements {
            for text in statement.action.iter().flat_map(|a| &a.values) {
                let value = text.value.as_str();
                // The parser reports what has no service or is a leftover of a template.
                if bytes::find_either(b'<', b'{', value.as_bytes()).is_some()
                    || bytes::find(b'%', value.as_bytes()).is_some()
                {
                    continue;
                }
                // Most are known, and need no pattern to be found.
                if is_known(value) {
                    continue;
                }
                let message = match ActionPattern::parse(value) {
                    ActionPattern::Literal { service, name } => match catalog.service(&service) {
                        None => {
                            format!("the service of `{value}` is not in the catalogue of {date}")
                        }
                        Some(s) if s.action(&name).is_none() => {
                            format!("`{value}` is not in the catalogue of {date}")
                        }
                        Some(_) => continue,
                    },
                    ActionPattern::Wildcard {
                        service,
                        name,
                        prefix,
                    } => match catalog.service(&service) {
                        None => {
                            format!("the service of `{value}` is not in the catalogue of {date}")
                        }
                        Some(s)
                            if !s.actions_with_prefix(&prefix).any(|a| {
                                wildcard_matches(&name, &prefix, &a.name.to_ascii_lowercase())
                            }) =>
                        {
                            format!("`{value}` matches no action in the catalogue of {date}")
                        }
                        Some(_) => continue,
                    },
                    _ => continue,
                };
                let label = Label {
                    source: policy.source,
                    span: text.span,
                    message: String::new(),
                };
                count += 1;
                if count > MOST {
                    last.get_or_insert(label);
                    continue;
                }
                let mut finding = LINT.finding(Severity::Warning, message, label);
                let (service, name) = value.split_once(':').unwrap_or((value, ""));
                let suggestion = if name.contains(['*', '?']) {
                    catalog
                        .suggest_service(service)
                        .map(|s| format!("{s}:{name}"))
                } else {
                    catalog.suggest_action(service, name)
                };
                if let Some(meant) = &suggestion
                    && statement.effect.as_ref().map(|e| e.value) == Some(Effect::Allow)
                    && statement.action.as_ref().is_some_and(|a| !a.negated)
                {
                    let what = format!("write `{meant}`");
                    let place = (policy.source, text.span);
                    finding.fixes = fix::replacement(context, &[place], meant, what, true);
                }
                finding.help = Some(match suggestion {
                    Some(s) => format!("did you mean `{s}`?"),
                    None => "check the spelling; an action newer than the catalogue is judged by its name".to_owned(),
                });
                finding
                    .notes
                    .push("IAM accepts names it does not know, and they match nothing".to_owned());
                finding.subject = Some(value.to_owned());
                finding.actions.push(value.to_owned());
                out.push(finding);
            }
        }
    }
    if let Some(label) = last {
        let (more, verb) = (count - MOST, if count - MOST == 1 { "is" } else { "are" });
        let more = super::count(more, "more action");
        let message = format!("{more} {verb} not in the catalogue of {date}");
        let mut finding = LINT.finding(Severity::Warning, message, label);
        finding.subject = Some(more);
        out.push(finding);
    }
}

/// Findings beyond these are only counted: too many to read.
const MOST: usize = 1_000;
