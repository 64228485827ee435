//! What one statement allows for one action, and is not required.

use std::ptr;
use std::rc::Rc;

use super::Search;
use super::answers::{Bearing, Role, sorted_types};
use super::needs::Needs;
use super::outcome::Example;
use super::outcome::Outcome;
use crate::catalog;
use crate::diff::comparison::{Comparison, Named};
use crate::diff::context::Target;
use crate::diff::decide::{self, Sides, Stance};
use crate::diff::memo::{self, Number, Question};
use crate::diff::scope::Universe;
use crate::diff::statement::{Applies, Conditions, Prepared, Resource};
use crate::diff::witness;
use crate::matcher::condition::{KeyValue, Truth};
use crate::matcher::search::{Answer, Budget, Goal};
use crate::matcher::{Pattern, Reading, Symbol, Variables};
use crate::parser::Effect;

/// Steps for one question.
const STEPS_PER_QUESTION: u64 = 2_000_000;

/// Steps for each statement that bears on a question.
const STEPS_PER_STATEMENT: u64 = 16;

/// The key, folded, whose value can follow from the account in the ARN.
const BY_ACCOUNT: &str = "aws:resourceaccount";

impl<'a> Search<'a> {
    /// What `statement` allows for `action` beyond what the reference needs, with an example or without.
    pub(super) fn beyond(
        &mut self,
        statement: &Prepared,
        action: catalog::Action<'a>,
        needs: &Needs<'a>,
        example: bool,
    ) -> Outcome {
        let always = self.beyond_in(statement, action, needs, &[], example);
        let is_free = statement.conditions.is_empty() && !self.has_limits;
        if !matches!(always, Outcome::Nothing) || is_free {
            return always;
        }
        let without = self.comparison.context.without_absent_keys(action);
        if without.is_empty() {
            return always;
        }
        self.beyond_in(statement, action, needs, &without, example)
    }

