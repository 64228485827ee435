//! The patterns of statements laid out for one search.

use std::rc::Rc;

use super::{Filter, List, MOST_CLAUSES, Question};
use crate::diff::scope::Plain;
use crate::matcher::search::{self, Alphabet, Answer, Budget, Clause, Goal, Union};
use crate::matcher::{Pattern, Symbol};

/// So many pairs of patterns are compared before a search: those of ordinary statements.
const MOST_PAIRS: usize = 8;

/// The requests on which one of several lists agrees, as far as they lie in a universe.
#[derive(Clone, PartialEq, Default, Debug)]
pub(super) struct Lists<'a> {
    /// All of them.
    pub(super) always: bool,
    /// Words in this union.
    pub(super) any: Union<'a>,
    /// Words outside one of these.
    pub(super) but: Vec<Union<'a>>,
}

impl<'a> Lists<'a> {
    pub(super) fn has(&self, word: &[Symbol]) -> bool {
        self.always || self.any.has(word) || self.but.iter().any(|u| !u.has(word))
    }

    pub(super) fn is_never(&self) -> bool {
        !self.always && self.any.is_empty() && self.but.is_empty()
    }

    /// Conditions of a clause under which one list agrees: one of these.
    pub(super) fn agrees(&self) -> Vec<Clause<'a>> {
        if self.always {
            return vec![Clause::default()];
        }
        let any = (!self.any.is_empty()).then(|| Clause {
            required: vec![self.any.clone()],
            forbidden: Vec::new(),
        });
        let but = self.but.iter().map(|union| Clause {
            required: Vec::new(),
            forbidden: vec![union.clone()],
        });
        any.into_iter().chain(but).collect()
    }

    /// Conditions of a clause under which no list agrees; `None` if one always does.
    fn disagree(&self) -> Option<Clause<'a>> {
        let any = Some(&self.any).filter(|any| !any.is_empty());
        (!self.always).then(|| Clause {
            required: self.but.clone(),
            forbidden: any.into_iter().cloned().collect(),
        })
    }
}

/// Both clauses at once.
pub(super) fn both<'a>(one: &Clause<'a>, other: &Clause<'a>) -> Clause<'a> {
    let mut clause = one.clone();
    clause.required.extend(other.required.iter().cloned());
    clause.forbidden.extend(other.forbidden.iter().cloned());
    clause
}

/// How a pattern lies to the universe.
pub(super) enum Place {
    Apart,
    Partly,
    Around,
}

/// A question narrowed to its universe.
pub(super) struct Layout<'a> {
    pub(super) universe: &'a Pattern,
    pub(super) plain: &'a Plain,
    /// The service in the ARNs of the universe, where it is one.
    service: Option<Rc<str>>,
    /// The patterns that can bear on the question.
    pub(super) bearing: Vec<&'a Pattern>,
    /// The requests asked about; `None` where there are none.
    pub(super) asked: Option<Clause<'a>>,
    /// How many patterns were looked at.
    pub(super) looked: u64,
}

impl<'a> Layout<'a> {
    pub(super) fn new(question: &Question<'a>) -> Self {
        let universe = question.universe;
        let mut layout = Layout {
            universe,
            plain: question.plain,
            service: universe.service().map(Rc::from),
            bearing: vec![universe],
            asked: None,
            looked: 1,
        };
        let mut asked = Clause {
            required: vec![Union::of(vec![universe])],
            forbidden: Vec::new(),
        };
        let mut holds = true;
        let wanted = Filter {
            negated: false,
            patterns: question.wanted.clone(),
        };
        for filter in [&wanted].into_iter().chain(&question.filters) {
            let lists = layout.filters([filter]);
            if lists.always {
                continue;
            }
            holds &= !lists.is_never();
            if filter.negated {
                asked.forbidden.extend(lists.but);
            } else {
                asked.required.push(lists.any);
            }
        }
        layout.asked = Some(asked).filter(|_| holds);
        layout
    }

    pub(super) fn place(&mut self, pattern: &'a Pattern) -> Place {
        self.looked += 1;
        if pattern.is_apart_from(self.universe) {
            return Place::Apart;
        }
        self.bearing.push(pattern);
        if pattern.includes(self.universe) {
            Place::Around
        } else if pattern.may_meet(self.universe) {
            Place::Partly
        } else {
            Place::Apart
        }
    }

