//! Elements of the lists of a dump without the dump around them.

use serde_json::{Value, json};

use super::{DESCRIBE, SEND, document, lint_files, managed, of, role};
use crate::common::table::each;

/// The verdicts of a principal, row by row.
fn rows(output: &Value, name: &str) -> Vec<String> {
    let rows = of(output, name)["requirements"].as_array().unwrap();
    rows.iter()
        .map(|row| row["verdict"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn roles_in_a_list_are_judged_one_by_one() {
    let all = [
        role("A", &[document(&[SEND])], &[]),
        role("B", &[document(&[DESCRIBE])], &[]),
    ];
    let lines: Vec<String> = all.iter().map(Value::to_string).collect();
    each(
        [
            json!(all).to_string(),
            format!(" {:#}\n", json!(all)),
            lines.join("\n"),
        ],
        |text| {
            let run = lint_files(&[("d.json", text.clone())], &["-f", "json"]);
            assert_eq!(run.code, 1, "{text} {}", run.err);
            let output: Value = serde_json::from_str(&run.out).unwrap();
            assert_eq!(rows(&output, "A"), ["covered", "missing"]);
            assert_eq!(rows(&output, "B"), ["missing", "covered"]);
        },
    );
    // One element has the policies of one role.
    let one = json!([role("A", &[document(&[SEND]), document(&[DESCRIBE])], &[])]);
    let run = lint_files(&[("d.json", one.to_string())], &[]);
    assert_eq!(run.code, 0, "{}", run.out);
}

#[test]
fn users_and_managed_policies_in_a_list_are_judged_one_by_one() {
    let user = |name: &str, action: &str| {
        json!({"UserName": name, "Arn": format!("arn:aws:iam::123456789012:user/{name}"), "GroupList": [],
            "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document(&[action])}], "AttachedManagedPolicies": []})
    };
    let policy = |name: &str, action: &str| managed(name, &[document(&[action])]);
    let both = |of: &dyn Fn(&str, &str) -> Value| json!([of("A", SEND), of("B", DESCRIBE)]);
    each([both(&user), both(&policy)], |list| {
        let run = lint_files(&[("d.json", list.to_string())], &["-f", "json"]);
        assert_eq!(run.code, 1, "{list} {}", run.err);
        let output: Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!(rows(&output, "A"), ["covered", "missing"]);
        assert_eq!(rows(&output, "B"), ["missing", "covered"]);
    });
}

#[test]
fn a_list_with_a_role_and_something_else_is_refused_at_its_place() {
    let other = json!({"PolicyName": "p", "PolicyDocument": document(&[DESCRIBE])});
    let text = format!("[{},\n{other}]", role("A", &[document(&[SEND])], &[]));
    let run = lint_files(&[("d.json", text)], &["-f", "concise"]);
    assert_eq!(run.code, 2, "{}", run.out);
    assert!(
        run.out.contains("d.json:2:1: error[invalid-json]"),
        "{}",
        run.out
    );
    assert!(
        run.out.contains("details of users, groups and roles"),
        "{}",
        run.out
    );
}
