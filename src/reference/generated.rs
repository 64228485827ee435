//! The permissions that ParallelCluster's own code grants for a cluster configuration, from `rules/generated.toml`.

mod adapt;
mod labels;

pub use labels::Setting;

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::bindings::{Bindings, CLUSTER, LOWER_CASE_CLUSTER};
use super::on_demand::{OnDemand, of_release};
use super::{
    Failure, Feature, Gap, RefCondition, RefStatement, Reference, has_no_scheduler, need, pack,
    schedulers,
};
use crate::matcher::template;
use adapt::adapt;

static GENERATED: LazyLock<Vec<OnDemand<Option<Entry>>>> =
    LazyLock::new(|| OnDemand::lines(include_str!(concat!(env!("OUT_DIR"), "/generated.txt"))));

static STAND_INS: LazyLock<Vec<StandIn>> = LazyLock::new(|| {
    serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/stand_ins.json")))
        .unwrap_or_default()
});

/// Other names of a resource, in a template that is read without being deployed.
#[derive(Deserialize)]
struct StandIn {
    of: String,
    names: Vec<String>,
}

#[derive(Deserialize)]
struct Entry {
    sid: Option<String>,
    actions: Vec<String>,
    resources: Vec<String>,
    when: String,
    failure: Option<Failure>,
    source: Option<String>,
    reason: Option<String>,
    condition: Map<String, Value>,
}

impl Entry {
    fn applies(&self, setting: &Setting) -> bool {
        setting.is_open || setting.holds(&self.when)
    }

    fn statement(&self, setting: &Setting) -> Option<RefStatement> {
        let resources = self.resources.iter().flat_map(|r| setting.expand(r));
        let resources: Vec<String> = resources.collect();
        if resources.is_empty() {
            return None;
        }
        let mut conditions: Vec<RefCondition> = self
            .condition
            .iter()
            .flat_map(|(op, keys)| pack::conditions(op, keys))
            .collect();
        for condition in &mut conditions {
            let values = condition.values.iter().flat_map(|v| setting.expand(v));
            condition.values = values.collect();
        }
        Some(RefStatement {
            sid: self.sid.clone(),
            conditions,
            ..RefStatement::allow(0, self.actions.clone(), resources)
        })
    }
}

impl Reference {
    /// The reference for a cluster configuration: with what ParallelCluster generates for it, and what it asks for
    /// besides.
    #[must_use]
    pub fn for_setting(&self, setting: &Setting) -> Reference {
        let mut reference = self.clone();
        let (Some(role), Some(release)) = (self.role.as_deref(), self.release()) else {
            return reference;
        };
        reference.setting = (!setting.is_open).then(|| setting.clone());
        let entries = of_release(&GENERATED, role, release);
        let applying: Vec<&Entry> = entries.filter(|e| e.applies(setting)).collect();
        // Without a configuration, what every one has of an action is all that is known of it.
        let has_always = |action: &String| {
            let mut always = applying.iter().filter(|e| e.when == "always");
            always.any(|e| e.actions.contains(action))
        };
        for entry in &applying {
            if setting.is_open && entry.when != "always" {
                let is_required = entry.reason.is_some();
                if is_required || entry.actions.iter().any(has_always) {
                    continue;
                }
            }
            let Some(statement) = entry.statement(setting) else {
                continue;
            };
            if let (Some(reason), Some(source)) = (&entry.reason, &entry.source) {
                // What the configuration decides is not also reported as a gap of some clusters.
                let is_same = |s: &RefStatement| {
                    s.action.values == statement.action.values
                        && s.resource.values == statement.resource.values
                };
                reference
                    .gaps
                    .retain(|g| g.of_configuration || !g.statements.iter().any(is_same));
                reference.gaps.push(Gap {
                    policy: None,
                    reason: reason.clone(),
                    source: source.clone(),
                    of_configuration: true,
                    failure: entry.failure.unwrap_or(Failure::Certain),
                    feature: None,
                    open: false,
                    statements: vec![statement],
                });
            } else {
                for mut statement in self.used(statement) {
                    statement.index = reference.generated.len();
                    reference.generated.push(statement);
                }
            }
        }
        adapt(&mut reference, setting);
        reference
    }

