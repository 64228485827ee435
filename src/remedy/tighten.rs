//! Policies narrowed to what is required.

use super::lost;
use crate::catalog::{AccessLevel, Catalog};
use crate::check::{self, Chosen, Settings};
use crate::diff::Verdict;
use crate::diff::coverage::Requirement;
use crate::diff::narrow::{Broad, Narrowed, Narrowing};
use crate::edit::{self, Fix};
use crate::parser::{self, Document, Policy, Source, SourceId, Sources};

/// Texts after the narrowing, and what is left to people.
#[derive(Debug)]
pub struct Tightened {
    /// One for each file, in their order.
    pub texts: Vec<String>,
    /// Grants that stay broader than required.
    pub left: usize,
    /// Names of files whose policies should change and are encoded in a string.
    pub encoded: Vec<String>,
}

/// Each round narrows something; real policies take three.
const MOST_ROUNDS: usize = 64;

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

    /// The texts after some edits.
    fn edited(&self, fixes: &[&Fix]) -> Vec<String> {
        let edits = fixes.iter().flat_map(|f| &f.edits);
        (0..self.documents.len())
            .map(|at| {
                let id = SourceId(at as u32);
                let own = edits.clone().filter(|e| e.source == id);
                edit::apply(self.sources.get(id), own)
            })
            .collect()
    }

    /// The edits that narrow a statement. `None` where its policy is encoded or would be left empty.
    fn edits(&self, narrowed: &Narrowed) -> Option<Fix> {
        let source = self.sources.get(narrowed.source);
        let mut policies = self.documents.iter().flat_map(|d| &d.policies);
        let (policy, statement) = policies.find_map(|policy| {
            let mut statements = policy.statements.iter();
            let found =
                statements.find(|s| policy.source == narrowed.source && s.span == narrowed.span)?;
            Some((policy, found))
        })?;
        if !edit::is_plain(source, policy) {
            return None;
        }
        let edits = if narrowed.actions.is_empty() {
            edit::remove(source, policy, &[narrowed.span])?
        } else {
            let set = |element, key, values: &[String]| {
                edit::set_list(policy.source, source, statement, element, key, values)
            };
            let action = statement.action.as_ref()?;
            let stays =
                !action.negated && action.values.iter().map(|v| &v.value).eq(&narrowed.actions);
            let mut edits = Vec::new();
            if !stays {
                edits.extend(set(action, "Action", &narrowed.actions));
            }
            if let Some(resources) = &narrowed.resources {
                edits.extend(set(statement.resource.as_ref()?, "Resource", resources));
            }
            edits
        };
        Some(Fix {
            message: String::new(),
            edits,
            can_widen: false,
        })
    }
}

/// Actions of which it is tried whether other statements grant them already.
const MOST_TRIED: usize = 200;

/// The texts without one action that stays too broad in its statement and that other statements cover without it.
fn spared(
    files: &Files,
    broad: &[Broad],
    before: &[Requirement],
    holds: &dyn Fn(&[String]) -> bool,
) -> Option<Vec<String>> {
    // What lacks something anyway may be meant for it: that statement is left to people.
    let is_covered = |(action, _): &(String, AccessLevel)| {
        let mut rows = before.iter().map(|r| &r.row);
        rows.all(|r| r.action != *action || r.verdict == Verdict::Covered)
    };
    let tried = broad.iter().filter(|b| b.actions.iter().all(is_covered));
    tried.take(MOST_TRIED).find_map(|broad| {
        let mut policies = files.documents.iter().flat_map(|d| &d.policies);
        let policy = policies.find(|p| {
            let holds = p.span.start <= broad.span.start && broad.span.end <= p.span.end;
            p.source == broad.source && holds
        })?;
        let source = files.sources.get(policy.source);
        let fix = Fix {
            message: String::new(),
            edits: edit::remove(source, policy, &[broad.span])?,
            can_widen: false,
        };
        let next = files.edited(&[&fix]);
        holds(&next).then_some(next)
    })
}

/// Narrows the policies of a role, given as names and texts, for as long as the engine finds something and nothing that
/// is required is lost. `settings` has the values of `chosen`.
pub fn tighten(
    catalog: &Catalog,
    names: &[&str],
    texts: Vec<String>,
    chosen: &Chosen,
    settings: &Settings,
) -> Tightened {
    let judge = |files: &Files| -> Vec<Requirement> {
        check::coverage(catalog, &files.policies(), &chosen.reference, settings)
    };
    let mut texts = texts;
    let mut files = Files::new(names, &texts);
    let before = judge(&files);
    let holds = |texts: &[String]| {
        let after = judge(&Files::new(names, texts));
        let rows = |all: &'_ [Requirement]| all.iter().map(|r| r.row.clone()).collect::<Vec<_>>();
        lost(&rows(&before), &rows(&after)).is_none()
    };
    let mut narrowing = Narrowing::default();
    for _ in 0..MOST_ROUNDS {
        let policies = files.policies();
        narrowing = check::narrowed(catalog, &policies, &chosen.reference, settings);
        let statements = narrowing.statements.iter();
        let fixes: Vec<Fix> = statements.filter_map(|n| files.edits(n)).collect();
        let taken = edit::compatible(&fixes);
        let mut next = files.edited(&taken);
        if !holds(&next) {
            // One by one, without those that lose something.
            let mut kept: Vec<&Fix> = Vec::new();
            for fix in taken {
                kept.push(fix);
                if !holds(&files.edited(&kept)) {
                    kept.pop();
                }
            }
            next = files.edited(&kept);
        }
        if next == texts {
            match spared(&files, &narrowing.broad, &before, &holds) {
                Some(fewer) => next = fewer,
                None => break,
            }
        }
        texts = next;
        files = Files::new(names, &texts);
    }
    let is_encoded = |n: &&Narrowed| {
        let source = files.sources.get(n.source);
        let mut policies = files.documents.iter().flat_map(|d| &d.policies);
        policies.any(|p| p.source == n.source && !edit::is_plain(source, p))
    };
    let encoded = narrowing.statements.iter().filter(is_encoded);
    let mut encoded: Vec<String> = encoded
        .map(|n| files.sources.get(n.source).name().to_owned())
        .collect();
    encoded.dedup();
    Tightened {
        texts,
        left: narrowing.excess,
        encoded,
    }
}
