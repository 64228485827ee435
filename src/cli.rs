//! The command line: what can be asked, and what each answer's exit code is.

mod accept;
mod arguments;
mod baseline;
mod boundary;
mod chosen;
mod cluster;
mod completions;
mod conceal;
mod config;
mod context;
mod descriptions;
mod difference;
mod drawn;
mod dump;
mod effective;
mod error;
mod explain;
mod failure;
mod fix;
mod init;
mod input;
mod job;
mod jobs;
mod lint;
mod lints;
mod merge;
mod missing;
mod output;
mod owner;
mod path;
mod reference;
mod resolver;
mod role;
mod role_file;
mod schema;
mod selection;
mod tighten;
mod walk;
mod weakened;

pub use context::parse as parse_context;
pub use error::Error;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser};
use miette::Diagnostic;

use crate::catalog::Catalog;
use crate::inert;
use arguments::{
    AcceptArgs, BaselineArgs, Cli, Color, Command, DiffArgs, FailOn, Format, InputArgs, LintArgs,
    ListArgs, MissingArgs, ReferenceCommand, SchemaCommand, Selection, ShowArgs, ShowFormat,
    TightenArgs, Unresolved,
};

/// Exit code for "could not judge".
const COULD_NOT: u8 = 2;

/// Runs the program with the arguments of the process.
pub fn run() -> ExitCode {
    let result = match Cli::try_parse() {
        Ok(cli) => answer(&cli.command),
        // Help and version are answers; everything else is a usage error.
        Err(error) if error.kind() == ErrorKind::DisplayVersion => {
            print(&version()).map(|()| ExitCode::SUCCESS)
        }
        Err(error) if error.use_stderr() => {
            let _ = inert_usage().unwrap_or(error).print();
            return ExitCode::from(COULD_NOT);
        }
        Err(help) => print(&help.render().to_string()).map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        report(&error);
        ExitCode::from(COULD_NOT)
    })
}

/// The usage error for the arguments with unsafe characters spelled out: the message quotes them.
fn inert_usage() -> Option<clap::Error> {
    let arguments = std::env::args_os();
    let inert = arguments.map(|argument| inert::line(&argument.to_string_lossy()).into_owned());
    Cli::try_parse_from(inert)
        .err()
        .filter(clap::Error::use_stderr)
}

fn answer(command: &Command) -> Result<ExitCode, Error> {
    match command {
        Command::Lint(args) => lint::run(args),
        Command::Baseline(args) => baseline::run(args),
        Command::Init => init::run(),
        Command::Missing(args) => missing::run(args),
        Command::Tighten(args) => tighten::run(args),
        Command::Merge(args) => merge::run(args),
        Command::Diff(args) => difference::run(args),
        Command::Explain { what } => explain::run(what),
        Command::Lints => lints::run(),
        Command::Reference(ReferenceCommand::Show(args)) => reference::show(args),
        Command::Reference(ReferenceCommand::List(args)) => reference::list(args),
        Command::Reference(ReferenceCommand::Diff(args)) => reference::diff(args),
        Command::Schema(SchemaCommand::Config) => schema::config(),
        Command::Schema(SchemaCommand::Output) => schema::output(),
        Command::Completions { shell } => completions::run(*shell),
    }
}

/// The whole command line, for what describes it: manual pages, tests of the documentation.
pub fn command() -> clap::Command {
    Cli::command()
}

/// The program and the data that its judgements rest on.
fn version() -> String {
    format!(
        "pcluster-iam {} (AWS's actions as of {})\n",
        env!("CARGO_PKG_VERSION"),
        Catalog::embedded().date()
    )
}

/// Says on standard error what may be a mistake.
fn warn(text: &str) {
    let _ = writeln!(io::stderr(), "warning: {}", inert::line(text));
}

/// Says on standard error why the run cannot go on.
fn report(error: &Error) {
    // The reader of the output is gone: nothing can be reported.
    if let Error::Output { source, .. } = error
        && source.kind() == io::ErrorKind::BrokenPipe
    {
        return;
    }
    let mut text = match error {
        Error::Drawn { text, .. } => text.clone(),
        _ => String::new(),
    };
    let _ = writeln!(text, "error: {}", inert::line(&error.to_string()));
    if let Some(help) = error.help() {
        let _ = writeln!(text, "  help: {}", inert::line(&help.to_string()));
    }
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Writes lines to standard error. Foreign text in them must have no line ends: see [`inert::line`].
fn note(text: &str) {
    let _ = io::stderr().write_all(safe_lines(text).as_bytes());
}

/// Lines made safe, with the last line end that there is.
fn safe_lines(text: &str) -> String {
    let mut safe = inert::lines(text);
    if text.ends_with('\n') {
        safe.push('\n');
    }
    safe
}

/// Writes JSON to standard output.
fn print_json(text: &str) -> Result<(), Error> {
    print_raw(&inert::json(text))
}

/// Writes an answer to standard output, in which foreign text has no line ends of its own.
fn print(text: &str) -> Result<(), Error> {
    print_raw(&safe_lines(text))
}

/// Writes text that is known to be safe to standard output; a reader that is gone ends the run quietly.
fn print_raw(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Output {
            path: "standard output".to_owned(),
            source: error,
        }),
        _ => Ok(()),
    }
}
