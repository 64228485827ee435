//! Statements made ready for deciding: patterns instead of strings.

mod resource;

pub use resource::{Resource, pairs};

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::catalog::{self, Catalog};
use crate::matcher::condition::{self, KeyValue, LastAnswers, Test};
use crate::matcher::{ActionMatch, ActionPattern, Piece, Pieces};
use crate::parser::{Effect, SourceId, Span};
use crate::reference::KnownContext;

/// One string of `Action` or `NotAction`.
#[derive(Debug)]
pub struct Action {
    /// The actions that the string matches.
    pub pattern: ActionPattern,
    /// As written.
    pub text: Arc<str>,
    /// The bytes of the string in the file.
    pub span: Span,
}

impl Action {
    /// Whether it spells out one action.
    pub fn is_literal(&self) -> bool {
        matches!(self.pattern, ActionPattern::Literal { .. })
    }
}

/// A `Condition`; all of its lines must hold.
#[derive(Debug, Default)]
pub struct Conditions {
    /// One for each key of each operator.
    pub lines: Vec<Line>,
    /// True where a part of it could not be read, which may hold or not.
    pub unreadable: bool,
    /// The whole element, where there is one.
    pub span: Option<Span>,
    /// Lines on the same key, once they are asked for.
    same_key: OnceCell<Vec<SameKey>>,
}

/// Lines of a Condition on one key: at least two.
#[derive(Debug)]
struct SameKey {
    /// Their indexes.
    lines: Vec<usize>,
    /// Whether they exclude each other.
    answers: LastAnswers<bool>,
}

impl Conditions {
    /// True for no Condition and for `{}`.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && !self.unreadable
    }

    /// From its lines; `unreadable` where a part of it could not be read.
    pub fn new(lines: Vec<Line>, unreadable: bool, span: Option<Span>) -> Self {
        Conditions {
            lines,
            unreadable,
            span,
            same_key: OnceCell::new(),
        }
    }

    /// Whether some of its lines cannot hold in one request, whatever the request is.
    pub fn exclude_each_other(&self, catalog: &Catalog) -> bool {
        self.exclude_each_other_for(catalog, &|_| Some(Cow::Owned(KeyValue::Unknown)))
    }

    /// Whether some of its lines on one key cannot hold in one request in which the keys are as `value` says. Keys of
    /// which it says nothing are left out.
    pub fn exclude_each_other_for<'v>(
        &self,
        catalog: &Catalog,
        value: &dyn Fn(&str) -> Option<Cow<'v, KeyValue>>,
    ) -> bool {
        self.same_key().iter().any(|SameKey { lines, answers }| {
            let tests = lines.iter().filter_map(|at| self.lines.get(*at));
            let tests: Vec<&Test> = tests.map(|line| &line.test).collect();
            let key = tests.first().map_or("", |test| test.key.as_str());
            value(key).is_some_and(|value| {
                answers.get(&value, || {
                    let several = catalog.may_have_several(key);
                    condition::exclude_each_other_for(&tests, &value, several)
                })
            })
        })
    }

    fn same_key(&self) -> &[SameKey] {
        self.same_key.get_or_init(|| {
            let mut by_key: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
            for (at, Line { test, .. }) in self.lines.iter().enumerate() {
                by_key.entry(&test.key).or_default().push(at);
            }
            let shared = by_key.into_values().filter(|lines| lines.len() > 1);
            let shared = shared.map(|lines| SameKey {
                lines,
                answers: LastAnswers::default(),
            });
            shared.collect()
        })
    }
}

/// One line of a Condition: an operator, a key and the values to compare with.
#[derive(Debug)]
pub struct Line {
    /// For judging it.
    pub test: Test,
    /// A form in which equal lines are equal texts.
    pub normal: String,
    /// As written: `StringEquals`.
    pub operator: String,
    /// As written: `iam:PassedToService`.
    pub key: String,
    /// As written.
    pub values: Vec<String>,
}

