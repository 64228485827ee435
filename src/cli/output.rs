//! The destinations of a report: standard output or files, written completely or not at all.

use std::ffi::OsString;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;

use super::{Color, Error, Format, InputArgs, LintArgs, path};
use crate::parser::Sources;
use crate::report::{self, Report, Repository, TextOptions};

/// A format and a place; `None` for standard output.
pub(super) struct Target {
    format: Format,
    path: Option<PathBuf>,
}

impl Target {
    /// Whether it is where findings go by default.
    pub(super) fn is_standard_output(&self) -> bool {
        self.path.is_none()
    }
}

/// Refuses to write over a file that was read.
pub(super) fn spare(
    targets: &[Target],
    sources: &Sources,
    inputs: &InputArgs,
) -> Result<(), Error> {
    for path in targets.iter().filter_map(|t| t.path.as_deref()) {
        spare_from("--output", path, sources, inputs)?;
    }
    Ok(())
}

/// The same for one file, named by an option.
pub(super) fn spare_from(
    option: &'static str,
    path: &Path,
    sources: &Sources,
    inputs: &InputArgs,
) -> Result<(), Error> {
    let mut names = sources
        .names()
        .map(Path::new)
        .chain(inputs.context_file.as_deref())
        .chain(inputs.parameters.iter().map(PathBuf::as_path))
        .chain(inputs.plan.as_deref());
    let is_of_catalog = || {
        let catalog = inputs.catalog.as_deref().map(path::resolved);
        catalog.is_some_and(|folder| path::resolved(path).starts_with(folder))
    };
    if names.any(|name| path::is_same(name, path)) || is_of_catalog() {
        return Err(Error::BadValue {
            option,
            value: path.to_string_lossy().into_owned(),
            reason: "this file is one of those that were read".to_owned(),
            help: "name another file to write".to_owned(),
        });
    }
    Ok(())
}

/// The targets of `--output`, or standard output.
pub(super) fn targets(args: &LintArgs) -> Result<Vec<Target>, Error> {
    if args.output.is_empty() {
        return Ok(vec![Target {
            format: args.format,
            path: None,
        }]);
    }
    let mut targets: Vec<Target> = Vec::with_capacity(args.output.len());
    for text in &args.output {
        let bad = |reason: &str, help: String| Error::BadValue {
            option: "--output",
            value: text.clone(),
            reason: reason.to_owned(),
            help,
        };
        let (format, path) = match text.split_once(':') {
            Some((prefix, path)) => match Format::from_str(prefix, false) {
                Ok(format) => (format, path),
                // A drive has one letter, and a folder a separator.
                Err(_) if prefix.len() > 1 && prefix.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                    return Err(bad(
                        &format!("there is no format `{prefix}`"),
                        format!("one of {}; or ./{text} for a file of that name", formats()),
                    ));
                }
                Err(_) => (args.format, text.as_str()),
            },
            None => (args.format, text.as_str()),
        };
        if path.is_empty() {
            return Err(bad(
                "it names no file",
                "for example --output json:report.json, or --output text:-".to_owned(),
            ));
        }
        let path = (path != "-").then(|| PathBuf::from(path));
        let is_same = |other: &Target| match (&other.path, &path) {
            (Some(other), Some(path)) => path::is_same(other, path),
            (other, path) => other == path,
        };
        if targets.iter().any(is_same) {
            return Err(bad(
                "something else goes there already",
                "give each format a place of its own".to_owned(),
            ));
        }
        targets.push(Target { format, path });
    }
    Ok(targets)
}

/// The formats by name, for a message.
fn formats() -> String {
    let values = Format::value_variants().iter();
    let names: Vec<String> = values
        .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()))
        .collect();
    names.join(", ")
}

/// Writes the report to a target. For a file it is rendered in memory first, which is written whole or left as it was.
/// `code` is the exit code that the program will end with.
pub(super) fn write(
    report: &Report,
    args: &LintArgs,
    target: &Target,
    code: u8,
) -> Result<(), Error> {
    let color = match args.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => target.path.is_none() && color_is_wanted(),
    };
    let failed = |source| Error::Output {
        path: target
            .path
            .as_ref()
            .map_or("standard output".to_owned(), |p| {
                format!("`{}`", p.display())
            }),
        source,
    };
    let render = |out: &mut dyn Write| match target.format {
        Format::Text => report::text(
            report,
            TextOptions {
                color,
                quiet: args.quiet,
                verbose: args.verbose,
            },
            out,
        ),
        Format::Concise => report::concise(report, args.quiet, out),
        Format::Json => report::json(report, code, out),
        Format::Jsonl => report::jsonl(report, code, out),
        Format::Sarif => report::sarif(report, &repository(), code, out),
        Format::Github => report::github(report, &repository(), args.quiet, out),
        Format::Gitlab => report::gitlab(report, &repository(), out),
        Format::Junit => report::junit(report, out),
    };
    if let Some(path) = &target.path {
        let mut bytes = Vec::new();
        return render(&mut bytes)
            .and_then(|()| replace(path, &bytes))
            .map_err(failed);
    }
    if target.format == Format::Concise {
        // Standard output holds findings, settings, and what the policies name and do not contain, one a line.
        let _ = writeln!(io::stderr(), "{}", report::summary(report));
        for line in report::unnamed_and_unchecked(report) {
            let _ = writeln!(io::stderr(), "{line}");
        }
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match render(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(failed(error)),
        _ => Ok(()),
    }
}

