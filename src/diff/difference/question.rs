//! The questions about one action: the requests that one side allows and the other does not.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::requests::{Applying, Found, Request};
use super::{Change, Difference, Of, Ready, contexts, requests};
use crate::catalog::{self};
use crate::diff::comparison::{Comparison, Named};
use crate::diff::context::Target;
use crate::diff::scope::Universe;
use crate::diff::statement::Conditions;
use crate::finding::Witness;
use crate::matcher::condition::KeyValue;
use crate::matcher::search::Budget;
use crate::matcher::{ActionMatch, ActionPattern, Token};
use crate::parser::Effect;
use crate::reference::{Rank, danger_of};

/// The inputs of an answer, beside the statements: the service, the types, and what is known of the condition keys.
type KnownBy<'a> = (String, Option<&'a str>, Vec<usize>);

/// An answer with what is known of the keys on each kind of resource.
type Answered = (Vec<Vec<KeyValue>>, [Found; 2]);

/// The search for requests that one side alone allows.
pub(super) struct Search<'r, 'a> {
    pub(super) comparison: &'r Comparison<'a>,
    pub(super) statements: &'r [Ready<'r>],
    /// How many layers each side has.
    pub(super) layers: (usize, usize),
    pub(super) budget: Budget,
    pub(super) questions: Budget,
    /// Earlier answers: actions with the same types that the same statements match have the same one.
    pub(super) known: FxHashMap<KnownBy<'a>, Vec<Answered>>,
}

