//! The configuration of `ParallelCluster` 2.x.
//!
//! <https://docs.aws.amazon.com/parallelcluster/v2/ug/configuration.html>

use super::fact::{self, Facts, object};
use super::ini::File;
use super::{Cluster, ConfigProblem, Generation, Role};
use crate::parser::{Span, Spanned, shorten};

const SCHEDULERS: [&str; 4] = ["awsbatch", "sge", "slurm", "torque"];

/// Features that 2.x does not have.
const ONLY_IN_3: [&str; 9] = [
    "capacity-reservation",
    "cloudwatch-alarms",
    "directory-service",
    "efs-iam-authorization",
    "file-cache",
    "login-nodes",
    "munge-key-secret",
    "slurm-accounting",
    "update-scripts",
];

/// Reads the cluster that `[global]` chooses.
pub(super) fn read(file: &File<'_>) -> Result<Cluster, Vec<ConfigProblem>> {
    let mut reader = Reader {
        file,
        facts: Facts::new(Generation::V2),
    };
    for feature in ONLY_IN_3 {
        reader.facts.off(feature, None);
    }
    if let Some(region) = reader.get("aws", "aws_region_name") {
        reader.facts.region(region);
    }
    if let Some(section) = reader.choose() {
        reader.cluster(&section.value);
        reader.facts.section(section);
    }
    reader.facts.finish()
}

struct Reader<'a> {
    file: &'a File<'a>,
    facts: Facts,
}

