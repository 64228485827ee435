//! Each function that is evaluated makes what Terraform makes: 500 random calls of each.
//!
//! The calls are the same in every run; `fixtures/terraform/functions.txt` has what Terraform makes of them. With Terraform
//! installed, `PCLUSTER_IAM_TERRAFORM=terraform cargo test --test it terraform_functions::` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use pcluster_iam::inventory::terraform::{self, Given};
use pcluster_iam::parser::Sources;
use serde_json::{Value, json};

use crate::common::chance::Chance;
use crate::terraform_expressions::{Expressions, asked};

/// How many calls of each function.
const CALLS: usize = 500;
/// How many files `file` and `templatefile` read.
const FILES: usize = 40;

const FUNCTIONS: [&str; 29] = [
    "coalesce",
    "compact",
    "concat",
    "distinct",
    "file",
    "flatten",
    "format",
    "formatlist",
    "join",
    "jsondecode",
    "jsonencode",
    "keys",
    "length",
    "lookup",
    "lower",
    "merge",
    "replace",
    "sort",
    "split",
    "templatefile",
    "tolist",
    "toset",
    "trim",
    "trimprefix",
    "trimspace",
    "trimsuffix",
    "try",
    "upper",
    "values",
];

const WORDS: [&str; 12] = [
    r#""""#,
    r#""a""#,
    r#""s3:GetObject""#,
    r#""arn:aws:s3:::b/*""#,
    r#"" x y ""#,
    r#""$${aws:username}""#,
    r#""a-b-a""#,
    r#""Ünï→""#,
    r#""<a & \"b\">""#,
    r#""\n\tz\r\n""#,
    r#""100%%""#,
    r#""007""#,
];

/// A word, or an expression that is a text.
fn text(chance: &mut Chance) -> String {
    if chance.below(3) == 0 {
        let depth = chance.below(3);
        return chance.text(depth);
    }
    (*chance.one(&WORDS)).to_owned()
}

fn list(chance: &mut Chance) -> String {
    if chance.below(3) == 0 {
        let depth = chance.below(3);
        return chance.list(depth);
    }
    let all: Vec<String> = (0..chance.below(5)).map(|_| text(chance)).collect();
    format!("[{}]", all.join(", "))
}

fn map(chance: &mut Chance) -> String {
    if chance.below(3) == 0 {
        let depth = chance.below(2);
        return chance.map(depth);
    }
    let mut names = vec!["a", "b", "c", "Key", "z-1"];
    let count = chance.below(5);
    let all = (0..count).map(|_| {
        let name = names.remove(chance.below(names.len()));
        format!("\"{name}\" = {}", text(chance))
    });
    format!("{{ {} }}", all.collect::<Vec<_>>().join(", "))
}

/// A value of any kind.
fn any(chance: &mut Chance, depth: usize) -> String {
    match chance.below(if depth == 0 { 4 } else { 8 }) {
        0 => text(chance),
        1 => chance.number(1),
        2 => chance.boolean(1),
        3 => "null".to_owned(),
        4 => list(chance),
        5 => map(chance),
        6 => {
            let all: Vec<String> = (0..chance.below(4))
                .map(|_| any(chance, depth - 1))
                .collect();
            format!("[{}]", all.join(", "))
        }
        _ => format!(
            "{{ x = {}, \"y:z\" = {} }}",
            any(chance, depth - 1),
            any(chance, depth - 1)
        ),
    }
}

/// A random value of JSON.
fn value(chance: &mut Chance, depth: usize) -> Value {
    match chance.below(if depth == 0 { 4 } else { 6 }) {
        0 => json!(chance.one(&[
            "",
            "a",
            "arn:aws:s3:::b/*",
            "é<&>",
            "\"q\" \\ \n",
            "${aws:username}"
        ])),
        1 => json!(chance.below(2000)),
        2 => json!(chance.below(2) == 0),
        3 => Value::Null,
        4 => (0..chance.below(4))
            .map(|_| value(chance, depth - 1))
            .collect(),
        _ => json!({"k": value(chance, depth - 1), "Other": value(chance, depth - 1)}),
    }
}

/// A text between quotes as HCL has it.
fn quoted(text: &str) -> String {
    Value::from(text)
        .to_string()
        .replace("${", "$${")
        .replace("%{", "%%{")
}

/// A list of lists and texts.
fn nested(chance: &mut Chance, depth: usize) -> String {
    let all = (0..chance.below(4)).map(|_| match chance.below(3) {
        0 if depth > 0 => nested(chance, depth - 1),
        1 => list(chance),
        _ => text(chance),
    });
    format!("[{}]", all.collect::<Vec<_>>().join(", "))
}

