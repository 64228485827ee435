//! The floors of the crate: a module uses only what is below it.

mod imports;

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

/// Arrows that may go up, each with its reason beside it. There are none.
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
fn the_map_of_the_source_lists_the_floors_in_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let map = text.split("| module | contents |").nth(1).unwrap();
    let map = map.split("\n\n").next().unwrap();
    let mut at = 0;
    for module in FLOORS {
        let names = [format!("`src/{module}.rs`"), format!("`src/{module}/`")];
        let found = names.iter().filter_map(|name| map[at..].find(name)).min();
        at += found
            .unwrap_or_else(|| panic!("`{module}` is missing from the map, or not in its place"));
    }
    // Every file that the page names is there.
    let file = regex::Regex::new(r"`((?:src|build|tests|docs|rules|benches)/[a-z_/.-]+)`").unwrap();
    let names: Vec<&str> = file
        .captures_iter(&text)
        .map(|c| c.get(1).unwrap().as_str())
        .collect();
    let gone: Vec<&&str> = names
        .iter()
        .filter(|name| !root.join(name).exists())
        .collect();
    assert!(gone.is_empty(), "{gone:?}");
    assert!(names.len() > 50, "{}", names.len());
}

/// The greatest number of lines of a source file without a reason in its head comment.
const LONGEST: usize = 500;

/// The start of the line of a head comment that gives the reason for a longer file.
const REASON: &str = "//! Longer than 500 lines: ";

#[test]
fn files_are_short_or_give_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    sources(&root.join("build"), &mut files);
    let mut wrong = Vec::new();
    for path in &files {
        let text = fs::read_to_string(path).unwrap();
        let lines = text.lines().count();
        let head = text.lines().take_while(|line| line.starts_with("//!"));
        let mut reasons = head.filter_map(|line| line.strip_prefix(REASON));
        let reason = reasons.next();
        let path = path.strip_prefix(root).unwrap().display();
        if lines > LONGEST && reason.is_none() {
            wrong.push(format!(
                "{path} has {lines} lines: split it along a noun, or say in its head comment why it is one: `{REASON}…`"
            ));
        }
        if lines <= LONGEST && reason.is_some() {
            wrong.push(format!("{path} is short now: delete the reason"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Names that several files have, each with what all of them are about.
const SHARED_NAMES: &[(&str, &str)] = &[
    ("arn", "ARNs"),
    ("attachment", "policies that are attached to a principal"),
    ("baseline", "the baseline"),
    ("boundary", "permissions boundaries"),
    ("cloudformation", "CloudFormation"),
    ("cluster", "the configuration of a cluster"),
    ("condition", "the `Condition` of a statement"),
    ("config", "the configuration of the program"),
    ("context", "the context of requests"),
    ("coverage", "requirements that are not covered"),
    ("danger", "dangerous permissions"),
    ("difference", "the difference of two sets of policies"),
    ("dump", "dumps of an account"),
    ("effect", "statements without effect"),
    ("error", "errors that end a run"),
    ("escalation", "privilege escalation"),
    ("evaluate", "the evaluation of expressions"),
    ("excess", "permissions that are not required"),
    ("fix", "fixes"),
    ("hcl", "the syntax of Terraform"),
    ("job", "one role to judge"),
    ("json", "JSON"),
    ("lints", "the lints"),
    ("managed", "managed policies"),
    ("missing", "missing permissions"),
    ("model", "the types of an output format"),
    ("names", "names of principals"),
    ("owner", "the owner of policies"),
    ("pattern", "patterns of actions and resources"),
    ("principals", "the principals of a file"),
    ("problem", "problems of a file"),
    ("reference", "the reference"),
    ("schema", "JSON Schemas"),
    ("statement", "statements"),
    ("tests", "tests"),
    ("tighten", "policies narrowed to what is required"),
    ("trust", "trust policies"),
    ("upgrade", "the upgrade to another release"),
    ("value", "values of templates and modules"),
    ("weakened", "settings that weaken a run"),
];

#[test]
fn a_name_means_one_thing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in &files {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let path = path.strip_prefix(&root).unwrap().display().to_string();
        by_name.entry(name).or_default().push(path);
    }
    by_name.retain(|_, paths| paths.len() > 1);
    let known: BTreeSet<&str> = SHARED_NAMES.iter().map(|(name, _)| *name).collect();
    let mut wrong: Vec<String> = by_name
        .iter()
        .filter(|(name, _)| !known.contains(name.as_str()))
        .map(|(name, paths)| {
            let paths = paths.join(", ");
            format!(
                "`{name}` names several files ({paths}): rename one, or say what both are about"
            )
        })
        .collect();
    let unused = known.iter().filter(|name| !by_name.contains_key(**name));
    wrong.extend(unused.map(|name| format!("`{name}` names one file: delete its entry")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_build_script_is_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = fs::read_to_string(root.join("build.rs")).unwrap();
    assert!(script.lines().count() < 100, "{}", script.lines().count());
}
