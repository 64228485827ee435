//! `pcluster-iam init`

mod defined;
mod folder;

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::input::{self, Content};
use super::output::Ready;
use super::{Error, config};
use crate::cluster::{self, Generation};
use crate::config::NAMES;
use crate::inventory::{cloudformation, terraform};
use crate::parser::{self, ProblemKind, Sources};
use crate::reference::{self, DEFAULT_RELEASE};
use defined::Defined;
use folder::Folder;

/// Folders below the working directory that are looked into.
const DEEPEST: usize = 4;

/// Files that are looked at.
const MOST_FILES: usize = 5_000;

/// The scheduler to write without a cluster configuration.
const SCHEDULER: &str = "slurm";

/// Endings of the names of templates beside that of JSON.
const TEMPLATES: [&str; 3] = ["template", "yaml", "yml"];

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
    found.find_defined();
    found.infer_roles();
    let above = config::discover(&env::current_dir().unwrap_or_default());
    let text = found.configuration();
    // A file made meanwhile stays.
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
    let targets = found.folders.len() + found.defined.len();
    let mut parts = Vec::new();
    if policies > 0 {
        parts.push(count(policies, "policy", "policies"));
    }
    if !found.defined.is_empty() {
        let roles = count(found.defined.len(), "role", "roles");
        parts.push(format!("{roles} of templates and Terraform modules"));
    }
    let next = if parts.is_empty() {
        let missing = found.missing();
        format!("no {missing} was found here: add yours to it as the policies of a [[target]]")
    } else {
        format!(
            "{} with {}; read it through, then run `pcluster-iam lint`",
            count(targets, "target", "targets"),
            parts.join(" and ")
        )
    };
    super::print(&format!("{name}: {next}\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn count(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[derive(Default)]
struct Found {
    folders: Vec<Folder>,
    clusters: Vec<(PathBuf, Generation)>,
    /// Files that may be templates.
    templates: Vec<PathBuf>,
    /// Folders with Terraform code.
    modules: Vec<PathBuf>,
    defined: Vec<Defined>,
    /// Policies that fit no ParallelCluster role.
    others: Vec<PathBuf>,
    /// Templates and modules that could not be read in full.
    unread: Vec<PathBuf>,
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
        let mut is_module = false;
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
                if terraform::is_code(&name.to_string_lossy()) {
                    is_module = true;
                } else if is_json && self.reads(&path, may_be_template) {
                    self.templates.push(path);
                    is_all = false;
                } else if is_json && self.reads(&path, is_policy) {
                    policies.push(path);
                } else if is_json {
                    is_all = false;
                } else if ["yaml", "yml", "ini", "config", "cfg", ""].contains(&extension)
                    && let Some(generation) = self.cluster(&path)
                {
                    self.clusters.push((path, generation));
                } else if TEMPLATES.contains(&extension) && self.reads(&path, may_be_template) {
                    self.templates.push(path);
                }
            }
        }
        if is_module {
            self.modules.push(folder.to_owned());
        }
        if !policies.is_empty() {
            self.folders.push(Folder {
                path: folder.to_owned(),
                policies,
                is_all,
                ..Folder::default()
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

    /// The options with which `lint` judges what is found.
    fn options(&self) -> Vec<String> {
        match self.clusters.first() {
            None => vec![format!("--scheduler={SCHEDULER}")],
            Some((path, _)) => vec![
                format!("--cluster-config={}", path.to_string_lossy()),
                format!("--pcluster-version={}", self.release().0),
            ],
        }
    }

    /// Finds the roles of policies as `lint` does.
    fn infer_roles(&mut self) {
        let options = self.options();
        for folder in std::mem::take(&mut self.folders) {
            let (targets, others) = folder::targets(folder, &options);
            self.folders.extend(targets);
            self.others.extend(others);
        }
    }

    /// Finds the roles of templates and modules as `lint` does. A module that another one calls is part of that.
    fn find_defined(&mut self) {
        let options = self.options();
        for path in &self.templates {
            let look = defined::find(path, &options);
            if look.failed {
                self.unread.push(path.clone());
            } else if look.is_other {
                self.others.push(path.clone());
            }
            self.defined.extend(look.roles);
        }
        let mut of_modules = Vec::new();
        let mut called: BTreeSet<PathBuf> = BTreeSet::new();
        for folder in &self.modules {
            let here = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            let own = fs::canonicalize(here).unwrap_or_default();
            let look = defined::find(here, &options);
            let folders = look.files.iter().filter_map(|file| file.parent());
            called.extend(folders.filter(|f| **f != own).map(Path::to_owned));
            of_modules.push((own, here.to_owned(), look));
        }
        for (own, here, look) in of_modules {
            self.leave_out(&look.files);
            if !called.contains(&own) {
                if look.failed {
                    self.unread.push(here);
                } else if look.is_other {
                    self.others.push(here);
                }
                self.defined.extend(look.roles);
            }
        }
    }

    /// Leaves out the policies that a module reads: they are part of its roles.
    fn leave_out(&mut self, files: &BTreeSet<PathBuf>) {
        for folder in &mut self.folders {
            let before = folder.policies.len();
            let is_own = |path: &PathBuf| !fs::canonicalize(path).is_ok_and(|p| files.contains(&p));
            folder.policies.retain(is_own);
            folder.is_all &= folder.policies.len() == before;
        }
        self.folders.retain(|folder| !folder.policies.is_empty());
    }

    /// The generation of the cluster that the configuration will name.
    fn generation(&self) -> Option<Generation> {
        self.clusters.first().map(|(_, generation)| *generation)
    }

    /// The release that the configuration will name, and a role that clusters of it have.
    fn release(&self) -> (String, &'static str) {
        if let Some(Generation::V3) = self.generation() {
            let newest = reference::resolve("3", None);
            let newest = newest.map_or_else(|_| "3".to_owned(), |release| release.to_string());
            return (newest, "head-node");
        }
        let of_policies = self.folders.iter().filter_map(|f| f.release.as_deref());
        let of_defined = self.defined.iter().filter_map(|d| d.release.as_deref());
        let fitting = match self.generation() {
            None => folder::release(of_policies.chain(of_defined)),
            Some(_) => None,
        };
        let release = fitting.unwrap_or_else(|| DEFAULT_RELEASE.to_owned());
        let role = if release.starts_with("3.") {
            "head-node"
        } else {
            "instance"
        };
        (release, role)
    }

    /// The missing part of a folder without anything to judge.
    fn missing(&self) -> &'static str {
        if self.others.is_empty() {
            "policy"
        } else {
            "policy of a ParallelCluster role"
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
            "\n# Release of your clusters; \"3\" is always the newest that the program knows of 3.x.\n\
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
                quoted(Path::new(&folder::name(folder, &self.folders))),
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
            if let Some(own) = folder.release.as_deref().filter(|own| *own != release) {
                let _ = writeln!(text, "pcluster-version = \"{own}\"");
            }
        }
        if !self.others.is_empty() {
            text.push_str(
                "\n# These policies grant next to nothing that a role of ParallelCluster requires, or IAM rejects them. Add a [[target]]\n\
                 # with its role for each that is one.\n",
            );
            for path in &self.others {
                let _ = writeln!(text, "# policies = [{}]", quoted(path));
            }
        }
        for path in &self.unread {
            let name = quoted(path);
            let _ = writeln!(
                text,
                "\n# {name} was not read in full: `pcluster-iam lint {name}` shows why."
            );
        }
        for defined in &self.defined {
            text.push_str(&self.target(defined, &release));
        }
        if self.folders.is_empty() && self.defined.is_empty() {
            let _ = write!(
                text,
                "\n# No {} was found here. Name the policies attached to one role; they are judged together:\n\
                 # [[target]]\n# name = \"{role}\"\n# role = \"{role}\"\n# policies = [\"iam/{role}/*.json\"]\n",
                self.missing()
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

    /// The target of a role that a template or a module defines.
    fn target(&self, defined: &Defined, release: &str) -> String {
        let same = self.defined.iter().filter(|d| d.name == defined.name);
        let names_it = |folder: &Folder| folder::name(folder, &self.folders) == defined.name;
        let name = if same.count() == 1 && !self.folders.iter().any(names_it) {
            defined.name.clone()
        } else {
            format!("{}: {}", defined.path.to_string_lossy(), defined.name)
        };
        let mut text = format!("\n[[target]]\nname = {}\n", quoted(Path::new(&name)));
        if let Some(role) = &defined.role {
            let _ = writeln!(
                text,
                "# Inferred from its policies; correct it if it is wrong.\nrole = \"{role}\""
            );
        }
        if let Some(own) = defined.release.as_deref().filter(|own| *own != release) {
            let _ = writeln!(text, "pcluster-version = \"{own}\"");
        }
        // A name may have the signs of patterns: `aws_iam_role.node[\"a\"]`.
        let _ = writeln!(
            text,
            "policies = [{}]\nselect = [{}]",
            quoted(&defined.path),
            quoted(Path::new(&defined.name))
        );
        text
    }
}

/// The policies of a target: all of a folder by a pattern, or some by name.
fn patterns(folder: &Folder) -> String {
    let shown = folder.path.to_string_lossy();
    if folder.is_all && folder.policies.len() > 1 && !super::walk::is_pattern(&shown) {
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

fn may_be_template(sources: &Sources, id: parser::SourceId) -> bool {
    cloudformation::may_be_template(sources.get(id).text())
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
