//! Facts collected from a configuration of either format.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Cluster, ConfigProblem, Feature, Generation, Role, Use};
use crate::parser::{Span, Spanned, shorten};
use crate::reference::bindings::{is_region, partition_of};

/// The roles of nodes.
pub(super) const NODES: [&str; 4] = ["instance", "head-node", "compute-node", "login-node"];

/// Collects facts and problems.
pub(super) struct Facts {
    cluster: Cluster,
    /// Names and values that are bound already.
    bound: HashSet<(&'static str, String)>,
    /// Placeholders with a value that the file does not fix.
    open: BTreeSet<&'static str>,
    problems: Vec<ConfigProblem>,
}

impl Facts {
    pub(super) fn new(generation: Generation) -> Self {
        Facts {
            cluster: Cluster {
                generation,
                is_image: false,
                section: None,
                scheduler: None,
                region: None,
                features: BTreeMap::new(),
                names: BTreeMap::new(),
                setting: crate::reference::Setting::default(),
                roles: Vec::new(),
            },
            bound: HashSet::new(),
            open: BTreeSet::new(),
            problems: Vec::new(),
        }
    }

    pub(super) fn report(&mut self, problem: ConfigProblem) {
        self.problems.push(problem);
    }

    /// The file is the configuration of an image.
    pub(super) fn image(&mut self) {
        self.cluster.is_image = true;
    }

    pub(super) fn section(&mut self, name: Spanned<String>) {
        self.cluster.section = Some(name);
    }

    /// The scheduler, if it is one of `legal`.
    pub(super) fn scheduler(&mut self, value: Spanned<String>, legal: &[&str]) {
        if legal.contains(&value.value.as_str()) {
            self.cluster.scheduler = Some(value);
        } else {
            self.report_choice("a scheduler", &value, legal);
        }
    }

    /// Whether the scheduler is Slurm; `None` where the file names no scheduler.
    pub(super) fn is_slurm(&self) -> Option<bool> {
        let scheduler = self.cluster.scheduler.as_ref()?;
        Some(scheduler.value == "slurm")
    }

    /// Whether the scheduler is AWS Batch, or the file names none.
    pub(super) fn is_perhaps_awsbatch(&self) -> bool {
        let scheduler = self.cluster.scheduler.as_ref();
        scheduler.is_none_or(|s| s.value == "awsbatch")
    }

    /// A value outside the legal ones.
    pub(super) fn report_choice(&mut self, what: &str, value: &Spanned<String>, legal: &[&str]) {
        let message = format!("`{}` is not {what}", shorten(&value.value));
        let help = format!("one of: {}", legal.join(", "));
        self.report(ConfigProblem::new(message, value.span).with_help(help));
    }

    pub(super) fn region(&mut self, value: Spanned<String>) {
        if is_region(&value.value) {
            let partition = partition_of(&value.value).to_owned();
            self.bind(
                "Partition",
                Spanned {
                    value: partition,
                    span: value.span,
                },
            );
            self.bind("Region", value.clone());
            self.cluster.region = Some(value);
        } else {
            let message = format!("`{}` is not the name of a Region", shorten(&value.value));
            self.report(
                ConfigProblem::new(message, value.span).with_help("write it like us-east-1"),
            );
        }
    }

    /// Adds a value of a placeholder, each value once.
    pub(super) fn bind(&mut self, name: &'static str, value: Spanned<String>) {
        if self.bound.insert((name, value.value.clone())) {
            self.cluster.names.entry(name).or_default().push(value);
        }
    }

    /// Says that a placeholder has a value that the file does not hold.
    pub(super) fn leave_open(&mut self, name: &'static str) {
        self.open.insert(name);
    }

    /// The file has this feature on at `place`; the first place counts.
    pub(super) fn on(&mut self, name: &'static str, place: Span) {
        self.decide(name, Use::On, Some(place));
    }

    /// As [`Facts::on`], for the nodes of one role.
    pub(super) fn on_for(&mut self, name: &'static str, role: &'static str, place: Span) {
        self.decide(name, Use::On, Some(place));
        if let Some(feature) = self.cluster.features.get_mut(name) {
            feature.roles.insert(role);
        }
    }

    /// The file has this feature off, by a key or (without a place) by the absence of one, unless it has it on
    /// elsewhere.
    pub(super) fn off(&mut self, name: &'static str, place: Option<Span>) {
        self.decide(name, Use::Off, place);
    }

    /// The file turns off what was on by default.
    pub(super) fn turn_off(&mut self, name: &'static str, place: Span) {
        self.cluster.features.remove(name);
        self.off(name, Some(place));
    }

    /// The file touches this feature and does not decide it.
    pub(super) fn undecided(&mut self, name: &'static str, place: Span) {
        self.decide(name, Use::Open, Some(place));
    }

    /// Without a place: on by default.
    pub(super) fn on_by_default(&mut self, name: &'static str) {
        self.decide(name, Use::On, None);
    }

    fn decide(&mut self, name: &'static str, used: Use, place: Option<Span>) {
        let rank = |used: Use| match used {
            Use::On => 2,
            Use::Open => 1,
            Use::Off => 0,
        };
        let new = Feature {
            used,
            place,
            roles: BTreeSet::new(),
            is_open_elsewhere: used == Use::Open,
        };
        let old = self
            .cluster
            .features
            .entry(name)
            .or_insert_with(|| new.clone());
        let is_open = old.is_open_elsewhere || new.is_open_elsewhere;
        if rank(used) > rank(old.used) || rank(used) == rank(old.used) && old.place.is_none() {
            *old = new;
        }
        old.is_open_elsewhere = is_open;
    }

