//! The narrowed form of an overly broad statement: its own actions and resources cut down to what is required.
//!
//! A statement is looked at by itself, whatever others grant. Its narrowed form allows every request that it allowed
//! before and that the reference may require, and no request that it did not allow before. So no two statements rely on
//! each other, and the requests of the reference that all of them allow stay the same.
//!
//! The actions of a statement share its resources. A statement keeps its Condition. A Deny, a `NotAction` or a
//! `NotResource` does not change: fewer strings there would allow more.

use rustc_hash::FxHashMap;

use super::comparison::Comparison;
use super::excess::{Excess, ExcessKind, ExcessReport};
use super::scope::{Scope, Universes};
use super::statement::{Action, Prepared, Resource};
use crate::catalog;
use crate::matcher::search::Budget;
use crate::matcher::template;
use crate::matcher::{ActionPattern, Piece, Reading, Variables};
use crate::parser::{Effect, SourceId, Span};

/// Steps of comparing the strings of one statement with those of the reference.
const STEPS: u64 = 5_000_000;

/// A granted statement that allows more than is required, and what can be done about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Narrowing {
    /// The file of the statement.
    pub source: SourceId,
    /// The whole object.
    pub span: Span,
    /// The replacements of strings of its `Action` and `Resource`; none if it stays.
    pub changes: Vec<Change>,
    /// Why it allows more than is required, once there is nothing to change.
    pub reason: Reason,
}

/// All that can be done about grants that are not required.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Narrowings {
    /// In the order of the statements.
    pub statements: Vec<Narrowing>,
    /// How many grants were not looked at, because the limit on all of them was reached.
    pub unasked: usize,
}

/// A string of a policy, and the strings in its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The string, as [`Text::span`](crate::parser::Text::span) says it.
    pub span: Span,
    /// The strings in its place; none if it is removed.
    pub texts: Vec<String>,
}

/// Why a statement cannot be narrowed any further.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The statement lists what is left out: `NotAction` or `NotResource`.
    Negated(&'static str),
    /// Nothing that it allows is required.
    Unneeded,
    /// AWS rejects one of its actions.
    Invalid(String),
    /// The catalogue does not know this action, and so not what it needs.
    Unknown(String),
    /// This action is checked against `*`, and the others share it.
    Star(String),
    /// The requirement contains placeholders without a value.
    Unbound(Vec<String>),
    /// This string of the statement contains a placeholder or a policy variable.
    Template(String),
    /// Several required patterns overlap with this string, so no single one can replace it.
    Overlap(String),
    /// The reference says what it leaves out, in place of what it requires.
    Reference,
    /// The limit of the decision procedure was reached.
    Undecided,
    /// The actions of the statement share its resources.
    Shared,
}

/// Narrows the granted statements that allow more than `needed`, as far as each can be.
pub fn narrow(
    comparison: &Comparison<'_>,
    needed: &[&[Prepared]],
    excess: &ExcessReport,
) -> Narrowings {
    let needed = needed.iter().copied().flatten();
    let needed: Vec<&Prepared> = needed.filter(|s| s.effect == Effect::Allow).collect();
    let mut narrowings = Vec::new();
    for (index, statement) in comparison.granted.iter().enumerate() {
        let found: Vec<&Excess> = { excess.found.iter() }
            .filter(|e| e.statement == index)
            .collect();
        let is_undecided = excess.undecided.iter().any(|(s, _)| *s == index);
        if found.is_empty() && !is_undecided {
            continue;
        }
        let mut cut = Cut {
            comparison,
            needed: &needed,
            statement,
            budget: Budget::steps(STEPS),
            types: FxHashMap::default(),
        };
        let (changes, reason) = if is_undecided {
            (Vec::new(), Reason::Undecided)
        } else {
            match cut.changes(&found) {
                Ok(found) => found,
                Err(reason) => (Vec::new(), reason),
            }
        };
        narrowings.push(Narrowing {
            source: statement.source,
            span: statement.span,
            changes,
            reason,
        });
    }
    Narrowings {
        statements: narrowings,
        unasked: excess.unasked,
    }
}

/// One statement and what it is to be cut down to.
struct Cut<'n, 'c> {
    comparison: &'n Comparison<'c>,
    /// The grants of the reference.
    needed: &'n [&'n Prepared],
    statement: &'n Prepared,
    budget: Budget,
    /// Whether an action, by its resource types, can apply to a string of the reference.
    types: FxHashMap<(&'c str, &'c str, *const Resource), bool>,
}

