//! From arguments and configuration to jobs: the roles to judge, each with its files, reference and settings.
//!
//! The command line takes precedence over a target, and that over the top level of the configuration.
//! Values of a cluster configuration come last. Each file is read once, whatever names it.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::chosen::{Chosen, Setting};
use super::config::Configuration;
use super::descriptions::accept_descriptions;
use super::failure::Fault;
use super::job::Job;
use super::resolver::Resolver;
use super::role_file::{self, Template};
use super::{Error, InputArgs, error, input, selection};
use crate::catalog::Catalog;
use crate::check::{self, Against, Settings};
use crate::inert;
use crate::inventory::cloudformation::{self, Given};
use crate::lints::{File, PrincipalName};
use crate::parser::{Attachment, Source, SourceId, Sources, Span};
use crate::reference::Features;

/// Everything that a run judges.
pub(super) struct Jobs {
    pub(super) sources: Sources,
    pub(super) files: Vec<File>,
    /// Files that define several roles.
    pub(super) templates: Vec<Template>,
    pub(super) roles: Vec<Job>,
    pub(super) configuration: Option<Configuration>,
    /// True where the targets of the configuration are judged, false for files of the command line.
    pub(super) from_targets: bool,
    given_catalog: Option<Catalog>,
    shared: OnceLock<Vec<bool>>,
}

impl Jobs {
    pub(super) fn catalog(&self) -> &Catalog {
        let given = self.given_catalog.as_ref();
        given.unwrap_or_else(|| Catalog::embedded())
    }

    /// The settings of a job with the layers that limit its role.
    pub(super) fn settings(&self, job: &Job) -> Settings {
        let attached = |at: &usize, attachment: Attachment| {
            let mut file = self.files.get(*at).cloned()?;
            file.document.attach_as(attachment);
            Some(file)
        };
        let scp = |at: &usize| attached(at, Attachment::Scp);
        let boundary = |at: &usize| attached(at, Attachment::Managed);
        let name = |at: &usize| Some(self.sources.get(self.files.get(*at)?.source).name());
        let is_common = |at: &&usize| name(at).is_some_and(|arn| job.against.is_common(arn));
        Settings {
            common_policies: { job.attached.iter().filter(is_common) }
                .filter_map(|at| Some(self.files.get(*at)?.source))
                .collect(),
            boundary: job.boundary.as_ref().and_then(boundary),
            attached_policies: { job.attached.iter() }
                .filter_map(|at| self.files.get(*at).cloned())
                .collect(),
            scps: job
                .scps
                .iter()
                .map(|level| level.iter().filter_map(scp).collect())
                .collect(),
            ..job.settings.clone()
        }
    }

    /// The files of a job under one setting of the parameters of its template.
    pub(super) fn files_of(&self, job: &Job, setting: &Setting) -> Vec<&File> {
        let principal = job.principal.as_ref();
        let first = principal.and_then(|p| p.settings.first());
        let own = first.map_or(0, |s| s.files.len());
        let others = job.files.iter().skip(own);
        let counts = |at: &&usize| principal.is_none_or(|p| p.has(**at, setting, &self.files));
        let others = others.filter(counts);
        let all = setting.files.iter().chain(others);
        all.filter_map(|at| self.files.get(*at)).collect()
    }

    /// The settings of a job under one setting of the parameters of its template.
    pub(super) fn settings_of(&self, job: &Job, setting: &Setting) -> Settings {
        let mut settings = self.settings(job);
        if settings.boundary.is_none() {
            let beside = || {
                let at = job.principal.as_ref()?.limit(setting, &self.files)?;
                let mut file = self.files.get(at)?.clone();
                file.document.attach_as(Attachment::Managed);
                Some(file)
            };
            let own = setting.boundary.and_then(|at| self.files.get(at)).cloned();
            settings.boundary = own.or_else(beside);
        }
        let files = self.files_of(job, setting);
        let named = files.iter().flat_map(|file| file.document.attached());
        let given = job.settings.attached.iter().map(String::as_str);
        let own: BTreeSet<&str> = named.chain(given).collect();
        let of_setting = |file: &File| own.contains(self.sources.get(file.source).name());
        settings.attached_policies.retain(of_setting);
        settings.parameters.clone_from(&setting.parameters);
        settings
    }

