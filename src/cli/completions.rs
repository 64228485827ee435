//! `pcluster-iam completions SHELL`

use std::process::ExitCode;

use clap_complete::Shell;

use super::Error;

pub(super) fn run(shell: Shell) -> Result<ExitCode, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "pcluster-iam", &mut script);
    super::print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
