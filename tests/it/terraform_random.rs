//! Random policies, written as Terraform code in many ways, are judged like the JSON that they stand for; nothing that is
//! left open silences a finding; hostile code ends in time.

mod hostile;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::chance::Chance;
use crate::common::program::{SMALL, judge, requirements};
use crate::terraform::TRUST;

/// A generator of numbers that always makes the same ones.
const ACTIONS: &[&str] = &[
    "s3:GetObject",
    "s3:Get*",
    "s3:*",
    "ec2:DescribeInstances",
    "ec2:Describe*",
    "sqs:SendMessage",
    "sqs:SendMesage",
    "dynamodb:PutItem",
    "iam:PassRole",
    "cloudformation:DescribeStacks",
    "dynamodb:GetItem",
    "*",
];

const RESOURCES: &[&str] = &[
    "*",
    "arn:aws:s3:::bucket/*",
    "arn:aws:s3:::bucket",
    "arn:aws:sqs:us-east-1:123456789012:parallelcluster-*",
    "arn:aws:dynamodb:us-east-1:123456789012:table/parallelcluster-*",
    "arn:aws:iam::123456789012:role/parallelcluster-*",
    "arn:aws:cloudformation:us-east-1:123456789012:stack/parallelcluster-*",
    "arn:aws:s3:::home/${aws:username}/*",
];