    /// Why no role is judged. `names` are those of principals that resemble no role of `ParallelCluster`.
    pub(super) fn no_roles(&self, names: Vec<String>) -> Error {
        let unmade = self.templates.iter().flat_map(|t| &t.inventory.unmade);
        let unmade: Vec<String> = unmade.map(|name| inert::line(name).to_string()).collect();
        if names.is_empty() && !unmade.is_empty() {
            return Error::NotMade { names: unmade };
        }
        Error::no_roles(names, self.templates.iter().map(|t| &t.name))
    }

    /// Refuses to change a dump: it is a picture of an account.
    ///
    /// # Errors
    ///
    /// [`Error::NotFixable`] with its name.
    pub(super) fn refuse_dumps(&self) -> Result<(), Error> {
        let mut chosen = self.roles.iter().filter_map(|job| job.principal.as_ref());
        match chosen.find(|principal| principal.in_dump) {
            None => Ok(()),
            Some(principal) => Err(Error::NotFixable {
                path: self.sources.get(principal.name.source).name().to_owned(),
                reason: "it is the dump of an account, which shows policies and is not where they are kept".to_owned(),
                help: "change the policy in the account; `missing --select NAME` prints what to add".to_owned(),
            }),
        }
    }

    /// Whether all files of a job are parts of templates.
    pub(super) fn is_of_templates_alone(&self, at: usize) -> bool {
        let Some(job) = self.roles.get(at) else {
            return false;
        };
        let defined = job.principal.as_ref().and_then(|p| p.defined);
        let template = defined.and_then(|(template, _)| self.templates.get(template));
        let mut files = job.files.iter().filter_map(|file| self.files.get(*file));
        template.is_some_and(|template| template.read.is_some())
            && files.all(|file| file.principal.is_some())
    }

    /// Puts another text in the place of a template, and what it says now in the place of its roles. False where it is
    /// read as another template.
    pub(super) fn read_again(&mut self, template: usize, text: String) -> bool {
        let Some(of) = self.templates.get_mut(template) else {
            return false;
        };
        let Some((old, _)) = of.read else {
            return false;
        };
        let old = self.sources.get(old);
        let new = Source::new(old.name(), text).known_as(Some(old.identity().to_owned()));
        let source = self.sources.add(new);
        if !of.read_again(source, &self.sources) {
            return false;
        }
        for job in &mut self.roles {
            let Some(principal) = &mut job.principal else {
                continue;
            };
            let Some((own, at)) = principal.defined.filter(|(own, _)| *own == template) else {
                continue;
            };
            let read = role_file::settings(of, at, &mut self.sources, &mut self.files);
            let Some((mut read, files)) = read else {
                return false;
            };
            let before = principal.settings.first().map_or(0, |s| s.files.len());
            job.files.splice(..before.min(job.files.len()), files);
            read.is_named = principal.is_named;
            read.beside.clone_from(&principal.beside);
            read.limits.clone_from(&principal.limits);
            read.defined = Some((own, at));
            *principal = read;
        }
        true
    }

    /// Takes back what the configuration says to keep: `--no-ignores` accepts nothing.
    pub(super) fn keep_nothing(&mut self) {
        for job in &mut self.roles {
            job.settings.keep.clear();
        }
    }

    /// The role of a job, taken out of the run to be changed; [`Jobs::take_back`] puts it in again.
    pub(super) fn lend(&mut self, at: usize) -> Option<Loaded> {
        let job = self.roles.get(at)?;
        let shared = self.shared();
        let shared = |file: &usize| shared.get(*file).copied().unwrap_or_default();
        Some(Loaded {
            shared: job.files.iter().map(shared).collect(),
            files: self.policies(job).into_iter().cloned().collect(),
            against: Arc::clone(&job.against),
            settings: match job.principal.as_ref().and_then(|p| p.settings.first()) {
                Some(setting) => self.settings_of(job, setting),
                None => self.settings(job),
            },
            features: job.features.clone(),
            values: { job.principal.iter() }
                .filter_map(|p| p.settings.first())
                .flat_map(|setting| setting.values.clone())
                .collect(),
            written: { job.principal.iter() }
                .find(|p| !p.in_dump)
                .map(|p| p.name.source),
            template: { job.principal.as_ref() }.and_then(|p| self.template_role(p)),
            sources: std::mem::take(&mut self.sources),
            given_catalog: self.given_catalog.take(),
        })
    }

    fn template_role(&self, principal: &Chosen) -> Option<TemplateRole> {
        let (template, at) = principal.defined?;
        let template = self.templates.get(template)?;
        let (source, given) = template.read.clone()?;
        Some(TemplateRole {
            source,
            given,
            at,
            name: Arc::clone(&principal.name),
            settings: principal.settings.len(),
            shared: template.shared_with_others(at),
        })
    }

