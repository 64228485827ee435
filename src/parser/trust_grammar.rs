//! The grammar of trust policies.

//! Elements: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use super::decoded::Text;
use super::element::{refuse_function_among, wrong_kind};
use super::json::{Kind, Member, Value};
use super::policy::Problem;
use super::problem::Reader;
use super::quote::{nearest, shorten};
use super::trust::{PrincipalKind, TrustPolicy, TrustPrincipal, TrustStatement};
use super::{condition, grammar, masked, pattern, statement};
use crate::rejection::{SERVICE_DOMAINS, TRUST_ACTIONS, TRUST_ARNS, TRUST_SERVICES, answer};

pub(super) const STATEMENT_KEYS: [&str; 5] = ["Sid", "Effect", "Principal", "Action", "Condition"];

const KINDS: [(&str, PrincipalKind); 4] = [
    ("AWS", PrincipalKind::Aws),
    ("Service", PrincipalKind::Service),
    ("Federated", PrincipalKind::Federated),
    ("CanonicalUser", PrincipalKind::CanonicalUser),
];

/// Reads a trust policy, which is an object.
pub(super) fn read(reader: &mut Reader, document: Value<'_>, account: Option<String>) {
    let before = reader.rejections();
    let mut statements = Vec::new();
    let head = grammar::head(reader, document, |reader, key, value| {
        if key.value == "Id" {
            return false;
        }
        statements = grammar::objects(reader, value, one);
        value.kind() != Kind::Array || !value.elements().is_empty()
    });
    let Some(head) = head else {
        return;
    };
    let mut trust = TrustPolicy {
        source: reader.source,
        statement_key: head.statement_key,
        version: head.version,
        account,
        characters: masked::characters(document.raw(), &reader.holes),
        statements,
        is_rejected: false,
        is_open: false,
        has_all_principals: false,
    };
    if !head.has_statement {
        reader.report(
            Problem::invalid_policy(
                "Statement",
                "the trust policy has no statement",
                trust.statement_key,
            )
            .with_help(
                "write who may assume the role: `{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"ec2.amazonaws.com\"}, \
                 \"Action\": \"sts:AssumeRole\"}`",
            ),
        );
    }
    grammar::unique_sids(reader, trust.statements.iter().map(|s| &s.rest));
    let after = reader.rejections();
    trust.is_rejected =
        reader.has_byte_order_mark() || after.grammar > before.grammar || after.arns > before.arns;
    reader.trust(trust);
}

pub(super) fn one(reader: &mut Reader, object: Value<'_>) -> Option<TrustStatement> {
    let members = object.last_members();
    if refuse_function_among(reader, &members) {
        return None;
    }
    let mut read = TrustStatement {
        rest: statement::blank(object),
        principals: Vec::new(),
    };
    let (mut has_effect, mut has_principal, mut action_key) = (false, false, None);
    for Member { key, value } in members {
        match key.value.as_str() {
            "Sid" => read.rest.sid = statement::sid(reader, value),
            "Effect" => {
                has_effect = true;
                read.rest.effect = statement::effect(reader, value);
            }
            "Action" | "NotAction" => {
                let element = statement::element(reader, &key, value, action);
                statement::only_one(
                    reader,
                    &mut action_key,
                    &key,
                    element,
                    &mut read.rest.action,
                );
            }
            "Principal" => {
                has_principal = true;
                principals(reader, value, &mut read.principals);
            }
            "NotPrincipal" => {
                has_principal = true;
                reader.report(
                    Problem::invalid_policy(
                        "NotPrincipal",
                        "`NotPrincipal` is not an element of trust policies",
                        key.span,
                    )
                    .with_help(
                        "write `Principal`, and compare `aws:PrincipalArn` in a `Condition` to except principals",
                    ),
                );
            }
            "Resource" | "NotResource" => reader.report(
                Problem::invalid_policy(
                    &key.value,
                    format!("`{}` is not an element of trust policies", key.value),
                    key.span,
                )
                .with_help(format!(
                    "remove it: a trust policy is about its own role; {}",
                    answer("trust-resource")
                )),
            ),
            "Condition" => condition::read(reader, value, &mut read.rest),
            _ => {
                let meant = nearest(&key.value, &STATEMENT_KEYS);
                has_effect |= meant == Some("Effect");
                has_principal |= meant == Some("Principal");
                if meant == Some("Action") {
                    action_key.get_or_insert_with(|| key.clone());
                }
                let problem = Problem::invalid_policy(
                    &key.value,
                    format!("`{}` is not an element of a statement", shorten(&key.value)),
                    key.span,
                );
                reader.report(problem.with_help(match meant {
                    Some(meant) => format!("did you mean `{meant}`? element names are case-sensitive"),
                    None => "a statement of a trust policy has `Sid`, `Effect`, `Principal`, `Action` and `Condition`".to_owned(),
                }));
            }
        }
    }
    for (given, element, help) in [
        (
            has_effect,
            "Effect",
            "write `\"Effect\": \"Allow\"` or `\"Effect\": \"Deny\"`",
        ),
        (
            has_principal,
            "Principal",
            "write who may assume the role: `\"Principal\": {\"Service\": \"ec2.amazonaws.com\"}`",
        ),
        (
            action_key.is_some(),
            "Action",
            "write `\"Action\": \"sts:AssumeRole\"`",
        ),
    ] {
        if !given {
            let message = format!("the statement has no `{element}`");
            let problem = Problem::invalid_policy(element, message, object.opening());
            reader.report(problem.with_help(help));
        }
    }
    Some(read)
}

