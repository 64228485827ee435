//! The program as a user runs it: arguments in, text and exit code out.

mod faults;
mod references;
mod streams;
mod verdicts;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::common::program::{Run, run as run_in};
use crate::common::role;

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pcluster-iam"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn run(arguments: &[&str]) -> Run {
    run_in(&fixtures(), arguments)
}

/// Lints one text with the instance policy for torque as reference.
fn lint(text: &str, more: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.json"), text).unwrap();
    let mut arguments = vec![
        "lint",
        "p.json",
        "--scheduler",
        "torque",
        "--role",
        "instance",
    ];
    arguments.extend(more);
    run_in(folder.path(), &arguments)
}

/// The instance policy in three files, as the size quota makes people split it.
fn split(folder: &Path) {
    let whole: Value =
        serde_json::from_str(&role::fixture("reference/instance-traditional-filled.json")).unwrap();
    let statements = whole["Statement"].as_array().unwrap();
    for (i, part) in statements.chunks(4).enumerate() {
        let document = json!({ "Version": "2012-10-17", "Statement": part });
        fs::write(folder.join(format!("part-{i}.json")), document.to_string()).unwrap();
    }
}

/// Writes files into a folder of its own and runs the program there.
fn run_with(files: &[(&str, &str)], arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    run_in(folder.path(), arguments)
}

const QUEUES: &str = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "Queues", "Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:GetQueueUrl"], "Resource": "*"}]}"#;