    /// The same for requests with known condition keys.
    fn beyond_in(
        &mut self,
        statement: &Prepared,
        action: catalog::Action<'a>,
        needs: &Needs<'a>,
        stated: &[(String, KeyValue)],
        example: bool,
    ) -> Outcome {
        let is_plain = statement.conditions.is_empty();
        let typed = action.has_resource_types();
        if typed && (needs.everywhere() || self.is_within(statement, needs)) {
            return Outcome::Nothing;
        }
        let name = if is_plain && !self.has_limits {
            String::new()
        } else {
            action.name.to_ascii_lowercase()
        };
        let named = Named {
            service: action.service,
            name: &name,
            known: Some(action),
        };
        // Mostly what is known is the same for all kinds of resources.
        let by_account = |c: &Conditions| { c.lines.iter() }.any(|l| l.test.key == BY_ACCOUNT);
        let varies = |c: &Conditions| !c.is_empty() && (action.has_keys_by_type() || by_account(c));
        let nothing = Conditions::default();
        let holds = |target: Target<'_>| {
            is_plain || {
                let situation = self.comparison.situation(named, stated, target);
                situation.holds(&statement.conditions, &nothing) == Truth::True
            }
        };
        if !varies(&statement.conditions) && !holds(Target::default()) {
            return Outcome::Nothing;
        }
        let applies = if self.has_limits {
            self.comparison.applying(action.service, &name)
        } else {
            Vec::new()
        };
        self.budget.pay(STEPS_PER_STATEMENT * applies.len() as u64);
        let layers = self.comparison.layers.len();
        let mut limits = (1..layers).map(|layer| applies.iter().filter(move |a| a.layer == layer));
        if limits.any(|mut of_layer| of_layer.all(|a| a.statement.effect == Effect::Deny)) {
            return Outcome::Nothing;
        }
        // What is known of the statements that bear on a kind of resource, where this one allows it for certain.
        let truths = |target: Target<'_>| -> Option<Vec<Truth>> {
            let situation = self.comparison.situation(named, stated, target);
            let holds_of = |a: &Applies<'_>| match &a.statement.conditions {
                c if c.is_empty() => Truth::True,
                c => situation.holds(c, &nothing),
            };
            holds(target).then(|| applies.iter().map(holds_of).collect())
        };
        let sides = |truths: &[Truth]| Sides::new(&applies, truths, layers, &|_| Stance::Cautious);
        if !typed {
            if !statement.is_on_star()
                || statement.may_be_void
                || needs.star(&action)
                || !truths(Target::default()).is_some_and(|t| sides(&t).star_passes())
            {
                return Outcome::Nothing;
            }
            let mut resources = statement.resources.iter();
            let by = resources.position(|r| r.pattern.is_everything());
            let resource = "*".to_owned();
            return Outcome::Something(Some(Rc::new(Example { resource, by })));
        }
        let varies = varies(&statement.conditions)
            || applies.iter().any(|a| varies(&a.statement.conditions));
        let bearing = |truths: &[Truth]| -> Vec<Bearing> {
            let required = needs.allows.iter().map(|s| (*s, Role::Requires));
            let exempt = needs.denies.iter().map(|s| (*s, Role::Exempts));
            let applying = applies.iter().zip(truths);
            let applying = applying.map(|(a, t)| (a.statement, Role::Applies(a.certain, *t)));
            let all = required.chain(exempt).chain(applying);
            all.map(|(s, role)| Bearing::new(s, role)).collect()
        };
        let kinds = self.universes.kinds(&action);
        let mut alike = None;
        if !varies {
            let Some(truths) = truths(Target::default()) else {
                return Outcome::Nothing;
            };
            let number = self.answers.number(bearing(&truths));
            if let Some(known) = self.answers.of_action(&kinds, number, example) {
                return known;
            }
            alike = Some((truths, number));
        }
        let mut outcome = Outcome::Nothing;
        let types = if varies {
            sorted_types(&action)
        } else {
            Vec::new()
        };
        'kinds: for (position, kind) in kinds.iter().enumerate() {
            let (universes, of_type) = self.universes.get(*kind);
            for (at, universe) in universes.iter().enumerate() {
                let typed;
                let (truths, number) = if let Some((truths, number)) = &alike {
                    (truths, *number)
                } else {
                    let target = Target {
                        kind: types.get(position).copied(),
                        own_account: universe.own_account,
                    };
                    let Some(truths) = truths(target) else {
                        continue;
                    };
                    typed = truths;
                    (&typed, self.answers.number(bearing(&typed)))
                };
                let known = self.answers.of_type(*kind, at, number, example);
                outcome = known.unwrap_or_else(|| {
                    let asked = Asked {
                        statement,
                        needs,
                        applies: &applies,
                        truths,
                        example,
                    };
                    let question = asked.question(self.comparison, of_type, at);
                    let found = self.known(question, |search| {
                        search.ask(statement, universe, needs, &sides(truths), example)
                    });
                    if let Some(number) = number {
                        self.answers.keep_for_type(*kind, at, number, &found);
                    }
                    found
                });
                if !matches!(outcome, Outcome::Nothing) {
                    break 'kinds;
                }
            }
        }
        if let Some((_, Some(number))) = alike {
            self.answers.keep_for_action(&kinds, number, &outcome);
        }
        outcome
    }

    /// Whether each resource of a statement lies within one that is required for an action with resource types, by a test
    /// that needs no search and may say no where the answer is yes.
    pub(super) fn is_within(&mut self, statement: &Prepared, needs: &Needs<'a>) -> bool {
        if !statement.conditions.is_empty() || !needs.denies.is_empty() {
            return false;
        }
        let required = &needs.allows;
        let of: *const Prepared = statement;
        let by = || required.iter().map(|s| ptr::from_ref(*s));
        if let Some((last, others, answer)) = &self.last_within
            && *last == of
            && others.iter().copied().eq(by())
        {
            return *answer;
        }
        let needed = || {
            let lists = required.iter().filter(|s| !s.not_resource);
            lists
                .flat_map(|s| &s.resources)
                .flat_map(|r| r.patterns(Reading::Wide, Variables::Any))
        };
        let mut granted = statement
            .resources
            .iter()
            .flat_map(|r| r.patterns(Reading::Strict, Variables::Unset));
        let answer = !statement.not_resource && granted.all(|g| needed().any(|n| n.absorbs(g)));
        self.last_within = Some((of, by().collect(), answer));
        answer
    }

    /// What `statement` allows on the resources of one kind, as far as other statements let it, and is not required.
    fn ask(
        &mut self,
        statement: &Prepared,
        universe: &Universe,
        needs: &Needs<'a>,
        sides: &Sides<'_>,
        example: bool,
    ) -> Outcome {
        let everything = Pattern::everything();
        let wanted: Vec<&Pattern> = if statement.not_resource {
            vec![&everything]
        } else {
            let resources = statement.resources.iter();
            resources
                .flat_map(|r| r.patterns(Reading::Strict, Variables::Unset))
                .collect()
        };
        let itself = Applies {
            statement,
            layer: 0,
            certain: true,
            action: None,
        };
        let own = Sides::new(&[itself], &[Truth::True], 1, &|_| Stance::Cautious);
        let required = needs.required(true);
        let question = decide::Question {
            universe: &universe.all,
            plain: &universe.plain,
            wanted,
            filters: Vec::new(),
        };
        let beyond = decide::Beyond::new(&question, &own, sides, &required);
        let goal = if example { Goal::Shortest } else { Goal::Any };
        match self.spend(|b| beyond.find(goal, b)) {
            Answer::Nothing => Outcome::Nothing,
            Answer::Undecided => Outcome::Undecided,
            Answer::Word(_) if !example => Outcome::Something(None),
            Answer::Word(word) => {
                let holds = |w: &[Symbol]| beyond.has(w);
                let Comparison {
                    scope,
                    placeholders,
                    ..
                } = self.comparison;
                let resource = witness::readable(&word, scope, placeholders, &[], holds);
                let by = grants(&statement.resources, &word);
                Outcome::Something(Some(Rc::new(Example { resource, by })))
            }
        }
    }

    /// The answer to a question that may have been asked before.
    fn known(&mut self, question: Question, ask: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        let all = self.budget.share(STEPS_PER_QUESTION);
        let mut share = all.clone();
        if let Some(known) = memo::beyond(&question, &mut share) {
            self.budget.settle(all.left(), &share);
            return known;
        }
        let before = self.budget.left();
        let found = ask(self);
        let steps = before - self.budget.left();
        if steps < all.left() && !matches!(found, Outcome::Undecided) {
            memo::keep_beyond(question, &found, steps);
        }
        found
    }

    /// One question's share of the budget.
    pub(super) fn spend(&mut self, ask: impl FnOnce(&mut Budget) -> Answer) -> Answer {
        let before = self.budget.share(STEPS_PER_QUESTION);
        let mut share = before.clone();
        let answer = ask(&mut share);
        self.budget.settle(before.left(), &share);
        answer
    }
}

