//! Dumps of accounts: every role with its inline and managed policies, groups and boundary, at its place in the dump.

mod details;
mod selection;

use std::fs;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::common::program::{Run, run};
use crate::common::table::each;

/// What a role must be able to do.
const REFERENCE: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:123456789012:queue-a"},
    {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"}]}"#;

const SEND: &str = "sqs:SendMessage";

const DESCRIBE: &str = "ec2:DescribeInstances";

const ALL_OF_EC2: &str = "arn:aws:iam::aws:policy/AmazonEC2FullAccess";

pub(crate) fn document(actions: &[&str]) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
}

pub(crate) fn encoded(document: &Value) -> Value {
    utf8_percent_encode(&document.to_string(), NON_ALPHANUMERIC)
        .to_string()
        .into()
}

fn arn(rest: &str) -> String {
    format!("arn:aws:iam::123456789012:{rest}")
}

fn attached(names: &[&str]) -> Value {
    let full = |name: &&str| {
        let is_arn = name.starts_with("arn:");
        let arn = if is_arn {
            (*name).to_owned()
        } else {
            arn(&format!("policy/{name}"))
        };
        json!({"PolicyName": name.rsplit('/').next().unwrap(), "PolicyArn": arn})
    };
    names.iter().map(full).collect()
}

pub(crate) fn role(name: &str, inline: &[Value], managed: &[&str]) -> Value {
    let inline: Vec<Value> = { inline.iter().enumerate() }
        .map(|(at, document)| json!({"PolicyName": format!("p{at}"), "PolicyDocument": document}))
        .collect();
    json!({
        "Path": "/", "RoleName": name, "RoleId": "AROA", "Arn": arn(&format!("role/{name}")),
        "CreateDate": "2026-01-01T00:00:00+00:00",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
        "InstanceProfileList": [], "RolePolicyList": inline, "AttachedManagedPolicies": attached(managed),
        "Tags": [], "RoleLastUsed": {}
    })
}

/// A managed policy with its versions; the last one is in force.
pub(crate) fn managed(name: &str, versions: &[Value]) -> Value {
    let last = versions.len() - 1;
    let versions: Vec<Value> = { versions.iter().enumerate() }
        .map(|(at, document)| {
            json!({"Document": document, "VersionId": format!("v{}", at + 1), "IsDefaultVersion": at == last,
                "CreateDate": "2026-01-01T00:00:00+00:00"})
        })
        .collect();
    json!({"PolicyName": name, "PolicyId": "ANPA", "Arn": arn(&format!("policy/{name}")), "Path": "/",
        "DefaultVersionId": "v1", "AttachmentCount": 1, "PermissionsBoundaryUsageCount": 0, "IsAttachable": true,
        "PolicyVersionList": versions})
}

pub(crate) fn dump(
    users: &[Value],
    groups: &[Value],
    roles: &[Value],
    policies: &[Value],
) -> Value {
    json!({"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies})
}

pub(crate) fn lint_files(files: &[(&str, String)], options: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("reference.json"), REFERENCE).unwrap();
    let mut arguments = vec!["lint", "--no-config"];
    if !options.contains(&"--scheduler") {
        arguments.extend(["--reference", "reference.json"]);
    }
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
        arguments.push(name);
    }
    arguments.extend(options);
    run(folder.path(), &arguments)
}

fn lint(dump: &Value, options: &[&str]) -> (Run, Value) {
    let text = serde_json::to_string_pretty(dump).unwrap();
    let mut all = vec!["-f", "json"];
    all.extend(options);
    let run = lint_files(&[("dump.json", text)], &all);
    let value = serde_json::from_str(&run.out).unwrap_or_default();
    (run, value)
}

