//! A side of a difference: a file, a folder, or either of these in a revision of a Git repository.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cli::{Error, input};
use crate::inventory::terraform::{self, Entry, Tree};

/// Bytes that Git may print: no file that is read is larger, and no folder has so many names.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Files of one side.
const MOST_FILES: usize = 5_000;

/// Ends of the names that are read in a folder.
const ENDS: [&str; 6] = ["json", "yaml", "yml", "template", "tf", "tofu"];

/// One file of a side.
pub(super) struct Found {
    /// As reports name it.
    pub(super) shown: String,
    /// The path of the file in the folder; the empty text for a file that was named by itself.
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

/// A folder of Terraform code.
pub(super) struct Module {
    /// The folder: on the disk, or below the root of the repository.
    pub(super) folder: PathBuf,
    /// As reports name it.
    pub(super) shown: String,
    /// The path of the module in the folder of the side; the empty text for that folder itself and for a file.
    pub(super) path: String,
    /// The file of it that was named by itself.
    pub(super) only: Option<String>,
}

/// The files of one side.
#[derive(Default)]
pub(super) struct Files {
    pub(super) found: Vec<Found>,
    pub(super) modules: Vec<Module>,
    /// The repository, for the modules of a revision.
    pub(super) repository: Option<Repository>,
}

/// The files of a side, in the order of their paths.
///
/// # Errors
///
/// [`Error::NotCompared`], and those of listing a folder.
pub(super) fn files(argument: &str) -> Result<Files, Error> {
    let object = argument.strip_prefix("git:");
    let found = match object {
        Some(object) => of_git(argument, object)?,
        None => of_disk(argument)?,
    };
    if found.len() > MOST_FILES {
        let reason = format!("it has more than {MOST_FILES} files");
        return Err(refused(argument, &reason, "name a smaller folder"));
    }
    let (code, found): (Vec<Found>, Vec<Found>) =
        { found.into_iter() }.partition(|f| terraform::is_code(&f.shown));
    let mut files = Files {
        found,
        ..Files::default()
    };
    for file in code {
        let module = module(&file, object);
        if !files.modules.iter().any(|m| m.folder == module.folder) {
            files.modules.push(module);
        }
    }
    if let Some((revision, _)) = object.and_then(|o| o.split_once(':'))
        && !files.modules.is_empty()
    {
        let read = Repository::new(revision);
        files.repository = Some(read.map_err(|reason| refused(argument, &reason, HELP))?);
    }
    Ok(files)
}

/// The module that a file is of.
fn module(file: &Found, object: Option<&str>) -> Module {
    let parent = |path: &str| {
        let parent = Path::new(path).parent().unwrap_or(Path::new(""));
        parent.to_string_lossy().into_owned()
    };
    // `git:REV:path`
    let in_tree = object.and_then(|_| file.shown.strip_prefix("git:")?.split_once(':'));
    let (folder, shown) = match in_tree {
        Some((revision, path)) => {
            let folder = parent(path);
            let shown = format!("git:{revision}:{folder}");
            (Path::new("/").join(folder), shown)
        }
        None => (PathBuf::from(parent(&file.shown)), parent(&file.shown)),
    };
    let name = Path::new(&file.shown).file_name().unwrap_or_default();
    // The name of a file in the root of a repository stands behind the colon.
    let name = name.to_string_lossy();
    let name = name
        .rsplit(':')
        .next()
        .filter(|_| in_tree.is_some())
        .unwrap_or(&name);
    Module {
        folder,
        shown,
        only: file.path.is_empty().then(|| name.to_owned()),
        path: parent(&file.path),
    }
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

const HELP: &str = "write git:REV:path, such as git:origin/main:iam/head-node.json; the path begins at the root of the \
    repository";

/// `object` is `REV:path`.
fn of_git(argument: &str, object: &str) -> Result<Vec<Found>, Error> {
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
    let entries = tree(&object).map_err(|reason| refused(argument, &reason, HELP))?;
    let mut found = Vec::new();
    for (is_regular, name) in entries {
        let is_hidden = name.split('/').any(|part| part.starts_with('.'));
        if !is_regular || is_hidden || !is_read(&name) {
            continue;
        }
        if found.len() == MOST_FILES {
            let reason = format!("it has more than {MOST_FILES} files");
            return Err(refused(argument, &reason, "name a smaller folder"));
        }
        let slash = if path.is_empty() { "" } else { "/" };
        let file = format!("{object}{slash}{name}");
        // Code is read with its module.
        let content = if terraform::is_code(&name) {
            Vec::new()
        } else {
            ask(&["show", "--no-textconv", "--end-of-options", &file])?
        };
        found.push(Found {
            content: Content::Bytes(content),
            shown: format!("git:{file}"),
            path: name,
        });
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The paths of a tree, folders aside, and whether each is a regular file.
///
/// # Errors
///
/// Why Git does not list it.
fn tree(object: &str) -> Result<Vec<(bool, String)>, String> {
    let list = git(&[
        "ls-tree",
        "-r",
        "-z",
        "--full-tree",
        "--end-of-options",
        object,
    ])?;
    let entries = list.split(|b| *b == 0).filter_map(|entry| {
        let entry = String::from_utf8_lossy(entry);
        let (about, name) = entry.split_once('\t')?;
        // Links and submodules have other modes.
        Some((about.starts_with("100"), name.to_owned()))
    });
    Ok(entries.collect())
}

/// The files of a repository in one revision.
pub(super) struct Repository {
    revision: String,
    /// The paths of files, from the root, and whether each is a regular file.
    files: BTreeMap<PathBuf, bool>,
}

impl Repository {
    /// # Errors
    ///
    /// Why Git does not list it.
    fn new(revision: &str) -> Result<Self, String> {
        let object = format!("{revision}:");
        let entries = tree(&object)?.into_iter();
        let entries = entries.map(|(is_regular, name)| (Path::new("/").join(name), is_regular));
        Ok(Repository {
            revision: revision.to_owned(),
            files: entries.collect(),
        })
    }

    /// The paths below a folder.
    fn below<'r>(&'r self, folder: &'r Path) -> impl Iterator<Item = &'r Path> + use<'r> {
        let from = self.files.range(folder.to_path_buf()..);
        let paths = from.map(|(path, _)| path.as_path());
        paths.take_while(move |path| path.starts_with(folder))
    }
}

impl Tree for Repository {
    fn entry(&self, path: &Path) -> Option<Entry> {
        match self.files.get(path) {
            Some(true) => Some(Entry::File),
            Some(false) => Some(Entry::Other),
            None => self.below(path).next().map(|_| Entry::Folder),
        }
    }

    fn names(&self, folder: &Path) -> Vec<String> {
        let names = self.below(folder).filter_map(|path| {
            let name = path.strip_prefix(folder).ok()?;
            (name.components().count() == 1).then(|| name.to_string_lossy().into_owned())
        });
        names.collect()
    }

    fn content(&self, path: &Path) -> Result<Vec<u8>, String> {
        let path = path.strip_prefix("/").unwrap_or(path);
        let object = format!("{}:{}", self.revision, path.to_string_lossy());
        git(&["show", "--no-textconv", "--end-of-options", &object])
    }
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
