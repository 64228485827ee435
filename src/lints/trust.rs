//! Shared by the lints on trust: who may assume a role, by its trust policy.

mod limit;

pub(super) use limit::{Limited, Limits, Rule};

use super::{Context, Lint};
use crate::finding::{Finding, Label, Severity};
use crate::matcher::Pattern;
use crate::parser::{
    Effect, PrincipalKind, TrustPolicy, TrustPrincipal, TrustStatement, name, shorten,
};
use crate::reference::Principal;
use crate::reference::bindings::is_region;
use crate::reference::trust::{Provider, TrustService, provider, services, trust_key};
use crate::rejection::SERVICE_DOMAINS;

/// The actions that assume a role.
const ASSUMING: [&str; 3] = [
    "sts:assumerole",
    "sts:assumerolewithwebidentity",
    "sts:assumerolewithsaml",
];

/// A principal that a statement allows to assume the role, unless something denies it always.
pub(super) struct Trusted<'c> {
    pub(super) policy: &'c TrustPolicy,
    pub(super) statement: &'c TrustStatement,
    pub(super) principal: &'c TrustPrincipal,
    /// The statements that deny it under conditions.
    denies: Vec<&'c TrustStatement>,
}

/// The trust policies of the role.
pub(super) fn policies<'c>(context: &'c Context<'_>) -> impl Iterator<Item = &'c TrustPolicy> {
    context.files.iter().flat_map(|f| &f.document.trusts)
}

/// All principals that may assume the role.
pub(super) fn trusted<'c>(context: &'c Context<'_>) -> Vec<Trusted<'c>> {
    policies(context).flat_map(of_policy).collect()
}

fn of_policy(policy: &TrustPolicy) -> Vec<Trusted<'_>> {
    let effect = |s: &TrustStatement| s.rest.effect.as_ref().map(|e| e.value);
    let allows = policy
        .statements
        .iter()
        .filter(|s| effect(s) == Some(Effect::Allow));
    let mut all = Vec::new();
    for statement in allows {
        for principal in &statement.principals {
            let Some(action) = action_of(statement, principal) else {
                continue;
            };
            let denies: Vec<&TrustStatement> = { policy.statements.iter() }
                .filter(|s| effect(s) == Some(Effect::Deny))
                .filter(|s| {
                    has_action(s, action) && s.principals.iter().any(|p| includes(p, principal))
                })
                .collect();
            let is_always =
                |s: &&TrustStatement| s.rest.conditions.is_empty() && !s.rest.condition_unreadable;
            if !denies.iter().any(is_always) {
                all.push(Trusted {
                    policy,
                    statement,
                    principal,
                    denies,
                });
            }
        }
    }
    all
}

/// The action with which a principal assumes the role, if the statement has it.
fn action_of(statement: &TrustStatement, principal: &TrustPrincipal) -> Option<&'static str> {
    let [assume, web, saml] = ASSUMING;
    let wanted: &[&str] = match principal.kind {
        PrincipalKind::Everyone => &ASSUMING,
        PrincipalKind::Aws | PrincipalKind::Service => &[assume],
        PrincipalKind::Federated if is_saml(principal) => &[saml],
        PrincipalKind::Federated => &[web],
        PrincipalKind::CanonicalUser => &[],
    };
    wanted
        .iter()
        .copied()
        .find(|action| has_action(statement, action))
}

fn has_action(statement: &TrustStatement, action: &str) -> bool {
    statement.rest.action.as_ref().is_some_and(|element| {
        let mut values = element.values.iter();
        values.any(|v| Pattern::glob(&v.value.to_ascii_lowercase()).matches_text(action))
            != element.negated
    })
}

/// Whether a principal of a Deny is, or includes, one of an Allow.
fn includes(deny: &TrustPrincipal, allow: &TrustPrincipal) -> bool {
    if deny.kind == PrincipalKind::Everyone {
        return true;
    }
    if deny.kind != allow.kind {
        return deny.kind == PrincipalKind::Aws
            && deny.value.value == "*"
            && allow.kind == PrincipalKind::Everyone;
    }
    let value = deny.value.value.as_str();
    let is_account =
        deny.kind == PrincipalKind::Aws && (!value.contains('/') || value.ends_with(":root"));
    value == allow.value.value
        || deny.kind == PrincipalKind::Aws && value == "*"
        || is_account && account(deny).is_some() && account(deny) == account(allow)
}

