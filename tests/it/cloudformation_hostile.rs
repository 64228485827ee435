//! Templates that are too deep, too large, go in circles or use what CloudFormation does not take: refused with a place, in time.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::program::run;

const ALLOW: &str = "{Effect: Allow, Action: 's3:GetObject', Resource: '*'}";

/// A template with one role; `before` stands before `Resources`, `more` are other resources.
fn template(before: &str, statement: &str, more: &str) -> String {
    format!(
        "{before}Resources:\n{more}  R:\n    Type: AWS::IAM::Role\n    Properties:\n      Policies:\n        - PolicyName: p\n          \
         PolicyDocument: {{Version: '2012-10-17', Statement: [{statement}]}}\n"
    )
}

/// Sixty lines, each of which names the one before it twice.
fn doubling(first: &str, line: impl Fn(usize, usize) -> String) -> String {
    let mut text = format!("  {first}\n");
    for at in 1..60 {
        writeln!(text, "  {}", line(at, at - 1)).unwrap();
    }
    text
}

/// What is in the template, the template, the words of the finding, and its line.
fn hostile() -> Vec<(&'static str, String, &'static str, u64)> {
    let of_value =
        |value: &str| format!("{{Effect: Allow, Action: 's3:GetObject', Resource: {value}}}");
    let aliases = doubling("a0: &a0 [x, x]", |at, of| {
        format!("a{at}: &a{at} [*a{of}, *a{of}]")
    });
    let joins = doubling("a0: &a0 {'Fn::Sub': xx}", |at, of| {
        format!("a{at}: &a{at} {{'Fn::Join': ['', [*a{of}, *a{of}]]}}")
    });
    let names = doubling(
        "B0: {Type: 'AWS::S3::Bucket', Properties: {BucketName: xx}}",
        |at, of| {
            format!(
                "B{at}: {{Type: 'AWS::S3::Bucket', Properties: {{BucketName: !Sub '${{B{of}}}${{B{of}}}'}}}}"
            )
        },
    );
    let conditions = doubling("C0: !Equals [!Ref 'AWS::StackName', x]", |at, of| {
        format!("C{at}: !And [!Condition C{of}, !Condition C{of}]")
    });
    let chosen = |name: &str| format!("!If [{name}, {ALLOW}, !Ref 'AWS::NoValue']");
    let circle = "  A: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Ref B}}\n  B: {Type: 'AWS::S3::Bucket', \
                  Properties: {BucketName: !Sub '${A}x'}}\n";
    let nested = |before: &str, value: &str, after: &str, times: usize| {
        format!("{}{value}{}", before.repeat(times), after.repeat(times))
    };
    let as_json = nested("{'Fn::ToJsonString': [", "'\"'", "]}", 30);
    let cuts = nested("!Join [xx, {'Fn::Split': [x, ", "axb", "]}]", 26);
    let long = "x".repeat(100_000);
    let given = format!("Parameters:\n  P: {{Type: String, Default: {long}}}\n");
    let delimiters = format!("!Join [{long}, [{}]]", "a, ".repeat(10_000));
    let listed = format!(
        "Parameters:\n  L: {{Type: CommaDelimitedList, Default: '{}'}}\n",
        "a,".repeat(100_000)
    );
    let shared = format!("Metadata:\n  a: &a {long}\n");
    let deep = format!("{}'*'{}", "[".repeat(100_000), "]".repeat(100_000));
    vec![
        (
            "aliases of aliases",
            template(&format!("Metadata:\n{aliases}"), &of_value("*a59 "), ""),
            "too large",
            2,
        ),
        (
            "joins of joins",
            template(&format!("Metadata:\n{joins}"), &of_value("*a59 "), ""),
            "too large",
            4,
        ),
        (
            "names of names",
            template("", &of_value("!GetAtt B59.Arn"), &names),
            "too large",
            0,
        ),
        (
            "conditions of conditions",
            template(&format!("Conditions:\n{conditions}"), &chosen("C59"), ""),
            "too large",
            0,
        ),
        (
            "names in a circle",
            template("", &of_value("!GetAtt A.Arn"), circle),
            "refers to itself",
            2,
        ),
        (
            "conditions in a circle",
            template(
                "Conditions:\n  A: !Not [!Condition B]\n  B: !Not [{Condition: A}]\n",
                &chosen("A"),
                "",
            ),
            "refers to itself",
            2,
        ),
        (
            "texts as JSON",
            template("", &of_value(&as_json), ""),
            "too large",
            7,
        ),
        (
            "texts cut and joined",
            template("", &of_value(&cuts), ""),
            "too large",
            7,
        ),
        (
            "long delimiters",
            template("", &of_value(&delimiters), ""),
            "too large",
            7,
        ),
        (
            "a long parameter, many times",
            template(
                &given,
                &of_value(&format!("!Sub '{}'", "${P}".repeat(10_000))),
                "",
            ),
            "too large",
            9,
        ),
        (
            "a long list",
            template(&listed, &of_value("!Ref L"), ""),
            "too large",
            9,
        ),
        (
            "a long text, many times",
            template(
                &shared,
                &of_value(&format!("[{}]", "*a , ".repeat(10_000))),
                "",
            ),
            "too large",
            2,
        ),
        ("depth", template("", &of_value(&deep), ""), "not YAML", 7),
        (
            "a merge key",
            template(
                "Metadata:\n  x: &x {Effect: Allow}\n",
                "{<<: *x , Action: 's3:*', Resource: '*'}",
                "",
            ),
            "merge key",
            9,
        ),
        (
            "resources that are merged",
            format!(
                "{}Resources:\n  <<: *x\n",
                template("", ALLOW, "").replace("Resources:", "Metadata: &x")
            ),
            "merge key",
            0,
        ),
        (
            "a tab",
            template("", ALLOW, "").replace("      Policies", "\tPolicies"),
            "tab",
            5,
        ),
        (
            "two documents",
            format!("{0}---\n{0}", template("", ALLOW, "")),
            "second document",
            8,
        ),
    ]
}

