//! Answers that are shared by equal questions: of several candidates for a reference, of several readings of one
//! template, and of several roles. The roles of one input are mostly much alike.
//!
//! A question is a list of numbers, one for each text that bears on it. Equal numbers mean equal texts. Equal texts
//! have the same number within one thread, until the memo is cleared.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustc_hash::FxHashMap;

use super::comparison::{Comparison, Named};
use super::excess::Outcome;
use super::judgement::{Case, Judgement};
use super::statement::{Applies, Prepared};
use crate::matcher::condition::Truth;
use crate::matcher::search::Budget;
use crate::matcher::template::Placeholders;
use crate::matcher::{Piece, Pieces};
use crate::parser::Effect;

/// The most bytes that are kept. Beyond that the memo is cleared.
const MOST_BYTES: usize = 8 << 20;

/// What an entry takes beside its texts, about.
const BYTES_PER_ENTRY: usize = 256;

/// The number of a text; never reused for a different text.
pub(super) type Number = u64;

/// A question as numbers.
pub(super) type Question = Box<[Number]>;

/// The answers to questions, each with the steps that it took.
type Kept<T> = FxHashMap<Question, (T, u64)>;

#[derive(Default)]
struct Memo {
    numbers: FxHashMap<Box<str>, Number>,
    judged: Kept<Rc<Judgement>>,
    /// Grants beyond what is required.
    beyond: Kept<Outcome>,
    /// Whether some request of an action is required.
    required: FxHashMap<Question, bool>,
    bytes: usize,
    /// Reused, to save an allocation.
    text: String,
}

thread_local! {
    static MEMO: RefCell<Memo> = RefCell::default();
}

