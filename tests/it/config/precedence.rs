//! Which configuration counts, and what the command line, a target and the top say over each other.

use super::{TARGET, node};
use crate::common::project::Project;
use crate::common::table::each;

#[test]
fn it_is_found_up_to_the_root_of_the_repository() {
    let project = Project::new(&[("pcluster-iam.toml", TARGET), ("iam/a.json", &node())]);
    std::fs::create_dir_all(project.path("deep/er")).unwrap();
    let json = |below: &str| project.run_with(below, &["lint", "-f", "json"], &[]).json();
    assert_eq!(json("")["results"][0]["policies"][0], "iam/a.json");
    assert_eq!(
        json("deep/er")["results"][0]["policies"][0],
        "../../iam/a.json"
    );
    // Fingerprints are the same wherever the program runs.
    let off = "[lints]\nover-broad-action = \"error\"\n";
    let broad = crate::common::project::with_excess("More", "s3:PutBucketLogging");
    project.write("pcluster-iam.toml", &format!("{TARGET}{off}"));
    project.write("iam/a.json", &broad);
    let prints = |below: &str| json(below)["results"][0]["findings"][0]["fingerprint"].clone();
    assert!(prints("").is_string());
    assert_eq!(prints(""), prints("deep/er"));
    // A repository within is another one.
    std::fs::create_dir(project.path("deep/.git")).unwrap();
    let run = project.run_with("deep/er", &["lint"], &[]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.starts_with("error: nothing to judge\n"),
        "{}",
        run.err
    );
    assert!(run.err.contains("pcluster-iam init"));
}

#[test]
fn outside_of_a_repository_only_the_working_directory_counts() {
    let folder = Project::new(&[
        ("pcluster-iam.toml", TARGET),
        ("iam/a.json", &node()),
        ("below/x", ""),
    ]);
    std::fs::remove_dir(folder.path(".git")).unwrap();
    assert_eq!(folder.run(&["lint"]).code, 0);
    assert_eq!(folder.run_with("below", &["lint"], &[]).code, 2);
}

#[test]
fn options_and_the_environment_name_another_file_or_none() {
    let hidden = TARGET.replace("node", "hidden");
    let other = TARGET.replace("node", "other").replace("iam/", "../iam/");
    let project = Project::new(&[("iam/a.json", &node()), ("conf/x.toml", &other)]);
    project.write(".pcluster-iam.toml", &hidden);
    let target = |arguments: &[&str], env: &[(&str, &str)]| {
        let run = project.run_with("", &[&["lint", "-f", "json"], arguments].concat(), env);
        run.json()["results"][0]["target"].clone()
    };
    assert_eq!(target(&[], &[]), "hidden");
    project.write("pcluster-iam.toml", TARGET);
    assert_eq!(target(&[], &[]), "node");
    assert_eq!(target(&["-c", "conf/x.toml"], &[]), "other");
    let env = [("PCLUSTER_IAM_CONFIG", "conf/x.toml")];
    assert_eq!(target(&[], &env), "other");
    assert_eq!(target(&["--config", ".pcluster-iam.toml"], &env), "hidden");
    assert_eq!(target(&[], &[("PCLUSTER_IAM_CONFIG", "")]), "node");
    assert_eq!(project.run(&["lint", "--no-config"]).code, 2);
    assert_eq!(project.run_with("", &["lint", "--no-config"], &env).code, 2);
    assert_eq!(project.run(&["lint", "--no-config", "-c", "x"]).code, 2);
    let gone = project.run(&["lint", "-c", "gone.toml"]);
    assert_eq!(gone.code, 2);
    assert!(
        gone.err
            .contains("--config `gone.toml`: cannot read the file")
    );
    let gone = project.run_with("", &["lint"], &[("PCLUSTER_IAM_CONFIG", "gone.toml")]);
    assert!(gone.err.contains("PCLUSTER_IAM_CONFIG `gone.toml`"));
}

#[test]
fn the_command_line_comes_before_the_target_and_that_before_the_top() {
    let config = "region = \"us-east-1\"\naccount = \"111111111111\"\npcluster-version = \"2.5\"\n\
        [[target]]\nname = \"n\"\nrole = \"instance\"\nscheduler = \"sge\"\n\
        account = \"222222222222\"\npolicies = \"a.json\"\n";
    let project = Project::new(&[("pcluster-iam.toml", config), ("a.json", &node())]);
    let json = |arguments: &[&str]| {
        project
            .run(&[&["lint", "--exit-zero", "-f", "json"], arguments].concat())
            .json()["results"][0]
            .clone()
    };
    let result = json(&[]);
    let bound = |result: &serde_json::Value, name: &str| {
        let bound = &result["bindings"][name];
        format!(
            "{} {}",
            bound["value"].as_str().unwrap(),
            bound["from"].as_str().unwrap()
        )
    };
    assert_eq!(bound(&result, "Region"), "us-east-1 pcluster-iam.toml:1:10");
    assert_eq!(
        bound(&result, "Account"),
        "222222222222 pcluster-iam.toml:8:11"
    );
    assert_eq!(result["reference"]["scheduler"], "sge");
    assert_eq!(result["reference"]["pcluster_version"], "2.5.1");
    let result = json(&[
        "--region",
        "eu-west-1",
        "--account",
        "333333333333",
        "--scheduler",
        "slurm",
        "--pcluster-version",
        "2.4.1",
    ]);
    assert_eq!(bound(&result, "Region"), "eu-west-1 --region");
    assert_eq!(bound(&result, "Account"), "333333333333 --account");
    assert_eq!(result["reference"]["scheduler"], "slurm");
    assert_eq!(result["reference"]["pcluster_version"], "2.4.1");
    // Files of the command line have what stands at the top, and nothing of a target.
    let result = json(&["a.json", "--role", "instance", "--scheduler", "torque"]);
    assert_eq!(
        bound(&result, "Account"),
        "111111111111 pcluster-iam.toml:2:11"
    );
    assert!(result["target"].is_null());
    // A reference of one's own leaves the names of ParallelCluster's aside, at every level.
    let result = json(&["--reference", "a.json"]);
    assert!(result["reference"]["role"].is_null(), "{result}");
}