fn repository() -> Repository {
    Repository::around(&std::env::current_dir().unwrap_or_default())
}

fn color_is_wanted() -> bool {
    wants_color(|name| std::env::var_os(name), io::stdout().is_terminal())
}

/// <https://no-color.org>, <https://force-color.org> and <https://bixense.com/clicolors>, then whether a person is
/// watching. A variable that is empty counts as one that is not there.
fn wants_color(variable: impl Fn(&str) -> Option<OsString>, is_terminal: bool) -> bool {
    let value = |name| variable(name).filter(|v| !v.is_empty());
    if value("NO_COLOR").is_some() {
        return false;
    }
    if value("FORCE_COLOR").is_some() || value("CLICOLOR_FORCE").is_some_and(|v| v != "0") {
        return true;
    }
    let is_off = value("CLICOLOR").is_some_and(|v| v == "0");
    let is_dumb = value("TERM").is_some_and(|v| v == "dumb");
    is_terminal && !is_off && !is_dumb
}

/// Replaces a file in one step. What is not an ordinary file (a pipe, a device) is written directly.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    path::may_write(path)?;
    if std::fs::metadata(path).is_ok_and(|m| !m.is_file()) {
        return std::fs::OpenOptions::new()
            .write(true)
            .open(path)?
            .write_all(bytes);
    }
    Ready::new(path, bytes)?.put()
}

/// The new content of a file, written beside it: only its name is left to change.
pub(super) struct Ready {
    file: tempfile::NamedTempFile,
    path: PathBuf,
}

impl Ready {
    pub(super) fn new(path: &Path, bytes: &[u8]) -> io::Result<Self> {
        path::may_write(path)?;
        // A symbolic link stays one, and what it names is replaced.
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // As any new file: what the umask leaves.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        // The error would name the temporary file.
        let plain = |error: io::Error| io::Error::from(error.kind());
        let mut file = builder.tempfile_in(folder).map_err(plain)?;
        file.write_all(bytes)?;
        if let Ok(before) = std::fs::metadata(&path) {
            keep_owner(file.as_file(), &before)?;
            file.as_file().set_permissions(before.permissions())?;
        }
        file.as_file().sync_all()?;
        Ok(Ready { file, path })
    }

    /// Puts it in the place of the old content.
    pub(super) fn put(self) -> io::Result<()> {
        self.file.persist(&self.path)?;
        Ok(())
    }

    /// Puts it where no file is.
    pub(super) fn put_new(self) -> io::Result<()> {
        self.file.persist_noclobber(&self.path)?;
        Ok(())
    }
}

/// Gives a new file the owner and the group of the one that it replaces.
fn keep_owner(file: &std::fs::File, before: &std::fs::Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};
        let now = file.metadata()?;
        if (now.uid(), now.gid()) != (before.uid(), before.gid()) {
            let kept = fchown(file, Some(before.uid()), Some(before.gid()));
            kept.map_err(|_| io::Error::other("its owner and group cannot be kept"))?;
        }
    }
    #[cfg(not(unix))]
    let _ = (file, before);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::wants_color;

    #[test]
    fn colour_follows_the_first_variable_that_says_something() {
        for (variables, at_a_terminal, in_a_pipe) in [
            (&[][..], true, false),
            (&[("NO_COLOR", "1")], false, false),
            (&[("NO_COLOR", "0")], false, false),
            (&[("NO_COLOR", "")], true, false),
            (&[("FORCE_COLOR", "1")], true, true),
            (&[("FORCE_COLOR", "")], true, false),
            (&[("CLICOLOR_FORCE", "1")], true, true),
            (&[("CLICOLOR_FORCE", "0")], true, false),
            (&[("CLICOLOR_FORCE", "")], true, false),
            (&[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], false, false),
            (&[("CLICOLOR", "0")], false, false),
            (&[("CLICOLOR", "1")], true, false),
            (&[("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")], true, true),
            (&[("TERM", "xterm")], true, false),
            (&[("TERM", "dumb")], false, false),
            (&[("TERM", "dumb"), ("FORCE_COLOR", "1")], true, true),
        ] {
            let variable = |name: &str| {
                let found = variables.iter().find(|(n, _)| *n == name);
                found.map(|(_, value)| (*value).into())
            };
            assert_eq!(wants_color(variable, true), at_a_terminal, "{variables:?}");
            assert_eq!(wants_color(variable, false), in_a_pipe, "{variables:?}");
        }
    }
}
