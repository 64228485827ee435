//! Open paths of privilege escalation: for each step of a path, some request succeeds.
//!
//! A step is a requirement like those of a reference, so it is decided like them: over all statements and documents of
//! the role, through Deny, boundary and SCPs. Where an attacker chooses the name, the request must succeed for names that
//! have nothing in common, so a prefix or suffix closes the path and the exclusion of single names does not. A grant
//! under a Condition that is not resolved does not count, as in the excess.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::comparison::{Comparison, View};
use super::judgement::required_patterns;
use super::prepare;
use super::statement::Prepared;
use super::{Places, Row, Verdict};
use crate::finding::Witness;
use crate::matcher::template::Placeholders;
use crate::matcher::{Pattern, Reading, Variables};
use crate::parser::Effect;
use crate::reference::bindings::Bindings;
use crate::reference::{
    EscalationPath, EscalationRequest, EscalationStep, RefStatement, escalation_paths_of,
};

/// A path with every step open: the policies allow it.
#[derive(Clone, Debug)]
pub struct OpenPath {
    /// The path, with what it gains.
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
    let asker = Asker {
        bindings,
        placeholders: RefCell::new(comparison.placeholders.clone()),
        resources: RefCell::default(),
    };
    let mut reference = None;
    let mut found = Vec::new();
    for path in escalation_paths_of(|action| allows(comparison, action)) {
        let steps: Vec<Step<'_>> = path.steps.iter().map(Step::new).collect();
        let Some(open) = asker.open(comparison, &steps) else {
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
        let open = OpenPath {
            path,
            steps: open,
            in_reference: asker.open(reference, &steps).is_some(),
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

/// Whether an Allow statement of the role names an action, in lower case.
fn allows(comparison: &Comparison<'_>, action: &str) -> bool {
    let (service, name) = action.split_once(':').unwrap_or_default();
    let applying = comparison.applying(service, name);
    applying
        .iter()
        .any(|a| a.layer == 0 && a.certain && a.statement.effect == Effect::Allow)
}

/// A step with the requests that it asks for.
struct Step<'p> {
    step: &'p EscalationStep,
    requests: Vec<Request<'p>>,
}

/// A request of a step.
struct Request<'p> {
    asked: EscalationRequest<'p>,
    /// In lower case.
    action: String,
    /// Its statements made ready, once for the role and for the reference: one for each choice of names. All of them
    /// must succeed.
    requirements: OnceCell<Vec<Prepared>>,
}

impl<'p> Step<'p> {
    fn new(step: &'p EscalationStep) -> Self {
        let requests = step.requests().map(|asked| Request {
            asked,
            action: asked.action.to_ascii_lowercase(),
            requirements: OnceCell::new(),
        });
        Step {
            step,
            requests: requests.collect(),
        }
    }
}

/// The values of placeholders in the requests.
struct Asker<'b, 'p> {
    bindings: &'b Bindings,
    placeholders: RefCell<Placeholders>,
    /// Resources with each choice of names, made ready once: many paths ask for the same ones.
    resources: RefCell<FxHashMap<&'p str, Rc<[Prepared]>>>,
}

impl<'p> Asker<'_, 'p> {
    /// A request of each step that succeeds, if there is one.
    fn open(&self, comparison: &Comparison<'_>, steps: &[Step<'p>]) -> Option<Vec<OpenStep>> {
        let open = |step: &Step<'p>| {
            let mut requests = step.requests.iter();
            requests.find_map(|request| self.granted(comparison, step.step, request))
        };
        steps.iter().map(open).collect()
    }

    /// A request, if it succeeds.
    fn granted(
        &self,
        comparison: &Comparison<'_>,
        step: &EscalationStep,
        request: &Request<'p>,
    ) -> Option<OpenStep> {
        if !allows(comparison, &request.action) {
            return None;
        }
        if step.is_on_any_name() && !self.may_allow_all(comparison, request) {
            return None;
        }
        let requirements = self.requirements(step, request);
        let rows = comparison.coverage(requirements);
        let succeeds = |row: &Row| match row.verdict {
            Verdict::Covered => !row.vacuous,
            Verdict::Partial => !step.is_on_any_name(),
            _ => false,
        };
        if !rows.iter().all(|r| succeeds(&r.row)) {
            return None;
        }
        let row = rows.into_iter().next()?.row;
        Some(OpenStep {
            witness: Witness {
                action: row.action,
                resource: row.resources.first().cloned().unwrap_or_default(),
            },
            places: row.allowed_by.iter().take(MOST_PLACES).copied().collect(),
        })
    }

    fn requirements<'r>(&self, step: &EscalationStep, request: &'r Request<'p>) -> &'r [Prepared] {
        request.requirements.get_or_init(|| {
            let mut asked = request.asked.statement();
            if !step.is_on_any_name() {
                return self.ready(&[filled(&asked, &NAMES[0])]);
            }
            asked.resource.values.clear();
            let mut ready = self.ready(&NAMES.map(|names| filled(&asked, &names)));
            let named = self.named_resources(request.asked.resource);
            for (requirement, named) in ready.iter_mut().zip(named.iter()) {
                requirement.resources.clone_from(&named.resources);
            }
            ready
        })
    }

    /// Whether statements of the role may allow a request on each of its resources: a quick look, after which few
    /// requests need a judgement.
    fn may_allow_all(&self, comparison: &Comparison<'_>, request: &Request<'p>) -> bool {
        let (service, name) = request.action.split_once(':').unwrap_or_default();
        let applying = comparison.applying(service, name);
        let allows = |wanted: &Pattern| {
            let allowing = applying
                .iter()
                .filter(|a| a.layer == 0)
                .map(|a| a.statement);
            let mut allowing = allowing.filter(|s| s.effect == Effect::Allow);
            allowing.any(|s| {
                let resources = s.resources.iter();
                let mut listed =
                    resources.flat_map(|r| r.patterns(Reading::Strict, Variables::Unset));
                s.not_resource || listed.any(|p| p.may_meet(wanted))
            })
        };
        let named = self.named_resources(request.asked.resource);
        let mut resources = named.iter().flat_map(|r| &r.resources);
        resources.all(|r| required_patterns(r).iter().all(allows))
    }

    /// A resource with each choice of names.
    fn named_resources(&self, resource: &'p str) -> Rc<[Prepared]> {
        if let Some(known) = self.resources.borrow().get(resource) {
            return Rc::clone(known);
        }
        let any = RefStatement::allow(0, Vec::new(), vec![resource.to_owned()]);
        let statements: Vec<RefStatement> = NAMES.iter().map(|names| filled(&any, names)).collect();
        let ready: Rc<[Prepared]> = self.ready(&statements).into();
        self.resources
            .borrow_mut()
            .insert(resource, Rc::clone(&ready));
        ready
    }

    fn ready(&self, statements: &[RefStatement]) -> Vec<Prepared> {
        let placeholders = &mut self.placeholders.borrow_mut();
        let pieces = prepare::reference_pieces(statements, self.bindings, placeholders);
        prepare::bind_reference(statements, &pieces, self.bindings, placeholders)
    }
}

/// So many places of one step are kept.
const MOST_PLACES: usize = 8;

/// Names that an attacker may choose, each a value for `${AnyName}` and `${AnyId}`.
const NAMES: [[&str; 2]; 2] = [
    ["AnyName", "0a1b2c3d4e5f60718"],
    ["z-9-other", "9f8e7d6c5b4a39281"],
];

/// A request with these names.
fn filled(request: &RefStatement, [name, id]: &[&str; 2]) -> RefStatement {
    let mut request = request.clone();
    let of_conditions = request.conditions.iter_mut().flat_map(|c| &mut c.values);
    for text in request.resource.values.iter_mut().chain(of_conditions) {
        for (placeholder, value) in [("${AnyName}", name), ("${AnyId}", id)] {
            if text.contains(placeholder) {
                *text = text.replace(placeholder, value);
            }
        }
    }
    request
}
