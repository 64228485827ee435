//! `pcluster-iam baseline`

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::ExitCode;

use super::accept::{self, Accepted};
use super::{BaselineArgs, Error, jobs, lint, output};
use crate::baseline::{self, Entry};

pub(super) fn run(args: &BaselineArgs) -> Result<ExitCode, Error> {
    let mut jobs = jobs::resolve(&args.inputs)?;
    let path = accept::baseline_path(args.baseline.as_deref(), jobs.configuration.as_ref())
        .unwrap_or_else(|| accept::default_baseline(jobs.configuration.as_ref()));
    let old = if args.prune {
        let configuration = jobs.configuration.as_ref();
        let names_it = configuration.filter(|_| args.baseline.is_none());
        Some(accept::read_baseline(&path, names_it, &mut jobs.sources)?)
    } else {
        None
    };
    let judged = lint::judge(&jobs, args.each, None, &args.accept, old)?;
    if judged.failed {
        let names = judged.results.iter().filter(|r| r.failed);
        let names: Vec<String> = names.flat_map(|r| r.policies.iter().cloned()).collect();
        return Err(Error::NoBaseline {
            policies: names.join(", "),
        });
    }
    let (entries, was) = if let Some(old) = &judged.baseline {
        let targets: BTreeSet<Option<String>> = judged.targets.iter().cloned().collect();
        let accepted = Accepted::new(&args.accept, jobs.configuration.as_ref(), None);
        let keeps = |entry: &Entry| !accepted.concerns(&jobs, &targets, entry);
        (old.pruned(keeps), Some(old.len()))
    } else {
        let results = judged.targets.iter().map(Option::as_deref);
        let results = results.zip(&judged.results);
        let identity = |source| jobs.sources.get(source).identity().to_owned();
        (baseline::entries(results, identity), None)
    };
    output::replace(&path, baseline::text(&entries).as_bytes()).map_err(|source| {
        Error::Output {
            path: format!("`{}`", path.display()),
            source,
        }
    })?;
    let mut text = format!("{}: {}", path.display(), entry_count(entries.len()));
    if let Some(was) = was {
        let _ = write!(text, ", {} removed", was.saturating_sub(entries.len()));
    }
    text.push('\n');
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn entry_count(count: usize) -> String {
    match count {
        1 => "1 entry".to_owned(),
        n => format!("{n} entries"),
    }
}