/// The result of a principal.
fn of<'v>(output: &'v Value, name: &str) -> &'v Value {
    let results = output["results"].as_array().unwrap();
    let mut named = results.iter().filter(|r| r["principal"]["name"] == name);
    let found = named
        .next()
        .unwrap_or_else(|| panic!("no result of {name}: {output}"));
    assert!(named.next().is_none(), "{name} is judged once");
    found
}

/// The actions that are not covered.
fn open(result: &Value) -> Vec<&str> {
    let rows = result["requirements"].as_array().unwrap();
    let open = rows.iter().filter(|row| row["verdict"] != "covered");
    open.map(|row| row["action"].as_str().unwrap()).collect()
}

pub(crate) fn user(name: &str, inline: &[&str], groups: &[&str]) -> Value {
    json!({"UserName": name, "Path": "/", "UserId": "AIDA", "Arn": arn(&format!("user/{name}")),
        "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": document(inline)}],
        "GroupList": groups, "AttachedManagedPolicies": [], "Tags": []})
}

#[test]
fn each_principal_has_the_policies_of_all_its_parts() {
    let mut limited = role("Limited", &[document(&[SEND, DESCRIBE])], &[]);
    limited["PermissionsBoundary"] =
        json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy/Limit")});
    let mut elsewhere = role("Elsewhere", &[document(&[SEND, DESCRIBE])], &["NotHere"]);
    elsewhere["PermissionsBoundary"] = json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy/NoLimit")});
    let group = |name: &str, managed: &[&str]| {
        json!({"GroupName": name, "Path": "/", "GroupId": "AGPA", "Arn": arn(&format!("group/{name}")),
            "GroupPolicyList": [{"PolicyName": "g", "PolicyDocument": document(&[SEND])}],
            "AttachedManagedPolicies": attached(managed)})
    };
    let all = dump(
        &[
            user("alice", &[DESCRIBE], &["Senders"]),
            user("bob", &[DESCRIBE], &["Unknown"]),
        ],
        &[group("Senders", &[]), group("Unused", &["Describe"])],
        &[
            role("Object", &[document(&[SEND]), document(&[DESCRIBE])], &[]),
            role(
                "Encoded",
                &[encoded(&document(&[SEND])), encoded(&document(&[DESCRIBE]))],
                &[],
            ),
            role("Attached", &[document(&[SEND])], &["Describe"]),
            role("OnlyAttached", &[], &["Describe", "Both"]),
            role("OfAws", &[document(&[SEND])], &[ALL_OF_EC2]),
            role("Lacking", &[encoded(&document(&[SEND]))], &["Old"]),
            limited,
            elsewhere,
        ],
        &[
            managed("Describe", &[encoded(&document(&[DESCRIBE]))]),
            managed("Both", &[document(&["s3:*"]), document(&[SEND, DESCRIBE])]),
            // An earlier version granted more.
            managed(
                "Old",
                &[document(&[DESCRIBE]), document(&["s3:ListAllMyBuckets"])],
            ),
            managed("Limit", &[document(&[SEND])]),
            managed("Alone", &[document(&[DESCRIBE])]),
        ],
    );
    let (run, output) = lint(&all, &[]);
    // The group of bob is not in the dump, and may grant what he needs.
    assert_eq!(run.code, 2, "{}", run.err);
    each(
        [
            ("alice", "user", &[][..]),
            ("bob", "user", &[SEND]),
            ("Unused", "group", &[]),
            ("Object", "role", &[]),
            ("Encoded", "role", &[]),
            ("Attached", "role", &[]),
            ("OnlyAttached", "role", &[]),
            ("OfAws", "role", &[]),
            ("Lacking", "role", &[DESCRIBE]),
            ("Limited", "role", &[DESCRIBE]),
            // Its boundary may refuse everything.
            ("Elsewhere", "role", &[SEND, DESCRIBE]),
        ],
        |(name, kind, expected)| {
            let result = of(&output, name);
            assert_eq!(result["principal"]["kind"], kind, "{name}");
            assert_eq!(open(result), expected, "{name}");
            assert_eq!(result["policies"], json!(["dump.json"]), "{name}");
        },
    );
    assert_eq!(output["results"].as_array().unwrap().len(), 11);
    // Nobody has it.
    assert_eq!(output["other_roles"][0]["name"], "Alone");
    let unchecked = |name: &str| of(&output, name)["not_checked"].to_string();
    assert!(
        unchecked("Elsewhere").contains("attached-policy:arn:aws:iam::123456789012:policy/NotHere")
    );
    assert!(
        unchecked("Elsewhere")
            .contains("permissions-boundary:arn:aws:iam::123456789012:policy/NoLimit")
    );
    assert!(unchecked("bob").contains("group:Unknown"));
    each(["Attached", "OfAws", "Limited", "alice"], |name| {
        assert!(
            !unchecked(name).contains("policy:"),
            "{name}: {}",
            unchecked(name)
        );
        assert!(!unchecked(name).contains("group:"), "{name}");
    });
}

