//! What the reports of a first run say.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use super::{HEAD, documented, lint};
use crate::common::clock::Clock;
use crate::common::formats::FORMATS;
use crate::common::program::run;
use crate::common::role;
use crate::common::table::each;

#[test]
fn every_format_reports_permissions_missing_for_an_upgrade_and_the_exit_code_stays() {
    let folder = documented(&HEAD);
    let of = |format: &str, more: &[&str]| {
        let all = [&HEAD, &["--feature", "none", "--format", format][..], more].concat();
        lint(folder.path(), &all)
    };
    let also: &[&str] = &["--also-version", "3.16.0"];
    let found: Value = serde_json::from_str(&of("json", also).out).unwrap();
    let upgrade = found["results"][0]["upgrade"]["findings"]
        .as_array()
        .unwrap();
    assert!(!upgrade.is_empty());
    each(FORMATS, |format| {
        let (before, after) = (of(format, &[]), of(format, also));
        assert_eq!((before.code, after.code), (0, 0), "{format}: {}", after.err);
        for finding in upgrade {
            let message = finding["message"].as_str().unwrap().replace('`', "");
            let said = after.out.replace("&apos;", "'").replace('`', "");
            assert!(
                said.contains(&message),
                "{format}: {message}\n{}",
                after.out
            );
        }
        if !["text", "json"].contains(&format) {
            let words = "after an upgrade to ParallelCluster 3.16.0: ";
            let told = after.out.matches(words).count();
            assert!(told >= upgrade.len(), "{format}: {told}\n{}", after.out);
            assert!(!before.out.contains("after an upgrade"), "{format}");
        }
    });
    // They never fail a run, whatever makes it fail; today's findings do.
    let strict = of(
        "concise",
        &["--also-version", "3.16.0", "--fail-on", "warning"],
    );
    let today = of("concise", &["--fail-on", "warning"]);
    assert_eq!(strict.code, today.code);
    let sarif: Value = serde_json::from_str(&of("sarif", also).out).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let prints: Vec<&str> = results
        .iter()
        .map(|r| r["partialFingerprints"]["pclusterIam/v1"].as_str().unwrap())
        .collect();
    let mut distinct = prints.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), prints.len());
    assert!(results.iter().all(|r| r["level"] != "error"));
}

/// Characters that steer a terminal or end a line.
fn is_unsafe(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202e}' | '\u{200b}')
}

#[cfg(unix)]
#[test]
fn file_names_steer_nothing_in_any_format() {
    let folder = documented(&HEAD);
    let name = "a\u{1b}[31m\u{2028}b\u{9b}\u{202e}\rc%d,e:f\u{200b}.json";
    let policy =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
    fs::write(folder.path().join(name), policy).unwrap();
    each(FORMATS, |format| {
        let arguments = [&["lint", name, "--format", format], &HEAD[..]].concat();
        let found = run(folder.path(), &arguments);
        assert_eq!(found.code, 1, "{}", found.err);
        let steers = found
            .out
            .chars()
            .chain(found.err.chars())
            .find(|c| is_unsafe(*c));
        assert_eq!(steers, None, "{format}: {:?}", found.out);
        // Whoever decodes the JSON formats has the name back.
        let value = || serde_json::from_str::<Value>(&found.out).unwrap();
        match format {
            "json" => assert_eq!(value()["results"][0]["policies"][0], name),
            "gitlab" => assert_eq!(value()[0]["location"]["path"], name),
            "sarif" => {
                let place = &value()["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
                let uri = place["artifactLocation"]["uri"].as_str().unwrap();
                let decoded = percent_encoding::percent_decode_str(uri)
                    .decode_utf8()
                    .unwrap();
                assert_eq!(decoded, name);
            }
            "github" => {
                let line = found
                    .out
                    .lines()
                    .find(|l| l.starts_with("::error"))
                    .unwrap();
                let fields = line
                    .strip_prefix("::error ")
                    .unwrap()
                    .split("::")
                    .next()
                    .unwrap();
                assert_eq!(fields.matches("file=").count(), 1, "{fields}");
                assert!(fields.contains("c%25d%2Ce%3Af"), "{fields}");
            }
            _ => {}
        }
    });
}

#[test]
fn a_grant_under_a_condition_is_answered_with_a_statement_as_it_is_announced() {
    let statement = |condition: Option<Value>| {
        let mut statement =
            json!({"Effect": "Allow", "Action": "sqs:GetQueueUrl", "Resource": "*"});
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        json!({"Version": "2012-10-17", "Statement": statement}).to_string()
    };
    let open = json!({"StringEquals": {"aws:SourceVpc": "vpc-0123456789abcdef0"}});
    let own = json!({"Bool": {"aws:SecureTransport": "true"}});
    each(
        [
            (statement(None), "which has no condition", false),
            (
                statement(Some(own)),
                "whose condition the required requests meet",
                true,
            ),
        ],
        |(reference, announced, has_condition)| {
            let result = role::lint_against(&statement(Some(open.clone())), &reference);
            let finding = result
                .findings
                .iter()
                .find(|f| f.lint == "conditional-grant");
            let help = finding.unwrap().help.as_deref().unwrap();
            assert!(help.contains(announced), "{help}");
            assert_eq!(help.contains("\"Condition\""), has_condition, "{help}");
        },
    );
}

/// `pcluster create` asks IAM for it up to 2.9.1, which is why its lack is an error although nothing calls it.
#[test]
fn an_action_that_only_the_check_of_the_role_asks_for_is_explained_by_it() {
    let nothing = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}}"#;
    let result = role::lint(nothing, "instance", "sge", &[]);
    let mut findings = result.findings.iter();
    let finding = findings.find(|f| f.actions.iter().any(|a| a == "sqs:ListQueues"));
    let notes = finding.unwrap().notes.join("\n");
    assert!(notes.contains("`sanity_check` is false"), "{notes}");
    let arguments = ["--role", "instance", "--scheduler", "sge"];
    let folder = documented(&arguments);
    let text = fs::read_to_string(folder.path().join("p.json")).unwrap();
    let without = text.replace("ec2:DescribeRegions", "ec2:DescribeInstances");
    assert_ne!(without, text);
    fs::write(folder.path().join("p.json"), without).unwrap();
    let found = lint(folder.path(), &arguments);
    assert!(found.out.contains("no use of it is known"), "{}", found.out);
}

