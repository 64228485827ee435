//! Options that are for inputs of some kinds.

use std::path::PathBuf;

use super::Resolver;
use crate::cli::Error;
use crate::parser::ProblemKind;

/// The kinds of inputs that were read, which some options are for.
#[derive(Clone, Copy, Default)]
pub(super) struct Used {
    pub(super) has_template: bool,
    pub(super) has_module: bool,
}

impl Resolver<'_> {
    /// Refuses options that no input uses. A file that could not be read may be one that does.
    ///
    /// # Errors
    ///
    /// [`Error::BadValue`] with the first of them.
    pub(in crate::cli) fn refuse_unused(&self) -> Result<(), Error> {
        let mut problems = self.files.iter().flat_map(|f| &f.document.problems);
        if problems.any(|p| p.kind == ProblemKind::InvalidJson) {
            return Ok(());
        }
        let args = self.args;
        let has_any = self.used.has_template || self.used.has_module;
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        let of_any = "no input is a template or a Terraform module";
        let options = [
            (
                "--parameter",
                args.parameter.first().cloned(),
                has_any,
                of_any,
            ),
            (
                "--parameters",
                args.parameters.first().map(path),
                has_any,
                of_any,
            ),
            (
                "--plan",
                args.plan.as_ref().map(path),
                self.used.has_module,
                "no input is a Terraform module",
            ),
            (
                "--root",
                args.root.as_ref().map(path),
                self.configuration.is_some(),
                "there is no configuration",
            ),
        ];
        for (option, value, is_used, reason) in options {
            if let Some(value) = value.filter(|_| !is_used) {
                return Err(Error::BadValue {
                    option,
                    value,
                    reason: reason.to_owned(),
                    help: format!("leave {option} out, or name the input that it is for"),
                });
            }
        }
        Ok(())
    }
}
