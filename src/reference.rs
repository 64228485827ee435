//! The requirements of ParallelCluster: the policies that it documents or generates, by release, role, scheduler and
//! feature, from the data in `rules/`; or any IAM policy that a user gives instead.
//!
//! ```
//! use pcluster_iam::reference;
//!
//! let reference = reference::select("instance", "torque", "2.4.1").unwrap();
//! assert_eq!(reference.statements.len(), 10);
//! assert!(reference.needed_for("ec2:AttachVolume").unwrap().contains("EBS"));
//! ```

mod aws;
mod basis;
pub mod bindings;
pub mod cluster_names;
mod created;
mod danger;
mod data;
mod erratum;
mod escalation;
mod feature;
mod generated;
mod history;
mod managed;
mod need;
mod on_demand;
mod pack;
mod placeholder;
mod policy_text;
mod principal_keys;
mod release;
mod select;
mod standing;
pub mod trust;
pub mod upgrade;
mod usage;
mod value_shape;
mod wanted;

pub use crate::vocabulary::canonical_placeholder;
pub use aws::{
    RequestRegion, absent_keys, account_alternatives, is_region_name, is_shared, name_characters,
    needed_types, needs_no_permission, regions, request_region, same_key, shares,
};
pub use basis::Basis;
pub use created::Created;
pub use danger::{Danger, Rank, danger_of, dangers, security_severity};
pub use erratum::{KnownGap, known_gaps, known_gaps_of};
pub use escalation::{
    EscalationPath, EscalationRequest, EscalationStep, escalation_paths, escalation_paths_of,
};
pub use feature::{Feature, Features};
pub use generated::{Granted, Setting, resolve as resolve_generated};
pub use managed::{FULL_ACCESS, managed_elsewhere, managed_statements_of, managed_text};
pub use need::{Need, needs_of};
pub use pack::managed_policies;
pub use placeholder::{as_written, expand, is_list, meaning, stands_for_itself, values, whole_arn};
pub use policy_text::{
    Bind, all_placeholders, condition_lines, indented, placeholders, render, several,
};
pub use principal_keys::{Principal, PrincipalValue, comes_with_principal, is_common};
pub use release::Release;
pub use select::{
    Default as DefaultRelease, Query, SelectError, aliases, candidates, default_release,
    has_no_scheduler, only_scheduler, resolve, role_title, roles, roles_called, roles_for,
    roles_without_scheduler, schedulers, schedulers_in, select,
};
pub use standing::{Failure, Standing, When};
pub use usage::{Listed, Use, file, listed, uses};

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::matcher::template;
use crate::parser::{Effect, Policy};

/// The release that the reference policies of this project describe, used when none is asked for.
pub const DEFAULT_RELEASE: &str = "2.4.1";

/// The word in the names of ParallelCluster's own resources: its queues, tables, buckets and roles.
pub const NAME: &str = "parallelcluster";

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
    /// The values of the key.
    pub values: Vec<String>,
}

/// Condition keys in the requests for some actions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownContext {
    /// The actions, in lower case.
    pub actions: Vec<String>,
    /// The kinds of requests, each with keys, in lower case, and their values; `None` for a key that it does not have. One
    /// without keys stands for requests of which nothing is known.
    pub cases: Vec<Vec<(String, Option<String>)>>,
}

/// One statement of a reference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefStatement {
    /// The index of the statement in the reference.
    pub index: usize,
    /// The policy that it is part of: an index into [`Reference::parts`].
    pub part: usize,
    /// The index of the statement in that policy.
    pub own_index: usize,
    /// `Sid`.
    pub sid: Option<String>,
    /// The required requests, or those excluded from them.
    pub effect: Effect,
    /// Actions.
    pub action: RefList,
    /// Resources.
    pub resource: RefList,
    /// Conditions under which it is required.
    pub conditions: Vec<RefCondition>,
    /// The feature that needs it, if it is not always needed.
    pub feature: Option<&'static str>,
    /// True where it is not known whether the cluster has that feature.
    pub open: bool,
    /// How much a gap in it matters, where that is not decided action by action.
    pub standing: Standing,
    /// True for the resources of a statement that are needed under conditions of their own.
    pub is_divided: bool,
    /// True where such resources are not required: the cluster does without, or no request can exist.
    pub is_off: bool,
    /// What is known of condition keys in its requests.
    pub contexts: Vec<Arc<KnownContext>>,
}

