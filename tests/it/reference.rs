//! The reference data and its rendering; `fixtures/reference/` holds what it renders to.

use crate::common::table::each;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use pcluster_iam::parser::Effect;
use pcluster_iam::reference::{self, Features, Query, Reference, Release, SelectError, Standing};

const POLICIES: [(&str, &str, usize, usize); 4] = [
    ("instance", "traditional", 10, 29),
    ("instance", "awsbatch", 3, 20),
    ("user", "traditional", 19, 100),
    ("user", "awsbatch", 18, 95),
];

fn scheduler(variant: &str) -> &'static str {
    if variant == "awsbatch" {
        "awsbatch"
    } else {
        "torque"
    }
}

fn select(role: &str, variant: &str) -> Reference {
    reference::select(role, scheduler(variant), "2.4.1").unwrap()
}

/// AWS's spelling of the placeholders in the published policies.
fn published(name: &str) -> Option<String> {
    let text = match name {
        "Partition" => "aws",
        "Region" => "<REGION>",
        "Account" => "<AWS ACCOUNT ID>",
        "Ec2RoleName" => "<PARALLELCLUSTER EC2 ROLE NAME>",
        "StackName" => "<STACK NAME>",
        "ResourcesS3Bucket" => "<RESOURCES S3 BUCKET>",
        "BatchJobDefinitionSerialName" => "<AWS_BATCH_STACK - JOB_DEFINITION_SERIAL_NAME>",
        "BatchJobDefinitionMnpName" => "<AWS_BATCH_STACK - JOB_DEFINITION_MNP_NAME>",
        "BatchJobQueueName" => "<AWS_BATCH_STACK - JOB_QUEUE_NAME>",
        "BatchJobRoleName" => "<AWS_BATCH_STACK - JOB_ROLE>",
        "EcsComputeEnvironment" => "<ECS COMPUTE ENVIRONMENT>",
        _ => return None,
    };
    Some(text.to_owned())
}

