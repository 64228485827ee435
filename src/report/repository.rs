//! [`Repository`]: what a service that shows a run calls the files, whatever folder the program ran in.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustc_hash::FxHashMap;

use super::region::forward_slashes;

/// Characters that stay unencoded in the path of a URI (RFC 3986, unreserved characters).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// The repository around a folder, if there is one.
#[derive(Clone, Debug)]
pub struct Repository {
    /// The working directory, symbolic links resolved.
    folder: PathBuf,
    /// The folder at or above it that holds `.git`.
    root: Option<PathBuf>,
    /// Answers given before: the findings of a file ask for it again and again.
    known: RefCell<FxHashMap<String, FilePath>>,
}

/// The name of a file, with forward slashes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum FilePath {
    /// From the root of the repository.
    Inside(String),
    /// From the root of the disk: the file is in no repository and not below the working directory.
    Outside(String),
}

impl Repository {
    /// The repository that holds this folder.
    pub fn around(folder: &Path) -> Self {
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let root = root_of(&folder);
        Repository {
            folder,
            root,
            known: RefCell::default(),
        }
    }

    /// The name of a file in a report. A file outside of the working directory's repository counts from the root
    /// of its own; where there is no repository, from the working directory.
    pub(super) fn path(&self, name: &str) -> FilePath {
        if let Some(path) = self.known.borrow().get(name) {
            return path.clone();
        }
        let path = self.find(name);
        let mut known = self.known.borrow_mut();
        known.insert(name.to_owned(), path.clone());
        path
    }

    fn find(&self, name: &str) -> FilePath {
        // Standard input lies in no folder.
        if name == "<stdin>" {
            return FilePath::Inside(name.to_owned());
        }
        let path = self.resolve(Path::new(name));
        let own = || path.parent().and_then(root_of);
        let inside = |root: &Path| path.strip_prefix(root).ok().map(Path::to_owned);
        let found = self
            .root
            .as_deref()
            .and_then(inside)
            .or_else(|| own().as_deref().and_then(inside))
            .or_else(|| inside(&self.folder));
        match found {
            Some(path) => FilePath::Inside(forward_slashes(&path.to_string_lossy())),
            None => FilePath::outside(&forward_slashes(&path.to_string_lossy())),
        }
    }

    /// The path without symbolic links; of a file that does not exist, as much as there is.
    fn resolve(&self, path: &Path) -> PathBuf {
        let path = self.folder.join(path);
        if let Ok(path) = fs::canonicalize(&path) {
            return path;
        }
        match (path.parent().map(fs::canonicalize), path.file_name()) {
            (Some(Ok(parent)), Some(name)) => parent.join(name),
            _ => path,
        }
    }
}

impl FilePath {
    /// Windows begins the paths that it resolves with a mark of its own.
    fn outside(path: &str) -> Self {
        FilePath::Outside(path.strip_prefix("//?/").unwrap_or(path).to_owned())
    }

    /// The path itself.
    pub(super) fn as_str(&self) -> &str {
        match self {
            FilePath::Inside(path) | FilePath::Outside(path) => path,
        }
    }

    /// A URI reference: relative, or absolute for a file outside.
    pub(super) fn uri(&self) -> String {
        let encoded = utf8_percent_encode(self.as_str(), ENCODED);
        match self {
            FilePath::Inside(_) => encoded.to_string(),
            // A drive stands below the root.
            FilePath::Outside(path) if !path.starts_with('/') => format!("file:///{encoded}"),
            FilePath::Outside(_) => format!("file://{encoded}"),
        }
    }
}

/// The nearest folder at or above this one that holds `.git`: a folder, or a file in a worktree or submodule.
fn root_of(folder: &Path) -> Option<PathBuf> {
    let mut above = folder.ancestors();
    above.find(|f| f.join(".git").exists()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(path: &str) -> FilePath {
        FilePath::Inside(path.to_owned())
    }

    #[test]
    fn paths_count_from_the_root_of_the_repository() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("repo/.git")).unwrap();
        fs::create_dir_all(at("repo/iam/roles")).unwrap();
        fs::create_dir_all(at("other")).unwrap();
        fs::write(at("repo/iam/roles/a.json"), "{}").unwrap();
        fs::write(at("other/b.json"), "{}").unwrap();
        let repository = Repository::around(&at("repo/iam"));
        assert_eq!(repository.path("roles/a.json"), inside("iam/roles/a.json"));
        assert_eq!(
            repository.path("../iam/./roles/a.json"),
            inside("iam/roles/a.json")
        );
        assert_eq!(repository.path("gone.json"), inside("iam/gone.json"));
        assert_eq!(repository.path("<stdin>"), inside("<stdin>"));
        let whole = at("repo/iam/roles/a.json");
        assert_eq!(
            repository.path(whole.to_str().unwrap()),
            inside("iam/roles/a.json")
        );
        // From elsewhere, a file's own repository counts.
        let elsewhere = Repository::around(&at("other"));
        assert_eq!(
            elsewhere.path("../repo/iam/roles/a.json"),
            inside("iam/roles/a.json")
        );
        assert_eq!(elsewhere.path("b.json"), inside("b.json"));
        let outside = repository.path(at("other/b.json").to_str().unwrap());
        assert!(matches!(&outside, FilePath::Outside(path) if path.ends_with("/other/b.json")));
        assert!(outside.uri().starts_with("file:///"));
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_are_resolved() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("repo/.git")).unwrap();
        fs::create_dir_all(at("repo/iam")).unwrap();
        fs::write(at("repo/iam/a.json"), "{}").unwrap();
        std::os::unix::fs::symlink("iam/a.json", at("repo/link.json")).unwrap();
        std::os::unix::fs::symlink(at("repo"), at("alias")).unwrap();
        let repository = Repository::around(&at("alias"));
        assert_eq!(repository.path("link.json"), inside("iam/a.json"));
    }

    #[test]
    fn uris_are_encoded() {
        assert_eq!(
            inside("a b/c:d%/é#?.json").uri(),
            "a%20b/c%3Ad%25/%C3%A9%23%3F.json"
        );
        assert_eq!(inside("<stdin>").uri(), "%3Cstdin%3E");
        assert_eq!(FilePath::outside("/a b.json").uri(), "file:///a%20b.json");
        let drive = FilePath::outside("//?/C:/iam/a.json");
        assert_eq!(drive.as_str(), "C:/iam/a.json");
        assert_eq!(drive.uri(), "file:///C%3A/iam/a.json");
    }
}
