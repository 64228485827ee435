//! The requests that one set of policies allows and another one does not.
//!
//! For every action that a changed statement names, the contexts that the Conditions tell apart are listed, and for each
//! of them the decision procedure looks for a resource on which one side allows the action and the other side does not.
//! Statements that both sides have are looked at only where they bear on such an action, so policies that differ in their
//! form alone have no difference.
//!
//! Both sides are read alike: resources field by field, policy variables with the same values, policies that AWS rejects
//! as if they were repaired.

mod contexts;
mod question;
mod readings;
mod requests;
mod trust;

pub use contexts::Value;
pub use trust::{Assumption, TrustDifference, trust_difference};

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::comparison::{Comparison, LayerKind, View};
use super::context::Context;
use super::escalation::{self, OpenPath};
use super::prepare::{Drafts, normal_value};
use super::scope::Scope;
use super::statement::Prepared;
use crate::catalog::{AccessLevel, Catalog};
use crate::finding::Witness;
use crate::matcher::search::Budget;
use crate::matcher::template::Placeholders;
use crate::matcher::{Pattern, Reading, Variables};
use crate::parser::{Effect, Policy, SourceId, Span};
use crate::reference::Rank;
use crate::reference::bindings::{
    Bindings, Origin, PARTITIONS, is_account, is_region, partition_of,
};
use question::Search;

/// Steps of the decision procedure for a whole difference.
const STEPS_PER_RUN: u64 = 60_000_000;

/// Questions that a whole difference may ask.
const MOST_QUESTIONS: u64 = 400_000;

/// Readings of policy variables in a whole difference, each for one kind of resource.
const MOST_READINGS: u64 = 8_000;

/// Accounts that the policies name and that the paths of escalation are looked for in.
const MOST_ACCOUNTS: usize = 4;

const PARTITION: &str = "Partition";

/// The policies of one role: those attached to it, and what limits it.
#[derive(Clone, Debug, Default)]
pub struct Side<'a> {
    /// The policies together.
    pub policies: Vec<&'a Policy>,
    /// The permissions boundary, where there is one.
    pub boundary: Option<Vec<&'a Policy>>,
}

/// An action with a request that is allowed on one side only.
#[derive(Clone, Debug)]
pub struct Change {
    /// The request.
    pub witness: Witness,
    /// The condition keys of the request, with their values.
    pub context: Vec<(String, Value)>,
    /// The access level; `None` for an action that the catalogue does not have.
    pub access: Option<AccessLevel>,
    /// How dangerous the action is; `None` where nothing but descriptions is at stake.
    pub rank: Option<Rank>,
    /// The statements that allow the request, by the place of the string that names the action.
    pub places: Vec<(SourceId, Span)>,
}

/// A path of privilege escalation that a change opens or widens.
#[derive(Clone, Debug)]
pub struct Path {
    /// The path, with a request for each step.
    pub open: OpenPath,
    /// Whether the other side opens the path, too.
    pub was_open: bool,
}

/// What one side allows and the other does not.
#[derive(Debug, Default)]
pub struct Difference {
    /// Allowed by the new policies alone, the most dangerous first.
    pub gained: Vec<Change>,
    /// Allowed by the old policies alone, the most dangerous first.
    pub lost: Vec<Change>,
    /// Paths of privilege escalation that the new policies open, or that a gained request widens.
    pub opened: Vec<Path>,
    /// Paths of privilege escalation that only the old policies open.
    pub closed: Vec<Path>,
    /// Actions for which a limit was reached.
    pub undecided: BTreeSet<String>,
    /// The placeholders of the policies, whether they have a value or not.
    pub placeholders: BTreeSet<String>,
}

impl Difference {
    /// Adds the difference of another reading of the same policies.
    pub fn join(&mut self, other: Difference) {
        let add = |list: &mut Vec<Change>, more: Vec<Change>| {
            let known: BTreeSet<String> = list.iter().map(|c| c.witness.action.clone()).collect();
            let is_new = |change: &Change| !known.contains(&change.witness.action);
            list.extend(more.into_iter().filter(is_new));
            sort(list);
        };
        add(&mut self.gained, other.gained);
        add(&mut self.lost, other.lost);
        let add = |list: &mut Vec<Path>, more: Vec<Path>| {
            for path in more {
                if !list.iter().any(|p| p.open.path.id == path.open.path.id) {
                    list.push(path);
                }
            }
        };
        add(&mut self.opened, other.opened);
        add(&mut self.closed, other.closed);
        self.undecided.extend(other.undecided);
        self.placeholders.extend(other.placeholders);
    }
}

