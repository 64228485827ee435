//! Holds the set of lints together: each has a page whose example runs and prints what it says, and
//! fixtures of which one fires it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::table::each;
use crate::common::{page, role};
use pcluster_iam::finding::Severity;
use pcluster_iam::lints::ALL;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    entries
        .map(|e| {
            e.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

#[test]
fn ids_are_sorted_unique_and_kebab_case_and_nothing_is_left_over() {
    let ids: Vec<&str> = ALL.iter().map(|l| l.id).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    each(ALL, |lint| {
        assert!(
            lint.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
            "{}",
            lint.id
        );
        let file = root().join(format!("src/lints/{}.rs", lint.id.replace('-', "_")));
        assert!(file.exists(), "{}", file.display());
        assert!(
            !lint.summary.is_empty() && !lint.summary.ends_with('.'),
            "{}",
            lint.id
        );
        assert!(lint.since.split('.').count() == 3, "{}", lint.id);
    });
    let ids: BTreeSet<String> = ids.into_iter().map(str::to_owned).collect();
    assert_eq!(ids, names("rules/lints"));
    assert_eq!(ids, names("fixtures/lints"));
}

/// The ids that releases have shown to users. An id is never removed or changed.
#[test]
fn the_set_of_ids_is_this() {
    let ids: Vec<&str> = ALL.iter().map(|l| l.id).collect();
    assert_eq!(
        ids,
        [
            "allow-not-action",
            "conditional-grant",
            "cross-account-trust",
            "denied-action",
            "depends",
            "duplicate-key",
            "duplicate-value",
            "empty-element",
            "excess-cost",
            "excess-credentials",
            "excess-data-access",
            "excess-destruction",
            "excess-exposure",
            "excess-privileges",
            "exposed-credentials",
            "feature-gap",
            "feature-without-data",
            "federated-trust",
            "generated-gap",
            "ineffective-condition",
            "ineffective-resource",
            "ineffective-statement",
            "invalid-arn",
            "invalid-condition",
            "invalid-json",
            "invalid-policy",
            "known-gap",
            "log-stream-arn",
            "missing-action",
            "missing-trust",
            "mixed-scope",
            "old-version",
            "open-trust",
            "over-broad-action",
            "over-broad-resource",
            "partial-resource",
            "policy-size",
            "privilege-escalation",
            "redundant-entry",
            "redundant-statement",
            "release-mismatch",
            "unconditional-grant",
            "undecided",
            "unknown-action",
            "unknown-condition-key",
            "unneeded-action",
            "unneeded-trust",
            "unreplaced-placeholder",
            "unresolved",
            "unrestricted-assume-role",
            "unsupported-condition-key",
            "unused-ignore",
            "variable-misuse",
            "weak-condition",
            "writable-code",
            "wrong-partition",
            "wrong-role",
        ]
    );
}

fn role_and_scheduler(id: &str) -> (&'static str, &'static str) {
    match id {
        "known-gap" => ("instance", "awsbatch"),
        "feature-gap" => ("user", "torque"),
        _ => ("instance", "torque"),
    }
}

#[test]
fn the_bad_fixture_fires_its_lint_and_the_good_one_does_not() {
    // The configuration and the named features decide about these: they have tests of their own.
    let apart = ["unused-ignore", "feature-without-data", "generated-gap"];
    for lint in ALL.iter().filter(|l| !apart.contains(&l.id)) {
        let fires = |name: &str| {
            let text = role::fixture(&format!("lints/{}/{name}.json", lint.id));
            let reference = format!("lints/{}/reference.json", lint.id);
            let result = if Path::new("fixtures").join(&reference).exists() {
                role::lint_against(&text, &role::fixture(&reference))
            } else {
                let (role, scheduler) = role_and_scheduler(lint.id);
                role::lint(&text, role, scheduler, &[])
            };
            let found: Vec<Severity> = result
                .findings
                .iter()
                .filter(|f| f.lint == lint.id)
                .map(|f| f.severity)
                .collect();
            found
        };
        let bad = fires("bad");
        assert!(!bad.is_empty(), "{} does not fire", lint.id);
        assert_eq!(bad.iter().max(), Some(&lint.severity), "{}", lint.id);
        assert!(fires("good").is_empty(), "{} fires on good.json", lint.id);
    }
}

#[test]
fn the_fixtures_of_feature_without_data() {
    let folder = root().join("fixtures/lints/feature-without-data");
    let lint = |name: &str, release: &str| {
        let line = format!(
            "$ pcluster-iam lint {name}.json --no-config --role user --scheduler slurm --pcluster-version {release} \
             --feature encrypted-custom-ami -f concise"
        );
        run(&line, &folder)
    };
    let is_said = |text: &str| text.contains("warning[feature-without-data]");
    assert!(is_said(&lint("bad", "2.10.0")));
    assert!(!is_said(&lint("good", "2.11.9")));
}

#[test]
fn the_fixtures_of_generated_gap() {
    let folder = root().join("fixtures/lints/generated-gap");
    let lint = |name: &str| {
        let line = format!(
            "$ pcluster-iam lint {name}.json --no-config --role head-node --pcluster-version 3.14.0 \
             --cluster-config ../../cluster-config/slurm.json --account 123456789012 -f concise"
        );
        run(&line, &folder)
    };
    let is_said = |text: &str| text.contains("[generated-gap]");
    assert!(is_said(&lint("bad")));
    assert!(!is_said(&lint("good")));
}

#[test]
fn the_fixtures_of_unused_ignore() {
    let folder = root().join("fixtures/lints/unused-ignore");
    let lint = |name: &str| {
        let line = format!("$ pcluster-iam lint {name}.json --role instance -f concise");
        run(&line, &folder)
    };
    let is_said = |text: &str| text.contains("pcluster-iam.toml:3:1: warning[unused-ignore]");
    assert!(is_said(&lint("bad")));
    assert!(!is_said(&lint("good")));
}

/// The texts of the fenced blocks of this language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let starts = page.split(fence.as_str()).skip(1);
    starts
        .map(|rest| rest.split("\n```").next().expect("an end"))
        .collect()
}

/// The text of the first fenced block of this language.
fn block<'a>(page: &'a str, language: &str) -> &'a str {
    blocks(page, language).first().expect("a block")
}

