//! Values of options that have a known form or a known list: what cannot be is refused, what is not known is warned of.

use std::io::{self, Write as _};

use super::Error;
use crate::reference::bindings::{PARTITIONS, is_account, is_region};
use crate::reference::{self, is_region_name};

/// The value of `--region`: a Region, or `*`.
///
/// # Errors
///
/// [`Error::BadValue`] for what has not the form of a Region's name.
pub(super) fn region(value: &str) -> Result<(), Error> {
    if value == "*" || reference::regions().any(|known| known == value) {
        return Ok(());
    }
    let near = closest(value, reference::regions());
    if is_region(value) && is_region_name(value) {
        let near = near.map_or_else(String::new, |known| format!("; did you mean `{known}`?"));
        warn(&format!(
            "`{value}` is not a Region that this program knows{near}"
        ));
        return Ok(());
    }
    Err(Error::BadValue {
        option: "--region",
        value: value.to_owned(),
        reason: "it is not the name of an AWS Region".to_owned(),
        help: match near {
            Some(known) => format!("did you mean `{known}`? `*` judges for every Region"),
            None => "for example us-east-1; `*` judges for every Region".to_owned(),
        },
    })
}

/// The value of `--account`: an account, or `*`.
///
/// # Errors
///
/// [`Error::BadValue`].
pub(super) fn account(value: &str) -> Result<(), Error> {
    if value == "*" || is_account(value) {
        return Ok(());
    }
    Err(Error::BadValue {
        option: "--account",
        value: value.to_owned(),
        reason: "an account id has 12 digits".to_owned(),
        help: "for example 123456789012; `*` judges for every account".to_owned(),
    })
}

/// The value of `--partition`.
///
/// # Errors
///
/// [`Error::BadValue`].
pub(super) fn partition(value: &str) -> Result<(), Error> {
    if PARTITIONS.contains(&value) {
        return Ok(());
    }
    Err(Error::BadValue {
        option: "--partition",
        value: value.to_owned(),
        reason: "it is not an AWS partition".to_owned(),
        help: format!("one of {}", PARTITIONS.join(", ")),
    })
}

/// The ARNs of `--attached`. One that no role needs is warned of: the option says of policies that are needed that they
/// are there, and does not look at what others grant.
///
/// # Errors
///
/// [`Error::BadValue`] for what is not the ARN of a policy.
pub(super) fn attached(arns: &[String]) -> Result<Vec<String>, Error> {
    let is_policy = |arn: &str| {
        let fields: Vec<&str> = arn.splitn(6, ':').collect();
        matches!(fields.as_slice(), ["arn", _, "iam", "", _, name] if name.starts_with("policy/"))
    };
    if let Some(bad) = arns.iter().find(|arn| !is_policy(arn)) {
        return Err(Error::BadValue {
            option: "--attached",
            value: bad.clone(),
            reason: "it is not the ARN of a policy".to_owned(),
            help: "for example arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy".to_owned(),
        });
    }
    let known = reference::managed_policies();
    let names = || known.iter().filter_map(|arn| arn.rsplit('/').next());
    for arn in arns {
        let name = arn.rsplit('/').next().unwrap_or_default();
        if names().any(|known| known == name) {
            continue;
        }
        let help = match closest(name, names()) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "to have it judged, save its text to a file and name the file".to_owned(),
        };
        warn(&format!(
            "--attached `{arn}` changes nothing: no role is known to need a policy of that name; {help}"
        ));
    }
    Ok(arns.to_vec())
}

/// The known value that a misspelt one is likely to stand for.
fn closest<'k>(value: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let folded = value.to_ascii_lowercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&known.to_ascii_lowercase(), &folded);
    let near = known.map(|k| (distance(k), k)).filter(|(d, _)| *d <= 2);
    near.min().map(|(_, known)| known)
}

/// Says on standard error what may be a mistake.
fn warn(text: &str) {
    let _ = writeln!(io::stderr(), "warning: {}", crate::report::safe(text));
}
