//! `pcluster-iam lint`

use std::borrow::Cow;
use std::process::ExitCode;
use std::sync::Arc;

use rayon::prelude::*;

use super::accept::{self, Accepted, Extent};
use super::job::Job;
use super::jobs::{self, Jobs};
use super::{AcceptArgs, COULD_NOT, Error, FailOn, LintArgs, fix, output, weakened};
use crate::baseline::Baseline;
use crate::check::{self, Against, NoRoleFits, Settings};
use crate::config::Level;
use crate::finding::{Finding, Severity};
use crate::lints::{File, PrincipalName};
use crate::parser::{Source, SourceId, Sources};
use crate::reference::{self, Query};
use crate::report::Report;
use crate::result::{RoleResult, Upgrade};

pub(super) fn run(args: &LintArgs) -> Result<ExitCode, Error> {
    let mut outputs = output::targets(args)?;
    let mut jobs = jobs::resolve(&args.inputs, args.each)?;
    if args.accept.no_ignores {
        jobs.keep_nothing();
    }
    let baseline_file =
        accept::baseline_path(args.baseline.as_deref(), jobs.configuration.as_ref())
            .filter(|_| !args.accept.no_ignores);
    let baseline = match &baseline_file {
        Some(path) => {
            let configuration = jobs.configuration.as_ref();
            let names_it = configuration.filter(|_| args.baseline.is_none());
            Some(accept::read_baseline(path, names_it, &mut jobs.sources)?)
        }
        None => None,
    };
    output::spare(&outputs, &jobs.sources, &args.inputs)?;
    if args.fix {
        jobs.refuse_dumps()?;
        fix(&mut jobs, args, baseline.as_ref())?;
        outputs.retain(|output| !(args.diff && output.is_standard_output()));
    }
    let judged = judge(
        &jobs,
        args.each,
        args.also_version.as_deref(),
        &args.accept,
        baseline,
    )?;
    let configured = jobs.configuration.as_ref().and_then(|c| c.config.fail_on);
    let configured = configured.filter(|_| !args.accept.strict);
    let threshold = if args.exit_zero {
        None
    } else {
        match (args.fail_on, configured) {
            (Some(given), _) => given.severity(),
            (None, Some(configured)) => configured.0,
            (None, None) => FailOn::Error.severity(),
        }
    };
    let code = judged.code(threshold);
    let levels = accept::levels(&args.accept, jobs.configuration.as_ref())?;
    let weakened = weakened::list(args, &jobs, &levels, baseline_file.as_deref());
    let off = levels.iter().filter(|(_, level)| **level == Level::Off);
    let report = Report {
        weakened,
        off: off.map(|(lint, _)| *lint).collect(),
        fail_on: threshold,
        catalog_date: jobs.catalog().date().to_owned(),
        sources: std::mem::take(&mut jobs.sources),
        results: judged.results,
        others: judged.others,
        configuration: judged.configuration,
    };
    for output in outputs {
        output::write(&report, args, &output, code)?;
    }
    // The process ends here: giving the memory back piece by piece would only take time.
    std::mem::forget(report);
    std::mem::forget(jobs);
    Ok(ExitCode::from(code))
}

/// Fixes the files of each job, except for accepted findings.
fn fix(jobs: &mut Jobs, args: &LintArgs, baseline: Option<&Baseline>) -> Result<(), Error> {
    let configuration = jobs.configuration.take();
    let levels = accept::levels(&args.accept, configuration.as_ref())?;
    let mut accepted = Accepted::new(&args.accept, configuration.as_ref(), baseline.cloned());
    let mut outcome = fix::Outcome::default();
    for at in 0..jobs.roles.len() {
        let Some(mut loaded) = jobs.lend(at) else {
            continue;
        };
        let target = loaded.settings.target.clone();
        let mut accept = |sources: &Sources, files: &[File], result: &mut RoleResult| {
            accept::apply_levels(&levels, &mut result.findings);
            let first = files.first().filter(|_| args.each);
            let name = name(target.as_deref(), first.map(|f| sources.get(f.source)));
            let files: Vec<SourceId> = files.iter().map(|f| f.source).collect();
            accepted.apply(sources, &files, name.as_deref(), result);
        };
        let fixed = fix::run(&mut loaded, args.each, args.diff, &mut accept, &mut outcome);
        fixed.map_err(|error| match (error, &target) {
            (Error::HeldBack { reason }, Some(target)) => Error::HeldBack {
                reason: format!("{target}: {reason}"),
            },
            (error, _) => error,
        })?;
        jobs.take_back(at, loaded);
    }
    fix::write(&jobs.sources, &outcome, args.diff)?;
    jobs.configuration = configuration;
    Ok(())
}

/// The name of a role in the baseline: its target, and the file where each is judged by itself.
fn name(target: Option<&str>, file: Option<&Source>) -> Option<String> {
    match (target, file.map(Source::identity)) {
        (Some(target), Some(file)) => Some(format!("{target}: {file}")),
        (target, file) => target.or(file).map(str::to_owned),
    }
}

