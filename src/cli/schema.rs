//! `pcluster-iam schema`

use std::process::ExitCode;

use super::Error;
use crate::{config as configuration, report};

pub(super) fn config() -> Result<ExitCode, Error> {
    super::print_raw(configuration::SCHEMA)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn output() -> Result<ExitCode, Error> {
    super::print_raw(report::SCHEMA)?;
    Ok(ExitCode::SUCCESS)
}
