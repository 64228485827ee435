//! What ParallelCluster requires: the policies that its documentation asks for, by release, role and
//! scheduler, from the data in `rules/`; or any IAM policy that a user gives instead.
//!
//! ```
//! use pcluster_iam::reference;
//!
//! let reference = reference::select("instance", "torque", "2.4.1").unwrap();
//! assert_eq!(reference.statements.len(), 10);
//! assert!(reference.needed_for("ec2:AttachVolume").unwrap().contains("EBS"));
//! ```

use std::collections::BTreeSet;

use miette::Diagnostic;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::parser::{Effect, Policy};

pub mod bindings;
mod need;
mod release;
mod render;

pub use need::{Need, needs_of};
pub use release::Release;
pub use render::{Bind, all_placeholders, placeholders, render};

/// One policy of `rules/reference`, parsed only when it is selected.
struct PackEntry {
    /// `instance/traditional`
    variant: &'static str,
    schedulers: &'static str,
    first: &'static str,
    last: &'static str,
    selectable: bool,
    json: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/reference.rs"));

/// The release that the reference policies of this project describe, used when none is asked for.
pub const DEFAULT_RELEASE: &str = "2.4.1";

/// `Action` or `Resource` of a statement, or their negations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefList {
    /// True for `NotAction` and `NotResource`.
    pub negated: bool,
    /// The strings, with placeholders as `${Name}`.
    pub values: Vec<String>,
}

/// One line of a Condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefCondition {
    /// e.g. `StringEquals`.
    pub operator: String,
    /// e.g. `iam:PassedToService`.
    pub key: String,
    /// Its values.
    pub values: Vec<String>,
}

/// One statement of a reference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefStatement {
    /// Its index in the reference.
    pub index: usize,
    /// `Sid`.
    pub sid: Option<String>,
    /// What is required, or what is taken from the requirement.
    pub effect: Effect,
    /// Actions.
    pub action: RefList,
    /// Resources.
    pub resource: RefList,
    /// Conditions under which it is required.
    pub conditions: Vec<RefCondition>,
    /// The feature that needs it, if it is not always needed.
    pub feature: Option<String>,
}

/// What the documented policy lacks although ParallelCluster needs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gap {
    /// What the missing policy is called.
    pub policy: String,
    /// Why it is needed.
    pub reason: String,
    /// The public source of that.
    pub source: String,
    /// Its statements.
    pub statements: Vec<RefStatement>,
}

/// A policy to compare with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// e.g. `ParallelClusterInstancePolicy`; `None` for a user's own, as are the next three.
    pub policy: Option<String>,
    /// e.g. `instance`.
    pub role: Option<String>,
    /// e.g. `torque`.
    pub scheduler: Option<String>,
    /// e.g. `2.4.1`.
    pub pcluster_version: Option<String>,
    /// Where the text was published.
    pub source: Option<String>,
    /// The statements in order.
    pub statements: Vec<RefStatement>,
    /// What is known to lack.
    pub gaps: Vec<Gap>,
}

/// No reference answers to what was asked for.
#[derive(Clone, PartialEq, Eq, Debug, Error, Diagnostic)]
pub enum SelectError {
    /// Not a release number.
    #[error("`{text}` is not a release of ParallelCluster")]
    #[diagnostic(code(reference::release), help("write it like 2.4.1; {known}"))]
    BadRelease {
        /// As given.
        text: String,
        /// The releases there are.
        known: String,
    },
    /// A release without data.
    #[error("there is no reference for ParallelCluster {release}")]
    #[diagnostic(
        code(reference::release),
        help("{known}; for another one give its policy: --reference FILE")
    )]
    UnknownRelease {
        /// As given.
        release: String,
        /// The releases there are.
        known: String,
    },
    /// A scheduler that ParallelCluster does not have.
    #[error("`{name}` is not a scheduler of ParallelCluster")]
    #[diagnostic(code(reference::scheduler), help("{help}"))]
    UnknownScheduler {
        /// As given.
        name: String,
        /// The legal values.
        help: String,
    },
    /// A role without data.
    #[error("`{name}` is not a role of ParallelCluster {release}")]
    #[diagnostic(code(reference::role), help("{help}"))]
    UnknownRole {
        /// As given.
        name: String,
        /// The release that was asked for.
        release: String,
        /// The legal values.
        help: String,
    },
}

#[derive(Deserialize)]
struct PackData {
    policy: String,
    role: String,
    source: String,
    #[serde(rename = "known-gap")]
    gaps: Vec<GapData>,
    #[serde(rename = "statement")]
    statements: Vec<StatementData>,
}

