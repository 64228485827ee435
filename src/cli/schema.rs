//! `pcluster-iam schema`

use std::process::ExitCode;

use super::Error;
use crate::report;

pub(super) fn output() -> Result<ExitCode, Error> {
    super::print(report::SCHEMA)?;
    Ok(ExitCode::SUCCESS)
}
