//! Certain grants of actions that the reference only allows under a Condition.

use super::comparison::{Comparison, Named};
use super::context::Target;
use super::coverage::Requirement;
use super::decide::{self, Filter, Question, Required, Sides, Stance, shows};
use super::judgement::required_patterns;
use super::scope::{Scope, Universe, Universes};
use super::statement::{Applies, Conditions, Prepared};
use crate::matcher::condition::{KeyValue, Truth};
use crate::matcher::search::{Answer, Budget, Goal};
use crate::matcher::{Pattern, Reading, Variables};
use crate::parser::{Effect, SourceId, Span};

/// Steps of the decision procedure for all of it.
const STEPS_PER_RUN: u64 = 10_000_000;

/// Asks about the statements of one comparison, within one limit of steps.
pub struct Search<'s, 'a> {
    comparison: &'s Comparison<'a>,
    required: &'s [Prepared],
    budget: Budget,
}

/// The requests of a statement of the reference for one action, its Condition aside.
struct Asked<'r> {
    wanted: Vec<&'r Pattern>,
    /// Whether the request on `*` is one.
    star: bool,
    filters: Vec<Filter<'r>>,
    /// Requirements of other statements without a Condition.
    elsewhere: Required<'r>,
}

/// The ARNs that exist of one kind, and the required patterns to ask about there.
struct Asks<'r, 'a> {
    universe: Universe,
    target: Target<'a>,
    wanted: Vec<&'r Pattern>,
}

impl<'r> Asked<'r> {
    fn new(
        statement: &'r Prepared,
        required: &'r [Prepared],
        everything: &'r Pattern,
        named: Named<'_, '_>,
    ) -> Self {
        let listed: Vec<&Pattern> = { statement.resources.iter() }
            .flat_map(required_patterns)
            .collect();
        let mut asked = Asked {
            wanted: listed,
            star: statement.is_on_star(),
            filters: Vec::new(),
            elsewhere: Required::default(),
        };
        if statement.not_resource {
            let patterns = std::mem::replace(&mut asked.wanted, vec![everything]);
            asked.filters.push(Filter {
                negated: true,
                patterns,
            });
        }
        for other in required.iter().filter(|s| s.conditions.is_empty()) {
            let applies = other.applies(named.service, named.name);
            if !applies.is_some_and(|a| a.certain) {
                continue;
            }
            asked.star &= !other.is_on_star();
            if other.effect == Effect::Deny {
                let resources = other.resources.iter();
                asked.filters.push(Filter {
                    negated: !other.not_resource,
                    patterns: resources
                        .flat_map(|r| r.patterns(Reading::Strict, Variables::Unset))
                        .collect(),
                });
            } else {
                let resources = other.resources.iter();
                let patterns = if other.not_resource {
                    resources.flat_map(required_patterns).collect()
                } else {
                    resources
                        .flat_map(|r| r.patterns(Reading::Wide, Variables::Any))
                        .collect()
                };
                asked.elsewhere.allowed.push(Filter {
                    negated: other.not_resource,
                    patterns,
                });
            }
        }
        asked
    }
}

impl<'s, 'a> Search<'s, 'a> {
    /// `required` are the statements of the reference.
    pub fn new(comparison: &'s Comparison<'a>, required: &'s [Prepared]) -> Self {
        Search {
            comparison,
            required,
            budget: Budget::steps(STEPS_PER_RUN),
        }
    }

    /// The place where the role's own policies allow for certain, whatever the Condition of `statement` says, a request
    /// that this statement of the reference requires and no other requires without a Condition: every layer allows it,
    /// and no Deny may take it. If the limit is reached the answer is yes: the grant may be unlimited.
    pub fn grants(
        &mut self,
        statement: &Prepared,
        requirement: &Requirement,
    ) -> Vec<(SourceId, Span)> {
        let action = requirement.row.action.to_ascii_lowercase();
        let (service, name) = action.split_once(':').unwrap_or_default();
        let mut places = self.grants_in(statement, &action, &[]);
        if let Some(known) = self.comparison.known(service, name) {
            let without = self.comparison.context.without_absent_keys(known);
            if !without.is_empty() {
                let more = self.grants_in(statement, &action, &without);
                let more = more.into_iter().filter(|p| !places.contains(p));
                places.extend(more.collect::<Vec<_>>());
            }
        }
        places
    }