#[derive(Deserialize)]
struct GapData {
    policy: String,
    name: String,
    except: Vec<String>,
    reason: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct StatementData {
    sid: Option<String>,
    effect: String,
    actions: Vec<String>,
    not_actions: Vec<String>,
    resources: Vec<String>,
    not_resources: Vec<String>,
    condition: Map<String, Value>,
    feature: Option<String>,
}

/// The schedulers that some release has.
pub fn schedulers() -> Vec<&'static str> {
    let mut all = Vec::new();
    for entry in PACKS {
        for scheduler in entry.schedulers.split(',') {
            if !all.contains(&scheduler) {
                all.push(scheduler);
            }
        }
    }
    all.sort_unstable_by_key(|s| (*s == "awsbatch", *s));
    all
}

/// The releases for which there is a reference, as ranges from first to last.
pub fn releases() -> Vec<(&'static str, &'static str)> {
    let mut all: Vec<_> = PACKS
        .iter()
        .filter(|p| p.selectable)
        .map(|p| (p.first, p.last))
        .collect();
    all.sort_by_key(|(first, _)| Release::parse(first));
    all.dedup();
    all
}

fn known_releases() -> String {
    let ranges: Vec<String> = releases()
        .iter()
        .map(|(first, last)| {
            if first == last {
                (*first).to_owned()
            } else {
                format!("{first} to {last}")
            }
        })
        .collect();
    format!("known: {}", ranges.join(", "))
}

fn nearest(name: &str, legal: &[&str]) -> String {
    let close = legal
        .iter()
        .map(|l| {
            (
                strsim::damerau_levenshtein(l, &name.to_ascii_lowercase()),
                l,
            )
        })
        .filter(|(distance, _)| *distance <= 2)
        .min();
    match close {
        Some((_, l)) => format!("did you mean `{l}`? there are: {}", legal.join(", ")),
        None => format!("there are: {}", legal.join(", ")),
    }
}

/// Finds the release that a text such as `2.4.1`, `2.4` or `2` means: the newest known one within.
fn resolve(text: &str) -> Result<Release, SelectError> {
    let known = known_releases();
    let bad = || SelectError::BadRelease {
        text: text.to_owned(),
        known: known.clone(),
    };
    let parts = release::parts(text).ok_or_else(bad)?;
    if let Some(exact) = Release::parse(text) {
        return Ok(exact);
    }
    PACKS
        .iter()
        .filter(|p| p.selectable)
        .filter_map(|p| Release::parse(p.last))
        .filter(|r| r.starts_with(&parts))
        .max()
        .ok_or_else(|| SelectError::UnknownRelease {
            release: text.to_owned(),
            known: known.clone(),
        })
}

fn covering(release: &Release) -> impl Iterator<Item = &'static PackEntry> {
    let release = release.clone();
    PACKS.iter().filter(move |p| {
        Release::parse(p.first).is_some_and(|first| first <= release)
            && Release::parse(p.last).is_some_and(|last| release <= last)
    })
}

/// The roles whose policies a customer can be asked to write, for a scheduler and a release.
///
/// # Errors
///
/// [`SelectError`] for a release or scheduler that is not known.
pub fn roles_for(scheduler: &str, release: &str) -> Result<Vec<&'static str>, SelectError> {
    let resolved = resolve(release)?;
    let entries: Vec<_> = covering(&resolved).filter(|p| p.selectable).collect();
    if entries.is_empty() {
        return Err(SelectError::UnknownRelease {
            release: release.to_owned(),
            known: known_releases(),
        });
    }
    let mut roles = Vec::new();
    for entry in entries
        .iter()
        .filter(|e| e.schedulers.split(',').any(|s| s == scheduler))
    {
        let role = entry.variant.split('/').next().unwrap_or_default();
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    if roles.is_empty() {
        return Err(SelectError::UnknownScheduler {
            name: scheduler.to_owned(),
            help: nearest(scheduler, &schedulers()),
        });
    }
    Ok(roles)
}

