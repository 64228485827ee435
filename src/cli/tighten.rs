//! `pcluster-iam tighten`

use std::fmt::Write as _;
use std::process::ExitCode;

use super::accept::Accepted;
use super::config::Configuration;
use super::jobs::{self, Loaded};
use super::missing::{chosen_note, judged, undecidable};
use super::{AcceptArgs, Error, TightenArgs, fix};
use crate::check::{self, Against, Chosen};
use crate::diff::narrow::Reason;
use crate::finding::Finding;
use crate::inert;
use crate::lints::{self, File};
use crate::parser::{Policy, Source, SourceId};
use crate::reference::bindings::option_for;
use crate::reference::{self, Query};
use crate::remedy::{self, Held, Input, Objection, Place, Refusal, Replaced, Tightened, Why};

/// Strings named of one list.
const SHOWN: usize = 3;

pub(super) fn run(args: &TightenArgs) -> Result<ExitCode, Error> {
    let (mut loaded, configuration) = jobs::load_to_edit(&args.inputs)?;
    if args.write {
        for file in &loaded.files {
            fix::is_writable(loaded.sources.get(file.source).name(), "no --write")?;
        }
    }
    let held = accepted(&loaded, configuration.as_ref());
    let (policies, mut chosen) = judged(&mut loaded)?;
    let mut notes = chosen_note("narrowed to what is required of", &chosen);
    if let Some(release) = &args.also_version {
        let also = also(&loaded, &policies, &chosen, release)?;
        if let Some(release) = &also.reference.pcluster_version {
            let _ = writeln!(notes, "and for ParallelCluster {release}");
        }
        chosen.join(also);
        loaded.settings.given.clone_from(&chosen.given);
    }
    let sources: Vec<&Source> = { loaded.files.iter() }
        .map(|f| loaded.sources.get(f.source))
        .collect();
    let names: Vec<&str> = sources.iter().map(|s| s.name()).collect();
    let texts = sources.iter().map(|s| s.text().to_owned()).collect();
    let has_settings = loaded.template.as_ref().is_some_and(|t| t.settings > 1);
    if has_settings {
        return Err(Error::NotFixable {
            path: names.first().copied().unwrap_or_default().to_owned(),
            reason: "its parameters have several values".to_owned(),
            help: "give those of one stack with --parameter NAME=VALUE".to_owned(),
        });
    }
    let in_code = |f: &&File| f.document.policies.iter().any(|p| p.unknowns.is_some());
    let of_template = loaded.template.as_ref().map(|t| t.source);
    let mut in_code = loaded.files.iter().filter(in_code);
    let code = |path: &str| Error::NotFixable {
        path: path.to_owned(),
        reason: "Terraform code is not edited".to_owned(),
        help: "narrow the places that `lint` names by hand".to_owned(),
    };
    if let Some(file) = in_code.find(|f| Some(f.source) != of_template) {
        return Err(code(loaded.sources.get(file.source).name()));
    }
    let read = |at: usize, id: SourceId, source: &Source| {
        let file = loaded.files.get(at).map(|f| f.source);
        match loaded.template.as_ref().filter(|t| Some(t.source) == file) {
            Some(template) => template.read(id, source),
            None => remedy::read_policy(at, id, source),
        }
    };
    let input = Input {
        names: &names,
        read: &read,
    };
    let mut held = held;
    held.extend(shared(&loaded));
    let settings = &loaded.settings;
    let found = remedy::tighten(loaded.catalog(), input, texts, &chosen, settings, held);
    let tightened = found.map_err(|refusal| match refusal {
        Refusal::Undecided(row) => undecidable(&row),
        Refusal::Code(file) => code(names.get(file).copied().unwrap_or_default()),
        Refusal::Encoded(file) => Error::NotFixable {
            path: names.get(file).copied().unwrap_or_default().to_owned(),
            reason: "its policy is encoded in a string".to_owned(),
            help: "give the decoded policy document".to_owned(),
        },
    })?;
    let pairs = sources.iter().copied().zip(&tightened.texts);
    let changed = pairs.filter(|(old, new)| old.text() != new.as_str());
    if args.write {
        fix::replace(changed.map(|(old, new)| (old, new.as_str())))?;
    } else {
        let patches = changed.map(|(old, new)| fix::patch(old, new));
        super::print_raw(&patches.collect::<Result<String, Error>>()?)?;
    }
    tell(&names, &tightened, &mut notes);
    super::note(&notes);
    Ok(ExitCode::SUCCESS)
}

