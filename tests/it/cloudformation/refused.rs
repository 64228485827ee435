//! What CloudFormation refuses of a template: each is reported at its place, with exit code 2.

use super::{ARN, template};
use crate::common::case::Case;
use crate::common::table::each;

/// The policy of the role as another inline policy.
const SECOND: &str = "      Policies:
        - {PolicyName: NAME, PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: 'sqs:ListQueues', Resource: '*'}}}
";

/// The same policy as a resource of its own.
const OWN: &str = "  Own:
    Type: AWS::IAM::RolePolicy
    Properties: {RoleName: !Ref Node, PolicyName: NAME, PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: 'sqs:ListQueues', Resource: '*'}}}
";

/// What is written in the place of what, and the text at the place of the finding with a part of its message; nothing where
/// CloudFormation accepts it.
const NAMES: &[(&str, &str, &str, Option<(&str, &str)>)] = &[
    ("      Policies:\n", SECOND, "q", None),
    (
        "      Policies:\n",
        SECOND,
        "p",
        Some(("p", "two policies of one list have the name `p`")),
    ),
    (
        "      Policies:\n",
        SECOND,
        "!Sub p",
        Some(("p", "two policies of one list have the name `p`")),
    ),
    // Which of the two is deployed depends on a condition.
    (
        "        - PolicyName: p\n",
        "        - !If [IsOpen, {PolicyName: p, PolicyDocument: {Version: 2012-10-17, Statement: []}}, !Ref 'AWS::NoValue']\n        - PolicyName: p\n",
        "p",
        None,
    ),
    ("Resources:\n", OWN, "q", None),
    (
        "Resources:\n",
        OWN,
        "p",
        Some(("{Version", "is also the name of another inline policy")),
    ),
];

fn check(text: &str, what: &str, expected: Option<(&str, &str)>) {
    let case = Case::new(&[("t.yaml", text)], super::REFERENCE);
    let (run, result) = case.lint("t.yaml", &[]);
    let findings = result["results"][0]["findings"].as_array().unwrap();
    let refused: Vec<_> = { findings.iter() }
        .filter(|f| f["lint"] == "unresolved" && f["severity"] == "error")
        .collect();
    let Some((place, message)) = expected else {
        assert!(refused.is_empty(), "{what}: {refused:?}");
        return;
    };
    assert_eq!(run.code, 2, "{what}: {}", run.out);
    let [finding] = refused.as_slice() else {
        panic!("{what}: {findings:?}");
    };
    let said = finding["message"].as_str().unwrap();
    assert!(said.contains(message), "{what}: {said}");
    let byte = |name: &str| finding["region"][name].as_u64().unwrap() as usize;
    let slice = &text[byte("start_byte")..byte("end_byte")];
    assert!(slice.starts_with(place), "{what}: {slice}");
}

fn allow() -> String {
    template(&format!(
        "Effect: Allow\nAction: sqs:SendMessage\nResource: {ARN}:queue-a"
    ))
}

#[test]
fn two_inline_policies_of_one_name() {
    each(NAMES, |(old, new, name, expected)| {
        let new = new.replace("NAME", name);
        let kept = if *old == "Resources:\n" { old } else { "" };
        let text = allow().replacen(old, &format!("{kept}{new}"), 1);
        check(&text, &new, *expected);
    });
}

const DOCUMENT: &str = "PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: 'sqs:ListQueues', Resource: '*'}}";

