//! The decision procedure: a word that matches some patterns and none of others.
//!
//! The patterns run side by side over one word (the subset construction, made lazily, breadth first). A union that is
//! required is split: one search for each of its patterns. Patterns that cannot bear on what is required drop out before
//! anything runs, and of two states that agree on what is required, the one with fewer forbidden positions, reached
//! first, makes the other superfluous (antichains: De Wulf, Doyen, Henzinger, Raskin 2006). A [`Budget`] bounds the work.

mod machine;
mod states;

use rustc_hash::FxHashSet;

use super::class::Parts;
use super::pattern::{Pattern, Token};
use super::symbol::Symbol;
use machine::Machine;
use states::States;

/// A limit on the work of [`find`], in steps of single patterns. The steps left carry over from one search to the next.
#[derive(Clone, Debug)]
pub struct Budget {
    left: u64,
}

impl Budget {
    /// A limit of this many steps; a million take some ten milliseconds.
    pub fn steps(steps: u64) -> Self {
        Budget { left: steps }
    }

    /// A budget of at most `steps` for one question, to be paid back with [`settle`](Self::settle).
    #[must_use]
    pub fn share(&self, steps: u64) -> Self {
        Budget {
            left: self.left.min(steps),
        }
    }

    /// Takes steps away; false where so many are not left.
    pub fn pay(&mut self, steps: u64) -> bool {
        let enough = self.left >= steps;
        self.left = self.left.saturating_sub(steps);
        enough
    }

    /// Pays for what a share of this budget used.
    pub fn settle(&mut self, before: u64, share: &Budget) {
        self.left = self.left.saturating_sub(before.saturating_sub(share.left));
    }

    /// Steps left.
    pub fn left(&self) -> u64 {
        self.left
    }
}

/// A union: a word is in it if one of `members` matches it, or if `guard` and one of `guarded` do.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Union<'a> {
    /// Patterns that need no guard.
    pub members: Vec<&'a Pattern>,
    /// Patterns that count only for words that `guard` matches.
    pub guarded: Vec<&'a Pattern>,
    /// The pattern that a word of `guarded` must match as well; without it `guarded` does not count.
    pub guard: Option<&'a Pattern>,
}

impl<'a> Union<'a> {
    /// A union of these patterns.
    pub fn of(members: Vec<&'a Pattern>) -> Self {
        Union {
            members,
            ..Union::default()
        }
    }

    /// Whether a word is in the union.
    pub fn has(&self, word: &[Symbol]) -> bool {
        self.members.iter().any(|p| p.matches(word))
            || self.guard.is_some_and(|g| g.matches(word))
                && self.guarded.iter().any(|p| p.matches(word))
    }

    /// Whether no word is in the union.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.guarded.is_empty()
    }
}

/// A question: is there a word in all of some unions and in none of others?
#[derive(Clone, Default, Debug)]
pub struct Clause<'a> {
    /// The word is in each of them.
    pub required: Vec<Union<'a>>,
    /// The word is in none of them.
    pub forbidden: Vec<Union<'a>>,
}

/// The answer to a [`Clause`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// There is no such word.
    Nothing,
    /// A word. With [`Goal::Shortest`] the shortest and, of these, the first in the order of the alphabet, unless the
    /// budget ended.
    Word(Vec<Symbol>),
    /// The budget ended before every word was considered.
    Undecided,
}

impl Answer {
    /// The word, if one was found.
    pub fn word(&self) -> Option<&[Symbol]> {
        match self {
            Answer::Word(word) => Some(word),
            Answer::Nothing | Answer::Undecided => None,
        }
    }
}

/// The symbols that patterns tell apart.
#[derive(Clone, Debug)]
pub struct Alphabet {
    /// Stands for all symbols that no pattern names. It comes first, then letters and digits, so that witnesses read
    /// well.
    fresh: Symbol,
    /// One for each set of symbols that the wildcards treat alike, and the placeholders.
    special: Vec<Symbol>,
}