#[test]
fn places_are_those_of_the_dump() {
    let typo = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["sqs:SendMessage", "ec2:DescribeInstancez"], "Resource": "*"}]});
    each(
        [
            (typo.clone(), "ec2:DescribeInstancez"),
            (encoded(&typo), "ec2%3ADescribeInstancez"),
        ],
        |(form, written)| {
            let all = dump(
                &[],
                &[],
                &[
                    role("A", &[], &["P"]),
                    role("B", &[document(&[SEND, DESCRIBE])], &[]),
                ],
                &[managed("P", &[form])],
            );
            let text = serde_json::to_string_pretty(&all).unwrap();
            let (_, output) = lint(&all, &[]);
            let findings = of(&output, "A")["findings"].as_array().unwrap();
            let mut unknown = findings.iter().filter(|f| f["lint"] == "unknown-action");
            let region = &unknown.next().expect("unknown-action")["region"];
            let at = |key: &str| usize::try_from(region[key].as_u64().unwrap()).unwrap();
            assert_eq!(&text[at("start_byte")..at("end_byte")], written);
            assert!(
                !of(&output, "B")["findings"]
                    .to_string()
                    .contains("unknown-action")
            );
        },
    );
}

#[test]
fn what_is_broken_concerns_its_own_role() {
    let good = || role("Good", &[document(&[SEND, DESCRIBE])], &[]);
    let mut no_list = role("Bad", &[], &[]);
    no_list["RolePolicyList"] = json!({"p": document(&[SEND])});
    let mut misspelled = role("Bad", &[document(&[SEND, DESCRIBE])], &[]);
    misspelled["Statement"] = json!([]);
    each(
        [
            role("Bad", &[json!("%7B%22Version%22%3A")], &[]),
            role("Bad", &[json!("%7B%FF%7D")], &[]),
            role("Bad", &[json!(7)], &[]),
            role("Bad", &[json!({"Fn::Sub": "x"})], &[]),
            role("Bad", &[document(&[SEND, DESCRIBE])], &["Broken"]),
            no_list,
            misspelled,
        ],
        |bad| {
            let broken = managed("Broken", &[json!("{\"Version\"")]);
            let policies = if bad.to_string().contains("policy/Broken") {
                vec![broken]
            } else {
                vec![]
            };
            let all = dump(&[], &[], &[good(), bad.clone()], &policies);
            let (run, output) = lint(&all, &[]);
            assert_eq!(run.code, 2, "{bad}");
            assert!(open(of(&output, "Good")).is_empty(), "{bad}");
            let findings = of(&output, "Bad")["findings"].to_string();
            assert!(findings.contains("invalid-json"), "{bad}: {findings}");
            assert!(
                !of(&output, "Good")["findings"]
                    .to_string()
                    .contains("invalid-json"),
                "{bad}"
            );
        },
    );
}

