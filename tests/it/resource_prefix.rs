//! `Iam/ResourcePrefix` of a cluster configuration: where the roles are that the user of `pcluster` creates and passes.

use crate::common::program::run;
use serde_json::Value;

const CLUSTER: &str = "Region: us-east-1
Image: {Os: alinux2023}
HeadNode:
  InstanceType: t3.medium
  Networking: {SubnetId: subnet-0123456789abcdef0}
Scheduling:
  Scheduler: slurm
  SlurmQueues:
    - Name: q
      ComputeResources: [{Name: c, InstanceType: c5.large}]
      Networking: {SubnetIds: [subnet-0123456789abcdef0]}
";

/// The errors on roles and instance profiles, where AWS's policy has these paths in place of its own.
fn errors(prefix: &str, roles: &[&str], profiles: &str, name: &[&str]) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let chosen = [
        "--role",
        "user",
        "--pcluster-version",
        "3.14.0",
        "--region",
        "us-east-1",
        "--account",
        "123456789012",
    ];
    let show = ["reference", "show", "-f", "json", "--scheduler", "slurm"];
    let text = run(folder.path(), &[&show[..], &chosen].concat()).out;
    let mut policy: Value = serde_json::from_str(&text).unwrap();
    for statement in policy["Statement"].as_array_mut().unwrap() {
        let own = match &statement["Resource"] {
            Value::Array(all) => all.clone(),
            one => vec![one.clone()],
        };
        let moved = own.iter().flat_map(|resource| {
            let resource = resource.as_str().unwrap();
            if resource.contains(":role/parallelcluster/*") {
                let to = |path: &&str| resource.replace("parallelcluster/*", path);
                roles.iter().map(to).collect()
            } else {
                vec![resource.replace(
                    "instance-profile/parallelcluster/*",
                    &format!("instance-profile/{profiles}"),
                )]
            }
        });
        statement["Resource"] = moved.collect::<Vec<String>>().into();
    }
    let prefix = match prefix {
        "" => String::new(),
        prefix => format!("Iam: {{ResourcePrefix: {prefix}}}\n"),
    };
    std::fs::write(folder.path().join("c.yaml"), format!("{CLUSTER}{prefix}")).unwrap();
    std::fs::write(folder.path().join("p.json"), policy.to_string()).unwrap();
    let fixed = [
        "lint",
        "p.json",
        "--no-config",
        "-f",
        "json",
        "--cluster-config",
        "c.yaml",
    ];
    let got = run(folder.path(), &[&fixed[..], &chosen, name].concat());
    let report: Value = serde_json::from_str(&got.out).unwrap();
    let findings = report["results"][0]["findings"].as_array().unwrap();
    let of_iam = |f: &&Value| f["severity"] == "error" && f["actions"].to_string().contains("iam:");
    findings.iter().filter(of_iam).count()
}

#[test]
fn the_user_creates_and_passes_roles_under_the_prefix() {
    let prod = ["--cluster-name", "prod"];
    let (own, default): (&[&str], &[&str]) = (&[], &["parallelcluster/*"]);
    let all = "parallelcluster/*";
    let table: &[(&str, &[&str], &str, &[&str], bool)] = &[
        ("", default, all, own, true),
        ("/hpc/team/", default, all, own, false),
        ("/hpc/team/", &["hpc/team/*"], "hpc/team/*", own, true),
        (
            "/hpc/team/",
            &["hpc/team/prod/*", "hpc/team/prod-*"],
            "hpc/team/prod/*",
            &prod,
            true,
        ),
        (
            "/hpc/team/",
            &["hpc/team/test/*", "hpc/team/test-*"],
            "hpc/team/test/*",
            &prod,
            false,
        ),
        (
            "/hpc/team/",
            &["hpc/team/prod/*"],
            "hpc/team/prod/*",
            &prod,
            false,
        ),
        (
            "/hpc/site-",
            &["hpc/prod/*", "hpc/site-*"],
            "hpc/prod/*",
            &prod,
            true,
        ),
        ("/hpc/site-", &["hpc/*"], "hpc/*", own, true),
        ("/hpc/site-", &["hpc/site-*"], "hpc/site-*", &prod, false),
        ("site-", default, all, own, true),
    ];
    let mut wrong = Vec::new();
    for (prefix, roles, profiles, name, is_enough) in table {
        let count = errors(prefix, roles, profiles, name);
        if (count == 0) != *is_enough {
            wrong.push(format!(
                "{prefix} {roles:?} {profiles} {name:?}: {count} errors"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
