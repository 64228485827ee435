//! What single values must be, wherever they are written: on the command line or in a configuration.

use time::{Date, Month};

use crate::lints;
use crate::reference::bindings::{is_account, is_region};
use crate::reference::nearest;

/// Why a value cannot be: what is wrong with it, and what would be one.
pub(crate) type Fault = (&'static str, &'static str);

/// A Region, or `*`.
pub(crate) fn region(text: &str) -> Result<(), Fault> {
    if text == "*" || is_region(text) {
        return Ok(());
    }
    Err((
        "it does not look like an AWS Region",
        "for example us-east-1; `*` judges for every Region",
    ))
}

/// An account id, or `*`.
pub(crate) fn account(text: &str) -> Result<(), Fault> {
    if text == "*" || is_account(text) {
        return Ok(());
    }
    Err((
        "an account id has 12 digits",
        "for example 123456789012; `*` judges for every account",
    ))
}

/// A partition.
pub(crate) fn partition(text: &str) -> Result<(), Fault> {
    if text.starts_with("aws") && !text.contains(['*', '?', ':', ' ']) {
        return Ok(());
    }
    Err((
        "it is not an AWS partition",
        "one of aws, aws-cn, aws-us-gov, aws-iso, aws-iso-b, aws-eusc",
    ))
}

/// The ARN of a policy.
pub(crate) fn policy_arn(text: &str) -> Result<(), Fault> {
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    match fields.as_slice() {
        ["arn", _, "iam", "", _, name] if name.starts_with("policy/") => Ok(()),
        _ => Err((
            "it is not the ARN of a policy",
            "for example arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy",
        )),
    }
}

/// The lint with this id, or what may have been meant.
pub(crate) fn lint(id: &str) -> Result<&'static str, String> {
    lints::find(id).map(|lint| lint.id).ok_or_else(|| {
        let all: Vec<&str> = lints::ALL.iter().map(|lint| lint.id).collect();
        nearest(id, &all)
    })
}

/// A day, `2027-01-31`.
pub(super) fn day(text: &str) -> Option<Date> {
    let [year, month, day] = *text.split('-').collect::<Vec<_>>() else {
        return None;
    };
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if (year.len(), month.len(), day.len()) != (4, 2, 2)
        || ![year, month, day].into_iter().all(all_digits)
    {
        return None;
    }
    let month: u8 = month.parse().ok()?;
    let month = Month::try_from(month).ok()?;
    Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_exists() {
        assert!(day("2027-01-31").is_some());
        assert!(day("2028-02-29").is_some());
        for text in [
            "2027-02-29",
            "2027-13-01",
            "2027-1-31",
            "2027-01-31 ",
            "+027-01-31",
            "31.1.2027",
            "",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
