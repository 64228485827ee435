//! One job after the other: what holds for it, its reference, its bindings and its files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::cluster::Configured;
use super::config::Configuration;
use super::effective::Effective;
use super::jobs::Job;
use super::selection::{self, Given};
use super::{Error, InputArgs, Selection, input, owner};
use crate::check::{Against, Settings};
use crate::cluster::ConfigProblem;
use crate::config::{self, Target};
use crate::lints::File;
use crate::parser::{self, Policy, Source, Sources, Spanned, shorten};
use crate::reference::{self, Features, RefStatement};

/// Why a job cannot be made.
pub(super) enum Fault {
    /// Something outside of the configuration.
    Run(Error),
    /// A mistake in the configuration.
    Mistake(ConfigProblem),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::Run(error)
    }
}

/// Whether there is something to read.
fn is_file(name: &str) -> bool {
    fs::metadata(name).is_ok_and(|about| !about.is_dir())
}

/// The files that a target names in one place.
fn policies(
    configuration: &Configuration,
    pattern: &Spanned<String>,
) -> Result<Vec<String>, ConfigProblem> {
    let wrong = |message: String, help: String| {
        Err(ConfigProblem::new(message, pattern.span).with_help(help))
    };
    let found = match configuration.expand(&pattern.value) {
        Ok(found) => found,
        Err(error) => {
            let help = if pattern.value.contains('\\') {
                "write `/` between folders, on Windows too"
            } else {
                "paths are relative to this file"
            };
            return wrong(error.to_string(), help.to_owned());
        }
    };
    match found.iter().find(|name| Path::new(name).is_dir()) {
        Some(folder) => wrong(
            format!("`{}` is a folder, not a policy", shorten(folder)),
            format!(
                "name the files in it, for example \"{}/*.json\"",
                pattern.value.trim_end_matches('/')
            ),
        ),
        None => Ok(found),
    }
}

/// The selection of a reference.
type Asked = (Option<PathBuf>, Selection, Features);

/// Reads what jobs need, each file and each reference once.
pub(super) struct Resolver<'r> {
    args: &'r InputArgs,
    configuration: Option<&'r Configuration>,
    sources: Sources,
    files: Vec<File>,
    by_name: HashMap<String, usize>,
    clusters: BTreeMap<PathBuf, Rc<Configured>>,
    references: Vec<(Asked, Arc<Against>)>,
    /// Placeholders that some reference has.
    known: BTreeSet<String>,
    /// Possible mistakes.
    doubts: BTreeSet<String>,
}

impl<'r> Resolver<'r> {
    pub(super) fn new(
        args: &'r InputArgs,
        configuration: Option<&'r Configuration>,
        sources: Sources,
    ) -> Self {
        Resolver {
            args,
            configuration,
            sources,
            files: Vec::new(),
            by_name: HashMap::new(),
            clusters: BTreeMap::new(),
            references: Vec::new(),
            known: BTreeSet::new(),
            doubts: BTreeSet::new(),
        }
    }

    /// All that was read. What may be mistakes is told on standard error.
    pub(super) fn into_files(self) -> (Sources, Vec<File>) {
        self.doubts.iter().for_each(|doubt| super::warn(doubt));
        (self.sources, self.files)
    }

    pub(super) fn refuse(&self, problems: Vec<ConfigProblem>) -> Error {
        match self.configuration {
            Some(configuration) => configuration.refuse(&self.sources, problems),
            None => Error::NoInputs,
        }
    }

