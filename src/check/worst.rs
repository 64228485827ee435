//! One role under several settings of a template's parameters: the worst result, with the findings that only other
//! settings have.

use std::collections::HashSet;

use crate::diff::Verdict;
use crate::finding::Severity;
use crate::result::RoleResult;

/// Puts the results of one role under several settings together. Each comes with the values of its setting.
///
/// The result with the most and the worst findings is returned, with the findings that only other settings have. Each
/// requirement has the worst of its verdicts.
pub fn worst(results: Vec<(Vec<(String, String)>, RoleResult)>) -> Option<RoleResult> {
    let count = results.len();
    let weight = |result: &RoleResult| {
        let of = |severity| {
            result
                .findings
                .iter()
                .filter(|f| f.severity == severity)
                .count()
        };
        (
            result.failed,
            of(Severity::Error),
            of(Severity::Warning),
            of(Severity::Note),
        )
    };
    let mut worst = 0;
    for (at, (_, result)) in results.iter().enumerate() {
        if results
            .get(worst)
            .is_some_and(|(_, w)| weight(result) > weight(w))
        {
            worst = at;
        }
    }
    let mut results = results;
    if worst >= results.len() {
        return None;
    }
    let (values, mut chosen) = results.remove(worst);
    for (name, value) in &values {
        let from = "the worst of its values".to_owned();
        chosen.parameters.push((name.clone(), value.clone(), from));
    }
    chosen.parameters.sort();
    chosen.settings = count;
    let mut known: HashSet<String> = { chosen.findings.iter() }
        .map(|f| f.fingerprint.to_string())
        .collect();
    for (values, other) in results {
        chosen.failed |= other.failed;
        let with: Vec<String> = { values.iter() }
            .map(|(name, value)| format!("`{name}` is `{value}`"))
            .collect();
        let alike = chosen.requirements.len() == other.requirements.len();
        for (row, other) in chosen.requirements.iter_mut().zip(&other.requirements) {
            if alike && rank(other.verdict) > rank(row.verdict) {
                *row = other.clone();
            }
        }
        for mut finding in other.findings {
            // It says the same of the same place, with another request as the example.
            let is_known = { chosen.findings.iter() }.any(|f| {
                let (place, own) = (&f.label, &finding.label);
                (f.lint, place.source, place.span) == (finding.lint, own.source, own.span)
                    && f.message == finding.message
                    && f.actions == finding.actions
            });
            if is_known {
                continue;
            }
            let same = { chosen.findings.iter() }
                .filter(|f| {
                    f.lint == finding.lint && f.reference_statement == finding.reference_statement
                })
                .flat_map(|f| &f.actions);
            let covered: HashSet<&String> = same.collect();
            let is_more = !finding.actions.iter().all(|a| covered.contains(a));
            let is_new = known.insert(finding.fingerprint.to_string());
            if !is_new && (finding.actions.is_empty() || !is_more) {
                continue;
            }
            finding
                .notes
                .insert(0, format!("where {}", with.join(" and ")));
            if !is_new {
                let own = format!("{}\u{1f}{}", finding.fingerprint, with.join(" "));
                finding.fingerprint = crate::fingerprint::Fingerprint::of_text(own);
            }
            chosen.findings.push(finding);
        }
    }
    chosen
        .findings
        .sort_by_key(|f| (f.label.source, f.label.span, f.lint));
    Some(chosen)
}

fn rank(verdict: Verdict) -> usize {
    match verdict {
        Verdict::Covered => 0,
        Verdict::Conditional => 1,
        Verdict::Depends => 2,
        Verdict::Partial => 3,
        Verdict::Missing => 4,
        Verdict::Denied => 5,
        Verdict::Undecided => 6,
    }
}
