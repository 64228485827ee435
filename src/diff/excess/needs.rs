//! What the reference requires of single actions.

use std::collections::hash_map::Entry;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::Search;
use crate::catalog;
use crate::diff::comparison::Comparison;
use crate::diff::decide::{self, Filter, Question, Required, Sides};
use crate::diff::memo;
use crate::diff::scope::Universe;
use crate::diff::statement::Prepared;
use crate::matcher::search::{Answer, Goal};
use crate::matcher::{ActionPattern, Pattern, Reading, Variables};
use crate::parser::Effect;

/// The Allow statements of the reference that name an action, by its place in the catalogue.
pub(super) type Naming<'a> = FxHashMap<*const u8, NamedBy<'a>>;

/// The Allow statements of the reference that name one action; never empty.
pub(super) struct NamedBy<'a> {
    first: &'a Prepared,
    others: Vec<&'a Prepared>,
    /// Whether one of them requires it everywhere.
    pub(super) everywhere: bool,
}

impl<'a> NamedBy<'a> {
    pub(super) fn all(&self) -> impl Iterator<Item = &'a Prepared> {
        [self.first].into_iter().chain(self.others.iter().copied())
    }
}

/// The statements of the reference that bear on one action.
pub(super) struct Needs<'a> {
    /// Statements that allow it.
    pub(super) allows: Vec<&'a Prepared>,
    /// Statements that deny it for certain.
    pub(super) denies: Vec<&'a Prepared>,
}

impl<'a> Needs<'a> {
    /// Whether the request on `*` of an action without resource types is required. A reference that lists the action
    /// requires it whatever the resource: there is nothing narrower to write. A wildcard of the reference requires it
    /// only on `*`.
    pub(super) fn star(&self, action: &catalog::Action<'_>) -> bool {
        let mut allows = self.allows.iter();
        allows.any(|s| s.is_on_star() || s.lists(action))
            && !self.denies.iter().any(|s| s.is_on_star())
    }

    /// Whether everything is required.
    pub(super) fn everywhere(&self) -> bool {
        self.denies.is_empty() && self.allows.iter().any(|s| s.is_on_everything())
    }

    /// The requirements: under any reading, or as the verdicts read them.
    pub(super) fn required(&self, most: bool) -> Required<'a> {
        let list = |s: &&'a Prepared, most: bool, variables: Variables| Filter {
            negated: s.not_resource,
            patterns: { s.resources.iter() }
                .flat_map(|r| match r.patterns(Reading::Strict, variables) {
                    strict if !most && (!strict.is_empty() || s.effect == Effect::Deny) => strict,
                    _ => r.patterns(Reading::Wide, Variables::Any),
                })
                .collect(),
        };
        let allowed = self.allows.iter();
        let denied = self.denies.iter();
        Required {
            allowed: allowed
                .map(|s| list(s, most && !s.not_resource, Variables::Any))
                .collect(),
            denied: denied
                .map(|s| list(s, most && s.not_resource, Variables::Unset))
                .collect(),
        }
    }
}

/// Finds the Allow statements that name each action.
pub(super) fn naming<'a>(comparison: &'a Comparison<'a>, needed: &[&'a [Prepared]]) -> Naming<'a> {
    let listed = needed.iter().copied().flatten().map(|s| s.actions.len());
    // Wildcards stand for several actions; to grow costs more than the room.
    let mut naming: Naming<'_> =
        FxHashMap::with_capacity_and_hasher(3 * listed.sum::<usize>(), FxBuildHasher);
    for statement in needed
        .iter()
        .copied()
        .flatten()
        .filter(|s| s.effect == Effect::Allow)
    {
        let everywhere = statement.is_on_everything();
        let mut add = |action: catalog::Action<'a>| match naming.entry(action.place()) {
            Entry::Vacant(entry) => {
                entry.insert(NamedBy {
                    first: statement,
                    others: Vec::new(),
                    everywhere,
                });
            }
            Entry::Occupied(mut entry) => {
                let named = entry.get_mut();
                named.others.push(statement);
                named.everywhere |= everywhere;
            }
        };
        if statement.not_action {
            comparison.each_match(&ActionPattern::Everything, |action| {
                if statement
                    .applies(action.service, &action.name.to_ascii_lowercase())
                    .is_some()
                {
                    add(action);
                }
            });
        }
        for action in statement.actions.iter().filter(|_| !statement.not_action) {
            comparison.each_match(&action.pattern, &mut add);
        }
    }
    naming
}

