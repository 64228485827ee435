//! Policies narrowed to what is required.

mod role_texts;

use std::collections::BTreeMap;

use super::lost;
use crate::catalog::Catalog;
use crate::check::{self, Chosen, Settings};
use crate::diff::coverage::Requirement;
use crate::diff::narrow::Reason;
use crate::diff::{Row, Verdict};
use crate::edit::{self, Edit, Obstacle};
use crate::lints::File;
use crate::parser::{self, Element, Source, SourceId, Span, Statement};
use crate::quota::{INLINE_OF_ROLE, MANAGED};
use role_texts::{Files, Key};

/// Texts after the narrowing, and the statements that people must narrow.
#[derive(Debug)]
pub struct Tightened {
    /// One for each file, in their order.
    pub texts: Vec<String>,
    /// The statements that changed.
    pub narrowed: Vec<Narrowed>,
    /// The statements that still allow more than is required.
    pub left: Vec<Left>,
    /// Requirements that were judged, before and after.
    pub requirements: usize,
    /// The files of policies that are now longer than a managed policy may be.
    pub oversize: Vec<usize>,
    /// How many grants were not looked at, because the limit on all of them was reached.
    pub unasked: usize,
}

/// Why nothing is narrowed at all.
#[derive(Debug)]
pub enum Refusal {
    /// A requirement is not decided: it is not known whether it would still be covered.
    Undecided(Box<Row>),
    /// A statement of this file should change, and its policy is encoded in a string.
    Encoded(usize),
    /// A statement of this file should change, and it is Terraform code.
    Code(usize),
}

/// A statement, as the given text has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The index of its file.
    pub file: usize,
    /// 1-based, where the statement begins.
    pub line: u32,
    /// `Sid`.
    pub sid: Option<String>,
}

/// A statement that changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Narrowed {
    /// The place of the statement.
    pub place: Place,
    /// The changed strings of `Action`.
    pub actions: Replaced,
    /// The changed strings of `Resource`.
    pub resources: Replaced,
}

/// Strings of a list before and after.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Replaced {
    /// The removed strings.
    pub gone: Vec<String>,
    /// The new strings.
    pub new: Vec<String>,
}

/// A statement that still allows more than is required.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Left {
    /// The place of the statement.
    pub place: Place,
    /// Why.
    pub why: Why,
}

/// Why a statement is left as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Why {
    /// There is nothing narrower to write in it.
    Reason(Reason),
    /// The narrower form is held back.
    Held(Objection),
}

/// The objection of the engine to a change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Objection {
    /// An action would get a worse verdict: as it is, and as it would be.
    Lost(String, Verdict, Option<Verdict>),
    /// The policies would be judged for other values of placeholders.
    Values,
    /// A policy would be longer than AWS stores.
    Size,
    /// AWS would reject the policy.
    Rejected,
    /// Too many statements are at fault.
    Untried,
    /// The team accepts it, for this reason.
    Accepted(String),
    /// Another role of the template has the policy too.
    Shared,
    /// The text of the template does not let it be written.
    Unwritable(Obstacle),
    /// The edited template would not be read as it is meant.
    Misread,
}

/// A statement that stays as it is: the index of its file, a place in it, and why.
pub type Held = (usize, Span, Objection);

/// Reads a file of the role, by its index, in another text.
pub type Read<'r> = dyn Fn(usize, SourceId, &Source) -> File + 'r;

/// Reads a policy of a file of its own.
pub fn read_policy(_: usize, id: SourceId, source: &Source) -> File {
    File::new(id, parser::parse(id, source))
}

/// The policies that are narrowed.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The names of the files.
    pub names: &'a [&'a str],
    /// How each of them is read.
    pub read: &'a Read<'a>,
}

/// Judgements of parts of the changes in one run; for each statement at fault it takes twice the logarithm of how many
/// there are.
const MOST_JUDGEMENTS: usize = 200;

/// Each round narrows something; real policies take two.
const MOST_ROUNDS: usize = 64;

/// Asks the engine about changed texts: no verdict may be worse than at first.
struct Judge<'a> {
    catalog: &'a Catalog,
    input: Input<'a>,
    chosen: &'a Chosen,
    settings: &'a Settings,
    first: &'a Files,
    /// At each extreme of what is not known.
    rows: Vec<Vec<Requirement>>,
    also: Vec<Vec<Vec<Row>>>,
    values: Vec<(String, String)>,
}

