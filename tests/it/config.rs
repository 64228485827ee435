//! `pcluster-iam.toml`: found, read, and every mistake drawn where it is.

use crate::common::project::Project;
use crate::common::role;
use crate::common::table::each;
use pcluster_iam::config;
use pcluster_iam::parser::Source;

fn node() -> String {
    role::fixture("reference/instance-traditional-filled.json")
}

const TARGET: &str = "[[target]]\nname = \"node\"\nrole = \"instance\"\nscheduler = \"torque\"\npolicies = [\"iam/*.json\"]\n";

#[test]
fn every_mistake_is_drawn_at_its_place_and_all_at_once() {
    // Each text with the message, the text that is underlined and a part of the help.
    let cases = [
        (
            "regio = \"us-east-1\"",
            "`regio` is not a key of the configuration",
            "regio",
            "did you mean `region`?",
        ),
        (
            "set = {}",
            "`set` is not a key of the configuration",
            "set",
            "did you mean `bindings`?",
        ),
        (
            "role = \"user\"",
            "`role` belongs to a target",
            "role",
            "[[target]]",
        ),
        (
            "pcluster-version = 3.14",
            "`pcluster-version` must be a string, not a float",
            "3.14",
            "\"3.14\"",
        ),
        (
            "account = 123456789012",
            "`account` must be a string, not an integer",
            "123456789012",
            "\"123456789012\"",
        ),
        (
            "account = \"12\"",
            "`12` is not a value for `account`: an account id has 12 digits",
            "\"12\"",
            "123456789012",
        ),
        (
            "region = \"mars\"",
            "`mars` is not a value for `region`: it is not the name of an AWS Region",
            "\"mars\"",
            "us-east-1",
        ),
        (
            "partition = \"azure\"",
            "`azure` is not a value for `partition`: it is not an AWS partition",
            "\"azure\"",
            "aws-cn",
        ),
        (
            "scheduler = \"slrm\"",
            "`slrm` is not a scheduler of ParallelCluster",
            "\"slrm\"",
            "did you mean `slurm`?",
        ),
        (
            "pcluster-version = \"3.99\"",
            "ParallelCluster 3.99.0 is newer than what this program knows",
            "\"3.99\"",
            "newest",
        ),
        (
            "features = [\"efs\", \"fxs\"]",
            "`fxs` is not a feature",
            "\"fxs\"",
            "did you mean `fsx`?",
        ),
        (
            "fail-on = \"warnings\"",
            "`warnings` is not a value for `fail-on`",
            "\"warnings\"",
            "did you mean `warning`?",
        ),
        (
            "attached = [\"x\"]",
            "`x` is not a value for `attached`: it is not the ARN of a policy",
            "\"x\"",
            "arn:aws",
        ),
        (
            "context = { x = \"1\" }",
            "`x` is not a condition key",
            "x",
            "service:Name",
        ),
        (
            "context = { \"aws:x\" = [] }",
            "`aws:x` has no value",
            "[]",
            "leave the key out",
        ),
        (
            "context = { \"aws:x\" = \"1\", \"aws:X\" = \"2\" }",
            "`aws:x` is given twice",
            "\"aws:x\"",
            "upper and lower case",
        ),
        (
            "[lints]\nunneded-action = \"off\"",
            "`unneded-action` is not a lint",
            "unneded-action",
            "did you mean `unneeded-action`?",
        ),
        (
            "[lints]\nknown-gap = \"of\"",
            "`of` is not a severity",
            "\"of\"",
            "did you mean `off`?",
        ),
        (
            "[lints]\nundecided = \"off\"",
            "the severity of `undecided` cannot be changed",
            "undecided",
            "exit code 2",
        ),
        (
            "[lints]\ninvalid-json = \"note\"",
            "the severity of `invalid-json` cannot be changed",
            "invalid-json",
            "exit code 2",
        ),
        (
            "[[ignore]]\nlint = \"known-gap\"",
            "an ignore has no `reason`",
            "[[ignore]]",
            "say why",
        ),
        (
            "[[ignore]]\nreason = \"x\"",
            "an ignore names nothing, so it would hide everything",
            "[[ignore]]",
            "lint, path",
        ),
        (
            "[[ignore]]\nlint = \"known-gap\"\nreason = \" \"",
            "`reason` is empty",
            "\" \"",
            "give a value",
        ),
        (
            "[[ignore]]\nlint = \"undecided\"\nreason = \"x\"",
            "`undecided` cannot be ignored",
            "\"undecided\"",
            "exit code 2",
        ),
        (
            "[[ignore]]\nlint = \"known-gap\"\nreason = \"x\"\nuntil = \"31.1.2027\"",
            "`31.1.2027` is not a day",
            "\"31.1.2027\"",
            "2027-01-31",
        ),
        (
            "[[ignore]]\nlint = \"known-gap\"\nreason = \"x\"\nuntil = 2027-01-31T00:00:00Z",
            "`2027-01-31T00:00:00Z` is not a day",
            "2027-01-31T00:00:00Z",
            "2027-01-31",
        ),
        (
            "[[ignore]]\nsid = \"A\"\nline = 3\nreason = \"x\"",
            "`line` is not a key of an ignore",
            "line",
            "lint",
        ),
        (
            "[ignore]\nsid = \"A\"",
            "`ignore` is a list of tables",
            "[ignore]",
            "[[ignore]]",
        ),
        (
            "[[target]]\npolicies = \"a.json\"",
            "a target has no `name`",
            "[[target]]",
            "name =",
        ),
        (
            "[[target]]\nname = \"a\"",
            "a target has no `policies`",
            "[[target]]",
            "policies =",
        ),
        (
            "[[target]]\nname = \"a\"\npolicies = []",
            "`policies` is empty",
            "[]",
            "iam/*.json",
        ),
        (
            "[[target]]\nname = \"a\"\npolicies = [\"[.json\"]",
            "`[.json` is not a pattern of file names: invalid range pattern",
            "\"[.json\"",
            "`*`",
        ),
        (
            "[[target]]\nname = \"a\"\npolicies = \"a.json\"\nrole = \"instanse\"",
            "`instanse` is not a role of ParallelCluster",
            "\"instanse\"",
            "did you mean `instance`?",
        ),
        (
            "[[target]]\nname = \"a\"\npolicies = \"a.json\"\nrole = \"instance\"\nreference = \"r.json\"",
            "a target has either `reference` or `role`",
            "\"instance\"",
            "leave one",
        ),
        (
            "[[target]]\nname = \"a\"\npolicies = \"a.json\"\n[[target]]\nname = 'a'\npolicies = \"a.json\"",
            "two targets have the name `a`",
            "'a'",
            "of its own",
        ),
        (
            "a = ",
            "string values must be quoted, expected literal string",
            "",
            "TOML",
        ),
        (
            "region = \"us-east-1\"\nregion = \"us-east-2\"",
            "duplicate key",
            "region",
            "TOML",
        ),
    ];
    for (text, message, marked, help) in cases {
        let source = Source::new("pcluster-iam.toml", text);
        let problems = config::read(&source).expect_err(text);
        let found = problems.iter().find(|p| p.message == message);
        let found = found.unwrap_or_else(|| panic!("{text}: {problems:?}"));
        assert_eq!(source.slice(found.span), marked, "{text}");
        let said = found.help.as_deref().unwrap_or_default();
        assert!(said.contains(help), "{text}: {said}");
        assert!(!found.message.ends_with('.') && !said.ends_with('.'));
    }
    // All but those of the syntax in one file, each on its own line.
    let all = "regio = 1\nscheduler = \"slrm\"\n[lints]\nx = \"off\"\n[[ignore]]\nlint = \"y\"\n";
    let project = Project::new(&[("pcluster-iam.toml", all), ("a.json", &node())]);
    each(
        [&["lint"][..], &["lint", "a.json"], &["baseline"]],
        |arguments| {
            let run = project.run(arguments);
            assert_eq!(run.code, 2);
            assert_eq!(run.out, "");
            for place in ["1:1", "2:13", "4:1", "5:1", "6:8"] {
                let at = format!("  --> pcluster-iam.toml:{place}\n");
                assert!(run.err.contains(&at), "{place}: {}", run.err);
            }
            assert!(
                run.err
                    .contains("error: `pcluster-iam.toml` has 5 mistakes")
            );
        },
    );
}

