//! `pcluster-iam missing`

mod cloudformation;
mod hcl;
mod held_for;
mod language;
mod part;

pub(super) use language::LanguageName;

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use super::role::absent_policies;
use super::{Error, MissingArgs, jobs};
use crate::check::{self, Against, Chosen};
use crate::diff::{Row, Verdict};
use crate::inert;
use crate::parser::{Policy, Problem, ProblemKind};
use crate::reference;
use crate::reference::bindings::option_for;
use crate::remedy::{self, Missing};
use held_for::Values;
use language::Language;

/// Rows named on standard error.
const SHOWN: usize = 20;

pub(super) fn run(args: &MissingArgs) -> Result<ExitCode, Error> {
    let (mut loaded, others) = jobs::load(&args.inputs)?;
    let language = Language::of(args.format, &loaded);
    let (policies, chosen) = judged(&mut loaded)?;
    let mut problems: Vec<Problem> = unread(&loaded).collect();
    let mut all = vec![(policies, loaded.settings.clone())];
    let mut values = Values::of(&loaded.values);
    // The setting does not decide which role it is.
    loaded.against = of_role(&loaded.against, &chosen);
    for other in others {
        loaded.files = other.files;
        loaded.settings = other.settings;
        let (policies, own) = judged(&mut loaded)?;
        problems.extend(unread(&loaded));
        if is_same(&own, &chosen) {
            all.push((policies, loaded.settings.clone()));
            values.together += 1;
        } else {
            values.apart.push(other.values);
        }
    }
    let each: Vec<_> = { all.iter() }
        .map(|(p, settings)| (p.as_slice(), settings))
        .collect();
    let missing = remedy::missing_of_any(loaded.catalog(), &each, &chosen);
    let undecided = missing
        .left
        .iter()
        .find(|r| r.verdict == Verdict::Undecided);
    if let Some(row) = undecided {
        return Err(undecidable(row));
    }
    let mut notes = chosen_note("missing permissions of", &chosen);
    if missing.documents.is_empty() {
        // AWS rejects a policy without statements: there is nothing to print.
    } else if matches!(language, Language::Json) {
        super::print_json(&match missing.documents.as_slice() {
            [one] => one.clone(),
            several => list(several),
        })?;
    } else {
        let text = language.write(&missing.statements);
        super::print(&text)?;
        notes.push_str(&language.notes(&text));
        if let count @ 2.. = missing.statements.len() {
            let sizes = missing.statements.iter().map(|d| d.len().to_string());
            let _ = writeln!(
                notes,
                "together they exceed the 6,144 characters of a managed policy: make {count} policies of {} statements",
                sizes.collect::<Vec<_>>().join(", ")
            );
        }
    }
    notes.push_str(&values.notes());
    problems.sort_by_key(|p| p.span);
    problems.dedup();
    if let count @ 1.. = problems.len() {
        let could = match count {
            1 => "1 part of the input could not be read and counts".to_owned(),
            n => format!("{n} parts of the input could not be read and count"),
        };
        let _ = writeln!(
            notes,
            "{could} as nothing granted; `pcluster-iam lint` shows more"
        );
    }
    notes.push_str(&remarks(&missing, &language));
    super::note(&notes);
    Ok(ExitCode::SUCCESS)
}

/// The parts of a template that could not be read.
fn unread(loaded: &jobs::Loaded) -> impl Iterator<Item = Problem> {
    let all = loaded.files.iter().flat_map(|f| &f.document.problems);
    all.filter(|p| p.is_unresolved()).cloned()
}

/// The candidates for the role that was chosen.
fn of_role(against: &Arc<Against>, chosen: &Chosen) -> Arc<Against> {
    let Against::BestOf(all) = &**against else {
        return Arc::clone(against);
    };
    let role = &chosen.reference.role;
    let same = all.iter().filter(|r| r.role == *role).cloned();
    Arc::new(Against::OneOf(same.collect()))
}

/// Whether two settings are judged with the same requirements.
fn is_same(one: &Chosen, other: &Chosen) -> bool {
    let values = |chosen: &Chosen| -> Vec<(String, String)> {
        let all = chosen.given.iter();
        all.map(|(n, value, _)| (n.clone(), value.clone()))
            .collect()
    };
    one.reference == other.reference && values(one) == values(other)
}

