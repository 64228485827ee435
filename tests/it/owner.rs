//! Which role policies belong to: by the name that the file gives, or by what they grant.

use std::fs;

use crate::common::program::{Run, run};
use serde_json::{Value, json};

const CLUSTER: &str = "Region: us-east-1
Image: {Os: alinux2023}
HeadNode:
  InstanceType: c5.large
  Networking: {SubnetId: subnet-0123456789abcdef0}
  Iam: {InstanceRole: 'arn:aws:iam::123456789012:role/hpc/HpcHead'}
Scheduling:
  Scheduler: slurm
  SlurmQueues:
    - Name: one
      ComputeResources: [{Name: c, InstanceType: c5.large}]
      Networking: {SubnetIds: [subnet-0123456789abcdef0]}
      Iam: {InstanceRole: 'arn:aws:iam::123456789012:role/HpcNode'}
    - Name: two
      ComputeResources: [{Name: c, InstanceType: c5.large}]
      Networking: {SubnetIds: [subnet-0123456789abcdef0]}
      Iam: {InstanceProfile: 'arn:aws:iam::123456789012:instance-profile/HpcProfile'}
LoginNodes:
  Pools:
    - Name: login
      Count: 1
      Networking: {SubnetIds: [subnet-0123456789abcdef0]}
      Iam: {InstanceRole: 'arn:aws:iam::123456789012:role/HpcNode'}
Iam:
  Roles: {LambdaFunctionsRole: 'arn:aws:iam::123456789012:role/HpcLambda'}
";

const OLD: &str = "[global]
cluster_template = default
[cluster default]
scheduler = slurm
key_name = k
vpc_settings = v
ec2_iam_role = HpcNodes
[vpc v]
vpc_id = vpc-0123456789abcdef0
master_subnet_id = subnet-0123456789abcdef0
";

const IMAGE: &str = "Region: us-east-1
Build:
  InstanceType: c5.xlarge
  ParentImage: ami-0123456789abcdef0
  Iam:
    CleanupLambdaRole: arn:aws:iam::123456789012:role/Cleanup
    InstanceRole: arn:aws:iam::123456789012:role/Builder
DeploymentSettings:
  LambdaFunctionsVpcConfig: {SubnetIds: [subnet-0123456789abcdef0], SecurityGroupIds: [sg-0123456789abcdef0]}
";

/// A document that grants everything but some actions.
fn all_but(actions: &[&str]) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "NotAction": actions, "Resource": "*"}
    ]})
}

fn lint(config: &str, policies: &[Value], options: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("c.yaml"), config).unwrap();
    let mut names = Vec::new();
    for (at, policy) in policies.iter().enumerate() {
        let name = format!("p{at}.json");
        fs::write(folder.path().join(&name), policy.to_string()).unwrap();
        names.push(name);
    }
    let mut arguments = vec!["lint", "--no-config", "-f", "json"];
    if !config.is_empty() {
        arguments.extend(["--cluster-config", "c.yaml"]);
    }
    arguments.extend(names.iter().map(String::as_str));
    arguments.extend(options);
    run(folder.path(), &arguments)
}

/// The roles that were judged, with the reason for each.
fn roles(run: &Run) -> Vec<(String, String)> {
    let Ok(report) = serde_json::from_str::<Value>(&run.out) else {
        return Vec::new();
    };
    let results = report["results"].as_array().unwrap().iter();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    results
        .map(|r| {
            let reference = &r["reference"];
            (text(&reference["role"]), text(&reference["role_reason"]))
        })
        .collect()
}

#[test]
fn the_name_of_the_role_decides() {
    let inline = |name: &str| json!({"RoleName": name, "PolicyName": "p", "PolicyDocument": all_but(&["sqs:*"])});
    let detail = |arn: &str| {
        let name = arn.rsplit('/').next().unwrap();
        json!({"Path": "/", "RoleName": name, "Arn": arn, "AttachedManagedPolicies": [],
            "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": all_but(&["sqs:*"])}]})
    };
    let mut profile = detail("arn:aws:iam::123456789012:role/Anything");
    profile["InstanceProfileList"] = json!([{
        "InstanceProfileName": "HpcProfile",
        "Arn": "arn:aws:iam::123456789012:instance-profile/HpcProfile",
        "Path": "/", "Roles": [],
    }]);
    let in_profile_of_the_name = inline("HpcProfile");
    let table: [(&str, &str, Value, &[&str]); 12] = [
        ("head node", CLUSTER, inline("HpcHead"), &["head-node"]),
        (
            "two roles of a cluster",
            CLUSTER,
            inline("HpcNode"),
            &["compute-node", "login-node"],
        ),
        ("functions", CLUSTER, inline("HpcLambda"), &["lambda"]),
        (
            "ARN",
            CLUSTER,
            detail("arn:aws:iam::123456789012:role/hpc/HpcHead"),
            &["head-node"],
        ),
        ("instance profile", CLUSTER, profile, &["compute-node"]),
        (
            "profile of that name",
            CLUSTER,
            in_profile_of_the_name,
            &["compute-node"],
        ),
        ("2.x", OLD, inline("HpcNodes"), &["instance"]),
        ("cleanup", IMAGE, inline("Cleanup"), &["image-build-lambda"]),
        (
            "build instance",
            IMAGE,
            inline("Builder"),
            &["image-build-instance"],
        ),
        (
            "another account",
            CLUSTER,
            detail("arn:aws:iam::999999999999:role/hpc/HpcHead"),
            &["user"],
        ),
        (
            "another path",
            CLUSTER,
            detail("arn:aws:iam::123456789012:role/HpcHead"),
            &["user"],
        ),
        ("another name", CLUSTER, inline("Else"), &["user"]),
    ];
    for (name, config, policy, expected) in table {
        let got = lint(config, &[policy], &[]);
        let found = roles(&got);
        let named: Vec<&str> = found.iter().map(|(role, _)| role.as_str()).collect();
        assert_eq!(named, expected, "{name}: {}", got.err);
        for (role, reason) in &found {
            if role == "user" {
                assert_eq!(reason, "it fits best", "{name}");
                assert!(got.err.contains("does not name"), "{name}: {}", got.err);
            } else {
                assert!(reason.contains("c.yaml:"), "{name}: {reason}");
                assert_eq!(got.err, "", "{name}");
            }
        }
    }
}

