//! Messages of runs in which no role, or more than one, is there to be judged.

use super::{ARN, template};
use crate::common::case::Case;
use crate::common::program::run;
use crate::common::table::each;

fn allow() -> String {
    template(&format!(
        "Effect: Allow\nAction: sqs:SendMessage\nResource: {ARN}:queue-a"
    ))
}

fn run_on(text: &str, command: &str, more: &[&str]) -> (i32, String) {
    let case = Case::new(&[("t.yaml", text)], super::REFERENCE);
    let arguments = [
        command,
        "t.yaml",
        "--no-config",
        "--reference",
        "reference.json",
    ];
    let run = run(case.path(), &[&arguments[..], more].concat());
    (run.code, run.err)
}

#[test]
fn a_role_whose_condition_is_false_is_named() {
    let text = allow().replace(
        "Type: AWS::IAM::Role",
        "Type: AWS::IAM::Role\n    Condition: IsB",
    );
    each(["lint", "missing"], |command| {
        let (code, err) = run_on(&text, command, &[]);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains("the condition of `Node` is false"), "{err}");
        assert!(!err.contains("defines no role"), "{err}");
        let (code, err) = run_on(&text, command, &["--parameter", "Queue=queue-b"]);
        assert!(!err.contains("nothing to judge"), "{code} {err}");
    });
    let (code, err) = run_on("Resources:\n  B: {Type: AWS::S3::Bucket}\n", "lint", &[]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("defines no role and no policy"), "{err}");
}

#[test]
fn files_without_roles_are_named_and_can_be_accepted() {
    let nothing = [
        ("t.yaml", "Resources:\n  B: {Type: AWS::S3::Bucket}\n"),
        ("m/main.tf", "resource \"aws_s3_bucket\" \"b\" {}\n"),
        ("d.json", r#"{"UserDetailList": [], "RoleDetailList": []}"#),
        (
            "plan.json",
            r#"{"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {"root_module": {}}, "resource_changes": []}"#,
        ),
    ];
    each(nothing, |(file, text)| {
        let case = Case::new(&[(file, text)], super::REFERENCE);
        let (run, _) = case.lint(file, &[]);
        // A file of a module stands for the module.
        let name = file.strip_suffix("/main.tf").unwrap_or(file);
        let said = format!("nothing to judge: `{name}` defines no role and no policy");
        assert_eq!(run.code, 2, "{file}: {}", run.err);
        assert!(run.err.contains(&said), "{file}: {}", run.err);
        let (run, report) = case.lint(file, &["--allow-empty"]);
        assert_eq!(run.code, 0, "{file}: {}", run.err);
        assert!(run.err.contains(&format!("warning: {said}")), "{}", run.err);
        assert_eq!(report["results"].as_array().map(Vec::len), Some(0));
    });
    // A role that is not made, or a file that cannot be read, is no empty file.
    let unmade = allow().replace(
        "Type: AWS::IAM::Role",
        "Type: AWS::IAM::Role\n    Condition: IsB",
    );
    each([unmade.as_str(), "Resources: [\n"], |text| {
        let case = Case::new(&[("t.yaml", text)], super::REFERENCE);
        let (run, _) = case.lint("t.yaml", &["--allow-empty"]);
        assert_eq!(run.code, 2, "{}", run.err);
    });
}

#[test]
fn a_command_for_one_role_says_how_to_choose_one_of_a_template() {
    let text = format!(
        "{}  User:\n    Type: AWS::IAM::User\n    Properties: {{Policies: [{{PolicyName: p, PolicyDocument: \
         {{Version: 2012-10-17, Statement: {{Effect: Allow, Action: 'sqs:*', Resource: '*'}}}}}}]}}\n",
        allow()
    );
    each(["missing", "tighten"], |command| {
        let (code, err) = run_on(&text, command, &[]);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains("--select NAME: `Node`, `User`"), "{err}");
        assert!(!err.contains("configuration"), "{err}");
        let (code, err) = run_on(&text, command, &["--select", "Node"]);
        assert!(code < 2, "{err}");
    });
}
