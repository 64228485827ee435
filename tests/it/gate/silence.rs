//! No configuration, ignore or file silences the gate unseen.

use serde_json::{Value, json};

use super::{LITTLE, lint};
use crate::common::formats::FORMATS;
use crate::common::program::{NODE, run};
use crate::common::project::Project;
use crate::common::role;
use crate::common::table::each;

#[test]
fn rows_decide_what_is_covered_whatever_is_off() {
    let off = "[lints]\nmissing-action = \"off\"\nknown-gap = \"off\"\nredundant-entry = \"off\"\nduplicate-value = \"off\"\n";
    let project = Project::new(&[("p.json", LITTLE), ("pcluster-iam.toml", off)]);
    each(FORMATS, |format| {
        let found = lint(&project, &["p.json", "-f", format]);
        let all = found.out.clone() + &found.err;
        assert!(!all.contains("covered: instance"), "{format}: {all}");
        assert!(all.contains("missing-action is off"), "{format}: {all}");
    });
    let text = lint(&project, &["p.json", "-f", "text", "-q"]).out;
    assert!(text.contains("1 of 29 requirements covered"), "{text}");
    assert!(
        text.contains("missing-action is off, which hides 28 requirements"),
        "{text}"
    );
    let junit = lint(&project, &["p.json", "-f", "junit"]).out;
    assert!(junit.contains("<skipped message=\"not covered"), "{junit}");
    let template = role::fixture("reference/instance-traditional-published.json");
    project.write("t.json", &template);
    let with = lint(&project, &["t.json", "-f", "text"]).out;
    let without = lint(
        &project,
        &["t.json", "-f", "text", "--off", "unreplaced-placeholder"],
    )
    .out;
    let promise = "once the placeholders are replaced";
    assert_eq!(
        with.contains(promise),
        without.contains(promise),
        "{with}{without}"
    );
    assert!(with.contains(promise), "{with}");
}

#[test]
fn what_weakens_the_run_is_in_every_format() {
    let toml = "fail-on = \"never\"\nfeatures = [\"fsx\"]\nattached = [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]\n\
        baseline = \"b.json\"\n[context]\n\"aws:SourceVpc\" = \"vpc-1\"\n[lints]\nmissing-action = \"off\"\nknown-gap = \"note\"\n\
        [[ignore]]\nlint = \"duplicate-value\"\nreason = \"reviewed\"\n";
    let project = Project::new(&[
        ("p.json", LITTLE),
        ("pcluster-iam.toml", toml),
        (".pcluster-iam.toml", ""),
        ("b.json", "[]\n"),
        ("sub/p.json", LITTLE),
        ("sub/pcluster-iam.toml", ""),
    ]);
    let wanted = [
        "configuration pcluster-iam.toml",
        "replaces .pcluster-iam.toml",
        "no finding makes the run fail",
        "fsx",
        "ReadOnlyAccess",
        "aws:sourcevpc",
        "missing-action is off",
        "known-gap is set to note",
        "duplicate-value: reviewed",
        "the baseline b.json",
        "pcluster-iam.toml:9:1",
    ];
    each(FORMATS, |format| {
        let out = lint(&project, &["p.json", "-f", format]).out;
        for text in wanted {
            // GitLab has the place as that of the issue, and configurations are no issue.
            let is_elsewhere = format == "gitlab" && text.starts_with("configuration");
            assert!(
                is_elsewhere || out.contains(text),
                "{format} without {text}: {out}"
            );
        }
    });
    let below = run(
        &project.path("sub"),
        &[&["lint", "p.json"], &NODE[..]].concat(),
    );
    assert!(
        below
            .out
            .contains("pcluster-iam.toml replaces ../pcluster-iam.toml"),
        "{}",
        below.out
    );
    each(
        [
            (
                &["--exit-zero"][..],
                "no finding makes the run fail (--exit-zero)",
            ),
            (
                &["--off", "missing-action"],
                "missing-action is off (--off)",
            ),
            (
                &["--warn", "missing-action"],
                "missing-action is set to warning (--warn)",
            ),
            (
                &["--context", "aws:SourceVpc=v"],
                "condition keys are given: aws:SourceVpc=v (--context)",
            ),
            (
                &["--feature", "none"],
                "only the features that are on by default are checked (--feature)",
            ),
        ],
        |(option, text)| {
            let found = lint(
                &project,
                &[&["p.json", "--no-config", "-f", "text"], option].concat(),
            );
            assert!(found.out.contains(text), "{}", found.out);
        },
    );
    let json: Value = serde_json::from_str(&lint(&project, &["p.json", "-f", "json"]).out).unwrap();
    let kinds: Vec<&str> = json["weakened"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w["kind"].as_str().unwrap())
        .collect();
    each(
        [
            "configuration",
            "lint",
            "fail-on",
            "ignore",
            "baseline",
            "hidden-requirements",
        ],
        |kind| {
            assert!(kinds.contains(&kind), "{kinds:?}");
        },
    );
}

