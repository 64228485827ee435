//! Files of the command line: patterns expanded, texts read, sizes bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::Error;
use super::conceal;
use super::walk::is_pattern;
use super::walk::{self, Fault};
use crate::inventory::Inventory;
use crate::inventory::cloudformation::{self, Given};
use crate::inventory::terraform;
use crate::lints;
use crate::parser::dump;
use crate::parser::{self, Document, Problem, ProblemKind, Source, SourceId, Sources, Span};

/// Larger files are refused: no policy that AWS accepts comes near.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Dumps of accounts may be larger.
const LARGEST_DUMP: u64 = 256 * 1024 * 1024;

/// The beginning of every large dump has one of these keys.
const DUMP_MARKS: [&str; 4] = [
    "DetailList\"",
    "\"PolicyVersionList\"",
    "DetailList:",
    "PolicyVersionList:",
];

/// The name of standard input.
pub(super) const STANDARD_INPUT: &str = "<stdin>";

/// The files that the arguments name, each once, patterns expanded and their matches sorted.
///
/// # Errors
///
/// [`Error::NoMatch`], [`Error::BadPattern`] and [`Error::NotListed`].
pub(super) fn expand(arguments: &[String]) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = Vec::new();
    for argument in arguments {
        let plain = argument == "-" || !is_pattern(argument) || Path::new(argument).exists();
        let found = if plain {
            vec![argument.clone()]
        } else {
            matches(argument)?
        };
        if found.is_empty() {
            return Err(Error::NoMatch {
                pattern: argument.clone(),
            });
        }
        names.extend(found);
    }
    Ok(each_once(names))
}

/// The files that match a pattern, sorted.
///
/// # Errors
///
/// [`Error::BadPattern`] and [`Error::NotListed`].
pub(super) fn matches(pattern: &str) -> Result<Vec<String>, Error> {
    let paths = walk::walk(pattern).map_err(|fault| match fault {
        Fault::Pattern(reason) => Error::BadPattern {
            name: pattern.to_owned(),
            reason,
        },
        // A folder that cannot be listed hides files: better say so than pass without them.
        Fault::Listing(reason) => Error::NotListed {
            pattern: pattern.to_owned(),
            reason,
        },
        Fault::Refused(path, reason) => Error::Outside {
            path: path.to_string_lossy().into_owned(),
            reason: reason.to_owned(),
        },
    })?;
    let shown = paths.iter().filter(|path| !is_hidden(pattern, path));
    Ok(shown
        .map(|path| path.to_string_lossy().into_owned())
        .collect())
}

/// Whether a path that matches a pattern has a hidden name that the pattern does not write with its dot, which no shell
/// matches. The option of `glob` for that leaves out `.*` too, and panics at names that are not UTF-8.
fn is_hidden(pattern: &str, path: &Path) -> bool {
    let parts = pattern.split(std::path::is_separator);
    let parts: Vec<&str> = parts.filter(|p| !["", ".", ".."].contains(p)).collect();
    let names = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy()),
        _ => None,
    });
    let names: Vec<_> = names.collect();
    let is_deep = |part: &&str| *part == "**";
    // `**` has no dot; names before it count from the front, names after it from the back.
    let head = parts.iter().position(is_deep).unwrap_or(0);
    let tail = parts.iter().rev().position(is_deep);
    let tail = tail.unwrap_or(parts.len());
    let count = names.len();
    names.iter().enumerate().any(|(at, name)| {
        let from_back = count - at;
        let part = if at < head {
            parts.get(at)
        } else if from_back <= tail {
            parts.get(parts.len() - from_back)
        } else {
            None
        };
        name.starts_with('.') && !part.is_some_and(|part| part.starts_with('.'))
    })
}

