//! The roles of a run, each judged with the files that are one role.

use std::borrow::Cow;

use super::chosen::Chosen;
use super::job::Job;
use super::jobs::Jobs;
use super::{Error, dump};
use crate::check::{self, Against, NoRoleFits, Settings};
use crate::lints::File;
use crate::parser::{Source, SourceId};
use crate::reference::{self, Principal, Query};
use crate::result::{RoleResult, Upgrade};

/// The name of a role in the baseline: its target, and the file where each is judged by itself.
pub(super) fn name(target: Option<&str>, file: Option<&Source>) -> Option<String> {
    match (target, file.map(Source::identity)) {
        (Some(target), Some(file)) => Some(format!("{target}: {file}")),
        (target, file) => target.or(file).map(str::to_owned),
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

/// Whether a role has all that a node or function needs, although its trust policy lets another principal assume it.
fn is_mistrusted(result: &RoleResult) -> bool {
    let role = result.reference.role.as_deref().unwrap_or_default();
    let coverage = result.coverage();
    let is_whole = coverage.covered > 0 && coverage.covered == coverage.required;
    Principal::of_role(role) != Principal::Any && is_whole
}

/// The managed policies of the customer's own that files name and do not contain.
pub(super) fn absent_policies<'f>(files: impl Iterator<Item = &'f File>) -> Vec<String> {
    let attached = files.flat_map(|file| file.document.attached());
    let own = attached.filter(|arn| !arn.contains(dump::OF_AWS));
    own.map(str::to_owned).collect()
}

/// Whether the dump of an account does not have a policy of the customer's own that a principal has: it may grant
/// anything.
fn lacks_policy(principal: &Chosen, file: &File) -> bool {
    let mut attached = file.document.attached();
    let is_given = |arn: &str| principal.beside.iter().any(|(known, _)| known == arn);
    principal.in_dump && attached.any(|arn| !arn.contains(dump::OF_AWS) && !is_given(arn))
}

/// The role that policies are judged as although they grant too little for it to fit. The trust policy says which it
/// `may_be`.
fn all_the_same<'r>(
    none: &'r NoRoleFits,
    principal: &Chosen,
    files: &[&File],
    against: &'r Against,
    may_be: impl Fn(&str) -> bool,
) -> Option<&'r str> {
    let part = none.part.as_ref().map(|(role, ..)| role.as_str());
    if principal.is_named {
        return part;
    }
    if files.iter().any(|file| names_a_cluster(file)) {
        return part.filter(|role| may_be(role));
    }
    if !files.iter().any(|file| lacks_policy(principal, file)) {
        return None;
    }
    // The trust policy has decided which of these are left.
    let may_be = |role: &&str| {
        let is_person = matches!(principal.name.kind, "user" | "group");
        is_person || Principal::of_role(role) != Principal::Any
    };
    let mut roles = { against.references().iter() }.filter_map(|r| r.role.as_deref());
    let first = roles.find(may_be)?;
    Some(part.filter(may_be).unwrap_or(first))
}

/// The result under one setting of parameters, and their values.
pub(super) type SettingResult = (Vec<(String, String)>, RoleResult);

/// The result for a role, or why no role fits.
pub(super) type Outcome = Result<Result<RoleResult, NoRoleFits>, Error>;

/// The files that are judged together, and the job that says how.
pub(super) struct Role<'j> {
    pub(super) job: &'j Job,
    pub(super) files: Vec<&'j File>,
}

