//! The configuration of a run: where it is found, and what its paths are relative to.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::input::{self, Content};
use super::path::Within;
use super::{Error, InputArgs, drawn};
use crate::cluster::ConfigProblem;
use crate::config::{self, Config, NAMES};
use crate::parser::{self, SourceId, Sources, Span, shorten};

/// A configuration that was read.
pub(super) struct Configuration {
    pub(super) config: Config,
    pub(super) source: SourceId,
    /// The folder of the configuration as paths are shown: empty for the working directory.
    folder: PathBuf,
    /// The option or variable that names it, or [`FOUND`].
    pub(super) chosen_by: &'static str,
}

/// Origin of a configuration that nothing names.
pub(super) const FOUND: &str = "found here or further up";

impl Configuration {
    /// The configuration that the arguments name, else that of the environment, else the nearest one of the repository.
    ///
    /// # Errors
    ///
    /// [`Error::Drawn`] with every mistake at its place.
    pub(super) fn find(args: &InputArgs, sources: &mut Sources) -> Result<Option<Self>, Error> {
        if args.no_config {
            return Ok(None);
        }
        if let Some(path) = &args.config {
            return Self::read(path, "--config", args, sources).map(Some);
        }
        let named = env::var_os("PCLUSTER_IAM_CONFIG").filter(|path| !path.is_empty());
        if let Some(path) = named {
            return Self::read(Path::new(&path), "PCLUSTER_IAM_CONFIG", args, sources).map(Some);
        }
        let found = discover(&env::current_dir().unwrap_or_default());
        found
            .map(|path| Self::read(&path, "the configuration", args, sources))
            .transpose()
    }

    fn read(
        path: &Path,
        option: &'static str,
        args: &InputArgs,
        sources: &mut Sources,
    ) -> Result<Self, Error> {
        let name = path.to_string_lossy().into_owned();
        let cannot = |problem: &parser::Problem| Error::BadFile {
            option,
            path: name.clone(),
            reason: problem.message.clone(),
            help: problem.help.clone().unwrap_or_default(),
        };
        // A configuration that nothing names may have been made to lead elsewhere.
        if option.starts_with("the ") {
            let folder = path.parent().unwrap_or(Path::new(""));
            Within::around(folder)
                .holds(path)
                .map_err(|reason| Error::Outside {
                    path: name.clone(),
                    reason: reason.to_owned(),
                })?;
        }
        let unfit = match fs::metadata(path) {
            Ok(about) if about.is_dir() => Some(("it is a folder", "name the file in it")),
            Ok(about) if about.len() > config::LARGEST as u64 => Some((
                "it is larger than a configuration can be",
                "name the file with the targets",
            )),
            _ => None,
        };
        if let Some((reason, help)) = unfit {
            return Err(Error::BadFile {
                option,
                path: name,
                reason: reason.to_owned(),
                help: help.to_owned(),
            });
        }
        let bytes = input::read(path, Content::Other).map_err(|problem| cannot(&problem))?;
        let (source, problem) = parser::decode(&name, bytes);
        if let Some(problem) = problem {
            return Err(cannot(&problem));
        }
        let file = path.file_name().map(|f| f.to_string_lossy().into_owned());
        let source = sources.add(source.known_as(file));
        let found = match config::read(sources.get(source)) {
            Ok(config) => Configuration {
                config,
                source,
                folder: { args.root.clone() }
                    .or_else(|| path.parent().map(Path::to_owned))
                    .unwrap_or_default(),
                chosen_by: if option.starts_with("the ") {
                    FOUND
                } else {
                    option
                },
            },
            Err(problems) => return Err(refused(sources, source, problems)),
        };
        let problems = found.leading_outside();
        if problems.is_empty() {
            Ok(found)
        } else {
            Err(found.refuse(sources, problems))
        }
    }

    /// The paths that it may not have read: see [`Error::Outside`].
    fn leading_outside(&self) -> Vec<ConfigProblem> {
        let config = &self.config;
        let targets = config.targets.iter();
        let options = targets
            .clone()
            .map(|t| &t.options)
            .chain([&config.defaults]);
        let named = options.flat_map(|o| {
            let scps = o.scps.iter().flatten().flatten();
            o.cluster_config.iter().chain(&o.boundary).chain(scps)
        });
        let named = named.chain(targets.filter_map(|t| t.reference.as_ref()));
        let within = self.within();
        let refused = named.chain(&config.baseline).filter_map(|path| {
            let reason = within.holds(&self.folder.join(&path.value)).err()?;
            let name = shorten(&path.value);
            let problem = ConfigProblem::new(format!("`{name}` is not read: {reason}"), path.span);
            Some(problem.with_help(
                "a configuration names regular files of its repository only; name others on the command line",
            ))
        });
        refused.collect()
    }

