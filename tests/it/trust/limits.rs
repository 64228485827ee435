//! What limits whom a role trusts: values, operators, Deny statements.

use serde_json::{Value, json};

use super::{GITHUB, OKTA, OTHER, Row, SAML, allow, deny, ec2, everyone, if_, statement, web};

const OPEN: &[&str] = &["warning[open-trust]"];
const CROSS: &[&str] = &["warning[cross-account-trust]"];
const FEDERATED: &[&str] = &["warning[federated-trust]"];
const MISSING: &[&str] = &["error[missing-trust]"];
const ORG: &str = "aws:PrincipalOrgID";
const PATHS: &str = "aws:PrincipalOrgPaths";
const ARN: &str = "aws:PrincipalArn";
const ID: &str = "sts:ExternalId";
const SUB: &str = "token.actions.githubusercontent.com:sub";

/// A statement that trusts everyone, as far as the condition lets them.
pub(super) fn values() -> Vec<Row> {
    let rows = [
        (
            "the beginning of an organization's id",
            if_("StringLike", ORG, "o-a1b2*"),
            &[][..],
        ),
        (
            "paths of an organization",
            if_("ForAnyValue:StringLike", PATHS, "o-a1b2c3d4e5/*"),
            &[],
        ),
        (
            "paths, or none",
            if_("ForAllValues:StringLike", PATHS, "o-a1b2c3d4e5/*"),
            OPEN,
        ),
        (
            "a two-hundredth of the Internet",
            if_("IpAddress", "aws:SourceIp", "203.0.0.0/8"),
            &[],
        ),
        (
            "a hundredth of the Internet",
            if_("IpAddress", "aws:SourceIp", "202.0.0.0/7"),
            OPEN,
        ),
        (
            "one address",
            if_("IpAddress", "aws:SourceIp", "203.0.113.7"),
            &[],
        ),
        (
            "one address, or half the Internet",
            json!({"IpAddress": {"aws:SourceIp": ["203.0.113.7", "0.0.0.0/1"]}}),
            OPEN,
        ),
        (
            "services",
            if_("Bool", "aws:PrincipalIsAWSService", "true"),
            &[],
        ),
        (
            "all but services",
            if_("Bool", "aws:PrincipalIsAWSService", "false"),
            OPEN,
        ),
        (
            "a beginning of an account",
            if_("StringLike", "aws:PrincipalAccount", "1234*"),
            OPEN,
        ),
        ("any ARN", if_("ArnLike", ARN, "*"), OPEN),
        (
            "an ARN of accounts that differ in one digit",
            if_("ArnLike", ARN, "arn:aws:iam::12345678901?:role/x"),
            OPEN,
        ),
        (
            "one ARN",
            if_("StringEquals", ARN, "arn:aws:iam::123456789012:role/x"),
            &[],
        ),
        (
            "one ARN of another account",
            if_("StringEquals", ARN, "arn:aws:iam::999999999999:role/x"),
            CROSS,
        ),
        (
            "buckets of one name",
            if_("ArnLike", "aws:SourceArn", "arn:aws:s3:::bucket*"),
            &[],
        ),
        (
            "all buckets",
            if_("ArnLike", "aws:SourceArn", "arn:aws:s3:::*"),
            OPEN,
        ),
        (
            "the account of whoever asks",
            if_(
                "StringEquals",
                "aws:PrincipalAccount",
                "${aws:PrincipalAccount}",
            ),
            OPEN,
        ),
        (
            "a value to be filled in",
            if_("StringEquals", ID, "<ID>"),
            &[],
        ),
        (
            "any external id of two letters or more",
            if_("StringLike", ID, "??*"),
            OPEN,
        ),
        (
            "an external id by its beginning",
            if_("StringLike", ID, "a*"),
            &[],
        ),
        ("the external id `*`", if_("StringEquals", ID, "*"), &[]),
        (
            "an external id in any case",
            if_("StringEqualsIgnoreCase", ID, "a1"),
            &[],
        ),
        (
            "all external ids but one",
            if_("StringNotEquals", ID, "a1"),
            OPEN,
        ),
    ];
    let row = |(rule, condition, found): (&'static str, Value, &'static [&'static str])| {
        Row(rule, vec![ec2(), allow(everyone(), condition)], found)
    };
    rows.map(row).into()
}

/// A statement that trusts a principal, and a Deny that takes it back or does not.
pub(super) fn denies() -> Vec<Row> {
    let other = || json!({"AWS": OTHER});
    let role = |name: &str| json!({"AWS": format!("arn:aws:iam::999999999999:role/{name}")});
    let org = || if_("StringNotEquals", ORG, "o-a1b2c3d4e5");
    let with = |more: Value| {
        let mut condition = org();
        condition
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        condition
    };
    let office = || with(if_("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"));
    let both = json!({"StringNotEquals": {ORG: "o-a1b2c3d4e5", ID: "a1"}});
    let rows = [
        (
            "of those whom no service calls for",
            everyone(),
            deny(
                everyone(),
                if_("Bool", "aws:PrincipalIsAWSService", "false"),
            ),
            &[][..],
        ),
        (
            "of services",
            everyone(),
            deny(everyone(), if_("Bool", "aws:PrincipalIsAWSService", "true")),
            OPEN,
        ),
        (
            "of one organization",
            everyone(),
            deny(everyone(), if_("StringEquals", ORG, "o-a1b2c3d4e5")),
            OPEN,
        ),
        (
            "of all but one organization, by its beginning",
            everyone(),
            deny(everyone(), if_("StringNotLike", ORG, "o-a1b2*")),
            &[],
        ),
        (
            "of all but one organization, also of those in none",
            everyone(),
            deny(
                everyone(),
                if_("StringNotEqualsIfExists", ORG, "o-a1b2c3d4e5"),
            ),
            &[],
        ),
        (
            "of those in other organizations, not of those in none",
            everyone(),
            deny(
                everyone(),
                if_("ForAnyValue:StringNotLike", PATHS, "o-a1b2c3d4e5/*"),
            ),
            OPEN,
        ),
        (
            "of all but the own account",
            everyone(),
            deny(
                everyone(),
                if_("StringNotEquals", "aws:PrincipalAccount", "123456789012"),
            ),
            &[],
        ),
        (
            "of all but another account",
            everyone(),
            deny(
                everyone(),
                if_("StringNotEquals", "aws:PrincipalAccount", "999999999999"),
            ),
            CROSS,
        ),
        (
            "of everyone outside the organization and the office",
            everyone(),
            deny(everyone(), office()),
            &[],
        ),
        (
            "of an account outside the organization",
            other(),
            deny(everyone(), org()),
            &[],
        ),
        (
            "of an account outside the organization without the external id",
            other(),
            deny(everyone(), both),
            &[],
        ),
        (
            "of an account outside the organization and the office",
            other(),
            deny(everyone(), office()),
            CROSS,
        ),
        (
            "of another role",
            role("ci"),
            deny(role("cd"), Value::Null),
            CROSS,
        ),
        (
            "of the same role",
            role("ci"),
            deny(role("ci"), Value::Null),
            &[],
        ),
        (
            "of the role's account, by its digits",
            role("ci"),
            deny(json!({"AWS": "999999999999"}), Value::Null),
            &[],
        ),
        (
            "of another account",
            role("ci"),
            deny(json!({"AWS": "888888888888"}), Value::Null),
            CROSS,
        ),
        (
            "of all principals of accounts",
            other(),
            deny(everyone(), Value::Null),
            &[],
        ),
        (
            "of all principals of accounts, beside `*`",
            json!("*"),
            deny(everyone(), Value::Null),
            &[],
        ),
        (
            "of everyone and every service",
            everyone(),
            deny(json!("*"), Value::Null),
            MISSING,
        ),
        (
            "of another action",
            other(),
            statement("Deny", everyone(), "sts:TagSession", Value::Null),
            CROSS,
        ),
        (
            "of all actions but another",
            other(),
            json!({"Effect": "Deny", "Principal": everyone(), "NotAction": "sts:TagSession"}),
            &[],
        ),
    ];
    let row =
        |(rule, principal, deny, found): (&'static str, Value, Value, &'static [&'static str])| {
            Row(
                rule,
                vec![ec2(), allow(principal, Value::Null), deny],
                found,
            )
        };
    rows.map(row).into()
}

/// The claims of an identity provider.
pub(super) fn claims() -> Vec<Row> {
    let saml = |key: &str| {
        let principal = json!({"Federated": SAML});
        statement(
            "Allow",
            principal,
            "sts:AssumeRoleWithSAML",
            if_("StringEquals", key, "a"),
        )
    };
    let rows = [
        (
            "one branch",
            web(
                GITHUB,
                if_("StringEquals", SUB, "repo:o/r:ref:refs/heads/main"),
            ),
            &[][..],
        ),
        (
            "an organization without a name",
            web(GITHUB, if_("StringLike", SUB, "repo:/*")),
            FEDERATED,
        ),
        (
            "less than a subject begins with",
            web(GITHUB, if_("StringLike", SUB, "re*")),
            FEDERATED,
        ),
        (
            "no subject begins so",
            web(GITHUB, if_("StringLike", SUB, "x*")),
            &[],
        ),
        (
            "every subject",
            web(GITHUB, if_("StringLike", SUB, "*")),
            FEDERATED,
        ),
        (
            "keys in any case",
            web(
                GITHUB,
                if_(
                    "StringLike",
                    "Token.actions.githubusercontent.com:SUB",
                    "repo:o/r:*",
                ),
            ),
            &[],
        ),
        (
            "a tenant: every subject",
            web(OKTA, if_("StringLike", "example.okta.com:sub", "*")),
            FEDERATED,
        ),
        (
            "a tenant: an audience by its beginning",
            web(OKTA, if_("StringLike", "example.okta.com:aud", "0oa*")),
            &[],
        ),
        (
            "a tenant: every audience",
            web(OKTA, if_("StringLike", "example.okta.com:aud", "*")),
            FEDERATED,
        ),
        (
            "a tenant: another claim",
            web(OKTA, if_("StringEquals", "example.okta.com:team", "a")),
            &[],
        ),
        (
            "a tenant: another claim, or none",
            web(
                OKTA,
                if_("StringEqualsIfExists", "example.okta.com:team", "a"),
            ),
            FEDERATED,
        ),
        (
            "a tenant: every token has a subject",
            web(
                OKTA,
                if_("StringEqualsIfExists", "example.okta.com:sub", "a"),
            ),
            &[],
        ),
        ("SAML: the subject", saml("saml:sub"), &[]),
        (
            "SAML: a tag is no claim",
            saml("aws:PrincipalTag/x"),
            FEDERATED,
        ),
        (
            "SAML: not by `sts:AssumeRoleWithWebIdentity`",
            web(SAML, Value::Null),
            &[],
        ),
    ];
    let row = |(rule, statement, found): (&'static str, Value, &'static [&'static str])| {
        Row(rule, vec![ec2(), statement], found)
    };
    rows.map(row).into()
}

/// Requests of a service for the role.
pub(super) fn services() -> Vec<Row> {
    let service = |name: &str, condition: Value| vec![allow(json!({"Service": name}), condition)];
    let ec2_if = |condition: Value| service("ec2.amazonaws.com", condition);
    let outside =
        json!({"StringNotEquals": {ORG: "o-a1b2c3d4e5", "aws:SourceAccount": "123456789012"}});
    let is_service = |value: &str| if_("Bool", "aws:PrincipalIsAWSService", value);
    let rows = [
        (
            "without an external id",
            ec2_if(if_("Null", ID, "true")),
            &[][..],
        ),
        (
            "with an external id",
            ec2_if(if_("Null", ID, "false")),
            MISSING,
        ),
        (
            "with this external id, or none",
            ec2_if(if_("StringEqualsIfExists", ID, "a")),
            &[],
        ),
        (
            "with another external id, or none",
            ec2_if(if_("StringNotEquals", ID, "a")),
            &[],
        ),
        (
            "with all of no paths",
            ec2_if(if_("ForAllValues:StringEquals", PATHS, "a")),
            &[],
        ),
        (
            "with one of no paths",
            ec2_if(if_("ForAnyValue:StringNotEquals", PATHS, "a")),
            MISSING,
        ),
        (
            "for an account",
            ec2_if(if_("StringEquals", "aws:SourceAccount", "123456789012")),
            &[],
        ),
        ("from no service", ec2_if(is_service("false")), MISSING),
        ("from a service", ec2_if(is_service("true")), &[]),
        (
            "a Deny of services",
            vec![ec2(), deny(json!("*"), is_service("true"))],
            MISSING,
        ),
        (
            "a Deny of all but services",
            vec![ec2(), deny(json!("*"), is_service("false"))],
            &[],
        ),
        (
            "a Deny that the account may except",
            vec![
                ec2(),
                deny(json!({"Service": "ec2.amazonaws.com"}), outside),
            ],
            &[],
        ),
        (
            "by the name in a Region",
            service("ec2.us-east-1.amazonaws.com", Value::Null),
            &[],
        ),
        (
            "by a name in no Region",
            service("ec2.nowhere.amazonaws.com", Value::Null),
            MISSING,
        ),
    ];
    rows.map(|(rule, statements, found)| Row(rule, statements, found))
        .into()
}
