//! IAM's rules, one by one, each by the number it has in the table below: what the policies of a role, its boundary
//! and its SCPs decide for one required action.
//!
//! Rules and numbers follow the sections of AWS's IAM User Guide on policy evaluation: 1 case, 2 actions, 3 resources,
//! 4 policy variables, 5 resource types, 6 how statements combine, 7 conditions.

use crate::common::table::each;
use std::collections::BTreeMap;

use pcluster_iam::catalog::Catalog;
use pcluster_iam::check::{self, Settings};
use pcluster_iam::lints::File;
use pcluster_iam::matcher::condition::{self, KeyValue};
use pcluster_iam::parser::{self, Source, Sources};
use pcluster_iam::reference;
use serde_json::{Value, json};

#[derive(Default)]
struct Case {
    reference: Vec<Value>,
    policies: Vec<Value>,
    version: Option<&'static str>,
    boundary: Option<Value>,
    scps: Vec<Value>,
    context: Vec<(&'static str, Option<&'static str>)>,
    region: Option<&'static str>,
    account: Option<&'static str>,
}

fn document(version: Option<&str>, statements: &[Value]) -> String {
    let mut document = json!({ "Statement": statements });
    if let Some(version) = version {
        document["Version"] = json!(version);
    }
    document.to_string()
}

/// The verdicts of all rows, each once.
fn judge(case: &Case) -> String {
    let mut sources = Sources::new();
    let mut load = |text: String| {
        let source = sources.add(Source::new("policy.json", text));
        let document = parser::parse(source, sources.get(source));
        File::new(source, document)
    };
    let version = case.version.unwrap_or("2012-10-17");
    let version = Some(version).filter(|v| !v.is_empty());
    let reference = load(document(Some("2012-10-17"), &case.reference));
    let reference = reference::from_policies(&reference.document.policies);
    let policies = load(document(version, &case.policies)).document.policies;
    let mut one = |statement: &Value| {
        load(document(
            Some("2012-10-17"),
            std::slice::from_ref(statement),
        ))
    };
    let context: BTreeMap<String, KeyValue> = case
        .context
        .iter()
        .map(|(key, value)| {
            let value = value.map_or(KeyValue::Absent, KeyValue::one);
            (condition::fold_key(key), value)
        })
        .collect();
    let settings = Settings {
        given: [
            ("Region", case.region.unwrap_or("*")),
            ("Account", case.account.unwrap_or("*")),
            ("Partition", "aws"),
        ]
        .map(|(n, v)| (n.to_owned(), v.to_owned(), "test".to_owned()))
        .to_vec(),
        context,
        boundary: case.boundary.as_ref().map(&mut one),
        scps: case.scps.iter().map(|s| vec![one(s)]).collect(),
        // The evaluators know nothing of what IAM refuses to store.
        once_repaired: true,
        ..Settings::default()
    };
    let rows = check::coverage(Catalog::embedded(), &policies, &reference, &settings);
    let mut found: Vec<&str> = rows.iter().map(|r| r.row.verdict.name()).collect();
    found.dedup();
    found.join(" ")
}

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

fn deny(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Deny", "Action": action, "Resource": resource })
}

/// `when` adds a Condition.
fn when(mut statement: Value, operator: &str, key: &str, value: Value) -> Value {
    statement["Condition"] = json!({ operator: { key: value } });
    statement
}

const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:q";
const OBJECTS: &str = "arn:aws:s3:::b/*";

/// One statement of the reference against some of the policy.
fn verdict(reference: Value, policies: &[Value]) -> String {
    judge(&Case {
        reference: vec![reference],
        policies: policies.to_vec(),
        ..Case::default()
    })
}

#[test]
fn case_1() {
    let needed = || allow("sqs:SendMessage", QUEUE);
    each(
        [
            (
                "actions do not mind case",
                allow("SQS:sENDmessage", QUEUE),
                "covered",
            ),
            (
                "the name of a resource does",
                allow("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:Q"),
                "missing",
            ),
            (
                "so do the first five fields",
                allow("sqs:SendMessage", "arn:aws:sqs:US-EAST-1:123456789012:q"),
                "missing",
            ),
            (
                "`allow` is no effect",
                json!({"Effect": "allow", "Action": "*", "Resource": "*"}),
                "missing",
            ),
            (
                "`action` is no element",
                json!({"Effect": "Allow", "action": "*", "Resource": "*"}),
                "missing",
            ),
            (
                "keys of conditions do not mind case",
                when(
                    needed(),
                    "StringEquals",
                    "AWS:principalACCOUNT",
                    json!("123456789012"),
                ),
                "covered",
            ),
            (
                "values do, with StringEquals",
                when(needed(), "StringEquals", "aws:SourceVpc", json!("VPC")),
                "missing",
            ),
            (
                "values do not, with IgnoreCase",
                when(
                    needed(),
                    "StringEqualsIgnoreCase",
                    "aws:SourceVpc",
                    json!("VPC"),
                ),
                "covered",
            ),
            (
                "nor do operators",
                when(needed(), "stringequals", "aws:SourceVpc", json!("vpc")),
                "covered",
            ),
        ],
        |(rule, policy, expected)| {
            let found = judge(&Case {
                reference: vec![needed()],
                policies: vec![policy],
                context: vec![("aws:SourceVpc", Some("vpc"))],
                account: Some("123456789012"),
                ..Case::default()
            });
            assert_eq!(found, expected, "1: {rule}");
        },
    );
}

