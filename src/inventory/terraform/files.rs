//! The files of a module: read once, none of them from elsewhere.

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use rustc_hash::FxHashMap;

use crate::parser::{self, Source, SourceId, Sources};

/// The largest file that is read.
const LARGEST: u64 = 16 * 1024 * 1024;
/// The most bytes that the files of a module and of what it calls may have together.
const MOST: u64 = 64 * 1024 * 1024;
/// The most files.
const MOST_FILES: usize = 4096;

/// Folders of the system.
const SYSTEM: [&str; 3] = ["/dev", "/proc", "/sys"];

/// The kind of an entry of a [`Tree`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A link, or something else that is not read.
    Other,
}

/// The files of a repository in one revision. Paths begin at `/`, its root.
pub trait Tree {
    /// The kind of what is at a path; `None` for nothing.
    fn entry(&self, path: &Path) -> Option<Entry>;
    /// The names of what is in a folder.
    fn names(&self, folder: &Path) -> Vec<String>;
    /// The content of a file.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    fn content(&self, path: &Path) -> Result<Vec<u8>, String>;
}

/// Reads files below a folder.
pub(super) struct Files<'a> {
    pub(super) sources: &'a mut Sources,
    /// Nothing outside of it is read.
    root: PathBuf,
    /// The folder that the user named: as it is written, and without links.
    named: (PathBuf, PathBuf),
    known: FxHashMap<PathBuf, SourceId>,
    bytes: u64,
    /// Where the files are, if not on the disk.
    tree: Option<&'a dyn Tree>,
}

impl<'a> Files<'a> {
    /// `named` is the folder of the module as the user wrote it.
    ///
    /// # Errors
    ///
    /// Why the folder cannot be read.
    pub(super) fn new(named: &Path, sources: &'a mut Sources) -> Result<Self, String> {
        let shown = named.to_path_buf();
        let named = if named.as_os_str().is_empty() {
            Path::new(".")
        } else {
            named
        };
        let folder = std::fs::canonicalize(named).map_err(|e| reason(&e))?;
        let repository = folder.ancestors().find(|f| f.join(".git").exists());
        Ok(Files {
            sources,
            root: repository.unwrap_or(&folder).to_path_buf(),
            named: (shown, folder),
            known: FxHashMap::default(),
            bytes: 0,
            tree: None,
        })
    }

    /// The same in a revision: `folder` is the path in the tree, and `shown` its name in reports.
    pub(super) fn of_tree(
        tree: &'a dyn Tree,
        folder: &Path,
        shown: &str,
        sources: &'a mut Sources,
    ) -> Self {
        Files {
            sources,
            root: PathBuf::from("/"),
            named: (PathBuf::from(shown), folder.to_path_buf()),
            known: FxHashMap::default(),
            bytes: 0,
            tree: Some(tree),
        }
    }

    /// The folder that the user named.
    pub(super) fn folder(&self) -> &Path {
        &self.named.1
    }

    /// A path below a folder, without links, `.` and `..`.
    ///
    /// # Errors
    ///
    /// Why nothing is read there.
    pub(super) fn resolve(&self, folder: &Path, path: &str) -> Result<PathBuf, String> {
        let path = Path::new(path);
        let mut plain = PathBuf::new();
        for part in folder.join(path).components() {
            match part {
                Component::ParentDir => {
                    if !plain.pop() && self.tree.is_some() {
                        return Err("it is outside of the repository".to_owned());
                    }
                }
                Component::CurDir => {}
                part => plain.push(part),
            }
        }
        if let Some(tree) = self.tree {
            return match tree.entry(&plain) {
                Some(Entry::File | Entry::Folder) => Ok(plain),
                Some(Entry::Other) => Err("it is a link, which is not followed".to_owned()),
                None => Err("there is no such file".to_owned()),
            };
        }
        let real = std::fs::canonicalize(&plain).map_err(|e| reason(&e))?;
        if !real.starts_with(&self.root) {
            return Err(if plain.starts_with(&self.root) {
                "a link leads out of the repository".to_owned()
            } else {
                "it is outside of the repository".to_owned()
            });
        }
        if real != plain && !real.starts_with(folder) {
            return Err("a link leads out of the module".to_owned());
        }
        if SYSTEM.iter().any(|folder| real.starts_with(folder)) {
            return Err("it is a file of the system".to_owned());
        }
        let below = real.strip_prefix(&self.root).unwrap_or(&real);
        if below.components().any(|part| part.as_os_str() == ".git") {
            return Err("it is a file of git".to_owned());
        }
        Ok(real)
    }

