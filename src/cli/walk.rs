//! The files that a pattern of names matches: bounded, and without following links into what `**` stands for.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use glob::Pattern;

use super::path;

/// Names that are looked at for one pattern.
const MOST: usize = 200_000;

/// Folders below each other.
const DEEPEST: usize = 100;

/// Why a pattern has no answer.
pub(super) enum Fault {
    /// The pattern is malformed.
    Pattern(String),
    /// A folder cannot be listed, or there is too much to look at.
    Listing(String),
    /// A match must not be read.
    Refused(PathBuf, &'static str),
}

enum Part {
    Name(String),
    Pattern(Pattern),
    /// `**`
    Deep,
}

/// The paths that match, sorted.
pub(super) fn walk(pattern: &str) -> Result<Vec<PathBuf>, Fault> {
    let fault = |error: glob::PatternError| Fault::Pattern(error.msg.to_owned());
    Pattern::new(pattern).map_err(fault)?;
    let is_root = |part: &Component<'_>| matches!(part, Component::Prefix(_) | Component::RootDir);
    let root: PathBuf = Path::new(pattern)
        .components()
        .take_while(is_root)
        .collect();
    let rest = pattern.get(root.as_os_str().len()..).unwrap_or_default();
    let mut parts = Vec::new();
    for part in rest.split(std::path::is_separator) {
        match part {
            "" | "." => {}
            "**" => parts.push(Part::Deep),
            name if !is_pattern(name) => parts.push(Part::Name(name.to_owned())),
            pattern => parts.push(Part::Pattern(Pattern::new(pattern).map_err(fault)?)),
        }
    }
    let literal = parts.iter().map_while(|part| match part {
        Part::Name(name) => Some(name),
        _ => None,
    });
    let start = literal.fold(root.clone(), |path, name| path.join(name));
    let mut walk = Walk {
        parts,
        seen: 0,
        found: Vec::new(),
    };
    walk.step(&root, 0, 0)?;
    let mut found = walk.found;
    found.sort();
    found.dedup();
    let within = path::Within::around(&start);
    for path in &found {
        within
            .holds(path)
            .map_err(|reason| Fault::Refused(path.clone(), reason))?;
    }
    Ok(found)
}

struct Walk {
    parts: Vec<Part>,
    seen: usize,
    found: Vec<PathBuf>,
}

impl Walk {
    fn step(&mut self, at: &Path, part: usize, depth: usize) -> Result<(), Fault> {
        if depth > DEEPEST {
            return Err(Fault::Listing(format!(
                "more than {DEEPEST} folders lie in each other"
            )));
        }
        let is_last = part + 1 == self.parts.len();
        match self.parts.get(part) {
            None => self.found.push(at.to_owned()),
            Some(Part::Name(name)) => {
                let next = at.join(name);
                if next.symlink_metadata().is_ok() {
                    self.step(&next, part + 1, depth + 1)?;
                }
            }
            Some(Part::Pattern(pattern)) => {
                let pattern = pattern.clone();
                for name in self.list(at)? {
                    let next = at.join(&name);
                    let name = name.to_string_lossy();
                    // As for a shell, a name with a dot at its start is matched by a dot alone.
                    let is_hidden = name.starts_with('.') && !pattern.as_str().starts_with('.');
                    if !is_hidden && pattern.matches(&name) && (is_last || next.is_dir()) {
                        self.step(&next, part + 1, depth + 1)?;
                    }
                }
            }
            Some(Part::Deep) => {
                self.step(at, part + 1, depth + 1)?;
                for name in self.list(at)? {
                    let next = at.join(&name);
                    // A link is none of the folders in between: it may lead back.
                    let is_folder = next.symlink_metadata().is_ok_and(|about| about.is_dir());
                    if is_folder && !name.to_string_lossy().starts_with('.') {
                        self.step(&next, part, depth + 1)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn list(&mut self, folder: &Path) -> Result<Vec<std::ffi::OsString>, Fault> {
        let here = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        let cannot = |error: io::Error| Fault::Listing(format!("{}: {error}", here.display()));
        let entries = match fs::read_dir(here) {
            Ok(entries) => entries,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(Vec::new());
            }
            Err(error) => return Err(cannot(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            self.seen += 1;
            if self.seen > MOST {
                return Err(Fault::Listing(format!(
                    "more than {MOST} names would have to be looked at"
                )));
            }
            names.push(entry.map_err(cannot)?.file_name());
        }
        names.sort();
        Ok(names)
    }
}

/// Whether a name can stand for several files.
pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}
