//! The promises of `SECURITY.md` for templates, Terraform code, plans, account dumps, `diff` and `merge`.

use std::fs;

use serde_json::{Value, json};

use crate::common::program::{Run, run};
use crate::common::project::Project;
use crate::common::table::each;

const FORMATS: [&str; 8] = [
    "text", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit",
];
const REFERENCE: &str = r#"{"Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:123456789012:q"}}"#;

fn allow() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:123456789012:q"}]})
}

fn deny() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
}

fn trust() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]})
}

fn role() -> Value {
    json!({"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": trust(),
        "Policies": [{"PolicyName": "a", "PolicyDocument": allow()}]}})
}

/// A template with a role that has all that it needs, changed.
fn template(change: impl Fn(&mut Value)) -> String {
    let mut template =
        json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"R": role()}});
    change(&mut template);
    template.to_string()
}

fn dump(change: impl Fn(&mut Value)) -> String {
    let mut dump = json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [{"RoleName": "r",
        "Arn": "arn:aws:iam::123456789012:role/r", "Path": "/", "AssumeRolePolicyDocument": trust(),
        "RolePolicyList": [{"PolicyName": "a", "PolicyDocument": allow()}], "AttachedManagedPolicies": [],
        "InstanceProfileList": [], "Tags": []}]});
    change(&mut dump);
    dump.to_string()
}

fn plan(change: impl Fn(&mut Value)) -> String {
    let mut plan = json!({"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": [],
        "planned_values": {"root_module": {"resources": [{"address": "aws_iam_role.r", "mode": "managed",
            "type": "aws_iam_role", "name": "r", "values": {"name": "r", "assume_role_policy": trust().to_string(),
            "inline_policy": [{"name": "a", "policy": allow().to_string()}]}}]}}});
    change(&mut plan);
    plan.to_string()
}

/// A role in Terraform code with a policy.
fn code(policy: &str) -> String {
    format!(
        "resource \"aws_iam_role\" \"r\" {{\n  name = \"r\"\n  assume_role_policy = jsonencode({})\n}}\n\
         resource \"aws_iam_role_policy\" \"p\" {{\n  role = aws_iam_role.r.id\n  policy = {policy}\n}}\n",
        trust()
    )
}

fn covered() -> String {
    code(&format!("jsonencode({})", allow()))
}

fn lint(project: &Project, arguments: &[&str]) -> Run {
    let all = [
        &["lint"],
        arguments,
        &["--no-config", "--reference", "r.json"],
    ]
    .concat();
    run(&project.path(""), &all)
}