    /// A job for each target of the configuration.
    pub(super) fn targets(&mut self, each: bool) -> Result<Vec<Job>, Error> {
        let configuration = self.configuration.ok_or(Error::NoInputs)?;
        let targets = &configuration.config.targets;
        if targets.is_empty() {
            return Err(Error::NoTargets {
                path: self.sources.get(configuration.source).name().to_owned(),
            });
        }
        let mut jobs = Vec::with_capacity(targets.len());
        let mut problems = Vec::new();
        for target in targets {
            let mut names = Vec::new();
            let before = problems.len();
            for pattern in &target.policies {
                match policies(configuration, pattern) {
                    Ok(found) => names.extend(found),
                    Err(problem) => problems.push(problem),
                }
            }
            if problems.len() > before {
                continue;
            }
            match self.jobs(Some(target), &input::each_once(names), each) {
                Ok(new) => jobs.extend(new),
                Err(Fault::Run(error)) => return Err(error),
                Err(Fault::Mistake(problem)) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            // A value that no target uses is misspelled.
            let unused = configuration.config.defaults.bindings.iter();
            let known: Vec<String> = self.known.iter().cloned().collect();
            for (name, value) in unused.filter(|(name, _)| !self.known.contains(*name)) {
                let message = format!(
                    "no target's reference has a placeholder `{}`",
                    shorten(name)
                );
                let problem = ConfigProblem::new(message, value.span);
                problems.push(problem.with_help(selection::placeholder_hint(name, &known)));
            }
        }
        if problems.is_empty() {
            return Ok(jobs);
        }
        problems.sort_by_key(|problem| problem.span);
        problems.dedup();
        Err(self.refuse(problems))
    }

    /// The jobs for some files: one, or one for each role of the cluster that the files are of; with `each`, for each file.
    pub(super) fn jobs(
        &mut self,
        target: Option<&'r Target>,
        names: &[String],
        each: bool,
    ) -> Result<Vec<Job>, Fault> {
        if each {
            let mut all = Vec::with_capacity(names.len());
            for name in names {
                all.extend(self.jobs(target, std::slice::from_ref(name), false)?);
            }
            return Ok(all);
        }
        let effective = Effective::new(self.args, self.configuration, target)?;
        if effective.reference.is_some() {
            return Ok(vec![self.job(target, names, None)?]);
        }
        let configured = match &effective.cluster_config {
            Some(path) => {
                let read = self.cluster(path);
                Some(read.map_err(|error| effective.fault(error, target))?)
            }
            None => None,
        };
        let at: Vec<usize> = names.iter().map(|name| self.file(name)).collect();
        let files: Vec<&File> = at.iter().filter_map(|at| self.files.get(*at)).collect();
        let owned = owner::owned(&files, &self.sources, configured.as_deref())?;
        let Some(owned) = owned else {
            return Ok(vec![self.job(target, names, None)?]);
        };
        if let Some(asked) = effective.selection.role() {
            let meant = reference::roles_called(asked);
            if let Some((role, reason)) = owned.roles.first()
                && !owned.roles.iter().any(|(role, _)| meant.contains(role))
            {
                self.doubts
                    .insert(format!("{reason}; judged as role {asked}, not {role}"));
            }
            return Ok(vec![self.job(target, names, None)?]);
        }
        self.doubts.extend(owned.doubt);
        if owned.roles.is_empty() {
            return Ok(vec![self.job(target, names, None)?]);
        }
        let mut all = Vec::with_capacity(owned.roles.len());
        for role in owned.roles {
            all.push(self.job(target, names, Some(role))?);
        }
        // Requirements of another role of the cluster are no excess.
        let references: Vec<Arc<Against>> = all.iter().map(|j| Arc::clone(&j.against)).collect();
        for (at, job) in all.iter_mut().enumerate() {
            let others = references
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != at);
            job.settings.shared_with = others.map(|(_, other)| Arc::clone(other)).collect();
        }
        Ok(all)
    }

