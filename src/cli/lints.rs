//! `pcluster-iam lints`

use std::fmt::Write as _;
use std::process::ExitCode;

use super::Error;
use crate::lints::ALL;

pub(super) fn run() -> Result<ExitCode, Error> {
    let width = ALL.iter().map(|l| l.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for lint in ALL {
        let _ = writeln!(
            text,
            "{:width$}  {:7}  {}",
            lint.id,
            lint.severity.name(),
            lint.summary
        );
    }
    text.push_str("\n`pcluster-iam explain LINT` shows the page of a lint.\n");
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
