//! Trust policies, row by row: what a statement means by AWS's documentation, and what is reported of it. Each row is read
//! as the trust policy of a role detail and as that of a role in a template.

mod everyone;
mod limits;
mod principals;

use serde_json::{Value, json};

use crate::common::project::Project;

const GITHUB: &str = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
const OKTA: &str = "arn:aws:iam::123456789012:oidc-provider/example.okta.com";
const SAML: &str = "arn:aws:iam::123456789012:saml-provider/Okta";
const OTHER: &str = "arn:aws:iam::999999999999:root";

/// The statement that a role of a head node needs.
fn ec2() -> Value {
    json!({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
}

fn allow(principal: Value, condition: Value) -> Value {
    statement("Allow", principal, "sts:AssumeRole", condition)
}

fn deny(principal: Value, condition: Value) -> Value {
    statement("Deny", principal, "sts:AssumeRole", condition)
}

fn web(provider: &str, condition: Value) -> Value {
    statement(
        "Allow",
        json!({"Federated": provider}),
        "sts:AssumeRoleWithWebIdentity",
        condition,
    )
}

fn statement(effect: &str, principal: Value, action: &str, condition: Value) -> Value {
    let mut statement = json!({"Effect": effect, "Principal": principal, "Action": action});
    if condition != Value::Null {
        statement["Condition"] = condition;
    }
    statement
}

fn everyone() -> Value {
    json!({"AWS": "*"})
}

fn if_(operator: &str, key: &str, value: &str) -> Value {
    json!({operator: {key: value}})
}

/// AWS's rule, the statements, and the findings on trust, with their severities.
struct Row(&'static str, Vec<Value>, &'static [&'static str]);

fn detail(statements: &[Value]) -> Value {
    json!({
        "RoleName": "head",
        "Arn": "arn:aws:iam::123456789012:role/head",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": statements},
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": grants()}],
    })
}

fn grants() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"}]})
}

fn template(statements: &[Value]) -> Value {
    json!({"Resources": {"Head": {"Type": "AWS::IAM::Role", "Properties": {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": statements},
        "Policies": [{"PolicyName": "p", "PolicyDocument": grants()}],
    }}}})
}

/// `severity[lint]` of every finding on the trust policy, and whether it is among what was not checked.
fn findings(text: &str, arguments: &[&str]) -> (Vec<String>, bool) {
    let project = Project::new(&[("p.json", text)]);
    let all = [
        &[
            "lint",
            "p.json",
            "--no-config",
            "-f",
            "json",
            "--scheduler",
            "slurm",
            "--pcluster-version",
            "3.14.0",
        ],
        arguments,
    ]
    .concat();
    let run = project.run(&all);
    let report: Value =
        serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {}{}", run.out, run.err));
    let result = &report["results"][0];
    let mut found: Vec<String> = { result["findings"].as_array().unwrap().iter() }
        .map(|f| (f["lint"].as_str().unwrap(), f["severity"].as_str().unwrap()))
        .filter(|(lint, _)| lint.ends_with("-trust") || lint.starts_with("invalid-"))
        .map(|(lint, severity)| format!("{severity}[{lint}]"))
        .collect();
    found.sort();
    let unchecked = result["not_checked"].as_array().unwrap();
    (found, unchecked.contains(&json!("trust-policy")))
}

const HEAD: [&str; 4] = ["--role", "head-node", "--account", "123456789012"];

fn judge(rows: Vec<Row>, make: fn(&[Value]) -> Value) {
    assert!(rows.len() >= 20, "{}", rows.len());
    let mut wrong = Vec::new();
    for Row(rule, statements, expected) in rows {
        let text = make(&statements).to_string();
        let (found, _) = findings(&text, &HEAD);
        let mut expected: Vec<String> = expected.iter().map(|e| (*e).to_owned()).collect();
        expected.sort();
        if found != expected {
            wrong.push(format!(
                "{rule}\n  expected {expected:?}\n  found    {found:?}\n  {statements:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Rows that mean the same wherever the trust policy comes from.
fn common() -> Vec<Row> {
    [everyone::rows(), principals::rows()]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn role_details() {
    let mut rows = common();
    rows.push(Row(
        "GitHub: IAM checks the subject when a role is made, not later",
        vec![ec2(), web(GITHUB, Value::Null)],
        &["warning[federated-trust]"],
    ));
    judge(rows, detail);
}

#[test]
fn what_limits_a_principal() {
    let rows = [
        limits::values(),
        limits::denies(),
        limits::claims(),
        limits::services(),
    ];
    judge(rows.into_iter().flatten().collect(), detail);
}

#[test]
fn roles_of_dumps() {
    let dump = |statements: &[Value]| {
        let lists = ["UserDetailList", "GroupDetailList", "Policies"];
        let mut dump: Value = lists
            .iter()
            .map(|list| (list.to_owned(), json!([])))
            .collect();
        dump["RoleDetailList"] = json!([detail(statements)]);
        dump
    };
    let mut rows = common();
    rows.push(Row(
        "GitHub: IAM has accepted the role that the account has",
        vec![ec2(), web(GITHUB, Value::Null)],
        &["warning[federated-trust]"],
    ));
    judge(rows, dump);
}

#[test]
fn url_encoded_role_details() {
    let encode = |statements: &[Value]| {
        let mut detail = detail(statements);
        let text = detail["AssumeRolePolicyDocument"].to_string();
        let encoded: String = text.bytes().map(|b| format!("%{b:02X}")).collect();
        detail["AssumeRolePolicyDocument"] = json!(encoded);
        detail
    };
    judge(common(), encode);
}

#[test]
fn roles_of_templates() {
    let mut rows = common();
    let own = json!({"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"});
    rows.extend([
        Row(
            "GitHub: IAM rejects a role that does not check the subject",
            vec![ec2(), web(GITHUB, Value::Null)],
            &["error[federated-trust]"],
        ),
        Row(
            "the suffix of the partition",
            vec![allow(
                json!({"Service": {"Fn::Sub": "ec2.${AWS::URLSuffix}"}}),
                Value::Null,
            )],
            &[],
        ),
        Row(
            "the account of the stack",
            vec![ec2(), allow(json!({"AWS": own}), Value::Null)],
            &[],
        ),
        Row(
            "the account of the stack as a condition",
            vec![
                ec2(),
                allow(
                    everyone(),
                    json!({"StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}}),
                ),
            ],
            &[],
        ),
    ]);
    judge(rows, template);
}

/// What a template leaves open is said, and is no finding.
#[test]
fn open_parts_of_templates() {
    let with = |statement: Value| {
        let mut template = template(&[ec2(), statement]);
        template["Parameters"] = json!({"Who": {"Type": "String"}, "Wide": {"Type": "String", "AllowedValues": ["yes", "no"]}});
        template["Conditions"] = json!({"IsWide": {"Fn::Equals": [{"Ref": "Who"}, "all"]}});
        template.to_string()
    };
    let rows = [
        allow(json!({"AWS": {"Ref": "Who"}}), Value::Null),
        allow(
            json!({"AWS": {"Fn::Sub": "arn:aws:iam::${Who}:root"}}),
            Value::Null,
        ),
        allow(
            everyone(),
            json!({"StringEquals": {"aws:PrincipalOrgID": {"Ref": "Who"}}}),
        ),
        allow(json!({"AWS": {"Fn::ImportValue": "role"}}), Value::Null),
        json!({"Fn::If": ["IsWide", {"Ref": "AWS::NoValue"}, ec2()]}),
    ];
    let mut wrong = Vec::new();
    for row in rows {
        let (found, is_open) = findings(&with(row.clone()), &HEAD);
        if !found.is_empty() || !is_open {
            wrong.push(format!("{row}: {found:?}, not checked: {is_open}"));
        }
    }
    let document = |document: Value| {
        let mut template: Value = serde_json::from_str(&with(ec2())).unwrap();
        template["Resources"]["Head"]["Properties"]["AssumeRolePolicyDocument"] = document;
        template.to_string()
    };
    for row in [
        json!({"Ref": "Who"}),
        json!({"Version": "2012-10-17", "Statement": {"Ref": "Who"}}),
        json!({"Fn::If": ["IsWide", {"Statement": [ec2()]}, {"Statement": ec2()}]}),
        json!({"Fn::Transform": {"Name": "Trust"}}),
    ] {
        let (found, is_open) = findings(&document(row.clone()), &HEAD);
        if !found.is_empty() || !is_open {
            wrong.push(format!("{row}: {found:?}, not checked: {is_open}"));
        }
    }
    let given = with(allow(json!({"AWS": {"Ref": "Who"}}), Value::Null));
    let (found, is_open) = findings(
        &given,
        &[&HEAD[..], &["--parameter", "Who=999999999999"]].concat(),
    );
    if found != ["warning[cross-account-trust]"] || is_open {
        wrong.push(format!("{found:?} {is_open}"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The service follows the role and the partition.
#[test]
fn services_by_role() {
    let one =
        |service: &str| detail(&[allow(json!({"Service": service}), Value::Null)]).to_string();
    let rows: [(&str, &[&str], &[&str]); 9] = [
        ("lambda.amazonaws.com", &["--role", "lambda"], &[]),
        (
            "ec2.amazonaws.com",
            &["--role", "lambda"],
            &["error[missing-trust]", "warning[unneeded-trust]"],
        ),
        (
            "lambda.amazonaws.com",
            &["--role", "lambda", "--region", "cn-north-1"],
            &[],
        ),
        (
            "ec2.amazonaws.com.cn",
            &["--role", "head-node", "--region", "cn-north-1"],
            &[],
        ),
        ("ec2.amazonaws.com", &["--role", "compute-node"], &[]),
        ("ec2.amazonaws.com", &["--role", "login-node"], &[]),
        (
            "ec2.amazonaws.com",
            &["--role", "image-build-instance"],
            &[],
        ),
        (
            "lambda.amazonaws.com",
            &["--role", "image-build-lambda"],
            &[],
        ),
        ("codebuild.amazonaws.com", &["--role", "user"], &[]),
    ];
    let mut wrong = Vec::new();
    for (service, arguments, expected) in rows {
        let in_china = arguments.contains(&"cn-north-1");
        let partition = if in_china { "arn:aws-cn:" } else { "arn:aws:" };
        let text = one(service).replace("arn:aws:", partition);
        let (found, is_open) = findings(&text, arguments);
        if found != expected || is_open {
            wrong.push(format!("{service} {arguments:?}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Without the account of the role, another account may be its own.
#[test]
fn an_unknown_account() {
    let mut detail = detail(&[ec2(), allow(json!({"AWS": OTHER}), Value::Null)]);
    detail.as_object_mut().unwrap().remove("Arn");
    let (found, _) = findings(&detail.to_string(), &["--role", "head-node"]);
    assert_eq!(found, ["note[cross-account-trust]"]);
    let (found, _) = findings(&detail.to_string(), &HEAD);
    assert_eq!(found, ["warning[cross-account-trust]"]);
    let (found, _) = findings(
        &detail.to_string(),
        &["--role", "head-node", "--account", "999999999999"],
    );
    assert!(found.is_empty(), "{found:?}");
}

/// What `aws iam get-role` prints is read beside the policies of the role, and refused alone.
#[test]
fn the_output_of_get_role() {
    let role = |statements: &[Value]| {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        json!({"Role": {"Path": "/", "RoleName": "head", "Arn": "arn:aws:iam::123456789012:role/head",
            "CreateDate": "2026-01-01T00:00:00+00:00", "AssumeRolePolicyDocument": document, "MaxSessionDuration": 3600}})
        .to_string()
    };
    let open = role(&[ec2(), allow(everyone(), Value::Null)]);
    let invalid = role(&[
        ec2(),
        allow(json!({"AWS": "arn:aws:iam::*:root"}), Value::Null),
    ]);
    let grants = grants().to_string();
    let files = [
        ("open.json", open.as_str()),
        ("invalid.json", &invalid),
        ("p.json", &grants),
    ];
    let project = Project::new(&files);
    let base = [
        "lint",
        "--no-config",
        "-f",
        "concise",
        "--scheduler",
        "slurm",
        "--pcluster-version",
        "3.14.0",
    ];
    let rows: [(&[&str], i32, &[&str], &[&str]); 4] = [
        (
            &["open.json", "p.json"],
            1,
            &["[open-trust]", "[missing-action]"],
            &["[invalid-json]", "trust policy"],
        ),
        (
            &["invalid.json", "p.json"],
            1,
            &["error[invalid-arn]"],
            &["[invalid-json]"],
        ),
        (
            &["open.json"],
            2,
            &["[invalid-json]", "[open-trust]"],
            &["[missing-action]"],
        ),
        (
            &["invalid.json"],
            2,
            &["[invalid-json]"],
            &["[missing-action]"],
        ),
    ];
    let mut wrong = Vec::new();
    for (names, code, with, without) in rows {
        let run = project.run(&[&base[..], names, &["--role", "head-node"]].concat());
        let is_right = run.code == code
            && with.iter().all(|w| run.out.contains(w))
            && !without.iter().any(|w| run.out.contains(w));
        if !is_right {
            wrong.push(format!("{names:?}: {} {}{}", run.code, run.out, run.err));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
