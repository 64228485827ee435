//! What is granted beyond need: allowed for certain, and not required.

use std::collections::hash_map::Entry;
use std::ptr;
use std::rc::Rc;

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::context::Target;
use super::coverage::{Comparison, Named};
use super::decide::{self, Filter, Question, Required, Sides, Stance};
use super::scope::{Scope, Universe};
use super::statement::{Applies, Conditions, Prepared, Resource};
use super::witness;
use crate::catalog::{self, AccessLevel, ResourceType};
use crate::finding::Witness;
use crate::matcher::condition::{KeyValue, Truth};
use crate::matcher::search::{Answer, Budget};
use crate::matcher::{ActionPattern, Pattern, Reading, Symbol, Variables};
use crate::parser::Effect;
use crate::reference::{Rank, danger_of};

/// Steps of the decision procedure for all of it.
const STEPS_PER_RUN: u64 = 50_000_000;

/// Actions that all patterns together may stand for, each time they are met.
const MOST_VISITS: u64 = 2_500_000;

/// Actions that are listed for all patterns together; equal lists count once.
const MOST_LISTED: u64 = 60_000;

/// The key, folded, whose value can follow from the account in the ARN.
const BY_ACCOUNT: &str = "aws:resourceaccount";

/// An answer on which more statements bear is not kept.
const MOST_REMEMBERED: usize = 64;

/// Why a grant goes too far.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ExcessKind {
    /// A pattern of actions allows some that nothing requires. The required ones that it allows on more than required
    /// come in an [`Excess`] of their own.
    Action,
    /// A required action is allowed on more than required.
    Resource,
    /// A single action that nothing requires.
    Unneeded,
}

/// Actions in AWS's spelling, and their access levels.
pub type Listed = Rc<[(String, AccessLevel)]>;

/// One string of one statement that grants more than is required.
#[derive(Clone, Debug)]
pub struct Excess {
    /// Why.
    pub kind: ExcessKind,
    /// Index into the granted statements.
    pub statement: usize,
    /// Index of the action string; `None` for `NotAction`.
    pub action: Option<usize>,
    /// Index of the resource string that the witness matches; `None` for `NotResource`.
    pub resource: Option<usize>,
    /// The actions that go too far, in AWS's spelling, and their access levels.
    /// The same list where another grant goes too far by the same actions.
    pub actions: Listed,
    /// A request that is allowed and not required: the most dangerous one.
    pub witness: Witness,
    /// One for each danger that the actions of a pattern are, the worst first.
    pub examples: Vec<(Rank, Witness)>,
}

/// Requests that show an excess, as they are found.
#[derive(Default)]
struct Examples {
    /// The most dangerous one.
    first: Option<(Option<Rank>, Witness, Option<usize>)>,
    /// The most dangerous one of each danger.
    of_dangers: Vec<(Rank, Witness)>,
}

impl Examples {
    /// Whether a request of an action so dangerous would be a better example than those that there are.
    fn wants(&self, rank: Option<Rank>) -> bool {
        match rank {
            None => self.first.is_none(),
            Some(rank) => { self.of_dangers.iter() }
                .find(|(known, _)| known.danger == rank.danger)
                .is_none_or(|(known, _)| rank < *known),
        }
    }

    fn add(&mut self, rank: Option<Rank>, witness: Witness, resource: Option<usize>) {
        if !self.wants(rank) {
            return;
        }
        if let Some(rank) = rank {
            self.of_dangers
                .retain(|(known, _)| known.danger != rank.danger);
            self.of_dangers.push((rank, witness.clone()));
            self.of_dangers.sort_by_key(|(known, _)| *known);
        }
        let is_worse = |first: &(Option<Rank>, Witness, Option<usize>)| {
            rank.is_some() && first.0.is_none_or(|known| rank < Some(known))
        };
        if self.first.as_ref().is_none_or(is_worse) {
            self.first = Some((rank, witness, resource));
        }
    }
}

/// All excess, and the grants for which the bound was reached.
#[derive(Debug, Default)]
pub struct ExcessReport {
    /// In the order of the statements and their actions.
    pub found: Vec<Excess>,
    /// Statement and action string.
    pub undecided: Vec<(usize, Option<usize>)>,
    /// How many grants after the last undecided one were not looked at: the bound on all of them was reached.
    pub unasked: usize,
}

/// What one action of one statement grants beyond need.
enum Beyond {
    Nothing,
    /// A request, and the index of the resource string that grants it.
    Something(Witness, Option<usize>),
    Undecided,
}

