//! Random policies over the requests of the small world.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::Case;
use super::requests::{ACTIONS, PRINCIPALS};
use crate::common::evaluator::{Line, Statement};

fn action_pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(ACTIONS.map(|(a, _)| a.to_owned()).to_vec()),
        1 => prop::sample::select(vec![
            "*", "sqs:*", "SQS:sendmessage", "sqs:S*", "iam:Pass????", "s3:PutB*CORS", "sqs:?endMessage", "ec2:CreateRouteT*",
        ]).prop_map(str::to_owned),
    ]
}

/// What the reference names: single actions, so that every row is of this world.
fn required_action() -> impl Strategy<Value = String> {
    prop::sample::select(ACTIONS.map(|(a, _)| a.to_owned()).to_vec())
}

fn name() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "*", "?", ":"]), 1..4)
        .prop_map(|parts| parts.concat())
}

fn resource() -> impl Strategy<Value = String> {
    let region = prop::sample::select(vec!["us-east-1", "eu-west-1", "*", "us-*", "?"]);
    let account = prop::sample::select(vec!["123456789012", "*", "1234567890??"]);
    prop_oneof![
        2 => Just("*".to_owned()),
        6 => (region, account.clone(), name(), any::<bool>()).prop_map(|(r, a, n, queue)| {
            let service = if queue { "sqs" } else { "codepipeline" };
            format!("arn:aws:{service}:{r}:{a}:{n}")
        }),
        2 => name().prop_map(|n| format!("arn:aws:iam::123456789012:role/{n}")),
        2 => (account.clone(), name(), prop::sample::select(vec!["vpc/", "route-table/", "*/", "", "*"]))
            .prop_map(|(a, n, kind)| format!("arn:aws:ec2:*:{a}:{kind}{n}")),
        2 => name().prop_map(|n| format!("arn:aws:s3:::{}", n.replace(['/', ':'], "b"))),
        1 => prop::sample::select(vec![
            "arn:aws:sqs:*", "arn:*", "arn:aws:sqs", "arn:aws:sqs:*:a", "arn:aws:sqs:us-east-1:*",
            "arn:*:sqs:*:*:*", "arn:aws:codepipeline:*:a", "arn:aws:codepipeline:*", "arn:aws:iam::*:role*", "arn:aws:*:*:*:*", "arn:aws:s3:::*",
        ]).prop_map(str::to_owned),
    ]
}

/// A line of a Condition of a customer's statement.
fn line() -> impl Strategy<Value = Line> {
    let operator = prop::sample::select(vec![
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        "StringEqualsIfExists",
        "StringLikeIfExists",
        "StringNotLikeIfExists",
        "ForAllValues:StringEquals",
        "ForAllValues:StringNotLike",
        "ForAnyValue:StringLike",
        "ForAnyValue:StringNotEquals",
        "ForAllValues:StringLikeIfExists",
        "ForAnyValue:StringEqualsIfExists",
        "Bool",
        "BoolIfExists",
        "Null",
        "ForAllValues:Null",
        "ForAnyValue:Null",
    ]);
    let key = prop::sample::select(vec![
        "aws:Referer",
        "AWS:referer",
        "aws:SourceVpc",
        "AWS:sourcevpc",
        "aws:PrincipalOrgID",
        "aws:TagKeys",
        "aws:MultiFactorAuthAge",
        "aws:PrincipalTag/x",
        "aws:PrincipalTag/x",
        "iam:PassedToService",
        "aws:PrincipalAccount",
        "aws:ResourceTag/x",
        "ec2:VpcID",
        "aws:username",
        "aws:userid",
        "aws:PrincipalType",
        "aws:ViaAWSService",
        "aws:SourceAccount",
        "saml:aud",
    ]);
    let value = prop::sample::select(vec![
        "a",
        "b",
        "A",
        "*",
        "a*",
        "?",
        "ab",
        "123456789012",
        "AssumedRole",
        "AROA*",
        "false",
        "vpc-aaaaaaaa",
        "VPC-AAAAAAAA",
        "vpc-a*",
        "vpc-?aaaaaaa",
        "?-*",
    ]);
    let flag = prop::sample::select(vec!["true", "false"]);
    let of_key = (
        operator,
        key,
        prop::collection::vec(value, 1..3),
        prop::collection::vec(flag, 1..3),
    )
        .prop_map(|(operator, key, values, flags)| {
            let boolean = operator.ends_with("Null") || operator.starts_with("Bool");
            let values = if boolean { flags } else { values };
            Line {
                operator: operator.to_owned(),
                key: key.to_owned(),
                values: values.into_iter().map(str::to_owned).collect(),
            }
        });
    prop_oneof![9 => of_key, 1 => line_on_arn()]
}

/// A line about the principal's ARN.
fn line_on_arn() -> impl Strategy<Value = Line> {
    let operator = prop::sample::select(vec![
        "ArnLike",
        "ArnEquals",
        "ArnNotLike",
        "ArnEqualsIfExists",
        "ForAllValues:ArnNotEquals",
        "StringLike",
        "StringNotEquals",
    ]);
    let value = prop::sample::select(vec![
        "arn:aws:iam::123456789012:role/*",
        "arn:aws:iam::123456789012:role/a",
        "arn:aws:iam::123456789012:user/*",
        "arn:aws:iam::123456789012:*",
        "arn:aws:iam::210987654321:role/*",
        "arn:aws:sts::123456789012:assumed-role/a/*",
    ]);
    (operator, prop::collection::vec(value, 1..3)).prop_map(|(operator, values)| Line {
        operator: operator.to_owned(),
        key: "aws:PrincipalArn".to_owned(),
        values: values.into_iter().map(str::to_owned).collect(),
    })
}

