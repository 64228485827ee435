//! `[[ignore]]`: what it hides, until when, and what becomes of one that hides nothing.

use crate::common::formats::FORMATS;
use crate::common::project::{Project, Run, findings, with_excess};
use crate::common::table::each;

const TARGET: &str = "[[target]]\nname = \"node\"\nrole = \"instance\"\nscheduler = \"torque\"\npolicies = [\"iam/*.json\"]\n";

/// 15 January 2027.
const DAY: (&str, &str) = ("SOURCE_DATE_EPOCH", "1800000000");

fn project(ignore: &str) -> Project {
    let config = format!("{TARGET}[[ignore]]\n{ignore}reason = \"reviewed\"\n");
    Project::new(&[
        ("pcluster-iam.toml", &config),
        (
            "iam/a.json",
            &with_excess("BreakGlass", "s3:PutBucketLogging"),
        ),
    ])
}

fn lint(project: &Project, arguments: &[&str]) -> Run {
    project.run_with("", &[&["lint"], arguments].concat(), &[DAY])
}

/// Whether the finding is hidden, and whether the ignore is said to be unused.
fn outcome(ignore: &str) -> (bool, bool) {
    let json = lint(&project(ignore), &["-f", "json"]).json();
    let all = findings(&json);
    let (_, suppressed) = all
        .iter()
        .find(|(lint, _)| lint == "unneeded-action")
        .unwrap();
    assert!(
        suppressed
            .as_deref()
            .is_none_or(|reason| reason == "reviewed")
    );
    let unused = json["findings"].as_array().unwrap();
    assert!(unused.iter().all(|f| f["lint"] == "unused-ignore"));
    assert_eq!(
        json["summary"]["suppressed"],
        usize::from(suppressed.is_some())
    );
    // An ignore that hides nothing does not weaken the run.
    let mut weakened = json["weakened"].as_array().unwrap().iter();
    let is_listed = weakened.any(|setting| setting["kind"] == "ignore");
    assert_eq!(is_listed, suppressed.is_some(), "{ignore}");
    (suppressed.is_some(), !unused.is_empty())
}

#[test]
fn all_given_fields_must_match() {
    each(
        [
            ("lint = \"unneeded-action\"\n", true),
            ("lint = \"known-gap\"\n", false),
            ("sid = \"BreakGlass\"\n", true),
            ("sid = \"breakglass\"\n", false),
            ("path = \"iam/a.json\"\n", true),
            ("path = \"iam/*.json\"\n", true),
            ("path = \"**/a.json\"\n", true),
            ("path = \"./iam/../iam/a.json\"\n", true),
            ("path = \"a.json\"\n", false),
            ("path = \"*.json\"\n", false),
            ("subject = \"s3:PutBucketLogging\"\n", true),
            ("subject = \"S3:put*\"\n", true),
            ("subject = \"s3:Put?\"\n", false),
            ("reference-sid = \"SQSQueue\"\n", false),
            (
                "lint = \"unneeded-action\"\nsid = \"BreakGlass\"\npath = \"iam/*\"\nsubject = \"s3:*\"\n",
                true,
            ),
            ("lint = \"unneeded-action\"\nsid = \"Other\"\n", false),
            ("sid = \"BreakGlass\"\npath = \"other/*\"\n", false),
        ],
        |(ignore, hides)| {
            assert_eq!(outcome(ignore), (hides, !hides), "{ignore}");
        },
    );
}

#[test]
fn missing_permissions_can_be_ignored_by_the_statement_of_the_reference() {
    let project = project("reference-sid = \"SQSQueue\"\n");
    project.write(
        "iam/a.json",
        &crate::common::project::without(&["sqs:GetQueueUrl"]),
    );
    let run = lint(&project, &["-f", "json"]);
    assert_eq!(run.code, 0);
    assert_eq!(
        findings(&run.json()),
        [("missing-action".to_owned(), Some("reviewed".to_owned()))]
    );
    assert_eq!(lint(&project, &["--no-ignores"]).code, 1);
}