/// The most dangerous first.
fn sort(changes: &mut [Change]) {
    let key = |c: &Change| (c.rank.is_none(), c.rank, c.access.is_none());
    changes.sort_by(|a, b| (key(a), &a.witness.action).cmp(&(key(b), &b.witness.action)));
}

/// Which side.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Of {
    Old,
    New,
}

/// A statement with the patterns of its resources.
pub(super) struct Ready<'s> {
    of: Of,
    layer: usize,
    prepared: &'s Prepared,
    /// Of use where no resource has a policy variable: else a reading has its own.
    patterns: Vec<Pattern>,
    /// A form in which equal statements are equal.
    normal: String,
}

/// Compares the policies of one role before and after a change. `given` has values of placeholders; without one, the
/// partition is that of the ARNs and Regions which the policies name, or else `aws`.
pub fn difference(
    catalog: &Catalog,
    given: &Bindings,
    old: &Side<'_>,
    new: &Side<'_>,
) -> Difference {
    let mut placeholders = Placeholders::default();
    let (old, new) = (
        drafts(old, &mut placeholders),
        drafts(new, &mut placeholders),
    );
    let bind = |layers: &[Drafts<'_>], bindings: &Bindings| -> Vec<Vec<Prepared>> {
        let layers = layers.iter();
        layers
            .map(|drafts| drafts.bind(bindings, &placeholders, &|_| None))
            .collect()
    };
    let mut bindings = given.clone();
    if placeholders.knows(PARTITION) && given.get(PARTITION).is_none() {
        let mut all = bind(&old, given);
        all.extend(bind(&new, given));
        bindings.set(PARTITION, partition(&all), Origin::Default);
    }
    let (old, new) = (bind(&old, &bindings), bind(&new, &bindings));
    let mut statements = ready(Of::Old, &old);
    statements.extend(ready(Of::New, &new));
    let mut found = Difference {
        placeholders: placeholders.names().map(str::to_owned).collect(),
        ..Difference::default()
    };
    if old.len() == new.len() && is_same(&statements) {
        return found;
    }
    let context = Context::default();
    let comparison = comparison(catalog, &new, &context, &placeholders);
    let mut search = Search {
        comparison: &comparison,
        statements: &statements,
        layers: (old.len(), new.len()),
        budget: Budget::steps(STEPS_PER_RUN),
        questions: Budget::steps(MOST_QUESTIONS),
        readings_left: Budget::steps(MOST_READINGS),
        known: FxHashMap::default(),
        named_keys: FxHashMap::default(),
        readings: FxHashMap::default(),
        worlds: FxHashMap::default(),
    };
    search.run(&mut found);
    sort(&mut found.gained);
    sort(&mut found.lost);
    if !found.gained.is_empty() || !found.lost.is_empty() {
        let before = paths(catalog, &old, &context, &placeholders);
        let after = paths(catalog, &new, &context, &placeholders);
        found.opened = changed(&after, &before, &found.gained);
        found.closed = changed(&before, &after, &[]);
    }
    found
}

/// The layers of a side, with nothing bound.
fn drafts<'a>(side: &Side<'a>, placeholders: &mut Placeholders) -> Vec<Drafts<'a>> {
    let layers = [Some(&side.policies), side.boundary.as_ref()];
    let layers = layers.into_iter().flatten();
    layers
        .map(|policies| Drafts::new(policies.iter().copied(), placeholders))
        .collect()
}

/// The partition of ARNs and Regions that policies name, if it is one.
fn partition(layers: &[Vec<Prepared>]) -> String {
    let named = literals(layers, 1, |p| PARTITIONS.contains(&p));
    let regions = literals(layers, 3, is_region);
    let of_regions = regions.iter().map(|r| partition_of(r).to_owned());
    let all: BTreeSet<String> = named.into_iter().chain(of_regions).collect();
    let one = all.first().filter(|_| all.len() == 1);
    one.map_or_else(|| "aws".to_owned(), Clone::clone)
}

/// The values of a field of the ARNs that policies name.
fn literals(layers: &[Vec<Prepared>], index: usize, fits: fn(&str) -> bool) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for resource in layers.iter().flatten().flat_map(|s| &s.resources) {
        let text = resource.pattern.literal_field(index);
        if let Some(text) = text.filter(|t| fits(t) && !found.contains(t)) {
            found.push(text);
        }
    }
    found
}

