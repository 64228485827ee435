//! Condition keys by name: AWS's global ones, which the catalogue does not list, and those of one service.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use std::ops::Range;

use super::{Catalog, ConditionKeyType};
use crate::matcher::condition::fold_key;
use crate::nearest::nearest;

/// AWS's global keys, sorted in any case; those that end in `/` are followed by the key of a tag. Keys and types are those
/// of AWS's page; `aws:SourceOwner` is not on it any more, and topics of SNS still have it;
/// `aws:PrincipalOrgMasterAccountId` is in AWS's own managed policy `AWSSSOServiceRolePolicy`. For keys with two types
/// (`aws:EpochTime`: a date or a number; `aws:FederatedProvider`: a text or an ARN) the first is listed here.
const GLOBAL: [(&str, ConditionKeyType); 54] = {
    use ConditionKeyType as T;
    [
        ("aws:AssumedRoot", T::Bool),
        ("aws:CalledVia", T::ArrayOfString),
        ("aws:CalledViaAWSMCP", T::String),
        ("aws:CalledViaFirst", T::String),
        ("aws:CalledViaLast", T::String),
        ("aws:ChatbotSourceArn", T::Arn),
        ("aws:CurrentTime", T::Date),
        ("aws:Ec2InstanceSourcePrivateIPv4", T::IpAddress),
        ("aws:Ec2InstanceSourceVpc", T::String),
        ("aws:EpochTime", T::Date),
        ("aws:FederatedProvider", T::String),
        ("aws:IsMcpServiceAction", T::Bool),
        ("aws:MultiFactorAuthAge", T::Numeric),
        ("aws:MultiFactorAuthPresent", T::Bool),
        ("aws:PrincipalAccount", T::String),
        ("aws:PrincipalArn", T::Arn),
        ("aws:PrincipalIsAWSService", T::Bool),
        ("aws:PrincipalOrgID", T::String),
        ("aws:PrincipalOrgMasterAccountId", T::String),
        ("aws:PrincipalOrgPaths", T::ArrayOfString),
        ("aws:PrincipalServiceName", T::String),
        ("aws:PrincipalServiceNamesList", T::ArrayOfString),
        ("aws:PrincipalTag/", T::String),
        ("aws:PrincipalType", T::String),
        ("aws:referer", T::String),
        ("aws:RequestedRegion", T::String),
        ("aws:RequestTag/", T::String),
        ("aws:ResourceAccount", T::String),
        ("aws:ResourceOrgID", T::String),
        ("aws:ResourceOrgPaths", T::ArrayOfString),
        ("aws:ResourceTag/", T::String),
        ("aws:SecureTransport", T::Bool),
        ("aws:SignInSessionArn", T::Arn),
        ("aws:SourceAccount", T::String),
        ("aws:SourceArn", T::Arn),
        ("aws:SourceIdentity", T::String),
        ("aws:SourceIp", T::IpAddress),
        ("aws:SourceOrgID", T::String),
        ("aws:SourceOrgPaths", T::ArrayOfString),
        ("aws:SourceOwner", T::String),
        ("aws:SourceVpc", T::String),
        ("aws:SourceVpcArn", T::Arn),
        ("aws:SourceVpce", T::String),
        ("aws:TagKeys", T::ArrayOfString),
        ("aws:TokenIssueTime", T::Date),
        ("aws:UserAgent", T::String),
        ("aws:userid", T::String),
        ("aws:username", T::String),
        ("aws:ViaAWSMCPService", T::Bool),
        ("aws:ViaAWSService", T::Bool),
        ("aws:VpceAccount", T::String),
        ("aws:VpceOrgID", T::String),
        ("aws:VpceOrgPaths", T::ArrayOfString),
        ("aws:VpcSourceIp", T::IpAddress),
    ]
};

/// The values of global keys that have few. `Anonymous` signs no request.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html> (principal key values)
const LISTED: [(&str, &[&str]); 1] = [(
    "aws:principaltype",
    &["AssumedRole", "User", "FederatedUser", "Account"],
)];

/// The values that a condition key (folded) can have, where they are few; none for other keys.
pub fn values_of_key(key: &str) -> &'static [&'static str] {
    let found = LISTED.iter().find(|(listed, _)| *listed == key);
    found.map_or(&[], |(_, values)| values)
}

