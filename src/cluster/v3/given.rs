//! Resources that the configuration gives, so that `ParallelCluster` does not make them, and those that it asks for.

use super::Reader;
use crate::cluster::fact;
use crate::parser::yaml::Id;

impl Reader<'_> {
    /// The security groups of a node, a queue or a pool of login nodes.
    pub(super) fn groups_of(&mut self, node: Id) {
        let networking = self.map(node, "Networking");
        let given = networking.map(|(_, networking)| self.list(networking, "SecurityGroups"));
        self.nodes.makes_groups |= given.is_none_or(|groups| groups.is_empty());
    }

    /// The file system for the directories that `ParallelCluster` itself shares: a new EFS file system, or none.
    pub(super) fn internal_storage(&mut self, head: Id) {
        let kind = self.text(head, "SharedStorageType");
        if kind.is_some_and(|kind| kind.value.value.eq_ignore_ascii_case("efs")) {
            self.facts.label("shared-efs");
        }
    }

    /// The Elastic IP address of the head node: `true` for a new one, or the id of an existing one.
    pub(super) fn elastic_ip(&mut self, head: Id) {
        let Some((_, networking)) = self.map(head, "Networking") else {
            return;
        };
        let Some(address) = self.text(networking, "ElasticIp") else {
            return;
        };
        match fact::boolean(&address.value.value) {
            Some(false) => {}
            Some(true) => {
                self.facts.label("elastic-ip");
                self.facts.label("new-elastic-ip");
            }
            None => self.facts.label("elastic-ip"),
        }
    }

    /// The KMS key of a volume or file system that `ParallelCluster` makes. With that of a volume, the user creates it and
    /// the head node attaches it; what makes a file system with a key needs is not known in full.
    pub(super) fn storage_key(&mut self, storage: Id, kind: &str) {
        const FEATURE: &str = "encrypted-custom-ami";
        let (settings, existing) = match kind {
            "Ebs" => ("EbsSettings", "VolumeId"),
            "Efs" => ("EfsSettings", "FileSystemId"),
            "FsxLustre" => ("FsxLustreSettings", "FileSystemId"),
            _ => return,
        };
        let Some((_, settings)) = self.map(storage, settings) else {
            return;
        };
        if self.tree.get(settings, existing).is_some() {
            return;
        }
        let Some(key) = self.text(settings, "KmsKeyId") else {
            return;
        };
        if kind == "Ebs" {
            self.facts.on_for(FEATURE, "head-node", key.value.span);
        } else {
            self.facts.undecided(FEATURE, key.value.span);
            self.facts.label("file-system-key");
        }
        self.facts.kms_key(key.value);
    }

    /// Labels what the whole configuration gives, after its nodes and roles are read.
    pub(super) fn label_given(&mut self) {
        if !self.nodes.makes_groups {
            self.facts.label("own-groups");
        }
        if self.nodes.makes_roles {
            self.facts.label("node-roles");
        }
        if !self.nodes.makes_profiles {
            self.facts.label("own-profiles");
        }
        if self.facts.is_on("iam-restricted") {
            self.facts.label("own-roles");
        }
        if !self.facts.names("HostedZoneId").is_empty() {
            self.facts.label("own-zone");
        }
    }
}
