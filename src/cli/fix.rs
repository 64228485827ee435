//! `pcluster-iam lint --fix`

mod template_fix;

use std::fmt::Write as _;
use std::mem;
use std::ops::Range;
use std::path::Path;

use super::job::Known;
use super::jobs::Loaded;
use super::output::Ready;
use super::{Error, input, path};
use crate::check::{self, Against, Settings};
use crate::diff::Row;
use crate::edit::{self, Edit, Fix};
use crate::finding::Finding;
use crate::inert;
use crate::lints::File;
use crate::parser::{self, Source, SourceId, Sources};
use crate::remedy::{self, Lost};
use crate::result::RoleResult;

pub(super) use template_fix::templates;

/// Hides the accepted findings of a result: they are not fixed.
pub(super) type Accept<'a> = dyn FnMut(&Sources, &[File], &mut RoleResult) + 'a;

/// Each round fixes something; two fixes that clash wait for the next.
const MOST_ROUNDS: usize = 100;

/// The fixed files of all roles, in memory.
#[derive(Default)]
pub(super) struct Outcome {
    changes: Vec<Change>,
    /// Fixes that are left to the user.
    notes: String,
}

impl Outcome {
    /// Says what is left to the user.
    fn note(&mut self, note: &str) {
        self.notes.push_str(note);
        self.notes.push('\n');
    }
}

/// A file before and after, and how many findings that fixes.
struct Change {
    old: SourceId,
    new: SourceId,
    count: usize,
}

/// Makes the edits that cannot widen access, in memory: the loaded files are then the changed ones. What is known of
/// them then is returned.
///
/// # Errors
///
/// Fails if a file cannot be written (unless `diff`, which writes none), or if something that was covered would not be
/// any more.
pub(super) fn run(
    loaded: &mut Loaded,
    each: bool,
    diff: bool,
    accept: &mut Accept<'_>,
    outcome: &mut Outcome,
) -> Result<Vec<Known>, Error> {
    if !diff {
        let names = loaded
            .files
            .iter()
            .map(|f| loaded.sources.get(f.source).name());
        names
            .map(|name| is_writable(name, "--fix --diff"))
            .collect::<Result<Vec<()>, Error>>()?;
    }
    let originals: Vec<SourceId> = loaded.files.iter().map(|f| f.source).collect();
    let all = 0..loaded.files.len();
    let roles: Vec<Range<usize>> = if each {
        all.map(|at| at..at + 1).collect()
    } else {
        vec![all]
    };
    let mut counts = vec![0_usize; loaded.files.len()];
    let mut known = Vec::new();
    for role in roles {
        known.extend(fix_role(
            loaded,
            role,
            accept,
            &mut counts,
            &mut outcome.notes,
        )?);
    }
    let changes = loaded.files.iter().zip(originals).zip(counts);
    let changes = changes.map(|((file, old), count)| Change {
        old,
        new: file.source,
        count,
    });
    let text = |source| loaded.sources.get(source).text();
    let changes = changes.filter(|change| text(change.old) != text(change.new));
    outcome.changes.extend(changes);
    Ok(known)
}

/// Writes what changed, or with `diff` prints it as a unified diff, and says on standard error what it was.
///
/// # Errors
///
/// Fails if a file changed since it was judged, before any is written, or if it cannot be written.
pub(super) fn write(sources: &Sources, outcome: &Outcome, diff: bool) -> Result<(), Error> {
    let changes = outcome.changes.iter();
    let changes = changes.map(|c| (sources.get(c.old), sources.get(c.new), c.count));
    if diff {
        let patches = changes.clone().map(|(old, new, _)| patch(old, new.text()));
        super::print_raw(&patches.collect::<Result<String, Error>>()?)?;
    } else {
        replace(changes.clone().map(|(old, new, _)| (old, new.text())))?;
    }
    let verb = if diff { "would fix" } else { "fixed" };
    let mut said = String::new();
    for (old, _, count) in changes {
        let findings = if count == 1 { "finding" } else { "findings" };
        let name = inert::line(old.name());
        let _ = writeln!(said, "{verb} {count} {findings} in {name}");
    }
    if said.is_empty() {
        said.push_str("nothing to fix\n");
    }
    said.push_str(&outcome.notes);
    super::note(&said);
    Ok(())
}

/// The change of a file as a unified diff.
///
/// # Errors
///
/// Fails if the file contains characters that must not be shown. A patch has no way to spell it out.
pub(super) fn patch(old: &Source, new: &str) -> Result<String, Error> {
    let diff = edit::unified(old.name(), old.text(), new);
    if diff.is_empty() {
        return Ok(diff);
    }
    let of_file = inert::first_unsafe(old.text()).or_else(|| inert::first_unsafe(new));
    let found = of_file.map(|(line, what)| format!("line {line} contains {what}"));
    let found = found.or_else(|| {
        let (_, what) = inert::first_unsafe(&diff)?;
        Some(format!("the changed lines contain {what}"))
    });
    match found {
        None => Ok(diff),
        Some(what) => Err(Error::NotFixable {
            path: old.name().to_owned(),
            reason: format!("{what}, so no patch is printed"),
            help:
                "write it in the JSON string as \\uXXXX, or remove it, then run the command again"
                    .to_owned(),
        }),
    }
}