    /// The KMS key of a volume or file system that `ParallelCluster` makes, as an id or an ARN.
    pub(super) fn kms_key(&mut self, key: Spanned<String>) {
        let id = match key.value.rsplit_once(":key/") {
            Some((_, id)) => id.to_owned(),
            None => key.value,
        };
        // The key behind an alias is not known.
        if id.contains(['/', ':']) {
            self.leave_open("KmsKeyId");
        } else {
            let span = key.span;
            self.bind("KmsKeyId", Spanned { value: id, span });
        }
    }

    /// The values of a placeholder so far.
    pub(super) fn names(&self, name: &str) -> Vec<String> {
        let values = self.cluster.names.get(name).into_iter().flatten();
        values.map(|v| v.value.clone()).collect()
    }

    /// Whether the file has a feature on.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.cluster
            .features
            .get(name)
            .is_some_and(|f| f.used == Use::On)
    }

    /// Whether the file has a feature off.
    pub(super) fn is_off(&self, name: &str) -> bool {
        self.cluster
            .features
            .get(name)
            .is_some_and(|f| f.used == Use::Off)
    }

    /// Says that a label of the rules on generated policies holds.
    pub(super) fn label(&mut self, label: &'static str) {
        self.cluster.setting.labels.insert(label);
    }

    /// Adds the object of S3 that an address names, and a label; nothing for the address of something else.
    pub(super) fn object(&mut self, label: &'static str, name: &'static str, address: &str) {
        if let Some(object) = object(address) {
            self.label(label);
            self.setting(name, object);
        }
    }

    /// Adds a value of a placeholder of generated policies, each value once.
    pub(super) fn setting(&mut self, name: &'static str, value: impl Into<String>) {
        let value = value.into();
        let values = self.cluster.setting.values.entry(name).or_default();
        if !values.contains(&value) {
            values.push(value);
        }
    }

    /// Says that a placeholder of generated policies names nothing in this cluster, unless it has values.
    pub(super) fn no_setting(&mut self, name: &'static str) {
        self.cluster.setting.values.entry(name).or_default();
    }

    /// Takes the values of a placeholder over to the generated policies.
    pub(super) fn share(&mut self, name: &'static str) {
        if self.open.contains(name) {
            return;
        }
        let values: Vec<String> = self
            .cluster
            .names
            .get(name)
            .into_iter()
            .flatten()
            .map(|v| v.value.clone())
            .collect();
        for value in values {
            self.setting(name, value);
        }
    }

    pub(super) fn role(&mut self, role: Role) {
        self.cluster.roles.push(role);
    }

    /// The bucket of `s3://BUCKET/PREFIX`, as one linked to a file system; `literal` is where the path stands byte for byte.
    pub(super) fn linked_bucket(&mut self, path: &Spanned<String>, literal: Option<Span>) {
        let bucket = path
            .value
            .strip_prefix("s3://")
            .map(|rest| rest.split('/').next().unwrap_or(rest))
            .filter(|bucket| !bucket.is_empty());
        let Some(bucket) = bucket else {
            let message = format!("`{}` is not the address of a bucket", shorten(&path.value));
            let problem = ConfigProblem::new(message, path.span);
            self.report(problem.with_help("write it like s3://BUCKET/PREFIX"));
            return;
        };
        let before = "s3://".len() as u32;
        let span = literal.map_or(path.span, |whole| Span {
            start: whole.start + before,
            end: whole.start + before + bucket.len() as u32,
        });
        let value = bucket.to_owned();
        self.on("fsx-s3", path.span);
        self.label("fsx-s3");
        self.bind("FsxS3BucketName", Spanned { value, span });
    }

    pub(super) fn finish(mut self) -> Result<Cluster, Vec<ConfigProblem>> {
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        for name in &self.open {
            self.cluster.names.remove(name);
        }
        Ok(self.cluster)
    }
}

/// The placeholder that a template left in a value: `{{ x }}`, `${x}`, `$X`, `<X>`, `{% if x %}`.
pub(super) fn leftover(value: &str) -> Option<&str> {
    let between = |open: &str, close: &str| {
        let start = value.find(open)?;
        let end = value.get(start..)?.find(close)? + start + close.len();
        value.get(start..end)
    };
    between("{{", "}}")
        .or_else(|| between("{%", "%}"))
        .or_else(|| between("${", "}"))
        .or_else(|| {
            let name = value.strip_prefix('$')?;
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            (!name.is_empty() && name.chars().all(plain)).then_some(value)
        })
        .or_else(|| {
            (value.len() > 2 && value.starts_with('<') && value.ends_with('>')).then_some(value)
        })
}

/// The problem that a placeholder in a value is.
pub(super) fn placeholder(found: &str, span: Span) -> ConfigProblem {
    let message = format!("`{}` is a placeholder, not a value", shorten(found));
    ConfigProblem::new(message, span).with_help("render the template and pass the resulting file")
}

/// The words for a Boolean that the reader of one generation or the other takes.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// The ARN of `s3://BUCKET/KEY`.
pub(super) fn object(address: &str) -> Option<String> {
    let rest = address.strip_prefix("s3://")?;
    let (bucket, key) = rest.split_once('/')?;
    (!bucket.is_empty() && !key.is_empty())
        .then(|| format!("arn:${{Partition}}:s3:::{bucket}/{key}"))
}
