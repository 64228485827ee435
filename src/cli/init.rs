//! `pcluster-iam init`

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::cluster::Configured;
use super::input::{self, Content};
use super::output::Ready;
use super::{Error, Selection, config, selection};
use crate::catalog::Catalog;
use crate::check::{self, Against, Settings};
use crate::cluster::{self, Generation};
use crate::config::NAMES;
use crate::lints::File;
use crate::parser::{self, Policy, ProblemKind, Sources};
use crate::reference::{DEFAULT_RELEASE, Features};

/// Folders below the working directory that are looked into.
const DEEPEST: usize = 4;

/// Files that are looked at.
const MOST_FILES: usize = 5_000;

/// The scheduler to write without a cluster configuration.
const SCHEDULER: &str = "slurm";

/// Larger files are neither policies nor cluster configurations.
const LARGEST: u64 = 256 * 1024;

/// Writes a configuration with what the working directory holds, where there is none.
pub(super) fn run() -> Result<ExitCode, Error> {
    let [name, _] = NAMES;
    if let Some(there) = NAMES
        .iter()
        .find(|name| Path::new(name).symlink_metadata().is_ok())
    {
        return Err(Error::Exists {
            path: (*there).to_owned(),
        });
    }
    let mut found = Found::default();
    found.look_into(Path::new(""), 0);
    found.infer_roles();
    let above = config::discover(&env::current_dir().unwrap_or_default());
    let text = found.configuration();
    // Whoever made the file meanwhile keeps it.
    let written = Ready::new(Path::new(name), text.as_bytes()).and_then(Ready::put_new);
    written.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => Error::Exists {
            path: name.to_owned(),
        },
        _ => Error::Output {
            path: format!("`{name}`"),
            source,
        },
    })?;
    if let Some(above) = above {
        super::warn(&format!(
            "`{}` is no longer read from here, because the nearest configuration is read",
            above.display()
        ));
    }
    let policies: usize = found.folders.iter().map(|f| f.policies.len()).sum();
    let next = if policies == 0 {
        "no policy was found here: add yours to it as the policies of a [[target]]".to_owned()
    } else {
        format!(
            "{} with {}; read it through, then run `pcluster-iam lint`",
            count(found.folders.len(), "target", "targets"),
            count(policies, "policy", "policies")
        )
    };
    super::print(&format!("{name}: {next}\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn count(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The content of a folder.
struct Folder {
    path: PathBuf,
    policies: Vec<PathBuf>,
    /// True where every JSON file in it is a policy.
    is_all: bool,
    /// The role that the policies fit.
    role: Option<String>,
}

#[derive(Default)]
struct Found {
    folders: Vec<Folder>,
    clusters: Vec<(PathBuf, Generation)>,
    looked_at: usize,
}

impl Found {
    fn look_into(&mut self, folder: &Path, depth: usize) {
        let here = if depth == 0 { Path::new(".") } else { folder };
        let Ok(entries) = fs::read_dir(here) else {
            return;
        };
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        let mut policies = Vec::new();
        let mut is_all = true;
        let mut below = Vec::new();
        for name in names {
            let path = folder.join(&name);
            let hidden = name.to_string_lossy().starts_with('.');
            if hidden || name == "target" || name == "node_modules" {
                continue;
            }
            let Ok(about) = fs::symlink_metadata(&path) else {
                continue;
            };
            if about.is_dir() {
                below.push(path);
            } else if about.is_file() && about.len() <= LARGEST && self.looked_at < MOST_FILES {
                let extension = path
                    .extension()
                    .and_then(|e| e.to_str())
                    .unwrap_or_default();
                let is_json = extension.eq_ignore_ascii_case("json");
                if is_json && self.reads(&path, is_policy) {
                    policies.push(path);
                } else if is_json {
                    is_all = false;
                } else if ["yaml", "yml", "ini", "config", "cfg", ""].contains(&extension)
                    && let Some(generation) = self.cluster(&path)
                {
                    self.clusters.push((path, generation));
                }
            }
        }
        if !policies.is_empty() {
            self.folders.push(Folder {
                path: folder.to_owned(),
                policies,
                is_all,
                role: None,
            });
        }
        if depth < DEEPEST {
            for folder in below {
                self.look_into(&folder, depth + 1);
            }
        }
    }

    fn reads(&mut self, path: &Path, what: fn(&Sources, parser::SourceId) -> bool) -> bool {
        self.source(path)
            .is_some_and(|(sources, id)| what(&sources, id))
    }

    fn source(&mut self, path: &Path) -> Option<(Sources, parser::SourceId)> {
        self.looked_at += 1;
        let bytes = input::read(path, Content::Other).ok()?;
        let (source, problem) = parser::decode(&path.to_string_lossy(), bytes);
        if problem.is_some() {
            return None;
        }
        let mut sources = Sources::new();
        let id = sources.add(source);
        Some((sources, id))
    }

    /// The generation of a cluster configuration, which names a scheduler; other INI and YAML files do not.
    fn cluster(&mut self, path: &Path) -> Option<Generation> {
        let (sources, id) = self.source(path)?;
        let cluster = cluster::read(sources.get(id)).ok()?;
        cluster.scheduler.map(|_| cluster.generation)
    }

    /// The generation of the cluster that the configuration will name.
    fn generation(&self) -> Option<Generation> {
        self.clusters.first().map(|(_, generation)| *generation)
    }

    /// The release that the configuration will name, and a role that clusters of it have.
    fn release(&self) -> (&'static str, &'static str) {
        match self.generation() {
            Some(Generation::V3) => ("3", "head-node"),
            _ => (DEFAULT_RELEASE, "instance"),
        }
    }

    /// Finds the role of each folder as `lint` would with the configuration that is written.
    fn infer_roles(&mut self) {
        let mut sources = Sources::new();
        let mut features = Features::default();
        let mut selection = Selection {
            pcluster_version: Some(self.release().0.to_owned()),
            ..Selection::default()
        };
        let mut configured = None;
        match self.clusters.first() {
            None => selection.scheduler = Some(SCHEDULER.to_owned()),
            Some((path, _)) => {
                let Ok(read) = Configured::read(path, &mut sources) else {
                    return;
                };
                let Ok(complete) = read.complete(&selection) else {
                    return;
                };
                read.features(&mut features);
                selection = complete;
                configured = Some(read);
            }
        }
        // `lint` reports what cannot be selected here.
        let Ok(against) = Against::select(&selection, &features) else {
            return;
        };
        let given = selection::all_given(Vec::new(), configured.as_ref(), &sources);
        let settings = Settings {
            given,
            ..Settings::default()
        };
        for folder in &mut self.folders {
            let names = folder.policies.iter().map(|path| path.to_string_lossy());
            let files: Vec<File> = names.map(|name| input::load(&name, &mut sources)).collect();
            let policies: Vec<&Policy> = files.iter().flat_map(|f| &f.document.policies).collect();
            if check::oversize(policies.iter().copied()).is_none() {
                let chosen = check::choose(Catalog::embedded(), &policies, &against, &settings);
                folder.role = chosen.ok().and_then(|chosen| chosen.reference.role);
            }
        }
    }

    fn configuration(&self) -> String {
        let mut text = String::from(
            "# The policies that pcluster-iam judges. `pcluster-iam schema config` prints the schema of this file.\n\
             # Paths are relative to this file.\n\n",
        );
        if let Some((path, _)) = self.clusters.first() {
            let _ = writeln!(
                text,
                "# Scheduler, Region, features and names are read from this file.\ncluster-config = {}",
                quoted(path)
            );
            for (path, _) in self.clusters.iter().skip(1) {
                let _ = writeln!(text, "# cluster-config = {}", quoted(path));
            }
        } else {
            let _ = writeln!(
                text,
                "# The cluster's scheduler: slurm or awsbatch; up to 2.11 also sge or torque.\nscheduler = \"{SCHEDULER}\""
            );
        }
        let (release, role) = self.release();
        let _ = write!(
            text,
            "\n# Release to compare with, such as \"3.11.1\"; \"3\" is the newest that the program knows of 3.x.\n\
             pcluster-version = \"{release}\"\n\n\
             # Other values are inferred from the policies if these agree.\n\
             # region = \"us-east-1\"\n\
             # account = \"123456789012\"\n\n\
             # Lowest severity that makes the exit code 1: error, warning, note or never.\n\
             # fail-on = \"warning\"\n"
        );
        for folder in &self.folders {
            let _ = write!(
                text,
                "\n# The policies attached to one role, judged together.\n\
                 [[target]]\nname = {}\n{}\npolicies = {}\n",
                quoted(Path::new(&self.name(folder))),
                match &folder.role {
                    Some(role) => format!(
                        "# Inferred from the policies; correct it if it is wrong. Without a role, a policy that loses\n\
                         # permissions may be judged as that of a smaller role.\n\
                         role = \"{role}\"   # `pcluster-iam reference list` has all"
                    ),
                    None => format!(
                        "# role = \"{role}\"   # the role of the policies; `pcluster-iam reference list` has all"
                    ),
                },
                patterns(folder)
            );
        }
        if self.folders.is_empty() {
            let _ = write!(
                text,
                "\n# No policy was found here. Name the policies attached to one role; they are judged together:\n\
                 # [[target]]\n# name = \"{role}\"\n# role = \"{role}\"\n# policies = [\"iam/{role}/*.json\"]\n",
            );
        }
        text.push_str(
            "\n# Severities: error, warning, note or off.\n# [lints]\n# unneeded-action = \"off\"\n\n\
             # Accepted findings.\n# [[ignore]]\n# lint = \"over-broad-resource\"\n\
             # path = \"iam/head-node/break-glass.json\"\n# sid = \"BreakGlass\"\n# reason = \"reviewed in SEC-142\"\n\
             # until = \"2027-01-31\"\n",
        );
        text
    }

    /// The folder's own name where no other has it, else its path.
    fn name(&self, folder: &Folder) -> String {
        let last = |folder: &Folder| folder.path.file_name().map(std::ffi::OsStr::to_owned);
        let own = last(folder);
        let same = self.folders.iter().filter(|f| last(f) == own).count();
        match own {
            None => "policies".to_owned(),
            Some(name) if same == 1 && name != "policies" => name.to_string_lossy().into_owned(),
            Some(_) => folder.path.to_string_lossy().into_owned(),
        }
    }
}

/// The policies of a target: all of a folder by a pattern, or some by name.
fn patterns(folder: &Folder) -> String {
    let shown = folder.path.to_string_lossy();
    if folder.is_all && folder.policies.len() > 1 && !input::is_pattern(&shown) {
        return format!("[{}]", quoted(&folder.path.join("*.json")));
    }
    let names: Vec<String> = folder.policies.iter().map(|path| quoted(path)).collect();
    format!("[{}]", names.join(", "))
}

/// A path as a TOML string, which has the escapes of JSON.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    serde_json::Value::String(text)
        .to_string()
        .replace('\u{7f}', "\\u007f")
}

/// A file that AWS would take for a policy: readable, with a statement.
fn is_policy(sources: &Sources, id: parser::SourceId) -> bool {
    let document = parser::parse(id, sources.get(id));
    let mut statements = document.policies.iter().flat_map(|p| &p.statements);
    statements.any(|s| s.effect.is_some() && s.action.is_some())
        && document
            .problems
            .iter()
            .all(|problem| problem.kind != ProblemKind::InvalidJson)
}