/// Of a build without optimisation; it takes time in proportion to the list, not to its square.
const MOST: Duration = Duration::from_secs(30);

#[test]
fn long_lists_of_actions_are_judged_in_bounded_time() {
    let strings = |count: usize, text: &dyn Fn(usize) -> String| -> Vec<String> {
        (0..count).map(text).collect()
    };
    each(
        [
            (
                "one over and over",
                strings(9_000, &|_| "s3:*".to_owned()),
                false,
            ),
            (
                "many names",
                strings(9_000, &|n| format!("s3:Get{n}")),
                false,
            ),
            (
                "wildcards before the colon",
                strings(9_000, &|n| format!("*:Get*{n}")),
                true,
            ),
            (
                "a few of these",
                strings(20, &|n| format!("*:Get*{n}")),
                false,
            ),
        ],
        |(name, actions, fails)| {
            let policy = json!({
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "NotAction": actions, "Resource": "*"},
            });
            let start = Clock::start();
            let result = role::lint(&policy.to_string(), "instance", "sge", &[]);
            println!("{name}: {:?}", start.elapsed());
            assert!(start.elapsed() < MOST, "{name}: {:?}", start.elapsed());
            assert_eq!(result.failed, fails, "{name}");
        },
    );
}

/// The catalogue calls each of the types optional that `s3:GetObject` can be on: a call is on one of them.
#[test]
fn objects_out_of_reach_fail_the_gate_and_the_report_points_at_what_is_too_narrow() {
    let text = role::fixture("reference/instance-traditional-filled.json");
    let judge = |text: &str| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("p.json"), text).unwrap();
        let options = [
            "--role",
            "instance",
            "--scheduler",
            "torque",
            "--format",
            "json",
        ];
        let run = lint(folder.path(), &options);
        let report: Value = serde_json::from_str(&run.out).unwrap();
        let all = report["results"][0]["findings"].as_array().unwrap().clone();
        let mut partial = all.into_iter().filter(|f| f["lint"] == "partial-resource");
        let found = partial.next().unwrap_or_else(|| panic!("{}", run.out));
        assert!(partial.next().is_none(), "{}", run.out);
        assert_eq!(
            (run.code, &found["severity"]),
            (1, &json!("error")),
            "{}",
            run.out
        );
        let region = &found["region"];
        let byte = |key: &str| usize::try_from(region[key].as_u64().unwrap()).unwrap();
        text[byte("start_byte")..byte("end_byte")].to_owned()
    };
    let bucket = "arn:aws:s3:::us-east-1-aws-parallelcluster/*";
    let narrow = "arn:aws:s3:::us-east-1-aws-parallelcluster/some/*";
    assert_eq!(judge(&text.replace(bucket, narrow)), narrow);
    let end = text.rfind(']').unwrap();
    let deny =
        r#", {"Effect": "Deny", "Action": "s3:Get*", "Resource": "arn:aws:s3:::*/secret/*"}"#;
    assert_eq!(
        judge(&format!("{}{deny}{}", &text[..end], &text[end..])),
        "s3:Get*"
    );
    // What a call may do without is a warning, as before.
    let any = r#""Action": "ec2:RunInstances", "Resource": "*""#;
    let but = r#""Action": "ec2:RunInstances", "NotResource": "arn:aws:ec2:*:*:elastic-gpu/*""#;
    let folder = tempfile::tempdir().unwrap();
    let policy = |statement: &str| {
        format!(r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", {statement}}}]}}"#)
    };
    fs::write(folder.path().join("reference.json"), policy(any)).unwrap();
    fs::write(folder.path().join("p.json"), policy(but)).unwrap();
    let run = lint(folder.path(), &["--reference", "reference.json"]);
    assert_eq!(run.code, 0, "{}", run.out);
    assert!(run.out.contains("warning[partial-resource]"), "{}", run.out);
}