/// The outcome of the jobs of a run.
pub(super) struct Judged {
    pub(super) results: Vec<RoleResult>,
    /// The name of each result in the baseline.
    pub(super) targets: Vec<Option<String>>,
    /// Findings on the configuration and the baseline.
    pub(super) configuration: Vec<Finding>,
    pub(super) baseline: Option<Baseline>,
    /// Roles of templates that resemble no role of ParallelCluster.
    pub(super) others: Vec<Arc<PrincipalName>>,
    /// True where something could not be judged.
    pub(super) failed: bool,
}

impl Judged {
    fn code(&self, threshold: Option<Severity>) -> u8 {
        if self.failed {
            return COULD_NOT;
        }
        let findings = self.results.iter().flat_map(|r| &r.findings);
        let worst = findings
            .chain(&self.configuration)
            .filter(|f| f.suppressed.is_none())
            .map(|f| f.severity)
            .max();
        u8::from(threshold.is_some_and(|t| worst >= Some(t)))
    }
}

/// Judges every job, with what is accepted hidden. Policies that fit no role are reported on standard error.
///
/// # Errors
///
/// [`Error::NoRole`] where nothing could be judged at all; what is wrong with the release of an upgrade or with the
/// severities of the command line.
pub(super) fn judge(
    jobs: &Jobs,
    each: bool,
    also_version: Option<&str>,
    accept: &AcceptArgs,
    baseline: Option<Baseline>,
) -> Result<Judged, Error> {
    let levels = accept::levels(accept, jobs.configuration.as_ref())?;
    let roles: Vec<Role<'_>> = jobs
        .roles
        .iter()
        .flat_map(|job| Role::of(jobs, job, each))
        .collect();
    // Threads take longer to start than one role to judge.
    let outcomes: Vec<Outcome> = match roles.as_slice() {
        [one] => vec![one.check(jobs, also_version)],
        several => several
            .par_iter()
            .map(|role| role.check(jobs, also_version))
            .collect(),
    };
    let mut accepted = Accepted::new(accept, jobs.configuration.as_ref(), baseline);
    let mut judged = Judged {
        results: Vec::with_capacity(roles.len()),
        targets: Vec::with_capacity(roles.len()),
        configuration: Vec::new(),
        baseline: None,
        others: Vec::new(),
        failed: false,
    };
    let mut misfits = Vec::new();
    for (role, outcome) in roles.iter().zip(outcomes) {
        match outcome? {
            Ok(mut result) => {
                requires_something(&result)?;
                accept::apply_levels(&levels, &mut result.findings);
                if let Some(upgrade) = &mut result.upgrade {
                    accept::apply_levels_then(&levels, upgrade);
                }
                let target = role.name(jobs, each);
                let files = role.sources(jobs);
                accepted.apply(&jobs.sources, &files, target.as_deref(), &mut result);
                judged.failed |= result.failed;
                judged.targets.push(target);
                judged.results.push(result);
            }
            Err(_) if role.job.principal.as_ref().is_some_and(|p| !p.is_named) => {
                let principal = role.job.principal.iter();
                judged.others.extend(principal.map(|p| Arc::clone(&p.name)));
            }
            Err(none) => {
                let names = role.files.iter().map(|f| jobs.sources.get(f.source).name());
                misfits.push(Error::no_role(&names.collect::<Vec<_>>(), &none));
            }
        }
    }
    judged.failed |= !misfits.is_empty();
    // The others are still judged.
    if judged.results.is_empty()
        && let Some(error) = misfits.pop()
    {
        misfits.iter().for_each(super::report);
        return Err(error);
    }
    misfits.iter().for_each(super::report);
    if judged.results.is_empty() && !judged.failed {
        let names = judged.others.iter().map(|p| p.name.clone());
        return Err(Error::NoRoles {
            names: names.collect(),
        });
    }
    // For what could not be judged it is not known whether it would have been met.
    if !judged.failed {
        let extent = Extent::new(jobs, &judged.targets, &levels);
        judged.configuration = accepted.unused(jobs, &extent, &judged.results);
        accept::apply_levels(&levels, &mut judged.configuration);
    }
    judged.baseline = accepted.baseline;
    Ok(judged)
}

/// Refuses a reference of the user's own that requires nothing: every policy would pass.
fn requires_something(result: &RoleResult) -> Result<(), Error> {
    match &result.reference.file {
        Some(path) if !result.failed && result.coverage().required == 0 => {
            Err(Error::BadReference {
                path: path.clone(),
                reason: "it requires nothing, so every policy would pass".to_owned(),
                help: "name actions that exist, on resources that they apply to, in a statement with `Allow`"
                    .to_owned(),
            })
        }
        _ => Ok(()),
    }
}

/// Whether a statement names resources of ParallelCluster: a role that grants little of what ParallelCluster requires
/// is still one of its roles then.
fn names_a_cluster(file: &File) -> bool {
    let best = file.extremes.iter().flat_map(|e| &e.best.policies);
    let policies = file.document.policies.iter().chain(best);
    let resources = policies
        .flat_map(|policy| &policy.statements)
        .filter_map(|statement| statement.resource.as_ref())
        .filter(|resource| !resource.negated);
    resources
        .flat_map(|resource| &resource.values)
        .any(|text| text.value.to_ascii_lowercase().contains(reference::NAME))
}

