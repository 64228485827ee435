//! The output of a run with many findings, shortened.

use super::{by_severity, plural};
use crate::finding::{Finding, Severity};
use crate::lints;
use crate::rejection::{CONSEQUENCE, CONSEQUENCE_OF_SCP};
use crate::report::{Counts, Region, Report, RoleResult};

/// The subject of a finding: its feature, else the first text that its message quotes, else the message.
pub(in crate::report) fn topic(finding: &Finding) -> String {
    if let Some(subject) = &finding.subject
        && lints::is_about_features(finding.lint)
    {
        return subject.clone();
    }
    let quoted = finding.message.split('`').nth(1);
    let Some(quoted) = quoted.filter(|text| !text.is_empty()) else {
        return shorten(&finding.message, TOPIC);
    };
    let is_listed = finding.actions.iter().any(|action| action == quoted);
    match finding.actions.len().saturating_sub(1) {
        more @ 1.. if is_listed => format!("`{quoted}` and {more} more"),
        _ => format!("`{}`", shorten(quoted, TOPIC)),
    }
}

/// Characters of a topic.
const TOPIC: usize = 60;

fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Stands for a statement that is too long for a short report.
pub(in crate::report) fn left_out() -> &'static str {
    "(long; `pcluster-iam missing` with the same arguments prints it)"
}

/// The lines on findings that are not drawn in full: their advice on size, and their number.
pub(in crate::report) fn closing_of_short(findings: &[&Finding]) -> Vec<String> {
    let notes = findings.iter().flat_map(|f| &f.notes);
    let advice = notes.filter(|note| lints::is_about_size(note));
    advice.cloned().chain(shortened(findings)).collect()
}

pub(super) fn shortened(findings: &[&Finding]) -> Option<String> {
    let parts = by_severity(Counts::of(findings.iter().copied()));
    let adds = |f: &&Finding| f.severity == Severity::Error && lints::is_about_coverage(f.lint);
    let missing = if findings.iter().any(adds) {
        ", `pcluster-iam missing` prints all statements to add"
    } else {
        ""
    };
    (!parts.is_empty()).then(|| {
        format!(
            "shortened to fit two screens: {}; --verbose shows each in full{missing}",
            parts.join(", ")
        )
    })
}

/// The order of findings where the worst come first. That IAM rejects a policy is the reason why its rows are missing.
pub(in crate::report) fn rank(finding: &Finding) -> (std::cmp::Reverse<Severity>, bool) {
    let is_reason =
        { [CONSEQUENCE, CONSEQUENCE_OF_SCP].iter() }.any(|c| finding.message.ends_with(c));
    (std::cmp::Reverse(finding.severity), !is_reason)
}

/// The findings that make the exit code 1, a line each, where they are not all that there is.
pub(super) fn blocking(report: &Report, result: &RoleResult) -> Vec<String> {
    let Some(threshold) = report.fail_on else {
        return Vec::new();
    };
    let counting = || result.findings.iter().filter(|f| f.suppressed.is_none());
    let mut found: Vec<&Finding> = counting().filter(|f| f.severity >= threshold).collect();
    if found.is_empty() || counting().count() < 2 {
        return Vec::new();
    }
    found.sort_by_key(|f| rank(f));
    let parts = by_severity(Counts::of(found.iter().copied()));
    let mut lines = vec![format!("blocked by {}:", parts.join(", "))];
    let named = found.iter().take(BLOCKING);
    lines.extend(named.map(|finding| {
        let region = Region::of_label(&report.sources, &finding.label);
        let text = if finding.message.chars().count() > MESSAGE {
            topic(finding)
        } else {
            finding.message.clone()
        };
        format!(
            "  {}:{}:{}: {}: {text}",
            region.path, region.start_line, region.start_column, finding.lint
        )
    }));
    if let Some(more @ 1..) = found.len().checked_sub(BLOCKING) {
        lines.push(format!("  and {more} more"));
    }
    lines
}

/// Findings that are named where the report says what blocks.
const BLOCKING: usize = 10;

/// Characters of a message that is repeated there.
const MESSAGE: usize = 90;

/// For the related places of a finding that were not drawn.
pub(in crate::report) fn hidden_places(count: usize) -> String {
    let places = plural(count, "more place");
    format!("{places}: --format json lists all")
}

/// Actions named in one line.
const NAMED: usize = 12;

/// The actions for which a user's own reference requires nothing.
pub(super) fn vacuous(result: &RoleResult) -> Option<String> {
    result.reference.file.as_ref()?;
    let mut actions: Vec<&str> = { result.requirements.iter().filter(|row| row.vacuous) }
        .map(|row| row.action.as_str())
        .collect();
    actions.sort_unstable();
    actions.dedup();
    let rest = actions.len().saturating_sub(NAMED);
    let shown: Vec<String> = actions
        .iter()
        .take(NAMED)
        .map(|a| format!("`{a}`"))
        .collect();
    let more = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    let why = match shown.as_slice() {
        [] => return None,
        [_] => "it applies to none of the resources beside it, or needs no permission",
        _ => "they apply to none of the resources beside them, or need no permission",
    };
    Some(format!(
        "the reference requires nothing for {}{more}: {why}",
        shown.join(", ")
    ))
}
