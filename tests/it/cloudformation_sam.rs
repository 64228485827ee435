//! Changes that SAM makes to a template: properties of `Globals`, and the roles of functions.

use serde_json::Value;

use crate::common::case::{Case, verdict};
use crate::common::table::each;

const REFERENCE: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage",
    "Resource": "arn:aws:sqs:us-east-1:123456789012:queue-a"}}"#;

const ALLOW: &str =
    "Policies: [{Version: 2012-10-17, Statement: {Effect: Allow, Action: 'sqs:*', Resource: '*'}}]";

/// Judges the function `F` of a template: its attributes and properties, and what is beside it.
fn judge(globals: &str, properties: &[&str], attributes: &str, beside: &str) -> (String, Value) {
    let properties: String = properties.iter().map(|p| format!("      {p}\n")).collect();
    let text = format!(
        "Transform: AWS::Serverless-2016-10-31\n{globals}Resources:\n  F:\n    Type: AWS::Serverless::Function\n{attributes}    \
         Properties:\n      Handler: a.b\n{properties}  Limit:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      \
         PolicyDocument: {{Version: 2012-10-17, Statement: {{Effect: Allow, Action: 's3:*', Resource: '*'}}}}\n{beside}"
    );
    let case = Case::new(&[("t.yaml", &text)], REFERENCE);
    let (_, report) = case.lint("t.yaml", &["--select", "F"]);
    (verdict(&report), report["results"][0].clone())
}

#[test]
fn a_boundary_of_globals_limits_each_function_without_its_own() {
    let globals = "Globals:\n  Function:\n    Timeout: 3\n    PermissionsBoundary: !Ref Limit\n";
    let all = "  All:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument: {Version: 2012-10-17, \
               Statement: {Effect: Allow, Action: '*', Resource: '*'}}\n";
    each(
        [
            ("", &[ALLOW][..], "", "covered"),
            (globals, &[ALLOW], "", "missing"),
            (
                globals,
                &[ALLOW, "PermissionsBoundary: !Ref All"],
                "",
                "covered",
            ),
            (globals, &[ALLOW], "    IgnoreGlobals: '*'\n", "covered"),
            (
                globals,
                &[ALLOW],
                "    IgnoreGlobals: [PermissionsBoundary]\n",
                "covered",
            ),
            (
                globals,
                &[ALLOW],
                "    IgnoreGlobals: [Timeout]\n",
                "missing",
            ),
        ],
        |(globals, properties, attributes, expected)| {
            let (found, _) = judge(globals, properties, attributes, all);
            assert_eq!(found, expected, "{globals}{properties:?}{attributes}");
        },
    );
    // SAM has no such property for another type.
    let of_other = globals.replace("Function:", "StateMachine:");
    assert_eq!(judge(&of_other, &[ALLOW], "", "").0, "covered");
    let arn = globals.replace("!Ref Limit", "arn:aws:iam::123456789012:policy/other");
    let (_, result) = judge(&arn, &[ALLOW], "", "");
    let unchecked = result["not_checked"].to_string();
    assert!(unchecked.contains("policy/other"), "{unchecked}");
}

#[test]
fn the_trust_policy_of_globals_is_that_of_each_function_and_is_merged_with_its_own() {
    let open = "{Effect: Allow, Principal: {AWS: '*'}, Action: 'sts:AssumeRole'}";
    let lambda =
        "{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}";
    let globals = |statement: &str| {
        format!(
            "Globals:\n  Function:\n    AssumeRolePolicyDocument: {{Version: 2012-10-17, Statement: [{statement}]}}\n"
        )
    };
    let own = |statement: &str| {
        format!("AssumeRolePolicyDocument: {{Version: 2012-10-17, Statement: [{statement}]}}")
    };
    each(
        [
            (globals(lambda), vec![ALLOW.to_owned()], false),
            (globals(open), vec![ALLOW.to_owned()], true),
            (globals(open), vec![ALLOW.to_owned(), own(lambda)], true),
            (globals(lambda), vec![ALLOW.to_owned(), own(lambda)], false),
        ],
        |(globals, properties, expected)| {
            let properties: Vec<&str> = properties.iter().map(String::as_str).collect();
            let (_, result) = judge(&globals, &properties, "", "");
            let findings = result["findings"].as_array().unwrap();
            let is_open = findings.iter().any(|f| f["lint"] == "open-trust");
            assert_eq!(is_open, expected, "{globals}{properties:?}");
        },
    );
}

