//! The questions about one action: the requests that one side allows and the other does not.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::contexts::{Keys, World};
use super::readings::{Reading, Readings};
use super::requests::{Applying, Found, Request};
use super::{Change, Difference, Of, Ready, contexts, requests};
use crate::catalog::{self, ResourceType};
use crate::diff::comparison::{Comparison, Named};
use crate::diff::context::Target;
use crate::diff::scope::Universe;
use crate::diff::statement::{Action, Conditions, Prepared};
use crate::finding::Witness;
use crate::matcher::condition::KeyValue;
use crate::matcher::search::Budget;
use crate::matcher::{ActionMatch, ActionPattern, Pattern};
use crate::parser::Effect;
use crate::reference::{Rank, RequestRegion, danger_of, request_region};

/// The inputs of an answer, beside what is known of the condition keys: the service, the types, the statements, and
/// whether the ARN has the Region of the request.
type KnownBy<'a> = (String, Option<&'a str>, Vec<usize>, bool);

/// Actions that the catalogue does not have: service and name in lower case, and as a policy writes them.
type Unknown = BTreeMap<(String, String), String>;

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
    /// How many readings of variables may still be asked about.
    pub(super) readings_left: Budget,
    /// Earlier answers: actions with the same types that the same statements match have the same one.
    pub(super) known: FxHashMap<KnownBy<'a>, Vec<Answered>>,
    /// The condition keys that variables of statements name.
    pub(super) named_keys: FxHashMap<Vec<usize>, Rc<[String]>>,
    /// The readings of the variables of statements.
    pub(super) readings: FxHashMap<Vec<usize>, Option<Rc<Readings>>>,
    /// The contexts of statements in a reading.
    pub(super) worlds: FxHashMap<(Vec<usize>, usize, Repeated), Vec<Contexts>>,
}

/// The contexts for what is known of the keys.
type Contexts = (Vec<KeyValue>, Option<Rc<Vec<World>>>);

