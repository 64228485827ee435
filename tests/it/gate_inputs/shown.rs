//! What reports show of an input, and what a run writes.

use std::fs;

use serde_json::json;

use super::{REFERENCE, allow, code, covered, dump, lint, plan, template, trust};
use crate::common::program::run;
use crate::common::project::Project;
use crate::common::table::each;
use crate::gate::{HOSTILE, acts};

const FORMATS: [&str; 8] = [
    "text", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit",
];

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
            assert_eq!(acts(text), None, "{arguments:?}: {text}");
        }
    }
}