/// A random call of a function.
fn call(chance: &mut Chance, function: &str) -> String {
    let several = |chance: &mut Chance, of: fn(&mut Chance) -> String| -> String {
        let all: Vec<String> = (0..=chance.below(3)).map(|_| of(chance)).collect();
        all.join(", ")
    };
    let arguments = match function {
        "coalesce" => {
            let all: Vec<String> = { 0..=chance.below(3) }
                .map(|_| {
                    if chance.below(4) == 0 {
                        "null".to_owned()
                    } else {
                        text(chance)
                    }
                })
                .collect();
            all.join(", ")
        }
        "concat" if chance.below(5) == 0 => format!("[{}]...", several(chance, list)),
        "concat" => several(chance, list),
        "file" => {
            let name = format!("f{}.txt", chance.below(FILES));
            match chance.below(4) {
                0 => format!("\"${{path.module}}/{name}\""),
                1 => format!(
                    "join(\".\", [\"{}\", \"txt\"])",
                    name.trim_end_matches(".txt")
                ),
                2 => format!("\"./{name}\""),
                _ => format!("\"{name}\""),
            }
        }
        "flatten" => nested(chance, 2),
        "format" | "formatlist" => {
            let is_list = function == "formatlist";
            let count = 1 + chance.below(3);
            let length = chance.below(4);
            let mut pattern = String::new();
            let mut all = Vec::new();
            for _ in 0..count {
                let (verb, argument) = match chance.below(5) {
                    0 => ("%d", chance.number(1)),
                    1 => ("%v", text(chance)),
                    _ if is_list && chance.below(2) == 0 => {
                        let all: Vec<String> = (0..length).map(|_| text(chance)).collect();
                        ("%s", format!("[{}]", all.join(", ")))
                    }
                    _ => ("%s", text(chance)),
                };
                pattern.push_str(chance.one::<&str>(&["", "-", "arn:", "%%", "é/"]));
                pattern.push_str(verb);
                all.push(argument);
            }
            if chance.below(6) == 0 {
                pattern = format!("{pattern}%[1]v");
            }
            format!("\"{pattern}\", {}", all.join(", "))
        }
        "join" => format!("{}, {}", text(chance), several(chance, list)),
        "jsondecode" if chance.below(3) == 0 => format!("jsonencode({})", any(chance, 2)),
        "jsondecode" => quoted(&value(chance, 3).to_string()),
        "jsonencode" => any(chance, 3),
        "keys" | "values" => map(chance),
        "length" => match chance.below(3) {
            0 => text(chance),
            1 => list(chance),
            _ => map(chance),
        },
        "lookup" => format!(
            "{}, \"{}\", {}",
            map(chance),
            chance.one(&["a", "b", "Key", "none"]),
            text(chance)
        ),
        "lower" | "upper" | "trimspace" => text(chance),
        "merge" => several(chance, map),
        "replace" => {
            let by = [
                "a",
                ":",
                "-",
                "aws",
                "/[a-z]+/",
                "/^a/",
                "/(.)-(.)/",
                "/[^A-Za-z]/",
            ];
            let with = ["\"\"", "\"x\"", "\"$1\"", "\"é\"", "\"arn:aws\""];
            format!(
                "{}, \"{}\", {}",
                text(chance),
                chance.one(&by),
                chance.one(&with)
            )
        }
        "split" => format!(
            "\"{}\", {}",
            chance.one(&[":", "-", "a", ", ", "::"]),
            text(chance)
        ),
        "templatefile" => {
            let name = format!("t{}.tpl", chance.below(FILES));
            format!(
                "\"{name}\", {{ name = {}, all = {}, is_on = {} }}",
                text(chance),
                list(chance),
                chance.boolean(1)
            )
        }
        "tolist" if chance.below(2) == 0 => format!("toset({})", list(chance)),
        "compact" | "distinct" | "sort" | "toset" | "tolist" => list(chance),
        "trim" => format!(
            "{}, \"{}\"",
            text(chance),
            chance.one(&["a", " ", "a-", "*/b", "\\n\\tz\\r", ""])
        ),
        "trimprefix" | "trimsuffix" => {
            let of = [
                "\"a\"",
                "\" \"",
                "\"arn:\"",
                "\"/*\"",
                "\"\"",
                "\"s3:GetObject\"",
            ];
            format!("{}, {}", text(chance), chance.one(&of))
        }
        "try" => format!(
            "{}[{}], {}.{}, {}",
            list(chance),
            chance.below(4),
            map(chance),
            chance.one(&["a", "b", "none"]),
            text(chance)
        ),
        other => panic!("{other}"),
    };
    format!("{function}({arguments})")
}

/// The files that the calls read.
fn write_files(folder: &Path) {
    let mut chance = Chance(11);
    for at in 0..FILES {
        let words = [
            "arn:aws:s3:::b/*",
            "us-east-1",
            "s3:GetObject",
            "123456789012",
            "*",
            "",
        ];
        let text = match chance.below(3) {
            0 => format!("{}\n", chance.one(&words)),
            1 => (*chance.one(&words)).to_owned(),
            _ => format!(
                "{{\"Statement\": [{}], \"Id\": \"${{x}} é\"}}\r\n",
                value(&mut chance, 2)
            ),
        };
        fs::write(folder.join(format!("f{at}.txt")), text).unwrap();
        let mut template = "{\"Statement\": ".to_owned();
        for _ in 0..=chance.below(4) {
            template.push_str(chance.one::<&str>(&[
                "\"${name}\"",
                "${jsonencode(all)}",
                "%{ if is_on }on%{ else }off%{ endif }",
                "%{ for x in all }${x};%{ endfor }",
                "\n  %{ for x in all ~}\n  ${x}\n  %{ endfor ~}\n",
                "$${aws:username} %%{x} é",
                "${upper(name)}-${length(all)}",
                "  ${~ name ~}  ",
            ]));
        }
        template.push_str("}\n");
        fs::write(folder.join(format!("t{at}.tpl")), template).unwrap();
    }
}

