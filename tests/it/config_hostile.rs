//! Configurations that are none, and files of theirs that are not there.

use std::fs;

use crate::common::project::{Project, Run, without};
use crate::common::table::each;

const TARGET: &str = "[[target]]\nname = \"node\"\nrole = \"instance\"\nscheduler = \"torque\"\npolicies = [\"iam/*.json\"]\n";

fn project(config: &str) -> Project {
    Project::new(&[("pcluster-iam.toml", config), ("iam/a.json", &without(&[]))])
}

/// Runs `lint` on the targets, which must fail before anything is judged.
fn refused(project: &Project) -> String {
    let Run { code, out, err } = project.run(&["lint", "-f", "json"]);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(err.len() < 20_000, "{} bytes", err.len());
    err
}

#[test]
fn marks_and_line_ends_of_other_systems_are_read() {
    each(
        [
            format!("\u{feff}{TARGET}"),
            TARGET.replace('\n', "\r\n"),
            format!("\u{feff}# é\r\n{}", TARGET.replace('\n', "\r\n")),
        ],
        |text| {
            assert_eq!(project(&text).run(&["lint"]).code, 0, "{text:?}");
        },
    );
    // Places count in characters.
    let err = refused(&project(&format!(
        "\u{feff}x = 1\r\nfail-on = \"é\"\r\n{TARGET}"
    )));
    assert!(err.contains("--> pcluster-iam.toml:2:11\n"), "{err}");
}

#[test]
fn unreadable_and_hostile_configurations_are_refused() {
    let project = project(TARGET);
    let path = project.path("pcluster-iam.toml");
    let cannot = "error: the configuration `pcluster-iam.toml`: ";
    fs::write(&path, b"# caf\xe9\n").unwrap();
    let err = refused(&project);
    assert!(err.starts_with(&format!("{cannot}the file is not UTF-8")));
    each([2 << 20, 17 << 20], |size| {
        fs::write(&path, "#".repeat(size)).unwrap();
        let err = refused(&project);
        assert!(err.starts_with(&format!("{cannot}it is larger")), "{err}");
        assert!(!err.contains("policy"), "{err}");
    });
    // Deep nesting and many mistakes end soon and say little.
    each(
        [
            format!("x = {}", "[".repeat(900_000)),
            format!("{}b = 1", "a.".repeat(400_000)),
            "k = 1\n".repeat(100_000),
            "= ".repeat(400_000),
        ],
        |text| {
            fs::write(&path, &text).unwrap();
            let err = refused(&project);
            assert!(err.contains("error: `pcluster-iam.toml` has "), "{err}");
        },
    );
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(
        refused(&project),
        format!("{cannot}it is a folder\n  help: name the file in it\n")
    );
    assert_eq!(project.run(&["init"]).code, 2);
}

/// To pass over it would judge without the ignores and severities that somebody wrote.
#[cfg(unix)]
#[test]
fn a_configuration_that_leads_nowhere_is_not_passed_over() {
    let project = project(TARGET);
    let path = project.path("pcluster-iam.toml");
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("gone.toml", &path).unwrap();
    each(
        [
            &["lint"][..],
            &["lint", "iam/a.json", "--scheduler", "torque"],
            &["missing", "iam/a.json", "--scheduler", "torque"],
            &["baseline"],
        ],
        |arguments| {
            let run = project.run(arguments);
            assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}");
            assert!(run.err.contains("there is no such file"), "{}", run.err);
        },
    );
    // One that leads somewhere is read, and its paths are relative to where it is named.
    fs::remove_file(&path).unwrap();
    project.write("conf/real.toml", TARGET);
    std::os::unix::fs::symlink("conf/real.toml", &path).unwrap();
    assert_eq!(project.run(&["lint"]).code, 0);
    let made = std::process::Command::new("mkfifo")
        .arg(project.path("fifo.toml"))
        .status();
    assert!(made.unwrap().success());
    let run = project.run(&["lint", "-c", "fifo.toml"]);
    assert!(
        run.err.contains("this is a FIFO, not a file"),
        "{}",
        run.err
    );
}

