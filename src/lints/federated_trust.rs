//! Roles that everybody with an account at an identity provider may assume.

use super::trust::{self, Limited, Trusted};
use super::{Context, Lint};
use crate::finding::{Finding, Severity};

/// Metadata; the page is `rules/lints/federated-trust.md`.
pub(super) static LINT: Lint = Lint {
    id: "federated-trust",
    severity: Severity::Warning,
    summary: "no condition limits which users of an identity provider can assume the role",
    doc: include_str!("../../rules/lints/federated-trust.md"),
    since: "0.1.0",
    check,
};

fn check(context: &Context<'_>, out: &mut Vec<Finding>) {
    // A template makes the role anew; that of a dump was made before.
    let mut principals = context.files.iter().filter_map(|f| f.principal.as_ref());
    let is_made = principals.any(|principal| !principal.exists);
    for trusted in trust::trusted(context) {
        if trusted.is_saml() {
            out.extend(of_saml(&trusted));
        } else if let Some(host) = trusted.host() {
            out.extend(of_oidc(&trusted, host, is_made));
        }
    }
}

fn of_saml(trusted: &Trusted<'_>) -> Option<Finding> {
    if trusted.assertions().limited != Limited::No {
        return None;
    }
    let message = "no condition limits the SAML assertions that assume this role".to_owned();
    let mut finding = trusted.finding(&LINT, Severity::Warning, message);
    finding.help = Some(
        "compare `SAML:aud` with the sign-in endpoint: `{\"StringEquals\": {\"SAML:aud\": \
         \"https://signin.aws.amazon.com/saml\"}}`"
            .to_owned(),
    );
    Some(finding)
}

fn of_oidc(trusted: &Trusted<'_>, host: &str, is_made: bool) -> Option<Finding> {
    let (shared, limits) = trusted.claims(host);
    if limits.limited != Limited::No {
        return None;
    }
    let claim = shared.map_or("sub", |s| s.claim.as_str());
    let shown = crate::parser::shorten(host);
    let is_named = trusted.names(host, claim);
    let message = match (shared, is_named) {
        (Some(_), true) => format!(
            "`{shown}:{claim}` matches other organizations: their users can assume this role"
        ),
        (Some(_), false) => {
            format!("every user of `{shown}` can assume this role, whatever the organization")
        }
        (None, _) => format!("every user of `{shown}` can assume this role"),
    };
    let refused = shared.is_some() && !is_named && is_made;
    let severity = if refused {
        Severity::Error
    } else {
        Severity::Warning
    };
    let mut finding = trusted.finding(&LINT, severity, message);
    if shared.is_some() && !is_named {
        let note = format!("IAM rejects a role that does not check `{shown}:{claim}`");
        finding.notes.push(note);
    }
    let example = shared.and_then(|s| Some((s.starts.first()?, s.until.first()?)));
    finding.help = Some(match example {
        Some((start, until)) => format!(
            "compare `{shown}:{claim}` with a value that begins with your organization: `{start}ORGANIZATION{until}…`"
        ),
        None => format!("compare `{shown}:{claim}` with the users that need the role"),
    });
    Some(finding)
}