impl<'a> Search<'a> {
    /// The statements of the reference that bear on an action.
    pub(super) fn needs(&self, action: &catalog::Action<'a>) -> Needs<'a> {
        let allows = self.naming.get(&action.place());
        let allows: Vec<_> = allows.into_iter().flat_map(NamedBy::all).collect();
        let denies = if allows.is_empty() || self.denies.is_empty() {
            Vec::new()
        } else {
            let name = action.name.to_ascii_lowercase();
            let denies = self.denies.iter().copied();
            let certain =
                |s: &&Prepared| s.applies(action.service, &name).is_some_and(|a| a.certain);
            denies.filter(certain).collect()
        };
        Needs { allows, denies }
    }

    /// Whether any request of an action is required: one that the reference names only on resources that it does not
    /// apply to is not.
    pub(super) fn is_required(&mut self, action: catalog::Action<'a>, needs: &Needs<'a>) -> bool {
        if needs.allows.is_empty() {
            return false;
        }
        if !action.has_resource_types() {
            return needs.star(&action);
        }
        if needs.everywhere() {
            return true;
        }
        if let Some(known) = self.required.get(&action.place()) {
            return *known;
        }
        // Without a search the answer takes no steps: that of another role is as good.
        let mut allows = needs.allows.iter();
        let is_plain = needs.denies.is_empty() && !allows.any(|s| s.not_resource);
        let required = if is_plain {
            let question = self.question(&action, needs);
            memo::required(question, || self.requires_some(action, needs))
        } else {
            self.requires_some(action, needs)
        };
        self.required.insert(action.place(), required);
        required
    }

    /// What [`Search::requires_some`] reads.
    fn question(&self, action: &catalog::Action<'_>, needs: &Needs<'_>) -> memo::Question {
        let of_action = memo::number(|text| {
            for part in [action.service, "\n", action.name, "\n", action.types()] {
                text.push_str(part);
            }
        });
        let placeholders = self.comparison.placeholders;
        let allows = needs.allows.iter();
        let numbers = [memo::of_place(&self.comparison.scope, 0), of_action];
        { numbers.into_iter() }
            .chain(allows.map(|s| memo::of_statement(s, placeholders)))
            .collect()
    }

    fn requires_some(&mut self, action: catalog::Action<'a>, needs: &Needs<'a>) -> bool {
        let everything = Pattern::everything();
        let required = needs.required(false);
        let taken = required.denied.iter().map(|f| Filter {
            negated: !f.negated,
            ..f.clone()
        });
        let taken: Vec<Filter<'_>> = taken.collect();
        let kinds = self.universes.kinds(&action);
        for kind in kinds.iter() {
            // As in the verdicts, the scope narrows but never hides a requirement.
            let (scoped, _) = self.universes.get(*kind);
            let anywhere = self.universes.anywhere(*kind);
            for allowed in &required.allowed {
                let (wanted, own) = if allowed.negated {
                    (vec![&everything], Some(allowed.clone()))
                } else {
                    (allowed.patterns.clone(), None)
                };
                let filters: Vec<Filter<'_>> = own.into_iter().chain(taken.clone()).collect();
                for pattern in wanted {
                    let overlaps = |u: &&Universe| pattern.overlaps(&u.all);
                    let mut reached: Vec<&Universe> = scoped.iter().filter(overlaps).collect();
                    if reached.is_empty() {
                        reached = anywhere.iter().filter(overlaps).collect();
                    }
                    let nothing = Sides::default();
                    let required = reached.into_iter().any(|universe| {
                        let question = Question {
                            universe: &universe.all,
                            plain: &universe.plain,
                            wanted: vec![pattern],
                            filters: filters.clone(),
                        };
                        filters.is_empty()
                            || self.spend(|b| {
                                let none = Required::default();
                                decide::Beyond::new(&question, &nothing, &nothing, &none)
                                    .find(Goal::Any, b)
                            }) != Answer::Nothing
                    });
                    if required {
                        return true;
                    }
                }
            }
        }
        false
    }
}
