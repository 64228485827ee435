//! Files in a folder, judged against a small reference.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::program::{Run, run};

/// A folder with the files of one case and `reference.json`.
pub struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    pub fn new(files: &[(&str, &str)], reference: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::write(folder.path().join("reference.json"), reference).unwrap();
        Case { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Judges a file or a folder against the reference, or as the role that the arguments name.
    pub fn lint(&self, what: &str, more: &[&str]) -> (Run, Value) {
        let mut arguments = vec!["lint", what, "--no-config", "-f", "json"];
        if !more.contains(&"--scheduler") {
            arguments.extend(["--reference", "reference.json"]);
            arguments.extend(["--region", "us-east-1", "--account", "123456789012"]);
        }
        arguments.extend(more);
        let run = run(self.path(), &arguments);
        let value = serde_json::from_str(&run.out).unwrap_or(Value::Null);
        (run, value)
    }
}

/// The verdict for the first requirement.
pub fn verdict(report: &Value) -> String {
    let row = &report["results"][0]["requirements"][0];
    row["verdict"].as_str().unwrap_or("none").to_owned()
}
