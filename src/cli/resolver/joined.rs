//! Files beside a template, a module or a dump that are managed policies of its principals, or limit them: they bear the
//! names of the policies.

use super::Resolver;
use crate::check::bears_name;
use crate::cli::chosen::Chosen;
use crate::cli::effective::Effective;
use crate::inventory::Kind;
use crate::parser::{ATTACHED, BOUNDARY};

impl Resolver<'_> {
    /// Finds, among files of policies, those of the managed policies and of the permissions boundary that a principal has.
    /// Its own files are `own`, and those of its settings.
    pub(super) fn join_beside(&mut self, principal: &mut Chosen, own: &[usize], files: &[usize]) {
        let of_settings = principal.settings.iter().flat_map(|s| &s.files);
        let own: Vec<usize> = of_settings.chain(own).copied().collect();
        principal.beside = self.bearing(ATTACHED, &own, files);
        principal.limits = self.bearing(BOUNDARY, &own, files);
        for (_, at) in &mut principal.limits {
            // A policy may be both.
            if principal.beside.iter().any(|(_, other)| other == at) {
                *at = self.as_limit(*at);
            }
        }
    }

    /// Whether a managed policy of a dump is one that nobody has as a policy: what it does not grant lets nothing fail.
    pub(super) fn is_idle(&mut self, template: usize, at: usize, effective: &Effective) -> bool {
        let Some(of) = self.templates.get(template).filter(|of| of.dump.is_some()) else {
            return false;
        };
        let policy = of.inventory.principals.get(at);
        let policy = policy.filter(|p| p.kind == Kind::Policy);
        let arns = policy.map(|p| p.aliases.clone()).unwrap_or_default();
        let configured = { effective.cluster_config.as_ref() }.filter(|_| !arns.is_empty());
        let configured = configured.and_then(|path| self.cluster(path).ok());
        let is_boundary =
            configured.is_some_and(|c| c.boundaries().any(|arn| arns.iter().any(|a| a == arn)));
        let dump = self.templates.get(template).and_then(|of| of.dump.as_ref());
        is_boundary || dump.is_some_and(|dump| dump.is_idle(at))
    }

    /// Takes the file of the permissions boundary out of the files of one role.
    pub(super) fn take_limits(&mut self, files: &mut Vec<usize>) {
        let attached = self.bearing(ATTACHED, files, files);
        let mut limits = self.bearing(BOUNDARY, files, files);
        let is_in = |all: &[(String, usize)], at: usize| all.iter().any(|(_, other)| *other == at);
        files.retain(|at| !is_in(&limits, *at) || is_in(&attached, *at));
        for (_, at) in &mut limits {
            if files.contains(at) {
                *at = self.as_limit(*at);
            }
        }
        self.limits = limits;
    }

    /// The policies of one kind that files name and do not contain, each with a file that bears its name.
    fn bearing(&self, kind: &str, own: &[usize], files: &[usize]) -> Vec<(String, usize)> {
        let own = own.iter().filter_map(|at| self.files.get(*at));
        let named = own.flat_map(|file| &file.document.named);
        let mut found = Vec::new();
        for arn in named.filter_map(|name| name.strip_prefix(kind)) {
            let bears = |at: &&usize| {
                let file = self.files.get(**at);
                file.is_some_and(|f| bears_name(self.sources.get(f.source).name(), arn))
            };
            for at in files.iter().filter(bears) {
                let policy = (arn.to_owned(), *at);
                if !found.contains(&policy) {
                    found.push(policy);
                }
            }
        }
        found
    }
}