    /// The file of a name in the folder of a module. A link keeps the kind of its name: the program shows code and
    /// values where they are wrong, and no other files.
    ///
    /// # Errors
    ///
    /// Why nothing is read there.
    pub(super) fn named(&self, path: &Path) -> Result<PathBuf, String> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let real = self.resolve(folder, &name)?;
        let kind = |name: &str| (super::is_code(name), name.contains(".tfvars"));
        let target = real.file_name().unwrap_or_default().to_string_lossy();
        if kind(&name) == kind(&target) {
            Ok(real)
        } else {
            Err("it is a link to a file of another kind".to_owned())
        }
    }

    /// The paths of the code of a module, in the order of their names.
    ///
    /// # Errors
    ///
    /// Why the folder cannot be listed.
    pub(super) fn code(&self, folder: &Path) -> Result<Vec<PathBuf>, String> {
        let mut paths = Vec::new();
        for name in self.names(folder)? {
            // As Terraform does: names of editors' files are left out.
            if name.starts_with(['.', '#']) || name.ends_with('~') {
                continue;
            }
            let is_code = super::is_code(&name);
            let is_values = name == "terraform.tfvars"
                || name == "terraform.tfvars.json"
                || name.ends_with(".auto.tfvars")
                || name.ends_with(".auto.tfvars.json");
            if is_code || is_values {
                paths.push(folder.join(&name));
            }
            if paths.len() > MOST_FILES {
                return Err(format!("the folder has more than {MOST_FILES} files"));
            }
        }
        paths.sort();
        Ok(paths)
    }

    /// Reads a file that the command line names, which is on the disk.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    pub(super) fn read_given(&mut self, path: &Path) -> Result<SourceId, String> {
        let tree = self.tree.take();
        let read = self.read(path);
        self.tree = tree;
        read
    }

    /// The names in a folder; those that are not UTF-8 are none of Terraform's.
    fn names(&self, folder: &Path) -> Result<Vec<String>, String> {
        if let Some(tree) = self.tree {
            return Ok(tree.names(folder));
        }
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(|e| reason(&e))? {
            let entry = entry.map_err(|e| reason(&e))?;
            names.extend(entry.file_name().into_string().ok());
        }
        Ok(names)
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    pub(super) fn read(&mut self, path: &Path) -> Result<SourceId, String> {
        if let Some(known) = self.known.get(path) {
            return Ok(*known);
        }
        let bytes = match self.tree {
            Some(tree) => tree.content(path)?,
            None => self.of_disk(path)?,
        };
        if bytes.len() as u64 > LARGEST {
            return Err("the file is larger than 16 MiB".to_owned());
        }
        self.bytes += bytes.len() as u64;
        if self.bytes > MOST || self.known.len() >= MOST_FILES {
            return Err("the files of the module are larger than 64 MiB together".to_owned());
        }
        let (source, problem) = parser::decode(&self.shown(path), bytes);
        if let Some(problem) = problem {
            return Err(problem.message);
        }
        let id = self.sources.add(source);
        self.known.insert(path.to_path_buf(), id);
        Ok(id)
    }

    fn of_disk(&self, path: &Path) -> Result<Vec<u8>, String> {
        let about = std::fs::metadata(path).map_err(|e| reason(&e))?;
        if !about.is_file() {
            return Err("it is not a file".to_owned());
        }
        if about.len() > LARGEST {
            return Err("the file is larger than 16 MiB".to_owned());
        }
        if self.bytes + about.len() > MOST || self.known.len() >= MOST_FILES {
            return Err("the files of the module are larger than 64 MiB together".to_owned());
        }
        let mut bytes = Vec::with_capacity(about.len() as usize + 1);
        let file = std::fs::File::open(path).map_err(|e| reason(&e))?;
        file.take(LARGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| reason(&e))?;
        Ok(bytes)
    }

    /// A file that cannot be read, for the place of what is wrong with it.
    pub(super) fn unread(&mut self, path: &Path) -> SourceId {
        let shown = self.shown(path);
        self.sources.add(Source::new(shown, ""))
    }

    /// A path as the user would write it.
    pub(super) fn shown(&self, path: &Path) -> String {
        let (written, folder) = &self.named;
        let shown = if let Ok(rest) = path.strip_prefix(folder) {
            written.join(rest)
        } else {
            let above = folder.ancestors().zip(0..).find_map(|(above, up)| {
                let rest = path.strip_prefix(above).ok()?;
                let ups = std::iter::repeat_n("..", up).collect::<PathBuf>();
                Some(ups.join(rest))
            });
            match above {
                Some(relative) => tidy(&written.join(relative)),
                None => path.to_path_buf(),
            }
        };
        shown.to_string_lossy().into_owned()
    }
}

/// A path without `x/..`.
fn tidy(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir
                if matches!(plain.components().next_back(), Some(Component::Normal(_))) =>
            {
                plain.pop();
            }
            Component::CurDir if !plain.as_os_str().is_empty() => {}
            part => plain.push(part),
        }
    }
    plain
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

impl Files<'_> {
    /// A folder as Terraform writes it: relative to the outermost module.
    pub(super) fn relative(&self, folder: &Path) -> String {
        let root = &self.named.1;
        if folder == root {
            return ".".to_owned();
        }
        let above = root.ancestors().zip(0..).find_map(|(above, up)| {
            let rest = folder.strip_prefix(above).ok()?;
            let ups: PathBuf = std::iter::repeat_n("..", up).collect();
            Some(ups.join(rest))
        });
        let relative = above.unwrap_or_else(|| folder.to_path_buf());
        relative.to_string_lossy().into_owned()
    }
}