/// The documented policy of a role.
///
/// # Errors
///
/// [`SelectError`], whose help names the legal values.
pub fn select(role: &str, scheduler: &str, release: &str) -> Result<Reference, SelectError> {
    let roles = roles_for(scheduler, release)?;
    let resolved = resolve(release)?;
    let unknown = || SelectError::UnknownRole {
        name: role.to_owned(),
        release: resolved.to_string(),
        help: nearest(role, &roles),
    };
    let entry = covering(&resolved)
        .filter(|p| p.selectable && p.schedulers.split(',').any(|s| s == scheduler))
        .find(|p| p.variant.split('/').next() == Some(role))
        .ok_or_else(unknown)?;
    let data = entry.data();
    Ok(Reference {
        statements: statements(&data.statements, &[]),
        gaps: data
            .gaps
            .iter()
            .filter_map(|gap| {
                let other = covering(&resolved)
                    .find(|p| p.variant == gap.policy)?
                    .data();
                Some(Gap {
                    policy: gap.name.clone(),
                    reason: gap.reason.clone(),
                    source: gap.source.clone(),
                    statements: statements(&other.statements, &gap.except),
                })
            })
            .collect(),
        policy: Some(data.policy),
        role: Some(data.role),
        scheduler: Some(scheduler.to_owned()),
        pcluster_version: Some(resolved.to_string()),
        source: Some(data.source),
    })
}

impl PackEntry {
    fn data(&self) -> PackData {
        let read = serde_json::from_str(self.json);
        #[expect(
            clippy::expect_used,
            reason = "the build script wrote it from the same fields; every pack is read by a test"
        )]
        read.expect("the build script wrote it")
    }
}

fn statements(data: &[StatementData], except: &[String]) -> Vec<RefStatement> {
    data.iter()
        .enumerate()
        .map(|(index, s)| RefStatement {
            index,
            sid: s.sid.clone(),
            effect: if s.effect == "Deny" {
                Effect::Deny
            } else {
                Effect::Allow
            },
            action: list(&s.actions, &s.not_actions, except),
            resource: list(&s.resources, &s.not_resources, &[]),
            conditions: s
                .condition
                .iter()
                .flat_map(|(op, keys)| conditions(op, keys))
                .collect(),
            feature: s.feature.clone(),
        })
        .filter(|s| !s.action.values.is_empty())
        .collect()
}

fn list(plain: &[String], negated: &[String], except: &[String]) -> RefList {
    let from = if negated.is_empty() { plain } else { negated };
    RefList {
        negated: !negated.is_empty(),
        values: from
            .iter()
            .filter(|v| !except.contains(v))
            .cloned()
            .collect(),
    }
}

fn conditions(operator: &str, keys: &Value) -> Vec<RefCondition> {
    let Value::Object(keys) = keys else {
        return Vec::new();
    };
    keys.iter()
        .map(|(key, values)| RefCondition {
            operator: operator.to_owned(),
            key: key.clone(),
            values: values
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|v| v.as_str().map(str::to_owned))
                .collect(),
        })
        .collect()
}

/// Any IAM policy as the reference. Statements without a usable Effect, Action or Resource require
/// nothing, but keep their index.
pub fn from_policies(policies: &[Policy]) -> Reference {
    let all = policies.iter().flat_map(|p| &p.statements).enumerate();
    let statements = all
        .filter_map(|(index, s)| {
            let (effect, action, resource) =
                (s.effect.as_ref()?, s.action.as_ref()?, s.resource.as_ref()?);
            // A statement with an empty list has no effect, negated or not.
            if action.values.is_empty() || resource.values.is_empty() {
                return None;
            }
            let list = |e: &crate::parser::Element, text: fn(&str) -> String| RefList {
                negated: e.negated,
                values: e.values.iter().map(|t| text(&t.value)).collect(),
            };
            Some(RefStatement {
                index,
                sid: s.sid.as_ref().map(|t| t.value.clone()),
                effect: effect.value,
                action: list(action, str::to_owned),
                resource: list(resource, render::normal_placeholders),
                conditions: s
                    .conditions
                    .iter()
                    .map(|c| RefCondition {
                        operator: c.operator.value.clone(),
                        key: c.key.value.clone(),
                        values: c
                            .values
                            .iter()
                            .map(|v| render::normal_placeholders(&v.value))
                            .collect(),
                    })
                    .collect(),
                feature: None,
            })
        })
        .collect();
    Reference {
        policy: None,
        role: None,
        scheduler: None,
        pcluster_version: None,
        source: None,
        statements,
        gaps: Vec::new(),
    }
}

impl Reference {
    /// Whether ParallelCluster is known to call an action, beyond the documented policy asking for
    /// it by a wildcard. A user's own reference means what it says: every action counts.
    pub fn is_known_needed(&self, action: &str) -> bool {
        match (&self.role, &self.scheduler, self.release()) {
            (Some(role), Some(scheduler), Some(release)) => {
                need::is_known(role, scheduler, &release, action)
            }
            _ => true,
        }
    }

    /// What ParallelCluster needs an action for.
    pub fn needed_for(&self, action: &str) -> Option<String> {
        let (role, scheduler) = (self.role.as_deref()?, self.scheduler.as_deref()?);
        need::why(role, scheduler, &self.release()?, action).map(|n| n.text)
    }

