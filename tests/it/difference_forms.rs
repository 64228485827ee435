//! `pcluster-iam diff` over the forms that policies have: the same policy in two of them has no difference, and a change
//! of one has the same difference in each.

use serde_json::{Value, json};

use crate::common::project::{Project, Run};
use crate::common::table::each;
use crate::difference::actions;

const ACCOUNT: &str = "123456789012";

fn diff(project: &Project, arguments: &[&str]) -> Run {
    project.run(&[&["diff"], arguments].concat())
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn trust(service: &str) -> Value {
    document(&[
        json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}),
    ])
}

/// Roles by name, each with the service that may assume it and its statements.
type Roles = Vec<(&'static str, &'static str, Vec<Value>)>;

fn template(roles: &Roles) -> String {
    let resources = roles.iter().map(|(name, service, statements)| {
        let role = json!({"Type": "AWS::IAM::Role", "Properties": {"RoleName": name,
            "AssumeRolePolicyDocument": trust(service),
            "Policies": [{"PolicyName": "p", "PolicyDocument": document(statements)}]}});
        (format!("Role{}", name.len()), role)
    });
    let resources: serde_json::Map<String, Value> = resources.collect();
    json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}).to_string()
}

fn module(roles: &Roles) -> String {
    let blocks = roles.iter().map(|(name, service, statements)| {
        let (trust, grants) = (trust(service), document(statements));
        format!(
            "resource \"aws_iam_role\" \"{name}\" {{\n  name = \"{name}\"\n  assume_role_policy = jsonencode({trust})\n}}\n\
             resource \"aws_iam_role_policy\" \"{name}\" {{\n  role = aws_iam_role.{name}.id\n  policy = jsonencode({grants})\n}}\n"
        )
    });
    blocks.collect()
}

fn plan(roles: &Roles) -> String {
    let resources = roles.iter().flat_map(|(name, service, statements)| {
        let resource = |kind: &str, values: Value| {
            json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name, "values": values})
        };
        [
            resource("aws_iam_role", json!({"name": name, "assume_role_policy": trust(service).to_string()})),
            resource(
                "aws_iam_role_policy",
                json!({"name": "p", "role": name, "policy": document(statements).to_string()}),
            ),
        ]
    });
    let resources: Vec<Value> = resources.collect();
    let changes = resources.iter().map(|r| {
        json!({"address": r["address"], "mode": "managed", "type": r["type"], "name": r["name"],
            "change": {"actions": ["create"], "before": null, "after": r["values"], "after_unknown": {}}})
    });
    let changes: Vec<Value> = changes.collect();
    json!({"format_version": "1.2", "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": resources}}, "resource_changes": changes,
        "configuration": {"root_module": {}}})
    .to_string()
}

fn dump(roles: &Roles) -> String {
    let details = roles.iter().map(|(name, service, statements)| {
        json!({"Path": "/", "RoleName": name, "RoleId": "AROAEXAMPLE", "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            "AssumeRolePolicyDocument": trust(service), "AttachedManagedPolicies": [], "InstanceProfileList": [],
            "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": document(statements)}]})
    });
    json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "IsTruncated": false,
        "RoleDetailList": details.collect::<Vec<_>>()})
    .to_string()
}

