//! `pcluster-iam lint`

use std::process::ExitCode;
use std::sync::Arc;

use rayon::prelude::*;

use super::accept::{self, Accepted, Extent};
use super::jobs::{self, Jobs};
use super::role::{Outcome, Role, absent_policies, name};
use super::{AcceptArgs, COULD_NOT, Error, FailOn, LintArgs, fix, output, warn, weakened};
use crate::baseline::Baseline;
use crate::config::Level;
use crate::finding::{Finding, Severity};
use crate::lints::{File, PrincipalName};
use crate::parser::{SourceId, Sources};
use crate::report::Report;
use crate::result::RoleResult;

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
    );
    let judged = match judged {
        Err(error) if args.allow_empty && error.is_of_empty_files() => {
            warn(&error.to_string());
            Judged::default()
        }
        judged => judged?,
    };
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
    let baseline_file = baseline_file.as_deref();
    let ignoring = &judged.ignoring;
    let weakened = weakened::list(
        args,
        &jobs,
        &levels,
        baseline_file,
        ignoring,
        &judged.results,
    );
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
    let mut accept_of_role = |jobs: &Jobs, role: &Role<'_>, result: &mut RoleResult| {
        accept::apply_levels(&levels, &mut result.findings);
        let name = role.name(jobs, args.each);
        let files = role.sources(jobs);
        accepted.apply(&jobs.sources, &files, name.as_deref(), result);
    };
    fix::templates(jobs, args.diff, &mut accept_of_role, &mut outcome)?;
    for at in 0..jobs.roles.len() {
        if jobs.is_of_templates_alone(at) {
            continue;
        }
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
        let known = fixed.map_err(|error| match (error, &target) {
            (Error::HeldBack { reason }, Some(target)) => Error::HeldBack {
                reason: format!("{target}: {reason}"),
            },
            (error, _) => error,
        })?;
        jobs.take_back(at, loaded);
        // A role of a template is judged under each setting of its parameters.
        if let Some(job) = jobs.roles.get_mut(at).filter(|job| job.principal.is_none()) {
            job.known = known;
        }
    }
    fix::write(&jobs.sources, &outcome, args.diff)?;
    jobs.configuration = configuration;
    Ok(())
}

/// The outcome of the jobs of a run.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) results: Vec<RoleResult>,
    /// The name of each result in the baseline.
    pub(super) targets: Vec<Option<String>>,
    /// Findings on the configuration and the baseline.
    pub(super) configuration: Vec<Finding>,
    pub(super) baseline: Option<Baseline>,
    /// Whether each ignore of the configuration hid a finding.
    pub(super) ignoring: Vec<bool>,
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

/// Judges every job, with accepted findings hidden. Policies that fit no role are reported on standard error.
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
        ignoring: Vec::new(),
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
                let absent = absent_policies(role.files.iter().copied());
                misfits.push(Error::no_role(&names.collect::<Vec<_>>(), &none, &absent));
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
        return Err(jobs.no_roles(names.collect()));
    }
    // For what could not be judged it is not known whether it would have been met.
    if !judged.failed {
        let extent = Extent::new(jobs, &judged.targets, &levels);
        judged.configuration = accepted.unused(jobs, &extent, &judged.results);
        accept::apply_levels(&levels, &mut judged.configuration);
    }
    judged.ignoring = accepted.in_effect();
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
