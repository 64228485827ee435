//! The names that services have in China, in conditions on the service to which a role is passed.

use crate::common::program::run;
use crate::common::table::each;
use serde_json::{Value, json};

/// The verdict for passing the default roles.
fn verdict(role: &str, release: &str, region: &str, services: &[&str]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let partition = if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    };
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": format!("arn:{partition}:iam::123456789012:role/*"),
        "Condition": {"StringEquals": {"iam:PassedToService": services}},
    }]});
    std::fs::write(folder.path().join("p.json"), policy.to_string()).unwrap();
    let fixed = [
        "lint",
        "p.json",
        "--no-config",
        "-f",
        "json",
        "--account",
        "123456789012",
    ];
    let options = [
        "--role",
        role,
        "--pcluster-version",
        release,
        "--region",
        region,
    ];
    let scheduler = ["--scheduler", "slurm"];
    let scheduler: &[&str] = match role {
        "image-build-user" => &[],
        _ => &scheduler,
    };
    let got = run(folder.path(), &[&fixed[..], &options, scheduler].concat());
    let report: Value = serde_json::from_str(&got.out).unwrap();
    let result = &report["results"][0];
    let rows = result["requirements"].as_array().unwrap();
    let mut of_default = rows.iter().filter(|row| {
        let statement = &result["statements"][row["statement"].to_string()];
        let resources = row.get("resources").unwrap_or(&statement["resources"]);
        let resources = resources.to_string();
        row["action"] == "iam:PassRole" && !resources.contains("CustomIamRoleArns")
    });
    Some(of_default.next()?["verdict"].as_str()?.to_owned())
}

#[test]
fn the_names_of_china_are_required_in_china_alone() {
    let (here, china) = ("ec2.amazonaws.com", "ec2.amazonaws.com.cn");
    let (lambda, fleet) = ("lambda.amazonaws.com", "spotfleet.amazonaws.com");
    let table: &[(&str, &str, &str, &[&str], &str)] = &[
        ("head-node", "3.14.0", "us-east-1", &[here], "covered"),
        ("head-node", "3.14.0", "us-east-1", &[china], "missing"),
        ("head-node", "3.14.0", "cn-north-1", &[here], "missing"),
        ("head-node", "3.14.0", "cn-north-1", &[china], "covered"),
        ("head-node", "3.0.0", "cn-northwest-1", &[china], "covered"),
        ("head-node", "3.14.0", "us-gov-west-1", &[here], "covered"),
        ("head-node", "3.14.0", "us-gov-west-1", &[china], "missing"),
        ("instance", "2.11.5", "cn-north-1", &[china], "covered"),
        ("instance", "2.11.5", "us-east-1", &[here], "covered"),
        (
            "user",
            "3.14.0",
            "us-east-1",
            &[lambda, here, fleet],
            "covered",
        ),
        (
            "user",
            "3.14.0",
            "cn-north-1",
            &[lambda, here, fleet],
            "partial",
        ),
        (
            "user",
            "3.14.0",
            "cn-north-1",
            &[lambda, china, fleet],
            "partial",
        ),
        (
            "user",
            "3.14.0",
            "cn-north-1",
            &[lambda, here, china, fleet],
            "covered",
        ),
        (
            "image-build-user",
            "3.6.1",
            "us-east-1",
            &[lambda, here],
            "covered",
        ),
        (
            "image-build-user",
            "3.6.1",
            "cn-north-1",
            &[lambda, here],
            "partial",
        ),
    ];
    let mut wrong = Vec::new();
    for (role, release, region, services, expected) in table {
        let found = verdict(role, release, region, services);
        if found.as_deref() != Some(expected) {
            wrong.push(format!(
                "{role} {release} {region} {services:?}: {found:?}, not {expected}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// AWS's text as it is shown for a partition is enough there.
#[test]
fn the_shown_text_is_enough_in_its_partition() {
    each(["us-east-1", "cn-north-1"], |region| {
        let folder = tempfile::tempdir().unwrap();
        let chosen = [
            "--role",
            "head-node",
            "--scheduler",
            "slurm",
            "--pcluster-version",
            "3.14.0",
        ];
        let place = ["--region", region, "--account", "123456789012"];
        let show = run(
            folder.path(),
            &[&["reference", "show", "-f", "json"][..], &chosen, &place].concat(),
        );
        assert_eq!(
            show.out.contains("ec2.amazonaws.com.cn"),
            region.starts_with("cn-")
        );
        std::fs::write(folder.path().join("p.json"), show.out).unwrap();
        let lint = run(
            folder.path(),
            &[&["lint", "p.json", "--no-config"][..], &chosen, &place].concat(),
        );
        assert_eq!(lint.code, 0, "{}", lint.out);
    });
}