/// Fixes the files of one role, in memory. Returns the result for the fixed files where that is what a run judges.
fn fix_role(
    loaded: &mut Loaded,
    role: Range<usize>,
    accept: &mut Accept<'_>,
    counts: &mut [usize],
    notes: &mut String,
) -> Result<Option<Known>, Error> {
    let Some(first) = judge(loaded, &role, &loaded.against) else {
        return Ok(None);
    };
    encoded(loaded, &role, notes);
    // The reference stays the same, also where the policies chose it.
    let mut same = loaded.against.references().to_vec();
    same.retain(|r| r.role == first.reference.role);
    let is_all = same.len() == loaded.against.references().len();
    let is_asked = is_all && matches!(*loaded.against, Against::OneOf(_));
    let against = Against::OneOf(same);
    let rejected = rejections(loaded, &role);
    let mut before: Option<RoleResult> = None;
    let mut result = first;
    let mut all_findings = accept_in(loaded, &role, &mut result, accept);
    for _ in 0..MOST_ROUNDS {
        let own = |fix: &&Fix| {
            !fix.can_widen
                && fix.obstacle.is_none()
                && is_within(loaded, &role, fix)
                && !is_of_shared(loaded, &role, fix)
        };
        let counting = result.findings.iter().filter(|f| f.suppressed.is_none());
        let fixes = edit::compatible(counting.flat_map(|f| &f.fixes).filter(own));
        if fixes.is_empty() {
            break;
        }
        let mut texts: Vec<(usize, String)> = Vec::new();
        for at in role.clone() {
            let Some(file) = loaded.files.get(at) else {
                continue;
            };
            let of_file = |f: &&&Fix| f.edits.iter().any(|e| e.source == file.source);
            let of_file: Vec<_> = fixes.iter().filter(of_file).collect();
            if let Some(count) = counts.get_mut(at) {
                *count += of_file.len();
            }
            let edits = of_file.iter().flat_map(|f| &f.edits);
            let edits = edits.filter(|e| e.source == file.source);
            texts.push((at, edit::apply(loaded.sources.get(file.source), edits)));
        }
        // Files without a change, too: the order in which files were read identifies statements.
        for (at, text) in texts {
            if let Some(file) = loaded.files.get_mut(at)
                && file.principal.is_none()
            {
                let old = loaded.sources.get(file.source);
                let identity = old.identity().to_owned();
                let new = Source::new(old.name(), text).known_as(Some(identity));
                let source = loaded.sources.add(new);
                let document = parser::parse(source, loaded.sources.get(source));
                *file = File::new(source, document);
            }
        }
        let next = judge(loaded, &role, &against).ok_or_else(|| Error::HeldBack {
            reason: "the changed policies could not be judged".to_owned(),
        })?;
        let old = mem::replace(&mut result, next);
        before.get_or_insert(old);
        all_findings = accept_in(loaded, &role, &mut result, accept);
    }
    let lost = before.as_ref().and_then(|before| {
        let pairs = before.also_needed.iter().zip(&result.also_needed);
        remedy::lost(&before.requirements, &result.requirements)
            .or_else(|| { pairs }.find_map(|(old, new)| remedy::lost(old, new)))
    });
    if let Some(lost) = lost {
        return Err(Error::HeldBack {
            reason: worse(&lost),
        });
    }
    if rejections(loaded, &role) > rejected {
        return Err(Error::HeldBack {
            reason: "AWS would reject the changed policy".to_owned(),
        });
    }
    for finding in result.findings.iter().filter(|f| f.suppressed.is_none()) {
        for fix in &finding.fixes {
            let is_of_template =
                |f: &File| f.source == finding.label.source && f.principal.is_some();
            if loaded.files.iter().any(is_of_template) {
                continue;
            }
            let why = if fix.can_widen {
                "it may widen access"
            } else if is_of_shared(loaded, &role, fix) {
                "another target has this file too"
            } else {
                continue;
            };
            let place = check::place(&loaded.sources, finding.label.source, finding.label.span);
            let note = format!("{place}: left to you, {why}: {}", fix.message);
            let _ = writeln!(notes, "{}", inert::line(&note));
        }
    }
    let files = loaded.files.get(role).unwrap_or_default();
    Ok((is_asked && !result.once_repaired).then(|| Known {
        files: files.iter().map(|f| f.source).collect(),
        result: RoleResult {
            also_needed: Vec::new(),
            findings: all_findings,
            ..result
        },
    }))
}

/// A verdict as it was, and as it would be.
fn worse(lost: &Lost<'_>) -> String {
    let Row {
        action, verdict, ..
    } = lost.before;
    format!(
        "`{action}` is {} and would be {}",
        verdict.name(),
        lost.after.map_or("judged for other values", |v| v.name())
    )
}

