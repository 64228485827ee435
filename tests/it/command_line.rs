//! What every command has in common: help, version, completions, manual pages, colour, and readers that go away.

#[path = "../../examples/manual.rs"]
#[allow(dead_code, reason = "the entry point of the example")]
mod manual;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::program::{Run, run as run_in};
use crate::common::table::each;
use clap::Command as Cli;
use pcluster_iam::catalog::Catalog;
use pcluster_iam::cli;

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn run(arguments: &[&str]) -> Run {
    run_in(Path::new(ROOT), arguments)
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pcluster-iam"));
    command.current_dir(ROOT).env_clear().stdin(Stdio::null());
    command
}

/// Every command that has no commands below it, by the words that call it.
fn leaves(command: &Cli, path: &[String], found: &mut Vec<(Vec<String>, Cli)>) {
    for sub in command.get_subcommands() {
        let path = [path, &[sub.get_name().to_owned()]].concat();
        if sub.has_subcommands() {
            leaves(sub, &path, found);
        } else {
            found.push((path, sub.clone()));
        }
    }
}

fn commands() -> Vec<(Vec<String>, Cli)> {
    let mut found = Vec::new();
    let mut command = cli::command().disable_help_subcommand(true);
    command.build();
    leaves(&command, &[], &mut found);
    found
}

/// One call of every command that answers at length.
const CALLS: [&[&str]; 16] = [
    &[
        "diff",
        "fixtures/examples/head-node.json",
        "fixtures/lints/privilege-escalation/bad.json",
    ],
    &[
        "baseline",
        "fixtures/examples/head-node.json",
        "--scheduler",
        "torque",
        "--baseline",
        "/dev/null",
    ],
    &["completions", "zsh"],
    &["explain", "sqs:GetQueueUrl"],
    &[
        "lint",
        "fixtures/examples/head-node.json",
        "--scheduler",
        "torque",
    ],
    &["lints"],
    &[
        "missing",
        "fixtures/examples/head-node.json",
        "--scheduler",
        "torque",
    ],
    &[
        "tighten",
        "fixtures/examples/head-node.json",
        "--scheduler",
        "torque",
    ],
    &[
        "reference",
        "diff",
        "3.6.0",
        "3.16.3",
        "--role",
        "head-node",
    ],
    &["reference", "list"],
    &[
        "reference",
        "show",
        "--role",
        "instance",
        "--scheduler",
        "sge",
    ],
    // Without it, it would write a file here.
    &["init", "--help"],
    &["merge", "--help"],
    &["schema", "config"],
    &["schema", "output"],
    &["--help"],
];

#[test]
fn every_command_is_called_below() {
    for (words, _) in commands() {
        let called = CALLS.iter().any(|call| call.starts_with(&as_str(&words)));
        assert!(called, "add a call of `{}`", words.join(" "));
    }
}

fn as_str(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

#[test]
fn a_reader_that_is_gone_changes_neither_the_exit_code_nor_standard_error() {
    each(CALLS, |call| {
        let expected = run(call);
        assert!(!expected.out.is_empty(), "{call:?}: {}", expected.err);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = program().args(call).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(expected.code), "{call:?}");
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            expected.err,
            "{call:?}"
        );
    });
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    for call in CALLS.iter().chain([&["--version"][..]].iter()) {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = program().args(*call).stdout(full).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{call:?}: {error}");
        assert!(
            error.starts_with("error: cannot write standard output: "),
            "{call:?}: {error}"
        );
    }
}

#[test]
fn the_version_names_the_day_of_the_data() {
    let expected = format!(
        "pcluster-iam {} (AWS's actions as of {})\n",
        env!("CARGO_PKG_VERSION"),
        Catalog::embedded().date()
    );
    each(["--version", "-V"], |option| {
        let run = run(&[option]);
        assert_eq!((run.code, run.out.as_str()), (0, expected.as_str()));
        assert_eq!(run.err, "");
    });
}