/// A trust policy has actions of STS that assume a role or go with that.
pub(super) fn action(reader: &mut Reader, element: &str, text: &Text) {
    pattern::action(reader, element, text);
    let value = text.value.as_str();
    if is_unknown(text) || value.contains(['*', '?']) {
        return;
    }
    let Some((service, _)) = value.split_once(':') else {
        return;
    };
    if TRUST_ACTIONS.iter().any(|a| a.eq_ignore_ascii_case(value)) {
        return;
    }
    let message = format!("`{}` does not assume a role", shorten(value));
    let problem = Problem::invalid_policy(element, message, text.span).with_help(format!(
        "write `sts:AssumeRole`; permissions belong in the policies of the role; {}",
        answer("trust-action")
    ));
    reader.report(if service.eq_ignore_ascii_case("sts") {
        problem.accepted()
    } else {
        problem
    });
}

pub(super) fn principals(reader: &mut Reader, value: Value<'_>, out: &mut Vec<TrustPrincipal>) {
    const EXPECTED: &str = "`\"*\"` or an object of `AWS`, `Service` or `Federated`";
    let text = value.string();
    match (value.kind(), text) {
        (Kind::String, Some(text)) if text.value == "*" || is_unknown(&text) => {
            out.push(TrustPrincipal {
                kind: PrincipalKind::Everyone,
                value: text,
            });
        }
        (Kind::String, Some(text)) => {
            let key = if text.value.ends_with(".amazonaws.com") {
                "Service"
            } else {
                "AWS"
            };
            let shown = shorten(&text.value);
            let problem = Problem::invalid_policy(
                "Principal",
                format!("`Principal` must be {EXPECTED}, found `{shown}`"),
                text.span,
            );
            reader.report(problem.with_help(format!("write `{{\"{key}\": \"{shown}\"}}`")));
        }
        (Kind::Object, _) => {
            let members = value.last_members();
            if refuse_function_among(reader, &members) {
                return;
            }
            if members.is_empty() {
                let message = "`Principal` names no principal";
                let problem = Problem::invalid_policy("Principal", message, value.span());
                reader.report(problem.with_help(format!("write {EXPECTED}")));
            }
            for Member { key, value } in members {
                let kind = KINDS.iter().find(|(name, _)| *name == key.value);
                match kind {
                    Some((_, kind)) => values(reader, &key, *kind, value, out),
                    None => wrong_key(reader, &key),
                }
            }
        }
        _ => wrong_kind(reader, "Principal", value, EXPECTED),
    }
}

fn wrong_key(reader: &mut Reader, key: &Text) {
    let names = KINDS.map(|(name, _)| name);
    let message = format!("`{}` is not a kind of principal", shorten(&key.value));
    let problem = Problem::invalid_policy(&key.value, message, key.span);
    reader.report(problem.with_help(match nearest(&key.value, &names) {
        Some(meant) => format!("did you mean `{meant}`? keys are case-sensitive"),
        None => "expected one of: AWS, Service, Federated".to_owned(),
    }));
}