    /// For each file whether it, under whatever name, is one of several roles, or a layer.
    fn shared(&self) -> &[bool] {
        self.shared.get_or_init(|| {
            let path = |file: &File| {
                let name = self.sources.get(file.source).name();
                fs::canonicalize(name).unwrap_or_else(|_| name.into())
            };
            let paths: Vec<PathBuf> = self.files.iter().map(path).collect();
            let mut uses: HashMap<&Path, usize> = HashMap::new();
            for job in &self.roles {
                let own: BTreeSet<&PathBuf> =
                    job.files.iter().filter_map(|at| paths.get(*at)).collect();
                let limits = job.limits().filter_map(|at| paths.get(*at));
                let counted = own.into_iter().map(|path| (path, 1));
                for (path, count) in counted.chain(limits.map(|path| (path, 2))) {
                    *uses.entry(path).or_default() += count;
                }
            }
            let uses = paths.iter().map(|path| uses.get(path.as_path()));
            uses.map(|uses| uses.is_some_and(|uses| *uses > 1))
                .collect()
        })
    }

    /// Puts in what a role became.
    pub(super) fn take_back(&mut self, at: usize, loaded: Loaded) {
        self.sources = loaded.sources;
        self.given_catalog = loaded.given_catalog;
        let Some(job) = self.roles.get(at) else {
            return;
        };
        for (place, file) in job.files.iter().zip(loaded.files) {
            if let Some(old) = self.files.get_mut(*place) {
                *old = file;
            }
        }
    }

    /// The files of a job.
    pub(super) fn policies(&self, job: &Job) -> Vec<&File> {
        job.files
            .iter()
            .filter_map(|at| self.files.get(*at))
            .collect()
    }
}

/// A role of a template.
pub(super) struct TemplateRole {
    pub(super) source: SourceId,
    given: Given,
    at: usize,
    name: Arc<PrincipalName>,
    /// How many settings of parameters there are.
    pub(super) settings: usize,
    /// The places of policies that others have, too.
    pub(super) shared: Vec<Span>,
}

impl TemplateRole {
    /// The role in another text of its template.
    pub(super) fn read(&self, id: SourceId, source: &Source) -> File {
        let inventory = cloudformation::read(id, source, &self.given);
        let inventory = inventory.and_then(Result::ok).unwrap_or_default();
        let principal = inventory.principals.get(self.at);
        let principal = principal.filter(|p| p.name == self.name.name);
        let document = principal.and_then(|p| p.documents.first());
        let document = document.cloned().unwrap_or_default();
        File::of(&document, id, Some(&self.name))
    }
}

/// One role and all that is judged of it, for what is asked about a single role.
pub(super) struct Loaded {
    pub(super) sources: Sources,
    pub(super) files: Vec<File>,
    /// For each file whether it also is another role's, or a layer: what this role does not need may be needed there.
    pub(super) shared: Vec<bool>,
    pub(super) against: Arc<Against>,
    pub(super) settings: Settings,
    pub(super) features: Features,
    /// The values of the parameters that may have several.
    pub(super) values: Vec<(String, String)>,
    /// The template or the file of Terraform code that defines the role.
    pub(super) written: Option<SourceId>,
    /// The role in its template, to be read again.
    pub(super) template: Option<TemplateRole>,
    given_catalog: Option<Catalog>,
}

impl Loaded {
    pub(super) fn catalog(&self) -> &Catalog {
        let given = self.given_catalog.as_ref();
        given.unwrap_or_else(|| Catalog::embedded())
    }
}

/// The same role under another setting of the parameters of its template.
pub(super) struct OtherSetting {
    pub(super) values: Vec<(String, String)>,
    pub(super) files: Vec<File>,
    pub(super) settings: Settings,
}

/// Reads the one role that the arguments are about, under each setting of its parameters.
///
/// # Errors
///
/// As [`resolve`], and [`Error::OneRole`].
pub(super) fn load(args: &InputArgs) -> Result<(Loaded, Vec<OtherSetting>), Error> {
    let jobs = resolve(args, false)?;
    let mut others = Vec::new();
    if let Some(job) = jobs.roles.first() {
        let settings = job.principal.iter().flat_map(|p| &p.settings).skip(1);
        others.extend(settings.map(|setting| OtherSetting {
            values: setting.values.clone(),
            files: jobs.files_of(job, setting).into_iter().cloned().collect(),
            settings: jobs.settings_of(job, setting),
        }));
    }
    Ok((one(jobs)?, others))
}

