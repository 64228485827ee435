//! Entries without effect: actions and resources of one statement that never meet in a request.
//!
//! A statement applies to a request only where one of its actions and one of its resources do, so `iam:PassRole` on an
//! instance profile is lost, and an action without resource-level permissions takes no ARN at all.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
//!
//! Unknown entries count as having an effect: actions outside the catalogue, texts that are not an ARN (the parser
//! reports them), policy variables and placeholders, and whatever some reading of AWS's pages allows.

mod kinds;

use rustc_hash::{FxHashMap, FxHashSet};

use super::comparison::Comparison;
use super::scope::{Scope, Universes};
use super::statement::{Prepared, Resource};
use crate::catalog::{Action, Service, TypesKey};
use crate::matcher::search::{self, Alphabet, Answer, Budget, Clause, Goal, Union};
use crate::matcher::{ActionPattern, Pattern, Reading, Variables};
use kinds::{Kinds, Listed};

/// Steps of the decision procedure for all statements. Beyond them no element counts as without effect.
const STEPS_PER_RUN: u64 = 5_000_000;

/// A statement, or a part of one, that has no effect as far as the catalogue knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ineffective {
    /// Index of the layer.
    pub layer: usize,
    /// Index into its statements.
    pub statement: usize,
    /// How much of it.
    pub extent: Extent,
}

/// How much of a statement has no effect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Extent {
    /// All of it: `NotAction` leaves no action.
    NoAction,
    /// All of it: `NotResource` leaves no resource.
    NoResource,
    /// All of it: no action applies to any of the resources. No string of a `NotAction` is listed.
    NoPair(Vec<Unmet>),
    /// Some of its strings.
    Strings {
        /// The actions that apply to none of the resources.
        actions: Vec<Unmet>,
        /// The resources, as indexes, that none of the actions applies to.
        resources: Vec<usize>,
    },
}

/// A string of `Action` that no resource of its statement fits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unmet {
    /// The index of the action.
    pub action: usize,
    /// The resources that it applies to: ARN formats of the catalogue, and `*` for actions without resource-level
    /// permissions.
    pub formats: Vec<String>,
}

/// Finds what has no effect in the statements that are asked for, in the order of the layers and their statements.
pub fn ineffective(
    comparison: &Comparison<'_>,
    is_asked_for: impl Fn(&Prepared) -> bool,
) -> Vec<Ineffective> {
    let formats = Universes::of(&Scope::default());
    let mut kinds = Kinds::new(&formats);
    let mut budget = Budget::steps(STEPS_PER_RUN);
    let mut found = Vec::new();
    for (layer, statements) in comparison.layers.iter().map(|l| l.statements).enumerate() {
        let statements = statements.iter().enumerate();
        for (index, statement) in statements.filter(|(_, s)| is_asked_for(s)) {
            let mut asked = Asked {
                comparison,
                statement,
                listed: statement.resources.iter().map(Listed::new).collect(),
                kinds: &mut kinds,
                budget: &mut budget,
                answers: FxHashMap::default(),
                met: Vec::new(),
                used: Vec::new(),
            };
            if let Some(extent) = asked.extent() {
                found.push(Ineffective {
                    layer,
                    statement: index,
                    extent,
                });
            }
        }
    }
    found
}

/// Looks at an action; the last argument says whether the statement may match it.
type Visit<'v, Asked, Action> = &'v mut dyn FnMut(&mut Asked, Action, &dyn Fn() -> bool) -> bool;

/// Says whether the actions of a service are looked at.
type IsAsked<'v, Asked, Service> = &'v mut dyn FnMut(&mut Asked, Service) -> bool;

/// One statement, and what is known of it already.
struct Asked<'s, 'f, 'a> {
    comparison: &'s Comparison<'a>,
    statement: &'s Prepared,
    /// The resources of the statement.
    listed: Vec<Listed<'s>>,
    kinds: &'s mut Kinds<'f, 'a>,
    budget: &'s mut Budget,
    /// By resource types: actions with the same types get the same answer.
    answers: FxHashMap<TypesKey<'a>, bool>,
    /// By the index of a resource type and that of a resource: whether they meet.
    met: Vec<Vec<Option<bool>>>,
    /// The resources, by index, that some action is known to apply to.
    used: Vec<bool>,
}

