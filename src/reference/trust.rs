//! Who may assume a role, from `rules/trust.toml`. Read only where a file has a trust policy.

use std::sync::LazyLock;

use serde::Deserialize;

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/trust.json"))).unwrap_or_default()
});

#[derive(Default, Deserialize)]
struct Rules {
    #[serde(rename = "service")]
    services: Vec<TrustService>,
    #[serde(rename = "key")]
    keys: Vec<TrustKey>,
    #[serde(rename = "provider")]
    providers: Vec<Provider>,
    audience: Audience,
}

#[derive(Default, Deserialize)]
struct Audience {
    common: Vec<String>,
}

/// The service that assumes the roles of a principal.
#[derive(Debug, Deserialize)]
pub struct TrustService {
    principal: String,
    /// `Amazon EC2`
    pub title: String,
    /// `ec2.amazonaws.com`
    pub name: String,
    /// Its name in China, where that is another one.
    pub china: Option<String>,
    /// The consequence where it cannot assume the role.
    pub failure: String,
}

impl TrustService {
    /// Its name in a partition.
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
    /// The end of the name of the organization.
    pub until: String,
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
