//! Trust of accounts, services and identity providers, and trust policies that are not valid.

use serde_json::{Value, json};

use super::{GITHUB, OKTA, OTHER, Row, SAML, allow, deny, ec2, everyone, if_, statement, web};

pub(super) fn rows() -> Vec<Row> {
    const CROSS: &[&str] = &["warning[cross-account-trust]"];
    const FEDERATED: &[&str] = &["warning[federated-trust]"];
    const INVALID: &[&str] = &["error[invalid-policy]"];
    let with = |statement: Value| vec![ec2(), statement];
    let org = |operator: &str| if_(operator, "aws:PrincipalOrgID", "o-a1b2c3d4e5");
    vec![
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
            "GitHub: the name before an id",
            with(web(
                GITHUB,
                if_(
                    "StringLike",
                    "token.actions.githubusercontent.com:sub",
                    "repo:my-org@*/my-repo@*:*",
                ),
            )),
            &[],
        ),
        Row(
            "GitHub: an id without the name",
            with(web(
                GITHUB,
                if_(
                    "StringLike",
                    "token.actions.githubusercontent.com:sub",
                    "repo:*@123456/my-repo@*:*",
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
