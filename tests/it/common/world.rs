//! A small world of requests, random policies over it, and the obvious way to judge them.

mod policies;
mod requests;

use std::slice;

pub use policies::{broader, case, customer_statement, limit};
pub use requests::{PRINCIPALS, actions, given, of_request, requests, touches};
use requests::{cases_of, known};
use serde_json::{Value, json};

use super::evaluator::{self, Known, Statement, Sure};

/// A reference and the documents attached to a role.
#[derive(Clone, Debug)]
pub struct Case {
    pub reference: Vec<Statement>,
    pub policies: Vec<Vec<Statement>>,
    pub boundary: Option<Vec<Statement>>,
    pub scps: Vec<Vec<Statement>>,
    /// Whose requests they are, as `rules/principals.toml` says it.
    pub principal: &'static str,
}

pub fn document(statements: &[Statement]) -> String {
    let statements: Vec<Value> = statements
        .iter()
        .map(|s| {
            let mut value = json!({
                "Effect": if s.allow { "Allow" } else { "Deny" },
                (if s.not_action { "NotAction" } else { "Action" }): s.actions,
                (if s.not_resource { "NotResource" } else { "Resource" }): s.resources,
            });
            for line in &s.conditions {
                value["Condition"][&line.operator][&line.key] = json!(line.values);
            }
            value
        })
        .collect();
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

impl Case {
    pub fn reference_json(&self) -> String {
        document(&self.reference)
    }

    pub fn policies_json(&self) -> Vec<String> {
        self.policies.iter().map(|p| document(p)).collect()
    }

    pub fn boundary_json(&self) -> Option<String> {
        self.boundary.as_deref().map(document)
    }

    pub fn scps_json(&self) -> Vec<String> {
        self.scps.iter().map(|p| document(p)).collect()
    }
}

/// Judges a case by asking about every request of the world.
pub struct Judge<'a> {
    case: &'a Case,
    layers: Vec<Vec<Statement>>,
}

impl<'a> Judge<'a> {
    pub fn new(case: &'a Case) -> Self {
        let mut layers = vec![case.policies.concat()];
        layers.extend(case.boundary.iter().chain(&case.scps).cloned());
        Judge { case, layers }
    }

    /// What is known of the requests of an action that a statement requires, case by case: its Condition lists values.
    fn contexts(&self, statement: usize, action: &str) -> Vec<Known> {
        let mut contexts = vec![known(self.case.principal, action)];
        for line in &self.case.reference[statement].conditions {
            let values: Vec<Option<Vec<String>>> = if line.operator == "Null" {
                vec![None]
            } else {
                line.values.iter().map(|v| Some(vec![v.clone()])).collect()
            };
            contexts = contexts
                .iter()
                .flat_map(|known| values.iter().map(|v| known.with(&line.key, v.clone())))
                .collect();
        }
        contexts
    }

    fn required(&self, statement: usize, action: &str, resource: &str, known: &Known) -> bool {
        let applies = |s: &Statement| s.applies(action, resource, known) == Sure::Yes;
        let denied = self.case.reference.iter().any(|s| !s.allow && applies(s));
        applies(&self.case.reference[statement]) && !denied
    }

    fn outcome(&self, action: &str, resource: &str, known: &Known) -> (bool, bool, bool) {
        evaluator::layered(&self.layers, action, resource, known)
    }

    /// The verdict by its definition, and whether nothing is required. In the large world names are
    /// longer than any that a few short patterns tell apart, and judging takes long.
    pub fn verdict(&self, statement: usize, action: &str, large: bool) -> (&'static str, bool) {
        let mut needed = Vec::new();
        let contexts = self.contexts(statement, action);
        let contexts = contexts
            .iter()
            .flat_map(|known| requests(action, large, known));
        for (known, requests) in contexts {
            let layers: Vec<Vec<Statement>> = self
                .layers
                .iter()
                .map(|statements| evaluator::settle(statements, &known))
                .collect();
            needed.extend(
                requests
                    .iter()
                    .filter(|r| self.required(statement, action, r, &known))
                    .map(|r| evaluator::layered(&layers, action, r, &known)),
            );
        }
        let verdict = if needed.iter().all(|(sure, ..)| *sure) {
            "covered"
        } else if needed.iter().all(|(.., denied)| *denied) {
            "denied"
        } else if needed.iter().all(|(_, possible, _)| !*possible) {
            "missing"
        } else if needed.iter().all(|(_, possible, _)| *possible) {
            "conditional"
        } else {
            "partial"
        };
        (verdict, needed.is_empty())
    }

    /// Whether a request, of this world or not, is a right beyond need that one statement gives: it is allowed for
    /// certain, and not required.
    pub fn is_excess(&self, by: &Statement, action: &str, resource: &str) -> bool {
        let cases = cases_of(self.case.principal, action).into_iter();
        let mut known = cases.flat_map(|known| of_request(action, resource, &known));
        known.any(|known| self.gives(by, action, resource, &known))
    }

    fn gives(&self, by: &Statement, action: &str, resource: &str, known: &Known) -> bool {
        let sure = |layer: &[Statement]| evaluator::outcome(layer.iter(), action, resource, known);
        by.applies(action, resource, known) == Sure::Yes
            && self.layers.iter().all(|layer| sure(layer).0)
            && !evaluator::may_be_required(&self.case.reference, action, resource)
    }