#[test]
fn help_fits_the_terminal_and_is_never_too_wide_to_read() {
    for (words, _) in commands() {
        for (columns, widest) in [
            ("60", 60),
            ("80", 80),
            ("100", 100),
            ("300", 100),
            ("", 100),
        ] {
            let mut command = program();
            if !columns.is_empty() {
                command.env("COLUMNS", columns);
            }
            let output = command.args(&words).arg("--help").output().unwrap();
            assert_eq!(output.status.code(), Some(0));
            let text = String::from_utf8(output.stdout).unwrap();
            for line in text.lines() {
                // Usage is not wrapped, nor is a word longer than the terminal.
                let is_usage = line.starts_with("Usage: ");
                assert!(
                    is_usage || line.chars().count() <= widest,
                    "{words:?} at {columns}: {line}"
                );
            }
        }
        // Nothing panics where there is hardly any room.
        for columns in ["0", "1", "7", "30", "x"] {
            let mut command = program();
            let output = command
                .env("COLUMNS", columns)
                .args(&words)
                .arg("-h")
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(0), "{words:?} at {columns}");
        }
    }
}

#[test]
fn completions_know_every_command_and_option() {
    each(SHELLS, |shell| {
        let run = run(&["completions", shell]);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{shell}");
        for (words, command) in commands() {
            let name = words.last().unwrap();
            assert!(run.out.contains(name.as_str()), "{shell}: {name}");
            for option in command.get_arguments().filter_map(clap::Arg::get_long) {
                assert!(run.out.contains(option), "{shell}: --{option}");
            }
        }
    });
    let unknown = run(&["completions", "tcsh"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (2, ""));
    assert!(unknown.err.contains("bash"), "{}", unknown.err);
}

/// Asks bash what it would offer for the last word.
fn offered(words: &[&str]) -> Vec<String> {
    let script = r#"
        eval "$("$PROGRAM" completions bash)"
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        function=$(complete -p pcluster-iam | sed 's/.*-F \([^ ]*\).*/\1/')
        "$function" pcluster-iam "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let output = Command::new("bash")
        .args(["-c", script, "bash"])
        .args(words)
        .env("PROGRAM", env!("CARGO_BIN_EXE_pcluster-iam"))
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && error.is_empty(), "{error}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes() {
    assert_eq!(offered(&["pcluster-iam", "li"]), ["lint", "lints"]);
    assert_eq!(
        offered(&["pcluster-iam", "lint", "--exit"]),
        ["--exit-zero"]
    );
    assert_eq!(
        offered(&["pcluster-iam", "lint", "--fail-on", ""]),
        ["error", "warning", "note", "never"]
    );
    assert_eq!(
        offered(&["pcluster-iam", "reference", "s"]),
        ["show"],
        "commands below commands"
    );
}

#[test]
fn every_command_has_a_manual_page_with_its_options() {
    let folder = tempfile::tempdir().unwrap();
    manual::write(&folder.path().join("man1")).unwrap();
    for (words, command) in commands() {
        let name = format!("man1/pcluster-iam-{}.1", words.join("-"));
        let page = fs::read_to_string(folder.path().join(&name)).unwrap();
        for option in command.get_arguments().filter_map(clap::Arg::get_long) {
            let written = format!(r"\fB\-\-{}\fR", option.replace('-', r"\-"));
            assert!(page.contains(&written), "{name}: --{option}");
        }
    }
    let page = fs::read_to_string(folder.path().join("man1/pcluster-iam.1")).unwrap();
    assert!(page.contains("Exit codes: 0 no finding"), "{page}");
    assert!(page.contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn colour_is_asked_for_by_option_first_and_by_variables_then() {
    let escapes = |options: &[&str], variables: &[(&str, &str)]| {
        let output = program()
            .args(["lint", "fixtures/examples/head-node.json"])
            .args(["--scheduler", "torque"])
            .args(options)
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        output.stdout.contains(&0x1b)
    };
    assert!(!escapes(&[], &[]), "a pipe has no colour");
    assert!(escapes(&[], &[("FORCE_COLOR", "1")]));
    assert!(escapes(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!escapes(&[], &[("NO_COLOR", "1"), ("FORCE_COLOR", "1")]));
    assert!(escapes(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(!escapes(&["--color", "never"], &[("FORCE_COLOR", "1")]));
    each(
        ["concise", "json", "sarif", "github", "gitlab", "junit"],
        |format| {
            let options = ["--color", "always", "-f", format];
            assert!(!escapes(&options, &[("FORCE_COLOR", "1")]), "{format}");
        },
    );
}