#[test]
fn text_that_is_no_json_is_refused_at_its_place() {
    let text = dump(&[], &[], &[role("A", &[document(&[SEND])], &[])], &[]).to_string();
    let many = format!("{{\"RoleDetailList\": [{}0]}}", "0,".repeat(60_000));
    each(
        [
            many,
            "{\"RoleDetailList\": {}}".to_owned(),
            text[..text.len() - 1].to_owned(),
            format!("{text} {{"),
            text.replace("\"RoleId\":", "\"RoleId\""),
        ],
        |text| {
            let run = lint_files(&[("dump.json", text)], &["-f", "json"]);
            assert_eq!(run.code, 2);
            let output: Value = serde_json::from_str(&run.out).unwrap();
            assert_eq!(
                output["results"][0]["findings"][0]["lint"], "invalid-json",
                "{}",
                run.out
            );
        },
    );
}

#[test]
fn pages_are_one_account() {
    let mut first = dump(
        &[],
        &[],
        &[role("A", &[document(&[SEND])], &["Describe"])],
        &[],
    );
    first["IsTruncated"] = true.into();
    first["Marker"] = "m".into();
    let mut second = json!({"Policies": [managed("Describe", &[document(&[DESCRIBE])])]});
    second["IsTruncated"] = false.into();
    let (one, two) = (first.to_string(), second.to_string());
    let listed = json!([first, second]).to_string();
    each(
        [
            vec![("1.json", one.clone()), ("2.json", two.clone())],
            vec![("2.json", two.clone()), ("1.json", one.clone())],
            vec![("both.json", format!("{one}\n{two}\n"))],
            vec![("list.json", listed)],
        ],
        |files| {
            let run = lint_files(&files, &["-f", "json"]);
            assert_eq!(run.code, 0, "{}{}", run.out, run.err);
            let output: Value = serde_json::from_str(&run.out).unwrap();
            assert!(open(of(&output, "A")).is_empty());
            assert!(!run.err.contains("last page"), "{}", run.err);
        },
    );
    // `--max-items` of the AWS CLI leaves out `IsTruncated`.
    let mut cut: Value = serde_json::from_str(&one).unwrap();
    cut.as_object_mut().unwrap().remove("IsTruncated");
    cut["NextToken"] = "n".into();
    for page in [one, cut.to_string()] {
        let run = lint_files(&[("1.json", page)], &["-f", "json"]);
        assert!(
            run.err.contains("1.json is not the last page"),
            "{}",
            run.err
        );
        let output: Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!(open(of(&output, "A")), [DESCRIBE]);
    }
    cut["NextToken"] = Value::Null;
    let run = lint_files(&[("1.json", cut.to_string())], &["-f", "json"]);
    assert!(!run.err.contains("last page"), "{}", run.err);
}

#[test]
fn a_dump_is_not_edited() {
    let folder = tempfile::tempdir().unwrap();
    let text = dump(&[], &[], &[role("A", &[document(&[SEND])], &[])], &[]).to_string();
    fs::write(folder.path().join("dump.json"), &text).unwrap();
    fs::write(folder.path().join("reference.json"), REFERENCE).unwrap();
    let common = ["--no-config", "--reference", "reference.json", "dump.json"];
    each(
        [
            &["lint", "--fix"][..],
            &["tighten"],
            &["tighten", "--write"],
        ],
        |command| {
            let all: Vec<&str> = command.iter().chain(&common).copied().collect();
            let run = run(folder.path(), &all);
            assert_eq!(run.code, 2, "{command:?}");
            assert!(run.err.contains("the dump of an account"), "{}", run.err);
        },
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("dump.json")).unwrap(),
        text
    );
    let all: Vec<&str> = ["missing", "--select", "A"]
        .into_iter()
        .chain(common)
        .collect();
    let run = run(folder.path(), &all);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(
        run.out.contains(DESCRIBE) && !run.out.contains(SEND),
        "{}",
        run.out
    );
}