/// What is to be known about the printed statements.
fn remarks(missing: &Missing, language: &Language) -> String {
    let mut notes = String::new();
    if missing.documents.is_empty() && missing.left.is_empty() {
        notes.push_str("nothing is missing\n");
    }
    for name in &missing.unbound {
        let Some(how) = language.how_to_give(name) else {
            continue;
        };
        let (meaning, example) = reference::meaning(name).unwrap_or(("a value of yours", "…"));
        let _ = writeln!(
            notes,
            "no value is given for ${{{name}}}: {meaning} (for example {example}); {how}"
        );
    }
    for row in missing.left.iter().take(SHOWN) {
        let _ = writeln!(notes, "still not covered: {}", why(row));
    }
    if let Some(more @ 1..) = missing.left.len().checked_sub(SHOWN) {
        let _ = writeln!(notes, "and {more} more; `pcluster-iam lint` shows all");
    }
    if missing.too_large > 0 {
        let _ = writeln!(
            notes,
            "a statement exceeds the 6,144 characters of a managed policy: shorten it with wildcards"
        );
    }
    if missing.denies {
        notes.push_str(
            "the reference also has a Deny statement, which is not part of this policy\n",
        );
    }
    notes
}

/// The policies that can be judged, and the reference that fits. The settings get its values.
pub(super) fn judged(loaded: &mut jobs::Loaded) -> Result<(Vec<Policy>, Chosen), Error> {
    let sources = &loaded.sources;
    let settings = &loaded.settings;
    let limits = settings
        .boundary
        .iter()
        .chain(settings.scps.iter().flatten());
    let files = || loaded.files.iter().chain(limits.clone());
    for file in files() {
        let mut problems = file.document.problems.iter();
        if let Some(problem) = problems.find(|p| p.kind == ProblemKind::InvalidJson) {
            return Err(Error::NotJudged {
                place: check::place(sources, file.source, problem.span),
                reason: problem.message.clone(),
                help: problem
                    .help
                    .clone()
                    .unwrap_or_else(|| "fix the file".to_owned()),
            });
        }
    }
    let own: Vec<&Policy> = { loaded.files.iter() }
        .flat_map(|f| &f.document.policies)
        .collect();
    let oversize = check::oversize(files().flat_map(|f| &f.document.policies))
        .or_else(|| check::too_many_strings(&own, &loaded.against, settings));
    if let Some(oversize) = oversize {
        return Err(Error::NotJudged {
            place: check::place(sources, oversize.source, oversize.span),
            reason: oversize.message,
            help: "AWS accepts far less for one role: is this the right file?".to_owned(),
        });
    }
    let policies = loaded.files.iter().flat_map(|f| &f.document.policies);
    let policies: Vec<Policy> = policies.cloned().collect();
    let borrowed: Vec<&Policy> = policies.iter().collect();
    let chosen = check::choose(loaded.catalog(), &borrowed, &loaded.against, settings);
    let chosen = chosen.map_err(|misfit| {
        let names = loaded.files.iter().map(|f| sources.get(f.source).name());
        let absent = absent_policies(loaded.files.iter());
        Error::no_role(&names.collect::<Vec<_>>(), &misfit, &absent)
    })?;
    loaded.settings.given.clone_from(&chosen.given);
    Ok((policies, chosen))
}

pub(super) fn undecidable(row: &Row) -> Error {
    Error::NotJudged {
        place: row.action.clone(),
        reason: "the patterns are too complex to be decided within the limit".to_owned(),
        help: "split the statement, or write fewer `*` and `?` in one Resource".to_owned(),
    }
}

/// The reference, after what is `done` for it, and the values inferred for it.
pub(super) fn chosen_note(done: &str, chosen: &Chosen) -> String {
    let reference = &chosen.reference;
    let mut text = String::new();
    if let (Some(role), Some(scheduler), Some(release)) = (
        &reference.role,
        &reference.scheduler,
        &reference.pcluster_version,
    ) {
        let _ = writeln!(
            text,
            "{done} role {role}, scheduler {scheduler}, ParallelCluster {release}"
        );
    }
    for (name, value, from) in &chosen.given {
        if from == check::INFERRED {
            let option = option_for(name);
            let _ = if *value == format!("${{{name}}}") {
                writeln!(
                    text,
                    "{name} is a placeholder in the policies; pass {option} for its value"
                )
            } else {
                let value = inert::line(value);
                writeln!(
                    text,
                    "{name} = {value}, inferred; pass {option} to change it"
                )
            };
        }
    }
    text
}

fn why(row: &Row) -> String {
    let reason = match (row.denied_by.is_empty(), row.verdict) {
        (false, Verdict::Conditional) => "a Deny may block it",
        (false, _) => "a Deny blocks it",
        (true, Verdict::Conditional) => "a condition is not known to hold",
        (true, _) => "a permissions boundary or SCP does not allow it",
    };
    let resource = row.witness.as_ref().map_or("*", |w| w.resource.as_str());
    format!("{} on {}: {reason}", row.action, inert::line(resource))
}

/// Documents as a JSON array.
fn list(documents: &[String]) -> String {
    let indented = documents.iter().map(|text| {
        let lines: Vec<String> = text.lines().map(|l| format!("    {l}")).collect();
        lines.join("\n")
    });
    let indented: Vec<String> = indented.collect();
    format!("[\n{}\n]\n", indented.join(",\n"))
}
