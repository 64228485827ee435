//! Entries without effect: actions and resources of one statement that never meet in a request.
//!
//! A statement applies to a request only where one of its actions and one of its resources do, so `iam:PassRole` on an
//! instance profile is lost, and an action without resource-level permissions takes no ARN at all.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
//!
//! Unknown entries count as having an effect: actions outside the catalogue, texts that are not an ARN (the parser
//! reports them), policy variables and placeholders, and whatever some reading of AWS's pages allows.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::comparison::Comparison;
use super::scope::{Scope, Universe, Universes, plain_format};
use super::statement::{Prepared, Resource};
use crate::catalog::{Action, ResourceType};
use crate::matcher::search::{self, Alphabet, Answer, Budget, Clause, Union, Wanted};
use crate::matcher::{ActionPattern, Pattern, Piece, Reading, Variables};

/// Steps of the decision procedure for all of it. Past them nothing is said to be without effect.
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
    /// All of it: no action applies to any of the resources. Of `NotAction` no string is listed.
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
    /// Its index.
    pub action: usize,
    /// The resources that it applies to: ARN formats of the catalogue, and `*` for actions without resource-level
    /// permissions.
    pub formats: Vec<String>,
}

/// Finds what has no effect, in the order of the layers and their statements.
pub fn ineffective(comparison: &Comparison<'_>) -> Vec<Ineffective> {
    let formats = Formats(Universes::of(&Scope::default()));
    let mut budget = Budget::steps(STEPS_PER_RUN);
    let mut found = Vec::new();
    for (layer, statements) in comparison.layers.iter().map(|l| l.statements).enumerate() {
        for (index, statement) in statements.iter().enumerate() {
            let mut asked = Asked {
                comparison,
                statement,
                formats: &formats,
                budget: &mut budget,
                answers: FxHashMap::default(),
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

/// The ARNs of resource types everywhere.
struct Formats(Rc<Universes>);

impl Formats {
    fn of(&self, service: &str, kind: &ResourceType<'_>) -> Rc<[Universe]> {
        self.0.get(service, kind)
    }

    /// Whether a string of `Resource` may match an ARN of a type under any reading.
    fn meet(&self, resource: &Resource, service: &str, kind: &ResourceType<'_>) -> bool {
        let formats = self.of(service, kind);
        let meets = |reading| {
            let mut patterns = resource.patterns(reading, Variables::Any).iter();
            patterns.any(|p| formats.iter().any(|f| p.overlaps(&f.all)))
        };
        let meets_plain = |plain: &Pattern| {
            let mut patterns = resource.patterns(Reading::Wide, Variables::Any).iter();
            patterns.any(|p| p.overlaps(plain))
        };
        let pieces = resource.pattern.pieces();
        let has_placeholder = || {
            pieces
                .iter()
                .any(|(p, _)| matches!(p, Piece::Placeholder(_)))
        };
        meets(Reading::Strict)
            || has_placeholder() && meets(Reading::Loose)
            // As in the verdicts, a contested reading counts for names without `:` alone.
            || resource.pattern.is_contested()
                && meets_plain(&plain_format(&kind.requested()))
    }
}

/// Whether a string of `Resource` may stand for `*`, or is reported for not being an ARN.
fn may_be_everything(resource: &Resource) -> bool {
    let pieces = resource.pattern.pieces();
    match pieces.first() {
        Some((Piece::Placeholder(_) | Piece::Variable { .. } | Piece::Star, _)) => {
            let wild = |p: &Piece| !matches!(p, Piece::Char(_) | Piece::Question);
            resource.pattern.field_count() == 1 && pieces.iter().all(|(p, _)| wild(p))
        }
        _ => resource.pattern.literal_field(0).as_deref() != Some("arn"),
    }
}

/// One statement, and what is known of it already.
struct Asked<'s, 'a> {
    comparison: &'s Comparison<'a>,
    statement: &'s Prepared,
    formats: &'s Formats,
    budget: &'s mut Budget,
    /// By service and resource types: actions with the same types get the same answer.
    answers: FxHashMap<(&'a str, &'a str), bool>,
    /// The resources, by index, that some action is known to apply to.
    used: Vec<bool>,
}

impl<'a> Asked<'_, 'a> {
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
        let takes_effect = self.any_action(&mut |asked, action| {
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

    /// Calls `visit` for the actions that the statement may match until it says yes.
    fn any_action(&mut self, visit: &mut dyn FnMut(&mut Self, Action<'a>) -> bool) -> bool {
        let (comparison, statement) = (self.comparison, self.statement);
        let mut listed = statement.actions.iter().map(|a| &a.pattern);
        if !statement.not_action {
            return listed.any(|p| comparison.any_match(p, |action| visit(self, action)));
        }
        if listed.any(|p| *p == ActionPattern::Everything) {
            return false;
        }
        comparison.any_match(&ActionPattern::Everything, |action| {
            let name = action.name.to_ascii_lowercase();
            statement.applies(action.service, &name).is_some() && visit(self, action)
        })
    }

    /// Whether the statement applies to some request of an action.
    fn takes_effect(&mut self, action: Action<'a>) -> bool {
        let key = (action.service, action.types());
        if let Some(answer) = self.answers.get(&key) {
            return *answer;
        }
        let answer = if self.statement.not_resource {
            self.leaves(action)
        } else {
            let mut resources = self.statement.resources.iter();
            let by = resources.position(|r| meets(self.formats, r, action));
            if let Some(used) = by.and_then(|by| self.used.get_mut(by)) {
                *used = true;
            }
            by.is_some() || self.statement.has_void_resource
        };
        self.answers.insert(key, answer);
        answer
    }

    /// Whether `NotResource` leaves a request of an action. It does not list `*`.
    fn leaves(&mut self, action: Action<'a>) -> bool {
        let listed = self.statement.resources.iter();
        let listed: Vec<&Pattern> = listed
            .flat_map(|r| r.patterns(Reading::Strict, Variables::Unset))
            .collect();
        !action.has_resource_types()
            || action.resource_types().any(|kind| {
                let formats = self.formats.of(action.service, &kind);
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
        let resources = self.statement.resources.iter().zip(&self.used).enumerate();
        let mut unused: Vec<(usize, &Resource)> = resources
            .filter(|(_, (resource, used))| !**used && !may_be_everything(resource))
            .map(|(at, (resource, _))| (at, resource))
            .collect();
        let mut seen: FxHashSet<(&str, &str)> = FxHashSet::default();
        if !unused.is_empty() {
            self.any_action(&mut |asked, action| {
                if seen.insert((action.service, action.types())) {
                    unused.retain(|(_, resource)| !meets(asked.formats, resource, action));
                }
                unused.is_empty()
            });
        }
        unused.into_iter().map(|(at, _)| at).collect()
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

/// Whether an action may apply to a string of `Resource`.
fn meets(formats: &Formats, resource: &Resource, action: Action<'_>) -> bool {
    may_be_everything(resource)
        || action
            .resource_types()
            .any(|kind| formats.meet(resource, action.service, &kind))
}

/// Whether patterns together match all that `format` does. Past the bound they count as not doing so.
fn covers(listed: &[&Pattern], format: &Pattern, budget: &mut Budget) -> bool {
    listed.iter().any(|p| p.absorbs(format))
        || Comparison::spend(budget, |budget| {
            let clause = Clause {
                required: vec![Union::of(vec![format])],
                forbidden: vec![Union::of(listed.to_vec())],
            };
            let patterns = [format].into_iter().chain(listed.iter().copied());
            let alphabet = || Alphabet::of(patterns.clone());
            search::find(&[clause], &alphabet, Wanted::Some, budget)
        }) == Answer::Nothing
}
