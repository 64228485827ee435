//! Condition keys by name: AWS's global ones, which the catalogue does not list, and those of one service.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use super::{Catalog, ConditionKeyType};
use crate::matcher::condition::fold_key;

/// AWS's global keys, folded, sorted; those that end in `/` are followed by the key of a tag.
const GLOBAL: [(&str, ConditionKeyType); 52] = {
    use ConditionKeyType as T;
    [
        ("aws:assumedroot", T::String),
        ("aws:calledvia", T::ArrayOfString),
        ("aws:calledviaawsmcp", T::String),
        ("aws:calledviafirst", T::String),
        ("aws:calledvialast", T::String),
        ("aws:chatbotsourcearn", T::Arn),
        ("aws:currenttime", T::Date),
        ("aws:ec2instancesourceprivateipv4", T::IpAddress),
        ("aws:ec2instancesourcevpc", T::String),
        ("aws:epochtime", T::Date),
        ("aws:federatedprovider", T::String),
        ("aws:ismcpserviceaction", T::Bool),
        ("aws:multifactorauthage", T::Numeric),
        ("aws:multifactorauthpresent", T::Bool),
        ("aws:principalaccount", T::String),
        ("aws:principalarn", T::Arn),
        ("aws:principalisawsservice", T::Bool),
        ("aws:principalorgid", T::String),
        ("aws:principalorgpaths", T::ArrayOfString),
        ("aws:principalservicename", T::String),
        ("aws:principalservicenameslist", T::ArrayOfString),
        ("aws:principaltag/", T::String),
        ("aws:principaltype", T::String),
        ("aws:referer", T::String),
        ("aws:requestedregion", T::String),
        ("aws:requesttag/", T::String),
        ("aws:resourceaccount", T::String),
        ("aws:resourceorgid", T::String),
        ("aws:resourceorgpaths", T::ArrayOfString),
        ("aws:resourcetag/", T::String),
        ("aws:rolesessionname", T::String),
        ("aws:securetransport", T::Bool),
        ("aws:signinsessionarn", T::Arn),
        ("aws:sourceaccount", T::String),
        ("aws:sourcearn", T::Arn),
        ("aws:sourceidentity", T::String),
        ("aws:sourceip", T::IpAddress),
        ("aws:sourceorgid", T::String),
        ("aws:sourceorgpaths", T::ArrayOfString),
        ("aws:sourceowner", T::String),
        ("aws:sourcevpc", T::String),
        ("aws:sourcevpcarn", T::Arn),
        ("aws:sourcevpce", T::String),
        ("aws:tagkeys", T::ArrayOfString),
        ("aws:tokenissuetime", T::Date),
        ("aws:useragent", T::String),
        ("aws:userid", T::String),
        ("aws:username", T::String),
        ("aws:viaawsservice", T::Bool),
        ("aws:vpceaccount", T::String),
        ("aws:vpceorgid", T::String),
        ("aws:vpceorgpaths", T::ArrayOfString),
    ]
};

/// What is known of a condition key by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KnownKey {
    /// It exists and holds values of this type.
    Type(ConditionKeyType),
    /// It stands for the tags of something and lacks the `/` and the key of a tag.
    WithoutTag,
    /// It has no `service:` before its name.
    WithoutService,
    /// `aws:` has no such key.
    NoGlobal,
    /// The service has no such key.
    NoneOfService,
    /// There is no such service.
    NoService,
    /// A key of an identity provider, which nobody lists.
    Foreign,
}

impl Catalog {
    /// What is known of a condition key, in any case.
    pub fn condition_key(&self, key: &str) -> KnownKey {
        let folded = fold_key(key);
        let Some((prefix, name)) = folded.split_once(':').filter(|(p, n)| {
            let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'/');
            !p.is_empty() && !n.is_empty() && p.bytes().all(word)
        }) else {
            return KnownKey::WithoutService;
        };
        if prefix == "aws" {
            return global(&folded);
        }
        // Keys of providers bear their host: `accounts.google.com:aud`.
        if prefix.contains(['.', '/']) || prefix == "saml" {
            return KnownKey::Foreign;
        }
        let Some(service) = self.service(prefix) else {
            return KnownKey::NoService;
        };
        let own_prefix = [prefix, ":"].concat();
        let mut without_tag = false;
        for listed in service.condition_keys() {
            let (start, template) = match listed.name.split_once("${") {
                Some((start, _)) => (start, true),
                None => (listed.name, false),
            };
            let start = fold_key(start);
            let own = start.split_once(':').map_or(start.as_str(), |(_, n)| n);
            if !start.starts_with(&own_prefix) {
                continue;
            }
            if template && name.len() > own.len() && name.starts_with(own)
                || !template && name == own
            {
                return KnownKey::Type(listed.kind);
            }
            without_tag |= template && own.trim_end_matches('/') == name.trim_end_matches('/');
        }
        if without_tag {
            KnownKey::WithoutTag
        } else if self.lists_elsewhere(&folded) {
            KnownKey::Foreign
        } else {
            KnownKey::NoneOfService
        }
    }

    /// Whether another service lists a key of this one: `ec2:SourceInstanceARN`.
    fn lists_elsewhere(&self, folded: &str) -> bool {
        let mut keys = self.services().flat_map(|s| s.condition_keys());
        keys.any(|key| match key.name.split_once("${") {
            Some((start, _)) => {
                let start = start.to_ascii_lowercase();
                folded.len() > start.len() && folded.starts_with(&start)
            }
            None => key.name.eq_ignore_ascii_case(folded),
        })
    }
}

fn global(folded: &str) -> KnownKey {
    let (name, tag) = match folded.split_once('/') {
        Some((name, tag)) => (name, Some(tag)),
        None => (folded, None),
    };
    let mut keys = GLOBAL.iter();
    let found = keys.find(|(key, _)| key.strip_suffix('/').unwrap_or(key) == name);
    match (found, tag) {
        (Some((key, kind)), Some(tag)) if key.ends_with('/') && !tag.is_empty() => {
            KnownKey::Type(*kind)
        }
        (Some((key, _)), _) if key.ends_with('/') => KnownKey::WithoutTag,
        (Some((_, kind)), None) => KnownKey::Type(*kind),
        _ => KnownKey::NoGlobal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn global_keys_are_sorted_and_folded() {
        assert!(GLOBAL.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(GLOBAL.iter().all(|(key, _)| fold_key(key) == *key));
    }

    #[test]
    fn keys_are_found_in_any_case() {
        use ConditionKeyType as T;
        let catalog = Catalog::embedded();
        for (key, known) in [
            ("aws:SourceIp", KnownKey::Type(T::IpAddress)),
            ("AWS:sourceip", KnownKey::Type(T::IpAddress)),
            ("aws:ResourceTag/team", KnownKey::Type(T::String)),
            ("aws:ResourceTag", KnownKey::WithoutTag),
            ("aws:ResourceTag/", KnownKey::WithoutTag),
            ("ec2:ResourceTag/a/b", KnownKey::Type(T::String)),
            ("ec2:ResourceTag", KnownKey::WithoutTag),
            ("iam:passedtoservice", KnownKey::Type(T::String)),
            ("aws:ARN", KnownKey::NoGlobal),
            ("aws:TagKeys/x", KnownKey::NoGlobal),
            ("iam:NoSuchKey", KnownKey::NoneOfService),
            ("iamm:PassedToService", KnownKey::NoService),
            ("PassedToService", KnownKey::WithoutService),
            ("accounts.google.com:aud", KnownKey::Foreign),
        ] {
            assert_eq!(catalog.condition_key(key), known, "{key}");
        }
    }
}
