//! Policies beyond what AWS stores, counted as AWS counts.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Context, Lint, PrincipalName, is_about_coverage, known_gap, layer};
use crate::diff::comparison::LayerKind;
use crate::finding::{Finding, Label, Severity};
use crate::parser::{Attachment, Characters, Policy, TrustPolicy};
use crate::quota::{self, INLINE_OF_ROLE, MANAGED};
use crate::rejection::CONSEQUENCE;

/// Metadata; the page is `rules/lints/policy-size.md`.
pub(super) static LINT: Lint = Lint {
    id: "policy-size",
    severity: Severity::Error,
    summary: "a policy is longer than AWS stores, or a role has too many policies",
    doc: include_str!("../../rules/lints/policy-size.md"),
    since: "0.1.0",
    check,
};

/// The counterparts of [`INLINE_OF_ROLE`] for a group and for a user.
const INLINE_OF_GROUP: usize = 5_120;
const INLINE_OF_USER: usize = 2_048;
/// Characters of a service control policy, white space counted.
const SCP: usize = 10_240;
/// Managed policies of a role, by default and after AWS raised the quota.
const ATTACHED: usize = 10;
const ATTACHED_AT_MOST: usize = 25;
/// Characters of a trust policy, by default and after AWS raised the quota.
const TRUST: usize = 2_048;
const TRUST_AT_MOST: usize = 8_192;

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    let before = out.len();
    let mut inline: Vec<&Policy> = Vec::new();
    let mut managed = 0;
    for policy in context.policies() {
        let compared = context.compared.as_ref();
        match compared
            .and_then(|c| layer::of(c, policy.source))
            .map(|l| l.kind)
        {
            Some(LayerKind::Scp) => out.extend(of_scp(context, policy)),
            Some(_) => out.extend(of_managed(policy)),
            None if policy.attachment == Attachment::Inline => inline.push(policy),
            None => {
                managed += 1;
                out.extend(of_managed(policy));
                if made(context).is_none() {
                    out.extend(attachments(policy, managed));
                }
            }
        }
    }
    if let Some(first) = inline.first() {
        let sum = Characters::together(inline.iter().copied());
        out.extend(of_inline(context, first, sum));
    }
    if let Some(principal) = made(context) {
        out.extend(of_attached(context, principal));
        let trusts = context.files.iter().flat_map(|f| &f.document.trusts);
        out.extend(trusts.filter_map(of_trust));
    }
    for finding in out.iter_mut().skip(before) {
        let label = &mut finding.label;
        label.span = context.sources.get(label.source).opening(label.span);
    }
}

fn finding(policy: &Policy, severity: Severity, message: String, help: &str) -> Finding {
    let label = Label::at(policy.source, policy.span);
    let mut finding = LINT.finding(severity, message, label);
    finding.help = Some(help.to_owned());
    finding.subject = Some("size".to_owned());
    finding
}

fn of_managed(policy: &Policy) -> Option<Finding> {
    let found = policy.characters;
    if found.most <= MANAGED || policy.is_stored {
        return None;
    }
    let message = format!(
        "the policy {} characters without white space, and a managed policy takes {}",
        shown(found, MANAGED, "has"),
        grouped(MANAGED)
    );
    Some(if found.fewest <= MANAGED {
        finding(policy, Severity::Warning, message, SHORTER)
    } else if policy.attachment == Attachment::Managed {
        let message = format!("{message}: {CONSEQUENCE}");
        let help = "split it into two managed policies";
        finding(policy, Severity::Error, message, help)
    } else if found.fewest > INLINE_OF_ROLE {
        let message = format!("{message}: {CONSEQUENCE}");
        let help = "split it into several policies: the inline policies of a role may not have more than 10,240 characters together either";
        finding(policy, Severity::Error, message, help)
    } else {
        let help = "split it into two managed policies, or make it an inline policy: those of a role take 10,240 in sum";
        finding(policy, Severity::Warning, message, help)
    })
}

/// Advice where the size exceeds the quota for some values only.
const SHORTER: &str =
    "split it, or keep the values short that its placeholders and parameters stand for";

/// How many characters there are, as far as that is known: `has 6,150`, `may have up to 6,150`.
fn shown(found: Characters, quota: usize, has: &str) -> String {
    let Characters { fewest, most } = found;
    if fewest <= quota {
        format!("may have up to {}", grouped(most))
    } else if fewest < most {
        format!("{has} at least {}", grouped(fewest))
    } else {
        format!("{has} {}", grouped(most))
    }
}