type Outcome = Result<Result<RoleResult, NoRoleFits>, Error>;

/// The files that are judged together, and the job that says how.
struct Role<'j> {
    job: &'j Job,
    files: Vec<&'j File>,
}

impl<'j> Role<'j> {
    /// One for a job, or one for each of its files.
    fn of(jobs: &'j Jobs, job: &'j Job, each: bool) -> Vec<Self> {
        let files = jobs.policies(job);
        if each && job.principal.is_none() {
            let alone = files.into_iter().map(|file| Role {
                job,
                files: vec![file],
            });
            alone.collect()
        } else {
            vec![Role { job, files }]
        }
    }

    fn check(&self, jobs: &Jobs, also_version: Option<&str>) -> Outcome {
        let Some(principal) = &self.job.principal else {
            let settings = jobs.settings(self.job);
            return self.one(
                jobs,
                also_version,
                &self.files,
                &self.job.against,
                &settings,
            );
        };
        let mut results = Vec::with_capacity(principal.settings.len());
        let mut against: Cow<'_, Against> = Cow::Borrowed(&self.job.against);
        for setting in &principal.settings {
            let settings = jobs.settings_of(self.job, setting);
            let files = jobs.files_of(self.job, setting);
            let mut outcome = self.one(jobs, also_version, &files, &against, &settings)?;
            if let Err(none) = &outcome
                && let Some((role, ..)) = &none.part
                && (principal.is_named || files.iter().any(|file| names_a_cluster(file)))
            {
                let references = against.references().iter();
                let of_role = references.filter(|r| r.role.as_ref() == Some(role));
                against = Cow::Owned(Against::OneOf(of_role.cloned().collect()));
                outcome = self.one(jobs, also_version, &files, &against, &settings)?;
            }
            let result = match outcome {
                Ok(result) => result,
                Err(none) => return Ok(Err(none)),
            };
            // Which role it is does not hang on the setting.
            if let Against::BestOf(all) = &*against
                && !result.failed
            {
                let role = result.reference.role.clone();
                let same = all.iter().filter(|r| r.role == role).cloned();
                against = Cow::Owned(Against::OneOf(same.collect()));
            }
            results.push((setting.values.clone(), result));
        }
        let chosen = matches!(*self.job.against, Against::BestOf(_));
        let worst = check::worst(results).map(|mut result| {
            result.reference.role_was_chosen |= chosen && result.reference.role.is_some();
            result
        });
        Ok(worst.ok_or_else(NoRoleFits::default))
    }

    fn one(
        &self,
        jobs: &Jobs,
        also_version: Option<&str>,
        files: &[&File],
        against: &Against,
        settings: &Settings,
    ) -> Outcome {
        let checked = check::check(&jobs.sources, jobs.catalog(), files, against, settings);
        let Ok(mut result) = checked else {
            return Ok(checked);
        };
        if let Some(release) = also_version {
            result.upgrade = self.upgrade(jobs, release, files, settings, &result)?;
        }
        Ok(Ok(result))
    }

    /// Permissions that are only missing for another release.
    fn upgrade(
        &self,
        jobs: &Jobs,
        release: &str,
        files: &[&File],
        settings: &Settings,
        now: &RoleResult,
    ) -> Result<Option<Upgrade>, Error> {
        let Some(name) = &now.reference.role else {
            return Ok(None);
        };
        let scheduler = now.reference.scheduler.as_deref();
        let Some(scheduler) = scheduler.or(reference::only_scheduler(Some(name), release)) else {
            return Ok(None);
        };
        let against = Against::OneOf(reference::candidates(Query {
            role: Some(name),
            scheduler,
            release,
            features: &self.job.features,
        })?);
        let catalog = jobs.catalog();
        let then = check::check(&jobs.sources, catalog, files, &against, settings);
        Ok(then.ok().map(|then| check::upgrade(now, then)))
    }

    fn name(&self, jobs: &Jobs, each: bool) -> Option<String> {
        let target = self.job.settings.target.as_deref();
        if let Some(principal) = &self.job.principal {
            let source = jobs.sources.get(principal.name.source);
            let own = format!("{} {}", source.identity(), principal.name.name);
            return Some(match target {
                Some(target) => format!("{target}: {own}"),
                None => own,
            });
        }
        let first = self.files.first().filter(|_| each);
        name(target, first.map(|f| jobs.sources.get(f.source)))
    }

    /// The files of the role, and those of what limits it.
    fn sources(&self, jobs: &Jobs) -> Vec<SourceId> {
        let limits = self.job.limits();
        let limits = limits.filter_map(|at| jobs.files.get(*at));
        self.files
            .iter()
            .copied()
            .chain(limits)
            .map(|f| f.source)
            .collect()
    }
}