#[test]
fn actions_2() {
    let needed = allow("s3:GetObject", OBJECTS);
    each(
        [
            (
                "2.1 exactly one colon",
                vec![allow("s3:Get:Object", "*")],
                "missing",
            ),
            (
                "2.2 `*` and `?` anywhere in the name",
                vec![allow("s3:*t?bject", "*")],
                "covered",
            ),
            (
                "2.2 `?` is one character",
                vec![allow("s3:GetObject?", "*")],
                "missing",
            ),
            (
                "2.3 no wildcard in the prefix of an Allow",
                vec![allow("s*:GetObject", "*")],
                "missing",
            ),
            (
                "2.3 but perhaps in that of a Deny",
                vec![allow("*", "*"), deny("s*:GetObject", "*")],
                "conditional",
            ),
            (
                "2.4 `*` does not cross the colon",
                vec![allow("s3-object-lambda:*", "*")],
                "missing",
            ),
            (
                "2.5 blanks count",
                vec![allow("s3:GetObject ", "*")],
                "missing",
            ),
            (
                "2.6 unknown names match nothing",
                vec![allow("s3:GetObjekt", "*")],
                "missing",
            ),
            (
                "2.7 NotAction grants the rest",
                vec![json!({"Effect": "Allow", "NotAction": "s3:PutObject", "Resource": "*"})],
                "covered",
            ),
            (
                "2.7 and not what it lists",
                vec![json!({"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"})],
                "missing",
            ),
            (
                "2.7 denied by NotAction",
                vec![
                    allow("*", "*"),
                    json!({"Effect": "Deny", "NotAction": "sqs:*", "Resource": "*"}),
                ],
                "denied",
            ),
            (
                "2.7 a Deny grants nothing",
                vec![json!({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"})],
                "missing",
            ),
        ],
        |(rule, policies, expected)| {
            assert_eq!(verdict(needed.clone(), &policies), expected, "{rule}");
        },
    );
    let found = verdict(
        allow("sqs:SendMessage*", QUEUE),
        &[
            allow("sqs:SendMessage", QUEUE),
            allow("sqs:SendMessageBatch", QUEUE),
        ],
    );
    assert_eq!(
        found, "covered",
        "2.8 a wildcard of the reference is what it stands for today"
    );
}

#[test]
fn resources_3() {
    let queues = || allow("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:p*");
    let not =
        |effect: &str, list: Value| json!({"Effect": effect, "Action": "*", "NotResource": list});
    each(
        [
            (
                "3.1 `?` is one character",
                queues(),
                vec![allow("*", "arn:aws:sqs:us-east-1:123456789012:p?*")],
                "partial",
            ),
            (
                "3.2 `*` crosses `/` and `:`",
                allow("s3:GetObject", OBJECTS),
                vec![allow("*", "arn:aws:s3:::b*")],
                "covered",
            ),
            (
                "3.3 field by field",
                queues(),
                vec![allow("*", "arn:aws:sqs:*:p*")],
                "missing",
            ),
            (
                "3.3 the wider reading of a Deny",
                queues(),
                vec![allow("*", "*"), deny("*", "arn:aws:sqs:*:p*")],
                "conditional",
            ),
            (
                "3.4 short ARNs",
                queues(),
                vec![allow("*", "arn:aws:sqs")],
                "missing",
            ),
            (
                "3.4 that end in `*`",
                queues(),
                vec![allow("*", "arn:aws:sqs:*")],
                "covered",
            ),
            (
                "3.5 wildcards in partition and service",
                queues(),
                vec![allow("*", "arn:*:s*:*:*:*")],
                "covered",
            ),
            (
                "3.6 wildcards in the type",
                allow(
                    "ec2:CreateTags",
                    "arn:aws:ec2:us-east-1:123456789012:volume/v",
                ),
                vec![allow("*", "arn:aws:ec2:*:*:*/*")],
                "covered",
            ),
            (
                "3.7 the request on `*`",
                allow("sqs:ListQueues", "*"),
                vec![allow("*", "arn:*")],
                "missing",
            ),
            (
                "3.8 `**` is `*`",
                allow("sqs:ListQueues", "*"),
                vec![allow("*", "**")],
                "covered",
            ),
            (
                "3.8 an empty list matches nothing",
                queues(),
                vec![json!({"Effect": "Allow", "Action": "*", "Resource": []})],
                "missing",
            ),
            (
                "3.9 NotResource, other services too",
                queues(),
                vec![not("Allow", json!(["arn:aws:s3:::*"]))],
                "covered",
            ),
            (
                "3.9 the request on `*` as well",
                allow("sqs:ListQueues", "*"),
                vec![allow("*", "*"), not("Deny", json!(["arn:aws:s3:::*"]))],
                "denied",
            ),
            (
                "3.9 unless it lists `*`",
                allow("sqs:ListQueues", "*"),
                vec![not("Allow", json!(["*"]))],
                "missing",
            ),
            (
                "3.10 the union counts",
                queues(),
                vec![
                    allow("*", "arn:aws:sqs:us-east-1:123456789012:p?*"),
                    allow("*", "arn:aws:sqs:us-east-1:123456789012:p"),
                ],
                "covered",
            ),
            (
                "3.10 also of complements",
                queues(),
                vec![
                    not("Allow", json!("arn:aws:sqs:*:*:pq")),
                    allow("*", "arn:aws:sqs:*:*:pq"),
                ],
                "covered",
            ),
        ],
        |(rule, reference, policies, expected)| {
            assert_eq!(verdict(reference, &policies), expected, "{rule}");
        },
    );
}

#[test]
fn variables_4() {
    let needed = || allow("sqs:SendMessage", QUEUE);
    let named = |name: &str| allow("*", &format!("arn:aws:sqs:us-east-1:123456789012:{name}"));
    each(
        [
            (
                "4.1 with Version 2012-10-17",
                "2012-10-17",
                vec![named("${aws:username}")],
                None,
                "conditional",
            ),
            (
                "4.1 literal without a Version",
                "",
                vec![named("${aws:username}")],
                None,
                "missing",
            ),
            (
                "4.1 literal with the old one",
                "2008-10-17",
                vec![named("${aws:username}")],
                None,
                "missing",
            ),
            (
                "4.1 with a value that is known",
                "2012-10-17",
                vec![named("${aws:SourceVpc}")],
                Some(Some("q")),
                "covered",
            ),
            (
                "4.1 with another",
                "2012-10-17",
                vec![named("${AWS:sourcevpc}")],
                Some(Some("r")),
                "missing",
            ),
            (
                "4.3 escapes",
                "2012-10-17",
                vec![named("${*}")],
                None,
                "missing",
            ),
            (
                "4.3 plain text before",
                "2008-10-17",
                vec![named("${*}")],
                None,
                "missing",
            ),
            (
                "4.4 a default",
                "2012-10-17",
                vec![named("${aws:SourceVpc, 'q'}")],
                Some(None),
                "covered",
            ),
            (
                "4.4 another default",
                "2012-10-17",
                vec![named("${aws:SourceVpc, 'r'}")],
                Some(None),
                "missing",
            ),
            (
                "4.5 without value",
                "2012-10-17",
                vec![named("${aws:SourceVpc}")],
                Some(None),
                "missing",
            ),
            (
                "4.5 in a Deny",
                "2012-10-17",
                vec![
                    allow("*", "*"),
                    deny("*", "arn:aws:sqs:us-east-1:123456789012:${aws:SourceVpc}"),
                ],
                Some(None),
                "covered",
            ),
            (
                "4.5 in the NotResource of a Deny",
                "2012-10-17",
                vec![
                    allow("*", "*"),
                    json!({
                        "Effect": "Deny", "Action": "*", "NotResource": "arn:aws:sqs:us-east-1:123456789012:${aws:SourceVpc}"
                    }),
                ],
                Some(None),
                "conditional",
            ),
            (
                "4.5 in the NotResource of a Deny, elsewhere",
                "2012-10-17",
                vec![
                    allow("*", "*"),
                    json!({"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::${aws:username}"}),
                ],
                None,
                "conditional",
            ),
            (
                "4.5 in the NotResource of an Allow, elsewhere",
                "2012-10-17",
                vec![
                    json!({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::${aws:username}"}),
                ],
                None,
                "conditional",
            ),
            (
                "4.5 not with a default",
                "2012-10-17",
                vec![
                    json!({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::${aws:username, 'x'}"}),
                ],
                None,
                "covered",
            ),
            (
                "4.6 may deny",
                "2012-10-17",
                vec![
                    allow("*", "*"),
                    deny("*", "arn:aws:sqs:*:*:${aws:username}"),
                ],
                None,
                "conditional",
            ),
            (
                "4.6 any text, but a whole one",
                "2012-10-17",
                vec![named("q${aws:username}")],
                None,
                "missing",
            ),
            (
                "4.6 of a tag also none",
                "2012-10-17",
                vec![named("q${aws:PrincipalTag/x}")],
                None,
                "conditional",
            ),
            (
                "4.6 and of an empty default",
                "2012-10-17",
                vec![named("q${aws:username, ''}")],
                None,
                "conditional",
            ),
            (
                "4.7 wildcards of a value are text",
                "2012-10-17",
                vec![named("${aws:SourceVpc}")],
                Some(Some("*")),
                "missing",
            ),
        ],
        |(rule, version, policies, context, expected)| {
            let found = judge(&Case {
                reference: vec![needed()],
                policies,
                version: Some(version),
                context: context
                    .map(|value| ("aws:SourceVpc", value))
                    .into_iter()
                    .collect(),
                ..Case::default()
            });
            assert_eq!(found, expected, "{rule}");
        },
    );
}

#[test]
fn where_variables_stand_4_2_and_4_8() {
    let on = |operator: &str, value: &str| {
        when(
            allow("*", "*"),
            operator,
            "aws:PrincipalTag/a",
            json!(value),
        )
    };
    let known: [(&'static str, &'static str); 3] = [
        ("aws:PrincipalTag/a", "x"),
        ("aws:PrincipalTag/b", "x"),
        ("aws:PrincipalTag/c", "123456789012"),
    ];
    each(
        [
            (
                "4.2 in a text of a Condition",
                QUEUE,
                on("StringLike", "${aws:PrincipalTag/b}*"),
                "covered",
            ),
            (
                "4.2 in no number",
                QUEUE,
                on("NumericEquals", "${aws:PrincipalTag/b}"),
                "conditional",
            ),
            (
                "4.2 nor before the fifth colon",
                QUEUE,
                allow("*", "arn:aws:sqs:*:${aws:PrincipalTag/c}:q"),
                "conditional",
            ),
            (
                "4.2 nor in an action",
                QUEUE,
                allow("sqs:${aws:PrincipalTag/b}", "*"),
                "missing",
            ),
            (
                "4.8 the colon of a variable separates no type",
                "arn:aws:sqs:us-east-2:*:x-queue",
                allow("*", "arn:aws:sqs:us-east-2:*:${aws:PrincipalTag/b}-queue"),
                "covered",
            ),
        ],
        |(rule, resource, policy, expected)| {
            let found = judge(&Case {
                reference: vec![allow("sqs:SendMessage", resource)],
                policies: vec![policy],
                context: known.map(|(key, value)| (key, Some(value))).to_vec(),
                ..Case::default()
            });
            assert_eq!(found, expected, "{rule}");
        },
    );
}

#[test]
fn resource_types_5() {
    let run = |resource: &str| allow("ec2:RunInstances", resource);
    each(
        [
            (
                "5.1 no resource types: only `*` grants",
                allow("ec2:DescribeInstances", "*"),
                vec![allow("*", "arn:aws:ec2:*:*:*")],
                "missing",
            ),
            (
                "5.1 nor does a Deny on an ARN take it",
                allow("ec2:DescribeInstances", "*"),
                vec![allow("*", "*"), deny("*", "arn:aws:ec2:*:*:*")],
                "covered",
            ),
            (
                "5.1 a reference that grants nothing",
                allow(
                    "cloudformation:ListStacks",
                    "arn:aws:cloudformation:*:*:stack/x/*",
                ),
                vec![],
                "covered",
            ),
            (
                "5.2 every type of the call",
                run("*"),
                vec![run("arn:aws:ec2:*:*:instance/*")],
                "partial",
            ),
            (
                "5.3 pairs that cannot be",
                json!({
                    "Effect": "Allow", "Action": ["sqs:SendMessage", "s3:GetObject"], "Resource": [QUEUE, OBJECTS]
                }),
                vec![
                    allow("sqs:SendMessage", QUEUE),
                    allow("s3:GetObject", OBJECTS),
                ],
                "covered",
            ),
            (
                "5.3 a type that does not fit",
                allow(
                    "iam:PassRole",
                    "arn:aws:iam::123456789012:instance-profile/x",
                ),
                vec![],
                "covered",
            ),
            (
                "5.4 other ARNs of the list still count",
                allow("sqs:SendMessage", QUEUE),
                vec![json!({
                    "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": ["arn:aws:s3:::b", QUEUE]
                })],
                "covered",
            ),
            (
                "5.5 what else AWS asks for is another request",
                run("arn:aws:ec2:us-east-1:123456789012:instance/i"),
                vec![
                    run("arn:aws:ec2:us-east-1:123456789012:instance/i"),
                    deny("iam:PassRole", "*"),
                ],
                "covered",
            ),
            (
                "5.6 `*` is every Region and account",
                allow("dynamodb:DescribeTable", "*"),
                vec![allow("*", "arn:aws:dynamodb:*:*:*")],
                "covered",
            ),
            (
                "5.6 not one",
                allow("dynamodb:DescribeTable", "*"),
                vec![allow("*", "arn:aws:dynamodb:us-east-1:*:*")],
                "partial",
            ),
            (
                "5.7 a bucket is no object",
                allow("s3:GetObject", OBJECTS),
                vec![allow("*", "arn:aws:s3:::b")],
                "missing",
            ),
            (
                "5.7 images have no account",
                allow("ec2:RunInstances", "arn:aws:ec2:us-east-1::image/ami-1"),
                vec![allow("*", "arn:aws:ec2:us-east-1:123456789012:*")],
                "missing",
            ),
            (
                "5.7 log groups end in `:*`",
                allow(
                    "logs:CreateLogGroup",
                    "arn:aws:logs:us-east-1:123456789012:log-group:g",
                ),
                vec![allow(
                    "*",
                    "arn:aws:logs:us-east-1:123456789012:log-group:g:*",
                )],
                "covered",
            ),
        ],
        |(rule, reference, policies, expected)| {
            assert_eq!(verdict(reference, &policies), expected, "{rule}");
        },
    );
}

#[test]
fn combination_6() {
    let needed = || allow("s3:GetObject", OBJECTS);
    let everything = || allow("*", "*");
    each(
        [
            ("6.1 nothing allows", vec![], None, vec![], "missing"),
            (
                "6.1 a Deny wins",
                vec![everything(), deny("s3:*", "*")],
                None,
                vec![],
                "denied",
            ),
            (
                "6.1 wherever it stands",
                vec![deny("s3:*", "*"), everything()],
                None,
                vec![],
                "denied",
            ),
            (
                "6.1 and takes its part",
                vec![everything(), deny("s3:*", "arn:aws:s3:::b/x*")],
                None,
                vec![],
                "partial",
            ),
            (
                "6.1 the boundary must allow",
                vec![everything()],
                Some(allow("sqs:*", "*")),
                vec![],
                "missing",
            ),
            (
                "6.1 each level of SCPs must",
                vec![everything()],
                None,
                vec![everything(), allow("sqs:*", "*")],
                "missing",
            ),
            (
                "6.1 all of them allow",
                vec![everything()],
                Some(allow("s3:*", "*")),
                vec![everything(), allow("s3:Get*", "*")],
                "covered",
            ),
            (
                "6.1 in part",
                vec![everything()],
                Some(allow("s3:*", "arn:aws:s3:::b/x*")),
                vec![],
                "partial",
            ),
            (
                "6.2 a boundary grants nothing",
                vec![],
                Some(everything()),
                vec![everything()],
                "missing",
            ),
            (
                "6.2 its Deny counts",
                vec![everything()],
                Some(deny("s3:*", "*")),
                vec![],
                "denied",
            ),
            (
                "6.2 and that of an SCP",
                vec![everything()],
                None,
                vec![everything(), deny("s3:*", "*")],
                "denied",
            ),
            (
                "6.3 lists of two statements do not mix",
                vec![allow("s3:GetObject", QUEUE), allow("sqs:*", OBJECTS)],
                None,
                vec![],
                "missing",
            ),
            (
                "6.4 a statement with a Principal, as resource policies have it, grants nothing else",
                vec![json!({
                    "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": OBJECTS
                })],
                None,
                vec![],
                "missing",
            ),
            (
                "6.5 SCPs have the whole language",
                vec![everything()],
                None,
                vec![
                    json!({"Effect": "Allow", "NotAction": "sqs:*", "NotResource": "arn:aws:s3:::c/*"}),
                ],
                "covered",
            ),
        ],
        |(rule, policies, boundary, scps, expected)| {
            let found = judge(&Case {
                reference: vec![needed()],
                policies,
                boundary,
                scps,
                ..Case::default()
            });
            assert_eq!(found, expected, "{rule}");
        },
    );
}

#[test]
fn conditions_7() {
    let needed = || allow("s3:GetObject", OBJECTS);
    let some = |operator: &str, key: &str, value: Value| when(needed(), operator, key, value);
    let vpc = |operator: &str, value: Value| some(operator, "aws:SourceVpc", value);
    let mut both = vpc("StringEquals", json!("a"));
    both["Condition"]["Bool"] = json!({"aws:SecureTransport": "true"});
    each(
        [
            // `value` is what the requests are known to have: nothing known, no such key, or a text.
            (
                "7.2 all lines must hold",
                both,
                Some(Some("a")),
                "conditional",
            ),
            (
                "7.2 one of several values",
                vpc("StringEquals", json!(["b", "a"])),
                Some(Some("a")),
                "covered",
            ),
            (
                "7.2 none of several, when negated",
                vpc("StringNotEquals", json!(["b", "a"])),
                Some(Some("a")),
                "missing",
            ),
            (
                "7.3 missing, positive",
                vpc("StringEquals", json!("a")),
                Some(None),
                "missing",
            ),
            (
                "7.3 missing, negated",
                vpc("StringNotEquals", json!("a")),
                Some(None),
                "covered",
            ),
            (
                "7.3 missing, IfExists",
                vpc("StringEqualsIfExists", json!("a")),
                Some(None),
                "covered",
            ),
            (
                "7.3 missing, ForAllValues",
                vpc("ForAllValues:StringEquals", json!("a")),
                Some(None),
                "covered",
            ),
            (
                "7.3 missing, ForAnyValue",
                vpc("ForAnyValue:StringEquals", json!("a")),
                Some(None),
                "missing",
            ),
            (
                "7.3 Null true",
                vpc("Null", json!("true")),
                Some(None),
                "covered",
            ),
            (
                "7.3 Null false",
                vpc("Null", json!(false)),
                Some(None),
                "missing",
            ),
            (
                "7.3 Null true, and there",
                vpc("Null", json!(true)),
                Some(Some("a")),
                "missing",
            ),
            (
                "7.3 ForAllValues:Null",
                vpc("ForAllValues:Null", json!("true")),
                Some(Some("a")),
                "covered",
            ),
            (
                "7.3 ForAnyValue:Null",
                vpc("ForAnyValue:Null", json!("true")),
                None,
                "missing",
            ),
            (
                "7.4 StringEquals takes `*` literally",
                vpc("StringEquals", json!("*")),
                Some(Some("a")),
                "missing",
            ),
            (
                "7.4 StringLike does not",
                vpc("StringLike", json!("*")),
                Some(Some("a")),
                "covered",
            ),
            (
                "7.5 an address without mask",
                some("IpAddress", "aws:SourceVpc", json!("10.0.0.1")),
                Some(Some("10.0.0.1")),
                "covered",
            ),
            (
                "7.5 bare numbers",
                some("NumericEquals", "aws:SourceVpc", json!(1)),
                Some(Some("1.0")),
                "covered",
            ),
            (
                "7.6 nothing known",
                vpc("StringEquals", json!("a")),
                None,
                "conditional",
            ),
            (
                "7.6 no condition",
                {
                    let mut s = needed();
                    s["Condition"] = json!({});
                    s
                },
                None,
                "covered",
            ),
            (
                "7.7 what always holds",
                vpc("StringLikeIfExists", json!("*")),
                None,
                "covered",
            ),
            (
                "7.7 the catalogue's list is no proof of absence",
                some("StringNotEquals", "ec2:SourceInstanceArn", json!("x")),
                None,
                "conditional",
            ),
            (
                "7.7 no clock",
                some(
                    "DateGreaterThan",
                    "aws:CurrentTime",
                    json!("2000-01-01T00:00:00Z"),
                ),
                None,
                "conditional",
            ),
        ],
        |(rule, policy, value, expected)| {
            let found = judge(&Case {
                reference: vec![needed()],
                policies: vec![policy],
                context: value
                    .map(|value| ("aws:SourceVpc", value))
                    .into_iter()
                    .collect(),
                ..Case::default()
            });
            assert_eq!(found, expected, "{rule}");
        },
    );
    each(
        [
            (
                "7.6 a Deny that may hold",
                when(
                    deny("s3:*", "*"),
                    "Bool",
                    "aws:SecureTransport",
                    json!("false"),
                ),
                None,
                "conditional",
            ),
            (
                "7.6 one that holds",
                when(
                    deny("s3:*", "*"),
                    "Bool",
                    "aws:SecureTransport",
                    json!("false"),
                ),
                Some("false"),
                "denied",
            ),
            (
                "7.6 one that does not",
                when(
                    deny("s3:*", "*"),
                    "Bool",
                    "aws:SecureTransport",
                    json!("false"),
                ),
                Some("true"),
                "covered",
            ),
        ],
        |(rule, deny, value, expected)| {
            let found = judge(&Case {
                reference: vec![needed()],
                policies: vec![allow("*", "*"), deny],
                context: value
                    .map(|value| ("aws:SecureTransport", Some(value)))
                    .into_iter()
                    .collect(),
                ..Case::default()
            });
            assert_eq!(found, expected, "{rule}");
        },
    );
}

#[test]
fn what_a_reference_states_7_8() {
    const ROLE: &str = "arn:aws:iam::123456789012:role/x";
    let pass = |values: Value| {
        when(
            allow("iam:PassRole", ROLE),
            "StringEquals",
            "iam:PassedToService",
            values,
        )
    };
    each(
        [
            (
                "the same condition",
                pass(json!("a")),
                pass(json!(["a"])),
                "covered",
            ),
            (
                "a wider one",
                pass(json!("a")),
                pass(json!(["b", "a"])),
                "covered",
            ),
            (
                "in another way",
                pass(json!("a")),
                when(
                    allow("iam:*", "*"),
                    "StringLike",
                    "iam:PassedToService",
                    json!("?"),
                ),
                "covered",
            ),
            (
                "a narrower one",
                pass(json!(["a", "b"])),
                pass(json!("a")),
                "partial",
            ),
            ("another one", pass(json!("a")), pass(json!("b")), "missing"),
            ("none", pass(json!("a")), allow("iam:*", "*"), "covered"),
            (
                "one more line",
                pass(json!("a")),
                {
                    let mut s = pass(json!("a"));
                    s["Condition"]["Bool"] = json!({"aws:SecureTransport": "true"});
                    s
                },
                "conditional",
            ),
            (
                "a key that is absent",
                when(
                    allow("iam:PassRole", ROLE),
                    "Null",
                    "aws:SourceVpc",
                    json!("true"),
                ),
                when(
                    allow("iam:PassRole", ROLE),
                    "StringNotEquals",
                    "aws:SourceVpc",
                    json!("v"),
                ),
                "covered",
            ),
        ],
        |(rule, reference, policy, expected)| {
            assert_eq!(verdict(reference, &[policy]), expected, "7.8 {rule}");
        },
    );
}

#[test]
fn what_follows_from_the_region_and_the_account() {
    let on = |key: &str, value: &str, action: &str, resource: &str| {
        (
            when(allow(action, resource), "StringEquals", key, json!(value)),
            allow(action, resource),
        )
    };
    each(
        [
            (
                "the cluster's Region",
                on("aws:RequestedRegion", "eu-west-1", "s3:GetObject", OBJECTS),
                "covered",
            ),
            (
                "another Region",
                on("aws:RequestedRegion", "us-east-1", "s3:GetObject", OBJECTS),
                "missing",
            ),
            (
                "IAM has one endpoint",
                on(
                    "aws:RequestedRegion",
                    "us-east-1",
                    "iam:GetRole",
                    "arn:aws:iam::123456789012:role/x",
                ),
                "covered",
            ),
            (
                "services with several",
                on(
                    "aws:RequestedRegion",
                    "eu-west-1",
                    "sts:AssumeRole",
                    "arn:aws:iam::123456789012:role/x",
                ),
                "conditional",
            ),
            (
                "the caller's account",
                on(
                    "aws:PrincipalAccount",
                    "123456789012",
                    "s3:GetObject",
                    OBJECTS,
                ),
                "covered",
            ),
            (
                "the account of an ARN",
                on(
                    "aws:ResourceAccount",
                    "123456789012",
                    "sqs:SendMessage",
                    "arn:aws:sqs:eu-west-1:123456789012:q",
                ),
                "covered",
            ),
            (
                "ARNs without one",
                on(
                    "aws:ResourceAccount",
                    "123456789012",
                    "s3:GetObject",
                    OBJECTS,
                ),
                "conditional",
            ),
            (
                "nothing else",
                on("aws:PrincipalOrgID", "o-1", "s3:GetObject", OBJECTS),
                "conditional",
            ),
        ],
        |(rule, (policy, reference), expected)| {
            let found = judge(&Case {
                reference: vec![reference],
                policies: vec![policy],
                region: Some("eu-west-1"),
                account: Some("123456789012"),
                ..Case::default()
            });
            assert_eq!(found, expected, "{rule}");
        },
    );
}

/// The key is `aws:SourceVpc`, with any text: it is the operator that says how values are compared.
#[test]
fn operators_7_1() {
    let role = "arn:aws:iam::123456789012:role/a/b";
    each(
        [
            ("StringEquals", json!("a*"), "a*", "ab"),
            ("StringNotEquals", json!("a*"), "ab", "a*"),
            ("StringEqualsIgnoreCase", json!("Ab"), "aB", "b"),
            ("StringNotEqualsIgnoreCase", json!("Ab"), "b", "aB"),
            ("StringLike", json!("a?*"), "abc", "a"),
            ("StringNotLike", json!("a?*"), "a", "abc"),
            ("NumericEquals", json!(1.5), "1.50", "1.51"),
            ("NumericNotEquals", json!("1.5"), "1.51", "1.50"),
            ("NumericLessThan", json!(10), "9.9", "10"),
            ("NumericLessThanEquals", json!(10), "10", "10.1"),
            ("NumericGreaterThan", json!(-1), "0", "-1"),
            ("NumericGreaterThanEquals", json!(-1), "-1", "-1.1"),
            (
                "DateEquals",
                json!("2026-01-01T01:00:00+01:00"),
                "2026-01-01T00:00:00Z",
                "2026-01-01T01:00:00Z",
            ),
            (
                "DateNotEquals",
                json!("2026-01-01"),
                "2026-01-02",
                "2026-01-01T00:00:00Z",
            ),
            (
                "DateLessThan",
                json!("2026-01-01T00:00:00Z"),
                "2025-12-31T23:59:59Z",
                "2026-01-01T00:00:00Z",
            ),
            (
                "DateLessThanEquals",
                json!("2026-01-01T00:00:00Z"),
                "2026-01-01T00:00:00Z",
                "2026-01-01T00:00:01Z",
            ),
            (
                "DateGreaterThan",
                json!("1767225600"),
                "2026-01-01T00:00:01Z",
                "2026-01-01T00:00:00Z",
            ),
            (
                "DateGreaterThanEquals",
                json!("1767225600"),
                "2026-01-01T00:00:00Z",
                "2025-12-31T23:59:59Z",
            ),
            ("Bool", json!(true), "true", "false"),
            (
                "IpAddress",
                json!(["10.0.0.0/8", "2001:db8::/32"]),
                "2001:DB8::1",
                "11.0.0.1",
            ),
            (
                "NotIpAddress",
                json!(["10.0.0.0/8", "2001:db8::/32"]),
                "11.0.0.1",
                "2001:db8:1::",
            ),
            (
                "ArnEquals",
                json!("arn:aws:iam::*:role/*"),
                role,
                "arn:aws:iam::1:user/a",
            ),
            (
                "ArnNotEquals",
                json!("arn:aws:iam::*:role/*"),
                "arn:aws:iam::1:user/a",
                role,
            ),
            (
                "ArnLike",
                json!("arn:aws:iam::12345678901?:role/a/*"),
                role,
                "arn:aws:iam::1:role/a/b",
            ),
            (
                "ArnNotLike",
                json!("arn:aws:iam::12345678901?:role/a/*"),
                "arn:aws:iam::1:role/a/b",
                role,
            ),
        ],
        |(operator, value, holds_for, fails_for)| {
            let negated = operator.contains("Not");
            // The plain operator, with the suffix, and the sets of one value, which agree where the key is there.
            for (prefix, suffix, absent) in [
                ("", "", Some(negated)),
                ("", "IfExists", Some(true)),
                ("ForAllValues:", "", Some(true)),
                ("ForAllValues:", "IfExists", Some(true)),
                ("ForAnyValue:", "", Some(false)),
                // The suffix says true and the prefix false.
                ("ForAnyValue:", "IfExists", None),
            ] {
                let operator = format!("{prefix}{operator}{suffix}");
                let expected = |holds: Option<bool>| match holds {
                    Some(true) => "covered",
                    Some(false) => "missing",
                    None => "conditional",
                };
                for (context, holds) in [
                    (Some(holds_for), Some(true)),
                    (Some(fails_for), Some(false)),
                    (None, absent),
                ] {
                    let needed = || allow("s3:GetObject", OBJECTS);
                    let found = judge(&Case {
                        reference: vec![needed()],
                        policies: vec![when(needed(), &operator, "aws:SourceVpc", value.clone())],
                        context: vec![("aws:SourceVpc", context)],
                        ..Case::default()
                    });
                    assert_eq!(found, expected(holds), "7.1 {operator} {value} {context:?}");
                }
            }
        },
    );
    let binary = |value: &'static str| {
        let needed = || allow("s3:GetObject", OBJECTS);
        judge(&Case {
            reference: vec![needed()],
            policies: vec![when(
                needed(),
                "BinaryEquals",
                "aws:SourceVpc",
                json!("QmluYXJ5"),
            )],
            context: vec![("aws:SourceVpc", Some(value))],
            ..Case::default()
        })
    };
    assert_eq!(binary("QmluYXJ5"), "covered", "7.1 BinaryEquals");
    assert_eq!(
        binary("QmluYXJ4"),
        "conditional",
        "7.1 BinaryEquals of another text"
    );
}

#[test]
fn keys_of_tags_7_9() {
    each(
        [
            ("as it is stored", "aws:PrincipalTag/Team", "covered"),
            (
                "the name of the key does not mind case",
                "AWS:principaltag/Team",
                "covered",
            ),
            (
                "what follows the slash does",
                "aws:PrincipalTag/team",
                "conditional",
            ),
        ],
        |(rule, key, expected)| {
            let needed = || allow("s3:GetObject", OBJECTS);
            let found = judge(&Case {
                reference: vec![needed()],
                policies: vec![when(needed(), "StringEquals", key, json!("a"))],
                context: vec![("aws:PrincipalTag/Team", Some("a"))],
                ..Case::default()
            });
            assert_eq!(found, expected, "7.9 {rule}");
        },
    );
}
