//! The principal of the policies, as far as the input says who it is: its kind and its ARN.

use crate::diff::context::TAG;
use crate::matcher::condition::fold_key;
use crate::parser::{SourceId, Span, Tags};
use crate::reference::bindings::{Bindings, Dissent, PARTITIONS, is_account};
use crate::reference::{self, Principal};

/// A principal, as far as the input says which one it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Who {
    /// The kind of the principal: `role`, `service` or `user` of `rules/principals.toml`; `None` if the input does not
    /// show it.
    pub kind: Option<&'static str>,
    /// The ARN of the principal, with `*` for an unknown part, and `${Partition}` and `${Account}` for those of the
    /// run.
    pub arn: Option<String>,
    /// The same for the roles of the cluster that a configuration names.
    pub of_roles: Vec<(&'static str, String)>,
    /// The tags of the role.
    pub tags: Tags,
    /// The account of the principal, where its ARN is in the input.
    pub home: Option<Home>,
}

/// The account of a principal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Home {
    /// The partition of the account.
    pub partition: String,
    /// The account.
    pub account: String,
    /// The place that says so.
    pub place: (SourceId, Span),
}

impl Home {
    /// What an ARN says; `None` where it leaves the account or the partition open.
    pub fn of(arn: &str, place: (SourceId, Span)) -> Option<Self> {
        let mut fields = arn.split(':');
        let (first, partition) = (fields.next()?, fields.next()?);
        let account = fields.nth(2)?;
        let is_known = first == "arn" && PARTITIONS.contains(&partition) && is_account(account);
        is_known.then(|| Home {
            partition: partition.to_owned(),
            account: account.to_owned(),
            place,
        })
    }

    /// Its values by the names of placeholders.
    pub fn values(&self) -> [(&'static str, &str); 2] {
        [("Account", &self.account), ("Partition", &self.partition)]
    }

    /// The given values that are others.
    pub(super) fn dissents(&self, bindings: &Bindings) -> Vec<Dissent> {
        let (source, span) = self.place;
        let of = |(name, own): (&str, &str)| {
            let given = bindings.get(name).filter(|given| *given != "*")?;
            let is_other = reference::values(given).all(|value| value != own);
            is_other.then(|| Dissent {
                name: name.to_owned(),
                first: (given.to_owned(), source, span),
                other: (own.to_owned(), source, span),
            })
        };
        self.values().into_iter().filter_map(of).collect()
    }
}

impl Who {
    /// The kind of the principal, judged as a role of the cluster.
    pub(super) fn principal(&self, role: Option<&str>) -> Principal {
        match (role.map_or(Principal::Any, Principal::of_role), self.kind) {
            (Principal::Any, Some(kind)) => Principal::Of(kind),
            (principal, _) => principal,
        }
    }

    /// Values of condition keys (folded) in its requests, as in `rules/principals.toml`.
    pub(super) fn keys(&self, role: Option<&str>) -> Vec<(String, String)> {
        let mut keys = self.of_arn(role);
        let kind = match self.principal(role) {
            Principal::Of(kind) => kind,
            Principal::Any => "",
        };
        // The sessions of others may have tags of their own, which come before those of the role:
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
        if !["instance", "function", "service"].contains(&kind) {
            return keys;
        }
        // Values like these are patterns in the data.
        let is_plain = |(_, value): &&(String, String)| !value.contains(['*', '?', '$']);
        let plain = self.tags.known.iter().filter(is_plain);
        keys.extend(plain.map(|(key, value)| (format!("{TAG}{}", fold_key(key)), value.clone())));
        if self.tags.are_all && self.tags.known.iter().all(|tag| is_plain(&tag)) {
            keys.push((TAG.to_owned(), String::new()));
        }
        keys
    }

    /// Those that follow from the ARN.
    fn of_arn(&self, role: Option<&str>) -> Vec<(String, String)> {
        let mut of_role = { self.of_roles.iter() }.filter(|(named, _)| Some(*named) == role);
        let configured = of_role.next().map(|(_, arn)| arn);
        // A cluster may have several roles of one kind.
        let configured = configured.filter(|arn| of_role.all(|(_, other)| other == *arn));
        // The cluster configuration says more than a name that is not known in full.
        let own = self.arn.as_ref().filter(|arn| !is_open(arn));
        let Some(arn) = own.or(configured).or(self.arn.as_ref()) else {
            return Vec::new();
        };
        let mut keys = vec![("aws:principalarn".to_owned(), arn.clone())];
        let name = arn.rsplit_once('/').map(|(_, name)| name);
        // Whatever the path is, the ARN ends in the name.
        let name = name.map(|name| name.strip_prefix('*').unwrap_or(name));
        let is_name = |name: &&str| !name.is_empty() && !name.contains('*');
        if let Some(name) = { name.filter(is_name) }.filter(|_| arn.contains(":user/")) {
            keys.push(("aws:username".to_owned(), name.to_owned()));
        }
        keys
    }
}

/// Whether an ARN leaves the name of a role open.
fn is_open(arn: &str) -> bool {
    // A path that is not known is the first `*`.
    let name = arn.rsplit_once('/').map_or(arn, |(_, name)| name);
    let name = name.strip_prefix('*').unwrap_or(name);
    name.is_empty() || name.contains('*')
}
