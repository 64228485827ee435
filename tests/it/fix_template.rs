//! `--fix` and `tighten` in CloudFormation templates: what stands there literally is edited, and nothing else.

use std::fs;

use crate::common::program::{NODE, Run, run};
use crate::common::table::each;

/// Runs a command on a template in a folder of its own: how it ended, and what the file holds then.
fn edit(file: &str, text: &str, command: &[&str]) -> (Run, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(file), text).unwrap();
    let (name, more) = command.split_first().unwrap();
    let found = run(folder.path(), &[&[*name, file][..], more, &NODE].concat());
    let after = fs::read_to_string(folder.path().join(file)).unwrap();
    (found, after)
}

/// Who may assume the roles.
const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}"#;

const FIX: &[&str] = &["lint", "--fix"];

/// A role whose policy has this statement beside one that stays.
fn role(statement: &str) -> String {
    format!(
        "# a template
Resources:
  Node: # the node
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {TRUST}
      Policies:
        - PolicyName: p
          PolicyDocument:
            Version: 2012-10-17
            Statement:
              - {{Sid: Keep, Effect: Allow, Action: sqs:ListQueues, Resource: '*'}}
{statement}
Outputs: {{}} # end
"
    )
}

#[test]
fn every_style_of_a_list_loses_what_is_not_required() {
    let queue = "                Resource: arn:aws:sqs:us-east-1:123456789012:parallelcluster-*";
    let statement = |actions: &str| {
        let head = "              # queues\n              - Effect: Allow\n                Action:";
        role(&format!("{head}{actions}\n{queue}"))
    };
    each(
        [
            // In brackets.
            (" [sqs:SendMessage, sqs:DeleteQueue]", " [sqs:SendMessage]"),
            (
                " ['sqs:DeleteQueue', \"sqs:SendMessage\" ]",
                " [\"sqs:SendMessage\" ]",
            ),
            (
                " [\n                  sqs:DeleteQueue,\n                  sqs:SendMessage,\n                ]",
                " [\n                  sqs:SendMessage,\n                ]",
            ),
            // With dashes, in and below the column of the key; comments on lines of their own stay.
            (
                "\n                  - sqs:DeleteQueue\n                  - 'sqs:SendMessage' # why\n                  - \"sqs:PurgeQueue\" # what",
                "\n                  - 'sqs:SendMessage' # why",
            ),
            (
                "\n                - sqs:SendMessage\n                # about\n                - sqs:DeleteQueue",
                "\n                - sqs:SendMessage\n                # about",
            ),
            (
                "\n                  -\n                    sqs:DeleteQueue\n                  - sqs:SendMessage",
                "\n                  - sqs:SendMessage",
            ),
            // Texts on lines of their own.
            (
                "\n                  - |-\n                    sqs:DeleteQueue\n                  - >-\n                    sqs:SendMessage",
                "\n                  - >-\n                    sqs:SendMessage",
            ),
            // An anchor that nothing names.
            (
                " [&a sqs:SendMessage, &b sqs:DeleteQueue]",
                " [&a sqs:SendMessage]",
            ),
        ],
        |(before, after)| {
            for end in ["\n", "\r\n"] {
                let text = |actions| statement(actions).replace('\n', end);
                let (found, fixed) = edit("t.yaml", &text(before), FIX);
                assert_eq!(fixed, text(after), "{}", found.err);
                let (again, twice) = edit("t.yaml", &fixed, FIX);
                assert_eq!(twice, fixed);
                assert!(again.err.contains("nothing to fix"), "{}", again.err);
            }
        },
    );
}

#[test]
fn a_statement_goes_with_its_lines() {
    let kept = "              # first\n              # last";
    each(
        [
            "              - Effect: Allow\n                Action: iam:CreateUser\n                Resource: '*' # all\n",
            "              - {Effect: Allow, Action: [iam:CreateUser], Resource: '*'}\n",
            "              -\n                Effect: Allow\n                Action:\n                - iam:CreateUser\n                Resource:\n                - '*'\n",
            "              - Action:\n                - iam:CreateUser\n                - iam:CreateGroup\n                Effect: Allow\n                Resource: |-\n                  *\n",
        ],
        |statement| {
            let before = role(&kept.replace(
                "              # last",
                &format!("{statement}              # last"),
            ));
            let (found, fixed) = edit("t.yaml", &before, FIX);
            assert_eq!(fixed, role(kept), "{}", found.err);
        },
    );
}