/// ASCII characters are looked up in a bit set, all other symbols in a list.
const ASCII: std::ops::Range<u32> = 0..128;

impl Alphabet {
    /// The symbols of these patterns.
    pub fn of<'p>(patterns: impl Iterator<Item = &'p Pattern>) -> Self {
        let mut ascii: u128 = 0;
        let mut others: Vec<Symbol> = Vec::new();
        let mut parts = Parts::default();
        for pattern in patterns {
            ascii |= pattern.named_ascii();
            others.extend(pattern.named_others());
            parts.split_by(pattern.tokens().iter().filter_map(|t| match t {
                Token::One(class) | Token::Run(class) => Some(*class),
                Token::Symbol(_) => None,
            }));
        }
        let named = |c: char| {
            if ASCII.contains(&(c as u32)) {
                ascii >> (c as u32) & 1 == 1
            } else {
                others.contains(&Symbol::char(c))
            }
        };
        let mut special: Vec<Symbol> = Vec::new();
        for part in parts.classes() {
            // One that no pattern names stands for all of the part; where there is none, each of them counts.
            match part.first(|c| !named(c)) {
                Some(c) => special.push(Symbol::char(c)),
                None => special.extend(part.ascii(named).map(Symbol::char)),
            }
        }
        let fresh = special.first().copied().unwrap_or(Symbol::char('a'));
        special.extend(others.iter().filter(|s| s.as_placeholder().is_some()));
        special.sort_unstable();
        special.dedup();
        Alphabet { fresh, special }
    }

    /// The sort key of the symbols.
    fn rank(&self, symbol: Symbol) -> (bool, bool, Symbol) {
        let plain = symbol.as_char().is_some_and(|c| c.is_ascii_alphanumeric());
        (symbol != self.fresh, !plain, symbol)
    }

    fn is_before(&self, one: &[Symbol], other: &[Symbol]) -> bool {
        let ranks = |word: &[Symbol]| -> Vec<_> { word.iter().map(|s| self.rank(*s)).collect() };
        (one.len(), ranks(one)) < (other.len(), ranks(other))
    }
}

/// The goal of the search.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Goal {
    /// Any word.
    Any,
    /// The shortest word and, of these, the first in the order of the alphabet.
    Shortest,
}

/// Looks for a word of at least one of the clauses.
pub fn find<'a>(
    clauses: &[Clause<'a>],
    alphabet: &dyn Fn() -> Alphabet,
    goal: Goal,
    budget: &mut Budget,
) -> Answer {
    let mut search = Search {
        alphabet: Lazy {
            make: alphabet,
            made: None,
        },
        goal,
        budget,
        best: None,
        complete: true,
    };
    for clause in clauses {
        let mut open: Vec<&Union<'a>> = clause.required.iter().collect();
        // A single symbol narrows the choice among the others.
        open.sort_by_key(|u| u.members.len() + u.guarded.len());
        search.choose(&mut Vec::new(), &open, &clause.forbidden);
        if search.is_over() {
            break;
        }
    }
    match search.best {
        // If the budget ended, a shorter one may exist; this one shows the answer as well.
        Some(word) => Answer::Word(word),
        None if search.complete => Answer::Nothing,
        None => Answer::Undecided,
    }
}

/// An alphabet made on demand: few questions need one.
struct Lazy<'f> {
    make: &'f dyn Fn() -> Alphabet,
    made: Option<Alphabet>,
}

impl Lazy<'_> {
    fn get(&mut self) -> &Alphabet {
        self.made.get_or_insert_with(|| (self.make)())
    }
}

/// The cost of a comparison of two patterns before the first symbol.
const STEPS_PER_PAIR: u64 = 4;

/// Pairs of positions that a comparison of ordinary patterns looks at.
const ORDINARY_PAIRS: usize = 1 << 12;