    /// The files that its paths may lead to.
    fn within(&self) -> Within {
        Within::around(&self.folder)
    }

    /// All problems of it as one error.
    pub(super) fn refuse(&self, sources: &Sources, problems: Vec<ConfigProblem>) -> Error {
        refused(sources, self.source, problems)
    }

    /// A path of it, as it is opened and shown.
    pub(super) fn path(&self, path: &str) -> String {
        self.folder.join(path).to_string_lossy().into_owned()
    }

    /// The files that a path of it matches, each relative to the configuration.
    ///
    /// # Errors
    ///
    /// [`Error::NoMatch`], [`Error::BadPattern`] and [`Error::NotListed`].
    pub(super) fn expand(&self, pattern: &str) -> Result<Vec<String>, Error> {
        let plain = self.folder.join(pattern);
        if !super::walk::is_pattern(pattern) || plain.exists() {
            let name = plain.to_string_lossy().into_owned();
            return if plain.exists() {
                self.keep_inside(vec![name])
            } else {
                Err(Error::NoMatch {
                    pattern: pattern.to_owned(),
                })
            };
        }
        // The folder is not a pattern, whatever its name.
        let folder = glob::Pattern::escape(&self.folder.to_string_lossy());
        let full = Path::new(&folder).join(pattern);
        let found = input::matches(&full.to_string_lossy())?;
        if found.is_empty() {
            return Err(Error::NoMatch {
                pattern: pattern.to_owned(),
            });
        }
        self.keep_inside(found)
    }

    /// The names of the files, if the configuration may read each of them.
    fn keep_inside(&self, names: Vec<String>) -> Result<Vec<String>, Error> {
        let within = self.within();
        for name in &names {
            within
                .holds(Path::new(name))
                .map_err(|reason| Error::Outside {
                    path: name.clone(),
                    reason: reason.to_owned(),
                })?;
        }
        Ok(names)
    }

    /// The path that identifies a file wherever the program runs: relative to the configuration.
    pub(super) fn identity(&self, name: &str) -> Option<String> {
        let full = config::plain(&env::current_dir().unwrap_or_default().join(name));
        let relative = full.strip_prefix(config::plain(&self.folder())).ok()?;
        Some(relative.to_string_lossy().replace('\\', "/"))
    }

    /// The folder from the root of the file system.
    pub(super) fn folder(&self) -> PathBuf {
        env::current_dir().unwrap_or_default().join(&self.folder)
    }

    /// `pcluster-iam.toml:3:10`
    pub(super) fn place(&self, sources: &Sources, span: Span) -> String {
        crate::check::place(sources, self.source, span)
    }
}

fn refused(sources: &Sources, source: SourceId, problems: Vec<ConfigProblem>) -> Error {
    let name = sources.get(source).name();
    let mistakes = match problems.len() {
        1 => "a mistake".to_owned(),
        config::MOST_PROBLEMS => format!("{} mistakes or more", config::MOST_PROBLEMS),
        n => format!("{n} mistakes"),
    };
    let reason = format!("`{name}` has {mistakes}");
    drawn::error(sources, source, "configuration", problems, reason)
}

/// The configurations that [`discover`] passes over: beside the one it takes and further up in the repository.
pub(super) fn replaced(folder: &Path) -> Vec<PathBuf> {
    let depth = { folder.ancestors() }
        .position(|a| a.join(".git").exists())
        .unwrap_or(0);
    let mut shown = PathBuf::new();
    let mut found = Vec::new();
    for above in folder.ancestors().take(depth + 1) {
        let names = NAMES.iter().filter(|name| above.join(name).is_file());
        found.extend(names.map(|name| shown.join(name)));
        shown.push("..");
    }
    found.drain(..found.len().min(1));
    found
}

/// The nearest configuration from a folder up to the one that holds `.git`. Outside of a repository only the folder
/// itself is looked at: what lies further up belongs to somebody else.
pub(super) fn discover(folder: &Path) -> Option<PathBuf> {
    let depth = folder
        .ancestors()
        .position(|a| a.join(".git").exists())
        .unwrap_or(0);
    let mut shown = PathBuf::new();
    for above in folder.ancestors().take(depth + 1) {
        // Also what is not a file, or leads nowhere: to read it says so, and to pass over it would judge by other
        // rules.
        if let Some(name) = NAMES
            .iter()
            .find(|name| above.join(name).symlink_metadata().is_ok())
        {
            return Some(shown.join(name));
        }
        shown.push("..");
    }
    None
}
