//! The roles of a cluster that the files of one IAM role are of.

use std::sync::Arc;

use super::Resolver;
use crate::check::Against;
use crate::cli::chosen::Chosen;
use crate::cli::effective::Effective;
use crate::cli::failure::Fault;
use crate::cli::job::Job;
use crate::cli::owner;
use crate::config::Target;
use crate::lints::File;
use crate::reference::{self, Created};

/// What says which role of the cluster some files are of.
#[derive(Default)]
pub(super) struct Whose {
    /// The role, and why it is that one.
    pub(super) role: Option<(&'static str, String)>,
    /// The role that ParallelCluster created.
    pub(super) created: Option<&'static Created>,
}

impl<'r> Resolver<'r> {
    /// The jobs for the files of one IAM role: one, or one for each role of the cluster that it is.
    pub(super) fn owned_jobs(
        &mut self,
        target: Option<&'r Target>,
        effective: &Effective,
        files: &[usize],
        principal: Option<(Chosen, usize, usize)>,
    ) -> Result<Vec<Job>, Fault> {
        if effective.reference.is_some() {
            let whose = Whose::default();
            return Ok(vec![self.job(target, effective, files, whose, principal)?]);
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
            return Ok(vec![self.created_job(target, effective, files, principal)?]);
        };
        if let Some(asked) = effective.selection.role() {
            let meant = reference::roles_called(asked);
            if let Some((role, reason)) = owned.roles.first()
                && !owned.roles.iter().any(|(role, _)| meant.contains(role))
            {
                self.doubts
                    .insert(format!("{reason}; judged as role {asked}, not {role}"));
            }
            let whose = Whose::default();
            return Ok(vec![self.job(target, effective, files, whose, principal)?]);
        }
        // A template has roles that are none of the cluster's.
        self.doubts
            .extend(owned.doubt.filter(|_| principal.is_none()));
        if owned.roles.is_empty() {
            return Ok(vec![self.created_job(target, effective, files, principal)?]);
        }
        let mut all = Vec::with_capacity(owned.roles.len());
        for role in owned.roles {
            let principal = principal.clone();
            let whose = Whose {
                role: Some(role),
                created: None,
            };
            all.push(self.job(target, effective, files, whose, principal)?);
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

    /// The job for the files of one IAM role that no configuration names: ParallelCluster may have created it.
    fn created_job(
        &mut self,
        target: Option<&'r Target>,
        effective: &Effective,
        files: &[usize],
        principal: Option<(Chosen, usize, usize)>,
    ) -> Result<Job, Fault> {
        // The names in templates are chosen by who writes them.
        let is_of_account = principal.as_ref().is_none_or(|(chosen, ..)| chosen.in_dump);
        let is_asked = effective.selection.role().is_some();
        let own: Vec<&File> = files.iter().filter_map(|at| self.files.get(*at)).collect();
        let created = owner::created(&own, &self.sources).filter(|_| is_of_account && !is_asked);
        let Some((created, reason)) = created else {
            return self.job(target, effective, files, Whose::default(), principal);
        };
        let whose = |role| Whose {
            role,
            created: Some(created),
        };
        let mut is_other = created.roles.is_empty();
        if let [role] = created.roles.as_slice() {
            let role = Some((role.as_str(), reason));
            let job = self.job(target, effective, files, whose(role), principal.clone());
            if job.is_ok() {
                return job;
            }
            // Nothing is known of this role in this release.
            is_other = true;
        }
        let mut job = self.job(target, effective, files, whose(None), principal)?;
        job.is_other = is_other;
        Ok(job)
    }
}
