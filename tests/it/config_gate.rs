//! What a gate must not let pass: roles that flip, hidden files, levels without policies, days that cannot be, and values
//! that contradict each other.

use crate::common::project::{Project, without};
use crate::common::table::each;
use serde_json::json;

const TARGET: &str = "[[target]]\nname = \"node\"\nrole = \"instance\"\nscheduler = \"torque\"\npolicies = [\"iam/*.json\"]\n";

fn project(top: &str) -> Project {
    let config = format!("{top}\n{TARGET}");
    Project::new(&[
        ("pcluster-iam.toml", &config),
        ("iam/a.json", &without(&[])),
    ])
}

/// Rights of a user of the command line, in few words.
fn user(services: &[&str]) -> String {
    let actions: Vec<String> = services.iter().map(|s| format!("{s}:*")).collect();
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Services", "Effect": "Allow", "Resource": "*", "Action": actions},
        {"Sid": "Iam", "Effect": "Allow", "Resource": "*", "Action": ["iam:PassRole", "iam:CreateRole"]}]})
    .to_string()
}

#[test]
fn init_writes_the_role_that_fits_so_that_a_loss_is_found() {
    let many = [
        "ec2",
        "autoscaling",
        "cloudformation",
        "dynamodb",
        "sqs",
        "s3",
        "sns",
        "elasticfilesystem",
        "ssm",
        "fsx",
    ];
    let project = Project::new(&[
        ("iam/user/user.json", &user(&many)),
        ("iam/node/node.json", &without(&[])),
        (
            "other/none.json",
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "braket:*", "Resource": "*"}}"#,
        ),
    ]);
    let run = project.run(&["init"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let text = project.read("pcluster-iam.toml");
    let of = |name: &str| {
        let (_, rest) = text.split_once(&format!("name = \"{name}\"\n")).unwrap();
        rest.split("policies = ").next().unwrap().to_owned()
    };
    assert!(of("user").contains("\nrole = \"user\"   #"), "{text}");
    assert!(
        of("user").contains("# Inferred from the policies;"),
        "{text}"
    );
    assert!(of("node").contains("\nrole = \"instance\"   #"), "{text}");
    // What is no role of ParallelCluster has no target.
    assert!(!text.contains("name = \"other\""), "{text}");
    assert!(
        text.contains("# policies = [\"other/none.json\"]\n"),
        "{text}"
    );
    // It is the role that `lint` would have taken.
    let auto = [
        "lint",
        "iam/user/user.json",
        "--scheduler",
        "slurm",
        "--no-config",
    ];
    let auto = project.run(&[&auto[..], &["-f", "json"]].concat()).json();
    assert_eq!(auto["results"][0]["reference"]["role"], "user");
    // What is lost does not hide behind a smaller role.
    assert_eq!(project.run(&["baseline"]).code, 0);
    let lint = [
        "lint",
        "--baseline",
        "pcluster-iam-baseline.json",
        "-f",
        "json",
    ];
    assert_eq!(project.run(&lint).code, 0);
    project.write("iam/user/user.json", &user(&many[..6]));
    let run = project.run(&lint);
    assert_eq!(run.code, 1, "{}", run.out);
}

#[test]
fn init_reads_the_role_off_beside_the_cluster_configuration() {
    let cluster = std::fs::read_to_string("fixtures/cluster-config/slurm-fsx-3.1.yaml").unwrap();
    let show = [
        "reference",
        "show",
        "--role",
        "head-node",
        "--scheduler",
        "slurm",
        "--pcluster-version",
        "3",
    ];
    let needed = Project::new(&[]).run(&[&show[..], &["--format", "json"]].concat());
    let project = Project::new(&[("iam/head/a.json", &needed.out), ("cluster.yaml", &cluster)]);
    assert_eq!(project.run(&["init"]).code, 0);
    let text = project.read("pcluster-iam.toml");
    assert!(text.contains("\nrole = \"head-node\"   #"), "{text}");
}

#[test]
fn init_below_a_configuration_says_so() {
    let project = project("");
    let run = project.run_with("iam", &["init"], &[]);
    assert_eq!(
        (run.code, run.err.as_str()),
        (
            0,
            "warning: `../pcluster-iam.toml` is no longer read from here, because the nearest configuration is read\n"
        )
    );
    assert!(project.path("iam/pcluster-iam.toml").exists());
}

#[test]
fn patterns_leave_hidden_files_out() {
    let project = project("");
    project.write("iam/.old.json", &without(&["sqs:GetQueueUrl"]));
    project.write(".hidden/b.json", &without(&[]));
    let judged = |arguments: &[&str]| {
        project.run(&[arguments, &["-f", "json"]].concat()).json()["results"][0]["policies"].clone()
    };
    assert_eq!(judged(&["lint"]), json!(["iam/a.json"]));
    let role = ["--role", "instance", "--scheduler", "torque"];
    assert_eq!(
        judged(&[&["lint", "iam/*.json"][..], &role].concat()),
        json!(["iam/a.json"])
    );
    assert_eq!(
        judged(&[&["lint", "**/*.json"][..], &role].concat()),
        json!(["iam/a.json"])
    );
    // What is named is meant.
    assert_eq!(
        judged(&[&["lint", "iam/.*.json"][..], &role].concat()),
        json!(["iam/.old.json"])
    );
    assert_eq!(
        judged(&[&["lint", ".hidden/*.json"][..], &role].concat()),
        json!([".hidden/b.json"])
    );
}

#[test]
fn a_level_without_policies_is_a_mistake() {
    each(
        [("[[]]", "1:9"), ("[\"iam/a.json\", []]", "1:23")],
        |(scps, place)| {
            let run = project(&format!("scps = {scps}")).run(&["lint"]);
            assert_eq!((run.code, run.out.as_str()), (2, ""));
            assert!(
                run.err.contains("a level of `scps` is empty"),
                "{}",
                run.err
            );
            assert!(
                run.err
                    .contains(&format!("--> pcluster-iam.toml:{place}\n")),
                "{}",
                run.err
            );
        },
    );
    each(["", ",", ",,"], |level| {
        let run = project("").run(&["lint", "--scp", level]);
        assert_eq!((run.code, run.out.as_str()), (2, ""));
        let said = format!("error: cannot use `{level}` for --scp: it names no file\n");
        assert!(run.err.starts_with(&said), "{}", run.err);
    });
    assert_eq!(project("scps = []").run(&["lint"]).code, 0);
}

#[test]
fn a_day_that_cannot_be_does_not_revive_what_has_expired() {
    let ignore = "[[ignore]]\nlint = \"missing-action\"\nreason = \"x\"\nuntil = \"2020-01-01\"\n";
    let project = Project::new(&[
        ("pcluster-iam.toml", &format!("{TARGET}{ignore}")),
        ("iam/a.json", &without(&["sqs:GetQueueUrl"])),
    ]);
    let code = |day: &str| {
        let env = [("SOURCE_DATE_EPOCH", day)];
        project.run_with("", &["lint"], &env).code
    };
    assert_eq!(code("1500000000"), 0);
    each(
        [
            "253402300800",
            "18446744073709551615",
            "18446744073709551616",
            "-1",
            "soon",
            "",
        ],
        |day| {
            assert_eq!(code(day), 1, "{day}");
        },
    );
}

#[test]
fn standard_input_has_a_name_or_none() {
    let run = project("").run(&["lint", "-", "--stdin-filename", ""]);
    assert_eq!(run.code, 2);
    let said = "error: cannot use `` for --stdin-filename: it names no file\n";
    assert!(run.err.starts_with(said), "{}", run.err);
}

#[test]
fn values_that_contradict_each_other_are_reported() {
    let said = |top: &str, arguments: &[&str]| {
        let run = project(top).run(&[&["lint"][..], arguments].concat());
        assert!(run.code < 2, "{}", run.err);
        run.err
    };
    let partition = "warning: the Region `cn-north-1` is in the partition `aws-cn`, and the partition given is `aws`\n";
    assert_eq!(
        said("", &["--region", "cn-north-1", "--partition", "aws"]),
        partition
    );
    assert_eq!(
        said("region = \"cn-north-1\"\npartition = \"aws\"", &[]),
        partition
    );
    assert_eq!(
        said("", &["--region", "cn-north-1", "--partition", "aws-cn"]),
        ""
    );
    assert_eq!(said("", &["--region", "*", "--partition", "aws-cn"]), "");
    let context = "warning: the context says that `aws:RequestedRegion` is another Region than `us-east-1`, the one given for the cluster\n";
    let elsewhere = ["--context", "aws:requestedregion=eu-west-1"];
    assert_eq!(said("region = \"us-east-1\"", &elsewhere), context);
    assert_eq!(
        said(
            "region = \"us-east-1\"\ncontext = { \"aws:RequestedRegion\" = \"eu-west-1\" }",
            &[]
        ),
        context
    );
    assert_eq!(
        said(
            "region = \"us-east-1\"",
            &["--context", "aws:RequestedRegion=us-east-1"]
        ),
        ""
    );
    assert_eq!(said("", &elsewhere), "");
    let show = [
        "reference",
        "show",
        "--role",
        "instance",
        "--scheduler",
        "sge",
    ];
    let run =
        project("").run(&[&show[..], &["--region", "cn-north-1", "--partition", "aws"]].concat());
    assert!(run.err.starts_with(partition), "{}", run.err);
}

#[test]
fn the_schema_asks_for_what_an_ignore_is_about() {
    let schema: serde_json::Value = serde_json::from_str(pcluster_iam::config::SCHEMA).unwrap();
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("config.json", schema).unwrap();
    let index = compiler.compile("config.json", &mut schemas).unwrap();
    let holds = |ignore: serde_json::Value| {
        schemas
            .validate(&json!({"ignore": [ignore]}), index)
            .is_ok()
    };
    assert!(!holds(json!({"reason": "x"})));
    assert!(!holds(json!({"reason": "x", "until": "2027-01-31"})));
    assert!(holds(
        json!({"reason": "x", "subject": "s3:*", "until": "2027-01-31"})
    ));
    assert!(!holds(
        json!({"reason": "x", "subject": "s3:*", "until": "2027-02-31"})
    ));
    assert!(!holds(
        json!({"reason": "x", "subject": "s3:*", "until": "2027-1-1"})
    ));
}