/// The Terraform modules that names stand for, each with the files of it that are named, and the other names.
pub(super) fn modules(names: &[String]) -> (BTreeMap<String, Vec<String>>, Vec<String>) {
    let mut modules: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut others = Vec::new();
    let mut whole = BTreeSet::new();
    for name in names {
        let path = Path::new(name);
        if path.is_dir() && terraform::is_module(path) {
            whole.insert(name.clone());
            modules.entry(name.clone()).or_default();
        } else if terraform::is_code(name) && path.is_file() {
            let folder = path.parent().unwrap_or(Path::new(""));
            let folder = folder.to_string_lossy().into_owned();
            modules.entry(folder).or_default().push(name.clone());
        } else {
            others.push(name.clone());
        }
    }
    for folder in whole {
        modules.insert(folder, Vec::new());
    }
    (modules, others)
}

/// The names without those of files that came before under another name.
pub(super) fn each_once(names: Vec<String>) -> Vec<String> {
    let mut seen: BTreeSet<PathBuf> = BTreeSet::new();
    let is_new = |name: &String| {
        let same = std::fs::canonicalize(name).unwrap_or_else(|_| PathBuf::from(name));
        seen.insert(same)
    };
    names.into_iter().filter(is_new).collect()
}

/// Reads and parses one file. What goes wrong is a problem of the document, with its place.
pub(super) fn load(name: &str, sources: &mut Sources) -> lints::File {
    load_as(name, None, None, sources)
}

/// The same; `shown` stands for standard input in the report, and `identity` is the path that distinguishes the file
/// from others.
pub(super) fn load_as(
    name: &str,
    shown: Option<&str>,
    identity: Option<String>,
    sources: &mut Sources,
) -> lints::File {
    let (source, problem) = text_of(name, shown, identity, sources, Content::Policy);
    let document = match problem {
        Some(problem) => Document {
            problems: vec![problem],
            ..Document::default()
        },
        None => parser::parse(source, sources.get(source)),
    };
    let file = lints::File::new(source, document);
    conceal::conceal(file, sources)
}

/// What a file turned out to be.
pub(super) enum Loaded {
    /// The policies of one role.
    Policies(lints::File),
    /// The roles that a template defines.
    Template(SourceId, Inventory),
    /// The plan of a Terraform module, and what it defines.
    Plan(SourceId, Inventory),
    /// Pages of the dump of an account.
    Dump(SourceId, dump::Pages),
}

/// Reads a file that may be a template.
pub(super) fn load_any(
    name: &str,
    shown: Option<&str>,
    identity: Option<String>,
    sources: &mut Sources,
    given: &Given,
) -> Loaded {
    let (source, problem) = text_of(name, shown, identity, sources, Content::Dump);
    of_text(source, problem, sources, given)
}

/// The same for the bytes of a file that is not on the disk.
pub(super) fn load_bytes(
    shown: &str,
    bytes: Vec<u8>,
    sources: &mut Sources,
    given: &Given,
) -> Loaded {
    let (source, problem) = parser::decode(shown, bytes);
    let source = sources.add(source);
    of_text(source, problem, sources, given)
}

fn of_text(
    source: SourceId,
    problem: Option<Problem>,
    sources: &mut Sources,
    given: &Given,
) -> Loaded {
    let document = match problem {
        Some(problem) => Document {
            problems: vec![problem],
            ..Document::default()
        },
        None if terraform::may_be_plan(sources.get(source).text()) => {
            match terraform::read_plan(source, sources) {
                Ok(inventory) => return Loaded::Plan(source, inventory),
                Err(problem) => Document {
                    problems: vec![*problem],
                    ..Document::default()
                },
            }
        }
        None => match dump_or_template(source, sources, given) {
            Some(Ok(Defined::Dump(pages))) => return Loaded::Dump(source, pages),
            Some(Ok(Defined::Template(inventory))) => return Loaded::Template(source, inventory),
            Some(Err(problem)) => Document {
                problems: vec![*problem],
                ..Document::default()
            },
            None => parser::parse(source, sources.get(source)),
        },
    };
    let file = lints::File::new(source, document);
    Loaded::Policies(conceal::conceal(file, sources))
}