    /// Whether a statement gives a right beyond need to an action, and whether any request of it is required.
    pub fn excess(&self, by: &Statement, action: &str, large: bool) -> (bool, bool) {
        let reference = &self.case.reference;
        let cases = cases_of(self.case.principal, action);
        let mut asked = cases
            .iter()
            .flat_map(|known| requests(action, large, known));
        let beyond = asked.any(|(known, requests)| {
            let settled = evaluator::settle(slice::from_ref(by), &known);
            let layers = self.layers.iter().map(|l| evaluator::settle(l, &known));
            let judge = Judge {
                case: self.case,
                layers: layers.collect(),
            };
            settled
                .first()
                .is_some_and(|by| requests.iter().any(|r| judge.gives(by, action, r, &known)))
        });
        let required = |r: &String| evaluator::is_required(reference, action, r);
        let all = requests(action, large, &Known::default());
        let mut all = all.iter().flat_map(|(_, requests)| *requests);
        (beyond, beyond && all.any(required))
    }

    /// Whether one statement allows for certain, whatever the Condition of a statement of the reference says, a request
    /// that this one requires and no other requires without a Condition.
    pub fn unconditional(
        &self,
        by: &Statement,
        statement: usize,
        action: &str,
        large: bool,
    ) -> bool {
        let cases = cases_of(self.case.principal, action);
        let mut asked = cases
            .iter()
            .flat_map(|known| requests(action, large, known));
        asked
            .any(|(known, requests)| self.unconditional_in(by, statement, action, requests, &known))
    }

    fn unconditional_in(
        &self,
        by: &Statement,
        statement: usize,
        action: &str,
        requests: &[String],
        known: &Known,
    ) -> bool {
        let settled = evaluator::settle(slice::from_ref(by), known);
        let layers: Vec<_> = { self.layers.iter() }
            .map(|l| evaluator::settle(l, known))
            .collect();
        let Some(by) = settled.first().filter(|by| by.allow) else {
            return false;
        };
        // A Condition that holds in these requests restricts none of them.
        let own = &self.case.reference[statement].conditions;
        if evaluator::hold(own, known) == Sure::Yes {
            return false;
        }
        let free = |s: &Statement| Statement {
            conditions: Vec::new(),
            ..s.clone()
        };
        let wanted = free(&self.case.reference[statement]);
        requests.iter().any(|r| {
            let applies = |s: &Statement| s.applies(action, r, known) == Sure::Yes;
            let sure =
                |layer: &Vec<Statement>| evaluator::outcome(layer.iter(), action, r, known).0;
            let elsewhere =
                |s: &Statement| s.allow && s.conditions.is_empty() && s.most(action, r, true);
            applies(by)
                && applies(&wanted)
                && !{ self.case.reference.iter() }.any(|s| !s.allow && applies(s))
                && !self.case.reference.iter().any(elsewhere)
                && layers.iter().all(sure)
        })
    }

    /// Whether a request, of this world or not, is one that shows the verdict.
    pub fn shows(&self, statement: usize, action: &str, resource: &str, verdict: &str) -> bool {
        let contexts = self.contexts(statement, action).into_iter();
        let mut contexts = contexts.flat_map(|known| of_request(action, resource, &known));
        contexts.any(|known| {
            let known = &known;
            let (sure, possible, denied) = self.outcome(action, resource, known);
            self.required(statement, action, resource, known)
                && match verdict {
                    "conditional" => !sure && possible,
                    "denied" => denied,
                    "missing" | "partial" => !possible,
                    _ => false,
                }
        })
    }
}

/// A request, and what is wrong with it.
pub type Flaw = (&'static str, String, &'static str);

/// Whether other policies in the place of those of a case allow what these allow of all that may be required, and nothing
/// that these do not, whichever way the requests of the world are judged. Gives a request that shows otherwise.
pub fn flaw(case: &Case, after: &[Vec<Statement>]) -> Option<Flaw> {
    let judge = Judge::new(case);
    let new = after.concat();
    // Under the widest reading of every string, whatever the Conditions are.
    let could = |statements: &[Statement], action: &str, resource: &str| {
        let mut allows = statements.iter().filter(|s| s.allow);
        allows.any(|s| s.most(action, resource, true))
    };
    let statements = 0..case.reference.len();
    let asked = statements.flat_map(|s| actions().map(move |action| (s, action)));
    let asked = asked.flat_map(|(s, action)| {
        let contexts = judge.contexts(s, action).into_iter();
        contexts.flat_map(move |known| {
            requests(action, false, &known)
                .into_iter()
                .map(move |r| (action, r))
        })
    });
    for (action, (known, requests)) in asked {
        let settle = |statements: &[Statement]| evaluator::settle(statements, &known);
        let before: Vec<_> = judge.layers.iter().map(|l| settle(l)).collect();
        let mut then = before.clone();
        then[0] = settle(&new);
        {
            for resource in requests {
                let [old, now] =
                    [&before, &then].map(|l| evaluator::layered(l, action, resource, &known));
                let flaw = |what| Some((action, resource.clone(), what));
                if now.0 && !old.0 || now.1 && !old.1 || old.2 && !now.2 {
                    return flaw("is allowed more than before");
                }
                let [could_old, could_now] =
                    [&judge.layers[0], &new].map(|s| could(s, action, resource));
                if could_now && !could_old {
                    return flaw("could be allowed more than before");
                }
                // What AWS takes in two ways is the same in a requirement and in the policy that repeats it.
                if old != now && evaluator::is_required(&case.reference, action, resource) {
                    return flaw("is required and fares worse");
                }
                if could_old
                    && !could_now
                    && evaluator::may_be_required(&case.reference, action, resource)
                {
                    return flaw("may be required and could be allowed less than before");
                }
            }
        }
    }
    None
}