impl<'a> Asked<'_, '_, 'a> {
    fn extent(&mut self) -> Option<Extent> {
        let statement = self.statement;
        let is_everything = |r: &Resource| r.pattern.is_everything();
        if statement.not_resource && statement.resources.iter().any(is_everything) {
            return Some(Extent::NoResource);
        }
        // A listed action has an effect if AWS knows it at all.
        if !statement.not_action
            && !statement.not_resource
            && statement.resources.iter().all(is_everything)
        {
            return None;
        }
        self.used = vec![false; statement.resources.len()];
        if statement.not_action {
            return self.of_not_action();
        }
        let mut actions = Vec::new();
        let mut unknown = false;
        for (at, action) in statement.actions.iter().enumerate() {
            let mut known = false;
            let takes_effect = self.comparison.any_match(&action.pattern, |action| {
                known = true;
                self.takes_effect(action)
            });
            unknown |= !known;
            if known && !takes_effect {
                actions.push(at);
            }
        }
        let resources = if unknown || actions.len() == statement.actions.len() {
            Vec::new()
        } else {
            self.unused()
        };
        if actions.is_empty() && resources.is_empty() {
            return None;
        }
        let all = actions.len() == statement.actions.len();
        let actions = actions.into_iter().map(|at| self.unmet(at)).collect();
        Some(if all {
            Extent::NoPair(actions)
        } else {
            Extent::Strings { actions, resources }
        })
    }

    fn of_not_action(&mut self) -> Option<Extent> {
        let mut left = false;
        let mut all = |_: &mut Self, _: Service<'a>| true;
        let takes_effect = self.any_action(&mut all, &mut |asked, action, leaves| {
            // One action stands for all with the same types.
            let is_known = || asked.answers.get(&action.types_key()) == Some(&false);
            if left && is_known() || !leaves() {
                return false;
            }
            left = true;
            asked.takes_effect(action)
        });
        if !left {
            return Some(Extent::NoAction);
        }
        if !takes_effect {
            return Some(Extent::NoPair(Vec::new()));
        }
        let resources = self.unused();
        let actions = Vec::new();
        (!resources.is_empty()).then_some(Extent::Strings { actions, resources })
    }

    /// Calls `visit` for the actions that the statement may match, of services that are asked for, until it says yes.
    /// The closure that `visit` gets says whether a `NotAction` may match the action.
    fn any_action(
        &mut self,
        is_asked: IsAsked<'_, Self, Service<'a>>,
        visit: Visit<'_, Self, Action<'a>>,
    ) -> bool {
        let (comparison, statement) = (self.comparison, self.statement);
        let mut listed = statement.actions.iter().map(|a| &a.pattern);
        let is_everything = |p: &ActionPattern| *p == ActionPattern::Everything;
        if !statement.not_action && !listed.clone().any(is_everything) {
            return listed.any(|pattern| {
                let service = pattern.service().and_then(|name| comparison.service(name));
                service.is_none_or(|service| is_asked(self, service))
                    && comparison.any_match(pattern, |action| visit(self, action, &|| true))
            });
        }
        if statement.not_action && listed.any(is_everything) {
            return false;
        }
        comparison.catalog.services().any(|service| {
            if !is_asked(self, service) {
                return false;
            }
            let distinguishes =
                statement.not_action && statement.distinguishes_actions_of(service.prefix());
            let leaves = |name: &str| statement.applies(service.prefix(), name).is_some();
            let leaves_any = distinguishes || leaves("");
            leaves_any
                && service.actions().any(|action| {
                    let leaves = || !distinguishes || leaves(&action.name.to_ascii_lowercase());
                    visit(self, action, &leaves)
                })
        })
    }

    /// Whether the statement applies to some request of an action.
    fn takes_effect(&mut self, action: Action<'a>) -> bool {
        let key = action.types_key();
        if let Some(answer) = self.answers.get(&key) {
            return *answer;
        }
        let answer = if self.statement.not_resource {
            self.leaves(action)
        } else {
            let kinds = self.kinds.of(action);
            let by = (0..self.listed.len()).find(|at| self.meets(*at, &kinds));
            if let Some(used) = by.and_then(|by| self.used.get_mut(by)) {
                *used = true;
            }
            by.is_some() || self.statement.has_void_resource
        };
        self.answers.insert(key, answer);
        answer
    }