/// The Allow statements of the reference that name an action, by its place in the catalogue.
type Naming<'a> = FxHashMap<*const u8, NamedBy<'a>>;

/// Those of one action.
struct NamedBy<'a> {
    first: &'a Prepared,
    others: Vec<&'a Prepared>,
    /// Whether one of them requires it everywhere.
    everywhere: bool,
}

impl<'a> NamedBy<'a> {
    fn all(&self) -> impl Iterator<Item = &'a Prepared> {
        [self.first].into_iter().chain(self.others.iter().copied())
    }
}

/// The statements of the reference that bear on one action.
struct Needs<'a> {
    /// Whether one of those that allow it lists it without a wildcard.
    is_literal: bool,
    /// Those that allow it.
    allows: Vec<&'a Prepared>,
    /// Those that deny it for certain.
    denies: Vec<&'a Prepared>,
}

impl<'a> Needs<'a> {
    /// Whether the request on `*` of an action without resource types is required. A reference that lists the action
    /// requires it whatever the resource: there is nothing narrower to write. A wildcard of the reference requires it
    /// only on `*`.
    fn star(&self) -> bool {
        (self.is_literal || self.allows.iter().any(|s| s.is_on_star()))
            && !self.denies.iter().any(|s| s.is_on_star())
    }

    /// Whether everything is required.
    fn everywhere(&self) -> bool {
        self.denies.is_empty() && self.allows.iter().any(|s| s.is_on_everything())
    }

    /// What is required: under any reading, or as the verdicts read it.
    fn required(&self, most: bool) -> Required<'a> {
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

struct Search<'a> {
    comparison: &'a Comparison<'a>,
    scope: Scope,
    naming: Naming<'a>,
    /// The Deny statements of the reference that hold for every request.
    denies: Vec<&'a Prepared>,
    /// Whether anything but its own statement bears on what a grant allows.
    has_limits: bool,
    budget: Budget,
    /// The last answer of [`Search::within`]: actions of one string mostly ask the same.
    last_within: Option<(*const Prepared, Vec<*const Prepared>, bool)>,
    /// What is left of [`MOST_VISITS`] and of [`MOST_LISTED`].
    visits: Budget,
    listed: Budget,
    lists: FxHashSet<Listed>,
    answers: FxHashMap<Alike, Rc<Outcome>>,
    /// Of the scope, and of every scope.
    universes: Universes<'a>,
    anywhere: Universes<'a>,
}

/// The ARNs of resource types in one scope, made once for all actions: by service, name, ARN format of the type and
/// what requests carry behind it.
#[derive(Default)]
struct Universes<'a>(FxHashMap<(&'a str, &'a str, &'a str, &'a str), Rc<[Universe]>>);

impl<'a> Universes<'a> {
    fn of(&mut self, scope: &Scope, service: &'a str, kind: &ResourceType<'a>) -> Rc<[Universe]> {
        let universes = self.0.entry((service, kind.name, kind.arn, kind.suffix));
        let make = || {
            let patterns = scope.universes(service, kind).into_iter();
            patterns.map(Universe::of(kind)).collect()
        };
        Rc::clone(universes.or_insert_with(make))
    }
}

/// What an answer of [`Search::beyond`] depends on for one kind of resource: many actions share it.
#[derive(PartialEq, Eq, Hash)]
struct Alike {
    statement: *const Prepared,
    service: String,
    kind: (String, usize),
    needs: Vec<*const Prepared>,
    /// The statements that apply, whether they do for certain, and what is known of their Condition.
    applies: Vec<(*const Prepared, bool, Truth)>,
}

/// A resource that is granted and not required, with the index of the resource string that grants it.
enum Outcome {
    Nothing,
    Something(String, Option<usize>),
    Undecided,
}

