//! Modules: the roles by their names, values of variables, files judged together, and code that is not read.

use std::fs;

use serde_json::Value;

use super::{ARN, POLICY, TRUST, case, encoded, failures, judged, role_with};
use crate::common::program::run;
use crate::common::table::each;

/// How the role is called in the code, what the configuration names, and the role of the cluster that it is judged as.
const CALLED: &[(&str, &str, &str)] = &[
    (
        "name = \"HpcHeadNode\"",
        "InstanceRole: arn:aws:iam::123456789012:role/HpcHeadNode",
        "head-node",
    ),
    (
        "name = \"HpcHeadNode\"\n path = \"/hpc/\"",
        "InstanceRole: arn:aws:iam::123456789012:role/hpc/HpcHeadNode",
        "head-node",
    ),
    (
        "name = \"Hpc${local.head}\"",
        "InstanceRole: arn:aws:iam::123456789012:role/HpcHeadNode",
        "head-node",
    ),
    (
        "name = \"Other\"",
        "InstanceProfile: arn:aws:iam::123456789012:instance-profile/hpc-profile",
        "head-node",
    ),
    (
        "name = \"Other\"",
        "InstanceRole: arn:aws:iam::123456789012:role/HpcHeadNode",
        "compute-node",
    ),
];

#[test]
fn the_name_of_a_role_is_that_of_the_cluster_configuration() {
    let statement = "[{ Effect = \"Allow\", Action = [\"dynamodb:Query\", \"dynamodb:UpdateItem\", \"dynamodb:PutItem\", \
                     \"dynamodb:GetItem\"], Resource = \"arn:aws:dynamodb:us-east-1:123456789012:table/parallelcluster-*\" }]";
    let mut rows = Vec::new();
    for (name, given, expected) in CALLED {
        let code = format!(
            "locals {{ head = \"HeadNode\" }}\n\
             resource \"aws_iam_role\" \"c\" {{\n {name}\n assume_role_policy = {TRUST}\n}}\n\
             resource \"aws_iam_instance_profile\" \"c\" {{\n name = \"hpc-profile\"\n role = aws_iam_role.c.name\n}}\n\
             resource \"aws_iam_role_policy\" \"p\" {{\n role = aws_iam_role.c.id\n policy = jsonencode({{ \
             Version = \"2012-10-17\", Statement = {statement} }})\n}}\n"
        );
        let plan = format!(
            r#"{{"format_version": "1.2", "planned_values": {{"root_module": {{"resources": [
 {{"address": "aws_iam_role.c", "mode": "managed", "type": "aws_iam_role", "name": "c", "values": {{"name": "{}"}}}},
 {{"address": "aws_iam_instance_profile.c", "mode": "managed", "type": "aws_iam_instance_profile", "name": "c",
   "values": {{"name": "hpc-profile", "role": "{0}"}}}},
 {{"address": "aws_iam_role_policy.p", "mode": "managed", "type": "aws_iam_role_policy", "name": "p",
   "values": {{"role": "{0}", "policy": "{{\"Version\": \"2012-10-17\", \"Statement\": [{{\"Effect\": \"Allow\", \"Action\": [\"dynamodb:Query\", \"dynamodb:UpdateItem\", \"dynamodb:PutItem\", \"dynamodb:GetItem\"], \"Resource\": \"arn:aws:dynamodb:us-east-1:123456789012:table/parallelcluster-*\"}}]}}"}}}}]}}}}}}"#,
            if name.contains("Other") {
                "Other"
            } else {
                "HpcHeadNode"
            }
        );
        let cluster = format!(
            "Region: us-east-1\nImage: {{Os: alinux2023}}\nHeadNode:\n  InstanceType: c5.large\n  \
             Networking: {{SubnetId: subnet-0123456789abcdef0}}\n  Iam:\n    {given}\nScheduling:\n  Scheduler: slurm\n  \
             SlurmQueues:\n    - Name: q\n      ComputeResources: [{{Name: c, InstanceType: c5.large}}]\n      \
             Networking: {{SubnetIds: [subnet-0123456789abcdef0]}}\n"
        );
        for (file, text) in [("main.tf", &code), ("plan.json", &plan)] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(file), text).unwrap();
            fs::write(folder.path().join("c.yaml"), &cluster).unwrap();
            let run = run(
                folder.path(),
                &[
                    "lint",
                    file,
                    "--no-config",
                    "-f",
                    "json",
                    "--cluster-config",
                    "c.yaml",
                    "--pcluster-version",
                    "3.16",
                    "--account",
                    "123456789012",
                ],
            );
            let value: Value = serde_json::from_str(&run.out).unwrap_or(Value::Null);
            let is = value["results"][0]["reference"]["role"].as_str();
            let is = is.map_or_else(|| format!("{}{}", run.out, run.err), str::to_owned);
            rows.push((
                format!("{file}: {name}, {given}"),
                (*expected).to_owned(),
                is,
            ));
        }
    }
    failures(rows);
}