    /// The reference where no cluster configuration is known: with what holds of its scheduler and of the features that are
    /// said, and for roles that build images with what ParallelCluster always generates.
    #[must_use]
    pub fn without_setting(&self) -> Reference {
        let (role, scheduler) = (self.role.as_deref(), self.scheduler.as_deref());
        let mut known = schedulers();
        known.retain(|name| Some(*name) == scheduler);
        let open = Setting {
            labels: { known.into_iter() }
                .chain(self.features.iter().copied())
                .collect(),
            is_open: true,
            ..Setting::default()
        };
        if role.is_some_and(has_no_scheduler) {
            return self.for_setting(&open);
        }
        let mut reference = self.clone();
        adapt(&mut reference, &open);
        reference
    }

    /// Whether a cluster configuration does not need an action at all.
    pub fn is_idle(&self, action: &str) -> bool {
        self.idle.iter().any(|a| a.eq_ignore_ascii_case(action))
    }

    /// A generated statement without the resources that only a feature needs and the cluster does not have.
    fn used(&self, statement: RefStatement) -> Vec<RefStatement> {
        let Some(wanted) = self.wanted() else {
            return vec![statement];
        };
        let needs = need::divided(wanted.role, wanted.scheduler, wanted.release);
        let of_others = needs.filter(|need| {
            let feature = need.feature.as_deref().and_then(Feature::find);
            need.resources
                .iter()
                .any(|r| statement.resource.values.contains(r))
                && wanted.requires(feature) == Some(false)
        });
        let of_others: Vec<_> = of_others.collect();
        if of_others.is_empty() {
            return vec![statement];
        }
        let one = |action: &String| {
            let is_unused = |resource: &String| {
                let mut needs = of_others.iter().filter(|n| n.resources.contains(resource));
                needs.any(|n| n.actions.iter().any(|a| a.eq_ignore_ascii_case(action)))
            };
            let mut one = statement.clone();
            one.action.values = vec![action.clone()];
            one.resource.values.retain(|r| !is_unused(r));
            (!one.resource.values.is_empty()).then_some(one)
        };
        statement.action.values.iter().filter_map(one).collect()
    }
}

/// An action and a resource that some statement allows.
pub struct Granted<'a> {
    /// Whether the statement allows an action.
    pub allows: Box<dyn Fn(&str) -> bool + 'a>,
    /// The resources of the statement as written.
    pub resources: Vec<&'a str>,
}

/// The bucket of the Region, or another one that the policy names.
const OWN_BUCKET: &str = "${OwnBucket}";

