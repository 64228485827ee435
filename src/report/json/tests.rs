use serde_json::Value;

use super::*;
use crate::diff::Verdict;
use crate::finding::Severity;
use crate::report::sample;
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator, json_schema};

pub(super) fn severities(_: &mut SchemaGenerator) -> Schema {
    let all = [Severity::Error, Severity::Warning, Severity::Note];
    json_schema!({ "type": "string", "enum": all.map(Severity::name) })
}

pub(super) fn verdicts(_: &mut SchemaGenerator) -> Schema {
    use Verdict::{Conditional, Covered, Denied, Depends, Missing, Partial, Undecided};
    let all = [
        Covered,
        Missing,
        Denied,
        Conditional,
        Partial,
        Depends,
        Undecided,
    ];
    json_schema!({ "type": "string", "enum": all.map(Verdict::name) })
}

/// `PCLUSTER_IAM_WRITE_SCHEMA=1` writes the file anew.
#[test]
fn the_schema_is_that_of_the_types() {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<Output<'_>>();
    schema.insert("title".to_owned(), "pcluster-iam lint --format json".into());
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    if std::env::var_os("PCLUSTER_IAM_WRITE_SCHEMA").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/schema/output.json");
        std::fs::write(path, &text).unwrap();
    } else {
        assert_eq!(SCHEMA, text);
    }
}

fn written(report: &Report) -> String {
    let mut out = Vec::new();
    json(report, 0, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_contract() {
    let report = sample::findings();
    let mut output = output(&report, 0);
    output.tool.version = "(of the crate)";
    insta::assert_snapshot!(serde_json::to_string_pretty(&output).unwrap());
}

#[test]
fn regions_quote_the_file() {
    let report = sample::findings();
    let output: Value = serde_json::from_str(&written(&report)).unwrap();
    let findings = &output["results"][0]["findings"];
    assert_eq!(findings.as_array().unwrap().len(), 3);
    let region = &findings[2]["region"];
    let at = |key: &str| usize::try_from(region[key].as_u64().unwrap()).unwrap();
    let bytes = at("start_byte")..at("end_byte");
    assert_eq!(sample::HEAD_NODE.get(bytes), Some("sqs:*"));
    let line = sample::HEAD_NODE.lines().nth(at("start_line") - 1).unwrap();
    let columns = at("start_column") - 1..at("end_column") - 1;
    assert_eq!(line.get(columns), Some("sqs:*"));
    assert_eq!(output["summary"]["error"], 1);
}

#[test]
fn a_reference_of_the_user_has_no_names() {
    let mut report = sample::report(&[("a.json", "{}")]);
    report.results[0].reference = crate::report::ReferenceName {
        file: Some("ours.json".to_owned()),
        ..Default::default()
    };
    let output: Value = serde_json::from_str(&written(&report)).unwrap();
    let reference = output["results"][0]["reference"].as_object().unwrap();
    assert!(reference["policy"].is_null() && reference["pcluster_version"].is_null());
    assert_eq!(reference["features"], Value::Array(Vec::new()));
}

#[test]
fn it_ends_with_a_line_end_and_repeats() {
    let first = written(&sample::findings());
    assert!(first.ends_with("}\n"));
    assert_eq!(first.lines().count(), 1, "it is compact");
    assert_eq!(first, written(&sample::findings()));
}

#[test]
fn a_covered_row_leaves_out_what_its_statement_says_and_others_say_all() {
    let mut report = sample::report(&[("a.json", "{}")]);
    let mut narrow = sample::row(0, "sqs:SendMessage", Verdict::Covered);
    narrow.resources = ["arn:aws:sqs:*:*:other".to_owned()].into();
    narrow.declared_as = "sqs:Send*".into();
    let mut vacuous = sample::row(1, "sqs:GetQueueUrl", Verdict::Covered);
    vacuous.vacuous = true;
    let covered = sample::row(0, "sqs:GetQueueUrl", Verdict::Covered);
    let missing = sample::row(1, "sqs:SendMessage", Verdict::Missing);
    let alone = sample::row(2, "sqs:GetQueueUrl", Verdict::Covered);
    report.results[0].requirements = vec![covered, narrow, vacuous, missing, alone];
    let output: Value = serde_json::from_str(&written(&report)).unwrap();
    let result = &output["results"][0];
    let keys = |at: usize| -> Vec<&String> {
        let row = result["requirements"][at].as_object().unwrap();
        row.keys().collect()
    };
    let short = [
        "statement",
        "action",
        "declared_as",
        "verdict",
        "vacuous",
        "allowed_by",
    ];
    let more = ["resources"];
    for key in short {
        assert!(keys(0).iter().any(|k| *k == key), "{key}");
    }
    assert_eq!(keys(0).len(), short.len() + 1, "and its resources");
    for key in short.iter().chain(&more) {
        assert!(keys(1).iter().any(|k| k == key), "{key}");
    }
    // The resources of a statement are those of all its rows: a row with fewer lists its own.
    assert_eq!(keys(1).len(), short.len() + more.len());
    assert_eq!(keys(4).len(), short.len());
    assert_eq!(keys(2), keys(3));
    assert_eq!(keys(3).len(), 13);
    let statement = &result["statements"]["0"];
    assert_eq!(statement["sid"], "SQSQueue");
    assert_eq!(statement["resources"].as_array().unwrap().len(), 2);
    assert_eq!(statement["not_resource"], false);
}