/// One statement, of the policies that are checked or of the reference.
#[derive(Debug)]
pub struct Prepared {
    /// The file of the statement.
    pub source: SourceId,
    /// The whole object.
    pub span: Span,
    /// Allow or Deny.
    pub effect: Effect,
    /// `Sid`.
    pub sid: Option<Arc<str>>,
    /// True for `NotAction`.
    pub not_action: bool,
    /// The key of the action element.
    pub action_key: Span,
    /// The strings of `Action` or `NotAction`.
    pub actions: Rc<[Action]>,
    /// True for `NotResource`.
    pub not_resource: bool,
    /// The key of the resource element.
    pub resource_key: Span,
    /// The strings of `Resource` or `NotResource`.
    pub resources: Vec<Resource>,
    /// True where a string is left out because a policy variable in it has no value.
    pub has_void_resource: bool,
    /// True in a policy that AWS rejects: an Allow then grants nothing.
    pub is_rejected: bool,
    /// True where a policy variable in `NotResource` may have no value. AWS then lets the list match nothing, other
    /// evaluators drop the statement: nothing of it is certain.
    pub may_be_void: bool,
    /// The `Condition` of the statement.
    pub conditions: Conditions,
    /// What is known of condition keys in the requests of a requirement.
    pub contexts: Vec<Arc<KnownContext>>,
    /// The index of the statement in its policy or reference.
    pub index: usize,
    /// The position of the statement in its list. Parts of one divided statement share an index.
    pub position: usize,
    /// Finds the strings that match an action.
    pub by_name: OnceCell<ByName>,
    /// The number of what judgements read of it, once it is asked for: equal statements have the same.
    pub form: OnceCell<u64>,
}

/// The strings of an action element by what they can match: an element may list thousands, and the catalogue has
/// thousands of actions to ask for. Each is named by its index.
#[derive(Debug, Default)]
pub struct ByName {
    /// The first `*`.
    everything: Option<usize>,
    /// The first that spells out an action: service and name.
    literals: FxHashMap<String, FxHashMap<String, usize>>,
    /// Wildcards of a service, each pattern once.
    wildcards: FxHashMap<String, Vec<usize>>,
    /// Patterns with a wildcard before the colon, each once.
    contested: Vec<usize>,
}

impl ByName {
    fn new(actions: &[Action]) -> Self {
        let mut found = ByName::default();
        let mut seen: FxHashSet<String> = FxHashSet::default();
        for (at, action) in actions.iter().enumerate() {
            match &action.pattern {
                ActionPattern::Everything => {
                    found.everything.get_or_insert(at);
                }
                ActionPattern::Literal { service, name } => {
                    let of_service = found.literals.entry(service.clone()).or_default();
                    of_service.entry(name.clone()).or_insert(at);
                }
                ActionPattern::Wildcard { service, .. } => {
                    if seen.insert(action.text.to_ascii_lowercase()) {
                        found.wildcards.entry(service.clone()).or_default().push(at);
                    }
                }
                ActionPattern::ContestedPrefix(_) => {
                    if seen.insert(action.text.to_ascii_lowercase()) {
                        found.contested.push(at);
                    }
                }
                ActionPattern::Nothing => {}
            }
        }
        found
    }

    /// The first string that matches an action (in lower case) for sure, else the first that may.
    fn first(&self, actions: &[Action], service: &str, name: &str) -> Option<(usize, ActionMatch)> {
        let matches = |at: &&usize| {
            let action = actions.get(**at);
            action.is_some_and(|a| a.pattern.matches(service, name) != ActionMatch::No)
        };
        let literal = self.literals.get(service).and_then(|s| s.get(name));
        let wildcards = self.wildcards.get(service);
        let wildcard = wildcards.and_then(|of_service| of_service.iter().find(matches));
        let sure = [self.everything.as_ref(), literal, wildcard];
        let sure = sure.into_iter().flatten().min();
        sure.map(|at| (*at, ActionMatch::Yes)).or_else(|| {
            let contested = self.contested.iter().find(matches);
            contested.map(|at| (*at, ActionMatch::Contested))
        })
    }
}