fn allow(actions: &[&str], resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

fn old() -> Roles {
    let bucket = "arn:aws:s3:::parallelcluster-*/*";
    vec![
        (
            "head-node",
            "ec2.amazonaws.com",
            vec![
                allow(&["sqs:SendMessage", "s3:GetObject"], bucket),
                json!({"Effect": "Deny", "NotAction": ["iam:*"], "Resource": "arn:aws:s3:::x/*",
                    "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}}),
            ],
        ),
        (
            "compute",
            "ec2.amazonaws.com",
            vec![allow(&["ec2:DescribeInstances"], "*")],
        ),
    ]
}

fn new() -> Roles {
    let mut roles = old();
    roles[0]
        .2
        .push(allow(&["s3:PutObject"], "arn:aws:s3:::parallelcluster-*/*"));
    roles[1].1 = "lambda.amazonaws.com";
    roles
}

const FORMS: [(&str, fn(&Roles) -> String); 4] = [
    ("template.yaml", template),
    ("module/main.tf", module),
    ("plan.json", plan),
    ("dump.json", dump),
];

#[test]
fn the_forms_of_a_policy_are_the_same() {
    let files: Vec<(String, String)> = { FORMS.iter() }
        .flat_map(|(name, write)| {
            [
                (format!("old/{name}"), write(&old())),
                (format!("new/{name}"), write(&new())),
            ]
        })
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(n, t)| (n.as_str(), t.as_str()))
        .collect();
    let project = Project::new(&files);
    let side = |when: &str, name: &str| format!("{when}/{}", name.trim_end_matches("/main.tf"));
    let mut wrong = Vec::new();
    for (from, _) in FORMS {
        for (to, _) in FORMS {
            let run = diff(
                &project,
                &[&side("old", from), &side("old", to), "-f", "json"],
            );
            if run.code != 0 || run.json()["same"] != 2 || run.json()["roles"] != json!([]) {
                wrong.push(format!(
                    "{from} and {to}, the same: {} {}{}",
                    run.code, run.out, run.err
                ));
            }
            let run = diff(
                &project,
                &[
                    &side("old", from),
                    &side("new", to),
                    "-f",
                    "json",
                    "--fail-on",
                    "gained",
                ],
            );
            let trust = |list: &str| -> Vec<Value> {
                let report = run.json();
                let roles = report["roles"].as_array().unwrap().clone();
                roles
                    .iter()
                    .flat_map(|r| r["trust"][list].as_array().unwrap().clone())
                    .collect()
            };
            let is = run.code == 1
                && actions(&run, "gained") == ["s3:PutObject"]
                && actions(&run, "lost").is_empty()
                && trust("gained")
                    .iter()
                    .all(|t| t["principal"] == "lambda.amazonaws.com")
                && trust("gained").len() == 1
                && trust("lost")
                    .iter()
                    .all(|t| t["principal"] == "ec2.amazonaws.com")
                && trust("lost").len() == 1;
            if !is {
                wrong.push(format!(
                    "{from} and {to}, changed: {} {}{}",
                    run.code, run.out, run.err
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A module of a revision is read with what it calls, and one that another calls is compared once.
#[test]
fn a_module_of_a_revision_is_compared() {
    let main = "variable \"bucket\" {}\nmodule \"head\" {\n  source = \"../modules/head\"\n  bucket = var.bucket\n}\n";
    let head = |actions: &str| {
        format!(
            "variable \"bucket\" {{}}\nresource \"aws_iam_role\" \"r\" {{\n  name = \"head\"\n  assume_role_policy = {}\n}}\n\
             resource \"aws_iam_role_policy\" \"p\" {{\n  role = aws_iam_role.r.id\n  policy = templatefile(\"${{path.module}}/p.tftpl\", \
             {{ actions = [{actions}], bucket = var.bucket }})\n}}\n",
            crate::terraform::TRUST
        )
    };
    let text = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": ${jsonencode(actions)}, \
        \"Resource\": \"arn:aws:s3:::${bucket}/*\"}]}";
    let project = Project::new(&[
        ("infra/prod/main.tf", main),
        ("infra/prod/terraform.tfvars", "bucket = \"b\"\n"),
        ("infra/modules/head/main.tf", &head("\"s3:GetObject\"")),
        ("infra/modules/head/p.tftpl", text),
        ("infra/note.json", "{}"),
    ]);
    std::fs::remove_dir(project.path(".git")).unwrap();
    project.git(&["init", "-q"]);
    project.git(&["add", "."]);
    project.git(&["commit", "-q", "-m", "first"]);
    each(
        [
            ("git:HEAD:infra", "infra"),
            ("git:HEAD:infra/prod", "infra/prod"),
            ("git:HEAD:infra/prod/main.tf", "infra/prod/main.tf"),
            ("git:HEAD:", "."),
            ("git:HEAD:", "git:HEAD:"),
        ],
        |(old, new)| {
            let run = diff(&project, &[old, new, "-f", "json"]);
            assert_eq!(
                (run.code, run.json()["same"].as_u64()),
                (0, Some(1)),
                "{old} {new}: {}{}",
                run.out,
                run.err
            );
        },
    );
    project.write(
        "infra/modules/head/main.tf",
        &head("\"s3:GetObject\", \"s3:PutObject\""),
    );
    let run = diff(
        &project,
        &[
            "git:HEAD:infra",
            "infra",
            "-f",
            "json",
            "--fail-on",
            "gained",
        ],
    );
    assert_eq!(
        (run.code, actions(&run, "gained")),
        (1, vec!["s3:PutObject".to_owned()]),
        "{}",
        run.out
    );
    assert_eq!(
        run.json()["roles"][0]["path"],
        "infra/prod".trim_start_matches("infra/")
    );
    // A module out of the repository, and one that is a link, are not read in a revision.
    each(
        [("../../../else", false), ("../linked", true)],
        |(source, make_link)| {
            if make_link {
                #[cfg(unix)]
                std::os::unix::fs::symlink("modules/head", project.path("infra/linked")).unwrap();
            }
            project.write(
                "infra/prod/main.tf",
                &main.replace("../modules/head", source),
            );
            project.git(&["add", "."]);
            project.git(&["commit", "-q", "-m", "next"]);
            let run = diff(&project, &["git:HEAD:infra/prod", "git:HEAD:infra/prod"]);
            assert_eq!(run.code, 2, "{source}: {}{}", run.out, run.err);
        },
    );
}

/// What a dump or a module does not say keeps the run from passing.
#[test]
fn what_a_side_leaves_out_is_reported() {
    let mut truncated: Value = serde_json::from_str(&dump(&old())).unwrap();
    truncated["IsTruncated"] = json!(true);
    let mut attached: Value = serde_json::from_str(&dump(&old())).unwrap();
    attached["RoleDetailList"][0]["AttachedManagedPolicies"] =
        json!([{"PolicyName": "ours", "PolicyArn": format!("arn:aws:iam::{ACCOUNT}:policy/ours")}]);
    let open = module(&old()).replace("\"s3:GetObject\"", "var.open");
    let project = Project::new(&[
        ("old.json", &dump(&old())),
        ("truncated.json", &truncated.to_string()),
        ("attached.json", &attached.to_string()),
        ("closed/main.tf", &module(&old())),
        ("open/main.tf", &format!("variable \"open\" {{}}\n{open}")),
        ("broken/main.tf", "resource \"aws_iam_role\" {"),
    ]);
    each(
        [
            ("truncated.json", 2, "dump-pages"),
            ("attached.json", 2, "policy/ours"),
            ("broken", 2, "not compared"),
            ("closed", 0, "2 roles without a difference"),
            ("open", 0, "not known bear on this"),
        ],
        |(new, code, text)| {
            let run = diff(&project, &["old.json", new]);
            assert_eq!(run.code, code, "{new}: {}{}", run.out, run.err);
            assert!(run.out.contains(text), "{new}: {}", run.out);
            let back = diff(&project, &[new, new]);
            let is_complete = code == 0 || new == "attached.json" || new == "truncated.json";
            assert_eq!(
                back.code,
                if is_complete { 0 } else { 2 },
                "{new}: {}{}",
                back.out,
                back.err
            );
        },
    );
}
