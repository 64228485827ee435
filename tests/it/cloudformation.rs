//! Templates of CloudFormation: what each construct stands for, and the roles that a template defines.

mod holes;
mod json_text;
mod judged;
mod parameters;
mod refused;
mod values;

use serde_json::json;

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
    ("!GetAtt Nothing.Arn", "Nothing"),
    ("!If [Nothing, a, b]", "Nothing"),
    ("!FindInMap [Queues, none, Main]", "Fn::FindInMap"),
    ("!Join ['', x]", "Fn::Join"),
    ("!Select [7, [a]]", "Fn::Select"),
    ("[{'Fn::ForEach::X': [a, [b], c]}]", "Fn::ForEach::X"),
];

#[test]
fn parts_that_are_not_read_are_reported_with_exit_code_2() {
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
fn macros_that_may_rewrite_the_template_are_reported() {
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

/// The values of a parameter, an action of the role, and what `missing` prints and says.
const SETTINGS: &[(&str, &str, bool, &str)] = &[
    ("Both", "sqs:SendMessage", true, "for every value of `Both`"),
    ("Both", "sqs:*", true, "for every value of `Both`"),
    ("Queue", "sqs:SendMessage", false, "nothing is missing"),
];

#[test]
fn missing_grants_what_is_missing_under_any_value_of_a_parameter() {
    each(SETTINGS, |(parameter, action, is_missing, note)| {
        let text = template(&format!(
            "Effect: Allow\nAction: '{action}'\nResource: !Sub '{ARN}:${{{parameter}}}'"
        ));
        let case = case("t.yaml", &text);
        let arguments = ["missing", "t.yaml", "--no-config", "--format", "json"];
        let options = ["--reference", "reference.json", "--region", "us-east-1"];
        let missing = run(case.path(), &[&arguments[..], &options[..]].concat());
        assert_eq!(missing.code, 0, "{}", missing.err);
        let is_printed = missing.out.contains("sqs:SendMessage");
        assert_eq!(is_printed, *is_missing, "{parameter}: {}", missing.out);
        assert!(missing.err.contains(note), "{parameter}: {}", missing.err);
    });
}
