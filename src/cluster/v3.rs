//! The configuration of `ParallelCluster` 3.x.
//!
//! <https://docs.aws.amazon.com/parallelcluster/latest/ug/cluster-configuration-file-v3.html>

mod given;
mod iam;
mod image;
mod setting;
mod typed_value;

use super::fact::Facts;
use super::{Cluster, ConfigProblem, Generation, WHAT_TO_GIVE};
use crate::nearest::nearest_word;
use crate::parser::yaml::{Id, Tree, Value};
use crate::parser::{Span, Spanned, shorten};
use typed_value::Text;

const SCHEDULERS: [&str; 2] = ["awsbatch", "slurm"];

/// The sections of a configuration; a file that has none of them is something else.
const SECTIONS: [&str; 16] = [
    "AdditionalPackages",
    "AdditionalResources",
    "CustomS3Bucket",
    "DeploymentSettings",
    "DevSettings",
    "DirectoryService",
    "HeadNode",
    "Iam",
    "Image",
    "Imds",
    "LoginNodes",
    "Monitoring",
    "Region",
    "Scheduling",
    "SharedStorage",
    "Tags",
];

/// Features that are off unless a key turns them on, and those that only 2.x has.
const OFF_BY_DEFAULT: [&str; 16] = [
    "additional-iam-policies",
    "capacity-reservation",
    "dcv",
    "directory-service",
    "efs",
    "efs-iam-authorization",
    "encrypted-custom-ami",
    "file-cache",
    "fsx",
    "fsx-s3",
    "login-nodes",
    "munge-key-secret",
    "own-instance-role",
    "s3-access",
    "slurm-accounting",
    "update-scripts",
];

/// Reads the cluster from the document.
pub(super) fn read(tree: &Tree<'_>) -> Result<Cluster, Vec<ConfigProblem>> {
    if let Some(problem) = foreign(tree) {
        return Err(vec![problem]);
    }
    let mut reader = Reader {
        tree,
        facts: Facts::new(Generation::V3),
        all_roles_given: true,
        nodes: setting::Nodes::default(),
    };
    if is_image(tree) {
        reader.facts.off("additional-iam-policies", None);
        reader.image_build(tree.root());
    } else {
        for feature in OFF_BY_DEFAULT {
            reader.facts.off(feature, None);
        }
        reader.cluster(tree.root());
    }
    if tree.is_exhausted() {
        return Err(vec![
            ConfigProblem::new(
                "the aliases of this file lead through too many values",
                tree.span(tree.root()),
            )
            .with_help("write the values out where they are used"),
        ]);
    }
    reader.facts.finish()
}

/// Whether a file is the configuration of an image.
fn is_image(tree: &Tree<'_>) -> bool {
    let root = tree.root();
    tree.get(root, "Build").is_some() && tree.get(root, "HeadNode").is_none()
}

/// The kind of a file that is not a cluster configuration.
fn foreign(tree: &Tree<'_>) -> Option<ConfigProblem> {
    let root = tree.root();
    let has = |key: &str| tree.keys(root).any(|k| k == key);
    let what = match tree.value(root) {
        Value::Null => "the file holds nothing but comments",
        Value::Scalar(_) | Value::List(_) => "this is not a configuration of a cluster",
        Value::Map if is_image(tree) => return None,
        Value::Map if has("Statement") => "this is an IAM policy, not a configuration of a cluster",
        Value::Map if has("Resources") || has("AWSTemplateFormatVersion") => {
            "this is a CloudFormation template, not a configuration of a cluster"
        }
        Value::Map
            if SECTIONS
                .into_iter()
                .any(|key| tree.get(root, key).is_some()) =>
        {
            return None;
        }
        Value::Map => "none of the sections of a configuration is in this file",
    };
    // The whole file underlined would say nothing more than its first byte.
    let start = tree.span(root).start;
    let span = Span { start, end: start };
    Some(ConfigProblem::new(what, span).with_help(WHAT_TO_GIVE))
}

