//! Roles that a cluster configuration names, and that the dump of the account does not have.

use std::collections::BTreeSet;

use super::Resolver;
use super::owned::Whose;
use crate::cli::dump::Dump;
use crate::cli::effective::Effective;
use crate::cli::failure::Fault;
use crate::cli::job::Job;
use crate::cli::{Unresolved, owner};
use crate::config::Target;
use crate::inventory::Document;
use crate::lints::File;
use crate::parser::{Problem, shorten};
use crate::reference;

impl<'r> Resolver<'r> {
    /// A job that cannot be judged for each of these roles, where the jobs are those of whole dumps.
    pub(super) fn absent_roles(
        &mut self,
        target: Option<&'r Target>,
        jobs: &[Job],
    ) -> Result<Vec<Job>, Fault> {
        let mut chosen = jobs
            .iter()
            .filter_map(|job| job.principal.as_ref())
            .peekable();
        let dump = |template: usize| self.templates.get(template)?.dump.as_ref();
        let is_whole = chosen.peek().is_some()
            && chosen.all(|principal| {
                let dump = principal.defined.and_then(|(template, _)| dump(template));
                !principal.is_named && dump.is_some_and(Dump::has_all_roles)
            });
        let effective = Effective::new(self.args, self.configuration, target)?;
        let is_compared = effective.selection.role().is_none() && effective.reference.is_none();
        let (true, Some(path)) = (is_whole && is_compared, &effective.cluster_config) else {
            return Ok(Vec::new());
        };
        let configured = self
            .cluster(path)
            .map_err(|error| effective.fault(error, target))?;
        let files = jobs.iter().flat_map(|job| &job.files);
        let files: BTreeSet<usize> = files.copied().collect();
        let files = files.iter().filter_map(|at| self.files.get(*at));
        let owners: Vec<_> = files.flat_map(|file| &file.document.owners).collect();
        let mut absent: Vec<&crate::cluster::Role> = Vec::new();
        for role in configured.roles() {
            let is_known = absent
                .iter()
                .any(|other| other.value.value == role.value.value);
            if !is_known && !owners.iter().any(|owner| owner::is_of(role, owner)) {
                absent.push(role);
            }
        }
        let mut all = Vec::with_capacity(absent.len());
        for role in absent {
            let title = reference::role_title(role.role).unwrap_or(role.role);
            let (name, what) = (
                shorten(&role.value.value),
                if role.is_profile {
                    "a role in the instance profile"
                } else {
                    "the role"
                },
            );
            let message =
                format!("the dump does not have {what} `{name}`: it is named for {title}");
            if self.args.unresolved == Unresolved::Warn {
                self.doubts.insert(message);
                continue;
            }
            let problem = Problem::unresolved(&name, message, role.value.span);
            let mut file = File::of(&Document::default(), configured.source(), None);
            file.document.problems.push(problem.with_help(
                "pass the dump of the account that has it, or correct the configuration",
            ));
            self.files.push(file);
            let whose = Whose {
                role: Some((role.role, format!("{} names it", configured.path()))),
                created: None,
            };
            let at = self.files.len() - 1;
            let mut job = self.job(target, &effective, &[at], whose, None)?;
            job.is_absent = true;
            all.push(job);
        }
        Ok(all)
    }
}
