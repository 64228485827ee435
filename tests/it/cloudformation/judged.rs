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
