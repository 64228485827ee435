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

/// What is written in the place of what, and what is reported, see `NAMES`.
type Change = (
    &'static str,
    &'static str,
    Option<(&'static str, &'static str)>,
);

fn check_all(rows: &[Change]) {
    each(rows, |(old, new, expected)| {
        check(&replaced(&allow(), old, new), new, *expected);
    });
}

/// A template with another text in the place of one that it has.
fn replaced(template: &str, old: &str, new: &str) -> String {
    assert!(template.contains(old), "{old}");
    template.replacen(old, new, 1)
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
        let text = replaced(&allow(), old, &format!("{kept}{new}"));
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
        check(&replaced(&allow(), "Resources:\n", &new), &new, *expected);
    });
}

/// What is written in the place of what, and what is reported, as above.
const ROLES: &[Change] = &[
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
    check_all(ROLES);
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

/// What is written in the place of what, and what is reported, as above.
const WHOLE: &[Change] = &[
    (
        "Resources:\n",
        "Resource: {}\nResources:\n",
        Some(("Resource", "`Resource` is not a section")),
    ),
    ("Resources:\n", "Hooks: {}\nResources:\n", None),
    ("Resources:\n", "Constants: {}\nResources:\n", None),
    (
        "Resources:\n",
        "Globals: {}\nResources:\n",
        Some(("Globals", "`Globals` is not a section")),
    ),
    (
        "Resources:\n",
        "Transform: AWS::Serverless-2016-10-31\nGlobals: {}\nResources:\n",
        None,
    ),
    (
        "'2010-09-09'",
        "'2012-10-17'",
        Some(("2012-10-17", "is not a version")),
    ),
    ("'2010-09-09'", "2010-09-09", None),
    (
        "  Made:\n",
        "  My-Queue: {Type: 'AWS::SQS::Queue'}\n  Made:\n",
        Some(("My-Queue", "`My-Queue` is not alphanumeric")),
    ),
    (
        "  Open: {Type: String}\n",
        "  Open: {Type: String}\n  My_Name: {Type: String}\n",
        Some(("My_Name", "`My_Name` is not alphanumeric")),
    ),
    (
        "  Open: {Type: String}\n",
        "  Open: {Type: String}\n  None: {Default: x}\n",
        Some(("None", "the parameter `None` has no `Type`")),
    ),
    (
        "    Type: AWS::IAM::Role\n",
        "    Type: AWS::IAM::Role\n    DeletionPolicy: Keep\n",
        Some(("Keep", "`Keep` is not a value of `DeletionPolicy`")),
    ),
    (
        "    Type: AWS::IAM::Role\n",
        "    Type: AWS::IAM::Role\n    DeletionPolicy: RetainExceptOnCreate\n",
        None,
    ),
    (
        "    Type: AWS::IAM::Role\n",
        "    Type: AWS::IAM::Role\n    UpdateReplacePolicy: RetainExceptOnCreate\n",
        Some(("RetainExceptOnCreate", "of `UpdateReplacePolicy`")),
    ),
    (
        "  Made:\n",
        "  Fun: {Type: 'AWS::Serverless::Function', Properties: {Role: !GetAtt Node.Arn}}\n  Made:\n",
        Some((
            "AWS::Serverless::Function",
            "is a type of SAM, and the template is not",
        )),
    ),
    // A macro that is not known may change all of this.
    (
        "Resources:\n",
        "Transform: Mine\nResource: {}\nResources:\n",
        Some(("Mine", "the macro `Mine`")),
    ),
];

#[test]
fn faults_of_the_whole_template() {
    check_all(WHOLE);
}

const NOTHING: &str = "`Nothing` is not defined in the template";
const NO_CONDITION: &str = "the condition `Nothing` is not defined in the template";

/// What is written in the place of what, and what is reported, as above.
const UNDEFINED: &[Change] = &[
    (
        "  Made:\n",
        "  Made:\n    DependsOn: Nothing\n",
        Some(("Nothing", NOTHING)),
    ),
    (
        "  Made:\n",
        "  Made:\n    DependsOn: [Sent, Nothing]\n",
        Some(("Nothing", NOTHING)),
    ),
    (
        "  Made:\n",
        "  Made:\n    DependsOn: Open\n",
        Some(("Open", "`Open` is a parameter, not a resource")),
    ),
    (
        "  Made:\n",
        "  Made:\n    Properties: {QueueName: !Ref Nothing}\n",
        Some(("Nothing", NOTHING)),
    ),
    (
        "  Made:\n",
        "  Made:\n    Properties: {QueueName: !Sub 'a-${Nothing}-${!Nothing}'}\n",
        Some(("${Nothing}", NOTHING)),
    ),
    (
        "  Made:\n",
        "  Made:\n    Properties: {QueueName: !Sub ['a-${Nothing.Arn}-${Map}', {Map: x}]}\n",
        Some(("${Nothing.Arn}", NOTHING)),
    ),
    (
        "  Made:\n",
        "  Made:\n    Properties: {QueueName: !If [IsB, !Ref Nothing, a]}\n",
        Some(("Nothing", NOTHING)),
    ),
    (
        "  Made:\n",
        "  Made:\n    Properties: {QueueName: !If [Nothing, a, b]}\n",
        Some(("Nothing", NO_CONDITION)),
    ),
    (
        "  Made:\n",
        "  Made:\n    Condition: Nothing\n",
        Some(("Nothing", NO_CONDITION)),
    ),
    (
        "  Made:\n",
        "  Made:\n    Metadata: {Note: !Ref Nothing}\n",
        None,
    ),
    (
        "Resources:\n",
        "Outputs: {Out: {Value: !Ref Nothing}}\nResources:\n",
        Some(("Nothing", NOTHING)),
    ),
    (
        "Resources:\n",
        "Outputs: {Out: {Value: !GetAtt Nothing.Arn}}\nResources:\n",
        Some(("Nothing.Arn", NOTHING)),
    ),
    (
        "Resources:\n",
        "Outputs: {Out: {Condition: Nothing, Value: !Ref AWS::StackId}}\nResources:\n",
        Some(("Nothing", NO_CONDITION)),
    ),
    (
        "Resources:\n",
        "Outputs: {Out: {Value: !Ref AWS::Stack}}\nResources:\n",
        Some(("AWS::Stack", "`AWS::Stack` is not defined in the template")),
    ),
    (
        "  IsA:",
        "  Unused: !Equals [!Ref Nothing, a]\n  IsA:",
        Some(("Nothing", NOTHING)),
    ),
    (
        "  IsA:",
        "  Unused: !Not [!Condition Nothing]\n  IsA:",
        Some(("Nothing", NO_CONDITION)),
    ),
    (
        "  IsA:",
        "  Unused: !Equals [!Ref Sent, a]\n  IsA:",
        Some(("Sent", "a condition cannot refer to a resource, `Sent`")),
    ),
    (
        "  IsA:",
        "  One: !Not [!Condition Two]\n  Two: !Not [{Condition: One}]\n  IsA:",
        Some(("!Not", "the condition `One` refers to itself")),
    ),
    // Other resources are made of these.
    (
        "  Made:\n",
        "  Mod: {Type: 'Mine::S3::Bucket::MODULE'}\n  Made:\n    DependsOn: ModBucket\n",
        None,
    ),
    (
        "  Made:\n",
        "  Made:\n    Properties: {QueueName: {Rain::Constant: x}}\n    DependsOn: ModBucket\n",
        None,
    ),
    (
        "Resources:\n",
        "Transform: AWS::Serverless-2016-10-31\nOutputs: {Out: {Value: !Ref ServerlessRestApi}, Role: {Value: !GetAtt FunRole.Arn}, Q: {Value: !Ref Dlq}}\nResources:\n  Fun: {Type: 'AWS::Serverless::Function', Properties: {Events: {E: {DeadLetterConfig: {Type: SQS, QueueLogicalId: Dlq}}}}}\n",
        None,
    ),
];

#[test]
fn names_that_nothing_defines() {
    check_all(UNDEFINED);
}

#[test]
fn a_template_without_roles_is_not_refused() {
    let text = "Resources: {Q: {Type: 'AWS::SQS::Queue', DependsOn: Nothing}}\n";
    let case = Case::new(&[("a.yaml", &allow()), ("q.yaml", text)], super::REFERENCE);
    let (run, _) = case.lint("a.yaml", &["q.yaml"]);
    assert_eq!(run.code, 0, "{}", run.out);
}

/// Properties of the role or another resource, and what is reported, as above.
const VALUES: &[(&str, &str, Option<(&str, &str)>)] = &[
    ("RoleName: hpc", "", None),
    (
        "RoleName: hpc role",
        "",
        Some(("hpc role", "`RoleName` contains ` `")),
    ),
    (
        "RoleName: !Sub '${AWS::StackName}/x'",
        "",
        Some(("${AWS", "`RoleName` contains `/`")),
    ),
    (
        "RoleName: LONG",
        "",
        Some(("xxx", "`RoleName` has 65 characters, and IAM takes 64")),
    ),
    (
        "RoleName: !Sub '${AWS::StackName}-LONG'",
        "",
        Some(("${AWS", "`RoleName` has at least 66 characters")),
    ),
    // One of the values is allowed.
    ("Path: !Ref Mixed", "", None),
    (
        "Path: parallelcluster",
        "",
        Some(("parallelcluster", "`Path` does not begin and end with `/`")),
    ),
    ("Path: /parallelcluster/", "", None),
    (
        "MaxSessionDuration: 100",
        "",
        Some((
            "100",
            "`MaxSessionDuration` is 100, and IAM takes 3600 to 43200",
        )),
    ),
    (
        "ManagedPolicyArns: ['arn:aws:iam::aws:policy/A', 'arn:aws:iam::aws:policy/B', 'arn:aws:iam::aws:policy/A']",
        "",
        Some(("arn:aws:iam::aws:policy/A", "twice")),
    ),
    (
        "ManagedPolicyArns: [!If [IsOpen, 'arn:aws:iam::aws:policy/A', 'arn:aws:iam::aws:policy/B'], 'arn:aws:iam::aws:policy/A', !Ref 'AWS::NoValue', !Ref 'AWS::NoValue']",
        "",
        None,
    ),
    (
        "",
        "{Type: 'AWS::IAM::InstanceProfile', Properties: {Roles: [!Ref Node, other]}}",
        Some(("[!Ref Node", "`Roles` takes 1, and this has 2")),
    ),
    (
        "",
        "{Type: 'AWS::IAM::InstanceProfile', Properties: {Roles: [!If [IsOpen, a, b], !Ref Node, !Ref AWS::NoValue]}}",
        None,
    ),
    (
        "",
        "{Type: 'AWS::IAM::InstanceProfile', Condition: IsB, Properties: {Roles: [!Ref Node, other]}}",
        None,
    ),
];

#[test]
fn values_that_iam_refuses() {
    each(VALUES, |(property, resource, expected)| {
        let mut text = allow();
        let long = "x".repeat(65);
        let new = property.replace("LONG", &long);
        if !new.is_empty() {
            let old = "      Policies:\n";
            text = replaced(&text, old, &format!("      {new}\n{old}"));
        }
        if !resource.is_empty() {
            let own = format!("Resources:\n  Own: {resource}\n");
            text = replaced(&text, "Resources:\n", &own);
        }
        let parameter = "Parameters:\n  Mixed: {Type: String, Default: x, AllowedValues: [x, /]}\n";
        text = replaced(&text, "Parameters:\n", parameter);
        check(&text, property, *expected);
    });
}
