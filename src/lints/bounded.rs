//! The findings of lints, up to the limit of each lint, severity and file.

use rustc_hash::FxHashMap;

use super::view::Context;
use super::{Lint, count};
use crate::finding::{Finding, Severity};
use crate::parser::SourceId;

/// Findings of one lint and severity in one file beyond these are only counted: too many to read. The parser and some
/// lints stop at 1,000 by themselves and add one that counts the others, so 1,001 are let pass.
const MOST: usize = 1_001;

/// The findings of some lints, in their order, as many as are kept.
pub(super) fn of_lints(lints: &[&Lint], context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for lint in lints {
        let before = findings.len();
        (lint.check)(context, &mut findings);
        bound(lint, &mut findings, before);
    }
    findings
}

/// Replaces the findings of a lint, from `start` on, that are too many in one file by one that counts them.
fn bound(lint: &Lint, findings: &mut Vec<Finding>, start: usize) {
    if findings.len() <= start + MOST {
        return;
    }
    let mut kept: FxHashMap<(SourceId, Severity), usize> = FxHashMap::default();
    let mut cut: Vec<(usize, Finding)> = Vec::new();
    for finding in findings.split_off(start) {
        let kept = kept
            .entry((finding.label.source, finding.severity))
            .or_default();
        *kept += 1;
        if *kept <= MOST {
            findings.push(finding);
            continue;
        }
        let same = |(_, f): &&mut (usize, Finding)| {
            f.label.source == finding.label.source && f.severity == finding.severity
        };
        if let Some((count, first)) = cut.iter_mut().find(same) {
            *count += 1;
            first.label.span = first.label.span.min(finding.label.span);
        } else {
            let more = lint.finding(finding.severity, String::new(), finding.label);
            cut.push((1, more));
        }
    }
    for (more, mut finding) in cut {
        let more = count(more, "more finding");
        finding.message = format!("{more} from here on");
        // The number is part of what it is about: who accepts so many accepts no greater number.
        finding.subject = Some(more);
        findings.push(finding);
    }
}
