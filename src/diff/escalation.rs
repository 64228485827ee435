//! Open paths of privilege escalation: for each step of a path, some request succeeds.
//!
//! A step is a requirement like those of a reference, so it is decided like them: over all statements and documents of
//! the role, through Deny, boundary and SCPs. Where an attacker chooses the name, the request must succeed for names that
//! have nothing in common, so a prefix or suffix closes the path and the exclusion of single names does not. A grant
//! under a Condition that is not resolved does not count, as in the excess.

use super::comparison::{Comparison, View};
use super::coverage::Requirement;
use super::prepare;
use super::statement::Prepared;
use super::{Places, Verdict};
use crate::finding::Witness;
use crate::matcher::template::Placeholders;
use crate::parser::Effect;
use crate::reference::bindings::Bindings;
use crate::reference::{EscalationPath, EscalationStep, RefStatement, escalation_paths};

/// A path of which every step is open.
#[derive(Clone, Debug)]
pub struct OpenPath {
    /// Its gain.
    pub path: &'static EscalationPath,
    /// A request of each step that succeeds.
    pub steps: Vec<OpenStep>,
    /// Whether the reference opens the path, too.
    pub in_reference: bool,
}

/// A request of a step that succeeds.
#[derive(Clone, Debug)]
pub struct OpenStep {
    /// The request; placeholders stand for names that the attacker chooses.
    pub witness: Witness,
    /// The patterns of actions that grant it.
    pub places: Places,
}

/// The open paths, in the order of the data. A path that leads to everything is the only one.
pub fn open_paths<'a>(
    comparison: &Comparison<'a>,
    required: &'a [Prepared],
    bindings: &Bindings,
) -> Vec<OpenPath> {
    if !may_escalate(comparison) {
        return Vec::new();
    }
    let mut placeholders = comparison.placeholders.clone();
    let mut reference = None;
    let mut found = Vec::new();
    for path in escalation_paths() {
        let named = |step: &EscalationStep| step.actions.iter().any(|a| allows(comparison, a));
        if !path.steps.iter().all(named) {
            continue;
        }
        let Some(steps) = open(comparison, path, bindings, &mut placeholders) else {
            continue;
        };
        let reference = reference.get_or_insert_with(|| {
            let nothing = std::iter::empty();
            let scope = comparison.scope.clone();
            Comparison::new(
                comparison.catalog,
                required,
                nothing,
                comparison.context,
                scope,
                comparison.placeholders,
                View::Repaired,
            )
        });
        let in_reference = open(reference, path, bindings, &mut placeholders).is_some();
        let open = OpenPath {
            path,
            steps,
            in_reference,
        };
        if path.subsumes {
            return vec![open];
        }
        found.push(open);
    }
    found
}

/// Whether any statement can matter: the paths are read only then.
fn may_escalate(comparison: &Comparison<'_>) -> bool {
    comparison.granted.iter().any(|s| s.effect == Effect::Allow)
}

/// Whether an Allow statement of the role names an action.
fn allows(comparison: &Comparison<'_>, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let (service, name) = action.split_once(':').unwrap_or_default();
    let applying = comparison.applying(service, name);
    applying
        .iter()
        .any(|a| a.layer == 0 && a.certain && a.statement.effect == Effect::Allow)
}

/// A request of each step that succeeds, if there is one.
fn open(
    comparison: &Comparison<'_>,
    path: &EscalationPath,
    bindings: &Bindings,
    placeholders: &mut Placeholders,
) -> Option<Vec<OpenStep>> {
    let steps = path.steps.iter();
    steps
        .map(|step| open_step(comparison, step, bindings, placeholders))
        .collect()
}

fn open_step(
    comparison: &Comparison<'_>,
    step: &EscalationStep,
    bindings: &Bindings,
    placeholders: &mut Placeholders,
) -> Option<OpenStep> {
    let mut requests = step.requests().into_iter();
    requests.find_map(|request| {
        if !request.action.values.iter().any(|a| allows(comparison, a)) {
            return None;
        }
        let mut rows = Vec::new();
        for names in &NAMES {
            let row = judge(comparison, named(&request, names), bindings, placeholders)?.row;
            let succeeds = match row.verdict {
                Verdict::Covered => !row.vacuous,
                Verdict::Partial => !step.is_on_any_name(),
                _ => false,
            };
            if !succeeds {
                return None;
            }
            rows.push(row);
            if !step.is_on_any_name() {
                break;
            }
        }
        let row = rows.into_iter().next()?;
        Some(OpenStep {
            witness: Witness {
                action: row.action,
                resource: row.resources.first().cloned().unwrap_or_default(),
            },
            places: row.allowed_by.iter().take(MOST_PLACES).copied().collect(),
        })
    })
}

/// So many places of one step are kept.
const MOST_PLACES: usize = 8;

/// Names that an attacker may choose, each a value for `${AnyName}` and `${AnyId}`.
const NAMES: [[&str; 2]; 2] = [
    ["AnyName", "0a1b2c3d4e5f60718"],
    ["z-9-other", "9f8e7d6c5b4a39281"],
];

/// A request with these names.
fn named(request: &RefStatement, [name, id]: &[&str; 2]) -> RefStatement {
    let fill = |text: &String| text.replace("${AnyName}", name).replace("${AnyId}", id);
    let mut request = request.clone();
    request.resource.values = request.resource.values.iter().map(fill).collect();
    for line in &mut request.conditions {
        line.values = line.values.iter().map(fill).collect();
    }
    request
}

fn judge(
    comparison: &Comparison<'_>,
    request: RefStatement,
    bindings: &Bindings,
    placeholders: &mut Placeholders,
) -> Option<Requirement> {
    let statements = [request];
    let pieces = prepare::reference_pieces(&statements, bindings, placeholders);
    let prepared = prepare::bind_reference(&statements, &pieces, bindings, placeholders);
    comparison.coverage(&prepared).into_iter().next()
}