    fn release(&self) -> Option<Release> {
        Release::parse(self.pcluster_version.as_deref()?)
    }

    /// `statement 2 (SQSQueue) of ParallelClusterInstancePolicy, ParallelCluster 2.4.1`
    pub fn describe_statement(&self, index: usize) -> String {
        let sid = self
            .statements
            .iter()
            .find(|s| s.index == index)
            .and_then(|s| s.sid.as_ref());
        let name = sid.map_or(String::new(), |s| format!(" ({s})"));
        match (&self.policy, &self.pcluster_version) {
            (Some(policy), Some(release)) => {
                format!("statement {index}{name} of {policy}, ParallelCluster {release}")
            }
            _ => format!("statement {index}{name} of the given reference"),
        }
    }

    /// The `Condition` of a statement as AWS writes it.
    pub fn condition_of(&self, index: usize) -> Option<Value> {
        let statement = self.statements.iter().find(|s| s.index == index)?;
        render::condition(&statement.conditions)
    }
}

/// The name that the reference uses for a placeholder of a template, given the text between its
/// delimiters (`AWS::Region`, `AWS ACCOUNT ID`).
pub fn canonical_placeholder(inner: &str) -> Option<&'static str> {
    let normal: String = inner
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let found = SPELLINGS
        .binary_search_by(|(spelling, _)| spelling.cmp(&normal.as_str()))
        .ok()?;
    SPELLINGS.get(found).map(|(_, name)| *name)
}

/// What a placeholder stands for, and an example.
pub fn meaning(name: &str) -> Option<(&'static str, &'static str)> {
    MEANINGS
        .iter()
        .find(|(n, ..)| *n == name)
        .map(|(_, meaning, example)| (*meaning, *example))
}

/// Resource types of an action that ParallelCluster uses although the catalogue calls them optional.
pub fn needed_types(service: &str, name: &str) -> &'static [&'static str] {
    let is = |action: &str| {
        action
            .split_once(':')
            .is_some_and(|(s, n)| s.eq_ignore_ascii_case(service) && n.eq_ignore_ascii_case(name))
    };
    NEEDED_TYPES
        .iter()
        .find(|(action, _)| is(action))
        .map_or(&[], |(_, types)| types)
}

/// Whether accounts share some resources of a service with one another.
pub fn shares(service: &str) -> bool {
    SHARED.iter().any(|(s, _)| *s == service)
}

/// Whether accounts share resources of a type with one another.
pub fn is_shared(service: &str, kind: &str) -> bool {
    let mut shared = SHARED.iter();
    shared.any(|(s, kinds)| *s == service && kinds.contains(&kind))
}

/// Which Region a request goes to, as `aws:RequestedRegion` says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestRegion {
    /// The cluster's.
    Own,
    /// The one endpoint of the partition: `us-east-1` in `aws`.
    UsEast1,
    /// Not known.
    Unknown,
}

/// Where the requests of an action (in lower case) go.
pub fn request_region(service: &str, name: &str) -> RequestRegion {
    let is_it = |listed: &&str| match listed.split_once(':') {
        Some((s, n)) => s == service && n == name,
        None => *listed == service,
    };
    if US_EAST_1.iter().any(is_it) {
        RequestRegion::UsEast1
    } else if REGION_UNKNOWN.iter().any(is_it) {
        RequestRegion::Unknown
    } else {
        RequestRegion::Own
    }
}

/// What stands in place of the account in ARNs of a resource type that AWS itself owns.
pub fn account_alternatives(service: &str, kind: &str) -> &'static [&'static str] {
    OUTSIDE
        .iter()
        .find(|(s, k, _)| *s == service && *k == kind)
        .map_or(&[], |(.., accounts)| accounts)
}

/// Every policy with its releases, for listing: variant, schedulers, first and last release.
pub fn packs() -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str)> {
    PACKS
        .iter()
        .map(|p| (p.variant, p.schedulers, p.first, p.last))
}

fn value_of(list: &RefList) -> Value {
    match list.values.as_slice() {
        [one] => json!(one),
        many => json!(many),
    }
}

/// All strings of statements that can hold placeholders.
fn all_texts(statements: &[RefStatement]) -> impl Iterator<Item = &String> {
    statements.iter().flat_map(|s| {
        s.resource
            .values
            .iter()
            .chain(s.conditions.iter().flat_map(|c| &c.values))
    })
}

/// The names in a set, sorted.
type Names = BTreeSet<String>;
