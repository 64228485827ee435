//! Arguments of a first run: names, values, help.

use std::fs;
use std::path::Path;

use super::{HEAD, documented, lint};
use crate::common::program::run;
use crate::common::table::each;

#[test]
fn a_template_is_covered_once_its_placeholders_are_replaced() {
    let arguments = [
        "--role",
        "user",
        "--scheduler",
        "slurm",
        "--pcluster-version",
        "3.12",
        "--region",
        "us-east-1",
        "--account",
        "123456789012",
    ];
    let folder = documented(&arguments);
    let text = lint(folder.path(), &arguments);
    // AWS's own text of this release is known to be short of one action that surely fails.
    let errors = |text: &str| text.matches("error[").count();
    assert_eq!((text.code, errors(&text.out)), (1, 1), "{}", text.out);
    assert!(text.out.contains("error[known-gap]"), "{}", text.out);
    assert!(
        text.out
            .contains("covered once the placeholders are replaced\n"),
        "{}",
        text.out
    );
    assert!(!text.out.contains("fsx-s3"), "{}", text.out);
    // With values for the placeholder the template is judged as what it stands for.
    let set = "FsxS3BucketArns=arn:aws:s3:::one,arn:aws:s3:::two";
    let bound = lint(folder.path(), &[&arguments[..], &["--set", set]].concat());
    assert!(!bound.out.contains("fsx-s3"), "{}", bound.out);
    let replaced = fs::read_to_string(folder.path().join("p.json")).unwrap();
    let replaced = replaced.replace("${FsxS3BucketArns}", "arn:aws:s3:::one");
    fs::write(folder.path().join("p.json"), replaced).unwrap();
    let one = ["--set", "FsxS3BucketArns=arn:aws:s3:::one"];
    let whole = lint(folder.path(), &[&arguments[..], &one].concat());
    assert!(
        whole.out.contains("requirements covered\n"),
        "{}",
        whole.out
    );
}

#[test]
fn a_placeholder_for_whole_arns_is_shown_as_itself() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}}"#;
    fs::write(folder.path().join("p.json"), nothing).unwrap();
    let arguments = [
        "--role",
        "user",
        "--scheduler",
        "slurm",
        "--pcluster-version",
        "3.12",
        "--feature",
        "fsx,fsx-s3",
    ];
    each(
        [
            lint(folder.path(), &[&arguments[..], &["--verbose"]].concat()),
            run(
                folder.path(),
                &[&["missing", "p.json"], &arguments[..]].concat(),
            ),
        ],
        |found| {
            assert!(
                found.out.contains("\"${FsxS3BucketArns}/*\""),
                "{}",
                found.out
            );
            assert!(
                !found.out.contains(":::${FsxS3BucketArns}"),
                "{}",
                found.out
            );
        },
    );
}

#[test]
fn values_that_cannot_be_meant_are_refused_or_warned_of() {
    let folder = documented(&HEAD);
    let with = |more: &[&str]| lint(folder.path(), &[&HEAD[..6], more].concat());
    each(
        [
            (&["--region", "us-esat-1"][..], "did you mean `us-east-1`?"),
            (&["--region", "east"], "not the name of an AWS Region"),
            (
                &["--partition", "aws-china"],
                "one of aws, aws-cn, aws-us-gov, aws-iso",
            ),
            (
                &["--feature", "efs,none"],
                "`efs` and `none` contradict each other",
            ),
            (
                &["--feature", "efs,no-efs"],
                "`efs` and `no-efs` contradict each other",
            ),
            (
                &["--attached", "CloudWatchAgentServerPolicy"],
                "not the ARN of a policy",
            ),
        ],
        |(more, words)| {
            let run = with(more);
            assert_eq!((run.code, run.out.as_str()), (2, ""), "{more:?}");
            assert!(run.err.contains(words), "{more:?}: {}", run.err);
        },
    );
    each(
        [
            (&["--region", "us-east-11"][..], "did you mean `us-east-1`?"),
            (
                &["--region", "zzz-northwest-9"],
                "`zzz-northwest-9` is not a Region that this program knows\n",
            ),
            (
                &[
                    "--attached",
                    "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicies",
                ],
                "to have it judged, pass its file",
            ),
            (
                &[
                    "--attached",
                    "arn:aws:iam::aws:policy/CloudwatchAgentServerPolicie",
                ],
                "did you mean `CloudWatchAgentServerPolicy`?",
            ),
            (
                &["--attached", "arn:aws:iam::aws:policy/NoSuchPolicy"],
                "it has no effect as an attached policy",
            ),
        ],
        |(more, words)| {
            let run = with(more);
            assert_ne!(run.code, 2, "{more:?}: {}", run.err);
            assert!(
                run.err.starts_with("warning: ") && run.err.contains(words),
                "{more:?}: {}",
                run.err
            );
        },
    );
    each(
        [
            &["--region", "eusc-de-east-1"][..],
            &["--region", "us-gov-west-1", "--partition", "aws-us-gov"],
            &["--feature", "none,no-efs"],
            &[
                "--attached",
                "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy",
            ],
        ],
        |more| {
            let run = with(more);
            assert!(run.code != 2 && run.err.is_empty(), "{more:?}: {}", run.err);
        },
    );
}

