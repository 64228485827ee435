//! Policies narrowed to what is required.

use std::collections::BTreeMap;

use super::lost;
use crate::catalog::Catalog;
use crate::check::{self, Chosen, Settings};
use crate::diff::coverage::Requirement;
use crate::diff::narrow::{Narrowing, Reason};
use crate::diff::{Row, Verdict};
use crate::edit::{self, Edit};
use crate::parser::{
    self, Attachment, Document, Element, Policy, Source, SourceId, Sources, Span, Statement,
};
use crate::quota::{INLINE_OF_ROLE, MANAGED, size};

/// Texts after the narrowing, and what is left to people.
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
    /// How many grants were not looked at, because the bound on all of them was reached.
    pub unasked: usize,
}

/// Why nothing is narrowed at all.
#[derive(Debug)]
pub enum Refusal {
    /// A requirement is not decided: it is not known whether it would still be covered.
    Undecided(Box<Row>),
    /// A statement of this file should change, and its policy is encoded in a string.
    Encoded(usize),
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
    /// Its place.
    pub place: Place,
    /// Of its `Action`.
    pub actions: Replaced,
    /// Of its `Resource`.
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
    /// Its place.
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
}

/// What a team accepts: the index of a file, a place in a statement, and the reason.
pub type Accepted = (usize, Span, String);

/// Judgements of parts of the changes in one run; for each statement at fault it takes twice the logarithm of how many
/// there are.
const MOST_JUDGEMENTS: usize = 200;

/// Each round narrows something; real policies take two.
const MOST_ROUNDS: usize = 64;

/// A statement by the index of its file and its own among all of that file: none comes or goes.
type Key = (usize, usize);

/// The files of one version of the texts.
struct Files {
    sources: Sources,
    documents: Vec<Document>,
}

impl Files {
    fn new(names: &[&str], texts: &[String]) -> Self {
        let mut sources = Sources::new();
        let add = |(name, text): (&&str, &String)| {
            let source = sources.add(Source::new(*name, text.as_str()));
            parser::parse(source, sources.get(source))
        };
        let documents = names.iter().zip(texts).map(add).collect();
        Files { sources, documents }
    }

    fn policies(&self) -> Vec<Policy> {
        let policies = self.documents.iter().flat_map(|d| &d.policies);
        policies.cloned().collect()
    }

    fn statements(&self, file: usize) -> impl Iterator<Item = (&Policy, &Statement)> {
        let document = self.documents.get(file);
        let policies = document.into_iter().flat_map(|d| &d.policies);
        policies.flat_map(|p| p.statements.iter().map(move |s| (p, s)))
    }

    fn statement(&self, (file, at): Key) -> Option<(&Policy, &Statement)> {
        self.statements(file).nth(at)
    }

    fn key(&self, source: SourceId, span: Span) -> Option<Key> {
        let file = source.0 as usize;
        let at = self.statements(file).position(|(_, s)| s.span == span)?;
        Some((file, at))
    }

    fn place(&self, (file, at): Key) -> Option<Place> {
        let (policy, statement) = self.statement((file, at))?;
        let source = self.sources.get(policy.source);
        Some(Place {
            file,
            line: source.location(statement.span.start).line,
            sid: { statement.sid.as_ref() }.map(|s| parser::name(&s.value)),
        })
    }

    /// The edits that narrow a statement; `None` where its policy is encoded.
    fn edits(&self, narrowing: &Narrowing) -> Option<Vec<Edit>> {
        let source = self.sources.get(narrowing.source);
        let (policy, _) = self.statement(self.key(narrowing.source, narrowing.span)?)?;
        let changes = narrowing.changes.iter();
        let changes: Vec<(Span, Vec<String>)> =
            changes.map(|c| (c.span, c.texts.clone())).collect();
        edit::rewrite(source, policy, &changes)
    }

    /// The texts after some edits.
    fn edited(&self, edits: &[&Edit]) -> Vec<String> {
        (0..self.documents.len())
            .map(|at| {
                let id = SourceId(at as u32);
                let own = edits.iter().copied().filter(|e| e.source == id);
                edit::apply(self.sources.get(id), own)
            })
            .collect()
    }

    /// Characters that AWS counts: of each policy, and of those together that are inline policies.
    fn sizes(&self) -> (Vec<(usize, usize)>, usize) {
        let mut managed = Vec::new();
        let mut inline = 0;
        for (file, document) in self.documents.iter().enumerate() {
            for policy in &document.policies {
                let size = size(self.sources.get(policy.source).slice(policy.span));
                if policy.attachment == Attachment::Inline {
                    inline += size;
                } else {
                    managed.push((file, size));
                }
            }
        }
        (managed, inline)
    }