/// Each file is judged with the exit code and a text of the report.
fn judged(rows: &[(&str, String, i32, &str)], name: &str) {
    let mut wrong = Vec::new();
    for (what, text, code, wanted) in rows {
        let project = Project::new(&[("r.json", REFERENCE), (name, text)]);
        let found = lint(&project, &[name, "-f", "text", "--verbose"]);
        if found.code != *code || !found.out.contains(wanted) {
            wrong.push(format!("{what}: {} {}{}", found.code, found.out, found.err));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_of_a_template_is_passed_over() {
    let add = |name: &'static str, resource: Value| {
        template(move |t| t["Resources"][name] = resource.clone())
    };
    let include = json!({"Name": "AWS::Include", "Parameters": {"Location": "s3://b/x"}});
    let twice = |text: &str| {
        let all = template(|_| {});
        format!("{}, {text}}}}}", all.strip_suffix("}}").unwrap())
    };
    let rows = [
        ("plain", template(|_| {}), 0, "covered"),
        (
            "macro of the template",
            template(|t| t["Fn::Transform"] = include.clone()),
            2,
            "may add to the template",
        ),
        (
            "macro among the resources",
            template(|t| t["Resources"]["Fn::Transform"] = include.clone()),
            2,
            "could not be read",
        ),
        (
            "macro of a resource",
            template(|t| t["Resources"]["R"]["Fn::Transform"] = include.clone()),
            2,
            "may add to the resource",
        ),
        (
            "macro of properties",
            template(|t| t["Resources"]["R"]["Properties"]["Fn::Transform"] = include.clone()),
            2,
            "`Fn::Transform`",
        ),
        (
            "loop",
            template(|t| t["Resources"]["Fn::ForEach::X"] = json!(["I", ["a"], {}])),
            2,
            "`Fn::ForEach::X` could not be read",
        ),
        (
            "unknown property",
            template(|t| {
                t["Resources"]["R"]["Properties"]["Polices"] = json!([{"PolicyDocument": deny()}]);
            }),
            2,
            "`Polices` is not a property of AWS::IAM::Role",
        ),
        (
            "unknown attribute",
            template(|t| t["Resources"]["R"]["Policies"] = json!([{"PolicyDocument": deny()}])),
            2,
            "`Policies` is not an attribute of a resource",
        ),
        (
            "no type",
            add(
                "D",
                json!({"Properties": {"Roles": ["r"], "PolicyDocument": deny()}}),
            ),
            2,
            "the resource `D` has no type",
        ),
        (
            "policy",
            add(
                "D",
                json!({"Type": "AWS::IAM::RolePolicy", "Properties": {"RoleName": "r", "PolicyName": "d",
            "PolicyDocument": deny()}}),
            ),
            1,
            "denied",
        ),
        (
            "nested stack",
            add(
                "S",
                json!({"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "u"}}),
            ),
            0,
            "not checked: permissions boundary, service control policies (SCP), the template of S",
        ),
        (
            "application",
            add(
                "S",
                json!({"Type": "AWS::Serverless::Application", "Properties": {"Location": "u"}}),
            ),
            0,
            "the template of S",
        ),
        (
            "module",
            add("S", json!({"Type": "My::Org::Role::MODULE"})),
            0,
            "the template of S",
        ),
        (
            "custom resource",
            add(
                "S",
                json!({"Type": "Custom::Attach", "Properties": {"Role": {"Ref": "R"}}}),
            ),
            0,
            "what the custom resource S does with the role",
        ),
        (
            "repeated resource",
            twice(&format!("\"R\": {}", role())),
            2,
            "the template has the key `R` twice",
        ),
        (
            "two templates",
            template(|_| {}) + "\n" + &template(|_| {}),
            2,
            "second JSON document",
        ),
    ];
    judged(&rows, "t.json");
    let yaml = [
        (
            "in braces",
            format!("{{ # a comment\n  Resources: {{R: {}}}}}\n", role()),
            0,
            "covered",
        ),
        (
            "two documents",
            format!("Resources:\n  R: {}\n---\nResources: {{}}\n", role()),
            2,
            "a second document starts here",
        ),
        (
            "repeated resource",
            format!("Resources:\n  R: {}\n  R: {}\n", role(), role()),
            2,
            "has the key `R` twice",
        ),
        (
            "repeated in braces",
            format!("{{Resources: {{R: {}, R: {}}}}}\n", role(), role()),
            2,
            "has the key `R` twice",
        ),
    ];
    judged(&yaml, "t.yaml");
}

#[test]
fn nothing_of_a_dump_is_passed_over() {
    let managed = |versions: Value| {
        dump(move |d| {
            d["RoleDetailList"][0]["AttachedManagedPolicies"] =
                json!([{"PolicyName": "m", "PolicyArn": "arn:aws:iam::123456789012:policy/m"}]);
            d["Policies"] = json!([{"PolicyName": "m", "Arn": "arn:aws:iam::123456789012:policy/m", "PolicyVersionList": versions.clone()}]);
        })
    };
    let version = |document: Value, is_default: bool| json!({"Document": document, "IsDefaultVersion": is_default, "VersionId": "v1"});
    let of_role = |key: &'static str, value: Value| {
        dump(move |d| d["RoleDetailList"][0][key] = value.clone())
    };
    let rows = [
        ("plain", dump(|_| {}), 0, "covered"),
        (
            "a policy after it",
            dump(|_| {}) + "\n" + &deny().to_string(),
            2,
            "beside the lists of the dump",
        ),
        (
            "a policy beside it",
            dump(|d| d["Other"] = json!({"PolicyDocument": deny()})),
            2,
            "beside the lists of the dump",
        ),
        (
            "a policy in a list of pages",
            format!("[{}, {}]", dump(|_| {}), deny()),
            2,
            "beside the lists of the dump",
        ),
        (
            "more pages",
            dump(|d| d["IsTruncated"] = json!(true)),
            0,
            "the pages of the dump that follow",
        ),
        (
            "default version",
            managed(json!([version(allow(), false), version(deny(), true)])),
            1,
            "denied",
        ),
        (
            "no default version",
            managed(json!([version(allow(), false)])),
            2,
            "IsDefaultVersion",
        ),
        (
            "two default versions",
            managed(json!([version(allow(), true), version(deny(), true)])),
            2,
            "two versions of this policy are the default version",
        ),
        (
            "two documents",
            of_role(
                "RolePolicyList",
                json!([{"PolicyName": "a", "PolicyDocument": allow(), "Document": deny()}]),
            ),
            2,
            "Document",
        ),
        (
            "statements beside",
            of_role(
                "RolePolicyList",
                json!([{"PolicyName": "a", "PolicyDocument": allow(), "Statement": []}]),
            ),
            2,
            "Statement",
        ),
        (
            "a document of the role",
            of_role("PolicyDocument", deny()),
            2,
            "PolicyDocument",
        ),
        (
            "boundary",
            of_role(
                "PermissionsBoundary",
                json!({"PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/b"}),
            ),
            0,
            "the permissions boundary arn:aws:iam::123456789012:policy/b",
        ),
        (
            "attached",
            of_role(
                "AttachedManagedPolicies",
                json!([{"PolicyArn": "arn:aws:iam::123456789012:policy/x"}]),
            ),
            0,
            "the attached policy arn:aws:iam::123456789012:policy/x",
        ),
    ];
    judged(&rows, "d.json");
}

#[test]
fn nothing_of_a_plan_is_passed_over() {
    let change = |mode: &str| {
        json!([{"address": "aws_iam_role_policy.d", "mode": mode, "type": "aws_iam_role_policy", "name": "d",
            "change": {"actions": ["create"], "after": {"role": "r", "policy": deny().to_string()}}}])
    };
    let whole = plan(|_| {});
    let rows = [
        ("plain", whole.clone(), 0, "covered"),
        (
            "ended with an error",
            plan(|p| p["errored"] = json!(true)),
            2,
            "ended with an error",
        ),
        (
            "not complete",
            plan(|p| p["complete"] = json!(false)),
            2,
            "not complete",
        ),
        (
            "deferred",
            plan(|p| p["deferred_changes"] = json!([{"reason": "x"}])),
            2,
            "to a later plan",
        ),
        (
            "a change alone",
            plan(|p| p["resource_changes"] = change("managed")),
            2,
            "do not have `aws_iam_role_policy.d`",
        ),
        (
            "data",
            plan(|p| p["resource_changes"] = change("data")),
            0,
            "covered",
        ),
        (
            "twice",
            whole.replacen('{', "{\"planned_values\": {},", 1),
            2,
            "has the key `planned_values` twice",
        ),
        (
            "two plans",
            format!("{whole}\n{whole}"),
            2,
            "goes on after the end",
        ),
    ];
    judged(&rows, "plan.json");
}

#[test]
fn nothing_of_a_module_is_passed_over() {
    let mut wrong = Vec::new();
    for (what, name, text, code, wanted) in [
        (
            "registry",
            "x.tf",
            "module \"x\" {\n source = \"a/b/aws\"\n}\n",
            0,
            "the module x (a/b/aws), whose code is not in this repository",
        ),
        (
            "no source",
            "x.tf",
            "module \"x\" {\n}\n",
            2,
            "has no source",
        ),
        (
            "open source",
            "x.tf",
            "module \"x\" {\n source = var.s\n}\n",
            2,
            "is not a text",
        ),
        (
            "OpenTofu",
            "x.tofu",
            "resource \"a\" \"b\" {}\n",
            2,
            "only OpenTofu reads this file",
        ),
        (
            "override",
            "override.tf",
            "resource \"a\" \"b\" {}\n",
            2,
            "overrides others",
        ),
    ] {
        let main = covered();
        let file = format!("m/{name}");
        let project = Project::new(&[("r.json", REFERENCE), ("m/main.tf", &main), (&file, text)]);
        let found = lint(&project, &["m", "-f", "text", "--verbose"]);
        if found.code != code || !found.out.contains(wanted) {
            wrong.push(format!("{what}: {} {}{}", found.code, found.out, found.err));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_template_or_module_leaves_elsewhere_is_in_every_format() {
    let stack = template(|t| t["Resources"]["S"] = json!({"Type": "AWS::CloudFormation::Stack"}));
    let main = covered() + "module \"x\" {\n source = \"a/b/aws\"\n}\n";
    let paged = dump(|d| d["IsTruncated"] = json!(true));
    let project = Project::new(&[
        ("r.json", REFERENCE),
        ("t.json", &stack),
        ("m/main.tf", &main),
        ("d.json", &paged),
    ]);
    each(
        [
            ("t.json", "nested-template:S"),
            ("m", "module:x (a/b/aws)"),
            ("d.json", "dump-pages:"),
        ],
        |(input, wanted)| {
            for format in FORMATS {
                let found = lint(&project, &[input, "-f", format, "-q"]);
                let words = match input {
                    "t.json" => "the template of S",
                    "m" => "the module x",
                    _ => "the pages of the dump",
                };
                assert_eq!(found.code, 0, "{}", found.err);
                assert!(
                    found.out.contains(wanted) || found.out.contains(words),
                    "{format} {input}: {}",
                    found.out
                );
            }
        },
    );
}

/// Secrets stay out of reports, whatever Terraform code says or links lead to.
#[cfg(unix)]
#[test]
fn code_shows_no_file_that_is_no_policy() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    let hidden = outside.path().join("hidden");
    let text = "password = \"hunter2\"\nhunter2 c2VjcmV0\n";
    fs::write(&hidden, text).unwrap();
    let literal = format!("jsonencode({})", allow());
    let sid = |path: &str| {
        literal.replace(
            "\"Effect\"",
            &format!("\"Sid\" = file(\"{path}\"), \"Effect\""),
        )
    };
    let mut wrong = Vec::new();
    for (what, policy, link) in [
        ("file", "file(\"s.txt\")".to_owned(), None),
        ("template", "templatefile(\"s.txt\", {})".to_owned(), None),
        ("part of a policy", sid("s.txt"), None),
        (
            "decoded",
            "jsonencode({Statement = [{Sid = jsondecode(file(\"s.json\")).a}]})".to_owned(),
            None,
        ),
        ("git", sid("../.git/config"), None),
        ("system", sid("/proc/self/environ"), None),
        ("values", literal.clone(), Some("terraform.tfvars")),
        ("values by pattern", literal.clone(), Some("x.auto.tfvars")),
        (
            "values in JSON",
            literal.clone(),
            Some("x.auto.tfvars.json"),
        ),
        ("code", literal.clone(), Some("x.tf")),
        ("code in JSON", literal.clone(), Some("x.tf.json")),
    ] {
        for target in [hidden.to_str().unwrap(), "s.txt"] {
            let main = code(&policy);
            let project = Project::new(&[
                ("r.json", REFERENCE),
                ("m/main.tf", &main),
                ("m/s.txt", text),
                ("m/s.json", r#"{"a": "hunter2c2VjcmV0"}"#),
                (".git/config", text),
            ]);
            if let Some(link) = link {
                symlink(target, project.path(&format!("m/{link}"))).unwrap();
            }
            for format in ["text", "json"] {
                let found = lint(&project, &["m", "-f", format, "--verbose"]);
                let all = found.out + &found.err;
                if found.code != 2 || all.contains("hunter2") || all.contains("c2VjcmV0") {
                    wrong.push(format!("{what} {target}: {} {all}", found.code));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Files whose text may be shown.
    each(
        [
            ("file(\"s.txt\")", allow().to_string()),
            (
                "jsonencode({Statement = [{Effect = \"Allow\", Action = jsondecode(file(\"s.txt\")), Resource = \"*\"}]})",
                r#"["sqs:SendMessage"]"#.to_owned(),
            ),
        ],
        |(policy, file)| {
            let main = code(policy);
            let project = Project::new(&[
                ("r.json", REFERENCE),
                ("m/main.tf", &main),
                ("m/s.txt", &file),
            ]);
            let found = lint(&project, &["m", "-f", "text"]);
            assert_eq!(found.code, 0, "{policy}: {}", found.out);
        },
    );
}

#[test]
fn files_without_roles_are_named_beside_others() {
    let bucket = json!({"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}).to_string();
    let project = Project::new(&[
        ("r.json", REFERENCE),
        ("p.json", &allow().to_string()),
        ("t.json", &bucket),
        ("o.json", &template(|_| {})),
        ("m/main.tf", "module \"x\" {\n source = \"a/b/c\"\n}\n"),
        ("d.json", r#"{"RoleDetailList": []}"#),
    ]);
    each(["t.json", "m", "d.json"], |file| {
        for other in ["p.json", "o.json"] {
            let found = lint(&project, &[other, file, "-f", "text"]);
            let wanted = format!("{file}, which defines no role and no policy");
            assert!(
                found.code == 0 && found.out.contains(&wanted),
                "{file}: {}{}",
                found.out,
                found.err
            );
        }
    });
}

#[cfg(unix)]
#[test]
fn no_input_of_any_kind_is_written_over() {
    use std::os::unix::fs::symlink;
    let main = covered();
    let files = [
        ("r.json", REFERENCE.to_owned()),
        (
            "t.json",
            template(|t| t["Parameters"] = json!({"Q": {"Type": "String"}})),
        ),
        ("q.json", "[]".to_owned()),
        ("m/main.tf", main),
        ("m/terraform.tfvars", String::new()),
        ("m/p.json", allow().to_string()),
        (
            "m/x.tf",
            "resource \"aws_iam_policy\" \"x\" {\n policy = file(\"p.json\")\n}\n".to_owned(),
        ),
        ("q.tfvars", String::new()),
        ("plan.json", plan(|_| {})),
        ("d.json", dump(|_| {})),
        (".git/config", "kept".to_owned()),
    ];
    let all: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
    let project = Project::new(&all);
    symlink(".git/config", project.path("link.json")).unwrap();
    each(
        [
            (&["t.json"][..], "t.json"),
            (&["t.json", "--parameters", "q.json"], "q.json"),
            (&["m"], "m/main.tf"),
            (&["m"], "m/terraform.tfvars"),
            (&["m"], "m/p.json"),
            (&["m", "--parameters", "q.tfvars"], "q.tfvars"),
            (&["m", "--plan", "plan.json"], "plan.json"),
            (&["plan.json"], "plan.json"),
            (&["d.json"], "d.json"),
            (&["d.json"], "link.json"),
        ],
        |(input, over)| {
            let output = format!("json:{over}");
            let found = lint(&project, &[input, &["-o", &output]].concat());
            assert_eq!(found.code, 2, "{input:?} {over}: {}", found.out);
            let baseline = [
                &["baseline"],
                input,
                &["--no-config", "--reference", "r.json", "--baseline", over],
            ]
            .concat();
            let found = run(&project.path(""), &baseline);
            assert_eq!(found.code, 2, "{baseline:?}: {}", found.out);
        },
    );
    each(
        [
            (&["tighten", "plan.json", "--write"][..], true),
            (&["tighten", "d.json", "--write"], true),
            (&["lint", "d.json", "--fix"], true),
            (&["lint", "t.json", "--fix"], false),
            (&["lint", "m", "--fix"], false),
        ],
        |(arguments, is_refused)| {
            let arguments = [arguments, &["--no-config", "--reference", "r.json"]].concat();
            let found = run(&project.path(""), &arguments);
            assert!(
                !is_refused || found.code == 2,
                "{arguments:?}: {}",
                found.out
            );
        },
    );
    for (name, text) in &files {
        assert_eq!(
            &fs::read_to_string(project.path(name)).unwrap(),
            text,
            "{name}"
        );
    }
}

const HOSTILE: &str =
    "a\u{1b}[2J\n::add-mask::x\r\u{9b}\u{202e}\u{200b}\u{e0041}##[error]b##vso[task.x]";

/// Names and texts of every kind of input, in every format and command that reads it.
#[test]
fn nothing_hostile_of_any_input_is_printed_raw() {
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Sid": HOSTILE, "Effect": "Allow", "Action": ["sqs:*", HOSTILE],
        "Resource": ["*", HOSTILE], "Condition": {HOSTILE: {HOSTILE: HOSTILE}}}]});
    let hostile_template = json!({"Parameters": {HOSTILE: {"Type": "String", "Default": HOSTILE, "AllowedValues": [HOSTILE, "b"]}},
        "Conditions": {HOSTILE: {"Fn::Equals": [{"Ref": HOSTILE}, HOSTILE]}},
        "Resources": {
            HOSTILE: {"Type": "AWS::IAM::Role", "Condition": HOSTILE, "Properties": {"RoleName": HOSTILE,
                "AssumeRolePolicyDocument": trust(), "Policies": [{"PolicyName": HOSTILE, "PolicyDocument": policy}],
                "ManagedPolicyArns": [HOSTILE], "PermissionsBoundary": HOSTILE, HOSTILE: HOSTILE}},
            "S": {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": HOSTILE}], "PolicyDocument": {
                "Statement": {"Effect": "Allow", "Action": [{"Ref": HOSTILE}, {"Fn::GetAtt": [HOSTILE, HOSTILE]}],
                    "Resource": {"Fn::Sub": format!("${{{HOSTILE}}}")}}}}},
            format!("{HOSTILE}S"): {"Type": "AWS::CloudFormation::Stack"}}})
    .to_string();
    let hostile_dump = dump(|d| {
        let role = &mut d["RoleDetailList"][0];
        for key in ["RoleName", "Path", "Other"] {
            role[key] = json!(HOSTILE);
        }
        role["RolePolicyList"] = json!([{"PolicyName": HOSTILE, "PolicyDocument": policy}]);
        role["AttachedManagedPolicies"] = json!([{"PolicyArn": HOSTILE}]);
        role["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": HOSTILE});
    });
    let hostile_plan = plan(|p| {
        let resource = &mut p["planned_values"]["root_module"]["resources"][0];
        for key in ["address", "name"] {
            resource[key] = json!(HOSTILE);
        }
        resource["values"]["inline_policy"][0]["policy"] = json!(policy.to_string());
        p["resource_changes"] = json!([{"address": format!("{HOSTILE}b"), "type": "aws_iam_policy", "change": {"after": {}}}]);
    });
    let word: String = HOSTILE
        .chars()
        .map(|c| format!("\\U{:08x}", u32::from(c)))
        .collect();
    let hostile_code = code(&format!(
        "jsonencode({{Statement = [{{Sid = \"{word}\", Effect = \"Allow\", Action = [\"{word}\", var.{{}}, file(\"{word}\")], Resource = \"*\"}}]}})"
    )
    .replace("var.{}", "var.x"))
        + &format!("variable \"x\" {{\n default = \"{word}\"\n}}\nmodule \"{word}\" {{\n source = \"{word}\"\n}}\n");
    let name = format!("{HOSTILE}.json");
    let results = json!({"version": 1, "tool": {"name": HOSTILE, "version": HOSTILE, "catalog_date": HOSTILE},
        "results": [{"requirements": [], HOSTILE: HOSTILE}], "findings": [],
        "weakened": [{"kind": HOSTILE, "message": HOSTILE, "from": HOSTILE}], "exit_code": 0,
        "summary": {"error": 0, "warning": 0, "note": 0, "suppressed": 0}})
    .to_string();
    let project = Project::new(&[
        ("r.json", REFERENCE),
        ("t.json", &hostile_template),
        ("d.json", &hostile_dump),
        ("plan.json", &hostile_plan),
        ("m/main.tf", &hostile_code),
        ("old.json", &template(|_| {})),
        (&name, &hostile_template),
        ("results.json", &results),
        (
            "broken.json",
            results.get(..results.len() / 2).unwrap_or("{"),
        ),
    ]);
    let mut runs: Vec<Vec<&str>> = Vec::new();
    let inputs = ["t.json", "d.json", "plan.json", "m", name.as_str()];
    for input in inputs {
        let formats: &[&str] = if input == "t.json" {
            &FORMATS
        } else {
            &["text", "json", "github"]
        };
        for format in formats {
            runs.push(vec!["lint", input, "-f", format]);
        }
        runs.push(vec!["lint", input, "--select", HOSTILE]);
        runs.push(vec!["missing", input, "--select", "*"]);
        runs.push(vec!["tighten", input]);
    }
    for run in &mut runs {
        run.extend(["--no-config", "--reference", "r.json"]);
    }
    for option in ["--parameter", "--parameters", "--plan"] {
        runs.push(vec![
            "lint",
            "m",
            "--no-config",
            "--reference",
            "r.json",
            option,
            HOSTILE,
        ]);
    }
    for format in ["text", "json", "markdown"] {
        runs.push(vec!["diff", "old.json", "t.json", "-f", format]);
        runs.push(vec!["diff", "old.json", &name, "-f", format]);
        runs.push(vec!["diff", "git:HEAD:\u{1b}[2J", "t.json", "-f", format]);
    }
    for format in ["json", "jsonl"] {
        for file in ["results.json", "broken.json", &name] {
            runs.push(vec!["merge", "results.json", file, "-f", format]);
        }
    }
    for arguments in runs {
        let found = run(&project.path(""), &arguments);
        assert!(matches!(found.code, 0..=2), "{arguments:?}: {}", found.err);
        for text in [&found.out, &found.err] {
            assert_eq!(super::gate::acts(text), None, "{arguments:?}: {text}");
        }
    }
}
