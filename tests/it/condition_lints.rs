//! The lints on the lines of a Condition: which are reported, with which words.

use crate::common::role::{lint_against, statement_with};
use crate::common::table::each;
use pcluster_iam::finding::Finding;
use serde_json::{Value, json};

const LINTS: [&str; 3] = [
    "invalid-condition",
    "weak-condition",
    "ineffective-condition",
];

/// The findings of the three lints on one statement.
fn all_findings(effect: &str, condition: &Value) -> Vec<Finding> {
    let policy = |part: &Value| {
        json!({"Version": "2012-10-17", "Statement": statement_with(part)}).to_string()
    };
    let file = policy(&json!({"Effect": effect, "Condition": condition}));
    let mut findings = lint_against(&file, &policy(&json!({}))).findings;
    findings.retain(|finding| LINTS.contains(&finding.lint));
    findings
}

/// Each with the findings about it.
fn check<const N: usize>(effect: &str, rows: [(Value, &str); N]) {
    each(rows, |(condition, expected)| {
        let found = all_findings(effect, &condition);
        let found = found.iter().map(|finding| {
            let severity = finding.severity.name();
            format!("{severity} {}: {}", finding.lint, finding.message)
        });
        let found: Vec<String> = found.collect();
        assert_eq!(found.join("\n"), expected, "{condition}");
    });
}

#[test]
fn a_value_that_the_key_never_has_is_reported() {
    check(
        "Allow",
        [
            (
                json!({"StringEquals": {"aws:SourceVpc": "vpc-01234567"}}),
                "",
            ),
            (
                json!({"StringEquals": {"aws:SourceVpc": "vpc-0123456g"}}),
                "warning invalid-condition: `aws:SourceVpc` compares with `vpc-0123456g`, which is not the id of a VPC",
            ),
            (
                json!({"StringEquals": {"aws:SourceVpc": ["vpc-01234567", "vpc-1"]}}),
                "warning invalid-condition: `aws:SourceVpc` compares with `vpc-1`, which is not the id of a VPC",
            ),
            (
                json!({"StringLike": {"aws:SourceVpc": "vpc-1"}}),
                "warning invalid-condition: `aws:SourceVpc` compares with `vpc-1`, which is not the id of a VPC",
            ),
            (json!({"StringLike": {"aws:SourceVpc": "vpc-012345*"}}), ""),
            (
                json!({"StringEquals": {"aws:Ec2InstanceSourceVpc": "vpc-1"}}),
                "warning invalid-condition: `aws:Ec2InstanceSourceVpc` compares with `vpc-1`, which is not the id of a VPC",
            ),
            (
                json!({"StringEquals": {"aws:SourceVpce": "vpce-01234567"}}),
                "",
            ),
            (
                json!({"StringEquals": {"aws:SourceVpce": "vpc-01234567"}}),
                "warning invalid-condition: `aws:SourceVpce` compares with `vpc-01234567`, which is not the id of a VPC endpoint",
            ),
            (json!({"Null": {"aws:SourceVpce": "true"}}), ""),
            (
                json!({"StringEquals": {"aws:RequestedRegion": "us-east"}}),
                "warning invalid-condition: `aws:RequestedRegion` compares with `us-east`, which is not a Region",
            ),
            (
                json!({"StringEquals": {"aws:PrincipalServiceName": "ec2"}}),
                "warning invalid-condition: `aws:PrincipalServiceName` compares with `ec2`, which is not the name of a service",
            ),
            (
                json!({"StringEquals": {"aws:PrincipalServiceName": "ec2.amazonaws.com"}}),
                "",
            ),
            (
                json!({"ForAnyValue:StringEquals": {"aws:CalledVia": "athena"}}),
                "warning invalid-condition: `aws:CalledVia` compares with `athena`, which is not the name of a service",
            ),
            (
                json!({"StringEquals": {"aws:CalledViaFirst": "ssm"}}),
                "warning invalid-condition: `aws:CalledViaFirst` compares with `ssm`, which is not the name of a service",
            ),
            (
                json!({"StringEquals": {"aws:CalledViaLast": ".amazonaws.com"}}),
                "warning invalid-condition: `aws:CalledViaLast` compares with `.amazonaws.com`, which is not the name of a service",
            ),
            (
                json!({"StringEquals": {"iam:PassedToService": "ec2 .amazonaws.com"}}),
                "warning invalid-condition: `iam:PassedToService` compares with `ec2 .amazonaws.com`, which is not the name of a service",
            ),
            (
                json!({"StringEquals": {"s3tables:KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/a"}}),
                "",
            ),
            (
                json!({"StringEquals": {"s3tables:KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:alias/a"}}),
                "warning invalid-condition: `s3tables:KMSKeyArn` compares with `arn:aws:kms:us-east-1:123456789012:alias/a`, which is not the ARN of a KMS key",
            ),
            (
                json!({"StringEquals": {"s3tables:KMSKeyArn": "a"}}),
                "warning invalid-condition: `s3tables:KMSKeyArn` compares with `a`, which is not the ARN of a KMS key",
            ),
            (
                json!({"ArnLike": {"s3tables:KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:alias/*"}}),
                "",
            ),
            (
                json!({"ArnLike": {"s3tables:KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:alias/a"}}),
                "warning invalid-condition: `s3tables:KMSKeyArn` compares with `arn:aws:kms:us-east-1:123456789012:alias/a`, which is not the ARN of a KMS key",
            ),
            (json!({"Null": {"s3tables:KMSKeyArn": "true"}}), ""),
            (json!({"StringEquals": {"ec2:KmsKeyId": "a"}}), ""),
        ],
    );
}