    /// How many problems make AWS reject a file.
    fn rejections(&self) -> usize {
        let problems = self.documents.iter().flat_map(|d| &d.problems);
        problems.filter(|p| p.rejected).count()
    }
}

/// Asks the engine about changed texts: no verdict may be worse than at first.
struct Judge<'a> {
    catalog: &'a Catalog,
    names: &'a [&'a str],
    chosen: &'a Chosen,
    settings: &'a Settings,
    first: &'a Files,
    rows: Vec<Requirement>,
    also: Vec<Vec<Row>>,
    values: Vec<(String, String)>,
}

impl Judge<'_> {
    fn rows(&self, files: &Files) -> Vec<Requirement> {
        let reference = &self.chosen.reference;
        check::coverage(self.catalog, &files.policies(), reference, self.settings)
    }

    fn also_needed(&self, files: &Files) -> Vec<Vec<Row>> {
        let reference = &self.chosen.reference;
        check::also_needed(self.catalog, &files.policies(), reference, self.settings)
    }

    /// The objection to these texts.
    fn objection(&self, texts: &[String]) -> Option<Objection> {
        let files = Files::new(self.names, texts);
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
        let after = self.rows(&files);
        let rows = |all: &'_ [Requirement]| all.iter().map(|r| r.row.clone()).collect::<Vec<_>>();
        let (old, new) = (rows(&self.rows), rows(&after));
        let also = self.also_needed(&files);
        let pairs = self.also.iter().zip(&also);
        let lost = lost(&old, &new).or_else(|| { pairs }.find_map(|(old, new)| lost(old, new)));
        if let Some(lost) = lost {
            let (action, verdict) = (lost.before.action.clone(), lost.before.verdict);
            return Some(Objection::Lost(action, verdict, lost.after));
        }
        // A partial grant must not lose a resource type.
        let has_gap =
            |r: &Requirement, name: &str| r.types().iter().any(|t| t.gap && t.name == name);
        let wider = self.rows.iter().zip(&after).find(|(old, new)| {
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
}

/// Narrows the policies of a role, given as names and texts, for as long as there is something to narrow. `settings`
/// has the values of `chosen`. The engine judges each change before it is made: no verdict is worse than before.
/// Statements with something accepted stay.
///
/// # Errors
///
/// [`Refusal`] where nothing is to be changed at all.
pub fn tighten(
    catalog: &Catalog,
    names: &[&str],
    texts: Vec<String>,
    chosen: &Chosen,
    settings: &Settings,
    accepted: Vec<Accepted>,
) -> Result<Tightened, Refusal> {
    let first = Files::new(names, &texts);
    // Permissions of a rejected policy must not be lost either.
    let settings = &Settings {
        once_repaired: true,
        ..settings.clone()
    };
    let rows = check::coverage(catalog, &first.policies(), &chosen.reference, settings);
    if let Some(found) = rows.iter().find(|r| r.row.verdict == Verdict::Undecided) {
        return Err(Refusal::Undecided(Box::new(found.row.clone())));
    }
    let also = check::also_needed(catalog, &first.policies(), &chosen.reference, settings);
    let judge = Judge {
        catalog,
        also,
        names,
        chosen,
        settings,
        values: check::values(&first.policies(), &chosen.asked),
        rows,
        first: &first,
    };
    let mut texts = texts;
    let mut held: BTreeMap<Key, Objection> = { accepted.into_iter() }
        .filter_map(|(file, span, reason)| {
            let mut statements = first.statements(file);
            let within = |s: &Statement| s.span.start <= span.start && span.end <= s.span.end;
            let at = statements.position(|(_, s)| within(s))?;
            Some(((file, at), Objection::Accepted(reason)))
        })
        .collect();
    let mut last;
    let mut rounds = 0;
    let mut judgements = MOST_JUDGEMENTS;
    loop {
        let files = Files::new(names, &texts);
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
            let Some(own) = files.edits(narrowing) else {
                return Err(Refusal::Encoded(key.0));
            };
            edits.push((key, own));
        }
        if edits.is_empty() || rounds > MOST_ROUNDS {
            break;
        }
        let all: Vec<&Edit> = edits.iter().flat_map(|(_, e)| e).collect();
        let mut next = files.edited(&all);
        if judge.objection(&next).is_some() {
            let mut kept: Vec<&Edit> = Vec::new();
            let (one, other) = edits.split_at(edits.len() / 2);
            for half in [one, other] {
                admit(&judge, &files, half, &mut kept, &mut held, &mut judgements);
            }
            next = files.edited(&kept);
        }
        texts = next;
    }
    let files = Files::new(names, &texts);
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
        requirements: judge.rows.len(),
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
    let Some(objection) = judge.objection(&files.edited(kept)) else {
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
    for file in 0..before.documents.len() {
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