impl Reader<'_> {
    /// The value of a key; what is wrong with it is reported.
    fn get(&mut self, section: &str, key: &str) -> Option<Spanned<String>> {
        if !self.file.has(section) {
            return None;
        }
        match self.file.get(section, key) {
            Ok(value) => {
                let value = value?;
                if let Some(found) = fact::leftover(&value.value) {
                    self.facts.report(fact::placeholder(found, value.span));
                    return None;
                }
                Some(value)
            }
            Err(problem) => {
                self.facts.report(problem);
                None
            }
        }
    }

    fn boolean(&mut self, section: &str, key: &str) -> Option<Spanned<bool>> {
        let value = self.get(section, key)?;
        let read = fact::boolean(&value.value);
        if read.is_none() {
            self.facts
                .report_choice("a Boolean", &value, &["true", "false"]);
        }
        Some(Spanned {
            value: read?,
            span: value.span,
        })
    }

    /// The section of the cluster, by the name after `cluster`.
    fn choose(&mut self) -> Option<Spanned<String>> {
        let labels: Vec<Spanned<String>> = self
            .file
            .names()
            .filter_map(|name| {
                let label = name.value.strip_prefix("cluster ")?;
                let start = name.span.start + "cluster ".len() as u32;
                Some(Spanned {
                    value: label.to_owned(),
                    span: Span {
                        start,
                        end: name.span.end,
                    },
                })
            })
            .collect();
        let chosen = self.get("global", "cluster_template");
        let wanted = chosen.as_ref().map_or("default", |c| c.value.as_str());
        if let Some(label) = labels.iter().find(|label| label.value == wanted) {
            return Some(label.clone());
        }
        if let ([only], None) = (labels.as_slice(), &chosen) {
            return Some(only.clone());
        }
        let span = chosen.as_ref().map_or_else(
            || {
                let first = self.file.names().next();
                first.map_or_else(Span::default, |name| name.span)
            },
            |chosen| chosen.span,
        );
        let message = format!("there is no section `[cluster {}]`", shorten(wanted));
        let help = match labels.as_slice() {
            [] => "a configuration of 2.x describes its cluster in a section `[cluster NAME]`"
                .to_owned(),
            [first, ..] => format!(
                "choose one with `cluster_template` in `[global]`, for example `{}`",
                shorten(&first.value)
            ),
        };
        self.facts
            .report(ConfigProblem::new(message, span).with_help(help));
        None
    }

    /// The name of the section `[KIND NAME]` that a key of the cluster chooses.
    fn settings(&mut self, cluster: &str, key: &str, kind: &str) -> Option<Spanned<String>> {
        let label = self.get(cluster, key)?;
        let name = format!("{kind} {}", label.value);
        if !self.file.has(&name) {
            let message = format!("there is no section `[{}]`", shorten(&name));
            self.facts.report(
                ConfigProblem::new(message, label.span)
                    .with_help(format!("add it, or take `{key}` out")),
            );
            return None;
        }
        Some(Spanned {
            value: name,
            span: label.span,
        })
    }

    fn cluster(&mut self, label: &str) {
        let name = format!("cluster {label}");
        let cluster = name.as_str();
        if let Some(scheduler) = self.get(cluster, "scheduler") {
            self.facts.scheduler(scheduler, &SCHEDULERS);
        }
        self.roles(cluster);
        self.storage(cluster);
        self.keys(cluster);
        self.monitoring(cluster);
        self.network(cluster);
        for (key, placeholder) in [
            ("s3_read_resource", "S3ReadResource"),
            ("s3_read_write_resource", "S3ReadWriteResource"),
        ] {
            match self.get(cluster, key) {
                Some(value) => {
                    self.facts.on("s3-access", value.span);
                    self.facts.bind(placeholder, value);
                }
                None => self.facts.off("s3-access", None),
            }
        }
        for (key, placeholder) in [
            ("cluster_resource_bucket", "ResourcesS3Bucket"),
            ("key_name", "KeyName"),
        ] {
            if let Some(value) = self.get(cluster, key) {
                if placeholder == "ResourcesS3Bucket" {
                    self.facts.label("own-bucket");
                }
                self.facts.bind(placeholder, value);
            }
        }
        match self.get(cluster, "custom_ami") {
            Some(image) => {
                self.facts.undecided("encrypted-custom-ami", image.span);
                self.facts.bind("ImageId", image);
            }
            None => self.facts.off("encrypted-custom-ami", None),
        }
        match self.settings(cluster, "dcv_settings", "dcv") {
            Some(section) => match self.get(&section.value, "enable") {
                Some(enable) => self.facts.on("dcv", enable.span),
                None => self.facts.off("dcv", Some(section.span)),
            },
            None => self.facts.off("dcv", None),
        }
        for key in ["pre_install", "post_install"] {
            let script = self.get(cluster, key);
            if let Some(arn) = script.and_then(|script| object(&script.value)) {
                self.facts.label("script-s3");
                self.facts.setting("NodeScripts", arn);
            }
        }
        if let Some(queues) = self.get(cluster, "queue_settings") {
            for queue in list(&queues, self.file.literal(&queues)) {
                self.facts.bind("QueueNames", queue);
            }
        }
    }

    fn roles(&mut self, cluster: &str) {
        if let Some(role) = self.get(cluster, "ec2_iam_role") {
            self.facts.on("own-instance-role", role.span);
            self.facts.bind("Ec2RoleName", role.clone());
            self.add_role("instance", role);
            if !self.facts.is_perhaps_awsbatch() {
                self.facts.label("own-node-role");
            }
        } else {
            self.facts.off("own-instance-role", None);
        }
        if let Some(role) = self.get(cluster, "iam_lambda_role") {
            // ParallelCluster makes the roles of AWS Batch itself.
            if self.facts.is_on("own-instance-role") && !self.facts.is_perhaps_awsbatch() {
                self.facts.label("own-roles");
            }
            self.facts.label("own-function-role");
            self.facts.setting("FunctionRole", role.value.clone());
            self.add_role("lambda", role);
        }
        match self.get(cluster, "additional_iam_policies") {
            Some(policies) => self.facts.on("additional-iam-policies", policies.span),
            None => self.facts.off("additional-iam-policies", None),
        }
    }

    fn add_role(&mut self, role: &'static str, value: Spanned<String>) {
        self.facts.role(Role {
            role,
            group: None,
            is_profile: false,
            value,
        });
    }

    /// The KMS keys of the volumes and file systems that `ParallelCluster` makes.
    fn keys(&mut self, cluster: &str) {
        let mut sections = Vec::new();
        if let Some(volumes) = self.get(cluster, "ebs_settings") {
            let labels = volumes.value.split(',').map(str::trim);
            sections.extend(labels.map(|label| (format!("ebs {label}"), "ebs")));
        }
        for kind in ["raid", "efs", "fsx"] {
            if let Some(label) = self.get(cluster, &format!("{kind}_settings")) {
                sections.push((format!("{kind} {}", label.value), kind));
            }
        }
        for (section, kind) in sections {
            let (key, existing) = match kind {
                "efs" => ("efs_kms_key_id", "efs_fs_id"),
                "fsx" => ("fsx_kms_key_id", "fsx_fs_id"),
                _ => ("ebs_kms_key_id", "ebs_volume_id"),
            };
            let is_given = |value: &Spanned<String>| value.value != "NONE";
            let existing = self.get(&section, existing).filter(is_given);
            let key = self.get(&section, key).filter(is_given);
            let Some(key) = key.filter(|_| existing.is_none()) else {
                continue;
            };
            // What is needed for a file system with a key is not known in full.
            if kind == "efs" || kind == "fsx" {
                self.facts.undecided("encrypted-custom-ami", key.span);
                self.facts.label("file-system-key");
            } else {
                self.facts.on("encrypted-custom-ami", key.span);
            }
            self.facts.kms_key(key);
        }
    }

    fn storage(&mut self, cluster: &str) {
        self.facts.off("fsx-s3", None);
        match self.settings(cluster, "fsx_settings", "fsx") {
            Some(section) => {
                self.facts.on("fsx", section.span);
                if self.is_new(&section.value, "fsx_fs_id") {
                    self.facts.label("fsx-lustre");
                    let is_empty = self.is_new(&section.value, "fsx_backup_id");
                    self.facts
                        .label(if is_empty { "fsx-new" } else { "fsx-backup" });
                }
                for key in ["import_path", "export_path"] {
                    if let Some(path) = self.get(&section.value, key) {
                        let literal = self.file.literal(&path);
                        self.facts.linked_bucket(&path, literal);
                    }
                }
            }
            None => self.facts.off("fsx", None),
        }
        match self.settings(cluster, "efs_settings", "efs") {
            Some(section) => {
                self.facts.on("efs", section.span);
                if self.is_new(&section.value, "efs_fs_id") {
                    self.facts.label("efs-managed");
                }
            }
            None => self.facts.off("efs", None),
        }
    }

    /// Whether a section has no value for the key that names an existing file system or a backup.
    fn is_new(&mut self, section: &str, key: &str) -> bool {
        self.get(section, key).is_none_or(|id| id.value == "NONE")
    }

    /// Logs since 2.6.0 and the dashboard since 2.10.0 are on unless a section turns them off.
    fn monitoring(&mut self, cluster: &str) {
        for (feature, key, kind) in [
            ("cloudwatch-logs", "cw_log_settings", "cw_log"),
            ("cloudwatch-dashboard", "dashboard_settings", "dashboard"),
        ] {
            let section = self.settings(cluster, key, kind);
            let enable = section.and_then(|section| self.boolean(&section.value, "enable"));
            match enable {
                Some(enable) if enable.value => self.facts.on(feature, enable.span),
                Some(enable) => self.facts.off(feature, Some(enable.span)),
                None => self.facts.on_by_default(feature),
            }
        }
    }

    fn network(&mut self, cluster: &str) {
        // Only the nodes of Slurm find each other by a hosted zone.
        let disabled = self.boolean(cluster, "disable_cluster_dns");
        match self.facts.is_slurm() {
            Some(true) => match disabled {
                Some(disabled) if disabled.value => {
                    self.facts.off("route53-hosted-zone", Some(disabled.span));
                }
                _ => self.facts.on_by_default("route53-hosted-zone"),
            },
            Some(false) => self.facts.off("route53-hosted-zone", None),
            None => {}
        }
        let Some(vpc) = self.settings(cluster, "vpc_settings", "vpc") else {
            return;
        };
        if let Some(public) = self.boolean(&vpc.value, "use_public_ips")
            && !public.value
        {
            self.facts.label("no-public-ips");
        }
        let own = self.get(&vpc.value, "compute_subnet_id");
        let made = self.get(&vpc.value, "compute_subnet_cidr");
        let shared = self.get(&vpc.value, "master_subnet_id");
        // With `compute_subnet_cidr` ParallelCluster makes a subnet, whose id is not known yet.
        let subnet = own.or_else(|| shared.filter(|_| made.is_none()));
        if let Some(subnet) = subnet {
            self.facts.bind("ComputeSubnetId", subnet);
        }
    }
}

/// The parts of a list with commas, each with its place; `literal` is where the whole list stands byte for byte.
fn list(value: &Spanned<String>, literal: Option<Span>) -> Vec<Spanned<String>> {
    let mut next = 0;
    let mut parts = Vec::new();
    for part in value.value.split(',') {
        let name = part.trim();
        let at = (next + part.len() - part.trim_start().len()) as u32;
        next += part.len() + 1;
        if !name.is_empty() {
            let span = literal.map_or(value.span, |whole| Span {
                start: whole.start + at,
                end: whole.start + at + name.len() as u32,
            });
            parts.push(Spanned {
                value: name.to_owned(),
                span,
            });
        }
    }
    parts
}