/// What it costs to compare patterns with others. Only two patterns with wildcards take longer the longer they are.
fn steps(patterns: &[&Pattern], others: &[&Pattern]) -> u64 {
    let open = |list: &[&Pattern]| -> (usize, usize) {
        let is_open = |p: &&&Pattern| p.tokens().iter().any(|t| matches!(t, Token::Run(_)));
        let lengths = list.iter().filter(is_open).map(|p| p.tokens().len());
        lengths.fold((0, 0), |(count, sum), length| (count + 1, sum + length))
    };
    let ((count, length), (other_count, other_length)) = (open(patterns), open(others));
    let ordinary = (count * other_count).saturating_mul(ORDINARY_PAIRS);
    let extra = length.saturating_mul(other_length).saturating_sub(ordinary) / 16;
    STEPS_PER_PAIR * (patterns.len() * others.len()) as u64 + extra as u64
}

/// The search for a word of one of several clauses.
struct Search<'f, 'b> {
    alphabet: Lazy<'f>,
    goal: Goal,
    budget: &'b mut Budget,
    best: Option<Vec<Symbol>>,
    complete: bool,
}

impl Search<'_, '_> {
    /// Whether nothing more can come of it.
    fn is_over(&self) -> bool {
        self.budget.left == 0 || self.goal == Goal::Any && self.best.is_some()
    }

    fn pay(&mut self, steps: u64) -> bool {
        let paid = self.budget.pay(steps);
        self.complete &= paid;
        paid
    }