/// What was not read ends with exit code 2, whatever the rest says.
const UNREAD: &[(&str, &str)] = &[
    ("resource \"aws_iam_role\" {", "is not Terraform code"),
    (
        "resource \"aws_iam_role\" \"twice\" {\n name = \"a\"\n name = \"b\"\n}",
        "an argument of a block is set twice",
    ),
    (
        "locals {\n a = local.b\n b = local.a\n}\nresource \"aws_iam_role_policy\" \"q\" {\n role = aws_iam_role.node.name\n policy = local.a\n}",
        "refers to itself",
    ),
    ("module \"self\" {\n source = \"./\"\n}", "calls itself"),
    (
        "module \"gone\" {\n source = \"./gone\"\n}",
        "cannot read the module",
    ),
    (
        "module \"up\" {\n source = \"../../..\"\n}",
        "cannot read the module",
    ),
    (
        "resource \"aws_iam_role_policy\" \"q\" {\n role = aws_iam_role.node.name\n policy = file(\"gone.json\")\n}",
        "cannot read the file",
    ),
    (
        "resource \"aws_iam_role_policy\" \"q\" {\n role = var.open\n policy = POLICY\n}",
        "may be attached to this role",
    ),
    ("resource \"aws_iam_role\" \"node\" {\n}", "defined twice"),
];

#[test]
fn parts_that_are_not_read_are_reported_with_exit_code_2() {
    failures(UNREAD.iter().map(|(code, words)| {
        let role = role_with(POLICY);
        let case = case(&[
            ("main.tf", &role),
            ("more.tf", &code.replace("POLICY", POLICY)),
        ]);
        let (run, value) = case.lint(".", &["--select", "aws_iam_role.node"]);
        let findings = value["results"][0]["findings"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let said = findings
            .iter()
            .any(|f| f["lint"] == "unresolved" && f["message"].as_str().unwrap().contains(words));
        let is = format!("{} {said}", run.code);
        let (accepted, _) = case.lint(
            ".",
            &["--select", "aws_iam_role.node", "--unresolved", "warn"],
        );
        let is = format!("{is} {}", accepted.code == 2);
        ((*code).to_owned(), "2 true false".to_owned(), is)
    }));
}

#[test]
fn values_of_variables_come_from_files_and_from_the_command_line() {
    let code = role_with(&encoded(
        "Allow",
        "\"sqs:SendMessage\"",
        "\"ARN:${var.open}\"",
    ));
    let given =
        |name: &str, text: &str, more: &[&str]| judged(&[("main.tf", &code), (name, text)], more);
    assert_eq!(
        given("terraform.tfvars", "open = \"queue-a\"", &[]),
        "covered"
    );
    assert_eq!(given("x.auto.tfvars", "open = \"queue-a\"", &[]), "covered");
    assert_eq!(
        given("terraform.tfvars.json", "{\"open\": \"queue-a\"}", &[]),
        "covered"
    );
    assert_eq!(given("x.tfvars", "open = \"queue-a\"", &[]), "depends");
    assert_eq!(
        given(
            "x.tfvars",
            "open = \"queue-a\"",
            &["--parameters", "x.tfvars"]
        ),
        "covered"
    );
    assert_eq!(
        given("x.tfvars", "", &["--parameter", "open=queue-a"]),
        "covered"
    );
    assert_eq!(
        given("x.tfvars", "", &["--parameter", "open=queue-b"]),
        "missing"
    );
    assert_eq!(
        given(
            "terraform.tfvars",
            "open = \"queue-b\"",
            &["--parameter", "open=queue-a"]
        ),
        "covered"
    );
    let case = case(&[("main.tf", &code)]);
    let (run, _) = case.lint(".", &["--parameter", "opne=queue-a"]);
    assert!(run.err.contains("has no parameter `opne`"), "{}", run.err);
}

#[test]
fn the_same_module_in_json() {
    let code = r#"{
  "variable": {"queue": {"default": "queue-a"}, "open": {}},
  "locals": {"arn": "ARN"},
  "resource": {
    "aws_iam_role": {"node": {"name": "node", "assume_role_policy": "{}"}},
    "aws_iam_role_policy": {"node": [{"role": "${aws_iam_role.node.id}", "policy": "${data.aws_iam_policy_document.node.json}"}]}
  },
  "data": {"aws_iam_policy_document": {"node": {"statement": {"actions": ["sqs:SendMessage"], "resources": ["${local.arn}:${var.NAME}"]}}}}
}"#;
    each(
        [("queue", "covered"), ("open", "depends")],
        |(name, expected)| {
            let code = code.replace("NAME", name);
            assert_eq!(judged(&[("main.tf.json", &code)], &[]), expected, "{name}");
        },
    );
}

