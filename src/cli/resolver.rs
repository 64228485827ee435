//! One job after the other: what holds for it, its reference, its bindings and its files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::cluster::Configured;
use super::config::Configuration;
use super::dump::Dump;
use super::effective::Effective;
use super::input::{self, Loaded};
use super::jobs::Job;
use super::selection::{self, Given};
use super::template::{self, Chosen, Narrowing, Template};
use super::{Error, InputArgs, Selection, Unresolved, owner};
use crate::check::{Against, Settings};
use crate::cluster::ConfigProblem;
use crate::config::{self, Target};
use crate::inventory::{Inventory, Kind, terraform};
use crate::lints::File;
use crate::parser::dump::Pages;
use crate::parser::{self, Policy, Source, SourceId, Sources, Spanned, shorten};
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
    let is_folder = |name: &&String| {
        let path = Path::new(name.as_str());
        path.is_dir() && !terraform::is_module(path)
    };
    match found.iter().find(is_folder) {
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

/// Names of roles that an error lists.
const SHOWN: usize = 20;

/// What a file turned out to be.
#[derive(Clone, Copy)]
enum Read {
    /// Index into the files.
    Policies(usize),
    /// Index into the templates.
    Template(usize),
    /// Index into the pages of dumps.
    Pages(usize),
}

/// A step from one list of candidates to another one.
#[derive(PartialEq, Eq, Hash)]
enum Step {
    /// For a cluster configuration.
    Setting(PathBuf),
    /// For the building of images.
    Images,
    /// For a principal.
    Narrowed(Narrowing),
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
    templates: Vec<Template>,
    pages: Vec<(SourceId, Pages)>,
    /// The template that some pages are together.
    dumps: HashMap<Vec<usize>, usize>,
    /// Files that define several roles, by their names and by what they are evaluated with.
    read: HashMap<String, Read>,
    parameters: BTreeMap<String, String>,
    clusters: BTreeMap<PathBuf, Rc<Configured>>,
    references: Vec<(Asked, Arc<Against>)>,
    /// Candidates made of others, by the address of these: the roles of an account share them.
    derived: HashMap<(usize, Step), Arc<Against>>,
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
            templates: Vec::new(),
            pages: Vec::new(),
            dumps: HashMap::new(),
            read: HashMap::new(),
            parameters: BTreeMap::new(),
            clusters: BTreeMap::new(),
            references: Vec::new(),
            derived: HashMap::new(),
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

    /// The jobs of some files: one for the policies of one role, and one for each role that a template defines.
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
        if let Some((name, span)) = effective.limits.iter().find(|(name, _)| !is_file(name)) {
            let message = format!("`{}` is not a file", shorten(name));
            let problem = ConfigProblem::new(message, *span);
            let help = "paths are relative to this file, and no patterns here";
            return Err(Fault::Mistake(problem.with_help(help)));
        }
        let select = match target.map(|t| &t.select) {
            Some(own) if self.args.select.is_empty() => {
                own.iter().map(|s| s.value.clone()).collect()
            }
            _ => self.args.select.clone(),
        };
        let mut plain = Vec::new();
        let mut templates = Vec::new();
        let (modules, names) = input::modules(names);
        for (folder, files) in modules {
            templates.push(self.module(&folder, &files)?);
        }
        let mut pages = Vec::new();
        for name in &names {
            match self.read(name, &effective)? {
                Read::Policies(file) => plain.push(file),
                Read::Template(template) => templates.push(template),
                Read::Pages(at) => pages.push(at),
            }
        }
        if !pages.is_empty() {
            templates.push(self.dump(pages));
        }
        let mut chosen: Vec<(usize, usize)> = Vec::new();
        // Files in which nothing is judged.
        let mut empty: Vec<String> = Vec::new();
        for template in &templates {
            let Some(of) = self.templates.get(*template) else {
                continue;
            };
            if of.inventory.principals.is_empty() {
                let unread = template::unread(&of.inventory, &mut self.files);
                if unread.is_empty() {
                    empty.push(of.name.clone());
                }
                plain.extend(unread);
            }
            let all = of.inventory.principals.iter().enumerate();
            let all =
                all.filter(|(_, p)| select.is_empty() || select.iter().any(|s| p.is_named(s)));
            chosen.extend(all.map(|(at, _)| (*template, at)));
        }
        for name in &select {
            self.is_selected(name, &templates)?;
        }
        // The files of one role, where one is selected, are that role's.
        let together = chosen.len() == 1 && !plain.is_empty();
        let mut jobs = Vec::new();
        self.name_empty(plain.first(), &empty);
        if templates.is_empty() || !together && !plain.is_empty() {
            jobs.extend(self.owned_jobs(target, &effective, &plain, None)?);
        }
        for (template, at) in chosen {
            let Some(of) = self.templates.get_mut(template) else {
                continue;
            };
            let principal = template::settings(of, at, &mut self.sources, &mut self.files);
            let Some((mut principal, own)) = principal else {
                continue;
            };
            self.name_empty(own.first(), &empty);
            principal.is_named = !select.is_empty();
            let beside = plain.iter().copied().filter(|_| together);
            let files: Vec<usize> = own.into_iter().chain(beside).collect();
            let principal = Some((principal, template, at));
            jobs.extend(self.owned_jobs(target, &effective, &files, principal)?);
        }
        Ok(jobs)
    }

    /// Lists files without a role or policy among what was not checked of a file.
    fn name_empty(&mut self, at: Option<&usize>, empty: &[String]) {
        if let Some(file) = at.and_then(|at| self.files.get_mut(*at)) {
            let names = empty.iter().take(SHOWN);
            for name in names.map(|name| format!("no-roles:{name}")) {
                if !file.document.named.contains(&name) {
                    file.document.named.push(name);
                }
            }
        }
    }

    /// The jobs for the files of one IAM role: one, or one for each role of the cluster that it is.
    fn owned_jobs(
        &mut self,
        target: Option<&'r Target>,
        effective: &Effective,
        files: &[usize],
        principal: Option<(Chosen, usize, usize)>,
    ) -> Result<Vec<Job>, Fault> {
        if effective.reference.is_some() {
            return Ok(vec![self.job(target, effective, files, None, principal)?]);
        }
        let configured = match &effective.cluster_config {
            Some(path) => {
                let read = self.cluster(path);
                Some(read.map_err(|error| effective.fault(error, target))?)
            }
            None => None,
        };
        let own: Vec<&File> = files.iter().filter_map(|at| self.files.get(*at)).collect();
        let owned = owner::owned(&own, &self.sources, configured.as_deref())?;
        let Some(owned) = owned else {
            return Ok(vec![self.job(target, effective, files, None, principal)?]);
        };
        if let Some(asked) = effective.selection.role() {
            let meant = reference::roles_called(asked);
            if let Some((role, reason)) = owned.roles.first()
                && !owned.roles.iter().any(|(role, _)| meant.contains(role))
            {
                self.doubts
                    .insert(format!("{reason}; judged as role {asked}, not {role}"));
            }
            return Ok(vec![self.job(target, effective, files, None, principal)?]);
        }
        // A template has roles that are none of the cluster's.
        self.doubts
            .extend(owned.doubt.filter(|_| principal.is_none()));
        if owned.roles.is_empty() {
            return Ok(vec![self.job(target, effective, files, None, principal)?]);
        }
        let mut all = Vec::with_capacity(owned.roles.len());
        for role in owned.roles {
            let principal = principal.clone();
            all.push(self.job(target, effective, files, Some(role), principal)?);
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

    /// Whether a name of `--select` is that of some principal.
    fn is_selected(&self, name: &str, templates: &[usize]) -> Result<(), Error> {
        let all = templates.iter().filter_map(|t| self.templates.get(*t));
        let all: Vec<_> = all.flat_map(|t| &t.inventory.principals).collect();
        if all.iter().any(|p| p.is_named(name)) {
            return Ok(());
        }
        let names: Vec<&str> = all.iter().map(|p| p.name.as_str()).take(SHOWN).collect();
        Err(Error::BadValue {
            option: "--select",
            value: name.to_owned(),
            reason: "no file defines a role of that name".to_owned(),
            help: if names.is_empty() {
                "select roles of a template; other files are the policies of one role".to_owned()
            } else {
                format!("expected one of: {}", names.join(", "))
            },
        })
    }

    /// Reads a file that may define several roles, unless it was read before.
    fn read(&mut self, name: &str, effective: &Effective) -> Result<Read, Error> {
        let selection = &effective.selection;
        let configured = match &effective.cluster_config {
            Some(path) => self.cluster(path).ok(),
            None => None,
        };
        let region = configured.as_ref().and_then(|c| c.region());
        let region = selection.region.as_deref().or(region);
        let (account, partition) = (selection.account.as_deref(), selection.partition.as_deref());
        let key = format!("{name}\u{1f}{region:?}\u{1f}{account:?}\u{1f}{partition:?}");
        if let Some(known) = self.read.get(&key) {
            return Ok(*known);
        }
        if let Some(known) = self.by_name.get(name) {
            return Ok(Read::Policies(*known));
        }
        if self.parameters.is_empty() {
            self.parameters = template::parameters(self.args)?;
        }
        let given = template::given(&self.parameters, region, account, partition);
        let (shown, identity) = self.named(name);
        let shown = shown.map(str::to_owned);
        let loaded = input::load_any(name, shown.as_deref(), identity, &mut self.sources, &given);
        let read = match loaded {
            Loaded::Policies(file) => {
                self.files.push(file);
                let at = self.files.len() - 1;
                self.by_name.insert(name.to_owned(), at);
                Read::Policies(at)
            }
            Loaded::Template(source, inventory) => {
                Read::Template(self.template(name, Some(source), inventory))
            }
            Loaded::Dump(source, pages) => {
                self.pages.push((source, pages));
                Read::Pages(self.pages.len() - 1)
            }
        };
        self.read.insert(key, read);
        Ok(read)
    }

    /// Keeps what a template or a module defines.
    fn template(
        &mut self,
        name: &str,
        source: Option<SourceId>,
        mut inventory: Inventory,
    ) -> usize {
        if inventory.principals.is_empty()
            && let Some(source) = source
        {
            let own = std::mem::take(&mut inventory.problems).into_iter();
            inventory
                .elsewhere
                .extend(own.map(|problem| (source, problem)));
        }

        for parameter in &inventory.unknown_parameters {
            self.doubts.insert(format!(
                "{name} has no parameter `{}`: its value is not used",
                shorten(parameter)
            ));
        }
        self.templates.push(Template {
            name: name.to_owned(),
            inventory,
            limits: BTreeMap::new(),
            dump: None,
        });
        self.templates.len() - 1
    }

    /// Reads the Terraform module of a folder. Where `files` are named, the principals that are in them are judged, or all
    /// of them where none is.
    fn module(&mut self, folder: &str, files: &[String]) -> Result<usize, Error> {
        let key = format!("{folder}\u{1f}{}", files.join("\u{1f}"));
        if let Some(Read::Template(known)) = self.read.get(&key) {
            return Ok(*known);
        }
        if self.parameters.is_empty() {
            self.parameters = template::parameters(self.args)?;
        }
        let given = terraform::Given {
            variables: { self.parameters.iter() }
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            values: { self.args.parameters.iter() }
                .filter(|path| template::is_values(path))
                .cloned()
                .collect(),
            plan: self.args.plan.clone(),
        };
        let path = Path::new(folder);
        let read = terraform::read(path, &given, &mut self.sources);
        let mut inventory = read.map_err(|reason| Error::BadFolder {
            path: folder.to_owned(),
            reason,
        })?;
        let real = |name: &str| fs::canonicalize(name).ok();
        let named: Vec<PathBuf> = files.iter().filter_map(|name| real(name)).collect();
        if !named.is_empty() {
            let is_named =
                |source| real(self.sources.get(source).name()).is_some_and(|p| named.contains(&p));
            let is_in = |p: &crate::inventory::Principal| {
                let mut others = p.documents.iter().flat_map(|d| &d.elsewhere);
                is_named(p.source) || others.any(|(source, _)| is_named(*source))
            };
            if inventory.principals.iter().any(is_in) {
                inventory.principals.retain(is_in);
            }
        }
        let template = self.template(folder, None, inventory);
        self.read.insert(key, Read::Template(template));
        Ok(template)
    }

    /// The pages of a dump, or of several, as one template.
    fn dump(&mut self, pages: Vec<usize>) -> usize {
        if let Some(known) = self.dumps.get(&pages) {
            return *known;
        }
        let all = pages.iter().filter_map(|at| self.pages.get(*at));
        let all: Vec<(SourceId, &Pages)> = all.map(|(source, pages)| (*source, pages)).collect();
        // The last page of a dump says that no other follows.
        if let Some((source, _)) = all.iter().find(|(_, pages)| pages.is_truncated)
            && all.iter().all(|(_, pages)| pages.is_truncated)
        {
            let name = self.sources.get(*source).name();
            self.doubts.insert(format!(
                "{name} is not the last page of its dump: roles and policies of later pages are not known"
            ));
        }
        let (dump, inventory) = Dump::new(&all, &self.sources);
        let names = all
            .iter()
            .map(|(source, _)| self.sources.get(*source).name());
        let name = names.collect::<Vec<_>>().join(", ");
        self.templates.push(Template {
            name,
            inventory,
            limits: BTreeMap::new(),
            dump: Some(dump),
        });
        self.dumps.insert(pages, self.templates.len() - 1);
        self.templates.len() - 1
    }

    /// A job for some files, or for a principal whose file is the first of them. `owned` is the role of the cluster that the
    /// files are of, and why.
    fn job(
        &mut self,
        target: Option<&'r Target>,
        effective: &Effective,
        files: &[usize],
        owned: Option<(&'static str, String)>,
        principal: Option<(Chosen, usize, usize)>,
    ) -> Result<Job, Fault> {
        let mut role_reason = None;
        let mut as_owned = None;
        if let Some((role, reason)) = owned {
            let mut own = Effective::new(self.args, self.configuration, target)?;
            own.selection.role = Some(role.to_owned());
            as_owned = Some(own);
            role_reason = Some(reason);
        }
        let effective = as_owned.as_ref().unwrap_or(effective);
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
        let against = match configured.as_ref().map(|c| c.setting()) {
            Some(setting) if effective.reference.is_none() => {
                let path = effective.cluster_config.clone().unwrap_or_default();
                self.derived(against, Step::Setting(path), |all| {
                    Some(all.for_setting(setting))
                })
            }
            None if effective.reference.is_none() => {
                self.derived(against, Step::Images, |all| Some(all.for_images()))
            }
            _ => against,
        };
        let narrowing = principal.as_ref().and_then(|(_, template, at)| {
            let of = self.templates.get(*template)?;
            of.inventory.principals.get(*at).map(Narrowing::of)
        });
        let against = match narrowing {
            Some(narrowing) => self.derived(against, Step::Narrowed(narrowing), |all| {
                narrowing.of_candidates(all)
            }),
            None => against,
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
        let is_defined_role = principal.as_ref().is_some_and(|(_, template, at)| {
            let of = self.templates.get(*template);
            let own = of.and_then(|of| of.inventory.principals.get(*at));
            own.is_some_and(|own| matches!(own.kind, Kind::Role | Kind::Function))
        });
        let mut all = files.iter().filter_map(|file| self.files.get(*file));
        let is_role = is_defined_role || all.any(|file| !file.document.owners.is_empty());
        let settings = Settings {
            is_role,
            target: target.map(|t| t.name.value.clone()),
            given: selection::all_given(given, configured.as_deref(), &self.sources),
            version_given: asked,
            version_reason,
            role_reason,
            attached: effective.attached.clone(),
            cluster_config: taken,
            reference_file: { effective.reference.as_ref() }
                .map(|path| path.to_string_lossy().into_owned()),
            context: effective.context.clone(),
            keep: self.kept(),
            accepts_unresolved: self.args.unresolved == Unresolved::Warn,
            ..Settings::default()
        };
        self.doubts.extend(selection::contradictions(
            &settings.given,
            &settings.context,
        ));
        let attached = self.attached(&settings.attached, files);
        let limit = principal.as_ref().and_then(|(chosen, ..)| {
            let setting = chosen.settings.first().filter(|_| chosen.in_dump)?;
            setting.boundary
        });
        let boundary = { effective.boundary.as_ref() }.map(|name| self.file(name));
        Ok(Job {
            attached,
            boundary: boundary.or(limit),
            scps: effective
                .scps
                .iter()
                .map(|level| level.iter().map(|name| self.file(name)).collect())
                .collect(),
            files: files.to_vec(),
            principal: principal.map(|(chosen, ..)| chosen),
            against,
            settings,
            features,
        })
    }

    /// What stands for standard input in the report, and the path that tells a file from others.
    fn named(&self, name: &str) -> (Option<&'r str>, Option<String>) {
        let shown = self.args.stdin_filename.as_deref().filter(|_| name == "-");
        let path = shown.unwrap_or(name);
        let configuration = self.configuration.filter(|_| path != "-");
        (shown, configuration.and_then(|c| c.identity(path)))
    }

    /// Candidates made of others, once; the same ones where `make` changes nothing.
    fn derived(
        &mut self,
        against: Arc<Against>,
        step: Step,
        make: impl FnOnce(&Against) -> Option<Against>,
    ) -> Arc<Against> {
        let key = (Arc::as_ptr(&against) as usize, step);
        let made = self.derived.entry(key);
        // What is in the map keeps its address.
        let made = made.or_insert_with(|| make(&against).map_or(against, Arc::new));
        Arc::clone(made)
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
                self.files.push(File::new(source, document));
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
        let (shown, identity) = self.named(name);
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