impl<'a> Search<'_, 'a> {
    pub(super) fn run(&mut self, found: &mut Difference) {
        let (known, unknown) = self.asked();
        for action in known {
            let name = action.name.to_ascii_lowercase();
            let spelled = action.spelled();
            let rank = danger_of(action.service, action.name, action.access);
            self.ask(action.service, &name, Some(action), &spelled, rank, found);
        }
        for (service, name) in unknown {
            let spelled = format!("{service}:{name}");
            self.ask(&service, &name, None, &spelled, None, found);
        }
    }

    /// The actions that a statement of one side alone matches: those of the catalogue, and others by service and name.
    fn asked(&self) -> (Vec<catalog::Action<'a>>, BTreeSet<(String, String)>) {
        let of = |of: Of| -> BTreeSet<(usize, &str)> {
            let own = self.statements.iter().filter(|s| s.of == of);
            own.map(|s| (s.layer, s.normal.as_str())).collect()
        };
        let (old, new) = (of(Of::Old), of(Of::New));
        let has_layer_of_its_own = self.layers.0 != self.layers.1;
        let mut seen = BTreeSet::new();
        let mut known = Vec::new();
        let mut unknown = BTreeSet::new();
        let mut everything = has_layer_of_its_own;
        for statement in self.statements {
            let key = (statement.layer, statement.normal.as_str());
            let is_common = old.contains(&key) && new.contains(&key);
            for action in statement.prepared.actions.iter() {
                let mut matches = false;
                self.comparison.each_match(&action.pattern, |action| {
                    matches = true;
                    if !is_common && !statement.prepared.not_action && seen.insert(action.place()) {
                        known.push(action);
                    }
                });
                if !matches {
                    unknown.extend(example(&action.pattern));
                }
            }
            everything |= !is_common && statement.prepared.not_action;
        }
        if everything {
            self.comparison
                .each_match(&ActionPattern::Everything, |action| {
                    if seen.insert(action.place()) {
                        known.push(action);
                    }
                });
        }
        (known, unknown)
    }

    pub(super) fn ask(
        &mut self,
        service: &str,
        name: &str,
        known: Option<catalog::Action<'a>>,
        spelled: &str,
        rank: Option<Rank>,
        found: &mut Difference,
    ) {
        let statements = self.statements.iter().enumerate();
        let applying: Vec<(usize, Applying<'_>)> = statements
            .filter_map(|(at, ready)| {
                let applies = ready.prepared.applies(service, name)?;
                let certain = applies.certain;
                certain.then_some((
                    at,
                    Applying {
                        ready,
                        action: applies.action,
                    },
                ))
            })
            .collect();
        let key: Vec<usize> = applying.iter().map(|(at, _)| *at).collect();
        let applying: Vec<Applying<'_>> = applying.into_iter().map(|(_, a)| a).collect();
        let answers = self.answers(service, name, known, key, &applying);
        let access = known.map(|a| a.access);
        for (answer, of, list) in [
            (&answers[0], Of::New, &mut found.gained),
            (&answers[1], Of::Old, &mut found.lost),
        ] {
            match answer {
                Found::Nothing => {}
                Found::Undecided => {
                    found.undecided.insert(spelled.to_owned());
                }
                Found::Request(Request {
                    resource,
                    context,
                    by,
                }) => {
                    let own = applying.iter().filter(|a| a.ready.of == of);
                    let places = own
                        .zip(by)
                        .filter(|(_, allows)| **allows)
                        .map(|(a, _)| a.place());
                    list.push(Change {
                        witness: Witness {
                            action: spelled.to_owned(),
                            resource: resource.clone(),
                        },
                        context: context.clone(),
                        access,
                        rank,
                        places: places.collect(),
                    });
                }
            }
        }
    }

    fn answers(
        &mut self,
        service: &str,
        name: &str,
        known: Option<catalog::Action<'a>>,
        key: Vec<usize>,
        applying: &[Applying<'_>],
    ) -> [Found; 2] {
        let nothing = [Found::Nothing, Found::Nothing];
        let mut allowing = applying.iter().map(|a| a.ready.prepared.effect);
        if !allowing.any(|e| e == Effect::Allow) {
            return nothing;
        }
        let conditions: Vec<&Conditions> = { applying.iter() }
            .map(|a| &a.ready.prepared.conditions)
            .collect();
        let keys: BTreeSet<&str> = { conditions.iter() }
            .flat_map(|c| c.lines.iter().map(|l| l.test.key.as_str()))
            .collect();
        let kinds: Vec<_> = known
            .iter()
            .flat_map(catalog::Action::resource_types)
            .collect();
        let named = Named {
            service,
            name,
            known,
        };
        let facts_of = |target: Target<'_>| -> Vec<KeyValue> {
            let situation = self.comparison.situation(named, &[], target);
            keys.iter()
                .map(|key| situation.value(key).into_owned())
                .collect()
        };
        let mut facts: Vec<Vec<KeyValue>> = Vec::new();
        if kinds.is_empty() {
            facts.push(facts_of(Target::default()));
        }
        for kind in &kinds {
            facts.push(facts_of(Target {
                kind: Some(*kind),
                own_account: false,
            }));
        }
        let by = (service.to_owned(), known.map(|a| a.types()), key);
        let earlier = self.known.get(&by);
        let earlier = earlier.and_then(|list| list.iter().find(|(f, _)| *f == facts));
        if let Some((_, answers)) = earlier {
            return answers.clone();
        }
        let kind_of = |key: &str| self.comparison.catalog.condition_key(key);
        let mut answers = nothing;
        let mut add = |more: [Found; 2]| {
            for (answer, more) in answers.iter_mut().zip(more) {
                answer.or(more);
            }
        };
        let mut budget = self.budget.clone();
        let mut at_universe = |universe: Option<&Universe>, facts: &[KeyValue]| {
            let fact = |key: &str| {
                let at = keys.iter().position(|k| *k == key);
                at.and_then(|at| facts.get(at))
                    .cloned()
                    .unwrap_or(KeyValue::Unknown)
            };
            let Some(worlds) = contexts::worlds(
                &conditions,
                &fact,
                &kind_of,
                self.comparison.placeholders,
                &mut budget,
            ) else {
                return [Found::Undecided, Found::Undecided];
            };
            if !self.questions.pay(1 + worlds.len() as u64) {
                return [Found::Undecided, Found::Undecided];
            }
            requests::differ(
                applying,
                self.layers,
                universe,
                &worlds,
                self.comparison,
                &mut budget,
            )
        };
        match known {
            Some(_) if !kinds.is_empty() => {
                for (kind, facts) in kinds.iter().zip(&facts) {
                    for universe in self.comparison.universes(service, kind).iter() {
                        add(at_universe(Some(universe), facts));
                    }
                }
            }
            Some(_) => add(at_universe(None, facts.first().map_or(&[], Vec::as_slice))),
            None => {
                let facts = facts.first().map_or(&[][..], Vec::as_slice);
                add(at_universe(Some(&Universe::unknown()), facts));
                add(at_universe(None, facts));
            }
        }
        self.budget = budget;
        let list = self.known.entry(by).or_default();
        list.push((facts, answers.clone()));
        answers
    }
}

/// An action that a pattern matches, where the catalogue has none.
fn example(pattern: &ActionPattern) -> Option<(String, String)> {
    match pattern {
        ActionPattern::Literal { service, name } => Some((service.clone(), name.clone())),
        ActionPattern::Wildcard { service, name, .. } => {
            let mut text = String::new();
            for token in name.tokens() {
                match token {
                    Token::Symbol(symbol) => text.extend(symbol.as_char()),
                    Token::One(_) => text.push('x'),
                    Token::Run(_) => {}
                }
            }
            if text.is_empty() {
                text.push_str("any");
            }
            let matches = pattern.matches(service, &text) == ActionMatch::Yes;
            matches.then(|| (service.clone(), text))
        }
        _ => None,
    }
}
