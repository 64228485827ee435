//! The effective settings of one job: the command line, then the target, then the top level of the configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use miette::Diagnostic as _;

use super::config::Configuration;
use super::failure::Fault;
use super::{Error, InputArgs, Selection, context};
use crate::cluster::ConfigProblem;
use crate::config::{Options, Target};
use crate::matcher::condition::KeyValue;
use crate::parser::{Span, Spanned, shorten};
use crate::reference::SelectError;

/// The effective settings of one job, with their places in the configuration.
#[derive(Default)]
pub(super) struct Effective {
    pub(super) selection: Selection,
    pub(super) reference: Option<PathBuf>,
    pub(super) cluster_config: Option<PathBuf>,
    pub(super) boundary: Option<String>,
    pub(super) scps: Vec<Vec<String>>,
    pub(super) attached: Vec<String>,
    pub(super) context: BTreeMap<String, KeyValue>,
    /// The files of the boundary and of the SCPs that the configuration names, and where.
    pub(super) limits: Vec<(String, Span)>,
    /// By the option that says the same.
    origins: Vec<(&'static str, Span)>,
}

impl Effective {
    /// # Errors
    ///
    /// [`Error::BadValue`] and [`Error::BadContext`] for condition keys of the command line.
    pub(super) fn new<'c>(
        args: &InputArgs,
        configuration: Option<&'c Configuration>,
        target: Option<&'c Target>,
    ) -> Result<Self, Error> {
        let mut levels: Vec<&'c Options> = Vec::new();
        levels.extend(target.map(|t| &t.options));
        levels.extend(configuration.map(|c| &c.config.defaults));
        let path = |text: &Spanned<String>| {
            let path = configuration.map(|c| c.path(&text.value));
            (path.unwrap_or_default(), text.span)
        };
        let mut found = Effective::default();
        let given = &args.selection;
        found.reference.clone_from(&args.reference);
        if found.reference.is_none()
            && given.role.is_none()
            && let Some(reference) = target.and_then(|t| t.reference.as_ref())
        {
            let (path, span) = path(reference);
            found.reference = Some(path.into());
            found.origins.push(("--reference", span));
        }
        let is_ours = found.reference.is_none();
        if is_ours {
            found.selection.role.clone_from(&given.role);
            if found.selection.role.is_none()
                && let Some(role) = target.and_then(|t| t.role.as_ref())
            {
                found.selection.role = Some(role.value.clone());
                found.origins.push(("--role", role.span));
            }
            let scheduler = given.scheduler.clone();
            found.selection.scheduler = found.nearest("--scheduler", scheduler, &levels, |o| {
                o.scheduler.as_ref().map(value_of)
            });
            let release = given.pcluster_version.clone();
            found.selection.pcluster_version =
                found.nearest("--pcluster-version", release, &levels, |o| {
                    o.pcluster_version.as_ref().map(value_of)
                });
            let features = Some(given.feature.clone()).filter(|f| !f.is_empty());
            let features = found.nearest("--feature", features, &levels, |o| {
                let features = o.features.as_ref()?;
                let span = features.first().map(|f| f.span).unwrap_or_default();
                Some((features.iter().map(|f| f.value.clone()).collect(), span))
            });
            found.selection.feature = features.unwrap_or_default();
            let cluster = args.cluster_config.clone();
            found.cluster_config = found.nearest("--cluster-config", cluster, &levels, |o| {
                let (path, span) = path(o.cluster_config.as_ref()?);
                Some((path.into(), span))
            });
        }
        found.selection.region = found.nearest("--region", given.region.clone(), &levels, |o| {
            o.region.as_ref().map(value_of)
        });
        found.selection.account = found.nearest("--account", given.account.clone(), &levels, |o| {
            o.account.as_ref().map(value_of)
        });
        found.selection.partition =
            found.nearest("--partition", given.partition.clone(), &levels, |o| {
                o.partition.as_ref().map(value_of)
            });
        found.selection.set.clone_from(&given.set);
        let names = Some(given.cluster_name.clone()).filter(|n| !n.is_empty());
        let names = found.nearest("--cluster-name", names, &levels, |o| {
            let names = o.cluster_name.as_ref()?;
            let span = names.first().map(|n| n.span).unwrap_or_default();
            Some((names.iter().map(|n| n.value.clone()).collect(), span))
        });
        found.selection.cluster_name = names.unwrap_or_default();
        found.boundary = found.nearest("--boundary", args.boundary.clone(), &levels, |o| {
            o.boundary.as_ref().map(path)
        });
        let scps: Vec<Vec<String>> = args
            .scp
            .iter()
            .map(|level| {
                let names = level.split(',').filter(|name| !name.is_empty());
                let names: Vec<String> = names.map(str::to_owned).collect();
                if names.is_empty() {
                    return Err(Error::BadValue {
                        option: "--scp",
                        value: level.clone(),
                        reason: "it names no file".to_owned(),
                        help: "give the files of one level with commas between them, for example --scp root.json"
                            .to_owned(),
                    });
                }
                Ok(names)
            })
            .collect::<Result<_, _>>()?;
        let scps = Some(scps).filter(|s| !s.is_empty());
        let scps = found.nearest("--scp", scps, &levels, |o| {
            let levels = o.scps.as_ref()?.iter();
            let files = |level: &Vec<Spanned<String>>| level.iter().map(|f| path(f).0).collect();
            Some((levels.map(files).collect(), Span::default()))
        });
        found.scps = scps.unwrap_or_default();
        if let (Some(boundary), Some(span)) = (&found.boundary, found.origin("--boundary")) {
            found.limits.push((boundary.clone(), span));
        }
        if found.origin("--scp").is_some() {
            let scps = levels.iter().find_map(|level| level.scps.as_ref());
            let files = scps.into_iter().flatten().flatten();
            found.limits.extend(files.map(path));
        }
        let attached = Some(args.attached.clone()).filter(|a| !a.is_empty());
        let attached = found.nearest("--attached", attached, &levels, |o| {
            let attached = o.attached.as_ref()?.iter();
            Some((attached.map(|a| a.value.clone()).collect(), Span::default()))
        });
        found.attached = attached.unwrap_or_default();
        for level in levels.iter().rev() {
            found.context.extend(level.context.clone());
        }
        let given = context::context(args.context_file.as_deref(), &args.context)?;
        found.context.extend(given);
        Ok(found)
    }