    /// Adds one list to others. `contested` are counted for ARNs in whose names no `:` occurs: no source means a
    /// wildcard in the Region field to reach into a name.
    pub(super) fn add(
        &mut self,
        lists: &mut Lists<'a>,
        negated: bool,
        patterns: impl Iterator<Item = &'a Pattern>,
        contested: impl Iterator<Item = &'a Pattern>,
    ) {
        let mut union = Union::default();
        let mut around = false;
        for pattern in patterns {
            match self.place(pattern) {
                Place::Apart => {}
                Place::Partly => union.members.push(pattern),
                Place::Around => around = true,
            }
        }
        let plain = self.plain;
        for pattern in contested {
            if pattern.is_apart_from(self.universe) || !pattern.may_meet(plain.pattern()) {
                self.looked += 1;
                continue;
            }
            if !matches!(self.place(pattern), Place::Apart) {
                if union.guard.is_none() {
                    self.bearing.push(plain.pattern());
                    union.guard = Some(plain.pattern());
                }
                union.guarded.push(pattern);
            }
        }
        match (negated, around) {
            (true, true) => {}
            (true, false) if union.is_empty() => lists.always = true,
            (true, false) => lists.but.push(union),
            (false, true) => lists.always = true,
            (false, false) => {
                lists.any.members.append(&mut union.members);
                lists.any.guarded.append(&mut union.guarded);
                lists.any.guard = lists.any.guard.or(union.guard);
            }
        }
    }

    pub(super) fn lists(&mut self, lists: &[List<'a>]) -> Lists<'a> {
        let mut found = Lists::default();
        let service = self.service.clone();
        let service = service.as_deref();
        for list in lists {
            let all = self.looked + list.resources.len() as u64;
            let (patterns, contested) = (list.patterns(service), list.contested(service));
            self.add(&mut found, list.negated, patterns, contested);
            // Those of other services are looked at as well.
            self.looked = self.looked.max(all);
        }
        found
    }

    pub(super) fn filters<'f>(
        &mut self,
        filters: impl IntoIterator<Item = &'f Filter<'a>>,
    ) -> Lists<'a>
    where
        'a: 'f,
    {
        let mut found = Lists::default();
        for filter in filters {
            let patterns = filter.patterns.iter().copied();
            self.add(&mut found, filter.negated, patterns, [].into_iter());
        }
        found
    }

    pub(super) fn asks(&self, word: &[Symbol]) -> bool {
        self.asked.as_ref().is_some_and(|asked| {
            asked.required.iter().all(|u| u.has(word))
                && !asked.forbidden.iter().any(|u| u.has(word))
        })
    }

    /// Whether some request is asked about, by a test that needs no search and may say no where the answer is yes.
    pub(super) fn certainly_asks(&self) -> bool {
        let overlaps = |union: &Union<'a>| {
            let mut members = union.members.iter();
            members.any(|p| !p.is_open_to(self.universe) && p.may_meet(self.universe))
        };
        let Some(asked) = &self.asked else {
            return false;
        };
        // The first is the universe.
        match asked.required.as_slice() {
            [_] => asked.forbidden.is_empty(),
            [_, wanted] => asked.forbidden.is_empty() && overlaps(wanted),
            _ => false,
        }
    }

    /// Whether each request that is asked about is in a union, by a test that needs no search and may say no where the
    /// answer is yes.
    pub(super) fn lies_within(&self, union: &Union<'a>) -> bool {
        let includes = |wanted: &&Pattern| union.members.iter().any(|p| p.includes(wanted));
        let is_within = |asked: &Union<'a>| {
            asked.guarded.is_empty()
                && asked.members.len() * union.members.len() <= MOST_PAIRS
                && asked.members.iter().all(includes)
        };
        let mut asked = self.asked.iter().flat_map(|asked| &asked.required);
        asked.any(is_within)
    }

    /// Looks for a word of what is asked about and of one of these clauses.
    pub(super) fn find(&self, clauses: &[Clause<'a>], goal: Goal, budget: &mut Budget) -> Answer {
        let Some(asked) = &self.asked else {
            return Answer::Nothing;
        };
        let alphabet = || Alphabet::of(self.bearing.iter().copied());
        let few = clauses.iter().take(MOST_CLAUSES);
        let narrowed: Vec<Clause<'_>> = few.map(|c| both(asked, c)).collect();
        match search::find(&narrowed, &alphabet, goal, budget) {
            Answer::Nothing if clauses.len() > MOST_CLAUSES => Answer::Undecided,
            answer => answer,
        }
    }
}

/// The clauses of the requests on which one list of each layer agrees and none of `denied` does.
pub(super) fn passing<'a, 'l>(
    layers: impl Iterator<Item = &'l Lists<'a>>,
    denied: &Lists<'a>,
) -> Vec<Clause<'a>>
where
    'a: 'l,
{
    let mut clauses: Vec<Clause<'a>> = denied.disagree().into_iter().collect();
    for layer in layers.filter(|layer| !layer.always) {
        let agrees = layer.agrees();
        let each = clauses
            .iter()
            .flat_map(|c| agrees.iter().map(move |a| both(c, a)));
        clauses = each.take(MOST_CLAUSES + 1).collect();
    }
    clauses
}

/// The clauses of the requests that some layer does not allow, or that are denied.
pub(super) fn failing<'a, 'l>(
    layers: impl Iterator<Item = &'l Lists<'a>>,
    denied: &Lists<'a>,
) -> Vec<Clause<'a>>
where
    'a: 'l,
{
    let refused = layers.filter_map(Lists::disagree);
    refused.chain(denied.agrees()).collect()
}
