//! Dumps of accounts as `--output yaml` and `yaml-stream` print them are judged like the JSON.

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};

use crate::common::program::run;
use crate::dump::{document, dump, encoded, managed, role, user};

/// A text as a YAML scalar: plain where it can be.
fn scalar(text: &str) -> String {
    let is_plain = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_/.+".contains(c))
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !["true", "false", "null"].contains(&text);
    if is_plain {
        text.to_owned()
    } else if text.contains(|c: char| c.is_control()) {
        Value::from(text).to_string()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// Writes a value in block style behind a key or a dash.
fn write(value: &Value, indent: usize, dashes: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Array(all) if !all.is_empty() => {
            out.push('\n');
            let inner = indent + dashes;
            for value in all {
                write!(out, "{}-", " ".repeat(inner)).unwrap();
                element(value, inner + 2, dashes, out);
            }
        }
        Value::Object(members) if !members.is_empty() => {
            out.push('\n');
            for (key, value) in members {
                write!(out, "{pad}{}:", scalar(key)).unwrap();
                write_member(value, indent, dashes, out);
            }
        }
        Value::Array(_) => out.push_str(" []\n"),
        Value::Object(_) => out.push_str(" {}\n"),
        Value::String(text) => writeln!(out, " {}", scalar(text)).unwrap(),
        other => writeln!(out, " {other}").unwrap(),
    }
}

fn write_member(value: &Value, indent: usize, dashes: usize, out: &mut String) {
    let inner = if value.is_object() {
        indent + 2
    } else {
        indent
    };
    write(value, inner, dashes, out);
}

/// The element of a list: a map begins on the line of the dash.
fn element(value: &Value, indent: usize, dashes: usize, out: &mut String) {
    let Value::Object(members) = value else {
        return write(value, indent, dashes, out);
    };
    if members.is_empty() {
        return out.push_str(" {}\n");
    }
    for (nth, (key, value)) in members.iter().enumerate() {
        let pad = if nth == 0 {
            " ".to_owned()
        } else {
            " ".repeat(indent)
        };
        write!(out, "{pad}{}:", scalar(key)).unwrap();
        write_member(value, indent, dashes, out);
    }
}

/// A dump in the forms of the AWS CLI: lists beside their keys or indented, one page or a stream of them.
fn forms(dump: &Value) -> Vec<(&'static str, String)> {
    let of = |dashes: usize| {
        let mut out = String::new();
        write(dump, 0, dashes, &mut out);
        out.trim_start().to_owned()
    };
    let mut stream = String::new();
    write(
        &json!([dump, {"GroupDetailList": [], "IsTruncated": false}]),
        0,
        0,
        &mut stream,
    );
    vec![
        ("yaml", of(0)),
        ("indented", of(2)),
        ("marked", format!("---\n# An account.\n{}...\n", of(0))),
        ("windows", of(0).replace('\n', "\r\n")),
        ("stream", stream.trim_start().to_owned()),
    ]
}

fn whole() -> Value {
    let inline = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "It's: a \"test\"", "Effect": "Allow", "Action": ["sqs:SendMesage", "ec2:Describe*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "sqs:*", "Resource": "arn:aws:sqs:us-east-1:123456789012:q\u{e9}"}]});
    dump(
        &[user("ann", &[], &["staff"])],
        &[
            json!({"GroupName": "staff", "Arn": "arn:aws:iam::123456789012:group/staff", "GroupPolicyList":
            [{"PolicyName": "g", "PolicyDocument": document(&["sqs:SendMessage"])}]}),
        ],
        &[
            role("one", &[inline], &["shared"]),
            role(
                "two",
                &[encoded(&document(&[
                    "sqs:SendMessage",
                    "ec2:DescribeInstances",
                ]))],
                &[],
            ),
        ],
        &[managed(
            "shared",
            &[document(&["ec2:*"]), document(&["ec2:DescribeInstances"])],
        )],
    )
}

/// What is reported of each principal: its rows, and the findings with the text at their place.
fn judged(name: &str, text: &str) -> (i32, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    fs::write(
        folder.path().join("r.json"),
        document(&["sqs:SendMessage"]).to_string(),
    )
    .unwrap();
    let run = run(
        folder.path(),
        &[
            "lint",
            name,
            "--no-config",
            "-f",
            "json",
            "--reference",
            "r.json",
            "--fail-on",
            "never",
        ],
    );
    let value: Value =
        serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {}{}", run.out, run.err));
    let mut all = Vec::new();
    for result in value["results"].as_array().unwrap() {
        let of = result["principal"]["name"].as_str().unwrap_or_default();
        for row in result["requirements"].as_array().unwrap() {
            all.push(format!("{of}: {} {}", row["action"], row["verdict"]));
        }
        for finding in result["findings"].as_array().unwrap() {
            let byte = |key: &str| finding["region"][key].as_u64().unwrap() as usize;
            let token = text[byte("start_byte")..byte("end_byte")].trim_matches(['"', '\'']);
            // A map in block style has no brace: its first key is there.
            let token = if token.starts_with('{')
                || !finding["lint"].as_str().unwrap().ends_with("action")
            {
                "..."
            } else {
                token
            };
            all.push(format!(
                "{of}: {} {} at {token}",
                finding["lint"], finding["message"]
            ));
        }
    }
    all.sort();
    (run.code, all)
}

#[test]
fn a_dump_in_yaml_is_judged_like_the_json() {
    let dump = whole();
    let (code, json) = judged("d.json", &serde_json::to_string_pretty(&dump).unwrap());
    assert_eq!(code, 0);
    assert!(
        json.iter().any(|f| f.contains("at sqs:SendMesage")),
        "{json:#?}"
    );
    assert!(json.iter().any(|f| f.starts_with("two: ")), "{json:#?}");
    for (form, text) in forms(&dump) {
        let (code, yaml) = judged("d.yaml", &text);
        assert_eq!((code, &yaml), (0, &json), "{form}:\n{text}");
    }
}

#[test]
fn one_broken_part_of_a_yaml_dump_does_not_silence_the_rest() {
    let (_, text) = forms(&whole()).swap_remove(0);
    let good = judged("d.yaml", &text).1;
    let of_two = |all: &[String]| {
        all.iter()
            .filter(|f| f.starts_with("two: "))
            .cloned()
            .collect::<Vec<_>>()
    };
    for (what, by) in [
        ("Action:", "Action: ["),
        ("RoleName: one", "RoleName: !x one"),
        ("RoleName: one", "<<: *a\n  RoleName: one"),
        ("RoleName: one", "RoleName: 'one"),
        ("Path: '/'", "\tPath: '/'"),
    ] {
        let at = text.find("RoleDetailList").unwrap();
        let broken = format!("{}{}", &text[..at], text[at..].replacen(what, by, 1));
        assert_ne!(broken, text, "{what}");
        let (code, all) = judged("d.yaml", &broken);
        assert_eq!(code, 2, "{by}: {all:#?}");
        assert_eq!(of_two(&all), of_two(&good), "{by}");
    }
}

#[test]
fn yaml_that_is_not_a_dump_is_refused_with_its_line() {
    let (_, text) = forms(&whole()).swap_remove(0);
    for (what, by, message) in [
        (
            "RoleDetailList:\n",
            "RoleDetailList: &all\n",
            "not the form",
        ),
        (
            "UserDetailList:\n",
            "Statement:\n  Effect: Allow\nUserDetailList:\n",
            "a policy is beside",
        ),
        (
            "UserDetailList:\n",
            "Other:\n  Statement:\n  - Effect: Allow\nUserDetailList:\n",
            "a policy is beside",
        ),
        (
            "UserDetailList:\n",
            "   UserDetailList:\n",
            "this is not YAML",
        ),
    ] {
        let broken = text.replacen(what, by, 1);
        assert_ne!(broken, text, "{what}");
        let (code, all) = judged("d.yaml", &broken);
        let is_said = all
            .iter()
            .any(|f| f.contains("invalid-json") && f.contains(message));
        assert!(code == 2 && is_said, "{by}: exit {code}: {all:#?}");
    }
    for (more, is_cut) in [
        ("IsTruncated: true\nMarker: abc\n", true),
        ("NextToken: abc\n", true),
        ("NextToken: null\n", false),
        ("IsTruncated: false\n", false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("d.yaml"), format!("{text}{more}")).unwrap();
        let arguments = [
            "lint",
            "d.yaml",
            "--no-config",
            "--scheduler",
            "slurm",
            "--role",
            "instance",
        ];
        let run = run(folder.path(), &arguments);
        let is_said = run.out.contains("the pages of the dump that follow");
        assert_eq!(is_said, is_cut, "{more}{}{}", run.out, run.err);
    }
}
