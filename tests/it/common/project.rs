//! A folder with files, in which the program runs.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

pub use super::program::Run;
use super::program::run_with;
use super::role;

/// A temporary folder that is a repository.
pub struct Project {
    folder: tempfile::TempDir,
}

/// Grants what the role needs and, in a statement of its own, something else.
pub fn with_excess(sid: &str, action: &str) -> String {
    let text = role::fixture("reference/instance-traditional-filled.json");
    let mut policy: Value = serde_json::from_str(&text).unwrap();
    let more =
        serde_json::json!({"Sid": sid, "Effect": "Allow", "Action": action, "Resource": "*"});
    policy["Statement"].as_array_mut().unwrap().push(more);
    serde_json::to_string_pretty(&policy).unwrap()
}

/// Grants what the role needs but for these actions.
pub fn without(actions: &[&str]) -> String {
    let text = role::fixture("reference/instance-traditional-filled.json");
    let mut policy: Value = serde_json::from_str(&text).unwrap();
    for statement in policy["Statement"].as_array_mut().unwrap() {
        if let Some(list) = statement["Action"].as_array_mut() {
            list.retain(|a| !actions.contains(&a.as_str().unwrap()));
        }
    }
    serde_json::to_string_pretty(&policy).unwrap()
}

impl Project {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let project = Project {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(project.path(".git")).unwrap();
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_with("", arguments, &[])
    }

    /// Runs in a folder below, with environment variables.
    pub fn run_with(&self, below: &str, arguments: &[&str], env: &[(&str, &str)]) -> Run {
        run_with(&self.path(below), arguments, env)
    }

    /// Runs Git in the folder.
    pub fn git(&self, arguments: &[&str]) {
        let done = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
            .args(arguments)
            .current_dir(self.path(""))
            .env("HOME", self.path(""))
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{error}");
    }
}

/// The findings of all results, as lint and whether it is suppressed.
pub fn findings(json: &Value) -> Vec<(String, Option<String>)> {
    let results = json["results"].as_array().unwrap().iter();
    let all = results.flat_map(|r| r["findings"].as_array().unwrap());
    all.map(|f| {
        let suppressed = f["suppressed"].as_str().map(str::to_owned);
        (f["lint"].as_str().unwrap().to_owned(), suppressed)
    })
    .collect()
}