impl Judge<'_> {
    /// The objection to some edits of files.
    fn objection(&self, before: &Files, edits: &[&Edit]) -> Option<Objection> {
        let files = Files::new(self.input, &before.edited(edits));
        for (old, new) in before.files.iter().zip(&files.files) {
            if old.principal.is_none() {
                continue;
            }
            let own = edits.iter().copied().filter(|e| e.source == old.source);
            let own: Vec<&Edit> = own.collect();
            let (old, new) = (
                before.sources.get(old.source),
                files.sources.get(new.source),
            );
            if !own.is_empty() && !edit::is_as_edited(old, new, &own) {
                return Some(Objection::Misread);
            }
        }
        if files.rejections() > self.first.rejections() {
            return Some(Objection::Rejected);
        }
        let ((managed, inline), (old_managed, old_inline)) = (files.sizes(), self.first.sizes());
        let too_long = |(new, old): (&(usize, usize), &(usize, usize))| {
            new.1 > INLINE_OF_ROLE && new.1 > old.1
        };
        if managed.iter().zip(&old_managed).any(too_long)
            || inline > INLINE_OF_ROLE && inline > old_inline
        {
            return Some(Objection::Size);
        }
        if check::values(&files.policies(), &self.chosen.asked) != self.values {
            return Some(Objection::Values);
        }
        let reference = &self.chosen.reference;
        let readings = files.readings();
        if readings.len() != self.rows.len() {
            return Some(Objection::Misread);
        }
        let before = self.rows.iter().zip(&self.also);
        { readings.iter().zip(before) }.find_map(|(policies, (rows, also))| {
            let after = check::coverage(self.catalog, policies, reference, self.settings);
            let now = check::also_needed(self.catalog, policies, reference, self.settings);
            worse(rows, &after, also, &now)
        })
    }
}

/// The objection to rows that got worse.
fn worse(
    old: &[Requirement],
    new: &[Requirement],
    also_old: &[Vec<Row>],
    also_new: &[Vec<Row>],
) -> Option<Objection> {
    let rows = |all: &'_ [Requirement]| all.iter().map(|r| r.row.clone()).collect::<Vec<_>>();
    let (old_rows, new_rows) = (rows(old), rows(new));
    let pairs = also_old.iter().zip(also_new);
    let found = lost(&old_rows, &new_rows);
    if let Some(lost) = found.or_else(|| { pairs }.find_map(|(old, new)| lost(old, new))) {
        let (action, verdict) = (lost.before.action.clone(), lost.before.verdict);
        return Some(Objection::Lost(action, verdict, lost.after));
    }
    // A partial grant must not lose a resource type.
    let has_gap = |r: &Requirement, name: &str| r.types().iter().any(|t| t.gap && t.name == name);
    let wider = old.iter().zip(new).find(|(old, new)| {
        let mut gaps = new.types().iter().filter(|t| t.gap);
        gaps.any(|t| !has_gap(old, &t.name))
    });
    wider.map(|(old, new)| {
        Objection::Lost(
            old.row.action.clone(),
            old.row.verdict,
            Some(new.row.verdict),
        )
    })
}

