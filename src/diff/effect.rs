//! Entries without effect: actions and resources of one statement that never meet in a request.
//!
//! A statement applies to a request only where one of its actions and one of its resources do, so `iam:PassRole` on an
//! instance profile is lost, and an action without resource-level permissions takes no ARN at all.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
//!
//! Unknown entries count as having an effect: actions outside the catalogue, texts that are not an ARN (the parser
//! reports them), policy variables and placeholders, and whatever some reading of AWS's pages allows.

use std::cell::OnceCell;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::comparison::Comparison;
use super::scope::{Scope, Universe, Universes};
use super::statement::{Prepared, Resource};
use crate::catalog::{Action, ResourceType, TypesKey};
use crate::matcher::search::{self, Alphabet, Answer, Budget, Clause, Goal, Union};
use crate::matcher::{ActionPattern, Pattern, Piece, Reading, Variables};

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

/// Service, name, ARN format of a resource type and what requests carry behind it.
type KindKey<'a> = (&'a str, &'a str, &'a str, &'a str);

/// The resource types that were asked for, each once.
struct Kinds<'f, 'a> {
    /// The ARNs of resource types in every Region and account.
    formats: &'f Universes,
    all: Vec<Kind<'f, 'a>>,
    indexes: FxHashMap<KindKey<'a>, usize>,
}

impl<'f, 'a> Kinds<'f, 'a> {
    fn new(formats: &'f Universes) -> Self {
        Kinds {
            formats,
            all: Vec::new(),
            indexes: FxHashMap::default(),
        }
    }

    /// The resource types of an action, as indexes.
    fn of(&mut self, action: Action<'a>) -> Vec<usize> {
        let Kinds {
            formats,
            all,
            indexes,
        } = self;
        let index = |kind: ResourceType<'a>| {
            let key = (action.service, kind.name, kind.arn, kind.suffix);
            *indexes.entry(key).or_insert_with(|| {
                all.push(Kind::new(formats, action.service, kind));
                all.len() - 1
            })
        };
        action.resource_types().map(index).collect()
    }
}

/// A resource type of an action.
struct Kind<'f, 'a> {
    formats: &'f Universes,
    /// The service of the action.
    service: &'a str,
    resource_type: ResourceType<'a>,
    /// The service in the ARNs of the type.
    named: Option<&'a str>,
    /// The number of colons in the ARN format of the type.
    colons: usize,
    all: OnceCell<Rc<[Universe]>>,
}

impl<'f, 'a> Kind<'f, 'a> {
    fn new(formats: &'f Universes, service: &'a str, kind: ResourceType<'a>) -> Self {
        Kind {
            formats,
            service,
            named: kind.service(),
            colons: kind.arn.matches(':').count() + kind.suffix.matches(':').count(),
            resource_type: kind,
            all: OnceCell::new(),
        }
    }

    fn all(&self) -> &[Universe] {
        self.all
            .get_or_init(|| self.formats.get(self.service, &self.resource_type))
    }

    /// Whether a string of `Resource` may match an ARN of the type under any reading.
    fn meets(&self, listed: &Listed<'_>) -> bool {
        let Listed { resource, .. } = listed;
        let meets = |reading| {
            let mut patterns = resource.patterns(reading, Variables::Any).iter();
            patterns.any(|p| self.all().iter().any(|f| p.overlaps(&f.all)))
        };
        let meets_plain = || {
            let mut patterns = resource.patterns(Reading::Wide, Variables::Any).iter();
            let plain = self.all().first().map(|f| f.plain.pattern());
            plain.is_none_or(|plain| patterns.any(|p| p.overlaps(plain)))
        };
        let [by_field, across] = listed.may_be_of(self);
        by_field && (meets(Reading::Strict) || listed.has_placeholder && meets(Reading::Loose))
            // As in the verdicts, a contested reading counts for names without `:` alone.
            || across && meets_plain()
    }
}

