//! Policies that IAM rejects, from `rules/rejections.toml`. The statements of such a policy grant nothing.
//! `PARTITIONS` are those of `rules/regions.toml`.

/// The end of every message about such a fault.
pub(crate) const CONSEQUENCE: &str =
    "IAM rejects this policy, so none of its statements take effect";

/// The same in a service control policy.
pub(crate) const CONSEQUENCE_OF_SCP: &str =
    "AWS Organizations rejects this policy, so none of its statements take effect";

include!(concat!(env!("OUT_DIR"), "/rejections.rs"));

/// Whether an ARN is of another partition than the account, which is in `own`.
pub(crate) fn is_of_other_partition(arn: &str, own: &str) -> bool {
    let rest = arn.strip_prefix("arn:");
    let partition = rest.and_then(|rest| rest.split_once(':')).map(|(p, _)| p);
    let known = |p: &str| PARTITIONS.contains(&p);
    partition.is_some_and(|p| p != own && known(p)) && known(own)
}

/// AWS's error for a kind of fault, as a clause for a help text.
pub(crate) fn answer(kind: &str) -> String {
    let known = ANSWERS.iter().find(|(id, _)| *id == kind);
    known.map_or_else(String::new, |(_, text)| format!("AWS answers `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_found_by_its_kind() {
        assert!(answer("iam-path").starts_with("AWS answers `IAM resource path"));
        assert_eq!(answer("no such kind"), "");
        assert!(ANSWERS.iter().all(|(id, text)| answer(id).contains(text)));
    }
}