#[test]
fn more_targets_than_are_judged_in_one_run_are_refused() {
    let targets = |count: usize| -> String {
        let target = |n| TARGET.replace("\"node\"", &format!("\"node-{n}\""));
        (0..count).map(target).collect()
    };
    let err = refused(&project(&targets(1_001)));
    assert!(
        err.starts_with("error[configuration]: more than 1000 targets\n"),
        "{err}"
    );
    assert!(err.contains("--> pcluster-iam.toml:5001:1\n"), "{err}");
    let Run { code, out, .. } = project(&targets(1_000)).run(&["lint", "-f", "concise"]);
    assert_eq!(code, 0, "{}", out.len());
}

#[test]
fn a_line_has_one_mistake_of_syntax() {
    each(
        [
            ("x = [1,\ny = 2\n", &["2:3"][..]),
            ("a\n", &["1:2"]),
            ("region = \"us\naccount = \"1\"\n= 3\n", &["1:13", "3:1"]),
        ],
        |(text, places)| {
            let err = refused(&project(text));
            let found: Vec<&str> = err
                .lines()
                .filter_map(|line| line.trim_start().strip_prefix("--> pcluster-iam.toml:"))
                .collect();
            assert_eq!(found, places, "{err}");
        },
    );
}

#[test]
fn files_that_a_target_names_wrongly_are_drawn_where_it_names_them() {
    each(
        [
            (
                "policies = \"iam\"",
                "5:12",
                "`iam` is a folder, not a policy",
                "\"iam/*.json\"",
            ),
            (
                "policies = [\"iam/a.json\", \"iam/\"]",
                "5:27",
                "`iam/` is a folder, not a policy",
                "\"iam/*.json\"",
            ),
            (
                "policies = \"iam\\\\*.json\"",
                "5:12",
                "no file matches `iam\\*.json`",
                "`/` between folders",
            ),
            (
                "policies = \"../../*.nothing\"",
                "5:12",
                "no file matches `../../*.nothing`",
                "relative to this file",
            ),
            (
                "policies = \"iam/*.json\"\nboundary = \"gone.json\"",
                "6:12",
                "`gone.json` is not a file",
                "relative to this file",
            ),
            (
                "policies = \"iam/*.json\"\nscps = [[\"iam/a.json\", \"iam/*.json\"]]",
                "6:24",
                "`iam/*.json` is not a file",
                "no patterns here",
            ),
        ],
        |(line, place, message, help)| {
            let policies = "policies = [\"iam/*.json\"]";
            let project = project(&TARGET.replace(policies, line));
            let err = refused(&project);
            let expected =
                format!("error[configuration]: {message}\n --> pcluster-iam.toml:{place}\n");
            assert!(
                err.replace("\n  --> ", "\n --> ").starts_with(&expected),
                "{err}"
            );
            assert!(err.contains(help), "{err}");
            // From a folder below, the same with the path from there.
            let below = project.run_with("iam", &["lint"], &[]);
            assert_eq!(below.code, 2);
            let at = format!("--> ../pcluster-iam.toml:{place}\n");
            assert!(below.err.contains(&at), "{}", below.err);
        },
    );
    // The command line comes first, also where what it replaces is not there.
    let project = project(&format!("{TARGET}boundary = \"gone.json\"\n"));
    let run = project.run(&["lint", "--boundary", "iam/a.json"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
}

#[test]
fn a_configuration_without_targets_says_so() {
    each(["", "# nothing\n", "scheduler = \"torque\"\n"], |text| {
        let project = project(text);
        let err = refused(&project);
        let said =
            "error: nothing to judge: no file is named, and `pcluster-iam.toml` has no target\n";
        assert!(err.starts_with(said), "{err}");
        // For files that are named it is enough.
        let arguments = ["lint", "iam/a.json", "--scheduler", "torque"];
        assert_eq!(project.run(&arguments).code, 0);
    });
}
