//! The `pcluster-iam` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    pcluster_iam::cli::run()
}
