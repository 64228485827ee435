//! The data of `rules/` as the build script embeds it.

use super::Release;

/// One policy text for one role and one range of releases. The text is parsed only when it is selected.
pub(super) struct PackEntry {
    /// Its file: `instance/traditional-2.4.1`.
    pub(super) id: &'static str,
    /// e.g. `instance`.
    pub(super) role: &'static str,
    /// Which part of the role's policies it is: `traditional`, `base`, `fsx`.
    pub(super) part: &'static str,
    /// The feature that needs all of it.
    pub(super) feature: Option<&'static str>,
    /// Empty for all of them.
    pub(super) schedulers: &'static [&'static str],
    pub(super) first: Release,
    pub(super) last: Release,
    /// `documented`, `published-template`, `api-template`, `aws-tested` or `generated`.
    pub(super) kind: &'static str,
    pub(super) source: &'static str,
    pub(super) json: &'static str,
}

/// Something that the documented policies lack.
pub(super) struct ErratumEntry {
    pub(super) role: &'static str,
    /// Empty for all of them.
    pub(super) schedulers: &'static [&'static str],
    pub(super) feature: Option<&'static str>,
    pub(super) first: Release,
    pub(super) last: Release,
    pub(super) json: &'static str,
}

pub(super) struct RoleEntry {
    pub(super) name: &'static str,
    /// Completes "the policies of …".
    pub(super) title: &'static str,
    pub(super) aliases: &'static [&'static str],
}

pub(super) struct FeatureEntry {
    pub(super) name: &'static str,
    /// Completes "needed only with …".
    pub(super) title: &'static str,
    /// What in a cluster's configuration turns it on.
    pub(super) meaning: &'static str,
    /// Features of a group exclude each other, and a cluster has one of them.
    pub(super) group: Option<&'static str>,
    /// Schedulers and first release with which a cluster has it unless its configuration says otherwise.
    pub(super) default: Option<(&'static [&'static str], Release)>,
}

include!(concat!(env!("OUT_DIR"), "/reference.rs"));
