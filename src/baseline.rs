//! The baseline: findings that were there when checking began, in a file that people review.
//!
//! A finding is hidden if its actions are among those of its entry. If only some are, the finding is reported for the
//! others, so a newly missing action never hides behind one that was missing before. Fixing one of three actions does
//! not bring the others back.
//!
//! A finding with a higher severity than its entry is reported: accepting a warning does not accept an error. The
//! lint's own severity counts, not one set by the configuration, so raising a lint there does not bring back accepted
//! findings.
//!
//! Findings on coverage of one statement of the reference share an entry, whatever they are split by.
//!
//! An entry of a target is about that target alone. One without is about the roles that its file is a policy of:
//! an action missing from one file may well be missing from another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::FIXED;
use crate::finding::{Finding, Severity};
use crate::lints::unused_ignore;
use crate::parser::{SourceId, Span};
use crate::result::RoleResult;

/// The default file of `baseline` and `lint`.
pub const FILE: &str = "pcluster-iam-baseline.json";

/// One accepted finding.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The target of the configuration; with `--each` the file.
    pub target: Option<String>,
    /// The file of its place.
    pub path: String,
    /// Id of the lint.
    pub lint: String,
    /// The highest severity that the lint gave it.
    pub severity: Severity,
    /// `Sid` of the statement at its place.
    pub sid: Option<String>,
    /// The subject, if it is not an action.
    pub subject: Option<String>,
    /// The actions that are accepted, sorted.
    pub actions: Vec<String>,
    /// Identifies it.
    pub fingerprint: String,
}

/// An entry and its place in the file.
#[derive(Clone, Debug)]
pub struct Located {
    /// The accepted actions.
    pub entry: Entry,
    /// The bytes of the entry's object.
    pub span: Span,
}

/// A baseline that was read.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// The file.
    pub source: SourceId,
    entries: Vec<Located>,
    /// The part of each entry that was found again; `None` for nothing.
    met: Vec<Option<BTreeSet<String>>>,
    /// The entries by target or file, and by fingerprint.
    index: BTreeMap<(About, String), usize>,
}

/// The key of an entry.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum About {
    /// A target by name.
    Target(String),
    /// Roles with a policy of this path.
    Path(String),
}

impl Baseline {
    /// Reads the text of a baseline.
    ///
    /// # Errors
    ///
    /// The fault and its place.
    pub fn read(source: SourceId, text: &str) -> Result<Self, (String, Span)> {
        let place = |text_of: &str, start: usize, error: &serde_json::Error| {
            let line = error.line().saturating_sub(1);
            let before = text_of.split_inclusive('\n').take(line);
            let at = start + before.map(str::len).sum::<usize>();
            let at = (at + error.column().saturating_sub(1)).min(text.len());
            (message(error), Span::new(at, at))
        };
        let objects: Vec<&serde_json::value::RawValue> =
            serde_json::from_str(text).map_err(|error| {
                let (message, span) = place(text, 0, &error);
                if error.is_data() {
                    ("a baseline is an array of entries".to_owned(), span)
                } else {
                    (message, span)
                }
            })?;
        let mut entries = Vec::with_capacity(objects.len());
        let mut index = BTreeMap::new();
        for object in objects {
            let object = object.get();
            // A borrowed part of the text.
            let start = object.as_ptr() as usize - text.as_ptr() as usize;
            let mut entry: Entry =
                serde_json::from_str(object).map_err(|error| place(object, start, &error))?;
            // Written by hand.
            entry.actions.sort();
            let span = Span::new(start, start + object.len());
            let about = match &entry.target {
                Some(target) => About::Target(target.clone()),
                None => About::Path(entry.path.clone()),
            };
            let key = (about, entry.fingerprint.clone());
            if index.insert(key, entries.len()).is_some() {
                let message = "two entries have the same target and fingerprint".to_owned();
                return Err((message, span));
            }
            entries.push(Located { entry, span });
        }
        Ok(Baseline {
            source,
            met: vec![None; entries.len()],
            entries,
            index,
        })
    }

    /// Hides the accepted findings of a result. `target` is as in [`Entry::target`], and `paths` are those of the files
    /// that were judged, as in [`Entry::path`].
    pub fn apply(
        &mut self,
        target: Option<&str>,
        paths: &[String],
        result: &mut RoleResult,
        reason: &Arc<str>,
    ) {
        let about: Vec<About> = match target {
            Some(target) => vec![About::Target(target.to_owned())],
            None => paths.iter().cloned().map(About::Path).collect(),
        };
        for group in groups(&result.findings) {
            let first = group.first().and_then(|at| result.findings.get(*at));
            let Some(fingerprint) = first.map(|first| first.fingerprint.to_string()) else {
                continue;
            };
            for about in &about {
                let key = (about.clone(), fingerprint.clone());
                if let Some(index) = self.index.get(&key).copied() {
                    self.hide(index, &group, result, reason);
                }
            }
        }
    }