/// The statements with a value for each placeholder that stands for one name of the cluster: what `bindings` have, else
/// what the policy itself names, else any.
pub fn resolve(
    statements: &[RefStatement],
    bindings: &Bindings,
    granted: &[Granted<'_>],
) -> Vec<RefStatement> {
    let hash = bindings.bucket_hash();
    let known = |name: &str| match name {
        LOWER_CASE_CLUSTER => bindings.one(CLUSTER).map(str::to_ascii_lowercase),
        name => bindings.one(name).map(str::to_owned),
    };
    // A role for several clusters needs what each of them does.
    let bind = |text: &str| -> Vec<String> {
        let text = template::fill(text, |name| {
            let hash = hash.as_deref().unwrap_or("${Hash}");
            let bucket = || format!("parallelcluster-{hash}-v1-do-not-delete");
            (name == "Bucket").then(bucket)
        });
        let of_each = super::expand(&text, known);
        let of_each = of_each.iter().map(|text| template::fill(text, known));
        of_each.collect()
    };
    let mut all = Vec::new();
    for statement in statements {
        for action in &statement.action.values {
            let mut resources: Vec<String> = Vec::new();
            let allowed = granted.iter().filter(|g| (g.allows)(action));
            let written: Vec<&str> = allowed.flat_map(|g| g.resources.iter().copied()).collect();
            let templates = statement.resource.values.iter();
            for (template, nth, resource) in templates.flat_map(|template| {
                let of_each = bind(&template.replace(OWN_BUCKET, "${Bucket}"))
                    .into_iter()
                    .enumerate();
                of_each.map(move |(nth, resource)| (template, nth, resource))
            }) {
                let own = written.iter().find_map(|written| named(&resource, written));
                let own = own.or_else(|| {
                    let open = template.contains(OWN_BUCKET).then(|| bind(template))?;
                    let open = open.into_iter().nth(nth)?;
                    written.iter().find_map(|written| named(&open, written))
                });
                let own = own.or_else(|| {
                    let stand_ins = STAND_INS.iter().filter(|s| s.of == *template);
                    let names = stand_ins.flat_map(|s| &s.names);
                    let mut names = names.filter_map(|name| bind(name).into_iter().nth(nth));
                    names.find_map(|name| {
                        let mut plain = written.iter().filter(|w| !w.contains(['*', '?']));
                        plain.find_map(|written| named(&name, written))
                    })
                });
                // The hash is part of the name of a bucket: a wildcard would reach beyond it.
                let is_kept = |name: &str| is_ambient(name) || name == "Hash";
                let any =
                    || template::fill(&resource, |name| (!is_kept(name)).then(|| "*".to_owned()));
                resources.push(own.unwrap_or_else(any));
            }
            resources.dedup();
            let mut one = statement.clone();
            one.action.values = vec![action.clone()];
            one.resource.values = resources;
            for condition in &mut one.conditions {
                let values = condition.values.iter().flat_map(|value| bind(value));
                condition.values = values.collect();
            }
            all.push(one);
        }
    }
    all
}

/// Placeholders that are left to the bindings.
fn is_ambient(name: &str) -> bool {
    ["Partition", "Region", "Account"].contains(&name)
}

/// The ARN of a template with the names of a written one, where that is one of its kind.
fn named(template: &str, written: &str) -> Option<String> {
    if !template::names(template).any(|name| !is_ambient(name)) {
        return None;
    }
    let (ours, theirs): (Vec<&str>, Vec<&str>) = (
        template.splitn(6, ':').collect(),
        written.splitn(6, ':').collect(),
    );
    let ((head, [resource]), (their_head, [their_resource])) =
        (ours.split_at_checked(5)?, theirs.split_at_checked(5)?)
    else {
        return None;
    };
    let same = head.iter().zip(their_head).all(|(ours, theirs)| {
        ours == theirs || theirs.contains('*') || ours.contains("${") || theirs.contains("${")
    });
    // A placeholder of theirs stands for the name as well.
    let fits = same && (fits(resource, their_resource) || fits(their_resource, resource));
    fits.then(|| format!("{}:{their_resource}", head.join(":")))
}

/// Whether a text is a template with each placeholder replaced by some text.
fn fits(template: &str, text: &str) -> bool {
    let Some((before, rest)) = template.split_once("${") else {
        return template == text;
    };
    let Some(text) = text.strip_prefix(before) else {
        return false;
    };
    let Some((_, rest)) = rest.split_once('}') else {
        return false;
    };
    let ends = text.char_indices().skip(1).map(|(at, _)| at);
    ends.chain([text.len()])
        .filter(|at| *at > 0)
        .any(|at| text.get(at..).is_some_and(|text| fits(rest, text)))
}

#[cfg(test)]
mod tests {
    use super::{Setting, fits};

    #[test]
    fn rules_and_templates() {
        let setting = Setting {
            labels: ["slurm", "login"].into(),
            ..Setting::default()
        };
        assert!(setting.holds("always"));
        assert!(setting.holds("login and munge or slurm and not no-dns"));
        assert!(!setting.holds("not slurm or munge"));
        let partial = Setting {
            is_partial: true,
            ..setting
        };
        assert!(partial.holds("slurm and not awsbatch"));
        assert!(!partial.holds("slurm and not munge or efs-iam"));
        assert!(fits("stack/${Cluster}/${Id}", "stack/prod/1-2"));
        assert!(!fits("stack/${Cluster}/${Id}", "stack/prod/"));
        assert!(!fits("table/a-${Cluster}", "table/b-prod"));
        assert!(fits(
            "${X}-AutoScalingGroup",
            "prod-login1-AutoScalingGroup"
        ));
    }
}