    /// The same for requests with known condition keys. The action is in lower case.
    fn grants_in(
        &mut self,
        statement: &Prepared,
        action: &str,
        stated: &[(String, KeyValue)],
    ) -> Vec<(SourceId, Span)> {
        let (service, name) = action.split_once(':').unwrap_or_default();
        let named = Named {
            service,
            name,
            known: self.comparison.known(service, name),
        };
        let applies = self.comparison.applying(service, name);
        let is_own =
            |a: &Applies<'_>| a.layer == 0 && a.certain && a.statement.effect == Effect::Allow;
        if !applies.iter().any(is_own) {
            return Vec::new();
        }
        let nothing = Conditions::default();
        let holds = |conditions: &Conditions, target| {
            let situation = self.comparison.situation(named, stated, target);
            situation.holds(conditions, &nothing)
        };
        let everything = Pattern::everything();
        let asked = Asked::new(statement, self.required, &everything, named);
        let questions = self.questions(&asked, named);
        let typed = named.known.is_some_and(|a| a.has_resource_types());
        let layers = self.comparison.layers.len();
        let cautious = |_| Stance::Cautious;
        // The patterns for each kind of resource. If the context of all requests makes the Condition hold, it restricts
        // nothing.
        let side = |target| {
            let conditions = applies.iter().map(|a| &a.statement.conditions);
            let truths: Vec<Truth> = conditions.map(|c| holds(c, target)).collect();
            let sides = Sides::new(&applies, &truths, layers, &cautious);
            let restricts = holds(&statement.conditions, target) != Truth::True;
            (truths, sides, restricts)
        };
        let on_star = side(Target::default());
        let on_types: Vec<_> = { questions.iter() }
            .map(|question| side(question.target))
            .collect();
        let mut places = Vec::new();
        for (at, own) in applies.iter().enumerate() {
            if !is_own(own) {
                continue;
            }
            let alone = Sides::new(&[*own], &[Truth::True], 1, &cautious);
            let unlimited = |(truths, _, restricts): &(Vec<Truth>, Sides<'_>, bool)| {
                *restricts && truths.get(at) == Some(&Truth::True)
            };
            let star = asked.star
                && !typed
                && alone.star() & shows::UNSURE == 0
                && unlimited(&on_star)
                && on_star.1.star_passes();
            let mut each = questions.iter().zip(&on_types);
            let found = star
                || each.any(|(asks, side)| {
                    if !unlimited(side) {
                        return false;
                    }
                    let Asks {
                        universe, wanted, ..
                    } = asks;
                    let question = Question {
                        universe: &universe.all,
                        plain: &universe.plain,
                        wanted: wanted.clone(),
                        filters: asked.filters.clone(),
                    };
                    let found = Comparison::spend(&mut self.budget, |budget| {
                        let beyond =
                            decide::Beyond::new(&question, &alone, &side.1, &asked.elsewhere);
                        beyond.find(Goal::Any, budget)
                    });
                    found != Answer::Nothing
                });
            if found {
                places.push(own.place());
            }
        }
        places
    }

    /// The ARNs that exist for an action, each with the required patterns to ask about there. As in the verdicts, a
    /// scope narrows but never hides a requirement.
    fn questions<'r>(&self, asked: &Asked<'r>, named: Named<'_, 'a>) -> Vec<Asks<'r, 'a>> {
        let ask = |universe: Universe, kind, wanted| Asks {
            target: Target {
                kind,
                own_account: universe.own_account,
            },
            universe,
            wanted,
        };
        let Some(action) = named.known else {
            return vec![ask(Universe::unknown(), None, asked.wanted.clone())];
        };
        let mut questions = Vec::new();
        for kind in action.resource_types() {
            let scoped = self.comparison.universes(named.service, &kind);
            let inside = |p: &&&Pattern| scoped.iter().any(|u| p.overlaps(&u.all));
            let (inside, outside): (Vec<&Pattern>, Vec<&Pattern>) =
                asked.wanted.iter().partition(inside);
            if !inside.is_empty() {
                let scoped = scoped.iter();
                questions.extend(scoped.map(|u| ask(u.clone(), Some(kind), inside.clone())));
            }
            if !outside.is_empty() && self.comparison.scope.is_narrow() {
                let anywhere = Universes::of(&Scope::default()).get(named.service, &kind);
                let anywhere = anywhere.iter().cloned();
                questions.extend(anywhere.map(|u| ask(u, Some(kind), outside.clone())));
            }
        }
        questions
    }
}
