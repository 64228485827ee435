//! One role to judge, with its policies and the reference.

use std::collections::BTreeSet;
use std::env;
use std::sync::Arc;

use super::owned::Whose;
use super::{Fault, Resolver, Step};
use crate::catalog::Catalog;
use crate::check::{self, Against, Settings};
use crate::cli::boundary::managed_boundary;
use crate::cli::chosen::Chosen;
use crate::cli::conceal::conceal;
use crate::cli::effective::Effective;
use crate::cli::job::Job;
use crate::cli::owner;
use crate::cli::role_file::Narrowing;
use crate::cli::selection::{self};
use crate::cli::{Error, Selection, Unresolved};
use crate::config::{self, Target};
use crate::lints::File;
use crate::parser::{self, Effect, Policy, Source, Spanned, Statement};
use crate::reference::{self, Features, RefStatement};

impl<'r> Resolver<'r> {
    /// Whether some files fit a role of the newest 3.x better than each of the default release.
    fn fits_newer(&mut self, selection: &Selection, features: &Features, files: &[usize]) -> bool {
        let mut of = |release: &str| {
            let asked = Selection {
                pcluster_version: Some(release.to_owned()),
                ..selection.clone()
            };
            self.against(None, &asked, features).ok()
        };
        let (Some(newer), Some(default)) = (of("3"), of(reference::DEFAULT_RELEASE)) else {
            return false;
        };
        let policies = files.iter().filter_map(|file| self.files.get(*file));
        let policies: Vec<&Policy> = policies.flat_map(|f| &f.document.policies).collect();
        let settings = Settings::default();
        check::oversize(policies.iter().copied()).is_none()
            && check::fits_better(Catalog::embedded(), &policies, &newer, &default, &settings)
    }