/// What bears on a question about one kind of resource.
struct Asked<'q, 'a> {
    statement: &'q Prepared,
    needs: &'q Needs<'a>,
    applies: &'q [Applies<'q>],
    truths: &'q [Truth],
    example: bool,
}

impl Asked<'_, '_> {
    /// As numbers; `of_type` is that of the type, `at` the index of its ARNs.
    fn question(&self, comparison: &Comparison<'_>, of_type: Number, at: usize) -> Question {
        let number = |s: &Prepared| memo::of_statement(s, comparison.placeholders);
        let Needs { allows, denies } = self.needs;
        let count = |list: &[&Prepared]| list.len() as Number;
        let mut question = vec![
            comparison.number(),
            of_type,
            at as Number,
            Number::from(self.example),
            number(self.statement),
            count(allows),
            count(denies),
        ];
        question.extend(allows.iter().chain(denies).map(|s| number(s)));
        for (entry, truth) in self.applies.iter().zip(self.truths) {
            let how = 2 * entry.layer as Number + Number::from(entry.certain);
            question.extend([number(entry.statement), how, memo::of_truth(*truth)]);
        }
        question.into()
    }
}

fn grants(resources: &[Resource], word: &[Symbol]) -> Option<usize> {
    resources.iter().position(|r| {
        r.patterns(Reading::Strict, Variables::Unset)
            .iter()
            .any(|p| p.matches(word))
    })
}
