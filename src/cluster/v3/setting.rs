//! Settings that decide the policies that `ParallelCluster` generates: labels, and values of placeholders.

use std::collections::BTreeSet;

use super::Reader;
use crate::cluster::fact::object;
use crate::parser::yaml::Id;

/// Settings collected node by node.
#[derive(Default)]
pub(super) struct Nodes {
    /// The scripts of each queue on S3.
    queue_scripts: Vec<BTreeSet<String>>,
    /// The buckets that each queue reads and writes.
    queue_reads: Vec<BTreeSet<String>>,
    queue_writes: Vec<BTreeSet<String>>,
    /// Whether some queue has a role that `ParallelCluster` makes.
    default_role: bool,
    /// Whether some node, queue or pool has one.
    pub(super) makes_roles: bool,
    login_scripts: Vec<BTreeSet<String>>,
    policies: BTreeSet<String>,
    /// Whether `ParallelCluster` makes security groups for some node.
    pub(super) makes_groups: bool,
    /// Whether `ParallelCluster` makes the instance profile of some node.
    pub(super) makes_profiles: bool,
}

/// The intersection of sets.
fn common(sets: &[BTreeSet<String>]) -> BTreeSet<String> {
    let mut sets = sets.iter();
    let first = sets.next().cloned().unwrap_or_default();
    sets.fold(first, |all, set| all.intersection(set).cloned().collect())
}

