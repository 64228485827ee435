//! What the kind of a principal decides: a role has no user name, whatever its policies are compared with.

use crate::common::project::Project;
use crate::common::table::each;
use serde_json::json;

const REFERENCE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}"#;

#[test]
fn a_role_of_any_input_has_no_user_name() {
    let condition = json!({"StringEquals": {"aws:username": "a"}});
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Condition": condition}
    ]});
    let inline = json!([{"PolicyName": "p", "PolicyDocument": policy}]);
    let resource = |kind: &str| json!({"Resources": {"R": {"Type": kind, "Properties": {"Policies": inline}}}});
    let hcl = format!(
        "resource \"aws_iam_role\" \"r\" {{\n  name = \"r\"\n  assume_role_policy = \"{{}}\"\n  inline_policy {{\n    name = \"p\"\n    policy = jsonencode({policy})\n  }}\n}}\n"
    );
    let inputs = [
        ("plain.json", policy.to_string(), "conditional"),
        (
            "user.json",
            resource("AWS::IAM::User").to_string(),
            "conditional",
        ),
        (
            "role.json",
            resource("AWS::IAM::Role").to_string(),
            "missing",
        ),
        (
            "detail.json",
            json!({"RoleName": "r", "RolePolicyList": inline}).to_string(),
            "missing",
        ),
        ("main.tf", hcl, "missing"),
    ];
    for (name, text, verdict) in inputs {
        let project = Project::new(&[(name, &text), ("r.ref", REFERENCE)]);
        let arguments = [
            "lint",
            name,
            "--no-config",
            "--reference",
            "r.ref",
            "--format",
            "json",
        ];
        let run = project.run(&arguments);
        assert!(
            run.out.contains(&format!("\"verdict\":\"{verdict}\"")),
            "{name}: {}{}",
            run.out,
            run.err
        );
        assert_eq!(run.code == 0, verdict == "conditional", "{name}");
    }
}

#[test]
fn actions_without_resource_types_are_known_gaps_and_kept() {
    each(
        [
            ("fsx", "fsx:DescribeFileSystems"),
            ("fsx", "fsx:DescribeBackups"),
            ("fsx", "fsx:DescribeDataRepositoryAssociations"),
            ("efs", "elasticfilesystem:CreateFileSystem"),
        ],
        |(feature, action)| {
            let of = |key: &str, value: &str| {
                json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", key: value, "Resource": "*"}]})
                .to_string()
            };
            let without = of("NotAction", action);
            let with = of("Action", action);
            let project = Project::new(&[("without.json", &without), ("with.json", &with)]);
            let lint = |file| {
                let options = [
                    "lint",
                    file,
                    "--no-config",
                    "--role",
                    "user",
                    "--scheduler",
                    "slurm",
                    "--region",
                    "us-east-1",
                    "--pcluster-version",
                    "3.16.3",
                    "--account",
                    "123456789012",
                    "--format",
                    "concise",
                    "--feature",
                    feature,
                ];
                project.run(&options).out
            };
            let gap = format!("[known-gap]: `{action}` is not granted");
            assert!(lint("without.json").contains(&gap), "{action}");
            let granted = lint("with.json");
            assert!(!granted.contains(&gap), "{granted}");
            assert!(!granted.contains("[unneeded-action]"), "{granted}");
        },
    );
}