/// Whether a fix changes only files of the role, and no template.
fn is_within(loaded: &Loaded, role: &Range<usize>, fix: &Fix) -> bool {
    let files = loaded.files.get(role.clone()).unwrap_or_default();
    // Roles of templates are fixed all together.
    let own = |edit: &Edit| {
        let mut files = files.iter().filter(|f| f.principal.is_none());
        files.any(|f| f.source == edit.source)
    };
    fix.edits.iter().all(own)
}

/// Whether a fix changes a file that is judged elsewhere too.
fn is_of_shared(loaded: &Loaded, role: &Range<usize>, fix: &Fix) -> bool {
    let files = loaded.files.get(role.clone()).unwrap_or_default();
    let shared = loaded.shared.get(role.clone()).unwrap_or_default();
    let mut shared = files.iter().zip(shared).filter(|(_, shared)| **shared);
    shared.any(|(file, _)| fix.edits.iter().any(|edit| edit.source == file.source))
}

/// The result for a role; `None` where it could not be judged, which is reported.
fn judge(loaded: &Loaded, role: &Range<usize>, against: &Against) -> Option<RoleResult> {
    let files = loaded.files.get(role.clone())?;
    // Permissions of a rejected policy must not be lost either.
    let settings = Settings {
        once_repaired: true,
        ..loaded.settings.clone()
    };
    let result = check::check(&loaded.sources, loaded.catalog(), files, against, &settings);
    result.ok().filter(|r| !r.failed)
}

/// Hides the accepted findings of a result. Returns all as they were.
fn accept_in(
    loaded: &Loaded,
    role: &Range<usize>,
    result: &mut RoleResult,
    accept: &mut Accept<'_>,
) -> Vec<Finding> {
    let files = loaded.files.get(role.clone()).unwrap_or_default();
    let all = result.findings.clone();
    accept(&loaded.sources, files, result);
    all
}

/// How many problems of the files make AWS reject them.
fn rejections(loaded: &Loaded, role: &Range<usize>) -> usize {
    let files = loaded.files.get(role.clone()).unwrap_or_default();
    let problems = files.iter().flat_map(|f| &f.document.problems);
    problems.filter(|p| p.rejected).count()
}

/// Says which files hold policies whose text cannot be changed in place.
fn encoded(loaded: &Loaded, role: &Range<usize>, notes: &mut String) {
    let template = loaded.template.as_ref().map(|t| t.source);
    let is_template = |file: &File| template == Some(file.source);
    for file in loaded.files.get(role.clone()).unwrap_or_default() {
        let source = loaded.sources.get(file.source);
        let mut policies = file.document.policies.iter();
        let reason = match policies.find(|p| !edit::is_plain(source, p)) {
            None => continue,
            Some(policy) if policy.unknowns.is_some() && is_template(file) => continue,
            Some(policy) if policy.unknowns.is_some() => {
                "Terraform code is not edited; change the places that `lint` names"
            }
            Some(_) => "its policy is encoded in a string; decode it first",
        };
        let _ = writeln!(notes, "{}: not fixed, {reason}", inert::line(source.name()));
    }
}

/// Writes the new texts of files that still are what was judged.
pub(super) fn replace<'s>(
    changed: impl Iterator<Item = (&'s Source, &'s str)> + Clone,
) -> Result<(), Error> {
    for (old, _) in changed.clone() {
        is_unchanged(old)?;
    }
    let failed = |name: &str, source| Error::Output {
        path: format!("`{name}`"),
        source,
    };
    // All new content is on the disk before the first file changes.
    let mut all = Vec::new();
    for (old, new) in changed {
        let ready = Ready::new(Path::new(old.name()), new.as_bytes());
        all.push((old.name(), ready.map_err(|e| failed(old.name(), e))?));
    }
    for (name, ready) in all {
        ready.put().map_err(|e| failed(name, e))?;
    }
    Ok(())
}

/// Whether a file can be changed in place; `instead` shows the changes and writes nothing.
pub(super) fn is_writable(name: &str, instead: &str) -> Result<(), Error> {
    let refuse = |reason: &str| Error::NotFixable {
        path: name.to_owned(),
        reason: reason.to_owned(),
        help: format!("give the name of a file, or {instead} to see the changes"),
    };
    if name == input::STANDARD_INPUT {
        return Err(refuse("it comes from standard input"));
    }
    match std::fs::metadata(name) {
        Ok(about) if !about.is_file() => Err(refuse("it is not an ordinary file")),
        // The run itself reports unreadable files.
        _ => path::may_write(Path::new(name)).map_err(|error| refuse(&error.to_string())),
    }
}

/// Whether a file still is what was judged.
fn is_unchanged(old: &Source) -> Result<(), Error> {
    match std::fs::read(old.name()) {
        Ok(bytes) if bytes == old.text().as_bytes() => Ok(()),
        _ => Err(Error::NotFixable {
            path: old.name().to_owned(),
            reason: "it changed while it was judged".to_owned(),
            help: "run the command again".to_owned(),
        }),
    }
}
