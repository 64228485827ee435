//! The data of `rules/` as the build script embeds it.
#![expect(
    clippy::unreadable_literal,
    reason = "places in a file, written by the build script"
)]

use super::Release;

/// A text of the large tables, by its bytes in the file that holds them all. A reference would do, but those
/// of a program are worked out anew at every start.
#[derive(Clone, Copy)]
pub(super) struct Text {
    start: u32,
    end: u32,
}

impl Text {
    pub(super) fn get(self) -> &'static str {
        let all = include_str!(concat!(env!("OUT_DIR"), "/texts.txt"));
        let range = self.start as usize..self.end as usize;
        all.get(range).unwrap_or_default()
    }
}

/// The schedulers that a text is for: an index into [`SCHEDULER_LISTS`].
#[derive(Clone, Copy)]
pub(super) struct Schedulers(u8);

impl Schedulers {
    /// Empty for all of them.
    pub(super) fn list(self) -> &'static [&'static str] {
        let list = SCHEDULER_LISTS.get(usize::from(self.0));
        list.copied().unwrap_or_default()
    }

    pub(super) fn include(self, scheduler: &str) -> bool {
        let list = self.list();
        list.is_empty() || list.contains(&scheduler)
    }
}

/// One policy text for one role and one range of releases. The text is parsed only when it is selected.
pub(super) struct PackEntry {
    /// The file of the policy: `instance/traditional-2.4.1`.
    pub(super) id: Text,
    /// e.g. `instance`.
    pub(super) role: Text,
    /// The part of the role's policies: `traditional`, `base`, `fsx`.
    pub(super) part: Text,
    /// The feature that needs all of it.
    pub(super) feature: Option<Text>,
    pub(super) schedulers: Schedulers,
    pub(super) first: Release,
    pub(super) last: Release,
    /// `documented`, `published-template`, `api-template`, `aws-tested` or `generated`.
    pub(super) kind: Text,
    pub(super) source: Text,
    pub(super) json: Text,
}

/// Something missing from the documented policies.
pub(super) struct ErratumEntry {
    pub(super) role: Text,
    pub(super) schedulers: Schedulers,
    pub(super) feature: Option<Text>,
    pub(super) first: Release,
    pub(super) last: Release,
    pub(super) json: Text,
}

/// Resources of a policy that name the cluster.
pub(super) struct NameVote {
    /// Service and resource part: `dynamodb:table/parallelcluster-${Cluster}`.
    pub(super) resources: &'static [&'static str],
    /// Empty for all.
    pub(super) roles: &'static [&'static str],
    pub(super) first: Release,
    pub(super) last: Release,
}

/// A placeholder whose value follows from the name of the cluster.
pub(super) struct NameDerived {
    pub(super) name: &'static str,
    pub(super) value: &'static str,
    pub(super) first: Release,
    pub(super) last: Release,
}

/// A condition key whose value in the requests for some actions is the name of the cluster.
pub(super) struct NameTag {
    pub(super) key: &'static str,
    /// With `${Cluster}` for the name of the cluster.
    pub(super) value: &'static str,
    pub(super) roles: &'static [&'static str],
    pub(super) actions: &'static [&'static str],
    pub(super) first: Release,
    pub(super) last: Release,
}

/// A resource of the reference that is enough in a narrower form for one cluster.
pub(super) struct Narrowing {
    pub(super) of: &'static str,
    /// Empty for all, as are the next two.
    pub(super) roles: &'static [&'static str],
    pub(super) schedulers: &'static [&'static str],
    pub(super) actions: &'static [&'static str],
    pub(super) first: Release,
    pub(super) last: Release,
    /// The labels of a cluster configuration; empty for all clusters.
    pub(super) when: &'static str,
    /// The features of clusters that it is not for.
    pub(super) unless: &'static [&'static str],
    /// Whether it is only for clusters without a configuration.
    pub(super) unconfigured: bool,
    /// The names are not among those that the resource stands for: what covers it is not enough.
    pub(super) elsewhere: bool,
    /// One form of each is enough.
    pub(super) to: &'static [&'static [&'static str]],
}

pub(super) struct RoleEntry {
    pub(super) name: &'static str,
    /// Completes "the policies of …".
    pub(super) title: &'static str,
    /// The principal of the role; empty if it may be an IAM user or any role.
    pub(super) principal: &'static str,
    pub(super) aliases: &'static [&'static str],
    /// Actions that roles of the kind have, whatever they are for.
    pub(super) common: &'static [&'static str],
}

/// Known values of condition keys, by the principal of the policy.
pub(super) struct PrincipalKeyEntry {
    /// The principal; `any` for all.
    pub(super) principals: &'static [&'static str],
    /// In lower case; one that ends in `:` stands for all keys with that prefix.
    pub(super) keys: &'static [&'static str],
    pub(super) value: PrincipalValue,
    /// The services whose actions it is limited to; empty for all of them.
    pub(super) services: &'static [&'static str],
}

/// The known value of such a key.
#[derive(Clone, Copy, Debug)]
pub enum PrincipalValue {
    /// No request has it.
    Absent,
    /// Every request has it.
    Present,
    /// It has one value, like this pattern with `${Partition}`, `${Region}` and `${Account}`.
    Like(&'static str),
}

pub(super) struct FeatureEntry {
    pub(super) name: &'static str,
    /// Completes "needed only with …".
    pub(super) title: &'static str,
    /// The setting in a cluster configuration that turns it on.
    pub(super) meaning: &'static str,
    /// The first release whose clusters can have it; `None` for all.
    pub(super) first: Option<Release>,
    /// Features of a group exclude each other, and a cluster has one of them.
    pub(super) group: Option<&'static str>,
    /// Schedulers and first release with which a cluster has it unless its configuration says otherwise.
    pub(super) default: Option<(&'static [&'static str], Release)>,
    /// The name of the AWS managed policy that nodes need for it.
    pub(super) managed_policy: Option<&'static str>,
}

include!(concat!(env!("OUT_DIR"), "/reference.rs"));