    /// Chooses a pattern of each union in turn.
    fn choose<'a>(
        &mut self,
        chosen: &mut Vec<&'a Pattern>,
        open: &[&Union<'a>],
        forbidden: &[Union<'a>],
    ) {
        let Some((union, rest)) = open.split_first() else {
            self.solve(chosen, forbidden);
            return;
        };
        let listed = [&union.members, &union.guarded];
        let costs = |list: &Vec<&Pattern>| STEPS_PER_PAIR * list.len() as u64 + steps(list, chosen);
        if !self.pay(listed.into_iter().map(costs).sum()) {
            return;
        }
        let implied = |p: &&Pattern| chosen.iter().any(|c| p.includes(c));
        if union.members.iter().any(implied) {
            self.choose(chosen, rest, forbidden);
            return;
        }
        for member in &union.members {
            if chosen.iter().all(|c| member.may_meet(c)) {
                chosen.push(member);
                self.choose(chosen, rest, forbidden);
                chosen.pop();
                if self.is_over() {
                    self.complete &= self.budget.left > 0;
                    return;
                }
            }
        }
        let Some(guard) = union.guard else {
            return;
        };
        for member in &union.guarded {
            let both = [guard, *member];
            if both.iter().all(|p| chosen.iter().all(|c| p.may_meet(c))) && guard.may_meet(member) {
                chosen.extend(both);
                self.choose(chosen, rest, forbidden);
                chosen.truncate(chosen.len() - 2);
                if self.is_over() {
                    self.complete &= self.budget.left > 0;
                    return;
                }
            }
        }
    }

    /// Looks for a word that all of `chosen` match and that is in none of `forbidden`.
    fn solve(&mut self, chosen: &[&Pattern], forbidden: &[Union<'_>]) {
        // Skip what another one implies.
        let mut required: Vec<&Pattern> = Vec::with_capacity(chosen.len());
        for pattern in chosen {
            if required.iter().any(|other| pattern.includes(other)) {
                continue;
            }
            required.retain(|other| !other.includes(pattern));
            required.push(pattern);
        }
        let mut members: Vec<&Pattern> = Vec::new();
        let mut known: FxHashSet<&Pattern> = FxHashSet::default();
        let mut guarded: Vec<(&Pattern, &Pattern)> = Vec::new();
        for union in forbidden {
            let listed = [&union.members, &union.guarded];
            let costs = |list: &Vec<&Pattern>| steps(list, &required);
            if !self.pay(listed.into_iter().map(costs).sum()) {
                return;
            }
            let bears = |p: &Pattern| required.iter().all(|r| p.may_meet(r));
            let holds = |p: &Pattern| required.iter().any(|r| p.includes(r));
            let always = union.guard.is_some_and(holds);
            let direct = union.guarded.iter().filter(|_| always);
            for pattern in union.members.iter().chain(direct) {
                if holds(pattern) {
                    return;
                }
                if bears(pattern) && known.insert(pattern) {
                    members.push(pattern);
                }
            }
            if let Some(guard) = union.guard.filter(|g| !always && bears(g)) {
                let bearing = union
                    .guarded
                    .iter()
                    .filter(|p| bears(p) && guard.may_meet(p));
                guarded.extend(bearing.map(|p| (guard, *p)));
            }
        }
        let found = match self.guess(&required, &members, &guarded) {
            Some(word) => Some(word).filter(|w| self.is_better(w)),
            None => self.walk(&required, &members, &guarded),
        };
        if let Some(word) = found {
            self.best = Some(word);
        }
    }

    fn is_better(&mut self, word: &[Symbol]) -> bool {
        match &self.best {
            None => true,
            Some(best) => self.alphabet.get().is_before(word, best),
        }
    }

    /// The first word of one of the patterns, where that is one of those looked for: none of them comes before it then.
    fn guess(
        &mut self,
        required: &[&Pattern],
        members: &[&Pattern],
        guarded: &[(&Pattern, &Pattern)],
    ) -> Option<Vec<Symbol>> {
        let count = required.len() * (required.len() + members.len() + 2 * guarded.len());
        if !self.pay(STEPS_PER_PAIR * count as u64) {
            return None;
        }
        required.iter().find_map(|only| {
            let words = match self.goal {
                Goal::Any => only.some_words(),
                Goal::Shortest => [only.first_word(self.alphabet.get().fresh), None],
            };
            let is_one = |word: &Vec<Symbol>| {
                required.iter().all(|p| p == only || p.matches(word))
                    && !members.iter().any(|p| p.matches(word))
                    && !guarded
                        .iter()
                        .any(|(guard, p)| guard.matches(word) && p.matches(word))
            };
            words.into_iter().flatten().find(is_one)
        })
    }

    /// The words in order, each extended by the symbols that lead on.
    fn walk(
        &mut self,
        required: &[&Pattern],
        members: &[&Pattern],
        guarded: &[(&Pattern, &Pattern)],
    ) -> Option<Vec<Symbol>> {
        let alphabet = self.alphabet.get().clone();
        let longest = self.best.as_ref().map_or(usize::MAX, Vec::len);
        let machine = Machine::new(required, members, guarded);
        let mut states = States::default();
        let mut first = vec![0; machine.width];
        for (pattern, at) in machine.patterns.iter().zip(&machine.offsets) {
            if let Some(state) = first.get_mut(*at..at + pattern.state_words()) {
                pattern.start(state);
                pattern.trim(state);
            }
        }
        if !machine.is_open(&first) {
            return None;
        }
        states.add(&first, machine.split, None, self.budget);
        let accepted = |states: &States, at: usize| {
            let word = states.spell(at);
            Some(word).filter(|w| self.best.as_ref().is_none_or(|b| alphabet.is_before(w, b)))
        };
        if machine.accepts(&first) {
            return accepted(&states, 0);
        }
        let mut at = 0;
        let mut state = first;
        let mut next = vec![0; machine.width];
        let mut live = Vec::new();
        let mut symbols = Vec::new();
        while states.read(at, machine.split, &mut state) {
            if states.depth(at) >= longest {
                break;
            }
            machine.live(&state, &mut live);
            machine.symbols(&state, &alphabet, &mut symbols);
            for symbol in &symbols {
                let cost = (live.len() + machine.width / 16 + 1) as u64;
                if !self.budget.pay(cost) || states.is_full() {
                    self.complete = false;
                    self.budget.left = 0;
                    return None;
                }
                machine.step(&state, *symbol, &live, &mut next);
                if machine.is_open(&next)
                    && states.add(&next, machine.split, Some((at, *symbol)), self.budget)
                    && machine.accepts(&next)
                {
                    return accepted(&states, states.nodes.len() - 1);
                }
            }
            at += 1;
        }
        None
    }
}
