//! The floors of the crate: a module uses only what is below it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of `src/`, from the ground up. Modules of one floor use each other only downwards in this list, too.
const FLOORS: &[&str] = &[
    "bytes",
    "nearest",
    "quota",
    "rejection",
    "inert",
    "fingerprint",
    "operator",
    "vocabulary",
    "parser",
    "inventory",
    "edit",
    "finding",
    "matcher",
    "catalog",
    "reference",
    "cluster",
    "diff",
    "lints",
    "result",
    "check",
    "config",
    "baseline",
    "unused",
    "remedy",
    "report",
    "cli",
];

/// Arrows that still go up. The list only shrinks.
const EXCEPTIONS: &[(&str, &str)] = &[];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The lines of a file that are code: without comments, and without its tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("\n#[cfg(test)]\nmod tests").next().unwrap();
    let lines = text.lines();
    let code = lines.filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

/// The names that follow `crate::`, also those of a list in braces, and `super::super::…` that leaves a module.
fn used(text: &str, depth: usize) -> BTreeSet<String> {
    let word = |text: &str| -> String {
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
        text[..end.unwrap_or(text.len())].to_owned()
    };
    let up = "super::".repeat(depth);
    let mut starts: Vec<&str> = text.split("crate::").skip(1).collect();
    if depth > 0 {
        starts.extend(text.split(up.as_str()).skip(1));
    }
    let mut names = BTreeSet::new();
    for rest in starts {
        let Some(list) = rest.strip_prefix('{') else {
            names.insert(word(rest));
            continue;
        };
        let mut open = 0;
        let mut is_new = true;
        for (at, c) in list.char_indices() {
            match c {
                '}' if open == 0 => break,
                '{' => open += 1,
                '}' => open -= 1,
                ',' if open == 0 => is_new = true,
                c if is_new && (c.is_alphanumeric() || c == '_') => {
                    names.insert(word(&list[at..]));
                    is_new = false;
                }
                _ => {}
            }
        }
    }
    names
}

#[test]
fn arrows_go_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 150, "{}", files.len());
    let floor: BTreeMap<&str, usize> = FLOORS.iter().enumerate().map(|(n, m)| (*m, n)).collect();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for path in &files {
        let parts: Vec<String> = path
            .strip_prefix(&root)
            .unwrap()
            .with_extension("")
            .iter()
            .map(|part| part.to_str().unwrap().to_owned())
            .collect();
        let from = parts[0].as_str();
        if ["lib", "main"].contains(&from) {
            continue;
        }
        let Some(&from_floor) = floor.get(from) else {
            wrong.push(format!("`{from}` has no floor"));
            continue;
        };
        for to in used(&code(path), parts.len()) {
            let Some(&to_floor) = floor.get(to.as_str()) else {
                continue;
            };
            if to_floor <= from_floor {
                continue;
            }
            let is_known = EXCEPTIONS.contains(&(from, to.as_str()));
            if !is_known {
                wrong.push(format!(
                    "{} uses `{to}`, which is above it",
                    parts.join("/")
                ));
            }
            seen.insert((from.to_owned(), to));
        }
    }
    for (from, to) in EXCEPTIONS {
        if !seen.contains(&((*from).to_owned(), (*to).to_owned())) {
            wrong.push(format!(
                "`{from}` uses `{to}` no longer: delete the exception"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn uses_are_found_in_every_spelling() {
    let names = |text: &str, depth| used(text, depth).into_iter().collect::<Vec<_>>();
    assert_eq!(names("use crate::diff::Row;", 1), ["diff"]);
    assert_eq!(names("let x = crate::edit::text();", 1), ["edit"]);
    assert_eq!(
        names(
            "use crate::{inert, parser::{Span, Text}, nearest::{self}};",
            1
        ),
        ["inert", "nearest", "parser"]
    );
    assert_eq!(names("use super::super::finding::Label;", 2), ["finding"]);
    assert_eq!(names("use super::Context;", 2), Vec::<String>::new());
}

#[test]
fn the_build_script_is_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = fs::read_to_string(root.join("build.rs")).unwrap();
    assert!(script.lines().count() < 100, "{}", script.lines().count());
}