/// The statements of one side, made ready.
fn ready(of: Of, layers: &[Vec<Prepared>]) -> Vec<Ready<'_>> {
    let statements = layers.iter().enumerate();
    let statements = statements.flat_map(|(layer, list)| list.iter().map(move |s| (layer, s)));
    statements
        .map(|(layer, prepared)| Ready {
            of,
            layer,
            prepared,
            patterns: { prepared.resources.iter() }
                .flat_map(|r| r.patterns(Reading::Strict, Variables::Any))
                .cloned()
                .collect(),
            normal: normal(prepared),
        })
        .collect()
}

/// A form of a statement in which statements that mean the same mostly are the same text.
fn normal(statement: &Prepared) -> String {
    let mut actions: Vec<String> = { statement.actions.iter() }
        .map(|a| a.text.to_ascii_lowercase())
        .collect();
    let mut resources: Vec<String> = { statement.resources.iter() }
        .map(|r| normal_value(r.pattern.pieces()))
        .collect();
    let mut lines: Vec<&str> = { statement.conditions.lines.iter() }
        .map(|l| l.normal.as_str())
        .collect();
    actions.sort_unstable();
    actions.dedup();
    resources.sort_unstable();
    resources.dedup();
    lines.sort_unstable();
    lines.dedup();
    let effect = statement.effect == Effect::Allow;
    let (not_action, not_resource) = (statement.not_action, statement.not_resource);
    let unreadable = statement.conditions.unreadable;
    format!("{effect} {not_action} {actions:?} {not_resource} {resources:?} {lines:?} {unreadable}")
}

/// Whether both sides have the same statements.
fn is_same(statements: &[Ready<'_>]) -> bool {
    let of = |of: Of| -> BTreeSet<(usize, &str)> {
        let own = statements.iter().filter(|s| s.of == of);
        own.map(|s| (s.layer, s.normal.as_str())).collect()
    };
    of(Of::Old) == of(Of::New)
}

/// One side as the policies of a role that no reference is compared with.
fn comparison<'a>(
    catalog: &'a Catalog,
    layers: &'a [Vec<Prepared>],
    context: &'a Context,
    placeholders: &'a Placeholders,
) -> Comparison<'a> {
    let own = layers.first().map_or(&[][..], Vec::as_slice);
    let limits = layers.iter().skip(1);
    let limits = limits.map(|l| (LayerKind::Boundary, Vec::new(), l.as_slice()));
    let scope = Scope::default();
    Comparison::new(
        catalog,
        own,
        limits,
        context,
        scope,
        placeholders,
        View::Repaired,
    )
}

/// The paths of escalation that the policies open, in one of the accounts that they name.
fn paths(
    catalog: &Catalog,
    layers: &[Vec<Prepared>],
    context: &Context,
    placeholders: &Placeholders,
) -> Vec<OpenPath> {
    let comparison = comparison(catalog, layers, context, placeholders);
    let or = |mut all: Vec<String>, default: &str| {
        if all.is_empty() {
            all.push(default.to_owned());
        }
        all
    };
    let accounts = or(literals(layers, 4, is_account), "123456789012");
    let regions = or(literals(layers, 3, is_region), "us-east-1");
    let partitions = or(literals(layers, 1, |p| p.starts_with("aws")), "aws");
    let mut found: Vec<OpenPath> = Vec::new();
    for account in accounts.iter().take(MOST_ACCOUNTS) {
        let mut bindings = Bindings::new();
        let values = [
            ("Account", Some(account)),
            ("Region", regions.first()),
            ("Partition", partitions.first()),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                bindings.set(name, value.clone(), Origin::Default);
            }
        }
        for path in escalation::open_paths(&comparison, &[], &bindings) {
            if !found.iter().any(|known| known.path.id == path.path.id) {
                found.push(path);
            }
        }
    }
    found
}

/// The paths that are open now and were not before, or that one of these gained requests takes part in.
fn changed(now: &[OpenPath], before: &[OpenPath], gained: &[Change]) -> Vec<Path> {
    // Who may do everything could go every path already.
    if before.iter().any(|p| p.path.subsumes) {
        return Vec::new();
    }
    let takes_part = |open: &OpenPath| {
        let actions = open.path.steps.iter().flat_map(|s| &s.actions);
        let mut actions = actions.map(String::as_str);
        actions.any(|action| {
            let mut gained = gained.iter();
            gained.any(|c| c.witness.action.eq_ignore_ascii_case(action))
        })
    };
    let found = now.iter().filter_map(|open| {
        let was_open = before.iter().any(|other| other.path.id == open.path.id);
        (!was_open || takes_part(open)).then(|| Path {
            open: open.clone(),
            was_open,
        })
    });
    found.collect()
}
