//! A side of a difference: a file, a folder, or either of these in a revision of a Git repository.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cli::{Error, input};

/// Bytes that Git may print: no file that is read is larger, and no folder has so many names.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Files of one side.
const MOST_FILES: usize = 5_000;

/// Ends of the names that are read in a folder.
const ENDS: [&str; 5] = ["json", "yaml", "yml", "template", "tf"];

/// One file of a side.
pub(super) struct Found {
    /// As reports name it.
    pub(super) shown: String,
    /// Its path in the folder; the empty text for a file that was named by itself.
    pub(super) path: String,
    pub(super) content: Content,
}

/// Where the text of a file comes from.
pub(super) enum Content {
    /// From the disk.
    Named,
    /// From Git.
    Bytes(Vec<u8>),
}

/// The files of a side, in the order of their paths.
///
/// # Errors
///
/// [`Error::NotCompared`], and those of listing a folder.
pub(super) fn files(argument: &str) -> Result<Vec<Found>, Error> {
    let found = match argument.strip_prefix("git:") {
        Some(object) => of_git(argument, object)?,
        None => of_disk(argument)?,
    };
    if found.len() > MOST_FILES {
        let reason = format!("it has more than {MOST_FILES} files");
        return Err(refused(argument, &reason, "name a smaller folder"));
    }
    Ok(found)
}

fn refused(side: &str, reason: &str, help: &str) -> Error {
    Error::NotCompared {
        side: side.to_owned(),
        reason: reason.to_owned(),
        help: help.to_owned(),
    }
}

fn is_read(path: &str) -> bool {
    let end = Path::new(path).extension();
    end.is_some_and(|end| ENDS.iter().any(|e| end.eq_ignore_ascii_case(e)))
}

fn of_disk(argument: &str) -> Result<Vec<Found>, Error> {
    let path = Path::new(argument);
    if argument != "-" && path.symlink_metadata().is_err() {
        const HELP: &str = "name a policy file, a template, a folder of them, or git:REV:path";
        return Err(refused(argument, "there is no such file or folder", HELP));
    }
    if !path.is_dir() {
        return Ok(vec![Found {
            shown: argument.to_owned(),
            path: String::new(),
            content: Content::Named,
        }]);
    }
    let folder = argument.trim_end_matches(std::path::is_separator);
    let folder = if folder.is_empty() { argument } else { folder };
    let pattern = format!("{}/**/*", glob::Pattern::escape(folder));
    let mut found = Vec::new();
    for name in input::matches(&pattern)? {
        let path = Path::new(&name).strip_prefix(folder);
        let path = path.unwrap_or(Path::new(&name)).to_string_lossy();
        let path = path.replace(std::path::MAIN_SEPARATOR, "/");
        if is_read(&path) && !Path::new(&name).is_dir() {
            found.push(Found {
                path,
                shown: name,
                content: Content::Named,
            });
        }
    }
    Ok(found)
}

/// `object` is `REV:path`.
fn of_git(argument: &str, object: &str) -> Result<Vec<Found>, Error> {
    const HELP: &str = "write git:REV:path, such as git:origin/main:iam/head-node.json; the path begins at the root of \
        the repository";
    let Some((revision, path)) = object.split_once(':') else {
        return Err(refused(argument, "it has no path", HELP));
    };
    if revision.is_empty() {
        return Err(refused(argument, "it has no revision", HELP));
    }
    // Git would read these as options.
    if revision.starts_with('-') || path.starts_with('-') {
        let reason = "a revision and a path must not begin with `-`";
        return Err(refused(argument, reason, HELP));
    }
    if object.contains('\0') {
        return Err(refused(argument, "it contains a NUL character", HELP));
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let object = format!("{revision}:{path}");
    let ask =
        |arguments: &[&str]| git(arguments).map_err(|reason| refused(argument, &reason, HELP));
    let kind = ask(&["cat-file", "-t", "--end-of-options", &object])?;
    if kind.trim_ascii() != b"tree" {
        return Ok(vec![Found {
            shown: format!("git:{object}"),
            path: String::new(),
            content: Content::Bytes(ask(&[
                "show",
                "--no-textconv",
                "--end-of-options",
                &object,
            ])?),
        }]);
    }
    let list = ask(&[
        "ls-tree",
        "-r",
        "-z",
        "--full-tree",
        "--end-of-options",
        &object,
    ])?;
    let mut found = Vec::new();
    for entry in list.split(|b| *b == 0).filter(|entry| !entry.is_empty()) {
        let entry = String::from_utf8_lossy(entry);
        let Some((about, name)) = entry.split_once('\t') else {
            continue;
        };
        let is_hidden = name.split('/').any(|part| part.starts_with('.'));
        // A regular file: links and submodules have other modes.
        if !about.starts_with("100") || is_hidden || !is_read(name) {
            continue;
        }
        if found.len() == MOST_FILES {
            let reason = format!("it has more than {MOST_FILES} files");
            return Err(refused(argument, &reason, "name a smaller folder"));
        }
        let slash = if path.is_empty() { "" } else { "/" };
        let file = format!("{object}{slash}{name}");
        found.push(Found {
            content: Content::Bytes(ask(&["show", "--no-textconv", "--end-of-options", &file])?),
            shown: format!("git:{file}"),
            path: name.to_owned(),
        });
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Runs Git and takes what it prints. It asks nothing, draws nothing and fetches nothing.
fn git(arguments: &[&str]) -> Result<Vec<u8>, String> {
    let child = Command::new("git")
        .arg("--no-pager")
        .args(arguments)
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.map_err(|e| format!("git cannot be run: {e}"))?;
    let mut bytes = Vec::new();
    let read = match child.stdout.take() {
        Some(out) => out.take(LARGEST + 1).read_to_end(&mut bytes).map(|_| ()),
        None => Ok(()),
    };
    let is_too_large = bytes.len() as u64 > LARGEST;
    if is_too_large || read.is_err() {
        let _ = child.kill();
    }
    let output = child.wait_with_output();
    if is_too_large {
        return Err("git printed more than 16 MiB".to_owned());
    }
    read.map_err(|e| format!("git cannot be read: {e}"))?;
    let output = output.map_err(|e| format!("git cannot be run: {e}"))?;
    if output.status.success() {
        return Ok(bytes);
    }
    let error = String::from_utf8_lossy(&output.stderr);
    let first = error.lines().next().unwrap_or("git failed");
    Err(first.strip_prefix("fatal: ").unwrap_or(first).to_owned())
}
