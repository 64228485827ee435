//! Fixes in templates: all roles of one are judged, and then fixed together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::{Change, MOST_ROUNDS, Outcome, is_writable};
use crate::check::{self, Against};
use crate::cli::Error;
use crate::cli::jobs::Jobs;
use crate::cli::role::{Role, SettingResult};
use crate::cli::role_file;
use crate::edit::{self, Edit, Fix};
use crate::inert;
use crate::parser::{SourceId, Span};
use crate::remedy::{self, Lost};
use crate::result::RoleResult;

/// Hides the accepted findings of a role: they are not fixed.
pub(in crate::cli) type Accept<'a> = dyn FnMut(&Jobs, &Role<'_>, &mut RoleResult) + 'a;

/// A role under one setting of the parameters.
struct Judged {
    job: usize,
    setting: usize,
    result: RoleResult,
}

/// Who has a policy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// A result, by its index.
    Judged(usize),
    /// A principal that is not judged, or one that the policy limits.
    Other,
}

/// Fixes the templates among the files, in memory: what is loaded are then the changed ones.
///
/// # Errors
///
/// As [`super::run`].
pub(in crate::cli) fn templates(
    jobs: &mut Jobs,
    diff: bool,
    accept: &mut Accept<'_>,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    for template in 0..jobs.templates.len() {
        let of = jobs.templates.get(template);
        let Some((source, _)) = of.and_then(|of| of.read.as_ref()) else {
            continue;
        };
        let original = *source;
        let own = |at: &usize| defined(jobs, *at).is_some_and(|(own, _)| own == template);
        let own: Vec<usize> = (0..jobs.roles.len()).filter(own).collect();
        if own.is_empty() {
            continue;
        }
        if is_read_twice(jobs, template, original) {
            let name = inert::line(jobs.sources.get(original).name()).into_owned();
            outcome.note(&format!(
                "{name}: not fixed, it is judged for several Regions, accounts or partitions"
            ));
            continue;
        }
        if !diff {
            is_writable(jobs.sources.get(original).name(), "--fix --diff")?;
        }
        fix(jobs, template, &own, original, accept, outcome)?;
    }
    Ok(())
}

/// Whether roles of the same file are judged with other values, too.
fn is_read_twice(jobs: &Jobs, template: usize, source: SourceId) -> bool {
    let path = |source: SourceId| {
        let name = jobs.sources.get(source).name();
        fs::canonicalize(name).unwrap_or_else(|_| name.into())
    };
    let own = path(source);
    let mut others = jobs.templates.iter().enumerate();
    others.any(|(at, other)| {
        let is_judged =
            || (0..jobs.roles.len()).any(|job| defined(jobs, job).map(|d| d.0) == Some(at));
        let read = other.read.as_ref();
        at != template && read.is_some_and(|(source, _)| path(*source) == own) && is_judged()
    })
}

/// The template of a job, and its principal in that.
fn defined(jobs: &Jobs, job: usize) -> Option<(usize, usize)> {
    let principal = jobs.roles.get(job)?.principal.as_ref()?;
    principal.defined
}

fn fix(
    jobs: &mut Jobs,
    template: usize,
    own: &[usize],
    original: SourceId,
    accept: &mut Accept<'_>,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let held_back = |reason: String| Error::HeldBack { reason };
    let mut against = BTreeMap::new();
    let before = judge(jobs, own, &mut against, accept)?;
    let rejected = rejections(jobs, own);
    let mut after: Option<Vec<Judged>> = None;
    let mut current = original;
    let mut count = 0;
    for _ in 0..MOST_ROUNDS {
        let judged = after.as_deref().unwrap_or(&before);
        let held = Held::new(jobs, template, current, judged);
        let fixes = edit::compatible(held.agreed());
        let fixes = edit::without_last_elements(jobs.sources.get(current), fixes);
        if fixes.is_empty() {
            break;
        }
        let edits: Vec<Edit> = fixes.iter().flat_map(|f| &f.edits).cloned().collect();
        count += fixes.len();
        let text = edit::apply(jobs.sources.get(current), &edits);
        if !jobs.read_again(template, text) {
            return Err(held_back(
                "the changed template would be read as another one".to_owned(),
            ));
        }
        let of = jobs.templates.get(template).and_then(|of| of.read.as_ref());
        let new = of.map_or(current, |(source, _)| *source);
        let texts = (jobs.sources.get(current), jobs.sources.get(new));
        let edits: Vec<&Edit> = edits.iter().collect();
        if !edit::is_as_edited(texts.0, texts.1, &edits) {
            return Err(held_back(
                "the changed template would not be read as it is meant".to_owned(),
            ));
        }
        current = new;
        after = Some(judge(jobs, own, &mut against, accept)?);
    }
    let after_all = after.as_deref().unwrap_or(&before);
    if after_all.len() != before.len() {
        return Err(held_back(
            "the changed policies could not be judged".to_owned(),
        ));
    }
    for (old, new) in before.iter().zip(after_all) {
        if let Some(lost) = lost(&old.result, &new.result) {
            return Err(held_back(format!(
                "{}: {}",
                name(jobs, old.job),
                super::worse(&lost)
            )));
        }
    }
    if rejections(jobs, own) > rejected {
        return Err(held_back("AWS would reject a changed policy".to_owned()));
    }
    let held = Held::new(jobs, template, current, after_all);
    for note in held.left(jobs) {
        outcome.note(&note);
    }
    if current != original {
        outcome.changes.push(Change {
            old: original,
            new: current,
            count,
        });
    }
    Ok(())
}