#[test]
fn strict_wins_over_the_configuration() {
    let toml = "fail-on = \"never\"\n[lints]\nmissing-action = \"off\"\nknown-gap = \"note\"\n";
    let project = Project::new(&[("p.json", LITTLE), ("pcluster-iam.toml", toml)]);
    assert_eq!(lint(&project, &["p.json"]).code, 0);
    let strict = lint(&project, &["p.json", "--strict"]);
    assert_eq!(strict.code, 1, "{}", strict.err);
    assert!(
        strict.out.contains("error[missing-action]"),
        "{}",
        strict.out
    );
    each(
        [&["--off", "mixed-scope"][..], &["--warn", "known-gap"]],
        |option| {
            let refused = lint(&project, &[&["p.json", "--strict"], option].concat());
            assert_eq!(refused.code, 2);
            assert!(refused.err.contains("--strict"), "{}", refused.err);
        },
    );
}

#[test]
fn the_configuration_of_another_folder_judges_the_files_of_this_one() {
    let target = "[[target]]\nname = \"t\"\nrole = \"instance\"\nscheduler = \"torque\"\npolicies = [\"iam/*.json\"]\n";
    let base = Project::new(&[("pcluster-iam.toml", target)]);
    let change = Project::new(&[
        ("iam/p.json", LITTLE),
        ("pcluster-iam.toml", "fail-on = \"never\"\n"),
    ]);
    let config = base.path("pcluster-iam.toml");
    let found = run(
        &change.path(""),
        &["lint", "--config", config.to_str().unwrap(), "--root", "."],
    );
    assert_eq!(found.code, 1, "{}{}", found.out, found.err);
    assert!(found.out.contains("iam/p.json"), "{}", found.out);
}

#[test]
fn what_a_file_names_and_does_not_contain_is_in_every_format() {
    let detail = json!({
        "RoleName": "r",
        "RolePolicyList": [{"PolicyName": "a", "PolicyDocument": serde_json::from_str::<Value>(LITTLE).unwrap()}],
        "PermissionsBoundary": {"PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/limit"},
        "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::123456789012:policy/site"}],
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "codebuild.amazonaws.com"}}},
    });
    let project = Project::new(&[("p.json", &detail.to_string()), ("q.json", LITTLE)]);
    each(FORMATS, |format| {
        for quiet in [&[][..], &["-q"]] {
            let found = lint(
                &project,
                &[&["p.json", "--no-config", "-f", format], quiet].concat(),
            );
            for name in ["policy/limit", "policy/site", "trust"] {
                assert!(
                    found.out.contains(name),
                    "{format} without {name}: {}",
                    found.out
                );
            }
        }
    });
    // A boundary that has a boundary of its own is not the whole of it.
    let found = lint(
        &project,
        &[
            "q.json",
            "--no-config",
            "--boundary",
            "p.json",
            "-f",
            "text",
        ],
    );
    assert!(found.out.contains("policy/limit"), "{}", found.out);
}

#[test]
fn documents_inside_a_description_are_not_passed_over() {
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]});
    let allow: Value = serde_json::from_str(LITTLE).unwrap();
    each(
        [
            ("Tags", json!([{"Key": "a", "PolicyDocument": deny}])),
            (
                "InstanceProfileList",
                json!([{"Roles": [{"RolePolicyList": [{"PolicyDocument": deny}]}]}]),
            ),
            ("RoleLastUsed", json!({"Policies": [deny]})),
            ("Other", deny.clone()),
            ("Other", Value::String(deny.to_string())),
        ],
        |(key, value)| {
            let detail = json!({"RoleName": "r", "RolePolicyList": [{"PolicyName": "a", "PolicyDocument": allow}], key: value});
            let project = Project::new(&[("p.json", &detail.to_string()), ("q.json", LITTLE)]);
            for arguments in [
                &["p.json"][..],
                &["q.json", "--boundary", "p.json"],
                &["q.json", "--scp", "p.json"],
            ] {
                let found = lint(&project, &[arguments, &["--no-config"]].concat());
                assert_eq!(found.code, 2, "{key} {arguments:?}: {}", found.out);
            }
        },
    );
}

#[test]
fn a_reference_that_requires_nothing_passes_no_policy() {
    let reference = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:Zz*", "Resource": "*"}]}"#;
    let project = Project::new(&[("p.json", LITTLE), ("r.json", reference)]);
    let found = run(
        &project.path(""),
        &["lint", "p.json", "--no-config", "--reference", "r.json"],
    );
    assert_eq!(found.code, 2, "{}", found.out);
    assert!(found.err.contains("requires nothing"), "{}", found.err);
}
