//! Why a job could not be made.

use super::Error;
use crate::cluster::ConfigProblem;

/// Why a job cannot be made.
pub(super) enum Fault {
    /// Something outside of the configuration.
    Run(Error),
    /// A mistake in the configuration.
    Mistake(ConfigProblem),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::Run(error)
    }
}