/// What a reference states of its requests: values, or that they lack a key.
fn stated() -> impl Strategy<Value = Line> {
    let values = prop::collection::vec(prop::sample::select(vec!["a", "b", "ab"]), 1..3);
    (any::<bool>(), values).prop_map(|(null, values)| {
        let values = if null { vec!["true"] } else { values };
        Line {
            operator: if null { "Null" } else { "StringEquals" }.to_owned(),
            key: "iam:PassedToService".to_owned(),
            values: values.into_iter().map(str::to_owned).collect(),
        }
    })
}

/// One line for each operator and key, as an object has it.
fn conditions(customer: bool) -> impl Strategy<Value = Vec<Line>> {
    let lines: BoxedStrategy<Vec<Line>> = if customer {
        prop_oneof![3 => Just(Vec::new()), 2 => prop::collection::vec(line(), 1..4)].boxed()
    } else {
        prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(stated(), 1)].boxed()
    };
    lines.prop_map(|mut lines| {
        let mut seen = BTreeSet::new();
        lines.retain(|line| seen.insert((line.operator.clone(), line.key.clone())));
        lines
    })
}

fn statement(customer: bool) -> impl Strategy<Value = Statement> {
    let action: BoxedStrategy<String> = if customer {
        action_pattern().boxed()
    } else {
        required_action().boxed()
    };
    let resource: BoxedStrategy<String> = if customer {
        prop_oneof![8 => resource(), 1 => with_variable()].boxed()
    } else {
        resource().boxed()
    };
    let rare = if customer { 0.15 } else { 0.0 };
    (
        prop::bool::weighted(if customer { 0.75 } else { 0.9 }),
        prop::bool::weighted(rare),
        prop::collection::vec(action, 1..3),
        prop::bool::weighted(if customer { 0.15 } else { 0.1 }),
        prop::collection::vec(resource, 1..3),
        conditions(customer),
    )
        .prop_map(
            move |(allow, not_action, actions, not_resource, resources, conditions)| {
                // What only a contested reading makes a requirement is no subject here.
                let plain = |r: &String| r == "*" || r.splitn(6, ':').count() == 6;
                let resources = if customer || resources.iter().all(plain) {
                    resources
                } else {
                    vec!["*".to_owned()]
                };
                Statement {
                    allow,
                    not_action,
                    actions,
                    not_resource,
                    resources,
                    conditions: if allow || customer {
                        conditions
                    } else {
                        Vec::new()
                    },
                }
            },
        )
}

fn with_variable() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "arn:aws:sqs:us-east-1:123456789012:${aws:username}",
        "arn:aws:sqs:us-east-1:123456789012:a${aws:PrincipalTag/x}",
        "arn:aws:sqs:*:*:${aws:Referer}",
        "arn:aws:codepipeline:*:*:${aws:Referer}",
        "arn:aws:sqs:*:${aws:PrincipalAccount}:*",
        "arn:aws:iam::123456789012:role/${aws:Referer}*",
        "arn:aws:s3:::${aws:username}",
    ])
    .prop_map(str::to_owned)
}

/// A statement of a customer's policy.
pub fn customer_statement() -> impl Strategy<Value = Statement> {
    statement(true)
}

/// Statements of a policy that allow what a reference requires, and more.
pub fn broader(reference: Vec<Statement>) -> impl Strategy<Value = Vec<Statement>> {
    let allows: Vec<Statement> = reference.into_iter().filter(|s| s.allow).collect();
    let count = allows.len();
    let how = (
        0..4_usize,
        0..4_usize,
        action_pattern(),
        resource(),
        conditions(true),
    );
    prop::collection::vec(how, count).prop_map(move |how| {
        let broaden = |(s, (actions, resources, action, resource, conditions)): (
            &Statement,
            (usize, usize, String, String, Vec<Line>),
        )| {
            let mut s = s.clone();
            let service = s.actions[0].split(':').next().unwrap().to_owned();
            match actions {
                0 => s.actions.push(action),
                1 => s.actions = vec![format!("{service}:*"), action],
                2 => s.actions = vec!["sqs:*".to_owned(), "iam:*".to_owned(), "S3:Put*".to_owned()],
                _ => {}
            }
            match resources {
                0 => s.resources.push(resource),
                1 => s.resources = vec![format!("arn:aws:{service}:*")],
                2 => s.resources = vec!["*".to_owned(), resource],
                _ => {}
            }
            s.conditions = conditions;
            s
        };
        allows.iter().zip(how).map(broaden).collect()
    })
}

/// What limits a role allows much, mostly.
pub fn limit() -> impl Strategy<Value = Vec<Statement>> {
    let everything = Statement {
        allow: true,
        not_action: false,
        actions: vec!["*".to_owned()],
        not_resource: false,
        resources: vec!["*".to_owned()],
        conditions: Vec::new(),
    };
    let some = prop::collection::vec(statement(true), 1..3);
    (any::<bool>(), some).prop_map(move |(wide, mut statements)| {
        if wide {
            statements.push(everything.clone());
        }
        statements
    })
}

/// A random reference, one to three documents with one to four statements, and at times what limits them.
pub fn case() -> impl Strategy<Value = Case> {
    let document = prop::collection::vec(statement(true), 1..4);
    (
        prop::collection::vec(statement(false), 1..3),
        prop::collection::vec(document, 1..3),
        prop::option::weighted(0.2, limit()),
        prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(limit(), 1..3)],
        prop::sample::select(PRINCIPALS.map(|(name, _)| name).to_vec()),
    )
        .prop_map(|(reference, policies, boundary, scps, principal)| Case {
            reference,
            policies,
            boundary,
            scps,
            principal,
        })
}