/// The statements of policies that other roles of a template have, too.
fn shared(loaded: &Loaded) -> Vec<Held> {
    let Some(template) = &loaded.template else {
        return Vec::new();
    };
    let files = loaded.files.iter().enumerate();
    let files = files.filter(|(_, file)| file.source == template.source);
    let policies = files.flat_map(|(at, f)| f.document.policies.iter().map(move |p| (at, p)));
    let shared = policies.filter(|(_, policy)| template.shared.contains(&policy.span));
    let statements = shared.flat_map(|(at, p)| {
        p.statements
            .iter()
            .map(move |s| (at, s.span, Objection::Shared))
    });
    statements.collect()
}

/// The statements with a finding on what is not required that an ignore accepts: file, statement and reason.
fn accepted(loaded: &Loaded, configuration: Option<&Configuration>) -> Vec<Held> {
    let none = AcceptArgs::default();
    let mut accepted = Accepted::new(&none, configuration, None);
    if !accepted.has_any() {
        return Vec::new();
    }
    let files = &loaded.files;
    let (sources, catalog) = (&loaded.sources, loaded.catalog());
    let result = check::check(sources, catalog, files, &loaded.against, &loaded.settings);
    let Ok(mut result) = result else {
        return Vec::new();
    };
    let judged: Vec<SourceId> = files.iter().map(|f| f.source).collect();
    accepted.apply(sources, &judged, None, &mut result);
    let findings = result.findings.iter();
    let findings = findings.filter(|f| lints::advises_to_narrow(f.lint));
    let of_file = |finding: &Finding| {
        let reason = finding.suppressed.as_deref()?.to_owned();
        let label = &finding.label;
        let file = files.iter().position(|f| f.source == label.source)?;
        Some((file, label.span, Objection::Accepted(reason)))
    };
    findings.filter_map(of_file).collect()
}

/// The reference of another release for the same role.
fn also(
    loaded: &Loaded,
    policies: &[Policy],
    chosen: &Chosen,
    release: &str,
) -> Result<Chosen, Error> {
    let reference = &chosen.reference;
    let role = reference.role.as_deref();
    let scheduler = reference.scheduler.as_deref();
    let scheduler = scheduler.or(reference::only_scheduler(role, release));
    let against = Against::OneOf(reference::candidates(Query {
        role: reference.role.as_deref(),
        scheduler: scheduler.unwrap_or_default(),
        release,
        features: &loaded.features,
    })?);
    let policies: Vec<&Policy> = policies.iter().collect();
    check::choose(loaded.catalog(), &policies, &against, &loaded.settings)
        .map_err(|misfit| Error::no_role(&["the policies"], &misfit, &[]))
}

/// Says what became narrower, and what stays broad and why.
fn tell(names: &[&str], tightened: &Tightened, notes: &mut String) {
    let place = |place: &Place| {
        let name = names.get(place.file).copied().unwrap_or_default();
        let sid = { place.sid.as_ref() }.map_or_else(String::new, |sid| format!(" `{sid}`"));
        inert::line(&format!("{name}:{}: statement{sid}", place.line)).into_owned()
    };
    for narrowed in &tightened.narrowed {
        let lists = [
            ("Action", &narrowed.actions),
            ("Resource", &narrowed.resources),
        ];
        let lists: Vec<String> = { lists.into_iter() }
            .filter_map(|(key, list)| replaced(key, list))
            .collect();
        let _ = writeln!(
            notes,
            "{} narrowed: {}",
            place(&narrowed.place),
            inert::line(&lists.join("; "))
        );
    }
    // A reason names the first statements of a file.
    let mut reasons: Vec<(usize, String, usize)> = Vec::new();
    for left in &tightened.left {
        let why = match &left.why {
            Why::Reason(reason) => because(reason),
            Why::Held(objection) => held(objection),
        };
        let file = left.place.file;
        let known = { reasons.iter_mut() }.find(|(of, reason, _)| *of == file && *reason == why);
        let count = if let Some((_, _, count)) = known {
            *count += 1;
            *count
        } else {
            reasons.push((file, why.clone(), 1));
            1
        };
        if count <= SHOWN {
            let _ = writeln!(
                notes,
                "{} is still broader than required: {}",
                place(&left.place),
                inert::line(&why)
            );
        }
    }
    for (file, why, count) in reasons.iter().filter(|(_, _, count)| *count > SHOWN) {
        let name = names.get(*file).copied().unwrap_or_default();
        let _ = writeln!(
            notes,
            "{}: so are {} more statements: {}",
            inert::line(name),
            count - SHOWN,
            inert::line(why)
        );
    }
    for file in &tightened.oversize {
        let name = names.get(*file).copied().unwrap_or_default();
        let _ = writeln!(
            notes,
            "{}: the policy is now longer than the 6,144 characters of a managed policy: split it, or make it an inline policy",
            inert::line(name)
        );
    }
    if tightened.unasked > 0 {
        let _ = writeln!(
            notes,
            "{} grants were not looked at: there are too many wildcards",
            tightened.unasked
        );
    }
    if tightened.narrowed.is_empty() {
        notes.push_str("nothing to narrow\n");
    } else {
        let _ = writeln!(
            notes,
            "judged before and after: none of {} requirements got worse",
            tightened.requirements
        );
    }
}

