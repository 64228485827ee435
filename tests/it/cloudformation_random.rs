//! Random policies, written as templates in many ways, are judged like the JSON that they stand for, at the same tokens.

mod writer;

use std::fs;
use std::ops::Range;

use serde_json::{Value, json};

use crate::common::chance::Chance;
use crate::common::program::{JUDGED, SMALL, judge, requirements, run};
use crate::common::template::{self, Made, Yaml};
use writer::{Mark, Writer, around};

const ACTIONS: &[&str] = &[
    "s3:GetObject",
    "s3:Get*",
    "s3:*",
    "ec2:DescribeInstances",
    "ec2:Describe*",
    "ec2:Descibe*",
    "sqs:SendMessage",
    "sqs:SendMesage",
    "SQS:sendmessage",
    "dynamodb:PutItem",
    "iam:PassRole",
    "iam:Passrole",
    "iam:CreatePolicyVersion",
    "cloudformation:DescribeStacks",
    "dynamodb:GetItem",
    "dynamoDb:",
    "sqs",
    "*",
];

const RESOURCES: &[&str] = &[
    "*",
    "arn:aws:s3:::bucket/*",
    "arn:aws:s3::bucket",
    "arn:aws-us:s3:::bucket",
    "arn:aws:sqs:us-east-1:123456789012:parallelcluster-*",
    "arn:aws:sqs:us-east1:123456789012:parallelcluster-*",
    "arn:aws:sqs:us-east-1:12345678901:queue",
    "arn:aws:dynamodb:us-east-1:123456789012:table/parallelcluster-*",
    "arn:aws:dynamodb:*:123456789012:table/parallelcluster-*",
    "arn:aws:iam::123456789012:role/parallelcluster-*",
    "arn:aws:cloudformation:us-east-1:123456789012:stack/parallelcluster-*",
    "arn:aws:s3:::home/${aws:username}/*",
    "arn:aws:s3:::home/${aws:usename}/*",
    "arn:aws:s3:::<bucket>/*",
    "parallelcluster-*",
];

const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringLike",
    "StringNotEquals",
    "StringEqual",
    "ForAnyValue:StringEquals",
    "StringEqualsIfExists",
];

const KEYS: &[(&str, &str)] = &[
    ("aws:RequestedRegion", "us-east-1"),
    ("aws:RequestedRegion", "eu-*"),
    ("aws:RequestedRegoin", "us-east-1"),
    ("iam:PassedToService", "ec2.amazonaws.com"),
    ("aws:PrincipalAccount", "123456789012"),
    ("aws:username", "it's \"me\": a, b"),
];

/// A policy. What is a list here is a list in every form of it.
fn policy(chance: &mut Chance) -> Value {
    let count = 1 + chance.below(4);
    let mut statements = Vec::new();
    for at in 0..count {
        let list = |chance: &mut Chance, of: &[&str]| -> Value {
            if chance.rarely(4) {
                return json!(chance.one(of));
            }
            let all = (0..=chance.below(3)).map(|_| *chance.one(of));
            json!(all.collect::<Vec<_>>())
        };
        let effect = *chance.one(&["Allow", "Allow", "Allow", "Allow", "Deny"]);
        let not = |chance: &mut Chance, name: &str| {
            if chance.rarely(9) {
                format!("Not{name}")
            } else {
                name.to_owned()
            }
        };
        let (action, resource) = (not(chance, "Action"), not(chance, "Resource"));
        let mut statement = json!({"Effect": effect, action: list(chance, ACTIONS), resource: list(chance, RESOURCES)});
        match chance.below(6) {
            0 => {}
            1 => statement["Sid"] = json!("Own-Sid"),
            _ => statement["Sid"] = json!(format!("S{at}")),
        }
        if chance.rarely(4) {
            let mut keys = serde_json::Map::new();
            for _ in 0..=chance.below(2) {
                let (key, value) = *chance.one(KEYS);
                let value = match chance.below(3) {
                    0 => json!([value, "none"]),
                    _ => json!(value),
                };
                keys.insert(key.to_owned(), value);
            }
            statement["Condition"] = json!({*chance.one(OPERATORS): keys});
        } else if chance.rarely(8) {
            statement["Condition"] = json!({"Bool": {"aws:SecureTransport": true}});
        }
        statements.push(statement);
    }
    if chance.rarely(6) {
        statements.push(statements[0].clone());
    }
    json!({"Version": *chance.one(&["2012-10-17", "2012-10-17", "2008-10-17"]), "Statement": statements})
}