#[test]
fn what_is_not_literal_stays_and_is_named() {
    let call = "not all of it is literal text";
    let alias = "an alias shares it with another place";
    each(
        [
            // The statement has to go, and a function makes its resource.
            (
                "              - Effect: Allow\n                Action: iam:CreateUser\n                Resource: !Sub 'arn:${AWS::Partition}:iam::123456789012:user/x'",
                call,
            ),
            (
                "              - Effect: Allow\n                Action: !Split [',', 'iam:CreateUser,iam:CreateGroup']\n                Resource: '*'",
                call,
            ),
            (
                "              - Effect: Allow\n                Action: [!Sub 'iam:CreateUser', sqs:SendMessage]\n                Resource: '*'",
                call,
            ),
            (
                "              - Effect: Allow\n                Action: &a [iam:CreateUser, sqs:SendMessage]\n                Resource: '*'\n              - {Effect: Deny, Action: *a , Resource: 'arn:aws:sqs:us-east-1:123456789012:x'}",
                alias,
            ),
            (
                "              - Effect: Allow\n                Action: [ # first\n                  sqs:SendMessage, # second\n                  iam:CreateUser]\n                Resource: '*'",
                "a comment stands between the elements",
            ),
        ],
        |(statement, why)| {
            let text = role(statement);
            let (found, fixed) = edit("t.yaml", &text, FIX);
            assert_eq!(fixed, text, "{}", found.err);
            assert!(found.err.contains("nothing to fix"), "{}", found.err);
            let line = { found.err.lines() }.find(|l| l.contains("iam:CreateUser"));
            let line = line.unwrap_or_else(|| panic!("{}", found.err));
            assert!(
                line.starts_with("t.yaml:") && line.contains("left to you"),
                "{line}"
            );
            assert!(line.contains(why), "{line}");
        },
    );
}

#[test]
fn json_keeps_its_layout() {
    let text = |actions: &str| {
        format!(
            "{{\"Resources\": {{\"Node\": {{\"Type\": \"AWS::IAM::Role\", \"Properties\": {{\"AssumeRolePolicyDocument\": {TRUST}, \"Policies\": [{{\"PolicyName\": \"p\", \"PolicyDocument\": {{\r\n\t\"Version\": \"2012-10-17\",\r\n\t\"Statement\": [{{\"Effect\": \"Allow\", \"Action\": {actions}, \"Resource\": {{\"Fn::Sub\": \"arn:${{AWS::Partition}}:sqs:us-east-1:123456789012:parallelcluster-*\"}}}}]}}}}]}}}}}}}}\n"
        )
    };
    let before = text("[\r\n\t\"sqs:SendMessage\",\r\n\t\"sqs:DeleteQueue\"\r\n]");
    let after = text("[\r\n\t\"sqs:SendMessage\"\r\n]");
    for file in ["t.json", "t.template"] {
        let (found, fixed) = edit(file, &before, FIX);
        assert_eq!(fixed, after, "{}", found.err);
    }
    let (found, same) = edit("t.json", &before, &["lint", "--fix", "--diff"]);
    assert_eq!(same, before);
    assert!(
        found.out.contains("-\t\"sqs:DeleteQueue\"\r\n"),
        "{}",
        found.out
    );
}

/// A policy that two roles have.
fn shared(other: &str) -> String {
    role(&format!(
        "      ManagedPolicyArns: [!Ref Both]
  Both:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Action: [sqs:SendMessage, sqs:DeleteQueue]
            Resource: arn:aws:sqs:us-east-1:123456789012:parallelcluster-*
  Other:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {TRUST}
{other}"
    ))
}