/// The account of a principal `AWS`.
fn account(principal: &TrustPrincipal) -> Option<String> {
    limit::account(&principal.value.value)
}

fn is_saml(principal: &TrustPrincipal) -> bool {
    principal.value.value.contains(":saml-provider/")
}

/// The keys of AWS.
fn key_rule(key: &str) -> Option<Rule> {
    trust_key(key).map(Rule::Key)
}

impl<'c> Trusted<'c> {
    /// Whether the principal is every account.
    pub(super) fn is_everyone(&self) -> bool {
        match self.principal.kind {
            PrincipalKind::Everyone | PrincipalKind::Aws => self.principal.value.value == "*",
            _ => false,
        }
    }

    /// What conditions make of it.
    pub(super) fn limits(&self) -> Limits {
        limit::limits(self.statement, &self.denies, &key_rule)
    }

    /// The accounts whose principals may assume the role, as far as they are named.
    pub(super) fn accounts(&self, limits: &Limits) -> Vec<String> {
        match account(self.principal) {
            Some(own) if self.principal.kind == PrincipalKind::Aws => {
                // A condition on another account leaves no principal.
                let is_left = limits.accounts.is_empty() || limits.accounts.contains(&own);
                Vec::from_iter(Some(own).filter(|_| is_left))
            }
            _ if self.is_everyone() => limits.accounts.clone(),
            _ => Vec::new(),
        }
    }

    /// Whether an account is that of the role; `None` where the account of the role is not known.
    pub(super) fn is_own(&self, account: &str, context: &Context<'_>) -> Option<bool> {
        if account.starts_with("${") {
            return Some(true);
        }
        let of_file = self.policy.account.as_deref();
        let bindings = context.compared.as_ref().map(|c| c.bindings);
        let own = of_file.or_else(|| bindings.and_then(|b| b.one("Account")));
        let own = own.filter(|own| own.len() == 12 && own.bytes().all(|b| b.is_ascii_digit()));
        own.map(|own| own == account)
    }

    /// The host of an identity provider (OIDC); `None` for SAML and for principals of another kind.
    pub(super) fn host(&self) -> Option<&'c str> {
        let value = self.principal.value.value.as_str();
        let is_oidc = self.principal.kind == PrincipalKind::Federated && !is_saml(self.principal);
        let host = value
            .split_once(":oidc-provider/")
            .map_or(value, |(_, host)| host);
        (is_oidc && !host.is_empty()).then_some(host)
    }

    /// Whether the principal is an identity provider of SAML.
    pub(super) fn is_saml(&self) -> bool {
        self.principal.kind == PrincipalKind::Federated && is_saml(self.principal)
    }

    /// What conditions make of the tokens of an identity provider.
    pub(super) fn claims(&self, host: &str) -> (Option<&'static Provider>, Limits) {
        let shared = provider(host);
        let rule = |key: &str| {
            let claim = key.get(host.len()..).filter(|_| {
                key.get(..host.len())
                    .is_some_and(|h| h.eq_ignore_ascii_case(host))
            });
            let claim = claim.and_then(|claim| claim.strip_prefix(':'));
            // A host that is not known may be that of any key.
            let open = || key.rsplit_once(':').filter(|_| host.contains("${"));
            let claim = claim.or_else(|| Some(open()?.1))?;
            match shared {
                Some(shared) => claim
                    .eq_ignore_ascii_case(&shared.claim)
                    .then_some(Rule::Claim(Some(shared))),
                None if claim.eq_ignore_ascii_case("sub") => Some(Rule::Claim(None)),
                None if claim.eq_ignore_ascii_case("aud") => Some(Rule::Audience),
                None => Some(Rule::Other),
            }
        };
        (shared, limit::limits(self.statement, &self.denies, &rule))
    }

    /// What conditions make of the assertions of a provider of SAML.
    pub(super) fn assertions(&self) -> Limits {
        let rule = |key: &str| {
            let claim = key.get(..5).filter(|p| p.eq_ignore_ascii_case("saml:"));
            claim.map(|_| Rule::Claim(None))
        };
        limit::limits(self.statement, &self.denies, &rule)
    }

    /// Whether a condition names a claim of an identity provider.
    pub(super) fn names(&self, host: &str, claim: &str) -> bool {
        let wanted = format!("{host}:{claim}");
        let mut conditions = self.statement.rest.conditions.iter();
        conditions.any(|c| c.key.value.eq_ignore_ascii_case(&wanted))
    }

    /// A finding at the principal.
    pub(super) fn finding(&self, lint: &Lint, severity: Severity, message: String) -> Finding {
        let label = Label::at(self.policy.source, self.principal.value.span);
        let mut finding = lint.finding(severity, message, label);
        finding.subject = Some(self.shown());
        finding.sid = self.statement.rest.sid.as_ref().map(|sid| name(&sid.value));
        finding
    }

    /// The principal for a message.
    pub(super) fn shown(&self) -> String {
        shorten(&self.principal.value.value)
    }

    /// The first part of the name of a service: `ec2`.
    pub(super) fn service(&self) -> Option<&'c str> {
        let value = self.principal.value.value.as_str();
        let is_service =
            self.principal.kind == PrincipalKind::Service && !value.starts_with(['$', '<', '{']);
        is_service.then(|| value.split('.').next().unwrap_or(value))
    }
}