#[test]
fn roles_go_by_other_names_in_either_generation() {
    each(
        [
            ("headnode", "3.6.0", "head-node"),
            ("head_node", "3.6.0", "head-node"),
            ("Head-Node", "3.6.0", "head-node"),
            ("compute_node", "3.6.0", "compute-node"),
            ("headnode", "2.4.1", "instance"),
            ("head_node", "2.4.1", "instance"),
            ("computenode", "2.4.1", "instance"),
        ],
        |(role, release, meant)| {
            let arguments = [
                "--role",
                role,
                "--scheduler",
                "slurm",
                "--pcluster-version",
                release,
            ];
            let shown = run(
                Path::new("/"),
                &[&["reference", "show"], &arguments[..]].concat(),
            );
            let first = format!("role {meant}, scheduler slurm, ParallelCluster {release}\n");
            assert!(
                shown.out.starts_with(&first),
                "{role}: {}{}",
                shown.out,
                shown.err
            );
        },
    );
    let listed = run(Path::new("/"), &["reference", "list", "--role", "headnode"]);
    assert!(
        listed.out.contains("head-node: "),
        "{}{}",
        listed.out,
        listed.err
    );
}

#[test]
fn help_names_only_what_the_command_takes() {
    let folder = documented(&HEAD);
    let newest = "the newest release it knows is";
    each(
        [
            &[
                "reference",
                "show",
                "--role",
                "user",
                "--scheduler",
                "slurm",
                "--pcluster-version",
                "3.99",
            ][..],
            &["reference", "show", "--role", "user"],
            &["reference", "diff", "3.6.0", "3.99.0", "--role", "user"],
        ],
        |arguments| {
            let run = run(folder.path(), arguments);
            assert!(
                run.code == 2 && !run.err.contains("--reference"),
                "{}",
                run.err
            );
        },
    );
    let lint = lint(
        folder.path(),
        &["--scheduler", "slurm", "--pcluster-version", "3.99"],
    );
    assert!(
        lint.err.contains(newest) && lint.err.contains("--reference FILE"),
        "{}",
        lint.err
    );
    let missing = run(folder.path(), &["lint", "a[b.json", "--scheduler", "slurm"]);
    assert!(
        missing.err.contains("there is no file `a[b.json`"),
        "{}",
        missing.err
    );
    let config = run(
        folder.path(),
        &[
            "lint",
            "p.json",
            "--role",
            "head-node",
            "--cluster-config",
            ".",
        ],
    );
    assert!(
        config.code == 2 && config.err.contains("not a file") && !config.err.contains("polic"),
        "{}",
        config.err
    );
}

#[cfg(unix)]
#[test]
fn a_fifo_is_not_offered_standard_input_where_it_cannot_be() {
    let folder = documented(&HEAD);
    let made = std::process::Command::new("mkfifo")
        .arg(folder.path().join("fifo"))
        .status()
        .unwrap();
    assert!(made.success());
    let config = lint(
        folder.path(),
        &["--role", "head-node", "--cluster-config", "fifo"],
    );
    assert!(
        config.err.contains("this is a FIFO") && !config.err.contains("`-`"),
        "{}",
        config.err
    );
    let policy = run(folder.path(), &[&["lint", "fifo"], &HEAD[..]].concat());
    assert!(
        policy.code == 2 && policy.out.contains("pipe it into `-`"),
        "{}",
        policy.out
    );
}

#[test]
fn what_an_option_says_is_not_taken_from_the_configuration() {
    let folder = documented(&HEAD);
    let config = "Region: eu-west-1\nImage:\n  Os: alinux2\nHeadNode:\n  InstanceType: t3.micro\n  Networking:\n    SubnetId: subnet-1\nScheduling:\n  Scheduler: slurm\n  SlurmQueues: []\n";
    fs::write(folder.path().join("c.yaml"), config).unwrap();
    let base = [
        "--role",
        "head-node",
        "--pcluster-version",
        "3.6.0",
        "--cluster-config",
        "c.yaml",
    ];
    let taken = lint(folder.path(), &base);
    assert!(
        taken.out.contains("took scheduler slurm from c.yaml"),
        "{}",
        taken.out
    );
    let given = lint(
        folder.path(),
        &[
            &base[..],
            &["--scheduler", "slurm", "--region", "us-east-1"],
        ]
        .concat(),
    );
    assert!(!given.out.contains("took scheduler"), "{}", given.out);
    assert!(!given.out.contains("took Region"), "{}", given.out);
}
