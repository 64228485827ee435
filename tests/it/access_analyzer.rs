//! The checks of IAM Access Analyzer: each code has a lint that its example fires, or a reason why none has it.
//!
//! `PCLUSTER_IAM_WRITE_FIXTURES=1 cargo test --test it access_analyzer::` writes `docs/access-analyzer.md` anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use crate::common::role;
use pcluster_iam::lints;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    check: Vec<Check>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    code: String,
    kind: String,
    lint: Option<String>,
    reason: Option<String>,
    statement: Option<String>,
    policy: Option<String>,
    made: Option<String>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn checks() -> Vec<Check> {
    let text = fs::read_to_string(root().join("rules/access-analyzer.toml")).unwrap();
    toml::from_str::<Table>(&text).unwrap().check
}

#[test]
fn each_code_has_a_lint_with_an_example_or_a_reason() {
    let checks = checks();
    let codes: BTreeSet<&str> = checks.iter().map(|c| c.code.as_str()).collect();
    assert_eq!(codes.len(), checks.len(), "a code stands twice");
    let of = |kind: &str| checks.iter().filter(|c| c.kind == kind).count();
    // As the page had them when the table was made.
    let kinds = ["error", "security-warning", "warning", "suggestion"];
    assert_eq!(kinds.map(of), [79, 19, 26, 29]);
    for check in &checks {
        let examples = [&check.statement, &check.policy, &check.made];
        let examples = examples.into_iter().flatten().count();
        match (&check.lint, &check.reason) {
            (Some(lint), None) => {
                assert!(lints::find(lint).is_some(), "{}: {lint}", check.code);
                assert_eq!(examples, 1, "{}", check.code);
            }
            (None, Some(reason)) => {
                assert!(!reason.is_empty() && examples == 0, "{}", check.code);
            }
            _ => panic!("{}: a lint or a reason", check.code),
        }
    }
}

