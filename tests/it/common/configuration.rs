//! The cluster configurations below `fixtures/`.

use std::fs;
use std::path::{Path, PathBuf};

use pcluster_iam::parser::Source;

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cluster-config")
}

/// The fixtures, by name.
pub fn fixtures() -> Vec<(String, Source)> {
    let mut found: Vec<(String, Source)> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().unwrap() != "taken" && !path.ends_with("dialect.json"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (
                name.clone(),
                Source::new(name, fs::read_to_string(path).unwrap()),
            )
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}