    /// Hides the findings of a group that an entry accepts.
    fn hide(&mut self, index: usize, group: &[usize], result: &mut RoleResult, reason: &Arc<str>) {
        let rows = &result.requirements;
        let (Some(Located { entry, .. }), Some(met)) =
            (self.entries.get(index), self.met.get_mut(index))
        else {
            return;
        };
        for at in group {
            let Some(finding) = result.findings.get_mut(*at) else {
                continue;
            };
            if entry.lint != finding.lint {
                continue;
            }
            if finding.own_severity > entry.severity {
                let was = entry.severity.name();
                finding.message = format!("{} (a {was} in the baseline)", finding.message);
                continue;
            }
            let met = met.get_or_insert_default();
            let (old, new): (Vec<String>, Vec<String>) = finding
                .actions
                .iter()
                .cloned()
                .partition(|action| entry.actions.binary_search(action).is_ok());
            met.extend(old.iter().cloned());
            if new.is_empty() {
                if finding.suppressed.is_none() {
                    finding.suppressed = Some(Arc::clone(reason));
                }
            } else if !old.is_empty() {
                finding.message = format!("{} ({})", finding.message, accepted(&old));
                if let Some(statement) = finding.reference_statement {
                    let row = rows.iter().find(|row| {
                        row.statement == statement
                            && row.witness.is_some()
                            && new.first() == Some(&row.action)
                    });
                    finding.witness = row.and_then(|row| row.witness.clone());
                }
                finding.actions = new;
            }
        }
    }

    /// The entries that nothing matched, or whose actions are no longer missing.
    pub fn dead(&self) -> impl Iterator<Item = (&Located, Vec<&str>)> {
        let all = self.entries.iter().zip(&self.met);
        all.filter_map(|(located, met)| match met {
            None => Some((located, Vec::new())),
            Some(met) => {
                let gone = located.entry.actions.iter();
                let gone: Vec<&str> = gone
                    .filter(|action| !met.contains(*action))
                    .map(String::as_str)
                    .collect();
                (!gone.is_empty()).then_some((located, gone))
            }
        })
    }

    /// The entries for which `keeps` is true.
    pub fn kept(&self, keeps: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let all = self.entries.iter().map(|located| &located.entry);
        all.filter(|entry| keeps(entry)).cloned().collect()
    }

    /// The entries, narrowed to what was found again. Entries for which `keeps` is true stay as they are.
    pub fn pruned(&self, keeps: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let all = self.entries.iter().zip(&self.met);
        all.filter_map(|(located, met)| {
            let mut entry = located.entry.clone();
            if keeps(&entry) {
                return Some(entry);
            }
            let met = met.as_ref()?;
            entry.actions.retain(|action| met.contains(action));
            Some(entry)
        })
        .collect()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// The entries for the findings of some results that count, sorted.
pub fn entries<'r>(
    results: impl IntoIterator<Item = (Option<&'r str>, &'r RoleResult)>,
    path: impl Fn(SourceId) -> String,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (target, result) in results {
        for group in groups(&result.findings) {
            let all = group.iter().filter_map(|at| result.findings.get(*at));
            let counting: Vec<&Finding> = all.filter(|f| f.suppressed.is_none()).collect();
            let first = group.first().and_then(|at| result.findings.get(*at));
            let (Some(first), false) = (first, counting.is_empty()) else {
                continue;
            };
            let worst = counting.iter().map(|f| f.own_severity).max();
            let actions = counting.iter().flat_map(|f| f.actions.iter().cloned());
            let actions: BTreeSet<String> = actions.collect();
            entries.push(Entry {
                target: target.map(str::to_owned),
                path: path(first.label.source),
                lint: first.lint.to_owned(),
                severity: worst.unwrap_or(first.own_severity),
                sid: first.sid.clone(),
                subject: first.subject.clone(),
                actions: actions.into_iter().collect(),
                fingerprint: first.fingerprint.to_string(),
            });
        }
    }
    entries.sort();
    entries
}

/// The text of a baseline.
pub fn text(entries: &[Entry]) -> String {
    let text = serde_json::to_string_pretty(entries).unwrap_or_default();
    format!("{text}\n")
}

/// The findings that can be accepted, grouped by the entry that they share: all findings of one lint on one statement
/// of the reference. The first of a group has the fingerprint of the entry, whatever remains of the others.
fn groups(findings: &[Finding]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut of_statement: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate() {
        if FIXED.contains(&finding.lint) || finding.lint == unused_ignore::LINT.id {
            continue;
        }
        let Some(statement) = finding.reference_statement else {
            groups.push(vec![at]);
            continue;
        };
        let next = groups.len();
        let group = *of_statement
            .entry((finding.lint, statement))
            .or_insert(next);
        match groups.get_mut(group) {
            Some(group) => group.push(at),
            None => groups.push(vec![at]),
        }
    }
    groups
}

fn accepted(actions: &[String]) -> String {
    match actions {
        [one] => format!("`{one}` is in the baseline"),
        [one, two] => format!("`{one}` and `{two}` are in the baseline"),
        several => format!("{} of these are in the baseline", several.len()),
    }
}

/// Serde's message without the place that it adds.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string().replace("struct Entry", "an entry");
    match text.rsplit_once(" at line ") {
        Some((message, _)) => message.to_owned(),
        None => text,
    }
}
