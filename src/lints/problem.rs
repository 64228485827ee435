//! Turns the faults that the parser met into findings.

use super::{Context, Lint};
use crate::finding::{Finding, Label, Severity};
use crate::parser::ProblemKind;

pub(super) fn report(
    lint: &'static Lint,
    kind: ProblemKind,
    context: &Context<'_>,
    out: &mut Vec<Finding>,
) {
    for (source, problem) in context.problems().filter(|(_, p)| p.kind == kind) {
        let label = |span, message: &str| Label {
            source,
            span,
            message: message.to_owned(),
        };
        let severity = if problem.rejected {
            Severity::Error
        } else {
            Severity::Warning
        };
        let mut finding = lint.finding(severity, problem.message.clone(), label(problem.span, ""));
        finding.help.clone_from(&problem.help);
        finding.subject = Some(problem.subject.clone());
        finding.sid.clone_from(&problem.sid);
        finding.related = problem.related.iter().map(|(s, m)| label(*s, m)).collect();
        out.push(finding);
    }
}