/// What a text that defines several roles is.
enum Defined {
    Dump(dump::Pages),
    Template(Inventory),
}

fn dump_or_template(
    id: SourceId,
    sources: &Sources,
    given: &Given,
) -> Option<Result<Defined, Box<Problem>>> {
    let source = sources.get(id);
    if let Some(pages) = dump::pages(source) {
        return Some(pages.map(Defined::Dump));
    }
    if source.text().len() as u64 > LARGEST {
        return Some(Err(too_large(Content::Policy)));
    }
    let inventory = cloudformation::read(id, source, given)?;
    Some(inventory.map(Defined::Template))
}

/// Reads the text of a file, and what is wrong with it as a text.
fn text_of(
    name: &str,
    shown: Option<&str>,
    identity: Option<String>,
    sources: &mut Sources,
    content: Content,
) -> (SourceId, Option<Problem>) {
    let bytes = if name == "-" {
        bounded(&mut io::stdin().lock(), 0, content)
    } else {
        read(Path::new(name), content)
    };
    let shown = if name == "-" {
        shown.unwrap_or(STANDARD_INPUT)
    } else {
        name
    };
    let (source, problem) = match bytes {
        Ok(bytes) => parser::decode(shown, bytes),
        Err(problem) => (Source::new(shown, ""), Some(*problem)),
    };
    (sources.add(source.known_as(identity)), problem)
}

/// The expected content of a file, for error messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Policies, which standard input can hold too.
    Policy,
    /// Policies, or the dump of an account, which may be larger.
    Dump,
    /// A file named by an option.
    Other,
}

impl Content {
    fn largest(self) -> u64 {
        match self {
            Content::Dump => LARGEST_DUMP,
            Content::Policy | Content::Other => LARGEST,
        }
    }
}

/// Reads a file of bounded size.
///
/// # Errors
///
/// The fault of the file, without a place.
pub(super) fn read(path: &Path, content: Content) -> Result<Vec<u8>, Box<Problem>> {
    // Looked at before it is opened: opening a FIFO without a writer would wait for ever.
    let about = std::fs::metadata(path).map_err(|e| unreadable(&e))?;
    if !about.is_file() && !is_descriptor(path) {
        return Err(no_file(&about, content));
    }
    let mut file = File::open(path).map_err(|e| unreadable(&e))?;
    let before = file.metadata().map_err(|e| unreadable(&e))?;
    if before.is_file() && before.len() > content.largest() {
        return Err(too_large(content));
    }
    let bytes = bounded(&mut file, before.len(), content)?;
    let after = file.metadata().map_err(|e| unreadable(&e))?;
    let state = |about: &Metadata| (about.len(), about.modified().ok());
    if before.is_file() && state(&before) != state(&after) {
        return Err(problem(
            "the file changed while it was read",
            "run the command again when the file is written to its end",
        ));
    }
    Ok(bytes)
}

/// Whether a path names an open file of this process, as a shell's `<(…)` does: such a pipe has a writer.
fn is_descriptor(path: &Path) -> bool {
    path == Path::new("/dev/stdin")
        || path.starts_with("/dev/fd")
        || path.starts_with("/proc/self/fd")
}

/// Something other than a file.
fn no_file(about: &Metadata, content: Content) -> Box<Problem> {
    if about.is_dir() {
        return match content {
            Content::Policy | Content::Dump => problem(
                "this is a directory, not a policy",
                "name the files in it, for example with a pattern: 'DIRECTORY/*.json'",
            ),
            Content::Other => problem("this is a directory, not a file", "name the file itself"),
        };
    }
    #[cfg(unix)]
    let what = {
        use std::os::unix::fs::FileTypeExt as _;
        let kind = about.file_type();
        if kind.is_fifo() {
            "a FIFO"
        } else if kind.is_socket() {
            "a socket"
        } else {
            "a device"
        }
    };
    #[cfg(not(unix))]
    let what = "a device";
    let help = match content {
        Content::Policy | Content::Dump => "write the policy to a file, or pipe it into `-`",
        Content::Other => "write its content to a file, and name that",
    };
    problem(&format!("this is {what}, not a file"), help)
}

