//! `pcluster-iam init` where policies are in templates and Terraform modules.

use crate::common::project::Project;
use crate::common::role::fixture;

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
    for part in [
        "name = \"HeadNode\"\n",
        "role = \"head-node\"\n",
        "policies = [\"iam.template.yaml\"]\nselect = [\"HeadNode\"]\n",
        // The module that another one calls has no target of its own.
        "policies = [\"live\"]\nselect = [\"module.nodes.aws_iam_role.this\"]\n",
        "# \"broken\" was not read in full: `pcluster-iam lint \"broken\"` shows why.\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
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
