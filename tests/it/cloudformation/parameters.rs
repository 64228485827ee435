//! Values of parameters: those that CloudFormation refuses, those that are not known, and lists; and options without an
//! input that they are for.

use std::fs;

use super::{ARN, case, template};
use crate::common::case::{Case, verdict};
use crate::common::table::each;

const MORE: &str = "Parameters:
  Short: {Type: String, MinLength: 3, MaxLength: 5, Default: abc}
  Few: {Type: Number, MinValue: 1, MaxValue: 3, Default: 1, AllowedValues: [1, 2.0, 5]}
  Some: {Type: CommaDelimitedList, AllowedValues: [queue-a, queue-b], Default: 'queue-b,queue-a'}
  Bare: {Type: CommaDelimitedList, AllowedValues: [queue-a, queue-b]}
  Lower: {Type: String, AllowedPattern: '[a-z]+|', Default: ''}
  Many: {Type: CommaDelimitedList, AllowedPattern: '^[a-z]{2,3}$', Default: 'ab, abc'}
  Java: {Type: String, AllowedPattern: '(?!x)[a-z]+', Default: a}
  Flag: {Type: String, AllowedValues: [true, false], Default: 'true'}
";

fn with(resource: &str) -> Case {
    let text = template(&format!(
        "Effect: Allow\nAction: sqs:SendMessage\nResource: {resource}"
    ));
    case("t.yaml", &text.replacen("Parameters:\n", MORE, 1))
}

/// A value, and why it is refused, if it is.
const VALUES: &[(&str, Option<&str>)] = &[
    ("Both=queue-b", None),
    (
        "Both=queue-c",
        Some("`queue-c` is not one of: queue-a, queue-b"),
    ),
    ("Both=", Some("`` is not one of")),
    ("Size=7", None),
    ("Size=x", Some("`x` is not a number")),
    ("Short=abcde", None),
    ("Short=ab", Some("its length is below `MinLength`, 3")),
    ("Short=abcdef", Some("its length is above `MaxLength`, 5")),
    ("Few=2", None),
    ("Few=3", Some("`3` is not one of: 1, 2.0, 5")),
    ("Few=5", Some("it is above `MaxValue`, 3")),
    ("Some=queue-a", None),
    ("Some=queue-a, queue-a", None),
    ("Some=queue-a,queue-c", Some("`queue-c` is not one of")),
    ("Lower=abc", None),
    ("Lower=", None),
    (
        "Lower=abc1",
        Some("`abc1` does not match `AllowedPattern`, `[a-z]+|`"),
    ),
    ("Many=abc,ab", None),
    ("Many=", None),
    (
        "Many=abc,a",
        Some("`a` does not match `AllowedPattern`, `^[a-z]{2,3}$`"),
    ),
    // The crate `regex` does not read this pattern.
    ("Java=x1", None),
    ("Flag=True", None),
    ("Flag=yes", Some("`yes` is not one of: true, false")),
    ("Secret=anything", None),
];

#[test]
fn a_value_that_the_template_does_not_allow_is_refused() {
    let case = with(&format!("{ARN}:queue-a"));
    each(VALUES, |(given, reason)| {
        let (name, value) = given.split_once('=').unwrap();
        let file = serde_json::json!([{"ParameterKey": name, "ParameterValue": value}]);
        fs::write(case.path().join("p.json"), file.to_string()).unwrap();
        for option in [["--parameter", *given], ["--parameters", "p.json"]] {
            let (run, _) = case.lint("t.yaml", &option);
            match reason {
                None => assert_eq!(run.code, 0, "{given}: {}{}", run.out, run.err),
                Some(reason) => {
                    assert_eq!(run.code, 2, "{given}: {}", run.out);
                    let start = format!("cannot use `{given}` for {}: ", option[0]);
                    assert!(run.err.contains(&start), "{given}: {}", run.err);
                    assert!(run.err.contains(reason), "{given}: {}", run.err);
                }
            }
        }
    });
}

/// A parameter with a default, and why it is refused, if it is.
const DEFAULTS: &[(&str, Option<&str>)] = &[
    ("{Type: String, AllowedPattern: '[a-z]+', Default: a}", None),
    (
        "{Type: String, AllowedPattern: '[a-z]+', Default: A}",
        Some("`A` does not match `AllowedPattern`, `[a-z]+`"),
    ),
    (
        "{Type: String, AllowedPattern: '[a-z]+', Default: ''}",
        Some("`` does not match `AllowedPattern`, `[a-z]+`"),
    ),
    (
        "{Type: String, MinLength: 3, Default: ab}",
        Some("its length is below `MinLength`, 3"),
    ),
    (
        "{Type: String, AllowedValues: [a, b], Default: c}",
        Some("`c` is not one of: a, b"),
    ),
    (
        "{Type: String, AllowedValues: ['true', 'false'], Default: true}",
        None,
    ),
    (
        "{Type: 'AWS::SSM::Parameter::Value<String>', AllowedPattern: a, Default: /b}",
        None,
    ),
];

#[test]
fn a_default_that_the_template_does_not_allow_is_refused() {
    each(DEFAULTS, |(parameter, reason)| {
        let text = template(&format!(
            "Effect: Allow\nAction: sqs:SendMessage\nResource: {ARN}:queue-a"
        ));
        let more = format!("Parameters:\n  Own: {parameter}\n");
        let case = case("t.yaml", &text.replacen("Parameters:\n", &more, 1));
        let (run, value) = case.lint("t.yaml", &[]);
        let code = if reason.is_some() { 2 } else { 0 };
        assert_eq!(run.code, code, "{parameter}: {}{}", run.out, run.err);
        let reason = reason.unwrap_or_default();
        assert!(value.to_string().contains(reason), "{parameter}: {value}");
        // A value that is given is judged in the place of the default.
        let (run, _) = case.lint("t.yaml", &["--parameter", "Own=b"]);
        assert!(
            !run.out.contains("the default of"),
            "{parameter}: {}",
            run.out
        );
    });
}