impl RefStatement {
    /// A statement that allows actions on resources.
    pub fn allow(index: usize, actions: Vec<String>, resources: Vec<String>) -> Self {
        let list = |values| RefList {
            negated: false,
            values,
        };
        RefStatement {
            index,
            part: 0,
            own_index: index,
            sid: None,
            effect: Effect::Allow,
            action: list(actions),
            resource: list(resources),
            conditions: Vec::new(),
            feature: None,
            open: false,
            standing: Standing::default(),
            is_divided: false,
            is_off: false,
            contexts: Vec::new(),
        }
    }
}

/// One of the policies that a reference is put together from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// e.g. `ParallelClusterInstancePolicy`.
    pub policy: String,
    /// The feature that needs all of it.
    pub feature: Option<&'static str>,
    /// `documented`, `published-template`, `api-template`, `aws-tested` or `generated`.
    pub kind: &'static str,
    /// The place of publication.
    pub source: &'static str,
    /// Its file, as [`Listed::id`].
    pub id: &'static str,
    /// The digest of the statements at the source.
    pub digest: String,
}

/// Permissions missing from the documented policy although ParallelCluster needs them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gap {
    /// The name of the missing policy; `None` for single statements.
    pub policy: Option<String>,
    /// Why it is needed.
    pub reason: String,
    /// The public source of that.
    pub source: String,
    /// True where the cluster configuration asks for it.
    pub of_configuration: bool,
    /// The failure without it.
    pub failure: Failure,
    /// The feature that needs it.
    pub feature: Option<&'static str>,
    /// True where it is not known whether the cluster has that feature.
    pub open: bool,
    /// The statements of the gap.
    pub statements: Vec<RefStatement>,
}

/// A policy to compare with.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reference {
    /// e.g. `ParallelClusterInstancePolicy`; `None` for a user's own, as are the next three.
    pub policy: Option<String>,
    /// e.g. `instance`.
    pub role: Option<String>,
    /// e.g. `torque`.
    pub scheduler: Option<String>,
    /// e.g. `2.4.1`.
    pub pcluster_version: Option<String>,
    /// The features that the cluster has according to the options and its configuration, sorted.
    pub features: Vec<&'static str>,
    /// The one feature of its group that this reference is for, where it is not known which the cluster has.
    pub assumed: Option<&'static str>,
    /// The policies that it is put together from; empty for a user's own.
    pub parts: Vec<Part>,
    /// The places of the statements of a user's own reference: file, line and column.
    pub place: Option<String>,
    /// The statements in order.
    pub statements: Vec<RefStatement>,
    /// Permissions known to be missing.
    pub gaps: Vec<Gap>,
    /// AWS managed policies that the role must have besides, with placeholders.
    pub managed_policies: Vec<String>,
    /// Features of the cluster without data for this role and release, although there is data for others.
    pub unknown_features: Vec<&'static str>,
    /// The known features of the cluster.
    pub known_features: Features,
    /// The feature of its group that this reference is for.
    pub mode: Option<&'static str>,
    /// The policy that ParallelCluster generates for this role of a cluster configuration; empty without one.
    pub generated: Vec<RefStatement>,
    /// Actions that a cluster configuration does not need: it has no resource of the type that they are called for.
    pub idle: Vec<String>,
    /// True for a role that ParallelCluster created, for a configuration that is not known.
    pub is_created: bool,
    /// The settings of the cluster configuration that it is for.
    pub setting: Option<Setting>,
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
                part: 0,
                own_index: index,
                sid: s.sid.as_ref().map(|t| t.value.clone()),
                effect: effect.value,
                action: list(action, str::to_owned),
                resource: list(resource, policy_text::normal_placeholders),
                conditions: s
                    .conditions
                    .iter()
                    .map(|c| RefCondition {
                        operator: c.operator.value.clone(),
                        key: c.key.value.clone(),
                        values: c
                            .values
                            .iter()
                            .map(|v| policy_text::normal_placeholders(&v.value))
                            .collect(),
                    })
                    .collect(),
                feature: None,
                open: false,
                standing: Standing::default(),
                is_divided: false,
                is_off: false,
                contexts: Vec::new(),
            })
        })
        .collect();
    Reference {
        statements,
        ..Reference::default()
    }
}

impl Reference {
    /// Whether ParallelCluster is known to call an action, beyond the documented policy asking for
    /// it by a wildcard. A user's own reference means what it says: every action counts.
    pub fn is_known_needed(&self, action: &str) -> bool {
        match (&self.role, &self.scheduler, self.release()) {
            (Some(role), Some(scheduler), Some(release)) => {
                need::is_known(role, scheduler, release, action)
            }
            _ => true,
        }
    }

