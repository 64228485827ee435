//! `pcluster-iam missing` for templates and Terraform code: what it prints, put into the file, is read and covers.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::program::run;

/// A way to write a role with one statement, where the printed statements go, and what else a file of it has.
struct Form {
    file: &'static str,
    text: &'static str,
    /// The blanks before each line that is put in at `@`.
    indent: usize,
    declare: fn(&str, &str) -> String,
    /// Begins the output.
    start: &'static str,
}

const FORMS: &[Form] = &[
    Form {
        file: "t.yaml",
        text: "Parameters:\n  Unused: {Type: String, Default: x}\n#\nResources:\n  Head:\n    Type: AWS::IAM::Role\n    \
            Properties:\n      AssumeRolePolicyDocument: {}\n      Policies:\n        - PolicyName: p\n          \
            PolicyDocument:\n            Version: '2012-10-17'\n            Statement:\n@\n              \
            - {Effect: Allow, Action: 'ec2:DescribeRegions', Resource: '*'}\n",
        indent: 14,
        declare: |name, value| format!("  {name}: {{Type: String, Default: '{value}'}}\n"),
        start: "- ",
    },
    Form {
        file: "t.json",
        text: r#"{"Parameters": {
#
"Unused": {"Type": "String", "Default": "x"}}, "Resources": {"Head": {"Type": "AWS::IAM::Role", "Properties": {
  "AssumeRolePolicyDocument": {}, "Policies": [{"PolicyName": "p", "PolicyDocument": {
    "Version": "2012-10-17", "Statement":
@
}}]}}}}"#,
        indent: 0,
        declare: |name, value| {
            format!("\"{name}\": {{\"Type\": \"String\", \"Default\": \"{value}\"}},\n")
        },
        start: "[\n",
    },
    Form {
        file: "main.tf",
        text: r#"data "aws_region" "here" {}
resource "aws_iam_role" "Head" { assume_role_policy = "{}" }
resource "aws_iam_role_policy" "p" {
  role   = aws_iam_role.Head.id
  policy = data.aws_iam_policy_document.p.json
}
data "aws_iam_policy_document" "p" {
  statement {
    actions   = ["ec2:DescribeRegions"]
    resources = ["*"]
  }
@
}
#
"#,
        indent: 2,
        declare: |name, value| format!("variable \"{name}\" {{ default = \"{value}\" }}\n"),
        start: "statement {\n",
    },
    Form {
        file: "main.tf",
        text: r#"resource "aws_iam_role" "Head" { assume_role_policy = "{}" }
resource "aws_iam_role_policy" "p" {
  role   = aws_iam_role.Head.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "ec2:DescribeRegions", Resource = "*" }] })
}
resource "aws_iam_role_policy" "q" {
  role   = aws_iam_role.Head.id
  policy =
@
}
#
"#,
        indent: 2,
        declare: |name, value| format!("variable \"{name}\" {{ default = \"{value}\" }}\n"),
        start: "jsonencode({\n",
    },
];

const ROLES: [&[&str]; 3] = [
    &["head-node", "slurm", "3.11.0", "none"],
    &["instance", "sge", "2.10.0", "none"],
    &[
        "head-node",
        "slurm",
        "3.15.0",
        "efs,fsx-s3,directory-service",
    ],
];

fn arguments<'a>(command: &'a str, form: &Form, role: &'a [&'a str]) -> Vec<&'a str> {
    let [role, scheduler, release, feature] = role else {
        panic!("four words")
    };
    let file = if form.file == "main.tf" {
        "."
    } else {
        form.file
    };
    let mut all = vec![command, "--no-config", "--select", "*Head", "--role", role];
    all.extend(["--scheduler", scheduler, "--pcluster-version", release]);
    all.extend(["--feature", feature]);
    all.push(if file == "." { "." } else { form_file(file) });
    all
}

fn form_file(file: &str) -> &'static str {
    FORMS.iter().find(|f| f.file == file).unwrap().file
}

/// The name and the example of a value that the notes ask for.
fn asked(line: &str) -> Option<(String, String)> {
    let (_, name) = line.split_once("declare the ")?;
    let name = name.split('`').nth(1)?;
    let (_, example) = line.split_once("(for example ")?;
    Some((name.to_owned(), example.split_once("); ")?.0.to_owned()))
}

fn rows(out: &str) -> Vec<(String, String)> {
    let value: Value = serde_json::from_str(out).unwrap();
    let rows = value["results"][0]["requirements"].as_array().unwrap();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    rows.iter()
        .map(|row| (text(&row["verdict"]), text(&row["action"])))
        .collect()
}

