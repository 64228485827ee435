//! Writes the manual pages, one for the program and one for each of its commands, into a folder:
//! `cargo run --example manual -- FOLDER`. For packagers of the program.

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let (Some(folder), None) = (arguments.next(), arguments.next()) else {
        return fail("usage: manual FOLDER");
    };
    match write(&PathBuf::from(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("{}: {error}", PathBuf::from(folder).display())),
    }
}

pub(crate) fn write(folder: &PathBuf) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    // `help` repeats what the other pages say.
    let command = pcluster_iam::cli::command().disable_help_subcommand(true);
    clap_mangen::generate_to(command, folder)
}

#[expect(clippy::print_stderr, reason = "the tool of a packager speaks there")]
fn fail(message: &str) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::FAILURE
}