pub(super) fn values(
    reader: &mut Reader,
    key: &Text,
    kind: PrincipalKind,
    value: Value<'_>,
    out: &mut Vec<TrustPrincipal>,
) {
    let all = match value.kind() {
        Kind::Array => value.elements(),
        _ => vec![value],
    };
    for each in all {
        let Some(text) = each.string() else {
            wrong_kind(reader, &key.value, each, "a string or an array of strings");
            continue;
        };
        check(reader, kind, &text);
        if text.holes.is_none() && is_unknown(&text) {
            // A placeholder that is not replaced.
            reader.name("trust-policy".to_owned());
        }
        out.push(TrustPrincipal { kind, value: text });
    }
}

/// Reports a principal that IAM rejects.
pub(super) fn check(reader: &mut Reader, kind: PrincipalKind, text: &Text) {
    let value = text.value.as_str();
    if is_unknown(text) || (kind == PrincipalKind::Aws && value == "*") {
        return;
    }
    let shown = shorten(value);
    let wildcard = value.find(['*', '?']);
    let (message, help) = match (kind, wildcard) {
        (PrincipalKind::Aws, Some(_)) => (
            format!("the principal `{shown}` contains a wildcard"),
            "a wildcard cannot match a part of a principal: name the account, and compare `aws:PrincipalArn` with `ArnLike` \
             in a `Condition`",
        ),
        (PrincipalKind::Service | PrincipalKind::Federated, Some(_)) => (
            format!("the principal `{shown}` contains a wildcard"),
            "name each service or identity provider",
        ),
        (PrincipalKind::Aws, None) if !is_aws_principal(value) => (
            format!("`{shown}` is not an account, user or role"),
            "write the 12 digits of an account, or the ARN of an account (`…:root`), user, role or session",
        ),
        (PrincipalKind::Service, None) if !value.contains('.') || value.contains(['/', ':']) => (
            format!("`{shown}` is not a service principal"),
            "write the full name, for example `ec2.amazonaws.com`",
        ),
        (PrincipalKind::Service, None) if has_wrong_domain(value) => (
            format!("`{shown}` is not a service principal"),
            "a service principal ends with the domain of AWS, for example `ec2.amazonaws.com`",
        ),
        _ => return,
    };
    let span = wildcard.map_or(text.span, |at| text.part(at..at + 1));
    let help = format!("{help}; {}", answer("trust-principal"));
    reader.report(if kind == PrincipalKind::Aws {
        Problem::invalid_arn("Principal", message, span).with_help(help)
    } else {
        Problem::invalid_policy("Principal", message, span).with_help(help)
    });
}

/// Whether a name begins with a service that assumes roles, and does not end with a domain of AWS.
fn has_wrong_domain(value: &str) -> bool {
    let Some((service, rest)) = value.split_once('.') else {
        return false;
    };
    let is_domain = |domain: &&str| {
        let before = rest.strip_suffix(*domain);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    TRUST_SERVICES.contains(&service) && !SERVICE_DOMAINS.iter().any(is_domain)
}

/// Whether a text has the form of an account, a unique id, or the ARN of a principal.
fn is_aws_principal(value: &str) -> bool {
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    let is_id = |text: &str| {
        (16..=128).contains(&text.len())
            && text.starts_with('A')
            && text
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    let fields: Vec<&str> = value.splitn(6, ':').collect();
    match fields.as_slice() {
        ["arn", _, service, "", account, resource] => {
            is_account(account)
                && TRUST_ARNS.iter().any(|form| {
                    let (of, start) = form.split_once(':').unwrap_or_default();
                    let rest = resource.strip_prefix(start);
                    of == *service && rest.is_some_and(|r| r.is_empty() != start.ends_with('/'))
                })
        }
        [one] => is_account(one) || is_id(one),
        _ => false,
    }
}

/// Whether parts of a text are yet to be filled in.
fn is_unknown(text: &Text) -> bool {
    text.holes.is_some()
        || text.value.contains("${")
        || text.value.contains('<')
        || text.value.contains("{{")
}
