//! Lists and maps in brackets, whose lines may be indented as one likes: CloudFormation does not look at it.

use std::fs;

use crate::common::program::{Run, run};
use crate::common::table::each;

fn lint(text: &str, more: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.yaml"), text).unwrap();
    let node = ["--role", "instance", "--scheduler", "torque", "--no-config"];
    run(
        folder.path(),
        &[&["lint", "t.yaml"][..], &node, more].concat(),
    )
}

fn template(document: &str) -> String {
    format!(
        "Resources:
  Node:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: p
          PolicyDocument:{document}
"
    )
}

#[test]
fn brackets_may_close_in_the_column_of_the_key() {
    let statement = |actions: &str| {
        let text = "\n            Version: 2012-10-17\n            Statement:\n              - Effect: Allow\n                Action: ACTIONS\n                Resource: '*'";
        template(&text.replace("ACTIONS", actions))
    };
    each(
        [
            statement(
                "[\n                  sqs:SendMessage,\n                  iam:CreateUser\n                ]",
            ),
            statement(
                "[\n                'sqs:SendMessage', # the ] of a comment\n                iam:CreateUser # last\n\n                ]",
            ),
            statement(
                "\n                    [\n                    sqs:SendMessage,\n                    iam:CreateUser\n                ]",
            ),
            statement("[\nsqs:SendMessage,\niam:CreateUser\n]"),
            statement("[\r\n  sqs:SendMessage,\r\n\tiam:CreateUser\r\n]"),
            statement(
                "!Split [\",\", !Join [\",\", [\n                sqs:SendMessage,\n                'iam:CreateUser'\n                ]\n                ]\n                ]",
            ),
            template(
                " {\n            \"Version\": \"2012-10-17\",\n            \"Statement\": [{\n              \"Effect\": \"Allow\",\n              \"Action\": [\n                \"sqs:SendMessage\", \"iam:CreateUser\"\n              ],\n              \"Resource\": \"*\"\n            }]\n          }",
            ),
            template(
                " {\n\"Version\": \"2012-10-17\", # é\n\"Statement\": {\"Effect\": \"Allow\",\n\"Action\":\n[\"sqs:SendMessage\", \"iam:CreateUser\"], \"Resource\": \"*\", \"Sid\": \"it's\"\n}\n}",
            ),
        ],
        |text| {
            let found = lint(&text, &["-f", "json"]);
            let json = found.json();
            let result = &json["results"][0];
            let findings = result["findings"].as_array().unwrap();
            let not_yaml = findings.iter().find(|f| f["lint"] == "invalid-json");
            assert_eq!(not_yaml, None, "{text}");
            let own = findings.iter().find(|f| {
                let actions = f["actions"].as_array().unwrap();
                f["lint"] != "missing-action" && actions.iter().any(|a| a == "iam:CreateUser")
            });
            let region = &own.unwrap_or_else(|| panic!("{text}: {}", found.out))["region"];
            let place = |key: &str| usize::try_from(region[key].as_u64().unwrap()).unwrap();
            let written = &text[place("start_byte")..place("end_byte")];
            assert!(
                written == "iam:CreateUser"
                    || written.contains("Split")
                    || written.starts_with("\",\""),
                "{written}"
            );
        },
    );
}

#[test]
fn what_no_reader_takes_is_refused() {
    each(
        [
            // Never closed, and closed by another bracket.
            " {\n          \"Version\": \"2012-10-17\",\n          \"Statement\": []\n",
            " {\n          \"Version\": \"2012-10-17\",\n          \"Statement\": [\n          }\n          }",
            " [\n          a: b: c\n          ]",
            // A line in no brackets.
            "\n            Version: 2012-10-17\n           Statement: []",
            "\n            Version: \"2012-\n10-17\n            Statement: []",
        ],
        |document| {
            let found = lint(&template(document), &["-f", "concise"]);
            assert_eq!(found.code, 2, "{document}: {}", found.out);
            assert!(found.out.contains("not YAML"), "{document}: {}", found.out);
        },
    );
}

/// Each pair of brackets is read again: not without end.
#[test]
fn many_brackets_take_little_time() {
    let one = "              - Effect: Allow\n                Action: [\n                  sqs:SendMessage\n                ]\n                Resource: '*'\n";
    let text = template(&format!(
        "\n            Version: 2012-10-17\n            Statement:\n{}",
        one.repeat(150)
    ));
    let started = std::time::Instant::now();
    let found = lint(&text, &["-f", "concise"]);
    assert!(!found.out.contains("not YAML"), "{}", found.out);
    assert!(started.elapsed().as_secs() < 60);
}
