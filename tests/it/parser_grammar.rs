//! Policies with faults of the grammar, and the documents that policies come in.

mod strings;

use pcluster_iam::parser::{
    Document, Effect, Problem, ProblemKind, Source, SourceId, Span, Version, parse,
};

use crate::common::table::each;

fn read(text: &str) -> (Source, Document) {
    let source = Source::new("policy.json", text);
    let document = parse(SourceId(0), &source);
    check_places(&source, &document);
    (source, document)
}

/// Every place must be inside the file and on the borders of characters.
fn check_places(source: &Source, document: &Document) {
    let inside = |span: Span| {
        assert!(
            source.text().get(span.range()).is_some(),
            "{span:?} in {:?}",
            source.text()
        );
    };
    for problem in &document.problems {
        inside(problem.span);
        problem.related.iter().for_each(|(span, _)| inside(*span));
    }
    for policy in &document.policies {
        inside(policy.span);
        inside(policy.statement_key);
        for statement in &policy.statements {
            inside(statement.span);
            for element in statement.action.iter().chain(&statement.resource) {
                inside(element.key.span);
                inside(element.value_span);
                for text in &element.values {
                    inside(text.span);
                    for (at, c) in text.value.char_indices() {
                        inside(text.part(at..at + c.len_utf8()));
                    }
                }
            }
        }
    }
}

/// A statement, in a policy of the current version.
fn with_statement(statement: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#)
}

/// A statement that grants, with further members.
fn with_members(members: &str) -> String {
    with_statement(&format!(
        r#"{{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"{members}}}"#
    ))
}

fn only(document: &Document) -> &Problem {
    assert_eq!(document.problems.len(), 1, "{:#?}", document.problems);
    &document.problems[0]
}

/// Policy, subject, rejected, part of the message, underlined text, part of the help.
type Case = (
    String,
    &'static str,
    bool,
    &'static str,
    &'static str,
    &'static str,
);