/// Runs `$ pcluster-iam …` in a folder and gives what it prints.
fn run(line: &str, folder: &Path) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(&words[..2], ["$", "pcluster-iam"], "{line}");
    let output = Command::new(env!("CARGO_BIN_EXE_pcluster-iam"))
        .args(&words[2..])
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn each_page_has_its_parts_and_its_example_prints_what_it_says() {
    each(ALL, |lint| {
        let page = lint.doc;
        assert!(page.starts_with(&format!("# {}\n", lint.id)), "{}", lint.id);
        let heads: Vec<&str> = page.lines().filter(|l| l.starts_with("## ")).collect();
        assert_eq!(
            heads,
            [
                "## What it checks",
                "## Why it matters",
                "## Example",
                "## How to fix"
            ],
            "{}",
            lint.id
        );
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in ["policy.json", "reference.json"]
            .iter()
            .zip(blocks(page, "json"))
        {
            fs::write(folder.path().join(name), text).unwrap();
        }
        for text in blocks(page, "toml") {
            fs::write(folder.path().join("pcluster-iam.toml"), text).unwrap();
        }
        let (command, expected) = block(page, "text").split_once('\n').unwrap();
        let printed = run(command, folder.path());
        for line in expected.lines() {
            assert!(
                printed.lines().any(|l| l == line),
                "{}: {line}\n{printed}",
                lint.id
            );
        }
        assert!(expected.contains(&format!("[{}]", lint.id)), "{}", lint.id);
    });
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let command = "cargo run --release -- lint fixtures/examples/head-node.json --scheduler torque";
    assert!(readme.lines().any(|l| l == command));
    assert!(readme.lines().any(|l| l == "cargo test"));
    let commands = page::run(&page::blocks(&readme), &root());
    assert_eq!(commands.len(), 2, "{commands:#?}");
    each(
        ["--role head-node --scheduler slurm", "--scheduler torque"],
        |role| {
            assert!(commands.iter().any(|c| c.contains(role)), "{role}");
        },
    );
}
