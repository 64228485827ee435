//! The facts that decide how much a gap in a requirement matters.

use super::need::{self, Need};
use super::pack::{self};
use super::standing::{Failure, Standing, When};
use super::wanted::Wanted;
use super::{Feature, Part, RefStatement, Reference};
use crate::matcher::template;
use crate::parser::name_in;

/// The facts that decide one requirement of a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Basis {
    /// How much a gap matters.
    pub standing: Standing,
    /// The feature that needs it.
    pub feature: Option<&'static str>,
    /// Whether the cluster needs it; `None` where it is not known whether the cluster has the feature.
    pub required: Option<bool>,
}

/// Whether a policy is what ParallelCluster generates for every cluster.
fn is_generated(part: &Part) -> bool {
    part.kind == "generated" && part.feature.is_none()
}

/// Leaves of a statement only the resources, or the values of the keys of its Condition, that a need is about; or, without
/// `of_need`, only the others. Whether any are left.
fn keep(statement: &mut RefStatement, need: &Need, of_need: bool) -> bool {
    if need.values.is_empty() {
        let resources = &mut statement.resource.values;
        resources.retain(|r| need.resources.contains(r) == of_need);
        return !resources.is_empty();
    }
    let conditions = statement.conditions.iter_mut();
    let mut conditions = conditions.filter_map(|c| Some((need.values.get(&c.key)?, c)));
    let Some((values, condition)) = conditions.next() else {
        return !of_need;
    };
    condition.values.retain(|v| values.contains(v) == of_need);
    !condition.values.is_empty()
}

