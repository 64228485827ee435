//! What an over-broad statement can be narrowed to: its own actions and resources cut down to what is required.
//!
//! A statement stays one statement, so its actions share its resources. What it allows afterwards, it allowed before.

use std::rc::Rc;

use super::coverage::Comparison;
use super::excess::{ExcessKind, ExcessReport, Listed};
use super::scope::{Scope, Universe};
use super::statement::{Prepared, Resource};
use crate::catalog;
use crate::matcher::{ActionMatch, ActionPattern, Pattern, Piece, Reading, Variables};
use crate::parser::{Effect, SourceId, Span};

/// A statement and what to write in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Narrowed {
    /// Its file.
    pub source: SourceId,
    /// The whole object.
    pub span: Span,
    /// The strings of `Action`, also where it has `NotAction`; empty where nothing that it allows is required.
    pub actions: Vec<String>,
    /// The strings of `Resource`; `None` where they stay.
    pub resources: Option<Vec<String>>,
}

/// An action that its statement allows on more than is required.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broad {
    /// Its file.
    pub source: SourceId,
    /// The string of `Action`.
    pub span: Span,
    /// The actions that it stands for and that go too far.
    pub actions: Listed,
}

/// What can be done about grants beyond need.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Narrowing {
    /// Statements that can be cut down.
    pub statements: Vec<Narrowed>,
    /// Actions that go too far as long as they stand where they do.
    pub broad: Vec<Broad>,
    /// How many grants go too far, or are too entangled to tell.
    pub excess: usize,
}

/// Narrows the granted statements that allow more than `needed`, as far as each can be.
pub fn narrow(
    comparison: &Comparison<'_>,
    needed: &[&[Prepared]],
    excess: &ExcessReport,
) -> Narrowing {
    let needed = needed.iter().copied().flatten();
    let needed: Vec<&Prepared> = needed.filter(|s| s.effect == Effect::Allow).collect();
    let broad = excess.found.iter().filter_map(|e| {
        let statement = comparison.granted.get(e.statement)?;
        let action = statement.actions.get(e.action?)?;
        (e.kind == ExcessKind::Resource).then(|| Broad {
            source: statement.source,
            span: action.span,
            actions: Rc::clone(&e.actions),
        })
    });
    let mut narrowing = Narrowing {
        statements: Vec::new(),
        broad: broad.collect(),
        excess: excess.found.len() + excess.undecided.len() + excess.unasked,
    };
    for (index, statement) in comparison.granted.iter().enumerate() {
        let found = excess.found.iter().filter(|e| e.statement == index);
        let found: Vec<(Option<usize>, ExcessKind)> = found.map(|e| (e.action, e.kind)).collect();
        if found.is_empty() {
            continue;
        }
        let cut = Cut {
            comparison,
            needed: &needed,
            statement,
        };
        let Some(actions) = cut.actions(&found) else {
            continue;
        };
        let resources = if found.iter().any(|(_, kind)| *kind == ExcessKind::Resource) {
            cut.resources(&actions)
        } else {
            None
        };
        let unchanged = !statement.not_action
            && statement
                .actions
                .iter()
                .map(|a| &*a.text)
                .eq(actions.iter());
        if !unchanged || resources.is_some() {
            narrowing.statements.push(Narrowed {
                source: statement.source,
                span: statement.span,
                actions,
                resources,
            });
        }
    }
    narrowing
}

/// One statement and what it is to be cut down to.
struct Cut<'n, 'c> {
    comparison: &'n Comparison<'c>,
    /// What the reference allows.
    needed: &'n [&'n Prepared],
    statement: &'n Prepared,
}

