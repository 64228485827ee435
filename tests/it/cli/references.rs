//! Which reference a policy is judged against, and the references shown.

use std::fs;

use serde_json::{Value, json};

use super::{QUEUES, run, run_with};
use crate::common::program::HERE;
use crate::common::program::run as run_in;
use crate::common::role;
use crate::common::table::each;

pub(super) const COMBINATIONS: [(&str, &str, &str); 8] = [
    ("instance", "sge", "traditional"),
    ("instance", "slurm", "traditional"),
    ("instance", "torque", "traditional"),
    ("instance", "awsbatch", "awsbatch"),
    ("user", "sge", "traditional"),
    ("user", "slurm", "traditional"),
    ("user", "torque", "traditional"),
    ("user", "awsbatch", "awsbatch"),
];

fn json_of(arguments: &[&str]) -> (i32, Value) {
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    let run = run(&all);
    let value =
        serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {}{}", run.out, run.err));
    (run.code, value)
}

fn lints_of(value: &Value) -> Vec<&str> {
    let results = value["results"].as_array().unwrap();
    results
        .iter()
        .flat_map(|r| r["findings"].as_array().unwrap())
        .map(|f| f["lint"].as_str().unwrap())
        .collect()
}

#[test]
fn each_reference_policy_is_clean_against_itself() {
    each(COMBINATIONS, |(role, scheduler, variant)| {
        let gaps = usize::from(role == "instance" && variant == "awsbatch") * 2;
        for form in ["filled", "aws-cn", "aws-us-gov", "published"] {
            let file = format!("reference/{role}-{variant}-{form}.json");
            let base = [
                "lint",
                file.as_str(),
                "--scheduler",
                scheduler,
                "--role",
                role,
            ];
            let partition = match form {
                "filled" => HERE.to_vec(),
                "aws-cn" => vec!["--partition", "aws-cn"],
                "aws-us-gov" => vec!["--partition", "aws-us-gov"],
                _ => Vec::new(),
            };
            for flags in [Vec::new(), partition] {
                let (code, value) = json_of(&[&base[..], &flags[..]].concat());
                let what = format!("{file} {scheduler} {flags:?}");
                assert_eq!(code, 0, "{what}");
                let result = &value["results"][0];
                for row in result["requirements"].as_array().unwrap() {
                    assert_eq!(row["verdict"], "covered", "{what}: {row}");
                    assert_eq!(row["witness"], Value::Null, "{what}");
                }
                let lints = lints_of(&value);
                let known = lints.iter().filter(|l| **l == "known-gap").count();
                let dead = { lints.iter() }.filter(|l| **l == "ineffective-resource");
                // `cloudformation:ListStacks` on a stack, `iam:PassRole` on an instance profile.
                let expected = if file.contains("user-awsbatch") { 2 } else { 0 };
                assert_eq!(dead.count(), expected, "{what}: {lints:?}");
                // The user policies allow `iam:PutRolePolicy` and `iam:AttachRolePolicy` on `*`.
                let escalates = lints.contains(&"privilege-escalation");
                assert_eq!(escalates, role == "user", "{what}: {lints:?}");
                let told = [
                    "known-gap",
                    "ineffective-resource",
                    "privilege-escalation",
                    "exposed-credentials",
                    "writable-code",
                    // Features are not named, and AWS's own text of one is short of an action.
                    "feature-gap",
                    // The documented policy for AWS Batch names log streams.
                    "log-stream-arn",
                ];
                let others = { lints.iter() }.filter(|l| !told.contains(&&***l));
                let others: Vec<_> = others.collect();
                assert_eq!(known, gaps, "{what}: {lints:?}");
                if form == "published" {
                    assert!(
                        others.iter().all(|l| **l == "unreplaced-placeholder"),
                        "{what}: {lints:?}"
                    );
                    assert!(!others.is_empty(), "{what}");
                } else {
                    assert!(others.is_empty(), "{what}: {lints:?}");
                }
                assert_eq!(value["summary"]["error"], 0, "{what}");
            }
        }
    });
}