impl Memo {
    /// The number of the text at hand.
    fn number(&mut self) -> Number {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        if let Some(known) = self.numbers.get(self.text.as_str()) {
            return *known;
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        self.make_room(self.text.len());
        self.numbers.insert(self.text.as_str().into(), number);
        number
    }

    fn make_room(&mut self, bytes: usize) {
        self.bytes += bytes + BYTES_PER_ENTRY;
        if self.bytes > MOST_BYTES {
            self.numbers.clear();
            self.judged.clear();
            self.beyond.clear();
            self.required.clear();
            self.bytes = bytes + BYTES_PER_ENTRY;
        }
    }
}

/// The number of what `write` writes.
pub(super) fn number(write: impl FnOnce(&mut String)) -> Number {
    MEMO.with_borrow_mut(|memo| {
        let mut text = std::mem::take(&mut memo.text);
        text.clear();
        write(&mut text);
        memo.text = text;
        memo.number()
    })
}

/// The number of the part of a statement that judgements read: its effect and its resources.
pub(super) fn of_statement(statement: &Prepared, placeholders: &Placeholders) -> Number {
    let write = |text: &mut String| {
        let flags = [
            statement.effect == Effect::Allow,
            statement.not_resource,
            statement.may_be_void,
        ];
        text.extend(flags.map(|flag| if flag { '1' } else { '0' }));
        for resource in &statement.resources {
            text.push('\n');
            text.push_str(&resource.text);
            text.push('\n');
            spell(resource.pattern.pieces(), placeholders, text);
        }
    };
    *statement.form.get_or_init(|| number(write))
}

/// Pieces so that different ones have different texts. The numbers of names count: they order the alphabet of a search.
fn spell(pieces: &Pieces, placeholders: &Placeholders, text: &mut String) {
    let name = |text: &mut String, mark: char, number: u32| {
        text.push(mark);
        text.push_str(&number.to_string());
        text.push(mark);
        text.push_str(placeholders.name(number));
        text.push(mark);
    };
    for (piece, _) in pieces.iter() {
        match piece {
            // Letters that mark other pieces are doubled.
            Piece::Char(c @ '\0'..='\x08') => text.extend([*c, *c]),
            Piece::Char(c) => text.push(*c),
            Piece::Star => text.push('\x01'),
            Piece::Question => text.push('\x02'),
            Piece::Word => text.push('\x06'),
            Piece::Placeholder(number) => name(text, '\x03', *number),
            Piece::Variable {
                name: number,
                may_be_empty: true,
            } => name(text, '\x04', *number),
            Piece::Variable { name: number, .. } => name(text, '\x05', *number),
        }
    }
}

/// The question that [`super::judgement::judge`] answers; none where the requirement leaves several cases open.
pub(super) fn question(
    comparison: &Comparison<'_>,
    statement: &Prepared,
    denies: &[Applies<'_>],
    named: Named<'_, '_>,
    needed: &[&str],
    applies: &[Applies<'_>],
    cases: &[Case<'_>],
) -> Option<Question> {
    let [case] = cases else { return None };
    let placeholders = comparison.placeholders;
    let mut question = Vec::with_capacity(4 + 2 * (denies.len() + applies.len()));
    question.push(comparison.number());
    question.push(number(|text| {
        text.push_str(named.service);
        text.push('\n');
        text.push_str(named.known.map_or("?", |action| action.types()));
        for kind in needed {
            text.push('\n');
            text.push_str(kind);
        }
    }));
    let mut add = |statement: &Prepared, flags: Number| {
        question.push(of_statement(statement, placeholders));
        question.push(flags);
    };
    add(statement, denies.len() as Number);
    for deny in denies {
        let holds = deny.statement.conditions.is_empty();
        add(
            deny.statement,
            2 * Number::from(deny.certain) + Number::from(holds),
        );
    }
    for entry in applies {
        let layer = entry.layer as Number;
        add(entry.statement, 2 * layer + Number::from(entry.certain));
    }
    // Without Conditions there is one list, and all in it is true.
    if applies.iter().any(|a| !a.statement.conditions.is_empty()) {
        question.extend(case.indexes().map(|at| at as Number));
        let truths = case.truths.iter().flat_map(|list| list.iter());
        question.extend(truths.copied().map(of_truth));
    }
    Some(question.into())
}

impl Comparison<'_> {
    /// The number of its scope and its layers.
    pub(super) fn number(&self) -> Number {
        let find = || of_place(&self.scope, self.layers.len());
        *self.number.get_or_init(find)
    }
}

/// The number of a place: the scope of a comparison and how many layers it has.
pub(super) fn of_place(scope: &super::scope::Scope, layers: usize) -> Number {
    number(|text| {
        for part in [&scope.partition, &scope.region, &scope.account] {
            text.push_str(part.as_deref().unwrap_or("\0"));
            text.push('\n');
        }
        text.push_str(&layers.to_string());
    })
}

/// The number of a truth.
pub(super) fn of_truth(truth: Truth) -> Number {
    match truth {
        Truth::False => 0,
        Truth::Unknown => 1,
        Truth::True => 2,
    }
}

/// The answer to a question, if it is known and the steps that it takes are there. They are paid.
fn known<T: Clone>(kept: &Kept<T>, question: &[Number], budget: &mut Budget) -> Option<T> {
    let (answer, steps) = kept.get(question)?;
    // The last step ends a search.
    (budget.left() > *steps).then(|| {
        budget.pay(*steps);
        answer.clone()
    })
}

/// The known judgement of a question.
pub(super) fn judged(question: &[Number], budget: &mut Budget) -> Option<Rc<Judgement>> {
    MEMO.with_borrow(|memo| known(&memo.judged, question, budget))
}

/// Keeps a judgement that took so many steps.
pub(super) fn keep_judged(question: Question, judged: &Rc<Judgement>, steps: u64) {
    MEMO.with_borrow_mut(|memo| {
        let texts = judged.resources.iter().chain(&judged.witness);
        memo.make_room(8 * question.len() + texts.map(String::len).sum::<usize>());
        memo.judged.insert(question, (Rc::clone(judged), steps));
    });
}

/// The known permissions that are not required.
pub(super) fn beyond(question: &[Number], budget: &mut Budget) -> Option<Outcome> {
    MEMO.with_borrow(|memo| known(&memo.beyond, question, budget))
}

/// Whether some request of an action is required: `ask` says so for a question that is new.
pub(super) fn required(question: Question, ask: impl FnOnce() -> bool) -> bool {
    if let Some(known) = MEMO.with_borrow(|memo| memo.required.get(&question).copied()) {
        return known;
    }
    let answer = ask();
    MEMO.with_borrow_mut(|memo| {
        memo.make_room(8 * question.len());
        memo.required.insert(question, answer);
    });
    answer
}

/// Keeps permissions that are not required.
pub(super) fn keep_beyond(question: Question, outcome: &Outcome, steps: u64) {
    MEMO.with_borrow_mut(|memo| {
        memo.make_room(8 * question.len());
        memo.beyond.insert(question, (outcome.clone(), steps));
    });
}
