//! The two sides of a comparison: files, templates, revisions of Git; and their faults.

use serde_json::json;

use super::{actions, allow, diff, policy, template};
use crate::common::project::Project;
use crate::common::table::each;

#[test]
fn templates_are_compared_by_their_roles() {
    let one = policy(json!([allow(&["s3:GetObject", "sqs:*"], "*")]));
    let two = policy(json!([allow(
        &["s3:GetObject", "sqs:*", "s3:PutObject"],
        "*"
    )]));
    let none = json!({});
    let arn = |name: &str| json!({"ManagedPolicyArns": [format!("arn:aws:iam::{name}")]});
    let project = Project::new(&[
        ("one.json", &one),
        ("one.template.json", &template(&one, none.clone())),
        ("two.template.json", &template(&two, none.clone())),
        (
            "admin.template.json",
            &template(&one, arn("aws:policy/AdministratorAccess")),
        ),
        (
            "own.template.json",
            &template(&one, arn("123456789012:policy/ours")),
        ),
    ]);
    let run = diff(&project, &["one.json", "one.template.json", "-f", "json"]);
    assert_eq!(
        (run.code, run.json()["roles"].as_array().unwrap().len()),
        (0, 0),
        "{}",
        run.out
    );
    let run = diff(
        &project,
        &["one.template.json", "two.template.json", "-f", "json"],
    );
    assert_eq!(actions(&run, "gained"), ["s3:PutObject"]);
    assert_eq!(run.json()["roles"][0]["principal"], "HeadNode");
    // A policy that is attached and whose text is not known is not passed over.
    let run = diff(
        &project,
        &["one.template.json", "own.template.json", "-f", "json"],
    );
    assert_eq!(run.code, 2, "{}", run.out);
    assert!(run.out.contains("policy/ours"), "{}", run.out);
    let run = diff(
        &project,
        &["one.template.json", "admin.template.json", "-f", "json"],
    );
    let is_known = run.code == 0 && !actions(&run, "gained").is_empty();
    assert!(is_known || run.code == 2, "{}", run.out);
}

#[test]
fn a_side_may_be_in_git() {
    let old = policy(json!([allow(&["sqs:SendMessage"], "*")]));
    let new = policy(json!([allow(&["sqs:SendMessage", "sqs:GetQueueUrl"], "*")]));
    let project = Project::new(&[
        ("iam/a.json", &old),
        ("iam/deep/b.json", &old),
        ("iam/note.json", "{}"),
    ]);
    std::fs::remove_dir(project.path(".git")).unwrap();
    project.git(&["init", "-q"]);
    project.git(&["add", "."]);
    project.git(&["commit", "-q", "-m", "first"]);
    each(
        [
            ("git:HEAD:iam", "iam"),
            ("git:HEAD:iam/", "git:HEAD:iam"),
            ("git:HEAD:iam/a.json", "iam/a.json"),
            ("git:HEAD:", "git:HEAD:"),
        ],
        |(old, new)| {
            let run = diff(&project, &[old, new, "-f", "json"]);
            assert_eq!(
                (run.code, run.json()["roles"].as_array().map(Vec::len)),
                (0, Some(0)),
                "{old} {new} {}",
                run.out
            );
            assert_eq!(
                run.json()["same"],
                if old.ends_with("a.json") { 1 } else { 2 }
            );
        },
    );
    project.write("iam/a.json", &new);
    std::fs::remove_file(project.path("iam/deep/b.json")).unwrap();
    let run = diff(
        &project,
        &["git:HEAD:iam", "iam", "-f", "json", "--fail-on", "gained"],
    );
    assert_eq!(
        (run.code, actions(&run, "gained")),
        (1, vec!["sqs:GetQueueUrl".to_owned()])
    );
    assert_eq!(actions(&run, "lost"), ["sqs:SendMessage"]);
    let run = diff(
        &project,
        &["git:HEAD:iam", "iam", "-f", "json", "--together"],
    );
    assert_eq!(actions(&run, "gained"), ["sqs:GetQueueUrl"]);
    assert!(actions(&run, "lost").is_empty(), "{}", run.out);
    each(
        [
            "git:--output=x:iam/a.json",
            "git:-h:iam",
            "git:HEAD:--help",
            "git::iam/a.json",
            "git:HEAD",
            "git:nothing:iam",
            "git:HEAD:iam/none.json",
            "git:$(touch x):iam",
            "none.json",
        ],
        |side| {
            let run = diff(&project, &[side, "iam"]);
            assert_eq!(run.code, 2, "{side}: {}{}", run.out, run.err);
        },
    );
    assert!(!project.path("x").exists());
}

/// A policy with more than so many characters.
fn long(length: usize) -> String {
    let actions: Vec<String> = (0..length / 10).map(|n| format!("s3:A{n:05}")).collect();
    policy(json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]))
}

/// The same as a managed policy, as the AWS CLI prints one.
fn managed(version: &str, length: usize) -> String {
    let document = long(length).replace("2012-10-17", version);
    format!(
        "{{\"PolicyVersion\": {{\"VersionId\": \"v1\", \"IsDefaultVersion\": true, \"Document\": {document}}}}}"
    )
}

#[test]
fn faults_of_a_side_are_reported() {
    let good = policy(json!([allow(&["sqs:SendMessage"], "*")]));
    let project = Project::new(&[
        ("good.json", &good),
        (
            "broken.json",
            "{\"Version\": \"2012-10-17\", \"Statement\": [",
        ),
        (
            "odd.json",
            &policy(json!([{"Effect": "Permit", "Action": "s3:*", "Resource": "*"}])),
        ),
        ("empty/note.txt", "nothing"),
        ("long.json", &long(10_000)),
        ("managed.json", &managed("2012-10-17", 6_000)),
        ("managed-old.json", &managed("2008-10-17", 10)),
    ]);
    each(
        [
            ("good.json", "long.json"),
            ("managed.json", "good.json"),
            ("good.json", "managed-old.json"),
            ("good.json", "broken.json"),
            ("broken.json", "good.json"),
            ("good.json", "odd.json"),
            ("empty", "empty"),
        ],
        |(old, new)| {
            for format in ["text", "json", "markdown"] {
                let run = diff(&project, &[old, new, "-f", format]);
                assert_eq!(run.code, 2, "{old} {new} {format}: {}{}", run.out, run.err);
            }
        },
    );
}

#[test]
fn foreign_text_does_not_act() {
    let evil = "x\n::error::a\u{1b}[31m `|<script>@team</script> [a](b) \u{202e}";
    let base = policy(json!([]));
    let new = policy(
        json!([{"Effect": "Allow", "Action": ["sqs:SendMessage", format!("odd:{evil}")],
        "Resource": format!("arn:aws:sqs:us-east-1:123456789012:{evil}"),
        "Condition": {"StringEquals": {format!("aws:PrincipalTag/{evil}"): evil}}}]),
    );
    let project = Project::new(&[("old.json", &base), ("new.json", &new)]);
    each(["text", "json", "markdown"], |format| {
        let run = diff(&project, &["old.json", "new.json", "-f", format]);
        assert!(
            !run.out.contains(['\u{1b}', '\u{202e}']),
            "{format}: {}",
            run.out
        );
        assert!(
            !run.out.lines().any(|l| l.trim_start().starts_with("::")),
            "{format}"
        );
        if format == "markdown" {
            for act in ["<script", "@team", "[a]", "`"] {
                assert!(!run.out.contains(act), "{act}: {}", run.out);
            }
        }
    });
}