#[test]
fn it_counts_up_to_its_last_day() {
    let until = |day: &str| format!("sid = \"BreakGlass\"\nuntil = {day}\n");
    assert_eq!(outcome(&until("\"2027-01-15\"")), (true, false));
    assert_eq!(outcome(&until("2027-01-15")), (true, false));
    assert_eq!(outcome(&until("2027-01-14")), (false, true));
    let text = lint(&project(&until("2027-01-14")), &[]).out;
    assert!(
        text.contains("warning[unused-ignore]: this ignore expired on 2027-01-14\n"),
        "{text}"
    );
    assert!(text.contains("pcluster-iam.toml:8:9\n"), "{text}");
    assert!(text.contains("1 finding counts again"), "{text}");
    let nothing = lint(&project("sid = \"Gone\"\nuntil = 2027-01-14\n"), &[]).out;
    assert!(
        nothing.contains("this ignore expired on 2027-01-14 and matches nothing"),
        "{nothing}"
    );
}

#[test]
fn every_format_reports_an_unused_ignore_with_its_place() {
    let project = project("sid = \"Gone\"\n");
    each(FORMATS, |format| {
        let run = lint(&project, &["-f", format]);
        assert_eq!(run.code, 0, "{format}");
        assert!(
            run.out.contains("pcluster-iam.toml"),
            "{format}: {}",
            run.out
        );
        assert!(run.out.contains("unused-ignore"), "{format}: {}", run.out);
        assert_eq!(
            lint(&project, &["-f", format, "--fail-on", "warning"]).code,
            1
        );
    });
    let line = "pcluster-iam.toml:6:1: warning[unused-ignore]: this ignore matches nothing\n";
    assert!(lint(&project, &["-f", "concise"]).out.contains(line));
    let config = project.read("pcluster-iam.toml");
    let json = lint(&project, &["-f", "json"]).json();
    let region = &json["findings"][0]["region"];
    let at = |key: &str| usize::try_from(region[key].as_u64().unwrap()).unwrap();
    assert_eq!(&config[at("start_byte")..at("end_byte")], "[[ignore]]");
    // It can be turned off, like any lint, and the report says so.
    let off = lint(&project, &["--off", "unused-ignore"]).out;
    assert!(!off.contains("[unused-ignore]"), "{off}");
    assert!(off.contains("unused-ignore is off (--off)"), "{off}");
}

#[test]
fn what_is_hidden_is_marked_in_every_format_that_has_marks() {
    let project = project("sid = \"BreakGlass\"\n");
    let sarif = lint(&project, &["-f", "sarif"]).json();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let hidden: Vec<_> = results
        .iter()
        .filter(|r| r["suppressions"][0]["kind"] == "external")
        .collect();
    assert_eq!(hidden.len(), 1);
    assert_eq!(hidden[0]["suppressions"][0]["justification"], "reviewed");
    let text = lint(&project, &[]).out;
    assert!(text.contains("(1 suppressed)"), "{text}");
    assert!(!text.contains("unneeded-action"), "{text}");
    assert_eq!(
        lint(&project, &["-f", "concise"]).out,
        "pcluster-iam.toml:1:1: configuration: configuration pcluster-iam.toml\n\
         pcluster-iam.toml:6:1: ignore: findings are ignored: sid BreakGlass: reviewed\n"
    );
    // All count with --no-ignores, and no ignore is unused then.
    let all = lint(&project, &["-f", "concise", "--no-ignores"]).out;
    assert!(
        all.contains("unneeded-action") && !all.contains("unused-ignore"),
        "{all}"
    );
}

#[test]
fn one_that_is_about_other_files_or_what_nobody_could_judge_is_not_unused() {
    let project = project("path = \"iam/other.json\"\n");
    let options = [
        "--role",
        "instance",
        "--scheduler",
        "torque",
        "-f",
        "concise",
    ];
    let run = lint(&project, &[&["iam/a.json"], &options[..]].concat());
    assert!(!run.out.contains("unused-ignore"), "{}", run.out);
    project.write("iam/other.json", &with_excess("X", "s3:PutBucketLogging"));
    project.write(
        "pcluster-iam.toml",
        &project
            .read("pcluster-iam.toml")
            .replace("reason", "sid = \"Y\"\nreason"),
    );
    let run = lint(&project, &[&["iam/other.json"], &options[..]].concat());
    assert!(run.out.contains("unused-ignore"), "{}", run.out);
    project.write("iam/a.json", "{");
    let run = lint(&project, &["-f", "concise"]);
    assert_eq!(run.code, 2);
    assert!(!run.out.contains("unused-ignore"), "{}", run.out);
}