/// The principal that a template or module makes. What exists, AWS has accepted.
fn made<'c>(context: &'c Context<'_>) -> Option<&'c PrincipalName> {
    let mut all = context.files.iter().filter_map(|f| f.principal.as_deref());
    all.find(|principal| !principal.exists)
}

/// More managed policies than a role can have, those included that the template or module does not contain.
fn of_attached(context: &Context<'_>, principal: &PrincipalName) -> Option<Finding> {
    let files = context.files.iter();
    let all: BTreeSet<&String> = { files.flat_map(|f| &f.document.attached_for_sure) }.collect();
    let (count, is_role) = (all.len(), matches!(principal.kind, "role" | "function"));
    if count <= ATTACHED || !is_role {
        return None;
    }
    let label = Label::at(principal.source, principal.span);
    let (severity, quota, help) = if count > ATTACHED_AT_MOST {
        (
            Severity::Error,
            format!("IAM attaches {ATTACHED_AT_MOST} at most"),
            "merge some policies, or make some inline",
        )
    } else {
        (
            Severity::Note,
            format!("the quota is {ATTACHED} by default"),
            "ask AWS for a higher quota, merge some policies, or make some inline",
        )
    };
    let message = format!("this role has {count} managed policies, and {quota}");
    Some(Finding {
        help: Some(help.to_owned()),
        subject: Some("attachments".to_owned()),
        ..LINT.finding(severity, message, label)
    })
}

/// A trust policy that is too long.
fn of_trust(trust: &TrustPolicy) -> Option<Finding> {
    let found = trust.characters;
    if trust.is_open {
        return None;
    }
    let (severity, quota, help) = if found.fewest > TRUST_AT_MOST {
        (
            Severity::Error,
            format!("IAM takes {} at most", grouped(TRUST_AT_MOST)),
            "allow fewer principals, or split the role into several",
        )
    } else if found.fewest > TRUST {
        (
            Severity::Note,
            format!("the quota is {} by default", grouped(TRUST)),
            "ask AWS for a higher quota, or allow fewer principals",
        )
    } else {
        return None;
    };
    let message = format!(
        "the trust policy {} characters without white space, and {quota}",
        shown(found, TRUST, "has")
    );
    let label = Label::at(trust.source, trust.statement_key);
    Some(Finding {
        help: Some(help.to_owned()),
        subject: Some("trust-size".to_owned()),
        ..LINT.finding(severity, message, label)
    })
}

/// Whether some of the policies are those of a group of the user.
fn has_groups(context: &Context<'_>) -> bool {
    context.files.iter().any(|f| f.document.has_group_policies)
}

/// The inline policies of a user or group of a template or module that are too long for certain.
fn of_user_or_group(context: &Context<'_>, policy: &Policy) -> Option<Finding> {
    let principal = made(context)?;
    let has_groups = has_groups(context);
    let quota = match principal.kind {
        "user" if !has_groups => INLINE_OF_USER,
        "group" => INLINE_OF_GROUP,
        _ => return None,
    };
    let own = context.files.iter().filter(|f| f.principal.is_some());
    // A policy that is left open may not be there.
    let sure = own.filter(|f| f.extremes.is_none());
    let sure = { sure.flat_map(|f| &f.document.policies) }
        .filter(|policy| policy.attachment == Attachment::Inline);
    let sum: usize = sure.map(|policy| policy.characters.fewest).sum();
    if sum <= quota {
        return None;
    }
    let message = format!(
        "the inline policies have {} characters without white space, and those of a {} take {}",
        grouped(sum),
        principal.kind,
        grouped(quota)
    );
    let help = "move some statements to managed policies (up to 6,144 characters each)";
    Some(finding(policy, Severity::Error, message, help))
}

