//! Files of the command line: patterns expanded, texts read, sizes bounded.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Error;
use crate::lints;
use crate::parser::{self, Document, Problem, ProblemKind, Source, Sources, Span};

/// Larger files are refused: no policy that AWS accepts comes near.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The files that the arguments name, each once, patterns expanded and their matches sorted.
///
/// # Errors
///
/// [`Error::NoMatch`] and [`Error::BadPattern`].
pub(super) fn expand(arguments: &[String]) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = Vec::new();
    let mut seen: BTreeSet<PathBuf> = BTreeSet::new();
    for argument in arguments {
        let plain =
            argument == "-" || !argument.contains(['*', '?', '[']) || Path::new(argument).exists();
        let found: Vec<String> = if plain {
            vec![argument.clone()]
        } else {
            let paths = glob::glob(argument).map_err(|e| Error::BadPattern {
                pattern: argument.clone(),
                reason: e.to_string(),
            })?;
            let mut found = Vec::new();
            for path in paths {
                // A folder that cannot be listed hides files: better say so than pass without them.
                let path = path.map_err(|e| Error::BadPattern {
                    pattern: argument.clone(),
                    reason: e.to_string(),
                })?;
                found.push(path.to_string_lossy().into_owned());
            }
            found
        };
        if found.is_empty() {
            return Err(Error::NoMatch {
                pattern: argument.clone(),
            });
        }
        for name in found {
            let same = std::fs::canonicalize(&name).unwrap_or_else(|_| PathBuf::from(&name));
            if seen.insert(same) {
                names.push(name);
            }
        }
    }
    Ok(names)
}

/// Reads and parses one file. What goes wrong is a problem of the document, with its place.
pub(super) fn load(name: &str, sources: &mut Sources) -> lints::File {
    let bytes = if name == "-" {
        bounded(&mut io::stdin().lock(), 0)
    } else {
        read(Path::new(name))
    };
    let shown = if name == "-" { "<stdin>" } else { name };
    let (source, problem) = match bytes {
        Ok(bytes) => parser::decode(shown, bytes),
        Err(problem) => (Source::new(shown, ""), Some(*problem)),
    };
    let source = sources.add(source);
    let document = match problem {
        Some(problem) => Document {
            policies: Vec::new(),
            problems: vec![problem],
        },
        None => parser::parse(source, sources.get(source)),
    };
    lints::File { source, document }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, Box<Problem>> {
    let mut file = File::open(path).map_err(|e| unreadable(&e))?;
    let about = file.metadata().map_err(|e| unreadable(&e))?;
    if about.is_dir() {
        return Err(problem(
            "this is a directory, not a policy",
            "name the files in it, for example with a pattern: 'DIRECTORY/*.json'",
        ));
    }
    if about.is_file() && about.len() > LARGEST {
        return Err(too_large());
    }
    bounded(&mut file, about.len())
}

/// Reads to the end, `expected` bytes or so, and no more than is allowed.
fn bounded(reader: &mut dyn Read, expected: u64) -> Result<Vec<u8>, Box<Problem>> {
    let mut bytes = Vec::with_capacity(expected.min(LARGEST) as usize + 1);
    reader
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| unreadable(&e))?;
    if bytes.len() as u64 > LARGEST {
        Err(too_large())
    } else {
        Ok(bytes)
    }
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

fn too_large() -> Box<Problem> {
    problem(
        "the file is larger than 16 MiB",
        "an IAM policy has at most 6,144 characters: is this the right file?",
    )
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
