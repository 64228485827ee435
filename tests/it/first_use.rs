//! What people meet first: misspelt options, files that are none, templates, an upgrade, file names that steer a terminal.

mod arguments;
mod reports;
mod schedulers;

use std::fs;
use std::path::Path;

use crate::common::program::{Run, run};

/// The policies of a role as AWS documents them, in a folder of their own.
fn documented(arguments: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let show = [&["reference", "show", "--format", "json"], arguments].concat();
    let shown = run(folder.path(), &show);
    assert_eq!(shown.code, 0, "{}", shown.err);
    fs::write(folder.path().join("p.json"), shown.out).unwrap();
    folder
}

const HEAD: [&str; 10] = [
    "--role",
    "head-node",
    "--scheduler",
    "slurm",
    "--pcluster-version",
    "3.6.0",
    "--region",
    "us-east-1",
    "--account",
    "123456789012",
];

fn lint(folder: &Path, arguments: &[&str]) -> Run {
    run(folder, &[&["lint", "p.json"], arguments].concat())
}
