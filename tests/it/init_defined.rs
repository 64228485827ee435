//! `pcluster-iam init` where policies are in templates and Terraform modules.

use crate::common::project::Project;
use crate::common::role::fixture;
use crate::common::table::each;

const ROLE: &str = r#"variable "name" { default = "nodes" }
resource "aws_iam_role" "this" {
  name               = var.name
  assume_role_policy = "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"ec2.amazonaws.com\"}, \"Action\": \"sts:AssumeRole\"}}"
}
resource "aws_iam_role_policy" "p" {
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["sqs:*", "dynamodb:*", "ec2:*", "s3:*"], Resource = "*" }] })
}
"#;

const CALLER: &str = r#"module "nodes" { source = "../roles" }
resource "aws_iam_role" "other" {
  assume_role_policy = "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"ec2.amazonaws.com\"}, \"Action\": \"sts:AssumeRole\"}}"
}
resource "aws_iam_role_policy" "p" {
  role   = aws_iam_role.other.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["braket:*"], Resource = "*" }] })
}
"#;

#[test]
fn the_first_configuration_has_a_target_for_each_role() {
    let template = fixture("examples/template.yaml");
    let project = Project::new(&[
        ("iam.template.yaml", &template),
        (
            "stacks/bucket.yaml",
            "Resources:\n  B: {Type: AWS::S3::Bucket}\n",
        ),
        ("live/main.tf", CALLER),
        ("roles/main.tf", ROLE),
        ("broken/main.tf", "resource {{"),
        (".git/HEAD", "ref: refs/heads/main\n"),
    ]);
    let run = project.run(&["init"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert_eq!(
        run.out,
        "pcluster-iam.toml: 2 targets with 2 roles of templates and Terraform modules; read it through, then run \
         `pcluster-iam lint`\n"
    );
    let text = project.read("pcluster-iam.toml");
    each(
        [
            "name = \"HeadNode\"\n",
            "role = \"head-node\"\n",
            "policies = [\"iam.template.yaml\"]\nselect = [\"HeadNode\"]\n",
            // The module that another one calls has no target of its own.
            "policies = [\"live\"]\nselect = [\"module.nodes.aws_iam_role.this\"]\n",
            "# \"broken\" was not read in full: `pcluster-iam lint \"broken\"` shows why.\n",
        ],
        |part| {
            assert!(text.contains(part), "{part}\n{text}");
        },
    );
    let releases = text.lines().filter(|l| l.starts_with("pcluster-version"));
    for release in releases {
        assert_eq!(release.matches('.').count(), 2, "not pinned: {release}");
    }
    let lint = project.run(&["lint", "-f", "json"]);
    assert_eq!(lint.code, 1, "{}", lint.err);
    let results = lint.json();
    let targets: Vec<&str> = { results["results"].as_array().unwrap().iter() }
        .map(|result| result["target"].as_str().unwrap())
        .collect();
    assert_eq!(targets, ["HeadNode", "module.nodes.aws_iam_role.this"]);
}

#[test]
fn a_policy_that_a_module_reads_has_no_target_of_its_own() {
    let module = ROLE.replace("jsonencode(", "file(\"${path.module}/p.json\") # (");
    let policy = shown("head-node", "3.14.0");
    let files = [
        ("main.tf", module.as_str()),
        ("p.json", &policy),
        ("own.json", &policy),
    ];
    let project = Project::new(&files);
    let run = project.run(&["init"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let text = project.read("pcluster-iam.toml");
    let policies: Vec<&str> = { text.lines() }
        .filter(|line| line.starts_with("policies"))
        .collect();
    assert_eq!(
        policies,
        ["policies = [\"own.json\"]", "policies = [\".\"]"]
    );
}

/// AWS's policy for a role.
fn shown(role: &str, release: &str) -> String {
    let options = ["--role", role, "--pcluster-version", release, "-f", "json"];
    let more = ["--region", "us-east-1", "--account", "123456789012"];
    let mut all = [&["reference", "show"], &options[..], &more].concat();
    if !role.starts_with("image-build") {
        all.extend(["--scheduler", "slurm"]);
    }
    let run = Project::new(&[]).run(&all);
    assert_eq!(run.code, 0, "{role} {release}: {}", run.err);
    run.out
}

#[test]
fn files_of_different_roles_have_a_target_each_with_the_release_that_fits() {
    let roles = [
        ("head-node", "3.14.0"),
        ("compute-node", "3.15.0"),
        ("user", "3.16.3"),
        ("image-build-user", "3.14.0"),
    ];
    let mut files: Vec<(String, String)> = roles
        .iter()
        .map(|(role, release)| (format!("iam/{role}.json"), shown(role, release)))
        .collect();
    files.push((
        "iam/database.json".to_owned(),
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "rds:StartDBInstance", "Resource": "*"}}"#
            .to_owned(),
    ));
    files.push(("old/node.json".to_owned(), shown("instance", "2.4.1")));
    let files: Vec<(&str, &str)> = { files.iter() }
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let project = Project::new(&files);
    assert_eq!(project.run(&["init"]).code, 0);
    let text = project.read("pcluster-iam.toml");
    assert!(
        text.contains("\npcluster-version = \"3.16.3\"\n\n"),
        "{text}"
    );
    for (role, _) in roles {
        let target = text.split_once(&format!("name = \"{role}\"\n"));
        let (_, target) = target.unwrap_or_else(|| panic!("{role}: {text}"));
        let target = target.split("[[target]]").next().unwrap();
        assert!(
            target.contains(&format!("\nrole = \"{role}\"   #")),
            "{target}"
        );
        assert!(
            target.contains(&format!("policies = [\"iam/{role}.json\"]\n")),
            "{target}"
        );
    }
    assert!(
        text.contains("policies = [\"old/node.json\"]\npcluster-version = \"2.4.1\"\n"),
        "{text}"
    );
    assert!(
        text.contains("# policies = [\"iam/database.json\"]\n"),
        "{text}"
    );
    let lint = project.run(&["lint", "-f", "json"]).json();
    assert_eq!(lint["results"].as_array().unwrap().len(), 5);
}

#[test]
fn the_parts_of_one_role_are_one_target() {
    let whole: serde_json::Value = serde_json::from_str(&shown("user", "3.16.3")).unwrap();
    let statements = whole["Statement"].as_array().unwrap();
    let parts: Vec<(String, String)> = { statements.chunks(statements.len().div_ceil(3)) }
        .enumerate()
        .map(|(nth, part)| {
            let policy = serde_json::json!({"Version": "2012-10-17", "Statement": part});
            (format!("iam/part{nth}.json"), policy.to_string())
        })
        .collect();
    let files: Vec<(&str, &str)> = { parts.iter() }
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let project = Project::new(&files);
    assert_eq!(project.run(&["init"]).code, 0);
    let text = project.read("pcluster-iam.toml");
    assert_eq!(text.matches("\n[[target]]\n").count(), 1, "{text}");
    assert!(text.contains("role = \"user\"   #"), "{text}");
    assert!(text.contains("policies = [\"iam/*.json\"]\n"), "{text}");
}

#[test]
fn templates_and_modules_of_no_role_of_the_cluster_are_listed() {
    let others = format!("{{\"Resources\": {{\"A\": {OTHER}}}}}");
    let module = CALLER.replace("module \"nodes\" { source = \"../roles\" }\n", "");
    let project = Project::new(&[("db.template.json", &others), ("live/main.tofu", &module)]);
    let run = project.run(&["init"]);
    assert_eq!(
        (run.code, run.out.as_str()),
        (
            0,
            "pcluster-iam.toml: no policy of a ParallelCluster role was found here: add yours to it as the policies of a \
             [[target]]\n"
        )
    );
    let text = project.read("pcluster-iam.toml");
    each(
        [
            "# policies = [\"db.template.json\"]\n",
            "# policies = [\"live\"]\n",
            "# No policy of a ParallelCluster role was found here.",
            "requires, or IAM rejects them. Add a [[target]]\n",
        ],
        |part| assert!(text.contains(part), "{part}\n{text}"),
    );
}

const OTHER: &str = r#"{"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}},
    "Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "rds:StartDBInstance", "Resource": "*"}}}]}}"#;
