//! `pcluster-iam completions SHELL`

use std::process::ExitCode;

use clap_complete::Shell;

use super::Error;

pub(super) fn run(shell: Shell) -> Result<ExitCode, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "pcluster-iam", &mut script);
    // clap_complete 4.6.11 spells a program with a hyphen in two ways in what it writes for bash, so that nothing below
    // the first command is completed.
    let script = String::from_utf8_lossy(&script).replace("pcluster__subcmd__iam", "pcluster__iam");
    super::print_raw(&script)?;
    Ok(ExitCode::SUCCESS)
}