impl<'j> Role<'j> {
    /// One for a job, or one for each of its files.
    pub(super) fn of(jobs: &'j Jobs, job: &'j Job, each: bool) -> Vec<Self> {
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

    pub(super) fn check(&self, jobs: &Jobs, also_version: Option<&str>) -> Outcome {
        let results = self.results(jobs, also_version, &self.job.against, false)?;
        let results = match results {
            Ok(results) => results,
            Err(none) => return Ok(Err(none)),
        };
        if self.job.principal.is_none() {
            let mut results = results.into_iter().map(|(_, result)| result);
            return Ok(results.next().ok_or_else(NoRoleFits::default));
        }
        let chosen = matches!(*self.job.against, Against::BestOf(_));
        let worst = check::worst(results).map(|mut result| {
            result.reference.role_was_chosen |= chosen && result.reference.role.is_some();
            result
        });
        Ok(worst.ok_or_else(NoRoleFits::default))
    }

    /// The result under each setting of the parameters of a template; one for files of another kind. With `once_repaired`
    /// the statements of policies that AWS rejects count, too.
    pub(super) fn results(
        &self,
        jobs: &Jobs,
        also_version: Option<&str>,
        against: &Against,
        once_repaired: bool,
    ) -> Result<Result<Vec<SettingResult>, NoRoleFits>, Error> {
        let Some(principal) = &self.job.principal else {
            let mut settings = jobs.settings(self.job);
            settings.once_repaired |= once_repaired;
            let one = self.one(jobs, also_version, &self.files, against, &settings)?;
            return Ok(one.map(|result| vec![(Vec::new(), result)]));
        };
        if self.job.is_other && !principal.is_named {
            return Ok(Err(NoRoleFits::default()));
        }
        let mut results = Vec::with_capacity(principal.settings.len());
        let mut against: Cow<'_, Against> = Cow::Borrowed(against);
        for (nth, setting) in principal.settings.iter().enumerate() {
            let mut settings = jobs.settings_of(self.job, setting);
            settings.once_repaired |= once_repaired;
            let files = jobs.files_of(self.job, setting);
            let mut outcome = self.one(jobs, also_version, &files, &against, &settings)?;
            let is_to_choose = !principal.is_named && matches!(*against, Against::BestOf(_));
            if self.job.is_excluded && is_to_choose {
                outcome = outcome.and_then(|result| {
                    let is_read = !result.requirements.is_empty();
                    let is_none = is_read && !is_mistrusted(&result);
                    if is_none {
                        Err(NoRoleFits::default())
                    } else {
                        Ok(result)
                    }
                });
            }
            if outcome.is_err()
                && let Some(wide) = self.job.wide.as_ref().filter(|_| is_to_choose)
                && let Ok(result) = self.one(jobs, also_version, &files, wide, &settings)?
                && is_mistrusted(&result)
            {
                against = Cow::Owned((**wide).clone());
                outcome = Ok(result);
            }
            let may_be = |role: &str| {
                let is_narrowed = self.job.wide.is_some() && settings.who.kind != Some("user");
                let is_user = Principal::of_role(role) == Principal::Any;
                !(self.job.is_excluded || is_narrowed && is_user)
            };
            if let Err(none) = &outcome
                && let Some(role) = all_the_same(none, principal, &files, &against, may_be)
            {
                let references = against.references().iter();
                let of_role = references.filter(|r| r.role.as_deref() == Some(role));
                against = Cow::Owned(Against::OneOf(of_role.cloned().collect()));
                outcome = self.one(jobs, also_version, &files, &against, &settings)?;
            }
            let result = match outcome {
                Ok(result) => result,
                Err(none) => return Ok(Err(none)),
            };
            // The role does not depend on the setting.
            let is_last = nth + 1 == principal.settings.len();
            if let Against::BestOf(all) = &*against
                && !result.failed
                && !is_last
            {
                let role = result.reference.role.clone();
                let same = all.iter().filter(|r| r.role == role).cloned();
                against = Cow::Owned(Against::OneOf(same.collect()));
            }
            results.push((setting.values.clone(), result));
        }
        Ok(Ok(results))
    }

    fn one(
        &self,
        jobs: &Jobs,
        also_version: Option<&str>,
        files: &[&File],
        against: &Against,
        settings: &Settings,
    ) -> Outcome {
        let known = self.job.known(files).filter(|_| !settings.once_repaired);
        let checked = match known {
            Some(known) => Ok(known.clone()),
            None => check::check(&jobs.sources, jobs.catalog(), files, against, settings),
        };
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

    pub(super) fn name(&self, jobs: &Jobs, each: bool) -> Option<String> {
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
    pub(super) fn sources(&self, jobs: &Jobs) -> Vec<SourceId> {
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