/// The rows without places.
fn rows(value: &Value) -> Vec<String> {
    fn without_places(value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let members = members
                    .iter()
                    .filter(|(k, _)| !["region", "path"].contains(&k.as_str()));
                Value::Object(
                    members
                        .map(|(k, v)| (k.clone(), without_places(v)))
                        .collect(),
                )
            }
            // What is listed twice has one place where a reference stands for the list.
            Value::Array(all) => {
                let mut all: Vec<Value> = all.iter().map(without_places).collect();
                all.dedup();
                Value::Array(all)
            }
            other => other.clone(),
        }
    }
    let rows = requirements(value).iter();
    let row = |row: &Value| {
        let mut row = without_places(row);
        // Statements that are one anchor have one place.
        for list in ["allowed_by", "denied_by"] {
            row[list] = json!(row[list].as_array().is_none_or(Vec::is_empty));
        }
        row.to_string()
    };
    rows.map(row).collect()
}

/// A finding, and where it is.
struct Found {
    what: String,
    subject: String,
    /// The part of the policy, with every other name of it.
    of: Vec<String>,
    /// The bytes in the text of the part; `None` where they are not written there as they are.
    range: Option<Range<usize>>,
}

/// Findings that a policy and a template with it need not share.
const NOT_COMPARED: [&str; 4] = [
    "duplicate-value",
    "redundant-entry",
    "redundant-statement",
    "wrong-role",
];

fn findings(
    value: &Value,
    text: &str,
    parts: &[(usize, Range<usize>)],
    marks: &[Mark],
) -> Vec<Found> {
    let found = |finding: &Value| {
        let region = &finding["region"];
        let byte = |key: &str| region[key].as_u64().unwrap() as usize;
        let (start, end) = (byte("start_byte"), byte("end_byte"));
        assert!(start <= end && text.get(start..end).is_some(), "{finding}");
        // The last that contains it is the innermost.
        let is_within = |p: &&(usize, Range<usize>)| p.1.start <= start && end <= p.1.end;
        let part = parts.iter().rfind(is_within);
        let (of, range) = match part {
            None => (vec!["outside".to_owned()], None),
            Some((id, place)) => {
                let mark = &marks[*id];
                let is_as_written = text[place.clone()] == mark.text;
                let range = mark.range.as_ref().filter(|_| is_as_written);
                let range =
                    range.map(|r| r.start + start - place.start..r.start + end - place.start);
                let mut of = mark.of.clone();
                // A map without braces begins with its first key.
                if start == place.start {
                    let keys = mark.of.iter().filter_map(|of| of.strip_suffix("#key"));
                    let maps = keys.filter_map(|key| key.rsplit_once('/'));
                    of.extend(maps.map(|(map, _)| map.to_owned()));
                }
                (of, range)
            }
        };
        Found {
            what: format!(
                "{} {} {} {}",
                finding["lint"], finding["severity"], finding["message"], finding["actions"]
            ),
            subject: finding["subject"].to_string(),
            of,
            range,
        }
    };
    let all = value["results"][0]["findings"].as_array().unwrap();
    // A role of a template is no user, and a policy may be that of one. JSON has no aliases. Text and calls are not compared.
    let all = { all.iter() }.filter(|f| f["subject"] != "alias");
    all.filter(|f| !NOT_COMPARED.iter().any(|lint| f["lint"] == *lint))
        .map(found)
        .collect()
}

