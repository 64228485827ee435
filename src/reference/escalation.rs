//! Ways from a permission to more permissions, from `rules/escalation.toml`. Each is read only where a policy may open it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::on_demand::OnDemand;
use super::{RefCondition, RefStatement};

/// Each path by the actions of its steps in lower case, with `,` between those of one step and `;` between the steps.
static PATHS: LazyLock<Vec<OnDemand<Option<EscalationPath>>>> =
    LazyLock::new(|| OnDemand::lines(include_str!(concat!(env!("OUT_DIR"), "/escalation.txt"))));

/// A way from some permissions to more. It is open if every step is.
#[derive(Debug, Deserialize)]
pub struct EscalationPath {
    /// Names it; never changes.
    pub id: String,
    /// The lint that reports it.
    pub lint: String,
    /// The gain of the role, after "can".
    pub title: String,
    /// The form that does not escalate.
    pub tight: String,
    /// The same for a reference of the user's own, where that is another.
    pub general: Option<String>,
    /// The source of the path.
    pub source: String,
    /// Whether the role can then do everything, so that no other path is worth a word.
    pub subsumes: bool,
    /// The required steps.
    #[serde(rename = "step")]
    pub steps: Vec<EscalationStep>,
}

/// One permission of a path, in any of several forms.
#[derive(Debug, Deserialize)]
pub struct EscalationStep {
    /// `service:Action`; any of them is enough.
    pub actions: Vec<String>,
    /// ARNs with placeholders; any of them is enough. Empty: a grant on any resource is.
    resources: Vec<String>,
    /// The condition keys of a request, as operator, key and values; any of them is enough.
    requests: Vec<ConditionBlock>,
}

/// The values of each key by operator.
type ConditionBlock = BTreeMap<String, BTreeMap<String, Vec<String>>>;

impl EscalationStep {
    /// Whether the step asks for the resources of any name, and not for some resource.
    pub fn is_on_any_name(&self) -> bool {
        !self.resources.is_empty()
    }

    /// The requests that the step asks for; one that succeeds is enough.
    pub fn requests(&self) -> impl Iterator<Item = EscalationRequest<'_>> {
        self.actions.iter().flat_map(move |action| {
            let named = self.resources.iter().map(String::as_str);
            let resources = named.chain(self.resources.is_empty().then_some("*"));
            resources.flat_map(move |resource| {
                let conditions = self.requests.iter().map(Some);
                let none = self.requests.is_empty().then_some(None);
                conditions
                    .chain(none)
                    .map(move |condition| EscalationRequest {
                        action,
                        resource,
                        condition,
                    })
            })
        })
    }
}

/// One request that a step may ask for.
#[derive(Clone, Copy, Debug)]
pub struct EscalationRequest<'p> {
    /// `service:Action`.
    pub action: &'p str,
    /// An ARN with placeholders, or `*`.
    pub resource: &'p str,
    condition: Option<&'p ConditionBlock>,
}

impl EscalationRequest<'_> {
    /// The request as a statement of a reference.
    pub fn statement(&self) -> RefStatement {
        let lines = self.condition.into_iter().flatten();
        let lines = lines.flat_map(|(operator, keys)| {
            keys.iter().map(move |(key, values)| RefCondition {
                operator: operator.clone(),
                key: key.clone(),
                values: values.clone(),
            })
        });
        let [action, resource] = [self.action, self.resource].map(|text| vec![text.to_owned()]);
        RefStatement {
            conditions: lines.collect(),
            ..RefStatement::allow(0, action, resource)
        }
    }
}

/// All paths, in the order of the data.
pub fn escalation_paths() -> impl Iterator<Item = &'static EscalationPath> {
    escalation_paths_of(|_| true)
}

/// The paths where each step has an action that `is_allowed` accepts, in the order of the data. Actions are in lower
/// case.
pub fn escalation_paths_of(
    is_allowed: impl Fn(&str) -> bool,
) -> impl Iterator<Item = &'static EscalationPath> {
    let paths = PATHS.iter().filter(move |path| {
        let mut steps = path.key.split(';');
        steps.all(|step| step.split(',').any(&is_allowed))
    });
    paths.filter_map(OnDemand::json)
}
