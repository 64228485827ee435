//! Templates of CloudFormation: what each construct stands for, and the roles that a template defines.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::case::{Case, verdict};
use crate::common::program::run;
use crate::common::table::each;

/// What the role must be able to do.
const REFERENCE: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage",
    "Resource": "arn:aws:sqs:us-east-1:123456789012:queue-a"}}"#;

const HEAD: &str = "
AWSTemplateFormatVersion: '2010-09-09'
Parameters:
  Open: {Type: String}
  Queue: {Type: String, Default: queue-a}
  Other: {Type: String, Default: queue-b}
  Both: {Type: String, Default: queue-a, AllowedValues: [queue-a, queue-b]}
  Names: {Type: CommaDelimitedList, Default: 'queue-b, queue-a'}
  OpenNames: {Type: CommaDelimitedList}
  Secret: {Type: 'AWS::SSM::Parameter::Value<String>', Default: queue-a}
  Size: {Type: Number, Default: 1}
Mappings:
  Queues:
    us-east-1: {Main: queue-a}
    eu-west-1: {Main: queue-b}
Conditions:
  IsA: !Equals [!Ref Queue, queue-a]
  IsB: !Equals [!Ref Queue, queue-b]
  IsOpen: !Equals [!Ref Open, queue-a]
  NotB: !Not [{Condition: IsB}]
  And: !And [{Condition: IsA}, {Condition: NotB}]
  Or: !Or [{Condition: IsB}, !Condition IsA]
  AndOpen: !And [{Condition: IsA}, {Condition: IsOpen}]
  AndFalse: !And [{Condition: IsB}, {Condition: IsOpen}]
  Here: !Equals [!Ref 'AWS::Region', us-east-1]
";

/// A template with one role whose only statement has these members.
fn template(statement: &str) -> String {
    let lines: Vec<&str> = statement.lines().collect();
    let indented = format!("                {}\n", lines.join("\n                "));
    format!(
        "{HEAD}Resources:
  Sent:
    Type: AWS::SQS::Queue
    Properties: {{QueueName: queue-a}}
  Made:
    Type: AWS::SQS::Queue
  Node:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {{Version: 2012-10-17, Statement: {{Effect: Allow, Principal: {{Service: ec2.amazonaws.com}}, Action: sts:AssumeRole}}}}
      Policies:
        - PolicyName: p
          PolicyDocument:
            Version: 2012-10-17
            Statement:
              -
{indented}"
    )
}

fn case(file: &str, text: &str) -> Case {
    Case::new(&[(file, text)], REFERENCE)
}

const ARN: &str = "arn:aws:sqs:us-east-1:123456789012";

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

/// The members of a statement, and the verdict.
const STATEMENTS: &[(&str, &str)] = &[
    (
        "Effect: Allow\nAction: !Ref Open\nResource: ARN:queue-a",
        "depends",
    ),
    (
        "Effect: Allow\nAction: !Sub 'sqs:${Open}'\nResource: ARN:queue-a",
        "depends",
    ),
    (
        "Effect: Allow\nAction: !Sub 's3:${Open}'\nResource: '*'",
        "missing",
    ),
    (
        "Effect: Allow\nAction: [sqs:SendMessage, !Ref Open]\nResource: ARN:queue-a",
        "covered",
    ),
    (
        "Effect: !Ref Open\nAction: sqs:SendMessage\nResource: ARN:queue-a",
        "depends",
    ),
    (
        "Effect: Allow\nNotAction: !Ref Open\nResource: ARN:queue-a",
        "depends",
    ),
    (
        "Effect: Allow\nNotAction: s3:GetObject\nResource: ARN:queue-a",
        "covered",
    ),
    (
        "Effect: Allow\nAction: sqs:*\nNotResource: !Ref Open",
        "depends",
    ),
    (
        "Effect: Allow\nAction: sqs:*\nNotResource: !Sub 'ARN:${Open}'",
        "depends",
    ),
    (
        "Effect: Allow\nAction: sqs:*\nNotResource: ARN:queue-b",
        "covered",
    ),
    (
        "Effect: Allow\nAction: sqs:SendMessage\nResource: ARN:queue-a\nCondition: !If [IsOpen, {StringEquals: {'aws:RequestedRegion': us-east-1}}, !Ref 'AWS::NoValue']",
        "depends",
    ),
    (
        "Effect: Allow\nAction: sqs:SendMessage\nResource: ARN:queue-a\nCondition: {StringEquals: {'aws:RequestedRegion': !Ref Open}}",
        "depends",
    ),
    (
        "Effect: Allow\nAction: sqs:SendMessage\nResource: ARN:queue-a\nCondition: {StringEquals: {'aws:RequestedRegion': [us-east-1, !Ref Open]}}",
        "covered",
    ),
    (
        "Effect: Allow\nAction: sqs:SendMessage\nResource: ARN:queue-a\nCondition: {StringNotEquals: {'aws:RequestedRegion': !Ref Open}}",
        "depends",
    ),
    (
        "Effect: Allow\nAction: sqs:SendMessage\nResource: ARN:queue-a\nCondition: {StringNotEquals: {'aws:RequestedRegion': [us-east-1, !Ref Open]}}",
        "missing",
    ),
    (
        "Effect: Allow\nAction: sqs:SendMessage\nResource: ARN:queue-a\nCondition: {StringEquals: {'aws:RequestedRegion': !Ref 'AWS::Region'}}",
        "covered",
    ),
];