#[test]
fn a_policy_of_several_roles_changes_where_all_agree() {
    let both = shared("      ManagedPolicyArns: [!Ref Both]");
    let (found, fixed) = edit("t.yaml", &both, FIX);
    assert_eq!(
        fixed,
        both.replace("[sqs:SendMessage, sqs:DeleteQueue]", "[sqs:SendMessage]"),
        "{}",
        found.err
    );
    // One of them is not judged, or the policy limits it.
    let limit = shared("      PermissionsBoundary: !Ref Both");
    for (text, more) in [(&both, &["--select", "Node"][..]), (&limit, &[])] {
        let (found, fixed) = edit("t.yaml", text, &[FIX, more].concat());
        assert_eq!(&fixed, text, "{}", found.err);
        let why = "another role of the template has this policy too: remove `sqs:DeleteQueue`";
        assert!(found.err.contains(why), "{}", found.err);
        let (found, fixed) = edit("t.yaml", text, &["tighten", "--write", "--select", "Node"]);
        assert_eq!(&fixed, text, "{}", found.err);
    }
}

#[test]
fn what_holds_for_one_value_of_a_parameter_alone_stays() {
    let parameters =
        "Parameters:\n  Queue: {Type: String, AllowedValues: [sqs:ListQueues, sqs:SendMessage]}\n";
    let statement = |actions: &str| {
        let text = role(&format!(
            "              - {{Effect: Allow, Action: {actions}, Resource: '*'}}"
        ));
        parameters.to_owned() + &text
    };
    let before = statement("[!Ref Queue, sqs:DeleteQueue]");
    let (found, fixed) = edit("t.yaml", &before, FIX);
    assert_eq!(fixed, statement("[!Ref Queue]"), "{}", found.err);
    let (found, _) = edit("t.yaml", &before, &["tighten"]);
    assert!(
        found.err.contains("its parameters have several values"),
        "{}",
        found.err
    );
}

#[test]
fn a_twin_that_depends_on_a_parameter_is_no_duplicate() {
    let head = "Parameters:\n  E: {Type: String, Default: x}\n  A: {Type: String, Default: sqs:SendMessage}\n  Q: {Type: String, Default: parallelcluster-*}\nConditions:\n  C: !Equals [!Ref E, x]\n  Home: !Equals [!Ref 'AWS::Region', us-east-1]\n";
    let statement = |actions: &str, resources: &str| {
        let text = role(&format!(
            "              - {{Effect: Allow, Action: {actions}, Resource: {resources}}}"
        ));
        head.to_owned() + &text
    };
    let queue = "'arn:aws:sqs:us-east-1:123456789012:parallelcluster-*'";
    let sub = "!Sub 'arn:aws:sqs:us-east-1:123456789012:${Q}'";
    each(
        [
            (
                "[!If [C, sqs:SendMessage, !Ref AWS::NoValue], sqs:SendMessage]",
                queue,
            ),
            (
                "[!If [Home, sqs:SendMessage, !Ref AWS::NoValue], sqs:SendMessage]",
                queue,
            ),
            (
                "[sqs:SendMessage, {'Fn::If': [C, sqs:SendMessage, sqs:ListQueues]}]",
                queue,
            ),
            ("[!Ref A, sqs:SendMessage]", queue),
            ("sqs:SendMessage", &format!("[{sub}, {queue}]")),
            (
                "!If [C, sqs:ListQueues, sqs:SendMessage]",
                "['arn:aws:sqs:us-east-1:123456789012:parallelcluster-*', 'arn:aws:s3:::x']",
            ),
        ],
        |(actions, resources)| {
            let before = statement(actions, resources);
            let (found, fixed) = edit("t.yaml", &before, FIX);
            assert_eq!(fixed, before, "{}", found.err);
            for lint in ["duplicate-value", "redundant-entry"] {
                assert!(!found.out.contains(lint), "{}", found.out);
            }
        },
    );
    // The literals beside it are duplicates of each other, and two equal calls are.
    let twice = "[!Ref A, sqs:SendMessage, sqs:SendMessage]";
    let (found, fixed) = edit("t.yaml", &statement(twice, queue), FIX);
    let once = "[!Ref A, sqs:SendMessage]";
    assert_eq!(fixed, statement(once, queue), "{}", found.err);
    let calls = statement("sqs:SendMessage", &format!("[{sub}, {sub}]"));
    let (found, _) = edit("t.yaml", &calls, &["lint"]);
    assert!(found.out.contains("duplicate-value"), "{}", found.out);
    // Statements too.
    let own =
        format!("              - {{Effect: Allow, Action: sqs:SendMessage, Resource: {queue}}}");
    let conditional = own.replace("- {", "- !If [C, {") + ", !Ref AWS::NoValue]";
    let before = head.to_owned() + &role(&format!("{conditional}\n{own}"));
    let (found, fixed) = edit("t.yaml", &before, FIX);
    assert_eq!(fixed, before, "{}", found.err);
    assert!(!found.out.contains("an earlier one"), "{}", found.out);
    assert!(!found.out.contains("redundant-statement"), "{}", found.out);
}