    /// `owned` is the role of the cluster that the files are of, and why.
    fn job(
        &mut self,
        target: Option<&'r Target>,
        names: &[String],
        owned: Option<(&'static str, String)>,
    ) -> Result<Job, Fault> {
        let mut effective = Effective::new(self.args, self.configuration, target)?;
        let mut role_reason = None;
        if let Some((role, reason)) = owned {
            effective.selection.role = Some(role.to_owned());
            role_reason = Some(reason);
        }
        if let Some((name, span)) = effective.limits.iter().find(|(name, _)| !is_file(name)) {
            let message = format!("`{}` is not a file", shorten(name));
            let problem = ConfigProblem::new(message, *span);
            let help = "paths are relative to this file, and no patterns here";
            return Err(Fault::Mistake(problem.with_help(help)));
        }
        let fault = |error: Error| effective.fault(error, target);
        let mut features =
            Features::from_names(effective.selection.feature.iter().map(String::as_str))
                .map_err(|error| fault(error.into()))?;
        let configured = match &effective.cluster_config {
            Some(path) => Some(self.cluster(path).map_err(fault)?),
            None => None,
        };
        let selection = match &configured {
            Some(configured) => {
                configured.features(&mut features);
                configured.complete(&effective.selection).map_err(fault)?
            }
            None => effective.selection.clone(),
        };
        let asked = selection.pcluster_version.is_some();
        let mut selection = selection;
        let mut version_reason = None;
        if let Some(configured) = &configured
            && effective.selection.pcluster_version.is_none()
        {
            version_reason = Some(configured.release_reason());
        }
        if !asked && effective.reference.is_none() {
            let files: Vec<usize> = names.iter().map(|name| self.file(name)).collect();
            let policies = files.iter().filter_map(|file| self.files.get(*file));
            let policies = policies.flat_map(|file| &file.document.policies);
            let strings = policies.flat_map(Policy::strings);
            let (role, scheduler) = (selection.role(), selection.scheduler.as_deref());
            let chosen = reference::default_release(role, scheduler, &features, strings);
            version_reason = Some(chosen.reason);
            selection.pcluster_version = Some(chosen.release.to_owned());
        }
        self.doubts.extend(selection::later_patch(&selection));
        let against = self
            .against(effective.reference.as_deref(), &selection, &features)
            .map_err(fault)?;
        let against = match configured.as_ref().and_then(|c| c.setting()) {
            Some(setting) if effective.reference.is_none() => {
                Arc::new(against.for_setting(setting))
            }
            None if effective.reference.is_none() => Arc::new(against.for_images()),
            _ => against,
        };
        let mut given = self.configured_bindings(target, &against)?;
        given.extend(selection::given(&selection, &against).map_err(fault)?);
        for (_, _, from) in &mut given {
            if let (Some(span), Some(configuration)) = (effective.origin(from), self.configuration)
            {
                *from = configuration.place(&self.sources, span);
            }
        }
        if let Some(bad) = effective
            .attached
            .iter()
            .find(|a| config::policy_arn(a).is_err())
            && let Err((reason, help)) = config::policy_arn(bad)
        {
            return Err(Fault::Run(Error::BadValue {
                option: "--attached",
                value: bad.clone(),
                reason: reason.to_owned(),
                help,
            }));
        }
        let regions = given.iter().filter(|(name, ..)| name == "Region");
        let doubts = regions
            .filter_map(|(_, region, _)| config::doubtful_region(region))
            .chain(
                effective
                    .attached
                    .iter()
                    .filter_map(|a| config::doubtful_policy(a)),
            );
        self.doubts.extend(doubts);
        let taken = configured.as_ref();
        let taken = taken.map(|c| c.used(&effective.selection, &given));
        let settings = Settings {
            target: target.map(|t| t.name.value.clone()),
            given: selection::all_given(given, configured.as_deref(), &self.sources),
            version_given: asked,
            version_reason,
            role_reason,
            attached: effective.attached,
            cluster_config: taken,
            reference_file: effective
                .reference
                .map(|path| path.to_string_lossy().into_owned()),
            context: effective.context,
            keep: self.kept(),
            ..Settings::default()
        };
        self.doubts.extend(selection::contradictions(
            &settings.given,
            &settings.context,
        ));
        let files: Vec<usize> = names.iter().map(|name| self.file(name)).collect();
        let attached = self.attached(&settings.attached, &files);
        Ok(Job {
            attached,
            boundary: effective.boundary.map(|name| self.file(&name)),
            scps: effective
                .scps
                .iter()
                .map(|level| level.iter().map(|name| self.file(name)).collect())
                .collect(),
            files,
            against,
            settings,
            features,
        })
    }

    /// What the configuration says to keep, with its index; what has expired does not count.
    fn kept(&self) -> Vec<RefStatement> {
        let Some(configuration) = self.configuration else {
            return Vec::new();
        };
        let today = config::today(env::var("SOURCE_DATE_EPOCH").ok().as_deref());
        let keeps = configuration.config.keeps.iter().enumerate();
        let keeps = keeps.filter(|(_, keep)| !keep.has_expired(today));
        let texts = |list: &[Spanned<String>]| list.iter().map(|t| t.value.clone()).collect();
        keeps
            .map(|(at, keep)| RefStatement::allow(at, texts(&keep.actions), texts(&keep.resources)))
            .collect()
    }

    /// The texts of AWS managed policies that the role has: those that are given, and those that its files name.
    fn attached(&mut self, given: &[String], files: &[usize]) -> Vec<usize> {
        let files = files.iter().filter_map(|at| self.files.get(*at));
        let named = files.flat_map(|f| &f.document.named);
        let named = named.filter_map(|name| name.strip_prefix("attached-policy:"));
        let arns: BTreeSet<String> = named
            .chain(given.iter().map(String::as_str))
            .map(str::to_owned)
            .collect();
        let mut all = Vec::new();
        for arn in arns {
            let Some(text) = reference::managed_text(&arn) else {
                continue;
            };
            let known = self.by_name.get(&arn).copied();
            let at = known.unwrap_or_else(|| {
                let source = self.sources.add(Source::new(&arn, text));
                let document = parser::parse(source, self.sources.get(source));
                self.files.push(File { source, document });
                let at = self.files.len() - 1;
                self.by_name.insert(arn, at);
                at
            });
            all.push(at);
        }
        all
    }

    /// Reads a file, unless it was read before.
    fn file(&mut self, name: &str) -> usize {
        if let Some(known) = self.by_name.get(name) {
            return *known;
        }
        let shown = self.args.stdin_filename.as_deref().filter(|_| name == "-");
        let path = shown.unwrap_or(name);
        let configuration = self.configuration.filter(|_| path != "-");
        let identity = configuration.and_then(|c| c.identity(path));
        let file = input::load_as(name, shown, identity, &mut self.sources);
        self.files.push(file);
        let at = self.files.len() - 1;
        self.by_name.insert(name.to_owned(), at);
        at
    }

    fn cluster(&mut self, path: &Path) -> Result<Rc<Configured>, Error> {
        if let Some(known) = self.clusters.get(path) {
            return Ok(Rc::clone(known));
        }
        let read = Rc::new(Configured::read(path, &mut self.sources)?);
        self.clusters.insert(path.to_owned(), Rc::clone(&read));
        Ok(read)
    }

    /// The reference, made once for all jobs that ask for the same.
    fn against(
        &mut self,
        file: Option<&Path>,
        selection: &Selection,
        features: &Features,
    ) -> Result<Arc<Against>, Error> {
        let asked = (
            file.map(Path::to_owned),
            Selection {
                scheduler: selection.scheduler.clone(),
                role: selection.role.clone(),
                pcluster_version: selection.pcluster_version.clone(),
                image: selection.image,
                ..Selection::default()
            },
            features.clone(),
        );
        if let Some((_, known)) = self.references.iter().find(|(other, _)| *other == asked) {
            return Ok(Arc::clone(known));
        }
        let against = Arc::new(match file {
            Some(path) => selection::from_file(path, &mut self.sources)?,
            None => Against::select(selection, features)?,
        });
        self.known.extend(selection::known_placeholders(&against));
        self.references.push((asked, Arc::clone(&against)));
        Ok(against)
    }

    /// The values that the configuration gives to placeholders, those of the target last. At the top level they are for
    /// whichever reference has such a placeholder.
    fn configured_bindings(
        &self,
        target: Option<&Target>,
        against: &Against,
    ) -> Result<Vec<Given>, Fault> {
        let Some(configuration) = self.configuration else {
            return Ok(Vec::new());
        };
        let defaults = &configuration.config.defaults.bindings;
        let own = target.map(|t| &t.options.bindings);
        if defaults.is_empty() && own.is_none_or(BTreeMap::is_empty) {
            return Ok(Vec::new());
        }
        let known = selection::known_placeholders(against);
        let place = |value: &Spanned<String>| configuration.place(&self.sources, value.span);
        let mut given = Vec::new();
        for (name, value) in defaults.iter().filter(|(name, _)| known.contains(*name)) {
            given.push((name.clone(), value.value.clone(), place(value)));
        }
        for (name, value) in own.into_iter().flatten() {
            if !known.contains(name) {
                let message = format!("the reference has no placeholder `{}`", shorten(name));
                let problem = ConfigProblem::new(message, value.span);
                let problem = problem.with_help(selection::placeholder_hint(name, &known));
                return Err(Fault::Mistake(problem));
            }
            given.push((name.clone(), value.value.clone(), place(value)));
        }
        Ok(given)
    }
}