#[test]
fn the_role_that_fits_best_is_chosen_and_named() {
    each(COMBINATIONS, |(role, scheduler, variant)| {
        let file = format!("reference/{role}-{variant}-filled.json");
        let (_, value) = json_of(&["lint", &file, "--scheduler", scheduler]);
        assert_eq!(value["results"][0]["reference"]["role"], role, "{file}");
        let text = run(&["lint", &file, "--scheduler", scheduler]);
        assert!(
            text.out.contains(&format!("role {role} was chosen")),
            "{}",
            text.out
        );
    });
    let nothing = r#"{"Statement": {"Effect": "Allow", "Action": "glue:GetJob", "Resource": "*"}}"#;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.json"), nothing).unwrap();
    let run = run_in(folder.path(), &["lint", "p.json", "--scheduler", "sge"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("--role") && run.err.contains("instance, user"),
        "{}",
        run.err
    );
}

#[test]
fn a_reference_of_ones_own_is_taken_word_for_word() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "minimum.json",
        r#"{"Version": "2012-10-17", "Statement": [
            {"Sid": "Put", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::<BUCKET>/in/*"},
            {"Sid": "All", "Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:${Region}:<AWS ACCOUNT ID>:jobs"}
        ]}"#,
    );
    write(
        "mine.json",
        r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::my-data/in/*"},
            {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": "arn:aws:sqs:eu-west-1:123456789012:jobs"}
        ]}"#,
    );
    let run = run_in(
        folder.path(),
        &[
            "lint",
            "mine.json",
            "--reference",
            "minimum.json",
            "--format",
            "json",
        ],
    );
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    let value: Value = serde_json::from_str(&run.out).unwrap();
    let result = &value["results"][0];
    each(["policy", "role", "scheduler", "pcluster_version"], |key| {
        assert_eq!(result["reference"][key], Value::Null);
    });
    assert_eq!(result["bindings"]["BUCKET"]["value"], "my-data");
    assert_eq!(result["bindings"]["Region"]["value"], "eu-west-1");
    let finding = &result["findings"][0];
    assert_eq!(
        (&finding["lint"], &finding["severity"]),
        (&json!("missing-action"), &json!("error"))
    );
    assert!(
        finding["actions"]
            .as_array()
            .unwrap()
            .contains(&json!("sqs:DeleteQueue"))
    );
    // The reference stands in another Region than the policy: a scope never hides a requirement.
    write(
        "here.json",
        r#"{"Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:123456789012:q"}}"#,
    );
    write(
        "there.json",
        r#"{"Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-1:123456789012:q"}}"#,
    );
    let run = run_in(
        folder.path(),
        &["lint", "there.json", "--reference", "here.json"],
    );
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.out.contains("the region differs"), "{}", run.out);
}

#[test]
fn the_reference_is_shown_with_its_placeholders_bound() {
    let run = run(&[
        "reference",
        "show",
        "--role",
        "instance",
        "--scheduler",
        "torque",
        "--region",
        "cn-north-1",
        "--account",
        "123456789012",
        "--format",
        "json",
    ]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert_eq!(
        run.out,
        role::fixture("reference/instance-traditional-aws-cn.json")
    );
    let open = self::run(&["reference", "show", "--role", "user", "--scheduler", "sge"]);
    assert_eq!(open.code, 0);
    assert!(
        open.err.contains("no value is given for ${Ec2RoleName}"),
        "{}",
        open.err
    );
    assert!(
        open.out.contains("fsx:*") && open.out.contains("FSx for Lustre"),
        "{}",
        open.out
    );
}

#[test]
fn without_a_release_a_role_is_compared_with_one_that_has_it() {
    let none = "no name in the policies shows the release";
    let generation = "only 3.x has the role";
    each(
        [
            ("user", "slurm", "role user", "2.4.1", none),
            (
                "lambda",
                "slurm",
                "role lambda",
                "3.16.3",
                "no policy of role lambda is known for 2.4.1",
            ),
            (
                "lambda",
                "torque",
                "role lambda",
                "2.11.4",
                "no policy of role lambda is known for 2.4.1",
            ),
            ("head-node", "slurm", "role head-node", "3.16.3", generation),
            ("headnode", "slurm", "role head-node", "3.16.3", generation),
            (
                "Compute_Node",
                "slurm",
                "role compute-node",
                "3.16.3",
                generation,
            ),
            (
                "master",
                "torque",
                "role instance",
                "2.4.1",
                "only 2.x has the scheduler torque",
            ),
        ],
        |(name, scheduler, role, release, reason)| {
            let options = ["lint", "p.json", "--role", name, "--scheduler", scheduler];
            let policy = QUEUES.replace("sqs:SendMessage", "ec2:DescribeInstances");
            let policy = policy.replace("sqs:GetQueueUrl", "ec2:DescribeVolumes");
            let run = run_with(&[("p.json", &policy)], &options);
            let first = run.out.lines().next().unwrap();
            let of = format!("{role}, scheduler {scheduler}, ParallelCluster {release}");
            assert!(first.contains(&of) && first.contains(reason), "{first}");
            let show = [
                "reference",
                "show",
                "--role",
                name,
                "--scheduler",
                scheduler,
            ];
            let shown = self::run(&show);
            assert!(shown.out.starts_with(&of), "{}{}", shown.out, shown.err);
        },
    );
    // A name of 2.x in the policies decides between the generations that have the role.
    let options = ["lint", "p.json", "--role", "lambda", "--scheduler", "slurm"];
    let run = run_with(&[("p.json", QUEUES)], &options);
    assert!(
        run.out.contains("ParallelCluster 2.11.9, chosen"),
        "{}",
        run.out
    );
}

#[test]
fn the_reference_is_shown_with_its_conditions_and_its_file() {
    let show = |more: &[&str]| {
        let command = ["reference", "show", "--role", "head-node"];
        let of = ["--scheduler", "slurm", "--pcluster-version", "3.14"];
        let shown = run(&[&command[..], &of[..], more].concat());
        assert_eq!(shown.code, 0, "{}", shown.err);
        shown.out
    };
    let text = show(&[]);
    let terminate = "\n  on *\n  if StringEquals ec2:ResourceTag/parallelcluster:node-type = Compute\n    ec2:TerminateInstances";
    assert!(text.contains(terminate), "{text}");
    let file = "\n  file: rules/reference/head-node/slurm-3.14.0.toml\n";
    assert!(text.contains(file), "{text}");
    let policy: Value = serde_json::from_str(&show(&["--format", "json"])).unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter();
    let conditions = statements.filter_map(|s| s["Condition"].as_object());
    let keys = conditions.flat_map(serde_json::Map::values);
    let lines: usize = keys.map(|keys| keys.as_object().unwrap().len()).sum();
    assert!(lines >= 2, "{policy}");
    assert_eq!(text.matches("\n  if ").count(), lines, "{text}");

    let listed = run(&["reference", "list", "--role", "head-node"]);
    assert!(listed.out.contains(file.trim()), "{}", listed.out);
    let explained = run(&["explain", "iam:PassRole"]);
    let passed = "\n  if StringEquals iam:PassedToService = ec2.amazonaws.com\n";
    assert!(explained.out.contains(passed), "{}", explained.out);
}

#[test]
fn a_file_that_fits_no_role_does_not_keep_the_others_from_being_judged() {
    let other = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "braket:*", "Resource": "*"}]}"#;
    let role = role::fixture("reference/instance-traditional-filled.json");
    let files = [
        ("a.json", other),
        ("b.json", role.as_str()),
        ("c.json", other),
    ];
    let run = run_with(
        &files,
        &[
            "lint",
            "a.json",
            "b.json",
            "c.json",
            "--each",
            "--scheduler",
            "torque",
        ],
    );
    assert_eq!(run.code, 2);
    assert!(run.out.contains("judged b.json"), "{}", run.out);
    each(["a.json", "c.json"], |name| {
        assert!(
            run.err.contains(&format!("is granted by {name}")),
            "{}",
            run.err
        );
    });
}

#[test]
fn a_requirement_by_exclusion_is_not_taken_for_its_list() {
    let reference = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "NotResource": "arn:aws:s3:::a/*"}]}"#;
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::a/*"}]}"#;
    let files = [("p.json", policy), ("r.json", reference)];
    let run = run_with(&files, &["lint", "p.json", "--reference", "r.json"]);
    assert_eq!(run.code, 1);
    each(
        [
            "`s3:PutObject` is not granted on any of the required resources",
            "\"NotResource\": \"arn:aws:s3:::a/*\"",
        ],
        |part| {
            assert!(run.out.contains(part), "{part}\n{}", run.out);
        },
    );
    assert!(!run.out.contains("this allows part of it"), "{}", run.out);
}

#[test]
fn an_empty_list_in_the_reference_is_refused() {
    let reference = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": [], "Resource": "*"},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]}"#;
    let files = [("p.json", QUEUES), ("r.json", reference)];
    let run = run_with(&files, &["lint", "p.json", "--reference", "r.json"]);
    assert_eq!(run.code, 2, "{}", run.out);
    assert!(
        run.err.contains("`NotAction` is an empty list"),
        "{}",
        run.err
    );
}
