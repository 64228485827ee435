//! One fingerprint per finding of a whole run. Those of [`Finding`](crate::finding::Finding) are unique within a
//! result: two roles without the same statement have the same one.

use rustc_hash::FxHashMap;

use super::{Report, RoleResult};
use crate::fingerprint::Fingerprint;

/// The fingerprints of each list of [`Report::lists`], in their order. A run of one result has those of its findings;
/// in a run of several the names of what was judged go in, so that a result keeps them whatever else is judged.
pub(super) fn fingerprints(report: &Report) -> Vec<Vec<String>> {
    let several = report.results.len() > 1;
    let mut seen: FxHashMap<String, u64> = FxHashMap::default();
    // Findings on the configuration belong to no result.
    let results = report.results.iter().map(Some).chain([None]);
    results
        .zip(report.lists())
        .map(|(result, findings)| {
            let role = match result {
                Some(RoleResult {
                    target: Some(target),
                    ..
                }) => format!("{target}\u{1f}"),
                Some(result) if several => role(result),
                _ => String::new(),
            };
            let findings = findings.into_iter();
            findings
                .map(|finding| {
                    if role.is_empty() {
                        return finding.fingerprint.to_string();
                    }
                    let identity = format!("{role}{}", finding.fingerprint);
                    let ordinal = seen.entry(identity.clone()).or_default();
                    let fingerprint = Fingerprint::new(identity, *ordinal);
                    *ordinal += 1;
                    fingerprint.to_string()
                })
                .collect()
        })
        .collect()
}

/// The identity of a result within a run.
fn role(result: &RoleResult) -> String {
    let reference = &result.reference;
    let named = [&reference.role, &reference.scheduler, &reference.policy];
    let mut identity = String::new();
    for part in named.into_iter().flatten().chain(&result.policies) {
        identity.push_str(part);
        identity.push('\u{1f}');
    }
    identity
}
