//! `pcluster-iam.toml`: found, read, and every mistake drawn where it is.

mod mistakes;
mod precedence;

use pcluster_iam::config;
use pcluster_iam::parser::Source;

use crate::common::project::Project;
use crate::common::role;

fn node() -> String {
    role::fixture("reference/instance-traditional-filled.json")
}

const TARGET: &str = "[[target]]\nname = \"node\"\nrole = \"instance\"\nscheduler = \"torque\"\npolicies = [\"iam/*.json\"]\n";

#[test]
fn what_could_not_be_judged_stays_2() {
    let config =
        format!("fail-on = \"never\"\n{TARGET}[[ignore]]\npath = \"**\"\nreason = \"all\"\n");
    let project = Project::new(&[("iam/a.json", "{"), ("pcluster-iam.toml", &config)]);
    let all: Vec<&str> = pcluster_iam::lints::ALL.iter().map(|l| l.id).collect();
    let changeable: Vec<&str> = all
        .into_iter()
        .filter(|l| !config::FIXED.contains(l))
        .collect();
    let run = project.run(&[
        "lint",
        "--exit-zero",
        "--off",
        &changeable.join(","),
        "-f",
        "concise",
    ]);
    assert_eq!(run.code, 2);
    assert!(
        run.out.contains("iam/a.json:1:1: error[invalid-json]"),
        "{}",
        run.out
    );
    assert_eq!(project.run(&["baseline"]).code, 2);
    assert!(!project.path("pcluster-iam-baseline.json").exists());
}

#[test]
fn standard_input_can_have_a_path() {
    let project = Project::new(&[("a.json", &node())]);
    let run = project.run(&[
        "lint",
        "a.json",
        "--scheduler",
        "sge",
        "--stdin-filename",
        "x.json",
    ]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("standard input is not read"));
    // Nothing stands on standard input here, which is an error with the path.
    let run = project.run(&[
        "lint",
        "-",
        "--scheduler",
        "sge",
        "--stdin-filename",
        "iam/x.json",
        "-f",
        "concise",
    ]);
    assert!(
        run.out.starts_with("iam/x.json:1:1: error[invalid-json]"),
        "{}",
        run.out
    );
}

#[test]
fn init_writes_what_lint_reads_and_nothing_over_it() {
    let project = Project::new(&[
        ("iam/head/a.json", &node()),
        ("iam/head/b.json", &node()),
        ("iam/other/a.json", &node()),
        ("iam/other/package.json", "{\"name\": \"x\"}"),
        (
            "cluster.yaml",
            &std::fs::read_to_string("fixtures/cluster-config/slurm-fsx-3.1.yaml").unwrap(),
        ),
        (".hidden/a.json", &node()),
        ("notes.txt", "x"),
    ]);
    let run = project.run(&["init"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert_eq!(
        run.out,
        "pcluster-iam.toml: 2 targets with 3 policies; read it through, then run `pcluster-iam lint`\n"
    );
    let text = project.read("pcluster-iam.toml");
    let source = Source::new("pcluster-iam.toml", text.clone());
    let config = config::read(&source).unwrap();
    let policies = |at: usize| -> Vec<&str> {
        config.targets[at]
            .policies
            .iter()
            .map(|p| p.value.as_str())
            .collect()
    };
    assert_eq!(config.targets.len(), 2);
    assert_eq!(policies(0), ["iam/head/*.json"]);
    assert_eq!(policies(1), ["iam/other/a.json"]);
    assert_eq!(
        config.defaults.cluster_config.unwrap().value,
        "cluster.yaml"
    );
    // What stands there as a comment is right once it is no comment any more.
    let open: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with('[') || rest.contains(" = \"") => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    config::read(&Source::new("pcluster-iam.toml", open.clone()))
        .unwrap_or_else(|e| panic!("{open}\n{e:?}"));
    let again = project.run(&["init"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("`pcluster-iam.toml` already exists"));
    assert_eq!(project.read("pcluster-iam.toml"), text);
    let lint = project.run(&["lint"]);
    assert!(lint.code < 2, "{}", lint.err);
    let empty = Project::new(&[]);
    assert_eq!(empty.run(&["init"]).code, 0);
    assert!(
        empty
            .run(&["lint"])
            .err
            .starts_with("error: nothing to judge")
    );
}

#[test]
fn the_schema_holds_for_what_is_read() {
    let schema = Project::new(&[]).run(&["schema", "config"]);
    assert_eq!(schema.code, 0);
    let schema: serde_json::Value = serde_json::from_str(&schema.out).unwrap();
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("config.json", schema).unwrap();
    let index = compiler.compile("config.json", &mut schemas).unwrap();
    let holds = |value: serde_json::Value| schemas.validate(&value, index).is_ok();
    let valid = serde_json::json!({
        "scheduler": "slurm",
        "fail-on": "never",
        "lints": {"unneeded-action": "off"},
        "target": [{"name": "a", "policies": "a.json", "scps": ["a", ["b", "c"]], "context": {"aws:a": [1, true]}}],
        "ignore": [{"sid": "A", "reason": "x"}],
    });
    if let Err(error) = schemas.validate(&valid, index) {
        panic!("{error:#}");
    }
    assert!(!holds(serde_json::json!({"schedulr": "slurm"})));
    assert!(!holds(serde_json::json!({"scheduler": "lsf"})));
    assert!(!holds(serde_json::json!({"lints": {"undecided": "off"}})));
    assert!(!holds(serde_json::json!({"ignore": [{"sid": "A"}]})));
    assert!(!holds(serde_json::json!({"target": [{"name": "a"}]})));
}