/// The same for a command that edits files, with the configuration.
///
/// # Errors
///
/// As [`load`], and [`Error::NotFixable`] for a dump.
pub(super) fn load_to_edit(args: &InputArgs) -> Result<(Loaded, Option<Configuration>), Error> {
    let mut jobs = resolve(args, false)?;
    jobs.refuse_dumps()?;
    let configuration = jobs.configuration.take();
    Ok((one(jobs)?, configuration))
}

fn one(mut jobs: Jobs) -> Result<Loaded, Error> {
    jobs.roles.retain(|job| !job.is_absent);
    match jobs.roles.len() {
        1 => jobs.lend(0).ok_or(Error::NoInputs),
        count if jobs.from_targets => Err(Error::OneRole { count }),
        0 => Err(jobs.no_roles(Vec::new())),
        count => {
            let principals = jobs.roles.iter().filter_map(|job| job.principal.as_ref());
            let mut names: Vec<String> = Vec::new();
            for name in principals.map(|p| &p.name.name) {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            let help = if names.is_empty() {
                "pass the policy files of one role".to_owned()
            } else {
                format!("choose one with --select NAME: {}", error::shown(&names))
            };
            Err(Error::OneOfRoles { count, help })
        }
    }
}

/// Finds out what is to be judged, and reads it. What is wrong with the policies is in their documents.
///
/// # Errors
///
/// [`Error::Drawn`] with every mistake of the configuration; what is wrong on the command line.
pub(super) fn resolve(args: &InputArgs, each: bool) -> Result<Jobs, Error> {
    let mut sources = Sources::new();
    let configuration = Configuration::find(args, &mut sources)?;
    if let Some(path) = &args.stdin_filename
        && path.is_empty()
    {
        return Err(Error::BadValue {
            option: "--stdin-filename",
            value: path.clone(),
            reason: "it names no file".to_owned(),
            help: "give the path that the report is to show, or leave the option out".to_owned(),
        });
    }
    if let Some(path) = &args.stdin_filename
        && !args.files.iter().any(|file| file == "-")
    {
        return Err(Error::BadValue {
            option: "--stdin-filename",
            value: path.clone(),
            reason: "standard input is not read".to_owned(),
            help: "name `-` among the files".to_owned(),
        });
    }
    let given_catalog = match &args.catalog {
        Some(path) => Some(selection::catalog(path)?),
        None => None,
    };
    let mut resolver = Resolver::new(args, configuration.as_ref(), sources);
    let jobs;
    let from_targets = args.files.is_empty();
    if from_targets {
        jobs = resolver.targets(each)?;
    } else {
        let names = input::expand(&args.files)?;
        match resolver.jobs(None, &names, each) {
            Ok(all) => jobs = all,
            Err(Fault::Run(error)) => return Err(error),
            Err(Fault::Mistake(problem)) => return Err(resolver.refuse(vec![problem])),
        }
    }
    resolver.refuse_unused()?;
    let (sources, mut files, templates) = resolver.into_files();
    accept_descriptions(&mut files, &jobs);
    let jobs = Jobs {
        sources,
        files,
        templates,
        roles: jobs,
        configuration,
        from_targets,
        given_catalog,
        shared: OnceLock::new(),
    };
    bound(&jobs)?;
    Ok(jobs)
}

/// Refuses references of the user's own that ask for more than is judged, or for nothing.
fn bound(jobs: &Jobs) -> Result<(), Error> {
    for job in &jobs.roles {
        let Some(path) = &job.settings.reference_file else {
            continue;
        };
        for reference in job.against.references() {
            let statements = reference.statements.len();
            if check::asks_too_much(jobs.catalog(), reference) {
                return Err(Error::BadReference {
                    path: path.clone(),
                    reason: format!(
                        "its {statements} statements list more actions than AWS has, repeated ones counted each time"
                    ),
                    help: "name each action, or its wildcard, once".to_owned(),
                });
            }
            if !check::requires_anything(jobs.catalog(), reference, &job.settings) {
                let place = reference.place.as_deref().unwrap_or(path);
                return Err(Error::BadReference {
                    path: path.clone(),
                    reason: format!(
                        "{place}: it requires nothing, because no Allow statement names an action together with a resource that it applies to"
                    ),
                    help: "give a policy that allows what the role must be able to do".to_owned(),
                });
            }
        }
    }
    Ok(())
}