/// Reads to the end, `expected` bytes or so, and no more than is allowed.
fn bounded(
    reader: &mut dyn Read,
    expected: u64,
    content: Content,
) -> Result<Vec<u8>, Box<Problem>> {
    let mut bytes = Vec::with_capacity(expected.min(content.largest()) as usize + 1);
    let mut read = |most: u64, bytes: &mut Vec<u8>| {
        let rest = (most + 1).saturating_sub(bytes.len() as u64);
        let read = (&mut *reader).take(rest).read_to_end(bytes);
        read.map_err(|e| unreadable(&e))
    };
    read(LARGEST, &mut bytes)?;
    if bytes.len() as u64 <= LARGEST {
        return Ok(bytes);
    }
    if content != Content::Dump || !DUMP_MARKS.iter().any(|mark| memmem(mark, &bytes)) {
        return Err(too_large(match content {
            Content::Dump => Content::Policy,
            other => other,
        }));
    }
    read(LARGEST_DUMP, &mut bytes)?;
    if bytes.len() as u64 > LARGEST_DUMP {
        Err(too_large(content))
    } else {
        Ok(bytes)
    }
}

/// Whether bytes contain a text.
fn memmem(text: &str, bytes: &[u8]) -> bool {
    bytes.windows(text.len()).any(|w| w == text.as_bytes())
}

fn unreadable(error: &io::Error) -> Box<Problem> {
    let help = match error.kind() {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::PermissionDenied => "check who may read the file",
        _ => "check the file and the disk",
    };
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    };
    problem(&format!("cannot read the file: {reason}"), help)
}

fn too_large(content: Content) -> Box<Problem> {
    let help = match content {
        Content::Policy => "an IAM policy has at most 6,144 characters: is this the right file?",
        Content::Other => "is this the right file?",
        Content::Dump => {
            let help = "give each page of it in a file of its own: `--max-items` and `--starting-token` of the AWS CLI";
            return problem("the dump is larger than 256 MiB", help);
        }
    };
    problem("the file is larger than 16 MiB", help)
}

fn problem(message: &str, help: &str) -> Box<Problem> {
    Box::new(Problem {
        kind: ProblemKind::InvalidJson,
        rejected: true,
        subject: "file".to_owned(),
        message: message.to_owned(),
        help: Some(help.to_owned()),
        span: Span::default(),
        sid: None,
        related: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn hidden_names_are_matched_by_their_dot_alone() {
        let hidden = |pattern: &str, path: &str| super::is_hidden(pattern, Path::new(path));
        assert!(!hidden("iam/*.json", "iam/a.json"));
        assert!(hidden("iam/*.json", "iam/.a.json"));
        assert!(!hidden("iam/.*.json", "iam/.a.json"));
        assert!(hidden("*/a.json", ".iam/a.json"));
        assert!(!hidden(".iam/*.json", ".iam/a.json"));
        assert!(!hidden("/home/.x/iam/*.json", "/home/.x/iam/a.json"));
        assert!(!hidden("../.x/*.json", "../.x/a.json"));
        assert!(!hidden("./*.json", "a.json"));
        assert!(hidden("**/*.json", ".x/a.json"));
        assert!(hidden(".x/**/*.json", ".x/.x/a.json"));
        assert!(!hidden(".x/**/.y/*.json", ".x/deep/deep/.y/a.json"));
        assert!(hidden(".x/**/.y/**/*.json", ".x/.z/.y/a.json"));
        assert!(!hidden("**", "a/b"));
    }
}