/// The services that must be able to assume the role, as far as it is one of ParallelCluster.
pub(super) fn required(context: &Context<'_>) -> Vec<&'static TrustService> {
    let Some(compared) = &context.compared else {
        return Vec::new();
    };
    let roles = compared.reference.role.iter().chain(compared.shared_roles);
    let mut all: Vec<&TrustService> = Vec::new();
    for role in roles {
        let Principal::Of(principal) = Principal::of_role(role) else {
            continue;
        };
        for service in services(principal) {
            if !all.iter().any(|s| s.name == service.name) {
                all.push(service);
            }
        }
    }
    all
}

/// Whether a name is that of the principal of a service itself, for all Regions or for one.
fn is_principal_of(name: &str, service: &str) -> bool {
    let Some(rest) = name.strip_prefix(service).and_then(|n| n.strip_prefix('.')) else {
        return false;
    };
    let domain = match rest.split_once('.') {
        Some((region, domain)) if is_region(region) => domain,
        _ => rest,
    };
    SERVICE_DOMAINS.contains(&domain)
}

/// Whether a trust policy may let a service assume the role.
pub(super) fn may_assume(
    policy: &TrustPolicy,
    service: &TrustService,
    partition: Option<&str>,
) -> bool {
    let first = service.name.split('.').next().unwrap_or_default();
    // AWS calls `"*"` and `{"AWS": "*"}` equal, and services are principals:
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html (all principals).
    let is_it = |trusted: &Trusted<'_>| match trusted.principal.kind {
        PrincipalKind::Everyone => true,
        PrincipalKind::Aws => trusted.is_everyone(),
        PrincipalKind::Service => {
            let value = trusted.principal.value.value.as_str();
            // The domain of China is that of no service elsewhere.
            let is_abroad = value.rsplit('.').next() == Some("cn")
                && matches!(partition, Some("aws" | "aws-us-gov"));
            let is_open = trusted.service().is_none();
            is_open || is_principal_of(value, first) && !is_abroad
        }
        _ => false,
    };
    of_policy(policy)
        .iter()
        .filter(|t| is_it(t))
        .any(|trusted| {
            let mut own = trusted.statement.rest.conditions.iter();
            let never = own.any(|c| limit::holds_for_services(c, &key_rule) == Some(false));
            let denied = trusted.denies.iter().any(|deny| {
                let mut conditions = deny.rest.conditions.iter();
                !deny.rest.condition_unreadable
                    && conditions.all(|c| limit::holds_for_services(c, &key_rule) == Some(true))
            });
            !never && !denied
        })
}