    /// Whether an action with these types may apply to a resource, by its index.
    fn meets(&mut self, at: usize, kinds: &[usize]) -> bool {
        let Some(listed) = self.listed.get(at) else {
            return false;
        };
        let (all, met, count) = (&self.kinds.all, &mut self.met, self.listed.len());
        if met.len() < all.len() {
            met.resize_with(all.len(), Vec::new);
        }
        listed.may_be_everything
            || kinds.iter().any(|index| {
                let (Some(kind), Some(met)) = (all.get(*index), met.get_mut(*index)) else {
                    return false;
                };
                met.resize(count, None);
                let meets = || kind.meets(listed);
                met.get_mut(at)
                    .is_some_and(|met| *met.get_or_insert_with(meets))
            })
    }

    /// Whether `NotResource` leaves a request of an action. It does not list `*`.
    fn leaves(&mut self, action: Action<'a>) -> bool {
        let listed = self.statement.resources.iter();
        let listed: Vec<&Pattern> = listed
            .flat_map(|r| r.patterns(Reading::Strict, Variables::Unset))
            .collect();
        !action.has_resource_types()
            || action.resource_types().any(|kind| {
                let formats = self.kinds.formats.get(action.service, &kind);
                formats
                    .iter()
                    .any(|f| !covers(&listed, &f.all, self.budget))
            })
    }

    /// The resources, by index, that no action of the statement applies to.
    fn unused(&mut self) -> Vec<usize> {
        if self.statement.not_resource {
            return Vec::new();
        }
        let resources = self.listed.iter().zip(&self.used).enumerate();
        let mut unused: Vec<usize> = resources
            .filter(|(_, (resource, used))| !**used && !resource.may_be_everything)
            .map(|(at, _)| at)
            .collect();
        let mut seen: FxHashSet<TypesKey<'_>> = FxHashSet::default();
        let mut seen_kinds: FxHashSet<usize> = FxHashSet::default();
        if !unused.is_empty() {
            let asked_for = unused.clone();
            let mut bears =
                |asked: &mut Self, service: Service<'a>| asked.may_bear_on(&asked_for, service);
            self.any_action(&mut bears, &mut |asked, action, may_match| {
                let key = action.types_key();
                if !seen.contains(&key) && may_match() {
                    seen.insert(key);
                    let kinds = asked.kinds.of(action);
                    // A type that was looked at leaves only those that it does not meet.
                    let kinds = kinds.iter().copied();
                    let kinds: Vec<_> = kinds.filter(|kind| seen_kinds.insert(*kind)).collect();
                    unused.retain(|at| !asked.meets(*at, &kinds));
                }
                unused.is_empty()
            });
        }
        unused
    }

    /// Whether the ARN of a resource type of a service may match one of these resources, by index. False is certain,
    /// true is not.
    fn may_bear_on(&mut self, resources: &[usize], service: Service<'a>) -> bool {
        let shapes = self.kinds.shapes(service);
        let mut listed = resources.iter().filter_map(|at| self.listed.get(*at));
        listed.any(|listed| {
            let mut shapes = shapes.iter();
            shapes.any(|shape| listed.resource.may_be_of(*shape).contains(&true))
        })
    }

    fn unmet(&self, at: usize) -> Unmet {
        let mut formats: Vec<String> = Vec::new();
        let mut add = |format: &str| {
            if !formats.iter().any(|f| f == format) {
                formats.push(format.to_owned());
            }
        };
        if let Some(action) = self.statement.actions.get(at) {
            self.comparison.each_match(&action.pattern, |action| {
                if !action.has_resource_types() {
                    add("*");
                }
                action.resource_types().for_each(|kind| add(kind.arn));
            });
        }
        Unmet {
            action: at,
            formats,
        }
    }
}

/// Whether patterns together match everything that `format` does. False if the limit is reached.
fn covers(listed: &[&Pattern], format: &Pattern, budget: &mut Budget) -> bool {
    listed.iter().any(|p| p.absorbs(format))
        || Comparison::spend(budget, |budget| {
            let clause = Clause {
                required: vec![Union::of(vec![format])],
                forbidden: vec![Union::of(listed.to_vec())],
            };
            let patterns = [format].into_iter().chain(listed.iter().copied());
            let alphabet = || Alphabet::of(patterns.clone());
            search::find(&[clause], &alphabet, Goal::Any, budget)
        }) == Answer::Nothing
}
