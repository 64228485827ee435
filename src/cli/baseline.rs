//! `pcluster-iam baseline`

use std::fmt::Write as _;
use std::fs;
use std::process::ExitCode;

use super::accept::{self, Extent};
use super::{BaselineArgs, Error, jobs, lint, output};
use crate::baseline::{self, Entry};
use crate::inert;

pub(super) fn run(args: &BaselineArgs) -> Result<ExitCode, Error> {
    let mut jobs = jobs::resolve(&args.inputs, args.each)?;
    if args.accept.no_ignores {
        jobs.keep_nothing();
    }
    let configured = accept::baseline_path(None, jobs.configuration.as_ref());
    let path = args.baseline.clone().or_else(|| configured.clone());
    let path = path.unwrap_or_else(|| accept::default_baseline(jobs.configuration.as_ref()));
    output::spare_from("--baseline", &path, &jobs.sources, &args.inputs)?;
    let levels = accept::levels(&args.accept, jobs.configuration.as_ref())?;
    // Anything but an ordinary file with content has no entries.
    let is_there = fs::metadata(&path).is_ok_and(|about| about.is_file() && about.len() > 0);
    let old = if args.prune || is_there {
        let configuration = jobs.configuration.as_ref();
        let names_it = configuration.filter(|_| args.baseline.is_none());
        Some(accept::read_baseline(&path, names_it, &mut jobs.sources)?)
    } else {
        None
    };
    let (met, old) = if args.prune { (old, None) } else { (None, old) };
    let judged = lint::judge(&jobs, args.each, None, &args.accept, met)?;
    if judged.failed {
        let names = judged.results.iter().filter(|r| r.failed);
        let names: Vec<String> = names.flat_map(|r| r.policies.iter().cloned()).collect();
        return Err(Error::NoBaseline {
            policies: names.join(", "),
        });
    }
    let extent = Extent::new(&jobs, &judged.targets, &levels);
    // Entries that this run did not check stay.
    let keeps = |entry: &Entry| !extent.has(entry);
    let mut text = String::new();
    let entries = if let Some(met) = &judged.baseline {
        let entries = met.pruned(keeps);
        let removed = met.len().saturating_sub(entries.len());
        let _ = write!(text, ", {removed} removed");
        entries
    } else {
        let results = judged.targets.iter().map(Option::as_deref);
        let results = results.zip(&judged.results);
        let mut entries = baseline::entries(results, |source| accept::path(&jobs.sources, source));
        let kept = old.map_or_else(Vec::new, |old| old.kept(keeps));
        if !kept.is_empty() {
            let _ = write!(text, ", {} of them kept: not judged now", kept.len());
        }
        entries.extend(kept);
        entries.sort();
        entries
    };
    output::replace(&path, baseline::text(&entries).as_bytes()).map_err(|source| {
        Error::Output {
            path: format!("`{}`", path.display()),
            source,
        }
    })?;
    let count = entry_count(entries.len());
    let name = path.to_string_lossy();
    super::print(&format!("{}: {count}{text}\n", inert::line(&name)))?;
    if configured.as_ref() != Some(&path) && !entries.is_empty() {
        let mut to_use = "lint reads it only if it is named: ".to_owned();
        if let Some(configuration) = jobs.configuration.as_ref()
            && args.baseline.is_none()
        {
            let file = jobs.sources.get(configuration.source).name();
            let _ = write!(
                to_use,
                "add `baseline = \"{}\"` to {file}, or ",
                baseline::FILE
            );
        }
        super::note(&format!("{to_use}pass --baseline {name}\n"));
    }
    Ok(ExitCode::SUCCESS)
}

fn entry_count(count: usize) -> String {
    match count {
        1 => "1 entry".to_owned(),
        n => format!("{n} entries"),
    }
}
