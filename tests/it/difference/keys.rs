//! The values that condition keys have in the requests that a comparison names.

use serde_json::{Value as Json, json};

use super::{compare, policy, shown};
use crate::common::table::each;

pub(super) fn send(resource: &str, condition: Json) -> Json {
    json!({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": resource, "Condition": condition})
}

/// Statements about one key that hold for texts with one letter each.
pub(super) fn letters(count: usize) -> impl Iterator<Item = Json> {
    let like =
        |letter: char| json!({"StringLike": {"aws:PrincipalTag/team": format!("*{letter}*")}});
    ('a'..)
        .take(count)
        .map(move |letter| send("*", like(letter)))
}

/// A Condition that lists so many teams.
pub(super) fn teams(count: usize) -> Json {
    let names = (1000..1000 + count).map(|n| format!("t{n}"));
    json!({"StringEquals": {"aws:PrincipalTag/team": names.collect::<Json>()}})
}

#[test]
fn keys_have_values_that_a_request_can_have() {
    let queue = "arn:aws:sqs:us-east-1:123456789012:";
    let any = |condition: Json| send("*", condition);
    let deny = |condition: Json| json!({"Effect": "Deny", "Action": "sqs:*", "Resource": "*", "Condition": condition});
    let create = |condition: Json| json!({"Effect": "Allow", "Action": "sqs:CreateQueue", "Resource": "*", "Condition": condition});
    let region = |operator: &str, value: &str| json!({operator: {"aws:RequestedRegion": value}});
    let tag = |operator: &str, value: &str| json!({operator: {"aws:PrincipalTag/team": value}});
    each(
        [
            // The Region and the account of a request are those of the ARN.
            (
                json!([]),
                json!([send(
                    &format!("{queue}*"),
                    region("StringEquals", "eu-west-1")
                )]),
                String::new(),
                String::new(),
            ),
            (
                json!([]),
                json!([send(
                    &format!("{queue}*"),
                    json!({"StringEquals": {"aws:ResourceAccount": "999999999999"}})
                )]),
                String::new(),
                String::new(),
            ),
            (
                json!([any(region("StringLike", "eu-*"))]),
                json!([send("arn:*:sqs:eu-*:*:*", json!({}))]),
                String::new(),
                String::new(),
            ),
            (
                json!([send(
                    "arn:aws:sqs:us-*:*:*",
                    region("StringNotLike", "us-east-?")
                )]),
                json!([send(
                    "arn:aws:sqs:us-*:*:*",
                    region("StringEquals", "us-east-1")
                )]),
                format!("{queue}b; aws:RequestedRegion=us-east-1"),
                "arn:aws:sqs:us-west-2:123456789012:b; aws:RequestedRegion=us-west-2".to_owned(),
            ),
            // Every request has it.
            (
                json!([any(
                    json!({"StringEqualsIfExists": {"aws:RequestedRegion": "us-east-1"}})
                )]),
                json!([any(region("StringEquals", "us-east-1"))]),
                String::new(),
                String::new(),
            ),
            // The ARN of an access point has the Region, that of a bucket does not.
            (
                json!([]),
                json!([{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*",
                    "Condition": region("StringEquals", "eu-west-1")}]),
                "arn:aws:s3:eu-west-1:123456789012:accesspoint/b; aws:RequestedRegion=eu-west-1"
                    .to_owned(),
                String::new(),
            ),
            (
                json!([]),
                json!([any(json!({"Null": {"aws:SecureTransport": "false"}}))]),
                format!("{queue}b; aws:SecureTransport=true"),
                String::new(),
            ),
            (
                json!([]),
                json!([any(json!({"Null": {"aws:MultiFactorAuthAge": "false"}}))]),
                format!("{queue}b; aws:MultiFactorAuthAge=0"),
                String::new(),
            ),
            (
                json!([]),
                json!([any(
                    json!({"StringNotEquals": {"aws:PrincipalType": ["User", "AssumedRole"]}})
                )]),
                format!("{queue}b; aws:PrincipalType=FederatedUser"),
                String::new(),
            ),
            (
                json!([]),
                json!([any(
                    json!({"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}})
                )]),
                format!("{queue}b; aws:PrincipalArn=arn:aws:iam::123456789012:user/a"),
                String::new(),
            ),
            (
                json!([]),
                json!([any(json!({"StringLike": {"aws:SourceIp": "10.*"}}))]),
                format!("{queue}b; aws:SourceIp=10.2.2.2"),
                String::new(),
            ),
            // Two numbers stand on either side of one dot.
            (
                json!([]),
                json!([any(json!({"StringLike": {"aws:SourceIp": "1..*"}}))]),
                String::new(),
                String::new(),
            ),
            (
                json!([]),
                json!([any(
                    json!({"NumericLessThan": {"aws:MultiFactorAuthAge": "1"}})
                )]),
                format!("{queue}b; aws:MultiFactorAuthAge=0"),
                String::new(),
            ),
            (
                json!([]),
                json!([any(region("Null", "false"))]),
                format!("{queue}b; aws:RequestedRegion=us-east-1"),
                String::new(),
            ),
            (
                json!([any(tag("BinaryEquals", "aGk="))]),
                json!([any(
                    json!({"BinaryEquals": {"aws:PrincipalTag/team": ["aGk=", "aG8="]}})
                )]),
                format!("{queue}b; aws:PrincipalTag/team=aG8="),
                String::new(),
            ),
            // Each of several values is in the list, or one of them is.
            (
                json!([]),
                json!([create(json!({
                    "ForAllValues:StringEquals": {"aws:TagKeys": ["x"]},
                    "ForAnyValue:StringEquals": {"aws:TagKeys": ["y"]}
                }))]),
                String::new(),
                String::new(),
            ),
            (
                json!([]),
                json!([create(json!({
                    "ForAnyValue:StringLike": {"aws:TagKeys": ["x*"]},
                    "ForAnyValue:StringEquals": {"aws:TagKeys": ["y"]}
                }))]),
                format!("{queue}b; aws:TagKeys=y,x"),
                String::new(),
            ),
            // No value is in a list and outside it.
            (
                json!([]),
                json!([create(json!({
                    "ForAnyValue:StringEquals": {"aws:TagKeys": ["x"]},
                    "ForAllValues:StringNotEquals": {"aws:TagKeys": ["x"]}
                }))]),
                String::new(),
                String::new(),
            ),
            (
                json!([]),
                json!([create(json!({
                    "ForAllValues:StringEquals": {"aws:TagKeys": ["x"]},
                    "StringEquals": {"aws:TagKeys": "true"}
                }))]),
                String::new(),
                String::new(),
            ),
            // A key without a value counts as absent: each of the values is `x`, and there is one.
            (
                json!([create(json!({
                    "ForAllValues:StringEquals": {"aws:TagKeys": ["x"]},
                    "Null": {"aws:TagKeys": "false"}
                }))]),
                json!([create(json!({
                    "ForAllValues:StringEquals": {"aws:TagKeys": ["x"]},
                    "ForAnyValue:StringEquals": {"aws:TagKeys": ["x"]}
                }))]),
                String::new(),
                String::new(),
            ),
            // A key that has one value has no two of them for operators on sets.
            (
                json!([]),
                json!([any(json!({
                    "ForAnyValue:StringEquals": {"aws:PrincipalType": "User"},
                    "ForAnyValue:StringLike": {"aws:PrincipalType": "Assumed*"}
                }))]),
                String::new(),
                String::new(),
            ),
            // A truth value is no other text.
            (
                json!([]),
                json!([any(json!({"StringEquals": {"aws:ViaAWSService": "x"}}))]),
                String::new(),
                String::new(),
            ),
            (
                json!([any(json!({"StringEquals": {"aws:ViaAWSService": "true"}}))]),
                json!([any(json!({"Bool": {"aws:ViaAWSService": "true"}}))]),
                String::new(),
                String::new(),
            ),
            // An ARN begins as one.
            (
                json!([]),
                json!([{"Effect": "Allow", "Action": "iam:AttachRolePolicy", "Resource": "*",
                    "Condition": {"StringLike": {"iam:PolicyARN": "x*"}}}]),
                String::new(),
                String::new(),
            ),
            // An account has twelve digits.
            (
                json!([]),
                json!([any(json!({"StringLike": {"aws:PrincipalAccount": "1*"}}))]),
                format!("{queue}b; aws:PrincipalAccount=100000000000"),
                String::new(),
            ),
            // So has the id of a VPC its form where it is another one than that of a placeholder.
            (
                json!([]),
                json!([any(json!({"StringNotEquals": {"aws:SourceVpc": "${Vpc}"}}))]),
                format!("{queue}b; aws:SourceVpc=vpc-aaaaaaaa"),
                String::new(),
            ),
            // Without wildcards, `?` is a character.
            (
                json!([any(tag("StringEquals", "a?"))]),
                json!([any(tag("StringLike", "a?"))]),
                format!("{queue}b; aws:PrincipalTag/team=ab"),
                String::new(),
            ),
            // As many values as are compared.
            (
                json!([]),
                json!([any(teams(200))]),
                format!("{queue}b; aws:PrincipalTag/team=t1000"),
                String::new(),
            ),
            // Eight lines that hold or not, each by itself.
            (
                json!([]),
                letters(8).collect::<Json>(),
                format!("{queue}b; aws:PrincipalTag/team=abcdefgh"),
                String::new(),
            ),
            // A plain operator is alike for both of two values.
            (
                json!([]),
                json!([create(json!({
                    "ForAnyValue:StringLike": {"aws:TagKeys": ["x*"]},
                    "ForAnyValue:StringEquals": {"aws:TagKeys": ["y"]},
                    "StringNotEquals": {"aws:TagKeys": "z"}
                }))]),
                format!("{queue}b; aws:TagKeys=y,x"),
                String::new(),
            ),
            // Small and capital letters beside wildcards.
            (
                json!([
                    any(tag("StringEqualsIgnoreCase", "hpc")),
                    deny(tag("StringLike", "?PC"))
                ]),
                json!([any(tag("StringEqualsIgnoreCase", "hpc"))]),
                format!("{queue}b; aws:PrincipalTag/team=hPC"),
                String::new(),
            ),
            (
                json!([
                    any(tag("StringEqualsIgnoreCase", "hpc")),
                    deny(tag("StringLike", "h*C"))
                ]),
                json!([any(tag("StringEqualsIgnoreCase", "hpc"))]),
                format!("{queue}b; aws:PrincipalTag/team=hpC"),
                String::new(),
            ),
            (
                json!([any(tag("StringEqualsIgnoreCase", "hpc"))]),
                json!([any(tag("StringLike", "hpc*"))]),
                format!("{queue}b; aws:PrincipalTag/team=hpca"),
                format!("{queue}b; aws:PrincipalTag/team=Hpc"),
            ),
            (
                json!([any(tag("StringEqualsIgnoreCase", "hpc"))]),
                json!([any(tag("StringLike", "?PC")), any(tag("StringLike", "HpC"))]),
                format!("{queue}b; aws:PrincipalTag/team=aPC"),
                format!("{queue}b; aws:PrincipalTag/team=hpc"),
            ),
        ],
        |(old, new, gained, lost)| {
            let (old, new) = (policy(old), policy(new));
            let found = compare(std::slice::from_ref(&old), std::slice::from_ref(&new));
            assert!(found.undecided.is_empty(), "{old}\n{new}\n{found:?}");
            assert_eq!(shown(&found.gained), gained, "{old}\n{new}");
            assert_eq!(shown(&found.lost), lost, "{old}\n{new}");
        },
    );
}