    /// The place in the configuration of an option's value.
    pub(super) fn origin(&self, option: &str) -> Option<Span> {
        let mut all = self.origins.iter();
        all.find(|(o, _)| *o == option).map(|(_, span)| *span)
    }

    /// The value of an option from the nearest level that has it.
    fn nearest<'o, T>(
        &mut self,
        option: &'static str,
        given: Option<T>,
        levels: &[&'o Options],
        of: impl Fn(&'o Options) -> Option<(T, Span)>,
    ) -> Option<T> {
        if given.is_some() {
            return given;
        }
        let (value, span) = levels.iter().find_map(|level| of(level))?;
        self.origins.push((option, span));
        Some(value)
    }

    /// An error as a mistake in the configuration, if it has the wrong value.
    pub(super) fn fault(&self, error: Error, target: Option<&Target>) -> Fault {
        if let (Error::NoScheduler { schedulers }, Some(target)) = (&error, target) {
            let name = shorten(&target.name.value);
            let message = format!("nothing says which scheduler the cluster of `{name}` uses");
            let problem = ConfigProblem::new(message, target.name.span);
            return Fault::Mistake(problem.with_help(format!(
            "write for example scheduler = \"slurm\", in the target or at the top of the file; expected one of: {schedulers}"
        )));
        }
        let option = match &error {
            Error::Select(error) => option_of(error),
            Error::NoReference { error, .. } => option_of(error),
            Error::BadValue { option, .. } | Error::BadFile { option, .. } => option,
            Error::BadReference { .. } => "--reference",
            _ => return Fault::Run(error),
        };
        match self.origin(option) {
            Some(span) => Fault::Mistake(problem(&error, span)),
            None => Fault::Run(error),
        }
    }
}

/// The option whose value cannot be selected.
fn option_of(error: &SelectError) -> &'static str {
    match error {
        SelectError::BadRelease { .. } | SelectError::UnknownRelease { .. } => "--pcluster-version",
        SelectError::UnknownScheduler { .. } | SelectError::DroppedScheduler { .. } => {
            "--scheduler"
        }
        SelectError::UnknownRole { .. } | SelectError::NoPolicy { .. } => "--role",
        SelectError::UnknownFeature { .. }
        | SelectError::Exclusive { .. }
        | SelectError::Contradiction { .. } => "--feature",
    }
}

fn value_of(text: &Spanned<String>) -> (String, Span) {
    (text.value.clone(), text.span)
}

/// An error as a problem of the configuration.
fn problem(error: &Error, span: Span) -> ConfigProblem {
    let problem = ConfigProblem::new(error.to_string(), span);
    match error.help() {
        Some(help) => problem.with_help(help.to_string()),
        None => problem,
    }
}