/// A statement whose action element matches an action.
#[derive(Clone, Copy, Debug)]
pub struct Applies<'a> {
    /// The statement.
    pub statement: &'a Prepared,
    /// The layer of the statement: 0 for the identity policies, then the permissions boundary and each level of SCPs.
    pub layer: usize,
    /// Whether every reading agrees that it matches.
    pub certain: bool,
    /// The string that matches; `None` for `NotAction`.
    pub action: Option<usize>,
}

impl Applies<'_> {
    /// The place of the match: the string, or the `NotAction` key.
    pub fn place(&self) -> (SourceId, Span) {
        let action = self.action.and_then(|i| self.statement.actions.get(i));
        (
            self.statement.source,
            action.map_or(self.statement.action_key, |a| a.span),
        )
    }
}

/// Up to so many strings are looked through one by one.
const FEW: usize = 16;

/// The first string that matches an action (in lower case) for sure, else the first that may.
fn first<'s>(
    actions: impl Iterator<Item = (usize, &'s Action)>,
    service: &str,
    name: &str,
) -> Option<(usize, ActionMatch)> {
    let mut best = None;
    for (at, action) in actions {
        match action.pattern.matches(service, name) {
            ActionMatch::Yes => return Some((at, ActionMatch::Yes)),
            ActionMatch::Contested if best.is_none() => {
                best = Some((at, ActionMatch::Contested));
            }
            _ => {}
        }
    }
    best
}

/// The services that the ARNs of a list name.
#[derive(Debug)]
pub struct NamedServices(FxHashSet<String>);

impl NamedServices {
    /// Whether one of them may be the ARN of a resource type of a service. False is certain, true is not.
    pub fn may_fit(&self, service: catalog::Service<'_>) -> bool {
        let mut types = service.resource_types();
        types.any(|kind| {
            kind.service()
                .is_none_or(|service| self.0.contains(service))
        })
    }
}

/// Whether a string has a policy variable.
pub fn has_variable(pieces: &[(Piece, Span)]) -> bool {
    let mut pieces = pieces.iter();
    pieces.any(|(piece, _)| matches!(piece, Piece::Variable { .. }))
}

impl Prepared {
    fn lists_star(&self) -> bool {
        self.resources.iter().any(|r| r.pattern.is_everything())
    }

    /// Whether `Action` lists an action without a wildcard.
    pub fn lists(&self, action: &catalog::Action<'_>) -> bool {
        let mut listed = self.actions.iter();
        !self.not_action
            && listed.any(|a| match &a.pattern {
                ActionPattern::Literal { service, name } => {
                    service == action.service && name.eq_ignore_ascii_case(action.name)
                }
                _ => false,
            })
    }

    /// Its resources, and the values of its Condition.
    fn strings(&self) -> impl Iterator<Item = &Pieces> {
        let resources = self.resources.iter().map(|r| r.pattern.pieces());
        let values = self.conditions.lines.iter().flat_map(|l| &l.test.values);
        resources.chain(values)
    }

    /// Whether a string of it has a policy variable.
    pub fn has_variable(&self) -> bool {
        self.strings().any(|pieces| has_variable(pieces))
    }

    /// The pieces of its resources and of the values of its Condition.
    pub fn length(&self) -> usize {
        self.strings().map(|pieces| pieces.len()).sum()
    }

    /// Whether it is on the request on `*` of an action without resource types.
    pub fn is_on_star(&self) -> bool {
        self.lists_star() != self.not_resource
    }

    /// Whether it is on every resource, as `"Resource": "*"` says.
    pub fn is_on_everything(&self) -> bool {
        !self.not_resource && self.lists_star()
    }

