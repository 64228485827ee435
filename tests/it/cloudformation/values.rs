//! The value of a resource, as the functions of a template make it.

use super::{ARN, case, template};
use crate::common::case::{Case, verdict};
use crate::common::table::each;

/// A value of `Resource`, and the verdict.
const VALUES: &[(&str, &str)] = &[
    ("ARN:queue-a", "covered"),
    ("'ARN:queue-a'", "covered"),
    ("\"ARN:queue\\x2da\"", "covered"),
    (">-\n  ARN:queue-a", "covered"),
    ("|-\n  ARN:queue-a", "covered"),
    ("[ARN:queue-b, ARN:queue-a]", "covered"),
    ("ARN:queue-b", "missing"),
    ("!Sub ARN:${Queue}", "covered"),
    ("!Sub 'ARN:${Other}'", "missing"),
    ("!Sub 'ARN:${ Queue }'", "covered"),
    ("{'Fn::Sub': 'ARN:${Queue}'}", "covered"),
    ("!Sub ['ARN:${X}', {X: queue-a}]", "covered"),
    ("!Sub ['ARN:${X}', {X: !Ref Other}]", "missing"),
    (
        "!Sub 'arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${Queue}'",
        "covered",
    ),
    ("!Sub '${Sent.Arn}'", "covered"),
    ("!GetAtt Sent.Arn", "covered"),
    ("!GetAtt [Sent, Arn]", "covered"),
    ("{'Fn::GetAtt': [Sent, Arn]}", "covered"),
    ("{'Fn::GetAtt': Sent.Arn}", "covered"),
    ("!Sub 'ARN:${Sent.QueueName}'", "covered"),
    // The name that CloudFormation makes may be any one name.
    ("!GetAtt Made.Arn", "depends"),
    ("!Sub 'ARN:${Made.QueueName}'", "depends"),
    // An attribute that may be any text.
    ("!GetAtt Made.KmsMasterKeyId", "depends"),
    (
        "!Join [':', [arn, !Ref 'AWS::Partition', sqs, !Ref 'AWS::Region', !Ref 'AWS::AccountId', !Ref Queue]]",
        "covered",
    ),
    ("!Join ['', [ARN, ':', !Ref Queue]]", "covered"),
    ("!Join ['', [ARN, ':', !Ref Other]]", "missing"),
    ("{'Fn::Join': ['', ['ARN:', {Ref: Queue}]]}", "covered"),
    ("!Join ['', ['ARN:', !Select [1, !Ref Names]]]", "covered"),
    ("!Join ['', ['ARN:', !Select [0, !Ref Names]]]", "missing"),
    (
        "!Join ['', ['ARN:', !Select [1, !Split ['/', 'x/queue-a']]]]",
        "covered",
    ),
    ("!Join ['-', !Split ['/', 'ARN:queue/a']]", "covered"),
    (
        "!Sub ['ARN:${X}', {X: !Select [5, !Split [':', !GetAtt Sent.Arn]]}]",
        "covered",
    ),
    (
        "!Sub ['ARN:${X}', {X: !FindInMap [Queues, !Ref 'AWS::Region', Main]}]",
        "covered",
    ),
    (
        "!Sub ['ARN:${X}', {X: !FindInMap [Queues, eu-west-1, Main]}]",
        "missing",
    ),
    (
        "!Sub ['ARN:${X}', {X: !FindInMap [Queues, !Ref Open, Main]}]",
        "depends",
    ),
    (
        "!Sub ['ARN:${X}', {X: !FindInMap [Queues, none, Main, {DefaultValue: queue-a}]}]",
        "covered",
    ),
    ("!If [IsA, ARN:queue-a, ARN:queue-b]", "covered"),
    ("!If [IsB, ARN:queue-a, ARN:queue-b]", "missing"),
    ("!If [IsOpen, ARN:queue-a, ARN:queue-b]", "depends"),
    ("!If [IsOpen, ARN:queue-a, ARN:queue-a]", "depends"),
    ("!If [NotB, ARN:queue-a, ARN:queue-b]", "covered"),
    ("!If [And, ARN:queue-a, ARN:queue-b]", "covered"),
    ("!If [Or, ARN:queue-a, ARN:queue-b]", "covered"),
    ("!If [AndOpen, ARN:queue-a, ARN:queue-b]", "depends"),
    ("!If [AndFalse, ARN:queue-b, ARN:queue-a]", "covered"),
    ("!If [Here, ARN:queue-a, ARN:queue-b]", "covered"),
    (
        "[ARN:queue-b, !If [IsA, ARN:queue-a, !Ref 'AWS::NoValue']]",
        "covered",
    ),
    (
        "[ARN:queue-b, !If [IsB, ARN:queue-a, !Ref 'AWS::NoValue']]",
        "missing",
    ),
    (
        "[ARN:queue-b, !If [IsOpen, ARN:queue-a, !Ref 'AWS::NoValue']]",
        "depends",
    ),
    (
        "{'Fn::If': [IsA, {'Fn::Sub': 'ARN:${Queue}'}, x]}",
        "covered",
    ),
    ("!Sub 'ARN:${Open}'", "depends"),
    ("!Sub 'ARN:queue-${Open}'", "depends"),
    ("!Sub 'ARN:other-${Open}'", "missing"),
    ("!Sub 'arn:aws:sqs:us-east-1:${Open}:queue-a'", "depends"),
    ("!Ref Open", "depends"),
    ("[ARN:queue-a, !Ref Open]", "covered"),
    ("!Ref OpenNames", "depends"),
    ("!Sub 'ARN:${Secret}'", "depends"),
    ("!Sub 'ARN:{{resolve:ssm:/queue}}'", "depends"),
    ("'{{resolve:ssm:/queue}}'", "depends"),
    ("!ImportValue net-queue", "depends"),
    ("!Sub ['${X}', {X: !ImportValue net}]", "depends"),
    ("!Sub 'ARN:${AWS::StackName}'", "depends"),
    // One of two values is not enough.
    ("!Sub 'ARN:${Both}'", "missing"),
    (
        "!Sub ['ARN:queue-${X}', {X: !Select [!Ref Size, [b, a]]}]",
        "covered",
    ),
    ("!Sub 'ARN:*'", "covered"),
    ("'*'", "covered"),
];

