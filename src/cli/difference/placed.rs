//! The values of placeholders that the command line gives, and options that no side uses.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::DifferenceArgs;
use crate::cli::{Error, Selection, selection};
use crate::config;
use crate::reference::bindings::{Bindings, Origin, partition_of};
use crate::vocabulary::canonical_placeholder;

/// The values of the Region, the account, the partition and other placeholders.
///
/// # Errors
///
/// [`Error::BadValue`].
pub(super) fn bindings(args: &DifferenceArgs) -> Result<Bindings, Error> {
    let selection = Selection {
        region: args.region.clone(),
        account: args.account.clone(),
        partition: args.partition.clone(),
        ..Selection::default()
    };
    let mut bindings = Bindings::new();
    for (name, value, option) in selection::of_run(&selection)? {
        bindings.set(&name, value, Origin::Flag(option));
    }
    let region = args.region.as_deref().filter(|region| *region != "*");
    if let Some(region) = region {
        let doubt = config::doubtful_region(region);
        let partition = args.partition.as_deref();
        let contrary = partition.and_then(|p| config::doubtful_partition(p, region));
        for doubt in doubt.iter().chain(&contrary) {
            crate::cli::warn(doubt);
        }
        if partition.is_none() {
            bindings.set("Partition", partition_of(region), Origin::Follows("Region"));
        }
    }
    for set in &args.set {
        let (name, value) = placeholder(set)?;
        bindings.set(name, value, Origin::Flag("--set".to_owned()));
    }
    Ok(bindings)
}

/// A placeholder as the policies are read, and its value.
fn placeholder(set: &str) -> Result<(&str, &str), Error> {
    let bad = |reason: &str| Error::BadValue {
        option: "--set",
        value: set.to_owned(),
        reason: reason.to_owned(),
        help: "write --set NAME=VALUE".to_owned(),
    };
    let (name, value) = set.split_once('=').ok_or_else(|| bad("it has no `=`"))?;
    if value.is_empty() {
        return Err(bad("the value is empty"));
    }
    Ok((canonical_placeholder(name).unwrap_or(name.trim()), value))
}

/// Refuses values for placeholders that no policy has.
///
/// # Errors
///
/// [`Error::BadValue`] with the first of them.
pub(super) fn refuse_placeholders(
    args: &DifferenceArgs,
    known: &BTreeSet<String>,
) -> Result<(), Error> {
    for set in &args.set {
        let (name, _) = placeholder(set)?;
        if !known.contains(name) {
            let all: Vec<String> = known.iter().cloned().collect();
            let help = if all.is_empty() {
                "leave --set out".to_owned()
            } else {
                format!("the policies have: {}", all.join(", "))
            };
            return Err(Error::BadValue {
                option: "--set",
                value: set.clone(),
                reason: format!("the policies have no placeholder `{name}`"),
                help,
            });
        }
    }
    Ok(())
}

/// Refuses parameters where no side is a template or a module, as `lint` does.
///
/// # Errors
///
/// [`Error::BadValue`] with the first of them.
pub(super) fn refuse_parameters(args: &DifferenceArgs) -> Result<(), Error> {
    let path = |path: &PathBuf| path.to_string_lossy().into_owned();
    let options = [
        ("--parameter", args.parameter.first().cloned()),
        ("--parameters", args.parameters.first().map(path)),
    ];
    for (option, value) in options {
        if let Some(value) = value {
            return Err(Error::BadValue {
                option,
                value,
                reason: "no side is a template or a Terraform module".to_owned(),
                help: format!(
                    "leave {option} out, or pass --set NAME=VALUE for a placeholder of a policy"
                ),
            });
        }
    }
    Ok(())
}