/// The calls of each function.
fn calls() -> BTreeMap<&'static str, Vec<String>> {
    let of = { FUNCTIONS.iter().enumerate() }.map(|(nth, function)| {
        let mut chance = Chance(100 + nth as u64);
        let all = (0..CALLS).map(|_| call(&mut chance, function)).collect();
        (*function, all)
    });
    of.collect()
}

/// Code with the result of each call, as JSON; `!` where Terraform refuses it.
fn code(calls: &BTreeMap<&str, Vec<String>>) -> String {
    let mut code = String::from("locals {\n");
    for (function, calls) in calls {
        writeln!(code, "  {function} = [").unwrap();
        for call in calls {
            writeln!(code, "    try(jsonencode({call}), \"!\"),").unwrap();
        }
        code.push_str("  ]\n");
    }
    code + "}\n"
}

/// What Terraform makes of the calls.
fn written_anew(terraform: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    write_files(folder.path());
    fs::write(folder.path().join("main.tf"), code(&calls())).unwrap();
    let names = FUNCTIONS.map(|f| format!("{f} = local.{f}"));
    let results = asked(
        terraform,
        folder.path(),
        &format!("{{ {} }}", names.join(", ")),
    );
    serde_json::from_str(&results).unwrap()
}

/// What each call of a function is here; `None` where it is not known.
fn evaluated(calls: &[String]) -> Vec<Option<String>> {
    let folder = tempfile::tempdir().unwrap();
    write_files(folder.path());
    let mut code = String::new();
    for (at, call) in calls.iter().enumerate() {
        write!(
            code,
            "resource \"aws_iam_policy\" \"p{at}\" {{\n  policy = jsonencode({{ Statement = [{{ Effect = \"Allow\", \
             Action = \"s3:GetObject\", Resource = try(jsonencode({call}), \"!\") }}] }})\n}}\n"
        )
        .unwrap();
    }
    fs::write(folder.path().join("main.tf"), code).unwrap();
    let mut sources = Sources::new();
    let module = terraform::read(folder.path(), &Given::default(), &mut sources).unwrap();
    assert!(module.elsewhere.is_empty(), "{:?}", module.elsewhere);
    let mut all = vec![None; calls.len()];
    for found in &module.principals {
        let at: usize = found
            .name
            .strip_prefix("aws_iam_policy.p")
            .unwrap()
            .parse()
            .unwrap();
        let own = found.documents.iter();
        let others = own.clone().flat_map(|d| d.elsewhere.iter().map(|(_, d)| d));
        let mut documents = own.chain(others);
        let document = documents.find(|d| !d.worst.policies.is_empty()).unwrap();
        let resource = document.worst.policies[0].statements[0].resource.as_ref();
        let value = || resource.unwrap().values[0].value.clone();
        all[at] = document.best.is_none().then(value);
    }
    all
}

#[test]
fn each_function_makes_what_terraform_makes() {
    let path = Path::new("fixtures/terraform/functions.txt");
    if let Ok(terraform) = std::env::var("PCLUSTER_IAM_TERRAFORM") {
        let results = written_anew(&terraform);
        let functions = results
            .as_object()
            .unwrap()
            .iter()
            .map(|(function, results)| {
                let results = results.as_array().unwrap().iter().map(Value::to_string);
                format!(
                    "{function:?}: [\n{}\n]",
                    results.collect::<Vec<_>>().join(",\n")
                )
            });
        let text = functions.collect::<Vec<_>>().join(",\n");
        fs::write(path, format!("{{\n{text}\n}}\n")).unwrap();
    }
    let results: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let calls = calls();
    let mut wrong = String::new();
    for (function, calls) in &calls {
        let theirs = results[function].as_array().unwrap();
        assert_eq!((calls.len(), theirs.len()), (CALLS, CALLS), "{function}");
        let own = evaluated(calls);
        let mut unknown = Vec::new();
        let mut refused = 0;
        for ((call, theirs), own) in calls.iter().zip(theirs).zip(&own) {
            let theirs = theirs.as_str().unwrap();
            refused += usize::from(theirs == "!");
            match own {
                Some(own) if own == theirs => {}
                Some(own) => writeln!(wrong, "{call}\n  is    {own}\n  not   {theirs}").unwrap(),
                None => unknown.push(call),
            }
        }
        println!("{function}: {} not known, {refused} refused", unknown.len());
        if unknown.len() * 20 > CALLS {
            writeln!(
                wrong,
                "{function}: {} are not known: {:?}",
                unknown.len(),
                unknown[0]
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