/// Finds what the granted statements allow for certain beyond `needed`: the statements of the
/// reference, and of what is known to lack in it.
pub fn excess<'a>(comparison: &'a Comparison<'a>, needed: &[&'a [Prepared]]) -> ExcessReport {
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
    let denies = needed.iter().copied().flatten();
    let denies = denies.filter(|s| s.effect == Effect::Deny && s.conditions.is_empty());
    let mut search = Search {
        comparison,
        scope: comparison.scope.in_every_region(),
        naming,
        denies: denies.collect(),
        has_limits: comparison.layers.len() > 1
            || comparison.granted.iter().any(|s| s.effect == Effect::Deny),
        budget: Budget::steps(STEPS_PER_RUN),
        last_within: None,
        visits: Budget::steps(MOST_VISITS),
        listed: Budget::steps(MOST_LISTED),
        lists: FxHashSet::default(),
        answers: FxHashMap::default(),
        universes: Universes::default(),
        anywhere: Universes::default(),
    };
    let mut report = ExcessReport::default();
    for (index, statement) in comparison.granted.iter().enumerate() {
        if statement.effect != Effect::Allow {
            continue;
        }
        if statement.not_action {
            search.bounded_pattern(index, statement, None, &mut report);
            continue;
        }
        for (at, action) in statement.actions.iter().enumerate() {
            match &action.pattern {
                ActionPattern::Literal { service, name } => {
                    let known = comparison.known(service, name);
                    if let Some(known) = known {
                        search.literal(index, statement, at, known, &mut report);
                    }
                }
                _ => search.bounded_pattern(index, statement, Some(at), &mut report),
            }
        }
    }
    report
}