#[test]
fn a_policy_on_the_role_that_sam_makes_is_one_of_the_function() {
    let policy = |kind: &str, roles: &str, effect: &str| {
        format!(
            "  P:\n    Type: AWS::IAM::{kind}\n    Properties:\n      {roles}\n      PolicyDocument: {{Version: 2012-10-17, \
             Statement: {{Effect: {effect}, Action: 'sqs:*', Resource: '*'}}}}\n"
        )
    };
    each(
        [
            (
                &[ALLOW][..],
                "Policy",
                "Roles: [!Ref FRole]",
                "Deny",
                "denied",
            ),
            (
                &[ALLOW],
                "ManagedPolicy",
                "Roles: [!Sub '${FRole}']",
                "Deny",
                "denied",
            ),
            (
                &[ALLOW],
                "RolePolicy",
                "RoleName: !Ref FRole",
                "Deny",
                "denied",
            ),
            (&[ALLOW], "Policy", "Roles: [other]", "Deny", "covered"),
            (
                &["Policies: []"],
                "Policy",
                "Roles: [!Ref FRole]",
                "Allow",
                "covered",
            ),
            (&[], "Policy", "Roles: [!Ref FRole]", "Allow", "covered"),
        ],
        |(properties, kind, roles, effect, expected)| {
            let (found, _) = judge("", properties, "", &policy(kind, roles, effect));
            assert_eq!(found, expected, "{properties:?} {kind} {roles} {effect}");
        },
    );
    // SAM makes no role for a function that has one.
    let role = "Role: arn:aws:iam::123456789012:role/other";
    let (found, _) = judge(
        "",
        &[role],
        "",
        &policy("Policy", "Roles: [!Ref FRole]", "Allow"),
    );
    assert_eq!(found, "none");
}

#[test]
fn the_arn_of_the_role_that_sam_makes_has_its_path() {
    let pass = "Policies: [{Version: 2012-10-17, Statement: {Effect: Allow, Action: 'sqs:SendMessage', Resource: \
                !Sub ['arn:aws:sqs:us-east-1:123456789012:${X}', {X: !Select [1, !Split ['/', !GetAtt FRole.Arn]]}]}}]";
    let globals = "Globals: {Function: {RolePath: /queue-a/}}\n";
    assert_eq!(judge(globals, &[pass], "", "").0, "covered");
    assert_eq!(
        judge("", &[pass, "RolePath: /queue-a/"], "", "").0,
        "covered"
    );
    assert_eq!(
        judge(globals, &[pass, "RolePath: /queue-b/"], "", "").0,
        "missing"
    );
}

/// Attributes of the function, and what is beside it; and the connector that is not judged.
const CONNECTORS: &[(&str, &str, Option<&str>)] = &[
    ("", "", None),
    (
        "    Connectors: {C: {Properties: {Destination: {Id: Q}, Permissions: [Write]}}}\n",
        "",
        Some("sam-connector:FC"),
    ),
    (
        "",
        "  C: {Type: 'AWS::Serverless::Connector', Properties: {Source: {Id: F}, Destination: {Id: Q}, Permissions: [Write]}}\n",
        Some("sam-connector:C"),
    ),
    (
        "",
        "  C: {Type: 'AWS::Serverless::Connector', Properties: {Source: {Id: Q}, Destination: {Arn: !GetAtt F.Arn}, Permissions: [Write]}}\n",
        Some("sam-connector:C"),
    ),
    (
        "",
        "  C: {Type: 'AWS::Serverless::Connector', Properties: {Source: {Id: G}, Destination: {Id: Q}, Permissions: [Write]}}\n",
        None,
    ),
];

#[test]
fn what_a_connector_grants_is_not_known() {
    let other = "Policies: [{Version: 2012-10-17, Statement: {Effect: Allow, Action: 's3:GetObject', Resource: '*'}}]";
    each(CONNECTORS, |(attributes, beside, expected)| {
        let beside = format!("  Q: {{Type: 'AWS::SQS::Queue'}}\n{beside}");
        let (found, result) = judge("", &[other], attributes, &beside);
        let unchecked = result["not_checked"].to_string();
        match expected {
            None => {
                assert_eq!(found, "missing", "{beside}");
                assert!(!unchecked.contains("sam-connector"), "{unchecked}");
            }
            Some(name) => {
                assert_eq!(found, "depends", "{attributes}{beside}");
                assert!(unchecked.contains(name), "{unchecked}");
            }
        }
    });
    // The role of a function that is no resource of SAM.
    let text = "Transform: AWS::Serverless-2016-10-31
Resources:
  R:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}}
  G: {Type: 'AWS::Lambda::Function', Properties: {Role: !GetAtt R.Arn}}
  C: {Type: 'AWS::Serverless::Connector', Properties: {Source: {Id: G}, Destination: {Id: Q}, Permissions: [Write]}}
  Q: {Type: 'AWS::SQS::Queue'}
";
    let case = Case::new(&[("t.yaml", text)], REFERENCE);
    let (_, report) = case.lint("t.yaml", &["--select", "R"]);
    assert_eq!(verdict(&report), "depends", "{report}");
}

#[test]
fn a_state_machine_has_a_role_of_its_own() {
    let text = |effect: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31
Resources:
  M:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: x
      {ALLOW}
  P:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: p
      Roles: [!Ref MRole]
      PolicyDocument: {{Version: 2012-10-17, Statement: {{Effect: {effect}, Action: 'sqs:*', Resource: '*'}}}}
"
        )
    };
    each(
        [("Allow", "covered"), ("Deny", "denied")],
        |(effect, expected)| {
            let case = Case::new(&[("t.yaml", &text(effect))], REFERENCE);
            let (run, report) = case.lint("t.yaml", &["--select", "M"]);
            assert_eq!(
                verdict(&report),
                expected,
                "{effect}: {}{}",
                run.out,
                run.err
            );
            assert_ne!(run.code, 2, "{effect}: {}", run.out);
            assert_eq!(report["results"][0]["principal"]["kind"], "role");
        },
    );
}