    /// A job for some files, or for a principal whose file is the first of them.
    pub(super) fn job(
        &mut self,
        target: Option<&'r Target>,
        effective: &Effective,
        files: &[usize],
        whose: Whose,
        principal: Option<(Chosen, usize, usize)>,
    ) -> Result<Job, Fault> {
        let mut role_reason = None;
        let mut as_owned = None;
        if let Some((role, reason)) = whose.role {
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
            let mut chosen = reference::default_release(role, scheduler, &features, strings);
            let in_dump = { principal.as_ref() }.is_some_and(|(chosen, ..)| chosen.in_dump);
            if chosen.is_open && !in_dump && self.fits_newer(&selection, &features, files) {
                chosen.release = "3";
                chosen.reason = format!(
                    "the policies fit its role better than those of {}",
                    reference::DEFAULT_RELEASE
                );
            }
            if let Some(last) = whose.created.and_then(|created| created.last.as_deref()) {
                chosen.release = last;
                "newer releases create no role of this name".clone_into(&mut chosen.reason);
            }
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
                self.derived(against, Step::NoSetting, |all| Some(all.without_setting()))
            }
            _ => against,
        };
        let is_configured = configured.is_some();
        let against = match whose.created {
            Some(created) => self.derived(against, Step::Created(created, is_configured), |all| {
                Some(all.as_created(created, is_configured))
            }),
            None => against,
        };
        let narrowing = principal.as_ref().and_then(|(_, template, at)| {
            let of = self.templates.get(*template)?;
            of.inventory.principals.get(*at).map(Narrowing::of)
        });
        let narrowing = match whose.created {
            Some(created) => Some(narrowing.unwrap_or(Narrowing::UNKNOWN).named(created)),
            None => narrowing,
        };
        let wide = Arc::clone(&against);
        let is_excluded = narrowing.is_some_and(|narrowing| narrowing.excludes_all(&against));
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
        if let Some(configured) = &configured {
            let doubts = configured.contradictions(&selection, &given, &self.sources);
            self.doubts.extend(doubts);
        }
        let taken = configured.as_ref();
        let taken = taken.map(|c| c.used(&effective.selection, &given));
        let defined = principal.as_ref().and_then(|(_, template, at)| {
            let of = self.templates.get(*template)?;
            of.inventory.principals.get(*at)
        });
        let own: Vec<&File> = { files.iter() }
            .filter_map(|file| self.files.get(*file))
            .collect();
        let who = owner::who(defined, &own, configured.as_deref());
        if let Some(home) = &who.home {
            let (source, span) = home.place;
            for (name, value) in home.values() {
                // The given value counts; that it is another one is reported.
                if !given.iter().any(|(other, ..)| other == name) {
                    let place = check::place(&self.sources, source, span);
                    given.push((name.to_owned(), value.to_owned(), place));
                }
            }
        }
        let settings = Settings {
            who,
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
            has_all_policies: principal.as_ref().is_some_and(|(p, ..)| p.has_all_policies),
            accepts_unresolved: self.args.unresolved == Unresolved::Warn,
            ..Settings::default()
        };
        self.doubts.extend(selection::contradictions(
            &settings.given,
            &settings.context,
        ));
        let others = principal.iter().flat_map(|(chosen, ..)| &chosen.settings);
        let others = others.flat_map(|setting| &setting.files);
        let all: Vec<usize> = files.iter().chain(others).copied().collect();
        let attached = self.attached(&settings.attached, &all);
        let limit = principal.as_ref().and_then(|(chosen, ..)| {
            let setting = chosen.settings.first().filter(|_| chosen.in_dump)?;
            setting.boundary
        });
        let boundary = { effective.boundary.as_ref() }.map(|name| self.limit(name, files));
        let limit = limit.or_else(|| match &principal {
            None if boundary.is_none() => self.named_boundary(files),
            _ => None,
        });
        Ok(Job {
            attached,
            boundary: boundary.or(limit),
            scps: effective
                .scps
                .iter()
                .map(|level| {
                    let level = level.iter();
                    let level: Vec<usize> = level.map(|name| self.limit(name, files)).collect();
                    self.with_full_access(level)
                })
                .collect(),
            files: files.to_vec(),
            principal: principal.map(|(chosen, ..)| chosen),
            wide: Some(wide).filter(|wide| !Arc::ptr_eq(wide, &against)),
            is_excluded,
            is_other: false,
            is_absent: false,
            against,
            settings,
            features,
            known: Vec::new(),
        })
    }

    /// A file that limits a role. Read as a file of its own where it also is one of the role's policies: each is judged
    /// as what it is.
    fn limit(&mut self, name: &str, own: &[usize]) -> usize {
        let at = self.file(name);
        if own.contains(&at) {
            self.as_limit(at)
        } else {
            at
        }
    }

    /// The same file once more, to limit a role.
    pub(super) fn as_limit(&mut self, at: usize) -> usize {
        let file = self.files.get(at);
        let Some(file) = file.filter(|f| !f.document.policies.is_empty()) else {
            return at;
        };
        let key = format!("{at}\0limit");
        if let Some(known) = self.by_name.get(&key) {
            return *known;
        }
        let copy = self.sources.get(file.source).again();
        let source = self.sources.add(copy);
        let document = parser::parse(source, self.sources.get(source));
        let file = conceal(File::new(source, document), &mut self.sources);
        self.files.push(file);
        self.by_name.insert(key, self.files.len() - 1);
        self.files.len() - 1
    }

    /// The permissions boundary that policy files name, where it is a policy of AWS, or a file bears its name.
    fn named_boundary(&mut self, files: &[usize]) -> Option<usize> {
        let files = files.iter().filter_map(|at| self.files.get(*at));
        let arn = { files.flat_map(|file| file.document.boundaries()) }
            .next()?
            .to_owned();
        if let Some((_, at)) = self.limits.iter().find(|(other, _)| *other == arn) {
            return Some(*at);
        }
        let key = format!("{arn}\0limit");
        if let Some(known) = self.by_name.get(&key) {
            return Some(*known);
        }
        self.files.push(managed_boundary(&arn, &mut self.sources)?);
        self.by_name.insert(key, self.files.len() - 1);
        Some(self.files.len() - 1)
    }

    /// A level of service control policies. One that only denies is a deny list, which stands beside the policy that AWS
    /// attaches everywhere: no account could do anything without that.
    fn with_full_access(&mut self, mut level: Vec<usize>) -> Vec<usize> {
        let mut files = level.iter().filter_map(|at| self.files.get(*at)).peekable();
        let only_denies = |file: &File| {
            let mut statements = { file.document.policies.iter() }
                .flat_map(|policy| &policy.statements)
                .peekable();
            let denies = |s: &Statement| s.effect.as_ref().is_some_and(|e| e.value == Effect::Deny);
            statements.peek().is_some() && statements.all(denies)
        };
        if files.peek().is_some() && files.all(only_denies) {
            let (name, text) = reference::FULL_ACCESS;
            let key = format!("{name}\0limit");
            let known = self.by_name.get(&key).copied();
            level.push(known.unwrap_or_else(|| {
                let source = self.sources.add(Source::new(name, text));
                let document = parser::parse(source, self.sources.get(source));
                self.files.push(File::new(source, document));
                self.by_name.insert(key, self.files.len() - 1);
                self.files.len() - 1
            }));
        }
        level
    }

    /// The name of standard input in the report, and the path that distinguishes a file from others.
    pub(super) fn named(&self, name: &str) -> (Option<&'r str>, Option<String>) {
        let shown = self.args.stdin_filename.as_deref().filter(|_| name == "-");
        let path = shown.unwrap_or(name);
        let configuration = self.configuration.filter(|_| path != "-");
        (shown, configuration.and_then(|c| c.identity(path)))
    }

    /// Candidates made of others, once; the same ones where `make` changes nothing.
    pub(super) fn derived(
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
        let named = files.flat_map(|f| f.document.attached());
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
}