/// The name of a queue, a parameter with its value in a file, and the verdict.
const UNKNOWN: &[(&str, &str, &str)] = &[
    ("${Queue}", r#""ParameterValue": "queue-a""#, "covered"),
    ("${Queue}", r#""UsePreviousValue": true"#, "depends"),
    (
        "${Queue}",
        r#""UsePreviousValue": false, "ParameterValue": "queue-a""#,
        "covered",
    ),
    ("${Both}", r#""UsePreviousValue": true"#, "missing"),
    // The value is the name of a parameter in Systems Manager.
    ("${Secret}", r#""ParameterValue": "queue-a""#, "depends"),
    ("${Secret}", r#""ParameterValue": "queue-b""#, "depends"),
];

#[test]
fn the_value_of_a_stack_or_of_systems_manager_is_not_known() {
    each(UNKNOWN, |(queue, value, expected)| {
        let name = queue.trim_matches(['$', '{', '}']);
        let case = with(&format!("!Sub '{ARN}:{queue}'"));
        let file = format!(r#"[{{"ParameterKey": "{name}", {value}}}]"#);
        fs::write(case.path().join("p.json"), file).unwrap();
        let (run, result) = case.lint("t.yaml", &["--parameters", "p.json"]);
        assert_eq!(verdict(&result), *expected, "{queue} {value}: {}", run.err);
        let (_, given) = case.lint("t.yaml", &["--parameter", &format!("{name}=queue-a")]);
        if name != "Secret" {
            assert_eq!(verdict(&given), "covered", "{queue}");
        }
    });
}

/// An element of a list, what is given, and the verdict.
const LISTS: &[(&str, &str, &str)] = &[
    ("!Select [1, !Ref Some]", "", "missing"),
    ("!Select [1, !Ref Some]", "Some=queue-b,queue-a", "covered"),
    ("!Select [1, !Ref Some]", "Some=queue-a,queue-b", "missing"),
    ("!Select [0, !Ref Bare]", "", "missing"),
    ("!Select [0, !Ref Bare]", "Bare=queue-a,queue-b", "covered"),
];

#[test]
fn the_items_of_a_list_are_those_that_it_allows() {
    each(LISTS, |(element, given, expected)| {
        let case = with(&format!("!Sub ['{ARN}:${{X}}', {{X: {element}}}]"));
        let given = [["--parameter", *given]].concat();
        let given = if given[1].is_empty() {
            &[][..]
        } else {
            &given[..]
        };
        let (run, result) = case.lint("t.yaml", given);
        assert_eq!(verdict(&result), *expected, "{element}: {}", run.err);
        assert_ne!(run.code, 2, "{element}: {}", run.out);
    });
}

/// An option with its value, and why it is refused for a plain policy, for a template and for a module.
const OPTIONS: &[(&str, &str, [&str; 3])] = &[
    ("--parameter", "A=b", ["no input is a template", "", ""]),
    ("--parameters", "p.json", ["no input is a template", "", ""]),
    (
        "--plan",
        "plan.json",
        [
            "no input is a Terraform module",
            "no input is a Terraform module",
            "",
        ],
    ),
];

#[test]
fn an_option_without_an_input_that_it_is_for_is_refused() {
    let policy = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}}"#;
    let module = format!(
        "resource \"aws_iam_role\" \"r\" {{\n  assume_role_policy = jsonencode({{ Statement = [{{ Effect = \"Allow\", Action = \"sts:AssumeRole\", \
         Principal = {{ Service = \"ec2.amazonaws.com\" }} }}] }})\n  inline_policy {{\n    name   = \"p\"\n    policy = <<E\n{policy}\nE\n  }}\n}}\n"
    );
    let allow = template(&format!(
        "Effect: Allow\nAction: sqs:SendMessage\nResource: {ARN}:queue-a"
    ));
    let files = [
        ("policy.json", policy),
        ("t.yaml", allow.as_str()),
        ("m/main.tf", module.as_str()),
        ("p.json", "{\"Parameters\": {\"A\": \"b\"}}"),
        (
            "plan.json",
            "{\"format_version\": \"1.2\", \"planned_values\": {\"root_module\": {}}}",
        ),
    ];
    let case = Case::new(&files, super::REFERENCE);
    each(OPTIONS, |(option, value, reasons)| {
        for (input, reason) in ["policy.json", "t.yaml", "m"].into_iter().zip(reasons) {
            let (run, _) = case.lint(input, &[option, value]);
            let start = format!("cannot use `{value}` for {option}: ");
            let is_refused = run.err.contains(&start);
            assert_eq!(
                is_refused,
                !reason.is_empty(),
                "{option} {input}: {}",
                run.err
            );
            assert!(run.err.contains(reason), "{option} {input}: {}", run.err);
            assert!(!is_refused || run.code == 2, "{option} {input}");
        }
    });
    let arguments = [
        "lint",
        "policy.json",
        "--reference",
        "reference.json",
        "--root",
        ".",
    ];
    let run = crate::common::program::run(case.path(), &arguments);
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("there is no configuration"), "{}", run.err);
}
