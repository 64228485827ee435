//! Trust of everyone, and the conditions that limit it.

use serde_json::{Value, json};

use super::{Row, allow, deny, ec2, everyone, if_, statement};

pub(super) fn rows() -> Vec<Row> {
    const OPEN: &[&str] = &["warning[open-trust]"];
    const CROSS: &[&str] = &["warning[cross-account-trust]"];
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
            "IfExists with Null false of another key holds for principals of no organization",
            with(allow(
                everyone(),
                json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}, "Null": {"aws:SourceIp": "false"}}),
            )),
            OPEN,
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
    ]
}