#[test]
fn a_hole_reaches_by_its_polarity() {
    let mut wrong = Vec::new();
    for (statement, expected) in STATEMENTS {
        let case = case("t.yaml", &template(&statement.replace("ARN", ARN)));
        let (run, result) = case.lint("t.yaml", &[]);
        let found = verdict(&result);
        if found != *expected || run.code == 2 {
            wrong.push(format!(
                "{statement}: {found}, expected {expected}; exit {} {}",
                run.code, run.err
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A second statement beside one that allows what is required, and the verdict.
const DENIES: &[(&str, &str)] = &[
    (
        "{Effect: Deny, Action: sqs:SendMessage, Resource: !Sub 'ARN:${Open}'}",
        "depends",
    ),
    (
        "{Effect: Deny, Action: sqs:SendMessage, Resource: !Sub 'ARN:other-${Open}'}",
        "covered",
    ),
    (
        "{Effect: Deny, Action: sqs:SendMessage, Resource: !Sub 'ARN:${Other}'}",
        "covered",
    ),
    (
        "{Effect: Deny, Action: sqs:SendMessage, Resource: !Sub 'ARN:${Queue}'}",
        "denied",
    ),
    (
        "{Effect: Deny, Action: sqs:SendMessage, NotResource: !Ref Open}",
        "depends",
    ),
    (
        "{Effect: Deny, NotAction: !Ref Open, Resource: '*'}",
        "depends",
    ),
    (
        "{Effect: Deny, Action: !Sub 's3:${Open}', Resource: '*'}",
        "covered",
    ),
    (
        "{Effect: Deny, Action: 'sqs:*', Resource: '*', Condition: {StringEquals: {'aws:RequestedRegion': !Ref Open}}}",
        "depends",
    ),
    (
        "!If [IsOpen, {Effect: Deny, Action: 'sqs:*', Resource: '*'}, !Ref 'AWS::NoValue']",
        "depends",
    ),
    (
        "!If [IsB, {Effect: Deny, Action: 'sqs:*', Resource: '*'}, !Ref 'AWS::NoValue']",
        "covered",
    ),
    (
        "!If [IsA, {Effect: Deny, Action: 'sqs:*', Resource: '*'}, !Ref 'AWS::NoValue']",
        "denied",
    ),
];

#[test]
fn a_hole_of_a_deny_takes_as_much_as_it_can() {
    let mut wrong = Vec::new();
    for (statement, expected) in DENIES {
        let allow = format!("Effect: Allow\nAction: sqs:SendMessage\nResource: {ARN}:queue-a");
        let second = statement.replace("ARN", ARN);
        let text = format!("{}              - {second}\n", template(&allow));
        let case = case("t.yaml", &text);
        let (run, result) = case.lint("t.yaml", &[]);
        let found = verdict(&result);
        if found != *expected || run.code == 2 {
            wrong.push(format!(
                "{statement}: {found}, expected {expected}; exit {} {}",
                run.code, run.err
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_given_decides() {
    let text = template(&format!(
        "Effect: Allow\nAction: sqs:SendMessage\nResource: !Sub '{ARN}:${{Open}}'"
    ));
    let case = case("t.yaml", &text);
    let path = case.path();
    fs::write(
        path.join("list.json"),
        r#"[{"ParameterKey": "Open", "ParameterValue": "queue-a"}]"#,
    )
    .unwrap();
    fs::write(
        path.join("map.json"),
        r#"{"Parameters": {"Open": "queue-b"}}"#,
    )
    .unwrap();
    fs::write(path.join("pairs.json"), r#"["Open=queue-a"]"#).unwrap();
    each(
        [
            (&[][..], "depends"),
            (&["--parameter", "Open=queue-a"], "covered"),
            (&["--parameter", "Open=queue-*"], "covered"),
            (&["--parameter", "Open=queue-b"], "missing"),
            (&["--parameters", "list.json"], "covered"),
            (&["--parameters", "map.json"], "missing"),
            (&["--parameters", "pairs.json"], "covered"),
            (
                &["--parameters", "map.json", "--parameter", "Open=queue-a"],
                "covered",
            ),
        ],
        |(arguments, expected)| {
            let (_, result) = case.lint("t.yaml", arguments);
            assert_eq!(verdict(&result), expected, "{arguments:?}");
        },
    );
}

#[test]
fn what_depends_says_on_what_and_with_which_value_it_holds() {
    let text = template(&format!(
        "Effect: Allow\nAction: sqs:SendMessage\nResource: !Sub '{ARN}:queue-${{Open}}'"
    ));
    let case = case("t.yaml", &text);
    let (run, result) = case.lint("t.yaml", &[]);
    assert_eq!(run.code, 0, "{}", run.err);
    let row = &result["results"][0]["requirements"][0];
    assert_eq!(row["at_worst"], "missing");
    assert_eq!(row["at_best"], "covered");
    let hole = &row["holes"][0];
    assert_eq!(
        (hole["name"].as_str(), hole["value"].as_str()),
        (Some("Open"), Some("a"))
    );
    let at = |region: &Value| {
        let byte = |key: &str| region[key].as_u64().unwrap() as usize;
        text[byte("start_byte")..byte("end_byte")].to_owned()
    };
    assert_eq!(at(&hole["region"]), "${Open}");
    let findings = result["results"][0]["findings"].as_array().unwrap();
    let finding = findings.iter().find(|f| f["lint"] == "depends").unwrap();
    assert_eq!(finding["severity"], "warning");
    assert_eq!(at(&finding["region"]), "${Open}");
    assert!(
        finding["help"]
            .as_str()
            .unwrap()
            .contains("--parameter Open='a'"),
        "{finding}"
    );
    let (strict, _) = case.lint("t.yaml", &["--strict"]);
    assert_eq!(strict.code, 1);
}

/// What cannot be read, and what the finding names.
const UNREAD: &[(&str, &str)] = &[
    ("{'Fn::Transform': {Name: X}}", "Fn::Transform"),
    ("!Transform {Name: X}", "Fn::Transform"),
    ("!Cidr [a, b, c]", "Fn::Cidr"),
    ("{'Fn::Cidr': [a, b, c]}", "Fn::Cidr"),
    ("!Base64 x", "Fn::Base64"),
    ("!GetAZs x", "Fn::GetAZs"),
    ("!Unknown x", "Fn::Unknown"),
    ("!Ref Nothing", "Nothing"),
    ("!Sub 'ARN:${Nothing}'", "Nothing"),
    ("!GetAtt Nothing.Arn", "Fn::GetAtt"),
    ("!If [Nothing, a, b]", "Nothing"),
    ("!FindInMap [Queues, none, Main]", "Fn::FindInMap"),
    ("!Join ['', x]", "Fn::Join"),
    ("!Select [7, [a]]", "Fn::Select"),
    ("[{'Fn::ForEach::X': [a, [b], c]}]", "Fn::ForEach::X"),
];

#[test]
fn what_is_not_read_is_said_and_ends_with_2() {
    each(UNREAD, |(value, name)| {
        let value = value.replace("ARN", ARN);
        let text = template(&format!(
            "Effect: Allow\nAction: sqs:SendMessage\nResource: {value}"
        ));
        let case = case("t.yaml", &text);
        let (run, result) = case.lint("t.yaml", &[]);
        assert_eq!(run.code, 2, "{value}: {}", run.out);
        let findings = result["results"][0]["findings"].as_array().unwrap();
        let of = |lint: &str| findings.iter().find(|f| f["lint"] == lint).cloned();
        let finding = of("unresolved").unwrap_or_else(|| panic!("{value}: {findings:?}"));
        assert_eq!(finding["severity"], "error");
        assert!(
            finding["message"].as_str().unwrap().contains(name),
            "{value}: {finding}"
        );
        let (accepted, result) = case.lint("t.yaml", &["--unresolved", "warn", "--exit-zero"]);
        assert_eq!(accepted.code, 0, "{value}");
        let findings = result["results"][0]["findings"].as_array().unwrap();
        let finding = findings.iter().find(|f| f["lint"] == "unresolved").unwrap();
        assert_eq!(finding["severity"], "warning");
        let weakened = result["weakened"].as_array().unwrap();
        assert!(
            weakened.iter().any(|w| w["kind"] == "unresolved"),
            "{weakened:?}"
        );
    });
}

#[test]
fn macros_that_may_rewrite_the_template_are_said() {
    let allow = format!("Effect: Allow\nAction: sqs:SendMessage\nResource: {ARN}:queue-a");
    each(
        [
            ("AWS::Serverless-2016-10-31", 0),
            ("AWS::LanguageExtensions", 0),
            ("[AWS::LanguageExtensions, AWS::Serverless-2016-10-31]", 0),
            ("Mine", 2),
            ("[AWS::LanguageExtensions, Mine]", 2),
            ("{Name: AWS::Include, Parameters: {Location: x}}", 2),
        ],
        |(transform, code)| {
            let text = format!("Transform: {transform}\n{}", template(&allow).trim_start());
            let case = case("t.yaml", &text);
            let (run, _) = case.lint("t.yaml", &[]);
            assert_eq!(run.code, code, "{transform}: {}{}", run.out, run.err);
        },
    );
}

#[test]
fn the_same_template_in_json() {
    let template = json!({"Parameters": {"Q": {"Type": "String", "Default": "queue-a"}}, "Resources": {"R": {
        "Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": {"Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}, "Policies": [{"PolicyName": "p",
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage",
        "Resource": {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":sqs:us-east-1:123456789012:", {"Ref": "Q"}]]}}]}}]}}}});
    each(
        [
            template.to_string(),
            serde_json::to_string_pretty(&template)
                .unwrap()
                .replace("  ", "\t"),
        ],
        |text| {
            let case = case("t.template.json", &text);
            let (run, result) = case.lint("t.template.json", &[]);
            assert_eq!(
                (run.code, verdict(&result).as_str()),
                (0, "covered"),
                "{}",
                run.out
            );
            assert_eq!(result["results"][0]["principal"]["name"], "R");
            assert_eq!(result["results"][0]["parameters"][0]["value"], "queue-a");
        },
    );
}

#[test]
fn missing_respects_the_boundary_of_the_role() {
    let allow = format!("Effect: Allow\nAction: s3:GetObject\nResource: {ARN}:queue-a");
    let boundary = |action: &str| {
        let role = "  Node:\n    Type: AWS::IAM::Role\n    Properties:\n";
        let limit = format!(
            "  Limit:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument: {{Version: 2012-10-17, Statement: {{Effect: Allow, \
             Action: '{action}', Resource: '*'}}}}\n{role}      PermissionsBoundary: !Ref Limit\n"
        );
        template(&allow).replace(role, &limit)
    };
    let limit = "a permissions boundary or SCP does not allow it";
    each(
        [("s3:*", true), ("sqs:*", false)],
        |(action, is_limited)| {
            let case = case("t.yaml", &boundary(action));
            let options = [
                "--no-config",
                "--reference",
                "reference.json",
                "--region",
                "us-east-1",
            ];
            let run = run(
                case.path(),
                &[&["missing", "t.yaml"][..], &options[..]].concat(),
            );
            assert_eq!(run.code, 0, "{}", run.err);
            assert!(run.out.contains("sqs:SendMessage"), "{}", run.out);
            assert_eq!(run.err.contains(limit), is_limited, "{action}: {}", run.err);
        },
    );
}

#[test]
fn templates_are_not_edited_and_the_reason_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/examples/template.yaml");
    fs::copy(example, &path).unwrap();
    let before = fs::read(&path).unwrap();
    let options = ["template.yaml", "--scheduler", "slurm", "--feature", "none"];
    each([["lint", "--fix"], ["tighten", "--write"]], |command| {
        let run = run(folder.path(), &[&command[..], &options[..]].concat());
        assert!(
            run.err
                .contains("templates and Terraform code are not edited"),
            "{command:?}: {}",
            run.err
        );
        assert_eq!(fs::read(&path).unwrap(), before, "{command:?}");
    });
}