/// Narrows the policies of a role, given as names and texts, for as long as there is something to narrow. `settings`
/// has the values of `chosen`. The engine judges each change before it is made: no verdict is worse than before, at any
/// extreme of the unknown values. Statements that are `held` stay.
///
/// # Errors
///
/// [`Refusal`] where nothing is to be changed at all.
pub fn tighten(
    catalog: &Catalog,
    input: Input<'_>,
    texts: Vec<String>,
    chosen: &Chosen,
    settings: &Settings,
    held: Vec<Held>,
) -> Result<Tightened, Refusal> {
    let first = Files::new(input, &texts);
    // Permissions of a rejected policy must not be lost either.
    let settings = &Settings {
        once_repaired: true,
        ..settings.clone()
    };
    let reference = &chosen.reference;
    let readings = first.readings();
    let rows = readings.iter();
    let rows = rows.map(|policies| check::coverage(catalog, policies, reference, settings));
    let rows: Vec<Vec<Requirement>> = rows.collect();
    let mut all = rows.iter().flatten();
    if let Some(found) = all.find(|r| r.row.verdict == Verdict::Undecided) {
        return Err(Refusal::Undecided(Box::new(found.row.clone())));
    }
    let also = readings.iter();
    let also = also.map(|policies| check::also_needed(catalog, policies, reference, settings));
    let judge = Judge {
        catalog,
        also: also.collect(),
        input,
        chosen,
        settings,
        values: check::values(&first.policies(), &chosen.asked),
        rows,
        first: &first,
    };
    let mut texts = texts;
    let mut held: BTreeMap<Key, Objection> = { held.into_iter() }
        .filter_map(|(file, span, objection)| {
            let mut statements = first.statements(file);
            let within = |s: &Statement| s.span.start <= span.start && span.end <= s.span.end;
            let at = statements.position(|(_, s)| within(s))?;
            Some(((file, at), objection))
        })
        .collect();
    let mut last;
    let mut rounds = 0;
    let mut judgements = MOST_JUDGEMENTS;
    loop {
        let files = Files::new(input, &texts);
        last = check::narrowed(catalog, &files.policies(), &chosen.reference, settings);
        rounds += 1;
        let mut edits: Vec<(Key, Vec<Edit>)> = Vec::new();
        for narrowing in { last.statements.iter() }.filter(|n| !n.changes.is_empty()) {
            let Some(key) = files.key(narrowing.source, narrowing.span) else {
                continue;
            };
            if held.contains_key(&key) {
                continue;
            }
            match files.edits(narrowing, key) {
                Ok(own) => edits.push((key, own)),
                Err(Obstacle::Code) => return Err(Refusal::Code(key.0)),
                Err(Obstacle::Encoded | Obstacle::Last) => return Err(Refusal::Encoded(key.0)),
                Err(obstacle) => {
                    held.insert(key, Objection::Unwritable(obstacle));
                }
            }
        }
        if edits.is_empty() || rounds > MOST_ROUNDS {
            break;
        }
        let all: Vec<&Edit> = edits.iter().flat_map(|(_, e)| e).collect();
        let mut next = files.edited(&all);
        if judge.objection(&files, &all).is_some() {
            let mut kept: Vec<&Edit> = Vec::new();
            let (one, other) = edits.split_at(edits.len() / 2);
            for half in [one, other] {
                admit(&judge, &files, half, &mut kept, &mut held, &mut judgements);
            }
            next = files.edited(&kept);
        }
        texts = next;
    }
    let files = Files::new(input, &texts);
    let left = { last.statements.iter() }.filter_map(|narrowing| {
        let key = files.key(narrowing.source, narrowing.span)?;
        let why = match held.get(&key) {
            Some(objection) => Why::Held(objection.clone()),
            None => Why::Reason(narrowing.reason.clone()),
        };
        let place = first.place(key)?;
        Some(Left { place, why })
    });
    let left = left.collect();
    let oversize = { files.sizes().0.into_iter().zip(first.sizes().0) }
        .filter(|(new, old)| new.1 > MANAGED && old.1 <= MANAGED);
    Ok(Tightened {
        narrowed: narrowed(&first, &files),
        left,
        requirements: judge.rows.first().map_or(0, Vec::len),
        oversize: oversize.map(|((file, _), _)| file).collect(),
        unasked: last.unasked,
        texts,
    })
}

/// Adds to `kept` the changes of statements that no objection holds back, and to `held` the objections to the others.
/// Halves are tried as a whole first: mostly few statements are at fault.
fn admit<'e>(
    judge: &Judge<'_>,
    files: &Files,
    edits: &'e [(Key, Vec<Edit>)],
    kept: &mut Vec<&'e Edit>,
    held: &mut BTreeMap<Key, Objection>,
    judgements: &mut usize,
) {
    if edits.is_empty() {
        return;
    }
    if *judgements == 0 {
        held.extend(edits.iter().map(|(key, _)| (*key, Objection::Untried)));
        return;
    }
    *judgements -= 1;
    let before = kept.len();
    kept.extend(edits.iter().flat_map(|(_, own)| own));
    let Some(objection) = judge.objection(files, kept) else {
        return;
    };
    kept.truncate(before);
    if let [(key, _)] = edits {
        held.insert(*key, objection);
        return;
    }
    let (one, other) = edits.split_at(edits.len() / 2);
    for half in [one, other] {
        admit(judge, files, half, kept, held, judgements);
    }
}

/// The statements that differ.
fn narrowed(before: &Files, after: &Files) -> Vec<Narrowed> {
    let mut all = Vec::new();
    for file in 0..before.files.len() {
        let pairs = before.statements(file).zip(after.statements(file));
        for (at, ((_, old), (_, new))) in pairs.enumerate() {
            let actions = replaced(old.action.as_ref(), new.action.as_ref());
            let resources = replaced(old.resource.as_ref(), new.resource.as_ref());
            if actions == Replaced::default() && resources == Replaced::default() {
                continue;
            }
            all.extend(before.place((file, at)).map(|place| Narrowed {
                place,
                actions,
                resources,
            }));
        }
    }
    all
}

fn replaced(old: Option<&Element>, new: Option<&Element>) -> Replaced {
    let values = |element: Option<&Element>| -> Vec<String> {
        let values = element.into_iter().flat_map(|e| &e.values);
        values.map(|v| v.value.clone()).collect()
    };
    let (old, new) = (values(old), values(new));
    let without = |all: &[String], others: &[String]| -> Vec<String> {
        let missing = all.iter().filter(|v| !others.contains(v));
        missing.cloned().collect()
    };
    Replaced {
        gone: without(&old, &new),
        new: without(&new, &old),
    }
}