fn of_inline(context: &Context<'_>, policy: &Policy, sum: Characters) -> Option<Finding> {
    let compared = context.compared.as_ref();
    let role = compared.and_then(|c| c.reference.role.as_deref());
    let is_of_user = { context.files.iter() }
        .filter_map(|file| file.principal.as_ref())
        .all(|principal| !matches!(principal.kind, "role" | "function" | "group"));
    if let Some(found) = of_user_or_group(context, policy) {
        return Some(found);
    }
    if sum.most > INLINE_OF_ROLE {
        let message = format!(
            "the inline policies {} characters without white space, and those of a role take {}",
            shown(sum, INLINE_OF_ROLE, "have"),
            grouped(INLINE_OF_ROLE)
        );
        if sum.fewest <= INLINE_OF_ROLE {
            return Some(finding(policy, Severity::Warning, message, SHORTER));
        }
        let help = "move some statements to managed policies (up to 6,144 characters each)";
        Some(finding(policy, Severity::Error, message, help))
    } else if role == Some("user")
        && is_of_user
        && !has_groups(context)
        && sum.fewest > INLINE_OF_USER
    {
        let group = if sum.fewest > INLINE_OF_GROUP {
            format!(", those of a group {}", grouped(INLINE_OF_GROUP))
        } else {
            String::new()
        };
        let message = format!(
            "the inline policies {} characters without white space, and those of a user take {}{group}",
            shown(sum, INLINE_OF_USER, "have"),
            grouped(INLINE_OF_USER)
        );
        let help =
            "the inline policies of a role may have 10,240 characters, a managed policy 6,144";
        Some(finding(policy, Severity::Note, message, help))
    } else {
        None
    }
}

fn of_scp(context: &Context<'_>, policy: &Policy) -> Option<Finding> {
    let source = context.sources.get(policy.source);
    let (file, document) = (source.text(), source.slice(policy.span));
    // White space around the document counts as well.
    let is_file = file.trim() == document;
    let found = decoded(if is_file { file } else { document })
        .chars()
        .count();
    if found <= SCP {
        return None;
    }
    let message = format!(
        "the service control policy has {} characters, white space included, and AWS takes {}",
        grouped(found),
        grouped(SCP)
    );
    let help = "remove white space, or split it";
    Some(finding(policy, Severity::Error, message, help))
}

fn attachments(policy: &Policy, nth: usize) -> Option<Finding> {
    let (severity, help) = match nth - 1 {
        ATTACHED => (
            Severity::Note,
            "ask AWS for a higher quota, merge some policies, or make some inline",
        ),
        ATTACHED_AT_MOST => (
            Severity::Warning,
            "merge some policies, or make some inline",
        ),
        _ => return None,
    };
    let message = format!(
        "this is managed policy number {nth} of one role, and the quota is {}",
        nth - 1
    );
    Some(finding(policy, severity, message, help))
}

/// The document as AWS gets it: without the escapes of a string or a URL that it came in.
fn decoded(text: &str) -> Cow<'_, str> {
    if text.starts_with('%') {
        return percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    }
    let inside = text.get(1..).unwrap_or_default();
    if inside
        .trim_start_matches([' ', '\t', '\r', '\n'])
        .starts_with('\\')
    {
        let whole = format!("\"{text}\"");
        return serde_json::from_str(&whole).map_or(Cow::Borrowed(text), Cow::Owned);
    }
    Cow::Borrowed(text)
}

/// `6,144`
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + 2);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How the advice begins.
pub(super) const ADVICE: &str = "with all the statements that this report says to add";

/// Says once, beside the worst finding, where a policy would become too long with all that is advised to add.
pub(super) fn advise(context: &Context<'_>, findings: &mut [Finding]) {
    let advised = |finding: &Finding| {
        let adds = is_about_coverage(finding.lint) || finding.lint == known_gap::LINT.id;
        let help = finding.help.as_deref().filter(|_| adds)?;
        // The statement is the last part of the help, and a comma separates it.
        help.find("\n{\n")
            .map(|at| quota::size(help.get(at..).unwrap_or_default()) + 1)
    };
    for policy in context.policies() {
        let here = |finding: &Finding| {
            finding.label.source == policy.source
                && policy.span.start <= finding.label.span.start
                && finding.label.span.end <= policy.span.end
        };
        let sizes = findings.iter().filter(|f| here(f)).filter_map(advised);
        let added: usize = sizes.sum();
        if added == 0 {
            continue;
        }
        let whole = policy.characters.most + added;
        if whole <= MANAGED {
            continue;
        }
        let adding = findings.iter_mut();
        let adding = adding.filter(|f| here(f) && advised(f).is_some());
        // Of equals, the first.
        if let Some(worst) = adding.rev().max_by_key(|f| f.severity) {
            worst.notes.push(format!(
                "{ADVICE}, {} would have {} characters without white space, and a managed policy takes {}: put them into a \
                 policy of their own",
                context.sources.get(policy.source).name(),
                grouped(whole),
                grouped(MANAGED)
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_as_escapes_is_counted_as_it_is_stored() {
        assert_eq!(quota::size(&decoded("{ \\\"a\\\": 1 }")), 7);
        assert_eq!(quota::size(&decoded("%7B%22a%22%3A%201%7D")), 7);
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(6144), "6,144");
        assert_eq!(grouped(44), "44");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
