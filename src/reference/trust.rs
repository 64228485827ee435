//! Who may assume a role, and the names of services, from `rules/trust.toml`. Read only where a file has a trust policy or
//! a name of a service is another one in the partition.

use std::borrow::Cow;
use std::sync::LazyLock;

use serde::Deserialize;

use super::{RefStatement, Reference};

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/trust.json"))).unwrap_or_default()
});

#[derive(Default, Deserialize)]
struct Rules {
    #[serde(rename = "service")]
    services: Vec<TrustService>,
    passed: Vec<Passed>,
    #[serde(rename = "key")]
    keys: Vec<TrustKey>,
    #[serde(rename = "provider")]
    providers: Vec<Provider>,
    audience: Audience,
    programs: Programs,
}

#[derive(Default, Deserialize)]
struct Programs {
    services: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Audience {
    common: Vec<String>,
}

/// Whether a service, without its domain, runs programs of the account's owner with the credentials of a role.
pub fn runs_programs(service: &str) -> bool {
    RULES.programs.services.iter().any(|s| s == service)
}

/// The names of a service in `iam:PassedToService` in some partitions.
#[derive(Deserialize)]
struct Passed {
    name: String,
    partitions: Vec<String>,
    roles: Vec<String>,
    names: Vec<String>,
}

/// The service that assumes the roles of a principal.
#[derive(Debug, Deserialize)]
pub struct TrustService {
    principal: String,
    /// `Amazon EC2`
    pub title: String,
    /// `ec2.amazonaws.com`
    pub name: String,
    /// The name of the service in China, where that is another one.
    pub china: Option<String>,
    /// The consequence where it cannot assume the role.
    pub failure: String,
}

impl TrustService {
    /// The name of the service in a partition.
    pub fn name_in(&self, partition: Option<&str>) -> &str {
        match (&self.china, partition) {
            (Some(china), Some("aws-cn")) => china,
            _ => &self.name,
        }
    }
}

/// How a value of a condition key limits who may assume a role.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyForm {
    /// By anything but wildcards alone.
    Value,
    /// By the id of an organization.
    Organization,
    /// By all digits.
    Account,
    /// By an account without wildcards.
    Arn,
    /// By a range that is smaller than the Internet.
    Network,
    /// By `true`.
    True,
    /// By no value: only the requests that have the key are known.
    Nothing,
}

/// A condition key that limits who may assume a role.
#[derive(Debug, Deserialize)]
pub struct TrustKey {
    names: Vec<String>,
    /// How its values limit.
    pub form: KeyForm,
    /// Whether it names the account of the caller.
    pub caller: bool,
    /// Whether every request for the role has it.
    pub present: bool,
    /// Whether it also limits another account.
    pub vouches: bool,
    /// Whether requests of services can have it.
    pub service: bool,
}

/// An identity provider that many organizations share.
#[derive(Debug, Deserialize)]
pub struct Provider {
    hosts: Vec<String>,
    /// The claim that must be limited.
    pub claim: String,
    /// The beginnings of its values.
    pub starts: Vec<String>,
    /// The texts that may end the name of the organization.
    pub until: Vec<String>,
}

/// The services that assume the roles of a principal, by its name in `rules/roles.toml`.
pub fn services(principal: &str) -> impl Iterator<Item = &'static TrustService> {
    RULES
        .services
        .iter()
        .filter(move |s| s.principal == principal)
}

/// A condition key that limits who may assume a role.
pub fn trust_key(name: &str) -> Option<&'static TrustKey> {
    let is_it = |k: &&TrustKey| k.names.iter().any(|n| n.eq_ignore_ascii_case(name));
    RULES.keys.iter().find(is_it)
}

/// The shared identity provider with this host.
pub fn provider(host: &str) -> Option<&'static Provider> {
    let is_it = |p: &&Provider| p.hosts.iter().any(|h| h == host);
    RULES.providers.iter().find(is_it)
}

/// Whether any caller of an identity provider may ask for this audience.
pub fn is_common_audience(value: &str) -> bool {
    RULES.audience.common.iter().any(|a| a == value)
}

/// The names that requests of a role have in a partition for a service to which a role is passed; `None` for the same one.
fn passed_as(role: &str, partition: &str, name: &str) -> Option<&'static [String]> {
    let is_of = |p: &&Passed| {
        p.name == name
            && p.partitions.iter().any(|of| of == partition)
            && (p.roles.is_empty() || p.roles.iter().any(|of| of == role))
    };
    // Outside China only the names of China are others.
    if partition == "aws" && name.rsplit('.').next() != Some("cn") {
        return None;
    }
    let found = RULES.passed.iter().find(is_of)?;
    Some(&found.names)
}

/// The statements of AWS's policy for a role with the names that services have in a partition.
pub fn localize(statements: &mut [RefStatement], role: &str, partition: &str) -> bool {
    let mut is_changed = false;
    let conditions = statements.iter_mut().flat_map(|s| &mut s.conditions);
    for condition in conditions.filter(|c| c.key.eq_ignore_ascii_case("iam:PassedToService")) {
        let mut values: Vec<String> = Vec::new();
        for value in &condition.values {
            let one = std::slice::from_ref(value);
            for name in passed_as(role, partition, value).unwrap_or(one) {
                if !values.contains(name) {
                    values.push(name.clone());
                }
            }
        }
        if values != condition.values && !values.is_empty() {
            condition.values = values;
            is_changed = true;
        }
    }
    is_changed
}

impl Reference {
    /// The reference with the names that services have in a partition.
    #[must_use]
    pub fn in_partition(&self, partition: Option<&str>) -> Cow<'_, Reference> {
        let Some((role, partition)) = self.role.as_deref().zip(partition) else {
            return Cow::Borrowed(self);
        };
        let mut statements = self.statements.clone();
        if !localize(&mut statements, role, partition) {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Reference {
            statements,
            ..self.clone()
        })
    }
}