fn paste(folder: &Path, form: &Form, role: &[&str]) {
    let what = format!("{} {role:?}", form.start.trim());
    let lines: Vec<&str> = form.text.lines().collect();
    let before: Vec<&str> = { lines.iter() }
        .filter(|line| !matches!(**line, "@" | "#"))
        .copied()
        .collect();
    let before = match form.start {
        "[\n" => before
            .join("\n")
            .replace("\"Statement\":", "\"Statement\": []"),
        "jsonencode({\n" => before
            .join("\n")
            .replace("  policy =\n", "  policy = \"{}\"\n"),
        _ => before.join("\n"),
    };
    fs::write(folder.join(form.file), before).unwrap();
    let printed = run(folder, &arguments("missing", form, role));
    assert_eq!(printed.code, 0, "{what}: {}", printed.err);
    assert!(
        printed.out.starts_with(form.start) || printed.out.starts_with("# policy 1 of"),
        "{what}: {}",
        printed.out
    );
    let mut extra = String::new();
    for line in printed.err.lines() {
        if let Some((name, example)) = asked(line) {
            extra.push_str(&(form.declare)(&name, &example));
        }
        if let Some(block) = line.strip_prefix("add to the module: ") {
            let _ = writeln!(extra, "{block}");
        }
    }
    let mut out = printed.out.clone();
    if form.start == "jsonencode({\n" {
        // One policy each.
        out = out.replace(
            "\n\n# policy",
            "\n}\nresource \"aws_iam_role_policy\" \"more\" {\n  role = aws_iam_role.Head.id\n# policy",
        );
        out = out.replace("jsonencode(", "policy = jsonencode(");
    }
    let pad = " ".repeat(form.indent);
    let printed_lines: String = out.lines().map(|l| format!("{pad}{l}\n")).collect();
    let text = if form.start == "jsonencode({\n" {
        form.text.replace("  policy =\n@\n", &printed_lines)
    } else {
        form.text.replace("@\n", &printed_lines)
    };
    fs::write(folder.join(form.file), text.replace("#\n", &extra)).unwrap();
    let mut lint = arguments("lint", form, role);
    lint.extend(["-f", "json"]);
    let judged = run(folder, &lint);
    assert!(judged.code < 2, "{what}: {}\n{}", judged.err, judged.out);
    let gaps: Vec<(String, String)> = { rows(&judged.out).into_iter() }
        .filter(|(verdict, _)| verdict != "covered")
        .collect();
    assert!(gaps.is_empty(), "{what}: {gaps:?}\n{}", printed.out);
}

#[test]
fn what_is_printed_for_a_template_or_a_module_covers_in_it() {
    let folder = tempfile::tempdir().unwrap();
    for role in ROLES {
        for form in FORMS {
            let place = folder.path().join(form.start.replace(['{', '\n', '('], ""));
            fs::create_dir_all(&place).unwrap();
            paste(&place, form, role);
        }
    }
}

#[test]
fn the_language_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage",
        "Resource": "arn:aws:sqs:eu-west-1:123456789012:parallelcluster-*"}]}"#;
    fs::write(folder.path().join("p.json"), policy).unwrap();
    let printed = |format: &str| {
        let common =
            "missing p.json --no-config --role instance --scheduler sge --region eu-west-1";
        let mut arguments: Vec<&str> = common.split(' ').collect();
        if !format.is_empty() {
            arguments.extend(["--format", format]);
        }
        run(folder.path(), &arguments)
    };
    assert!(printed("").out.starts_with("{\n    \"Version\""));
    assert_eq!(printed("").out, printed("json").out);
    let cfn = printed("cfn");
    // The value of the run is not written into a template, which knows it.
    assert!(!cfn.out.contains("eu-west-1"), "{}", cfn.out);
    assert!(
        cfn.out
            .contains("!Sub arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:parallelcluster-*")
            || cfn
                .out
                .contains("!Sub arn:${AWS::Partition}:sqs:${AWS::Region}:"),
        "{}",
        cfn.out
    );
    let hcl = printed("hcl");
    assert!(hcl.out.starts_with("jsonencode({\n"), "{}", hcl.out);
    assert!(
        hcl.err.contains("add to the module: data \"aws_region\""),
        "{}",
        hcl.err
    );
    let several = printed("cfn").err;
    assert!(!several.contains("--region REGION"), "{several}");
}