/// Judges the roles of a template. The first time decides which references are used from then on. Roles that could not
/// be judged are left out.
fn judge(
    jobs: &Jobs,
    own: &[usize],
    against: &mut BTreeMap<usize, Against>,
    accept: &mut Accept<'_>,
) -> Result<Vec<Judged>, Error> {
    let role = |job: &usize| {
        let role = jobs.roles.get(*job)?;
        let files = jobs.policies(role);
        Some((*job, Role { job: role, files }))
    };
    let roles: Vec<(usize, Role<'_>)> = own.iter().filter_map(role).collect();
    let known: &BTreeMap<usize, Against> = against;
    let results: Vec<(usize, Option<Vec<SettingResult>>)> = { roles.par_iter() }
        .map(|(job, role)| {
            let against = known.get(job).unwrap_or(&role.job.against);
            let results = role.results(jobs, None, against, true)?;
            Ok((*job, results.ok()))
        })
        .collect::<Result<_, Error>>()?;
    let mut judged = Vec::new();
    for ((job, results), (_, role)) in results.into_iter().zip(&roles) {
        let results = results.unwrap_or_default();
        if results.iter().any(|(_, result)| result.failed) {
            continue;
        }
        for (setting, (_, mut result)) in results.into_iter().enumerate() {
            accept(jobs, role, &mut result);
            against.entry(job).or_insert_with(|| {
                let mut same = role.job.against.references().to_vec();
                same.retain(|r| r.role == result.reference.role);
                Against::OneOf(same)
            });
            judged.push(Judged {
                job,
                setting,
                result,
            });
        }
    }
    Ok(judged)
}

/// The first row that got worse.
fn lost<'r>(before: &'r RoleResult, after: &'r RoleResult) -> Option<Lost<'r>> {
    let pairs = before.also_needed.iter().zip(&after.also_needed);
    remedy::lost(&before.requirements, &after.requirements)
        .or_else(|| { pairs }.find_map(|(old, new)| remedy::lost(old, new)))
}

/// How many problems of the roles make AWS reject a policy.
fn rejections(jobs: &Jobs, own: &[usize]) -> usize {
    let roles = own.iter().filter_map(|job| jobs.roles.get(*job));
    let settings = roles.filter_map(|role| role.principal.as_ref());
    let files = settings.flat_map(|p| &p.settings).flat_map(|s| &s.files);
    let files = files.filter_map(|file| jobs.files.get(*file));
    let problems = files.flat_map(|file| &file.document.problems);
    problems.filter(|p| p.rejected).count()
}

fn name(jobs: &Jobs, job: usize) -> String {
    let principal = jobs.roles.get(job).and_then(|role| role.principal.as_ref());
    principal.map_or_else(String::new, |p| p.name.name.clone())
}

/// The policies of a template with everyone who has them.
struct Held<'j> {
    source: SourceId,
    judged: &'j [Judged],
    /// In the order of their places.
    policies: Vec<(Span, Vec<Holder>)>,
    /// The edits that each result asks for.
    asked: Vec<BTreeSet<&'j [Edit]>>,
}

