//! Runs the program itself.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a run of the program came to.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}{}", self.out, self.err))
    }
}

/// Runs the program in a folder, without an environment and with nothing on standard input.
pub fn run(folder: &Path, arguments: &[&str]) -> Run {
    run_with(folder, arguments, &[])
}

/// The same with environment variables.
pub fn run_with(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_pcluster-iam"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Run {
        code: output.status.code().expect("an exit code"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The Region and account of most tests.
pub const HERE: [&str; 4] = ["--region", "us-east-1", "--account", "123456789012"];

/// The role of compute nodes with torque, in one Region and account.
pub const NODE: [&str; 8] = [
    "--role",
    "instance",
    "--scheduler",
    "torque",
    "--region",
    "us-east-1",
    "--account",
    "123456789012",
];

/// One role of a release, without a configuration, as JSON, and no exit code for findings.
pub const JUDGED: [&str; 13] = [
    "--no-config",
    "-f",
    "json",
    "--scheduler",
    "slurm",
    "--role",
    "instance",
    "--region",
    "us-east-1",
    "--account",
    "123456789012",
    "--fail-on",
    "never",
];

/// A release whose reference for [`JUDGED`] is small.
pub const SMALL: [&str; 2] = ["--pcluster-version", "2.4.1"];

/// Judges a file with [`JUDGED`] and more arguments: the exit code and the report.
pub fn judge(folder: &Path, file: &str, more: &[&str]) -> (i32, Value) {
    let run = run(folder, &[&["lint", file], &JUDGED[..], more].concat());
    (run.code, run.json())
}

/// The requirements of the first result.
pub fn requirements(report: &Value) -> &[Value] {
    report["results"][0]["requirements"].as_array().unwrap()
}
