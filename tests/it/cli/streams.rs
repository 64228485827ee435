//! Standard input, outputs, colour, and the files that reports are written to.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{QUEUES, fixtures, program, run, split};
use crate::common::program::run as run_in;
use crate::common::role;
use crate::common::table::each;

#[test]
fn several_files_are_one_role_unless_each_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    split(folder.path());
    let base = ["--scheduler", "torque", "--role", "instance"];
    let files = ["part-0.json", "part-1.json", "part-2.json"];
    let union = run_in(folder.path(), &[&["lint"], &files[..], &base].concat());
    assert_eq!((union.code, union.err.as_str()), (0, ""));
    assert!(union.out.contains("covered: instance"), "{}", union.out);
    let pattern = run_in(
        folder.path(),
        &[&["lint", "part-*.json"], &base[..]].concat(),
    );
    assert_eq!(pattern.out, union.out);
    let twice = run_in(
        folder.path(),
        &[&["lint"], &files[..], &files[..], &base].concat(),
    );
    assert_eq!(twice.out, union.out);
    let one = run_in(folder.path(), &[&["lint"], &files[..1], &base].concat());
    assert_eq!(one.code, 1);
    let each = run_in(
        folder.path(),
        &[
            &["lint"],
            &files[..],
            &base,
            &["--each", "--format", "json"],
        ]
        .concat(),
    );
    assert_eq!(each.code, 1);
    let value: Value = serde_json::from_str(&each.out).unwrap();
    let results = value["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for (result, file) in results.iter().zip(files) {
        assert_eq!(result["policies"], json!([file]));
        assert!(!result["findings"].as_array().unwrap().is_empty());
    }
}

#[test]
fn the_threshold_decides_the_exit_code_and_the_format_does_not() {
    let error = "lints/missing-action/bad.json";
    let warning = "lints/unreplaced-placeholder/good.json";
    each(
        [
            (error, "error", 1),
            (error, "warning", 1),
            (error, "note", 1),
            (error, "never", 0),
            (warning, "error", 0),
            (warning, "note", 0),
            ("reference/instance-traditional-published.json", "error", 0),
            (
                "reference/instance-traditional-published.json",
                "warning",
                1,
            ),
            ("reference/instance-traditional-published.json", "note", 1),
            ("reference/instance-traditional-published.json", "never", 0),
        ],
        |(file, fail_on, expected)| {
            for format in ["text", "json"] {
                for quiet in [&[][..], &["-q"]] {
                    let base = ["lint", file, "--scheduler", "torque", "--role", "instance"];
                    let more = ["--fail-on", fail_on, "--format", format];
                    let run = run(&[&base[..], &more, quiet].concat());
                    assert_eq!(run.code, expected, "{file} {fail_on} {format}: {}", run.err);
                }
            }
        },
    );
    let run = run(&[
        "lint",
        error,
        "--scheduler",
        "sge",
        "--role",
        "instance",
        "--exit-zero",
    ]);
    assert_eq!(run.code, 0);
}

#[test]
fn standard_input_several_outputs_and_a_closed_pipe() {
    let policy = role::fixture("reference/instance-traditional-filled.json");
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "lint",
        "-",
        "--scheduler",
        "sge",
        "-o",
        "json:out.json",
        "-o",
        "text:-",
    ];
    let mut child = program(folder.path())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(policy.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("judged <stdin> against"), "{text}");
    let value: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("out.json")).unwrap()).unwrap();
    assert_eq!(value["results"][0]["policies"], json!(["<stdin>"]));

    let file = fixtures().join("lints/missing-action/bad.json");
    let mut child = program(folder.path())
        .args([
            "lint",
            file.to_str().unwrap(),
            "--scheduler",
            "sge",
            "--role",
            "instance",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn colour_only_where_it_is_wanted() {
    let file = "lints/missing-action/bad.json";
    let base = ["lint", file, "--scheduler", "sge", "--role", "instance"];
    assert!(!run(&base).out.contains('\u{1b}'));
    assert!(
        run(&[&base[..], &["--color", "always"]].concat())
            .out
            .contains('\u{1b}')
    );
    let forced = |name: &str, value: &str| {
        let output = program(&fixtures())
            .args(base)
            .env(name, value)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().contains('\u{1b}')
    };
    assert!(forced("FORCE_COLOR", "1"));
    assert!(!forced("NO_COLOR", "1"));
}

#[test]
fn lints_and_explanations_are_printed() {
    let list = run(&["lints"]);
    assert_eq!(list.code, 0);
    assert!(
        list.out.lines().any(|l| l.starts_with("missing-action ")),
        "{}",
        list.out
    );
    let page = run(&["explain", "missing-action"]);
    assert!(page.out.starts_with("# missing-action\n"));
    let why = run(&["explain", "EC2:attachvolume"]);
    assert_eq!(why.code, 0, "{}", why.err);
    each(
        ["ec2:AttachVolume", "role instance", "EBS", "source: "],
        |words| {
            assert!(why.out.contains(words), "{words}: {}", why.out);
        },
    );
}

#[cfg(unix)]
#[test]
fn a_report_keeps_the_mode_and_the_link_of_the_file_it_replaces() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("p.json"), QUEUES).unwrap();
    fs::write(path("report.json"), "old").unwrap();
    fs::set_permissions(path("report.json"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("report.json", path("link.json")).unwrap();
    let run = run_in(
        folder.path(),
        &[
            "lint",
            "p.json",
            "--reference",
            "p.json",
            "-o",
            "json:link.json",
            "-o",
            "json:new.json",
        ],
    );
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(
        fs::symlink_metadata(path("link.json"))
            .unwrap()
            .is_symlink()
    );
    let mode = |name: &str| fs::metadata(path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("report.json"), 0o640);
    assert_eq!(mode("new.json"), mode("p.json"), "as any new file");
    let text = fs::read_to_string(path("report.json")).unwrap();
    assert_eq!(text, fs::read_to_string(path("new.json")).unwrap());
}