#[test]
fn a_role_that_is_asked_for_wins_with_a_warning() {
    let policy =
        json!({"RoleName": "HpcHead", "PolicyName": "p", "PolicyDocument": all_but(&["sqs:*"])});
    let got = lint(CLUSTER, &[policy], &["--role", "compute-node"]);
    assert_eq!(roles(&got)[0].0, "compute-node");
    assert!(
        got.err.contains("judged as role compute-node"),
        "{}",
        got.err
    );
}

#[test]
fn files_of_different_roles_are_no_role() {
    let of = |name: &str| json!({"RoleName": name, "PolicyName": "p", "PolicyDocument": all_but(&["sqs:*"])});
    let files = [of("HpcHead"), of("HpcNode")];
    let got = lint(CLUSTER, &files, &[]);
    assert_eq!(got.code, 2, "{}", got.out);
    assert!(got.err.contains("HpcHead") && got.err.contains("HpcNode"));
    let each = lint(CLUSTER, &files, &["--each"]);
    let found = roles(&each);
    let named: Vec<&str> = found.iter().map(|(role, _)| role.as_str()).collect();
    assert_eq!(named, ["head-node", "compute-node", "login-node"]);
}

#[test]
fn a_part_of_the_policies_of_a_role_is_not_judged() {
    let grants = |actions: &[&str], resource: &str| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": resource}
        ]})
    };
    let table = [
        (
            "fsx",
            grants(&["fsx:DescribeFileSystems", "fsx:CreateFileSystem"], "*"),
            "3.14.0",
        ),
        (
            "s3",
            grants(
                &["s3:GetObject", "s3:PutObject"],
                "arn:aws:s3:::our-results/*",
            ),
            "3.14.0",
        ),
        ("ec2", grants(&["ec2:CreateVolume"], "*"), "2.4.1"),
        ("nothing", grants(&["glue:GetTable"], "*"), "2.4.1"),
    ];
    for (name, policy, release) in table {
        let options = ["--scheduler", "slurm", "--pcluster-version", release];
        let got = lint("", std::slice::from_ref(&policy), &options);
        assert_eq!(got.code, 2, "{name}: {}", got.out);
        let says = ["pass all files of the role", "--role", release];
        for words in says {
            assert!(got.err.contains(words), "{name}: {}", got.err);
        }
        let with_role = [&options[..], &["--role", "user"]].concat();
        assert_eq!(lint("", &[policy], &with_role).code, 1, "{name}");
    }
}

#[test]
fn the_configuration_of_an_image_decides_about_its_roles() {
    let table: [(&str, &[&str], i32, &str); 4] = [
        ("image-build-lambda", &["sqs:*"], 0, ""),
        (
            "image-build-lambda",
            &["ec2:CreateNetworkInterface"],
            1,
            "`ec2:CreateNetworkInterface` is not granted",
        ),
        (
            "image-build-lambda",
            &["iam:DeleteInstanceProfile"],
            1,
            "missing-action",
        ),
        ("image-build-user", &["iam:PassRole"], 1, "iam:PassRole"),
    ];
    for (role, missing, code, words) in table {
        let got = lint(IMAGE, &[all_but(missing)], &["--role", role]);
        assert_eq!(got.code, code, "{role} {missing:?}: {}", got.err);
        assert!(got.out.contains(words), "{role} {missing:?}");
    }
    let profile = IMAGE.replace(
        "InstanceRole: arn:aws:iam::123456789012:role/",
        "InstanceProfile: arn:aws:iam::123456789012:instance-profile/",
    );
    let policy = all_but(&["iam:DeleteInstanceProfile"]);
    let got = lint(&profile, &[policy], &["--role", "image-build-lambda"]);
    assert_eq!(got.code, 0, "{}", got.out);
    let got = lint(IMAGE, &[all_but(&[])], &["--role", "head-node"]);
    assert_eq!(got.code, 2, "{}", got.out);
}