#[test]
fn tighten_writes_in_the_style_of_the_template() {
    let narrow = [
        "sqs:SendMessage",
        "sqs:ReceiveMessage",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueUrl",
        "sqs:ListQueues",
    ];
    let list = |before: &str, quote: &str| -> String {
        narrow
            .iter()
            .map(|a| format!("{before}{quote}{a}{quote}"))
            .collect()
    };
    let dash = "\n                  - ";
    let flow = |quote: &str| list(", ", quote)[2..].to_owned();
    each(
        [
            (" sqs:* # all", list(dash, "") + " # all"),
            (" 'sqs:*'", list(dash, "'")),
            (" \"sqs:*\"", list(dash, "\"")),
            (" [sqs:*]", format!(" [{}]", flow(""))),
            ("\n                  - sqs:*", list(dash, "")),
            (
                "\n                - 'sqs:*' # all",
                list("\n                - ", "'") + " # all",
            ),
        ],
        |(before, after)| {
            let text = |actions: &str, end: &str| {
                let statement = format!(
                    "              - Effect: Allow\n                Action:{actions}\n                Resource: '*'"
                );
                role(&statement).replace('\n', end)
            };
            for end in ["\n", "\r\n"] {
                let (found, written) = edit("t.yaml", &text(before, end), &["tighten", "--write"]);
                assert_eq!(written, text(&after, end), "{}", found.err);
                assert!(
                    found.err.contains("none of 29 requirements got worse"),
                    "{}",
                    found.err
                );
            }
        },
    );
    let statement = "              - {Effect: Allow, Action: sqs:*, Resource: !Sub '*'}";
    let (found, same) = edit("t.yaml", &role(statement), &["tighten"]);
    assert_eq!(same, role(statement));
    assert!(
        found.out.contains(&format!("Action: [{}]", flow(""))),
        "{}",
        found.out
    );
}

#[test]
fn terraform_is_refused_by_name() {
    let text = r#"resource "aws_iam_role_policy" "p" {
  role = "x"
  policy = jsonencode({Version = "2012-10-17", Statement = [{Effect = "Allow", Action = ["sqs:SendMessage", "sqs:DeleteQueue"], Resource = "*"}]})
}
"#;
    let (found, fixed) = edit("main.tf", text, FIX);
    assert_eq!(fixed, text);
    assert!(
        found.err.contains("Terraform code is not edited"),
        "{}",
        found.err
    );
    let (found, fixed) = edit("main.tf", text, &["tighten", "--write"]);
    assert_eq!((found.code, fixed.as_str()), (2, text));
    assert!(
        found.err.contains("Terraform code is not edited"),
        "{}",
        found.err
    );
}

#[test]
fn a_template_for_several_regions_stays() {
    let text = role("              - {Effect: Allow, Action: iam:CreateUser, Resource: '*'}");
    let target = |region: &str| {
        format!(
            "[[target]]\nname = \"{region}\"\npolicies = [\"t.yaml\"]\nrole = \"instance\"\nscheduler = \"torque\"\nregion = \"{region}\"\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let fix = |regions: &[&str]| {
        let targets: String = regions.iter().map(|region| target(region)).collect();
        fs::write(folder.path().join("t.yaml"), &text).unwrap();
        fs::write(folder.path().join("pcluster-iam.toml"), targets).unwrap();
        let found = run(folder.path(), FIX);
        (
            found,
            fs::read_to_string(folder.path().join("t.yaml")).unwrap(),
        )
    };
    let (found, same) = fix(&["us-east-1", "eu-west-1"]);
    assert_eq!(same, text, "{}", found.err);
    let why = "t.yaml: not fixed, it is judged for several Regions, accounts or partitions";
    assert_eq!(found.err.matches(why).count(), 2, "{}", found.err);
    let (found, fixed) = fix(&["us-east-1"]);
    assert_ne!(fixed, text, "{}", found.err);
}