/// A string of `Resource`, with what a look at its fields shows.
struct Listed<'s> {
    resource: &'s Resource,
    /// Whether it may stand for `*`, or is reported for not being an ARN.
    may_be_everything: bool,
    has_placeholder: bool,
    is_contested: bool,
    colons: usize,
}

impl<'s> Listed<'s> {
    fn new(resource: &'s Resource) -> Self {
        let pattern = &resource.pattern;
        let pieces = || pattern.pieces().iter().map(|(piece, _)| piece);
        let is_colon = |piece: &&Piece| **piece == Piece::Char(':');
        Listed {
            resource,
            may_be_everything: may_be_everything(resource),
            has_placeholder: pieces().any(|piece| matches!(piece, Piece::Placeholder(_))),
            is_contested: pattern.is_contested(),
            colons: pieces().filter(is_colon).count(),
        }
    }

    /// Whether the string may match an ARN in which this service is named. False is certain, true is not.
    fn may_name(&self, named: Option<&str>) -> bool {
        let resource = self.resource;
        named.is_none_or(|named| {
            resource.may_name(named) || self.is_contested && resource.may_reach(named)
        })
    }

    /// Whether the string may match an ARN of a type field by field, and with wildcards across the fields, as far as
    /// the service and the colons tell. False is certain, true is not.
    fn may_be_of(&self, kind: &Kind<'_, '_>) -> [bool; 2] {
        let by_field = kind.named.is_none_or(|named| self.resource.may_name(named));
        // No name in the plain ARNs of a type has a colon, so with all of them in the string its fields are theirs.
        let across = by_field
            || self.colons < kind.colons && kind.named.is_some_and(|n| self.resource.may_reach(n));
        [
            by_field,
            self.is_contested && self.colons <= kind.colons && across,
        ]
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

/// Looks at an action; the last argument says whether the statement may match it.
type Visit<'v, Asked, Action> = &'v mut dyn FnMut(&mut Asked, Action, &dyn Fn() -> bool) -> bool;

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
        let takes_effect = self.any_action(&mut |asked, action, leaves| {
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

    /// Calls `visit` for the actions that the statement may match until it says yes. The closure that `visit` gets says
    /// whether a `NotAction` may match the action.
    fn any_action(&mut self, visit: Visit<'_, Self, Action<'a>>) -> bool {
        let (comparison, statement) = (self.comparison, self.statement);
        let mut listed = statement.actions.iter().map(|a| &a.pattern);
        if !statement.not_action {
            return listed.any(|p| comparison.any_match(p, |action| visit(self, action, &|| true)));
        }
        if listed.any(|p| *p == ActionPattern::Everything) {
            return false;
        }
        comparison.any_match(&ActionPattern::Everything, |action| {
            visit(self, action, &|| {
                let name = action.name.to_ascii_lowercase();
                statement.applies(action.service, &name).is_some()
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
        let mut last = ("", false);
        if !unused.is_empty() {
            self.any_action(&mut |asked, action, may_match| {
                if last.0 != action.service {
                    last = (action.service, asked.may_bear_on(&unused, action.service));
                }
                let key = action.types_key();
                if last.1 && !seen.contains(&key) && may_match() {
                    seen.insert(key);
                    let mut kinds = asked.kinds.of(action);
                    // A type that was looked at leaves only those that it does not meet.
                    kinds.retain(|kind| seen_kinds.insert(*kind));
                    unused.retain(|at| !asked.meets(*at, &kinds));
                }
                unused.is_empty()
            });
        }
        unused
    }

    /// Whether the ARN of a resource type of a service may match one of these resources, by index. False is certain,
    /// true is not.
    fn may_bear_on(&self, resources: &[usize], service: &str) -> bool {
        let listed = || resources.iter().filter_map(|at| self.listed.get(*at));
        self.comparison.service(service).is_none_or(|service| {
            let mut types = service.resource_types();
            types.any(|kind| listed().any(|r| r.may_name(kind.service())))
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
