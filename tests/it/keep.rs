//! What a configuration keeps and attaches.

use std::fs;
use std::path::Path;

use crate::common::program::{Run, run};
use crate::common::table::each;
use serde_json::{Value, json};

const HEAD: &str = r#"pcluster-version = "3.16.1"
scheduler = "slurm"
region = "us-east-1"
account = "123456789012"
features = ["none"]
[[target]]
name = "node"
role = "compute-node"
policies = ["p.json"]
"#;

/// The policy of a compute node that also writes the results of jobs.
fn policy() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Jobs", "Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "arn:aws:s3:::results/*"},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::us-east-1-aws-parallelcluster/*"},
        {"Effect": "Allow", "Action": ["dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:GetItem"],
            "Resource": "arn:aws:dynamodb:us-east-1:123456789012:table/parallelcluster-*"},
        {"Effect": "Allow", "Action": "ec2:DescribeInstanceAttribute", "Resource": "*"},
        {"Effect": "Allow", "Action": "cloudformation:DescribeStackResource",
            "Resource": "arn:aws:cloudformation:us-east-1:123456789012:stack/*/*"},
    ]})
}

fn lint(keep: &str, policy: &Value, options: &[&str]) -> (Run, Value) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), keep, policy);
    let got = run(folder.path(), &[&["lint", "-f", "json"], options].concat());
    let report = serde_json::from_str(&got.out).unwrap_or(Value::Null);
    (got, report)
}

fn write(folder: &Path, keep: &str, policy: &Value) {
    fs::write(folder.join("pcluster-iam.toml"), format!("{HEAD}{keep}")).unwrap();
    let text = serde_json::to_string_pretty(policy).unwrap();
    fs::write(folder.join("p.json"), text).unwrap();
}

/// The actions of the findings with these lints.
fn actions(report: &Value, lints: &[&str]) -> Vec<String> {
    let results = report["results"].as_array().unwrap().iter();
    let findings = results.flat_map(|r| r["findings"].as_array().unwrap());
    let of = findings.filter(|f| lints.contains(&f["lint"].as_str().unwrap()));
    let mut all: Vec<String> = of
        .flat_map(|f| f["actions"].as_array().unwrap())
        .map(|a| a.as_str().unwrap().to_owned())
        .collect();
    all.sort();
    all.dedup();
    all
}

const EXCESS: [&str; 3] = [
    "unneeded-action",
    "over-broad-action",
    "over-broad-resource",
];