#[test]
fn an_operator_fits_the_type_of_its_key() {
    check(
        "Allow",
        [
            (
                json!({"NumericEquals": {"aws:SourceVpc": "1"}}),
                "warning invalid-condition: `NumericEquals` compares `aws:SourceVpc`, which holds a value of type `String`",
            ),
            (
                json!({"StringEquals": {"aws:MultiFactorAuthAge": "1"}}),
                "note invalid-condition: `StringEquals` compares `aws:MultiFactorAuthAge`, which holds a value of type `Numeric`",
            ),
            (json!({"Null": {"aws:MultiFactorAuthAge": "true"}}), ""),
            (
                json!({"ArnLike": {"aws:PrincipalTag/x": "arn:aws:iam::123456789012:x"}}),
                "",
            ),
            (
                json!({"ArnLike": {"aws:SourceVpc": "arn:aws:iam::123456789012:x"}}),
                "warning invalid-condition: `ArnLike` compares `aws:SourceVpc`, which holds a value of type `String`",
            ),
            (
                json!({"ArnLike": {"aws:FederatedProvider": "arn:aws:iam::123456789012:x"}}),
                "",
            ),
            (
                json!({"ArnLike": {"aws:SourceVpcArn": "arn:aws:ec2:us-east-1:123456789012:vpc/x"}}),
                "",
            ),
            (
                json!({"NumericLessThan": {"aws:CurrentTime": "5"}}),
                "warning invalid-condition: `NumericLessThan` compares `aws:CurrentTime`, which holds a value of type `Date`",
            ),
            (
                json!({"IpAddress": {"aws:PrincipalOrgID": "203.0.113.0/24"}}),
                "warning invalid-condition: `IpAddress` compares `aws:PrincipalOrgID`, which holds a value of type `String`",
            ),
            (
                json!({"Bool": {"aws:CurrentTime": "true"}}),
                "warning invalid-condition: `Bool` compares `aws:CurrentTime`, which holds a value of type `Date`",
            ),
            (
                json!({"DateLessThan": {"aws:EpochTime": "1700000000"}}),
                "warning invalid-condition: `1700000000` counts seconds since 1970",
            ),
            (
                json!({"StringEquals": {"aws:TagKeys": "a"}}),
                "warning invalid-condition: `aws:TagKeys` can have several values, and `StringEquals` does not say how many must fit",
            ),
            (
                json!({"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}}),
                "",
            ),
            (json!({"Null": {"aws:TagKeys": "true"}}), ""),
            (
                json!({"Bool": {"aws:SecureTransport": ["true", "false"]}}),
                "warning invalid-condition: `aws:SecureTransport` has 2 values, and a Boolean has one",
            ),
            (
                json!({"Bool": {"aws:SecureTransport": "yes"}}),
                "warning ineffective-condition: this never holds, whatever `aws:SecureTransport` is: the statement has no effect\nwarning invalid-condition: `yes` is not a Boolean",
            ),
            (json!({"Bool": {"aws:SecureTransport": "TRUE"}}), ""),
            (
                json!({"Null": {"aws:SourceIp": "none"}}),
                "warning invalid-condition: `none` is not a Boolean",
            ),
            (json!({"BinaryEquals": {"sqs:Blob": "a+/="}}), ""),
            (
                json!({"BinaryEquals": {"sqs:Blob": "a"}}),
                "warning invalid-condition: `a` is not base64",
            ),
            (
                json!({"IpAddress": {"aws:SourceIp": "nowhere"}}),
                "warning invalid-condition: `nowhere` is not an IP address or a range of them",
            ),
            (
                json!({"IpAddress": {"aws:SourceIp": "203.0.113.9/24"}}),
                "note invalid-condition: `203.0.113.9/24` has bits set beyond its prefix length",
            ),
            (json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), ""),
            (
                json!({"NumericLessThan": {"aws:MultiFactorAuthAge": ["60", "${aws:username}", "1h"]}}),
                "warning invalid-condition: `1h` is not a number",
            ),
        ],
    );
}

#[test]
fn a_condition_that_callers_get_around_is_reported() {
    check(
        "Allow",
        [
            (
                json!({"StringEquals": {"aws:Referer": "x"}}),
                "note weak-condition: callers choose `aws:Referer` as they like",
            ),
            (
                json!({"StringEquals": {"aws:UserAgent": "x"}}),
                "note weak-condition: callers choose `aws:UserAgent` as they like",
            ),
            (json!({"Null": {"aws:Referer": "true"}}), ""),
            (
                json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}),
                "note weak-condition: `StringLike` lets the wildcards of `arn:aws:iam::*:role/x` cross the colons of an ARN",
            ),
            (
                json!({"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}),
                "note weak-condition: `StringNotLike` lets the wildcards of `arn:aws:iam::*:role/x` cross the colons of an ARN",
            ),
            (
                json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/*"}}),
                "",
            ),
            (
                json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/x"}}),
                "",
            ),
            (
                json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}),
                "",
            ),
            (
                json!({"ForAnyValue:StringEquals": {"dynamodb:Attributes": "a"}}),
                "note weak-condition: `dynamodb:Attributes` alone does not limit requests for all attributes",
            ),
            (
                json!({"ForAnyValue:StringEquals": {"dynamodb:Attributes": "a"}, "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}}),
                "",
            ),
            (
                json!({"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}}),
                "note weak-condition: `aws:VpcSourceIp` alone is an address that every VPC can use",
            ),
            (
                json!({"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}, "StringEquals": {"aws:SourceVpce": "vpce-01234567"}}),
                "",
            ),
            (
                json!({"StringNotLike": {"s3:prefix": "home/*"}}),
                "note weak-condition: a request for a shorter prefix gets around this",
            ),
            (json!({"StringLike": {"s3:prefix": "home/*"}}), ""),
            (json!({"StringNotEquals": {"s3:prefix": "home/"}}), ""),
            (json!({"StringNotLike": {"s3:delimiter": "home/*"}}), ""),
            (
                json!({"StringLike": {"aws:PrincipalOrgID": "o-abc*"}}),
                "note weak-condition: `o-abc*` matches the `aws:PrincipalOrgID` of others too",
            ),
            (json!({"StringLike": {"aws:PrincipalOrgID": "o-abcd*"}}), ""),
            (
                json!({"StringLike": {"aws:PrincipalOrgID": "*"}}),
                "note ineffective-condition: this only checks that the request has `aws:PrincipalOrgID`",
            ),
            (json!({"StringLike": {"aws:PrincipalTag/org": "o-*"}}), ""),
            (
                json!({"StringEquals": {"aws:SourceAccount": "${aws:PrincipalAccount}"}}),
                "",
            ),
            (
                json!({"StringEquals": {"aws:SourceAccount": "${aws:PrincipalAccount}1"}}),
                "note weak-condition: `${aws:PrincipalAccount}1` matches the `aws:SourceAccount` of others too",
            ),
            (
                json!({"StringEquals": {"aws:SourceAccount": "${aws:username}"}}),
                "note weak-condition: `${aws:username}` matches the `aws:SourceAccount` of others too",
            ),
            (
                json!({"StringEquals": {"aws:SourceAccount": "12345678901${aws:username}"}}),
                "",
            ),
            (
                json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:i*"}}),
                "note weak-condition: `arn:aws:i*` matches the `aws:PrincipalArn` of others too",
            ),
            (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:ia*"}}), ""),
        ],
    );
}

#[test]
fn a_condition_that_always_or_never_holds_is_reported() {
    check(
        "Allow",
        [
            (
                json!({"ForAllValues:Null": {"aws:SourceVpc": "true"}}),
                "warning ineffective-condition: `ForAllValues:Null` always holds, whatever `aws:SourceVpc` is",
            ),
            (
                json!({"ForAnyValue:Null": {"aws:SourceVpc": "true"}}),
                "warning ineffective-condition: `ForAnyValue:Null` never holds, whatever `aws:SourceVpc` is",
            ),
            (json!({"Null": {"aws:SourceVpc": "true"}}), ""),
            (
                json!({"StringNotEquals": {"aws:PrincipalTag/t": "a?"}}),
                "warning ineffective-condition: `StringNotEquals` does not treat the wildcards in `a?` as wildcards",
            ),
            (
                json!({"StringNotEqualsIgnoreCase": {"aws:PrincipalTag/t": "a*"}}),
                "warning ineffective-condition: `StringNotEqualsIgnoreCase` does not treat the wildcards in `a*` as wildcards",
            ),
            (json!({"StringEquals": {"aws:PrincipalTag/t": "a${*}"}}), ""),
            (
                json!({"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/*"}}),
                "warning ineffective-condition: `StringEquals` does not treat the wildcards in `arn:aws:iam::123456789012:role/*` as wildcards",
            ),
            (
                json!({"StringEquals": {"aws:PrincipalArn": "arn:aws:iam:*"}}),
                "warning ineffective-condition: `StringEquals` does not treat the wildcards in `arn:aws:iam:*` as wildcards",
            ),
            (
                json!({"StringEquals": {"aws:PrincipalTag/t": "arn:aws:iam::123456789012:role/*"}}),
                "warning ineffective-condition: `StringEquals` does not treat the wildcards in `arn:aws:iam::123456789012:role/*` as wildcards",
            ),
            (json!({"BinaryEquals": {"sqs:Blob": "a+/="}}), ""),
            (
                json!({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
                "warning ineffective-condition: this always holds: `aws:SourceIp` is always a public address, which `10.0.0.0/8` is not",
            ),
            (
                json!({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "10.0.0.0/8"]}}),
                "note ineffective-condition: `10.0.0.0/8` is not a public address, and `aws:SourceIp` always is",
            ),
            (
                json!({"IpAddress": {"aws:SourceIp": ["192.168.0.0/16", "172.16.0.0/12"]}}),
                "warning ineffective-condition: this never holds: `aws:SourceIp` is always a public address, which `192.168.0.0/16` is not",
            ),
            (json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), ""),
            (
                json!({"StringLike": {"aws:PrincipalTag/t": "*"}}),
                "note ineffective-condition: this only checks that the request has `aws:PrincipalTag/t`",
            ),
            (
                json!({"StringNotLike": {"aws:PrincipalTag/t": "*"}}),
                "note ineffective-condition: this only checks that the request has no `aws:PrincipalTag/t`",
            ),
            (
                json!({"StringLikeIfExists": {"aws:PrincipalTag/t": "*"}}),
                "warning ineffective-condition: this always holds, whatever `aws:PrincipalTag/t` is",
            ),
            (
                json!({"ForAllValues:StringLike": {"aws:TagKeys": "*"}}),
                "warning ineffective-condition: this always holds, whatever `aws:TagKeys` is",
            ),
            (
                json!({"ForAnyValue:StringNotLike": {"aws:TagKeys": "*"}}),
                "warning ineffective-condition: this never holds, whatever `aws:TagKeys` is: the statement has no effect",
            ),
            (json!({"StringLike": {"aws:PrincipalTag/t": "a*"}}), ""),
            (
                json!({"ForAllValues:StringEquals": {"aws:PrincipalTag/t": "a"}}),
                "warning ineffective-condition: `aws:PrincipalTag/t` has one value, and `ForAllValues:StringEquals` also holds if a request has no such key",
            ),
            (
                json!({"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}),
                "",
            ),
            (
                json!({"ForAnyValue:StringEquals": {"aws:PrincipalTag/t": "a"}}),
                "",
            ),
        ],
    );
}

#[test]
fn a_deny_is_reported_where_its_condition_means_something_else() {
    check(
        "Deny",
        [
            (
                json!({"StringLike": {"s3:prefix": "home/*"}}),
                "note weak-condition: a request for a shorter prefix gets around this",
            ),
            (json!({"StringNotLike": {"s3:prefix": "home/*"}}), ""),
            (
                json!({"ForAllValues:StringEquals": {"aws:PrincipalTag/t": "a"}}),
                "",
            ),
            (
                json!({"ForAllValues:Null": {"aws:SourceVpc": "true"}}),
                "warning ineffective-condition: `ForAllValues:Null` always holds, whatever `aws:SourceVpc` is",
            ),
        ],
    );
}

#[test]
fn the_help_names_the_operator_that_compares_so() {
    let role = "arn:aws:iam::123456789012:role/*";
    each(
        [
            ("StringEquals", "aws:PrincipalArn", role, "`ArnLike`"),
            ("StringNotEquals", "aws:PrincipalArn", role, "`ArnNotLike`"),
            (
                "StringEquals",
                "aws:PrincipalArn",
                "arn:aws:iam::*",
                "`StringLike`",
            ),
            ("StringEquals", "aws:PrincipalTag/t", role, "`StringLike`"),
            (
                "StringNotEquals",
                "aws:PrincipalTag/t",
                "a*",
                "`StringNotLike`",
            ),
            (
                "StringLike",
                "aws:PrincipalArn",
                "arn:*:role/x",
                "`ArnLike`",
            ),
            (
                "StringNotLike",
                "aws:PrincipalArn",
                "arn:*:role/x",
                "`ArnNotLike`",
            ),
        ],
        |(operator, key, value, expected)| {
            let condition = json!({operator: {key: value}});
            let found = all_findings("Allow", &condition);
            let help = found[0].help.as_deref().unwrap();
            assert!(
                help.starts_with(&format!("use {expected}")),
                "{condition}: {help}"
            );
        },
    );
}
