//! Trust policies, row by row: what a statement means by AWS's documentation, and what is reported of it. Each row is read
//! as the trust policy of a role detail and as that of a role in a template.

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
    const OPEN: &[&str] = &["warning[open-trust]"];
    const CROSS: &[&str] = &["warning[cross-account-trust]"];
    const FEDERATED: &[&str] = &["warning[federated-trust]"];
    const INVALID: &[&str] = &["error[invalid-policy]"];
    let with = |statement: Value| vec![ec2(), statement];
    let org = |operator: &str| if_(operator, "aws:PrincipalOrgID", "o-a1b2c3d4e5");
    vec![
        Row(
            "EC2 must be able to assume the role of an instance",
            vec![ec2()],
            &[],
        ),
        Row(
            "`*` is everyone",
            with(allow(json!("*"), Value::Null)),
            OPEN,
        ),
        Row(
            "`AWS: *` is everyone",
            with(allow(everyone(), Value::Null)),
            OPEN,
        ),
        Row(
            "a wildcard action includes `sts:AssumeRole`",
            with(statement("Allow", everyone(), "sts:Assume*", Value::Null)),
            OPEN,
        ),
        Row(
            "`sts:TagSession` alone assumes nothing",
            with(statement(
                "Allow",
                everyone(),
                "sts:TagSession",
                Value::Null,
            )),
            &[],
        ),
        Row(
            "`aws:PrincipalOrgID` limits to an organization",
            with(allow(everyone(), org("StringEquals"))),
            &[],
        ),
        Row(
            "IfExists holds for principals of no organization",
            with(allow(everyone(), org("StringEqualsIfExists"))),
            OPEN,
        ),
        Row(
            "IfExists with Null false needs the key",
            with(allow(
                everyone(),
                json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}, "Null": {"aws:PrincipalOrgID": "false"}}),
            )),
            &[],
        ),
        Row(
            "`o-*` is any organization",
            with(allow(
                everyone(),
                if_("StringLike", "aws:PrincipalOrgID", "o-*"),
            )),
            OPEN,
        ),
        Row(
            "a Null condition does not say which organization",
            with(allow(
                everyone(),
                if_("Null", "aws:PrincipalOrgID", "false"),
            )),
            OPEN,
        ),
        Row(
            "`aws:PrincipalAccount` limits to the own account",
            with(allow(
                everyone(),
                if_("StringEquals", "aws:PrincipalAccount", "123456789012"),
            )),
            &[],
        ),
        Row(
            "`aws:PrincipalAccount` names another account",
            with(allow(
                everyone(),
                if_("StringEquals", "aws:PrincipalAccount", "999999999999"),
            )),
            CROSS,
        ),
        Row(
            "`aws:PrincipalAccount` is always there, so IfExists limits",
            with(allow(
                everyone(),
                if_(
                    "StringEqualsIfExists",
                    "aws:PrincipalAccount",
                    "123456789012",
                ),
            )),
            &[],
        ),
        Row(
            "a role of this name can be made in any account",
            with(allow(
                everyone(),
                if_("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/admin"),
            )),
            OPEN,
        ),
        Row(
            "an ARN with an account limits to it",
            with(allow(
                everyone(),
                if_(
                    "ArnLike",
                    "aws:PrincipalArn",
                    "arn:aws:iam::123456789012:role/*",
                ),
            )),
            &[],
        ),
        Row(
            "an external id is a shared secret",
            with(allow(
                everyone(),
                if_("StringEquals", "sts:ExternalId", "a1b2c3"),
            )),
            &[],
        ),
        Row(
            "any external id matches `*`",
            with(allow(everyone(), if_("StringLike", "sts:ExternalId", "*"))),
            OPEN,
        ),
        Row(
            "the caller chooses the name of the session",
            with(allow(
                everyone(),
                if_("StringEquals", "sts:RoleSessionName", "head"),
            )),
            OPEN,
        ),
        Row(
            "an account tags its own principals",
            with(allow(
                everyone(),
                if_("StringEquals", "aws:PrincipalTag/team", "hpc"),
            )),
            OPEN,
        ),
        Row(
            "MFA does not say who",
            with(allow(
                everyone(),
                if_("Bool", "aws:MultiFactorAuthPresent", "true"),
            )),
            OPEN,
        ),
        Row(
            "`0.0.0.0/0` is the Internet",
            with(allow(
                everyone(),
                if_("IpAddress", "aws:SourceIp", "0.0.0.0/0"),
            )),
            OPEN,
        ),
        Row(
            "a range of addresses limits",
            with(allow(
                everyone(),
                if_("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
            )),
            &[],
        ),
        Row(
            "`aws:SourceAccount` is in requests of services only",
            with(allow(
                everyone(),
                if_("StringEquals", "aws:SourceAccount", "123456789012"),
            )),
            &[],
        ),
        Row(
            "an explicit Deny wins",
            vec![
                ec2(),
                allow(everyone(), Value::Null),
                deny(everyone(), Value::Null),
            ],
            &[],
        ),
        Row(
            "a Deny of all outside an organization limits, and a key that is missing is not equal",
            vec![
                ec2(),
                allow(everyone(), Value::Null),
                deny(everyone(), org("StringNotEquals")),
            ],
            &[],
        ),
        Row(
            "both conditions of a Deny must hold, and the second does for nobody new",
            vec![
                ec2(),
                allow(everyone(), Value::Null),
                deny(
                    everyone(),
                    json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}, "Bool": {"aws:MultiFactorAuthPresent": "false"}}),
                ),
            ],
            OPEN,
        ),
        Row(
            "an account and its root are the same principal",
            with(allow(json!({"AWS": OTHER}), Value::Null)),
            CROSS,
        ),
        Row(
            "twelve digits are an account",
            with(allow(json!({"AWS": "999999999999"}), Value::Null)),
            CROSS,
        ),
        Row(
            "a role of another account",
            with(allow(
                json!({"AWS": "arn:aws:iam::999999999999:role/ci"}),
                Value::Null,
            )),
            CROSS,
        ),
        Row(
            "the own account",
            with(allow(
                json!({"AWS": "arn:aws:iam::123456789012:root"}),
                Value::Null,
            )),
            &[],
        ),
        Row(
            "an external id vouches for a third party",
            with(allow(
                json!({"AWS": OTHER}),
                if_("StringEquals", "sts:ExternalId", "a1b2c3"),
            )),
            &[],
        ),
        Row(
            "an organization vouches for an account",
            with(allow(json!({"AWS": OTHER}), org("StringEquals"))),
            &[],
        ),
        Row(
            "an external id that may be left out does not vouch",
            with(allow(
                json!({"AWS": OTHER}),
                if_("StringEqualsIfExists", "sts:ExternalId", "a1b2c3"),
            )),
            CROSS,
        ),
        Row(
            "a principal of one account never has another",
            with(allow(
                json!({"AWS": OTHER}),
                if_("StringEquals", "aws:PrincipalAccount", "123456789012"),
            )),
            &[],
        ),
        Row(
            "a Deny of the account covers its roles",
            vec![
                ec2(),
                allow(
                    json!({"AWS": "arn:aws:iam::999999999999:role/ci"}),
                    Value::Null,
                ),
                deny(json!({"AWS": OTHER}), Value::Null),
            ],
            &[],
        ),
        Row(
            "Lambda is not EC2",
            vec![allow(
                json!({"Service": "lambda.amazonaws.com"}),
                Value::Null,
            )],
            &["error[missing-trust]", "warning[unneeded-trust]"],
        ),
        Row(
            "only principals that are named may assume the role",
            vec![allow(
                json!({"AWS": "arn:aws:iam::123456789012:root"}),
                Value::Null,
            )],
            &["error[missing-trust]"],
        ),
        Row(
            "a service passes no external id",
            vec![allow(
                json!({"Service": "ec2.amazonaws.com"}),
                if_("StringEquals", "sts:ExternalId", "a"),
            )],
            &["error[missing-trust]"],
        ),
        Row(
            "a service is in no organization",
            vec![allow(
                json!({"Service": "ec2.amazonaws.com"}),
                org("StringEquals"),
            )],
            &["error[missing-trust]"],
        ),
        Row(
            "a Deny of all outside an organization includes services",
            vec![ec2(), deny(json!("*"), org("StringNotEquals"))],
            &["error[missing-trust]"],
        ),
        Row(
            "unless it excepts services",
            vec![
                ec2(),
                deny(
                    json!("*"),
                    json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}, "Bool": {"aws:PrincipalIsAWSService": "false"}}),
                ),
            ],
            &[],
        ),
        Row(
            "`AWS: *` denies no service",
            vec![ec2(), deny(everyone(), Value::Null)],
            &[],
        ),
        Row(
            "`*` denies services, too",
            vec![ec2(), deny(json!("*"), Value::Null)],
            &["error[missing-trust]"],
        ),
        Row(
            "the domain of China is that of no service elsewhere",
            vec![allow(
                json!({"Service": "ec2.amazonaws.com.cn"}),
                Value::Null,
            )],
            &["error[missing-trust]"],
        ),
        Row(
            "another service may assume it as well",
            vec![allow(
                json!({"Service": ["ec2.amazonaws.com", "codebuild.amazonaws.com"]}),
                Value::Null,
            )],
            &["warning[unneeded-trust]"],
        ),
        Row(
            "a service assumes a role by `sts:AssumeRole` only",
            vec![statement(
                "Allow",
                json!({"Service": "ec2.amazonaws.com"}),
                "sts:AssumeRoleWithSAML",
                Value::Null,
            )],
            &["error[missing-trust]"],
        ),
        Row(
            "GitHub: every branch of one repository",
            with(web(
                GITHUB,
                if_(
                    "StringLike",
                    "token.actions.githubusercontent.com:sub",
                    "repo:my-org/my-repo:*",
                ),
            )),
            &[],
        ),
        Row(
            "GitHub: `repo:*` is every repository",
            with(web(
                GITHUB,
                if_(
                    "StringLike",
                    "token.actions.githubusercontent.com:sub",
                    "repo:*",
                ),
            )),
            FEDERATED,
        ),
        Row(
            "GitHub: `repo:my-org*` is also `my-org-2`",
            with(web(
                GITHUB,
                if_(
                    "StringLike",
                    "token.actions.githubusercontent.com:sub",
                    "repo:my-org*",
                ),
            )),
            FEDERATED,
        ),
        Row(
            "a tenant: the subject limits",
            with(web(OKTA, if_("StringEquals", "example.okta.com:sub", "ci"))),
            &[],
        ),
        Row(
            "a tenant: an application limits",
            with(web(
                OKTA,
                if_("StringEquals", "example.okta.com:aud", "0oa1b2c3"),
            )),
            &[],
        ),
        Row(
            "a tenant: no condition",
            with(web(OKTA, Value::Null)),
            FEDERATED,
        ),
        Row(
            "a tenant: any caller may ask for this audience",
            with(web(
                OKTA,
                if_("StringEquals", "example.okta.com:aud", "sts.amazonaws.com"),
            )),
            FEDERATED,
        ),
        Row(
            "the subject of another provider is never there",
            with(web(
                OKTA,
                if_("StringEqualsIfExists", "other.okta.com:sub", "ci"),
            )),
            FEDERATED,
        ),
        Row(
            "a provider of OpenID Connect cannot `sts:AssumeRole`",
            with(allow(json!({"Federated": OKTA}), Value::Null)),
            &[],
        ),
        Row(
            "SAML: the audience is the endpoint for sign-in",
            with(statement(
                "Allow",
                json!({"Federated": SAML}),
                "sts:AssumeRoleWithSAML",
                if_(
                    "StringEquals",
                    "SAML:aud",
                    "https://signin.aws.amazon.com/saml",
                ),
            )),
            &[],
        ),
        Row(
            "SAML: no condition",
            with(statement(
                "Allow",
                json!({"Federated": SAML}),
                "sts:AssumeRoleWithSAML",
                Value::Null,
            )),
            FEDERATED,
        ),
        Row(
            "a wildcard cannot match a part of a principal",
            with(allow(json!({"AWS": "arn:aws:iam::*:role/x"}), Value::Null)),
            &["error[invalid-arn]"],
        ),
        Row(
            "a wildcard cannot match the name of a role",
            with(allow(
                json!({"AWS": "arn:aws:iam::123456789012:role/x*"}),
                Value::Null,
            )),
            &["error[invalid-arn]"],
        ),
        Row(
            "a group is no principal",
            with(allow(
                json!({"AWS": "arn:aws:iam::123456789012:group/x"}),
                Value::Null,
            )),
            &["error[invalid-arn]"],
        ),
        Row(
            "a service is not an `AWS` principal",
            with(allow(json!({"AWS": "ec2.amazonaws.com"}), Value::Null)),
            &["error[invalid-arn]"],
        ),
        Row(
            "a service has a full name",
            with(allow(json!({"Service": "ec2"}), Value::Null)),
            INVALID,
        ),
        Row(
            "a principal is `*` or an object",
            with(allow(json!("123456789012"), Value::Null)),
            INVALID,
        ),
        Row(
            "`NotPrincipal` is not for trust policies",
            with(
                json!({"Effect": "Deny", "NotPrincipal": {"AWS": OTHER}, "Action": "sts:AssumeRole"}),
            ),
            INVALID,
        ),
        Row(
            "a trust policy has no `Resource`",
            with(
                json!({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole", "Resource": "*"}),
            ),
            INVALID,
        ),
        Row(
            "a statement needs a principal",
            with(json!({"Effect": "Allow", "Action": "sts:AssumeRole"})),
            INVALID,
        ),
        Row(
            "only actions of STS",
            with(statement(
                "Allow",
                json!({"Service": "ec2.amazonaws.com"}),
                "s3:GetObject",
                Value::Null,
            )),
            INVALID,
        ),
        Row("a trust policy needs a statement", vec![], INVALID),
    ]
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
            "GitHub: IAM refuses to make a role that does not check the subject",
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
        let (found, is_open) = findings(&one(service), arguments);
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