#[test]
fn files_of_a_module_are_judged_with_the_rest_of_it() {
    let role = |name: &str, queue: &str| {
        format!(
            "resource \"aws_iam_role\" \"{name}\" {{\n  name = \"{name}\"\n  assume_role_policy = {TRUST}\n  inline_policy {{\n    name = \"x\"\n    \
             policy = {}\n  }}\n}}\n",
            encoded("Allow", "\"sqs:SendMessage\"", queue)
        )
    };
    let case = case(&[
        ("m/a.tf", &role("a", "local.queue")),
        ("m/b.tf", &role("b", "\"ARN:queue-b\"")),
        ("m/locals.tf", "locals {\n  queue = \"ARN:queue-a\"\n}\n"),
    ]);
    let names = |value: &Value| -> Vec<String> {
        let results = value["results"].as_array().cloned().unwrap_or_default();
        results
            .iter()
            .map(|r| {
                r["principal"]["name"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    };
    let (_, all) = case.lint("m", &[]);
    assert_eq!(names(&all), ["aws_iam_role.a", "aws_iam_role.b"]);
    let (run, one) = case.lint("m/a.tf", &[]);
    assert_eq!(names(&one), ["aws_iam_role.a"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    // A file without a role belongs to all of them.
    let (_, all) = case.lint("m/locals.tf", &[]);
    assert_eq!(names(&all), ["aws_iam_role.a", "aws_iam_role.b"]);
}

#[test]
fn a_finding_is_at_its_token() {
    let code = role_with(
        "jsonencode({\n    Version = \"2012-10-17\"\n    Statement = [{\n      Effect = \"Allow\"\n      \
         Action = [\"sqs:SendMessage\", \"sqs:SendMesage\"]\n      Resource = \"ARN:queue-a\"\n    }]\n  })",
    );
    let case = case(&[("main.tf", &code)]);
    let (_, value) = case.lint(".", &[]);
    let findings = value["results"][0]["findings"].as_array().unwrap();
    let finding = findings
        .iter()
        .find(|f| f["lint"] == "unknown-action")
        .unwrap();
    let region = &finding["region"];
    let at = |key: &str| region[key].as_u64().unwrap() as usize;
    let text = code.replace("ARN", ARN);
    assert_eq!(&text[at("start_byte")..at("end_byte")], "sqs:SendMesage");
    assert!(region["path"].as_str().unwrap().ends_with("main.tf"));
}

#[test]
fn a_folder_of_opentofu_is_read() {
    let code = role_with(&encoded("Allow", "\"sqs:SendMessage\"", "\"ARN:queue-a\""));
    let files = [("main.tofu", code.as_str())];
    assert_eq!(judged(&files, &[]), "covered");
    let (run, report) = case(&files).lint("main.tofu", &[]);
    assert_eq!(
        crate::common::case::verdict(&report),
        "covered",
        "{}",
        run.err
    );
    let both = [files[0], ("more.tf", "locals {\n}\n")];
    let is = judged(&both, &[]);
    assert!(is.starts_with("exit 2"), "{is}");
    assert!(is.contains("only OpenTofu reads this file"), "{is}");
}