impl<'j> Held<'j> {
    fn new(jobs: &Jobs, template: usize, source: SourceId, judged: &'j [Judged]) -> Self {
        let mut results: FxHashMap<(usize, usize), Vec<usize>> = FxHashMap::default();
        for (at, one) in judged.iter().enumerate() {
            if let Some((_, principal)) = defined(jobs, one.job) {
                let of_setting = results.entry((principal, one.setting));
                of_setting.or_default().push(at);
            }
        }
        let mut policies: BTreeMap<Span, Vec<Holder>> = BTreeMap::new();
        let principals = jobs.templates.get(template).into_iter();
        let principals = principals.flat_map(|t| &t.inventory.principals).enumerate();
        for (at, principal) in principals {
            for (setting, document) in principal.documents.iter().enumerate() {
                let holders = match results.get(&(at, setting)) {
                    Some(all) => all.iter().map(|at| Holder::Judged(*at)).collect(),
                    None => vec![Holder::Other],
                };
                let spans: BTreeSet<Span> = role_file::places(document).collect();
                for span in spans {
                    policies.entry(span).or_default().extend(&holders);
                }
                for limit in document.boundary.iter().flat_map(|b| role_file::places(b)) {
                    policies.entry(limit).or_default().push(Holder::Other);
                }
            }
        }
        let asked = judged.iter().map(|one| {
            let fixes = counting(one).filter(|fix| !fix.can_widen && fix.obstacle.is_none());
            fixes.map(|fix| fix.edits.as_slice()).collect()
        });
        Held {
            source,
            judged,
            policies: policies.into_iter().collect(),
            asked: asked.collect(),
        }
    }

    /// Everyone who has a policy that a fix changes.
    fn holders(&self, fix: &Fix) -> impl Iterator<Item = Holder> {
        let policies = self.policies.iter().filter(|(span, _)| {
            let mut edits = fix.edits.iter();
            edits.any(|e| span.start <= e.span.start && e.span.start < span.end)
        });
        policies.flat_map(|(_, holders)| holders.iter().copied())
    }

    fn is_of_template(&self, fix: &Fix) -> bool {
        fix.edits.iter().all(|edit| edit.source == self.source)
    }

    /// The first who has the policy and does not ask for the fix.
    fn objector(&self, fix: &Fix) -> Option<Holder> {
        self.holders(fix).find(|holder| match holder {
            Holder::Other => true,
            Holder::Judged(at) => {
                let asked = self.asked.get(*at);
                asked.is_none_or(|asked| !asked.contains(fix.edits.as_slice()))
            }
        })
    }

    /// The fixes that all who have the policy ask for.
    fn agreed(&self) -> Vec<&'j Fix> {
        let mut known: BTreeSet<&[Edit]> = BTreeSet::new();
        let all = self.judged.iter().flat_map(counting);
        let all = all.filter(|fix| !fix.can_widen && fix.obstacle.is_none());
        all.filter(|fix| self.is_of_template(fix) && self.objector(fix).is_none())
            .filter(|fix| known.insert(&fix.edits))
            .collect()
    }

    /// The fixes that are left to people, and why.
    fn left(&self, jobs: &Jobs) -> Vec<String> {
        let mut notes: Vec<(Span, String)> = Vec::new();
        for (at, one) in self.judged.iter().enumerate() {
            let findings = one.result.findings.iter();
            let findings = findings.filter(|f| f.suppressed.is_none());
            for (finding, fix) in findings.flat_map(|f| f.fixes.iter().map(move |fix| (f, fix))) {
                if finding.label.source != self.source {
                    continue;
                }
                let why = match (
                    fix.obstacle.and_then(edit::Obstacle::words),
                    self.objector(fix),
                ) {
                    (Some(words), _) => words,
                    _ if fix.can_widen => "it may widen access",
                    (None, None) => continue,
                    (None, Some(Holder::Judged(other)))
                        if self.judged.get(other).map(|o| o.job) == Some(one.job)
                            && other != at =>
                    {
                        "it is not right for every value of the parameters"
                    }
                    (None, Some(_)) => "another role of the template has this policy too",
                };
                let place = check::place(&jobs.sources, self.source, finding.label.span);
                let note = format!("{place}: left to you, {why}: {}", fix.message);
                let note = (finding.label.span, inert::line(&note).into_owned());
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
        }
        notes.sort();
        notes.into_iter().map(|(_, note)| note).collect()
    }
}

/// The fixes of the findings of a result that count.
fn counting(judged: &Judged) -> impl Iterator<Item = &Fix> {
    let findings = judged.result.findings.iter();
    let findings = findings.filter(|f| f.suppressed.is_none());
    findings.flat_map(|f| &f.fixes)
}