/// What is found in one of them and not in the other; `written` are the parts that the template has as they are.
fn differences(plain: &[Found], template: &[Found], written: &[&Mark]) -> Vec<String> {
    let is_within =
        |one: &Range<usize>, of: &Range<usize>| of.start <= one.start && one.end <= of.end;
    let is_exact = |plain: &Range<usize>, found: &Found| {
        let is_written = written.iter().any(|mark| {
            let is_of = mark.of.iter().any(|of| found.of.contains(of));
            is_of
                && mark
                    .range
                    .as_ref()
                    .is_some_and(|range| is_within(plain, range))
        });
        match &found.range {
            Some(range) if is_written => plain == range,
            // What is put together of parts is shown where it begins.
            Some(range) => is_within(range, plain),
            None => !is_written,
        }
    };
    let is_same = |p: &Found, t: &Found| {
        p.what == t.what
            // What is wrong with an anchor is reported once, as a part of one of the statements that have it.
            && (p.subject == t.subject || t.of.len() > 1)
            && p.of.iter().any(|of| t.of.contains(of))
            && p.range.as_ref().is_none_or(|range| is_exact(range, t))
    };
    let show = |side: &str, f: &Found| {
        let (what, subject, of) = (&f.what, &f.subject, &f.of);
        format!("{side}: {what} of {subject} at {of:?} {:?}", f.range)
    };
    let only_plain = plain
        .iter()
        .filter(|p| !template.iter().any(|t| is_same(p, t)));
    let only_template = template
        .iter()
        .filter(|t| !plain.iter().any(|p| is_same(p, t)));
    let mut all: Vec<String> = only_plain.map(|f| show("plain", f)).collect();
    all.extend(only_template.map(|f| show("template", f)));
    all
}

/// A template with a policy, with marks, and what they are around.
fn template_of(chance: &mut Chance, policy: &Value) -> (String, Vec<Mark>) {
    let mut writer = Writer::new(chance, true);
    let document = writer.value("", policy);
    let Writer {
        parameters,
        mappings,
        marks,
        ..
    } = writer;
    let whole = around(document, parameters, mappings);
    let written = if chance.rarely(4) {
        template::json(chance, true, &whole)
    } else {
        let mut yaml = Yaml {
            chance,
            varied: true,
        };
        let mut text = yaml.block(&whole, 0).trim_start().to_owned() + "\n";
        if chance.rarely(4) {
            text = text.replace('\n', "\r\n");
        }
        text
    };
    (written, marks)
}

fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok().and_then(|c| c.parse().ok())
}

/// The numbers of the cases to try.
fn cases() -> std::ops::Range<usize> {
    let first = number("PCLUSTER_IAM_FIRST").unwrap_or(0);
    first..first + number("PCLUSTER_IAM_CASES").unwrap_or(20)
}

fn none_is_wrong(wrong: &[String]) {
    let shown = number("PCLUSTER_IAM_SHOWN").unwrap_or(3);
    let shown = wrong[..wrong.len().min(shown)].join("\n\n");
    assert!(wrong.is_empty(), "{} wrong\n{shown}", wrong.len());
}