#[test]
fn faults_of_the_grammar() {
    let cases: Vec<Case> = vec![
        ("{}".into(), "Statement", true, "no `Statement`", "{", "2012-10-17"),
        (r#"{"Version": "2012-10-17"}"#.into(), "Statement", true, "no `Statement`", "{", ""),
        (r#"{"Statement": []}"#.into(), "Statement", true, "empty", "[]", "write a statement"),
        (r#"{"Statement": "x"}"#.into(), "Statement", true, "found a string", "x", ""),
        (r#"{"Statement": null}"#.into(), "Statement", true, "found null", "null", ""),
        (with_statement("7"), "Statement", true, "found a number", "7", ""),
        (with_statement("[{}]"), "Statement", true, "found an array", "[{}]", ""),
        (r#"{"statement": []}"#.into(), "statement", true, "not an element", "statement", "did you mean `Statement`"),
        (
            r#"{"Version": "2012-10-18", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#.into(),
            "Version", true, "`2012-10-18` is not a version", "2012-10-18", "not the date",
        ),
        (
            r#"{"Version": 2012, "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#.into(),
            "Version", true, "found a number", "2012", "",
        ),
        (
            r#"{"Id": "a", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#.into(),
            "Id", false, "identity-based", "Id", "remove",
        ),
        (
            r#"{"Effect": "Deny", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#.into(),
            "Effect", true, "not an element of a policy", "Effect", "belongs in a statement",
        ),
        (with_statement(r#"{"Action": "*", "Resource": "*"}"#), "Effect", true, "no `Effect`", "{", "Allow"),
        (with_statement(r#"{"Effect": "Allow", "Resource": "*"}"#), "Action", true, "no `Action`", "{", "NotAction"),
        (with_statement(r#"{"Effect": "Allow", "Action": "*"}"#), "Resource", true, "no `Resource`", "{", "ARN"),
        (
            with_statement(r#"{"Effect": "allow", "Action": "*", "Resource": "*"}"#),
            "Effect", true, "found `allow`", "allow", "case-sensitive",
        ),
        (
            with_statement(r#"{"Effect": "Permit", "Action": "*", "Resource": "*"}"#),
            "Effect", true, "found `Permit`", "Permit", "",
        ),
        (
            with_statement(r#"{"Effect": true, "Action": "*", "Resource": "*"}"#),
            "Effect", true, "found a Boolean", "true", "",
        ),
        (
            with_statement(r#"{"effect": "Allow", "Action": "*", "Resource": "*"}"#),
            "effect", true, "not an element of a statement", "effect", "did you mean `Effect`? element names",
        ),
        (
            with_statement(r#"{"Effect": "Allow", "Actions": "*", "Resource": "*"}"#),
            "Actions", true, "not an element", "Actions", "did you mean `Action`?",
        ),
        (with_members(r#", "Comment": 1"#), "Comment", true, "not an element", "Comment", "remove"),
        (
            with_members(r#", "Condition": {"StringLike": {"aws:a": ["x", "y"], "aws:b": ["1", 2]}}"#),
            "aws:b", false, "mix a string and a number", "2", "as strings",
        ),
        (with_members(r#", "NotAction": "*""#), "NotAction", true, "`Action` and `NotAction`", "NotAction", "keep one"),
        (with_members(r#", "NotResource": "*""#), "NotResource", true, "`NotResource`", "NotResource", "keep one"),
        (with_members(r#", "Principal": "*""#), "Principal", true, "trust", "Principal", "trust policy"),
        (with_members(r#", "NotPrincipal": {}"#), "NotPrincipal", true, "trust", "NotPrincipal", "remove"),
        (with_members(r#", "Sid": "a b""#), "Sid", true, "contains a space", "a b", "A-Z"),
        (with_members(r#", "Sid": "a-b""#), "Sid", true, "contains `-`", "a-b", "0-9"),
        (with_members(r#", "Sid": 1"#), "Sid", true, "found a number", "1", ""),
        (with_members(r#", "Action": 5"#).replacen(r#""Action": "s3:Get*", "#, "", 1), "Action", true, "found a number", "5", ""),
        (
            with_statement(r#"{"Effect": "Allow", "Action": ["s3:Get", ["x"]], "Resource": "*"}"#),
            "Action", true, "found an array", r#"["x"]"#, "",
        ),
        (
            with_statement(r#"{"Effect": "Allow", "Action": [null], "Resource": "*"}"#),
            "Action", true, "found null", "null", "",
        ),
        (
            with_statement(r#"{"Effect": "Allow", "Action": ["s3:*", "GetObject"], "Resource": "*"}"#),
            "Action", true, "names no service", "GetObject", "s3:GetObject",
        ),
        (
            with_statement(r#"{"Effect": "Allow", "Action": "s\u002a:Get*", "Resource": "*"}"#),
            "Action", true, "wildcard", r"s\u002a", "must not contain wildcards",
        ),
        (
            with_statement(r#"{"Effect": "Allow", "Action": "*", "NotResource": "bucket"}"#),
            "NotResource", true, "neither an ARN nor `*`", "bucket", "full ARN",
        ),
        (
            with_statement(r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3::b"}"#),
            "Resource", true, "5 of 6 fields", "arn:aws:s3::b", "arn:aws:s3:::bucket",
        ),
        (with_members(r#", "Condition": "x""#), "Condition", true, "found a string", "x", ""),
        (
            with_members(r#", "Condition": {"StringEquals": "x"}"#),
            "StringEquals", true, "found a string", "x", "",
        ),
        (
            with_members(r#", "Condition": {"Bool": {"aws:a": null}}"#),
            "aws:a", true, "found null", "null", "",
        ),
        (
            with_members(r#", "Condition": {"Bool": {"aws:a": [["x"]]}}"#),
            "aws:a", true, "found an array", r#"["x"]"#, "",
        ),
        (with_members(r#", "Condition": {"Bool": {"aws:a": []}}"#), "aws:a", false, "no values", "[]", ""),
        (
            with_members(r#", "Condition": {"Bool": {"aws:a": "1", "AWS:A": "2"}}"#),
            "AWS:A", true, "differ in case", "AWS:A", "case-insensitive",
        ),
        (
            with_members(r#", "Condition": {"StringEqual": {"aws:a": "1"}}"#),
            "StringEqual", true, "not a condition operator", "StringEqual", "did you mean `StringEquals`?",
        ),
        (
            with_members(r#", "Condition": {"ForAnyValue:StringLikesIfExists": {"aws:a": "1"}}"#),
            "ForAnyValue:StringLikesIfExists", true, "not a condition operator",
            "ForAnyValue:StringLikesIfExists", "`ForAnyValue:StringLikeIfExists`",
        ),
        (
            with_members(r#", "Condition": {"aws:a": {"StringEquals": "1"}}"#),
            "aws:a", true, "not a condition operator", "aws:a", "inside an operator",
        ),
        (
            with_statement(r#"{"Effect": "Allow", "Action": "s3:–Get", "Resource": "*"}"#),
            "Action", true, "`–` (U+2013)", "–", "U+00FF",
        ),
        (
            with_statement(r#"{"Effect": "Allow", "Action": "s3:\u0001\u2013", "Resource": "*"}"#),
            "Action", true, "U+0001", r"\u0001", "U+00FF",
        ),
    ];
    for (text, subject, rejected, message, underlined, help) in cases {
        let (source, document) = read(&text);
        let problem = only(&document);
        assert_eq!(problem.kind, ProblemKind::InvalidPolicy, "{text}");
        assert_eq!(problem.subject, subject, "{text}");
        assert_eq!(problem.rejected, rejected, "{text}");
        assert!(
            problem.message.contains(message),
            "{text}: {}",
            problem.message
        );
        assert_eq!(
            source.slice(problem.span),
            underlined,
            "{text}: {}",
            problem.message
        );
        let shown = problem.help.clone().unwrap_or_default();
        assert!(shown.contains(help), "{text}: {shown}");
        assert_eq!(document.policies.len(), 1);
    }
}

#[test]
fn a_sound_policy_has_no_problems() {
    each([
        with_members(""),
        with_members(r#", "Sid": """#),
        with_members(r#", "Condition": {}"#),
        with_members(r#", "Condition": {"Null": {"aws:a": "true"}, "ForAllValues:StringLike": {"aws:b": ["1", "2"]}}"#),
        with_members(r#", "Condition": {"NumericLessThanIfExists": {"aws:a": 1.5e3}}"#),
        r#"{"Statement": {"Effect": "Deny", "NotAction": ["s3:é"], "NotResource": ["arn:aws:s3:::${aws:username}"]}}"#.into(),
        r#"{"Statement": {"Effect": "Deny", "Action": "sqs:*", "Resource": "arn:aws:sqs:<REGION>:{{ account }}:%(queue)s"}}"#.into(),
        r#"{"Statement": {"Effect": "Deny", "Action": "sqs:*", "Resource": ["${SomeArn}", "<ARN>", "arn:${Rest}"]}}"#.into(),
    ], |text| {
        let (_, document) = read(&text);
        assert_eq!(document.problems, [], "{text}");
        assert_eq!(document.policies.len(), 1);
    });
}

#[test]
fn what_is_read() {
    let text = with_members(
        r#", "Sid": "Queue", "Condition": {"StringLike": {"aws:a": ["x", 2]}, "Bool": {"aws:b": true}}"#,
    );
    let (source, document) = read(&text);
    let policy = &document.policies[0];
    assert_eq!(policy.version, Version::V2012);
    assert_eq!(source.slice(policy.span), text);
    assert_eq!(source.slice(policy.statement_key), "Statement");
    let statement = &policy.statements[0];
    assert!(source.slice(statement.span).starts_with(r#"{"Effect""#));
    assert_eq!(statement.effect.as_ref().unwrap().value, Effect::Allow);
    assert_eq!(statement.sid.as_ref().unwrap().value, "Queue");
    let action = statement.action.as_ref().unwrap();
    assert!(!action.negated);
    assert_eq!(source.slice(action.key.span), "Action");
    assert_eq!(source.slice(action.value_span), "s3:Get*");
    assert_eq!(source.slice(action.values[0].part(6..7)), "*");
    let conditions: Vec<_> = statement
        .conditions
        .iter()
        .map(|c| {
            let values: Vec<_> = c.values.iter().map(|v| v.value.as_str()).collect();
            (c.operator.value.as_str(), c.key.value.as_str(), values)
        })
        .collect();
    assert_eq!(
        conditions,
        [
            ("StringLike", "aws:a", vec!["x", "2"]),
            ("Bool", "aws:b", vec!["true"])
        ]
    );
    assert!(!statement.condition_unreadable);
    assert!(
        source
            .slice(statement.condition_span.unwrap())
            .starts_with("{\"StringLike\"")
    );
}

#[test]
fn an_unreadable_condition_is_said_to_be() {
    each(
        [
            r#""x""#,
            r#"{"Bool": 1}"#,
            r#"{"Bool": {"aws:a": {}}}"#,
            "null",
        ],
        |condition| {
            let (_, document) = read(&with_members(&format!(r#", "Condition": {condition}"#)));
            let statement = &document.policies[0].statements[0];
            assert!(statement.condition_unreadable, "{condition}");
            assert!(statement.condition_span.is_some());
        },
    );
    let (_, document) = read(&with_members(r#", "Condition": {}"#));
    assert_eq!(document.policies[0].statements[0].condition_span, None);
}

#[test]
fn unusable_elements_are_none() {
    let (_, document) = read(&with_statement(
        r#"{"Effect": "ALLOW", "Action": 1, "NotAction": "*", "Resource": {}}"#,
    ));
    let statement = &document.policies[0].statements[0];
    assert!(
        statement.effect.is_none() && statement.action.is_none() && statement.resource.is_none()
    );
    assert_eq!(document.problems.len(), 4);
}

#[test]
fn of_a_repeated_key_the_last_value_is_judged() {
    let text = with_statement(
        r#"{"Sid": "A", "Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"Bool": {"aws:a": "1", "aws:a": "2"}, "Bool": {"aws:c": "3"}}}"#,
    );
    let (source, document) = read(&text);
    let statement = &document.policies[0].statements[0];
    assert_eq!(statement.effect.as_ref().unwrap().value, Effect::Allow);
    assert_eq!(statement.conditions.len(), 1);
    assert_eq!(statement.conditions[0].key.value, "aws:c");
    let found: Vec<_> = document
        .problems
        .iter()
        .map(|p| {
            assert_eq!(p.kind, ProblemKind::DuplicateKey);
            assert_eq!(p.sid.as_deref(), Some("A"));
            assert!(p.related[0].0 < p.span);
            (p.subject.as_str(), source.slice(p.related[0].0))
        })
        .collect();
    assert_eq!(
        found,
        [("Effect", "Effect"), ("aws:a", "aws:a"), ("Bool", "Bool")]
    );
}

#[test]
fn keys_that_differ_in_escapes_only_are_one_key() {
    let (source, document) = read(r#"{"Statement": [], "Statemen\u0074": []}"#);
    let duplicate = document
        .problems
        .iter()
        .find(|p| p.kind == ProblemKind::DuplicateKey)
        .unwrap();
    assert_eq!(source.slice(duplicate.span), r"Statemen\u0074");
}

#[test]
fn sids_are_unique_in_a_policy() {
    let statement = r#"{"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"}"#;
    let (source, document) = read(&with_statement(&format!("{statement}, {statement}")));
    let problem = only(&document);
    assert_eq!(problem.subject, "Sid");
    assert_eq!(problem.sid.as_deref(), Some("A"));
    assert_eq!(source.slice(problem.related[0].0), "A");
    assert!(problem.related[0].0 < problem.span);
    let empty = statement.replace("\"A\"", "\"\"");
    assert_eq!(
        read(&with_statement(&format!("{empty}, {empty}")))
            .1
            .problems,
        []
    );
}

#[test]
fn a_trust_policy_is_not_asked_for_a_resource() {
    let (_, document) = read(&with_statement(
        r#"{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}"#,
    ));
    assert_eq!(only(&document).subject, "Principal");
}

#[test]
fn a_byte_order_mark_is_reported_and_the_rest_judged() {
    let text = format!("\u{feff}{}", with_members(""));
    let (source, document) = read(&text);
    let problem = only(&document);
    assert_eq!(problem.subject, "byte order mark");
    assert!(problem.rejected && problem.kind == ProblemKind::InvalidPolicy);
    assert_eq!(problem.span, Span { start: 0, end: 3 });
    let action = document.policies[0].statements[0].action.as_ref().unwrap();
    assert_eq!(source.slice(action.values[0].span), "s3:Get*");
    let (_, document) = read("\u{feff}{]");
    assert_eq!(document.problems.len(), 2);
}