/// The possible requirements of one action.
struct Required<'n> {
    /// Whether the request on `*` is.
    star: bool,
    /// Whether it is everything but a list.
    open: bool,
    resources: Vec<&'n Resource>,
}

/// An action: service and name in lower case, and what the catalogue says of it.
type Named<'a, 'c> = (&'a str, &'a str, Option<catalog::Action<'c>>);

impl<'n, 'c> Cut<'n, 'c> {
    /// The replacements in the statement, and why it may still be too broad.
    fn changes(&mut self, found: &[&Excess]) -> Result<(Vec<Change>, Reason), Reason> {
        let statement = self.statement;
        if statement.not_action {
            return Err(Reason::Negated("NotAction"));
        }
        let invalid = |a: &&Action| matches!(a.pattern, ActionPattern::ContestedPrefix(_));
        if let Some(action) = statement.actions.iter().find(invalid) {
            return Err(Reason::Invalid(action.text.to_string()));
        }
        let mut changes = Vec::new();
        let mut kept: Vec<ActionPattern> = Vec::new();
        for (at, action) in statement.actions.iter().enumerate() {
            let kind = { found.iter() }.find(|e| e.action == Some(at));
            let written = match kind.map(|e| e.kind) {
                None => None,
                Some(kind) => self.action(action, kind)?,
            };
            match written {
                None => kept.push(action.pattern.clone()),
                Some(texts) => changes.push(Change {
                    span: action.span,
                    texts,
                }),
            }
        }
        self.drop_repeated(&mut changes, &kept);
        kept.extend(
            { changes.iter() }
                .flat_map(|c| &c.texts)
                .map(|t| ActionPattern::parse(t)),
        );
        if kept.is_empty() {
            return Err(Reason::Unneeded);
        }
        if statement.not_resource {
            return Ok((changes, Reason::Negated("NotResource")));
        }
        let (resources, reason) = self.resources(&kept);
        changes.extend(resources);
        Ok((changes, reason))
    }

    /// Leaves out strings that another string of the list covers.
    fn drop_repeated(&mut self, changes: &mut [Change], kept: &[ActionPattern]) {
        let budget = &mut self.budget;
        let written = changes.iter().flat_map(|c| &c.texts);
        let written = written.map(|t| ActionPattern::parse(t));
        let wildcards: Vec<ActionPattern> = written.filter(ActionPattern::is_wildcard).collect();
        let mut said = kept.to_vec();
        for change in changes {
            change.texts.retain(|text| {
                let own = ActionPattern::parse(text);
                let wider = |w: &ActionPattern, budget: &mut Budget| {
                    w.covers_within(&own, budget) && !own.covers_within(w, budget)
                };
                let repeats = said.iter().any(|s| s.covers_within(&own, budget))
                    || wildcards.iter().any(|w| wider(w, budget));
                if !repeats {
                    said.push(own);
                }
                !repeats
            });
        }
    }

    /// The replacement of an action that is too broad; `None` if it stays.
    fn action(&mut self, action: &Action, kind: ExcessKind) -> Result<Option<Vec<String>>, Reason> {
        match (&action.pattern, kind) {
            (_, ExcessKind::Unneeded) => Ok(Some(Vec::new())),
            (ActionPattern::Literal { service, name }, _) => {
                let named = (
                    service.as_str(),
                    name.as_str(),
                    self.comparison.known(service, name),
                );
                Ok((!self.bears(named)).then(Vec::new))
            }
            (pattern, ExcessKind::Resource) if self.all_bear(pattern) => Ok(None),
            (pattern, _) => {
                let required = self.required(pattern)?;
                Ok((*required != [action.text.to_string()]).then_some(required))
            }
        }
    }

    fn all_bear(&mut self, pattern: &ActionPattern) -> bool {
        let mut matched = Vec::new();
        self.comparison
            .each_match(pattern, |known| matched.push(known));
        matched.into_iter().all(|known| self.known_bears(known))
    }

    fn known_bears(&mut self, known: catalog::Action<'c>) -> bool {
        let name = known.name.to_ascii_lowercase();
        self.bears((known.service, &name, Some(known)))
    }

    /// The required actions that a wildcard of the statement matches, and that are required on its resources: as the
    /// reference writes them where that is narrower, else one by one.
    fn required(&mut self, pattern: &ActionPattern) -> Result<Vec<String>, Reason> {
        let mut required: Vec<String> = Vec::new();
        for needed in self.needed {
            if needed.not_action {
                return Err(Reason::Reference);
            }
            for action in needed.actions.iter() {
                if let ActionPattern::Literal { service, name } = &action.pattern {
                    if pattern.covers_within(&action.pattern, &mut self.budget) {
                        let known = self.comparison.known(service, name);
                        if self.bears((service, name, known)) {
                            required.push(known.map_or(action.text.to_string(), |k| k.spelled()));
                        }
                    }
                    continue;
                }
                let mut matched = Vec::new();
                self.comparison.each_match(&action.pattern, |known| {
                    matched.push(known);
                });
                matched.retain(|known| {
                    let own = ActionPattern::Literal {
                        service: known.service.to_owned(),
                        name: known.name.to_ascii_lowercase(),
                    };
                    pattern.covers_within(&own, &mut self.budget) && self.known_bears(*known)
                });
                let is_narrower = pattern.covers_within(&action.pattern, &mut self.budget)
                    && !action.pattern.covers_within(pattern, &mut self.budget);
                if is_narrower && !matched.is_empty() {
                    required.push(action.text.to_string());
                } else {
                    required.extend(matched.iter().map(catalog::Action::spelled));
                }
            }
        }
        Ok(required)
    }

    /// The possible requirements of an action, without its Condition and the Deny statements of the reference.
    fn required_on(&mut self, (service, name, known): Named<'_, 'c>) -> Required<'n> {
        let mut required = Required {
            star: false,
            open: false,
            resources: Vec::new(),
        };
        for needed in self.needed {
            let Some(applies) = needed.applies(service, name) else {
                continue;
            };
            let by_name = applies.action.and_then(|at| needed.actions.get(at));
            let is_named = by_name.is_some_and(|a| !a.pattern.is_wildcard());
            if known.is_some_and(|k| !k.has_resource_types()) {
                // There is nothing narrower to write, whatever the reference writes beside the name.
                required.star |= is_named || needed.is_on_star();
            } else if needed.not_resource {
                required.open = true;
            } else {
                for resource in &needed.resources {
                    if known.is_none_or(|k| self.applies(k, resource)) {
                        required.resources.push(resource);
                    }
                }
            }
        }
        required
    }

    /// Whether an action can apply to what a string of the reference matches.
    fn applies(&mut self, action: catalog::Action<'c>, resource: &'n Resource) -> bool {
        if resource.pattern.is_everything() {
            return true;
        }
        let key = (action.service, action.types(), std::ptr::from_ref(resource));
        *self.types.entry(key).or_insert_with(|| {
            let patterns = resource.patterns(Reading::Wide, Variables::Any);
            action.resource_types().any(|kind| {
                let anywhere = Universes::of(&Scope::default()).get(action.service, &kind);
                let mut anywhere = anywhere.iter();
                anywhere.any(|u| patterns.iter().any(|p| p.overlaps(&u.all)))
            })
        })
    }

    /// Whether something may be required of an action on the resources of the statement.
    fn bears(&mut self, named: Named<'_, 'c>) -> bool {
        let required = self.required_on(named);
        let statement = self.statement;
        required.open
            || required.star && statement.is_on_star()
            || !required.resources.is_empty() && statement.not_resource
            || { required.resources.iter() }
                .any(|r| statement.resources.iter().any(|p| overlap(r, p)))
    }

    /// The replacements of resources: those that the actions are required on. Also the reasons why some stay.
    fn resources(&mut self, actions: &[ActionPattern]) -> (Vec<Change>, Reason) {
        let mut required: Vec<&Resource> = Vec::new();
        let mut star = None;
        for pattern in actions {
            let mut named: Vec<(String, String, Option<catalog::Action<'c>>)> = Vec::new();
            if let ActionPattern::Literal { service, name } = pattern {
                let known = self.comparison.known(service, name);
                named.push((service.clone(), name.clone(), known));
            } else {
                self.comparison.each_match(pattern, |known| {
                    let name = known.name.to_ascii_lowercase();
                    named.push((known.service.to_owned(), name, Some(known)));
                });
            }
            let is_foreign = named.is_empty();
            for (service, name, known) in &named {
                let of_action = self.required_on((service, name, *known));
                if of_action.open {
                    return (Vec::new(), Reason::Reference);
                }
                if known.is_none() && of_action.resources.is_empty() {
                    return (Vec::new(), Reason::Unknown(self.spelled(pattern)));
                }
                if of_action.star && star.is_none() {
                    star = known.map(|k| k.spelled());
                }
                for resource in of_action.resources {
                    if !required.iter().any(|r| r.text == resource.text) {
                        required.push(resource);
                    }
                }
            }
            if is_foreign {
                return (Vec::new(), Reason::Unknown(self.spelled(pattern)));
            }
        }
        self.replaced(&required, star.as_ref())
    }

    /// An action of the statement as it is written there.
    fn spelled(&self, pattern: &ActionPattern) -> String {
        let mut actions = self.statement.actions.iter();
        let written = actions.find(|a| a.pattern == *pattern);
        written.map_or_else(String::new, |a| a.text.to_string())
    }

    fn replaced(&mut self, required: &[&Resource], star: Option<&String>) -> (Vec<Change>, Reason) {
        let mut reason = None;
        let mut written: Vec<String> = Vec::new();
        let mut stays = Vec::new();
        let mut goes = Vec::new();
        let statement = self.statement;
        for own in &statement.resources {
            let blocked = match star {
                Some(action) if own.pattern.is_everything() => Some(Reason::Star(action.clone())),
                _ if !self.is_plain(own) => Some(Reason::Template(own.text.clone())),
                _ => None,
            };
            let bearing: Vec<&&Resource> = required.iter().filter(|r| overlap(r, own)).collect();
            let blocked = blocked.or_else(|| self.obstacle(own, &bearing));
            if let Some(found) = blocked {
                stays.push(own);
                reason = reason.or(found_reason(found));
            } else {
                goes.push((own, bearing));
            }
        }
        if stays.is_empty() && goes.iter().all(|(_, bearing)| bearing.is_empty()) {
            // Its actions bear on nothing here: the caller keeps such a statement.
            return (Vec::new(), Reason::Unneeded);
        }
        let mut changes = Vec::new();
        for (own, bearing) in goes {
            let mut texts = Vec::new();
            for resource in bearing {
                let is_said = stays.iter().any(|s| s.text == resource.text)
                    || written.contains(&resource.text);
                if !is_said {
                    written.push(resource.text.clone());
                    texts.push(resource.text.clone());
                }
            }
            changes.push(Change {
                span: own.span,
                texts,
            });
        }
        (changes, reason.unwrap_or(Reason::Shared))
    }

    /// Why a resource of the statement cannot be replaced by the required ones that bear on it.
    fn obstacle(&mut self, own: &Resource, bearing: &[&&Resource]) -> Option<Reason> {
        for resource in bearing {
            let unbound = self.unbound(resource);
            if !unbound.is_empty() {
                return Some(Reason::Unbound(unbound));
            }
            if resource.covers_within(own, &mut self.budget) {
                // As narrow as it can be.
                return Some(Reason::Shared);
            }
            if !own.covers_within(resource, &mut self.budget) {
                return Some(Reason::Overlap(own.text.clone()));
            }
        }
        None
    }

    /// The placeholders without a value in a string of the reference.
    fn unbound(&self, resource: &Resource) -> Vec<String> {
        let pieces = resource.pattern.pieces().iter();
        let names = pieces.filter_map(|(piece, _)| match piece {
            Piece::Placeholder(n) | Piece::Variable { name: n, .. } => {
                Some(self.comparison.placeholders.name(*n).to_owned())
            }
            _ => None,
        });
        names.collect()
    }

    /// Whether a string of the statement is what its file says, nothing in it put in the place of something else.
    fn is_plain(&self, own: &Resource) -> bool {
        template::spell(own.pattern.pieces(), self.comparison.placeholders) == own.text
            && self.unbound(own).is_empty()
    }
}

/// A statement that cannot be narrower is not a reason by itself.
fn found_reason(found: Reason) -> Option<Reason> {
    (found != Reason::Shared).then_some(found)
}

/// Whether some request may be on both.
fn overlap(one: &Resource, other: &Resource) -> bool {
    let ours = one.patterns(Reading::Wide, Variables::Any);
    let theirs = other.patterns(Reading::Wide, Variables::Any);
    ours.iter().any(|p| theirs.iter().any(|o| o.overlaps(p)))
}