fn filled(partition: &'static str, region: &'static str) -> impl Fn(&str) -> Option<String> {
    move |name| {
        let text = match name {
            "Partition" => partition,
            "Region" => region,
            "Account" => "123456789012",
            "Ec2RoleName" => "parallelcluster-head-node",
            "StackName" => "parallelcluster-hpc",
            "ResourcesS3Bucket" => "parallelcluster-hpc-4f2a",
            "BatchJobDefinitionSerialName" => "parallelcluster-hpc-serial",
            "BatchJobDefinitionMnpName" => "parallelcluster-hpc-mnp",
            "BatchJobQueueName" => "parallelcluster-hpc-queue",
            "BatchJobRoleName" => "parallelcluster-hpc-JobRole-1ABC",
            "EcsComputeEnvironment" => "AWSBatch-hpc_Batch_0a1b2c",
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// With `PCLUSTER_IAM_WRITE_FIXTURES` set, writes the file instead of comparing.
fn same(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/reference")
        .join(name);
    if std::env::var_os("PCLUSTER_IAM_WRITE_FIXTURES").is_some() {
        fs::write(&path, text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "{name}");
}

#[test]
fn the_fixtures_are_what_the_rules_render_to() {
    for (role, variant, ..) in POLICIES {
        let reference = select(role, variant);
        let render = |bind: &dyn Fn(&str) -> Option<String>| reference::render(&reference, bind);
        same(
            &format!("{role}-{variant}-published.json"),
            &render(&published),
        );
        same(
            &format!("{role}-{variant}-filled.json"),
            &render(&filled("aws", "us-east-1")),
        );
        same(
            &format!("{role}-{variant}-aws-cn.json"),
            &render(&filled("aws-cn", "cn-north-1")),
        );
        same(
            &format!("{role}-{variant}-aws-us-gov.json"),
            &render(&filled("aws-us-gov", "us-gov-west-1")),
        );
    }
}

#[test]
fn each_policy_has_its_statements_and_actions() {
    let mut total = 0;
    each(POLICIES, |(role, variant, statements, actions)| {
        let reference = select(role, variant);
        assert_eq!(reference.statements.len(), statements, "{role} {variant}");
        let count: usize = reference
            .statements
            .iter()
            .map(|s| s.action.values.len())
            .sum();
        assert_eq!(count, actions, "{role} {variant}");
        assert!(
            reference
                .statements
                .iter()
                .all(|s| s.effect == Effect::Allow)
        );
        total += count;
    });
    assert_eq!(total, 244);
}

#[test]
fn every_pack_can_be_read() {
    for scheduler in reference::schedulers() {
        for role in reference::roles_for(scheduler, "2.4.1").unwrap() {
            let reference = reference::select(role, scheduler, "2.4.1").unwrap();
            assert_eq!(reference.role.as_deref(), Some(role));
            for gap in &reference.gaps {
                assert!(!gap.statements.is_empty(), "{role} {scheduler} {gap:?}");
            }
        }
    }
    let batch = select("instance", "awsbatch");
    let gaps: Vec<_> = batch
        .gaps
        .iter()
        .map(|g| g.policy.as_deref().unwrap())
        .collect();
    assert_eq!(
        gaps,
        [
            "the instance policy for the other schedulers",
            "the policies of BatchUserRole"
        ]
    );
}

#[test]
fn part_of_a_release_means_the_newest_within() {
    each(
        [
            ("2", "sge", "2.11.4"),
            ("2", "slurm", "2.11.9"),
            ("2.4", "sge", "2.4.1"),
            ("2.4.1", "sge", "2.4.1"),
            ("3", "slurm", "3.16.3"),
            ("3", "awsbatch", "3.15.1"),
            ("3.11", "slurm", "3.11.1"),
            ("2.5-2.7", "sge", "2.7.0"),
            ("3.9.1..3.11", "slurm", "3.11.1"),
            ("3.14-4", "slurm", "3.16.3"),
        ],
        |(text, scheduler, release)| {
            let found = reference::select("user", scheduler, text).unwrap();
            assert_eq!(found.pcluster_version.as_deref(), Some(release), "{text}");
        },
    );
}

#[test]
fn an_impossible_selection_is_reported_with_the_legal_values() {
    use miette::Diagnostic;
    let fails = |role, scheduler, release| -> (SelectError, String) {
        let error = reference::select(role, scheduler, release).unwrap_err();
        let help = error.help().unwrap().to_string();
        (error, help)
    };
    each(
        [
            (
                "user",
                "torque",
                "2.11.5",
                "`torque` was dropped in 2.11.5; the last release with it is 2.11.4",
            ),
            (
                "user",
                "torque",
                "3",
                "`torque` was dropped in 2.11.5; the last release with it is 2.11.4",
            ),
            (
                "user",
                "awsbatch",
                "3.16.0",
                "`awsbatch` was dropped in 3.16.0; the last release with it is 3.15.1",
            ),
            (
                "user",
                "slurm",
                "3.1.0",
                "ParallelCluster 3.1.0 was never released: 3.0.3, 3.1.1",
            ),
            (
                "user",
                "slurm",
                "3.17",
                "ParallelCluster 3.17.0 is newer than what this program knows",
            ),
            (
                "user",
                "slurm",
                "1.9.9",
                "there is no reference for ParallelCluster 1.9.9",
            ),
            (
                "user",
                "slurm",
                "3.13.0",
                "no policy of role `user` is known for ParallelCluster 3.13.0 with slurm",
            ),
            (
                "login-node",
                "slurm",
                "3.6.1",
                "no policy of role `login-node` is known for ParallelCluster 3.6.1 with slurm",
            ),
            (
                "instance",
                "slurm",
                "3.6.1",
                "`instance` is not a role of ParallelCluster 3.6.1 with slurm",
            ),
        ],
        |(role, scheduler, release, message)| {
            let (error, help) = fails(role, scheduler, release);
            assert_eq!(error.to_string(), message);
            assert!(!help.is_empty());
        },
    );
    let (error, help) = fails("instance", "torque", "newest");
    assert!(
        error.to_string().contains("`newest`") && help.contains("2.0.0 to 3.16.3"),
        "{error} {help}"
    );
    let (error, help) = fails("instance", "pbs", "2.4.1");
    assert!(
        error.to_string().contains("`pbs`") && help.contains("torque"),
        "{error} {help}"
    );
    let (_, help) = fails("instance", "slrum", "2.4.1");
    assert!(help.contains("did you mean `slurm`"), "{help}");
    let (_, help) = fails("instances", "sge", "2.4.1");
    assert!(help.contains("did you mean `instance`"), "{help}");
    let (_, help) = fails("nobody", "awsbatch", "2.4.1");
    assert!(help.contains("instance, user, batch-user"), "{help}");
    each(
        [
            ("head-node", "2.11.2", "instance"),
            ("compute-node", "2.4.1", "instance"),
            ("compute", "2.11.5", "instance"),
            ("master", "3.6.0", "head-node"),
        ],
        |(alias, release, role)| {
            let found = reference::select(alias, "slurm", release).unwrap();
            assert_eq!(found.role.as_deref(), Some(role), "{alias}");
        },
    );
}

#[test]
fn every_action_of_the_references_has_a_reason() {
    for (role, variant, ..) in POLICIES {
        for scheduler in ["sge", "slurm", "torque", "awsbatch"] {
            if (scheduler == "awsbatch") != (variant == "awsbatch") {
                continue;
            }
            let reference = reference::select(role, scheduler, "2.4.1").unwrap();
            for action in reference.statements.iter().flat_map(|s| &s.action.values) {
                let of_batch = ["s3:PutObject", "iam:PassRole"].contains(&action.as_str());
                if role == "instance" && scheduler != "awsbatch" && of_batch {
                    // Documented for every scheduler, used by AWS Batch alone.
                    continue;
                }
                assert!(
                    reference.needed_for(action).is_some(),
                    "{role} {scheduler} {action}"
                );
            }
        }
    }
}

/// Each row of every release has a reason with a source, when it is needed and how surely ParallelCluster fails. What a
/// text asks for without a reason, as another scheduler needs it, is an error only where a call is known.
#[test]
fn every_row_of_every_release_was_reviewed() {
    let mut seen = BTreeSet::new();
    let (mut without, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    for release in Release::all().map(|r| r.to_string()) {
        for scheduler in reference::schedulers_in(&release) {
            for role in reference::roles_for(scheduler, &release).unwrap() {
                let features = &Features::default();
                let query = Query {
                    role: Some(role),
                    scheduler,
                    release: &release,
                    features,
                };
                for reference in reference::candidates(query).unwrap() {
                    for statement in &reference.statements {
                        for action in &statement.action.values {
                            seen.insert((role, scheduler, release.clone(), action.clone()));
                            let need = reference.need(
                                action,
                                statement.feature,
                                &statement.resource.values,
                            );
                            if let Some(need) = need {
                                assert!(!need.source.is_empty() && !need.text.is_empty());
                                continue;
                            }
                            without.insert((role, scheduler, action.clone()));
                            let basis = reference.basis(action, statement);
                            if basis.standing == Standing::Needed && basis.required == Some(true) {
                                unknown.insert(format!("{role} {scheduler} {action}"));
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(seen.len() > 30_000, "{} rows", seen.len());
    assert!(without.len() <= 94, "{without:#?}");
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn known_calls_are_distinguished_from_the_rest_of_a_wildcard() {
    let user = select("user", "traditional");
    assert!(user.is_known_needed("fsx:DescribeFileSystems"));
    assert!(!user.is_known_needed("fsx:CreateVolume"));
    assert!(user.is_known_needed("EC2:runinstances"));
    let own = reference::from_policies(&[]);
    assert!(own.is_known_needed("fsx:CreateVolume"));
}

#[test]
fn placeholders_of_every_style_have_one_name() {
    each(
        [
            ("REGION", "Region"),
            ("AWS ACCOUNT ID", "Account"),
            ("AWS_ACCOUNT_ID", "Account"),
            ("AWS::Region", "Region"),
            ("AWS::Partition", "Partition"),
            ("account_id", "Account"),
            ("data.aws_partition.current.partition", "Partition"),
            ("data.aws_caller_identity.current.account_id", "Account"),
            (" region ", "Region"),
            ("PARALLELCLUSTER EC2 ROLE NAME", "Ec2RoleName"),
            ("AWS_BATCH_STACK - JOB_QUEUE_NAME", "BatchJobQueueName"),
        ],
        |(text, name)| {
            assert_eq!(reference::canonical_placeholder(text), Some(name), "{text}");
        },
    );
    assert_eq!(reference::canonical_placeholder("bucket"), None);
}