#[test]
fn what_a_target_says_beside_names_is_heard() {
    let config = "[[target]]\nname = \"n\"\nreference = \"conf/need.json\"\npolicies = [\"a.json\"]\nboundary = \"conf/limit.json\"\n\
        scps = [[\"conf/limit.json\", \"a.json\"], \"a.json\"]\ncontext = { \"aws:SourceVpc\" = \"vpc-1\" }\n";
    let need = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}}"#;
    let grant = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*", "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}}"#;
    let project = Project::new(&[
        ("pcluster-iam.toml", config),
        ("conf/need.json", need),
        ("conf/limit.json", need),
        ("a.json", grant),
    ]);
    let json = project.run(&["lint", "-f", "json"]).json();
    let result = &json["results"][0];
    assert_eq!(result["boundary"], "conf/limit.json");
    assert_eq!(
        result["scps"],
        serde_json::json!([["conf/limit.json", "a.json"], ["a.json"]])
    );
    assert_eq!(result["requirements"][0]["verdict"], "covered");
    let other = project
        .run(&[
            "lint",
            "-f",
            "json",
            "--context",
            "aws:SourceVpc=vpc-2",
            "--exit-zero",
        ])
        .json();
    assert_ne!(other["results"][0]["requirements"][0]["verdict"], "covered");
}

#[test]
fn the_threshold_is_that_of_the_configuration_unless_an_option_says_otherwise() {
    let config = |more: &str| format!("{more}{TARGET}");
    let broad = crate::common::project::with_excess("More", "s3:PutBucketLogging");
    let project = Project::new(&[("iam/a.json", &broad)]);
    each(
        [
            ("", 0),
            ("fail-on = \"warning\"\n", 1),
            ("fail-on = \"never\"\n", 0),
        ],
        |(fail_on, code)| {
            project.write("pcluster-iam.toml", &config(fail_on));
            assert_eq!(project.run(&["lint"]).code, code, "{fail_on}");
            assert_eq!(project.run(&["lint", "--fail-on", "warning"]).code, 1);
            assert_eq!(project.run(&["lint", "--fail-on", "error"]).code, 0);
            assert_eq!(project.run(&["lint", "--exit-zero"]).code, 0);
        },
    );
}

#[test]
fn severities_are_those_of_the_configuration_and_then_of_options() {
    let broad = crate::common::project::with_excess("More", "s3:PutBucketLogging");
    let config = format!("{TARGET}[lints]\nunneeded-action = \"error\"\n");
    let project = Project::new(&[("iam/a.json", &broad), ("pcluster-iam.toml", &config)]);
    let severity = |arguments: &[&str]| {
        let run = project.run(&[&["lint", "-f", "json"], arguments].concat());
        let json = run.json();
        let findings = json["results"][0]["findings"].as_array().unwrap().clone();
        let found = findings.iter().find(|f| f["lint"] == "unneeded-action");
        (
            run.code,
            found.map(|f| f["severity"].as_str().unwrap().to_owned()),
        )
    };
    let is = |code, severity: &str| (code, Some(severity.to_owned()));
    assert_eq!(severity(&[]), is(1, "error"));
    assert_eq!(severity(&["--warn", "unneeded-action"]), is(0, "warning"));
    assert_eq!(
        severity(&["--note", "known-gap,unneeded-action"]),
        is(0, "note")
    );
    assert_eq!(severity(&["--off", "unneeded-action"]), (0, None));
    assert_eq!(
        severity(&[
            "--no-config",
            "iam/a.json",
            "--scheduler",
            "sge",
            "--error",
            "unneeded-action"
        ]),
        is(1, "error")
    );
    each(
        [
            (
                ["--off", "unneded-action"],
                "did you mean `unneeded-action`?",
            ),
            (["--off", "undecided"], "its severity cannot be changed"),
            (["--warn", "invalid-json"], "its severity cannot be changed"),
        ],
        |(arguments, said)| {
            let run = project.run(&[&["lint"], &arguments[..]].concat());
            assert_eq!(run.code, 2);
            assert!(run.err.contains(said), "{}", run.err);
        },
    );
    let both = project.run(&["lint", "--off", "known-gap", "--note", "known-gap"]);
    assert_eq!(both.code, 2);
    assert!(
        both.err.contains("it is given to --note as well"),
        "{}",
        both.err
    );
}