#[test]
fn hostile_templates_are_refused_with_their_place_in_time() {
    let options = [
        "--no-config",
        "--scheduler",
        "slurm",
        "--role",
        "instance",
        "-f",
        "json",
    ];
    for (name, text, words, line) in hostile() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("t.yaml"), &text).unwrap();
        let start = Instant::now();
        let run = run(
            folder.path(),
            &[&["lint", "t.yaml"][..], &options[..]].concat(),
        );
        let took = start.elapsed();
        assert_eq!(run.code, 2, "{name}: {}", run.err);
        assert!(took < Duration::from_secs(20), "{name} takes {took:?}");
        let value: Value = serde_json::from_str(&run.out).unwrap();
        let findings = value["results"][0]["findings"].as_array().unwrap();
        let has_words = |f: &&Value| f["message"].as_str().unwrap().contains(words);
        let finding = findings.iter().find(has_words);
        let finding = finding.unwrap_or_else(|| panic!("{name}: {findings:?}"));
        let at = finding["region"]["start_line"].as_u64().unwrap();
        assert!(line == 0 || at == line, "{name}: line {at}");
    }
}

#[test]
fn a_default_that_calls_a_function_is_no_value() {
    let parameters =
        "Parameters:\n  A: {Type: String, Default: !Ref B}\n  B: {Type: String, Default: !Ref A}\n";
    let text = template(
        parameters,
        "{Effect: Allow, Action: 's3:GetObject', Resource: !Ref A}",
        "",
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.yaml"), text).unwrap();
    let options = [
        "--no-config",
        "--scheduler",
        "slurm",
        "--role",
        "instance",
        "-f",
        "json",
    ];
    let run = run(
        folder.path(),
        &[&["lint", "t.yaml"][..], &options[..]].concat(),
    );
    let value: Value = serde_json::from_str(&run.out).unwrap();
    let rows = value["results"][0]["requirements"].as_array().unwrap();
    assert!(
        rows.iter().any(|row| row["verdict"] == "depends"),
        "{}",
        run.out
    );
}
