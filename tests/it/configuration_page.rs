//! What `docs/configuration.md` shows is what the program does.

use crate::common::project::Project;
use crate::common::role;
use crate::common::table::each;
use pcluster_iam::config;
use pcluster_iam::parser::Source;
use serde_json::Value;

const PAGE: &str = include_str!("../../docs/configuration.md");

/// The texts of the fenced blocks of this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let starts = PAGE.split(fence.as_str()).skip(1);
    let ends = starts.map(|rest| rest.split("\n```").next().unwrap());
    ends.collect()
}

#[test]
fn the_examples_do_what_they_say() {
    let needed = role::fixture("reference/instance-traditional-filled.json");
    let project = Project::new(&[
        ("pcluster-iam.toml", blocks("toml")[0]),
        ("iam/head-node/extra.json", blocks("json")[0]),
        ("iam/head-node/needed.json", &needed),
    ]);
    let (command, expected) = blocks("text")[0].split_once('\n').unwrap();
    assert_eq!(command, "$ pcluster-iam lint");
    let run = project.run(&["lint"]);
    for line in expected.lines() {
        assert!(run.out.lines().any(|l| l == line), "{line}\n{}", run.out);
    }
    assert_eq!(project.run(&["baseline"]).code, 0);
    let written: Value = serde_json::from_str(&project.read("pcluster-iam-baseline.json")).unwrap();
    let mut shown: Value = serde_json::from_str(blocks("json")[1]).unwrap();
    shown[0]["fingerprint"] = written[0]["fingerprint"].clone();
    assert_eq!(written, shown);
    let baseline = ["lint", "--baseline", "pcluster-iam-baseline.json"];
    assert_eq!(project.run(&baseline).code, 0);
}

/// Every key of the schema is explained, and what is written as a value can be read.
#[test]
fn every_key_is_on_the_page() {
    let schema: Value = serde_json::from_str(config::SCHEMA).unwrap();
    let tables = [
        &schema,
        &schema["$defs"]["Target"],
        &schema["$defs"]["Ignore"],
    ];
    for table in tables {
        for key in table["properties"].as_object().unwrap().keys() {
            let named = [
                format!("`{key}`"),
                format!("`[{key}]`"),
                format!("`[[{key}]]`"),
            ];
            assert!(named.iter().any(|n| PAGE.contains(n.as_str())), "{key}");
        }
    }
    each(
        [
            ("features", "[\"fsx\", \"login-nodes\"]"),
            ("bindings", "{ Ec2RoleName = \"parallelcluster-*\" }"),
            ("context", "{ \"aws:SourceVpc\" = \"vpc-1\" }"),
            ("scps", "[\"root.json\", [\"ou-1.json\", \"ou-2.json\"]]"),
        ],
        |(key, value)| {
            assert!(PAGE.contains(value), "{value}");
            let text = format!("{key} = {value}\n");
            config::read(&Source::new("pcluster-iam.toml", text)).unwrap();
        },
    );
}
