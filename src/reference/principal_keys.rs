//! Known values of condition keys, by the principal of the policy: `rules/principals.toml`.

use super::data::{PRINCIPAL_KEYS, ROLES};

pub use super::data::PrincipalValue;

/// Whether a condition key (folded) comes with the requests of some principals, whatever the action.
pub fn comes_with_principal(key: &str) -> bool {
    PRINCIPAL_KEYS.iter().any(|entry| entry.keys.contains(&key))
}

/// Whether roles of the kind of a role of `rules/roles.toml` have an action whatever they are for.
pub fn is_common(role: &str, action: &str) -> bool {
    let mut roles = ROLES.iter().filter(|r| r.name == role);
    roles.any(|r| r.common.iter().any(|a| a.eq_ignore_ascii_case(action)))
}

/// The principal of the requests of a policy.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Principal {
    /// An IAM user or any role.
    #[default]
    Any,
    /// A kind of role: `instance`, `function`; `service` for another role that only services of AWS assume, `role` where
    /// nothing else is known. Or an IAM user: `user`.
    Of(&'static str),
}

impl Principal {
    /// The principal of a role of `rules/roles.toml`.
    pub fn of_role(role: &str) -> Self {
        let own = ROLES.iter().find(|r| r.name == role);
        match own.map_or("", |r| r.principal) {
            "" => Principal::Any,
            principal => Principal::Of(principal),
        }
    }

    /// The description of the kind for a message: completes "the requests of …".
    pub fn title(self) -> &'static str {
        match self {
            Principal::Of("instance") => "a role of EC2 instances",
            Principal::Of("function") => "a role of Lambda functions",
            Principal::Of("service") => "a role that AWS services assume",
            Principal::Of("role") => "a role",
            Principal::Of("user") => "an IAM user",
            Principal::Of(_) | Principal::Any => "a user or role",
        }
    }

    /// The known values of a condition key (folded) in its requests for the actions of a service, or for any action.
    pub fn key(self, key: &str, service: Option<&str>) -> Option<PrincipalValue> {
        let named = |names: &[&str]| match self {
            Principal::Any => names.contains(&"any"),
            Principal::Of(name) => names.contains(&name),
        };
        let is_it =
            |listed: &&&str| **listed == key || listed.ends_with(':') && key.starts_with(**listed);
        let entries = || {
            PRINCIPAL_KEYS.iter().filter(|entry| {
                let services = entry.services;
                let here = services.is_empty() || service.is_some_and(|s| services.contains(&s));
                here && entry.keys.iter().any(|listed| is_it(&listed))
            })
        };
        let own = entries().find(|entry| named(entry.principals));
        let own = own.or_else(|| entries().find(|entry| entry.principals.contains(&"any")));
        own.map(|entry| entry.value)
    }
}