#[test]
fn a_policy_is_judged_the_same_in_every_spelling() {
    let mut wrong = Vec::new();
    for case in cases() {
        let mut chance = Chance(case as u64 * 7919 + 1);
        chance.below(2);
        let policy = policy(&mut chance);
        let folder = tempfile::tempdir().unwrap();
        let judge = |file: &str, text: &str| {
            fs::write(folder.path().join(file), text).unwrap();
            judge(folder.path(), file, &SMALL)
        };
        let mut writer = Writer::new(&mut chance, false);
        let document = writer.value("", &policy);
        let inline = Made::map([
            ("PolicyName", Made::text("p")),
            ("PolicyDocument", document),
        ]);
        let marks = std::mem::take(&mut writer.marks);
        let (plain, parts) = template::unmarked(&template::json(&mut chance, false, &inline));
        let (_, expected) = judge("p.json", &plain);
        let expected_findings = findings(&expected, &plain, &parts, &marks);

        let (written, marks) = template_of(&mut chance, &policy);
        let (text, parts) = template::unmarked(&written);
        let file = *chance.one(&["t.yaml", "t.template", "t.json"]);
        let (exit, is) = judge(file, &text);
        // JSON writes the value of an alias again, maybe with escapes.
        let is_as_is = |(id, place): &(usize, Range<usize>)| text[place.clone()] == marks[*id].text;
        let is_written = |(id, _): &(usize, Range<usize>)| {
            let mut all = parts.iter().filter(|part| part.0 == *id);
            let is_written = marks[*id].range.is_some() && all.all(is_as_is);
            is_written.then_some(&marks[*id])
        };
        let as_written: Vec<&Mark> = parts.iter().filter_map(is_written).collect();
        let found = findings(&is, &text, &parts, &marks);
        let mut differences = differences(&expected_findings, &found, &as_written);
        if rows(&is) != rows(&expected) {
            let (is, expected) = (rows(&is), rows(&expected));
            let mut pairs = is.iter().zip(&expected);
            let (is, expected) = pairs.find(|(is, expected)| is != expected).unwrap();
            differences.push(format!("other row: {is}\nexpected:  {expected}"));
        }
        if exit == 2 || !differences.is_empty() {
            wrong.push(format!(
                "case {case}, exit {exit}:\n{}\n{plain}\n{text}",
                differences.join("\n")
            ));
        }
    }
    none_is_wrong(&wrong);
}

/// The verdicts of the requirements, in order.
fn verdicts(report: &Value) -> Vec<&str> {
    let rows = requirements(report).iter();
    rows.map(|row| row["verdict"].as_str().unwrap()).collect()
}

#[test]
fn fixing_a_random_template_takes_nothing_that_is_needed() {
    let (mut wrong, mut changed) = (Vec::new(), 0);
    for case in cases() {
        let mut chance = Chance(case as u64 * 7919 + 3);
        chance.below(2);
        let policy = policy(&mut chance);
        let (written, _) = template_of(&mut chance, &policy);
        let (text, _) = template::unmarked(&written);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("t.yaml"), &text).unwrap();
        let fix = || {
            let fix = [&["lint", "t.yaml", "--fix"], &JUDGED[..], &SMALL].concat();
            let fixed = run(folder.path(), &fix);
            let after = fs::read_to_string(folder.path().join("t.yaml")).unwrap();
            (fixed, after)
        };
        let (_, before) = judge(folder.path(), "t.yaml", &SMALL);
        let (_, fixed) = fix();
        if fixed == text {
            continue;
        }
        changed += 1;
        let (exit, after) = judge(folder.path(), "t.yaml", &SMALL);
        let mut faults = Vec::new();
        if exit == 2 {
            faults.push("it is not read any more".to_owned());
        }
        let pairs = verdicts(&before).into_iter().zip(verdicts(&after));
        let mut worse = pairs.filter(|(was, is)| was != is && *is != "covered");
        if let Some(worse) = worse.next() {
            faults.push(format!("{worse:?}"));
        }
        if fixed.lines().count() > text.lines().count() {
            faults.push("it has more lines".to_owned());
        }
        let (again, twice) = fix();
        if twice != fixed {
            faults.push(format!("fixed again: {twice}{}", again.err));
        }
        if !faults.is_empty() {
            let faults = faults.join("\n");
            wrong.push(format!("case {case}: {faults}\n{text}\n{fixed}"));
        }
    }
    println!("{changed} templates changed");
    assert!(changed > 0);
    none_is_wrong(&wrong);
}