#[test]
fn each_example_fires_its_lint() {
    let mut silent = Vec::new();
    for check in checks() {
        let text = match (&check.statement, &check.policy) {
            (Some(statement), _) => {
                format!("{{ \"Version\": \"2012-10-17\", \"Statement\": [{statement}] }}")
            }
            (_, Some(policy)) => policy.clone(),
            _ => continue,
        };
        let lint = check.lint.unwrap();
        let found = role::lint(&text, "instance", "torque", &[]).findings;
        if !found.iter().any(|f| f.lint == lint) {
            let others: BTreeSet<&str> = found.iter().map(|f| f.lint).collect();
            silent.push(format!("{} {lint} {text} {others:?}", check.code));
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}

/// What the program says of a policy, given as the role's or as an SCP.
fn lint(policy: &str, scp: Option<&str>) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("policy.json"), policy).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pcluster-iam"));
    command.current_dir(folder.path()).env_clear();
    command.args([
        "lint",
        "policy.json",
        "--role=instance",
        "--scheduler=torque",
        "-fconcise",
    ]);
    if let Some(scp) = scp {
        fs::write(folder.path().join("scp.json"), scp).unwrap();
        command.args(["--scp", "scp.json"]);
    }
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

/// A policy of this many characters without white space, and with `blanks` spaces.
fn of_length(length: usize, blanks: usize) -> String {
    let start = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":["#;
    let end = "]}]}";
    let mut resources = String::new();
    let mut number = 0;
    let left = |resources: &str| length - start.len() - end.len() - resources.len();
    while left(&resources) > 200 {
        write!(resources, "\"arn:aws:s3:::bucket-{number:04}/*\",").unwrap();
        number += 1;
    }
    let name = "x".repeat(left(&resources) - "\"arn:aws:s3:::/*\"".len());
    write!(resources, "\"arn:aws:s3:::{name}/*\"").unwrap();
    format!("{start}{}{resources}{end}", " ".repeat(blanks))
}

#[test]
fn sizes_are_counted_as_aws_counts() {
    let said = |text: &str| lint(text, None).contains("policy-size");
    assert_eq!(of_length(6_144, 0).len(), 6_144);
    assert!(!said(&of_length(6_144, 0)));
    assert!(!said(&of_length(6_144, 5_000)));
    assert!(said(&of_length(6_145, 0)));
    let long = lint(&of_length(6_145, 0), None);
    assert!(
        long.contains("warning") && long.contains("6,145 characters"),
        "{long}"
    );
    let longest = lint(&of_length(10_241, 0), None);
    assert!(
        longest
            .lines()
            .any(|l| l.contains("policy-size") && l.contains("error")),
        "{longest}"
    );
    let any =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    // White space counts in an SCP.
    assert!(!lint(any, Some(&of_length(10_240, 0))).contains("policy-size"));
    assert!(lint(any, Some(&of_length(10_000, 241))).contains("policy-size"));
}

#[test]
fn a_principal_is_refused_in_an_scp_too() {
    let any =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let scp = any.replace("\"Action\"", "\"Principal\":\"*\",\"Action\"");
    let said = lint(any, Some(&scp));
    assert!(
        said.contains("scp.json") && said.contains("invalid-policy"),
        "{said}"
    );
}

#[test]
fn inline_policies_count_together() {
    let document = of_length(5_200, 0);
    let one = format!("{{\"PolicyName\":\"a\",\"PolicyDocument\":{document}}}");
    let two = one.replace("\"PolicyName\":\"a\"", "\"PolicyName\":\"b\"");
    assert!(!lint(&format!("[{one}]"), None).contains("policy-size"));
    let both = lint(&format!("[{one},{two}]"), None);
    assert!(both.contains("10,400 characters"), "{both}");
}

#[test]
fn advice_says_where_the_policy_becomes_too_long() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("policy.json"), of_length(6_000, 0)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pcluster-iam"))
        .args([
            "lint",
            "policy.json",
            "--role=instance",
            "--scheduler=torque",
            "--verbose",
        ])
        .current_dir(folder.path())
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("put them into a policy of their own"),
        "{said}"
    );
    let short = of_length(1_000, 0);
    let found = role::lint(&short, "instance", "torque", &[]).findings;
    let notes: Vec<&String> = found.iter().flat_map(|f| &f.notes).collect();
    assert!(
        !notes.iter().any(|n| n.contains("policy of their own")),
        "{notes:?}"
    );
}

fn page() -> String {
    let mut page = String::from(
        "# The checks of IAM Access Analyzer\n\n\
         Find the lint that does the work of a check of IAM Access Analyzer, or the reason why there is none. IAM Access \
         Analyzer validates one policy, online and with credentials, and does not know ParallelCluster; `pcluster-iam` runs \
         offline. `pcluster-iam explain LINT` describes a lint.\n\n\
         This page is generated from `rules/access-analyzer.toml`. AWS's list of checks: \
         <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html>\n",
    );
    let checks = checks();
    for (kind, title) in [
        ("error", "Errors"),
        ("security-warning", "Security warnings"),
        ("warning", "General warnings"),
        ("suggestion", "Suggestions"),
    ] {
        write!(
            page,
            "\n## {title}\n\n| check | lint, or why there is none |\n| --- | --- |\n"
        )
        .unwrap();
        for check in checks.iter().filter(|c| c.kind == kind) {
            let what = match (&check.lint, &check.reason) {
                (Some(lint), _) => format!("[`{lint}`](../rules/lints/{lint}.md)"),
                (None, reason) => reason.clone().unwrap_or_default(),
            };
            writeln!(page, "| `{}` | {what} |", check.code).unwrap();
        }
    }
    page
}

#[test]
fn the_page_is_what_the_table_says() {
    let path = root().join("docs/access-analyzer.md");
    let page = page();
    if env::var_os("PCLUSTER_IAM_WRITE_FIXTURES").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), page);
}