struct Reader<'a> {
    tree: &'a Tree<'a>,
    facts: Facts,
    /// Whether the file has named a role wherever one can be named.
    all_roles_given: bool,
    nodes: setting::Nodes,
}

impl Reader<'_> {
    /// Reports the keys of a map that `pcluster` does not know: it refuses them, and what they were meant for is not judged.
    /// `what` completes "is not".
    fn unknown_keys(&mut self, map: Id, known: &[&str], what: &str) {
        let keys: Vec<String> = self.tree.keys(map).map(str::to_owned).collect();
        let unknown = keys.iter().filter(|key| !known.contains(&key.as_str()));
        for key in unknown.filter(|key| *key != "<<") {
            let Some((name, _)) = self.tree.get(map, key) else {
                continue;
            };
            let message = format!("`{}` is not {what}", shorten(key));
            let help = match nearest_word(key, known.iter().copied(), 3) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("one of: {}", known.join(", ")),
            };
            let problem = ConfigProblem::new(message, self.tree.span(name));
            self.facts.report(problem.with_help(help));
        }
    }

    fn cluster(&mut self, root: Id) {
        self.unknown_keys(root, &SECTIONS, "a section of a configuration");
        if let Some(region) = self.text(root, "Region") {
            self.facts.region(region.value);
        }
        if let Some(bucket) = self.text(root, "CustomS3Bucket") {
            self.facts.bind("ResourcesS3Bucket", bucket.value);
        }
        let image = self.image(root);
        if let Some((_, head)) = self.map(root, "HeadNode") {
            self.head_node(head);
        } else {
            self.all_roles_given = false;
            self.nodes.makes_groups = true;
            self.nodes.makes_profiles = true;
            self.nodes.makes_roles = true;
        }
        if let Some((_, scheduling)) = self.map(root, "Scheduling") {
            self.scheduling(scheduling, image.as_ref());
        }
        if let Some((_, login)) = self.map(root, "LoginNodes") {
            self.login_nodes(login);
        }
        for storage in self.maps(root, "SharedStorage") {
            self.storage(storage);
        }
        self.monitoring(root);
        if let Some((key, directory)) = self.map(root, "DirectoryService") {
            self.facts.on("directory-service", self.tree.span(key));
            if let Some(secret) = self.text(directory, "PasswordSecretArn") {
                self.directory_secret(secret);
            }
        }
        self.iam(root);
        self.settle(root);
    }

    fn head_node(&mut self, head: Id) {
        self.image(head);
        self.dcv(head, "head-node");
        self.elastic_ip(head);
        self.internal_storage(head);
        if let Some((_, ssh)) = self.map(head, "Ssh")
            && let Some(key) = self.text(ssh, "KeyName")
        {
            self.facts.bind("KeyName", key.value);
        }
        self.node_roles(head, "head-node", None);
        self.node_setting(head, "head-node");
    }

    fn scheduling(&mut self, scheduling: Id, image: Option<&Text>) {
        if let Some(scheduler) = self.text(scheduling, "Scheduler") {
            self.facts.scheduler(scheduler.value, &SCHEDULERS);
        }
        match self.facts.is_slurm() {
            Some(true) => self.facts.on_by_default("route53-hosted-zone"),
            Some(false) => {
                self.facts.off("route53-hosted-zone", None);
                // ParallelCluster makes the roles of AWS Batch itself.
                self.all_roles_given = false;
            }
            None => {}
        }
        if let Some((_, settings)) = self.map(scheduling, "SlurmSettings") {
            self.slurm_settings(settings);
        }
        for queue in self.maps(scheduling, "SlurmQueues") {
            self.queue(queue, image);
        }
        for queue in self.maps(scheduling, "AwsBatchQueues") {
            self.queue_names(queue);
            self.groups_of(queue);
            // ParallelCluster makes the instance profile of its compute environment.
            self.nodes.makes_profiles = true;
        }
    }

    fn slurm_settings(&mut self, settings: Id) {
        if let Some(secret) = self.text(settings, "MungeKeySecretArn") {
            self.facts.on("munge-key-secret", secret.value.span);
            self.facts.bind("MungeKeySecretArn", secret.value);
        }
        if let Some(include) = self.text(settings, "CustomSlurmSettingsIncludeFile") {
            self.facts.object(
                "slurm-settings-s3",
                "SlurmSettingsObject",
                &include.value.value,
            );
        }
        if let Some((key, database)) = self.map(settings, "Database") {
            self.facts.on("slurm-accounting", self.tree.span(key));
            if let Some(secret) = self.text(database, "PasswordSecretArn") {
                self.facts.bind("SlurmDbPasswordSecretArn", secret.value);
            }
        }
        if let Some((_, dns)) = self.map(settings, "Dns") {
            if let Some(disabled) = self.boolean(dns, "DisableManagedDns")
                && disabled.value
            {
                self.facts.turn_off("route53-hosted-zone", disabled.span);
            }
            if let Some(zone) = self.text(dns, "HostedZoneId") {
                self.facts.bind("HostedZoneId", zone.value);
            }
        }
    }

    fn queue(&mut self, queue: Id, image: Option<&Text>) {
        let name = self.queue_names(queue);
        match (self.image(queue), image) {
            (Some(own), _) => self.facts.bind("ImageId", own.value),
            (None, Some(image)) => self.facts.bind("ImageId", image.value.clone()),
            // The AMI that AWS publishes for the release.
            (None, None) => self.facts.leave_open("ImageId"),
        }
        self.node_roles(queue, "compute-node", name);
        self.node_setting(queue, "compute-node");
        self.reservation(queue);
        for resource in self.maps(queue, "ComputeResources") {
            self.reservation(resource);
        }
    }

    /// The name of a queue and its subnets.
    fn queue_names(&mut self, queue: Id) -> Option<String> {
        let name = self.text(queue, "Name").map(|name| name.value);
        if let Some(name) = &name {
            self.facts.bind("QueueNames", name.clone());
        }
        if let Some((_, networking)) = self.map(queue, "Networking") {
            for subnet in self.list(networking, "SubnetIds") {
                if let Some(subnet) = self.scalar(subnet, "SubnetIds") {
                    self.facts.bind("ComputeSubnetId", subnet.value);
                }
            }
        }
        name.map(|name| name.value)
    }

    fn reservation(&mut self, parent: Id) {
        let Some((_, target)) = self.map(parent, "CapacityReservationTarget") else {
            return;
        };
        for (key, placeholder) in [
            ("CapacityReservationId", "CapacityReservationId"),
            (
                "CapacityReservationResourceGroupArn",
                "CapacityReservationResourceGroupArns",
            ),
        ] {
            if let Some(value) = self.text(target, key) {
                self.facts.on("capacity-reservation", value.value.span);
                self.facts.bind(placeholder, value.value);
            }
        }
    }

    fn login_nodes(&mut self, login: Id) {
        for pool in self.maps(login, "Pools") {
            self.facts.on("login-nodes", self.tree.span(pool));
            let name = self.text(pool, "Name").map(|name| name.value.value);
            self.image(pool);
            self.dcv(pool, "login-node");
            self.node_roles(pool, "login-node", name);
            self.node_setting(pool, "login-node");
        }
    }

    fn dcv(&mut self, node: Id, role: &'static str) {
        let Some((_, dcv)) = self.map(node, "Dcv") else {
            return;
        };
        match self.boolean(dcv, "Enabled") {
            Some(enabled) if enabled.value => self.facts.on_for("dcv", role, enabled.span),
            Some(enabled) => self.facts.off("dcv", Some(enabled.span)),
            None => {}
        }
    }

    /// The custom AMI of an `Image` section. No configuration says whether it is encrypted.
    fn image(&mut self, parent: Id) -> Option<Text> {
        let (_, image) = self.map(parent, "Image")?;
        let custom = self.text(image, "CustomAmi")?;
        self.facts
            .undecided("encrypted-custom-ami", custom.value.span);
        Some(custom)
    }

    fn storage(&mut self, storage: Id) {
        const TYPES: [&str; 6] = [
            "Ebs",
            "Efs",
            "FileCache",
            "FsxLustre",
            "FsxOntap",
            "FsxOpenZfs",
        ];
        let Some(kind) = self.text(storage, "StorageType") else {
            return;
        };
        let place = kind.value.span;
        self.storage_key(storage, &kind.value.value);
        match kind.value.value.as_str() {
            "FileCache" => self.facts.on("file-cache", place),
            // The volumes of the last two exist already, and nothing of FSx for Lustre is needed for them.
            "Ebs" | "FsxOntap" | "FsxOpenZfs" => {}
            "Efs" => {
                self.facts.on("efs", place);
                let Some((_, settings)) = self.map(storage, "EfsSettings") else {
                    return;
                };
                if let Some(authorized) = self.boolean(settings, "IamAuthorization")
                    && authorized.value
                {
                    self.facts.on("efs-iam-authorization", authorized.span);
                    match self.text(settings, "FileSystemId") {
                        Some(id) => self.facts.bind("EfsFileSystemId", id.value),
                        None => self.facts.leave_open("EfsFileSystemId"),
                    }
                }
            }
            "FsxLustre" => {
                self.facts.on("fsx", place);
                let Some((_, settings)) = self.map(storage, "FsxLustreSettings") else {
                    return;
                };
                for key in ["ImportPath", "ExportPath"] {
                    self.linked_bucket(settings, key);
                }
                for association in self.maps(settings, "DataRepositoryAssociations") {
                    self.linked_bucket(association, "DataRepositoryPath");
                }
            }
            _ => self
                .facts
                .report_choice("a type of storage", &kind.value, &TYPES),
        }
    }

    fn linked_bucket(&mut self, parent: Id, key: &str) {
        if let Some(path) = self.text(parent, key) {
            self.facts.linked_bucket(&path.value, path.literal);
        }
    }

    /// Logs, dashboard and (since 3.8.0) alarms are on unless a key turns them off.
    fn monitoring(&mut self, root: Id) {
        let monitoring = self.map(root, "Monitoring").map(|(_, map)| map);
        for (feature, path) in [
            ("cloudwatch-logs", &["Logs", "CloudWatch"][..]),
            ("cloudwatch-dashboard", &["Dashboards", "CloudWatch"]),
            ("cloudwatch-alarms", &["Alarms"]),
        ] {
            let section = path.iter().try_fold(monitoring, |map, key| {
                Some(self.map(map?, key).map(|(_, map)| map))
            });
            let enabled = section
                .flatten()
                .and_then(|section| self.boolean(section, "Enabled"));
            match enabled {
                Some(enabled) if enabled.value => self.facts.on(feature, enabled.span),
                Some(enabled) => self.facts.off(feature, Some(enabled.span)),
                None => self.facts.on_by_default(feature),
            }
        }
    }

    fn directory_secret(&mut self, secret: Text) {
        const MARK: &str = ":secret:";
        if let Some(at) = secret.value.value.find(MARK) {
            let id = secret
                .value
                .value
                .get(at + MARK.len()..)
                .unwrap_or_default();
            let span = secret.literal.map_or(secret.value.span, |whole| Span {
                start: whole.end - id.len() as u32,
                end: whole.end,
            });
            for name in ["SecretId", "SecretName"] {
                let value = id.to_owned();
                self.facts.bind(name, Spanned { value, span });
            }
        }
        self.facts.bind("DirectoryPasswordSecretArn", secret.value);
    }
}