/// A resource of a template, and what is reported, as above.
const RESOURCES: &[(&str, Option<(&str, &str)>)] = &[
    (
        "{Type: 'AWS::IAM::AccessKey', Properties: {UserName: x}}",
        None,
    ),
    (
        "{Type: 'AWS::IAM::Policy', Properties: {PolicyName: q, Roles: [!Ref Node], DOCUMENT}}",
        None,
    ),
    (
        "{Type: 'AWS::IAM::Policy', Properties: {Roles: [!Ref Node], DOCUMENT}}",
        Some(("AWS::IAM::Policy", "`Own` has no `PolicyName`")),
    ),
    (
        "{Type: 'AWS::IAM::Policy', Properties: {PolicyName: q, DOCUMENT}}",
        Some((
            "AWS::IAM::Policy",
            "`Own` has none of: Groups, Roles, Users",
        )),
    ),
    (
        "{Type: 'AWS::IAM::RolePolicy', Properties: {PolicyName: q, DOCUMENT}}",
        Some(("AWS::IAM::RolePolicy", "`Own` has no `RoleName`")),
    ),
    (
        "{Type: 'AWS::IAM::ManagedPolicy', Properties: {Roles: [!Ref Node]}}",
        Some(("Own", "no `PolicyDocument` in `Own`")),
    ),
    (
        "{Type: 'AWS::IAM::InstanceProfile'}",
        Some(("AWS::IAM::InstanceProfile", "`Own` has no `Roles`")),
    ),
    (
        "{Type: 'AWS::IAM::Polcy', Properties: {PolicyName: q, Roles: [!Ref Node], DOCUMENT}}",
        Some((
            "AWS::IAM::Polcy",
            "`AWS::IAM::Polcy` is not a type of resource",
        )),
    ),
    ("{Type: 'Mine::IAM::Thing::MODULE'}", None),
];

#[test]
fn a_resource_without_a_required_property_or_of_no_type() {
    each(RESOURCES, |(resource, expected)| {
        let resource = resource.replace("DOCUMENT", DOCUMENT);
        let new = format!("Resources:\n  Own: {resource}\n");
        check(&allow().replacen("Resources:\n", &new, 1), &new, *expected);
    });
}

/// What is written in the place of what, and what is reported, as above.
const ROLES: &[(&str, &str, Option<(&str, &str)>)] = &[
    (
        "      AssumeRolePolicyDocument: ",
        "      Tags: [{Key: a, Value: b}]\n      # ",
        Some(("AWS::IAM::Role", "`Node` has no `AssumeRolePolicyDocument`")),
    ),
    (
        "PolicyName: p\n          PolicyDocument:",
        "PolicyDocument:",
        Some(("PolicyDocument", "no `PolicyName` in this policy")),
    ),
    (
        "AWS::IAM::Role\n",
        "AWS::IAM::Roles\n",
        Some((
            "AWS::IAM::Roles",
            "`AWS::IAM::Roles` is not a type of resource",
        )),
    ),
];

#[test]
fn a_role_without_a_required_property_or_of_no_type() {
    each(ROLES, |(old, new, expected)| {
        let text = allow();
        assert!(text.contains(old), "{old}");
        check(&text.replacen(old, new, 1), new, *expected);
    });
}

#[test]
fn an_alias_is_a_warning_unless_the_tools_of_sam_write_it_out() {
    let alias = "Metadata: {A: &a [x], B: *a, C: *a}\n";
    let sam = "Transform: AWS::Serverless-2016-10-31\n";
    each(
        [
            (String::new(), false),
            (alias.to_owned(), true),
            (format!("{sam}{alias}"), false),
        ],
        |(head, is_reported)| {
            let text = format!("{head}{}", allow().trim_start());
            let case = Case::new(&[("t.yaml", &text)], super::REFERENCE);
            let (run, result) = case.lint("t.yaml", &[]);
            assert_eq!(run.code, 0, "{head}: {}", run.out);
            let findings = result["results"][0]["findings"].as_array().unwrap();
            let found = findings.iter().find(|f| f["lint"] == "unresolved");
            assert_eq!(found.is_some(), is_reported, "{head}: {findings:?}");
            if let Some(found) = found {
                assert_eq!(found["severity"], "warning");
                let said = found["message"].as_str().unwrap();
                assert!(said.contains("the first of 2"), "{said}");
                let start = found["region"]["start_byte"].as_u64().unwrap() as usize;
                assert!(text[start..].starts_with("*a"), "{}", &text[start..]);
            }
        },
    );
}