impl<'a> Search<'_, 'a> {
    pub(super) fn run(&mut self, found: &mut Difference) {
        let (known, unknown) = self.asked();
        for action in known {
            let name = action.name.to_ascii_lowercase();
            let spelled = action.spelled();
            let rank = danger_of(action.service, action.name, action.access);
            self.ask(action.service, &name, Some(action), &spelled, rank, found);
        }
        for ((service, name), spelled) in unknown {
            self.ask(&service, &name, None, &spelled, None, found);
        }
    }

    /// The actions that a statement of one side alone matches: those of the catalogue, and others.
    fn asked(&self) -> (Vec<catalog::Action<'a>>, Unknown) {
        let of = |of: Of| -> BTreeSet<(usize, &str)> {
            let own = self.statements.iter().filter(|s| s.of == of);
            own.map(|s| (s.layer, s.normal.as_str())).collect()
        };
        let (old, new) = (of(Of::Old), of(Of::New));
        let has_layer_of_its_own = self.layers.0 != self.layers.1;
        let mut seen = BTreeSet::new();
        let mut known = Vec::new();
        let mut unknown = Unknown::new();
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
                    unknown.extend(example(action));
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
                        patterns: &ready.patterns,
                        is_void: false,
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
        let statements: Vec<&Prepared> = applying.iter().map(|a| a.ready.prepared).collect();
        let placeholders = self.comparison.placeholders;
        let mut budget = self.budget.clone();
        let catalog = self.comparison.catalog;
        let kind_of = |key: &str| catalog.condition_key(key);
        let named_keys = if let Some(known) = self.named_keys.get(&key) {
            known.clone()
        } else {
            let found: Rc<[String]> = Readings::keys(&statements, placeholders).into();
            self.named_keys.insert(key.clone(), found.clone());
            found
        };
        let keys: BTreeSet<&str> = { statements.iter() }
            .flat_map(|s| s.conditions.lines.iter().map(|l| l.test.key.as_str()))
            .chain(named_keys.iter().map(String::as_str))
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
        let in_own_region = request_region(service, name) == RequestRegion::Own;
        let by = (
            service.to_owned(),
            known.map(|a| a.types()),
            key,
            in_own_region,
        );
        let earlier = self.known.get(&by);
        let earlier = earlier.and_then(|list| list.iter().find(|(f, _)| *f == facts));
        if let Some((_, answers)) = earlier {
            return answers.clone();
        }
        let readings = if let Some(known) = self.readings.get(&by.2) {
            known.clone()
        } else {
            let found = Readings::of_variables(&statements, &kind_of, placeholders, &mut budget);
            let found = found.map(Rc::new);
            self.readings.insert(by.2.clone(), found.clone());
            found
        };
        let cache = &mut self.worlds;
        let mut answers = nothing;
        let mut add = |more: [Found; 2]| {
            for (answer, more) in answers.iter_mut().zip(more) {
                answer.or(more);
            }
        };
        let mut at_universe = |universe: Option<&Universe>, place: Repeated, facts: &[KeyValue]| {
            let fact = |key: &str| {
                let at = keys.iter().position(|k| *k == key);
                at.and_then(|at| facts.get(at))
                    .cloned()
                    .unwrap_or(KeyValue::Unknown)
            };
            let mut seen: BTreeSet<Vec<bool>> = BTreeSet::new();
            let mut in_reading = |reading: Option<&Reading>| -> [Found; 2] {
                let undecided = [Found::Undecided, Found::Undecided];
                if reading.is_some() && !self.readings_left.pay(1) {
                    return undecided;
                }
                let fact = |key: &str| {
                    reading
                        .and_then(|r| r.fact(key))
                        .unwrap_or_else(|| fact(key))
                };
                let keys = Keys {
                    fact: &fact,
                    kind: &kind_of,
                    may_be: &|_, _| true,
                    field: &|key| place.field(key),
                };
                let read = reading.map(|r| read(applying, r));
                let applying = read.as_deref().unwrap_or(applying);
                let conditions: Vec<&Conditions> = { applying.iter().enumerate() }
                    .map(|(at, a)| {
                        let written = a.ready.prepared;
                        reading.map_or(&written.conditions, |r| r.conditions(at, written))
                    })
                    .collect();
                let of = reading.map_or(0, |r| 1 + r.id);
                let cached = cache.entry((by.2.clone(), of, place)).or_default();
                let earlier = cached.iter().find(|(f, _)| f == facts);
                let worlds = if let Some((_, known)) = earlier {
                    known.clone()
                } else {
                    let mut found = contexts::worlds(&conditions, &keys, placeholders, &mut budget);
                    if let Some(reading) = reading {
                        for world in found.iter_mut().flatten() {
                            world.add(reading.stated(), reading.texts(), keys.field);
                        }
                    }
                    let found = found.map(Rc::new);
                    cached.push((facts.to_vec(), found.clone()));
                    found
                };
                let Some(worlds) = worlds else {
                    return undecided;
                };
                let mut worlds: Vec<&World> = worlds.iter().collect();
                if let Some(reading) = reading {
                    // Where no string with a variable bears on the resource, the truths of the Conditions decide.
                    if reading.is_apart_from(universe.map(|u| &*u.all)) {
                        worlds.retain(|w| !w.places.is_empty() || seen.insert(w.truths.clone()));
                    }
                    if worlds.is_empty() {
                        return [Found::Nothing, Found::Nothing];
                    }
                }
                if !self.questions.pay(1 + worlds.len() as u64) {
                    return undecided;
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
            match &readings {
                None => in_reading(None),
                Some(readings) => readings.all(&fact, &mut in_reading),
            }
        };
        match known {
            Some(_) if !kinds.is_empty() => {
                for (kind, facts) in kinds.iter().zip(&facts) {
                    let universes = self.comparison.universes(service, kind);
                    for (at, universe) in universes.iter().enumerate() {
                        // Resources of other accounts have an account of their own.
                        let place = Repeated::of(kind, at == 0, in_own_region);
                        add(at_universe(Some(universe), place, facts));
                    }
                }
            }
            Some(_) => {
                let facts = facts.first().map_or(&[][..], Vec::as_slice);
                add(at_universe(None, Repeated::default(), facts));
            }
            None => {
                let facts = facts.first().map_or(&[][..], Vec::as_slice);
                let place = Repeated::default();
                for arns in [
                    format!("arn:?*:{service}:*:*:?*"),
                    "arn:?*:?*:*:*:?*".to_owned(),
                ] {
                    let universe = Universe {
                        all: Rc::new(Pattern::glob(&arns)),
                        ..Universe::unknown()
                    };
                    add(at_universe(Some(&universe), place, facts));
                }
                add(at_universe(None, place, facts));
            }
        }
        self.budget = budget;
        let list = self.known.entry(by).or_default();
        list.push((facts, answers.clone()));
        answers
    }
}

/// The statements in a reading of their variables.
fn read<'q>(applying: &[Applying<'q>], reading: &'q Reading) -> Vec<Applying<'q>> {
    let both = applying.iter().zip(&reading.statements);
    both.map(|(a, own)| Applying {
        ready: a.ready,
        action: a.action,
        patterns: own.patterns.as_deref().unwrap_or(a.patterns),
        is_void: own.is_void,
    })
    .collect()
}

/// Whether the ARN of the resource repeats values of condition keys.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Repeated {
    region: bool,
    account: bool,
}

impl Repeated {
    fn of(kind: &ResourceType<'_>, has_account: bool, in_own_region: bool) -> Self {
        let has = |at: usize, hole: &str| kind.arn.split(':').nth(at) == Some(hole);
        Repeated {
            region: in_own_region && has(3, "${Region}"),
            account: has_account && has(4, "${Account}"),
        }
    }

    /// The field of the ARN that is the value of a key (folded).
    fn field(self, key: &str) -> Option<usize> {
        let is_value = |at: &usize| {
            if *at == contexts::REGION {
                self.region
            } else {
                self.account
            }
        };
        contexts::field_of(key).filter(is_value)
    }
}

/// An action that a string matches, where the catalogue has none.
fn example(action: &Action) -> Option<((String, String), String)> {
    let by_name = |service: &String, name: &str| (service.clone(), name.to_ascii_lowercase());
    match &action.pattern {
        ActionPattern::Literal { service, name } => {
            Some((by_name(service, name), action.text.to_string()))
        }
        ActionPattern::Wildcard { service, .. } => {
            let (prefix, written) = action.text.split_once(':')?;
            let mut text: String = written.replace('?', "x").replace('*', "");
            if text.is_empty() {
                text.push_str("any");
            }
            let own = by_name(service, &text);
            let matches = action.pattern.matches(service, &own.1) == ActionMatch::Yes;
            matches.then(|| (own, format!("{prefix}:{text}")))
        }
        _ => None,
    }
}