impl<'a> Search<'a> {
    fn needs(&self, action: &catalog::Action<'a>) -> Needs<'a> {
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
        let is_literal = allows.iter().any(|s| s.lists(action));
        Needs {
            is_literal,
            allows,
            denies,
        }
    }

    /// Whether any request of an action is required: one that the reference names only on resources that it does not
    /// apply to is not.
    fn is_required(&mut self, action: catalog::Action<'a>, needs: &Needs<'a>) -> bool {
        if !action.has_resource_types() {
            return needs.star();
        }
        if needs.everywhere() {
            return true;
        }
        let everything = Pattern::everything();
        let required = needs.required(false);
        let taken = required.denied.iter().map(|f| Filter {
            negated: !f.negated,
            ..f.clone()
        });
        let taken: Vec<Filter<'_>> = taken.collect();
        for kind in action.resource_types() {
            // As in the verdicts, the scope narrows but never hides a requirement.
            let scoped = self.universes.of(&self.scope, action.service, &kind);
            let anywhere = self.anywhere.of(&Scope::default(), action.service, &kind);
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
                            || Comparison::spend(&mut self.budget, |b| {
                                let none = Required::default();
                                decide::Beyond::new(&question, &nothing, &nothing, &none).first(b)
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

    /// Whether all that can be granted of an action is required.
    fn is_wanted_everywhere(&self, action: &catalog::Action<'a>) -> bool {
        self.denies.is_empty()
            && self
                .naming
                .get(&action.place())
                .is_some_and(|named| named.everywhere)
    }

    fn literal(
        &mut self,
        index: usize,
        statement: &Prepared,
        at: usize,
        action: catalog::Action<'a>,
        report: &mut ExcessReport,
    ) {
        if self.is_wanted_everywhere(&action) {
            return;
        }
        let needs = self.needs(&action);
        match self.beyond(statement, action, &needs) {
            Beyond::Nothing => {}
            Beyond::Undecided => report.undecided.push((index, Some(at))),
            Beyond::Something(witness, resource) => report.found.push(Excess {
                kind: if self.is_required(action, &needs) {
                    ExcessKind::Resource
                } else {
                    ExcessKind::Unneeded
                },
                statement: index,
                action: Some(at),
                resource,
                actions: Rc::new([(action.spelled(), action.access)]),
                examples: { danger_of(&action.spelled(), action.access).into_iter() }
                    .map(|rank| (rank, witness.clone()))
                    .collect(),
                witness,
            }),
        }
    }

    /// Looks at a pattern of actions while the bounds on all of them last; then the rest is counted.
    fn bounded_pattern(
        &mut self,
        index: usize,
        statement: &Prepared,
        at: Option<usize>,
        report: &mut ExcessReport,
    ) {
        if self.visits.left() == 0 || self.listed.left() == 0 {
            report.unasked += 1;
        } else {
            self.pattern(index, statement, at, report);
        }
    }

    fn pattern(
        &mut self,
        index: usize,
        statement: &Prepared,
        at: Option<usize>,
        report: &mut ExcessReport,
    ) {
        let mut matched = Vec::new();
        match at {
            Some(at) => {
                let Some(action) = statement.actions.get(at) else {
                    return;
                };
                // What AWS rejects is counted by its widest reading here: better narrow it now.
                if let ActionPattern::ContestedPrefix(pattern) = &action.pattern {
                    self.comparison.each_match(&ActionPattern::Everything, |a| {
                        if pattern.matches_text(&a.spelled().to_ascii_lowercase()) {
                            matched.push(a);
                        }
                    });
                } else {
                    self.comparison
                        .each_match(&action.pattern, |a| matched.push(a));
                }
            }
            None => self.comparison.each_match(&ActionPattern::Everything, |a| {
                if statement
                    .applies(a.service, &a.name.to_ascii_lowercase())
                    .is_some_and(|m| m.certain)
                {
                    matched.push(a);
                }
            }),
        }
        if !self.visits.pay(matched.len() as u64) {
            report.undecided.push((index, at));
            return;
        }
        let mut unneeded = Vec::new();
        let mut too_wide = Vec::new();
        let mut first = [Examples::default(), Examples::default()];
        let unlimited =
            !self.has_limits && statement.conditions.is_empty() && statement.is_on_everything();
        for action in matched {
            if self.is_wanted_everywhere(&action) {
                continue;
            }
            let needs = self.needs(&action);
            // With `"Resource": "*"` and no Deny every action takes effect; one witness will do.
            let rank = || danger_of(&action.spelled(), action.access);
            if needs.allows.is_empty()
                && unlimited
                && first[0].first.is_some()
                && !first[0].wants(rank())
            {
                unneeded.push((action.spelled(), action.access));
                continue;
            }
            match self.beyond(statement, action, &needs) {
                Beyond::Nothing => {}
                Beyond::Undecided => {
                    report.undecided.push((index, at));
                    return;
                }
                Beyond::Something(witness, resource) => {
                    let (list, slot) = if self.is_required(action, &needs) {
                        (&mut too_wide, &mut first[1])
                    } else {
                        (&mut unneeded, &mut first[0])
                    };
                    list.push((action.spelled(), action.access));
                    slot.add(rank(), witness, resource);
                }
            }
        }
        let [of_unneeded, of_too_wide] = first;
        for (kind, actions, example) in [
            (ExcessKind::Action, unneeded, of_unneeded),
            (ExcessKind::Resource, too_wide, of_too_wide),
        ] {
            let Some((_, witness, resource)) = example.first else {
                continue;
            };
            let Some(actions) = self.shared(actions) else {
                report.undecided.push((index, at));
                return;
            };
            report.found.push(Excess {
                kind,
                statement: index,
                action: at,
                resource,
                actions,
                witness,
                examples: example.of_dangers,
            });
        }
    }

    /// One list for equal ones; none where the bound on all lists is reached.
    fn shared(&mut self, actions: Vec<(String, AccessLevel)>) -> Option<Listed> {
        if let Some(known) = self.lists.get(actions.as_slice()) {
            return Some(Rc::clone(known));
        }
        if !self.listed.pay(actions.len() as u64) {
            return None;
        }
        let list: Listed = actions.into();
        self.lists.insert(Rc::clone(&list));
        Some(list)
    }

    /// Whether each resource of a statement lies within one that is required, by a test that needs no search and may
    /// say no where the answer is yes.
    fn within(&mut self, statement: &Prepared, required: &[&Prepared]) -> bool {
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

    /// What `statement` allows for `action` beyond what the reference needs.
    fn beyond(
        &mut self,
        statement: &Prepared,
        action: catalog::Action<'a>,
        needs: &Needs<'a>,
    ) -> Beyond {
        if statement.conditions.is_empty()
            && needs.denies.is_empty()
            && self.within(statement, &needs.allows)
        {
            return Beyond::Nothing;
        }
        let always = self.beyond_in(statement, action, needs, &[]);
        let is_free = statement.conditions.is_empty() && !self.has_limits;
        if !matches!(always, Beyond::Nothing) || is_free {
            return always;
        }
        let without = self.comparison.context.without_absent_keys(action);
        if without.is_empty() {
            return always;
        }
        self.beyond_in(statement, action, needs, &without)
    }

    /// The same for requests of which something is known.
    fn beyond_in(
        &mut self,
        statement: &Prepared,
        action: catalog::Action<'a>,
        needs: &Needs<'a>,
        stated: &[(String, KeyValue)],
    ) -> Beyond {
        let name = action.name.to_ascii_lowercase();
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
            let situation = self.comparison.situation(named, stated, target);
            situation.holds(&statement.conditions, &nothing) == Truth::True
        };
        if !varies(&statement.conditions) && !holds(Target::default()) {
            return Beyond::Nothing;
        }
        let applies = if self.has_limits {
            self.comparison.applying(action.service, &name)
        } else {
            Vec::new()
        };
        let layers = self.comparison.layers.len();
        // What bears on a kind of resource, where the statement allows it for certain.
        let sides = |target: Target<'_>| -> Option<(Sides<'_>, Vec<Truth>)> {
            if !holds(target) {
                return None;
            }
            let situation = self.comparison.situation(named, stated, target);
            let conditions = applies.iter().map(|a| &a.statement.conditions);
            let truths: Vec<Truth> = conditions.map(|c| situation.holds(c, &nothing)).collect();
            let sides = Sides::new(&applies, &truths, layers, &|_| Stance::Cautious);
            Some((sides, truths))
        };
        if !action.has_resource_types() {
            if !statement.is_on_star()
                || statement.may_be_void
                || needs.star()
                || !sides(Target::default()).is_some_and(|(s, _)| s.star_passes())
            {
                return Beyond::Nothing;
            }
            let witness = Witness {
                action: action.spelled(),
                resource: "*".to_owned(),
            };
            let by = statement
                .resources
                .iter()
                .position(|r| r.pattern.is_everything());
            return Beyond::Something(witness, by);
        }
        let everything = Pattern::everything();
        if needs.everywhere() {
            return Beyond::Nothing;
        }
        let granted: Vec<&Pattern> = if statement.not_resource {
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
        // A type that every call needs makes the better example.
        let mut kinds: Vec<_> = action.resource_types().collect();
        kinds.sort_by_key(|k| !k.required);
        let varies = varies(&statement.conditions)
            || applies.iter().any(|a| varies(&a.statement.conditions));
        let alike = if varies {
            None
        } else {
            let Some(sides) = sides(Target::default()) else {
                return Beyond::Nothing;
            };
            Some(sides)
        };
        for kind in kinds {
            let on = |own_account| {
                let kind = Some(kind);
                if varies {
                    sides(Target { kind, own_account })
                } else {
                    None
                }
            };
            let [other, own_account] = [false, true].map(on);
            if varies && other.is_none() && own_account.is_none() {
                continue;
            }
            let universes = self.universes.of(&self.scope, action.service, &kind);
            for (at, universe) in universes.iter().enumerate() {
                let is_own = at == 0 && self.scope.puts_account(&kind);
                let own_sides = if is_own { &own_account } else { &other };
                let Some((sides, truths)) = alike.as_ref().or(own_sides.as_ref()) else {
                    continue;
                };
                let needed = needs.allows.iter().chain(&needs.denies);
                let bearing = applies.iter().zip(truths);
                let alike = Alike {
                    statement,
                    service: action.service.to_owned(),
                    kind: (kind.requested().into_owned(), at),
                    needs: needed.map(|s| ptr::from_ref(*s)).collect(),
                    applies: bearing
                        .map(|(a, truth)| (ptr::from_ref(a.statement), a.certain, *truth))
                        .collect(),
                };
                let outcome = if let Some(known) = self.answers.get(&alike) {
                    Rc::clone(known)
                } else {
                    let question = Question {
                        universe: &universe.all,
                        plain: &universe.plain,
                        wanted: granted.clone(),
                        filters: Vec::new(),
                    };
                    let beyond = decide::Beyond::new(&question, &own, sides, &required);
                    let found = Comparison::spend(&mut self.budget, |b| beyond.first(b));
                    let outcome = Rc::new(match found {
                        Answer::Nothing => Outcome::Nothing,
                        Answer::Undecided => Outcome::Undecided,
                        Answer::Word(word) => {
                            let holds = |w: &[Symbol]| beyond.has(w);
                            let Comparison {
                                scope,
                                placeholders,
                                ..
                            } = self.comparison;
                            Outcome::Something(
                                witness::readable(&word, scope, placeholders, &[], holds),
                                grants(&statement.resources, &word),
                            )
                        }
                    });
                    // Of many statements each answer takes room, and few ask the same.
                    if alike.applies.len() <= MOST_REMEMBERED {
                        self.answers.insert(alike, Rc::clone(&outcome));
                    }
                    outcome
                };
                match &*outcome {
                    Outcome::Nothing => {}
                    Outcome::Undecided => return Beyond::Undecided,
                    Outcome::Something(resource, by) => {
                        let witness = Witness {
                            action: action.spelled(),
                            resource: resource.clone(),
                        };
                        return Beyond::Something(witness, *by);
                    }
                }
            }
        }
        Beyond::Nothing
    }
}

fn grants(resources: &[Resource], word: &[Symbol]) -> Option<usize> {
    resources.iter().position(|r| {
        r.patterns(Reading::Strict, Variables::Unset)
            .iter()
            .any(|p| p.matches(word))
    })
}
