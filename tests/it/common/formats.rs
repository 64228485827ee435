//! The formats, the fixtures that go through them, and readers that stand in for those of the formats.

use std::fs;
use std::path::{Path, PathBuf};

/// By their names on the command line.
pub const FORMATS: [&str; 7] = [
    "text", "concise", "json", "sarif", "github", "gitlab", "junit",
];

fn fixtures(folder: &Path, out: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap();
    let mut entries: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            fixtures(&path, out);
        } else if path.extension().is_some_and(|e| e == "json") {
            out.push(path);
        }
    }
}

/// Every policy below `fixtures/`, with its path.
pub fn every_fixture() -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    fixtures(&root, &mut paths);
    assert!(paths.len() >= 40);
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path, text)
    };
    paths.into_iter().map(read).collect()
}

/// What the runner of a workflow makes of a command.
pub struct Annotation {
    pub command: String,
    pub properties: Vec<(String, String)>,
    pub message: String,
}

impl Annotation {
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.properties.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads workflow commands as the runner does: a line that begins with `::`, properties up to the next `::`, and
/// escapes taken back in the order opposite to that of writing.
pub fn annotations(text: &str) -> Vec<Annotation> {
    let data = |text: &str| {
        text.replace("%0D", "\r")
            .replace("%0A", "\n")
            .replace("%25", "%")
    };
    let property = |text: &str| {
        text.replace("%0D", "\r")
            .replace("%0A", "\n")
            .replace("%3A", ":")
            .replace("%2C", ",")
            .replace("%25", "%")
    };
    let read = |line: &str| {
        let (head, message) = line.strip_prefix("::")?.split_once("::").unwrap();
        let (command, properties) = head.split_once(' ').unwrap();
        let pairs = properties.split(',').map(|p| p.split_once('=').unwrap());
        Some(Annotation {
            command: command.to_owned(),
            properties: pairs.map(|(n, v)| (n.to_owned(), property(v))).collect(),
            message: data(message),
        })
    };
    text.lines().filter_map(read).collect()
}
