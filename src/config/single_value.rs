//! Checks of single values, wherever they are written: on the command line or in a configuration.

use std::collections::BTreeMap;

use time::{Date, Month};

use crate::lints;
use crate::matcher::condition::{self, KeyValue};
use crate::nearest::{hint, nearest_word};
use crate::reference::bindings::{PARTITIONS, is_account, is_region, partition_of};
use crate::reference::{self, is_region_name};

/// Why a value cannot be: what is wrong with it, and what would be one.
pub(crate) type Fault = (&'static str, String);

/// A Region, or `*`.
pub(crate) fn region(text: &str) -> Result<(), Fault> {
    if text == "*" || is_known_region(text) || (is_region(text) && is_region_name(text)) {
        return Ok(());
    }
    let help = match nearest_word(text, reference::regions(), 2) {
        Some(known) => format!("did you mean `{known}`? `*` judges for every Region"),
        None => "for example us-east-1; `*` judges for every Region".to_owned(),
    };
    Err(("it is not the name of an AWS Region", help))
}

/// A fault of a Region that has a valid form.
pub(crate) fn doubtful_region(text: &str) -> Option<String> {
    if text == "*" || is_known_region(text) {
        return None;
    }
    let near = nearest_word(text, reference::regions(), 2);
    let near = near.map_or_else(String::new, |known| format!("; did you mean `{known}`?"));
    Some(format!(
        "`{text}` is not a Region that this program knows{near}"
    ))
}

/// The fault of a partition beside a known Region.
pub(crate) fn doubtful_partition(partition: &str, region: &str) -> Option<String> {
    let right = partition_of(region);
    (is_known_region(region) && partition != right).then(|| {
        format!("the Region `{region}` is in the partition `{right}`, and the partition given is `{partition}`")
    })
}

/// The fault of a Region in the context that differs from that of the cluster.
pub(crate) fn doubtful_context(
    context: &BTreeMap<String, KeyValue>,
    region: &str,
) -> Option<String> {
    const KEY: &str = "aws:RequestedRegion";
    let KeyValue::Values(values) = context.get(&condition::fold_key(KEY))? else {
        return None;
    };
    (region != "*" && !values.contains(&condition::literal(region))).then(|| {
        format!("the context says that `{KEY}` is another Region than `{region}`, the one given for the cluster")
    })
}

fn is_known_region(text: &str) -> bool {
    reference::regions().any(|known| known == text)
}

/// An account id, or `*`.
pub(crate) fn account(text: &str) -> Result<(), Fault> {
    if text == "*" || is_account(text) {
        return Ok(());
    }
    Err((
        "an account id has 12 digits",
        "for example 123456789012; `*` judges for every account".to_owned(),
    ))
}

/// A partition.
pub(crate) fn partition(text: &str) -> Result<(), Fault> {
    if PARTITIONS.contains(&text) {
        return Ok(());
    }
    let help = format!("one of {}", PARTITIONS.join(", "));
    Err(("it is not an AWS partition", help))
}

/// The ARN of a policy.
pub(crate) fn policy_arn(text: &str) -> Result<(), Fault> {
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    match fields.as_slice() {
        ["arn", _, "iam", "", _, name] if name.starts_with("policy/") => Ok(()),
        _ => Err((
            "it is not the ARN of a policy",
            "for example arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy".to_owned(),
        )),
    }
}

/// A fault of the ARN of an attached policy: no role is known to need it and its text is not known, so it changes
/// nothing.
pub(crate) fn doubtful_policy(arn: &str) -> Option<String> {
    let known = reference::managed_policies();
    let names = || known.iter().filter_map(|arn| arn.rsplit('/').next());
    let name = arn.rsplit('/').next().unwrap_or_default();
    if names().any(|known| known == name) || reference::managed_text(arn).is_some() {
        return None;
    }
    let help = match nearest_word(name, names(), 2) {
        Some(known) => format!("did you mean `{known}`?"),
        None => "to have it judged, pass its file".to_owned(),
    };
    Some(format!(
        "no ParallelCluster role needs `{arn}`, so it has no effect as an attached policy; {help}"
    ))
}

/// The lint with this id, or what may have been meant.
pub(crate) fn lint(id: &str) -> Result<&'static str, String> {
    lints::find(id).map(|lint| lint.id).ok_or_else(|| {
        let all: Vec<&str> = lints::ALL.iter().map(|lint| lint.id).collect();
        hint(id, &all)
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