#[test]
fn a_value_of_a_resource_is_what_its_functions_make_of_it() {
    let mut wrong = Vec::new();
    for (value, expected) in VALUES {
        let value = value.replace("ARN", ARN);
        let text = template(&format!(
            "Effect: Allow\nAction: sqs:SendMessage\nResource: {value}"
        ));
        let case = case("t.yaml", &text);
        let (run, result) = case.lint("t.yaml", &[]);
        let found = verdict(&result);
        if found != *expected || run.code == 2 {
            wrong.push(format!(
                "{value}: {found}, expected {expected}; exit {} {}",
                run.code, run.err
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An object of a bucket.
const OBJECT: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::bucket/key"}}"#;

#[test]
fn the_arn_of_a_bucket_names_no_object() {
    each(
        [
            ("!GetAtt Bucket.Arn", "missing ineffective-statement"),
            (
                "!Sub 'arn:aws:s3:::${Bucket}'",
                "missing ineffective-statement",
            ),
            ("!Sub '${Bucket.Arn}/*'", "depends"),
            ("!Sub 'arn:aws:s3:::${Open}'", "depends"),
        ],
        |(resource, expected)| {
            let role = template(&format!(
                "Effect: Allow\nAction: s3:GetObject\nResource: {resource}"
            ));
            let text = format!("{role}  Bucket: {{Type: AWS::S3::Bucket}}\n");
            let case = Case::new(&[("t.yaml", text.as_str())], OBJECT);
            let (_, report) = case.lint("t.yaml", &[]);
            let findings = report["results"][0]["findings"].as_array().unwrap();
            let lints = { findings.iter() }.filter_map(|f| f["lint"].as_str());
            let lost = lints.filter(|lint| lint.starts_with("ineffective"));
            let found = verdict(&report);
            let all: Vec<&str> = [found.as_str()].into_iter().chain(lost).collect();
            assert_eq!(all.join(" "), expected, "{resource}");
        },
    );
}

#[test]
fn a_ref_that_is_a_name_or_a_url_is_no_arn() {
    let allow = "Effect: Allow\nAction: sqs:SendMessage\nResource";
    each(
        [
            ("!Ref Sent", "missing invalid-policy"),
            ("!Ref Made", "missing invalid-policy"),
            ("!GetAtt Made.QueueUrl", "missing invalid-policy"),
            ("!Ref Bucket", "missing invalid-policy"),
            ("!Sub '${Bucket}/*'", "missing invalid-policy"),
            ("[!GetAtt Sent.Arn, !Ref Table]", "missing invalid-policy"),
            ("!Sub '${Bucket}-${AWS::Region}'", "missing invalid-policy"),
            ("!GetAtt Sent.Arn", "covered"),
            // The ARN of something else.
            ("!Ref Topic", "missing"),
            ("!Ref Policy", "missing"),
            // What it gives is not known.
            ("!Ref Thing", "depends"),
        ],
        |(resource, expected)| {
            let role = template(&format!("{allow}: {resource}"));
            let text = format!(
                "{role}  Bucket: {{Type: AWS::S3::Bucket}}\n  Table: {{Type: AWS::DynamoDB::Table}}\n  \
                 Topic: {{Type: AWS::SNS::Topic}}\n  Policy: {{Type: AWS::IAM::ManagedPolicy}}\n  \
                 Thing: {{Type: AWS::Unknown::Type}}\n"
            );
            let (_, report) = case("t.yaml", &text).lint("t.yaml", &["--select", "Node"]);
            let findings = report["results"][0]["findings"].as_array().unwrap();
            let is_invalid = findings.iter().any(|f| f["lint"] == "invalid-policy");
            let words = if is_invalid { " invalid-policy" } else { "" };
            assert_eq!(
                format!("{}{words}", verdict(&report)),
                expected,
                "{resource}"
            );
        },
    );
}

#[test]
fn an_attribute_that_a_type_does_not_have_is_reported_with_the_one_it_has() {
    each(
        [
            ("!GetAtt Sent.ARN", "write `Sent.Arn`"),
            ("!GetAtt [Sent, arn]", "write `Sent.Arn`"),
            ("!Sub '${Made.QueueNam}'", "write `Made.QueueName`"),
            ("!GetAtt Node.Name", "its attributes are: Arn, RoleId"),
        ],
        |(resource, help)| {
            let text = template(&format!(
                "Effect: Allow\nAction: sqs:SendMessage\nResource: {resource}"
            ));
            let (run, report) = case("t.yaml", &text).lint("t.yaml", &[]);
            assert_eq!(run.code, 2, "{resource}: {}", run.out);
            let findings = report["results"][0]["findings"].as_array().unwrap();
            let finding = findings.iter().find(|f| f["lint"] == "unresolved").unwrap();
            let message = finding["message"].as_str().unwrap();
            assert!(message.contains("has no attribute"), "{message}");
            assert_eq!(finding["help"], help, "{resource}");
        },
    );
}