    /// The reason why ParallelCluster needs an action of a statement of this feature, on these resources.
    pub fn need(
        &self,
        action: &str,
        feature: Option<&str>,
        resources: &[String],
    ) -> Option<&'static Need> {
        let (role, scheduler) = (self.role.as_deref()?, self.scheduler.as_deref()?);
        let of = (role, scheduler, self.release()?);
        need::why(of, action, feature, resources)
    }

    /// The reasons for requests with these values of a condition key, by the resources that the values name.
    pub fn needs_of_values(&self, key: &str, values: &[String]) -> Vec<&'static Need> {
        let Some(wanted) = self.wanted() else {
            return Vec::new();
        };
        let name = |value: &str| value.rsplit(':').next().unwrap_or_default().to_owned();
        let names: Vec<String> = values.iter().map(|v| name(v)).collect();
        let all = need::divided(wanted.role, wanted.scheduler, wanted.release);
        all.filter(|need| {
            let of_key = need.values.get(key).into_iter().flatten();
            { of_key }.any(|value| names.contains(&name(value)))
        })
        .collect()
    }

    /// The reason why ParallelCluster needs an action.
    pub fn needed_for(&self, action: &str) -> Option<String> {
        self.need(action, None, &[]).map(|n| n.text.clone())
    }

    fn release(&self) -> Option<Release> {
        Release::parse(self.pcluster_version.as_deref()?)
    }

    /// `statement 2 (SQSQueue) of ParallelClusterInstancePolicy, ParallelCluster 2.4.1`
    pub fn describe_statement(&self, index: usize) -> String {
        let statement = self.statement(index);
        let sid = statement.and_then(|s| s.sid.as_ref());
        let name = sid.map_or(String::new(), |s| format!(" ({s})"));
        let part = statement.and_then(|s| self.parts.get(s.part));
        match (part, statement, &self.pcluster_version) {
            (Some(part), Some(statement), Some(release)) => format!(
                "statement {}{name} of {}, ParallelCluster {release}",
                statement.own_index, part.policy
            ),
            _ => format!("statement {index}{name} of the given reference"),
        }
    }

    /// The statement with this index.
    pub fn statement(&self, index: usize) -> Option<&RefStatement> {
        self.statements.iter().find(|s| s.index == index)
    }

    /// A name of a statement that does not depend on other features of the cluster: its policy, and its `Sid` or place
    /// there.
    pub fn identity_of(&self, index: usize) -> (&str, String) {
        let statement = self.statement(index);
        let part = statement.and_then(|s| self.parts.get(s.part));
        let own = statement.map_or(index, |s| s.own_index);
        let sid = statement.and_then(|s| s.sid.clone());
        (
            part.map_or("", |p| p.policy.as_str()),
            sid.unwrap_or_else(|| own.to_string()),
        )
    }

    /// The `Condition` of a statement as AWS writes it, with the placeholders replaced that `bind` has a value for.
    pub fn condition_of(&self, index: usize, bind: Bind<'_>) -> Option<Value> {
        let mut statement = self.statement(index)?.clone();
        if let Some((role, partition)) = self.role.as_deref().zip(bind("Partition")) {
            trust::localize(std::slice::from_mut(&mut statement), role, &partition);
        }
        policy_text::condition(&statement.conditions).map(|c| policy_text::replace(&c, bind))
    }
}

fn value_of(list: &RefList) -> Value {
    match list.values.as_slice() {
        [one] => json!(one),
        many => json!(many),
    }
}

/// All strings of statements that can hold placeholders.
fn all_texts(statements: &[RefStatement]) -> impl Iterator<Item = &String> {
    statements.iter().flat_map(RefStatement::texts)
}

impl RefStatement {
    /// The strings that can hold placeholders.
    pub fn texts(&self) -> impl Iterator<Item = &String> {
        let lines = self.conditions.iter().flat_map(|c| &c.values);
        self.resource.values.iter().chain(lines)
    }

    /// Whether a placeholder of this name is in it.
    pub fn has_placeholder(&self, name: &str) -> bool {
        let mut texts = self.texts();
        texts.any(|text| template::names(text).any(|own| own == name))
    }
}

/// The names in a set, sorted.
type Names = BTreeSet<String>;