#[test]
fn what_only_shows_when_targets_are_resolved_is_drawn_too() {
    let config = "[[target]]\nname = \"a\"\nrole = \"user\"\nscheduler = \"sge\"\npcluster-version = \"3.1\"\npolicies = \"a.json\"\n\
        [[target]]\nname = \"b\"\nrole = \"user\"\npolicies = \"a.json\"\n\
        [[target]]\nname = \"c\"\nrole = \"instance\"\nscheduler = \"sge\"\npolicies = [\"gone/*.json\", \"gone.json\"]\n\
        [[target]]\nname = \"d\"\nrole = \"instance\"\nscheduler = \"sge\"\npolicies = \"a.json\"\nbindings = { Queu = \"x\" }\n\
        [[target]]\nname = \"e\"\nreference = \"gone.json\"\npolicies = \"a.json\"\n\
        [[target]]\nname = \"f\"\ncluster-config = \"gone.yaml\"\npolicies = \"a.json\"\n";
    let project = Project::new(&[("pcluster-iam.toml", config), ("a.json", &node())]);
    let run = project.run(&["lint"]);
    assert_eq!(run.code, 2, "{}", run.out);
    each(
        [
            ("4:13", "`sge` was dropped in 2.11.5"),
            (
                "8:8",
                "nothing says which scheduler the cluster of `b` uses",
            ),
            ("15:13", "no file matches `gone/*.json`"),
            ("15:28", "no file matches `gone.json`"),
            ("21:21", "the reference has no placeholder `Queu`"),
            ("24:13", "`gone.json` cannot be the reference"),
            ("28:18", "--cluster-config `gone.yaml`"),
        ],
        |(place, message)| {
            let at = run
                .err
                .split("error[configuration]: ")
                .find(|part| part.starts_with(message));
            let at = at.unwrap_or_else(|| panic!("{message}: {}", run.err));
            assert!(at.contains(&format!("pcluster-iam.toml:{place}\n")), "{at}");
        },
    );
}

#[test]
fn a_binding_that_no_target_uses_is_a_mistake() {
    let config = format!("bindings = {{ Ec2RoleNam = \"x\" }}\n{TARGET}");
    let project = Project::new(&[("pcluster-iam.toml", &config), ("iam/a.json", &node())]);
    let run = project.run(&["lint"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err
            .contains("no target's reference has a placeholder `Ec2RoleNam`")
    );
    // Files of the command line may be about another role.
    assert_eq!(
        project
            .run(&[
                "lint",
                "iam/a.json",
                "--role",
                "instance",
                "--scheduler",
                "sge"
            ])
            .code,
        0
    );
}

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