impl Reference {
    /// The features that decide, for a reference that was chosen by role and release.
    pub(super) fn wanted(&self) -> Option<Wanted<'_>> {
        Some(Wanted {
            role: self.role.as_deref()?,
            // A role that builds images has none, and no row of it asks for one.
            scheduler: self.scheduler.as_deref().unwrap_or_default(),
            release: self.release()?,
            features: &self.known_features,
            mode: self.mode.and_then(Feature::find),
        })
    }

    /// Whether every feature is given except this one, which clusters have by default.
    pub fn has_by_default(&self, feature: Feature) -> bool {
        let of_features = &self.known_features;
        let is_said = of_features.on().any(|on| on.name() == feature.name());
        of_features.is_complete()
            && !is_said
            && (self.wanted()).is_some_and(|w| feature.is_default(w.scheduler, w.release))
    }

    /// Whether the clusters that the configuration describes surely fail without an action: a call is known from
    /// ParallelCluster's code, and what needs it is on.
    pub fn surely_fails_without(&self, action: &str) -> bool {
        let Some(wanted) = self.wanted() else {
            return false;
        };
        let mut all = need::reasons(wanted.role, wanted.scheduler, wanted.release, action);
        all.any(|need| {
            let feature = need.feature.as_deref().and_then(Feature::find);
            need.confidence == "code"
                && !need.is_unused()
                && need.failure == Failure::Certain
                && need.when != When::FirstUse
                && (need.feature.is_none() || feature.is_some())
                && wanted.requires(feature) == Some(true)
        })
    }

    /// Whether the cluster does without an AWS managed policy: the feature that needs it is off.
    pub fn does_without(&self, arn: &str) -> bool {
        let of_policy = |feature: &Feature| feature.managed_policy() == Some(name_in(arn));
        let feature = Feature::all().find(of_policy);
        let wanted = self.wanted();
        feature.is_some() && wanted.is_some_and(|w| w.requires(feature) == Some(false))
    }

    /// Whether only the role that ParallelCluster generates has an action: the text of this release is generated, and the
    /// documented policies of the releases before and after do without it.
    pub fn is_only_generated(&self, action: &str) -> bool {
        let mut parts = self.parts.iter();
        parts.any(is_generated)
            && self
                .wanted()
                .is_some_and(|wanted| pack::neighbors_do_without(wanted, action))
    }

    /// When and how surely an action of a statement is needed.
    pub fn basis(&self, action: &str, statement: &RefStatement) -> Basis {
        let mut basis = Basis {
            standing: statement.standing,
            feature: statement.feature,
            required: (!statement.open).then_some(true),
        };
        let Some(wanted) = self.wanted().filter(|_| !statement.is_divided) else {
            return basis;
        };
        let part = self.parts.get(statement.part);
        if part.is_some_and(is_generated) && pack::neighbors_do_without(wanted, action) {
            basis.standing = Standing::OnlyGenerated;
            return basis;
        }
        let called = || need::is_called(wanted.role, wanted.scheduler, wanted.release, action);
        let all = need::reasons(wanted.role, wanted.scheduler, wanted.release, action);
        let all: Vec<_> = all.collect();
        let known: Vec<_> = all.iter().filter(|n| !n.is_unused()).collect();
        if known.is_empty() {
            // Without a reason it is documented for another scheduler, which needs it.
            if !called() {
                basis.standing = Standing::UnknownUse;
            }
            return basis;
        }
        let standing = |when: When, failure: Failure| match (when, failure) {
            (When::FirstUse, _) | (_, Failure::FirstUse) => Standing::FirstUse,
            (_, Failure::Function) => Standing::Function,
            _ => Standing::Needed,
        };
        let feature_of = |feature: &Option<String>| feature.as_deref().and_then(Feature::find);
        let required = |feature: Option<Feature>| wanted.requires(feature);
        // A statement of a feature is required with that feature, whatever else asks for the action.
        let of_statement = |feature: Option<Feature>| {
            statement.feature.is_none() || feature.map(Feature::name) == statement.feature
        };
        let mut here = known
            .iter()
            .filter(|n| of_statement(feature_of(&n.feature)))
            .peekable();
        let rank = |required: Option<bool>| match required {
            Some(true) => 0,
            None => 1,
            Some(false) => 2,
        };
        if here.peek().is_none() {
            let standings = known.iter().map(|n| standing(n.when, n.failure));
            basis.standing = standings.min().unwrap_or_default();
            // If all reasons are other features, such as the commands that read the logs, it takes one of these, too.
            let group = statement
                .feature
                .and_then(Feature::find)
                .and_then(Feature::group);
            let others = known.iter().map(|n| feature_of(&n.feature)).map(|other| {
                let is_alternative =
                    other.is_some_and(|o| o.group().is_some() && o.group() == group);
                other.filter(|_| !is_alternative)
            });
            let best = others.min_by_key(|other| rank(required(*other)));
            if let Some(other) = best.flatten()
                && rank(required(Some(other))) > rank(basis.required)
            {
                basis.feature = Some(other.name());
                basis.required = required(Some(other));
            }
            return basis;
        }
        let best = here
            .map(|n| {
                let feature = feature_of(&n.feature);
                (
                    rank(required(feature)),
                    standing(n.when, n.failure),
                    feature,
                )
            })
            .min_by_key(|(rank, standing, _)| (*rank, *standing));
        let Some((_, standing, feature)) = best else {
            return basis;
        };
        basis.standing = standing;
        if statement.feature.is_none() {
            basis.feature = feature.map(Feature::name);
            basis.required = required(feature);
        }
        basis
    }

    /// The statements. One whose resources are needed for different reasons is divided.
    ///
    /// `is_given` is true for a placeholder that has a value.
    pub fn divided(&self, is_given: impl Fn(&str) -> bool) -> Vec<RefStatement> {
        let Some(wanted) = self.wanted() else {
            return self.statements.clone();
        };
        let needs = need::divided(wanted.role, wanted.scheduler, wanted.release);
        let needs: Vec<_> = needs.collect();
        let is_old = wanted.release.major() < 3;
        let mut all = Vec::with_capacity(self.statements.len());
        for statement in &self.statements {
            let mut rest = statement.clone();
            for condition in &mut rest.conditions {
                // Every request to pass a role names the service.
                if condition.key.eq_ignore_ascii_case("iam:PassedToService")
                    && let Some(plain) = condition.operator.strip_suffix("IfExists")
                {
                    condition.operator = plain.to_owned();
                }
            }
            let part_of = self.parts.get(statement.part);
            if part_of.is_some_and(|p| p.kind == "generated") && !is_given("ResourcesS3Bucket") {
                for resource in &mut rest.resource.values {
                    *resource = template::fill(resource, |name| match name {
                        "ResourcesS3Bucket" if !is_old => {
                            Some("parallelcluster-${Hash}-v1-do-not-delete".to_owned())
                        }
                        // The names of a cluster of 3.x tell what it is.
                        "ArtifactDirectory" if is_old => Some("*".to_owned()),
                        _ => None,
                    });
                }
            }
            let mut parts: Vec<RefStatement> = Vec::new();
            let is_plain = !statement.resource.negated && !statement.action.negated;
            for need in needs
                .iter()
                .filter(|need| is_plain && (statement.feature.is_none() || need.feature.is_none()))
            {
                let of_need = |a: &String| need.actions.iter().any(|n| n.eq_ignore_ascii_case(a));
                if !rest.action.values.iter().any(of_need) {
                    continue;
                }
                let mut part = rest.clone();
                if !keep(&mut part, need, true) {
                    continue;
                }
                // Other actions of the statement keep the resource.
                let mut others = part.clone();
                others.action.values.retain(|a| !of_need(a));
                let feature = need.feature.as_deref().and_then(Feature::find);
                let required = match need.when {
                    When::Never => Some(false),
                    _ => wanted.requires(feature),
                };
                part.action.values.retain(of_need);
                if let Some(feature) = feature {
                    part.feature = Some(feature.name());
                    part.open = required.is_none();
                }
                part.is_divided = true;
                part.is_off = required == Some(false);
                part.standing = match (need.when, need.failure) {
                    (When::UnknownUse, _) => Standing::UnknownUse,
                    (When::FirstUse, _) => Standing::FirstUse,
                    (_, Failure::Function) => Standing::Function,
                    _ => Standing::Needed,
                };
                if !others.action.values.is_empty() {
                    parts.push(others);
                }
                parts.push(part);
                if !keep(&mut rest, need, false) {
                    rest.resource.values.clear();
                }
            }
            if !rest.resource.values.is_empty() || parts.is_empty() {
                all.push(rest);
            }
            all.extend(parts);
        }
        all
    }
}
