//! The principal of the policies, as far as the input says who it is: its kind and its ARN.

use crate::diff::context::TAG;
use crate::matcher::condition::fold_key;
use crate::parser::Tags;
use crate::reference::Principal;

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
        let Some(arn) = self.arn.as_ref().or(configured) else {
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
