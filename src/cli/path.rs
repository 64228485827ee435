//! The place of a file, links resolved: the files that a run may read because a configuration or a pattern names them,
//! and those that it may write.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::config;

/// Folders of the system whose files are not files of a project.
const SYSTEM: [&str; 3] = ["/dev", "/proc", "/sys"];

/// The repository around a folder, or the folder itself where there is none.
pub(super) struct Within {
    root: PathBuf,
}

impl Within {
    pub(super) fn around(folder: &Path) -> Self {
        let here = env::current_dir().unwrap_or_default();
        let folder = resolved(&here.join(folder));
        let root = folder.ancestors().find(|f| f.join(".git").exists());
        Within {
            root: root.unwrap_or(&folder).to_owned(),
        }
    }

    /// Whether a path, with all links followed, may be read. One that does not exist may: reading it says so.
    pub(super) fn holds(&self, path: &Path) -> Result<(), &'static str> {
        let path = resolved(&env::current_dir().unwrap_or_default().join(path));
        if SYSTEM.iter().any(|folder| path.starts_with(folder)) {
            return Err("it is a file of the system");
        }
        let Ok(below) = path.strip_prefix(&self.root) else {
            return Err("it is outside of the repository");
        };
        if below.components().any(|part| part.as_os_str() == ".git") {
            return Err("it is a file of git");
        }
        match fs::metadata(&path) {
            Ok(about) if !about.is_file() && !about.is_dir() => Err("it is not a regular file"),
            _ => Ok(()),
        }
    }
}

/// The absolute path with the links resolved of the folders that exist.
pub(super) fn resolved(path: &Path) -> PathBuf {
    let existing = path.ancestors().find_map(|ancestor| {
        let folder = if ancestor.as_os_str().is_empty() {
            Path::new(".")
        } else {
            ancestor
        };
        let folder = fs::canonicalize(folder).ok()?;
        Some((folder, path.strip_prefix(ancestor).ok()?))
    });
    match existing {
        Some((folder, rest)) if rest.as_os_str().is_empty() => folder,
        Some((folder, rest)) => config::plain(&folder.join(rest)),
        None => config::plain(path),
    }
}

/// Whether two paths are one file, through links of either kind.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    if resolved(one) == resolved(other) {
        return true;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let identity = |path: &Path| {
            let about = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
            Some((about.dev(), about.ino()))
        };
        identity(one).is_some_and(|of_one| identity(other) == Some(of_one))
    }
    #[cfg(not(unix))]
    false
}

/// Whether a file may be written.
///
/// # Errors
///
/// Fails if a link leads out of the repository, or if the file is read-only or has other names.
pub(super) fn may_write(path: &Path) -> io::Result<()> {
    let here = env::current_dir().unwrap_or_default();
    let within = Within::around(Path::new(""));
    // The path, with the links of the working directory itself resolved.
    let said = config::plain(&resolved(&here).join(path));
    if said.starts_with(&within.root) && !resolved(path).starts_with(&within.root) {
        return Err(refused("a link in this path leads out of the repository"));
    }
    let is_of_git = |path: &Path| path.components().any(|part| part.as_os_str() == ".git");
    if is_of_git(&resolved(path)) && !is_of_git(&said) {
        return Err(refused("a link in this path leads to the files of git"));
    }
    let Ok(about) = fs::metadata(path) else {
        return match path.symlink_metadata() {
            Ok(_) => Err(refused("it is a link that leads nowhere")),
            Err(_) => Ok(()),
        };
    };
    if about.is_file() && about.permissions().readonly() {
        return Err(refused("the file is read-only"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if about.is_file() && about.nlink() > 1 {
            return Err(refused(
                "the file has other names (hard links), which would keep the old content",
            ));
        }
    }
    Ok(())
}

fn refused(reason: &str) -> io::Error {
    io::Error::other(reason.to_owned())
}
