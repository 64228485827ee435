//! The targets of a folder with policies: one role, or a role in each file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Parser as _;

use crate::cli::{Cli, Command, jobs, lint};
use crate::diff::Verdict;

/// A file counts as that of a role if it grants at least this share of what the role requires, in percent.
const WHOLE: usize = 60;

/// A policy that grants less than this share of every role, in percent, fits no ParallelCluster role.
const SOME: usize = 5;

/// Policies that are judged together.
#[derive(Default)]
pub(super) struct Folder {
    /// The folder, or the file without its ending.
    pub(super) path: PathBuf,
    /// The files of the group.
    pub(super) policies: Vec<PathBuf>,
    /// True where every JSON file of the folder is one of them.
    pub(super) is_all: bool,
    /// The role that they fit.
    pub(super) role: Option<String>,
    /// The release that they were compared with.
    pub(super) release: Option<String>,
}

/// The role that policies fit best.
struct Fit {
    role: String,
    release: Option<String>,
    /// The share of what it requires that is granted, in percent.
    share: usize,
}

/// What `lint` takes the policies for.
fn fit(policies: &[PathBuf], options: &[String]) -> Option<Fit> {
    let mut arguments = vec!["pcluster-iam".to_owned(), "lint".to_owned()];
    arguments.push("--no-config".to_owned());
    arguments.extend_from_slice(options);
    arguments.push("--".to_owned());
    arguments.extend(policies.iter().map(|p| p.to_string_lossy().into_owned()));
    let Ok(Command::Lint(args)) = Cli::try_parse_from(arguments).map(|cli| cli.command) else {
        return None;
    };
    let jobs = jobs::resolve(&args.inputs, false).ok()?;
    let judged = lint::judge(&jobs, false, None, &args.accept, None).ok()?;
    let result = judged.results.into_iter().next()?;
    let rows = result.requirements.iter().filter(|row| !row.vacuous);
    let all = rows.clone().count();
    let granted = rows.filter(|row| row.verdict != Verdict::Missing).count();
    Some(Fit {
        role: result.reference.role?,
        release: result.reference.pcluster_version,
        share: (granted * 100).checked_div(all)?,
    })
}

/// The targets of a folder, and its files that are no role of ParallelCluster.
pub(super) fn targets(folder: Folder, options: &[String]) -> (Vec<Folder>, Vec<PathBuf>) {
    if folder.policies.len() > 1 {
        let each: Vec<Option<Fit>> = { folder.policies.iter() }
            .map(|path| fit(std::slice::from_ref(path), options))
            .collect();
        let whole = { each.iter().flatten() }.filter(|fit| fit.share >= WHOLE);
        let roles: BTreeSet<(&str, Option<&str>)> = whole
            .map(|fit| (fit.role.as_str(), fit.release.as_deref()))
            .collect();
        if roles.len() > 1 {
            return apart(&folder, each);
        }
    }
    match fit(&folder.policies, options) {
        Some(fit) if fit.share >= SOME => {
            let folder = Folder {
                role: Some(fit.role),
                release: fit.release,
                ..folder
            };
            (vec![folder], Vec::new())
        }
        _ => (Vec::new(), folder.policies),
    }
}

/// A target for each file that fits a role.
fn apart(folder: &Folder, each: Vec<Option<Fit>>) -> (Vec<Folder>, Vec<PathBuf>) {
    let mut targets = Vec::new();
    let mut others = Vec::new();
    for (path, fit) in folder.policies.iter().zip(each) {
        match fit.filter(|fit| fit.share >= SOME) {
            Some(fit) => targets.push(Folder {
                path: path.with_extension(""),
                policies: vec![path.clone()],
                is_all: false,
                role: Some(fit.role),
                release: fit.release,
            }),
            None => others.push(path.clone()),
        }
    }
    (targets, others)
}

/// The release that most targets fit; of several the newest.
pub(super) fn release<'a>(releases: impl Iterator<Item = &'a str>) -> Option<String> {
    let all: Vec<&str> = releases.collect();
    let number = |release: &str| -> Vec<u32> {
        let parts = release.split('.');
        parts.map(|part| part.parse().unwrap_or(0)).collect()
    };
    let most = all.iter().max_by_key(|release| {
        let times = all.iter().filter(|other| other == release).count();
        (times, number(release))
    });
    most.map(|release| (*release).to_owned())
}

/// The folder's or file's own name where no other has it, else its path.
pub(super) fn name(folder: &Folder, all: &[Folder]) -> String {
    let last = |path: &Path| path.file_name().map(std::ffi::OsStr::to_owned);
    let own = last(&folder.path);
    let same = all.iter().filter(|f| last(&f.path) == own).count();
    match own {
        None => "policies".to_owned(),
        Some(name) if same == 1 && name != "policies" => name.to_string_lossy().into_owned(),
        Some(_) => folder.path.to_string_lossy().into_owned(),
    }
}