/// The replaced strings of one list and the new ones; `None` if it is unchanged.
fn replaced(key: &str, list: &Replaced) -> Option<String> {
    match (list.gone.as_slice(), list.new.as_slice()) {
        ([], []) => None,
        (gone, []) => Some(format!("{key} without {}", some(gone))),
        ([], new) => Some(format!("{key} with {}", some(new))),
        (gone, new) => Some(format!("{key} {} is replaced by {}", some(gone), some(new))),
    }
}

/// The first few, and how many more there are.
fn some(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().take(SHOWN).map(|t| format!("`{t}`")).collect();
    match texts.len().saturating_sub(SHOWN) {
        0 => quoted.join(", "),
        more => format!("{} and {more} more", quoted.join(", ")),
    }
}

fn because(reason: &Reason) -> String {
    match reason {
        Reason::Negated(key) => {
            format!("`{key}` allows everything that it does not list; write what is required")
        }
        Reason::Unneeded => {
            "nothing that it allows is required; remove it unless something else on this role needs it".to_owned()
        }
        Reason::Invalid(action) => format!("AWS rejects `{action}`; correct it first"),
        Reason::Unknown(action) => {
            format!("the catalogue has no action `{action}`, and what it needs is not known")
        }
        Reason::Star(action) => format!(
            "`{action}` can only be allowed on `*`, and all actions of a statement share its resources; split it"
        ),
        Reason::Unbound(names) => {
            let options: Vec<String> = names.iter().map(|n| option_for(n)).collect();
            format!(
                "what is required has a placeholder without a value; give {}",
                options.join(" ")
            )
        }
        Reason::Template(text) => {
            format!("`{text}` contains a placeholder or a variable, which stays as it is")
        }
        Reason::Overlap(text) => {
            format!("no single pattern matches just the required part of `{text}`")
        }
        Reason::Reference => {
            "the reference says what it leaves out, not what it requires".to_owned()
        }
        Reason::Undecided => {
            "its patterns are too entangled to be decided within the bound; write fewer `*` and `?`".to_owned()
        }
        Reason::Shared => "all actions of a statement share its resources; split it".to_owned(),
    }
}

fn held(objection: &Objection) -> String {
    match objection {
        Objection::Lost(action, before, after) => format!(
            "narrowed, `{action}` would be {} in place of {}",
            after.map_or("not judged", |v| v.name()),
            before.name()
        ),
        Objection::Values => {
            "narrowed, the policies would be judged for other values; give --region, --account or --set".to_owned()
        }
        Objection::Size => {
            "narrowed, the policy would be longer than AWS stores; split it first".to_owned()
        }
        Objection::Untried => {
            "too many statements cannot be narrowed; pass fewer files at once".to_owned()
        }
        Objection::Accepted(reason) => format!("an `[[ignore]]` accepts it: {reason}"),
        Objection::Shared => "another role of the template has this policy too".to_owned(),
        Objection::Unwritable(obstacle) => {
            let words = obstacle.words().unwrap_or("its text cannot be edited");
            format!("it stays as it is, because {words}")
        }
        Objection::Misread => {
            "the changed template would not be read as it is meant; narrow it by hand".to_owned()
        }
        Objection::Rejected => "AWS would reject the narrowed policy".to_owned(),
    }
}
