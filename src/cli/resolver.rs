//! Resolves the jobs one after the other: the options that hold for each, its reference, its bindings and its files.

mod absent;
mod job;
mod joined;
mod nesting;
mod owned;
mod principals;
mod used;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::cluster::Configured;
use super::cluster::Given;
use super::config::Configuration;
use super::effective::Effective;
use super::failure::Fault;
use super::input::{self};
use super::job::Job;
use super::role_file::{self, Narrowing, Template};
use super::selection::{self};
use super::{Error, InputArgs, Selection};
use crate::check::Against;
use crate::cluster::ConfigProblem;
use crate::config::Target;
use crate::inventory::terraform;
use crate::lints::File;
use crate::parser::dump::Pages;
use crate::parser::{SourceId, Sources, Spanned, shorten};
use crate::reference::{Created, Features};
use used::Used;

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
    /// Without a cluster configuration.
    NoSetting,
    /// For a role that ParallelCluster created, with a cluster configuration or without one.
    Created(&'static Created, bool),
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
    parameters: role_file::Parameters,
    clusters: BTreeMap<PathBuf, Rc<Configured>>,
    references: Vec<(Asked, Arc<Against>)>,
    /// Candidates made of others, by the address of these: the roles of an account share them.
    derived: HashMap<(usize, Step), Arc<Against>>,
    /// Placeholders that some reference has.
    known: BTreeSet<String>,
    /// Possible mistakes.
    doubts: BTreeSet<String>,
    used: Used,
    /// Permissions boundaries that the policy files at hand name, each with the file that bears the name.
    limits: Vec<(String, usize)>,
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
            used: Used::default(),
            limits: Vec::new(),
        }
    }

    /// All that was read. Possible mistakes are reported on standard error.
    pub(super) fn into_files(self) -> (Sources, Vec<File>, Vec<Template>) {
        self.doubts.iter().for_each(|doubt| super::warn(doubt));
        (self.sources, self.files, self.templates)
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
            self.nest_each(target, names)?;
            let mut all = Vec::with_capacity(names.len());
            for name in names {
                all.extend(self.jobs_together(target, std::slice::from_ref(name))?);
            }
            return Ok(all);
        }
        let mut jobs = self.jobs_together(target, names)?;
        jobs.extend(self.absent_roles(target, &jobs)?);
        Ok(jobs)
    }

    /// The same for files of one role, or of one account.
    fn jobs_together(
        &mut self,
        target: Option<&'r Target>,
        names: &[String],
    ) -> Result<Vec<Job>, Fault> {
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
            templates.push(self.module(&folder, &files, &effective)?);
        }
        let mut pages = Vec::new();
        for name in &names {
            match self.read(name, &effective)? {
                Read::Policies(at) => {
                    if let Some(file) = self.files.get_mut(at) {
                        file.document.refuse_scp();
                    }
                    plain.push(at);
                }
                Read::Template(template) => templates.push(template),
                Read::Pages(at) => pages.push(at),
            }
        }
        if !pages.is_empty() {
            templates.push(self.dump(pages));
        }
        self.nest(&templates);
        let mut chosen: Vec<(usize, usize)> = Vec::new();
        // Files in which nothing is judged.
        let mut empty: Vec<String> = Vec::new();
        for template in &templates {
            let Some(of) = self.templates.get(*template) else {
                continue;
            };
            if of.inventory.principals.is_empty() {
                let unread = role_file::unread(&of.inventory, &mut self.files);
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
        let mut principals = Vec::with_capacity(chosen.len());
        for (template, at) in chosen {
            let Some(of) = self.templates.get_mut(template) else {
                continue;
            };
            let principal = role_file::settings(of, at, &mut self.sources, &mut self.files);
            let Some((mut principal, own)) = principal else {
                continue;
            };
            principal.is_named = !select.is_empty();
            principal.defined = Some((template, at));
            self.join_beside(&mut principal, &own, &plain);
            principals.push((principal, template, at, own));
        }
        let mut rest = plain.clone();
        for (principal, ..) in &principals {
            let taken = || principal.beside.iter().chain(&principal.limits);
            rest.retain(|at| !taken().any(|(_, other)| other == at));
        }
        self.take_limits(&mut rest);
        // The files of one role, where one is selected, are that role's.
        let together = principals.len() == 1;
        let mut jobs = Vec::new();
        self.name_empty(plain.first(), &empty);
        if templates.is_empty() || !together && !rest.is_empty() {
            jobs.extend(self.owned_jobs(target, &effective, &rest, None)?);
        }
        for (principal, template, at, mut files) in principals {
            self.name_empty(files.first(), &empty);
            let is_its = |at: &&usize| {
                together && rest.contains(at) || principal.beside.iter().any(|(_, b)| b == *at)
            };
            files.extend(plain.iter().filter(is_its));
            let is_idle = select.is_empty() && self.is_idle(template, at, &effective);
            let principal = Some((principal, template, at));
            let mut of_principal = self.owned_jobs(target, &effective, &files, principal)?;
            for job in &mut of_principal {
                job.is_other |= is_idle;
            }
            jobs.extend(of_principal);
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