impl<'c> Cut<'_, 'c> {
    /// The actions to write. `None` where the required ones cannot be named.
    fn actions(&self, found: &[(Option<usize>, ExcessKind)]) -> Option<Vec<String>> {
        let statement = self.statement;
        let kind_of = |action: Option<usize>| {
            let mut all = found.iter();
            all.find(|(a, _)| *a == action).map(|(_, kind)| *kind)
        };
        if statement.not_action {
            return match kind_of(None) {
                Some(ExcessKind::Action) => self.required(None),
                _ => None,
            };
        }
        let mut actions: Vec<String> = Vec::new();
        for (at, action) in statement.actions.iter().enumerate() {
            let written = match kind_of(Some(at)) {
                None | Some(ExcessKind::Resource) => vec![action.text.to_string()],
                Some(ExcessKind::Unneeded) => Vec::new(),
                Some(ExcessKind::Action) => self.required(Some(&action.pattern))?,
            };
            for text in written {
                if !actions.iter().any(|a| a.eq_ignore_ascii_case(&text)) {
                    actions.push(text);
                }
            }
        }
        Some(actions)
    }

    /// The required actions that a pattern of the statement, or its `NotAction`, matches: as the reference writes them
    /// where all that it writes is matched, else one by one.
    fn required(&self, pattern: Option<&ActionPattern>) -> Option<Vec<String>> {
        let matches = |service: &str, name: &str| match pattern {
            Some(pattern) => pattern.matches(service, name) == ActionMatch::Yes,
            None => {
                let applies = self.statement.applies(service, name);
                applies.is_some_and(|a| a.certain)
            }
        };
        let mut required = Vec::new();
        for needed in self.needed {
            if needed.not_action {
                return None;
            }
            for action in &needed.actions {
                if let ActionPattern::Literal { service, name } = &action.pattern {
                    if matches(service, name) {
                        let known = self.comparison.known(service, name);
                        required.push(known.map_or(action.text.to_string(), |k| k.spelled()));
                    }
                    continue;
                }
                let mut all = true;
                let mut matched = Vec::new();
                self.comparison.each_match(&action.pattern, |known| {
                    if matches(known.service, &known.name.to_ascii_lowercase()) {
                        matched.push(known.spelled());
                    } else {
                        all = false;
                    }
                });
                if all && !matched.is_empty() {
                    matched = vec![action.text.to_string()];
                }
                required.extend(matched);
            }
        }
        Some(required)
    }

    /// The resources to write: in the place of each that reaches too far those that the actions are required on. `None`
    /// where they stay.
    fn resources(&self, actions: &[String]) -> Option<Vec<String>> {
        let statement = self.statement;
        if statement.not_resource {
            return None;
        }
        let required = self.required_resources(actions)?;
        let mut written: Vec<String> = Vec::new();
        let mut add = |text: &str| {
            if !written.iter().any(|w| w == text) {
                written.push(text.to_owned());
            }
        };
        for resource in &statement.resources {
            let bearing = required.iter().filter(|r| overlap(r, resource));
            let bearing: Vec<&&Resource> = bearing.collect();
            let narrower =
                |r: &&&Resource| is_writable(r) && within(r, resource) && !within(resource, r);
            if is_writable(resource) && bearing.iter().all(narrower) {
                bearing.iter().for_each(|r| add(&r.text));
            } else {
                add(&resource.text);
            }
        }
        let before = statement.resources.iter().map(|r| &r.text);
        (!written.is_empty() && !before.eq(&written)).then_some(written)
    }

    /// What the reference requires the actions on. `None` where that is everything but a list.
    fn required_resources(&self, actions: &[String]) -> Option<Vec<&Resource>> {
        let mut required: Vec<&Resource> = Vec::new();
        let mut is_open = false;
        for text in actions {
            self.each_action(&ActionPattern::parse(text), &mut |service, name, known| {
                for needed in self.needed {
                    if needed.applies(service, name).is_none() {
                        continue;
                    }
                    is_open |= needed.not_resource;
                    let apply = needed.resources.iter();
                    let apply = apply.filter(|r| known.is_none_or(|k| applies(&k, r)));
                    for resource in apply {
                        if !required.iter().any(|r| r.text == resource.text) {
                            required.push(resource);
                        }
                    }
                    // What is checked against `*` needs it, whatever the reference writes.
                    is_open |= known.is_some_and(|k| !k.has_resource_types());
                }
            });
        }
        (!is_open).then_some(required)
    }

    fn each_action(
        &self,
        pattern: &ActionPattern,
        visit: &mut dyn FnMut(&str, &str, Option<catalog::Action<'c>>),
    ) {
        if let ActionPattern::Literal { service, name } = pattern {
            return visit(service, name, self.comparison.known(service, name));
        }
        self.comparison.each_match(pattern, |known| {
            visit(known.service, &known.name.to_ascii_lowercase(), Some(known));
        });
    }
}

/// Whether an action can apply to what a string of the reference matches.
fn applies(action: &catalog::Action<'_>, resource: &Resource) -> bool {
    if resource.pattern.is_everything() {
        return true;
    }
    let patterns = resource.patterns(Reading::Wide, Variables::Any);
    action.resource_types().any(|kind| {
        let anywhere = Scope::default().universes(action.service, &kind);
        let mut anywhere = anywhere.into_iter().map(Universe::of(&kind));
        anywhere.any(|u| patterns.iter().any(|p| p.overlaps(&u.all)))
    })
}

/// Whether a string means the same in a policy whatever is not known.
fn is_writable(resource: &Resource) -> bool {
    let mut pieces = resource.pattern.pieces().iter();
    pieces.all(|(p, _)| !matches!(p, Piece::Placeholder(_) | Piece::Variable { .. }))
}

/// Whether some request may be on both.
fn overlap(one: &Resource, other: &Resource) -> bool {
    let patterns = |r: &'_ Resource| r.patterns(Reading::Wide, Variables::Any).to_vec();
    let others = patterns(other);
    let meets = |p: &Pattern| others.iter().any(|o| o.overlaps(p));
    patterns(one).iter().any(meets)
}

/// Whether one string matches nothing that the other does not, under every reading.
fn within(inner: &Resource, outer: &Resource) -> bool {
    [
        (Reading::Strict, Variables::Unset),
        (Reading::Wide, Variables::Any),
    ]
    .into_iter()
    .all(|(reading, variables)| {
        let outer = outer.patterns(reading, variables);
        let inner = inner.patterns(reading, variables);
        !inner.is_empty() && inner.iter().all(|i| outer.iter().any(|o| o.covers(i)))
    })
}