impl Reader<'_> {
    /// The scripts on S3 that a node fetches.
    fn scripts(&mut self, node: Id, role: &'static str) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        let Some((_, actions)) = self.map(node, "CustomActions") else {
            return all;
        };
        for name in ["OnNodeStart", "OnNodeConfigured", "OnNodeUpdated"] {
            if self.tree.get(actions, name).is_none() {
                continue;
            }
            let Some((_, hook)) = self.map(actions, name) else {
                continue;
            };
            if name == "OnNodeUpdated" {
                let place = self.tree.span(hook);
                self.facts.on_for("update-scripts", role, place);
            }
            let script = self.text(hook, "Script");
            all.extend(script.and_then(|s| object(&s.value.value)));
            for step in self.maps(hook, "Sequence") {
                let script = self.text(step, "Script");
                all.extend(script.and_then(|s| object(&s.value.value)));
            }
        }
        all
    }

    /// The settings of one node, queue or pool.
    pub(super) fn node_setting(&mut self, node: Id, role: &'static str) {
        let scripts = self.scripts(node, role);
        match role {
            "head-node" => {
                for script in scripts {
                    self.facts.label("head-script-s3");
                    self.facts.setting("HeadScripts", script);
                }
            }
            "compute-node" => self.nodes.queue_scripts.push(scripts),
            _ => self.nodes.login_scripts.push(scripts),
        }
        let iam = self.map(node, "Iam").map(|(_, iam)| iam);
        let given = iam.and_then(|iam| self.text(iam, "InstanceRole"));
        let profile = iam.and_then(|iam| self.text(iam, "InstanceProfile"));
        self.groups_of(node);
        self.nodes.makes_profiles |= profile.is_none();
        match (&given, &profile) {
            (Some(given), _) => {
                let arn = given.value.value.clone();
                if role == "compute-node" {
                    self.facts.setting("PassedRoles", arn.clone());
                }
                self.facts.label("custom-role");
                self.facts.setting("CustomRoles", arn);
            }
            // The file does not name the role of a profile.
            (None, Some(_)) if role == "compute-node" => {
                let any = "arn:${Partition}:iam::${Account}:role/${ProfileRole}";
                self.facts.setting("PassedRoles", any);
            }
            (None, Some(_)) => {}
            (None, None) => self.nodes.default_role |= role == "compute-node",
        }
        self.nodes.makes_roles |= given.is_none() && profile.is_none();
        if profile.is_some() {
            self.facts.label("own-profile");
        }
        if role == "compute-node" {
            self.nodes.queue_reads.push(BTreeSet::new());
            self.nodes.queue_writes.push(BTreeSet::new());
        }
        let Some(iam) = iam else { return };
        for policy in self.maps(iam, "AdditionalIamPolicies") {
            if given.is_none()
                && profile.is_none()
                && let Some(policy) = self.text(policy, "Policy")
            {
                self.nodes.policies.insert(policy.value.value);
            }
        }
        for access in self.maps(iam, "S3Access") {
            let Some(bucket) = self.text(access, "BucketName") else {
                continue;
            };
            let bucket = bucket.value.value;
            let key = self.text(access, "KeyName").map(|k| k.value.value);
            let writes = self.boolean(access, "EnableWriteAccess");
            let writes = writes.is_some_and(|w| w.value);
            let arn = |rest: &str| format!("arn:${{Partition}}:s3:::{bucket}{rest}");
            let arns = match key {
                Some(key) => vec![arn(&format!("/{key}"))],
                None => vec![arn(""), arn("/*")],
            };
            match role {
                "head-node" => {
                    let (label, name) = if writes {
                        ("head-s3-write", "HeadS3Write")
                    } else {
                        ("head-s3-read", "HeadS3Read")
                    };
                    self.facts.label(label);
                    for arn in arns {
                        self.facts.setting(name, arn);
                    }
                }
                "compute-node" => {
                    let of = if writes {
                        self.nodes.queue_writes.last_mut()
                    } else {
                        self.nodes.queue_reads.last_mut()
                    };
                    if let Some(of) = of {
                        of.extend(arns);
                    }
                }
                _ => {}
            }
        }
    }

    /// The buckets of all queues, and those of only some.
    fn queue_access(&mut self) {
        let reads = std::mem::take(&mut self.nodes.queue_reads);
        let writes = std::mem::take(&mut self.nodes.queue_writes);
        for (of, all, some) in [
            (
                reads,
                ("queue-s3-read", "QueueS3Read"),
                ("some-queue-s3-read", "SomeQueueS3Read"),
            ),
            (
                writes,
                ("queue-s3-write", "QueueS3Write"),
                ("some-queue-s3-write", "SomeQueueS3Write"),
            ),
        ] {
            let shared = common(&of);
            let any: BTreeSet<String> = of.into_iter().flatten().collect();
            for arn in any {
                let (label, name) = if shared.contains(&arn) { all } else { some };
                self.facts.label(label);
                self.facts.setting(name, arn);
            }
        }
    }

    /// The settings of the whole configuration, after its nodes are read.
    pub(super) fn settle(&mut self, root: Id) {
        match self.facts.is_slurm() {
            Some(true) => self.facts.label("slurm"),
            Some(false) => self.facts.label("awsbatch"),
            None => {}
        }
        self.queue_access();
        for script in common(&self.nodes.queue_scripts) {
            self.facts.label("queue-script-s3");
            self.facts.setting("QueueScripts", script);
        }
        for script in common(&self.nodes.login_scripts) {
            self.facts.label("login-script-s3");
            self.facts.setting("LoginScripts", script);
        }
        let policies = std::mem::take(&mut self.nodes.policies);
        for policy in policies {
            self.facts.label("additional-policies");
            self.facts.setting("AdditionalIamPolicies", policy);
        }
        let iam = self.map(root, "Iam").map(|(_, iam)| iam);
        let roles = iam.and_then(|iam| self.map(iam, "Roles"));
        if let Some(role) = roles.and_then(|(_, roles)| self.text(roles, "LambdaFunctionsRole")) {
            self.facts.label("lambda-role");
            self.facts.setting("LambdaFunctionsRole", role.value.value);
        }
        let prefix = iam.and_then(|iam| self.text(iam, "ResourcePrefix"));
        let names = prefix.as_ref().map(|prefix| {
            let text = &prefix.value.value;
            text.rsplit_once('/')
                .map_or(text.as_str(), |(_, name)| name)
        });
        // The roles of the functions are in the folder itself.
        let of_functions = names.filter(|name| !name.is_empty());
        let of_nodes = of_functions.unwrap_or_default().to_owned();
        let of_functions = of_functions.unwrap_or("${Cluster}-").to_owned();
        let folder = prefix.and_then(|prefix| {
            let (path, _) = prefix.value.value.rsplit_once('/')?;
            let path = path.trim_matches('/').to_owned();
            (!path.is_empty()).then_some(path)
        });
        if folder.is_some() || !of_nodes.is_empty() {
            self.facts.label("resource-prefix");
            self.facts.setting("FunctionRoles", of_functions);
        }
        let folder = folder.unwrap_or_else(|| "parallelcluster".to_owned());
        if self.nodes.default_role {
            let arn = format!(
                "arn:${{Partition}}:iam::${{Account}}:role/{folder}/${{Cluster}}/{of_nodes}*"
            );
            self.facts.setting("PassedRoles", arn);
        } else {
            self.facts.no_setting("PassedRoles");
        }
        self.facts
            .setting("RolePath", format!("{folder}/${{Cluster}}"));
        self.facts.setting("RoleFolder", folder);
        self.facts.setting("RoleNames", of_nodes);
        self.resources(root);
        self.facts.no_setting("KeyName");
        self.label_given();
    }

    fn resources(&mut self, root: Id) {
        for name in [
            "KeyName",
            "ComputeSubnetId",
            "ImageId",
            "HostedZoneId",
            "CapacityReservationId",
            "CapacityReservationResourceGroupArns",
            "SlurmDbPasswordSecretArn",
            "DirectoryPasswordSecretArn",
            "MungeKeySecretArn",
            "EfsFileSystemId",
        ] {
            self.facts.share(name);
        }
        if let Some(bucket) = self.text(root, "CustomS3Bucket") {
            self.facts.label("own-bucket");
            self.facts.setting("Bucket", bucket.value.value);
        }
        for name in self.facts.names("QueueNames") {
            self.facts.setting("QueueName", name);
        }
        for (name, label) in [
            ("CapacityReservationId", "cr-id"),
            ("CapacityReservationResourceGroupArns", "cr-group"),
            ("MungeKeySecretArn", "munge"),
            ("SlurmDbPasswordSecretArn", "database"),
        ] {
            if !self.facts.names(name).is_empty() {
                self.facts.label(label);
            }
        }
        for secret in self.facts.names("DirectoryPasswordSecretArn") {
            self.facts.label(if secret.contains(":ssm:") {
                "directory-ssm"
            } else {
                "directory-secret"
            });
        }
        for (feature, label) in [
            ("efs-iam-authorization", "efs-iam"),
            ("login-nodes", "login"),
        ] {
            if self.facts.is_on(feature) {
                self.facts.label(label);
            }
        }
        for (feature, label) in [
            ("cloudwatch-logs", "no-logs"),
            ("cloudwatch-dashboard", "no-dashboard"),
        ] {
            if self.facts.is_off(feature) {
                self.facts.label(label);
            }
        }
        if self.facts.is_off("route53-hosted-zone") {
            self.facts.label("no-dns");
        }
        if let Some((_, scheduling)) = self.map(root, "Scheduling")
            && let Some((_, settings)) = self.map(scheduling, "SlurmSettings")
            && let Some((_, dns)) = self.map(settings, "Dns")
            && self
                .boolean(dns, "UseEc2Hostnames")
                .is_some_and(|b| b.value)
        {
            self.facts.label("ec2-hostnames");
        }
        if let Some((_, deployment)) = self.map(root, "DeploymentSettings")
            && self.map(deployment, "LambdaFunctionsVpcConfig").is_some()
        {
            self.facts.label("lambda-vpc");
        }
        if let Some((_, dev)) = self.map(root, "DevSettings")
            && let Some((_, cookbook)) = self.map(dev, "Cookbook")
            && let Some(chef) = self.text(cookbook, "ChefCookbook")
            && let Some(object) = object(&chef.value.value)
        {
            self.facts.label("cookbook-s3");
            if let Some((bucket, _)) = object.split_once('/') {
                self.facts.setting("CookbookBucket", bucket);
            }
            self.facts.setting("CookbookObject", object);
        }
        self.capacity(root);
        for storage in self.maps(root, "SharedStorage") {
            let kind = self.text(storage, "StorageType");
            match kind.as_ref().map(|k| k.value.value.as_str()) {
                Some(kind @ ("FsxLustre" | "Efs" | "Ebs")) => {
                    if kind == "Ebs" {
                        self.facts.label("ebs");
                    }
                    let (settings, existing, label) = match kind {
                        "Efs" => ("EfsSettings", "FileSystemId", "efs-managed"),
                        "Ebs" => ("EbsSettings", "VolumeId", "ebs-managed"),
                        _ => ("FsxLustreSettings", "FileSystemId", "fsx-lustre"),
                    };
                    let settings = self.map(storage, settings).map(|(_, map)| map);
                    let existing = settings.and_then(|map| self.text(map, existing));
                    if existing.is_some() {
                        continue;
                    }
                    self.facts.label(label);
                    if kind == "FsxLustre" {
                        let backup = settings.and_then(|map| self.text(map, "BackupId"));
                        let of_backup = backup.is_some();
                        self.facts
                            .label(if of_backup { "fsx-backup" } else { "fsx-new" });
                    }
                }
                Some("FsxOntap") => self.facts.label("fsx-ontap"),
                Some("FsxOpenZfs") => self.facts.label("fsx-openzfs"),
                _ => {}
            }
        }
    }

    /// The queues' settings of instance types, Spot instances and placement groups.
    fn capacity(&mut self, root: Id) {
        let Some((_, scheduling)) = self.map(root, "Scheduling") else {
            return;
        };
        let queues = self.maps(scheduling, "SlurmQueues");
        if queues.is_empty() {
            self.facts.label("several-types");
        }
        for queue in queues {
            let capacity = self.text(queue, "CapacityType");
            if capacity.is_some_and(|c| c.value.value.eq_ignore_ascii_case("SPOT")) {
                self.facts.label("spot");
            }
            let resources = self.maps(queue, "ComputeResources");
            let has_types = |resource: &Id| self.tree.get(*resource, "Instances").is_some();
            if resources.iter().any(has_types) {
                self.facts.label("several-types");
            }
            for node in std::iter::once(queue).chain(resources) {
                if let Some((_, networking)) = self.map(node, "Networking")
                    && let Some((_, group)) = self.map(networking, "PlacementGroup")
                {
                    if self.boolean(group, "Enabled").is_some_and(|e| e.value) {
                        self.facts.label("placement");
                        self.facts.label("in-placement-group");
                    }
                    let is_named = |key: &str| self.tree.get(group, key).is_some();
                    if ["Id", "Name"].into_iter().any(is_named) {
                        self.facts.label("in-placement-group");
                    }
                }
            }
        }
    }
}
