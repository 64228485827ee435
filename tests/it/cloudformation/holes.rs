//! Values that are not known: what they allow and deny.

use std::fs;

use serde_json::Value;

use super::{ARN, case, template};
use crate::common::case::verdict;
use crate::common::table::each;

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
fn a_value_is_proposed_only_if_the_action_is_granted_with_it() {
    let allow = "Effect: Allow\nAction: sqs:SendMessage\nResource";
    let deny = "Effect: Allow\nAction: '*'\nResource: '*'\n- Effect: Deny\nAction: sqs:*";
    each(
        [
            (format!("{allow}: !Sub '{ARN}:${{Open}}'"), true),
            (
                format!(
                    "{allow}: '*'\n- Effect: Deny\nAction: sqs:*\nResource: !Sub '{ARN}:${{Open}}'"
                ),
                false,
            ),
            (format!("{deny}\nNotResource: !Sub '{ARN}:${{Open}}'"), true),
            (
                format!("Effect: Allow\nAction: sqs:*\nNotResource: !Sub '{ARN}:${{Open}}'"),
                false,
            ),
        ],
        |(statements, proposed)| {
            let (first, second) = statements.split_once("\n- ").unwrap_or((&statements, ""));
            let second = second.replace('\n', ", ");
            let second = if second.is_empty() {
                second
            } else {
                format!("              - {{{second}}}\n")
            };
            let text = format!("{}{second}", template(first));
            let case = case("t.yaml", &text);
            let (_, result) = case.lint("t.yaml", &[]);
            assert_eq!(verdict(&result), "depends", "{text}");
            let hole = &result["results"][0]["requirements"][0]["holes"][0];
            assert_eq!(
                hole["value"].as_str(),
                proposed.then_some("queue-a"),
                "{text}"
            );
            let bound = case.lint("t.yaml", &["--parameter", "Open=queue-a"]).1;
            assert_eq!(verdict(&bound) == "covered", proposed, "{text}");
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
