//! Roles that templates and Terraform modules define, for a first configuration.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;

use crate::cli::{Cli, Command, jobs, lint};
use crate::parser::Problem;

/// A role of ParallelCluster that a template or a module defines.
pub(super) struct Defined {
    /// The file, or the folder of the module.
    pub(super) path: PathBuf,
    /// The name of the role in the template or module.
    pub(super) name: String,
    /// The role that its policies fit.
    pub(super) role: Option<String>,
    /// The release that it was compared with.
    pub(super) release: Option<String>,
}

/// The outcome for a file or a folder.
#[derive(Default)]
pub(super) struct Look {
    /// The ParallelCluster roles of the template or module.
    pub(super) roles: Vec<Defined>,
    /// All files that were read.
    pub(super) files: BTreeSet<PathBuf>,
    /// True where a part of it could not be read.
    pub(super) failed: bool,
    /// True where it has roles, and none of them is one of ParallelCluster.
    pub(super) is_other: bool,
}

/// What `lint` finds in a file or a folder.
pub(super) fn find(path: &Path, options: &[String]) -> Look {
    let mut look = Look::default();
    let mut arguments = vec!["pcluster-iam".to_owned(), "lint".to_owned()];
    arguments.push("--no-config".to_owned());
    arguments.extend_from_slice(options);
    arguments.extend(["--".to_owned(), path.to_string_lossy().into_owned()]);
    let Ok(Command::Lint(args)) = Cli::try_parse_from(arguments).map(|cli| cli.command) else {
        return look;
    };
    let Ok(jobs) = jobs::resolve(&args.inputs, false) else {
        look.failed = true;
        return look;
    };
    let files = jobs.sources.names();
    look.files = files
        .filter_map(|name| fs::canonicalize(name).ok())
        .collect();
    if !jobs.roles.iter().any(|job| job.principal.is_some()) {
        let mut problems = jobs.files.iter().flat_map(|f| &f.document.problems);
        look.failed = problems.any(Problem::is_unresolved);
        return look;
    }
    let Ok(judged) = lint::judge(&jobs, false, None, &args.accept, None) else {
        look.is_other = true;
        return look;
    };
    look.failed = judged.failed;
    for result in judged.results {
        let (Some(principal), Some(role)) = (result.principal, result.reference.role) else {
            continue;
        };
        match look.roles.iter_mut().find(|d| d.name == principal.name) {
            // One role of an account may be several of the cluster.
            Some(known) if known.role.as_ref() != Some(&role) => known.role = None,
            Some(_) => {}
            None => look.roles.push(Defined {
                path: path.to_owned(),
                name: principal.name.clone(),
                role: Some(role),
                release: result.reference.pcluster_version,
            }),
        }
    }
    look
}