/// A policy whose statements have distinct `Sid`s.
fn policy(chance: &mut Chance) -> Value {
    let count = 1 + chance.below(4);
    let statements = (0..count).map(|at| {
        let list = |chance: &mut Chance, of: &[&str]| -> Vec<String> {
            let mut all: Vec<String> = (0..=chance.below(3)).map(|_| (*chance.one(of)).to_owned()).collect();
            all.sort();
            all.dedup();
            all
        };
        let effect = if chance.below(5) == 0 { "Deny" } else { "Allow" };
        let action = if chance.below(9) == 0 { "NotAction" } else { "Action" };
        let actions = list(chance, ACTIONS);
        let resources = list(chance, RESOURCES);
        let mut statement = json!({"Sid": format!("S{at}"), "Effect": effect, action: actions, "Resource": resources});
        if chance.below(4) == 0 {
            statement["Condition"] = json!({"StringEquals": {"aws:RequestedRegion": ["us-east-1"]}});
        }
        statement
    });
    json!({"Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>()})
}

/// A text as HCL writes it, in one of its ways; `locals` takes what it needs besides.
fn text(chance: &mut Chance, text: &str, locals: &mut Vec<String>) -> String {
    let escaped = text.replace("${", "$${");
    let middle = text.find(':').map_or(0, |at| at + 1);
    let (head, tail) = text.split_at(middle);
    let (head, tail) = (head.replace("${", "$${"), tail.replace("${", "$${"));
    let name = format!("l{}", locals.len());
    match chance.below(10) {
        0..=2 => format!("\"{escaped}\""),
        3 => {
            locals.push(format!("{name} = \"{tail}\""));
            format!("\"{head}${{local.{name}}}\"")
        }
        4 => {
            locals.push(format!("{name} = \"{escaped}\""));
            format!("local.{name}")
        }
        5 => format!("join(\"\", [\"{head}\", \"{tail}\"])"),
        6 => format!("format(\"%s%s\", \"{head}\", \"{tail}\")"),
        7 => format!("(1 == 1 ? \"{escaped}\" : \"none\")"),
        8 => format!("replace(\"QQ{tail}\", \"QQ\", \"{head}\")"),
        _ => {
            locals.push(format!("{name} = {{}}"));
            format!("try(local.{name}.x, \"{escaped}\")")
        }
    }
}

fn list(chance: &mut Chance, all: &[Value], locals: &mut Vec<String>) -> String {
    let texts: Vec<String> = all
        .iter()
        .map(|v| text(chance, v.as_str().unwrap(), locals))
        .collect();
    match chance.below(5) {
        0 => format!(
            "concat([{}], [{}])",
            texts[..1].join(", "),
            texts[1..].join(", ")
        ),
        1 => format!("flatten([[{}]])", texts.join(", ")),
        2 => format!("[for x in [{}] : x]", texts.join(", ")),
        _ => format!("[{}]", texts.join(", ")),
    }
}

/// The policy in one of the ways of Terraform: the value of `policy`, and the blocks that it needs.
fn rendered(chance: &mut Chance, policy: &Value, folder: &Path) -> (String, String) {
    let mut locals = Vec::new();
    let mut blocks = String::new();
    let statements = policy["Statement"].as_array().unwrap();
    let plain = serde_json::to_string_pretty(policy).unwrap();
    let value = match chance.below(6) {
        0 => format!("<<EOT\n{}\nEOT", plain.replace("${", "$${")),
        1 => {
            let indented = plain.replace("${", "$${").replace('\n', "\n    ");
            format!("<<-EOT\n    {indented}\n    EOT")
        }
        2 => {
            fs::write(folder.join("p.json"), &plain).unwrap();
            "file(\"${path.module}/p.json\")".to_owned()
        }
        3 => {
            let template = plain.replace("${", "$${").replace("us-east-1", "${region}");
            fs::write(folder.join("p.tpl"), template).unwrap();
            "templatefile(\"p.tpl\", { region = \"us-east-1\" })".to_owned()
        }
        4 => {
            blocks.push_str("data \"aws_iam_policy_document\" \"d\" {\n");
            for statement in statements {
                let get = |key: &str| statement[key].as_array().cloned().unwrap_or_default();
                write!(blocks, "  statement {{\n    sid = {}\n", statement["Sid"]).unwrap();
                if statement["Effect"] == "Deny" || chance.below(2) == 0 {
                    writeln!(blocks, "    effect = {}", statement["Effect"]).unwrap();
                }
                for (key, name) in [
                    ("Action", "actions"),
                    ("NotAction", "not_actions"),
                    ("Resource", "resources"),
                ] {
                    if !get(key).is_empty() {
                        let list = list(chance, &get(key), &mut locals);
                        writeln!(blocks, "    {name} = {list}").unwrap();
                    }
                }
                if statement.get("Condition").is_some() {
                    blocks.push_str(
                        "    condition {\n      test = \"StringEquals\"\n      variable = \"aws:RequestedRegion\"\n      \
                         values = [\"us-east-1\"]\n    }\n",
                    );
                }
                blocks.push_str("  }\n");
            }
            blocks.push_str("}\n");
            "data.aws_iam_policy_document.d.json".to_owned()
        }
        _ => {
            let mut all = Vec::new();
            for statement in statements {
                let mut members = vec![
                    format!("Sid = {}", statement["Sid"]),
                    format!("\"Effect\" = {}", statement["Effect"]),
                ];
                for key in ["Action", "NotAction", "Resource"] {
                    if let Some(values) = statement[key].as_array() {
                        members.push(format!("{key} = {}", list(chance, values, &mut locals)));
                    }
                }
                if statement.get("Condition").is_some() {
                    members.push("Condition = { StringEquals = { \"aws:RequestedRegion\" = [\"us-east-1\"] } }".to_owned());
                }
                all.push(format!("{{ {} }}", members.join(", ")));
            }
            format!(
                "jsonencode({{\n    Version = \"2012-10-17\"\n    Statement = [{}]\n  }})",
                all.join(",\n      ")
            )
        }
    };
    if !locals.is_empty() {
        write!(blocks, "locals {{\n  {}\n}}\n", locals.join("\n  ")).unwrap();
    }
    (value, blocks)
}

fn rows(value: &Value) -> Vec<String> {
    let rows = requirements(value);
    let row = |r: &Value| {
        format!(
            "{} {} {} {}",
            r["statement"], r["action"], r["verdict"], r["witness"]
        )
    };
    rows.iter().map(row).collect()
}

/// The findings, each with the text at its place; those about the form of the file left out.
fn findings(value: &Value, folder: &Path) -> Vec<(String, String)> {
    let findings = value["results"][0]["findings"].as_array().unwrap();
    let mut all: Vec<(String, String)> = { findings.iter() }
        .filter(|f| f["lint"] != "policy-size")
        .map(|f| {
            let region = &f["region"];
            let file = fs::read_to_string(folder.join(region["path"].as_str().unwrap())).unwrap();
            let at = |key: &str| region[key].as_u64().unwrap() as usize;
            assert!(at("start_byte") <= at("end_byte"), "{f}");
            let token = &file[at("start_byte")..at("end_byte")];
            let finding = format!(
                "{} {} {} {}",
                f["lint"], f["severity"], f["subject"], f["actions"]
            );
            (finding, token.to_owned())
        })
        .collect();
    all.sort();
    all
}

/// What in the code stands for a text that is written elsewhere, or is put together.
const MADE: [&str; 9] = [
    "local.", "join(", "format(", "replace(", "try(", "1 == 1", "%s", "file(", "data.",
];

/// Whether a token of the code is the one of the JSON text: the same text, the same element, or what makes the text.
fn is_token(code: &str, json: &str) -> bool {
    let plain = |text: &str| text.trim().trim_matches('"').replace("$${", "${");
    // The template has the Region as a variable.
    let (code, json) = (plain(code).replace("${region}", "us-east-1"), plain(json));
    let element = |text: &str| text.replace('_', "").to_lowercase();
    let is_element =
        json.chars().all(char::is_alphabetic) && element(&code).starts_with(&element(&json));
    // A block has its header in the place of a brace, and of the key before it.
    let opens = code.contains(['{', '[']) || json == "{" && code == "statement";
    let is_header = json == "Statement" && code == "data \"aws_iam_policy_document\" \"d";
    let is_block = json.starts_with(['{', '[']) && opens;
    // The first part of a text that is put together has the label.
    let is_part = !code.is_empty() && json.contains(&code);
    // The arguments of `join` and `format`, from the first to the last.
    let is_listed = code.replace("\", \"", "") == json;
    // What `replace` of the generator changes.
    let is_replaced = code
        .strip_prefix("QQ")
        .is_some_and(|tail| json.ends_with(tail));
    let is_made = MADE.iter().any(|made| code.contains(made));
    code == json
        || is_element
        || is_header
        || is_block
        || is_part
        || is_listed
        || is_replaced
        || is_made
}

fn module(value: &str, blocks: &str) -> String {
    format!(
        "variable \"open\" {{}}\nresource \"aws_s3_bucket\" \"none\" {{}}\nresource \"random_id\" \"x\" {{ byte_length = 4 }}\n\
         module \"none\" {{ source = \"example/iam/aws\" }}\nresource \"aws_iam_role\" \"r\" {{\n  assume_role_policy = {TRUST}\n}}\n\
         resource \"aws_iam_role_policy\" \"r\" {{\n  role   = aws_iam_role.r.id\n  policy = {value}\n}}\n{blocks}"
    )
}

#[test]
fn a_policy_is_judged_the_same_in_every_spelling() {
    let cases: usize = std::env::var("PCLUSTER_IAM_CASES")
        .ok()
        .and_then(|c| c.parse().ok())
        .unwrap_or(40);
    let mut chance = Chance(42);
    let mut tokens = 0;
    for case in 0..cases {
        let policy = policy(&mut chance);
        let plain = tempfile::tempdir().unwrap();
        let inline = json!({"PolicyName": "aws_iam_role_policy.r", "PolicyDocument": policy});
        fs::write(plain.path().join("p.json"), inline.to_string()).unwrap();
        let (_, expected) = judge(plain.path(), "p.json", &SMALL);
        let folder = tempfile::tempdir().unwrap();
        let (value, blocks) = rendered(&mut chance, &policy, folder.path());
        let code = module(&value, &blocks);
        fs::write(folder.path().join("main.tf"), &code).unwrap();
        let (exit, is) = judge(folder.path(), ".", &SMALL);
        assert_eq!(exit, 0, "case {case}:\n{code}\n{is}");
        assert_eq!(rows(&is), rows(&expected), "case {case}:\n{code}");
        let (own, theirs) = (
            findings(&is, folder.path()),
            findings(&expected, plain.path()),
        );
        let of = |all: &[(String, String)]| -> Vec<String> {
            all.iter().map(|(finding, _)| finding.clone()).collect()
        };
        assert_eq!(of(&own), of(&theirs), "case {case}:\n{code}");
        for (finding, token) in &own {
            let same = theirs.iter().filter(|(other, _)| other == finding);
            let expected: Vec<&String> = same.map(|(_, token)| token).collect();
            assert!(
                expected.iter().any(|json| is_token(token, json)),
                "case {case}: {finding} is at `{token}`, not at one of {expected:?}\n{code}"
            );
            tokens += 1;
        }
    }
    println!("{cases} random policies: {tokens} findings, each at its token");
    assert!(tokens > cases);
}

/// Each literal of a policy, replaced by something that is not known, keeps every row that was not covered.
#[test]
fn what_is_left_open_silences_nothing() {
    let opened = [
        "var.open",
        "aws_s3_bucket.none.arn",
        "module.none.x",
        "random_id.x.hex",
    ];
    let mut chance = Chance(7);
    let cases: usize = std::env::var("PCLUSTER_IAM_CASES")
        .ok()
        .and_then(|c| c.parse().ok())
        .unwrap_or(12);
    for case in 0..cases {
        let policy = policy(&mut chance);
        let statements = policy["Statement"].as_array().unwrap();
        let write = |replaced: Option<(usize, &str, usize, &str)>| {
            let all = statements.iter().enumerate().map(|(at, statement)| {
                let members = statement.as_object().unwrap().iter().map(|(key, value)| {
                    let texts = value.as_array().map(|all| {
                        let texts = all.iter().enumerate().map(|(i, v)| match replaced {
                            Some((s, k, n, with)) if s == at && k == key && n == i => with.to_owned(),
                            _ => v.to_string().replace("${", "$${"),
                        });
                        format!("[{}]", texts.collect::<Vec<_>>().join(", "))
                    });
                    match (texts, replaced) {
                        (Some(texts), _) => format!("{key} = {texts}"),
                        (None, Some((s, k, _, with))) if s == at && k == key => format!("{key} = {with}"),
                        (None, _) if key == "Condition" => {
                            "Condition = { StringEquals = { \"aws:RequestedRegion\" = [\"us-east-1\"] } }".to_owned()
                        }
                        (None, _) => format!("{key} = {value}"),
                    }
                });
                format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
            });
            let all = all.collect::<Vec<_>>().join(", ");
            module(
                &format!("jsonencode({{ Version = \"2012-10-17\", Statement = [{all}] }})"),
                "",
            )
        };
        let folder = tempfile::tempdir().unwrap();
        let judge = |code: &str| {
            fs::write(folder.path().join("main.tf"), code).unwrap();
            judge(folder.path(), ".", &SMALL)
        };
        let (_, before) = judge(&write(None));
        let at = chance.below(statements.len());
        let keys: Vec<&String> = statements[at]
            .as_object()
            .unwrap()
            .keys()
            .filter(|k| *k != "Sid")
            .collect();
        let key = keys[chance.below(keys.len())];
        let index = statements[at][key]
            .as_array()
            .map_or(0, |all| chance.below(all.len()));
        let code = write(Some((at, key, index, *chance.one(&opened))));
        let (exit, after) = judge(&code);
        let verdicts = |value: &Value| -> Vec<String> {
            let rows = value["results"][0]["requirements"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            rows.iter()
                .map(|r| r["verdict"].as_str().unwrap().to_owned())
                .collect()
        };
        let (was, is) = (verdicts(&before), verdicts(&after));
        if exit == 2 {
            continue;
        }
        assert_eq!(was.len(), is.len(), "case {case}:\n{code}");
        for (row, (was, is)) in was.iter().zip(&is).enumerate() {
            // At worst a hole of an Allow grants nothing, and one of a Deny takes everything.
            let is_silent = was != "covered" && is == "covered";
            assert!(!is_silent, "case {case}, row {row}: {was} → {is}\n{code}");
        }
    }
}