    /// The services of the ARNs that it lists, as the strict reading takes them; `None` where one of them may be of any
    /// service, or where it lists those that it is not on.
    pub fn services_of_resources(&self) -> Option<NamedServices> {
        let named = self.resources.iter().map(|r| r.pattern.service());
        let named: Option<_> = named.collect();
        named.filter(|_| !self.not_resource).map(NamedServices)
    }

    /// Whether, and through which string, the statement matches an action (in lower case).
    pub fn applies(&self, service: &str, name: &str) -> Option<Applies<'_>> {
        let by_name = || self.by_name.get_or_init(|| ByName::new(&self.actions));
        self.applies_by(if self.actions.len() > FEW {
            by_name().first(&self.actions, service, name)
        } else {
            first(self.actions.iter().enumerate(), service, name)
        })
    }

    /// Whether its strings may match some actions of a service and not others. False is certain, true is not.
    pub fn distinguishes_actions_of(&self, service: &str) -> bool {
        let mut actions = self.actions.iter();
        actions.any(|action| action.pattern.distinguishes_actions_of(service))
    }

    /// The strings, by their indexes, that may match an action of a service; `None` where they are too many to look
    /// through.
    pub fn strings_of(&self, service: &str) -> Option<Vec<usize>> {
        let may_be = |action: &Action| match &action.pattern {
            ActionPattern::Literal { service: own, .. }
            | ActionPattern::Wildcard { service: own, .. } => own == service,
            ActionPattern::Everything | ActionPattern::ContestedPrefix(_) => true,
            ActionPattern::Nothing => false,
        };
        (self.actions.len() <= FEW).then(|| {
            let listed = self.actions.iter().enumerate();
            let listed = listed.filter(|(_, action)| may_be(action));
            listed.map(|(at, _)| at).collect()
        })
    }

    /// The same as [`applies`](Self::applies) where only [these strings](Self::strings_of) may match.
    pub fn applies_by_one_of(
        &self,
        strings: &[usize],
        service: &str,
        name: &str,
    ) -> Option<Applies<'_>> {
        let strings = strings.iter();
        let listed = strings.filter_map(|at| Some((*at, self.actions.get(*at)?)));
        self.applies_by(first(listed, service, name))
    }

    fn applies_by(&self, found: Option<(usize, ActionMatch)>) -> Option<Applies<'_>> {
        let best = found.map_or(ActionMatch::No, |(_, best)| best);
        let by = found.map(|(at, _)| at);
        if self.not_action {
            (best != ActionMatch::Yes).then_some(Applies {
                statement: self,
                layer: 0,
                certain: best == ActionMatch::No,
                action: None,
            })
        } else {
            (best != ActionMatch::No).then_some(Applies {
                statement: self,
                layer: 0,
                certain: best == ActionMatch::Yes,
                action: by,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_finds_what_looking_through_finds() {
        let texts = [
            "s3:Get*",
            "*:Get?bject",
            "s3:GetObject",
            "S3:*Object",
            "sqs:SendMessage",
            "*",
            "nothing",
            "s*:*",
            "sqs:*",
            "S3:getobject",
            "*:*",
            "ec2:Run*",
        ];
        // Every rotation of the list, and of its first halves.
        for from in 0..texts.len() {
            for length in 1..=texts.len() {
                let chosen = texts.iter().cycle().skip(from).take(length);
                let actions: Vec<Action> = chosen
                    .map(|text| Action {
                        pattern: ActionPattern::parse(text),
                        text: (*text).into(),
                        span: Span::default(),
                    })
                    .collect();
                let by_name = ByName::new(&actions);
                for (service, name) in [
                    ("s3", "getobject"),
                    ("s3", "putobject"),
                    ("sqs", "sendmessage"),
                    ("ec2", "runinstances"),
                    ("ec2", "getobject"),
                    ("iam", "passrole"),
                ] {
                    let found = by_name.first(&actions, service, name);
                    assert_eq!(
                        found,
                        first(actions.iter().enumerate(), service, name),
                        "{texts:?} {from} {length}"
                    );
                }
            }
        }
    }
}