/// The known type of a condition key, by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KnownKey {
    /// The key exists and holds values of this type.
    Type(ConditionKeyType),
    /// The tags of something, without the `/` and the key of a tag.
    WithoutTag,
    /// The text has no `service:` before a name.
    WithoutService,
    /// `aws:` has no such key.
    NoGlobal,
    /// The service has no such key.
    NoneOfService,
    /// There is no such service.
    NoService,
    /// A key of an identity provider; no page lists them.
    Foreign,
}

impl Catalog {
    /// The known type of a condition key, in any case of letters.
    pub fn condition_key(&self, key: &str) -> KnownKey {
        let folded = fold_key(key);
        let Some((prefix, _)) = folded.split_once(':').filter(|(p, n)| {
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
        // A few services list keys under a prefix that is not a service: `catalog:ChangeType`.
        let Some(service) = self.service(prefix) else {
            return if self.lists_elsewhere(&folded) {
                KnownKey::Foreign
            } else {
                KnownKey::NoService
            };
        };
        let mut without_tag = false;
        for listed in service.condition_keys() {
            if matches(listed.name, &folded) {
                return KnownKey::Type(listed.kind);
            }
            if let Some(hole) = hole(listed.name) {
                let start = listed.name.get(..hole.start).unwrap_or_default();
                let bare = start.trim_end_matches(['/', ':']);
                let written = folded.trim_end_matches(['/', ':']);
                without_tag |= written.eq_ignore_ascii_case(bare);
            }
        }
        if without_tag {
            KnownKey::WithoutTag
        } else if self.lists_elsewhere(&folded) {
            KnownKey::Foreign
        } else {
            KnownKey::NoneOfService
        }
    }

    /// Whether requests may have more than one value of a condition key, in any case of letters. They may where no type
    /// is known.
    pub fn may_have_several(&self, key: &str) -> bool {
        match self.condition_key(key) {
            KnownKey::Type(kind) => kind.is_array(),
            _ => self
                .kind_elsewhere(&fold_key(key))
                .is_none_or(ConditionKeyType::is_array),
        }
    }

    /// Whether another service lists a key of this one: `ec2:SourceInstanceARN`.
    fn lists_elsewhere(&self, folded: &str) -> bool {
        self.kind_elsewhere(folded).is_some()
    }

    /// The type of a key that a service lists under a prefix that is not its own: AWS STS has the keys of identity
    /// providers.
    fn kind_elsewhere(&self, folded: &str) -> Option<ConditionKeyType> {
        let foreign = self.foreign_keys.get_or_init(|| {
            let services = self.services();
            let keys = services.flat_map(|s| s.condition_keys().map(move |k| (s, k)));
            let others = keys.filter(|(service, key)| {
                let prefix = key.name.split(':').next().unwrap_or_default();
                prefix != "aws" && !prefix.eq_ignore_ascii_case(service.prefix())
            });
            others.map(|(_, k)| (k.name.to_owned(), k.kind)).collect()
        });
        let mut foreign = foreign.iter();
        let listed = foreign.find(|(key, _)| matches(key, folded));
        listed.map(|(_, kind)| *kind)
    }
}

/// Words that the catalogue writes in place of the key of a tag.
const TAG_KEY: &str = "tag-key";

/// The first placeholder of a listed key. The catalogue writes `${TagKey}`, `<key>`, `tag-key` as the last word, or
/// nothing after the last `/`.
fn hole(listed: &str) -> Option<Range<usize>> {
    let between = |open: &str, close: char| {
        let start = listed.find(open)?;
        let length = listed.get(start..)?.find(close)?;
        Some(start..start + length + 1)
    };
    let marked = [between("${", '}'), between("<", '>')];
    let first = marked.into_iter().flatten().min_by_key(|r| r.start);
    first.or_else(|| {
        let start = listed.strip_suffix(TAG_KEY).unwrap_or(listed).len();
        let is_last = listed.get(..start).is_some_and(|rest| rest.ends_with('/'));
        is_last.then_some(start..listed.len())
    })
}

/// Whether a key (folded, see [`fold_key`]) is one that the catalogue lists, its placeholders filled with any text.
pub(super) fn matches(listed: &str, key: &str) -> bool {
    // Most keys differ in their first letters, which no placeholder fills.
    let begins = listed
        .bytes()
        .take_while(|b| !matches!(b, b'$' | b'<' | b'/'));
    if !begins
        .zip(key.bytes())
        .all(|(a, b)| a.eq_ignore_ascii_case(&b))
    {
        return false;
    }
    let Some(hole) = hole(listed) else {
        return listed.eq_ignore_ascii_case(key);
    };
    let start = listed.get(..hole.start).unwrap_or_default();
    let rest = listed.get(hole.end..).unwrap_or_default();
    let Some((head, filled)) = key.split_at_checked(start.len()) else {
        return false;
    };
    if !head.eq_ignore_ascii_case(start) || filled.is_empty() {
        return false;
    }
    if rest.is_empty() {
        return true;
    }
    // The text that fills a placeholder is not empty, and any part of the key may be it.
    let ends = filled.char_indices().skip(1);
    { ends }.any(|(at, _)| filled.get(at..).is_some_and(|after| matches(rest, after)))
}

/// The global key that a misspelled one probably means.
pub fn suggest_global(written: &str) -> Option<&'static str> {
    let keys = GLOBAL.iter().filter(|(key, _)| !key.ends_with('/'));
    let most = |key: &str| key.len().saturating_sub("aws:".len()) / 4;
    nearest(written, keys.map(|(key, _)| (*key, *key)), most)
}

fn global(folded: &str) -> KnownKey {
    let (name, tag) = match folded.split_once('/') {
        Some((name, tag)) => (name, Some(tag)),
        None => (folded, None),
    };
    let mut keys = GLOBAL.iter();
    let found = keys.find(|(key, _)| {
        let key = key.strip_suffix('/').unwrap_or(key);
        key.eq_ignore_ascii_case(name)
    });
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
    fn global_keys_are_sorted() {
        let folded = GLOBAL.map(|(key, _)| fold_key(key));
        assert!(folded.windows(2).all(|pair| pair[0] < pair[1]));
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
            ("aws:AssumedRoot", KnownKey::Type(T::Bool)),
            ("aws:ViaAWSMCPService", KnownKey::Type(T::Bool)),
            ("aws:VpcSourceIp", KnownKey::Type(T::IpAddress)),
            ("aws:SignInSessionArn", KnownKey::Type(T::Arn)),
            ("aws:RoleSessionName", KnownKey::NoGlobal),
            ("sts:RoleSessionName", KnownKey::Type(T::String)),
            ("glue:RoleAssumedBy", KnownKey::Type(T::String)),
            ("codebuild:ProjectArn", KnownKey::Type(T::Arn)),
            ("aws:ARN", KnownKey::NoGlobal),
            ("aws:TagKeys/x", KnownKey::NoGlobal),
            ("iam:NoSuchKey", KnownKey::NoneOfService),
            ("iamm:PassedToService", KnownKey::NoService),
            ("PassedToService", KnownKey::WithoutService),
            ("accounts.google.com:aud", KnownKey::Foreign),
            ("s3:ExistingObjectTag/team", KnownKey::Type(T::String)),
            ("s3:RequestObjectTag/Team", KnownKey::Type(T::String)),
            ("s3:ExistingObjectTag", KnownKey::WithoutTag),
            ("ssm:resourceTag/Name", KnownKey::Type(T::String)),
            ("secretsmanager:ResourceTag/team", KnownKey::Type(T::String)),
            (
                "elasticloadbalancing:ResourceTag/x",
                KnownKey::Type(T::String),
            ),
            (
                "kms:EncryptionContext:aws:s3:arn",
                KnownKey::Type(T::String),
            ),
            (
                "events:Metadata/a/Matcher",
                KnownKey::Type(T::ArrayOfString),
            ),
            ("catalog:ChangeType", KnownKey::Foreign),
            ("catalog:NoSuchKey", KnownKey::NoService),
        ] {
            assert_eq!(catalog.condition_key(key), known, "{key}");
        }
    }

    #[test]
    fn keys_with_several_values_are_known() {
        let catalog = Catalog::embedded();
        for (key, several) in [
            ("aws:TagKeys", true),
            ("aws:userid", false),
            ("saml:aud", false),
            ("saml:edupersonaffiliation", true),
            ("ec2:SourceInstanceARN", false),
            ("idp.example.com:groups", true),
        ] {
            assert_eq!(catalog.may_have_several(key), several, "{key}");
        }
    }
}