#[test]
fn what_is_kept_is_no_excess() {
    let keep = |actions: &str, resources: &str| {
        format!(
            "[[keep]]\nactions = {actions}\nresources = {resources}\nreason = \"the jobs write\"\n"
        )
    };
    let both = r#"["s3:PutObject", "s3:GetObject"]"#;
    let table: [(&str, String, &[&str], bool); 7] = [
        (
            "nothing kept",
            String::new(),
            &["s3:GetObject", "s3:PutObject"],
            false,
        ),
        (
            "all of it",
            keep(both, r#""arn:aws:s3:::results/*""#),
            &[],
            false,
        ),
        ("every resource", keep(r#""s3:*""#, r#""*""#), &[], false),
        (
            "one action",
            keep(r#""s3:PutObject""#, r#""arn:aws:s3:::results/*""#),
            &["s3:GetObject"],
            false,
        ),
        (
            "a part",
            keep(both, r#""arn:aws:s3:::results/a/*""#),
            &["s3:GetObject", "s3:PutObject"],
            false,
        ),
        (
            "another bucket",
            keep(both, r#""arn:aws:s3:::other/*""#),
            &["s3:GetObject", "s3:PutObject"],
            true,
        ),
        (
            "expired",
            keep(both, r#""*""#) + "until = 2020-01-01\n",
            &["s3:GetObject", "s3:PutObject"],
            true,
        ),
    ];
    for (name, keep, expected, unused) in table {
        let (got, report) = lint(&keep, &policy(), &[]);
        assert_eq!(actions(&report, &EXCESS), expected, "{name}: {}", got.err);
        let of_configuration = report["findings"].as_array().unwrap();
        let is_unused = of_configuration
            .iter()
            .any(|f| f["lint"] == "unused-ignore");
        assert_eq!(is_unused, unused, "{name}");
        let weakened = report["weakened"].as_array().unwrap();
        let is_listed = weakened.iter().any(|w| w["kind"] == "keep");
        assert_eq!(is_listed, !keep.is_empty() && !unused, "{name}");
        let (_, report) = lint(&keep, &policy(), &["--no-ignores"]);
        let none: &[&str] = &["s3:GetObject", "s3:PutObject"];
        assert_eq!(actions(&report, &EXCESS), none, "{name}");
    }
}

#[test]
fn what_is_kept_is_not_removed() {
    let kept = "[[keep]]\nactions = \"s3:Get*\"\nresources = \"arn:aws:s3:::results/*\"\nreason = \"the jobs read\"\n";
    let mut policy = policy();
    policy["Statement"][0] = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
    policy["Statement"].as_array_mut().unwrap().remove(1);
    each([(kept, true), ("", false)], |(keep, expected)| {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), keep, &policy);
        let got = run(folder.path(), &["tighten", "--write"]);
        assert_ne!(got.code, 2, "{}", got.err);
        let left = fs::read_to_string(folder.path().join("p.json")).unwrap();
        assert!(left.contains("us-east-1-aws-parallelcluster/*"), "{left}");
        assert_eq!(left.contains("arn:aws:s3:::results/*"), expected, "{left}");
        let fixed = run(folder.path(), &["lint", "--fix"]);
        assert_ne!(fixed.code, 2, "{}", fixed.err);
        let left = fs::read_to_string(folder.path().join("p.json")).unwrap();
        assert_eq!(left.contains("arn:aws:s3:::results/*"), expected, "{left}");
    });
}

#[test]
fn what_is_ignored_is_not_removed() {
    let mut policy = policy();
    policy["Statement"][0]["Action"] = json!([
        "s3:GetObject",
        "dynamodb:Query",
        "s3:PutObject",
        "s3:PutObject"
    ]);
    policy["Statement"][0]["Resource"] = json!("*");
    let ignore = |fields: &str| format!("[[ignore]]\n{fields}\nreason = \"reviewed by Ann\"\n");
    let table = [
        (ignore("lint = \"unneeded-action\"\nsid = \"Jobs\""), true),
        (ignore("sid = \"Jobs\""), true),
        (ignore("path = \"p.json\""), true),
        (ignore("subject = \"s3:PutObject\""), true),
        (
            ignore("lint = \"over-broad-resource\"\nsid = \"Jobs\""),
            true,
        ),
        (ignore("sid = \"Other\""), false),
        (ignore("path = \"q.json\""), false),
        (ignore("lint = \"missing-action\""), false),
        (ignore("lint = \"duplicate-value\""), false),
        (ignore("sid = \"Jobs\"\nuntil = 2020-01-01"), false),
        (String::new(), false),
    ];
    each(table, |(ignored, expected)| {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &ignored, &policy);
        let got = run(folder.path(), &["tighten", "--write"]);
        assert_eq!(got.code, 0, "{}", got.err);
        let left = fs::read_to_string(folder.path().join("p.json")).unwrap();
        assert_eq!(left.contains("s3:PutObject"), expected, "{ignored}: {left}");
        let reason = "an `[[ignore]]` accepts it: reviewed by Ann";
        assert_eq!(got.err.contains(reason), expected, "{ignored}: {}", got.err);
    });
}

#[test]
fn mistakes_of_a_keep_are_refused_at_their_places() {
    let table = [
        (
            "actions = \"s3:Get*\"\nresources = \"*\"\n",
            "a keep has no `reason`",
        ),
        (
            "actions = \"s3:Get*\"\nreason = \"r\"\n",
            "a keep has no `resources`",
        ),
        (
            "actions = \"s3\"\nresources = \"*\"\nreason = \"r\"\n",
            "`s3` is not an action",
        ),
        (
            "actions = \"s3:*\"\nresources = \"results/*\"\nreason = \"r\"\n",
            "`results/*` is not an ARN",
        ),
        (
            "action = \"s3:*\"\nresources = \"*\"\nreason = \"r\"\n",
            "`action` is not a key of a keep",
        ),
    ];
    for (text, expected) in table {
        let (got, _) = lint(&format!("[[keep]]\n{text}"), &policy(), &[]);
        assert_eq!(got.code, 2, "{text}");
        assert!(got.err.contains(expected), "{text}: {}", got.err);
    }
}

#[test]
fn a_configuration_names_the_cluster() {
    let text = policy()
        .to_string()
        .replace("table/parallelcluster-*", "table/parallelcluster-*prod");
    let narrow: Value = serde_json::from_str(&text).unwrap();
    let narrow = narrow
        .to_string()
        .replace("parallelcluster-*prod", "parallelcluster-slurm-prod");
    let mut narrow: Value = serde_json::from_str(&narrow).unwrap();
    let table = "arn:aws:dynamodb:us-east-1:123456789012:table";
    narrow["Statement"][2]["Resource"] = json!([
        format!("{table}/parallelcluster-slurm-prod"),
        format!("{table}/parallelcluster-slurm-prod/index/*"),
    ]);
    let with_name = |name: &str| {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "", &narrow);
        let text = format!("cluster-name = {name}\n{HEAD}");
        fs::write(folder.path().join("pcluster-iam.toml"), text).unwrap();
        run(folder.path(), &["lint"])
    };
    assert_eq!(
        with_name("\"prod\"").code,
        0,
        "{}",
        with_name("\"prod\"").out
    );
    assert_eq!(with_name("\"test\"").code, 1);
    assert_eq!(with_name("[\"prod\", \"test\"]").code, 1);
    assert_eq!(with_name("\"-x\"").code, 2);
}

#[test]
fn attached_policies_of_aws_grant() {
    let cluster = "Region: us-east-1
Image: {Os: alinux2023}
HeadNode:
  InstanceType: c5.large
  Networking: {SubnetId: subnet-0123456789abcdef0}
Scheduling:
  Scheduler: slurm
  SlurmQueues:
    - Name: q
      ComputeResources: [{Name: c, InstanceType: c5.large}]
      Networking: {SubnetIds: [subnet-0123456789abcdef0]}
      CustomActions: {OnNodeStart: {Script: 's3://scripts/start.sh'}}
";
    let arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    let detail = json!({"RoleName": "n", "Arn": "arn:aws:iam::123456789012:role/n",
        "AttachedManagedPolicies": [{"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": arn}],
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": policy()}]});
    let configured = format!("attached = [\"{arn}\"]\n{HEAD}");
    let table = [
        ("none", policy(), HEAD.to_owned(), vec![], 1),
        (
            "option",
            policy(),
            HEAD.to_owned(),
            vec!["--attached", arn],
            0,
        ),
        ("role detail", detail, HEAD.to_owned(), vec![], 0),
        ("configuration", policy(), configured, vec![], 0),
    ];
    for (name, policy, configuration, options, code) in table {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "", &policy);
        fs::write(folder.path().join("pcluster-iam.toml"), configuration).unwrap();
        fs::write(folder.path().join("c.yaml"), cluster).unwrap();
        let fixed = ["lint", "-f", "json", "--cluster-config", "c.yaml"];
        let got = run(folder.path(), &[&fixed[..], &options].concat());
        assert_eq!(got.code, code, "{name}: {}", got.err);
        let report: Value = serde_json::from_str(&got.out).unwrap();
        for finding in report["results"][0]["findings"].as_array().unwrap() {
            let path = finding["region"]["path"].as_str().unwrap();
            assert!(path == "p.json", "{name}: {finding}");
        }
    }
}

#[test]
fn a_needed_policy_of_aws_may_be_inline() {
    let text = include_str!("../../rules/managed-policies.json");
    let all: Value = serde_json::from_str(text).unwrap();
    let name = "CloudWatchAgentServerPolicy";
    let mut with = policy();
    let document = &all["policies"][name]["document"]["Statement"];
    with["Statement"]
        .as_array_mut()
        .unwrap()
        .extend(document.as_array().unwrap().clone());
    each([(policy(), true), (with, false)], |(policy, listed)| {
        let (_, report) = lint("", &policy, &[]);
        let not_checked = report["results"][0]["not_checked"].as_array().unwrap();
        let is_listed = not_checked
            .iter()
            .any(|n| n.as_str().unwrap().contains(name));
        assert_eq!(is_listed, listed);
        let excess = actions(&report, &EXCESS);
        assert!(excess.iter().all(|a| a.starts_with("s3:")), "{excess:?}");
    });
}

/// A gap is reported in the role's own files, also where the only grant of the service is in an attached policy of AWS.
#[test]
fn attached_policies_of_aws_hide_no_gap() {
    let attached = [
        "AWSBatchFullAccess",
        "CloudWatchAgentServerPolicy",
        "AmazonS3ReadOnlyAccess",
        "AmazonEC2FullAccess",
    ];
    let own = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}]});
    let roles = [
        ("head-node", "awsbatch", "3.0.0"),
        ("head-node", "slurm", "3.14.0"),
    ];
    let mut judged = 0;
    for name in attached {
        let arn = format!("arn:aws:iam::aws:policy/{name}");
        for (role, scheduler, release) in roles {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), "", &own);
            let fixed = [
                "lint",
                "p.json",
                "--no-config",
                "-f",
                "json",
                "--role",
                role,
            ];
            let options = ["--scheduler", scheduler, "--pcluster-version", release];
            let got = run(
                folder.path(),
                &[&fixed[..], &options, &["--attached", &arn]].concat(),
            );
            let report: Value = serde_json::from_str(&got.out).unwrap();
            let result = &report["results"][0];
            let findings = result["findings"].as_array().unwrap();
            for row in result["requirements"].as_array().unwrap() {
                if row["verdict"] == "covered" {
                    continue;
                }
                let mut named = findings.iter().filter(|f| {
                    let actions = f["actions"].as_array().unwrap();
                    actions.contains(&row["action"])
                });
                assert!(named.next().is_some(), "{role}, {name}: {row}");
                judged += 1;
            }
            for finding in findings {
                assert_eq!(finding["region"]["path"], "p.json", "{role}, {name}");
            }
        }
    }
    assert!(judged > 80, "{judged}");
}
